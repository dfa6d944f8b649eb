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

/* ---------------------------------------------------------------- matmul
 *
 * Stacks of matrices whose leading axes are broadcast; a vector is a row on the left and a column on the right.
 *
 *     y:  [lead..., m, n]        a, b: the same leading axes, or 1, or fewer
 */

#define SMALL_PRODUCT 1e6 /* multiply-adds below which products run side by side, one per thread */
#define MANY_PRODUCTS 8   /* for each thread: then large ones do, too */

typedef struct {
    int64_t m, k, n, batches, a_batches, b_batches;
    int ndim;
    int64_t lead[FNN_MAX_DIMS], a_stride[FNN_MAX_DIMS], b_stride[FNN_MAX_DIMS]; /* strides in matrices */
} FNN_NAME(stacks);

static int64_t FNN_NAME(lead_extent)(const fnn_tensor *t, int d, int ndim) { /* axis d of `ndim` leading axes */
    const int own = t->ndim - 2, at = d - (ndim - (own > 0 ? own : 0));
    return at < 0 ? 1 : t->shape[at];
}

static FNN_NAME(stacks) FNN_NAME(stack_up)(const fnn_tensor *a, const fnn_tensor *b) {
    const int last = a->ndim - 1, of_a = a->ndim > 2 ? a->ndim - 2 : 0, of_b = b->ndim > 2 ? b->ndim - 2 : 0;
    FNN_NAME(stacks) z = {a->ndim > 1 ? a->shape[last - 1] : 1, a->shape[last], b->ndim > 1 ? FNN_NAME(last_axis)(b) : 1,
                          1, 1, 1, of_a > of_b ? of_a : of_b, {0}, {0}, {0}};
    for (int d = z.ndim - 1; d >= 0; d--) {
        const int64_t in_a = FNN_NAME(lead_extent)(a, d, z.ndim), in_b = FNN_NAME(lead_extent)(b, d, z.ndim);
        z.lead[d] = in_a == 1 ? in_b : in_a;
        z.a_stride[d] = in_a == 1 ? 0 : z.a_batches;
        z.b_stride[d] = in_b == 1 ? 0 : z.b_batches;
        z.a_batches *= in_a;
        z.b_batches *= in_b;
        z.batches *= z.lead[d];
    }
    if (z.b_batches == 1 && z.a_batches == z.batches) { /* one matrix b for all of a: one long product */
        z.m *= z.batches;
        z.batches = z.a_batches = 1;
        z.ndim = 0;
    }
    return z;
}

/* The operand's matrix that batch `batch` of the product reads. */
static int64_t FNN_NAME(matrix)(const FNN_NAME(stacks) *z, const int64_t *stride, int64_t batch) {
    int64_t at = 0;
    for (int d = z->ndim - 1; d >= 0; d--) {
        at += batch % z->lead[d] * stride[d];
        batch /= z->lead[d];
    }
    return at;
}

enum FNN_NAME(side) { FNN_NAME(forward), FNN_NAME(to_a), FNN_NAME(to_b) };

typedef struct {
    FNN_NAME(stacks) z;
    const float *a, *b, *dy;
    float *to;
    fnn_epilogue epilogue;
    char *scratch;
    int64_t scratch_bytes;  /* of one thread */
    enum FNN_NAME(side) side;
} FNN_NAME(stack_job);

static fnn_product FNN_NAME(one_product)(const FNN_NAME(stack_job) *job, int64_t batch) {
    const FNN_NAME(stacks) *z = &job->z;
    const int64_t m = z->m, k = z->k, n = z->n, of_a = FNN_NAME(matrix)(z, z->a_stride, batch), of_b = FNN_NAME(matrix)(z, z->b_stride, batch);
    fnn_product p = {m, n, k, job->a + of_a * m * k, k, 1, job->b + of_b * k * n, n, 1, job->to + batch * m * n, n, job->epilogue};
    const float *dy = job->dy + batch * m * n;
    if (job->side == FNN_NAME(to_a)) p = (fnn_product){m, k, n, dy, n, 1, p.b, 1, n, job->to + of_a * m * k, k, job->epilogue};
    if (job->side == FNN_NAME(to_b)) p = (fnn_product){k, n, m, p.a, 1, k, dy, n, 1, job->to + of_b * k * n, n, {0}};
    if (p.epilogue.mask) p.epilogue.mask += p.c - job->to;
    return p;
}

