"""Fewer nodes: moves of axes are put behind what works number by number, until one undoes another; the unused goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastnn.exchange.onnx_graph import Graph, Node

EACH = {  # operators on single numbers: the order of axes does not matter to them
    "Relu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Mish", "HardSwish", "Reciprocal", "Erf", "LeakyRelu", "Elu",
    "Celu", "Selu", "HardSigmoid", "Exp", "Log", "Sqrt", "Abs", "Floor", "Ceil", "Round", "Sign", "Max", "Min", "Add",
    "Sub", "Mul", "Div", "Pow", "Sum", "Neg", "Clip", "Where", "Greater", "Less", "GreaterOrEqual", "LessOrEqual",
    "Cast",
}  # fmt: skip
UNMOVED = ":unmoved"  # the end of a value's name before its move
Move = tuple[str, tuple[int, ...]]  # where a moved value comes from, and the order of its axes


def tidy(graph: Graph) -> None:
    """Leave out moves that undo each other, and all that no output needs."""
    Tidying(graph).run()
    sweep(graph)


class Tidying:
    """One pass over the nodes in their order."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.moves: dict[str, Move] = {}
        self.same: dict[str, str] = {}
        self.nodes: list[Node] = []

    def run(self) -> None:
        for node in self.graph.nodes:
            node.inputs = [self.same.get(name, name) for name in node.inputs]
            self.rewrite(node)
        self.graph.nodes = self.nodes
        self.graph.outputs = [self.same.get(name, name) for name in self.graph.outputs]

    def rewrite(self, node: Node) -> None:
        """Put one node into the new list, perhaps in another form."""
        if node.kind == "Transpose":
            self.move(node)
        elif node.kind in EACH and (axes := self.common(node)) is not None:
            self.behind(node, axes, node.attrs)
        elif node.kind == "Concat" and (axes := self.common(node)) is not None:
            self.behind(node, axes, {"axis": axes[node.attrs["axis"]]})
        else:
            self.nodes.append(node)

    def move(self, node: Node) -> None:
        """A move of what was moved before is one move, or none."""
        source, axes = node.inputs[0], tuple(node.attrs["perm"])
        if source in self.moves:
            source, first = self.moves[source]
            axes = tuple(first[a] for a in axes)
        if axes == tuple(range(len(axes))):
            self.same[node.outputs[0]] = source
            return
        self.moves[node.outputs[0]] = source, axes
        self.nodes.append(Node("Transpose", [source], node.outputs, {"perm": list(axes)}, node.name))

    def common(self, node: Node) -> tuple[int, ...] | None:
        """The move that all inputs have in common, constants apart."""
        found = {self.moves[name][1] for name in node.inputs if name in self.moves}
        rest = [name for name in node.inputs if name and name not in self.moves]
        if len(found) != 1 or (rest and node.kind == "Concat"):
            return None
        (axes,) = found
        fits = all(n in self.graph.initializers and self.graph.initializers[n].ndim <= len(axes) for n in rest)
        return axes if fits else None

    def behind(self, node: Node, axes: Sequence[int], attrs: object) -> None:
        """The node on the values before their move, and the move behind it."""
        inside = f"{node.outputs[0]}{UNMOVED}"
        inputs = [self.moves[n][0] if n in self.moves else self.unmoved(n, axes) for n in node.inputs]
        self.nodes.append(Node(node.kind, inputs, [inside], attrs, node.name))  # type: ignore[arg-type]
        self.move(Node("Transpose", [inside], node.outputs, {"perm": list(axes)}, f"{node.name}/back"))

    def unmoved(self, name: str, axes: Sequence[int]) -> str:
        """A constant as it was before the move; a single number stays."""
        if not name or not (array := self.graph.initializers[name]).ndim:
            return name
        whole = array.reshape((1,) * (len(axes) - array.ndim) + array.shape)
        back = [axes.index(d) for d in range(len(axes))]
        return self.graph.derived(name, whole.transpose(back))


def sweep(graph: Graph) -> None:
    """Leave out nodes and initializers that no output needs; weights that were moved take over their names."""
    needed = set(graph.outputs)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if needed.intersection(node.outputs):
            kept.append(node)
            needed.update(node.inputs)
            needed.update(outer_reads(node))
    graph.nodes = kept[::-1]
    graph.initializers = {n: a for n, a in graph.initializers.items() if n in needed}
    take_over_names(graph)


def outer_reads(node: Node) -> set[str]:
    """What the body of a loop reads; names of its own among them do no harm."""
    return set() if node.body is None else {name for inner in node.body.nodes for name in inner.inputs}


def take_over_names(graph: Graph) -> None:
    """What was made of a weight or value that is not used itself is called as that is."""
    names: dict[str, str] = {}
    for name in graph.initializers:
        origin = graph.origins.get(name, name)
        while origin in graph.origins:
            origin = graph.origins[origin]
        if origin not in graph.initializers and origin not in names.values():
            names[name] = origin
    made = {name for node in graph.nodes for name in node.outputs}
    names.update(
        {n: n.removesuffix(UNMOVED) for n in made if n.endswith(UNMOVED) and n.removesuffix(UNMOVED) not in made}
    )
    rename(graph, names)


def rename(graph: Graph, names: Mapping[str, str]) -> None:
    """Call values otherwise, wherever they are read."""
    graph.initializers = {names.get(n, n): a for n, a in graph.initializers.items()}
    graph.outputs = [names.get(n, n) for n in graph.outputs]
    for node in graph.nodes:
        node.inputs = [names.get(n, n) for n in node.inputs]
        node.outputs = [names.get(n, n) for n in node.outputs]
        for inner in node.body.nodes if node.body is not None else ():
            inner.inputs = [names.get(n, n) for n in inner.inputs]
