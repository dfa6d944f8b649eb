/* shaping.c: the same numbers in another arrangement; works on cells of any size. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "shaping.c"
#include "every_isa.h"
#else

#define COPY_BYTES 65536 /* bytes that one thread takes at once */

static int64_t FNN_NAME(cell_bytes)(const fnn_tensor *t) {
    return t->dtype == FNN_INT64 ? 8 : (t->dtype == FNN_UINT8 ? 1 : 4);
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

const fnn_entry FNN_NAME(shaping_entries)[] = {
    {"reshape", "x", "shape", FNN_NAME(rename_axes), FNN_NAME(rename_axes), NULL},
    {"flatten", "x", "", FNN_NAME(rename_axes), FNN_NAME(rename_axes), NULL},
    {"expand_dims", "x", "axis", FNN_NAME(rename_axes), FNN_NAME(rename_axes), NULL},
    {"squeeze", "x", "axis", FNN_NAME(rename_axes), FNN_NAME(rename_axes), NULL},
    {0},
};
#endif
