/* convolution_dw.c: the gradients of conv2d with respect to weights and bias. */
#include "convolution.h"
#ifndef FNN_ISA
#include "vector_system.h"
#define FNN_FAMILY_FILE "convolution_dw.c"
#include "every_isa.h"
#else
#include "gemm.h"
#include "convolution.h"
#include "correlation.h"
#include "vector.h"
#include "few_slopes.h"

#define DEPTH_PIXELS 128   /* dw is summed over about so many pixels at once: both operands stay in the caches */
#define DW_BLOCKS 16       /* dw is the sum of at most so many parts, whatever the number of threads */
#define DW_BYTES (8 << 20) /* parts that would take more memory are fewer, two at least */

/* ---------------------------------------------------------------- conv2d: dw, db
 *
 * One kernel row's part of dw is A^T B: A the kw * c floats under every window of some rows, read in place, B = dy.
 * Blocks of images, or of an image's rows, have their own sums, which are added in order.
 */
typedef struct {
    fnn_window z;                      /* of one group's channels */
    int64_t groups, all, outs;         /* all input channels; output channels of a group */
    int64_t blocks, images, cuts, rows; /* parts of the sum; a part's images, or of how many of one it is, and its rows */
    int64_t band, strip;               /* window rows of a band, and of a strip: one tile's depth */
    const float *x, *dy;
    float *parts, *buffers, *dw, *db;  /* parts: dw, then db, of each block */
    int64_t part, buffer, patch;       /* floats of a part; of a thread's buffers: band, patches, dy's panel */
    int few;                           /* few output channels: B and A change places, parts are [channel][weight] */
} FNN_NAME(dw_job);

/* With few channels a kernel row is too short to keep the multipliers busy: then patches of one strip are made. */
static int FNN_NAME(wants_patches)(const fnn_window *z, int64_t outs) {
    return z->kh > 1 && z->kw * z->c < 10 && z->kw * z->c * (outs > FNN_LANES ? 2 : 1) < 5;
}

/* Vector operations for one pixel, either way; sums of fewer vectors wait for each other. */
static int FNN_NAME(is_few)(const fnn_window *z, int64_t outs) {
    const int64_t run = z->kw * z->c, vectors = fnn_max(fnn_ceil_div(run, FNN_LANES), 3);
    return outs < FNN_LANES && 1.3 * (double)(outs * vectors) < (double)run;
}

static FNN_NAME(dw_job) FNN_NAME(dw_plan)(const fnn_step *s) {
    const fnn_tensor *w = &s->in[2];
    fnn_window z = fnn_window_of(&s->in[1], w->shape[0], w->shape[1], &s->attr[0], &s->attr[1]);
    z.c = w->shape[2];
    const int64_t row = ((z.ow - 1) * z.sw + z.kw) * z.c, bytes = fnn_max(w->size * (int64_t)sizeof(float), 1);
    FNN_NAME(dw_job) job = {.z = z, .groups = s->attr[3].i[0], .all = s->in[1].shape[3], .outs = w->shape[3] / s->attr[3].i[0],
                            .x = s->in[1].data, .dy = s->in[0].data, .dw = s->out[1].data, .db = s->out[2].data};
    const int64_t blocks = fnn_max(2, fnn_min(DW_BLOCKS, DW_BYTES / bytes)), pixels = fnn_max(z.oh * z.ow, 1);
    const int64_t cuts = fnn_max(1, fnn_min(blocks / fnn_max(z.n, 1), fnn_min(z.oh, pixels / DEPTH_PIXELS)));
    job.images = fnn_max(1, fnn_ceil_div(z.n, blocks));
    job.rows = fnn_ceil_div(z.oh, cuts);
    job.cuts = fnn_max(1, fnn_ceil_div(z.oh, fnn_max(job.rows, 1)));
    job.blocks = fnn_ceil_div(z.n, job.images) * job.cuts;
    job.few = FNN_NAME(is_few)(&z, job.outs);
    job.band = FNN_NAME(band_rows)(z.oh, (BAND_FLOATS / fnn_max(row, 1) - z.kh) / z.sh + 1, LEAST_CHUNKS);
    job.strip = fnn_min(job.band, fnn_max(1, DEPTH_PIXELS / fnn_max(z.ow, 1)));
    job.part = FNN_NAME(whole_lines)(w->size + w->shape[3]);
    job.patch = FNN_NAME(whole_lines)(((job.band - 1) * z.sh + z.kh) * row);
    job.buffer = job.patch + FNN_NAME(whole_lines)(job.strip * z.ow * (TILE_COLS + 10 * z.kh));
    return job;
}

