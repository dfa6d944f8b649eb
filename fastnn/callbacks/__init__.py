"""Callbacks: what fit, evaluate and predict call on the way."""

from fastnn.callbacks.base import Callback, CallbackList, History
from fastnn.callbacks.early_stopping import EarlyStopping
from fastnn.callbacks.simple import LambdaCallback, LearningRateScheduler, TerminateOnNaN

__all__ = [
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "TerminateOnNaN",
]
