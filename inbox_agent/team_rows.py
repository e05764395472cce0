"""The rows of `team_by_period` from the asks that are published: only of periods that moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from inbox_agent.addresses import Side
from inbox_agent.business_clock import BusinessClock
from inbox_agent.catalogue.model import OF_A_PARTNER
from inbox_agent.published_asks import COLUMNS, PublishedAsk
from inbox_agent.published_parts import Parts, Renewed
from inbox_agent.published_rows import Row, figure_columns
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts
from inbox_agent.standing import SIDES, Period, periods_of
from inbox_agent.summaries import TheirTime
from inbox_agent.survival import figures

#: A direction and the name of a period.
Moved = set[tuple[Side, str]]


def moved_by(renewed: Renewed, clock: BusinessClock) -> Moved:
    """The periods of asks that came, went, or changed."""
    return {
        (row["responder"], period.name)
        for row in (*renewed.gone, *renewed.new)
        for period in periods_of(_instant(row["asked_at"]), clock)
    }


def young(clock: BusinessClock, cuts: Cuts, since: datetime, until: datetime) -> Moved:
    """The periods in which somebody may have asked who is still followed: they age."""
    first = clock.local_date(since - timedelta(seconds=cuts.give_up_after_seconds))
    days = (clock.local_date(until) - first).days
    names = {
        period.name
        for day in range(days + 1)
        for period in periods_of(clock.midnight(first + timedelta(days=day)), clock)
    }
    return {(side, name) for side in SIDES for name in names}


# by partner, as there is no index of all asks in the order of time
_ASKS = (
    f"select {COLUMNS} from (select partner as one from partners)"  # noqa: S608 - our own names
    " cross join response_times indexed by asks_of_partner"
    f" where partner = one and {OF_A_PARTNER} and counts = 1 and asked_at >= ? and asked_at < ?"
)


def team_rows(
    parts: Parts, moved: Moved, team: Team, scopes: Mapping[str, Collection[str]]
) -> Iterator[Row]:
    """The rows of the periods that moved, pooled anew.

    `scopes` says of each partner, by its published key, in which pools its asks are.
    """
    if not moved:
        return
    pooled: dict[tuple[str, Side, Period], list[PublishedAsk]] = defaultdict(list)
    partners: dict[tuple[str, Side, Period], set[str]] = defaultdict(set)
    for row in parts.rows(_ASKS, team.reach({name for _, name in moved})):
        asked_at, side, partner = _instant(row["asked_at"]), row["responder"], row["partner"]
        where = [p for p in periods_of(asked_at, team.clock) if (side, p.name) in moved]
        if not where or (side == "us" and partner in team.blind):
            continue  # how fast we answer them is unknown
        ask = team.ask(row, asked_at)
        for period in where:
            for scope in scopes[partner]:
                pooled[scope, side, period].append(ask)
                partners[scope, side, period].add(partner)
    for where_, asks in pooled.items():
        scope, side, period = where_
        yield {
            "scope": scope,
            "responder": side,
            "period": period.name,
            "period_kind": period.kind,
            "partners": len(partners[where_]),
            **figure_columns(figures(cast("Iterable[Ask]", asks), team.cuts)),
        }


@dataclass(frozen=True, slots=True)
class Team:
    """What asks are pooled by; partners go by their published keys.

    `blind`: those of whom it is unknown how fast we answer them.
    """

    clock: BusinessClock
    cuts: Cuts
    blind: Collection[str]
    time: Callable[[str], TheirTime]
    until: Callable[[str], datetime]

    def ask(self, row: Mapping[str, Any], asked_at: datetime) -> PublishedAsk:
        """A published ask with its age."""
        return PublishedAsk.of(row, asked_at, self.until(row["partner"]), self.clock, self.time)

    def reach(self, names: Collection[str]) -> tuple[str, str]:
        """Instants, as they are published, between which all of some periods lie."""
        years = {int(name[:4]) for name in names}
        quarters = [name for name in names if name[4:6] == "-Q"]
        first = min((_quarter(name) for name in quarters), default=(min(years, default=0), 1))
        last = max((_quarter(name) for name in quarters), default=(max(years, default=9999), 12))
        began = datetime(first[0], first[1], 1, tzinfo=self.clock.zone) - timedelta(days=8)
        ended = datetime(last[0], last[1], 1, tzinfo=self.clock.zone) + timedelta(days=100)
        return f"{began:%Y-%m-%d}", f"{ended:%Y-%m-%d}"


def _quarter(name: str) -> tuple[int, int]:
    return int(name[:4]), 3 * int(name[6:]) - 2


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
