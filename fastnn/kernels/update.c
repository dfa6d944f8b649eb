/* update.c: new weights from old ones; an output may be the same memory as its input, or lie elsewhere. */
#include "fnn.h"
#ifndef FNN_ISA
/* The loops look back at no other cell: without this the compiler would fear that they do and stay scalar. */
#if defined(__clang__)
#define FNN_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define FNN_INDEPENDENT _Pragma("GCC ivdep")
#else
#define FNN_INDEPENDENT __pragma(loop(ivdep))
#endif
#define FNN_FAMILY_FILE "update.c"
#include "every_isa.h"
#else

#define CHUNK 16384 /* floats that one thread takes at once */

typedef struct { const float *w, *g; float *w_new; int64_t size; float rate; } FNN_NAME(sgd_span);

static void FNN_NAME(sgd_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(sgd_span) *p = arg;
    const int64_t end = fnn_min((chunk + 1) * CHUNK, p->size);
    const float *w = p->w, *g = p->g, rate = p->rate;
    float *w_new = p->w_new;
    (void)thread;
    FNN_INDEPENDENT
    for (int64_t k = chunk * CHUNK; k < end; k++) w_new[k] = w[k] - rate * g[k];
}

static int FNN_NAME(sgd)(fnn_step *s) {
    FNN_NAME(sgd_span) p = {s->in[0].data, s->in[1].data, s->out[0].data, s->out[0].size, *(const float *)s->in[2].data};
    fnn_parallel(fnn_ceil_div(p.size, CHUNK), (double)p.size, FNN_NAME(sgd_chunk), &p);
    return FNN_OK;
}

static int FNN_NAME(increment)(fnn_step *s) {
    const int64_t *step = s->in[0].data;
    int64_t *step_new = s->out[0].data;
    for (int64_t k = 0; k < s->out[0].size; k++) step_new[k] = step[k] + 1;
    return FNN_OK;
}

const fnn_entry FNN_NAME(update_entries)[] = {
    {"sgd", "w g learning_rate", "", FNN_NAME(sgd), NULL, NULL},
    {"increment", "step", "", FNN_NAME(increment), NULL, NULL},
    {0},
};
#endif
