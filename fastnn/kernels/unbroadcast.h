/* unbroadcast.h: the gradient of an operand that broadcasting repeated: the sum over its copies.
 *
 * Included inside a family file, once per instruction set, after reduce.h.
 */

/* The axes of y along which x was repeated. */
static inline FNN_NAME(reduction) FNN_NAME(repeated_axes)(const fnn_tensor *y, const fnn_tensor *x) {
    int32_t flags[FNN_MAX_DIMS];
    const int missing = y->ndim - x->ndim;
    for (int d = 0; d < y->ndim; d++) flags[d] = d < missing || (x->shape[d - missing] == 1 && y->shape[d] != 1);
    return FNN_NAME(merge_axes)(y->shape, y->ndim, flags);
}

static inline int FNN_NAME(repeated)(const fnn_tensor *y, const fnn_tensor *x) {
    FNN_NAME(reduction) r = FNN_NAME(repeated_axes)(y, x);
    for (int d = 0; d < r.ndim; d++)
        if (r.reduced[d] && r.shape[d] != 1) return 1;
    return 0;
}

/* Scratch for sums to the `n` gradients of a backward step. */
static inline int64_t FNN_NAME(unbroadcast_bytes)(const fnn_step *s, int n) {
    int64_t floats = 0;
    for (int k = 0; k < n; k++)
        if (s->out[k].data) floats = fnn_max(floats, FNN_NAME(reduce_floats)(FNN_NAME(repeated_axes)(&s->in[0], &s->out[k])));
    return floats * (int64_t)sizeof(float);
}

/* Scratch for gradients that are made cell by cell and then summed. */
static inline int64_t FNN_NAME(repeated_bytes)(const fnn_step *s, int n) {
    int repeated = 0;
    for (int k = 0; k < n; k++) repeated |= s->out[k].data && FNN_NAME(repeated)(&s->in[0], &s->out[k]);
    return repeated ? FNN_NAME(unbroadcast_bytes)(s, n) + s->in[0].size * (int64_t)sizeof(float) : 0;
}
