"""Do both sides wait alike? The ratio of the two typical response times, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

from inbox_agent.comparisons import A_MINUTE, Basis, observation
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts
from inbox_agent.standing import WindowFigures
from inbox_agent.survival import FEWEST_ASKS, Figures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

_RESAMPLES = 400
#: So many weights are in memory at once, five times over.
_MOST_CELLS = 200_000
_SEED = 1979
_CONFIDENCE = 0.95
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Fairness:
    """ln(their typical response time / ours), with the ends of its 95 % interval."""

    value: float
    low: float
    high: float
    basis: Basis


def fairness(
    our_asks: Sequence[Ask], their_asks: Sequence[Ask], over: WindowFigures, cuts: Cuts
) -> Fairness | None:
    """How their typical response time compares with ours: above 0 they are slower, below 0 we are.

    Good for who waits longer for whom: 0.69 means that they take twice as long, -0.69 that we do.
    The natural logarithm of their p50_seconds over ours in the window, each plus one minute; where
    fewer than half of the asks of either side were answered, of answered_p50_seconds
    (fairness_basis: `all` or `answered`). Where the 95 % interval from low to high holds 0, the two
    may be alike; it is of 400 bootstrap resamples of each side's asks, with a fixed seed, of which
    one with fewer than half answered counts as the give-up time. Empty with fewer than 5 asks or 5
    answers on either side, and where our own response times are unknown.
    """
    basis: Basis = "all" if over.ours.p50_reached and over.theirs.p50_reached else "answered"
    ours, theirs = (_typical(figures, basis) for figures in (over.ours, over.theirs))
    if ours is None or theirs is None:
        return None
    low, high = _interval(our_asks, their_asks, basis, cuts)
    return Fairness(log((theirs + A_MINUTE) / (ours + A_MINUTE)), low, high, basis)


def _typical(figures: Figures, basis: Basis) -> int | None:
    if figures.answered < FEWEST_ASKS:
        return None
    return figures.p50_seconds if basis == "all" else figures.answered_p50_seconds


def _interval(
    our_asks: Sequence[Ask], their_asks: Sequence[Ask], basis: Basis, cuts: Cuts
) -> tuple[float, float]:
    import numpy as np  # noqa: PLC0415 - most commands need none

    lots = np.random.default_rng(_SEED)
    drawn = []
    for asks in (our_asks, their_asks):
        seconds, is_answer = observed(asks, cuts)
        typical = np.concatenate(
            [
                typical_seconds(seconds, is_answer, weights, basis)
                for weights in _weights(lots, len(seconds))
            ]
        )
        unreached = cuts.give_up_after_seconds
        drawn.append(np.log(np.where(np.isnan(typical), unreached, typical) + A_MINUTE))
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(drawn[1] - drawn[0], (tail, 1 - tail), method="inverted_cdf")
    return float(low), float(high)


def _weights(lots: Any, count: int) -> Iterator[Numbers]:
    """How often each of `count` asks is in each resample, a row a resample, in parts."""
    import numpy as np  # noqa: PLC0415

    rows = max(1, min(_RESAMPLES, _MOST_CELLS // count))
    for begun in range(0, _RESAMPLES, rows):
        part = min(rows, _RESAMPLES - begun)
        drawn = lots.integers(0, count, (part, count)) + count * np.arange(part)[:, None]
        yield np.bincount(drawn.ravel(), minlength=part * count).reshape(part, count)


def observed(asks: Sequence[Ask], cuts: Cuts) -> tuple[Numbers, Numbers]:
    """Durations and whether an answer ended them, in the order of the estimate.

    By duration; at the same one answers before those that still wait.
    """
    import numpy as np  # noqa: PLC0415

    waits = sorted(
        (wait.seconds, not wait.is_answer)
        for wait in (observation(ask, cuts) for ask in asks if ask.is_in_figures)
    )
    seconds, is_censored = zip(*waits, strict=True)
    return np.array(seconds, dtype=float), ~np.array(is_censored)


def typical_seconds(
    seconds: Numbers, is_answer: Numbers, weights: Numbers, basis: Basis
) -> Numbers:
    """The Kaplan-Meier median of each row of weights; NaN where it is not reached.

    `answered`: the smallest t with F(t) at least half of its last value. Tied answers are taken
    one after the other, which gives the same product.
    """
    import numpy as np  # noqa: PLC0415

    at_risk = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]
    answers = np.where(is_answer, weights, 0)
    share = 1 - np.cumprod(1 - answers / np.maximum(at_risk, 1), axis=1)
    last = share[:, -1:]
    goal = np.full_like(last, 0.5) if basis == "all" else np.where(last > 0, 0.5 * last, 1.0)
    is_there = share >= goal - _SLACK
    return np.where(is_there.any(axis=1), seconds[is_there.argmax(axis=1)], np.nan)
