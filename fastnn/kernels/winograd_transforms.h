/* winograd_transforms.h: the matrices of "winograd.h", applied to vectors of channels.
 *
 * Included inside a family file, once per instruction set, after "gemm.h" and "vector.h". A pass multiplies one row or
 * column by a matrix; a transform is passes over the rows, then over the columns. Squares in the points' domain are
 * POINTS planes, of (square, channel), `plane` floats apart; channels fill whole vectors, the last with zeros.
 */
FNN_INLINE VEC FNN_NAME(plus)(VEC sum, float factor, VEC v) {
    return FNN_NAME(vec_multiply_add)(FNN_NAME(vec_fill)(factor), v, sum);
}
FNN_INLINE VEC FNN_NAME(times)(float factor, VEC v) { return FNN_NAME(plus)(FNN_NAME(vec_fill)(0), factor, v); }
#undef TRANSFORM
#define PLUS(SUM, FACTOR, V) FNN_NAME(plus)(SUM, (float)(FACTOR), V)
#define TIMES(FACTOR, V) FNN_NAME(times)((float)(FACTOR), V)
#define ADD FNN_NAME(vec_add)

/* B^T: six pixels to six points. */
FNN_INLINE void FNN_NAME(pass_pixels)(const VEC *d, VEC *t) {
    const VEC even = PLUS(d[4], -2, d[2]), odd = PLUS(d[3], -2, d[1]);
    const VEC even2 = PLUS(d[4], -0.5f, d[2]), odd2 = PLUS(d[3], -0.5f, d[1]);
    t[0] = PLUS(ADD(d[0], d[4]), -2.5f, d[2]);
    t[1] = PLUS(even, ROOT_HALF, odd);
    t[2] = PLUS(even, -ROOT_HALF, odd);
    t[3] = PLUS(even2, ROOT_TWO, odd2);
    t[4] = PLUS(even2, -ROOT_TWO, odd2);
    t[5] = PLUS(ADD(d[1], d[5]), -2.5f, d[3]);
}

/* G: three weights to six points. */
FNN_INLINE void FNN_NAME(pass_weights)(const VEC *g, VEC *t) {
    const VEC even = TIMES(-2 / 3., PLUS(g[0], 0.5f, g[2])), even2 = TIMES(1 / 6., PLUS(g[0], 2, g[2]));
    t[0] = g[0];
    t[1] = PLUS(even, -2 / 3. * ROOT_HALF, g[1]);
    t[2] = PLUS(even, 2 / 3. * ROOT_HALF, g[1]);
    t[3] = PLUS(even2, ROOT_TWO / 6, g[1]);
    t[4] = PLUS(even2, -ROOT_TWO / 6, g[1]);
    t[5] = g[2];
}

/* A^T: six points to four results. */
FNN_INLINE void FNN_NAME(pass_results)(const VEC *m, VEC *y) {
    const VEC even = ADD(m[1], m[2]), odd = PLUS(m[1], -1, m[2]), even2 = ADD(m[3], m[4]), odd2 = PLUS(m[3], -1, m[4]);
    y[0] = ADD(ADD(m[0], even), even2);
    y[1] = PLUS(TIMES(ROOT_TWO, odd2), ROOT_HALF, odd);
    y[2] = PLUS(TIMES(2, even2), 0.5f, even);
    y[3] = PLUS(PLUS(m[5], ROOT_HALF / 2, odd), ROOT_TWO * 2, odd2);
}

/* A: the gradients of four results to six points. */
FNN_INLINE void FNN_NAME(pass_dresults)(const VEC *y, VEC *t) {
    const VEC even = PLUS(y[0], 0.5f, y[2]), odd = PLUS(y[1], 0.5f, y[3]);
    const VEC even2 = PLUS(y[0], 2, y[2]), odd2 = PLUS(y[1], 2, y[3]);
    t[0] = y[0];
    t[1] = PLUS(even, ROOT_HALF, odd);
    t[2] = PLUS(even, -ROOT_HALF, odd);
    t[3] = PLUS(even2, ROOT_TWO, odd2);
    t[4] = PLUS(even2, -ROOT_TWO, odd2);
    t[5] = y[3];
}

