"""How simulated people write with each other: how fast they answer, and in which conversations."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox_agent.messages import Message
from simulations.mail import (
    AS_OF,
    DAY,
    RHYTHMS,
    TEAM,
    Thread,
    after_working,
    lognormal,
    working_instant,
)

BEGAN_AT = AS_OF - 425 * DAY
SIGMA = 1.0
NEVER_ANSWERED, SAYS_MORE, SECOND_PERSON = 0.05, 0.5, 0.3

Median = Callable[[datetime], timedelta]
Who = Callable[[datetime], str]


@dataclass(frozen=True)
class Habits:
    """How fast each side answers (working time), and who writes for them."""

    ours: Median
    theirs: Median
    person: Who


def always(length: timedelta) -> Median:
    """The same pace at any time."""
    return lambda _: length


def since(begin: datetime, before: timedelta, after: timedelta) -> Median:
    """Another pace from some instant on."""
    return lambda at: after if at >= begin else before


# -- conversations --------------------------------------------------------------------------------


def converse(thread: Thread, begins_at: datetime, habits: Habits, chance: random.Random) -> None:
    """One conversation: an ask, most often an answer, and sometimes what that one asked for."""
    ours, at = chance.choice(TEAM), working_instant(begins_at, chance)
    by_us = chance.random() < 0.5
    for turn in range(3):
        person = habits.person(at)
        author, to = (ours, person) if by_us else (person, ours)
        is_more = turn == 0 or (turn == 1 and chance.random() < SAYS_MORE)
        quoted = (thread.letters[-1].size_octets or 0) if thread.letters else 2_500
        more = chance.randint(2_000, 8_000) if is_more else chance.randint(200, 900)
        thread.write(at, author, to, size_octets=quoted + more)
        if not is_more or (turn == 0 and chance.random() < NEVER_ANSWERED):
            return
        median = (habits.theirs if by_us else habits.ours)(at)
        at = after_working(at, lognormal(median, SIGMA, chance))
        by_us = not by_us


@dataclass(frozen=True)
class Plot:
    """One partnership about to be written: its name, its rhythm and its own source of chance."""

    name: str
    rhythm: str
    chance: random.Random

    @property
    def domain(self) -> str:
        """Where all of theirs have their addresses."""
        return f"{self.name}.example"

    def two_people(self) -> Who:
        """Kim writes for them, and Lee in three of ten cases."""
        kim, lee = f"kim@{self.domain}", f"lee@{self.domain}"
        return lambda _: lee if self.chance.random() < SECOND_PERSON else kim

    def threads(
        self, pace: timedelta, habits: Habits, began_at: datetime = BEGAN_AT
    ) -> list[Thread]:
        """All conversations, by when they begin."""
        found = []
        for n, begins_at in enumerate(RHYTHMS[self.rhythm](began_at, AS_OF, pace, self.chance)):
            subject = f"{word(n)} at {self.name.capitalize()}"
            found.append(Thread(subject, f"{self.name}-{n}"))
            converse(found[-1], begins_at, habits, self.chance)
        return found


def word(number: int) -> str:
    """A subject that no two conversations share, and that holds no number."""
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:04d}").capitalize()


def letters_until_now(found: Iterable[Thread]) -> tuple[Message, ...]:
    """What of these conversations has been written by now."""
    letters = (letter for thread in found for letter in thread.letters)
    return tuple(letter for letter in letters if letter.sent_at and letter.sent_at <= AS_OF)
