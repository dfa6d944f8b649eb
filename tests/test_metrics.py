"""Metrics where the golden cases do not reach: batches of other shapes, runs one after the other, own classes."""

import numpy as np
import pytest

import fastnn
from fastnn import metrics, ops
from fastnn.data import Dataset

X, Y = np.arange(12, dtype="float32").reshape(6, 2), np.arange(6, dtype="float32")[:, None]


def test_a_sample_counts_once_however_many_numbers_it_has():
    metric = metrics.MeanSquaredError()
    for length, error in ((1, 1.0), (4, 0.0)):
        metric.update_state(np.zeros((2, length, 3)), np.full((2, length, 3), error))
    assert float(metric.result()) == 0.5


def test_r2_of_targets_that_are_all_the_same():
    assert float(metrics.R2Score()([[2.0], [2.0]], [[1.0], [3.0]])) == 0.0


class Rows(metrics.Metric):
    """How many rows it has seen."""

    def __init__(self, by_numpy=False, **kwargs):
        super().__init__(**kwargs)
        self.by_numpy, self.seen = by_numpy, self.add_weight(name="seen")

    def update_state(self, y_true, y_pred, sample_weight=None):
        if self.by_numpy:
            self.seen.assign_add(float(len(np.asarray(y_pred))))
        else:
            self.seen.assign_add(ops.sum(ops.ones_like(y_pred)))

    def result(self):
        return self.seen


