/* broadcast.h: an operand as broadcasting sees it: cells of the result's shape, some axes of which do not move in memory.
 *
 * The result is worked off in tiles. A tile of an operand that lies in memory as the result does is a pointer into it;
 * any other is written out into a small buffer, so that every operation needs one loop only.
 * Included inside a family file, once per instruction set.
 */
#ifndef FNN_TILE
#define FNN_TILE 1024 /* floats of the longest tile */
#define FNN_TILES_PER_CHUNK 16
#endif

typedef enum { FNN_NAME(direct), FNN_NAME(scalar), FNN_NAME(row), FNN_NAME(strided) } FNN_NAME(layout);

typedef struct {
    const float *data;
    FNN_NAME(layout) layout;
    int ndim;                   /* after neighbouring axes of like kind were merged */
    int64_t shape[FNN_MAX_DIMS], stride[FNN_MAX_DIMS];
} FNN_NAME(operand);

/* The array `data` of shape `x_shape` seen as `y_shape`. */
static inline FNN_NAME(operand) FNN_NAME(broadcast)(const float *data, const int64_t *x_shape, int x_ndim,
                                                    const int64_t *y_shape, int y_ndim) {
    FNN_NAME(operand) o = {data, FNN_NAME(strided), 0, {0}, {0}};
    int64_t step[FNN_MAX_DIMS], next = 1;
    for (int d = y_ndim - 1; d >= 0; d--) {
        const int64_t size = d - (y_ndim - x_ndim) >= 0 ? x_shape[d - (y_ndim - x_ndim)] : 1;
        step[d] = size == 1 ? 0 : next;
        next *= size;
    }
    for (int d = 0; d < y_ndim; d++) {
        if (y_shape[d] == 1) continue;
        const int last = o.ndim - 1;
        const int merges = o.ndim > 0 && (step[d] ? o.stride[last] == step[d] * y_shape[d] : o.stride[last] == 0);
        if (merges) { o.shape[last] *= y_shape[d]; o.stride[last] = step[d]; }
        else { o.shape[o.ndim] = y_shape[d]; o.stride[o.ndim++] = step[d]; }
    }
    if (o.ndim == 0 || (o.ndim == 1 && o.stride[0] == 1)) o.layout = FNN_NAME(direct);
    else if (o.ndim == 1) o.layout = FNN_NAME(scalar);
    else if (o.ndim == 2 && o.stride[0] == 0 && o.shape[1] <= FNN_TILE) o.layout = FNN_NAME(row);
    return o;
}

/* Writes cells [from, from + n) of the broadcast operand to out. */
static inline void FNN_NAME(write_out)(const FNN_NAME(operand) *o, int64_t from, int64_t n, float *out) {
    int64_t at[FNN_MAX_DIMS] = {0}, offset = 0;
    const int last = o->ndim - 1;
    for (int d = last; d >= 0; d--) {
        at[d] = from % o->shape[d];
        from /= o->shape[d];
        offset += at[d] * o->stride[d];
    }
    while (n > 0) {
        const int64_t run = fnn_min(o->shape[last] - at[last], n);
        const float *x = o->data + offset;
        if (o->stride[last]) memcpy(out, x, (size_t)run * sizeof(float));
        else for (int64_t k = 0; k < run; k++) out[k] = *x;
        out += run;
        n -= run;
        offset -= at[last] * o->stride[last];
        at[last] = 0;
        for (int d = last - 1; d >= 0; d--) {
            offset += o->stride[d];
            if (++at[d] < o->shape[d]) break;
            offset -= o->shape[d] * o->stride[d];
            at[d] = 0;
        }
    }
}

/* The longest tile after which a row operand starts anew: then its buffer is written once for all tiles. */
static inline int64_t FNN_NAME(tile_of)(const FNN_NAME(operand) *a, const FNN_NAME(operand) *b) {
    const int64_t period = a->layout == FNN_NAME(row) ? a->shape[1] : (b && b->layout == FNN_NAME(row) ? b->shape[1] : 1);
    return FNN_TILE / period * period;
}

/* Before the first tile of a chunk. */
static inline void FNN_NAME(prepare)(const FNN_NAME(operand) *o, int64_t tile, float *buffer) {
    if (o->layout == FNN_NAME(scalar)) for (int64_t k = 0; k < tile; k++) buffer[k] = *o->data;
    if (o->layout == FNN_NAME(row)) FNN_NAME(write_out)(o, 0, tile, buffer);
}

/* Cells [from, from + n) of the operand, n at most the tile: in place, or in the buffer. */
static inline const float *FNN_NAME(cells)(const FNN_NAME(operand) *o, int64_t from, int64_t n, float *buffer) {
    if (o->layout == FNN_NAME(direct)) return o->data + from;
    if (o->layout == FNN_NAME(strided)) FNN_NAME(write_out)(o, from, n, buffer);
    return buffer;
}
