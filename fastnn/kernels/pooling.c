/* pooling.c: the largest or the mean of every window; images are [sample][row][column][channel].
 *
 * Inner loops run over the channels of one cell, which lie side by side. Windows are cut at the edges of the image:
 * padding is never read and does not count. A global pool is a window as large as the image.
 */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "pooling.c"
#include "every_isa.h"
#else

#define CHUNK 16384  /* cells of x that one thread takes at once, at least */
#define CHANNELS 64  /* partial sums of a mean that are kept at once */
#define FEW 16       /* with fewer channels than this, several windows are gathered into vectors */

typedef struct { int64_t length, size, stride, before, count; } FNN_NAME(axis);

typedef struct {
    const float *in;         /* x, or dy on the way back */
    float *out;              /* y, or dx */
    int32_t *winner;         /* row * width + column of every maximum */
    const int32_t *won;
    const float *kept;       /* the maxima, where only positive ones pass their gradient on */
    int64_t samples, channels, per_chunk;
    FNN_NAME(axis) rows, cols;
} FNN_NAME(pool_job);

typedef struct { int64_t begin, end; } FNN_NAME(span);

static inline FNN_NAME(span) FNN_NAME(window_span)(const FNN_NAME(axis) *a, int64_t k) {
    const int64_t start = k * a->stride - a->before;
    return (FNN_NAME(span)){fnn_max(start, 0), fnn_min(start + a->size, a->length)};
}

/* Takes `v` at `place` into the maximum `top` at `at`: the first one wins a tie; NaN wins over numbers, and stays.
 * Written with bits, as compilers turn two choices by one condition into a branch and the loop into scalar code. */
#define TAKE(top, at, v, place)                                        \
    do {                                                                   \
        const int32_t take = ~-((v) <= (top)) & -((top) == (top));         \
        at = ((at) & ~take) | ((place) & take);                            \
        top = take ? (v) : (top);                                          \
    } while (0)

static inline void FNN_NAME(max_of_four)(const float *restrict a, const float *restrict below, int64_t channels,
                                         int32_t place, int32_t width, float *restrict y, int32_t *restrict winner) {
    const float *restrict b = a + channels, *restrict d = below + channels;
    for (int64_t k = 0; k < channels; k++) {
        float top = a[k];
        int32_t at = place;
        TAKE(top, at, b[k], place + 1);
        TAKE(top, at, below[k], place + width);
        TAKE(top, at, d[k], place + width + 1);
        y[k] = top;
        winner[k] = at;
    }
}

/* Two by two windows of few channels side by side, `count` of them `stride` columns apart: each corner is gathered,
 * then all cells are compared at once. */
static void FNN_NAME(max_of_fours)(const float *image, int64_t channels, int64_t count, int64_t stride, int64_t place,
                                   int64_t width, float *restrict y, int32_t *restrict winner) {
    float corner[4][FEW * FEW];
    int32_t first[FEW * FEW];
    for (int64_t done = 0; done < count; done += FEW) {
        const int64_t windows = fnn_min(FEW, count - done);
        int64_t n = 0;
        for (int64_t j = 0; j < windows; j++) {
            const int64_t at = place + (done + j) * stride;
            const float *a = image + at * channels, *b = a + channels, *c = a + width * channels, *d = c + channels;
            for (int64_t k = 0; k < channels; k++, n++) {
                corner[0][n] = a[k];
                corner[1][n] = b[k];
                corner[2][n] = c[k];
                corner[3][n] = d[k];
                first[n] = (int32_t)at;
            }
        }
        for (int64_t k = 0; k < n; k++) {
            float top = corner[0][k];
            int32_t at = first[k];
            TAKE(top, at, corner[1][k], first[k] + 1);
            TAKE(top, at, corner[2][k], first[k] + (int32_t)width);
            TAKE(top, at, corner[3][k], first[k] + (int32_t)width + 1);
            y[done * channels + k] = top;
            winner[done * channels + k] = at;
        }
    }
}

