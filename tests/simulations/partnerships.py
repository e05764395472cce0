"""Simulated partnerships of 14 months, many of them steady, some with one thing planted in them.

Both sides open conversations and answer in working hours; half of the answers say more and are
answered themselves, one letter in twenty is never answered, and conversations end with a short
letter. Nothing but what is planted changes in a partnership.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from inbox_agent.delivery_reports import Delivery, Report
from inbox_agent.messages import Message
from simulations.mail import (
    AS_OF,
    DAY,
    HOUR,
    MINUTE,
    MONTH_START,
    OURS,
    RHYTHMS,
    TEAM,
    Thread,
    after_working,
    lognormal,
    seeded,
    working_instant,
)
from simulations.writing import (
    SECOND_PERSON,
    SIGMA,
    Habits,
    Plot,
    always,
    converse,
    letters_until_now,
    since,
    word,
)

SEED = "planted 1"


@dataclass(frozen=True)
class Partnership:
    """All letters of one, and what is true of it; empty where nothing of that kind is planted."""

    domain: str
    planted: str
    rhythm: str
    letters: tuple[Message, ...]
    leaver: str = ""
    successor: str = ""
    newcomer: str = ""


# -- plants ---------------------------------------------------------------------------------------


def _plot(planted: str, number: int) -> Plot:
    rhythm = tuple(RHYTHMS)[number % len(RHYTHMS)]
    return Plot(f"{planted}{number:03d}", rhythm, seeded(SEED, planted, number))


def steady(number: int) -> Partnership:
    """Two people of theirs, both sides alike fast; one in five once has a stranger in copy."""
    plot = _plot("steady", number)
    name, chance = plot.name, plot.chance
    domain = plot.domain
    habits = Habits(always(2 * HOUR), always(2 * HOUR), plot.two_people())
    found = plot.threads(6 * DAY, habits)
    if number % 5 == 0:
        at = working_instant(AS_OF - chance.randint(40, 200) * DAY, chance)
        stranger = Thread(f"Fair of {name}", f"{name}-fair")
        stranger.write(at, f"kim@{domain}", TEAM[0], cc=(f"otto@stranger{number:03d}.example",))
        stranger.write(after_working(at, HOUR), TEAM[0], f"kim@{domain}", size_octets=6_000)
        found.append(stranger)
    return Partnership(plot.domain, "steady", plot.rhythm, letters_until_now(found))


def slowdown(number: int) -> Partnership:
    """One side takes three times as long from 90 days before the month began.

    Much is written, and only for 8 months: what came before the two windows is not compared.
    """
    plot = _plot("slowdown", number)
    slower = since(MONTH_START - 90 * DAY, 1.5 * HOUR, 4.5 * HOUR)
    ours, theirs = (slower, always(1.5 * HOUR))[:: 1 if number % 2 else -1]
    planted = "slowdown, ours" if number % 2 else "slowdown, theirs"
    habits = Habits(ours, theirs, plot.two_people())
    found = plot.threads(1.2 * DAY, habits, AS_OF - 240 * DAY)
    return Partnership(plot.domain, planted, plot.rhythm, letters_until_now(found))


def lapse(number: int) -> Partnership:
    """Nobody writes any more, for 2.5 times the longest gap of the 12 months before."""
    plot = _plot("lapse", number)
    habits = Habits(always(2 * HOUR), always(2 * HOUR), plot.two_people())
    letters = letters_until_now(plot.threads(6 * DAY, habits))
    return Partnership(plot.domain, "lapse", plot.rhythm, _stopped(letters))


def _stopped(letters: tuple[Message, ...]) -> tuple[Message, ...]:
    """The letters up to the latest one after which it has been silent long enough."""
    today = OURS.local_date(AS_OF)
    by_time = sorted(letters, key=lambda letter: letter.sent_at or AS_OF)
    days = sorted({OURS.local_date(letter.sent_at) for letter in letters if letter.sent_at})
    for last in range(len(days) - 1, 0, -1):
        year = [day for day in days[: last + 1] if day > days[last] - 365 * DAY]
        longest = max(OURS.working_days(a, b) for a, b in pairwise(year))
        if OURS.working_days(days[last], today) >= 2.5 * longest:
            until = OURS.midnight(days[last] + DAY)
            return tuple(x for x in by_time if x.sent_at and x.sent_at < until)
    raise AssertionError("no history long enough")


def handover(number: int) -> Partnership:
    """Kim stops 75 to 100 days ago; Noa takes over Kim's conversations, then writes new ones.

    Of every three, one Kim's address begins to bounce.
    """
    plot = _plot("handover", number)
    name, chance = plot.name, plot.chance
    kim, noa = f"kim@{plot.domain}", f"noa@{plot.domain}"
    at = working_instant(AS_OF - chance.randint(75, 100) * DAY, chance)
    habits = Habits(always(2 * HOUR), always(2 * HOUR), lambda now: noa if now >= at else kim)
    found = plot.threads(6 * DAY, habits)
    _take_over(found, (kim, noa), at, chance)
    letters = letters_until_now(found)
    if number % 3 == 0:
        letters += _bounced(name, kim, at + 20 * DAY)
    return Partnership(plot.domain, "handover", plot.rhythm, letters, leaver=kim, successor=noa)


def _take_over(
    found: list[Thread], people: tuple[str, str], at: datetime, chance: random.Random
) -> None:
    """Noa answers in the last two conversations that Kim wrote in."""
    kim, noa = people
    running = [
        thread
        for thread in found
        if all(letter.sent_at and letter.sent_at < at for letter in thread.letters)
        and any(letter.from_ and letter.from_.key == kim for letter in thread.letters)
    ]
    for thread in running[-2:]:
        written_at = after_working(at, chance.uniform(1, 12) * HOUR)
        copied = (kim,) if chance.random() < 0.5 else ()
        thread.write(written_at, noa, TEAM[0], cc=copied)
        thread.write(after_working(written_at, HOUR), TEAM[0], noa, size_octets=9_000)


def _bounced(name: str, person: str, at: datetime) -> tuple[Message, ...]:
    """A letter of ours to somebody who is no longer there, and what came back."""
    thread = Thread(f"Invitation for {name}", f"{name}-invitation")
    ours = thread.write(at, TEAM[1], person)
    report = Thread("Undelivered Mail Returned to Sender", f"{name}-bounce").write(
        at + MINUTE, f"mailer-daemon@{name}.example", TEAM[1]
    )
    failed = Delivery(recipient=person, action="failed", status="5.1.1")
    marks = (("content-type", "multipart/report; report-type=delivery-status"),)
    return ours, replace(report, marks=marks, report=Report((failed,), ours.message_id))


def introduction(number: int) -> Partnership:
    """Kim writes to us with Nina of another organisation in copy; from then on Nina writes."""
    plot = _plot("introduction", number)
    name, chance = plot.name, plot.chance
    domain, nina = plot.domain, f"nina@newcomer{number:03d}.example"
    habits = Habits(always(2 * HOUR), always(2 * HOUR), plot.two_people())
    found = plot.threads(6 * DAY, habits)
    at = working_instant(AS_OF - chance.randint(30, 200) * DAY, chance)
    meeting = Thread(f"Meet Nina of {name}", f"{name}-nina")
    meeting.write(at, f"kim@{domain}", TEAM[0], cc=(nina,))
    thanked_at = after_working(at, lognormal(2 * HOUR, SIGMA, chance))
    meeting.write(thanked_at, TEAM[0], f"kim@{domain}", cc=(nina,), size_octets=7_000)
    wrote_at = after_working(thanked_at, chance.uniform(1, 56) * HOUR)
    meeting.write(wrote_at, nina, TEAM[0], size_octets=12_000)
    meeting.write(after_working(wrote_at, HOUR), TEAM[0], nina, size_octets=13_000)
    ninas = Habits(always(2 * HOUR), always(2 * HOUR), lambda _: nina)
    for n, begins_at in enumerate(RHYTHMS["memoryless"](wrote_at, AS_OF, 10 * DAY, chance)):
        thread = Thread(f"{word(n)} for Nina of {name}", f"{name}-nina-{n}")
        converse(thread, begins_at, ninas, chance)
        found.append(thread)
    return Partnership(
        plot.domain,
        "introduction",
        plot.rhythm,
        letters_until_now([*found, meeting]),
        newcomer=nina,
    )


def departure(number: int) -> Partnership:
    """Kim stops and nobody takes over; Noa, who first writes in these weeks, has other business."""
    plot = _plot("departure", number)
    name, chance = plot.name, plot.chance
    kim, lee, noa = (f"{who}@{plot.domain}" for who in ("kim", "lee", "noa"))
    at = working_instant(AS_OF - chance.randint(75, 100) * DAY, chance)
    comes_at = at + chance.randint(-20, 40) * DAY

    def who(now: datetime) -> str:
        return lee if now >= at or chance.random() < SECOND_PERSON else kim

    habits = Habits(always(2 * HOUR), always(2 * HOUR), who)
    found = plot.threads(6 * DAY, habits)
    noas = Habits(always(2 * HOUR), always(2 * HOUR), lambda _: noa)
    for n, begins_at in enumerate(RHYTHMS["weekly"](comes_at, AS_OF, 12 * DAY, chance)):
        thread = Thread(f"{word(n)}, new, at {name.capitalize()}", f"{name}-noa-{n}")
        converse(thread, begins_at, noas, chance)
        found.append(thread)
    return Partnership(plot.domain, "departure", plot.rhythm, letters_until_now(found), leaver=kim)


def imbalance(number: int) -> Partnership:
    """They take eight times as long as we do, and always did."""
    plot = _plot("imbalance", number)
    habits = Habits(always(1 * HOUR), always(8 * HOUR), plot.two_people())
    found = plot.threads(3 * DAY, habits)
    return Partnership(plot.domain, "imbalance", plot.rhythm, letters_until_now(found))


PLANTS: dict[str, Callable[[int], Partnership]] = {
    "slowdown": slowdown,
    "lapse": lapse,
    "handover": handover,
    "departure": departure,
    "introduction": introduction,
    "imbalance": imbalance,
}
STEADY, PLANTED = 90, 32


def population() -> list[Partnership]:
    """Everybody: the steady ones, and so many of each plant."""
    return [
        *(steady(number) for number in range(STEADY)),
        *(plant(number) for plant in PLANTS.values() for number in range(PLANTED)),
    ]
