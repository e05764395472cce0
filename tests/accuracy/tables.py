"""Figures as the tables and sentences of docs/accuracy.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accuracy.draws import Tally
from accuracy.judges import Agreement
from accuracy.markdown import table


def share(value: float) -> str:
    """As in ``0.9951``; rounded down, so that only what is whole reads 1.0000."""
    return f"{int(value * 10_000 + 1e-9) / 10_000:.4f}"


@dataclass(frozen=True)
class Row:
    """One comparison: which mail, which judge, and how far both agree."""

    mail: str
    judge: str
    found: Agreement | None


def agreement_table(rows: Sequence[Row]) -> str:
    """Pairs of letters in one thread: the judge's, ours, those in both, and the shares."""
    return table(
        ("mail", "judge", "pairs of the judge", "ours", "in both", "precision", "recall"),
        [(row.mail, row.judge, *_cells(row.found)) for row in rows],
    )


def _cells(found: Agreement | None) -> tuple[str, ...]:
    if found is None:
        return ("not installed", "", "", "", "")
    counts = (f"{n:,}" for n in (found.theirs, found.ours, found.both))
    return (*counts, share(found.precision), share(found.recall))


def tally_cells(tally: Tally) -> tuple[str, ...]:
    """Right, wrong, unclear and not read."""
    return tuple(str(tally.counts.get(v, 0)) for v in ("right", "wrong", "unclear", "not read"))


def classes(tally: Tally) -> str:
    """What the wrong and unclear ones are, as a sentence; empty if there are none."""
    found = sorted(tally.classes.items(), key=lambda item: (-item[1], item[0]))
    named = "; ".join(f"{why} ({verdict}): {number}" for (verdict, why), number in found)
    return f"{named[:1].upper()}{named[1:]}." if named else ""


def by_number(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The largest first."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
