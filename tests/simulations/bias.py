"""How far each figure is from the truth where the true response times are known.

Each regime is a way in which mailboxes mislead those who average what was answered. The letters
go through `measure`; the truth is the distribution that the answers were drawn from.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from math import exp, log

from accuracy.markdown import table
from accuracy.section import Section

from inbox_agent.measure import measure
from inbox_agent.messages import Message
from inbox_agent.survival import Figures
from simulations.mail import (
    AS_OF,
    DAY,
    HOUR,
    MINUTE,
    ROSTER,
    TEAM,
    TERMS,
    Thread,
    lognormal,
    seeded,
)

SEED = "bias 1"
MAILBOXES, ASKS = 12, 300
SIGMA = 1.0
WINDOW_ENDS = AS_OF.replace(hour=0)
WINDOW_BEGINS = WINDOW_ENDS - 90 * DAY
PARTNER, KIM = "globex.example", "kim@globex.example"

Figure = Callable[[Figures], int | None]
FIGURES: Mapping[str, Figure] = {
    "p50": lambda found: found.p50_seconds,
    "answered_p50": lambda found: found.answered_p50_seconds,
    "naive median": lambda found: found.naive_p50_seconds,
    "naive mean": lambda found: found.naive_mean_seconds,
}


@dataclass(frozen=True)
class Regime:
    """How a mailbox comes about: when they ask, how many we answer, and how fast."""

    name: str
    says: str
    median: timedelta
    never: float = 0.0
    last_ask_days_before: int = 0
    in_last_week: float = 0.0
    closes: bool = False
    transport_octets: int = 0
    opened_by_us: float = 0.0

    @property
    def true_p50(self) -> timedelta:
        """Within this time half of all that needs an answer has one; nothing answers the rest."""
        share = 0.5 / (1 - self.never)
        return self.median * _lognormal_quantile(share)

    @property
    def true_answered_p50(self) -> timedelta:
        """The median over what is answered within the 30 days after which asks are given up."""
        in_time = statistics.NormalDist().cdf(_log(30 * DAY / self.median) / SIGMA)
        return self.median * _lognormal_quantile(0.5 * in_time)


def _log(ratio: float) -> float:
    return log(ratio)


def _lognormal_quantile(share: float) -> float:
    return exp(SIGMA * statistics.NormalDist().inv_cdf(share))


REGIMES = (
    Regime(
        "all answered",
        "every ask is answered, and long enough ago to know it",
        median=6 * HOUR,
        last_ask_days_before=30,
    ),
    Regime(
        "a third never answered",
        "one ask in three gets no answer, ever",
        median=6 * HOUR,
        never=1 / 3,
    ),
    Regime(
        "long tail cut by the window",
        "half takes more than two weeks, a quarter more than 27 days, and many asks are younger",
        median=14 * DAY,
    ),
    Regime(
        "a burst in the last week",
        "half of the asks came in the last 7 days; answers take 3 days",
        median=3 * DAY,
        in_last_week=0.5,
    ),
    Regime(
        "closers",
        "every conversation ends with a short letter of thanks that nobody answers",
        median=6 * HOUR,
        last_ask_days_before=3,
        closes=True,
    ),
    Regime(
        "closers, as heavy as they arrive",
        "the same, but the header lines of transport make each of their letters 4,000 octets"
        " heavier than what lies in Sent; we open one conversation in five",
        median=6 * HOUR,
        last_ask_days_before=3,
        closes=True,
        transport_octets=4_000,
        opened_by_us=0.2,
    ),
)


# -- mailboxes ------------------------------------------------------------------------------------


def mailbox(regime: Regime, number: int) -> list[Message]:
    """The letters of one mailbox: about so many asks of theirs, in the window."""
    chance = seeded(SEED, regime.name, number)
    letters: list[Message] = []
    for n, asked_at in enumerate(_instants(regime, chance)):
        thread = Thread(f"Plans for {_place(n)}", f"{number}-{n}")
        _converse(thread, asked_at, regime, chance)
        letters += thread.letters
    heavier = regime.transport_octets
    return [
        letter if letter.is_sent_copy else replace(letter, size_octets=_size(letter) + heavier)
        for letter in letters
        if letter.sent_at and letter.sent_at <= AS_OF
    ]


def _size(letter: Message) -> int:
    return letter.size_octets or 0


def _instants(regime: Regime, chance: random.Random) -> Iterator[datetime]:
    """When conversations begin; two in five of them have a second question."""
    ends = WINDOW_ENDS - regime.last_ask_days_before * DAY
    for _ in range(round(ASKS / 1.4)):
        begins = ends - 7 * DAY if chance.random() < regime.in_last_week else WINDOW_BEGINS
        yield begins + (ends - begins) * chance.random()


def _converse(thread: Thread, asked_at: datetime, regime: Regime, chance: random.Random) -> None:
    ours, at = chance.choice(TEAM), asked_at
    if regime.opened_by_us and chance.random() < regime.opened_by_us:
        thread.write(at, ours, KIM, size_octets=2_500 + chance.randint(1_000, 6_000))
        at += lognormal(regime.median, SIGMA, chance)
    for _ in range(1 + (chance.random() < 0.4)):
        quoted = _size(thread.letters[-1]) if thread.letters else 2_500
        thread.write(at, KIM, ours, size_octets=quoted + chance.randint(1_000, 6_000))
        if chance.random() < regime.never:
            return
        answered_at = at + lognormal(regime.median, SIGMA, chance)
        thread.write(answered_at, ours, KIM)
        at = answered_at + chance.uniform(0.2, 6) * HOUR
    if regime.closes:
        quoted = _size(thread.letters[-1])
        thanked_at = answered_at + chance.uniform(10, 180) * MINUTE
        thread.write(thanked_at, KIM, ours, size_octets=quoted + chance.randint(150, 900))


def _place(number: int) -> str:
    """A name that no two conversations share, and that is no ticket number."""
    letters = "abcdefghij"
    return "".join(letters[int(digit)] for digit in str(number)).capitalize() + " Street"


# -- errors ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Errors:
    """Of one figure in one regime: relative errors over the mailboxes; None where not reached."""

    each: tuple[float | None, ...]

    @property
    def bias(self) -> float:
        """The median of the errors with their sign."""
        return statistics.median(self._known)

    @property
    def size(self) -> float:
        """The median of the errors without their sign."""
        return statistics.median(map(abs, self._known))

    @property
    def _known(self) -> list[float]:
        """A figure that is not reached says "longer than anything seen": endlessly too long."""
        return [float("inf") if error is None else error for error in self.each]


@cache
def measured(regime: Regime) -> tuple[Figures, ...]:
    """Our figures over the window, mailbox by mailbox."""
    partner = ROSTER.partner(PARTNER)
    return tuple(
        measure(partner, mailbox(regime, number), ROSTER, TERMS, AS_OF).standing.ours
        for number in range(MAILBOXES)
    )


def errors(regime: Regime, figure: str, truth: timedelta | None = None) -> Errors:
    """How far the figure is off the true p50, or off another truth."""
    true = (truth or regime.true_p50).total_seconds()
    values = [FIGURES[figure](found) for found in measured(regime)]
    return Errors(tuple(None if value is None else value / true - 1 for value in values))


# -- the page -------------------------------------------------------------------------------------

_TEXT = """\
{mailboxes} mailboxes for each regime, each with about {asks} asks of 90 days; the answers' times
are drawn from a lognormal distribution (sigma {sigma:g}: one in a hundred takes ten times the
median). The truth is the time within which half of all that needs an answer gets one, with what
is never answered taking for ever. Shown is the median error over the mailboxes, and after the
stroke the median of its size without the sign.

