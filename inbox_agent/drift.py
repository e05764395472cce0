"""What changes slowly in how a partner writes with us: small arrows, each with its proof.

Nothing is added up into one score: each measure stands alone, with its p-value and the letters
behind it. It is looked at once a month, as it was known at the local midnight that began it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Literal, TypeVar

from inbox_agent import drift_measures
from inbox_agent.addresses import Roster, Side
from inbox_agent.business_clock import Terms
from inbox_agent.comparisons import Basis, working_waits_at
from inbox_agent.conversations import Conversation, Episode
from inbox_agent.drift_measures import Direction, Finding
from inbox_agent.false_discoveries import FALSE_DISCOVERY_RATE
from inbox_agent.letters import Letter
from inbox_agent.response_times import Ask

DriftMeasure = Literal[
    "our_response_time",
    "their_response_time",
    "to_us",
    "opened_by_them",
    "letter_size",
    "turns",
    "people",
]
#: The unit of each measure's figures.
UNITS: dict[DriftMeasure, str] = {
    "our_response_time": "working seconds",
    "their_response_time": "working seconds",
    "to_us": "share",
    "opened_by_them": "share",
    "letter_size": "octets",
    "turns": "turns",
    "people": "people",
}
_FOLLOWED = timedelta(days=14)
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Drift:
    """One measure of a partner in the window before the month began, and in the one before that.

    `p` is not yet adjusted for the number of partners; `is_large`: the change is worth an arrow,
    should it be sure.
    """

    measure: DriftMeasure
    before: float | None
    after: float | None
    unit: str
    direction: Direction | None
    p: float
    is_large: bool
    letters_before: int
    letters_after: int
    before_from_at: datetime
    after_from_at: datetime
    until_at: datetime
    basis: Basis | None


@dataclass(frozen=True, slots=True)
class Mail:
    """What drift is looked for in: one partner's letters, conversations and asks."""

    roster: Roster
    letters: Sequence[Letter]
    conversations: Sequence[Conversation]
    asks: Sequence[Ask]


@dataclass(frozen=True, slots=True)
class Halves:
    """Two windows one after the other, between local midnights of ours."""

    before_from_at: datetime
    after_from_at: datetime
    until_at: datetime

    def of(
        self, items: Iterable[_Item], instant: Callable[[_Item], datetime]
    ) -> tuple[list[_Item], list[_Item]]:
        """What lies in either window."""
        before, after = list[_Item](), list[_Item]()
        for item in items:
            at = instant(item)
            if self.before_from_at <= at < self.until_at:
                (before if at < self.after_from_at else after).append(item)
        return before, after


def halves(terms: Terms, as_of: datetime) -> Halves:
    """The windows that are set side by side: the one before this month, and the one before that.

    Both are as long as the window of the figures, and end at local midnights; the later one ends
    where the month of `as_of` begins.
    """
    clock, until = terms.clocks.us, terms.clocks.us.month_start(as_of)
    day, window = clock.local_date(until), timedelta(days=terms.cuts.window_days)
    return Halves(clock.midnight(day - 2 * window), clock.midnight(day - window), until)


def drift_of(mail: Mail, terms: Terms, as_of: datetime) -> tuple[Drift, ...]:
    """What changes slowly: seven measures of a partner, each in one window and in the one before.

    Good for seeing a loss of interest before it is a silence. Our and their response time (in
    working time), the share of their letters that put us in To, the share of conversations that
    they opened, the size of their letters, turns per stretch of conversation, and people of theirs
    who wrote. Looked at as known when the month began in our zone: the window before it beside the
    window before that. Each stands alone; nothing is added up into one score. A measure with too
    little mail in either has no row.
    """
    found = halves(terms, as_of)
    return tuple(
        _drift(measure, finding, found)
        for measure, finding in _findings(mail, terms, found)
        if finding is not None
    )


def _drift(measure: DriftMeasure, finding: Finding, found: Halves) -> Drift:
    return Drift(
        measure=measure,
        before=finding.before,
        after=finding.after,
        unit=UNITS[measure],
        direction=finding.direction,
        p=finding.p,
        is_large=finding.is_large,
        letters_before=finding.letters_before,
        letters_after=finding.letters_after,
        before_from_at=found.before_from_at,
        after_from_at=found.after_from_at,
        until_at=found.until_at,
        basis=finding.basis,
    )


def is_shown(drift: Drift, p_adjusted: float | None) -> bool:
    """Whether a change is shown as an arrow: p_adjusted at most 0.05, and the change large enough.

    So an arrow is both unlikely to be chance and worth a look. How large is said of each measure:
    what is sure of thousands of letters need not matter.
    """
    return p_adjusted is not None and p_adjusted <= FALSE_DISCOVERY_RATE and drift.is_large


