"""A generation of all that is held: everybody is measured, everything published anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from inbox_agent.copy_entries import Numbered
from inbox_agent.generations import Job
from inbox_agent.instants import clock_sources
from inbox_agent.kept_partners import Dues, keep_party
from inbox_agent.measuring import Measuring, measured, of_whole_mailboxes
from inbox_agent.mirror_history import alert_log, frozen_reviews, next_generation, reviews_told
from inbox_agent.mirror_news import (
    Reader,
    changed_rows,
    folders_of,
    forget_changes,
    newest_row,
)
from inbox_agent.partner_desk import Desk
from inbox_agent.partner_news import keep_hints, keep_p_values, readjusted
from inbox_agent.published import publish
from inbox_agent.published_parts import changing
from inbox_agent.sorted_mail import SORTED, SortedMail, forget_sorted
from inbox_agent.sorting import sort_all
from inbox_agent.summaries import summary_of


def publish_all(job: Job, *, keeps: bool) -> int:
    """Measure and publish everybody; gives how many partners there are.

    `keeps`: what was sorted is kept, so that the next generation can be made out of this one.
    """
    mirror = job.mirror
    job.stage("measuring")
    changes, last = changed_rows(mirror), newest_row(mirror)
    state: dict[str, Any] = {"folders": folders_of(mirror), "reviews": reviews_told(mirror)}
    reader = Reader(mirror, job.config, mirror.blocks())
    numbered = reader.all()
    held = [message for _, message in numbered]
    found = measured(job.config, held, job.instants.as_of, job.instants.default)
    causes = of_whole_mailboxes(job.config, held, found.records, job.whole)
    number, polls = next_generation(mirror, causes, job.clock()), mirror.polls()
    sources = clock_sources(held, found.held.roster.received_by)
    state |= {"messages": len(held), "clock_sources": sources}
    job.stage("publishing")
    _publish(job, number, found, state, polls)
    state["in_records"] = len(held) - found.without_partner
    newest = max([last, *(row for row, _ in numbered)])
    state |= job.state(number, newest, reader.blocks, polls)
    _keep_all(job, numbered, found, state, keeps=keeps)
    forget_changes(mirror, changes)
    return len(found.records)


def _publish(
    job: Job,
    number: int,
    found: Measuring,
    state: Mapping[str, Any],
    polls: Sequence[Mapping[str, Any]],
) -> None:
    generation = job.generation(
        number,
        records=found.records,
        messages=state["messages"],
        without_partner=found.without_partner,
        clock_sources=state["clock_sources"],
        polls=polls,
        alerts=tuple(alert_log(job.mirror).alerts.values()),
        reviews=frozen_reviews(job.mirror),
    )
    publish(job.path, generation)


def _keep_all(
    job: Job, numbered: Numbered, found: Measuring, state: dict[str, Any], *, keeps: bool
) -> None:
    """Keep what was sorted; where that fails the next generation is made of all again."""
    path = job.path.with_name(SORTED)
    if not keeps:
        forget_sorted(path)
        return
    try:
        with SortedMail(path) as store, store.writing():
            store.empty()
            _fill(job, store, numbered, found)
            with changing(job.path, has_subjects=job.privacy.subjects) as parts:
                store.keep({"state": {**state, "form": parts.form()}})
            store.index()
    except (sqlite3.Error, OSError):
        with suppress(OSError):
            forget_sorted(path)


def _fill(job: Job, store: SortedMail, numbered: Numbered, found: Measuring) -> None:
    held, roster = found.held, found.held.roster
    sort_all(store, roster, numbered, held.messages, job.instants)
    desk = Desk(job.config, roster, store, Reader(job.mirror, job.config, {}), job.instants)
    records = {record.partner.key: record for record in found.records}
    for key in sorted(set(held.messages) | set(records)):
        record, party = records.get(key), store.party(key)
        messages = held.messages.get(key, ())
        until = held.until(key, job.instants.as_of, job.instants.default)
        arrival, summary = desk.next_arrival(messages, until), None
        dues = Dues(arrival)
        if record is not None:
            summary, dues = summary_of(record), Dues.of(record.changes, arrival)
            keep_p_values(store, party, summary)
            keep_hints(store, party, summary.hints)
        keep_party(store, party, summary, dues, until)
    store.run(
        "update copies set told = 1 where id in"
        " (select copy from members join parties on id = party where is_partner)"
    )
    readjusted(store)
