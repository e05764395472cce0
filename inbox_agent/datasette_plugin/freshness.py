"""How fresh the figures are: when the mailboxes were last read to their end, and what fails.

Pure: rows of `about`, `polls` and `folders` and the present moment in, what to say out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from inbox_agent.datasette_plugin.local_times import instant

Row = Mapping[str, Any]

#: What a page asks for, at once: the latest polls (enough) and all folders (few).
READINGS = """
select * from (select mailbox, started_at, ok, error, null as folder, null as state,
  null as last_complete_at from polls order by poll desc limit 400)
union all
select * from (select mailbox, null, null, null, folder, state, last_complete_at from folders
  order by mailbox, folder)
"""

_AT_LEAST_SECONDS = 3_600
_POLLS_MISSED = 3
# Tries that fail are told once an hour at least; a mailbox not tried for so long is read no more.
_TRIED_WITHIN_SECONDS = 3 * 3_600
_FAILING = ("failed", "missing")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A mailbox whose last poll failed: what our errors say to do, and which folders fail."""

    mailbox: str
    error: str
    folders: tuple[str, ...]
    #: The last complete poll of the mailbox, None where none is among the latest polls.
    complete_at: str | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the figures are and what keeps them from being newer.

    They are stale when they are older than three polls and than an hour. Where all mail was
    imported (`poll_every_seconds` is NULL) nothing is due, so nothing is ever stale.
    """

    is_polled: bool
    age_seconds: float
    is_stale: bool
    troubles: tuple[Trouble, ...]
    #: Folders that were begun and not read to their end once.
    reading: int

    @classmethod
    def of_rows(cls, about: Row, readings: Sequence[Row], now: datetime) -> Freshness:
        """The same, of what `READINGS` finds."""
        polls = [row for row in readings if row["folder"] is None]
        folders = [row for row in readings if row["folder"] is not None]
        return cls.of(about, polls, folders, now)

    @classmethod
    def of(
        cls, about: Row, polls: Sequence[Row], folders: Sequence[Row], now: datetime
    ) -> Freshness:
        """As seen at `now`; `polls` are the latest ones, the last first."""
        every = about.get("poll_every_seconds")
        age = max(0.0, (now - instant(about["as_of"])).total_seconds())
        imported = _imported(folders)
        told = [row for row in polls if row["mailbox"] and row["started_at"]]
        polled = [row for row in told if row["mailbox"] not in imported]
        return cls(
            is_polled=every is not None,
            age_seconds=age,
            is_stale=every is not None and age > limit_seconds(every),
            troubles=tuple(_troubles(polled, folders, limit_seconds(every or 0))),
            reading=sum(f["state"] == "reading" and not f["last_complete_at"] for f in folders),
        )


def limit_seconds(every_seconds: int) -> int:
    """From which age on figures are stale: three polls, at least an hour."""
    return max(_POLLS_MISSED * every_seconds, _AT_LEAST_SECONDS)


def _imported(folders: Sequence[Row]) -> set[str]:
    """Mailboxes of imported files alone: nobody polls them."""
    states: dict[str, set[str]] = {}
    for row in folders:
        states.setdefault(row["mailbox"], set()).add(row["state"])
    return {mailbox for mailbox, found in states.items() if found == {"imported"}}


def _troubles(polls: Sequence[Row], folders: Sequence[Row], limit: int) -> Iterator[Trouble]:
    last: dict[str, Row] = {}
    complete: dict[str, str] = {}
    for row in polls:
        last.setdefault(row["mailbox"], row)
        if row["ok"]:
            complete.setdefault(row["mailbox"], row["started_at"])
    newest = max((row["started_at"] for row in last.values()), default="")
    for mailbox, row in sorted(last.items()):
        if row["ok"] or _is_given_up(row, newest, limit):
            continue
        failing = [
            f["folder"] for f in folders if f["mailbox"] == mailbox and f["state"] in _FAILING
        ]
        error = row["error"] or "the poll was cut short"
        yield Trouble(mailbox, error, tuple(failing), complete.get(mailbox))


def _is_given_up(row: Row, newest: str, limit: int) -> bool:
    """Whether a mailbox is no more among those read: it was not tried for hours before the end."""
    pause = timedelta(seconds=max(limit, _TRIED_WITHIN_SECONDS))
    return instant(newest) - instant(row["started_at"]) > pause
