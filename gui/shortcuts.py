"""The table of everything that a key or a menu does. No Qt."""

from __future__ import annotations

import html
from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """One thing to do.

    Args:
        name: Its handler's name.
        text: What menus and the key sheet say.
        keys: Key sequences, the first one shown.
        group: Menu that it belongs to.
        repeats: Whether holding the key repeats it.
        checkable: Whether it is on or off.
    """

    name: str
    text: str
    keys: tuple[str, ...] = ()
    group: str = "Step"
    repeats: bool = False
    checkable: bool = False


ACTIONS = (
    Action("forward_op", "Forward one operation", ("Right", "F11"), repeats=True),
    Action("back_op", "Back one operation", ("Left",), repeats=True),
    Action("forward_layer", "Over the layer", ("Ctrl+Right", "F10"), repeats=True),
    Action("back_layer", "Back over the layer", ("Ctrl+Left",), repeats=True),
    Action("forward_phase", "Out of the phase", ("PgDown", "Shift+F11"), repeats=True),
    Action("back_phase", "Back over the phase", ("PgUp",), repeats=True),
    Action("to_start", "To the start of the training step", ("Home",), repeats=True),
    Action("to_end", "To the end of the training step", ("End",), repeats=True),
    Action("forward_epoch", "Forward one epoch"),
    Action("back_epoch", "Back one epoch"),
    Action("forward_grain", "Forward by the chosen grain"),
    Action("back_grain", "Back by the chosen grain"),
    Action("goto", "Go to training step…", ("Ctrl+G",)),
    Action("play", "Play / pause", ("Space",), "Run"),
    Action("faster", "Faster", ("+", "="), "Run", repeats=True),
    Action("slower", "Slower", ("-",), "Run", repeats=True),
    Action("run", "Run to the next breakpoint; train without one", ("F5",), "Run"),
    Action("train", "Train / pause at full speed", ("Ctrl+F5",), "Run", checkable=True),
    Action("breakpoint", "Set or clear a breakpoint here", ("F9",), "Run"),
    Action("reset", "Reset to the same start", ("Ctrl+R",), "Run"),
    Action("new_seed", "Reset with a new seed", ("Ctrl+Shift+R",), "Run"),
    Action("undo", "Undo a change of numbers or data", ("Ctrl+Z",), "Edit", repeats=True),
    Action("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Edit", repeats=True),
    Action("playground", "Playground: points in the plane", ("Ctrl+P",), "Edit"),
    Action("draw", "Draw a picture for the network", ("Ctrl+D",), "Edit"),
    Action("edit", "Edit the selected number", ("F2",), "Edit"),
    Action("explain", "Explain what was computed last", ("E",), "Look"),
    Action("history_back", "Previous selection", ("Alt+Left",), "Look", repeats=True),
    Action("history_forward", "Next selection", ("Alt+Right",), "Look", repeats=True),
    Action("show", "Values / gradients", ("V",), "Look"),
    Action("numbers", "Numbers on cells", ("N",), "Look", checkable=True),
    Action("previous_channel", "Previous channel", ("[",), "Look", repeats=True),
    Action("next_channel", "Next channel", ("]",), "Look", repeats=True),
    Action("previous_sample", "Previous sample", (",",), "Look", repeats=True),
    Action("next_sample", "Next sample", (".",), "Look", repeats=True),
    Action("copy", "Copy the selected number in full", ("Ctrl+C",), "Look"),
    Action("theme", "Light / dark", ("Ctrl+Shift+T",), "Window"),
    Action("reset_layout", "Reset layout", (), "Window"),
    Action("keys", "Keys", ("F1",), "Window"),
    Action("quit", "Quit", ("Ctrl+Q",), "Window"),
)
GROUPS = tuple(dict.fromkeys(a.group for a in ACTIONS))


def find(name: str) -> Action:
    """The action of that name."""
    return next(a for a in ACTIONS if a.name == name)


def key_sheet() -> str:
    """All keys as an HTML table, by group.

    Example:
        >>> "Forward one operation" in key_sheet()
        True
    """
    return "".join(f"<h3>{group}</h3><table cellspacing='0' cellpadding='3'>{_rows(group)}</table>" for group in GROUPS)


def _rows(group: str) -> str:
    return "".join(
        f"<tr><td width='190'><b>{html.escape(' or '.join(a.keys))}</b></td><td>{html.escape(a.text)}</td></tr>"
        for a in ACTIONS
        if a.group == group and a.keys
    )
