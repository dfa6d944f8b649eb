"""Functions composed of records: against NumPy, on symbolic tensors, and what they refuse."""

import numpy as np
import pytest

import fastnn
from fastnn import GradientTape, Input, Model, Tensor, Variable, ops

RNG = np.random.default_rng(3)
A = RNG.normal(size=(2, 3, 4)).astype("float32")
B = RNG.normal(size=(2, 4, 5)).astype("float32")
V = RNG.normal(size=4).astype("float32")


def close(found, expected):
    """Equal within the rounding of float32, nests too."""
    if isinstance(expected, (list, tuple)):
        for f, e in zip(found, expected, strict=True):
            close(f, e)
        return
    found = np.asarray(found)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


SAME_AS_NUMPY = [
    ("tile", A, 2), ("tile", A, (2, 1, 3)), ("tile", A, (2, 1, 1, 2)), ("tile", V, (0,)),
    ("repeat", A, 2), ("repeat", A, 3, 1), ("repeat", A, [1, 2, 0], 1), ("repeat", A, 0, -1),
    ("roll", A, 2), ("roll", A, -1, 2), ("roll", A, (1, 2), (0, 2)), ("roll", A, 7, 1),
    ("moveaxis", A, 0, -1), ("moveaxis", A, [0, 1], [-1, 0]), ("swapaxes", A, 0, 2), ("ravel", A),
    ("rot90", A), ("rot90", A, 2), ("rot90", A, 3, (1, 2)), ("rot90", A, -1, (2, 0)), ("rot90", A, 4),
    ("fliplr", A), ("flipud", A), ("flip", A), ("flip", A, 1), ("flip", A, (0, 2)),
    ("split", A, 2, 2), ("split", A, [1, 3], 2), ("split", A, [-1], 1), ("array_split", A, 3, 2),
    ("array_split", A, 2, 1), ("array_split", V, 5), ("hsplit", A, 3), ("vsplit", A, 2), ("dsplit", A, 2),
    ("append", A, A), ("append", A, A, 1), ("hstack", [A[0], A[1]]), ("hstack", [V, V]), ("vstack", [V, V]),
    ("dstack", [V, V]), ("dstack", [A[0], A[0]]), ("stack", [V, V, V]), ("stack", [A, A], -1), ("stack", [A, A], 1),
    ("broadcast_to", V, (2, 3, 4)), ("expand_dims", A, 1), ("squeeze", A[:1], 0), ("transpose", A, (2, 0, 1)),
    ("tril", A), ("tril", A, -1), ("triu", A, 1), ("tri", 3, 4, 1), ("eye", 3, 4, -1), ("identity", 3),
    ("diag", A[0], 1), ("diag", V, -2), ("diag", V), ("diagflat", A[0]), ("diagonal", A), ("diagonal", A, 1, 2, 0),
    ("diagonal", A, -3, 1, 2), ("trace", A), ("trace", A, 1, 1, 2), ("linspace", 1.0, 2.0, 5),
    ("logspace", 0.0, 2.0, 4), ("geomspace", 1.0, 8.0, 4), ("arange", 2.0, 9.0, 3.0), ("meshgrid", V, V[:2]),
    ("sort", A), ("sort", A, 0), ("sort", A, None), ("argsort", A), ("argsort", A, 1), ("argsort", A, None),
    ("median", A), ("median", A, 1), ("quantile", A, 0.3, (0, 2)), ("quantile", A, [0.1, 0.5, 1.0], 1),
    ("percentile", A, 40.0, 2), ("average", A, 1), ("average", A, 2, V**2), ("average", A, None, A**2),
    ("searchsorted", np.sort(V), A), ("digitize", A, np.sort(V)), ("bincount", np.array([1, 1, 4])),
    ("isin", np.array([1, 2, 3]), np.array([3, 1])),
    ("dot", A, B[0]), ("dot", A, B), ("dot", V, V), ("dot", A, V), ("dot", A, 2.0), ("inner", A, A), ("inner", V, V),
    ("outer", A[0], V), ("vdot", A, A), ("kron", A[0], B[0]), ("kron", V, A[0]), ("cross", A[..., :3], A[::-1, :, :3]),
    ("tensordot", A, B[0], 1), ("tensordot", A, B, [[0, 2], [0, 1]]), ("tensordot", A, B, [[2], [1]]),
    ("tensordot", V, V, 0), ("matmul", A, B), ("matmul", V, B),
    ("abs", A), ("fabs", A), ("true_divide", A, V), ("ptp", A, 1), ("amax", A, 0), ("max", A, (0, 1)),
    ("isclose", A, A + 1e-7), ("allclose", A, A), ("fmax", A, V), ("fmin", np.array([np.nan, 1.0]), 0.5),
    ("nan_to_num", np.array([np.nan, -np.inf, 2.0], "float32")), ("isneginf", np.array([-np.inf, np.inf, 0.0])),
    ("isposinf", np.array([-np.inf, np.inf, 0.0])), ("deg2rad", A), ("rad2deg", A), ("cbrt", A),
    ("ldexp", A, np.array([1, 2, 0, -1])), ("logaddexp2", A, V), ("signbit", np.array([-1.0, 0.0, -0.0, 2.0])),
    ("diff", A), ("diff", A, 2, 1), ("diff", V, 4), ("vander", V), ("vander", V, 3, True), ("corrcoef", A[0]),
    ("unravel_index", np.array([5, 23, 0]), (2, 3, 4)), ("where", A > 0), ("nonzero", A > 0), ("unique", [3, 1, 3, 2]),
    ("where", A > 0, A, V), ("heaviside", np.array([-1.0, 0.0, 2.0]), 0.5), ("histogram", A, 4),
]  # fmt: skip


