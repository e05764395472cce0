"""What of an ask the oracle reckons apart: whether it needs a reply, absences, unseen answers.

Transcribed from the numbered decisions, like `oracle`, and as slow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from inbox_agent.automatic_phrases import has_new_ticket, is_acknowledged
from inbox_agent.messages import Message
from inbox_agent.standards import Span

if TYPE_CHECKING:
    from oracle import Desk, Letter, OracleClock

Stretch = tuple[datetime, datetime]
MONTH = timedelta(days=30)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
QUESTION_MARKS = "?？؟"  # noqa: RUF001 - the full-width and the Arabic one are meant


# --- does it need a reply (D-T8) -----------------------------------------------------------------


@dataclass(frozen=True)
class Needs:
    """The verdicts on the asks of one partner."""

    desk: Desk
    joins: dict[Letter, tuple[str, Letter]]
    splits: dict[Letter, Letter]
    prefix: Callable[[str], str]
    marks: Callable[[Message], dict[str, str]]

    def before(self, x: Letter) -> list[Letter]:
        """The counting letters of the record before it by (at, key)."""
        return [o for o in self.desk.earlier(x) if o.counts]

    def answered(self, x: Letter) -> Letter | None:
        # D-T8a none if split; else of the held letters it cites the first earlier one that counts
        if x in self.splits:
            return None
        ids = (x.best.in_reply_to, *reversed(x.best.references))
        held = [o for o in map(self.desk.held, ids) if o is not None and o is not x]
        # if it cites none that is held: the letter that a hint joined it to
        among = held or ([self.joins[x][1]] if x in self.joins else [])
        found = next((o for o in among if o in self.before(x)), None)
        is_old = found is not None and x.when - found.when > self.desk.reopen
        return None if is_old else found

    def letters_before(self, x: Letter) -> int:
        found = self.answered(x)
        return 0 if found is None else 1 + self.letters_before(found)

    def says_it_answers(self, x: Letter) -> bool:
        return self.prefix(x.best.subject) == "re" or bool(x.cited)

    def signs(self, x: Letter) -> frozenset[str]:
        # those of the representative, else of another copy
        others = [c.text_signs for c in x.copies if c.text_signs is not None]
        if x.best.text_signs is not None:
            return x.best.text_signs
        return min(others, key=sorted, default=frozenset())

    def asked_side(self, x: Letter) -> set[str]:
        """Of all recipients those of the side that is asked; our lists are nobody's."""
        if x.side == "us":
            return self.desk.theirs(x, x.recipients)
        return {a.key for a in x.recipients if self.desk.roster.is_us(a)}

    def adds_little(self, x: Letter) -> bool:
        answered = self.answered(x)
        if answered is None:
            return False
        if "short" in self.signs(x):
            return True
        size, size_before = x.best.size_octets, answered.best.size_octets
        if size is None or size_before is None:
            return False
        here, there = self.lightest(x, x.side), self.lightest(x, answered.side)
        heavier = 0 if here is None or there is None else here - there
        more = size - heavier - size_before
        reach = 1000 + min(1000, abs(heavier))
        return more <= reach and (more >= -reach or size < 2500)

    def says(self, sign: str, x: Letter) -> bool:
        """Whether it follows and its text thanks, or says that it is done; not where it is long."""
        follows = self.answered(x) is not None
        return follows and sign in self.signs(x) and "long" not in self.signs(x)

    def lightest(self, x: Letter, side: str) -> int | None:
        sizes = [
            o.best.size_octets
            for o in self.before(x)
            if o.side == side and o.best.size_octets is not None and not self.says_it_answers(o)
        ]
        return min(sizes) if len(sizes) >= 3 else None

    def asks_in_subject(self, x: Letter) -> bool:
        return any(mark in x.best.subject for mark in QUESTION_MARKS)

    def points(self, x: Letter) -> int:
        # D-T8b
        signs, follows = self.signs(x), self.answered(x) is not None
        by_writer = [
            o
            for o in self.before(x)
            if x.author is not None and o.author is not None and o.author.key == x.author.key
        ]
        never = len(by_writer) >= 5 and not any(map(self.says_it_answers, by_writer))
        asked = self.asked_side(x)
        all_of_them = {a.key for a in x.recipients}
        others = 4
        if asked:
            others = sum(times * len(asked) < len(all_of_them) for times in (1, 2, 4, 10))
        depth = min(4, (max(self.letters_before(x), 1) - 1).bit_length())
        is_forward = self.prefix(x.best.subject) == "fwd"
        return (
            -200
            + 110 * ("question" in signs)
            + 100 * follows
            - 90 * never
            + 80 * (x.side == "them")
            - 80 * (not follows and self.says_it_answers(x))
            - 70 * is_forward
            - 50 * self.adds_little(x)
            - 150 * self.says("done", x)
            - 50 * self.says("thanks", x)
            - 60 * (follows and "brief" in signs and not self.adds_little(x))
            + 40 * depth
            - 40 * (not asked & {a.key for a in x.best.to})
            + 30 * self.asks_in_subject(x)
            + 30 * ("request" in signs)
            - 25 * others
        )

    def likelihood(self, x: Letter) -> float:
        return round(1 / (1 + math.exp(-self.points(x) / 100)), 2)

    def verdict(self, x: Letter, turn: Iterable[Letter]) -> str:
        # D-T8, D-T8c
        if any(c.is_settled for each in turn for c in each.copies):
            return "no"
        attached = self.marks(x.best).get("content-type", "").lower().startswith("multipart/mixed")
        closes = (
            (self.adds_little(x) or self.says("thanks", x) or self.says("done", x))
            and not self.asks_in_subject(x)
            and not self.signs(x) & {"question", "request"}
            and not attached
            and self.likelihood(x) < 0.55
        )
        return "unlikely" if closes else "yes"

    def elsewhere(
        self,
        x: Letter,
        conversation: Collection[Letter],
        answered_at: datetime | None,
        last: datetime,
    ) -> datetime | None:
        # D-T8e the first counting letter of the asked side in another conversation after it, with
        # its author in To or Cc, before its own answer and before it stops waiting
        if x.author is None:
            return None
        for o in self.desk.letters[self.desk.letters.index(x) + 1 :]:
            if not o.counts or o.side == x.side or o in conversation:
                continue
            if x.author.key not in {a.key for a in (*o.best.to, *o.best.cc)}:
                continue
            in_time = answered_at is None or o.when < answered_at
            return o.when if in_time and o.when < last + self.desk.give_up else None
        return None


