/* gemm.c: register tiles, and packing of what they read; product.c makes products of them. */
#include "gemm.h"
#ifndef FNN_ISA
#include "vector_system.h"
#define FNN_FAMILY_FILE "gemm.c"
#include "every_isa.h"
#else
#include "vector.h"
#define LANES FNN_LANES

/* ---------------------------------------------------------------- register tile */

#define LOAD(P, V) (part && (V) == vecs - 1 ? FNN_NAME(vec_load_part)((P) + (V) * LANES, last) \
                                            : FNN_NAME(vec_load)((P) + (V) * LANES))

/* The epilogue of a tile whose full sums lie in rows of TILE_COLS; apart from the tiles, which are many. */
static FNN_NOINLINE void FNN_NAME(finish_tile)(const fnn_tile *t, const float *sums, int rows, int cols) {
    const fnn_epilogue e = t->finish;
    float *const c = t->c;
    const int64_t c_row = t->c_row;
    for (int i = 0; i < rows; i++, sums += TILE_COLS) {
        int j = 0;
        for (; j + LANES <= cols; j += LANES)
            FNN_NAME(vec_write)(&e, FNN_NAME(vec_load)(sums + j), j, c, i * c_row + j, 1, LANES);
        if (j < cols) FNN_NAME(vec_write)(&e, FNN_NAME(vec_load)(sums + j), j, c, i * c_row + j, 0, cols - j);
    }
}

/* rows, vecs (1 or 2) and part (the last vector is incomplete) are constants after inlining. */
FNN_INLINE void FNN_NAME(tile)(const fnn_tile *t, const int rows, const int vecs, const int part, int last) {
    VEC sum[TILE_ROWS][2];
    FNN_UNROLL for (int i = 0; i < rows; i++)
        FNN_UNROLL for (int v = 0; v < vecs; v++)
            sum[i][v] = t->from ? LOAD(t->from + i * t->from_row, v) : FNN_NAME(vec_fill)(0);
    const float *b = t->b;
    const int64_t a_row = t->a_row, a_depth = t->a_depth, b_depth = t->b_depth;
    for (int64_t s = 0; s < t->segments; s++) {
        const float *a = t->a + s * t->a_segment;
        for (int64_t k = t->depth; k > 0; k--) {
            VEC right[2];
            FNN_UNROLL for (int v = 0; v < vecs; v++) right[v] = LOAD(b, v);
            FNN_UNROLL for (int i = 0; i < rows; i++) {
                const VEC left = FNN_NAME(vec_fill)(a[i * a_row]);
                FNN_UNROLL for (int v = 0; v < vecs; v++)
                    sum[i][v] = FNN_NAME(vec_multiply_add)(left, right[v], sum[i][v]);
            }
            a += a_depth;
            b += b_depth;
        }
    }
    const fnn_epilogue *e = &t->finish;
    if (e->bias || e->mask || e->relu || e->accumulate) {
        float sums[TILE_ROWS * TILE_COLS];
        FNN_UNROLL for (int i = 0; i < rows; i++)
            FNN_UNROLL for (int v = 0; v < vecs; v++) FNN_NAME(vec_store)(sums + i * TILE_COLS + v * LANES, sum[i][v]);
        FNN_NAME(finish_tile)(t, sums, rows, part ? (vecs - 1) * LANES + last : vecs * LANES);
        return;
    }
    FNN_UNROLL for (int i = 0; i < rows; i++)
        FNN_UNROLL for (int v = 0; v < vecs; v++) {
            float *c = t->c + i * t->c_row + v * LANES;
            if (part && v == vecs - 1) FNN_NAME(vec_store_part)(c, sum[i][v], last);
            else FNN_NAME(vec_store)(c, sum[i][v]);
        }
}

#undef EACH_ROW_COUNT
#if TILE_ROWS == 14
#define EACH_ROW_COUNT(F) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12) F(13) F(14)
#else
#define EACH_ROW_COUNT(F) F(1) F(2) F(3) F(4) F(5) F(6)
#endif
#define TILES(R) \
    static void FNN_NAME(tile_##R##_whole)(const fnn_tile *t, int last) { FNN_NAME(tile)(t, R, 2, 0, last); } \
    static void FNN_NAME(tile_##R##_wide)(const fnn_tile *t, int last) { FNN_NAME(tile)(t, R, 2, 1, last); } \
    static void FNN_NAME(tile_##R##_narrow)(const fnn_tile *t, int last) { FNN_NAME(tile)(t, R, 1, 1, last); }
EACH_ROW_COUNT(TILES)

#define TILE_ENTRY(R) {FNN_NAME(tile_##R##_whole), FNN_NAME(tile_##R##_wide), FNN_NAME(tile_##R##_narrow)},
static void (*const FNN_NAME(tiles)[TILE_ROWS][3])(const fnn_tile *, int) = {EACH_ROW_COUNT(TILE_ENTRY)};

void FNN_NAME(fnn_tile_run)(const fnn_tile *t, int rows, int cols) {
    const int kind = cols == TILE_COLS ? 0 : cols > LANES ? 1 : 2;
    FNN_NAME(tiles)[rows - 1][kind](t, cols > LANES ? cols - LANES : cols);
}

void FNN_NAME(fnn_tile_column)(fnn_tile *t, int64_t rows, int cols) {
    const float *a = t->a, *from = t->from, *mask = t->finish.mask;
    float *c = t->c;
    if (rows <= TILE_ROWS) {
        if (rows > 0) FNN_NAME(fnn_tile_run)(t, (int)rows, cols);
        return;
    }
    const fnn_split split = fnn_split_rows(rows, TILE_ROWS);
    for (int64_t tile = 0; tile < split.tiles; tile++) {
        const int now = fnn_tile_rows(split, tile);
        FNN_NAME(fnn_tile_run)(t, now, cols);
        t->a += now * t->a_row;
        t->c += now * t->c_row;
        if (t->from) t->from += now * t->from_row;
        if (t->finish.mask) t->finish.mask += now * t->c_row;
    }
    t->a = a;
    t->c = c;
    t->from = from;
    t->finish.mask = mask;
}

/* ---------------------------------------------------------------- packing */

/* A patch: some columns of B, each with neighbours along the depth, to as many rows of a panel. */
#if FNN_ISA >= 2
#define PATCH_COLS 8
#define PATCH_DEPTH 4
FNN_INLINE __m256 FNN_NAME(halves)(const float *first, const float *second) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(first)), _mm_loadu_ps(second), 1);
}

