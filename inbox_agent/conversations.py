"""One partner's letters to conversations, episodes and turns.

Who belongs to whom is found in `threads`; here it is put in order and cut.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import attrgetter

from inbox_agent.addresses import Side
from inbox_agent.letters import Letter, row_key
from inbox_agent.standards import Cuts
from inbox_agent.threads import Link, Threads, is_parents_first, threads_of

_COUNTS = attrgetter("counts")


@dataclass(frozen=True, slots=True)
class Turn:
    """An unbroken run of counting letters from one side within an episode."""

    side: Side
    letters: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of a conversation that ends when nobody writes for 30 days, or what you set.

    Good for threads that never end: who answers a letter of last year with a new matter begins a
    new episode, and its response time is not a year. The span is `reopen_after` in the config.
    Front's segments are made alike.
    """

    key: str
    letters: tuple[Letter, ...]
    turns: tuple[Turn, ...]
    #: What its first letter names, likeliest first.
    cites: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread within one partner; `letters` has each child after its parent.

    In the order of `letters`: `links` says what brought each letter here; `cites` gives the held
    letters that it names, likeliest first: In-Reply-To, then References from the last on.
    """

    key: str
    letters: tuple[Letter, ...]
    links: tuple[Link, ...]
    cites: tuple[tuple[Letter, ...], ...]
    episodes: tuple[Episode, ...]
    #: The letters that count, in order.
    counting: tuple[Letter, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        counting = self.letters  # no other tuple where all count, as they mostly do
        if not all(map(_COUNTS, counting)):
            counting = tuple([letter for letter in counting if letter.counts])
        object.__setattr__(self, "counting", counting)


def conversations_of(
    partner: str, letters: Sequence[Letter], cuts: Cuts
) -> tuple[Conversation, ...]:
    """A conversation: the letters with one partner that answer each other.

    A letter joins those it names as what it answers (In-Reply-To, References). Without such names:
    those of the same Outlook thread and subject; else (also where nothing it names is held) the
    latest with its ticket number; else, with Re: or Fwd:, the latest of that subject that it
    directly answers, else that has a common address on their side. By ticket or subject at most
    `reopen_after` apart; a subject that says little (under 6 characters, or like "meeting") needs a
    reply that directly answers, within 7 days. Directly: their author is a recipient of ours, or,
    within one side, each of the other. References alone, with another subject and author than what
    they name, begin a new conversation. An answer stands after what it answers, whatever the clocks
    say; the order of arrival changes nothing.
    """
    threads = threads_of(letters, cuts)
    found = [_conversation(partner, group, threads, cuts) for group in threads.groups]
    return tuple(sorted(found, key=lambda conversation: conversation.letters[0].order))


# -- order within a conversation ------------------------------------------------------------


def _conversation(
    partner: str, group: Sequence[Letter], threads: Threads, cuts: Cuts
) -> Conversation:
    ordered = _parents_first(group, threads.links)
    key = row_key(partner, ordered[0].key)
    return Conversation(
        key=key,
        letters=ordered,
        links=tuple([threads.links[letter.key] for letter in ordered]),
        cites=tuple([threads.cites[letter.key] for letter in ordered]),
        episodes=_episodes(key, ordered, threads, cuts),
    )


def _parents_first(group: Sequence[Letter], links: Mapping[str, Link]) -> tuple[Letter, ...]:
    """Oldest first, but a child after its parent whatever their clocks say."""
    if is_parents_first(group, links):
        return tuple(group)
    children: dict[str | None, list[Letter]] = defaultdict(list)
    for letter in group:
        children[links[letter.key].parent].append(letter)
    free = [(letter.order, letter) for letter in children[None]]
    heapq.heapify(free)
    placed: list[Letter] = []
    while free:
        _, letter = heapq.heappop(free)
        placed.append(letter)
        for child in children[letter.key]:
            heapq.heappush(free, (child.order, child))
    return tuple(placed)


# -- episodes and turns ---------------------------------------------------------------------


def _episodes(
    key: str, ordered: Sequence[Letter], threads: Threads, cuts: Cuts
) -> tuple[Episode, ...]:
    reopen_after = timedelta(seconds=cuts.reopen_after_seconds)
    parts: list[list[Letter]] = []
    latest = None
    for letter in ordered:
        if not letter.counts:
            continue
        at = letter.instant
        if latest is None or at - latest > reopen_after:
            parts.append([])
        parts[-1].append(letter)
        latest = at if latest is None or at > latest else latest
    return tuple(
        [
            Episode(
                row_key(key, part[0].key), tuple(part), turns_of(part), threads.cites[part[0].key]
            )
            for part in parts
        ]
    )


def turns_of(letters: Sequence[Letter]) -> tuple[Turn, ...]:
    """A turn: letters of one side in a row, until the other side writes.

    The first letter of the next turn is the reply to the ask of this one. They write twice, we
    answer, they say thanks: three turns, of two letters, one and one. A forward by the other side
    neither ends a turn nor begins one, as it answers nobody. Only letters that a person wrote
    count; a turn ends with its episode.
    """
    runs: list[list[Letter]] = []
    for letter in letters:
        if runs and runs[-1][0].side == letter.side:
            runs[-1].append(letter)
        elif not runs or not letter.threading_subject.is_forward:
            runs.append([letter])
    return tuple(Turn(run[0].side, tuple(run)) for run in runs)
