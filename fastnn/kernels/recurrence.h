/* recurrence.h: what the recurrent layers share: activations, the walk over the steps, the recurrent product.
 *
 * Included inside recurrence.c, once per instruction set. Sequences are (batch, time, columns); sample b's step t lies
 * at (b * steps + t) * columns. A block is what is done at once: some samples and TILE_COLS units of one step, all
 * gates: their part of the product, and while that is in the cache what becomes of it. One thread takes a group of
 * samples through all steps. Only where groups are few and the kernel is large do threads share the units of each step.
 */
#define ROW_COST 60 /* of one unit of one row, in multiply-adds, about */
#define GROUP_ROWS (3 * TILE_ROWS)
#define FEW_ROWS 4
#define LARGE_KERNEL 262144 /* floats: more than a thread should read alone */
#define STEP_SHARED 2e5 /* multiply-adds of a step that are worth a meeting of the threads */
#define GROUP_CELLS (GROUP_ROWS * TILE_COLS)
#define BUFFERS 5 /* of GROUP_CELLS, of each thread */

#ifndef FNN_RECURRENCE_KINDS
#define FNN_RECURRENCE_KINDS
enum { TANH, SIGMOID, RELU, LINEAR, HARD_SIGMOID };
#endif

/* Words of a recurrent activation begin with sigmoid, tanh. */
static inline int FNN_NAME(gate_kind)(const fnn_attr *a) { return (int)(a->i[0] < 2 ? 1 - a->i[0] : a->i[0]); }

static void FNN_NAME(activate)(int kind, float *restrict y, int64_t n) {
    if (kind == TANH) for (int64_t j = 0; j < n; j++) y[j] = FNN_NAME(tanh_of)(y[j]);
    else if (kind == SIGMOID) for (int64_t j = 0; j < n; j++) y[j] = FNN_NAME(sigmoid_of)(y[j]);
    else if (kind == RELU) for (int64_t j = 0; j < n; j++) y[j] = y[j] > 0 || y[j] != y[j] ? y[j] : 0;
    else if (kind == HARD_SIGMOID) for (int64_t j = 0; j < n; j++) {
        const float v = y[j] / 6 + 0.5f;
        y[j] = v != v ? v : (v < 0 ? 0 : (v > 1 ? 1 : v));
    }
}

/* d times the derivative, which follows from the activation's result y. */
FNN_INLINE void FNN_NAME(times_slope)(int kind, const float *restrict y, float *restrict d, int64_t n) {
    if (kind == TANH) for (int64_t j = 0; j < n; j++) d[j] *= 1 - y[j] * y[j];
    else if (kind == SIGMOID) for (int64_t j = 0; j < n; j++) d[j] *= y[j] * (1 - y[j]);
    else if (kind == RELU) for (int64_t j = 0; j < n; j++) d[j] = y[j] > 0 ? d[j] : 0;
    else if (kind == HARD_SIGMOID) for (int64_t j = 0; j < n; j++) d[j] = y[j] > 0 && y[j] < 1 ? d[j] / 6 : 0;
}

typedef struct {
    int64_t batch, steps, units, columns, groups, blocks; /* columns: of x, gates * units; blocks: of units */
    int activation, gate, reset_after, shares_units; /* shares_units: threads do, those of a step */
    const float *x, *kernel, *bias, *state, *cell, *drop;
    const uint8_t *mask;
    float *y, *c, *previous, *gates[4]; /* gates: i f g o, or z r g inner */
    const float *dy;
    float *dx, *dh, *dc, *d_inner;      /* d_inner: of all recurrent products, (batch, time, columns) */
    float *entering[2]; /* (batch, pitch): left side of the products of even steps and of odd ones; its rows, unlike
                           those of a sequence, do not meet in one cache set */
    float *entering_reset;              /* (batch, pitch): r * previous, of a gated unit */
    float *reset;                       /* (batch, time, units): the same of all steps */
    int64_t pitch;
    float *d_state, *d_cell, *zeros;    /* (batch, units) twice; (units) */
    float *packed;      /* the kernel transposed, in panels of TILE_COLS columns */
    float *buffers, *product;
    const float *narrow[4][3], *wide[2]; /* arrays of `units` columns that go with a gate's product, and of `columns` */
} FNN_NAME(recurrent);

/* to = from; compilers make calls of library functions of loops as short as these. */
FNN_INLINE void FNN_NAME(copy)(const float *from, float *to, int64_t n) {
    int64_t j = 0;
    for (; j + FNN_LANES <= n; j += FNN_LANES) FNN_NAME(vec_store)(to + j, FNN_NAME(vec_load)(from + j));
    for (; j < n; j++) to[j] = from[j];
}

