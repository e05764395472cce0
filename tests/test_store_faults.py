"""What can befall our files: each fault is one clear line, loses nothing, and is mended after."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from faults.dump import dump
from installations import (
    AS_OF,
    AS_OF_TEXT,
    HISTORY,
    Installation,
    deliver,
    exchange,
    install,
    letter,
    mailbox_entry,
    one_line,
    query,
    read_only,
    tables,
)
from scripted_mailbox import expanded, fetched
from scripted_socket import scripted
from servers import NOBODY, EmbeddedServer
from sqlite_utils import Database
from test_bad_input import small_disk

from inbox_agent import sqlite_files
from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.errors import StoreError
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_schema import migrations
from inbox_agent.sqlite_files import back_up, connect, scrub

pytestmark = pytest.mark.reliability

MAY = datetime(2024, 5, 6, 9, tzinfo=UTC)
LETTERS = exchange("globex.example", 6, MAY)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """A mailbox with six letters."""
    with serve_letters(LETTERS) as running:
        yield EmbeddedServer(running)


@pytest.fixture(scope="module")
def polled(server: EmbeddedServer) -> Iterator[Path]:
    """An installation after a good poll, to be copied. Others may enter its folder."""
    top = Path(tempfile.mkdtemp())
    top.chmod(0o755)
    try:
        install(top, mailbox_entry(server)).agent().poll(AS_OF)
        yield top
    finally:
        shutil.rmtree(top)


@pytest.fixture
def place(polled: Path, tmp_path: Path) -> Installation:
    shutil.copytree(polled, tmp_path, dirs_exist_ok=True)
    return Installation(tmp_path)


def failing(work: Callable[[], object], path: Path, *pieces: str) -> None:
    """It fails with one line that names this file and says these pieces."""
    with pytest.raises(StoreError) as caught:
        work()
    names_the_file(caught.value, path, *pieces)


def names_the_file(error: StoreError, path: Path, *pieces: str) -> None:
    line = one_line(str(error))
    assert str(path) in line
    assert "Offer" not in line  # nothing of a letter, nor of the database's inside
    for piece in pieces:
        assert piece in line


def sound(database: Path) -> bool:
    return query(database, "pragma integrity_check") == ["ok"]


def checkpoints_cover_what_is_held(database: Path) -> bool:
    """Each folder is said to be read just as far as its last letter held."""
    sql = (
        "select last_uid, (select max(uid) from headers where headers.folder = folders.folder)"
        " from folders where last_uid > 0"
    )
    return all(last_uid == held for last_uid, held in query(database, sql))


# --- another program


def test_a_database_locked_by_another_process_is_waited_for_and_then_left(
    place: Installation,
) -> None:
    before, published = tables(place.mirror), place.tables()
    with closing(connect(place.mirror)) as other:
        other.execute("begin immediate")
        done = place.run("rebuild", "--as-of", AS_OF_TEXT)
        other.execute("rollback")
    assert done.returncode == 4
    assert "locked: another program holds it" in one_line(done.stderr)
    assert (tables(place.mirror), place.tables()) == (before, published)
    assert place.run("rebuild").returncode == 0


def test_a_lock_that_comes_between_two_batches_costs_only_the_rest_of_this_poll(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_files, "_BUSY_MILLISECONDS", 100)
    other: list[sqlite3.Connection] = []

    def fetch(command: bytes) -> bytes:
        uids = expanded(command)
        if 251 in uids and not other:  # the second batch is asked for, the first one is kept
            other.append(connect(tmp_path / "data" / "mirror.db"))
            other[0].execute("begin immediate")
        return b"".join(map(numbered, uids)) + b"{tag} OK done"

    with scripted(large_inbox(300) | {"UID FETCH": fetch}) as there:
        place = install(tmp_path, scripted_entry(there.port))
        failing(lambda: place.agent().poll(AS_OF), place.mirror, "locked: another program holds it")
        assert query(place.mirror, "select count(*), max(uid) from headers") == [(250, 250)]
        assert checkpoints_cover_what_is_held(place.mirror)
        other[0].close()
        assert place.agent().poll(AS_OF).errors == []
    uids = query(place.mirror, "select uid from headers where folder = 'INBOX' order by uid")
    assert uids == list(range(1, 301))


def large_inbox(count: int) -> dict[str, Any]:
    """What a server says of an INBOX of so many letters, and of a Sent without any."""
    everything = b" ".join(b"%d" % uid for uid in range(1, count + 1))
    inbox = b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK [READ-ONLY] done" % count
    sent = b"* 0 EXISTS\r\n* OK [UIDVALIDITY 8] ok\r\n{tag} OK [READ-ONLY] done"
    opened = [b""]

    def examine(command: bytes) -> bytes:
        opened[0] = command
        return sent if b"Sent" in command else inbox

    def search(_: bytes) -> bytes:
        found = b"" if b"Sent" in opened[0] else everything
        return b"* SEARCH " + found + b"\r\n{tag} OK done"

    return {"EXAMINE": examine, "UID SEARCH": search}


def numbered(uid: int) -> bytes:
    """A letter of its own for each uid, as an answer to FETCH."""
    raw = letter("kim@globex.example", "ana@acme.example", MAY + timedelta(hours=uid), f"{uid}@x")
    return fetched(uid, block=raw.partition(b"A body")[0])


def scripted_entry(port: int) -> str:
    return mailbox_entry(Where(port))


class Where(NamedTuple):
    """A scripted server, as the config needs to know it."""

    port: int
    host: str = "127.0.0.1"
    user: str = "team"
    password: str = "open-sesame"

    def append(self, *_: object) -> int:
        raise NotImplementedError


def test_a_reader_of_what_is_published_waits_for_nobody_and_nobody_for_it(
    place: Installation,
) -> None:
    with closing(read_only(place.published)) as reader:
        reader.execute("begin")
        (before,) = reader.execute("select generation from about").fetchone()
        place.agent().rebuild(AS_OF)
        assert reader.execute("select generation from about").fetchone() == (before,)
        reader.execute("rollback")
        assert reader.execute("select generation from about").fetchone() == (before + 1,)


# --- disk and system


@contextmanager
def no_file_larger_than(octets: int) -> Iterator[None]:
    """The system refuses every write beyond that, which is an I/O error to SQLite."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_io_error_at_any_size_stops_the_poll_and_the_next_one_makes_the_same_rows(
    polled: Path, server: EmbeddedServer, tmp_path: Path
) -> None:
    expected = dump(polled / "data")
    stopped = 0
    for octets in range(4_096, 400_000, 28_672):
        place = install(tmp_path / str(octets), mailbox_entry(server))
        with no_file_larger_than(octets):
            try:
                place.agent().poll(AS_OF)
            except StoreError as exc:
                stopped += 1
                names_the_file(exc, place.data, "disk I/O error: see whether its disk is full")
        for database in place.data.glob("*.db"):
            assert sound(database)
        if query(place.mirror, "select 1 from sqlite_master where name = 'folders'"):
            assert checkpoints_cover_what_is_held(place.mirror)
        assert place.agent().poll(AS_OF).errors == []
        assert dump(place.data) == expected
    assert 4 <= stopped <= 12


