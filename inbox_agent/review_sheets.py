"""What a review says, section by section: for us, and as the partner may see it.

The partner's sheet is put on the table: it speaks to the partner as *you*, and holds no name, no
address, no subject, and nothing of anybody else. Made of the rows of the table `reviews`, which
hold only what may be shown: the command line and the pages say the same. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, Literal
from zoneinfo import ZoneInfo

from inbox_agent.words import duration, percent, spoken_date, within, working_duration

Line = tuple[str, ...]
For = Literal["us", "them"]
#: A row of the table `reviews`, by column.
Row = Mapping[str, Any]

#: Stands in the place of a partner where the figures are those of all partners together.
TEAM = "team"

#: What each figure of answers is called, in the order of a sheet.
_ANSWERS = (
    ("asks", "questions put"),
    ("answered", "of these answered"),
    ("open", "of these still open"),
    ("lapsed", "of these never answered"),
    ("p50_seconds", "half answered within"),
    ("p50_business_seconds", "the same in working time"),
    ("p90_seconds", "nine of ten answered within"),
    ("response_rate", "share answered, open ones reckoned in"),
    ("met_standard_share", "share answered by its due time"),
    ("before_p50_seconds", "half answered within, quarter before"),
    ("change", "since then"),
    ("change_p", "likely by chance"),
)
#: A time within which something was answered.
_SPEED = re.compile("_p[59]0_")
_OF_ONE = {"people": "person", "working days": "working day", "days": "day", "hours": "hour"}
#: Said under the partner's sheet, wherever it is shown.
HOW_IT_IS_COUNTED = (
    "Counted are letters that people wrote; an answer's time runs from the question to the first "
    "reply."
)
#: A change that chance makes more often than this is not spoken of as one.
_SURE = 0.05
_STANDARDS = {
    "we_answer_within": "we answer within",
    "they_answer_within": "they answer within",
    "contact_every": "contact every",
    "contact_at_least_every": "contact at least every",
    "min_contacts": "people who write",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A table with a title; `heads` name its columns, `measures` the figure each line is of."""

    title: str
    heads: Line
    lines: tuple[Line, ...]
    measures: Line


@dataclass(frozen=True, slots=True)
class Sheet:
    """One partner's review, or the team's, by measure."""

    rows: Mapping[str, Row]
    zone: ZoneInfo

    def number(self, measure: str) -> float | None:
        """A figure, None where it is unknown or not there."""
        row = self.rows.get(measure)
        return row["value"] if row else None

    def words(self, measure: str) -> str | None:
        """What is no number."""
        row = self.rows.get(measure)
        return row["words"] if row else None

    def shown(self, measure: str) -> str:
        """A figure for people; a dash where it is unknown."""
        row = self.rows.get(measure)
        if row is None or (row["value"] is None and row["words"] is None):
            return "-"
        if row["value"] is None:
            return row["words"] or "-"
        return _said(measure, row["value"], row["unit"])

    def day(self, measure: str) -> str:
        """The day of an instant, by the clock of the team when it was frozen."""
        words = self.words(measure)
        if words is None:
            return "-"
        return spoken_date(datetime.fromisoformat(words).astimezone(self.zone).date())


def _said(measure: str, value: float, unit: str | None) -> str:
    if unit in ("seconds", "working seconds"):
        said = duration if unit == "seconds" else working_duration
        return within(round(value), said) if _SPEED.search(measure) else said(round(value))
    if unit == "share":
        return f"{value:.3f}" if measure.endswith("_p") else percent(value)
    if unit in ("count", None):
        return f"{value:g}"
    return f"{value:g} {_OF_ONE.get(unit, unit)}" if value == 1 else f"{value:g} {unit}"


def sheets(rows: Iterable[Row]) -> dict[str, Sheet]:
    """The sheet of each partner and of the team, in the order their rows come in.

    Of one quarter, and with the team's rows among them: they say whose clock it was.
    """
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(row["partner"], {})[row["measure"]] = row
    known = found.get(TEAM, {}).get("timezone")
    zone = ZoneInfo((known["words"] if known else None) or "UTC")
    return {partner: Sheet(measures, zone) for partner, measures in found.items()}


def days_of(quarter: str) -> str:
    """``1 Jul to 30 Sep 2026``."""
    first, after = first_days_of(quarter)
    return f"{first:%-d %b} to {spoken_date(after - timedelta(days=1))}"


