"""Makes the .npz files of layers/ with the real Keras 3; run it where Keras and one of its back ends are installed.

KERAS_BACKEND=torch python -m tests.golden.make_layers convolution pooling
KERAS_BACKEND=jax python -m tests.golden.make_layers convolution

Only the cases meant for the back end at hand are made anew; those of other back ends stay in the file.
"""

import importlib
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np

from tests.golden.case import flat, pattern

HERE = Path(__file__).parent / "layers"
BACKEND = keras.backend.backend()


def array(tensor):
    """A NumPy array."""
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def everything(case):
    """Numbers of one case by name, and the layer's configuration."""
    layer = case.layer
    args = case.arguments([keras.ops.convert_to_tensor(x) for x in case.inputs])
    config = json.dumps(keras.layers.serialize(layer), default=str)
    layer(*args, **case.call)
    case.settle()
    start = [array(v) for v in layer.weights]
    found = {"config": np.array(config), "backend": np.array(f"{BACKEND} {keras.__version__}")}

    def reset():
        for variable, value in zip(layer.weights, start, strict=True):
            variable.assign(value)
        case.begin()

    keep("y", flat(layer(*args, **case.call)), found)
    reset()
    if case.random:
        return found
    training = {"training": True} if layer._call_has_training_arg else {}
    outputs = flat(layer(*args, **case.call, **training))
    keep("training", outputs, found)
    keep("state", layer.non_trainable_weights, found)
    reset()
    patterns = [pattern(k, tuple(y.shape)) for k, y in enumerate(outputs)]
    floats = [k for k, x in enumerate(case.inputs) if x.dtype.kind == "f"]
    d_inputs, d_weights = {"torch": by_torch, "jax": by_jax, "tensorflow": by_tensorflow}[BACKEND](
        case, layer, training, patterns, floats
    )
    found.update({f"dx/{k}": array(d) for k, d in zip(floats, d_inputs, strict=True) if d is not None})
    found.update({f"dw/{k}": array(d) for k, d in enumerate(d_weights) if d is not None})
    return found


def keep(name, tensors, found):
    """Add tensors by name and number."""
    found.update({f"{name}/{k}": array(t) for k, t in enumerate(tensors)})


def weighted(outputs, patterns):
    """The scalar that is differentiated."""
    terms = [
        keras.ops.sum(y * keras.ops.convert_to_tensor(p))
        for y, p in zip(flat(outputs), patterns, strict=True)
        if "float" in str(y.dtype)
    ]
    return sum(terms)


def by_torch(case, layer, training, patterns, floats):
    """Gradients of inputs and weights by PyTorch."""
    import torch

    inputs = [torch.tensor(x, requires_grad=k in floats) for k, x in enumerate(case.inputs)]
    loss = weighted(layer(*case.arguments(inputs), **case.call, **training), patterns)
    wanted = [inputs[k] for k in floats] + [v.value for v in layer.trainable_weights]
    if not wanted or not getattr(loss, "requires_grad", False):
        return [None] * len(floats), [None] * len(layer.trainable_weights)
    grads = torch.autograd.grad(loss, wanted, allow_unused=True)
    return grads[: len(floats)], grads[len(floats) :]


def by_jax(case, layer, training, patterns, floats):
    """Gradients of inputs and weights by JAX."""
    import jax

    held = [v.value for v in layer.non_trainable_variables]

    def scalar(given, weights):
        inputs = [given[floats.index(k)] if k in floats else x for k, x in enumerate(case.inputs)]
        outputs, _ = layer.stateless_call(weights, held, *case.arguments(inputs), **case.call, **training)
        return weighted(outputs, patterns)

    given = [jax.numpy.asarray(case.inputs[k]) for k in floats]
    return jax.grad(scalar, argnums=(0, 1))(given, [v.value for v in layer.trainable_weights])


def by_tensorflow(case, layer, training, patterns, floats):
    """Gradients of inputs and weights by TensorFlow."""
    import tensorflow as tf

    inputs = [tf.constant(x) for x in case.inputs]
    wanted = [inputs[k] for k in floats]
    weights = [v.value for v in layer.trainable_weights]
    with tf.GradientTape() as tape:
        tape.watch(wanted)
        loss = weighted(layer(*case.arguments(inputs), **case.call, **training), patterns)
    grads = tape.gradient(loss, [*wanted, *weights])
    return grads[: len(floats)], grads[len(floats) :]


def make(family):
    """Write the file of one family."""
    path = HERE / f"{family}.npz"
    cases = importlib.import_module(f"tests.golden.layers.{family}").cases(keras)
    found = {}
    if path.exists():
        with np.load(path) as old:
            found = {k: old[k] for k in old.files if cases.get(k.split("/")[0]) and not made_here(cases, k)}
    for name, case in cases.items():
        if case.backend == BACKEND:
            found.update({f"{name}/{key}": value for key, value in everything(case).items()})
    np.savez_compressed(path, **found)
    print(family, len(cases), "cases,", path.stat().st_size // 1024, "KB; by", BACKEND)


def made_here(cases, key):
    """Whether a number is of a case meant for this back end."""
    return cases[key.split("/")[0]].backend == BACKEND


if __name__ == "__main__":
    families = sys.argv[1:] or sorted(p.stem for p in HERE.glob("[a-z]*.py"))
    for each in families:
        make(each)
