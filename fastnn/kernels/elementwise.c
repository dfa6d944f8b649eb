/* elementwise.c: one result cell from two input cells, broadcast as in NumPy. */
#include "fnn.h"
#include "vector_system.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "elementwise.c"
#include "every_isa.h"
#else
#include "vector_math.h"
#include "broadcast.h"
#include "reduce.h"
#include "unbroadcast.h"
#include "strided.h"
#include "vector.h"
#include "vector_choice.h"
#include "columns.h"

/* ---- floats: spans of n cells ---- */

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
/* As NumPy has it: the remainder has the sign of b, also if it is 0. */
static inline float FNN_NAME(remainder)(float a, float b) {
    const float r = fmodf(a, b);
    return r == 0 ? copysignf(0, b) : ((b < 0) != (r < 0) ? r + b : r);
}
static inline float FNN_NAME(floor_quotient)(float a, float b) {
    if (b == 0) return a / b;
    const float r = fmodf(a, b), q = (a - r) / b - (r != 0 && (b < 0) != (r < 0)), whole = floorf(q);
    return q == 0 ? copysignf(0, a / b) : (q - whole > 0.5f ? whole + 1 : whole);
}
SPAN2(floor_divide, FNN_NAME(floor_quotient)(a, b))
SPAN2(mod, FNN_NAME(remainder)(a, b))
SPAN3(mod_da, dy)
SPAN3(mod_db, -dy * floorf(a / b))
SPAN2(logaddexp, a == b ? a + 0.69314718f : (a > b ? a : b) + FNN_NAME(log1p_of_share)(FNN_NAME(exp_of)(-fabsf(a - b))))
SPAN3(logaddexp_da, dy * FNN_NAME(sigmoid_of)(a - b))
SPAN3(logaddexp_db, dy * FNN_NAME(sigmoid_of)(b - a))
SPAN2(arctan2, atan2f(a, b))
SPAN3(arctan2_da, dy * b / (a * a + b * b))
SPAN3(arctan2_db, -dy * a / (a * a + b * b))
SPAN2(hypot, hypotf(a, b))
SPAN3(hypot_da, dy * a / hypotf(a, b))
SPAN3(hypot_db, dy * b / hypotf(a, b))
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

/* ---- floats: tiles of the result ---- */

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

/* ---- floats: back through broadcasting ---- */

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
    return backward ? FNN_NAME(unbroadcast_bytes)(s, 2) : 0;
}

static int64_t FNN_NAME(pair_scratch)(const fnn_step *s, int backward) {
    return backward ? FNN_NAME(repeated_bytes)(s, 2) : 0;
}

/* ---- whole numbers: sums and products wrap around ---- */