def arrow(drift: Drift | None, p_adjusted: float | None) -> Direction | Literal["steady"] | None:
    """How a response time changed from one window to the next: slower, faster or steady.

    Good for a glance over all partners. `steady`: the change is small, or chance may have made it.
    Empty where there is too little mail to compare.
    """
    if drift is None:
        return None
    return drift.direction if is_shown(drift, p_adjusted) else "steady"


def _findings(
    mail: Mail, terms: Terms, found: Halves
) -> Iterator[tuple[DriftMeasure, Finding | None]]:
    conversations = [c for c in mail.conversations if _reaches(c, found.before_from_at)]
    yield "our_response_time", _response_time(mail.asks, "us", terms, found)
    yield "their_response_time", _response_time(mail.asks, "them", terms, found)
    written = [letter for letter in mail.letters if letter.counts and letter.side == "them"]
    theirs = found.of(written, attrgetter("instant"))
    stretch_of = _stretch_of(conversations)
    stretches = [_by_stretch(part, stretch_of) for part in theirs]
    yield "to_us", drift_measures.letter_share(*(_to_us(p, mail.roster) for p in stretches))
    opened = found.of((c for c in conversations if c.counting), _began)
    openers = ([c.counting[0].side for c in part] for part in opened)
    yield "opened_by_them", drift_measures.opener_share(*openers)
    yield "letter_size", drift_measures.letter_size(*map(_sizes, stretches))
    yield "turns", drift_measures.turns(*_turns(conversations, found))
    ends = (found.after_from_at, found.until_at)
    yield "people", drift_measures.people(*map(_weeks, theirs, ends))


def _response_time(
    asks: Iterable[Ask], responder: Side, terms: Terms, found: Halves
) -> Finding | None:
    here = (ask for ask in asks if ask.responder == responder)
    parts = found.of(here, attrgetter("asked_at"))
    before, after = (working_waits_at(part, found.until_at, terms) for part in parts)
    clock = terms.clocks.us if responder == "us" else terms.clocks.them
    give_up_after = timedelta(seconds=terms.cuts.give_up_after_seconds)
    give_up = clock.working_seconds(found.until_at - give_up_after, found.until_at)
    return drift_measures.response_time(before, after, give_up)


def _reaches(conversation: Conversation, since: datetime) -> bool:
    """Whether anybody wrote there since."""
    return any(letter.instant >= since for letter in reversed(conversation.counting))


def _began(conversation: Conversation) -> datetime:
    return conversation.counting[0].instant


def _stretch_of(conversations: Iterable[Conversation]) -> dict[str, str]:
    """The stretch that each letter is part of, by key."""
    return {
        letter.key: episode.key
        for conversation in conversations
        for episode in conversation.episodes
        for letter in episode.letters
    }


def _by_stretch(letters: Iterable[Letter], stretch_of: dict[str, str]) -> list[list[Letter]]:
    found: dict[str, list[Letter]] = defaultdict(list)
    for letter in letters:
        found[stretch_of[letter.key]].append(letter)
    return list(found.values())


def _to_us(stretches: Iterable[Iterable[Letter]], roster: Roster) -> list[list[bool]]:
    def is_to_us(letter: Letter) -> bool:
        return any(roster.is_us(each) or roster.is_our_list(each) for each in letter.to)

    return [[is_to_us(letter) for letter in stretch] for stretch in stretches]


def _sizes(stretches: Iterable[Iterable[Letter]]) -> list[list[int]]:
    known = ([x.size_octets for x in each if x.size_octets] for each in stretches)
    return [sizes for sizes in known if sizes]


def _turns(conversations: Iterable[Conversation], found: Halves) -> tuple[list[int], list[int]]:
    """Turns of each stretch in its first days, of those that could be followed so long."""
    episodes = [episode for c in conversations for episode in c.episodes]
    before, after = found.of(episodes, _start)
    return (
        [_early_turns(e) for e in before if _start(e) + _FOLLOWED <= found.after_from_at],
        [_early_turns(e) for e in after if _start(e) + _FOLLOWED <= found.until_at],
    )


def _start(episode: Episode) -> datetime:
    return min(letter.instant for letter in episode.letters)


def _early_turns(episode: Episode) -> int:
    until = _start(episode) + _FOLLOWED
    return sum(turn.letters[0].instant < until for turn in episode.turns)


def _weeks(letters: Iterable[Letter], until: datetime) -> list[frozenset[str]]:
    """Who wrote, week by week back from the window's end; weeks without a letter left out."""
    found: dict[int, set[str]] = defaultdict(set)
    for letter in letters:
        if letter.author is not None:
            found[(until - letter.instant) // timedelta(days=7)].add(letter.author.key)
    return [frozenset(people) for people in found.values()]
