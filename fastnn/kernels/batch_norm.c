/* batch_norm.c: standardize where the columns of a matrix are the groups, and batch normalization in one step.
 *
 * Mean and variance in one pass over memory: of every block of rows that stays in the cache the mean, then the squared
 * deviations from it; blocks are joined as Chan, Golub and LeVeque do (Updating formulae, 1983), in a fixed order.
 * The fused steps compute what the single ones compute, number by number and in the same order: they have the same bits.
 */
#include "fnn.h"
#include "vector_system.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "batch_norm.c"
#include "every_isa.h"
#else
#include "vector.h"
#include "vector_choice.h"
#include "reduce.h"
#include "columns.h"
#include "batch_norm.h"

#define BLOCK_ROWS 32 /* wide rows that stay in the cache while their mean and deviations are taken */

typedef struct {
    FNN_NAME(columns) c;
    const float *x, *dy, *xhat, *kept, *residual;  /* kept: the result, whose sign masks the gradient */
    const float *centre, *factor, *gamma, *beta;   /* wide rows */
    const float *shift, *slope;
    float *y, *dx, *dresidual;
    double *means, *squares; /* [part][column]: mean and sum of squared deviations */
    float *partial[4];       /* [part][column]: sums on the way back */
    int relu;
} FNN_NAME(norm_job);

/* A second pass goes through the parts from the last to the first: those were read last and are still in the cache. */
static inline int64_t FNN_NAME(from_behind)(const FNN_NAME(norm_job) *p, int64_t part) { return p->c.parts - 1 - part; }

/* ---- mean and variance ---- */

typedef struct { const float *x, *centre; } FNN_NAME(block);

FNN_INLINE void FNN_NAME(number_cell)(const FNN_NAME(block) *b, int64_t at, int64_t k, int n, VEC *q) {
    (void)k;
    q[0] = FNN_NAME(vec_take_streaming)(b->x + at, n);
}
FNN_INLINE void FNN_NAME(deviation_cell)(const FNN_NAME(block) *b, int64_t at, int64_t k, int n, VEC *q) {
    q[0] = FNN_NAME(vec_subtract)(FNN_NAME(vec_take)(b->x + at, n), FNN_NAME(vec_take)(b->centre + k, n));
    q[1] = FNN_NAME(vec_multiply)(q[0], q[0]);
}
COLUMN_SUMS(numbers, FNN_NAME(block), 1, FNN_NAME(number_cell))
COLUMN_SUMS(deviations, FNN_NAME(block), 2, FNN_NAME(deviation_cell))

typedef struct { double count[FNN_WIDE], mean[FNN_WIDE], squares[FNN_WIDE]; } FNN_NAME(moments);

/* Joins n numbers from the b-th of `other` to the first of m. */
static inline void FNN_NAME(join)(FNN_NAME(moments) *m, const FNN_NAME(moments) *other, int64_t b, int64_t n) {
    FNN_CELLWISE
    for (int64_t k = 0; k < n; k++) {
        const double count = m->count[k] + other->count[b + k], away = other->mean[b + k] - m->mean[k];
        const double share = other->count[b + k] / count;
        m->squares[k] += other->squares[b + k] + away * away * (m->count[k] * share);
        m->mean[k] += away * share;
        m->count[k] = count;
    }
}

/* Joins blocks of `rows` wide rows, up to FNN_WIDE numbers of each. */
static void FNN_NAME(gather_moments)(const float *x, int64_t rows, int64_t step, int64_t width, FNN_NAME(moments) *m) {
    float centre[FNN_WIDE], away[FNN_WIDE], squares[FNN_WIDE];
    FNN_NAME(moments) block;
    for (int64_t first = 0; first < rows; first += BLOCK_ROWS) {
        const int64_t count = fnn_min(BLOCK_ROWS, rows - first);
        const FNN_NAME(block) b = {x, centre};
        const double n = (double)count, one = 1 / n;
        FNN_NAME(moments) *to = first ? &block : m;
        FNN_NAME(numbers_wide)(&b, first * step, count, step, width, (float *[]){centre});
        for (int64_t k = 0; k < width; k++) centre[k] *= (float)one;
        FNN_NAME(deviations_wide)(&b, first * step, count, step, width, (float *[]){away, squares});
        for (int64_t k = 0; k < width; k++) {
            to->count[k] = n;
            to->mean[k] = centre[k] + away[k] * one;
            to->squares[k] = squares[k] - away[k] * (away[k] * one);
        }
        if (first) FNN_NAME(join)(m, &block, 0, width);
    }
}

