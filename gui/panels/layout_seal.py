"""A seal on the window layouts in session files: Qt reads a layout unchecked, and a made-up one crashes it.

Only what this user's app has written is given to Qt: the seal needs a secret that lies in the user's settings.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import QSettings

SECRET = "layout_secret"
PASSING = secrets.token_bytes(32)  # of windows that keep no settings: it ends with the program


def secret_of(settings: QSettings | None) -> bytes:
    """The secret of these settings, made when it is first asked for."""
    if settings is None:
        return PASSING
    kept = settings.value(SECRET)
    if not isinstance(kept, str) or not re.fullmatch("[0-9a-f]{64}", kept):
        kept = secrets.token_hex(32)
        settings.setValue(SECRET, kept)
    return bytes.fromhex(kept)


def sealed(layout: bytes, secret: bytes) -> dict[str, str]:
    """A layout for a session's file."""
    return {"layout": base64.b64encode(layout).decode(), "seal": seal_of(layout, secret)}


def unsealed(kept: Mapping[str, Any], secret: bytes) -> bytes | None:
    """The layout in a session's file; None if it is of somebody else, or changed, or not there.

    Example:
        >>> kept = sealed(b"docks", b"mine")
        >>> unsealed(kept, b"mine"), unsealed(kept, b"yours"), unsealed({"layout": kept["layout"]}, b"mine")
        (b'docks', None, None)
    """
    layout, seal = kept.get("layout"), kept.get("seal")
    if not isinstance(layout, str) or not isinstance(seal, str):
        return None
    try:
        content = base64.b64decode(layout, validate=True)
    except ValueError:
        return None
    return content if hmac.compare_digest(seal.encode("utf-8", "replace"), seal_of(content, secret).encode()) else None


def seal_of(layout: bytes, secret: bytes) -> str:
    """What only the owner of the secret can write below a layout."""
    return hmac.new(secret, layout, "sha256").hexdigest()
