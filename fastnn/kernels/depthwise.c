/* depthwise.c: a convolution in which every channel has kernels of its own; weights [row][column][channel][multiple].
 *
 * Inner loops run over the channels of one cell, which lie side by side, as do their weights.
 */
#include "convolution.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "depthwise.c"
#include "every_isa.h"
#else
#include "convolution.h"

#define SUM_BLOCKS 16 /* the gradient of the weights is the sum of at most so many parts, whatever the threads */

typedef struct {
    fnn_window z;
    int64_t dh, dw, multiple, blocks, part;
    const float *x, *w, *b, *dy;
    float *y, *dx, *parts, *dweights, *db;
} FNN_NAME(depth_job);

/* Attributes: strides, padding, dilation_rate. */
static FNN_NAME(depth_job) FNN_NAME(depth_job_of)(const fnn_step *s, const fnn_tensor *x, const fnn_tensor *w) {
    const int64_t dh = s->attr[2].i[0], dw = s->attr[2].i[1], kh = w->shape[0], kw = w->shape[1];
    FNN_NAME(depth_job) job = {fnn_window_of(x, (kh - 1) * dh + 1, (kw - 1) * dw + 1, &s->attr[0], &s->attr[1]), dh, dw,
                               w->shape[3], 0, 0, x->data, w->data, NULL, NULL, NULL, NULL, NULL, NULL, NULL};
    job.z.kh = kh;
    job.z.kw = kw;
    job.blocks = fnn_max(1, fnn_min(SUM_BLOCKS, job.z.n));
    job.part = fnn_ceil_div(kh * kw * job.z.c * job.multiple + job.z.c * job.multiple, 16) * 16;
    return job;
}

/* y[c, m] += x[c] w[c, m] */
static void FNN_NAME(spread_channels)(const float *restrict x, const float *restrict w, int64_t c, int64_t m, float *restrict y) {
    if (m == 1) {
        for (int64_t k = 0; k < c; k++) y[k] += x[k] * w[k];
        return;
    }
    for (int64_t k = 0; k < c; k++)
        for (int64_t l = 0; l < m; l++) y[k * m + l] += x[k] * w[k * m + l];
}

/* x[c] += sum over m of y[c, m] w[c, m] */
static void FNN_NAME(gather_channels)(const float *restrict y, const float *restrict w, int64_t c, int64_t m, float *restrict x) {
    for (int64_t k = 0; k < c; k++) {
        float sum = 0;
        for (int64_t l = 0; l < m; l++) sum += y[k * m + l] * w[k * m + l];
        x[k] += sum;
    }
}

/* Runs the body for every kernel cell of window (p, q) that is inside image n: `in` its place, `at` the weights'. */
#define EACH_MEETING(J, N, P, Q, ...)                                                                    \
    for (int64_t i = 0; i < (J)->z.kh; i++) {                                                            \
        const int64_t row = (P) * (J)->z.sh + i * (J)->dh - (J)->z.top;                                  \
        if (row < 0 || row >= (J)->z.h) continue;                                                        \
        for (int64_t j = 0; j < (J)->z.kw; j++) {                                                        \
            const int64_t col = (Q) * (J)->z.sw + j * (J)->dw - (J)->z.left;                             \
            if (col < 0 || col >= (J)->z.w) continue;                                                    \
            const int64_t in = (((N) * (J)->z.h + row) * (J)->z.w + col) * (J)->z.c;                     \
            const int64_t at = (i * (J)->z.kw + j) * (J)->z.c * (J)->multiple;                           \
            __VA_ARGS__                                                                                  \
        }                                                                                                \
    }

static void FNN_NAME(depth_row)(void *arg, int64_t r, int thread) {
    const FNN_NAME(depth_job) *job = arg;
    const int64_t outs = job->z.c * job->multiple, n = r / job->z.oh, p = r % job->z.oh;
    (void)thread;
    for (int64_t q = 0; q < job->z.ow; q++) {
        float *y = job->y + (r * job->z.ow + q) * outs;
        for (int64_t k = 0; k < outs; k++) y[k] = job->b ? job->b[k] : 0;
        EACH_MEETING(job, n, p, q, FNN_NAME(spread_channels)(job->x + in, job->w + at, job->z.c, job->multiple, y);)
    }
}

