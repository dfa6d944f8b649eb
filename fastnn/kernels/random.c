/* random.c: dropout, uniform and normal numbers: pure functions of (seed, training step, element), equal to the reference's. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "random.c"
#include "every_isa.h"
#else
#include "vector_math.h"

#define CHUNK 16384 /* cells that one thread takes at once: an even number */
#define BLOCK 256   /* cells whose random bits are made at once */
#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)

typedef struct {
    const float *x;
    const uint8_t *mask;
    float *out;
    uint8_t *mask_out;
    int64_t size, start;
    uint64_t key;
    uint32_t threshold;
    uint8_t any; /* 0: everything is dropped */
    float scale;
} FNN_NAME(dropout_job);

static inline uint64_t FNN_NAME(mixed)(uint64_t z) { /* SplitMix64 */
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Bits for elements from … from + BLOCK + 1, from being even; element k takes one half of word k / 2, the low half first. */
static void FNN_NAME(random_bits)(uint64_t key, int64_t from, uint32_t *restrict bits) {
    const uint64_t first = (uint64_t)from / 2 + 1;
    for (int k = 0; k < BLOCK / 2 + 1; k++) {
        const uint64_t word = FNN_NAME(mixed)(key + (first + (uint64_t)k) * GOLDEN);
        bits[2 * k] = (uint32_t)word;
        bits[2 * k + 1] = (uint32_t)(word >> 32);
    }
}

static void FNN_NAME(dropout_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(dropout_job) *p = arg;
    const int64_t end = fnn_min((chunk + 1) * CHUNK, p->size);
    const int odd = p->start % 2;
    uint32_t bits[BLOCK + 2];
    (void)thread;
    for (int64_t from = chunk * CHUNK; from < end; from += BLOCK) {
        const int64_t count = fnn_min(BLOCK, end - from);
        const float *restrict x = p->x + from, scale = p->scale;
        float *restrict out = p->out + from;
        uint8_t *restrict mask = p->mask_out + from;
        const uint32_t threshold = p->threshold;
        const uint8_t any = p->any;
        FNN_NAME(random_bits)(p->key, p->start - odd + from, bits);
        for (int64_t k = 0; k < count; k++) mask[k] = (bits[k + odd] >= threshold) & any;
        for (int64_t k = 0; k < count; k++) out[k] = mask[k] ? x[k] * scale : 0;
    }
}

static void FNN_NAME(dropout_backward_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(dropout_job) *p = arg;
    const int64_t end = fnn_min((chunk + 1) * CHUNK, p->size);
    const float *restrict dy = p->x, scale = p->scale;
    const uint8_t *restrict mask = p->mask;
    float *restrict out = p->out;
    (void)thread;
    for (int64_t k = chunk * CHUNK; k < end; k++) out[k] = mask[k] ? dy[k] * scale : 0;
}

static uint64_t FNN_NAME(stream_key)(const fnn_attr *named, const fnn_tensor *counter) {
    const uint64_t seed = (uint64_t)named->i[0], step = (uint64_t)*(const int64_t *)counter->data;
    return FNN_NAME(mixed)(FNN_NAME(mixed)(seed + GOLDEN) + (step + 1) * GOLDEN);
}

static int FNN_NAME(dropout)(fnn_step *s) {
    const double rate = s->attr[0].f, threshold = ceil(rate * 4294967296.0);
    FNN_NAME(dropout_job) p = {.x = s->in[0].data, .out = s->out[0].data, .mask_out = s->out[1].data,
                               .size = s->out[0].size, .start = s->attr[2].i[0],
                               .key = FNN_NAME(stream_key)(&s->attr[1], &s->in[1]), .any = threshold <= 4294967295.0,
                               .scale = (float)(1 / (1 - rate))};
    p.threshold = p.any ? (uint32_t)threshold : 0;
    fnn_parallel(fnn_ceil_div(p.size, CHUNK), 4.0 * (double)p.size, FNN_NAME(dropout_chunk), &p);
    return FNN_OK;
}

static int FNN_NAME(dropout_backward)(fnn_step *s) {
    FNN_NAME(dropout_job) p = {.x = s->in[0].data, .mask = s->in[1].data, .out = s->out[0].data,
                               .size = s->out[0].size, .scale = (float)(1 / (1 - s->attr[0].f))};
    if (p.out) fnn_parallel(fnn_ceil_div(p.size, CHUNK), (double)p.size, FNN_NAME(dropout_backward_chunk), &p);
    return FNN_OK;
}

/* ---- uniform and normal numbers: a word of 64 bits for each ---- */

typedef struct { float *y; int64_t size; uint64_t key; } FNN_NAME(drawing);

static inline float FNN_NAME(fraction)(uint32_t bits) { return (float)(bits >> 8) * 0x1p-24f; } /* 0 … 1 - 2^-24 */

static void FNN_NAME(uniform_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(drawing) *p = arg;
    (void)thread;
    for (int64_t k = chunk * CHUNK; k < fnn_min((chunk + 1) * CHUNK, p->size); k++)
        p->y[k] = FNN_NAME(fraction)((uint32_t)FNN_NAME(mixed)(p->key + (uint64_t)(k + 1) * GOLDEN));
}

/* cos(2 pi t) for t in 0 … 1, of which t is exact: the sine of what is left to a quarter turn. */
static inline float FNN_NAME(cos_of_turn)(float t) {
    const float left = fabsf(t - 0.5f) - 0.25f, z = left * left;
    float p = 3.81995258f;
    p = p * z - 15.0946426f;
    p = p * z + 42.0586939f;
    p = p * z - 76.7058598f;
    p = p * z + 81.6052493f;
    p = p * z - 41.3417022f;
    p = p * z + 6.28318531f;
    return p * left;
}

static void FNN_NAME(normal_chunk)(void *arg, int64_t chunk, int thread) { /* Box and Muller */
    const FNN_NAME(drawing) *p = arg;
    const int64_t end = fnn_min((chunk + 1) * CHUNK, p->size);
    uint32_t low[BLOCK], high[BLOCK];
    (void)thread;
    for (int64_t from = chunk * CHUNK; from < end; from += BLOCK) {
        const int64_t count = fnn_min(BLOCK, end - from);
        float *restrict y = p->y + from;
        for (int k = 0; k < BLOCK; k++) {
            const uint64_t word = FNN_NAME(mixed)(p->key + ((uint64_t)from + (uint64_t)k + 1) * GOLDEN);
            low[k] = (uint32_t)word;
            high[k] = (uint32_t)(word >> 32);
        }
        for (int64_t k = 0; k < count; k++) {
            const float radius = FNN_NAME(fraction)(low[k]) + 0x1p-24f, turn = FNN_NAME(fraction)(high[k]);
            y[k] = sqrtf(-2 * FNN_NAME(log_of)(radius)) * FNN_NAME(cos_of_turn)(turn);
        }
    }
}

static int FNN_NAME(draw)(fnn_step *s, void (*body)(void *, int64_t, int), double cost) {
    FNN_NAME(drawing) p = {s->out[0].data, s->out[0].size, FNN_NAME(stream_key)(&s->attr[1], &s->in[0])};
    p.key += (uint64_t)s->attr[2].i[0] * GOLDEN; /* element k has word k + 1 */
    if (p.y) fnn_parallel(fnn_ceil_div(p.size, CHUNK), cost * (double)p.size, body, &p);
    return FNN_OK;
}

static int FNN_NAME(random_uniform)(fnn_step *s) { return FNN_NAME(draw)(s, FNN_NAME(uniform_chunk), 4); }
static int FNN_NAME(random_normal)(fnn_step *s) { return FNN_NAME(draw)(s, FNN_NAME(normal_chunk), 40); }

const fnn_entry FNN_NAME(random_entries)[] = {
    {"random_uniform", "step", "shape seed start", FNN_NAME(random_uniform), NULL, NULL},
    {"random_normal", "step", "shape seed start", FNN_NAME(random_normal), NULL, NULL},
    {"dropout", "x step", "rate seed start", FNN_NAME(dropout), FNN_NAME(dropout_backward), NULL},
    {0},
};
#endif
