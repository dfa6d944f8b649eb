/* normalization.c: mean 0 and variance 1 over groups of cells; moving averages; local response normalisation.
 *
 * Groups that are the columns of a matrix are batch_norm.c's, its rows row_norm.c's. Otherwise every group is one
 * thread's, and its sums are taken in double and in one order. Axes of x that lie side by side and are both kept, or
 * both reduced, count as one. A group's cells come in runs of neighbours: where the last axis is kept, up to LANES
 * groups are worked on side by side; where it is reduced, the lanes are parts of one group.
 */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "normalization.c"
#include "every_isa.h"
#else
#include "batch_norm.h"
#include "row_norm.h"

#define LANES 16
#define NORM_CHUNK 8192 /* cells that one thread takes at once */

typedef struct { int64_t length[FNN_MAX_DIMS], stride[FNN_MAX_DIMS], count; int rank; } FNN_NAME(axes);

typedef struct {
    FNN_NAME(axes) kept, reduced; /* without the last axis */
    int64_t width, blocks, jobs, per_chunk, count;
    int lanes_are_groups;
    double epsilon;
    const float *x, *dy, *dmean, *dvariance, *y_in, *inverse_in;
    float *y, *mean, *variance, *inverse, *dx, *level, *tilt;
} FNN_NAME(grouping);

static int64_t FNN_NAME(place)(const FNN_NAME(axes) *a, int64_t k) {
    int64_t at = 0;
    for (int d = a->rank - 1; d > 0; d--) {
        at += k % a->length[d] * a->stride[d];
        k /= a->length[d];
    }
    return a->rank ? at + k * a->stride[0] : 0;
}

static void FNN_NAME(put_first)(FNN_NAME(axes) *a, int64_t length, int64_t stride) { /* axes come from the last on */
    for (int d = a->rank; d > 0; d--) {
        a->length[d] = a->length[d - 1];
        a->stride[d] = a->stride[d - 1];
    }
    a->length[0] = length;
    a->stride[0] = stride;
    a->rank++;
    a->count *= length;
}

static int FNN_NAME(is_reduced)(const fnn_attr *axis, int rank, int d) {
    if (axis->n < 0) return 1;
    for (int64_t k = 0; k < axis->n; k++)
        if ((axis->i[k] + rank) % rank == d) return 1;
    return 0;
}

static void FNN_NAME(set_groups)(FNN_NAME(grouping) *p, const fnn_tensor *x, const fnn_attr *axis) {
    int64_t stride = 1;
    int before = -1;
    p->kept.count = p->reduced.count = p->width = 1;
    p->lanes_are_groups = 1;
    for (int d = x->ndim - 1; d >= 0; d--) {
        const int64_t length = x->shape[d];
        const int reduced = FNN_NAME(is_reduced)(axis, x->ndim, d);
        if (length == 1) continue;
        if (stride == p->width && (before < 0 || before == reduced)) { /* still the last axis */
            p->width *= length;
            p->lanes_are_groups = !reduced;
        } else {
            FNN_NAME(axes) *side = reduced ? &p->reduced : &p->kept;
            if (before == reduced) {
                side->length[0] *= length;
                side->count *= length;
            } else FNN_NAME(put_first)(side, length, stride);
        }
        before = reduced;
        stride *= length;
    }
    p->count = p->reduced.count * (p->lanes_are_groups ? 1 : p->width);
    p->blocks = p->lanes_are_groups ? fnn_ceil_div(p->width, LANES) : 1;
    p->jobs = p->kept.count * p->blocks;
    p->per_chunk = fnn_max(1, NORM_CHUNK / fnn_max(1, p->count));
}

/* Does BODY for every cell: `i` is its place in x, `l` its lane. */
#define EACH_CELL(BODY)                                                     \
    for (int64_t r = 0; r < p->reduced.count; r++) {                        \
        const int64_t at = base + FNN_NAME(place)(&p->reduced, r);          \
        for (int64_t j = 0; j < width; j += LANES) {                        \
            const int lanes = (int)fnn_min(LANES, width - j);               \
            for (int l = 0; l < lanes; l++) { const int64_t i = at + j + l; BODY; } \
        }                                                                   \
    }

