/* activation.c: activation functions on one number; forward directly above its backward. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "activation.c"
#include "every_isa.h"
#else
#include "vector_math.h"

#include "cellwise.h"

/* ---- one number in, one number out ---- */

/* Held within LOW .. HIGH; NaN stays NaN. */
#define HELD(x, LOW, HIGH) ((x) < (LOW) ? (LOW) : ((x) > (HIGH) ? (HIGH) : (x)))
#define NUMBER(NAME, K) const float NAME = (float)attr[K].f

static inline float FNN_NAME(softplus_of)(float x) {
    return (x > 0 ? x : (x != x ? x : 0)) + FNN_NAME(log1p_of_share)(FNN_NAME(exp_of)(-fabsf(x)));
}

MAP(zero_backward, 1, 0 * x)
MAP(relu, 1, x > 0 || x != x ? x : 0)
BACK(relu, 1, v > 0 ? dy : 0)
MAP(sigmoid, 8, FNN_NAME(sigmoid_of)(x))
BACK(sigmoid, 2, dy * v * (1 - v))
MAP(tanh, 8, FNN_NAME(tanh_of)(x))
BACK(tanh, 2, dy * (1 - v * v))
MAP(bipolar_sigmoid, 8, FNN_NAME(tanh_of)(0.5f * x))
BACK(bipolar_sigmoid, 2, dy * (1 - v * v) * 0.5f)
MAP(heaviside, 1, x >= 0 ? 1.0f : 0.0f)
MAP(saturating_linear, 1, HELD(x, 0.0f, 1.0f))
BACK(saturating_linear, 1, v > 0 && v < 1 ? dy : 0)
MAP(relu6, 1, HELD(x, 0.0f, 6.0f))
BACK(relu6, 1, v > 0 && v < 6 ? dy : 0)
MAP_WITH(leaky_relu, 1, NUMBER(slope, 0), x > 0 ? x : slope * x)
BACK_WITH(leaky_relu, 1, NUMBER(slope, 0), v > 0 ? dy : slope * dy)
MAP_WITH(rectify, 2, NUMBER(slope, 0); NUMBER(most, 1); NUMBER(threshold, 2),
         x >= most ? most : (x > threshold ? x : slope * (x - threshold)))
BACK_WITH(rectify, 2, NUMBER(slope, 0); NUMBER(most, 1); NUMBER(threshold, 2),
          v >= most ? 0 : (v > threshold ? dy : slope * dy))
MAP_WITH(threshold, 1, NUMBER(threshold, 0); NUMBER(other, 1), x > threshold ? x : other)
BACK_WITH(threshold, 1, NUMBER(threshold, 0), v > threshold ? dy : 0)
MAP_WITH(elu, 8, NUMBER(alpha, 0), x > 0 ? x : alpha * FNN_NAME(expm1_of)(x))
BACK_WITH(elu, 8, NUMBER(alpha, 0), v > 0 ? dy : dy * (alpha * FNN_NAME(exp_of)(v)))
MAP_WITH(celu, 8, NUMBER(alpha, 0), x > 0 ? x : alpha * FNN_NAME(expm1_of)(x / alpha))
BACK_WITH(celu, 8, NUMBER(alpha, 0), v > 0 ? dy : dy * FNN_NAME(exp_of)(v / alpha))
MAP(selu, 8, x > 0 ? 1.05070099f * x : 1.75809934f * FNN_NAME(expm1_of)(x))
BACK(selu, 8, v > 0 ? 1.05070099f * dy : dy * (1.75809934f * FNN_NAME(exp_of)(v)))
MAP(silu, 8, x * FNN_NAME(sigmoid_of)(x))
BACK(silu, 10, dy * (FNN_NAME(sigmoid_of)(v) * (1 + v * FNN_NAME(sigmoid_of)(-v))))
MAP(softplus, 16, FNN_NAME(softplus_of)(x))
BACK(softplus, 8, dy * FNN_NAME(sigmoid_of)(v))
MAP(log_sigmoid, 16, -FNN_NAME(softplus_of)(-x))
BACK(log_sigmoid, 8, dy * FNN_NAME(sigmoid_of)(-v))
MAP(softsign, 4, x / (1 + fabsf(x)))
BACK(softsign, 4, dy / ((1 + fabsf(v)) * (1 + fabsf(v))))
MAP(hard_sigmoid, 2, HELD(x * (1.0f / 6) + 0.5f, 0.0f, 1.0f))
BACK(hard_sigmoid, 1, v > -3 && v < 3 ? dy * (1.0f / 6) : 0)
MAP(hard_silu, 2, x * HELD(x * (1.0f / 6) + 0.5f, 0.0f, 1.0f))
BACK(hard_silu, 2, v < 3 ? (v > -3 ? dy * (v * (1.0f / 3) + 0.5f) : 0) : dy)
MAP(hard_tanh, 1, HELD(x, -1.0f, 1.0f))
BACK(hard_tanh, 1, v > -1 && v < 1 ? dy : 0)
MAP_WITH(hard_shrink, 1, NUMBER(threshold, 0), fabsf(x) > threshold ? x : 0)
BACK_WITH(hard_shrink, 1, NUMBER(threshold, 0), fabsf(v) > threshold ? dy : 0)
MAP_WITH(soft_shrink, 1, NUMBER(threshold, 0), x > threshold ? x - threshold : (x < -threshold ? x + threshold : 0))
BACK_WITH(soft_shrink, 1, NUMBER(threshold, 0), fabsf(v) > threshold ? dy : 0)
/* Near 0 by series, elsewhere in double precision: x - tanh(x) would cancel. */
MAP(tanh_shrink, 8, fabsf(x) < 0.05f ? x * x * x * (1.0f / 3 - x * x * (2.0f / 15 - x * x * (17.0f / 315 - x * x * (62.0f / 2835))))
                                     : (float)((double)x - tanh((double)x)))
