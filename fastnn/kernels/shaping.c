/* shaping.c: the same numbers in another arrangement; works on cells of any size. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "shaping.c"
#include "every_isa.h"
#else

#define COPY_BYTES 65536 /* bytes that one thread takes at once */

static int64_t FNN_NAME(cell_bytes)(const fnn_tensor *t) {
    return t->dtype == FNN_INT64 ? 8 : (t->dtype == FNN_FLOAT32 || t->dtype == FNN_INT32 ? 4 : 1);
}

typedef struct { const char *x; char *y; int64_t bytes; } FNN_NAME(block);

static void FNN_NAME(copy_block)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(block) *p = arg;
    const int64_t from = chunk * COPY_BYTES;
    (void)thread;
    memcpy(p->y + from, p->x + from, (size_t)fnn_min(COPY_BYTES, p->bytes - from));
}

/* Same cells, other shape: forward and backward of everything that only renames axes. */
static int FNN_NAME(rename_axes)(fnn_step *s) {
    FNN_NAME(block) p = {s->in[0].data, s->out[0].data, s->in[0].size * FNN_NAME(cell_bytes)(&s->in[0])};
    if (p.y && p.y != p.x) fnn_parallel(fnn_ceil_div(p.bytes, COPY_BYTES), (double)p.bytes / 4, FNN_NAME(copy_block), &p);
    return FNN_OK;
}

/* ---- transpose ---- */

#define SQUARE 16 /* side of the block that is turned at once */

/* Axes in the result's order, without those of extent 1 and with neighbours that stay together merged. */
typedef struct { const char *x; char *y; int ndim; int64_t bytes, shape[FNN_MAX_DIMS], stride[FNN_MAX_DIMS]; } FNN_NAME(turn);

/* `axes[d]` is the axis of x that becomes axis d of the result; NULL turns the order round. */
static FNN_NAME(turn) FNN_NAME(plan_turn)(const fnn_tensor *x, const int64_t *axes) {
    FNN_NAME(turn) t = {x->data, NULL, 0, FNN_NAME(cell_bytes)(x), {0}, {0}};
    int64_t step[FNN_MAX_DIMS], next = 1;
    for (int d = x->ndim - 1; d >= 0; d--) { step[d] = next; next *= x->shape[d]; }
    for (int d = 0; d < x->ndim; d++) {
        const int64_t named = axes ? axes[d] : x->ndim - 1 - d, axis = named < 0 ? named + x->ndim : named;
        if (x->shape[axis] == 1) continue;
        if (t.ndim && t.stride[t.ndim - 1] == step[axis] * x->shape[axis]) {
            t.shape[t.ndim - 1] *= x->shape[axis];
            t.stride[t.ndim - 1] = step[axis];
        } else { t.shape[t.ndim] = x->shape[axis]; t.stride[t.ndim++] = step[axis]; }
    }
    if (t.ndim == 0) { t.shape[0] = 1; t.stride[0] = 1; t.ndim = 1; }
    return t;
}

/* Offset in x of the row `row` of the result: its position along all axes but the last. */
static int64_t FNN_NAME(row_offset)(const FNN_NAME(turn) *t, int64_t row) {
    int64_t offset = 0;
    for (int d = t->ndim - 2; d >= 0; d--) {
        offset += row % t->shape[d] * t->stride[d];
        row /= t->shape[d];
    }
    return offset;
}

static int64_t FNN_NAME(rows_per_chunk)(const FNN_NAME(turn) *t) {
    return fnn_max(1, COPY_BYTES / (t->bytes * t->shape[t->ndim - 1]));
}

static int64_t FNN_NAME(rows)(const FNN_NAME(turn) *t) {
    int64_t rows = 1;
    for (int d = 0; d < t->ndim - 1; d++) rows *= t->shape[d];
    return rows;
}

