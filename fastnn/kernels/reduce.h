/* reduce.h: sums and maxima over some axes, in a fixed partition: the result does not depend on the threads.
 *
 * One pass reduces the middle axis of [outer, reduced, inner]; other patterns take several passes, last axes first.
 * A chunk is about FNN_REDUCE_CHUNK cells; where one result spans several chunks ("parts"), each writes a partial
 * result to scratch, and these are combined in order, in double precision.
 * Included inside a family file, once per instruction set.
 */
#ifndef FNN_REDUCE_CHUNK
#define FNN_REDUCE_CHUNK 16384
#define FNN_RUN 64 /* lanes in which one run of cells is reduced */
#define FNN_WIDE 128 /* floats of the accumulator that stands in for narrow rows */
#endif

typedef struct {
    const float *x;
    float *y, *partial;
    int64_t outer, reduced, inner;
    int64_t part_rows, parts;    /* rows of the reduced axis in a part */
    int64_t outer_per_chunk;     /* when parts is 1 */
} FNN_NAME(pass);

static inline FNN_NAME(pass) FNN_NAME(plan_pass)(int64_t outer, int64_t reduced, int64_t inner) {
    FNN_NAME(pass) p = {NULL, NULL, NULL, outer, reduced, inner, 0, 0, 0};
    p.part_rows = fnn_ceil_div(fnn_ceil_div(FNN_REDUCE_CHUNK, fnn_max(inner, 1)), 8) * 8;
    p.parts = fnn_max(1, fnn_ceil_div(reduced, p.part_rows));
    p.outer_per_chunk = fnn_max(1, FNN_REDUCE_CHUNK / fnn_max(1, reduced * inner));
    return p;
}

static inline int64_t FNN_NAME(partial_floats)(const FNN_NAME(pass) *p) {
    return p->parts > 1 ? p->outer * p->parts * p->inner : 0;
}

/* Chosen by masks: compilers make branches of a conditional here, and random data defeats their prediction. */
static inline float FNN_NAME(larger)(float a, float b) {
    union { float f; int32_t i; } x = {a}, y = {b};
    const int32_t take = -(int32_t)((b > a) | (b != b));
    x.i = (y.i & take) | (x.i & ~take);
    return x.f;
}

/* Turns `rows` short rows of `length` cells: their first cells side by side, then their second cells, … */
static inline void FNN_NAME(turn)(const float *x, int64_t rows, int64_t length, float *turned) {
    for (int64_t k = 0; k < length; k++)
        for (int64_t r = 0; r < rows; r++) turned[k * rows + r] = x[r * length + k];
}

/* How many narrow rows stand side by side as one wide row. */
static inline int64_t FNN_NAME(fold_of)(int64_t rows, int64_t width) {
    int64_t fold = 1;
    while (2 * fold * width <= FNN_WIDE && 4 * fold <= rows) fold *= 2;
    return fold;
}

