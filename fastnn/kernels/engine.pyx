# The only Cython file: checks every array, calls kernels, holds plans, turns error codes into exceptions.
# The GIL is free while kernels run.
cimport cython
cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, strcmp

import numpy as np

from fastnn.errors import DTypeError, GraphError

cnp.import_array()

cdef extern from "fnn.h" nogil:
    enum: FNN_MAX_DIMS
    enum: FNN_MAX_ATTRS
    enum: FNN_OK
    enum: FNN_INTERRUPTED
    ctypedef struct fnn_tensor:
        void *data
        int64_t size
        int64_t shape[8]
        int32_t ndim
        int32_t dtype
    ctypedef struct fnn_attr:
        int64_t n
        int64_t i[8]
        double f
    ctypedef struct fnn_epilogue:
        const float *bias
        const float *mask
        int32_t relu
        int32_t accumulate
    ctypedef struct fnn_step
    ctypedef int (*fnn_kernel)(fnn_step *)
    ctypedef struct fnn_step:
        fnn_kernel run
        fnn_tensor *inp "in"
        fnn_tensor *out
        int32_t n_in
        int32_t n_out
        fnn_attr attr[10]
        fnn_epilogue epilogue
        void *scratch
        int64_t detail
    ctypedef struct fnn_entry:
        const char *name
        const char *inputs
        const char *attrs
        fnn_kernel forward
        fnn_kernel backward
        int64_t (*scratch_bytes)(const fnn_step *, int)
    int fnn_isa_count()
    const char *fnn_isa_name(int)
    int fnn_isa_usable(int)
    const fnn_entry *fnn_find(int, const char *)
    const fnn_entry *fnn_entry_at(int)
    int fnn_run(fnn_step *, int64_t, int64_t, int64_t *, int (*)() noexcept nogil)
    void fnn_parallel(int64_t chunks, double work, void (*body)(void *, int64_t, int) noexcept nogil, void *arg)
    void fnn_exchange_with(int (*)(float *, int64_t) noexcept nogil)
    int fnn_thread_limit()
    int fnn_threads()
    void fnn_set_threads(int)

cdef extern from "peak.h" nogil:
    enum: FNN_PEAK_CHUNKS
    double fnn_multiply_adds(int, int64_t, float *)
    double fnn_triad(int, float *, const float *, const float *, int64_t)

cdef extern from *:
    """
    #include <time.h>
    static double fnn_seconds(void) {
        struct timespec now;
        timespec_get(&now, TIME_UTC);
        return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    }

    static int64_t fnn_nanoseconds(void) { /* exact, where seconds as one number are not: a quarter of a microsecond is lost */
        struct timespec now;
        timespec_get(&now, TIME_UTC);
        return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    }

    static uint64_t fnn_word(uint64_t z) { /* SplitMix64 */
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        return z ^ (z >> 31);
    }
    static void fnn_shuffle(int64_t *rows, int64_t count, uint64_t key) {
        for (int64_t k = count - 1; k > 0; k--) {
            const double share = (double)(fnn_word(key += UINT64_C(0x9E3779B97F4A7C15)) >> 11) * 0x1p-53;
            const int64_t other = (int64_t)(share * (double)(k + 1)), row = rows[k];
            rows[k] = rows[other];
            rows[other] = row;
        }
    }
    """
    double fnn_seconds() nogil
    int64_t fnn_nanoseconds() nogil
    void fnn_shuffle(int64_t *, int64_t, uint64_t) nogil

DTYPES = {np.dtype("float32"): 0, np.dtype("int32"): 1, np.dtype("int64"): 2, np.dtype("uint8"): 3,
          np.dtype("bool"): 3}
cdef double POLL_SECONDS = 0.05


class KernelFailed(Exception):
    """A kernel returned an error: (code, step, detail); the caller knows the names."""


# ---------------------------------------------------------------- instruction set and threads

cdef int chosen_isa = -1


def isas():
    """Names of the instruction sets that this machine can run, best first."""
    return [fnn_isa_name(k).decode() for k in range(fnn_isa_count()) if fnn_isa_usable(k)]


def isa():
    """The instruction set in use."""
    return fnn_isa_name(chosen_isa).decode()


def set_isa(name):
    """Use kernels of another instruction set for calls and plans made from now on."""
    global chosen_isa
    chosen_isa = isa_index(name)


cdef int isa_index(name) except -1:
    for k in range(fnn_isa_count()):
        if fnn_isa_name(k).decode() == name and fnn_isa_usable(k):
            return k
    raise GraphError(f"expected an instruction set of {isas()}, received {name!r}.")


set_isa(isas()[0])


