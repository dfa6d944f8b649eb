/* pooling.c: the largest or the mean of every window; images are [sample][row][column][channel].
 *
 * Inner loops run over the channels of one cell, which lie side by side: vectors, of which the last may be cut. Windows are cut at the edges of the image:
 * padding is never read and does not count. A global pool is a window as large as the image.
 */
#include "fnn.h"
#include "vector_system.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "pooling.c"
#include "every_isa.h"
#else
#include "vector.h"
#include "vector_choice.h"

#define CHUNK 16384  /* cells of x that one thread takes at once, at least */
#define CHANNELS 64  /* partial sums of a mean that are kept at once */

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

/* Does BODY for the channels k … k + n - 1 of a cell, a vector at a time. */
#define EACH_VECTOR(channels, BODY)                                                                  \
    for (int64_t k = 0; k < (channels); k += FNN_LANES) {                                            \
        const int n = (int)fnn_min(FNN_LANES, (channels) - k);                                       \
        BODY;                                                                                        \
    }

/* How many numbers of a cell and of those behind it to work on: few channels take a whole vector that spills over
 * results which come later, as long as these are the same thread's; x and y are how many there are before the ends. */
static inline int64_t FNN_NAME(with_spill)(int64_t channels, int64_t x, int64_t y) {
    const int64_t lanes = 2 * channels > FNN_LANES ? FNN_LANES : FNN_LANES / 2;
    return channels < FNN_LANES ? fnn_min(lanes, fnn_min(x, y)) : channels;
}

/* The maxima of a window of `height` rows and `across` columns whose first cell is number `first` of the image. */
FNN_INLINE void FNN_NAME(max_of_window)(const float *image, int64_t channels, int64_t some, int64_t width, int64_t first,
                                        int64_t height, int64_t across, float *y, float *winner) {
    const float *corner = image + first * channels;
    EACH_VECTOR(some,
        VEC top = FNN_NAME(vec_take)(corner + k, n);
        VEC at = FNN_NAME(vec_whole)((int32_t)first);
        for (int64_t i = 0; i < height; i++)
            for (int64_t j = i == 0; j < across; j++)
                FNN_NAME(vec_take_larger)(&top, &at, FNN_NAME(vec_take)(corner + (i * width + j) * channels + k, n),
                                          FNN_NAME(vec_whole)((int32_t)(first + i * width + j)));
        FNN_NAME(vec_put)(y + k, top, n);
        FNN_NAME(vec_put)(winner + k, at, n))
}

