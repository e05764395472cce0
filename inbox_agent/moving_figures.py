"""Figures that move because the clock goes on, made anew out of the published asks.

While nobody writes, an ask that is open outlasts one answer after the other, and each time the
estimates of its week, month, quarter and window move a little. Asks fall due, lapse, leave the
waiting list, or have been followed long enough. Of a busy partner some of it is so nearly every
minute; all else of it stays until the next midnight, or until a silence says something else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from inbox_agent.causes import Cause, Dates, most_urgent_first
from inbox_agent.causes_in_waits import causes_in_asks
from inbox_agent.drift_rows import fairness_columns
from inbox_agent.fairness import fairness
from inbox_agent.kept_partners import Party, parties
from inbox_agent.measuring_news import Measured
from inbox_agent.moved_rows import Moving
from inbox_agent.moving_asks import Moment
from inbox_agent.moving_standards import causes_beside, standards_now
from inbox_agent.next_changes import Changes, asks_change
from inbox_agent.partner_desk import Desk
from inbox_agent.privacy import Privacy
from inbox_agent.published_asks import PublishedAsk
from inbox_agent.published_parts import Parts, Stored
from inbox_agent.published_rows import Row, figure_columns, text_of
from inbox_agent.response_times import Ask
from inbox_agent.standing import (
    SIDES,
    WindowFigures,
    asks_by_period,
    in_window,
    known_figures,
    led_by,
    periods_of,
    standing_of,
    window_figures,
)
from inbox_agent.standing_rows import state_columns
from inbox_agent.survival import Figures
from inbox_agent.team_rows import Moved

#: What who waits longer is reckoned from, beside the order of waits.
_COMPARED = [
    f"{whose}_{name}"
    for whose in ("ours", "theirs")
    for name in ("answered", "p50_seconds", "p50_reached", "answered_p50_seconds")
]
_STANDING = "select * from partner_standing where partner = ?"


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
    moment = _moment(desk, privacy, party)
    if moment is None:
        return None
    (standing,) = parts.rows(_STANDING, (moment.key,))
    asks = moment.asks(parts)
    standards = tuple(standards_now(parts, moment, asks))
    now = _Now.of(moment, asks, causes_beside(moment, standards))
    before, causes, changes = now.causes_before(standing), now.causes(), now.changes()
    if next((cause.kind for cause in before), None) != standing["cause"] or (before and not causes):
        return None  # what it is without a cause is not kept
    raised = Measured(moment.summary.partner, moment.until, causes, party.mailboxes)
    led = now.standing(standing, causes, privacy)
    return Moving(
        number=party.number,
        key=moment.key,
        asks=[ask for ask in asks if ask.has_moved],
        conversations=dict(_waiting(asks, moment)),
        periods=dict(now.periods()),
        standards=standards,
        standing={**led, "next_change_at": text_of(changes.first)},
        asks_at=changes.asks_at,
        beside=now.beside if standards else None,
        raised=raised if _named(causes) != _named(before) else None,
        moved=now.moved,
    )


def _moment(desk: Desk, privacy: Privacy, party: Party) -> Moment | None:
    summary, config = party.known(), desk.config
    if summary is None or party.until is None:
        return None
    said = config.terms(summary.partner)
    terms = replace(said, clocks=replace(said.clocks, them=summary.hours.clock()))
    until = desk.until(party.key, party.mailboxes)
    return Moment(privacy.partner(party.key), summary, terms, party.until, until)


def _named(causes: Iterable[Cause]) -> set[tuple[str, str, str]]:
    """By what alerts are told apart."""
    return {(cause.kind, cause.level, cause.key) for cause in causes}


def _waiting(asks: Sequence[PublishedAsk], moment: Moment) -> Iterator[tuple[str, Row]]:
    """Who is to write next in the conversations that an ask left that waited."""
    waiting = [ask for ask in asks if ask.is_waiting(moment.before)]
    left = {ask.conversation for ask in waiting if not ask.is_waiting(moment.until)}
    for conversation in left:
        here = [ask for ask in waiting if ask.conversation == conversation]
        still = [ask for ask in here if ask.is_waiting(moment.until)]
        last = max(still, key=lambda ask: ask.letter.order, default=None)
        yield (
            conversation,
            {
                "waiting_on": last.responder if last else None,
                "waiting_since_at": text_of(last.asked_at) if last else None,
            },
        )


def _published(standing: Stored, whose: str) -> Figures:
    """What causes say of the figures of the generation before."""
    reached = standing[f"{whose}_p50_reached"]
    return Figures(
        p50_seconds=standing[f"{whose}_p50_seconds"],
        p50_reached=None if reached is None else bool(reached),
        p90_seconds=standing[f"{whose}_p90_seconds"],
    )


@dataclass(frozen=True, slots=True)
class _Now:
    """A partner at a moment: its asks, and its causes that lie in none of them."""

    moment: Moment
    asks: Sequence[Ask]
    moved: Moved
    beside: tuple[Cause, ...]
    over: WindowFigures

    @classmethod
    def of(cls, moment: Moment, asks: Sequence[PublishedAsk], beside: tuple[Cause, ...]) -> _Now:
        """With its figures over the window."""
        found, is_blind = cast("Sequence[Ask]", asks), moment.summary.is_blind
        over = window_figures(found, moment.terms.cuts, moment.ends, is_blind=is_blind)
        us, moved = moment.terms.clocks.us, [ask for ask in asks if ask.has_moved]
        periods = {(a.responder, p.name) for a in moved for p in periods_of(a.asked_at, us)}
        return cls(moment, found, periods, beside, over)

    # -- causes -----------------------------------------------------------------------------

    def causes(self) -> tuple[Cause, ...]:
        """Those of now."""
        found = causes_in_asks(self._told, self.over.ours, self.over.theirs, self._dates)
        return most_urgent_first([*found, *self.beside])

    def causes_before(self, standing: Stored) -> tuple[Cause, ...]:
        """Those of the generation before, by the figures that it published."""
        dates = replace(self._dates, as_of=self.moment.before)
        ours, theirs = (_published(standing, side) for side in ("ours", "theirs"))
        found = causes_in_asks(self._told, ours, theirs, dates)
        return most_urgent_first([*found, *self.moment.summary.causes])

    @property
    def _dates(self) -> Dates:
        return Dates(self.moment.terms.clocks.us, self.moment.until)

    @property
    def _told(self) -> Sequence[Ask]:
        """Those that something can be said of."""
        if not self.moment.summary.is_blind:
            return self.asks
        return [ask for ask in self.asks if ask.responder == "them"]

    # -- figures ----------------------------------------------------------------------------

    def changes(self) -> Changes:
        """When something of it changes next."""
        moment = self.moment
        at = asks_change(self.asks, self.over.ours, moment.terms, moment.until)
        return Changes(moment.summary.changes_at, at)

    def standing(self, before: Stored, causes: Sequence[Cause], privacy: Privacy) -> dict[str, Any]:
        """What of the standing may be another."""
        figures = {
            f"{whose}_{name}": value
            for whose, each in (("ours", self.over.ours), ("theirs", self.over.theirs))
            for name, value in figure_columns(each).items()
        }
        found = {**figures, **self._fairness(before, figures)}
        if not causes:
            return found  # nor were there any before
        return {**found, **state_columns(standing_of(causes, led_by(causes), self.over), privacy)}

    def _fairness(self, before: Stored, figures: Row) -> Row:
        """Who waits longer: its resamples take long, and are the same for the same order of waits.

        Where nobody who waits has outlasted an answer, that is what was published.
        """
        ours, theirs = (in_window(self.asks, side, self.moment.ends) for side in SIDES)
        is_same = all(before[name] == figures[name] for name in _COMPARED)
        if is_same and not (self._outlasts(ours) or self._outlasts(theirs)):
            return {name: before[name] for name in fairness_columns(None)}
        return fairness_columns(fairness(ours, theirs, self.over, self.moment.terms.cuts))

    def _outlasts(self, asks: Sequence[Ask]) -> bool:
        """Whether one without an answer in time has since waited as long as another one took."""
        took = sorted(a.response_seconds for a in asks if a.response_seconds is not None)
        passed = int((self.moment.until - self.moment.before).total_seconds())
        most = self.moment.terms.cuts.give_up_after_seconds
        ages = [ask.age_seconds for ask in asks if ask.response_seconds is None]
        return any(
            bisect_right(took, min(age, most)) > bisect_right(took, min(age - passed, most))
            for age in ages
        )

    def periods(self) -> Iterator[tuple[tuple[str, str], Row]]:
        """The figures of the periods with an ask that was still followed, or that moved."""
        cuts, us = self.moment.terms.cuts, self.moment.terms.clocks.us
        followed = self.moment.before - self.moment.give_up_after
        for (responder, period), asks in asks_by_period(self.asks, us).items():
            if (responder, period.name) in self.moved or any(a.asked_at > followed for a in asks):
                found = known_figures(asks, cuts, is_blind=self.moment.summary.is_blind)
                yield (responder, period.name), figure_columns(found)
