/* convolution.c: im2col, col2im and conv2d, each forward directly above its backward. */
#include "convolution.h"
#include "winograd.h"
#ifndef FNN_ISA
#include "vector_system.h"
#define FNN_FAMILY_FILE "convolution.c"
#include "every_isa.h"
#else
#include "gemm.h"
#include "convolution.h"
#include "correlation.h"
#include "winograd.h"

/* ---------------------------------------------------------------- patches */

typedef struct { fnn_window z; const float *from; float *to; } FNN_NAME(patch_job);

/* Calls COPY for every run of neighbouring channels: `at` in the image (outside the image: skipped), `in` the patch. */
#define EACH_PATCH_RUN(Z, N, ...)                                                                              \
    for (int64_t p = 0; p < (Z).oh; p++) for (int64_t q = 0; q < (Z).ow; q++)                                  \
        for (int64_t i = 0; i < (Z).kh; i++) for (int64_t j = 0; j < (Z).kw; j++) {                            \
            const int64_t row = p * (Z).sh + i - (Z).top, col = q * (Z).sw + j - (Z).left;                     \
            const int inside = row >= 0 && row < (Z).h && col >= 0 && col < (Z).w;                             \
            const int64_t at = (((N) * (Z).h + row) * (Z).w + col) * (Z).c;                                    \
            const int64_t in = (((((N) * (Z).oh + p) * (Z).ow + q) * (Z).kh + i) * (Z).kw + j) * (Z).c;        \
            __VA_ARGS__                                                                                        \
        }

static void FNN_NAME(take_patches)(void *arg, int64_t n, int thread) {
    const FNN_NAME(patch_job) *job = arg;
    const fnn_window z = job->z;
    (void)thread;
    EACH_PATCH_RUN(z, n, for (int64_t c = 0; c < z.c; c++) job->to[in + c] = inside ? job->from[at + c] : 0;)
}

static void FNN_NAME(add_patches)(void *arg, int64_t n, int thread) {
    const FNN_NAME(patch_job) *job = arg;
    const fnn_window z = job->z;
    (void)thread;
    memset(job->to + n * z.h * z.w * z.c, 0, (size_t)(z.h * z.w * z.c) * sizeof(float));
    EACH_PATCH_RUN(z, n, if (inside) for (int64_t c = 0; c < z.c; c++) job->to[at + c] += job->from[in + c];)
}

/* Both operations have attributes kernel_size, strides, padding. */
static int FNN_NAME(patches)(fnn_step *s, const fnn_tensor *images, void (*body)(void *, int64_t, int)) {
    const fnn_attr *kernel = &s->attr[0];
    FNN_NAME(patch_job) job = {fnn_window_of(images, kernel->i[0], kernel->i[1], &s->attr[1], &s->attr[2]),
                               s->in[0].data, s->out[0].data};
    const double work = (double)job.z.n * (double)(job.z.oh * job.z.ow) * (double)(job.z.kh * job.z.kw * job.z.c);
    if (job.to && s->out[0].size) fnn_parallel(job.z.n, work, body, &job);
    return FNN_OK;
}

static int FNN_NAME(im2col)(fnn_step *s) { return FNN_NAME(patches)(s, &s->in[0], FNN_NAME(take_patches)); }
static int FNN_NAME(im2col_backward)(fnn_step *s) { return FNN_NAME(patches)(s, &s->out[0], FNN_NAME(add_patches)); }
static int FNN_NAME(col2im)(fnn_step *s) { return FNN_NAME(patches)(s, &s->out[0], FNN_NAME(add_patches)); }
static int FNN_NAME(col2im_backward)(fnn_step *s) { return FNN_NAME(patches)(s, &s->in[0], FNN_NAME(take_patches)); }

/* ---------------------------------------------------------------- conv2d: forward */

typedef struct {
    fnn_window z;
    int64_t outs, band, bands; /* output channels; window rows of a band; bands of an image */
    const float *x, *w;
    float *y, *packed, *buffers;
    int64_t buffer;            /* floats of one thread's buffer */
    fnn_epilogue finish;
} FNN_NAME(forward_job);

static FNN_NAME(forward_job) FNN_NAME(forward_plan)(const fnn_step *s) {
    const fnn_tensor *w = &s->in[1];
    const fnn_window z = fnn_window_of(&s->in[0], w->shape[0], w->shape[1], &s->attr[0], &s->attr[1]);
    const int64_t row = ((z.ow - 1) * z.sw + z.kw) * z.c, fit = (BAND_FLOATS / fnn_max(row, 1) - z.kh) / z.sh + 1;
    FNN_NAME(forward_job) job = {.z = z, .outs = w->shape[3], .x = s->in[0].data, .w = w->data, .y = s->out[0].data,
                                 .finish = s->epilogue};
    job.band = FNN_NAME(band_rows)(z.oh, fit, z.n);
    job.bands = fnn_ceil_div(z.oh, job.band);
    job.buffer = FNN_NAME(whole_lines)(((job.band - 1) * z.sh + z.kh) * row);
    return job;
}

static void FNN_NAME(forward_pack)(void *arg, int64_t panel, int thread) {
    const FNN_NAME(forward_job) *job = arg;
    const int64_t depth = job->z.kh * job->z.kw * job->z.c, col = panel * TILE_COLS;
    (void)thread;
    FNN_NAME(fnn_pack)(job->w + col, job->outs, 1, depth, (int)fnn_min(TILE_COLS, job->outs - col),
                       job->packed + col * depth);
}

