"""Links drawn by lot, and what somebody found who read both letters.

The verdicts are kept by digests of Message-IDs: nothing can be read from them. A link is drawn or
not whatever else there is to draw, so that a change of the product changes little of the draw;
a link that is drawn and has no verdict yet is reported as such.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from accuracy.corpus import digest_of
from inbox_agent.letters import Letter

LABELS = Path(__file__).parent / "labels"
VERDICTS = ("right", "wrong", "unclear")
FIELDS = ("letter", "other", "how", "verdict", "class")
SEED = "inbox-agent"

Verdicts = Mapping[tuple[str, str, str], tuple[str, str]]


@dataclass(frozen=True, repr=False)
class Joined:
    """A letter, the other that it was joined to or split from, and by what."""

    letter: Letter
    other: Letter
    how: str

    @property
    def names(self) -> tuple[str, str, str]:
        """What the verdict on it is kept by."""
        return (
            digest_of(min(self.letter.message_ids)),
            digest_of(min(self.other.message_ids)),
            self.how,
        )


@dataclass(frozen=True)
class Tally:
    """The verdicts on a draw; `classes` counts those of the wrong and the unclear ones."""

    counts: Mapping[str, int]
    classes: Mapping[tuple[str, str], int]

    @property
    def unlabelled(self) -> int:
        """How many of those drawn nobody has read."""
        return self.counts.get("not read", 0)

    @property
    def read(self) -> int:
        """How many have a verdict."""
        return sum(self.counts.get(verdict, 0) for verdict in VERDICTS)

    @property
    def wrong_share(self) -> float:
        """The share of wrong ones among those that were read; 0 where none was."""
        return self.counts.get("wrong", 0) / self.read if self.read else 0.0


def draw(joined: Iterable[Joined], number: int) -> list[Joined]:
    """`number` of them, by lot: the smallest digests of seed and names."""

    def lot(one: Joined) -> str:
        return hashlib.sha256(" ".join((SEED, *one.names)).encode()).hexdigest()

    return sorted(joined, key=lot)[:number]


def verdicts(name: str) -> Verdicts:
    """The kept verdicts of one file, by letter, other letter and how."""
    path = LABELS / name
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {(r["letter"], r["other"], r["how"]): (r["verdict"], r["class"]) for r in rows}


def tally(drawn: Iterable[Joined], known: Verdicts) -> Tally:
    """Count the verdicts on what was drawn."""
    found = [known.get(one.names, ("not read", "")) for one in drawn]
    return Tally(
        counts=Counter(verdict for verdict, _ in found),
        classes=Counter(pair for pair in found if pair[0] in ("wrong", "unclear")),
    )