static void FNN_NAME(depth_dx)(void *arg, int64_t n, int thread) {
    const FNN_NAME(depth_job) *job = arg;
    const int64_t outs = job->z.c * job->multiple, image = job->z.h * job->z.w * job->z.c;
    (void)thread;
    memset(job->dx + n * image, 0, (size_t)image * sizeof(float));
    for (int64_t p = 0; p < job->z.oh; p++)
        for (int64_t q = 0; q < job->z.ow; q++) {
            const float *dy = job->dy + ((n * job->z.oh + p) * job->z.ow + q) * outs;
            if (job->multiple == 1)
                EACH_MEETING(job, n, p, q, FNN_NAME(spread_channels)(dy, job->w + at, job->z.c, 1, job->dx + in);)
            else
                EACH_MEETING(job, n, p, q, FNN_NAME(gather_channels)(dy, job->w + at, job->z.c, job->multiple, job->dx + in);)
        }
}

static void FNN_NAME(depth_dw)(void *arg, int64_t block, int thread) {
    const FNN_NAME(depth_job) *job = arg;
    const int64_t outs = job->z.c * job->multiple, some = fnn_ceil_div(job->z.n, job->blocks);
    float *dw = job->parts + block * job->part, *db = dw + job->z.kh * job->z.kw * outs;
    (void)thread;
    memset(dw, 0, (size_t)job->part * sizeof(float));
    for (int64_t n = block * some; n < fnn_min((block + 1) * some, job->z.n); n++)
        for (int64_t p = 0; p < job->z.oh; p++)
            for (int64_t q = 0; q < job->z.ow; q++) {
                const float *dy = job->dy + ((n * job->z.oh + p) * job->z.ow + q) * outs;
                for (int64_t k = 0; k < outs; k++) db[k] += dy[k];
                if (job->multiple == 1)
                    EACH_MEETING(job, n, p, q, FNN_NAME(spread_channels)(job->x + in, dy, job->z.c, 1, dw + at);)
                else
                    EACH_MEETING(job, n, p, q, FNN_NAME(spread_channels)(job->x + in, dy, job->z.c, job->multiple, dw + at);)
            }
}

int FNN_NAME(depthwise_conv2d)(fnn_step *s) {
    FNN_NAME(depth_job) job = FNN_NAME(depth_job_of)(s, &s->in[0], &s->in[1]);
    job.b = s->in[2].data;
    job.y = s->out[0].data;
    if (s->out[0].size)
        fnn_parallel(job.z.n * job.z.oh, (double)s->out[0].size * (double)(job.z.kh * job.z.kw), FNN_NAME(depth_row), &job);
    return FNN_OK;
}

int FNN_NAME(depthwise_conv2d_backward)(fnn_step *s) {
    FNN_NAME(depth_job) job = FNN_NAME(depth_job_of)(s, &s->in[1], &s->in[2]);
    const double work = (double)s->in[0].size * (double)(job.z.kh * job.z.kw);
    const int64_t weights = s->in[2].size, outs = job.z.c * job.multiple;
    float *dw = s->out[1].data, *db = s->out[2].data;
    job.dy = s->in[0].data;
    job.dx = s->out[0].data;
    job.parts = s->scratch;
    if (job.dx && s->out[0].size) fnn_parallel(job.z.n, work, FNN_NAME(depth_dx), &job);
    if (!dw && !db) return FNN_OK;
    fnn_parallel(job.blocks, work, FNN_NAME(depth_dw), &job);
    for (int64_t b = 0; b < job.blocks; b++) {
        const float *part = job.parts + b * job.part;
        if (dw) for (int64_t k = 0; k < weights; k++) dw[k] = b ? dw[k] + part[k] : part[k];
        if (db) for (int64_t k = 0; k < outs; k++) db[k] = b ? db[k] + part[weights + k] : part[weights + k];
    }
    return FNN_OK;
}

int64_t FNN_NAME(depthwise_conv2d_scratch)(const fnn_step *s, int backward) {
    if (!backward) return 0;
    const FNN_NAME(depth_job) job = FNN_NAME(depth_job_of)(s, &s->in[1], &s->in[2]);
    return job.blocks * job.part * (int64_t)sizeof(float);
}
#endif
