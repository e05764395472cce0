"""The product agrees, row for row, with the brute-force oracle written from the definitions."""

from __future__ import annotations

import agreement as side_by_side
from hypothesis import HealthCheck, Phase, given, settings
from mailboxes import Mailbox, mailboxes
from oracle import OracleRecord

from inbox_agent.measure import PartnerRecord

#: Without shrinking: mailboxes of thirty letters take minutes to shrink and say little more.
thorough = settings(
    max_examples=600,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)


@given(mailboxes())
@thorough
def test_every_row_and_figure_agrees_with_the_oracle(box: Mailbox) -> None:
    record, expected = side_by_side.measured(box), side_by_side.reckoned(box)
    assert letters(record) == oracle_letters(expected)
    assert partition(record) == expected.partition
    assert side_by_side.product_conversations(record) == side_by_side.oracle_conversations(expected)
    assert side_by_side.product_asks(record) == side_by_side.oracle_asks(expected)
    assert side_by_side.product_gaps(record) == [
        {name: row[name] for name in side_by_side.GAP_COLUMNS} for row in expected.silence_gaps
    ]
    assert side_by_side.product_rhythm(record) == expected.standing
    assert side_by_side.product_window(record, box) == {
        side: side_by_side.plain(row) for side, row in expected.window_figures.items()
    }
    assert side_by_side.product_periods(record) == {
        where: side_by_side.plain(row) for where, row in expected.periods.items()
    }


def partition(record: PartnerRecord) -> set[frozenset[str]]:
    return {
        frozenset(i for letter in c.letters for i in letter.message_ids)
        for c in record.conversations
    }


def letters(record: PartnerRecord) -> set[tuple[object, ...]]:
    return {(x.message_ids, x.at, x.at_source, x.side, x.kind, x.counts) for x in record.letters}


def oracle_letters(expected: OracleRecord) -> set[tuple[object, ...]]:
    """A report by a third party is of neither side; ours calls whatever is not ours theirs."""
    return {
        (r["ids"], r["at"], r["at_source"], r["side"] or "them", r["kind"], r["counts"])
        for r in expected.letters
    }
