"""What polls without news cost in a mirror of many letters: `python -m benchmarks.idle_polls`.

    python -m benchmarks.idle_polls [--letters N] [--partners N] [--minutes N] [--folder DIR]

The mirror and its first generation are made beforehand. Then a workday comes, with as many letters
as any other: an hour of it with a poll a minute and nothing new, the next hour with its letters as
they come, the first poll of the next day, an hour of the night. What is measured is publishing,
without the look at the server (`benchmarks.polls` has that). The clock is the benchmark's, so that
an hour takes as long as its polls do. With `--folder` what is made stays, and is used again.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import mean, median

from benchmarks.correspondence import FIRST_DAY, LAST_DAY, Letter
from benchmarks.letters import PARTNERS
from benchmarks.ten_letters import Bench

_WORKDAYS = (LAST_DAY - FIRST_DAY).days * 5 // 7
_SATURDAY = 5
_MINUTE = timedelta(minutes=1)
#: Seconds of processor, letters measured, letters that came.
_Polled = tuple[float, int, int]


def workday(bench: Bench) -> tuple[date, list[Letter]]:
    """The next one, and its letters at their times."""
    day = bench.now.date() + timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    count = max(1, bench.letters // _WORKDAYS)
    came, bench.more[:count] = bench.more[:count], []
    found = []
    for letter in came:
        at = datetime.combine(day, letter.received_at.timetz())
        late = letter.received_at - letter.sent_at
        found.append(replace(letter, received_at=at, sent_at=at - late))
    return day, sorted(found, key=lambda letter: letter.received_at)


def until(bench: Bench, at: datetime, letters: Sequence[Letter]) -> _Polled:
    """One poll at that time, with the letters that came since the last one."""
    came = [letter for letter in letters if bench.now < letter.received_at <= at]
    bench.now = at
    bench.hold(came)
    _, cpu_seconds, measured = bench.published()
    return cpu_seconds, measured, len(came)


def polled(bench: Bench, minutes: int, letters: Sequence[Letter] = ()) -> list[_Polled]:
    """A poll a minute."""
    return [until(bench, bench.now + _MINUTE, letters) for _ in range(minutes)]


def row(title: str, found: Sequence[_Polled]) -> str:
    """A line of the table."""
    cpu, measured, came = zip(*found, strict=True)
    share = f"{mean(cpu) / 60:.2%}" if len(found) > 1 else ""
    return (
        f"| {title} | {len(found)} | {sum(came)} | {mean(cpu):.2f} | {median(cpu):.2f} "
        f"| {max(cpu):.2f} | {share} | {mean(measured):,.0f} | {max(measured):,} |"
    )


def rows(bench: Bench, minutes: int) -> Iterator[str]:
    """The table, line by line as it comes."""
    bench.make()
    day, letters = workday(bench)
    ten, evening, night = (
        datetime.combine(day + timedelta(days=later), time(hour), UTC)
        for later, hour in ((0, 10), (0, 20), (1, 2))
    )
    yield f"\n{bench.letters:,} letters, {bench.partners:,} partners, {len(letters)} a day\n"
    yield (
        "| one poll a minute | polls | letters came | CPU s a poll: mean | median | largest "
        "| of a core | letters measured: mean | largest |"
    )
    yield f"| --- |{' ---: |' * 8}"
    until(bench, ten, letters)
    yield row("office hours, nothing new", polled(bench, minutes))
    yield row("office hours, letters as they come", polled(bench, minutes, letters))
    until(bench, evening, letters)
    yield row("the first poll of the next day", [until(bench, night - _MINUTE, ())])
    yield row("night, nothing new", polled(bench, minutes))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=100_000)
    parser.add_argument("--partners", type=int, default=PARTNERS)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as made:
        bench = Bench(given.folder or Path(made), given.letters, given.partners)
        for line in rows(bench, given.minutes):
            print(line, flush=True)


if __name__ == "__main__":
    main()