static void FNN_NAME(forward_band)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(forward_job) *job = arg;
    const fnn_window z = job->z;
    const int64_t n = chunk / job->bands, p = chunk % job->bands * job->band, rows = fnn_min(job->band, z.oh - p);
    const FNN_NAME(frame) f = {p * z.sh - z.top, (rows - 1) * z.sh + z.kh, -z.left, (z.ow - 1) * z.sw + z.kw};
    int64_t row;
    const float *x = FNN_NAME(view)(job->x + n * z.h * z.w * z.c, z.h, z.w, z.c, f,
                                    job->buffers + thread * job->buffer, &row);
    const int64_t at = (n * z.oh + p) * z.ow * job->outs;
    FNN_NAME(correlation) c = {x, z.sh * row, z.sw * z.c, z.kh, row, z.kw * z.c, job->packed, job->y + at,
                               z.ow * job->outs, job->outs, rows, z.ow, job->outs, job->finish};
    if (c.finish.mask) c.finish.mask += at;
    FNN_NAME(correlate)(c);
}

static int64_t FNN_NAME(forward_packed)(const FNN_NAME(forward_job) *job) {
    return job->z.kh * job->z.kw * job->z.c * FNN_NAME(panels)(job->outs) * TILE_COLS;
}

int FNN_NAME(fnn_conv2d_plain)(fnn_step *s) {
    FNN_NAME(forward_job) job = FNN_NAME(forward_plan)(s);
    const double weights = (double)s->in[1].size;
    if (!s->out[0].size) return FNN_OK;
    job.finish.bias = s->in[2].data;
    job.packed = s->scratch;
    job.buffers = job.packed + FNN_NAME(whole_lines)(FNN_NAME(forward_packed)(&job));
    fnn_parallel(FNN_NAME(panels)(job.outs), weights, FNN_NAME(forward_pack), &job);
    fnn_parallel(job.z.n * job.bands, weights * (double)(job.z.n * job.z.oh * job.z.ow), FNN_NAME(forward_band), &job);
    return FNN_OK;
}

int FNN_NAME(fnn_conv2d_plain_backward)(fnn_step *s) {
    if (s->out[0].data) FNN_NAME(fnn_conv2d_dx)(s);
    if (s->out[1].data || s->out[2].data) FNN_NAME(fnn_conv2d_dw)(s);
    return FNN_OK;
}

int64_t FNN_NAME(fnn_conv2d_plain_scratch)(const fnn_step *s, int backward) {
    if (!backward) {
        const FNN_NAME(forward_job) job = FNN_NAME(forward_plan)(s);
        const int64_t packed = FNN_NAME(whole_lines)(FNN_NAME(forward_packed)(&job));
        return (packed + fnn_thread_limit() * job.buffer) * (int64_t)sizeof(float);
    }
    return fnn_max(FNN_NAME(fnn_conv2d_dx_scratch)(s), FNN_NAME(fnn_conv2d_dw_scratch)(s));
}

/* Attributes: strides, padding, dilation_rate, groups. */
static int FNN_NAME(is_plain)(const fnn_step *s) {
    return s->attr[2].i[0] == 1 && s->attr[2].i[1] == 1 && s->attr[3].i[0] == 1;
}

/* The one place where the algorithm is chosen; by shapes and attributes alone, so that every run has the same bits. */
#define CHOOSE(S, W, WINOGRAD, PLAIN, PARTS)                                                                     \
    (!FNN_NAME(is_plain)(S) ? FNN_NAME(PARTS) : fnn_winograd_fits(W, &(S)->attr[0]) ? FNN_NAME(WINOGRAD) : FNN_NAME(PLAIN))

static int FNN_NAME(conv2d)(fnn_step *s) {
    return CHOOSE(s, &s->in[1], fnn_winograd, fnn_conv2d_plain, fnn_conv2d_parts)(s);
}

static int FNN_NAME(conv2d_backward)(fnn_step *s) {
    return CHOOSE(s, &s->in[2], fnn_winograd_backward, fnn_conv2d_plain_backward, fnn_conv2d_parts_backward)(s);
}

static int64_t FNN_NAME(conv2d_scratch)(const fnn_step *s, int backward) {
    return CHOOSE(s, &s->in[1 + backward], fnn_winograd_scratch, fnn_conv2d_plain_scratch, fnn_conv2d_parts_scratch)(s, backward);
}

const fnn_entry FNN_NAME(convolution_entries)[] = {
    {"im2col", "x", "kernel_size strides padding", FNN_NAME(im2col), FNN_NAME(im2col_backward), NULL},
    {"col2im", "col", "kernel_size strides padding size", FNN_NAME(col2im), FNN_NAME(col2im_backward), NULL},
    {"conv2d", "x w b", "strides padding dilation_rate groups", FNN_NAME(conv2d), FNN_NAME(conv2d_backward),
     FNN_NAME(conv2d_scratch)},
    {"conv2d_transpose", "x w b", "strides padding output_padding dilation_rate", FNN_NAME(conv2d_transpose),
     FNN_NAME(conv2d_transpose_backward), FNN_NAME(conv2d_transpose_scratch)},
    {"depthwise_conv2d", "x w b", "strides padding dilation_rate", FNN_NAME(depthwise_conv2d),
     FNN_NAME(depthwise_conv2d_backward), FNN_NAME(depthwise_conv2d_scratch)},
    {0},
};
#endif
