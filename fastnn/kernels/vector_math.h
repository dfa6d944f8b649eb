/* vector_math.h: exp, log, tanh and the logistic function, written so that the compiler can run them on whole vectors.
 *
 * Branch-free float32 polynomials; errors are stated in units in the last place (ulp) and checked by the tests.
 * Included inside a family file, once per instruction set. NaN stays NaN, infinities go to their limits.
 */
static inline float FNN_NAME(exp_of)(float x) { /* 1.5 ulp; 0 below -87.3 (no subnormal results), infinity above 88.7 */
    const float clamped = x < -87.33654f ? -87.33654f : (x > 88.72283f ? 88.72283f : x);
    const float shifter = 12582912.0f; /* 1.5 * 2^23: adding it rounds to the nearest whole number */
    const float n = (clamped * 1.44269504f + shifter) - shifter;
    const float r = (clamped - n * 0.693145752f) - n * 1.42860677e-6f;
    float p = 1.98756915e-4f;
    p = p * r + 1.39819995e-3f;
    p = p * r + 8.33345205e-3f;
    p = p * r + 4.16657962e-2f;
    p = p * r + 1.66666657e-1f;
    p = p * r + 0.5f;
    p = p * r * r + r + 1.0f;
    union { int32_t i; float f; } half, rest; /* 2^n in two factors: n = 128 alone would overflow */
    const int32_t whole = (int32_t)n, first = whole / 2;
    half.i = (first + 127) << 23;
    rest.i = (whole - first + 127) << 23;
    const float y = p * half.f * rest.f;
    return x != x ? x : (x > 88.72283f ? INFINITY : (x < -87.33654f ? 0.0f : y));
}

/* 2.5 ulp */
static inline float FNN_NAME(sigmoid_of)(float x) { return 1.0f / (1.0f + FNN_NAME(exp_of)(-x)); }

static inline float FNN_NAME(tanh_of)(float x) { /* 1.5 ulp */
    const float a = x < 0 ? -x : x, e = FNN_NAME(exp_of)(2 * a), large = 1 - 2 / (e + 1), q = x * x;
    const float small = x + x * q * (-0.333332819f + q * (0.133314422f + q * (-0.0537397f + q * 0.0206390887f + q * q * -0.00570498872f)));
    return a < 0.625f ? small : (x < 0 ? -large : large);
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
