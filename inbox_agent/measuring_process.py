"""Sorts and measures in processes of their own: as many at a time as there are processor cores.

    python -m inbox_agent.measuring_process ASKED:ANSWERS ...

Each pair of pipes, open files by their numbers, has a process. All come out of the first one once
that has imported what measuring takes: so it is in memory once, and was loaded once.

What to work with comes in first, then what to do, one after the other: numbers of copies, and a
`Part` goes out for those; or the number and key of a partner, and a `Slip` goes out. All is
pickled: both ends are the same program. The first octet says that a process is there. It only
reads, and ends with its input; the first one ends the others.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from inbox_agent.config import Config
from inbox_agent.copy_entries import Part, part_of
from inbox_agent.measured_rows import TABLES, Measurer, Slip
from inbox_agent.mirror_news import Reader
from inbox_agent.mirror_reading import looking_at
from inbox_agent.mirror_rows import Blocks
from inbox_agent.partner_desk import Desk
from inbox_agent.privacy import Privacy
from inbox_agent.published_parts import Parts
from inbox_agent.sorted_mail import SortedMail
from inbox_agent.sorting import Instants

READY = b"\n"
#: What is imported where it is used, and is used for nearly all partners.
_NEEDED = ("holidays", "numpy", "scipy.special")

#: Where somebody is asked for, and where the answers go.
Pipes = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SortingTools:
    """What a process needs to look at copies that are to be sorted; nothing in it is open."""

    config: Config
    mirror: Path
    blocks: Blocks

    def worker(self, stack: ExitStack) -> Callable[[range], Part]:
        """What looks at the copies of some numbers, until the stack is closed."""
        reader = Reader(stack.enter_context(looking_at(self.mirror)), self.config, self.blocks)
        roster = self.config.roster()
        return lambda numbers: part_of(list(reader.load(numbers).items()), roster)


@dataclass(frozen=True, slots=True)
class Tools:
    """What a process needs to measure partners; nothing in it is open."""

    config: Config
    mirror: Path
    sorted_mail: Path
    blocks: Blocks
    instants: Instants
    privacy: Privacy
    columns: Mapping[str, Sequence[str]]
    kept_from: int | None = None
    wholly: frozenset[int] = frozenset()

    @classmethod
    def of(cls, desk: Desk, parts: Parts, privacy: Privacy) -> Tools:
        """Those of a generation in the making: what was committed is what others read."""
        return cls(
            config=desk.config,
            mirror=desk.reader.mirror.path,
            sorted_mail=desk.store.path,
            blocks=desk.reader.blocks,
            instants=desk.instants,
            privacy=privacy,
            columns={table: parts.columns(table) for table in TABLES},
        )

    def measurer(self, stack: ExitStack) -> Measurer:
        """What they are measured with, until the stack is closed."""
        mirror = stack.enter_context(looking_at(self.mirror))
        store = stack.enter_context(SortedMail(self.sorted_mail))
        reader = Reader(mirror, self.config, self.blocks)
        desk = Desk(self.config, self.config.roster(), store, reader, self.instants)
        return Measurer(desk, self.privacy, self.columns, self.kept_from, self.wholly)

    def worker(self, stack: ExitStack) -> Callable[[tuple[int, str]], Slip]:
        """What measures somebody, until the stack is closed."""
        measurer = self.measurer(stack)
        return lambda party: measurer.slip(*party).packed()


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Do one thing after the other until there are no more."""
    answers.write(READY)
    answers.flush()
    work: Callable[[Any], object] = _nothing
    with ExitStack() as stack:
        while asked.peek(1):  # type: ignore[attr-defined]
            given = pickle.load(asked)  # noqa: S301 - of our own process
            # tools are of this module under its own name, which here is that of a program
            if isinstance(given, range | tuple):
                # nothing of one partner stays while the next one is measured
                _answer(work, given, answers)
            else:
                stack.close()
                work = given.worker(stack)


def _nothing(_: object) -> None:
    """What is done without tools."""


def _answer(work: Callable[[Any], object], asked: object, answers: BinaryIO) -> None:
    pickle.dump(work(asked), answers, pickle.HIGHEST_PROTOCOL)
    answers.flush()


def _divided(pipes: Sequence[Pipes]) -> tuple[Pipes, list[int]]:
    """What this process serves; if it is the first, the processes that serve the others, too."""
    own, others = pipes[0], list[int]()
    with suppress(OSError):  # no room for one more: its pipes are closed, which says so
        for pair in pipes[1:]:
            process = os.fork()
            if not process:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                own, others = pair, []
                break
            others.append(process)
    for number in {number for pair in pipes for number in pair}.difference(own):
        os.close(number)
    return own, others


def _end(processes: Sequence[int]) -> None:
    # who closes our input asks us to end at once: that must not keep us from waiting for them
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for process in processes:
        os.kill(process, signal.SIGTERM)  # it holds nothing, and is there until it is waited for
        os.waitpid(process, 0)


def _main(pipes: Sequence[Pipes]) -> None:
    # Who is asked to stop is the process before this one, which closes our input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    # A record has no cycles: looking for some takes a third of the time.
    gc.disable()
    for name in _NEEDED:
        import_module(name)
    (asked, answers), others = _divided(pipes)
    try:
        with os.fdopen(asked, "rb") as asked_file, os.fdopen(answers, "wb") as answers_file:
            serve(asked_file, answers_file)
    finally:
        _end(others)


if __name__ == "__main__":
    named = (argument.split(":") for argument in sys.argv[1:])
    _main([(int(asked), int(answers)) for asked, answers in named])
