/* columns.h: matrices of [rows][cols] by whole vectors, however many columns there are; several sums over the rows in one pass.
 *
 * Narrow rows are taken `fold` at a time, side by side, as one wide row; numbers that belong to columns are repeated
 * to fit it. The parts into which the rows are cut, and the order in which a part's numbers are added, are those of
 * reduce.h: a sum made here on the way has the bits of one made there.
 * Included inside a family file, once per instruction set, after vector.h, vector_choice.h and reduce.h.
 */
typedef struct { int64_t rows, cols, part_rows, parts, width; } FNN_NAME(columns); /* width: of the widest row */

static inline FNN_NAME(columns) FNN_NAME(columns_of)(int64_t rows, int64_t cols) {
    const FNN_NAME(pass) p = FNN_NAME(plan_pass)(1, rows, cols);
    return (FNN_NAME(columns)){rows, cols, p.part_rows, p.parts, FNN_NAME(fold_of)(p.part_rows, cols) * cols};
}

static inline int64_t FNN_NAME(rows_of_part)(const FNN_NAME(columns) *c, int64_t part) {
    return fnn_min(c->part_rows, c->rows - part * c->part_rows);
}

/* One number per column, repeated over the widest row; a missing one is `other`. Returns the wide row. */
static inline const float *FNN_NAME(widen)(const FNN_NAME(columns) *c, const float *v, float other, float **room) {
    float *wide = *room;
    for (int64_t k = 0; k < c->width; k++) wide[k] = v ? v[k % c->cols] : other;
    *room += c->width;
    return wide;
}

/* Eight rows at a time are a pattern that processors do not see through: they are told what is wanted soon. */
#define FNN_AHEAD 2048 /* floats */
FNN_INLINE VEC FNN_NAME(vec_take_streaming)(const float *p, int n) {
#if defined(__GNUC__) || defined(__clang__)
    __builtin_prefetch((const char *)p + FNN_AHEAD * sizeof(float));
#endif
    return FNN_NAME(vec_take)(p, n);
}

/* Declares NAME_part(p, c, part, sums): sums[q][column] over the part's rows of the COUNT vectors that
 * CELL(p, at, k, n, q) makes of n cells from `at` on, of which the first is number k of its wide row. */
