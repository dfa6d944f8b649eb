/* winograd_dw.c: the gradients of conv2d of 3 x 3, stride 1, with respect to weights and bias, by F(4 x 4, 3 x 3). */
#include "winograd.h"
#ifndef FNN_ISA
#include "vector_system.h"
#define FNN_FAMILY_FILE "winograd_dw.c"
#include "every_isa.h"
#else
#include "winograd.h"
#include "gemm.h"
#include "correlation.h"
#include "vector.h"
#include "winograd_transforms.h"

#define DW_BLOCK 28        /* squares: the depth of a product */
#define DW_PARTS 16        /* dw is the sum of at most so many parts, whatever the number of threads … */
#define DW_PART_SQUARES 56 /* … each of so many squares or more, but two from so many on … */
#define DW_TWO_PARTS 24
#define DW_BYTES (8 << 20) /* … and if they would take more memory, fewer parts, two at least */

typedef struct {
    fnn_squares x, dy;
    int64_t squares, parts, per_part;  /* all of them; parts of the sum; squares of a part */
    int64_t x_pitch, dy_pitch;         /* from one square to the next in a plane */
    int64_t x_plane, dy_plane, dw_plane;
    float *zeros, *sums, *buffers, *dw, *db; /* sums: dw, then db, of each part; a buffer: x, dy, dw at the points */
    int64_t weights, part, buffer;
} FNN_NAME(winograd_dw_job);

static FNN_NAME(winograd_dw_job) FNN_NAME(winograd_dw_plan)(const fnn_step *s) {
    const fnn_tensor *w = &s->in[2];
    const fnn_window z = fnn_window_of(&s->in[1], 3, 3, &s->attr[0], &s->attr[1]);
    const int64_t down = fnn_ceil_div(z.oh, STEP), across = fnn_ceil_div(z.ow, STEP), outs = w->shape[3];
    FNN_NAME(winograd_dw_job) job = {
        .x = {s->in[1].data, NULL, z.h, z.w, z.c, z.top, z.left, down, across, SQUARE},
        .dy = {s->in[0].data, NULL, z.oh, z.ow, outs, 0, 0, down, across, STEP},
        .squares = z.n * down * across, .dw = s->out[1].data, .db = s->out[2].data, .weights = 9 * z.c * outs};
    const int64_t most = fnn_max(2, fnn_min(DW_PARTS, DW_BYTES / (job.weights * (int64_t)sizeof(float))));
    const int64_t parts = fnn_min(most, fnn_max(job.squares / DW_PART_SQUARES, job.squares < DW_TWO_PARTS ? 1 : 2));
    job.per_part = fnn_ceil_div(job.squares, parts);
    job.parts = job.squares ? fnn_ceil_div(job.squares, job.per_part) : 0;
    job.x_pitch = FNN_NAME(whole_vectors)(z.c);
    job.dy_pitch = FNN_NAME(whole_vectors)(outs);
    job.x_plane = FNN_NAME(whole_lines)(DW_BLOCK * job.x_pitch) + LINE;
    job.dy_plane = FNN_NAME(whole_lines)(DW_BLOCK * job.dy_pitch) + LINE;
    job.dw_plane = FNN_NAME(whole_lines)(z.c * job.dy_pitch) + LINE;
    job.part = FNN_NAME(whole_lines)(job.weights + job.dy_pitch);
    job.buffer = POINTS * (job.x_plane + job.dy_plane + job.dw_plane);
    return job;
}

