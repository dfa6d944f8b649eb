"""Losses in many configurations, written once for Keras and fastnn."""

import numpy as np

from tests.golden.case import numbers


def probabilities(seed, *shape):
    """Repeatable rows of positive numbers that sum to 1."""
    raw = np.exp(numbers(seed, *shape))
    return raw / raw.sum(-1, keepdims=True)


def labels(seed, count, classes):
    """Repeatable class numbers."""
    return np.random.RandomState(seed).randint(0, classes, count).astype("int32")


def one_hot(seed, count, classes):
    """Repeatable one-hot rows."""
    return np.eye(classes, dtype="float32")[labels(seed, count, classes)]


REAL, GUESS, LOGITS = numbers(1, 6, 4), numbers(2, 6, 4), numbers(5, 6, 4)
HOT, SOFT, NUMBER = one_hot(3, 6, 4), probabilities(4, 6, 4), labels(3, 6, 4)
BITS, SHARE = (numbers(6, 6, 4) > 0).astype("float32"), 1 / (1 + np.exp(-LOGITS))
DEEP, DEEP_SOFT = labels(8, 10, 3).reshape(2, 5), probabilities(9, 2, 5, 3)
UNIT = GUESS / np.linalg.norm(GUESS, axis=-1, keepdims=True)
ROWS, CELLS = np.arange(6.0, dtype="float32"), np.abs(numbers(7, 2, 5))
EXEMPT = {"dtype"}