@pytest.mark.parametrize("call", SAME_AS_NUMPY, ids=lambda call: call[0])
def test_same_as_numpy(call):
    name, *args = call
    close(getattr(ops, name)(*args), getattr(np, name)(*args))


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda x: ops.stack([x, x], 1), (None, 2, 4, 3)),
        (lambda x: ops.einsum("bij,bkj->bik", x, x), (None, 4, 4)),
        (lambda x: ops.split(x, 2, axis=1)[1], (None, 2, 3)),
        (lambda x: ops.tile(x, (1, 2, 1)), (None, 8, 3)),
        (lambda x: ops.zeros_like(x), (None, 4, 3)),
        (lambda x: ops.top_k(x, 2)[0], (None, 4, 2)),
        (lambda x: ops.sort(x, axis=1), (None, 4, 3)),
        (lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 0)), "reflect"), (None, 7, 3)),
        (lambda x: ops.roll(x, 1, axis=1), (None, 4, 3)),
        (lambda x: ops.swapaxes(x, 1, 2), (None, 3, 4)),
        (lambda x: ops.normalize(x, axis=-1), (None, 4, 3)),
        (lambda x: ops.average_pool(x, 2), (None, 2, 3)),
        (lambda x: ops.moments(x, (1,))[1], (None, 3)),
        (lambda x: ops.one_hot(ops.argmax(x, axis=-1), 3), (None, 4, 3)),
        (lambda x: ops.dot_product_attention(*(x[:, :, None],) * 3, is_causal=True), (None, 4, 1, 3)),
        (lambda x: ops.where(x > 0.0, x, 0.0), (None, 4, 3)),
    ],
)
def test_in_functional_models_as_on_arrays(function, shape):
    x = Input((4, 3))
    data = RNG.normal(size=(5, 4, 3)).astype("float32")
    y = function(x)
    assert y.shape == shape
    close(Model(x, y).predict(data, verbose=0), np.asarray(function(Tensor(data))))


def test_gradients_pass_through_compositions():
    x = Variable(A)
    with GradientTape() as tape:
        y = ops.sum(ops.sort(x, axis=1)[:, -1] * 2.0)
    expected = 2.0 * (A.max(1, keepdims=True) == A)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), expected)


def test_gradient_stops():
    x = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = ops.sum(x * ops.stop_gradient(x))
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [1.0, 2.0])


def test_top_k():
    x = np.asarray([[1.0, 3.0, 2.0, 3.0], [0.0, -1.0, -2.0, 5.0]], "float32")
    values, indices = ops.top_k(x, 2)
    np.testing.assert_array_equal(values.numpy(), [[3, 3], [5, 0]])
    np.testing.assert_array_equal(indices.numpy(), [[1, 3], [3, 0]])
    assert ops.in_top_k([2, 2], x, 3).numpy().tolist() == [True, False]
    assert ops.in_top_k([3, 1], x, 1).numpy().tolist() == [True, False]
    with pytest.raises(ValueError, match="k from 0 to 4"):
        ops.top_k(x, 5)


