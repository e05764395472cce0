"""Nasty header blocks: none makes the reading fail, loses a line, forges one or costs much."""

from __future__ import annotations

import resource
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

from nasty_blocks import BLOCKS, BOMBS, expected_fields, found_fields, made_block

from accuracy.markdown import table
from accuracy.section import Section
from inbox_agent.header_block import kept_fields
from inbox_agent.header_cleaning import clean_header
from inbox_agent.header_lines import LINES_READ, OCTETS_READ
from inbox_agent.mail_files import read_letter
from inbox_agent.messages import HEADER_FIELDS, FetchedHeader, Message, parse_message

#: What one header block may cost, whatever is in it.
SECONDS_PROMISED, MEGABYTES_PROMISED = 0.5, 100.0
MADE = 200_000

_FETCHED = datetime(2026, 1, 1, tzinfo=UTC)
_DOUBTFUL_SECONDS = 0.1  # more than that is measured twice: the machine may have been busy
_KILOBYTES = 1024.0


@dataclass(frozen=True)
class Count:
    """Blocks, those at which the reading failed, their lines, and lines lost and forged."""

    blocks: int = 0
    failed: int = 0
    lines: int = 0
    lost: int = 0
    forged: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Cost:
    """The most that one block took: seconds of the processor, megabytes at once."""

    seconds: float = 0.0
    megabytes: float = 0.0

    def or_more(self, other: Cost) -> Cost:
        """The higher of both."""
        return Cost(max(self.seconds, other.seconds), max(self.megabytes, other.megabytes))


def measure(corpora: Path, made: int = MADE) -> Section:
    """Every file of the torture mail, blocks made by lot, beginnings of nasty ones, and bombs."""
    half = made // 2
    # Each in a process of its own, two at a time: memory is that of the process.
    with ProcessPoolExecutor(
        2, mp_context=get_context("spawn"), max_tasks_per_child=1
    ) as processes:
        files = processes.submit(of_files, corpora / "torture")
        halves = [processes.submit(of_made, *part) for part in ((0, half), (half, made))]
        beginnings = processes.submit(of_beginnings)
        costs = [
            processes.submit(cost_of_bombs),
            processes.submit(cost_of_files, corpora / "torture"),
        ]
        parts = (files.result(), _both(halves), beginnings.result())
        cost = Cost()
        for each in (*(part[1] for part in parts), *(each.result() for each in costs)):
            cost = cost.or_more(each)
    counts = [part[0] for part in parts]
    return Section("Broken and hostile headers", _text(counts, cost), _figures(counts, cost))


def _both(halves: list[Future[tuple[Count, Cost]]]) -> tuple[Count, Cost]:
    (count, cost), (more, other) = (half.result() for half in halves)
    return count + more, cost.or_more(other)


def of_files(folder: Path) -> tuple[Count, Cost]:
    """Every file of the torture mail, as an import reads it."""
    return _read_all(read_letter(path).block for path in _files(folder))


def of_made(first: int, last: int) -> tuple[Count, Cost]:
    """The made blocks of these numbers; the memory is how much the whole process grew."""
    before = _peak_megabytes()
    count, cost = _read_all(map(made_block, range(first, last)))
    return count, Cost(cost.seconds, _peak_megabytes() - before)


def of_beginnings() -> tuple[Count, Cost]:
    """Every beginning of every nasty block."""
    return _read_all(block[:end] for block in BLOCKS.values() for end in range(len(block) + 1))


def cost_of_bombs() -> Cost:
    """The bombs, and the nasty blocks as they are."""
    return _most(chain(BOMBS.values(), BLOCKS.values()))


def cost_of_files(folder: Path) -> Cost:
    """What the files of the torture mail cost at most."""
    return _most(read_letter(path).start for path in _files(folder))


def _files(folder: Path) -> Iterator[Path]:
    return (p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix != ".tsv")


