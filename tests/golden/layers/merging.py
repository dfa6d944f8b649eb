"""Layers that put several tensors together."""

from tests.golden.case import Case, numbers


def cases(keras):
    """Configurations by name."""
    k = keras.layers
    three = [numbers(seed, 2, 3, 4) for seed in (1, 2, 3)]
    wide = [numbers(4, 2, 3, 4), numbers(5, 2, 1, 4)]
    return {
        "add": Case(k.Add(), *three),
        "add_broadcast": Case(k.Add(), *wide),
        "subtract": Case(k.Subtract(), *three[:2]),
        "multiply": Case(k.Multiply(), *three),
        "multiply_broadcast": Case(k.Multiply(), *wide),
        "average": Case(k.Average(), *three),
        "maximum": Case(k.Maximum(), *three),
        "minimum": Case(k.Minimum(), *three),
        "concatenate": Case(k.Concatenate(), numbers(6, 2, 3, 4), numbers(7, 2, 3, 2)),
        "concatenate_rows": Case(k.Concatenate(axis=1), numbers(8, 2, 3, 4), numbers(9, 2, 5, 4)),
    }
