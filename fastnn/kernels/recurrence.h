/* recurrence.h: what the recurrent layers share: activations of rows, states step by step, the recurrent product.
 *
 * Included inside recurrence.c, once per instruction set. Sequences are (batch, time, units); all pointers of a step's
 * row b lie at (b * steps + t) * columns. A step's rows are shared among threads in chunks; each row is one thread's.
 */
#define ROW_COST 60 /* of one unit of one row, in multiply-adds, about */
#define CHUNK_CELLS 2048

#ifndef FNN_RECURRENCE_KINDS
#define FNN_RECURRENCE_KINDS
enum { TANH, SIGMOID, RELU, LINEAR, HARD_SIGMOID };
#endif

/* Words of a recurrent activation begin with sigmoid, tanh. */
static inline int FNN_NAME(gate_kind)(const fnn_attr *a) { return (int)(a->i[0] < 2 ? 1 - a->i[0] : a->i[0]); }

static void FNN_NAME(activate)(int kind, const float *restrict x, float *restrict y, int64_t n) {
    if (kind == TANH) for (int64_t j = 0; j < n; j++) y[j] = FNN_NAME(tanh_of)(x[j]);
    else if (kind == SIGMOID) for (int64_t j = 0; j < n; j++) y[j] = FNN_NAME(sigmoid_of)(x[j]);
    else if (kind == RELU) for (int64_t j = 0; j < n; j++) y[j] = x[j] > 0 || x[j] != x[j] ? x[j] : 0;
    else if (kind == LINEAR) for (int64_t j = 0; j < n; j++) y[j] = x[j];
    else for (int64_t j = 0; j < n; j++) {
        const float v = x[j] / 6 + 0.5f;
        y[j] = v != v ? v : (v < 0 ? 0 : (v > 1 ? 1 : v));
    }
}

/* d times the derivative, which follows from the activation's result y. */
static void FNN_NAME(times_slope)(int kind, const float *restrict y, float *restrict d, int64_t n) {
    if (kind == TANH) for (int64_t j = 0; j < n; j++) d[j] *= 1 - y[j] * y[j];
    else if (kind == SIGMOID) for (int64_t j = 0; j < n; j++) d[j] *= y[j] * (1 - y[j]);
    else if (kind == RELU) for (int64_t j = 0; j < n; j++) d[j] = y[j] > 0 ? d[j] : 0;
    else if (kind == HARD_SIGMOID) for (int64_t j = 0; j < n; j++) d[j] = y[j] > 0 && y[j] < 1 ? d[j] / 6 : 0;
}

typedef struct {
    int64_t batch, steps, units, columns, t, per_chunk; /* columns: of x, gates * units */
    int activation, gate, reset_after;
    const float *x, *kernel, *bias, *state, *cell, *drop;
    const uint8_t *mask;
    float *y, *c, *previous, *gates[5]; /* gates: i f g o, or z r g inner */
    const float *dy;
    float *dx, *dh, *dc, *d_inner;      /* d_inner: of all recurrent products, (batch, time, columns) */
    float *part;    /* (batch, columns): results of the recurrent product */
    float *line;    /* (batch, units) */
    float *zeros;   /* (units) */
    float *d_state, *d_cell, *turned;   /* (batch, units) twice; the kernel transposed, (columns, units) */
    float *product;
} FNN_NAME(recurrent);

typedef void (*FNN_NAME(row_body))(const FNN_NAME(recurrent) *, int64_t b, int64_t cell, int64_t wide);
typedef struct { const FNN_NAME(recurrent) *r; FNN_NAME(row_body) body; } FNN_NAME(step_job);

static void FNN_NAME(step_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(step_job) *job = arg;
    const FNN_NAME(recurrent) *r = job->r;
    (void)thread;
    for (int64_t b = chunk * r->per_chunk; b < fnn_min((chunk + 1) * r->per_chunk, r->batch); b++) {
        const int64_t row = b * r->steps + r->t;
        job->body(r, b, row * r->units, row * r->columns);
    }
}

/* Runs `body` for every row of step t; `cell` and `wide` are its places in arrays of `units` and `columns` columns. */
static void FNN_NAME(each_row)(const FNN_NAME(recurrent) *r, FNN_NAME(row_body) body) {
    FNN_NAME(step_job) job = {r, body};
    fnn_parallel(fnn_ceil_div(r->batch, r->per_chunk), (double)(ROW_COST * r->batch * r->units), FNN_NAME(step_rows), &job);
}

