/* convolution.c: im2col, col2im and conv2d, each forward directly above its backward. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "convolution.c"
#include "every_isa.h"
#else
#include "gemm.h"
#include "window.h"

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
    if (job.to) fnn_parallel(job.z.n, work, body, &job);
    return FNN_OK;
}

static int FNN_NAME(im2col)(fnn_step *s) { return FNN_NAME(patches)(s, &s->in[0], FNN_NAME(take_patches)); }
static int FNN_NAME(im2col_backward)(fnn_step *s) { return FNN_NAME(patches)(s, &s->out[0], FNN_NAME(add_patches)); }
static int FNN_NAME(col2im)(fnn_step *s) { return FNN_NAME(patches)(s, &s->out[0], FNN_NAME(add_patches)); }
static int FNN_NAME(col2im_backward)(fnn_step *s) { return FNN_NAME(patches)(s, &s->in[0], FNN_NAME(take_patches)); }

/* ---------------------------------------------------------------- conv2d: bands of images, and correlation
 *
 * No matrix of patches is made. Under NHWC one kernel row over a window is kw * c neighbouring floats, so that
 * neighbouring windows of one row are the rows of a tile, and kernel rows its segments. Where windows hang over the
 * edge a band of image rows is copied with its border of zeros to a buffer that belongs to the thread.
 */
#define BAND_FLOATS 65536  /* a band with its border stays in the second-level cache */
#define LEAST_CHUNKS 8     /* few images are cut into bands until there are so many */
#define DEPTH_PIXELS 128   /* dw is summed over about so many pixels at once: both operands stay in the caches */
#define DW_BLOCKS 16       /* dw is the sum of at most so many parts, whatever the number of threads */
#define DW_BYTES (8 << 20) /* parts that would take more memory are fewer, two at least */

/* Rows [row, row + rows), columns [col, col + cols) of an image; they may lie outside, where there are zeros. */
typedef struct { int64_t row, rows, col, cols; } FNN_NAME(frame);

static void FNN_NAME(copy_frame)(const float *image, int64_t h, int64_t w, int64_t c, FNN_NAME(frame) f, float *to) {
    const int64_t from = fnn_min(fnn_max(f.col, 0), w), until = fnn_max(from, fnn_min(f.col + f.cols, w));
    const int64_t before = (from - f.col) * c, inside = (until - from) * c, after = f.cols * c - before - inside;
    for (int64_t r = f.row; r < f.row + f.rows; r++, to += f.cols * c) {
        if (r < 0 || r >= h) {
            memset(to, 0, (size_t)(f.cols * c) * sizeof(float));
            continue;
        }
        memset(to, 0, (size_t)before * sizeof(float));
        memcpy(to + before, image + (r * w + from) * c, (size_t)inside * sizeof(float));
        memset(to + before + inside, 0, (size_t)after * sizeof(float));
    }
}

static int FNN_NAME(is_inside)(FNN_NAME(frame) f, int64_t h, int64_t w) {
    return f.row >= 0 && f.row + f.rows <= h && f.col >= 0 && f.col + f.cols <= w;
}

/* The frame's first cell, in place if possible, otherwise in a copy; *row_floats is the distance of rows. */
static const float *FNN_NAME(view)(const float *image, int64_t h, int64_t w, int64_t c, FNN_NAME(frame) f, float *buffer,
                                   int64_t *row_floats) {
    if (FNN_NAME(is_inside)(f, h, w)) {
        *row_floats = w * c;
        return image + (f.row * w + f.col) * c;
    }
    FNN_NAME(copy_frame)(image, h, w, c, f, buffer);
    *row_floats = f.cols * c;
    return buffer;
}

/* How many rows of windows make a band: `fit` rows fill the buffer. */
static int64_t FNN_NAME(band_rows)(int64_t rows, int64_t fit, int64_t images) {
    const int64_t bands = fnn_max(fnn_ceil_div(rows, fnn_max(fit, 1)), fnn_ceil_div(LEAST_CHUNKS, fnn_max(images, 1)));
    return fnn_max(fnn_ceil_div(rows, bands), 1);
}

