#include "CKernels.h"
#include "exponential.h"
#include "lanes.h"

// Attention in three steps for a tile of query rows: scores, with positions in lanes and every score one running sum
// along the head; exponentials, added up in one lane for each place within 16 positions and one fixed order at the end;
// sums of values, with columns in lanes and every one a running sum along the positions. A tile only shares what it
// loads. So the bits of a row depend on the row and on what it sees: not on the other rows, the tile, the thread, what
// lies behind the visible positions, or, where the CPU adds a product in one rounding, the instruction set.
#pragma STDC FP_CONTRACT OFF

enum {
    BLOCK = MEDMOE_ATTENTION_BLOCK,
    /// Rows of a task: a multiple of every tile's.
    TASK_ROWS = 24,
    /// Rows of the largest tile.
    MOST_ROWS = 8,
    /// Vectors of columns that one row sums side by side.
    MOST_WIDTH = 5,
};

typedef uint16_t brain_lanes __attribute__((vector_size(32), aligned(2)));

static const whole_lanes lane_numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/// Some query rows of one head. Those past the last row repeat it; nobody reads what comes of them.
typedef struct tile {
    const medmoe_attention *job;
    /// Numbers in a block that lie before this head's keys, and before its values.
    ptrdiff_t keys_at, values_at;
    /// Blocks that hold visible positions.
    ptrdiff_t blocks;
    /// What each row sees, and the smallest and the largest of these.
    ptrdiff_t visible[MOST_ROWS], least_visible, most_visible;
    /// Scaled queries (head_size / BLOCK rounded up, rows, BLOCK).
    float *queries;
    /// Scores and then exponentials (blocks, rows, BLOCK).
    float *scores;
    /// What each row's sums of values are multiplied by.
    float factors[MOST_ROWS];
    float *output[MOST_ROWS];
} tile;

static inline ptrdiff_t blocks_of(ptrdiff_t count) {
    return (count + BLOCK - 1) / BLOCK;
}

/// How many of the first `count` positions lie in block b.
static inline ptrdiff_t within_block(ptrdiff_t count, ptrdiff_t b) {
    const ptrdiff_t rest = count - b * BLOCK;
    return rest < 0 ? 0 : rest < BLOCK ? rest : BLOCK;
}

// Keys and values are floats of four bytes or brain floats of two, known wherever the functions are inlined.

INLINE const char *keys_of(const tile *t, ptrdiff_t b, const int size) {
    return (const char *)t->job->blocks[b] + t->keys_at * size;
}

INLINE const char *values_of(const tile *t, ptrdiff_t b, const int size) {
    return (const char *)t->job->blocks[b] + t->values_at * size;
}

/// Keys or values as floats.
INLINE void load(lanes *v, const char *from, const int size) {
    if (size == 4) {
        memcpy(v, from, sizeof *v);
    } else {
        brain_lanes brains;
        memcpy(&brains, from, sizeof brains);
        *v = (lanes)(__builtin_convertvector(brains, bit_lanes) << 16);
    }
}

/// Asks for bytes ahead of their use: the CPU cannot foresee where the next block lies.
INLINE void fetch(const char *from, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i += 64) __builtin_prefetch(from + i, 0, 2);
}

INLINE float most_of_lanes(const lanes *of) {
    float most = (*of)[0];
    for (int i = 1; i < LANES; i++) most = (*of)[i] > most ? (*of)[i] : most;
    return most;
}

static tile tile_of(const medmoe_attention *job, ptrdiff_t head, ptrdiff_t first, ptrdiff_t end, int rows,
                    float *scratch) {
    const ptrdiff_t size = job->head_size, columns = job->heads * size;
    const ptrdiff_t shared = head / (job->heads / job->kv_heads);
    tile t = {.job = job, .queries = scratch, .scores = scratch + blocks_of(size) * rows * BLOCK};
    t.keys_at = shared * size * BLOCK;
    t.values_at = (job->kv_heads + shared) * size * BLOCK;
    t.least_visible = PTRDIFF_MAX;
    for (int r = 0; r < rows; r++) {
        const ptrdiff_t row = first + r < end ? first + r : end - 1;
        const float *query = job->queries + row * columns + head * size;
        for (ptrdiff_t d = 0; d < size; d++)
            t.queries[(d / BLOCK * rows + r) * BLOCK + d % BLOCK] = query[d] * job->scale;
        t.output[r] = job->output + row * columns + head * size;
        t.visible[r] = job->first_visible + row * job->visible_step;
        if (t.visible[r] < t.least_visible) t.least_visible = t.visible[r];
        if (t.visible[r] > t.most_visible) t.most_visible = t.visible[r];
    }
    t.blocks = blocks_of(t.most_visible);
    return t;
}

#if defined(__x86_64__)

#define FUSED 1

#define NAME_(x) x##_avx512
#define TARGET TARGET_AVX512
#define ROWS 8
#define WIDTH 2
#include "attention_tile.h"
#undef NAME_
#undef TARGET
#undef ROWS
#undef WIDTH

#define NAME_(x) x##_avx2
#define TARGET TARGET_AVX2
#define ROWS 6
#define WIDTH 1
#include "attention_tile.h"
#undef NAME_
#undef TARGET
#undef ROWS
#undef WIDTH

#undef FUSED

#endif

// Every CPU: 64-bit ARM fuses in its baseline and has twice the registers of x86-64.
#if defined(__aarch64__)
#define FUSED 1
#define ROWS 6
#else
#define FUSED 0
#define ROWS 2
#endif
#define WIDTH 1
#define NAME_(x) x##_baseline
#define TARGET
#include "attention_tile.h"

static ptrdiff_t tasks_per_head(const medmoe_attention *job) {
    return (job->rows + TASK_ROWS - 1) / TASK_ROWS;
}

ptrdiff_t medmoe_attention_tasks(const medmoe_attention *job) {
    return job->heads * tasks_per_head(job);
}

ptrdiff_t medmoe_attention_scratch(const medmoe_attention *job) {
    const ptrdiff_t most = job->first_visible + (job->rows > 0 ? job->rows - 1 : 0) * job->visible_step;
    return (blocks_of(job->head_size) + blocks_of(most)) * BLOCK * (job->rows == 1 ? 1 : MOST_ROWS);
}

void medmoe_attention_run(const medmoe_attention *job, ptrdiff_t task, float *scratch,
                          medmoe_instructions instructions) {
    // Tasks of one head follow each other, so that its keys and values stay in the cache.
    const ptrdiff_t head = task / tasks_per_head(job), first = task % tasks_per_head(job) * TASK_ROWS;
    const ptrdiff_t end = job->rows - first < TASK_ROWS ? job->rows : first + TASK_ROWS;
#if defined(__x86_64__)
    if (instructions >= MEDMOE_INSTRUCTIONS_AVX512) return attend_task_avx512(job, head, first, end, scratch);
    if (instructions == MEDMOE_INSTRUCTIONS_AVX2) return attend_task_avx2(job, head, first, end, scratch);
#endif
    (void)instructions;
    attend_task_baseline(job, head, first, end, scratch);
}
