"""Does a letter want an answer? A small score, of what was known when the letter came.

What is looked at and how much it weighs stands in `SIGNS`. The weights are rounded from logistic
regressions on business mail and a public list (docs/accuracy.md): a letter's likelihood is about
the share of such letters that were answered there.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import tee
from operator import itemgetter
from typing import Literal

from inbox_agent.addresses import Side
from inbox_agent.conversations import Conversation
from inbox_agent.letters import Letter
from inbox_agent.places import Place, places_of
from inbox_agent.standards import Cuts

NeedsReply = Literal["yes", "unlikely", "no"]
#: How often each of the `SIGNS` holds of a letter, in their order.
Counts = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """Something about a letter; `points` are hundredths of the logarithm of the odds, each time."""

    name: str
    points: int
    because: str


#: The score of a letter of ours that begins an exchange, to one address of theirs and nobody else.
BASE_POINTS = -200
SIGNS: tuple[Sign, ...] = (
    Sign("text_done", -150, "says that it is done or will be"),
    Sign("text_question", 110, "a question in its text"),
    Sign("follows", 100, "not the first letter of its exchange"),
    Sign("writer_never_answers", -90, "its writer never answers anything"),
    Sign("asks_us", 80, "it was written to us"),
    Sign("answers_unseen", -80, "answers a letter that is not here, or long past"),
    Sign("is_forward", -70, "passes another letter on"),
    Sign("text_brief", -60, "only a line or two of its own"),
    Sign("adds_little", -50, "adds little to the letter it answers"),
    Sign("text_thanks", -50, "thanks for the letter it answers"),
    Sign("long_exchange", 40, "several letters went to and fro before it"),
    Sign("not_in_to", -40, "nobody of the side it asks is in To"),
    Sign("question_mark", 30, "a question mark in the subject"),
    Sign("text_request", 30, "a request in its text"),
    Sign("others", -25, "it went to others, too"),
)
#: What settles that a letter wants an answer, whatever its likelihood; in this order.
OPENS, ADDS = "begins an exchange", "adds to the letter it answers"
ATTACHED, EXPECTED = "has an attachment", "letters like it mostly get an answer"

#: An answer is unlikely below this likelihood (rounded to hundredths), where nothing asks for one.
UNLIKELY_BELOW = 0.55
QUESTION_MARKS = "?？؟"  # noqa: RUF001 - the full-width and the Arabic one are meant
_QUESTION_MARKS = frozenset(QUESTION_MARKS)
LITTLE_MORE_OCTETS = 1_000
SHORT_OCTETS = 2_500
#: A writer's habit is known from so many letters; what transport adds on one side from so many.
HABIT_LETTERS, PLAIN_LETTERS = 5, 3
REASONS_SHOWN = 3
_MOST_STEPS = 4


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a letter wants an answer, how likely it gets one (0 to 1), and why, in words."""

    verdict: NeedsReply
    likelihood: float
    reasons: tuple[str, ...]


# -- what came before a letter --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Habit:
    """What earlier letters tell about a letter: of its writer, and of each side.

    `letters` are the writer's own, `answers` those of them that say they answer something.
    `lightest` is by side the smallest letter that says it answers nothing, where there are three:
    mostly the header lines of transport, which what we send has not yet got.
    """

    letters: int = 0
    answers: int = 0
    lightest: tuple[tuple[Side, int], ...] = ()

    def heavier_by(self, side: Side, other: Side) -> int:
        """By how many octets letters of one side are heavier; 0 where that is not known."""
        known = dict(self.lightest)
        return known[side] - known[other] if side in known and other in known else 0


