/* depthwise_tile.h: register tiles of convolutions in which a result channel has few input channels of its own.
 *
 * Vectors run over channels, which are neighbours; a tile is some pixels of a row. Input channels are `planes`: every
 * plane has one number for each channel. Distances are in floats.
 *
 * Included inside a family file, once per instruction set, after "vector.h".
 */
#define TILE_PIXELS 6
#define TILE_TAPS 7 /* most taps whose weights stay in registers */

/* to[u, k] = sum over rows, planes, taps of from[u; row, plane, tap; k] * w[row, plane, tap; k] */
typedef struct {
    const float *from, *w;
    int64_t from_pixel, from_row, from_plane, from_tap, w_row, w_plane, w_tap;
    int64_t rows, planes, taps, channels;
    int64_t next_row, next_rows; /* how many rows behind to prefetch, and their distance */
    float *to;
    int64_t to_pixel;
    fnn_epilogue finish; /* bias at the first channel; mask laid out as `to` */
} FNN_NAME(depth_tile);

/* A number that is used often stays in a register: gcc would rather read it again for every product. */
#undef KEEP
#if FNN_ISA && (defined(__GNUC__) || defined(__clang__))
#define KEEP(V) __asm__("" : "+v"(V))
#else
#define KEEP(V) (void)(V)
#endif

/* What the next row will read: few lines at a time, between the tiles. */
FNN_INLINE void FNN_NAME(prefetch)(const float *p, int64_t floats) {
#if defined(__GNUC__) || defined(__clang__)
    for (int64_t k = 0; k < floats; k += 16) __builtin_prefetch(p + k);
#endif
    (void)p;
    (void)floats;
}

#define AT(P) (part ? FNN_NAME(vec_load_part)(P, lanes) : FNN_NAME(vec_load)(P))

FNN_INLINE void FNN_NAME(depth_move)(FNN_NAME(depth_tile) *t, int64_t pixels) {
    t->from += pixels * t->from_pixel;
    t->to += pixels * t->to_pixel;
    if (t->finish.mask) t->finish.mask += pixels * t->to_pixel;
}

FNN_INLINE void FNN_NAME(depth_prefetch)(const FNN_NAME(depth_tile) *t, int64_t pixels) {
    for (int64_t r = 1; r <= t->next_rows; r++)
        FNN_NAME(prefetch)(t->from + (t->rows - 1) * t->from_row + r * t->next_row, pixels * t->from_pixel);
}

/* The epilogue where it is more than a bias: seldom, so that it stays out of the tiles. */
static FNN_NOINLINE void FNN_NAME(depth_finish)(const FNN_NAME(depth_tile) t, const VEC *sums, int pixels, int64_t k, int lanes) {
    const fnn_epilogue *e = &t.finish;
    const VEC zero = FNN_NAME(vec_fill)(0), bias = e->bias ? FNN_NAME(vec_load_part)(e->bias + k, lanes) : zero;
    for (int u = 0; u < pixels; u++) {
        const int64_t at = u * t.to_pixel + k;
        const VEC mask = e->mask ? FNN_NAME(vec_load_part)(e->mask + at, lanes) : zero;
        const VEC old = e->accumulate ? FNN_NAME(vec_load_part)(t.to + at, lanes) : zero;
        FNN_NAME(vec_store_part)(t.to + at, FNN_NAME(vec_finish)(sums[u], e, bias, mask, old), lanes);
    }
}

/* One row of the kernel, one plane, any taps. */
FNN_INLINE void FNN_NAME(depth_any)(const FNN_NAME(depth_tile) *t, const float *x, const float *w, VEC *sum, const int pixels,
                                    const int part, int lanes) {
    for (int64_t j = 0; j < t->taps; j++, x += t->from_tap, w += t->w_tap) {
        const VEC weight = AT(w);
        FNN_UNROLL for (int u = 0; u < pixels; u++)
            sum[u] = FNN_NAME(vec_multiply_add)(AT(x + u * t->from_pixel), weight, sum[u]);
    }
}