/* A dy A^T of FNN_LANES channels of a square; its pixels are added to db. */
FNN_INLINE void FNN_NAME(dresults_vec)(const float *const *pixel, int64_t c, int lanes, const int part, float *to,
                                       int64_t plane, float *db) {
    VEC dy[RESULTS], sum = FNN_NAME(load_lanes)(db, lanes, part);
    FNN_UNROLL for (int k = 0; k < RESULTS; k++) dy[k] = FNN_NAME(load_lanes)(pixel[k] + c, lanes, part);
    FNN_UNROLL for (int k = 0; k < STEP; k++)
        sum = FNN_NAME(vec_add)(sum, FNN_NAME(vec_add)(FNN_NAME(vec_add)(dy[k], dy[k + STEP]),
                                                      FNN_NAME(vec_add)(dy[k + 2 * STEP], dy[k + 3 * STEP])));
    if (part) FNN_NAME(vec_store_part)(db, sum, lanes);
    else FNN_NAME(vec_store)(db, sum);
    TRANSFORM(pass_dresults, STEP, SQUARE, dy[i * STEP + j], FNN_NAME(vec_store)(to + (i * SQUARE + j) * plane, t[i]));
}

static void FNN_NAME(dresults_to_points)(const FNN_NAME(winograd_dw_job) *job, const float *const *pixel, int64_t count,
                                         float *to, float *db) {
    for (int64_t s = 0; s < count; s++, pixel += RESULTS, to += job->dy_pitch) {
        int64_t c = 0;
        for (; c + FNN_LANES <= job->dy.c; c += FNN_LANES)
            FNN_NAME(dresults_vec)(pixel, c, FNN_LANES, 0, to + c, job->dy_plane, db + c);
        if (c < job->dy.c) FNN_NAME(dresults_vec)(pixel, c, (int)(job->dy.c - c), 1, to + c, job->dy_plane, db + c);
    }
}

typedef struct { /* squares of which x and dy are at the points, and the next ones, which are fetched meanwhile */
    int64_t count, next;
    const float *x_pixels[2][DW_BLOCK * POINTS], *dy_pixels[2][DW_BLOCK * RESULTS];
    float *x, *dy, *dw;
    int begin;           /* 1: dw is not there yet */
} FNN_NAME(winograd_dw_block);

/* dw += x^T dy at each point, and between them prefetches of the next block's pixels. */
static void FNN_NAME(winograd_dw_products)(const FNN_NAME(winograd_dw_job) *job, const FNN_NAME(winograd_dw_block) *b,
                                           int next) {
    for (int64_t k = 0; k < POINTS; k++) {
        FNN_NAME(fetch_pixels)(b->x_pixels[next], b->next, POINTS, k, job->x.c);
        if (k < RESULTS) FNN_NAME(fetch_pixels)(b->dy_pixels[next], b->next, RESULTS, k, job->dy.c);
        for (int64_t col = 0; col < job->dy_pitch; col += TILE_COLS) {
            float *dw = b->dw + k * job->dw_plane + col;
            fnn_tile t = {.a = b->x + k * job->x_plane, .a_row = 1, .a_depth = job->x_pitch, .depth = b->count,
                                .segments = 1, .b = b->dy + k * job->dy_plane + col, .b_depth = job->dy_pitch,
                                .from = b->begin ? NULL : dw, .from_row = job->dy_pitch, .c = dw, .c_row = job->dy_pitch};
            FNN_NAME(fnn_tile_column)(&t, job->x.c, (int)fnn_min(TILE_COLS, job->dy_pitch - col));
        }
    }
}

static void FNN_NAME(points_to_dweights)(const FNN_NAME(winograd_dw_job) *job, const float *from, float *dw) {
    const int64_t outs = job->dy.c, cell = job->x.c * outs;
    float last[9 * FNN_LANES];
    for (int64_t c = 0; c < job->x.c; c++, from += job->dy_pitch, dw += outs) {
        int64_t o = 0;
        for (; o + FNN_LANES <= outs; o += FNN_LANES)
            TRANSFORM(pass_dweights, SQUARE, 3, FNN_NAME(vec_load)(from + (i * SQUARE + j) * job->dw_plane + o),
                      FNN_NAME(vec_store)(dw + (i * 3 + j) * cell + o, t[i]));
        if (o == outs) continue;
        TRANSFORM(pass_dweights, SQUARE, 3, FNN_NAME(vec_load)(from + (i * SQUARE + j) * job->dw_plane + o),
                  FNN_NAME(vec_store)(last + (i * 3 + j) * FNN_LANES, t[i]));
        for (int k = 0; k < 9; k++) memcpy(dw + k * cell + o, last + k * FNN_LANES, (size_t)(outs - o) * sizeof(float));
    }
}

