/* gather.c: cells chosen by whole numbers: rows of a table, cells of an array, sums over rows of one number, order.
 *
 * Indices are int32; negative ones count from the end. What adds to cells does so in the order of the indices, and
 * which thread adds to which cell follows from the cell: results do not depend on the number of threads.
 */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "gather.c"
#include "every_isa.h"
#else

#define COPY_BYTES 65536 /* bytes that one thread takes at once */
#define RANGES 16        /* parts of a table that gradients are added to side by side */

static int64_t FNN_NAME(cell_size)(const fnn_tensor *t) {
    return t->dtype == FNN_INT64 ? 8 : (t->dtype == FNN_FLOAT32 || t->dtype == FNN_INT32 ? 4 : 1);
}

/* The first index that is not in -extent .. extent - 1, or -1. */
static int64_t FNN_NAME(wrong_index)(const fnn_tensor *indices, int64_t extent) {
    const int32_t *index = indices->data;
    int32_t wrong = 0;
    for (int64_t k = 0; k < indices->size; k++) wrong |= (index[k] < -extent) | (index[k] >= extent);
    if (!wrong) return -1;
    for (int64_t k = 0;; k++)
        if (index[k] < -extent || index[k] >= extent) return k;
}

static int FNN_NAME(out_of_range)(fnn_step *s, int64_t at) {
    s->detail = at;
    return FNN_INDEX_OUT_OF_RANGE;
}

static inline int64_t FNN_NAME(from_front)(int64_t index, int64_t extent) { return index < 0 ? index + extent : index; }

/* ---- take: rows of a table [outer, extent, inner] by index ---- */

typedef struct {
    const char *x;
    char *y;
    const int32_t *index;
    int64_t outer, extent, inner, count, bytes, per_chunk;
    int skips;  /* leave out what is out of range */
} FNN_NAME(choice);

static void FNN_NAME(take_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(choice) *c = arg;
    const int64_t end = fnn_min((chunk + 1) * c->per_chunk, c->outer * c->count), row_bytes = c->inner * c->bytes;
    (void)thread;
    for (int64_t row = chunk * c->per_chunk; row < end; row++) {
        const int64_t at = FNN_NAME(from_front)(c->index[row % c->count], c->extent);
        const char *from = c->x + (row / c->count * c->extent + at) * row_bytes;
        char *to = c->y + row * row_bytes;
        if (at < 0 || at >= c->extent || c->index[row % c->count] < (c->skips ? 0 : -c->extent)) memset(to, 0, (size_t)row_bytes);
        else if (row_bytes == 4) memcpy(to, from, 4);
        else memcpy(to, from, (size_t)row_bytes);
    }
}

static void FNN_NAME(run_take)(FNN_NAME(choice) *c) {
    const int64_t cells = c->outer * c->count * c->inner;
    if (!c->y || !cells) return;
    c->per_chunk = fnn_max(1, COPY_BYTES / (c->inner * c->bytes));
    fnn_parallel(fnn_ceil_div(c->outer * c->count, c->per_chunk), 2.0 * (double)cells, FNN_NAME(take_rows), c);
}

/* Adds rows of dy (here x) to the table's part (here y) that the chunk stands for; the part begins with zeros. */
static void FNN_NAME(add_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(choice) *c = arg;
    const int64_t outer = chunk / RANGES, part = chunk % RANGES, inner = c->inner;
    const int64_t from = c->extent * part / RANGES, to = c->extent * (part + 1) / RANGES;
    float *table = (float *)c->y + outer * c->extent * inner;
    const float *rows = (const float *)c->x + outer * c->count * inner;
    (void)thread;
    memset(table + from * inner, 0, (size_t)((to - from) * inner) * sizeof(float));
    for (int64_t k = 0; k < c->count; k++) {
        const int64_t at = c->skips ? c->index[k] : FNN_NAME(from_front)(c->index[k], c->extent);
        if (at < from || at >= to) continue;
        const float *restrict row = rows + k * inner;
        float *restrict sum = table + at * inner;
        for (int64_t j = 0; j < inner; j++) sum[j] += row[j];
    }
}