/* The same where windows overlap: weights stay in registers and every cell is read once. */
FNN_INLINE void FNN_NAME(depth_known)(const FNN_NAME(depth_tile) *t, const float *x, const float *w, VEC *sum, const int pixels,
                                      const int taps, const int stride, const int part, int lanes) {
    VEC weight[TILE_TAPS];
    FNN_UNROLL for (int j = 0; j < taps; j++) {
        weight[j] = AT(w + j * t->w_tap);
        KEEP(weight[j]);
    }
    FNN_UNROLL for (int col = 0; col < (pixels - 1) * stride + taps; col++, x += t->from_tap) {
        VEC cell = AT(x);
        KEEP(cell);
        FNN_UNROLL for (int j = 0; j < taps; j++)
            if (col >= j && (col - j) % stride == 0 && (col - j) / stride < pixels)
                sum[(col - j) / stride] = FNN_NAME(vec_multiply_add)(cell, weight[j], sum[(col - j) / stride]);
    }
}

/* pixels, taps (0: as many as the tile says), stride and part are constants after inlining. */
FNN_INLINE void FNN_NAME(depth_vector)(const FNN_NAME(depth_tile) *own, int64_t k, const int pixels, const int taps,
                                       const int stride, const int part, int lanes) {
    VEC sum[TILE_PIXELS];
    FNN_UNROLL for (int u = 0; u < pixels; u++) sum[u] = FNN_NAME(vec_fill)(0);
    const float *x_row = own->from + k, *w_row = own->w + k;
    for (int64_t i = own->rows; i > 0; i--, x_row += own->from_row, w_row += own->w_row) {
        const float *x = x_row, *w = w_row;
        for (int64_t c = own->planes; c > 0; c--, x += own->from_plane, w += own->w_plane) {
            if (taps) FNN_NAME(depth_known)(own, x, w, sum, pixels, taps, stride, part, lanes);
            else FNN_NAME(depth_any)(own, x, w, sum, pixels, part, lanes);
        }
    }
    const fnn_epilogue *e = &own->finish;
    if (e->relu || e->mask || e->accumulate) {
        VEC sums[TILE_PIXELS];
        FNN_UNROLL for (int u = 0; u < pixels; u++) sums[u] = sum[u];
        FNN_NAME(depth_finish)(*own, sums, pixels, k, lanes);
        return;
    }
    if (e->bias) {
        const VEC bias = AT(e->bias + k);
        FNN_UNROLL for (int u = 0; u < pixels; u++) sum[u] = FNN_NAME(vec_add)(sum[u], bias);
    }
    FNN_UNROLL for (int u = 0; u < pixels; u++) {
        float *to = own->to + u * own->to_pixel + k;
        if (part) FNN_NAME(vec_store_part)(to, sum[u], lanes);
        else FNN_NAME(vec_store)(to, sum[u]);
    }
}

/* So many tiles side by side, from a copy of the first that no store can change. */
#define DEPTH_TILE(NAME, PIXELS, TAPS, STRIDE)                                                                     \
    static void FNN_NAME(NAME##_##PIXELS)(const FNN_NAME(depth_tile) *first, int64_t tiles) {                      \
        FNN_NAME(depth_tile) t = *first;                                                                           \
        for (; tiles > 0; tiles--) {                                                                               \
            int64_t k = 0;                                                                                         \
            FNN_NAME(depth_prefetch)(&t, PIXELS);                                                                  \
            for (; k + FNN_LANES <= t.channels; k += FNN_LANES)                                                    \
                FNN_NAME(depth_vector)(&t, k, PIXELS, TAPS, STRIDE, 0, FNN_LANES);                                 \
            if (k < t.channels) FNN_NAME(depth_vector)(&t, k, PIXELS, TAPS, STRIDE, 1, (int)(t.channels - k));     \
            FNN_NAME(depth_move)(&t, PIXELS);                                                                      \
        }                                                                                                          \
    }
