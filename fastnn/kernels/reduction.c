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

/* ---- max: ties share the gradient ---- */

static int FNN_NAME(max)(fnn_step *s) {
    if (s->out[0].data) FNN_NAME(reduce_max)(FNN_NAME(named_axes)(s, &s->in[0]), s->in[0].data, s->out[0].data, s->scratch);
    return FNN_OK;
}

static void FNN_NAME(is_top_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(spread) *p = arg;
    const int64_t from = chunk * p->tile * FNN_TILES_PER_CHUNK, to = fnn_min(from + p->tile * FNN_TILES_PER_CHUNK, p->size);
    float buffer[FNN_TILE];
    (void)thread;
    FNN_NAME(prepare)(&p->dy, p->tile, buffer);
    for (int64_t at = from; at < to; at += p->tile) {
        const int64_t n = fnn_min(p->tile, to - at);
        const float *y = FNN_NAME(cells)(&p->dy, at, n, buffer), *x = p->x + at;
        float *dx = p->dx + at;
        FNN_CELLWISE
        for (int64_t k = 0; k < n; k++) dx[k] = x[k] == y[k] ? 1.0f : 0.0f;
    }
}

static void FNN_NAME(share_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(spread) *p = arg;
    const int64_t from = chunk * p->tile * FNN_TILES_PER_CHUNK, to = fnn_min(from + p->tile * FNN_TILES_PER_CHUNK, p->size);
    float buffer[FNN_TILE];
    (void)thread;
    FNN_NAME(prepare)(&p->dy, p->tile, buffer);
    for (int64_t at = from; at < to; at += p->tile) {
        const int64_t n = fnn_min(p->tile, to - at);
        const float *share = FNN_NAME(cells)(&p->dy, at, n, buffer);
        float *dx = p->dx + at;
        FNN_CELLWISE
        for (int64_t k = 0; k < n; k++) dx[k] *= share[k];
    }
}

/* in: dy, x, y. First 1 where x is the largest, then these are counted, then each gets its share of dy. */
static int FNN_NAME(max_backward)(fnn_step *s) {
    const fnn_tensor *dy = &s->in[0], *x = &s->in[1], *y = &s->in[2];
    FNN_NAME(spread) p = {.x = x->data, .dx = s->out[0].data};
    float *share = s->scratch;
    const float *upstream = dy->data;
    if (!p.dx || !x->size) return FNN_OK;
    FNN_NAME(run_spread)(s, &p, y->data, x, FNN_NAME(is_top_chunk));
    FNN_NAME(reduce_sum)(FNN_NAME(named_axes)(s, x), p.dx, share, share + dy->size);
    for (int64_t k = 0; k < dy->size; k++) share[k] = upstream[k] / share[k];
    FNN_NAME(run_spread)(s, &p, share, x, FNN_NAME(share_chunk));
    return FNN_OK;
}

static int64_t FNN_NAME(max_scratch)(const fnn_step *s, int backward) {
    const fnn_tensor *x = &s->in[backward ? 1 : 0];
    return (FNN_NAME(reduce_floats)(FNN_NAME(named_axes)(s, x)) + (backward ? s->in[0].size : 0)) * (int64_t)sizeof(float);
}

/* ---- argmax: the first of the largest; NaN counts as larger than any number ---- */

typedef struct { const float *x; int64_t *y; int64_t outer, reduced, inner, per_chunk; } FNN_NAME(search);

static void FNN_NAME(argmax_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(search) *p = arg;
    const int64_t from = chunk * p->per_chunk, to = fnn_min(from + p->per_chunk, p->outer * p->inner);
    (void)thread;
    for (int64_t cell = from; cell < to; cell++) {
        const float *x = p->x + cell / p->inner * p->reduced * p->inner + cell % p->inner;
        int64_t best = 0;
        float top = x[0];
        for (int64_t r = 1; r < p->reduced && top == top; r++) {
            const float v = x[r * p->inner];
            if (v > top || v != v) { top = v; best = r; }
        }
        p->y[cell] = best;
    }
}

static int FNN_NAME(argmax)(fnn_step *s) {
    const fnn_tensor *x = &s->in[0];
    FNN_NAME(search) p = {x->data, s->out[0].data, 1, x->size, 1, 0};
    if (!p.y || !s->out[0].size) return FNN_OK;
    if (s->attr[0].n > 0) {
        const int axis = (int)(s->attr[0].i[0] < 0 ? s->attr[0].i[0] + x->ndim : s->attr[0].i[0]);
        p.outer = fnn_extent(x, 0, axis);
        p.reduced = x->shape[axis];
        p.inner = fnn_extent(x, axis + 1, x->ndim);
    }
    p.per_chunk = fnn_max(1, FNN_REDUCE_CHUNK / p.reduced);
    fnn_parallel(fnn_ceil_div(p.outer * p.inner, p.per_chunk), 2.0 * (double)x->size, FNN_NAME(argmax_chunk), &p);
    return FNN_OK;
}

/* ---- sum_and_count: totals of a metric, in double precision ---- */

typedef struct { const float *values, *weights; double *totals; int64_t size, repeat; } FNN_NAME(totals);

static void FNN_NAME(totals_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(totals) *p = arg;
    const int64_t from = chunk * FNN_REDUCE_CHUNK, to = fnn_min(from + FNN_REDUCE_CHUNK, p->size);
    double sum = 0, count = 0;
    (void)thread;
    for (int64_t k = from; k < to; k++) {
        const double w = p->weights ? p->weights[p->repeat == 1 ? k : k / p->repeat] : 1.0;
        sum += w * p->values[k];
        count += w;
    }
    p->totals[2 * chunk] = sum;
    p->totals[2 * chunk + 1] = count;
}

static int FNN_NAME(sum_and_count)(fnn_step *s) {
    const fnn_tensor *values = &s->in[0], *weights = &s->in[1];
    const int64_t chunks = fnn_ceil_div(values->size, FNN_REDUCE_CHUNK);
    FNN_NAME(totals) p = {values->data, weights->data, s->scratch, values->size, 1};
    float *y = s->out[0].data;
    double sum = 0, count = 0;
    if (!y) return FNN_OK;
    if (weights->data) p.repeat = values->size / fnn_max(1, weights->size);
    fnn_parallel(chunks, 2.0 * (double)p.size, FNN_NAME(totals_chunk), &p);
    for (int64_t k = 0; k < chunks; k++) { sum += p.totals[2 * k]; count += p.totals[2 * k + 1]; }
    y[0] = (float)sum;
    y[1] = (float)count;
    return FNN_OK;
}

static int64_t FNN_NAME(totals_scratch)(const fnn_step *s, int backward) {
    return backward ? 0 : fnn_ceil_div(s->in[0].size, FNN_REDUCE_CHUNK) * 2 * (int64_t)sizeof(double);
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
    {"max", "x", "axis keepdims", FNN_NAME(max), FNN_NAME(max_backward), FNN_NAME(max_scratch)},
    {"argmax", "x", "axis keepdims", FNN_NAME(argmax), NULL, NULL},
    {"sum_and_count", "values weights", "", FNN_NAME(sum_and_count), NULL, FNN_NAME(totals_scratch)},
    {"accumulate", "*xs", "", FNN_NAME(accumulate), FNN_NAME(accumulate_backward), NULL},
    {0},
};
#endif
