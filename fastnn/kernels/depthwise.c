/* depthwise.c: convolutions in which a channel has few others to do with: depthwise ones, and many small groups.
 *
 * Vectors run over the results' channels; weights are [row][column][input channel of the group][channel]. Where a
 * channel does not meet just its own number, rows of the images are spread out first: plane c of a spread row holds,
 * for every result channel, the c-th input channel of its group. The gradient of the images is the same routine, from
 * windows to cells, with the weights' groups turned round.
 */
#include "convolution.h"
#ifndef FNN_ISA
#include "vector_system.h"
#define FNN_FAMILY_FILE "depthwise.c"
#include "every_isa.h"
#else
#include "convolution.h"
#include "meeting.h"
#include "vector.h"
#include "depthwise_tile.h"

#define SUM_BLOCKS 16         /* the gradient of the weights is the sum of at most so many parts, whatever the threads */
#define SPREAD_FLOATS 65536   /* spread rows stay in the second-level cache */
#define BAND_CELLS 65536      /* results that a thread takes at once, at most about */
#define LEAST_CHUNKS 8        /* few images are cut into bands until there are so many */
#define ADD_CHUNK 4096        /* weights whose parts a thread adds at once */

typedef struct {
    fnn_window z;
    int64_t dh, dw, groups, outs;
    int spread;               /* a channel meets other numbers than its own */
} FNN_NAME(small_groups);

/* Attributes: strides, padding, dilation_rate and, in conv2d, groups. */
static FNN_NAME(small_groups) FNN_NAME(small_groups_of)(const fnn_step *s, const fnn_tensor *x, const fnn_tensor *w,
                                                        const fnn_tensor *y) {
    const int64_t dh = s->attr[2].i[0], dw = s->attr[2].i[1], kh = w->shape[0], kw = w->shape[1];
    FNN_NAME(small_groups) p = {fnn_window_of(x, (kh - 1) * dh + 1, (kw - 1) * dw + 1, &s->attr[0], &s->attr[1]), dh, dw,
                                s->attr[3].i[0], y->shape[3], 0};
    p.z.kh = kh;
    p.z.kw = kw;
    if (y->shape[3] == w->shape[2] * w->shape[3]) p.groups = p.z.c; /* depthwise, or a single group of one channel */
    p.spread = p.groups != p.z.c || p.outs != p.z.c;
    return p;
}

static int64_t FNN_NAME(round_up)(int64_t floats) { return fnn_ceil_div(floats, 16) * 16; }

/* ---------------------------------------------------------------- spread rows */

/* What is read: images of `groups` groups of `planes` channels, each of which `per` result channels look at. */
typedef struct {
    const float *from;
    int64_t rows, cols, groups, planes, per;
    int spread;
} FNN_NAME(source);

/* Where rows begin; distances of rows and planes. */
typedef struct { const float *from; int64_t first, row, plane; } FNN_NAME(rows_read);

FNN_INLINE void FNN_NAME(spread_plane)(const float *restrict x, int64_t count, int64_t planes, const int64_t per, float *restrict to) {
    for (int64_t g = 0; g < count; g++)
        for (int64_t e = 0; e < per; e++) to[g * per + e] = x[g * planes];
}

static void FNN_NAME(spread_row)(const FNN_NAME(source) *s, const float *x, float *to) {
    const int64_t count = s->cols * s->groups;
    for (int64_t c = 0; c < s->planes; c++, to += count * s->per) {
        if (s->per == 1) FNN_NAME(spread_plane)(x + c, count, s->planes, 1, to);
        else if (s->per == 2) FNN_NAME(spread_plane)(x + c, count, s->planes, 2, to);
        else if (s->per == 4) FNN_NAME(spread_plane)(x + c, count, s->planes, 4, to);
        else if (s->per == 8) FNN_NAME(spread_plane)(x + c, count, s->planes, 8, to);
        else FNN_NAME(spread_plane)(x + c, count, s->planes, s->per, to);
    }
}