static inline int FNN_NAME(counts)(const FNN_NAME(recurrent) *r, int64_t b) {
    return !r->mask || r->mask[b * r->steps + r->t];
}

/* A state's row before step t. */
static inline const float *FNN_NAME(before)(const FNN_NAME(recurrent) *r, const float *states, const float *start,
                                            int64_t b, int64_t cell) {
    if (r->t) return states + cell - r->units;
    return start ? start + b * r->units : r->zeros;
}

static void FNN_NAME(enter_row)(const FNN_NAME(recurrent) *r, int64_t b, int64_t cell, int64_t wide) {
    const float *h = FNN_NAME(before)(r, r->y, r->state, b, cell);
    float *to = r->previous + cell;
    (void)wide;
    for (int64_t j = 0; j < r->units; j++) to[j] = r->drop ? h[j] * r->drop[b * r->units + j] : h[j];
}

/* to (batch x cols) = step t's rows of `from`, `width` apart, times columns of a matrix with rows `b_row` apart. */
static void FNN_NAME(step_product)(const FNN_NAME(recurrent) *r, const float *from, int64_t width, int64_t depth,
                                   const float *matrix, int64_t b_row, int64_t cols, float *to, int64_t to_row) {
    fnn_product p = {r->batch, cols, depth, from + r->t * width, r->steps * width, 1, matrix, b_row, 1, to, to_row, {0}};
    FNN_NAME(fnn_product_run)(&p, r->product);
}

/* part = what enters step t times the recurrent kernel's first `cols` columns. */
static void FNN_NAME(recur)(const FNN_NAME(recurrent) *r, int64_t cols) {
    FNN_NAME(each_row)(r, FNN_NAME(enter_row));
    FNN_NAME(step_product)(r, r->previous, r->units, r->units, r->kernel, r->columns, cols, r->part, r->columns);
}

/* part += x, in all columns of a row */
static inline void FNN_NAME(add_part)(const FNN_NAME(recurrent) *r, int64_t b, int64_t wide) {
    float *restrict part = r->part + b * r->columns;
    const float *restrict x = r->x + wide;
    for (int64_t j = 0; j < r->columns; j++) part[j] += x[j];
}

/* The states after the last step. */
static void FNN_NAME(copy_last)(const FNN_NAME(recurrent) *r, const float *states, float *last) {
    if (!last) return;
    for (int64_t b = 0; b < r->batch; b++)
        for (int64_t j = 0; j < r->units; j++) last[b * r->units + j] = states[((b + 1) * r->steps - 1) * r->units + j];
}

/* ---------------------------------------------------------------- backward */

/* turned = kernel transposed, so that its columns' rows are neighbours */
static void FNN_NAME(turn)(FNN_NAME(recurrent) *r) {
    for (int64_t k = 0; k < r->units; k++)
        for (int64_t j = 0; j < r->columns; j++) r->turned[j * r->units + k] = r->kernel[k * r->columns + j];
}

static void FNN_NAME(begin_back)(FNN_NAME(recurrent) *r, const float *d_last_h, const float *d_last_c) {
    const int64_t cells = r->batch * r->units;
    FNN_NAME(turn)(r);
    for (int64_t k = 0; k < cells; k++) r->d_state[k] = d_last_h[k];
    if (d_last_c) for (int64_t k = 0; k < cells; k++) r->d_cell[k] = d_last_c[k];
}

/* dh of a row: what comes from the next step and what comes from the output. */
static inline float *FNN_NAME(arriving)(const FNN_NAME(recurrent) *r, int64_t b, int64_t cell) {
    float *restrict dh = r->dh + cell;
    const float *restrict dy = r->dy + cell, *restrict later = r->d_state + b * r->units;
    for (int64_t j = 0; j < r->units; j++) dh[j] = later[j] + dy[j];
    return dh;
}

/* d_state = the recurrent product's gradient (in `line`), thinned out, plus what passes by (in d_state already). */
static void FNN_NAME(hand_on_row)(const FNN_NAME(recurrent) *r, int64_t b, int64_t cell, int64_t wide) {
    const float *restrict line = r->line + b * r->units, *restrict drop = r->drop ? r->drop + b * r->units : NULL;
    float *restrict d = r->d_state + b * r->units;
    (void)cell; (void)wide;
    if (drop) for (int64_t j = 0; j < r->units; j++) d[j] += line[j] * drop[j];
    else for (int64_t j = 0; j < r->units; j++) d[j] += line[j];
}

