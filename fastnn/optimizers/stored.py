"""What optimizers remember, as arrays that go into files and come back."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.engine.tensor import Variable, as_array


class Stored:
    """Mixin of optimizers: their variables as arrays."""

    name: str

    if TYPE_CHECKING:

        @property
        def built(self) -> bool: ...

        @property
        def variables(self) -> list[Variable]: ...

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Write all that the optimizer remembers into a dict by number, in the order of `variables`.

        Args:
            store: The dict, or a group of a file.
        """
        for k, variable in enumerate(self.variables):
            store[str(k)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Read what `save_own_variables` wrote; another number of arrays is left alone, with a warning.

        Args:
            store: Arrays by number.

        Raises:
            ValueError: if a shape differs; nothing is changed then.
        """
        if len(store) != len(self.variables):
            warnings.warn(
                f"Expected {len(self.variables)} arrays for optimizer '{self.name}'. Received: {len(store)}, which are "
                "skipped" + ("" if self.built else "; the optimizer is not built yet"),
                stacklevel=2,
            )
        else:
            self.set_weights([np.asarray(store[str(k)]) for k in range(len(store))])

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite all that the optimizer remembers.

        Args:
            weights: One array per variable, in the order and of the shapes of `variables`.

        Raises:
            ValueError: if the optimizer is not built, or number or shapes do not fit; nothing is changed then.
        """
        if not self.built:
            raise ValueError(
                f"Expected optimizer.build(variables) before set_weights of '{self.name}'. Received: none yet"
            )
        if len(weights) != len(self.variables):
            raise ValueError(f"Expected {len(self.variables)} arrays for '{self.name}'. Received: {len(weights)}")
        arrays = [as_array(w, v.dtype) for v, w in zip(self.variables, weights, strict=True)]
        for variable, array in zip(self.variables, arrays, strict=True):
            if variable.shape != array.shape:
                raise ValueError(f"Expected '{variable.path}' of shape {variable.shape}. Received: {array.shape}")
        for variable, array in zip(self.variables, arrays, strict=True):
            variable.assign(array)
