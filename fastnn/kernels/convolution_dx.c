/* convolution_dx.c: the gradient of conv2d with respect to the images. */
#include "convolution.h"
#ifndef FNN_ISA
#include "vector_system.h"
#define FNN_FAMILY_FILE "convolution_dx.c"
#include "every_isa.h"
#else
#include "gemm.h"
#include "convolution.h"
#include "correlation.h"
#include "vector.h"
#include "pixel_lanes.h"
#include "few_results.h"

/* ---------------------------------------------------------------- conv2d: dx
 *
 * Cells whose distance to the padded corner leaves the same rest (r, r2) by the strides meet the same kernel cells:
 * each such phase is a correlation of dy, stride 1, with every sh-th, sw-th kernel cell from (r, r2), turned round.
 */
typedef struct {
    fnn_window z;               /* of one group's channels */
    int64_t groups, all, outs;  /* all input channels; output channels of a group */
    int64_t tall, wide;         /* most kernel rows and columns of a phase */
    int64_t first, last, band, bands; /* cells (row + top) / sh of a band, all of them in [first, last] */
    const float *dy, *w;
    float *dx, *packed, *buffers;
    int64_t buffer;
    int dots;                   /* few input channels: lanes over the depth */
    fnn_epilogue finish;
} FNN_NAME(dx_job);

/* Columns of dy that the cells of a row meet. */
static FNN_NAME(frame) FNN_NAME(dx_frame)(const FNN_NAME(dx_job) *job, int64_t q, int64_t rows) {
    const fnn_window *z = &job->z;
    const int64_t col = z->left / z->sw - job->wide + 1, last_col = (z->w - 1 + z->left) / z->sw;
    const FNN_NAME(frame) f = {q - job->tall + 1, rows + job->tall - 1, col, last_col - col + 1};
    return f;
}

static FNN_NAME(dx_job) FNN_NAME(dx_plan)(const fnn_step *s) {
    const fnn_tensor *w = &s->in[2];
    fnn_window z = fnn_window_of(&s->in[1], w->shape[0], w->shape[1], &s->attr[0], &s->attr[1]);
    z.c = w->shape[2];
    FNN_NAME(dx_job) job = {.z = z, .groups = s->attr[3].i[0], .all = s->in[1].shape[3],
                            .outs = w->shape[3] / s->attr[3].i[0], .tall = fnn_ceil_div(z.kh, z.sh), .wide = fnn_ceil_div(z.kw, z.sw),
                            .first = z.top / z.sh, .last = (z.h - 1 + z.top) / z.sh, .dy = s->in[0].data, .w = w->data,
                            .dx = s->out[0].data, .finish = s->epilogue};
    job.dots = job.outs > 1 && FNN_NAME(dots_pay)(job.tall, job.wide * job.outs, z.c);
    const int64_t row = FNN_NAME(dx_frame)(&job, 0, 1).cols * job.outs, rows = job.last - job.first + 1;
    job.band = FNN_NAME(band_rows)(rows, BAND_FLOATS / fnn_max(row, 1) - job.tall + 1, z.n);
    job.bands = fnn_ceil_div(rows, job.band);
    job.buffer = FNN_NAME(whole_lines)((job.band + job.tall - 1) * row);
    return job;
}

/* Of `size` kernel positions: how many leave the rest r by the stride, and how many a smaller one. */
static int64_t FNN_NAME(in_phase)(int64_t size, int64_t stride, int64_t r) {
    return r < size ? (size - r - 1) / stride + 1 : 0;
}

static int64_t FNN_NAME(before_phase)(int64_t size, int64_t stride, int64_t r) {
    int64_t count = 0;
    for (int64_t k = 0; k < r; k++) count += FNN_NAME(in_phase)(size, stride, k);
    return count;
}

