/* recurrence.c: recurrent layers over whole sequences, each forward directly above its backward.
 *
 * Forward goes step by step: enter (the previous state, thinned out by dropout), one product with the recurrent kernel
 * for all gates of the batch, then the gates row by row. Backward goes the other way; the kernel's gradient is one
 * product over all steps at the end.
 */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "recurrence.c"
#include "every_isa.h"
#else
#include "gemm.h"
#include "vector_math.h"
#include "recurrence.h"

/* ---------------------------------------------------------------- simple */

static void FNN_NAME(simple_row)(const FNN_NAME(recurrent) *r, int64_t b, int64_t cell, int64_t wide) {
    const float *old = FNN_NAME(before)(r, r->y, r->state, b, cell);
    float *y = r->y + cell;
    FNN_NAME(add_part)(r, b, wide);
    if (FNN_NAME(counts)(r, b)) FNN_NAME(activate)(r->activation, r->part + b * r->units, y, r->units);
    else for (int64_t j = 0; j < r->units; j++) y[j] = old[j];
}

static int FNN_NAME(simple_rnn)(fnn_step *s) {
    FNN_NAME(recurrent) r = {.x = s->in[0].data, .state = s->in[2].data, .drop = s->in[3].data, .mask = s->in[4].data,
                             .y = s->out[0].data, .previous = s->out[2].data, .activation = (int)s->attr[0].i[0]};
    FNN_NAME(set_sizes)(&r, &s->in[0], &s->in[1]);
    FNN_NAME(place_forward)(&r, s->scratch);
    for (r.t = 0; r.t < r.steps; r.t++) {
        FNN_NAME(recur)(&r, r.columns);
        FNN_NAME(each_row)(&r, FNN_NAME(simple_row));
    }
    FNN_NAME(copy_last)(&r, r.y, s->out[1].data);
    return FNN_OK;
}

static void FNN_NAME(simple_row_back)(const FNN_NAME(recurrent) *r, int64_t b, int64_t cell, int64_t wide) {
    const float *dh = FNN_NAME(arriving)(r, b, cell);
    const int counts = FNN_NAME(counts)(r, b);
    float *dx = r->dx + wide, *passing = r->d_state + b * r->units;
    for (int64_t j = 0; j < r->units; j++) passing[j] = counts ? 0 : dh[j];
    for (int64_t j = 0; j < r->units; j++) dx[j] = counts ? dh[j] : 0;
    if (counts) FNN_NAME(times_slope)(r->activation, r->y + cell, dx, r->units);
}

/* in: dy dlast_h, kernel drop mask previous y; out: dx dkernel dstate, dh */
static int FNN_NAME(simple_rnn_backward)(fnn_step *s) {
    FNN_NAME(recurrent) r = {.dy = s->in[0].data, .drop = s->in[3].data, .mask = s->in[4].data,
                             .previous = s->in[5].data, .y = s->in[6].data, .dx = s->out[0].data, .dh = s->out[3].data,
                             .activation = (int)s->attr[0].i[0]};
    FNN_NAME(set_sizes)(&r, &s->in[0], &s->in[2]);
    FNN_NAME(place_backward)(&r, s->scratch);
    FNN_NAME(begin_back)(&r, s->in[1].data, NULL);
    for (r.t = r.steps - 1; r.t >= 0; r.t--) {
        FNN_NAME(each_row)(&r, FNN_NAME(simple_row_back));
        FNN_NAME(step_product)(&r, r.dx, r.columns, r.columns, r.turned, r.units, r.units, r.line, r.units);
        FNN_NAME(each_row)(&r, FNN_NAME(hand_on_row));
    }
    FNN_NAME(kernel_gradient)(&r, r.previous, r.dx, 0, r.columns, s->out[1].data);
    FNN_NAME(copy_out)(r.d_state, s->out[2].data, r.batch * r.units);
    return FNN_OK;
}

/* ---------------------------------------------------------------- long short-term memory */

static void FNN_NAME(lstm_row)(const FNN_NAME(recurrent) *r, int64_t b, int64_t cell, int64_t wide) {
    const int64_t n = r->units;
    const float *part = r->part + b * r->columns;
    const float *h_old = FNN_NAME(before)(r, r->y, r->state, b, cell);
    const float *restrict c_old = FNN_NAME(before)(r, r->c, r->cell, b, cell);
    float *restrict i = r->gates[0] + cell, *restrict f = r->gates[1] + cell, *restrict g = r->gates[2] + cell;
    float *restrict o = r->gates[3] + cell, *restrict c = r->c + cell, *restrict y = r->y + cell;
    FNN_NAME(add_part)(r, b, wide);
    FNN_NAME(activate)(r->gate, part, i, n);
    FNN_NAME(activate)(r->gate, part + n, f, n);
    FNN_NAME(activate)(r->activation, part + 2 * n, g, n);
    FNN_NAME(activate)(r->gate, part + 3 * n, o, n);
    if (!FNN_NAME(counts)(r, b)) {
        for (int64_t j = 0; j < n; j++) c[j] = c_old[j];
        for (int64_t j = 0; j < n; j++) y[j] = h_old[j];
        return;
    }
    for (int64_t j = 0; j < n; j++) c[j] = f[j] * c_old[j] + i[j] * g[j];
    FNN_NAME(activate)(r->activation, c, y, n);
    for (int64_t j = 0; j < n; j++) y[j] *= o[j];
}

