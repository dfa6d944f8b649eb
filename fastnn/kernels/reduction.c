/* reduction.c: sums, means and maxima over axes; the sum of several values; totals for metrics. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "reduction.c"
#include "every_isa.h"
#else
#include "broadcast.h"
#include "reduce.h"
#include "whole_reduce.h"
#include "vector_math.h"

FNN_REDUCER(max, -INFINITY, FNN_NAME(larger))

static inline float FNN_NAME(smaller)(float a, float b) {
    union { float f; int32_t i; } x = {a}, y = {b};
    const int32_t take = -(int32_t)((b < a) | (b != b));
    x.i = (y.i & take) | (x.i & ~take);
    return x.f;
}
FNN_REDUCER(min, INFINITY, FNN_NAME(smaller))
#define TIMES(a, b) ((a) * (b))
FNN_REDUCER(prod, 1.0f, TIMES)

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
    float *dx;
    int64_t size, tile;
} FNN_NAME(spread);

/* Declares a loop over tiles of dx: `d` is the tile of the broadcast operand, EXPR what becomes of cell k. */
#define SPREAD(NAME, EXPR)                                                                                    \
    static void FNN_NAME(NAME)(void *arg, int64_t chunk, int thread) {                                        \
        const FNN_NAME(spread) *p = arg;                                                                      \
        const int64_t length = p->tile * FNN_TILES_PER_CHUNK;                                                 \
        const int64_t from = chunk * length, to = fnn_min(from + length, p->size);                            \
        float buffer[FNN_TILE];                                                                               \
        (void)thread;                                                                                         \
        FNN_NAME(prepare)(&p->dy, p->tile, buffer);                                                           \
        for (int64_t at = from; at < to; at += p->tile) {                                                     \
            const int64_t n = fnn_min(p->tile, to - at);                                                      \
            const float *d = FNN_NAME(cells)(&p->dy, at, n, buffer), *x = p->x + at;                          \
            float *dx = p->dx + at;                                                                           \
            (void)x;                                                                                          \
            FNN_CELLWISE                                                                                      \
            for (int64_t k = 0; k < n; k++) dx[k] = EXPR;                                                     \
        }                                                                                                     \
    }

SPREAD(copy_chunk, d[k])
SPREAD(is_top_chunk, x[k] == d[k] ? 1.0f : 0.0f)
SPREAD(share_chunk, dx[k] * d[k])

