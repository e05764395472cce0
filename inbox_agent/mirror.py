"""Our copy of the header fields, in SQLite: rows and their checkpoint in one transaction.

`mirror.db` holds what cannot be recomputed: header blocks, checkpoints, and the history of our
own polls. It has addresses and subjects and is never served. Parsed rows stand beside the
blocks they were read from, so that figures need no parsing and a new parser needs no server.
Instants are whole seconds since 1970 (UTC).
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from inbox_agent.errors import StoreError
from inbox_agent.messages import PARSER_VERSION, FetchedHeader, Message
from inbox_agent.mirror_rows import (
    ARRIVALS,
    COPIES,
    FOLDERS,
    INSERT,
    UPDATE,
    Poll,
    blocks_of,
    header_of,
    in_import_block,
    insert_row,
    instant,
    message_of,
    parsed_columns,
    poll_row,
    seconds,
)
from inbox_agent.mirror_schema import migrations
from inbox_agent.sqlite_files import migrated, private_directory, store_errors
from inbox_agent.tombstones import Keeper, Tombstones, read_tombstones

#: A letter the server gives nothing for is asked for in so many polls, then let be.
TRIES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a folder is read: everything up to `last_uid` of this generation is held."""

    uidvalidity: int | None = None
    last_uid: int = 0


