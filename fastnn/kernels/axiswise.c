/* axiswise.c: functions that look along one axis: softmax, its logarithm, its sparse sister, and the gated linear unit. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "axiswise.c"
#include "every_isa.h"
#else
#include "vector_math.h"
#include "rows.h"

#define CHUNK 16384 /* floats that one thread takes at once */
#define COLUMNS 64  /* columns side by side, where the axis is not the last */

/* Arrays as [outer, length, inner] around the axis of attribute 0. In backward x is dy and y what was saved. */
typedef struct { const float *x, *y; float *out; int64_t outer, length, inner, per_chunk; } FNN_NAME(lines);

/* The lines of outer index o and columns [from, from + width): their first cells, in x, y and out. */
typedef void (*FNN_NAME(line_body))(const FNN_NAME(lines) *p, int64_t first, int64_t width);
typedef struct { FNN_NAME(lines) lines; FNN_NAME(line_body) body; } FNN_NAME(line_job);

static void FNN_NAME(line_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(line_job) *job = arg;
    const FNN_NAME(lines) *p = &job->lines;
    (void)thread;
    for (int64_t o = chunk * p->per_chunk; o < fnn_min((chunk + 1) * p->per_chunk, p->outer); o++)
        for (int64_t from = 0; from < p->inner; from += COLUMNS)
            job->body(p, o * p->length * p->inner + from, fnn_min(COLUMNS, p->inner - from));
}

static int FNN_NAME(over_lines)(fnn_step *s, const fnn_tensor *like, double cost, FNN_NAME(line_body) body) {
    const int64_t named = s->attr[0].i[0];
    const int axis = (int)(named < 0 ? named + like->ndim : named);
    if (!s->out[0].data || !like->size) return FNN_OK;
    FNN_NAME(line_job) job = {{s->in[0].data, s->n_in > 1 ? s->in[1].data : NULL, s->out[0].data, fnn_extent(like, 0, axis),
                               like->shape[axis], fnn_extent(like, axis + 1, like->ndim), 0}, body};
    job.lines.per_chunk = fnn_max(1, CHUNK / (job.lines.length * job.lines.inner));
    fnn_parallel(fnn_ceil_div(job.lines.outer, job.lines.per_chunk), cost * (double)like->size, FNN_NAME(line_chunk), &job);
    return FNN_OK;
}

/* for every column j of a line: cell k is at [k * step + j] */
#define EACH_COLUMN for (int64_t j = 0; j < width; j++)
#define EACH_CELL for (int64_t k = 0; k < p->length; k++)

/* ---- softmax ---- */

static void FNN_NAME(softmax_row)(const float *x, float *y, int64_t cols) {
    const float top = FNN_NAME(row_max)(x, cols);
    for (int64_t k = 0; k < cols; k++) y[k] = FNN_NAME(exp_of)(x[k] - top);
    const float total = FNN_NAME(row_sum)(y, cols);
    for (int64_t k = 0; k < cols; k++) y[k] /= total;
}

static void FNN_NAME(largest)(const FNN_NAME(lines) *p, const float *x, int64_t width, float *top) {
    memcpy(top, x, (size_t)width * sizeof(float));
    EACH_CELL EACH_COLUMN top[j] = x[k * p->inner + j] > top[j] ? x[k * p->inner + j] : top[j];
}

static void FNN_NAME(softmax_lines)(const FNN_NAME(lines) *p, int64_t first, int64_t width) {
    const float *x = p->x + first;
    float *y = p->out + first, top[COLUMNS], total[COLUMNS] = {0};
    if (p->inner == 1) { FNN_NAME(softmax_row)(x, y, p->length); return; }
    FNN_NAME(largest)(p, x, width, top);
    EACH_CELL EACH_COLUMN total[j] += y[k * p->inner + j] = FNN_NAME(exp_of)(x[k * p->inner + j] - top[j]);
    EACH_CELL EACH_COLUMN y[k * p->inner + j] /= total[j];
}

static void FNN_NAME(softmax_backward_lines)(const FNN_NAME(lines) *p, int64_t first, int64_t width) {
    const float *dy = p->x + first, *y = p->y + first;
    float *dx = p->out + first, mixed[COLUMNS] = {0};
    EACH_CELL EACH_COLUMN mixed[j] += dy[k * p->inner + j] * y[k * p->inner + j];
    EACH_CELL EACH_COLUMN dx[k * p->inner + j] = y[k * p->inner + j] * (dy[k * p->inner + j] - mixed[j]);
}

static int FNN_NAME(softmax)(fnn_step *s) { return FNN_NAME(over_lines)(s, &s->in[0], 8, FNN_NAME(softmax_lines)); }
static int FNN_NAME(softmax_backward)(fnn_step *s) { return FNN_NAME(over_lines)(s, &s->in[0], 4, FNN_NAME(softmax_backward_lines)); }

/* ---- log_softmax ---- */

static void FNN_NAME(log_softmax_lines)(const FNN_NAME(lines) *p, int64_t first, int64_t width) {
    const float *x = p->x + first;
    float *y = p->out + first, top[COLUMNS], total[COLUMNS] = {0};
    FNN_NAME(largest)(p, x, width, top);
    EACH_CELL EACH_COLUMN y[k * p->inner + j] = x[k * p->inner + j] - top[j];
    EACH_CELL EACH_COLUMN total[j] += FNN_NAME(exp_of)(y[k * p->inner + j]);
    EACH_COLUMN total[j] = FNN_NAME(log_of)(total[j]);
    EACH_CELL EACH_COLUMN y[k * p->inner + j] -= total[j];
}

