/* threads.c: one parallel loop over chunks; the rest of the kernels knows nothing of threads. */
#include "fnn.h"
#ifdef _OPENMP
#include <omp.h>
#endif

/* Waking a team costs about as much as this many multiply-adds; below it one thread is faster. */
#define WORTH_SHARING 2e5

static int limit = 0, threads = 0;

int fnn_thread_limit(void) {
    if (limit == 0) {
#ifdef _OPENMP
        limit = (int)fnn_max(1, fnn_min(omp_get_num_procs(), 64));
#else
        limit = 1;
#endif
        threads = limit;
    }
    return limit;
}

int fnn_threads(void) { return fnn_thread_limit() < threads ? limit : threads; }
void fnn_set_threads(int n) { threads = (int)fnn_max(1, fnn_min(n, fnn_thread_limit())); }

void fnn_parallel(int64_t chunks, double work, void (*body)(void *, int64_t, int), void *arg) {
    int team = (int)fnn_min(fnn_threads(), chunks);
#ifdef _OPENMP
    if (team > 1 && work >= WORTH_SHARING && !omp_in_parallel()) {
#pragma omp parallel for num_threads(team) schedule(dynamic, 1)
        for (int64_t c = 0; c < chunks; c++) body(arg, c, omp_get_thread_num());
        return;
    }
#endif
    (void)work;
    (void)team;
    for (int64_t c = 0; c < chunks; c++) body(arg, c, 0);
}