def habits_of(ordered: Iterable[Letter]) -> Iterator[Habit]:
    """What was known when each letter came; they count, and go by in their order."""
    written: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    plain: dict[Side, tuple[int, int]] = {}
    lightest: tuple[tuple[Side, int], ...] = ()
    for letter in ordered:
        writer = letter.author.key if letter.author else None
        letters, answers = written[writer] if writer else (0, 0)
        yield Habit(letters, answers, lightest)
        is_answer = says_it_answers(letter)
        if writer:
            written[writer] = (letters + 1, answers + is_answer)
        if letter.size_octets is not None and not is_answer:
            count, least = plain.get(letter.side, (0, letter.size_octets))
            plain[letter.side] = (count + 1, min(least, letter.size_octets))
            known = (side for side in sorted(plain) if plain[side][0] >= PLAIN_LETTERS)
            lightest = tuple((side, plain[side][1]) for side in known)


def says_it_answers(letter: Letter) -> bool:
    """Whether it has a reply prefix, an In-Reply-To or References."""
    return bool(letter.threading_subject.is_reply or letter.in_reply_to or letter.references)


@dataclass(frozen=True, slots=True)
class Past:
    """By which asks are judged: of each letter that counts, by what was known when it came.

    Many are alike: one object stands for them all.
    """

    counts: Mapping[str, Counts]

    @classmethod
    def of(
        cls,
        conversations: Sequence[Conversation],
        cuts: Cuts,
        among: Collection[str] | None = None,
    ) -> Past:
        """Of all conversations with a partner; of all letters, or those `among` some, by key."""
        for_habits, places = tee(places_of(conversations, cuts))
        habits = habits_of(letter for letter, _ in for_habits)
        alike, found = dict[Counts, Counts](), dict[str, Counts]()
        for habit, (letter, place) in zip(habits, places, strict=True):
            if among is not None and letter.key not in among:
                continue
            counts = _IN_ORDER(counts_of(letter, place, habit))
            found[letter.key] = alike.setdefault(counts, counts)
        return cls(found)

    def judged(self, letter: Letter, *, is_settled: bool) -> Judgement:
        """Whether a letter of the record that counts wants an answer."""
        return judged(letter, self.counts[letter.key], is_settled=is_settled)


# -- one letter -----------------------------------------------------------------------------


def judged(letter: Letter, counts: Counts, *, is_settled: bool) -> Judgement:
    """Whether an ask wants an answer, from what was known when it came: yes, unlikely or no.

    Only `yes` enters the figures and the waiting lists: nobody is late for a "thank you". `no`: a
    person settled it, by a keyword or folder in their own mail program. `unlikely`: it is not the
    first letter of its exchange, has no question mark in the subject and no attachment, adds little
    (at most 1,000 octets more than the letter it answers, and not 1,000 less unless it is under
    2,500 in all; up to 2,000 once what transport adds to letters of one side is taken off), and
    its likelihood is below 0.55. Where the text is read, a question or request in it says `yes`;
    one of three words adds little whatever its size; in at most 200 words thanks, or a word that it
    is done or will be ("I'll send it"), count like adding little. Whatever came later changes
    nothing.
    """
    return _judgement(counts, letter.has_attachment, is_settled)


@lru_cache(maxsize=16_384)  # letters differ in few ways
def _judgement(found: Counts, has_attachment: bool, is_settled: bool) -> Judgement:
    counts = {sign.name: count for sign, count in zip(SIGNS, found, strict=True)}
    likelihood = likelihood_of(counts)
    wants = _wants_one(counts, likelihood, has_attachment=has_attachment)
    if is_settled:
        return Judgement("no", likelihood, ("settled by a person",))
    first = wants or next(_BECAUSE[name] for name in _CLOSES if counts[name])
    held = [sign for sign in SIGNS if counts[sign.name]]
    moved = sorted(held, key=lambda s: -abs(s.points * counts[s.name]))
    others = (s.because for s in moved if s.because != first)
    reasons = (first, *others)[:REASONS_SHOWN]
    return Judgement("yes" if wants else "unlikely", likelihood, reasons)


