"""The columns of `partners` that say by which clock a partner's answers are reckoned."""

from __future__ import annotations

from inbox_agent.catalogue.model import Column

_FROM = (
    "configured (partners.toml says it), learned (from their letters of the 12 months before "
    "this month), or ours (neither is known)."
)

THEIR_CALENDAR: tuple[Column, ...] = (
    Column(
        "their_timezone",
        "TEXT",
        None,
        "The time zone in which their working time is reckoned, as the IANA database names it. "
        "One that was learned stands for all zones with the same clock.",
    ),
    Column("their_timezone_from", "TEXT", None, f"Where their_timezone is from: {_FROM}"),
    Column(
        "their_timezone_evidence",
        "TEXT",
        None,
        "Why their_timezone was taken, or why none was learned: how many letters of the year had "
        "its offset, and by how many people.",
    ),
    Column("their_days", "TEXT", None, "The days on which they work, like mon, tue, wed."),
    Column(
        "their_hours",
        "TEXT",
        None,
        "Their working hours in their_timezone, like 09:00-17:00; several with commas.",
    ),
    Column("their_hours_from", "TEXT", None, f"Where their_days and their_hours are from: {_FROM}"),
    Column(
        "their_hours_evidence",
        "TEXT",
        None,
        "Why their days and hours were taken, or why none were learned.",
    ),
)
