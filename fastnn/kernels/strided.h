/* strided.h: one result cell from up to three operands of any types, broadcast as in NumPy.
 *
 * The result is worked off in rows along which every operand either moves by one cell or stays where it is.
 * Included inside a family file, once per instruction set.
 */
#define STRIDED_CHUNK 16384 /* cells that one thread takes at once */
#define STRIDED_INPUTS 3

/* y[k] for k < n from x[0][k * step[0]], x[1][k * step[1]], …; steps are 0 or 1. */
typedef void (*FNN_NAME(row_body))(const void *const *x, const int64_t *step, void *y, int64_t n);

typedef struct {
    const char *x[STRIDED_INPUTS];
    char *y;
    int64_t bytes[STRIDED_INPUTS], y_bytes;      /* of one cell */
    int64_t shape[FNN_MAX_DIMS], step[STRIDED_INPUTS][FNN_MAX_DIMS]; /* in cells; neighbouring axes merged */
    int64_t size;
    int n, ndim;
    FNN_NAME(row_body) body;
} FNN_NAME(strided_job);

static inline int64_t FNN_NAME(cell_size)(const fnn_tensor *t) {
    return t->dtype == FNN_INT64 ? 8 : (t->dtype == FNN_UINT8 ? 1 : 4);
}

static inline void FNN_NAME(strided_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(strided_job) *p = arg;
    const int last = p->ndim - 1;
    int64_t from = chunk * STRIDED_CHUNK, left = fnn_min(STRIDED_CHUNK, p->size - from), rest = from;
    int64_t at[FNN_MAX_DIMS] = {0}, offset[STRIDED_INPUTS] = {0}, step[STRIDED_INPUTS] = {0};
    const void *x[STRIDED_INPUTS] = {0};
    (void)thread;
    for (int d = last; d >= 0; d--) { at[d] = rest % p->shape[d]; rest /= p->shape[d]; }
    for (int j = 0; j < p->n; j++) {
        for (int d = 0; d <= last; d++) offset[j] += at[d] * p->step[j][d];
        step[j] = p->step[j][last];
    }
    while (left > 0) {
        const int64_t run = fnn_min(p->shape[last] - at[last], left);
        for (int j = 0; j < p->n; j++) x[j] = p->x[j] + offset[j] * p->bytes[j];
        p->body(x, step, p->y + from * p->y_bytes, run);
        from += run;
        left -= run;
        for (int j = 0; j < p->n; j++) offset[j] -= at[last] * step[j];
        at[last] = 0;
        for (int d = last - 1; d >= 0; d--) {
            for (int j = 0; j < p->n; j++) offset[j] += p->step[j][d];
            if (++at[d] < p->shape[d]) break;
            for (int j = 0; j < p->n; j++) offset[j] -= p->shape[d] * p->step[j][d];
            at[d] = 0;
        }
    }
}

/* Steps of operand j along the axes of y, before merging. */
static inline void FNN_NAME(steps_of)(const fnn_tensor *x, const fnn_tensor *y, int64_t *step) {
    int64_t next = 1;
    for (int d = y->ndim - 1; d >= 0; d--) {
        const int at = d - (y->ndim - x->ndim);
        const int64_t size = at >= 0 ? x->shape[at] : 1;
        step[d] = size == 1 ? 0 : next;
        next *= size;
    }
}

/* y = body(in[0], …, in[n - 1]), the inputs broadcast to y's shape. */
static inline void FNN_NAME(run_strided)(const fnn_tensor *const *in, int n, const fnn_tensor *y, void *out,
                                         FNN_NAME(row_body) body) {
    FNN_NAME(strided_job) p = {{0}, out, {0}, FNN_NAME(cell_size)(y), {0}, {{0}}, y->size, n, 0, body};
    int64_t step[STRIDED_INPUTS][FNN_MAX_DIMS];
    if (!out || !y->size) return;
    for (int j = 0; j < n; j++) {
        p.x[j] = in[j]->data;
        p.bytes[j] = FNN_NAME(cell_size)(in[j]);
        FNN_NAME(steps_of)(in[j], y, step[j]);
    }
    for (int d = 0; d < y->ndim; d++) {
        if (y->shape[d] == 1) continue;
        int merges = p.ndim > 0;
        for (int j = 0; j < n && merges; j++) merges = p.step[j][p.ndim - 1] == step[j][d] * y->shape[d];
        const int to = merges ? p.ndim - 1 : p.ndim++;
        p.shape[to] = merges ? p.shape[to] * y->shape[d] : y->shape[d];
        for (int j = 0; j < n; j++) p.step[j][to] = step[j][d];
    }
    if (p.ndim == 0) { p.shape[0] = 1; p.ndim = 1; }
    fnn_parallel(fnn_ceil_div(p.size, STRIDED_CHUNK), (double)(n + 1) * (double)p.size, FNN_NAME(strided_chunk), &p);
}

/* Declares a body NAME: y = EXPR in a and b of type T, y of type R. */
#define ROW2(NAME, T, R, EXPR)                                                                                \
    static void FNN_NAME(NAME)(const void *const *x, const int64_t *step, void *out, int64_t n) {             \
        const T *pa = x[0], *pb = x[1];                                                                       \
        R *y = out;                                                                                           \
        if (step[0] && step[1]) {                                                                             \
            FNN_CELLWISE                                                                                      \
            for (int64_t k = 0; k < n; k++) { const T a = pa[k], b = pb[k]; y[k] = (R)(EXPR); }               \
        } else if (step[0]) {                                                                                 \
            const T b = *pb;                                                                                  \
            FNN_CELLWISE                                                                                      \
            for (int64_t k = 0; k < n; k++) { const T a = pa[k]; y[k] = (R)(EXPR); }                          \
        } else {                                                                                              \
            const T a = *pa;                                                                                  \
            FNN_CELLWISE                                                                                      \
            for (int64_t k = 0; k < n; k++) { const T b = pb[step[1] ? k : 0]; y[k] = (R)(EXPR); }            \
        }                                                                                                     \
    }

/* Declares a body NAME: y = EXPR in x of type T, y of type R. */
#define ROW1(NAME, T, R, EXPR)                                                                                \
    static void FNN_NAME(NAME)(const void *const *in, const int64_t *step, void *out, int64_t n) {            \
        const T *p = in[0];                                                                                   \
        R *y = out;                                                                                           \
        (void)step;                                                                                           \
        FNN_CELLWISE                                                                                          \
        for (int64_t k = 0; k < n; k++) { const T x = p[k]; y[k] = (R)(EXPR); }                               \
    }

/* The four types in the order of their numbers: bodies NAME_f, NAME_i, NAME_l, NAME_u and their table. */
#define BODIES(NAME) \
    static const FNN_NAME(row_body) FNN_NAME(NAME##_bodies)[] = {FNN_NAME(NAME##_f), FNN_NAME(NAME##_i), FNN_NAME(NAME##_l), FNN_NAME(NAME##_u)};
#define WHOLE_BODIES(NAME) \
    static const FNN_NAME(row_body) FNN_NAME(NAME##_bodies)[] = {NULL, FNN_NAME(NAME##_i), FNN_NAME(NAME##_l), FNN_NAME(NAME##_u)};