static inline void FNN_NAME(average)(const FNN_NAME(grouping) *p, double *sums) { /* sums of lanes to means of groups */
    double total = 0;
    for (int l = 0; l < LANES && !p->lanes_are_groups; l++) total += sums[l];
    for (int l = 0; l < LANES; l++) sums[l] = (p->lanes_are_groups ? sums[l] : total) / (double)p->count;
}

/* Declares for one job: `base` (its first cell), `width` (of a run), `first` (its first group), `groups`. */
#define OF_JOB(job)                                                                                        \
    const int64_t block = (job) % p->blocks * LANES, outer = (job) / p->blocks;                            \
    const int64_t base = FNN_NAME(place)(&p->kept, outer) + block;                                         \
    const int64_t width = p->lanes_are_groups ? fnn_min(LANES, p->width - block) : p->width;               \
    const int64_t first = p->lanes_are_groups ? outer * p->width + block : outer;                          \
    const int64_t groups = p->lanes_are_groups ? width : 1

static void FNN_NAME(standardize_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(grouping) *p = arg;
    const float *x = p->x;
    (void)thread;
    for (int64_t job = chunk * p->per_chunk; job < fnn_min((chunk + 1) * p->per_chunk, p->jobs); job++) {
        OF_JOB(job);
        double mean[LANES] = {0}, variance[LANES] = {0};
        float centre[LANES], factor[LANES];
        EACH_CELL(mean[l] += x[i])
        FNN_NAME(average)(p, mean);
        EACH_CELL(const double away = x[i] - mean[l]; variance[l] += away * away)
        FNN_NAME(average)(p, variance);
        for (int l = 0; l < LANES; l++) {
            centre[l] = (float)mean[l];
            factor[l] = (float)(1 / sqrt(variance[l] + p->epsilon));
        }
        for (int64_t l = 0; l < groups; l++) {
            p->mean[first + l] = centre[l];
            p->variance[first + l] = (float)variance[l];
            p->inverse[first + l] = factor[l];
        }
        EACH_CELL(p->y[i] = (x[i] - centre[l]) * factor[l])
    }
}

static void FNN_NAME(standardize_backward_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(grouping) *p = arg;
    const float *dy = p->dy, *y = p->y_in;
    (void)thread;
    for (int64_t job = chunk * p->per_chunk; job < fnn_min((chunk + 1) * p->per_chunk, p->jobs); job++) {
        OF_JOB(job);
        double level[LANES] = {0}, tilt[LANES] = {0};
        float shift[LANES] = {0}, slope[LANES] = {0}, factor[LANES] = {0};
        EACH_CELL(level[l] += dy[i]; tilt[l] += (double)dy[i] * y[i])
        FNN_NAME(average)(p, level);
        FNN_NAME(average)(p, tilt);
        for (int l = 0; l < LANES; l++) {
            const int64_t g = first + (p->lanes_are_groups ? fnn_min(l, groups - 1) : 0);
            const double inverse = p->inverse_in[g], n = (double)p->count;
            factor[l] = (float)inverse;
            shift[l] = (float)(p->dmean[g] / n - inverse * level[l]);
            slope[l] = (float)(2 * p->dvariance[g] / (inverse * n) - inverse * tilt[l]);
        }
        for (int64_t l = 0; l < groups; l++) {
            if (p->level) p->level[first + l] = (float)level[l];
            if (p->tilt) p->tilt[first + l] = (float)tilt[l];
        }
        if (p->dx) EACH_CELL(p->dx[i] = factor[l] * dy[i] + shift[l] + slope[l] * y[i])
    }
}

/* Whether the groups are the columns of a matrix, or all cells are one group. */
static int FNN_NAME(of_columns)(const FNN_NAME(grouping) *p) {
    return p->kept.rank == 0 && p->reduced.rank == (p->lanes_are_groups && p->count > 1);
}

/* Whether they are the rows of a matrix. */
static int FNN_NAME(of_rows)(const FNN_NAME(grouping) *p) {
    return !p->lanes_are_groups && p->kept.rank == 1 && p->reduced.rank == 0;
}

