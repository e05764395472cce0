"""Opening our SQLite files: rights, WAL, and the one place where SQLite's errors become ours."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from inbox_agent.errors import StoreError

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

_BUSY_MILLISECONDS = 5_000
_DAMAGED = "database disk image is malformed"
_OF_DAMAGE = re.compile("malformed database schema|Could not decode to UTF-8")

_REMEDIES = (
    ("disk is full", "free some space and run it again; nothing was half-written"),
    ("No space left", "free some space and run it again; nothing was half-written"),
    ("disk I/O error", "see whether its disk is full or broken, then run it again"),
    ("readonly", "make it, the files beside it and their folder writable for this user"),
    ("Read-only", "make it writable for this user"),
    ("Permission denied", "make it writable for this user"),
    ("Operation not permitted", "it is another user's; run this as its owner"),
    ("File exists", "that is a file, not a folder; move it away or choose another folder"),
    ("Not a directory", "a file lies in the way; move it away or choose another folder"),
    ("unable to open", "make its folder readable and writable for this user"),
    ("locked", "another program holds it; wait until that is done"),
    ("malformed", "it is damaged; move it away and run it again, or bring back a copy"),
    ("not a database", "it is no SQLite file; move it away and run it again"),
)


def _null(value: None) -> None:
    """NULL. Without an adapter of its own Python looks for one anew at each None that it binds.

    That takes longer than binding a text: half of what is bound for a row of figures is None.
    """
    return value


sqlite3.register_adapter(type(None), _null)


def connect(path: Path) -> sqlite3.Connection:
    """A connection in WAL mode to a file only its owner may read.

    A reader beside a WAL writer sees whole transactions and never waits. WAL needs a local disk.
    """
    if not path.exists():  # SQLite would make one that all may read for a moment, or for good
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    connection = _open(path)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
    except BaseException:
        connection.close()
        raise
    return connection


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute(f"pragma busy_timeout = {_BUSY_MILLISECONDS}")
    return connection


@contextmanager
def transaction(db: Database) -> Iterator[None]:
    """All that is written within, or nothing; within another one, a part of that.

    It begins as a writer, which waits for another one. A transaction that first reads and then
    writes does not wait for anybody: SQLite refuses it at once.
    """
    if db.conn.in_transaction:
        with db.atomic():
            yield
        return
    db.conn.execute("begin immediate")
    try:
        yield
        db.conn.execute("commit")
    except BaseException:
        db.conn.rollback()  # harmless where the error has ended it already
        raise


def must_be_sound(connection: sqlite3.Connection) -> None:
    """Raise DatabaseError where SQLite finds a page that can't be right.

    Reading alone often gives fewer rows from such a page and no error. It takes 0.04 s for a
    mirror of 50,000 letters. SQLite keeps no checksums: a value that changed is a value to it.
    """
    (found,) = connection.execute("pragma quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(_DAMAGED)


def is_damaged(path: Path) -> bool:
    """Whether there is a database that is not sound. Raises DatabaseError where it is none."""
    if not path.exists():
        return False
    try:
        with closing(_read_only(path)) as connection:
            must_be_sound(connection)
            connection.execute("select * from sqlite_master").fetchall()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:
        if _DAMAGED not in _said(exc):
            raise
        return True
    return False


@contextmanager
def written_anew(path: Path) -> Iterator[Path]:
    """A name for a new database that then takes the place of what is in a damaged one.

    The file stays the same one and is changed in one transaction, so that those who read it
    come to see the new content.
    """
    fresh = path.with_name(f"{path.name}.anew")
    beside = [fresh.with_name(fresh.name + end) for end in ("", "-wal", "-shm")]
    try:
        for each in beside:
            each.unlink(missing_ok=True)
        yield fresh
        with closing(_read_only(fresh)) as source, closing(_open(path)) as target:
            source.backup(target, progress=_not_for_ever)
            with keeping_wal(path):
                target.close()
    finally:
        for each in beside:
            each.unlink(missing_ok=True)


def _not_for_ever(status: int, _left: int, _pages: int) -> None:
    """Python's backup() would wait for another writer without an end."""
    if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise sqlite3.OperationalError("database is locked")


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _narrow(path: Path) -> None:
    """Take a private database, with what lies beside it, from everybody but its owner."""
    for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        if each.exists() and each.stat().st_mode & 0o077:
            each.chmod(0o600)


