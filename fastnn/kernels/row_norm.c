/* row_norm.c: standardize where the rows of a matrix are the groups, as in layer normalization; for normalization.c.
 *
 * A row is one thread's. Of every block of it the mean, then the squared deviations from it, in a fixed order; blocks
 * are joined as in batch_norm.c.
 */
#include "fnn.h"
#include "vector_system.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "row_norm.c"
#include "every_isa.h"
#else
#include "vector.h"
#include "vector_choice.h"
#include "row_norm.h"

#define BLOCK 1024     /* numbers of a row that are added in float */
#define ROW_CHUNK 8192 /* cells that one thread takes at once */
#define SUMS 4         /* vectors that are added side by side */

typedef struct {
    int64_t rows, cols;
    double epsilon;
    const float *x, *dy, *xhat, *inverse_in, *dmean, *dvariance;
    float *y, *mean, *variance, *inverse, *level, *tilt;
} FNN_NAME(row_job);

/* Adds what CELL makes of the vectors of a block of n numbers, COUNT sums at once; CELL reads `k`, `n` and sets `term`. */
#define BLOCK_SUMS(COUNT, SIZE, OUT, CELL)                                                           \
    do {                                                                                             \
        VEC sums[COUNT][SUMS] = {{FNN_NAME(vec_fill)(0)}}, term[COUNT];                              \
        for (int q = 0; q < COUNT; q++) for (int j = 0; j < SUMS; j++) sums[q][j] = FNN_NAME(vec_fill)(0); \
        int64_t k = 0;                                                                               \
        for (; k + SUMS * FNN_LANES <= (SIZE); )                                                     \
            for (int j = 0; j < SUMS; j++, k += FNN_LANES) {                                         \
                const int n = FNN_LANES;                                                             \
                CELL;                                                                                \
                for (int q = 0; q < COUNT; q++) sums[q][j] = FNN_NAME(vec_add)(sums[q][j], term[q]); \
            }                                                                                        \
        for (; k < (SIZE); k += FNN_LANES) {                                                         \
            const int n = (int)fnn_min(FNN_LANES, (SIZE) - k);                                       \
            CELL;                                                                                    \
            for (int q = 0; q < COUNT; q++) sums[q][0] = FNN_NAME(vec_add)(sums[q][0], term[q]);     \
        }                                                                                            \
        for (int q = 0; q < COUNT; q++)                                                              \
            OUT[q] = FNN_NAME(vec_sum)(FNN_NAME(vec_add)(FNN_NAME(vec_add)(sums[q][0], sums[q][1]),  \
                                                         FNN_NAME(vec_add)(sums[q][2], sums[q][3]))); \
    } while (0)

/* Deviations behind the last number are left out: they would be those of 0. */
FNN_INLINE VEC FNN_NAME(deviation)(const float *x, float centre, int n) {
    if (n < FNN_LANES) {
        float rest[FNN_LANES] = {0};
        for (int l = 0; l < n; l++) rest[l] = x[l] - centre;
        return FNN_NAME(vec_load)(rest);
    }
    return FNN_NAME(vec_subtract)(FNN_NAME(vec_load)(x), FNN_NAME(vec_fill)(centre));
}

static inline void FNN_NAME(row_moments)(const float *x, int64_t size, double *mean, double *squares) {
    *mean = *squares = 0;
    for (int64_t first = 0; first < size; first += BLOCK) {
        const int64_t count = fnn_min(BLOCK, size - first);
        const float *b = x + first;
        const double share = (double)count / (double)(first + count);
        float total[1], away[2];
        BLOCK_SUMS(1, count, total, term[0] = FNN_NAME(vec_take)(b + k, n));
        const float centre = total[0] / (float)count;
        BLOCK_SUMS(2, count, away, term[0] = FNN_NAME(deviation)(b + k, centre, n); term[1] = FNN_NAME(vec_multiply)(term[0], term[0]));
        const double rest = away[0] / (double)count, apart = centre + rest - *mean;
        *squares += away[1] - away[0] * rest + apart * apart * ((double)first * share);
        *mean += apart * share;
    }
    if (*squares < INFINITY) return;
    *mean = *squares = 0; /* infinities, NaN and squares too large for float: as the formulas are read */
    for (int64_t k = 0; k < size; k++) *mean += x[k];
    *mean /= (double)size;
    for (int64_t k = 0; k < size; k++) *squares += (x[k] - *mean) * (x[k] - *mean);
}