static float *FNN_NAME(phase_weights)(const FNN_NAME(dx_job) *job, int64_t group, int64_t r, int64_t r2) {
    const fnn_window *z = &job->z;
    const int64_t cells = group * z->kh * z->kw + FNN_NAME(before_phase)(z->kh, z->sh, r) * z->kw
                          + FNN_NAME(in_phase)(z->kh, z->sh, r) * FNN_NAME(before_phase)(z->kw, z->sw, r2);
    return job->packed + cells * job->outs * FNN_NAME(panels)(z->c) * TILE_COLS;
}

/* Weights of kernel row i: every panel holds (kernel row, kernel column, output channel) x input channel. */
static void FNN_NAME(dx_pack)(void *arg, int64_t i, int thread) {
    const FNN_NAME(dx_job) *job = arg;
    const fnn_window z = job->z;
    const int64_t r = i % z.sh, tall = FNN_NAME(in_phase)(z.kh, z.sh, r);
    (void)thread;
    for (int64_t at = 0; at < z.kw * job->groups; at++) {
        const int64_t j = at % z.kw, group = at / z.kw, outs = job->groups * job->outs;
        const int64_t r2 = j % z.sw, wide = FNN_NAME(in_phase)(z.kw, z.sw, r2);
        const int64_t turned = (tall - 1 - i / z.sh) * wide + wide - 1 - j / z.sw;
        const float *w = job->w + (i * z.kw + j) * z.c * outs + group * job->outs;
        float *panels = FNN_NAME(phase_weights)(job, group, r, r2), *to = panels + turned * job->outs * TILE_COLS;
        if (job->dots)
            FNN_NAME(pack_dots)(w, 1, outs, job->outs, z.c, panels, turned * job->outs, tall * wide * job->outs);
        else for (int64_t c = 0; c < z.c; c += TILE_COLS, to += tall * wide * job->outs * TILE_COLS)
            FNN_NAME(fnn_pack)(w + c * outs, 1, outs, job->outs, (int)fnn_min(TILE_COLS, z.c - c), to);
    }
}

/* Positions q in [*from, *until) with 0 <= q * stride + r - before < size. */
static void FNN_NAME(clip_phase)(int64_t r, int64_t stride, int64_t before, int64_t size, int64_t *from, int64_t *until) {
    *from = fnn_max(*from, before > r ? fnn_ceil_div(before - r, stride) : 0);
    *until = fnn_min(*until, size + before > r ? fnn_ceil_div(size + before - r, stride) : 0);
}

static void FNN_NAME(dx_phase)(const FNN_NAME(dx_job) *job, int64_t n, int64_t group, FNN_NAME(frame) f, const float *dy,
                               int64_t row, int64_t r, int64_t r2) {
    const fnn_window z = job->z;
    int64_t q = f.row + job->tall - 1, q_end = f.row + f.rows, q2 = f.col + job->wide - 1, q2_end = f.col + f.cols;
    FNN_NAME(clip_phase)(r, z.sh, z.top, z.h, &q, &q_end);
    FNN_NAME(clip_phase)(r2, z.sw, z.left, z.w, &q2, &q2_end);
    if (q >= q_end || q2 >= q2_end) return;
    const int64_t tall = FNN_NAME(in_phase)(z.kh, z.sh, r), wide = FNN_NAME(in_phase)(z.kw, z.sw, r2);
    const int64_t at = ((n * z.h + q * z.sh + r - z.top) * z.w + q2 * z.sw + r2 - z.left) * job->all + group * z.c;
    const float *from = dy + (q - tall + 1 - f.row) * row + (q2 - wide + 1 - f.col) * job->outs;
    FNN_NAME(correlation) c = {from, row, job->outs, wide ? tall : 0, row, wide * job->outs,
                               FNN_NAME(phase_weights)(job, group, r, r2), job->dx + at, z.sh * z.w * job->all, z.sw * job->all,
                               q_end - q, q2_end - q2, z.c, job->finish};
    if (c.finish.bias) c.finish.bias += group * z.c;
    if (c.finish.mask) c.finish.mask += at;
    FNN_NAME(correlate_any)(&c, job->dots);
}

