"""A generation of all that is held where that is much: memory holds partners, not the mailbox.

The mirror is gone through once to sort it. Then everybody is measured as those are who are heard
from, on all processor cores. It makes the same generation as measuring all at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, cast

from inbox_agent.addresses import Partner, Roster
from inbox_agent.catalogue import TABLES
from inbox_agent.copy_entries import Part, part_of
from inbox_agent.definitions import definitions
from inbox_agent.generations import Job
from inbox_agent.kept_partners import Dues, Party, keep_party
from inbox_agent.measured_rows import Slip
from inbox_agent.measuring_news import Edition
from inbox_agent.measuring_process import SortingTools, Tools
from inbox_agent.measuring_processes import Named, Team
from inbox_agent.mirror_history import reviews_told
from inbox_agent.mirror_news import (
    Reader,
    changed_rows,
    folders_of,
    forget_changes,
    newest_row,
)
from inbox_agent.partner_desk import Desk
from inbox_agent.published_parts import Parts, changing
from inbox_agent.published_schema import field_columns, index_words, make_schema, pack
from inbox_agent.rest_of_news import Rest
from inbox_agent.sorted_mail import SORTED, SortedMail, forget_sorted
from inbox_agent.sorting import Touched
from inbox_agent.sorting_in_parts import sort_in_parts
from inbox_agent.sqlite_files import is_damaged, private_directory, store_errors
from inbox_agent.standing import periods_of
from inbox_agent.team_rows import Moved

#: So many copies are measured in parts: all at once they take a gigabyte and more.
MUCH = 50_000
#: So many are looked at together when they are sorted.
_PART = 1_000
#: Everybody with how many copies there are of either side, the largest first.
_PARTIES = """
select parties.id, key, coalesce(mailboxes, ''), count(copy), count(distinct ours) from parties
  left join members on party = parties.id left join copies on copies.id = copy
  group by parties.id order by count(copy) desc, key