/* The patches under some rows of windows, from a view of the image. */
static void FNN_NAME(strip_patches)(const fnn_window *z, const float *x, int64_t row, int64_t rows, float *to) {
    const int64_t run = z->kw * z->c;
    for (int64_t p = 0; p < rows; p++)
        for (int64_t q = 0; q < z->ow; q++)
            for (int64_t i = 0; i < z->kh; i++, to += run) {
                const float *from = x + (p * z->sh + i) * row + q * z->sw * z->c;
                for (int64_t k = 0; k < run; k++) to[k] = from[k];
            }
}

/* Adds rows of windows to dw; x is their first cell. */
static void FNN_NAME(dw_strip)(const FNN_NAME(dw_job) *job, const float *x, int64_t row, const float *dy, int64_t rows,
                               float *dw, int begin, float *buffer) {
    const fnn_window z = job->z;
    const int patches = FNN_NAME(wants_patches)(&z, job->outs);
    const int64_t run = (patches ? z.kh : 1) * z.kw * z.c, kernel_rows = patches ? 1 : z.kh, outs = job->groups * job->outs;
    fnn_tile t = {x, 1, z.sw * z.c, z.sh * row, z.ow, rows, dy, outs, NULL, outs, dw, outs, {0}};
    if (patches) {
        FNN_NAME(strip_patches)(&z, x, row, rows, buffer + job->strip * z.ow * TILE_COLS);
        t.a = buffer + job->strip * z.ow * TILE_COLS;
        t.a_depth = run;
        t.depth = rows * z.ow;
        t.segments = 1;
    }
    for (int64_t col = 0; col < job->outs; col += TILE_COLS) {
        const int cols = (int)fnn_min(TILE_COLS, job->outs - col);
        fnn_tile panel = t;
        panel.b = dy + col;
        if (job->outs > TILE_COLS && run * kernel_rows > 4 * TILE_ROWS) {
            if (cols == TILE_COLS) FNN_NAME(copy_runs)(dy + col, rows * z.ow, outs, TILE_COLS, buffer);
            else FNN_NAME(fnn_pack)(dy + col, outs, 1, rows * z.ow, cols, buffer);
            panel.b = buffer;
            panel.b_depth = TILE_COLS;
        }
        for (int64_t i = 0; i < kernel_rows; i++) {
            panel.a = t.a + i * row;
            panel.c = dw + i * run * outs + col;
            panel.from = begin ? NULL : panel.c;
            FNN_NAME(fnn_tile_column)(&panel, run, cols);
        }
    }
}

/* The same with lanes over a kernel row; sums begin at 0. */
static void FNN_NAME(dw_few)(const FNN_NAME(dw_job) *job, const float *x, int64_t row, const float *dy, int64_t rows,
                             float *dw) {
    const fnn_window z = job->z;
    const int64_t run = z.kw * z.c, outs = job->groups * job->outs;
    for (int64_t p = 0; p < rows; p++)
        for (int64_t i = 0; i < z.kh; i++)
            for (int64_t o = 0; o < job->outs; o++)
                FNN_NAME(add_slopes)(x + (p * z.sh + i) * row, z.sw * z.c, dy + p * z.ow * outs + o, outs, z.ow,
                                     dw + (o * z.kh + i) * run, run);
}

/* Rows [from, until) of an image's windows. */
static void FNN_NAME(dw_image)(const FNN_NAME(dw_job) *job, int64_t n, int64_t from, int64_t until, int64_t group,
                               float *dw, int begin, float *buffer) {
    const fnn_window z = job->z;
    const int64_t outs = job->groups * job->outs;
    const float *image = job->x + n * z.h * z.w * job->all + group * z.c, *dy = job->dy + n * z.oh * z.ow * outs + group * job->outs;
    for (int64_t p = from; p < until; p += job->band) {
        const int64_t rows = fnn_min(job->band, until - p);
        const FNN_NAME(frame) f = {p * z.sh - z.top, (rows - 1) * z.sh + z.kh, -z.left, (z.ow - 1) * z.sw + z.kw};
        int64_t row;
        const float *x = FNN_NAME(view_group)(image, z.h, z.w, job->all, z.c, f, buffer, &row);
        if (job->few)
            FNN_NAME(dw_few)(job, x, row, dy + p * z.ow * outs, rows, dw + group * job->outs * z.kh * z.kw * z.c);
        else for (int64_t k = 0; k < rows; k += job->strip, begin = 0)
            FNN_NAME(dw_strip)(job, x + k * z.sh * row, row, dy + (p + k) * z.ow * outs, fnn_min(job->strip, rows - k),
                               dw + group * job->outs, begin, buffer + job->patch);
    }
}

