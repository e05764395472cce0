"""The people of a partner, who of them is away, and who introduced whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inbox_agent.datasette_plugin.reading import Reader, Row

#: So many rows of each list are shown.
SHOWN = 12

# Those whose state asks for a look first, then those who carry most of the mail.
_PEOPLE = """
SELECT address, name, first_seen_at, last_seen_at, messages, state, gone_at, successor,
  introduced_by, share_12_months, count(*) OVER () AS total
FROM contacts WHERE partner = :partner AND side = 'them' AND (messages > 0 OR state IS NOT NULL)
ORDER BY share_12_months IS NULL, share_12_months DESC, last_seen_at DESC, address LIMIT {shown}
"""
_OTHERS = """
SELECT count(*) AS addressed_only FROM contacts
WHERE partner = :partner AND side = 'them' AND messages = 0 AND state IS NULL
"""
_AWAY = """
SELECT address, began_at, ended_at, is_open FROM absences WHERE partner = :partner
ORDER BY is_open DESC, began_at DESC, address LIMIT 6
"""
_INTRODUCTIONS = """
SELECT newcomer, introduced_by, introduced_at, received, answered_at, alive_after_90_days,
  count(*) OVER () AS total
FROM introductions WHERE partner = :partner
ORDER BY introduced_at DESC, newcomer LIMIT {shown}
"""


@dataclass(frozen=True, slots=True)
class People:
    """Their people who wrote, those most of the mail is from first; `count` is of all."""

    shown: Sequence[Row]
    count: int
    addressed_only: int
    absences: Sequence[Row]
    carried: str


@dataclass(frozen=True, slots=True)
class Introductions:
    """Who was introduced, to us and by us, the latest first."""

    received: Sequence[Row]
    given: Sequence[Row]
    count: int
    shown: int


async def people_of(reader: Reader, standing: Row) -> People:
    """Everything about the people of one partner."""
    key = standing["partner"]
    rows = await reader.rows(_PEOPLE.format(shown=SHOWN), partner=key)
    others = await reader.row(_OTHERS, partner=key)
    return People(
        shown=rows,
        count=rows[0]["total"] if rows else 0,
        addressed_only=(others or {}).get("addressed_only", 0),
        absences=await reader.rows(_AWAY, partner=key),
        carried=carried_words(standing),
    )


async def introductions_of(reader: Reader, partner: str) -> Introductions:
    """The introductions of one partner."""
    rows = await reader.rows(_INTRODUCTIONS.format(shown=SHOWN), partner=partner)
    return Introductions(
        received=[row for row in rows if row["received"]],
        given=[row for row in rows if not row["received"]],
        count=rows[0]["total"] if rows else 0,
        shown=len(rows),
    )


def carried_words(standing: Row) -> str:
    """By how few people the mail of the window is carried, on both sides."""
    theirs = _carried("theirs", standing["their_people"], standing["their_people_80"])
    ours = _carried("ours", standing["our_people"], standing["our_people_80"])
    return f"{theirs} {ours}".strip()


def _carried(whose: str, people: int | None, most: int | None) -> str:
    if people is None:
        return ""
    if people == 0:
        return f"Nobody of {whose} wrote in the window."
    if people == 1:
        return f"One person of {whose} wrote in the window."
    if most == people:
        return f"{people} people of {whose} wrote in the window; it takes them all for 80 % of it."
    who = "one of them" if most == 1 else f"{most} of them"
    return f"{people} people of {whose} wrote in the window, {who} at least 80 % of it."


def came_of_it(row: Row) -> str:
    """What became of an introduction that was answered."""
    if row["alive_after_90_days"] is None:
        return "; it is too early to tell whether it lasts"
    return ", and wrote after 90 days, too" if row["alive_after_90_days"] else ", and fell silent"
