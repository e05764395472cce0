"""One agent at a time in a data directory."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from inbox_agent.errors import AgentBusy, StoreError
from inbox_agent.sqlite_files import private_directory

LOCK = "agent.lock"
#: Who only asks whether an agent is at work has the lock for less than that.
_TRIES, _PAUSE_SECONDS = 4, 0.02


@contextmanager
def holding(directory: Path) -> Iterator[None]:
    """Hold the data directory; raises AgentBusy when another agent does, StoreError.

    The lock is the kernel's (flock), so that it goes with a process that dies. The number of the
    process stands in the file for people to read.
    """
    private_directory(directory)
    try:
        lock = (directory / LOCK).open("a+")  # "w" would empty what the holder wrote
    except OSError as exc:
        raise StoreError(f"{directory}: {exc.strerror}: make it writable for us") from exc
    with lock:
        try:
            _take(lock)
        except OSError as exc:
            raise AgentBusy(
                f"{directory}: another inbox-agent{_holder(lock)} is at work here; "
                "let it finish or stop it, then run this again"
            ) from exc
        with suppress(OSError):  # on a full disk the lock holds all the same
            os.ftruncate(lock.fileno(), 0)
            os.write(lock.fileno(), b"%d\n" % os.getpid())
        yield


def _take(lock: TextIO) -> None:
    """Lock it; raises OSError when somebody has it and keeps it."""
    for _ in range(_TRIES - 1):
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_PAUSE_SECONDS)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _holder(lock: TextIO) -> str:
    """Who holds the lock, as far as it says."""
    lock.seek(0)
    text = lock.read(20).strip()
    return f" (process {text})" if text.isdecimal() else ""