def test_hot_rows():
    close(ops.one_hot([[0, 2], [3, -1]], 3, axis=1), [[[1, 0], [0, 0], [0, 1]], [[0, 0], [0, 0], [0, 0]]])
    assert ops.one_hot([1], 2, dtype="int32").dtype == "int32"
    close(ops.multi_hot([0, 2], 4), [1, 0, 1, 0])
    close(ops.multi_hot([[0, 2], [1, 1]], 3), [[1, 0, 1], [0, 1, 0]])
    with pytest.raises(ValueError, match="sparse=False"):
        ops.one_hot([1], 2, sparse=True)


def test_scattering_and_segments():
    close(ops.scatter([[0], [2], [0]], [1.0, 2.0, 4.0], (3,)), [5, 0, 2])
    close(ops.scatter_update(A[0], [[0, 1]], [9.0])[0, 1], 9.0)
    close(ops.scatter_update(np.ones(3, "float32"), [[1], [1]], [2.0, 3.0], "add"), [1, 6, 1])
    close(ops.slice_update(np.zeros((2, 3), "float32"), (0, 1), [[5.0, 6.0]]), [[0, 5, 6], [0, 0, 0]])
    data, ids = np.asarray([[1.0, 2.0], [5.0, 0.0], [3.0, 7.0]], "float32"), [0, 2, 0]
    close(ops.segment_sum(data, ids, 3), [[4, 9], [0, 0], [5, 0]])
    close(ops.segment_max(data, ids, 3), [[3, 7], [-np.inf, -np.inf], [5, 0]])
    close(ops.segment_min(data, ids, 3), [[1, 2], [np.inf, np.inf], [5, 0]])
    with pytest.raises(ValueError, match="None or 'add'"):
        ops.scatter_update(data, [[0]], data[:1], "max")


def test_conversion():
    assert ops.convert_to_tensor([1, 2]).dtype == "int32"
    assert ops.convert_to_tensor([1, 2], "float32").dtype == "float32"
    close(ops.convert_to_tensor([Tensor(V), Tensor(V)]), np.stack([V, V]))
    array = ops.convert_to_numpy(Variable(V))
    array[0] = 99
    assert ops.shape(A) == (2, 3, 4)
    assert (ops.ndim(A), ops.size(A), ops.dtype(A)) == (3, 24, "float32")
    assert ops.is_tensor(Tensor(V))
    assert not ops.is_tensor(V)
    assert ops.saturate_cast([300.0, -5.0, 7.5], "uint8").numpy().tolist() == [255, 0, 7]
    assert ops.saturate_cast([1e20], "int32").numpy().tolist() == [2147483520]


def test_decisions_and_loops():
    assert ops.cond(Tensor(V)[0] > 100.0, lambda: 1, lambda: 2) == 2
    assert ops.switch(5, [lambda x: x, lambda x: -x], 3) == -3
    assert ops.while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, s + i), (0, 0)) == (4, 6)
    assert ops.while_loop(lambda i: True, lambda i: i + 1, 0, maximum_iterations=3) == 3
    last, sums = ops.scan(lambda c, x: (c + x, c), Tensor(0.0), Tensor(V), reverse=True)
    close(last, V.sum())
    close(sums[0], V[1:].sum())
    close(ops.map(lambda pair: pair[0] + pair[1], (Tensor(V), Tensor(V))), 2 * V)
    close(ops.vectorized_map(ops.square, Tensor(V)), V**2)
    x = Input((3,))
    chosen = Model(x, ops.where(ops.sum(x, axis=-1, keepdims=True) > 0.0, x, -x))
    close(chosen.predict(A[0, :, :3], verbose=0), np.where(A[0, :, :3].sum(-1, keepdims=True) > 0, 1, -1) * A[0, :, :3])


def test_loops_have_gradients():
    x = Variable(V)
    with GradientTape() as tape:
        total, _ = ops.scan(lambda c, part: (c * part, c), Tensor(1.0), x)
    close(tape.gradient(total, x), V.prod() / V)


def test_losses_of_cells():
    t, p = np.asarray([[0.0, 1.0]], "float32"), np.asarray([[0.25, 0.25]], "float32")
    close(ops.binary_crossentropy(t, p), -np.log([[0.75, 0.25]]))
    logits = np.asarray([[-1.0, 3.0]], "float32")
    close(ops.binary_crossentropy(t, logits, True), np.log1p(np.exp([[-1.0, -3.0]])))
    rows = np.asarray([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]], "float32")
    close(ops.categorical_crossentropy(np.eye(3, dtype="float32")[[2, 0]], rows), -np.log([0.5, 0.6]))
    close(ops.categorical_crossentropy(np.eye(3)[[2, 0]].T, rows.T, axis=0), -np.log([0.5, 0.6]))
    close(ops.sparse_categorical_crossentropy([[2], [0]], rows), -np.log([0.5, 0.6]))
    close(ops.sparse_categorical_crossentropy([2, 0], np.log(rows), from_logits=True), -np.log([0.5, 0.6]))


