"""How well a zone and hours are told from real letters: floors under what `make accuracy` found."""

from __future__ import annotations

import pytest
from accuracy.calendars import measure
from accuracy.corpus import corpora
from accuracy.section import Section

MAIL = corpora()


@pytest.fixture(scope="module")
def on_real_mail() -> Section:
    if MAIL is None:
        pytest.skip("INBOX_AGENT_CORPORA names no folder of real mail")
    return measure(MAIL)


@pytest.mark.corpora
@pytest.mark.simulation
@pytest.mark.parametrize(
    ("figure", "floor"),
    [
        # people travel, and some partners moved office within the year
        ("zone_right_next_month", 0.92),
        ("zone_right_hidden_half", 0.92),
        ("letters_judged", 2_000),
        ("letters_in_hours", 0.70),
    ],
)
def test_what_was_learned_holds_for_the_letters_after_it(
    on_real_mail: Section, figure: str, floor: float
) -> None:
    assert on_real_mail.figures[figure] >= floor


@pytest.mark.corpora
@pytest.mark.simulation
def test_what_was_learned_is_far_better_than_our_own_clock(on_real_mail: Section) -> None:
    figures = on_real_mail.figures
    assert figures["zone_right_next_month"] > 5 * figures["our_zone_right_next_month"]
    assert figures["letters_in_hours"] > 2 * figures["letters_in_our_hours"]
