#ifndef MEDMOE_CFUZZER_SHIM_H
#define MEDMOE_CFUZZER_SHIM_H
#include <stddef.h>
#include <stdint.h>
// libFuzzer comes with the compiler and without a header.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*run)(const uint8_t *bytes, size_t count));
#endif
