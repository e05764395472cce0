"""The kind of a letter: of its copies together, and of the letter of ours that it answers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox_agent.addresses import Roster
from inbox_agent.authors import author_of
from inbox_agent.automatic import by_header, marks_of, overridden
from inbox_agent.automatic_answers import AT_ONCE_SECONDS, Occasion, settled
from inbox_agent.copies import cited_ids, is_from_us, recipients, representative
from inbox_agent.instants import choose_at
from inbox_agent.kinds import Verdict
from inbox_agent.messages import Message


@dataclass(frozen=True, slots=True)
class OurLetters:
    """The letters of ours that one partner's letters may answer."""

    by_id: Mapping[str, Message]
    at_of: Mapping[str, datetime | None]
    in_order: tuple[tuple[datetime, str], ...]

    @classmethod
    def among(cls, groups: Iterable[Sequence[Message]], roster: Roster) -> OurLetters:
        """Our letters of some letters, each given as its copies.

        A Message-ID met in several of them names the first by instant, as it does in threads.
        """
        ours = (g for g in groups if any(is_from_us(copy, roster) for copy in g))
        by_id: dict[str, Message] = {}
        at_of: dict[str, datetime | None] = {}
        for at, letter, names in sorted((_sent(g, roster) for g in ours), key=_first_to_last):
            for name in names:
                if name not in by_id:
                    by_id[name], at_of[name] = letter, at
        known = sorted((at, name) for name, at in at_of.items() if at)
        return cls(by_id, at_of, tuple(known))

    def answered_by(self, copy: Message, at: datetime | None) -> Occasion | None:
        """The latest letter of ours that a copy names, or the one just before where it names none.

        None where there is neither.
        """
        cited = cited_ids([copy]) - {copy.message_id}
        named = [name for name in cited if name in self.by_id]
        if not named and not cited:
            named = self._just_before(at)
        if not named:
            return None
        latest = named[0]
        if len(named) > 1:
            latest = max(named, key=lambda name: (*self._order(name), name))
        sent_at = self.at_of[latest]
        apart = (at - sent_at).total_seconds() if at and sent_at else None
        return Occasion(self.by_id[latest].subject, apart, is_cited=bool(cited))

    def _just_before(self, at: datetime | None) -> list[str]:
        place = bisect_right(self.in_order, at, key=lambda each: each[0]) if at else 0
        if at is None or place == 0:
            return []
        sent_at, name = self.in_order[place - 1]
        return [name] if at - sent_at <= timedelta(seconds=AT_ONCE_SECONDS) else []

    def _order(self, name: str) -> tuple[bool, float]:
        at = self.at_of[name]
        return (at is not None, at.timestamp() if at else 0.0)


_Sent = tuple[datetime | None, Message, set[str]]


def _sent(group: Sequence[Message], roster: Roster) -> _Sent:
    letter = representative(group, roster, ours=True)
    return choose_at(letter, roster.received_by)[0], letter, {copy.message_id for copy in group}


def _first_to_last(sent: _Sent) -> tuple[bool, float, str]:
    at, letter, _ = sent
    return (at is None, at.timestamp() if at else 0.0, letter.digest)


def verdict_on(
    group: Sequence[Message], chosen: Message, roster: Roster, ours: OurLetters
) -> Verdict:
    """Of several copies one that a person wrote decides, else the representative.

    How soon it came is by the representative's instant: a copy filed away later came no later.
    """
    at, _ = choose_at(chosen, roster.received_by)
    if len(group) == 1:
        return _of(chosen, at, roster, ours)
    ordered = [chosen, *(copy for copy in group if copy is not chosen)]
    verdicts = [_of(copy, at, roster, ours) for copy in ordered]
    return next((v for v in verdicts if v.kind == "human"), verdicts[0])


def _of(copy: Message, at: datetime | None, roster: Roster, ours: OurLetters) -> Verdict:
    author = author_of(copy, roster)
    marks = marks_of(dict(copy.marks), author, copy.subject, recipients(copy), roster)
    verdict = by_header(marks)
    occasion = ours.answered_by(copy, at)
    is_theirs = not is_from_us(copy, roster)
    if occasion and (is_theirs or (occasion.is_cited and verdict.rule != "P16")):
        verdict = settled(verdict, marks, occasion)
    return overridden(verdict, marks, copy.message_id)
