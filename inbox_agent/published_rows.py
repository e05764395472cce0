"""Records to the rows of the published tables: one function a table, column names as keys.

What the columns mean is said in `inbox_agent.catalogue`; here they are only filled.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any

from inbox_agent.addresses import Partner, Side
from inbox_agent.business_clock import DAY_NAMES, BusinessClock
from inbox_agent.learned_clock import TheirCalendar
from inbox_agent.letters import Letter
from inbox_agent.measure import PartnerRecord
from inbox_agent.privacy import Privacy
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts
from inbox_agent.standing import Period, asks_by_period
from inbox_agent.survival import Figures, figures
from inbox_agent.threads import Link

Row = Mapping[str, Any]

_ORDER = attrgetter("order")


def text_of(at: datetime | None) -> str | None:
    """An instant as the tables hold it: UTC, whole seconds, ISO 8601 with ``Z``."""
    if at is None:
        return None  # put together here, as isoformat() takes five times as long
    return f"{_day(at.toordinal())}T{_TWO[at.hour]}:{_TWO[at.minute]}:{_TWO[at.second]}Z"


_TWO = tuple(f"{number:02d}" for number in range(60))


@lru_cache(maxsize=16_384)
def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


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
            "conversations": sum(bool(c.episodes) for c in record.conversations),
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
    partner = privacy.partner(record.partner.key)
    episode = {e.key: n for c in record.conversations for n, e in enumerate(c.episodes, start=1)}
    for ask in record.asks:
        why_not = ask.why_not
        yield {
            "response": ask.key,
            "partner": partner,
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
            "counts": int(why_not is None),
            "why_not": why_not,
            "answered_elsewhere_at": text_of(ask.answered_elsewhere_at),
            "basis": ask.basis,
        }


def _author(letter: Letter, privacy: Privacy) -> str | None:
    """Who wrote it; in a Sent folder lie letters by others, too, who are none of our people."""
    is_from_us = letter.side == "us"
    if is_from_us and not privacy.our_people:
        return "us"
    if letter.author is None:
        return None
    is_ours = is_from_us and "sent_by_other_address" not in letter.flags
    return letter.author.key if is_ours else privacy.person(letter.author.key)


def response_times_by_period(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per direction and period with asks."""
    partner = privacy.partner(record.partner.key)
    for responder, period, found in record.periods:
        yield {
            "partner": partner,
            "responder": responder,
            "period": period.name,
            "period_kind": period.kind,
            **figure_columns(found),
        }


def team_by_period(
    records: Sequence[PartnerRecord], clock: BusinessClock, cuts: Cuts
) -> Iterator[Row]:
    """One row per scope (team, owners, tiers), direction and period: asks pooled, not means."""
    pooled: dict[tuple[str, Side, Period], list[Ask]] = defaultdict(list)
    partners_in: Counter[tuple[str, Side, Period]] = Counter()
    for record in records:
        scopes, is_blind = scopes_of(record.partner), record.coverage.year.is_too_low
        for (side, period), asks in asks_by_period(record.asks, clock).items():
            if side == "us" and is_blind:
                continue  # how fast we answer them is unknown
            for scope in scopes:
                pooled[scope, side, period].extend(asks)
                partners_in[scope, side, period] += 1
    for where, asks in pooled.items():
        scope, responder, period = where
        yield {
            "scope": scope,
            "responder": responder,
            "period": period.name,
            "period_kind": period.kind,
            "partners": partners_in[where],
            **figure_columns(figures(asks, cuts)),
        }


def scopes_of(partner: Partner) -> tuple[str, ...]:
    """In which pools of `team_by_period` a partner's asks are."""
    owner = (f"owner:{partner.owner}",) if partner.owner else ()
    tier = (f"tier:{partner.tier}",) if partner.tier else ()
    return ("team", *owner, *tier)


def conversations(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per conversation in which somebody wrote."""
    waiting = {
        ask.conversation: ask
        for ask in record.asks
        if ask.reply is None and ask.is_waiting(record.as_of)  # most have a reply
    }  # asks are in order, so the latest asked stands
    for conversation in record.conversations:
        counting = conversation.counting
        if not counting:
            continue
        by_instant = sorted(counting, key=_ORDER)
        ask = waiting.get(conversation.key)
        yield {
            "conversation": conversation.key,
            "partner": privacy.partner(record.partner.key),
            "subject": privacy.subject(counting[0].subject),
            "opened_at": text_of(counting[0].at),
            "started_at": text_of(by_instant[0].at),
            "last_at": text_of(by_instant[-1].at),
            "opened_by": counting[0].side,
            "messages": len(counting),
            "turns": sum([len(episode.turns) for episode in conversation.episodes]),
            "episodes": len(conversation.episodes),
            "waiting_on": ask.responder if ask else None,
            "waiting_since_at": text_of(ask.asked_at) if ask else None,
            "search_row": int(conversation.key[:15], 16),  # 60 bits of the digest
        }


def messages(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per letter, counted or not, with the rule that decided."""
    partner = privacy.partner(record.partner.key)
    conversation_of, links = dict[str, str](), dict[str, Link]()
    for conversation in record.conversations:
        keys = [letter.key for letter in conversation.letters]
        links.update(zip(keys, conversation.links, strict=True))
        if conversation.episodes:
            conversation_of.update(dict.fromkeys(keys, conversation.key))
    for letter in record.letters:
        link = links[letter.key]
        yield {
            "partner": partner,
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
            "parent": link.parent,
            "link": link.how,
            "split_from": link.split_from,
            "proves": record.proofs.get(letter.key),
        }


def working_days(clock: BusinessClock, first: date, last: date) -> Iterator[Row]:
    """Our working days numbered, so that a view can count those between two instants."""
    day, number, begins_at = first, 0, text_of(clock.midnight(first))
    while day <= last:
        is_working, next_day = int(clock.is_working_day(day)), day + timedelta(days=1)
        number += is_working
        ends_at = text_of(clock.midnight(next_day))
        yield {
            "day": day.isoformat(),
            "begins_at": begins_at,
            "ends_at": ends_at,
            "is_working": is_working,
            "working_days": number,
        }
        day, begins_at = next_day, ends_at


def figure_columns(found: Figures) -> dict[str, Any]:
    """FIGURES of one set of asks, by column."""
    return {
        "asks": found.asks,
        "answered": found.answered,
        "open": found.open,
        "lapsed": found.lapsed,
        "response_rate": found.response_rate,
        "rate_so_far": found.rate_so_far,
        "followed_seconds": found.followed_seconds,
        "p50_seconds": found.p50_seconds,
        "p50_reached": flag(found.p50_reached),
        "p90_seconds": found.p90_seconds,
        "p50_business_seconds": found.p50_business_seconds,
        "p90_business_seconds": found.p90_business_seconds,
        "answered_p50_seconds": found.answered_p50_seconds,
        "naive_p50_seconds": found.naive_p50_seconds,
        "naive_mean_seconds": found.naive_mean_seconds,
        "met_standard_share": found.met_standard_share,
    }


def flag(value: bool | None) -> int | None:
    """A truth as the tables hold it: 1, 0 or NULL."""
    return None if value is None else int(value)
