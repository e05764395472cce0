"""Whether a letter costs the same in a large mailbox: `python -m benchmarks.growth`.

    python -m benchmarks.growth [--sizes N ...] [--folder DIR]

One partner for every thousand letters, Zipf's law over them. `inbox-agent rebuild` at each size:
seconds and octets a letter, and how many times those of the first size they are. With `--folder`
what is made stays there, in a folder for each size that `benchmarks.rebuild`, `ten_letters` and
`idle_polls` can go on with; without it only one size is on the disk at a time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.letters import config, mirror_once
from benchmarks.rebuild import rebuilt

_SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
_LETTERS_A_PARTNER = 1_000


@dataclass(frozen=True, slots=True)
class Grown:
    """A size, and what a letter takes there."""

    letters: int
    seconds: float
    cpu_microseconds: float
    mirror_octets: float
    published_octets: float
    peak_megabytes: float

    def row(self, first: Grown) -> str:
        """A line of the table."""
        pairs = (
            (self.cpu_microseconds, first.cpu_microseconds, "{:,.0f}"),
            (self.mirror_octets, first.mirror_octets, "{:,.0f}"),
            (self.published_octets, first.published_octets, "{:,.0f}"),
        )
        cells = " | ".join(
            f"{form.format(now)} ({now / then:.2f} times)" for now, then, form in pairs
        )
        return f"| {self.letters:,} | {self.seconds:,.1f} | {cells} | {self.peak_megabytes:,.0f} |"


def grown(folder: Path, letters: int) -> Grown:
    """A mailbox of that many letters, made and rebuilt; its first rebuild is not counted."""
    path, data = config(folder), folder / "data"
    mirror_once(data / "mirror.db", letters, max(10, letters // _LETTERS_A_PARTNER))
    took = rebuilt(path)
    return Grown(
        letters=letters,
        seconds=took.seconds,
        cpu_microseconds=1e6 * took.cpu_seconds / letters,
        mirror_octets=(data / "mirror.db").stat().st_size / letters,
        published_octets=(data / "partners.db").stat().st_size / letters,
        peak_megabytes=took.octets / 1e6,
    )


def measured(sizes: Sequence[int], kept_in: Path | None = None) -> Iterator[str]:
    """The lines of the table."""
    yield "| letters | s | CPU µs a letter | mirror, octets a letter | published | peak MB |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
    first: Grown | None = None
    for letters in sizes:
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as made:
            found = grown(kept_in / str(letters) if kept_in else Path(made), letters)
        first = first or found
        yield found.row(first)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=_SIZES)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args(arguments)
    for line in measured(given.sizes, given.folder):
        print(line, flush=True)


if __name__ == "__main__":
    main()