/* dy once for every cell of x that went into it. */
static void FNN_NAME(spread_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(spread) *p = arg;
    const int64_t length = p->tile * FNN_TILES_PER_CHUNK, from = chunk * length;
    if (p->dy.layout != FNN_NAME(strided)) FNN_NAME(copy_chunk)(arg, chunk, thread);
    else FNN_NAME(write_out)(&p->dy, from, fnn_min(length, p->size - from), p->dx + from);
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

WHOLE_REDUCER(sum, 0, 0, 0, (uint64_t)acc + (uint64_t)x)
WHOLE_REDUCER(prod, 1, 1, 1, (uint64_t)acc * (uint64_t)x)
WHOLE_REDUCER(max, INT32_MIN, INT64_MIN, 0, x > acc ? x : acc)
WHOLE_REDUCER(min, INT32_MAX, INT64_MAX, UINT8_MAX, x < acc ? x : acc)

static int FNN_NAME(sum)(fnn_step *s) {
    if (s->in[0].dtype != FNN_FLOAT32) return FNN_NAME(whole_sum)(s);
    if (s->out[0].data) FNN_NAME(reduce_sum)(FNN_NAME(named_axes)(s, &s->in[0]), s->in[0].data, s->out[0].data, s->scratch);
    return FNN_OK;
}

static int FNN_NAME(sum_backward)(fnn_step *s) {
    FNN_NAME(spread) p = {.x = s->out[0].data, .dx = s->out[0].data};
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
    const float *dy = s->in[0].data;
    float *share = s->scratch;
    FNN_NAME(spread) p = {.x = s->out[0].data, .dx = s->out[0].data};
    if (!p.dx || !s->out[0].size) return FNN_OK;
    const float count = (float)(s->out[0].size / s->in[0].size);
    for (int64_t k = 0; k < s->in[0].size; k++) share[k] = dy[k] / count;
    FNN_NAME(run_spread)(s, &p, share, &s->out[0], FNN_NAME(spread_chunk));
    return FNN_OK;
}

static int64_t FNN_NAME(sum_scratch)(const fnn_step *s, int backward) {
    return backward ? 0 : FNN_NAME(reduce_floats)(FNN_NAME(named_axes)(s, &s->in[0])) * (int64_t)sizeof(float);
}

static int64_t FNN_NAME(mean_scratch)(const fnn_step *s, int backward) {
    return backward ? s->in[0].size * (int64_t)sizeof(float) : FNN_NAME(sum_scratch)(s, 0);
}

/* ---- max: ties share the gradient ---- */

static int FNN_NAME(max)(fnn_step *s) {
    if (s->in[0].dtype != FNN_FLOAT32) return FNN_NAME(whole_max)(s);
    if (s->out[0].data) FNN_NAME(reduce_max)(FNN_NAME(named_axes)(s, &s->in[0]), s->in[0].data, s->out[0].data, s->scratch);
    return FNN_OK;
}

static int FNN_NAME(min)(fnn_step *s) {
    if (s->in[0].dtype != FNN_FLOAT32) return FNN_NAME(whole_min)(s);
    if (s->out[0].data) FNN_NAME(reduce_min)(FNN_NAME(named_axes)(s, &s->in[0]), s->in[0].data, s->out[0].data, s->scratch);
    return FNN_OK;
}

/* Of max and of min. in: dy, x, y. First 1 where x is the largest, then these are counted, then each gets its share of dy. */
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

/* ---- product ---- */

static int FNN_NAME(prod)(fnn_step *s) {
    if (s->in[0].dtype != FNN_FLOAT32) return FNN_NAME(whole_prod)(s);
    if (s->out[0].data) FNN_NAME(reduce_prod)(FNN_NAME(named_axes)(s, &s->in[0]), s->in[0].data, s->out[0].data, s->scratch);
    return FNN_OK;
}

SPREAD(unless_zero_chunk, x[k] != 0 ? x[k] : 1.0f)
SPREAD(is_zero_chunk, x[k] == 0 ? 1.0f : 0.0f)
SPREAD(other_factors_chunk, x[k] != 0 ? d[k] / x[k] : 0)
SPREAD(only_zero_chunk, x[k] == 0 ? d[k] : dx[k])

/* in: dy, x. The product of the others is the product of all cells but 0 divided by x; with one 0 only that cell has a
 * gradient, with more none has. */
static int FNN_NAME(prod_backward)(fnn_step *s) {
    const fnn_tensor *dy = &s->in[0], *x = &s->in[1];
    const float *upstream = dy->data;
    float *product = s->scratch, *zeros = product + dy->size, *rest = zeros + dy->size;
    FNN_NAME(spread) p = {.x = x->data, .dx = s->out[0].data};
    if (!p.dx || !x->size) return FNN_OK;
    FNN_NAME(run_spread)(s, &p, upstream, x, FNN_NAME(unless_zero_chunk));
    FNN_NAME(reduce_prod)(FNN_NAME(named_axes)(s, x), p.dx, product, rest);
    FNN_NAME(run_spread)(s, &p, upstream, x, FNN_NAME(is_zero_chunk));
    FNN_NAME(reduce_sum)(FNN_NAME(named_axes)(s, x), p.dx, zeros, rest);
    for (int64_t k = 0; k < dy->size; k++) rest[k] = zeros[k] == 0 ? upstream[k] * product[k] : 0;
    FNN_NAME(run_spread)(s, &p, rest, x, FNN_NAME(other_factors_chunk));
    for (int64_t k = 0; k < dy->size; k++) rest[k] = zeros[k] == 1 ? upstream[k] * product[k] : 0;
    FNN_NAME(run_spread)(s, &p, rest, x, FNN_NAME(only_zero_chunk));
    return FNN_OK;
}

static int64_t FNN_NAME(prod_scratch)(const fnn_step *s, int backward) {
    const fnn_tensor *x = &s->in[backward ? 1 : 0];
    const int64_t floats = FNN_NAME(reduce_floats)(FNN_NAME(named_axes)(s, x));
    return (backward ? 2 * s->in[0].size + fnn_max(floats, s->in[0].size) : floats) * (int64_t)sizeof(float);
}

/* ---- logsumexp ---- */

SPREAD(exp_less_chunk, FNN_NAME(exp_of)(x[k] - d[k]))

/* The largest is taken off before, unless it is infinite. */
static int FNN_NAME(logsumexp)(fnn_step *s) {
    const fnn_tensor *x = &s->in[0], *y = &s->out[0];
    float *top = s->scratch, *total = y->data, *e = top + y->size, *rest = e + x->size;
    FNN_NAME(spread) p = {.x = x->data, .dx = e};
    if (!total || !y->size) return FNN_OK;
    FNN_NAME(reduce_max)(FNN_NAME(named_axes)(s, x), x->data, top, rest);
    for (int64_t k = 0; k < y->size; k++) if (fabsf(top[k]) == INFINITY) top[k] = 0;
    FNN_NAME(run_spread)(s, &p, top, x, FNN_NAME(exp_less_chunk));
    FNN_NAME(reduce_sum)(FNN_NAME(named_axes)(s, x), e, total, rest);
    for (int64_t k = 0; k < y->size; k++) total[k] = top[k] + FNN_NAME(log_of)(total[k]);
    return FNN_OK;
}

static int FNN_NAME(logsumexp_backward)(fnn_step *s) {
    const fnn_tensor *dy = &s->in[0], *x = &s->in[1], *y = &s->in[2];
    FNN_NAME(spread) p = {.x = x->data, .dx = s->out[0].data};
    if (!p.dx || !x->size) return FNN_OK;
    FNN_NAME(run_spread)(s, &p, y->data, x, FNN_NAME(exp_less_chunk));
    FNN_NAME(run_spread)(s, &p, dy->data, x, FNN_NAME(share_chunk));
    return FNN_OK;
}

static int64_t FNN_NAME(logsumexp_scratch)(const fnn_step *s, int backward) {
    const fnn_tensor *x = &s->in[0];
    if (backward) return 0;
    return (s->out[0].size + x->size + FNN_NAME(reduce_floats)(FNN_NAME(named_axes)(s, x))) * (int64_t)sizeof(float);
}

/* ---- truths ---- */

WHOLE_REDUCE_TYPE(any_of_u, uint8_t, 0, acc | (x != 0))
WHOLE_REDUCE_TYPE(all_of_u, uint8_t, 1, acc & (x != 0))
static int FNN_NAME(any)(fnn_step *s) { if (s->out[0].data) FNN_NAME(any_of_u)(s); return FNN_OK; }
static int FNN_NAME(all)(fnn_step *s) { if (s->out[0].data) FNN_NAME(all_of_u)(s); return FNN_OK; }

/* ---- argmax: the first of the largest; NaN counts as larger than any number ---- */

typedef struct { const float *x; int64_t *y; int64_t outer, reduced, inner, blocks, per_chunk; } FNN_NAME(search);

#define ARGMAX_COLUMNS 64 /* columns searched at once */

/* Position of the first cell that is `top`; NaN is looked for if top is NaN. */
static int64_t FNN_NAME(find)(const float *x, float top) {
    int64_t k = 0;
    if (top != top) { while (x[k] == x[k]) k++; return k; }
    while (x[k] != top) k++;
    return k;
}

/* One run of cells: the largest, then the block of cells that has it, then its place in the block. */
static int64_t FNN_NAME(argmax_run)(const float *x, int64_t n) {
    const float top = FNN_NAME(max_run)(x, n);
    int64_t from = 0;
    for (; from + FNN_RUN <= n; from += FNN_RUN) {
        int32_t found = 0;
        for (int j = 0; j < FNN_RUN; j++) found |= (x[from + j] == top) | (x[from + j] != x[from + j]);
        if (found) break;
    }
    return from + FNN_NAME(find)(x + from, top);
}

/* Columns side by side: `length` rows that are `step` cells apart. */
static void FNN_NAME(search_columns)(const float *x, int64_t length, int64_t step, int64_t width, int64_t *y) {
    float top[ARGMAX_COLUMNS];
    int32_t best[ARGMAX_COLUMNS] = {0};
    memcpy(top, x, (size_t)width * sizeof(float));
    for (int32_t r = 1; r < length; r++) {
        x += step;
        FNN_CELLWISE
        for (int64_t k = 0; k < width; k++) {
            const float v = x[k], t = top[k];
            const int32_t take = (v > t) | ((v != v) & (t == t));
            top[k] = take ? v : t;
            best[k] = take ? r : best[k];
        }
    }
    for (int64_t k = 0; k < width; k++) y[k] = best[k];
}

static void FNN_NAME(argmax_columns)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(search) *p = arg;
    const int64_t outer = chunk / p->blocks, from = chunk % p->blocks * ARGMAX_COLUMNS;
    const float *x = p->x + outer * p->reduced * p->inner + from;
    (void)thread;
    FNN_NAME(search_columns)(x, p->reduced, p->inner, fnn_min(ARGMAX_COLUMNS, p->inner - from), p->y + outer * p->inner + from);
}

