/* unary.c: one result cell from one input cell; forward directly above its backward. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "unary.c"
#include "every_isa.h"
#else
#include "vector_math.h"
#include "cellwise.h"
#include "strided.h"

/* ---- whole numbers ---- */

/* Declares kernel `NAME` for whole numbers from EXPR in x, which is unsigned where it may wrap around. */
#define WHOLE(NAME, EXPR)                                                                                     \
    ROW1(NAME##_i, int32_t, int32_t, EXPR) ROW1(NAME##_l, int64_t, int64_t, EXPR) ROW1(NAME##_u, uint8_t, uint8_t, EXPR) WHOLE_BODIES(NAME)

WHOLE(negative_whole, 0 - (uint64_t)x)
WHOLE(absolute_whole, x < 0 ? 0 - (uint64_t)x : (uint64_t)x)
WHOLE(square_whole, (uint64_t)x * (uint64_t)x)
WHOLE(sign_whole, (x > 0) - (x < 0))

static int FNN_NAME(whole)(fnn_step *s, const FNN_NAME(row_body) *bodies) {
    const fnn_tensor *in[] = {&s->in[0]};
    FNN_NAME(run_strided)(in, 1, &s->out[0], s->out[0].data, bodies[s->in[0].dtype]);
    return FNN_OK;
}

/* Declares kernel `NAME` from those for floats and for whole numbers. */
#define ANY(NAME)                                                                                             \
    static int FNN_NAME(NAME)(fnn_step *s) {                                                                  \
        return s->in[0].dtype == FNN_FLOAT32 ? FNN_NAME(NAME##_float)(s) : FNN_NAME(whole)(s, FNN_NAME(NAME##_whole_bodies)); \
    }

/* ---- arithmetic ---- */

MAP(zero_backward, 1, 0 * x)
MAP(negative_float, 1, -x) ANY(negative)
MAP(negative_backward, 1, -x)
MAP(absolute_float, 1, fabsf(x)) ANY(absolute)
BACK(absolute, 1, v != v ? v : dy * (float)((v > 0) - (v < 0)))
MAP(square_float, 1, x * x) ANY(square)
BACK(square, 1, 2 * dy * v)
MAP(sign_float, 1, x != x ? x : (float)((x > 0) - (x < 0))) ANY(sign)
MAP(sqrt, 4, sqrtf(x))
BACK(sqrt, 4, dy / (2 * v))
MAP(reciprocal, 4, 1 / x)
BACK(reciprocal, 1, -dy * v * v)
MAP(exp, 8, FNN_NAME(exp_of)(x))
BACK(exp, 1, dy * v)
MAP(log, 8, FNN_NAME(log_of)(x))
BACK(log, 4, dy / v)

/* ---- rounding ---- */

MAP(floor, 1, floorf(x))
MAP(ceil, 1, ceilf(x))
MAP(trunc, 1, truncf(x))
MAP(round_whole, 1, rintf(x))
MAP_WITH(round_down, 4, const float ten = powf(10.0f, (float)attr[0].f), rintf(x * ten) / ten)
MAP_WITH(round_up, 4, const float ten = powf(10.0f, -(float)attr[0].f), rintf(x / ten) * ten)

static int FNN_NAME(round)(fnn_step *s) {
    const int64_t decimals = s->attr[0].i[0];
    return decimals == 0 ? FNN_NAME(round_whole)(s) : (decimals > 0 ? FNN_NAME(round_down)(s) : FNN_NAME(round_up)(s));
}

/* Held within x_min .. x_max; NaN stays NaN, and where x_min is above x_max the result is x_max. */
MAP_WITH(clip_float, 1, const float low = (float)attr[0].f; const float high = (float)attr[1].f,
         x != x ? x : ((x > low ? x : low) < high ? (x > low ? x : low) : high))
BACK_WITH(clip, 1, const float low = (float)attr[0].f; const float high = (float)attr[1].f, v >= low && v <= high ? dy : 0)

#define CLIP(NAME, T)                                                                                         \
    static void FNN_NAME(NAME)(fnn_step *s) {                                                                 \
        const T *x = s->in[0].data;                                                                           \
        T *y = s->out[0].data;                                                                                \
        for (int64_t k = 0; k < s->out[0].size; k++) {                                                        \
            const double v = (double)x[k], low = s->attr[0].f, high = s->attr[1].f;                           \
            y[k] = v < low || v > high ? (T)(low > v ? (low < high ? low : high) : high) : (low > high ? (T)high : x[k]); \
        }                                                                                                     \
    }
CLIP(clip_i, int32_t)
CLIP(clip_l, int64_t)
CLIP(clip_u, uint8_t)

static int FNN_NAME(clip)(fnn_step *s) {
    if (s->in[0].dtype == FNN_FLOAT32) return FNN_NAME(clip_float)(s);
    if (!s->out[0].data) return FNN_OK;
    if (s->in[0].dtype == FNN_INT32) FNN_NAME(clip_i)(s);
    else if (s->in[0].dtype == FNN_INT64) FNN_NAME(clip_l)(s);
    else FNN_NAME(clip_u)(s);
    return FNN_OK;
}

/* ---- exponentials and logarithms ---- */

MAP(rsqrt, 4, 1 / sqrtf(x))
BACK(rsqrt, 1, -0.5f * dy * v * v * v)
MAP(exp2, 8, FNN_NAME(exp2_of)(x))
BACK(exp2, 1, dy * v * 0.693147181f)
MAP(expm1, 8, fabsf(x) < 1e-4f ? x + 0.5f * x * x : FNN_NAME(expm1_of)(x))
BACK(expm1, 1, dy * (v + 1))
MAP(log1p, 8, x <= -1 ? (x == -1 ? -INFINITY : NAN) : FNN_NAME(log1p_of)(x))
BACK(log1p, 4, dy / (1 + v))
MAP(log2, 8, FNN_NAME(log2_of)(x))
BACK(log2, 4, dy / (v * 0.693147181f))
MAP(log10, 10, log10f(x))
BACK(log10, 4, dy / (v * 2.30258509f))

/* ---- angles ---- */

MAP(sin, 12, sinf(x))
BACK(sin, 12, dy * cosf(v))
MAP(cos, 12, cosf(x))
BACK(cos, 12, -dy * sinf(v))
MAP(tan, 16, tanf(x))
BACK(tan, 1, dy * (1 + v * v))
MAP(arcsin, 12, asinf(x))
BACK(arcsin, 4, dy / sqrtf((1 - v) * (1 + v)))
MAP(arccos, 12, acosf(x))
BACK(arccos, 4, -dy / sqrtf((1 - v) * (1 + v)))
MAP(arctan, 12, atanf(x))
BACK(arctan, 4, dy / (1 + v * v))
MAP(sinh, 12, FNN_NAME(sinh_of)(x))
BACK(sinh, 16, dy * FNN_NAME(cosh_of)(v))
MAP(cosh, 12, FNN_NAME(cosh_of)(x))
BACK(cosh, 16, dy * FNN_NAME(sinh_of)(v))
MAP(arcsinh, 16, asinhf(x))
BACK(arcsinh, 4, dy / hypotf(1, v))
MAP(arccosh, 16, acoshf(x))
BACK(arccosh, 4, dy / sqrtf((v - 1) * (v + 1)))
MAP(arctanh, 16, atanhf(x))
BACK(arctanh, 4, dy / ((1 - v) * (1 + v)))

/* ---- the error function ---- */

/* In double precision: a start by Winitzki's formula, then Newton's steps. */
static float FNN_NAME(erfinv_of)(float y) {
    if (!(fabsf(y) < 1)) return fabsf(y) == 1 ? copysignf(INFINITY, y) : NAN;
    const double a = log1p(-(double)y * y), half = 2 / (3.14159265358979324 * 0.147);
    double x = copysign(sqrt(sqrt((half + a / 2) * (half + a / 2) - a / 0.147) - (half + a / 2)), y);
    for (int k = 0; k < 3; k++) x -= (erf(x) - y) / (1.12837916709551257 * exp(-x * x));
    return (float)x;
}

MAP(erf, 16, erff(x))
BACK(erf, 8, dy * FNN_NAME(exp_of)(-v * v) * 1.12837917f)
MAP(erfinv, 80, FNN_NAME(erfinv_of)(x))
BACK(erfinv, 8, dy * FNN_NAME(exp_of)(v * v) * 0.886226925f)

const fnn_entry FNN_NAME(unary_entries)[] = {
    ENTRY(negative, ""), ENTRY(absolute, ""), ENTRY(square, ""), FLAT_ENTRY(sign, ""), ENTRY(sqrt, ""), ENTRY(reciprocal, ""),
    FLAT_ENTRY(floor, ""), FLAT_ENTRY(ceil, ""), FLAT_ENTRY(trunc, ""), FLAT_ENTRY(round, "decimals"), ENTRY(clip, "x_min x_max"),
    ENTRY(rsqrt, ""), ENTRY(exp, ""), ENTRY(exp2, ""), ENTRY(expm1, ""), ENTRY(log, ""), ENTRY(log1p, ""), ENTRY(log2, ""),
    ENTRY(log10, ""), ENTRY(sin, ""), ENTRY(cos, ""), ENTRY(tan, ""), ENTRY(arcsin, ""), ENTRY(arccos, ""), ENTRY(arctan, ""),
    ENTRY(sinh, ""), ENTRY(cosh, ""), ENTRY(arcsinh, ""), ENTRY(arccosh, ""), ENTRY(arctanh, ""), ENTRY(erf, ""), ENTRY(erfinv, ""),
    {0},
};
#endif
