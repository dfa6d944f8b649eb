"""The TensorFlow 1 role: graphs built first, run by sessions; numbers of the course."""

import numpy as np
import pytest

import fastnn
from fastnn.compat import v1 as tf
from fastnn.errors import DTypeError, GraphError


@pytest.fixture(autouse=True)
def graph():
    tf.reset_default_graph()
    fastnn.utils.set_random_seed(0)


def run(fetches, feed_dict=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed_dict)


def test_text_and_placeholders():
    x, y, z = tf.placeholder(tf.string), tf.placeholder(tf.int32), tf.placeholder(tf.float32)
    assert run(tf.constant("Hello World!")) == b"Hello World!"
    text, number, share = run([x, y, z], {x: "Test String", y: 123, z: 45.67})
    assert text == "Test String"
    assert number == 123
    assert share == pytest.approx(45.67)


def test_arithmetic_and_the_cast():
    assert run(tf.add(5, 2)) == 7
    assert run(tf.subtract(10, 4)) == 6
    assert run(tf.multiply(2, 5)) == 10
    x, y = tf.constant(10), tf.constant(2)
    z = tf.subtract(tf.divide(x, y), tf.cast(tf.constant(1), tf.float64))
    assert run(z) == 4.0
    assert run(z).dtype == np.float64
    with pytest.raises(DTypeError, match="cast one"):
        tf.subtract(tf.constant(2.0), tf.constant(1))
    with pytest.raises(DTypeError, match="cast one"):
        tf.add(tf.constant(2), 1.5)
    assert run(tf.subtract(tf.cast(tf.constant(2.0), tf.int32), tf.constant(1))) == 1


def test_a_linear_layer():
    x, w, b = [[0.2, 0.5, 0.6]], [[-0.5, 0.7], [0.2, -0.8], [0.1, 0.2]], [0.1, 0.2]
    net = tf.add(tf.matmul(tf.constant(x), tf.Variable(w)), tf.Variable(b))
    np.testing.assert_allclose(run(net), [[0.16, 0.06]], atol=1e-6)


def test_relu_network_of_the_course():
    features = tf.Variable([[1.0, 2.0, 3.0, 4.0], [-1.0, -2.0, -3.0, -4.0], [11.0, 12.0, 13.0, 14.0]])
    hidden = [[0.1, 0.2, 0.4], [0.4, 0.6, 0.6], [0.5, 0.9, 0.1], [0.8, 0.2, 0.8]]
    layer = tf.nn.relu(tf.matmul(features, tf.Variable(hidden)))
    logits = tf.matmul(layer, tf.Variable([[0.1, 0.6], [0.2, 0.1], [0.7, 0.9]]))
    np.testing.assert_allclose(run(logits), [[5.11, 8.44], [0, 0], [24.01, 38.24]], atol=1e-5)


def test_softmax_and_dropout():
    logits = tf.placeholder(tf.float32)
    softmax = tf.nn.softmax(logits)
    np.testing.assert_allclose(run(softmax, {logits: [1.2, 0.9, 0.4]}), [0.4566, 0.3383, 0.2052], atol=1e-4)
    kept = tf.placeholder(tf.float32)
    x = tf.constant(np.ones((100, 100), "float32"))
    dropped = tf.nn.dropout(x, kept)
    with tf.Session() as session:
        assert (session.run(dropped, {kept: 1.0}) == 1).all()
        one, two = (session.run(dropped, {kept: 0.5}) for _ in range(2))
    assert set(np.unique(one)) == {0, 2}
    assert abs(one.mean() - 1) < 0.05
    assert (one != two).any()


