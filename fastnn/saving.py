"""Saving and loading models, with the names of `keras.saving`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn.models.saving import load_model, load_weights, save_model, save_weights
from fastnn.utils.absent import missing
from fastnn.utils.registry import (
    custom_object_scope,
    deserialize,
    enable_unsafe_deserialization,
    find_custom,
    get_custom_objects,
    register_keras_serializable,
    registered_name,
    running_code,
    serialize,
)

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "enable_unsafe_deserialization",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
CustomObjectScope = custom_object_scope
serialize_keras_object = serialize


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """The object that a piece of JSON stands for.

    Args:
        config: What `serialize_keras_object` gave.
        custom_objects: Your own classes and functions by name.
        safe_mode: Whether to refuse code in the configuration.

    Raises:
        ValueError: if it names an unknown class or function, or holds code.

    Example:
        >>> from fastnn import layers
        >>> deserialize_keras_object(serialize_keras_object(layers.Dense(3))).units
        3
    """
    with running_code(not safe_mode):
        return deserialize(config, custom_objects)


def get_registered_name(obj: Any) -> str:
    """The name under which a class or function was registered, or its own name.

    Example:
        >>> get_registered_name(dict)
        'dict'
    """
    return registered_name(obj) or str(obj.__name__)


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """The class or function registered under a name, or None.

    Args:
        name: The name, such as 'Custom>Doubling'.
        custom_objects: Further classes and functions by name.
        module_objects: The same.
    """
    with custom_object_scope({**(module_objects or {}), **(custom_objects or {})}):
        try:
            return find_custom(name, name)
        except ValueError:
            return None


def __getattr__(name: str) -> Any:
    raise missing("saving", name, __all__)