static void FNN_NAME(winograd_dw_part)(void *arg, int64_t part, int thread) {
    const FNN_NAME(winograd_dw_job) *job = arg;
    const int64_t begin = part * job->per_part, end = fnn_min(begin + job->per_part, job->squares);
    float *dw = job->sums + part * job->part, *db = dw + job->weights;
    FNN_NAME(winograd_dw_block) b;
    int now = 0;
    b.x = job->buffers + thread * job->buffer;
    b.dy = b.x + POINTS * job->x_plane;
    b.dw = b.dy + POINTS * job->dy_plane;
    b.count = fnn_min(DW_BLOCK, end - begin);
    memset(db, 0, (size_t)job->dy.c * sizeof(float));
    fnn_squares_pixels(&job->x, begin, b.count, b.x_pixels[now]);
    fnn_squares_pixels(&job->dy, begin, b.count, b.dy_pixels[now]);
    for (int64_t first = begin; first < end; first += b.count, b.count = b.next, now = !now) {
        b.next = fnn_min(DW_BLOCK, end - first - b.count);
        b.begin = first == begin;
        fnn_squares_pixels(&job->x, first + b.count, b.next, b.x_pixels[!now]);
        fnn_squares_pixels(&job->dy, first + b.count, b.next, b.dy_pixels[!now]);
        FNN_NAME(dresults_to_points)(job, b.dy_pixels[now], b.count, b.dy, db);
        if (!job->dw) continue;
        FNN_NAME(squares_to_points)(b.x_pixels[now], b.count, job->x.c, b.x, job->x_pitch, job->x_plane);
        FNN_NAME(winograd_dw_products)(job, &b, !now);
    }
    if (job->dw) FNN_NAME(points_to_dweights)(job, b.dw, dw);
}

static void FNN_NAME(winograd_add_parts)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(winograd_dw_job) *job = arg;
    const int64_t end = fnn_min((chunk + 1) * ADD_CHUNK, job->weights + job->dy.c);
    (void)thread;
    FNN_NAME(add_gradients)(job->sums, job->parts, job->part, chunk * ADD_CHUNK, end, job->weights, job->dw, job->db);
}

void FNN_NAME(fnn_winograd_dw)(fnn_step *s) {
    FNN_NAME(winograd_dw_job) job = FNN_NAME(winograd_dw_plan)(s);
    const int64_t zeros = FNN_NAME(whole_lines)(fnn_max(job.x.c, job.dy.c));
    job.zeros = s->scratch;
    job.sums = job.zeros + zeros;
    job.buffers = job.sums + job.parts * job.part;
    job.x.outside = job.dy.outside = job.zeros;
    memset(job.zeros, 0, (size_t)zeros * sizeof(float));
    fnn_parallel(job.parts, (double)job.weights * STEP * (double)job.squares, FNN_NAME(winograd_dw_part), &job);
    fnn_parallel(fnn_ceil_div(job.weights + job.dy.c, ADD_CHUNK), (double)job.weights * (double)job.parts,
                 FNN_NAME(winograd_add_parts), &job);
}

int64_t FNN_NAME(fnn_winograd_dw_scratch)(const fnn_step *s) {
    const FNN_NAME(winograd_dw_job) job = FNN_NAME(winograd_dw_plan)(s);
    const int64_t zeros = FNN_NAME(whole_lines)(fnn_max(job.x.c, job.dy.c));
    return (zeros + job.parts * job.part + fnn_thread_limit() * job.buffer) * (int64_t)sizeof(float);
}
#endif