FNN_INLINE void FNN_NAME(clear)(float *to, int64_t n) {
    int64_t j = 0;
    for (; j + FNN_LANES <= n; j += FNN_LANES) FNN_NAME(vec_store)(to + j, FNN_NAME(vec_fill)(0));
    for (; j < n; j++) to[j] = 0;
}

typedef struct { int64_t t, row, rows, unit, units; } FNN_NAME(block);

/* One sample's part of a block: its places in arrays of `units` and of `columns` columns, and in the states. */
typedef struct { int64_t b, cell, wide, state; } FNN_NAME(spot);

FNN_INLINE FNN_NAME(spot) FNN_NAME(spot_of)(const FNN_NAME(recurrent) *r, const FNN_NAME(block) *at, int64_t row) {
    const int64_t b = at->row + row, step = b * r->steps + at->t;
    const FNN_NAME(spot) s = {b, step * r->units + at->unit, step * r->columns + at->unit, b * r->units + at->unit};
    return s;
}

static inline int FNN_NAME(counts)(const FNN_NAME(recurrent) *r, int64_t b, int64_t t) {
    return !r->mask || r->mask[b * r->steps + t];
}

/* A state's numbers before the block's step. */
FNN_INLINE const float *FNN_NAME(before)(const FNN_NAME(recurrent) *r, const FNN_NAME(block) *at, FNN_NAME(spot) s,
                                         const float *states, const float *start) {
    if (at->t) return states + s.cell - r->units;
    return start ? start + s.state : r->zeros;
}

/* ---------------------------------------------------------------- the walk over the steps */

typedef void (*FNN_NAME(phase))(const FNN_NAME(recurrent) *, const FNN_NAME(block) *, float *buffers);
typedef struct {
    const FNN_NAME(recurrent) *r;
    FNN_NAME(phase) phases[2]; /* of a step, one after the other for all units */
    int64_t from, to, by;      /* steps */
    int64_t t, phase;          /* where units are shared */
} FNN_NAME(walk);

static void FNN_NAME(run_block)(const FNN_NAME(walk) *w, int64_t t, int64_t phase, int64_t group, int64_t block,
                                int thread) {
    const FNN_NAME(recurrent) *r = w->r;
    FNN_NAME(block) at = {.t = t, .row = group * r->batch / r->groups, .unit = block * TILE_COLS};
    at.rows = (group + 1) * r->batch / r->groups - at.row;
    at.units = fnn_min(TILE_COLS, r->units - at.unit);
    w->phases[phase](r, &at, r->buffers + thread * BUFFERS * GROUP_CELLS);
}

static void FNN_NAME(walk_group)(void *arg, int64_t group, int thread) {
    const FNN_NAME(walk) *w = arg;
    for (int64_t t = w->from; t != w->to; t += w->by)
        for (int64_t phase = 0; phase < 2 && w->phases[phase]; phase++)
            for (int64_t block = 0; block < w->r->blocks; block++)
                FNN_NAME(run_block)(w, t, phase, group, block, thread);
}

static void FNN_NAME(walk_block)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(walk) *w = arg;
    FNN_NAME(run_block)(w, w->t, w->phase, chunk / w->r->blocks, chunk % w->r->blocks, thread);
}

static double FNN_NAME(step_work)(const FNN_NAME(recurrent) *r) {
    return (double)r->batch * (double)r->units * (double)(r->columns + ROW_COST);
}

/* Steps `from` up or down to, not including, `to`. */
static void FNN_NAME(walk_steps)(const FNN_NAME(recurrent) *r, FNN_NAME(phase) first, FNN_NAME(phase) second,
                                 int64_t from, int64_t to) {
    FNN_NAME(walk) w = {r, {first, second}, from, to, from < to ? 1 : -1, 0, 0};
    if (!r->batch) return;
    if (!r->shares_units) {
        fnn_parallel(r->groups, FNN_NAME(step_work)(r) * (double)r->steps, FNN_NAME(walk_group), &w);
        return;
    }
    for (w.t = from; w.t != to; w.t += w.by)
        for (w.phase = 0; w.phase < 2 && w.phases[w.phase]; w.phase++)
            fnn_parallel(r->groups * r->blocks, FNN_NAME(step_work)(r), FNN_NAME(walk_block), &w);
}

