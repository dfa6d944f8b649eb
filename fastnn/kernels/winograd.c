/* winograd.c: conv2d of 3 x 3, stride 1, and its gradient with respect to the images, by F(4 x 4, 3 x 3). */
#include "winograd.h"
#ifndef FNN_ISA
#include "vector_system.h"
#define FNN_FAMILY_FILE "winograd.c"
#include "every_isa.h"
#else
#include "winograd.h"
#include "gemm.h"
#include "correlation.h"
#include "vector.h"
#include "winograd_transforms.h"

/* A block is as many squares as a tile has rows, or two: products of a block leave no rest. */
#undef BLOCK
#define BLOCK (TILE_ROWS == 14 ? 14 : 2 * TILE_ROWS)
#define MOST_BLOCK 14
#define RUN_BLOCKS 16    /* neighbouring blocks, which one thread takes in turn, so that it knows the next one … */
#define LEAST_RUNS 16    /* … but fewer where there would not be so many runs */
#define WEIGHT_DEPTH 32  /* rows of weights that are transformed at once */

typedef struct {
    fnn_squares from, to;
    int64_t squares, run;             /* all of them; those of a run */
    int64_t from_pitch, to_pitch;     /* from one square to the next in a plane */
    int64_t from_plane, to_plane, weight_plane;
    const float *w;
    int turned;                       /* 1: the gradient, a convolution with weights turned round */
    float *weights, *buffers, *zeros; /* weights at the points; a buffer holds a block at the points, from and to */
    int64_t buffer;
    fnn_epilogue finish;
} FNN_NAME(winograd_job);

static FNN_NAME(winograd_job) FNN_NAME(winograd_plan)(const fnn_step *s, int backward) {
    const fnn_tensor *x = &s->in[backward], *w = &s->in[backward + 1];
    const fnn_window z = fnn_window_of(x, 3, 3, &s->attr[0], &s->attr[1]);
    const fnn_squares image = {x->data, NULL, z.h, z.w, z.c, 0, 0, fnn_ceil_div(z.h, STEP), fnn_ceil_div(z.w, STEP), STEP};
    const fnn_squares result = {s->out[0].data, NULL, z.oh, z.ow, w->shape[3], 0, 0, fnn_ceil_div(z.oh, STEP),
                                fnn_ceil_div(z.ow, STEP), STEP};
    FNN_NAME(winograd_job) job = {.from = backward ? result : image, .to = backward ? image : result, .w = w->data,
                                  .turned = backward, .finish = s->epilogue};
    job.from.data = s->in[0].data;
    job.to.data = s->out[0].data;
    job.from.side = SQUARE;
    job.from.down = job.to.down;
    job.from.across = job.to.across;
    job.from.top = backward ? 2 - z.top : z.top;
    job.from.left = backward ? 2 - z.left : z.left;
    job.squares = z.n * job.to.down * job.to.across;
    job.run = BLOCK * fnn_max(1, fnn_min(RUN_BLOCKS, job.squares / (BLOCK * LEAST_RUNS)));
    job.from_pitch = FNN_NAME(whole_vectors)(job.from.c);
    job.to_pitch = FNN_NAME(whole_vectors)(job.to.c);
    job.from_plane = FNN_NAME(whole_lines)(BLOCK * job.from_pitch) + LINE;
    job.to_plane = FNN_NAME(whole_lines)(BLOCK * job.to_pitch) + LINE;
    job.weight_plane = FNN_NAME(whole_lines)(FNN_NAME(panels)(job.to.c) * TILE_COLS * job.from.c) + LINE;
    job.buffer = fnn_max(POINTS * (job.from_plane + job.to_plane), 9 * WEIGHT_DEPTH * TILE_COLS);
    return job;
}

/* ---------------------------------------------------------------- weights
 *
 * In panels of TILE_COLS results, as the products want them: `depth` rows of one panel are transformed together.
 */
