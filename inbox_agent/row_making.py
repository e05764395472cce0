"""Letters made into rows, by a second process where there are many and a second core is there."""

from __future__ import annotations

import pickle
import select
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

from inbox_agent.messages import FetchedHeader
from inbox_agent.own_processes import command, cores, environment
from inbox_agent.row_process import READY, Row, packed, rows_of

#: With fewer letters to come a second process is not worth its start.
MANY_LETTERS = 2_000
_LONGEST_SECONDS = 60.0
# One for all mailboxes that are read at the same time.
_only_one = threading.Lock()


class RowMaker:
    """Takes one batch of letters at a time and gives its rows.

    What is begun is done elsewhere while the next batch is read. Where that process isn't there
    yet, or died, the rows are made here: they are the same.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ready = False
        self._letters: Sequence[FetchedHeader] = ()
        self._rows: list[Row] | None = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def expect(self, letters: int) -> None:
        """So many letters will come; for many of them the second process is started."""
        is_worth_it = letters >= MANY_LETTERS and cores() > 1
        if self._process or not is_worth_it or not _only_one.acquire(blocking=False):
            return
        try:
            self._process = _started()
        except OSError:  # no memory, no room for another process: it goes without
            _only_one.release()

    def begin(self, letters: Sequence[FetchedHeader]) -> None:
        """Have rows made of these letters. Those of the batch before have to be taken first."""
        self._letters, self._rows = letters, None
        if not self.is_helped:
            self._rows = rows_of(letters)
            return
        try:
            self._send(letters)
        except OSError:
            self.close()

    def rows(self) -> list[Row]:
        """The rows of the batch that was begun last, once."""
        made = self._rows
        if made is None:
            made = self._received()
        if made is None:  # it died, or hangs
            self.close()
            made = rows_of(self._letters)
        self._letters, self._rows = (), []
        return made

    def close(self) -> None:
        """End the second process, if there is one."""
        if self._process is None:
            return
        process, self._process, self._is_ready = self._process, None, False
        process.kill()  # it holds nothing
        with suppress(OSError):
            process.communicate()
        _only_one.release()

    @property
    def is_helped(self) -> bool:
        """Whether the second process is there by now."""
        if self._process is None or self._is_ready:
            return self._is_ready
        assert self._process.stdout  # noqa: S101 - it is a pipe
        if _has_come(self._process.stdout, 0):
            self._is_ready = self._process.stdout.read(1) == READY
            if not self._is_ready:
                self.close()
        return self._is_ready

    def _send(self, letters: Sequence[FetchedHeader]) -> None:
        # It waits for us whenever we write, and we for it whenever we read: no pipe runs full.
        assert self._process  # noqa: S101 - it is ready
        assert self._process.stdin  # noqa: S101 - it is a pipe
        pickle.dump([*map(packed, letters)], self._process.stdin, pickle.HIGHEST_PROTOCOL)
        self._process.stdin.flush()

    def _received(self) -> list[Row] | None:
        if self._process is None:
            return None
        assert self._process.stdout  # noqa: S101 - it is a pipe
        if not _has_come(self._process.stdout, _LONGEST_SECONDS):
            return None
        try:
            made: list[Row] = pickle.load(self._process.stdout)  # noqa: S301 - of our own process
        except (EOFError, OSError, pickle.UnpicklingError):
            return None
        return made


def _started() -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603 - a command of ours
        command("row_process"),
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )


def _has_come(stream: IO[bytes], seconds: float) -> bool:
    """Whether there is something to read, or its end, within so many seconds."""
    looks = select.poll()  # select() knows no more than 1,024 open files
    looks.register(stream, select.POLLIN)
    return bool(looks.poll(seconds * 1_000))