/* Declares `NAME_bodies` from EXPR in a and b, which are of unsigned type U in the first form and of type T in the second. */
#define WRAPPING(NAME, EXPR)                                                                                  \
    ROW2(NAME##_i, uint32_t, uint32_t, EXPR) ROW2(NAME##_l, uint64_t, uint64_t, EXPR) ROW2(NAME##_u, uint8_t, uint8_t, EXPR) WHOLE_BODIES(NAME)
#define WHOLE(NAME, EXPR)                                                                                     \
    ROW2(NAME##_i, int32_t, int32_t, EXPR) ROW2(NAME##_l, int64_t, int64_t, EXPR) ROW2(NAME##_u, uint8_t, uint8_t, EXPR) WHOLE_BODIES(NAME)

WRAPPING(add, a + b)
WRAPPING(subtract, a - b)
WRAPPING(multiply, a * b)
WHOLE(maximum, a > b ? a : b)
WHOLE(minimum, a < b ? a : b)
/* As NumPy has it: 0 for a divisor of 0; the least number divided by -1 stays what it is. */
WHOLE(floor_divide, b == 0 ? 0 : ((int64_t)b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b - ((a % b != 0) & ((a < 0) != (b < 0)))))
WHOLE(mod, b == 0 || (int64_t)b == -1 ? 0 : (a % b != 0 && (a < 0) != (b < 0) ? a % b + b : a % b))

static int FNN_NAME(whole_pair)(fnn_step *s, const FNN_NAME(row_body) *bodies) {
    const fnn_tensor *in[] = {&s->in[0], &s->in[1]};
    FNN_NAME(run_strided)(in, 2, &s->out[0], s->out[0].data, bodies[s->in[0].dtype]);
    return FNN_OK;
}

#define FORWARD_PAIR(NAME)                                                                                    \
    static int FNN_NAME(NAME)(fnn_step *s) {                                                                  \
        if (s->in[0].dtype != FNN_FLOAT32) return FNN_NAME(whole_pair)(s, FNN_NAME(NAME##_bodies));           \
        return FNN_NAME(forward_pair)(s, FNN_NAME(NAME##_span));                                              \
    }

FORWARD_PAIR(add)
static int FNN_NAME(add_backward)(fnn_step *s) {
    FNN_NAME(pass_on)(s, &s->out[0]);
    FNN_NAME(pass_on)(s, &s->out[1]);
    return FNN_OK;
}

FORWARD_PAIR(subtract)
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

#define BACKWARD_PAIR(NAME)                                                                                   \
    static int FNN_NAME(NAME##_backward)(fnn_step *s) {                                                       \
        FNN_NAME(backward_input)(s, &s->out[0], FNN_NAME(NAME##_da_span));                                    \
        FNN_NAME(backward_input)(s, &s->out[1], FNN_NAME(NAME##_db_span));                                    \
        return FNN_OK;                                                                                        \
    }
#define PAIR(NAME) FORWARD_PAIR(NAME) BACKWARD_PAIR(NAME)
#define FLOAT_PAIR(NAME)                                                                                      \
    static int FNN_NAME(NAME)(fnn_step *s) { return FNN_NAME(forward_pair)(s, FNN_NAME(NAME##_span)); }       \
    BACKWARD_PAIR(NAME)
FORWARD_PAIR(multiply)

/* ---- back through a product with one factor per column: both gradients in one pass ---- */

typedef struct { FNN_NAME(columns) c; const float *dy, *x, *factor; float *dx, *partial; } FNN_NAME(scaling);

FNN_INLINE void FNN_NAME(scaling_cell)(const FNN_NAME(scaling) *p, int64_t at, int64_t k, int n, VEC *q) {
    const VEC dy = FNN_NAME(vec_take_streaming)(p->dy + at, n);
    q[0] = FNN_NAME(vec_multiply)(dy, FNN_NAME(vec_take_streaming)(p->x + at, n));
    if (p->dx) FNN_NAME(vec_put)(p->dx + at, FNN_NAME(vec_multiply)(dy, FNN_NAME(vec_take)(p->factor + k, n)), n);
}
COLUMN_SUMS(scaling, FNN_NAME(scaling), 1, FNN_NAME(scaling_cell))

static void FNN_NAME(scaling_chunk)(void *arg, int64_t part, int thread) {
    const FNN_NAME(scaling) *p = arg;
    (void)thread;
    FNN_NAME(scaling_part)(p, &p->c, part, (float *[]){p->partial + part * p->c.cols});
}

/* Which input, 0 or 1, has one number per column of the other, whose gradient is wanted; -1: none. */
static int FNN_NAME(factor_of)(const fnn_step *s) {
    for (int k = 0; k < 2; k++) {
        const fnn_tensor *dy = &s->in[0], *x = &s->out[1 - k], *factor = &s->out[k];
        const int64_t cols = dy->ndim ? dy->shape[dy->ndim - 1] : 1;
        if (factor->data && cols > 1 && dy->size > cols && x->size == dy->size && factor->size == cols &&
            factor->shape[factor->ndim - 1] == cols) return k;
    }
    return -1;
}

static int FNN_NAME(scaling_backward)(fnn_step *s, int k) {
    const fnn_tensor *factor = &s->out[k];
    float *rest = s->scratch;
    FNN_NAME(scaling) p = {FNN_NAME(columns_of)(s->in[0].size / factor->size, factor->size), s->in[0].data, s->in[2 - k].data, NULL,
                           s->out[1 - k].data, rest};
    rest += p.c.parts * p.c.cols;
    p.factor = FNN_NAME(widen)(&p.c, s->in[1 + k].data, 0, &rest);
    fnn_parallel(p.c.parts, 3.0 * (double)s->in[0].size, FNN_NAME(scaling_chunk), &p);
    FNN_NAME(put_column_totals)(&p.c, p.partial, factor->data);
    return FNN_OK;
}

static int FNN_NAME(multiply_backward)(fnn_step *s) {
    const int k = FNN_NAME(factor_of)(s);
    if (k >= 0) return FNN_NAME(scaling_backward)(s, k);
    FNN_NAME(backward_input)(s, &s->out[0], FNN_NAME(multiply_da_span));
    FNN_NAME(backward_input)(s, &s->out[1], FNN_NAME(multiply_db_span));
    return FNN_OK;
}

static int64_t FNN_NAME(multiply_scratch)(const fnn_step *s, int backward) {
    const int k = backward ? FNN_NAME(factor_of)(s) : -1;
    if (k < 0) return FNN_NAME(pair_scratch)(s, backward);
    const FNN_NAME(columns) c = FNN_NAME(columns_of)(s->in[0].size / s->out[k].size, s->out[k].size);
    return (c.parts * c.cols + c.width) * (int64_t)sizeof(float);
}

/* ---- a sum rectified, as the branches of a residual network meet ---- */

typedef struct { const float *a, *b; float *y, *z; int64_t size; } FNN_NAME(joining);

static void FNN_NAME(add_relu_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(joining) *p = arg;
    const int64_t from = chunk * FNN_REDUCE_CHUNK, to = fnn_min(from + FNN_REDUCE_CHUNK, p->size);
    (void)thread;
    FNN_CELLWISE
    for (int64_t k = from; k < to; k++) { const float x = p->a[k] + p->b[k]; p->y[k] = x > 0 || x != x ? x : 0; }
}

static int FNN_NAME(fused_add_relu)(fnn_step *s) {
    FNN_NAME(joining) p = {s->in[0].data, s->in[1].data, s->out[0].data, NULL, s->out[0].size};
    fnn_parallel(fnn_ceil_div(p.size, FNN_REDUCE_CHUNK), 2.0 * (double)p.size, FNN_NAME(add_relu_chunk), &p);
    return FNN_OK;
}

static void FNN_NAME(add_relu_backward_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(joining) *p = arg;
    const int64_t from = chunk * FNN_REDUCE_CHUNK, to = fnn_min(from + FNN_REDUCE_CHUNK, p->size);
    (void)thread;
    FNN_CELLWISE
    for (int64_t k = from; k < to; k++) { const float d = p->b[k] > 0 ? p->a[k] : 0; p->y[k] = d; p->z[k] = d; }
}

/* in = dy y; out = da db; one that is not wanted is the other's memory. */
static int FNN_NAME(fused_add_relu_backward)(fnn_step *s) {
    FNN_NAME(joining) p = {s->in[0].data, s->in[1].data, s->out[0].data, s->out[1].data, s->in[0].size};
    if (!p.y) p.y = p.z;
    if (!p.z) p.z = p.y;
    if (p.y) fnn_parallel(fnn_ceil_div(p.size, FNN_REDUCE_CHUNK), 2.0 * (double)p.size, FNN_NAME(add_relu_backward_chunk), &p);
    return FNN_OK;
}

PAIR(maximum)
PAIR(minimum)
FORWARD_PAIR(floor_divide)
static int FNN_NAME(floor_divide_backward)(fnn_step *s) {
    for (int k = 0; k < 2; k++)
        if (s->out[k].size && s->out[k].data) memset(s->out[k].data, 0, (size_t)s->out[k].size * sizeof(float));
    return FNN_OK;
}
PAIR(mod)
FLOAT_PAIR(divide)
FLOAT_PAIR(power)
FLOAT_PAIR(logaddexp)
FLOAT_PAIR(arctan2)
FLOAT_PAIR(hypot)

const fnn_entry FNN_NAME(elementwise_entries)[] = {
    {"add", "a b", "", FNN_NAME(add), FNN_NAME(add_backward), FNN_NAME(sum_scratch)},
    {"subtract", "a b", "", FNN_NAME(subtract), FNN_NAME(subtract_backward), FNN_NAME(sum_scratch)},
    {"multiply", "a b", "", FNN_NAME(multiply), FNN_NAME(multiply_backward), FNN_NAME(multiply_scratch)},
    {"divide", "a b", "", FNN_NAME(divide), FNN_NAME(divide_backward), FNN_NAME(pair_scratch)},
    {"maximum", "a b", "", FNN_NAME(maximum), FNN_NAME(maximum_backward), FNN_NAME(pair_scratch)},
    {"minimum", "a b", "", FNN_NAME(minimum), FNN_NAME(minimum_backward), FNN_NAME(pair_scratch)},
    {"power", "a b", "", FNN_NAME(power), FNN_NAME(power_backward), FNN_NAME(pair_scratch)},
    {"floor_divide", "a b", "", FNN_NAME(floor_divide), FNN_NAME(floor_divide_backward), NULL},
    {"mod", "a b", "", FNN_NAME(mod), FNN_NAME(mod_backward), FNN_NAME(pair_scratch)},
    {"logaddexp", "a b", "", FNN_NAME(logaddexp), FNN_NAME(logaddexp_backward), FNN_NAME(pair_scratch)},
    {"arctan2", "a b", "", FNN_NAME(arctan2), FNN_NAME(arctan2_backward), FNN_NAME(pair_scratch)},
    {"hypot", "a b", "", FNN_NAME(hypot), FNN_NAME(hypot_backward), FNN_NAME(pair_scratch)},
    {"fused_add_relu", "a b", "", FNN_NAME(fused_add_relu), FNN_NAME(fused_add_relu_backward), NULL},
    {0},
};
#endif
