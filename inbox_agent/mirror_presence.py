"""Which letters of a folder the server still has; nothing here ever deletes a letter.

A letter that is not listed is missing (`missed_at`), and gone (`gone_at`) only when a later look
says so too; one that is listed again is neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from inbox_agent.epoch import instant, seconds
from inbox_agent.mirror_store import Store
from inbox_agent.sync_plan import GONE_AFTER, TRIES

_OF = "mailbox = ? and folder = ? and uidvalidity = ?"
_IN_RANGE = f"{_OF} and uid between ? and ?"
_KNOWN = " union ".join(
    f"select uid from {table} where {_IN_RANGE}"  # noqa: S608 - our own words
    for table in ("headers", "unfetched", "left_out")
)
# Written so that SQLite takes the index of missing letters; the rows are as large as the letters.
_MISSING_IN_RANGE = " union all ".join(
    "select uid from headers where mailbox = ? and folder = ?"  # noqa: S608 - our own words
    f" and {state} and +uidvalidity = ? and +uid between ? and ?"
    for state in ("gone_at is null and missed_at > 0", "gone_at > 0 and missed_at > 0")
)
# Letters of an older UIDVALIDITY, and whether the newer has the same letter. The `+` makes SQLite
# look that up by its digest; else it would go through the whole folder for every letter.
_OLDER = "mailbox = ? and folder = ? and uidvalidity not in (?, 0)"
_HELD_ANEW = (
    "exists (select 1 from headers as newer where newer.mailbox = headers.mailbox"
    " and newer.folder = headers.folder and newer.digest = headers.digest"
    " and +newer.uidvalidity = ?)"
)


@dataclass(frozen=True, slots=True)
class Presence:
    """One UIDVALIDITY of one folder."""

    store: Store
    mailbox: str
    folder: str
    uidvalidity: int

    @property
    def _where(self) -> tuple[object, ...]:
        return self.mailbox, self.folder, self.uidvalidity

    def known(self, low: int, high: int) -> set[int]:
        """The uids that need not be fetched: held, given up or to be retried, or left out."""
        rows = self.store.rows(_KNOWN, (*self._where, low, high) * 3)
        return {row["uid"] for row in rows}

    def held(self, low: int, high: int) -> dict[int, bool]:
        """The uids held, and whether each is missing."""
        sql = f"select uid from headers where {_IN_RANGE}"  # noqa: S608
        missing = self.store.rows(_MISSING_IN_RANGE, (*self._where, low, high) * 2)
        lost = {row["uid"] for row in missing}
        rows = self.store.rows(sql, (*self._where, low, high))
        return {row["uid"]: row["uid"] in lost for row in rows}

    def unfetched(self, low: int, high: int) -> set[int]:
        """The uids the server gave no letter for."""
        sql = f"select uid from unfetched where {_IN_RANGE}"  # noqa: S608
        return {row["uid"] for row in self.store.rows(sql, (*self._where, low, high))}

    def is_whole(self) -> bool:
        """Whether there is no letter that the server lists and does not give."""
        sql = f"select 1 from unfetched where {_OF} limit 1"  # noqa: S608
        return not self.store.rows(sql, self._where)

    def highest(self) -> int | None:
        """The highest uid held that is not missing."""
        sql = f"select max(uid) as uid from headers where {_OF} and missed_at is null"  # noqa: S608
        return next((row["uid"] for row in self.store.rows(sql, self._where)), None)

    def samples(self) -> list[int]:
        """The uids held, ascending."""
        sql = f"select uid from headers where {_OF} order by uid"  # noqa: S608
        return [row["uid"] for row in self.store.rows(sql, self._where)]

    def digests(self, uids: Sequence[int]) -> dict[int, str]:
        """What the letters are, by uid."""
        sql = f"select digest from headers where {_OF} and uid = ?"  # noqa: S608
        found = {uid: self.store.rows(sql, (*self._where, uid)) for uid in uids}
        return {uid: rows[0]["digest"] for uid, rows in found.items() if rows}

    def missing(self) -> dict[int, datetime]:
        """The uids that are missing and not yet gone, with since when."""
        # written so that SQLite takes the index of missing letters, not the one of all
        sql = (
            "select uid, missed_at from headers where mailbox = ? and folder = ?"
            " and gone_at is null and missed_at > 0 and +uidvalidity = ?"
        )
        found = {row["uid"]: row["missed_at"] for row in self.store.rows(sql, self._where)}
        return {uid: instant(found[uid]) for uid in sorted(found)}

    def miss(self, ranges: Iterable[tuple[int, int]], at: datetime) -> int:
        """Letters that are no longer listed; gives how many known uids that concerns anew.

        What could not be fetched and is no longer there is not asked for again.
        """
        missed = f"update headers set missed_at = ? where {_IN_RANGE} and missed_at is null"  # noqa: S608
        lost = f"delete from unfetched where {_IN_RANGE}"  # noqa: S608
        left_out = f"select count(*) from left_out where {_IN_RANGE}"  # noqa: S608
        count = 0
        with self.store.writing() as db:
            for ends in ranges:
                where = [*self._where, *ends]
                count += db.execute(missed, [seconds(at), *where]).rowcount
                count += db.execute(lost, where).rowcount
                count += db.execute(left_out, where).fetchone()[0]
        return count

    def end_missing(self, back: Iterable[int], gone: Iterable[int], at: datetime) -> None:
        """Letters that are listed again after all, and those that are not at a second look."""
        sql = f"update headers set {{}} where {_OF} and uid = ?"  # noqa: S608
        found = [(*self._where, uid) for uid in back]
        lost = [(seconds(at), *self._where, uid) for uid in gone]
        if found or lost:
            with self.store.writing() as db:
                db.conn.executemany(sql.format("missed_at = null, gone_at = null"), found)
                db.conn.executemany(sql.format("gone_at = ?"), lost)

    def part_with(self, uids: Sequence[int], uidnext: int | None) -> None:
        """Letters whose uids mean others now are those of a UIDVALIDITY before this one.

        None of theirs was a server's: they are -1, -2, -3, … What was given up or left out from
        `uidnext` on, the folder's, is to be asked for as if never seen.
        """
        here, of_those = (self.mailbox, self.folder), f"{_OF} and uid = ?"
        before = "select coalesce(min(uidvalidity), 0) as least from headers where mailbox = ?"
        before += " and folder = ? and uidvalidity < 0"
        with self.store.writing() as db:
            least = db.execute(before, here).fetchone()[0]
            db.conn.executemany(
                f"update headers set uidvalidity = ? where {of_those}",  # noqa: S608
                [(least - 1, *self._where, uid) for uid in uids],
            )
            if uidnext is None:
                return
            for table in ("unfetched", "left_out"):
                db.execute(
                    f"delete from {table} where {_OF} and uid >= ?",  # noqa: S608
                    [*self._where, uidnext],
                )
            db.execute(
                f"update folders set last_uid = min(last_uid, ?) where {_OF}"  # noqa: S608
                f" and not exists (select 1 from headers where {_OF} and uid >= ?)",
                [uidnext - 1, *self._where, *self._where, uidnext],
            )

    def ask_again(self) -> None:
        """Letters that were given up are asked for once more: it may have been an outage."""
        with self.store.writing() as db:
            db.execute(
                f"update unfetched set tries = ? where {_OF} and tries >= ?",  # noqa: S608
                [TRIES - 1, *self._where, TRIES],
            )

    # -- letters of an older UIDVALIDITY ----------------------------------------------------

    def _has_older(self) -> bool:
        """Whether there are any, without a look at those of this one."""
        sql = "select 1 from headers where mailbox = ? and folder = ? and uidvalidity {} ? limit 1"
        here = (self.mailbox, self.folder)
        ends = (("<", 0), (">", self.uidvalidity))
        beyond = any(self.store.rows(sql.format(sign), (*here, end)) for sign, end in ends)
        between = sql.format("> 0 and uidvalidity <")
        return beyond or bool(self.store.rows(between, (*here, self.uidvalidity)))

    def settle_older(self, at: datetime, since: datetime | None, *, is_read_anew: bool) -> None:
        """The same for letters that the folder had before it got this UIDVALIDITY.

        One that is not in it, when it is wholly read, is missing. What came before `since` was
        not looked for and is left as it is.
        """
        if not self._has_older():
            return
        where, now = self._where, seconds(at)
        ripe = [now, *where, seconds(at - GONE_AFTER), self.uidvalidity]
        with self.store.writing() as db:
            db.execute(
                f"update headers set gone_at = ? where {_OLDER} and gone_at is null"  # noqa: S608
                f" and missed_at <= ? and not {_HELD_ANEW}",
                ripe,
            )
            if not is_read_anew:
                return
            db.execute(
                f"update headers set missed_at = null, gone_at = null where {_OLDER}"  # noqa: S608
                f" and missed_at is not null and {_HELD_ANEW}",
                [*where, self.uidvalidity],
            )
            db.execute(
                f"update headers set missed_at = ? where {_OLDER} and missed_at is null"  # noqa: S608
                f" and coalesce(received_at, 0) >= ? and not {_HELD_ANEW}",
                [now, *where, seconds(since) if since else 0, self.uidvalidity],
            )