static void FNN_NAME(argmax_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(search) *p = arg;
    const int64_t from = chunk * p->per_chunk, to = fnn_min(from + p->per_chunk, p->outer);
    float turned[FNN_RUN * ARGMAX_COLUMNS];
    (void)thread;
    for (int64_t row = from; row < to && p->reduced >= FNN_RUN; row++)
        p->y[row] = FNN_NAME(argmax_run)(p->x + row * p->reduced, p->reduced);
    for (int64_t row = from; row < to && p->reduced < FNN_RUN; row += ARGMAX_COLUMNS) {
        const int64_t rows = fnn_min(ARGMAX_COLUMNS, to - row);
        FNN_NAME(turn)(p->x + row * p->reduced, rows, p->reduced, turned);
        FNN_NAME(search_columns)(turned, p->reduced, rows, rows, p->y + row);
    }
}

#define LARGER(a, b) ((a) > (b))
#define SMALLER(a, b) ((a) < (b))
#define SMALLER_OR_NAN(a, b) ((a) < (b) || ((a) != (a) && (b) == (b)))
WHOLE_SEARCH(argmax, LARGER)
WHOLE_SEARCH(argmin, SMALLER)

/* x as [outer, reduced, inner] around the axis of attribute 0, or as one run if that is None. */
static FNN_NAME(search) FNN_NAME(plan_search)(fnn_step *s) {
    const fnn_tensor *x = &s->in[0];
    FNN_NAME(search) p = {x->data, s->out[0].data, 1, x->size, 1, 0, 0};
    if (s->attr[0].n > 0) {
        const int axis = (int)(s->attr[0].i[0] < 0 ? s->attr[0].i[0] + x->ndim : s->attr[0].i[0]);
        p.outer = fnn_extent(x, 0, axis);
        p.reduced = x->shape[axis];
        p.inner = fnn_extent(x, axis + 1, x->ndim);
    }
    return p;
}