def _read_all(blocks: Iterable[bytes]) -> tuple[Count, Cost]:
    count, seconds = Count(), 0.0
    for block in blocks:
        took, is_read = _timed(lambda block=block: _is_read(block))
        seconds = max(seconds, took)
        is_whole = len(block) <= OCTETS_READ and block.count(b"\n") <= LINES_READ
        wanted = Counter(expected_fields(block) if is_whole else ())
        found = Counter(_fields(block) if is_whole else ())
        lost, forged = (wanted - found).total(), (found - wanted).total()
        count += Count(1, int(not is_read), wanted.total(), lost, forged)
    return count, Cost(seconds)


def _fields(block: bytes) -> list[tuple[str, str]]:
    try:
        return found_fields(clean_header(block).fields)
    except Exception:  # noqa: BLE001 - whatever it is, it is what is counted here
        return []


def _is_read(block: bytes) -> bool:
    """Whether a block is read whole and as it is kept, and nothing in us failed."""
    try:
        messages = (_parsed(block), _parsed(kept_fields(block, (), True, HEADER_FIELDS)))
    except Exception:  # noqa: BLE001 - whatever it is, it is what is counted here
        return False
    return not any("parser_failed" in message.problems for message in messages)


def _parsed(block: bytes) -> Message:
    return parse_message(
        FetchedHeader(
            mailbox="",
            folder="",
            uidvalidity=1,
            uid=1,
            received_at=None,
            size_octets=len(block),
            block=block,
            fetched_at=_FETCHED,
        )
    )


def _timed(work: Callable[[], bool]) -> tuple[float, bool]:
    """Seconds of the processor; the better of two runs where the first looks slow."""
    began = time.process_time()
    result = work()
    took = time.process_time() - began
    if took > _DOUBTFUL_SECONDS:
        began = time.process_time()
        work()
        took = min(took, time.process_time() - began)
    return took, result


def _most(blocks: Iterable[bytes]) -> Cost:
    cost = Cost()
    for block in blocks:
        seconds, _ = _timed(lambda block=block: _is_read(block))
        tracemalloc.start()
        _is_read(block)
        octets = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        cost = cost.or_more(Cost(seconds, octets / _KILOBYTES**2))
    return cost


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KILOBYTES


_KINDS = ("files", "made", "beginnings")


def _figures(counts: list[Count], cost: Cost) -> dict[str, float]:
    whole = sum(counts, Count())
    return {
        **{kind: float(count.blocks) for kind, count in zip(_KINDS, counts, strict=True)},
        "failed": float(whole.failed),
        "lines": float(whole.lines),
        "lines_surviving": 1 - whole.lost / max(1, whole.lines),
        "forged": float(whole.forged),
        "worst_seconds": cost.seconds,
        "worst_megabytes": cost.megabytes,
    }


def _text(counts: list[Count], cost: Cost) -> str:
    head = ("header blocks", "blocks", "failed", "lines in them", "lost", "out of nowhere")
    names = (
        "every file of the torture mail",
        "made by lot, from a fixed seed",
        f"every beginning of {len(BLOCKS)} nasty ones",
    )
    rows = [
        (name, *(f"{number:,}" for number in astuple(count)))
        for name, count in zip(names, counts, strict=True)
    ]
    return f"""\
A header block may hold anything. Each of these was read twice, as it is and cut down to what is
kept, and beside it by a second reader that goes through it octet by octet: a line is lost when
it has the form of a header field and is not read as one, and comes out of nowhere when a field
is read that no line holds. Lines are compared where a block is no longer than what is read of
one: 64 KiB and {LINES_READ:,} lines.

{table(head, rows)}

The blocks made by lot are {len(BLOCKS)} invented ones of all kinds of nastiness, put together,
torn apart and mixed with stray octets.
{_costs(cost)}"""


def _costs(cost: Cost) -> str:
    """What it cost, in words that do not depend on the machine as long as the promise is kept."""
    which = f"neither all of these nor {len(BOMBS)} bombs of a megabyte each"
    if cost.seconds <= SECONDS_PROMISED and cost.megabytes <= MEGABYTES_PROMISED:
        limits = f"{SECONDS_PROMISED:g} seconds or {MEGABYTES_PROMISED:g} megabytes"
        return f"As for the cost, {which} took more than {limits} a block."
    return f"The worst of them took {cost.seconds:.2f} seconds and {cost.megabytes:.0f} megabytes."
