"""Opening our SQLite files: rights, WAL, and the one place where SQLite's errors become ours."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database, Migrations

from inbox_agent.errors import StoreError

_BUSY_MILLISECONDS = 5_000

_REMEDIES = (
    ("disk is full", "free some space and run it again; nothing was half-written"),
    ("No space left", "free some space and run it again; nothing was half-written"),
    ("disk I/O error", "see whether its disk is full or broken, then run it again"),
    ("readonly", "make the file and its folder writable for this user"),
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


def connect(path: Path) -> sqlite3.Connection:
    """A connection in WAL mode to a file only its owner may read.

    A reader beside a WAL writer sees whole transactions and never waits. WAL needs a local disk.
    """
    is_new = not path.exists()
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        if is_new:
            path.chmod(0o600)
        connection.execute(f"pragma busy_timeout = {_BUSY_MILLISECONDS}")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
    except BaseException:
        connection.close()
        raise
    return connection


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
def store_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one line that names the file and says what to do."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as exc:
        text = (isinstance(exc, OSError) and exc.strerror) or str(exc)
        remedy = next((what for sign, what in _REMEDIES if sign in text), "look at the file")
        raise StoreError(f"{path}: {text}: {remedy}") from exc


def migrated(path: Path, migrations: Migrations) -> Database:
    """A database with the schema of this version. Raises StoreError for that of a newer one."""
    _narrow(path)
    db = Database(connect(path), execute_plugins=False)
    try:
        _refuse_newer(db, migrations, path)
        if migrations.pending(db):
            with db.atomic():  # all steps or none, so that an older version can go on if one fails
                migrations.apply(db)
    except BaseException:
        db.conn.close()
        raise
    return db


def _refuse_newer(db: Database, migrations: Migrations, path: Path) -> None:
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
