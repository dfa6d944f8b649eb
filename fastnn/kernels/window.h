/* window.h: where windows lie on images (n, h, w, c), for convolutions and pooling. */
#ifndef FNN_WINDOW_H
#define FNN_WINDOW_H
#include "fnn.h"

typedef struct {
    int64_t n, h, w, c;       /* the images */
    int64_t kh, kw, sh, sw;   /* kernel and strides */
    int64_t oh, ow;           /* windows along height and width */
    int64_t top, left;        /* zeros before the first row and column */
} fnn_window;

static inline int64_t fnn_window_count(int64_t size, int64_t kernel, int64_t stride, int same) {
    return same ? fnn_ceil_div(size, stride) : (size - kernel) / stride + 1;
}

/* With "same" the border is as narrow as possible; an odd zero goes to the end. */
static inline int64_t fnn_pad_before(int64_t size, int64_t kernel, int64_t stride, int same) {
    if (!same) return 0;
    return fnn_max((fnn_ceil_div(size, stride) - 1) * stride + kernel - size, 0) / 2;
}

/* A stride that leads behind the image from the only window is as good as one to just behind it; loops over strides
 * and what is fetched ahead end then. */
static inline int64_t fnn_stride(int64_t stride, int64_t size, int64_t windows) {
    return windows == 1 ? fnn_min(stride, size + 1) : stride;
}

/* `padding` is a word: 0 valid, 1 same; or, between kernels, FNN_EXPLICIT, top, left, windows down, windows across. */
#define FNN_EXPLICIT 2
static inline fnn_window fnn_window_of(const fnn_tensor *images, int64_t kh, int64_t kw, const fnn_attr *strides,
                                       const fnn_attr *padding) {
    const int64_t h = images->shape[1], w = images->shape[2], sh = strides->i[0], sw = strides->i[1];
    const int same = padding->i[0] == 1;
    if (padding->i[0] == FNN_EXPLICIT) {
        const int64_t oh = padding->i[3], ow = padding->i[4];
        return (fnn_window){images->shape[0], h, w, images->shape[3], kh, kw, fnn_stride(sh, h, oh), fnn_stride(sw, w, ow),
                            oh, ow, padding->i[1], padding->i[2]};
    }
    fnn_window z = {images->shape[0], h, w, images->shape[3], kh, kw, sh, sw,
                          fnn_window_count(h, kh, sh, same), fnn_window_count(w, kw, sw, same),
                          fnn_pad_before(h, kh, sh, same), fnn_pad_before(w, kw, sw, same)};
    z.sh = fnn_stride(sh, h, z.oh);
    z.sw = fnn_stride(sw, w, z.ow);
    return z;
}

#endif
