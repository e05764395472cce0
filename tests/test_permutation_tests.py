"""Dealing values to two periods again: exact where it can be, drawn where it must be."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from inbox_agent.permutation_tests import _drawn_subsets, score_p, staged_p

SCORES = st.lists(st.integers(-9, 9).map(float), min_size=5, max_size=6)


def test_of_252_ways_to_deal_five_and_five_two_are_as_extreme_as_complete_separation() -> None:
    assert score_p([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(2 / 252)


def test_ways_that_tie_with_the_observed_one_count_as_extreme() -> None:
    # Of 20 ways to deal 1, 1, 1, 9, 9, 9 to two periods of three, one has three nines after, one
    # has none; two nines and a one, or one nine and two ones, are nine ways each.
    assert score_p([1, 1, 1], [9, 9, 9]) == pytest.approx(2 / 20)
    assert score_p([1, 1, 9], [9, 9, 1]) == 1.0


def test_equal_values_are_no_difference() -> None:
    assert score_p([3] * 6, [3] * 7) == 1.0
    assert score_p([3] * 30, [3] * 25) == 1.0


@given(SCORES, SCORES)
@settings(max_examples=10, deadline=None)
def test_few_values_give_the_p_value_of_scipy(before: list[float], after: list[float]) -> None:
    smaller, larger = sorted((before, after), key=len)
    pooled = [*before, *after]
    # times their number: whole numbers, so that no result hangs on a rounding
    centred = [[len(pooled) * x - sum(pooled) for x in part] for part in (smaller, larger)]

    def apart(first: Any, _then: Any, axis: int) -> Any:
        return np.abs(first.sum(axis=axis))

    expected = stats.permutation_test(
        centred, apart, vectorized=True, n_resamples=1_000, alternative="greater"
    )
    assert score_p(before, after) == pytest.approx(expected.pvalue)


def test_ways_drawn_by_lot_come_near_to_all_of_them() -> None:
    before, after = [2, 4, 4, 5, 7, 8, 9, 12], [3, 6, 10, 11, 13, 14, 15, 20]
    pooled = np.array([*before, *after], dtype=float)  # 12,870 ways: more than are all tried
    sums = [pooled[list(chosen)].sum() for chosen in combinations(range(16), 8)]
    apart = np.abs(np.array(sums) - pooled.sum() / 2)
    exact = (apart >= abs(sum(after) - pooled.sum() / 2) - 1e-9).mean()
    assert score_p(before, after) == pytest.approx(exact, rel=0.2)
    assert 0.01 < exact < 0.05


def test_what_hardly_ever_occurs_is_drawn_for_longest_and_is_never_impossible() -> None:
    assert score_p(range(12), range(100, 112)) == pytest.approx(1 / 100_000)


@given(SCORES | st.lists(st.integers(0, 9).map(float), min_size=20, max_size=24), SCORES)
@settings(max_examples=30, deadline=None)
def test_swapping_the_periods_keeps_the_p_value(before: list[float], after: list[float]) -> None:
    assert score_p(before, after) == score_p(after, before) == score_p(after[::-1], before[::-1])


def test_many_values_go_by_the_normal_distribution_as_mann_and_whitney_do() -> None:
    before = [number * 7 % 23 for number in range(25)]
    after = [number * 5 % 23 + 4 for number in range(30)]
    ranks = stats.rankdata([*before, *after])
    expected = stats.mannwhitneyu(before, after, use_continuity=False, method="asymptotic").pvalue
    assert score_p(ranks[:25], ranks[25:]) == pytest.approx(expected)
    assert 0.001 < expected < 0.2


def test_subsets_drawn_are_different_members_each_as_often_as_any_other() -> None:
    subsets = _drawn_subsets(30, 12, 9_999)
    assert all(len(set(subset)) == 12 for subset in subsets[:500].tolist())
    drawn = np.bincount(subsets.ravel(), minlength=30)
    # each is in a subset with chance 12/30: 4,000 times, give or take 49
    assert len(drawn) == 30
    assert np.abs(drawn - 4_000).max() < 5 * 49


def test_drawing_goes_on_only_while_few_are_extreme() -> None:
    asked = []

    def count_extreme(subsets: Any) -> int:
        asked.append(len(subsets))
        return 50 if len(subsets) > 1_000 else 49

    assert staged_p(count_extreme, 40, 15) == pytest.approx(51 / 10_000)
    assert asked == [999, 9_999]
