"""The same losses, layers, optimizers and trainings give the numbers that the real Keras 3 gave (golden/keras.npz)."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn.engine.graph import Trace
from fastnn.engine.plan import Plan, finish
from tests.golden import initial, losses, metrics, networks, optimizers
from tests.golden.case import numbers

HERE = Path(__file__).parent / "golden"
GOLDEN = dict(np.load(HERE / "keras.npz"))
OPTIMIZERS = list(optimizers.cases(fastnn))


def below(prefix):
    """Golden numbers whose name starts with a prefix, by the rest of the name."""
    found = {key[len(prefix) + 1 :]: value for key, value in GOLDEN.items() if key.startswith(f"{prefix}/")}
    assert found, prefix
    return found


def close(actual, expected, rtol=2e-5, atol=2e-6):
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=rtol, atol=atol)


def test_golden_numbers_are_of_keras_3():
    assert str(GOLDEN["version"]).startswith("3.")


@pytest.mark.parametrize("name", list(losses.cases(fastnn)))
def test_losses(name):
    loss, *batch = losses.cases(fastnn)[name]
    close(loss(*batch), GOLDEN[f"loss/{name}"])


@pytest.mark.parametrize("name", list(losses.cases(fastnn)))
def test_losses_in_a_step_list(name):
    """The same loss as a training step computes it, from data that is fed."""
    loss, y_true, y_pred, *weights = losses.cases(fastnn)[name]
    with Trace() as trace:
        fed = [trace.add_value(n, a.shape, a.dtype, "input") for n, a in (("t", y_true), ("p", y_pred))]
        fed += [trace.add_value("w", weights[0].shape, "float32", "input")] if weights else []
        value = loss(*fed)
        plan = Plan(finish(trace, fed, outputs=[value]))
    for tensor, data in zip(fed, (y_true, y_pred, *weights), strict=True):
        plan.load(tensor.name, data)
    plan.run()
    close(plan.array(value.name), GOLDEN[f"loss/{name}"])


@pytest.mark.parametrize("name", list(metrics.cases(fastnn)))
def test_metrics(name):
    metric, *data = metrics.cases(fastnn)[name]
    total = 0
    for k, (batch, weights) in enumerate(metrics.batches(*data)):
        metric.update_state(*batch, **weights)
        close(metric.result(), GOLDEN[f"metric/{name}/{k}"], rtol=1e-4)
        total = total + np.asarray(metric.count(*batch, **weights), "float64")
    close(metric.finish(total), GOLDEN[f"metric/{name}/{k}"], rtol=1e-4)
    metric.reset_state()
    metric.update_state(*batch, **weights)
    fresh = metrics.cases(fastnn)[name][0]
    fresh.update_state(*batch, **weights)
    close(metric.result(), np.asarray(fresh.result()))


@pytest.mark.parametrize("name", list(metrics.cases(fastnn)))
def test_metrics_are_made_anew_from_their_configuration(name):
    metric, *data = metrics.cases(fastnn)[name]
    copy = type(metric).from_config(metric.get_config())
    for batch, weights in metrics.batches(*data):
        for m in (metric, copy):
            m.update_state(*batch, **weights)
    np.testing.assert_array_equal(np.asarray(copy.result()), np.asarray(metric.result()))
    assert copy.name == metric.name


def test_means():
    for name, value in metrics.means(fastnn).items():
        close(value, GOLDEN[f"mean/{name}"])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name):
    found = optimizers.five_steps(fastnn, optimizers.cases(fastnn)[name])
    close(np.concatenate([v.ravel() for v in found]), GOLDEN[f"optimizer/{name}"], atol=1e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_are_made_anew_from_their_configuration(name):
    optimizer = optimizers.cases(fastnn)[name]
    copy = type(optimizer).from_config(json.loads(json.dumps(optimizer.get_config())))
    for a, b in zip(*(optimizers.five_steps(fastnn, o) for o in (optimizer, copy)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", list(optimizers.schedules(fastnn)))
def test_schedules(name):
    schedule = optimizers.schedules(fastnn)[name]
    close([float(schedule(step)) for step in optimizers.STEPS], GOLDEN[f"schedule/{name}"])
    copy = type(schedule).from_config(schedule.get_config())
    assert [float(copy(s)) for s in optimizers.STEPS] == [float(schedule(s)) for s in optimizers.STEPS]


@pytest.mark.parametrize("name", list(optimizers.constraints(fastnn)))
def test_constraints(name):
    constraint = optimizers.constraints(fastnn)[name]
    close(constraint(fastnn.Tensor(numbers(33, 4, 5))), GOLDEN[f"constraint/{name}"])
    copy = type(constraint).from_config(constraint.get_config())
    close(copy(fastnn.Tensor(numbers(33, 4, 5))), GOLDEN[f"constraint/{name}"])


@pytest.mark.parametrize("name", list(initial.cases(fastnn)))
def test_initializers_are_spread_alike(name):
    """Other random numbers, the same distribution: mean, deviation, ends and quantiles, in deviations."""
    initializer, shape = initial.cases(fastnn)[name]
    values = initializer(initial.SHAPES[shape])
    expected = GOLDEN[f"initializer/{name}"]
    mean, spread, least, most, *tenths = (initial.statistics(values) - expected) / expected[1]
    assert abs(mean) < 0.03
    assert abs(spread) < 0.02
    assert np.abs(tenths).max() < 0.08
    assert max(abs(least), abs(most)) < (1.5 if "ormal" in name or "orthogonal" in name else 0.02)
    if "orthogonal" in name:
        close(initial.gram(values), GOLDEN[f"gram/{name}"], atol=1e-5)
    copy = type(initializer).from_config(initializer.get_config())
    np.testing.assert_array_equal(copy(initial.SHAPES[shape]), values)


def test_initializers_without_chance():
    for name, values in initial.constants(fastnn).items():
        np.testing.assert_array_equal(values, GOLDEN[f"initializer/{name}"])


@pytest.mark.parametrize("name", list(initial.regularizers(fastnn)))
def test_regularizers(name):
    regularizer, w = initial.regularizers(fastnn)[name]
    close(regularizer(fastnn.Tensor(w)), GOLDEN[f"regularizer/{name}"])
    copy = type(regularizer).from_config(json.loads(json.dumps(regularizer.get_config())))
    close(copy(fastnn.Tensor(w)), GOLDEN[f"regularizer/{name}"])


def given(objects):
    """For every class the arguments that its golden objects differ from the defaults in."""
    found = {}
    for thing in objects:
        config = thing.get_config()
        for name, parameter in inspect.signature(type(thing)).parameters.items():
            if name in config and config[name] != parameter.default:
                found.setdefault(type(thing), set()).add(name)
        found.setdefault(type(thing), set())
    return found


@pytest.mark.parametrize(
    ("objects", "known"),
    [
        ([case[0] for case in losses.cases(fastnn).values()], fastnn.losses.CLASSES),
        ([case[0] for case in metrics.cases(fastnn).values()], fastnn.metrics.CLASSES),
        (list(optimizers.cases(fastnn).values()), fastnn.optimizers.CLASSES),
    ],
    ids=["losses", "metrics", "optimizers"],
)
def test_every_argument_occurs(objects, known):
    seen = given(objects)
    own = {
        "HalfSquaredError",
        "SquaredError",
        "Mean",
        "Sum",
        "MeanMetricWrapper",
    }  # not Keras', or tested by themselves
    for cls in (c for c in known.values() if c.__name__ not in own):
        parameters = inspect.signature(cls).parameters.values()
        wanted = {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)} - NO_NUMBER
        assert cls in seen, cls
        assert wanted <= seen[cls], f"{cls.__name__}: no golden case gives {wanted - seen[cls]}"


NO_NUMBER = {
    "dtype",
    "axis",
    "ignore_class",
    "ref_labels",
    "ref_embeddings",
    "class_aggregation",
}  # defaults given, or by themselves


@pytest.mark.parametrize("name", list(networks.TRAININGS))
def test_trainings(name):
    expected, found = below(f"training/{name}"), networks.train(fastnn, name)
    assert set(found) == set(expected)
    for key, value in expected.items():
        close(found[key], value, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["classifier", "two_by_two"])
def test_models_saved_by_keras_are_read_and_go_on_training(name):
    model = fastnn.models.load_model(HERE / f"{name}.keras")
    _, x, y, settings = networks.TRAININGS[name](fastnn)
    outputs = model.predict(x)
    for i, output in enumerate(outputs if isinstance(outputs, list) else [outputs]):
        close(output, GOLDEN[f"saved/{name}/output/{i}"])
    model.fit(x, y, epochs=1, shuffle=False, verbose=0, **settings)
    for i, weight in enumerate(model.get_weights()):
        close(weight, GOLDEN[f"saved/{name}/weight/{i}"], rtol=2e-4, atol=2e-5)