def test_normalisation_by_name():
    mean, variance = ops.moments(A, (0, 1))
    close(mean, A.mean((0, 1)))
    close(variance, A.var((0, 1)))
    close(
        ops.batch_normalization(A, mean, variance, -1, offset=V, scale=V, epsilon=1e-3),
        (A - A.mean((0, 1))) / np.sqrt(A.var((0, 1)) + 1e-3) * V + V,
    )
    rows = (A - A.mean(-1, keepdims=True)) / np.sqrt(A.var(-1, keepdims=True) + 1e-7)
    close(ops.layer_normalization(A, V, V), rows * V + V)
    close(ops.rms_normalization(A, V), A / np.sqrt((A**2).mean(-1, keepdims=True) + 1e-7) * V)
    close(ops.normalize(A), A / np.linalg.norm(A, axis=-1, keepdims=True))
    close(ops.normalize(A, order=1), A / np.abs(A).sum(-1, keepdims=True))
    close(ops.normalize(A, order=3), A / (np.abs(A) ** 3).sum(-1, keepdims=True) ** (1 / 3))


def test_pooling_and_convolution_by_name():
    x = RNG.normal(size=(2, 6, 3)).astype("float32")
    close(ops.max_pool(x, 2), x.reshape(2, 3, 2, 3).max(2))
    close(
        ops.average_pool(x.transpose(0, 2, 1), 3, data_format="channels_first"),
        x.reshape(2, 2, 3, 3).mean(2).transpose(0, 2, 1),
    )
    kernel = RNG.normal(size=(2, 3, 4)).astype("float32")
    windows = np.stack([x[:, k : k + 2].reshape(2, 6) for k in range(5)], 1)
    close(ops.conv(x, kernel), windows @ kernel.reshape(6, 4))
    images = RNG.normal(size=(1, 4, 6, 8)).astype("float32")
    close(ops.space_to_depth(ops.depth_to_space(images, 2), 2), images)
    with pytest.raises(ValueError, match="padding"):
        ops.max_pool(x, 2, padding="full")
    with pytest.raises(ValueError, match="pool_size"):
        ops.max_pool(x, 0)


# ---------------------------------------------------------------- random tensors


def test_random_numbers_repeat_by_seed():
    random = fastnn.random
    close(random.normal((3, 2), seed=5), random.normal((3, 2), seed=5).numpy())
    first, second = (random.SeedGenerator(5) for _ in range(2))
    one, two = random.uniform((4,), seed=first).numpy(), random.uniform((4,), seed=first).numpy()
    assert (one != two).all()
    close(random.uniform((4,), seed=second), one)
    fastnn.utils.set_random_seed(3)
    a = random.normal((2,)).numpy()
    b = random.normal((2,)).numpy()
    fastnn.utils.set_random_seed(3)
    close(random.normal((2,)), a)
    assert (a != b).all()


def test_random_numbers_are_distributed_as_said():
    random = fastnn.random
    x = random.normal((40000,), mean=2.0, stddev=3.0, seed=1).numpy()
    assert abs(x.mean() - 2) < 0.06
    assert abs(x.std() - 3) < 0.06
    u = random.uniform((40000,), -1.0, 3.0, seed=2).numpy()
    assert -1 <= u.min() < -0.99
    assert 2.99 < u.max() <= 3
    k = random.randint((40000,), 2, 6, seed=3).numpy()
    assert k.dtype == np.int32
    np.testing.assert_allclose(np.bincount(k)[2:] / 40000, 0.25, atol=0.02)
    c = random.categorical(np.log([[0.1, 0.2, 0.7]]), 40000, seed=4).numpy()
    assert c.shape == (1, 40000)
    np.testing.assert_allclose(np.bincount(c[0]) / 40000, [0.1, 0.2, 0.7], atol=0.02)
    s = random.shuffle(np.arange(50), seed=1).numpy()
    assert sorted(s) == list(range(50))
    assert s.tolist() != list(range(50))
    d = random.dropout(np.ones(10000, "float32"), 0.3, seed=1).numpy()
    assert set(np.round(d, 4)) == {0.0, np.float32(1.4286)}
    rows = random.dropout(np.ones((50, 20), "float32"), 0.5, noise_shape=(None, 1), seed=1).numpy()
    assert (rows == rows[:, :1]).all()