# --- answers that nobody holds (D-V5) ------------------------------------------------------------


def witnesses(letters: Iterable[Letter], missing: Collection[str]) -> set[Letter]:
    """The first letter of theirs that answers each letter of ours which is not held."""
    first: dict[str, Letter] = {}
    for x in letters:
        parent = x.best.in_reply_to or next(reversed(x.best.references), None)
        if x.side == "them" and parent in missing:
            first.setdefault(parent, x)
    return set(first.values())


def cut(turn: list[Letter], proving: Collection[Letter]) -> list[list[Letter]]:
    """A turn of theirs, cut before each proof of an answer to what came before it in the turn."""
    parts: list[list[Letter]] = [[]]
    for x in turn:
        before, references = parts[-1], x.best.references
        is_of_these = any(o.ids & set(references) for o in before)
        if before and x in proving and is_of_these:
            parts.append([])
        parts[-1].append(x)
    return parts


# --- absences (D-Y11 to D-Y18) -------------------------------------------------------------------


def absences(desk: Desk, note_kinds: dict[Letter, str]) -> dict[str, list[Stretch]]:
    """Each address of theirs and when it was away, up to the end as far as it is known."""
    theirs = [x for x in desk.letters if x.side == "them" and x.author and x.at]
    notes = [x for x in theirs if note_kinds[x] == "auto_reply" and is_absence(x, desk)]
    found = {}
    for address in {x.author.key for x in notes if x.author}:
        mine = [x for x in theirs if x.author and x.author.key == address]
        told = sorted(x.when for x in mine if x in notes)
        wrote = sorted(x.when for x in mine if x.counts)
        stretches = list(stretches_of(told, wrote))
        # D-Y14
        lengths = [end - begin for begin, end, by_letter in stretches if by_letter]
        short = sum(length < DAY for length in lengths)
        if not (short >= 3 and short > len(lengths) - short):
            found[address] = [
                (begin, end)
                for begin, end, by_letter in stretches
                if not by_letter or end - begin >= DAY
            ]
    return found


