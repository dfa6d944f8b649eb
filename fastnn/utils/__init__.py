"""Helpers for scripts, with the names of `keras.utils`."""

import importlib
from typing import Any

from fastnn.compat.spellings import old_module
from fastnn.config import set_random_seed
from fastnn.utils.absent import missing
from fastnn.utils.files import get_file
from fastnn.utils.images import array_to_img, img_to_array, load_img, normalize, save_img
from fastnn.utils.naming import clear_session
from fastnn.utils.numerical import to_categorical
from fastnn.utils.padding import pad_sequences
from fastnn.utils.progbar import Progbar
from fastnn.utils.registry import custom_object_scope, get_custom_objects, register_keras_serializable
from fastnn.utils.sequence import PyDataset, Sequence

HOMES = {  # names that belong to rooms above this one, or are seldom used
    "data_sources": (
        "image_dataset_from_directory", "split_dataset", "text_dataset_from_directory",
        "timeseries_dataset_from_array",
    ),
    "saving": (
        "CustomObjectScope", "deserialize_keras_object", "get_registered_name", "get_registered_object",
        "serialize_keras_object",
    ),
    "models.data": ("pack_x_y_sample_weight", "unpack_x_y_sample_weight"),
    "engine.functional": ("get_source_inputs",),
    "engine.graph": ("is_keras_tensor",),
    "plotting.dot": ("model_to_dot",),
    "plotting.model_plot": ("plot_model",),
}  # fmt: skip
ABOVE = {name: home for home, names in HOMES.items() for name in names}
__all__ = [
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "get_custom_objects",
    "get_file",
    "img_to_array",
    "load_img",
    "normalize",
    "pad_sequences",
    "register_keras_serializable",
    "save_img",
    "set_random_seed",
    "to_categorical",
]


def __getattr__(name: str) -> Any:
    if name in ABOVE:
        return getattr(importlib.import_module(f"fastnn.{ABOVE[name]}"), name)
    if old := old_module(f"utils.{name}"):
        return old
    raise missing("utils", name, [*__all__, *ABOVE])


def __dir__() -> list[str]:
    return sorted([*__all__, *ABOVE])
