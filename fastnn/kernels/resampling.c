/* resampling.c: images in another size, [sample][row][column][channel]. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "resampling.c"
#include "every_isa.h"
#else

typedef struct {
    const float *in;
    float *out;
    int64_t h, w, c, rows, cols; /* small or large: the image x; then its new size */
    int nearest;
} FNN_NAME(resize_job);

typedef struct { int64_t low, high; float share; } FNN_NAME(tap);

static inline FNN_NAME(tap) FNN_NAME(tap_of)(int64_t k, int64_t length, int64_t size, int nearest) {
    double at = ((double)k + 0.5) * ((double)length / (double)size);
    if (nearest) {
        const int64_t low = fnn_min((int64_t)at, length - 1);
        return (FNN_NAME(tap)){low, low, 0};
    }
    at = at - 0.5 > 0 ? at - 0.5 : 0;
    if (at > (double)(length - 1)) at = (double)(length - 1);
    const int64_t low = (int64_t)at;
    return (FNN_NAME(tap)){low, fnn_min(low + 1, length - 1), (float)(at - (double)low)};
}

static void FNN_NAME(resize_image)(void *arg, int64_t n, int thread) {
    const FNN_NAME(resize_job) *j = arg;
    const float *x = j->in + n * j->h * j->w * j->c;
    float *restrict y = j->out + n * j->rows * j->cols * j->c;
    (void)thread;
    for (int64_t r = 0; r < j->rows; r++) {
        const FNN_NAME(tap) a = FNN_NAME(tap_of)(r, j->h, j->rows, j->nearest);
        for (int64_t q = 0; q < j->cols; q++, y += j->c) {
            const FNN_NAME(tap) b = FNN_NAME(tap_of)(q, j->w, j->cols, j->nearest);
            const float *p = x + (a.low * j->w + b.low) * j->c, *p2 = x + (a.low * j->w + b.high) * j->c;
            const float *o = x + (a.high * j->w + b.low) * j->c, *o2 = x + (a.high * j->w + b.high) * j->c;
            if (j->nearest) {
                memcpy(y, p, (size_t)j->c * sizeof(float));
                continue;
            }
            for (int64_t k = 0; k < j->c; k++) {
                const float left = p[k] * (1 - a.share) + o[k] * a.share, right = p2[k] * (1 - a.share) + o2[k] * a.share;
                y[k] = left * (1 - b.share) + right * b.share;
            }
        }
    }
}

static void FNN_NAME(spread_image)(void *arg, int64_t n, int thread) {
    const FNN_NAME(resize_job) *j = arg;
    const float *dy = j->in + n * j->rows * j->cols * j->c;
    float *dx = j->out + n * j->h * j->w * j->c;
    (void)thread;
    memset(dx, 0, (size_t)(j->h * j->w * j->c) * sizeof(float));
    for (int64_t r = 0; r < j->rows; r++) {
        const FNN_NAME(tap) a = FNN_NAME(tap_of)(r, j->h, j->rows, j->nearest);
        for (int64_t q = 0; q < j->cols; q++, dy += j->c) {
            const FNN_NAME(tap) b = FNN_NAME(tap_of)(q, j->w, j->cols, j->nearest);
            const int64_t at[4] = {a.low * j->w + b.low, a.low * j->w + b.high, a.high * j->w + b.low, a.high * j->w + b.high};
            const float share[4] = {(1 - a.share) * (1 - b.share), (1 - a.share) * b.share, a.share * (1 - b.share),
                                    a.share * b.share};
            for (int m = 0; m < (j->nearest ? 1 : 4); m++)
                for (int64_t k = 0; k < j->c; k++) dx[at[m] * j->c + k] += dy[k] * share[m];
        }
    }
}

static int FNN_NAME(run_resize)(fnn_step *s, const fnn_tensor *x, const fnn_tensor *y, void (*body)(void *, int64_t, int)) {
    FNN_NAME(resize_job) j = {s->in[0].data, s->out[0].data, x->shape[1], x->shape[2], x->shape[3], y->shape[1], y->shape[2],
                              s->attr[1].i[0] == 1};
    if (j.out && s->out[0].size) fnn_parallel(x->shape[0], (double)y->size * 4, body, &j);
    return FNN_OK;
}

static int FNN_NAME(resize2d)(fnn_step *s) { return FNN_NAME(run_resize)(s, &s->in[0], &s->out[0], FNN_NAME(resize_image)); }
static int FNN_NAME(resize2d_backward)(fnn_step *s) {
    return FNN_NAME(run_resize)(s, &s->out[0], &s->in[0], FNN_NAME(spread_image));
}

const fnn_entry FNN_NAME(resampling_entries)[] = {
    {"resize2d", "x", "size interpolation", FNN_NAME(resize2d), FNN_NAME(resize2d_backward), NULL},
    {0},
};
#endif
