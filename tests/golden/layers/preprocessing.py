"""Scaling, standardising by given statistics, classes as rows, bins by given boundaries."""

from tests.golden.case import Case, integers, numbers

LOOKUPS = ("StringLookup", "IntegerLookup", "TextVectorization")  # of words; tested by hand
DRAWING = (  # compared in tests/golden/augmentation.py and tested by hand
    "RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip", "RandomRotation", "RandomTranslation",
    "RandomZoom",
)  # fmt: skip
EXEMPT = {
    **{name: {"*"} for name in DRAWING},
    **{name: {"*"} for name in LOOKUPS},
    "CategoryEncoding": {"sparse"},
    "Discretization": {"num_bins", "epsilon", "sparse"},
}


def cases(keras):
    """Configurations by name."""
    k = keras.layers
    x, images, classes = numbers(1, 4, 5), numbers(2, 2, 3, 4, 2), integers(3, 4, 5, 3)
    return {
        "rescaling": Case(k.Rescaling(0.25, offset=-1.5), x),
        "rescaling_channels": Case(k.Rescaling([2.0, -0.5], offset=[0.0, 3.0]), images),
        "normalization": Case(k.Normalization(mean=[1.0, 2.0, 3.0, 4.0, 5.0], variance=[4.0, 1.0, 0.25, 9.0, 0.0]), x),
        "normalization_axes": Case(k.Normalization(axis=(1, 3), mean=0.5, variance=2.25), images),
        "normalization_all": Case(k.Normalization(axis=None, mean=-1.0, variance=4.0, invert=True), x),
        "normalization_weights": Case(k.Normalization(axis=-1), images),
        "one_hot": Case(k.CategoryEncoding(4, output_mode="one_hot"), classes[:, :1]),
        "multi_hot": Case(k.CategoryEncoding(num_tokens=5), classes),
        "count": Case(k.CategoryEncoding(4, output_mode="count"), classes),
        "count_weights": Case(k.CategoryEncoding(4, output_mode="count"), classes, count_weights=numbers(4, 5, 3)),
        "bins": Case(k.Discretization(bin_boundaries=[-1.0, 0.0, 0.5]), x),
        "bins_one_hot": Case(k.Discretization([-1.0, 0.0, 0.5], output_mode="one_hot"), x),
        "bins_multi_hot": Case(k.Discretization([-1.0, 0.0], output_mode="multi_hot"), x),
        "bins_count": Case(k.Discretization([-1.0, 0.0], output_mode="count"), x),
    }
