"""Initializers and regularizers in many configurations, written once for Keras and fastnn."""

import numpy as np

from tests.golden.case import numbers

SHAPES = {"matrix": (300, 200), "wide": (60, 900), "window": (3, 5, 40, 60), "long": (40000,)}
TENTHS = np.array([0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99])


def cases(keras):
    """Random initializers by name: object, name of the shape."""
    k = keras.initializers
    found = {
        "normal": (k.RandomNormal(mean=0.3, stddev=0.2, seed=1), "matrix"),
        "normal_default": (k.RandomNormal(seed=2), "long"),
        "truncated": (k.TruncatedNormal(mean=-0.2, stddev=0.5, seed=3), "matrix"),
        "truncated_default": (k.TruncatedNormal(seed=4), "window"),
        "uniform": (k.RandomUniform(minval=-0.1, maxval=0.7, seed=5), "matrix"),
        "uniform_default": (k.RandomUniform(seed=6), "wide"),
        "orthogonal": (k.Orthogonal(gain=1.5, seed=7), "matrix"),
        "orthogonal_wide": (k.Orthogonal(seed=8), "wide"),
        "orthogonal_window": (k.Orthogonal(seed=9), "window"),
    }
    for i, name in enumerate(("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform")):
        for j, shape in enumerate(SHAPES):
            found[f"{name}_{shape}"] = (getattr(k, name)(seed=10 + 4 * i + j), shape)
    for i, mode in enumerate(("fan_in", "fan_out", "fan_avg")):
        for j, how in enumerate(("truncated_normal", "untruncated_normal", "uniform")):
            scaling = k.VarianceScaling(scale=0.5 + i, mode=mode, distribution=how, seed=50 + 3 * i + j)
            found[f"scaling_{mode}_{how}"] = (scaling, list(SHAPES)[(i + j) % 3])
    return found


def constants(keras):
    """What initializers without chance give, by name."""
    k = keras.initializers
    return {
        "zeros": k.Zeros()((3, 2)),
        "ones": k.Ones()((2, 5)),
        "constant": k.Constant(-0.3)((2, 3)),
        "identity": k.Identity()((3, 3)),
        "identity_wide": k.Identity(gain=0.7)((2, 5)),
    }


def statistics(values):
    """Mean, deviation, smallest, largest and quantiles."""
    values = np.asarray(values, "float64")
    return np.array([values.mean(), values.std(), values.min(), values.max(), *np.quantile(values, TENTHS)])


def gram(values):
    """Scalar products of the shorter side's vectors, the first five of them."""
    w = np.asarray(values, "float64").reshape(-1, np.shape(values)[-1])
    w = w if w.shape[0] >= w.shape[1] else w.T
    return (w.T @ w)[:5, :5]


def regularizers(keras):
    """Regularizers by name: object and weights."""
    k, w, deep = keras.regularizers, numbers(61, 4, 5), numbers(62, 3, 2, 4, 2)
    return {
        "l1": (k.L1(0.3), w),
        "l1_default": (k.L1(), deep),
        "l2": (k.L2(0.2), deep),
        "l2_default": (k.L2(), w),
        "l1_l2": (k.L1L2(l1=0.1, l2=0.4), w),
        "l1_l2_one": (k.L1L2(l2=0.4), deep),
        "nothing": (k.L1L2(), w),
        "orthogonal_rows": (k.OrthogonalRegularizer(factor=0.3), w),
        "orthogonal_columns": (k.OrthogonalRegularizer(factor=0.6, mode="columns"), w),
    }