/* to[row, pixel, :] = sum over segments s, depth k of from[row, pixel; s, k] * weights[s, k, :]; distances in floats. */
typedef struct {
    const float *from;
    int64_t from_row, from_pixel, segments, segment, depth;
    const float *weights; /* in panels of TILE_COLS channels */
    float *to;
    int64_t to_row, to_pixel, rows, pixels, channels;
    fnn_epilogue finish;  /* mask is laid out as `to` */
} FNN_NAME(correlation);

static void FNN_NAME(correlate)(FNN_NAME(correlation) c) {
    if (c.from_row == c.pixels * c.from_pixel && c.to_row == c.pixels * c.to_pixel) { /* 1x1: one long row */
        c.pixels *= c.rows;
        c.rows = 1;
    }
    for (int64_t col = 0; col < c.channels; col += TILE_COLS) {
        fnn_tile t = {c.from, c.from_pixel, 1, c.segment, c.depth, c.segments, c.weights + col * c.segments * c.depth,
                      TILE_COLS, NULL, 0, c.to + col, c.to_pixel, c.finish};
        if (t.finish.bias) t.finish.bias += col;
        if (t.finish.mask) t.finish.mask += col;
        for (int64_t row = 0; row < c.rows; row++) {
            FNN_NAME(fnn_tile_column)(t, c.pixels, (int)fnn_min(TILE_COLS, c.channels - col));
            t.a += c.from_row;
            t.c += c.to_row;
            if (t.finish.mask) t.finish.mask += c.to_row;
        }
    }
}

static int64_t FNN_NAME(panels)(int64_t channels) { return fnn_ceil_div(channels, TILE_COLS); }
static int64_t FNN_NAME(whole_lines)(int64_t floats) { return fnn_ceil_div(floats, 16) * 16; }

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

