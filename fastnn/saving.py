"""Saving and loading models, with the names of `keras.saving`."""

from fastnn.models.saving import load_model, save_model
from fastnn.utils.registry import custom_object_scope, get_custom_objects, register_keras_serializable

__all__ = ["custom_object_scope", "get_custom_objects", "load_model", "register_keras_serializable", "save_model"]
