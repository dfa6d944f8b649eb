"""Helpers for scripts, with the names of `keras.utils`."""

from fastnn.config import set_random_seed
from fastnn.utils.images import array_to_img, img_to_array, load_img, normalize, save_img
from fastnn.utils.naming import clear_session
from fastnn.utils.numerical import to_categorical
from fastnn.utils.padding import pad_sequences
from fastnn.utils.registry import custom_object_scope, get_custom_objects, register_keras_serializable
from fastnn.utils.sequence import PyDataset, Sequence

__all__ = [
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "get_custom_objects",
    "img_to_array",
    "load_img",
    "normalize",
    "pad_sequences",
    "register_keras_serializable",
    "save_img",
    "set_random_seed",
    "to_categorical",
]
