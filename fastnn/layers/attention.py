"""Attention: every query looks up a mixture of values, weighed by how well its key fits."""

from __future__ import annotations

import math
from typing import Any

from fastnn import constraints, initializers, ops, regularizers
from fastnn.engine import graph
from fastnn.layers.arguments import drawn_seed, one_of, only, share, whole
from fastnn.layers.base import Layer
from fastnn.layers.masks import mask_of, set_mask
from fastnn.utils.registry import serializable

OPTIONS = ("initializer", "regularizer", "constraint")
FAR_BELOW = -1e9  # what masked scores are lowered by


def causal(queries: int, values: int) -> Any:
    """Which values a query may see: those not later than itself; shape (1, queries, values)."""
    return ops.expand_dims(ops.tri(queries, values, dtype="bool"), axis=0)


def both(a: Any, b: Any) -> Any:
    """Two masks as one; None masks nothing."""
    if a is None or b is None:
        return b if a is None else a
    return ops.logical_and(a, b)


def as_mask(mask: Any) -> Any:
    return None if mask is None else ops.cast(mask, dtype="bool")


@serializable("keras.layers")
class Attention(Layer):
    """Softmax of the products of queries and keys, times the values; Luong, Pham and Manning, 2015.

    Args:
        use_scale: Whether the scores are multiplied by a number that is learnt.
        score_mode: 'dot' for products, 'concat' for the sum of tanh(query + key), times a number that is learnt.
        dropout: Share of the weights of values that is dropped in training.
        seed: A whole number; drawn by default.

    Raises:
        ValueError: for another mode, a share not from 0 to 1, or anything but [query, value] or [query, value, key].

    Example:
        >>> from fastnn import Tensor
        >>> query, value = Tensor([[[1.0, 0.0]]]), Tensor([[[2.0, 2.0], [2.0, 2.0]]])
        >>> Attention()([query, value]).numpy()
        array([[[2., 2.]]], dtype=float32)
    """

    config_names: tuple[str, ...] = ("use_scale", "score_mode", "dropout", "seed")
    weight_names: tuple[str, ...] = ("scale", "concat_score_weight")

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_scale, self.score_mode = bool(use_scale), one_of("score_mode", score_mode, ("dot", "concat"))
        self.dropout, drawn = share("dropout", dropout), drawn_seed(seed)
        self.seed = drawn if dropout else seed

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def _check(self, inputs: Any, mask: Any = None) -> None:
        for name, given in (("inputs", inputs), ("mask", mask)):
            if given is None and name == "mask":
                continue
            if not isinstance(given, (list, tuple)) or not 2 <= len(given) <= 3:
                raise ValueError(
                    f"Layer '{self.name}': expected {name} to be a list [query, value] or [query, value, key]. "
                    f"Received: {name}={given!r}"
                )

    def scores(self, query: Any, key: Any) -> Any:
        """How well keys fit queries: (batch, queries, keys)."""
        if self.score_mode == "dot":
            found = ops.matmul(query, ops.transpose(key, axes=(0, 2, 1)))
            return found if self.scale is None else found * self.scale
        mixed = ops.expand_dims(query, axis=-2) + ops.expand_dims(key, axis=-3)
        mixed = mixed if self.scale is None else mixed * self.scale
        return ops.sum(ops.tanh(mixed), axis=-1) * self.concat_score_weight

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        self._check(inputs, mask)
        query, value = inputs[0], inputs[1]
        scores = self.scores(query, inputs[2] if len(inputs) > 2 else value)
        query_mask, value_mask = (as_mask(mask[0]), as_mask(mask[1])) if mask else (None, None)
        allowed = None if value_mask is None else ops.expand_dims(value_mask, axis=-2)
        if use_causal_mask:
            allowed = both(allowed, causal(*scores.shape[-2:]))
        if allowed is not None:
            scores = ops.where(allowed, scores, scores + FAR_BELOW)
        weights = ops.softmax(scores)
        if training and self.dropout:
            weights = ops.dropout(weights, graph.training_step(), rate=self.dropout, seed=self.seed)
        output = ops.matmul(weights, value)
        if query_mask is not None:
            output = ops.where(ops.expand_dims(query_mask, axis=-1), output, 0.0)
        return (output, weights) if return_attention_scores else output

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The query's mask."""
        return previous_mask[0] if isinstance(previous_mask, (list, tuple)) else None


@serializable("keras.layers")
class AdditiveAttention(Attention):
    """Attention whose scores are sums of tanh(query + key); Bahdanau, Cho and Bengio, 2015.

    Args:
        use_scale: Whether the features of the sum have weights that are learnt.
        dropout: Share of the weights of values that is dropped in training.
        **kwargs: seed, name, dtype, trainable.

    Example:
        >>> from fastnn import Tensor
        >>> AdditiveAttention()([Tensor([[[1.0, 0.0]]]), Tensor([[[2.0, 2.0], [2.0, 2.0]]])]).numpy()
        array([[[2., 2.]]], dtype=float32)
    """

    config_names = ("use_scale", "score_mode", "dropout", "seed")

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)
        self.scale = self.add_weight((input_shape[0][-1],), "glorot_uniform", name="scale") if self.use_scale else None

    def scores(self, query: Any, key: Any) -> Any:
        mixed = ops.tanh(ops.expand_dims(query, axis=-2) + ops.expand_dims(key, axis=-3))
        return ops.sum(mixed if self.scale is None else mixed * self.scale, axis=-1)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return super().from_config({k: v for k, v in config.items() if k != "score_mode"})


