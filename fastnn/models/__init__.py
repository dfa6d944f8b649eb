"""Models: layers put together, trained, evaluated and saved."""

from fastnn.models.model import Model
from fastnn.models.saving import load_model, save_model
from fastnn.models.sequential import Sequential

__all__ = ["Model", "Sequential", "load_model", "save_model"]
