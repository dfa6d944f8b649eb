/* gemm.c: register tiles, packing, and products of matrices by blocks. */
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
    const int plain = !e->bias && !e->mask && !e->relu && !e->accumulate;
    FNN_UNROLL for (int i = 0; i < rows; i++)
        FNN_UNROLL for (int v = 0; v < vecs; v++) {
            float *c = t->c + i * t->c_row;
            if (!plain) {
                const VEC zero = FNN_NAME(vec_fill)(0);
                sum[i][v] = FNN_NAME(vec_finish)(sum[i][v], e, e->bias ? LOAD(e->bias, v) : zero,
                                               e->mask ? LOAD(e->mask + i * t->c_row, v) : zero,
                                               e->accumulate ? LOAD(c, v) : zero);
            }
            if (part && v == vecs - 1) FNN_NAME(vec_store_part)(c + v * LANES, sum[i][v], last);
            else FNN_NAME(vec_store)(c + v * LANES, sum[i][v]);
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

void FNN_NAME(fnn_tile_column)(fnn_tile t, int64_t rows, int cols) {
    for (int64_t tiles = fnn_ceil_div(rows, TILE_ROWS); tiles > 0; tiles--) {
        const int64_t now = rows / tiles; /* 32 = 10 + 11 + 11, not 14 + 14 + 4 */
        FNN_NAME(fnn_tile_run)(&t, (int)now, cols);
        rows -= now;
        t.a += now * t.a_row;
        t.c += now * t.c_row;
        if (t.from) t.from += now * t.from_row;
        if (t.finish.mask) t.finish.mask += now * t.c_row;
    }
}

/* ---------------------------------------------------------------- packing */

void FNN_NAME(fnn_pack)(const float *b, int64_t b_depth, int64_t b_col, int64_t depth, int cols, float *to) {
    if (b_col == 1) {
        for (int64_t k = 0; k < depth; k++) {
            memcpy(to + k * TILE_COLS, b + k * b_depth, (size_t)cols * sizeof(float));
            for (int j = cols; j < TILE_COLS; j++) to[k * TILE_COLS + j] = 0;
        }
        return;
    }
    for (int64_t k = 0; k < depth; k++)
        for (int j = 0; j < TILE_COLS; j++) to[k * TILE_COLS + j] = j < cols ? b[k * b_depth + j * b_col] : 0;
}

/* ---------------------------------------------------------------- product */

typedef struct { const fnn_product *p; char *scratch; int64_t scratch_bytes, panels; } FNN_NAME(product_job);

static fnn_tile FNN_NAME(tile_at)(const fnn_product *p, int64_t row, int64_t col) {
    fnn_tile t = {p->a + row * p->a_row, p->a_row, p->a_depth, 0, p->depth, 1, p->b + col * p->b_col, p->b_depth,
                  NULL, 0, p->c + row * p->c_row + col, p->c_row, p->epilogue};
    if (t.finish.bias) t.finish.bias += col;
    if (t.finish.mask) t.finish.mask += row * p->c_row + col;
    return t;
}

static void FNN_NAME(product_panel)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(product_job) *job = arg;
    const fnn_product *p = job->p;
    const int64_t col = chunk * TILE_COLS;
    const int cols = (int)fnn_min(TILE_COLS, p->cols - col);
    fnn_tile t = FNN_NAME(tile_at)(p, 0, col);
    if (p->b_col != 1) {
        float *packed = (float *)(job->scratch + thread * job->scratch_bytes);
        FNN_NAME(fnn_pack)(t.b, p->b_depth, p->b_col, p->depth, cols, packed);
        t.b = packed;
        t.b_depth = TILE_COLS;
    }
    FNN_NAME(fnn_tile_column)(t, p->rows, cols);
}

static int64_t FNN_NAME(thread_scratch)(int64_t depth) { return depth * TILE_COLS * (int64_t)sizeof(float); }

int64_t FNN_NAME(fnn_product_scratch)(int64_t rows, int64_t cols, int64_t depth) {
    (void)rows; (void)cols;
    return fnn_thread_limit() * FNN_NAME(thread_scratch)(depth);
}

void FNN_NAME(fnn_product_run)(const fnn_product *p, void *scratch) {
    if (p->rows == 0 || p->cols == 0) return;
    FNN_NAME(product_job) job = {p, scratch, FNN_NAME(thread_scratch)(p->depth), fnn_ceil_div(p->cols, TILE_COLS)};
    fnn_parallel(job.panels, (double)p->rows * (double)p->cols * (double)p->depth, FNN_NAME(product_panel), &job);
}
#endif
