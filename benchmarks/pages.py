"""How long our pages take, with 1,000 partners and 1,000,000 letters, while the agent publishes.

    python -m benchmarks.pages [--letters N] [--partners N] [--seconds S] [--while WHEN]
        [--only WORD]

Datasette runs as `inbox-agent serve` starts it, with one user; a browser that has signed in asks
for page after page and reads each answer to its end: of partners drawn by their letters, and of
the largest partner alone. A chart is drawn once for as long as it shows the same, and then kept;
what the first drawing takes stands in lines of its own, where each partner is asked for once.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.large_database import Size
from benchmarks.page_list import FIRST, PAGES
from benchmarks.server import Browser, Prepared, prepared, publishing, served

_SEED = 20_261_122
_FEWEST = 20
#: How the writer works, and the seconds from one publication's begin to the next.
WHEN: dict[str, tuple[str, float | None]] = {
    "always": ("published without a pause", 0.0),
    "minutely": ("published once a minute", 60.0),
    "never": ("at rest", None),
}


@dataclass(frozen=True, slots=True)
class Timed:
    """What one page took each time it was asked for, and of a processor each time on average."""

    seconds: Sequence[float]
    cpu_seconds: float
    status: int
    octets: int

    def cells(self) -> str:
        """Milliseconds at the median and at the 95th percentile; what is over stands out."""
        ordered = sorted(self.seconds)
        worst = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
        half, worst = 1000 * median(ordered), 1000 * worst
        said = f"**{half:.0f}**" if half > 100 else f"{half:.0f}"
        most = f"**{worst:.0f}**" if worst > 300 else f"{worst:.0f}"
        return f"{said} | {most} | {1000 * self.cpu_seconds:.0f}"


def timed(browser: Browser, paths: Iterator[str], seconds: float) -> Timed:
    """One page for so many seconds, and at least 20 times, as far as there are addresses."""
    found: list[tuple[float, int, int]] = []
    until, used = time.monotonic() + seconds, browser.cpu_seconds()
    while (time.monotonic() < until or len(found) < _FEWEST) and (path := next(paths, None)):
        found.append(browser.ask(path))
    took, statuses, octets = zip(*found, strict=True)
    used = (browser.cpu_seconds() - used) / len(found)
    return Timed(took, used, max(statuses), round(median(octets)))


def drawn(path: str, made: Prepared) -> Iterator[str]:
    """Addresses of the page, of partners drawn by their letters; of first drawings each once."""
    draw = random.Random(_SEED)  # noqa: S311 - not for secrets
    ranks = list(range(1, made.size.partners + 1))
    once = path.endswith(FIRST.rpartition("}")[2])
    while ranks:
        rank = draw.choices(ranks, [1 / rank for rank in ranks])[0]
        if once:
            ranks.remove(rank)
        yield _address(path, rank, made.quarter)


def largest(path: str, made: Prepared) -> Iterator[str]:
    """The address of the page of the partner with most letters, again and again."""
    while True:
        yield _address(path, 1, made.quarter)


def _address(path: str, rank: int, quarter: str) -> str:
    return path.format(p=f"partner-{rank:04d}.example", q=quarter)


def lines(made: Prepared, when: str, seconds: float, only: str) -> Iterator[str]:
    """One table: how the pages are while the writer works so."""
    title, every = WHEN[when]
    yield f"\n| {title} | asked | median | 95 % | CPU | largest: median | 95 % | CPU | size |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    with ExitStack() as stack:
        browser = stack.enter_context(served(made.config, made.database))
        if every is not None:
            published = stack.enter_context(publishing(made, every))
        for page, path in PAGES:
            if only in page:
                yield _line(browser, page, path, made, seconds)
    if every is not None:
        half = f", half of them within {median(map(float, published))} s" if published else ""
        yield f"\n{len(published)} generations meanwhile{half}"


def _line(browser: Browser, page: str, path: str, made: Prepared, seconds: float) -> str:
    mixed = timed(browser, drawn(path, made), seconds)
    more = timed(browser, largest(path, made), seconds) if "{p}" in path else None
    wrong = max(mixed.status, more.status if more else 0)
    return (
        f"| {page} | {len(mixed.seconds)} | {mixed.cells()} | {more.cells() if more else ' | | '} "
        f"| {mixed.octets / 1000:.0f} kB |{'' if wrong == 200 else f' {wrong}'}"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=1_000_000)
    parser.add_argument("--partners", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--while", dest="when", choices=[*WHEN, "each"], default="each")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        made = prepared(Path(folder), Size(given.partners, given.letters))
        megabytes = made.database.stat().st_size / 1e6
        print(f"{made.size.partners:,} partners, {made.size.letters:,} letters, ", end="")
        print(f"{megabytes:,.0f} MB; milliseconds", flush=True)
        for when in WHEN if given.when == "each" else [given.when]:
            for line in lines(made, when, given.seconds, given.only):
                print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
