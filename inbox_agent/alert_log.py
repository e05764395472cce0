"""The log of alerts: one row for each cause, ever, with when it was raised and when it was over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from inbox_agent.addresses import Partner
from inbox_agent.causes import Cause, CauseKind, Level
from inbox_agent.letters import row_key


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that was once to look at, and what became of it.

    Good for looking back: what was raised, when, and when it was over. One alert for each cause,
    raised at the moment the figures were for when it was first found, and never a second time: when
    the same cause comes back, the same alert is open again. Its level is the highest it ever had,
    and its words are those of when it was raised or became graver. It is cleared at the moment of
    the first figures without the cause. A poll that fails moves no moment, and so raises and clears
    nothing.
    """

    alert: str
    partner: str
    kind: CauseKind
    cause: str
    level: Level
    since_at: datetime
    raised_at: datetime
    act_raised_at: datetime | None
    cleared_at: datetime | None
    because: str
    evidence: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertLog:
    """All alerts by key, and up to which `as_of` the causes of each partner are in it."""

    alerts: Mapping[str, Alert] = field(default_factory=dict)
    seen_at: Mapping[str, datetime] = field(default_factory=dict)


class Raising(Protocol):
    """A partner's record, as far as alerts are raised by it."""

    @property
    def partner(self) -> Partner:
        """Whose it is."""

    @property
    def as_of(self) -> datetime:
        """Up to when it is known."""

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What is to be seen to."""


def moved_on(log: AlertLog, records: Iterable[Raising], now: datetime) -> AlertLog:
    """The log with the causes of a generation in it, which is published at `now`.

    A record that is earlier than what the log has seen of its partner changes nothing, and a
    partner without a record keeps its alerts as they are: nothing new is known of it. At an equal
    instant more letters may be held, as after a second import. What the log has seen later than
    `now` it saw by a wrong clock, and that holds nothing up.
    """
    seen = {key: at for key, at in log.seen_at.items() if at <= now}
    later = [each for each in records if _is_news(each.as_of, seen.get(each.partner.key))]
    if not later:
        return log
    alerts = dict(log.alerts)
    held: dict[str, list[Alert]] = {each.partner.key: [] for each in later}
    for alert in log.alerts.values():
        if alert.partner in held:
            held[alert.partner].append(alert)
    for record in later:
        for alert in _partners_alerts(record, held[record.partner.key]):
            alerts[alert.alert] = alert
    news = {each.partner.key: _whole(each.as_of) for each in later}
    return AlertLog(alerts, {**log.seen_at, **news})


def _is_news(as_of: datetime, seen_at: datetime | None) -> bool:
    return seen_at is None or _whole(as_of) >= seen_at


def _partners_alerts(record: Raising, held: Iterable[Alert]) -> Iterable[Alert]:
    """A partner's alerts that are new or change."""
    found: dict[str, Cause] = {}
    for cause in record.causes:
        key = alert_key(record.partner.key, cause)
        if key not in found or cause.level == "act":
            found[key] = cause
    known = {alert.alert: alert for alert in held}
    as_of = _whole(record.as_of)
    for key, cause in found.items():
        yield (
            _again(known[key], cause, as_of)
            if key in known
            else _raised(key, record.partner.key, cause, as_of)
        )
    for key, alert in known.items():
        if key not in found and alert.cleared_at is None:
            # one that a wrong clock raised is not over before it began
            yield replace(alert, cleared_at=max(as_of, alert.raised_at))


def alert_key(partner: str, cause: Cause) -> str:
    """The key of a cause's alert, the same whenever the cause is found."""
    return row_key(partner, cause.kind, cause.key)


def _raised(key: str, partner: str, cause: Cause, as_of: datetime) -> Alert:
    return Alert(
        alert=key,
        partner=partner,
        kind=cause.kind,
        cause=cause.key,
        level=cause.level,
        since_at=_whole(cause.since_at),
        raised_at=as_of,
        act_raised_at=as_of if cause.level == "act" else None,
        cleared_at=None,
        because=cause.because,
        evidence=cause.evidence,
        people=cause.people,
    )


def _again(alert: Alert, cause: Cause, as_of: datetime) -> Alert:
    """An alert whose cause holds still, or again; it may have become graver."""
    if cause.level == "act" and alert.level == "watch":
        alert = replace(
            alert,
            level="act",
            act_raised_at=as_of,
            because=cause.because,
            evidence=cause.evidence,
            people=cause.people,
        )
    return replace(alert, cleared_at=None)


def _whole(at: datetime) -> datetime:
    """The log is kept in whole seconds."""
    return at.replace(microsecond=0)
