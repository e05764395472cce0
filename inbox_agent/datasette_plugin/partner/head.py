"""Who a partner is, how it stands and why: the head of its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inbox_agent.catalogue import OF_A_PARTNER, TABLES
from inbox_agent.datasette_plugin.reading import Reader, Row

_KNOWN = frozenset(
    column.name for table in TABLES if table.name == "partners" for column in table.columns
)

# Late answers are left out: the page tells each of them as what waits.
_OPEN_ALERTS = f"""
SELECT alert, kind, level, because, since_at, raised_at FROM alerts
WHERE partner = :partner AND {OF_A_PARTNER} AND cleared_at IS NULL AND kind NOT LIKE '%answer%'
ORDER BY level, since_at, alert LIMIT 50
"""  # noqa: S608 - our own words

_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Head:
    """A partner as its page begins: `facts` are the team's own, `open_alerts` what to see to."""

    name: str
    is_named: bool
    domains: Sequence[str]
    facts: Sequence[tuple[str, Any]]
    open_alerts: Sequence[Row]
    state: str
    clock: str


async def head_of(reader: Reader, partner: Row, standing: Row | None) -> Head:
    """The head of a partner's page."""
    alerts = await reader.rows(_OPEN_ALERTS, partner=partner["partner"])
    return Head(
        name=partner["name"] or partner["partner"],
        is_named=bool(partner["name"]),
        domains=domains_of(partner),
        facts=own_facts(partner),
        open_alerts=alerts,
        state=str((standing or {}).get("state") or "unknown"),
        clock=clock_words(partner),
    )


def domains_of(partner: Row) -> list[str]:
    """The partner's domains and addresses, one by one, its key first."""
    names = (partner["domains"] or partner["partner"]).split(", ")
    return sorted(names, key=lambda name: name != partner["partner"])


def own_facts(partner: Row) -> list[tuple[str, Any]]:
    """The columns of `[partners.fields]` that are filled in, in words."""
    return [
        (name.replace("_", " "), value)
        for name, value in partner.items()
        if name not in _KNOWN and value not in (None, "")
    ]


def clock_words(partner: Mapping[str, Any]) -> str:
    """Their working time and how it is known, as one sentence; empty where nothing is said."""
    if not partner.get("their_hours"):
        return ""
    days, hours = days_words(partner["their_days"] or ""), partner["their_hours"]
    zone = partner["their_timezone"] or ""
    sources = {partner["their_hours_from"], partner["their_timezone_from"]}
    known = "taken from ours, as theirs are not known"
    if sources != {"ours"}:
        known = "learned from their letters" if "learned" in sources else "as configured"
    return f"{days} {hours} ({zone}), {known}."


def days_words(days: str) -> str:
    """``Mon to Fri`` of ``mon, tue, wed, thu, fri``; what has gaps is told day by day."""
    found = [day.strip() for day in days.split(",") if day.strip()]
    numbers = [_WEEK.index(day) for day in found if day in _WEEK]
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        return f"{found[0].title()} to {found[-1].title()}"
    return ", ".join(day.title() for day in found)
