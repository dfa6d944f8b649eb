/* winograd.h: convolutions of 3 x 3, stride 1, by Winograd's F(4 x 4, 3 x 3).
 *
 * A square of 6 x 6 pixels gives 4 x 4 results. Squares d, weights g and results y are polynomials' values at six
 * points, 0, +-ROOT_HALF, +-ROOT_TWO and infinity; there a convolution is a product:
 *
 *     y = A^T ((G g G^T) * (B^T d B)) A          36 products instead of 144
 *     dg = G^T ((A dy A^T) * (B^T d B)) G        its gradient, summed over squares
 *
 * A pixel that is NaN or infinite may spoil any result of the squares that it meets, not only those of its windows.
 *
 * These points, whose squares are 1/2 and 2, round less than the usual 0, +-1, +-2. (Lavin and Gray, Fast Algorithms
 * for Convolutional Neural Networks, 2016; Toom and Cook's matrices.)
 */
#ifndef FNN_WINOGRAD_H
#define FNN_WINOGRAD_H
#include "fnn.h"
#include "window.h"

#define SQUARE 6       /* pixels along a side of what is read */
#define STEP 4         /* of what is written, and the distance of squares */
#define POINTS (SQUARE * SQUARE)
#define RESULTS (STEP * STEP)
#define LINE 16        /* floats of a cache line; planes are one apart so that 36 of them do not meet in one cache set */
#define LEAST_CHANNELS 16
#define LEAST_FILLED 7 /* results of the 16 of a square, on average */

#define ROOT_HALF 0.70710678118654752440
#define ROOT_TWO 1.41421356237309504880

/* Images cut into squares of `side` pixels, STEP apart, of which the first begins at pixel (-top, -left). */
typedef struct {
    const float *data, *outside; /* outside: what stands for a pixel that is not there */
    int64_t h, w, c, top, left, down, across;
    int side;
} fnn_squares;

/* Where the pixels of a square begin. */
static inline void fnn_square_pixels(const fnn_squares *s, int64_t square, const float **pixel) {
    const int64_t n = square / (s->down * s->across), across = square % s->across;
    const int64_t row = square / s->across % s->down * STEP - s->top, col = across * STEP - s->left;
    for (int64_t r = row; r < row + s->side; r++)
        for (int64_t q = col; q < col + s->side; q++) {
            const int inside = r >= 0 && r < s->h && q >= 0 && q < s->w;
            *pixel++ = inside ? s->data + ((n * s->h + r) * s->w + q) * s->c : s->outside;
        }
}

static inline void fnn_squares_pixels(const fnn_squares *s, int64_t first, int64_t count, const float **pixel) {
    for (int64_t k = 0; k < count; k++) fnn_square_pixels(s, first + k, pixel + k * s->side * s->side);
}

/* From 16 channels on, where squares are not mostly border. `x` images, `w` weights, attributes strides and padding. */
static inline int fnn_winograd_fits(const fnn_tensor *x, const fnn_tensor *w, const fnn_attr *attr) {
    const fnn_window z = fnn_window_of(x, w->shape[0], w->shape[1], &attr[0], &attr[1]);
    return z.kh == 3 && z.kw == 3 && z.sh == 1 && z.sw == 1 && w->shape[2] >= LEAST_CHANNELS
           && w->shape[3] >= LEAST_CHANNELS
           && z.oh * z.ow >= LEAST_FILLED * fnn_ceil_div(z.oh, STEP) * fnn_ceil_div(z.ow, STEP);
}
#endif

#ifdef FNN_ISA
/* All of conv2d where fnn_winograd_fits. */
int FNN_NAME(fnn_winograd)(fnn_step *);
int FNN_NAME(fnn_winograd_backward)(fnn_step *);
int64_t FNN_NAME(fnn_winograd_scratch)(const fnn_step *, int backward);
/* winograd_dw.c: out[1] and out[2] */
void FNN_NAME(fnn_winograd_dw)(fnn_step *);
int64_t FNN_NAME(fnn_winograd_dw_scratch)(const fnn_step *);
#endif
