"""A chart's spec made into a picture: once for as long as it shows the same, beside the pages.

Most publications change few partners, so that a picture is kept by what it shows: of the next
publication the rows are read and the spec is made, and then the picture may be there already.
A thread waits for the drawing process (`inbox_agent.drawing`) to answer; the event loop goes on.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from signal import SIGKILL
from threading import Lock, Timer
from typing import Any, Literal

Form = Literal["svg", "png"]
#: What a picture is asked for by: publication, partner, chart, look.
Key = tuple[object, ...]

#: Pictures are kept up to so many octets; one has 10 to 120 kB, a PNG 350 kB.
KEPT_OCTETS = 32_000_000
#: So many askings are known to be for a picture that is kept.
KEPT_KEYS = 5_000
_LONGEST_SECONDS = 30.0
# -P: no module of the folder it happens to be started in.
_COMMAND = (sys.executable, "-P", "-m", "inbox_agent.drawing")
# It needs fonts and Python, and no secret of the server's.
_SETTINGS = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "TMPDIR", "FONTCONFIG_FILE")


class NotDrawn(Exception):
    """A chart could not be drawn; the message is that of the drawing process."""


class Drawer:
    """The drawing process, started when first needed and again when it has left."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def drawn(self, spec: Mapping[str, Any], form: Form) -> bytes:
        """The picture; raises NotDrawn. For one thread at a time."""
        request = json.dumps({"form": form, "spec": spec}).encode() + b"\n"
        try:
            word, body = self._ask(request)
        except OSError:  # it had left, as it does when nobody asks for a while
            self.stop()
            word, body = self._ask(request)
        if word != b"drawn":
            raise NotDrawn(body.decode())
        return body

    def stop(self) -> None:
        """Ends the process, if there is one."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, request: bytes) -> tuple[bytes, bytes]:
        process = self._process = self._process or _started()
        assert process.stdin  # noqa: S101 - both are pipes
        assert process.stdout  # noqa: S101
        watchdog = Timer(_LONGEST_SECONDS, process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            process.stdin.write(request)
            process.stdin.flush()
            word, _, octets = process.stdout.readline().partition(b" ")
            body = process.stdout.read(int(octets or 0))
        finally:
            watchdog.cancel()
        if not octets or len(body) < int(octets):
            if process.wait() == -SIGKILL:
                self.stop()
                raise NotDrawn(f"it took longer than {_LONGEST_SECONDS:.0f} s, or too much memory")
            raise BrokenPipeError("the drawing process left without an answer")
        return word, body


def _started() -> subprocess.Popen[bytes]:
    settings = {name: os.environ[name] for name in _SETTINGS if name in os.environ}
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603 - a command of ours
        _COMMAND, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=settings
    )


@dataclass(slots=True)
class Pictures:
    """The pictures last asked for, up to so many octets; the longest unused leaves first."""

    most: int = KEPT_OCTETS
    octets: int = 0
    _shows: OrderedDict[Key, str] = field(default_factory=OrderedDict)
    _kept: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)
    _drawer: Drawer = field(default_factory=Drawer)
    # One picture at a time: drawing takes a whole core.
    _worker: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="charts")
    )

    def get(self, key: Key) -> bytes | None:
        """A picture drawn before, or None."""
        with self._lock:
            return self._of_digest(self._shows.get(key, ""))

    def showing(self, key: Key, digest: str) -> bytes | None:
        """The same where what it shows is known by now, though it was drawn for another key."""
        with self._lock:
            self._shows[key] = digest
            while len(self._shows) > KEPT_KEYS:
                self._shows.popitem(last=False)
            return self._of_digest(digest)

    def _of_digest(self, digest: str) -> bytes | None:
        if digest in self._kept:
            self._kept.move_to_end(digest)
        return self._kept.get(digest)

    def keep(self, digest: str, picture: bytes) -> bytes:
        """Keeps a picture, and lets go of those that were not asked for longest."""
        with self._lock:
            self.octets += len(picture) - len(self._kept.pop(digest, b""))
            self._kept[digest] = picture
            while self.octets > self.most:
                self.octets -= len(self._kept.popitem(last=False)[1])
        return picture

    async def of(self, key: Key, spec: Callable[[], Mapping[str, Any]], form: Form) -> bytes:
        """The picture by its key, drawn unless it is kept; raises NotDrawn."""

        def work() -> bytes:  # somebody else may have asked for the same one before
            kept = self.get(key)
            if kept is not None:
                return kept
            said = spec()
            digest = hashlib.sha256(f"{form} {json.dumps(said)}".encode()).hexdigest()
            return self.showing(key, digest) or self.keep(digest, self._drawer.drawn(said, form))

        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def close(self) -> None:
        """Ends the drawing process; the next picture starts another."""
        self._worker.submit(self._drawer.stop).result()


PICTURES = Pictures()
