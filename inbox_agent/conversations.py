"""One partner's letters to conversations, episodes and turns.

Threads are found by the reference graph (RFC 5256 §3, REFERENCES, step 1), by union-find with
ghosts for letters we do not hold, so that a parent that comes late joins its threads whatever
the order of arrival. The subject is the last resort, for programs that write no references.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from inbox_agent.addresses import Side
from inbox_agent.letters import Letter, row_key
from inbox_agent.standards import Cuts
from inbox_agent.subjects import GENERIC_SUBJECTS

_SHORTEST_SUBJECT = 6


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

    `cites` gives, by key, the held letters that a letter names, likeliest first: In-Reply-To,
    then References from the last on.
    """

    key: str
    letters: tuple[Letter, ...]
    cites: Mapping[str, tuple[Letter, ...]]
    episodes: tuple[Episode, ...]

    @property
    def counting(self) -> tuple[Letter, ...]:
        """The letters that count, in order."""
        return tuple(letter for letter in self.letters if letter.counts)

    def answers(self, letter: Letter) -> Letter | None:
        """The letter it answers: the likeliest it cites, else the one before it here."""
        if self.cites[letter.key]:
            return self.cites[letter.key][0]
        place = self.letters.index(letter)
        return self.letters[place - 1] if place else None


def conversations_of(
    partner: str, letters: Sequence[Letter], cuts: Cuts
) -> tuple[Conversation, ...]:
    """The threads within one partner, by the instant of their first letter.

    References decide; without any, a reply prefix, the same base subject, a common address on
    the partner's side and at most `reopen_after` between the two letters. A child sorts after
    its parent whatever their clocks say. The result is a function of the set of letters: neither
    their order nor the way they came changes anything.
    """
    ordered = sorted(letters, key=lambda letter: letter.order)
    owner = _owners(ordered)
    by_subject = _subject_links(ordered, timedelta(seconds=cuts.reopen_after_seconds))
    threads = _threads(ordered, owner, by_subject)
    found = [_conversation(partner, thread, owner, by_subject, cuts) for thread in threads]
    return tuple(sorted(found, key=lambda conversation: conversation.letters[0].order))


def _owners(ordered: Iterable[Letter]) -> dict[str, Letter]:
    """Message-ID to the letter it names; met in several letters, it names the first of them."""
    owner: dict[str, Letter] = {}
    for letter in ordered:
        for name in letter.message_ids:
            owner.setdefault(name, letter)
    return owner


def _references(letter: Letter) -> tuple[str, ...]:
    if letter.references:
        return letter.references
    return (letter.in_reply_to,) if letter.in_reply_to else ()


def _threads(
    ordered: Sequence[Letter], owner: Mapping[str, Letter], by_subject: Mapping[str, Letter]
) -> list[list[Letter]]:
    leader: dict[str, str] = {}

    def find(node: str) -> str:
        leader.setdefault(node, node)
        while leader[node] != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    def node_of(name: str) -> str:
        return f"letter {owner[name].key}" if name in owner else f"ghost {name}"

    for letter in ordered:
        own = f"letter {letter.key}"
        for name in _references(letter):
            leader[find(node_of(name))] = find(own)
        if letter.key in by_subject:
            leader[find(f"letter {by_subject[letter.key].key}")] = find(own)
    threads: dict[str, list[Letter]] = defaultdict(list)
    for letter in ordered:
        threads[find(f"letter {letter.key}")].append(letter)
    return list(threads.values())


# -- subject, the last resort ---------------------------------------------------------------


def _subject_links(ordered: Sequence[Letter], reopen_after: timedelta) -> dict[str, Letter]:
    """Letter key to the letter that its subject alone says it answers."""
    by_base: dict[str, list[Letter]] = defaultdict(list)
    links: dict[str, Letter] = {}
    for letter in ordered:
        if letter.at is None:
            continue
        base = letter.threading_subject.base
        if _may_link_by_subject(letter):
            for earlier in reversed(by_base[base]):
                if letter.instant - earlier.instant > reopen_after:
                    break
                if _people(letter) & _people(earlier):
                    links[letter.key] = earlier
                    break
        by_base[base].append(letter)
    return links


def _may_link_by_subject(letter: Letter) -> bool:
    subject = letter.threading_subject
    return (
        not _references(letter)
        and subject.is_reply
        and len(subject.base) >= _SHORTEST_SUBJECT
        and subject.base not in GENERIC_SUBJECTS
    )


def _people(letter: Letter) -> frozenset[str]:
    """The addresses on the partner's side that a letter is from or to."""
    if letter.side == "them" and letter.author is not None:
        return letter.their_recipients | {letter.author.key}
    return letter.their_recipients


# -- order within a conversation ------------------------------------------------------------


def _conversation(
    partner: str,
    thread: Sequence[Letter],
    owner: Mapping[str, Letter],
    by_subject: Mapping[str, Letter],
    cuts: Cuts,
) -> Conversation:
    here = {letter.key for letter in thread}
    parents = {
        letter.key: parent.key
        for letter in thread
        for parent in _parents(letter, owner, by_subject)
        if parent.key in here
    }
    ordered = _parents_first(thread, _without_loops(thread, parents))
    cites = {letter.key: tuple(_cited(letter, owner)) for letter in ordered}
    key = row_key(partner, ordered[0].key)
    return Conversation(key, ordered, cites, _episodes(key, ordered, cuts))


def _cited(letter: Letter, owner: Mapping[str, Letter]) -> list[Letter]:
    """The held letters it says it answers, likeliest first: In-Reply-To, last of References."""
    names = (letter.in_reply_to, *reversed(letter.references))
    found = [owner[name] for name in names if name and name in owner]
    return [answer for answer in found if answer.key != letter.key]


def _parents(
    letter: Letter, owner: Mapping[str, Letter], by_subject: Mapping[str, Letter]
) -> list[Letter]:
    """What may be its parent, the likeliest last."""
    linked = [by_subject[letter.key]] if letter.key in by_subject else []
    return [*linked, *reversed(_cited(letter, owner))]


def _without_loops(thread: Sequence[Letter], parents: Mapping[str, str]) -> dict[str, str]:
    """The parent links less the one of the oldest letter on each loop."""
    age = {letter.key: i for i, letter in enumerate(thread)}
    kept = dict(parents)
    settled: set[str] = set()
    for letter in thread:
        path: list[str] = []
        on_path: set[str] = set()
        key: str | None = letter.key
        while key is not None and key not in settled and key not in on_path:
            path.append(key)
            on_path.add(key)
            key = kept.get(key)
        if key is not None and key in on_path:
            del kept[min(path[path.index(key) :], key=age.__getitem__)]
        settled |= on_path
    return kept


def _parents_first(thread: Sequence[Letter], parents: Mapping[str, str]) -> tuple[Letter, ...]:
    """Oldest first, but a child after its parent whatever their clocks say."""
    children: dict[str | None, list[Letter]] = defaultdict(list)
    for letter in thread:
        children[parents.get(letter.key)].append(letter)
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
