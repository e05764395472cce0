"""The views: what depends on the moment, reckoned at each partner's own `as_of`.

Instants are ISO 8601 text of one form, so they compare as text; `strftime('%s', …)` turns them
into seconds in every SQLite (`unixepoch` came with 3.38).
"""

# ruff: noqa: S608 - no SQL here holds anything but words of this file

from __future__ import annotations

from inbox_agent.catalogue.mail_tables import CONVERSATION, RESPONSE_TIMES, SILENCE_GAPS, SUBJECT
from inbox_agent.catalogue.model import WAITING_OF_A_PARTNER, Column, Table, View
from inbox_agent.catalogue.partner_tables import (
    ACT_AT,
    LAST_FROM,
    PARTNER,
    PARTNER_STANDING,
    PARTNERS,
    USUAL_GAP,
    WATCH_AT,
)


def _of(table: Table, *names: str) -> tuple[Column, ...]:
    by_name = {column.name: column for column in table.columns}
    return tuple(by_name[name] for name in names)


def _seconds(instant: str) -> str:
    return f"CAST(strftime('%s', {instant}) AS INTEGER)"


def _age(begin: str) -> str:
    """Seconds from an instant to the `as_of` of the partner `p`."""
    return f"{_seconds('p.as_of')} - {_seconds(begin)}"


_GIVE_UP = "(SELECT give_up_after_seconds FROM about ORDER BY generation DESC LIMIT 1)"
_AGE_SOURCE = "ages at the partner's last complete poll"

# An ask waits until give_up_after has passed since the last letter of its turn. The last two
# conditions hold for whatever waits; they are those of the index by which asks that may wait are
# found, all of them or those of one partner.
_WAITS = f"""r.responder = '$responder' AND r.answered_at IS NULL AND r.needs_reply = 'yes'
  AND r.answered_elsewhere_at IS NULL
  AND r.outcome IN ('open', 'lapsed')
  AND {_seconds("p.as_of")} < {_seconds("coalesce(r.last_nudge_at, r.asked_at)")} + {_GIVE_UP}
  AND (r.outcome = 'open' OR r.last_nudge_at IS NOT NULL)
  AND r.{WAITING_OF_A_PARTNER}"""
_WAITING = f"""
SELECT r.partner, p.name, c.subject, {_age("r.asked_at")} AS waiting_seconds,
  r.due_at, p.as_of > r.due_at AS overdue, r.nudges, r.asked_at, r.asked_by, p.owner,
  r.outcome, r.conversation, r.response
FROM response_times r
JOIN partners p ON p.partner = r.partner
LEFT JOIN conversations c ON c.conversation = r.conversation
WHERE {_WAITS}
ORDER BY r.asked_at, r.response
"""


def _waiting(name: str, title: str, description: str, responder: str) -> View:
    return View(
        name=name,
        title=title,
        description=description,
        source=f"response_times, with {_AGE_SOURCE}",
        sql=_WAITING.replace("$responder", responder),
        columns=(
            PARTNER,
            *_of(PARTNERS, "name"),
            SUBJECT,
            Column("waiting_seconds", "INTEGER", "seconds", "How long it has been waiting."),
            *_of(RESPONSE_TIMES, "due_at"),
            Column(
                "overdue",
                "INTEGER",
                "flag",
                "Whether due_at has passed. Empty without a standard.",
            ),
            *_of(RESPONSE_TIMES, "nudges", "asked_at", "asked_by"),
            *_of(PARTNERS, "owner"),
            *_of(RESPONSE_TIMES, "outcome"),
            CONVERSATION,
            *_of(RESPONSE_TIMES, "response"),
        ),
        facets=("overdue", "owner"),
    )


WAITING_ON_US = _waiting(
    "waiting_on_us",
    "Waiting on us",
    "What partners asked and we have not answered, oldest first. It leaves the list when we "
    "answer, or when they have not written about it for as long as an ask is followed.",
    "us",
)
WAITING_ON_THEM = _waiting(
    "waiting_on_them",
    "Waiting on them",
    "What we asked and partners have not answered, oldest first. It leaves the list when they "
    "answer, or when we have not written about it for as long as an ask is followed.",
    "them",
)


def _day_number(instant: str) -> str:
    """Our working days up to and with the local day an instant lies in; NULL off the calendar."""
    return (
        f"(SELECT CASE WHEN {instant} < w.ends_at THEN w.working_days END FROM working_days w"
        f" WHERE w.begins_at <= {instant} ORDER BY w.begins_at DESC LIMIT 1)"
    )


def _gaps(where: str) -> str:
    return (
        f"(SELECT coalesce(sum(l.gaps), 0) FROM gap_lengths l WHERE l.partner = o.partner{where})"
    )


_PASSED = """CASE WHEN o.as_of >= s.act_at THEN 'act' WHEN o.as_of >= s.watch_at THEN 'watch' END"""