/* G^T: six points to the gradients of three weights. */
FNN_INLINE void FNN_NAME(pass_dweights)(const VEC *m, VEC *g) {
    const VEC even = ADD(m[1], m[2]), odd = PLUS(m[1], -1, m[2]), even2 = ADD(m[3], m[4]), odd2 = PLUS(m[3], -1, m[4]);
    g[0] = PLUS(PLUS(m[0], -2 / 3., even), 1 / 6., even2);
    g[1] = PLUS(TIMES(ROOT_TWO / 6, odd2), -2 / 3. * ROOT_HALF, odd);
    g[2] = PLUS(PLUS(m[5], -1 / 3., even), 1 / 3., even2);
}

/* Both passes, from N x N vectors to M x M: FROM gives cell (i, j), TO takes t[i] as cell (i, j). */
#define TRANSFORM(PASS, N, M, FROM, TO)                                     \
    do {                                                                    \
        VEC half[M * N], line[N], t[M];                                     \
        FNN_UNROLL for (int i = 0; i < N; i++) {                            \
            FNN_UNROLL for (int j = 0; j < N; j++) line[j] = FROM;          \
            FNN_NAME(PASS)(line, t);                                        \
            FNN_UNROLL for (int j = 0; j < M; j++) half[j * N + i] = t[j];  \
        }                                                                   \
        FNN_UNROLL for (int j = 0; j < M; j++) {                            \
            FNN_NAME(PASS)(half + j * N, t);                                \
            FNN_UNROLL for (int i = 0; i < M; i++) TO;                      \
        }                                                                   \
    } while (0)
#undef PLUS
#undef TIMES
#undef ADD

/* The first n lanes at p; a whole vector has no mask. */
FNN_INLINE VEC FNN_NAME(load_lanes)(const float *p, int n, const int part) {
    return part ? FNN_NAME(vec_load_part)(p, n) : FNN_NAME(vec_load)(p);
}

FNN_INLINE void FNN_NAME(pixels_vec)(const float *const *pixel, int64_t c, int lanes, const int part, float *to,
                                     int64_t plane) {
    TRANSFORM(pass_pixels, SQUARE, SQUARE, FNN_NAME(load_lanes)(pixel[i * SQUARE + j] + c, lanes, part),
              FNN_NAME(vec_store)(to + (i * SQUARE + j) * plane, t[i]));
}

/* B^T d B of `count` squares. */
FNN_UNUSED static void FNN_NAME(squares_to_points)(const float *const *pixel, int64_t count, int64_t channels, float *to,
                                                   int64_t pitch, int64_t plane) {
    for (int64_t s = 0; s < count; s++, pixel += POINTS, to += pitch) {
        int64_t c = 0;
        for (; c + FNN_LANES <= channels; c += FNN_LANES) FNN_NAME(pixels_vec)(pixel, c, FNN_LANES, 0, to + c, plane);
        if (c < channels) FNN_NAME(pixels_vec)(pixel, c, (int)(channels - c), 1, to + c, plane);
    }
}

FNN_INLINE int64_t FNN_NAME(whole_vectors)(int64_t channels) { return fnn_ceil_div(channels, FNN_LANES) * FNN_LANES; }

/* Asks for pixel k of every square to come nearer, before it is needed. Inlined: gcc takes calls of a function that
 * does nothing else for useless and drops them. */
FNN_INLINE void FNN_NAME(fetch_pixels)(const float *const *pixel, int64_t count, int64_t each, int64_t k, int64_t channels) {
#if defined(__GNUC__) || defined(__clang__)
    for (int64_t s = 0; s < count; s++)
        for (int64_t c = 0; c < channels; c += LINE) __builtin_prefetch(pixel[s * each + k] + c, 0, 2);
#endif
}

/* The same for results, which will be written to. */
FNN_INLINE void FNN_NAME(fetch_results)(const float *const *pixel, int64_t count, int64_t k, int64_t channels) {
#if defined(__GNUC__) || defined(__clang__)
    for (int64_t s = 0; s < count; s++) {
        const float *p = pixel[s * RESULTS + k];
        if (!p) continue;
        for (int64_t c = 0; c < channels; c += LINE)
#if FNN_ISA
            __asm__ volatile("prefetchw %0" : : "m"(p[c])); /* without a flag for it gcc would fetch it for reading */
#else
            __builtin_prefetch(p + c, 1, 2);
#endif
    }
#endif
}
