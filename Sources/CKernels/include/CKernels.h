// Row kernels in C: every function walks its inner dimension in one fixed order, so a row's result never depends on
// the other rows of a call, on the thread count or on the process it runs in.
#ifndef MEDMOE_CKERNELS_H
#define MEDMOE_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

// --- Threads -----------------------------------------------------------------------------------------------------

typedef struct medmoe_thread_pool medmoe_thread_pool;
typedef void (*medmoe_task)(void *context, ptrdiff_t index);

/// A pool of `threads` threads in all, the caller of `run` being one of them; NULL when threads cannot be made.
///
/// Who waits spins for `spin_nanoseconds` before sleeping. With `cores`, workers stay on these; the caller is left where
/// it is.
medmoe_thread_pool *_Nullable medmoe_thread_pool_create(int threads, int64_t spin_nanoseconds, const int *_Nullable cores,
                                                        int core_count);
/// Writes at most `most` numbers of cores that this process may run on; returns how many.
int medmoe_usable_cores(int *cores, int most);
/// The core that the calling thread runs on now; below 0 where the system does not say.
int medmoe_current_core(void);
/// How soon a thread gets a core: as usual, or by brief slices.
enum { MEDMOE_URGENCY_USUAL = 0, MEDMOE_URGENCY_BRIEF = 1 };
/// Makes the calling thread, and those it makes from here on, as urgent as the system lets it; returns what it got. A
/// thread that somebody gave another policy than the usual one stays as it is (USUAL).
int medmoe_raise_urgency(void);
/// Takes back from the calling thread what `medmoe_raise_urgency` returned.
void medmoe_lower_urgency(int urgency);
/// What the calling thread has.
int medmoe_current_urgency(void);
/// Lets the calling thread run on these cores only; not 0 when the system refuses.
int medmoe_stay_on(const int *cores, int core_count);
/// Lets the workers sleep at once until the next job: the caller is about to wait for others.
void medmoe_thread_pool_park(medmoe_thread_pool *pool);
/// Ends and joins the pool's threads. No `run` may be under way.
void medmoe_thread_pool_destroy(medmoe_thread_pool *pool);
/// Calls `task(context, i)` once for each i in 0..<count, on the pool's threads and the caller's, and returns when all
/// are done. One caller at a time.
void medmoe_thread_pool_run(medmoe_thread_pool *pool, ptrdiff_t count, medmoe_task task, void *context);

/// Memory of `count` bytes from a 64-byte boundary on, which `medmoe_free` takes; ends the process if there is none.
void *medmoe_allocate(size_t count);
void medmoe_free(void *_Nullable line);
/// Has the heap keep what is freed for what is asked for next, where the C library can: pieces below 32 MiB.
void medmoe_keep_heap(void);
/// Gives pages of the heap that hold nothing back to the system, where the C library can.
void medmoe_give_back_heap(void);

// --- Linear layers -----------------------------------------------------------------------------------------------

/// The numbers that weights are stored in, little-endian.
typedef enum medmoe_weight_kind {
    MEDMOE_WEIGHTS_F32 = 0,
    MEDMOE_WEIGHTS_BF16 = 1,
    MEDMOE_WEIGHTS_F16 = 2,
} medmoe_weight_kind;

/// The instruction sets that there are kernels for.
typedef enum medmoe_instructions {
    MEDMOE_INSTRUCTIONS_BASELINE = 0,
    MEDMOE_INSTRUCTIONS_AVX2 = 1,
    MEDMOE_INSTRUCTIONS_AVX512 = 2,
    /// AVX-512 with BF16 and VNNI.
    MEDMOE_INSTRUCTIONS_AVX512_DOT = 3,
    /// The same, and AMX: products of whole tiles.
    MEDMOE_INSTRUCTIONS_AMX = 4,
} medmoe_instructions;

/// The best set that this CPU has.
medmoe_instructions medmoe_best_instructions(void);
/// Whether kernels of this set add a product in one rounding; all that do give the same bits.
int medmoe_instructions_fuse(medmoe_instructions instructions);

/// One product `y = x Wᵀ + b`: x `(rows, inputs)`, W `(outputs, inputs)` at any address, y `(rows, outputs)`.
typedef struct medmoe_linear {
    const float *x;
    /// What `medmoe_linear_pack` wrote for all tiles; NULL where there are none.
    const float *_Nullable packed;
    ptrdiff_t rows;
    ptrdiff_t inputs;
    ptrdiff_t outputs;
    const void *weights;
    medmoe_weight_kind kind;
    /// A number for each output, or NULL.
    const float *_Nullable bias;
    float *y;
} medmoe_linear;

/// Tiles that the rows of a product are packed into; 0 for few rows, which are taken as they are.
ptrdiff_t medmoe_linear_tiles(ptrdiff_t rows, medmoe_instructions instructions);
/// Floats that one packed tile takes.
ptrdiff_t medmoe_linear_tile_floats(ptrdiff_t inputs, medmoe_instructions instructions);
/// Packs some of the tiles of a job's rows; `packed` is the beginning of all.
void medmoe_linear_pack(const medmoe_linear *job, float *packed, ptrdiff_t first_tile, ptrdiff_t end_tile,
                        medmoe_instructions instructions);
