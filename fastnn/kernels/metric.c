/* metric.c: 1 or 0 per row: was the prediction right? */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "metric.c"
#include "every_isa.h"
#else
#include "vector_math.h"
#include "rows.h"

/* A whole number that orders floats: unlike maxima of floats, those of integers run on vectors, if written with bits
 * instead of choices. -0 counts as 0, NaN as more than infinity, as in NumPy's argmax. */
static inline int32_t FNN_NAME(order_of)(float x) {
    union { float f; int32_t i; } u = {x + 0.0f};
    const int32_t nan = -(x != x);
    return ((u.i ^ ((u.i >> 31) & INT32_MAX)) & ~nan) | (nan & INT32_MAX);
}

/* Position of the first maximum. */
static int64_t FNN_NAME(first_largest)(const float *x, int32_t cols) {
    int32_t top = INT32_MIN, at = INT32_MAX;
    for (int32_t k = 0; k < cols; k++) {
        const int32_t order = FNN_NAME(order_of)(x[k]);
        top = order > top ? order : top;
    }
    for (int32_t k = 0; k < cols; k++) {
        const int32_t elsewhere = -(FNN_NAME(order_of)(x[k]) != top), here = k | (elsewhere & INT32_MAX);
        at = here < at ? here : at;
    }
    return at;
}

static void FNN_NAME(binary_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_job) *p = arg;
    const float threshold = (float)p->number;
    (void)thread;
    for EACH_ROW(p, chunk) {
        const float *t = p->t + r * p->cols, *o = p->o + r * p->cols;
        int64_t right = 0;
        for (int64_t k = 0; k < p->cols; k++) right += t[k] == (o[k] > threshold ? 1.0f : 0.0f);
        p->out[r] = (float)right / (float)p->cols;
    }
}

static void FNN_NAME(categorical_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_job) *p = arg;
    (void)thread;
    for EACH_ROW(p, chunk) {
        const int64_t truth = p->t ? FNN_NAME(first_largest)(p->t + r * p->cols, (int32_t)p->cols)
                                   : ((const int32_t *)p->labels)[r];
        p->out[r] = truth == FNN_NAME(first_largest)(p->o + r * p->cols, (int32_t)p->cols) ? 1.0f : 0.0f;
    }
}

static int FNN_NAME(binary_accuracy)(fnn_step *s) {
    FNN_NAME(row_job) p = {.t = s->in[0].data, .o = s->in[1].data, .out = s->out[0].data, .number = s->attr[0].f};
    return FNN_NAME(over_rows)(&p, &s->in[1], 1, FNN_NAME(binary_rows));
}

static int FNN_NAME(categorical_accuracy)(fnn_step *s) {
    FNN_NAME(row_job) p = {.t = s->in[0].data, .o = s->in[1].data, .out = s->out[0].data};
    return FNN_NAME(over_rows)(&p, &s->in[1], 4, FNN_NAME(categorical_rows));
}

static int FNN_NAME(sparse_categorical_accuracy)(fnn_step *s) {
    FNN_NAME(row_job) p = {.labels = s->in[0].data, .o = s->in[1].data, .out = s->out[0].data};
    return FNN_NAME(over_rows)(&p, &s->in[1], 2, FNN_NAME(categorical_rows));
}

const fnn_entry FNN_NAME(metric_entries)[] = {
    {"binary_accuracy", "y_true y_pred", "threshold", FNN_NAME(binary_accuracy), NULL, NULL},
    {"categorical_accuracy", "y_true y_pred", "", FNN_NAME(categorical_accuracy), NULL, NULL},
    {"sparse_categorical_accuracy", "labels y_pred", "", FNN_NAME(sparse_categorical_accuracy), NULL, NULL},
    {0},
};
#endif
