"""Event files, which TensorBoard reads: scalars, histograms, pictures and the graph of a model."""

from __future__ import annotations

import io
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.plotting.layer_graph import layer_graph
from fastnn.utils.extras import need

Array = NDArray[Any]
BUCKETS = 30


def part(module: str) -> Any:
    """A module of TensorBoard's package."""
    return need(f"tensorboard.{module}", "tensorboard", "callbacks.TensorBoard")


class EventFile:
    """A new event file in a folder; the folder's name is what TensorBoard calls the run.

    Args:
        folder: The folder; made if it is not there.

    Raises:
        ImportError: without the package tensorboard.
        OSError: if it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = part("summary.writer.event_file_writer").EventFileWriter(str(folder), flush_secs=10)
        self._event, self._summary = part("compat.proto.event_pb2").Event, part("compat.proto.summary_pb2")

    def scalar(self, tag: str, value: Any, step: int) -> None:
        """Write a number; of an array every one, numbered."""
        numbers = np.asarray(value, np.float64)
        for k, number in enumerate(numbers.flat):
            name = f"{tag}_{k}" if numbers.ndim else tag
            self._add(part("plugins.scalar.summary_v2").scalar_pb(name, float(number)), step)

    def histogram(self, tag: str, values: Array, step: int) -> None:
        """Write how the values are distributed."""
        metadata = part("plugins.histogram.metadata").create_summary_metadata(None, None)
        self._tensor(tag, buckets(values), metadata, step)

    def picture(self, tag: str, pixels: Array, step: int) -> None:
        """Write a picture (rows, columns) of bytes."""
        coded = io.BytesIO()
        need("PIL.Image", "images", "callbacks.TensorBoard(write_images=True)").fromarray(pixels).save(coded, "PNG")
        height, width = pixels.shape
        metadata = part("plugins.image.metadata").create_summary_metadata(None, None)
        self._tensor(
            tag, np.array([f"{width}".encode(), f"{height}".encode(), coded.getvalue()], object), metadata, step
        )

    def graph(self, model: Any) -> None:
        """Write the layers and what leads where; a model as Keras keeps it, too, if it can be written so."""
        graph = graph_def(model)
        self._writer.add_event(self._event(wall_time=time.time(), graph_def=graph.SerializeToString()))
        if getattr(model, "network", None) is None:
            return
        try:
            text = np.array(model.to_json().encode(), object)
        except (TypeError, ValueError, NotImplementedError, AttributeError) as error:  # a layer of one's own
            warnings.warn(f"TensorBoard's conceptual graph of model '{model.name}' is left out: {error}", stacklevel=2)
            return
        data = self._summary.SummaryMetadata.PluginData(plugin_name="graph_keras_model", content=b"1")
        self._tensor("keras", text, self._summary.SummaryMetadata(plugin_data=data), 0)

    def _tensor(self, tag: str, values: Array, metadata: Any, step: int) -> None:
        tensor = part("util.tensor_util").make_tensor_proto(values)
        summary = self._summary.Summary()
        summary.value.add(tag=tag, metadata=metadata, tensor=tensor)
        self._add(summary, step)

    def _add(self, summary: Any, step: int) -> None:
        self._writer.add_event(self._event(wall_time=time.time(), step=step, summary=summary))

    def flush(self) -> None:
        """Let readers see what was written."""
        self._writer.flush()

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


def buckets(values: Array) -> Array:
    """Rows (left edge, right edge, count) of a histogram; values that are not finite are left out.

    Example:
        >>> buckets(np.arange(60))[:2].tolist(), buckets(np.ones(5))[-1].tolist()
        ([[0.0, 1.9666666666666666, 2.0], [1.9666666666666666, 3.933333333333333, 2.0]], [1.0, 1.0, 5.0])
    """
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return np.zeros((BUCKETS, 3))
    low, high = float(finite.min()), float(finite.max())
    if low == high:  # as TensorBoard has it: all in the last one
        return np.array([[low, high, 0.0]] * (BUCKETS - 1) + [[low, high, finite.size]])
    counts, edges = np.histogram(finite.astype(np.float64), BUCKETS, (low, high))
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


def as_picture(values: Array) -> Array | None:
    """A weight as a picture, the smallest number black, the largest white; None where it has none.

    Kernels are laid out in tiles, input channels downwards and output channels to the right, as many as there is room
    for.

    Example:
        >>> as_picture(np.array([0.0, 1.0, 2.0])).tolist(), as_picture(np.ones((3, 3, 2, 4))).shape
        ([[0, 128, 255]], (7, 15))
    """
    if not 1 <= values.ndim <= 4 or values.size == 0:
        return None
    if values.ndim == 2 and values.shape[0] > values.shape[1]:
        values = values.T
    flat = values.reshape((1,) * (2 - values.ndim) + values.shape)
    flat = np.nan_to_num(flat.astype(np.float64), posinf=0.0, neginf=0.0)
    low, size = flat.min(), np.ptp(flat)
    pixels = np.rint((flat - low) * (255 / size if size > 0 else 0.0)).astype(np.uint8)
    return pixels[:1024, :1024] if pixels.ndim == 2 else _tiles(pixels if pixels.ndim == 4 else pixels[None])


def _tiles(kernel: Array) -> Array:
    """A kernel (rows, columns, in, out) as one picture with a line between tiles."""
    height, width, before, after = kernel.shape
    before, after = (max(1, min(n, 1024 // (side + 1))) for n, side in ((before, height), (after, width)))
    tiles = np.zeros((before, height + 1, after, width + 1), np.uint8)
    tiles[:, :height, :, :width] = kernel[:, :, :before, :after].transpose(2, 0, 3, 1)
    return tiles.reshape(before * (height + 1), after * (width + 1))[:-1, :-1]


def graph_def(model: Any) -> Any:
    """A model's layers as a graph of TensorFlow's kind; models inside are groups."""
    graph = part("compat.proto.graph_pb2").GraphDef()
    for box in layer_graph(model, expand=True):
        node = graph.node.add(name=box.path, op=box.kind, input=box.parents)
        shapes = node.attr["_output_shapes"].list
        for shape in box.outputs:
            dims = shapes.shape.add().dim
            for length in shape:
                dims.add(size=-1 if length is None else length)
        for key, text in (("dtype", box.dtype), ("activation", box.activation)):
            if text:
                node.attr[key].s = text.encode()
    return graph
