"""What goes wrong costs no more than itself: exit code, one line, nothing half-written.

Each situation is a row of the table: how it comes about, the command, the exit code, what the one
line on standard error says, and what was done all the same.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from installations import (
    AS_OF,
    AS_OF_TEXT,
    HISTORY,
    Installation,
    Tables,
    deliver,
    exchange,
    install,
    letter,
    mailbox_entry,
    one_line,
    query,
    read_only,
    tables,
    write_mbox,
)
from servers import Delivery, EmbeddedServer
from sqlite_utils import Database, Migrations

from inbox_agent.demo.mailserver import serve_letters

pytestmark = pytest.mark.reliability

MAY = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)
#: A port of loopback that is reserved and where nobody listens.
NOBODY_THERE = 1
#: Words of the letters and the password: none of them belongs on a screen.
PRIVATE = ("Offer", "kim@", "ana@", "A body")


@dataclass(frozen=True)
class Scene:
    """A mailbox with letters, a folder for an installation, and what it published before."""

    server: EmbeddedServer
    top: Path

    def polled(self, **changes: Any) -> Installation:
        """An installation after a first good poll; `changes` are made to its mailbox then."""
        place = install(self.top, mailbox_entry(self.server))
        place.agent().poll(AS_OF)
        return install(self.top, mailbox_entry(self.server, **changes))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with serve_letters(exchange("globex.example", 6, MAY)) as running:
        yield Scene(EmbeddedServer(running), tmp_path)


def published(place: Installation) -> Tables:
    return place.tables(*HISTORY)


def is_whole(database: Path) -> bool:
    return query(database, "pragma integrity_check") == ["ok"]


def last_poll(place: Installation) -> tuple[int, int]:
    (row,) = place.query("select ok, new_messages from polls order by poll desc limit 1")
    return row  # type: ignore[no-any-return]


# --- the situations


def a_wrong_password(scene: Scene) -> Installation:
    return scene.polled(secret="not-this")


def a_host_that_is_not_there(scene: Scene) -> Installation:
    return scene.polled(port=NOBODY_THERE)


def one_host_of_two(scene: Scene) -> Installation:
    gone = mailbox_entry(scene.server, "gone", port=NOBODY_THERE)
    return install(scene.top, gone, mailbox_entry(scene.server))


def one_folder_of_three(scene: Scene) -> Installation:
    return install(scene.top, mailbox_entry(scene.server, folders=["INBOX", "Projects"]))


def no_sent(scene: Scene) -> Installation:
    return install(scene.top, mailbox_entry(scene.server, sent=None))


def a_password_that_is_not_set(scene: Scene) -> Installation:
    place = install(scene.top, mailbox_entry(scene.server))
    lines = place.config.read_text().splitlines()
    kept = [line for line in lines if not line.startswith("password")]
    place.config.write_text("\n".join([*kept, 'password = { env = "NOT_SET_ANYWHERE" }']))
    return place


def broken_toml(scene: Scene) -> Installation:
    return install(scene.top, mailbox_entry(scene.server), more="[poll\nevery = 5")


def an_unknown_key(scene: Scene) -> Installation:
    return install(scene.top, mailbox_entry(scene.server, folder="INBOX"))


def no_config(scene: Scene) -> Installation:
    return Installation(scene.top)


def no_mailbox(scene: Scene) -> Installation:
    return install(scene.top)


def ready(scene: Scene) -> Installation:
    return scene.polled()


def never_polled(scene: Scene) -> Installation:
    return install(scene.top, mailbox_entry(scene.server))


def a_newer_mirror(scene: Scene) -> Installation:
    place = scene.polled()
    later = Migrations("inbox_agent.mirror")

    @later()
    def to_come(db: Database) -> None:
        db.table("to_come").create({"id": int})

    later.apply(db := Database(place.mirror))
    db.close()
    return place


def damaged(place: Installation, database: Path) -> Installation:
    """All pages but the first are overwritten, as a broken disk does it."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma journal_mode = delete")
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    return place


def a_damaged_mirror(scene: Scene) -> Installation:
    place = scene.polled()
    return damaged(place, place.mirror)


def a_damaged_record(scene: Scene) -> Installation:
    place = scene.polled()
    with closing(sqlite3.connect(place.mirror)) as connection, connection:
        connection.execute("update headers set details = '{\"refe' where id = 3")
    return place


def a_mirror_that_is_no_database(scene: Scene) -> Installation:
    place = scene.polled()
    place.mirror.write_bytes(b"Dear diary,\n" * 1000)
    return place