/// Computes the outputs from `first_output` to before `end_output` of all rows.
void medmoe_linear_run(const medmoe_linear *job, ptrdiff_t first_output, ptrdiff_t end_output,
                       medmoe_instructions instructions);

/// Widens `count` stored numbers, which may lie at any address, to floats, exactly.
void medmoe_widen(const void *from, medmoe_weight_kind kind, ptrdiff_t count, float *to);
/// Rounds floats to halves, to nearest and ties to even; beyond the range to infinity.
void medmoe_narrow_f16(const float *from, ptrdiff_t count, uint16_t *to);
/// Whether one of the floats is finite and its nearest half is not.
int medmoe_overflows_f16(const float *from, ptrdiff_t count);
/// Rounds floats to brain floats, to nearest and ties to even; NaN stays NaN.
void medmoe_narrow_bf16(const float *from, ptrdiff_t count, uint16_t *to);
/// Whether all of `count` numbers are finite.
bool medmoe_all_finite_f32(const void *numbers, ptrdiff_t count);
/// The same of the upper halves of IEEE singles.
bool medmoe_all_finite_bf16(const void *numbers, ptrdiff_t count);
/// The same of IEEE halves.
bool medmoe_all_finite_f16(const void *numbers, ptrdiff_t count);

// --- Checksums ---------------------------------------------------------------------------------------------------

/// Whether this CPU has an instruction for CRC-32C.
int medmoe_has_checksum_instruction(void);
/// CRC-32C of `count` bytes at any address, going on from that of the bytes before them, 0 where there are none; by the
/// CPU's instruction where it has one and `may_use_instruction` is not 0.
uint32_t medmoe_crc32c(uint32_t before, const void *bytes, ptrdiff_t count, int may_use_instruction);

// --- Packed linear layers ----------------------------------------------------------------------------------------

/// The numbers that packed weights and their inputs are rounded to.
typedef enum medmoe_packed_kind {
    /// Brain floats; products are summed in float32, in the order of `vdpbf16ps`.
    MEDMOE_PACKED_BF16_PAIRS = 0,
    /// Bytes, with a scale for each output and each row; products are summed exactly.
    MEDMOE_PACKED_INT8 = 1,
    /// Brain floats; products are summed in float32, in the order of `tdpbf16ps`.
    MEDMOE_PACKED_BF16_TILES = 2,
} medmoe_packed_kind;

enum {
    /// Outputs of a panel of weights.
    MEDMOE_PANEL_OUTPUTS = 32,
    /// Rows of a full tile of inputs.
    MEDMOE_TILE_ROWS = 12,
};

/// A weight `(outputs, inputs)`, packed panel by panel. Arrays have an entry for each output of whole panels.
typedef struct medmoe_packed_matrix {
    medmoe_packed_kind kind;
    ptrdiff_t inputs;
    ptrdiff_t outputs;
    const void *panels;
    /// Scale of each output's bytes, and 128 times their sum; of bytes only.
    const float *_Nullable scales;
    const int32_t *_Nullable shifts;
    const float *_Nullable bias;
} medmoe_packed_matrix;

/// Rows of inputs, rounded and packed one after another.
typedef struct medmoe_packed_rows {
    medmoe_packed_kind kind;
    ptrdiff_t rows;
    ptrdiff_t inputs;
    /// For each row, which row of the source it is; NULL for all in order.
    const ptrdiff_t *_Nullable sources;
    /// `rows` times `medmoe_packed_row_bytes`.
    void *packed;
    /// Scale of each row's bytes; of bytes only.
    float *_Nullable scales;
} medmoe_packed_rows;

/// Bytes of one panel, and of one row.
ptrdiff_t medmoe_panel_bytes(medmoe_packed_kind kind, ptrdiff_t inputs);
ptrdiff_t medmoe_packed_row_bytes(medmoe_packed_kind kind, ptrdiff_t inputs);
/// Packs up to 32 outputs, `(outputs, inputs)`, rounded to nearest and ties to even.
void medmoe_pack_panel_bf16(const float *weights, ptrdiff_t outputs, ptrdiff_t inputs, void *panel);
/// Packs up to 32 outputs of bytes and computes their `shifts`.
void medmoe_pack_panel_int8(const int8_t *weights, ptrdiff_t outputs, ptrdiff_t inputs, void *panel, int32_t *shifts);
/// Rounds an output's weights to bytes between -127 and 127 and returns their scale.
float medmoe_quantize_row(const float *weights, ptrdiff_t count, int8_t *to);
/// Rounds and packs some tiles of the rows of x `(any, inputs)`.
void medmoe_pack_rows(const medmoe_packed_rows *rows, const float *x, ptrdiff_t first_tile, ptrdiff_t end_tile,
                      medmoe_instructions instructions);
