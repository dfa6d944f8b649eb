"""A dense layer whose product is written as an equation."""

from __future__ import annotations

from typing import Any

from fastnn import activations, constraints, initializers, ops, regularizers
from fastnn.layers.base import Layer
from fastnn.utils.registry import serializable

Sizes = dict[str, "int | None"]


@serializable("keras.layers")
class EinsumDense(Layer):
    """A product of input and kernel by an equation in Einstein's notation, a bias, and an activation.

    Args:
        equation: Such as 'abc,cd->abd': axes of the input, of the kernel, and of the output; '...' stands for any.
        output_shape: The output's shape without the batch, None for axes that are as in the input; or its last axis.
        activation: Name or function; none by default.
        bias_axes: Letters of the output's axes along which the bias differs; no bias by default.
        kernel_initializer: Initial values of the kernel.
        bias_initializer: Initial values of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: What the kernel is put back to after every update.
        bias_constraint: What the bias is put back to after every update.
        **kwargs: See `Layer`.

    Raises:
        ValueError: for an equation that does not fit input and output.

    Example:
        >>> layer = EinsumDense("ab,bc->ac", output_shape=4, bias_axes="c", kernel_initializer="ones")
        >>> layer([[1.0, 2.0]]).numpy()
        array([[3., 3., 3., 3.]], dtype=float32)
    """

    config_names = (
        "equation", "output_shape", "activation", "bias_axes", "kernel_initializer", "bias_initializer",
        "kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint",
    )  # fmt: skip
    weight_names = ("kernel", "bias")

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.equation, self.bias_axes = equation, bias_axes
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.axes = parts_of(equation)

    def build(self, input_shape: Any) -> None:
        sizes, given = self.sizes(input_shape), self.axes
        kernel = [sizes[letter] for letter in given[1]]
        shape = tuple(n for n in kernel if n is not None)
        if len(shape) < len(kernel):
            raise ValueError(
                f"Layer '{self.name}': expected known lengths of the kernel's axes '{given[1]}'. Received: {kernel}"
            )
        self.kernel = self.add_weight(
            shape, self.kernel_initializer, regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint, name="kernel",
        )  # fmt: skip
        self.bias = None
        if self.bias_axes:
            self.bias = self.add_weight(
                self.bias_shape(sizes), self.bias_initializer, regularizer=self.bias_regularizer,
                constraint=self.bias_constraint, name="bias",
            )  # fmt: skip

    def sizes(self, input_shape: Any) -> Sizes:
        """The length of every axis by its letter.

        Raises:
            ValueError: if input or output have another number of axes, or an axis two lengths.
        """
        left, _, right = (part.replace("...", "") for part in self.axes)
        shape, wanted = list(input_shape), list(self.partial_output_shape)
        if len(shape) < len(left) or ("..." not in self.axes[0] and len(shape) != len(left)):
            raise ValueError(
                f"Layer '{self.name}': expected an input with the axes '{self.axes[0]}'. Received: shape {input_shape}"
            )
        inputs = shape[-len(left) :] if self.axes[0].startswith("...") else shape[: len(left)]
        found: Sizes = dict(zip(left, inputs, strict=True))
        outputs = right[-len(wanted) :] if len(wanted) < len(right) else right
        if len(outputs) != len(wanted):
            raise ValueError(
                f"Layer '{self.name}': expected output_shape for the axes '{right}' of '{self.equation}' without the "
                f"first. Received: output_shape={self.partial_output_shape}"
            )
        for letter, size in zip(outputs, wanted, strict=True):
            known = found.get(letter)
            if size is not None and known not in (None, size):
                raise ValueError(
                    f"Layer '{self.name}': expected the output's axis '{letter}' as long as the input's, {known}. "
                    f"Received: {size}"
                )
            found[letter] = known if size is None else size
        return found

    def bias_shape(self, sizes: Sizes) -> tuple[int, ...]:
        """Lengths of the bias: 1 where it is the same along an axis, from the first axis along which it differs."""
        right, wanted = self.axes[2].replace("...", ""), self.bias_axes or ""
        if not set(wanted) <= set(right):
            raise ValueError(
                f"Layer '{self.name}': expected bias_axes among the output's axes '{right}'. Received: '{wanted}'"
            )
        first = min(right.index(letter) for letter in wanted)
        shape = [sizes[letter] if letter in wanted else 1 for letter in right[first:]]
        return tuple(int(n or 0) for n in shape)

    def call(self, inputs: Any) -> Any:
        y = ops.einsum(self.equation, inputs, self.kernel)
        return self.activation(y if self.bias is None else y + self.bias)

    def config_value(self, key: str) -> Any:
        if key == "output_shape":
            return self.partial_output_shape
        return activations.serialize(self.activation) if key == "activation" else super().config_value(key)


def parts_of(equation: str) -> tuple[str, str, str]:
    """Axes of input, kernel and output.

    Raises:
        ValueError: for what is no such equation.
    """
    try:
        left, right = equation.replace(" ", "").split("->")
        first, second = left.split(",")
    except (ValueError, AttributeError):
        raise ValueError(f"Expected an equation such as 'ab,bc->ac'. Received: equation={equation!r}") from None
    letters = (first + second + right).replace("...", "")
    if not letters.isalpha() or not set(second) <= set(first + right):
        raise ValueError(f"Expected letters for axes, the kernel's among the others. Received: equation={equation!r}")
    return first, second, right
