"""How a figure of a set of asks came about, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inbox_agent.datasette_plugin.enough import FEWEST_ASKS
from inbox_agent.words import counted, duration, whole_days, within, working_duration


@dataclass(frozen=True, slots=True)
class Sums:
    """What there is to say of the asks of one side in some days.

    `reached` took at most as long as the figure, `younger` are open and have not waited that long;
    `coverage` is the share of our letters held where that is too little to know how fast we answer.
    """

    asks: int
    answered: int
    open: int
    lapsed: int
    known: int
    met: int
    inferred: int
    total_seconds: int
    reached: int
    younger: int
    is_unknown: bool
    give_up_seconds: int

    @property
    def is_few(self) -> bool:
        """Whether there are too few for percentiles and shares."""
        return self.asks < FEWEST_ASKS


_SHARES = {
    "p50_seconds": (0.5, "half"),
    "p50_business_seconds": (0.5, "half"),
    "p90_seconds": (0.9, "nine of ten"),
    "p90_business_seconds": (0.9, "nine of ten"),
    "p50_reached": (0.5, "half"),
}
_COUNTS = ("asks", "answered", "open", "lapsed")


def sentences(base: str, value: Any, sums: Sums, side: str) -> Iterator[str]:
    """How the figure came about, and why it is empty if it is; `base` is its name but the side."""
    yield _asked(sums, side)
    if base not in (*_COUNTS, "followed_seconds") or sums.is_unknown:
        yield from _empty(base, value, sums)
    if value is not None or base == "p50_reached":
        yield from _reckoned(base, value, sums)
    if sums.inferred:
        yield (
            f"{counted(sums.inferred, 'answer')} of ours not in the mailbox: they answered it, so"
            " we wrote it by then; the time is what it took at most."
        )


def _asked(sums: Sums, side: str) -> str:
    who = "They asked us" if side == "us" else "We asked them"
    if not sums.asks:
        return f"{who} nothing that counts in these days."
    parts = [
        f"{count} {words}"
        for count, words in (
            (sums.answered, "answered"),
            (sums.open, "still open"),
            (sums.lapsed, "given up on"),
        )
        if count
    ]
    count = f"{sums.asks} times that count" if sums.asks > 1 else "once that counts"
    return f"{who} {count}: {', '.join(parts)}."


def _empty(base: str, value: Any, sums: Sums) -> Iterator[str]:
    if sums.is_unknown:
        yield (
            "How fast we answer is unknown, not bad: too little of what we sent is in the mailbox"
            " (see the share of our letters that is in the mailbox)."
        )
    elif value is None and sums.is_few:
        few = f"only {sums.asks}" if sums.asks else "none"
        yield (
            f"With fewer than {FEWEST_ASKS} asks ({few}) no such figure is told; here is each of"
            " them."
        )
    elif value is None:
        yield _WHY_EMPTY.get(base, "Nothing was answered.")


_WHY_EMPTY = {
    "p50_seconds": "Fewer than half were answered, as far as they have been followed.",
    "p50_business_seconds": "Fewer than half were answered, as far as they have been followed.",
    "p90_seconds": "Fewer than nine of ten were answered, as far as they have been followed.",
    "p90_business_seconds": "Fewer than nine of ten were answered, as far as they have been "
    "followed.",
    "response_rate": "No ask has been followed for the whole give-up time yet.",
    "met_standard_share": "No standard is set, or none of the asks has been decided yet.",
}


def _reckoned(base: str, value: Any, sums: Sums) -> Iterator[str]:
    if base in _SHARES and not sums.is_few:
        yield from _percentile(base, value, sums)
    elif base in ("response_rate", "rate_so_far"):
        yield f"{sums.answered} of {sums.asks} were answered."
        yield from _still_open(sums.open)
    elif base == "followed_seconds":
        yield (
            f"The oldest ask is followed up to the moment the figures are for, at most for "
            f"{whole_days(sums.give_up_seconds)}, the give-up time."
        )
    elif base == "answered_p50_seconds":
        yield from _of_answers(sums)
    elif base == "naive_p50_seconds":
        middle = (sums.answered + 1) // 2
        yield f"It is the {ordinal(middle)} of the {sums.answered} answers; what was not answered"
        yield "plays no part, so it looks better the more is left unanswered."
    elif base == "naive_mean_seconds":
        yield f"{duration(sums.total_seconds)} in all over {counted(sums.answered, 'answer')}."
    elif base == "met_standard_share":
        yield f"{sums.met} of the {sums.known} of which it is known were answered in time."


def _percentile(base: str, value: Any, sums: Sums) -> Iterator[str]:
    share, words = _SHARES[base]
    if base == "p50_reached":
        yield f"{sums.answered} of {sums.asks} were answered; half of them are {sums.asks / 2:g}."
        yield from _still_open(sums.open)
        return
    said = within(value)
    if "business" in base:
        said = f"{within(value, working_duration)} of work"
    place = math.ceil(share * sums.asks - 1e-9)
    yield f"{sums.reached} of the {sums.asks} were answered within {said}."
    if not sums.younger:
        part = f"{words} of {sums.asks} are {share * sums.asks:g}"
        yield f"{part[0].upper()}{part[1:]}: the {ordinal(place)} is the one that reaches it."
    else:
        yield (
            f"{counted(sums.younger, 'open ask')} {'has' if sums.younger == 1 else 'have'} waited "
            "less than that: reckoned with for as long as followed, so this is no plain count."
        )
    if sums.lapsed:
        yield (
            f"{counted(sums.lapsed, 'ask')} given up on: reckoned as unanswered for as long as"
            " anything took."
        )


def _of_answers(sums: Sums) -> Iterator[str]:
    if sums.open:
        yield f"Half of what was answered in the end was answered by then: {sums.reached} asks."
        yield from _still_open(sums.open)
        return
    middle = (sums.answered + 1) // 2
    yield (
        f"Half of the {sums.answered} answers are {sums.answered / 2:g}: the {ordinal(middle)} "
        "is the one that reaches it."
    )


def _still_open(count: int) -> Iterator[str]:
    if count:
        it = "it is" if count == 1 else "they are"
        yield (
            f"{counted(count, 'ask')} still open: {it} neither answered nor left out, but reckoned "
            "with for as long as it was followed, so this is no plain count."
        )


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``12th``."""
    ending = "th" if number % 100 in (11, 12, 13) else _ENDINGS.get(number % 10, "th")
    return f"{number}{ending}"


_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
