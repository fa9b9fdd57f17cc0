// What this machine can do at most: loops in registers, and reads that keep nothing. For measurements only.
#define _POSIX_C_SOURCE 200809L
#include "CKernels.h"
#include "amx_tiles.h"
#include "lanes.h"

#include <time.h>

/// Seconds that the calling thread has computed: what other processes take of its core does not count.
static double thread_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/// A function that gives `count` times an instruction to each of `chains` registers, which do not wait for each other.
#define LOOP(name, target, vector, chains, constraint, code)                                            \
    target static void name(int64_t count) {                                                            \
        vector sums[chains], x = {0}, y = {0};                                                          \
        UNROLL for (int i = 0; i < chains; i++) sums[i] = (vector){0};                                  \
        for (int64_t k = 0; k < count; k++) {                                                           \
            UNROLL for (int i = 0; i < chains; i++)                                                     \
                __asm__ volatile(code : "+" constraint(sums[i]) : constraint(x), constraint(y));        \
        }                                                                                               \
    }

#define NO_TARGET
typedef float quad __attribute__((vector_size(16)));
#if defined(__x86_64__)
#define TARGET_DOT __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx512vnni")))
typedef float octet __attribute__((vector_size(32)));
LOOP(multiply_add_128, NO_TARGET, quad, 12, "x", "mulps %1, %0\n\taddps %2, %0")
LOOP(fuse_256, TARGET_AVX2, octet, 14, "x", "vfmadd231ps %2, %1, %0")
LOOP(fuse_512, TARGET_AVX512, lanes_aligned, 24, "v", "vfmadd231ps %2, %1, %0")
LOOP(dot_bf16_512, TARGET_DOT, lanes_aligned, 24, "v", "vdpbf16ps %2, %1, %0")
LOOP(dot_int8_512, TARGET_DOT, lanes_aligned, 24, "v", "vpdpbusd %2, %1, %0")

/// The same of tiles, `count` times an instruction for each of four tiles of sums.
#define TILE_LOOP(name, multiply)                                                                       \
    TARGET_AMX static void name(int64_t count) {                                                        \
        shape_tiles(TILE_ROWS, TILE_ROWS);                                                              \
        for (int64_t k = 0; k < count; k++) {                                                           \
            multiply(0, 4, 6);                                                                          \
            multiply(1, 4, 7);                                                                          \
            multiply(2, 5, 6);                                                                          \
            multiply(3, 5, 7);                                                                          \
        }                                                                                               \
        _tile_release();                                                                                \
    }
TILE_LOOP(tiles_bf16, _tile_dpbf16ps)
TILE_LOOP(tiles_int8, _tile_dpbusd)
#elif defined(__aarch64__)
LOOP(fuse_128, NO_TARGET, quad, 24, "w", "fmla %0.4s, %1.4s, %2.4s")
#endif

typedef struct peak {
    void (*run)(int64_t count);
    int chains;
    /// Multiplications and additions of one instruction.
    int operations;
} peak;

static peak peak_of(medmoe_peak_kind kind, medmoe_instructions set) {
    const peak none = {0};
    if (set > medmoe_best_instructions()) return none;
#if defined(__x86_64__)
    if (kind == MEDMOE_PEAK_F32) {
        if (set >= MEDMOE_INSTRUCTIONS_AVX512) return (peak){fuse_512, 24, 32};
        return set == MEDMOE_INSTRUCTIONS_AVX2 ? (peak){fuse_256, 14, 16} : (peak){multiply_add_128, 12, 8};
    }
    if (set == MEDMOE_INSTRUCTIONS_AMX && kind != MEDMOE_PEAK_BF16)
        return kind == MEDMOE_PEAK_BF16_TILES ? (peak){tiles_bf16, 4, 2 * 16 * 16 * 32}
                                              : (peak){tiles_int8, 4, 2 * 16 * 16 * 64};
    if (set < MEDMOE_INSTRUCTIONS_AVX512_DOT || kind == MEDMOE_PEAK_BF16_TILES) return none;
    return kind == MEDMOE_PEAK_BF16 ? (peak){dot_bf16_512, 24, 64} : (peak){dot_int8_512, 24, 128};
#elif defined(__aarch64__)
    return kind == MEDMOE_PEAK_F32 ? (peak){fuse_128, 24, 8} : none;
#else
    return none;
#endif
}

double medmoe_peak_rate(medmoe_peak_kind kind, medmoe_instructions instructions, int64_t count) {
    const peak peak = peak_of(kind, instructions);
    if (!peak.run) return 0;
    const double start = thread_seconds();
    peak.run(count);
    return (double)count * peak.chains * peak.operations / (thread_seconds() - start);
}

/// The sum of 32-bit numbers, so that every one is read; `count` is a multiple of 128.
INLINE uint32_t sum_of(const uint32_t *numbers, ptrdiff_t count) {
    bit_lanes sums[8] = {0};
    for (ptrdiff_t i = 0; i < count; i += 8 * LANES) {
        UNROLL for (int k = 0; k < 8; k++) sums[k] += *(const bit_lanes *)(numbers + i + k * LANES);
    }
    uint32_t sum = 0;
    for (int k = 0; k < 8; k++) {
        for (int i = 0; i < LANES; i++) sum += sums[k][i];
    }
    return sum;
}

static uint32_t sum_baseline(const uint32_t *numbers, ptrdiff_t count) { return sum_of(numbers, count); }
#if defined(__x86_64__)
TARGET_AVX2 static uint32_t sum_avx2(const uint32_t *numbers, ptrdiff_t count) { return sum_of(numbers, count); }
TARGET_AVX512 static uint32_t sum_avx512(const uint32_t *numbers, ptrdiff_t count) { return sum_of(numbers, count); }
#endif

double medmoe_read_rate(const void *memory, ptrdiff_t byte_count) {
    const uint32_t *numbers = memory;
    const ptrdiff_t count = byte_count / (8 * LANES * 4) * (8 * LANES);
    volatile uint32_t sum;
    const double start = thread_seconds();
#if defined(__x86_64__)
    const medmoe_instructions best = medmoe_best_instructions();
    sum = best >= MEDMOE_INSTRUCTIONS_AVX512 ? sum_avx512(numbers, count)
        : best == MEDMOE_INSTRUCTIONS_AVX2   ? sum_avx2(numbers, count)
                                             : sum_baseline(numbers, count);
#else
    sum = sum_baseline(numbers, count);
#endif
    (void)sum;
    return (double)count * 4 / (thread_seconds() - start);
}
