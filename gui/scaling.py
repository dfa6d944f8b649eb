"""Which limits the colour bars on the stage have: of each tensor, of the layer, or held while stepping. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gui.colours import Scale
from gui.content import Content, base_name, is_gradient

SCOPES = ("tensor", "layer", "held")


class Scaling:
    """The choice of limits; held ones are those that a value had when they were first held.

    Example:
        >>> scaling = Scaling()
        >>> [scaling.of((Content("w", (2,), scale=Scale(-k, k)),))[0].scale.high for k in (1.0, 3.0)]
        [1.0, 3.0]
        >>> scaling.choose("held")
        >>> [scaling.of((Content("w", (2,), scale=Scale(-k, k)),))[0].scale.high for k in (1.0, 3.0)]
        [1.0, 1.0]
    """

    def __init__(self) -> None:
        self.scope, self.log = SCOPES[0], False
        self._held: dict[str, Scale] = {}

    def choose(self, scope: str) -> None:
        """Limits of each tensor, of the layer, or held from now on.

        Raises:
            ValueError: for another word.
        """
        if scope not in SCOPES:
            raise ValueError(f"expected a scope of {SCOPES}, received {scope!r}.")
        self.scope = scope
        self._held.clear()

    def of(self, contents: Sequence[Content]) -> tuple[Content, ...]:
        """The tensors of one step with the limits chosen."""
        shared = {signed: self._widest(contents, signed) for signed in (True, False)}
        return tuple(self._with_scale(c, shared) for c in contents)

    def _widest(self, contents: Sequence[Content], signed: bool) -> Scale | None:
        """The widest limits of weights and activations; gradients are of another size and keep their own."""
        scales = [c.scale for c in contents if c.scale and c.scale.signed is signed and not is_gradient(c.name)]
        return max(scales, key=lambda s: s.high, default=None)

    def _with_scale(self, content: Content, shared: dict[bool, Scale | None]) -> Content:
        scale = content.scale
        if scale is None:
            return content
        gradient = is_gradient(content.name)
        if self.scope == "layer" and not gradient:
            scale = shared[scale.signed] or scale
        elif self.scope == "held" and scale.high > 0:
            key = base_name(content.name) + (".grad" if gradient else "")
            scale = self._held.setdefault(key, scale)
        if self.log and gradient and scale.signed:
            scale = replace(scale, log=True)
        return content if scale is content.scale else replace(content, scale=scale)
