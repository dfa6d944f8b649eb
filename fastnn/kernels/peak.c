/* peak.c: the most that this machine can do, to judge kernels by: multiply-adds on registers, and a triad in memory. */
#include "fnn.h"
#ifndef FNN_ISA
#include "peak.h"
#include "vector_system.h"
#define FNN_FAMILY_FILE "peak.c"
typedef struct {
    int64_t rounds;
    float *sink;
} multiply_add_job;
typedef struct {
    float *a;
    const float *b, *c;
    int64_t n;
} triad_job;
#include "every_isa.h"

typedef void (*body)(void *arg, int64_t chunk, int thread);
#if FNN_X86 /* in the registry's order */
static const body multiply_adds[] = {multiply_adds_avx512, multiply_adds_avx2, multiply_adds_generic};
static const body triads[] = {triad_avx512, triad_avx2, triad_generic};
static const int lanes[] = {16, 8, 4};
#else
static const body multiply_adds[] = {multiply_adds_generic}, triads[] = {triad_generic};
static const int lanes[] = {4};
#endif

double fnn_multiply_adds(int isa, int64_t rounds, float *sink) {
    multiply_add_job job = {rounds, sink};
    fnn_parallel(FNN_PEAK_CHUNKS, 1e9, multiply_adds[isa], &job);
    return 2.0 * (double)(FNN_PEAK_CHUNKS * FNN_PEAK_CHAINS * rounds * lanes[isa]);
}

double fnn_triad(int isa, float *a, const float *b, const float *c, int64_t n) {
    triad_job job = {a, b, c, n};
    fnn_parallel(FNN_PEAK_CHUNKS, 1e9, triads[isa], &job);
    return 12.0 * (double)n;
}
#else
#include "vector.h"

/* As many sums at once as hide the latency of two multiply-adds per cycle; each waits for its own last one only. */
static void FNN_NAME(multiply_adds)(void *arg, int64_t chunk, int thread) {
    const multiply_add_job *p = arg;
    const VEC half = FNN_NAME(vec_fill)(0.5f), one = FNN_NAME(vec_fill)(p->sink[chunk]);
    VEC x[FNN_PEAK_CHAINS], sum;
    (void)thread;
    FNN_UNROLL for (int k = 0; k < FNN_PEAK_CHAINS; k++) x[k] = FNN_NAME(vec_fill)((float)k);
    for (int64_t r = 0; r < p->rounds; r++)
        FNN_UNROLL for (int k = 0; k < FNN_PEAK_CHAINS; k++) x[k] = FNN_NAME(vec_multiply_add)(x[k], half, one);
    sum = x[0];
    FNN_UNROLL for (int k = 1; k < FNN_PEAK_CHAINS; k++) sum = FNN_NAME(vec_add)(sum, x[k]);
    p->sink[chunk] = FNN_NAME(vec_sum)(sum) > 0 ? 1 : 2; /* used, so that nothing is left out */
}

static void FNN_NAME(triad)(void *arg, int64_t chunk, int thread) {
    const triad_job *p = arg;
    const int64_t each = fnn_ceil_div(p->n, FNN_PEAK_CHUNKS), begin = chunk * each, end = fnn_min(p->n, begin + each);
    float *a = p->a;
    const float *b = p->b, *c = p->c;
    (void)thread;
    FNN_CELLWISE for (int64_t k = begin; k < end; k++) a[k] = b[k] + 3 * c[k];
}
#endif
