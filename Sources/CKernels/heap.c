#include "CKernels.h"

#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif

void medmoe_give_back_heap(void) {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}
