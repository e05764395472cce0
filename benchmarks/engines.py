"""A part of one measure by an engine: the gaps between neighbouring letters, each partner's median.

    python -m benchmarks.engines ENGINE FILE [ROUNDS]

`FILE` has a line for each letter, of partner and instant; it is read anew in each round. What is
said is one line of JSON: medians of the rounds, and what tells whether two engines agree. DuckDB
and Polars are no dependencies, and `make bench-engines` has them in an environment of their own;
so nothing is imported here that this environment lacks.
"""

from __future__ import annotations

import csv
import json
import resource
import sys
import time
from collections.abc import Callable
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median

#: Partners who have a gap, and the sum of their medians in seconds.
_Answer = tuple[int, float]

_MEDIANS = """
with letters as (select * from read_csv('{path}')),
gaps as (select partner, came_at - lag(came_at) over (partition by partner order by came_at) as gap
  from letters),
medians as (select median(gap) as middle from gaps where gap is not null group by partner)
select count(*), sum(middle) from medians
"""


def by_python(path: Path) -> _Answer:
    """Over a sorted list."""
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        letters = sorted((partner, int(at)) for partner, at in rows)
    medians = []
    for _, run in groupby(letters, key=lambda letter: letter[0]):
        gaps = [later - earlier for (_, earlier), (_, later) in pairwise(run)]
        medians += [median(gaps)] if gaps else []
    return len(medians), sum(medians)


def by_duckdb(path: Path) -> _Answer:
    """On all cores."""
    import duckdb  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415

    ((count, total),) = duckdb.sql(_MEDIANS.format(path=path)).fetchall()
    return count, total


def by_polars(path: Path) -> _Answer:
    """On all cores."""
    import polars  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415

    gap = polars.col("came_at").diff().over("partner").alias("gap")
    letters = polars.read_csv(path).sort("partner", "came_at").with_columns(gap).drop_nulls("gap")
    medians = letters.group_by("partner").agg(polars.col("gap").median())["gap"]
    return len(medians), medians.sum()


ENGINES: dict[str, Callable[[Path], _Answer]] = {
    "Python": by_python,
    "DuckDB": by_duckdb,
    "Polars": by_polars,
}


def timed(engine: Callable[[Path], _Answer], path: Path, rounds: int) -> dict[str, object]:
    """What it took, at the median of the rounds after the first, which loads the engine."""
    found: list[tuple[float, float]] = []
    answer: _Answer = (0, 0.0)
    for _ in range(rounds + 1):
        began, used = time.perf_counter(), _cpu_seconds()
        answer = engine(path)
        found.append((time.perf_counter() - began, _cpu_seconds() - used))
    walls, cpus = zip(*found[1:], strict=True)
    took = {"seconds": median(walls), "cpu_seconds": median(cpus), "octets": _peak_octets()}
    return {**took, "partners": answer[0], "sum": float(answer[1])}


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_octets() -> int:
    """The most memory it had; `ru_maxrss` would count that of who started it, too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Say what one engine took; 3 is the exit code where it is not installed."""
    engine, path, *more = sys.argv[1:]
    try:
        print(json.dumps(timed(ENGINES[engine], Path(path), int(more[0]) if more else 3)))
    except ImportError:
        sys.exit(3)


if __name__ == "__main__":
    main()
