"""How response times go from month to month: worked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log
from zoneinfo import ZoneInfo

import pytest
from made_asks import DAY, TERMS, made_ask, made_asks

from inbox_agent.response_times import Ask
from inbox_agent.trends import response_trend, trend

GIVE_UP = 30 * DAY


def test_a_trend_is_the_median_slope_between_any_two_months() -> None:
    # Slopes between the 15 pairs, ascending: -0.2, 0.1, 0.15, 0.2, 0.233, 0.25, 0.3, 0.3, …: the
    # eighth is 0.3. Of 720 orders 6 have at most the one inversion of 1.2 and 1.0; as many have
    # at most one the other way.
    found = trend({1: 0.0, 2: 0.3, 3: 0.4, 4: 1.2, 5: 1.0, 6: 1.5})
    assert found is not None
    assert found.slope == pytest.approx(0.3)
    assert found.p == pytest.approx(12 / 720)
    assert found.months == 6


def test_a_month_left_out_is_a_gap() -> None:
    found = trend({1: 1.0, 2: 2.0, 3: 3.0, 7: 7.0, 8: 8.0, 12: 12.0})
    assert found is not None
    assert found.slope == pytest.approx(1.0)


def test_months_all_alike_have_no_trend_and_five_are_too_few() -> None:
    found = trend(dict.fromkeys(range(6), 2.5))
    assert found is not None
    assert (found.slope, found.p) == (0.0, 1.0)
    assert trend({1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0, 5: 5.0}) is None


AS_OF = datetime(2025, 11, 20, 12, tzinfo=UTC)


def month_of_asks(month: int, *took: int | None, year: int = 2025) -> list[Ask]:
    """Asks from the first midnight of a month in Berlin on, an hour apart."""
    midnight = datetime(year, month, 1, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    return [
        made_ask(seconds, asked_at=midnight + number * timedelta(hours=1))
        for number, seconds in enumerate(took)
    ]


def test_the_value_of_a_month_is_the_logarithm_of_its_typical_time() -> None:
    # 940 s, 1,940 s, … with the minute added 1,000, 2,000, 4,000, …: twice as long each month
    asks = [x for n in range(6) for x in month_of_asks(5 + n, *[1_000 * 2**n - 60] * 5)]
    found = response_trend(asks, "us", TERMS, AS_OF)
    assert found is not None
    assert (found.slope, found.months) == (pytest.approx(log(2)), 6)
    assert found.p == pytest.approx(2 / 720)
    assert response_trend(asks, "them", TERMS, AS_OF) is None


def test_only_months_with_five_asks_among_the_last_twelve_complete_ones_count() -> None:
    whole = [x for n in range(6) for x in month_of_asks(5 + n, *[1_000 * 2**n - 60] * 5)]
    others = [
        *month_of_asks(11, *[10] * 9),  # not yet complete
        *month_of_asks(10, *[10] * 9, year=2024),  # the thirteenth
        *month_of_asks(4, *[10] * 4),  # four asks
    ]
    assert response_trend([*whole, *others], "us", TERMS, AS_OF) == response_trend(
        whole, "us", TERMS, AS_OF
    )
    with_the_twelfth = [*whole, *month_of_asks(11, *[10] * 5, year=2024)]
    assert getattr(response_trend(with_the_twelfth, "us", TERMS, AS_OF), "months", 0) == 7
    assert response_trend(whole[5:], "us", TERMS, AS_OF) is None


def test_a_month_in_which_few_were_answered_counts_as_the_give_up_time() -> None:
    asks = [x for n in range(5) for x in month_of_asks(5 + n, *[940] * 5)]
    found = response_trend(
        [*asks, *month_of_asks(10, 940, 940, None, None, None)], "us", TERMS, AS_OF
    )
    assert found is not None
    assert found.slope == 0.0  # ten of the 15 pairs are level
    same = [x for n in range(3) for x in month_of_asks(5 + n, *[940] * 5)]
    worse = [x for n in range(3) for x in month_of_asks(8 + n, 940, *[None] * 4)]
    steep = response_trend([*same, *worse], "us", TERMS, AS_OF)
    # nine pairs of 15 rise by ln((30 days + 1 min) / 1,000 s) over 1 to 5 months; the eighth in
    # ascending order is the second of the rising ones: that over four months
    assert steep is not None
    assert steep.slope == pytest.approx(log((GIVE_UP + 60) / 1_000) / 4)


def test_answers_after_the_month_began_are_not_yet_known() -> None:
    asks = [x for n in range(5) for x in month_of_asks(5 + n, *[940] * 5)]
    late = [replace(ask, letter=replace(ask.letter, at=datetime(2025, 10, 31, 12, tzinfo=UTC)))
            for ask in made_asks(*[5 * DAY] * 5)]  # fmt: skip
    late = [replace(a, reply=replace(a.letter, at=a.asked_at + timedelta(days=5))) for a in late]
    found = response_trend([*asks, *late], "us", TERMS, AS_OF)
    never = [replace(a, reply=None, outcome="open", response_seconds=None) for a in late]
    assert found is not None
    assert found == response_trend([*asks, *never], "us", TERMS, AS_OF)
