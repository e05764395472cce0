"""Being asked to stop: whatever runs is left at once, but never in the middle of an import."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
#: How soon a stop that came during an import is tried again.
_AGAIN_SECONDS = 0.02


def stop_when_asked(stop: threading.Event) -> None:
    """On SIGTERM and Ctrl-C set `stop` and leave with `SystemExit(0)`.

    Whatever is being written is rolled back, and read again next time. An exception that comes in
    the middle of a finalizer is lost, so the loop is told as well. Python does not bear one in
    the middle of an import: it may leave as if killed, or complain of files left open. There the
    stop is put off by a moment, again and again, with the alarm clock of the process.
    """

    def leave(_: int, frame: FrameType | None) -> None:
        stop.set()
        if _is_importing(frame):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
            return
        raise SystemExit(0)

    for each in (*_SIGNALS, signal.SIGALRM):
        signal.signal(each, leave)
    # A program that ends by itself meanwhile must not be killed by the alarm: Python takes its
    # handlers away before it is gone.
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)


def leave_at_once(code: int) -> NoReturn:
    """End the process though threads hang; the system shuts their connections.

    Python would take the interpreter away from under them, which C++ code does not bear. What
    SQLite was writing is rolled back by whoever opens the file next.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
