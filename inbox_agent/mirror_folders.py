"""How far each folder is read, and what the server said of it before the last good pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from inbox_agent.epoch import instant, seconds
from inbox_agent.mirror_store import Store
from inbox_agent.sync_plan import GONE_AFTER, TRIES, Found, Known, Unlisted

#: The UIDVALIDITY of folders that were imported; no server has them.
IMPORTED = 0
_FOLDER_TABLES = ("headers", "unfetched", "left_out", "folders")
_AFRESH = dict.fromkeys(("uidnext", "exists_count", "modseq", "compared_at", "keyword", "note"))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a folder is read: everything up to `last_uid` of this generation is held."""

    uidvalidity: int | None = None
    last_uid: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What EXAMINE said before a pass that ended well, and what was asked in the pass.

    `compared_at`: when uids were last compared, or nothing was held yet. `note` is for people.
    """

    found: Found
    compared_at: datetime | None
    keyword: str | None
    note: str | None = None


class FolderStore(Store):
    """The tables `folders` and `unfetched`."""

    def checkpoint(self, mailbox: str, folder: str) -> Checkpoint:
        """How far a folder is read; nothing yet when it is new."""
        known = self.known(mailbox, folder)
        return Checkpoint(known.uidvalidity, known.last_uid)

    def known(self, mailbox: str, folder: str) -> Known:
        """What is held of a folder, and what the server said of it; nothing when it is new."""
        sql = "select * from folders where mailbox = ? and folder = ?"
        for row in self._rows(sql, (mailbox, folder)):
            return Known(
                uidvalidity=row["uidvalidity"],
                last_uid=row["last_uid"] or 0,
                uidnext=row["uidnext"],
                exists=row["exists_count"],
                modseq=row["modseq"],
                compared_at=None if row["compared_at"] is None else instant(row["compared_at"]),
                keyword=row["keyword"],
                ended_well=row["state"] == "ok",
            )
        return Known()

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
                    **({} if same else _AFRESH),
                },
                pk=("mailbox", "folder"),
            )
        return now

    def end_folder(
        self,
        mailbox: str,
        folder: str,
        *,
        at: datetime,
        state: str,
        error: str | None = None,
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
        self._keep_folder(row)

    def complete_folder(
        self, mailbox: str, folder: str, *, at: datetime, snapshot: Snapshot
    ) -> None:
        """Say that a pass over a folder ended well.

        Its snapshot is kept only now, when everything that it covers is: whatever is cut short
        is looked for again.
        """
        row: dict[str, object] = {"mailbox": mailbox, "folder": folder, "state": "ok"}
        self._keep_folder(
            row | {"error": None, "last_complete_at": seconds(at)} | _snapshot_columns(snapshot)
        )

    def still_complete(self, mailbox: str, folders: Sequence[str], at: datetime) -> None:
        """Say that these folders are as they were at their last pass, which ended well."""
        if folders:
            rows = [(seconds(at), mailbox, folder) for folder in folders]
            sql = "update folders set last_complete_at = ? where mailbox = ? and folder = ?"
            with self._writing() as db:
                db.conn.executemany(sql, rows)

    def is_finished(self, mailbox: str, folder: str) -> bool:
        """Whether the next pass has nothing to do but to read what is new.

        Not while letters are to be asked for again, or are missing and perhaps gone.
        """
        sql = (
            "select 1 from unfetched where mailbox = ? and folder = ? and tries < ? union all"
            " select 1 from headers where mailbox = ? and folder = ?"
            " and gone_at is null and missed_at > 0 limit 1"
        )
        return not any(self._rows(sql, (mailbox, folder, TRIES, mailbox, folder)))

    def _keep_folder(self, row: dict[str, object]) -> None:
        with self._writing() as db:
            db.table("folders").upsert(row, pk=("mailbox", "folder"))

    def to_retry(self, mailbox: str, folder: str, uidvalidity: int) -> list[int]:
        """UIDs that the server gave nothing for, and that are to be asked for once more."""
        sql = (
            "select uid from unfetched where mailbox = ? and folder = ? and uidvalidity = ?"
            " and tries < ? order by uid"
        )
        return [row["uid"] for row in self._rows(sql, (mailbox, folder, uidvalidity, TRIES))]

    def on_last_try(self, mailbox: str, folder: str, uidvalidity: int) -> frozenset[int]:
        """Those of `to_retry` that are given up if the server gives nothing for them this time."""
        sql = (
            "select uid from unfetched where mailbox = ? and folder = ? and uidvalidity = ?"
            " and tries = ?"
        )
        where = (mailbox, folder, uidvalidity, TRIES - 1)
        return frozenset(row["uid"] for row in self._rows(sql, where))

    def mark(
        self,
        mailbox: str,
        folder: str,
        uidvalidity: int,
        uids: frozenset[int],
        still_there: Callable[[Sequence[int]], Iterable[int]] = frozenset,
    ) -> None:
        """Keep which letters of a folder carry the team's own mark, and which no longer do.

        Only a letter that is `still_there` can have lost it: who deletes a marked letter does
        not take the mark back.
        """
        of_folder = "from headers where mailbox = ? and folder = ? and uidvalidity = ?"
        where = (mailbox, folder, uidvalidity)
        sql = f"select uid {of_folder} and is_marked = 1 and gone_at is null order by uid"
        lost = [row["uid"] for row in self._rows(sql, where) if row["uid"] not in uids]
        changed = [(0, uid) for uid in (still_there(lost) if lost else ())]
        changed += [(1, uid) for uid in sorted(uids)]
        update = (
            "update headers set is_marked = ? where mailbox = ? and folder = ?"
            " and uidvalidity = ? and uid = ?"
        )
        with self._writing() as db:
            db.conn.executemany(update, [(flag, *where, uid) for flag, uid in changed])

    # -- folders that are not read ----------------------------------------------------------

    def server_folders(self, mailbox: str) -> list[Unlisted]:
        """The folders of a mailbox of which something was read from the server, by name."""
        sql = (
            "select folder, uidvalidity, last_uid, mailbox_id from folders where mailbox = ?"
            " and uidvalidity is not null and uidvalidity != ? order by folder"
        )
        return [
            Unlisted(row["folder"], row["uidvalidity"], row["last_uid"] or 0, row["mailbox_id"])
            for row in self._rows(sql, (mailbox, IMPORTED))
        ]

    def leave_folder(self, mailbox: str, folder: str, state: str) -> None:
        """Say why a folder is no longer read, where that is nobody's mistake."""
        self._keep_folder({"mailbox": mailbox, "folder": folder, "state": state, "error": None})

    def miss_folder(self, mailbox: str, folder: str, at: datetime) -> None:
        """The server no longer lists the folder: its letters are missing, and gone later on.

        Should it come back it is compared whole.
        """
        where, now = (mailbox, folder, IMPORTED), seconds(at)
        of_folder = "mailbox = ? and folder = ? and uidvalidity != ? and gone_at is null"
        gone = f"update headers set gone_at = ? where {of_folder} and missed_at <= ?"  # noqa: S608
        missed = f"update headers set missed_at = ? where {of_folder} and missed_at is null"  # noqa: S608
        with self._writing() as db:
            db.execute(gone, [now, *where, seconds(at - GONE_AFTER)])
            db.execute(missed, [now, *where])
            db.execute(
                "update folders set exists_count = null, compared_at = null"
                " where mailbox = ? and folder = ?",
                [mailbox, folder],
            )

    def rename_folder(self, mailbox: str, old: str, new: str, was: str) -> None:
        """Give everything held of a folder its new name; `was` says since when, for people."""
        with self._writing() as db:
            db.execute("delete from folders where mailbox = ? and folder = ?", [mailbox, new])
            for table in _FOLDER_TABLES:
                db.execute(
                    f'update "{table}" set folder = ? where mailbox = ? and folder = ?',  # noqa: S608
                    [new, mailbox, old],
                )
            db.execute(
                "update folders set was = ? where mailbox = ? and folder = ?", [was, mailbox, new]
            )


def _snapshot_columns(snapshot: Snapshot) -> dict[str, object]:
    found, compared_at = snapshot.found, snapshot.compared_at
    return {
        "uidnext": found.uidnext,
        "exists_count": found.exists,
        "modseq": found.modseq,
        "compared_at": None if compared_at is None else seconds(compared_at),
        "keyword": snapshot.keyword,
        "mailbox_id": found.mailbox_id,
        "note": snapshot.note,
    }