static inline void FNN_NAME(max_of_window)(const float *image, const FNN_NAME(pool_job) *p, FNN_NAME(span) h,
                                           FNN_NAME(span) w, float *restrict y, int32_t *restrict winner) {
    const int64_t channels = p->channels, width = p->cols.length;
    const int32_t first = (int32_t)(h.begin * width + w.begin);
    const float *restrict corner = image + first * channels;
    for (int64_t k = 0; k < channels; k++) { y[k] = corner[k]; winner[k] = first; }
    for (int64_t i = h.begin; i < h.end; i++)
        for (int64_t j = w.begin; j < w.end; j++) {
            const int32_t place = (int32_t)(i * width + j);
            const float *restrict x = image + place * channels;
            for (int64_t k = 0; k < channels; k++) {
                float top = y[k];
                int32_t at = winner[k];
                TAKE(top, at, x[k], place);
                y[k] = top;
                winner[k] = at;
            }
        }
}

static inline void FNN_NAME(mean_of_four)(const float *restrict a, const float *restrict below, int64_t channels,
                                          float *restrict y) {
    const float *restrict b = a + channels, *restrict d = below + channels;
    for (int64_t k = 0; k < channels; k++) y[k] = ((a[k] + b[k]) + (below[k] + d[k])) * 0.25f;
}

/* Sums rows first, then the rows' sums: rounding stays small for whole images. */
static inline void FNN_NAME(mean_of_window)(const float *image, const FNN_NAME(pool_job) *p, FNN_NAME(span) h,
                                            FNN_NAME(span) w, float *restrict y) {
    const float count = (float)((h.end - h.begin) * (w.end - w.begin));
    for (int64_t from = 0; from < p->channels; from += CHANNELS) {
        const int64_t some = fnn_min(CHANNELS, p->channels - from);
        float total[CHANNELS] = {0};
        for (int64_t i = h.begin; i < h.end; i++) {
            float row[CHANNELS] = {0};
            for (int64_t j = w.begin; j < w.end; j++) {
                const float *restrict x = image + (i * p->cols.length + j) * p->channels + from;
                for (int64_t k = 0; k < some; k++) row[k] += x[k];
            }
            for (int64_t k = 0; k < some; k++) total[k] += row[k];
        }
        for (int64_t k = 0; k < some; k++) y[from + k] = total[k] / count;
    }
}

static inline int FNN_NAME(is_two_by_two)(FNN_NAME(span) h, FNN_NAME(span) w) {
    return h.end - h.begin == 2 && w.end - w.begin == 2;
}

static inline int FNN_NAME(all_two)(const FNN_NAME(axis) *a) { /* whether no window of two is cut */
    return a->size == 2 && a->before == 0 && (a->count - 1) * a->stride + 2 <= a->length;
}

/* A chunk is a number of rows of the result, whichever image they belong to. */
static void FNN_NAME(max_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(pool_job) *p = arg;
    const int64_t channels = p->channels, width = p->cols.length, total = p->samples * p->rows.count;
    (void)thread;
    for (int64_t r = chunk * p->per_chunk; r < fnn_min((chunk + 1) * p->per_chunk, total); r++) {
        const float *image = p->in + r / p->rows.count * p->rows.length * width * channels;
        const FNN_NAME(span) h = FNN_NAME(window_span)(&p->rows, r % p->rows.count);
        if (channels < FEW && FNN_NAME(all_two)(&p->cols) && h.end - h.begin == 2) {
            FNN_NAME(max_of_fours)(image, channels, p->cols.count, p->cols.stride, h.begin * width, width,
                                   p->out + r * p->cols.count * channels, p->winner + r * p->cols.count * channels);
            continue;
        }
        for (int64_t j = 0; j < p->cols.count; j++) {
            const FNN_NAME(span) w = FNN_NAME(window_span)(&p->cols, j);
            const int64_t place = h.begin * width + w.begin, cell = (r * p->cols.count + j) * channels;
            if (FNN_NAME(is_two_by_two)(h, w))
                FNN_NAME(max_of_four)(image + place * channels, image + (place + width) * channels, channels,
                                      (int32_t)place, (int32_t)width, p->out + cell, p->winner + cell);
            else
                FNN_NAME(max_of_window)(image, p, h, w, p->out + cell, p->winner + cell);
        }
    }
}

static void FNN_NAME(mean_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(pool_job) *p = arg;
    const int64_t channels = p->channels, width = p->cols.length, total = p->samples * p->rows.count;
    (void)thread;
    for (int64_t r = chunk * p->per_chunk; r < fnn_min((chunk + 1) * p->per_chunk, total); r++) {
        const float *image = p->in + r / p->rows.count * p->rows.length * width * channels;
        const FNN_NAME(span) h = FNN_NAME(window_span)(&p->rows, r % p->rows.count);
        for (int64_t j = 0; j < p->cols.count; j++) {
            const FNN_NAME(span) w = FNN_NAME(window_span)(&p->cols, j);
            const int64_t place = h.begin * width + w.begin, cell = (r * p->cols.count + j) * channels;
            if (FNN_NAME(is_two_by_two)(h, w))
                FNN_NAME(mean_of_four)(image + place * channels, image + (place + width) * channels, channels,
                                       p->out + cell);
            else
                FNN_NAME(mean_of_window)(image, p, h, w, p->out + cell);
        }
    }
}