/* Infinities, NaN and squares too large for float: once more in double, as the formulas are read. */
static void FNN_NAME(careful_moments)(const float *x, int64_t rows, int64_t cols, double *mean, double *squares) {
    double total = 0;
    for (int64_t r = 0; r < rows; r++) total += x[r * cols];
    *mean = total / (double)rows;
    *squares = 0;
    for (int64_t r = 0; r < rows; r++) *squares += (x[r * cols] - *mean) * (x[r * cols] - *mean);
}

static void FNN_NAME(moments_part)(void *arg, int64_t part, int thread) {
    const FNN_NAME(norm_job) *p = arg;
    const FNN_NAME(columns) *c = &p->c;
    const int64_t rows = FNN_NAME(rows_of_part)(c, part), cols = c->cols, fold = FNN_NAME(fold_of)(rows, cols);
    const int64_t step = fold * cols, whole = rows / fold, over = (rows - whole * fold) * cols;
    const float *x = p->x + part * c->part_rows * cols;
    FNN_NAME(moments) m, rest;
    (void)thread;
    for (int64_t tile = 0; tile < step; tile += FNN_WIDE) {
        const int64_t width = fnn_min(FNN_WIDE, step - tile), some = fnn_min(width, cols);
        FNN_NAME(gather_moments)(x + tile, whole, step, width, &m);
        if (over) {
            FNN_NAME(gather_moments)(x + whole * step, 1, step, over, &rest);
            FNN_NAME(join)(&m, &rest, 0, over);
        }
        for (int64_t half = fold / 2; half >= 1; half /= 2) FNN_NAME(join)(&m, &m, half * cols, half * cols);
        for (int64_t k = 0; k < some; k++) {
            double *mean = p->means + part * cols + tile + k, *squares = p->squares + part * cols + tile + k;
            *mean = m.mean[k];
            *squares = m.squares[k];
            if (!(*squares < INFINITY)) FNN_NAME(careful_moments)(x + tile + k, rows, cols, mean, squares);
        }
    }
}

/* Mean and variance of columns k … k + n - 1, at most FNN_SOME, from those of the parts. */
static void FNN_NAME(join_parts)(const FNN_NAME(norm_job) *p, int64_t k, int64_t n, double *mean, double *variance) {
    const FNN_NAME(columns) *c = &p->c;
    for (int64_t j = 0; j < n; j++) mean[j] = variance[j] = 0;
    for (int64_t part = 0; part < c->parts; part++)
        for (int64_t j = 0; j < n; j++)
            mean[j] += (double)FNN_NAME(rows_of_part)(c, part) * p->means[part * c->cols + k + j];
    for (int64_t j = 0; j < n; j++) mean[j] /= (double)c->rows;
    for (int64_t part = 0; part < c->parts; part++)
        for (int64_t j = 0; j < n; j++) {
            const double away = p->means[part * c->cols + k + j] - mean[j];
            variance[j] += p->squares[part * c->cols + k + j] + (double)FNN_NAME(rows_of_part)(c, part) * away * away;
        }
    for (int64_t j = 0; j < n; j++) variance[j] /= (double)c->rows;
}

/* Writes the statistics of all columns: mean, variance, 1 / sqrt(variance + epsilon). */
static void FNN_NAME(find_statistics)(FNN_NAME(norm_job) *p, double epsilon, float *const *out) {
    double mean[FNN_SOME], variance[FNN_SOME];
    fnn_parallel(p->c.parts, 4.0 * (double)p->c.rows * (double)p->c.cols, FNN_NAME(moments_part), p);
    for (int64_t k = 0; k < p->c.cols; k += FNN_SOME) {
        const int64_t n = fnn_min(FNN_SOME, p->c.cols - k);
        FNN_NAME(join_parts)(p, k, n, mean, variance);
        for (int64_t j = 0; j < n; j++) {
            out[0][k + j] = (float)mean[j];
            out[1][k + j] = (float)variance[j];
            out[2][k + j] = (float)(1 / sqrt(variance[j] + epsilon));
        }
    }
}