static void FNN_NAME(run_add)(FNN_NAME(choice) *c) {
    if (!c->y || !(c->outer * c->extent * c->inner)) return;
    const double cells = (double)c->outer * (double)c->inner * (double)(c->count + c->extent);
    fnn_parallel(c->outer * RANGES, cells, FNN_NAME(add_rows), c);
}

static int64_t FNN_NAME(counted_axis)(const fnn_step *s, const fnn_tensor *x) {
    return FNN_NAME(from_front)(s->attr[0].i[0], x->ndim);
}

/* Attribute 0 is the axis; None: all cells in order. */
static FNN_NAME(choice) FNN_NAME(table_choice)(const fnn_step *s, const fnn_tensor *table, const fnn_tensor *indices) {
    if (s->attr[0].n < 0)
        return (FNN_NAME(choice)){NULL, NULL, indices->data, 1, table->size, 1, indices->size, FNN_NAME(cell_size)(table), 0, 0};
    const int axis = (int)FNN_NAME(counted_axis)(s, table);
    return (FNN_NAME(choice)){NULL, NULL, indices->data, fnn_extent(table, 0, axis), table->shape[axis],
                              fnn_extent(table, axis + 1, table->ndim), indices->size, FNN_NAME(cell_size)(table), 0, 0};
}

static int FNN_NAME(take)(fnn_step *s) {
    FNN_NAME(choice) c = FNN_NAME(table_choice)(s, &s->in[0], &s->in[1]);
    const int64_t wrong = FNN_NAME(wrong_index)(&s->in[1], c.extent);
    if (wrong >= 0) return FNN_NAME(out_of_range)(s, wrong);
    c.x = s->in[0].data;
    c.y = s->out[0].data;
    FNN_NAME(run_take)(&c);
    return FNN_OK;
}

static int FNN_NAME(take_backward)(fnn_step *s) {
    FNN_NAME(choice) c = FNN_NAME(table_choice)(s, &s->out[0], &s->in[1]);
    c.x = s->in[0].data;
    c.y = s->out[0].data;
    FNN_NAME(run_add)(&c);
    return FNN_OK;
}

/* ---- segment_sum: the other way round; indices out of range are left out ---- */

static FNN_NAME(choice) FNN_NAME(segments)(const fnn_step *s, const fnn_tensor *rows, const fnn_tensor *indices) {
    return (FNN_NAME(choice)){NULL, NULL, indices->data, 1, s->attr[0].i[0], fnn_extent(rows, 1, rows->ndim),
                              indices->size, 4, 0, 1};
}

static int FNN_NAME(segment_sum)(fnn_step *s) {
    FNN_NAME(choice) c = FNN_NAME(segments)(s, &s->in[0], &s->in[1]);
    if (s->in[0].dtype != FNN_FLOAT32) return FNN_UNSUPPORTED;
    c.x = s->in[0].data;
    c.y = s->out[0].data;
    FNN_NAME(run_add)(&c);
    return FNN_OK;
}

static int FNN_NAME(segment_sum_backward)(fnn_step *s) {
    FNN_NAME(choice) c = FNN_NAME(segments)(s, &s->out[0], &s->in[1]);
    c.x = s->in[0].data;
    c.y = s->out[0].data;
    FNN_NAME(run_take)(&c);
    return FNN_OK;
}

/* ---- take_along_axis: a cell of its own index for every cell of the result ---- */

static void FNN_NAME(pick_cells)(void *arg, int64_t outer, int thread) {
    const FNN_NAME(choice) *c = arg;
    const int64_t cells = c->count * c->inner;
    const int32_t *index = c->index + outer * cells;
    const char *x = c->x + outer * c->extent * c->inner * c->bytes;
    char *y = c->y + outer * cells * c->bytes;
    (void)thread;
    for (int64_t k = 0; k < cells; k++) {
        const int64_t at = FNN_NAME(from_front)(index[k], c->extent) * c->inner + k % c->inner;
        memcpy(y + k * c->bytes, x + at * c->bytes, (size_t)c->bytes);
    }
}

