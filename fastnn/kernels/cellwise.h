/* cellwise.h: kernels on one input, cell by cell, and their backward: one line each.
 *
 * Included inside a family file, once per instruction set, after vector_math.h.
 */
#define CELL_CHUNK 16384 /* cells that one thread takes at once */

typedef struct { const float *a, *b; float *out; int64_t size; const fnn_attr *attr; } FNN_NAME(span);

/* Declares kernel `NAME`: for every cell `y = EXPR` in x, from the first input, and s, from the second.
 * In backward ones x is dy and s the saved value. LOCALS may read attributes: attr[0].f. */
#define CELLS(NAME, COST, LOCALS, X, S, EXPR)                                                                 \
    static void FNN_NAME(NAME##_chunk)(void *arg, int64_t chunk, int thread) {                                \
        const FNN_NAME(span) *p = arg;                                                                        \
        const int64_t from = chunk * CELL_CHUNK, to = fnn_min(from + CELL_CHUNK, p->size);                    \
        const fnn_attr *attr = p->attr;                                                                       \
        const float *a = p->a, *b = p->b;                                                                     \
        float *out = p->out;                                                                                  \
        LOCALS;                                                                                               \
        (void)thread; (void)a; (void)b; (void)attr;                                                           \
        FNN_CELLWISE                                                                                          \
        for (int64_t k = from; k < to; k++) { X S out[k] = EXPR; }                                            \
    }                                                                                                         \
    static int FNN_NAME(NAME)(fnn_step *s) {                                                                  \
        FNN_NAME(span) p = {s->in[0].data, s->n_in > 1 ? s->in[1].data : NULL, s->out[0].data, s->out[0].size, s->attr}; \
        if (p.out) fnn_parallel(fnn_ceil_div(p.size, CELL_CHUNK), COST * (double)p.size, FNN_NAME(NAME##_chunk), &p); \
        return FNN_OK;                                                                                        \
    }

/* Forward y = Y in x. */
#define MAP(NAME, COST, Y) CELLS(NAME, COST, , const float x = a[k];, , Y)
#define MAP_WITH(NAME, COST, LOCALS, Y) CELLS(NAME, COST, LOCALS, const float x = a[k];, , Y)
/* Backward dx = DX in dy and v, the saved value. */
#define BACK(NAME, COST, DX) CELLS(NAME##_backward, COST, , const float dy = a[k];, const float v = b[k];, DX)
#define BACK_WITH(NAME, COST, LOCALS, DX) CELLS(NAME##_backward, COST, LOCALS, const float dy = a[k];, const float v = b[k];, DX)
/* Rows of the family's table. */
#define ENTRY(NAME, ATTRS) {#NAME, "x", ATTRS, FNN_NAME(NAME), FNN_NAME(NAME##_backward), NULL}
#define FLAT_ENTRY(NAME, ATTRS) {#NAME, "x", ATTRS, FNN_NAME(NAME), FNN_NAME(zero_backward), NULL}
