"""Dilated, grouped, depthwise and transposed convolutions that PyTorch is asked for too: a second witness."""

from tests.golden.case import numbers

CASES = {  # name: operation, shapes of x and w, attributes
    "dilated": ("conv2d", (2, 9, 11, 3), (3, 2, 3, 4), {"dilation_rate": (2, 3)}),
    "dilated_same": ("conv2d", (2, 7, 6, 2), (3, 4, 2, 3), {"dilation_rate": (3, 2), "padding": "same"}),
    "grouped": ("conv2d", (3, 6, 8, 6), (2, 3, 2, 9), {"groups": 3}),
    "grouped_strided": ("conv2d", (2, 8, 7, 4), (3, 2, 2, 6), {"groups": 2, "strides": (2, 3)}),
    "grouped_dilated_same": (
        "conv2d", (2, 6, 9, 4), (3, 2, 1, 8), {"groups": 4, "dilation_rate": (1, 3), "padding": "same"}),
    "depthwise": ("depthwise_conv2d", (2, 6, 5, 3), (3, 2, 3, 2), {}),
    "depthwise_same": ("depthwise_conv2d", (2, 5, 7, 5), (2, 3, 5, 1), {"padding": "same"}),
    "depthwise_strided": ("depthwise_conv2d", (1, 8, 9, 4), (3, 4, 4, 3), {"strides": (3, 2)}),
    "depthwise_dilated": ("depthwise_conv2d", (2, 9, 7, 2), (3, 2, 2, 2), {"dilation_rate": (3, 2)}),
    "transposed": ("conv2d_transpose", (2, 3, 4, 3), (3, 2, 5, 3), {"strides": (2, 1)}),
    "transposed_dilated": ("conv2d_transpose", (1, 4, 3, 2), (2, 3, 4, 2), {"dilation_rate": (3, 2)}),
}  # fmt: skip


def given(name):
    """x, w and b of a case."""
    operation, x, w, _ = CASES[name]
    outputs = w[2] * w[3] if operation == "depthwise_conv2d" else w[2 if operation == "conv2d_transpose" else 3]
    return numbers(1, *x), numbers(2, *w), numbers(3, outputs)


def coming_back(y):
    """The gradient that comes back for an output, by its shape."""
    return numbers(4, *y.shape)