static void FNN_NAME(add_cells)(void *arg, int64_t outer, int thread) {
    const FNN_NAME(choice) *c = arg;
    const int64_t cells = c->count * c->inner;
    const int32_t *index = c->index + outer * cells;
    const float *dy = (const float *)c->x + outer * cells;
    float *dx = (float *)c->y + outer * c->extent * c->inner;
    (void)thread;
    memset(dx, 0, (size_t)(c->extent * c->inner) * sizeof(float));
    for (int64_t k = 0; k < cells; k++) dx[FNN_NAME(from_front)(index[k], c->extent) * c->inner + k % c->inner] += dy[k];
}

static FNN_NAME(choice) FNN_NAME(cell_choice)(const fnn_step *s, const fnn_tensor *x, const fnn_tensor *indices) {
    FNN_NAME(choice) c = FNN_NAME(table_choice)(s, x, indices);
    if (s->attr[0].n >= 0) c.count = indices->shape[FNN_NAME(counted_axis)(s, x)];
    return c;
}

static int FNN_NAME(take_along_axis)(fnn_step *s) {
    FNN_NAME(choice) c = FNN_NAME(cell_choice)(s, &s->in[0], &s->in[1]);
    const int64_t wrong = FNN_NAME(wrong_index)(&s->in[1], c.extent);
    if (wrong >= 0) return FNN_NAME(out_of_range)(s, wrong);
    c.x = s->in[0].data;
    c.y = s->out[0].data;
    if (c.y && s->in[1].size) fnn_parallel(c.outer, 2.0 * (double)s->in[1].size, FNN_NAME(pick_cells), &c);
    return FNN_OK;
}

static int FNN_NAME(take_along_axis_backward)(fnn_step *s) {
    FNN_NAME(choice) c = FNN_NAME(cell_choice)(s, &s->out[0], &s->in[1]);
    c.x = s->in[0].data;
    c.y = s->out[0].data;
    if (c.y && s->out[0].size) fnn_parallel(c.outer, 2.0 * (double)(s->in[1].size + s->out[0].size), FNN_NAME(add_cells), &c);
    return FNN_OK;
}

/* ---- gather_nd and scatter_nd: the last axis of indices names a cell (or what lies behind it) ----
 *
 *     table:   [extent of axis 0, …, extent of axis depth - 1 | inner]
 *     indices: [count | depth]           rows: [count | inner]
 */

typedef struct {
    FNN_NAME(choice) rows; /* its index is not used */
    const fnn_tensor *table, *indices;
    int64_t depth;
} FNN_NAME(places);

static FNN_NAME(places) FNN_NAME(name_places)(const fnn_tensor *table, const fnn_tensor *indices) {
    const int64_t depth = indices->shape[indices->ndim - 1];
    const int64_t count = fnn_extent(indices, 0, indices->ndim - 1);
    FNN_NAME(places) p = {{NULL, NULL, NULL, 1, fnn_extent(table, 0, (int)depth), fnn_extent(table, (int)depth, table->ndim),
                           count, FNN_NAME(cell_size)(table), 0, 0}, table, indices, depth};
    return p;
}

/* The number of the table's row that index `k` names, or -1 if it is out of range. */
static int64_t FNN_NAME(place)(const FNN_NAME(places) *p, int64_t k) {
    const int32_t *index = (const int32_t *)p->indices->data + k * p->depth;
    int64_t place = 0;
    for (int64_t d = 0; d < p->depth; d++) {
        const int64_t extent = p->table->shape[d], at = FNN_NAME(from_front)(index[d], extent);
        if (at < 0 || at >= extent) return -1;
        place = place * extent + at;
    }
    return place;
}

static int64_t FNN_NAME(wrong_place)(const FNN_NAME(places) *p) {
    for (int64_t k = 0; k < p->rows.count; k++)
        if (FNN_NAME(place)(p, k) < 0) return k;
    return -1;
}

