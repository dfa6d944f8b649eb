"""Training on several machines, or several processes of one: every process has the model and a part of each batch.

A script that uses it is started once for every process: `mpiexec -n 4 python train.py`. Needs the extra "mpi".
"""

from __future__ import annotations

import os
import sys
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config
from fastnn._version import __version__
from fastnn.callbacks.base import HOOKS, Callback, Logs, flattened, overrides
from fastnn.engine import execute
from fastnn.engine.nested import flatten
from fastnn.engine.steplist import StepList
from fastnn.errors import FastnnError
from fastnn.layers.base import layers_within
from fastnn.models.rows import cut, join, rows_of
from fastnn.models.sharing import Team
from fastnn.models.streams import is_stream
from fastnn.models.training import checked_size
from fastnn.ops.exchange import exchanging
from fastnn.utils.extras import need

MEANS = ("sum_over_batch_size", "mean")
SAMPLED = 1 << 16  # bytes of an array, at most, by which processes compare their data


class DistributionError(FastnnError, RuntimeError):
    """Processes that should train together cannot: they differ, or another one has failed."""


class DataParallel:
    """A model that several processes train together.

    Every process makes the same model and has all of the data. Of each batch a process runs its part; then the
    gradients are added up (`MPI_Allreduce`) in steps of their own, `all_reduce` in the step list, so that all processes
    make the same update: that of the whole batch in one process, up to rounding. Random numbers are those that the
    rows have in the whole batch. Batch normalization takes mean and variance of the whole batch, in `all_reduce` steps
    of its own; what other layers remember is the mean over the processes.

    Weights and the optimizer's memory are those of the first process (rank 0) when `fit` begins. Callbacks run in every
    process, but those that print or write files (`ModelCheckpoint`, `CSVLogger`, ...) in the first one only.

    Args:
        model: A compiled model with a loss that is a mean over the batch.
        comm: The mpi4py communicator; all processes that were started, by default.

    Raises:
        ImportError: if mpi4py is not installed.
        ValueError: for what is no compiled model.

    Example:
        >>> import fastnn
        >>> model = fastnn.Sequential([fastnn.layers.Input((2,)), fastnn.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> parallel = DataParallel(model)  # doctest: +SKIP
        >>> history = parallel.fit([[0.0, 1.0], [1.0, 0.0]], [[1.0], [0.0]], batch_size=2)  # doctest: +SKIP
        >>> parallel.save("model.keras")  # written by the first process  # doctest: +SKIP

    Source: Message Passing Interface Forum, MPI: A Message-Passing Interface Standard, 2021.
    """

    def __init__(self, model: Any, comm: Any = None) -> None:
        if not getattr(model, "compiled", False):
            raise ValueError(f"Expected a compiled model. Received: {type(model).__name__}")
        self.model, self._mpi = model, need("mpi4py.MPI", "mpi", "DataParallel")
        self.comm = self._mpi.COMM_WORLD if comm is None else comm
        if self.size > 1:
            self._share_processors()
            _end_all_on_errors(self.comm)

    @property
    def rank(self) -> int:
        """The number of this process, from 0."""
        return int(self.comm.Get_rank())

    @property
    def size(self) -> int:
        """How many processes there are."""
        return int(self.comm.Get_size())

    @property
    def team(self) -> Team:
        """The processes, as this one sees them."""
        return Team(self.size, self.rank)

    def step_list(self, x: Any, y: Any = None, batch_size: int | None = None) -> StepList:
        """The steps that this process runs for its part of a batch, `all_reduce` among them.

        Args:
            x: Inputs, as for `fit`.
            y: Targets.
            batch_size: Rows of a batch over all processes; 32 by default, and never more than there are.
        """
        feeds = self.model.prepare_data(x, y)
        part = self.team.part(min(checked_size(batch_size), len(next(iter(feeds.values())))))
        listing: StepList = self.model.step_list(part.size, feeds, True, part)
        return listing

    # ------------------------------------------------------------ training

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        callbacks: Any = None,
        **more: Any,
    ) -> Any:
        """Train, as the model's `fit`, in all processes at once.

        Args:
            x: Inputs, as arrays: the same ones in every process.
            y: Targets.
            batch_size: Rows of a batch over all processes; 32 by default.
            verbose: As in `fit`; the first process prints.
            callbacks: Callbacks.
            **more: Other arguments of `fit`.

        Returns:
            The history; the same in every process.

        Raises:
            DistributionError: in every process, if one was given another model or other data, or could not begin.
            ValueError: for generators, and for models that need more than a step list can tell in advance.

        An error after training has begun ends all processes, for the others would wait for this one forever.
        """
        self._begin(x, y, {"batch_size": batch_size, **{k: v for k, v in more.items() if isinstance(v, (int, float))}})
        mine = [*self._own(callbacks), _InStep(self)]
        with self._together():
            return self.model.fit(x, y, batch_size, verbose=0 if self.rank else verbose, callbacks=mine, **more)

    def evaluate(self, x: Any, y: Any = None, batch_size: int | None = None, verbose: Any = "auto", **more: Any) -> Any:
        """Loss and metrics, as the model's `evaluate`, with the batches shared by all processes.

        Args:
            x: Inputs, as arrays: the same ones in every process.
            y: Targets.
            batch_size: Rows of a batch over all processes; 32 by default.
            verbose: As in `evaluate`; the first process prints.
            **more: Other arguments of `evaluate`.

        Raises:
            DistributionError: in every process, if one was given another model or other data.
        """
        self._begin(x, y, {"batch_size": batch_size})
        with self._together():
            return self.model.evaluate(x, y, batch_size, verbose=0 if self.rank else verbose, **more)

    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = "auto") -> Any:
        """The outputs, as the model's `predict`: every process runs a part of the rows, and has all outputs.

        Args:
            x: Inputs, as arrays: the same ones in every process.
            batch_size: Rows of a batch in every process; 32 by default.
            verbose: As in `predict`; the first process prints.

        Raises:
            DistributionError: in every process, if one was given another model or other data.
        """
        self._begin(x, None, {"batch_size": checked_size(batch_size)})
        with self._together():
            part = self.team.part(rows_of(x))
            first = part.first if part.rows else 0
            rows = cut(x, slice(first, first + part.size))
            own = self.model.predict(rows, batch_size, verbose=0 if self.rank else verbose)
            gathered = self.comm.allgather(own if part.rows else None)
            return join([outputs for outputs in gathered if outputs is not None])

    def save(self, filepath: Any, **options: Any) -> None:
        """Save the model: the first process writes, all go on when the file is there."""
        self._by_first(lambda: self.model.save(filepath, **options))

    def save_weights(self, filepath: Any, **options: Any) -> None:
        """Save the weights: the first process writes, all go on when the file is there."""
        self._by_first(lambda: self.model.save_weights(filepath, **options))

    def _by_first(self, work: Callable[[], Any]) -> None:
        error = None
        if self.rank == 0:
            try:
                work()
            except (OSError, ValueError) as failure:
                error = failure
        error = self.comm.bcast(error)
        if error is not None:
            raise error

    # ------------------------------------------------------------ before training

    def _begin(self, x: Any, y: Any, settings: dict[str, Any]) -> None:
        """Check that all processes can begin, with the same; then give all of them the first one's weights."""
        self.comm.allgather(None)  # whoever is not there yet is waited for here
        seed = self.comm.bcast(config.global_seed())
        if seed != config.global_seed():
            config.set_random_seed(seed)
        error, told = None, None
        try:
            told = self._told(x, y, settings)
        except Exception as failure:
            error = failure
        failures = self.comm.allgather(None if error is None else f"{type(error).__name__}: {error}")
        if error is not None:
            raise error
        for rank, message in enumerate(failures):
            if message is not None:
                raise DistributionError(f"expected all processes to begin, received from process {rank}: {message}")
        for rank, other in enumerate(self.comm.allgather(told)):
            for mine, theirs in zip(told or (), other, strict=True):
                if mine != theirs:
                    raise DistributionError(
                        f"expected the same in all processes, received {mine} here and {theirs} in process {rank}."
                    )
        self.take_first()

    def _told(self, x: Any, y: Any, settings: dict[str, Any]) -> tuple[Any, ...]:
        """What has to be the same in all processes."""
        if is_stream(x):
            raise ValueError(f"Expected x as arrays, which every process has. Received: {type(x).__name__}")
        self._refuse()
        feeds = self.model.prepare_data(x, y)
        variables = self.model.variables_of_training()
        return (
            {"fastnn": __version__},
            settings,
            {"optimizer": str(self.model.optimizer.get_config())},
            {name: (array.shape, str(array.dtype), _checksum(array)) for name, array in feeds.items()},
            [(v.path, v.shape, v.dtype, v.trainable) for v in variables],
        )

    def _refuse(self) -> None:
        """Refuse models whose training step is more than one list with a mean at its end."""
        model = self.model
        if model._own_step(True) or model.decides_on_values or model.optimizer.asks_every_step:
            raise ValueError(
                f"Expected a model whose training step is one step list. Received: '{model.name}', which has a "
                "train_step of its own, decides on values, or whose learning rate is asked for at every step"
            )
        for loss in flatten(model.loss):
            if (reduction := getattr(loss, "reduction", MEANS[0])) not in MEANS:
                raise ValueError(f"Expected losses that are means over the batch. Received: reduction={reduction!r}")
        for name, metric in model._metric_table(model._compiled_aims()).items():
            if not metric.counts:
                raise ValueError(f"Expected metrics that count by batch. Received: '{name}', which keeps a state")

    def take_first(self) -> None:
        """Take over weights, the optimizer's memory, and layers' seeds from the first process."""
        for variable in self.model.variables_of_training():
            held = np.ascontiguousarray(variable.value)
            self.comm.Bcast(held)
            variable.value[...] = held
        seeded: list[Any] = [
            layer for layer in layers_within(self.model) if isinstance(getattr(layer, "seed", None), int)
        ]
        seeds = self.comm.bcast([layer.seed for layer in seeded])
        if seeds != [layer.seed for layer in seeded]:
            for layer, seed in zip(seeded, seeds, strict=True):
                layer.seed = seed
            self.model._forget_plans()

    # ------------------------------------------------------------ while training

    def _own(self, callbacks: Any) -> list[Any]:
        """The callbacks of this process; where the first one prints or writes, the others are silent, as often."""
        given = flattened(callbacks)
        return [_silent(c) if self.rank and getattr(c, "first_process_only", False) else c for c in given]

    @contextmanager
    def _together(self) -> Iterator[None]:
        """Within the block the model trains with the others; an error ends them all, for they would wait forever."""
        self.model._team = self.team
        try:
            with exchanging(self._add_up):
                yield
        except BaseException:
            if self.size > 1:
                traceback.print_exc()
                _end_all(self.comm)
            raise
        finally:
            self.model._team = None

    def _add_up(self, array: NDArray[Any]) -> None:
        self.comm.Allreduce(self._mpi.IN_PLACE, array)

    def _share_processors(self) -> None:
        """Let the processes of one machine share its processors, unless something else has been said."""
        here = self.comm.Split_type(self._mpi.COMM_TYPE_SHARED)
        said = os.environ.get("FASTNN_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
        threads = execute.threads()
        if not said and threads == os.cpu_count():  # not bound to some of them
            execute.threads(max(1, threads // here.Get_size()))
        here.Free()


class _InStep(Callback):
    """The last callback of every process: what the first one's callbacks have changed becomes known to all."""

    def __init__(self, parallel: DataParallel) -> None:
        super().__init__()
        self.parallel = parallel

    def on_train_begin(self, logs: Logs | None = None) -> None:
        model, comm = self.parallel.model, self.parallel.comm
        self.parallel.take_first()
        model._initial_epoch = comm.bcast(model._initial_epoch)
        model.stop_training = comm.bcast(model.stop_training)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        model = self.parallel.model
        model.stop_training = any(self.parallel.comm.allgather(bool(model.stop_training)))


def _end_all(comm: Any) -> None:
    """End all processes, which would wait for this one forever."""
    with suppress(Exception):
        print(f"fastnn: process {comm.Get_rank()} of {comm.Get_size()} failed; all end.", file=sys.stderr, flush=True)
        sys.stdout.flush()
    comm.Abort(1)


def _end_all_on_errors(comm: Any) -> None:
    """From now on, end all processes if this one ends with an error."""
    before = sys.excepthook
    if getattr(before, "ends_all", False):
        return

    def hook(kind: Any, error: Any, trace: Any) -> None:
        before(kind, error, trace)
        _end_all(comm)

    hook.ends_all = True  # type: ignore[attr-defined]
    sys.excepthook = hook


def _silent(callback: Callback) -> Callback:
    """A callback that is called as often as another, and does nothing."""
    found = Callback()
    for name in HOOKS:
        if overrides(callback, name):
            setattr(found, name, lambda *_, **__: None)
    return found


def _checksum(array: NDArray[Any]) -> int:
    """A number that differs where data differ: of all of a small array, of some rows of a large one."""
    rows = max(1, len(array) * SAMPLED // max(array.nbytes, 1))
    return zlib.crc32(np.ascontiguousarray(array[:: max(1, len(array) // rows)]).tobytes())
