// How a codec says what went wrong. Not part of the interface.
#ifndef MEDMOE_IMAGE_REPORT_H
#define MEDMOE_IMAGE_REPORT_H

#include "CImageCodecs.h"

#include <stdarg.h>
#include <stdio.h>

/// Writes a sentence into `message`, cut to its room, and hands the status back.
__attribute__((format(printf, 3, 4))) static inline medmoe_image_status
medmoe_report(char *message, medmoe_image_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, MEDMOE_IMAGE_TEXT_CAPACITY, format, arguments);
    va_end(arguments);
    return status;
}

#endif