/// Computes the outputs of some panels for all rows; y is where the first of them goes, its rows lie `stride` floats
/// apart.
void medmoe_packed_run(const medmoe_packed_matrix *matrix, const medmoe_packed_rows *rows, ptrdiff_t first_panel,
                       ptrdiff_t end_panel, float *y, ptrdiff_t stride, medmoe_instructions instructions);

// --- Attention ---------------------------------------------------------------------------------------------------

/// Positions of a block of keys and values.
enum { MEDMOE_ATTENTION_BLOCK = 32 };

/// Attention of query rows over the keys and values of earlier positions, which lie in blocks.
///
/// A block holds MEDMOE_ATTENTION_BLOCK positions: keys `(kv_heads, head_size, positions)` and then values
/// `(kv_heads, positions, head_size)`. It begins on a 64-byte boundary. What lies beyond the visible positions may be
/// anything. Query head h belongs to key-value head `h / (heads / kv_heads)`. All blocks hold floats, or all of them
/// brain floats: these give the bits that the same numbers give as floats.
typedef struct medmoe_attention {
    /// `(rows, heads * head_size)`, rotated.
    const float *queries;
    /// As the queries.
    float *output;
    /// A pointer for each block, in the order of the positions.
    const void *_Nonnull const *_Nonnull blocks;
    /// Whether they hold brain floats.
    int brain;
    ptrdiff_t rows;
    ptrdiff_t heads;
    /// A divisor of `heads`.
    ptrdiff_t kv_heads;
    /// Any; whole vectors of 16 are the fast ones.
    ptrdiff_t head_size;
    /// Positions that the first row sees, from the first one on.
    ptrdiff_t first_visible;
    /// Positions that each further row sees beyond the row before: 1 when causal, 0 when all see the same.
    ptrdiff_t visible_step;
    /// What scores are multiplied by.
    float scale;
} medmoe_attention;

/// Pieces that a job falls into, each for some rows of one head.
ptrdiff_t medmoe_attention_tasks(const medmoe_attention *job);
/// Floats of scratch that one piece needs.
ptrdiff_t medmoe_attention_scratch(const medmoe_attention *job);
/// Computes one piece.
void medmoe_attention_run(const medmoe_attention *job, ptrdiff_t task, float *scratch,
                          medmoe_instructions instructions);
/// Stores rows of keys and values, `(count, kv_heads * head_size)` each, in a block from its position `position` on.
void medmoe_attention_store(float *block, ptrdiff_t kv_heads, ptrdiff_t head_size, ptrdiff_t position, ptrdiff_t count,
                            const float *keys, const float *values);
/// The same for a block of brain floats.
void medmoe_attention_store_brain(uint16_t *block, ptrdiff_t kv_heads, ptrdiff_t head_size, ptrdiff_t position,
                                  ptrdiff_t count, const float *keys, const float *values);

// --- Rows --------------------------------------------------------------------------------------------------------

/// y = (x - mean) / sqrt(variance + epsilon) * weight + bias, sums in double precision.
void medmoe_layer_norm_f32(const float *x, const float *weight, const float *bias, ptrdiff_t count, float epsilon,
                           float *y);
/// In place: x[i] = exp(x[i] - max) / sum.
void medmoe_softmax_f32(float *x, ptrdiff_t count);
/// y[i] += a * x[i].
void medmoe_axpy_f32(float a, const float *x, float *y, ptrdiff_t count);
/// y[i] = silu(gate[i]) * up[i]; y may be one of the others.
void medmoe_silu_multiply_f32(const float *gate, const float *up, float *y, ptrdiff_t count);
/// In place: x * sigmoid(1.702 x), CLIP's quick_gelu.
void medmoe_quick_gelu_f32(float *x, ptrdiff_t count);
/// In place: the tanh form of GELU, `gelu_new`: x * 0.5 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))).
void medmoe_gelu_tanh_f32(float *x, ptrdiff_t count);
/// In place: the exact GELU, x * 0.5 * (1 + erf(x / sqrt(2))).
void medmoe_gelu_f32(float *x, ptrdiff_t count);
/// In place on one head: rotates the pairs (i, i + dimensions / 2) by the given cosines and sines (half-split form).
void medmoe_rotate_f32(float *head, const float *cosines, const float *sines, ptrdiff_t dimensions);

// --- What a machine can do at most -------------------------------------------------------------------------------

/// The arithmetic that a peak is measured of.
typedef enum medmoe_peak_kind {
    MEDMOE_PEAK_F32 = 0,
    /// The dot instruction of brain floats.
    MEDMOE_PEAK_BF16 = 1,
    /// The dot instruction of bytes.
    MEDMOE_PEAK_INT8 = 2,
    /// The products of tiles of brain floats.
    MEDMOE_PEAK_BF16_TILES = 3,
} medmoe_peak_kind;

/// Multiplications and additions a second of the calling thread, in registers alone, over `count` turns of a loop; 0
/// where the set has no instruction for it.
double medmoe_peak_rate(medmoe_peak_kind kind, medmoe_instructions instructions, int64_t count);
/// Bytes a second that the calling thread reads of some memory, once from its beginning to its end.
double medmoe_read_rate(const void *memory, ptrdiff_t byte_count);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
