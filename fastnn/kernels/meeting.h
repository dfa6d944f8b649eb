/* meeting.h: which cells, windows and kernel positions meet along one axis of a convolution and of its gradient.
 *
 * Results of one phase meet the same kernel positions ("taps"), evenly spaced: result u meets, with tap t, cell
 * u * stride + base + t * apart, if that is one. Forward there is one phase. The gradient of the cells turns it round:
 * cells whose distance to the padded corner leaves the same rest by the stride make a phase.
 */
#ifndef FNN_MEETING_H
#define FNN_MEETING_H
#include "fnn.h"

typedef struct {
    int64_t cells, results;                  /* sizes: what is read along the axis, what is written */
    int64_t kernel, stride, dilation, before; /* before: zeros in front of the images */
    int turned;                              /* 0: from cells to windows; 1: from windows to cells */
} fnn_axis;

typedef struct {
    int64_t cells, first, step, begin, count; /* results first, first + step, …; the first of them is place `begin` */
    int64_t stride, base, taps, apart;
    int64_t weight, weight_step;              /* kernel positions of the taps */
} fnn_phase;

static inline int64_t fnn_phases(const fnn_axis *a) { return a->turned ? a->stride : 1; }

/* Places along the axis that the phases share: windows, or cells by (cell + before) / stride. */
static inline int64_t fnn_places(const fnn_axis *a) {
    return a->turned ? (a->results - 1 + a->before) / a->stride + 1 : a->results;
}

static inline int64_t fnn_common_divisor(int64_t a, int64_t b) {
    while (b) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static inline fnn_phase fnn_turned_phase(const fnn_axis *a, int64_t rest) {
    const int64_t divisor = fnn_common_divisor(a->stride, a->dilation), every = a->stride / divisor;
    const int64_t begin = a->before > rest ? fnn_ceil_div(a->before - rest, a->stride) : 0;
    const int64_t first = begin * a->stride + rest - a->before;
    fnn_phase p = {.cells = a->cells, .first = first, .step = a->stride, .begin = begin, .stride = 1,
                   .apart = a->dilation / divisor, .weight_step = -every};
    int64_t tap = 0;
    p.count = first < a->results ? (a->results - 1 - first) / a->stride + 1 : 0;
    while (tap < a->kernel && tap < every && tap * a->dilation % a->stride != rest) tap++;
    if (tap < a->kernel && tap < every) {
        p.taps = (a->kernel - 1 - tap) / every + 1;
        p.weight = tap + (p.taps - 1) * every;
        p.base = begin - (p.weight * a->dilation - rest) / a->stride;
    }
    return p;
}

static inline fnn_phase fnn_phase_of(const fnn_axis *a, int64_t number) {
    if (a->turned) return fnn_turned_phase(a, number);
    return (fnn_phase){.cells = a->cells, .step = 1, .count = a->results, .stride = a->stride, .base = -a->before,
                       .taps = a->kernel, .apart = a->dilation, .weight_step = 1};
}

/* Results [*from, *until) of a phase that meet a cell with tap t. */
static inline void fnn_results_of_tap(const fnn_phase *p, int64_t t, int64_t *from, int64_t *until) {
    const int64_t start = p->base + t * p->apart;
    *from = start < 0 ? fnn_min(fnn_ceil_div(-start, p->stride), p->count) : 0;
    *until = start < p->cells ? fnn_min((p->cells - 1 - start) / p->stride + 1, p->count) : 0;
    *until = fnn_max(*from, *until);
}

/* Taps [*from, *until) with which result u meets a cell. */
static inline void fnn_taps_of_result(const fnn_phase *p, int64_t u, int64_t *from, int64_t *until) {
    const int64_t start = p->base + u * p->stride;
    *from = start < 0 ? fnn_min(fnn_ceil_div(-start, p->apart), p->taps) : 0;
    *until = start < p->cells ? fnn_min((p->cells - 1 - start) / p->apart + 1, p->taps) : 0;
    *until = fnn_max(*from, *until);
}

/* Results [*from, *until) that meet a cell with every tap. */
static inline void fnn_whole_results(const fnn_phase *p, int64_t *from, int64_t *until) {
    int64_t none;
    *from = 0;
    *until = p->count;
    if (!p->taps) return;
    fnn_results_of_tap(p, 0, from, &none);
    fnn_results_of_tap(p, p->taps - 1, &none, until);
    *until = fnn_max(*from, *until);
}

/* Cells [*from, *until) that places [begin, end) meet, with any phase. */
static inline void fnn_cells_of_places(const fnn_axis *a, int64_t begin, int64_t end, int64_t *from, int64_t *until) {
    const int64_t reach = (a->kernel - 1) * a->dilation;
    *from = fnn_max(a->turned ? begin - reach / a->stride : begin * a->stride - a->before, 0);
    *until = fnn_min(a->turned ? end : (end - 1) * a->stride - a->before + reach + 1, a->cells);
    *until = fnn_max(*from, *until);
}

#endif
