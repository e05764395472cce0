"""When a mailbox that failed is tried again."""

from __future__ import annotations

import itertools
import math

import pytest

from inbox_agent.backoff import Trouble, wait_seconds

PASSING, REFUSED = Trouble.PASSING, Trouble.REFUSED
MINUTE, HOUR, DAY = 60, 3600, 86_400
ALMOST_ONE = math.nextafter(1.0, 0.0)
CHANCES = (0.0, 0.25, 0.5, 0.75, ALMOST_ONE)
#: In a row, this one included: the longest wait of passing trouble, in seconds.
ENDS = {1: 2, 2: 4, 3: 8, 4: 16, 5: 32, 6: 64, 7: 128, 8: 256, 9: 512, 10: 900, 11: 900, 99: 900}


@pytest.mark.parametrize(("failures", "end"), ENDS.items())
def test_passing_trouble_waits_from_a_second_to_an_end_that_doubles_up_to_15_minutes(
    failures: int, end: int
) -> None:
    assert wait_seconds(failures, PASSING, None, 0.0) == 1
    assert wait_seconds(failures, PASSING, None, 0.5) == (1 + end) / 2
    assert wait_seconds(failures, PASSING, None, ALMOST_ONE) == pytest.approx(end)


@pytest.mark.parametrize(
    ("failures", "least", "most"), [(1, 15, 30), (2, 30, 60), (3, 30, 60), (500, 30, 60)]
)
def test_a_refusal_waits_a_quarter_of_an_hour_at_least_and_an_hour_at_most(
    failures: int, least: int, most: int
) -> None:
    assert wait_seconds(failures, REFUSED, None, 0.0) == least * MINUTE
    assert wait_seconds(failures, REFUSED, None, ALMOST_ONE) == pytest.approx(most * MINUTE)


@pytest.mark.parametrize("trouble", Trouble)
@pytest.mark.parametrize("failures", [0, 1, 2, 5, 20, 10**9])
def test_no_wait_is_shorter_than_a_second_or_what_the_server_suggests_or_endless(
    trouble: Trouble, failures: int
) -> None:
    suggestions = (None, math.nan, -5.0, 0.0, 0.3, 90.0, float(DAY), 10.0**15, math.inf)
    for suggested, chance in itertools.product(suggestions, CHANCES):
        wait = wait_seconds(failures, trouble, suggested, chance)
        asked = 0.0 if suggested is None or math.isnan(suggested) else min(suggested, DAY)
        assert max(1.0, asked) <= wait <= DAY + HOUR


@pytest.mark.parametrize("trouble", Trouble)
def test_a_wait_grows_with_chance_and_its_span_never_shrinks_with_failures(
    trouble: Trouble,
) -> None:
    for failures in range(1, 40):
        waits = [wait_seconds(failures, trouble, 7.0, chance) for chance in CHANCES]
        assert waits == sorted(set(waits))
        later = [wait_seconds(failures + 1, trouble, 7.0, chance) for chance in CHANCES]
        assert all(one <= other for one, other in zip(waits, later, strict=True))


def test_what_the_server_suggests_comes_first_and_the_wait_after_it() -> None:
    assert wait_seconds(1, PASSING, 90.0, 0.0) == 91
    assert wait_seconds(3, PASSING, 90.0, 0.5) == 90 + 4.5
    assert wait_seconds(1, REFUSED, 7200.0, 0.0) == 2 * HOUR + 15 * MINUTE
