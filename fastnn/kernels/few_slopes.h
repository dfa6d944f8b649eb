/* few_slopes.h: gradients of weights with few channels of results: lanes over a kernel row's depth.
 *
 * Included inside a family file, once per instruction set, after "vector.h".
 */
#define SLOPE_VECS 8

/* sum[k] += sum over pixels of dy[pixel] * x[pixel, k], `vecs` vectors of k; `part` floats of the last one, or 0: all. */
FNN_INLINE void FNN_NAME(few_slopes)(const float *x, int64_t x_pixel, const float *dy, int64_t dy_pixel, int64_t pixels,
                                     float *sums, const int vecs, int part) {
    VEC sum[SLOPE_VECS];
    FNN_UNROLL for (int v = 0; v < vecs; v++)
        sum[v] = part && v == vecs - 1 ? FNN_NAME(vec_load_part)(sums + v * FNN_LANES, part)
                                       : FNN_NAME(vec_load)(sums + v * FNN_LANES);
    for (int64_t p = 0; p < pixels; p++, x += x_pixel, dy += dy_pixel) {
        const VEC d = FNN_NAME(vec_fill)(*dy);
        FNN_UNROLL for (int v = 0; v < vecs; v++) {
            const float *at = x + v * FNN_LANES;
            const VEC left = part && v == vecs - 1 ? FNN_NAME(vec_load_part)(at, part) : FNN_NAME(vec_load)(at);
            sum[v] = FNN_NAME(vec_multiply_add)(left, d, sum[v]);
        }
    }
    FNN_UNROLL for (int v = 0; v < vecs; v++) {
        if (part && v == vecs - 1) FNN_NAME(vec_store_part)(sums + v * FNN_LANES, sum[v], part);
        else FNN_NAME(vec_store)(sums + v * FNN_LANES, sum[v]);
    }
}

/* The same for any `run` of k. */
FNN_UNUSED static void FNN_NAME(add_slopes)(const float *x, int64_t x_pixel, const float *dy, int64_t dy_pixel,
                                            int64_t pixels, float *sums, int64_t run) {
    const int64_t vecs = fnn_ceil_div(run, FNN_LANES), chunks = fnn_ceil_div(vecs, SLOPE_VECS);
    const int last = (int)(run % FNN_LANES);
    for (int64_t chunk = 0, v = 0, now; chunk < chunks; chunk++, v += now) {
        const int64_t k = v * FNN_LANES;
        now = (vecs - v) / (chunks - chunk);
        const int part = v + now == vecs ? last : 0;
#define SLOPES(N) \
    case N: if (part) FNN_NAME(few_slopes)(x + k, x_pixel, dy, dy_pixel, pixels, sums + k, N, part); \
            else FNN_NAME(few_slopes)(x + k, x_pixel, dy, dy_pixel, pixels, sums + k, N, 0); break;
        switch (now) { SLOPES(1) SLOPES(2) SLOPES(3) SLOPES(4) SLOPES(5) SLOPES(6) SLOPES(7) SLOPES(8) }
#undef SLOPES
    }
}