/* ---- forward ---- */

FNN_INLINE VEC FNN_NAME(standardized)(const FNN_NAME(norm_job) *p, int64_t at, int64_t k, int n) {
    const VEC away = FNN_NAME(vec_subtract)(FNN_NAME(vec_take_streaming)(p->x + at, n), FNN_NAME(vec_take)(p->centre + k, n));
    return FNN_NAME(vec_multiply)(away, FNN_NAME(vec_take)(p->factor + k, n));
}

FNN_INLINE void FNN_NAME(standardize_cell)(const FNN_NAME(norm_job) *p, int64_t at, int64_t k, int n) {
    FNN_NAME(vec_put)(p->y + at, FNN_NAME(standardized)(p, at, k, n), n);
}
COLUMN_MAP(standardize, FNN_NAME(norm_job), FNN_NAME(standardize_cell))

static void FNN_NAME(standardize_chunk)(void *p, int64_t part, int thread) {
    (void)thread;
    FNN_NAME(standardize_part)(p, &((FNN_NAME(norm_job) *)p)->c, FNN_NAME(from_behind)(p, part));
}

FNN_INLINE VEC FNN_NAME(scaled)(const FNN_NAME(norm_job) *p, VEC xhat, int64_t k, int n) {
    return FNN_NAME(vec_add)(FNN_NAME(vec_multiply)(xhat, FNN_NAME(vec_take)(p->gamma + k, n)), FNN_NAME(vec_take)(p->beta + k, n));
}

FNN_INLINE void FNN_NAME(norm_cell)(const FNN_NAME(norm_job) *p, int64_t at, int64_t k, int n) {
    VEC y = FNN_NAME(scaled)(p, FNN_NAME(standardized)(p, at, k, n), k, n);
    if (p->residual) y = FNN_NAME(vec_add)(y, FNN_NAME(vec_take)(p->residual + at, n));
    FNN_NAME(vec_put)(p->y + at, p->relu ? FNN_NAME(vec_relu)(y) : y, n);
}
COLUMN_MAP(norm, FNN_NAME(norm_job), FNN_NAME(norm_cell))

static void FNN_NAME(norm_chunk)(void *p, int64_t part, int thread) {
    (void)thread;
    FNN_NAME(norm_part)(p, &((FNN_NAME(norm_job) *)p)->c, FNN_NAME(from_behind)(p, part));
}

/* ---- backward: dx = factor dy + shift + slope xhat, shift and slope from the sums of dy and of dy xhat ---- */

FNN_INLINE void FNN_NAME(put_slope)(const FNN_NAME(norm_job) *p, VEC dy, VEC xhat, int64_t at, int64_t k, int n) {
    const VEC level = FNN_NAME(vec_multiply_add)(FNN_NAME(vec_take)(p->factor + k, n), dy, FNN_NAME(vec_take)(p->shift + k, n));
    FNN_NAME(vec_put)(p->dx + at, FNN_NAME(vec_multiply_add)(FNN_NAME(vec_take)(p->slope + k, n), xhat, level), n);
}

FNN_INLINE void FNN_NAME(slope_sums_cell)(const FNN_NAME(norm_job) *p, int64_t at, int64_t k, int n, VEC *q) {
    (void)k;
    q[0] = FNN_NAME(vec_take_streaming)(p->dy + at, n);
    q[1] = FNN_NAME(vec_multiply)(q[0], FNN_NAME(vec_take_streaming)(p->xhat + at, n));
}
COLUMN_SUMS(slope_sums, FNN_NAME(norm_job), 2, FNN_NAME(slope_sums_cell))

