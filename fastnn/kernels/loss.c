/* loss.c: one number per row of truth and prediction; backward only towards the prediction. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "loss.c"
#include "every_isa.h"
#else
#include "vector_math.h"
#include "rows.h"

static inline float FNN_NAME(sign_of)(float x) { return x != x ? x : (float)((x > 0) - (x < 0)); }
static inline float FNN_NAME(clip)(float x, float low, float high) { return x < low ? low : (x > high ? high : x); }

#define CLIP_RANGE const float low = (float)p->number, high = (float)(1 - p->number)
#define LOG_CLIPPED(x) FNN_NAME(log_of)(FNN_NAME(clip)(x, low, high))
#define LOG_REST(x) FNN_NAME(log_of)(1 - FNN_NAME(clip)(x, low, high))

PAIR_LOSS(half_squared_error, 2, 1.0f, , 0.5f * (t - o) * (t - o), dy * (o - t))
PAIR_LOSS(squared_error, 2, 1.0f, , (o - t) * (o - t), dy * 2 * (o - t))
PAIR_LOSS(mean_squared_error, 2, (float)cols, , (t - o) * (t - o), dy * 2 * (o - t))
PAIR_LOSS(mean_absolute_error, 2, (float)cols, , fabsf(t - o), dy * FNN_NAME(sign_of)(o - t))
PAIR_LOSS(binary_crossentropy, 16, (float)cols, CLIP_RANGE, -(t * LOG_CLIPPED(o) + (1 - t) * LOG_REST(o)),
          o < low || o > high ? 0 : dy * ((1 - t) / (1 - o) - t / o))

static void FNN_NAME(categorical_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_job) *p = arg;
    CLIP_RANGE;
    (void)thread;
    for EACH_ROW(p, chunk) {
        const float *restrict t = p->t + r * p->cols, *restrict o = p->o + r * p->cols;
        const float total = FNN_NAME(row_sum)(o, p->cols);
        float lane[ROW_LANES] = {0};
        int64_t k = 0;
        for (; k + ROW_LANES <= p->cols; k += ROW_LANES)
            for (int j = 0; j < ROW_LANES; j++) lane[j] += t[k + j] * LOG_CLIPPED(o[k + j] / total);
        for (int j = 0; k < p->cols; k++, j++) lane[j] += t[k] * LOG_CLIPPED(o[k] / total);
        p->out[r] = -FNN_NAME(lane_sum)(lane);
    }
}

static void FNN_NAME(categorical_backward_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_job) *p = arg;
    CLIP_RANGE;
    (void)thread;
    for EACH_ROW(p, chunk) {
        const float *restrict t = p->t + r * p->cols, *restrict o = p->o + r * p->cols;
        float *restrict out = p->out + r * p->cols;
        const float total = FNN_NAME(row_sum)(o, p->cols), dy = p->dy[r] / total;
        for (int64_t k = 0; k < p->cols; k++) out[k] = o[k] / total < low || o[k] / total > high ? 0 : t[k];
        const float counted = FNN_NAME(row_sum)(out, p->cols);
        for (int64_t k = 0; k < p->cols; k++) out[k] = dy * (counted - out[k] / FNN_NAME(clip)(o[k] / total, low, high));
    }
}

static int FNN_NAME(categorical_crossentropy)(fnn_step *s) {
    FNN_NAME(row_job) p = {.t = s->in[0].data, .o = s->in[1].data, .out = s->out[0].data, .number = s->attr[0].f};
    return FNN_NAME(over_rows)(&p, &s->in[1], 10, FNN_NAME(categorical_rows));
}

static int FNN_NAME(categorical_crossentropy_backward)(fnn_step *s) {
    FNN_NAME(row_job) p = {.t = s->in[1].data, .o = s->in[2].data, .dy = s->in[0].data, .out = s->out[0].data,
                           .number = s->attr[0].f};
    return FNN_NAME(over_rows)(&p, &s->in[2], 4, FNN_NAME(categorical_backward_rows));
}

static void FNN_NAME(sparse_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_job) *p = arg;
    const int32_t *label = p->labels;
    CLIP_RANGE;
    (void)thread;
    for EACH_ROW(p, chunk) {
        const float *o = p->o + r * p->cols;
        p->out[r] = -LOG_CLIPPED(o[label[r]] / FNN_NAME(row_sum)(o, p->cols));
    }
}

static void FNN_NAME(sparse_backward_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_job) *p = arg;
    const int32_t *label = p->labels;
    CLIP_RANGE;
    (void)thread;
    for EACH_ROW(p, chunk) {
        const float *o = p->o + r * p->cols;
        const float total = FNN_NAME(row_sum)(o, p->cols), q = o[label[r]] / total;
        const float inside = q < low || q > high ? 0 : p->dy[r];
        float *out = p->out + r * p->cols;
        for (int64_t k = 0; k < p->cols; k++) out[k] = inside / total;
        out[label[r]] = inside * (1 - 1 / FNN_NAME(clip)(q, low, high)) / total;
    }
}

static int FNN_NAME(over_labels)(fnn_step *s, const fnn_tensor *labels, const fnn_tensor *o, const float *dy,
                                 void (*body)(void *, int64_t, int)) {
    FNN_NAME(row_job) p = {.labels = labels->data, .o = o->data, .dy = dy, .out = s->out[0].data, .number = s->attr[0].f};
    s->detail = FNN_NAME(wrong_label)(labels, o->shape[o->ndim - 1]);
    if (s->detail >= 0) return FNN_LABEL_OUT_OF_RANGE;
    return FNN_NAME(over_rows)(&p, o, 1, body);
}

static int FNN_NAME(sparse_categorical_crossentropy)(fnn_step *s) {
    return FNN_NAME(over_labels)(s, &s->in[0], &s->in[1], NULL, FNN_NAME(sparse_rows));
}

static int FNN_NAME(sparse_categorical_crossentropy_backward)(fnn_step *s) {
    return FNN_NAME(over_labels)(s, &s->in[1], &s->in[2], s->in[0].data, FNN_NAME(sparse_backward_rows));
}

#define PAIR_ENTRY(NAME, ATTRS) {#NAME, "y_true y_pred", ATTRS, FNN_NAME(NAME), FNN_NAME(NAME##_backward), NULL}

const fnn_entry FNN_NAME(loss_entries)[] = {
    PAIR_ENTRY(half_squared_error, ""),
    PAIR_ENTRY(squared_error, ""),
    PAIR_ENTRY(mean_squared_error, ""),
    PAIR_ENTRY(mean_absolute_error, ""),
    PAIR_ENTRY(binary_crossentropy, "epsilon"),
    PAIR_ENTRY(categorical_crossentropy, "epsilon"),
    {"sparse_categorical_crossentropy", "labels y_pred", "epsilon", FNN_NAME(sparse_categorical_crossentropy),
     FNN_NAME(sparse_categorical_crossentropy_backward), NULL},
    {0},
};
#undef CLIP_RANGE
#undef LOG_CLIPPED
#undef LOG_REST
#endif
