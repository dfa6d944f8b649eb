/* slicing.c: parts of an array, arrays inside larger ones, turned and repeated arrays; cells of any size.
 *
 * All of them read or write an array in steps that are not its own: see `view`.
 */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "slicing.c"
#include "every_isa.h"
#else
#include "broadcast.h"
#include "reduce.h"

#define COPY_BYTES 65536 /* bytes that one thread takes at once */

static int64_t FNN_NAME(cell_size)(const fnn_tensor *t) {
    return t->dtype == FNN_INT64 ? 8 : (t->dtype == FNN_FLOAT32 || t->dtype == FNN_INT32 ? 4 : 1);
}

/* ---- a view: cells of a large array, `stride` cells apart along every axis, and their dense copy ---- */

typedef struct {
    char *large, *dense;
    int ndim;
    int64_t bytes, first, size, shape[FNN_MAX_DIMS], stride[FNN_MAX_DIMS];
} FNN_NAME(view);

/* Appends an axis, merged with the one before where both are one run. */
static void FNN_NAME(add_axis)(FNN_NAME(view) *v, int64_t extent, int64_t stride) {
    v->size *= extent;
    if (extent == 1) return;
    if (v->ndim && v->stride[v->ndim - 1] == stride * extent) {
        v->shape[v->ndim - 1] *= extent;
        v->stride[v->ndim - 1] = stride;
    } else {
        v->shape[v->ndim] = extent;
        v->stride[v->ndim++] = stride;
    }
}

static FNN_NAME(view) FNN_NAME(empty_view)(const fnn_tensor *cells) {
    return (FNN_NAME(view)){NULL, NULL, 0, FNN_NAME(cell_size)(cells), 0, 1, {0}, {0}};
}

static int64_t FNN_NAME(last_extent)(const FNN_NAME(view) *v) { return v->ndim ? v->shape[v->ndim - 1] : 1; }

static int64_t FNN_NAME(rows_at_once)(const FNN_NAME(view) *v) {
    return fnn_max(1, COPY_BYTES / (v->bytes * FNN_NAME(last_extent)(v)));
}

static int64_t FNN_NAME(row_start)(const FNN_NAME(view) *v, int64_t row) {
    int64_t offset = v->first;
    for (int d = v->ndim - 2; d >= 0; d--) {
        offset += row % v->shape[d] * v->stride[d];
        row /= v->shape[d];
    }
    return offset;
}

#define STRIP(TYPE, TO, FROM) \
    for (int64_t k = 0; k < n; k++) ((TYPE *)to)[k * (TO)] = ((const TYPE *)from)[k * (FROM)]
#define STRIPS(TO, FROM) \
    { if (bytes == 4) STRIP(uint32_t, TO, FROM); else if (bytes == 8) STRIP(uint64_t, TO, FROM); else STRIP(uint8_t, TO, FROM); }

static void FNN_NAME(read_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(view) *v = arg;
    const int64_t n = FNN_NAME(last_extent)(v), step = v->ndim ? v->stride[v->ndim - 1] : 1, bytes = v->bytes;
    const int64_t at_once = FNN_NAME(rows_at_once)(v), end = fnn_min((chunk + 1) * at_once, v->size / n);
    (void)thread;
    for (int64_t row = chunk * at_once; row < end; row++) {
        const char *from = v->large + FNN_NAME(row_start)(v, row) * bytes;
        char *to = v->dense + row * n * bytes;
        if (step == 1) memcpy(to, from, (size_t)(n * bytes));
        else STRIPS(1, step)
    }
}

static void FNN_NAME(write_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(view) *v = arg;
    const int64_t n = FNN_NAME(last_extent)(v), step = v->ndim ? v->stride[v->ndim - 1] : 1, bytes = v->bytes;
    const int64_t at_once = FNN_NAME(rows_at_once)(v), end = fnn_min((chunk + 1) * at_once, v->size / n);
    (void)thread;
    for (int64_t row = chunk * at_once; row < end; row++) {
        const char *from = v->dense + row * n * bytes;
        char *to = v->large + FNN_NAME(row_start)(v, row) * bytes;
        if (step == 1) memcpy(to, from, (size_t)(n * bytes));
        else STRIPS(step, 1)
    }
}

