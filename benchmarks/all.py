"""Every benchmark, one after the other, as one text of tables.

    python -m benchmarks.all [NAME ...] [--quick] [--to FILE]

Each runs in a process of its own, so that none finds what another has left in memory. `--quick`
takes sizes that end within minutes; without it the sizes are those of `docs/performance.md`, and
an afternoon goes by. One that fails says so and costs only itself.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inbox_agent import __version__

_TOP = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A module of this folder that can be run, what it is about, and its arguments.

    `full` are those of `docs/performance.md`, `quick` those that end soon.
    """

    name: str
    title: str
    quick: tuple[str, ...] = ()
    full: tuple[str, ...] = ()


#: In the order of `docs/performance.md`.
BENCHMARKS = (
    Benchmark(
        name="first_read",
        title="First read",
        quick=("--letters", "2000", "--rounds", "1", "--without-indexers"),
    ),
    Benchmark(
        name="parsing",
        title="Reading header blocks",
        quick=("--letters", "500", "--rounds", "3"),
    ),
    Benchmark(
        name="slow_line",
        title="Over a slow line",
        quick=("--letters", "1000"),
    ),
    Benchmark(
        name="polls",
        title="Polls without news",
        quick=("--mailboxes", "20", "--minutes", "1"),
    ),
    Benchmark(
        name="idle_polls",
        title="Polls without news in a large mirror",
        quick=("--letters", "5000", "--partners", "50", "--minutes", "5"),
    ),
    Benchmark(
        name="idle_visible",
        title="From IDLE to the page",
        quick=("--sizes", "500", "--rounds", "2"),
    ),
    Benchmark(
        name="ten_letters",
        title="Ten new letters",
        quick=("--letters", "10000", "--partners", "100", "--rounds", "2"),
        full=("--letters", "1000000"),
    ),
    Benchmark(
        name="rebuild",
        title="Rebuild",
        quick=("--letters", "10000", "--partners", "100"),
        full=("--letters", "1000000"),
    ),
    Benchmark(name="growth", title="Growth", quick=("--sizes", "2000", "10000")),
    Benchmark(name="start_up", title="Start-up", quick=("--rounds", "5")),
    Benchmark(
        name="pages",
        title="Pages",
        quick=("--letters", "20000", "--partners", "100", "--seconds", "1"),
    ),
)


def run(benchmark: Benchmark, *, quick: bool) -> Iterator[str]:
    """Its heading and its tables, line by line as they come."""
    yield f"\n## {benchmark.title}\n"
    began = time.monotonic()
    arguments = benchmark.quick if quick else benchmark.full
    command = [sys.executable, "-m", f"benchmarks.{benchmark.name}", *arguments]
    child = subprocess.Popen(  # noqa: S603 - our own
        command,
        cwd=_TOP,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    for line in child.stdout:
        yield line.rstrip("\n")
    how = "" if child.wait() == 0 else f", and failed with exit code {child.returncode}"
    yield f"\n(`{' '.join(command[1:])}` took {time.monotonic() - began:.0f} s{how}.)"


def tables(names: list[str], *, quick: bool) -> Iterator[str]:
    """All of them, or those named, in their order."""
    sizes = "quick sizes" if quick else "full sizes"
    python = f"Python {platform.python_version()}, {platform.machine()}"
    yield f"inbox-agent {__version__}, {python}, {sizes}"
    for benchmark in BENCHMARKS:
        if not names or benchmark.name in names:
            yield from run(benchmark, quick=quick)


def main() -> None:
    """Print the tables, and write them into a file where one is named."""
    known = [each.name for each in BENCHMARKS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*known, []], metavar="NAME",
                        help=f"of {', '.join(known)}; all when none is named")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--to", type=Path, metavar="FILE", help="write them there, too")
    given = parser.parse_args()
    said = []
    for line in tables(given.names, quick=given.quick):
        print(line, flush=True)
        said.append(line)
    if given.to is not None:
        given.to.write_text("\n".join(said) + "\n", "utf-8")


if __name__ == "__main__":
    main()
