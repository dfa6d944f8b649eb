/* activation.c: forward directly above its backward; softmax along the last axis. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "activation.c"
#include "every_isa.h"
#else
#include "vector_math.h"

#include "cellwise.h"

#define CHUNK 16384 /* floats that one thread takes at once, by rows */

MAP(zero_backward, 1, 0 * x)
MAP(relu, 1, x > 0 || x != x ? x : 0)
BACK(relu, 1, v > 0 ? dy : 0)
MAP(sigmoid, 8, FNN_NAME(sigmoid_of)(x))
BACK(sigmoid, 2, dy * v * (1 - v))
MAP(tanh, 8, FNN_NAME(tanh_of)(x))
BACK(tanh, 2, dy * (1 - v * v))
MAP(heaviside, 1, x >= 0 ? 1.0f : 0.0f)
MAP(saturating_linear, 1, x != x ? x : (x < 0 ? 0 : (x > 1 ? 1 : x)))
BACK(saturating_linear, 1, v > 0 && v < 1 ? dy : 0)

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
    ENTRY(relu, ""), ENTRY(sigmoid, ""), ENTRY(tanh, ""), FLAT_ENTRY(heaviside, ""), ENTRY(saturating_linear, ""),
    {"softmax", "x", "", FNN_NAME(softmax), FNN_NAME(softmax_backward), NULL},
    {0},
};
#endif
