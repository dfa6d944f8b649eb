/* convolution_parts.c: dilated and transposed convolutions, made of plain ones.
 *
 * Windows whose places leave the same rest by the dilation meet cells that leave one rest too: every such part of
 * the image is copied together and convolved without dilation. A transposed convolution is the gradient of a
 * convolution of its result.
 */
#include "convolution.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "convolution_parts.c"
#include "every_isa.h"
#else
#include "convolution.h"

#define SUM_BLOCKS 16 /* a bias gradient is the sum of so many parts, whatever the number of threads */

typedef struct {
    fnn_window z;         /* the whole images */
    int64_t outs, dh, dw, groups;
} FNN_NAME(conv);

typedef struct {          /* what is there is not NULL */
    const float *x, *w, *b, *dy;
    float *y, *dx, *dw, *db;
    fnn_epilogue finish;  /* of a whole one */
} FNN_NAME(conv_data);

static int64_t FNN_NAME(lines)(int64_t floats) { return fnn_ceil_div(floats, 16) * 16; }

static fnn_tensor FNN_NAME(tensor_of)(const float *data, int64_t n, int64_t h, int64_t w, int64_t c) {
    return (fnn_tensor){(void *)data, n * h * w * c, {n, h, w, c}, 4, FNN_FLOAT32};
}

/* The step of a plain convolution, forward or backward. */
static fnn_step FNN_NAME(plain_step)(const FNN_NAME(conv) *p, const FNN_NAME(conv_data) *d, fnn_tensor *t, int backward) {
    const fnn_window *z = &p->z;
    fnn_step s = {.in = t, .out = t + 3, .n_in = 3, .n_out = backward ? 3 : 1};
    const fnn_tensor x = FNN_NAME(tensor_of)(d->x, z->n, z->h, z->w, z->c);
    const fnn_tensor w = FNN_NAME(tensor_of)(d->w, z->kh, z->kw, z->c / p->groups, p->outs);
    const fnn_tensor y = FNN_NAME(tensor_of)(backward ? d->dy : d->y, z->n, z->oh, z->ow, p->outs);
    const fnn_tensor b = {(void *)d->b, p->outs, {p->outs}, 1, FNN_FLOAT32};
    t[0] = backward ? y : x;
    t[1] = backward ? x : w;
    t[2] = backward ? w : b;
    t[3] = backward ? x : y;
    t[4] = w;
    t[5] = b;
    if (backward) {
        t[3].data = d->dx;
        t[4].data = d->dw;
        t[5].data = d->db;
    }
    s.attr[0] = (fnn_attr){2, {z->sh, z->sw}, 0};
    s.attr[1] = (fnn_attr){5, {FNN_EXPLICIT, z->top, z->left, z->oh, z->ow}, 0};
    s.attr[3] = (fnn_attr){1, {p->groups}, 0};
    s.epilogue = d->finish;
    return s;
}

static void FNN_NAME(run_plain)(const FNN_NAME(conv) *p, const FNN_NAME(conv_data) *d, float *scratch, int backward) {
    fnn_tensor t[6];
    fnn_step s = FNN_NAME(plain_step)(p, d, t, backward);
    s.scratch = scratch;
    (backward ? FNN_NAME(fnn_conv2d_plain_backward) : FNN_NAME(fnn_conv2d_plain))(&s);
}

static int64_t FNN_NAME(plain_scratch)(const FNN_NAME(conv) *p, int backward) {
    const FNN_NAME(conv_data) none = {0};
    fnn_tensor t[6];
    const fnn_step s = FNN_NAME(plain_step)(p, &none, t, backward);
    return FNN_NAME(fnn_conv2d_plain_scratch)(&s, backward);
}

/* ---------------------------------------------------------------- epilogue of a result that was put together
 *
 * A pass of its own; it does not accumulate.
 */
typedef struct { const fnn_epilogue *finish; float *y; int64_t pixels, channels; } FNN_NAME(finish_job);

static float FNN_NAME(finished)(const fnn_epilogue *e, float sum, int64_t channel) {
    if (e->bias) sum += e->bias[channel];
    return e->relu && sum <= 0 ? 0 : sum;
}

