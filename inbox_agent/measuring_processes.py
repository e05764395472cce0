"""Copies sorted and partners measured by several processes at once; or here, one after the other.

Copies are handed out a part at a time, and come back in their order. Of partners one process
begins with the largest, the others with the smallest: so a single large one is in memory at a
time, and the last ones are of middling size, none of which keeps the others waiting. A process
that dies costs nothing but time: what it had in hand is done here.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Self

from inbox_agent.copy_entries import Part
from inbox_agent.measured_rows import Slip
from inbox_agent.measuring_process import READY, SortingTools, Tools
from inbox_agent.own_processes import command, cores, environment

_MOST = 8
# A process that divides itself may have one thread only, and there is no algebra in it.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# Large blocks go back to the system when they are free; glibc would by and by keep them for later.
_GIVES_BACK = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
_END_SECONDS = 10.0
# So many parts a process are under way or wait for those before them.
_AHEAD = 2

#: Somebody to be measured: number and key.
Named = tuple[int, str]
Look = Callable[[range], Part]
Give = Callable[["_Worker"], None]


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
    """So many processes that sort and measure; none where there is no room for them.

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

    def parts(self, tools: SortingTools, ranges: Sequence[range], here: Look) -> Iterator[Part]:
        """The copies of each range, in the order of the ranges.

        `here` looks at them in this process: for as long as no other is there.
        """
        left, found = deque(ranges), dict[range, Part]()
        for numbers in ranges:
            until = numbers.start + len(numbers) * _AHEAD * len(self._workers)
            give = partial(_next_part, tools, left, until)
            while numbers not in found:
                self._give(give, left)
                seconds = None if self._has_work else 0
                found.update(self._heard(give, left, seconds))
                if numbers not in found and not self._has_work:
                    some = left.popleft()
                    found[some] = here(some)
            yield found.pop(numbers)

    @property
    def _has_work(self) -> bool:
        """Whether anybody has something in hand."""
        return any(worker.in_hand is not None for worker in self._workers)

    def slips(self, tools: Tools, parties: Sequence[Named]) -> Iterator[Slip]:
        """Everybody's slip, once, in whatever order; `parties` have the largest first.

        Not more of them are in memory than there are processes. Raises StoreError.
        """
        left = deque(parties)
        give = partial(_next_party, tools, left)
        with self:
            self._give(give, left)
            while any(map(_is_busy, self._workers)):
                for _, slip in self._heard(give, left, None):
                    yield slip
        if left:
            with ExitStack() as stack:
                measurer = tools.measurer(stack)
                yield from (measurer.slip(*party) for party in left)

    def _give(self, give: Give, left: deque[Any]) -> None:
        """Have those who are there and have nothing in hand take what is next."""
        for worker in [each for each in self._workers if not _is_busy(each)]:
            with self._outlived(worker, left):
                give(worker)

    def _heard(
        self, give: Give, left: deque[Any], seconds: float | None
    ) -> Iterator[tuple[Any, Any]]:
        """What was asked and is answered within so long; who answers takes what is next."""
        busy = {worker.answers: worker for worker in filter(_is_busy, self._workers)}
        for ready in select.select(list(busy), [], [], seconds)[0]:
            said = None
            with self._outlived(busy[ready], left):
                said = busy[ready].said()
                give(busy[ready])
            if said:
                yield said

    @contextmanager
    def _outlived(self, worker: _Worker, left: deque[Any]) -> Iterator[None]:
        """Where a process dies what it had in hand is left to the others."""
        try:
            yield
        except (EOFError, OSError, pickle.UnpicklingError):
            self._workers.remove(worker)
            worker.close()
            if worker.in_hand is not None:
                left.appendleft(worker.in_hand)


def _next_part(tools: SortingTools, left: deque[range], until: int, worker: _Worker) -> None:
    """Hand on the next part, if it is not too far ahead of what is waited for."""
    if left and left[0].start < until:
        worker.ask(tools, left.popleft())


def _next_party(tools: Tools, left: deque[Named], worker: _Worker) -> None:
    if left:
        worker.ask(tools, left.popleft() if worker.takes_largest else left.pop())


def _is_busy(worker: _Worker) -> bool:
    """Whether it will say something: an answer, or that it is there."""
    return worker.in_hand is not None or not worker.is_there


@dataclass(slots=True)
class _Worker:
    """A process that does one thing at a time: what it has in hand."""

    asked: IO[bytes]
    answers: IO[bytes]
    takes_largest: bool
    is_there: bool = False
    in_hand: Any = None
    _tools: object = None

    def said(self) -> tuple[Any, Any] | None:
        """What it was asked, and its answer; None when it says that it is there."""
        if not self.is_there:
            if self.answers.read(1) != READY:
                raise EOFError
            self.is_there = True
            return None
        answer = pickle.load(self.answers)  # noqa: S301 - of our own process
        asked, self.in_hand = self.in_hand, None
        return asked, answer

    def ask(self, tools: object, what: Any) -> None:
        """Give it something to do, with what it takes to do it."""
        self.in_hand = what
        if tools is not self._tools:
            pickle.dump(tools, self.asked, pickle.HIGHEST_PROTOCOL)
            self._tools = tools
        pickle.dump(what, self.asked, pickle.HIGHEST_PROTOCOL)
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
