"""Models: layers put together, trained, evaluated and saved."""

from fastnn.models.model import Model
from fastnn.models.saving import load_model, save_model
from fastnn.models.sequential import Sequential, clone_model

__all__ = ["Model", "Sequential", "clone_model", "load_model", "save_model"]
