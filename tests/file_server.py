"""A server on this machine for downloads, which can also fail in every way."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def serving(files):
    """A server of files by path, for as long as the block lasts."""
    server = Server(files)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


class Server(ThreadingHTTPServer):
    """Serves `files` by path and remembers what it was asked for; `halfway` is called after half of /half/NAME."""

    daemon_threads = True

    def __init__(self, files):
        self.files, self.asked, self.halfway = files, [], lambda: None
        super().__init__(("127.0.0.1", 0), Handler)

    def address(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.lstrip("/").split("?")[0]
        self.server.asked.append(path)
        what, _, name = path.partition("/")
        if what in ("moved", "around"):
            self.send_response(302)
            self.send_header("Location", self.server.address(name if what == "moved" else "around/again"))
            self.end_headers()
        elif what == "broken":
            self.send_error(500)
        elif what in ("half", "cut"):
            self.send(self.server.files[name], what)
        elif path in self.server.files:
            self.send(self.server.files[path], what)
        else:
            self.send_error(404)

    def send(self, content, what):
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        if what == "half":
            self.server.halfway()
        if what != "cut":
            self.wfile.write(content[len(content) // 2 :])