static int FNN_NAME(run_view)(FNN_NAME(view) *v, void (*body)(void *, int64_t, int)) {
    if (!v->dense || !v->large || !v->size) return FNN_OK;
    const int64_t rows = v->size / FNN_NAME(last_extent)(v);
    fnn_parallel(fnn_ceil_div(rows, FNN_NAME(rows_at_once)(v)), (double)v->size, body, v);
    return FNN_OK;
}

typedef struct { char *to; int64_t cells, bytes; uint64_t value; } FNN_NAME(filling);

static void FNN_NAME(fill_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(filling) *f = arg;
    const int64_t per_chunk = COPY_BYTES / f->bytes, n = fnn_min(per_chunk, f->cells - chunk * per_chunk);
    char *to = f->to + chunk * per_chunk * f->bytes;
    (void)thread;
    if (f->bytes == 4) for (int64_t k = 0; k < n; k++) ((uint32_t *)to)[k] = (uint32_t)f->value;
    else if (f->bytes == 8) for (int64_t k = 0; k < n; k++) ((uint64_t *)to)[k] = f->value;
    else memset(to, (int)(uint8_t)f->value, (size_t)n);
}

/* Every cell of t becomes `number`. */
static void FNN_NAME(fill)(const fnn_tensor *t, double number) {
    FNN_NAME(filling) f = {t->data, t->size, FNN_NAME(cell_size)(t), 0};
    const float single = (float)number;
    if (!f.to) return;
    if (t->dtype == FNN_FLOAT32) memcpy(&f.value, &single, sizeof single);
    else f.value = (uint64_t)(int64_t)number;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    if (t->dtype == FNN_FLOAT32) f.value >>= 32;
#endif
    fnn_parallel(fnn_ceil_div(f.cells, COPY_BYTES / f.bytes), (double)f.cells / 4, FNN_NAME(fill_chunk), &f);
}

/* ---- strided_slice ---- */

/* The cells of `large` that begin, end and strides (attributes 0 to 2) name: Python's slices, counted from the front. */
static FNN_NAME(view) FNN_NAME(slice_view)(const fnn_step *s, const fnn_tensor *large) {
    FNN_NAME(view) v = FNN_NAME(empty_view)(large);
    const fnn_attr *begin = &s->attr[0], *end = &s->attr[1], *strides = &s->attr[2];
    for (int d = 0; d < large->ndim; d++) {
        const int64_t size = large->shape[d], stride = d < strides->n ? strides->i[d] : 1;
        const int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? size : size - 1;
        int64_t from = d < begin->n ? begin->i[d] : 0, to = d < end->n ? end->i[d] : size;
        if (d < begin->n) from = fnn_min(fnn_max(from < 0 ? from + size : from, low), high);
        if (d < end->n) to = fnn_min(fnn_max(to < 0 ? to + size : to, low), high);
        const int64_t span = stride > 0 ? to - from : from - to, step = stride > 0 ? stride : -stride;
        const int64_t after = fnn_extent(large, d + 1, large->ndim);
        v.first += from * after;
        FNN_NAME(add_axis)(&v, span > 0 ? fnn_ceil_div(span, step) : 0, stride * after);
    }
    return v;
}

static int FNN_NAME(strided_slice)(fnn_step *s) {
    FNN_NAME(view) v = FNN_NAME(slice_view)(s, &s->in[0]);
    v.large = s->in[0].data;
    v.dense = s->out[0].data;
    return FNN_NAME(run_view)(&v, FNN_NAME(read_rows));
}

static int FNN_NAME(strided_slice_backward)(fnn_step *s) {
    fnn_tensor dx = s->out[0];
    dx.dtype = s->in[0].dtype;
    FNN_NAME(view) v = FNN_NAME(slice_view)(s, &dx);
    v.large = dx.data;
    v.dense = s->in[0].data;
    FNN_NAME(fill)(&dx, 0);
    return FNN_NAME(run_view)(&v, FNN_NAME(write_rows));
}

/* ---- flip: its own gradient ---- */

