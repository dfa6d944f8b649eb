/* vector_choice.h: products that stay products, and vectors of which part may be read or written.
 *
 * Included inside a family file, once per instruction set, after vector.h.
 */
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
