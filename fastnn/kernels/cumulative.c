/* cumulative.c: sums and products of all cells up to each, along one axis. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "cumulative.c"
#include "every_isa.h"
#else

#define CHUNK 16384 /* cells that one thread takes at once */

/* Arrays as [outer, length, inner] around the axis of attribute 0; one line if that is None. */
typedef struct {
    const void *x, *dy;
    void *out;
    int64_t outer, length, inner, per_chunk;
    void (*line)(const void *x, const void *dy, void *out, int64_t length, int64_t step);
    int64_t bytes;
} FNN_NAME(lines);

static void FNN_NAME(line_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(lines) *p = arg;
    (void)thread;
    for (int64_t l = chunk * p->per_chunk; l < fnn_min((chunk + 1) * p->per_chunk, p->outer * p->inner); l++) {
        const int64_t at = (l / p->inner * p->length * p->inner + l % p->inner) * p->bytes;
        p->line((const char *)p->x + at, p->dy ? (const char *)p->dy + at : NULL, (char *)p->out + at, p->length, p->inner);
    }
}

static int FNN_NAME(over_lines)(fnn_step *s, const fnn_tensor *x, const void *dy, double cost,
                                void (*line)(const void *, const void *, void *, int64_t, int64_t)) {
    const fnn_tensor *like = x->ndim >= s->out[0].ndim ? x : &s->out[0]; /* of backward's two, the one that is not flat */
    FNN_NAME(lines) p = {x->data, dy, s->out[0].data, 1, x->size, 1, 0, line, 4};
    if (!p.out || !x->size) return FNN_OK;
    if (s->attr[0].n > 0) {
        const int axis = (int)(s->attr[0].i[0] < 0 ? s->attr[0].i[0] + like->ndim : s->attr[0].i[0]);
        p.outer = fnn_extent(like, 0, axis);
        p.length = like->shape[axis];
        p.inner = fnn_extent(like, axis + 1, like->ndim);
    }
    p.bytes = x->dtype == FNN_INT64 ? 8 : 4;
    p.per_chunk = fnn_max(1, CHUNK / p.length);
    fnn_parallel(fnn_ceil_div(p.outer * p.inner, p.per_chunk), cost * (double)x->size, FNN_NAME(line_chunk), &p);
    return FNN_OK;
}

/* Declares a line NAME of cells of type T: every result is the accumulator, of type A, after EXPR in acc and v. */
#define LINE(NAME, T, A, START, EXPR)                                                                         \
    static void FNN_NAME(NAME)(const void *in, const void *dy, void *out, int64_t length, int64_t step) {     \
        const T *x = in;                                                                                      \
        T *y = out;                                                                                           \
        A acc = START;                                                                                        \
        (void)dy;                                                                                             \
        for (int64_t k = 0; k < length; k++) { const A v = (A)x[k * step]; acc = EXPR; y[k * step] = (T)acc; } \
    }

LINE(cumsum_f, float, double, 0, acc + v)
LINE(cumsum_i, int32_t, uint32_t, 0, acc + v)
LINE(cumsum_l, int64_t, uint64_t, 0, acc + v)
LINE(cumprod_f, float, double, 1, acc * v)
LINE(cumprod_i, int32_t, uint32_t, 1, acc * v)
LINE(cumprod_l, int64_t, uint64_t, 1, acc * v)

#define CUMULATIVE(NAME)                                                                                      \
    static int FNN_NAME(NAME)(fnn_step *s) {                                                                  \
        const int dtype = s->in[0].dtype;                                                                     \
        return FNN_NAME(over_lines)(s, &s->in[0], NULL, 2, dtype == FNN_FLOAT32 ? FNN_NAME(NAME##_f) :        \
                                    (dtype == FNN_INT64 ? FNN_NAME(NAME##_l) : FNN_NAME(NAME##_i)));          \
    }
CUMULATIVE(cumsum)
CUMULATIVE(cumprod)

/* From the end: the sum of all later gradients. */
static void FNN_NAME(cumsum_back)(const void *in, const void *unused, void *out, int64_t length, int64_t step) {
    const float *dy = in;
    float *dx = out;
    double acc = 0;
    (void)unused;
    for (int64_t k = length - 1; k >= 0; k--) dx[k * step] = (float)(acc += dy[k * step]);
}

/* dx_i = (x_0 … x_i-1) (dy_i + x_i+1 (dy_i+1 + x_i+2 (…))): from the end the bracket, from the start the factor. */
static void FNN_NAME(cumprod_back)(const void *in, const void *upstream, void *out, int64_t length, int64_t step) {
    const float *x = in, *dy = upstream;
    float *dx = out;
    double later = 0, before = 1;
    for (int64_t k = length - 1; k >= 0; k--) {
        later = dy[k * step] + (k + 1 < length ? x[(k + 1) * step] * later : 0);
        dx[k * step] = (float)later;
    }
    for (int64_t k = 0; k < length; before *= x[k++ * step]) dx[k * step] = (float)(before * dx[k * step]);
}

static int FNN_NAME(cumsum_backward)(fnn_step *s) {
    return FNN_NAME(over_lines)(s, &s->in[0], NULL, 2, FNN_NAME(cumsum_back));
}
static int FNN_NAME(cumprod_backward)(fnn_step *s) {
    return FNN_NAME(over_lines)(s, &s->in[1], s->in[0].data, 8, FNN_NAME(cumprod_back));
}

const fnn_entry FNN_NAME(cumulative_entries)[] = {
    {"cumsum", "x", "axis", FNN_NAME(cumsum), FNN_NAME(cumsum_backward), NULL},
    {"cumprod", "x", "axis", FNN_NAME(cumprod), FNN_NAME(cumprod_backward), NULL},
    {0},
};
#endif
