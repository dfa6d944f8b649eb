"""The few functions of `keras.backend` that scripts use."""

from fastnn.config import floatx, set_floatx
from fastnn.utils.naming import clear_session

__all__ = ["clear_session", "epsilon", "floatx", "set_floatx"]


def epsilon() -> float:
    """The small number that keeps logarithms and divisions away from 0.

    Example:
        >>> epsilon()
        1e-07
    """
    return 1e-7
