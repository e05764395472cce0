"""The figures of a quarter, each by a name that stays: as they were known at its end. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from inbox_agent import review_sheets
from inbox_agent.addresses import Side
from inbox_agent.business_clock import BusinessClock
from inbox_agent.comparisons import Comparison, compare
from inbox_agent.figure_names import TOO_FEW_ASKS
from inbox_agent.kept_standards import KeptStandard
from inbox_agent.measure import PartnerRecord
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts
from inbox_agent.survival import Figures

#: So many of the longest and of the quickest waits are kept.
WAITS = 3
_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")


@dataclass(frozen=True, slots=True)
class Quarter:
    """Three months between two local midnights of the team's zone."""

    name: str
    begins_at: datetime
    ends_at: datetime

    def holds(self, at: datetime | None) -> bool:
        """Whether an instant lies in it."""
        return at is not None and self.begins_at <= at < self.ends_at


def quarter_of(name: str, clock: BusinessClock) -> Quarter:
    """The quarter that ``2026-Q3`` names; raises ValueError where it names none."""
    match = _QUARTER.fullmatch(name)
    if match is None or not 1990 <= int(match[1]) < 9999:
        raise ValueError(f"{name!r} is no quarter; write it like 2026-Q3")
    months = int(match[1]) * 12 + 3 * (int(match[2]) - 1)
    begins, ends = (clock.midnight(_first_day(months + more)) for more in (0, 3))
    return Quarter(name, begins, ends)


