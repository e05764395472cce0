"""What the feeds are made of: published rows to entries of a feed and of a calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta

from inbox_agent.datasette_plugin.enough import FEWEST_ASKS
from inbox_agent.datasette_plugin.feeds.atom import Entry
from inbox_agent.datasette_plugin.feeds.due_calendar import Due
from inbox_agent.datasette_plugin.local_times import LocalTimes, instant
from inbox_agent.datasette_plugin.reading import Reader, Row

#: The latest alerts; a feed is no archive, the table `alerts` is.
MOST_ALERTS = 100
#: Of one kind, the next ones; nobody reads more of a calendar.
MOST_DUE = 300
#: How far back and ahead the calendar reaches.
BEFORE, AHEAD = timedelta(days=30), timedelta(days=366)

#: What falls due, by the names that `kinds=` takes.
KINDS = ("our_answers", "their_answers", "silences", "standards")

_ALERTS = """
SELECT a.*, p.name, max(a.raised_at, coalesce(a.act_raised_at, ''), coalesce(a.cleared_at, ''))
  AS updated_at
FROM alerts a JOIN partners p ON p.partner = a.partner
WHERE (:owner IS NULL OR lower(p.owner) = lower(:owner)) AND (:level IS NULL OR a.level = :level)
ORDER BY updated_at DESC, a.alert LIMIT :most
"""
_WAITING = """
SELECT * FROM waiting_on_{who}
WHERE due_at BETWEEN :begins_at AND :ends_at
  AND (:owner IS NULL OR lower(owner) = lower(:owner))
ORDER BY due_at, response LIMIT :most
"""
_SILENCES = """
SELECT g.gap, g.partner, p.name, s.because, s.watch_at, s.act_at
FROM silence_gaps g JOIN partners p ON p.partner = g.partner
JOIN partner_standing s ON s.partner = g.partner
WHERE g.is_open = 1 AND (:owner IS NULL OR lower(p.owner) = lower(:owner))
  AND (s.watch_at BETWEEN :begins_at AND :ends_at OR s.act_at BETWEEN :begins_at AND :ends_at)
ORDER BY s.watch_at, g.gap LIMIT :most
"""
_STANDARDS = f"""
SELECT t.*, p.name FROM standards t JOIN partners p ON p.partner = t.partner
WHERE t.breaks_at BETWEEN :begins_at AND :ends_at
  AND (:owner IS NULL OR lower(p.owner) = lower(:owner))
  AND (t.unit IS NOT 'share' OR t.asks >= {FEWEST_ASKS})
