"""A plan said for people: every step is in a row or said to have gone, and the figures are those of the memory."""

import math

import numpy as np
import pytest

import fastnn
from fastnn import layers, ops, presets
from fastnn.engine.description import step_flops
from fastnn.engine.plan import Plan

SMALL = [name for name in presets.PRESETS if name != "mnist-cnn"]


def compiled(*stack, shape, loss="mse", optimizer="adam", metrics=None):
    model = fastnn.Sequential([layers.Input(shape), *stack])
    model.compile(optimizer, loss, metrics=metrics)
    return model


def convolutional():
    return compiled(
        layers.Conv2D(3, 3, activation="relu", name="first"),
        layers.Conv2D(4, 3, activation="relu", name="second"),
        layers.Flatten(name="flat"),
        layers.Dense(5, "relu", name="hidden"),
        layers.Dense(2, name="last"),
        shape=(8, 8, 2),
    )


def of_layer(description, layer, phase):
    return [line.work for line in description.rows if line.layer == layer and line.phase == phase]


def test_fusions_are_named_and_what_they_did_away_with_is_listed():
    found = convolutional().plan(batch_size=6)
    assert of_layer(found, "first", "forward") == ["conv2d + relu"]
    assert of_layer(found, "hidden", "forward") == ["dense + relu"]
    assert of_layer(found, "last", "backward") == ["dense backward, masked by relu"]
    assert of_layer(found, "flat", "forward") == []
    assert {"first.conv2d", "second.conv2d", "hidden.dense"} <= set(found.hidden)
    assert found.second_names["flat.flatten"] == "second.relu"
    assert not set(found.second_names) & set(found.hidden)
    assert not set(found.second_names.values()) & set(found.hidden)
    text = str(found)
    for said in ("conv2d + relu", "Never written: first.conv2d", "flat.flatten = second.relu", "masked by relu"):
        assert said in text
    assert all(name in {*found.plan.listing.values} for line in found.rows for name in (*line.reads, *line.writes))


def test_a_batch_norm_is_one_kernel_with_the_names_of_its_steps():
    x = layers.Input((8, 8, 4))
    h = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, padding="same", name="conv")(x))
    h = layers.ReLU(name="relu")(layers.Add(name="sum")([h, x]))
    model = fastnn.Model(x, layers.Dense(2)(layers.Flatten()(h)))
    model.compile("sgd", "mse")
    found = model.plan(3)
    forward, back = (line for line in found.rows if line.work.startswith("fused_batch_norm"))
    assert forward.work == "fused_batch_norm: standardize + multiply + add + add + relu"
    assert back.work == "fused_batch_norm: relu, add, multiply, standardize backward"
    assert {"norm.standardize", "norm.add", "sum.add"} <= set(found.hidden)
    assert not set(found.hidden) & {name for line in found.rows for name in (*line.reads, *line.writes)}
    assert forward.flops == 5 * 3 * 8 * 8 * 4


def test_a_value_written_over_an_operand_is_said():
    found = compiled(layers.Dense(3), layers.Activation("tanh"), layers.Activation("sigmoid"), shape=(4,)).plan(5, None)
    over = {line.work: (line.memory, line.over) for line in found.rows}
    dense = next(line for line in found.rows if line.work == "dense")
    assert over["tanh"] == (dense.memory, dense.writes)
    assert "over" in str(found)
    for line in found.rows:
        for name in line.over:
            assert np.shares_memory(found.plan.buffers[name], found.plan.buffers[line.writes[0]])


def test_updates_write_to_their_variables_and_over_nothing():
    found = convolutional().plan()
    updates = [line for line in found.rows if line.phase == "update"]
    assert updates
    for line in updates:
        assert not line.over
        assert not any(place.startswith("#") for place in line.memory)


@pytest.mark.parametrize("name", SMALL)
def test_every_step_of_a_preset_is_accounted_for(name):
    preset = presets.get(name)
    x, y = preset.data()
    model = preset.build()
    found = model.plan(preset.batch_size or 32, x=x, y=y)
    done = sorted([i for line in found.rows for i in line.steps] + list(found.steps_not_run))
    assert done == list(range(len(found.plan.listing.steps)))
    for i in found.steps_not_run:
        assert all(n in {*found.second_names, *found.hidden} for n in found.plan.listing.steps[i].outputs)
    t = found.totals
    assert t["rows"] + t["fused"] + t["not_run"] == t["steps"] == len(found.plan.listing.steps)
    assert t["flops"] <= sum(map(step_flops, found.plan.listing.steps))
    assert t["buffer_bytes"] <= t["unshared_bytes"]
    assert t["variable_bytes"] == sum(
        v.value.nbytes
        for v in {v.source for v in found.plan.listing.values.values() if v.role in ("parameter", "state")}
    )
    assert len(str(found).splitlines()) > len(found.rows)


