/* cross_entropy.c: losses of logits with softmax, sigmoid or a threshold within; softmax's probabilities are kept. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "cross_entropy.c"
#include "every_isa.h"
#else
#include "vector_math.h"
#include "rows.h"

PAIR_LOSS(sigmoid_cross_entropy, 20, (float)cols, ,
          (o > 0 ? o : 0) - o * t + FNN_NAME(log1p_of_share)(FNN_NAME(exp_of)(-fabsf(o))), dy * (FNN_NAME(sigmoid_of)(o) - t))

PAIR_LOSS(perceptron_loss, 2, 1.0f, , ((float)(o >= 0) - t) * o, dy * ((float)(o >= 0) - t))

/* p = x - max per row, then exp over the whole chunk at once: full vectors however short the rows are. The row's
 * loss is first set to its linear part, sum t (x - max), then completed with the logarithm of the total. */
static void FNN_NAME(exponentials)(const FNN_NAME(row_job) *p, int64_t first, int64_t end) {
    const int64_t cols = p->cols;
    float *restrict e = p->p;
    for (int64_t r = first; r < end; r++) {
        const float *restrict x = p->o + r * cols;
        const float top = FNN_NAME(row_max)(x, cols);
        for (int64_t k = 0; k < cols; k++) e[r * cols + k] = x[k] - top;
        p->out[r] = p->t ? FNN_NAME(row_dot)(p->t + r * cols, e + r * cols, cols)
                         : e[r * cols + ((const int32_t *)p->labels)[r]];
    }
    for (int64_t k = first * cols; k < end * cols; k++) e[k] = FNN_NAME(exp_of)(e[k]);
}

static void FNN_NAME(softmax_loss_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_job) *p = arg;
    const int64_t cols = p->cols, first = chunk * p->per_chunk;
    (void)thread;
    FNN_NAME(exponentials)(p, first, fnn_min(first + p->per_chunk, p->rows));
    for EACH_ROW(p, chunk) {
        float *restrict e = p->p + r * cols;
        const float total = FNN_NAME(row_sum)(e, cols), weight = p->t ? FNN_NAME(row_sum)(p->t + r * cols, cols) : 1;
        p->out[r] = weight * FNN_NAME(log_of)(total) - p->out[r];
        for (int64_t k = 0; k < cols; k++) e[k] /= total;
    }
}

static void FNN_NAME(softmax_loss_backward_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_job) *p = arg;
    const int64_t cols = p->cols;
    (void)thread;
    for EACH_ROW(p, chunk) {
        const float *restrict t = p->t + r * cols, *restrict probability = p->o + r * cols;
        float *restrict out = p->out + r * cols;
        const float weight = FNN_NAME(row_sum)(t, cols), dy = p->dy[r];
        for (int64_t k = 0; k < cols; k++) out[k] = dy * (probability[k] * weight - t[k]);
    }
}

static void FNN_NAME(label_loss_backward_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_job) *p = arg;
    const int64_t cols = p->cols;
    (void)thread;
    for EACH_ROW(p, chunk) {
        const float *restrict probability = p->o + r * cols, dy = p->dy[r];
        float *restrict out = p->out + r * cols;
        const int32_t label = ((const int32_t *)p->labels)[r];
        for (int64_t k = 0; k < cols; k++) out[k] = dy * probability[k];
        out[label] = dy * (probability[label] - 1);
    }
}

static int FNN_NAME(softmax_cross_entropy)(fnn_step *s) {
    FNN_NAME(row_job) p = {.t = s->in[0].data, .o = s->in[1].data, .out = s->out[0].data, .p = s->out[1].data};
    return FNN_NAME(over_rows)(&p, &s->in[1], 10, FNN_NAME(softmax_loss_rows));
}

static int FNN_NAME(softmax_cross_entropy_backward)(fnn_step *s) {
    FNN_NAME(row_job) p = {.t = s->in[1].data, .o = s->in[2].data, .dy = s->in[0].data, .out = s->out[0].data};
    return FNN_NAME(over_rows)(&p, &s->in[2], 2, FNN_NAME(softmax_loss_backward_rows));
}

static int FNN_NAME(sparse_softmax_cross_entropy)(fnn_step *s) {
    FNN_NAME(row_job) p = {.labels = s->in[0].data, .o = s->in[1].data, .out = s->out[0].data, .p = s->out[1].data};
    s->detail = FNN_NAME(wrong_label)(&s->in[0], s->in[1].shape[s->in[1].ndim - 1]);
    if (s->detail >= 0) return FNN_LABEL_OUT_OF_RANGE;
    return FNN_NAME(over_rows)(&p, &s->in[1], 10, FNN_NAME(softmax_loss_rows));
}

static int FNN_NAME(sparse_softmax_cross_entropy_backward)(fnn_step *s) {
    FNN_NAME(row_job) p = {.labels = s->in[1].data, .o = s->in[2].data, .dy = s->in[0].data, .out = s->out[0].data};
    s->detail = FNN_NAME(wrong_label)(&s->in[1], s->in[2].shape[s->in[2].ndim - 1]);
    if (s->detail >= 0) return FNN_LABEL_OUT_OF_RANGE;
    return FNN_NAME(over_rows)(&p, &s->in[2], 1, FNN_NAME(label_loss_backward_rows));
}

const fnn_entry FNN_NAME(cross_entropy_entries)[] = {
    {"softmax_cross_entropy", "y_true logits", "", FNN_NAME(softmax_cross_entropy),
     FNN_NAME(softmax_cross_entropy_backward), NULL},
    {"sparse_softmax_cross_entropy", "labels logits", "", FNN_NAME(sparse_softmax_cross_entropy),
     FNN_NAME(sparse_softmax_cross_entropy_backward), NULL},
    {"sigmoid_cross_entropy", "y_true logits", "", FNN_NAME(sigmoid_cross_entropy),
     FNN_NAME(sigmoid_cross_entropy_backward), NULL},
    {"perceptron_loss", "y_true logits", "", FNN_NAME(perceptron_loss), FNN_NAME(perceptron_loss_backward), NULL},
    {0},
};
#endif
