"""Those who were never there before: whose letters they first stood in, and what they wrote since.

What one partner's letters say of it are hints; what all the mail knows of the newcomers are
sightings and exchanges. `introductions` joins them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from inbox_agent.addresses import Address, Roster, Side
from inbox_agent.authors import author_of, list_names
from inbox_agent.copies import recipients
from inbox_agent.instants import choose_at
from inbox_agent.letters import Letter
from inbox_agent.messages import Message

#: A letter to more people than that introduces nobody, and is nobody's answer.
MOST_RECIPIENTS = 10


@dataclass(frozen=True, slots=True)
class IntroductionHint:
    """A letter by which somebody of another organisation first stood in a partner's record.

    `newcomers` are the addresses of that `organisation` (a partner's key) in To and Cc;
    `introduced_by` is the author's address; `side` tells whether they or we wrote it;
    `message_ids` are the letter's.
    """

    organisation: str
    newcomers: tuple[str, ...]
    introduced_by: str | None
    side: Side
    at: datetime
    message_ids: tuple[str, ...]


# -- what one partner's letters say ---------------------------------------------------------


def hints_of(
    partner: str, letters: Iterable[Letter], roster: Roster
) -> tuple[IntroductionHint, ...]:
    """The letters by which others first stood in a partner's record, oldest first.

    Only the first letter that an organisation stands in counts: by a person, to at most 10
    people, not the first one of the record, with nobody of a further organisation: that would be
    a circle. The newcomer must see in it whom it meets: us, or the partner, in To or Cc.
    """
    met: set[str] = set()
    found: list[IntroductionHint] = []
    is_known = False
    inside = _Inside(partner, roster, {})
    for letter in letters:
        if letter.at is None:
            continue
        if inside.holds_all(letter):
            is_known = is_known or letter.counts
            continue
        outside = _outsiders(partner, letter, roster)
        fresh = {name: people for name, people in outside.items() if name not in met}
        met |= fresh.keys()
        if is_known and letter.counts and len(outside) == 1 and _is_open(partner, letter, roster):
            found.extend(
                IntroductionHint(
                    organisation=name,
                    newcomers=tuple(address.key for address in people),
                    introduced_by=letter.author.key if letter.author else None,
                    side=letter.side,
                    at=letter.at,
                    message_ids=letter.message_ids,
                )
                for name, people in fresh.items()
            )
        is_known = is_known or letter.counts
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Inside:
    """Who is us, of the partner or of nobody, by address; nearly all letters go to them alone."""

    partner: str
    roster: Roster
    _known: dict[str, bool]

    def holds_all(self, letter: Letter) -> bool:
        """Whether nobody else is in To or Cc."""
        return all(map(self._holds, (*letter.to, *letter.cc)))

    def _holds(self, address: Address) -> bool:
        known = self._known.get(address.key)
        if known is None:
            known = self.roster.partner_of(address) in (None, self.partner)
            self._known[address.key] = known
        return known


def _outsiders(partner: str, letter: Letter, roster: Roster) -> Mapping[str, list[Address]]:
    """The recipients in To and Cc who are of other organisations, by whose they are."""
    found: dict[str, list[Address]] = defaultdict(list)
    for address in {a.key: a for a in (*letter.to, *letter.cc)}.values():
        owner = roster.partner_of(address)
        if owner and owner != partner and roster.partner_of(address, letter.at) != partner:
            found[owner].append(address)
    return found


def _is_open(partner: str, letter: Letter, roster: Roster) -> bool:
    """Whether the letter is to few, and those whom the newcomer is to meet are in To or Cc."""
    people = (*letter.to, *letter.cc)
    if not _is_to_few(letter):
        return False
    if letter.side == "them":
        return any(roster.is_us(a) or roster.is_our_list(a) for a in people)
    return any(roster.partner_of(a, letter.at) == partner for a in people)


def _is_to_few(letter: Letter) -> bool:
    return len({a.key for a in (*letter.to, *letter.cc, *letter.bcc)}) <= MOST_RECIPIENTS


# -- what all the mail knows of the newcomers -----------------------------------------------


@dataclass(frozen=True, slots=True)
class Hints:
    """The hints of one partner, the instant it is known at, and the last midnight before that."""

    partner: str
    hints: Sequence[IntroductionHint]
    as_of: datetime
    midnight: datetime


@dataclass(frozen=True, slots=True)
class Sightings:
    """When our mail began, when each organisation first stood in it, and what are lists.

    `together_at`: when a partner and an organisation first stood in one letter, whoever wrote it,
    but the letter of the hint itself. `lists` are addresses of mailing lists, with a dot for the
    ``@``, and when each was first known to be one.
    """

    began_at: datetime | None
    first_at: Mapping[str, datetime]
    together_at: Mapping[tuple[str, str], datetime]
    lists: Mapping[str, datetime]

    @classmethod
    def among(cls, held: Iterable[Message], roster: Roster, found: Iterable[Hints]) -> Sightings:
        """Of all copies held, whoever wrote them; only of the organisations hinted at."""
        wanted = {each.partner: {x.organisation: x for x in each.hints} for each in found}
        hinted = {organisation for hints in wanted.values() for organisation in hints}
        first_at: dict[str, datetime] = {}
        together_at: dict[tuple[str, str], datetime] = {}
        lists: dict[str, datetime] = {}
        began_at: datetime | None = None
        for copy in held if hinted else ():
            at, _ = choose_at(copy, roster.received_by)
            if at is None:
                continue
            began_at = min(began_at or at, at)
            for name in list_names(copy):
                lists[name] = min(lists.get(name, at), at)
            there = organisations_in(copy, roster)
            for organisation in there & hinted:
                first_at[organisation] = min(first_at.get(organisation, at), at)
            for partner in there & wanted.keys():
                for organisation in there & wanted[partner].keys():
                    if copy.message_id not in wanted[partner][organisation].message_ids:
                        pair = partner, organisation
                        together_at[pair] = min(together_at.get(pair, at), at)
        return cls(began_at, first_at, together_at, lists)


def organisations_in(copy: Message, roster: Roster) -> set[str]:
    """Whoever of others stands in a copy, whoever wrote it."""
    author = author_of(copy, roster)
    people = (*((author,) if author else ()), *recipients(copy))
    return {owner for owner in map(roster.partner_of, people) if owner}


@dataclass(frozen=True, slots=True)
class Exchanges:
    """The letters of people of one organisation, and ours to them, as (instant, address), sorted.

    `to_us`: what asks us. `to_others`: by the organisation that stands in To or Cc. `from_us`:
    ours with them in To, with all the organisations that stand there.
    """

    to_us: tuple[tuple[datetime, str], ...]
    to_others: Mapping[str, tuple[tuple[datetime, str], ...]]
    from_us: tuple[tuple[datetime, frozenset[str]], ...]

    @classmethod
    def of(cls, organisation: str, letters: Iterable[Letter], roster: Roster) -> Exchanges:
        """Of the letters of an organisation's record: by people, to at most 10 people each."""
        to_us: list[tuple[datetime, str]] = []
        to_others: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
        from_us: list[tuple[datetime, frozenset[str]]] = []
        for letter in letters:
            if not letter.counts or not _is_to_few(letter):
                continue
            if letter.side == "us":
                asked = frozenset(filter(None, map(roster.partner_of, letter.to)))
                from_us += [(letter.instant, asked)] if organisation in asked else []
            elif letter.author is not None:
                wrote = (letter.instant, letter.author.key)
                to_us += [wrote] if letter.is_addressed else []
                for other in _outsiders(organisation, letter, roster):
                    to_others[other].append(wrote)
        return cls(
            tuple(sorted(to_us)),
            {other: tuple(sorted(found)) for other, found in to_others.items()},
            tuple(sorted(from_us, key=lambda each: each[0])),
        )
