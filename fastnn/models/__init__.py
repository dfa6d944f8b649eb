"""Models: layers put together, trained, evaluated and saved."""

from fastnn.models.model import Model
from fastnn.models.saving import load_model, model_from_config, model_from_json, save_model
from fastnn.models.sequential import Sequential, clone_model

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_config", "model_from_json", "save_model"]