static int64_t FNN_NAME(spread_floats)(const FNN_NAME(source) *s) { return s->cols * s->groups * s->planes * s->per; }

/* Rows [from, until) of image n, in place or spread into the buffer. */
static FNN_NAME(rows_read) FNN_NAME(read_rows)(const FNN_NAME(source) *s, int64_t n, int64_t from, int64_t until, float *buffer) {
    const int64_t row = s->cols * s->groups * s->planes, wide = FNN_NAME(spread_floats)(s);
    const float *image = s->from + n * s->rows * row;
    if (!s->spread) return (FNN_NAME(rows_read)){image, 0, row, 0};
    for (int64_t r = from; r < until; r++) FNN_NAME(spread_row)(s, image + r * row, buffer + (r - from) * wide);
    return (FNN_NAME(rows_read)){buffer, from, wide, s->cols * s->groups * s->per};
}

/* How many places make a band, if one place more needs `stride` rows more than the `reach` of the first. */
static int64_t FNN_NAME(places_of_band)(const FNN_NAME(source) *s, int64_t stride, int64_t reach) {
    const int64_t fit = s->spread ? SPREAD_FLOATS / fnn_max(FNN_NAME(spread_floats)(s), 1) : INT32_MAX;
    return fnn_max((fit - reach) / stride + 1, 1);
}

/* ---------------------------------------------------------------- results: y, or dx */

#define MOST_KNOWN 4 /* phases that are worked out once and not for every row */

typedef struct { fnn_phase phase; int64_t from, until; } FNN_NAME(phase_across); /* and its whole windows */

static FNN_NAME(phase_across) FNN_NAME(across_of)(const fnn_axis *across, int64_t phase) {
    FNN_NAME(phase_across) p = {fnn_phase_of(across, phase), 0, 0};
    fnn_whole_results(&p.phase, &p.from, &p.until);
    return p;
}

typedef struct {
    FNN_NAME(source) source;
    fnn_axis down, across;
    FNN_NAME(phase_across) known[MOST_KNOWN];
    int64_t images, channels, places, band, bands; /* bands: of an image, each of `band` of its places */
    const float *w;
    float *to, *buffers;
    int64_t buffer;
    fnn_epilogue finish;
} FNN_NAME(result_job);

static FNN_NAME(result_job) FNN_NAME(result_plan)(const FNN_NAME(small_groups) *p, int turned) {
    const fnn_window *z = &p->z;
    const int64_t ins = z->c / fnn_max(p->groups, 1), each = p->outs / fnn_max(p->groups, 1);
    FNN_NAME(result_job) j = {.images = z->n, .channels = turned ? z->c : p->outs};
    j.down = (fnn_axis){turned ? z->oh : z->h, turned ? z->h : z->oh, z->kh, z->sh, p->dh, z->top, turned};
    j.across = (fnn_axis){turned ? z->ow : z->w, turned ? z->w : z->ow, z->kw, z->sw, p->dw, z->left, turned};
    j.source = (FNN_NAME(source)){NULL, j.down.cells, j.across.cells, p->groups, turned ? each : ins, turned ? ins : each,
                                  p->spread};
    for (int64_t phase = 0; phase < fnn_min(fnn_phases(&j.across), MOST_KNOWN); phase++)
        j.known[phase] = FNN_NAME(across_of)(&j.across, phase);
    j.places = fnn_places(&j.down);
    const int64_t reach = (z->kh - 1) * p->dh, rows = turned ? reach / z->sh + 1 : reach + 1;
    const int64_t place = fnn_max(fnn_phases(&j.down) * j.across.results * j.channels, 1);
    const int64_t shares = fnn_ceil_div(LEAST_CHUNKS, fnn_max(z->n, 1));
    const int64_t most = fnn_min(BAND_CELLS / place, fnn_ceil_div(j.places, shares));
    const int64_t band = fnn_min(most, FNN_NAME(places_of_band)(&j.source, turned ? 1 : z->sh, rows));
    j.bands = fnn_ceil_div(j.places, fnn_max(band, 1));
    j.band = fnn_max(fnn_ceil_div(j.places, fnn_max(j.bands, 1)), 1);
    if (p->spread) j.buffer = FNN_NAME(round_up)(((j.band - 1) * (turned ? 1 : z->sh) + rows) * FNN_NAME(spread_floats)(&j.source));
    return j;
}

