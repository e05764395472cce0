"""p-values adjusted for how many partners were looked at."""

from __future__ import annotations

import pytest

from inbox_agent.false_discoveries import FALSE_DISCOVERY_RATE, adjusted

#: The example of Benjamini and Hochberg 1995: treatments of heart attacks, 15 endpoints.
THROMBOLYSIS = (
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
)


def test_of_the_15_endpoints_of_1995_the_first_four_are_discoveries() -> None:
    found = adjusted(THROMBOLYSIS)
    assert [p <= FALSE_DISCOVERY_RATE for p in found] == [True] * 4 + [False] * 11
    # p(i) · 15 / i, and never more than that of a larger one
    assert found[:4] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625])
    # 0.0344 · 15 / 8 = 0.0645 is less than 0.0278 · 15 / 6 = 0.0695
    assert found[5] == pytest.approx(0.0298 * 15 / 7)
    assert found[-1] == 1.0


def test_the_order_of_the_partners_is_nothing() -> None:
    assert adjusted(THROMBOLYSIS[::-1]) == adjusted(THROMBOLYSIS)[::-1]


def test_one_partner_alone_is_not_adjusted_and_none_gives_none() -> None:
    assert adjusted([0.04]) == [0.04]
    assert adjusted([]) == []
