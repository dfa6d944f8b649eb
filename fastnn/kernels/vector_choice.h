/* vector_choice.h: lanes chosen by a comparison, and products that stay products.
 *
 * Included inside a family file, once per instruction set, after vector.h.
 */
#if FNN_ISA == 5
/* Whole numbers in the lanes of a vector of floats. */
FNN_INLINE VEC FNN_NAME(vec_whole)(int32_t x) { return _mm512_castsi512_ps(_mm512_set1_epi32(x)); }
/* v where the whole numbers a and b are equal, elsewhere 0. */
FNN_INLINE VEC FNN_NAME(vec_where_equal)(VEC a, VEC b, VEC v) {
    return _mm512_maskz_mov_ps(_mm512_cmpeq_epi32_mask(_mm512_castps_si512(a), _mm512_castps_si512(b)), v);
}
/* Takes v at `place` into the maximum `top` at `at`: the first one wins a tie; NaN wins over numbers, and stays. */
FNN_INLINE void FNN_NAME(vec_take_larger)(VEC *top, VEC *at, VEC v, VEC place) {
    const __mmask16 number = _mm512_cmp_ps_mask(*top, *top, _CMP_ORD_Q);
    const __mmask16 take = _mm512_mask_cmp_ps_mask(number, v, *top, _CMP_NLE_UQ);
    *top = _mm512_mask_mov_ps(*top, take, v);
    *at = _mm512_mask_mov_ps(*at, take, place);
}
#elif defined(__GNUC__) || defined(__clang__)
typedef int32_t FNN_NAME(whole) __attribute__((vector_size(4 * FNN_LANES)));
#define WHOLES FNN_NAME(whole)
FNN_INLINE VEC FNN_NAME(vec_where)(WHOLES m, VEC v) { return (VEC)(m & (WHOLES)v); }
FNN_INLINE VEC FNN_NAME(vec_whole)(int32_t x) { return (VEC)(x - (WHOLES){0}); }
FNN_INLINE VEC FNN_NAME(vec_where_equal)(VEC a, VEC b, VEC v) {
    return FNN_NAME(vec_where)((WHOLES)((WHOLES)a == (WHOLES)b), v);
}
FNN_INLINE void FNN_NAME(vec_take_larger)(VEC *top, VEC *at, VEC v, VEC place) {
    const WHOLES take = ~(WHOLES)(v <= *top) & (WHOLES)(*top == *top);
    *top = (VEC)((take & (WHOLES)v) | (~take & (WHOLES)*top));
    *at = (VEC)((take & (WHOLES)place) | (~take & (WHOLES)*at));
}
#undef WHOLES
#else
FNN_INLINE VEC FNN_NAME(vec_whole)(int32_t x) {
    VEC v;
    for (int l = 0; l < FNN_LANES; l++) memcpy(&v.f[l], &x, sizeof x);
    return v;
}
FNN_INLINE VEC FNN_NAME(vec_where_equal)(VEC a, VEC b, VEC v) {
    for (int l = 0; l < FNN_LANES; l++) v.f[l] = memcmp(&a.f[l], &b.f[l], sizeof(float)) ? 0 : v.f[l];
    return v;
}
FNN_INLINE void FNN_NAME(vec_take_larger)(VEC *top, VEC *at, VEC v, VEC place) {
    for (int l = 0; l < FNN_LANES; l++)
        if (!(v.f[l] <= top->f[l]) && top->f[l] == top->f[l]) {
            top->f[l] = v.f[l];
            at->f[l] = place.f[l];
        }
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

/* The first n lanes, where n is mostly FNN_LANES, or half of them. */
FNN_INLINE VEC FNN_NAME(vec_take)(const float *p, int n) {
#if FNN_ISA == 5
    if (n == FNN_LANES / 2) return _mm512_castps256_ps512(_mm256_loadu_ps(p));
#endif
    return n == FNN_LANES ? FNN_NAME(vec_load)(p) : FNN_NAME(vec_load_part)(p, n);
}
FNN_INLINE void FNN_NAME(vec_put)(float *p, VEC v, int n) {
    if (n == FNN_LANES) FNN_NAME(vec_store)(p, v);
#if FNN_ISA == 5
    else if (n == FNN_LANES / 2) _mm256_storeu_ps(p, _mm512_castps512_ps256(v));
#endif
    else FNN_NAME(vec_store_part)(p, v, n);
}
