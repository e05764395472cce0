"""Our copy of the header fields: rows and checkpoint together, and nothing lost or doubled."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_agent.errors import StoreError
from inbox_agent.messages import PARSER_VERSION, FetchedHeader, Message, parse_message
from inbox_agent.mirror import Checkpoint, Mirror
from inbox_agent.mirror_rows import header_of
from inbox_agent.poll_rows import Counts, Poll
from inbox_agent.sync_plan import TRIES

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
BLOCK = (
    b"Received: from mx.globex.com by mx.acme.com with ESMTPS; Mon, 2 Mar 2026 10:00:05 +0100\r\n"
    b"From: =?utf-8?q?B=C3=B6b?= <bob@globex.com>\r\n"
    b"To: ana@acme.com,\r\n\tben@acme.com\r\n"
    b"Subject: caf\xe9 \x00 and a bare \r return\n"
    b"Message-ID: <one@globex.com>\r\n"
    b"References: <a@x.example>\r\n <b@x.example>\r\n"
    b"In-Reply-To: <b@x.example>\r\n"
    b"Date: Mon, 2 Mar 2026 10:00:00 +0100\r\n"
    b"List-Unsubscribe: <https://news.example/u>\r\n"
    b"\r\n"
)
INBOX = ("partners", "INBOX")


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    with Mirror(tmp_path / "data" / "mirror.db") as opened:
        yield opened


def header(uid: int, **fields: Any) -> FetchedHeader:
    """A letter of INBOX, each with a Message-ID of its own."""
    plain: dict[str, Any] = {
        "mailbox": "partners",
        "folder": "INBOX",
        "uidvalidity": 7,
        "uid": uid,
        "received_at": NOW - timedelta(hours=1),
        "size_octets": 2_345,
        "block": BLOCK.replace(b"<one@", f"<letter-{uid}@".encode()),
        "fetched_at": NOW,
    }
    return FetchedHeader(**plain | fields)


def begin(mirror: Mirror, uidvalidity: int = 7, folder: str = "INBOX") -> Checkpoint:
    is_sent = folder == "Sent"
    return mirror.begin_folder("partners", folder, uidvalidity, None, is_sent=is_sent)


def add(mirror: Mirror, *uids: int, missing: tuple[int, ...] = ()) -> int:
    upto = max((*uids, *missing), default=0)
    return mirror.add(*INBOX, Checkpoint(7, upto), [header(uid) for uid in uids], missing)


def held(mirror: Mirror, **more: Any) -> list[Message]:
    return list(mirror.messages(**{"marked": True} | more))


def from_outside(mirror: Mirror, sql: str) -> list[tuple[Any, ...]]:
    """What another program sees of the file at this moment."""
    with closing(sqlite3.connect(mirror.path)) as other:
        return other.execute(sql).fetchall()


# -- rows and their checkpoint --------------------------------------------------------------


def test_a_new_folder_begins_at_its_first_letter(mirror: Mirror) -> None:
    assert mirror.checkpoint(*INBOX) == Checkpoint(None, 0)
    assert begin(mirror) == Checkpoint(7, 0)


def test_a_batch_and_its_checkpoint_are_kept_together(mirror: Mirror) -> None:
    begin(mirror)
    assert add(mirror, 1, 2, 5) == 3
    assert mirror.checkpoint(*INBOX) == Checkpoint(7, 5)
    assert from_outside(mirror, "select count(*), max(last_uid) from headers, folders") == [(3, 5)]


class _CutShort(Exception):
    pass


class _Connection:
    """A connection that is cut before the statement that begins with some words."""

    def __init__(self, real: sqlite3.Connection, words: str, seen: list[Any], path: Path) -> None:
        self._real, self._words, self._seen, self._path = real, words, seen, path

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def execute(self, sql: str, *values: Any) -> Any:
        self._look(sql)
        return self._real.execute(sql, *values)

    def executemany(self, sql: str, *values: Any) -> Any:
        self._look(sql)
        return self._real.executemany(sql, *values)

    def _look(self, sql: str) -> None:
        if sql.startswith(self._words):
            with closing(sqlite3.connect(self._path)) as other:
                self._seen += other.execute("select count(*) from headers").fetchall()
            raise _CutShort


@pytest.mark.parametrize(
    "statement",
    ["delete from unfetched", "insert into unfetched", "update folders set last_uid"],
)
def test_a_batch_that_is_cut_short_leaves_neither_rows_nor_checkpoint(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    begin(mirror)
    add(mirror, 1)
    seen: list[Any] = []
    real = mirror._db.conn
    with monkeypatch.context() as patched:
        patched.setattr(mirror._db, "conn", _Connection(real, statement, seen, mirror.path))
        with pytest.raises(_CutShort):
            add(mirror, 2, 3, missing=(4,))
    assert seen == [(1,)]  # what a reader saw between the rows and the checkpoint
    assert mirror.checkpoint(*INBOX) == Checkpoint(7, 1)
    assert mirror.count() == 1
    assert mirror.to_retry(*INBOX, 7) == []
    assert add(mirror, 2, 3) == 2  # and the poll after it goes on from there


def test_a_batch_that_comes_again_is_kept_once(mirror: Mirror) -> None:
    begin(mirror)
    add(mirror, 1, 2)
    assert add(mirror, 1, 2, 3) == 1
    assert mirror.count() == 3
    assert len({message.message_id for message in held(mirror)}) == 3


def test_a_checkpoint_never_goes_back(mirror: Mirror) -> None:
    begin(mirror)
    add(mirror, 9)
    add(mirror, 4)  # a letter asked for once more
    assert mirror.checkpoint(*INBOX) == Checkpoint(7, 9)


@pytest.mark.parametrize("changed", [8, 6])
def test_a_changed_uidvalidity_begins_anew_and_keeps_what_was_there(
    mirror: Mirror, changed: int
) -> None:
    """Up or down: servers do both (RFC 3501 §2.3.1.1 asks for up)."""
    begin(mirror)
    add(mirror, 1, 2)
    assert begin(mirror, changed) == Checkpoint(changed, 0)
    assert mirror.count() == 2
    mirror.add(*INBOX, Checkpoint(changed, 1), [header(1, uidvalidity=changed)])
    assert mirror.count() == 3
    assert mirror.checkpoint(*INBOX) == Checkpoint(changed, 1)


def test_a_batch_of_an_older_generation_moves_no_checkpoint(mirror: Mirror) -> None:
    begin(mirror, 8)
    mirror.add(*INBOX, Checkpoint(7, 99), [header(99)])
    assert mirror.checkpoint(*INBOX) == Checkpoint(8, 0)


def test_reading_goes_on_where_it_stopped_in_another_session(tmp_path: Path) -> None:
    path = tmp_path / "mirror.db"
    with Mirror(path) as first:
        begin(first)
        add(first, 1, 2)
    with Mirror(path) as second:
        assert begin(second) == Checkpoint(7, 2)
        assert second.count() == 2


# -- what a letter is kept as ---------------------------------------------------------------


def test_a_header_block_comes_back_byte_for_byte(mirror: Mirror) -> None:
    begin(mirror)
    letter = header(1)
    mirror.add(*INBOX, Checkpoint(7, 1), [letter])
    (row,) = mirror._rows("select * from headers")
    assert header_of(row) == letter


def test_a_letter_read_from_the_mirror_is_the_letter_as_parsed(mirror: Mirror) -> None:
    begin(mirror)
    begin(mirror, folder="Sent")
    dateless = header(2, received_at=None, size_octets=None, block=b"Subject: none\r\n\r\n")
    sent = header(3, folder="Sent")
    mirror.add(*INBOX, Checkpoint(7, 2), [header(1), dateless])
    mirror.add("partners", "Sent", Checkpoint(7, 3), [sent])
    assert held(mirror) == [
        parse_message(header(1)),
        parse_message(dateless),
        parse_message(sent, is_sent_copy=True),
    ]


def test_no_column_is_for_a_body(mirror: Mirror) -> None:
    names = {
        name for (name,) in from_outside(mirror, "select name from pragma_table_info('headers')")
    }
    assert names == set(
        """id mailbox folder uidvalidity uid received_at size_octets fetched_at block is_marked
        report parser_version digest message_id in_reply_to sent_at subject details
            missed_at gone_at email_id thread_id labels text_signs is_plain""".split()  # noqa: SIM905
    )


def test_instants_are_whole_seconds(mirror: Mirror) -> None:
    begin(mirror)
    add(mirror, 1)
    (row,) = from_outside(mirror, "select received_at, fetched_at, sent_at from headers")
    assert row == (int(NOW.timestamp()) - 3600, int(NOW.timestamp()), int(NOW.timestamp()) - 3600)


def test_reading_the_kept_blocks_anew_changes_nothing(mirror: Mirror) -> None:
    begin(mirror)
    add(mirror, *range(1, 8))
    before = held(mirror)
    assert mirror.reparse() == 7
    assert held(mirror) == before


def test_reading_anew_writes_only_what_is_other(mirror: Mirror) -> None:
    begin(mirror)
    add(mirror, 1, 2)
    before = from_outside(mirror, "select * from headers")
    assert written(mirror, mirror.reparse) == set()
    with closing(sqlite3.connect(mirror.path)) as other, other:
        other.execute("update headers set subject = 'old', is_plain = null where uid = 2")
    assert written(mirror, mirror.reparse) == {
        "update headers set subject = 'café and a bare return', is_plain = 0 where id = 2"
    }
    assert from_outside(mirror, "select * from headers") == before


def written(mirror: Mirror, write: Callable[[], object]) -> set[str]:
    """The statements that write rows of letters; those with triggers are traced more than once."""
    asked: list[str] = []
    mirror._db.conn.set_trace_callback(asked.append)
    write()
    mirror._db.conn.set_trace_callback(None)
    return {sql for sql in asked if sql.startswith("update headers")}


def test_the_share_of_plain_headers_is_of_the_letters_of_which_it_is_known(mirror: Mirror) -> None:
    assert mirror.plain_headers_share() is None
    begin(mirror)
    plain = b"From: bob@globex.com\r\nSubject: Offer %d\r\n\r\n"
    letters = [header(uid, block=plain % uid) for uid in (1, 2, 3)]
    mirror.add(*INBOX, Checkpoint(7, 4), [*letters, header(4)])
    assert mirror.plain_headers_share() == 0.75
    with closing(sqlite3.connect(mirror.path)) as other, other:
        other.execute("update headers set is_plain = null where uid < 3")
    assert mirror.plain_headers_share() == 0.5
    mirror.reparse()
    assert mirror.plain_headers_share() == 0.75
    with closing(sqlite3.connect(mirror.path)) as other, other:
        other.execute("update headers set is_plain = null")
    assert mirror.plain_headers_share() is None


def test_plain_headers_are_counted_without_reading_the_letters(mirror: Mirror) -> None:
    begin(mirror)
    add(mirror, 1, 2)
    steps = plans(mirror, mirror.plain_headers_share)
    assert all("USING COVERING INDEX" in step for step in steps), steps
    assert any("idx_headers_not_plain" in step for step in steps), steps


def test_rows_of_an_older_parser_are_read_anew(mirror: Mirror) -> None:
    begin(mirror)
    add(mirror, 1, 2)
    before = held(mirror)
    assert not mirror.has_old_rows()
    with closing(sqlite3.connect(mirror.path)) as other, other:
        other.execute(
            "update headers set parser_version = ?, subject = 'old', message_id = 'old'",
            (PARSER_VERSION - 1,),
        )
    assert mirror.has_old_rows()
    assert {message.subject for message in held(mirror)} == {"old"}
    mirror.reparse()
    assert not mirror.has_old_rows()
    assert held(mirror) == before


def test_what_version_3_did_not_know_of_date_is_there_after_reading_anew(mirror: Mirror) -> None:
    begin(mirror)
    block = b"From: bob@globex.com\r\nDate: Mon, 5 Jan 2026 10:00:00 +0530\r\n\r\n"
    mirror.add(*INBOX, Checkpoint(7, 1), [header(1, block=block)])
    with closing(sqlite3.connect(mirror.path)) as other, other:
        other.execute(
            "update headers set parser_version = 3,"
            " details = json_remove(details, '$.date_offset_minutes')"
        )
    assert mirror.has_old_rows()
    mirror.reparse()
    assert [message.date_offset_minutes for message in held(mirror)] == [330]


def test_more_than_a_thousand_rows_are_read_anew(mirror: Mirror) -> None:
    begin(mirror)
    block = b"From: bob@globex.com\r\n\r\n"
    letters = [header(uid, block=block) for uid in range(1, 1_002)]
    mirror.add(*INBOX, Checkpoint(7, 1_001), letters)
    assert mirror.reparse() == 1_001


def plans(mirror: Mirror, read: Callable[[], object]) -> list[str]:
    """How SQLite goes about the questions that `read` asks of the table of letters."""
    asked: list[str] = []
    mirror._db.conn.set_trace_callback(asked.append)
    read()
    mirror._db.conn.set_trace_callback(None)
    return [
        step
        for sql in asked
        if " headers" in sql
        for *_, step in from_outside(mirror, f"explain query plan {sql}")
    ]


def test_old_rows_are_looked_for_without_reading_the_letters(mirror: Mirror) -> None:
    """At every poll, in a table of gigabytes."""
    begin(mirror)
    add(mirror, 1, 2)
    (step,) = plans(mirror, mirror.has_old_rows)
    assert step == (
        "SEARCH headers USING COVERING INDEX idx_headers_parser_version (parser_version<?)"
    )


def test_letters_of_an_older_uidvalidity_are_compared_by_digest_and_not_one_with_all(
    mirror: Mirror,
) -> None:
    begin(mirror)
    add(mirror, 1, 2)
    mirror.begin_folder(*INBOX, 8, None, is_sent=False)
    questions = (
        lambda: list(mirror.messages(marked=False)),
        mirror.folders,
        lambda: mirror.presence(*INBOX, 8).settle_older(NOW, None, is_read_anew=True),
    )
    for ask in questions:
        steps = [step for step in plans(mirror, ask) if "newer" in step]
        assert steps
        assert all("digest=?" in step for step in steps), steps


def test_a_window_of_uids_and_the_teams_marks_are_found_without_reading_the_letters(
    mirror: Mirror,
) -> None:
    begin(mirror)
    add(mirror, 1, 2)
    steps = plans(mirror, lambda: mirror.presence(*INBOX, 7).held(1, 50_000))
    steps = [step for step in steps if "headers" in step]
    assert len(steps) == 3
    assert all("COVERING INDEX" in step for step in steps), steps
    steps = plans(mirror, lambda: mirror.mark(*INBOX, 7, frozenset()))
    assert any("idx_headers_marked" in step for step in steps), steps


# -- letters that came with a whole folder --------------------------------------------------


def moved(
    count: int, first: int = 1, at: datetime = NOW - timedelta(hours=1), **fields: Any
) -> list[FetchedHeader]:
    """Letters that all came at one time, each sent a day before the one before it."""
    sent = "Mon, 2 Mar 2026 10:00:00 +0100"
    return [
        header(
            uid,
            received_at=at,
            block=header(uid).block.replace(
                sent.encode(), format_datetime(NOW - timedelta(days=uid)).encode()
            ),
            **fields,
        )
        for uid in range(first, first + count)
    ]


def imported(mirror: Mirror) -> dict[str, set[str]]:
    """Folder to the Message-IDs of its letters that lie in an import block."""
    found: dict[str, set[str]] = {}
    for message in held(mirror):
        found.setdefault(message.folder, set())
        if message.is_import:
            found[message.folder].add(message.message_id)
    return found


def ids(*uids: int) -> set[str]:
    return {f"letter-{uid}@globex.com" for uid in uids}


def test_letters_that_came_with_a_whole_folder_are_marked(mirror: Mirror) -> None:
    begin(mirror)
    letters = [*moved(50), header(51), header(52, received_at=NOW - timedelta(hours=3))]
    mirror.add(*INBOX, Checkpoint(7, 52), [*letters, header(53, received_at=None)])
    assert imported(mirror) == {"INBOX": ids(*range(1, 52))}


def test_neither_folders_nor_mailboxes_add_up_to_a_block(mirror: Mirror) -> None:
    for mailbox, folder, first in (("partners", "INBOX", 1), ("partners", "A", 1), ("b", "A", 26)):
        mirror.begin_folder(mailbox, folder, 7, None, is_sent=False)
        letters = moved(25, first, mailbox=mailbox, folder=folder)
        mirror.add(mailbox, folder, Checkpoint(7, 50), letters)
    assert imported(mirror) == {"INBOX": set(), "A": set()}


def test_letters_of_an_older_uidvalidity_do_not_make_a_block_of_the_newer(mirror: Mirror) -> None:
    """The same 30 twice, and then once and 20 more: never 50 of one numbering."""
    begin(mirror)
    mirror.add(*INBOX, Checkpoint(7, 30), moved(30))
    begin(mirror, 8)
    mirror.add(*INBOX, Checkpoint(8, 30), moved(30, uidvalidity=8))
    assert imported(mirror) == {"INBOX": set()}
    mirror.add(*INBOX, Checkpoint(8, 50), moved(20, 31, uidvalidity=8))
    assert imported(mirror) == {"INBOX": ids(*range(1, 51))}


def test_a_block_is_seen_when_the_poll_that_ends_it_is_done(mirror: Mirror) -> None:
    begin(mirror)
    mirror.add(*INBOX, Checkpoint(7, 49), moved(49))
    assert imported(mirror) == {"INBOX": set()}
    mirror.add(*INBOX, Checkpoint(7, 50), moved(1, 50))
    assert imported(mirror) == {"INBOX": ids(*range(1, 51))}


@settings(max_examples=12, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_blocks_are_those_of_the_rows_whatever_the_polls_were(
    tmp_path_factory: pytest.TempPathFactory, random: Random
) -> None:
    """In one batch, or letter by letter in any order, with batches that come twice."""
    letters = [
        *moved(40),
        *moved(15, 41, NOW - timedelta(minutes=52)),
        *moved(20, 56, NOW - timedelta(minutes=40)),
        *(header(uid) for uid in range(76, 80)),
    ]
    expected = {"INBOX": ids(*range(1, 56), *range(76, 80))}
    with Mirror(tmp_path_factory.mktemp("order") / "mirror.db") as mirror:
        begin(mirror)
        random.shuffle(letters)
        for start in range(0, len(letters), 1 + random.randrange(30)):
            batch = letters[start : start + random.randint(30, 60)]  # some come again
            mirror.add(*INBOX, Checkpoint(7, 79), batch)
        assert imported(mirror) == expected


def test_blocks_are_found_without_reading_the_letters(mirror: Mirror) -> None:
    begin(mirror)
    mirror.add(*INBOX, Checkpoint(7, 50), moved(50))
    steps = plans(mirror, lambda: next(mirror.messages(marked=False)))
    assert steps[0].startswith("SCAN headers USING COVERING INDEX idx_headers_mailbox_folder_")
    assert not any("TEMP B-TREE" in step for step in steps)


def test_a_mirror_of_before_gets_its_indexes_and_its_blocks(tmp_path: Path) -> None:
    path = tmp_path / "mirror.db"
    with Mirror(path) as first:
        begin(first)
        first.add(*INBOX, Checkpoint(7, 50), moved(50))
        before = held(first)
    with closing(sqlite3.connect(path)) as other, other:
        indexes = "select name from sqlite_master where type = 'index' and sql is not null"
        known = {name for (name,) in other.execute(indexes)}
        for name in known:
            if name.endswith(("_fetched_at", "_parser_version")):
                other.execute(f"drop index {name}")
        other.execute("delete from _sqlite_migrations where name = 'add_indexes_of_arrivals'")
    with Mirror(path) as second:
        assert held(second) == before
        assert all(message.is_import for message in before)
        assert {name for (name,) in from_outside(second, indexes)} == known


# -- letters a server gives nothing for -----------------------------------------------------


def test_a_letter_without_an_answer_is_asked_for_in_three_polls(mirror: Mirror) -> None:
    begin(mirror)
    add(mirror, 1, missing=(2,))
    asked = []
    while uids := mirror.to_retry(*INBOX, 7):
        asked.append(uids)
        add(mirror, missing=tuple(uids))
    assert asked == [[2]] * (TRIES - 1)  # and once when it was new
    assert mirror.folders()[0]["unreadable"] == 1


def test_a_letter_that_comes_after_all_is_asked_for_no_more(mirror: Mirror) -> None:
    begin(mirror)
    add(mirror, 1, missing=(2, 3))
    add(mirror, 2)
    assert mirror.to_retry(*INBOX, 7) == [3]
    assert mirror.folders()[0]["unreadable"] == 1


def test_what_is_asked_for_again_is_of_one_generation(mirror: Mirror) -> None:
    begin(mirror)
    add(mirror, 1, missing=(2,))
    assert mirror.to_retry(*INBOX, 8) == []


# -- marks ----------------------------------------------------------------------------------


def test_marks_are_set_and_taken_back(mirror: Mirror) -> None:
    def settled() -> list[bool]:
        return [message.is_settled for message in held(mirror)]

    begin(mirror)
    add(mirror, 1, 2, 3)
    mirror.mark(*INBOX, 7, frozenset({1, 3}))
    assert settled() == [True, False, True]
    mirror.mark(*INBOX, 7, frozenset({2, 3}))
    assert settled() == [False, True, True]
    mirror.mark(*INBOX, 7, frozenset())
    assert settled() == [False, False, False]


def test_a_mark_is_of_one_folder_and_generation(mirror: Mirror) -> None:
    begin(mirror)
    begin(mirror, folder="Archive")
    add(mirror, 1)
    mirror.add("partners", "Archive", Checkpoint(7, 1), [header(1, folder="Archive")])
    mirror.mark("partners", "Archive", 7, frozenset({1}))
    mirror.mark(*INBOX, 8, frozenset({1}))
    assert [(m.folder, m.is_settled) for m in held(mirror)] == [
        ("INBOX", False),
        ("Archive", True),
    ]


def test_marks_count_only_where_they_are_configured(mirror: Mirror) -> None:
    begin(mirror)
    add(mirror, 1)
    mirror.mark(*INBOX, 7, frozenset({1}))
    assert not held(mirror, marked=False)[0].is_settled


def test_letters_of_the_settled_folder_are_settled(mirror: Mirror) -> None:
    begin(mirror)
    add(mirror, 1)
    assert held(mirror, marked=False, settled_folder="INBOX")[0].is_settled
    assert not held(mirror, marked=False, settled_folder="Done")[0].is_settled


# -- folders, polls, as_of ------------------------------------------------------------------


def poll(error: str | None = None, **fields: Any) -> Poll:
    plain: dict[str, Any] = {
        "mailbox": "partners",
        "started_at": NOW,
        "ended_at": NOW + timedelta(seconds=3),
        "error": error,
        "counts": Counts(folders=2, new_messages=5, unreadable=1),
        "seconds": 3.0,
    }
    return Poll(**plain | fields)


def test_polls_are_kept_for_90_days_and_those_that_brought_nothing_for_7(mirror: Mirror) -> None:
    nothing = Counts(folders=2, new_messages=0, unreadable=0)

    def ended(days_ago: int, error: str | None = None, **fields: Any) -> None:
        mirror.end_poll(poll(error, ended_at=NOW - timedelta(days=days_ago), **fields), None)

    ended(400, counts=nothing)  # 1: the first of all says since when we read
    ended(399)
    ended(399, mailbox="old")  # 3: the last of its mailbox
    ended(91)
    ended(90)  # 5: brought letters
    ended(8, counts=nothing)
    ended(8, "the host is unreachable", counts=nothing)  # 7: failed
    ended(7, counts=nothing)  # 8
    ended(0, counts=nothing)  # 9
    assert [row["poll"] for row in mirror.polls()] == [1, 3, 5, 7, 8, 9]


def test_a_complete_poll_moves_as_of(mirror: Mirror) -> None:
    mirror.end_poll(poll(), NOW)
    assert mirror.as_of() == {"partners": NOW}


def test_a_failed_poll_does_not_move_as_of(mirror: Mirror) -> None:
    mirror.end_poll(poll(), NOW)
    mirror.end_poll(poll("the host is unreachable"), NOW + timedelta(days=1))
    assert mirror.as_of() == {"partners": NOW}
    assert [(row["poll"], row["ok"]) for row in mirror.polls()] == [(1, 1), (2, 0)]


def test_without_a_complete_poll_as_of_is_the_latest_letter_held(mirror: Mirror) -> None:
    """What we do not know to be complete must not look like a silence."""
    begin(mirror)
    early, late = NOW - timedelta(days=9), NOW - timedelta(days=2)
    letters = [header(1, received_at=late), header(2, received_at=early)]
    mirror.add(*INBOX, Checkpoint(7, 2), letters)
    mirror.end_poll(poll("cut short"), NOW)
    assert mirror.as_of() == {"partners": late}


def test_without_any_arrival_time_as_of_is_the_latest_date(mirror: Mirror) -> None:
    begin(mirror)
    mirror.add(*INBOX, Checkpoint(7, 1), [header(1, received_at=None)])
    assert mirror.as_of() == {"partners": datetime(2026, 3, 2, 9, tzinfo=UTC)}


def test_a_poll_that_says_no_instant_moves_nothing(mirror: Mirror) -> None:
    mirror.end_poll(poll(), NOW)
    mirror.end_poll(poll(), None)
    assert mirror.as_of() == {"partners": NOW}


def test_the_story_of_a_poll_is_kept(mirror: Mirror) -> None:
    mirror.end_poll(poll("the host is unreachable", seconds=3.14159), NOW)
    began = int(NOW.timestamp())
    (row,) = mirror.polls()
    assert row == dict(
        zip(
            """poll mailbox started_at ended_at ok error seconds folders new_messages
            unreadable""".split(),  # noqa: SIM905
            (1, "partners", began, began + 3, 0, "the host is unreachable", 3.142, 2, 5, 1),
            strict=True,
        )
    )


def test_each_mailbox_has_its_own_as_of(mirror: Mirror) -> None:
    mirror.end_poll(poll(), NOW)
    mirror.end_poll(poll(mailbox="second"), NOW - timedelta(hours=1))
    assert mirror.as_of() == {"partners": NOW, "second": NOW - timedelta(hours=1)}


def test_a_folders_error_leaves_the_last_complete_reading_as_it_was(mirror: Mirror) -> None:
    begin(mirror)
    mirror.end_folder(*INBOX, at=NOW, state="read")
    mirror.end_folder(*INBOX, at=NOW + timedelta(days=1), state="failed", error="no such folder")
    (folder,) = mirror.folders()
    assert folder["last_complete_at"] == int(NOW.timestamp())
    assert (folder["state"], folder["error"]) == ("failed", "no such folder")
    begin(mirror)
    assert mirror.folders()[0]["error"] is None


def test_generations_are_numbered_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "mirror.db"
    with Mirror(path) as first:
        assert [first.next_generation() for _ in range(2)] == [1, 2]
    with Mirror(path) as second:
        assert second.next_generation() == 3


def test_the_secret_of_pseudonyms_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "mirror.db"
    with Mirror(path) as first:
        key = first.pseudonym_key()
    with Mirror(path) as second:
        assert second.pseudonym_key() == key
    with Mirror(tmp_path / "other.db") as other:
        assert other.pseudonym_key() != key
    assert len(key) == 32


# -- the file -------------------------------------------------------------------------------


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """As a careless shell has it: everybody may read what is made."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_only_the_owner_may_read_the_files_and_enter_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Mirror(folder / "mirror.db") as mirror:
        begin(mirror)
        add(mirror, 1)
        files = sorted(folder.iterdir())  # beside the database its -wal and -shm
        assert [mode(path) for path in files] == [0o600] * len(files)
        assert len(files) == 3
    assert mode(folder) == 0o700


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mirror.db"
    Mirror(path).close()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at)"
            " values ('inbox_agent.mirror', 'add_everything', '2030-01-01')"
        )
    with pytest.raises(StoreError, match=r"mirror\.db: was written by a newer version.*update"):
        Mirror(path)


def test_a_file_that_is_no_database_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "mirror.db"
    path.write_bytes(b"a letter to the editor, and no database at all\n" * 100)
    with pytest.raises(StoreError, match=r"mirror\.db: .*not a database: .*move it away"):
        Mirror(path)
