/* recurrence.c: recurrent layers over whole sequences, each forward directly above its backward.
 *
 * Forward goes step by step: one product of what enters (the previous state, thinned out by dropout) with the recurrent
 * kernel, for all gates, then the gates row by row. Backward goes the other way; the kernel's gradient is one product
 * over all steps at the end.
 */
#include "fnn.h"
#ifndef FNN_ISA
#include "vector_system.h"
#define FNN_FAMILY_FILE "recurrence.c"
#include "every_isa.h"
#else
#include "gemm.h"
#include "vector.h"
#include "vector_math.h"
#include "recurrence.h"

/* Every row of a block: `line` is the row's place in the first buffer; n is a constant if the block is whole. */
#define EACH_ROW(BODY) \
    for (int64_t row = 0; row < at->rows; row++) { \
        const FNN_NAME(spot) s = FNN_NAME(spot_of)(r, at, row); \
        if (at->units == TILE_COLS) FNN_NAME(BODY)(r, at, s, buffers + row * TILE_COLS, TILE_COLS); \
        else FNN_NAME(BODY)(r, at, s, buffers + row * TILE_COLS, at->units); \
    }
#define ROW_BODY(NAME) FNN_INLINE void FNN_NAME(NAME)(const FNN_NAME(recurrent) *r, const FNN_NAME(block) *at, \
                                                      FNN_NAME(spot) s, float *restrict line, const int64_t n)
#define PHASE(NAME) static void FNN_NAME(NAME)(const FNN_NAME(recurrent) *r, const FNN_NAME(block) *at, float *buffers)
#define BUFFER(K) (buffers + (K) * GROUP_CELLS)

/* ---------------------------------------------------------------- simple */

ROW_BODY(simple_row) {
    const float *old = FNN_NAME(before)(r, at, s, r->y, r->state);
    float *y = r->y + s.cell;
    const int counts = FNN_NAME(counts)(r, s.b, at->t);
    for (int64_t j = 0; j < n; j++) y[j] = counts ? line[j] : old[j];
    FNN_NAME(enter)(r, s.b, at->t + 1, at->unit, n, y);
}

PHASE(simple_block) {
    FNN_NAME(gate_products)(r, at, r->entering[at->t & 1], r->x, 0, 1, buffers);
    FNN_NAME(activate)(r->activation, buffers, at->rows * TILE_COLS);
    EACH_ROW(simple_row)
}

static int FNN_NAME(simple_rnn)(fnn_step *s) {
    FNN_NAME(recurrent) r = {.x = s->in[0].data, .state = s->in[2].data, .drop = s->in[3].data, .mask = s->in[4].data,
                             .y = s->out[0].data, .previous = s->out[2].data, .activation = (int)s->attr[0].i[0]};
    FNN_NAME(set_sizes)(&r, &s->in[0], &s->in[1]);
    FNN_NAME(place)(&r, s->scratch, 0);
    r.narrow[0][0] = r.y, r.narrow[0][1] = r.previous + r.units;
    FNN_NAME(begin)(&r);
    FNN_NAME(walk_steps)(&r, FNN_NAME(simple_block), NULL, 0, r.steps);
    FNN_NAME(copy_last)(&r, r.y, s->out[1].data);
    return FNN_OK;
}

ROW_BODY(simple_row_back) {
    const int counts = FNN_NAME(counts)(r, s.b, at->t);
    float *restrict dx = r->dx + s.wide, *restrict passing = r->d_state + s.state;
    const float *restrict dh = r->dh + s.cell;
    (void)line;
    FNN_NAME(arrive)(r, s, n);
    for (int64_t j = 0; j < n; j++) passing[j] = counts ? 0 : dh[j];
    for (int64_t j = 0; j < n; j++) dx[j] = counts ? dh[j] : 0;
    if (counts) FNN_NAME(times_slope)(r->activation, r->y + s.cell, dx, n);
    FNN_NAME(enter_back)(r, at, s, 0, n, dx);
}

PHASE(simple_block_back) {
    FNN_NAME(hand_on)(r, at, 1, buffers);
    if (at->t >= 0) EACH_ROW(simple_row_back)
}