static int FNN_NAME(lstm)(fnn_step *s) {
    FNN_NAME(recurrent) r = {.x = s->in[0].data, .state = s->in[2].data, .cell = s->in[3].data, .drop = s->in[4].data,
                             .mask = s->in[5].data, .y = s->out[0].data, .c = s->out[7].data,
                             .previous = s->out[8].data, .activation = (int)s->attr[0].i[0],
                             .gate = FNN_NAME(gate_kind)(&s->attr[1])};
    for (int k = 0; k < 4; k++) r.gates[k] = s->out[3 + k].data;
    FNN_NAME(set_sizes)(&r, &s->in[0], &s->in[1]);
    FNN_NAME(place_forward)(&r, s->scratch);
    for (r.t = 0; r.t < r.steps; r.t++) {
        FNN_NAME(recur)(&r, r.columns);
        FNN_NAME(each_row)(&r, FNN_NAME(lstm_row));
    }
    FNN_NAME(copy_last)(&r, r.y, s->out[1].data);
    FNN_NAME(copy_last)(&r, r.c, s->out[2].data);
    return FNN_OK;
}

static void FNN_NAME(lstm_row_back)(const FNN_NAME(recurrent) *r, int64_t b, int64_t cell, int64_t wide) {
    const int64_t n = r->units;
    const float *restrict dh = FNN_NAME(arriving)(r, b, cell);
    const float *restrict c_old = FNN_NAME(before)(r, r->c, r->cell, b, cell);
    const float *restrict i = r->gates[0] + cell, *restrict f = r->gates[1] + cell, *restrict g = r->gates[2] + cell;
    const float *restrict o = r->gates[3] + cell;
    float *restrict dc = r->dc + cell, *restrict d_cell = r->d_cell + b * n, *restrict passing = r->d_state + b * n;
    float *restrict dx = r->dx + wide, *restrict squashed = r->line + b * n;
    if (!FNN_NAME(counts)(r, b)) {
        for (int64_t j = 0; j < n; j++) dc[j] = d_cell[j];
        for (int64_t j = 0; j < n; j++) passing[j] = dh[j];
        for (int64_t j = 0; j < 4 * n; j++) dx[j] = 0;
        return;
    }
    FNN_NAME(activate)(r->activation, r->c + cell, squashed, n);
    for (int64_t j = 0; j < n; j++) dc[j] = dh[j] * o[j];
    FNN_NAME(times_slope)(r->activation, squashed, dc, n);
    for (int64_t j = 0; j < n; j++) dc[j] += d_cell[j];
    for (int64_t j = 0; j < n; j++) dx[j] = dc[j] * g[j];
    for (int64_t j = 0; j < n; j++) dx[n + j] = dc[j] * c_old[j];
    for (int64_t j = 0; j < n; j++) dx[2 * n + j] = dc[j] * i[j];
    for (int64_t j = 0; j < n; j++) dx[3 * n + j] = dh[j] * squashed[j];
    FNN_NAME(times_slope)(r->gate, i, dx, n);
    FNN_NAME(times_slope)(r->gate, f, dx + n, n);
    FNN_NAME(times_slope)(r->activation, g, dx + 2 * n, n);
    FNN_NAME(times_slope)(r->gate, o, dx + 3 * n, n);
    for (int64_t j = 0; j < n; j++) d_cell[j] = dc[j] * f[j];
    for (int64_t j = 0; j < n; j++) passing[j] = 0;
}

