/* rows.h: work on the rows of matrices, last axis by last axis: sums, maxima, and losses over pairs.
 *
 * Included inside a family file, once per instruction set, after vector_math.h. A row's partial sums are as many
 * for every instruction set, and are added in a fixed order.
 */
#define ROW_LANES 16
#define ROW_CHUNK 8192 /* floats that one thread takes at once */
#define PIECE 1024     /* terms of a loss that are computed at once, of several short rows or a part of a long one */

typedef struct {
    const void *labels;      /* int32, where the truth is a class number */
    const float *t, *o, *dy; /* truth, prediction, upstream gradient per row */
    float *out, *p;
    int64_t rows, cols, per_chunk;
    double number;           /* the only attribute: epsilon or threshold */
} FNN_NAME(row_job);

static inline float FNN_NAME(lane_sum)(const float *lane) {
    float half[ROW_LANES / 2], total = 0;
    for (int k = 0; k < ROW_LANES / 2; k++) half[k] = lane[k] + lane[k + ROW_LANES / 2];
    for (int k = 0; k < ROW_LANES / 2; k++) total += half[k];
    return total;
}

static inline void FNN_NAME(add_to_lanes)(float *lane, const float *x, int64_t cols) {
    int64_t k = 0;
    for (; k + ROW_LANES <= cols; k += ROW_LANES)
        for (int j = 0; j < ROW_LANES; j++) lane[j] += x[k + j];
    for (int j = 0; k < cols; k++, j++) lane[j] += x[k];
}

static inline float FNN_NAME(row_sum)(const float *x, int64_t cols) {
    float lane[ROW_LANES] = {0};
    FNN_NAME(add_to_lanes)(lane, x, cols);
    return FNN_NAME(lane_sum)(lane);
}

static inline float FNN_NAME(row_dot)(const float *a, const float *b, int64_t cols) {
    float lane[ROW_LANES] = {0};
    int64_t k = 0;
    for (; k + ROW_LANES <= cols; k += ROW_LANES)
        for (int j = 0; j < ROW_LANES; j++) lane[j] += a[k + j] * b[k + j];
    for (int j = 0; k < cols; k++, j++) lane[j] += a[k] * b[k];
    return FNN_NAME(lane_sum)(lane);
}

static inline float FNN_NAME(row_max)(const float *x, int64_t cols) { /* NaN does not count */
    float lane[ROW_LANES], top = x[0];
    int64_t k = 0;
    for (int j = 0; j < ROW_LANES; j++) lane[j] = x[0];
    for (; k + ROW_LANES <= cols; k += ROW_LANES)
        for (int j = 0; j < ROW_LANES; j++) lane[j] = x[k + j] > lane[j] ? x[k + j] : lane[j];
    for (; k < cols; k++) top = x[k] > top ? x[k] : top;
    for (int j = 0; j < ROW_LANES; j++) top = lane[j] > top ? lane[j] : top;
    return top;
}

/* The first row whose label is not in 0 .. classes - 1, or -1. */
static inline int64_t FNN_NAME(wrong_label)(const fnn_tensor *labels, int64_t classes) {
    const int32_t *label = labels->data;
    for (int64_t r = 0; r < labels->size; r++)
        if (label[r] < 0 || label[r] >= classes) return r;
    return -1;
}

/* Runs `body` on chunks of whole rows; `o` has the shape of the rows. */
static inline int FNN_NAME(over_rows)(FNN_NAME(row_job) *p, const fnn_tensor *o, double cost,
                                      void (*body)(void *, int64_t, int)) {
    if (!p->out || !o->size) return FNN_OK;
    p->cols = o->shape[o->ndim - 1];
    p->rows = o->size / p->cols;
    p->per_chunk = fnn_max(1, ROW_CHUNK / p->cols);
    fnn_parallel(fnn_ceil_div(p->rows, p->per_chunk), cost * (double)o->size, body, p);
    return FNN_OK;
}

/* The rows r of a chunk, with `end` one past the last. */
#define EACH_ROW(p, chunk) (int64_t r = (chunk) * (p)->per_chunk, end = fnn_min(r + (p)->per_chunk, (p)->rows); r < end; r++)

