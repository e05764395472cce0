"""Crash at every step: kill the process at moment 1, 2, 3, … until a run ends by itself."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from random import Random
from typing import TypeVar

from installations import Installation

from faults.dump import Dump, difference, dump, unsound, wrong_letters
from faults.runs import End, ended, forked, job
from faults.scenes import Scene, mailbox_state
from faults.tripwire import Tripwire

T = TypeVar("T")


@dataclass
class Outcome:
    """What became of the faults of one kind: how many were tried, and those not survived."""

    name: str
    tried: int = 0
    possible: int = 0
    hangs: int = 0
    slowest: float = 0.0
    troubles: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Trial:
    """A scene, and what an undisturbed run makes of it."""

    scene: Scene
    place: Installation
    before: Dump
    end: Dump
    moments: int

    @classmethod
    def begin(cls, scene: Scene, top: Path) -> Trial:
        """Run it undisturbed once."""
        place = Installation(top / scene.place.top.name)
        before = dump(scene.place.data)
        afresh(scene, place)
        wire = Tripwire(place.top / "trace")
        end = ended(forked(lambda: _counting(scene, place, wire), place.top / "log"))
        if end.code:
            raise RuntimeError(f"{scene.name}: {end}: {(place.top / 'log').read_text()}")
        return cls(scene, place, before, dump(place.data), int(wire.trace.read_text()))

    def crash(self, moment: int) -> tuple[End, list[str]]:
        """Die at that moment, look, run undisturbed, look again; gives what is wrong."""
        scene, place = self.scene, self.place
        afresh(scene, place)
        wire = Tripwire(place.top / "trace", deadly=moment)
        log = place.top / "log"
        end = ended(forked(lambda: _counting(scene, place, wire), log))
        what = wire.trace.read_text() if wire.trace.exists() else "not reached"
        troubles = wrong_letters(self.before, dump(place.data), self.end)
        again = ended(forked(lambda: job(place, scene.job, scene.server.password), log))
        if again.code:
            troubles.append(f"the next run ended with {again.code}")
        troubles += difference(self.end, dump(place.data))
        troubles += [f"{name} is damaged" for name in unsound(place.data)]
        return end, [f"moment {moment} ({what}): {trouble}" for trouble in troubles]


def _counting(scene: Scene, place: Installation, wire: Tripwire) -> int:
    wire.lay()
    code = job(place, scene.job, scene.server.password)
    wire.trace.write_text(str(wire.count))
    return code


def afresh(scene: Scene, place: Installation) -> None:
    """Put everything back to where the scene begins."""
    shutil.rmtree(place.top, ignore_errors=True)
    shutil.copytree(scene.place.top, place.top)


@dataclass(frozen=True)
class Amount:
    """How many of all faults to try: a share, or the n-th of every so many.

    In an order drawn by lot, so that a run that is stopped early has tried of everything.
    """

    share: float = 1.0
    seed: int = 628
    first: int = 0
    step: int = 1

    def of(self, faults: Sequence[T]) -> list[T]:
        """Those to be tried."""
        mine = faults[self.first :: self.step]
        lot = Random(self.seed)  # noqa: S311 - no secret
        return lot.sample(mine, max(1, round(self.share * len(mine))))

    def moments(self, known: int) -> Iterable[int]:
        """Moments from 1 on; beyond those known, without an end, when all are to be tried."""
        beyond = count(known + 1 + self.first, self.step) if self.share >= 1 else ()
        return chain(self.of(range(1, known + 1)), beyond)


def crashes(scene: Scene, top: Path, amount: Amount, until: float) -> Outcome:
    """Try the moments of one scene; `until` is when to stop at the latest (monotonic)."""
    mailbox = mailbox_state(scene.server)
    trial = Trial.begin(scene, top)
    outcome = Outcome(scene.name, possible=trial.moments)
    for moment in in_time(amount.moments(trial.moments), until):
        end, troubles = trial.crash(moment)
        outcome.hangs += end.is_hang
        outcome.slowest = max(outcome.slowest, end.seconds)
        if end.code == 0:  # the run ended by itself: there is no such moment
            break
        if end.code != -signal.SIGKILL:
            troubles.append(f"moment {moment}: the run ended with {end.code}")
        outcome.tried += 1
        outcome.troubles += troubles
    if mailbox_state(scene.server) != mailbox:
        outcome.troubles.append("the mailbox is not as it was")
    return outcome


def in_time(faults: Iterable[T], until: float) -> Iterator[T]:
    """Faults until it is too late for another; the first is tried on the slowest machine, too."""
    for number, fault in enumerate(faults):
        if number and time.monotonic() > until:
            return
        yield fault
