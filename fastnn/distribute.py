"""Training on several machines, or several processes of one: every process has the model and a part of each batch.

A script that uses it is started once for every process: `mpiexec -n 4 python train.py`. Needs the extra "mpi".
"""

from __future__ import annotations

import os
import sys
import traceback
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config
from fastnn._version import __version__
from fastnn.callbacks.base import flattened
from fastnn.callbacks.in_step import Alone, InStep, silent
from fastnn.engine import execute
from fastnn.engine.nested import flatten
from fastnn.engine.steplist import StepList
from fastnn.errors import FastnnError
from fastnn.layers.base import layers_within
from fastnn.models.loops import check_counts
from fastnn.models.rehearsing import difference, rehearsed
from fastnn.models.rows import cut, join, rows_of
from fastnn.models.sharing import Team
from fastnn.models.streams import is_stream
from fastnn.models.training import checked_size
from fastnn.ops.exchange import exchanging
from fastnn.utils.extras import need
from fastnn.utils.naming import refuse_unknown

MEANS = ("sum_over_batch_size", "mean")
SAMPLED = 1 << 16  # bytes of an array, at most, by which processes compare their data


class DistributionError(FastnnError, RuntimeError):
    """Processes that should train together cannot: they differ, or another one has failed."""


class DataParallel:
    """A model that several processes train together.

    Every process makes the same model, has all of the data, and gives the same arguments. Of each batch a process runs
    its part; then the gradients are added up (`MPI_Allreduce`) in steps of their own, `all_reduce` in the step list, so
    that all processes make the same update: that of the whole batch in one process, up to rounding. Random numbers are
    those that the rows have in the whole batch. Batch normalization takes mean and variance of the whole batch, in
    `all_reduce` steps of its own; what other layers remember is the mean over the processes. Whether that is so for a
    model (a loss of its own may be no mean over rows) is tried with the first rows before `fit` and `evaluate` begin.

    Weights, the optimizer's memory and its learning rate are those of the first process (rank 0) when an epoch begins,
    and when training ends. Callbacks run in every process, but those that write files (`ModelCheckpoint`, `CSVLogger`,
    ...) or print in the first one only; `stop_training` in any of them ends all. In a callback `self.model` is this
    process's own: its `evaluate` and `predict` run all rows here.

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
        if not isinstance(self.comm, self._mpi.Comm):
            raise ValueError(f"Expected comm to be a communicator of mpi4py. Received: comm={comm!r}")
        self._rehearsed: Any = None  # the key of the lists that were tried
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
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        **more: Any,
    ) -> Any:
        """Train, as the model's `fit`, in all processes at once.

        Args:
            x: Inputs, as arrays: the same ones in every process.
            y: Targets.
            batch_size: Rows of a batch over all processes; 32 by default.
            epochs: Number of the last epoch.
            verbose: As in `fit`; the first process prints.
            callbacks: Callbacks.
            **more: Other arguments of `fit`.

        Returns:
            The history; the same in every process.

        Raises:
            DistributionError: in every process, if one was given another model, data or arguments, or could not begin.
            TypeError: for arguments that `fit` does not know.
            ValueError: for generators, and for models whose training step is no mean over rows.

        An error after training has begun ends all processes, for the others would wait for this one forever.
        """
        refuse_unknown(self.model.fit, more, "DataParallel.fit()")
        mine = self._own(callbacks)
        with self._begun("fit", x, y, batch_size, {"epochs": epochs, **more}):
            calls = [Alone(self), *mine, InStep(self, mine)]
            silent = verbose if self.rank == 0 else 0
            return self.model.fit(x, y, batch_size, epochs=epochs, verbose=silent, callbacks=calls, **more)

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
        refuse_unknown(self.model.evaluate, more, "DataParallel.evaluate()")
        mine = self._own(more.pop("callbacks", None))
        with self._begun("evaluate", x, y, batch_size, more):
            calls = [Alone(self), *mine, InStep(self, mine)]
            return self.model.evaluate(x, y, batch_size, verbose=0 if self.rank else verbose, callbacks=calls, **more)

    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = "auto") -> Any:
        """The outputs, as the model's `predict`: every process runs a part of the rows, and has all outputs.

        Args:
            x: Inputs, as arrays: the same ones in every process.
            batch_size: Rows of a batch in every process; 32 by default.
            verbose: As in `predict`; the first process prints.

        Raises:
            DistributionError: in every process, if one was given another model or other data.
        """
        with self._begun("predict", x, None, batch_size, {}):
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
            except Exception as failure:
                error = failure
        error = self.comm.bcast(error)
        if error is not None:
            raise error

    # ------------------------------------------------------------ before training

    @contextmanager
    def _begun(self, what: str, x: Any, y: Any, batch_size: Any, settings: Mapping[str, Any]) -> Iterator[None]:
        """Check that all processes can begin, with the same, and give all of them the first one's weights.

        Within the block the model runs with the others; an error there ends them all, for they would wait forever.
        """
        self.comm.allgather(None)  # whoever is not there yet is waited for here
        seed = self.comm.bcast(config.global_seed())
        if seed != config.global_seed():
            config.set_random_seed(seed)
        feeds = self._agreed(lambda: self._feeds(what, x, y, batch_size, settings))
        told = [{"call": what, "batch_size": batch_size, **described(settings)}, *self._told(feeds)]
        for rank, other in enumerate(self.comm.allgather(told)):
            for mine, theirs in zip(told, other, strict=True):
                if mine != theirs:
                    raise DistributionError(
                        f"expected the same in all processes, received {mine} here and {theirs} in process {rank}."
                    )
        self.take_first()
        if what != "predict" and self.size > 1:
            self._rehearse(what == "fit", feeds, checked_size(batch_size))
        with self._together():
            yield

    def _agreed(self, work: Callable[[], Any]) -> Any:
        """What the work gives; an error is raised in all processes if there is one in any."""
        result, error = None, None
        try:
            result = work()
        except Exception as failure:
            error = failure
        failures = self.comm.allgather(None if error is None else f"{type(error).__name__}: {error}")
        if error is not None:
            raise error
        for rank, message in enumerate(failures):
            if message is not None:
                raise DistributionError(f"expected all processes to begin, received from process {rank}: {message}")
        return result

    def _feeds(self, what: str, x: Any, y: Any, batch_size: Any, settings: Mapping[str, Any]) -> Any:
        """The data by value name, after a look at all that can be wrong with the arguments."""
        if is_stream(x):
            raise ValueError(f"Expected x as arrays, which every process has. Received: {type(x).__name__}")
        checked_size(batch_size)
        if what == "fit":
            check_counts(0, epochs=settings["epochs"])
        if what != "predict":
            self._refuse()
        weights = (settings.get("sample_weight"), settings.get("class_weight")) if y is not None else ()
        return self.model.prepare_data(x, y, *weights)

    def _told(self, feeds: Mapping[str, NDArray[Any]]) -> list[Any]:
        """What has to be the same in all processes; names of layers may differ, they are counted in each."""
        variables = self.model.variables_of_training()
        return [
            {"fastnn": __version__},
            {"optimizer": str(self.model.optimizer.get_config())},
            {"data": described(list(feeds.values()))},
            {"layers": [type(layer).__name__ for layer in layers_within(self.model)]},
            [(v.shape, v.dtype, v.trainable) for v in variables],
        ]

    def _rehearse(self, training: bool, feeds: Mapping[str, NDArray[Any]], batch_size: int) -> None:
        """Try the first rows together and in one process; raise ValueError in all where the two differ."""
        rows = min(batch_size, self.size + 1, len(next(iter(feeds.values()))))
        key = self.model._key(rows, feeds, training), batch_size
        if key == self._rehearsed or rows < 2:
            return
        part = self.team.part(rows)
        self._agreed(lambda: self.model.step_list(part.size, feeds, training, part))
        with self._together():
            together = rehearsed(self.model, feeds, rows, part, training, self._add_up)
            apart = difference(self.model, feeds, rows, together, training) if self.rank == 0 else ""
        if apart := self.comm.bcast(apart):
            raise ValueError(
                f"Expected a model of which the parts of a batch give what the whole batch does: losses that are means "
                f"over rows, and nothing else that looks at several rows. Received: '{self.model.name}', where {apart} "
                f"in {self.size} processes"
            )
        self._rehearsed = key

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
        """Take over weights, the optimizer's memory, and layers' seeds from the first process, where they differ."""
        variables = self.model.variables_of_training()
        mine = [zlib.crc32(np.ascontiguousarray(variable.value).data) for variable in variables]
        differ = [k for k, sums in enumerate(zip(*self.comm.allgather(mine), strict=True)) if len(set(sums)) > 1]
        for variable in (variables[k] for k in differ):
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
        if self.rank:
            for callback in given:
                if hasattr(callback, "verbose"):
                    callback.verbose = 0
        return [silent(c) if self.rank and getattr(c, "first_process_only", False) else c for c in given]

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


def described(value: Any) -> Any:
    """What to compare processes' arguments by: numbers and words as they are, arrays by shape, type and checksum."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {key: described(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)) and any(hasattr(part, "shape") for part in value):
        return [described(part) for part in value]
    try:
        array = np.asarray(value)
    except ValueError:
        return type(value).__name__
    return type(value).__name__ if array.dtype.hasobject else (array.shape, str(array.dtype), _checksum(array))


def _checksum(array: NDArray[Any]) -> int:
    """A number that differs where data differ: of all of a small array, of some rows of a large one."""
    rows = max(1, len(array) * SAMPLED // max(array.nbytes, 1))
    return zlib.crc32(np.ascontiguousarray(array[:: max(1, len(array) // rows)]).tobytes())
