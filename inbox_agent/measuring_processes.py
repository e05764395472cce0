"""Partners measured by several processes at once, the largest first; or here, one after the other.

A process that dies costs nothing but time: what it had in hand is measured here.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from inbox_agent.measured_rows import Slip
from inbox_agent.measuring_process import READY, Tools

_MOST = 8
# -P: no module of the folder it happens to be started in.
_COMMAND = (sys.executable, "-P", "-m", "inbox_agent.measuring_process")
# It needs Python, and no secret of ours.
_SETTINGS = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "TMPDIR")

#: Somebody to be measured: number and key.
Named = tuple[int, str]


def process_count() -> int:
    """How many processes are worth their start: one for each core; none on a single one."""
    cores = len(os.sched_getaffinity(0))
    return min(cores, _MOST) if cores > 1 else 0


@contextmanager
def uncollected() -> Iterator[None]:
    """Without Python's search for cycles: records have none, and it takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def slips(tools: Tools, parties: Sequence[Named], processes: int) -> Iterator[Slip]:
    """Everybody's slip, in whatever order; `parties` have the largest first.

    Not more of them are in memory than there are processes. Raises StoreError.
    """
    left = deque(parties)
    with ExitStack() as stack:
        workers = [w for w in map(_started, range(min(processes, len(left)))) if w]
        for worker in workers:
            stack.callback(worker.close)
        yield from _by_workers(tools, workers, left)
        if left:
            measurer = tools.measurer(stack)
            yield from (measurer.slip(*party) for party in left)


def _by_workers(tools: Tools, workers: list[_Worker], left: deque[Named]) -> Iterator[Slip]:
    """As many as the workers do; what stays in `left` they could not."""
    busy = {worker.answers.fileno(): worker for worker in workers}
    while busy:
        for ready in select.select(list(busy), [], [])[0]:
            worker = busy[ready]
            try:
                slip = worker.slip(tools)
                worker.ask(left)
            except (EOFError, OSError, pickle.UnpicklingError):  # it died
                left.extend(filter(None, [worker.party]))
                del busy[ready]
                continue
            if slip:
                yield slip
            if worker.party is None:
                del busy[ready]


@dataclass(slots=True)
class _Worker:
    """A process that measures one partner at a time; `party` is whom it has in hand."""

    process: subprocess.Popen[bytes]
    asked: IO[bytes]
    answers: IO[bytes]
    is_ready: bool = False
    party: Named | None = None

    def slip(self, tools: Tools) -> Slip | None:
        """What it has to say: a slip, or that it is there."""
        if self.is_ready:
            slip: Slip = pickle.load(self.answers)  # noqa: S301 - of our own process
            self.party = None
            return slip
        if self.answers.read(1) != READY:
            raise EOFError
        pickle.dump(tools, self.asked, pickle.HIGHEST_PROTOCOL)
        self.is_ready = True
        return None

    def ask(self, left: deque[Named]) -> None:
        """Give it the next one, if there is one."""
        if left:
            self.party = left.popleft()
            pickle.dump(self.party, self.asked, pickle.HIGHEST_PROTOCOL)
            self.asked.flush()

    def close(self) -> None:
        """End it."""
        self.process.kill()  # it holds nothing
        with suppress(OSError):
            self.process.communicate()


def _started(_: int) -> _Worker | None:
    """A process, or None where there is no room for one."""
    settings = {name: os.environ[name] for name in _SETTINGS if name in os.environ}
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(  # noqa: S603 - a command of ours
            _COMMAND, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=settings, bufsize=-1
        )
    except OSError:
        return None
    assert process.stdin is not None  # noqa: S101 - a pipe
    assert process.stdout is not None  # noqa: S101 - a pipe
    return _Worker(process, process.stdin, process.stdout)