static void FNN_NAME(finish_image)(void *arg, int64_t n, int thread) {
    const FNN_NAME(finish_job) *j = arg;
    const float *mask = j->finish->mask;
    (void)thread;
    for (int64_t p = n * j->pixels; p < (n + 1) * j->pixels; p++)
        for (int64_t k = 0; k < j->channels; k++) {
            const int64_t at = p * j->channels + k;
            j->y[at] = !mask || mask[at] > 0 ? FNN_NAME(finished)(j->finish, j->y[at], k) : 0;
        }
}

static void FNN_NAME(finish_images)(const FNN_NAME(conv) *p, const fnn_epilogue *e, float *result, int backward) {
    const fnn_window *z = &p->z;
    FNN_NAME(finish_job) j = {e, result, backward ? z->h * z->w : z->oh * z->ow, backward ? z->c : p->outs};
    if (result && (e->bias || e->relu || e->mask))
        fnn_parallel(z->n, (double)(z->n * j.pixels * j.channels), FNN_NAME(finish_image), &j);
}

/* ---------------------------------------------------------------- parts */

static int FNN_NAME(whole)(const FNN_NAME(conv) *p) { return p->dh == 1 && p->dw == 1; }

/* The part with the rests (a, a2); there is no padding in it. */
static FNN_NAME(conv) FNN_NAME(part_of)(const FNN_NAME(conv) *p, int64_t a, int64_t a2) {
    FNN_NAME(conv) q = {p->z, p->outs, 1, 1, p->groups};
    q.z.oh = a < p->z.oh ? fnn_ceil_div(p->z.oh - a, p->dh) : 0;
    q.z.ow = a2 < p->z.ow ? fnn_ceil_div(p->z.ow - a2, p->dw) : 0;
    q.z.h = (q.z.oh - 1) * q.z.sh + q.z.kh;
    q.z.w = (q.z.ow - 1) * q.z.sw + q.z.kw;
    q.z.top = q.z.left = 0;
    return q;
}

typedef struct { /* every step-th cell of images, and the same cells side by side */
    float *all, *part;
    int64_t h, w, c, rows, cols, row, col, row_step, col_step;
    int back;
} FNN_NAME(copy_job);

static void FNN_NAME(copy_image)(void *arg, int64_t n, int thread) {
    const FNN_NAME(copy_job) *j = arg;
    const size_t bytes = (size_t)j->c * sizeof(float);
    (void)thread;
    for (int64_t r = 0; r < j->rows; r++)
        for (int64_t k = 0; k < j->cols; k++) {
            const int64_t row = j->row + r * j->row_step, col = j->col + k * j->col_step;
            const int inside = row >= 0 && row < j->h && col >= 0 && col < j->w;
            float *part = j->part + ((n * j->rows + r) * j->cols + k) * j->c;
            float *all = inside ? j->all + ((n * j->h + row) * j->w + col) * j->c : NULL;
            if (j->back && inside) memcpy(all, part, bytes);
            else if (!j->back && inside) memcpy(part, all, bytes);
            else if (!j->back) memset(part, 0, bytes);
        }
}

static void FNN_NAME(copy)(FNN_NAME(copy_job) j, int64_t images) {
    fnn_parallel(images, (double)images * (double)(j.rows * j.cols * j.c), FNN_NAME(copy_image), &j);
}

static FNN_NAME(copy_job) FNN_NAME(image_copy)(const FNN_NAME(conv) *p, const FNN_NAME(conv) *q, int64_t a, int64_t a2) {
    return (FNN_NAME(copy_job)){.h = p->z.h, .w = p->z.w, .c = p->z.c, .rows = q->z.h, .cols = q->z.w,
                                .row = a - p->z.top, .col = a2 - p->z.left, .row_step = p->dh, .col_step = p->dw};
}

static FNN_NAME(copy_job) FNN_NAME(result_copy)(const FNN_NAME(conv) *p, const FNN_NAME(conv) *q, int64_t a, int64_t a2) {
    return (FNN_NAME(copy_job)){.h = p->z.oh, .w = p->z.ow, .c = p->outs, .rows = q->z.oh, .cols = q->z.ow,
                                .row = a, .col = a2, .row_step = p->dh, .col_step = p->dw};
}

