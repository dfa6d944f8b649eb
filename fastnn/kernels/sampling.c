/* sampling.c: images read at places between their pixels; each result is a mix of up to four pixels. */
#include "fnn.h"
#ifndef FNN_ISA
#define FNN_FAMILY_FILE "sampling.c"
#include "every_isa.h"
#else

#define FILL_CONSTANT 0
#define FILL_NEAREST 1
#define FILL_REFLECT 2
#define FURTHEST 1073741824.0f /* places further out are taken as this far: a whole number that float holds */

typedef struct {
    const float *images, *rows, *columns;
    float *y;
    int64_t height, width, channels, cells; /* cells: places per image */
    int64_t fill;
    int nearest;
    float value;
} FNN_NAME(sampling);

/* The pixel that position `at` shows, or -1 for none. */
static inline int64_t FNN_NAME(shown)(int64_t at, int64_t size, int64_t fill) {
    if (at >= 0 && at < size) return at;
    if (fill == FILL_CONSTANT) return -1;
    if (fill == FILL_NEAREST) return at < 0 ? 0 : size - 1;
    const int64_t period = fill == FILL_REFLECT ? 2 * size : size;
    int64_t k = at % period;
    if (k < 0) k += period;
    return k < size ? k : period - 1 - k;
}

typedef struct { int64_t at[2]; float share[2]; } FNN_NAME(mix);

static inline FNN_NAME(mix) FNN_NAME(mix_of)(float place, int64_t size, const FNN_NAME(sampling) *s) {
    FNN_NAME(mix) m = {{-1, -1}, {0, 0}};
    const float near = fminf(fmaxf(place, -FURTHEST), FURTHEST), low = s->nearest ? rintf(near) : floorf(near);
    m.at[0] = FNN_NAME(shown)((int64_t)low, size, s->fill);
    m.share[0] = s->nearest ? 1.0f : 1.0f - (near - low);
    if (!s->nearest) {
        m.at[1] = FNN_NAME(shown)((int64_t)low + 1, size, s->fill);
        m.share[1] = near - low;
    }
    return m;
}

static void FNN_NAME(sample_chunk)(void *arg, int64_t chunk, int thread) { /* chunk: an image */
    const FNN_NAME(sampling) *s = arg;
    const float *image = s->images + chunk * s->height * s->width * s->channels;
    (void)thread;
    for (int64_t k = chunk * s->cells; k < (chunk + 1) * s->cells; k++) {
        float *y = s->y + k * s->channels;
        const int lost = s->rows[k] != s->rows[k] || s->columns[k] != s->columns[k];
        for (int64_t c = 0; c < s->channels; c++) y[c] = lost ? NAN : 0;
        if (lost) continue;
        const FNN_NAME(mix) r = FNN_NAME(mix_of)(s->rows[k], s->height, s), q = FNN_NAME(mix_of)(s->columns[k], s->width, s);
        for (int a = 0; a < 2; a++)
            for (int b = 0; b < 2; b++) {
                const float share = r.share[a] * q.share[b];
                const int inside = r.at[a] >= 0 && q.at[b] >= 0;
                const float *pixel = image + (inside ? (r.at[a] * s->width + q.at[b]) * s->channels : 0);
                if (share == 0) continue;
                for (int64_t c = 0; c < s->channels; c++) y[c] += share * (inside ? pixel[c] : s->value);
            }
    }
}

static void FNN_NAME(sample_back_chunk)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(sampling) *s = arg; /* images: dy; y: the images' gradient */
    float *image = s->y + chunk * s->height * s->width * s->channels;
    (void)thread;
    memset(image, 0, (size_t)(s->height * s->width * s->channels) * sizeof(float));
    for (int64_t k = chunk * s->cells; k < (chunk + 1) * s->cells; k++) {
        const float *dy = s->images + k * s->channels;
        if (s->rows[k] != s->rows[k] || s->columns[k] != s->columns[k]) continue;
        const FNN_NAME(mix) r = FNN_NAME(mix_of)(s->rows[k], s->height, s), q = FNN_NAME(mix_of)(s->columns[k], s->width, s);
        for (int a = 0; a < 2; a++)
            for (int b = 0; b < 2; b++) {
                const float share = r.share[a] * q.share[b];
                if (share == 0 || r.at[a] < 0 || q.at[b] < 0) continue;
                float *pixel = image + (r.at[a] * s->width + q.at[b]) * s->channels;
                for (int64_t c = 0; c < s->channels; c++) pixel[c] += share * dy[c];
            }
    }
}

static FNN_NAME(sampling) FNN_NAME(sampling_of)(const fnn_step *s, const fnn_tensor *images, const fnn_tensor *rows, const fnn_tensor *columns) {
    return (FNN_NAME(sampling)){.rows = rows->data, .columns = columns->data, .height = images->shape[1],
                                .width = images->shape[2], .channels = images->shape[3],
                                .cells = fnn_extent(rows, 1, rows->ndim), .nearest = s->attr[0].i[0] == 1,
                                .fill = s->attr[1].i[0], .value = (float)s->attr[2].f};
}

static int FNN_NAME(sample_image)(fnn_step *s) {
    FNN_NAME(sampling) job = FNN_NAME(sampling_of)(s, &s->in[0], &s->in[1], &s->in[2]);
    job.images = s->in[0].data;
    job.y = s->out[0].data;
    if (job.y && s->out[0].size) fnn_parallel(s->in[0].shape[0], 8.0 * (double)s->out[0].size, FNN_NAME(sample_chunk), &job);
    return FNN_OK;
}

static int FNN_NAME(sample_image_backward)(fnn_step *s) {
    FNN_NAME(sampling) job = FNN_NAME(sampling_of)(s, &s->out[0], &s->in[1], &s->in[2]);
    job.images = s->in[0].data;
    job.y = s->out[0].data;
    if (job.y && s->out[0].size)
        fnn_parallel(s->out[0].shape[0], 8.0 * (double)(s->in[0].size + s->out[0].size), FNN_NAME(sample_back_chunk), &job);
    return FNN_OK;
}

const fnn_entry FNN_NAME(sampling_entries)[] = {
    {"sample_image", "images rows columns", "interpolation fill_mode fill_value", FNN_NAME(sample_image), FNN_NAME(sample_image_backward), NULL},
    {0},
};
#endif
