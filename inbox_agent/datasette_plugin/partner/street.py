"""Who opens, who reminds, who waits longer for whom; and what changes slowly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inbox_agent.datasette_plugin.cells import percent
from inbox_agent.datasette_plugin.partner.links import Links
from inbox_agent.datasette_plugin.partner.words import fairness_words, octets, p_words
from inbox_agent.datasette_plugin.reading import Reader, Row
from inbox_agent.figure_names import change_said
from inbox_agent.words import counted, duration, within, working_duration

_DRIFT = "SELECT * FROM drift WHERE partner = :partner ORDER BY measure"

# In the order of the page: what it is called, its definition, what the letters of the row are.
_MEASURES = {
    "their_response_time": (
        "Their response time (working time)",
        "drift of response times",
        "asks",
    ),
    "our_response_time": ("Our response time (working time)", "drift of response times", "asks"),
    "opened_by_them": ("Conversations they open", "drift of opened_by_them", "conversations"),
    "to_us": ("Letters that put us in To", "drift of to_us", "letters"),
    "people": ("People of theirs who write", "drift of people", "weeks"),
    "turns": ("Turns in a conversation", "drift of turns", "stretches"),
    "letter_size": ("Size of their letters", "drift of letter_size", "letters"),
}
_MINUTE = 60
_ARROWS = {"slower": "↗", "up": "↗", "faster": "↘", "down": "↘"}


@dataclass(frozen=True, slots=True)
class Drift:
    """One slow change: an arrow only where it is shown as one, with the letters of both windows."""

    measure: str
    label: str
    definition: str
    before: str
    after: str
    arrow: str
    verdict: str
    p: str
    counts: str
    letters_before: str
    letters_after: str


@dataclass(frozen=True, slots=True)
class Drifts:
    """All slow changes of a partner, and the two windows they compare."""

    rows: Sequence[Drift]
    before_from_at: str | None
    after_from_at: str | None
    until_at: str | None


async def drifts_of(reader: Reader, links: Links) -> Drifts:
    """The rows of `drift` of a partner, in words."""
    found = await reader.rows(_DRIFT, partner=links.partner)
    order = {name: number for number, name in enumerate(_MEASURES)}
    found = sorted(found, key=lambda row: order.get(row["measure"], len(order)))
    first = found[0] if found else {}
    return Drifts(
        rows=[_drift(row, links) for row in found],
        before_from_at=first.get("before_from_at"),
        after_from_at=first.get("after_from_at"),
        until_at=first.get("until_at"),
    )


def _drift(row: Row, links: Links) -> Drift:
    label, definition, of = _MEASURES.get(row["measure"], (row["measure"], "drift", "letters"))
    begin, middle, end = row["before_from_at"], row["after_from_at"], row["until_at"]
    return Drift(
        measure=row["measure"],
        label=label,
        definition=definition,
        before=drift_value(row["before"], row["unit"]),
        after=drift_value(row["after"], row["unit"]),
        arrow=_ARROWS.get(row["direction"] or "", "") if row["is_shown"] else "",
        verdict=change_said(row["direction"], is_shown=bool(row["is_shown"])),
        p=p_words(row["p_adjusted"]) if row["p_adjusted"] is not None else "",
        counts=f"{row['letters_before']} and {row['letters_after']} {of}",
        letters_before=_letters(row, links, begin, middle),
        letters_after=_letters(row, links, middle, end),
    )


def drift_value(value: float | None, unit: str) -> str:
    """A figure of `drift` in its unit."""
    if value is None:
        return "fewer than half answered"
    if unit == "working seconds":
        return working_duration(int(value))
    if unit == "share":
        return str(percent(value))
    return octets(value) if unit == "octets" else f"{value:.1f}".removesuffix(".0")


def _letters(row: Row, links: Links, begin: str, end: str) -> str:
    """The rows behind one of the two figures, as a filtered table."""
    evidence = json.loads(row["evidence"] or "{}")
    if not evidence:
        return ""
    where: dict[str, Any] = dict(evidence.get("where", {}))
    instant = evidence["instant"]
    where |= {f"{instant}__gte": begin, f"{instant}__lt": end}
    return links.table(evidence["table"], where)


@dataclass(frozen=True, slots=True)
class Street:
    """The two-way street in sentences, each None where there is nothing to say."""

    openers: str
    fairness: str
    fairness_basis: str
    weeks: str


def street_of(standing: Row) -> Street:
    """Who opens, who waits for whom, how regular it is."""
    return Street(
        openers=openers_words(standing["opened_by_us"], standing["opened_by_them"]),
        fairness=_fairness(standing),
        fairness_basis=_basis(standing["fairness_basis"]),
        weeks=weeks_words(standing),
    )


def openers_words(by_us: float | None, by_them: float | None) -> str:
    """Who opens conversations; with the sides named, as 50 % alone says nothing."""
    if by_us is None or by_them is None:
        return "No conversation began in the window."
    if by_us == by_them:
        return "Each side opened half of the conversations of the window."
    more, share = ("We", by_us) if by_us > by_them else ("They", by_them)
    rest = "they" if by_us > by_them else "we"
    if share == 1:
        return f"{more} opened every conversation of the window, {rest} none."
    return (
        f"{more} opened {percent(share)} of the conversations of the window, "
        f"{rest} {percent(1 - share)}."
    )


def _fairness(standing: Row) -> str:
    ends = [standing[name] for name in ("fairness", "fairness_low", "fairness_high")]
    if any(end is None for end in ends):
        return ""
    return fairness_words(*ends)


def _basis(basis: str | None) -> str:
    if basis == "answered":
        return "Compared are answered asks alone, as one side answered fewer than half."
    return "Compared is the time within which half of all asks were answered." if basis else ""


def weeks_words(standing: Row) -> str:
    """How regular it is, by weeks in which both sides wrote."""
    now, longest = standing["two_way_weeks"], standing["longest_two_way_weeks"]
    share = standing["two_way_weeks_share"]
    if now is None:
        return ""
    said = f"Both sides wrote in {now} weeks in a row up to now"
    if now < 2:
        said = "Both sides wrote in the latest week alone" if now else "Not both wrote last week"
    if longest is not None:
        said += f"; the longest run of the last 12 months is {counted(longest, 'week')}"
    return f"{said}. {_share_of_weeks(share)}".strip()


def reminded_words(seconds: int | None) -> str:
    """After which time half of the asks had brought a reminder; empty where that is unknown."""
    if seconds is None:
        return ""
    if seconds < _MINUTE:
        return f"half within {within(seconds)}"
    return f"half after {duration(seconds)}"


def _share_of_weeks(share: float | None) -> str:
    return "" if share is None else f"Both wrote in {percent(share)} of all weeks."