static void FNN_NAME(winograd_weights)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(winograd_job) *job = arg;
    const int64_t stretches = fnn_ceil_div(job->from.c, WEIGHT_DEPTH), outs = job->turned ? job->from.c : job->to.c;
    const int64_t row = chunk % stretches * WEIGHT_DEPTH, col = chunk / stretches * TILE_COLS;
    const int64_t depth = fnn_min(WEIGHT_DEPTH, job->from.c - row), cell = depth * TILE_COLS;
    const int cols = (int)fnn_min(TILE_COLS, job->to.c - col);
    float *packed = job->buffers + thread * job->buffer, *to = job->weights + col * job->from.c + row * TILE_COLS;
    for (int64_t k = 0; k < 9; k++) {
        const float *w = job->w + (job->turned ? 8 - k : k) * job->from.c * job->to.c;
        if (job->turned) FNN_NAME(fnn_pack)(w + col * outs + row, 1, outs, depth, cols, packed + k * cell);
        else FNN_NAME(fnn_pack)(w + row * outs + col, outs, 1, depth, cols, packed + k * cell);
    }
    for (int64_t k = 0; k < cell; k += FNN_LANES)
        TRANSFORM(pass_weights, 3, SQUARE, FNN_NAME(vec_load)(packed + (i * 3 + j) * cell + k),
                  FNN_NAME(vec_store)(to + (i * SQUARE + j) * job->weight_plane + k, t[i]));
}

/* ---------------------------------------------------------------- blocks of squares */

typedef struct { /* what a thread works on: some squares, and the next ones, which are fetched meanwhile */
    int64_t count, next;
    const float *pixels[2][MOST_BLOCK * POINTS], *results[MOST_BLOCK * RESULTS];
    float *from, *to;
} FNN_NAME(winograd_block);

/* The products at each point, and between them prefetches: `next` are the next block's pixels. */
static void FNN_NAME(winograd_products)(const FNN_NAME(winograd_job) *job, const FNN_NAME(winograd_block) *b,
                                        const float *const *next) {
    for (int64_t k = 0; k < POINTS; k++) {
        FNN_NAME(fetch_pixels)(next, b->next, POINTS, k, job->from.c);
        if (k < RESULTS) FNN_NAME(fetch_results)(b->results, b->count, k, job->to.c);
        for (int64_t col = 0; col < job->to_pitch; col += TILE_COLS) {
            fnn_tile t = {.a = b->from + k * job->from_plane, .a_row = job->from_pitch, .a_depth = 1,
                                .depth = job->from.c, .segments = 1, .b_depth = TILE_COLS,
                                .b = job->weights + k * job->weight_plane + col * job->from.c,
                                .c = b->to + k * job->to_plane + col, .c_row = job->to_pitch};
            FNN_NAME(fnn_tile_column)(&t, b->count, (int)fnn_min(TILE_COLS, job->to_pitch - col));
        }
    }
}

/* What the epilogue makes of RESULTS vectors, apart from the transform. */
static FNN_NOINLINE void FNN_NAME(finish_results)(const FNN_NAME(winograd_job) *job, const float *sums,
                                                  const float *const *result, int64_t c, int lanes) {
    const fnn_epilogue *e = &job->finish;
    const VEC zero = FNN_NAME(vec_fill)(0), bias = e->bias ? FNN_NAME(vec_load_part)(e->bias + c, lanes) : zero;
    for (int k = 0; k < RESULTS; k++) {
        float *to = (float *)result[k] + c;
        if (!result[k]) continue;
        const VEC mask = e->mask ? FNN_NAME(vec_load_part)(e->mask + (to - job->to.data), lanes) : zero;
        const VEC old = e->accumulate ? FNN_NAME(vec_load_part)(to, lanes) : zero;
        const VEC sum = FNN_NAME(vec_load)(sums + k * FNN_LANES);
        FNN_NAME(vec_store_part)(to, FNN_NAME(vec_finish)(sum, e, bias, mask, old), lanes);
    }
}

/* FNN_LANES channels of a square's results. */
FNN_INLINE void FNN_NAME(results_vec)(const FNN_NAME(winograd_job) *job, const float *from, const float *const *result,
                                      int64_t c, int lanes, const int part) {
    const fnn_epilogue *e = &job->finish;
    VEC y[RESULTS];
    TRANSFORM(pass_results, SQUARE, STEP, FNN_NAME(vec_load)(from + (i * SQUARE + j) * job->to_plane), y[i * STEP + j] = t[i]);
    if (e->relu || e->mask || e->accumulate || part) {
        float sums[RESULTS * FNN_LANES];
        FNN_UNROLL for (int k = 0; k < RESULTS; k++) FNN_NAME(vec_store)(sums + k * FNN_LANES, y[k]);
        FNN_NAME(finish_results)(job, sums, result, c, lanes);
        return;
    }
    const VEC bias = e->bias ? FNN_NAME(vec_load)(e->bias + c) : FNN_NAME(vec_fill)(0);
    FNN_UNROLL for (int k = 0; k < RESULTS; k++)
        if (result[k]) FNN_NAME(vec_store)((float *)result[k] + c, FNN_NAME(vec_add)(y[k], bias));
}