static void FNN_NAME(slope_sums_chunk)(void *arg, int64_t part, int thread) {
    const FNN_NAME(norm_job) *p = arg;
    (void)thread;
    FNN_NAME(slope_sums_part)(p, &p->c, part, (float *[]){p->partial[0] + part * p->c.cols, p->partial[1] + part * p->c.cols});
}

FNN_INLINE void FNN_NAME(slope_cell)(const FNN_NAME(norm_job) *p, int64_t at, int64_t k, int n) {
    FNN_NAME(put_slope)(p, FNN_NAME(vec_take)(p->dy + at, n), FNN_NAME(vec_take)(p->xhat + at, n), at, k, n);
}
COLUMN_MAP(slope, FNN_NAME(norm_job), FNN_NAME(slope_cell))

static void FNN_NAME(slope_chunk)(void *p, int64_t part, int thread) {
    (void)thread;
    FNN_NAME(slope_part)(p, &((FNN_NAME(norm_job) *)p)->c, FNN_NAME(from_behind)(p, part));
}

/* The gradient that reaches xhat * gamma + beta. */
FNN_INLINE VEC FNN_NAME(upstream)(const FNN_NAME(norm_job) *p, VEC xhat, int64_t at, int64_t k, int n) {
    const VEC dy = FNN_NAME(vec_take_streaming)(p->dy + at, n);
    if (!p->relu) return dy;
    return FNN_NAME(vec_where_positive)(p->kept ? FNN_NAME(vec_take_streaming)(p->kept + at, n) : FNN_NAME(scaled)(p, xhat, k, n), dy);
}

FNN_INLINE void FNN_NAME(norm_sums_cell)(const FNN_NAME(norm_job) *p, int64_t at, int64_t k, int n, VEC *q) {
    const VEC xhat = FNN_NAME(standardized)(p, at, k, n);
    q[0] = FNN_NAME(upstream)(p, xhat, at, k, n);
    if (p->dresidual) FNN_NAME(vec_put)(p->dresidual + at, q[0], n);
    q[1] = FNN_NAME(vec_multiply)(q[0], xhat);
    q[2] = FNN_NAME(vec_multiply)(q[0], FNN_NAME(vec_take)(p->gamma + k, n));
    q[3] = FNN_NAME(vec_multiply)(q[2], xhat);
}
COLUMN_SUMS(norm_sums, FNN_NAME(norm_job), 4, FNN_NAME(norm_sums_cell))

static void FNN_NAME(norm_sums_chunk)(void *arg, int64_t part, int thread) {
    const FNN_NAME(norm_job) *p = arg;
    const int64_t at = part * p->c.cols;
    (void)thread;
    FNN_NAME(norm_sums_part)(p, &p->c, part, (float *[]){p->partial[0] + at, p->partial[1] + at, p->partial[2] + at, p->partial[3] + at});
}

FNN_INLINE void FNN_NAME(norm_slope_cell)(const FNN_NAME(norm_job) *p, int64_t at, int64_t k, int n) {
    const VEC xhat = FNN_NAME(standardized)(p, at, k, n), dy = FNN_NAME(upstream)(p, xhat, at, k, n);
    FNN_NAME(put_slope)(p, FNN_NAME(vec_multiply)(dy, FNN_NAME(vec_take)(p->gamma + k, n)), xhat, at, k, n);
}
COLUMN_MAP(norm_slope, FNN_NAME(norm_job), FNN_NAME(norm_slope_cell))

static void FNN_NAME(norm_slope_chunk)(void *p, int64_t part, int thread) {
    (void)thread;
    FNN_NAME(norm_slope_part)(p, &((FNN_NAME(norm_job) *)p)->c, FNN_NAME(from_behind)(p, part));
}

/* ---- steps ---- */

/* Everything that is kept for parts and wide rows, in scratch. */
static int64_t FNN_NAME(scratch_floats)(const FNN_NAME(columns) *c) { return 4 * c->parts * c->cols + 6 * c->width; }

