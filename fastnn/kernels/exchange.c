/* exchange.c: sums over processes, forward and backward alike; fnn_exchange (registry.c) goes to the others. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "exchange.c"
#include "every_isa.h"
#else

static int FNN_NAME(all_reduce)(fnn_step *s) {
    const float *x = s->in[0].data, share = (float)s->attr[0].f;
    float *y = s->out[0].data;
    if (!y) return FNN_OK; /* a gradient that no process asks for */
    for (int64_t k = 0; k < s->out[0].size; k++) y[k] = x[k] * share;
    return fnn_exchange ? fnn_exchange(y, s->out[0].size) : FNN_OK;
}

const fnn_entry FNN_NAME(exchange_entries)[] = {
    {"all_reduce", "x", "share", FNN_NAME(all_reduce), FNN_NAME(all_reduce), NULL},
    {0},
};
#endif