ORDER BY t.breaks_at, t.partner, t.standard LIMIT :most
"""  # noqa: S608 - our own words
_LINES = {"watch": "silent for too long", "act": "silent for far too long"}
_STANDARDS_SAID = {
    "we_answer_within": "we answer too late too often",
    "they_answer_within": "they answer too late too often",
    "contact_every": "too long without contact",
    "contact_at_least_every": "far too long without contact",
    "min_contacts": "too few of their people write",
}

#: The whole address of a partner's page.
LinkOf = Callable[[str], str]


def _named(row: Row) -> str:
    return str(row["name"] or row["partner"])


async def alert_entries(
    reader: Reader, owner: str | None, level: str | None, link: LinkOf
) -> tuple[Entry, ...]:
    """The latest alerts. One that becomes act is another entry: readers show it again.

    One that is over keeps its entry, which says so and is `updated`.
    """
    rows = await reader.rows(_ALERTS, owner=owner, level=level, most=MOST_ALERTS)
    return tuple(_entry(row, link) for row in rows)


def _entry(row: Row, link: LinkOf) -> Entry:
    is_over = row["cleared_at"] is not None
    said = "Over" if is_over else row["level"].capitalize()
    because = str(row["because"] or "")
    return Entry(
        key=f"alert {row['alert']} {row['level']}",
        title=f"{said}: {_named(row)}: {because}",
        text=f"{because} Over since {row['cleared_at']}." if is_over else because,
        published_at=row["act_raised_at"] or row["raised_at"],
        updated_at=row["updated_at"],
        link=link(row["partner"]),
        categories=(row["level"], row["kind"]),
    )


async def dues(
    reader: Reader, owner: str | None, kinds: Sequence[str], times: LocalTimes, link: LinkOf
) -> list[Due]:
    """What falls due, of the kinds asked for; a silence and a standard of one instant are one."""
    reach = {
        "begins_at": f"{times.as_of - BEFORE:%Y-%m-%dT%H:%M:%SZ}",
        "ends_at": f"{times.as_of + AHEAD:%Y-%m-%dT%H:%M:%SZ}",
    }
    found: list[Due] = []
    taken: set[tuple[str, str]] = set()
    for kind in [each for each in KINDS if each in kinds]:
        sql, make = _OF_KIND[kind]
        for row in await reader.rows(sql, owner=owner, most=MOST_DUE, **reach):
            for at, due in make(row, times, link):
                if reach["begins_at"] <= at <= reach["ends_at"] and _is_new(kind, row, at, taken):
                    found.append(due)
    return found


def _is_new(kind: str, row: Row, at: str, taken: set[tuple[str, str]]) -> bool:
    """Whether a silence has not said it already: a standard of contact passes with it."""
    place = (row["partner"], at)
    if kind == "silences":
        taken.add(place)
    return kind != "standards" or place not in taken


def _answer(
    row: Row, times: LocalTimes, link: LinkOf, *, is_ours: bool
) -> Iterator[tuple[str, Due]]:
    kind = "our_answers" if is_ours else "their_answers"
    said = "Answer" if is_ours else "Answer due from"
    subject = f": {row['subject']}" if row["subject"] else ""
    asked = f"Asked on {_day(row['asked_at'], times)}"
    nudged = f", reminded {row['nudges']}x since" if row["nudges"] else ""
    due = Due(
        kind,
        str(row["response"]),
        _local(row["due_at"], times),
        f"{said} {_named(row)}{subject}",
        f"{asked}{nudged}.",
        link(row["partner"]),
    )
    yield row["due_at"], due


def _our_answer(row: Row, times: LocalTimes, link: LinkOf) -> Iterator[tuple[str, Due]]:
    return _answer(row, times, link, is_ours=True)


def _their_answer(row: Row, times: LocalTimes, link: LinkOf) -> Iterator[tuple[str, Due]]:
    return _answer(row, times, link, is_ours=False)


def _silence(row: Row, times: LocalTimes, link: LinkOf) -> Iterator[tuple[str, Due]]:
    for line, said in _LINES.items():
        at = row[f"{line}_at"]
        if at is not None:
            key = f"{row['gap']} {line}"
            summary = f"{_named(row)}: {said} from today, if nobody writes"
            day = times.local_date(at)
            yield at, Due("silences", key, day, summary, row["because"] or "", link(row["partner"]))


def _standard(row: Row, times: LocalTimes, link: LinkOf) -> Iterator[tuple[str, Due]]:
    said = _STANDARDS_SAID.get(row["standard"], row["standard"])
    due = Due(
        "standards",
        f"{row['partner']} {row['standard']} {row['breaks_at']}",
        times.local_date(row["breaks_at"]),
        f"{_named(row)}: {said} from today, if nobody writes",
        f"The standard {row['standard']}, {row['target']}, is broken then.",
        link(row["partner"]),
    )
    yield row["breaks_at"], due


def _local(text: str, times: LocalTimes) -> datetime:
    return instant(text).astimezone(times.zone)


def _day(text: str, times: LocalTimes) -> date:
    return times.local_date(text)


_OF_KIND: dict[str, tuple[str, Callable[[Row, LocalTimes, LinkOf], Iterator[tuple[str, Due]]]]] = {
    "our_answers": (_WAITING.format(who="us"), _our_answer),
    "their_answers": (_WAITING.format(who="them"), _their_answer),
    "silences": (_SILENCES, _silence),
    "standards": (_STANDARDS, _standard),
}