def likelihood_of(counts: Mapping[str, int]) -> float:
    """How likely a letter like this one is answered within 30 days, going by other mailboxes.

    Good for sorting a waiting list: at 0.8 eight in ten such letters were answered there. Points
    are added for a letter that is not the first of its exchange, each doubling of the letters
    before it there, letters to us, a question mark in the subject, a question or request in the
    text; taken away from an answer that adds little, else is a line or two (at most 15 words), that
    thanks, or says that it is done or will be; from a forward, an answer to a letter that is not in
    the mailbox or long past, one that goes to many others, names nobody of the side it asks in To,
    or whose writer never answers. The logistic function makes a share of the sum, in hundredths.
    """
    points = BASE_POINTS + sum([sign.points * counts[sign.name] for sign in SIGNS])
    return round(1 / (1 + math.exp(-points / 100)), 2)


def counts_of(letter: Letter, place: Place, habit: Habit) -> dict[str, int]:
    """How often each of the `SIGNS` holds; most hold once or not at all."""
    asked = letter.their_recipients if letter.side == "us" else letter.our_recipients
    follows = place.answered is not None
    text = letter.text_signs or frozenset()
    adds_little = _adds_little(letter, place.answered, habit)
    return {
        "follows": int(follows),
        "writer_never_answers": int(habit.letters >= HABIT_LETTERS and not habit.answers),
        "asks_us": int(letter.side == "them"),
        "answers_unseen": int(not follows and says_it_answers(letter)),
        "is_forward": int(letter.threading_subject.is_forward),
        "adds_little": int(adds_little),
        # 2, 3, 5 and 9 letters before it: each doubling is a step
        "long_exchange": min((max(place.letters_before, 1) - 1).bit_length(), _MOST_STEPS),
        "not_in_to": int(not any(address.key in asked for address in letter.to)),
        "question_mark": int(not _QUESTION_MARKS.isdisjoint(letter.subject)),
        "others": _others(letter, len(asked)),
        "text_question": int("question" in text),
        "text_request": int("request" in text),
        "text_thanks": int(follows and "thanks" in text and "long" not in text),
        "text_done": int(follows and "done" in text and "long" not in text),
        "text_brief": int(follows and "brief" in text and not adds_little),
    }


def _others(letter: Letter, asked: int) -> int:
    """How far the side it asks is among others: 0 alone, 1 half of all, 2 a quarter, 3 a tenth."""
    if not asked:
        return _MOST_STEPS
    everybody = len({address.key for address in (*letter.to, *letter.cc, *letter.bcc)})
    return sum([asked * times < everybody for times in (1, 2, 4, 10)]) if everybody > asked else 0


def _adds_little(letter: Letter, answered: Letter | None, habit: Habit) -> bool:
    """Its size against the letter it answers, less what transport adds to letters of its side."""
    if answered is not None and "short" in (letter.text_signs or ()):
        return True
    if answered is None or letter.size_octets is None or answered.size_octets is None:
        return False
    heavier = habit.heavier_by(letter.side, answered.side)
    more = letter.size_octets - heavier - answered.size_octets
    # what transport adds is an estimate, and the larger it is the further it may be off
    reach = LITTLE_MORE_OCTETS + min(LITTLE_MORE_OCTETS, abs(heavier))
    return more <= reach and (more >= -reach or letter.size_octets < SHORT_OCTETS)


def _wants_one(counts: Mapping[str, int], likelihood: float, *, has_attachment: bool) -> str | None:
    """What says that it wants an answer, in words; None where an answer is unlikely."""
    says: Sequence[tuple[str, bool]] = (
        (OPENS, not counts["follows"]),
        *((_BECAUSE[name], bool(counts[name])) for name in _ASKS),
        (ATTACHED, has_attachment),
        (ADDS, not any(counts[name] for name in _CLOSES)),
        (EXPECTED, likelihood >= UNLIKELY_BELOW),
    )
    return next((words for words, holds in says if holds), None)


#: What asks for an answer in so many words.
_ASKS = ("question_mark", "text_question", "text_request")
#: What letters have that close an exchange.
_CLOSES = ("adds_little", "text_thanks", "text_done")
_IN_ORDER = itemgetter(*(sign.name for sign in SIGNS))
_BECAUSE = {sign.name: sign.because for sign in SIGNS}
