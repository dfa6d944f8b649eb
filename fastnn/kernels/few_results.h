/* few_results.h: correlations with so few channels of results that lanes over them stay empty: dot products.
 *
 * Included inside a family file, once per instruction set, after "pixel_lanes.h". Lanes run over a kernel row's depth,
 * which lies side by side in memory. Weights lie as [channel][segment][depth].
 */

/* Vector operations for one result pixel, as dot products or by tiles over channels. */
#define SUM_COST 6 /* of the lanes of one dot product */
FNN_UNUSED static double FNN_NAME(dots_cost)(int64_t segments, int64_t depth, int64_t channels) {
    return (double)channels * (double)(segments * fnn_ceil_div(depth, FNN_LANES) + SUM_COST);
}

FNN_UNUSED static int FNN_NAME(dots_pay)(int64_t segments, int64_t depth, int64_t channels) {
    return channels < FNN_LANES && 1.2 * FNN_NAME(dots_cost)(segments, depth, channels) < (double)(segments * depth);
}

/* `depth` weights of every channel, of `whole`, from position `at` on. */
FNN_UNUSED static void FNN_NAME(pack_dots)(const float *w, int64_t w_depth, int64_t w_channel, int64_t depth,
                                           int64_t channels, float *to, int64_t at, int64_t whole) {
    for (int64_t c = 0; c < channels; c++)
        for (int64_t k = 0; k < depth; k++) to[c * whole + at + k] = w[c * w_channel + k * w_depth];
}

#define DOT_PIXELS 8
#define DOT_STEP(LOAD)                                                                                   \
    do {                                                                                                 \
        VEC right[2];                                                                                    \
        FNN_UNROLL for (int o = 0; o < channels; o++) {                                                  \
            const float *at = w + o * whole + k;                                                         \
            right[o] = LOAD;                                                                             \
        }                                                                                                \
        FNN_UNROLL for (int p = 0; p < pixels; p++) {                                                    \
            const float *at = x + p * c->from_pixel + k;                                                 \
            const VEC left = LOAD;                                                                       \
            FNN_UNROLL for (int o = 0; o < channels; o++)                                                \
                sum[p][o] = FNN_NAME(vec_multiply_add)(left, right[o], sum[p][o]);                       \
        }                                                                                                \
    } while (0)

/* pixels (up to DOT_PIXELS) and channels (1 or 2) are constants after inlining. */
FNN_INLINE void FNN_NAME(dots_tile)(const FNN_NAME(correlation) *c, const float *from, const float *weights, float *to,
                                    const int pixels, const int channels) {
    const int64_t whole = c->segments * c->depth;
    VEC sum[DOT_PIXELS][2];
    FNN_UNROLL for (int p = 0; p < pixels; p++)
        FNN_UNROLL for (int o = 0; o < channels; o++) sum[p][o] = FNN_NAME(vec_fill)(0);
    for (int64_t s = 0; s < c->segments; s++) {
        const float *x = from + s * c->segment, *w = weights + s * c->depth;
        int64_t k = 0;
        for (; k + FNN_LANES <= c->depth; k += FNN_LANES) DOT_STEP(FNN_NAME(vec_load)(at));
        if (k < c->depth) DOT_STEP(FNN_NAME(vec_load_part)(at, (int)(c->depth - k)));
    }
    FNN_UNROLL for (int p = 0; p < pixels; p++)
        FNN_UNROLL for (int o = 0; o < channels; o++) to[p * 2 + o] = FNN_NAME(vec_sum)(sum[p][o]);
}

#undef DOT_STEP

typedef void FNN_NAME(dots_body)(const FNN_NAME(correlation) *, const float *x, const float *w, float *to);
#define DOTS_OF(P)                                                                                                 \
    static FNN_NOINLINE void FNN_NAME(dots_##P##_1)(const FNN_NAME(correlation) *c, const float *x, const float *w, \
                                                    float *to) {                                                   \
        FNN_NAME(dots_tile)(c, x, w, to, P, 1);                                                                    \
    }                                                                                                              \
    static FNN_NOINLINE void FNN_NAME(dots_##P##_2)(const FNN_NAME(correlation) *c, const float *x, const float *w, \
                                                    float *to) {                                                   \
        FNN_NAME(dots_tile)(c, x, w, to, P, 2);                                                                    \
    }
#define DOTS_ENTRY(P) {FNN_NAME(dots_##P##_1), FNN_NAME(dots_##P##_2)},
#define EACH_PIXEL_COUNT(F) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8)
EACH_PIXEL_COUNT(DOTS_OF)
static FNN_NAME(dots_body) *const FNN_NAME(dots)[DOT_PIXELS][2] = {EACH_PIXEL_COUNT(DOTS_ENTRY)};
#undef DOTS_OF
#undef DOTS_ENTRY
#undef EACH_PIXEL_COUNT

/* `sums` of pixels' pairs of channels become results. */
static void FNN_NAME(finish_dots)(const FNN_NAME(correlation) *c, const float *sums, int64_t at, int64_t channel,
                                  int pixels, int channels) {
    const fnn_epilogue *e = &c->finish;
    for (int p = 0; p < pixels; p++, at += c->to_pixel)
        for (int o = 0; o < channels; o++) {
            float sum = sums[p * 2 + o], *to = c->to + at + channel + o;
            if (e->bias) sum += e->bias[channel + o];
            if (e->relu) sum = sum > 0 || sum != sum ? sum : 0;
            if (e->mask) sum = e->mask[at + channel + o] > 0 ? sum : 0;
            *to = e->accumulate ? *to + sum : sum;
        }
}

/* A row of pixels split evenly, 1 or 2 channels. */
static void FNN_NAME(dots_row)(const FNN_NAME(correlation) *c, int64_t row, int64_t channel, int channels) {
    const float *x = c->from + row * c->from_row, *w = c->weights + channel * c->segments * c->depth;
    const int64_t tiles = fnn_ceil_div(c->pixels, DOT_PIXELS);
    float sums[2 * DOT_PIXELS];
    for (int64_t tile = 0, p = 0, now; tile < tiles; tile++, p += now) {
        now = (c->pixels - p) / (tiles - tile);
        FNN_NAME(dots)[now - 1][channels - 1](c, x + p * c->from_pixel, w, sums);
        FNN_NAME(finish_dots)(c, sums, row * c->to_row + p * c->to_pixel, channel, (int)now, channels);
    }
}

/* What correlate does, in the best way, for weights in either layout. */
FNN_UNUSED static void FNN_NAME(correlate_any)(const FNN_NAME(correlation) *c, int dots) {
    if (!dots) {
        (FNN_NAME(lanes_pay)(c) ? FNN_NAME(correlate_lanes) : FNN_NAME(correlate))(c);
        return;
    }
    for (int64_t row = 0; row < c->rows; row++)
        for (int64_t channel = 0; channel < c->channels; channel += 2)
            FNN_NAME(dots_row)(c, row, channel, (int)fnn_min(2, c->channels - channel));
}
