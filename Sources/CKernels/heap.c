#include "CKernels.h"

#include <stdint.h>
#include <stdlib.h>

#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif

enum { LINE = 64 };

void *medmoe_allocate(size_t count) {
    // Not by posix_memalign: glibc's cuts every such piece out of a larger one, past its cache for each thread.
    char *raw = count <= SIZE_MAX - LINE ? malloc(count + LINE) : NULL;
    if (!raw) abort();
    // What malloc returns is aligned to two pointers, so that one fits before the line that follows.
    void **line = (void **)(((uintptr_t)raw + LINE) & ~(uintptr_t)(LINE - 1));
    line[-1] = raw;
    return line;
}

void medmoe_free(void *line) {
    if (line) free(((void **)line)[-1]);
}

void medmoe_keep_heap(void) {
#if defined(__GLIBC__)
    // Else a pass gives the pages of its largest tensors back and has them zeroed anew, layer after layer.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

void medmoe_give_back_heap(void) {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}
