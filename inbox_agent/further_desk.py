"""What came to one partner since its mail was kept, and its record with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from inbox_agent.automatic_answers import AT_ONCE_SECONDS
from inbox_agent.copies import cited_ids
from inbox_agent.earlier_mail import Earlier, moved_on
from inbox_agent.further_mail import Frame, Further, MustBeWholeError, further_mail
from inbox_agent.instants import choose_at
from inbox_agent.kept_mail import Kept
from inbox_agent.letters import row_key
from inbox_agent.measure import PartnerRecord, record_of
from inbox_agent.messages import Message
from inbox_agent.partner_desk import Desk, Ids
from inbox_agent.published_parts import Only
from inbox_agent.sent_coverage import Proof, proofs_of
from inbox_agent.sorted_mail import digest_of
from inbox_agent.standing import Period, periods_of

_AT_ONCE = timedelta(seconds=AT_ONCE_SECONDS)


@dataclass(frozen=True, slots=True)
class FurtherRecord:
    """A partner's record with what came; when the next copy comes, and what is kept of it."""

    record: PartnerRecord
    further: Further
    periods: frozenset[Period]
    arrival: int | None
    kept: Kept

    def rows_of(self, table: str) -> PartnerRecord:
        """The record as far as rows of a table may be others than before."""
        record, made = self.record, self.further.made
        if table == "messages":
            keys = {letter.key for c in made for letter in c.letters}
            letters = tuple(letter for letter in record.letters if letter.key in keys)
            return replace(record, letters=letters, conversations=made)
        if table not in ("conversations", "response_times"):
            return record
        keys = {c.key for c in self.further.looked_at}
        asks = tuple(ask for ask in record.asks if ask.conversation in keys)
        return replace(record, conversations=self.further.looked_at, asks=asks)

    def only(self) -> Mapping[str, Only]:
        """Which rows those are, by table."""
        every = (*self.further.looked_at, *self.further.gone.values())
        asks = frozenset(row_key(c.key, x.key) for c in every for x in c.letters)
        letters = frozenset(x.key for c in self.further.made for x in c.letters)
        return {
            "messages": Only("message", letters),
            "conversations": Only("conversation", frozenset(c.key for c in every)),
            "response_times": Only("response", asks),
            "response_times_by_period": Only("period", frozenset(p.name for p in self.periods)),
        }


@dataclass(frozen=True, slots=True)
class _Came:
    """What is not in what was kept: copies known by now, those due later, and what they prove."""

    copies: Mapping[int, Message]
    later: Sequence[Message]
    beside: Sequence[Message]
    proofs: Sequence[Proof]


def further_record(desk: Desk, number: int, key: str, earlier: Earlier) -> FurtherRecord:
    """The record of a partner out of what was kept and what came. Raises MustBeWholeError."""
    roster, config = desk.roster, desk.config
    if roster.has_mergers:
        raise MustBeWholeError("whose an address is hangs on the time")
    ((mailboxes,),) = desk.store.run("select mailboxes from parties where id = ?", (number,))
    until = desk.until(key, mailboxes)
    if until < earlier.as_of:
        raise MustBeWholeError("known up to an earlier time")
    partner = roster.partner(key)
    came = _came(desk, number, key, earlier, until)
    messages = [*came.copies.values(), *came.beside]
    further = further_mail(
        earlier, Frame(partner, roster, config.terms(partner), until), messages, came.proofs
    )
    later = moved_on(earlier, further.mail, further.gone, came.proofs, came.copies)
    periods = _periods(further)
    return FurtherRecord(
        record=record_of(further.mail, periods),
        further=further,
        periods=periods,
        arrival=desk.next_arrival(came.later, until),
        kept=Kept.of(later, earlier),
    )


def _periods(further: Further) -> frozenset[Period]:
    """In which there may be other asks, or with other outcomes, than there were."""
    clock = further.mail.terms.clocks.us
    every = (*further.looked_at, *further.gone.values())
    letters = (letter for c in every for letter in c.counting)
    return frozenset(period for each in letters for period in periods_of(each.instant, clock))


def _came(desk: Desk, number: int, key: str, earlier: Earlier, until: datetime) -> _Came:
    store, held = desk.store, earlier.all_copies()
    members = set(store.members(key))
    new = members - held
    if not held <= members or store.alike(new) & held:
        raise MustBeWholeError("copies of letters that were there")
    messages = desk.reader.load(new)
    known = {n: message for n, message in messages.items() if _is_known(message, desk, until)}
    beside = store.alike(store.with_ids(number, _ids_beside(known, desk, earlier))) & held
    proved = {proof.message_id for proof in earlier.all_proofs()}
    return _Came(
        copies=known,
        later=[message for n, message in messages.items() if n not in known],
        beside=list(desk.reader.load(beside).values()),
        proofs=[p for p in _proofs(desk, key, known, earlier) if p.message_id not in proved],
    )


def _is_known(message: Message, desk: Desk, until: datetime) -> bool:
    at, _ = choose_at(message, desk.roster.received_by)
    if at is None:
        raise MustBeWholeError("a letter without an instant")
    return at <= until


def _ids_beside(known: Mapping[int, Message], desk: Desk, earlier: Earlier) -> Iterator[int]:
    """The ids of the letters by which it is told what new ones are: cited, or ours just before."""
    found = cited_ids(known.values())
    instants = [choose_at(message, desk.roster.received_by)[0] for message in known.values()]
    first = min((at for at in instants if at), default=None)
    if first:
        for conversation in earlier.live:
            for letter in conversation.letters:
                if letter.side == "us" and letter.instant >= first - _AT_ONCE:
                    found.update(letter.message_ids)
    return (digest_of(name) for name in sorted(found))


def _proofs(
    desk: Desk, key: str, known: Mapping[int, Message], earlier: Earlier
) -> Collection[Proof]:
    as_of, default = desk.instants.as_of, desk.instants.default
    ids = Ids(desk.store)
    return proofs_of(key, known.values(), desk.roster, as_of, default, ids, earlier.hosts)
