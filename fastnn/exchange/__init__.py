"""Models in other programs' formats: NumPy scripts here, ONNX files by `Model.export`, weights as torch keeps them."""

from fastnn.exchange.scripts import numpy_script

__all__ = ["numpy_script"]
