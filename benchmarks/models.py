"""One training step of networks that people learn with: fastnn, NumPy and the peers that are installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks import keras_style
from benchmarks.contest import Contest, Contestant
from benchmarks.networks import Description, all_networks, first_network, peer_networks
from benchmarks.report import Result


def keras_on(backend: str, label: str) -> Contestant:
    """Keras on a backend."""
    variables = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return Contestant(f"Keras {label}", "keras_training", ("keras", backend), variables, peer=True)


CONTESTANTS = (
    Contestant("fastnn", "fastnn_training"),
    Contestant("NumPy", "numpy_training"),
    Contestant("PyTorch", "torch_training", ("torch",), peer=True),
    Contestant("PyTorch ch-last", "torch_training", ("torch",), {"PYTORCH_LAYOUT": "channels_last"}, peer=True),
    keras_on("jax", "JAX"),
    keras_on("tensorflow", "TF"),
    keras_on("torch", "Torch"),
)
PEERS = tuple(c for c in CONTESTANTS if c.label != "NumPy")
SLOW = ("Keras Torch",)  # left out when it has to be quick: PyTorch itself takes part


def chosen(names: Sequence[str], networks: Sequence[Description]) -> list[Description]:
    """The networks of those names; all of them if there are none.

    Raises:
        ValueError: if a name is unknown.
    """
    known = {network["name"] for network in networks}
    if unknown := set(names) - known:
        raise ValueError(f"Expected networks of {sorted(known)}. Received: {sorted(unknown)}")
    return [network for network in networks if not names or network["name"] in names]


def detail(network: Description) -> str:
    """Batch size and optimizer."""
    return f"batch {network['batch']}, {network['optimizer']['type']}"


def flops(network: Description) -> int:
    """Floating-point operations of a training step, by definition of its operations."""
    import fastnn

    return keras_style.build(fastnn, network).plan(network["batch"]).totals["flops"]


def run(
    names: Sequence[str], threads: int, quick: bool, rounds: int, seconds: float, peers_python: str, peers: bool = False
) -> Iterator[tuple[Result, Contest]]:
    """Time networks; gives each result, and its contest with versions, absent peers and failures.

    Every network has processes of its own: memory that one leaves behind would hide what the next one takes.

    Args:
        names: Only these networks.
        threads: Threads of each contestant.
        quick: Smaller networks, fewer contestants.
        rounds: Turns that contestants take.
        seconds: Length of a turn.
        peers_python: Interpreter of peers.
        peers: Whether frameworks alone take part, with more networks than NumPy's own code knows.
    """
    contestants = [c for c in (PEERS if peers else CONTESTANTS) if not (quick and c.label in SLOW)]
    networks = chosen(names, (peer_networks if peers else all_networks)(quick))
    for network in networks:
        work = flops(network)
        with Contest(contestants, threads, peers_python) as contest:
            contest.warm_up(first_network())
            contest.measure_peaks()
            times = contest.race(network, rounds, seconds)
            yield Result(network["name"], detail(network), times, work, memory=contest.memory(times)), contest
