/* Many callers share one pool: every chunk of every loop runs exactly once, and is finished when its loop returns.
 *
 * Usage: threads_stress CALLERS LOOPS [fork]
 *
 * Chunks write without atomics, callers read without locks: a thread sanitizer sees whether the pool orders them.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fnn.h"

#define MOST 300

typedef struct {
    int64_t runs[MOST], value[MOST];
    int64_t factor;
} job;

typedef struct {
    unsigned seed;
    int loops, wrong;
} caller;

static void chunk(void *arg, int64_t k, int thread) {
    job *j = arg;
    volatile int64_t sum = 0;
    for (int64_t i = 0; i < k * 7919 % 2000; i++) sum += i; /* chunks of different length */
    if (thread && k % 16 == 15) usleep(300); /* the caller has to wait for a worker */
    j->runs[k]++;
    j->value[k] = j->factor * k + 0 * sum;
    if (thread < 0 || thread >= fnn_thread_limit()) j->runs[k] = -1;
}

static void *call(void *arg) {
    caller *c = arg;
    job *j = malloc(sizeof *j);
    if (!j) return NULL;
    for (int loop = 0; loop < c->loops; loop++) {
        const int64_t chunks = 1 + rand_r(&c->seed) % MOST;
        memset(j, 0, sizeof *j);
        j->factor = loop + 1;
        fnn_parallel(chunks, 1e9, chunk, j);
        for (int64_t k = 0; k < MOST; k++)
            c->wrong += j->runs[k] != (k < chunks) || (k < chunks && j->value[k] != j->factor * k);
        if (rand_r(&c->seed) % 64 == 0) fnn_set_threads(1 + rand_r(&c->seed) % 8);
    }
    free(j);
    return NULL;
}

static int stress(int callers, int loops) {
    pthread_t threads[16];
    caller each[16];
    int wrong = 0;
    for (int k = 0; k < callers; k++) {
        each[k] = (caller){.seed = (unsigned)k + 1, .loops = loops};
        if (pthread_create(&threads[k], NULL, call, &each[k])) return 1;
    }
    for (int k = 0; k < callers; k++) {
        pthread_join(threads[k], NULL);
        wrong += each[k].wrong;
    }
    return wrong;
}

static int in_children(int callers, int loops) {
    int wrong = 0, status = 0;
    for (int k = 0; k < 5; k++) {
        wrong += stress(callers, loops);
        const pid_t child = fork();
        if (child == 0) _exit(stress(callers, loops) ? 3 : 0);
        if (child < 0 || waitpid(child, &status, 0) < 0) return 1;
        wrong += status != 0;
    }
    return wrong;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    const int callers = (int)fnn_min(atoi(argv[1]), 16), loops = atoi(argv[2]);
    const int wrong = argc > 3 ? in_children(callers, loops) : stress(callers, loops);
    printf("%d wrong\n", wrong);
    return wrong != 0;
}
