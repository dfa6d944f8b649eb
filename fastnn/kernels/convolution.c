/* convolution.c: im2col, col2im and conv2d, each forward directly above its backward. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "convolution.c"
#include "every_isa.h"
#else
#include "gemm.h"
#include "window.h"

/* ---------------------------------------------------------------- patches */

typedef struct { fnn_window z; const float *from; float *to; } FNN_NAME(patch_job);

/* Calls COPY for every run of neighbouring channels: `at` in the image (outside the image: skipped), `in` the patch. */
#define EACH_PATCH_RUN(Z, N, ...)                                                                              \
    for (int64_t p = 0; p < (Z).oh; p++) for (int64_t q = 0; q < (Z).ow; q++)                                  \
        for (int64_t i = 0; i < (Z).kh; i++) for (int64_t j = 0; j < (Z).kw; j++) {                            \
            const int64_t row = p * (Z).sh + i - (Z).top, col = q * (Z).sw + j - (Z).left;                     \
            const int inside = row >= 0 && row < (Z).h && col >= 0 && col < (Z).w;                             \
            const int64_t at = (((N) * (Z).h + row) * (Z).w + col) * (Z).c;                                    \
            const int64_t in = (((((N) * (Z).oh + p) * (Z).ow + q) * (Z).kh + i) * (Z).kw + j) * (Z).c;        \
            __VA_ARGS__                                                                                        \
        }

static void FNN_NAME(take_patches)(void *arg, int64_t n, int thread) {
    const FNN_NAME(patch_job) *job = arg;
    const fnn_window z = job->z;
    (void)thread;
    EACH_PATCH_RUN(z, n, for (int64_t c = 0; c < z.c; c++) job->to[in + c] = inside ? job->from[at + c] : 0;)
}

static void FNN_NAME(add_patches)(void *arg, int64_t n, int thread) {
    const FNN_NAME(patch_job) *job = arg;
    const fnn_window z = job->z;
    (void)thread;
    memset(job->to + n * z.h * z.w * z.c, 0, (size_t)(z.h * z.w * z.c) * sizeof(float));
    EACH_PATCH_RUN(z, n, if (inside) for (int64_t c = 0; c < z.c; c++) job->to[at + c] += job->from[in + c];)
}

/* Both operations have attributes kernel_size, strides, padding. */
static int FNN_NAME(patches)(fnn_step *s, const fnn_tensor *images, void (*body)(void *, int64_t, int)) {
    const fnn_attr *kernel = &s->attr[0];
    FNN_NAME(patch_job) job = {fnn_window_of(images, kernel->i[0], kernel->i[1], &s->attr[1], &s->attr[2]),
                               s->in[0].data, s->out[0].data};
    const double work = (double)job.z.n * (double)(job.z.oh * job.z.ow) * (double)(job.z.kh * job.z.kw * job.z.c);
    if (job.to) fnn_parallel(job.z.n, work, body, &job);
    return FNN_OK;
}

static int FNN_NAME(im2col)(fnn_step *s) { return FNN_NAME(patches)(s, &s->in[0], FNN_NAME(take_patches)); }
static int FNN_NAME(im2col_backward)(fnn_step *s) { return FNN_NAME(patches)(s, &s->out[0], FNN_NAME(add_patches)); }
static int FNN_NAME(col2im)(fnn_step *s) { return FNN_NAME(patches)(s, &s->out[0], FNN_NAME(add_patches)); }
static int FNN_NAME(col2im_backward)(fnn_step *s) { return FNN_NAME(patches)(s, &s->in[0], FNN_NAME(take_patches)); }

/* ---------------------------------------------------------------- conv2d */

typedef struct { fnn_window z; int64_t outs; const float *x, *w, *b, *dy; float *y, *dx, *dw, *db; int relu; } FNN_NAME(conv_job);

static void FNN_NAME(conv_image)(void *arg, int64_t n, int thread) {
    const FNN_NAME(conv_job) *job = arg;
    const fnn_window z = job->z;
    const int64_t k = job->outs;
    float *y = job->y + n * z.oh * z.ow * k;
    (void)thread;
    for (int64_t p = 0; p < z.oh * z.ow; p++)
        for (int64_t o = 0; o < k; o++) y[p * k + o] = job->b ? job->b[o] : 0;
    EACH_PATCH_RUN(z, n, (void)in; if (inside) for (int64_t c = 0; c < z.c; c++)
        for (int64_t o = 0; o < k; o++) y[(p * z.ow + q) * k + o] += job->x[at + c] * job->w[((i * z.kw + j) * z.c + c) * k + o];)
    if (job->relu) for (int64_t p = 0; p < z.oh * z.ow * k; p++) y[p] = y[p] > 0 || y[p] != y[p] ? y[p] : 0;
}

static int FNN_NAME(conv2d)(fnn_step *s) {
    const fnn_tensor *w = &s->in[1];
    FNN_NAME(conv_job) job = {fnn_window_of(&s->in[0], w->shape[0], w->shape[1], &s->attr[0], &s->attr[1]), w->shape[3],
                              s->in[0].data, w->data, s->in[2].data, NULL, s->out[0].data, NULL, NULL, NULL, s->epilogue.relu};
    fnn_parallel(job.z.n, 1e9, FNN_NAME(conv_image), &job);
    return FNN_OK;
}

static int FNN_NAME(conv2d_backward)(fnn_step *s) {
    const fnn_tensor *x = &s->in[1], *w = &s->in[2];
    const fnn_window z = fnn_window_of(x, w->shape[0], w->shape[1], &s->attr[0], &s->attr[1]);
    const float *dy = s->in[0].data, *px = x->data, *pw = w->data;
    float *dx = s->out[0].data, *dw = s->out[1].data, *db = s->out[2].data;
    const int64_t k = w->shape[3];
    if (dx) memset(dx, 0, (size_t)x->size * sizeof(float));
    if (dw) memset(dw, 0, (size_t)w->size * sizeof(float));
    if (db) memset(db, 0, (size_t)k * sizeof(float));
    for (int64_t n = 0; n < z.n; n++) {
        EACH_PATCH_RUN(z, n, (void)in; if (inside) for (int64_t c = 0; c < z.c; c++) {
            const float *from = dy + ((n * z.oh + p) * z.ow + q) * k, *wr = pw + ((i * z.kw + j) * z.c + c) * k;
            float *to = dw + ((i * z.kw + j) * z.c + c) * k, sum = 0;
            if (dw) for (int64_t o = 0; o < k; o++) to[o] += px[at + c] * from[o];
            if (dx) { for (int64_t o = 0; o < k; o++) sum += wr[o] * from[o]; dx[at + c] += sum; }
        })
        if (db) for (int64_t p = 0; p < z.oh * z.ow; p++) for (int64_t o = 0; o < k; o++) db[o] += dy[(n * z.oh * z.ow + p) * k + o];
    }
    return FNN_OK;
}

const fnn_entry FNN_NAME(convolution_entries)[] = {
    {"im2col", "x", "kernel_size strides padding", FNN_NAME(im2col), FNN_NAME(im2col_backward), NULL},
    {"col2im", "col", "kernel_size strides padding size", FNN_NAME(col2im), FNN_NAME(col2im_backward), NULL},
    {"conv2d", "x w b", "strides padding", FNN_NAME(conv2d), FNN_NAME(conv2d_backward), NULL},
    {0},
};
#endif
