/* unary.c: one result cell from one input cell; forward directly above its backward. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "unary.c"
#include "every_isa.h"
#else
#include "vector_math.h"
#include "cellwise.h"
#include "strided.h"

/* ---- whole numbers ---- */

/* Declares kernel `NAME` for whole numbers from EXPR in x, which is unsigned where it may wrap around. */
#define WHOLE(NAME, EXPR)                                                                                     \
    ROW1(NAME##_i, int32_t, int32_t, EXPR) ROW1(NAME##_l, int64_t, int64_t, EXPR) ROW1(NAME##_u, uint8_t, uint8_t, EXPR) WHOLE_BODIES(NAME)

WHOLE(negative_whole, 0 - (uint64_t)x)
WHOLE(absolute_whole, x < 0 ? 0 - (uint64_t)x : (uint64_t)x)
WHOLE(square_whole, (uint64_t)x * (uint64_t)x)
WHOLE(sign_whole, (x > 0) - (x < 0))

static int FNN_NAME(whole)(fnn_step *s, const FNN_NAME(row_body) *bodies) {
    const fnn_tensor *in[] = {&s->in[0]};
    FNN_NAME(run_strided)(in, 1, &s->out[0], s->out[0].data, bodies[s->in[0].dtype]);
    return FNN_OK;
}

/* Declares kernel `NAME` from those for floats and for whole numbers. */
#define ANY(NAME)                                                                                             \
    static int FNN_NAME(NAME)(fnn_step *s) {                                                                  \
        return s->in[0].dtype == FNN_FLOAT32 ? FNN_NAME(NAME##_float)(s) : FNN_NAME(whole)(s, FNN_NAME(NAME##_whole_bodies)); \
    }

/* ---- arithmetic ---- */

MAP(zero_backward, 1, 0 * x)
MAP(negative_float, 1, -x) ANY(negative)
MAP(negative_backward, 1, -x)
MAP(absolute_float, 1, fabsf(x)) ANY(absolute)
BACK(absolute, 1, v != v ? v : dy * (float)((v > 0) - (v < 0)))
MAP(square_float, 1, x * x) ANY(square)
BACK(square, 1, 2 * dy * v)
MAP(sign_float, 1, x != x ? x : (float)((x > 0) - (x < 0))) ANY(sign)
MAP(sqrt, 4, sqrtf(x))
BACK(sqrt, 4, dy / (2 * v))
MAP(reciprocal, 4, 1 / x)
BACK(reciprocal, 1, -dy * v * v)
MAP(exp, 8, FNN_NAME(exp_of)(x))
BACK(exp, 1, dy * v)
MAP(log, 8, FNN_NAME(log_of)(x))
BACK(log, 4, dy / v)

const fnn_entry FNN_NAME(unary_entries)[] = {
    ENTRY(negative, ""), ENTRY(absolute, ""), ENTRY(square, ""), FLAT_ENTRY(sign, ""), ENTRY(sqrt, ""),
    ENTRY(reciprocal, ""), ENTRY(exp, ""), ENTRY(log, ""),
    {0},
};
#endif
