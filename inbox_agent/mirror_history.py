"""What must outlive every rebuild, in the mirror: the log of alerts and the frozen reviews."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from inbox_agent.address_traces import ERASED, IsErased, names, without_traces
from inbox_agent.alert_log import Alert, AlertLog, Raising, moved_on
from inbox_agent.epoch import instant, seconds
from inbox_agent.letters import row_key
from inbox_agent.mirror import Mirror
from inbox_agent.notice_log import forget_in_notices, forget_notices_before
from inbox_agent.reviews import Frozen

_ALERT = (
    "insert or replace into alert_log (alert, partner, kind, cause, level, since_at, raised_at,"
    " act_raised_at, cleared_at, because, evidence, people)"
    " values (:alert, :partner, :kind, :cause, :level, :since_at, :raised_at, :act_raised_at,"
    " :cleared_at, :because, :evidence, :people)"
)
_SEEN = (
    "insert into alerts_seen values (?1, ?2) on conflict do update set as_of = excluded.as_of"
    " where excluded.as_of >= as_of or as_of > ?3"
)
_REVIEW = (
    "insert into reviews (quarter, partner, measure, value, words, unit, frozen_at, version,"
    " config_digest) values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
#: The subject of a wait stands beside the instant at which it was asked.
_SUBJECTS_BEFORE = """
    delete from reviews where measure like '%\\_subject' escape '\\' and exists (
      select 1 from reviews as asked
      where asked.quarter = reviews.quarter and asked.partner = reviews.partner
        and asked.measure = replace(reviews.measure, '_subject', '_asked_at') and asked.words < ?)
"""


def kept_polls(mirror: Mirror) -> Iterator[int]:
    """The numbers of the polls that are not forgotten."""
    return (int(row["poll"]) for row in mirror.rows("select poll from polls"))


# -- alerts ---------------------------------------------------------------------------------


def alert_log(mirror: Mirror, partners: Collection[str] | None = None) -> AlertLog:
    """The log as it is kept: all of it, or what it has of some partners."""
    if partners is None:
        alerts = mirror.rows("select * from alert_log order by alert")
        seen = mirror.rows("select partner, as_of from alerts_seen")
    else:
        of_them = "partner in (select value from json_each(?))"
        named = [json.dumps(sorted(partners))]
        alerts = mirror.rows(f"select * from alert_log where {of_them} order by alert", named)  # noqa: S608
        seen = mirror.rows(f"select partner, as_of from alerts_seen where {of_them}", named)  # noqa: S608
    return AlertLog(
        {row["alert"]: _alert(row) for row in alerts},
        {row["partner"]: instant(row["as_of"]) for row in seen},
    )


def next_generation(
    mirror: Mirror,
    records: Sequence[Raising],
    now: datetime,
    as_before: Mapping[str, datetime] | None = None,
) -> int:
    """The number of the generation about to be published, its causes in the log, both or neither.

    `as_before`: partners whose causes are those of the generation before, at another instant.
    Where we are stopped before it is published the log is ahead; the next generation publishes
    the whole log, and what the log has seen already changes nothing in it.
    """
    with mirror.writing() as db:
        before = alert_log(mirror, {record.partner.key for record in records})
        after = moved_on(before, records, now)
        changed = [a for key, a in after.alerts.items() if before.alerts.get(key) != a]
        db.conn.executemany(_ALERT, [_alert_row(alert) for alert in changed])
        seen = [(p, seconds(at)) for p, at in after.seen_at.items() if before.seen_at.get(p) != at]
        db.conn.executemany("insert or replace into alerts_seen values (?, ?)", seen)
        held = [(p, seconds(at), seconds(now)) for p, at in (as_before or {}).items()]
        db.conn.executemany(_SEEN, held)
        return mirror.next_generation()


def whole_mailboxes(mirror: Mirror) -> frozenset[str]:
    """The mailboxes that were read to their end at least once."""
    rows = mirror.rows("select mailbox from mailboxes where as_of is not null")
    return frozenset(row["mailbox"] for row in rows)


def _alert(row: dict[str, Any]) -> Alert:
    instants = {name: _instant(row[name]) for name in ("act_raised_at", "cleared_at")}
    return Alert(
        **row
        | instants
        | {name: instant(row[name]) for name in ("since_at", "raised_at")}
        | {"people": tuple(json.loads(row["people"]))}
    )


def _instant(at: int | None) -> datetime | None:
    return None if at is None else instant(at)


def _alert_row(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.alert,
        "partner": alert.partner,
        "kind": alert.kind,
        "cause": alert.cause,
        "level": alert.level,
        "since_at": seconds(alert.since_at),
        "raised_at": seconds(alert.raised_at),
        "act_raised_at": None if alert.act_raised_at is None else seconds(alert.act_raised_at),
        "cleared_at": None if alert.cleared_at is None else seconds(alert.cleared_at),
        "because": alert.because,
        "evidence": alert.evidence,
        "people": json.dumps(alert.people),
    }


# -- reviews --------------------------------------------------------------------------------


def frozen_reviews(mirror: Mirror, quarter: str | None = None) -> tuple[Frozen, ...]:
    """The rows of one quarter's review, or of all, in the order they were frozen in."""
    where = "" if quarter is None else " where quarter = ?"
    rows = mirror.rows(
        f"select * from reviews{where} order by quarter, rowid",  # noqa: S608 - our own words
        [] if quarter is None else [quarter],
    )
    return tuple(Frozen(**row | {"frozen_at": instant(row["frozen_at"])}) for row in rows)