{regimes}

{errors}

`answered_p50` answers another question: how fast, when they answer at all within 30 days. Where
all is answered the two truths are one; elsewhere it is meant to be smaller. Its error against
its own truth:

{answered}

The naive figures are those over answered asks alone. They leave out whoever was ignored and
whatever still waits, so they are too small where much is; the mean is too large where the tail is
long and nothing cuts it.
"""


def _percent(found: Errors) -> str:
    return f"{found.bias:+.0%} / {found.size:.0%}"


def _span(length: timedelta) -> str:
    hours = length / HOUR
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"


def section() -> Section:
    """The bias table."""
    against_truth = [
        [regime.name, _span(regime.true_p50), *(_percent(errors(regime, x)) for x in FIGURES)]
        for regime in REGIMES
    ]
    own = [
        [
            regime.name,
            _span(regime.true_answered_p50),
            _percent(errors(regime, "answered_p50", regime.true_answered_p50)),
        ]
        for regime in REGIMES
    ]
    text = _TEXT.format(
        mailboxes=MAILBOXES,
        asks=ASKS,
        sigma=SIGMA,
        regimes="\n".join(f"- **{regime.name}**: {regime.says}." for regime in REGIMES),
        errors=table(["regime", "truth", *FIGURES], against_truth),
        answered=table(["regime", "truth of answered_p50", "answered_p50"], own),
    )
    figures = {
        f"{kind} of {name}, {regime.name}": value
        for regime in REGIMES
        for name in FIGURES
        for kind, value in (
            ("bias", errors(regime, name).bias),
            ("size", errors(regime, name).size),
        )
    }
    return Section("Response times: what each figure makes of the truth", text, figures)
