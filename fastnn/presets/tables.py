"""Numbers in, numbers out: prices of houses and loads of buildings; several inputs and outputs."""

from __future__ import annotations

from typing import Any

from fastnn import layers, models, optimizers
from fastnn.datasets import energy, houses
from fastnn.presets.table import Data, Preset, register


def housing() -> Any:
    """8-64-64-1, relu; RMSprop on the squared error."""
    model = models.Sequential(
        [
            layers.Input((8,), name="features"),
            layers.Dense(64, activation="relu", name="hidden1"),
            layers.Dense(64, activation="relu", name="hidden2"),
            layers.Dense(1, name="price"),
        ]
    )
    model.compile(optimizer=optimizers.RMSprop(learning_rate=0.001), loss="mse", metrics=["mae"])
    return model


def _wide_and_deep() -> tuple[Any, Any, Any]:
    wide = layers.Input((5,), name="wide_input")
    deep = layers.Input((6,), name="deep_input")
    hidden = layers.Dense(30, activation="relu", name="hidden1")(deep)
    hidden = layers.Dense(30, activation="relu", name="hidden2")(hidden)
    both = layers.concatenate([wide, hidden], name="concat")
    return [wide, deep], hidden, layers.Dense(1, name="main_output")(both)


def wide_and_deep() -> Any:
    """Five features straight to the output, six through two hidden layers of 30."""
    inputs, _, output = _wide_and_deep()
    model = models.Model(inputs=inputs, outputs=[output])
    model.compile(optimizer=optimizers.Adam(learning_rate=0.003), loss="mse")
    return model


def auxiliary_output() -> Any:
    """The same with a second output on the deep path, whose loss counts a tenth."""
    inputs, hidden, output = _wide_and_deep()
    auxiliary = layers.Dense(1, name="aux_output")(hidden)
    model = models.Model(inputs=inputs, outputs=[output, auxiliary])
    model.compile(optimizer=optimizers.Adam(learning_rate=0.003), loss=["mse", "mse"], loss_weights=[0.9, 0.1])
    return model


def two_inputs(x: Any) -> dict[str, Any]:
    """The first five features for the wide path, the last six for the deep one."""
    return {"wide_input": x[:, :5], "deep_input": x[:, 2:]}


def wide_and_deep_data() -> Data:
    """Features twice, and prices."""
    x, y = houses.load_data()
    return two_inputs(x), y


def auxiliary_data() -> Data:
    """Features twice, and prices twice."""
    x, y = houses.load_data()
    return two_inputs(x), {"main_output": y, "aux_output": y}


def energy_efficiency() -> Any:
    """128-128, then the first load; and 64 more units, then the second."""
    features = layers.Input((8,), name="features")
    hidden = layers.Dense(128, activation="relu", name="hidden1")(features)
    hidden = layers.Dense(128, activation="relu", name="hidden2")(hidden)
    first = layers.Dense(1, name="y1_output")(hidden)
    third = layers.Dense(64, activation="relu", name="hidden3")(hidden)
    second = layers.Dense(1, name="y2_output")(third)
    model = models.Model(inputs=features, outputs=[first, second])
    model.compile(
        optimizer=optimizers.SGD(learning_rate=0.01),
        loss={"y1_output": "mse", "y2_output": "mse"},
        metrics={"y1_output": "root_mean_squared_error", "y2_output": "root_mean_squared_error"},
    )
    return model


def energy_data() -> Data:
    """Features, and the two loads by output."""
    x, y = energy.load_data()
    return x, {"y1_output": y[:, :1], "y2_output": y[:, 1:]}


register(
    Preset(
        name="housing",
        subject="Tables",
        title="House prices: 8-64-64-1, relu, squared error",
        description="Districts of California (generated ones without the file housing.csv). With so few rows one split "
        "says little; k-fold cross-validation trains k networks, each tested on another part: for part in "
        "numpy.array_split(rows, 4): fit on the other three, evaluate on `part`, and average the four errors.",
        network=housing,
        data=houses.load_data,
        batch_size=16,
        epochs=30,
        goal=0.4,
        shuffle=True,
    )
)
register(
    Preset(
        name="wide-and-deep",
        subject="Tables",
        title="Wide and deep: 5 features straight, 6 through 30-30",
        description="Two inputs that share three features. The wide path keeps simple rules, the deep one learns the "
        "rest; concatenation puts them side by side.",
        network=wide_and_deep,
        data=wide_and_deep_data,
        batch_size=32,
        epochs=20,
        goal=0.5,
        shuffle=True,
    )
)
register(
    Preset(
        name="auxiliary-output",
        subject="Tables",
        title="Auxiliary output: wide and deep, losses weighted 0.9 and 0.1",
        description="A second output on the deep path makes it learn something by itself. The total is 0.9 of the one "
        "loss and 0.1 of the other, and so are the gradients that meet in hidden2.",
        network=auxiliary_output,
        data=auxiliary_data,
        batch_size=32,
        epochs=20,
        goal=0.5,
        shuffle=True,
    )
)
register(
    Preset(
        name="energy-efficiency",
        subject="Tables",
        title="Energy efficiency: 128-128-y1 and 64-y2",
        description="Heating and cooling load of buildings, one network with two outputs: the second has a hidden "
        "layer of its own. (Generated buildings without the file energy-efficiency.csv.)",
        network=energy_efficiency,
        data=energy_data,
        batch_size=16,
        epochs=30,
        goal=0.3,
        shuffle=True,
    )
)