static FNN_NAME(norm_job) FNN_NAME(job_of)(int64_t rows, int64_t cols, float *scratch, float **rest) {
    FNN_NAME(norm_job) p = {.c = FNN_NAME(columns_of)(rows, cols)};
    const int64_t cells = p.c.parts * cols;
    for (int q = 0; q < 4; q++) p.partial[q] = scratch + q * cells;
    p.means = (double *)scratch;
    p.squares = p.means + cells;
    *rest = scratch + 4 * cells;
    return p;
}

int64_t FNN_NAME(standardize_columns_bytes)(int64_t rows, int64_t cols) {
    const FNN_NAME(columns) c = FNN_NAME(columns_of)(rows, cols);
    return FNN_NAME(scratch_floats)(&c) * (int64_t)sizeof(float);
}

int FNN_NAME(standardize_columns)(fnn_step *s, int64_t rows, int64_t cols) {
    float *rest;
    FNN_NAME(norm_job) p = FNN_NAME(job_of)(rows, cols, s->scratch, &rest);
    float *const statistics[] = {s->out[1].data, s->out[2].data, s->out[3].data};
    p.x = s->in[0].data;
    p.y = s->out[0].data;
    FNN_NAME(find_statistics)(&p, s->attr[1].f, statistics);
    p.centre = FNN_NAME(widen)(&p.c, statistics[0], 0, &rest);
    p.factor = FNN_NAME(widen)(&p.c, statistics[2], 0, &rest);
    fnn_parallel(p.c.parts, 2.0 * (double)s->in[0].size, FNN_NAME(standardize_chunk), &p);
    return FNN_OK;
}

/* Makes shift and slope from the sums in partial[q], partial[q + 1] and what reaches mean and variance otherwise. */
static void FNN_NAME(find_slope)(FNN_NAME(norm_job) *p, int q, const float *inverse, const float *dmean, const float *dvariance,
                                 float *level, float *tilt, float **rest) {
    const double count = (double)p->c.rows;
    float *shift = *rest, *slope = shift + p->c.width;
    double levels[FNN_SOME], tilts[FNN_SOME];
    for (int64_t k = 0; k < p->c.cols; k += FNN_SOME) {
        const int64_t n = fnn_min(FNN_SOME, p->c.cols - k);
        FNN_NAME(column_totals)(&p->c, p->partial[q], k, n, levels);
        FNN_NAME(column_totals)(&p->c, p->partial[q + 1], k, n, tilts);
        for (int64_t j = 0; j < n; j++) {
            const double scale = inverse[k + j];
            shift[k + j] = (float)((dmean ? dmean[k + j] : 0) / count - scale * (levels[j] / count));
            slope[k + j] = (float)(2 * (dvariance ? dvariance[k + j] : 0) / (scale * count) - scale * (tilts[j] / count));
            if (level) level[k + j] = (float)(levels[j] / count);
            if (tilt) tilt[k + j] = (float)(tilts[j] / count);
        }
    }
    for (int64_t k = p->c.cols; k < p->c.width; k++) {
        shift[k] = shift[k - p->c.cols];
        slope[k] = slope[k - p->c.cols];
    }
    p->shift = shift;
    p->slope = slope;
    *rest += 2 * p->c.width;
}

int FNN_NAME(standardize_columns_backward)(fnn_step *s, int64_t rows, int64_t cols) {
    float *rest;
    FNN_NAME(norm_job) p = FNN_NAME(job_of)(rows, cols, s->scratch, &rest);
    p.dy = s->in[0].data;
    p.xhat = s->in[3].data;
    p.dx = s->out[0].data;
    fnn_parallel(p.c.parts, 2.0 * (double)s->in[0].size, FNN_NAME(slope_sums_chunk), &p);
    FNN_NAME(find_slope)(&p, 0, s->in[4].data, s->in[1].data, s->in[2].data, s->out[1].data, s->out[2].data, &rest);
    p.factor = FNN_NAME(widen)(&p.c, s->in[4].data, 0, &rest);
    if (p.dx) fnn_parallel(p.c.parts, 3.0 * (double)s->in[0].size, FNN_NAME(slope_chunk), &p);
    return FNN_OK;
}