def a_published_that_is_no_database(scene: Scene) -> Installation:
    place = scene.polled()
    place.published.write_bytes(b"Dear diary,\n" * 1000)
    return place


def a_file_for_a_data_directory(scene: Scene) -> Installation:
    place = install(scene.top, mailbox_entry(scene.server))
    place.data.write_text("not a folder\n")
    return place


def a_text_file(scene: Scene) -> Installation:
    (scene.top / "letters.txt").write_text("Dear Sirs,\nno mbox is this.\n")
    return scene.polled()


def a_file_in_the_way(scene: Scene) -> Installation:
    (scene.top / "partners.csv").mkdir(parents=True)
    return scene.polled()


# --- what was done all the same


def nothing(_: Installation) -> None:
    pass


def no_data(place: Installation) -> None:
    assert not place.data.is_dir()


def the_rest(place: Installation) -> None:
    """The six letters of the mailbox that could be read are published."""
    assert place.query("select messages_in, messages_out from partners") == [(3, 3)]
    assert sorted(place.query("select ok from polls")) == [0, 1]


def the_other_folders(place: Installation) -> None:
    assert place.query("select messages_in, messages_out from partners") == [(3, 3)]
    assert last_poll(place) == (0, 6)


def the_failure_is_kept(place: Installation) -> None:
    assert last_poll(place) == (0, 0)
    assert place.query("select count(*) from about") == [1]


def nothing_is_imported(place: Installation) -> None:
    assert place.query("select generation from about") == [1]
    assert query(place.mirror, "select folder from folders") == ["INBOX", "Sent"]


def the_published_is_readable(place: Installation) -> None:
    assert is_whole(place.published)


class Situation(NamedTuple):
    """A row of the table."""

    prepare: Callable[[Scene], Installation]
    command: tuple[str, ...]
    code: int
    said: tuple[str, ...]
    done: Callable[[Installation], None]


POLL = ("poll", "--as-of", AS_OF_TEXT)
SITUATIONS = (
    Situation(
        a_wrong_password, POLL, 3, ('"partners"', "login", "check `user`"), the_failure_is_kept
    ),
    Situation(
        a_host_that_is_not_there, POLL, 1, ("127.0.0.1:1", "tries again"), the_failure_is_kept
    ),
    Situation(one_host_of_two, POLL, 1, ('mailbox "gone"', "check `host`"), the_rest),
    Situation(
        one_folder_of_three, POLL, 1, ('no folder "Projects"', "`folders`"), the_other_folders
    ),
    Situation(no_sent, POLL, 2, ("\\Sent", '`sent = ["..."]`', '"INBOX"'), nothing),
    Situation(a_password_that_is_not_set, POLL, 2, ("NOT_SET_ANYWHERE", "export"), nothing),
    Situation(broken_toml, POLL, 2, ("inbox-agent.toml", "line"), no_data),
    Situation(an_unknown_key, POLL, 2, ("inbox-agent.toml", "folder", "folders"), no_data),
    Situation(no_config, POLL, 2, ("inbox-agent.toml", "`inbox-agent init`", "--config"), no_data),
    Situation(no_mailbox, POLL, 2, ("[[mailboxes]]",), no_data),
    Situation(
        a_newer_mirror, POLL, 4, ("mirror.db", "to_come", "update"), the_published_is_readable
    ),
    Situation(a_damaged_mirror, POLL, 4, ("mirror.db", "damaged"), the_published_is_readable),
    Situation(a_damaged_mirror, ("status",), 4, ("mirror.db", "damaged"), nothing),
    Situation(
        a_damaged_record, POLL, 4, ("mirror.db", "rebuild --reparse"), the_published_is_readable
    ),
    Situation(a_damaged_record, ("rebuild", "--reparse"), 0, (), the_published_is_readable),
    Situation(
        a_mirror_that_is_no_database, POLL, 4, ("mirror.db", "move it"), the_published_is_readable
    ),
    Situation(a_published_that_is_no_database, POLL, 4, ("partners.db", "move it"), nothing),
    Situation(a_published_that_is_no_database, ("status",), 4, ("partners.db", "move it"), nothing),
    Situation(a_file_for_a_data_directory, POLL, 4, ("data", "File exists"), nothing),
    Situation(
        ready, ("export", "--to", "out", "partners", "people"), 2, ("people", "silent_now"), nothing
    ),
    Situation(never_polled, ("export", "--to", "out"), 4, ("partners.db", "poll"), nothing),
    Situation(
        a_file_in_the_way, ("export", "--to", "."), 2, ("partners.csv", "directory"), nothing
    ),
    Situation(
        a_text_file, ("import", "letters.txt"), 2, ("letters.txt", "no mbox"), nothing_is_imported
    ),
    Situation(
        ready, ("import", "gone.mbox"), 2, ("gone.mbox", "No such file"), nothing_is_imported
    ),
    Situation(ready, ("poll", "--as-of", "yesterday"), 2, ("yesterday", "2026-11-21T"), nothing),
    Situation(ready, ("poll", "--as-of", "2024-06-28"), 2, ("time zone", "+01:00"), nothing),
    Situation(ready, ("pole",), 2, ("pole", "poll"), nothing),
    Situation(ready, ("poll", "--asof"), 2, ("--asof", "--help"), nothing),
)