static int FNN_NAME(conv2d)(fnn_step *s) {
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

/* ---------------------------------------------------------------- conv2d: dx
 *
 * Cells whose distance to the padded corner leaves the same rest (r, r2) by the strides meet the same kernel cells:
 * each such phase is a correlation of dy, stride 1, with every sh-th, sw-th kernel cell from (r, r2), turned round.
 */
typedef struct {
    fnn_window z;
    int64_t outs, tall, wide;   /* output channels; most kernel rows and columns of a phase */
    int64_t first, last, band, bands; /* cells (row + top) / sh of a band, all of them in [first, last] */
    const float *dy, *w;
    float *dx, *packed, *buffers;
    int64_t buffer;
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
    const fnn_window z = fnn_window_of(&s->in[1], w->shape[0], w->shape[1], &s->attr[0], &s->attr[1]);
    FNN_NAME(dx_job) job = {.z = z, .outs = w->shape[3], .tall = fnn_ceil_div(z.kh, z.sh), .wide = fnn_ceil_div(z.kw, z.sw),
                            .first = z.top / z.sh, .last = (z.h - 1 + z.top) / z.sh, .dy = s->in[0].data, .w = w->data,
                            .dx = s->out[0].data, .finish = s->epilogue};
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

static float *FNN_NAME(phase_weights)(const FNN_NAME(dx_job) *job, int64_t r, int64_t r2) {
    const fnn_window *z = &job->z;
    const int64_t cells = FNN_NAME(before_phase)(z->kh, z->sh, r) * z->kw
                          + FNN_NAME(in_phase)(z->kh, z->sh, r) * FNN_NAME(before_phase)(z->kw, z->sw, r2);
    return job->packed + cells * job->outs * FNN_NAME(panels)(z->c) * TILE_COLS;
}

/* Weights of kernel row i: every panel holds (kernel row, kernel column, output channel) x input channel. */
static void FNN_NAME(dx_pack)(void *arg, int64_t i, int thread) {
    const FNN_NAME(dx_job) *job = arg;
    const fnn_window z = job->z;
    const int64_t r = i % z.sh, tall = FNN_NAME(in_phase)(z.kh, z.sh, r);
    (void)thread;
    for (int64_t j = 0; j < z.kw; j++) {
        const int64_t r2 = j % z.sw, wide = FNN_NAME(in_phase)(z.kw, z.sw, r2);
        const int64_t turned = (tall - 1 - i / z.sh) * wide + wide - 1 - j / z.sw;
        const float *w = job->w + (i * z.kw + j) * z.c * job->outs;
        float *to = FNN_NAME(phase_weights)(job, r, r2) + turned * job->outs * TILE_COLS;
        for (int64_t c = 0; c < z.c; c += TILE_COLS, to += tall * wide * job->outs * TILE_COLS)
            FNN_NAME(fnn_pack)(w + c * job->outs, 1, job->outs, job->outs, (int)fnn_min(TILE_COLS, z.c - c), to);
    }
}

/* Positions q in [*from, *until) with 0 <= q * stride + r - before < size. */
static void FNN_NAME(clip_phase)(int64_t r, int64_t stride, int64_t before, int64_t size, int64_t *from, int64_t *until) {
    *from = fnn_max(*from, before > r ? fnn_ceil_div(before - r, stride) : 0);
    *until = fnn_min(*until, size + before > r ? fnn_ceil_div(size + before - r, stride) : 0);
}

static void FNN_NAME(dx_phase)(const FNN_NAME(dx_job) *job, int64_t n, FNN_NAME(frame) f, const float *dy, int64_t row,
                               int64_t r, int64_t r2) {
    const fnn_window z = job->z;
    int64_t q = f.row + job->tall - 1, q_end = f.row + f.rows, q2 = f.col + job->wide - 1, q2_end = f.col + f.cols;
    FNN_NAME(clip_phase)(r, z.sh, z.top, z.h, &q, &q_end);
    FNN_NAME(clip_phase)(r2, z.sw, z.left, z.w, &q2, &q2_end);
    if (q >= q_end || q2 >= q2_end) return;
    const int64_t tall = FNN_NAME(in_phase)(z.kh, z.sh, r), wide = FNN_NAME(in_phase)(z.kw, z.sw, r2);
    const int64_t at = ((n * z.h + q * z.sh + r - z.top) * z.w + q2 * z.sw + r2 - z.left) * z.c;
    const float *from = dy + (q - tall + 1 - f.row) * row + (q2 - wide + 1 - f.col) * job->outs;
    FNN_NAME(correlation) c = {from, row, job->outs, wide ? tall : 0, row, wide * job->outs,
                               FNN_NAME(phase_weights)(job, r, r2), job->dx + at, z.sh * z.w * z.c, z.sw * z.c,
                               q_end - q, q2_end - q2, z.c, job->finish};
    if (c.finish.mask) c.finish.mask += at;
    FNN_NAME(correlate)(c);
}

static void FNN_NAME(dx_band)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(dx_job) *job = arg;
    const fnn_window z = job->z;
    const int64_t n = chunk / job->bands, q = job->first + chunk % job->bands * job->band;
    const FNN_NAME(frame) f = FNN_NAME(dx_frame)(job, q, fnn_min(job->band, job->last + 1 - q));
    int64_t row;
    const float *dy = FNN_NAME(view)(job->dy + n * z.oh * z.ow * job->outs, z.oh, z.ow, job->outs, f,
                                     job->buffers + thread * job->buffer, &row);
    for (int64_t r = 0; r < z.sh; r++)
        for (int64_t r2 = 0; r2 < z.sw; r2++) FNN_NAME(dx_phase)(job, n, f, dy, row, r, r2);
}

static int64_t FNN_NAME(dx_packed)(const FNN_NAME(dx_job) *job) {
    return FNN_NAME(whole_lines)(job->z.kh * job->z.kw * job->outs * FNN_NAME(panels)(job->z.c) * TILE_COLS);
}

static void FNN_NAME(conv2d_dx)(fnn_step *s) {
    FNN_NAME(dx_job) job = FNN_NAME(dx_plan)(s);
    const double weights = (double)s->in[2].size;
    if (!s->out[0].size) return;
    job.packed = s->scratch;
    job.buffers = job.packed + FNN_NAME(dx_packed)(&job);
    fnn_parallel(job.z.kh, weights, FNN_NAME(dx_pack), &job);
    fnn_parallel(job.z.n * job.bands, weights * (double)(job.z.n * job.z.oh * job.z.ow), FNN_NAME(dx_band), &job);
}

/* ---------------------------------------------------------------- conv2d: dw, db
 *
 * One kernel row's part of dw is A^T B: A the kw * c floats under every window of some rows, read in place, B = dy.
 * Blocks of images have their own sums, which are added in order.
 */
typedef struct {
    fnn_window z;
    int64_t outs, blocks, band, strip; /* parts of the sum; window rows of a band, and of a strip: one tile's depth */
    const float *x, *dy;
    float *parts, *buffers, *dw, *db;  /* parts: dw, then db, of each block */
    int64_t part, buffer, patch;       /* floats of a part; of a thread's buffers: band, patches, dy's panel */
} FNN_NAME(dw_job);

/* With few channels a kernel row is too short for a tile: then patches of one strip are made. */
static int FNN_NAME(wants_patches)(const fnn_window *z) { return z->kh > 1 && z->kw * z->c < 10; }

static FNN_NAME(dw_job) FNN_NAME(dw_plan)(const fnn_step *s) {
    const fnn_tensor *w = &s->in[2];
    const fnn_window z = fnn_window_of(&s->in[1], w->shape[0], w->shape[1], &s->attr[0], &s->attr[1]);
    const int64_t row = ((z.ow - 1) * z.sw + z.kw) * z.c, bytes = fnn_max(w->size * (int64_t)sizeof(float), 1);
    FNN_NAME(dw_job) job = {.z = z, .outs = w->shape[3], .x = s->in[1].data, .dy = s->in[0].data, .dw = s->out[1].data,
                            .db = s->out[2].data};
    const int64_t blocks = fnn_max(2, fnn_min(DW_BLOCKS, DW_BYTES / bytes));
    job.blocks = fnn_ceil_div(z.n, fnn_max(1, fnn_ceil_div(z.n, blocks)));
    job.band = FNN_NAME(band_rows)(z.oh, (BAND_FLOATS / fnn_max(row, 1) - z.kh) / z.sh + 1, LEAST_CHUNKS);
    job.strip = fnn_min(job.band, fnn_max(1, DEPTH_PIXELS / fnn_max(z.ow, 1)));
    job.part = FNN_NAME(whole_lines)(w->size + job.outs);
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
    const int patches = FNN_NAME(wants_patches)(&z);
    const int64_t run = (patches ? z.kh : 1) * z.kw * z.c, kernel_rows = patches ? 1 : z.kh;
    fnn_tile t = {x, 1, z.sw * z.c, z.sh * row, z.ow, rows, dy, job->outs, NULL, job->outs, dw, job->outs, {0}};
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
            FNN_NAME(fnn_pack)(dy + col, job->outs, 1, rows * z.ow, cols, buffer);
            panel.b = buffer;
            panel.b_depth = TILE_COLS;
        }
        for (int64_t i = 0; i < kernel_rows; i++) {
            panel.a = t.a + i * row;
            panel.c = dw + i * run * job->outs + col;
            panel.from = begin ? NULL : panel.c;
            FNN_NAME(fnn_tile_column)(panel, run, cols);
        }
    }
}