/* in = x gamma beta residual, all but x may be missing; out = y mean variance inverse_deviation; attributes epsilon, relu. */
static int FNN_NAME(fused_batch_norm)(fnn_step *s) {
    const int64_t cols = s->in[0].shape[s->in[0].ndim - 1];
    float *const statistics[] = {s->out[1].data, s->out[2].data, s->out[3].data}, *rest;
    if (!s->in[0].size) return FNN_OK;
    FNN_NAME(norm_job) p = FNN_NAME(job_of)(s->in[0].size / cols, cols, s->scratch, &rest);
    p.x = s->in[0].data;
    p.residual = s->in[3].data;
    p.y = s->out[0].data;
    p.relu = s->attr[1].i[0] != 0;
    FNN_NAME(find_statistics)(&p, s->attr[0].f, statistics);
    p.centre = FNN_NAME(widen)(&p.c, statistics[0], 0, &rest);
    p.factor = FNN_NAME(widen)(&p.c, statistics[2], 0, &rest);
    p.gamma = FNN_NAME(widen)(&p.c, s->in[1].data, 1, &rest);
    p.beta = FNN_NAME(widen)(&p.c, s->in[2].data, 0, &rest);
    fnn_parallel(p.c.parts, 2.0 * (double)s->in[0].size, FNN_NAME(norm_chunk), &p);
    return FNN_OK;
}

/* in = dy x mean inverse_deviation gamma beta y dmean dvariance, of which all from gamma on may be missing;
 * out = dx dgamma dbeta dresidual. With relu the gradient passes where y is positive; without y, where the normalized
 * number is, which is computed again. */
static int FNN_NAME(fused_batch_norm_backward)(fnn_step *s) {
    const int64_t cols = s->in[0].shape[s->in[0].ndim - 1];
    float *rest;
    if (!s->in[0].size) return FNN_OK;
    FNN_NAME(norm_job) p = FNN_NAME(job_of)(s->in[0].size / cols, cols, s->scratch, &rest);
    p.dy = s->in[0].data;
    p.x = s->in[1].data;
    p.kept = s->in[6].data;
    p.dx = s->out[0].data;
    p.dresidual = s->out[3].data;
    p.relu = s->attr[1].i[0] != 0;
    p.centre = FNN_NAME(widen)(&p.c, s->in[2].data, 0, &rest);
    p.factor = FNN_NAME(widen)(&p.c, s->in[3].data, 0, &rest);
    p.gamma = FNN_NAME(widen)(&p.c, s->in[4].data, 1, &rest);
    p.beta = FNN_NAME(widen)(&p.c, s->in[5].data, 0, &rest);
    fnn_parallel(p.c.parts, 3.0 * (double)s->in[0].size, FNN_NAME(norm_sums_chunk), &p);
    FNN_NAME(put_column_totals)(&p.c, p.partial[0], s->out[2].data);
    FNN_NAME(put_column_totals)(&p.c, p.partial[1], s->out[1].data);
    FNN_NAME(find_slope)(&p, 2, s->in[3].data, s->in[7].data, s->in[8].data, NULL, NULL, &rest);
    if (p.dresidual) { /* the gradient as it is behind the relu lies there already */
        p.dy = p.dresidual;
        p.relu = 0;
    }
    if (p.dx) fnn_parallel(p.c.parts, 3.0 * (double)s->in[0].size, FNN_NAME(norm_slope_chunk), &p);
    return FNN_OK;
}

static int64_t FNN_NAME(norm_scratch)(const fnn_step *s, int backward) {
    const fnn_tensor *x = &s->in[0];
    const int64_t cols = x->ndim ? x->shape[x->ndim - 1] : 1;
    (void)backward;
    return x->size ? FNN_NAME(standardize_columns_bytes)(x->size / cols, cols) : 0;
}

const fnn_entry FNN_NAME(batch_norm_entries)[] = {
    {"fused_batch_norm", "x gamma beta residual", "epsilon relu", FNN_NAME(fused_batch_norm), FNN_NAME(fused_batch_norm_backward),
     FNN_NAME(norm_scratch)},
    {0},
};
#endif
