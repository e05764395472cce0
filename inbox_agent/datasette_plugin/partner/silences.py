"""Silences between us and a partner: the one that goes on, those that ended, past alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inbox_agent.catalogue import OF_A_PARTNER
from inbox_agent.datasette_plugin.reading import Reader, Row
from inbox_agent.words import counted

#: So many ended silences are shown.
SHOWN = 8
#: Fewer ended silences make no rhythm.
_RHYTHM_GAPS = 8

_OPEN = "SELECT * FROM silent_now WHERE partner = :partner"
_ENDED = f"""
SELECT gap, began_at, ended_at, gap_seconds, gap_working_days, usual_gap_working_days, times_usual,
  chance, last_from, broken_by
FROM silence_gaps WHERE partner = :partner AND {OF_A_PARTNER} AND is_open = 0
ORDER BY began_at DESC LIMIT {SHOWN}
"""  # noqa: S608 - our own words
_BREAKERS = f"""
SELECT at, subject, conversation, kind, from_address FROM messages
WHERE partner = :partner AND {OF_A_PARTNER} AND at IN ({{instants}})
  AND (counts = 1 OR kind = 'calendar')
ORDER BY at, message
"""  # noqa: S608 - our own words
_ALARMS = """
SELECT level, count(*) AS alarms, sum(came_back_within_30_days) AS came_back,
  count(came_back_within_30_days) AS judged
FROM alarm_record WHERE partner = :partner GROUP BY level
"""


@dataclass(frozen=True, slots=True)
class Silences:
    """The open silence (None before the first contact), the latest ended ones, the alarms."""

    now: Row | None
    now_words: str
    ended: Sequence[Row]
    broken_with: dict[str, Row]
    alarms: str


async def silences_of(reader: Reader, partner: Row) -> Silences:
    """Everything about silences of one partner."""
    key = partner["partner"]
    now = await reader.row(_OPEN, partner=key)
    ended = await reader.rows(_ENDED, partner=key)
    alarms = await reader.rows(_ALARMS, partner=key)
    return Silences(
        now=now,
        now_words=open_words(now) if now else "",
        ended=ended,
        broken_with=await _breakers(reader, key, ended),
        alarms=alarm_words({row["level"]: row for row in alarms}),
    )


async def _breakers(reader: Reader, partner: str, ended: Sequence[Row]) -> dict[str, Row]:
    """The letters that ended silences, by their instant."""
    instants = {f"at{n}": row["ended_at"] for n, row in enumerate(ended)}
    sql = _BREAKERS.format(instants=", ".join(f":{name}" for name in instants))
    rows = await reader.rows(sql, partner=partner, **instants)
    return {row["at"]: row for row in reversed(rows)}


def open_words(now: Row) -> str:
    """The open silence beside what is usual, as one sentence."""
    days = now["gap_working_days"]
    if days is None:
        return "How long it is in working days is unknown."
    whose = "ours" if now["last_from"] == "us" else "theirs"
    since = counted(days, "working day") if days else "No working day"
    said = f"{since} without contact; the last letter was {whose}."
    usual = now["usual_gap_working_days"]
    if usual is None:
        return f"{said} What is usual between us is not known yet."
    said += f" Usual is {usual}." if now["gaps"] >= _RHYTHM_GAPS else ""
    if days > usual and now["gaps"] >= _RHYTHM_GAPS:
        said += as_long_words(now["as_long"], now["gaps"])
    return said


def as_long_words(as_long: int, gaps: int) -> str:
    """How many of the silences of 12 months were as long as this one."""
    number = f"{as_long:,}" if as_long else "None"
    verb = "were" if as_long > 1 else "was"
    return f" {number} of the {gaps:,} silences before, in 12 months, {verb} as long."


def alarm_words(by_level: dict[str, Row]) -> str:
    """What came of past alarms by their own rhythm, in one line; empty without any."""
    if not by_level:
        return ""
    parts = []
    for level, row in sorted(by_level.items(), reverse=True):
        came = f"they wrote within 30 days after {row['came_back'] or 'none'} of them"
        rest = row["alarms"] - row["judged"]
        still = f" ({rest} not over yet)" if rest else ""
        parts.append(f"{counted(row['alarms'], 'time')} to {level}: {came}{still}")
    return "By their own rhythm it was " + "; ".join(parts) + "."