def threads():
    """Number of threads that kernels use."""
    return fnn_threads()


def thread_limit():
    """The most threads that kernels can use."""
    return fnn_thread_limit()


def set_threads(int n):
    """Use `n` threads (at most `thread_limit()`)."""
    fnn_set_threads(n)


def entries():
    """All kernels: name → (inputs, attributes, has backward), as the C rows state them."""
    found, k = {}, 0
    while fnn_entry_at(k) != NULL:
        e = fnn_entry_at(k)
        found[e.name.decode()] = (e.inputs.decode().split(), e.attrs.decode().split(), e.backward != NULL)
        k += 1
    return found


# ---------------------------------------------------------------- checked arrays → C

cdef int view(object array, fnn_tensor *t, bint writable) except -1:
    """Fill a tensor view from an array, or from a shape for an output not wanted; refuses what a kernel would misread."""
    cdef int d
    if array is None:
        t.data = NULL
        return 0
    if isinstance(array, tuple) and writable:
        t.data, t.size, t.ndim = NULL, 1, len(array)
        if t.ndim > FNN_MAX_DIMS:
            raise DTypeError(f"expected at most {FNN_MAX_DIMS} axes, received {t.ndim}.")
        for d in range(t.ndim):
            t.shape[d] = array[d]
            t.size *= t.shape[d]
        return 0
    if not isinstance(array, np.ndarray) or array.dtype not in DTYPES or not array.dtype.isnative:
        raise DTypeError(f"expected an array of {[str(name) for name in DTYPES]}, received {getattr(array, 'dtype', type(array))}.")
    if not array.flags.c_contiguous or not array.flags.aligned or (writable and not array.flags.writeable):
        raise DTypeError("expected an aligned, contiguous array, writable where it is written to.")
    if array.ndim > FNN_MAX_DIMS:
        raise DTypeError(f"expected at most {FNN_MAX_DIMS} axes, received {array.ndim}.")
    t.data = cnp.PyArray_DATA(array)
    t.size = array.size
    t.ndim = array.ndim
    t.dtype = DTYPES[array.dtype]
    for d in range(t.ndim):
        t.shape[d] = array.shape[d]
    return 0


cdef int fill_attr(object value, fnn_attr *a) except -1:
    """Pack a number, boolean, word position, tuple of integers or None."""
    cdef int k
    if value is None:
        a.n = -1
    elif isinstance(value, tuple):
        if len(value) > FNN_MAX_DIMS:
            raise GraphError(f"expected at most {FNN_MAX_DIMS} numbers, received {value}.")
        a.n = len(value)
        for k, v in enumerate(value):
            a.i[k] = v
    else:
        a.n = 1
        a.f = value
        a.i[0] = <int64_t>int(value) if a.f == a.f and abs(a.f) < 9e18 else 0
    return 0


cdef const fnn_entry *lookup(str name) except NULL:
    cdef bytes key = name.encode()
    cdef const fnn_entry *e = fnn_find(chosen_isa, key)
    if e == NULL:
        raise GraphError(f"expected the name of a kernel, received {name!r}.")
    return e


cdef double last_poll = 0


cdef int poll() noexcept nogil:
    """Between steps, every now and then: 1 if Python has a signal to raise."""
    global last_poll
    cdef double now = fnn_seconds()
    if now - last_poll < POLL_SECONDS and now >= last_poll:
        return 0
    last_poll = now
    with gil:
        try:
            PyErr_CheckSignals()
        except BaseException:
            remember_interrupt()
            return 1
    return 0


cdef object interrupt = None


cdef remember_interrupt():
    global interrupt
    import sys
    interrupt = sys.exc_info()[1]


cdef int exchange(float *data, int64_t size) noexcept with gil:
    """Let the processes that train together add up an array; an error stops the run as an interrupt does."""
    global interrupt
    try:
        if size:
            add_up(np.asarray(<float[:size]>data))
        return FNN_OK
    except BaseException as error:
        interrupt = error
        return FNN_INTERRUPTED


cdef object add_up = None


def set_exchange(function):
    """Choose what adds up an array over the processes that train together."""
    global add_up
    add_up = function
    fnn_exchange_with(exchange)


cdef raise_interrupt():
    global interrupt
    error, interrupt = interrupt, None
    raise error if error is not None else KeyboardInterrupt()


# ---------------------------------------------------------------- the order of an epoch

def permutation(int64_t count, uint64_t key):
    """The numbers below `count` in an order that depends on `key` alone (Fisher and Yates; words by SplitMix64)."""
    cdef cnp.ndarray[int64_t, ndim=1, mode="c"] order = np.arange(count, dtype=np.int64)
    cdef int64_t *rows = <int64_t *>cnp.PyArray_DATA(order)
    with nogil:
        fnn_shuffle(rows, count, key)
    return order


