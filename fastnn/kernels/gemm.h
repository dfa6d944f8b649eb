/* gemm.h: products of matrices, and the register tile that they and the convolutions are made of.
 *
 * Every number of a result is one chain of multiply-adds over the depth in ascending order, whatever the tile, the
 * blocks and the number of threads: results are bit-equal. Bias, mask and so on follow when the sum is complete.
 */
#ifndef FNN_GEMM_H
#define FNN_GEMM_H
#include "fnn.h"

/* One tile: C[i, j] = sum over segments s, depth k of a[s * a_segment + i * a_row + k * a_depth] * b[.., j], where b's
 * rows follow each other at distance b_depth, through all segments. */
typedef struct {
    const float *a;
    int64_t a_row, a_depth, a_segment, depth, segments;
    const float *b;
    int64_t b_depth;
    const float *from;   /* where the sum begins: an unfinished sum, or NULL for 0 */
    int64_t from_row;
    float *c;
    int64_t c_row;
    fnn_epilogue finish; /* bias at the tile's first column; mask at its first cell, with rows as far apart as c's */
} fnn_tile;

#define TILE_COLS (2 * FNN_LANES)

/* Rows split evenly into tiles, larger ones at the end: 32 = 10 + 11 + 11, not 14 + 14 + 4. */
typedef struct { int64_t tiles, small, first_large; } fnn_split;

static inline fnn_split fnn_split_rows(int64_t rows, int64_t most) {
    const int64_t tiles = fnn_ceil_div(rows, most);
    const fnn_split s = {tiles, rows / fnn_max(tiles, 1), tiles - rows % fnn_max(tiles, 1)};
    return s;
}

static inline int fnn_tile_rows(fnn_split s, int64_t tile) { return (int)(s.small + (tile >= s.first_large)); }

/* C (rows x cols) = A (rows x depth) B (depth x cols); strides in floats. C's columns are neighbours. */
typedef struct {
    int64_t rows, cols, depth;
    const float *a;
    int64_t a_row, a_depth;
    const float *b;
    int64_t b_depth, b_col; /* one of them is 1 */
    float *c;
    int64_t c_row;
    fnn_epilogue epilogue;  /* mask is laid out as C */
} fnn_product;

#endif

#ifdef FNN_ISA
#undef TILE_ROWS
#if FNN_ISA == 5
#define TILE_ROWS 14
#else
#define TILE_ROWS 6
#endif

/* A tile of 1 <= rows <= TILE_ROWS, 1 <= cols <= TILE_COLS. */
void FNN_NAME(fnn_tile_run)(const fnn_tile *, int rows, int cols);
/* Any number of rows, split evenly into tiles; up to TILE_COLS columns. The tile is moved down and back: copies of what was
 * just written would have to wait for it. */
void FNN_NAME(fnn_tile_column)(fnn_tile *t, int64_t rows, int cols);
/* Copies columns [col, col + cols) of B, depth [k, k + depth), to rows of TILE_COLS floats, filled up with zeros. */
void FNN_NAME(fnn_pack)(const float *b, int64_t b_depth, int64_t b_col, int64_t depth, int cols, float *to);
/* product.c: the product on all threads; scratch as large as fnn_product_scratch says. */
void FNN_NAME(fnn_product_run)(const fnn_product *, void *scratch);
int64_t FNN_NAME(fnn_product_scratch)(int64_t rows, int64_t cols, int64_t depth);
#endif
