"""compile, fit, evaluate, predict: numbers by hand, the same bits as stepping, and what is refused."""

import signal
import threading

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, callbacks, layers, ops
from fastnn.engine import execute

RNG = np.random.default_rng(0)
X = RNG.normal(size=(23, 4)).astype("float32")
LABELS = RNG.integers(0, 3, 23)
Y = X.sum(1, keepdims=True)


@pytest.fixture(autouse=True)
def repeatable():
    fastnn.utils.clear_session()
    fastnn.utils.set_random_seed(1)


def classifier(optimizer="adam", **settings):
    model = Sequential(
        [
            Input((4,), name="x"),
            layers.Dense(6, activation="relu", kernel_regularizer="l2", name="hidden"),
            layers.Dropout(0.3, seed=2),
            layers.Dense(3, activation="softmax", name="out"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", **{"metrics": ["accuracy"], **settings})
    return model


def linear():
    model = Sequential([Input((4,)), layers.Dense(1)])
    model.compile(fastnn.optimizers.SGD(0.05), "mse", metrics=["mae"])
    return model


# ---------------------------------------------------------------- numbers


def test_one_update_by_hand():
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.set_weights([[[1.0], [2.0]], [0.5]])
    model.compile(fastnn.optimizers.SGD(0.1), "mse")
    history = model.fit([[1.0, 1.0], [0.0, 2.0]], [3.0, 5.0], batch_size=2, verbose=0)
    # predictions 3.5 and 4.5, errors 0.5 and -0.5, loss their mean square, dw = mean of 2 error x
    assert history.history["loss"] == [0.25]
    assert np.allclose(model.get_weights()[0].ravel(), [1 - 0.1 * 0.5, 2 - 0.1 * (0.5 - 1)])
    assert np.allclose(model.get_weights()[1], 0.5)


def test_logs_weigh_batches_by_their_size():
    model = linear()
    model.compile(fastnn.optimizers.SGD(0.0), "mse", metrics=["mae"])
    logs = model.fit(X, Y, batch_size=10, verbose=0, shuffle=False).history
    error = model.predict(X) - Y
    assert logs["loss"][0] == pytest.approx(np.mean(error**2), rel=1e-5)
    assert logs["mae"][0] == pytest.approx(np.mean(np.abs(error)), rel=1e-5)
    assert model.evaluate(X, Y, verbose=0, batch_size=7) == pytest.approx([logs["loss"][0], logs["mae"][0]], rel=1e-5)
    assert model.evaluate(X, Y, verbose=0, return_dict=True).keys() == {"loss", "mae"}


def test_evaluate_and_predict_change_nothing():
    model = classifier()
    model.fit(X, LABELS, verbose=0)
    before = [v.numpy() for v in model.variables_of_training()]
    first = model.predict(X)
    model.evaluate(X, LABELS, verbose=0)
    assert np.array_equal(first, model.predict(X, batch_size=5))
    assert all(
        np.array_equal(a, b) for a, b in zip(before, [v.numpy() for v in model.variables_of_training()], strict=True)
    )


def test_cross_entropies_are_computed_from_logits():
    model = classifier()
    names = [step.op.name for step in model.step_list(5, model.prepare_data(X, LABELS)).steps]
    assert "sparse_softmax_cross_entropy" in names
    assert names.count("softmax") == 1  # forward only: its backward is part of the loss
    model = Sequential([Input((4,)), layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    names = [step.op.name for step in model.step_list(5, model.prepare_data(X, Y > 0)).steps]
    assert "sigmoid_cross_entropy" in names
    assert names.count("sigmoid") == 1


def test_custom_losses_and_metrics_compose_operations():
    def quartic(y_true, y_pred):
        return ops.mean(ops.square(ops.square(y_pred - y_true)), axis=-1)

    def bias(y_true, y_pred):
        return ops.mean(y_pred - y_true, axis=-1)

    model = linear()
    model.compile("sgd", quartic, metrics=[bias, "mse"])
    error = (model.predict(X) - Y).astype("float64")
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    expected = {"loss": np.mean(error**4), "bias": np.mean(error), "mse": np.mean(error**2)}
    assert found == pytest.approx(expected, rel=1e-4)


def test_a_loss_added_by_a_layer():
    class Pressed(layers.Layer):
        def call(self, x):
            self.add_loss(ops.sum(ops.square(x)) * 0.5)
            return x

    model = Sequential([Input((4,)), Pressed(), layers.Dense(1, activity_regularizer="l1")])
    model.compile(fastnn.optimizers.SGD(0.0), "mse")
    output = model.predict(X)
    expected = np.mean((output - Y) ** 2) + 0.5 * np.sum(X**2) + 0.01 * np.abs(output).sum() / 23
    assert model.evaluate(X, Y, batch_size=23, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_frozen_weights_stay_and_plans_follow_the_flag():
    model = linear()
    model.fit(X, Y, verbose=0)
    model.layers[0].bias.trainable = False
    kernel, bias = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert np.array_equal(model.get_weights()[1], bias)
    assert not np.array_equal(model.get_weights()[0], kernel)
    model.layers[0].trainable = True
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(model.get_weights()[1], bias)


def test_metrics_may_come_third():
    model = linear()
    with pytest.warns(DeprecationWarning, match="metrics="):
        model.compile("sgd", "mse", ["mae"])
    assert model.metrics_names == ["loss", "mae"]


def test_a_changed_stack_is_seen():
    model = Sequential([Input((4,)), layers.Dense(1), layers.Activation("relu")])
    model.compile("sgd", "mse")
    first = model.predict(X)
    model.pop()
    model.add(layers.Activation("sigmoid"))
    changed = model.predict(X)
    assert (first >= 0).all()
    assert np.allclose(changed, 1 / (1 + np.exp(-(X @ model.get_weights()[0]))), rtol=1e-5)


def test_single_batches():
    model = linear()
    expected = np.mean((model.predict(X[:5]) - Y[:5]) ** 2)
    assert model.test_on_batch(X[:5], Y[:5])[0] == pytest.approx(expected, rel=1e-5)
    assert model.train_on_batch(X[:5], Y[:5])[0] == pytest.approx(expected, rel=1e-5)
    assert model.train_on_batch(X[:5], Y[:5], return_dict=True)["loss"] < expected
    assert int(model.optimizer.iterations) == 2
    assert np.array_equal(model.predict_on_batch(X[:5]), model.predict(X[:5]))


# ---------------------------------------------------------------- bits


@pytest.mark.parametrize("shuffle", [False, True])
def test_fit_gives_the_same_bits_as_stepping(shuffle):
    fitted, stepped = classifier(), classifier()
    stepped.set_weights(fitted.get_weights())
    fitted.fit(X, LABELS, batch_size=8, epochs=2, shuffle=shuffle, verbose=0)
    stepper = fastnn.Stepper(stepped, X, LABELS, batch_size=8, shuffle=shuffle, in_place=True)
    for _ in range(6):
        stepper.finish_step()
    for a, b in zip(fitted.variables_of_training(), stepped.variables_of_training(), strict=True):
        assert np.array_equal(a.value, b.value), a.path


def test_the_same_seed_gives_the_same_bits_whatever_the_threads():
    found = []
    for count in (1, 2, 2):
        execute.threads(count)
        fastnn.utils.set_random_seed(4)
        model = classifier()
        model.fit(X, LABELS, epochs=3, batch_size=8, verbose=0)
        found.append(model.get_weights())
    for other in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_two_fits_are_one_longer_fit():
    once, twice = classifier(), classifier()
    twice.set_weights(once.get_weights())
    once.fit(X, LABELS, epochs=4, batch_size=8, verbose=0)
    for _ in range(2):
        twice.fit(X, LABELS, epochs=2, batch_size=8, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(once.get_weights(), twice.get_weights(), strict=True))


class Counting(callbacks.Callback):
    """Notes every hook."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(("begin", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(("end", batch, logs["loss"]))


def test_batch_hooks_change_no_bits():
    fast, slow, counting = classifier(), classifier(), Counting()
    slow.set_weights(fast.get_weights())
    history = fast.fit(X, LABELS, batch_size=8, epochs=2, verbose=0).history
    assert slow.fit(X, LABELS, batch_size=8, epochs=2, verbose=0, callbacks=[counting]).history == history
    assert [c[:2] for c in counting.calls] == [(w, b) for _ in range(2) for b in range(3) for w in ("begin", "end")]
    assert counting.calls[-1][2] == history["loss"][-1]
    assert all(np.array_equal(a, b) for a, b in zip(fast.get_weights(), slow.get_weights(), strict=True))


def test_interrupt_leaves_whole_steps_and_the_history(interruptible):
    model = Sequential([Input((64,)), layers.Dense(128, activation="tanh"), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = RNG.normal(size=(2000, 64)).astype("float32")
    timer = threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGINT))
    begin = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: timer.start() if epoch == 1 else None)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, x[:, :1], batch_size=1, epochs=10_000, verbose=0, callbacks=[begin])
    timer.join()
    steps = int(model.optimizer.iterations)
    told = len(model.history.history["loss"])
    assert told in (steps // 2000, steps // 2000 - 1)  # it may come between an epoch's last step and its logs
    assert told > 0
    assert np.isfinite(model.get_weights()[0]).all()
    model.fit(x, x[:, :1], batch_size=100, verbose=0)
    assert int(model.optimizer.iterations) == steps + 20


def test_nan_passes_through():
    model = linear()
    x = X.copy()
    x[3, 2] = np.nan
    history = model.fit(x, Y, epochs=5, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert np.isnan(history.history["loss"]).tolist() == [True]
    assert np.isnan(model.predict(X)).all()


# ---------------------------------------------------------------- data


def test_data_in_other_types_and_shapes():
    expected = None
    for x, y in ((X, Y), (X.tolist(), Y.ravel().tolist()), (X.astype("float64"), Y[:, 0]), (np.asfortranarray(X), Y)):
        fastnn.utils.set_random_seed(1)
        model = linear()
        model.fit(x, y, verbose=0, shuffle=False, batch_size=8)
        expected = expected or model.get_weights()
        assert all(np.array_equal(a, b) for a, b in zip(expected, model.get_weights(), strict=True))
    model.fit((X * 10).astype("int64"), np.arange(23), verbose=0)
    model.fit(list(X), [np.array([v]) for v in Y[:, 0]], validation_split=0.2, verbose=0)
    model.fit([X], [Y], validation_split=0.2, verbose=0)


def test_labels_in_a_column_or_as_floats():
    model = classifier()
    expected = model.evaluate(X, LABELS, verbose=0)
    assert model.evaluate(X, LABELS[:, None], verbose=0) == expected
    assert model.evaluate(X, LABELS.astype("float64"), verbose=0) == expected


def test_validation_split_takes_the_end():
    model = linear()
    model.compile(fastnn.optimizers.SGD(0.0), "mse")
    history = model.fit(X, Y, validation_split=0.3, verbose=0).history
    at = int(23 * 0.7)
    assert history["loss"][0] == pytest.approx(model.evaluate(X[:at], Y[:at], verbose=0), rel=1e-5)
    assert history["val_loss"][0] == pytest.approx(model.evaluate(X[at:], Y[at:], verbose=0), rel=1e-5)


def test_sample_weights_of_zero_hide_samples():
    weighted, less = linear(), linear()
    less.set_weights(weighted.get_weights())
    weights = (np.arange(20) < 10).astype("float32") * 2
    weighted.fit(X[:20], Y[:20], sample_weight=weights, batch_size=20, verbose=0)
    less.fit(X[:10], Y[:10], batch_size=10, verbose=0)
    for a, b in zip(weighted.get_weights(), less.get_weights(), strict=True):
        assert np.allclose(a, b, rtol=1e-5)


def test_class_weights_are_sample_weights():
    by_class, by_sample = classifier(), classifier()
    by_sample.set_weights(by_class.get_weights())
    by_class.fit(X, LABELS, class_weight={0: 2.0, 2: 0.5}, verbose=0)
    by_sample.fit(X, LABELS, sample_weight=np.array([2.0, 1.0, 0.5])[LABELS], verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(by_class.get_weights(), by_sample.get_weights(), strict=True))


def test_generators_and_sequences_train_like_arrays():
    class Batches:
        def __len__(self):
            return 3

        def __getitem__(self, k):
            return X[8 * k : 8 * k + 8], LABELS[8 * k : 8 * k + 8]

    def forever():
        while True:
            yield from (Batches()[k] for k in range(3))

    models = [classifier() for _ in range(3)]
    for model in models[1:]:
        model.set_weights(models[0].get_weights())
    history = models[0].fit(X, LABELS, batch_size=8, shuffle=False, epochs=2, verbose=0).history
    assert models[1].fit(Batches(), shuffle=False, epochs=2, verbose=0).history == history
    assert models[2].fit(forever(), epochs=2, steps_per_epoch=3, verbose=0).history == history
    assert models[1].evaluate(Batches(), verbose=0) == models[0].evaluate(X, LABELS, batch_size=8, verbose=0)


def test_several_outputs_by_list_and_by_name():
    x = Input((4,))
    model = Model(x, [layers.Dense(1, name="a")(x), layers.Dense(3, activation="softmax", name="b")(x)])
    model.compile(
        "sgd", ["mse", "sparse_categorical_crossentropy"], loss_weights=[0.5, 2.0], metrics=[["mae"], ["accuracy"]]
    )
    history = model.fit(X, [Y, LABELS], verbose=0, validation_data=(X, [Y, LABELS])).history
    names = ["loss", "a_loss", "b_loss", "a_mae", "b_accuracy"]
    assert set(history) == {*names, *(f"val_{n}" for n in names)}
    assert model.metrics_names == names
    logs = model.evaluate(X, {"a": Y, "b": LABELS}, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(0.5 * logs["a_loss"] + 2 * logs["b_loss"], rel=1e-5)
    assert logs == pytest.approx({k.removeprefix("val_"): v[0] for k, v in history.items() if k.startswith("val_")})


# ---------------------------------------------------------------- callbacks and printing


def test_early_stopping_restores_the_best_weights():
    model = linear()
    stop = callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    rates = callbacks.LearningRateScheduler(lambda epoch: 0.05 if epoch < 4 else 5.0)
    history = model.fit(X, Y, epochs=50, verbose=0, callbacks=[stop, rates]).history["loss"]
    assert len(history) < 50
    assert stop.best == min(history)
    assert model.evaluate(X, Y, verbose=0)[0] < history[-1]


def test_lambda_callbacks_and_the_learning_rate():
    model, seen = linear(), []
    model.fit(
        X,
        Y,
        epochs=3,
        verbose=0,
        callbacks=[
            callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
            callbacks.LambdaCallback(on_epoch_end=lambda e, logs: seen.append(float(model.optimizer.learning_rate))),
        ],
    )
    assert seen == pytest.approx([0.025, 0.0125, 0.00625])


def test_what_is_printed(capsys):
    linear().fit(X, Y, epochs=2, batch_size=8)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("Epoch")] == ["Epoch 1/2", "Epoch 2/2"]
    assert all("3/3 - 0s" in line and " - loss: " in line and " - mae: " in line for line in lines[1::2])
    linear().fit(X, Y, verbose=0)
    assert capsys.readouterr().out == ""


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (lambda m: Sequential([Input((4,)), layers.Dense(1)]).fit(X, Y), "compile"),
        (lambda m: m.compile("adamm", "mse"), "did you mean 'adam'"),
        (lambda m: m.compile("adam", "mean_squared_eror"), "did you mean 'mean_squared_error'"),
        (lambda m: m.compile("adam", "mse", metrics=["acuracy"]), "accuracy"),
        (lambda m: m.compile("adam", {"ot": "mse"}), "did you mean 'out'"),
        (lambda m: m.compile("adam", ["mse", "mse"]), r"1 output\(s\)"),
        (lambda m: (m := linear(), m.compile("adam"), m.fit(X, LABELS)), "No loss"),
        (lambda m: m.fit(X, LABELS[:-1]), "'x' 23, 'y_true' 22"),
        (lambda m: m.fit(X[:, :3], LABELS), r"\(None, 4\).*\(23, 3\)"),
        (lambda m: m.fit(X[:0], LABELS[:0]), "at least one sample"),
        (lambda m: m.fit(X, LABELS + 1), "Received: 3 in row"),
        (lambda m: m.fit(X, LABELS - 1), "Received: -1 in row"),
        (lambda m: m.fit(X, np.eye(3)[LABELS]), "categorical_crossentropy"),
        (lambda m: m.fit(X, LABELS + 0.5), "whole numbers"),
        (lambda m: m.fit(X, LABELS, batch_size=0), "batch_size=0"),
        (lambda m: m.fit(X, LABELS, batch_size=2.5), "batch_size=2.5"),
        (lambda m: m.fit(X, LABELS, epochs=-1), "epochs=-1"),
        (lambda m: m.fit(X, LABELS, verbose=7), "verbose=7"),
        (lambda m: m.fit(X, LABELS, callbacks=[3]), "callbacks"),
        (lambda m: m.fit(X, LABELS, validation_split=1.0), "validation_split"),
        (lambda m: m.fit(X, LABELS, validation_data=X), "validation_data"),
        (lambda m: m.fit(X, LABELS, sample_weight=np.ones(3)), "'sample_weight' 3"),
        (lambda m: m.fit(X, LABELS, class_weight=2), "class_weight"),
        (lambda m: m.fit(X), "targets y"),
        (lambda m: m.fit([["a"] * 4] * 23, LABELS), "numbers"),
        (lambda m: m.fit([[1.0], [1.0, 2.0]], [0, 1]), "equal length|numbers"),
        (lambda m: m.predict(X[0]), r"shape \(4,\)"),
        (lambda m: m.predict(None), "Expected x"),
        (lambda m: m.evaluate(X), "targets y"),
        (lambda m: m.fit(X, LABELS, callbacks=callbacks.EarlyStopping("val_los"), verbose=0), "monitor"),
        (lambda m: callbacks.LambdaCallback(on_epoch_stop=print), "on_epoch_stop"),
    ],
)
def test_bad_input_is_named(run, words):
    with pytest.raises((ValueError, TypeError), match=words):
        run(classifier())


def test_categorical_targets_as_numbers_say_what_to_do():
    model = classifier()
    model.compile("adam", "categorical_crossentropy")
    with pytest.raises(ValueError, match="sparse_categorical_crossentropy"):
        model.fit(X, LABELS)


@pytest.mark.parametrize("metrics", [None, ["mae"]])
def test_streams_average_over_all_batches(metrics):
    x = np.arange(10, dtype=np.float32)[:, None]
    y = x**2
    model = Sequential([Input((1,)), layers.Dense(1)])
    model.set_weights([[[1.0]], [0.5]])
    model.compile(fastnn.optimizers.SGD(0.0), "mse", metrics=metrics)
    batches = fastnn.data.Dataset.from_tensor_slices((x, y)).batch(4)  # of 4, 4 and 2
    wanted = model.evaluate(x, y, verbose=0)
    np.testing.assert_allclose(model.evaluate(batches, verbose=0), wanted, rtol=1e-6)
    history = model.fit(batches, epochs=2, validation_data=batches, verbose=0).history
    loss = np.mean((model.predict(x, verbose=0) - y) ** 2)
    np.testing.assert_allclose(history["loss"] + history["val_loss"], loss, rtol=1e-6)