static void FNN_NAME(fetch_rows)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(places) *p = arg;
    const int64_t end = fnn_min((chunk + 1) * p->rows.per_chunk, p->rows.count), row_bytes = p->rows.inner * p->rows.bytes;
    (void)thread;
    for (int64_t k = chunk * p->rows.per_chunk; k < end; k++)
        memcpy(p->rows.y + k * row_bytes, p->rows.x + FNN_NAME(place)(p, k) * row_bytes, (size_t)row_bytes);
}

static void FNN_NAME(run_fetch)(FNN_NAME(places) *p) {
    const int64_t cells = p->rows.count * p->rows.inner;
    if (!p->rows.y || !cells) return;
    p->rows.per_chunk = fnn_max(1, COPY_BYTES / (p->rows.inner * p->rows.bytes));
    fnn_parallel(fnn_ceil_div(p->rows.count, p->rows.per_chunk), 2.0 * (double)cells, FNN_NAME(fetch_rows), p);
}

static void FNN_NAME(deliver_rows)(void *arg, int64_t part, int thread) {
    const FNN_NAME(places) *p = arg;
    const int64_t inner = p->rows.inner, from = p->rows.extent * part / RANGES, to = p->rows.extent * (part + 1) / RANGES;
    float *table = (float *)p->rows.y;
    (void)thread;
    memset(table + from * inner, 0, (size_t)((to - from) * inner) * sizeof(float));
    for (int64_t k = 0; k < p->rows.count; k++) {
        const int64_t at = FNN_NAME(place)(p, k);
        if (at < from || at >= to) continue;
        const float *restrict row = (const float *)p->rows.x + k * inner;
        float *restrict sum = table + at * inner;
        for (int64_t j = 0; j < inner; j++) sum[j] += row[j];
    }
}

static void FNN_NAME(run_deliver)(FNN_NAME(places) *p) {
    if (!p->rows.y || !(p->rows.extent * p->rows.inner)) return;
    fnn_parallel(RANGES, (double)p->rows.inner * (double)(p->rows.extent + p->rows.count), FNN_NAME(deliver_rows), p);
}

static int FNN_NAME(gather_nd)(fnn_step *s) {
    FNN_NAME(places) p = FNN_NAME(name_places)(&s->in[0], &s->in[1]);
    const int64_t wrong = FNN_NAME(wrong_place)(&p);
    if (wrong >= 0) return FNN_NAME(out_of_range)(s, wrong);
    p.rows.x = s->in[0].data;
    p.rows.y = s->out[0].data;
    FNN_NAME(run_fetch)(&p);
    return FNN_OK;
}

static int FNN_NAME(gather_nd_backward)(fnn_step *s) {
    FNN_NAME(places) p = FNN_NAME(name_places)(&s->out[0], &s->in[1]);
    p.rows.x = s->in[0].data;
    p.rows.y = s->out[0].data;
    FNN_NAME(run_deliver)(&p);
    return FNN_OK;
}

static int FNN_NAME(scatter_nd)(fnn_step *s) {
    FNN_NAME(places) p = FNN_NAME(name_places)(&s->out[0], &s->in[0]);
    const int64_t wrong = FNN_NAME(wrong_place)(&p);
    if (wrong >= 0) return FNN_NAME(out_of_range)(s, wrong);
    if (s->in[1].dtype != FNN_FLOAT32) return FNN_UNSUPPORTED;
    p.rows.x = s->in[1].data;
    p.rows.y = s->out[0].data;
    FNN_NAME(run_deliver)(&p);
    return FNN_OK;
}

static int FNN_NAME(scatter_nd_backward)(fnn_step *s) {
    FNN_NAME(places) p = FNN_NAME(name_places)(&s->in[0], &s->in[1]);
    p.rows.x = s->in[0].data;
    p.rows.y = s->out[0].data;
    FNN_NAME(run_fetch)(&p);
    return FNN_OK;
}

/* ---- scatter_update: rows of x replaced; the last one wins ---- */

