"""Who of theirs is away, and the working time that this takes out of an answer.

An absence note says that nobody can answer now. The waits are cut by it only where everybody who
was asked was away at the same time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from inbox_agent.automatic_phrases import has_new_ticket, is_acknowledged
from inbox_agent.business_clock import BusinessClock
from inbox_agent.letters import Letter
from inbox_agent.standards import Span

#: Nobody is away for longer after the last note than this, as far as we know.
LONGEST_WITHOUT_NOTE = timedelta(days=30)
#: Who writes so soon after the note was there.
SHORTEST = timedelta(days=1)
#: How many times, so that notes that are answered so soon are taken for a machine's.
FEWEST_OF_A_MACHINE = 3

#: The rules by which an automatic reply may be an absence note; P15 are acknowledgements.
NOTE_RULES = frozenset({"P6", "P8", "P9", "P10"})

#: Stretches of time, apart from each other, the earliest first; the end is not in them.
Spans = tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True)
class Absence:
    """When one person of theirs was away: an absence is no slowness.

    From their first automatic reply that tells of it to the next letter that they write themselves
    to us, and at most 30 days after the last such reply. `ended_at` is empty while they still are
    away; `until` is the end, or when it ends at the latest if nothing more is heard. An
    acknowledgement (rule P15, or a subject that says "received" or holds a new ticket number) tells
    of no absence. Who writes within a day of the note was there: that is no absence; and an address
    at which this is so more often than not, 3 times at least, is a machine's.
    """

    address: str
    began_at: datetime
    ended_at: datetime | None
    until: datetime

    @property
    def is_open(self) -> bool:
        """Whether they are still away, as far as we know."""
        return self.ended_at is None


def absences_of(letters: Sequence[Letter], as_of: datetime) -> tuple[Absence, ...]:
    """The absences of a partner's people as they are known at `as_of`, the earliest first."""
    theirs = [x for x in letters if x.side == "them" and x.author and x.at]
    subjects = _our_subjects(letters) if any(x.rule in NOTE_RULES for x in theirs) else {}
    notes = {letter.key for letter in theirs if _is_note(letter, subjects)}
    away = {x.author.key for x in theirs if x.author and x.key in notes}
    events: dict[str, list[tuple[datetime, bool]]] = defaultdict(list)
    for letter in theirs:
        if letter.author and letter.author.key in away and (letter.counts or letter.key in notes):
            events[letter.author.key].append((letter.instant, letter.counts))
    found = (
        absence
        for address in events
        for absence in _absences(address, sorted(events[address]), as_of)
    )
    return tuple(sorted(found, key=lambda absence: (absence.began_at, absence.address)))


def _our_subjects(letters: Sequence[Letter]) -> dict[str, str]:
    """The subjects of our letters by Message-ID, the first letter's where several share one."""
    ours = [letter for letter in letters if letter.side == "us"]
    return {name: letter.subject for letter in reversed(ours) for name in letter.message_ids}


def _is_note(letter: Letter, subjects: Mapping[str, str]) -> bool:
    if letter.kind != "auto_reply" or letter.rule not in NOTE_RULES:
        return False
    before = subjects.get(letter.in_reply_to or "", "")
    return not (is_acknowledged(letter.subject, before) or has_new_ticket(letter.subject, before))


def _absences(
    address: str, events: Sequence[tuple[datetime, bool]], as_of: datetime
) -> Iterator[Absence]:
    """Those of one address; `events` are its notes and letters (True), by time, notes first."""
    found = list(_stretches(events))
    by_letter = [end - begin for begin, end, is_letter in found if is_letter]
    short = sum(length < SHORTEST for length in by_letter)
    if short >= FEWEST_OF_A_MACHINE and short > len(by_letter) - short:
        return
    for begin, end, is_letter in found:
        if not is_letter:
            yield Absence(address, begin, end if end <= as_of else None, end)
        elif end - begin >= SHORTEST:
            yield Absence(address, begin, end, end)


def _stretches(
    events: Iterable[tuple[datetime, bool]],
) -> Iterator[tuple[datetime, datetime, bool]]:
    """Beginning and end of each absence, and whether a letter ended it."""
    began_at = until = None
    for at, is_letter in events:
        if began_at and until and at > until:
            yield began_at, until, False
            began_at = None
        if not is_letter:
            began_at, until = began_at or at, at + LONGEST_WITHOUT_NOTE
        elif began_at and at > began_at:
            yield began_at, at, True
            began_at = None
    if began_at and until:
        yield began_at, until, False


