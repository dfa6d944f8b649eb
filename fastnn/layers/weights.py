"""Weights of a layer: made, found again in the layers inside, read and overwritten."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastnn import constraints, initializers, regularizers
from fastnn.config import dtype_name
from fastnn.engine.nested import flatten
from fastnn.engine.tensor import Variable, as_array
from fastnn.utils.registry import take_room

LARGEST_WEIGHT = 2**59  # numbers in one weight that an array can have


class NotBuiltError(ValueError, AttributeError):
    """A layer's weights were asked for before they exist."""


@dataclass
class Book:
    """What a layer remembers about itself; kept apart from the attributes in which its sublayers are found."""

    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    created: list[Variable] = field(default_factory=list)
    learnt: list[Variable] = field(default_factory=list)
    penalties: list[tuple[Variable, Any]] = field(default_factory=list)
    added_losses: list[Any] = field(default_factory=list)
    calls: list[tuple[Any, Any]] = field(default_factory=list)
    build_shape: Any = None
    states: Any = None
    shapes: list[tuple[int | None, ...]] = field(default_factory=list)  # of the latest outputs outside of a graph

    def note_shapes(self, outputs: Any) -> Any:
        """Remember the shapes of a call's outputs, for the summary, where no graph knows them; returns the outputs."""
        if not self.calls:
            self.shapes = [tuple(t.shape) for t in flatten(outputs) if hasattr(t, "shape")]
        return outputs


class Holder:
    """What holds weights: a layer's part that makes, finds, reads and overwrites them."""

    weight_names: tuple[str, ...] = ()
    name: str
    dtype: str
    built: bool
    _book: Book
    _trainable: bool

    def add_weight(
        self,
        shape: Sequence[int] | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A new weight of this layer.

        Args:
            shape: Its shape; a single number by default.
            initializer: Name or function of the initial values; Glorot's uniform one by default.
            dtype: Its type; the layer's by default.
            trainable: Whether optimizers change it.
            regularizer: Penalty on it, added to the loss.
            constraint: What it is put back to after every update.
            name: Its name within the layer.
        """
        self._check_initialised()
        values = initializers.get(initializer or "glorot_uniform")
        assert values is not None
        dtype = dtype_name(dtype) if dtype else self.dtype
        shape = tuple(shape or ())
        if None in shape:
            raise ValueError(f"Layer '{self.name}': expected a weight shape without open axes. Received: shape={shape}")
        count = math.prod(shape)
        try:
            take_room(self.name, count)
            if count >= LARGEST_WEIGHT:
                raise MemoryError("more than any array can have")
            content = as_array(values(shape, dtype=dtype), dtype)
        except MemoryError as error:
            raise MemoryError(f"Layer '{self.name}': no room for a weight of shape {shape}: {error}") from None
        variable = Variable(content, trainable=trainable, name=name or "variable")
        variable.constraint = constraints.get(constraint)
        variable.initializer = values if isinstance(values, initializers.Initializer) else None
        book = self._book
        variable.path = self._free_path(f"{self.name}/{variable.name}")
        book.created.append(variable)
        if trainable:
            book.learnt.append(variable)
        if regularizer is not None:
            book.penalties.append((variable, regularizers.get(regularizer)))
        return variable

    def _check_initialised(self) -> None:
        if "_trainable" not in vars(self):
            raise RuntimeError(
                f"Expected super().__init__() in the constructor of {type(self).__name__}, before anything else."
            )

    def _free_path(self, path: str) -> str:
        """The path, numbered if the layer has a weight of that name already."""
        taken, k = {v.path for v in self._book.created}, 1
        free = path
        while free in taken:
            free, k = f"{path}_{k}", k + 1
        return free

    def __getattr__(self, name: str) -> Any:
        if name in type(self).weight_names:
            raise NotBuiltError(
                f"Layer '{vars(self).get('name')}' has no {name} yet. Expected: a call of the layer, or build, before"
            )
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def sublayers(self) -> list[Any]:
        """Layers found in this layer's attributes, also in lists and dicts, in order."""
        found = {id(x): x for x in flatten(list(vars(self).values())) if isinstance(x, Holder)}
        return list(found.values())

    def own_variables(self) -> list[Variable]:
        """Variables of this layer itself."""
        held = [x for x in flatten(list(vars(self).values())) if isinstance(x, Variable)]
        return list({id(v): v for v in [*self._book.created, *held]}.values())

    @property
    def weights(self) -> list[Variable]:
        """All weights: its own, then those of its sublayers."""
        found = self.own_variables() + [v for layer in self.sublayers() for v in layer.weights]
        return list({id(v): v for v in found}.values())

    @property
    def variables(self) -> list[Variable]:
        """The same as `weights`."""
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """Weights that optimizers change."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Weights that optimizers leave alone."""
        return [v for v in self.weights if not v.trainable] if self.trainable else self.weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The same as `non_trainable_weights`."""
        return self.non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether optimizers change its weights; setting it also sets all sublayers."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._book.learnt:
            variable.trainable = self._trainable
        for layer in self.sublayers():
            layer.trainable = value

    def get_weights(self) -> list[Any]:
        """Copies of all weights as arrays."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite all weights with arrays, in the order of `get_weights`.

        Raises:
            ValueError: if their number or shapes do not fit.
        """
        variables = self.weights
        if len(weights) != len(variables):
            raise ValueError(
                f"Layer '{self.name}': expected {len(variables)} weights. Received: {len(weights)}"
                + ("" if self.built else " (the layer is not built yet)")
            )
        arrays = [as_array(w, v.dtype) for v, w in zip(variables, weights, strict=True)]
        for variable, array in zip(variables, arrays, strict=True):
            if variable.shape != array.shape:
                raise ValueError(f"Expected '{variable.path}' of shape {variable.shape}. Received: {array.shape}")
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)

    def count_params(self) -> int:
        """How many numbers the weights hold.

        Raises:
            ValueError: if the layer is not built.
        """
        if not self.built:
            raise NotBuiltError(
                f"Layer '{self.name}': expected a built layer to count. Received: one without weights yet"
            )
        return sum(math.prod(v.shape) for v in self.weights)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Write the layer's own weights, without those of layers in it, into a dict by number."""
        for k, variable in enumerate(self._book.created):
            store[str(k)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Read what `save_own_variables` wrote.

        Raises:
            ValueError: for another number of weights, or another shape.
        """
        own = self._book.created
        if len(store) != len(own):
            raise ValueError(f"Layer '{self.name}': expected {len(own)} arrays. Received: {len(store)}")
        for k, variable in enumerate(own):
            variable.assign(store[str(k)])