# ---------------------------------------------------------------- plans

ctypedef struct Feed:
    char *source
    char *buffer
    char *place  # where kernels read the batch: in the buffer, or in the source itself
    const int64_t *rows
    int64_t size, row_bytes
    int number  # what its tensors are marked with

cdef enum:
    FEED_ROWS = 16  # rows that one thread copies at once


cdef void take_rows(void *arg, int64_t chunk, int thread) noexcept nogil:
    """Copy some of a batch's rows to their buffer."""
    cdef Feed *feed = <Feed *>arg
    cdef int64_t k
    for k in range(chunk * FEED_ROWS, min((chunk + 1) * FEED_ROWS, feed.size)):
        memcpy(feed.buffer + k * feed.row_bytes, feed.source + feed.rows[k] * feed.row_bytes, feed.row_bytes)


cdef bint are_neighbours(const int64_t *rows, int64_t count) noexcept nogil:
    cdef int64_t k
    for k in range(1, count):
        if rows[k] != rows[0] + k:
            return False
    return True


cdef class Plan:
    """A frozen array of steps over fixed buffers.

    Args:
        rows: For every step (kernel, backward?, inputs, outputs, attributes): arrays or None, attributes in the
            record's order, words already turned into positions; behind them perhaps how the result ends: whether with
            relu, the array whose positive cells let it through, or None, and whether it is added to what is there.
        updates: Index of the first step that changes parameters; an interrupt never stops a run behind it.
    """

    cdef fnn_step *steps
    cdef fnn_tensor *tensors
    cdef int *feed_of  # for every tensor the number of the feed that it reads
    cdef int64_t tensor_count
    cdef readonly int64_t size
    cdef readonly int64_t scratch_bytes
    cdef int64_t updates
    cdef object keep
    cdef bint running

    def __cinit__(self, rows, int64_t updates=-1):
        cdef int64_t count = sum(len(row[2]) + len(row[3]) for row in rows)
        self.size, self.tensor_count = len(rows), count
        self.updates = self.size if updates < 0 else updates
        self.steps = <fnn_step *>calloc(max(self.size, 1), sizeof(fnn_step))
        self.tensors = <fnn_tensor *>calloc(max(count, 1), sizeof(fnn_tensor))
        self.feed_of = <int *>calloc(max(count, 1), sizeof(int))
        if self.steps == NULL or self.tensors == NULL or self.feed_of == NULL:
            raise MemoryError()

    def __init__(self, rows, updates=-1):
        cdef int64_t at = 0, need
        cdef fnn_step *s
        cdef const fnn_entry *e
        self.keep = [(list(row[2]), list(row[3])) for row in rows]
        for k, (name, backward, inputs, outputs, attrs, *ending) in enumerate(rows):
            s, e = &self.steps[k], lookup(name)
            s.run = e.backward if backward else e.forward
            if s.run == NULL:
                raise GraphError("expected an operation with a backward kernel.", operation=name)
            s.inp, s.n_in = &self.tensors[at], len(inputs)
            s.out, s.n_out = &self.tensors[at + len(inputs)], len(outputs)
            at += len(inputs) + len(outputs)
            for j, array in enumerate(inputs):
                view(array, &s.inp[j], False)
            for j, array in enumerate(outputs):
                view(array, &s.out[j], True)
            if len(attrs) > FNN_MAX_ATTRS:
                raise GraphError(f"expected at most {FNN_MAX_ATTRS} attributes.", operation=name)
            for j, value in enumerate(attrs):
                fill_attr(value, &s.attr[j])
            if ending:
                self.add_ending(s, ending[0], ending[1], ending[2])
            if e.scratch_bytes != NULL:
                need = e.scratch_bytes(s, backward)
                self.scratch_bytes = max(self.scratch_bytes, need)
        self.add_scratch()

    cdef add_ending(self, fnn_step *s, relu, mask, accumulate):
        cdef fnn_tensor t
        s.epilogue.relu, s.epilogue.accumulate = relu, accumulate
        if mask is not None:
            view(mask, &t, False)
            if t.dtype != 0 or t.size != s.out[0].size:
                raise DTypeError(f"expected a float32 mask of {s.out[0].size} cells, received {mask.dtype}{mask.shape}.")
            s.epilogue.mask = <float *>t.data
            self.keep.append(mask)

    cdef add_scratch(self):
        if self.scratch_bytes == 0:
            return
        raw = np.empty(self.scratch_bytes + 64, np.uint8)
        cdef size_t start = <size_t>cnp.PyArray_DATA(raw)
        self.keep.append(raw)
        for k in range(self.size):
            self.steps[k].scratch = <void *>((start + 63) // 64 * 64)

    def __dealloc__(self):
        free(self.steps)
        free(self.tensors)
        free(self.feed_of)

    cdef int enter(self) except -1:
        if self.running:
            raise GraphError("expected a plan that is at rest, received one that another thread is running.")
        self.running = True
        return 0

    def run(self, int64_t begin, int64_t end):
        """Run steps [begin, end)."""
        if not 0 <= begin <= end <= self.size:
            raise IndexError(f"expected 0 <= begin <= end <= {self.size}, received {begin}, {end}.")
        cdef int64_t at = begin
        cdef int code
        self.enter()
        try:
            with nogil:
                code = self.run_range(begin, end, &at)
        finally:
            self.running = False
        self.check(code, at)

    def run_timed(self, double[::1] seconds):
        """Run all steps once, writing how long each one took."""
        cdef int64_t at = 0
        cdef int code = FNN_OK
        cdef bint interrupted = False
        cdef int64_t begun
        if seconds.shape[0] != self.size:
            raise IndexError(f"expected room for {self.size} numbers, received {seconds.shape[0]}.")
        self.enter()
        try:
            with nogil:
                while at < self.size and code == FNN_OK:
                    begun = fnn_nanoseconds()
                    code = self.steps[at].run(&self.steps[at])
                    seconds[at] = 1e-9 * <double>(fnn_nanoseconds() - begun)
                    at += 1
                interrupted = poll()
        finally:
            self.running = False
        self.check(code, at - 1)
        if interrupted:
            raise_interrupt()

    cdef int run_range(self, int64_t begin, int64_t end, int64_t *at) noexcept nogil:
        cdef int64_t split = min(max(self.updates, begin), end)
        cdef int code = fnn_run(self.steps, begin, split, at, poll)
        if code == FNN_OK and split < end:
            code = fnn_run(self.steps, split, end, at, NULL)
        return code

    cdef void take_batch(self, Feed *feed, bint direct) noexcept nogil:
        """Copy a batch's rows to the buffer; or, if they are neighbours, let kernels read them where they are."""
        cdef char *place = feed.buffer
        if direct and feed.size > 0 and are_neighbours(feed.rows, feed.size):
            place = feed.source + feed.rows[0] * feed.row_bytes
        else:
            fnn_parallel((feed.size + FEED_ROWS - 1) // FEED_ROWS, <double>(feed.size * feed.row_bytes), take_rows, feed)
        self.read_from(feed, place)

    cdef void mark(self, Feed *feed) noexcept nogil:
        """Note which tensors read a feed; two feeds may read the same source, but never have one buffer."""
        cdef int64_t k
        for k in range(self.tensor_count):
            if self.tensors[k].data == feed.buffer and feed.row_bytes > 0:
                self.feed_of[k] = feed.number

    cdef void read_from(self, Feed *feed, char *place) noexcept nogil:
        cdef int64_t k
        if place != feed.place:
            for k in range(self.tensor_count):
                if self.feed_of[k] == feed.number:
                    self.tensors[k].data = place
            feed.place = place

    def run_batches(self, feeds, const int64_t[::1] order, int64_t first, int64_t last, watch, double[::1] totals,
                    double seconds, loss=None, double[::1] losses=None, bint direct=False):
        """Run whole training steps on batches first … last - 1 of `order`; returns how many were run.

        Args:
            feeds: Pairs (source array, buffer): rows of the source are copied to the buffer.
            order: Row numbers; batch k takes `order[k * size : (k + 1) * size]`, size being the buffers' first axis.
            watch: float32 arrays whose cells are added to `totals` after every training step.
            seconds: Returns early after this time.
            loss: A float32 array whose first cell is copied to `losses` after every training step, with its room for
                last - first numbers.
            direct: Whether kernels may read neighbouring rows in the source; the buffers then hold what they held.
        """
        cdef float *one = NULL
        cdef int64_t n_feeds = len(feeds), n_watch = len(watch), done = first, at = 0, j, k, size
        cdef Feed *feed = <Feed *>calloc(n_feeds + 1, sizeof(Feed))
        cdef float **watched = <float **>calloc(n_watch + 1, sizeof(float *))
        cdef int64_t *cells = <int64_t *>calloc(n_watch + 1, sizeof(int64_t))
        cdef int code = FNN_OK
        cdef bint interrupted = False  # this run; a run in another thread has no share in it
        cdef double stop = fnn_seconds() + seconds
        self.enter()
        try:
            size = self.check_feeds(feeds, order, first, last)
            for j, (array, target) in enumerate(feeds):
                feed[j].source, feed[j].buffer = <char *>cnp.PyArray_DATA(array), <char *>cnp.PyArray_DATA(target)
                feed[j].size, feed[j].row_bytes, feed[j].place = size, target.nbytes // max(size, 1), feed[j].buffer
                feed[j].number = j + 1
                self.mark(&feed[j])
            for j, array in enumerate(watch):
                watched[j], cells[j] = <float *>cnp.PyArray_DATA(array), array.size
            if sum(array.size for array in watch) > totals.shape[0] or any(a.dtype != np.float32 for a in watch):
                raise DTypeError("expected float32 arrays to watch and a total for each of their cells.")
            if loss is not None:
                if loss.dtype != np.float32 or loss.size != 1 or losses is None or losses.shape[0] < last - first:
                    raise DTypeError("expected a float32 loss of one cell and room for it after every training step.")
                one = <float *>cnp.PyArray_DATA(loss)
            with nogil:
                while done < last:
                    for j in range(n_feeds):
                        feed[j].rows = &order[0] + done * size
                        self.take_batch(&feed[j], direct)
                    code = self.run_range(0, self.size, &at)
                    if code != FNN_OK:
                        break
                    if one != NULL:
                        losses[done - first] = one[0]
                    done += 1
                    at = 0
                    for j in range(n_watch):
                        for k in range(cells[j]):
                            totals[at] += watched[j][k]
                            at += 1
                    interrupted = poll()
                    if interrupted or fnn_seconds() > stop:
                        break
        finally:
            self.running = False
            for j in range(n_feeds):
                if feed[j].place != NULL:
                    self.read_from(&feed[j], feed[j].buffer)
            free(feed); free(watched); free(cells)
        self.check(code, at)
        if interrupted:
            raise_interrupt()
        return done - first

    cdef int64_t check_feeds(self, feeds, const int64_t[::1] order, int64_t first, int64_t last) except -1:
        cdef int64_t size = feeds[0][1].shape[0], least = 0, most = -1, k
        if not 0 <= first <= last or last * size > order.shape[0]:
            raise IndexError(f"expected batches within {len(order)} rows, received {first} to {last} of {size}.")
        for k in range(first * size, last * size):
            least, most = min(least, order[k]), max(most, order[k])
        for array, target in feeds:
            if array.dtype != target.dtype or array.shape[1:] != target.shape[1:] or target.shape[0] != size:
                raise DTypeError(f"expected rows like {target.dtype}{target.shape}, received {array.dtype}{array.shape}.")
            if not array.flags.c_contiguous or not target.flags.c_contiguous:
                raise DTypeError("expected contiguous arrays.")
            if least < 0 or most >= array.shape[0]:
                raise IndexError(f"expected row numbers below {len(array)}, received {least if least < 0 else most}.")
        return size

    cdef int check(self, int code, int64_t at) except -1:
        if code == FNN_INTERRUPTED:
            raise_interrupt()
        if code != FNN_OK:
            raise KernelFailed(code, at, self.steps[at].detail)
        return 0


def call(name, backward, inputs, outputs, attrs):
    """Run one kernel once on checked arrays; `outputs` are overwritten."""
    Plan([(name, backward, inputs, outputs, attrs)]).run(0, 1)


# ---------------------------------------------------------------- what the machine can do

def multiply_adds(str name, int64_t rounds):
    """Do nothing but multiply-adds on registers, on all threads in use: (floating-point operations, seconds)."""
    cdef cnp.ndarray[float, ndim=1, mode="c"] sink = np.ones(FNN_PEAK_CHUNKS, np.float32)
    cdef int k = isa_index(name)
    cdef int64_t begun, ended
    cdef double work
    with nogil:
        begun = fnn_nanoseconds()
        work = fnn_multiply_adds(k, rounds, <float *>sink.data)
        ended = fnn_nanoseconds()
    return work, 1e-9 * <double>(ended - begun)


def triad(str name, float[::1] a, const float[::1] b, const float[::1] c):
    """a = b + 3 c, on all threads in use: (bytes read and written, seconds)."""
    cdef int k = isa_index(name)
    cdef int64_t begun, ended
    cdef double work
    if not (a.shape[0] == b.shape[0] == c.shape[0] > 0):
        raise GraphError("expected three arrays of one length.")
    with nogil:
        begun = fnn_nanoseconds()
        work = fnn_triad(k, &a[0], &b[0], &c[0], a.shape[0])
        ended = fnn_nanoseconds()
    return work, 1e-9 * <double>(ended - begun)