static void FNN_NAME(set_sizes)(FNN_NAME(recurrent) *r, const fnn_tensor *sequence, const fnn_tensor *kernel) {
    const int64_t threads = fnn_threads();
    r->batch = sequence->shape[0], r->steps = sequence->shape[1];
    r->units = kernel->shape[0], r->columns = kernel->shape[1];
    r->kernel = kernel->data;
    r->blocks = fnn_ceil_div(r->units, TILE_COLS);
    const int64_t least = fnn_max(1, fnn_ceil_div(r->batch, GROUP_ROWS)), even = fnn_ceil_div(least, threads) * threads;
    r->groups = fnn_max(least, fnn_min(even, r->batch / 2));
    r->shares_units = r->groups < threads || r->batch < FEW_ROWS * r->groups || r->units * r->columns >= LARGE_KERNEL;
    if (FNN_NAME(step_work)(r) < STEP_SHARED) r->shares_units = 0;
    if (r->shares_units) r->groups = least;
}

/* ---------------------------------------------------------------- forward */

/* What enters a sample's step: the state before it, thinned out. */
FNN_INLINE void FNN_NAME(enter)(const FNN_NAME(recurrent) *r, int64_t b, int64_t t, int64_t unit, int64_t n,
                                const float *restrict h) {
    float *restrict to = r->entering[t & 1] + b * r->pitch + unit;
    const float *restrict drop = r->drop ? r->drop + b * r->units + unit : NULL;
    if (t == r->steps) return;
    if (drop) for (int64_t j = 0; j < n; j++) to[j] = h[j] * drop[j];
    else FNN_NAME(copy)(h, to, n);
    FNN_NAME(copy)(to, r->previous + (b * r->steps + t) * r->units + unit, n);
}

static void FNN_NAME(begin)(const FNN_NAME(recurrent) *r) {
    for (int64_t b = 0; b < r->batch; b++)
        FNN_NAME(enter)(r, b, 0, 0, r->units, r->state ? r->state + b * r->units : r->zeros);
}

/* The numbers of a block's rows in the next step. They lie in more arrays than the processor foresees; asked for
 * between products, they come to the cache while the products are made. */
static void FNN_NAME(foresee)(const FNN_NAME(recurrent) *r, const FNN_NAME(block) *at, int64_t gate, int64_t row,
                              int64_t rows) {
#if defined(__GNUC__)
    const int64_t by = r->dy ? -1 : 1;
    for (int64_t k = row; k < row + rows; k++) {
        const FNN_NAME(spot) s = FNN_NAME(spot_of)(r, at, k);
        for (int64_t j = 0; j < at->units; j += 16) {
            for (int a = 0; a < 2; a++)
                if (r->wide[a]) __builtin_prefetch(r->wide[a] + s.wide + gate * r->units + by * r->columns + j, 0, 2);
            for (int a = 0; a < 3; a++)
                if (r->narrow[gate][a]) __builtin_prefetch(r->narrow[gate][a] + s.cell + by * r->units + j, 0, 2);
        }
    }
#else
    (void)r, (void)at, (void)gate, (void)row, (void)rows;
#endif
}

/* One row's tiles of several gates at once, each number as several chains of every so many multiply-adds: sums enough
 * to hide the time that one takes. Only a batch of one sample has groups of one row. */
FNN_INLINE void FNN_NAME(one_row)(const fnn_tile *t, int64_t units, const int gates, const int chains) {
    VEC sum[4][4][2];
    FNN_UNROLL for (int g = 0; g < gates; g++)
        FNN_UNROLL for (int v = 0; v < 2; v++) {
            const float *from = t->from + (t->from ? g * units + v * FNN_LANES : 0);
            sum[g][0][v] = t->from ? FNN_NAME(vec_load)(from) : FNN_NAME(vec_fill)(0);
            FNN_UNROLL for (int c = 1; c < chains; c++) sum[g][c][v] = FNN_NAME(vec_fill)(0);
        }
#define ONE_ROW_STEP(K, C) \
    FNN_UNROLL for (int g = 0; g < gates; g++) \
        FNN_UNROLL for (int v = 0; v < 2; v++) \
            sum[g][C][v] = FNN_NAME(vec_multiply_add)( \
                FNN_NAME(vec_fill)(t->a[K]), \
                FNN_NAME(vec_load)(t->b + (K) * t->b_depth + g * units + v * FNN_LANES), sum[g][C][v]);
    int64_t k = 0;
    for (; k + chains <= t->depth; k += chains) FNN_UNROLL for (int c = 0; c < chains; c++) ONE_ROW_STEP(k + c, c)
    for (; k < t->depth; k++) ONE_ROW_STEP(k, 0)
#undef ONE_ROW_STEP
    FNN_UNROLL for (int g = 0; g < gates; g++)
        FNN_UNROLL for (int v = 0; v < 2; v++) {
            FNN_UNROLL for (int c = 1; c < chains; c++)
                sum[g][0][v] = FNN_NAME(vec_add)(sum[g][0][v], sum[g][c][v]);
            FNN_NAME(vec_store)(t->c + g * GROUP_CELLS + v * FNN_LANES, sum[g][0][v]);
        }
}

