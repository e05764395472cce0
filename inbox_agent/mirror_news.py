"""What came into the mirror since the last generation, or that it may be too much to tell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from inbox_agent.config import Config
from inbox_agent.copy_entries import Numbered
from inbox_agent.import_blocks import WINDOW_SECONDS, import_blocks
from inbox_agent.messages import Message
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_rows import Blocks
from inbox_agent.sorting import NotSureError

#: With more new copies than this it is quicker to sort all.
MOST_NEW = 20_000

_READ_ANEW = (
    "select 1 from headers as new join headers as held on held.mailbox = new.mailbox"
    " and held.folder = new.folder and held.digest = new.digest"
    " and held.uidvalidity is not new.uidvalidity where new.id > ? limit 1"
)
_NEAR = (
    "select id, received_at, sent_at, fetched_at from headers where mailbox = ? and folder = ?"
    " and uidvalidity = ? and received_at between ? and ?"
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads copies as the config says; `blocks` are the import blocks, found beforehand."""

    mirror: Mirror
    config: Config
    blocks: Blocks

    def all(self) -> Numbered:
        """Every copy."""
        return list(self._numbered(None))

    def load(self, copies: Collection[int]) -> Mapping[int, Message]:
        """Some copies, by the ids of their rows."""
        return dict(self._numbered(copies))

    def _numbered(self, copies: Iterable[int] | None) -> Iterator[tuple[int, Message]]:
        marks = self.config.no_reply_needed
        return self.mirror.numbered(
            self.blocks, marked=marks.keyword is not None, settled=marks.folder, letters=copies
        )


def folders_of(mirror: Mirror) -> str:
    """What tells whether a folder came, went, or is another than it was."""
    sql = "select mailbox, folder, uidvalidity, is_sent from folders order by mailbox, folder"
    return sha256(repr([tuple(row.values()) for row in mirror.rows(sql)]).encode()).hexdigest()


def newest_row(mirror: Mirror) -> int:
    """The highest id of a letter held; 0 where none is."""
    return max(
        (row["n"] or 0 for row in mirror.rows("select max(id) as n from headers")), default=0
    )


def changed_rows(mirror: Mirror) -> list[tuple[int, str]]:
    """What changed of rows that were there."""
    return [(row["letter"], row["what"]) for row in mirror.rows("select * from changed")]


def forget_changes(mirror: Mirror, changes: Sequence[tuple[int, str]]) -> None:
    """What was taken in is news no more."""
    if changes:
        with mirror.writing() as db:
            db.conn.executemany("delete from changed where letter = ? and what = ?", changes)


def touched_rows(config: Config, changes: Iterable[tuple[int, str]]) -> set[int]:
    """The letters whose settling may have changed. Raises NotSureError for any other change."""
    marks = config.no_reply_needed
    matters = {"mark": marks.keyword is not None, "gone": marks.folder is not None, "other": True}
    found = [(letter, what) for letter, what in changes if matters[what]]
    if any(what == "other" for _, what in found):
        raise NotSureError("letters were changed or deleted")
    return {letter for letter, _ in found}


def new_rows(mirror: Mirror, last: int) -> set[int]:
    """The letters that came. Raises NotSureError where they make others look otherwise."""
    sql = "select id, mailbox, folder, uidvalidity, received_at from headers where id > ? limit ?"
    rows = mirror.rows(sql, (last, MOST_NEW + 1))
    if len(rows) > MOST_NEW:
        raise NotSureError("too many new letters")
    if rows and mirror.rows(_READ_ANEW, (last,)):
        raise NotSureError("a folder was read anew")
    for row in rows:
        if row["received_at"] is not None:
            _must_not_be_moved(mirror, row, last)
    return {row["id"] for row in rows}


def _must_not_be_moved(mirror: Mirror, row: Mapping[str, Any], last: int) -> None:
    """No import block may be near, with the new letters or without them."""
    at = row["received_at"]
    where = (row["mailbox"], row["folder"], row["uidvalidity"])
    near = mirror.rows(_NEAR, (*where, at - WINDOW_SECONDS, at + WINDOW_SECONDS))
    every = [
        (each["id"], each["received_at"], each["sent_at"], each["fetched_at"]) for each in near
    ]
    before = [each[1:] for each in every if each[0] <= last]
    if import_blocks(each[1:] for each in every) or import_blocks(before):
        raise NotSureError("letters were moved into a folder")