"""
_TOLD = (
    "update copies set told = 1 where id in"
    " (select copy from members join parties on id = party where is_partner)"
)


def is_much(job: Job) -> bool:
    """Whether so much is held that it is better published in parts."""
    return job.mirror.count() >= MUCH and not is_damaged(job.path)


def publish_in_parts(job: Job, processes: int, *, keeps: bool) -> int:
    """As `publish_all`, by so many processes; by none it is all done here. Raises StoreError."""
    with store_errors(job.path), Team(processes) as team:
        return _publish_in_parts(job, team, keeps=keeps)


def _publish_in_parts(job: Job, team: Team, *, keeps: bool) -> int:
    mirror, path = job.mirror, job.path.with_name(SORTED)
    job.stage("sorting")
    changes = changed_rows(mirror)
    before: dict[str, Any] = {
        "folders": folders_of(mirror),
        "reviews": reviews_told(mirror),
        "last": newest_row(mirror),
    }
    reader = Reader(mirror, job.config, mirror.blocks())
    private_directory(job.path.parent)
    forget_sorted(path)
    with SortedMail(path) as store:
        desk = Desk(job.config, job.config.roster(), store, reader, job.instants)
        with store.writing():  # other processes read what was sorted
            before |= _sort(desk, team, before["last"])
        job.stage("measuring")
        with store.writing():
            count = _Whole(job, desk, before).publish(team)
    if not keeps:
        forget_sorted(path)
    forget_changes(mirror, changes)
    pack(job.path)
    return count


def _sort(desk: Desk, team: Team, last: int) -> dict[str, Any]:
    """Sort all up to the last; gives what is counted over all copies."""
    sources, held, store, reader = Counter[str](), 0, desk.store, desk.reader
    tools = SortingTools(desk.config, reader.mirror.path, reader.blocks)
    ranges = [range(low, min(low + _PART, last + 1)) for low in range(1, last + 1, _PART)]

    def here(numbers: range) -> Part:
        return part_of(list(reader.load(numbers).items()), desk.roster)

    def parts() -> Iterator[Part]:
        nonlocal held
        for part in team.parts(tools, ranges, here):
            sources.update(part.clock_sources)
            held += len(part.entries)
            yield part

    store.empty()
    sort_in_parts(store, desk.roster, parts(), desk.instants, reader.load)
    for partner in desk.roster.partners:
        store.party(partner.key)
    return {"clock_sources": dict(sources), "messages": held}


@dataclass(frozen=True, slots=True)
class _Whole:
    """A generation of all that was sorted; `before` is what was counted."""

    job: Job
    desk: Desk
    before: Mapping[str, Any]

    def publish(self, team: Team) -> int:
        """Measure everybody and publish what came of it; gives how many partners there are."""
        job, store = self.job, self.desk.store
        with changing(job.path, has_subjects=job.privacy.subjects) as parts:
            _empty(parts, self.desk.roster, has_subjects=job.privacy.subjects)
            parties: dict[int, Party] = {}
            edition = Edition(self.desk, parts, job.privacy, parties)
            for slip in team.slips(Tools.of(self.desk, parts, job.privacy), self._named(parties)):
                self._take(edition, parties, slip)
            job.stage("publishing")
            edition.adjust()
            edition.introduce(Touched())
            state = self._rest(edition)
            if job.privacy.subjects:
                index_words(cast("Any", parts.db))
            state["form"] = parts.form()
        store.keep({"state": state})
        return len(edition.measured)

    def _named(self, parties: dict[int, Party]) -> Sequence[Named]:
        """Who may be a partner, the largest first; of the others it is kept that they are none."""
        listed = {partner.key for partner in self.desk.roster.partners}
        named = []
        for number, key, mailboxes, copies, sides in self.desk.store.run(_PARTIES):
            parties[number] = Party(number, key, False, None, mailboxes, None)
            if sides == 2 or key in listed:
                named.append((number, key))
            elif copies:  # else it only stood in letters that are in the records of others
                until = self.desk.until(key, mailboxes)
                keep_party(self.desk.store, number, None, Dues(), until)
        return named

    def _take(self, edition: Edition, parties: dict[int, Party], slip: Slip) -> None:
        """Publish what was measured elsewhere, and keep what others hang on."""
        party = parties[slip.number]
        for table, rows in slip.tables.items():
            marks = ", ".join("?" * len(edition.parts.columns(table)))
            sql = f'insert into "{table}" values ({marks})'  # noqa: S608 - our own names
            edition.parts.update(sql, rows)
        edition.note(party, slip)
        # for what comes after it was one before: nobody is new where all are
        parties[slip.number] = replace(party, is_partner=slip.summary is not None)

    def _rest(self, edition: Edition) -> dict[str, Any]:
        """What is of all partners, or of none; gives what is kept for the next generation."""
        store, job = self.desk.store, self.job
        store.run(_TOLD)
        ((in_records,),) = store.run("select coalesce(sum(told), 0) from copies")
        state = job.state(0, self.before["last"], self.desk.reader.blocks, ())
        before = {**self.before, **state, "in_records": in_records, "reviews": None}
        rest = Rest(job, edition, before, {}, Touched())
        number = rest.raise_alerts()
        rest.pool_each(_years(edition))
        reviews, folders = self.before["reviews"], self.before["folders"]
        polls = rest.tell(number, reviews)
        edition.parts.renew("definitions", definitions())
        kept = job.state(number, self.before["last"], self.desk.reader.blocks, polls)
        return {**kept, **rest.counts(), "reviews": reviews, "folders": folders}


@dataclass(frozen=True, slots=True)
class _Listed:
    partner: Partner


def _empty(parts: Parts, roster: Roster, *, has_subjects: bool) -> None:
    """Tables of the right form without a row. Only who is listed has fields of its own."""
    fields = field_columns(cast("Any", map(_Listed, roster.partners)))
    make_schema(cast("Any", parts.db), fields, has_subjects=has_subjects)
    for table in TABLES:
        parts.db.execute(f'delete from "{table.name}"')  # noqa: S608 - our own names


def _years(edition: Edition) -> Iterator[Moved]:
    """The periods in which somebody asked, a year at a time: so many asks are pooled at once."""
    clock = edition.desk.config.our_clock()
    ends = "select min(asked_at), max(asked_at) from response_times where counts = 1"
    ((first, last),) = edition.parts.db.execute(ends).fetchall()
    for year in range(int(first[:4]) - 1, int(last[:4]) + 2) if first else ():
        days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
        names = {period.name for day in days for period in periods_of(clock.midnight(day), clock)}
        yield {(side, name) for side in ("us", "them") for name in names}