static int FNN_NAME(argmin)(fnn_step *s) {
    const fnn_tensor *x = &s->in[0];
    const FNN_NAME(search) p = FNN_NAME(plan_search)(s);
    const int64_t outer = p.outer, reduced = p.reduced, inner = p.inner;
    int64_t *y = p.y;
    if (!y || !s->out[0].size) return FNN_OK;
    if (x->dtype != FNN_FLOAT32) return FNN_NAME(whole_argmin)(x, y, outer, reduced, inner);
    WHOLE_SEARCH_TYPE(float, SMALLER_OR_NAN)
    return FNN_OK;
}

static int FNN_NAME(argmax)(fnn_step *s) {
    const fnn_tensor *x = &s->in[0];
    FNN_NAME(search) p = FNN_NAME(plan_search)(s);
    if (!p.y || !s->out[0].size) return FNN_OK;
    if (x->dtype != FNN_FLOAT32) return FNN_NAME(whole_argmax)(x, p.y, p.outer, p.reduced, p.inner);
    p.blocks = fnn_ceil_div(p.inner, ARGMAX_COLUMNS);
    p.per_chunk = fnn_max(1, FNN_REDUCE_CHUNK / p.reduced);
    if (p.inner == 1) fnn_parallel(fnn_ceil_div(p.outer, p.per_chunk), 2.0 * (double)x->size, FNN_NAME(argmax_rows), &p);
    else fnn_parallel(p.outer * p.blocks, 2.0 * (double)x->size, FNN_NAME(argmax_columns), &p);
    return FNN_OK;
}

/* ---- sum_and_count: totals of a metric, in double precision ---- */

typedef struct { const float *values, *weights; double *totals; int64_t size, repeat; } FNN_NAME(totals);

#define TOTAL_LANES 16

static double FNN_NAME(total)(const float *x, int64_t n) {
    double lane[TOTAL_LANES] = {0}, sum = 0;
    int64_t k = 0;
    for (; k + TOTAL_LANES <= n; k += TOTAL_LANES)
        for (int j = 0; j < TOTAL_LANES; j++) lane[j] += x[k + j];
    for (; k < n; k++) sum += x[k];
    for (int j = 0; j < TOTAL_LANES; j++) sum += lane[j];
    return sum;
}