/* in: dy dlast_h, kernel drop mask previous y; out: dx dkernel dstate, dh */
static int FNN_NAME(simple_rnn_backward)(fnn_step *s) {
    FNN_NAME(recurrent) r = {.dy = s->in[0].data, .drop = s->in[3].data, .mask = s->in[4].data,
                             .previous = s->in[5].data, .y = s->in[6].data, .dx = s->out[0].data, .dh = s->out[3].data,
                             .activation = (int)s->attr[0].i[0]};
    FNN_NAME(set_sizes)(&r, &s->in[0], &s->in[2]);
    FNN_NAME(place)(&r, s->scratch, 1);
    r.narrow[0][0] = r.dy, r.narrow[0][1] = r.dh, r.narrow[0][2] = r.y;
    FNN_NAME(begin_back)(&r, s->in[1].data, NULL);
    FNN_NAME(walk_steps)(&r, FNN_NAME(simple_block_back), NULL, r.steps - 1, -2);
    FNN_NAME(kernel_gradient)(&r, r.previous, r.dx, 0, r.columns, s->out[1].data);
    FNN_NAME(copy_out)(r.d_state, s->out[2].data, r.batch * r.units);
    return FNN_OK;
}

/* ---------------------------------------------------------------- long short-term memory */

/* Buffers: i, f, g, o, and the new cell state. */
ROW_BODY(lstm_cell_row) {
    const float *restrict c_old = FNN_NAME(before)(r, at, s, r->c, r->cell);
    const float *restrict i = line, *restrict f = line + GROUP_CELLS, *restrict g = line + 2 * GROUP_CELLS;
    float *restrict c = r->c + s.cell, *restrict c_new = line + 4 * GROUP_CELLS;
    const int counts = FNN_NAME(counts)(r, s.b, at->t);
    for (int64_t j = 0; j < n; j++) c_new[j] = f[j] * c_old[j] + i[j] * g[j];
    for (int64_t j = 0; j < n; j++) c[j] = counts ? c_new[j] : c_old[j];
    for (int k = 0; k < 4; k++) FNN_NAME(copy)(line + k * GROUP_CELLS, r->gates[k] + s.cell, n);
}

/* Buffer 4: the activated cell state. */
ROW_BODY(lstm_row) {
    const float *restrict o = line + 3 * GROUP_CELLS, *restrict squashed = line + 4 * GROUP_CELLS;
    float *y = r->y + s.cell;
    if (FNN_NAME(counts)(r, s.b, at->t)) for (int64_t j = 0; j < n; j++) y[j] = o[j] * squashed[j];
    else FNN_NAME(copy)(FNN_NAME(before)(r, at, s, r->y, r->state), y, n);
    FNN_NAME(enter)(r, s.b, at->t + 1, at->unit, n, y);
}

PHASE(lstm_block) {
    const int64_t cells = at->rows * TILE_COLS;
    FNN_NAME(gate_products)(r, at, r->entering[at->t & 1], r->x, 0, 4, buffers);
    for (int64_t k = 0; k < 4; k++) FNN_NAME(activate)(k == 2 ? r->activation : r->gate, BUFFER(k), cells);
    EACH_ROW(lstm_cell_row)
    FNN_NAME(activate)(r->activation, BUFFER(4), cells);
    EACH_ROW(lstm_row)
}

static int FNN_NAME(lstm)(fnn_step *s) {
    FNN_NAME(recurrent) r = {.x = s->in[0].data, .state = s->in[2].data, .cell = s->in[3].data, .drop = s->in[4].data,
                             .mask = s->in[5].data, .y = s->out[0].data, .c = s->out[7].data,
                             .previous = s->out[8].data, .activation = (int)s->attr[0].i[0],
                             .gate = FNN_NAME(gate_kind)(&s->attr[1])};
    for (int k = 0; k < 4; k++) r.gates[k] = s->out[3 + k].data;
    FNN_NAME(set_sizes)(&r, &s->in[0], &s->in[1]);
    FNN_NAME(place)(&r, s->scratch, 0);
    for (int k = 0; k < 4; k++) r.narrow[k][0] = r.gates[k];
    r.narrow[0][1] = r.c, r.narrow[1][1] = r.y, r.narrow[2][1] = r.previous + r.units;
    FNN_NAME(begin)(&r);
    FNN_NAME(walk_steps)(&r, FNN_NAME(lstm_block), NULL, 0, r.steps);
    FNN_NAME(copy_last)(&r, r.y, s->out[1].data);
    FNN_NAME(copy_last)(&r, r.c, s->out[2].data);
    return FNN_OK;
}