def reviews_told(mirror: Mirror) -> str:
    """What changes whenever a review is frozen or forgotten in part."""
    sql = "select count(*), max(rowid), max(frozen_at), sum(length(words)) from reviews"
    return json.dumps([list(row.values()) for row in mirror.rows(sql)])


def forgotten(mirror: Mirror) -> tuple[int, int]:
    """How much was erased and purged so far; it changes with every further time."""
    ((erased,), (left_out,)) = (
        tuple(row.values())
        for table in ("erased", "left_out")
        for row in mirror.rows(f"select count(*) as n from {table}")  # noqa: S608 - our own names
    )
    return erased, left_out


def freeze(
    mirror: Mirror,
    quarter: str,
    rows: Sequence[Frozen],
    before: tuple[int, int],
    *,
    again: bool,
) -> bool:
    """Keep a quarter's review; one that is kept already stays, unless it is frozen `again`.

    False, and nothing is kept, where something was `forgotten` since the rows were made.
    """
    with mirror.writing() as db:
        if forgotten(mirror) != before:
            return False
        if again:
            db.execute("delete from reviews where quarter = ?", [quarter])
        elif frozen_reviews(mirror, quarter):
            return True
        db.conn.executemany(
            _REVIEW,
            [
                (
                    *(row.quarter, row.partner, row.measure, row.value, row.words, row.unit),
                    *(seconds(row.frozen_at), row.version, row.config_digest),
                )
                for row in rows
            ],
        )
        return True


# -- forgetting -----------------------------------------------------------------------------


def forget(mirror: Mirror, is_erased: IsErased) -> None:
    """Take an erased person out of the log and the reviews; call it within a transaction.

    What is about a partner that is the person alone goes. Elsewhere the address is taken out of
    every text, and an alert whose cause named it gets another key, which tells nothing of it.
    """
    with mirror.writing() as db:
        for table in ("alert_log", "alerts_seen", "reviews"):
            partners = mirror.rows(f"select distinct partner from {table}")  # noqa: S608
            gone = [(row["partner"],) for row in partners if _is(row["partner"], is_erased)]
            db.conn.executemany(f"delete from {table} where partner = ?", gone)  # noqa: S608
        changed = list(_alerts_without(alert_log(mirror).alerts.values(), is_erased))
        db.conn.executemany("delete from alert_log where alert = ?", [(old,) for old, _ in changed])
        db.conn.executemany(_ALERT, [_alert_row(alert) for _, alert in changed])
        forget_in_notices(mirror, is_erased, {old: alert.alert for old, alert in changed})
        said = mirror.rows("select rowid, words from reviews where words is not null")
        texts = [(without_traces(row["words"], is_erased), row) for row in said]
        db.conn.executemany(
            "update reviews set words = ? where rowid = ?",
            [(text, row["rowid"]) for text, row in texts if text != row["words"]],
        )


def forget_before(mirror: Mirror, before: datetime) -> None:
    """Take out what quotes or names somebody from before an instant: the figures themselves stay.

    Alerts that were over by then go, and of reviews the subjects of letters that are older.
    """
    with mirror.writing() as db:
        db.execute("delete from alert_log where cleared_at < ?", [seconds(before)])
        forget_notices_before(mirror, before)
        db.execute(_SUBJECTS_BEFORE, [f"{before:%Y-%m-%dT%H:%M:%SZ}"])


def _is(name: str, is_erased: IsErased) -> bool:
    """Whether a partner or a person is the one to forget; with a tag, too."""
    return "@" in name and names(name, is_erased)


def _alerts_without(alerts: Iterable[Alert], is_erased: IsErased) -> Iterator[tuple[str, Alert]]:
    """The key and the new form of each alert that names the person."""
    for alert in alerts:
        cause = without_traces(alert.cause, is_erased, is_made=True)
        kept = Alert(
            **_fields(alert)
            | {
                "alert": alert.alert
                if cause == alert.cause
                else row_key(alert.partner, alert.kind, cause, alert.raised_at),
                "cause": cause,
                "because": without_traces(alert.because, is_erased),
                "evidence": without_traces(alert.evidence, is_erased),
                "people": tuple(ERASED if _is(p, is_erased) else p for p in alert.people),
            }
        )
        if kept != alert:
            yield alert.alert, kept


def _fields(alert: Alert) -> dict[str, Any]:
    return {name: getattr(alert, name) for name in alert.__slots__}