def cases(keras):
    """Losses by name: object, targets, predictions, sample weights."""
    k = keras.losses
    return {
        "mse": (k.MeanSquaredError(), REAL, GUESS),
        "mse_weighted": (k.MeanSquaredError(), REAL, GUESS, ROWS),
        "mse_sum": (k.MeanSquaredError(reduction="sum"), REAL, GUESS, ROWS),
        "mse_none": (k.MeanSquaredError(reduction=None, name="mine"), REAL, GUESS, ROWS),
        "mse_mean": (k.MeanSquaredError(reduction="mean"), REAL, GUESS, ROWS),
        "mse_by_weights": (k.MeanSquaredError(reduction="mean_with_sample_weight"), REAL, GUESS, ROWS),
        "mse_cells": (k.MeanSquaredError(), numbers(10, 2, 5, 3), numbers(11, 2, 5, 3), CELLS),
        "mse_column": (k.MeanSquaredError(), REAL[:, 0], GUESS[:, :1]),
        "mse_one_for_all": (k.MeanSquaredError(reduction="none"), REAL[:, :1], GUESS),
        "mae_one_for_all": (k.MeanAbsoluteError(), REAL, GUESS[:, 1:2]),
        "huber_one_for_all": (k.Huber(), REAL[:1], GUESS),
        "msle_one_for_all": (k.MeanSquaredLogarithmicError(), REAL[:, :1], GUESS),
        "mae": (k.MeanAbsoluteError(reduction="sum", name="a"), REAL, GUESS, ROWS),
        "mape": (k.MeanAbsolutePercentageError(reduction="sum", name="a"), REAL, GUESS, ROWS),
        "msle": (k.MeanSquaredLogarithmicError(reduction="none", name="a"), np.abs(REAL), GUESS),
        "cosine": (k.CosineSimilarity(), REAL, GUESS, ROWS),
        "cosine_columns": (k.CosineSimilarity(axis=0, reduction=None, name="a"), REAL, GUESS),
        "huber": (k.Huber(), REAL, GUESS),
        "huber_wide": (k.Huber(delta=0.3, reduction="sum", name="a"), REAL, GUESS, ROWS),
        "log_cosh": (k.LogCosh(reduction="sum", name="a"), REAL, 3 * GUESS, ROWS),
        "hinge": (k.Hinge(reduction="sum", name="a"), 2 * BITS - 1, GUESS, ROWS),
        "hinge_bits": (k.Hinge(), BITS, GUESS),
        "squared_hinge": (k.SquaredHinge(reduction="sum", name="a"), 2 * BITS - 1, GUESS),
        "categorical_hinge": (k.CategoricalHinge(reduction="sum", name="a"), HOT, GUESS),
        "kld": (k.KLDivergence(reduction="sum", name="a"), probabilities(12, 6, 4), SOFT),
        "poisson": (k.Poisson(reduction="sum", name="a"), np.abs(REAL), np.abs(GUESS)),
        "bce": (k.BinaryCrossentropy(), BITS, SHARE, ROWS),
        "bce_logits": (k.BinaryCrossentropy(from_logits=True, reduction="sum", name="a"), BITS, LOGITS),
        "bce_smooth": (k.BinaryCrossentropy(label_smoothing=0.2), BITS, SHARE),
        "bce_axis": (k.BinaryCrossentropy(axis=0, reduction=None), BITS, SHARE),
        "focal": (k.BinaryFocalCrossentropy(gamma=3.0, reduction="sum", name="a"), BITS, SHARE),
        "focal_balanced": (k.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.4), BITS, SHARE, ROWS),
        "focal_logits": (k.BinaryFocalCrossentropy(from_logits=True, label_smoothing=0.1, axis=0), BITS, LOGITS),
        "cce": (k.CategoricalCrossentropy(), HOT, SOFT, ROWS),
        "cce_logits": (k.CategoricalCrossentropy(from_logits=True, reduction="sum", name="a"), HOT, LOGITS),
        "cce_smooth": (k.CategoricalCrossentropy(label_smoothing=0.1), HOT, SOFT),
        "cce_axis": (k.CategoricalCrossentropy(axis=1), HOT.reshape(2, 3, 4).swapaxes(1, 2),
                     SOFT.reshape(2, 3, 4).swapaxes(1, 2)),
        "categorical_focal": (k.CategoricalFocalCrossentropy(alpha=0.5, gamma=1.5, axis=-1), HOT, SOFT, ROWS),
        "categorical_focal_logits": (
            k.CategoricalFocalCrossentropy(from_logits=True, label_smoothing=0.2, reduction="sum", name="a"), HOT,
            LOGITS,
        ),
        "scce": (k.SparseCategoricalCrossentropy(), NUMBER, SOFT, ROWS),
        "scce_column": (k.SparseCategoricalCrossentropy(), NUMBER[:, None], SOFT),
        "scce_logits": (k.SparseCategoricalCrossentropy(from_logits=True, reduction="sum", name="a"), NUMBER, LOGITS),
        "scce_deep": (k.SparseCategoricalCrossentropy(), DEEP, DEEP_SOFT, CELLS),
        "scce_ignore": (k.SparseCategoricalCrossentropy(ignore_class=2, reduction=None), NUMBER, SOFT),
        "scce_ignore_mean": (k.SparseCategoricalCrossentropy(ignore_class=1), NUMBER, SOFT, ROWS),
        "scce_axis": (k.SparseCategoricalCrossentropy(axis=-1), DEEP, DEEP_SOFT),
        "dice": (k.Dice(), BITS, SHARE),
        "dice_axis": (k.Dice(axis=(1,), reduction="sum", name="a"), BITS, SHARE, ROWS),
        "tversky": (k.Tversky(alpha=0.3, beta=0.6), BITS, SHARE),
        "tversky_axis": (k.Tversky(axis=(1,), reduction=None, name="a"), BITS, SHARE),
        "circle": (k.Circle(), NUMBER, UNIT),
        "circle_soft": (k.Circle(gamma=8.0, margin=0.2, remove_diagonal=False, reduction=None, name="a"), NUMBER, UNIT),
        "generalized": (k.CategoricalGeneralizedCrossEntropy(q=0.7, reduction="sum", name="a"), NUMBER, SOFT),
    }  # fmt: skip
