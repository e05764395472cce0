"""Cut connections: after every octet of a short session, and every 64th of a long one."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path

from installations import Installation

from faults.crash import Amount, Outcome, afresh, in_time
from faults.dump import Dump, difference, dump, story, unsound, wrong_letters
from faults.proxy import MANNERS, SIDES, Cut, Proxy
from faults.runs import End, ended, forked, job
from faults.scenes import Scene, mailbox_state

#: How far apart the cuts of a session lie, in octets.
STEPS = {"short session": 1, "long session": 64}
#: What a run waits for a silent server, in seconds: with the product's own 15 and 60 it would
#: take days.
PATIENCE = 0.15
#: Exit codes by which the product says that a mailbox could not be read, or that all is well.
_TOLD = (0, 1)


@dataclass
class Session:
    """A scene behind the proxy, and what an undisturbed run makes of it."""

    scene: Scene
    place: Installation
    proxy: Proxy
    before: Dump
    end: Dump
    octets: dict[str, int]
    #: What a next run was found to mend; the same databases need no second proof.
    mended: set[str] = field(default_factory=set)

    @classmethod
    def begin(cls, scene: Scene, proxy: Proxy, top: Path) -> Session:
        """Run it undisturbed once."""
        place = Installation(top / scene.place.top.name)
        afresh(scene, place)
        session = cls(scene, place, proxy, dump(place.data), {}, {})
        with proxy.running():
            code = session._poll(None).code
            octets = proxy.passed()
        if code:
            raise RuntimeError(f"{scene.name}: {code}: {(place.top / 'log').read_text()}")
        session.end, session.octets = dump(place.data), octets
        return session

    def run(self, cut: Cut | None) -> End:
        """One poll through the proxy."""
        with self.proxy.running(cut):
            return self._poll(PATIENCE if cut else None)

    def _poll(self, patience: float | None) -> End:
        secret, log = self.scene.server.password, self.place.top / "log"
        return ended(forked(lambda: job(self.place, "poll", secret, patience), log))

    def cut(self, cut: Cut) -> tuple[End, list[str]]:
        """Be cut, look, run undisturbed, look again; gives what is wrong."""
        afresh(self.scene, self.place)
        end = self.run(cut)
        data = self.place.data
        troubles = wrong_letters(self.before, dump(data), self.end)
        if end.code not in _TOLD and not end.is_hang:
            troubles.append(f"the run ended with {end.code}")
        if end.is_hang:
            troubles.append("the run hung")
        if end.code == 0:  # it says that it read everything
            wrong = difference(self.end, dump(data))
            troubles += [f"called complete: {trouble}" for trouble in wrong]
        troubles += self._mend()
        return end, [f"{self.scene.name}, {cut}: {trouble}" for trouble in troubles]

    def _mend(self) -> list[str]:
        data = self.place.data
        held = hashlib.sha256(repr(story(data)).encode()).hexdigest()
        if held in self.mended:
            return []
        again = self.run(None)
        troubles = [f"the next run ended with {again.code}"] if again.code else []
        troubles += difference(self.end, dump(data))
        troubles += [f"{name} is damaged" for name in unsound(data)]
        if not troubles:
            self.mended.add(held)
        return troubles

    def cuts(self, manner: str) -> list[Cut]:
        """Every cut of this manner."""
        step = STEPS[self.scene.name]
        return [
            Cut(side, octets, manner)
            for side in SIDES
            for octets in range(0, self.octets[side], step)
        ]


def cuts(top: Path, scene: Scene, proxy: Proxy, amount: Amount, until: float) -> list[Outcome]:
    """Try the cuts of a session in every manner; stop at `until` (monotonic) at the latest."""
    session = Session.begin(scene, proxy, top)
    return [
        # what one manner leaves of its time the later ones have
        _tried(session, manner, amount, until - (until - time.monotonic()) * left / (left + 1))
        for left, manner in reversed(list(enumerate(reversed(MANNERS))))
    ]


def _tried(session: Session, manner: str, amount: Amount, until: float) -> Outcome:
    mailbox = mailbox_state(session.scene.server)
    possible = session.cuts(manner)
    outcome = Outcome(f"{session.scene.name}, {manner}", possible=len(possible))
    for cut in in_time(amount.of(possible), until):
        end, troubles = session.cut(cut)
        outcome.tried += 1
        outcome.hangs += end.is_hang
        outcome.slowest = max(outcome.slowest, end.seconds)
        outcome.troubles += troubles
    if mailbox_state(session.scene.server) != mailbox:
        outcome.troubles.append("the mailbox is not as it was")
    return outcome