#define DEPTH_TILES(NAME, TAPS, STRIDE) DEPTH_TILE(NAME, 6, TAPS, STRIDE) DEPTH_TILE(NAME, 3, TAPS, STRIDE)
DEPTH_TILE(depth_any_taps, 1, 0, 0)
DEPTH_TILES(depth_any_taps, 0, 0)
DEPTH_TILES(depth_one_tap, 1, 1)
DEPTH_TILES(depth_two_taps, 2, 1)
DEPTH_TILES(depth_three_taps, 3, 1)
DEPTH_TILES(depth_three_taps_apart, 3, 2)
DEPTH_TILES(depth_five_taps, 5, 1)
DEPTH_TILES(depth_seven_taps, 7, 1)

typedef void (*FNN_NAME(depth_body))(const FNN_NAME(depth_tile) *, int64_t tiles);
typedef struct { FNN_NAME(depth_body) six, three; } FNN_NAME(depth_bodies);

static FNN_NAME(depth_bodies) FNN_NAME(depth_bodies_of)(const FNN_NAME(depth_tile) *t) {
    const int side_by_side = t->from_pixel == t->from_tap, apart = t->from_pixel == 2 * t->from_tap;
    if (t->taps == 1 && side_by_side)
        return (FNN_NAME(depth_bodies)){FNN_NAME(depth_one_tap_6), FNN_NAME(depth_one_tap_3)};
    if (t->taps == 2 && side_by_side)
        return (FNN_NAME(depth_bodies)){FNN_NAME(depth_two_taps_6), FNN_NAME(depth_two_taps_3)};
    if (t->taps == 3 && side_by_side)
        return (FNN_NAME(depth_bodies)){FNN_NAME(depth_three_taps_6), FNN_NAME(depth_three_taps_3)};
    if (t->taps == 3 && apart)
        return (FNN_NAME(depth_bodies)){FNN_NAME(depth_three_taps_apart_6), FNN_NAME(depth_three_taps_apart_3)};
    if (t->taps == 5 && side_by_side)
        return (FNN_NAME(depth_bodies)){FNN_NAME(depth_five_taps_6), FNN_NAME(depth_five_taps_3)};
    if (t->taps == 7 && side_by_side)
        return (FNN_NAME(depth_bodies)){FNN_NAME(depth_seven_taps_6), FNN_NAME(depth_seven_taps_3)};
    return (FNN_NAME(depth_bodies)){FNN_NAME(depth_any_taps_6), FNN_NAME(depth_any_taps_3)};
}

/* All pixels of a row. The last tile goes back over pixels that are done, which come out the same, unless they
 * would be added twice. */
static void FNN_NAME(depth_pixels)(FNN_NAME(depth_tile) t, int64_t pixels) {
    const FNN_NAME(depth_bodies) bodies = FNN_NAME(depth_bodies_of)(&t);
    const int64_t size = pixels >= 6 ? 6 : pixels >= 3 ? 3 : 1, rest = pixels % size;
    const FNN_NAME(depth_body) body = size == 6 ? bodies.six : size == 3 ? bodies.three : FNN_NAME(depth_any_taps_1);
    body(&t, pixels / size);
    if (!rest) return;
    FNN_NAME(depth_move)(&t, t.finish.accumulate ? pixels - rest : pixels - size);
    if (t.finish.accumulate) FNN_NAME(depth_any_taps_1)(&t, rest);
    else body(&t, 1);
}

/* ---------------------------------------------------------------- weights' gradients */

/* dw[row, tap; k] += sum over pixels u of x[u; row, tap; k] * dy[u; k] */
typedef struct {
    const float *x, *dy;
    int64_t x_pixel, x_row, x_tap, dy_pixel, channels;
    float *dw;
    int64_t w_row, w_tap;
} FNN_NAME(slope_tile);

