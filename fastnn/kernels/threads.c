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

#include <stdatomic.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- what the operating system gives */

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

static SRWLOCK lock = SRWLOCK_INIT;
static CONDITION_VARIABLE wake = CONDITION_VARIABLE_INIT;
static void take_lock(void) { AcquireSRWLockExclusive(&lock); }
static void give_lock(void) { ReleaseSRWLockExclusive(&lock); }
static void wait_for_wake(void) { SleepConditionVariableSRW(&wake, &lock, INFINITE, 0); }
static void wake_all(void) { WakeAllConditionVariable(&wake); }
static void yield_processor(void) { SwitchToThread(); }

static int usable_processors(void) {
    DWORD_PTR ours, all;
    int count = 0;
    if (!GetProcessAffinityMask(GetCurrentProcess(), &ours, &all)) return 1;
    for (; ours; ours &= ours - 1) count++;
    return count;
}

static void worker(int thread);
static DWORD WINAPI begin(LPVOID number) {
    worker((int)(intptr_t)number);
    return 0;
}
static int start_thread(int number) {
    const HANDLE thread = CreateThread(NULL, 0, begin, (LPVOID)(intptr_t)number, 0, NULL);
    return thread && CloseHandle(thread);
}
static void watch_forks(void (*in_child)(void)) { (void)in_child; }
static void renew_lock(void) {}

#else
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static void take_lock(void) { pthread_mutex_lock(&lock); }
static void give_lock(void) { pthread_mutex_unlock(&lock); }
static void wait_for_wake(void) { pthread_cond_wait(&wake, &lock); }
static void wake_all(void) { pthread_cond_broadcast(&wake); }
static void yield_processor(void) { sched_yield(); }

static int usable_processors(void) {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static void worker(int thread);
static void *begin(void *number) {
    worker((int)(intptr_t)number);
    return NULL;
}
static int start_thread(int number) {
    pthread_t thread;
    return !pthread_create(&thread, NULL, begin, (void *)(intptr_t)number) && !pthread_detach(thread);
}
static void watch_forks(void (*in_child)(void)) { pthread_atfork(NULL, NULL, in_child); }
static void renew_lock(void) {
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&wake, NULL);
}
#endif

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
    __asm__ volatile("yield");
#elif defined(_WIN32)
    YieldProcessor();
#endif
}

/* ---------------------------------------------------------------- the pool */

#define CLOSED 0xffffffffu /* as next chunk: more than any job has */
#define SPINS 4000 /* turns of a worker before it sleeps: some tens of microseconds */

static _Atomic int limit, threads;
static _Atomic uint64_t ticket;
static _Atomic int64_t chunks_of_job, done;
static void (*_Atomic body_of_job)(void *, int64_t, int);
static void *_Atomic arg_of_job;
static _Atomic int busy, sleeping;
static int started;

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
    take_lock();
    atomic_fetch_add(&sleeping, 1);
    while (atomic_load(&ticket) >> 32 == seen) wait_for_wake();
    atomic_fetch_sub(&sleeping, 1);
    give_lock();
}

static void worker(int thread) {
    uint64_t seen = 0;
    for (;;) {
        for (int k = 0; k < SPINS && atomic_load(&ticket) >> 32 == seen; k++) relax();
        if (atomic_load(&ticket) >> 32 == seen) sleep_until(seen);
        seen = atomic_load(&ticket) >> 32;
        if (thread < atomic_load(&threads)) work(thread);
    }
}

/* A forked child has none of the workers: it starts its own at its first parallel loop. */
static void forget_workers(void) {
    started = 0;
    atomic_store(&busy, 0);
    atomic_store(&sleeping, 0);
    atomic_store(&chunks_of_job, 0); /* whatever the parent was at is not ours to go on with */
    renew_lock();
}

static void start_workers(void) {
    static int watching_forks;
    if (started) return;
    started = 1;
    if (!watching_forks) watch_forks(forget_workers);
    watching_forks = 1;
    for (int k = 1; k < fnn_thread_limit(); k++)
        if (!start_thread(k)) break; /* fewer workers do the same work */
}

/* As many as the processors that this process may use, or as FASTNN_NUM_THREADS asks for, if those are more. */
int fnn_thread_limit(void) {
    if (!atomic_load(&limit)) {
        const char *asked = getenv("FASTNN_NUM_THREADS");
        const int64_t found = fnn_max(1, fnn_min(usable_processors(), MOST_THREADS));
        atomic_store(&threads, (int)found);
        atomic_store(&limit, (int)fnn_max(found, fnn_min(asked ? atoll(asked) : 0, MOST_THREADS)));
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
        take_lock();
        wake_all();
        give_lock();
    }
    work(0);
    for (int k = 0; atomic_load(&done) < chunks; k++) k < SPINS ? relax() : yield_processor();
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