FNN_INLINE void FNN_NAME(lstm_unit_back)(const FNN_NAME(recurrent) *r, const FNN_NAME(block) *at, FNN_NAME(spot) s,
                                         const float *restrict squashed, const int64_t n, const int activation, const int kind) {
    const float *restrict c_old = FNN_NAME(before)(r, at, s, r->c, r->cell);
    const float *restrict i = r->gates[0] + s.cell, *restrict f = r->gates[1] + s.cell, *restrict g = r->gates[2] + s.cell;
    const float *restrict o = r->gates[3] + s.cell, *restrict dh = r->dh + s.cell;
    float *restrict dc = r->dc + s.cell, *restrict d_cell = r->d_cell + s.state, *restrict passing = r->d_state + s.state;
    float *restrict di = r->dx + s.wide, *restrict df = di + r->units, *restrict dg = df + r->units;
    float *restrict d_o = dg + r->units;
    for (int64_t j = 0; j < n; j++) dc[j] = dh[j] * o[j];
    FNN_NAME(times_slope)(activation, squashed, dc, n);
    for (int64_t j = 0; j < n; j++) dc[j] += d_cell[j];
    for (int64_t j = 0; j < n; j++) di[j] = dc[j] * g[j];
    for (int64_t j = 0; j < n; j++) df[j] = dc[j] * c_old[j];
    for (int64_t j = 0; j < n; j++) dg[j] = dc[j] * i[j];
    for (int64_t j = 0; j < n; j++) d_o[j] = dh[j] * squashed[j];
    FNN_NAME(times_slope)(kind, i, di, n);
    FNN_NAME(times_slope)(kind, f, df, n);
    FNN_NAME(times_slope)(activation, g, dg, n);
    FNN_NAME(times_slope)(kind, o, d_o, n);
    for (int64_t j = 0; j < n; j++) d_cell[j] = dc[j] * f[j];
    FNN_NAME(clear)(passing, n);
}

ROW_BODY(lstm_row_back) {
    float *restrict dc = r->dc + s.cell;
    FNN_NAME(arrive)(r, s, n);
    if (!FNN_NAME(counts)(r, s.b, at->t)) {
        FNN_NAME(copy)(r->d_cell + s.state, dc, n);
        FNN_NAME(copy)(r->dh + s.cell, r->d_state + s.state, n);
        for (int64_t k = 0; k < 4; k++) FNN_NAME(clear)(r->dx + s.wide + k * r->units, n);
    } else if (r->activation == TANH && r->gate == SIGMOID) FNN_NAME(lstm_unit_back)(r, at, s, line, n, TANH, SIGMOID);
    else FNN_NAME(lstm_unit_back)(r, at, s, line, n, r->activation, r->gate);
    for (int64_t k = 0; k < 4; k++) FNN_NAME(enter_back)(r, at, s, k, n, r->dx + s.wide + k * r->units);
}

ROW_BODY(read_cell_row) {
    (void)at;
    FNN_NAME(copy)(r->c + s.cell, line, n);
}

PHASE(lstm_block_back) {
    FNN_NAME(hand_on)(r, at, 4, buffers);
    if (at->t < 0) return;
    EACH_ROW(read_cell_row)
    FNN_NAME(activate)(r->activation, buffers, at->rows * TILE_COLS);
    EACH_ROW(lstm_row_back)
}

/* in: dy dlast_h dlast_c, kernel cell drop mask i f g o c previous; out: dx dkernel dstate dcell, dh dc */
static int FNN_NAME(lstm_backward)(fnn_step *s) {
    FNN_NAME(recurrent) r = {.dy = s->in[0].data, .cell = s->in[4].data, .drop = s->in[5].data, .mask = s->in[6].data,
                             .c = s->in[11].data, .previous = s->in[12].data, .dx = s->out[0].data,
                             .dh = s->out[4].data, .dc = s->out[5].data, .activation = (int)s->attr[0].i[0],
                             .gate = FNN_NAME(gate_kind)(&s->attr[1])};
    for (int k = 0; k < 4; k++) r.gates[k] = s->in[7 + k].data;
    FNN_NAME(set_sizes)(&r, &s->in[0], &s->in[3]);
    FNN_NAME(place)(&r, s->scratch, 1);
    for (int k = 0; k < 4; k++) r.narrow[k][0] = r.gates[k];
    r.narrow[0][1] = r.dy, r.narrow[1][1] = r.dh, r.narrow[2][1] = r.dc, r.narrow[3][1] = r.c - r.units;
    FNN_NAME(begin_back)(&r, s->in[1].data, s->in[2].data);
    FNN_NAME(walk_steps)(&r, FNN_NAME(lstm_block_back), NULL, r.steps - 1, -2);
    FNN_NAME(kernel_gradient)(&r, r.previous, r.dx, 0, r.columns, s->out[1].data);
    FNN_NAME(copy_out)(r.d_state, s->out[2].data, r.batch * r.units);
    FNN_NAME(copy_out)(r.d_cell, s->out[3].data, r.batch * r.units);
    return FNN_OK;
}