# -- what it takes out ----------------------------------------------------------------------


def away_at(letter: Letter, absences: Iterable[Absence]) -> Spans:
    """When everybody whom a letter of ours asks was away at the same time: nobody could answer.

    Asked are those of theirs in To; if none is, all of theirs that it went to. While one of them is
    there, nothing is taken out: of two who were asked one is on holiday, and the clock runs. What
    of it lies in their working hours is `absent_seconds`: it is in no working time
    (`business_seconds`), and nothing falls due in it. Time by the calendar (`response_seconds`) and
    the outcome stay as they are.
    """
    asked = letter.their_recipients & {address.key for address in letter.to}
    asked = asked or letter.their_recipients
    of_each: dict[str, list[tuple[datetime, datetime]]] = {address: [] for address in asked}
    for absence in absences:
        if absence.address in asked and absence.until > letter.instant:
            begin = max(absence.began_at, letter.instant)
            of_each[absence.address].append((begin, absence.until))
    together: list[tuple[datetime, datetime]] | None = None
    for spans in of_each.values():
        together = spans if together is None else list(_common(together, spans))
    return tuple(together or ())


def _common(
    one: Sequence[tuple[datetime, datetime]], other: Sequence[tuple[datetime, datetime]]
) -> Iterator[tuple[datetime, datetime]]:
    """The time in both; a person's absences do not overlap, and there are few."""
    for begin, end in one:
        for other_begin, other_end in other:
            if max(begin, other_begin) < min(end, other_end):
                yield max(begin, other_begin), min(end, other_end)


@dataclass(frozen=True, slots=True)
class ClockAround:
    """A clock that stands still while everybody who was asked is away."""

    clock: BusinessClock
    away: Spans

    def working_seconds(self, start: datetime, end: datetime) -> int:
        """Working time between two instants without the absences; 0 when the second is earlier."""
        return self.clock.working_seconds(start, end) - self.seconds_away(start, end)

    def seconds_away(self, start: datetime, end: datetime) -> int:
        """The working seconds between two instants in which nobody who was asked was there."""
        lost, working = 0, self.clock.working_seconds
        for begin, until in self.away:
            if begin >= end:
                break
            lost += working(max(begin, start), min(until, end))
        return lost

    def deadline(self, start: datetime, span: Span) -> datetime:
        """When an answer is due, where everybody who was asked is away for a time.

        Hours, and days by the calendar, do not pass in an absence: 2 days, with a week's absence
        that begins a day after the ask, end 9 days after it. Business days that lie wholly in one
        are not counted, and where the due time lies in one it is the next opening after it. So
        nothing falls due within an absence, and nothing earlier than without it.
        """
        if not self.away:
            return self.clock.deadline(start, span)
        if span.unit == "working_days":
            return _after_working_days(self.clock, start, span.amount, self.away)
        left, at = span.amount, start
        for begin, end in self.away:
            stops = max(begin, at)
            run = self._run(at, stops, span)
            if run >= left:
                break
            left, at = left - run, end
        return self.clock.deadline(at, Span(left, span.unit))

    def _run(self, start: datetime, end: datetime, span: Span) -> int:
        if span.unit == "working_seconds":
            return self.clock.working_seconds(start, end)
        return int((end - start).total_seconds())


def _after_working_days(clock: BusinessClock, start: datetime, count: int, away: Spans) -> datetime:
    begin = _next_there(clock, clock.next_open(start), away)
    day = clock.local_date(begin)
    while count:
        day = clock.working_day_after(day, 1)
        count -= not _is_missed(clock, day, away)
    return _next_there(clock, clock.same_time(begin, day), away)


def _is_missed(clock: BusinessClock, day: date, away: Spans) -> bool:
    """Whether every hour of a working day lies in an absence."""
    return all(
        any(begin <= opening and closing <= end for begin, end in away)
        for opening, closing in clock.open_hours(day)
    )


def _next_there(clock: BusinessClock, at: datetime, away: Spans) -> datetime:
    """The instant itself, or the first opening after the absence that it lies in."""
    for begin, end in away:
        if begin <= at < end:
            at = clock.next_open(end)
    return at
