"""TensorBoard."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.callbacks.base import Callback, Logs
from fastnn.callbacks.event_file import EventFile, as_picture, part
from fastnn.callbacks.monitor import check_count
from fastnn.callbacks.projector import check_metadata, write_embeddings

OLD = ("batch_size", "write_grads", "embeddings_layer_names", "embeddings_data")


class TensorBoard(Callback):
    """Writes what TensorBoard shows: losses and metrics, the graph, and how weights are distributed.

    Losses and metrics of training go into the run 'train', those of validation data into 'validation'. See them with
    `tensorboard --logdir logs`.

    Args:
        log_dir: Folder for the runs.
        histogram_freq: Epochs between histograms of all weights; 0 for none.
        write_graph: Whether to write the graph of layers.
        write_images: Whether weights are written as pictures, too, when histograms are.
        write_steps_per_second: Whether to write how many training steps a second are made.
        update_freq: 'epoch', 'batch', or after how many batches losses and metrics so far are written, too. Other than
            'epoch' it makes fit run batch by batch.
        profile_batch: Ignored, with a warning; `model.plan().profile(x, y)` tells the time of every operation.
        embeddings_freq: Epochs between writing the tables of `Embedding` layers for the projector; 0 for never.
        embeddings_metadata: File with a label for every row of the tables, or a dict of files by layer name; seen from
            log_dir.
        **old: batch_size, write_grads, embeddings_layer_names, embeddings_data: passed over, with a warning.

    Raises:
        ImportError: without the package tensorboard.
        ValueError: for other frequencies; from fit, for metadata of layers that there are not.

    Example:
        >>> import fastnn, tempfile
        >>> model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> folder = tempfile.mkdtemp()
        >>> board = TensorBoard(folder, histogram_freq=1)
        >>> history = model.fit([[1.0]], [[1.0]], validation_split=0, verbose=0, callbacks=[board])
        >>> os.listdir(folder)
        ['train']
    """

    first_process_only = True

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Any = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
        **old: Any,
    ) -> None:
        super().__init__()
        pass_over(old)
        part("summary")
        if not isinstance(log_dir, (str, os.PathLike)):
            raise ValueError(f"Expected log_dir to be the path of a folder. Received: log_dir={log_dir!r}")
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = check_count("histogram_freq", histogram_freq)
        self.write_graph, self.write_images = write_graph, write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = check_update_freq(update_freq)
        self.embeddings_freq = check_count("embeddings_freq", embeddings_freq)
        self.embeddings_metadata = embeddings_metadata
        if profile_batch:
            warnings.warn(
                f"TensorBoard(profile_batch={profile_batch!r}) is ignored: no trace is written for TensorBoard; "
                "model.plan().profile(x, y) tells the time of every operation.",
                stacklevel=2,
            )
        self._files: dict[str, EventFile] = {}
        self._batches, self._graph_due = 0, False
        if self.update_freq != "epoch":
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign]  # hooks of batches are costly

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        self._close()

    def _file(self, run: str) -> EventFile:
        if run not in self._files:
            self._files[run] = EventFile(Path(self.log_dir) / run)
        return self._files[run]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._batches, self._since, self._graph_due = 0, time.perf_counter(), self.write_graph
        if self.embeddings_freq:
            check_metadata(self.model, self.embeddings_metadata)
        if self.model.built:
            self._write_graph()

    def _write_graph(self) -> None:
        if self._graph_due:
            self._graph_due = False
            self._file("train").graph(self.model)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._began, self._steps = time.perf_counter(), int(self.model.optimizer.iterations)

    def _after_batch(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        now = time.perf_counter()
        if self._batches % self.update_freq == 0:
            file = self._file("train")
            for name, value in (logs or {}).items():
                file.scalar(f"batch_{name}", value, self._batches)
            if self.write_steps_per_second:
                file.scalar("batch_steps_per_second", 1 / max(now - self._since, 1e-9), self._batches)
        self._since = now

    def on_test_end(self, logs: Logs | None = None) -> None:
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is None:
            return
        file = self._file("validation")
        for name, value in (logs or {}).items():
            file.scalar(f"evaluation_{name}_vs_iterations", value, int(optimizer.iterations))
        file.flush()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._write_graph()
        self._write_logs(epoch, dict(logs or {}))
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            write_embeddings(self.model, Path(self.log_dir), self.embeddings_metadata)
        for file in self._files.values():
            file.flush()

    def _write_logs(self, epoch: int, logs: Logs) -> None:
        steps = int(self.model.optimizer.iterations) - self._steps
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        if self.write_steps_per_second:
            logs["steps_per_second"] = steps / max(time.perf_counter() - self._began, 1e-9)
        for name, value in logs.items():
            run = "validation" if name.startswith("val_") else "train"
            self._file(run).scalar(f"epoch_{name.removeprefix('val_')}", value, epoch)

    def _write_weights(self, epoch: int) -> None:
        file = self._file("train")
        for path, values in weights_by_path(self.model):
            file.histogram(f"{path}/histogram", values, epoch)
            pixels = as_picture(values) if self.write_images else None
            if pixels is not None:
                file.picture(f"{path}/image", pixels, epoch)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._close()

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}


def pass_over(old: Iterable[str]) -> None:
    """Warn of arguments that earlier versions of Keras had.

    Raises:
        TypeError: for any others.
    """
    for name in old:
        if name not in OLD:
            raise TypeError(f"TensorBoard() got an unexpected keyword argument {name!r}")
        warnings.warn(f"TensorBoard({name}=...) is an argument of old; it is passed over.", DeprecationWarning, 3)


def check_update_freq(value: Any) -> Any:
    """'epoch', or after how many batches.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(value, str) and value in ("epoch", "batch"):
        return "epoch" if value == "epoch" else 1
    if isinstance(value, (bool, str)) or not hasattr(value, "__index__") or value < 1:
        raise ValueError(
            f"Expected update_freq to be 'epoch', 'batch' or a positive number. Received: update_freq={value!r}"
        )
    return int(value)


def weights_by_path(model: Any) -> Iterator[tuple[str, Any]]:
    """The weights of all layers, each once, under different names."""
    taken: set[str] = set()
    for layer in model.layers:
        for weight in layer.weights:
            path = weight.path or weight.name
            path = path if path.startswith(f"{layer.name}/") else f"{layer.name}/{path}"
            if path not in taken:
                taken.add(path)
                yield path, np.asarray(weight.value)
