"""Makes rows of letters in a process of its own, while the first one goes on reading the server.

    python -m inbox_agent.row_process

Python runs one thread at a time: reading a header block beside the connection takes two processes.
Batches of letters come in and their rows go out, one after the other, pickled: both ends are the
same program. Letters come as the values of their fields, which is quicker. The first octet says
that it is there. It ends with its input.
"""

from __future__ import annotations

import pickle
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from itertools import starmap
from operator import attrgetter
from typing import Any, BinaryIO

from inbox_agent.messages import FetchedHeader
from inbox_agent.mirror_rows import insert_row

READY = b"\n"

#: A letter as the values of `INSERT`.
Row = tuple[object, ...]
#: A letter as it goes from one process to another.
packed: Callable[[FetchedHeader], tuple[Any, ...]] = attrgetter(
    *(each.name for each in fields(FetchedHeader))
)


def rows_of(headers: Iterable[FetchedHeader]) -> list[Row]:
    """The letters as rows of the mirror."""
    return [insert_row(header) for header in headers]


def serve(batches: BinaryIO, answers: BinaryIO) -> None:
    """Answer one batch after the other until there are no more."""
    answers.write(READY)
    answers.flush()
    while batches.peek(1):  # type: ignore[attr-defined]
        letters = starmap(FetchedHeader, pickle.load(batches))  # noqa: S301 - of our own process
        pickle.dump(rows_of(letters), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    # Who is asked to stop is the process before this one, which closes our input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)