/* A product's tiles: the block's rows by its units. */
static void FNN_NAME(tiles)(const FNN_NAME(recurrent) *r, const FNN_NAME(block) *at, int64_t gate, fnn_tile t) {
    const int64_t tiles = fnn_ceil_div(at->rows, TILE_ROWS);
    if (at->rows == 1 && at->units == TILE_COLS) {
        FNN_NAME(one_row)(&t, 0, 1, 4);
        return;
    }
    for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t row = tile * at->rows / tiles, rows = (tile + 1) * at->rows / tiles - row;
        FNN_NAME(fnn_tile_run)(&t, (int)rows, (int)at->units);
        FNN_NAME(foresee)(r, at, gate, row, rows);
        t.a += rows * t.a_row, t.c += rows * t.c_row;
        if (t.from) t.from += rows * t.from_row;
    }
}

/* Buffers of `gates` gates from `gate` on = the block's columns of `left` times the kernel, on top of x if there is
 * one. The kernel is read where it is: packing it would not make the products faster. */
static void FNN_NAME(gate_products)(const FNN_NAME(recurrent) *r, const FNN_NAME(block) *at, const float *left,
                                    const float *x, int64_t gate, int64_t gates, float *buffers) {
    const int64_t step = at->row * r->steps + at->t, first = gate * r->units + at->unit;
    fnn_tile t = {.a = left + at->row * r->pitch, .a_row = r->pitch, .a_depth = 1, .depth = r->units, .segments = 1,
                  .b = r->kernel + first, .b_depth = r->columns, .c = buffers, .c_row = TILE_COLS};
    if (x) t.from = x + step * r->columns + first, t.from_row = r->steps * r->columns;
    if (x && at->rows == 1 && at->units == TILE_COLS && gates > 1) {
        if (gates == 4) FNN_NAME(one_row)(&t, r->units, 4, 1);
        else FNN_NAME(one_row)(&t, r->units, 2, 2);
        return;
    }
    for (int64_t k = 0; k < gates; k++) {
        FNN_NAME(tiles)(r, at, gate + k, t);
        t.b += r->units, t.c += GROUP_CELLS;
        if (x) t.from += r->units;
    }
}

/* The states after the last step. */
static void FNN_NAME(copy_last)(const FNN_NAME(recurrent) *r, const float *states, float *last) {
    if (!last) return;
    for (int64_t b = 0; b < r->batch; b++)
        for (int64_t j = 0; j < r->units; j++) last[b * r->units + j] = states[((b + 1) * r->steps - 1) * r->units + j];
}

/* ---------------------------------------------------------------- backward
 *
 * Steps go down to -1, which only finds what arrives at the states before the first.
 */

/* The kernel transposed, in panels of TILE_COLS units. */
static void FNN_NAME(pack_panel)(void *arg, int64_t panel, int thread) {
    const FNN_NAME(recurrent) *r = arg;
    const int64_t unit = panel * TILE_COLS;
    (void)thread;
    FNN_NAME(fnn_pack)(r->kernel + unit * r->columns, 1, r->columns, r->columns,
                       (int)fnn_min(TILE_COLS, r->units - unit), r->packed + unit * r->columns);
}

static void FNN_NAME(begin_back)(FNN_NAME(recurrent) *r, const float *d_last_h, const float *d_last_c) {
    const int64_t cells = r->batch * r->units;
    fnn_parallel(r->blocks, (double)(r->units * r->columns), FNN_NAME(pack_panel), r);
    for (int64_t k = 0; k < cells; k++) r->d_state[k] = d_last_h[k];
    if (d_last_c) for (int64_t k = 0; k < cells; k++) r->d_cell[k] = d_last_c[k];
}

/* to = the block's units of: `gates` gates of step t, from `gate` on, times the kernel transposed. */
static void FNN_NAME(back_product)(const FNN_NAME(recurrent) *r, const FNN_NAME(block) *at, int64_t t, int64_t gate,
                                   int64_t gates, float *to) {
    const float *left = r->entering[t & 1] + at->row * r->pitch;
    for (int64_t k = gate; k < gate + gates; k++) {
        const fnn_tile tile = {.a = left + k * r->units, .a_row = r->pitch, .a_depth = 1, .depth = r->units,
                               .segments = 1,
                      .b = r->packed + at->unit * r->columns + k * r->units * TILE_COLS, .b_depth = TILE_COLS,
                      .from = k > gate ? to : NULL, .from_row = TILE_COLS, .c = to, .c_row = TILE_COLS};
        FNN_NAME(tiles)(r, at, k, tile);
    }
}

