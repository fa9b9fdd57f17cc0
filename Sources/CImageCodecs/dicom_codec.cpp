// The C face of the DICOM reader: all of it runs on a thread with a stack of known size, and every exception ends here.
#include "CImageCodecs.h"
#include "dicom_reader.h"
#include "report.h"

#include <exception>
#include <functional>
#include <new>
#include <pthread.h>

namespace {

// DCMTK descends into nested sequences by recursion, and a file may nest as often as it has items. So the number of
// items is limited, and the stack is large enough for all of them to be nested: 1 to 1.5 KiB a level were measured.
// Untouched stack costs address space only.
constexpr size_t most_items = 32768;
constexpr size_t stack_bytes = size_t(160) * 1024 * 1024;

size_t count_items(const uint8_t *bytes, size_t count) {
    size_t items = 0;
    for (size_t i = 0; i + 4 <= count; i++) {
        const bool little = bytes[i] == 0xFE && bytes[i + 1] == 0xFF && bytes[i + 2] == 0x00 && bytes[i + 3] == 0xE0;
        const bool big = bytes[i] == 0xFF && bytes[i + 1] == 0xFE && bytes[i + 2] == 0xE0 && bytes[i + 3] == 0x00;
        items += (little || big) ? 1 : 0;
    }
    return items;
}

struct work {
    const std::function<medmoe_image_status()> *body;
    char *message;
    medmoe_image_status status;
};

void *run_work(void *argument) {
    work *w = static_cast<work *>(argument);
    try {
        w->status = (*w->body)();
    } catch (const std::bad_alloc &) {
        w->status = medmoe_report(w->message, MEDMOE_IMAGE_NO_MEMORY, "no memory left to read the DICOM object");
    } catch (...) {
        // What the exception says is not passed on: it might quote the file.
        w->status = medmoe_report(w->message, MEDMOE_IMAGE_CORRUPT, "the DICOM object could not be read");
    }
    return nullptr;
}

medmoe_image_status on_deep_stack(const uint8_t *bytes, size_t count, char *message,
                                  const std::function<medmoe_image_status()> &body) {
    if (count_items(bytes, count) > most_items) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED,
                             "the DICOM object has more than %zu sequence items or fragments", most_items);
    }
    work w = {&body, message, MEDMOE_IMAGE_NO_MEMORY};
    pthread_attr_t attributes;
    pthread_t thread;
    bool started = false;
    if (pthread_attr_init(&attributes) == 0) {
        started = pthread_attr_setstacksize(&attributes, stack_bytes) == 0 &&
                  pthread_create(&thread, &attributes, run_work, &w) == 0;
        pthread_attr_destroy(&attributes);
    }
    if (!started) {
        return medmoe_report(message, MEDMOE_IMAGE_NO_MEMORY, "no thread to read the DICOM object with");
    }
    pthread_join(thread, nullptr);
    return w.status;
}

}  // namespace

extern "C" medmoe_image_status medmoe_dicom_probe(const uint8_t *bytes, size_t count,
                                                  const medmoe_image_request *request, medmoe_image_size *size,
                                                  char *modality, char *body_part, char *message) {
    modality[0] = 0;
    body_part[0] = 0;
    return on_deep_stack(bytes, count, message, [&]() -> medmoe_image_status {
        medmoe::DicomReader reader(bytes, count, message);
        const medmoe_image_status status = reader.read_header();
        if (status != MEDMOE_IMAGE_OK) {
            return status;
        }
        const medmoe::DicomPicture &picture = reader.picture();
        if (request->frame < 1 || request->frame > picture.frames) {
            return medmoe_report(message, MEDMOE_IMAGE_NOT_THERE,
                                 "frame %lld was asked for, but the DICOM object has frames 1 to %lld",
                                 (long long)request->frame, (long long)picture.frames);
        }
        *size = {picture.width, picture.height, picture.frames, 1, picture.is_gray() ? 1 : 0, 0};
        reader.copy_code(DCM_Modality, modality);
        reader.copy_code(DCM_BodyPartExamined, body_part);
        return MEDMOE_IMAGE_OK;
    });
}

extern "C" medmoe_image_status medmoe_dicom_decode(const uint8_t *bytes, size_t count,
                                                   const medmoe_image_request *request, medmoe_image_size size,
                                                   uint8_t *rgb, char *message) {
    return on_deep_stack(bytes, count, message, [&]() -> medmoe_image_status {
        medmoe::DicomReader reader(bytes, count, message);
        const medmoe_image_status status = reader.read_whole();
        if (status != MEDMOE_IMAGE_OK) {
            return status;
        }
        if (reader.picture().width != size.width || reader.picture().height != size.height ||
            request->frame < 1 || request->frame > reader.picture().frames) {
            return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the DICOM picture is not of the size its probe gave");
        }
        return reader.render(*request, rgb);
    });
}
