"""p-values that are counted out, by hand and against the library."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from inbox_agent.exact_tests import fisher_p, kendall_p

COUNTS = st.integers(0, 60)
HEIGHTS = st.one_of(st.floats(-50, 50), st.integers(0, 4).map(float))


def test_the_lady_who_tastes_tea_is_lucky_in_2_of_70_ways() -> None:
    assert fisher_p(4, 4, 0, 4) == 2 / 70
    # 1 + 16 ways on either side; the 36 ways of two right are likelier
    assert fisher_p(3, 4, 1, 4) == 34 / 70
    assert fisher_p(2, 4, 2, 4) == 1.0


def test_shares_of_nothing_or_of_all_are_no_difference() -> None:
    assert fisher_p(0, 8, 0, 9) == 1.0
    assert fisher_p(8, 8, 9, 9) == 1.0


@settings(max_examples=50)
@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_fishers_test_is_that_of_scipy(hits: int, others: int, after: int, rest: int) -> None:
    assume(hits + others and after + rest)
    of_scipy = stats.fisher_exact([[hits, others], [after, rest]]).pvalue
    assert fisher_p(hits, hits + others, after, after + rest) == pytest.approx(of_scipy, rel=1e-12)


def test_six_months_that_only_rise_are_one_of_720_orders_as_are_six_that_only_fall() -> None:
    assert kendall_p([1, 2, 3, 4, 5, 6]) == 2 / 720
    assert kendall_p([6, 5, 4, 3, 2, 1]) == 2 / 720
    # five neighbours may be swapped
    assert kendall_p([1, 2, 4, 3, 5, 6]) == 2 * (1 + 5) / 720


@settings(max_examples=50)
@given(st.lists(HEIGHTS, min_size=6, max_size=12))
def test_kendalls_test_is_that_of_scipy_to_the_last_bit(heights: list[float]) -> None:
    assume(len(set(heights)) > 1)
    assert kendall_p(heights) == stats.kendalltau(range(len(heights)), heights).pvalue
