"""What waits now between us and a partner, what nobody waits for any more, what falls due next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from inbox_agent.catalogue import OF_A_PARTNER
from inbox_agent.datasette_plugin.enough import state_of_standard
from inbox_agent.datasette_plugin.local_times import instant
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.partner.periods import Window
from inbox_agent.datasette_plugin.reading import Reader, Row
from inbox_agent.figure_names import TOO_FEW_ASKS
from inbox_agent.words import whole_days

#: So many of each list are shown; the rest is one click away.
SHOWN = 20

_WAITS = """
SELECT subject, asked_at, asked_by, waiting_seconds, due_at, overdue, nudges, outcome,
  conversation, response, count(*) OVER () AS total, sum(overdue) OVER () AS total_overdue,
  min(iif(overdue = 0, due_at, NULL)) OVER () AS next_due_at
FROM {view} WHERE partner = :partner ORDER BY asked_at, response LIMIT {shown}
"""

# Those that wait are left out: a reminder keeps an ask waiting that the figures gave up.
_GIVEN_UP = f"""
SELECT r.response, r.asked_at, r.asked_by, r.conversation, c.subject, count(*) OVER () AS total
FROM (
  SELECT response AS key FROM response_times  -- from the index alone
  WHERE partner = :partner AND {OF_A_PARTNER} AND responder = :side AND outcome = 'lapsed'
    AND needs_reply = 'yes' AND asked_at >= :since
) JOIN response_times r ON r.response = key
LEFT JOIN conversations c ON c.conversation = r.conversation
WHERE r.answered_at IS NULL AND r.answered_elsewhere_at IS NULL
  AND coalesce(r.last_nudge_at, r.asked_at) <= :until
ORDER BY r.asked_at DESC, r.response LIMIT 5
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Asks that nobody answered and nobody waits for any more, the latest first.

    `after` is the time after which they were given up; `where` cuts response_times to all of them.
    """

    shown: Sequence[Row]
    count: int
    after: str
    where: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Waits:
    """Asks that wait for one side, the oldest first; the rest also of those not shown.

    `next_due_at` is the next due time that has not passed yet.
    """

    view: str
    shown: Sequence[Row]
    count: int
    overdue: int
    next_due_at: str | None


@dataclass(frozen=True, slots=True)
class NextDue:
    """What happens next if nobody writes: when, what in words, and the subject of an ask.

    Of an ask the time of day matters, of the rest the day alone.
    """

    at: str
    what: str
    subject: str | None = None
    is_ask: bool = False


async def waits_on(reader: Reader, partner: str, side: str) -> Waits:
    """What waits for `us` or `them`."""
    view = f"waiting_on_{side}"
    rows = await reader.rows(_WAITS.format(view=view, shown=SHOWN), partner=partner)
    of_all = rows[0] if rows else {}
    return Waits(
        view=view,
        shown=rows,
        count=of_all.get("total", 0),
        overdue=of_all.get("total_overdue") or 0,
        next_due_at=of_all.get("next_due_at"),
    )


async def given_up_by(page: Page, standing: Row, side: str, window: Window) -> GivenUp:
    """What `us` or `them` never answered: of the window, or since the last contact before it."""
    give_up_seconds = (page.about or {})["give_up_after_seconds"]
    begins = _text(datetime.combine(window.begin, time(), page.times.zone))
    since = min(begins, standing["last_contact_at"] or begins)
    until = _text(instant(standing["as_of"]) - timedelta(seconds=give_up_seconds))
    rows = await page.reader.rows(
        _GIVEN_UP, partner=standing["partner"], side=side, since=since, until=until
    )
    where = {"responder": side, "outcome": "lapsed", "needs_reply": "yes", "asked_at__gte": since}
    return GivenUp(
        shown=rows,
        count=rows[0]["total"] if rows else 0,
        after=whole_days(give_up_seconds),
        where={**where, "answered_at__isnull": 1, "answered_elsewhere_at__isnull": 1},
    )


def _text(at: datetime) -> str:
    """An instant as it is published."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


_STANDARDS = {
    "we_answer_within": "our standard of answering in time breaks",
    "they_answer_within": "their standard of answering in time breaks",
    "contact_every": "the time allowed without contact (contact_every) is over",
    "contact_at_least_every": "the longest time allowed without contact is over",
    "min_contacts": "too few people of theirs have written",
}


def next_due(
    page: Page, standing: Row | None, waits: Sequence[Waits], standards: Sequence[Row]
) -> NextDue | None:
    """The first thing after the partner's `as_of` that falls due, if nobody writes before."""
    now = str((standing or {}).get("as_of") or (page.about or {}).get("as_of") or "")
    found = [
        *(_due(wait) for wait in waits),
        *(NextDue(row["breaks_at"], _STANDARDS.get(row["standard"], "a standard breaks"))
          for row in standards if row["breaks_at"] and state_of_standard(row) != TOO_FEW_ASKS),
        *_silence(standing or {}),
    ]  # fmt: skip
    return min(
        (due for due in found if due.at and due.at > now),
        key=lambda due: (due.at, due.what),
        default=None,
    )


def _due(wait: Waits) -> NextDue:
    whose = "our" if wait.view == "waiting_on_us" else "their"
    subjects = (row["subject"] for row in wait.shown if row["due_at"] == wait.next_due_at)
    return NextDue(
        wait.next_due_at or "", f"{whose} answer falls due", next(subjects, None), is_ask=True
    )


def _silence(standing: Row) -> list[NextDue]:
    return [
        NextDue(standing.get("watch_at") or "", "the silence becomes one to watch"),
        NextDue(standing.get("act_at") or "", "the silence becomes one to act on"),
    ]