def compiled(*given, **more):
    model = fastnn.Sequential([fastnn.Input((2,)), fastnn.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=list(given), **more)
    return model


@pytest.mark.filterwarnings("ignore:.*decides on values")
@pytest.mark.parametrize("by_numpy", [False, True])
@pytest.mark.parametrize("source", ["arrays", "dataset", "generator"])
def test_own_metrics_start_anew_with_every_epoch_and_evaluation(source, by_numpy):
    def data():
        dataset = Dataset.from_tensor_slices((X, Y)).batch(4)
        if source == "generator":
            return ((x, y) for _ in range(9) for x, y in dataset)
        return dataset

    model = compiled(Rows(by_numpy, name="rows"))
    steps = {"steps_per_epoch": 2, "validation_steps": 2} if source == "generator" else {}
    given = {"x": X, "y": Y, "batch_size": 4, "validation_data": (X, Y)}
    arguments = given if source == "arrays" else {"x": data(), "validation_data": data(), **steps}
    history = model.fit(**arguments, epochs=3, verbose=0).history
    assert history["rows"] == history["val_rows"] == [6.0] * 3
    for _ in range(2):
        evaluated = {"x": X, "y": Y} if source == "arrays" else {"x": data(), "steps": 2 if steps else None}
        assert model.evaluate(**evaluated, verbose=0, return_dict=True)["rows"] == 6.0


def test_the_same_metric_plain_and_weighted():
    model = compiled("mae", weighted_metrics=["mae"])
    logs = model.evaluate(X, Y, sample_weight=np.arange(6.0), verbose=0, return_dict=True)
    errors = np.abs(model.predict(X, verbose=0) - Y)[:, 0]
    assert logs["mae"] == pytest.approx(errors.mean(), rel=1e-5)
    assert logs["weighted_mae"] == pytest.approx((errors * np.arange(6)).sum() / 15, rel=1e-5)


def test_evaluate_lists_numbers_as_they_were_asked_for():
    model = compiled("mse", "mae")
    found = model.evaluate(X, Y, verbose=0)
    named = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert found == [named["loss"], named["mse"], named["mae"]]


def test_a_function_of_comparisons_is_a_metric():
    def close(y_true, y_pred):
        return ops.cast(abs(y_true - y_pred) < 2.0, "float32")

    model = compiled(close)
    expected = np.mean(np.abs(model.predict(X, verbose=0) - Y) < 2)
    assert model.evaluate(X, Y, verbose=0)[1] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: metrics.Precision(thresholds=1.5), "thresholds"),
        (lambda: metrics.Recall(class_id=7)([[0, 1]], [[0.5, 0.5]]), "class_id"),
        (lambda: metrics.AUC(num_thresholds=1), "num_thresholds"),
        (lambda: metrics.AUC(curve="sharp"), "curve"),
        (lambda: metrics.AUC(summation_method="none"), "summation_method"),
        (lambda: metrics.FBetaScore(beta=-1.0), "beta"),
        (lambda: metrics.F1Score(average="all"), "average"),
        (lambda: metrics.F1Score(threshold=2.0), "threshold"),
        (lambda: metrics.R2Score(num_regressors=-1), "num_regressors"),
        (lambda: metrics.IoU(2, [5]), "target_class_ids"),
        (lambda: metrics.MeanIoU(0), "num_classes"),
        (lambda: metrics.SparseTopKCategoricalAccuracy(k=0)([0], [[0.1, 0.9]]), "k to be"),
        (lambda: metrics.SensitivityAtSpecificity(1.5), "specificity"),
        (lambda: metrics.PrecisionAtRecall(0.5, num_thresholds=0), "num_thresholds"),
        (lambda: metrics.get("precison"), "precision"),
        (lambda: metrics.F1Score()([1, 0], [0.2, 0.3]), "classes"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


class Tracking(fastnn.Model):
    """A model whose `call` tells metrics of its own what it sees."""

    def __init__(self, inner=None):
        super().__init__()
        self.dense = fastnn.layers.Dense(1, kernel_initializer="ones")
        self.trackers = [fastnn.metrics.Mean(name="size"), fastnn.metrics.Mean(name="loss")][: 1 + bool(inner)]
        self.inner = inner

    def call(self, x):
        y = self.dense(x)
        self.trackers[0].update_state(fastnn.ops.square(y))
        return y


class Sizing(fastnn.layers.Layer):
    """A layer with a metric."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.size = fastnn.metrics.Mean(name="size")

    def call(self, x):
        self.size.update_state(x)
        return x * 1.0


@pytest.mark.parametrize("source", ["arrays", "batches"])
def test_metrics_that_call_updates_are_in_the_history(source):
    x = np.arange(12, dtype="float32").reshape(6, 2) / 10
    y = x.sum(1, keepdims=True)  # what the layer gives, so that nothing changes
    model = Tracking()
    model.compile("sgd", "mse", metrics=["mae"])
    data = (
        {"x": x, "y": y, "batch_size": 4} if source == "arrays" else {"x": Dataset.from_tensor_slices((x, y)).batch(4)}
    )
    history = model.fit(**data, epochs=2, shuffle=False, verbose=0, validation_data=(x[:3], y[:3])).history
    assert list(history) == ["loss", "mae", "size", "val_loss", "val_mae", "val_size"]
    assert np.allclose(history["size"], [np.mean(y**2)] * 2)
    assert np.allclose(history["val_size"], [np.mean(y[:3] ** 2)] * 2)
    assert model.metrics_names == ["loss", "mae", "size"]
    assert np.allclose(model.evaluate(x, y, verbose=0), [0, 0, np.mean(y**2)], atol=1e-6)
    assert np.isclose(model.train_on_batch(x[4:], y[4:])[2], np.mean(y[4:] ** 2))


def test_metrics_inside_of_layers_are_in_the_history():
    x = np.arange(6, dtype="float32").reshape(3, 2)
    inputs = fastnn.Input((2,))
    model = fastnn.Model(inputs, fastnn.layers.Dense(1)(Sizing()(inputs)))
    model.compile("sgd", "mse")
    history = model.fit(x, x[:, :1], epochs=2, verbose=0).history
    assert history["size"] == [2.5, 2.5]
    assert [m.name for m in model.metrics] == ["size"]


def test_a_tracker_called_loss_stands_for_the_loss_as_in_keras():
    x = np.ones((2, 2), "float32")
    model = Tracking(inner=True)
    model.compile("sgd", "mse")
    assert model.evaluate(x, x[:, :1], verbose=0, return_dict=True) == {"loss": 0.0, "size": 4.0}


@pytest.mark.parametrize(
    "make",
    [
        lambda value: metrics.BinaryCrossentropy(from_logits=value),
        lambda value: metrics.AUC(multi_label=value, name="a"),
        lambda value: metrics.MeanIoU(2, sparse_y_true=value, name="m"),
        lambda value: fastnn.losses.BinaryCrossentropy(value),
        lambda value: fastnn.losses.SparseCategoricalCrossentropy(from_logits=value),
    ],
)
def test_switches_of_metrics_and_losses_are_true_or_false(make):
    with pytest.raises(ValueError, match=r"to be True or False\. Received: .*='no'"):
        make("no")
    assert make(False).get_config() == make(0).get_config() != make(True).get_config()


class Nested(metrics.Metric):
    """A metric that holds a variable and another metric."""

    def __init__(self, name="nested"):
        super().__init__(name=name)
        self.seen = self.add_variable(name="seen")
        self.mean = metrics.Mean()
        self.largest = fastnn.Variable(0.0, trainable=False)

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.seen.assign_add(1.0)
        self.mean.update_state(y_pred)
        self.largest.assign(ops.maximum(self.largest, ops.max(y_pred)))

    def result(self):
        return self.largest + self.mean.result()


def test_metrics_in_metrics_start_anew_with_them():
    metric = Nested()
    assert [v.shape for v in metric.variables] == [(), (), *(v.shape for v in metric.mean.variables)]
    metric.update_state(None, fastnn.Tensor([1.0, 3.0]))
    assert float(metric.result()) == 5.0
    metric.reset_state()
    assert (float(metric.result()), float(metric.seen), float(metric.largest)) == (0.0, 0.0, 0.0)
    inputs = fastnn.Input((2,))
    model = fastnn.Model(inputs, inputs * 1.0)
    model.compile("sgd", "mse", metrics=[metric])
    for _ in range(2):
        assert model.evaluate(X[:3], X[:3], batch_size=2, verbose=0)[1] == np.max(X[:3]) + np.mean(X[:3])


@pytest.mark.parametrize("dtype", ["flot", 3, "complex64"])
def test_a_wrong_type_of_a_metric_is_named(dtype):
    with pytest.raises(ValueError, match="Expected dtype"):
        fastnn.metrics.Mean(dtype=dtype)
