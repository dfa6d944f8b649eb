/* comparison.c: questions answered by 1 or 0, the choice by such an answer, and the change of type. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "comparison.c"
#include "every_isa.h"
#else
#include "broadcast.h"
#include "reduce.h"
#include "unbroadcast.h"
#include "strided.h"

/* ---- questions ---- */

static int FNN_NAME(ask)(fnn_step *s, int n, FNN_NAME(row_body) body) {
    const fnn_tensor *in[] = {&s->in[0], &s->in[n - 1]};
    FNN_NAME(run_strided)(in, n, &s->out[0], s->out[0].data, body);
    return FNN_OK;
}

/* Declares a question about two numbers of one type. */
#define COMPARISON(NAME, EXPR)                                                                                \
    ROW2(NAME##_f, float, uint8_t, EXPR) ROW2(NAME##_i, int32_t, uint8_t, EXPR)                               \
    ROW2(NAME##_l, int64_t, uint8_t, EXPR) ROW2(NAME##_u, uint8_t, uint8_t, EXPR) BODIES(NAME)                \
    static int FNN_NAME(NAME)(fnn_step *s) { return FNN_NAME(ask)(s, 2, FNN_NAME(NAME##_bodies)[s->in[0].dtype]); }

COMPARISON(equal, a == b)
COMPARISON(not_equal, a != b)
COMPARISON(greater, a > b)
COMPARISON(greater_equal, a >= b)
COMPARISON(less, a < b)
COMPARISON(less_equal, a <= b)

/* Declares a question about two truths. */
#define LOGICAL(NAME, EXPR)                                                                                   \
    ROW2(NAME##_row, uint8_t, uint8_t, EXPR)                                                                  \
    static int FNN_NAME(NAME)(fnn_step *s) { return FNN_NAME(ask)(s, 2, FNN_NAME(NAME##_row)); }

LOGICAL(logical_and, (a != 0) & (b != 0))
LOGICAL(logical_or, (a | b) != 0)
LOGICAL(logical_xor, (a != 0) ^ (b != 0))

/* Declares a question about one number; whole numbers all have the same ANSWER. */
#define QUESTION(NAME, EXPR, ANSWER)                                                                          \
    ROW1(NAME##_f, float, uint8_t, EXPR) ROW1(NAME##_i, int32_t, uint8_t, ((void)x, ANSWER))                  \
    ROW1(NAME##_l, int64_t, uint8_t, ((void)x, ANSWER)) ROW1(NAME##_u, uint8_t, uint8_t, ((void)x, ANSWER)) BODIES(NAME) \
    static int FNN_NAME(NAME)(fnn_step *s) { return FNN_NAME(ask)(s, 1, FNN_NAME(NAME##_bodies)[s->in[0].dtype]); }

QUESTION(isnan, x != x, 0)
QUESTION(isinf, fabsf(x) == INFINITY, 0)
QUESTION(isfinite, fabsf(x) < INFINITY, 1)

ROW1(logical_not_row, uint8_t, uint8_t, x == 0)
static int FNN_NAME(logical_not)(fnn_step *s) { return FNN_NAME(ask)(s, 1, FNN_NAME(logical_not_row)); }

/* ---- where ---- */

/* Cells of any type of that size are moved as they are. */
#define CHOICE(NAME, T)                                                                                       \
    static void FNN_NAME(NAME)(const void *const *x, const int64_t *step, void *out, int64_t n) {             \
        const uint8_t *c = x[0];                                                                              \
        const T *pa = x[1], *pb = x[2];                                                                       \
        T *y = out;                                                                                           \
        if (step[0] && step[1] && step[2]) {                                                                  \
            FNN_CELLWISE                                                                                      \
            for (int64_t k = 0; k < n; k++) { const T a = pa[k], b = pb[k]; y[k] = c[k] ? a : b; }            \
        } else                                                                                                \
            for (int64_t k = 0; k < n; k++) y[k] = c[k * step[0]] ? pa[k * step[1]] : pb[k * step[2]];        \
    }

CHOICE(where_4, int32_t)
CHOICE(where_8, int64_t)
CHOICE(where_1, uint8_t)

static int FNN_NAME(where)(fnn_step *s) {
    const fnn_tensor *in[] = {&s->in[0], &s->in[1], &s->in[2]};
    const int64_t bytes = FNN_NAME(cell_size)(&s->out[0]);
    FNN_NAME(run_strided)(in, 3, &s->out[0], s->out[0].data,
                          bytes == 8 ? FNN_NAME(where_8) : (bytes == 1 ? FNN_NAME(where_1) : FNN_NAME(where_4)));
    return FNN_OK;
}

/* dy where the condition is true (or is not); the condition is operand 1. */
#define PASSED(NAME, EXPR)                                                                                    \
    static void FNN_NAME(NAME)(const void *const *x, const int64_t *step, void *out, int64_t n) {             \
        const float *dy = x[0];                                                                               \
        const uint8_t *condition = x[1];                                                                      \
        float *d = out;                                                                                       \
        for (int64_t k = 0; k < n; k++) { const uint8_t c = condition[k * step[1]]; d[k] = EXPR; }            \
    }

PASSED(where_true, c ? dy[k] : 0)
PASSED(where_false, c ? 0 : dy[k])

static int FNN_NAME(where_backward)(fnn_step *s) {
    const fnn_tensor *in[] = {&s->in[0], &s->in[1]}, *dy = &s->in[0];
    float *scratch = s->scratch;
    for (int k = 0; k < 2; k++) {
        fnn_tensor *d = &s->out[k];
        if (!d->data) continue;
        const int repeated = FNN_NAME(repeated)(dy, d);
        FNN_NAME(run_strided)(in, 2, dy, repeated ? (void *)scratch : d->data, k ? FNN_NAME(where_false) : FNN_NAME(where_true));
        if (repeated) FNN_NAME(reduce_sum)(FNN_NAME(repeated_axes)(dy, d), scratch, d->data, scratch + dy->size);
    }
    return FNN_OK;
}

static int64_t FNN_NAME(where_scratch)(const fnn_step *s, int backward) {
    return backward ? FNN_NAME(repeated_bytes)(s, 2) : 0;
}

/* ---- cast ---- */

enum { FNN_NAME(to_float32), FNN_NAME(to_float64), FNN_NAME(to_int32), FNN_NAME(to_int64), FNN_NAME(to_uint8), FNN_NAME(to_bool) };

/* Truncated and held within the range of the type, NaN as 0; HIGH is the least float that is too large. */
#define HELD(T, LOW, LEAST, HIGH, MOST) (x > (LOW) ? (x < (HIGH) ? (T)x : (MOST)) : (x != x ? (T)0 : (LEAST)))
#define CASTS(NAME, R, FROM_FLOAT)                                                                            \
    ROW1(NAME##_f, float, R, FROM_FLOAT) ROW1(NAME##_i, int32_t, R, (R)x)                                     \
    ROW1(NAME##_l, int64_t, R, (R)x) ROW1(NAME##_u, uint8_t, R, (R)x) BODIES(NAME)

CASTS(cast_to_float, float, x)
CASTS(cast_to_int32, int32_t, HELD(int32_t, -2147483648.0f, INT32_MIN, 2147483648.0f, INT32_MAX))
CASTS(cast_to_int64, int64_t, HELD(int64_t, -9223372036854775808.0f, INT64_MIN, 9223372036854775808.0f, INT64_MAX))
CASTS(cast_to_uint8, uint8_t, HELD(uint8_t, 0.0f, 0, 256.0f, 255))
ROW1(cast_to_bool_f, float, uint8_t, x != 0)
ROW1(cast_to_bool_i, int32_t, uint8_t, x != 0)
ROW1(cast_to_bool_l, int64_t, uint8_t, x != 0)
ROW1(cast_to_bool_u, uint8_t, uint8_t, x != 0)
BODIES(cast_to_bool)

static int FNN_NAME(cast)(fnn_step *s) {
    const int from = s->in[0].dtype;
    switch (s->attr[0].i[0]) {
    case FNN_NAME(to_float32): return FNN_NAME(ask)(s, 1, FNN_NAME(cast_to_float_bodies)[from]);
    case FNN_NAME(to_int32): return FNN_NAME(ask)(s, 1, FNN_NAME(cast_to_int32_bodies)[from]);
    case FNN_NAME(to_int64): return FNN_NAME(ask)(s, 1, FNN_NAME(cast_to_int64_bodies)[from]);
    case FNN_NAME(to_uint8): return FNN_NAME(ask)(s, 1, FNN_NAME(cast_to_uint8_bodies)[from]);
    case FNN_NAME(to_bool): return FNN_NAME(ask)(s, 1, FNN_NAME(cast_to_bool_bodies)[from]);
    default: return FNN_UNSUPPORTED;
    }
}

static int FNN_NAME(cast_backward)(fnn_step *s) { return FNN_NAME(ask)(s, 1, FNN_NAME(cast_to_float_f)); }

const fnn_entry FNN_NAME(comparison_entries)[] = {
    {"equal", "a b", "", FNN_NAME(equal), NULL, NULL},
    {"not_equal", "a b", "", FNN_NAME(not_equal), NULL, NULL},
    {"greater", "a b", "", FNN_NAME(greater), NULL, NULL},
    {"greater_equal", "a b", "", FNN_NAME(greater_equal), NULL, NULL},
    {"less", "a b", "", FNN_NAME(less), NULL, NULL},
    {"less_equal", "a b", "", FNN_NAME(less_equal), NULL, NULL},
    {"logical_and", "a b", "", FNN_NAME(logical_and), NULL, NULL},
    {"logical_or", "a b", "", FNN_NAME(logical_or), NULL, NULL},
    {"logical_xor", "a b", "", FNN_NAME(logical_xor), NULL, NULL},
    {"logical_not", "x", "", FNN_NAME(logical_not), NULL, NULL},
    {"isnan", "x", "", FNN_NAME(isnan), NULL, NULL},
    {"isinf", "x", "", FNN_NAME(isinf), NULL, NULL},
    {"isfinite", "x", "", FNN_NAME(isfinite), NULL, NULL},
    {"where", "condition x1 x2", "", FNN_NAME(where), FNN_NAME(where_backward), FNN_NAME(where_scratch)},
    {"cast", "x", "dtype", FNN_NAME(cast), FNN_NAME(cast_backward), NULL},
    {0},
};
#endif
