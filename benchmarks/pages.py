"""How long our pages take, with 1,000 partners and 1,000,000 letters, while the agent publishes.

    python -m benchmarks.pages [--letters N] [--partners N] [--seconds S]

Datasette runs as `inbox-agent serve` starts it; one client asks for page after page, each of
another partner, and reads the answer to its end. The same pages are asked for while nobody
publishes, too.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.large_database import Size, make
from inbox_agent import serve
from inbox_agent.catalogue import metadata_path

_TOP = Path(__file__).parents[1]
_SEED = 20_261_122

#: What a page is called, and its address; `{p}` is a partner.
PAGES: tuple[tuple[str, str], ...] = (
    ("front page", "/"),
    ("front page, one owner", "/?owner=ana%40northwind.example"),
    ("front page, page 7", "/?page=7"),
    ("partner", "/-/partner/{p}"),
    ("all figures of a partner", "/-/why/{p}"),
    ("why: half answered by us", "/-/why/{p}/ours_p50_seconds"),
    ("why: the silence", "/-/why/{p}/act_at"),
    ("chart: response times", "/-/chart/{p}/response_times.svg"),
    ("chart: share answered", "/-/chart/{p}/survival.svg"),
    ("chart: timeline", "/-/chart/{p}/timeline.svg"),
    ("chart: rhythm", "/-/chart/{p}/rhythm.svg"),
    ("reviews", "/-/reviews"),
    ("alerts, Atom", "/-/alerts.atom"),
    ("what falls due, iCalendar", "/-/due.ics"),
)


@dataclass(frozen=True, slots=True)
class Timed:
    """What a page took, in seconds: of each time it was asked for."""

    page: str
    seconds: Sequence[float]
    status: int
    octets: int

    def row(self) -> str:
        """A line of the table: milliseconds at the median and at the 95th percentile."""
        ordered = sorted(self.seconds)
        worst = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
        return (
            f"| {self.page} | {len(ordered)} | {1000 * median(ordered):.0f} | {1000 * worst:.0f} "
            f"| {self.octets / 1000:.0f} kB |{'' if self.status == 200 else f' {self.status}'}"
        )


@contextmanager
def served(database: Path) -> Iterator[int]:
    """Datasette with our flags, on loopback; gives its port."""
    port = serve.free_port(serve.DEFAULT_HOST, 8_600)
    command = serve.datasette_command(database, metadata_path(), serve.DEFAULT_HOST, port)
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        for _ in range(300):
            try:
                http.client.HTTPConnection(serve.DEFAULT_HOST, port, timeout=5).request("GET", "/")
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        child.terminate()
        child.wait()


@contextmanager
def publishing(database: Path, source: Path) -> Iterator[None]:
    """A writer beside it; it must have published at least once to be worth the name."""
    command = [sys.executable, "-m", "benchmarks.publisher", str(database), str(source)]
    child = subprocess.Popen(command, cwd=_TOP, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        time.sleep(1)
        yield
    finally:
        child.terminate()
        said = child.communicate()[0].split()
        print(f"{len(said)} generations were published meanwhile, in seconds: {', '.join(said)}")


def ask(port: int, path: str) -> tuple[float, int, int]:
    """Seconds to the last octet, status and octets."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection(serve.DEFAULT_HOST, port, timeout=60)
    connection.request("GET", path)
    response = connection.getresponse()
    octets = len(response.read())
    connection.close()
    return time.perf_counter() - began, response.status, octets


def timed(port: int, size: Size, seconds: float) -> Iterator[Timed]:
    """Each page for so many seconds, at least 20 times, of partners drawn by their letters."""
    draw = random.Random(_SEED)  # noqa: S311 - not for secrets
    ranks = range(1, size.partners + 1)
    weights = list(itertools.accumulate(1 / rank for rank in ranks))
    for page, path in PAGES:
        found: list[tuple[float, int, int]] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until or len(found) < 20:
            rank = draw.choices(ranks, cum_weights=weights)[0]
            found.append(ask(port, path.format(p=f"partner-{rank:04d}.example")))
        took, statuses, octets = zip(*found, strict=True)
        yield Timed(page, took, max(statuses), round(median(octets)))


def measured(folder: Path, size: Size, seconds: float) -> Iterator[str]:
    """The lines of the table."""
    demo = [
        sys.executable,
        "-m",
        "inbox_agent",
        "demo",
        "--no-serve",
        "--dir",
        str(folder / "demo"),
    ]
    subprocess.run(demo, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    database, source = folder / "partners.db", folder / "source.db"
    size = make(folder / "demo" / "data" / "partners.db", source, size)
    shutil.copyfile(source, database)
    megabytes = database.stat().st_size / 1e6
    yield f"{size.partners:,} partners, {size.letters:,} letters, {megabytes:,.0f} MB\n"
    for title, is_publishing in (("while it is published", True), ("at rest", False)):
        yield f"\n| {title} | asked | median ms | 95 % ms | size |"
        yield "| --- | ---: | ---: | ---: | ---: |"
        with served(database) as port:
            if is_publishing:
                with publishing(database, source):
                    yield from (each.row() for each in timed(port, size, seconds))
            else:
                yield from (each.row() for each in timed(port, size, seconds))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=1_000_000)
    parser.add_argument("--partners", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=6)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        for line in measured(Path(folder), Size(given.partners, given.letters), given.seconds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
