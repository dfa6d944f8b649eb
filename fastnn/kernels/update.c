/* update.c: new weights from old ones; an output may be the same memory as its input, or lie elsewhere. */
#include "fnn.h"
#include <string.h>
#ifndef FNN_ISA
/* No loop looks back at another cell: without this the compiler would fear so, as outputs may be inputs. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define INDEPENDENT __pragma(loop(ivdep))
#endif
#define FNN_FAMILY_FILE "update.c"
#include "every_isa.h"
#else

#define CHUNK 16384 /* cells that one thread takes at once */

typedef struct {
    const float *in[6];
    float *out[4];
    int64_t size;
    float rate, number[6]; /* learning rate (Adam's with its correction); attributes and 1 - attributes */
} FNN_NAME(update_job);

/* Declares the loop of update `NAME`: the rest computes cell k; w and g are its weight and gradient, `rate` the
 * learning rate, a … d the numbers, x2 … x4 the further inputs and y0 … y3 the outputs. */
#define UPDATE_LOOP(NAME, ...)                                                                      \
    static void FNN_NAME(NAME##_chunk)(void *arg, int64_t chunk, int thread) {                      \
        const FNN_NAME(update_job) *p = arg;                                                        \
        const int64_t end = fnn_min((chunk + 1) * CHUNK, p->size);                                  \
        const float *x0 = p->in[0], *x1 = p->in[1], *x2 = p->in[2], *x3 = p->in[3], *x4 = p->in[4]; \
        float *y0 = p->out[0], *y1 = p->out[1], *y2 = p->out[2], *y3 = p->out[3];                   \
        const float rate = p->rate, a = p->number[0], b = p->number[1], c = p->number[2], d = p->number[3]; \
        const float e = p->number[4], f = p->number[5];                                             \
        (void)thread; (void)x2; (void)x3; (void)x4; (void)y1; (void)y2; (void)y3;                   \
        (void)a; (void)b; (void)c; (void)d; (void)e; (void)f;                                       \
        INDEPENDENT                                                                                 \
        for (int64_t k = chunk * CHUNK; k < end; k++) { const float w = x0[k], g = x1[k]; __VA_ARGS__; } \
    }

UPDATE_LOOP(sgd, y0[k] = w - rate * g)
UPDATE_LOOP(momentum, const float v = a * x2[k] - rate * g; y1[k] = v; y0[k] = w + v)
UPDATE_LOOP(nesterov, const float v = a * x2[k] - rate * g; y1[k] = v; y0[k] = w + (a * v - rate * g))
UPDATE_LOOP(adam, const float m = x2[k] + (g - x2[k]) * a, v = x3[k] + (g * g - x3[k]) * b; y1[k] = m; y2[k] = v;
            y0[k] = w - m * rate / (sqrtf(v) + c))
UPDATE_LOOP(rmsprop, const float v = a * x2[k] + b * g * g; y1[k] = v; y0[k] = w - rate * g / sqrtf(v + c))
UPDATE_LOOP(rmsprop_momentum, const float v = a * x2[k] + b * g * g, m = d * x3[k] + rate * g / sqrtf(v + c);
            y1[k] = v; y2[k] = m; y0[k] = w - m)
UPDATE_LOOP(rmsprop_centered, const float v = a * x2[k] + b * g * g, mean = a * x3[k] + b * g;
            const float m = d * x4[k] + rate * g / sqrtf(v - mean * mean + c);
            y1[k] = v; y2[k] = mean; y3[k] = m; y0[k] = w - m)

UPDATE_LOOP(adam_amsgrad, const float m = x2[k] + (g - x2[k]) * a, v = x3[k] + (g * g - x3[k]) * b;
            const float most = x4[k] >= v || x4[k] != x4[k] ? x4[k] : v; y1[k] = m; y2[k] = v; y3[k] = most;
            y0[k] = w - m * rate / (sqrtf(most) + c))
UPDATE_LOOP(adagrad, const float v = x2[k] + g * g; y1[k] = v; y0[k] = w - rate * g / sqrtf(v + a))
UPDATE_LOOP(adadelta, const float v = a * x2[k] + b * g * g, change = -sqrtf(x3[k] + c) / sqrtf(v + c) * g;
            y1[k] = v; y2[k] = a * x3[k] + b * change * change; y0[k] = w + rate * change)
UPDATE_LOOP(adamax, const float m = x2[k] + (g - x2[k]) * a, size = fabsf(g), kept = b * x3[k];
            const float u = kept >= size || kept != kept ? kept : size; y1[k] = m; y2[k] = u; y0[k] = w - rate * m / (u + c))
UPDATE_LOOP(nadam, const float m = x2[k] + (g - x2[k]) * a, v = x3[k] + (g * g - x3[k]) * b; y1[k] = m; y2[k] = v;
            y0[k] = w - rate * (d * m + e * g) / (sqrtf(v * f) + c))
