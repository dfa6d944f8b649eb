"""Configurations of layers: the arguments that make an equal one, and the shape that it was built for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from fastnn.layers.weights import Book
from fastnn.utils.registry import serialize


class Configured:
    """What can be described by its arguments and made again from them."""

    config_names: tuple[str, ...] = ()
    name: str
    dtype: str
    trainable: bool
    build: Callable[..., None]
    _book: Book

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal layer."""
        named = {key: self.config_value(key) for key in self.config_names}
        given = {} if "keras_module" in vars(type(self)) else self._given_arguments()
        return {**self.base_config(), **named, **given}

    def base_config(self) -> dict[str, Any]:
        """The arguments that every layer has."""
        policy = {
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": {"name": self.dtype},
            "registered_name": None,
        }
        return {"name": self.name, "trainable": self.trainable, "dtype": policy}

    def config_value(self, key: str) -> Any:
        """One argument as JSON."""
        return serialize(getattr(self, key))

    def _given_arguments(self) -> dict[str, Any]:
        """The constructor's arguments, for layers of users that do not write `get_config`."""
        args, kwargs = self._book.arguments
        signature = inspect.signature(type(self).__init__)
        bound = signature.bind(self, *args, **kwargs).arguments
        rest = [p.name for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD]
        bound.update(bound.pop(rest[0], {}) if rest else {})
        skip = {next(iter(signature.parameters)), "name", "trainable", "dtype"}
        return {k: serialize(v) for k, v in bound.items() if k not in skip}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that a configuration describes; entries of Keras that say "not used" are passed over."""
        return cls(**{k: v for k, v in config.items() if not is_idle(k, v, cls)})

    def get_build_config(self) -> dict[str, Any] | None:
        """The input shape that the layer was built for."""
        shape = self._book.build_shape
        if isinstance(shape, dict) and all(key.endswith("_shape") for key in shape):
            return {"shapes_dict": serialize(shape)}
        return None if shape is None else {"input_shape": serialize(shape)}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build for the shape that `get_build_config` gave."""
        if config and config.get("input_shape") is not None:
            self.build(map_shapes(tuple, config["input_shape"]))
        elif config and config.get("shapes_dict"):
            self.build(**{name: map_shapes(tuple, shape) for name, shape in config["shapes_dict"].items()})


def map_shapes(function: Callable[[Any], Any], structure: Any) -> Any:
    """Replace every shape (a list or tuple of numbers and None) in a nest."""
    if isinstance(structure, dict):
        return {k: map_shapes(function, v) for k, v in structure.items()}
    if all(n is None or isinstance(n, int) for n in structure):
        return function(structure)
    return [map_shapes(function, s) for s in structure]


def is_idle(key: str, value: Any, cls: type) -> bool:
    """Whether a configuration's entry is one that this class does not know and that switches nothing on."""
    return (value is None or value is False) and key not in parameters_of(cls)


@lru_cache(maxsize=256)
def parameters_of(cls: type) -> frozenset[str]:
    """All that the constructors of a class and its bases take by name."""
    own = [vars(base)["__init__"] for base in cls.__mro__ if "__init__" in vars(base) and base is not object]
    return frozenset(name for function in own for name in inspect.signature(function).parameters)