static int FNN_NAME(flip)(fnn_step *s) {
    const fnn_tensor *x = &s->in[0];
    const fnn_attr *axes = &s->attr[0];
    FNN_NAME(view) v = FNN_NAME(empty_view)(x);
    int turned[FNN_MAX_DIMS] = {0};
    for (int d = 0; d < x->ndim; d++) turned[d] = axes->n < 0;
    for (int k = 0; k < axes->n; k++) turned[axes->i[k] < 0 ? axes->i[k] + x->ndim : axes->i[k]] = 1;
    for (int d = 0; d < x->ndim; d++) {
        const int64_t after = fnn_extent(x, d + 1, x->ndim);
        if (turned[d]) v.first += (x->shape[d] - 1) * after;
        FNN_NAME(add_axis)(&v, x->shape[d], turned[d] ? -after : after);
    }
    v.large = x->data;
    v.dense = s->out[0].data;
    return FNN_NAME(run_view)(&v, FNN_NAME(read_rows));
}

/* ---- broadcast_to ---- */

static int FNN_NAME(broadcast_to)(fnn_step *s) {
    const fnn_tensor *x = &s->in[0], *y = &s->out[0];
    const int missing = y->ndim - x->ndim;
    FNN_NAME(view) v = FNN_NAME(empty_view)(x);
    for (int d = 0; d < y->ndim; d++) {
        const int repeats = d < missing || x->shape[d - missing] == 1;
        FNN_NAME(add_axis)(&v, y->shape[d], repeats ? 0 : fnn_extent(x, d - missing + 1, x->ndim));
    }
    v.large = x->data;
    v.dense = y->data;
    return FNN_NAME(run_view)(&v, FNN_NAME(read_rows));
}

/* The axes of the result that broadcasting repeats. */
static FNN_NAME(reduction) FNN_NAME(repeated_axes)(const fnn_tensor *y, const fnn_tensor *x) {
    int32_t flags[FNN_MAX_DIMS] = {0};
    const int missing = y->ndim - x->ndim;
    for (int d = 0; d < y->ndim; d++) flags[d] = d < missing || x->shape[d - missing] == 1;
    return FNN_NAME(merge_axes)(y->shape, y->ndim, flags);
}

static int FNN_NAME(broadcast_to_backward)(fnn_step *s) {
    const fnn_tensor *dy = &s->in[0], *dx = &s->out[0];
    if (dx->data) FNN_NAME(reduce_sum)(FNN_NAME(repeated_axes)(dy, dx), dy->data, dx->data, s->scratch);
    return FNN_OK;
}

static int64_t FNN_NAME(broadcast_to_scratch)(const fnn_step *s, int backward) {
    if (!backward) return 0;
    return FNN_NAME(reduce_floats)(FNN_NAME(repeated_axes)(&s->in[0], &s->out[0])) * (int64_t)sizeof(float);
}

/* ---- pad ---- */

#define PAD_CONSTANT 0
#define PAD_REFLECT 1
#define PAD_SYMMETRIC 2

static int64_t FNN_NAME(pad_entry)(const fnn_attr *a, int d) { return d < a->n ? a->i[d] : 0; }

/* The inner part of the padded array. */
static FNN_NAME(view) FNN_NAME(inner_view)(const fnn_step *s, const fnn_tensor *x, const fnn_tensor *y) {
    FNN_NAME(view) v = FNN_NAME(empty_view)(y);
    for (int d = 0; d < y->ndim; d++) {
        const int64_t after = fnn_extent(y, d + 1, y->ndim);
        v.first += FNN_NAME(pad_entry)(&s->attr[0], d) * after;
        FNN_NAME(add_axis)(&v, x->shape[d], after);
    }
    return v;
}

/* Which of `size` cells the mirrored position `at` (0 is the first cell) shows. */
static int64_t FNN_NAME(mirrored)(int64_t at, int64_t size, int64_t mode) {
    const int64_t period = mode == PAD_REFLECT ? 2 * (size - 1) : 2 * size;
    if (period <= 0) return 0;
    at %= period;
    if (at < 0) at += period;
    return at < size ? at : period - (mode == PAD_SYMMETRIC) - at;
}

typedef struct { const fnn_tensor *x, *y; const fnn_step *s; int64_t bytes, whole; } FNN_NAME(mirror);

/* Cell of x that row `row` of y (all axes but the last) begins with, its last axis at 0. */
static int64_t FNN_NAME(mirror_row)(const FNN_NAME(mirror) *m, int64_t row) {
    int64_t offset = 0, next = m->x->shape[m->x->ndim - 1];
    for (int d = m->y->ndim - 2; d >= 0; d--) {
        const int64_t at = row % m->y->shape[d] - FNN_NAME(pad_entry)(&m->s->attr[0], d);
        offset += FNN_NAME(mirrored)(at, m->x->shape[d], m->s->attr[2].i[0]) * next;
        next *= m->x->shape[d];
        row /= m->y->shape[d];
    }
    return offset;
}