BACK(tanh_shrink, 8, dy * FNN_NAME(tanh_of)(v) * FNN_NAME(tanh_of)(v))
MAP_WITH(squareplus, 8, NUMBER(b2, 0),
         x >= 0 ? 0.5f * (x + sqrtf(x * x + b2)) : 0.5f * b2 / (sqrtf(x * x + b2) - x))
BACK_WITH(squareplus, 8, NUMBER(b2, 0), dy * (0.5f + 0.5f * v / sqrtf(v * v + b2)))
MAP(sparse_plus, 2, x <= -1 ? 0 : (x < 1 ? 0.25f * (x + 1) * (x + 1) : x))
BACK(sparse_plus, 1, dy * HELD(0.5f * v + 0.5f, 0.0f, 1.0f))
MAP(sparse_sigmoid, 1, HELD(0.5f * x + 0.5f, 0.0f, 1.0f))
BACK(sparse_sigmoid, 1, v > -1 && v < 1 ? 0.5f * dy : 0)
MAP(mish, 20, x * FNN_NAME(tanh_of)(FNN_NAME(softplus_of)(x)))

static inline float FNN_NAME(mish_slope)(float x) {
    const float t = FNN_NAME(tanh_of)(FNN_NAME(softplus_of)(x));
    return t + x * FNN_NAME(sigmoid_of)(x) * (1 - t * t);
}
BACK(mish, 24, dy * FNN_NAME(mish_slope)(v))

/* ---- gelu ---- */

static inline float FNN_NAME(gelu_argument)(float x) { return 0.797884561f * (x + 0.044715f * x * x * x); }
static inline float FNN_NAME(gelu_slope)(float x) {
    const float t = FNN_NAME(tanh_of)(FNN_NAME(gelu_argument)(x));
    return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * 0.797884561f * (1 + 3 * 0.044715f * x * x);
}
MAP(gelu_by_tanh, 10, 0.5f * x * (1 + FNN_NAME(tanh_of)(FNN_NAME(gelu_argument)(x))))
BACK(gelu_by_tanh, 12, dy * FNN_NAME(gelu_slope)(v))
/* The share of a normal distribution below x. Tail by Chebyshev fitting (Press et al., Numerical Recipes, 6.2):
 * the error is 5e-7 of it up to -2, 2e-6 up to -5 and 2e-5 at -12. */
static inline float FNN_NAME(normal_share)(float x) {
    const float z = fabsf(x) * 0.707106781f, t = 1 / (1 + 0.5f * z);
    float p = 0.17087277f;
    p = p * t - 0.82215223f;
    p = p * t + 1.48851587f;
    p = p * t - 1.13520398f;
    p = p * t + 0.27886807f;
    p = p * t - 0.18628806f;
    p = p * t + 0.09678418f;
    p = p * t + 0.37409196f;
    p = p * t + 1.00002368f;
    p = p * t - 1.26551223f;
    const float tail = 0.5f * t * FNN_NAME(exp_of)(p - z * z);
    return x >= 0 ? 1 - tail : tail;
}
MAP(gelu_by_erf, 20, x * FNN_NAME(normal_share)(x))
BACK(gelu_by_erf, 24, dy * (FNN_NAME(normal_share)(v) + v * FNN_NAME(exp_of)(-0.5f * v * v) * 0.398942280f))

static int FNN_NAME(gelu)(fnn_step *s) { return s->attr[0].i[0] ? FNN_NAME(gelu_by_tanh)(s) : FNN_NAME(gelu_by_erf)(s); }
static int FNN_NAME(gelu_backward)(fnn_step *s) {
    return s->attr[0].i[0] ? FNN_NAME(gelu_by_tanh_backward)(s) : FNN_NAME(gelu_by_erf_backward)(s);
}

const fnn_entry FNN_NAME(activation_entries)[] = {
    ENTRY(relu, ""), ENTRY(sigmoid, ""), ENTRY(tanh, ""), ENTRY(bipolar_sigmoid, ""), FLAT_ENTRY(heaviside, ""),
    ENTRY(saturating_linear, ""), ENTRY(relu6, ""), ENTRY(leaky_relu, "negative_slope"),
    ENTRY(rectify, "negative_slope max_value threshold"), ENTRY(threshold, "threshold default_value"), ENTRY(elu, "alpha"),
    ENTRY(celu, "alpha"), ENTRY(selu, ""), ENTRY(silu, ""), ENTRY(softplus, ""), ENTRY(log_sigmoid, ""), ENTRY(softsign, ""),
    ENTRY(hard_sigmoid, ""), ENTRY(hard_silu, ""), ENTRY(hard_tanh, ""), ENTRY(hard_shrink, "threshold"),
    ENTRY(soft_shrink, "threshold"), ENTRY(tanh_shrink, ""), ENTRY(squareplus, "b"), ENTRY(sparse_plus, ""),
    ENTRY(sparse_sigmoid, ""), ENTRY(mish, ""), ENTRY(gelu, "approximate"),
    {0},
};
#endif
