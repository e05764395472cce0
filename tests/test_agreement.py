"""The product agrees, row for row, with the brute-force oracle written from the definitions."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from inbox_agent.measure import PartnerRecord
from tests import agreement as side_by_side
from tests.mailboxes import Mailbox, mailboxes

thorough = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(mailboxes())
@thorough
def test_every_row_agrees_with_the_oracle(box: Mailbox) -> None:
    record, expected = side_by_side.measured(box), side_by_side.reckoned(box)
    assert _partition(record) == expected.partition
    assert side_by_side.product_conversations(record) == side_by_side.oracle_conversations(expected)
    assert side_by_side.product_asks(record) == side_by_side.oracle_asks(expected)
    assert side_by_side.product_gaps(record) == [
        {name: row[name] for name in side_by_side.GAP_COLUMNS} for row in expected.silence_gaps
    ]
    assert side_by_side.product_rhythm(record) == expected.standing


@given(mailboxes())
@thorough
def test_every_figure_agrees_with_the_oracle(box: Mailbox) -> None:
    record, expected = side_by_side.measured(box), side_by_side.reckoned(box)
    assert side_by_side.product_window(record, box) == {
        side: side_by_side.plain(row) for side, row in expected.window_figures.items()
    }
    assert side_by_side.product_periods(record) == {
        where: side_by_side.plain(row) for where, row in expected.periods.items()
    }


@given(mailboxes())
@thorough
def test_every_letter_agrees_with_the_oracle(box: Mailbox) -> None:
    record, expected = side_by_side.measured(box), side_by_side.reckoned(box)
    ours = {(x.message_ids, x.at, x.at_source, x.side, x.kind, x.counts) for x in record.letters}
    theirs = {
        # a report by a third party is of neither side; ours calls whatever is not ours "them"
        (r["ids"], r["at"], r["at_source"], r["side"] or "them", r["kind"], r["counts"])
        for r in expected.letters
    }
    assert ours == theirs


def _partition(record: PartnerRecord) -> set[frozenset[str]]:
    return {
        frozenset(i for letter in c.letters for i in letter.message_ids)
        for c in record.conversations
    }
