/* reduction.c: sums, means and maxima over axes; the sum of several values; totals for metrics. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "reduction.c"
#include "every_isa.h"
#else
#include "broadcast.h"
#include "reduce.h"

FNN_REDUCER(max, -INFINITY, FNN_NAME(larger))

/* The axes that attribute 0 names; None names all. */
static FNN_NAME(reduction) FNN_NAME(named_axes)(const fnn_step *s, const fnn_tensor *x) {
    int32_t flags[FNN_MAX_DIMS] = {0};
    const fnn_attr *axes = &s->attr[0];
    for (int d = 0; d < x->ndim; d++) flags[d] = axes->n < 0;
    for (int k = 0; k < axes->n; k++) flags[axes->i[k] < 0 ? axes->i[k] + x->ndim : axes->i[k]] = 1;
    return FNN_NAME(merge_axes)(x->shape, x->ndim, flags);
}

/* x's shape with extent 1 where it is reduced: what the result broadcasts from. */
static void FNN_NAME(kept_shape)(const fnn_step *s, const fnn_tensor *x, int64_t *shape) {
    for (int d = 0; d < x->ndim; d++) shape[d] = s->attr[0].n < 0 ? 1 : x->shape[d];
    for (int k = 0; k < s->attr[0].n; k++) {
        const int64_t axis = s->attr[0].i[k];
        shape[axis < 0 ? axis + x->ndim : axis] = 1;
    }
}

typedef struct {
    FNN_NAME(operand) dy;
    const float *x;
    float *dx, scale;
    int64_t size, tile;
} FNN_NAME(spread);

static void FNN_NAME(spread_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(spread) *p = arg;
    const int64_t from = chunk * p->tile * FNN_TILES_PER_CHUNK, to = fnn_min(from + p->tile * FNN_TILES_PER_CHUNK, p->size);
    float buffer[FNN_TILE];
    (void)thread;
    FNN_NAME(prepare)(&p->dy, p->tile, buffer);
    for (int64_t at = from; at < to; at += p->tile) {
        const int64_t n = fnn_min(p->tile, to - at);
        const float *dy = FNN_NAME(cells)(&p->dy, at, n, buffer);
        float *dx = p->dx + at;
        FNN_CELLWISE
        for (int64_t k = 0; k < n; k++) dx[k] = dy[k] / p->scale;
    }
}

static void FNN_NAME(run_spread)(fnn_step *s, FNN_NAME(spread) *p, const float *dy, const fnn_tensor *x,
                                 void (*body)(void *, int64_t, int)) {
    int64_t kept[FNN_MAX_DIMS];
    FNN_NAME(kept_shape)(s, x, kept);
    p->dy = FNN_NAME(broadcast)(dy, kept, x->ndim, x->shape, x->ndim);
    p->size = x->size;
    p->tile = FNN_NAME(tile_of)(&p->dy, NULL);
    fnn_parallel(fnn_ceil_div(p->size, p->tile * FNN_TILES_PER_CHUNK), (double)p->size, body, p);
}

static int FNN_NAME(sum)(fnn_step *s) {
    if (s->out[0].data) FNN_NAME(reduce_sum)(FNN_NAME(named_axes)(s, &s->in[0]), s->in[0].data, s->out[0].data, s->scratch);
    return FNN_OK;
}

static int FNN_NAME(sum_backward)(fnn_step *s) {
    FNN_NAME(spread) p = {.dx = s->out[0].data, .scale = 1};
    if (p.dx && s->out[0].size) FNN_NAME(run_spread)(s, &p, s->in[0].data, &s->out[0], FNN_NAME(spread_chunk));
    return FNN_OK;
}

static int FNN_NAME(mean)(fnn_step *s) {
    float *y = s->out[0].data;
    if (!y || !s->out[0].size) return FNN_OK;
    const float count = (float)(s->in[0].size / s->out[0].size);
    FNN_NAME(sum)(s);
    for (int64_t k = 0; k < s->out[0].size; k++) y[k] /= count;
    return FNN_OK;
}

static int FNN_NAME(mean_backward)(fnn_step *s) {
    FNN_NAME(spread) p = {.dx = s->out[0].data};
    if (!p.dx || !s->out[0].size) return FNN_OK;
    p.scale = (float)(s->out[0].size / s->in[0].size);
    FNN_NAME(run_spread)(s, &p, s->in[0].data, &s->out[0], FNN_NAME(spread_chunk));
    return FNN_OK;
}

static int64_t FNN_NAME(forward_scratch)(const fnn_step *s, int backward) {
    return backward ? 0 : FNN_NAME(reduce_floats)(FNN_NAME(named_axes)(s, &s->in[0])) * (int64_t)sizeof(float);
}

/* ---- accumulate: same shapes ---- */

static void FNN_NAME(accumulate_chunk)(void *arg, int64_t chunk, int thread) {
    const fnn_step *s = arg;
    const int64_t from = chunk * FNN_REDUCE_CHUNK, to = fnn_min(from + FNN_REDUCE_CHUNK, s->out[0].size);
    float *y = s->out[0].data;
    const float *a = s->in[0].data, *b = s->n_in > 1 ? s->in[1].data : NULL;
    (void)thread;
    if (!b) {
        if (a != y) memcpy(y + from, a + from, (size_t)(to - from) * sizeof(float));
        return;
    }
    FNN_CELLWISE
    for (int64_t k = from; k < to; k++) y[k] = a[k] + b[k];
    for (int32_t j = 2; j < s->n_in; j++) {
        const float *x = s->in[j].data;
        FNN_CELLWISE
        for (int64_t k = from; k < to; k++) y[k] += x[k];
    }
}

static int FNN_NAME(accumulate)(fnn_step *s) {
    if (s->out[0].data)
        fnn_parallel(fnn_ceil_div(s->out[0].size, FNN_REDUCE_CHUNK), (double)s->n_in * (double)s->out[0].size,
                     FNN_NAME(accumulate_chunk), s);
    return FNN_OK;
}

static int FNN_NAME(accumulate_backward)(fnn_step *s) {
    for (int32_t j = 0; j < s->n_out; j++)
        if (s->out[j].data && s->out[j].data != s->in[0].data)
            memcpy(s->out[j].data, s->in[0].data, (size_t)s->in[0].size * sizeof(float));
    return FNN_OK;
}

const fnn_entry FNN_NAME(reduction_entries)[] = {
    {"sum", "x", "axis keepdims", FNN_NAME(sum), FNN_NAME(sum_backward), FNN_NAME(forward_scratch)},
    {"mean", "x", "axis keepdims", FNN_NAME(mean), FNN_NAME(mean_backward), FNN_NAME(forward_scratch)},
    {"accumulate", "*xs", "", FNN_NAME(accumulate), FNN_NAME(accumulate_backward), NULL},
    {0},
};
#endif
