"""What a partner's letters say: conversations, asks, rhythm, people, and by whose clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from inbox_agent.absences import Absence, absences_of
from inbox_agent.addresses import Partner, Roster
from inbox_agent.blind_spot import (
    PartnerCoverage,
    ProofWord,
    partner_coverage,
    unseen_by,
    witnesses_of,
)
from inbox_agent.business_clock import Terms
from inbox_agent.contacts import Contact, contacts_of
from inbox_agent.conversations import Conversation, conversations_of
from inbox_agent.learned_clock import TheirCalendar, their_calendar
from inbox_agent.letters import Letter, letters_of
from inbox_agent.messages import Message
from inbox_agent.response_times import Ask, asks_in, rules_of
from inbox_agent.sent_coverage import Proof
from inbox_agent.silence_gaps import Rhythm, rhythm_of
from inbox_agent.standing import window


@dataclass(frozen=True, slots=True)
class PartnerMail:
    """What a partner's letters say before anything is held against anybody.

    `terms` have the partner's own clock, learned where the config says nothing of it; `told` are
    the asks that something can be said of: without what was asked of us, where too little of what
    we sent is held to tell what was answered.
    """

    partner: Partner
    roster: Roster
    terms: Terms
    as_of: datetime
    calendar: TheirCalendar
    absences: tuple[Absence, ...]
    letters: tuple[Letter, ...]
    conversations: tuple[Conversation, ...]
    coverage: PartnerCoverage
    asks: tuple[Ask, ...]
    rhythm: Rhythm
    contacts: tuple[Contact, ...]
    proofs: Mapping[str, ProofWord]

    @property
    def told(self) -> tuple[Ask, ...]:
        """The asks that something can be said of."""
        if not self.coverage.year.is_too_low:
            return self.asks
        return tuple(ask for ask in self.asks if ask.responder == "them")

    @property
    def window(self) -> tuple[datetime, datetime]:
        """The ends of the window."""
        return window(self.terms.cuts, self.terms.clocks.us, self.as_of)


@dataclass(frozen=True)
class Ground:
    """What conversations and asks of a partner are looked at with.

    `said` are the terms as the config has them, `proofs` all there are, known at `as_of` or not.
    """

    partner: Partner
    roster: Roster
    said: Terms
    as_of: datetime
    proofs: Sequence[Proof]
    letters: tuple[Letter, ...]
    calendar: TheirCalendar

    @cached_property
    def terms(self) -> Terms:
        """The terms with the partner's own clock."""
        clocks = replace(self.said.clocks, them=self.calendar.clock)
        return replace(self.said, clocks=clocks)

    @cached_property
    def known(self) -> tuple[Proof, ...]:
        """The proofs that are known."""
        return tuple(proof for proof in self.proofs if proof.answered_at <= self.as_of)

    @cached_property
    def absences(self) -> tuple[Absence, ...]:
        """When their people were away."""
        return absences_of(self.letters, self.as_of)

    @cached_property
    def witnesses(self) -> Mapping[str, ProofWord]:
        """Their letters that prove letters of ours."""
        return witnesses_of(self.letters, self.known)

    def asks(
        self, conversations: Sequence[Conversation], some: Sequence[Conversation] | None = None
    ) -> tuple[Ask, ...]:
        """The asks in all conversations, or in `some` of them."""
        unseen = unseen_by(self.witnesses)
        rules = rules_of(conversations, self.terms, self.as_of, unseen, self.absences, some)
        return asks_in(conversations if some is None else some, rules)

    def mail(self, conversations: tuple[Conversation, ...], asks: tuple[Ask, ...]) -> PartnerMail:
        """All put together."""
        key, us = self.partner.key, self.terms.clocks.us
        return PartnerMail(
            partner=self.partner,
            roster=self.roster,
            terms=self.terms,
            as_of=self.as_of,
            calendar=self.calendar,
            absences=self.absences,
            letters=self.letters,
            conversations=conversations,
            coverage=partner_coverage(self.known, us, self.as_of),
            asks=asks,
            rhythm=rhythm_of(key, self.letters, self.terms, self.as_of),
            contacts=contacts_of(key, conversations, self.roster, us, self.as_of),
            proofs=self.witnesses,
        )


def mail_of(  # noqa: PLR0913, PLR0917 - all that a record is made of, and nothing else
    partner: Partner,
    messages: Iterable[Message],
    roster: Roster,
    said: Terms,
    as_of: datetime,
    proofs: Sequence[Proof],
) -> PartnerMail:
    """A partner's mail, measured; the arguments are those of `measure`."""
    letters = letters_of(partner, messages, roster, as_of)
    calendar = their_calendar(letters, said.clocks, as_of)
    ground = Ground(partner, roster, said, as_of, proofs, letters, calendar)
    conversations = conversations_of(partner.key, letters, said.cuts)
    return ground.mail(conversations, ground.asks(conversations))
