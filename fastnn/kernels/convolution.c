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
#include "vector.h"
#include "pixel_lanes.h"
#include "few_results.h"
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
    fnn_window z;              /* of one group's channels */
    int64_t groups, all, outs; /* all input channels; output channels of a group */
    int64_t band, bands;       /* window rows of a band; bands of an image */
    const float *x, *w;
    float *y, *packed, *buffers;
    int64_t buffer;            /* floats of one thread's buffer */
    int dots;                  /* few output channels: lanes over the depth */
    fnn_epilogue finish;
} FNN_NAME(forward_job);

static FNN_NAME(forward_job) FNN_NAME(forward_plan)(const fnn_step *s) {
    const fnn_tensor *w = &s->in[1];
    fnn_window z = fnn_window_of(&s->in[0], w->shape[0], w->shape[1], &s->attr[0], &s->attr[1]);
    z.c = w->shape[2];
    const int64_t row = ((z.ow - 1) * z.sw + z.kw) * z.c, fit = (BAND_FLOATS / fnn_max(row, 1) - z.kh) / z.sh + 1;
    FNN_NAME(forward_job) job = {.z = z, .groups = s->attr[3].i[0], .all = s->in[0].shape[3],
                                 .outs = w->shape[3] / s->attr[3].i[0], .x = s->in[0].data, .w = w->data,
                                 .y = s->out[0].data, .finish = s->epilogue};
    job.dots = z.sw * z.c > 1 && FNN_NAME(dots_pay)(z.kh, z.kw * z.c, job.outs);
    job.band = FNN_NAME(band_rows)(z.oh, fit, z.n);
    job.bands = fnn_ceil_div(z.oh, job.band);
    job.buffer = FNN_NAME(whole_lines)(((job.band - 1) * z.sh + z.kh) * row);
    return job;
}

static void FNN_NAME(forward_pack)(void *arg, int64_t panel, int thread) {
    const FNN_NAME(forward_job) *job = arg;
    const int64_t depth = job->z.kh * job->z.kw * job->z.c, panels = FNN_NAME(panels)(job->outs);
    const int64_t group = panel / panels, col = panel % panels * TILE_COLS;
    const int cols = (int)fnn_min(TILE_COLS, job->outs - col);
    const float *w = job->w + group * job->outs + col;
    float *to = job->packed + panel * TILE_COLS * depth;
    (void)thread;
    if (job->dots) FNN_NAME(pack_dots)(w, job->groups * job->outs, 1, depth, cols, to, 0, depth);
    else FNN_NAME(fnn_pack)(w, job->groups * job->outs, 1, depth, cols, to);
}

/* Rows [p, p + rows) of windows of image n, one group. */
static void FNN_NAME(forward_group)(const FNN_NAME(forward_job) *job, int64_t n, int64_t p, int64_t rows, int64_t group, float *buffer) {
    const fnn_window z = job->z;
    const FNN_NAME(frame) f = {p * z.sh - z.top, (rows - 1) * z.sh + z.kh, -z.left, (z.ow - 1) * z.sw + z.kw};
    const int64_t outs = job->groups * job->outs, at = (n * z.oh + p) * z.ow * outs + group * job->outs;
    int64_t row;
    const float *x = FNN_NAME(view_group)(job->x + n * z.h * z.w * job->all + group * z.c, z.h, z.w, job->all, z.c, f, buffer, &row);
    const float *packed = job->packed + group * z.kh * z.kw * z.c * FNN_NAME(panels)(job->outs) * TILE_COLS;
    FNN_NAME(correlation) c = {x, z.sh * row, z.sw * z.c, z.kh, row, z.kw * z.c, packed, job->y + at,
                               z.ow * outs, outs, rows, z.ow, job->outs, job->finish};
    if (c.finish.bias) c.finish.bias += group * job->outs;
    if (c.finish.mask) c.finish.mask += at;
    FNN_NAME(correlate_any)(&c, job->dots);
}

static void FNN_NAME(forward_band)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(forward_job) *job = arg;
    const int64_t n = chunk / job->bands, p = chunk % job->bands * job->band, rows = fnn_min(job->band, job->z.oh - p);
    for (int64_t group = 0; group < job->groups; group++)
        FNN_NAME(forward_group)(job, n, p, rows, group, job->buffers + thread * job->buffer);
}

static int64_t FNN_NAME(forward_packed)(const FNN_NAME(forward_job) *job) {
    return job->groups * job->z.kh * job->z.kw * job->z.c * FNN_NAME(panels)(job->outs) * TILE_COLS;
}

int FNN_NAME(fnn_conv2d_plain)(fnn_step *s) {
    FNN_NAME(forward_job) job = FNN_NAME(forward_plan)(s);
    const double weights = (double)s->in[1].size;
    if (!s->out[0].size) return FNN_OK;
    job.finish.bias = s->in[2].data;
    job.packed = s->scratch;
    job.buffers = job.packed + FNN_NAME(whole_lines)(FNN_NAME(forward_packed)(&job));
    fnn_parallel(job.groups * FNN_NAME(panels)(job.outs), weights, FNN_NAME(forward_pack), &job);
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

/* ---------------------------------------------------------------- conv2d: which way */

typedef struct { /* a step's forward, its backward, what they need */
    int (*run)(fnn_step *), (*back)(fnn_step *);
    int64_t (*scratch)(const fnn_step *, int);
} FNN_NAME(way);

#define MOST_SMALL 8 /* channels of a group: up to here vectors over all groups are fuller than over one of them */

/* The one place where the algorithm is chosen; by shapes and attributes alone, so that every run has the same bits.
 * Attributes: strides, padding, dilation_rate, groups. */
static FNN_NAME(way) FNN_NAME(way_of)(const fnn_step *s, int backward) {
    const fnn_tensor *w = &s->in[backward ? 2 : 1];
    const int64_t groups = s->attr[3].i[0];
    if (groups > 1 && w->shape[2] <= MOST_SMALL && w->shape[3] / groups <= MOST_SMALL)
        return (FNN_NAME(way)){FNN_NAME(depthwise_conv2d), FNN_NAME(depthwise_conv2d_backward), FNN_NAME(depthwise_conv2d_scratch)};
    if (s->attr[2].i[0] == 1 && s->attr[2].i[1] == 1 && groups == 1 && fnn_winograd_fits(w - 1, w, s->attr))
        return (FNN_NAME(way)){FNN_NAME(fnn_winograd), FNN_NAME(fnn_winograd_backward), FNN_NAME(fnn_winograd_scratch)};
    if (s->attr[2].i[0] == 1 && s->attr[2].i[1] == 1)
        return (FNN_NAME(way)){FNN_NAME(fnn_conv2d_plain), FNN_NAME(fnn_conv2d_plain_backward), FNN_NAME(fnn_conv2d_plain_scratch)};
    return (FNN_NAME(way)){FNN_NAME(fnn_conv2d_parts), FNN_NAME(fnn_conv2d_parts_backward), FNN_NAME(fnn_conv2d_parts_scratch)};
}

static int FNN_NAME(conv2d)(fnn_step *s) { return FNN_NAME(way_of)(s, 0).run(s); }
static int FNN_NAME(conv2d_backward)(fnn_step *s) { return FNN_NAME(way_of)(s, 1).back(s); }
static int64_t FNN_NAME(conv2d_scratch)(const fnn_step *s, int backward) { return FNN_NAME(way_of)(s, backward).scratch(s, backward); }

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