@pytest.mark.parametrize("kilobytes", [0, 24, 96, 192])
def test_a_disk_that_fills_up_between_polls_costs_the_poll_and_no_letter(
    tmp_path: Path, kilobytes: int
) -> None:
    with serve_letters(LETTERS) as running, small_disk(tmp_path, 2**22) as disk:
        server = EmbeddedServer(running)
        place = install(disk, mailbox_entry(server))
        place.agent().poll(AS_OF)
        before = place.tables(*HISTORY)
        deliver(server, exchange("initech.example", 60, MAY))
        filler = filled(disk, kilobytes)
        failing(lambda: place.agent().poll(AS_OF), place.data, "disk", "full")
        filler.unlink()
        assert sound(place.mirror)
        assert place.tables(*HISTORY) == before
        assert checkpoints_cover_what_is_held(place.mirror)
        assert place.agent().poll(AS_OF).errors == []
        fresh = install(tmp_path / "fresh", mailbox_entry(server))
        fresh.agent().poll(AS_OF)
        assert place.tables(*HISTORY) == fresh.tables(*HISTORY)


def filled(disk: Path, kilobytes: int) -> Path:
    """A file that leaves only so much room on the disk."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    os.truncate(filler, filler.stat().st_size - kilobytes * 1024)
    return filler


@pytest.fixture
def another_users(polled: Path) -> Iterator[Installation]:
    """An installation whose data are, as permissions don't bind root, those of another user."""
    place = Installation(Path(tempfile.mkdtemp()))
    place.top.chmod(0o755)
    try:
        shutil.copytree(polled, place.top, dirs_exist_ok=True)
        if os.geteuid() == 0:
            for each in (place.data, *place.data.iterdir()):
                os.chown(each, NOBODY, NOBODY)
            place.config.parent.chmod(0o755)  # whatever umask an earlier test left
            for each in place.config.parent.iterdir():
                each.chmod(0o644)
        yield place
    finally:
        shutil.rmtree(place.top)


