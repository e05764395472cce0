"""``python -m faults.run crash|short|long|day``: tries faults, prints what became of them as JSON.

In a process of its own, as it forks and so must have one thread only.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from servers import DovecotServer, running_dovecot

from faults.crash import Amount, Outcome, crashes
from faults.cutting import cuts
from faults.day import Result, day, gone, plans
from faults.proxy import listening
from faults.scenes import crash_scenes, long_session, short_session, warmed_up

KINDS = ("crash", "short", "long", "day")


def outcomes(kind: str, amount: Amount, until: float) -> list[Outcome]:
    """Try faults of a kind until then at the latest (monotonic)."""
    top = Path(tempfile.mkdtemp(prefix="faults-"))
    try:
        for name in ("dovecot", "scenes", "work"):
            (top / name).mkdir()
        top.chmod(0o755)  # Dovecot has its folder in here and runs as somebody else
        with running_dovecot(top / "dovecot") as server:
            warmed_up(top / "warm", server)
            return (_crashes if kind == "crash" else _cuts)(kind, top, server, amount, until)
    finally:
        shutil.rmtree(top)


def _crashes(
    _: str, top: Path, server: DovecotServer, amount: Amount, until: float
) -> list[Outcome]:
    found: list[Outcome] = []
    scenes = crash_scenes(top / "scenes", server)
    for scene in scenes:
        now = time.monotonic()  # what one scene leaves of its time the later ones have
        mine = now + (until - now) / (len(scenes) - len(found))
        found.append(crashes(scene, top / "work", amount, mine))
    return found


def _cuts(
    kind: str, top: Path, server: DovecotServer, amount: Amount, until: float
) -> list[Outcome]:
    make = short_session if kind == "short" else long_session
    proxy = listening(server.port, top / "counts")
    with proxy.listener:
        scene = make(top / "scenes", server, proxy)
        return cuts(top / "work", scene, proxy, amount, until)


def days(amount: Amount, rate: float) -> list[Result]:
    """The days of this amount, one after the other, each with a server of its own."""
    found = []
    for plan in plans(amount.share, amount.seed, rate)[amount.first :: amount.step]:
        top = Path(tempfile.mkdtemp(prefix="faults-"))
        try:
            (top / "dovecot").mkdir()
            top.chmod(0o755)
            with running_dovecot(top / "dovecot") as server:
                try:
                    found.append(day(top, server, plan))
                finally:
                    gone(top)
        finally:
            shutil.rmtree(top)
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--share", type=float, default=1.0, help="so large a part, by lot")
    parser.add_argument("--seed", type=int, default=628, help="of the lot")
    parser.add_argument("--first", type=int, default=0, help="of every so many (--step)")
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--rate", type=float, default=144.0, help="of a day: so many times as fast")
    parser.add_argument("--seconds", type=float, default=86_400.0, help="to stop after")
    asked = parser.parse_args()
    amount = Amount(asked.share, asked.seed, asked.first, asked.step)
    found: Sequence[Outcome | Result]
    if asked.kind == "day":
        found = days(amount, asked.rate)
    else:
        found = outcomes(asked.kind, amount, time.monotonic() + asked.seconds)
    print(json.dumps([asdict(outcome) for outcome in found]))


if __name__ == "__main__":
    main()
