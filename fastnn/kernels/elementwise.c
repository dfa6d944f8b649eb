/* elementwise.c: one result cell from one or two input cells; two inputs are broadcast as in NumPy. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "elementwise.c"
#include "every_isa.h"
#else
#include "vector_math.h"
#include "broadcast.h"
#include "reduce.h"

/* ---- two inputs: spans of n cells ---- */

typedef void (*FNN_NAME(span2))(const float *a, const float *b, float *y, int64_t n);
typedef void (*FNN_NAME(span3))(const float *dy, const float *a, const float *b, float *d, int64_t n);

#define SPAN2(NAME, EXPR)                                                                            \
    static void FNN_NAME(NAME##_span)(const float *pa, const float *pb, float *y, int64_t n) {       \
        FNN_CELLWISE                                                                                 \
        for (int64_t k = 0; k < n; k++) { const float a = pa[k], b = pb[k]; y[k] = EXPR; }           \
    }
#define SPAN3(NAME, EXPR)                                                                            \
    static void FNN_NAME(NAME##_span)(const float *pdy, const float *pa, const float *pb, float *d, int64_t n) { \
        FNN_CELLWISE                                                                                 \
        for (int64_t k = 0; k < n; k++) { const float dy = pdy[k], a = pa[k], b = pb[k]; (void)a; (void)b; d[k] = EXPR; } \
    }

SPAN2(add, a + b)
SPAN2(subtract, a - b)
SPAN2(multiply, a * b)
SPAN3(multiply_da, dy * b)
SPAN3(multiply_db, dy * a)
SPAN2(divide, a / b)
SPAN3(divide_da, dy / b)
SPAN3(divide_db, -dy * a / (b * b))
SPAN2(maximum, a > b || a != a ? a : b)
SPAN3(maximum_da, a >= b ? dy : 0)
SPAN3(maximum_db, a >= b ? 0 : dy)
SPAN2(minimum, a < b || a != a ? a : b)
SPAN3(minimum_da, a <= b ? dy : 0)
SPAN3(minimum_db, a <= b ? 0 : dy)
/* Whole vectors by series; cells that it does not cover (a not positive, infinities, NaN) anew by the C library. */
static void FNN_NAME(powers)(const float *a, const float *b, float less, float *y, int64_t n) {
    int32_t other = 0;
    FNN_CELLWISE
    for (int64_t k = 0; k < n; k++) y[k] = FNN_NAME(power_of)(a[k], b[k] - less);
    for (int64_t k = 0; k < n; k++) other |= !((a[k] > 0) & (a[k] < INFINITY) & (fabsf(b[k]) < INFINITY));
    for (int64_t k = 0; other && k < n; k++)
        if (!((a[k] > 0) & (a[k] < INFINITY) & (fabsf(b[k]) < INFINITY))) y[k] = powf(a[k], b[k] - less);
}

static void FNN_NAME(power_span)(const float *a, const float *b, float *y, int64_t n) {
    float result[FNN_TILE]; /* y may be a or b */
    FNN_NAME(powers)(a, b, 0, result, n);
    memcpy(y, result, (size_t)n * sizeof(float));
}

static void FNN_NAME(power_da_span)(const float *dy, const float *a, const float *b, float *d, int64_t n) {
    float slope[FNN_TILE];
    FNN_NAME(powers)(a, b, 1, slope, n);
    for (int64_t k = 0; k < n; k++) d[k] = dy[k] * b[k] * slope[k];
}

static void FNN_NAME(power_db_span)(const float *dy, const float *a, const float *b, float *d, int64_t n) {
    float result[FNN_TILE];
    FNN_NAME(powers)(a, b, 0, result, n);
    for (int64_t k = 0; k < n; k++) d[k] = dy[k] * result[k] * (a[k] > 0 ? FNN_NAME(log_of)(a[k]) : 0);
}

/* ---- two inputs: tiles of the result ---- */

typedef struct {
    FNN_NAME(operand) a, b;
    const float *dy;
    float *y;
    FNN_NAME(span2) span2;
    FNN_NAME(span3) span3;
    int64_t size, tile;
} FNN_NAME(pair);

