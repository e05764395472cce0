"""Letters that servers make up, and those of people that look a little like them."""

from __future__ import annotations

import pytest
from scripted_mailbox import expanded, fetch, fetched, inbox

from inbox_agent.imap_placeholders import is_placeholder

COURIER = b"From: System Administrator <root@localhost>\r\nSubject: message unavailable\r\n\r\n"
EXCHANGE = (
    b'From: "Microsoft Exchange Server" <.MISSING-HOST-NAME.>\r\nTo: team@acme.example\r\n'
    b"Subject: Retrieval using the IMAP4 protocol failed for the following message:\r\n 5525"
    b"\r\n\r\n"
)
MADE_UP = {
    "Courier": (COURIER, 130),
    "Exchange": (EXCHANGE, 1500),
    "Exchange, no address": (EXCHANGE.replace(b" <.MISSING-HOST-NAME.>", b""), 1500),
    "the header is lost": (b"\r\n", 5000),
    "nothing of it but a recipient": (b"To: team@acme.example\r\n\r\n", 5000),
}
TRUE = {
    "a person who quotes Exchange": (
        EXCHANGE.replace(b'"Microsoft Exchange Server" <.MISSING', b"Ana <ana@MISSING"),
        900,
    ),
    "an answer to it": (EXCHANGE.replace(b"Subject: ", b"Subject: Re: "), 1500),
    "root, about something else": (COURIER.replace(b"unavailable", b"queue is full"), 900),
    "one that has an id of its own": (b"Message-ID: <1@localhost>\r\n" + COURIER, 900),
    "an empty letter": (b"", 0),
    "an empty letter, whose size is not known": (b"\r\n", None),
    "no more than a recipient": (b"To: team@acme.example\r\n\r\n", 25),
    "no From, but a date": (b"Date: Fri, 1 Mar 2024 09:00:00 +0000\r\n\r\n", 5000),
    "64 KiB of Received lines before all else": (b"Received: x\r\n" * 5042, 90_000),
}


@pytest.mark.parametrize(("block", "size"), MADE_UP.values(), ids=MADE_UP.keys())
def test_a_letter_the_server_makes_up_is_none(block: bytes, size: int) -> None:
    assert is_placeholder(block, size)
    assert is_placeholder(block.replace(b"\r\n", b"\n"), size)


@pytest.mark.parametrize(("block", "size"), TRUE.values(), ids=TRUE.keys())
def test_a_true_letter_is_none_of_those(block: bytes, size: int | None) -> None:
    assert not is_placeholder(block, size)


def test_a_made_up_letter_among_true_ones_is_one_that_did_not_come() -> None:
    def answer(command: bytes) -> bytes:
        blocks = {2: COURIER}
        parts = [
            fetched(uid, block=blocks.get(uid, b"From: a@b.example\r\n\r\n"))
            for uid in expanded(command)
        ]
        return b"".join(parts) + b"{tag} OK done"

    with inbox(UID_FETCH=answer) as (mailbox, server):
        assert fetch(mailbox, [1, 2, 3]) == ([1, 3], [2])
        # asked for once more, alone
        assert server.commands[-1].startswith(b"UID FETCH 2 ")