/* ---------------------------------------------------------------- gated recurrent unit */

ROW_BODY(gru_bias_row) {
    const float *restrict one = r->bias + at->unit, *restrict other = one + r->columns;
    (void)s;
    for (int k = 0; k < 2; k++)
        for (int64_t j = 0; j < n; j++) line[k * GROUP_CELLS + j] += one[k * r->units + j] + other[k * r->units + j];
}

ROW_BODY(gru_gates_row) {
    float *restrict z = r->gates[0] + s.cell, *restrict reset = r->gates[1] + s.cell;
    const float *restrict h = r->entering[at->t & 1] + s.b * r->pitch + at->unit;
    float *restrict to = r->entering_reset + s.b * r->pitch + at->unit;
    FNN_NAME(copy)(line, z, n);
    FNN_NAME(copy)(line + GROUP_CELLS, reset, n);
    if (!r->reset_after) for (int64_t j = 0; j < n; j++) to[j] = reset[j] * h[j];
}

/* z and r; without reset_after also r * previous, which the candidate's product needs. */
PHASE(gru_gates) {
    FNN_NAME(gate_products)(r, at, r->entering[at->t & 1], r->x, 0, 2, buffers);
    if (r->bias) EACH_ROW(gru_bias_row)
    for (int64_t k = 0; k < 2; k++) FNN_NAME(activate)(r->gate, BUFFER(k), at->rows * TILE_COLS);
    EACH_ROW(gru_gates_row)
}

/* The buffer holds the candidate's product, and then what is activated. */
ROW_BODY(gru_inner_row) {
    const float *restrict x = r->x + s.wide + 2 * r->units, *restrict reset = r->gates[1] + s.cell;
    const float *restrict one = r->bias ? r->bias + 2 * r->units + at->unit : NULL, *restrict other = one ? one + r->columns : NULL;
    float *restrict inner = r->gates[3] + s.cell;
    if (one) for (int64_t j = 0; j < n; j++) line[j] += other[j];
    FNN_NAME(copy)(line, inner, n);
    if (r->reset_after) for (int64_t j = 0; j < n; j++) line[j] *= reset[j];
    if (one) for (int64_t j = 0; j < n; j++) line[j] += x[j] + one[j];
    else for (int64_t j = 0; j < n; j++) line[j] += x[j];
}

ROW_BODY(gru_row) {
    const float *h = FNN_NAME(before)(r, at, s, r->y, r->state);
    const float *restrict z = r->gates[0] + s.cell;
    float *restrict g = r->gates[2] + s.cell, *y = r->y + s.cell;
    FNN_NAME(copy)(line, g, n);
    if (FNN_NAME(counts)(r, s.b, at->t)) for (int64_t j = 0; j < n; j++) y[j] = z[j] * h[j] + (1 - z[j]) * line[j];
    else FNN_NAME(copy)(h, y, n);
    FNN_NAME(enter)(r, s.b, at->t + 1, at->unit, n, y);
}

PHASE(gru_candidate) {
    FNN_NAME(gate_products)(r, at, r->reset_after ? r->entering[at->t & 1] : r->entering_reset, NULL, 2, 1, buffers);
    EACH_ROW(gru_inner_row)
    FNN_NAME(activate)(r->activation, buffers, at->rows * TILE_COLS);
    EACH_ROW(gru_row)
}

PHASE(gru_block) {
    FNN_NAME(gru_gates)(r, at, buffers);
    FNN_NAME(gru_candidate)(r, at, buffers);
}