static void FNN_NAME(pair_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(pair) *p = arg;
    const int64_t from = chunk * p->tile * FNN_TILES_PER_CHUNK, to = fnn_min(from + p->tile * FNN_TILES_PER_CHUNK, p->size);
    float for_a[FNN_TILE], for_b[FNN_TILE];
    (void)thread;
    FNN_NAME(prepare)(&p->a, p->tile, for_a);
    FNN_NAME(prepare)(&p->b, p->tile, for_b);
    for (int64_t at = from; at < to; at += p->tile) {
        const int64_t n = fnn_min(p->tile, to - at);
        const float *a = FNN_NAME(cells)(&p->a, at, n, for_a), *b = FNN_NAME(cells)(&p->b, at, n, for_b);
        if (p->span2) p->span2(a, b, p->y + at, n);
        else p->span3(p->dy + at, a, b, p->y + at, n);
    }
}

static void FNN_NAME(run_pair)(FNN_NAME(pair) *p, const fnn_tensor *a, const fnn_tensor *b, const fnn_tensor *y) {
    p->a = FNN_NAME(broadcast)(a->data, a->shape, a->ndim, y->shape, y->ndim);
    p->b = FNN_NAME(broadcast)(b->data, b->shape, b->ndim, y->shape, y->ndim);
    p->size = y->size;
    p->tile = FNN_NAME(tile_of)(&p->a, &p->b);
    fnn_parallel(fnn_ceil_div(p->size, p->tile * FNN_TILES_PER_CHUNK), 2.0 * (double)p->size, FNN_NAME(pair_chunk), p);
}

static int FNN_NAME(forward_pair)(fnn_step *s, FNN_NAME(span2) span) {
    FNN_NAME(pair) p = {.y = s->out[0].data, .span2 = span};
    if (p.y && s->out[0].size) FNN_NAME(run_pair)(&p, &s->in[0], &s->in[1], &s->out[0]);
    return FNN_OK;
}

/* ---- two inputs: back through broadcasting ---- */

/* The axes of y along which x was repeated. */
static FNN_NAME(reduction) FNN_NAME(repeated_axes)(const fnn_tensor *y, const fnn_tensor *x) {
    int32_t flags[FNN_MAX_DIMS];
    const int missing = y->ndim - x->ndim;
    for (int d = 0; d < y->ndim; d++) flags[d] = d < missing || (x->shape[d - missing] == 1 && y->shape[d] != 1);
    return FNN_NAME(merge_axes)(y->shape, y->ndim, flags);
}

static int FNN_NAME(repeated)(const fnn_tensor *y, const fnn_tensor *x) {
    FNN_NAME(reduction) r = FNN_NAME(repeated_axes)(y, x);
    for (int d = 0; d < r.ndim; d++)
        if (r.reduced[d] && r.shape[d] != 1) return 1;
    return 0;
}

static void FNN_NAME(copy_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(pair) *p = arg;
    const int64_t from = chunk * FNN_REDUCE_CHUNK, n = fnn_min(FNN_REDUCE_CHUNK, p->size - from);
    (void)thread;
    memcpy(p->y + from, p->dy + from, (size_t)n * sizeof(float));
}

/* Gradient of one input of a sum: dy, added up where that input was repeated. */
static void FNN_NAME(pass_on)(fnn_step *s, fnn_tensor *d) {
    const fnn_tensor *dy = &s->in[0];
    if (!d->data || d->data == dy->data) return;
    if (FNN_NAME(repeated)(dy, d)) {
        FNN_NAME(reduce_sum)(FNN_NAME(repeated_axes)(dy, d), dy->data, d->data, s->scratch);
        return;
    }
    FNN_NAME(pair) p = {.dy = dy->data, .y = d->data, .size = d->size};
    fnn_parallel(fnn_ceil_div(p.size, FNN_REDUCE_CHUNK), (double)p.size, FNN_NAME(copy_chunk), &p);
}