static int FNN_NAME(standardize)(fnn_step *s) {
    FNN_NAME(grouping) p = {.x = s->in[0].data, .y = s->out[0].data, .mean = s->out[1].data, .variance = s->out[2].data,
                            .inverse = s->out[3].data, .epsilon = s->attr[1].f};
    if (!s->in[0].size) return FNN_OK;
    FNN_NAME(set_groups)(&p, &s->in[0], &s->attr[0]);
    if (FNN_NAME(of_columns)(&p)) return FNN_NAME(standardize_columns)(s, p.count, s->in[0].size / p.count);
    if (FNN_NAME(of_rows)(&p)) return FNN_NAME(standardize_rows)(s, s->in[0].size / p.count, p.count);
    fnn_parallel(fnn_ceil_div(p.jobs, p.per_chunk), 6.0 * (double)s->in[0].size, FNN_NAME(standardize_chunk), &p);
    return FNN_OK;
}

static int FNN_NAME(standardize_backward)(fnn_step *s) {
    FNN_NAME(grouping) p = {.dy = s->in[0].data, .dmean = s->in[1].data, .dvariance = s->in[2].data,
                            .y_in = s->in[3].data, .inverse_in = s->in[4].data, .dx = s->out[0].data,
                            .level = s->out[1].data, .tilt = s->out[2].data};
    if (!s->in[0].size) return FNN_OK;
    FNN_NAME(set_groups)(&p, &s->in[0], &s->attr[0]);
    if (FNN_NAME(of_columns)(&p)) return FNN_NAME(standardize_columns_backward)(s, p.count, s->in[0].size / p.count);
    if (FNN_NAME(of_rows)(&p)) return FNN_NAME(standardize_rows_backward)(s, s->in[0].size / p.count, p.count);
    fnn_parallel(fnn_ceil_div(p.jobs, p.per_chunk), 6.0 * (double)s->in[0].size, FNN_NAME(standardize_backward_chunk), &p);
    return FNN_OK;
}

static int64_t FNN_NAME(standardize_scratch)(const fnn_step *s, int backward) {
    FNN_NAME(grouping) p = {0};
    (void)backward;
    if (!s->in[0].size) return 0;
    FNN_NAME(set_groups)(&p, &s->in[0], &s->attr[0]);
    return FNN_NAME(of_columns)(&p) ? FNN_NAME(standardize_columns_bytes)(p.count, s->in[0].size / p.count) : 0;
}

/* ---- with statistics that are known: in = x mean variance gamma beta; gamma and beta may be missing ---- */

typedef struct {
    FNN_NAME(grouping) groups; /* one for every place of the axis */
    const float *mean, *variance, *gamma, *beta;
    float *dmean, *dvariance, *dgamma, *dbeta;
} FNN_NAME(known);

static inline double FNN_NAME(number)(const float *v, int64_t at, double other) { return v ? v[at] : other; }

static void FNN_NAME(known_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(known) *k = arg;
    const FNN_NAME(grouping) *p = &k->groups;
    const float *x = p->x;
    (void)thread;
    for (int64_t job = chunk * p->per_chunk; job < fnn_min((chunk + 1) * p->per_chunk, p->jobs); job++) {
        OF_JOB(job);
        float centre[LANES], factor[LANES], offset[LANES];
        for (int l = 0; l < LANES; l++) {
            const int64_t g = first + (p->lanes_are_groups ? fnn_min(l, groups - 1) : 0);
            centre[l] = k->mean[g];
            factor[l] = (float)(FNN_NAME(number)(k->gamma, g, 1) / sqrt(k->variance[g] + p->epsilon));
            offset[l] = (float)FNN_NAME(number)(k->beta, g, 0);
        }
        EACH_CELL(p->y[i] = (x[i] - centre[l]) * factor[l] + offset[l])
    }
}

static void FNN_NAME(known_backward_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(known) *k = arg;
    const FNN_NAME(grouping) *p = &k->groups;
    const float *dy = p->dy, *x = p->x;
    (void)thread;
    for (int64_t job = chunk * p->per_chunk; job < fnn_min((chunk + 1) * p->per_chunk, p->jobs); job++) {
        OF_JOB(job);
        double level[LANES] = {0}, tilt[LANES] = {0}, inverse[LANES];
        float centre[LANES], factor[LANES];
        for (int l = 0; l < LANES; l++) {
            const int64_t g = first + (p->lanes_are_groups ? fnn_min(l, groups - 1) : 0);
            centre[l] = k->mean[g];
            inverse[l] = 1 / sqrt(k->variance[g] + p->epsilon);
            factor[l] = (float)(FNN_NAME(number)(k->gamma, g, 1) * inverse[l]);
        }
        if (p->dx) EACH_CELL(p->dx[i] = dy[i] * factor[l])
        if (!k->dmean && !k->dvariance && !k->dgamma && !k->dbeta) continue;
        EACH_CELL(level[l] += dy[i]; tilt[l] += (double)dy[i] * (x[i] - centre[l]))
        for (int l = 1; l < LANES && !p->lanes_are_groups; l++) {
            level[0] += level[l];
            tilt[0] += tilt[l];
        }
        for (int64_t l = 0; l < groups; l++) {
            const int64_t g = first + l;
            if (k->dmean) k->dmean[g] = (float)(-factor[l] * level[l]);
            if (k->dvariance) k->dvariance[g] = (float)(-0.5 * factor[l] * inverse[l] * inverse[l] * tilt[l]);
            if (k->dgamma) k->dgamma[g] = (float)(inverse[l] * tilt[l]);
            if (k->dbeta) k->dbeta[g] = (float)level[l];
        }
    }
}

