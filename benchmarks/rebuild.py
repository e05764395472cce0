"""How long everything right of the mirror takes again: `python -m benchmarks.rebuild`.

    python -m benchmarks.rebuild [--letters N] [--partners N] [--rounds N]

`inbox-agent rebuild` makes all measures of every partner from the mirror's parsed rows, on one
core and on all. Beside it stand, in the same run, engines that do a part of one measure over the
same letters: the gaps between neighbouring letters of each partner, and their median. DuckDB and
Polars are no dependencies: without them their lines say so. Seconds are medians of the rounds.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median

from benchmarks.letters import PARTNERS, config, mirror
from benchmarks.watched import Watched, watched

_MEDIANS = """
with letters as (select * from read_csv('{path}')),
gaps as (select partner, came_at - lag(came_at) over (partition by partner order by came_at) as gap
  from letters)
select partner, median(gap) from gaps where gap is not null group by partner order by partner
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """What was done, how long it took by the clock and in all processes, and its memory."""

    what: str
    seconds: float
    cpu_seconds: float
    megabytes: float | None

    def row(self, letters: int) -> str:
        """A line of the table."""
        memory = "" if self.megabytes is None else f"{self.megabytes:,.0f}"
        each = 1e6 * self.cpu_seconds / letters
        return (
            f"| {self.what} | {self.seconds:,.1f} | {self.cpu_seconds:,.1f} "
            f"| {letters / self.seconds:,.0f} | {each:,.1f} | {memory} |"
        )


def rebuilt(path: Path, *, cores: set[int] | None = None) -> Watched:
    """Run `inbox-agent rebuild` with a config, on some of the cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    try:
        return watched([sys.executable, "-m", "inbox_agent", "-c", str(path), "rebuild"])
    finally:
        os.sched_setaffinity(0, before)


def _rebuilds(path: Path, rounds: int) -> Iterator[Timed]:
    one = {min(os.sched_getaffinity(0))}
    for what, cores in (("rebuild, one core", one), ("rebuild, all cores", None)):
        found = [rebuilt(path, cores=cores) for _ in range(rounds)]
        yield Timed(
            what,
            median(each.seconds for each in found),
            median(each.cpu_seconds for each in found),
            max(each.octets for each in found) / 1e6,
        )


# -- a part of one measure, by others --------------------------------------------------------


def _written(published: Path, to: Path) -> int:
    """The letters of all records as a file that every engine can read; gives how many."""
    sql = "select partner, unixepoch(at) from messages where at is not null"
    with closing(sqlite3.connect(published)) as db, to.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("partner", "came_at"))
        rows = db.execute(sql).fetchall()
        writer.writerows(rows)
        return len(rows)


def _by_python(path: Path) -> int:
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        letters = sorted((partner, int(at)) for partner, at in rows)
    found = 0
    for _, run in groupby(letters, key=lambda letter: letter[0]):
        gaps = [later - earlier for (_, earlier), (_, later) in pairwise(run)]
        found += bool(gaps) and median(gaps) >= 0
    return found


def _by_duckdb(path: Path) -> int:
    import duckdb  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415

    return len(duckdb.sql(_MEDIANS.format(path=path)).fetchall())


def _by_polars(path: Path) -> int:
    import polars  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415

    gap = polars.col("came_at").diff().over("partner").alias("gap")
    letters = polars.read_csv(path).sort("partner", "came_at").with_columns(gap).drop_nulls("gap")
    return len(letters.group_by("partner").agg(polars.col("gap").median()))


_OTHERS: tuple[tuple[str, Callable[[Path], int]], ...] = (
    ("gaps and medians: Python", _by_python),
    ("gaps and medians: DuckDB", _by_duckdb),
    ("gaps and medians: Polars", _by_polars),
)


def _others(path: Path, rounds: int) -> Iterator[Timed | str]:
    for what, engine in _OTHERS:
        found: list[tuple[float, float]] = []
        try:
            for _ in range(rounds + 1):  # the first one loads the engine
                began, cpu = time.perf_counter(), _cpu_seconds()
                engine(path)
                found.append((time.perf_counter() - began, _cpu_seconds() - cpu))
        except ImportError:
            yield f"| {what} | not installed: `pip install duckdb polars` | | | | |"
            continue
        walls, cpus = zip(*found[1:], strict=True)
        yield Timed(what, median(walls), median(cpus), None)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(folder: Path, letters: int, partners: int, rounds: int) -> Iterator[str]:
    """The lines of the table."""
    path = config(folder)
    mirror(folder / "data" / "mirror.db", letters, partners)
    yield f"{letters:,} letters, {partners:,} partners, {len(os.sched_getaffinity(0))} cores\n"
    yield "| | s | CPU s | letters/s | CPU µs/letter | peak MB |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    yield from (each.row(letters) for each in _rebuilds(path, rounds))
    file = folder / "letters.csv"
    held = _written(folder / "data" / "partners.db", file)
    for each in _others(file, rounds):
        yield each if isinstance(each, str) else each.row(held)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=200_000)
    parser.add_argument("--partners", type=int, default=PARTNERS)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        for line in measured(Path(folder), given.letters, given.partners, given.rounds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