def is_absence(x: Letter, desk: Desk) -> bool:
    # D-Y11 neither acknowledges nor holds a ticket number that our letter has not
    ours = [o for o in desk.letters if o.side == "us" and x.best.in_reply_to in o.ids]
    before = ours[0].best.subject if ours else ""
    subject = x.best.subject
    return not is_acknowledged(subject, before) and not has_new_ticket(subject, before)


def stretches_of(
    told: list[datetime], wrote: list[datetime]
) -> Iterable[tuple[datetime, datetime, bool]]:
    # D-Y12
    while told:
        begin = last = told[0]
        while True:
            end = next((t for t in wrote if begin < t <= last + MONTH), None)
            more = [t for t in told if last < t <= (end if end else last + MONTH)]
            # a note at the instant of the letter comes before it
            if not more:
                break
            last = max(more)
        yield (begin, end, True) if end else (begin, last + MONTH, False)
        over = end or last + MONTH
        told = [t for t in told if t > over]


def away_for(ask: Letter, desk: Desk, found: dict[str, list[Stretch]]) -> list[Stretch]:
    # D-Y15 the intersection over the addressed of each one's absences, from the ask on
    if ask.side == "them":
        return []
    theirs = desk.theirs(ask, ask.recipients)
    addressed = desk.theirs(ask, ask.best.to) & theirs or theirs
    if not addressed:
        return []
    common: list[Stretch] | None = None
    for address in addressed:
        here = found.get(address, [])
        common = (
            here
            if common is None
            else [
                (max(a, c), min(b, d)) for a, b in common for c, d in here if max(a, c) < min(b, d)
            ]
        )
    return sorted((max(a, ask.when), b) for a, b in common or [] if b > ask.when)


@dataclass(frozen=True)
class Away:
    """Working time with the time taken out in which everybody who was asked was away."""

    clock: OracleClock
    spans: list[Stretch]

    def absent(self, a: datetime, b: datetime) -> int:
        # D-Y16 A(a, b)
        return sum(
            self.clock.working_seconds(max(a, s), min(b, e))
            for s, e in self.spans
            if max(a, s) < min(b, e)
        )

    def working_seconds(self, a: datetime, b: datetime) -> int:
        return max(0, self.clock.working_seconds(a, b) - self.absent(a, b))

    def deadline(self, ask: datetime, span: Span) -> datetime:
        # D-Y18
        if not self.spans:
            return self.clock.deadline(ask, span)
        if span.unit == "working_days":
            return self._by_days(ask, span.amount)
        t, left = ask, span.amount
        for s, e in self.spans:
            begin = max(s, t)
            run = self._meter(t, begin, span)
            if run >= left:
                break
            left, t = left - run, e
        return self.clock.deadline(t, Span(left, span.unit))

    def _meter(self, a: datetime, b: datetime, span: Span) -> int:
        if span.unit == "seconds":
            return (b - a) // SECOND
        return self.clock.working_seconds(a, b)

    def _by_days(self, ask: datetime, count: int) -> datetime:
        zone = ZoneInfo(self.clock.timezone)
        begin = self._present(ask)
        day = self.clock.local_date(begin)
        while count:
            day += DAY
            count -= self.clock.is_working(day) and not self._is_missed(day)
        wall: time = begin.astimezone(zone).time()
        candidate = min(self.clock.utc(day, wall), self.clock.intervals(day)[-1][1])
        while inside := self._stretch_at(candidate):
            candidate = self.clock._from_opening(inside[1])
        return candidate

    def _present(self, at: datetime) -> datetime:
        """The first open instant from one on that lies in no absence."""
        at = self.clock._from_opening(at)
        while inside := self._stretch_at(at):
            at = self.clock._from_opening(inside[1])
        return at

    def _stretch_at(self, at: datetime) -> Stretch | None:
        return next(((s, e) for s, e in self.spans if s <= at < e), None)

    def _is_missed(self, day: date) -> bool:
        return all(
            any(s <= opens and closes <= e for s, e in self.spans)
            for opens, closes in self.clock.intervals(day)
        )
