/* vector_math.h: exp, log, tanh and the logistic function, written so that the compiler can run them on whole vectors.
 *
 * Branch-free float32 polynomials; errors are stated in units in the last place (ulp) and checked by the tests.
 * Included inside a family file, once per instruction set. NaN stays NaN, infinities go to their limits.
 */
/* Splits x = n ln 2 + r and returns (exp(r) - 1); n is a whole number, |r| at most ln(2) / 2. */
static inline float FNN_NAME(exp_rest)(float x, float *n) {
    const float shifter = 12582912.0f; /* 1.5 * 2^23: adding it rounds to the nearest whole number */
    *n = (x * 1.44269504f + shifter) - shifter;
    const float r = (x - *n * 0.693145752f) - *n * 1.42860677e-6f;
    float p = 1.98756915e-4f;
    p = p * r + 1.39819995e-3f;
    p = p * r + 8.33345205e-3f;
    p = p * r + 4.16657962e-2f;
    p = p * r + 1.66666657e-1f;
    p = p * r + 0.5f;
    return p * r * r + r;
}

static inline float FNN_NAME(power_of_two)(int32_t n) { /* n from -126; -127 gives 0 */
    union { int32_t i; float f; } u;
    u.i = (n + 127) << 23;
    return u.f;
}

/* 1.5 ulp; 0 below -87.0 (results stay clear of subnormal numbers), infinity above 88.72. */
static inline float FNN_NAME(exp_of)(float x) {
    const float high = 89.0f < x ? 89.0f : x, clamped = -87.3f > high ? -87.3f : high; /* NaN passes both */
    float n;
    const float rest = FNN_NAME(exp_rest)(clamped, &n), half = FNN_NAME(power_of_two)((int32_t)n - 1); /* 2^128 is too large */
    return (rest * half + half) * 2.0f;
}

/* 2.5 ulp */
static inline float FNN_NAME(sigmoid_of)(float x) { return 1.0f / (1.0f + FNN_NAME(exp_of)(-x)); }

/* 2.5 ulp: m / (m + 2) with m = exp(2 |x|) - 1, which has no cancellation near 0 */
static inline float FNN_NAME(tanh_of)(float x) {
    const float a = 2.0f * fabsf(x), clamped = 20.0f < a ? 20.0f : a;
    float n;
    const float rest = FNN_NAME(exp_rest)(clamped, &n), scale = FNN_NAME(power_of_two)((int32_t)n);
    const float m = rest * scale + (scale - 1.0f);
    return copysignf(m / (m + 2.0f), x);
}

static inline float FNN_NAME(log_of)(float x) { /* 1 ulp */
    union { float f; int32_t i; } u;
    const int32_t subnormal = x < 1.17549435e-38f;
    u.f = subnormal ? x * 8388608.0f : x; /* 2^23 */
    const int32_t e = (u.i >> 23) - (subnormal ? 149 : 126);
    u.i = (u.i & 0x007fffff) | 0x3f000000; /* mantissa in 0.5 .. 1 */
    const int32_t low = u.f < 0.707106781f;
    const float m = (low ? u.f + u.f : u.f) - 1.0f, n = (float)(e - low), z = m * m;
    float p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    const float y = m + (m * z * p + n * -2.12194440e-4f - 0.5f * z) + n * 0.693359375f;
    return x != x || x < 0 ? NAN : (x == 0 ? -INFINITY : (x == INFINITY ? x : y));
}