UPDATE_LOOP(lion, const float ahead = a * x2[k] + b * g; y1[k] = c * x2[k] + d * g;
            y0[k] = w - rate * (ahead != ahead ? ahead : (float)((ahead > 0) - (ahead < 0))))
UPDATE_LOOP(decay, (void)g; y0[k] = w - w * rate)

/* Runs a loop over the first `inputs` tensors, of which the one behind is the learning rate. */
static int FNN_NAME(over_cells)(fnn_step *s, int inputs, double rate, const double *number,
                                void (*body)(void *, int64_t, int)) {
    FNN_NAME(update_job) p = {.size = s->out[0].size, .rate = (float)rate};
    for (int k = 0; k < inputs; k++) p.in[k] = s->in[k].data;
    for (int k = 0; k < s->n_out; k++) p.out[k] = s->out[k].data;
    for (int k = 0; k < 6; k++) p.number[k] = (float)number[k];
    fnn_parallel(fnn_ceil_div(p.size, CHUNK), (double)(inputs + s->n_out) * 0.5 * (double)p.size, body, &p);
    return FNN_OK;
}

static inline double FNN_NAME(rate_at)(const fnn_step *s, int k) { return *(const float *)s->in[k].data; }

static int FNN_NAME(sgd)(fnn_step *s) {
    const double number[6] = {0};
    return FNN_NAME(over_cells)(s, 2, FNN_NAME(rate_at)(s, 2), number, FNN_NAME(sgd_chunk));
}

static int FNN_NAME(momentum)(fnn_step *s) {
    const double number[6] = {s->attr[0].f};
    return FNN_NAME(over_cells)(s, 3, FNN_NAME(rate_at)(s, 3), number,
                                s->attr[1].i[0] ? FNN_NAME(nesterov_chunk) : FNN_NAME(momentum_chunk));
}

static int FNN_NAME(adam)(fnn_step *s) {
    const double beta_1 = s->attr[0].f, beta_2 = s->attr[1].f, t = (double)(*(const int64_t *)s->in[5].data + 1);
    const double alpha = FNN_NAME(rate_at)(s, 4) * sqrt(1 - pow(beta_2, t)) / (1 - pow(beta_1, t));
    const double number[6] = {1 - beta_1, 1 - beta_2, s->attr[2].f};
    return FNN_NAME(over_cells)(s, 4, alpha, number, FNN_NAME(adam_chunk));
}

static int FNN_NAME(rms)(fnn_step *s, int inputs, void (*body)(void *, int64_t, int)) {
    const double rho = s->attr[0].f, number[6] = {rho, 1 - rho, s->attr[1].f, s->attr[2].f};
    return FNN_NAME(over_cells)(s, inputs, FNN_NAME(rate_at)(s, inputs), number, body);
}

static int FNN_NAME(rmsprop)(fnn_step *s) { return FNN_NAME(rms)(s, 3, FNN_NAME(rmsprop_chunk)); }
static int FNN_NAME(rmsprop_momentum)(fnn_step *s) { return FNN_NAME(rms)(s, 4, FNN_NAME(rmsprop_momentum_chunk)); }
static int FNN_NAME(rmsprop_centered)(fnn_step *s) { return FNN_NAME(rms)(s, 5, FNN_NAME(rmsprop_centered_chunk)); }

static int FNN_NAME(adam_amsgrad)(fnn_step *s) {
    const double beta_1 = s->attr[0].f, beta_2 = s->attr[1].f, t = (double)(*(const int64_t *)s->in[6].data + 1);
    const double alpha = FNN_NAME(rate_at)(s, 5) * sqrt(1 - pow(beta_2, t)) / (1 - pow(beta_1, t));
    const double number[6] = {1 - beta_1, 1 - beta_2, s->attr[2].f};
    return FNN_NAME(over_cells)(s, 5, alpha, number, FNN_NAME(adam_amsgrad_chunk));
}

static int FNN_NAME(adagrad)(fnn_step *s) {
    const double number[6] = {s->attr[0].f};
    return FNN_NAME(over_cells)(s, 3, FNN_NAME(rate_at)(s, 3), number, FNN_NAME(adagrad_chunk));
}

static int FNN_NAME(adadelta)(fnn_step *s) {
    const double rho = s->attr[0].f, number[6] = {rho, 1 - rho, s->attr[1].f};
    return FNN_NAME(over_cells)(s, 4, FNN_NAME(rate_at)(s, 4), number, FNN_NAME(adadelta_chunk));
}

static int FNN_NAME(adamax)(fnn_step *s) {
    const double beta_1 = s->attr[0].f, t = (double)(*(const int64_t *)s->in[5].data + 1);
    const double number[6] = {1 - beta_1, s->attr[1].f, s->attr[2].f};
    return FNN_NAME(over_cells)(s, 4, FNN_NAME(rate_at)(s, 4) / (1 - pow(beta_1, t)), number, FNN_NAME(adamax_chunk));
}

