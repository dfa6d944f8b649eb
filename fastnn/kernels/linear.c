/* linear.c: dense, matmul and bias_add, each forward directly above its backward.
 *
 * The epilogue of a backward step concerns the first gradient, that of x or a.
 */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "linear.c"
#include "every_isa.h"
#else
#include "gemm.h"

static int64_t FNN_NAME(last_axis)(const fnn_tensor *t) { return t->shape[t->ndim - 1]; }
static int64_t FNN_NAME(leading)(const fnn_tensor *t) { return fnn_extent(t, 0, t->ndim - 1); }

/* ---------------------------------------------------------------- sums over positions */

#define SUM_CHUNKS 16 /* fixed, so that sums do not depend on the number of threads */
#define SUM_CHUNK_ROWS 256

typedef struct { const float *dy; float *to; int64_t rows, cols, per_chunk; } FNN_NAME(sum_job);

static void FNN_NAME(sum_rows_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(sum_job) *job = arg;
    const int64_t cols = job->cols, to_row = fnn_min((chunk + 1) * job->per_chunk, job->rows);
    float *restrict sum = job->to + chunk * cols;
    (void)thread;
    for (int64_t j = 0; j < cols; j++) sum[j] = 0;
    for (int64_t r = chunk * job->per_chunk; r < to_row; r++) {
        const float *restrict dy = job->dy + r * cols;
        for (int64_t j = 0; j < cols; j++) sum[j] += dy[j];
    }
}

/* db = sum of dy's rows: at most SUM_CHUNKS partial sums, added in order. */
static void FNN_NAME(sum_rows)(const float *dy, int64_t rows, int64_t cols, float *db, float *partial) {
    const int64_t per_chunk = fnn_max(SUM_CHUNK_ROWS, fnn_ceil_div(rows, SUM_CHUNKS));
    const int64_t chunks = fnn_ceil_div(rows, per_chunk);
    FNN_NAME(sum_job) job = {dy, chunks > 1 ? partial : db, rows, cols, per_chunk};
    fnn_parallel(chunks, (double)rows * (double)cols, FNN_NAME(sum_rows_chunk), &job);
    if (chunks == 1) return;
    for (int64_t j = 0; j < cols; j++) db[j] = chunks ? partial[j] : 0;
    for (int64_t c = 1; c < chunks; c++)
        for (int64_t j = 0; j < cols; j++) db[j] += partial[c * cols + j];
}

static int64_t FNN_NAME(sum_scratch)(int64_t cols) { return SUM_CHUNKS * cols * (int64_t)sizeof(float); }

/* ---------------------------------------------------------------- dense */

static int FNN_NAME(dense)(fnn_step *s) {
    const fnn_tensor *x = &s->in[0], *w = &s->in[1];
    const int64_t k = w->shape[0], n = w->shape[1];
    fnn_product p = {FNN_NAME(leading)(x), n, k, x->data, k, 1, w->data, n, 1, s->out[0].data, n, s->epilogue};
    p.epilogue.bias = s->in[2].data;
    FNN_NAME(fnn_product_run)(&p, s->scratch);
    return FNN_OK;
}

static int FNN_NAME(dense_backward)(fnn_step *s) {
    const fnn_tensor *dy = &s->in[0], *x = &s->in[1], *w = &s->in[2];
    const int64_t rows = FNN_NAME(leading)(dy), k = w->shape[0], n = w->shape[1];
    if (s->out[0].data) {
        fnn_product p = {rows, k, n, dy->data, n, 1, w->data, 1, n, s->out[0].data, k, s->epilogue};
        FNN_NAME(fnn_product_run)(&p, s->scratch);
    }
    if (s->out[1].data) {
        fnn_product p = {k, n, rows, x->data, 1, k, dy->data, n, 1, s->out[1].data, n, {0}};
        FNN_NAME(fnn_product_run)(&p, s->scratch);
    }
    if (s->out[2].data) FNN_NAME(sum_rows)(dy->data, rows, n, s->out[2].data, s->scratch);
    return FNN_OK;
}

static int64_t FNN_NAME(dense_scratch)(const fnn_step *s, int backward) {
    const fnn_tensor *left = &s->in[0], *w = &s->in[backward ? 2 : 1];
    const int64_t rows = FNN_NAME(leading)(left), k = w->shape[0], n = w->shape[1];
    if (!backward) return FNN_NAME(fnn_product_scratch)(rows, n, k);
    const int64_t dx = FNN_NAME(fnn_product_scratch)(rows, k, n), dw = FNN_NAME(fnn_product_scratch)(k, n, rows);
    return fnn_max(fnn_max(dx, dw), FNN_NAME(sum_scratch)(n));
}

/* ---------------------------------------------------------------- matmul */

typedef struct { int64_t batches, m, k, n; } FNN_NAME(sizes);

/* One matrix b for all of a is one long product. */
static FNN_NAME(sizes) FNN_NAME(matmul_sizes)(const fnn_tensor *a, const fnn_tensor *b) {
    const int last = a->ndim - 1;
    FNN_NAME(sizes) z = {1, FNN_NAME(leading)(a), a->shape[last], FNN_NAME(last_axis)(b)};
    if (b->ndim > 2) {
        z.batches = fnn_extent(a, 0, last - 1);
        z.m = a->shape[last - 1];
    }
    return z;
}

