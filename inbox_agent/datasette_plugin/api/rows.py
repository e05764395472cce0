"""Which columns the JSON answers hold, and the queries for them; flags come as true and false."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from inbox_agent.catalogue import column_of
from inbox_agent.datasette_plugin.reading import Row

_PARTNERS = (
    *("partner", "name", "owner", "tier", "state", "because", "last_contact_at", "last_from"),
    *("silent_seconds", "watch_at", "act_at", "waiting_on_us", "oldest_waiting_on_us_seconds"),
    *("waiting_on_them", "oldest_waiting_on_them_seconds", "ours_asks", "ours_p50_seconds"),
    *("ours_p90_seconds", "ours_response_rate", "theirs_asks", "theirs_p50_seconds"),
    *("theirs_p90_seconds", "theirs_response_rate"),
)
_WAITING = (
    *("response", "partner", "name", "owner", "subject", "asked_at", "asked_by"),
    *("waiting_seconds", "due_at", "overdue", "nudges", "outcome", "conversation"),
)
_ALERTS = (
    *("alert", "partner", "name", "owner", "kind", "level", "because", "since_at", "raised_at"),
    *("act_raised_at", "cleared_at", "evidence"),
)
_OWNER = "(:owner IS NULL OR lower(owner) = lower(:owner))"


def _value(relation: str, name: str, value: Any) -> Any:
    known = column_of(relation, name)
    if value is not None and known is not None and known.unit == "flag":
        return bool(value)
    if relation == "alerts" and name == "evidence" and value is not None:
        with suppress(ValueError):  # of another version, it may be words
            return json.loads(value)
    return value


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one relation as JSON holds them; by default all of its columns."""

    relation: str
    sql: str
    columns: tuple[str, ...] = ()
    is_many: bool = True

    def shown(self, row: Row) -> Mapping[str, Any]:
        """A row as JSON."""
        return {name: _value(self.relation, name, row[name]) for name in self.columns or row}


@dataclass(frozen=True, slots=True)
class Listing(Part):
    """A list in pages: each begins after the row that `key` names; `place` finds that row.

    `choices` are the arguments that take certain words only.
    """

    path: str = ""
    key: str = ""
    place: str = ""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


PARTNERS = Listing(
    relation="partner_health",
    sql=f"""
SELECT {", ".join(_PARTNERS)} FROM partner_health
WHERE {_OWNER} AND (:state IS NULL OR state = :state) AND (:after IS NULL OR partner > :after)
ORDER BY partner LIMIT :most
""",  # noqa: S608 - our own words
    columns=_PARTNERS,
    path="/-/api/partners.json",
    key="partner",
    place="SELECT 1 FROM partners WHERE partner = :after",
    choices={"state": ("ok", "watch", "act", "unknown")},
)

_BOTH_SIDES = " UNION ALL ".join(
    f"SELECT '{side}' AS waiting_on, {', '.join(_WAITING)} FROM waiting_on_{side}"  # noqa: S608
    for side in ("us", "them")
)
WAITING = Listing(
    relation="waiting_on_us",
    sql=f"""
SELECT * FROM ({_BOTH_SIDES})
WHERE {_OWNER} AND (:waiting_on IS NULL OR waiting_on = :waiting_on)
  AND (:after IS NULL OR (asked_at, response) >
    (SELECT asked_at, response FROM response_times WHERE response = :after))
ORDER BY asked_at, response LIMIT :most
""",  # noqa: S608
    columns=("waiting_on", *_WAITING),
    path="/-/api/waiting.json",
    key="response",
    place="SELECT 1 FROM response_times WHERE response = :after",
    choices={"waiting_on": ("us", "them")},
)

_OPEN = "CASE WHEN a.cleared_at IS NULL THEN 'open' ELSE 'over' END"
ALERTS = Listing(
    relation="alerts",
    sql=f"""
SELECT a.*, p.name, p.owner FROM alerts a JOIN partners p ON p.partner = a.partner
WHERE {_OWNER} AND (:level IS NULL OR a.level = :level)
  AND (:state IS NULL OR {_OPEN} = :state)
  AND (:after IS NULL OR (a.raised_at, a.alert) <
    (SELECT raised_at, alert FROM alerts WHERE alert = :after))
ORDER BY a.raised_at DESC, a.alert DESC LIMIT :most
""",  # noqa: S608
    columns=_ALERTS,
    path="/-/api/alerts.json",
    key="alert",
    place="SELECT 1 FROM alerts WHERE alert = :after",
    choices={"level": ("act", "watch"), "state": ("open", "over")},
)

#: What is said of one partner, by its name in the answer.
ONE_PARTNER: Mapping[str, Part] = {
    "partner": Part("partners", "SELECT * FROM partners WHERE partner = :partner", is_many=False),
    "standing": Part(
        "partner_standing",
        "SELECT * FROM partner_standing WHERE partner = :partner",
        is_many=False,
    ),
    "standards": Part(
        "standards", "SELECT * FROM standards WHERE partner = :partner ORDER BY standard"
    ),
    "waiting": Part(
        "waiting_on_us",
        f"SELECT * FROM ({_BOTH_SIDES}) WHERE partner = :partner"  # noqa: S608
        " ORDER BY asked_at, response LIMIT 1000",
        columns=("waiting_on", *_WAITING),
    ),
    "alerts": Part(
        "alerts",
        "SELECT a.*, p.name, p.owner FROM alerts a JOIN partners p ON p.partner = a.partner"
        " WHERE a.partner = :partner AND a.cleared_at IS NULL"
        " ORDER BY a.raised_at DESC, a.alert DESC LIMIT 1000",
        columns=_ALERTS,
    ),
}