@contextmanager
def being_nobody() -> Iterator[None]:
    """Root becomes another user for a while."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)


@pytest.mark.parametrize(
    ("name", "mode"), [(".", 0o500), ("mirror.db", 0o400), ("partners.db", 0o400)]
)
def test_what_we_may_only_read_is_left_as_it_is_and_named(
    another_users: Installation, name: str, mode: int
) -> None:
    place = another_users
    before = place.tables()
    with being_nobody():
        for each in [*place.data.glob("*-wal"), *place.data.glob("*-shm")]:
            each.unlink()
        (place.data / name).chmod(mode)
        failing(lambda: place.agent().rebuild(AS_OF), place.data / name, "writable")
        for each in (place.data, *place.data.iterdir()):
            each.chmod(0o700)
        assert place.tables() == before
        assert place.agent().rebuild(AS_OF).errors == []


@pytest.mark.skipif(os.geteuid() != 0, reason="this user may not mount a small disk")
def test_a_mirror_of_another_user_is_not_taken_from_him(another_users: Installation) -> None:
    mirror = another_users.mirror
    os.chown(mirror, 0, 0)
    mirror.chmod(0o644)
    with being_nobody():
        failing(lambda: another_users.agent().rebuild(AS_OF), mirror, "run this as its owner")
    assert stat.S_IMODE(mirror.stat().st_mode) == 0o644


# --- damage


def test_a_power_cut_amid_a_transaction_leaves_what_was_committed(
    place: Installation, tmp_path: Path
) -> None:
    """The files as they lie on the disk in the midst of a transaction are another machine's."""
    found = tmp_path / "found"
    found.mkdir()
    with closing(connect(place.mirror)) as writer:
        writer.execute("pragma cache_size = 1")  # pages go to the WAL before the commit
        writer.execute("update headers set is_marked = 1")
        writer.execute("begin immediate")
        writer.execute("update headers set is_marked = 2, details = hex(zeroblob(20000))")
        for each in (place.mirror, place.mirror.with_name("mirror.db-wal")):
            shutil.copy(each, found / each.name)
        assert (found / "mirror.db-wal").stat().st_size > 6 * 20_000
        writer.execute("rollback")
    assert query(found / "mirror.db", "pragma integrity_check") == ["ok"]
    with Mirror(found / "mirror.db") as mirror:
        assert mirror.count() == 6
    assert query(found / "mirror.db", "select is_marked from headers") == [1] * 6


