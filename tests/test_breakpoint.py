"""The callback that stops fit at a condition and leaves a session file."""

import numpy as np
import pytest

import fastnn
from fastnn import presets
from fastnn.callbacks import Breakpoint
from fastnn.engine.batches import Feeds
from fastnn.engine.breaking import run_until
from fastnn.engine.conditions import GradientNorm, NonFinite
from fastnn.engine.stepper import Stepper
from fastnn.utils import session_file


def fit(name, rate=None, epochs=3, batch_size=None, seed=0, **options):
    preset = presets.get(name)
    fastnn.utils.set_random_seed(seed)
    model, (x, y) = preset.build(seed), preset.data()
    if rate is not None:
        model.optimizer.learning_rate = rate
    model.fit(x, y, batch_size or preset.batch_size or len(x), epochs=epochs, verbose=0, **options)
    return model


def test_it_stops_at_the_operation_that_the_stepper_finds(tmp_path):
    stop = Breakpoint(tmp_path / "nan.fastnn", verbose=0)
    model = fit("housing", 1e6, callbacks=[stop])
    preset = presets.get("housing")
    fresh, (x, y) = preset.build(0), preset.data()
    fresh.optimizer.learning_rate = 1e6
    stepper = Stepper(fresh, x, y, preset.batch_size, True, 0)
    expected = run_until(stepper, [NonFinite()], steps=60)
    assert (stop.hit.done, stop.hit.name, stop.hit.index) == (expected.done, expected.name, expected.index)
    assert int(model.optimizer.iterations) == expected.training_step + 1
    file = session_file.read(tmp_path / "nan.fastnn")
    again = Stepper(preset.build(0), Feeds(file.below("data")))
    again.resume(0, file.numbered("state"), [])
    again.goto(file.record["done"])
    for value in stepper.listing.values:
        if stepper.computed(value):
            np.testing.assert_array_equal(again.value(value), stepper.value(value), err_msg=value)


@pytest.mark.parametrize(
    ("options", "phase"),
    [
        ({"gradient_norm_above": 0.01}, "backward"),
        ({"gradient_norm_below": 1e9}, "backward"),
        ({"zero_share_above": 0.01}, "forward"),
        ({"accuracy": 0.5}, "loss"),
        ({"loss_factor": 1.01}, "loss"),
        ({"sample_wrong": 2}, "loss"),
    ],
)
def test_every_condition_stops_behind_its_operation(tmp_path, options, phase, capsys):
    stop = Breakpoint(tmp_path / "stop.fastnn", non_finite=False, **options)
    fit("digits-mlp", callbacks=[stop])
    listing_step = session_file.read(tmp_path / "stop.fastnn").record["done"] - 1
    assert stop.hit.done == listing_step + 1
    model = presets.get("digits-mlp").build(0)
    steps = Stepper(model, *presets.get("digits-mlp").data(), batch_size=32).steps
    assert steps[listing_step].phase == phase
    assert stop.hit.message in capsys.readouterr().out


def test_what_never_happens_changes_nothing(tmp_path):
    stop = Breakpoint(tmp_path / "x.fastnn", gradient_norm_above=1e9)
    watched, plain = fit("digits-mlp", epochs=1, callbacks=[stop]), fit("digits-mlp", epochs=1)
    assert stop.hit is None
    assert not (tmp_path / "x.fastnn").exists()
    assert all(np.array_equal(a.value, b.value) for a, b in zip(watched.weights, plain.weights, strict=True))


def test_batches_from_a_generator_are_watched_too(tmp_path):
    x = np.ones((4, 2), "float32")
    model = fastnn.Sequential([fastnn.layers.Input((2,)), fastnn.layers.Dense(1)])
    model.compile("sgd", "mse")
    batches = [(x, x[:, :1]), (x * np.float32(np.nan), x[:, :1])]
    stop = Breakpoint(tmp_path / "nan.fastnn", verbose=0)
    model.fit(iter(batches * 3), epochs=1, steps_per_epoch=6, verbose=0, callbacks=[stop])
    assert stop.hit.done == 1
    assert int(model.optimizer.iterations) == 2
    wrong = Breakpoint(tmp_path / "w.fastnn", non_finite=False, sample_wrong=1)
    with pytest.raises(ValueError, match=r"accuracy|array"):
        model.fit(iter(batches), epochs=1, steps_per_epoch=1, verbose=0, callbacks=[wrong])


def test_impossible_requests_are_refused(tmp_path):
    with pytest.raises(ValueError, match="fastnn"):
        Breakpoint(tmp_path / "x.txt")
    with pytest.raises(ValueError, match="at least one condition"):
        Breakpoint(tmp_path / "x.fastnn", non_finite=False)
    with pytest.raises(ValueError, match="relu"):
        fit("linear-example", callbacks=[Breakpoint(tmp_path / "x.fastnn", zero_share_above=0.5)])
    assert Breakpoint(tmp_path / "x.fastnn", gradient_norm_above=5).conditions[1] == GradientNorm(5.0)


def test_fit_keeps_values_for_breakpoints_only(tmp_path):
    model = fit("xor", epochs=1, callbacks=[Breakpoint(tmp_path / "x.fastnn")])
    assert all(plan.keep for plan in model._plans.values())
    model.fit(*presets.get("xor").data(), epochs=1, verbose=0, batch_size=4)
    assert not all(plan.keep for plan in model._plans.values())
    assert model.ran is None


class Passing(fastnn.layers.Layer):
    """A layer that no file knows."""

    def call(self, x):
        return x


def test_it_says_how_to_open_the_file_and_what_that_takes(tmp_path, capsys):
    path = tmp_path / "a place" / "nan.fastnn"
    path.parent.mkdir()
    model = fastnn.Sequential([fastnn.layers.Input((1,)), Passing(), fastnn.layers.Dense(1)])
    model.compile(fastnn.optimizers.SGD(1e20), "mse")
    model.fit([[1.0]], [[3.0]], epochs=20, verbose=0, callbacks=[Breakpoint(path)])
    said = capsys.readouterr().out
    assert f"python -m gui '{path}'" in said
    assert "'Passing'" in said
    assert "register_keras_serializable" in said