class HeadProjection(Layer):
    """A dense layer between features and (heads, features of a head), the kernel having an axis for each.

    Args:
        inputs: Shape of what is multiplied: (features,) or (heads, features).
        outputs: Shape of what comes out.
        options: Initializers, regularizers and constraints, and use_bias.
    """

    weight_names = ("kernel", "bias")

    def __init__(
        self, inputs: tuple[int, ...], outputs: tuple[int, ...], options: dict[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.inputs, self.outputs, self.options = inputs, outputs, options

    def build(self, input_shape: Any) -> None:
        shapes = {"kernel": (*self.inputs, *self.outputs), "bias": self.outputs}
        self.bias = None
        for name in ("kernel", "bias") if self.options["use_bias"] else ("kernel",):
            initializer, regularizer, constraint = (self.options[f"{name}_{kind}"] for kind in OPTIONS)
            setattr(self, name, self.add_weight(
                shapes[name], initializer, regularizer=regularizer, constraint=constraint, name=name
            ))  # fmt: skip

    def call(self, x: Any) -> Any:
        rows, columns = math.prod(self.inputs), math.prod(self.outputs)
        lead = tuple(x.shape[: len(x.shape) - len(self.inputs)])
        bias = None if self.bias is None else ops.reshape(self.bias, shape=(columns,))
        y = ops.dense(ops.reshape(x, shape=(*lead, rows)), ops.reshape(self.kernel, shape=(rows, columns)), bias)
        return ops.reshape(y, shape=(*lead, *self.outputs))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """None: masks are the attention's affair."""


@serializable("keras.layers")
class MultiHeadAttention(Layer):
    """Several attentions side by side, each on its own projection; Vaswani and others, 2017.

    Args:
        num_heads: How many.
        key_dim: Length of the projected queries and keys of one head.
        value_dim: Length of the projected values of one head; key_dim by default.
        dropout: Share of the weights of values that is dropped in training.
        use_bias: Whether projections have a bias.
        output_shape: Shape of an output position: a whole number or a tuple; the query's length by default.
        attention_axes: Axes that are looked along: all between batch and features, which is the only choice here.
        sliding_window: Not available: None.
        flash_attention: Ignored.
        kernel_initializer: Initial values of the projections.
        bias_initializer: Initial values of the biases.
        kernel_regularizer: Penalty on the projections.
        bias_regularizer: Penalty on the biases.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint of the projections.
        bias_constraint: Constraint of the biases.
        use_gate: Whether what comes out of the heads is multiplied by a sigmoid of the query's projection.
        seed: A whole number; drawn by default.

    Raises:
        ValueError: if a length is not a positive whole number, or the inputs do not fit each other.

    Example:
        >>> from fastnn import Tensor
        >>> x = Tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]])
        >>> MultiHeadAttention(num_heads=2, key_dim=4)(x, x).shape
        (1, 3, 2)
    """

    supports_masking = True
    config_names = (
        "num_heads", "key_dim", "value_dim", "dropout", "use_bias", "use_gate", "output_shape", "attention_axes",
        "sliding_window", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
        "activity_regularizer", "kernel_constraint", "bias_constraint", "seed",
    )  # fmt: skip

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.num_heads, self.key_dim = whole("num_heads", num_heads), whole("key_dim", key_dim)
        self.value_dim = self.key_dim if value_dim is None else whole("value_dim", value_dim)
        self.dropout, self.use_bias, self.use_gate = share("dropout", dropout), bool(use_bias), bool(use_gate)
        given = (output_shape,) if isinstance(output_shape, int) else output_shape
        self.output_shape = None if given is None else tuple(whole("output_shape", n) for n in given)
        axes = (attention_axes,) if isinstance(attention_axes, int) else attention_axes
        self.attention_axes = None if axes is None else tuple(axes)
        only("sliding_window", sliding_window, None)
        self.sliding_window = None
        self.kernel_initializer, self.bias_initializer = map(initializers.get, (kernel_initializer, bias_initializer))
        self.kernel_regularizer, self.bias_regularizer = map(regularizers.get, (kernel_regularizer, bias_regularizer))
        self.kernel_constraint, self.bias_constraint = map(constraints.get, (kernel_constraint, bias_constraint))
        drawn = drawn_seed(seed)
        self.seed = drawn if dropout else seed

    def build(self, query_shape: Any, value_shape: Any = None, key_shape: Any = None) -> None:
        value_shape = query_shape if value_shape is None else value_shape
        key_shape = value_shape if key_shape is None else key_shape
        if value_shape[1:-1] != key_shape[1:-1]:
            raise ValueError(
                f"Layer '{self.name}': expected value and key of the same shape but for the last axis. "
                f"Received: value of shape {tuple(value_shape)}, key of shape {tuple(key_shape)}"
            )
        middle = tuple(range(1, len(query_shape) - 1))
        if self.attention_axes is not None and tuple(a % (len(query_shape) - 1) for a in self.attention_axes) != middle:
            raise ValueError(
                f"Layer '{self.name}': expected attention_axes to be all axes between batch and features, {middle}. "
                f"Received: attention_axes={self.attention_axes}"
            )
        heads = (self.num_heads, self.key_dim)
        self.query_dense = self._projection("query", (query_shape[-1],), heads)
        self.key_dense = self._projection("key", (key_shape[-1],), heads)
        if self.use_gate:
            self._gate_dense = self._projection("gate", (query_shape[-1],), (self.num_heads, self.value_dim))
        self.value_dense = self._projection("value", (value_shape[-1],), (self.num_heads, self.value_dim))
        outputs = self.output_shape or (query_shape[-1],)
        self.output_dense = self._projection("attention_output", (self.num_heads, self.value_dim), outputs)

    def _projection(self, name: str, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> HeadProjection:
        kinds = [
            f"{part}_{kind}" for part in ("kernel", "bias") for kind in ("initializer", "regularizer", "constraint")
        ]
        options = {"use_bias": self.use_bias, **{kind: getattr(self, kind) for kind in kinds}}
        layer = HeadProjection(inputs, outputs, options, name=name, dtype=self.dtype, trainable=self.trainable)
        layer.build(None)
        for variable in layer.weights:
            variable.path = f"{self.name}/{variable.path}"
        return layer

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        own_mask = mask_of(query) if query_mask is None else query_mask
        middle = tuple(query.shape[1:-1])
        key = value if key is None else key
        allowed = self._allowed(query, value, own_mask, value_mask, key_mask, attention_mask, use_causal_mask)
        gate = ops.sigmoid(self._gate_dense(query)) if self.use_gate else None
        q, k, v = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        shown = return_attention_scores or self.dropout > 0
        mixed, weights = self._look_up([by_head(x) for x in (q, k, v)], allowed, shown, training)
        mixed = ops.reshape(ops.transpose(mixed, axes=(0, 2, 1, 3)), shape=(*v.shape[:1], *middle, *v.shape[-2:]))
        output = self.output_dense(mixed if gate is None else mixed * gate)
        if own_mask is not None:
            set_mask(output, own_mask)
        if not return_attention_scores:
            return output
        shape = (*weights.shape[:2], *middle, *value.shape[1:-1])
        return output, ops.reshape(weights, shape=shape) if len(middle) > 1 else weights

    def _allowed(
        self,
        query: Any,
        value: Any,
        query_mask: Any,
        value_mask: Any,
        key_mask: Any,
        attention_mask: Any,
        causally: bool,
    ) -> Any:
        """Which values each query may see: (batch or 1, queries, values); None for all."""
        found = None if query_mask is None else ops.expand_dims(as_mask(query_mask), axis=-1)
        for mask in (value_mask, key_mask):
            found = both(found, None if mask is None else ops.expand_dims(as_mask(mask), axis=-2))
        if causally:
            found = both(found, causal(query.shape[1], value.shape[1]))
        if attention_mask is not None and tuple(attention_mask.shape)[-2:] != (query.shape[1], value.shape[1]):
            raise ValueError(
                f"Layer '{self.name}': expected attention_mask of shape (batch, {query.shape[1]}, {value.shape[1]}). "
                f"Received: shape {tuple(attention_mask.shape)}"
            )
        return both(as_mask(attention_mask), found)

    def _look_up(self, parts: list[Any], allowed: Any, shown: bool, training: bool) -> tuple[Any, Any]:
        """Mixtures of values (batch, heads, queries, features) and their weights (batch, heads, queries, values).

        As in Keras a query that may see nothing looks at everything alike, unless the weights are shown or dropped.
        """
        q, k, v = parts
        scores = ops.matmul(q * (1.0 / math.sqrt(self.key_dim)), ops.transpose(k, axes=(0, 1, 3, 2)))
        if allowed is not None:
            allowed = allowed if len(allowed.shape) > 3 else ops.expand_dims(allowed, axis=1)
            scores = ops.where(allowed, scores, FAR_BELOW)
        weights = ops.softmax(scores)
        if allowed is not None and shown:
            weights = ops.where(allowed, weights, 0.0)
        kept = weights
        if training and self.dropout:
            kept = ops.dropout(weights, graph.training_step(), rate=self.dropout, seed=self.seed)
        return ops.matmul(kept, v), weights


def by_head(x: Any) -> Any:
    """(batch, positions ..., heads, features) as (batch, heads, positions, features)."""
    batch, *middle, heads, features = x.shape
    return ops.transpose(ops.reshape(x, shape=(batch, math.prod(middle), heads, features)), axes=(0, 2, 1, 3))
