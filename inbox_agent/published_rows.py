"""Records to the rows of the published tables: one function a table, column names as keys.

What the columns mean is said in `inbox_agent.catalogue`; here they are only filled.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

from inbox_agent.addresses import Partner, Side
from inbox_agent.business_clock import DAY_NAMES, BusinessClock
from inbox_agent.learned_clock import TheirCalendar
from inbox_agent.letters import Letter
from inbox_agent.measure import PartnerRecord
from inbox_agent.privacy import Privacy
from inbox_agent.response_times import Ask
from inbox_agent.silence_gaps import RHYTHM_REACH
from inbox_agent.standards import Cuts
from inbox_agent.standing import Period, asks_by_period
from inbox_agent.survival import Figures, figures

Row = Mapping[str, Any]

_FIGURES = tuple(each.name for each in fields(Figures))
_figures_of = attrgetter(*_FIGURES)


def text_of(at: datetime | None) -> str | None:
    """An instant as the tables hold it: UTC, whole seconds, ISO 8601 with ``Z``."""
    return None if at is None else f"{at.isoformat(timespec='seconds')[:19]}Z"


def partners(records: Iterable[PartnerRecord], privacy: Privacy) -> Iterator[Row]:
    """One row per partner, with the fields that the team keeps of it."""
    for record in records:
        partner = record.partner
        counting = [letter for letter in record.letters if letter.counts]
        inbound = [letter.at for letter in counting if letter.side == "them"]
        outbound = [letter.at for letter in counting if letter.side == "us"]
        contact_at = [letter.at for letter in record.letters if letter.is_contact]
        yield {
            "partner": privacy.partner(partner.key),
            "name": partner.name or None,
            "owner": partner.owner,
            "tier": partner.tier,
            "domains": _domains(partner, privacy),
            "as_of": text_of(record.as_of),
            "first_contact_at": text_of(contact_at[0]) if contact_at else None,
            "last_inbound_at": text_of(inbound[-1]) if inbound else None,
            "last_outbound_at": text_of(outbound[-1]) if outbound else None,
            "messages_in": len(inbound),
            "messages_out": len(outbound),
            "conversations": sum(bool(c.counting) for c in record.conversations),
            "contacts": sum(c.side == "them" and c.messages > 0 for c in record.contacts),
            **_calendar(record.calendar),
            **dict(partner.fields),
        }


def _calendar(calendar: TheirCalendar) -> Row:
    clock = calendar.clock
    return {
        "their_timezone": clock.zone.key,
        "their_timezone_from": calendar.zone_from,
        "their_timezone_evidence": calendar.zone_evidence,
        "their_days": ", ".join(DAY_NAMES[day] for day in sorted(clock.weekdays)),
        "their_hours": ", ".join(
            f"{opening:%H:%M}-{f'{closing:%H:%M}' if closing > opening else '24:00'}"
            for opening, closing in clock.hours
        ),
        "their_hours_from": calendar.hours_from,
        "their_hours_evidence": calendar.hours_evidence,
    }


def _domains(partner: Partner, privacy: Privacy) -> str:
    merged = (merger.domain for merger in partner.merged)
    addresses = map(privacy.partner, partner.addresses)
    return ", ".join((*partner.domains, *merged, *addresses))


def response_times(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per ask."""
    episode = {e.key: n for c in record.conversations for n, e in enumerate(c.episodes, start=1)}
    for ask in record.asks:
        yield {
            "response": ask.key,
            "partner": privacy.partner(record.partner.key),
            "conversation": ask.conversation,
            "episode": episode[ask.episode],
            "responder": ask.responder,
            "is_first": int(ask.is_first),
            "asked_at": text_of(ask.asked_at),
            "asked_by": _author(ask.letter, privacy),
            "answered_at": text_of(ask.answered_at),
            "answered_by": _author(ask.reply, privacy) if ask.reply else None,
            "outcome": ask.outcome,
            "response_seconds": ask.response_seconds,
            "business_seconds": ask.business_seconds,
            "absent_seconds": ask.absent_seconds,
            "nudges": ask.nudges,
            "first_nudge_at": text_of(ask.first_nudge_at),
            "last_nudge_at": text_of(ask.last_nudge_at),
            "due_at": text_of(ask.due_at),
            "met_standard": flag(ask.met_standard),
            "needs_reply": ask.needs_reply,
            "needs_reply_because": "; ".join(ask.reasons),
            "reply_likelihood": ask.likelihood,
            "counts": int(ask.is_in_figures),
            "why_not": ask.why_not,
            "answered_elsewhere_at": text_of(ask.answered_elsewhere_at),
            "basis": ask.basis,
        }


def _author(letter: Letter, privacy: Privacy) -> str | None:
    """Who wrote it; in a Sent folder lie letters by others, too, who are none of our people."""
    is_ours = letter.side == "us" and "sent_by_other_address" not in letter.flags
    if letter.side == "us" and not privacy.our_people:
        return "us"
    if letter.author is None:
        return None
    return letter.author.key if is_ours else privacy.person(letter.author.key)