def committed_in_the_wal(place: Installation, found: Path) -> None:
    """A copy of the mirror in whose WAL are five transactions: `is_marked` 1 to 5 everywhere."""
    found.mkdir()
    with closing(connect(place.mirror)) as writer:
        writer.execute("pragma wal_autocheckpoint = 0")
        for number in range(1, 6):
            writer.execute("update headers set is_marked = ?", (number,))
        for each in (place.mirror, place.mirror.with_name("mirror.db-wal")):
            shutil.copy(each, found / each.name)


@pytest.mark.parametrize("manner", ["cut", "flipped"])
def test_of_a_damaged_wal_whole_transactions_up_to_the_damage_count(
    place: Installation, tmp_path: Path, manner: str
) -> None:
    committed_in_the_wal(place, found := tmp_path / "found")
    database, log = found / "mirror.db", found / "mirror.db-wal"
    whole, octets = database.read_bytes(), log.read_bytes()
    seen = []
    for place_of_damage in range(0, len(octets), 997):
        damaged = bytearray(octets)
        damaged[place_of_damage] ^= 0xFF
        log.write_bytes(octets[:place_of_damage] if manner == "cut" else damaged)
        database.write_bytes(whole)
        with Mirror(database) as mirror:
            assert mirror.count() == 6
        marks = set(query(database, "select is_marked from headers"))
        assert len(marks) == 1
        seen += marks
    assert seen == sorted(seen)
    assert {0, 1, 2, 3, 4} <= set(seen)


#: What becomes of some octets; each an XOR with what was there, or another text in its place.
DAMAGES = (b"\xff", b"\x01", b"\xa5" * 64)


def damages(database: Path, count: int) -> Iterator[tuple[int, bytes]]:
    """So many versions of a database with damage somewhere, the same every time."""
    whole, rng = database.read_bytes(), Random(628)  # noqa: S311 - no secret
    for _ in range(count):
        octet, change = rng.randrange(len(whole)), rng.choice(DAMAGES)
        if rng.random() < 0.5:  # the head of a page says where on it everything is
            octet = octet // 4096 * 4096 + rng.randrange(12)
        damaged = bytearray(whole)
        for number, each in enumerate(change[: len(whole) - octet]):
            damaged[octet + number] ^= each
        yield octet, bytes(damaged)


