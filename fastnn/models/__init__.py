"""Models: layers put together, trained, evaluated and saved."""

from fastnn.models.model import Model
from fastnn.models.sequential import Sequential

__all__ = ["Model", "Sequential"]
