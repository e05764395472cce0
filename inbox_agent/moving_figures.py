"""Figures that move because somebody waits, made anew out of the published asks.

While nobody writes, an ask that is open outlasts one answer after the other, and each time the
estimates of its week, month, quarter and window move a little. Of a busy partner that is so
nearly every minute. All else of it stays, as long as reasons tell the same times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from inbox_agent.business_clock import Terms
from inbox_agent.drift_rows import fairness_columns
from inbox_agent.epoch import seconds_up
from inbox_agent.fairness import Fairness, fairness
from inbox_agent.kept_partners import Party, parties
from inbox_agent.partner_desk import Desk
from inbox_agent.privacy import Privacy
from inbox_agent.published_asks import COLUMNS, PublishedAsk
from inbox_agent.published_parts import Parts
from inbox_agent.published_rows import Row, figure_columns, text_of
from inbox_agent.response_times import Ask
from inbox_agent.standing import (
    QUARTER,
    Changes,
    WindowFigures,
    asks_by_period,
    estimates_change,
    in_window,
    known_figures,
    window,
    window_figures,
)
from inbox_agent.summaries import Summary
from inbox_agent.words import spoken_span

_ASKS = (
    f"select {COLUMNS} from response_times"  # noqa: S608 - our own names
    " where partner = ? and counts = 1 and asked_at >= ?"
)
_STANDING = "select * from partner_standing where partner = ?"


@dataclass(frozen=True, slots=True)
class Moving:
    """A partner of which estimates alone moved: what they are now, and when they move again.

    `periods` are those in which somebody waits, by responder and name.
    """

    number: int
    key: str
    periods: Mapping[tuple[str, str], Row]
    standing: Row
    estimates_at: datetime | None

    def publish(self, desk: Desk, parts: Parts) -> None:
        """Write them, once the generation is known to be as of now."""
        for where, columns in self.periods.items():
            sql = _set("response_times_by_period", columns, "responder = ? and period = ?")
            parts.update(sql, [(*columns.values(), self.key, *where)])
        sql = _set("partner_standing", self.standing, "true")
        parts.update(sql, [(*self.standing.values(), self.key)])
        at = self.estimates_at and seconds_up(self.estimates_at)
        desk.store.run("update parties set moves_at = ? where id = ?", (at, self.number))


def _set(table: str, columns: Row, where: str) -> str:
    values = ", ".join(f"{name} = ?" for name in columns)
    return f"update {table} set {values} where partner = ? and {where}"  # noqa: S608 - our own


def moving(
    desk: Desk, parts: Parts, privacy: Privacy, numbers: Iterable[int]
) -> tuple[list[Moving], set[int]]:
    """Of some partners of which nothing else is due what moved; and those to be measured."""
    found: list[Moving] = []
    others: set[int] = set()
    for party in parties(desk.store, numbers):
        moved = _moved(desk, parts, privacy, party)
        if moved:
            found.append(moved)
        else:
            others.add(party.number)
    return found, others


def _moved(desk: Desk, parts: Parts, privacy: Privacy, party: Party) -> Moving | None:
    summary, key = party.known(), privacy.partner(party.key)
    if summary is None:
        return None
    until = desk.until(party.key, party.mailboxes)
    waits = _Waits.of(desk, parts, key, summary, until)
    over = waits.over_window()
    (before,) = parts.rows(_STANDING, (key,))
    figures = {
        f"{whose}_{name}": value
        for whose, each in (("ours", over.ours), ("theirs", over.theirs))
        for name, value in figure_columns(each).items()
    }
    if _told(figures, waits.terms) != _told(before, waits.terms):
        return None  # more than these figures is another
    at = estimates_change(waits.asks, waits.terms, until)
    changes = Changes(summary.changes_at, at)
    standing = {
        **figures,
        **fairness_columns(waits.fairness(over)),
        "next_change_at": text_of(changes.first),
    }
    return Moving(party.number, key, dict(waits.periods()), standing, at)


def _told(figures: Row, terms: Terms) -> list[object]:
    """What states, causes and due times hang on besides.

    Reasons say how fast a side usually answers; without a promise of ours an answer is late when it
    takes longer than nine of ten.
    """
    told: list[object] = []
    for whose in ("ours", "theirs"):
        took = figures[f"{whose}_p50_seconds"]
        told += [figures[f"{whose}_p50_reached"], None if took is None else spoken_span(took)]
    return told if terms.standards.we_answer_within else [*told, figures["ours_p90_seconds"]]


@dataclass(frozen=True, slots=True)
class _Waits:
    """One partner's asks that are in a figure with one that is open, as known at `until`."""

    asks: Sequence[Ask]
    terms: Terms
    until: datetime
    is_blind: bool

    @classmethod
    def of(cls, desk: Desk, parts: Parts, key: str, summary: Summary, until: datetime) -> _Waits:
        config, partner = desk.config, summary.partner
        clocks = replace(config.clocks(partner), them=summary.hours.clock())
        terms = Terms(config.standards(partner), clocks, config.cuts())
        give_up_after = timedelta(seconds=terms.cuts.give_up_after_seconds)
        since = min(until - give_up_after - QUARTER, window(terms.cuts, clocks.us, until)[0])
        asks = [
            PublishedAsk.of(
                row, datetime.fromisoformat(row["asked_at"]), until, clocks.us, lambda _: summary
            )
            for row in parts.rows(_ASKS, (key, text_of(since)))
        ]
        return cls(cast("Sequence[Ask]", asks), terms, until, summary.is_blind)

    @property
    def ends(self) -> tuple[datetime, datetime]:
        return window(self.terms.cuts, self.terms.clocks.us, self.until)

    def over_window(self) -> WindowFigures:
        return window_figures(self.asks, self.terms.cuts, self.ends, is_blind=self.is_blind)

    def fairness(self, over: WindowFigures) -> Fairness | None:
        ours, theirs = (in_window(self.asks, side, self.ends) for side in ("us", "them"))
        return fairness(ours, theirs, over, self.terms.cuts)

    def periods(self) -> Iterator[tuple[tuple[str, str], Row]]:
        """The figures of the periods in which somebody waits."""
        for (responder, period), asks in asks_by_period(self.asks, self.terms.clocks.us).items():
            if any(ask.outcome == "open" for ask in asks):
                found = known_figures(asks, self.terms.cuts, is_blind=self.is_blind)
                yield (responder, period.name), figure_columns(found)
