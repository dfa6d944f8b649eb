/* fnn.h: the whole C contract.
 *
 * A kernel is a function of one step: checked, contiguous tensor views in, tensor views out, attributes, scratch.
 * Kernels allocate nothing, hold no state and never touch Python. Forward reads `in` and writes `out`.
 * Backward reads `in` = the outputs' gradients, then the saved values in the record's order, and overwrites
 * `out` = the inputs' gradients in the record's order; an output with data NULL is not wanted (its shape is filled in).
 */
#ifndef FNN_H
#define FNN_H

#include <stdint.h>
#include <stddef.h>

#define FNN_MAX_DIMS 8
#define FNN_MAX_ATTRS 10

enum { FNN_FLOAT32 = 0, FNN_INT32 = 1, FNN_INT64 = 2, FNN_UINT8 = 3 };

enum { /* what a kernel returns */
    FNN_OK = 0,
    FNN_LABEL_OUT_OF_RANGE = 1, /* step->detail: the row */
    FNN_UNSUPPORTED = 2,        /* a type or attribute without a kernel */
    FNN_INTERRUPTED = 3,
    FNN_NO_MEMORY = 4,
    FNN_INDEX_OUT_OF_RANGE = 5  /* step->detail: which index */
};

typedef struct {
    void *data;                  /* NULL: an optional input left out, or an output not wanted */
    int64_t size;                /* number of elements */
    int64_t shape[FNN_MAX_DIMS]; /* row-major, contiguous */
    int32_t ndim;
    int32_t dtype;
} fnn_tensor;

typedef struct {           /* numbers: i[0] and f; booleans: i[0]; words: position in i[0]; tuples: i[0..n-1] */
    int64_t n;             /* length; -1: None */
    int64_t i[FNN_MAX_DIMS];
    double f;
} fnn_attr;

typedef struct {           /* what a product or convolution may do to its result before it is written */
    const float *bias;     /* per column, or NULL */
    const float *mask;     /* same shape as the result: where it is <= 0 the result becomes 0; or NULL */
    int32_t relu;          /* 1: max(result, 0) */
    int32_t accumulate;    /* 1: add to what is there */
} fnn_epilogue;

typedef struct fnn_step {
    int (*run)(struct fnn_step *);
    fnn_tensor *in, *out;
    int32_t n_in, n_out;
    fnn_attr attr[FNN_MAX_ATTRS];
    fnn_epilogue epilogue;
    void *scratch;         /* as many bytes as scratch_bytes asked for, 64-byte aligned */
    int64_t detail;        /* where an error was met */
} fnn_step;

typedef int (*fnn_kernel)(fnn_step *);

typedef struct {
    const char *name;
    const char *inputs;    /* space-separated, as in the record: compared at import */
    const char *attrs;
    fnn_kernel forward, backward; /* backward may be NULL */
    /* Scratch for a step whose shapes are filled in (data may be NULL), for fnn_thread_limit() threads. */
    int64_t (*scratch_bytes)(const fnn_step *, int backward); /* may be NULL: none */
} fnn_entry;

/* Every family is compiled once per instruction set and offers a NULL-terminated list of entries. */
typedef struct { const char *isa; const fnn_entry *const *families; } fnn_isa;

/* registry.c */
int fnn_isa_count(void);
const char *fnn_isa_name(int k);     /* best first; the last is "generic" */
int fnn_isa_usable(int k);           /* by this processor and operating system */
const fnn_entry *fnn_find(int isa, const char *name);
const fnn_entry *fnn_entry_at(int k); /* in the generic list; NULL past the end */
/* Runs steps [begin, end) until one fails; `poll` (may be NULL) is asked between steps now and then and
 * stops the run when it returns non-zero. *at is the step that failed or was next. */
int fnn_run(fnn_step *steps, int64_t begin, int64_t end, int64_t *at, int (*poll)(void));
/* run steps of one ISA's arrays; selects nothing: the function pointers in steps were chosen when it was made */
/* Puts into an array the sum over the processes that train together; FNN_OK or FNN_INTERRUPTED. NULL: there are none. */
extern int (*fnn_exchange)(float *, int64_t);
void fnn_exchange_with(int (*exchange)(float *, int64_t));

/* threads.c */
int fnn_thread_limit(void);          /* the most threads that will ever be used; fixed at first use */
int fnn_threads(void);               /* how many are used now */
void fnn_set_threads(int n);         /* 1..limit */
/* Calls body(arg, chunk, thread) for every chunk 0..chunks-1, on several threads if `work` (roughly the number of
 * multiply-adds or touched floats) is worth it. Which chunk holds what must not depend on the threads. */
void fnn_parallel(int64_t chunks, double work, void (*body)(void *arg, int64_t chunk, int thread), void *arg);

static inline int64_t fnn_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t fnn_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t fnn_ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* Product of the shape's entries from axis `from` up to, not including, `to`. */
static inline int64_t fnn_extent(const fnn_tensor *t, int from, int to) {
    int64_t n = 1;
    for (int d = from; d < to; d++) n *= t->shape[d];
    return n;
}

#endif