def response_times_by_period(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per direction and period with asks."""
    for responder, period, found in record.periods:
        yield {
            "partner": privacy.partner(record.partner.key),
            "responder": responder,
            "period": period.name,
            "period_kind": period.kind,
            **figure_columns(found),
        }


def team_by_period(
    records: Sequence[PartnerRecord], clock: BusinessClock, cuts: Cuts
) -> Iterator[Row]:
    """One row per scope (team, owners, tiers), direction and period: asks pooled, not means."""
    scopes: dict[str, list[PartnerRecord]] = defaultdict(list)
    for record in records:
        scopes["team"].append(record)
        if record.partner.owner:
            scopes[f"owner:{record.partner.owner}"].append(record)
        if record.partner.tier:
            scopes[f"tier:{record.partner.tier}"].append(record)
    for scope in sorted(scopes):
        pooled: dict[tuple[Side, Period], list[Ask]] = defaultdict(list)
        partners_in: Counter[tuple[Side, Period]] = Counter()
        for record in scopes[scope]:
            for where, found in asks_by_period(record.asks, clock).items():
                if where[0] == "us" and record.coverage.year.is_too_low:
                    continue  # how fast we answer them is unknown
                pooled[where].extend(found)
                partners_in[where] += 1
        for (responder, period), asks in pooled.items():
            yield {
                "scope": scope,
                "responder": responder,
                "period": period.name,
                "period_kind": period.kind,
                "partners": partners_in[responder, period],
                **figure_columns(figures(asks, cuts)),
            }


def silence_gaps(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per notable gap, and the open one; what ages is left to the view."""
    rhythm = record.rhythm
    for gap in record.gaps:
        days = gap.gap_working_days
        yield {
            "gap": gap.key,
            "partner": privacy.partner(record.partner.key),
            "began_at": text_of(gap.began_at),
            "ended_at": text_of(gap.ended_at),
            "gap_seconds": gap.gap_seconds,
            "gap_working_days": days,
            "usual_gap_working_days": rhythm.usual_gap_working_days,
            "times_usual": None if days is None else rhythm.times_usual(days),
            "chance": None if days is None else rhythm.chance(days),
            "last_from": gap.last_from,
            "broken_by": gap.broken_by,
            "is_open": int(gap.is_open),
        }


def contact_gaps(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per gap of the 12 months before the last contact and since, the open one too."""
    rhythm = record.rhythm
    since = (rhythm.last_contact_at or record.as_of) - RHYTHM_REACH
    for gap in rhythm.gaps:
        if gap.ended_at is None or gap.ended_at > since:
            yield {
                "gap": gap.key,
                "partner": privacy.partner(record.partner.key),
                "began_at": text_of(gap.began_at),
                "ended_at": text_of(gap.ended_at),
                "gap_working_days": gap.gap_working_days,
                "last_from": gap.last_from,
                "broken_by": gap.broken_by,
            }


def gap_lengths(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """How often each length of gap occurred in the 12 months before `as_of`."""
    for length, count in sorted(Counter(record.rhythm.lengths).items()):
        yield {
            "partner": privacy.partner(record.partner.key),
            "gap_working_days": length,
            "gaps": count,
        }


def conversations(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per conversation in which somebody wrote."""
    waiting = {
        ask.conversation: ask for ask in record.asks if ask.is_waiting(record.as_of)
    }  # asks are in order, so the latest asked stands
    for conversation in record.conversations:
        counting = conversation.counting
        if not counting:
            continue
        instants = [letter.instant for letter in counting]
        ask = waiting.get(conversation.key)
        yield {
            "conversation": conversation.key,
            "partner": privacy.partner(record.partner.key),
            "subject": privacy.subject(counting[0].subject),
            "opened_at": text_of(counting[0].at),
            "started_at": text_of(min(instants)),
            "last_at": text_of(max(instants)),
            "opened_by": counting[0].side,
            "messages": len(counting),
            "turns": sum(len(episode.turns) for episode in conversation.episodes),
            "episodes": len(conversation.episodes),
            "waiting_on": ask.responder if ask else None,
            "waiting_since_at": text_of(ask.asked_at) if ask else None,
            "search_row": int(conversation.key[:15], 16),  # 60 bits of the digest
        }


def messages(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per letter, counted or not, with the rule that decided."""
    conversation_of = {key: c.key for c in record.conversations if c.counting for key in c.links}
    links = {key: link for c in record.conversations for key, link in c.links.items()}
    for letter in record.letters:
        yield {
            "partner": privacy.partner(record.partner.key),
            "message": letter.key,
            "conversation": conversation_of.get(letter.key),
            "at": text_of(letter.at),
            "at_source": letter.at_source,
            "side": letter.side,
            "kind": letter.kind,
            "rule": letter.rule,
            "counts": int(letter.counts),
            "why_not": letter.why_not,
            "from_address": _author(letter, privacy),
            "subject": privacy.subject(letter.subject),
            "flags": " ".join(letter.flags) or None,
            "parent": links[letter.key].parent,
            "link": links[letter.key].how,
            "split_from": links[letter.key].split_from,
            "proves": record.proofs.get(letter.key),
        }


def working_days(clock: BusinessClock, first: date, last: date) -> Iterator[Row]:
    """Our working days numbered, so that a view can count those between two instants."""
    day, number = first, 0
    while day <= last:
        number += clock.is_working_day(day)
        yield {
            "day": day.isoformat(),
            "begins_at": text_of(clock.midnight(day)),
            "ends_at": text_of(clock.midnight(day + timedelta(days=1))),
            "is_working": int(clock.is_working_day(day)),
            "working_days": number,
        }
        day += timedelta(days=1)


def figure_columns(found: Figures) -> dict[str, Any]:
    """FIGURES of one set of asks, by column."""
    columns = dict(zip(_FIGURES, _figures_of(found), strict=True))
    columns["p50_reached"] = flag(found.p50_reached)
    return columns


def flag(value: bool | None) -> int | None:
    """A truth as the tables hold it: 1, 0 or NULL."""
    return None if value is None else int(value)
