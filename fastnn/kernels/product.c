/* product.c: products of matrices, by blocks of tiles, shared by threads; those of a few rows in ways of their own. */
#include "gemm.h"
#ifndef FNN_ISA
#include "vector_system.h"
#define FNN_FAMILY_FILE "product.c"
#include "every_isa.h"
#else
#include "vector.h"
#define LANES FNN_LANES

/* ---------------------------------------------------------------- product by blocks
 *
 * Threads get equal shares of the result: of its rows if it is tall, else row by row down each panel of columns, panel
 * after panel. A share is cut into blocks of some rows by some panels; B's part of a block is packed where that pays, a
 * stretch of the depth at a time. Sums of a stretch wait in the thread's scratch for the next: C is written once, when
 * they are complete.
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

static int FNN_NAME(collides)(int64_t stride) { return stride >= 1024 && stride % 1024 == 0; } /* one cache set */

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
static void FNN_NAME(copy_a_block)(const float *a, int64_t a_depth, fnn_split s, int64_t depth, float *to) {
    for (int64_t k = 0; k < depth; k++) {
        const float *from = a + k * a_depth;
        float *at = to + k * A_STEP;
        for (int64_t tile = 0; tile < s.tiles; tile++, at += depth * A_STEP + A_GAP) {
            const int now = fnn_tile_rows(s, tile);
            for (int i = 0; i < now; i += LANES)
                FNN_NAME(vec_store)(at + i, FNN_NAME(vec_load_part)(from + i, (int)fnn_min(now - i, LANES)));
            from += now;
        }
    }
}

typedef struct { int64_t row, rows, col, cols, k, depth; float *packed, *sums, *a; } FNN_NAME(block);

/* One tile's rows, through the block's panels. */
static void FNN_NAME(block_row)(const FNN_NAME(product_job) *job, const FNN_NAME(block) *b, int64_t tile, int64_t row,
                                int rows) {
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
    const fnn_split split = fnn_split_rows(b->rows, TILE_ROWS);
    if (job->packs_b)
        for (int64_t j = 0; j < b->cols; j += TILE_COLS)
            FNN_NAME(fnn_pack)(p->b + b->k * p->b_depth + (b->col + j) * p->b_col, p->b_depth, p->b_col, b->depth,
                               (int)fnn_min(TILE_COLS, b->cols - j), b->packed + j * b->depth);
    if (job->copies_a && p->a_row == 1)
        FNN_NAME(copy_a_block)(p->a + b->row + b->k * p->a_depth, p->a_depth, split, b->depth, b->a);
    for (int64_t tile = 0, row = 0; tile < split.tiles; tile++) {
        const int rows = fnn_tile_rows(split, tile);
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

FNN_INLINE void FNN_NAME(add_rows)(const fnn_product *p, int64_t k, const int depth, int64_t col, int64_t cols,
                                   float *sums) {
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
    const int rest = (int)(cols - j);
    VEC sum = FNN_NAME(vec_load)(sums + j);
    FNN_UNROLL for (int d = 0; d < depth; d++)
        sum = FNN_NAME(vec_multiply_add)(left[d], FNN_NAME(vec_load_part)(b + d * p->b_depth + j, rest), sum);
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
        FNN_NAME(vec_write)(&p->epilogue, FNN_NAME(vec_load)(sums + j), col + j, p->c, col + j, j + LANES <= cols,
                            (int)(cols - j));
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