def scrub(path: Path) -> None:
    """Write a database anew so that nothing deleted is left in it or in its WAL.

    Raises StoreError where a reader or writer is in the way: then something may be left.
    """
    with store_errors(path), closing(connect(path)) as connection, keeping_wal(path):
        connection.execute("pragma secure_delete = on")
        connection.execute("vacuum")
        (is_busy, _, _) = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
        if is_busy:
            raise StoreError(
                f"{path}: another program reads it, and what was deleted is still in its WAL; "
                "stop that program and run this again"
            )
        connection.close()  # while the reader of `keeping_wal` is still there


def back_up(path: Path, to: Path) -> None:
    """Copy a database as it is at one instant, whoever reads or writes it meanwhile.

    The copy is the owner's alone, and stands under its name only once it is whole and sound.
    Raises StoreError; no file is ever written over.
    """
    part = to.with_name(f"{to.name}.part")
    with store_errors(to):
        if to.exists():
            raise StoreError(f"{to}: is already there; name a file that is not")
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with store_errors(path), closing(_read_only(path)) as connection:
            must_be_sound(connection)
            connection.execute("vacuum into ?", (str(part),))
        _check(part)
        with store_errors(to):
            os.link(part, to)  # refuses a file that came meanwhile
    finally:
        part.unlink(missing_ok=True)


def _check(path: Path) -> None:
    with store_errors(path), closing(_read_only(path)) as connection:
        (found,) = connection.execute("pragma integrity_check(1)").fetchone()
    if found != "ok":
        raise StoreError(f"{path}: the copy is damaged; look at the disk and run it again")


def must_exist(database: Path) -> None:
    """Raise StoreError where nothing has been published yet."""
    if not database.is_file():
        raise StoreError(f"{database}: not there yet; `inbox-agent poll` makes it")


@contextmanager
def published_snapshot(database: Path) -> Iterator[sqlite3.Connection]:
    """A read transaction on what is published: one generation, whatever is written meanwhile.

    Raises StoreError where there is nothing yet, or where it can't be read.
    """
    must_exist(database)
    with store_errors(database), closing(_read_only(database)) as connection:
        connection.execute("begin")
        yield connection


@contextmanager
def keeping_wal(path: Path) -> Iterator[None]:
    """Leave the files beside the database when its writer is closed within.

    The last connection to close takes ``-wal`` and ``-shm`` away, and a reader that comes at
    that very moment finds a database it can't open. One that only reads can't take them away,
    so it is the last.
    """
    with closing(_read_only(path)) as reader:
        reader.execute("select count(*) from sqlite_master").fetchall()
        yield


@contextmanager
def store_errors(
    path: Path, kind: type[sqlite3.DatabaseError] = sqlite3.DatabaseError
) -> Iterator[None]:
    """Turn SQLite's errors into one line that names the file and says what to do.

    `kind`: only those; OperationalError is a file that can't be used now, not one that is damaged.
    """
    try:
        yield
    except (kind, OSError, UnicodeDecodeError) as exc:
        text = _said(exc)
        remedy = next((what for sign, what in _REMEDIES if sign in text), "look at the file")
        raise StoreError(f"{path}: {text}: {remedy}") from exc


def _said(exc: Exception) -> str:
    """What went wrong, without what SQLite and Python quote of the content."""
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    # a damaged schema is quoted in the error, and may be no UTF-8
    is_damage = isinstance(exc, UnicodeDecodeError) or _OF_DAMAGE.match(str(exc))
    return _DAMAGED if is_damage else str(exc)


def migrated(path: Path, migrations: Migrations, *, is_sound: bool = False) -> Database:
    """A sound database with the schema of this version.

    Looking for damage takes longer the larger it is: not where it is known that there is none.
    Raises StoreError for the schema of a newer one, DatabaseError for one that is damaged.
    """
    from sqlite_utils import Database  # noqa: PLC0415 - those who only read do without

    _narrow(path)
    db = Database(connect(path), execute_plugins=False)
    try:
        if not is_sound:
            must_be_sound(db.conn)
        _refuse_newer(db, migrations, path)
        if migrations.pending(db):
            with transaction(db):  # all steps or none: an older version can go on if one fails
                migrations.apply(db)
    except BaseException:
        db.conn.close()
        raise
    return db


def _refuse_newer(db: Database, migrations: Migrations, path: Path) -> None:
    from sqlite_utils import Database  # noqa: PLC0415

    known = {migration.name for migration in migrations.pending(Database(memory=True))}
    newer = sorted({applied.name for applied in migrations.applied(db)} - known)
    if newer:
        raise StoreError(
            f"{path}: was written by a newer version of inbox-agent ({', '.join(newer)}): "
            "update this one, or use another data directory"
        )


def private_directory(path: Path) -> None:
    """Make a folder that only its owner may enter, and files in it likewise from now on."""
    os.umask(0o077)
    with store_errors(path):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