/* The momentum of step t, which grows from half of beta towards beta. */
static inline double FNN_NAME(nadam_momentum)(double beta, int64_t t) { return beta * (1 - 0.5 * pow(0.96, (double)t)); }

static int FNN_NAME(nadam)(fnn_step *s) {
    const double beta_1 = s->attr[0].f, beta_2 = s->attr[1].f;
    const int64_t t = *(const int64_t *)s->in[5].data + 1;
    double product = 1;
    for (int64_t k = 1; k <= t && product >= 1e-300; k++) product *= FNN_NAME(nadam_momentum)(beta_1, k);
    const double now = FNN_NAME(nadam_momentum)(beta_1, t), next = FNN_NAME(nadam_momentum)(beta_1, t + 1);
    const double number[6] = {1 - beta_1, 1 - beta_2, s->attr[2].f, next / (1 - product * next), (1 - now) / (1 - product),
                              1 / (1 - pow(beta_2, (double)t))};
    return FNN_NAME(over_cells)(s, 4, FNN_NAME(rate_at)(s, 4), number, FNN_NAME(nadam_chunk));
}

static int FNN_NAME(lion)(fnn_step *s) {
    const double a = s->attr[0].f, c = s->attr[1].f, number[6] = {a, 1 - a, c, 1 - c};
    return FNN_NAME(over_cells)(s, 3, FNN_NAME(rate_at)(s, 3), number, FNN_NAME(lion_chunk));
}

/* The loop reads a gradient, which decay has none of: the weight stands in for it. */
static int FNN_NAME(decay)(fnn_step *s) {
    FNN_NAME(update_job) p = {.size = s->out[0].size, .rate = (float)(s->attr[0].f * FNN_NAME(rate_at)(s, 1))};
    p.in[0] = p.in[1] = s->in[0].data;
    p.out[0] = s->out[0].data;
    fnn_parallel(fnn_ceil_div(p.size, CHUNK), (double)p.size, FNN_NAME(decay_chunk), &p);
    return FNN_OK;
}

static int FNN_NAME(increment)(fnn_step *s) {
    const int64_t *step = s->in[0].data;
    int64_t *step_new = s->out[0].data;
    for (int64_t k = 0; k < s->out[0].size; k++) step_new[k] = step[k] + 1;
    return FNN_OK;
}

static int FNN_NAME(assign)(fnn_step *s) {
    const size_t bytes = s->in[0].dtype == FNN_INT64 ? 8 : s->in[0].dtype == FNN_UINT8 ? 1 : 4;
    if (s->out[0].size) memmove(s->out[0].data, s->in[1].data, bytes * (size_t)s->out[0].size);
    return FNN_OK;
}

const fnn_entry FNN_NAME(update_entries)[] = {
    {"assign", "variable value", "", FNN_NAME(assign), NULL, NULL},
    {"increment", "step", "", FNN_NAME(increment), NULL, NULL},
    {"sgd", "w g learning_rate", "", FNN_NAME(sgd), NULL, NULL},
    {"momentum", "w g velocity learning_rate", "momentum nesterov", FNN_NAME(momentum), NULL, NULL},
    {"decay", "w learning_rate", "rate", FNN_NAME(decay), NULL, NULL},
    {"adam_amsgrad", "w g m v v_hat learning_rate step", "beta_1 beta_2 epsilon", FNN_NAME(adam_amsgrad), NULL, NULL},
    {"adagrad", "w g accumulator learning_rate", "epsilon", FNN_NAME(adagrad), NULL, NULL},
    {"adadelta", "w g accumulator delta learning_rate", "rho epsilon", FNN_NAME(adadelta), NULL, NULL},
    {"adamax", "w g m u learning_rate step", "beta_1 beta_2 epsilon", FNN_NAME(adamax), NULL, NULL},
    {"nadam", "w g m v learning_rate step", "beta_1 beta_2 epsilon", FNN_NAME(nadam), NULL, NULL},
    {"lion", "w g m learning_rate", "beta_1 beta_2", FNN_NAME(lion), NULL, NULL},
    {"adam", "w g m v learning_rate step", "beta_1 beta_2 epsilon", FNN_NAME(adam), NULL, NULL},
    {"rmsprop", "w g velocity learning_rate", "rho epsilon", FNN_NAME(rmsprop), NULL, NULL},
    {"rmsprop_momentum", "w g velocity moment learning_rate", "rho epsilon momentum", FNN_NAME(rmsprop_momentum), NULL,
     NULL},
    {"rmsprop_centered", "w g velocity average moment learning_rate", "rho epsilon momentum",
     FNN_NAME(rmsprop_centered), NULL, NULL},
    {0},
};
#endif
