"""The table of everything that a key or a menu does. No Qt."""

from __future__ import annotations

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
    Action("forward_element", "Forward one element", ("Shift+Right",), repeats=True),
    Action("back_element", "Back one element", ("Shift+Left",), repeats=True),
    Action("forward_term", "Forward one term", ("Ctrl+Shift+Right",), repeats=True),
    Action("back_term", "Back one term", ("Ctrl+Shift+Left",), repeats=True),
    Action("step_into", "Step into the selected number, term by term", ("I",)),
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
    Action("conditions", "Breakpoints on conditions…", ("Ctrl+B",), "Run"),
    Action("hold_out", "Hold out rows to test on…", (), "Run"),
    Action("expand", "Write convolutions out as products", (), "Run", checkable=True),
    Action("find_rate", "Find a learning rate…", (), "Run"),
    Action("branch", "Branch with another learning rate…", ("Ctrl+Shift+B",), "Run"),
    Action("pin", "Pin this run to compare", ("Ctrl+P",), "Run", checkable=True),
    Action("undo", "Undo a change of numbers or data", ("Ctrl+Z",), "Edit", repeats=True),
    Action("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Edit", repeats=True),
    Action("stage", "Stage", ("Ctrl+1",), "Edit"),
    Action("playground", "Playground: points in the plane", ("Ctrl+2",), "Edit"),
    Action("draw", "Draw a picture for the network", ("Ctrl+3",), "Edit"),
    Action("neuron", "Edges of the selected neuron", ("Ctrl+4",), "Edit"),
    Action("code", "Autoencoder: input, output, code", ("Ctrl+5",), "Edit"),
    Action("towers", "Towers: shared layers side by side", ("Ctrl+6",), "Edit"),
    Action("edit", "Edit the selected number", ("F2",), "Edit"),
    Action("explain", "Explain what was computed last", ("E",), "Look"),
    Action("history_back", "Previous selection", ("Alt+Left",), "Look", repeats=True),
    Action("history_forward", "Next selection", ("Alt+Right",), "Look", repeats=True),
    Action("show", "Values / gradients", ("V",), "Look"),
    Action("batch_mean", "Sample / mean over the batch", ("B",), "Look", checkable=True),
    Action("numbers", "Numbers on cells", ("N",), "Look", checkable=True),
    Action("previous_channel", "Previous channel", ("[",), "Look", repeats=True),
    Action("next_channel", "Next channel", ("]",), "Look", repeats=True),
    Action("previous_sample", "Previous sample", (",",), "Look", repeats=True),
    Action("next_sample", "Next sample", (".",), "Look", repeats=True),
    Action("watch", "Pin the selected number to the watch list, or unpin it", ("W",), "Look"),
    Action("watches", "Watch list", ("Ctrl+W",), "Look", checkable=True),
    Action("table", "Numbers and histogram of the selected tensor…", ("T",), "Look"),
    Action("sort_terms", "Terms of a sum by size / by index", ("O",), "Look"),
    Action("gradient_check", "Gradient check…", ("K",), "Look"),
    Action("profile", "Time of each operation", ("Ctrl+I",), "Look", checkable=True),
    Action("predict", "Predict the numbers", ("P",), "Learn", checkable=True),
    Action("export_score", "Export the score of predictions…", (), "Learn"),
    Action("worksheet", "Export a worked sheet of this step…", ("Ctrl+Shift+E",), "File"),
    Action("copy", "Copy the selected number in full", ("Ctrl+C",), "Look"),
    Action("own_network", "Own data and network…", ("Ctrl+N",), "File"),
    Action("open_model", "Open a saved model or a script…", ("Ctrl+O",), "File"),
    Action("save", "Save the session", ("Ctrl+S",), "File"),
    Action("save_as", "Save the session as…", ("Ctrl+Shift+S",), "File"),
    Action("open_session", "Open a session…", ("Ctrl+Shift+O",), "File"),
    Action("export", "Export…", ("Ctrl+E",), "File"),
    Action("quit", "Quit", ("Ctrl+Q",), "File"),
    Action("lessons", "Lessons…", ("Ctrl+L",), "Learn"),
    Action("lesson_next", "Next in the lesson", ("Ctrl+PgDown",), "Learn"),
    Action("lesson_back", "Back in the lesson", ("Ctrl+PgUp",), "Learn"),
    Action("lesson_end", "End the lesson", (), "Learn"),
    Action("tour", "One-minute tour", (), "Learn"),
    Action("metrics", "Metrics and worst samples", ("Ctrl+M",), "Learn", checkable=True),
    Action("palette", "Find an action…", ("Ctrl+Shift+P",), "Window"),
    Action("theme", "Light / dark", ("Ctrl+Shift+T",), "Window"),
    Action("larger", "Larger type", ("Ctrl++", "Ctrl+="), "Window", repeats=True),
    Action("smaller", "Smaller type", ("Ctrl+-",), "Window", repeats=True),
    Action("normal_size", "Type of normal size", ("Ctrl+0",), "Window"),
    Action("present", "Presentation", ("Ctrl+Shift+F",), "Window", checkable=True),
    Action("reset_layout", "Reset layout", (), "Window"),
    Action("settings", "Settings…", ("Ctrl+,",), "Window"),
    Action("keys", "Keys", ("F1",), "Help"),
    Action("about", "About fastnn", (), "Help"),
)
MENUS = ("File", "Edit", "Step", "Run", "Look", "Learn", "Window", "Help")
GROUPS = tuple(sorted(dict.fromkeys(a.group for a in ACTIONS), key=MENUS.index))


def find(name: str) -> Action:
    """The action of that name."""
    return next(a for a in ACTIONS if a.name == name)
