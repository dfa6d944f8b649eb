/* vector.h: a few operations on vectors of FNN_LANES floats, for kernels that keep their sums in registers.
 *
 * Included inside a family file, once per instruction set; such a file includes "vector_system.h" before "every_isa.h".
 * Compilers without vector types get arrays and loops.
 */
#define VEC FNN_NAME(vec)

#if defined(__GNUC__) || defined(__clang__)
typedef float VEC __attribute__((vector_size(4 * FNN_LANES), may_alias));
typedef float FNN_NAME(vec_anywhere) __attribute__((vector_size(4 * FNN_LANES), aligned(4), may_alias));

FNN_INLINE VEC FNN_NAME(vec_load)(const float *p) { return *(const FNN_NAME(vec_anywhere) *)p; }
FNN_INLINE void FNN_NAME(vec_store)(float *p, VEC v) { *(FNN_NAME(vec_anywhere) *)p = v; }
FNN_INLINE VEC FNN_NAME(vec_fill)(float x) { return x - (VEC){0}; }
FNN_INLINE VEC FNN_NAME(vec_add)(VEC a, VEC b) { return a + b; }
FNN_INLINE VEC FNN_NAME(vec_multiply_add)(VEC a, VEC b, VEC sum) { return a * b + sum; }

typedef int32_t FNN_NAME(vec_bits) __attribute__((vector_size(4 * FNN_LANES), may_alias));
#define BITS(V) ((FNN_NAME(vec_bits))(V))
FNN_INLINE VEC FNN_NAME(vec_relu)(VEC x) { return (VEC)(BITS(x) & ~(x <= (VEC){0})); } /* NaN stays */
FNN_INLINE VEC FNN_NAME(vec_where_positive)(VEC mask, VEC x) { return (VEC)(BITS(x) & (mask > (VEC){0})); }
#undef BITS
#else
typedef struct { float f[FNN_LANES]; } VEC;
#define EACH_LANE(R, EXPR) { VEC R; for (int l = 0; l < FNN_LANES; l++) R.f[l] = EXPR; return R; }
FNN_INLINE VEC FNN_NAME(vec_load)(const float *p) EACH_LANE(r, p[l])
FNN_INLINE void FNN_NAME(vec_store)(float *p, VEC v) { for (int l = 0; l < FNN_LANES; l++) p[l] = v.f[l]; }
FNN_INLINE VEC FNN_NAME(vec_fill)(float x) EACH_LANE(r, x)
FNN_INLINE VEC FNN_NAME(vec_add)(VEC a, VEC b) EACH_LANE(r, a.f[l] + b.f[l])
FNN_INLINE VEC FNN_NAME(vec_multiply_add)(VEC a, VEC b, VEC sum) EACH_LANE(r, a.f[l] * b.f[l] + sum.f[l])
FNN_INLINE VEC FNN_NAME(vec_relu)(VEC x) EACH_LANE(r, x.f[l] <= 0 ? 0 : x.f[l])
FNN_INLINE VEC FNN_NAME(vec_where_positive)(VEC mask, VEC x) EACH_LANE(r, mask.f[l] > 0 ? x.f[l] : 0)
#undef EACH_LANE
#endif

/* All lanes added up, in an order that is fixed for the instruction set. */
#if FNN_ISA == 5
FNN_INLINE float FNN_NAME(vec_sum)(VEC v) { return _mm512_reduce_add_ps(v); }
#elif FNN_ISA == 2
FNN_INLINE float FNN_NAME(vec_sum)(VEC v) {
    const __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    const __m128 quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}
#else
FNN_INLINE float FNN_NAME(vec_sum)(VEC v) {
    float lane[FNN_LANES];
    FNN_NAME(vec_store)(lane, v);
    for (int l = 1; l < FNN_LANES; l++) lane[0] += lane[l];
    return lane[0];
}
#endif

/* The first n lanes, 1 <= n <= FNN_LANES; memory behind them is not touched, the other lanes are 0. */
#if FNN_ISA == 5
FNN_INLINE VEC FNN_NAME(vec_load_part)(const float *p, int n) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
FNN_INLINE void FNN_NAME(vec_store_part)(float *p, VEC v, int n) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
}
#elif FNN_ISA == 2
FNN_INLINE __m256i FNN_NAME(vec_mask)(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
FNN_INLINE VEC FNN_NAME(vec_load_part)(const float *p, int n) {
    return n == FNN_LANES ? FNN_NAME(vec_load)(p) : (VEC)_mm256_maskload_ps(p, FNN_NAME(vec_mask)(n));
}
FNN_INLINE void FNN_NAME(vec_store_part)(float *p, VEC v, int n) {
    if (n == FNN_LANES) FNN_NAME(vec_store)(p, v); /* some processors take 20 times as long for a mask */
    else _mm256_maskstore_ps(p, FNN_NAME(vec_mask)(n), v);
}
#else
FNN_INLINE VEC FNN_NAME(vec_load_part)(const float *p, int n) {
    if (n == FNN_LANES) return FNN_NAME(vec_load)(p);
    float lanes[FNN_LANES] = {p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, n > 3 ? p[3] : 0};
    return FNN_NAME(vec_load)(lanes);
}
FNN_INLINE void FNN_NAME(vec_store_part)(float *p, VEC v, int n) {
    float lanes[FNN_LANES];
    if (n == FNN_LANES) {
        FNN_NAME(vec_store)(p, v);
        return;
    }
    FNN_NAME(vec_store)(lanes, v);
    for (int l = 0; l < n; l++) p[l] = lanes[l];
}
#endif

/* What the epilogue makes of a complete sum; bias, mask and old are read only where it wants them. */
FNN_INLINE VEC FNN_NAME(vec_finish)(VEC sum, const fnn_epilogue *e, VEC bias, VEC mask, VEC old) {
    if (e->bias) sum = FNN_NAME(vec_add)(sum, bias);
    if (e->relu) sum = FNN_NAME(vec_relu)(sum);
    if (e->mask) sum = FNN_NAME(vec_where_positive)(mask, sum);
    return e->accumulate ? FNN_NAME(vec_add)(old, sum) : sum;
}

/* A finished sum to cell `at` of c, which is in column `col`; all lanes of it, or the first n. */
FNN_INLINE void FNN_NAME(vec_write)(const fnn_epilogue *e, VEC sum, int64_t col, float *c, int64_t at, const int whole,
                                    int n) {
#define READ(P) (whole ? FNN_NAME(vec_load)(P) : FNN_NAME(vec_load_part)(P, n))
    const VEC zero = FNN_NAME(vec_fill)(0), bias = e->bias ? READ(e->bias + col) : zero;
    sum = FNN_NAME(vec_finish)(sum, e, bias, e->mask ? READ(e->mask + at) : zero, e->accumulate ? READ(c + at) : zero);
#undef READ
    if (whole) FNN_NAME(vec_store)(c + at, sum);
    else FNN_NAME(vec_store_part)(c + at, sum, n);
}
