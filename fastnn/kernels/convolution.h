/* convolution.h: the gradients of conv2d, which have files of their own; both take the whole backward step. */
#ifndef FNN_CONVOLUTION_H
#define FNN_CONVOLUTION_H
#include "fnn.h"
#include "window.h"
#endif

#ifdef FNN_ISA
void FNN_NAME(fnn_conv2d_dx)(fnn_step *); /* out[0] */
int64_t FNN_NAME(fnn_conv2d_dx_scratch)(const fnn_step *);
void FNN_NAME(fnn_conv2d_dw)(fnn_step *); /* out[1] and out[2] */
int64_t FNN_NAME(fnn_conv2d_dw_scratch)(const fnn_step *);
/* No dilation: all of conv2d for the step of a part. */
int FNN_NAME(fnn_conv2d_plain)(fnn_step *);
int FNN_NAME(fnn_conv2d_plain_backward)(fnn_step *);
int64_t FNN_NAME(fnn_conv2d_plain_scratch)(const fnn_step *, int backward);
/* convolution_parts.c: dilation */
int FNN_NAME(fnn_conv2d_parts)(fnn_step *);
int FNN_NAME(fnn_conv2d_parts_backward)(fnn_step *);
int64_t FNN_NAME(fnn_conv2d_parts_scratch)(const fnn_step *, int backward);
int FNN_NAME(conv2d_transpose)(fnn_step *);
int FNN_NAME(conv2d_transpose_backward)(fnn_step *);
int64_t FNN_NAME(conv2d_transpose_scratch)(const fnn_step *, int backward);
/* depthwise.c: also conv2d with many small groups */
int FNN_NAME(depthwise_conv2d)(fnn_step *);
int FNN_NAME(depthwise_conv2d_backward)(fnn_step *);
int64_t FNN_NAME(depthwise_conv2d_scratch)(const fnn_step *, int backward);
#endif
