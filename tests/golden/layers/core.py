"""Dense, Activation and the plain shaping layers."""

from tests.golden.case import Case, numbers

EXEMPT = {
    "InputLayer": {"*"},
    "Lambda": {"*"},
    "Wrapper": {"*"},
}  # no numbers of their own; tested with models and saving


def cases(keras):
    """Configurations by name."""
    k = keras.layers
    return {
        "dense": Case(k.Dense(3, activation="tanh"), numbers(1, 4, 5)),
        "dense_3d": Case(k.Dense(2, use_bias=False), numbers(2, 2, 3, 5)),
        "activation": Case(k.Activation("softmax"), numbers(3, 4, 5)),
        "flatten": Case(k.Flatten(), numbers(4, 2, 3, 4)),
        "flatten_channels_first": Case(k.Flatten(data_format="channels_first"), numbers(5, 2, 3, 4, 5)),
        "reshape": Case(k.Reshape((3, -1)), numbers(6, 2, 4, 6)),
        "identity": Case(k.Identity(), numbers(8, 4, 5)),
        "einsum_dense": Case(
            k.EinsumDense("ab,bc->ac", output_shape=3, bias_axes="c", activation="tanh"), numbers(9, 4, 5)
        ),
        "einsum_dense_times": Case(
            k.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de"), numbers(10, 2, 4, 5)
        ),
        "einsum_dense_one_bias": Case(
            k.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="d"), numbers(10, 2, 4, 5)
        ),
        "einsum_dense_free": Case(k.EinsumDense("...x,xy->...y", output_shape=4, bias_axes="y"), numbers(11, 2, 3, 5)),
        "einsum_dense_middle": Case(k.EinsumDense("abc,bd->adc", output_shape=(6, None)), numbers(12, 2, 4, 5)),
        "permute": Case(k.Permute((3, 1, 2)), numbers(7, 2, 3, 4, 5)),
    }
