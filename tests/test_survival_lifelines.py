"""F(t) against another implementation of the Kaplan-Meier estimate: that of lifelines."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

import pytest
from mailboxes import ROSTER, WEEK, message

from inbox_agent.business_clock import BusinessClock, Clocks, Terms
from inbox_agent.measure import measure
from inbox_agent.response_times import Ask
from inbox_agent.standards import DAY_SECONDS, Cuts, Standards
from inbox_agent.survival import business_curve, calendar_curve

pytestmark = pytest.mark.simulation

SAMPLES = 1_000
CUTS = Cuts(give_up_after_seconds=10 * DAY_SECONDS)
GIVE_UP = CUTS.give_up_after_seconds
ASKED_AT = datetime(2025, 6, 2, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """Response times, ages of what is open, and how many were given up."""

    answered: tuple[int, ...]
    still_open: tuple[int, ...]
    lapsed: int


def an_ask() -> Ask:
    """A real one, whose outcome the samples then replace."""
    clock = BusinessClock.make("UTC", WEEK, ((time(9), time(17)),), None, ())
    terms = Terms(Standards(), Clocks(clock, clock), CUTS)
    copy = message("1@mail.example", ASKED_AT, to=("ana@acme.com",))
    (ask,) = measure(ROSTER.partner("globex.com"), [copy], ROSTER, terms, ASKED_AT).asks
    return ask


def sample(number: int) -> Sample:
    """Small and large ones, with ties of every sort; every tenth has no answer, or only answers."""
    draw = random.Random(number)  # noqa: S311 - to be repeated, not to be secret
    size = draw.choice((1, 2, 3, 5, 8, 20, 60))
    # few different instants make ties, of answers among each other and with what is censored
    spread = draw.choice((3, 10, GIVE_UP))
    lengths = [draw.randint(0, spread) for _ in range(size)]
    only = {0: ("open", "lapsed"), 1: ("answered",)}
    kinds = only.get(number % 10, ("answered", "open", "lapsed"))
    drawn = [(draw.choice(kinds), length) for length in lengths]
    return Sample(
        answered=tuple(length for kind, length in drawn if kind == "answered"),
        still_open=tuple(min(length, GIVE_UP - 1) for kind, length in drawn if kind == "open"),
        lapsed=sum(kind == "lapsed" for kind, _ in drawn),
    )


def asks_of(found: Sample, base: Ask) -> list[Ask]:
    """The sample as asks; both clocks show the same."""

    def ask(outcome: str, age: int, took: int | None) -> Ask:
        fields = {"response_seconds": took, "business_seconds": took}
        ages = {"age_seconds": age, "business_age_seconds": age}
        return replace(base, outcome=outcome, **fields, **ages)

    return [
        *(ask("answered", 2 * GIVE_UP, took) for took in found.answered),
        *(ask("open", age, None) for age in found.still_open),
        *(ask("lapsed", 2 * GIVE_UP, None) for _ in range(found.lapsed)),
    ]


def instants(found: Sample) -> list[int]:
    """Where a step may be, and the seconds before and after it."""
    marks = {0, GIVE_UP, *found.answered, *found.still_open}
    return sorted({t for mark in marks for t in (mark - 1, mark, mark + 1) if t >= 0})


def by_lifelines(found: Sample, at: list[int]) -> list[float]:
    """F(t) as lifelines has it."""
    from lifelines import KaplanMeierFitter  # noqa: PLC0415 - half a second to import

    lengths = [*found.answered, *found.still_open, *[GIVE_UP] * found.lapsed]
    observed = [1] * len(found.answered) + [0] * (len(lengths) - len(found.answered))
    fitted = KaplanMeierFitter().fit(lengths, observed)
    return [1 - float(share) for share in fitted.survival_function_at_times(at)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_f_of_t_is_that_of_lifelines_on_a_thousand_samples() -> None:
    """By the calendar and in working time: both clocks show the same here.

    What was given up has waited 10 days by the calendar, and in working time longer than anything
    that was seen; F is the same for both, as nothing is answered later.
    """
    base, worst = an_ask(), {"calendar": 0.0, "working": 0.0}
    for found in map(sample, range(SAMPLES)):
        at, asks = instants(found), asks_of(found, base)
        expected = by_lifelines(found, at)
        for name, curve in (
            ("calendar", calendar_curve(asks, CUTS)),
            ("working", business_curve(asks)),
        ):
            apart = (abs(curve.share(t) - x) for t, x in zip(at, expected, strict=True))
            worst[name] = max(worst[name], *apart)
    assert max(worst.values()) <= 1e-9, worst


def test_the_samples_hold_what_is_hard() -> None:
    samples = [sample(number) for number in range(SAMPLES)]
    assert sum(not found.answered for found in samples) >= 100
    assert sum(not found.still_open and not found.lapsed for found in samples) >= 100
    assert sum(bool({*found.answered} & {*found.still_open}) for found in samples) >= 100
    assert sum(len(found.answered) > len({*found.answered}) for found in samples) >= 100
    assert sum(len((*found.answered, *found.still_open)) + found.lapsed <= 3 for found in samples)
