"""How soon ten new letters are published in a mirror of many: `python -m benchmarks.ten_letters`.

    python -m benchmarks.ten_letters [--letters N] [--partners N] [--rounds N] [--folder DIR]

The mirror and its first generation are made beforehand and are not timed. On the first poll of a
day everybody is measured, large partners whole and to be kept the first time. Then nothing is new,
or ten letters at a time are put into the mirror, and the time is taken from there to the commit: by
the draw of the correspondence, each from another partner of middling size, and one of the largest.
Beside it stands what measuring everybody anew takes in the same run. With `--folder` what is made
stays, and is used again.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median

from benchmarks.correspondence import Letter, correspondence, partner_domain
from benchmarks.letters import (
    MAILBOX,
    PARTNERS,
    SPECIAL_USES,
    UIDVALIDITY,
    config,
    mirror_once,
    rows,
)
from benchmarks.watched import processor_seconds
from inbox_agent.agent import Agent, Report
from inbox_agent.config import load_config
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_rows import INSERT
from inbox_agent.poll_rows import Counts, Poll
from inbox_agent.sorted_mail import SORTED, SortedMail

_LAST_UID = "select max(uid) from headers where mailbox = ? and folder = ? and uidvalidity = ?"


@dataclass
class Bench:
    """An installation whose clock the benchmark sets."""

    folder: Path
    letters: int
    partners: int
    #: So many are at hand that come later.
    more_letters: int = 60_000

    def __post_init__(self) -> None:
        self.agent = Agent(load_config(config(self.folder)), clock=lambda: self.now)
        self.more = list(self._later())
        self.now = self.more[0].received_at - timedelta(minutes=1)
        self.uids: Counter[str] = Counter()

    def _later(self) -> Iterator[Letter]:
        """Letters that came on one later day, as soon after one another as the others."""
        found = correspondence(self.letters, self.partners, more=self.more_letters)
        for number, letter in enumerate(found):
            if number >= self.letters:
                yield replace(letter, noise=letter.noise[:11])  # a mirror keeps no more of it

    def make(self) -> float | None:
        """The mirror and its first generation; seconds of the latter, None where it was there."""
        if self.agent.published_path.exists():
            self._go_on()
            return None
        mirror_once(self.agent.mirror_path, self.letters, self.partners)
        self.put([])
        began = time.perf_counter()
        self.agent.rebuild()
        return time.perf_counter() - began

    def _go_on(self) -> None:
        """From where an earlier run has left the folder: what it put in does not come again."""
        sql = "select message_id from headers where id > ?"
        with Mirror(self.agent.mirror_path) as store:
            self.now = store.as_of()[MAILBOX]
            held = {row["message_id"] for row in store.rows(sql, (self.letters,))}
        self.more = [letter for letter in self.more if letter.message_id not in held]

    def put(self, letters: Sequence[Letter]) -> None:
        """Letters that came in the last half minute, into the mirror."""
        self.now += timedelta(seconds=40)
        at = self.now - timedelta(seconds=20)
        self.hold([replace(each, sent_at=at, received_at=at) for each in letters])

    def hold(self, came: Sequence[Letter]) -> None:
        """These letters into the mirror, as by a poll that begins now."""
        with Mirror(self.agent.mirror_path) as store, store.writing() as db:
            for folder in SPECIAL_USES:
                ((uid,),) = db.conn.execute(_LAST_UID, (MAILBOX, folder, UIDVALIDITY))
                self.uids[folder] = uid
            db.conn.executemany(INSERT, rows(came, self.uids, self.now))
            poll = Poll(MAILBOX, self.now, self.now, None, Counts(2, len(came)), 1.0)
            store.end_poll(poll, self.now)

    def published(self) -> tuple[float, float, int]:
        """Publish what is held: seconds, by the clock and of the processors, letters measured."""
        with Mirror(self.agent.mirror_path) as store:
            began = time.perf_counter(), processor_seconds()
            self.agent.publish(store, Report())
            took = time.perf_counter() - began[0], processor_seconds() - began[1]
        return *took, self._measured()

    def timed(self, rounds: Sequence[Sequence[Letter]]) -> list[tuple[float, float, int]]:
        """What publishing took, round by round."""
        found = []
        for letters in rounds:
            self.put(letters)
            found.append(self.published())
        return found

    def next_days(self, count: int) -> list[tuple[float, float, int]]:
        """What publishing takes on further days, nothing new: for all figures a new one begins."""
        found = []
        for _ in range(count):
            self.now += timedelta(days=1)
            found += self.timed([[]])
        return found

    def _measured(self) -> int:
        """How many letters the partners have that were measured for the last generation."""
        sql = (
            "select count(*) from members join parties on id = party"
            " where json_extract(summary, '$.as_of') = ?"
        )
        with SortedMail(self.agent.mirror_path.with_name(SORTED)) as store:
            ((letters,),) = store.run(sql, (f"{self.now:%Y-%m-%dT%H:%M:%SZ}",))
        return int(letters)

    def drawn(self, count: int) -> list[list[Letter]]:
        """Rounds of ten letters as they come."""
        return [[self.more.pop(0) for _ in range(10)] for _ in range(count)]

    def of(self, ranks: Sequence[int], count: int) -> list[list[Letter]]:
        """Rounds of one letter each of some partners."""
        wanted = [partner_domain(rank) for rank in ranks]
        return [[self._next(partner) for partner in wanted] for _ in range(count)]

    def _next(self, partner: str) -> Letter:
        place = next(n for n, letter in enumerate(self.more) if letter.partner == partner)
        return self.more.pop(place)


def measured(bench: Bench, rounds: int) -> Iterator[str]:
    """The lines of the table."""
    began = bench.make()
    middle = bench.partners // 2
    jobs: tuple[tuple[str, list[list[Letter]] | None], ...] = (
        ("the first poll of a day", None),
        ("nothing new", [[]] * rounds),
        ("ten letters as they come", bench.drawn(rounds)),
        ("ten letters of partners of middling size", bench.of(range(middle, middle + 10), rounds)),
        ("one letter of the largest partner", bench.of([1], rounds)),
    )
    yield f"\n{bench.letters:,} letters, {bench.partners:,} partners\n"
    yield "| published | seconds (median) | from | to | CPU | letters of those measured |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    bench.timed([[]])  # libraries are loaded once
    for title, letters in jobs:
        found = bench.next_days(rounds) if letters is None else bench.timed(letters)
        took, cpu, held = ([each[n] for each in found] for n in range(3))
        ends = f"{min(took):.2f} | {max(took):.2f} | {median(cpu):.2f} | {median(held):,.0f}"
        yield f"| {title} | {median(took):.2f} | {ends} |"
    if began is not None:
        yield f"| everybody measured anew | {began:.1f} | | | | {bench.letters:,} |"
    files = [
        f"{path.name} {path.stat().st_size / bench.letters:.0f}"
        for path in sorted((bench.folder / "data").glob("*.db"))
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"\noctets a letter: {', '.join(files)}; peak memory {peak:.0f} MB"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=100_000)
    parser.add_argument("--partners", type=int, default=PARTNERS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as made:
        bench = Bench(given.folder or Path(made), given.letters, given.partners)
        profile = cProfile.Profile()
        if given.profile:
            bench.make()
            bench.timed([[]])
            letters = bench.of([1], 2) + bench.drawn(2)
            profile.enable()
            bench.timed(letters)
            profile.disable()
            pstats.Stats(profile).sort_stats("cumulative").print_stats(60)
            return
        for line in measured(bench, given.rounds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
