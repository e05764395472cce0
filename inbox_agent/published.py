"""The tables Datasette serves: whole generations, never half.

Everything is written in place, in one transaction of a WAL database, so that a reader sees the
generation before or the one after (renaming a new file over the old one would leave Datasette
reading the old one for ever). Nothing here is worth keeping: `rebuild` makes it all again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from inbox_agent import absence_rows, drift_rows, history_rows, people_rows, standing_rows
from inbox_agent import published_rows as rows
from inbox_agent.alert_log import Alert
from inbox_agent.automatic import RULES_VERSION
from inbox_agent.business_clock import BusinessClock
from inbox_agent.catalogue import TABLES, VIEWS, Column
from inbox_agent.catalogue.history_tables import REVIEWS
from inbox_agent.definitions import definitions
from inbox_agent.measure import PartnerRecord
from inbox_agent.messages import PARSER_VERSION
from inbox_agent.mirror_rows import instant
from inbox_agent.notice_log import Notice
from inbox_agent.privacy import Privacy
from inbox_agent.published_rows import Row, text_of
from inbox_agent.reviews import Frozen
from inbox_agent.sqlite_files import (
    connect,
    is_damaged,
    keeping_wal,
    private_directory,
    store_errors,
    transaction,
    written_anew,
)
from inbox_agent.standards import DAY_SECONDS, Cuts
from inbox_agent.subjects import SUBJECTS_VERSION

#: How far beyond `as_of` the table of working days reaches, so that views never run out of it.
_CALENDAR_REACH = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Generation:
    """What is published at one time: the records, and what they were made from."""

    records: Sequence[PartnerRecord]
    as_of: datetime
    number: int
    published_at: datetime
    version: str
    config_digest: str
    messages: int
    without_partner: int
    clock_sources: Mapping[str, int]
    clock: BusinessClock
    cuts: Cuts
    privacy: Privacy
    polls: Sequence[Mapping[str, Any]]
    folders: Sequence[Mapping[str, Any]]
    alerts: Sequence[Alert] = ()
    reviews: Sequence[Frozen] = ()
    notices: Sequence[Notice] = ()
    #: None where no mailbox is polled.
    poll_every_seconds: int | None = None


def publish(path: Path, generation: Generation) -> None:
    """Replace everything in `partners.db` by one generation.

    What is damaged is written anew. Raises StoreError, also for a file that is no database.
    """
    private_directory(path.parent)
    with store_errors(path):
        if not is_damaged(path):
            _write(path, generation)
            return
        with written_anew(path) as fresh:
            _write(fresh, generation)


def publish_reviews(path: Path, frozen: Iterable[Frozen], privacy: Privacy) -> None:
    """Replace the frozen reviews in the generation that is there; where none is, do nothing.

    Raises StoreError.
    """
    if not path.is_file() or is_damaged(path):
        return
    with store_errors(path):
        db = Database(connect(path), execute_plugins=False)
        with closing(db.conn), keeping_wal(path):
            with transaction(db):
                if _REVIEWS_SQL in {row[0] for row in db.execute(_SCHEMA).fetchall()}:
                    _fill(db, REVIEWS.name, history_rows.reviews(frozen, privacy))
            db.conn.close()


def _write(path: Path, generation: Generation) -> None:
    db = Database(connect(path), execute_plugins=False)
    with closing(db.conn), keeping_wal(path):
        fields = _field_columns(generation.records)
        with transaction(db):
            _make_schema(db, fields, has_subjects=generation.privacy.subjects)
            for table, found in _tables(generation).items():
                _fill(db, table, found)
            if generation.privacy.subjects:
                _index_words(db)
        # Datasette only reads and never does it; what a reader is in the way of waits
        db.execute("pragma busy_timeout = 0")
        db.execute("pragma wal_checkpoint(truncate)")
        db.conn.close()


def _tables(generation: Generation) -> dict[str, Iterable[Row]]:
    records, privacy = generation.records, generation.privacy

    def each(make: Any) -> Iterator[Row]:
        for record in records:
            yield from make(record, privacy)

    clock, cuts = generation.clock, generation.cuts
    adjusted = drift_rows.Adjusted.over(records)
    return {
        "partners": rows.partners(records, privacy),
        "conversations": each(rows.conversations),
        "response_times": each(rows.response_times),
        "response_times_by_period": each(rows.response_times_by_period),
        "team_by_period": rows.team_by_period(records, clock, cuts),
        "silence_gaps": each(rows.silence_gaps),
        "contact_gaps": each(rows.contact_gaps),
        "gap_lengths": each(rows.gap_lengths),
        "contacts": each(people_rows.contacts),
        "introductions": each(people_rows.introductions),
        "absences": each(absence_rows.absences),
        "partner_standing": (
            standing_rows.partner_standing(record, privacy, adjusted) for record in records
        ),
        "drift": (row for record in records for row in drift_rows.drift(record, privacy, adjusted)),
        "standards": each(standing_rows.standards),
        "alarm_record": each(standing_rows.alarm_record),
        "sent_coverage": each(standing_rows.sent_coverage),
        "messages": each(rows.messages),
        "alerts": history_rows.alerts(
            generation.alerts, {record.partner.key for record in records}, privacy
        ),
        "notices": history_rows.notices(generation.notices, privacy),
        "reviews": history_rows.reviews(generation.reviews, privacy),
        "working_days": _working_days(generation),
        "polls": (_poll(row, privacy) for row in generation.polls),
        "folders": (_folder(row, privacy) for row in generation.folders),
        "about": [_about(generation)],
        "definitions": definitions(),
    }


def _working_days(generation: Generation) -> Iterator[Row]:
    clock = generation.clock
    starts = [gap.began_at for record in generation.records for gap in record.rhythm.gaps]
    ends = [record.as_of for record in generation.records]
    first = clock.local_date(min([*starts, generation.as_of]))
    last = clock.local_date(max([*ends, generation.as_of]) + _CALENDAR_REACH)
    return rows.working_days(clock, first, last)


def _about(generation: Generation) -> Row:
    letters = [letter for record in generation.records for letter in record.letters]
    left_out = Counter(letter.why_not for letter in letters if letter.why_not)
    if generation.without_partner:
        left_out["no_partner"] = generation.without_partner
    conflicts = sum(ask.is_clock_conflict for r in generation.records for ask in r.asks)
    verdicts = Counter(ask.needs_reply for r in generation.records for ask in r.asks)
    return {
        "as_of": text_of(generation.as_of),
        "generation": generation.number,
        "published_at": text_of(generation.published_at),
        "version": generation.version,
        "config_digest": generation.config_digest,
        "window_seconds": generation.cuts.window_days * DAY_SECONDS,
        "give_up_after_seconds": generation.cuts.give_up_after_seconds,
        "reopen_after_seconds": generation.cuts.reopen_after_seconds,
        "timezone": generation.clock.zone.key,
        "messages": generation.messages,
        "left_out": json.dumps(dict(sorted(left_out.items()))),
        "clock_conflicts": conflicts,
        "needs_reply_counts": json.dumps(dict(sorted(verdicts.items()))),
        "clock_sources": json.dumps(dict(generation.clock_sources)),
        "parser_version": PARSER_VERSION,
        "rules_version": RULES_VERSION,
        "subjects_version": SUBJECTS_VERSION,
        "poll_every_seconds": generation.poll_every_seconds,
    }


def _poll(row: Mapping[str, Any], privacy: Privacy) -> Row:
    return {
        **row,
        "error": privacy.words(row["error"]) if row["error"] else None,
        "poll": f"{row['poll']:08d}",
        "started_at": text_of(instant(row["started_at"])),
        "ended_at": text_of(instant(row["ended_at"])),
        "seconds": round(row["seconds"]),
    }


def _folder(row: Mapping[str, Any], privacy: Privacy) -> Row:
    complete_at = row["last_complete_at"]
    said = {name: privacy.words(row[name]) for name in ("error", "note") if row.get(name)}
    return {
        **row,
        **said,
        "folder": privacy.folder(row["folder"]),
        "last_complete_at": text_of(instant(complete_at)) if complete_at else None,
    }


# -- schema ---------------------------------------------------------------------------------


def _field_columns(records: Iterable[PartnerRecord]) -> tuple[Column, ...]:
    """The team's own facts of partners, as columns of `partners`."""
    found: dict[str, Any] = {}
    for record in records:
        for name, value in record.partner.fields:
            found[name] = found.get(name, value) if value is None else value
    types = {int: "INTEGER", float: "REAL"}
    return tuple(
        Column(name, types.get(type(found[name]), "TEXT"), None, "A fact kept in partners.toml.")  # type: ignore[arg-type]
        for name in sorted(found)
    )


