"""One partner's letters to conversations, episodes and turns.

Who belongs to whom is found in `threads`; here it is put in order and cut.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from inbox_agent.addresses import Side
from inbox_agent.letters import Letter, row_key
from inbox_agent.standards import Cuts
from inbox_agent.threads import Link, Threads, threads_of


@dataclass(frozen=True, slots=True)
class Turn:
    """An unbroken run of counting letters from one side within an episode."""

    side: Side
    letters: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class Episode:
    """A conversation between two stretches in which nobody wrote for `reopen_after`."""

    key: str
    letters: tuple[Letter, ...]
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread within one partner; `letters` has each child after its parent.

    By letter key: `links` says what brought a letter here; `cites` gives the held letters that
    it names, likeliest first: In-Reply-To, then References from the last on; `preceding` the
    letter before it here.
    """

    key: str
    letters: tuple[Letter, ...]
    links: Mapping[str, Link]
    cites: Mapping[str, tuple[Letter, ...]]
    preceding: Mapping[str, Letter]
    episodes: tuple[Episode, ...]

    @property
    def counting(self) -> tuple[Letter, ...]:
        """The letters that count, in order."""
        return tuple(letter for letter in self.letters if letter.counts)

    def answers(self, letter: Letter) -> Letter | None:
        """The letter it answers: the likeliest it cites, else the one before it here."""
        cited = self.cites[letter.key]
        return cited[0] if cited else self.preceding.get(letter.key)


def conversations_of(
    partner: str, letters: Sequence[Letter], cuts: Cuts
) -> tuple[Conversation, ...]:
    """The threads within one partner, by the instant of their first letter.

    References decide; but a letter with References alone, another subject and another author than
    the letter it names begins a conversation of its own. Without references: Outlook's
    Thread-Index with the same base subject; the same ticket number; or a reply or forward prefix
    and the same base subject: the latest letter it directly answers, else the latest with a
    common address on the partner's side; for ticket numbers and subjects at most `reopen_after`
    between the two letters. A letter directly answers one of the other side when the partner's
    author is a recipient of ours, and one of its own side when each author is a recipient of the
    other. A subject that says little (under 6 characters, or like "meeting") joins a reply only
    to a letter that it directly answers at most 7 days later. A child sorts after its parent
    whatever their clocks say. The result is a function of the set of letters: neither their order
    nor the way they came changes anything.
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
        links={letter.key: threads.links[letter.key] for letter in ordered},
        cites={letter.key: threads.cites[letter.key] for letter in ordered},
        preceding={later.key: earlier for earlier, later in pairwise(ordered)},
        episodes=_episodes(key, ordered, cuts),
    )


def _parents_first(group: Sequence[Letter], links: Mapping[str, Link]) -> tuple[Letter, ...]:
    """Oldest first, but a child after its parent whatever their clocks say."""
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


def _episodes(key: str, ordered: Sequence[Letter], cuts: Cuts) -> tuple[Episode, ...]:
    reopen_after = timedelta(seconds=cuts.reopen_after_seconds)
    parts: list[list[Letter]] = []
    latest = None
    for letter in ordered:
        if not letter.counts:
            continue
        if latest is None or letter.instant - latest > reopen_after:
            parts.append([])
        parts[-1].append(letter)
        latest = max(latest, letter.instant) if latest else letter.instant
    return tuple(Episode(row_key(key, part[0].key), tuple(part), turns_of(part)) for part in parts)


def turns_of(letters: Sequence[Letter]) -> tuple[Turn, ...]:
    """An unbroken run of counting letters from one side within an episode is a turn.

    A forward by the other side neither ends a turn nor begins one. The first letter of the next
    turn is the reply to the ask of this one.
    """
    runs: list[list[Letter]] = []
    for letter in letters:
        if runs and runs[-1][0].side == letter.side:
            runs[-1].append(letter)
        elif not runs or not letter.threading_subject.is_forward:
            runs.append([letter])
    return tuple(Turn(run[0].side, tuple(run)) for run in runs)