/* in: dy dlast_h dlast_c, kernel cell drop mask i f g o c previous; out: dx dkernel dstate dcell, dh dc */
static int FNN_NAME(lstm_backward)(fnn_step *s) {
    FNN_NAME(recurrent) r = {.dy = s->in[0].data, .cell = s->in[4].data, .drop = s->in[5].data, .mask = s->in[6].data,
                             .c = s->in[11].data, .previous = s->in[12].data, .dx = s->out[0].data,
                             .dh = s->out[4].data, .dc = s->out[5].data, .activation = (int)s->attr[0].i[0],
                             .gate = FNN_NAME(gate_kind)(&s->attr[1])};
    for (int k = 0; k < 4; k++) r.gates[k] = s->in[7 + k].data;
    FNN_NAME(set_sizes)(&r, &s->in[0], &s->in[3]);
    FNN_NAME(place_backward)(&r, s->scratch);
    FNN_NAME(begin_back)(&r, s->in[1].data, s->in[2].data);
    for (r.t = r.steps - 1; r.t >= 0; r.t--) {
        FNN_NAME(each_row)(&r, FNN_NAME(lstm_row_back));
        FNN_NAME(step_product)(&r, r.dx, r.columns, r.columns, r.turned, r.units, r.units, r.line, r.units);
        FNN_NAME(each_row)(&r, FNN_NAME(hand_on_row));
    }
    FNN_NAME(kernel_gradient)(&r, r.previous, r.dx, 0, r.columns, s->out[1].data);
    FNN_NAME(copy_out)(r.d_state, s->out[2].data, r.batch * r.units);
    FNN_NAME(copy_out)(r.d_cell, s->out[3].data, r.batch * r.units);
    return FNN_OK;
}

/* ---------------------------------------------------------------- gated recurrent unit */

/* z and r; with reset_after also the rest of the step, otherwise r * previous, which the candidate's product needs. */
static void FNN_NAME(gru_gates_row)(const FNN_NAME(recurrent) *r, int64_t b, int64_t cell, int64_t wide) {
    const int64_t n = r->units;
    const float *restrict x = r->x + wide, *restrict previous = r->previous + cell;
    float *restrict part = r->part + b * r->columns, *restrict reset = r->line + cell;
    const int64_t with_bias = r->bias ? 2 * n : 0;
    for (int64_t j = 0; j < with_bias; j++) part[j] += r->bias[j] + r->bias[3 * n + j];
    for (int64_t j = 0; j < 2 * n; j++) part[j] += x[j];
    FNN_NAME(activate)(r->gate, part, r->gates[0] + cell, n);
    FNN_NAME(activate)(r->gate, part + n, r->gates[1] + cell, n);
    if (!r->reset_after)
        for (int64_t j = 0; j < n; j++) reset[j] = r->gates[1][cell + j] * previous[j];
}

static void FNN_NAME(gru_row)(const FNN_NAME(recurrent) *r, int64_t b, int64_t cell, int64_t wide) {
    const int64_t n = r->units;
    const float *h = FNN_NAME(before)(r, r->y, r->state, b, cell);
    const float *restrict x = r->x + wide + 2 * n, *restrict z = r->gates[0] + cell, *restrict reset = r->gates[1] + cell;
    float *restrict part = r->part + b * r->columns + 2 * n, *restrict g = r->gates[2] + cell;
    float *restrict inner = r->gates[3] + cell, *y = r->y + cell;
    const float *bias = r->bias ? r->bias + 2 * n : NULL;
    for (int64_t j = 0; j < n; j++) inner[j] = bias ? part[j] + bias[3 * n + j] : part[j];
    for (int64_t j = 0; j < n; j++) part[j] = r->reset_after ? reset[j] * inner[j] : inner[j];
    for (int64_t j = 0; j < n; j++) part[j] += bias ? x[j] + bias[j] : x[j];
    FNN_NAME(activate)(r->activation, part, g, n);
    if (FNN_NAME(counts)(r, b)) for (int64_t j = 0; j < n; j++) y[j] = z[j] * h[j] + (1 - z[j]) * g[j];
    else for (int64_t j = 0; j < n; j++) y[j] = h[j];
}

static int FNN_NAME(gru)(fnn_step *s) {
    FNN_NAME(recurrent) r = {.x = s->in[0].data, .bias = s->in[2].data, .state = s->in[3].data, .drop = s->in[4].data,
                             .mask = s->in[5].data, .y = s->out[0].data, .previous = s->out[6].data,
                             .activation = (int)s->attr[0].i[0], .gate = FNN_NAME(gate_kind)(&s->attr[1]),
                             .reset_after = (int)s->attr[2].i[0]};
    for (int k = 0; k < 4; k++) r.gates[k] = s->out[2 + k].data;
    FNN_NAME(set_sizes)(&r, &s->in[0], &s->in[1]);
    FNN_NAME(place_forward)(&r, s->scratch);
    const int64_t n = r.units, w = r.columns;
    for (r.t = 0; r.t < r.steps; r.t++) {
        FNN_NAME(recur)(&r, r.reset_after ? w : 2 * n);
        FNN_NAME(each_row)(&r, FNN_NAME(gru_gates_row));
        if (!r.reset_after) FNN_NAME(step_product)(&r, r.line, n, n, r.kernel + 2 * n, w, n, r.part + 2 * n, w);
        FNN_NAME(each_row)(&r, FNN_NAME(gru_row));
    }
    FNN_NAME(copy_last)(&r, r.y, s->out[1].data);
    return FNN_OK;
}