FNN_INLINE void FNN_NAME(transpose_patch)(const float *b, int64_t b_col, float *to) {
    const __m256 r0 = FNN_NAME(halves)(b, b + 4 * b_col), r1 = FNN_NAME(halves)(b + b_col, b + 5 * b_col);
    const __m256 r2 = FNN_NAME(halves)(b + 2 * b_col, b + 6 * b_col);
    const __m256 r3 = FNN_NAME(halves)(b + 3 * b_col, b + 7 * b_col);
    const __m256 low01 = _mm256_unpacklo_ps(r0, r1), high01 = _mm256_unpackhi_ps(r0, r1);
    const __m256 low23 = _mm256_unpacklo_ps(r2, r3), high23 = _mm256_unpackhi_ps(r2, r3);
    _mm256_storeu_ps(to, _mm256_shuffle_ps(low01, low23, 0x44));
    _mm256_storeu_ps(to + TILE_COLS, _mm256_shuffle_ps(low01, low23, 0xee));
    _mm256_storeu_ps(to + 2 * TILE_COLS, _mm256_shuffle_ps(high01, high23, 0x44));
    _mm256_storeu_ps(to + 3 * TILE_COLS, _mm256_shuffle_ps(high01, high23, 0xee));
}
#elif defined(__SSE__)
#define PATCH_COLS 4
#define PATCH_DEPTH 4
FNN_INLINE void FNN_NAME(transpose_patch)(const float *b, int64_t b_col, float *to) {
    __m128 r0 = _mm_loadu_ps(b), r1 = _mm_loadu_ps(b + b_col);
    __m128 r2 = _mm_loadu_ps(b + 2 * b_col), r3 = _mm_loadu_ps(b + 3 * b_col);
    _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
    _mm_storeu_ps(to, r0);
    _mm_storeu_ps(to + TILE_COLS, r1);
    _mm_storeu_ps(to + 2 * TILE_COLS, r2);
    _mm_storeu_ps(to + 3 * TILE_COLS, r3);
}
#else
#define PATCH_COLS 1
#define PATCH_DEPTH 1
FNN_INLINE void FNN_NAME(transpose_patch)(const float *b, int64_t b_col, float *to) { (void)b_col; *to = *b; }
#endif

/* Columns of the panel are neighbours along the depth: by patches, 16 rows at a time to use up each column's lines. */
static void FNN_NAME(pack_transposed)(const float *b, int64_t b_col, int64_t depth, int cols, float *to) {
    const int64_t whole = depth / PATCH_DEPTH * PATCH_DEPTH;
    const int patches = cols / PATCH_COLS * PATCH_COLS;
    for (int64_t k = 0; k < whole; k += 16)
        for (int j = 0; j < patches; j += PATCH_COLS)
            for (int64_t m = k; m < fnn_min(k + 16, whole); m += PATCH_DEPTH)
                FNN_NAME(transpose_patch)(b + j * b_col + m, b_col, to + m * TILE_COLS + j);
    for (int j = 0; j < cols; j++)
        for (int64_t m = j < patches ? whole : 0; m < depth; m++) to[m * TILE_COLS + j] = b[j * b_col + m];
}
#undef PATCH_COLS
#undef PATCH_DEPTH

void FNN_NAME(fnn_pack)(const float *b, int64_t b_depth, int64_t b_col, int64_t depth, int cols, float *to) {
    if (cols < TILE_COLS) memset(to, 0, (size_t)(depth * TILE_COLS) * sizeof(float));
    if (b_col == 1)
        for (int64_t k = 0; k < depth; k++) memcpy(to + k * TILE_COLS, b + k * b_depth, (size_t)cols * sizeof(float));
    else if (b_depth == 1) FNN_NAME(pack_transposed)(b, b_col, depth, cols, to);
    else
        for (int64_t k = 0; k < depth; k++)
            for (int j = 0; j < cols; j++) to[k * TILE_COLS + j] = b[k * b_depth + j * b_col];
}
#endif
