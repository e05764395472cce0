"""The allow-list: what is sent, and that nothing else is."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_agent.imap_commands import (
    FETCH_ITEMS,
    GMAIL_FETCH_ITEMS,
    MAX_UID,
    OBJECT_FETCH_ITEMS,
    OUR_ID,
    REPORT_ITEMS,
    WINDOW,
    CommandGuard,
    ForbiddenCommand,
    is_keyword,
    quoted,
    uid_set,
    uid_sets,
    windows,
)

ALLOWED = [
    b"COMPRESS DEFLATE",
    b"CAPABILITY",
    b"STARTTLS",
    b"LOGOUT",
    b"NOOP",
    b"IDLE",
    b"ID " + OUR_ID.encode(),
    b"AUTHENTICATE PLAIN",
    b'LOGIN "team" "open sesame"',
    b"ENABLE QRESYNC",
    b"ENABLE CONDSTORE",
    b'LIST "" "*"',
    b'LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY))',
    b'LIST "" "*" RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))',
    b'STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)',
    b"UNSELECT",
    b'EXAMINE "INBOX"',
    b"UID SEARCH UID 1:4294967295",
    b"UID SEARCH UID 8:9 SINCE 09-Feb-2024 KEYWORD NoReplyNeeded",
    b"UID SEARCH 60000",
    b"UID FETCH 1:3,7 " + FETCH_ITEMS.encode(),
    b"UID FETCH 1:3,7 " + GMAIL_FETCH_ITEMS.encode(),
    b"UID FETCH 1:3,7 " + OBJECT_FETCH_ITEMS.encode(),
    b"UID FETCH 1:4294967295 (UID) (CHANGEDSINCE 9223372036854775807 VANISHED)",
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
    b'STATUS "INBOX" (RECENT)',
    b'LIST "" "*" RETURN (SUBSCRIBED)',
    b"CLOSE",
    b"EXPUNGE",
    b"ENABLE UTF8=ACCEPT",
    b"ENABLE QRESYNC UTF8=ACCEPT",
    b"ENABLE QRESYNC CONDSTORE",
    b"ENABLE",
    b"COMPRESS GZIP",
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
    b"UID FETCH 1 (X-GM-LABELS)",
    b"UID FETCH 1 (UID) (CHANGEDSINCE 0 VANISHED)",
    b"UID FETCH 1 (UID) (CHANGEDSINCE 1)",
    b"UID FETCH 1 (FLAGS) (CHANGEDSINCE 1 VANISHED)",
    b"UID FETCH 1:* (UID) (CHANGEDSINCE 1 VANISHED)",
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


def test_sequence_sets_hold_every_uid_once_and_are_short_enough_for_a_command() -> None:
    # no two are neighbours, and each has ten digits and a comma: 2,000 of them are 22,000 octets
    uids = list(range(4_000_000_000, 4_000_004_000, 2))
    sets = uid_sets(uids)
    assert [int(uid) for part in sets for uid in part.split(",")] == uids
    assert len(sets) == 3
    for part in sets:
        CommandGuard().check(b"ABCD7 UID SEARCH UID " + part.encode() + b"\r\n")
    assert uid_sets([]) == []
    assert uid_sets([1, 2, 3, 7]) == ["1:3,7"]


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
