"""Sees what a process does while it reads a file."""

import os
import sys
from contextlib import contextmanager

FORBIDDEN = (
    "os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect", "socket.getaddrinfo",
    "urllib.Request", "pickle.find_class", "function.__new__", "ctypes.dlopen", "os.symlink", "os.link", "os.chmod",
)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
SECRET = "/etc/hostname"  # what wrong files try to read


class Forbidden(BaseException):
    """A file made the process do what files must not."""


class Guard:
    """Stops whatever is forbidden, and remembers it in case that nobody hears the error."""

    def __init__(self):
        self.folder, self.armed, self.seen = "", False, []
        sys.addaudithook(self.audit)

    @contextmanager
    def watching(self, folder):
        """Inside, files may be written below a folder only, and nothing is run or fetched."""
        self.seen.clear()
        self.folder, self.armed = str(folder), True
        try:
            yield self.seen
        finally:
            self.armed = False

    def audit(self, event, args):
        if not self.armed:
            return
        if event == "open" and isinstance(args[0], (str, bytes)):
            path = os.fsdecode(args[0])
            if path == SECRET or (args[2] & WRITING and not os.path.abspath(path).startswith(self.folder)):
                self.tell(f"{path!r} was opened")
        elif event in FORBIDDEN:
            self.tell(f"{event}{args!r:.300}")

    def tell(self, what):
        self.seen.append(what)
        raise Forbidden(what)