/* pixels, rows, taps, stride and part are constants after inlining. */
FNN_INLINE void FNN_NAME(slope_vector)(const FNN_NAME(slope_tile) *t, int64_t k, const int pixels, const int rows, const int taps,
                                       const int stride, const int part, int lanes) {
    VEC sum[3][TILE_TAPS], dy[TILE_PIXELS];
    FNN_UNROLL for (int u = 0; u < pixels; u++) {
        dy[u] = AT(t->dy + u * t->dy_pixel + k);
        KEEP(dy[u]);
    }
    FNN_UNROLL for (int i = 0; i < rows; i++)
        FNN_UNROLL for (int j = 0; j < taps; j++) sum[i][j] = AT(t->dw + i * t->w_row + j * t->w_tap + k);
    FNN_UNROLL for (int i = 0; i < rows; i++) {
        const float *x = t->x + i * t->x_row + k;
        FNN_UNROLL for (int col = 0; col < (pixels - 1) * stride + taps; col++, x += t->x_tap) {
            VEC cell = AT(x);
            KEEP(cell);
            FNN_UNROLL for (int j = 0; j < taps; j++)
                if (col >= j && (col - j) % stride == 0 && (col - j) / stride < pixels)
                    sum[i][j] = FNN_NAME(vec_multiply_add)(cell, dy[(col - j) / stride], sum[i][j]);
        }
    }
    FNN_UNROLL for (int i = 0; i < rows; i++)
        FNN_UNROLL for (int j = 0; j < taps; j++) {
            float *to = t->dw + i * t->w_row + j * t->w_tap + k;
            if (part) FNN_NAME(vec_store_part)(to, sum[i][j], lanes);
            else FNN_NAME(vec_store)(to, sum[i][j]);
        }
}

#define SLOPE_TILE(NAME, PIXELS, ROWS, TAPS, STRIDE)                                                                   \
    static void FNN_NAME(NAME##_##PIXELS##_##ROWS)(const FNN_NAME(slope_tile) *t) {                                    \
        const FNN_NAME(slope_tile) own = *t; /* which no store can change */                                           \
        int64_t k = 0;                                                                                                 \
        for (; k + FNN_LANES <= own.channels; k += FNN_LANES)                                                          \
            FNN_NAME(slope_vector)(&own, k, PIXELS, ROWS, TAPS, STRIDE, 0, FNN_LANES);                                 \
        if (k < own.channels) FNN_NAME(slope_vector)(&own, k, PIXELS, ROWS, TAPS, STRIDE, 1, (int)(own.channels - k)); \
    }
#undef SLOPE_PIXELS
#undef SLOPE_TILES
#undef SLOPE_BODIES
#if FNN_ISA == 5
#define SLOPE_PIXELS 6
#define SLOPE_TILES(NAME, ROWS, TAPS, STRIDE) SLOPE_TILE(NAME, 6, ROWS, TAPS, STRIDE) SLOPE_TILE(NAME, 2, ROWS, TAPS, STRIDE)
#define SLOPE_BODIES(NAME, ROWS) (FNN_NAME(slope_bodies)){FNN_NAME(NAME##_6_##ROWS), FNN_NAME(NAME##_2_##ROWS)}
#else
#define SLOPE_PIXELS 4 /* half as many registers */
#define SLOPE_TILES(NAME, ROWS, TAPS, STRIDE) SLOPE_TILE(NAME, 4, ROWS, TAPS, STRIDE) SLOPE_TILE(NAME, 2, ROWS, TAPS, STRIDE)
#define SLOPE_BODIES(NAME, ROWS) (FNN_NAME(slope_bodies)){FNN_NAME(NAME##_4_##ROWS), FNN_NAME(NAME##_2_##ROWS)}
#endif
SLOPE_TILES(slope_three, 3, 3, 1)
SLOPE_TILES(slope_three, 1, 3, 1)
SLOPE_TILES(slope_three_apart, 3, 3, 2)
SLOPE_TILES(slope_three_apart, 1, 3, 2)
SLOPE_TILES(slope_five, 1, 5, 1)
SLOPE_TILES(slope_seven, 1, 7, 1)

typedef void (*FNN_NAME(slope_body))(const FNN_NAME(slope_tile) *);
typedef struct { FNN_NAME(slope_body) most, two; } FNN_NAME(slope_bodies);

