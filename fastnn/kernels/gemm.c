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

/* Up to a vector of full sums, with the epilogue, to cell `at` of c, which is in column `col`. */
FNN_INLINE void FNN_NAME(finish_vector)(const fnn_epilogue *e, VEC sum, int64_t col, float *c, int64_t at, const int whole, int n) {
#define READ(P) (whole ? FNN_NAME(vec_load)(P) : FNN_NAME(vec_load_part)(P, n))
    const VEC zero = FNN_NAME(vec_fill)(0), bias = e->bias ? READ(e->bias + col) : zero;
    sum = FNN_NAME(vec_finish)(sum, e, bias, e->mask ? READ(e->mask + at) : zero, e->accumulate ? READ(c + at) : zero);
#undef READ
    if (whole) FNN_NAME(vec_store)(c + at, sum);
    else FNN_NAME(vec_store_part)(c + at, sum, n);
}

/* The epilogue of a tile whose full sums lie in rows of TILE_COLS; apart from the tiles, which are many. */
static FNN_NOINLINE void FNN_NAME(finish_tile)(const fnn_tile *t, const float *sums, int rows, int cols) {
    const fnn_epilogue e = t->finish;
    float *const c = t->c;
    const int64_t c_row = t->c_row;
    for (int i = 0; i < rows; i++, sums += TILE_COLS) {
        int j = 0;
        for (; j + LANES <= cols; j += LANES)
            FNN_NAME(finish_vector)(&e, FNN_NAME(vec_load)(sums + j), j, c, i * c_row + j, 1, LANES);
        if (j < cols) FNN_NAME(finish_vector)(&e, FNN_NAME(vec_load)(sums + j), j, c, i * c_row + j, 0, cols - j);
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

/* Rows split evenly into tiles, larger ones at the end: 32 = 10 + 11 + 11, not 14 + 14 + 4. */
typedef struct { int64_t tiles, small, first_large; } FNN_NAME(split);

static FNN_NAME(split) FNN_NAME(split_rows)(int64_t rows) {
    const int64_t tiles = fnn_ceil_div(rows, TILE_ROWS);
    const FNN_NAME(split) s = {tiles, rows / fnn_max(tiles, 1), tiles - rows % fnn_max(tiles, 1)};
    return s;
}

static int FNN_NAME(tile_rows)(FNN_NAME(split) s, int64_t tile) { return (int)(s.small + (tile >= s.first_large)); }

void FNN_NAME(fnn_tile_column)(fnn_tile *t, int64_t rows, int cols) {
    const float *a = t->a, *from = t->from, *mask = t->finish.mask;
    float *c = t->c;
    if (rows <= TILE_ROWS) {
        if (rows > 0) FNN_NAME(fnn_tile_run)(t, (int)rows, cols);
        return;
    }
    const FNN_NAME(split) split = FNN_NAME(split_rows)(rows);
    for (int64_t tile = 0; tile < split.tiles; tile++) {
        const int now = FNN_NAME(tile_rows)(split, tile);
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
    const __m256 r2 = FNN_NAME(halves)(b + 2 * b_col, b + 6 * b_col), r3 = FNN_NAME(halves)(b + 3 * b_col, b + 7 * b_col);
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
    __m128 r0 = _mm_loadu_ps(b), r1 = _mm_loadu_ps(b + b_col), r2 = _mm_loadu_ps(b + 2 * b_col), r3 = _mm_loadu_ps(b + 3 * b_col);
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

/* Columns of the panel are neighbours along the depth: by patches, 16 rows at a time to use up the lines of each column. */
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

/* ---------------------------------------------------------------- product by blocks
 *
 * Threads get equal shares of the result: of its rows if it is tall, else row by row down each panel of columns, panel
 * after panel. A share is cut into blocks of some rows by some panels; B's part of a block is packed where that pays, a stretch of the depth at a time.
 * Sums of a stretch wait in the thread's scratch for the next: C is written once, when they are complete.
 */
#define BLOCK_ROWS 168    /* a multiple of TILE_ROWS */
#define BLOCK_PANELS 4    /* more where there is little depth: long runs of C's rows */
#define MOST_PANELS 64
#define BLOCK_DEPTH 512
#define A_PITCH (BLOCK_DEPTH + 16) /* a copied tile of A: its rows do not meet in one cache set … */
#define A_STEP ((TILE_ROWS + LANES - 1) / LANES * LANES) /* … or, if rows are neighbours, whole vectors of them */
#define A_GAP 48 /* tiles do not begin in one cache set */
#define A_FLOATS fnn_max(TILE_ROWS * A_PITCH, BLOCK_ROWS / TILE_ROWS * (A_STEP * BLOCK_DEPTH + A_GAP))

typedef struct {
    const fnn_product *p;
    char *scratch;
    int64_t shares, cols, depth, thread_bytes; /* columns and depth of a block */
    int packs_b, copies_a, by_rows;
} FNN_NAME(product_job);

static int FNN_NAME(collides)(int64_t stride) { return stride >= 1024 && stride % 1024 == 0; } /* every 4 KB: one cache set */

static int64_t FNN_NAME(block_cols)(int64_t cols, int64_t depth) {
    const int64_t panels = fnn_min(BLOCK_PANELS * BLOCK_DEPTH / fnn_max(depth, 1), MOST_PANELS);
    return fnn_min(fnn_ceil_div(cols, TILE_COLS), fnn_max(panels, BLOCK_PANELS)) * TILE_COLS;
}

static int64_t FNN_NAME(thread_bytes)(int64_t rows, int64_t cols, int64_t depth) {
    const int64_t c = FNN_NAME(block_cols)(cols, depth), sums = depth > BLOCK_DEPTH ? fnn_min(rows, BLOCK_ROWS) * c : 0;
    return (fnn_min(depth, BLOCK_DEPTH) * c + sums + A_FLOATS) * (int64_t)sizeof(float) / 64 * 64 + 64;
}

int64_t FNN_NAME(fnn_product_scratch)(int64_t rows, int64_t cols, int64_t depth) {
    return fnn_thread_limit() * FNN_NAME(thread_bytes)(rows, cols, depth);
}

#define PACKING_PAYS 64 /* rows with which narrow panels, a line from each row of B, are better copied first */
#define SHARED_WORK 2e5 /* multiply-adds that are worth more than one thread */
#define SHARE_WORK 2e7  /* and those worth a share of their own, once every thread has one … */
#define SHARE_PANELS 8  /* … if it is as many panels, of those that are copied … */
#define MOST_SHARES 4   /* … but no more for each thread */

static int64_t FNN_NAME(share_count)(const FNN_NAME(product_job) *job, double work) {
    const int64_t threads = fnn_threads(), panels = fnn_ceil_div(job->p->cols, TILE_COLS);
    int64_t each = (int64_t)(work / SHARE_WORK) / threads;
    if (!job->by_rows && (job->packs_b || job->copies_a)) each = fnn_min(each, panels / SHARE_PANELS / threads);
    return threads * fnn_max(1, fnn_min(each, MOST_SHARES));
}

static FNN_NAME(product_job) FNN_NAME(product_plan)(const fnn_product *p, double work, void *scratch) {
    const int64_t stretches = fnn_ceil_div(p->depth, BLOCK_DEPTH);
    FNN_NAME(product_job) job = {.p = p, .scratch = scratch, .cols = FNN_NAME(block_cols)(p->cols, p->depth)};
    job.packs_b = p->b_col != 1 || (LANES < 16 && p->rows >= PACKING_PAYS);
    job.copies_a = p->rows > TILE_ROWS && p->depth >= 64
                   && (p->a_row == 1 ? FNN_NAME(collides)(p->a_depth) && p->depth * p->a_depth > 400000
                                     : FNN_NAME(collides)(p->a_row));
    job.depth = stretches > 1 && (job.packs_b || job.copies_a) ? fnn_ceil_div(p->depth, stretches) : p->depth;
    job.by_rows = p->rows > p->cols;
    job.shares = work < SHARED_WORK || fnn_threads() == 1 ? 1 : FNN_NAME(share_count)(&job, work);
    job.thread_bytes = FNN_NAME(thread_bytes)(p->rows, p->cols, p->depth);
    return job;
}

/* Where a share begins: a row, or rows down the panels. The last panel may be one vector wide: it costs half. */
static int64_t FNN_NAME(share_begin)(const FNN_NAME(product_job) *job, int64_t share) {
    const int64_t rows = job->p->rows, vectors = job->by_rows ? 1 : fnn_ceil_div(job->p->cols, LANES);
    const int64_t cost = rows * vectors / job->shares * share + rows * vectors % job->shares * share / job->shares;
    if (job->by_rows) return cost;
    const int64_t panel = cost / (2 * rows), row = cost % (2 * rows) / (panel < vectors / 2 ? 2 : 1);
    const int64_t sliver = job->packs_b ? fnn_min(rows / 4, TILE_ROWS / 2) : 0; /* not worth packing a panel for */
    return panel * rows + (row < sliver ? 0 : row > rows - sliver ? rows : row);
}

/* Rows are neighbours: tile after tile, depth by A_STEP. All tiles are made at once, for A is read along its lines. */
static void FNN_NAME(copy_a_block)(const float *a, int64_t a_depth, FNN_NAME(split) s, int64_t depth, float *to) {
    for (int64_t k = 0; k < depth; k++) {
        const float *from = a + k * a_depth;
        float *at = to + k * A_STEP;
        for (int64_t tile = 0; tile < s.tiles; tile++, at += depth * A_STEP + A_GAP) {
            const int now = FNN_NAME(tile_rows)(s, tile);
            for (int i = 0; i < now; i += LANES)
                FNN_NAME(vec_store)(at + i, FNN_NAME(vec_load_part)(from + i, (int)fnn_min(now - i, LANES)));
            from += now;
        }
    }
}

typedef struct { int64_t row, rows, col, cols, k, depth; float *packed, *sums, *a; } FNN_NAME(block);

/* One tile's rows, through the block's panels. */
static void FNN_NAME(block_row)(const FNN_NAME(product_job) *job, const FNN_NAME(block) *b, int64_t tile, int64_t row, int rows) {
    const fnn_product *p = job->p;
    const int begin = b->k == 0, end = b->k + b->depth == p->depth;
    fnn_tile t = {.a = p->a + (b->row + row) * p->a_row + b->k * p->a_depth, .a_row = p->a_row, .a_depth = p->a_depth,
                  .depth = b->depth, .segments = 1, .b_depth = job->packs_b ? TILE_COLS : p->b_depth,
                  .from_row = job->cols, .c_row = end ? p->c_row : job->cols};
    if (job->copies_a && p->a_row == 1) {
        t.a = b->a + tile * (b->depth * A_STEP + A_GAP);
        t.a_depth = A_STEP;
    } else if (job->copies_a) {
        for (int i = 0; i < rows; i++) memcpy(b->a + i * A_PITCH, t.a + i * t.a_row, (size_t)t.depth * sizeof(float));
        t.a = b->a;
        t.a_row = A_PITCH;
    }
    for (int64_t j = 0; j < b->cols; j += TILE_COLS) {
        const int64_t at = (b->row + row) * p->c_row + b->col + j;
        float *sums = b->sums + row * job->cols + j;
        t.b = job->packs_b ? b->packed + j * b->depth : p->b + b->k * p->b_depth + b->col + j;
        t.from = begin ? NULL : sums;
        t.c = end ? p->c + at : sums;
        if (end) {
            t.finish = p->epilogue;
            if (t.finish.bias) t.finish.bias += b->col + j;
            if (t.finish.mask) t.finish.mask += at;
        }
        FNN_NAME(fnn_tile_run)(&t, rows, (int)fnn_min(TILE_COLS, b->cols - j));
    }
}

static void FNN_NAME(block_stretch)(const FNN_NAME(product_job) *job, const FNN_NAME(block) *b) {
    const fnn_product *p = job->p;
    const FNN_NAME(split) split = FNN_NAME(split_rows)(b->rows);
    if (job->packs_b)
        for (int64_t j = 0; j < b->cols; j += TILE_COLS)
            FNN_NAME(fnn_pack)(p->b + b->k * p->b_depth + (b->col + j) * p->b_col, p->b_depth, p->b_col, b->depth,
                               (int)fnn_min(TILE_COLS, b->cols - j), b->packed + j * b->depth);
    if (job->copies_a && p->a_row == 1)
        FNN_NAME(copy_a_block)(p->a + b->row + b->k * p->a_depth, p->a_depth, split, b->depth, b->a);
    for (int64_t tile = 0, row = 0; tile < split.tiles; tile++) {
        const int rows = FNN_NAME(tile_rows)(split, tile);
        FNN_NAME(block_row)(job, b, tile, row, rows);
        row += rows;
    }
}

static void FNN_NAME(product_block)(const FNN_NAME(product_job) *job, FNN_NAME(block) b, int thread) {
    b.a = (float *)(job->scratch + thread * job->thread_bytes);
    b.packed = b.a + A_FLOATS;
    b.sums = b.packed + fnn_min(job->depth, BLOCK_DEPTH) * job->cols;
    do { /* once even if there is no depth: an empty sum is 0 */
        b.depth = fnn_min(job->depth, job->p->depth - b.k);
        FNN_NAME(block_stretch)(job, &b);
        b.k += b.depth;
    } while (b.k < job->p->depth);
}

/* Some rows of some columns, by blocks. */
static void FNN_NAME(product_part)(const FNN_NAME(product_job) *job, FNN_NAME(block) part, int thread) {
    const int64_t row_blocks = fnn_max(1, fnn_ceil_div(part.rows, BLOCK_ROWS));
    const int64_t rows = fnn_ceil_div(fnn_ceil_div(part.rows, row_blocks), TILE_ROWS) * TILE_ROWS;
    for (int64_t col = 0; col < part.cols; col += job->cols)
        for (int64_t row = 0; row < part.rows; row += rows) {
            const FNN_NAME(block) b = {.row = part.row + row, .rows = fnn_min(rows, part.rows - row),
                                       .col = part.col + col, .cols = fnn_min(job->cols, part.cols - col)};
            FNN_NAME(product_block)(job, b, thread);
        }
}

/* The rest of a panel, whole panels, and the beginning of one. */
static void FNN_NAME(product_share)(void *arg, int64_t share, int thread) {
    const FNN_NAME(product_job) *job = arg;
    const int64_t rows = job->p->rows, end = FNN_NAME(share_begin)(job, share + 1);
    int64_t at = FNN_NAME(share_begin)(job, share);
    if (job->by_rows) {
        const FNN_NAME(block) part = {.row = at, .rows = end - at, .cols = job->p->cols};
        FNN_NAME(product_part)(job, part, thread);
        return;
    }
    while (at < end) {
        const int64_t row = at % rows, panels = row ? 1 : fnn_max(1, (end - at) / rows);
        FNN_NAME(block) part = {.row = row, .col = at / rows * TILE_COLS};
        part.rows = fnn_min(rows - row, end - at);
        part.cols = fnn_min(panels * TILE_COLS, job->p->cols - part.col);
        FNN_NAME(product_part)(job, part, thread);
        at += row ? part.rows : fnn_min(panels * rows, end - at);
    }
}

/* ---------------------------------------------------------------- product of a few rows
 *
 * With so few rows a panel is read once: packing it would cost more than the product.
 */
#define FEW_ROWS 3
#define FEW_COLS 64 /* columns that one thread takes at once */
#define DOTS 4

static void FNN_NAME(finish_cell)(const fnn_product *p, int64_t row, int64_t col, float sum) {
    const fnn_epilogue *e = &p->epilogue;
    const int64_t at = row * p->c_row + col;
    if (e->bias) sum += e->bias[col];
    if (e->relu) sum = sum > 0 || sum != sum ? sum : 0;
    if (e->mask) sum = e->mask[at] > 0 ? sum : 0;
    p->c[at] = e->accumulate ? p->c[at] + sum : sum;
}

/* Up to DOTS columns of one row: every lane sums each FNN_LANES-th product, then the lanes are added. */
static void FNN_NAME(dots)(const fnn_product *p, int64_t row, int64_t col, int count) {
    const float *a = p->a + row * p->a_row, *b[DOTS];
    VEC sum[DOTS];
    FNN_UNROLL for (int j = 0; j < DOTS; j++) {
        b[j] = p->b + (col + (j < count ? j : 0)) * p->b_col;
        sum[j] = FNN_NAME(vec_fill)(0);
    }
    int64_t k = 0;
    for (; k + LANES <= p->depth; k += LANES)
        FNN_UNROLL for (int j = 0; j < DOTS; j++)
            sum[j] = FNN_NAME(vec_multiply_add)(FNN_NAME(vec_load)(a + k), FNN_NAME(vec_load)(b[j] + k), sum[j]);
    if (k < p->depth) {
        const int rest = (int)(p->depth - k);
        FNN_UNROLL for (int j = 0; j < DOTS; j++)
            sum[j] = FNN_NAME(vec_multiply_add)(FNN_NAME(vec_load_part)(a + k, rest),
                                                FNN_NAME(vec_load_part)(b[j] + k, rest), sum[j]);
    }
    FNN_UNROLL for (int j = 0; j < DOTS; j++)
        if (j < count) FNN_NAME(finish_cell)(p, row, col + j, FNN_NAME(vec_sum)(sum[j]));
}

static void FNN_NAME(dot_columns)(void *arg, int64_t chunk, int thread) {
    const fnn_product *p = arg;
    const int64_t end = fnn_min((chunk + 1) * FEW_COLS, p->cols);
    (void)thread;
    for (int64_t j = chunk * FEW_COLS; j < end; j += DOTS)
        for (int64_t i = 0; i < p->rows; i++) FNN_NAME(dots)(p, i, j, (int)fnn_min(DOTS, end - j));
}

/* One row times columns that are neighbours: B is read along its rows, some rows at once; sums wait in the scratch. */
#define ROW_DEPTH 8
#define ROW_COLS 2048

typedef struct { const fnn_product *p; char *scratch; int64_t cols; } FNN_NAME(row_job);

FNN_INLINE void FNN_NAME(add_rows)(const fnn_product *p, int64_t k, const int depth, int64_t col, int64_t cols, float *sums) {
    const float *b = p->b + k * p->b_depth + col;
    VEC left[ROW_DEPTH];
    int64_t j = 0;
    FNN_UNROLL for (int d = 0; d < depth; d++) left[d] = FNN_NAME(vec_fill)(p->a[(k + d) * p->a_depth]);
    for (; j + LANES <= cols; j += LANES) {
        VEC sum = FNN_NAME(vec_load)(sums + j);
        FNN_UNROLL for (int d = 0; d < depth; d++)
            sum = FNN_NAME(vec_multiply_add)(left[d], FNN_NAME(vec_load)(b + d * p->b_depth + j), sum);
        FNN_NAME(vec_store)(sums + j, sum);
    }
    if (j == cols) return;
    VEC sum = FNN_NAME(vec_load)(sums + j);
    FNN_UNROLL for (int d = 0; d < depth; d++)
        sum = FNN_NAME(vec_multiply_add)(left[d], FNN_NAME(vec_load_part)(b + d * p->b_depth + j, (int)(cols - j)), sum);
    FNN_NAME(vec_store)(sums + j, sum);
}

static void FNN_NAME(row_columns)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_job) *job = arg;
    const fnn_product *p = job->p;
    const int64_t col = chunk * job->cols, cols = fnn_min(job->cols, p->cols - col);
    float *sums = (float *)job->scratch + thread * ROW_COLS;
    int64_t k = 0;
    memset(sums, 0, (size_t)(fnn_ceil_div(cols, LANES) * LANES) * sizeof(float));
    for (; k + ROW_DEPTH <= p->depth; k += ROW_DEPTH) FNN_NAME(add_rows)(p, k, ROW_DEPTH, col, cols, sums);
    for (; k < p->depth; k++) FNN_NAME(add_rows)(p, k, 1, col, cols, sums);
    for (int64_t j = 0; j < cols; j += LANES)
        FNN_NAME(finish_vector)(&p->epilogue, FNN_NAME(vec_load)(sums + j), col + j, p->c, col + j, j + LANES <= cols, (int)(cols - j));
}

static void FNN_NAME(row_product)(const fnn_product *p, double work, void *scratch) {
    const int64_t share = fnn_ceil_div(fnn_ceil_div(p->cols, fnn_threads()), LANES) * LANES;
    FNN_NAME(row_job) job = {p, scratch, fnn_min(share, ROW_COLS)};
    fnn_parallel(fnn_ceil_div(p->cols, job.cols), work, FNN_NAME(row_columns), &job);
}

void FNN_NAME(fnn_product_run)(const fnn_product *p, void *scratch) {
    const double work = (double)p->rows * (double)p->cols * (double)p->depth;
    if (p->rows == 0 || p->cols == 0) return;
    if (p->rows <= FEW_ROWS && p->b_depth == 1 && p->b_col != 1 && p->a_depth == 1) {
        fnn_parallel(fnn_ceil_div(p->cols, FEW_COLS), work, FNN_NAME(dot_columns), (void *)p);
        return;
    }
    if (p->rows == 1 && p->b_col == 1) {
        FNN_NAME(row_product)(p, work, scratch);
        return;
    }
    FNN_NAME(product_job) job = FNN_NAME(product_plan)(p, work, scratch);
    if (job.shares == 1) FNN_NAME(product_part)(&job, (FNN_NAME(block)){.rows = p->rows, .cols = p->cols}, 0);
    else fnn_parallel(job.shares, work, FNN_NAME(product_share), &job);
}
#endif