def test_memory_of_a_plan_is_what_its_buffers_take():
    found = convolutional().plan(6)
    t, arrays = found.totals, found.plan.buffers
    distinct = {}
    for name in {n for line in found.plan.program.rows for n in line.writes}:
        if found.plan.listing.values[name].role in ("activation", "gradient"):
            start = arrays[name].__array_interface__["data"][0]
            distinct[start] = max(distinct.get(start, 0), arrays[name].nbytes)
    assert t["buffers"] == len(distinct)
    assert t["buffer_bytes"] == sum(distinct.values())
    whole = t["buffer_bytes"] + t["fed_bytes"] + t["variable_bytes"] + t["constant_bytes"]
    assert found.plan.bytes <= whole
    kept = Plan(found.plan.listing, keep=True).describe()
    assert kept.totals["rows"] == kept.totals["steps"]
    assert kept.totals["buffer_bytes"] == kept.totals["unshared_bytes"] > t["buffer_bytes"]
    assert not kept.hidden
    assert not kept.second_names


def test_work_of_a_row_is_that_of_the_gradients_it_writes():
    found = compiled(layers.Dense(3, name="a"), layers.Dense(2, name="b"), shape=(4,)).plan(10)
    back = {line.layer: line for line in found.rows if line.work == "dense backward"}
    assert back["a"].flops == 2 * 10 * 4 * 3 + 10 * 3  # nobody needs the gradient of the input
    assert back["b"].flops == 2 * (2 * 10 * 3 * 2) + 10 * 2
    arrays = found.plan.buffers
    assert back["b"].bytes == sum(arrays[n].nbytes for n in (*back["b"].reads, *back["b"].writes))


def test_a_plan_is_made_without_data_and_is_that_of_fit():
    model = convolutional()
    plan = model.plan(6).plan
    assert model._plans
    before = [w.numpy() for w in model.weights]
    rng = np.random.default_rng(0)
    model.fit(rng.normal(size=(12, 8, 8, 2)), rng.normal(size=(12, 2)), batch_size=6, verbose=0)
    assert list(model._plans.values()) == [plan]
    assert any(not np.array_equal(a, w.numpy()) for a, w in zip(before, model.weights, strict=True))


@pytest.mark.parametrize(
    ("loss", "last"),
    [("sparse_categorical_crossentropy", "softmax"), ("binary_crossentropy", "sigmoid"), ("mse", None)],
)
def test_targets_are_shaped_as_the_loss_takes_them(loss, last):
    model = compiled(layers.Dense(4, last), shape=(3,), loss=loss, metrics=["accuracy"])
    for training in (True, False, None):
        found = model.plan(training=training)
        assert found.plan.listing.values[found.plan.listing.inputs[0]].shape == (32, 3)
        assert any(line.phase == "backward" for line in found.rows) == bool(training)


def test_several_inputs_and_outputs_have_a_plan():
    a, b = layers.Input((3,), name="a"), layers.Input((2,), dtype="int32", name="b")
    seen = layers.Concatenate()([a, layers.Flatten()(layers.Embedding(5, 2)(b))])
    model = fastnn.Model([a, b], [layers.Dense(1, name="one")(seen), layers.Dense(3, "softmax", name="two")(seen)])
    model.compile("sgd", ["mse", "sparse_categorical_crossentropy"])
    assert {"one", "two"} <= {line.layer for line in model.plan(4).rows}


def test_what_needs_data_says_so_and_has_a_plan_with_it():
    class Written(fastnn.Model):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(2)

        def call(self, x):
            return self.inner(x)

    model = Written()
    with pytest.raises(ValueError, match="compile"):
        model.plan()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"Expected x for model .* shapes follow from data"):
        model.plan()
    x, y = np.zeros((5, 3)), np.zeros((5, 2))
    assert model.plan(x=x, y=y).plan.listing.values["x"].shape == (5, 3)
    open_ended = compiled(layers.LSTM(4), layers.Dense(1), shape=(None, 2))
    with pytest.raises(ValueError, match=r"Expected x and y .* open shape \(None, None, 2\)"):
        open_ended.plan()
    assert "lstm" in str(open_ended.plan(x=np.zeros((2, 7, 2)), y=np.zeros((2, 1))))
    with pytest.raises(ValueError, match="batch_size"):
        open_ended.plan(0)


def test_a_model_that_decides_on_values_has_the_plan_of_the_rows_given():
    class Deciding(fastnn.Model):
        def call(self, x):
            return ops.tanh(x) if float(ops.mean(x)) > 0 else ops.relu(x)

    model = Deciding()
    with pytest.warns(UserWarning, match="decides on values"):
        assert [line.work for line in model.plan(training=None, x=np.ones((2, 3))).rows] == ["mean", "tanh"]
    assert [line.work for line in model.plan(training=None, x=-np.ones((2, 3))).rows] == ["mean", "relu"]


def test_float64_lists_are_described_too():
    model = fastnn.Sequential([layers.Input((3,), dtype="float64"), layers.Dense(2, "relu", dtype="float64")])
    found = model.plan(4, None)
    assert [line.work for line in found.rows] == ["dense", "relu"]
    assert found.totals["scratch_bytes"] == 0
    assert found.rows[0].bytes == 8 * (math.prod((4, 3)) + 6 + 2 + 8)