static void FNN_NAME(dw_image)(const FNN_NAME(dw_job) *job, int64_t n, float *dw, int begin, float *buffer) {
    const fnn_window z = job->z;
    for (int64_t p = 0; p < z.oh; p += job->band) {
        const int64_t rows = fnn_min(job->band, z.oh - p);
        const FNN_NAME(frame) f = {p * z.sh - z.top, (rows - 1) * z.sh + z.kh, -z.left, (z.ow - 1) * z.sw + z.kw};
        int64_t row;
        const float *x = FNN_NAME(view)(job->x + n * z.h * z.w * z.c, z.h, z.w, z.c, f, buffer, &row);
        for (int64_t k = 0; k < rows; k += job->strip, begin = 0)
            FNN_NAME(dw_strip)(job, x + k * z.sh * row, row, job->dy + (n * z.oh + p + k) * z.ow * job->outs,
                               fnn_min(job->strip, rows - k), dw, begin, buffer + job->patch);
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
    const int64_t per_block = fnn_ceil_div(z->n, job->blocks), first = block * per_block, pixels = z->oh * z->ow;
    const int64_t weights = z->kh * z->kw * z->c * job->outs;
    float *dw = job->parts + block * job->part, *db = dw + weights;
    for (int64_t o = 0; o < job->outs; o++) db[o] = 0;
    if (!pixels) memset(dw, 0, (size_t)weights * sizeof(float));
    for (int64_t n = first; n < fnn_min(first + per_block, z->n); n++) {
        if (job->dw) FNN_NAME(dw_image)(job, n, dw, n == first, job->buffers + thread * job->buffer);
        if (job->db) FNN_NAME(add_pixels)(job->dy + n * pixels * job->outs, pixels, job->outs, db);
    }
}

#define ADD_CHUNK 4096

static void FNN_NAME(add_parts)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(dw_job) *job = arg;
    const int64_t weights = job->z.kh * job->z.kw * job->z.c * job->outs;
    (void)thread;
    for (int64_t k = chunk * ADD_CHUNK; k < fnn_min((chunk + 1) * ADD_CHUNK, weights + job->outs); k++) {
        float *to = k < weights ? job->dw : job->db, sum = 0;
        if (!to) continue;
        for (int64_t b = 0; b < job->blocks; b++) sum = b ? sum + job->parts[b * job->part + k] : job->parts[k];
        to[k < weights ? k : k - weights] = sum;
    }
}

