"""Attention, with masks and without; products of two tensors."""

import numpy as np

from tests.golden.case import Case, numbers

QUERY, VALUE, KEY = numbers(1, 2, 3, 4), numbers(2, 2, 5, 4), numbers(3, 2, 5, 4)
LONG_VALUE = numbers(4, 2, 5, 6)
QUERY_MASK = np.array([[1, 1, 0], [1, 0, 1]], bool)
VALUE_MASK = np.array([[1, 0, 1, 1, 0], [1, 1, 1, 0, 0]], bool)
SEEN = np.array([[[1, 1, 0, 0, 1]] * 3, [[0, 1, 1, 1, 1], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1]]], bool)
BLIND = np.array([[[1, 1, 0, 0, 1]] * 3, [[0, 0, 0, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1]]], bool)
EXEMPT = {
    "Attention": {"seed"},
    "MultiHeadAttention": {"seed", "attention_axes", "sliding_window", "flash_attention"},
}


def cases(keras):
    """Configurations by name."""
    k = keras.layers
    tensor = keras.ops.convert_to_tensor
    masks = [tensor(QUERY_MASK), tensor(VALUE_MASK)]
    own = numbers(5, 2, 4, 3)
    heads = {
        "plain": Case(k.MultiHeadAttention(2, 3), QUERY, LONG_VALUE, separate=True),
        "key": Case(k.MultiHeadAttention(2, 3, value_dim=5, use_bias=False), QUERY, LONG_VALUE, KEY, separate=True),
        "output": Case(k.MultiHeadAttention(3, 2, output_shape=5), own, own, separate=True),
        "output_pair": Case(k.MultiHeadAttention(1, 2, output_shape=(2, 3)), own, own, separate=True),
        "causal": Case(k.MultiHeadAttention(2, 2), own, own, separate=True, use_causal_mask=True),
        "seen": Case(k.MultiHeadAttention(2, 2), QUERY, VALUE, separate=True, attention_mask=tensor(SEEN)),
        "scores": Case(k.MultiHeadAttention(2, 2), QUERY, VALUE, separate=True, return_attention_scores=True),
        "scores_causal": Case(
            k.MultiHeadAttention(2, 2), own, own, separate=True, return_attention_scores=True, use_causal_mask=True
        ),
        "value_mask": Case(k.MultiHeadAttention(2, 2), QUERY, VALUE, separate=True, value_mask=masks[1]),
        "key_mask": Case(k.MultiHeadAttention(2, 2), QUERY, VALUE, KEY, separate=True, key_mask=masks[1]),
        "blind": Case(
            k.MultiHeadAttention(2, 2), QUERY, VALUE, separate=True, attention_mask=tensor(BLIND), backend="jax"
        ),
        "blind_scores": Case(
            k.MultiHeadAttention(2, 2),
            QUERY,
            VALUE,
            separate=True,
            attention_mask=tensor(BLIND),
            return_attention_scores=True,
        ),
        "gate": Case(k.MultiHeadAttention(2, 3, use_gate=True), own, own, separate=True),
        "dropout": Case(k.MultiHeadAttention(2, 3, dropout=0.3), own, own, separate=True, random=True),
    }
    return {
        **{f"heads_{name}": case for name, case in heads.items()},
        "dot": Case(k.Attention(), QUERY, VALUE),
        "dot_key": Case(k.Attention(use_scale=True), QUERY, LONG_VALUE, KEY),
        "concat": Case(k.Attention(score_mode="concat"), QUERY, VALUE),
        "concat_scale": Case(k.Attention(use_scale=True, score_mode="concat"), QUERY, VALUE),
        "masked": Case(k.Attention(), QUERY, VALUE, mask=masks),
        "causal": Case(k.Attention(), QUERY, VALUE, use_causal_mask=True),
        "causal_masked": Case(k.Attention(), QUERY, VALUE, mask=masks, use_causal_mask=True),
        "scores": Case(k.Attention(), QUERY, VALUE, return_attention_scores=True),
        "dropout": Case(k.Attention(dropout=0.4), QUERY, VALUE, random=True),
        "additive": Case(k.AdditiveAttention(), QUERY, VALUE),
        "additive_plain": Case(k.AdditiveAttention(use_scale=False), QUERY, VALUE, KEY),
        "additive_masked": Case(k.AdditiveAttention(), QUERY, VALUE, mask=masks),
        "additive_dropout": Case(k.AdditiveAttention(dropout=0.4), QUERY, VALUE, random=True),
        "product": Case(k.Dot(axes=1), numbers(6, 3, 4), numbers(7, 3, 4)),
        "product_axes": Case(k.Dot(axes=(1, 2)), numbers(8, 2, 3, 5), numbers(9, 2, 4, 3)),
        "product_negative": Case(k.Dot(axes=-1), numbers(10, 2, 3, 5), numbers(11, 2, 5)),
        "product_high": Case(k.Dot(axes=(3, 1)), numbers(12, 2, 3, 2, 4), numbers(13, 2, 4, 5, 2)),
        "cosine": Case(k.Dot(axes=2, normalize=True), numbers(14, 2, 3, 5), numbers(15, 2, 4, 5)),
    }
