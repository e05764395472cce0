"""Where each letter stands in its exchange: what it answers, and after how many letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from inbox_agent.conversations import Conversation
from inbox_agent.letters import Letter
from inbox_agent.standards import Cuts
from inbox_agent.threads import Link


@dataclass(frozen=True, slots=True)
class Place:
    """Where a letter stands in its exchange: what it answers, after how many letters."""

    answered: Letter | None = None
    letters_before: int = 0


_BEGINS = Place()


def places_of(conversations: Sequence[Conversation], cuts: Cuts) -> Iterator[tuple[Letter, Place]]:
    """Of each letter that counts, in the order in which they came.

    An exchange is a letter, what it answers, what that answered, and so on. Looked at are letters
    that count and came before. Of those it cites the likeliest, else the one that a hint joined it
    to; what is longer ago than `reopen_after` is not what it answers.
    """
    reopen_after = timedelta(seconds=cuts.reopen_after_seconds)
    held = {letter.key: letter for c in conversations for letter in c.letters}
    counting = [
        (letter, link, cited)
        for c in conversations
        for letter, link, cited in zip(c.letters, c.links, c.cites, strict=True)
        if letter.counts
    ]
    counting.sort(key=lambda each: each[0].order)
    letters_before: dict[str, int] = {}
    for letter, link, cited in counting:
        likely = _likely(link, cited, held)
        answered = next((x for x in likely if x.counts and x.order < letter.order), None)
        if answered is None or letter.instant - answered.instant > reopen_after:
            place = _BEGINS
        else:
            place = Place(answered, letters_before[answered.key] + 1)
        letters_before[letter.key] = place.letters_before
        yield letter, place


def _likely(link: Link, cited: Sequence[Letter], held: Mapping[str, Letter]) -> Sequence[Letter]:
    if link.how == "split":
        return ()
    return cited or ((held[link.parent],) if link.parent else ())
