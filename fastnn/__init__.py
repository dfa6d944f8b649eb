"""fastnn: a debugger for neural networks that is also fast."""

from fastnn import config, ops
from fastnn._version import __version__
from fastnn.engine.graph import SymbolicTensor
from fastnn.engine.tape import GradientTape
from fastnn.engine.tensor import Tensor, Variable

__all__ = ["GradientTape", "SymbolicTensor", "Tensor", "Variable", "__version__", "config", "ops"]