static void FNN_NAME(negate_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(pair) *p = arg;
    const int64_t from = chunk * FNN_REDUCE_CHUNK, to = fnn_min(from + FNN_REDUCE_CHUNK, p->size);
    (void)thread;
    FNN_CELLWISE
    for (int64_t k = from; k < to; k++) p->y[k] = -p->dy[k];
}

static void FNN_NAME(negate)(const float *x, float *y, int64_t size) {
    FNN_NAME(pair) p = {.dy = x, .y = y, .size = size};
    fnn_parallel(fnn_ceil_div(size, FNN_REDUCE_CHUNK), (double)size, FNN_NAME(negate_chunk), &p);
}

/* Gradient of one input in general: cell by cell into scratch, then added up where that input was repeated. */
static void FNN_NAME(backward_input)(fnn_step *s, fnn_tensor *d, FNN_NAME(span3) span) {
    const fnn_tensor *dy = &s->in[0];
    if (!d->data) return;
    const int repeated = FNN_NAME(repeated)(dy, d);
    float *scratch = s->scratch;
    FNN_NAME(pair) p = {.dy = dy->data, .y = repeated ? scratch : d->data, .span3 = span};
    if (dy->size) FNN_NAME(run_pair)(&p, &s->in[1], &s->in[2], dy);
    if (repeated) FNN_NAME(reduce_sum)(FNN_NAME(repeated_axes)(dy, d), scratch, d->data, scratch + dy->size);
}

static int64_t FNN_NAME(sum_scratch)(const fnn_step *s, int backward) {
    int64_t floats = 0;
    for (int k = 0; backward && k < 2; k++)
        if (s->out[k].data) floats = fnn_max(floats, FNN_NAME(reduce_floats)(FNN_NAME(repeated_axes)(&s->in[0], &s->out[k])));
    return floats * (int64_t)sizeof(float);
}

static int64_t FNN_NAME(pair_scratch)(const fnn_step *s, int backward) {
    int repeated = 0;
    for (int k = 0; backward && k < 2; k++) repeated |= s->out[k].data && FNN_NAME(repeated)(&s->in[0], &s->out[k]);
    return repeated ? FNN_NAME(sum_scratch)(s, backward) + s->in[0].size * (int64_t)sizeof(float) : 0;
}

static int FNN_NAME(add)(fnn_step *s) { return FNN_NAME(forward_pair)(s, FNN_NAME(add_span)); }
static int FNN_NAME(add_backward)(fnn_step *s) {
    FNN_NAME(pass_on)(s, &s->out[0]);
    FNN_NAME(pass_on)(s, &s->out[1]);
    return FNN_OK;
}

static int FNN_NAME(subtract)(fnn_step *s) { return FNN_NAME(forward_pair)(s, FNN_NAME(subtract_span)); }
static int FNN_NAME(subtract_backward)(fnn_step *s) {
    fnn_tensor *db = &s->out[1];
    FNN_NAME(pass_on)(s, &s->out[0]);
    if (!db->data) return FNN_OK;
    if (!FNN_NAME(repeated)(&s->in[0], db)) FNN_NAME(negate)(s->in[0].data, db->data, db->size);
    else {
        FNN_NAME(pass_on)(s, db);
        FNN_NAME(negate)(db->data, db->data, db->size);
    }
    return FNN_OK;
}