static int FNN_NAME(scatter_update)(fnn_step *s) {
    FNN_NAME(places) p = FNN_NAME(name_places)(&s->in[0], &s->in[1]);
    const int64_t wrong = FNN_NAME(wrong_place)(&p), row_bytes = p.rows.inner * p.rows.bytes;
    char *y = s->out[0].data;
    const char *updates = s->in[2].data;
    if (wrong >= 0) return FNN_NAME(out_of_range)(s, wrong);
    if (!y || !s->out[0].size) return FNN_OK;
    memcpy(y, s->in[0].data, (size_t)(s->in[0].size * p.rows.bytes));
    for (int64_t k = 0; k < p.rows.count; k++)
        memcpy(y + FNN_NAME(place)(&p, k) * row_bytes, updates + k * row_bytes, (size_t)row_bytes);
    return FNN_OK;
}

/* dx is dy without the cells replaced; an update that a later one replaced has no gradient. */
static int FNN_NAME(scatter_update_backward)(fnn_step *s) {
    FNN_NAME(places) p = FNN_NAME(name_places)(&s->in[0], &s->in[1]);
    const float *dy = s->in[0].data;
    float *dx = s->out[0].data, *updates = s->out[1].data;
    int64_t *last = s->scratch;
    const int64_t inner = p.rows.inner;
    if (dx && s->in[0].size) memcpy(dx, dy, (size_t)s->in[0].size * sizeof(float));
    for (int64_t k = 0; k < p.rows.count; k++) last[FNN_NAME(place)(&p, k)] = k;
    for (int64_t k = 0; k < p.rows.count; k++) {
        const int64_t at = FNN_NAME(place)(&p, k) * inner;
        for (int64_t j = 0; dx && j < inner; j++) dx[at + j] = 0;
        for (int64_t j = 0; updates && j < inner; j++) updates[k * inner + j] = last[at / fnn_max(inner, 1)] == k ? dy[at + j] : 0;
    }
    return FNN_OK;
}

static int64_t FNN_NAME(scatter_update_scratch)(const fnn_step *s, int backward) {
    if (!backward) return 0;
    return FNN_NAME(name_places)(&s->in[0], &s->in[1]).rows.extent * (int64_t)sizeof(int64_t);
}

/* ---- one_hot ---- */

static int FNN_NAME(one_hot)(fnn_step *s) {
    const fnn_tensor *indices = &s->in[0], *y = &s->out[0];
    const int64_t classes = s->attr[0].i[0], axis = FNN_NAME(from_front)(s->attr[1].i[0], y->ndim);
    const int64_t inner = fnn_extent(y, (int)axis + 1, y->ndim);
    const int32_t *index = indices->data;
    uint8_t *to = y->data;
    if (!to || !y->size) return FNN_OK;
    memset(to, 0, (size_t)y->size);
    for (int64_t k = 0; k < indices->size; k++)
        if (index[k] >= 0 && index[k] < classes) to[(k / inner * classes + index[k]) * inner + k % inner] = 1;
    return FNN_OK;
}

/* ---- argsort: rows in order; equal numbers stay in their order, NaN comes last ---- */

#undef BEFORE
#define BEFORE(a, b) ((a) < (b) || ((b) != (b) && (a) == (a)))
#undef AFTER
#define AFTER(a, b) ((a) > (b) || ((b) != (b) && (a) == (a)))
#undef MERGE_SORT
#define MERGE_SORT(NAME, TYPE, FIRST)                                                                   \
    static void FNN_NAME(NAME)(const TYPE *x, int64_t n, int32_t *order, int32_t *spare) {              \
        int32_t *from = order, *to = spare;                                                             \
        for (int64_t k = 0; k < n; k++) from[k] = (int32_t)k;                                           \
        for (int64_t run = 1; run < n; run *= 2) {                                                      \
            for (int64_t at = 0; at < n; at += 2 * run) {                                               \
                const int64_t middle = fnn_min(at + run, n), end = fnn_min(at + 2 * run, n);            \
                int64_t a = at, b = middle;                                                             \
                for (int64_t k = at; k < end; k++)                                                      \
                    to[k] = b >= end || (a < middle && !FIRST(x[from[b]], x[from[a]])) ? from[a++] : from[b++]; \
            }                                                                                           \
            int32_t *const turned = from; from = to; to = turned;                                       \
        }                                                                                               \
        if (from != order && n) memcpy(order, from, (size_t)n * sizeof(int32_t));                       \
    }
