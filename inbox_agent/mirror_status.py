"""What `status` shows of the mirror, read without what reads and writes letters.

Only a mirror of this very version is looked at; any other is for `mirror` to open, which brings
an older one up to date and refuses a newer one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from inbox_agent.errors import StoreError
from inbox_agent.sqlite_files import must_be_sound, published_snapshot

#: The steps of the history of the mirror's tables, in `mirror_schema`: so many there are.
STEPS = 11

#: A mirror of this size is looked through in a tenth of a second.
LOOKED_THROUGH_OCTETS = 50_000_000

#: A copy of an older UIDVALIDITY of its folder is left aside once the newer one has it too.
NOT_READ_ANEW = (
    "not (headers.uidvalidity is not folders.uidvalidity and exists (select 1 from headers as newer"
    " where newer.mailbox = headers.mailbox and newer.folder = headers.folder"
    " and newer.digest = headers.digest and +newer.uidvalidity = folders.uidvalidity))"
)
FOLDERS = (
    "select mailbox, folder, special_use, is_sent, state, uidvalidity, last_uid,"  # noqa: S608
    " last_complete_at, error, coalesce(note || '; ' || was, note, was) as note,"
    " (select count(*) from headers where"
    " headers.mailbox = folders.mailbox and headers.folder = folders.folder"
    f" and {NOT_READ_ANEW}) as messages,"
    " (select count(*) from headers where"
    " headers.mailbox = folders.mailbox and headers.folder = folders.folder"
    f" and gone_at is not null and {NOT_READ_ANEW}) as gone,"
    " (select count(*) from unfetched where unfetched.mailbox = folders.mailbox"
    " and unfetched.folder = folders.folder) as unreadable"
    " from folders order by mailbox, folder"
)
POLLS = "select * from polls order by poll"


class MirrorStatus:
    """The history of polls and the state of folders, as they are at one instant."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.row_factory = sqlite3.Row

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """What a query gives, all at once."""
        return [dict(row) for row in self._connection.execute(sql, tuple(values))]

    def polls(self) -> list[dict[str, Any]]:
        """The history of polls, oldest first."""
        return self.rows(POLLS)

    def folders(self) -> list[dict[str, Any]]:
        """The state of every folder, with how many letters of it are held."""
        return self.rows(FOLDERS)


@contextmanager
def mirror_status(path: Path) -> Iterator[MirrorStatus | None]:
    """Look at the mirror; None where it was not written by this version.

    Raises StoreError where it can't be read or is damaged. A large one is not looked through for
    damage, which takes seconds; `check` and every poll do that.
    """
    with published_snapshot(path) as connection:
        if path.stat().st_size <= LOOKED_THROUGH_OCTETS:
            must_be_sound(connection)
        yield MirrorStatus(connection) if _is_of_this_version(connection) else None


def read_once(path: Path) -> frozenset[str]:
    """The mailboxes that were read to their end at least once; none where that can't be told."""
    sql = "select mailbox from mailboxes where as_of is not null"
    with suppress(StoreError), published_snapshot(path) as connection:
        return frozenset(name for (name,) in connection.execute(sql))
    return frozenset()


def _is_of_this_version(connection: sqlite3.Connection) -> bool:
    kept = "select 1 from sqlite_master where name = '_sqlite_migrations'"
    steps = "select count(*) from _sqlite_migrations where migration_set = 'inbox_agent.mirror'"
    if connection.execute(kept).fetchone() is None:
        return False
    (count,) = connection.execute(steps).fetchone()
    return bool(count == STEPS)