static void FNN_NAME(dx_band)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(dx_job) *job = arg;
    const fnn_window z = job->z;
    const int64_t n = chunk / job->bands, q = job->first + chunk % job->bands * job->band;
    const FNN_NAME(frame) f = FNN_NAME(dx_frame)(job, q, fnn_min(job->band, job->last + 1 - q));
    const int64_t outs = job->groups * job->outs;
    for (int64_t group = 0; group < job->groups; group++) {
        int64_t row;
        const float *dy = FNN_NAME(view_group)(job->dy + n * z.oh * z.ow * outs + group * job->outs, z.oh, z.ow, outs, job->outs,
                                               f, job->buffers + thread * job->buffer, &row);
        for (int64_t r = 0; r < z.sh; r++)
            for (int64_t r2 = 0; r2 < z.sw; r2++) FNN_NAME(dx_phase)(job, n, group, f, dy, row, r, r2);
    }
}

static int64_t FNN_NAME(dx_packed)(const FNN_NAME(dx_job) *job) {
    return FNN_NAME(whole_lines)(job->groups * job->z.kh * job->z.kw * job->outs * FNN_NAME(panels)(job->z.c) * TILE_COLS);
}

static void FNN_NAME(dx_by_phases)(fnn_step *s, double work) {
    FNN_NAME(dx_job) job = FNN_NAME(dx_plan)(s);
    job.packed = s->scratch;
    job.buffers = job.packed + FNN_NAME(dx_packed)(&job);
    fnn_parallel(job.z.kh, (double)s->in[2].size, FNN_NAME(dx_pack), &job);
    fnn_parallel(job.z.n * job.bands, work, FNN_NAME(dx_band), &job);
}

/* ---------------------------------------------------------------- conv2d: dx by rows of patches
 *
 * With few input channels a correlation leaves most lanes empty. Then dy w^T, summed over the kernel rows that meet a
 * row of cells, gives the gradients of kw cells side by side for every window; every cell gathers its share of them.
 */
typedef struct {
    fnn_window z;
    int64_t outs, patch, band, bands; /* floats of a patch's row; image rows of a band */
    const float *dy, *w;
    float *dx, *packed, *buffers;
    int64_t buffer;
    fnn_epilogue finish;
} FNN_NAME(patch_dx_job);

static FNN_NAME(patch_dx_job) FNN_NAME(patch_dx_plan)(const fnn_step *s) {
    const fnn_tensor *w = &s->in[2];
    const fnn_window z = fnn_window_of(&s->in[1], w->shape[0], w->shape[1], &s->attr[0], &s->attr[1]);
    FNN_NAME(patch_dx_job) job = {.z = z, .outs = w->shape[3], .patch = z.kw * z.c, .dy = s->in[0].data, .w = w->data,
                                  .dx = s->out[0].data, .finish = s->epilogue};
    job.band = FNN_NAME(band_rows)(z.h, z.h, z.n);
    job.bands = fnn_ceil_div(z.h, job.band);
    job.buffer = FNN_NAME(whole_lines)(z.ow * job.patch + FNN_LANES); /* whole vectors are read at the end */
    return job;
}

static int64_t FNN_NAME(patch_dx_packed)(const FNN_NAME(patch_dx_job) *job) {
    return job->z.kh * job->outs * FNN_NAME(panels)(job->patch) * TILE_COLS;
}

/* Weights of the kernel rows that leave the rest r, the last row first; a panel begins with the last one. */
static float *FNN_NAME(patch_panel)(const FNN_NAME(patch_dx_job) *job, int64_t r, int64_t panel) {
    const int64_t before = FNN_NAME(before_phase)(job->z.kh, job->z.sh, r) * FNN_NAME(panels)(job->patch);
    return job->packed + (before + panel * FNN_NAME(in_phase)(job->z.kh, job->z.sh, r)) * job->outs * TILE_COLS;
}

