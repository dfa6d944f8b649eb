/* product_shares.c: products on pretended teams of 1, 2, 3 and 7 threads give the same bits, and the right ones.
 *
 * Shares run one after the other, last first, each with the scratch of another thread. Prints how many cases and how
 * many wrong ones there were.
 */
#include "gemm.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int team = 1;

int fnn_thread_limit(void) { return 7; }
int fnn_threads(void) { return team; }
void fnn_parallel(int64_t chunks, double work, void (*body)(void *, int64_t, int), void *arg) {
    (void)work;
    for (int64_t c = chunks - 1; c >= 0; c--) body(arg, c, (int)(c % team));
}

typedef struct {
    void (*run)(const fnn_product *, void *);
    int64_t (*scratch)(int64_t, int64_t, int64_t);
    int usable;
} way;
#define WAY(ISA) \
    void fnn_product_run_##ISA(const fnn_product *, void *); \
    int64_t fnn_product_scratch_##ISA(int64_t, int64_t, int64_t);
WAY(generic)
#if defined(__x86_64__)
WAY(avx2)
WAY(avx512)
#endif

static uint64_t state = 1;
static int64_t draw(int64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)(state >> 33) % below;
}
static int64_t size(void) {
    static const int64_t sizes[] = {1,  2,  3,  5,  7,  8,  13,  14,  15,  17,  29,  31, 32,
                                    33, 61, 64, 67, 97, 100, 127, 128, 131, 173, 257, 331};
    return sizes[draw(sizeof sizes / sizeof *sizes)];
}
static float *floats(int64_t n) { /* at no particular address */
    float *p = (float *)malloc((size_t)(n + 1) * sizeof(float)) + 1;
    for (int64_t k = 0; k < n; k++) p[k] = (float)draw(2001) / 1000 - 1;
    return p;
}

static int right(const fnn_product *p, const float *old, const float *c) {
    const fnn_epilogue *e = &p->epilogue;
    for (int64_t i = 0; i < p->rows; i++)
        for (int64_t j = 0; j < p->cols; j++) {
            const int64_t at = i * p->c_row + j;
            double sum = 0, size = 1;
            for (int64_t k = 0; k < p->depth; k++) {
                const double term = (double)p->a[i * p->a_row + k * p->a_depth] * p->b[k * p->b_depth + j * p->b_col];
                sum += term;
                size += fabs(term);
            }
            if (e->bias) sum += e->bias[j];
            if (e->relu && sum < 0) sum = 0;
            if (e->mask && !(e->mask[at] > 0)) sum = 0;
            if (e->accumulate) sum += old[at];
            if (!(fabs(c[at] - sum) <= 1e-6 * size)) return 0;
        }
    return 1;
}

static int wrong(const way *w, int64_t rows, int64_t cols, int64_t depth) {
    const int kind = (int)draw(3), teams[] = {1, 2, 3, 7};
    float *a = floats(rows * depth), *b = floats(depth * cols), *bias = floats(cols), *mask = floats(rows * cols);
    float *old = floats(rows * cols), *first = floats(rows * cols), *c = floats(rows * cols);
    const int64_t need = w->scratch(rows, cols, depth), bytes = rows * cols * (int64_t)sizeof(float);
    char *scratch = aligned_alloc(64, (size_t)(need + 127) / 64 * 64);
    fnn_product p = {rows, cols, depth, a, depth, 1, b, cols, 1, c, cols, {0}};
    int bad = 0;
    if (kind == 1) p.a_row = 1, p.a_depth = rows;
    if (kind == 2) p.b_depth = 1, p.b_col = depth;
    p.epilogue.bias = draw(2) ? bias : NULL;
    p.epilogue.mask = draw(3) ? NULL : mask;
    p.epilogue.relu = (int32_t)draw(2);
    p.epilogue.accumulate = draw(3) == 0;
    for (int t = 0; t < 4; t++) {
        team = teams[t];
        memset(scratch, 0xff, (size_t)need); /* no number */
        scratch[need] = 42;
        memcpy(c, old, (size_t)bytes);
        w->run(&p, scratch);
        if (t == 0) memcpy(first, c, (size_t)bytes);
        bad |= memcmp(first, c, (size_t)bytes) != 0 || scratch[need] != 42;
    }
    if (bad || !right(&p, old, c)) {
        printf("wrong: %d x %d x %d, kind %d, bits %d\n", (int)rows, (int)cols, (int)depth, kind, bad);
        bad = 1;
    }
    float *const all[] = {a, b, bias, mask, old, first, c};
    for (int k = 0; k < 7; k++) free(all[k] - 1);
    free(scratch);
    return bad;
}

int main(int count, char **values) {
    const int cases = count > 1 ? atoi(values[1]) : 100;
    const way ways[] = {
        {fnn_product_run_generic, fnn_product_scratch_generic, 1},
#if defined(__x86_64__)
        {fnn_product_run_avx2, fnn_product_scratch_avx2,
         __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")},
        {fnn_product_run_avx512, fnn_product_scratch_avx512,
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")},
#endif
    };
    int bad = 0;
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        if (!ways[k].usable) continue;
        for (int n = 0; n < cases; n++) bad += wrong(&ways[k], size(), size(), size());
        bad += wrong(&ways[k], 40, 33, 2048); /* rows in one cache set, several stretches */
        bad += wrong(&ways[k], 1030, 67, 1024);
        bad += wrong(&ways[k], 1, 5000, 70);
        bad += wrong(&ways[k], 64, 1500, 700);
        bad += wrong(&ways[k], 3, 0, 7) + wrong(&ways[k], 0, 3, 7); /* no cells … */
        bad += wrong(&ways[k], 1, 9, 0) + wrong(&ways[k], 30, 9, 0); /* … and no terms */
    }
    printf("%d wrong\n", bad);
    return bad != 0;
}
