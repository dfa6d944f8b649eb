/* vector_system.h: what "vector.h" needs from outside the regions that are compiled per instruction set. */
#ifndef FNN_VECTOR_SYSTEM_H
#define FNN_VECTOR_SYSTEM_H

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#endif

#if defined(__GNUC__) || defined(__clang__)
#define FNN_INLINE static inline __attribute__((always_inline, unused))
#define FNN_UNUSED __attribute__((unused)) /* in headers of which a family needs a part */
#define FNN_UNROLL _Pragma("GCC unroll 16")
#define FNN_NOINLINE __attribute__((noinline))
#else
#define FNN_INLINE static inline
#define FNN_UNUSED
#define FNN_UNROLL
#define FNN_NOINLINE
#endif

#endif