def first_days_of(quarter: str) -> tuple[date, date]:
    """The first day of a quarter, and that of the next one."""
    months = int(quarter[:4]) * 12 + 3 * (int(quarter[-1]) - 1)
    first, after = (date(n // 12, n % 12 + 1, 1) for n in (months, months + 3))
    return first, after


def quarter_before(quarter: str) -> str:
    """The one that ends where this one begins: ``2025-Q4`` before ``2026-Q1``."""
    year, number = int(quarter[:4]), int(quarter[-1])
    return f"{year - (number == 1)}-Q{(number - 2) % 4 + 1}"


def sections(sheet: Sheet, reader: For) -> tuple[Section, ...]:
    """Everything a sheet holds for a reader."""
    parts = [_answers(sheet, reader), _standards(sheet, reader)]
    parts += [_waits(sheet, side, reader) for side in ("ours", "theirs")]
    parts.append(_together(sheet, reader))
    return tuple(part for part in parts if part.lines)


def _answers(sheet: Sheet, reader: For) -> Section:
    they = "they" if reader == "us" else "you"
    lines = {
        name: (
            label,
            *(_answer_for(reader, sheet, f"{side}_{name}") for side in ("ours", "theirs")),
        )
        for name, label in _ANSWERS
    }
    kept = {name: line for name, line in lines.items() if set(line[1:]) != {"-"}}
    heads = ("", "we answer", f"{they} answer")
    return Section("Answers", heads, tuple(kept.values()), tuple(kept))


def _answer_for(reader: For, sheet: Sheet, measure: str) -> str:
    """What we expect of others is our own affair."""
    is_ours_alone = reader == "them" and measure == "theirs_met_standard_share"
    return "-" if is_ours_alone else answer(sheet, measure)


def answer(sheet: Sheet, measure: str) -> str:
    """A figure of answers: not reached is another thing than not known."""
    if measure.endswith("_change"):
        p = sheet.number(f"{measure}_p")
        return sheet.shown(measure) if p is None or p <= _SURE else "no clear change"
    is_median = measure.endswith(("_p50_seconds", "_p90_seconds")) and "before" not in measure
    if is_median and sheet.number(measure) is None and sheet.number(_rate(measure)) is not None:
        return "not reached"
    return sheet.shown(measure)


def _rate(measure: str) -> str:
    return f"{measure.partition('_')[0]}_rate_so_far"


def _standards(sheet: Sheet, reader: For) -> Section:
    """To the partner only what we promise; what we expect of others is our own affair."""
    asked = list(_STANDARDS) if reader == "us" else ["we_answer_within"]
    names = tuple(name for name in asked if f"{name}_target" in sheet.rows)
    lines = tuple(
        (
            _STANDARDS[name],
            sheet.shown(f"{name}_target"),
            _came_of_it(sheet, name),
            sheet.words(f"{name}_state") or "nothing fell under it",
        )
        for name in names
    )
    title = "Standards" if reader == "us" else "What we hold ourselves to"
    return Section(title, ("", "aim", "in the quarter", "at the end"), lines, names)


def _came_of_it(sheet: Sheet, name: str) -> str:
    """Of answers the misses: a share of those in time sounds like praise, however low."""
    asks, misses = (sheet.number(f"{name}_{part}") for part in ("asks", "misses"))
    if asks and misses is not None:
        return f"missed {misses:g} of {asks:g}"
    actual = sheet.shown(f"{name}_actual")
    if actual == "-" or name == "min_contacts":
        return actual
    # what was frozen before misses were kept has the share alone
    return f"{actual} in time" if name.endswith("within") else f"longest silence {actual}"


def _waits(sheet: Sheet, side: str, reader: For) -> Section:
    they = "they" if reader == "us" else "you"
    title = f"How long {they} waited for us" if side == "ours" else f"How long we waited for {they}"
    title = title.replace("for they", "for them")
    has_subjects = reader == "us" and any(name.endswith("_subject") for name in sheet.rows)
    lines, measures = [], []
    for name, label in (("longest_wait", "longest"), ("quickest_answer", "quickest")):
        for number in count(1):
            start = f"{side}_{name}_{number}"
            if f"{start}_seconds" not in sheet.rows:
                break
            line = _wait(sheet, start, label)
            lines.append((*line, sheet.words(f"{start}_subject") or "") if has_subjects else line)
            measures.append(name)
    heads: Line = ("", "asked", "answered", "took")
    heads = (*heads, "about") if has_subjects else heads
    return Section(title, heads, tuple(lines), tuple(measures))


def _wait(sheet: Sheet, start: str, label: str) -> Line:
    answered = sheet.day(f"{start}_answered_at")
    return (
        label,
        sheet.day(f"{start}_asked_at"),
        "not yet" if answered == "-" else answered,
        sheet.shown(f"{start}_seconds"),
    )


def _together(sheet: Sheet, reader: For) -> Section:
    found = _of_both if reader == "us" else _for_the_partner
    lines = {measure: (label, sheet.shown(measure)) for measure, label in found(sheet)}
    kept = {measure: line for measure, line in lines.items() if line[1] != "-"}
    return Section("Together", ("", ""), tuple(kept.values()), tuple(kept))


def _of_both(sheet: Sheet) -> Iterator[tuple[str, str]]:
    yield "letters_in", "letters from them"
    yield "letters_out", "letters from us"
    yield "opened_by_us", "conversations that we opened"
    yield "opened_by_them", "conversations that they opened"
    yield "nudges_by_us", "reminders from us"
    yield "nudges_by_them", "reminders from them"
    yield "two_way_weeks", "weeks in a row in which both wrote"
    yield "silences", "silences longer than usual"
    yield "longest_silence_working_days", "longest silence"
    yield "people_wrote", "people of theirs who wrote"
    yield "people_new", "of these for the first time"
    yield "people_quiet", "people of theirs who have gone quiet"
    yield "people_gone", "people of theirs who can't be reached any more"
    yield "introductions_received_in_quarter", "people they introduced to us"
    yield "introductions_given_in_quarter", "people we introduced to them"
    for measure, label in (
        ("standards_met", "standards met"),
        ("standards_at_risk", "standards at risk"),
        ("standards_broken", "standards broken"),
    ):
        if measure in sheet.rows:
            yield measure, label


def _for_the_partner(_sheet: Sheet) -> Iterator[tuple[str, str]]:
    yield "letters_in", "letters from you"
    yield "letters_out", "letters from us"
    yield "opened_by_them", "conversations that you opened"
    yield "opened_by_us", "conversations that we opened"
    yield "nudges_by_them", "reminders that you had to send us"
    yield "nudges_by_us", "reminders that we sent you"
    yield "two_way_weeks", "weeks in a row in which both wrote"
    yield "longest_silence_working_days", "longest silence"
    yield "introductions_received_in_quarter", "people you introduced to us"
    yield "introductions_given_in_quarter", "people we introduced to you"
