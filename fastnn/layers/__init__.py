"""Layers: named functions with weights; they compose operations and contain no mathematics."""

from fastnn.layers.base import Layer
from fastnn.layers.core import Activation, Dense, Input, InputLayer, Lambda

__all__ = ["Activation", "Dense", "Input", "InputLayer", "Lambda", "Layer"]
