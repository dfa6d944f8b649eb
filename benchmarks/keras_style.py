"""A description as a compiled Keras model: the same lines build it with Keras and with fastnn."""

from __future__ import annotations

from typing import Any


def build(keras: Any, task: dict[str, Any]) -> Any:
    """The compiled model.

    Args:
        keras: The module `keras` or `fastnn`.
        task: The description.
    """
    made: dict[str, Any] = {}
    start = before = keras.Input(tuple(task["input_shape"]))
    for layer in task["layers"]:
        taken = [made[name] for name in layer.get("from", ())] or [before]
        before = getattr(keras.layers, layer["type"])(**arguments(layer))(taken if len(taken) > 1 else taken[0])
        made[layer.get("name", "")] = before
    model = keras.Model(start, before)
    optimizer = getattr(keras.optimizers, task["optimizer"]["type"])(task["optimizer"]["learning_rate"])
    model.compile(optimizer=optimizer, loss=task["loss"])
    return model


def arguments(layer: dict[str, Any]) -> dict[str, Any]:
    """A layer's arguments; JSON has turned tuples into lists."""
    plan = ("type", "name", "from")
    return {k: tuple(v) if isinstance(v, list) else v for k, v in layer.items() if k not in plan}


def trained(keras: Any, task: dict[str, Any]) -> tuple[Any, int]:
    """One epoch of `fit` as work, and its steps."""
    from benchmarks.data import draw

    model, (x, y) = build(keras, task), draw(task)
    return lambda: model.fit(x, y, task["batch"], epochs=1, verbose=0, shuffle=False), task["batches"]