#define PAIR(NAME)                                                                                            \
    static int FNN_NAME(NAME)(fnn_step *s) { return FNN_NAME(forward_pair)(s, FNN_NAME(NAME##_span)); }       \
    static int FNN_NAME(NAME##_backward)(fnn_step *s) {                                                       \
        FNN_NAME(backward_input)(s, &s->out[0], FNN_NAME(NAME##_da_span));                                    \
        FNN_NAME(backward_input)(s, &s->out[1], FNN_NAME(NAME##_db_span));                                    \
        return FNN_OK;                                                                                        \
    }
PAIR(multiply)
PAIR(divide)
PAIR(maximum)
PAIR(minimum)
PAIR(power)

/* ---- one input ---- */

#define UNARY_CHUNK 16384

typedef struct { const float *a, *b; float *out; int64_t size; } FNN_NAME(span);

/* Declares kernel `NAME`: for every cell `out = EXPR` in x (first input) and s (second input, may be unused). */
#define UNARY(NAME, COST, EXPR)                                                                               \
    static void FNN_NAME(NAME##_chunk)(void *arg, int64_t chunk, int thread) {                                \
        const FNN_NAME(span) *p = arg;                                                                        \
        const int64_t from = chunk * UNARY_CHUNK, to = fnn_min(from + UNARY_CHUNK, p->size);                  \
        const float *a = p->a, *b = p->b;                                                                     \
        float *out = p->out;                                                                                  \
        (void)thread; (void)b;                                                                                \
        FNN_CELLWISE                                                                                          \
        for (int64_t k = from; k < to; k++) { const float x = a[k]; out[k] = EXPR; }                          \
    }                                                                                                         \
    static int FNN_NAME(NAME)(fnn_step *s) {                                                                  \
        FNN_NAME(span) p = {s->in[0].data, s->n_in > 1 ? s->in[1].data : NULL, s->out[0].data, s->out[0].size}; \
        if (p.out) fnn_parallel(fnn_ceil_div(p.size, UNARY_CHUNK), COST * (double)p.size, FNN_NAME(NAME##_chunk), &p); \
        return FNN_OK;                                                                                        \
    }

/* In the backward ones x is dy and b[k] the saved value. */
UNARY(negative, 1, -x)
UNARY(absolute, 1, fabsf(x))
UNARY(absolute_backward, 1, b[k] != b[k] ? b[k] : x * (float)((b[k] > 0) - (b[k] < 0)))
UNARY(square, 1, x * x)
UNARY(square_backward, 1, 2 * x * b[k])
UNARY(sqrt, 4, sqrtf(x))
UNARY(sqrt_backward, 4, x / (2 * b[k]))
UNARY(exp, 8, FNN_NAME(exp_of)(x))
UNARY(exp_backward, 1, x * b[k])
UNARY(log, 8, FNN_NAME(log_of)(x))
UNARY(log_backward, 4, x / b[k])
UNARY(reciprocal, 4, 1 / x)
UNARY(reciprocal_backward, 1, -x * b[k] * b[k])

const fnn_entry FNN_NAME(elementwise_entries)[] = {
    {"add", "a b", "", FNN_NAME(add), FNN_NAME(add_backward), FNN_NAME(sum_scratch)},
    {"subtract", "a b", "", FNN_NAME(subtract), FNN_NAME(subtract_backward), FNN_NAME(sum_scratch)},
    {"multiply", "a b", "", FNN_NAME(multiply), FNN_NAME(multiply_backward), FNN_NAME(pair_scratch)},
    {"divide", "a b", "", FNN_NAME(divide), FNN_NAME(divide_backward), FNN_NAME(pair_scratch)},
    {"maximum", "a b", "", FNN_NAME(maximum), FNN_NAME(maximum_backward), FNN_NAME(pair_scratch)},
    {"minimum", "a b", "", FNN_NAME(minimum), FNN_NAME(minimum_backward), FNN_NAME(pair_scratch)},
    {"power", "a b", "", FNN_NAME(power), FNN_NAME(power_backward), FNN_NAME(pair_scratch)},
    {"negative", "x", "", FNN_NAME(negative), FNN_NAME(negative), NULL},
    {"absolute", "x", "", FNN_NAME(absolute), FNN_NAME(absolute_backward), NULL},
    {"square", "x", "", FNN_NAME(square), FNN_NAME(square_backward), NULL},
    {"sqrt", "x", "", FNN_NAME(sqrt), FNN_NAME(sqrt_backward), NULL},
    {"exp", "x", "", FNN_NAME(exp), FNN_NAME(exp_backward), NULL},
    {"log", "x", "", FNN_NAME(log), FNN_NAME(log_backward), NULL},
    {"reciprocal", "x", "", FNN_NAME(reciprocal), FNN_NAME(reciprocal_backward), NULL},
    {0},
};
#endif
