/* vector_choice.h: vectors chosen by a comparison, and products that stay products.
 *
 * Included inside a family file, once per instruction set, after vector.h.
 */
#if FNN_ISA == 5
/* v where m > 0, elsewhere 0. */
FNN_INLINE VEC FNN_NAME(vec_where_positive)(VEC m, VEC v) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(m, _mm512_setzero_ps(), _CMP_GT_OQ), v);
}
/* 0 where v <= 0; NaN stays. */
FNN_INLINE VEC FNN_NAME(vec_rectified)(VEC v) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_NLE_UQ), v);
}
#elif FNN_ISA == 2
FNN_INLINE VEC FNN_NAME(vec_where_positive)(VEC m, VEC v) {
    return _mm256_and_ps(_mm256_cmp_ps(m, _mm256_setzero_ps(), _CMP_GT_OQ), v);
}
FNN_INLINE VEC FNN_NAME(vec_rectified)(VEC v) {
    return _mm256_and_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_NLE_UQ), v);
}
#else
FNN_INLINE VEC FNN_NAME(vec_where_positive)(VEC m, VEC v) {
    float a[FNN_LANES], b[FNN_LANES];
    FNN_NAME(vec_store)(a, m);
    FNN_NAME(vec_store)(b, v);
    for (int l = 0; l < FNN_LANES; l++) b[l] = a[l] > 0 ? b[l] : 0;
    return FNN_NAME(vec_load)(b);
}
FNN_INLINE VEC FNN_NAME(vec_rectified)(VEC v) {
    float b[FNN_LANES];
    FNN_NAME(vec_store)(b, v);
    for (int l = 0; l < FNN_LANES; l++) b[l] = b[l] <= 0 ? 0 : b[l];
    return FNN_NAME(vec_load)(b);
}
#endif

/* a * b rounded to float: without the barrier a compiler joins it with a sum that follows, which rounds once only. */
#if defined(__GNUC__) || defined(__clang__)
FNN_INLINE VEC FNN_NAME(vec_multiply)(VEC a, VEC b) {
    VEC product = a * b;
#if FNN_X86
    __asm__("" : "+v"(product));
#else
    __asm__("" : "+m"(product));
#endif
    return product;
}
FNN_INLINE VEC FNN_NAME(vec_subtract)(VEC a, VEC b) { return a - b; }
#else
FNN_INLINE VEC FNN_NAME(vec_multiply)(VEC a, VEC b) {
    VEC r;
    for (int l = 0; l < FNN_LANES; l++) r.f[l] = a.f[l] * b.f[l];
    return r;
}
FNN_INLINE VEC FNN_NAME(vec_subtract)(VEC a, VEC b) {
    VEC r;
    for (int l = 0; l < FNN_LANES; l++) r.f[l] = a.f[l] - b.f[l];
    return r;
}
#endif

/* The first n lanes, where n is mostly FNN_LANES. */
FNN_INLINE VEC FNN_NAME(vec_take)(const float *p, int n) {
    return n == FNN_LANES ? FNN_NAME(vec_load)(p) : FNN_NAME(vec_load_part)(p, n);
}
FNN_INLINE void FNN_NAME(vec_put)(float *p, VEC v, int n) {
    if (n == FNN_LANES) FNN_NAME(vec_store)(p, v);
    else FNN_NAME(vec_store_part)(p, v, n);
}