class Sampling(fastnn.layers.Layer):
    """The noise of a variational autoencoder."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = fastnn.random.SeedGenerator(7)

    def call(self, x):
        return x + fastnn.random.normal(ops.shape(x), seed=self.seed_generator)


def test_noise_inside_a_model_is_new_in_every_step():
    x = Input((3,))
    model = Model(x, Sampling()(x))
    model.compile(optimizer="sgd", loss="mse")
    seen = [model.evaluate(np.zeros((4, 3)), np.zeros((4, 3)), verbose=0) for _ in range(2)]
    assert all(v > 0 for v in seen)
    losses = model.fit(np.zeros((4, 3)), np.zeros((4, 3)), epochs=3, verbose=0).history["loss"]
    assert len(set(losses)) == 3


# ---------------------------------------------------------------- keras.backend


def test_backend():
    from fastnn import backend as K

    v = K.variable([[1.0, 2.0]])
    close(K.get_value(v), [[1, 2]])
    K.set_value(v, [[3.0, 4.0]])
    close(K.sum(K.square(v)), 25.0)
    close(K.mean(v, axis=-1, keepdims=True), [[3.5]])
    close(K.l2_normalize(v, axis=-1), [[0.6, 0.8]])
    close(K.flatten(A), A.ravel())
    close(K.batch_dot(A, B), A @ B)
    close(K.batch_dot(A, A, axes=2), A @ A.transpose(0, 2, 1))
    close(K.concatenate([v, v]), [[3, 4, 3, 4]])
    assert K.int_shape(Input((5, None))) == (None, 5, None)
    assert K.epsilon() == 1e-7
    assert K.image_data_format() == "channels_last"
    assert K.learning_phase() == 0
    assert K.standardize_dtype(None) == "float32"
    with pytest.raises(ValueError, match="dtype"):
        K.standardize_dtype("complex64")
    with pytest.raises(AttributeError, match="GradientTape"):
        K.gradients  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        K.nonsense  # noqa: B018


def test_backend_functions_of_symbolic_tensors():
    from fastnn import backend as K

    x = Input((3,))
    h = fastnn.layers.Dense(2, activation="relu")(x)
    inner = K.function([x, K.learning_phase()], [h])
    assert inner([A[0, :, :3], 0])[0].shape == (3, 2)
    close(K.function(x, h)(A[0, :, :3]), Model(x, h).predict(A[0, :, :3], verbose=0))


def test_settings_are_checked():
    from fastnn import config

    with pytest.raises(ValueError, match="positive"):
        config.set_epsilon(0)
    with pytest.raises(ValueError, match="channels_first"):
        config.set_image_data_format("channels_middle")
    config.set_image_data_format("channels_first")
    try:
        assert config.image_data_format() == "channels_first"
    finally:
        config.set_image_data_format("channels_last")


def test_convolutions_by_name_are_those_of_the_layers():
    x = RNG.normal(size=(2, 6, 5, 4)).astype("float32")
    row = x[:, 0]
    for layer, call in (
        (fastnn.layers.Conv2D(6, (3, 2), groups=2, strides=(2, 1)), lambda w: ops.conv(x, w[0], (2, 1))),
        (fastnn.layers.Conv2D(3, 2, dilation_rate=(2, 1)), lambda w: ops.conv(x, w[0], dilation_rate=(2, 1))),
        (fastnn.layers.DepthwiseConv2D(3, padding="same"), lambda w: ops.depthwise_conv(x, w[0], padding="same")),
        (fastnn.layers.SeparableConv2D(3, 2), lambda w: ops.separable_conv(x, w[0], w[1])),
        (fastnn.layers.Conv2DTranspose(3, 3, strides=2), lambda w: ops.conv_transpose(x, w[0], 2)),
    ):
        close(call([Tensor(w) for w in (layer(x), layer.get_weights())[1]]), layer(x).numpy())
    for layer, call in (
        (fastnn.layers.Conv1D(6, 3, strides=2), lambda w: ops.conv(row, w[0], 2)),
        (fastnn.layers.DepthwiseConv1D(2), lambda w: ops.depthwise_conv(row, w[0])),
        (
            fastnn.layers.Conv1DTranspose(3, 3, strides=2, output_padding=1),
            lambda w: ops.conv_transpose(row, w[0], 2, output_padding=1),
        ),
    ):
        close(call([Tensor(w) for w in (layer(row), layer.get_weights())[1]]), layer(row).numpy())
