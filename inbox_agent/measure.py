"""The one function that turns a partner's letters into everything we say of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from inbox_agent.addresses import Partner, Roster, Side
from inbox_agent.business_clock import Terms
from inbox_agent.contacts import Contact, contacts_of
from inbox_agent.conversations import Conversation, conversations_of
from inbox_agent.letters import Letter, letters_of
from inbox_agent.messages import Message
from inbox_agent.response_times import Ask, asks_of
from inbox_agent.silence_gaps import Gap, Rhythm, notable_gaps, rhythm_of
from inbox_agent.standing import Period, Standing, asks_by_period, next_change, standing_of
from inbox_agent.survival import Figures, figures


@dataclass(frozen=True, slots=True)
class PartnerRecord:
    """Everything that is published of one partner, as known at `as_of`."""

    partner: Partner
    as_of: datetime
    letters: tuple[Letter, ...]
    conversations: tuple[Conversation, ...]
    asks: tuple[Ask, ...]
    rhythm: Rhythm
    gaps: tuple[Gap, ...]
    contacts: tuple[Contact, ...]
    periods: tuple[tuple[Side, Period, Figures], ...]
    standing: Standing
    next_change_at: datetime

    @property
    def is_two_way(self) -> bool:
        """Whether both sides have written letters that count."""
        return len({letter.side for letter in self.letters if letter.counts}) == 2


def measure(
    partner: Partner,
    messages: Iterable[Message],
    roster: Roster,
    terms: Terms,
    as_of: datetime,
) -> PartnerRecord:
    """The record of one partner: a pure function of its arguments.

    `messages` may be any superset of the partner's letters, in any order; nothing of another
    partner enters the record.
    """
    clock = terms.clocks.us
    letters = letters_of(partner, messages, roster, as_of)
    conversations = conversations_of(partner.key, letters, terms.cuts)
    asks = asks_of(conversations, terms, as_of)
    rhythm = rhythm_of(partner.key, letters, terms, as_of)
    by_period = asks_by_period(asks, clock)
    return PartnerRecord(
        partner=partner,
        as_of=as_of,
        letters=letters,
        conversations=conversations,
        asks=asks,
        rhythm=rhythm,
        gaps=notable_gaps(rhythm, terms),
        contacts=contacts_of(partner.key, letters, roster, clock, as_of),
        periods=tuple(
            (responder, period, figures(found, terms.cuts))
            for (responder, period), found in sorted(
                by_period.items(), key=lambda item: (item[0][0], item[0][1].kind, item[0][1].name)
            )
        ),
        standing=standing_of(asks, conversations, rhythm, terms, as_of),
        next_change_at=next_change(asks, rhythm, terms, as_of),
    )