static inline int FNN_NAME(apart)(const FNN_NAME(axis) *a) { return a->stride >= a->size || a->count == 1; }
static inline int FNN_NAME(seamless)(const FNN_NAME(axis) *a) { /* windows side by side that leave nothing over */
    return a->before == 0 && (a->count == 1 || a->stride == a->size) && a->count * a->size >= a->length;
}

static inline float FNN_NAME(if_equal)(int32_t a, int32_t b, float x) { /* x or 0, without a branch for few channels */
    union { float f; int32_t i; } u = {x};
    u.i &= -(a == b);
    return u.f;
}

/* Declares the way back of one image per chunk: every cell of every window gets SHARE, in reading order of the
 * windows. Where windows do not overlap it is stored, otherwise added. */
#define SPREAD(NAME, SHARE)                                                                         \
    static void FNN_NAME(NAME)(void *arg, int64_t sample, int thread) {                             \
        const FNN_NAME(pool_job) *p = arg;                                                          \
        const int64_t channels = p->channels, width = p->cols.length, plane = p->rows.length * width * channels; \
        const int store = FNN_NAME(apart)(&p->rows) && FNN_NAME(apart)(&p->cols);                   \
        float *image = p->out + sample * plane;                                                     \
        (void)thread;                                                                               \
        if (!store || !FNN_NAME(seamless)(&p->rows) || !FNN_NAME(seamless)(&p->cols))               \
            memset(image, 0, (size_t)plane * sizeof(float));                                        \
        for (int64_t r = sample * p->rows.count; r < (sample + 1) * p->rows.count; r++) {           \
            const FNN_NAME(span) h = FNN_NAME(window_span)(&p->rows, r - sample * p->rows.count);   \
            for (int64_t j = 0; j < p->cols.count; j++) {                                           \
                const FNN_NAME(span) w = FNN_NAME(window_span)(&p->cols, j);                        \
                const int64_t cell = (r * p->cols.count + j) * channels;                            \
                const float *restrict dy = p->in + cell, share = 1 / (float)((h.end - h.begin) * (w.end - w.begin)); \
                const int32_t *restrict won = p->won ? p->won + cell : NULL;                        \
                const float *restrict kept = p->kept ? p->kept + cell : NULL;                       \
                (void)won; (void)share; (void)kept;                                                 \
                for (int64_t i = h.begin; i < h.end; i++)                                           \
                    for (int64_t at = i * width + w.begin; at < i * width + w.end; at++) {          \
                        float *restrict dx = image + at * channels;                                 \
                        const int32_t place = (int32_t)at;                                          \
                        (void)place;                                                                \
                        if (store) for (int64_t k = 0; k < channels; k++) dx[k] = SHARE;            \
                        else for (int64_t k = 0; k < channels; k++) dx[k] += SHARE;                 \
                    }                                                                               \
            }                                                                                       \
        }                                                                                           \
    }

SPREAD(spread_to_winners, FNN_NAME(if_equal)(won[k], place, dy[k]))
SPREAD(spread_to_positive, FNN_NAME(if_equal)(won[k], place, kept[k] > 0 ? dy[k] : 0))
SPREAD(spread_evenly, dy[k] * share)

static FNN_NAME(axis) FNN_NAME(axis_of)(const fnn_step *s, int k, int64_t length, int64_t count) {
    const fnn_attr *size = &s->attr[0], *stride = s->attr[1].n < 0 ? size : &s->attr[1];
    FNN_NAME(axis) a = {length, size->i[size->n > 1 ? k : 0], stride->i[stride->n > 1 ? k : 0], 0, count};
    if (s->attr[2].i[0]) a.before = fnn_max((count - 1) * a.stride + a.size - length, 0) / 2;
    return a;
}