typedef struct { int64_t x, w, y, b; } FNN_NAME(part_sizes);

static FNN_NAME(part_sizes) FNN_NAME(sizes)(const FNN_NAME(conv) *p) {
    const FNN_NAME(conv) q = FNN_NAME(part_of)(p, 0, 0);
    return (FNN_NAME(part_sizes)){FNN_NAME(lines)(q.z.n * q.z.h * q.z.w * q.z.c),
                                  FNN_NAME(lines)(q.z.kh * q.z.kw * q.z.c / q.groups * q.outs),
                                  FNN_NAME(lines)(q.z.n * q.z.oh * q.z.ow * q.outs), FNN_NAME(lines)(q.outs)};
}

/* Of the parts along an axis the first is the largest and the last the smallest. */
static int64_t FNN_NAME(parts_scratch)(const FNN_NAME(conv) *p, int backward) {
    if (FNN_NAME(whole)(p)) return FNN_NAME(plain_scratch)(p, backward);
    const FNN_NAME(part_sizes) n = FNN_NAME(sizes)(p);
    int64_t most = 0;
    for (int k = 0; k < 4; k++) {
        const FNN_NAME(conv) q = FNN_NAME(part_of)(p, k & 1 ? p->dh - 1 : 0, k & 2 ? p->dw - 1 : 0);
        if (q.z.oh > 0 && q.z.ow > 0) most = fnn_max(most, FNN_NAME(plain_scratch)(&q, backward));
    }
    for (int64_t rows = 1; rows <= 2; rows++) /* one that is smaller by one window, where the last part is empty */
        for (int64_t cols = 1; cols <= 2; cols++) {
            FNN_NAME(conv) q = FNN_NAME(part_of)(p, 0, 0);
            q.z.oh -= rows - 1;
            q.z.ow -= cols - 1;
            q.z.h -= (rows - 1) * q.z.sh;
            q.z.w -= (cols - 1) * q.z.sw;
            if (q.z.oh > 0 && q.z.ow > 0) most = fnn_max(most, FNN_NAME(plain_scratch)(&q, backward));
        }
    return most + (2 * n.x + n.w + n.y + n.b) * (int64_t)sizeof(float);
}

static void FNN_NAME(add_to)(float *sum, const float *more, int64_t count, int begin) {
    for (int64_t k = 0; k < count; k++) sum[k] = begin ? more[k] : sum[k] + more[k];
}

static void FNN_NAME(run_parts)(const FNN_NAME(conv) *p, const FNN_NAME(conv_data) *d, float *scratch, int backward) {
    if (FNN_NAME(whole)(p)) {
        FNN_NAME(run_plain)(p, d, scratch, backward);
        return;
    }
    const FNN_NAME(part_sizes) n = FNN_NAME(sizes)(p);
    const int64_t weights = p->z.kh * p->z.kw * p->z.c / p->groups * p->outs;
    float *x = scratch, *dx = x + n.x, *dw = dx + n.x, *y = dw + n.w, *db = y + n.y, *rest = db + n.b;
    if (d->dx) memset(d->dx, 0, (size_t)(p->z.n * p->z.h * p->z.w * p->z.c) * sizeof(float));
    for (int64_t a = 0; a < p->dh; a++)
        for (int64_t a2 = 0; a2 < p->dw; a2++) {
            const FNN_NAME(conv) q = FNN_NAME(part_of)(p, a, a2);
            if (q.z.oh < 1 || q.z.ow < 1) continue;
            const FNN_NAME(conv_data) part = {x, d->w, d->b, y, y, d->dx ? dx : NULL, d->dw ? dw : NULL, d->db ? db : NULL, {0}};
            FNN_NAME(copy_job) image = FNN_NAME(image_copy)(p, &q, a, a2), result = FNN_NAME(result_copy)(p, &q, a, a2);
            image.part = x;
            image.all = (float *)d->x;
            result.part = y;
            result.all = backward ? (float *)d->dy : d->y;
            if (d->x) FNN_NAME(copy)(image, p->z.n);
            if (backward) FNN_NAME(copy)(result, p->z.n);
            FNN_NAME(run_plain)(&q, &part, rest, backward);
            result.back = image.back = 1;
            if (!backward) FNN_NAME(copy)(result, p->z.n);
            image.part = dx;
            image.all = d->dx;
            if (d->dx) FNN_NAME(copy)(image, p->z.n);
            if (d->dw) FNN_NAME(add_to)(d->dw, dw, weights, a == 0 && a2 == 0);
            if (d->db) FNN_NAME(add_to)(d->db, db, p->outs, a == 0 && a2 == 0);
        }
    FNN_NAME(finish_images)(p, &d->finish, backward ? d->dx : d->y, backward);
}