class Mirror:
    """The SQL edge of the private database. One writer at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make the database. Raises StoreError when it can't be used."""
        self.path = path
        private_directory(path.parent)
        with store_errors(path):
            self._db = migrated(path, migrations)

    def close(self) -> None:
        """Close the database."""
        self._db.conn.close()

    def __enter__(self) -> Mirror:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[Database]:
        with store_errors(self.path), self._db.atomic():
            yield self._db

    def _rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[dict[str, Any]]:
        with store_errors(self.path):
            yield from self._db.query(sql, list(values))

    # -- reading a folder -------------------------------------------------------------------

    def checkpoint(self, mailbox: str, folder: str) -> Checkpoint:
        """How far a folder is read; nothing yet when it is new."""
        sql = "select uidvalidity, last_uid from folders where mailbox = ? and folder = ?"
        for row in self._rows(sql, (mailbox, folder)):
            return Checkpoint(row["uidvalidity"], row["last_uid"] or 0)
        return Checkpoint()

    def begin_folder(
        self, mailbox: str, folder: str, uidvalidity: int, special_use: str | None, *, is_sent: bool
    ) -> Checkpoint:
        """Say that a folder is being read; a changed UIDVALIDITY begins at its first letter.

        Rows of the old generation stay: their letters were true, and as copies of one letter
        they count once (RFC 3501 §2.3.1.1; compared for inequality, since it may go down).
        """
        known = self.checkpoint(mailbox, folder)
        same = known.uidvalidity == uidvalidity
        now = Checkpoint(uidvalidity, known.last_uid if same else 0)
        with self._writing() as db:
            db.table("folders").upsert(
                {
                    "mailbox": mailbox,
                    "folder": folder,
                    "special_use": special_use,
                    "is_sent": int(is_sent),
                    "state": "reading",
                    "uidvalidity": now.uidvalidity,
                    "last_uid": now.last_uid,
                    "error": None,
                },
                pk=("mailbox", "folder"),
            )
        return now

    def to_retry(self, mailbox: str, folder: str, uidvalidity: int) -> list[int]:
        """UIDs that the server gave nothing for, and that are to be asked for once more."""
        sql = (
            "select uid from unfetched where mailbox = ? and folder = ? and uidvalidity = ?"
            " and tries < ? order by uid"
        )
        return [row["uid"] for row in self._rows(sql, (mailbox, folder, uidvalidity, TRIES))]

    def add(
        self,
        mailbox: str,
        folder: str,
        checkpoint: Checkpoint,
        headers: Sequence[FetchedHeader],
        missing: Sequence[int] = (),
    ) -> int:
        """Keep a batch and its checkpoint, both or neither; returns how many letters are new.

        What was erased or purged is not kept, and not asked for again.
        """
        kept = map(self.keeper().kept, headers)
        rows = [insert_row(header) for header in kept if header]
        with self._writing() as db:
            before = db.conn.total_changes
            db.conn.executemany(INSERT, rows)
            new = db.conn.total_changes - before
            where = (mailbox, folder, checkpoint.uidvalidity)
            db.conn.executemany(
                "delete from unfetched where mailbox = ? and folder = ? and uidvalidity = ?"
                " and uid = ?",
                [(*where, header.uid) for header in headers],
            )
            db.conn.executemany(
                "insert into unfetched values (?, ?, ?, ?, 1)"
                " on conflict do update set tries = tries + 1",
                [(*where, uid) for uid in missing],
            )
            db.conn.execute(
                "update folders set last_uid = max(last_uid, ?)"
                " where mailbox = ? and folder = ? and uidvalidity = ?",
                (checkpoint.last_uid, *where),
            )
        return new

    def mark(self, mailbox: str, folder: str, uidvalidity: int, uids: frozenset[int]) -> None:
        """Keep which letters of a folder carry the team's own mark, and which no longer do."""
        sql = (
            "select id, uid, is_marked from headers"
            " where mailbox = ? and folder = ? and uidvalidity = ?"
        )
        changed = [
            (int(row["uid"] in uids), row["id"])
            for row in self._rows(sql, (mailbox, folder, uidvalidity))
            if bool(row["is_marked"]) != (row["uid"] in uids)
        ]
        with self._writing() as db:
            db.conn.executemany("update headers set is_marked = ? where id = ?", changed)

    def end_folder(
        self, mailbox: str, folder: str, *, at: datetime, state: str, error: str | None = None
    ) -> None:
        """Say how reading a folder ended; `at` is kept as complete when there was no error."""
        row: dict[str, object] = {
            "mailbox": mailbox,
            "folder": folder,
            "state": state,
            "error": error,
        }
        if error is None:
            row["last_complete_at"] = seconds(at)
        with self._writing() as db:
            db.table("folders").upsert(row, pk=("mailbox", "folder"))

    def end_poll(self, poll: Poll, as_of: datetime | None) -> None:
        """Keep the story of a poll; a complete one moves the mailbox's `as_of`, if there is one."""
        with self._writing() as db:
            db.table("polls").insert(poll_row(poll))
            if poll.error is None and as_of:
                row = {"mailbox": poll.mailbox, "as_of": seconds(as_of)}
                db.table("mailboxes").upsert(row, pk="mailbox")

    def held_digests(self, mailbox: str, folder: str) -> set[str]:
        """Digests of the header blocks held of a folder; a second import skips them."""
        sql = "select digest from headers where mailbox = ? and folder = ?"
        return {row["digest"] for row in self._rows(sql, (mailbox, folder))}

    # -- what the core and the published tables are made of ---------------------------------

    def as_of(self) -> dict[str, datetime]:
        """Mailbox to the instant up to which it is complete.

        Of one never read completely it is the latest INTERNALDATE held that had come by then:
        what we do not know to be complete must not look like a silence.
        """
        sql = (
            "select mailbox, coalesce(as_of, max(iif(came <= fetched_at, came, null)), 0) as as_of"
            " from (select *, coalesce(received_at, sent_at) as came from headers)"
            " left join mailboxes using (mailbox) group by mailbox"
        )
        known = {row["mailbox"]: instant(row["as_of"]) for row in self._rows(sql)}
        rows = self._rows("select mailbox, as_of from mailboxes")
        return {row["mailbox"]: instant(row["as_of"]) for row in rows} | known

    def messages(self, *, marked: bool, settled_folder: str | None = None) -> Iterator[Message]:
        """Every copy of every letter, as parsed; the team's marks are settled when `marked`.

        Import blocks are found first, in the whole mirror at once.
        """
        blocks = blocks_of(self._rows(ARRIVALS))
        for row in self._rows(COPIES):
            settled = (marked and bool(row["is_marked"])) or row["folder"] == settled_folder
            with self._damage(row["id"]):
                moved = in_import_block(row, blocks)
                message = message_of(row, is_settled=settled, is_import=moved)
            yield message

    def reparse(self) -> int:
        """Read every kept block anew, 1,000 at a time; returns how many were read."""
        last, count = 0, 0
        sql = "select * from headers where id > ? order by id limit 1000"
        while batch := list(self._rows(sql, (last,))):
            rows = [(*self._parsed_anew(row), row["id"]) for row in batch]
            with self._writing() as db:
                db.conn.executemany(UPDATE, rows)
            last, count = batch[-1]["id"], count + len(batch)
        return count

    def _parsed_anew(self, row: dict[str, Any]) -> tuple[object, ...]:
        with self._damage(row["id"]):
            return parsed_columns(header_of(row))

    @contextmanager
    def _damage(self, letter: int) -> Iterator[None]:
        """A row that SQLite finds in order may be damaged all the same."""
        try:
            yield
        except (ValueError, LookupError, TypeError, zlib.error) as exc:
            raise StoreError(
                f"{self.path}: letter {letter} is damaged; try `inbox-agent rebuild --reparse`, "
                "else move the file away and run it again, or bring back a copy"
            ) from exc

    def has_old_rows(self) -> bool:
        """Whether some rows were parsed by an older version of the parser."""
        sql = "select 1 from headers where parser_version < ? limit 1"
        return any(True for _ in self._rows(sql, (PARSER_VERSION,)))

    def polls(self) -> list[dict[str, Any]]:
        """The history of polls, oldest first."""
        return list(self._rows("select * from polls order by poll"))

    def folders(self) -> list[dict[str, Any]]:
        """The state of every folder, with how many letters of it are held."""
        return list(self._rows(FOLDERS))

    def count(self) -> int:
        """How many copies are held."""
        return sum(int(row["n"]) for row in self._rows("select count(*) as n from headers"))

    def next_generation(self) -> int:
        """The number of the generation about to be published: 1, 2, 3, …"""
        with self._writing() as db:
            found = int(self._fact("generation") or 0) + 1
            db.table("facts").upsert({"name": "generation", "value": str(found)}, pk="name")
        return found

    def pseudonym_key(self) -> bytes:
        """The secret that pseudonyms are made with; made once, never published."""
        known = self._fact("pseudonym_key")
        if known is None:
            known = secrets.token_hex(32)
            with self._writing() as db:
                db.table("facts").upsert({"name": "pseudonym_key", "value": known}, pk="name")
        return bytes.fromhex(known)

    def writing(self) -> AbstractContextManager[Database]:
        """One transaction: all that is written within, or nothing. Raises StoreError."""
        return self._writing()

    def keeper(self) -> Keeper:
        """What may be kept of letters that come. Raises StoreError without the key to tell."""
        before = self._fact("purged_before")
        return Keeper(self.tombstones(), int(before) if before else None)

    def tombstones(self) -> Tombstones | None:
        """Who was erased; None where nobody was."""
        rows = self._rows("select digest from erased")
        return read_tombstones(self.path, frozenset(row["digest"] for row in rows))

    def held(self) -> Iterator[tuple[int, FetchedHeader]]:
        """Every letter held as it was fetched, with the id of its row."""
        for row in self._rows("select * from headers order by id"):
            with self._damage(row["id"]):
                header = header_of(row)
            yield row["id"], header

    def _fact(self, name: str) -> str | None:
        for row in self._rows("select value from facts where name = ?", (name,)):
            return str(row["value"])
        return None
