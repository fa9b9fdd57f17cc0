// Which instructions this CPU has, and the system lets this process use.
#define _GNU_SOURCE
#include "CKernels.h"

#include <stdatomic.h>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(__x86_64__) && defined(__linux__)
/// Whether the CPU has tiles of brain floats and of bytes, and the system lets this process use them: the kernel keeps
/// their 8 KiB a thread only for processes that have asked.
static int may_use_tiles(void) {
    enum { SUBLEAF_7_BF16 = 1 << 22, SUBLEAF_7_TILE = 1 << 24, SUBLEAF_7_INT8 = 1 << 25 };
    enum { ASK_FOR_STATE = 0x1023, TILE_DATA = 18 };
    const unsigned all = SUBLEAF_7_BF16 | SUBLEAF_7_TILE | SUBLEAF_7_INT8;
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & all) != all) return 0;
    return syscall(SYS_arch_prctl, ASK_FOR_STATE, TILE_DATA) == 0;
}
#else
static int may_use_tiles(void) { return 0; }
#endif

static medmoe_instructions find_best_instructions(void) {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("f16c"))
        return MEDMOE_INSTRUCTIONS_BASELINE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        return !__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512vnni")
                   ? MEDMOE_INSTRUCTIONS_AVX512
               : may_use_tiles() ? MEDMOE_INSTRUCTIONS_AMX
                                 : MEDMOE_INSTRUCTIONS_AVX512_DOT;
    return MEDMOE_INSTRUCTIONS_AVX2;
#else
    return MEDMOE_INSTRUCTIONS_BASELINE;
#endif
}

medmoe_instructions medmoe_best_instructions(void) {
    // Asked for with every row; whoever comes first asks the system, and all find the same.
    static _Atomic int known = -1;
    int best = atomic_load_explicit(&known, memory_order_acquire);
    if (best < 0) {
        best = (int)find_best_instructions();
        atomic_store_explicit(&known, best, memory_order_release);
    }
    return (medmoe_instructions)best;
}