/* ---------------------------------------------------------------- conv2d with dilation */

static FNN_NAME(conv) FNN_NAME(conv_of)(const fnn_step *s, const fnn_tensor *x, const fnn_tensor *w) {
    const int64_t dh = s->attr[2].i[0], dw = s->attr[2].i[1], kh = w->shape[0], kw = w->shape[1];
    FNN_NAME(conv) p = {fnn_window_of(x, (kh - 1) * dh + 1, (kw - 1) * dw + 1, &s->attr[0], &s->attr[1]), w->shape[3], dh, dw,
                        s->attr[3].i[0]};
    p.z.kh = kh;
    p.z.kw = kw;
    return p;
}

int FNN_NAME(fnn_conv2d_parts)(fnn_step *s) {
    const FNN_NAME(conv) p = FNN_NAME(conv_of)(s, &s->in[0], &s->in[1]);
    const FNN_NAME(conv_data) d = {.x = s->in[0].data, .w = s->in[1].data, .b = s->in[2].data, .y = s->out[0].data,
                                   .finish = s->epilogue};
    if (s->out[0].size) FNN_NAME(run_parts)(&p, &d, s->scratch, 0);
    return FNN_OK;
}

int FNN_NAME(fnn_conv2d_parts_backward)(fnn_step *s) {
    const FNN_NAME(conv) p = FNN_NAME(conv_of)(s, &s->in[1], &s->in[2]);
    const FNN_NAME(conv_data) d = {.x = s->in[1].data, .w = s->in[2].data, .dy = s->in[0].data, .dx = s->out[0].data,
                                   .dw = s->out[1].data, .db = s->out[2].data, .finish = s->epilogue};
    FNN_NAME(run_parts)(&p, &d, s->scratch, 1);
    return FNN_OK;
}

int64_t FNN_NAME(fnn_conv2d_parts_scratch)(const fnn_step *s, int backward) {
    const FNN_NAME(conv) p = FNN_NAME(conv_of)(s, &s->in[backward ? 1 : 0], &s->in[backward ? 2 : 1]);
    return FNN_NAME(parts_scratch)(&p, backward);
}

/* ---------------------------------------------------------------- conv2d_transpose */

/* Cells cut off before the result along an axis; attributes: strides, padding, output_padding, dilation_rate. */
static int64_t FNN_NAME(cut_before)(const fnn_step *s, int axis, int64_t kernel) {
    const int64_t stride = s->attr[0].i[axis], size = (kernel - 1) * s->attr[3].i[axis] + 1;
    const fnn_attr *extra = &s->attr[2];
    if (s->attr[1].i[0] == 0) return 0;
    const int64_t border = extra->n < 0 ? stride + size - 2 : size + size % 2 - 2 + extra->i[axis];
    return size - 1 - fnn_min(border / 2 + border % 2, size - 1);
}

/* The convolution whose gradient it is: of the result y, giving x. */
static FNN_NAME(conv) FNN_NAME(turned)(const fnn_step *s, const fnn_tensor *x, const fnn_tensor *w, const fnn_tensor *y) {
    const fnn_window z = {x->shape[0], y->shape[1], y->shape[2], w->shape[2], w->shape[0], w->shape[1],
                          s->attr[0].i[0], s->attr[0].i[1], x->shape[1], x->shape[2],
                          FNN_NAME(cut_before)(s, 0, w->shape[0]), FNN_NAME(cut_before)(s, 1, w->shape[1])};
    return (FNN_NAME(conv)){z, w->shape[3], s->attr[3].i[0], s->attr[3].i[1], 1};
}

typedef struct { const float *dy; double *sums; int64_t pixels, channels; } FNN_NAME(bias_job);

