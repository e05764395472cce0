"""Introductions as they show in mail: an organisation that was never there before, and stayed.

Received: somebody of a partner writes to us with a newcomer among the recipients, and then the
newcomer and we write to each other. Given: we write to a partner with somebody we know among
the recipients, and then the two write to each other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox_agent.automatic import is_no_reply
from inbox_agent.newcomers import Exchanges, Hints, IntroductionHint, Sightings
from inbox_agent.silence_gaps import RHYTHM_REACH

#: What the mail of so long a time has not seen may be called new.
KNOWN_AFTER = timedelta(days=90)
#: Who stood in our mail so long before is known to us.
_KNOWN_FOR = timedelta(days=1)
_TAKEN_UP_WITHIN = timedelta(days=30)
_ALIVE_AFTER = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Introduction:
    """A newcomer whom a partner introduced to us (`received`), or whom we introduced to it.

    `taken_up_at` is the first letter between the two that followed; the introduction shows only
    from then on. `alive_after_90_days` is None while 90 days are not over.
    """

    partner: str
    newcomer: str
    introduced_by: str | None
    introduced_at: datetime
    received: bool
    taken_up_at: datetime
    answered_at: datetime | None
    alive_after_90_days: bool | None


@dataclass(frozen=True, slots=True)
class Introductions:
    """How many organisations they introduced to us, and we to them, in the last 12 months.

    Good for what a partnership gives besides answers. Counted by the letter that introduced, up to
    the last midnight.
    """

    #: All of the partner's, oldest first.
    rows: tuple[Introduction, ...] = ()
    received: int = 0
    given: int = 0


NO_INTRODUCTIONS = Introductions()


@dataclass(frozen=True, slots=True)
class Likely:
    """A hint that holds against all the mail, and the newcomers of it who are people."""

    hints: Hints
    hint: IntroductionHint
    people: tuple[str, ...]


def likely(found: Iterable[Hints], sightings: Sightings) -> tuple[Likely, ...]:
    """The hints at somebody new to us from a partner, or at somebody known to us from us."""
    held = (
        Likely(each, hint, _people(hint, sightings, each.as_of))
        for each in found
        for hint in each.hints
        if _holds(each.partner, hint, sightings)
    )
    return tuple(each for each in held if each.people)


def _holds(partner: str, hint: IntroductionHint, sightings: Sightings) -> bool:
    first_at, began_at = sightings.first_at.get(hint.organisation), sightings.began_at
    if first_at is None or began_at is None or hint.at < began_at + KNOWN_AFTER:
        return False
    if hint.side == "them":
        return first_at >= hint.at
    together_at = sightings.together_at.get((partner, hint.organisation), hint.at)
    return first_at <= hint.at - _KNOWN_FOR and together_at >= hint.at


def _people(hint: IntroductionHint, sightings: Sightings, as_of: datetime) -> tuple[str, ...]:
    """The newcomers who are, by what is known then, no mailing lists, nor read by nobody."""

    def is_list(address: str) -> bool:
        since = sightings.lists.get(address.replace("@", "."))
        return since is not None and since <= as_of

    return tuple(
        address
        for address in hint.newcomers
        if not is_list(address) and not is_no_reply(address.rpartition("@")[0])
    )


def introductions(
    found: Iterable[Likely], exchanges: Mapping[str, Exchanges]
) -> Mapping[str, Introductions]:
    """Who introduced whom, by partner: an organisation that came in by a letter, and stayed.

    Received: a partner we knew writes to us with somebody in To or Cc whose organisation stood in
    none of our mail before; within 30 days somebody of it asks us, or we write to them without the
    partner in To. Given: we write to a partner we knew with somebody in To or Cc whose organisation
    we had known for a day, but which had stood in no letter with that partner, whoever wrote it;
    within 30 days one of the two writes with the other in To or Cc. Each organisation once; at
    public mail providers each person. Letters to more than 10 people or to a third organisation,
    lists and automatic addresses introduce nobody; in the first 90 days of our mail nobody is new.
    Forwards count. What the two write without us stays unknown.
    """
    by_partner: dict[str, list[Introduction]] = defaultdict(list)
    midnights: dict[str, datetime] = {}
    for each in found:
        theirs = exchanges.get(each.hint.organisation, _NOTHING)
        partners = exchanges.get(each.hints.partner, _NOTHING)
        is_received = each.hint.side == "them"
        result = _received(each, theirs) if is_received else _given(each, theirs, partners)
        if result:
            by_partner[each.hints.partner].append(result)
            midnights[each.hints.partner] = each.hints.midnight
    return {partner: counted(rows, midnights[partner]) for partner, rows in by_partner.items()}


def counted(rows: Iterable[Introduction], midnight: datetime) -> Introductions:
    """One partner's introductions in order, with those of the last 12 months counted."""
    ordered = tuple(sorted(rows, key=lambda row: (row.introduced_at, row.newcomer)))
    since = midnight - RHYTHM_REACH
    recent = [row.received for row in ordered if since <= row.introduced_at < midnight]
    return Introductions(ordered, recent.count(True), recent.count(False))


_Wrote = Sequence[tuple[datetime, str]]
_NOTHING = Exchanges((), {}, ())


def _received(each: Likely, theirs: Exchanges) -> Introduction | None:
    """The newcomer and we wrote to each other."""
    wrote = _after(each, theirs.to_us)
    ours = (at for at, asked in theirs.from_us if each.hints.partner not in asked)
    return _introduction(each, wrote, ours)


def _given(each: Likely, theirs: Exchanges, partners: Exchanges) -> Introduction | None:
    """The newcomer and the partner wrote to each other."""
    wrote = _after(each, theirs.to_others.get(each.hints.partner, ()))
    back = _after(each, partners.to_others.get(each.hint.organisation, ()))
    return _introduction(each, wrote, (at for at, _ in back))


def _after(each: Likely, wrote: _Wrote) -> _Wrote:
    """The letters after the hint that the partner's record may know of."""

    def instant(letter: tuple[datetime, str]) -> datetime:
        return letter[0]

    first = bisect_right(wrote, each.hint.at, key=instant)
    return wrote[first : bisect_right(wrote, each.hints.as_of, key=instant)]


def _introduction(each: Likely, wrote: _Wrote, back: Iterable[datetime]) -> Introduction | None:
    """`wrote` are the newcomer's letters to the other since, `back` those to the newcomer."""
    hint, over_at = each.hint, each.hint.at + _ALIVE_AFTER
    soon = min(hint.at + _TAKEN_UP_WITHIN, each.hints.as_of)
    taken_up = [at for at in (*(at for at, _ in wrote[:1]), *back) if hint.at < at <= soon]
    if not taken_up:
        return None
    newcomer = next((address for _, address in wrote if address in each.people), each.people[0])
    is_alive = any(at > over_at for at, _ in wrote)
    return Introduction(
        partner=each.hints.partner,
        newcomer=newcomer,
        introduced_by=hint.introduced_by,
        introduced_at=hint.at,
        received=hint.side == "them",
        taken_up_at=min(taken_up),
        answered_at=wrote[0][0] if wrote else None,
        alive_after_90_days=None if each.hints.midnight < over_at else is_alive,
    )
