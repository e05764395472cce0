"""Letters that servers make up, and those of people that look a little like them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scripted_mailbox import expanded, fetch, fetched, inbox
from scripted_socket import ScriptedServer

from inbox_agent.imap_placeholders import is_placeholder, is_suspect

COURIER = b"From: System Administrator <root@localhost>\r\nSubject: message unavailable\r\n\r\n"
EXCHANGE = (
    b'From: "Microsoft Exchange Server" <.MISSING-HOST-NAME.>\r\nTo: team@acme.example\r\n'
    b"Subject: Retrieval using the IMAP4 protocol failed for the following message:\r\n 5525"
    b"\r\n\r\n"
)
MADE_UP = {
    "Courier": COURIER,
    "Exchange": EXCHANGE,
    "Exchange, no address": EXCHANGE.replace(b" <.MISSING-HOST-NAME.>", b""),
}
TRUE = {
    "a person who quotes Exchange": EXCHANGE.replace(
        b'"Microsoft Exchange Server" <.MISSING', b"Ana <ana@MISSING"
    ),
    "an answer to it": EXCHANGE.replace(b"Subject: ", b"Subject: Re: "),
    "root, about something else": COURIER.replace(b"unavailable", b"queue is full"),
    "one that has an id of its own": b"Message-ID: <1@localhost>\r\n" + COURIER,
    "an empty letter": b"",
    "no more than a recipient": b"To: team@acme.example\r\n\r\n",
}
SUSPECT = {
    "the header is lost": (b"\r\n", 5000),
    "nothing of it but a recipient": (b"To: team@acme.example\r\n\r\n", 5000),
}
SOUND = {
    "an empty letter": (b"", 0),
    "an empty letter, whose size is not known": (b"\r\n", None),
    "no more than a recipient, and no more octets": (b"To: team@acme.example\r\n\r\n", 25),
    "no From, but a date": (b"Date: Fri, 1 Mar 2024 09:00:00 +0000\r\n\r\n", 5000),
    "64 KiB of Received lines before all else": (b"Received: x\r\n" * 5042, 90_000),
}


@pytest.mark.parametrize("block", MADE_UP.values(), ids=MADE_UP.keys())
def test_a_letter_the_server_makes_up_is_none(block: bytes) -> None:
    assert is_placeholder(block)
    assert is_placeholder(block.replace(b"\r\n", b"\n"))


@pytest.mark.parametrize("block", TRUE.values(), ids=TRUE.keys())
def test_a_true_letter_is_none_of_those(block: bytes) -> None:
    assert not is_placeholder(block)


@pytest.mark.parametrize(("block", "size"), SUSPECT.values(), ids=SUSPECT.keys())
def test_a_header_without_author_date_and_id_is_suspect_in_a_letter_that_is_larger(
    block: bytes, size: int
) -> None:
    assert is_suspect(block, size)
    assert is_suspect(block.replace(b"\r\n", b"\n"), size)


@pytest.mark.parametrize(("block", "size"), SOUND.values(), ids=SOUND.keys())
def test_a_header_that_has_one_of_them_or_is_all_there_is_is_not(
    block: bytes, size: int | None
) -> None:
    assert not is_suspect(block, size)


def answering(blocks: dict[int, bytes]) -> Callable[[bytes], bytes]:
    def answer(command: bytes) -> bytes:
        true = b"From: a@b.example\r\n\r\n"
        parts = [fetched(uid, block=blocks.get(uid, true)) for uid in expanded(command)]
        return b"".join(parts) + b"{tag} OK done"

    return answer


def asked(server: ScriptedServer) -> list[bytes]:
    """The uids of each UID FETCH."""
    lines = [line.split(b" ") for line in server.commands if line.startswith(b"UID FETCH")]
    return [words[2] for words in lines]


def test_a_made_up_letter_among_true_ones_is_one_that_did_not_come() -> None:
    with inbox(UID_FETCH=answering({2: COURIER})) as (mailbox, server):
        assert fetch(mailbox, [1, 2, 3]) == ([1, 3], [2])
        assert asked(server) == [b"1:3", b"2"]


@pytest.mark.parametrize(
    ("uids", "expected"), [([1, 2, 3], [b"1:3", b"2"]), ([2], [b"2", b"2"])], ids=["among", "alone"]
)
def test_a_suspect_letter_is_asked_for_alone_once_more_and_kept_as_it_is(
    uids: list[int], expected: list[bytes]
) -> None:
    with inbox(UID_FETCH=answering({2: b"To: team@acme.example\r\n\r\n"})) as (mailbox, server):
        assert fetch(mailbox, uids) == (uids, [])
        assert asked(server) == expected


def test_a_suspect_letter_that_comes_whole_when_asked_again_is_kept_whole() -> None:
    given = iter([b"\r\n", b"From: a@b.example\r\n\r\n"])
    with inbox(UID_FETCH=lambda _: fetched(2, block=next(given)) + b"{tag} OK done") as (
        mailbox,
        _,
    ):
        ((headers, missing),) = mailbox.fetch(mailbox.folders()[0], [2])
    assert [header.block for header in headers] == [b"From: a@b.example\r\n\r\n"]
    assert missing == []
