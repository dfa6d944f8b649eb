"""Embedding and Masking."""

import numpy as np

from tests.golden.case import Case, integers, numbers

TABLE = numbers(1, 6, 3)
EXEMPT = {"Embedding": {"lora_rank", "lora_alpha"}}


def cases(keras):
    """Configurations by name."""
    k = keras.layers
    gaps = numbers(2, 3, 4, 2)
    gaps[0, 1], gaps[1, 2:], gaps[2] = 0.0, 0.0, 0.5
    gaps[1, 0, 0] = 0.0
    return {
        "embedding": Case(k.Embedding(6, 3), integers(3, 6, 2, 5)),
        "embedding_zero": Case(k.Embedding(6, 2, mask_zero=True), integers(4, 6, 3, 4)),
        "embedding_vector": Case(k.Embedding(6, 3, embeddings_initializer="ones"), integers(5, 6, 7)),
        "embedding_weights": Case(k.Embedding(6, 3, weights=[TABLE]), integers(6, 6, 2, 3, 2)),
        "embedding_floats": Case(k.Embedding(6, 3), integers(7, 6, 2, 5).astype("float32")),
        "masking": Case(k.Masking(), gaps),
        "masking_value": Case(k.Masking(mask_value=0.5), gaps),
        "masking_high": Case(k.Masking(), np.where(numbers(8, 2, 3, 2, 2) > 1, 0, 1).astype("float32")),
    }
