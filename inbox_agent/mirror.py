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
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from inbox_agent.errors import StoreError
from inbox_agent.messages import PARSER_VERSION, FetchedHeader, Message
from inbox_agent.mirror_folders import Checkpoint, FolderStore, Snapshot
from inbox_agent.mirror_presence import Presence
from inbox_agent.mirror_rows import (
    ARRIVALS,
    COPIES,
    FOLDERS,
    FORGET_POLLS,
    INSERT,
    POLLS_KEPT,
    QUIET_POLLS_KEPT,
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
from inbox_agent.tombstones import Keeper, Tombstones, read_tombstones

__all__ = ["Checkpoint", "Mirror", "Presence", "Snapshot"]


class Mirror(FolderStore):
    """The SQL edge of the private database. One writer at a time."""

    def presence(self, mailbox: str, folder: str, uidvalidity: int) -> Presence:
        """Which letters of a folder the server still has."""
        return Presence(self, mailbox, folder, uidvalidity)

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
        keeper = self.keeper()
        kept = {header.uid: keeper.kept(header) for header in headers}
        rows = [insert_row(header) for header in kept.values() if header]
        refused = [uid for uid, header in kept.items() if header is None]
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
            db.conn.executemany(
                "insert into left_out values (?, ?, ?, ?) on conflict do nothing",
                [(*where, uid) for uid in refused],
            )
            db.conn.execute(
                "update folders set last_uid = max(last_uid, ?)"
                " where mailbox = ? and folder = ? and uidvalidity = ?",
                (checkpoint.last_uid, *where),
            )
        return new

    def end_poll(self, poll: Poll, as_of: datetime | None) -> None:
        """Keep the story of a poll; a complete one moves the mailbox's `as_of`, if there is one.

        Polls of more than 90 days ago are forgotten, those that brought nothing after 7.
        """
        now = {"now": seconds(poll.ended_at)}
        with self._writing() as db:
            db.table("polls").insert(poll_row(poll))
            db.conn.execute(
                FORGET_POLLS, {**now, "kept": POLLS_KEPT, "quiet_kept": QUIET_POLLS_KEPT}
            )
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

        A copy that is gone from the settled folder settles nothing; else it counts as ever.
        Import blocks are found first, in the whole mirror at once.
        """
        blocks = blocks_of(self._rows(ARRIVALS))
        for row in self._rows(COPIES):
            lies_there = row["folder"] == settled_folder and row["gone_at"] is None
            settled = (marked and bool(row["is_marked"])) or lies_there
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