static void FNN_NAME(log_softmax_backward_lines)(const FNN_NAME(lines) *p, int64_t first, int64_t width) {
    const float *dy = p->x + first, *y = p->y + first;
    float *dx = p->out + first, total[COLUMNS] = {0};
    EACH_CELL EACH_COLUMN total[j] += dy[k * p->inner + j];
    EACH_CELL EACH_COLUMN dx[k * p->inner + j] = dy[k * p->inner + j] - FNN_NAME(exp_of)(y[k * p->inner + j]) * total[j];
}

static int FNN_NAME(log_softmax)(fnn_step *s) { return FNN_NAME(over_lines)(s, &s->in[0], 10, FNN_NAME(log_softmax_lines)); }
static int FNN_NAME(log_softmax_backward)(fnn_step *s) { return FNN_NAME(over_lines)(s, &s->in[0], 8, FNN_NAME(log_softmax_backward_lines)); }

/* ---- sparsemax ---- */

/* The threshold: cells above it less it sum to 1. Cells are dropped until none of those left is below it. */
static float FNN_NAME(sparse_threshold)(const float *x, int64_t length, int64_t step) {
    double threshold = -INFINITY;
    for (int64_t before = -1, count = 0; count != before;) {
        double sum = 0;
        before = count;
        count = 0;
        for (int64_t k = 0; k < length; k++)
            if (!(x[k * step] <= threshold)) { sum += x[k * step]; count++; } /* NaN is kept, and spreads */
        threshold = (sum - 1) / (double)count;
    }
    return (float)threshold;
}

static void FNN_NAME(sparsemax_lines)(const FNN_NAME(lines) *p, int64_t first, int64_t width) {
    EACH_COLUMN {
        const float *x = p->x + first + j, threshold = FNN_NAME(sparse_threshold)(x, p->length, p->inner);
        float *y = p->out + first + j;
        EACH_CELL { const float d = x[k * p->inner] - threshold; y[k * p->inner] = d > 0 || d != d ? d : 0; }
    }
}

/* The mean of dy over the cells that are not 0 is taken off theirs. */
static void FNN_NAME(sparsemax_backward_lines)(const FNN_NAME(lines) *p, int64_t first, int64_t width) {
    const float *dy = p->x + first, *y = p->y + first;
    float *dx = p->out + first, total[COLUMNS] = {0}, count[COLUMNS] = {0};
    EACH_CELL EACH_COLUMN { total[j] += y[k * p->inner + j] > 0 ? dy[k * p->inner + j] : 0; count[j] += y[k * p->inner + j] > 0; }
    EACH_CELL EACH_COLUMN dx[k * p->inner + j] = y[k * p->inner + j] > 0 ? dy[k * p->inner + j] - total[j] / count[j] : 0;
}

static int FNN_NAME(sparsemax)(fnn_step *s) { return FNN_NAME(over_lines)(s, &s->in[0], 10, FNN_NAME(sparsemax_lines)); }
static int FNN_NAME(sparsemax_backward)(fnn_step *s) { return FNN_NAME(over_lines)(s, &s->in[0], 4, FNN_NAME(sparsemax_backward_lines)); }

/* ---- glu: the first half of the axis times the logistic function of the second ---- */

static void FNN_NAME(glu_lines)(const FNN_NAME(lines) *p, int64_t first, int64_t width) {
    const int64_t half = p->length / 2, from = first % p->inner + first / (p->length * p->inner) * half * p->inner;
    const float *a = p->x + first, *b = a + half * p->inner;
    float *y = p->out + from;
    for (int64_t k = 0; k < half; k++)
        EACH_COLUMN y[k * p->inner + j] = a[k * p->inner + j] * FNN_NAME(sigmoid_of)(b[k * p->inner + j]);
}

/* y is the saved x. */
static void FNN_NAME(glu_backward_lines)(const FNN_NAME(lines) *p, int64_t first, int64_t width) {
    const int64_t half = p->length / 2, from = first % p->inner + first / (p->length * p->inner) * half * p->inner;
    const float *dy = p->x + from, *a = p->y + first, *b = a + half * p->inner;
    float *da = p->out + first, *db = da + half * p->inner;
    for (int64_t k = 0; k < half; k++)
        EACH_COLUMN {
            const int64_t c = k * p->inner + j;
            const float gate = FNN_NAME(sigmoid_of)(b[c]);
            da[c] = dy[c] * gate;
            db[c] = dy[c] * a[c] * gate * (1 - gate);
        }
}

static int FNN_NAME(glu)(fnn_step *s) { return FNN_NAME(over_lines)(s, &s->in[0], 8, FNN_NAME(glu_lines)); }
static int FNN_NAME(glu_backward)(fnn_step *s) { return FNN_NAME(over_lines)(s, &s->out[0], 10, FNN_NAME(glu_backward_lines)); }

#define LINE_ENTRY(NAME) {#NAME, "x", "axis", FNN_NAME(NAME), FNN_NAME(NAME##_backward), NULL}

const fnn_entry FNN_NAME(axiswise_entries)[] = {
    LINE_ENTRY(softmax), LINE_ENTRY(log_softmax), LINE_ENTRY(sparsemax), LINE_ENTRY(glu),
    {0},
};
#endif