/* The windows between an image batch and its pooled result; `whole`: one window per image. */
static FNN_NAME(pool_job) FNN_NAME(job_of)(const fnn_step *s, const fnn_tensor *image, const fnn_tensor *pooled, int whole) {
    const int64_t h = image->shape[1], w = image->shape[2];
    FNN_NAME(pool_job) p = {.in = s->in[0].data, .out = s->out[0].data, .samples = image->shape[0],
                            .channels = image->shape[3]};
    p.rows = whole ? (FNN_NAME(axis)){h, h, h, 0, 1} : FNN_NAME(axis_of)(s, 0, h, pooled->shape[1]);
    p.cols = whole ? (FNN_NAME(axis)){w, w, w, 0, 1} : FNN_NAME(axis_of)(s, 1, w, pooled->shape[2]);
    const int64_t row_work = p.cols.count * p.channels * p.rows.size * p.cols.size;
    p.per_chunk = fnn_max(1, CHUNK / fnn_max(1, row_work));
    return p;
}

static int FNN_NAME(pool)(fnn_step *s, int whole, void (*body)(void *, int64_t, int)) {
    FNN_NAME(pool_job) p = FNN_NAME(job_of)(s, &s->in[0], &s->out[0], whole);
    const double work = (double)s->out[0].size * (double)(p.rows.size * p.cols.size);
    p.winner = s->n_out > 1 ? s->out[1].data : NULL;
    if (s->out[0].size) fnn_parallel(fnn_ceil_div(p.samples * p.rows.count, p.per_chunk), work, body, &p);
    return FNN_OK;
}

static int FNN_NAME(unpool)(fnn_step *s, int whole, void (*body)(void *, int64_t, int)) {
    if (!s->out[0].data || !s->out[0].size) return FNN_OK;
    FNN_NAME(pool_job) p = FNN_NAME(job_of)(s, &s->out[0], &s->in[0], whole);
    p.won = s->n_in > 1 ? s->in[1].data : NULL;
    p.kept = s->n_in > 2 ? s->in[2].data : NULL;
    fnn_parallel(p.samples, (double)s->out[0].size + (double)s->in[0].size * (double)(p.rows.size * p.cols.size), body, &p);
    return FNN_OK;
}

static int FNN_NAME(max_pool2d)(fnn_step *s) { return FNN_NAME(pool)(s, 0, FNN_NAME(max_rows)); }
static int FNN_NAME(max_pool2d_backward)(fnn_step *s) { return FNN_NAME(unpool)(s, 0, FNN_NAME(spread_to_winners)); }
/* in = dy winner y; where y is the maximum of rectified numbers its sign is that of the number it was before. */
static int FNN_NAME(fused_max_pool2d_relu_backward)(fnn_step *s) { return FNN_NAME(unpool)(s, 0, FNN_NAME(spread_to_positive)); }
static int FNN_NAME(average_pool2d)(fnn_step *s) { return FNN_NAME(pool)(s, 0, FNN_NAME(mean_rows)); }
static int FNN_NAME(average_pool2d_backward)(fnn_step *s) { return FNN_NAME(unpool)(s, 0, FNN_NAME(spread_evenly)); }
static int FNN_NAME(global_max_pool2d)(fnn_step *s) { return FNN_NAME(pool)(s, 1, FNN_NAME(max_rows)); }
static int FNN_NAME(global_max_pool2d_backward)(fnn_step *s) { return FNN_NAME(unpool)(s, 1, FNN_NAME(spread_to_winners)); }
static int FNN_NAME(global_average_pool2d)(fnn_step *s) { return FNN_NAME(pool)(s, 1, FNN_NAME(mean_rows)); }
static int FNN_NAME(global_average_pool2d_backward)(fnn_step *s) { return FNN_NAME(unpool)(s, 1, FNN_NAME(spread_evenly)); }

#define POOL_ENTRY(NAME, ATTRS) {#NAME, "x", ATTRS, FNN_NAME(NAME), FNN_NAME(NAME##_backward), NULL}

const fnn_entry FNN_NAME(pooling_entries)[] = {
    POOL_ENTRY(max_pool2d, "pool_size strides padding"),
    POOL_ENTRY(average_pool2d, "pool_size strides padding"),
    POOL_ENTRY(global_max_pool2d, "keepdims"),
    POOL_ENTRY(global_average_pool2d, "keepdims"),
    {"fused_max_pool2d_relu", "x", "pool_size strides padding", NULL, FNN_NAME(fused_max_pool2d_relu_backward), NULL},
    {0},
};
#endif