def test_convolution_and_pooling_of_the_course():
    x = np.array([[0, 1, 0.5, 10], [2, 2.5, 1, -8], [4, 0, 5, 6], [15, 1, 2, 3]], "float32").reshape(1, 4, 4, 1)
    pooled = tf.nn.max_pool(tf.constant(x), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
    np.testing.assert_array_equal(run(pooled)[0, :, :, 0], [[2.5, 10], [15, 6]])
    weights = tf.Variable(tf.truncated_normal((2, 2, 1, 3)))
    bias = tf.Variable(tf.zeros(3))
    for padding, size in (("SAME", 2), ("VALID", 2)):
        convolved = tf.nn.bias_add(tf.nn.conv2d(tf.constant(x), weights, [1, 2, 2, 1], padding), bias)
        assert run(convolved).shape == (1, size, size, 3)
    with pytest.raises(ValueError, match="strides"):
        tf.nn.conv2d(tf.constant(x), weights, [2, 2], "SAME")
    with pytest.raises(ValueError, match="padding"):
        tf.nn.conv2d(tf.constant(x), weights, [1, 1, 1, 1], "FULL")


def batches(batch_size, features, labels):
    """The course's helper."""
    return [[features[i : i + batch_size], labels[i : i + batch_size]] for i in range(0, len(features), batch_size)]


def classifier(optimizer):
    x, y = tf.placeholder(tf.float32, [None, 64]), tf.placeholder(tf.float32, [None, 10])
    weights = tf.Variable(tf.random_normal([64, 10], stddev=0.1), name="weights")
    bias = tf.Variable(tf.zeros([10]), name="bias")
    logits = tf.add(tf.matmul(x, weights), bias)
    cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=y))
    correct = tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1))
    return x, y, cost, optimizer.minimize(cost), tf.reduce_mean(tf.cast(correct, tf.float32)), weights


@pytest.mark.parametrize(
    "optimizer",
    [tf.train.GradientDescentOptimizer(0.5), tf.train.AdamOptimizer(0.01), tf.train.MomentumOptimizer(0.1, 0.9)],
)
def test_a_network_learns_digits_in_batches(optimizer):
    (train_x, train_y), (test_x, test_y) = fastnn.datasets.digits.load_data()
    train_x, test_x = (
        a.reshape(len(a), 64).astype("float32") / 16 if a.max() > 1 else a.reshape(len(a), 64)
        for a in (train_x, test_x)
    )
    hot = np.eye(10, dtype="float32")
    x, y, cost, step, accuracy, _ = classifier(optimizer)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        first = session.run(cost, {x: train_x, y: hot[train_y]})
        for _ in range(8):
            for features, labels in batches(128, train_x, hot[train_y]):
                session.run(step, feed_dict={x: features, y: labels})
        last, share = session.run([cost, accuracy], feed_dict={x: test_x, y: hot[test_y]})
    assert last < first / 3
    assert share > 0.9


def test_batches_of_the_course():
    assert [len(f) for f, _ in batches(128, np.zeros((1000, 2)), np.zeros(1000))] == [128] * 7 + [104]
    assert len(batches(128, np.zeros(50000), np.zeros(50000))) == 391


def test_gradient_descent_equals_pencil_and_paper():
    w = tf.Variable([0.5, -0.5], name="w")
    x, y = tf.constant([1.0, 2.0]), tf.constant(0.5)
    guess = tf.sigmoid(tf.reduce_sum(w * x))
    step = tf.train.GradientDescentOptimizer(0.5).minimize(tf.square(y - guess) * 0.5)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)
        after = session.run(w)
    out = 1 / (1 + np.exp(0.5))
    np.testing.assert_allclose(
        after, np.array([0.5, -0.5]) + 0.5 * (0.5 - out) * out * (1 - out) * np.array([1, 2]), rtol=1e-5
    )


def test_gradients_and_assignments():
    x = tf.Variable(3.0)
    y = x * x * x
    (dy,) = tf.gradients(y, [x])
    with tf.Session() as session:
        session.run(x.initializer)
        assert session.run(dy) == pytest.approx(27.0)
        session.run(x.assign(tf.constant(2.0)))
        session.run(x.assign_add(1.0))
        assert session.run(x) == 3.0
    counter = tf.Variable(0, trainable=False)
    step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.square(x), global_step=counter)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run([step, step])
        session.run(step)
        assert session.run(counter) >= 2
        assert session.run(x) < 3.0


def test_saving_and_restoring_by_name(tmp_path):
    path = tmp_path / "model.ckpt"
    weights, bias = tf.Variable(tf.truncated_normal([2, 3]), name="weights_0"), tf.Variable(tf.ones([3]), name="bias_0")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(weights)
        assert tf.train.Saver().save(session, path) == str(path)
    tf.reset_default_graph()
    bias, weights = tf.Variable(tf.zeros([3]), name="bias_0"), tf.Variable(tf.zeros([2, 3]), name="weights_0")
    with tf.Session() as session:
        tf.train.Saver().restore(session, path)
        np.testing.assert_array_equal(session.run(weights), before)
        np.testing.assert_array_equal(session.run(bias), [1, 1, 1])


