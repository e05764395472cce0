"""A generation out of the one before: only whose figures may be others are measured."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from inbox_agent.arrivals import take_in
from inbox_agent.epoch import seconds
from inbox_agent.generations import Job
from inbox_agent.kept_mail import kept_parties
from inbox_agent.kept_partners import all_partners, parties
from inbox_agent.measured_rows import Measurer, Slip
from inbox_agent.measuring_news import Edition
from inbox_agent.measuring_process import Tools
from inbox_agent.measuring_processes import Team
from inbox_agent.mirror_history import reviews_told
from inbox_agent.mirror_news import (
    Reader,
    changed_rows,
    folders_of,
    forget_changes,
    new_rows,
    touched_rows,
)
from inbox_agent.moving_figures import moving
from inbox_agent.partner_desk import Desk
from inbox_agent.published_parts import Parts, changing
from inbox_agent.rest_of_news import Rest
from inbox_agent.sorted_mail import SORTED, SortedMail, forget_sorted
from inbox_agent.sorting import NotSureError, Touched
from inbox_agent.sqlite_files import store_errors

#: So many letters beside those of the largest partner are measured sooner by several processes.
_WORTH_PROCESSES = 10_000
#: From so many copies on a partner's mail is kept as it was measured, for news to be put to it.
_KEPT_FROM = 1_000
#: What comes to kept mail takes less time than all of it by so many times.
_KEPT_TAKES_LESS = 5


def publish_news(job: Job, processes: int = 0) -> int:
    """Measure and publish only whose figures may be others; gives how many partners there are.

    Where that is much, by so many processes; by none it is all done here.

    Raises NotSureError where that may be everybody's.
    """
    path = job.path.with_name(SORTED)
    try:
        with store_errors(path, sqlite3.OperationalError), SortedMail(path) as store:
            state = store.fact("state")
            _must_follow(job, state)
            changes = changed_rows(job.mirror)
            with store.writing():
                marked = touched_rows(job.config, changes)
                count = _publish_news(job, store, state, marked, processes)
    except sqlite3.DatabaseError as exc:  # damaged: one or the other, both are made anew
        forget_sorted(path)
        raise NotSureError("what was kept can't be used") from exc
    forget_changes(job.mirror, changes)
    return count


def _must_follow(job: Job, state: dict[str, Any] | None) -> None:
    if state is None or not job.path.exists():
        raise NotSureError("nothing is kept")
    known = job.known()
    same = {"version": job.version(), "whole": sorted(job.whole), "folders": folders_of(job.mirror)}
    if any(state[name] != value for name, value in same.items()):
        raise NotSureError("the config, the folders or this program are others")
    if state["as_of"].keys() != known.keys() or seconds(job.instants.default) < state["default"]:
        raise NotSureError("the mailboxes are others")
    if any(known[mailbox] < at for mailbox, at in state["as_of"].items()):
        raise NotSureError("a clock went back")


def _publish_news(
    job: Job, store: SortedMail, state: dict[str, Any], marked: set[int], processes: int
) -> int:
    told, desk = reviews_told(job.mirror), _desk(job, store, state)
    came = new_rows(job.mirror, state["last"])
    new = desk.reader.load(came)
    touched = take_in(store, desk.roster, sorted(new.items()), job.instants, desk.reader.load)
    touched.wholly.update(store.parties_of(marked))
    touched.parties.update(touched.wholly, _due(desk, "due_at"))
    with (
        store_errors(job.path, sqlite3.OperationalError),
        changing(job.path, has_subjects=job.privacy.subjects) as parts,
    ):
        if parts.form() != state["form"] or parts.generation() != state["generation"]:
            raise NotSureError("what is published is another generation")
        waiting = _due(desk, "moves_at") - touched.parties
        moved, others = moving(desk, parts, job.privacy, waiting)
        touched.parties.update(others)
        edition = _measured(desk, parts, job, touched, processes)
        edition.moved.update(*(each.moved for each in moved))
        raised = {each.number: each.raised for each in moved if each.raised}
        rest = Rest(job, edition, state, new, touched, raised)
        number = rest.raise_alerts()
        rest.go_on()
        for each in moved:
            each.publish(desk, parts)
        rest.pool()
        polls = rest.tell(number, told) or [{"poll": state["poll"]}]
    now = job.state(number, max([state["last"], *came]), desk.reader.blocks, polls)
    store.keep({"state": {**state, **rest.counts(), "reviews": told, **now}})
    return len(all_partners(store))


def _desk(job: Job, store: SortedMail, state: dict[str, Any]) -> Desk:
    """What news are measured with."""
    blocks = {(box, folder, n): tuple(map(tuple, b)) for box, folder, n, b in state["blocks"]}
    reader = Reader(job.mirror, job.config, blocks)
    return Desk(job.config, job.config.roster(), store, reader, job.instants)


def _measured(desk: Desk, parts: Parts, job: Job, touched: Touched, processes: int) -> Edition:
    """Those who are touched, measured, and what hangs on them."""
    before = {party.number: party for party in parties(desk.store, touched.parties)}
    edition = Edition(desk, parts, job.privacy, before)
    for slip in _slips(edition, touched.wholly, processes):
        edition.take(slip)
    edition.adjust()
    edition.introduce(touched)
    return edition


def _slips(edition: Edition, wholly: Collection[int], processes: int) -> Iterator[Slip]:
    """Everybody's, the largest first: by several processes where that is worth their start."""
    store, tools = edition.desk.store, Tools.of(edition.desk, edition.parts, edition.privacy)
    tools = replace(tools, kept_from=_KEPT_FROM, wholly=frozenset(wholly))
    kept = kept_parties(store).difference(wholly)
    sizes = {
        party: copies // _KEPT_TAKES_LESS if party in kept else copies
        for party, copies in store.sizes(edition.before).items()
    }
    named = [(party.number, party.key) for party in edition.before.values()]
    named.sort(key=lambda each: (-sizes.get(each[0], 0), each[1]))
    if processes and sum(sizes.values()) - max(sizes.values(), default=0) >= _WORTH_PROCESSES:
        # they read what is committed; should this end before its end, nothing is gone on from
        store.keep({"state": None})
        store.settle()
        yield from Team(processes).slips(tools, named)
        return
    measurer = Measurer(edition.desk, edition.privacy, tools.columns, tools.kept_from, tools.wholly)
    yield from (measurer.slip(*each) for each in named)


def _due(desk: Desk, column: str) -> set[int]:
    """Those whose figures change by themselves up to now, or only what hangs on asks."""
    latest = max([*desk.instants.as_of.values(), desk.instants.default])
    sql = f"select id, key, {column}, mailboxes from parties where {column} <= ?"  # noqa: S608
    return {
        party
        for party, key, due, mailboxes in desk.store.run(sql, (seconds(latest),))
        if seconds(desk.until(key, mailboxes)) >= due
    }
