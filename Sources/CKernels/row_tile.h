// The row kernels of one instruction set; row_kernels.c includes this file once for each.
//
// The including file defines NAME_(x), which gives a symbol its suffix, and TARGET, the attribute of the instruction
// set. All sets give the same bits.

/// `name` over a row in place, where `name_of` is the function of 16 numbers.
#define IN_PLACE(name)                                                                                                 \
    TARGET static void NAME(name)(float *x, ptrdiff_t count) {                                                         \
        lanes v;                                                                                                       \
        ptrdiff_t i = 0;                                                                                               \
        for (; i + LANES <= count; i += LANES) {                                                                       \
            memcpy(&v, x + i, sizeof v);                                                                               \
            JOIN(name, _of)(&v);                                                                                       \
            memcpy(x + i, &v, sizeof v);                                                                               \
        }                                                                                                              \
        if (i == count) return;                                                                                        \
        load_some(x + i, count - i, &v);                                                                               \
        JOIN(name, _of)(&v);                                                                                           \
        memcpy(x + i, &v, (size_t)(count - i) * sizeof *x);                                                            \
    }

IN_PLACE(exponential)
IN_PLACE(quick_gelu)
IN_PLACE(gelu_tanh)

#undef IN_PLACE

TARGET static void NAME(silu_multiply)(const float *gate, const float *up, float *y, ptrdiff_t count) {
    lanes g, u;
    ptrdiff_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        memcpy(&g, gate + i, sizeof g);
        memcpy(&u, up + i, sizeof u);
        silu_of(&g);
        g *= u;
        memcpy(y + i, &g, sizeof g);
    }
    if (i == count) return;
    load_some(gate + i, count - i, &g);
    load_some(up + i, count - i, &u);
    silu_of(&g);
    g *= u;
    memcpy(y + i, &g, (size_t)(count - i) * sizeof *y);
}

TARGET static void NAME(axpy)(float a, const float *x, float *y, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        lanes more, sum;
        memcpy(&more, x + i, sizeof more);
        memcpy(&sum, y + i, sizeof sum);
        sum += a * more;
        memcpy(y + i, &sum, sizeof sum);
    }
    for (; i < count; i++) y[i] += a * x[i];
}

TARGET static void NAME(layer_norm)(const float *x, const float *weight, const float *bias, ptrdiff_t count,
                                    float epsilon, float *y) {
    const ptrdiff_t whole = count / LANES * LANES, rest = count - whole;
    lanes v, w, b, last;
    load_some(x + whole, rest, &last);
    wide_lanes sums = __builtin_convertvector(last, wide_lanes);
    for (ptrdiff_t i = 0; i < whole; i += LANES) {
        memcpy(&v, x + i, sizeof v);
        sums += __builtin_convertvector(v, wide_lanes);
    }
    const double mean = sum_of_wide_lanes(&sums) / (double)count;
    wide_lanes d = __builtin_convertvector(last, wide_lanes) - mean;
    for (ptrdiff_t i = rest; i < LANES; i++) d[i] = 0;
    wide_lanes squares = d * d;
    for (ptrdiff_t i = 0; i < whole; i += LANES) {
        memcpy(&v, x + i, sizeof v);
        d = __builtin_convertvector(v, wide_lanes) - mean;
        squares += d * d;
    }
    const float centre = (float)mean;
    const float scale = (float)(1.0 / sqrt(sum_of_wide_lanes(&squares) / (double)count + epsilon));
    for (ptrdiff_t i = 0; i < whole; i += LANES) {
        memcpy(&v, x + i, sizeof v);
        memcpy(&w, weight + i, sizeof w);
        memcpy(&b, bias + i, sizeof b);
        v = (v - centre) * scale * w + b;
        memcpy(y + i, &v, sizeof v);
    }
    for (ptrdiff_t i = whole; i < count; i++) y[i] = (x[i] - centre) * scale * weight[i] + bias[i];
}