@pytest.mark.parametrize(
    "case", SITUATIONS, ids=[f"{c.prepare.__name__}-{c.command[0]}" for c in SITUATIONS]
)
def test_what_goes_wrong_costs_one_line_and_no_more_than_itself(
    case: Situation, scene: Scene
) -> None:
    place = case.prepare(scene)
    before = published(place) if is_readable(place.published) else None
    done = place.run(*case.command)
    said_right(done, case.code, *case.said)
    case.done(place)
    if before is not None:
        assert published(place) == before  # nothing new had come


def said_right(done: subprocess.CompletedProcess[str], code: int, *pieces: str) -> None:
    """The exit code, and one line on standard error that holds these pieces and nothing private."""
    assert done.returncode == code, done.stderr
    if code == 0:
        assert done.stderr == ""
        return
    line = one_line(done.stderr)
    assert line.startswith("inbox-agent: ")
    for piece in pieces:
        assert piece in line
    assert not any(word in done.stderr for word in (*PRIVATE, "Traceback"))


def is_readable(database: Path) -> bool:
    try:
        return is_whole(database)
    except sqlite3.DatabaseError:
        return False


# --- letters


HOSTILE = (
    b"",
    b"\r\n",
    b"no header at all",
    b"\x00\xff\xfe: \x80\r\n\r\n",
    b"From: =?utf-8?B?//////?= <<kim@@globex.example>,\r\nTo: ;;;:\r\nDate: \r\nSubject:\r\n\r\n",
    b"From: " + b"(" * 5_000 + b"kim@globex.example\r\nTo: ana@acme.example\r\n\r\n",
    b"From: kim@globex.example\r\nReferences: " + b"<a@b> " * 20_000 + b"\r\n\r\n",
    b"From: kim@globex.example\r\nSubject: \x1b[31m\x07\x9b\r\n\r\n",
)


def test_letters_no_parser_likes_are_kept_and_the_rest_is_measured(scene: Scene) -> None:
    hostile = [Delivery("INBOX", raw, MAY) for raw in HOSTILE]
    deliver(scene.server, hostile)
    place = install(scene.top, mailbox_entry(scene.server))
    said_right(place.run(*POLL), 0)
    assert query(place.mirror, "select count(*) from headers") == [6 + len(HOSTILE)]
    (row,) = place.query("select messages_in, messages_out from partners")
    assert row[0] >= 3
    assert row[1] == 3
    (problems,) = query(
        place.mirror, "select count(*) from headers where details not like '%\"problems\":[]%'"
    )
    assert problems >= 5
    assert last_poll(place) == (1, 6 + len(HOSTILE))


@pytest.mark.parametrize(
    ("date", "arrived_at", "expected"),
    [
        # the server's instant is good, whatever the writer's clock said
        (datetime(1970, 1, 1, tzinfo=UTC), MAY, ("2024-05-06T09:00:00Z", "internaldate", 1)),
        (datetime(2099, 1, 1, tzinfo=UTC), MAY, ("2024-05-06T09:00:00Z", "internaldate", 1)),
        # the server's is not, the writer's is
        (MAY, datetime(2099, 1, 1, tzinfo=UTC), ("2024-05-06T09:00:00Z", "date", 1)),
        (MAY, datetime(1971, 1, 1, tzinfo=UTC), ("2024-05-06T09:00:00Z", "date", 1)),
        # neither is: it is kept and does not count
        (datetime(2099, 1, 1, tzinfo=UTC), datetime(1971, 1, 1, tzinfo=UTC), (None, "none", 0)),
    ],
)
def test_an_absurd_date_costs_the_date_and_not_the_letter(
    scene: Scene, date: datetime, arrived_at: datetime, expected: tuple[Any, ...]
) -> None:
    odd = letter("kim@globex.example", "ana@acme.example", date, "odd", subject="odd")
    deliver(scene.server, [Delivery("INBOX", odd, arrived_at)])
    place = install(scene.top, mailbox_entry(scene.server))
    said_right(place.run(*POLL), 0)
    assert place.query("select at, at_source, counts from messages where subject = 'odd'") == [
        expected
    ]
    assert place.query("select as_of from partners") == [AS_OF_TEXT]