static void FNN_NAME(sum_block)(void *arg, int64_t block, int thread) {
    const FNN_NAME(bias_job) *j = arg;
    double *sum = j->sums + block * j->channels;
    const int64_t some = fnn_ceil_div(j->pixels, SUM_BLOCKS);
    (void)thread;
    for (int64_t k = 0; k < j->channels; k++) sum[k] = 0;
    for (int64_t p = block * some; p < fnn_min((block + 1) * some, j->pixels); p++)
        for (int64_t k = 0; k < j->channels; k++) sum[k] += j->dy[p * j->channels + k];
}

/* The sums of cells behind the last one that x reaches are 0, whatever the weights are. */
static void FNN_NAME(clear_rest)(const FNN_NAME(conv) *p, const fnn_epilogue *e, float *y) {
    const fnn_window *z = &p->z;
    const int64_t rows = (z->oh - 1) * z->sh + (z->kh - 1) * p->dh + 1 - z->top;
    const int64_t cols = (z->ow - 1) * z->sw + (z->kw - 1) * p->dw + 1 - z->left;
    if (rows >= z->h && cols >= z->w) return;
    for (int64_t r = 0; r < z->n * z->h; r++) {
        const int64_t from = r % z->h < rows ? fnn_min(cols, z->w) : 0;
        for (int64_t k = from * z->c; k < z->w * z->c; k++) y[r * z->w * z->c + k] = FNN_NAME(finished)(e, 0, k % z->c);
    }
}

int FNN_NAME(conv2d_transpose)(fnn_step *s) {
    const FNN_NAME(conv) p = FNN_NAME(turned)(s, &s->in[0], &s->in[1], &s->out[0]);
    const FNN_NAME(conv_data) d = {.w = s->in[1].data, .dy = s->in[0].data, .dx = s->out[0].data,
                                   .finish = {.bias = s->in[2].data, .relu = s->epilogue.relu}};
    if (!s->out[0].size) return FNN_OK;
    FNN_NAME(run_parts)(&p, &d, s->scratch, 1);
    FNN_NAME(clear_rest)(&p, &d.finish, d.dx);
    return FNN_OK;
}

int FNN_NAME(conv2d_transpose_backward)(fnn_step *s) {
    const FNN_NAME(conv) p = FNN_NAME(turned)(s, &s->in[1], &s->in[2], &s->in[0]);
    const int64_t channels = p.z.c;
    if (s->out[0].data && s->out[0].size) {
        const FNN_NAME(conv_data) d = {.x = s->in[0].data, .w = s->in[2].data, .y = s->out[0].data,
                                       .finish = s->epilogue};
        FNN_NAME(run_parts)(&p, &d, s->scratch, 0);
    }
    if (s->out[1].data) {
        const FNN_NAME(conv_data) d = {.x = s->in[0].data, .w = s->in[2].data, .dy = s->in[1].data, .dw = s->out[1].data};
        FNN_NAME(run_parts)(&p, &d, s->scratch, 1);
    }
    if (s->out[2].data) {
        FNN_NAME(bias_job) j = {s->in[0].data, s->scratch, p.z.n * p.z.h * p.z.w, channels};
        float *db = s->out[2].data;
        fnn_parallel(SUM_BLOCKS, (double)s->in[0].size, FNN_NAME(sum_block), &j);
        for (int64_t k = 0; k < channels; k++) {
            double sum = 0;
            for (int64_t b = 0; b < SUM_BLOCKS; b++) sum += j.sums[b * channels + k];
            db[k] = (float)sum;
        }
    }
    return FNN_OK;
}

int64_t FNN_NAME(conv2d_transpose_scratch)(const fnn_step *s, int backward) {
    const FNN_NAME(conv) p = backward ? FNN_NAME(turned)(s, &s->in[1], &s->in[2], &s->in[0])
                                      : FNN_NAME(turned)(s, &s->in[0], &s->in[1], &s->out[0]);
    const int64_t there = FNN_NAME(parts_scratch)(&p, 1), back = backward ? FNN_NAME(parts_scratch)(&p, 0) : 0;
    return fnn_max(fnn_max(there, back), SUM_BLOCKS * p.z.c * (int64_t)sizeof(double));
}
#endif