/* Declares reduce_NAME(): COMBINE(a, b) joins two values, IDENTITY is neutral. */
#define FNN_REDUCER(NAME, IDENTITY, COMBINE)                                                                  \
    static inline void FNN_NAME(NAME##_wide)(const float *x, int64_t rows, int64_t width, float *acc) {       \
        int64_t r = 0;                                                                                        \
        for (int64_t k = 0; k < width; k++) acc[k] = IDENTITY;                                                \
        for (; r + 8 <= rows; r += 8, x += 8 * width) {                                                          \
            const float *x1 = x + width, *x2 = x1 + width, *x3 = x2 + width, *x4 = x3 + width,                \
                        *x5 = x4 + width, *x6 = x5 + width, *x7 = x6 + width;                                 \
            FNN_CELLWISE                                                                                      \
            for (int64_t k = 0; k < width; k++) {                                                             \
                const float a = COMBINE(COMBINE(x[k], x1[k]), COMBINE(x2[k], x3[k]));                         \
                const float b = COMBINE(COMBINE(x4[k], x5[k]), COMBINE(x6[k], x7[k]));                        \
                acc[k] = COMBINE(acc[k], COMBINE(a, b));                                                      \
            }                                                                                                 \
        }                                                                                                     \
        for (; r < rows; r++, x += width) {                                                                   \
            FNN_CELLWISE                                                                                      \
            for (int64_t k = 0; k < width; k++) acc[k] = COMBINE(acc[k], x[k]);                               \
        }                                                                                                     \
    }                                                                                                         \
    /* Narrow rows: `fold` of them side by side are one wide row; the accumulator is folded at the end. */    \
    static inline void FNN_NAME(NAME##_rows)(const float *x, int64_t rows, int64_t width, float *y) {         \
        const int64_t fold = FNN_NAME(fold_of)(rows, width);                                                  \
        if (fold == 1) { FNN_NAME(NAME##_wide)(x, rows, width, y); return; }                                  \
        float acc[FNN_WIDE];                                                                                  \
        const int64_t whole = rows / fold;                                                                    \
        FNN_NAME(NAME##_wide)(x, whole, fold * width, acc);                                                   \
        for (int64_t half = fold / 2; half >= 1; half /= 2)                                                   \
            for (int64_t k = 0; k < half * width; k++) acc[k] = COMBINE(acc[k], acc[k + half * width]);       \
        x += whole * fold * width;                                                                            \
        for (int64_t r = whole * fold; r < rows; r++, x += width)                                             \
            for (int64_t k = 0; k < width; k++) acc[k] = COMBINE(acc[k], x[k]);                               \
        memcpy(y, acc, (size_t)width * sizeof(float));                                                        \
    }                                                                                                         \
    static inline float FNN_NAME(NAME##_fold)(float *lane) { /* 16 lanes */                                   \
        for (int j = 0; j < 8; j++) lane[j] = COMBINE(lane[j], lane[j + 8]);                                  \
        for (int j = 0; j < 4; j++) lane[j] = COMBINE(lane[j], lane[j + 4]);                                  \
        for (int j = 0; j < 2; j++) lane[j] = COMBINE(lane[j], lane[j + 2]);                                  \
        return COMBINE(lane[0], lane[1]);                                                                     \
    }                                                                                                         \
    /* One run of cells, in FNN_RUN lanes. */                                                                 \
    static inline float FNN_NAME(NAME##_run)(const float *x, int64_t n) {                                     \
        float lane[FNN_RUN], t = n ? x[0] : IDENTITY;                                                         \
        if (n < FNN_RUN) {                                                                                    \
            for (int64_t k = 1; k < n; k++) t = COMBINE(t, x[k]);                                             \
            return t;                                                                                         \
        }                                                                                                     \
        int64_t k = FNN_RUN;                                                                                  \
        memcpy(lane, x, sizeof lane);                                                                         \
        for (; k + FNN_RUN <= n; k += FNN_RUN)                                                                \
            for (int j = 0; j < FNN_RUN; j++) lane[j] = COMBINE(lane[j], x[k + j]);                           \
        for (int j = 0; j < n - k; j++) lane[j] = COMBINE(lane[j], x[k + j]);                                 \
        for (int j = 0; j < 32; j++) lane[j] = COMBINE(lane[j], lane[j + 32]);                                \
        for (int j = 0; j < 16; j++) lane[j] = COMBINE(lane[j], lane[j + 16]);                                \
        return FNN_NAME(NAME##_fold)(lane);                                                                   \
    }                                                                                                         \
    static inline void FNN_NAME(NAME##_block)(const float *x, int64_t rows, int64_t width, float *y) {        \
        if (width == 1) *y = FNN_NAME(NAME##_run)(x, rows);                                                   \
        else FNN_NAME(NAME##_rows)(x, rows, width, y);                                                        \
    }                                                                                                         \
    static void FNN_NAME(NAME##_chunk)(void *arg, int64_t chunk, int thread) {                                \
        const FNN_NAME(pass) *p = arg;                                                                        \
        (void)thread;                                                                                         \
        if (p->parts > 1) {                                                                                   \
            const int64_t from = chunk % p->parts * p->part_rows;                                             \
            const float *x = p->x + (chunk / p->parts * p->reduced + from) * p->inner;                        \
            FNN_NAME(NAME##_block)(x, fnn_min(p->part_rows, p->reduced - from), p->inner, p->partial + chunk * p->inner); \
            return;                                                                                           \
        }                                                                                                     \
        const int64_t from = chunk * p->outer_per_chunk, to = fnn_min(from + p->outer_per_chunk, p->outer);   \
        if (p->inner == 1 && p->reduced < FNN_RUN) {                                                          \
            float turned[FNN_RUN * FNN_RUN];                                                                  \
            for (int64_t o = from; o < to; o += FNN_RUN) {                                                    \
                const int64_t rows = fnn_min(FNN_RUN, to - o);                                                \
                FNN_NAME(turn)(p->x + o * p->reduced, rows, p->reduced, turned);                              \
                FNN_NAME(NAME##_wide)(turned, p->reduced, rows, p->y + o);                                    \
            }                                                                                                 \
            return;                                                                                           \
        }                                                                                                     \
        for (int64_t o = from; o < to; o++)                                                                   \
            FNN_NAME(NAME##_block)(p->x + o * p->reduced * p->inner, p->reduced, p->inner, p->y + o * p->inner); \
    }                                                                                                         \
    static void FNN_NAME(NAME##_combine)(void *arg, int64_t chunk, int thread) {                              \
        const FNN_NAME(pass) *p = arg;                                                                        \
        const int64_t blocks = fnn_ceil_div(p->inner, FNN_WIDE), from = chunk % blocks * FNN_WIDE;            \
        const int64_t width = fnn_min(FNN_WIDE, p->inner - from);                                             \
        const float *partial = p->partial + chunk / blocks * p->parts * p->inner + from;                      \
        double acc[FNN_WIDE];                                                                                 \
        (void)thread;                                                                                         \
        for (int64_t k = 0; k < width; k++) acc[k] = partial[k];                                              \
        for (int64_t part = 1; part < p->parts; part++)                                                       \
            for (int64_t k = 0; k < width; k++) acc[k] = COMBINE(acc[k], (double)partial[part * p->inner + k]); \
        for (int64_t k = 0; k < width; k++) p->y[chunk / blocks * p->inner + from + k] = (float)acc[k];       \
    }                                                                                                         \
    static inline void FNN_NAME(NAME##_pass)(FNN_NAME(pass) *p) {                                             \
        const double cells = (double)p->outer * (double)p->reduced * (double)p->inner;                        \
        if (p->outer * p->inner == 0) return;                                                                 \
        const int64_t chunks = p->parts > 1 ? p->outer * p->parts : fnn_ceil_div(p->outer, p->outer_per_chunk); \
        fnn_parallel(chunks, cells, FNN_NAME(NAME##_chunk), p);                                               \
        if (p->parts > 1)                                                                                     \
            fnn_parallel(p->outer * fnn_ceil_div(p->inner, FNN_WIDE),                                         \
                         (double)FNN_NAME(partial_floats)(p), FNN_NAME(NAME##_combine), p);                   \
    }                                                                                                         \
    static inline void FNN_NAME(reduce_##NAME)(FNN_NAME(reduction) r, const float *x, float *y, float *scratch) { \
        while (r.ndim > 0) {                                                                                  \
            FNN_NAME(pass) p = FNN_NAME(next_pass)(&r);                                                       \
            p.x = x;                                                                                          \
            p.partial = scratch;                                                                              \
            p.y = r.ndim ? scratch + FNN_NAME(partial_floats)(&p) : y;                                        \
            FNN_NAME(NAME##_pass)(&p);                                                                        \
            x = p.y;                                                                                          \
            scratch += FNN_NAME(partial_floats)(&p) + p.outer * p.inner;                                      \
        }                                                                                                     \
    }

/* A shape whose axes are merged to kept and reduced ones in turn; ndim 0: nothing left to do. */
typedef struct { int64_t shape[FNN_MAX_DIMS + 1]; int32_t reduced[FNN_MAX_DIMS + 1]; int ndim; } FNN_NAME(reduction);

/* `flags[d]` says whether axis d is reduced. Always has a reduced axis, of extent 1 where nothing is reduced. */
static inline FNN_NAME(reduction) FNN_NAME(merge_axes)(const int64_t *shape, int ndim, const int32_t *flags) {
    FNN_NAME(reduction) r = {{0}, {0}, 0};
    int any = 0;
    for (int d = 0; d < ndim; d++) {
        if (shape[d] == 1) continue;
        any |= flags[d];
        if (r.ndim && r.reduced[r.ndim - 1] == flags[d]) r.shape[r.ndim - 1] *= shape[d];
        else { r.shape[r.ndim] = shape[d]; r.reduced[r.ndim++] = flags[d]; }
    }
    if (!any) { r.shape[r.ndim] = 1; r.reduced[r.ndim++] = 1; }
    return r;
}

/* Takes the last reduced axis off. */
static inline FNN_NAME(pass) FNN_NAME(next_pass)(FNN_NAME(reduction) *r) {
    int64_t outer = 1, inner = 1, left = 0;
    int axis = r->ndim - 1;
    if (!r->reduced[axis]) inner = r->shape[axis--];
    for (int d = 0; d < axis; d++) { outer *= r->shape[d]; left += r->reduced[d]; }
    const int64_t reduced = r->shape[axis];
    if (!left) r->ndim = 0;
    else { /* the axis before it is a kept one: what follows joins it */
        r->shape[axis - 1] *= inner;
        r->ndim = axis;
    }
    return FNN_NAME(plan_pass)(outer, reduced, inner);
}

static inline int64_t FNN_NAME(reduce_floats)(FNN_NAME(reduction) r) {
    int64_t floats = 0;
    while (r.ndim > 0) {
        const FNN_NAME(pass) p = FNN_NAME(next_pass)(&r);
        floats += FNN_NAME(partial_floats)(&p) + p.outer * p.inner;
    }
    return floats;
}

#undef FNN_PLUS
#define FNN_PLUS(a, b) ((a) + (b))
FNN_REDUCER(sum, 0.0f, FNN_PLUS)
