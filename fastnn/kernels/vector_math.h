/* vector_math.h: exp, log, tanh and the logistic function, written so that the compiler can run them on whole vectors.
 *
 * Branch-free float32 polynomials; errors are stated in units in the last place (ulp) and checked by the tests.
 * Included inside a family file, once per instruction set. NaN stays NaN, infinities go to their limits.
 */
/* exp(r) - 1 for |r| at most ln(2) / 2 */
static inline float FNN_NAME(exp_near)(float r) {
    float p = 1.98756915e-4f;
    p = p * r + 1.39819995e-3f;
    p = p * r + 8.33345205e-3f;
    p = p * r + 4.16657962e-2f;
    p = p * r + 1.66666657e-1f;
    p = p * r + 0.5f;
    return p * r * r + r;
}

/* Splits x = n ln 2 + r and returns (exp(r) - 1); n is a whole number, |r| at most ln(2) / 2. */
static inline float FNN_NAME(exp_rest)(float x, float *n) {
    const float shifter = 12582912.0f; /* 1.5 * 2^23: adding it rounds to the nearest whole number */
    *n = (x * 1.44269504f + shifter) - shifter;
    const float r = (x - *n * 0.693145752f) - *n * 1.42860677e-6f;
    return FNN_NAME(exp_near)(r);
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

/* 1.5 ulp; powers of two are exact; 0 below -125.5, infinity from 128 */
static inline float FNN_NAME(exp2_of)(float x) {
    const float high = 128.0f < x ? 128.0f : x, clamped = -126.0f > high ? -126.0f : high; /* NaN passes both */
    const float shifter = 12582912.0f, n = (clamped + shifter) - shifter;
    const float rest = FNN_NAME(exp_near)((clamped - n) * 0.693147181f), half = FNN_NAME(power_of_two)((int32_t)n - 1);
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

/* log(2^n (1 + m)), m from sqrt(1/2) - 1 to sqrt(2) - 1 */
static inline float FNN_NAME(log_near)(float m, float n) {
    const float z = m * m;
    float p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    return m + (m * z * p + n * -2.12194440e-4f - 0.5f * z) + n * 0.693359375f;
}

/* x = 2^n (1 + m); returns m, from sqrt(1/2) - 1 to sqrt(2) - 1. */
static inline float FNN_NAME(log_parts)(float x, float *n) {
    union { float f; int32_t i; } u;
    const int32_t subnormal = x < 1.17549435e-38f;
    u.f = subnormal ? x * 8388608.0f : x; /* 2^23 */
    const int32_t e = (u.i >> 23) - (subnormal ? 149 : 126);
    u.i = (u.i & 0x007fffff) | 0x3f000000; /* mantissa in 0.5 .. 1 */
    const int32_t low = u.f < 0.707106781f;
    *n = (float)(e - low);
    return (low ? u.f + u.f : u.f) - 1.0f;
}

/* The logarithm y of x, or what it is at the ends. */
static inline float FNN_NAME(log_or_limit)(float x, float y) {
    return x != x || x < 0 ? NAN : (x == 0 ? -INFINITY : (x == INFINITY ? x : y));
}

static inline float FNN_NAME(log_of)(float x) { /* 1 ulp */
    float n;
    const float m = FNN_NAME(log_parts)(x, &n);
    return FNN_NAME(log_or_limit)(x, FNN_NAME(log_near)(m, n));
}

static inline float FNN_NAME(log2_of)(float x) { /* 2 ulp; whole numbers are exact */
    float n;
    const float m = FNN_NAME(log_parts)(x, &n);
    return FNN_NAME(log_or_limit)(x, n + FNN_NAME(log_near)(m, 0) * 1.44269504f);
}

/* 1 ulp: log(1 + x) for x in 0 … 1, where neither rounding nor sign needs care */
static inline float FNN_NAME(log1p_of_share)(float x) {
    const int32_t high = x > 0.414213562f;
    return FNN_NAME(log_near)(high ? 0.5f * (x - 1.0f) : x, (float)high);
}

/* 2.5 ulp: log(1 + x) by the log of what 1 + x is rounded to, made good for that rounding; x above -1. */
static inline float FNN_NAME(log1p_of)(float x) {
    const float u = 1.0f + x, lost = u - 1.0f, y = FNN_NAME(log_of)(u) * (x / lost);
    const int32_t as_it_is = (lost == 0) | (x == INFINITY); /* chosen last: a branch would keep loops from vectors */
    return as_it_is ? x : y;
}

/* 2 ulp: exp(x) - 1 without cancellation near 0 */
static inline float FNN_NAME(expm1_of)(float x) {
    const float high = 88.8f < x ? 88.8f : x, clamped = -20.0f > high ? -20.0f : high; /* NaN passes both */
    float n;
    const float rest = FNN_NAME(exp_rest)(clamped, &n), half = FNN_NAME(power_of_two)((int32_t)n - 1);
    return (rest * half + (half - 0.5f)) * 2.0f;
}

/* exp(a) / 2 for a not below 0; in two factors where exp(a) may be too large. */
static inline float FNN_NAME(half_exp)(float a) {
    const float root = FNN_NAME(exp_of)(0.5f * a), e = FNN_NAME(exp_of)(a);
    return a > 88.0f ? 0.5f * root * root : 0.5f * e;
}

/* 2 ulp up to 88, 3 beyond: by exp(x) - 1 near 0 */
static inline float FNN_NAME(sinh_of)(float x) {
    const float a = fabsf(x), far = FNN_NAME(half_exp)(a), e = FNN_NAME(expm1_of)(20.0f < a ? 20.0f : a);
    return copysignf(a > 10.0f ? far : 0.5f * (e + e / (e + 1.0f)), x);
}

/* 2 ulp up to 88, 3 beyond */
static inline float FNN_NAME(cosh_of)(float x) {
    const float far = FNN_NAME(half_exp)(fabsf(x));
    return far + 0.25f / far;
}

/* a to the power b for positive finite a and finite b, in double precision by series; 0.51 ulp. */
static inline float FNN_NAME(power_of)(float a, float b) {
    union { float f; int32_t i; } u;
    union { double f; int64_t i; } scale;
    const int32_t subnormal = a < 1.17549435e-38f;
    u.f = subnormal ? a * 8388608.0f : a; /* 2^23 */
    const int32_t e = (u.i >> 23) - (subnormal ? 149 : 126);
    u.i = (u.i & 0x007fffff) | 0x3f000000; /* mantissa in 0.5 .. 1 */
    const int32_t low = u.f < 0.707106781f;
    const double m = (double)(low ? u.f + u.f : u.f), s = (m - 1) / (m + 1), q = s * s;
    /* log m = 2 (s + s^3 / 3 + s^5 / 5 + ...), |s| < 0.172 */
    const double series = 1.0 + q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + q * (1.0 / 9 + q * (1.0 / 11 + q / 13)))));
    const double t = (double)b * ((double)(e - low) * 0.693147180559945309 + 2 * s * series);
    const double high = 150.0 < t ? 150.0 : t, clamped = -150.0 > high ? -150.0 : high; /* beyond float's range */
    const double shifter = 6755399441055744.0; /* 1.5 * 2^52 */
    const double n = (clamped * 1.44269504088896341 + shifter) - shifter, r = clamped - n * 0.693147180559945309;
    double p = 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r * r + r + 1.0;
    scale.i = ((int64_t)(int32_t)n + 1023) << 52;
    return (float)(p * scale.f);
}
