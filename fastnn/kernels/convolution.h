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
#endif
