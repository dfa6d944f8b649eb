/* embedding.c: rows of a table by number; backward adds them up in the order of their places. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "embedding.c"
#include "every_isa.h"
#else

#define NUMBERS_CHUNK 64 /* rows that one thread copies at once */

typedef struct { const int32_t *numbers; const float *from; float *to; int64_t count, rows, cols, chunks; } FNN_NAME(lookup);

static void FNN_NAME(copy_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(lookup) *p = arg;
    (void)thread;
    for (int64_t k = chunk * NUMBERS_CHUNK; k < fnn_min((chunk + 1) * NUMBERS_CHUNK, p->count); k++)
        for (int64_t j = 0; j < p->cols; j++) p->to[k * p->cols + j] = p->from[p->numbers[k] * p->cols + j];
}

static int FNN_NAME(embedding)(fnn_step *s) {
    const fnn_tensor *numbers = &s->in[0], *table = &s->in[1];
    FNN_NAME(lookup) p = {numbers->data, table->data, s->out[0].data, numbers->size, table->shape[0], table->shape[1], 0};
    for (int64_t k = 0; k < p.count; k++)
        if (p.numbers[k] < 0 || p.numbers[k] >= p.rows) {
            s->detail = k;
            return FNN_INDEX_OUT_OF_RANGE;
        }
    fnn_parallel(fnn_ceil_div(p.count, NUMBERS_CHUNK), (double)(p.count * p.cols), FNN_NAME(copy_rows), &p);
    return FNN_OK;
}

/* Chunks are stretches of the table, so that every row is one thread's and its sum has one order. */
static void FNN_NAME(add_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(lookup) *p = arg;
    const int64_t first = chunk * p->rows / p->chunks, end = (chunk + 1) * p->rows / p->chunks;
    (void)thread;
    for (int64_t j = first * p->cols; j < end * p->cols; j++) p->to[j] = 0;
    for (int64_t k = 0; k < p->count; k++) {
        if (p->numbers[k] < first || p->numbers[k] >= end) continue;
        const float *restrict d = p->from + k * p->cols;
        float *restrict sum = p->to + p->numbers[k] * p->cols;
        for (int64_t j = 0; j < p->cols; j++) sum[j] += d[j];
    }
}

static int FNN_NAME(embedding_backward)(fnn_step *s) {
    const fnn_tensor *numbers = &s->in[1], *d = &s->out[0];
    if (!d->data) return FNN_OK;
    FNN_NAME(lookup) p = {numbers->data, s->in[0].data, d->data, numbers->size, d->shape[0], d->shape[1], 0};
    p.chunks = fnn_max(1, fnn_min(8, p.rows));
    fnn_parallel(p.chunks, (double)(p.count * p.cols + d->size), FNN_NAME(add_rows), &p);
    return FNN_OK;
}

const fnn_entry FNN_NAME(embedding_entries)[] = {
    {"embedding", "indices table", "", FNN_NAME(embedding), FNN_NAME(embedding_backward), NULL},
    {0},
};
#endif
