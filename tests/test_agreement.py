"""The product agrees, row for row, with the brute-force oracle written from the definitions."""

from __future__ import annotations

from agreement import measured, oracle_view, product_view, reckoned
from hypothesis import HealthCheck, Phase, given, settings
from mailboxes import Mailbox, mailboxes, moved_folders
from oracle import import_blocks

from inbox_agent.import_blocks import import_blocks as blocks_among
from inbox_agent.import_blocks import is_in
from inbox_agent.messages import Message

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
    found = product_view(measured(box), box)
    expected = oracle_view(reckoned(box))
    for name, rows in expected.items():
        assert found[name] == rows, name


@given(moved_folders())
@settings(thorough, max_examples=150)
def test_import_blocks_agree_with_the_oracle(copies: tuple[Message, ...]) -> None:
    found: dict[str, bool] = {}
    for folder in {copy.folder for copy in copies}:
        here = [copy for copy in copies if copy.folder == folder]
        blocks = blocks_among(arrival(copy) for copy in here)
        found |= {copy.message_id: is_in(arrival(copy)[0], blocks) for copy in here}
    assert [found[copy.message_id] for copy in copies] == import_blocks(copies)


def arrival(copy: Message) -> tuple[int, int | None, int]:
    """When a copy came, was sent and was read, in seconds since 1970."""
    assert copy.received_at
    sent_at = int(copy.sent_at.timestamp()) if copy.sent_at else None
    return int(copy.received_at.timestamp()), sent_at, int(copy.fetched_at.timestamp())
