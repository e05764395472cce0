"""What is of all partners, or of none, once those that moved are measured."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from inbox_agent.alert_log import Alert
from inbox_agent.catalogue.model import OF_A_PARTNER
from inbox_agent.epoch import instant, seconds
from inbox_agent.generations import Job
from inbox_agent.history_rows import alerts, reviews
from inbox_agent.instants import CLOCK_DOUBTS, clock_sources
from inbox_agent.kept_partners import Party, all_partners, counted, tell_copies, their_times
from inbox_agent.measuring_news import Edition, Measured
from inbox_agent.messages import Message
from inbox_agent.mirror_history import alert_log, frozen_reviews, kept_polls, next_generation
from inbox_agent.published import Told, about_row, beside, calendar_ends
from inbox_agent.published_rows import scopes_of, text_of, working_days
from inbox_agent.sorting import Touched
from inbox_agent.summaries import read_time
from inbox_agent.team_rows import Moved, Team, team_rows, young
from inbox_agent.words import AT_SOURCES

_AGED = (
    "update response_times_by_period set followed_seconds = min(?1, followed_seconds + ?2)"
    " where partner = ?3 and responder in ('us', 'them')"
    " and period in (select value from json_each(?4)) and followed_seconds < ?1"
)
# of those alone something ages whose asks are younger than the time to give up
_ASKED = (
    "select one from (select partner as one from partners) where exists (select 1"  # noqa: S608
    f" from response_times indexed by asks_of_partner where partner = one and {OF_A_PARTNER}"
    " and asked_at >= ?)"
)
_DAYS = "select min(day), max(day) from working_days"
_AGED_STANDING = (
    "update partner_standing set {0}_followed_seconds = min(?1, {0}_followed_seconds + ?2)"
    " where partner = ?3 and {0}_followed_seconds < ?1"
)


@dataclass(slots=True)
class Rest:
    """The end of a generation; `before` is what was kept of the one before it.

    `raised` are partners that were not measured and have other causes all the same.
    """

    job: Job
    edition: Edition
    before: Mapping[str, Any]
    new: Mapping[int, Message]
    touched: Touched
    raised: Mapping[int, Measured] = field(default_factory=dict)
    _told: int = field(default=0, init=False)
    _everybody: list[Party] = field(default_factory=list, init=False)
    _untils: dict[int, datetime] = field(default_factory=dict, init=False)

    # -- alerts -----------------------------------------------------------------------------

    def raise_alerts(self) -> int:
        """Move the log of alerts on, and publish whose may be others; gives the new number."""
        measured = {**self.edition.measured, **self.raised}
        mirror, privacy = self.job.mirror, self.job.privacy
        causes = [each for each in measured.values() if self._is_whole(each.mailboxes)]
        waiting = [p for p in self._partners() if p.number not in measured]
        as_before = {p.key: self._until(p) for p in waiting if self._is_whole(p.mailboxes)}
        number = next_generation(mirror, causes, self.job.clock(), as_before)
        keys = {each.partner.key for each in measured.values()}
        found: dict[str, list[Alert]] = defaultdict(list)
        for alert in alert_log(mirror, keys).alerts.values():
            found[alert.partner].append(alert)
        for key in keys:
            rows = alerts(found[key], {key}, privacy)
            self.edition.parts.renew("alerts", rows, privacy.partner(key))
        return number

    def _is_whole(self, mailboxes: str) -> bool:
        seen = set(mailboxes.split("\n")) if mailboxes else set[str]()
        return bool(self.job.whole) and seen <= self.job.whole

    def _partners(self) -> list[Party]:
        if not self._everybody:
            self._everybody.extend(all_partners(self.edition.desk.store))
        return self._everybody

    def _until(self, party: Party) -> datetime:
        if party.number not in self._untils:
            until = self.edition.desk.until(party.key, party.mailboxes)
            self._untils[party.number] = until
        return self._untils[party.number]

    # -- those that were not measured -------------------------------------------------------

    def go_on(self) -> None:
        """Have the figures of the others be as of now: nothing else of them changes."""
        moved: list[tuple[str, datetime, int]] = []
        gone_on: list[tuple[int, int]] = []
        for party in self._partners():
            until = self._until(party)
            if party.number in self.edition.measured or until == party.until:
                continue
            passed = int((until - (party.until or until)).total_seconds())
            moved.append((self.job.privacy.partner(party.key), until, passed))
            gone_on.append((seconds(until), party.number))
        sql = "update parties set until_at = ? where id = ?"
        self.edition.desk.store.run_many(sql, gone_on)
        self._age(moved)

    def _age(self, moved: Sequence[tuple[str, datetime, int]]) -> None:
        parts, give_up = self.edition.parts, self.job.config.cuts().give_up_after_seconds
        for table in ("partners", "partner_standing"):
            sql = f"update {table} set as_of = ? where partner = ?"  # noqa: S608 - our own names
            parts.update(sql, [(text_of(until), key) for key, until, _ in moved])
        periods = json.dumps(sorted({name for _, name in self._young()}))
        since = text_of(self._began - timedelta(seconds=give_up))
        asked = {key for (key,) in parts.db.execute(_ASKED, (since,))}
        aging = [(give_up, passed, key) for key, _, passed in moved if key in asked]
        parts.update(_AGED, [(*each, periods) for each in aging])
        for side in ("ours", "theirs"):
            parts.update(_AGED_STANDING.format(side), aging)

    @property
    def _began(self) -> datetime:
        """As of when the earliest of the generation before was."""
        return instant(min([*self.before["as_of"].values(), self.before["default"]]))

    def _young(self) -> set[tuple[Any, str]]:
        ends = [*self.job.instants.as_of.values(), self.job.instants.default]
        config = self.job.config
        return young(config.our_clock(), config.cuts(), self._began, max(ends))

    # -- the team ---------------------------------------------------------------------------

    def pool(self) -> None:
        """The figures of the team, of the periods that moved and of those that age."""
        self.pool_each([self.edition.moved | self._young()])

    def pool_each(self, periods: Iterable[Moved]) -> None:
        """The figures of the team, of some periods at a time: so many asks are in memory."""
        privacy = self.job.privacy
        everybody = {privacy.partner(party.key): party for party in self._partners()}
        named = {each.key: each for each in self.edition.desk.roster.partners}
        scopes = {
            key: scopes_of(named[party.key]) if party.key in named else ("team",)
            for key, party in everybody.items()
        }
        team = self._team(everybody)
        for moved in periods:
            self.edition.parts.renew(
                "team_by_period",
                team_rows(self.edition.parts, moved, team, scopes),
                among=partial(_is_of, moved),
            )

    def _team(self, everybody: Mapping[str, Party]) -> Team:
        config, store = self.job.config, self.edition.desk.store
        blind = store.run("select key from parties where is_blind")
        times = their_times(store)
        return Team(
            config.our_clock(),
            config.cuts(),
            {self.job.privacy.partner(key) for (key,) in blind},
            lambda key: read_time(times[everybody[key].key]),
            lambda key: self._until(everybody[key]),
        )

    # -- what is of nobody ------------------------------------------------------------------

    def tell(self, number: int, reviews_are: str) -> Sequence[Mapping[str, Any]]:
        """Publish the rest; gives the polls that are new."""
        job, parts, store = self.job, self.edition.parts, self.edition.desk.store
        polls = job.mirror.polls(self.before["poll"])
        changed = {n for n in self.edition.before if self._has_changed(n)}
        members = store.run_in("select copy from members where party in ({})", changed)
        self._told = tell_copies(store, self.touched.copies.union(c for (c,) in members))
        counts = self.counts()
        found = {name: counts[name] for name in ("messages", "clock_sources")}
        found["without_partner"] = counts["messages"] - counts["in_records"]
        generation = job.generation(number, polls=polls, **found)
        for table, rows in beside(generation).items():
            parts.renew(table, rows, among=self._new_or_forgotten() if table == "polls" else None)
        if self.before["reviews"] != reviews_are:
            parts.renew("reviews", reviews(frozen_reviews(job.mirror), job.privacy))
        days = tuple(day.isoformat() for day in self._calendar_ends())
        if parts.db.execute(_DAYS).fetchone() != days:
            parts.renew("working_days", working_days(generation.clock, *self._calendar_ends()))
        told = counted(store)
        conflicts = told["conflicts"].get("", 0)
        row = about_row(generation, Told(told["left_out"], told["verdicts"], conflicts))
        parts.renew("about", [row])
        return polls

    def _new_or_forgotten(self) -> Callable[[Mapping[str, Any]], bool]:
        """Which rows of `polls` may be others than before."""
        newest = f"{self.before['poll']:08d}"
        kept = {f"{poll:08d}" for poll in kept_polls(self.job.mirror)}
        return lambda row: row["poll"] > newest or row["poll"] not in kept

    def _has_changed(self, party: int) -> bool:
        """Whether somebody became a partner, or is none any more."""
        return self.edition.before[party].is_partner != (party in self.edition.measured)

    def _calendar_ends(self) -> tuple[Any, Any]:
        store, default = self.edition.desk.store, self.job.instants.default
        sql = "select min(first_gap_at), max(until_at) from parties where is_partner"
        ((first, last),) = store.run(sql)
        starts = [default, *(instant(at) for at in (first,) if at is not None)]
        ends = [default, *(instant(at) for at in (last,) if at is not None)]
        return calendar_ends(self.job.config.our_clock(), min(starts), max(ends))

    def counts(self) -> dict[str, Any]:
        """What is counted over all copies held."""
        received_by = self.edition.desk.roster.received_by
        sources = Counter(self.before["clock_sources"])
        sources.update(clock_sources(self.new.values(), received_by))
        return {
            "messages": self.before["messages"] + len(self.new),
            "clock_sources": {n: sources[n] for n in (*AT_SOURCES, *CLOCK_DOUBTS) if sources[n]},
            "in_records": self.before["in_records"] + self._told,
        }


def _is_of(moved: Moved, row: Mapping[str, Any]) -> bool:
    return (row["responder"], row["period"]) in moved
