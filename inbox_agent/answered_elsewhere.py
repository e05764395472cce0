"""Letters by which the one who asked heard from the other side about something else."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from inbox_agent.addresses import Side
from inbox_agent.conversations import Conversation
from inbox_agent.letters import Letter


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """By who wrote and who was written to: the letters in order, each with its conversation."""

    letters: Mapping[tuple[Side, str], Sequence[tuple[tuple[bool, float, str], Letter, str]]]

    @classmethod
    def of(cls, conversations: Iterable[Conversation], since: datetime | None = None) -> Elsewhere:
        """Of a partner's conversations; only letters that count are looked at.

        For asks put `since` an instant alone, no letters before it.
        """
        found = defaultdict(list)
        for conversation in conversations:
            for letter in conversation.counting:
                if since and letter.instant < since:
                    continue
                place = (letter.order, letter, conversation.key)
                for reader in {address.key for address in (*letter.to, *letter.cc)}:
                    found[letter.side, reader].append(place)
        for places in found.values():
            places.sort(key=itemgetter(0))
        return cls(found)

    def answered_at(self, asked: Letter, conversation: str, before: datetime) -> datetime | None:
        """When the side that was asked first wrote to the writer in another conversation.

        People often answer one letter by writing another: such an ask is taken off the waiting
        list, and stays as it is in all figures. The other letter has the one who asked in To or Cc,
        and comes after the ask, before its own answer, and before it leaves the waiting list. Empty
        without one.
        """
        if asked.author is None:
            return None
        side: Side = "us" if asked.side == "them" else "them"
        places = self.letters.get((side, asked.author.key), ())
        start = bisect_right(places, asked.order, key=itemgetter(0))
        for number in range(start, len(places)):  # a slice would be as long as all that is later
            _, letter, where = places[number]
            if letter.instant >= before:
                return None
            if where != conversation:
                return letter.instant
        return None
