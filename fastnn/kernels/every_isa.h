/* every_isa.h: compiles the family named FNN_FAMILY_FILE once per instruction set.
 *
 * A family file starts with
 *
 *     #include "fnn.h"
 *     #ifndef FNN_ISA
 *     #define FNN_FAMILY_FILE "relu.c"
 *     #include "every_isa.h"
 *     #else
 *     ... kernels; every name with external linkage wrapped in FNN_NAME() ...
 *     #endif
 *
 * Inside, FNN_ISA is 0 (generic), 2 (AVX2 and FMA) or 5 (AVX-512 F, DQ, BW, VL), FNN_LANES the floats of a vector,
 * and FNN_NAME(x) is x_generic, x_avx2 or x_avx512. Compilers without target attributes make the generic one only.
 * System headers must be included before, that is outside the target region: list them here.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__clang__)
#define FNN_CELLWISE _Pragma("clang loop vectorize(assume_safety)") /* an output may be the same array as an input */
#elif defined(__GNUC__)
#define FNN_CELLWISE _Pragma("GCC ivdep")
#else
#define FNN_CELLWISE
#endif

#define FNN_JOIN2(a, b) a##_##b
#define FNN_JOIN(a, b) FNN_JOIN2(a, b)
#define FNN_NAME(x) FNN_JOIN(x, FNN_SUFFIX)

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
#define FNN_X86 1
#else
#define FNN_X86 0
#endif

#define FNN_ISA 0
#define FNN_SUFFIX generic
#define FNN_LANES 4
#include FNN_FAMILY_FILE
#undef FNN_ISA
#undef FNN_SUFFIX
#undef FNN_LANES

#if FNN_X86
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define FNN_ISA 2
#define FNN_SUFFIX avx2
#define FNN_LANES 8
#include FNN_FAMILY_FILE
#undef FNN_ISA
#undef FNN_SUFFIX
#undef FNN_LANES
#ifdef __clang__
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,prefer-vector-width=512")
#endif
#define FNN_ISA 5
#define FNN_SUFFIX avx512
#define FNN_LANES 16
#include FNN_FAMILY_FILE
#undef FNN_ISA
#undef FNN_SUFFIX
#undef FNN_LANES
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
