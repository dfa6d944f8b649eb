/* correlation.h: bands of images, and their correlation with weights: what convolutions and their gradients share.
 *
 * Included inside a family file, once per instruction set, after "gemm.h".
 *
 * No matrix of patches is made. Under NHWC one kernel row over a window is kw * c neighbouring floats, so that
 * neighbouring windows of one row are the rows of a tile, and kernel rows its segments. Where windows hang over the
 * edge a band of image rows is copied with its border of zeros to a buffer that belongs to the thread.
 */
#define BAND_FLOATS 65536  /* a band with its border stays in the second-level cache */
#define LEAST_CHUNKS 8     /* few images are cut into bands until there are so many */

/* Rows [row, row + rows), columns [col, col + cols) of an image; they may lie outside, where there are zeros. */
typedef struct { int64_t row, rows, col, cols; } FNN_NAME(frame);

FNN_UNUSED static void FNN_NAME(copy_frame)(const float *image, int64_t h, int64_t w, int64_t c, FNN_NAME(frame) f, float *to) {
    const int64_t from = fnn_min(fnn_max(f.col, 0), w), until = fnn_max(from, fnn_min(f.col + f.cols, w));
    const int64_t before = (from - f.col) * c, inside = (until - from) * c, after = f.cols * c - before - inside;
    for (int64_t r = f.row; r < f.row + f.rows; r++, to += f.cols * c) {
        if (r < 0 || r >= h) {
            memset(to, 0, (size_t)(f.cols * c) * sizeof(float));
            continue;
        }
        memset(to, 0, (size_t)before * sizeof(float));
        memcpy(to + before, image + (r * w + from) * c, (size_t)inside * sizeof(float));
        memset(to + before + inside, 0, (size_t)after * sizeof(float));
    }
}

FNN_UNUSED static int FNN_NAME(is_inside)(FNN_NAME(frame) f, int64_t h, int64_t w) {
    return f.row >= 0 && f.row + f.rows <= h && f.col >= 0 && f.col + f.cols <= w;
}

/* The frame's first cell, in place if possible, otherwise in a copy; *row_floats is the distance of rows. */
FNN_UNUSED static const float *FNN_NAME(view)(const float *image, int64_t h, int64_t w, int64_t c, FNN_NAME(frame) f, float *buffer,
                                   int64_t *row_floats) {
    if (FNN_NAME(is_inside)(f, h, w)) {
        *row_floats = w * c;
        return image + (f.row * w + f.col) * c;
    }
    FNN_NAME(copy_frame)(image, h, w, c, f, buffer);
    *row_floats = f.cols * c;
    return buffer;
}

/* Copies runs of channels out of cells that have more of them. */
FNN_UNUSED static void FNN_NAME(copy_runs)(const float *from, int64_t cells, int64_t c, int64_t some, float *to) {
    for (; cells > 0; cells--, from += c, to += some) {
        if (some == 16) memcpy(to, from, 16 * sizeof(float));
        else if (some == 32) memcpy(to, from, 32 * sizeof(float));
        else memcpy(to, from, (size_t)some * sizeof(float));
    }
}

/* The frame's first cell, of `some` neighbouring channels out of c: where those are not all, in a copy. */
FNN_UNUSED static const float *FNN_NAME(view_group)(const float *image, int64_t h, int64_t w, int64_t c, int64_t some,
                                                    FNN_NAME(frame) f, float *buffer, int64_t *row_floats) {
    if (some == c) return FNN_NAME(view)(image, h, w, c, f, buffer, row_floats);
    const int64_t from = fnn_min(fnn_max(f.col, 0), w), until = fnn_max(from, fnn_min(f.col + f.cols, w));
    const int64_t before = from - f.col, inside = until - from;
    float *to = buffer;
    *row_floats = f.cols * some;
    for (int64_t r = f.row; r < f.row + f.rows; r++, to += *row_floats) {
        const int64_t cells = r >= 0 && r < h ? inside : 0, begin = cells ? before : f.cols;
        memset(to, 0, (size_t)(begin * some) * sizeof(float));
        if (!cells) continue;
        FNN_NAME(copy_runs)(image + (r * w + from) * c, cells, c, some, to + begin * some);
        memset(to + (begin + cells) * some, 0, (size_t)((f.cols - begin - cells) * some) * sizeof(float));
    }
    return buffer;
}

