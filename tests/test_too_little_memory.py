"""Too little memory, or too much asked for: an error that names it, and a model that is as it was."""

import numpy as np
import pytest

import fastnn
from fastnn import layers
from fastnn.engine import execute, memory
from fastnn.engine.stepper import Stepper
from fastnn.errors import ShapeError

X = np.random.default_rng(0).normal(size=(12, 6)).astype("float32")
Y = np.random.default_rng(1).normal(size=(12, 2)).astype("float32")


def network():
    fastnn.utils.set_random_seed(5)
    stack = [layers.Dense(7, "relu", name="hidden"), layers.BatchNormalization(), layers.Dropout(0.2), layers.Dense(2)]
    model = fastnn.Sequential([layers.Input((6,)), *stack])
    model.compile("adam", "mse", metrics=["mae"])
    return model


CALLS = {
    "fit": lambda model: model.fit(X, Y, batch_size=5, epochs=2, verbose=0).history["loss"],
    "evaluate": lambda model: model.evaluate(X, Y, verbose=0),
    "predict": lambda model: model.predict(X, verbose=0),
    "plan": lambda model: model.plan(4).totals["rows"],
    "profile": lambda model: len(model.plan(4).profile(X, Y, repeats=1, machine=object()).seconds[0]),
    "stepper": lambda model: Stepper(model, X, Y, batch_size=5).finish_step(),
    "train_on_batch": lambda model: model.train_on_batch(X, Y),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_allocation_that_fails_leaves_the_model_as_it_was_and_usable(name, monkeypatch):
    """Whichever allocation of a plan fails: the first, the second, … until none does."""
    expected = CALLS[name](untouched := network())
    aligned, failed = execute.aligned, 0
    while True:
        model = network()
        before, left = model.get_weights(), [failed]

        def scarce(shape, dtype, left=left):
            if left[0] == 0:
                raise MemoryError("no room")
            left[0] -= 1
            return aligned(shape, dtype)

        monkeypatch.setattr(execute, "aligned", scarce)
        try:
            CALLS[name](model)
        except MemoryError:
            failed += 1
        else:
            break
        finally:
            monkeypatch.setattr(execute, "aligned", aligned)
        for a, b in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        fastnn.utils.set_random_seed(5)
        fresh = network()
        model.set_weights(fresh.get_weights())
        np.testing.assert_array_equal(CALLS[name](model), expected)
        for a, b in zip(untouched.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    assert failed > 2


@pytest.mark.parametrize("rows", [2**31, 2**33, 2**40])
def test_a_batch_that_no_memory_holds_is_refused_by_name_and_bytes(rows):
    model = network()
    with pytest.raises(MemoryError, match=r"Layer 'hidden': .* Received: one that takes [\d,]+ bytes, 'hidden\.\w+"):
        model.plan(rows * 1000 if rows < 2**40 else rows)
    assert "dense" in str(model.plan(8))
    CALLS["fit"](model)


@pytest.mark.parametrize("rows", [2**49, 2**62, 2**70])
def test_numbers_of_rows_beyond_counting_are_refused_by_shape(rows):
    model = network()
    with pytest.raises(ShapeError, match=r"layer 'hidden' .* 2\*\*48 numbers"):
        model.plan(rows)
    CALLS["fit"](model)


@pytest.mark.parametrize("rows", [2**40, 2**62, 2**70])
def test_a_batch_size_beyond_the_data_is_that_of_the_data(rows):
    one, other = network(), network()
    one.fit(X, Y, batch_size=rows, verbose=0)
    other.fit(X, Y, batch_size=len(X), verbose=0)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("units", [2**40, 2**46, 2**70])
def test_weights_that_no_memory_holds_are_refused_by_name(units):
    with pytest.raises(MemoryError, match=r"Layer 'wide': no room for a weight of shape \(4, \d+\)"):
        fastnn.Sequential([layers.Input((4,)), layers.Dense(units, name="wide")])


def test_what_fits_neither_alone_nor_together_is_told_from_what_fits(monkeypatch):
    model = network()
    needed = model.plan(1000).totals
    exactly = needed["buffer_bytes"] + needed["fed_bytes"]
    monkeypatch.setattr(memory, "memory_of_machine", lambda: exactly // 2)
    with pytest.raises(MemoryError, match="expected a batch that fits"):
        network().plan(1000)
    monkeypatch.setattr(memory, "memory_of_machine", lambda: 2 * exactly)
    assert network().plan(1000).totals == needed


EMPTY = (X[:0], Y[:0])


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.fit(*EMPTY, verbose=0),
        lambda m: m.evaluate(*EMPTY, verbose=0),
        lambda m: m.predict(EMPTY[0], verbose=0),
        lambda m: m.train_on_batch(*EMPTY),
        lambda m: m.plan(x=EMPTY[0], y=EMPTY[1]),
        lambda m: Stepper(m, *EMPTY),
        lambda m: m.fit(X, Y, validation_data=EMPTY, verbose=0),
    ],
)
def test_batches_of_no_rows_are_refused(call):
    model = network()
    with pytest.raises(ValueError, match="at least one sample"):
        call(model)
    CALLS["fit"](model)


def test_calling_a_model_on_no_rows_gives_none():
    model = network()
    assert model(EMPTY[0]).shape == (0, 2)
    assert model.predict_on_batch(EMPTY[0]).shape == (0, 2)