/* The last axis stays the last: whole rows are copied. */
static void FNN_NAME(copy_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(turn) *t = arg;
    const int64_t per_chunk = FNN_NAME(rows_per_chunk)(t), bytes = t->bytes * t->shape[t->ndim - 1];
    (void)thread;
    for (int64_t row = chunk * per_chunk; row < fnn_min((chunk + 1) * per_chunk, FNN_NAME(rows)(t)); row++)
        memcpy(t->y + row * bytes, t->x + FNN_NAME(row_offset)(t, row) * t->bytes, (size_t)bytes);
}

/* x's last axis is the result's axis `fast`: squares of SQUARE rows along it are turned.
 *
 *     x:  . . . .  fast          y:  . . .  last
 *         . . . .                    . . .
 *         . . . .                    . . .
 *       last                         . . .
 *                                  fast
 */
#define TURN(NAME, TYPE)                                                                                      \
    static void FNN_NAME(NAME)(const TYPE *x, TYPE *y, int64_t x_stride, int64_t y_stride, int64_t rows, int64_t cols) { \
        for (int64_t from = 0; from < cols; from += SQUARE)                                                   \
            for (int64_t a = 0; a < rows; a++)                                                                \
                for (int64_t b = from; b < fnn_min(from + SQUARE, cols); b++)                                 \
                    y[a * y_stride + b] = x[b * x_stride + a];                                                \
    }
TURN(turn_bytes, uint8_t)
TURN(turn_words, uint32_t)
TURN(turn_longs, uint64_t)

static int FNN_NAME(fast_axis)(const FNN_NAME(turn) *t) {
    int fast = 0;
    while (t->stride[fast] != 1) fast++;
    return fast;
}

static void FNN_NAME(turn_squares)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(turn) *t = arg;
    const int last = t->ndim - 1, fast = FNN_NAME(fast_axis)(t);
    const int64_t cols = t->shape[last], blocks = fnn_ceil_div(t->shape[fast], SQUARE);
    int64_t x = 0, y = 0, next = cols, rest = chunk, y_stride = 0, rows = 0;
    (void)thread;
    for (int d = last - 1; d >= 0; d--) {
        const int64_t extent = d == fast ? blocks : t->shape[d], at = rest % extent * (d == fast ? SQUARE : 1);
        if (d == fast) { y_stride = next; rows = fnn_min(SQUARE, t->shape[d] - at); }
        x += at * t->stride[d];
        y += at * next;
        next *= t->shape[d];
        rest /= extent;
    }
    if (t->bytes == 4) FNN_NAME(turn_words)((const uint32_t *)t->x + x, (uint32_t *)t->y + y, t->stride[last], y_stride, rows, cols);
    else if (t->bytes == 8) FNN_NAME(turn_longs)((const uint64_t *)t->x + x, (uint64_t *)t->y + y, t->stride[last], y_stride, rows, cols);
    else FNN_NAME(turn_bytes)((const uint8_t *)t->x + x, (uint8_t *)t->y + y, t->stride[last], y_stride, rows, cols);
}

static void FNN_NAME(run_turn)(FNN_NAME(turn) *t, int64_t size) {
    const int last = t->ndim - 1;
    if (!t->y || !size) return;
    if (t->stride[last] == 1) {
        fnn_parallel(fnn_ceil_div(FNN_NAME(rows)(t), FNN_NAME(rows_per_chunk)(t)), (double)size, FNN_NAME(copy_rows), t);
        return;
    }
    const int64_t fast = t->shape[FNN_NAME(fast_axis)(t)];
    fnn_parallel(FNN_NAME(rows)(t) / fast * fnn_ceil_div(fast, SQUARE), 2.0 * (double)size, FNN_NAME(turn_squares), t);
}

static int FNN_NAME(transpose)(fnn_step *s) {
    FNN_NAME(turn) t = FNN_NAME(plan_turn)(&s->in[0], s->attr[0].n < 0 ? NULL : s->attr[0].i);
    t.y = s->out[0].data;
    FNN_NAME(run_turn)(&t, s->in[0].size);
    return FNN_OK;
}

