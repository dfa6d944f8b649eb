/* whole_reduce.h: reductions of whole numbers. They are exact, so that any order gives the same; one thread does them.
 *
 * Included inside a family file, once per instruction set.
 */

/* Steps in the result for every axis of x; 0 along those that attribute 0 names. */
static inline void FNN_NAME(result_steps)(const fnn_step *s, int64_t *step) {
    const fnn_tensor *x = &s->in[0];
    const fnn_attr *axes = &s->attr[0];
    int32_t flags[FNN_MAX_DIMS] = {0};
    int64_t next = 1;
    for (int k = 0; k < axes->n; k++) flags[axes->i[k] < 0 ? axes->i[k] + x->ndim : axes->i[k]] = 1;
    for (int d = x->ndim - 1; d >= 0; d--) {
        const int reduced = axes->n < 0 || flags[d];
        step[d] = reduced ? 0 : next;
        if (!reduced) next *= x->shape[d];
    }
}

/* Moves on to the next row (the last axis), and returns the place of its first result. */
static inline int64_t FNN_NAME(next_row)(const fnn_tensor *x, const int64_t *step, int64_t *at, int64_t place) {
    for (int d = x->ndim - 2; d >= 0; d--) {
        place += step[d];
        if (++at[d] < x->shape[d]) break;
        place -= step[d] * x->shape[d];
        at[d] = 0;
    }
    return place;
}

#define WHOLE_REDUCE_TYPE(NAME, T, START, EXPR)                                                               \
    static void FNN_NAME(NAME)(fnn_step *s) {                                                                 \
        const fnn_tensor *in = &s->in[0];                                                                     \
        const T *p = in->data;                                                                                \
        T *y = s->out[0].data;                                                                                \
        const int64_t row = in->ndim ? in->shape[in->ndim - 1] : 1;                                           \
        int64_t step[FNN_MAX_DIMS] = {0}, at[FNN_MAX_DIMS] = {0}, place = 0;                                  \
        FNN_NAME(result_steps)(s, step);                                                                      \
        const int64_t last = in->ndim ? step[in->ndim - 1] : 0;                                               \
        for (int64_t k = 0; k < s->out[0].size; k++) y[k] = (T)(START);                                       \
        for (int64_t from = 0; from < in->size; from += row, p += row) {                                      \
            T *out = y + place;                                                                               \
            for (int64_t k = 0; k < row; k++) { const T x = p[k], acc = out[k * last]; out[k * last] = (T)(EXPR); } \
            place = FNN_NAME(next_row)(in, step, at, place);                                                  \
        }                                                                                                     \
    }

/* Declares whole_NAME(step): every result starts at START of its type, and becomes EXPR in acc and x. */
#define WHOLE_REDUCER(NAME, START_I, START_L, START_U, EXPR)                                                  \
    WHOLE_REDUCE_TYPE(NAME##_of_i, int32_t, START_I, EXPR)                                                    \
    WHOLE_REDUCE_TYPE(NAME##_of_l, int64_t, START_L, EXPR)                                                    \
    WHOLE_REDUCE_TYPE(NAME##_of_u, uint8_t, START_U, EXPR)                                                    \
    static int FNN_NAME(whole_##NAME)(fnn_step *s) {                                                          \
        if (!s->out[0].data) return FNN_OK;                                                                   \
        if (s->in[0].dtype == FNN_INT32) FNN_NAME(NAME##_of_i)(s);                                            \
        else if (s->in[0].dtype == FNN_INT64) FNN_NAME(NAME##_of_l)(s);                                       \
        else FNN_NAME(NAME##_of_u)(s);                                                                        \
        return FNN_OK;                                                                                        \
    }

#define WHOLE_SEARCH_TYPE(T, BETTER)                                                                          \
    for (int64_t o = 0; o < outer; o++)                                                                       \
        for (int64_t i = 0; i < inner; i++) {                                                                 \
            const T *p = (const T *)x->data + o * reduced * inner + i;                                        \
            int64_t best = 0;                                                                                 \
            for (int64_t k = 1; k < reduced; k++) if (BETTER(p[k * inner], p[best * inner])) best = k;          \
            y[o * inner + i] = best;                                                                          \
        }

/* Declares whole_NAME(): the first position of the best number along the middle axis. */
#define WHOLE_SEARCH(NAME, BETTER)                                                                            \
    static int FNN_NAME(whole_##NAME)(const fnn_tensor *x, int64_t *y, int64_t outer, int64_t reduced, int64_t inner) { \
        if (x->dtype == FNN_INT32) { WHOLE_SEARCH_TYPE(int32_t, BETTER) }                                     \
        else if (x->dtype == FNN_INT64) { WHOLE_SEARCH_TYPE(int64_t, BETTER) }                                \
        else { WHOLE_SEARCH_TYPE(uint8_t, BETTER) }                                                           \
        return FNN_OK;                                                                                        \
    }
