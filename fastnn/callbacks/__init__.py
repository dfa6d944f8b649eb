"""Callbacks: what fit, evaluate and predict call on the way."""

from fastnn.callbacks.absent import OrbaxCheckpoint
from fastnn.callbacks.backup import BackupAndRestore
from fastnn.callbacks.base import Callback, CallbackList
from fastnn.callbacks.breakpoint import Breakpoint
from fastnn.callbacks.checkpoint import ModelCheckpoint
from fastnn.callbacks.csv_logger import CSVLogger
from fastnn.callbacks.early_stopping import EarlyStopping
from fastnn.callbacks.history import History
from fastnn.callbacks.plateau import ReduceLROnPlateau
from fastnn.callbacks.progress import ProgbarLogger
from fastnn.callbacks.remote import RemoteMonitor
from fastnn.callbacks.simple import LambdaCallback, LearningRateScheduler, TerminateOnNaN
from fastnn.callbacks.swap_averages import SwapEMAWeights
from fastnn.callbacks.tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore",
    "Breakpoint",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "OrbaxCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