static void FNN_NAME(product_chunk)(void *arg, int64_t batch, int thread) {
    const FNN_NAME(stack_job) *job = arg;
    const fnn_product p = FNN_NAME(one_product)(job, batch);
    FNN_NAME(fnn_product_run)(&p, job->scratch + thread * job->scratch_bytes);
}

static int64_t FNN_NAME(side_scratch)(const FNN_NAME(stacks) *z, enum FNN_NAME(side) side) {
    const int64_t m = z->m, k = z->k, n = z->n;
    return side == FNN_NAME(forward) ? FNN_NAME(fnn_product_scratch)(m, n, k)
         : side == FNN_NAME(to_a) ? FNN_NAME(fnn_product_scratch)(m, k, n) : FNN_NAME(fnn_product_scratch)(k, n, m);
}

/* Products side by side have one thread's scratch each; a product on all threads begins with the first's.
 * Matrices that several products add to are added to in order, by one product after the other. */
static void FNN_NAME(run_stack)(FNN_NAME(stack_job) *job) {
    const FNN_NAME(stacks) *z = &job->z;
    const int64_t own = job->side == FNN_NAME(to_a) ? z->a_batches : job->side == FNN_NAME(to_b) ? z->b_batches : z->batches;
    const int64_t cells = job->side == FNN_NAME(to_a) ? z->m * z->k : job->side == FNN_NAME(to_b) ? z->k * z->n : z->m * z->n;
    const double work = (double)z->batches * (double)z->m * (double)z->k * (double)z->n;
    const int small = work < SMALL_PRODUCT * (double)z->batches || z->batches >= MANY_PRODUCTS * fnn_threads();
    job->scratch_bytes = FNN_NAME(side_scratch)(z, job->side) / fnn_thread_limit();
    if (own == z->batches) {
        if (small) fnn_parallel(z->batches, work, FNN_NAME(product_chunk), job);
        else for (int64_t i = 0; i < z->batches; i++) FNN_NAME(product_chunk)(job, i, 0);
        return;
    }
    if (cells * own && !(job->side == FNN_NAME(to_a) && job->epilogue.accumulate))
        memset(job->to, 0, (size_t)(cells * own) * sizeof(float));
    for (int64_t i = 0; i < z->batches; i++) {
        fnn_product p = FNN_NAME(one_product)(job, i);
        p.epilogue.accumulate = 1;
        FNN_NAME(fnn_product_run)(&p, job->scratch);
    }
}

static int FNN_NAME(matmul)(fnn_step *s) {
    FNN_NAME(stack_job) job = {FNN_NAME(stack_up)(&s->in[0], &s->in[1]), s->in[0].data, s->in[1].data, NULL, s->out[0].data,
                               s->epilogue, s->scratch, 0, FNN_NAME(forward)};
    if (s->in[0].dtype != FNN_FLOAT32) return FNN_UNSUPPORTED;
    FNN_NAME(run_stack)(&job);
    return FNN_OK;
}

static int FNN_NAME(matmul_backward)(fnn_step *s) {
    FNN_NAME(stack_job) job = {FNN_NAME(stack_up)(&s->in[1], &s->in[2]), s->in[1].data, s->in[2].data, s->in[0].data, NULL,
                               s->epilogue, s->scratch, 0, FNN_NAME(to_a)};
    if ((job.to = s->out[0].data)) FNN_NAME(run_stack)(&job);
    job.side = FNN_NAME(to_b);
    if ((job.to = s->out[1].data)) FNN_NAME(run_stack)(&job);
    return FNN_OK;
}

static int64_t FNN_NAME(matmul_scratch)(const fnn_step *s, int backward) {
    const FNN_NAME(stacks) z = FNN_NAME(stack_up)(&s->in[backward], &s->in[backward + 1]);
    if (!backward) return FNN_NAME(side_scratch)(&z, FNN_NAME(forward));
    return fnn_max(FNN_NAME(side_scratch)(&z, FNN_NAME(to_a)), FNN_NAME(side_scratch)(&z, FNN_NAME(to_b)));
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
