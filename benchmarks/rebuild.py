"""How long everything right of the mirror takes again: `python -m benchmarks.rebuild`.

    python -m benchmarks.rebuild [--letters N] [--partners N] [--rounds N] [--folder DIR]

`inbox-agent rebuild` makes all measures of every partner from the mirror's parsed rows, on one
core and on all. Beside it stand, in the same run, engines that do a part of one measure over the
same letters: the gaps between neighbouring letters of each partner, and their median. DuckDB and
Polars are no dependencies: `make bench-engines` fetches them, and without them their lines say so.
Seconds are medians of the rounds. With `--folder` the mirror stays, and is used again.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.engines import ENGINES
from benchmarks.letters import PARTNERS, config, mirror_once
from benchmarks.watched import Watched, watched

_TOP = Path(__file__).parents[1]
#: Where `make bench-engines` puts DuckDB and Polars.
_ENGINES_PYTHON = _TOP / ".venv-engines" / "bin" / "python"


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


def _others(path: Path, rounds: int, python: Path) -> Iterator[Timed | str]:
    """Each engine in a process of its own. Raises AssertionError where two do not agree."""
    answers = set()
    for engine in ENGINES:
        what = f"gaps and medians alone: {engine}"
        runs_it = sys.executable if engine == "Python" or not python.exists() else str(python)
        command = [runs_it, "-m", "benchmarks.engines", engine, str(path), str(rounds)]
        done = subprocess.run(  # noqa: S603 - our own
            command, cwd=_TOP, stdout=subprocess.PIPE, check=False, text=True
        )
        if done.returncode:
            yield f"| {what} | not installed: `make bench-engines` | | | | |"
            continue
        found = json.loads(done.stdout)
        answers.add((found["partners"], round(found["sum"])))
        assert len(answers) == 1, answers  # noqa: S101 - else they did not do the same
        yield Timed(what, found["seconds"], found["cpu_seconds"], found["octets"] / 1e6)


def measured(folder: Path, letters: int, partners: int, rounds: int) -> Iterator[str]:
    """The lines of the table."""
    path = config(folder)
    mirror_once(folder / "data" / "mirror.db", letters, partners)
    yield f"{letters:,} letters, {partners:,} partners, {len(os.sched_getaffinity(0))} cores\n"
    yield "| | s | CPU s | letters/s | CPU µs/letter | peak MB |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    yield from (each.row(letters) for each in _rebuilds(path, rounds))
    file = folder / "letters.csv"
    held = _written(folder / "data" / "partners.db", file)
    for each in _others(file, 3 * rounds, _ENGINES_PYTHON):
        yield each if isinstance(each, str) else each.row(held)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=200_000)
    parser.add_argument("--partners", type=int, default=PARTNERS)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as made:
        folder = given.folder or Path(made)
        for line in measured(folder, given.letters, given.partners, given.rounds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
