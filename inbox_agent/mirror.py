"""Our copy of the header fields, in SQLite: rows and their checkpoint in one transaction.

`mirror.db` holds what cannot be recomputed: header blocks, checkpoints, and the history of our
own polls. It has addresses and subjects and is never served. Parsed rows stand beside the
blocks they were read from, so that figures need no parsing and a new parser needs no server.
Instants are whole seconds since 1970 (UTC).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inbox_agent.epoch import instant, seconds
from inbox_agent.errors import StoreError
from inbox_agent.messages import PARSER_VERSION, FetchedHeader, Message
from inbox_agent.mirror_facts import FactStore
from inbox_agent.mirror_folders import Checkpoint, Snapshot
from inbox_agent.mirror_presence import Presence
from inbox_agent.mirror_rows import (
    ARRIVALS,
    COPIES,
    COPIES_OF,
    INSERT,
    NOT_PLAIN,
    Blocks,
    blocks_of,
    changes,
    header_of,
    in_import_block,
    insert_row,
    message_of,
    parsed_columns,
)
from inbox_agent.mirror_status import FOLDERS, POLLS
from inbox_agent.poll_rows import FORGET_POLLS, POLLS_KEPT, QUIET_POLLS_KEPT, Poll, poll_row

#: So many letters are read anew before they are written.
_READ_ANEW_AT_ONCE = 2_000
#: So many rows are asked for by their ids at once.
_AT_ONCE = 500
#: The mailboxes that copies are of, by an index, one look a mailbox.
_MAILBOXES = (
    "with recursive held (mailbox) as (select min(mailbox) from headers union all"
    " select (select min(mailbox) from headers where mailbox > held.mailbox) from held"
    " where held.mailbox is not null) select mailbox from held where mailbox is not null"
)
_CAME_LAST = (
    "select coalesce(max(iif(came <= fetched_at, came, null)), 0) as as_of from"
    " (select fetched_at, coalesce(received_at, sent_at) as came from headers where mailbox = ?)"
)
#: What reading a row raises that is not as it was written.
_OF_DAMAGE = (ValueError, LookupError, TypeError, zlib.error)

__all__ = ["Batch", "Checkpoint", "Mirror", "Presence", "Snapshot"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Letters that a server gave together: their uids, and their rows as they are made.

    Of `missing` it gave nothing, and `refused` are not to be kept.
    """

    uids: list[int]
    missing: list[int]
    refused: list[int]
    rows: list[tuple[object, ...]] = field(default_factory=list)

    @property
    def seen(self) -> list[int]:
        """The uids that were asked for."""
        return self.uids + self.missing


