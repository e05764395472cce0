"""Whether both sides wait alike, and how sure that is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from math import log
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_asks import ASKED_AT, DAY, HOUR, made_ask, made_asks, repeated

from inbox_agent.comparisons import observation
from inbox_agent.fairness import Fairness, fairness, observed, typical_seconds
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts
from inbox_agent.standing import WindowFigures
from inbox_agent.survival import figures, without_times

CUTS = Cuts()


def fair(ours: Sequence[Ask], theirs: Sequence[Ask]) -> Fairness | None:
    return fairness(ours, theirs, WindowFigures(figures(ours, CUTS), figures(theirs, CUTS)), CUTS)


def test_twice_as_long_is_the_logarithm_of_two() -> None:
    # with the minute added: 1,800 s and 3,600 s
    found = fair(made_asks(*[1_740] * 5), made_asks(*[3_540] * 6))
    assert found is not None
    assert found.value == pytest.approx(log(2))
    # every resample of equal durations is the same
    assert (found.low, found.high) == (pytest.approx(log(2)), pytest.approx(log(2)))
    assert found.basis == "all"


def test_the_other_way_round_it_is_below_zero() -> None:
    found = fair(made_asks(*[3_540] * 6), made_asks(*[1_740] * 5))
    assert found is not None
    assert found.value == pytest.approx(-log(2))


def test_where_one_side_leaves_half_unanswered_both_figures_are_of_the_answered() -> None:
    ours = made_asks(*[HOUR] * 5, *[None] * 6)  # 5 of 11: no median over all asks
    theirs = made_asks(*[HOUR] * 4, *[5 * HOUR] * 5)  # median 5 hours over all, and of the answered
    found = fair(ours, theirs)
    assert found is not None
    assert found.basis == "answered"
    assert found.value == pytest.approx(log((5 * HOUR + 60) / (HOUR + 60)))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(made_asks(*[HOUR] * 4), made_asks(*[HOUR] * 9), id="four asks to us"),
        pytest.param(made_asks(*[HOUR] * 9), made_asks(*[HOUR] * 4), id="four asks to them"),
        pytest.param(
            made_asks(*[HOUR] * 9),
            made_asks(*[HOUR] * 4, *[None] * 20),
            id="four answers of theirs",
        ),
        pytest.param([], [], id="nothing"),
    ],
)
def test_too_little_is_not_compared(ours: list[Ask], theirs: list[Ask]) -> None:
    assert fair(ours, theirs) is None


def test_where_our_times_are_unknown_so_is_fairness() -> None:
    asks = made_asks(*[HOUR] * 9)
    unknown = WindowFigures(without_times(figures(asks, CUTS)), figures(asks, CUTS))
    assert fairness(asks, asks, unknown, CUTS) is None


def test_the_interval_tells_much_mail_from_little() -> None:
    hours = [1, 1, 2, 2, 3, 3, 4, 5, 8, 24]
    few, many = (made_asks(*[HOUR * each for each in hours * times]) for times in (1, 12))
    slow = made_asks(*[3 * HOUR * each for each in hours * 12])
    little, much, apart = fair(few, few), fair(many, many), fair(many, slow)
    assert little is not None
    assert much is not None
    assert apart is not None
    assert little.low < much.low <= 0 <= much.high < little.high
    assert 0 < apart.low <= apart.value <= apart.high


def test_a_resample_of_which_few_were_answered_counts_as_the_give_up_time() -> None:
    asks = made_asks(*[HOUR] * 6, *[None] * 5)
    found = fair(asks, made_asks(*[HOUR] * 30))
    assert found is not None
    # nearly half of our resamples have no median: 30 days
    assert found.low == pytest.approx(log((HOUR + 60) / (30 * DAY + 60)))
    assert found.value == 0.0


TOOK = st.lists(st.none() | st.integers(0, 40), min_size=5, max_size=14)


def typical(asks: Sequence[Ask], weights: Sequence[int], *, answered: bool) -> list[float]:
    seconds, is_answer = observed(asks, CUTS)
    basis = "answered" if answered else "all"
    return typical_seconds(seconds, is_answer, np.array([weights]), basis).tolist()  # type: ignore[no-any-return]


def as_in_the_estimate(ask: Ask) -> tuple[int, bool]:
    wait = observation(ask, CUTS)
    return wait.seconds, not wait.is_answer


@given(TOOK, st.data())
@settings(max_examples=60, deadline=None)
def test_the_weighted_median_is_that_of_the_figures(
    took: list[int | None], data: st.DataObject
) -> None:
    asks = [made_ask(seconds, age=60 * DAY if seconds is None else 50) for seconds in took]
    young = data.draw(st.lists(st.integers(0, 40), max_size=6))
    asks += [made_ask(age=age) for age in young]
    asks.sort(key=as_in_the_estimate)
    weights = data.draw(st.lists(st.integers(0, 3), min_size=len(asks), max_size=len(asks)))
    for sample, of_it in (([1] * len(asks), asks), (weights, repeated(asks, weights))):
        if len(of_it) < 5:
            continue
        expected = figures(of_it, CUTS)
        (over_all,), (of_answered,) = (
            typical(asks, sample, answered=answered) for answered in (False, True)
        )
        assert expected.p50_seconds == (None if np.isnan(over_all) else over_all)
        wanted = expected.answered_p50_seconds
        assert wanted == (None if np.isnan(of_answered) else of_answered)


@given(st.lists(st.none() | st.integers(0, 10**6), min_size=6, max_size=12), st.randoms())
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_asks_is_nothing(took: list[int | None], random: Random) -> None:
    ours, theirs = made_asks(*took), made_asks(*[5] * 9)
    found = fair(ours, theirs)
    random.shuffle(ours)
    assert fair(ours, theirs[::-1]) == found


def test_fairness_costs_little() -> None:
    lots = Random(3)  # noqa: S311 - what is drawn is to be the same each time
    asks = [
        made_ask(lots.randint(60, 10**6), asked_at=ASKED_AT + timedelta(minutes=n))
        for n in range(60)
    ]
    over = WindowFigures(figures(asks, CUTS), figures(asks, CUTS))
    costs = []
    for _ in range(5):
        begun = time.process_time()
        fairness(asks, asks, over, CUTS)
        costs.append(time.process_time() - begun)
    assert min(costs) < 0.02  # a hundredth of a second, and as much to spare