static int FNN_NAME(transpose_backward)(fnn_step *s) {
    const fnn_tensor *dy = &s->in[0];
    int64_t back[FNN_MAX_DIMS];
    for (int d = 0; d < dy->ndim && s->attr[0].n >= 0; d++) {
        const int64_t axis = s->attr[0].i[d];
        back[axis < 0 ? axis + dy->ndim : axis] = d;
    }
    FNN_NAME(turn) t = FNN_NAME(plan_turn)(dy, s->attr[0].n < 0 ? NULL : back);
    t.y = s->out[0].data;
    FNN_NAME(run_turn)(&t, dy->size);
    return FNN_OK;
}

/* ---- concatenate: rows of the inputs side by side ---- */

typedef struct {
    const fnn_tensor *parts;
    char *whole;
    int32_t count;
    int axis, split; /* split: from the whole to the parts */
    int64_t cell, outer, row, per_chunk;
} FNN_NAME(joint);

/* Copies `rows` rows of `bytes` bytes between places with other distances from row to row. */
static void FNN_NAME(copy_strip)(const char *x, int64_t x_step, char *y, int64_t y_step, int64_t rows, int64_t bytes) {
    if (bytes % 4 || bytes > 64) {
        for (int64_t r = 0; r < rows; r++) memcpy(y + r * y_step, x + r * x_step, (size_t)bytes);
        return;
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < bytes; k += 4) memcpy(y + r * y_step + k, x + r * x_step + k, 4);
}

static void FNN_NAME(join_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(joint) *p = arg;
    const int64_t first = chunk * p->per_chunk, rows = fnn_min(p->per_chunk, p->outer - first);
    char *whole = p->whole + first * p->row;
    (void)thread;
    for (int32_t k = 0; k < p->count; k++) {
        const fnn_tensor *part = &p->parts[k];
        const int64_t bytes = fnn_extent(part, p->axis, part->ndim) * p->cell;
        char *cells = part->data;
        if (cells && p->split) FNN_NAME(copy_strip)(whole, p->row, cells + first * bytes, bytes, rows, bytes);
        else if (cells) FNN_NAME(copy_strip)(cells + first * bytes, bytes, whole, p->row, rows, bytes);
        whole += bytes;
    }
}

static int FNN_NAME(join)(const fnn_step *s, const fnn_tensor *whole, const fnn_tensor *parts, int32_t count, int split) {
    const int64_t axis = s->attr[0].i[0] < 0 ? s->attr[0].i[0] + whole->ndim : s->attr[0].i[0];
    FNN_NAME(joint) p = {parts, whole->data, count, (int)axis, split, FNN_NAME(cell_bytes)(whole), 0, 0, 0};
    if (!p.whole || !whole->size) return FNN_OK;
    p.outer = fnn_extent(whole, 0, p.axis);
    p.row = whole->size / p.outer * p.cell;
    p.per_chunk = fnn_max(1, COPY_BYTES / p.row);
    fnn_parallel(fnn_ceil_div(p.outer, p.per_chunk), (double)whole->size, FNN_NAME(join_rows), &p);
    return FNN_OK;
}

static int FNN_NAME(concatenate)(fnn_step *s) { return FNN_NAME(join)(s, &s->out[0], s->in, s->n_in, 0); }
static int FNN_NAME(concatenate_backward)(fnn_step *s) { return FNN_NAME(join)(s, &s->in[0], s->out, s->n_out, 1); }

const fnn_entry FNN_NAME(shaping_entries)[] = {
    {"reshape", "x", "shape", FNN_NAME(rename_axes), FNN_NAME(rename_axes), NULL},
    {"flatten", "x", "", FNN_NAME(rename_axes), FNN_NAME(rename_axes), NULL},
    {"expand_dims", "x", "axis", FNN_NAME(rename_axes), FNN_NAME(rename_axes), NULL},
    {"squeeze", "x", "axis", FNN_NAME(rename_axes), FNN_NAME(rename_axes), NULL},
    {"stop_gradient", "x", "", FNN_NAME(rename_axes), NULL, NULL},
    {"transpose", "x", "axes", FNN_NAME(transpose), FNN_NAME(transpose_backward), NULL},
    {"concatenate", "*xs", "axis", FNN_NAME(concatenate), FNN_NAME(concatenate_backward), NULL},
    {0},
};
#endif