static int FNN_NAME(gru)(fnn_step *s) {
    FNN_NAME(recurrent) r = {.x = s->in[0].data, .bias = s->in[2].data, .state = s->in[3].data, .drop = s->in[4].data,
                             .mask = s->in[5].data, .y = s->out[0].data, .previous = s->out[6].data,
                             .activation = (int)s->attr[0].i[0], .gate = FNN_NAME(gate_kind)(&s->attr[1]),
                             .reset_after = (int)s->attr[2].i[0]};
    for (int k = 0; k < 4; k++) r.gates[k] = s->out[2 + k].data;
    FNN_NAME(set_sizes)(&r, &s->in[0], &s->in[1]);
    FNN_NAME(place)(&r, s->scratch, 0);
    for (int k = 0; k < 3; k++) r.narrow[k][0] = r.gates[k];
    r.narrow[0][1] = r.y, r.narrow[1][1] = r.previous + r.units, r.narrow[2][1] = r.gates[3];
    FNN_NAME(begin)(&r);
    if (r.reset_after) FNN_NAME(walk_steps)(&r, FNN_NAME(gru_block), NULL, 0, r.steps);
    else FNN_NAME(walk_steps)(&r, FNN_NAME(gru_gates), FNN_NAME(gru_candidate), 0, r.steps);
    FNN_NAME(copy_last)(&r, r.y, s->out[1].data);
    return FNN_OK;
}

/* dx of update gate and candidate; with reset_after also of the reset gate, and d_inner. */
FNN_INLINE void FNN_NAME(gru_unit_back)(const FNN_NAME(recurrent) *r, const FNN_NAME(block) *at, FNN_NAME(spot) s, const int64_t n) {
    const float *restrict dh = r->dh + s.cell, *restrict h = FNN_NAME(before)(r, at, s, r->y, r->state);
    const float *restrict z = r->gates[0] + s.cell, *restrict reset = r->gates[1] + s.cell, *restrict g = r->gates[2] + s.cell;
    const float *restrict inner = r->gates[3] + s.cell;
    float *restrict dz = r->dx + s.wide, *restrict dr = dz + r->units, *restrict dg = dr + r->units;
    float *restrict d_inner = r->d_inner + s.wide, *restrict passing = r->d_state + s.state;
    for (int64_t j = 0; j < n; j++) dz[j] = dh[j] * (h[j] - g[j]);
    for (int64_t j = 0; j < n; j++) dg[j] = dh[j] * (1 - z[j]);
    FNN_NAME(times_slope)(r->gate, z, dz, n);
    FNN_NAME(times_slope)(r->activation, g, dg, n);
    for (int64_t j = 0; j < n; j++) passing[j] = dh[j] * z[j];
    FNN_NAME(copy)(dz, d_inner, n);
    if (!r->reset_after) {
        FNN_NAME(copy)(dg, d_inner + 2 * r->units, n);
        return;
    }
    for (int64_t j = 0; j < n; j++) d_inner[2 * r->units + j] = dg[j] * reset[j];
    for (int64_t j = 0; j < n; j++) dr[j] = dg[j] * inner[j];
    FNN_NAME(times_slope)(r->gate, reset, dr, n);
    FNN_NAME(copy)(dr, d_inner + r->units, n);
}

ROW_BODY(gru_row_back) {
    (void)line;
    FNN_NAME(arrive)(r, s, n);
    if (FNN_NAME(counts)(r, s.b, at->t)) FNN_NAME(gru_unit_back)(r, at, s, n);
    else {
        FNN_NAME(copy)(r->dh + s.cell, r->d_state + s.state, n);
        for (int64_t k = 0; k < 3; k++) {
            FNN_NAME(clear)(r->dx + s.wide + k * r->units, n);
            FNN_NAME(clear)(r->d_inner + s.wide + k * r->units, n);
        }
    }
    for (int64_t k = 0; k < 3; k++)
        if (k != 1 || r->reset_after || !FNN_NAME(counts)(r, s.b, at->t))
            FNN_NAME(enter_back)(r, at, s, k, n, r->d_inner + s.wide + k * r->units);
}

PHASE(gru_block_back) {
    FNN_NAME(hand_on)(r, at, r->reset_after ? 3 : 2, buffers);
    if (at->t >= 0) EACH_ROW(gru_row_back)
}

