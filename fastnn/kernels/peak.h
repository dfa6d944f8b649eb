/* peak.h: what peak.c offers; both functions return how much they did: floating-point operations, bytes. */
#ifndef FNN_PEAK_H
#define FNN_PEAK_H
#include <stdint.h>

#define FNN_PEAK_CHUNKS 64
#define FNN_PEAK_CHAINS 12
double fnn_multiply_adds(int isa, int64_t rounds, float *sink); /* sink: FNN_PEAK_CHUNKS ones */
double fnn_triad(int isa, float *a, const float *b, const float *c, int64_t n); /* a = b + 3 c */

#endif
