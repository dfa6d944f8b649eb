"""What a window can do beyond stepping: lessons, metrics, files, looks, finding. Each file has its own handlers."""

from __future__ import annotations

from typing import Any

from gui.features.appearance import Appearance
from gui.features.changing import Changing
from gui.features.explaining import Explaining
from gui.features.files import Files
from gui.features.learning import Learning
from gui.features.looking_up import LookingUp
from gui.features.measuring import Measuring
from gui.features.performance import FrameTimes
from gui.features.presenting import Presenting
from gui.features.profiling import Profiling
from gui.features.running import Running
from gui.features.watching import Watching
from gui.handlers import Handler
from gui.keymap import Keymap
from gui.panels.actions import Repeater


class Features:
    """All of them, for one window.

    Args:
        window: The window; its panels need not be there yet.
    """

    def __init__(self, window: Any) -> None:
        self.frames = FrameTimes()
        self.repeater = Repeater(window)
        self.appearance = Appearance(window)
        self.learning = Learning(window, self.repeater)
        self.measuring = Measuring(window)
        self.presenting = Presenting(window)
        self.files = Files(window)
        self.running = Running(window)
        self.explaining = Explaining(window)
        self.changing = Changing(window)
        self.watching = Watching(window)
        self.profiling = Profiling(window)
        self.looking_up = LookingUp(window, self.learning, self.frames)
        self.repeater.refused.connect(lambda text: window.say(f"'{text}' is locked in this step of the lesson"))

    @property
    def keymap(self) -> Keymap:
        """The keys of all actions."""
        return self.appearance.keymap

    def handlers(self) -> dict[str, Handler]:
        """What their actions do."""
        looks: tuple[Any, ...] = (self.appearance, self.looking_up, self.files)
        work: tuple[Any, ...] = (self.running, self.changing, self.explaining, self.watching, self.profiling)
        teaching: tuple[Any, ...] = (self.learning, self.measuring, self.presenting)
        return {name: handler for part in (*looks, *work, *teaching) for name, handler in part.handlers().items()}

    def compose(self) -> None:
        """Put their panels into the window, once it has its own."""
        for part in (self.learning, self.measuring, self.presenting):
            part.compose()
        self.running.compose()
        self.watching.compose()
        self.profiling.compose()
        self.appearance.restore()

    def close(self) -> None:
        """Let go of what outlives the window."""
        for part in (self.learning, self.measuring, self.presenting):
            part.close()
        self.running.close()
        self.watching.close()
        self.profiling.close()
        self.explaining.close()
        self.changing.close()
        self.appearance.close()
