/* loss.c: one number per row of targets and predictions; backward only towards the predictions. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "loss.c"
#include "every_isa.h"
#else
#include "vector_math.h"

#define CHUNK 16384 /* floats that one thread takes at once */
#define LANES 16    /* partial sums of a row: the same number for every instruction set */

typedef struct {
    const float *t, *o, *dy;
    float *out;
    int64_t rows, cols, per_chunk;
    double epsilon;
} FNN_NAME(pairs);

static inline float FNN_NAME(lane_sum)(const float *lane) {
    float half[LANES / 2], total = 0;
    for (int k = 0; k < LANES / 2; k++) half[k] = lane[k] + lane[k + LANES / 2];
    for (int k = 0; k < LANES / 2; k++) total += half[k];
    return total;
}

/* Declares kernel `NAME`: y = sum over the row of TERM(t, o) / DIVISOR, and do = dy SLOPE(t, o) / DIVISOR. */
#define PAIR_LOSS(NAME, COST, DIVISOR, TERM, SLOPE)                                                 \
    static void FNN_NAME(NAME##_rows)(void *arg, int64_t chunk, int thread) {                       \
        const FNN_NAME(pairs) *p = arg;                                                             \
        const int64_t end = fnn_min((chunk + 1) * p->per_chunk, p->rows), cols = p->cols;           \
        const float divisor = DIVISOR;                                                              \
        (void)thread;                                                                               \
        for (int64_t r = chunk * p->per_chunk; r < end; r++) {                                      \
            const float *restrict ts = p->t + r * cols, *restrict os = p->o + r * cols;             \
            float lane[LANES] = {0};                                                                \
            int64_t k = 0;                                                                          \
            for (; k + LANES <= cols; k += LANES)                                                   \
                for (int j = 0; j < LANES; j++) { const float t = ts[k + j], o = os[k + j]; lane[j] += TERM; } \
            for (int j = 0; k < cols; k++, j++) { const float t = ts[k], o = os[k]; lane[j] += TERM; } \
            p->out[r] = FNN_NAME(lane_sum)(lane) / divisor;                                         \
        }                                                                                           \
    }                                                                                               \
    static void FNN_NAME(NAME##_backward_rows)(void *arg, int64_t chunk, int thread) {              \
        const FNN_NAME(pairs) *p = arg;                                                             \
        const int64_t end = fnn_min((chunk + 1) * p->per_chunk, p->rows), cols = p->cols;           \
        const float divisor = DIVISOR;                                                              \
        (void)thread;                                                                               \
        for (int64_t r = chunk * p->per_chunk; r < end; r++) {                                      \
            const float *restrict ts = p->t + r * cols, *restrict os = p->o + r * cols;             \
            float *restrict out = p->out + r * cols;                                                \
            const float dy = p->dy[r] / divisor;                                                    \
            for (int64_t k = 0; k < cols; k++) { const float t = ts[k], o = os[k]; out[k] = dy * (SLOPE); } \
        }                                                                                           \
    }                                                                                               \
    static int FNN_NAME(NAME)(fnn_step *s) {                                                        \
        return FNN_NAME(over_pairs)(s, COST, &s->in[0], &s->in[1], NULL, FNN_NAME(NAME##_rows));    \
    }                                                                                               \
    static int FNN_NAME(NAME##_backward)(fnn_step *s) {                                             \
        return FNN_NAME(over_pairs)(s, COST, &s->in[1], &s->in[2], s->in[0].data, FNN_NAME(NAME##_backward_rows)); \
    }

static int FNN_NAME(over_pairs)(fnn_step *s, double cost, const fnn_tensor *t, const fnn_tensor *o, const float *dy,
                                void (*body)(void *, int64_t, int)) {
    if (!s->out[0].data || !o->size) return FNN_OK;
    const int64_t cols = o->shape[o->ndim - 1];
    FNN_NAME(pairs) p = {t->data, o->data, dy, s->out[0].data, o->size / cols, cols, fnn_max(1, CHUNK / cols),
                         s->attr[0].f};
    fnn_parallel(fnn_ceil_div(p.rows, p.per_chunk), cost * (double)o->size, body, &p);
    return FNN_OK;
}

PAIR_LOSS(half_squared_error, 2, 1.0f, 0.5f * (t - o) * (t - o), o - t)
PAIR_LOSS(mean_squared_error, 2, (float)cols, (t - o) * (t - o), 2 * (o - t))

const fnn_entry FNN_NAME(loss_entries)[] = {
    {"half_squared_error", "y_true y_pred", "", FNN_NAME(half_squared_error), FNN_NAME(half_squared_error_backward), NULL},
    {"mean_squared_error", "y_true y_pred", "", FNN_NAME(mean_squared_error), FNN_NAME(mean_squared_error_backward), NULL},
    {0},
};
#endif
