"""Partners measured by several processes at once; or here, one after the other.

One process begins with the largest, the others with the smallest: so a single large one is in
memory at a time, and the last ones are of middling size, none of which keeps the others waiting.
A process that dies costs nothing but time: what it had in hand is measured here.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
import subprocess
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Self

from inbox_agent.measured_rows import Slip
from inbox_agent.measuring_process import READY, Tools
from inbox_agent.own_processes import command, cores, environment

_MOST = 8
# A process that divides itself may have one thread only, and there is no algebra in it.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# Large blocks go back to the system when they are free; glibc would by and by keep them for later.
_GIVES_BACK = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
_END_SECONDS = 10.0

#: Somebody to be measured: number and key.
Named = tuple[int, str]


def process_count() -> int:
    """How many processes are worth their start: one for each core; none on a single one."""
    return min(cores(), _MOST) if cores() > 1 else 0


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


class Team:
    """So many processes that are there to measure; none where there is no room for them.

    It takes them a second to be there: begun early, they import what they need beside other work.
    """

    def __init__(self, count: int) -> None:
        """Start them."""
        self._workers, theirs = list[_Worker](), list[int]()
        for number in range(count):
            (asked, ask), (answers, answer) = os.pipe(), os.pipe()
            found = _Worker(os.fdopen(ask, "wb"), os.fdopen(answers, "rb"), number == 0)
            self._workers.append(found)
            theirs += [asked, answer]
        self._first = _started(theirs) if theirs else None
        for number in theirs:
            os.close(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End them all."""
        for worker in self._workers:
            worker.close()
        if self._first:
            _end(self._first)

    def slips(self, tools: Tools, parties: Sequence[Named]) -> Iterator[Slip]:
        """Everybody's slip, once, in whatever order; `parties` have the largest first.

        Not more of them are in memory than there are processes. Raises StoreError.
        """
        left = deque(parties)
        with self:
            yield from _by_workers(tools, self._workers, left)
        if left:
            with ExitStack() as stack:
                measurer = tools.measurer(stack)
                yield from (measurer.slip(*party) for party in left)


def _by_workers(tools: Tools, workers: list[_Worker], left: deque[Named]) -> Iterator[Slip]:
    """As many as the workers do; what stays in `left` they could not."""
    busy = {worker.answers.fileno(): worker for worker in workers}
    while busy:
        for ready in select.select(list(busy), [], [])[0]:
            worker, slip = busy[ready], None
            try:
                slip = worker.slip(tools)
                worker.ask(left)
            except (EOFError, OSError, pickle.UnpicklingError):  # it died
                left.extend(filter(None, [worker.party]))
                worker.party = None
            if slip:
                yield slip
            if worker.party is None:
                del busy[ready]


@dataclass(slots=True)
class _Worker:
    """A process that measures one partner at a time; `party` is whom it has in hand."""

    asked: IO[bytes]
    answers: IO[bytes]
    takes_largest: bool
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
            self.party = left.popleft() if self.takes_largest else left.pop()
            pickle.dump(self.party, self.asked, pickle.HIGHEST_PROTOCOL)
            self.asked.flush()

    def close(self) -> None:
        """Let it end."""
        with suppress(OSError):  # it died with something on its way
            self.asked.close()
        self.answers.close()


def _started(pipes: Sequence[int]) -> subprocess.Popen[bytes] | None:
    named = [f"{asked}:{answer}" for asked, answer in zip(pipes[::2], pipes[1::2], strict=True)]
    none = subprocess.DEVNULL
    try:
        return subprocess.Popen(  # noqa: S603 - a command of ours
            [*command("measuring_process"), *named],
            stdin=none,
            stdout=none,
            stderr=none,
            env={**environment(), **_ONE_THREAD, **_GIVES_BACK},
            pass_fds=pipes,
        )
    except OSError:
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it, and so those that came out of it."""
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
