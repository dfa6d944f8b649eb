"""Functional models of operations alone, for fastnn and for real Keras: one of each kind."""

import numpy as np

SHAPE = (4, 6)
ROWS = np.random.default_rng(7).normal(size=(2, *SHAPE)).astype("float32")
ONES = np.ones((2, 6, 3), "float32")
COUNTED = np.arange(1, 7).astype("float32")

KINDS = {  # written as Keras writes them
    "abs": lambda k, x: abs(x),
    "add": lambda k, x: x + 1,
    "any": lambda k, x: k.ops.any(x > 0, axis=1),
    "append": lambda k, x: k.ops.append(x, x, axis=1),
    "attention": lambda k, x: k.ops.dot_product_attention(
        x[:, :, None], x[:, :, None], x[:, :, None], is_causal=True, flash_attention=False
    ),
    "average": lambda k, x: k.ops.average(x, axis=-1, weights=COUNTED),
    "average_pool": lambda k, x: k.ops.average_pool(x, 2, padding="same"),
    "batch_normalization": lambda k, x: k.ops.batch_normalization(x, 0 * COUNTED, COUNTED, -1, scale=COUNTED),
    "cast": lambda k, x: k.ops.cast(x > 0, "int32"),
    "cdist": lambda k, x: k.ops.cdist(x[0], x[1]),
    "clip": lambda k, x: k.ops.clip(x, 0, 1),
    "concatenate": lambda k, x: k.ops.concatenate([x, x * 2], axis=-1),
    "constant": lambda k, x: x * COUNTED,
    "conv": lambda k, x: k.ops.conv(x, ONES),
    "diagonal": lambda k, x: k.ops.diagonal(x, axis1=1, axis2=2),
    "einsum": lambda k, x: k.ops.einsum("bij,bkj->bik", x, x),
    "expand_dims": lambda k, x: k.ops.expand_dims(x, -1),
    "flip": lambda k, x: k.ops.flip(x, axis=1),
    "full_like": lambda k, x: k.ops.full_like(x, 3.0),
    "gelu": lambda k, x: k.activations.gelu(x),
    "isclose": lambda k, x: k.ops.isclose(x, x, rtol=0.5),
    "isin": lambda k, x: k.ops.isin(k.ops.argmax(x, axis=-1), [1, 2]),
    "key_pair": lambda k, x: x[:, 0, 1],
    "key_strided": lambda k, x: x[:, ::2, None],
    "leaky_relu": lambda k, x: k.ops.leaky_relu(x, 0.3),
    "logsumexp": lambda k, x: k.ops.logsumexp(x, axis=1),
    "matmul": lambda k, x: x @ k.ops.transpose(x, (0, 2, 1)),
    "max": lambda k, x: k.ops.max(x, axis=(1, 2)),
    "max_pool": lambda k, x: k.ops.max_pool(k.ops.expand_dims(x, -1), 2),
    "mean": lambda k, x: k.ops.mean(x, axis=1),
    "meshgrid": lambda k, x: k.ops.meshgrid(x[0, 0], x[0, 1])[0],
    "moments": lambda k, x: k.ops.moments(x, [1])[1],
    "multi_hot": lambda k, x: k.ops.multi_hot(k.ops.argmax(x, axis=-1), 6),
    "norm": lambda k, x: k.ops.norm(x, axis=1),
    "one_hot": lambda k, x: k.ops.one_hot(k.ops.argmax(x, axis=-1), 6),
    "pad": lambda k, x: k.ops.pad(x, ((0, 0), (1, 1), (0, 0)), constant_values=2.0),
    "quantile": lambda k, x: k.ops.quantile(x, 0.5, axis=1),
    "rectify": lambda k, x: k.activations.relu(x, max_value=1.0),
    "repeat": lambda k, x: k.ops.repeat(x, 2, axis=1),
    "reshape": lambda k, x: k.ops.reshape(x, (-1, 24)),
    "rms_normalization": lambda k, x: k.ops.rms_normalization(x),
    "searchsorted": lambda k, x: k.ops.searchsorted(COUNTED, x[0, 0]),
    "select": lambda k, x: k.ops.select([x > 1, x > 0], [x, -x], 0.0),
    "slice": lambda k, x: k.ops.slice(x, (0, 1, 2), (1, 2, 3)),
    "softmax": lambda k, x: k.ops.softmax(x),
    "split": lambda k, x: k.ops.split(x, 2, axis=1)[1],
    "stack": lambda k, x: k.ops.stack([x, x], axis=1),
    "stop_gradient": lambda k, x: k.ops.stop_gradient(x),
    "subtract": lambda k, x: 1 - x,
    "take": lambda k, x: k.ops.take(x, [0, 2], axis=1),
    "tensordot": lambda k, x: k.ops.tensordot(x, ONES[0], axes=1),
    "top_k": lambda k, x: k.ops.top_k(x, 2)[0],
    "trapezoid": lambda k, x: k.ops.trapezoid(x, dx=0.5, axis=1),
    "where": lambda k, x: k.ops.where(x > 0, x, 0.0),
}
OTHERS = {  # written otherwise, with the same meaning
    "activation": lambda k, x: k.activations.relu(x),
    "constant_tensor": lambda k, x: x + k.ops.convert_to_tensor(COUNTED),
    "divide": lambda k, x: x / 2,
    "flipud": lambda k, x: k.ops.flipud(x),
    "key_last": lambda k, x: x[..., 1],
    "layer_normalization": lambda k, x: k.ops.layer_normalization(x, COUNTED),
    "resize": lambda k, x: k.ops.image.resize(k.ops.expand_dims(x, -1), (8, 8)),
    "square": lambda k, x: x**2,
    "trained": lambda k, x: k.layers.Dense(2)(k.ops.tanh(k.layers.Dense(3)(x)) * 0.5 + 1.0),
}
MODELS = {**KINDS, **OTHERS}


def model(keras, name):
    """A model whose output is an operation's."""
    x = keras.Input(SHAPE, name="x")
    return keras.Model(x, MODELS[name](keras, x))


def entries(config):
    """What a configuration says of its operations; names, types of tensors and the way of passing left out."""
    layers = [entry for entry in config["layers"] if entry["class_name"] != "InputLayer"]
    number = {entry["name"]: i for i, entry in enumerate(layers)}

    def plain(value):
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            name, *rest = value["config"]["keras_history"]
            return [number.get(name, name), *rest]
        if isinstance(value, dict):
            return {key: plain(v) for key, v in value.items()}
        return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value

    return [
        {
            **{key: entry[key] for key in ("module", "class_name", "registered_name")},
            "config": {key: plain(v) for key, v in entry["config"].items() if key != "name"},
            "calls": [plain([*node["args"], *node["kwargs"].values()]) for node in entry["inbound_nodes"]],
        }
        for entry in layers
    ]