/* Declares kernel `NAME` on (truth, prediction): y = sum over the row of TERM(t, o) / DIVISOR, and
 * do = dy SLOPE(t, o) / DIVISOR. LOCALS may prepare constants from p->number. */
#define PAIR_LOSS(NAME, COST, DIVISOR, LOCALS, TERM, SLOPE)                                         \
    static void FNN_NAME(NAME##_rows)(void *arg, int64_t chunk, int thread) {                       \
        const FNN_NAME(row_job) *p = arg;                                                           \
        const int64_t cols = p->cols;                                                               \
        const float divisor = DIVISOR;                                                              \
        LOCALS;                                                                                     \
        (void)thread;                                                                               \
        float lane[ROW_LANES], term[PIECE];                                                         \
        const int64_t some = fnn_max(1, PIECE / cols);                                              \
        for EACH_ROW(p, chunk) {                                                                    \
            const int64_t rows = fnn_min(some, end - r);                                            \
            memset(lane, 0, sizeof lane);                                                           \
            for (int64_t from = 0; from < rows * cols; from += PIECE) {                             \
                const int64_t n = fnn_min(PIECE, rows * cols - from);                               \
                const float *restrict ts = p->t + r * cols + from, *restrict os = p->o + r * cols + from; \
                for (int64_t k = 0; k < n; k++) { const float t = ts[k], o = os[k]; term[k] = TERM; } \
                if (cols > PIECE) FNN_NAME(add_to_lanes)(lane, term, n);                            \
            }                                                                                       \
            if (cols > PIECE) p->out[r] = FNN_NAME(lane_sum)(lane) / divisor;                       \
            else if (cols == 1) memcpy(p->out + r, term, (size_t)rows * sizeof(float));             \
            else for (int64_t k = 0; k < rows; k++) p->out[r + k] = FNN_NAME(row_sum)(term + k * cols, cols) / divisor; \
            r += rows - 1;                                                                          \
        }                                                                                           \
    }                                                                                               \
    static int FNN_NAME(NAME)(fnn_step *s) {                                                        \
        FNN_NAME(row_job) p = {.t = s->in[0].data, .o = s->in[1].data, .out = s->out[0].data, .number = s->attr[0].f}; \
        return FNN_NAME(over_rows)(&p, &s->in[1], COST, FNN_NAME(NAME##_rows));                     \
    }                                                                                               \
    static void FNN_NAME(NAME##_backward_rows)(void *arg, int64_t chunk, int thread) {              \
        const FNN_NAME(row_job) *p = arg;                                                           \
        const int64_t cols = p->cols;                                                               \
        const float divisor = DIVISOR;                                                              \
        LOCALS;                                                                                     \
        (void)thread;                                                                               \
        if (cols == 1) {                                                                            \
            const float *restrict ts = p->t, *restrict os = p->o, *restrict dys = p->dy;            \
            float *restrict out = p->out;                                                           \
            for EACH_ROW(p, chunk) { const float t = ts[r], o = os[r], dy = dys[r]; out[r] = SLOPE; } \
            return;                                                                                 \
        }                                                                                           \
        for EACH_ROW(p, chunk) {                                                                    \
            const float *restrict ts = p->t + r * cols, *restrict os = p->o + r * cols;             \
            float *restrict out = p->out + r * cols;                                                \
            const float dy = p->dy[r] / divisor;                                                    \
            for (int64_t k = 0; k < cols; k++) { const float t = ts[k], o = os[k]; out[k] = SLOPE; } \
        }                                                                                           \
    }                                                                                               \
    static int FNN_NAME(NAME##_backward)(fnn_step *s) {                                             \
        FNN_NAME(row_job) p = {.t = s->in[1].data, .o = s->in[2].data, .dy = s->in[0].data,         \
                               .out = s->out[0].data, .number = s->attr[0].f};                      \
        return FNN_NAME(over_rows)(&p, &s->in[2], COST, FNN_NAME(NAME##_backward_rows));            \
    }
