"""The tables Datasette serves: whole generations, never half.

Everything is written in place, in one transaction of a WAL database, so that a reader sees the
generation before or the one after (renaming a new file over the old one would leave Datasette
reading the old one for ever). Nothing here is worth keeping: `rebuild` makes it all again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from inbox_agent import absence_rows, drift_rows, gap_rows, history_rows, people_rows, standing_rows
from inbox_agent import published_rows as rows
from inbox_agent.alert_log import Alert
from inbox_agent.automatic import RULES_VERSION
from inbox_agent.business_clock import BusinessClock
from inbox_agent.catalogue.history_tables import REVIEWS
from inbox_agent.definitions import definitions
from inbox_agent.epoch import instant
from inbox_agent.measure import PartnerRecord
from inbox_agent.messages import PARSER_VERSION
from inbox_agent.notice_log import Notice
from inbox_agent.privacy import Privacy
from inbox_agent.published_rows import Row, text_of
from inbox_agent.published_schema import SCHEMA, field_columns, fill, index_words, make_schema, pack
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
_REVIEWS_SQL = REVIEWS.create_statements()[0]


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
    #: None where it is known of no letter.
    plain_headers_share: float | None = None


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
                if _REVIEWS_SQL in {row[0] for row in db.execute(SCHEMA).fetchall()}:
                    fill(db, REVIEWS.name, history_rows.reviews(frozen, privacy))
            db.conn.close()


def _write(path: Path, generation: Generation) -> None:
    db = Database(connect(path), execute_plugins=False)
    with closing(db.conn), keeping_wal(path):
        fields = field_columns(generation.records)
        with transaction(db):
            make_schema(db, fields, has_subjects=generation.privacy.subjects)
            for table, found in _tables(generation).items():
                fill(db, table, found)
            if generation.privacy.subjects:
                index_words(db)
        # Datasette only reads and never does it; what a reader is in the way of waits
        db.execute("pragma busy_timeout = 0")
        db.execute("pragma wal_checkpoint(truncate)")
        db.conn.close()
    pack(path)


#: The tables whose rows are made of one partner's record alone.
OF_RECORD: Mapping[str, Callable[[PartnerRecord, Privacy], Iterable[Row]]] = {
    "conversations": rows.conversations,
    "response_times": rows.response_times,
    "response_times_by_period": rows.response_times_by_period,
    "silence_gaps": gap_rows.silence_gaps,
    "contact_gaps": gap_rows.contact_gaps,
    "gap_lengths": gap_rows.gap_lengths,
    "contacts": people_rows.contacts,
    "absences": absence_rows.absences,
    "standards": standing_rows.standards,
    "alarm_record": standing_rows.alarm_record,
    "sent_coverage": standing_rows.sent_coverage,
    "messages": rows.messages,
}


def _tables(generation: Generation) -> dict[str, Iterable[Row]]:
    records, privacy = generation.records, generation.privacy

    def each(make: Any) -> Iterator[Row]:
        for record in records:
            yield from make(record, privacy)

    adjusted = drift_rows.Adjusted.over(records)
    return {
        "partners": rows.partners(records, privacy),
        **{table: each(make) for table, make in OF_RECORD.items()},
        "team_by_period": rows.team_by_period(records, generation.clock, generation.cuts),
        "introductions": each(people_rows.introductions),
        "partner_standing": (
            standing_rows.partner_standing(record, privacy, adjusted) for record in records
        ),
        "drift": (row for record in records for row in drift_rows.drift(record, privacy, adjusted)),
        "alerts": history_rows.alerts(
            generation.alerts, {record.partner.key for record in records}, privacy
        ),
        "reviews": history_rows.reviews(generation.reviews, privacy),
        "working_days": _working_days(generation),
        "about": [about_row(generation, Told.by(records))],
        "definitions": definitions(),
        **beside(generation),
    }


def beside(generation: Generation) -> dict[str, Iterable[Row]]:
    """The rows of the tables that are of no partner, and are written anew each time."""
    privacy = generation.privacy
    return {
        "notices": history_rows.notices(generation.notices, privacy),
        "polls": (_poll(row, privacy) for row in generation.polls),
        "folders": (_folder(row, privacy) for row in generation.folders),
    }


def _working_days(generation: Generation) -> Iterator[Row]:
    starts = [gap.began_at for record in generation.records for gap in record.rhythm.gaps]
    ends = [record.as_of for record in generation.records]
    ends = [min([*starts, generation.as_of]), max([*ends, generation.as_of])]
    return rows.working_days(generation.clock, *calendar_ends(generation.clock, *ends))


def calendar_ends(clock: BusinessClock, first: datetime, last: datetime) -> tuple[date, date]:
    """The first and the last day of the table of working days."""
    return clock.local_date(first), clock.local_date(last + _CALENDAR_REACH)


@dataclass(frozen=True, slots=True)
class Told:
    """What `about` counts over all records."""

    left_out: Mapping[str, int]
    verdicts: Mapping[str, int]
    conflicts: int

    @classmethod
    def by(cls, records: Sequence[PartnerRecord]) -> Told:
        """The counts of some records."""
        letters = [letter for record in records for letter in record.letters]
        return cls(
            Counter(letter.why_not for letter in letters if letter.why_not),
            Counter(ask.needs_reply for r in records for ask in r.asks),
            sum(ask.is_clock_conflict for r in records for ask in r.asks),
        )


def about_row(generation: Generation, told: Told) -> Row:
    """The one row of `about`."""
    left_out = dict(told.left_out)
    if generation.without_partner:
        left_out["no_partner"] = generation.without_partner
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
        "clock_conflicts": told.conflicts,
        "needs_reply_counts": json.dumps(dict(sorted(told.verdicts.items()))),
        "clock_sources": json.dumps(dict(generation.clock_sources)),
        "plain_headers_share": generation.plain_headers_share,
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
