"""Times in words."""

from __future__ import annotations

from datetime import date

import pytest

from inbox_agent.words import counted, spoken_age, spoken_date, spoken_span

DAY = 86_400


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