static void FNN_NAME(points_to_results)(const FNN_NAME(winograd_job) *job, const FNN_NAME(winograd_block) *b) {
    for (int64_t s = 0; s < b->count; s++) {
        const float *from = b->to + s * job->to_pitch, *const *result = b->results + s * RESULTS;
        int64_t c = 0;
        for (; c + FNN_LANES <= job->to.c; c += FNN_LANES)
            FNN_NAME(results_vec)(job, from + c, result, c, FNN_LANES, 0);
        if (c < job->to.c) FNN_NAME(results_vec)(job, from + c, result, c, (int)(job->to.c - c), 1);
    }
}

static void FNN_NAME(winograd_run)(void *arg, int64_t run, int thread) {
    const FNN_NAME(winograd_job) *job = arg;
    const int64_t end = fnn_min((run + 1) * job->run, job->squares);
    FNN_NAME(winograd_block) b;
    int now = 0;
    b.from = job->buffers + thread * job->buffer;
    b.to = b.from + POINTS * job->from_plane;
    b.count = fnn_min(BLOCK, end - run * job->run);
    fnn_squares_pixels(&job->from, run * job->run, b.count, b.pixels[now]);
    for (int64_t first = run * job->run; first < end; first += b.count, b.count = b.next, now = !now) {
        b.next = fnn_min(BLOCK, end - first - b.count);
        fnn_squares_pixels(&job->from, first + b.count, b.next, b.pixels[!now]);
        fnn_squares_pixels(&job->to, first, b.count, b.results);
        FNN_NAME(squares_to_points)(b.pixels[now], b.count, job->from.c, b.from, job->from_pitch, job->from_plane);
        FNN_NAME(winograd_products)(job, &b, b.pixels[!now]);
        FNN_NAME(points_to_results)(job, &b);
    }
}

/* ---------------------------------------------------------------- conv2d */

static void FNN_NAME(winograd)(fnn_step *s, int backward) {
    FNN_NAME(winograd_job) job = FNN_NAME(winograd_plan)(s, backward);
    const double channels = (double)job.from.c * (double)job.to.c;
    const int64_t zeros = FNN_NAME(whole_lines)(job.from.c);
    if (!backward) job.finish.bias = s->in[2].data;
    job.zeros = s->scratch;
    job.weights = job.zeros + zeros;
    job.buffers = job.weights + POINTS * job.weight_plane;
    job.from.outside = job.zeros;
    memset(job.zeros, 0, (size_t)zeros * sizeof(float));
    fnn_parallel(FNN_NAME(panels)(job.to.c) * fnn_ceil_div(job.from.c, WEIGHT_DEPTH), channels * 9,
                 FNN_NAME(winograd_weights), &job);
    fnn_parallel(fnn_ceil_div(job.squares, job.run), channels * POINTS * (double)job.squares, FNN_NAME(winograd_run), &job);
}

static int64_t FNN_NAME(winograd_scratch)(const fnn_step *s, int backward) {
    const FNN_NAME(winograd_job) job = FNN_NAME(winograd_plan)(s, backward);
    return (FNN_NAME(whole_lines)(job.from.c) + POINTS * job.weight_plane + fnn_thread_limit() * job.buffer)
           * (int64_t)sizeof(float);
}

int FNN_NAME(fnn_winograd)(fnn_step *s) {
    if (s->out[0].size) FNN_NAME(winograd)(s, 0);
    return FNN_OK;
}

int FNN_NAME(fnn_winograd_backward)(fnn_step *s) {
    if (s->out[0].data && s->out[0].size) FNN_NAME(winograd)(s, 1);
    if (s->out[1].data || s->out[2].data) FNN_NAME(fnn_winograd_dw)(s);
    return FNN_OK;
}

int64_t FNN_NAME(fnn_winograd_scratch)(const fnn_step *s, int backward) {
    const int64_t bytes = FNN_NAME(winograd_scratch)(s, backward);
    return backward ? fnn_max(bytes, FNN_NAME(fnn_winograd_dw_scratch)(s)) : bytes;
}
#endif
