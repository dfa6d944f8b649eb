"""Helpers for scripts, with the names of `keras.utils`."""

from fastnn.config import set_random_seed
from fastnn.utils.naming import clear_session
from fastnn.utils.numerical import to_categorical
from fastnn.utils.registry import custom_object_scope, get_custom_objects, register_keras_serializable
from fastnn.utils.sequence import PyDataset, Sequence

__all__ = [
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "get_custom_objects",
    "register_keras_serializable",
    "set_random_seed",
    "to_categorical",
]