static void FNN_NAME(patch_dx_pack)(void *arg, int64_t i, int thread) {
    const FNN_NAME(patch_dx_job) *job = arg;
    const int64_t r = i % job->z.sh, turned = FNN_NAME(in_phase)(job->z.kh, job->z.sh, r) - 1 - i / job->z.sh;
    (void)thread;
    for (int64_t col = 0; col < job->patch; col += TILE_COLS)
        FNN_NAME(fnn_pack)(job->w + (i * job->patch + col) * job->outs, 1, job->outs, job->outs,
                           (int)fnn_min(TILE_COLS, job->patch - col),
                           FNN_NAME(patch_panel)(job, r, col / TILE_COLS) + turned * job->outs * TILE_COLS);
}

/* The gradients of a row of cells, `row` from the padded corner, window by window. */
static void FNN_NAME(patch_dx_windows)(const FNN_NAME(patch_dx_job) *job, const float *dy, int64_t row, float *to) {
    const fnn_window *z = &job->z;
    const int64_t r = row % z->sh, tall = FNN_NAME(in_phase)(z->kh, z->sh, r), first = row / z->sh - tall + 1;
    const int64_t from = fnn_max(first, 0), until = fnn_max(from, fnn_min(first + tall, z->oh));
    const int64_t line = z->ow * job->outs;
    for (int64_t col = 0; col < job->patch; col += TILE_COLS) {
        const float *w = FNN_NAME(patch_panel)(job, r, col / TILE_COLS) + (from - first) * job->outs * TILE_COLS;
        const FNN_NAME(correlation) c = {dy + from * line, 0, job->outs, until - from, line, job->outs, w, to + col, 0,
                                         job->patch, 1, z->ow, fnn_min(TILE_COLS, job->patch - col), {0}};
        FNN_NAME(correlate)(&c);
    }
}

/* One cell's gradient: kernel columns j, j + sw, … meet it in windows q, q - 1, …. */
FNN_INLINE VEC FNN_NAME(patch_dx_cell)(const FNN_NAME(patch_dx_job) *job, const float *windows, int64_t q, int64_t j,
                                       int64_t c) {
    const fnn_window *z = &job->z;
    const float *from = windows + q * job->patch + j * z->c + c;
    const int64_t step = job->patch - z->sw * z->c;
    const int64_t columns = fnn_min(j < z->kw ? (z->sw == 1 ? z->kw - 1 - j : (z->kw - 1 - j) / z->sw) : -1, q) + 1;
    VEC sum = FNN_NAME(vec_fill)(0);
    for (int64_t k = columns; k > 0; k--, from -= step) sum = FNN_NAME(vec_add)(sum, FNN_NAME(vec_load)(from));
    return sum;
}

static void FNN_NAME(patch_dx_row)(const FNN_NAME(patch_dx_job) *job, const float *windows, int64_t n, int64_t row) {
    const fnn_window *z = &job->z;
    const fnn_epilogue *e = &job->finish;
    const VEC zero = FNN_NAME(vec_fill)(0);
    int64_t q = z->left / z->sw, j = z->left % z->sw; /* col + left = q * sw + j */
    for (int64_t col = 0; col < z->w; col++) {
        const int64_t late = fnn_max(q - z->ow + 1, 0); /* windows behind the last one */
        for (int64_t c = 0; c < z->c; c += FNN_LANES) {
            const int64_t at = ((n * z->h + row) * z->w + col) * z->c + c;
            const int lanes = (int)fnn_min(FNN_LANES, z->c - c);
            const VEC sum = FNN_NAME(patch_dx_cell)(job, windows, q - late, j + late * z->sw, c);
            const VEC mask = e->mask ? FNN_NAME(vec_load_part)(e->mask + at, lanes) : zero;
            const VEC old = e->accumulate ? FNN_NAME(vec_load_part)(job->dx + at, lanes) : zero;
            const VEC bias = e->bias ? FNN_NAME(vec_load_part)(e->bias + c, lanes) : zero;
            FNN_NAME(vec_store_part)(job->dx + at, FNN_NAME(vec_finish)(sum, e, bias, mask, old), lanes);
        }
        if (++j == z->sw) {
            j = 0;
            q++;
        }
    }
}