static double FNN_NAME(weighted_total)(const float *x, const float *w, int64_t n) {
    double lane[TOTAL_LANES] = {0}, sum = 0;
    int64_t k = 0;
    for (; k + TOTAL_LANES <= n; k += TOTAL_LANES)
        for (int j = 0; j < TOTAL_LANES; j++) lane[j] += (double)w[k + j] * x[k + j];
    for (; k < n; k++) sum += (double)w[k] * x[k];
    for (int j = 0; j < TOTAL_LANES; j++) sum += lane[j];
    return sum;
}

/* Each weight stands for `repeat` values. */
static void FNN_NAME(repeated_totals)(const FNN_NAME(totals) *p, int64_t from, int64_t to, double *totals) {
    while (from < to) {
        const int64_t row = from / p->repeat, n = fnn_min((row + 1) * p->repeat, to) - from;
        totals[0] += p->weights[row] * FNN_NAME(total)(p->values + from, n);
        totals[1] += (double)p->weights[row] * (double)n;
        from += n;
    }
}

static void FNN_NAME(totals_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(totals) *p = arg;
    const int64_t from = chunk * FNN_REDUCE_CHUNK, n = fnn_min(FNN_REDUCE_CHUNK, p->size - from);
    double *totals = p->totals + 2 * chunk;
    (void)thread;
    totals[0] = totals[1] = 0;
    if (!p->weights) {
        totals[0] = FNN_NAME(total)(p->values + from, n);
        totals[1] = (double)n;
    } else if (p->repeat == 1) {
        totals[0] = FNN_NAME(weighted_total)(p->values + from, p->weights + from, n);
        totals[1] = FNN_NAME(total)(p->weights + from, n);
    } else FNN_NAME(repeated_totals)(p, from, from + n, totals);
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

/* Sums wrap around. */
#define ACCUMULATE(T)                                                                                         \
    for (int32_t j = 1; j < s->n_in; j++) {                                                                   \
        const T *x = s->in[j].data;                                                                           \
        T *y = s->out[0].data;                                                                                \
        for (int64_t k = 0; k < s->out[0].size; k++) y[k] = (T)(y[k] + x[k]);                                 \
    }

static int FNN_NAME(whole_accumulate)(fnn_step *s) {
    const int dtype = s->in[0].dtype;
    const size_t bytes = dtype == FNN_INT64 ? 8 : (dtype == FNN_UINT8 ? 1 : 4);
    if (!s->out[0].data) return FNN_OK;
    if (s->out[0].size) memmove(s->out[0].data, s->in[0].data, (size_t)s->out[0].size * bytes);
    if (dtype == FNN_INT32) { ACCUMULATE(uint32_t) }
    else if (dtype == FNN_INT64) { ACCUMULATE(uint64_t) }
    else { ACCUMULATE(uint8_t) }
    return FNN_OK;
}

static int FNN_NAME(accumulate)(fnn_step *s) {
    if (s->in[0].dtype != FNN_FLOAT32) return FNN_NAME(whole_accumulate)(s);
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
    {"sum", "x", "axis keepdims", FNN_NAME(sum), FNN_NAME(sum_backward), FNN_NAME(sum_scratch)},
    {"mean", "x", "axis keepdims", FNN_NAME(mean), FNN_NAME(mean_backward), FNN_NAME(mean_scratch)},
    {"max", "x", "axis keepdims", FNN_NAME(max), FNN_NAME(max_backward), FNN_NAME(max_scratch)},
    {"min", "x", "axis keepdims", FNN_NAME(min), FNN_NAME(max_backward), FNN_NAME(max_scratch)},
    {"prod", "x", "axis keepdims", FNN_NAME(prod), FNN_NAME(prod_backward), FNN_NAME(prod_scratch)},
    {"logsumexp", "x", "axis keepdims", FNN_NAME(logsumexp), FNN_NAME(logsumexp_backward), FNN_NAME(logsumexp_scratch)},
    {"any", "x", "axis keepdims", FNN_NAME(any), NULL, NULL},
    {"all", "x", "axis keepdims", FNN_NAME(all), NULL, NULL},
    {"argmin", "x", "axis keepdims", FNN_NAME(argmin), NULL, NULL},
    {"argmax", "x", "axis keepdims", FNN_NAME(argmax), NULL, NULL},
    {"sum_and_count", "values weights", "", FNN_NAME(sum_and_count), NULL, FNN_NAME(totals_scratch)},
    {"accumulate", "*xs", "", FNN_NAME(accumulate), FNN_NAME(accumulate_backward), NULL},
    {0},
};
#endif
