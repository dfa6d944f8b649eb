"""What the app can open: own data with a blueprint, saved models with data, scripts that train a model. No Qt."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np

from fastnn import models
from fastnn.compat.running import run_script
from fastnn.models.rows import split_off
from fastnn.models.training import Training
from gui import blueprint
from gui.own_data import OwnData, arrays, read
from gui.source import Source, from_model

MODELS = (".keras", ".h5", ".hdf5")


def from_blueprint(text: str, data: OwnData, batch_size: int | None = 32, title: str = "") -> Source:
    """One's own network on one's own data.

    Args:
        text: The blueprint.
        data: Inputs and targets.
        batch_size: Rows of a batch; None is one batch of everything.
        title: One line for people.

    Raises:
        ValueError: naming the line that is wrong, or what does not fit the data.
    """
    report = blueprint.check(text)
    if report.model is None:
        raise ValueError(report.error)
    fits(report, data)
    report.model.prepare_data(data.x, data.y)
    return Source(
        title or data.path.name, lambda seed: blueprint.build(text, seed), data.x, data.y, data.about,
        batch_size=batch_size, shuffle=batch_size is not None,
    )  # fmt: skip


def fits(report: blueprint.Report, data: OwnData) -> None:
    """Raise ValueError in words where the first or last layer does not fit the data."""
    layers = [line for line in report.lines if line.shape is not None]
    first, last = layers[0].shape or (), layers[-1]
    if tuple(first) != tuple(data.x.shape[1:]):
        raise ValueError(
            f"line {layers[0].number}: expected Input({data.x.shape[1:]}) for this data, received {first}."
        )
    wanted = len(data.classes) if len(data.classes) > 2 else 0
    if wanted and last.shape and last.shape[-1] not in (wanted, None):
        raise ValueError(f"line {last.number}: expected {wanted} outputs, a class each, received {last.shape[-1]}.")


def from_files(model: str | Path, data: str | Path, batch_size: int | None = None) -> Source:
    """A saved, compiled model and the data that it learns from.

    Raises:
        ValueError: for a file that holds something else, or data that does not fit.
        OSError: if a file cannot be read.
    """
    path = Path(data)
    found = None if path.suffix.lower() == ".npz" else read(path)
    x, y = arrays(path) if found is None else (found.x, found.y)
    loaded = models.load_model(model)
    if not loaded.compiled:
        raise ValueError(
            f"{Path(model).name}: expected a compiled model, received one without a loss and an optimizer."
        )
    return from_model(loaded, x, y, batch_size=batch_size, title=Path(model).name)


class Captured(BaseException):
    """Ends a script at its first `fit`; a BaseException, so that no handler of the script keeps it."""

    def __init__(self, model: Any, arguments: dict[str, Any]) -> None:
        super().__init__("fit")
        self.model, self.arguments = model, arguments


def from_script(path: str | Path) -> Source:
    """The model that a script trains first; the script is run up to there.

    Args:
        path: A script that imports fastnn, keras or tensorflow.keras.

    Raises:
        ValueError: if it ends without training a model, or fails.
    """
    from unittest import mock  # it brings asyncio and ssl along

    path = Path(path)
    try:
        with mock.patch.object(Training, "fit", capture):
            run_script(str(path))
    except Captured as caught:
        return from_fit(caught.model, caught.arguments, path.name)
    except SystemExit as end:
        raise ValueError(f"{path.name}: expected a call of fit, received the script's end ({end}).") from None
    except Exception as error:
        raise ValueError(f"{path.name}: expected a call of fit, received {type(error).__name__}: {error}") from error
    raise ValueError(f"{path.name}: expected a call of fit, received the script's end.")


FIT = inspect.signature(Training.fit)


def capture(model: Any, *args: Any, **kwargs: Any) -> None:
    """What stands in for `fit`."""
    given = FIT.bind(model, *args, **kwargs)
    given.apply_defaults()
    raise Captured(model, dict(given.arguments))


def from_fit(model: Any, given: dict[str, Any], title: str) -> Source:
    """The source of what `fit` was called with."""
    x, y = given["x"], given["y"]
    if y is None and not isinstance(x, (np.ndarray, list, tuple, dict)):
        raise ValueError(f"{title}: expected arrays in its call of fit, received {type(x).__name__}.")
    x, y, weight, _ = split_off(given["validation_split"], x, y, given["sample_weight"], given["validation_data"])
    options = {"batch_size": given["batch_size"] or 32, "shuffle": bool(given["shuffle"])}
    return from_model(model, x, y, sample_weight=weight, title=title, **options)
