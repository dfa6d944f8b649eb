"""Why the numbers of a recurrent layer are what they are: formulas step by step, unit by unit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.ops.terms import Formula, Index, Sum, grid

NAME = re.compile(r"[A-Za-z_]\w*")
ACTIVATIONS = {
    "tanh": "tanh({})",
    "sigmoid": "1 / (1 + exp(-({})))",
    "relu": "max({}, 0)",
    "linear": "({})",
    "hard_sigmoid": "min(max(({}) / 6 + 0.5, 0), 1)",
}
SLOPES = {
    "tanh": "(1 - {0} * {0})",
    "sigmoid": "({0} * (1 - {0}))",
    "relu": "float({0} > 0)",
    "linear": "1",
    "hard_sigmoid": "(float(0 < {0} < 1) / 6)",
}


class Sequence3:
    """One explanation being written for a step (batch row b, time t) of a recurrent operation.

    Args:
        roles: The operation's inputs.
        shapes: Their shapes, None for those left out.
        attrs: The operation's attributes.
    """

    def __init__(self, roles: Sequence[str], shapes: Any, attrs: Mapping[str, Any]) -> None:
        self.given = {r for r, s in zip(roles, shapes, strict=True) if s is not None}
        self.batch, self.steps, self.columns = shapes[0]
        self.units = shapes[1][0]
        self.activation, self.gate = attrs["activation"], attrs.get("recurrent_activation", "")
        self.operands: dict[str, tuple[str, Index]] = {}

    def cell(self, role: str, *index: int) -> str:
        """The name of a cell, which becomes an operand."""
        name = "_".join([role, *map(str, index)])
        self.operands[name] = (role, index)
        return name

    def formula(self, text: str, note: str = "") -> Formula:
        """The finished formula; operands that it does not name are left out."""
        used = set(NAME.findall(text))
        return Formula(text, {name: cell for name, cell in self.operands.items() if name in used}, note)

    def dot(self, pairs: list[tuple[str, ...]]) -> str:
        """A sum of products."""
        return f"sum([{', '.join(' * '.join(p) for p in pairs)}])"

    def fed_back(self, b: int, t: int, column: int) -> str:
        """What the recurrent kernel makes of the previous state, in one column."""
        units = range(self.units)
        return self.dot([(self.cell("previous", b, t, k), self.cell("recurrent_kernel", k, column)) for k in units])

    def gate_of(self, b: int, t: int, column: int, activation: str) -> str:
        """A gate: activation of the input's part and the previous state's part."""
        return ACTIVATIONS[activation].format(f"{self.cell('x', b, t, column)} + {self.fed_back(b, t, column)}")

    def before(self, role: str, start: str, b: int, t: int, j: int) -> str:
        """A state before step t."""
        if t:
            return self.cell(role, b, t - 1, j)
        return self.cell(start, b, j) if start in self.given else "0"

    def kept(self, b: int, t: int, new: str, old: str) -> str:
        """The new value, or where the step is masked the old one."""
        return f"where({self.cell('mask', b, t)} > 0, {new}, {old})" if "mask" in self.given else new

    def previous(self, b: int, t: int, j: int) -> str:
        """What enters the recurrent product: the previous state, thinned out by dropout."""
        text = self.before("y", "state", b, t, j)
        return f"{text} * {self.cell('drop', b, j)}" if "drop" in self.given and text != "0" else text

    def dropped(self, b: int, j: int, text: str) -> str:
        return f"{self.cell('drop', b, j)} * ({text})" if "drop" in self.given else text

    def back_by_kernel(self, b: int, t: int, j: int) -> str:
        """The gradient that the recurrent product of step t hands to the state before."""
        columns = range(self.columns)
        return self.dot([(self.cell("dx", b, t, k), self.cell("recurrent_kernel", j, k)) for k in columns])

    def into_previous(self, b: int, t: int, j: int) -> str:
        """The gradient that step t hands to the state before it."""
        text = self.dropped(b, j, self.back_by_kernel(b, t, j))
        return f"{text} + {self.passed_by(b, t, j)}" if "mask" in self.given else text

    def passed_by(self, b: int, t: int, j: int) -> str:
        return f"where({self.cell('mask', b, t)} > 0, 0, {self.cell('dh', b, t, j)})"

    def gradient_of_state(self, b: int, t: int, j: int) -> Formula | Sum:
        """`dh`: what reaches the state after step t, from the output there and from the next step."""
        plain = not {"mask", "drop"} & self.given and type(self) is Sequence3
        if t + 1 < self.steps and plain:
            columns = range(self.columns)
            rows = grid(b, t + 1, columns), grid(j, columns)
            return Sum((("dx", rows[0]), ("recurrent_kernel", rows[1])), (("dy", (b, t, j)),))
        dy = self.cell("dy", b, t, j)
        later = self.cell("dlast_h", b, j) if t + 1 == self.steps else self.into_previous(b, t + 1, j)
        return self.formula(f"{dy} + {later}")

    def positions(self, *last: int) -> Any:
        """All (batch row, time) with fixed last indices."""
        return grid(range(self.batch), range(self.steps), *last)

    def common(self, target: str, index: Index) -> Formula | Sum | None:
        """Explanations that all recurrent operations share."""
        if target == "previous":
            return self.formula(self.previous(*index), "the state before the step; with dropout, thinned out")
        if target == "last_h":
            return self.formula(self.cell("y", index[0], self.steps - 1, index[1]))
        if target == "dh":
            return self.gradient_of_state(*index)
        if target == "dstate":
            return self.formula(self.into_previous(index[0], 0, index[1]))
        return None


# ---------------------------------------------------------------- simple


def simple_rnn_explain(target: str, index: Index, shapes: Any, **attrs: Any) -> Formula | Sum:
    s = Sequence3(("x", "recurrent_kernel", "state", "drop", "mask"), shapes, attrs)
    if (shared := s.common(target, index)) is not None:
        return shared
    if target == "drecurrent_kernel":
        return Sum((("previous", s.positions(index[0])), ("dx", s.positions(index[1]))))
    b, t, j = index
    if target == "y":
        return s.formula(s.kept(b, t, s.gate_of(b, t, j, s.activation), s.before("y", "state", b, t, j)))
    slope = SLOPES[s.activation].format(s.cell("y", b, t, j)) if s.activation != "linear" else "1"
    return s.formula(s.kept(b, t, f"{s.cell('dh', b, t, j)} * {slope}", "0"))


# ---------------------------------------------------------------- long short-term memory


def lstm_explain(target: str, index: Index, shapes: Any, **attrs: Any) -> Formula | Sum:
    s = Sequence3(("x", "recurrent_kernel", "state", "cell", "drop", "mask"), shapes, attrs)
    if (shared := s.common(target, index)) is not None:
        return shared
    if target == "drecurrent_kernel":
        return Sum((("previous", s.positions(index[0])), ("dx", s.positions(index[1]))))
    if target == "last_c":
        return s.formula(s.cell("c", index[0], s.steps - 1, index[1]))
    if target == "dcell":
        return s.formula(carry_back(s, index[0], 0, index[1]))
    b, t, j = index
    if target in ("i", "f", "g", "o"):
        column = "ifgo".index(target) * s.units + j
        return s.formula(s.gate_of(b, t, column, s.activation if target == "g" else s.gate))
    if target == "dx":
        return s.formula(s.kept(b, t, lstm_gate_gradient(s, b, t, j), "0"))
    if target == "dc":
        return s.formula(cell_gradient(s, b, t, j))
    i, f, g, o = (s.cell(gate, b, t, j) if target == "c" or gate == "o" else "" for gate in "ifgo")
    if target == "c":
        old = s.before("c", "cell", b, t, j)
        s.operands.pop(o)
        return s.formula(s.kept(b, t, f"{f} * {old} + {i} * {g}", old))
    new = f"{o} * {ACTIVATIONS[s.activation].format(s.cell('c', b, t, j))}"
    return s.formula(s.kept(b, t, new, s.before("y", "state", b, t, j)))


def lstm_gate_gradient(s: Sequence3, b: int, t: int, column: int) -> str:
    """The gradient at the input of a gate."""
    k, j = divmod(column, s.units)
    gate = s.cell("ifgo"[k], b, t, j)
    slope = SLOPES[s.activation if k == 2 else s.gate].format(gate)
    if "{0}" not in SLOPES[s.activation if k == 2 else s.gate]:
        s.operands.pop(gate)
    if k == 3:
        inner = ACTIVATIONS[s.activation].format(s.cell("c", b, t, j))
        return f"{s.cell('dh', b, t, j)} * {inner} * {slope}"
    partner = {
        0: lambda: s.cell("g", b, t, j),
        1: lambda: s.before("c", "cell", b, t, j),
        2: lambda: s.cell("i", b, t, j),
    }
    return f"{s.cell('dc', b, t, j)} * {partner[k]()} * {slope}"


def carry_back(s: Sequence3, b: int, t: int, j: int) -> str:
    """The gradient that step t hands to the cell state before it."""
    dc = s.cell("dc", b, t, j)
    return s.kept(b, t, f"{s.cell('f', b, t, j)} * {dc}", dc)


def cell_gradient(s: Sequence3, b: int, t: int, j: int) -> str:
    """`dc`: what reaches the cell state after step t."""
    slope = SLOPES[s.activation].format("out")
    if "out" in slope:
        out = ACTIVATIONS[s.activation].format(s.cell("c", b, t, j))
        slope = slope.replace("out", f"(out := {out})", 1)
    own = f"{s.cell('dh', b, t, j)} * {s.cell('o', b, t, j)} * {slope}"
    later = s.cell("dlast_c", b, j) if t + 1 == s.steps else carry_back(s, b, t + 1, j)
    return f"{s.kept(b, t, own, '0')} + {later}"


# ---------------------------------------------------------------- gated recurrent unit


class Gated(Sequence3):
    """Explanations of the gated recurrent unit, whose reset gate stands after or before the recurrent product."""

    def __init__(self, shapes: Any, attrs: Mapping[str, Any]) -> None:
        super().__init__(("x", "recurrent_kernel", "bias", "state", "drop", "mask"), shapes, attrs)
        self.after = attrs["reset_after"]

    def with_bias(self, text: str, row: int, column: int) -> str:
        return f"{text} + {self.cell('bias', row, column)}" if "bias" in self.given else text

    def inner(self, b: int, t: int, j: int) -> str:
        """The previous state's part of the candidate."""
        column = 2 * self.units + j
        if self.after:
            return self.with_bias(self.fed_back(b, t, column), 1, column)
        return self.dot([
            (self.cell("r", b, t, k), self.cell("previous", b, t, k), self.cell("recurrent_kernel", k, column))
            for k in range(self.units)
        ])  # fmt: skip

    def gate_text(self, b: int, t: int, column: int) -> str:
        """The update or reset gate."""
        text = self.with_bias(f"{self.cell('x', b, t, column)} + {self.fed_back(b, t, column)}", 0, column)
        return ACTIVATIONS[self.gate].format(self.with_bias(text, 1, column))

    def candidate(self, b: int, t: int, j: int) -> str:
        column = 2 * self.units + j
        inner = self.cell("inner", b, t, j)
        added = f"{self.cell('r', b, t, j)} * {inner}" if self.after else inner
        return ACTIVATIONS[self.activation].format(
            f"{self.with_bias(self.cell('x', b, t, column), 0, column)} + {added}"
        )

    def back_through_candidate(self, b: int, t: int, j: int) -> str:
        """The gradient that the candidate's recurrent product hands to what was multiplied by the kernel."""
        pairs = []
        for k in range(self.units):
            factors = [self.cell("dx", b, t, 2 * self.units + k), self.cell("recurrent_kernel", j, 2 * self.units + k)]
            pairs.append((*factors, self.cell("r", b, t, k)) if self.after else tuple(factors))
        return self.dot(pairs)

    def into_previous(self, b: int, t: int, j: int) -> str:
        gates = self.dot([
            (self.cell("dx", b, t, k), self.cell("recurrent_kernel", j, k)) for k in range(2 * self.units)
        ])  # fmt: skip
        candidate = self.back_through_candidate(b, t, j)
        candidate = candidate if self.after else f"{self.cell('r', b, t, j)} * {candidate}"
        dh = self.cell("dh", b, t, j)
        direct = self.kept(b, t, f"{self.cell('z', b, t, j)} * {dh}", dh)
        return f"{direct} + {self.dropped(b, j, f'{gates} + {candidate}')}"

    def input_gradient(self, b: int, t: int, column: int) -> str:
        """The gradient at the input of a gate or of the candidate."""
        k, j = divmod(column, self.units)
        kind = self.activation if k == 2 else self.gate
        slope = SLOPES[kind].format(self.cell("zrg"[k], b, t, j)) if "{0}" in SLOPES[kind] else "1"
        if k == 0:
            old = self.before("y", "state", b, t, j)
            return f"{self.cell('dh', b, t, j)} * ({old} - {self.cell('g', b, t, j)}) * {slope}"
        if k == 2:
            return f"{self.cell('dh', b, t, j)} * (1 - {self.cell('z', b, t, j)}) * {slope}"
        if self.after:
            return f"{self.cell('dx', b, t, 2 * self.units + j)} * {self.cell('inner', b, t, j)} * {slope}"
        return f"{self.cell('previous', b, t, j)} * {self.back_through_candidate(b, t, j)} * {slope}"

    def kernel_gradient(self, a: int, column: int) -> Sum:
        factors = [("previous", self.positions(a)), ("dx", self.positions(column))]
        if column >= 2 * self.units:
            factors.append(("r", self.positions(column - 2 * self.units if self.after else a)))
        return Sum(tuple(factors))

    def bias_gradient(self, row: int, column: int) -> Sum:
        factors = [("dx", self.positions(column))]
        if row == 1 and column >= 2 * self.units:
            factors.append(("r", self.positions(column - 2 * self.units)))
        return Sum(tuple(factors))


def gru_explain(target: str, index: Index, shapes: Any, **attrs: Any) -> Formula | Sum:
    s = Gated(shapes, attrs)
    if (shared := s.common(target, index)) is not None:
        return shared
    if target == "drecurrent_kernel":
        return s.kernel_gradient(*index)
    if target == "dbias":
        return s.bias_gradient(*index)
    b, t, j = index
    if target == "dx":
        return s.formula(s.kept(b, t, s.input_gradient(b, t, j), "0"))
    if target in ("z", "r"):
        return s.formula(s.gate_text(b, t, j if target == "z" else s.units + j))
    if target == "inner":
        return s.formula(s.inner(b, t, j))
    if target == "g":
        return s.formula(s.candidate(b, t, j))
    old, z = s.before("y", "state", b, t, j), s.cell("z", b, t, j)
    return s.formula(s.kept(b, t, f"{z} * {old} + (1 - {z}) * {s.cell('g', b, t, j)}", old))