static void FNN_NAME(patch_dx_band)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(patch_dx_job) *job = arg;
    const fnn_window z = job->z;
    const int64_t n = chunk / job->bands, first = chunk % job->bands * job->band;
    const float *dy = job->dy + n * z.oh * z.ow * job->outs;
    float *windows = job->buffers + thread * job->buffer;
    for (int64_t row = first; row < fnn_min(first + job->band, z.h); row++) {
        FNN_NAME(patch_dx_windows)(job, dy, row + z.top, windows);
        FNN_NAME(patch_dx_row)(job, windows, n, row);
    }
}

static void FNN_NAME(dx_by_patches)(fnn_step *s, double work) {
    FNN_NAME(patch_dx_job) job = FNN_NAME(patch_dx_plan)(s);
    job.packed = s->scratch;
    job.buffers = job.packed + FNN_NAME(patch_dx_packed)(&job);
    fnn_parallel(job.z.kh, (double)s->in[2].size, FNN_NAME(patch_dx_pack), &job);
    fnn_parallel(job.z.n * job.bands, work, FNN_NAME(patch_dx_band), &job);
}

/* ---------------------------------------------------------------- conv2d: which way */

/* Vector operations for one image: patches are worth it if they fill lanes that channels leave empty; where dot
 * products do too, if they are fewer. */
static int FNN_NAME(patches_pay)(const fnn_step *s) {
    const fnn_tensor *w = &s->in[2];
    const fnn_window z = fnn_window_of(&s->in[1], w->shape[0], w->shape[1], &s->attr[0], &s->attr[1]);
    const int64_t tall = fnn_ceil_div(z.kh, z.sh), wide = fnn_ceil_div(z.kw, z.sw), outs = w->shape[3];
    const double cells = (double)(z.h * z.w);
    const double phases = cells * (double)(fnn_ceil_div(z.c, FNN_LANES) * tall * wide * outs);
    const double gather = 3 * cells * (double)(fnn_ceil_div(z.c, FNN_LANES) * wide);
    const double patches = (double)(z.h * z.ow * tall * outs * fnn_ceil_div(z.kw * z.c, FNN_LANES)) + gather;
    const double dots = cells * FNN_NAME(dots_cost)(tall, wide * outs, z.c);
    if (FNN_NAME(dots_pay)(tall, wide * outs, z.c) && dots < patches) return 0;
    return s->attr[3].i[0] == 1 && z.kw > 1 && patches < 0.9 * phases;
}

void FNN_NAME(fnn_conv2d_dx)(fnn_step *s) {
    const double work = (double)s->in[2].size * (double)s->in[0].size / (double)fnn_max(s->in[2].shape[3], 1);
    if (!s->out[0].size) return;
    (FNN_NAME(patches_pay)(s) ? FNN_NAME(dx_by_patches) : FNN_NAME(dx_by_phases))(s, work);
}

int64_t FNN_NAME(fnn_conv2d_dx_scratch)(const fnn_step *s) {
    if (FNN_NAME(patches_pay)(s)) {
        const FNN_NAME(patch_dx_job) job = FNN_NAME(patch_dx_plan)(s);
        return (FNN_NAME(patch_dx_packed)(&job) + fnn_thread_limit() * job.buffer) * (int64_t)sizeof(float);
    }
    const FNN_NAME(dx_job) job = FNN_NAME(dx_plan)(s);
    return (FNN_NAME(dx_packed)(&job) + fnn_thread_limit() * job.buffer) * (int64_t)sizeof(float);
}
#endif
