"""A web hook on this computer that keeps what it is sent, and can be told to refuse."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hook:
    """Where it listens, the messages that came, and the status it answers with."""

    port: int = 0
    status: int = 200
    location: str | None = None
    came: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    #: Called before it answers.
    before: Callable[[], None] = lambda: None

    def url(self, path: str = "") -> str:
        """Its address for apprise; the path may hold a secret."""
        return f"json://127.0.0.1:{self.port}/{path}"

    @property
    def titles(self) -> list[str]:
        """Of what came, in order."""
        return [str(each["title"]) for each in self.came]


@contextmanager
def listening() -> Iterator[Hook]:
    """A hook for the block."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            hook.lines.append(f"{self.command} {self.path}")
            hook.before()
            self.send_response(hook.status)
            if hook.location:
                self.send_header("location", hook.location)
            self.end_headers()
            if hook.status == 200:
                hook.came.append(json.loads(body))

        def do_GET(self) -> None:
            hook.lines.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join()