#define COLUMN_SUMS(NAME, JOB, COUNT, CELL)                                                                   \
    FNN_INLINE void FNN_NAME(NAME##_pair)(const JOB *p, int64_t at, int64_t step, int64_t k, int n, VEC *sum) { \
        VEC other[COUNT];                                                                                     \
        CELL(p, at, k, n, sum);                                                                               \
        CELL(p, at + step, k, n, other);                                                                      \
        for (int q = 0; q < COUNT; q++) sum[q] = FNN_NAME(vec_add)(sum[q], other[q]);                         \
    }                                                                                                         \
    FNN_INLINE void FNN_NAME(NAME##_four)(const JOB *p, int64_t at, int64_t step, int64_t k, int n, VEC *sum) { \
        VEC other[COUNT];                                                                                     \
        FNN_NAME(NAME##_pair)(p, at, step, k, n, sum);                                                        \
        FNN_NAME(NAME##_pair)(p, at + 2 * step, step, k, n, other);                                           \
        for (int q = 0; q < COUNT; q++) sum[q] = FNN_NAME(vec_add)(sum[q], other[q]);                         \
    }                                                                                                         \
    FNN_INLINE void FNN_NAME(NAME##_eight)(const JOB *p, int64_t at, int64_t step, int64_t k, int n, float *const *acc) { \
        VEC sum[COUNT], other[COUNT];                                                                         \
        FNN_NAME(NAME##_four)(p, at, step, k, n, sum);                                                        \
        FNN_NAME(NAME##_four)(p, at + 4 * step, step, k, n, other);                                           \
        for (int q = 0; q < COUNT; q++)                                                                       \
            FNN_NAME(vec_put)(acc[q] + k, FNN_NAME(vec_add)(FNN_NAME(vec_take)(acc[q] + k, n),                \
                                                            FNN_NAME(vec_add)(sum[q], other[q])), n);         \
    }                                                                                                         \
    FNN_INLINE void FNN_NAME(NAME##_one)(const JOB *p, int64_t at, int64_t k, int n, float *const *acc) {     \
        VEC sum[COUNT];                                                                                       \
        CELL(p, at, k, n, sum);                                                                               \
        for (int q = 0; q < COUNT; q++)                                                                       \
            FNN_NAME(vec_put)(acc[q] + k, FNN_NAME(vec_add)(FNN_NAME(vec_take)(acc[q] + k, n), sum[q]), n);   \
    }                                                                                                         \
    /* `rows` rows of `width` numbers, `step` apart. */                                                       \
    static inline void FNN_NAME(NAME##_wide)(const JOB *p, int64_t at, int64_t rows, int64_t step, int64_t width, \
                                             float *const *acc) {                                             \
        const int64_t whole = width / FNN_LANES * FNN_LANES;                                                  \
        int64_t r = 0;                                                                                        \
        for (int q = 0; q < COUNT; q++) memset(acc[q], 0, (size_t)width * sizeof(float));                     \
        for (; r + 8 <= rows; r += 8, at += 8 * step) {                                                       \
            for (int64_t k = 0; k < whole; k += FNN_LANES)                                                    \
                FNN_NAME(NAME##_eight)(p, at + k, step, k, FNN_LANES, acc);                                   \
            if (whole < width) FNN_NAME(NAME##_eight)(p, at + whole, step, whole, (int)(width - whole), acc); \
        }                                                                                                     \
        for (; r < rows; r++, at += step) {                                                                   \
            for (int64_t k = 0; k < whole; k += FNN_LANES) FNN_NAME(NAME##_one)(p, at + k, k, FNN_LANES, acc); \
            if (whole < width) FNN_NAME(NAME##_one)(p, at + whole, whole, (int)(width - whole), acc);         \
        }                                                                                                     \
    }                                                                                                         \
    FNN_UNUSED static void FNN_NAME(NAME##_part)(const JOB *p, const FNN_NAME(columns) *c, int64_t part, float *const *sums) { \
        const int64_t rows = FNN_NAME(rows_of_part)(c, part), cols = c->cols, fold = FNN_NAME(fold_of)(rows, cols); \
        const int64_t whole = rows / fold, from = part * c->part_rows * cols;                                 \
        float room[COUNT][FNN_WIDE], *acc[COUNT];                                                             \
        for (int q = 0; q < COUNT; q++) acc[q] = fold == 1 ? sums[q] : room[q];                               \
        FNN_NAME(NAME##_wide)(p, from, whole, fold * cols, fold * cols, acc);                                 \
        if (fold == 1) return;                                                                                \
        for (int q = 0; q < COUNT; q++)                                                                       \
            for (int64_t half = fold / 2; half >= 1; half /= 2)                                               \
                for (int64_t k = 0; k < half * cols; k++) acc[q][k] += acc[q][k + half * cols];               \
        for (int64_t r = whole * fold; r < rows; r++)                                                         \
            for (int64_t k = 0; k < cols; k += FNN_LANES)                                                     \
                FNN_NAME(NAME##_one)(p, from + r * cols + k, k, (int)fnn_min(FNN_LANES, cols - k), acc);      \
        for (int q = 0; q < COUNT; q++) memcpy(sums[q], acc[q], (size_t)cols * sizeof(float));                \
    }

/* Declares NAME_part(p, c, part): CELL(p, at, k, n) for all cells of the part. */
#define COLUMN_MAP(NAME, JOB, CELL)                                                                           \
    static void FNN_NAME(NAME##_part)(const JOB *p, const FNN_NAME(columns) *c, int64_t part) {               \
        const int64_t from = part * c->part_rows * c->cols, end = from + FNN_NAME(rows_of_part)(c, part) * c->cols; \
        for (int64_t at = from; at < end; at += c->width) {                                                   \
            const int64_t width = fnn_min(c->width, end - at), whole = width / FNN_LANES * FNN_LANES;         \
            for (int64_t k = 0; k < whole; k += FNN_LANES) CELL(p, at + k, k, FNN_LANES);                     \
            if (whole < width) CELL(p, at + whole, whole, (int)(width - whole));                              \
        }                                                                                                     \
    }

/* The parts' sums of columns k … k + n - 1, at most FNN_SOME of them, added up in order. */
#define FNN_SOME 16
static inline void FNN_NAME(column_totals)(const FNN_NAME(columns) *c, const float *partial, int64_t k, int64_t n, double *total) {
    for (int64_t j = 0; j < n; j++) total[j] = partial[k + j];
    for (int64_t part = 1; part < c->parts; part++)
        for (int64_t j = 0; j < n; j++) total[j] += partial[part * c->cols + k + j];
}

static inline void FNN_NAME(put_column_totals)(const FNN_NAME(columns) *c, const float *partial, float *out) {
    double total[FNN_SOME];
    for (int64_t k = 0; out && k < c->cols; k += FNN_SOME) {
        const int64_t n = fnn_min(FNN_SOME, c->cols - k);
        FNN_NAME(column_totals)(c, partial, k, n, total);
        for (int64_t j = 0; j < n; j++) out[k + j] = (float)total[j];
    }
}