/* Results of one row, u of phase `down`, that belong to phase `across`. */
static void FNN_NAME(result_pixels)(const FNN_NAME(result_job) *j, const FNN_NAME(rows_read) *x, int64_t n, const fnn_phase *down,
                                    const fnn_phase *across, int64_t u, int64_t from, int64_t until, int64_t tap, int64_t taps) {
    const int64_t channels = j->channels, cell = channels * j->source.planes;
    const int64_t row = n * j->down.results + down->first + u * down->step;
    const int64_t at = (row * j->across.results + across->first + from * across->step) * channels;
    int64_t top, bottom;
    fnn_taps_of_result(down, u, &top, &bottom);
    FNN_NAME(depth_tile) t = {.from_pixel = across->stride * channels, .from_row = down->apart * x->row, .from_plane = x->plane,
                              .from_tap = across->apart * channels, .w_row = down->weight_step * j->across.kernel * cell,
                              .w_plane = channels, .w_tap = across->weight_step * cell, .rows = taps ? bottom - top : 0,
                              .planes = j->source.planes, .taps = taps, .channels = channels,
                              .next_row = x->row, .next_rows = down->stride == 1, .from = x->from, .w = j->w, .to = j->to + at,
                              .to_pixel = across->step * channels, .finish = j->finish};
    if (t.finish.mask) t.finish.mask += at;
    if (t.rows) {
        const int64_t cell_row = down->base + u * down->stride + top * down->apart - x->first;
        t.from = x->from + cell_row * x->row + (across->base + from * across->stride + tap * across->apart) * channels;
        t.w = j->w + ((down->weight + top * down->weight_step) * j->across.kernel + across->weight + tap * across->weight_step) * cell;
    }
    FNN_NAME(depth_pixels)(t, until - from);
}

/* One row: of every phase across whole windows, then the edges. */
static void FNN_NAME(result_row)(const FNN_NAME(result_job) *j, const FNN_NAME(rows_read) *x, int64_t n, const fnn_phase *down, int64_t u) {
    for (int64_t phase = 0; phase < fnn_phases(&j->across); phase++) {
        const FNN_NAME(phase_across) p = phase < MOST_KNOWN ? j->known[phase] : FNN_NAME(across_of)(&j->across, phase);
        if (p.from < p.until) FNN_NAME(result_pixels)(j, x, n, down, &p.phase, u, p.from, p.until, 0, p.phase.taps);
        for (int64_t v = p.from > 0 ? 0 : p.until; v < p.phase.count; v = v + 1 == p.from ? p.until : v + 1) {
            int64_t tap, end;
            fnn_taps_of_result(&p.phase, v, &tap, &end);
            FNN_NAME(result_pixels)(j, x, n, down, &p.phase, u, v, v + 1, tap, end - tap);
        }
    }
}

static void FNN_NAME(result_band)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(result_job) *j = arg;
    const int64_t n = chunk / j->bands, begin = chunk % j->bands * j->band, end = fnn_min(begin + j->band, j->places);
    int64_t from, until;
    fnn_cells_of_places(&j->down, begin, end, &from, &until);
    const FNN_NAME(rows_read) x = FNN_NAME(read_rows)(&j->source, n, from, until, j->buffers + thread * j->buffer);
    for (int64_t phase = 0; phase < fnn_phases(&j->down); phase++) {
        const fnn_phase down = fnn_phase_of(&j->down, phase);
        for (int64_t u = fnn_max(begin - down.begin, 0); u < fnn_min(end - down.begin, down.count); u++)
            FNN_NAME(result_row)(j, &x, n, &down, u);
    }
}

