"""The one function that turns a partner's letters into everything we say of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from inbox_agent.absences import Absence
from inbox_agent.addresses import Partner, Roster, Side
from inbox_agent.alarm_record import AlarmCounts, PastAlarm, alarm_counts, alarm_record
from inbox_agent.blind_spot import (
    PartnerCoverage,
    ProofWord,
)
from inbox_agent.business_clock import Terms
from inbox_agent.causes import Cause, Dates, most_urgent_first
from inbox_agent.causes_in_standards import causes_in_people, causes_in_standards
from inbox_agent.causes_in_waits import causes_in_asks, causes_in_silence
from inbox_agent.contacts import Contact
from inbox_agent.conversations import Conversation
from inbox_agent.drift import Drift, Mail, drift_of
from inbox_agent.introductions import NO_INTRODUCTIONS, Introductions
from inbox_agent.kept_standards import KeptStandard, kept_standards
from inbox_agent.learned_clock import TheirCalendar
from inbox_agent.letters import Letter
from inbox_agent.messages import Message
from inbox_agent.newcomers import IntroductionHint, hints_of
from inbox_agent.next_changes import Changes, next_change
from inbox_agent.partner_mail import PartnerMail, mail_of
from inbox_agent.people import Concentration, concentration_of
from inbox_agent.response_times import Ask
from inbox_agent.sent_coverage import Proof
from inbox_agent.silence_gaps import Gap, Rhythm, notable_gaps
from inbox_agent.standing import (
    Period,
    Standing,
    WindowFigures,
    asks_by_period,
    known_figures,
    standing_of,
    state_of,
    window_figures,
)
from inbox_agent.survival import Figures
from inbox_agent.trends import Trends, trends_of
from inbox_agent.two_way_street import Street, street_of


@dataclass(frozen=True, slots=True)
class PartnerRecord:
    """Everything that is published of one partner, as known at `as_of`.

    `introductions` are found when the letters of all partners are laid side by side, not before.
    """

    partner: Partner
    as_of: datetime
    letters: tuple[Letter, ...]
    conversations: tuple[Conversation, ...]
    asks: tuple[Ask, ...]
    rhythm: Rhythm
    gaps: tuple[Gap, ...]
    kept_standards: tuple[KeptStandard, ...]
    alarm_record: tuple[PastAlarm, ...]
    alarm_counts: AlarmCounts
    contacts: tuple[Contact, ...]
    concentration: Concentration
    hints: tuple[IntroductionHint, ...]
    periods: tuple[tuple[Side, Period, Figures], ...]
    coverage: PartnerCoverage
    causes: tuple[Cause, ...]
    standing: Standing
    changes: Changes
    calendar: TheirCalendar
    absences: tuple[Absence, ...]
    street: Street
    trends: Trends
    drift: tuple[Drift, ...]
    introductions: Introductions = NO_INTRODUCTIONS
    #: By the key of a letter of theirs: the letter of ours that it answers first, held or missing.
    proofs: Mapping[str, ProofWord] = field(default_factory=dict)

    @property
    def next_change_at(self) -> datetime:
        """The first instant at which any part of it changes without new mail."""
        return self.changes.first

    @property
    def is_two_way(self) -> bool:
        """Whether both sides have written letters that count: so an organisation becomes a partner.

        One that stands in partners.toml is a partner in any case; with `discover = false` there
        only those are. An organisation is known by its domain; at public mail providers each
        address is one by itself.
        """
        return len({letter.side for letter in self.letters if letter.counts}) == 2


def measure(  # noqa: PLR0913, PLR0917 - all that a record is made of, and nothing else
    partner: Partner,
    messages: Iterable[Message],
    roster: Roster,
    terms: Terms,
    as_of: datetime,
    proofs: Sequence[Proof] = (),
) -> PartnerRecord:
    """The record of one partner: a pure function of its arguments.

    `messages` may be any superset of the partner's letters, in any order; nothing of another
    partner enters the record. `proofs` are of the letters of ours that the partner answered, up
    to `as_of` or beyond.
    """
    return record_of(mail_of(partner, messages, roster, terms, as_of, proofs))


def record_of(mail: PartnerMail, among: Collection[Period] | None = None) -> PartnerRecord:
    """The record made of a partner's mail; of `periods` only those `among` some, where said."""
    terms, as_of, asks = mail.terms, mail.as_of, mail.asks
    coverage = mail.coverage.year
    kept = kept_standards(
        asks, mail.letters, mail.rhythm, terms, as_of, is_blind=coverage.is_too_low
    )
    over_window = window_figures(asks, terms.cuts, mail.window, is_blind=coverage.is_too_low)
    causes = _causes(mail, kept, over_window)
    verdict = state_of(causes, mail.rhythm, coverage, Dates(terms.clocks.us, as_of))
    alarms = alarm_record(mail.rhythm, terms, as_of)
    letters = Mail(mail.roster, mail.letters, mail.conversations, mail.told)
    return PartnerRecord(
        partner=mail.partner,
        as_of=as_of,
        letters=mail.letters,
        conversations=mail.conversations,
        asks=asks,
        rhythm=mail.rhythm,
        gaps=notable_gaps(mail.rhythm, terms),
        kept_standards=kept,
        alarm_record=alarms,
        alarm_counts=alarm_counts(alarms, terms.clocks.us.day_start(as_of)),
        contacts=mail.contacts,
        concentration=concentration_of(mail.letters, mail.window),
        hints=hints_of(mail.partner.key, mail.letters, mail.roster),
        periods=_periods(mail, among),
        coverage=mail.coverage,
        causes=causes,
        standing=standing_of(causes, verdict, over_window),
        changes=_changes(mail, kept, over_window),
        calendar=mail.calendar,
        absences=mail.absences,
        street=street_of(replace(letters, asks=asks), over_window, mail.window, terms),
        trends=trends_of(mail.told, terms, as_of),
        drift=drift_of(letters, terms, as_of),
        proofs=mail.proofs,
    )


def _causes(
    mail: PartnerMail, kept: Sequence[KeptStandard], over_window: WindowFigures
) -> tuple[Cause, ...]:
    dates = Dates(mail.terms.clocks.us, mail.as_of)
    found = (
        causes_in_asks(mail.told, over_window.ours, over_window.theirs, dates),
        causes_in_silence(mail.rhythm, mail.told, dates),
        causes_in_standards(kept, dates),
        causes_in_people(mail.contacts, dates),
    )
    return most_urgent_first([cause for causes in found for cause in causes])


def _periods(
    mail: PartnerMail, among: Collection[Period] | None
) -> tuple[tuple[Side, Period, Figures], ...]:
    """By direction, kind of period and name."""
    found = asks_by_period(mail.asks, mail.terms.clocks.us, among)
    ordered = sorted(found, key=lambda where: (where[0], where[1].kind, where[1].name))
    is_blind = mail.coverage.year.is_too_low
    return tuple(
        (*where, known_figures(found[where], mail.terms.cuts, is_blind=is_blind))
        for where in ordered
    )


def _changes(
    mail: PartnerMail, kept: Sequence[KeptStandard], over_window: WindowFigures
) -> Changes:
    """The first instants at which any part of the record changes without new mail."""
    found = next_change(mail.asks, mail.rhythm, over_window.ours, mail.terms, mail.as_of)
    instants = [found.at, *(each.changes_at for each in kept if each.changes_at)]
    instants += [absence.until for absence in mail.absences if absence.is_open]
    return Changes(min(instants), found.asks_at)