def _first_day(months: int) -> date:
    return date(months // 12, months % 12 + 1, 1)


def quarter_before(quarter: Quarter, clock: BusinessClock) -> Quarter:
    """The one that ends where this one begins."""
    return quarter_of(review_sheets.quarter_before(quarter.name), clock)


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure: `value` where it is a number, `words` where it is none."""

    measure: str
    value: float | None = None
    unit: str | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What a review looks back on: a quarter, and the one before it."""

    quarter: Quarter
    before: Quarter
    clock: BusinessClock
    cuts: Cuts
    shows_subjects: bool


# -- figures ----------------------------------------------------------------------------------


def letters(record: PartnerRecord, quarter: Quarter) -> Iterator[Finding]:
    """How many letters that count each side wrote in the quarter: theirs in, ours out."""
    wrote = Counter(
        letter.side for letter in record.letters if letter.counts and quarter.holds(letter.at)
    )
    yield Finding("letters_in", wrote["them"], "count")
    yield Finding("letters_out", wrote["us"], "count")


def asks_in(records: Iterable[PartnerRecord], side: Side, quarter: Quarter) -> tuple[Ask, ...]:
    """The asks of the quarter that a side was to answer, of some records."""
    return tuple(
        ask
        for record in records
        for ask in record.asks
        if ask.responder == side and quarter.holds(ask.asked_at)
    )


def seen(records: Sequence[PartnerRecord], side: Side) -> list[PartnerRecord]:
    """Those of whom the answers of a side are in the mailbox."""
    return [r for r in records if side == "them" or not r.coverage.year.is_too_low]


def figure_findings(found: Figures) -> Iterator[Finding]:
    """FIGURES of a set of asks, as they are everywhere."""
    for name, value in asdict(found).items():
        yield Finding(name, None if value is None else float(value), _unit(name))


def _unit(name: str) -> str:
    if name.endswith("_business_seconds"):
        return "working seconds"
    if name.endswith("_seconds"):
        return "seconds"
    if name.endswith(("_rate", "_share", "so_far")):
        return "share"
    return "flag" if name.endswith("_reached") else "count"


# -- waits ----------------------------------------------------------------------------------


def waits(asks: Iterable[Ask], look: Look) -> Iterator[Finding]:
    """The three longest waits of the quarter and the three quickest answers, in either direction.

    Good for a talk: cases rather than figures. Of the asks that figures are made of; answers that
    are only inferred are left out. One that nobody had answered by the quarter's end has waited
    until then; where an import ends before, until it does. Seconds by the calendar; when it was
    asked and answered; the subject only where subjects are published.
    """
    counted = [ask for ask in asks if ask.is_in_figures and ask.basis == "seen"]
    longest = sorted(counted, key=lambda ask: (-_waited(ask), ask.letter.order))
    answered = [ask for ask in counted if ask.response_seconds is not None]
    quickest = sorted(answered, key=lambda ask: (ask.response_seconds or 0, ask.letter.order))
    for name, found in (("longest_wait", longest), ("quickest_answer", quickest)):
        for number, ask in enumerate(found[:WAITS], start=1):
            yield from _wait(f"{name}_{number}", ask, look)


def _waited(ask: Ask) -> int:
    until = ask.answered_at
    return int((until - ask.asked_at).total_seconds()) if until else ask.age_seconds


def _wait(name: str, ask: Ask, look: Look) -> Iterator[Finding]:
    yield Finding(f"{name}_seconds", _waited(ask), "seconds")
    yield Finding(f"{name}_asked_at", words=_text(ask.asked_at))
    yield Finding(f"{name}_answered_at", words=_text(ask.answered_at))
    if look.shows_subjects:
        yield Finding(f"{name}_subject", words=ask.letter.subject)


def _text(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else None


# -- change ---------------------------------------------------------------------------------


def changes(found: tuple[Comparison, float]) -> Iterator[Finding]:
    """How answers of the quarter compare with those of the quarter before, and if it is chance.

    `before_p50_seconds` is the time within which half of the asks of the quarter before was
    answered, as known at the end of this one; `change` is slower, faster or alike; `change_p` is
    how easily chance alone makes such a difference (generalised Wilcoxon test), for a partner
    adjusted for how many partners are looked at. Nothing with fewer than 5 asks in either.
    """
    comparison, p = found
    yield Finding("before_p50_seconds", comparison.before_seconds, "seconds")
    yield Finding("change", words=comparison.direction or "alike")
    yield Finding("change_p", p, "share")


def comparison(records: Sequence[PartnerRecord], side: Side, look: Look) -> Comparison | None:
    """The quarter beside the one before it, for the asks of one side over some records."""
    before, after = (asks_in(records, side, each) for each in (look.before, look.quarter))
    return compare(before, after, look.cuts)


# -- standards, street, silences ------------------------------------------------------------


def standards_kept(record: PartnerRecord) -> Iterator[Finding]:
    """Each standard over the quarter: what was asked for, what came of it, whether it was kept.

    Of answers how many asks fell under it and how many of these were missed, and `actual` is the
    share not missed; of contact it is the longest silence, of people how many wrote. The state is
    met, at risk or broken as on the last day; empty where nothing fell under it, unknown where too
    little of what we sent is in the mailbox to tell, and "too few asks to say" with fewer than 5.
    """
    is_blind = record.coverage.year.is_too_low
    for kept in record.kept_standards:
        if kept.target is None:  # nobody set it, it is only suggested
            continue
        is_unknown = is_blind and kept.standard == "we_answer_within"
        yield Finding(f"{kept.standard}_target", words=kept.target)
        yield Finding(f"{kept.standard}_actual", kept.actual, kept.unit)
        if kept.asks is not None and not is_unknown:
            yield Finding(f"{kept.standard}_asks", kept.asks, "count")
            yield Finding(f"{kept.standard}_misses", kept.misses, "count")
        yield Finding(f"{kept.standard}_state", words="unknown" if is_unknown else _state(kept))


def _state(kept: KeptStandard) -> str | None:
    return TOO_FEW_ASKS if kept.is_of_few_asks else kept.state


def standards_counted(records: Iterable[PartnerRecord]) -> Iterator[Finding]:
    """How many standards of all partners were met, at risk or broken at the quarter's end.

    Left out are those judged by fewer than 5 asks, which say nothing yet.
    """
    states = Counter(_state(kept) for record in records for kept in record.kept_standards)
    yield Finding("standards_met", states["met"], "count")
    yield Finding("standards_at_risk", states["at risk"], "count")
    yield Finding("standards_broken", states["broken"], "count")


def street(record: PartnerRecord) -> Iterator[Finding]:
    """Who opened conversations in the quarter, who nudged whom, and the weeks both sides wrote in.

    `two_way_weeks` is how many weeks in a row, up to the quarter's end, both sides wrote.
    """
    found = record.street
    yield Finding("opened_by_us", found.opened_by_us, "share")
    yield Finding("opened_by_them", found.opened_by_them, "share")
    yield Finding("nudges_by_us", found.nudges_by_us, "count")
    yield Finding("nudges_by_them", found.nudges_by_them, "count")
    yield Finding("two_way_weeks", found.weeks.streak, "count")


def silences(record: PartnerRecord, look: Look) -> Iterator[Finding]:
    """Silences that ended in the quarter or went on at its end, and the longest one.

    `silences` counts those that are published in silence_gaps: longer than twice the usual gap or
    than the standard; of the one that went on only if it was past its `watch_at`.
    `longest_silence_working_days` is that of all gaps between days with contact that ended in the
    quarter or went on at its end; empty without any.
    """
    quarter, rhythm = look.quarter, record.rhythm
    is_too_long = rhythm.watch_at is not None and record.as_of >= rhythm.watch_at
    counted = [gap for gap in record.gaps if quarter.holds(gap.ended_at)]
    still = is_too_long and any(gap.is_open for gap in record.gaps)
    yield Finding("silences", len(counted) + still, "count")
    local = look.clock.local_date
    lengths = [
        look.clock.working_days(local(gap.began_at), local(gap.ended_at or record.as_of))
        for gap in rhythm.gaps
        if gap.is_open or quarter.holds(gap.ended_at)
    ]
    yield Finding("longest_silence_working_days", max(lengths, default=None), "working days")


# -- people ---------------------------------------------------------------------------------


def people_counted(records: Iterable[PartnerRecord], quarter: Quarter) -> Iterator[Finding]:
    """People of theirs: who wrote in the quarter, who wrote for the first time, who was lost.

    `people_new` wrote first in the quarter to a partner's record that is older than that;
    `people_quiet` and `people_gone` are in that state at the quarter's end. Counted, not named.
    """
    wrote, new = 0, 0
    states: Counter[str | None] = Counter()
    for record in records:
        counting = [letter for letter in record.letters if letter.counts]
        theirs = [letter for letter in counting if letter.side == "them" and letter.author]
        wrote += len({x.author.key for x in theirs if x.author and quarter.holds(x.at)})
        if counting and counting[0].instant < quarter.begins_at:
            new += sum(quarter.holds(c.first_seen_at) for c in record.contacts if c.side == "them")
        states.update(contact.state for contact in record.contacts)
    yield Finding("people_wrote", wrote, "count")
    yield Finding("people_new", new, "count")
    yield Finding("people_quiet", states["quiet"], "count")
    yield Finding("people_gone", states["gone"], "count")


def introductions_made(records: Iterable[PartnerRecord], quarter: Quarter) -> Iterator[Finding]:
    """Introductions taken up in the quarter: somebody new whom they brought to us, or we to them.

    An introduction counts in the quarter of the first letter between the two that followed it: one
    that was made in the last days of a quarter is often taken up in the next.
    """
    rows = [row for record in records for row in record.introductions.rows]
    made = Counter(row.received for row in rows if quarter.holds(row.taken_up_at))
    yield Finding("introductions_received_in_quarter", made[True], "count")
    yield Finding("introductions_given_in_quarter", made[False], "count")