/* The tiles for `rows` (1 or 3) rows of the kernel at once, if there are any. */
static FNN_NAME(slope_bodies) FNN_NAME(slope_bodies_of)(const FNN_NAME(slope_tile) *t, int64_t taps, int64_t rows) {
    const int side_by_side = t->x_pixel == t->x_tap, apart = t->x_pixel == 2 * t->x_tap;
    if (taps == 3 && side_by_side) return rows == 3 ? SLOPE_BODIES(slope_three, 3) : SLOPE_BODIES(slope_three, 1);
    if (taps == 3 && apart) return rows == 3 ? SLOPE_BODIES(slope_three_apart, 3) : SLOPE_BODIES(slope_three_apart, 1);
    if (taps == 5 && side_by_side && rows == 1) return SLOPE_BODIES(slope_five, 1);
    if (taps == 7 && side_by_side && rows == 1) return SLOPE_BODIES(slope_seven, 1);
    return (FNN_NAME(slope_bodies)){NULL, NULL};
}

/* One pixel, for edges. */
static void FNN_NAME(slope_pixel)(const FNN_NAME(slope_tile) *t, int64_t rows, int64_t taps) {
    const FNN_NAME(slope_tile) own = *t;
    for (int64_t k = 0; k < own.channels; k += FNN_LANES) {
        const int lanes = (int)fnn_min(FNN_LANES, own.channels - k), part = lanes < FNN_LANES;
        const VEC dy = AT(own.dy + k);
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < taps; j++) {
                float *to = own.dw + i * own.w_row + j * own.w_tap + k;
                const VEC sum = FNN_NAME(vec_multiply_add)(AT(own.x + i * own.x_row + j * own.x_tap + k), dy, AT(to));
                if (part) FNN_NAME(vec_store_part)(to, sum, lanes);
                else FNN_NAME(vec_store)(to, sum);
            }
    }
}

/* One tap: dw[k] += sum over pixels of x[u; k] * dy[u; k], in four sums; without x the sum of dy. */
FNN_INLINE void FNN_NAME(slope_tap_vector)(const float *x, int64_t x_pixel, const float *dy, int64_t dy_pixel, int64_t pixels,
                                           float *dw, const int part, int lanes) {
    const VEC zero = FNN_NAME(vec_fill)(0), one = FNN_NAME(vec_fill)(1);
    VEC sum[4] = {AT(dw), zero, zero, zero};
    int64_t u = 0;
    for (; u + 4 <= pixels; u += 4)
        FNN_UNROLL for (int v = 0; v < 4; v++)
            sum[v] = FNN_NAME(vec_multiply_add)(x ? AT(x + (u + v) * x_pixel) : one, AT(dy + (u + v) * dy_pixel), sum[v]);
    for (; u < pixels; u++)
        sum[0] = FNN_NAME(vec_multiply_add)(x ? AT(x + u * x_pixel) : one, AT(dy + u * dy_pixel), sum[0]);
    const VEC total = FNN_NAME(vec_add)(FNN_NAME(vec_add)(sum[0], sum[1]), FNN_NAME(vec_add)(sum[2], sum[3]));
    if (part) FNN_NAME(vec_store_part)(dw, total, lanes);
    else FNN_NAME(vec_store)(dw, total);
}

static void FNN_NAME(slope_tap)(const float *x, int64_t x_pixel, const float *dy, int64_t dy_pixel, int64_t pixels,
                                int64_t channels, float *dw) {
    int64_t k = 0;
    if (pixels <= 0) return;
    for (; k + FNN_LANES <= channels; k += FNN_LANES)
        FNN_NAME(slope_tap_vector)(x ? x + k : NULL, x_pixel, dy + k, dy_pixel, pixels, dw + k, 0, FNN_LANES);
    if (k < channels)
        FNN_NAME(slope_tap_vector)(x ? x + k : NULL, x_pixel, dy + k, dy_pixel, pixels, dw + k, 1, (int)(channels - k));
}
#undef AT
