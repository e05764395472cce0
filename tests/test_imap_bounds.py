"""How much a server may say: large folders, large letters, large answers."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from scripted_mailbox import expanded, fetch, fetched, inbox
from scripted_socket import ScriptedServer

from inbox_agent.errors import MailboxUnavailable
from inbox_agent.imap_commands import HEADER_OCTETS, WINDOW
from inbox_agent.messages import parse_message

MILLION = 1_000_000
MEGABYTE = 1_048_576


def large_folder(step: int, uidnext: bool = True) -> dict[str, bytes | Callable[[bytes], bytes]]:
    """A million letters, every `step`-th uid."""

    def search(command: bytes) -> bytes:
        *_, last = command.split(b" ")
        if b":" not in last:  # by number
            return b"* SEARCH %d\r\n{tag} OK done" % (int(last) * step)
        low, high = map(int, last.split(b":"))
        found = range(-(-low // step) * step, min(high, MILLION * step) + 1, step)
        return b"* SEARCH " + b" ".join(b"%d" % uid for uid in found) + b"\r\n{tag} OK done"

    next_uid = b"* OK [UIDNEXT %d] ok\r\n" % (MILLION * step + 1) if uidnext else b""
    examine = b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n%b{tag} OK done" % (MILLION, next_uid)
    return {"EXAMINE": examine, "UID_SEARCH": search}


def searches(server: ScriptedServer) -> list[bytes]:
    return [line for line in server.commands if line.startswith(b"UID SEARCH")]


@pytest.mark.parametrize(
    ("step", "uidnext", "at_most"),
    [
        (1, True, 20),  # 1,000,000 uids in windows of 50,000
        (1, False, 21),  # and one search for the last uid
        (4000, True, 40),  # uids up to 4,000,000,000: a search for each beginning, too
        (4000, False, 41),
    ],
)
def test_a_folder_of_a_million_letters_is_listed_in_few_searches(
    step: int, uidnext: bool, at_most: int
) -> None:
    with inbox(**large_folder(step, uidnext)) as (mailbox, server):
        assert mailbox.new_uids(0) == list(range(step, MILLION * step + 1, step))
        assert len(searches(server)) <= at_most
        assert max(map(len, server.commands)) < 100


@pytest.mark.slow
def test_listing_a_million_letters_takes_less_than_100_mb() -> None:
    with inbox(**large_folder(4000)) as (mailbox, _):
        tracemalloc.start()
        uids = mailbox.new_uids(0)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert len(uids) == MILLION
    assert peak < 100 * MEGABYTE


@pytest.mark.parametrize("step", [1, 4000])
def test_a_poll_of_a_large_folder_without_news_is_one_search_or_two(step: int) -> None:
    with inbox(**large_folder(step)) as (mailbox, server):
        assert mailbox.new_uids((MILLION - 3) * step) == [
            (MILLION - 2) * step,
            (MILLION - 1) * step,
            MILLION * step,
        ]
        assert len(searches(server)) <= 2


def test_a_search_line_that_is_too_long_costs_the_connection_and_no_more() -> None:
    line = b"* SEARCH " + b"4000000000 " * 120_000 + b"\r\n{tag} OK done"
    with (
        inbox(UID_SEARCH=line) as (mailbox, _),
        pytest.raises(MailboxUnavailable, match="more than 1000000 octets in one line"),
    ):
        mailbox.new_uids(0)


def test_uids_outside_the_window_asked_for_are_not_taken() -> None:
    with inbox(UID_SEARCH=b"* SEARCH 1 2 9\r\n{tag} OK done") as (mailbox, _):
        assert mailbox.new_uids(4) == [9]


def endless(uid: int, first: bytes, filler: bytes, megabytes: int) -> Iterator[bytes]:
    """A letter whose header is so many megabytes, from a server that ignores partial fetches."""
    size = len(first) + megabytes * MEGABYTE
    yield (
        b'* %d FETCH (UID %d INTERNALDATE " 1-Mar-2024 09:00:00 +0000" RFC822.SIZE %d '
        b"BODY[HEADER.FIELDS (FROM TO)] {%d}\r\n%b" % (uid, uid, size, size, first)
    )
    piece = (filler * (MEGABYTE // len(filler) + 1))[:MEGABYTE]
    for _ in range(megabytes):
        yield piece
    yield b")\r\n"


@pytest.mark.parametrize(
    ("first", "filler"),
    [
        (b"From: Ana <ana@globex.example>\r\nSubject: ", b"x"),
        (b"From: Ana <ana@globex.example>\r\nTo: ", b"c1234567@globex.example,\r\n "),
    ],
    ids=["50 MB of subject", "two million recipients"],
)
def test_a_header_of_50_mb_costs_its_end_and_little_memory(first: bytes, filler: bytes) -> None:
    def answer(command: bytes) -> Iterator[bytes]:
        for uid in expanded(command):
            yield from endless(uid, first, filler, 50) if uid == 2 else [fetched(uid)]
        yield b"{tag} OK done\r\n"

    with inbox(UID_FETCH=answer) as (mailbox, server):
        tracemalloc.start()
        ((headers, missing),) = mailbox.fetch(mailbox.folders()[0], [1, 2, 3])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        # the server's thread makes its megabytes in the same process
        assert peak < 20 * MEGABYTE
        assert sum(line.startswith(b"UID FETCH") for line in server.commands) == 1
    assert missing == []
    assert [header.uid for header in headers] == [1, 2, 3]
    assert len(headers[1].block) <= HEADER_OCTETS
    author = parse_message(headers[1]).from_
    assert author is not None
    assert author.key == "ana@globex.example"


@pytest.mark.parametrize(
    ("lines", "sent_at_most"),
    [
        ([b"* OK " + b"x" * 99_000 + b"\r\n"] * 10, 80 * MEGABYTE),
        # 840,000 lines of 16 octets are heard: 13 MB
        ([b"* %d EXISTS\r\n" % number for number in range(100_000, 160_000)], 20 * MEGABYTE),
    ],
    ids=["long lines", "short lines"],
)
@pytest.mark.slow
def test_an_answer_without_end_is_not_listened_to(lines: list[bytes], sent_at_most: int) -> None:
    sent = 0

    def answer(_: bytes) -> Iterator[bytes]:
        nonlocal sent
        noise = b"".join(lines)
        while True:
            sent += len(noise)
            yield noise

    with (
        inbox(UID_SEARCH=answer) as (mailbox, _),
        pytest.raises(MailboxUnavailable, match="octets in one answer"),
    ):
        mailbox.new_uids(0)
    assert sent < sent_at_most


def test_the_longest_command_for_a_batch_is_under_8000_octets() -> None:
    # no two of 500 uids are neighbours, and each has ten digits
    uids = list(range(4_000_000_000, 4_000_001_000, 2))
    with inbox() as (mailbox, server):
        fetch(mailbox, uids)
        lengths = [len(line) for line in server.commands if line.startswith(b"UID FETCH")]
    assert max(lengths) < 8_000
    assert WINDOW * len(b"4000000000 ") < 1_000_000
