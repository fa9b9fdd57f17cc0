// Look-up tables, whole or in segments, as DICOM PS3.3 C.11.1, C.11.2 and C.7.9.2 define them.
#include "dicom_picture.h"
#include "report.h"

#include <algorithm>

namespace medmoe {

namespace {

// Unfolds segments: 0 is a list of values, 1 a straight line from the last value, 2 a repetition of earlier segments.
class Segments {
public:
    Segments(const Uint16 *words, size_t count, size_t wanted, std::vector<uint16_t> &values)
        : words_(words), count_(count), wanted_(wanted), values_(values) {}

    bool unfold() {
        size_t at = 0;
        while (at < count_ && values_.size() < wanted_) {
            if (!one(at, true)) {
                return false;
            }
        }
        return values_.size() == wanted_;
    }

private:
    bool one(size_t &at, bool may_repeat) {
        if (count_ - at < 2) {
            return false;
        }
        const unsigned kind = words_[at];
        const size_t length = words_[at + 1];
        at += 2;
        // A segment without values says nothing, and repetitions of such would go on for ever.
        if (length == 0) {
            return false;
        }
        switch (kind) {
        case 0:
            if (count_ - at < length || values_.size() + length > wanted_) {
                return false;
            }
            values_.insert(values_.end(), words_ + at, words_ + at + length);
            at += length;
            return true;
        case 1: {
            if (at >= count_ || values_.empty() || values_.size() + length > wanted_) {
                return false;
            }
            const double from = values_.back(), to = words_[at++];
            for (size_t step = 1; step <= length; step++) {
                values_.push_back(uint16_t(from + (to - from) * double(step) / double(length) + 0.5));
            }
            return true;
        }
        case 2: {
            if (!may_repeat || count_ - at < 2) {
                return false;
            }
            // The offset is in bytes, its lower half first.
            size_t there = (size_t(words_[at]) | size_t(words_[at + 1]) << 16) / 2;
            at += 2;
            for (size_t i = 0; i < length; i++) {
                if (there >= count_ || !one(there, false)) {
                    return false;
                }
            }
            return true;
        }
        default: return false;
        }
    }

    const Uint16 *words_;
    size_t count_;
    size_t wanted_;
    std::vector<uint16_t> &values_;
};

}  // namespace

medmoe_image_status DicomTable::read(DcmItem &item, const DcmTagKey &descriptor, const DcmTagKey &data,
                                     const DcmTagKey &segments, bool is_signed, DicomTable &table, char *message) {
    const auto refuse = [&] {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT,
                             "a DICOM look-up table cannot be read: its descriptor and its data do not fit");
    };
    // The first two numbers may be signed; their bits are the same either way.
    Uint16 entries = 0, first = 0, bits = 0;
    const auto number = [&](unsigned long at, Uint16 &value) {
        Sint16 negative = 0;
        if (item.findAndGetUint16(descriptor, value, at).good()) {
            return true;
        }
        const bool found = item.findAndGetSint16(descriptor, negative, at).good();
        value = Uint16(negative);
        return found;
    };
    if (!number(0, entries) || !number(1, first) || !number(2, bits) || bits < 1 || bits > 16) {
        return refuse();
    }
    const size_t wanted = entries == 0 ? 65536 : entries;
    const Uint16 *words = nullptr;
    unsigned long count = 0;
    table.values.clear();
    table.values.reserve(wanted);
    if (segments != data && item.findAndGetUint16Array(segments, words, &count).good() && words != nullptr) {
        if (!Segments(words, count, wanted, table.values).unfold()) {
            return refuse();
        }
    } else if (item.findAndGetUint16Array(data, words, &count).good() && words != nullptr && count > 0) {
        if (count >= wanted) {
            table.values.assign(words, words + wanted);
        } else if (bits <= 8 && count * 2 >= wanted) {  // Two entries in a word.
            for (size_t i = 0; i < wanted; i++) {
                table.values.push_back(uint16_t(words[i / 2] >> (8 * (i & 1)) & 0xFF));
            }
        } else {
            return refuse();
        }
    } else {
        return refuse();
    }
    // Some writers say 8 bits and use 16.
    if (bits == 8 && *std::max_element(table.values.begin(), table.values.end()) > 255) {
        bits = 16;
    }
    table.first = is_signed ? int64_t(Sint16(first)) : int64_t(first);
    table.largest = double((1u << bits) - 1);
    return MEDMOE_IMAGE_OK;
}

}  // namespace medmoe