/* db += sum over pixels; SUM_PIXELS at once keep vectors full where channels are few. */
#define SUM_PIXELS 8
#define SUM_FLOATS 512

static void FNN_NAME(add_pixels)(const float *dy, int64_t pixels, int64_t outs, float *restrict db) {
    int64_t p = 0;
    if (outs * SUM_PIXELS <= SUM_FLOATS && pixels >= 2 * SUM_PIXELS) {
        float sum[SUM_FLOATS] = {0};
        for (; p + SUM_PIXELS <= pixels; p += SUM_PIXELS)
            for (int64_t k = 0; k < SUM_PIXELS * outs; k++) sum[k] += dy[p * outs + k];
        for (int64_t k = 0; k < SUM_PIXELS; k++)
            for (int64_t o = 0; o < outs; o++) db[o] += sum[k * outs + o];
    }
    for (; p < pixels; p++)
        for (int64_t o = 0; o < outs; o++) db[o] += dy[p * outs + o];
}

static void FNN_NAME(dw_block)(void *arg, int64_t block, int thread) {
    const FNN_NAME(dw_job) *job = arg;
    const fnn_window *z = &job->z;
    const int64_t first = block / job->cuts * job->images, from = block % job->cuts * job->rows;
    const int64_t until = fnn_min(from + job->rows, z->oh);
    const int64_t outs = job->groups * job->outs, weights = z->kh * z->kw * z->c * outs;
    float *dw = job->parts + block * job->part, *db = dw + weights;
    for (int64_t o = 0; o < outs; o++) db[o] = 0;
    if (job->few || !(z->oh * z->ow)) memset(dw, 0, (size_t)weights * sizeof(float));
    for (int64_t n = first; n < fnn_min(first + job->images, z->n); n++) {
        for (int64_t group = 0; job->dw && group < job->groups; group++)
            FNN_NAME(dw_image)(job, n, from, until, group, dw, n == first, job->buffers + thread * job->buffer);
        if (job->db)
            FNN_NAME(add_pixels)(job->dy + (n * z->oh + from) * z->ow * outs, (until - from) * z->ow, outs, db);
    }
}

static void FNN_NAME(add_parts)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(dw_job) *job = arg;
    const int64_t outs = job->groups * job->outs, each = job->z.kh * job->z.kw * job->z.c, weights = each * outs;
    const int64_t from = chunk * ADD_CHUNK, until = fnn_min(from + ADD_CHUNK, weights + outs);
    (void)thread;
    if (!job->few) {
        FNN_NAME(add_gradients)(job->parts, job->blocks, job->part, from, until, weights, job->dw, job->db);
        return;
    }
    float sums[ADD_CHUNK];
    FNN_NAME(add_up)(job->parts + from, job->blocks, job->part, until - from, sums);
    for (int64_t k = from; k < until; k++) {
        if (k < weights && job->dw) job->dw[k % each * outs + k / each] = sums[k - from];
        if (k >= weights && job->db) job->db[k - weights] = sums[k - from];
    }
}

void FNN_NAME(fnn_conv2d_dw)(fnn_step *s) {
    FNN_NAME(dw_job) job = FNN_NAME(dw_plan)(s);
    const double weights = (double)s->in[2].size;
    job.parts = s->scratch;
    job.buffers = job.parts + job.blocks * job.part;
    fnn_parallel(job.blocks, weights * (double)(job.z.n * job.z.oh * job.z.ow), FNN_NAME(dw_block), &job);
    fnn_parallel(fnn_ceil_div(s->in[2].size + s->in[2].shape[3], ADD_CHUNK), weights * (double)job.blocks, FNN_NAME(add_parts), &job);
}

int64_t FNN_NAME(fnn_conv2d_dw_scratch)(const fnn_step *s) {
    const FNN_NAME(dw_job) job = FNN_NAME(dw_plan)(s);
    return (job.blocks * job.part + fnn_thread_limit() * job.buffer) * (int64_t)sizeof(float);
}
#endif