static int FNN_NAME(matmul)(fnn_step *s) {
    const FNN_NAME(sizes) z = FNN_NAME(matmul_sizes)(&s->in[0], &s->in[1]);
    const float *a = s->in[0].data, *b = s->in[1].data;
    float *y = s->out[0].data;
    for (int64_t i = 0; i < z.batches; i++, a += z.m * z.k, b += z.k * z.n, y += z.m * z.n) {
        fnn_product p = {z.m, z.n, z.k, a, z.k, 1, b, z.n, 1, y, z.n, s->epilogue};
        if (p.epilogue.mask) p.epilogue.mask += i * z.m * z.n;
        FNN_NAME(fnn_product_run)(&p, s->scratch);
    }
    return FNN_OK;
}

static int FNN_NAME(matmul_backward)(fnn_step *s) {
    const FNN_NAME(sizes) z = FNN_NAME(matmul_sizes)(&s->in[1], &s->in[2]);
    const float *dy = s->in[0].data, *a = s->in[1].data, *b = s->in[2].data;
    float *da = s->out[0].data, *db = s->out[1].data;
    for (int64_t i = 0; i < z.batches; i++, dy += z.m * z.n) {
        if (da) {
            fnn_product p = {z.m, z.k, z.n, dy, z.n, 1, b + i * z.k * z.n, 1, z.n, da + i * z.m * z.k, z.k, s->epilogue};
            if (p.epilogue.mask) p.epilogue.mask += i * z.m * z.k;
            FNN_NAME(fnn_product_run)(&p, s->scratch);
        }
        if (db) {
            fnn_product p = {z.k, z.n, z.m, a + i * z.m * z.k, 1, z.k, dy, z.n, 1, db + i * z.k * z.n, z.n, {0}};
            FNN_NAME(fnn_product_run)(&p, s->scratch);
        }
    }
    return FNN_OK;
}

static int64_t FNN_NAME(matmul_scratch)(const fnn_step *s, int backward) {
    const FNN_NAME(sizes) z = FNN_NAME(matmul_sizes)(&s->in[backward], &s->in[backward + 1]);
    if (!backward) return FNN_NAME(fnn_product_scratch)(z.m, z.n, z.k);
    return fnn_max(FNN_NAME(fnn_product_scratch)(z.m, z.k, z.n), FNN_NAME(fnn_product_scratch)(z.k, z.n, z.m));
}

/* ---------------------------------------------------------------- bias_add */

#define BIAS_CHUNK 16384 /* floats that one thread takes at once, about */

typedef struct { const float *x, *b; float *y; int64_t rows, cols, per_chunk; } FNN_NAME(bias_job);

static void FNN_NAME(bias_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(bias_job) *job = arg;
    (void)thread;
    for (int64_t r = chunk * job->per_chunk; r < fnn_min((chunk + 1) * job->per_chunk, job->rows); r++) {
        const float *restrict x = job->x + r * job->cols, *restrict b = job->b;
        float *restrict y = job->y + r * job->cols;
        for (int64_t j = 0; j < job->cols; j++) y[j] = x[j] + b[j];
    }
}

static int FNN_NAME(bias_add)(fnn_step *s) {
    const int64_t rows = FNN_NAME(leading)(&s->in[0]), cols = s->in[1].size;
    const int64_t per_chunk = fnn_max(1, BIAS_CHUNK / fnn_max(1, cols));
    FNN_NAME(bias_job) job = {s->in[0].data, s->in[1].data, s->out[0].data, rows, cols, per_chunk};
    fnn_parallel(fnn_ceil_div(rows, per_chunk), (double)s->in[0].size, FNN_NAME(bias_chunk), &job);
    return FNN_OK;
}

static int FNN_NAME(bias_add_backward)(fnn_step *s) {
    const fnn_tensor *dy = &s->in[0], *dx = &s->out[0], *db = &s->out[1];
    if (dx->data && dx->data != dy->data && dx->size) memcpy(dx->data, dy->data, (size_t)dx->size * sizeof(float));
    if (db->data)
        FNN_NAME(sum_rows)(dy->data, FNN_NAME(leading)(dy), FNN_NAME(last_axis)(dy), db->data, s->scratch);
    return FNN_OK;
}

static int64_t FNN_NAME(bias_add_scratch)(const fnn_step *s, int backward) {
    return backward ? FNN_NAME(sum_scratch)(FNN_NAME(last_axis)(&s->in[0])) : 0;
}

const fnn_entry FNN_NAME(linear_entries)[] = {
    {"dense", "x w b", "", FNN_NAME(dense), FNN_NAME(dense_backward), FNN_NAME(dense_scratch)},
    {"matmul", "a b", "", FNN_NAME(matmul), FNN_NAME(matmul_backward), FNN_NAME(matmul_scratch)},
    {"bias_add", "x b", "", FNN_NAME(bias_add), FNN_NAME(bias_add_backward), FNN_NAME(bias_add_scratch)},
    {0},
};
#endif