/* d_state = what passes by (in d_state already) plus the product's gradient, thinned out. */
static void FNN_NAME(hand_on)(const FNN_NAME(recurrent) *r, const FNN_NAME(block) *at, int64_t gates, float *line) {
    if (at->t == r->steps - 1) return;
    FNN_NAME(back_product)(r, at, at->t + 1, 0, gates, line);
    for (int64_t row = 0; row < at->rows; row++) {
        const int64_t state = (at->row + row) * r->units + at->unit;
        const float *restrict from = line + row * TILE_COLS, *restrict drop = r->drop ? r->drop + state : NULL;
        float *restrict d = r->d_state + state;
        if (drop) for (int64_t j = 0; j < at->units; j++) d[j] += from[j] * drop[j];
        else for (int64_t j = 0; j < at->units; j++) d[j] += from[j];
    }
}

/* dh: what comes from the next step and what comes from the output. */
FNN_INLINE void FNN_NAME(arrive)(const FNN_NAME(recurrent) *r, FNN_NAME(spot) s, int64_t n) {
    float *restrict dh = r->dh + s.cell;
    const float *restrict dy = r->dy + s.cell, *restrict later = r->d_state + s.state;
    for (int64_t j = 0; j < n; j++) dh[j] = later[j] + dy[j];
}

/* The gradient of gate `gate` enters the step before. */
FNN_INLINE void FNN_NAME(enter_back)(const FNN_NAME(recurrent) *r, const FNN_NAME(block) *at, FNN_NAME(spot) s,
                                     int64_t gate, int64_t n, const float *d) {
    FNN_NAME(copy)(d, r->entering[at->t & 1] + s.b * r->pitch + gate * r->units + at->unit, n);
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

/* Takes `floats` of the scratch at *at; if there is none yet, only counts. */
static float *FNN_NAME(take)(char *scratch, int64_t *at, int64_t floats) {
    float *p = scratch ? (float *)(scratch + *at) : NULL;
    *at += fnn_ceil_div(floats, 16) * 64;
    return p;
}

/* Lays out the scratch; the number of bytes. */
static int64_t FNN_NAME(place)(FNN_NAME(recurrent) *r, void *scratch, int backward) {
    const int64_t rows = r->batch * r->steps, gated = r->columns == 3 * r->units;
    int64_t at = 0;
    r->pitch = fnn_ceil_div(backward ? r->columns : r->units, 16) * 16 + 16;
    for (int k = 0; k < 2; k++) r->entering[k] = FNN_NAME(take)(scratch, &at, r->batch * r->pitch);
    r->entering_reset = FNN_NAME(take)(scratch, &at, gated && !backward ? r->batch * r->pitch : 0);
    r->packed = FNN_NAME(take)(scratch, &at, backward ? r->blocks * TILE_COLS * r->columns : 0);
    r->buffers = FNN_NAME(take)(scratch, &at, fnn_thread_limit() * BUFFERS * GROUP_CELLS);
    r->zeros = FNN_NAME(take)(scratch, &at, r->units);
    r->reset = FNN_NAME(take)(scratch, &at, gated && backward ? rows * r->units : 0);
    if (backward) {
        float *spare = FNN_NAME(take)(scratch, &at, rows * r->columns);
        float *inner = FNN_NAME(take)(scratch, &at, gated ? rows * r->columns : 0);
        if (!r->dx) r->dx = spare;
        r->d_inner = gated ? inner : r->dx;
        r->d_state = FNN_NAME(take)(scratch, &at, r->batch * r->units);
        r->d_cell = FNN_NAME(take)(scratch, &at, r->batch * r->units);
    }
    r->wide[0] = backward ? r->dx : r->x;
    r->wide[1] = gated ? r->d_inner : NULL;
    r->product = FNN_NAME(take)(scratch, &at, 0);
    for (int64_t j = 0; scratch && j < r->units; j++) r->zeros[j] = 0;
    return backward ? at + FNN_NAME(fnn_product_scratch)(r->units, r->columns, rows) : at;
}

static int64_t FNN_NAME(recurrent_scratch)(const fnn_step *s, int backward, int kernel) {
    FNN_NAME(recurrent) r = {0};
    FNN_NAME(set_sizes)(&r, &s->in[0], &s->in[backward ? kernel : 1]);
    return FNN_NAME(place)(&r, NULL, backward);
}