_SILENT_NOW = f"""
WITH o AS (
  SELECT g.*, p.name, p.owner, p.as_of, {_age("g.began_at")} AS silent_seconds,
    {_day_number("p.as_of")} - {_day_number("g.began_at")} AS days
  FROM silence_gaps g JOIN partners p ON p.partner = g.partner
  WHERE g.is_open = 1
)
SELECT o.partner, o.name, o.owner, {_PASSED} AS passed, o.silent_seconds,
  o.days AS gap_working_days, o.usual_gap_working_days,
  1.0 * o.days / nullif(o.usual_gap_working_days, 0) AS times_usual,
  CASE WHEN o.days IS NOT NULL THEN
    ({_gaps(" AND l.gap_working_days >= o.days")} + 1.0) / ({_gaps("")} + 2) END AS chance,
  {_gaps("")} AS gaps,
  CASE WHEN o.days IS NOT NULL THEN {_gaps(" AND l.gap_working_days >= o.days")} END AS as_long,
  o.last_from, o.began_at, s.watch_at, s.act_at, o.gap
FROM o LEFT JOIN partner_standing s ON s.partner = o.partner
ORDER BY coalesce(o.as_of >= s.act_at, 0) DESC, coalesce(o.as_of >= s.watch_at, 0) DESC,
  o.silent_seconds DESC, o.gap
"""

SILENT_NOW = View(
    name="silent_now",
    title="Silent now",
    description="How long it has been quiet between us and each partner, beside what is usual "
    "between the two: first the silences to act on, then those to watch.",
    source="silence_gaps and partner_standing; our working days; chance by (k + 1) / (n + 2)",
    sql=_SILENT_NOW,
    columns=(
        PARTNER,
        *_of(PARTNERS, "name", "owner"),
        Column(
            "passed",
            "TEXT",
            "state",
            "The line the silence has passed: act or watch. Empty when neither.",
        ),
        Column("silent_seconds", "INTEGER", "seconds", "Since the last contact."),
        Column(
            "gap_working_days",
            "INTEGER",
            "working days",
            "Since the last contact, weekends and holidays left out. Empty off the calendar.",
        ),
        USUAL_GAP,
        Column(
            "times_usual",
            "REAL",
            "times",
            "How many times the usual gap. Empty when the usual one is unknown or 0.",
        ),
        Column(
            "chance",
            "REAL",
            "share",
            "How often a gap of the last 12 months was at least as long as this silence: the "
            "smaller, the odder.",
        ),
        Column("gaps", "INTEGER", "count", "Gaps of the last 12 months, those that ended."),
        Column(
            "as_long",
            "INTEGER",
            "count",
            "Of these, how many were at least as long as this silence. Empty off the calendar.",
        ),
        LAST_FROM,
        *_of(SILENCE_GAPS, "began_at"),
        WATCH_AT,
        ACT_AT,
        *_of(SILENCE_GAPS, "gap"),
    ),
    facets=("passed", "last_from", "owner"),
)

# The columns of partner_standing people look at first; the others follow in their own order.
_FIRST = ("state", "because")
_NEXT = (
    *("last_from", "last_contact_at", "usual_gap_working_days"),
    *("ours_p50_seconds", "theirs_p50_seconds", "ours_response_rate", "theirs_response_rate"),
)
_REST = tuple(
    column.name
    for column in PARTNER_STANDING.columns
    if column.name not in ("partner", *_FIRST, *_NEXT)
)


def _waiting_counted(responder: str) -> str:
    """What a waiting view shows, counted by partner: without its order and the subjects."""
    return (
        f"SELECT r.partner, count(*) AS waiting, max({_age('r.asked_at')}) AS oldest"
        " FROM response_times r JOIN partners p ON p.partner = r.partner"
        f" WHERE {_WAITS.replace('$responder', responder)} GROUP BY r.partner"
    )


def _standing(names: tuple[str, ...]) -> str:
    return ", ".join(f's."{name}"' for name in names)


_PARTNER_HEALTH = f"""
SELECT s.partner, p.name, {_standing(_FIRST)},
  coalesce(u.waiting, 0) AS waiting_on_us, u.oldest AS oldest_waiting_on_us_seconds,
  coalesce(t.waiting, 0) AS waiting_on_them, t.oldest AS oldest_waiting_on_them_seconds,
  {_age("s.last_contact_at")} AS silent_seconds, p.owner, p.tier,
  {_standing(_NEXT)},
  {_standing(_REST)}
FROM partner_standing s
JOIN partners p ON p.partner = s.partner
LEFT JOIN ({_waiting_counted("us")}) u ON u.partner = s.partner
LEFT JOIN ({_waiting_counted("them")}) t ON t.partner = s.partner
ORDER BY s.urgency, coalesce(s.cause_since_at, s.last_contact_at), s.partner
"""

PARTNER_HEALTH = View(
    name="partner_health",
    title="Partner health",
    description="Every partnership at a glance, most urgent first: its state and why, what waits "
    "on whom, how long it has been quiet, and the figures of the last window.",
    source=f"partner_standing and the waiting views, with {_AGE_SOURCE}",
    sql=_PARTNER_HEALTH,
    columns=(
        PARTNER,
        *_of(PARTNERS, "name"),
        *_of(PARTNER_STANDING, *_FIRST),
        Column("waiting_on_us", "INTEGER", "count", "Asks of theirs that wait for us."),
        Column(
            "oldest_waiting_on_us_seconds",
            "INTEGER",
            "seconds",
            "How long the oldest of them has waited. Empty when none does.",
        ),
        Column("waiting_on_them", "INTEGER", "count", "Asks of ours that wait for them."),
        Column(
            "oldest_waiting_on_them_seconds",
            "INTEGER",
            "seconds",
            "How long the oldest of them has waited. Empty when none does.",
        ),
        Column(
            "silent_seconds",
            "INTEGER",
            "seconds",
            "Since the last contact either way. Empty without one.",
        ),
        *_of(PARTNERS, "owner", "tier"),
        *_of(PARTNER_STANDING, *_NEXT),
        *_of(PARTNER_STANDING, *_REST),
    ),
    facets=("state", "owner", "tier"),
)
