"""How a figure of one partner came about: the waits behind it, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inbox_agent.addresses import Side
from inbox_agent.business_clock import BusinessClock
from inbox_agent.catalogue import FIGURES, column_of
from inbox_agent.config_values import did_you_mean, shown
from inbox_agent.definitions import MEASURES
from inbox_agent.drift import is_shown
from inbox_agent.drift_rows import Adjusted
from inbox_agent.errors import ConfigError
from inbox_agent.figure_names import TOO_FEW_ASKS, WHY_NOT_COUNTED, change_said, definition_name
from inbox_agent.kinds import WHY_NOT
from inbox_agent.measure import PartnerRecord
from inbox_agent.privacy import Privacy
from inbox_agent.published_rows import text_of
from inbox_agent.response_times import Ask
from inbox_agent.silence_gaps import RHYTHM_REACH
from inbox_agent.standards import Cuts
from inbox_agent.standing import window
from inbox_agent.standing_rows import partner_standing

_NO_FIGURES = ("partner", "as_of", "because")
#: What only the letters of all partners together tell.
_OF_ALL = frozenset(
    """introductions_received introductions_given ours_trend_p theirs_trend_p ours_arrow
    theirs_arrow""".split()  # noqa: SIM905
)
_BASES = frozenset(column.name for column in FIGURES)

Values = Mapping[str, "Value"]


@dataclass(frozen=True, slots=True)
class Case:
    """One partner measured: its record, and by what it was reckoned."""

    record: PartnerRecord
    clock: BusinessClock
    cuts: Cuts
    privacy: Privacy


# -- figures and what they mean -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Value:
    """What a figure says, and in which unit."""

    value: Any
    unit: str | None = None


def values_of(case: Case) -> Values:
    """Every figure of the partner by name: its standing, its standards, what drifts."""
    record = case.record
    row = partner_standing(record, case.privacy, Adjusted.over([record]))
    found = {
        name: Value(value, _unit_of(name))
        for name, value in row.items()
        if name not in _NO_FIGURES and name not in _OF_ALL
    }
    for kept in record.kept_standards:
        parts = {
            "state": Value(TOO_FEW_ASKS if kept.is_of_few_asks else kept.state),
            "target": Value(kept.target),
            "actual": Value(kept.actual, kept.unit),
            "misses_left": Value(kept.misses_left, "count"),
            "breaks_at": Value(text_of(kept.breaks_at), "UTC instant"),
            "suggested": Value(kept.suggested),
        }
        found |= {f"{kept.standard}_{name}": value for name, value in parts.items()}
    for drift in record.drift:
        said = change_said(drift.direction, is_shown=is_shown(drift, drift.p))
        found[f"drift_{drift.measure}"] = Value(said)
        found[f"drift_{drift.measure}_p"] = Value(drift.p)  # of this partner alone
    return found


def _unit_of(name: str) -> str | None:
    column = column_of("partner_standing", name)
    return column.unit if column else None


def figures_meant(figure: str | None, known: Sequence[str]) -> tuple[str, ...]:
    """The figures that a name means: one, that of both sides, or a family (``drift``).

    Raises ConfigError with the one that is written alike. None means all.
    """
    if figure is None or figure in known:
        return tuple(known) if figure is None else (figure,)
    if figure in _OF_ALL:
        raise ConfigError(
            f"{figure} is told by the letters of all partners together; see partner_standing"
        )
    both = [f"{side}_{figure}" for side in ("ours", "theirs")]
    if figure in _BASES:
        return tuple(name for name in both if name in known)
    family = tuple(name for name in known if name.startswith(f"{figure}_"))
    if family:
        return family
    near = did_you_mean(figure, [*known, *_BASES])
    hint = near or "without a name all are listed; "
    raise ConfigError(f"{shown(figure)} is no figure of a partner; {hint}".rstrip(" ;"))


def definition_of(name: str) -> tuple[str, str | None]:
    """What a figure means, in the words of `definitions`, and the text it follows."""
    by_name = {each: measure for measure in MEASURES for each in measure.name.split(", ")}
    defined_by = definition_name(name, by_name)
    if defined_by:
        return by_name[defined_by].definition, by_name[defined_by].source
    column = column_of("partner_standing", name)
    return (column.text if column else ""), None


# -- the waits behind it --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wait:
    """One ask, what became of it, and whether figures are made of it; `why_not` if they are not."""

    key: str
    responder: Side
    asked_at: datetime
    answered_at: datetime | None
    seconds: int | None
    business_seconds: int | None
    absent_seconds: int
    due_at: datetime | None = field(compare=False)
    met_standard: bool | None
    outcome: str
    is_inferred: bool
    subject: str | None
    why_not: str | None


def waits_of(case: Case, responder: Side) -> tuple[Wait, ...]:
    """The asks of one direction within the window, counted or not, oldest first."""
    ends = window(case.cuts, case.clock, case.record.as_of)
    return tuple(
        _wait(ask, case.privacy)
        for ask in case.record.asks
        if ask.responder == responder and ends[0] <= ask.asked_at < ends[1]
    )


def _wait(ask: Ask, privacy: Privacy) -> Wait:
    return Wait(
        key=ask.key,
        responder=ask.responder,
        asked_at=ask.asked_at,
        answered_at=ask.answered_at,
        seconds=ask.response_seconds,
        business_seconds=ask.business_seconds,
        absent_seconds=ask.absent_seconds,
        due_at=ask.due_at,
        met_standard=ask.met_standard,
        outcome=ask.outcome,
        is_inferred=ask.basis == "inferred",
        subject=privacy.subject(ask.letter.subject),
        why_not=_why_not(ask),
    )


def _why_not(ask: Ask) -> str | None:
    """The rule that keeps an ask out of the figures; None where it is counted."""
    if ask.why_not is None:
        return None
    reasons = "; ".join(ask.reasons) if ask.why_not == "needs_no_reply" else ""
    return WHY_NOT_COUNTED[ask.why_not] + (f": {reasons}" if reasons else "")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """So many asks or letters that a figure is not made of, and by which rule."""

    count: int
    things: str
    why: str


def left_out(case: Case, sides: Sequence[Side]) -> Iterator[LeftOut]:
    """What the figures of these sides are not made of: asks by reason, then letters by rule."""
    begins, ends = window(case.cuts, case.clock, case.record.as_of)
    asks = [ask for ask in case.record.asks if ask.responder in sides]
    early = sum(ask.asked_at < begins for ask in asks)
    late = sum(ask.asked_at >= ends for ask in asks)
    if early:
        yield LeftOut(early, "asks", "asked before the window")
    if late:
        yield LeftOut(late, "asks", "asked since the last midnight, when the window ends")
    why = Counter(_why_not(ask) for ask in asks if begins <= ask.asked_at < ends)
    for reason, count in sorted((each, n) for each, n in why.items() if each):
        yield LeftOut(count, "asks", reason)
    yield from _letters_left_out(case, begins, ends)


def _letters_left_out(case: Case, begins: datetime, ends: datetime) -> Iterator[LeftOut]:
    meaning = dict(WHY_NOT.values())
    found = Counter(
        (letter.why_not, letter.rule)
        for letter in case.record.letters
        if letter.why_not and (letter.at is None or begins <= letter.at < ends)
    )
    for (why_not, rule), count in sorted(found.items()):
        what = meaning.get(why_not or "", "")
        yield LeftOut(count, "letters", f"{why_not}, by rule {rule}: {what}")


# -- the gaps behind it ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Silence:
    """A gap between days with contact; it ends where somebody wrote, or goes on."""

    began_at: datetime
    ended_at: datetime | None
    working_days: int


def silences_of(case: Case) -> tuple[Silence, ...]:
    """The gaps of the 12 months that the rhythm is made of, and the open one, oldest first."""
    record, clock = case.record, case.clock
    since, local = record.as_of - RHYTHM_REACH, clock.local_date
    return tuple(
        Silence(
            gap.began_at,
            gap.ended_at,
            clock.working_days(local(gap.began_at), local(gap.ended_at or record.as_of)),
        )
        for gap in record.rhythm.gaps
        if gap.ended_at is None or gap.ended_at > since
    )