static void FNN_NAME(set_known)(FNN_NAME(known) *k, const fnn_tensor *x, const fnn_attr *attr) {
    fnn_attr rest = {0};
    const int64_t axis = (attr[0].i[0] + x->ndim) % x->ndim;
    for (int64_t d = 0; d < x->ndim; d++)
        if (d != axis) rest.i[rest.n++] = d;
    FNN_NAME(set_groups)(&k->groups, x, &rest);
    k->groups.epsilon = attr[1].f;
}

static int FNN_NAME(standardize_with)(fnn_step *s) {
    FNN_NAME(known) k = {.groups = {.x = s->in[0].data, .y = s->out[0].data}, .mean = s->in[1].data,
                         .variance = s->in[2].data, .gamma = s->in[3].data, .beta = s->in[4].data};
    if (!s->in[0].size) return FNN_OK;
    FNN_NAME(set_known)(&k, &s->in[0], s->attr);
    fnn_parallel(fnn_ceil_div(k.groups.jobs, k.groups.per_chunk), 2.0 * (double)s->in[0].size, FNN_NAME(known_chunk), &k);
    return FNN_OK;
}

static int FNN_NAME(standardize_with_backward)(fnn_step *s) {
    FNN_NAME(known) k = {.groups = {.dy = s->in[0].data, .x = s->in[1].data, .dx = s->out[0].data},
                         .mean = s->in[2].data, .variance = s->in[3].data, .gamma = s->in[4].data,
                         .dmean = s->out[1].data, .dvariance = s->out[2].data, .dgamma = s->out[3].data,
                         .dbeta = s->out[4].data};
    if (!s->in[0].size) {
        for (int n = 1; n < 5; n++)
            if (s->out[n].data) memset(s->out[n].data, 0, (size_t)s->out[n].size * sizeof(float));
        return FNN_OK;
    }
    FNN_NAME(set_known)(&k, &s->in[0], s->attr);
    fnn_parallel(fnn_ceil_div(k.groups.jobs, k.groups.per_chunk), 4.0 * (double)s->in[0].size,
                 FNN_NAME(known_backward_chunk), &k);
    return FNN_OK;
}

/* ---- statistics that move on ---- */

static int FNN_NAME(moving_average)(fnn_step *s) {
    const float *average = s->in[0].data, *value = s->in[1].data;
    const float momentum = (float)s->attr[0].f, rest = (float)(1 - s->attr[0].f);
    float *y = s->out[0].data;
    for (int64_t k = 0; k < s->out[0].size; k++) y[k] = average[k] * momentum + value[k] * rest;
    return FNN_OK;
}

static int FNN_NAME(moving_average_backward)(fnn_step *s) {
    const float *dy = s->in[0].data, factors[2] = {(float)s->attr[0].f, (float)(1 - s->attr[0].f)};
    for (int n = 0; n < 2; n++) {
        float *d = s->out[n].data;
        for (int64_t k = 0; d && k < s->out[n].size; k++) d[k] = dy[k] * factors[n];
    }
    return FNN_OK;
}

/* ---- neighbouring channels ---- */

typedef struct {
    const float *x, *dy, *base_in;
    float *y, *base, *dx, *spare;
    int64_t rows, cols, radius, per_chunk;
    double bias, alpha, beta;
} FNN_NAME(damping);