static inline int64_t FNN_NAME(rows_per_chunk)(const FNN_NAME(row_job) *p) { return fnn_max(1, ROW_CHUNK / p->cols); }

static void FNN_NAME(standardize_rows_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_job) *p = arg;
    const int64_t some = FNN_NAME(rows_per_chunk)(p);
    (void)thread;
    for (int64_t r = chunk * some; r < fnn_min((chunk + 1) * some, p->rows); r++) {
        const float *x = p->x + r * p->cols;
        float *y = p->y + r * p->cols;
        double mean, squares;
        FNN_NAME(row_moments)(x, p->cols, &mean, &squares);
        const double variance = squares / (double)p->cols;
        const float centre = (float)mean, factor = (float)(1 / sqrt(variance + p->epsilon));
        p->mean[r] = centre;
        p->variance[r] = (float)variance;
        p->inverse[r] = factor;
        for (int64_t k = 0; k < p->cols; k++) y[k] = (x[k] - centre) * factor;
    }
}

static void FNN_NAME(standardize_rows_backward_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(row_job) *p = arg;
    const int64_t some = FNN_NAME(rows_per_chunk)(p), cols = p->cols;
    const double count = (double)cols;
    (void)thread;
    for (int64_t r = chunk * some; r < fnn_min((chunk + 1) * some, p->rows); r++) {
        const float *dy = p->dy + r * cols, *xhat = p->xhat + r * cols;
        double level = 0, tilt = 0;
        for (int64_t first = 0; first < cols; first += BLOCK) {
            float sum[2];
            BLOCK_SUMS(2, fnn_min(BLOCK, cols - first), sum, term[0] = FNN_NAME(vec_take)(dy + first + k, n);
                       term[1] = FNN_NAME(vec_multiply)(term[0], FNN_NAME(vec_take)(xhat + first + k, n)));
            level += sum[0];
            tilt += sum[1];
        }
        const double inverse = p->inverse_in[r];
        const float factor = (float)inverse, shift = (float)(p->dmean[r] / count - inverse * (level / count));
        const float slope = (float)(2 * p->dvariance[r] / (inverse * count) - inverse * (tilt / count));
        if (p->level) p->level[r] = (float)(level / count);
        if (p->tilt) p->tilt[r] = (float)(tilt / count);
        if (!p->y) continue;
        float *dx = p->y + r * cols;
        FNN_CELLWISE
        for (int64_t k = 0; k < cols; k++) dx[k] = factor * dy[k] + shift + slope * xhat[k];
    }
}

int FNN_NAME(standardize_rows)(fnn_step *s, int64_t rows, int64_t cols) {
    FNN_NAME(row_job) p = {.rows = rows, .cols = cols, .epsilon = s->attr[1].f, .x = s->in[0].data, .y = s->out[0].data,
                           .mean = s->out[1].data, .variance = s->out[2].data, .inverse = s->out[3].data};
    fnn_parallel(fnn_ceil_div(rows, FNN_NAME(rows_per_chunk)(&p)), 4.0 * (double)s->in[0].size, FNN_NAME(standardize_rows_chunk), &p);
    return FNN_OK;
}

int FNN_NAME(standardize_rows_backward)(fnn_step *s, int64_t rows, int64_t cols) {
    FNN_NAME(row_job) p = {.rows = rows, .cols = cols, .dy = s->in[0].data, .dmean = s->in[1].data, .dvariance = s->in[2].data,
                           .xhat = s->in[3].data, .inverse_in = s->in[4].data, .y = s->out[0].data,
                           .level = s->out[1].data, .tilt = s->out[2].data};
    fnn_parallel(fnn_ceil_div(rows, FNN_NAME(rows_per_chunk)(&p)), 4.0 * (double)s->in[0].size,
                 FNN_NAME(standardize_rows_backward_chunk), &p);
    return FNN_OK;
}
#endif
