"""Measures partners in a process of its own: as many at a time as there are processor cores.

    python -m inbox_agent.measuring_process

What to work with comes in first, then numbers and keys of partners, one after the other; a `Slip`
goes out for each. All is pickled: both ends are the same program. The first octet says that it is
there. It only reads, and ends with its input.
"""

from __future__ import annotations

import gc
import pickle
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inbox_agent.config import Config
from inbox_agent.measured_rows import Measurer
from inbox_agent.mirror_news import Reader
from inbox_agent.mirror_reading import looking_at
from inbox_agent.mirror_rows import Blocks
from inbox_agent.partner_desk import Desk
from inbox_agent.privacy import Privacy
from inbox_agent.sorted_mail import SortedMail
from inbox_agent.sorting import Instants

READY = b"\n"


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

    def measurer(self, stack: ExitStack) -> Measurer:
        """What they are measured with, until the stack is closed."""
        mirror = stack.enter_context(looking_at(self.mirror))
        store = stack.enter_context(SortedMail(self.sorted_mail))
        reader = Reader(mirror, self.config, self.blocks)
        desk = Desk(self.config, self.config.roster(), store, reader, self.instants)
        return Measurer(desk, self.privacy, self.columns)


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Answer one partner after the other until there are no more."""
    answers.write(READY)
    answers.flush()
    tools: Tools = pickle.load(asked)  # noqa: S301 - of our own process
    with ExitStack() as stack:
        measurer = tools.measurer(stack)
        while asked.peek(1):  # type: ignore[attr-defined]
            slip = measurer.slip(*pickle.load(asked))  # noqa: S301
            pickle.dump(slip, answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()


if __name__ == "__main__":
    # Who is asked to stop is the process before this one, which closes our input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A record has no cycles: looking for some takes a third of the time.
    gc.disable()
    serve(sys.stdin.buffer, sys.stdout.buffer)
