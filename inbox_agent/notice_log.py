"""What people were told, in the mirror: it outlives every rebuild, and nothing is told twice.

A message is written down as being tried before it is sent and as sent afterwards. Where we are
stopped between the two nobody knows whether it came: it is sent again, a little later each time
and three times at most.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from inbox_agent.address_traces import IsErased, names
from inbox_agent.epoch import instant, seconds

if TYPE_CHECKING:
    from inbox_agent.mirror import Mirror
    from inbox_agent.mirror_status import MirrorStatus

Kind = Literal["began", "alert", "digest"]
#: known: held when its address was first looked at, and never sent as an alert. nothing: there was
#: nothing to say. dropped: no longer true, or given up.
State = Literal["known", "due", "sent", "nothing", "dropped"]

_COLUMNS = (
    *("recipient", "address", "kind", "key", "state", "alerts", "as_of", "tried_at", "tries"),
    *("failures", "next_try_at", "sent_at", "error"),
)
_INSTANTS = ("as_of", "tried_at", "next_try_at", "sent_at")
_WRITE = (
    f"insert or replace into notices ({', '.join(_COLUMNS)})"  # noqa: S608 - our own names
    f" values ({', '.join(f':{name}' for name in _COLUMNS)})"
)
#: Waits between two tries: they double from the first to the second.
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
MOST_INTERRUPTED = 3
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one address. `alerts` are the keys of the alerts it told of."""

    recipient: str
    address: int
    kind: Kind
    key: str
    state: State = "due"
    alerts: tuple[str, ...] = ()
    as_of: datetime | None = None
    tried_at: datetime | None = None
    tries: int = 0
    failures: int = 0
    next_try_at: datetime | None = None
    sent_at: datetime | None = None
    error: str | None = None

    @property
    def is_given_up(self) -> bool:
        """Whether we were stopped so often while it was sent that it is not sent again."""
        return self.tries - self.failures >= MOST_INTERRUPTED

    def is_ready(self, now: datetime) -> bool:
        """Whether it may be tried; a wait that a wrong clock set is no wait."""
        wait = self.next_try_at
        return self.state == "due" and (wait is None or not now < wait <= now + _LONGEST_WAIT)

    def tried(self, now: datetime) -> Notice:
        """It is about to be sent."""
        wait = min(_FIRST_WAIT * 2 ** min(self.tries, 10), _LONGEST_WAIT)
        return replace(self, tries=self.tries + 1, tried_at=now, next_try_at=now + wait)

    def ended(self, now: datetime, error: str | None) -> Notice:
        """It was sent, or an error kept it from that."""
        if error is None:
            return replace(self, state="sent", sent_at=now, next_try_at=None, error=None)
        return replace(self, failures=self.failures + 1, error=error)

    def over(self, state: State, error: str | None = None) -> Notice:
        """It is not sent any more."""
        return replace(self, state=state, next_try_at=None, error=error or self.error)


def notices(mirror: Mirror | MirrorStatus) -> list[Notice]:
    """All that is written down."""
    rows = mirror.rows("select * from notices order by recipient, address, kind, key")
    return [_notice(row) for row in rows]


def write(mirror: Mirror, changed: Iterable[Notice]) -> None:
    """Write these down, in place of what stood there of the same."""
    with mirror.writing() as db:
        db.conn.executemany(_WRITE, [_row(each) for each in changed])


def open_alerts(mirror: Mirror) -> Sequence[str]:
    """The keys of the alerts that are not over."""
    rows = mirror.rows("select alert from alert_log where cleared_at is null")
    return [row["alert"] for row in rows]


def told_lines(held: Iterable[Notice], local: Callable[[int | None], str]) -> list[str]:
    """How telling people went last, one line for each address; `local` says an instant."""
    latest: dict[tuple[str, int], Notice] = {}
    for each in sorted(held, key=lambda each: each.tried_at or _NEVER):
        if each.tried_at is not None:
            latest[each.recipient, each.address] = each
    return [_told_line(each, local) for _, each in sorted(latest.items())]


def _told_line(last: Notice, local: Callable[[int | None], str]) -> str:
    where = f'notices to "{last.recipient}", address {last.address}: last {last.kind}'
    at = local(seconds(last.tried_at or _NEVER))
    if last.state == "sent":
        return f"{where} sent {at}"
    return f"{where} failed {at}: {last.error or 'the program ended while it was being sent'}"


def is_begun(mirror: Mirror, polled: Iterable[str]) -> bool:
    """Whether there is anything to be told of yet.

    What is found while the polled mailboxes are read for the first time is old. A mailbox that
    nothing could be read from holds up nobody.
    """
    if mirror.rows("select 1 from notices limit 1"):
        return True
    rows = mirror.rows(
        "select distinct mailbox from headers"
        " where mailbox not in (select mailbox from mailboxes where as_of is not null)"
    )
    partly_read = {row["mailbox"] for row in rows}
    return bool(mirror.rows("select 1 from alerts_seen limit 1")) and partly_read.isdisjoint(polled)


def _notice(row: Mapping[str, Any]) -> Notice:
    at = {name: None if row[name] is None else instant(row[name]) for name in _INSTANTS}
    return Notice(**{**row, **at, "alerts": tuple(json.loads(row["alerts"]))})


def _row(notice: Notice) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(notice, name) for name in _COLUMNS}
    at = {name: None if row[name] is None else seconds(row[name]) for name in _INSTANTS}
    return {**row, **at, "alerts": json.dumps(notice.alerts)}


# -- forgetting -----------------------------------------------------------------------------


def forget_in_notices(mirror: Mirror, is_erased: IsErased, renamed: Mapping[str, str]) -> None:
    """Take an erased person out; `renamed` are alerts whose keys were made of the address."""

    def key(alert: str) -> str:
        return renamed.get(alert, alert)

    _rewrite(mirror, lambda each: _without(each, is_erased, key))


def forget_notices_before(mirror: Mirror, before: datetime) -> None:
    """Take out what was sent before an instant and is of no use any more."""
    with mirror.writing() as db:
        db.execute(
            "delete from notices where kind = 'digest' and coalesce(tried_at, as_of) < ?",
            [seconds(before)],
        )
        db.execute(
            "delete from notices where kind = 'alert' and not exists"
            " (select 1 from alert_log where alert = substr(key, 1, instr(key, ' ') - 1))"
        )


def _without(notice: Notice, is_erased: IsErased, key: Callable[[str], str]) -> Notice | None:
    if "@" in notice.recipient and names(notice.recipient, is_erased):
        return None
    alert, blank, rest = notice.key.partition(" ")
    own = f"{key(alert)}{blank}{rest}" if notice.kind == "alert" else notice.key
    return replace(notice, key=own, alerts=tuple(map(key, notice.alerts)))


def _rewrite(mirror: Mirror, change: Callable[[Notice], Notice | None]) -> None:
    before = notices(mirror)
    after = [change(each) for each in before]
    if after == before:
        return
    with mirror.writing() as db:
        db.execute("delete from notices")
        db.conn.executemany(_WRITE, [_row(each) for each in after if each is not None])
