"""Tables of Embedding layers for TensorBoard's projector."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.callbacks.event_file import part
from fastnn.layers import Embedding
from fastnn.layers.base import layers_within
from fastnn.utils.extras import need
from fastnn.utils.writing import write_aside


def embeddings_of(model: Any) -> dict[str, Any]:
    """The Embedding layers of a model and of those in it, by name."""
    return {layer.name: layer for layer in layers_within(model) if isinstance(layer, Embedding)}


def check_metadata(model: Any, metadata: Any) -> None:
    """See to it that files of labels are for layers that there are.

    Raises:
        ValueError: if not.
    """
    names = list(embeddings_of(model))
    unknown = [name for name in metadata if name not in names] if isinstance(metadata, dict) else []
    if unknown:
        raise ValueError(f"Expected embeddings_metadata for Embedding layers out of {names}. Received: {unknown}")


def write_embeddings(model: Any, folder: Path, metadata: Any) -> None:
    """Write every table as lines of numbers, and the file that tells the projector of them.

    Args:
        model: The model.
        folder: Where the runs are.
        metadata: File with labels for all tables, or files by layer name, or None.
    """
    config = part("plugins.projector").ProjectorConfig()
    (folder / "embeddings").mkdir(parents=True, exist_ok=True)
    for k, (name, layer) in enumerate(embeddings_of(model).items()):
        word = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:100]
        place = f"embeddings/{k}-{word}.tsv"  # numbered: names that differ for us need not for a file system
        table = np.asarray(layer.embeddings.value)
        write_aside(folder / place, lambda file, table=table: np.savetxt(file, table, "%.6g", "\t"))  # type: ignore[misc]
        entry = config.embeddings.add(tensor_name=f"{name}/embeddings", tensor_path=place)
        labels = metadata.get(name) if isinstance(metadata, dict) else metadata
        if labels:
            entry.metadata_path = os.fspath(labels)
    text = need("google.protobuf.text_format", "tensorboard", "callbacks.TensorBoard").MessageToString(config)
    write_aside(folder / "projector_config.pbtxt", lambda file: file.write(text.encode()))
