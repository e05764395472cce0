"""Who seems to have taken over from somebody of theirs who has gone quiet, or has left."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from inbox_agent.conversations import Conversation
from inbox_agent.people import Person, named_in

_HANDOVER = timedelta(days=60)


def successors(
    people: Mapping[str, Person],
    lost: Collection[str],
    conversations: Sequence[Conversation],
) -> Mapping[str, str]:
    """Who seems to have taken over from each of those who are quiet or gone.

    Somebody of theirs whose first letter is within 60 days of the last one of the person who
    stopped, before or after it, and later than that person's own first letter; who has written
    since; and who wrote in a conversation that the other wrote or was a recipient in. Of several
    the one with the most such conversations, then the one who came first; there is never more
    than one. Who comes with other business has taken over nothing, though it be in the same weeks.
    """
    if not lost:
        return {}
    company = _Company.of(conversations)
    theirs = (p for p in people.values() if p.side == "them")
    newcomers = sorted((p.wrote[0].order, p.address.key) for p in theirs if p.wrote)
    instants = [order[1] for order, _ in newcomers]
    found = {}
    for person in (people[key] for key in sorted(lost)):
        if person.first_at is None or person.last_at is None:
            continue
        last, reach = person.last_at.timestamp(), _HANDOVER.total_seconds()
        near = newcomers[bisect_left(instants, last - reach) : bisect_right(instants, last + reach)]
        ranked = [
            (-company.shared(person.address.key, key), place, key)
            for place, (order, key) in enumerate(near)
            if order[1] > person.first_at.timestamp() and people[key].wrote[-1].order[1] > last
        ]
        for shared, _, key in sorted(ranked)[:1]:
            if shared:
                found[person.address.key] = key
    return found


@dataclass(frozen=True, slots=True)
class _Company:
    """By address: the conversations it wrote in, and all that it stands in."""

    wrote_in: Mapping[str, frozenset[str]]
    stands_in: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, conversations: Sequence[Conversation]) -> _Company:
        wrote: dict[str, set[str]] = defaultdict(set)
        stands: dict[str, set[str]] = defaultdict(set)
        for conversation in conversations:
            for letter in conversation.counting:
                for address, is_author in named_in(letter):
                    stands[address.key].add(conversation.key)
                    if is_author:
                        wrote[address.key].add(conversation.key)
        return cls(_frozen(wrote), _frozen(stands))

    def shared(self, stopped: str, newcomer: str) -> int:
        """In how many conversations the newcomer wrote that the other stands in."""
        nothing = frozenset[str]()
        return len(self.stands_in.get(stopped, nothing) & self.wrote_in.get(newcomer, nothing))


def _frozen(sets: Mapping[str, set[str]]) -> Mapping[str, frozenset[str]]:
    return {key: frozenset(found) for key, found in sets.items()}