def _make_schema(db: Database, fields: tuple[Column, ...], *, has_subjects: bool) -> None:
    """Bring tables and views to the catalogue's form; what has another form is made anew.

    Without subjects there is no full-text search, and Datasette shows no field for it.
    """
    wanted = [
        statement
        for table in TABLES
        for statement in table.create_statements(fields if table.name == "partners" else ())
    ]
    wanted += [statement for view in VIEWS for statement in view.create_statements()]
    wanted += [table.search_statement() for table in TABLES if table.searched and has_subjects]
    held = [row[0] for row in db.execute(_SCHEMA).fetchall()]
    if sorted(held) == sorted(wanted):
        return
    for kind, name in db.execute(_NAMES).fetchall():
        db.execute(f'drop {kind} "{name}"')
    for statement in wanted:
        db.execute(statement)


# The tables in which FTS5 keeps an index come and go with it.
_OURS = "name not like 'sqlite_%' and name not like '%\\_fts\\_%' escape '\\'"
_SCHEMA = f"select sql from sqlite_master where sql is not null and {_OURS}"  # noqa: S608
_REVIEWS_SQL = REVIEWS.create_statements()[0]
_NAMES = (
    f"select type, name from sqlite_master where type in ('view', 'table') and {_OURS}"  # noqa: S608
    " order by type desc, name desc"  # an index of words goes before the table it is of
)


def _index_words(db: Database) -> None:
    for table in (table for table in TABLES if table.searched):
        name = table.search_table
        db.execute(f'insert into "{name}" ("{name}") values (\'rebuild\')')  # noqa: S608


def _fill(db: Database, table: str, found: Iterable[Row]) -> None:
    columns = db.table(table).columns_dict
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    optional = {c.name for t in TABLES if t.name == table for c in t.columns}
    db.execute(f'delete from "{table}"')  # noqa: S608 - our own names
    db.conn.executemany(
        f'insert into "{table}" ({names}) values ({marks})',  # noqa: S608
        ([row[c] if c in optional else row.get(c) for c in columns] for row in found),
    )
