"""What is handed on of a partner that was measured in another process."""

from __future__ import annotations

import pickle

import pytest

from inbox_agent.kept_partners import Dues
from inbox_agent.measured_rows import Slip


def handed_on(count: int) -> tuple[list[tuple[int, str]], bytes, Slip]:
    rows = [(number, f"letter {number}") for number in range(count)]
    sent = pickle.dumps(Slip(1, Dues(), tables={"messages": iter(rows)}).packed())
    return rows, sent, pickle.loads(sent)  # noqa: S301 - of our own


@pytest.mark.parametrize("count", [0, 1, 9_999, 10_000, 10_001, 25_000])
def test_rows_come_out_of_a_slip_as_they_went_in(count: int) -> None:
    rows, _, slip = handed_on(count)
    assert list(slip.tables["messages"]) == rows


def test_rows_of_a_large_partner_take_less_room_than_their_pickle() -> None:
    rows, sent, _ = handed_on(25_000)
    assert len(sent) < 0.8 * len(pickle.dumps(rows, pickle.HIGHEST_PROTOCOL))
