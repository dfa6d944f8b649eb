"""What every row of the table of shortcuts does. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gui import grains
from gui import moment as moments

Handler = Callable[[], object]


def handlers(window: Any) -> Mapping[str, Handler]:
    """The handler of every action, by name.

    Args:
        window: The window that the actions act on; it has session, player and trainer.
    """
    return {**_moves(window), **_runs(window), **_looks(window), **_window(window), **window.features.handlers()}


def _moves(window: Any) -> dict[str, Handler]:
    session = window.session

    def ahead(grain: str) -> Handler:
        return lambda: _move(window, moments.ahead(session.moment, grain))

    def behind(grain: str) -> Handler:
        return lambda: _move(window, moments.behind(session.moment, grain))

    found: dict[str, Handler] = {"to_start": behind("batch"), "to_end": ahead("batch")}
    for grain in ("op", "layer", "phase", "epoch"):
        found[f"forward_{grain}"], found[f"back_{grain}"] = ahead(grain), behind(grain)
    found["forward_grain"], found["back_grain"] = _by_grain(window, 1), _by_grain(window, -1)
    for grain in moments.INNER:
        found[f"forward_{grain}"], found[f"back_{grain}"] = _inside(window, grain, 1), _inside(window, grain, -1)
    return {**found, "goto": window.ask_for_training_step}


def _by_grain(window: Any, direction: int) -> Handler:
    """A move by the chosen grain, inside an operation or over operations."""

    def move() -> None:
        session, grain = window.session, window.session.grain
        if grain in moments.INNER:
            _inside(window, grain, direction)()
        else:
            _move(window, (moments.ahead if direction > 0 else moments.behind)(session.moment, grain))

    return move


def _inside(window: Any, grain: str, direction: int) -> Handler:
    """A move by one element, or one term."""

    def move() -> None:
        window.player.stop()
        window.walker.stay()
        window.attempt(lambda: grains.move(window.session, grain, direction))

    return move


def _move(window: Any, position: int) -> None:
    window.player.stop()
    window.travel(position)


def _runs(window: Any) -> dict[str, Handler]:
    session, player = window.session, window.player
    return {
        "play": lambda: _play(window),
        "faster": lambda: player.change_speed(1),
        "slower": lambda: player.change_speed(-1),
        "run": lambda: _run(window),
        "train": window.toggle_training,
        "breakpoint": lambda: session.toggle_breakpoint(_line(session)),
        "reset": lambda: _reset(window, False),
        "new_seed": lambda: _reset(window, True),
    }


def _play(window: Any) -> None:
    """Play or pause; pausing also ends a long move that is under way."""
    if window.walker.stay():
        return
    if window.session.training:
        window.toggle_training()
    else:
        window.player.toggle()


def _line(session: Any) -> int:
    """The step that a breakpoint key means: the one looked at, else the one that runs next."""
    looked = session.looked
    return int(looked if looked is not None else session.done % len(session.steps))


def _run(window: Any) -> None:
    if window.session.training or not window.session.breakpoints:
        window.toggle_training()
    else:
        window.player.stop()
        window.attempt(window.session.run_to_breakpoint)
        window.say_hit()


def _reset(window: Any, new_seed: bool) -> None:
    window.player.stop()
    window.walker.stay()
    window.trainer.pause(wait=True)
    window.attempt(lambda: window.session.reset(new_seed))


def _looks(window: Any) -> dict[str, Handler]:
    session = window.session
    return {
        "explain": session.select_shown,
        "history_back": session.history_back,
        "history_forward": session.history_forward,
        "show": session.toggle_show,
        "numbers": session.toggle_numbers,
        "batch_mean": session.toggle_batch_mean,
        "previous_channel": lambda: session.set_channel(session.channel - 1),
        "next_channel": lambda: session.set_channel(session.channel + 1),
        "previous_sample": lambda: session.set_sample(session.sample - 1),
        "next_sample": lambda: session.set_sample(session.sample + 1),
        "copy": window.copy_number,
    }


def _window(window: Any) -> dict[str, Handler]:
    return {
        "reset_layout": window.reset_layout,
        "quit": window.close,
    }