static void FNN_NAME(mirror_chunk)(void *arg, int64_t row, int thread) {
    const FNN_NAME(mirror) *m = arg;
    const int last = m->y->ndim - 1;
    const int64_t cols = m->y->shape[last], size = m->x->shape[last], mode = m->s->attr[2].i[0];
    const int64_t before = FNN_NAME(pad_entry)(&m->s->attr[0], last);
    const char *x = (const char *)m->x->data + FNN_NAME(mirror_row)(m, row) * m->bytes;
    char *y = (char *)m->y->data + row * cols * m->bytes;
    (void)thread;
    for (int64_t k = 0; k < cols; k++)
        memcpy(y + k * m->bytes, x + FNN_NAME(mirrored)(k - before, size, mode) * m->bytes, (size_t)m->bytes);
}

/* The same way back: a chunk is one position along the leading axes that are not padded. */
static void FNN_NAME(mirror_back_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(mirror) *m = arg; /* x: dx, y: dy */
    const int last = m->y->ndim - 1;
    const int64_t cols = m->y->shape[last], size = m->x->shape[last], mode = m->s->attr[2].i[0];
    const int64_t before = FNN_NAME(pad_entry)(&m->s->attr[0], last), rows = m->y->size / cols / m->whole;
    (void)thread;
    for (int64_t row = chunk * rows; row < (chunk + 1) * rows; row++) {
        float *dx = (float *)m->x->data + FNN_NAME(mirror_row)(m, row);
        const float *dy = (const float *)m->y->data + row * cols;
        for (int64_t k = 0; k < cols; k++) dx[FNN_NAME(mirrored)(k - before, size, mode)] += dy[k];
    }
}

static int FNN_NAME(pad)(fnn_step *s) {
    const fnn_tensor *x = &s->in[0], *y = &s->out[0];
    if (!y->data || !y->size) return FNN_OK;
    if (s->attr[2].i[0] == PAD_CONSTANT || !y->ndim) {
        FNN_NAME(view) v = FNN_NAME(inner_view)(s, x, y);
        v.large = y->data;
        v.dense = x->data;
        if (x->size < y->size) FNN_NAME(fill)(y, s->attr[3].f);
        return FNN_NAME(run_view)(&v, FNN_NAME(write_rows));
    }
    FNN_NAME(mirror) m = {x, y, s, FNN_NAME(cell_size)(y), 1};
    fnn_parallel(y->size / y->shape[y->ndim - 1], 4.0 * (double)y->size, FNN_NAME(mirror_chunk), &m);
    return FNN_OK;
}

static int FNN_NAME(pad_backward)(fnn_step *s) {
    const fnn_tensor *dy = &s->in[0], *dx = &s->out[0];
    if (!dx->data) return FNN_OK;
    if (s->attr[2].i[0] == PAD_CONSTANT || !dy->ndim) {
        FNN_NAME(view) v = FNN_NAME(inner_view)(s, dx, dy);
        v.large = dy->data;
        v.dense = dx->data;
        return FNN_NAME(run_view)(&v, FNN_NAME(read_rows));
    }
    FNN_NAME(mirror) m = {dx, dy, s, 4, 1};
    FNN_NAME(fill)(dx, 0);
    if (!dy->size) return FNN_OK;
    for (int d = 0; d < dy->ndim - 1 && dy->shape[d] == dx->shape[d]; d++) m.whole *= dy->shape[d];
    fnn_parallel(m.whole, 4.0 * (double)dy->size, FNN_NAME(mirror_back_chunk), &m);
    return FNN_OK;
}

const fnn_entry FNN_NAME(slicing_entries)[] = {
    {"strided_slice", "x", "begin end strides drop", FNN_NAME(strided_slice), FNN_NAME(strided_slice_backward), NULL},
    {"flip", "x", "axis", FNN_NAME(flip), FNN_NAME(flip), NULL},
    {"broadcast_to", "x", "shape", FNN_NAME(broadcast_to), FNN_NAME(broadcast_to_backward), FNN_NAME(broadcast_to_scratch)},
    {"pad", "x", "before after mode value", FNN_NAME(pad), FNN_NAME(pad_backward), NULL},
    {0},
};
#endif