MERGE_SORT(rise_float, float, BEFORE)
MERGE_SORT(fall_float, float, AFTER)
MERGE_SORT(rise_int, int32_t, BEFORE)
MERGE_SORT(fall_int, int32_t, AFTER)
MERGE_SORT(rise_long, int64_t, BEFORE)
MERGE_SORT(fall_long, int64_t, AFTER)
MERGE_SORT(rise_byte, uint8_t, BEFORE)
MERGE_SORT(fall_byte, uint8_t, AFTER)

typedef struct { const fnn_tensor *x; int32_t *order, *spare; int64_t cols; int falls; } FNN_NAME(sorting);

static void FNN_NAME(sort_row)(void *arg, int64_t row, int thread) {
    const FNN_NAME(sorting) *s = arg;
    const int64_t n = s->cols;
    int32_t *order = s->order + row * n, *spare = s->spare + thread * n;
    const char *x = (const char *)s->x->data + row * n * FNN_NAME(cell_size)(s->x);
    switch (s->x->dtype) {
    case FNN_FLOAT32: (s->falls ? FNN_NAME(fall_float) : FNN_NAME(rise_float))((const float *)x, n, order, spare); break;
    case FNN_INT32: (s->falls ? FNN_NAME(fall_int) : FNN_NAME(rise_int))((const int32_t *)x, n, order, spare); break;
    case FNN_INT64: (s->falls ? FNN_NAME(fall_long) : FNN_NAME(rise_long))((const int64_t *)x, n, order, spare); break;
    default: (s->falls ? FNN_NAME(fall_byte) : FNN_NAME(rise_byte))((const uint8_t *)x, n, order, spare);
    }
}

static int FNN_NAME(argsort)(fnn_step *s) {
    const fnn_tensor *x = &s->in[0];
    FNN_NAME(sorting) job = {x, s->out[0].data, s->scratch, x->shape[x->ndim - 1], s->attr[0].i[0] != 0};
    if (job.order && x->size) fnn_parallel(x->size / job.cols, 16.0 * (double)x->size, FNN_NAME(sort_row), &job);
    return FNN_OK;
}

static int64_t FNN_NAME(argsort_scratch)(const fnn_step *s, int backward) {
    (void)backward;
    return s->in[0].shape[s->in[0].ndim - 1] * fnn_thread_limit() * (int64_t)sizeof(int32_t);
}

const fnn_entry FNN_NAME(gather_entries)[] = {
    {"take", "x indices", "axis", FNN_NAME(take), FNN_NAME(take_backward), NULL},
    {"take_along_axis", "x indices", "axis", FNN_NAME(take_along_axis), FNN_NAME(take_along_axis_backward), NULL},
    {"gather_nd", "x indices", "", FNN_NAME(gather_nd), FNN_NAME(gather_nd_backward), NULL},
    {"scatter_nd", "indices values", "shape", FNN_NAME(scatter_nd), FNN_NAME(scatter_nd_backward), NULL},
    {"scatter_update", "x indices updates", "", FNN_NAME(scatter_update), FNN_NAME(scatter_update_backward), FNN_NAME(scatter_update_scratch)},
    {"segment_sum", "data segment_ids", "num_segments", FNN_NAME(segment_sum), FNN_NAME(segment_sum_backward), NULL},
    {"one_hot", "indices", "num_classes axis", FNN_NAME(one_hot), NULL, NULL},
    {"argsort", "x", "descending", FNN_NAME(argsort), NULL, FNN_NAME(argsort_scratch)},
    {0},
};
#endif
