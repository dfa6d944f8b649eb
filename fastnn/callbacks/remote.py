"""RemoteMonitor."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn.callbacks.base import Callback, Logs

SECONDS = 10.0  # a server that does not answer must not stop training


class RemoteMonitor(Callback):
    """Sends the logs of every epoch to a web server, by POST; warns if that cannot be reached.

    Args:
        root: Address of the server.
        path: What follows it.
        field: Name of the form's field that holds the logs as JSON; for send_as_json=False.
        headers: Headers of the request, by name.
        send_as_json: Whether the logs are the body itself, of type application/json, rather than a field of a form.

    Raises:
        ValueError: for an address that does not begin with http:// or https://.

    Example:
        >>> RemoteMonitor("localhost:9000")
        Traceback (most recent call last):
        ...
        ValueError: Expected root to begin with http:// or https://. Received: root='localhost:9000'
    """

    first_process_only = True

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        if not str(root).lower().startswith(("http://", "https://")):
            raise ValueError(f"Expected root to begin with http:// or https://. Received: root={root!r}")
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = dict(headers or {}), send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        from http.client import HTTPException
        from urllib.parse import urlencode
        from urllib.request import Request, urlopen

        text = json.dumps({"epoch": epoch, **{name: sent(value) for name, value in (logs or {}).items()}})
        body, kind = urlencode({self.field: text}), "application/x-www-form-urlencoded"
        if self.send_as_json:
            body, kind = text, "application/json"
        request = Request(self.root + self.path, body.encode(), {"Content-Type": kind, **self.headers}, method="POST")
        try:
            with urlopen(request, timeout=SECONDS):
                pass
        except (OSError, HTTPException) as error:
            warnings.warn(f"Could not reach RemoteMonitor root server at {self.root}: {error}", stacklevel=2)


def sent(value: Any) -> Any:
    """A value as JSON has it; what is not a finite number is null.

    Example:
        >>> sent(np.float32(0.5)), sent(np.arange(2)), sent(float("nan"))
        (0.5, [0, 1], None)
    """
    plain = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    if isinstance(plain, list):
        return [sent(item) for item in plain]
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
