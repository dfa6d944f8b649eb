"""Which keys do what: the table's keys, and those that the user has chosen instead. No Qt."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping

from fastnn.utils.json_text import json_of
from gui.shortcuts import ACTIONS, GROUPS, find

Keys = tuple[str, ...]


class Keymap:
    """The keys of every action.

    Args:
        changes: Keys by action's name where they are not those of the table.

    Example:
        >>> keymap = Keymap()
        >>> keymap.assign("palette", ("Ctrl+K",))
        >>> keymap["palette"], keymap["keys"]
        (('Ctrl+K',), ('F1',))
        >>> keymap.assign("theme", ("F1",))
        Traceback (most recent call last):
        ValueError: Expected a free key for 'Light / dark'. Received: F1, which is the key of 'Keys'
    """

    def __init__(self, changes: Mapping[str, Keys] | None = None) -> None:
        self.changes: dict[str, Keys] = dict(changes or {})

    def __getitem__(self, name: str) -> Keys:
        return self.changes.get(name, find(name).keys)

    def owner(self, key: str) -> str | None:
        """Name of the action that a key belongs to, or None."""
        return next((a.name for a in ACTIONS if key in self[a.name]), None)

    def assign(self, name: str, keys: Keys) -> None:
        """Give an action other keys; none at all is fine.

        Raises:
            ValueError: if one of them belongs to another action.
        """
        for key in keys:
            owner = self.owner(key)
            if owner not in (None, name):
                other = find(str(owner)).text
                raise ValueError(
                    f"Expected a free key for '{find(name).text}'. Received: {key}, which is the key of '{other}'"
                )
        self.changes[name] = tuple(keys)
        if self.changes[name] == find(name).keys:
            del self.changes[name]

    def reset(self) -> None:
        """All keys as in the table."""
        self.changes.clear()

    def dumps(self) -> str:
        """The changes as text."""
        return json.dumps(self.changes)

    @staticmethod
    def loads(text: str) -> Keymap:
        """The keymap of such a text; what it does not understand, or what would clash, is left as in the table."""
        try:
            held = json_of(text)
        except ValueError:
            held = {}
        keymap, known = Keymap(), {a.name for a in ACTIONS}
        for name, keys in held.items() if isinstance(held, dict) else ():
            if name in known and isinstance(keys, list) and all(isinstance(key, str) for key in keys):
                keymap.changes[name] = tuple(keys)
        used = [key for a in ACTIONS for key in keymap[a.name]]
        return keymap if len(used) == len(set(used)) else Keymap()


def key_sheet(keymap: Keymap) -> str:
    """All keys as an HTML table, by group.

    Example:
        >>> "Forward one operation" in key_sheet(Keymap())
        True
    """
    tables = (f"<h3>{g}</h3><table cellspacing='0' cellpadding='3'>{_rows(g, keymap)}</table>" for g in GROUPS)
    return "".join(tables)


def _rows(group: str, keymap: Keymap) -> str:
    return "".join(
        f"<tr><td width='190'><b>{html.escape(' or '.join(keymap[a.name]))}</b></td><td>{html.escape(a.text)}</td></tr>"
        for a in ACTIONS
        if a.group == group and keymap[a.name]
    )