static void FNN_NAME(conv2d_dw)(fnn_step *s) {
    FNN_NAME(dw_job) job = FNN_NAME(dw_plan)(s);
    const double weights = (double)s->in[2].size;
    job.parts = s->scratch;
    job.buffers = job.parts + job.blocks * job.part;
    fnn_parallel(job.blocks, weights * (double)(job.z.n * job.z.oh * job.z.ow), FNN_NAME(dw_block), &job);
    fnn_parallel(fnn_ceil_div(s->in[2].size + job.outs, ADD_CHUNK), weights * (double)job.blocks, FNN_NAME(add_parts), &job);
}

static int FNN_NAME(conv2d_backward)(fnn_step *s) {
    if (s->out[0].data) FNN_NAME(conv2d_dx)(s);
    if (s->out[1].data || s->out[2].data) FNN_NAME(conv2d_dw)(s);
    return FNN_OK;
}

static int64_t FNN_NAME(conv2d_scratch)(const fnn_step *s, int backward) {
    if (!backward) {
        const FNN_NAME(forward_job) job = FNN_NAME(forward_plan)(s);
        const int64_t packed = FNN_NAME(whole_lines)(FNN_NAME(forward_packed)(&job));
        return (packed + fnn_thread_limit() * job.buffer) * (int64_t)sizeof(float);
    }
    const FNN_NAME(dx_job) dx = FNN_NAME(dx_plan)(s);
    const FNN_NAME(dw_job) dw = FNN_NAME(dw_plan)(s);
    const int64_t for_dx = FNN_NAME(dx_packed)(&dx) + fnn_thread_limit() * dx.buffer;
    const int64_t for_dw = dw.blocks * dw.part + fnn_thread_limit() * dw.buffer;
    return fnn_max(for_dx, for_dw) * (int64_t)sizeof(float);
}

const fnn_entry FNN_NAME(convolution_entries)[] = {
    {"im2col", "x", "kernel_size strides padding", FNN_NAME(im2col), FNN_NAME(im2col_backward), NULL},
    {"col2im", "col", "kernel_size strides padding size", FNN_NAME(col2im), FNN_NAME(col2im_backward), NULL},
    {"conv2d", "x w b", "strides padding", FNN_NAME(conv2d), FNN_NAME(conv2d_backward), FNN_NAME(conv2d_scratch)},
    {0},
};
#endif