static void FNN_NAME(run_results)(FNN_NAME(result_job) *j, const FNN_NAME(small_groups) *p) {
    const fnn_window *z = &p->z;
    const double work = (double)(z->n * z->oh * z->ow) * (double)(z->kh * z->kw) * (double)(j->channels * j->source.planes);
    fnn_parallel(z->n * j->bands, work, FNN_NAME(result_band), j);
}

/* Weights of every group turned round: [row][column][result channel of the group][channel]. */
static void FNN_NAME(turn_weights)(const FNN_NAME(small_groups) *p, const float *w, float *to) {
    const int64_t ins = p->z.c / p->groups, each = p->outs / p->groups;
    for (int64_t cell = 0; cell < p->z.kh * p->z.kw; cell++, w += ins * p->outs)
        for (int64_t e = 0; e < each; e++)
            for (int64_t g = 0; g < p->groups; g++)
                for (int64_t c = 0; c < ins; c++) *to++ = w[c * p->outs + g * each + e];
}

/* ---------------------------------------------------------------- gradients of weights and bias */

typedef struct {
    FNN_NAME(source) source;
    fnn_phase down, across;
    fnn_axis axis;            /* down */
    int64_t from, until;      /* windows that are whole across */
    int64_t images, across_kernel, channels, blocks, band, part, buffer, weights;
    const float *dy;
    float *parts, *buffers, *dw, *db;
} FNN_NAME(slope_job);

static FNN_NAME(slope_job) FNN_NAME(slope_plan)(const FNN_NAME(small_groups) *p) {
    const FNN_NAME(result_job) forward = FNN_NAME(result_plan)(p, 0);
    const fnn_window *z = &p->z;
    FNN_NAME(slope_job) j = {.source = forward.source, .axis = forward.down, .images = z->n, .across_kernel = z->kw,
                             .channels = p->outs, .band = fnn_max(forward.band, 1), .buffer = forward.buffer};
    j.down = fnn_phase_of(&forward.down, 0);
    j.across = forward.known[0].phase;
    j.from = forward.known[0].from;
    j.until = forward.known[0].until;
    j.weights = z->kh * z->kw * forward.source.planes * p->outs;
    j.blocks = fnn_max(1, fnn_min(SUM_BLOCKS, z->n * z->oh));
    j.part = FNN_NAME(round_up)(j.weights + p->outs);
    return j;
}

/* One plane of one row of windows, `rows` kernel rows from x and dw on. */
static void FNN_NAME(slope_taps)(const FNN_NAME(slope_job) *j, const FNN_NAME(slope_tile) *t, int64_t rows) {
    const fnn_phase *a = &j->across;
    for (int64_t tap = 0; tap < a->taps; tap++) {
        int64_t first, end;
        fnn_results_of_tap(a, tap, &first, &end);
        for (int64_t i = 0; i < rows && first < end; i++)
            FNN_NAME(slope_tap)(t->x + i * t->x_row + (a->base + first * a->stride + tap * a->apart) * t->channels, t->x_pixel,
                                t->dy + first * t->dy_pixel, t->dy_pixel, end - first, t->channels,
                                t->dw + i * t->w_row + tap * t->w_tap);
    }
}

static void FNN_NAME(slope_edges)(const FNN_NAME(slope_job) *j, const FNN_NAME(slope_tile) *t, int64_t rows, int64_t from, int64_t until) {
    const fnn_phase *a = &j->across;
    for (int64_t u = from > 0 ? 0 : until; u < a->count; u = u + 1 == from ? until : u + 1) {
        int64_t first, end;
        FNN_NAME(slope_tile) pixel = *t;
        fnn_taps_of_result(a, u, &first, &end);
        if (first == end) continue;
        pixel.x += (a->base + u * a->stride + first * a->apart) * t->channels;
        pixel.dy += u * t->dy_pixel;
        pixel.dw += first * t->w_tap;
        FNN_NAME(slope_pixel)(&pixel, rows, end - first);
    }
}

