"""Batch, layer, group, RMS and unit normalisation."""

from tests.golden.case import Case, numbers

EXEMPT = {
    "BatchNormalization": {"renorm", "renorm_clipping", "renorm_momentum", "synchronized"},  # refused
    "LocalResponseNormalization": {"*"},  # Keras has none; tests/test_normalization.py
}


def cases(keras):
    """Configurations by name."""
    k = keras.layers
    mask = numbers(31, 3, 5) > -0.3
    return {
        "batch": Case(k.BatchNormalization(momentum=0.8, epsilon=0.01), numbers(1, 6, 3)),
        "batch_images": Case(k.BatchNormalization(), numbers(2, 2, 3, 5, 4)),
        "batch_channels_first": Case(k.BatchNormalization(axis=1), numbers(3, 3, 4, 2, 5)),
        "batch_plain": Case(k.BatchNormalization(center=False, scale=False), numbers(4, 4, 3)),
        "batch_no_scale": Case(k.BatchNormalization(scale=False), numbers(5, 4, 2, 3)),
        "batch_frozen": Case(k.BatchNormalization(trainable=False), numbers(6, 5, 3)),
        "batch_mask": Case(k.BatchNormalization(momentum=0.5), numbers(7, 3, 5, 2), traced=False, mask=mask),
        "layer": Case(k.LayerNormalization(), numbers(8, 4, 5)),
        "layer_axes": Case(k.LayerNormalization(axis=[1, 2], epsilon=0.1), numbers(9, 2, 3, 4)),
        "layer_apart": Case(k.LayerNormalization(axis=(1, 3)), numbers(10, 2, 3, 4, 5), backend="jax"),
        "layer_plain": Case(k.LayerNormalization(center=False, scale=False), numbers(11, 2, 3, 4)),
        "layer_axis": Case(k.LayerNormalization(axis=1, center=False), numbers(12, 2, 3, 4), backend="jax"),
        "group": Case(k.GroupNormalization(groups=2), numbers(13, 3, 6)),
        "group_images": Case(k.GroupNormalization(3, epsilon=0.02), numbers(14, 2, 3, 2, 6)),
        "group_channels_first": Case(k.GroupNormalization(2, axis=1), numbers(15, 2, 4, 3, 5)),
        "group_each": Case(k.GroupNormalization(-1, center=False), numbers(16, 2, 3, 4)),
        "group_plain": Case(k.GroupNormalization(2, scale=False), numbers(17, 2, 5, 4)),
        "rms": Case(k.RMSNormalization(), numbers(18, 3, 5)),
        "rms_axes": Case(k.RMSNormalization(axis=[1, 2], epsilon=0.1), numbers(19, 2, 3, 4)),
        "unit": Case(k.UnitNormalization(), numbers(20, 3, 4)),
        "unit_axes": Case(k.UnitNormalization(axis=[1, 2]), numbers(21, 2, 3, 4)),
    }
