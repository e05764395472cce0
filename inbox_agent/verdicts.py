"""The kind of a letter: of its copies together, and of the letter of ours that it answers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox_agent.addresses import Roster
from inbox_agent.automatic import by_header, marks_of, overridden, says_nothing
from inbox_agent.automatic_answers import AT_ONCE_SECONDS, Occasion, settled
from inbox_agent.copies import cited_ids
from inbox_agent.kinds import HUMAN, Verdict
from inbox_agent.messages import Message
from inbox_agent.seen_copies import Copy, is_by_us, recipients, representative


@dataclass(frozen=True, slots=True)
class OurLetters:
    """The letters of ours that one partner's letters may answer.

    `place_of` is by Message-ID the place of each in their order, by instant and then Message-ID,
    those without an instant first; `in_order` are those that have one.
    """

    subject_of: Mapping[str, str]
    at_of: Mapping[str, datetime | None]
    place_of: Mapping[str, int]
    in_order: tuple[tuple[datetime, str], ...]

    @classmethod
    def among(cls, groups: Iterable[Sequence[Copy]]) -> OurLetters:
        """Our letters of some letters, each given as its copies.

        A Message-ID met in several of them names the first by instant, as it does in threads.
        """
        subject_of: dict[str, str] = {}
        at_of: dict[str, datetime | None] = {}
        ours = ((representative(g, ours=True), g) for g in groups if is_by_us(g))
        for letter, group in sorted(ours, key=_first_to_last):
            for copy in group:
                name = copy.message.message_id
                if name not in at_of:
                    subject_of[name], at_of[name] = letter.message.subject, letter.at
        unknown = sorted(name for name, at in at_of.items() if at is None)
        known = sorted((at, name) for name, at in at_of.items() if at)
        names = (*unknown, *(name for _, name in known))
        return cls(subject_of, at_of, {name: n for n, name in enumerate(names)}, tuple(known))

    def answered_by(self, copy: Message, at: datetime | None) -> Occasion | None:
        """The latest letter of ours that a copy names, or the one just before where it names none.

        None where there is neither.
        """
        cited = cited_ids((copy,)) - {copy.message_id}
        named = [name for name in cited if name in self.at_of]
        if not named and not cited:
            named = self._just_before(at)
        if not named:
            return None
        latest = named[0] if len(named) == 1 else max(named, key=self.place_of.__getitem__)
        sent_at = self.at_of[latest]
        apart = (at - sent_at).total_seconds() if at and sent_at else None
        return Occasion(self.subject_of[latest], apart, is_cited=bool(cited))

    def _just_before(self, at: datetime | None) -> list[str]:
        place = bisect_right(self.in_order, at, key=lambda each: each[0]) if at else 0
        if at is None or place == 0:
            return []
        sent_at, name = self.in_order[place - 1]
        return [name] if at - sent_at <= timedelta(seconds=AT_ONCE_SECONDS) else []


def _first_to_last(letter: tuple[Copy, Sequence[Copy]]) -> tuple[bool, float, str]:
    sent, _ = letter
    return (sent.at is None, sent.at.timestamp() if sent.at else 0.0, sent.message.digest)


def verdict_on(group: Sequence[Copy], chosen: Copy, roster: Roster, ours: OurLetters) -> Verdict:
    """Of several copies one that a person wrote decides, else the representative.

    How soon it came is by the representative's instant: a copy filed away later came no later.
    """
    if len(group) == 1:
        return _of(chosen, chosen.at, roster, ours)
    ordered = [chosen, *(copy for copy in group if copy is not chosen)]
    verdicts = [_of(copy, chosen.at, roster, ours) for copy in ordered]
    return next((v for v in verdicts if v.kind == "human"), verdicts[0])


def _of(copy: Copy, at: datetime | None, roster: Roster, ours: OurLetters) -> Verdict:
    message, author = copy.message, copy.author
    fields = dict(message.marks)
    is_plain = not roster.overrides and says_nothing(fields, author, message.subject)
    if is_plain and copy.is_ours:
        return HUMAN
    occasion = ours.answered_by(message, at)
    if is_plain and not (occasion and occasion.is_at_once):
        return HUMAN
    marks = marks_of(fields, author, message.subject, recipients(message), roster)
    verdict = HUMAN if is_plain else by_header(marks)
    if occasion and (not copy.is_ours or (occasion.is_cited and verdict.rule != "P16")):
        verdict = settled(verdict, marks, occasion)
    return overridden(verdict, marks, message.message_id)