class Mirror(FactStore):
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
        kept, batch = self.sifted(headers, missing)
        batch.rows.extend(insert_row(header) for header in kept)
        return self.keep(mailbox, folder, checkpoint, [batch])

    def sifted(
        self, headers: Sequence[FetchedHeader], missing: Sequence[int]
    ) -> tuple[list[FetchedHeader], Batch]:
        """What may be kept of these letters, and what `keep` has to know of them; no rows yet."""
        keeper = self.keeper()
        given = {header.uid: keeper.kept(header) for header in headers}
        refused = [uid for uid, header in given.items() if header is None]
        batch = Batch([header.uid for header in headers], list(missing), refused)
        return [header for header in given.values() if header], batch

    def keep(
        self, mailbox: str, folder: str, checkpoint: Checkpoint, batches: Sequence[Batch]
    ) -> int:
        """The same as `add`, of several batches whose rows are made."""
        where = (mailbox, folder, checkpoint.uidvalidity)
        with self._writing() as db:
            before = db.conn.total_changes
            db.conn.executemany(INSERT, [row for batch in batches for row in batch.rows])
            new = db.conn.total_changes - before
            db.conn.executemany(
                "delete from unfetched where mailbox = ? and folder = ? and uidvalidity = ?"
                " and uid = ?",
                [(*where, uid) for batch in batches for uid in batch.uids],
            )
            db.conn.executemany(
                "insert into unfetched values (?, ?, ?, ?, 1)"
                " on conflict do update set tries = tries + 1",
                [(*where, uid) for batch in batches for uid in batch.missing],
            )
            db.conn.executemany(
                "insert into left_out values (?, ?, ?, ?) on conflict do nothing",
                [(*where, uid) for batch in batches for uid in batch.refused],
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
        rows = self._rows("select mailbox, as_of from mailboxes where as_of is not null")
        known = {row["mailbox"]: instant(row["as_of"]) for row in rows}
        for mailbox in (row["mailbox"] for row in self._rows(_MAILBOXES)):
            if mailbox not in known:
                for row in self._rows(_CAME_LAST, (mailbox,)):
                    known[mailbox] = instant(row["as_of"])
        return known

    def messages(self, *, marked: bool, settled_folder: str | None = None) -> Iterator[Message]:
        """Every copy of every letter, as parsed; the team's marks are settled when `marked`.

        A copy that is gone from the settled folder settles nothing; else it counts as ever.
        Import blocks are found first, in the whole mirror at once.
        """
        for _, message in self.numbered(self.blocks(), marked=marked, settled=settled_folder):
            yield message

    def numbered(
        self,
        blocks: Blocks,
        *,
        marked: bool,
        settled: str | None = None,
        letters: Iterable[int] | None = None,
    ) -> Iterator[tuple[int, Message]]:
        """The copies with the ids of their rows: all of them, or those of `letters` alone."""
        letter = 0
        try:
            for row in self._copies(letters):
                letter = row["id"]
                lies_there = row["folder"] == settled and row["gone_at"] is None
                is_settled = (marked and bool(row["is_marked"])) or lies_there
                moved = bool(blocks) and in_import_block(row, blocks)
                yield letter, message_of(row, is_settled=is_settled, is_import=moved)
        except _OF_DAMAGE as exc:
            raise self._damaged(letter) from exc

    def _copies(self, letters: Iterable[int] | None) -> Iterator[dict[str, Any]]:
        if letters is None:
            yield from self._rows(COPIES)
            return
        ids = sorted(letters)
        for first in range(0, len(ids), _AT_ONCE):
            yield from self._rows(COPIES_OF, (json.dumps(ids[first : first + _AT_ONCE]),))

    def blocks(self) -> Blocks:
        """The import blocks of all folders."""
        return blocks_of(self._rows(ARRIVALS))

    def reparse(self) -> int:
        """Read every kept block anew; returns how many were read. What is the same stays."""
        last, count = 0, 0
        sql = f"select * from headers where id > ? order by id limit {_READ_ANEW_AT_ONCE}"  # noqa: S608
        while batch := list(self._rows(sql, (last,))):
            anew = changes([(row, self._parsed_anew(row)) for row in batch])
            if anew:
                with self._writing() as db:
                    for update, values in anew.items():
                        db.conn.executemany(update, values)
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
        except _OF_DAMAGE as exc:
            raise self._damaged(letter) from exc

    def _damaged(self, letter: int) -> StoreError:
        return StoreError(
            f"{self.path}: letter {letter} is damaged; try `inbox-agent rebuild --reparse`, "
            "else move the file away and run it again, or bring back a copy"
        )

    def has_old_rows(self) -> bool:
        """Whether some rows were parsed by an older version of the parser."""
        sql = "select 1 from headers where parser_version < ? limit 1"
        return any(True for _ in self._rows(sql, (PARSER_VERSION,)))

    def polls(self, after: int = 0) -> list[dict[str, Any]]:
        """The history of polls, oldest first: all, or those `after` one of them."""
        return list(self._rows(POLLS.replace(" order by", " where poll > ? order by"), (after,)))

    def folders(self) -> list[dict[str, Any]]:
        """The state of every folder, with how many letters of it are held."""
        return list(self._rows(FOLDERS))

    def plain_headers_share(self) -> float | None:
        """The share of the letters held that is read the quick way; None where none is known."""
        unplain = f"select is_plain, count(*) as n from headers where {NOT_PLAIN} group by is_plain"  # noqa: S608
        counts = {row["is_plain"]: int(row["n"]) for row in self._rows(unplain)}
        known = self.count() - counts.get(None, 0)
        return round(1 - counts.get(0, 0) / known, 4) if known else None

    def count(self) -> int:
        """How many copies are held."""
        return sum(int(row["n"]) for row in self._rows("select count(*) as n from headers"))

    def held(self) -> Iterator[tuple[int, FetchedHeader]]:
        """Every letter held as it was fetched, with the id of its row."""
        for row in self._rows("select * from headers order by id"):
            with self._damage(row["id"]):
                header = header_of(row)
            yield row["id"], header
