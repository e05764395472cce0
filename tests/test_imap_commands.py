"""The allow-list: what is sent, and that nothing else is."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_agent.imap_commands import (
    FETCH_ITEMS,
    MAX_UID,
    OUR_ID,
    REPORT_ITEMS,
    WINDOW,
    CommandGuard,
    ForbiddenCommand,
    is_keyword,
    quoted,
    uid_set,
    windows,
)

ALLOWED = [
    b"CAPABILITY",
    b"STARTTLS",
    b"LOGOUT",
    b"NOOP",
    b"IDLE",
    b"ID " + OUR_ID.encode(),
    b"AUTHENTICATE PLAIN",
    b'LOGIN "team" "open sesame"',
    b'LIST "" "*"',
    b'EXAMINE "INBOX"',
    b"UID SEARCH UID 1:4294967295",
    b"UID SEARCH UID 8:9 SINCE 09-Feb-2024 KEYWORD NoReplyNeeded",
    b"UID SEARCH 60000",
    b"UID FETCH 1:3,7 " + FETCH_ITEMS.encode(),
    (
        b"UID FETCH 7 (UID BODY.PEEK[2.MIME]<0.4096> BODY.PEEK[2]<0.16384>"
        b" BODY.PEEK[3.MIME]<0.4096> BODY.PEEK[3]<0.16384>)"
    ),
]
FORBIDDEN = [
    b"",
    b'SELECT "INBOX"',
    b'DELETE "INBOX"',
    b'STATUS "INBOX" (UIDNEXT)',
    b"CLOSE",
    b"EXPUNGE",
    b"ENABLE CONDSTORE",
    b"ENABLE UTF8=ACCEPT",
    b"COMPRESS DEFLATE",
    b'ID ("name" "somebody")',
    b"ID NIL",
    b"STORE 1 +FLAGS (\\Seen)",
    b"UID STORE 1 +FLAGS (\\Seen)",
    b'UID COPY 1 "Trash"',
    b"UID EXPUNGE 1",
    b"UID SEARCH ALL",
    b"UID SEARCH UID 5:*",
    b"UID FETCH 1 (BODY[])",
    b"UID FETCH 1 (RFC822)",
    b"UID FETCH 1 (FLAGS)",
    b"UID FETCH 1:* " + FETCH_ITEMS.encode(),
    b"UID FETCH 1 " + FETCH_ITEMS.replace(".PEEK", "").encode(),
    b"UID FETCH 1 " + FETCH_ITEMS.replace("HEADER.FIELDS", "TEXT").encode(),
    b"UID FETCH 1:* " + REPORT_ITEMS.encode(),
    b"UID FETCH 1 " + REPORT_ITEMS.replace(".PEEK", "").encode(),
    b"UID FETCH 1 " + REPORT_ITEMS.replace("[2]", "[1]").encode(),
    b"UID FETCH 1 " + REPORT_ITEMS.replace("[3]", "[TEXT]").encode(),
    b"UID FETCH 1 " + REPORT_ITEMS.replace("16384", "99999").encode(),
    b"UID FETCH 1 (BODY.PEEK[2])",
    b"NOOP\r\nA2 EXPUNGE",
    b'EXAMINE "INBOX"\r\nA2 CLOSE',
    b'LOGIN "team" "a\nA2 EXPUNGE"',
    b"UID FETCH " + b"1," * 4000 + b"1 " + FETCH_ITEMS.encode(),
]


@pytest.mark.parametrize("command", ALLOWED)
def test_a_command_that_reads_may_be_sent(command: bytes) -> None:
    CommandGuard().check(b"ABCD7 " + command + b"\r\n")


@pytest.mark.parametrize("command", FORBIDDEN)
def test_any_other_command_is_stopped_before_it_is_sent(command: bytes) -> None:
    with pytest.raises(ForbiddenCommand):
        CommandGuard().check(b"ABCD7 " + command + b"\r\n")


def test_half_a_line_is_no_command() -> None:
    with pytest.raises(ForbiddenCommand):
        CommandGuard().check(b"ABCD7 NOOP")


def test_only_the_answer_to_authenticate_may_be_sent_without_a_tag() -> None:
    guard = CommandGuard()
    with pytest.raises(ForbiddenCommand):
        guard.check(b"AHRlYW0AeA==")
    guard.check(b"A1 AUTHENTICATE PLAIN\r\n")
    guard.check(b"AHRlYW0AeA==")
    guard.check(b"\r\n")
    with pytest.raises(ForbiddenCommand):
        guard.check(b"AHRlYW0AeA==")


def test_a_stopped_login_is_not_quoted() -> None:
    with pytest.raises(ForbiddenCommand) as caught:
        CommandGuard().check(b'A1 LOGIN "team" "secret\r\n"\r\n')
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("uids", "text"), [([1], "1"), ([1, 2, 3, 7], "1:3,7"), ([2, 4, 5, 9, 10], "2,4:5,9:10")]
)
def test_neighbouring_uids_become_ranges(uids: list[int], text: str) -> None:
    assert uid_set(uids) == text


@given(st.integers(1, MAX_UID), st.integers(0, 2_000_000))
def test_windows_cover_every_uid_once_and_hold_no_more_than_they_may(first: int, top: int) -> None:
    pairs = windows(first, top)
    assert pairs[0][0] == first
    assert pairs[-1][1] == MAX_UID
    assert all(before[1] + 1 == after[0] for before, after in pairwise(pairs))
    assert all(min(high, top) - low < WINDOW for low, high in pairs)


def test_above_the_highest_uid_there_is_no_window() -> None:
    assert windows(MAX_UID + 1, 5) == []


def test_a_keyword_is_one_ascii_word() -> None:
    assert all(map(is_keyword, ["NoReplyNeeded", "$Label1", "a-b_c.d"]))
    assert not any(map(is_keyword, ["", "two words", "grün", "a)", "\\Seen", 'a"', "a\r\nb", "*"]))


def test_quotes_and_backslashes_in_a_folder_name_are_escaped() -> None:
    assert quoted(b'a"b\\c') == b'"a\\"b\\\\c"'