static void FNN_NAME(copy_out)(const float *from, float *to, int64_t n) {
    if (to) for (int64_t k = 0; k < n; k++) to[k] = from[k];
}

/* Columns of the kernel's gradient: left^T d, over all steps of all sequences. */
static void FNN_NAME(kernel_gradient)(const FNN_NAME(recurrent) *r, const float *left, const float *d, int64_t from,
                                      int64_t cols, float *to) {
    const int64_t w = r->columns;
    if (!to) return;
    fnn_product p = {r->units, cols, r->batch * r->steps, left, 1, r->units, d + from, w, 1, to + from, w, {0}};
    FNN_NAME(fnn_product_run)(&p, r->product);
}

/* ---------------------------------------------------------------- scratch */

typedef struct { char *at; } FNN_NAME(arena);

static inline int64_t FNN_NAME(room)(int64_t floats) { return (floats + 15) / 16 * 64; }

static inline void *FNN_NAME(take)(FNN_NAME(arena) *a, int64_t floats) {
    void *p = a->at;
    a->at += FNN_NAME(room)(floats);
    return p;
}

static void FNN_NAME(set_sizes)(FNN_NAME(recurrent) *r, const fnn_tensor *sequence, const fnn_tensor *kernel) {
    r->batch = sequence->shape[0], r->steps = sequence->shape[1];
    r->units = kernel->shape[0], r->columns = kernel->shape[1];
    r->per_chunk = fnn_max(1, CHUNK_CELLS / r->units);
    r->kernel = kernel->data;
}

static void FNN_NAME(place_forward)(FNN_NAME(recurrent) *r, void *scratch) {
    FNN_NAME(arena) a = {scratch};
    r->part = FNN_NAME(take)(&a, r->batch * r->columns);
    r->line = FNN_NAME(take)(&a, r->batch * r->steps * r->units);
    r->zeros = FNN_NAME(take)(&a, r->units);
    for (int64_t j = 0; j < r->units; j++) r->zeros[j] = 0;
    r->product = (float *)a.at;
}

static int64_t FNN_NAME(forward_bytes)(const FNN_NAME(recurrent) *r) {
    const int64_t own = FNN_NAME(room)(r->batch * r->columns) + FNN_NAME(room)(r->batch * r->steps * r->units)
                        + FNN_NAME(room)(r->units);
    return own + FNN_NAME(fnn_product_scratch)(r->batch, r->columns, r->units);
}

static void FNN_NAME(place_backward)(FNN_NAME(recurrent) *r, void *scratch) {
    const int64_t cells = r->batch * r->units, all = r->batch * r->steps * r->columns;
    FNN_NAME(arena) a = {scratch};
    float *spare = FNN_NAME(take)(&a, all);
    r->d_inner = FNN_NAME(take)(&a, all);
    r->part = FNN_NAME(take)(&a, r->batch * r->columns);
    r->line = FNN_NAME(take)(&a, r->batch * r->steps * r->units);
    r->d_state = FNN_NAME(take)(&a, cells);
    r->d_cell = FNN_NAME(take)(&a, cells);
    r->turned = FNN_NAME(take)(&a, r->units * r->columns);
    r->zeros = FNN_NAME(take)(&a, r->units);
    for (int64_t j = 0; j < r->units; j++) r->zeros[j] = 0;
    if (!r->dx) r->dx = spare;
    r->product = (float *)a.at;
}

static int64_t FNN_NAME(backward_bytes)(const FNN_NAME(recurrent) *r) {
    const int64_t cells = r->batch * r->units, all = r->batch * r->steps * r->columns;
    const int64_t own = 2 * FNN_NAME(room)(all) + FNN_NAME(room)(r->batch * r->columns)
                        + FNN_NAME(room)(r->batch * r->steps * r->units) + 2 * FNN_NAME(room)(cells)
                        + FNN_NAME(room)(r->units * r->columns) + FNN_NAME(room)(r->units);
    const int64_t step = FNN_NAME(fnn_product_scratch)(r->batch, r->units, r->columns);
    return own + fnn_max(step, FNN_NAME(fnn_product_scratch)(r->units, r->columns, r->batch * r->steps));
}

static int64_t FNN_NAME(recurrent_scratch)(const fnn_step *s, int backward, int kernel) {
    FNN_NAME(recurrent) r = {0};
    FNN_NAME(set_sizes)(&r, &s->in[0], &s->in[backward ? kernel : 1]);
    return backward ? FNN_NAME(backward_bytes)(&r) : FNN_NAME(forward_bytes)(&r);
}