static void FNN_NAME(slope_plane)(const FNN_NAME(slope_job) *j, const float *x, int64_t x_row, const float *dy, float *dw,
                                  int64_t rows) {
    const fnn_phase *a = &j->across;
    const int64_t channels = j->channels, cell = channels * j->source.planes;
    const FNN_NAME(slope_tile) all = {x, dy, a->stride * channels, x_row, a->apart * channels, channels, channels, dw,
                                      j->across_kernel * cell, cell};
    const int64_t at_once = rows == 3 && a->taps == 3 ? 3 : 1, until = j->from + (j->until - j->from) / 2 * 2;
    const FNN_NAME(slope_bodies) bodies = FNN_NAME(slope_bodies_of)(&all, a->taps, at_once);
    if (!bodies.two) {
        FNN_NAME(slope_taps)(j, &all, rows);
        return;
    }
    for (int64_t i = 0; i < rows; i += at_once)
        for (int64_t u = j->from; u < until;) {
            const int most = until - u >= SLOPE_PIXELS;
            FNN_NAME(slope_tile) t = all;
            t.x += i * x_row + (a->base + u * a->stride) * channels;
            t.dy += u * channels;
            t.dw += i * t.w_row;
            if (i == 0) {
                const int64_t pixels = most ? SLOPE_PIXELS : 2;
                for (int64_t r = 0; r < j->down.stride; r++) FNN_NAME(prefetch)(t.x + (rows + r) * x_row, pixels * t.x_pixel);
                FNN_NAME(prefetch)(t.dy + a->count * channels, pixels * channels);
            }
            (most ? bodies.most : bodies.two)(&t);
            u += most ? SLOPE_PIXELS : 2;
        }
    FNN_NAME(slope_edges)(j, &all, rows, j->from, until);
}

static void FNN_NAME(slope_row)(const FNN_NAME(slope_job) *j, const FNN_NAME(rows_read) *x, int64_t n, int64_t row, float *dw) {
    const float *dy = j->dy + (n * j->down.count + row) * j->across.count * j->channels;
    int64_t top, bottom;
    fnn_taps_of_result(&j->down, row, &top, &bottom);
    if (j->db) FNN_NAME(slope_tap)(NULL, 0, dy, j->channels, j->across.count, j->channels, dw + j->weights);
    if (!j->dw || top == bottom) return;
    const int64_t first = j->down.base + row * j->down.stride + top * j->down.apart - x->first;
    for (int64_t c = 0; c < j->source.planes; c++)
        FNN_NAME(slope_plane)(j, x->from + first * x->row + c * x->plane, j->down.apart * x->row, dy,
                              dw + (top * j->across_kernel * j->source.planes + c) * j->channels, bottom - top);
}

static void FNN_NAME(slope_block)(void *arg, int64_t block, int thread) {
    const FNN_NAME(slope_job) *j = arg;
    const int64_t oh = j->down.count, total = j->images * oh, some = fnn_ceil_div(total, j->blocks);
    const int64_t end = fnn_min((block + 1) * some, total);
    float *dw = j->parts + block * j->part;
    memset(dw, 0, (size_t)j->part * sizeof(float));
    for (int64_t row = block * some; row < end;) {
        const int64_t n = row / oh, p = row % oh, stop = fnn_min(fnn_min(p + j->band, oh), p + end - row);
        int64_t from, until;
        fnn_cells_of_places(&j->axis, p, stop, &from, &until);
        const FNN_NAME(rows_read) x = FNN_NAME(read_rows)(&j->source, n, from, j->dw ? until : from, j->buffers + thread * j->buffer);
        for (int64_t q = p; q < stop; q++) FNN_NAME(slope_row)(j, &x, n, q, dw);
        row += stop - p;
    }
}