/* Without reset_after; the buffer holds the gradient of r * previous. */
ROW_BODY(gru_reset_row_back) {
    const float *restrict reset = r->gates[1] + s.cell, *restrict previous = r->previous + s.cell;
    const float *restrict drop = r->drop ? r->drop + s.state : NULL;
    float *restrict dr = r->dx + s.wide + r->units, *restrict d_inner = r->d_inner + s.wide + r->units;
    float *restrict passing = r->d_state + s.state, *restrict product = r->reset + s.cell;
    for (int64_t j = 0; j < n; j++) product[j] = reset[j] * previous[j];
    if (!FNN_NAME(counts)(r, s.b, at->t)) return;
    for (int64_t j = 0; j < n; j++) dr[j] = line[j] * previous[j];
    FNN_NAME(times_slope)(r->gate, reset, dr, n);
    FNN_NAME(copy)(dr, d_inner, n);
    if (drop) for (int64_t j = 0; j < n; j++) passing[j] += line[j] * reset[j] * drop[j];
    else for (int64_t j = 0; j < n; j++) passing[j] += line[j] * reset[j];
    FNN_NAME(enter_back)(r, at, s, 1, n, dr);
}

PHASE(gru_reset_back) {
    if (at->t < 0) return;
    FNN_NAME(back_product)(r, at, at->t, 2, 1, buffers);
    EACH_ROW(gru_reset_row_back)
}

static void FNN_NAME(sum_into)(const float *restrict d, int64_t rows, int64_t cols, float *restrict sum) {
    for (int64_t j = 0; j < cols; j++) sum[j] = 0;
    for (int64_t k = 0; k < rows; k++)
        for (int64_t j = 0; j < cols; j++) sum[j] += d[k * cols + j];
}

/* in: dy dlast_h, kernel state drop mask z r g inner previous y; out: dx dkernel dbias dstate, dh */
static int FNN_NAME(gru_backward)(fnn_step *s) {
    FNN_NAME(recurrent) r = {.dy = s->in[0].data, .state = s->in[3].data, .drop = s->in[4].data, .mask = s->in[5].data,
                             .previous = s->in[10].data, .y = s->in[11].data, .dx = s->out[0].data,
                             .dh = s->out[4].data, .activation = (int)s->attr[0].i[0],
                             .gate = FNN_NAME(gate_kind)(&s->attr[1]), .reset_after = (int)s->attr[2].i[0]};
    for (int k = 0; k < 4; k++) r.gates[k] = s->in[6 + k].data;
    FNN_NAME(set_sizes)(&r, &s->in[0], &s->in[2]);
    FNN_NAME(place)(&r, s->scratch, 1);
    for (int k = 0; k < 3; k++) r.narrow[k][0] = r.gates[k];
    r.narrow[0][1] = r.dy, r.narrow[1][1] = r.dh, r.narrow[2][1] = r.gates[3], r.narrow[0][2] = r.y - r.units;
    FNN_NAME(begin_back)(&r, s->in[1].data, NULL);
    const int64_t n = r.units, w = r.columns;
    float *d_bias = s->out[2].data;
    FNN_NAME(walk_steps)(&r, FNN_NAME(gru_block_back), r.reset_after ? NULL : FNN_NAME(gru_reset_back), r.steps - 1, -2);
    FNN_NAME(kernel_gradient)(&r, r.previous, r.d_inner, 0, r.reset_after ? w : 2 * n, s->out[1].data);
    if (!r.reset_after) FNN_NAME(kernel_gradient)(&r, r.reset, r.d_inner, 2 * n, n, s->out[1].data);
    if (d_bias) {
        FNN_NAME(sum_into)(r.dx, r.batch * r.steps, w, d_bias);
        FNN_NAME(sum_into)(r.d_inner, r.batch * r.steps, w, d_bias + w);
    }
    FNN_NAME(copy_out)(r.d_state, s->out[3].data, r.batch * n);
    return FNN_OK;
}

static int64_t FNN_NAME(two_outputs)(const fnn_step *s, int backward) { return FNN_NAME(recurrent_scratch)(s, backward, 2); }
static int64_t FNN_NAME(three_outputs)(const fnn_step *s, int backward) { return FNN_NAME(recurrent_scratch)(s, backward, 3); }

const fnn_entry FNN_NAME(recurrence_entries)[] = {
    {"simple_rnn", "x recurrent_kernel state drop mask", "activation", FNN_NAME(simple_rnn),
     FNN_NAME(simple_rnn_backward), FNN_NAME(two_outputs)},
    {"lstm", "x recurrent_kernel state cell drop mask", "activation recurrent_activation", FNN_NAME(lstm),
     FNN_NAME(lstm_backward), FNN_NAME(three_outputs)},
    {"gru", "x recurrent_kernel bias state drop mask", "activation recurrent_activation reset_after", FNN_NAME(gru),
     FNN_NAME(gru_backward), FNN_NAME(two_outputs)},
    {0},
};
#endif
