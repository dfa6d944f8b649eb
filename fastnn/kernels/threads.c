/* threads.c: one parallel loop over chunks; the rest of the kernels knows nothing of threads.
 *
 * A small pool of our own. Chunks are claimed one by one with a compare-and-swap on a ticket, by workers and caller
 * alike, and the caller waits only for chunks that somebody claimed: a worker that the system does not schedule
 * claims nothing and holds nobody up. Workers spin for some tens of microseconds, then sleep.
 *
 *     ticket  = generation << 32 | next chunk         changing it is claiming; CLOSED while a job is being posted
 *     done    = chunks finished in this generation    the caller leaves when done == chunks
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "fnn.h"

/* Waking a team costs about as much as this many multiply-adds; below it one thread is faster. */
#define WORTH_SHARING 2e5
#define MOST_THREADS 64

#if !defined(_WIN32)
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#define CLOSED 0xffffffffu /* as next chunk: more than any job has */
#define SPINS 4000 /* turns of a worker before it sleeps: some tens of microseconds */

static _Atomic int limit, threads;
static _Atomic uint64_t ticket;
static _Atomic int64_t chunks_of_job, done;
static void (*_Atomic body_of_job)(void *, int64_t, int);
static void *_Atomic arg_of_job;
static _Atomic int busy, sleeping;
static int started;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

static int usable_processors(void) {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Claims and runs chunks of the current job until none is left. A claim succeeds only while the job is unfinished,
 * so what was read of the job before it belongs to the same generation. */
static void work(int thread) {
    for (;;) {
        uint64_t seen = atomic_load(&ticket);
        const int64_t chunk = (int64_t)(seen & 0xffffffffu);
        void (*const body)(void *, int64_t, int) = atomic_load(&body_of_job);
        void *const arg = atomic_load(&arg_of_job);
        if (chunk >= atomic_load(&chunks_of_job)) return;
        if (!atomic_compare_exchange_weak(&ticket, &seen, seen + 1)) continue;
        body(arg, chunk, thread);
        atomic_fetch_add(&done, 1);
    }
}

static void sleep_until(uint64_t seen) {
    pthread_mutex_lock(&lock);
    atomic_fetch_add(&sleeping, 1);
    while (atomic_load(&ticket) >> 32 == seen) pthread_cond_wait(&wake, &lock);
    atomic_fetch_sub(&sleeping, 1);
    pthread_mutex_unlock(&lock);
}

static void *worker(void *number) {
    const int thread = (int)(intptr_t)number;
    uint64_t seen = 0;
    for (;;) {
        for (int k = 0; k < SPINS && atomic_load(&ticket) >> 32 == seen; k++) relax();
        if (atomic_load(&ticket) >> 32 == seen) sleep_until(seen);
        seen = atomic_load(&ticket) >> 32;
        if (thread < atomic_load(&threads)) work(thread);
    }
    return NULL;
}

/* A forked child has none of the workers: it starts its own at its first parallel loop. */
static void forget_workers(void) {
    started = 0;
    atomic_store(&busy, 0);
    atomic_store(&sleeping, 0);
    atomic_store(&chunks_of_job, 0); /* whatever the parent was at is not ours to go on with */
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&wake, NULL);
}

static void start_workers(void) {
    static int watching_forks;
    pthread_attr_t attr;
    if (started) return;
    started = 1;
    if (!watching_forks) watching_forks = !pthread_atfork(NULL, NULL, forget_workers);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    for (int k = 1; k < fnn_thread_limit(); k++) {
        pthread_t thread;
        if (pthread_create(&thread, &attr, worker, (void *)(intptr_t)k)) break; /* fewer workers do the same work */
    }
    pthread_attr_destroy(&attr);
}

int fnn_thread_limit(void) {
    if (!atomic_load(&limit)) {
        const int found = (int)fnn_max(1, fnn_min(usable_processors(), MOST_THREADS));
        atomic_store(&threads, found);
        atomic_store(&limit, found);
    }
    return atomic_load(&limit);
}

int fnn_threads(void) {
    fnn_thread_limit();
    return atomic_load(&threads);
}

void fnn_set_threads(int n) { atomic_store(&threads, (int)fnn_max(1, fnn_min(n, fnn_thread_limit()))); }

static void share(int64_t chunks, void (*body)(void *, int64_t, int), void *arg) {
    start_workers();
    /* A worker may still be about to look for one more chunk of the last job. It must not claim one with that job's
     * ticket once this job's number of chunks is known: the old ticket goes first. */
    atomic_store(&ticket, ((atomic_load(&ticket) >> 32) + 1) << 32 | CLOSED);
    atomic_store(&body_of_job, body);
    atomic_store(&arg_of_job, arg);
    atomic_store(&done, 0);
    atomic_store(&chunks_of_job, chunks);
    atomic_store(&ticket, ((atomic_load(&ticket) >> 32) + 1) << 32);
    if (atomic_load(&sleeping)) {
        pthread_mutex_lock(&lock);
        pthread_cond_broadcast(&wake);
        pthread_mutex_unlock(&lock);
    }
    work(0);
    for (int k = 0; atomic_load(&done) < chunks; k++) k < SPINS ? relax() : (void)sched_yield();
}

void fnn_parallel(int64_t chunks, double cost, void (*body)(void *, int64_t, int), void *arg) {
    int free_pool = 0;
    if (chunks > 1 && chunks < 0x7fffffff && cost >= WORTH_SHARING && fnn_threads() > 1 &&
        atomic_compare_exchange_strong(&busy, &free_pool, 1)) {
        share(chunks, body, arg);
        atomic_store(&busy, 0);
        return;
    }
    for (int64_t c = 0; c < chunks; c++) body(arg, c, 0); /* small, or another thread has the pool */
}

#else /* Windows: OpenMP, where the compiler was asked for it */
#ifdef _OPENMP
#include <omp.h>
#endif

static int limit, threads;

int fnn_thread_limit(void) {
    if (limit == 0) {
#ifdef _OPENMP
        limit = (int)fnn_max(1, fnn_min(omp_get_num_procs(), MOST_THREADS));
#else
        limit = 1;
#endif
        threads = limit;
    }
    return limit;
}

int fnn_threads(void) {
    fnn_thread_limit();
    return threads;
}

void fnn_set_threads(int n) { threads = (int)fnn_max(1, fnn_min(n, fnn_thread_limit())); }

void fnn_parallel(int64_t chunks, double cost, void (*body)(void *, int64_t, int), void *arg) {
    int64_t c;
#ifdef _OPENMP
    if (chunks > 1 && cost >= WORTH_SHARING && fnn_threads() > 1 && !omp_in_parallel()) {
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
        for (c = 0; c < chunks; c++) body(arg, c, omp_get_thread_num());
        return;
    }
#endif
    for (c = 0; c < chunks; c++) body(arg, c, 0);
}
#endif
