"""Activation functions with arguments or weights."""

from tests.golden.case import Case, numbers


def cases(keras):
    """Configurations by name."""
    k = keras.layers
    return {
        "relu": Case(k.ReLU(), numbers(1, 3, 4)),
        "relu_arguments": Case(k.ReLU(max_value=1.5, negative_slope=0.2, threshold=0.3), 2 * numbers(2, 4, 7)),
        "leaky_relu": Case(k.LeakyReLU(), numbers(3, 3, 4)),
        "leaky_relu_slope": Case(k.LeakyReLU(negative_slope=0.05), numbers(4, 2, 3, 4)),
        "prelu": Case(k.PReLU(), numbers(5, 3, 4)),
        "prelu_shared": Case(k.PReLU(shared_axes=[1, 2]), numbers(6, 2, 3, 5, 4)),
        "prelu_one_axis": Case(k.PReLU(alpha_initializer="ones", shared_axes=2), numbers(7, 2, 3, 4)),
        "elu": Case(k.ELU(), numbers(8, 3, 4)),
        "elu_alpha": Case(k.ELU(alpha=0.4), numbers(9, 2, 3, 4)),
        "softmax": Case(k.Softmax(), numbers(10, 3, 4)),
        "softmax_axis": Case(k.Softmax(axis=1), numbers(11, 2, 3, 4)),
        "softmax_axes": Case(k.Softmax(axis=[1, 2]), numbers(12, 2, 3, 4)),
        "softmax_mask": Case(k.Softmax(), numbers(13, 3, 5), traced=False, mask=numbers(14, 3, 5) > -0.4),
        "softmax_all_masked": Case(k.Softmax(), numbers(15, 2, 3), traced=False, mask=numbers(14, 2, 3) > 9),
    }
