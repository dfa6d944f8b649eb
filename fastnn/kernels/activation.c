/* activation.c: forward directly above its backward; softmax along the last axis. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "activation.c"
#include "every_isa.h"
#else
#include "vector_math.h"

#define CHUNK 16384 /* floats that one thread takes at once */

typedef struct { const float *a, *b; float *out; int64_t size; } FNN_NAME(span);

/* Declares kernel `NAME`: for every cell `out = EXPR` in x (first input) and s (second input, may be unused). */
#define CELLWISE(NAME, COST, EXPR)                                                                  \
    static void FNN_NAME(NAME##_chunk)(void *arg, int64_t chunk, int thread) {                      \
        const FNN_NAME(span) *p = arg;                                                              \
        const int64_t from = chunk * CHUNK, to = fnn_min(from + CHUNK, p->size);                    \
        const float *restrict a = p->a, *restrict b = p->b;                                         \
        float *restrict out = p->out;                                                               \
        (void)thread; (void)b;                                                                      \
        for (int64_t k = from; k < to; k++) { const float x = a[k]; EXPR; }                         \
    }                                                                                               \
    static int FNN_NAME(NAME)(fnn_step *s) {                                                        \
        FNN_NAME(span) p = {s->in[0].data, s->n_in > 1 ? s->in[1].data : NULL, s->out[0].data, s->out[0].size}; \
        if (p.out) fnn_parallel(fnn_ceil_div(p.size, CHUNK), COST * (double)p.size, FNN_NAME(NAME##_chunk), &p); \
        return FNN_OK;                                                                              \
    }

/* In the backward ones x is dy and b[k] the saved value. */
CELLWISE(relu, 1, out[k] = x > 0 || x != x ? x : 0)
CELLWISE(relu_backward, 1, out[k] = b[k] > 0 ? x : 0)
CELLWISE(sigmoid, 8, out[k] = FNN_NAME(sigmoid_of)(x))
CELLWISE(sigmoid_backward, 2, out[k] = x * b[k] * (1 - b[k]))
CELLWISE(tanh, 8, out[k] = FNN_NAME(tanh_of)(x))
CELLWISE(tanh_backward, 2, out[k] = x * (1 - b[k] * b[k]))
CELLWISE(heaviside, 1, out[k] = x >= 0 ? 1.0f : 0.0f)
CELLWISE(zero_backward, 1, out[k] = 0 * x)
CELLWISE(sign, 1, out[k] = x != x ? x : (float)((x > 0) - (x < 0)))
CELLWISE(saturating_linear, 1, out[k] = x != x ? x : (x < 0 ? 0 : (x > 1 ? 1 : x)))
CELLWISE(saturating_linear_backward, 1, out[k] = b[k] > 0 && b[k] < 1 ? x : 0)

typedef struct { const float *x, *y; float *out; int64_t rows, cols, per_chunk; } FNN_NAME(row_span);

static void FNN_NAME(softmax_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_span) *p = arg;
    (void)thread;
    for (int64_t r = chunk * p->per_chunk; r < fnn_min((chunk + 1) * p->per_chunk, p->rows); r++) {
        const float *x = p->x + r * p->cols;
        float *y = p->out + r * p->cols, top = x[0], total = 0;
        for (int64_t k = 1; k < p->cols; k++) top = x[k] > top ? x[k] : top;
        for (int64_t k = 0; k < p->cols; k++) y[k] = FNN_NAME(exp_of)(x[k] - top);
        for (int64_t k = 0; k < p->cols; k++) total += y[k];
        for (int64_t k = 0; k < p->cols; k++) y[k] /= total;
    }
}

static void FNN_NAME(softmax_backward_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_span) *p = arg;
    (void)thread;
    for (int64_t r = chunk * p->per_chunk; r < fnn_min((chunk + 1) * p->per_chunk, p->rows); r++) {
        const float *dy = p->x + r * p->cols, *y = p->y + r * p->cols;
        float *dx = p->out + r * p->cols, mixed = 0;
        for (int64_t k = 0; k < p->cols; k++) mixed += dy[k] * y[k];
        for (int64_t k = 0; k < p->cols; k++) dx[k] = y[k] * (dy[k] - mixed);
    }
}

static int FNN_NAME(over_rows)(fnn_step *s, void (*body)(void *, int64_t, int)) {
    const fnn_tensor *out = &s->out[0];
    if (!out->data || !out->size) return FNN_OK;
    const int64_t cols = out->shape[out->ndim - 1];
    FNN_NAME(row_span) p = {s->in[0].data, s->n_in > 1 ? s->in[1].data : NULL, out->data,
                            out->size / cols, cols, fnn_max(1, CHUNK / cols)};
    fnn_parallel(fnn_ceil_div(p.rows, p.per_chunk), 8.0 * (double)out->size, body, &p);
    return FNN_OK;
}

static int FNN_NAME(softmax)(fnn_step *s) { return FNN_NAME(over_rows)(s, FNN_NAME(softmax_rows)); }
static int FNN_NAME(softmax_backward)(fnn_step *s) { return FNN_NAME(over_rows)(s, FNN_NAME(softmax_backward_rows)); }

const fnn_entry FNN_NAME(activation_entries)[] = {
    {"relu", "x", "", FNN_NAME(relu), FNN_NAME(relu_backward), NULL},
    {"sigmoid", "x", "", FNN_NAME(sigmoid), FNN_NAME(sigmoid_backward), NULL},
    {"tanh", "x", "", FNN_NAME(tanh), FNN_NAME(tanh_backward), NULL},
    {"heaviside", "x", "", FNN_NAME(heaviside), FNN_NAME(zero_backward), NULL},
    {"sign", "x", "", FNN_NAME(sign), FNN_NAME(zero_backward), NULL},
    {"saturating_linear", "x", "", FNN_NAME(saturating_linear), FNN_NAME(saturating_linear_backward), NULL},
    {"softmax", "x", "", FNN_NAME(softmax), FNN_NAME(softmax_backward), NULL},
    {0},
};
#endif
