// CRC-32C (Castagnoli) of bytes: by the instruction where the CPU has one, else by tables of eight bytes at a time.
#include "CKernels.h"

#include <pthread.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

/// The polynomial 0x1EDC6F41 with its bits in reverse.
#define POLYNOMIAL 0x82F63B78u

static uint32_t tables[8][256];
static pthread_once_t tables_made = PTHREAD_ONCE_INIT;

static void make_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        tables[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int table = 1; table < 8; table++) {
            uint32_t before = tables[table - 1][byte];
            tables[table][byte] = before >> 8 ^ tables[0][before & 255];
        }
}

static uint32_t by_tables(uint32_t crc, const unsigned char *bytes, ptrdiff_t count) {
    pthread_once(&tables_made, make_tables);
    for (; count >= 8; bytes += 8, count -= 8) {
        // Byte by byte, so that the machine's order does not matter.
        uint32_t low = crc ^ ((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                              (uint32_t)bytes[3] << 24);
        crc = tables[7][low & 255] ^ tables[6][low >> 8 & 255] ^ tables[5][low >> 16 & 255] ^ tables[4][low >> 24] ^
              tables[3][bytes[4]] ^ tables[2][bytes[5]] ^ tables[1][bytes[6]] ^ tables[0][bytes[7]];
    }
    for (; count > 0; bytes++, count--) crc = crc >> 8 ^ tables[0][(crc ^ *bytes) & 255];
    return crc;
}

#if defined(__x86_64__)
/// The instruction takes one step a cycle but three to answer, so three pieces of this many words go side by side.
enum { PIECE_WORDS = 128 };

static uint32_t shifts[4][256];
static pthread_once_t shifts_made = PTHREAD_ONCE_INIT;

/// Sums are linear: what zeros behind a piece make of a sum is the XOR of what they make of its bytes.
__attribute__((target("sse4.2"))) static void make_shifts(void) {
    for (int place = 0; place < 4; place++)
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint64_t crc = byte << 8 * place;
            for (int word = 0; word < PIECE_WORDS; word++) crc = _mm_crc32_u64(crc, 0);
            shifts[place][byte] = (uint32_t)crc;
        }
}

/// The sum of the same bytes with a piece of zeros behind them.
static uint32_t behind_zeros(uint64_t crc) {
    return shifts[0][crc & 255] ^ shifts[1][crc >> 8 & 255] ^ shifts[2][crc >> 16 & 255] ^ shifts[3][crc >> 24 & 255];
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const unsigned char *bytes,
                                                                 ptrdiff_t count) {
    uint64_t wide = crc;
    enum { PIECE = PIECE_WORDS * 8 };
    if (count >= 3 * PIECE) pthread_once(&shifts_made, make_shifts);
    for (; count >= 3 * PIECE; bytes += 3 * PIECE, count -= 3 * PIECE) {
        uint64_t second = 0, third = 0;
        for (ptrdiff_t at = 0; at < PIECE; at += 8) {
            uint64_t words[3];
            memcpy(&words[0], bytes + at, 8);
            memcpy(&words[1], bytes + PIECE + at, 8);
            memcpy(&words[2], bytes + 2 * PIECE + at, 8);
            wide = _mm_crc32_u64(wide, words[0]);
            second = _mm_crc32_u64(second, words[1]);
            third = _mm_crc32_u64(third, words[2]);
        }
        wide = behind_zeros(behind_zeros(wide) ^ second) ^ third;
    }
    for (; count >= 8; bytes += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
    for (; count > 0; bytes++, count--) crc = _mm_crc32_u8(crc, *bytes);
    return crc;
}
#endif

int medmoe_has_checksum_instruction(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("sse4.2") != 0;
#else
    return 0;
#endif
}

uint32_t medmoe_crc32c(uint32_t before, const void *bytes, ptrdiff_t count, int may_use_instruction) {
#if defined(__x86_64__)
    if (may_use_instruction && medmoe_has_checksum_instruction()) return ~by_instruction(~before, bytes, count);
#else
    (void)may_use_instruction;
#endif
    return ~by_tables(~before, bytes, count);
}