/* dx of update gate and candidate; with reset_after also of the reset gate, and d_inner. */
static void FNN_NAME(gru_row_back)(const FNN_NAME(recurrent) *r, int64_t b, int64_t cell, int64_t wide) {
    const int64_t n = r->units;
    const float *restrict dh = FNN_NAME(arriving)(r, b, cell), *h = FNN_NAME(before)(r, r->y, r->state, b, cell);
    const float *restrict z = r->gates[0] + cell, *restrict reset = r->gates[1] + cell, *restrict g = r->gates[2] + cell;
    const float *restrict inner = r->gates[3] + cell;
    float *restrict dx = r->dx + wide, *restrict d_inner = r->d_inner + wide, *restrict passing = r->d_state + b * n;
    if (!FNN_NAME(counts)(r, b)) {
        for (int64_t j = 0; j < n; j++) passing[j] = dh[j];
        for (int64_t j = 0; j < 3 * n; j++) dx[j] = 0;
        for (int64_t j = 0; j < 3 * n; j++) d_inner[j] = 0;
        return;
    }
    for (int64_t j = 0; j < n; j++) dx[j] = dh[j] * (h[j] - g[j]);
    for (int64_t j = 0; j < n; j++) dx[2 * n + j] = dh[j] * (1 - z[j]);
    FNN_NAME(times_slope)(r->gate, z, dx, n);
    FNN_NAME(times_slope)(r->activation, g, dx + 2 * n, n);
    for (int64_t j = 0; j < n; j++) passing[j] = dh[j] * z[j];
    for (int64_t j = 0; j < n; j++) d_inner[j] = dx[j];
    for (int64_t j = 0; j < n; j++) d_inner[2 * n + j] = r->reset_after ? dx[2 * n + j] * reset[j] : dx[2 * n + j];
    if (!r->reset_after) return;
    for (int64_t j = 0; j < n; j++) dx[n + j] = dx[2 * n + j] * inner[j];
    FNN_NAME(times_slope)(r->gate, reset, dx + n, n);
    for (int64_t j = 0; j < n; j++) d_inner[n + j] = dx[n + j];
}

/* Without reset_after: `part` holds the gradient of r * previous. */
static void FNN_NAME(gru_reset_back)(const FNN_NAME(recurrent) *r, int64_t b, int64_t cell, int64_t wide) {
    const int64_t n = r->units;
    const float *restrict reset = r->gates[1] + cell, *restrict previous = r->previous + cell;
    const float *restrict drop = r->drop ? r->drop + b * n : NULL;
    float *restrict part = r->part + b * n, *restrict dx = r->dx + wide + n, *restrict d_inner = r->d_inner + wide + n;
    float *restrict passing = r->d_state + b * n;
    if (!FNN_NAME(counts)(r, b)) return;
    for (int64_t j = 0; j < n; j++) dx[j] = part[j] * previous[j];
    FNN_NAME(times_slope)(r->gate, reset, dx, n);
    for (int64_t j = 0; j < n; j++) d_inner[j] = dx[j];
    for (int64_t j = 0; j < n; j++) passing[j] += drop ? part[j] * reset[j] * drop[j] : part[j] * reset[j];
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
    FNN_NAME(place_backward)(&r, s->scratch);
    FNN_NAME(begin_back)(&r, s->in[1].data, NULL);
    const int64_t n = r.units, w = r.columns, depth = r.reset_after ? w : 2 * n;
    float *d_bias = s->out[2].data;
    for (r.t = r.steps - 1; r.t >= 0; r.t--) {
        FNN_NAME(each_row)(&r, FNN_NAME(gru_row_back));
        if (!r.reset_after) {
            FNN_NAME(step_product)(&r, r.d_inner + 2 * n, w, n, r.turned + 2 * n * n, n, n, r.part, n);
            FNN_NAME(each_row)(&r, FNN_NAME(gru_reset_back));
        }
        FNN_NAME(step_product)(&r, r.d_inner, w, depth, r.turned, n, n, r.line, n);
        FNN_NAME(each_row)(&r, FNN_NAME(hand_on_row));
    }
    FNN_NAME(kernel_gradient)(&r, r.previous, r.d_inner, 0, depth, s->out[1].data);
    if (!r.reset_after) {
        for (int64_t k = 0; k < r.batch * r.steps * n; k++) r.line[k] = r.gates[1][k] * r.previous[k];
        FNN_NAME(kernel_gradient)(&r, r.line, r.d_inner, 2 * n, n, s->out[1].data);
    }
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
