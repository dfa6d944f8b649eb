/* pixel_lanes.h: correlations of images of one channel with few channels of results: lanes over neighbouring pixels.
 *
 * Included inside a family file, once per instruction set, after "correlation.h" and "vector.h".
 */
#define LANE_CHANNELS (FNN_ISA == 5 ? 8 : 4) /* whose sums fit into the registers */
#define MOST_LANE_CHANNELS (FNN_ISA == 5 ? 8 : FNN_LANES * 3 / 4) /* up to here it is faster: measured */

FNN_UNUSED static int FNN_NAME(lanes_pay)(const FNN_NAME(correlation) *c) {
    return c->from_pixel == 1 && c->channels <= MOST_LANE_CHANNELS && c->pixels >= FNN_LANES;
}

/* Sums of `vecs` vectors of pixels, `apart` from each other, with bias and relu; channels (up to 8) and vecs are
 * constants after inlining. */
FNN_INLINE void FNN_NAME(lanes_tile)(const FNN_NAME(correlation) *c, const float *from, int64_t apart, int64_t channel,
                                     float *to, const int channels, const int vecs) {
    const fnn_epilogue *e = &c->finish;
    const float *w = c->weights + channel;
    VEC sum[LANE_CHANNELS][2];
    FNN_UNROLL for (int o = 0; o < channels; o++)
        FNN_UNROLL for (int v = 0; v < vecs; v++) sum[o][v] = FNN_NAME(vec_fill)(0);
    for (int64_t s = 0; s < c->segments; s++)
        for (int64_t k = 0; k < c->depth; k++, w += TILE_COLS) {
            VEC x[2];
            FNN_UNROLL for (int v = 0; v < vecs; v++) x[v] = FNN_NAME(vec_load)(from + s * c->segment + k + v * apart);
            FNN_UNROLL for (int o = 0; o < channels; o++) {
                const VEC right = FNN_NAME(vec_fill)(w[o]);
                FNN_UNROLL for (int v = 0; v < vecs; v++)
                    sum[o][v] = FNN_NAME(vec_multiply_add)(x[v], right, sum[o][v]);
            }
        }
    FNN_UNROLL for (int o = 0; o < channels; o++)
        FNN_UNROLL for (int v = 0; v < vecs; v++) {
            if (e->bias) sum[o][v] = FNN_NAME(vec_add)(sum[o][v], FNN_NAME(vec_fill)(e->bias[channel + o]));
            if (e->relu) sum[o][v] = FNN_NAME(vec_relu)(sum[o][v]);
            FNN_NAME(vec_store)(to + (2 * o + v) * FNN_LANES, sum[o][v]);
        }
}

#define LANES_OF(N)                                                                                             \
    static FNN_NOINLINE void FNN_NAME(lanes_##N)(const FNN_NAME(correlation) *c, const float *x, int64_t apart, \
                                                 int64_t channel, float *to) {                                  \
        if (apart) FNN_NAME(lanes_tile)(c, x, apart, channel, to, N, 2);                                        \
        else FNN_NAME(lanes_tile)(c, x, 0, channel, to, N, 1);                                                  \
    }
LANES_OF(1) LANES_OF(2) LANES_OF(3) LANES_OF(4)
#if FNN_ISA == 5
LANES_OF(5) LANES_OF(6) LANES_OF(7) LANES_OF(8)
#endif
#undef LANES_OF
static void (*const FNN_NAME(lanes)[])(const FNN_NAME(correlation) *, const float *, int64_t, int64_t, float *) = {
    FNN_NAME(lanes_1), FNN_NAME(lanes_2), FNN_NAME(lanes_3), FNN_NAME(lanes_4),
#if FNN_ISA == 5
    FNN_NAME(lanes_5), FNN_NAME(lanes_6), FNN_NAME(lanes_7), FNN_NAME(lanes_8),
#endif
};

/* Sums of one vector of pixels, of which the first ones are left out, to where the first of the others belongs. */
static void FNN_NAME(spread_lanes)(const FNN_NAME(correlation) *c, const float *sums, int without, int64_t at,
                                   int channels) {
    const fnn_epilogue *e = &c->finish;
    if (!e->mask && !e->accumulate) {
        for (int p = without; p < FNN_LANES; p++, at += c->to_pixel)
            for (int o = 0; o < channels; o++) c->to[at + o] = sums[2 * o * FNN_LANES + p];
        return;
    }
    for (int p = without; p < FNN_LANES; p++, at += c->to_pixel)
        for (int o = 0; o < channels; o++) {
            const float sum = sums[2 * o * FNN_LANES + p], kept = !e->mask || e->mask[at + o] > 0 ? sum : 0;
            c->to[at + o] = e->accumulate ? c->to[at + o] + kept : kept;
        }
}

/* A row of pixels: the last vector ends with the row, and may overlap the one before. */
static void FNN_NAME(lanes_row)(const FNN_NAME(correlation) *c, int64_t row, int64_t channel, int channels) {
    float sums[2 * LANE_CHANNELS * FNN_LANES];
    for (int64_t p = 0; p < c->pixels; p += 2 * FNN_LANES) {
        const int64_t rest = fnn_min(c->pixels - p, 2 * FNN_LANES);
        const int64_t first = rest < FNN_LANES ? c->pixels - FNN_LANES : p;
        const int64_t apart = fnn_max(rest - FNN_LANES, 0), at = row * c->to_row + p * c->to_pixel + channel;
        FNN_NAME(lanes)[channels - 1](c, c->from + row * c->from_row + first, apart, channel, sums);
        FNN_NAME(spread_lanes)(c, sums, (int)(p - first), at, channels);
        if (apart)
            FNN_NAME(spread_lanes)(c, sums + FNN_LANES, (int)(FNN_LANES - apart), at + FNN_LANES * c->to_pixel, channels);
    }
}

/* What correlate does, where lanes_pay. */
FNN_UNUSED static void FNN_NAME(correlate_lanes)(const FNN_NAME(correlation) *c) {
    for (int64_t row = 0; row < c->rows; row++)
        for (int64_t channel = 0; channel < c->channels; channel += LANE_CHANNELS)
            FNN_NAME(lanes_row)(c, row, channel, (int)fnn_min(LANE_CHANNELS, c->channels - channel));
}