/* How many rows of windows make a band: `fit` rows fill the buffer. */
FNN_UNUSED static int64_t FNN_NAME(band_rows)(int64_t rows, int64_t fit, int64_t images) {
    const int64_t bands = fnn_max(fnn_ceil_div(rows, fnn_max(fit, 1)), fnn_ceil_div(LEAST_CHUNKS, fnn_max(images, 1)));
    return fnn_max(fnn_ceil_div(rows, bands), 1);
}

/* to[row, pixel, :] = sum over segments s, depth k of from[row, pixel; s, k] * weights[s, k, :]; distances in floats. */
typedef struct {
    const float *from;
    int64_t from_row, from_pixel, segments, segment, depth;
    const float *weights; /* in panels of TILE_COLS channels */
    float *to;
    int64_t to_row, to_pixel, rows, pixels, channels;
    fnn_epilogue finish;  /* mask is laid out as `to` */
} FNN_NAME(correlation);

#define LEAST_DEPTH 128 /* with less of it there is no time to fetch lines in */

/* Asks for lines that will be written to, while there is something else to do. Inlined: gcc takes calls of a function
 * that does nothing else for useless and drops them. */
FNN_INLINE void FNN_NAME(fetch_for_writing)(const float *p, int64_t floats) {
    for (int64_t k = 0; k < floats; k += 16)
#if FNN_ISA
        __asm__ volatile("prefetchw %0" : : "m"(p[k])); /* without a flag for it gcc would fetch it for reading */
#elif defined(__GNUC__) || defined(__clang__)
        __builtin_prefetch(p + k, 1, 2);
#else
        (void)p;
#endif
}

FNN_UNUSED static void FNN_NAME(correlate)(const FNN_NAME(correlation) *c) {
    const int long_row = c->from_row == c->pixels * c->from_pixel && c->to_row == c->pixels * c->to_pixel; /* 1x1 */
    const int64_t rows = long_row ? 1 : c->rows, pixels = long_row ? c->rows * c->pixels : c->pixels;
    const int64_t fetched = c->segments * c->depth < LEAST_DEPTH ? 0 : fnn_min(pixels, 2 * TILE_ROWS);
    for (int64_t col = 0; col < c->channels; col += TILE_COLS) {
        fnn_tile t = {c->from, c->from_pixel, 1, c->segment, c->depth, c->segments, c->weights + col * c->segments * c->depth,
                      TILE_COLS, NULL, 0, c->to + col, c->to_pixel, c->finish};
        if (t.finish.bias) t.finish.bias += col;
        if (t.finish.mask) t.finish.mask += col;
        const int cols = (int)fnn_min(TILE_COLS, c->channels - col);
        for (int64_t row = 0; row < rows; row++) {
            for (int64_t p = 0; p < fetched; p++) FNN_NAME(fetch_for_writing)(t.c + p * c->to_pixel, cols);
            FNN_NAME(fnn_tile_column)(&t, pixels, cols);
            t.a += c->from_row;
            t.c += c->to_row;
            if (t.finish.mask) t.finish.mask += c->to_row;
        }
    }
}

/* to[k] = sum over parts of part[k], in their order; they lie `distance` apart. */
#define ADD_CHUNK 4096 /* what is added at once stays in the first-level cache */
FNN_UNUSED static void FNN_NAME(add_up)(const float *part, int64_t parts, int64_t distance, int64_t count, float *restrict to) {
    if (parts) memcpy(to, part, (size_t)count * sizeof(float));
    else memset(to, 0, (size_t)count * sizeof(float));
    for (int64_t p = 1; p < parts; p++)
        for (int64_t k = 0; k < count; k++) to[k] += part[p * distance + k];
}

/* Numbers [from, until) of parts that hold `weights` of dw, then db; either may be NULL. */
FNN_UNUSED static void FNN_NAME(add_gradients)(const float *part, int64_t parts, int64_t distance, int64_t from, int64_t until,
                                               int64_t weights, float *dw, float *db) {
    const int64_t end = fnn_min(until, weights), begin = fnn_max(from, weights);
    if (dw && from < end) FNN_NAME(add_up)(part + from, parts, distance, end - from, dw + from);
    if (db && begin < until) FNN_NAME(add_up)(part + begin, parts, distance, until - begin, db + begin - weights);
}

FNN_INLINE int64_t FNN_NAME(panels)(int64_t channels) { return fnn_ceil_div(channels, TILE_COLS); }
FNN_INLINE int64_t FNN_NAME(whole_lines)(int64_t floats) { return fnn_ceil_div(floats, 16) * 16; }
