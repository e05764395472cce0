"""Times in words."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from inbox_agent.words import (
    counted,
    percent,
    spoken_age,
    spoken_date,
    spoken_span,
    whole_days,
    within,
    working_duration,
)

DAY = 86_400
SOURCES = Path(__file__).parent.parent / "inbox_agent"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "1 minute"),
        (89, "1 minute"),
        (40 * 60, "40 minutes"),
        (3_599, "1 hour"),  # not 60 minutes
        (2 * 3_600, "2 hours"),
        (DAY - 1, "1 day"),  # not 24 hours
        (20 * DAY, "20 days"),
        (21 * DAY, "3 weeks"),
        (83 * DAY, "3 months"),  # 12 weeks are that
        (100 * DAY, "3 months"),
        (729.9 * DAY, "2 years"),
    ],
)
def test_a_span_is_told_in_its_largest_unit(seconds: float, said: str) -> None:
    assert spoken_span(seconds) == said


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 5, 6), "today"),
        (date(2026, 5, 5), "today"),
        (date(2026, 5, 4), "yesterday"),
        (date(2026, 4, 26), "9 days ago"),
        (date(2026, 3, 31), "5 weeks ago"),
    ],
)
def test_an_age_is_told_by_days_of_the_calendar(day: date, said: str) -> None:
    assert spoken_age(day, date(2026, 5, 5)) == said


def test_dates_and_counts() -> None:
    assert spoken_date(date(2026, 5, 5)) == "5 May 2026"
    assert [counted(n, "letter") for n in (0, 1, 2)] == ["0 letters", "1 letter", "2 letters"]


@pytest.mark.parametrize(
    ("share", "said"),
    [
        *((0, "0%"), (0.0004, "under 0.1%"), (0.0005, "0.1%"), (0.05, "5%"), (0.094, "9.4%")),
        *((0.1, "10%"), (0.625, "62%"), (2 / 3, "67%"), (0.9, "90%"), (16 / 17, "94.1%")),
        *((0.95, "95%"), (0.9994, "99.9%"), (0.9995, "over 99.9%"), (1, "100%")),
    ],
)
def test_a_share_is_all_or_none_only_where_it_is(share: float, said: str) -> None:
    assert percent(share) == said


def test_shares_are_put_into_words_in_one_place_so_that_one_figure_reads_alike() -> None:
    sources = sorted(SOURCES.rglob("*.py"))
    found = [path.name for path in sources if re.search(r":\.\d%\}", path.read_text("utf-8"))]
    assert found == ["words.py"]


def test_what_took_less_than_a_minute_is_within_one() -> None:
    assert [within(seconds) for seconds in (0, 59, 60, 7_260)] == [
        *("a minute", "a minute", "1m", "2h 1m")
    ]
    assert within(26 * 3_600, working_duration) == "26h"


def test_days_are_told_as_days_where_nothing_is_left_over() -> None:
    assert [whole_days(n) for n in (DAY, 30 * DAY, 36 * 3_600)] == ["1 day", "30 days", "1d 12h"]