def test_an_absurd_date_does_not_carry_an_import_into_the_future(tmp_path: Path) -> None:
    letters = exchange("globex.example", 6, MAY)
    late = datetime(2099, 1, 1, tzinfo=UTC)
    odd = letter("kim@globex.example", "ana@acme.example", late, "odd")
    path = write_mbox(tmp_path / "old.mbox", [*letters, Delivery("INBOX", odd, late)])
    place = install(tmp_path)
    said_right(place.run("import", "--received-from", "date", path), 0)
    assert place.query("select as_of from partners") == ["2024-05-16T09:00:00Z"]


# --- the data directory


def test_another_agent_at_work_is_left_in_peace(scene: Scene) -> None:
    place = scene.polled()
    before = tables(place.mirror)
    with place.agent().at_work():
        for command in (POLL, ("rebuild",), ("import", "x.mbox"), ("run",)):
            said_right(place.run(*command), 5, "another inbox-agent", str(place.data))
        assert place.run("status").returncode == 0  # to look is always allowed
    assert tables(place.mirror) == before
    said_right(place.run(*POLL), 0)


@contextmanager
def small_disk(top: Path, octets: int) -> Iterator[Path]:
    """A file system of so many octets, where this user may mount one."""
    disk = top / "disk"
    disk.mkdir()
    if mount(disk, f"size={octets}") != 0:
        pytest.skip("this user may not mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def mount(disk: Path, options: str) -> int:
    program = shutil.which("mount")
    if program is None:
        return 1
    command = [program, "-t", "tmpfs", "-o", options, "none", str(disk)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_a_data_directory_we_may_not_write_to_is_said_to_be_so(scene: Scene) -> None:
    """Permissions don't bind root, whose disk is mounted read-only instead."""
    with small_disk(scene.top, 2**26) if os.geteuid() == 0 else nullcontext(scene.top) as disk:
        place = Scene(scene.server, disk).polled()
        before = published(place)
        with read_only_folder(place.data, disk):
            said_right(place.run(*POLL), 4, str(place.data), "make it writable")
            assert place.run("status").returncode in (0, 4)
        assert published(place) == before


@contextmanager
def read_only_folder(folder: Path, disk: Path) -> Iterator[None]:
    if os.geteuid() == 0:
        assert mount(disk, "remount,ro") == 0
    else:
        folder.chmod(0o500)
    try:
        yield
    finally:
        if os.geteuid() == 0:
            assert mount(disk, "remount,rw") == 0
        else:
            folder.chmod(0o700)


@pytest.mark.parametrize("kilobytes", [64, 200, 400])
def test_a_full_disk_leaves_whole_databases_and_more_room_mends_it(
    scene: Scene, kilobytes: int
) -> None:
    deliver(scene.server, exchange("initech.example", 100, MAY, timedelta(hours=6)))
    scene.top.joinpath("config").mkdir()
    with small_disk(scene.top, kilobytes * 1024) as disk:
        place = install(
            scene.top, mailbox_entry(scene.server), more=f'[data]\ndirectory = "{disk}"\n'
        )
        done = place.run(*POLL)
        said_right(done, 4, str(disk), "free some space")
        assert mount(disk, "remount,size=64m") == 0  # a reader needs some room, too
        for database in disk.glob("*.db"):
            assert_whole_or_empty(database)
        said_right(place.run(*POLL), 0)
        assert query(disk / "partners.db", "select sum(messages_in) from partners") == [53]
        assert query(disk / "mirror.db", "select count(*) from headers") == [106]


def assert_whole_or_empty(database: Path) -> None:
    with closing(read_only(database)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        names = {row[0] for row in connection.execute("select name from sqlite_master")}
        if "about" in names:
            (generations,) = connection.execute("select count(*) from about").fetchone()
            assert generations <= 1


def test_a_mailbox_that_was_never_read_publishes_nothing(scene: Scene) -> None:
    """Not even an empty database that looks as if it were of today."""
    place = install(scene.top, mailbox_entry(scene.server, user="nobody"))
    done = place.run(*POLL)
    assert done.returncode == 3
    assert not place.published.exists()
    assert place.run("export", "--to", "out").returncode == 4