static void FNN_NAME(add_blocks)(void *arg, int64_t chunk, int thread) {
    const FNN_NAME(slope_job) *j = arg;
    (void)thread;
    for (int64_t k = chunk * ADD_CHUNK; k < fnn_min((chunk + 1) * ADD_CHUNK, j->weights + j->channels); k++) {
        float *to = k < j->weights ? j->dw : j->db, sum = j->parts[k];
        if (!to) continue;
        for (int64_t b = 1; b < j->blocks; b++) sum += j->parts[b * j->part + k];
        to[k < j->weights ? k : k - j->weights] = sum;
    }
}

static void FNN_NAME(run_slopes)(FNN_NAME(slope_job) *j) {
    const double work = (double)j->weights * (double)(j->images * j->down.count * j->across.count);
    fnn_parallel(j->blocks, work, FNN_NAME(slope_block), j);
    fnn_parallel(fnn_ceil_div(j->weights + j->channels, ADD_CHUNK), (double)(j->weights * j->blocks), FNN_NAME(add_blocks), j);
}

/* ---------------------------------------------------------------- steps */

int FNN_NAME(depthwise_conv2d)(fnn_step *s) {
    const FNN_NAME(small_groups) p = FNN_NAME(small_groups_of)(s, &s->in[0], &s->in[1], &s->out[0]);
    if (!s->out[0].size) return FNN_OK;
    FNN_NAME(result_job) j = FNN_NAME(result_plan)(&p, 0);
    j.source.from = s->in[0].data;
    j.w = s->in[1].data;
    j.to = s->out[0].data;
    j.buffers = s->scratch;
    j.finish = s->epilogue;
    j.finish.bias = s->in[2].data;
    FNN_NAME(run_results)(&j, &p);
    return FNN_OK;
}

static void FNN_NAME(depthwise_dx)(const fnn_step *s, const FNN_NAME(small_groups) *p) {
    FNN_NAME(result_job) j = FNN_NAME(result_plan)(p, 1);
    j.source.from = s->in[0].data;
    j.w = s->in[2].data;
    j.to = s->out[0].data;
    j.buffers = s->scratch;
    j.finish = s->epilogue;
    if (p->spread) {
        FNN_NAME(turn_weights)(p, j.w, s->scratch);
        j.w = s->scratch;
        j.buffers += FNN_NAME(round_up)(s->in[2].size);
    }
    FNN_NAME(run_results)(&j, p);
}

int FNN_NAME(depthwise_conv2d_backward)(fnn_step *s) {
    const FNN_NAME(small_groups) p = FNN_NAME(small_groups_of)(s, &s->in[1], &s->in[2], &s->in[0]);
    if (s->out[0].data && s->out[0].size) FNN_NAME(depthwise_dx)(s, &p);
    if (!s->out[1].data && !s->out[2].data) return FNN_OK;
    FNN_NAME(slope_job) j = FNN_NAME(slope_plan)(&p);
    j.source.from = s->in[1].data;
    j.dy = s->in[0].data;
    j.parts = s->scratch;
    j.buffers = j.parts + j.blocks * j.part;
    j.dw = s->out[1].data;
    j.db = s->out[2].data;
    FNN_NAME(run_slopes)(&j);
    return FNN_OK;
}

int64_t FNN_NAME(depthwise_conv2d_scratch)(const fnn_step *s, int backward) {
    const FNN_NAME(small_groups) p = backward ? FNN_NAME(small_groups_of)(s, &s->in[1], &s->in[2], &s->in[0])
                                              : FNN_NAME(small_groups_of)(s, &s->in[0], &s->in[1], &s->out[0]);
    const int64_t threads = fnn_thread_limit();
    if (!backward) return threads * FNN_NAME(result_plan)(&p, 0).buffer * (int64_t)sizeof(float);
    const FNN_NAME(slope_job) j = FNN_NAME(slope_plan)(&p);
    const int64_t dx = FNN_NAME(round_up)(s->in[2].size) + threads * FNN_NAME(result_plan)(&p, 1).buffer;
    return fnn_max(j.blocks * j.part + threads * j.buffer, dx) * (int64_t)sizeof(float);
}
#endif
