/* registry.c: the families, look-up by name, choice of instruction set, and the run loop. */
#include "fnn.h"
#include <string.h>

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
#define FNN_X86 1
#include <cpuid.h>
#else
#define FNN_X86 0
#endif

#define FAMILIES(F) \
    F(activation) F(axiswise) F(batch_norm) F(comparison) F(convolution) F(cross_entropy) F(cumulative) F(elementwise) F(embedding) F(exchange) F(gather) F(linear) F(loss) F(metric) F(normalization) F(pooling) F(random) F(recurrence) F(reduction) F(resampling) F(sampling) F(shaping) F(slicing) F(unary) F(update)

#define DECLARE(name) extern const fnn_entry name##_entries_generic[];
FAMILIES(DECLARE)
#define GENERIC(name) name##_entries_generic,
static const fnn_entry *const generic[] = {FAMILIES(GENERIC) NULL};

#if FNN_X86
#define DECLARE_X86(name) extern const fnn_entry name##_entries_avx2[], name##_entries_avx512[];
FAMILIES(DECLARE_X86)
#define AVX2(name) name##_entries_avx2,
#define AVX512(name) name##_entries_avx512,
static const fnn_entry *const avx2[] = {FAMILIES(AVX2) NULL};
static const fnn_entry *const avx512[] = {FAMILIES(AVX512) NULL};
static const fnn_isa isas[] = {{"avx512", avx512}, {"avx2", avx2}, {"generic", generic}};
#else
static const fnn_isa isas[] = {{"generic", generic}};
#endif

int (*fnn_exchange)(float *, int64_t); /* none at first */
void fnn_exchange_with(int (*exchange)(float *, int64_t)) { fnn_exchange = exchange; }

int fnn_isa_count(void) { return (int)(sizeof isas / sizeof isas[0]); }
const char *fnn_isa_name(int k) { return isas[k].isa; }

#if FNN_X86
static uint64_t enabled_state(void) { /* which register files the operating system saves: XCR0 */
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return ((uint64_t)hi << 32) | lo;
}

static int has_avx2(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    if (!(c & bit_OSXSAVE) || !(c & bit_FMA) || (enabled_state() & 0x6) != 0x6) return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2);
}

static int has_avx512(void) {
    unsigned a, b, c, d;
    const unsigned need = bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL;
    if (!has_avx2() || (enabled_state() & 0xe6) != 0xe6) return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & need) == need;
}
#endif

int fnn_isa_usable(int k) {
#if FNN_X86
    if (k == 0) return has_avx512();
    if (k == 1) return has_avx2();
#endif
    return k == fnn_isa_count() - 1;
}

const fnn_entry *fnn_find(int isa, const char *name) {
    for (const fnn_entry *const *family = isas[isa].families; *family; family++)
        for (const fnn_entry *e = *family; e->name; e++)
            if (strcmp(e->name, name) == 0) return e;
    return NULL;
}

const fnn_entry *fnn_entry_at(int k) {
    for (const fnn_entry *const *family = generic; *family; family++)
        for (const fnn_entry *e = *family; e->name; e++)
            if (k-- == 0) return e;
    return NULL;
}

int fnn_run(fnn_step *steps, int64_t begin, int64_t end, int64_t *at, int (*poll)(void)) {
    for (*at = begin; *at < end; ++*at) {
        if (poll && poll()) return FNN_INTERRUPTED;
        const int code = steps[*at].run(&steps[*at]);
        if (code != FNN_OK) return code;
    }
    return FNN_OK;
}
