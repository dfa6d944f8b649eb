"""Helpers for scripts, with the names of `keras.utils`."""

from fastnn.utils.numerical import to_categorical

__all__ = ["to_categorical"]