FNN_INLINE void FNN_NAME(mean_of_four)(const float *a, const float *below, int64_t channels, int64_t some, float *y) {
    EACH_VECTOR(some,
        const VEC above = FNN_NAME(vec_add)(FNN_NAME(vec_take)(a + k, n), FNN_NAME(vec_take)(a + channels + k, n));
        const VEC under = FNN_NAME(vec_add)(FNN_NAME(vec_take)(below + k, n), FNN_NAME(vec_take)(below + channels + k, n));
        FNN_NAME(vec_put)(y + k, FNN_NAME(vec_multiply)(FNN_NAME(vec_add)(above, under), FNN_NAME(vec_fill)(0.25f)), n))
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

/* A chunk is a number of rows of the result, whichever image they belong to. */
static void FNN_NAME(max_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(pool_job) *p = arg;
    const int64_t channels = p->channels, width = p->cols.length, total = p->samples * p->rows.count;
    const int64_t end = fnn_min((chunk + 1) * p->per_chunk, total), y_end = end * p->cols.count * channels;
    const float *x_end = p->in + p->samples * p->rows.length * width * channels;
    (void)thread;
    for (int64_t r = chunk * p->per_chunk; r < end; r++) {
        const float *image = p->in + r / p->rows.count * p->rows.length * width * channels;
        const FNN_NAME(span) h = FNN_NAME(window_span)(&p->rows, r % p->rows.count);
        for (int64_t j = 0; j < p->cols.count; j++) {
            const FNN_NAME(span) w = FNN_NAME(window_span)(&p->cols, j);
            const int64_t place = h.begin * width + w.begin, cell = (r * p->cols.count + j) * channels;
            const int64_t last = ((h.end - 1) * width + w.end - 1) * channels;
            const int64_t some = FNN_NAME(with_spill)(channels, x_end - image - last, y_end - cell);
            float *y = p->out + cell, *winner = (float *)p->winner + cell;
            if (FNN_NAME(is_two_by_two)(h, w)) FNN_NAME(max_of_window)(image, channels, some, width, place, 2, 2, y, winner);
            else FNN_NAME(max_of_window)(image, channels, some, width, place, h.end - h.begin, w.end - w.begin, y, winner);
        }
    }
}

static void FNN_NAME(mean_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(pool_job) *p = arg;
    const int64_t channels = p->channels, width = p->cols.length, total = p->samples * p->rows.count;
    const int64_t end = fnn_min((chunk + 1) * p->per_chunk, total), y_end = end * p->cols.count * channels;
    const float *x_end = p->in + p->samples * p->rows.length * width * channels;
    (void)thread;
    for (int64_t r = chunk * p->per_chunk; r < end; r++) {
        const float *image = p->in + r / p->rows.count * p->rows.length * width * channels;
        const FNN_NAME(span) h = FNN_NAME(window_span)(&p->rows, r % p->rows.count);
        for (int64_t j = 0; j < p->cols.count; j++) {
            const FNN_NAME(span) w = FNN_NAME(window_span)(&p->cols, j);
            const int64_t place = h.begin * width + w.begin, cell = (r * p->cols.count + j) * channels;
            const int64_t last = (place + width + 1) * channels;
            if (FNN_NAME(is_two_by_two)(h, w))
                FNN_NAME(mean_of_four)(image + place * channels, image + (place + width) * channels, channels,
                                       FNN_NAME(with_spill)(channels, x_end - image - last, y_end - cell), p->out + cell);
            else
                FNN_NAME(mean_of_window)(image, p, h, w, p->out + cell);
        }
    }
}

static inline int FNN_NAME(apart)(const FNN_NAME(axis) *a) { return a->stride >= a->size || a->count == 1; }
static inline int FNN_NAME(seamless)(const FNN_NAME(axis) *a) { /* windows side by side that leave nothing over */
    return a->before == 0 && (a->count == 1 || a->stride == a->size) && a->count * a->size >= a->length;
}

/* Declares the way back of one image per chunk: every cell of every window gets SHARE, in reading order of the
 * windows. Where windows do not overlap it is stored, otherwise added. Few channels are stored as a whole vector that
 * spills over cells of the same row, which are stored later. */
#define SPREAD(NAME, SHARE)                                                                         \
    FNN_INLINE void FNN_NAME(NAME##_to)(const FNN_NAME(pool_job) *p, float *image, int64_t at, int64_t cell, VEC share, \
                                        int64_t some, int store) {                                  \
        const VEC place = FNN_NAME(vec_whole)((int32_t)at);                                         \
        const float *dys = p->in + cell, *won = p->won ? (const float *)p->won + cell : dys;        \
        const float *kept = p->kept ? p->kept + cell : dys;                                         \
        float *dx = image + at * p->channels;                                                       \
        (void)won; (void)share; (void)kept; (void)place;                                            \
        EACH_VECTOR(some,                                                                           \
            const VEC dy = FNN_NAME(vec_take)(dys + k, n);                                          \
            const VEC part = SHARE;                                                                 \
            FNN_NAME(vec_put)(dx + k, store ? part : FNN_NAME(vec_add)(FNN_NAME(vec_take)(dx + k, n), part), n)) \
    }                                                                                               \
    static void FNN_NAME(NAME)(void *arg, int64_t sample, int thread) {                             \
        const FNN_NAME(pool_job) *p = arg;                                                          \
        const int64_t channels = p->channels, width = p->cols.length, plane = p->rows.length * width * channels; \
        const int64_t across = FNN_NAME(window_span)(&p->cols, p->cols.count - 1).end;              \
        const int64_t size = p->samples * p->rows.count * p->cols.count * channels;                 \
        const int store = FNN_NAME(apart)(&p->rows) && FNN_NAME(apart)(&p->cols);                   \
        const int spills = store && (p->cols.stride == p->cols.size || p->cols.count == 1);         \
        const VEC quarter = FNN_NAME(vec_fill)(0.25f);                                              \
        float *image = p->out + sample * plane;                                                     \
        (void)thread;                                                                               \
        if (!store || !FNN_NAME(seamless)(&p->rows) || !FNN_NAME(seamless)(&p->cols))               \
            memset(image, 0, (size_t)plane * sizeof(float));                                        \
        for (int64_t r = sample * p->rows.count; r < (sample + 1) * p->rows.count; r++) {           \
            const FNN_NAME(span) h = FNN_NAME(window_span)(&p->rows, r - sample * p->rows.count);   \
            for (int64_t j = 0; j < p->cols.count; j++) {                                           \
                const FNN_NAME(span) w = FNN_NAME(window_span)(&p->cols, j);                        \
                const int64_t cell = (r * p->cols.count + j) * channels, at = h.begin * width + w.begin; \
                const int64_t free = (across - w.end + 1) * channels;                               \
                const int64_t some = spills ? FNN_NAME(with_spill)(channels, size - cell, free) : channels; \
                if (store && FNN_NAME(is_two_by_two)(h, w)) {                                       \
                    for (int64_t i = at; i <= at + width; i += width) {                             \
                        FNN_NAME(NAME##_to)(p, image, i, cell, quarter, some, 1);                   \
                        FNN_NAME(NAME##_to)(p, image, i + 1, cell, quarter, some, 1);               \
                    }                                                                               \
                    continue;                                                                       \
                }                                                                                   \
                const VEC share = FNN_NAME(vec_fill)(1 / (float)((h.end - h.begin) * (w.end - w.begin))); \
                for (int64_t i = 0; i < h.end - h.begin; i++)                                       \
                    for (int64_t k = 0; k < w.end - w.begin; k++)                                   \
                        FNN_NAME(NAME##_to)(p, image, at + i * width + k, cell, share, some, store); \
            }                                                                                       \
        }                                                                                           \
    }

#define TO_WINNER(V) FNN_NAME(vec_where_equal)(FNN_NAME(vec_take)(won + k, n), place, V)
SPREAD(spread_to_winners, TO_WINNER(dy))
SPREAD(spread_to_positive, TO_WINNER(FNN_NAME(vec_where_positive)(FNN_NAME(vec_take)(kept + k, n), dy)))
SPREAD(spread_evenly, FNN_NAME(vec_multiply)(dy, share))

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