def in_one_file(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma journal_mode = delete")


def test_a_mirror_with_damage_anywhere_is_refused_or_gives_every_letter(
    place: Installation,
) -> None:
    """A changed value inside a row can't be told: SQLite has no checksums."""
    in_one_file(place.mirror)
    whole, refused = place.mirror.read_bytes(), 0
    before = place.tables(*HISTORY)
    for octet, damaged in damages(place.mirror, 60):
        place.mirror.write_bytes(damaged)
        try:
            place.agent().rebuild(AS_OF)
        except StoreError as exc:
            refused += 1
            names_the_file(exc, place.mirror)
            assert place.tables(*HISTORY) == before, octet
            assert len(place.mirror.read_bytes()) == len(whole)  # nothing is ever taken away
        else:
            assert place.query("select messages from about") == [6], octet
            assert sound(place.published)
            place.mirror.write_bytes(whole)
            place.agent().rebuild(AS_OF)
    # most of the octets of a small mirror are free space, which nobody misses
    assert 20 <= refused <= 59


def test_a_damaged_mirror_is_neither_measured_nor_backed_up(place: Installation) -> None:
    """A leaf page that says it has fewer rows than it has is read without any error."""
    in_one_file(place.mirror)
    octets = bytearray(place.mirror.read_bytes())
    (root,) = query(place.mirror, "select rootpage from sqlite_master where name = 'headers'")
    begin = (root - 1) * 4096
    assert octets[begin : begin + 1] == b"\x0d"  # a leaf of a table, SQLite's file format §1.6
    octets[begin + 3 : begin + 5] = b"\x00\x02"
    place.mirror.write_bytes(octets)
    assert query(place.mirror, "select count(*) from headers not indexed") == [2]
    failing(lambda: place.agent().rebuild(AS_OF), place.mirror, "it is damaged; move it away")
    failing(lambda: place.agent().poll(AS_OF), place.mirror, "it is damaged; move it away")
    copy = place.top / "copy.db"
    failing(lambda: back_up(place.mirror, copy), place.mirror, "it is damaged; move it away")
    assert not copy.exists()


def test_a_published_database_with_damage_anywhere_is_made_anew_or_is_none(
    place: Installation,
) -> None:
    in_one_file(place.published)
    before, anew = place.tables(*HISTORY), 0
    for octet, damaged in damages(place.published, 60):
        place.published.write_bytes(damaged)
        for end in ("-wal", "-shm"):
            place.published.with_name(f"partners.db{end}").unlink(missing_ok=True)
        try:
            place.agent().rebuild(AS_OF)
        except StoreError as exc:
            names_the_file(exc, place.published)
            assert octet < 100  # in the head of the file: it is no database any more
            assert place.published.read_bytes() == damaged
        else:
            anew += 1
            assert sound(place.published), octet
            assert place.tables(*HISTORY) == before, octet
        assert not list(place.data.glob("*.anew*"))
    assert anew >= 50


def test_who_reads_a_damaged_published_database_comes_to_see_the_new_one(
    place: Installation,
) -> None:
    in_one_file(place.published)
    (root,) = query(place.published, "select rootpage from sqlite_master where name = 'messages'")
    with closing(read_only(place.published)) as reader:
        assert reader.execute("select generation from about").fetchone() == (1,)
        with place.published.open("r+b") as file:
            file.seek((root - 1) * 4096)
            file.write(b"\xa5" * 4096)
        with pytest.raises(sqlite3.DatabaseError):
            reader.execute("select * from messages").fetchall()
        place.agent().rebuild(AS_OF)
        assert reader.execute("select generation from about").fetchone() == (2,)
        assert len(reader.execute("select * from messages").fetchall()) == 6


def test_a_published_database_that_others_hold_is_not_waited_for_without_end(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_files, "_BUSY_MILLISECONDS", 100)
    (root,) = query(place.published, "select rootpage from sqlite_master where name = 'messages'")
    with closing(connect(place.published)) as other:
        other.execute("pragma wal_checkpoint(truncate)")
        other.execute("begin immediate")
        with place.published.open("r+b") as file:
            file.seek((root - 1) * 4096)
            file.write(b"\xa5" * 4096)
        failing(lambda: place.agent().rebuild(AS_OF), place.published, "locked")
        assert not list(place.data.glob("*.anew*"))


@pytest.mark.parametrize("ends", [("",), ("", "-wal", "-shm"), ("-wal", "-shm")])
def test_a_published_database_that_was_deleted_is_made_again(
    place: Installation, ends: tuple[str, ...]
) -> None:
    before = place.tables(*HISTORY)
    for end in ends:
        place.published.with_name(f"partners.db{end}").unlink(missing_ok=True)
    assert place.agent().rebuild(AS_OF).errors == []
    assert sound(place.published)
    assert place.tables(*HISTORY) == before


def test_a_mirror_that_was_deleted_is_read_again_from_the_server(place: Installation) -> None:
    before = place.tables(*HISTORY)
    with closing(connect(place.mirror)) as writer:  # its WAL stays, as after a crash
        writer.execute("update headers set is_marked = 1")
        log = place.mirror.with_name("mirror.db-wal").read_bytes()
    place.mirror.unlink()
    place.mirror.with_name("mirror.db-wal").write_bytes(log)
    assert place.agent().poll(AS_OF).new_messages == 6
    assert sound(place.mirror)
    assert place.tables(*HISTORY) == before


# --- other versions


def older(path: Path, *more: str) -> None:
    """The mirror of a version before anybody could be erased or a report was kept."""
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("drop table erased")
        other.execute("alter table headers drop column report")
        other.execute("delete from _sqlite_migrations where name in ('add_reports', 'add_erased')")
        for sql in more:
            other.execute(sql)


def test_an_older_schema_is_brought_up_with_its_letters(place: Installation) -> None:
    before = query(place.mirror, "select id, block, details from headers order by id")
    older(place.mirror)
    with Mirror(place.mirror) as mirror:
        assert mirror.tombstones() is None
        assert mirror.count() == 6
    assert query(place.mirror, "select id, block, details from headers order by id") == before


def test_an_older_schema_of_which_one_step_fails_stays_as_it_was(place: Installation) -> None:
    older(place.mirror, "create table erased (something text)")
    schema = "select sql from sqlite_master order by name"
    before = query(place.mirror, schema), query(place.mirror, "select * from headers")
    with pytest.raises(StoreError, match=r"mirror\.db: .*erased"):
        Mirror(place.mirror)
    assert (query(place.mirror, schema), query(place.mirror, "select * from headers")) == before


@pytest.mark.slow
def test_a_migration_killed_at_any_step_is_done_whole_by_the_next_run(
    place: Installation,
) -> None:
    """From the first schema there was; the process dies (SIGKILL) at moment 1, 2, 3, …"""
    old = place.top / "old.db"
    first_schema(place.mirror, old)
    done = subprocess.run(
        [sys.executable, "-c", _KILLED_MIGRATIONS, str(old), str(place.top / "new.db")],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    *killed, undisturbed = done.stdout.splitlines()
    assert len(killed) > 20
    # it is of the old schema or of the new one, never of one between
    assert {line.split()[1] for line in killed} == {"old", "new"}
    (number, kept) = undisturbed.split()
    assert (number, kept) == ("all", "sound-and-equal")
    assert all(line.split()[2] == "sound-and-equal" for line in killed)


def first_schema(mirror: Path, old: Path) -> None:
    """The letters of a mirror in the first schema there was."""
    db = Database(connect(old))
    migrations.apply(db, stop_before="add_reports")
    db.execute("attach ? as now", (str(mirror),))
    for table in ("mailboxes", "folders", "headers", "polls", "facts"):
        names = ", ".join(db.table(table).columns_dict)
        db.execute(f"insert into {table} ({names}) select {names} from now.{table}")  # noqa: S608
    db.conn.close()


_KILLED_MIGRATIONS = """
import shutil, sqlite3, sys
from pathlib import Path
from faults.runs import ended, forked
from faults.tripwire import Tripwire
from installations import query, tables
from inbox_agent.mirror import Mirror

old, new = map(Path, sys.argv[1:])
schema = "select name, sql from sqlite_master order by name"
names = query(old, "select name from pragma_table_info('headers')")
rows = f"select {', '.join(names)} from headers order by id"

def opened(wire):
    wire.lay()
    Mirror(new).close()
    return 0

def afresh():
    for each in new.parent.glob("new.db*"):
        each.unlink()
    shutil.copy(old, new)

def state():
    same = query(new, rows) == query(old, rows)
    return "sound-and-equal" if same and query(new, "pragma integrity_check") == ["ok"] else "bad"

afresh()
Mirror(new).close()
wanted, whole = query(new, schema), state()
moment = 1
while True:
    afresh()
    wire = Tripwire(new.with_name("trace"), moment)
    if ended(forked(lambda: opened(wire), new.with_name("log"))).code == 0:
        break
    found = query(new, schema)
    which = "new" if found == wanted else "old" if found == query(old, schema) else "between"
    Mirror(new).close()
    print(moment, which, state() if query(new, schema) == wanted else "not-migrated")
    moment += 1
print("all", whole)
"""


# --- rights


def test_a_mirror_that_others_may_read_is_narrowed_when_it_is_opened(place: Installation) -> None:
    with Mirror(place.mirror) as first:
        assert first.count() == 6
        for each in place.data.glob("mirror.db*"):
            each.chmod(0o664)
        with Mirror(place.mirror):
            modes = {stat.S_IMODE(each.stat().st_mode) for each in place.data.glob("mirror.db*")}
            assert modes == {0o600}
            assert len(list(place.data.glob("mirror.db*"))) == 3


def test_the_served_database_keeps_the_rights_its_owner_gave_it(place: Installation) -> None:
    place.published.chmod(0o640)
    assert place.run("rebuild").returncode == 0
    assert stat.S_IMODE(place.published.stat().st_mode) == 0o640


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}


@pytest.mark.usefixtures("usual_umask")
def test_only_the_owner_may_read_what_we_make(server: EmbeddedServer, tmp_path: Path) -> None:
    place = install(tmp_path, mailbox_entry(server))
    with place.agent().at_work(), Mirror(place.mirror):
        pass
    os.umask(0o022)
    place.agent().poll(AS_OF)
    os.umask(0o022)
    with closing(connect(place.mirror)) as writer:
        writer.execute("update headers set is_marked = 0")
        made = modes(place.data)
    assert stat.S_IMODE(place.data.stat().st_mode) == 0o700
    assert {"mirror.db", "mirror.db-wal", "mirror.db-shm", "agent.lock"} < made.keys()
    assert {"partners.db", "partners.db-wal", "partners.db-shm"} < made.keys()
    assert set(made.values()) == {0o600}
    os.umask(0o022)
    back_up(place.mirror, place.data / "copy.db")
    assert modes(place.data)["copy.db"] == 0o600


@pytest.mark.usefixtures("usual_umask")
def test_a_new_database_is_at_no_moment_open_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who opens a file in such a moment may read it for ever."""
    seen = []
    plain = sqlite3.connect

    def looked_at(*args: Any, **named: Any) -> sqlite3.Connection:
        connection = plain(*args, **named)
        seen.append(stat.S_IMODE((tmp_path / "new.db").stat().st_mode))
        return connection

    monkeypatch.setattr(sqlite3, "connect", looked_at)
    connect(tmp_path / "new.db").close()
    assert seen == [0o600]


@pytest.mark.usefixtures("usual_umask")
def test_a_published_database_that_is_made_anew_keeps_its_rights(place: Installation) -> None:
    in_one_file(place.published)
    place.published.chmod(0o640)
    (root,) = query(place.published, "select rootpage from sqlite_master where name = 'messages'")
    with place.published.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xa5" * 4096)
    place.agent().rebuild(AS_OF)
    assert stat.S_IMODE(place.published.stat().st_mode) == 0o640


def test_a_data_directory_keeps_the_rights_its_owner_gave_it(place: Installation) -> None:
    """Who serves the published database as another user opens the folder for him on purpose."""
    place.data.chmod(0o750)
    place.agent().poll(AS_OF)
    assert stat.S_IMODE(place.data.stat().st_mode) == 0o750


def test_while_somebody_reads_what_was_deleted_it_is_not_said_to_be_gone(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_files, "_BUSY_MILLISECONDS", 100)
    with closing(connect(place.mirror)) as reader, closing(connect(place.mirror)) as writer:
        reader.execute("begin")
        reader.execute("select count(*) from headers").fetchall()
        writer.execute("delete from headers")
        with pytest.raises(StoreError, match="another program"):
            scrub(place.mirror)
        reader.execute("rollback")
    scrub(place.mirror)
    assert not any(each.stat().st_size for each in place.data.glob("mirror.db-wal"))


def test_a_reader_finds_what_lies_beside_a_database_that_was_just_written_anew(
    place: Installation,
) -> None:
    """Without `-wal` and `-shm` one that may not write there could not open it."""
    scrub(place.mirror)
    assert {each.name for each in place.data.glob("mirror.db*")} == {
        *("mirror.db", "mirror.db-wal", "mirror.db-shm")
    }
    assert (place.data / "mirror.db-wal").stat().st_size == 0