static inline double FNN_NAME(near_sum)(const float *v, int64_t k, int64_t radius, int64_t cols, int squared) {
    double sum = 0;
    for (int64_t j = fnn_max(k - radius, 0); j < fnn_min(k + radius + 1, cols); j++)
        sum += squared ? (double)v[j] * v[j] : v[j];
    return sum;
}

static void FNN_NAME(damp_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(damping) *p = arg;
    (void)thread;
    for (int64_t row = chunk * p->per_chunk; row < fnn_min((chunk + 1) * p->per_chunk, p->rows); row++) {
        const float *x = p->x + row * p->cols;
        for (int64_t k = 0; k < p->cols; k++) {
            const double base = p->bias + p->alpha * FNN_NAME(near_sum)(x, k, p->radius, p->cols, 1);
            p->base[row * p->cols + k] = (float)base;
            p->y[row * p->cols + k] = (float)(x[k] * pow(base, -p->beta));
        }
    }
}

static void FNN_NAME(damp_back_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(damping) *p = arg;
    float *mixed = p->spare + thread * p->cols;
    for (int64_t row = chunk * p->per_chunk; row < fnn_min((chunk + 1) * p->per_chunk, p->rows); row++) {
        const float *x = p->x + row * p->cols, *dy = p->dy + row * p->cols, *base = p->base_in + row * p->cols;
        float *dx = p->dx + row * p->cols;
        for (int64_t k = 0; k < p->cols; k++) {
            const double power = pow(base[k], -p->beta);
            dx[k] = (float)(dy[k] * power);
            mixed[k] = (float)(dy[k] * power * x[k] / base[k]);
        }
        for (int64_t k = 0; k < p->cols; k++)
            dx[k] -= (float)(2 * p->alpha * p->beta * x[k] * FNN_NAME(near_sum)(mixed, k, p->radius, p->cols, 0));
    }
}

static void FNN_NAME(set_damping)(FNN_NAME(damping) *p, const fnn_tensor *x, const fnn_attr *attr) {
    p->cols = x->shape[x->ndim - 1];
    p->rows = x->size / p->cols;
    p->radius = fnn_min(attr[0].i[0], p->cols);
    p->bias = attr[1].f;
    p->alpha = attr[2].f;
    p->beta = attr[3].f;
    p->per_chunk = fnn_max(1, NORM_CHUNK / p->cols);
}

static int FNN_NAME(local_response_normalization)(fnn_step *s) {
    FNN_NAME(damping) p = {.x = s->in[0].data, .y = s->out[0].data, .base = s->out[1].data};
    if (!s->in[0].size) return FNN_OK;
    FNN_NAME(set_damping)(&p, &s->in[0], s->attr);
    fnn_parallel(fnn_ceil_div(p.rows, p.per_chunk), 40.0 * (double)s->in[0].size, FNN_NAME(damp_rows), &p);
    return FNN_OK;
}

static int FNN_NAME(local_response_normalization_backward)(fnn_step *s) {
    FNN_NAME(damping) p = {.dy = s->in[0].data, .x = s->in[1].data, .base_in = s->in[2].data, .dx = s->out[0].data,
                           .spare = s->scratch};
    if (!s->in[0].size || !p.dx) return FNN_OK;
    FNN_NAME(set_damping)(&p, &s->in[1], s->attr);
    fnn_parallel(fnn_ceil_div(p.rows, p.per_chunk), 40.0 * (double)s->in[0].size, FNN_NAME(damp_back_rows), &p);
    return FNN_OK;
}

static int64_t FNN_NAME(damping_scratch)(const fnn_step *s, int backward) {
    return backward ? s->in[0].shape[s->in[0].ndim - 1] * fnn_thread_limit() * (int64_t)sizeof(float) : 0;
}

const fnn_entry FNN_NAME(normalization_entries)[] = {
    {"standardize", "x", "axis epsilon", FNN_NAME(standardize), FNN_NAME(standardize_backward),
     FNN_NAME(standardize_scratch)},
    {"standardize_with", "x mean variance gamma beta", "axis epsilon", FNN_NAME(standardize_with),
     FNN_NAME(standardize_with_backward), NULL},
    {"moving_average", "average value", "momentum", FNN_NAME(moving_average), FNN_NAME(moving_average_backward), NULL},
    {"local_response_normalization", "x", "depth_radius bias alpha beta", FNN_NAME(local_response_normalization),
     FNN_NAME(local_response_normalization_backward), FNN_NAME(damping_scratch)},
    {0},
};
#endif