def test_swapped_variables_without_names_are_refused(tmp_path):
    path = tmp_path / "model.ckpt"
    tf.Variable(tf.truncated_normal([2, 3]))
    tf.Variable(tf.truncated_normal([3]))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, path)
    tf.reset_default_graph()
    bias = tf.Variable(tf.zeros([3]))
    tf.Variable(tf.zeros([2, 3]))
    with tf.Session() as session, pytest.raises(ValueError, match="numbered in the order"):
        tf.train.Saver().restore(session, path)
    tf.Variable(1.0, name="other")
    with tf.Session() as session:
        with pytest.raises(ValueError, match="other"):
            tf.train.Saver([tf.global_variables()[-1]]).restore(session, path)
        with pytest.raises(GraphError, match="initialise"):
            tf.train.Saver([bias]).save(session, path)


def test_random_tensors_are_new_in_every_run_and_truncated_ones_stay_within_two_deviations():
    x = tf.truncated_normal([2000], mean=1.0, stddev=0.5)
    with tf.Session() as session:
        one, two = session.run(x), session.run(x)
    assert (one != two).any()
    assert np.abs(one - 1).max() <= 1.0
    tf.set_random_seed(3)
    a = run(tf.random_normal([4]))
    tf.set_random_seed(3)
    np.testing.assert_array_equal(run(tf.random_normal([4])), a)


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda s: s.run(tf.placeholder(tf.float32, name="gap")), GraphError, "gap"),
        (
            lambda s: s.run(tf.add(tf.Variable(1.0, name="fresh"), 1.0)),
            GraphError,
            "fresh.*global_variables_initializer",
        ),
        (lambda s: s.run(3), GraphError, "tensors or operations"),
        (lambda s: s.run(tf.constant(1), {"x": 2}), GraphError, "feed_dict"),
        (lambda s: feed_wrong(s, [[1.0]]), ValueError, r"shape \(None, 3\)"),
        (lambda s: bool(tf.constant(1) if False else tf.placeholder(tf.float32)), GraphError, "session"),
        (lambda s: tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0)), ValueError, "variables to train"),
        (lambda s: tf.nn.dropout(tf.constant(1.0), 1.5), ValueError, "keep_prob"),
        (lambda s: tf.summary, AttributeError, "not available"),
        (lambda s: tf.reduce_men, AttributeError, "reduce_mean"),
    ],
)
def test_what_does_not_fit_is_refused(act, error, message):
    with tf.Session() as session, pytest.raises(error, match=message):
        act(session)


def feed_wrong(session, value):
    x = tf.placeholder(tf.float32, [None, 3])
    return session.run(tf.reduce_sum(x), {x: value})


def test_there_is_a_default_session_inside_only():
    x = tf.constant(2.0)
    with tf.Session():
        assert x.eval() == 2.0
    with pytest.raises(GraphError, match="session"):
        x.eval()
    session = tf.InteractiveSession()
    assert x.eval() == 2.0
    session.close()


def test_names_within_scopes():
    with tf.variable_scope("layer1"):
        w = tf.get_variable("w", [2, 3])
    assert w.name == "layer1/w"
    assert run(w).shape == (2, 3)


def test_assignments_and_bounds_by_their_old_names():
    tf.disable_v2_behavior()
    counter = tf.Variable(0, name="counter")
    step, more = tf.assign(counter, tf.add(counter, 2)), tf.assign_add(counter, 3)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)
        session.run(more)
        assert session.run(counter) == 5
        assert session.run(tf.clip_by_value([-1.0, 0.5, 2.0], 0.0, 1.0)).tolist() == [0, 0.5, 1]


def test_float_is_of_32_bits():
    x = tf.placeholder("float", [None, 2])
    assert x.dtype == "float32"
    with tf.Session() as session:
        assert session.run(tf.matmul(x, tf.ones([2, 1])), {x: [[1, 2]]}).tolist() == [[3]]
