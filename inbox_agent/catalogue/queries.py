"""Questions people ask of the tables, as queries with a name: each answer fits on a page.

They can be run without leave to write SQL, and give `MOST_ROWS`: Datasette shows them all on one
page, which takes a second where there are a thousand. What people carry away whole is a table or a
view: Datasette cuts the answer of a query off at a number of rows and says nothing of it.
"""

# ruff: noqa: S608 - no SQL here holds anything but words of this file

from __future__ import annotations

from dataclasses import dataclass

#: So many rows at most; the description says so.
MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Query:
    """A query by name. What stands in it as ``:owner`` is asked for on its page."""

    name: str
    title: str
    description: str
    sql: str


_AS_OF = "(SELECT as_of FROM about)"
_DAY = "strftime('%Y-%m-%dT%H:%M:%SZ', {at}, '{by} days')"
_MONTH_AGO = _DAY.format(at=_AS_OF, by="-30")
_WEEK_AHEAD = _DAY.format(at=_AS_OF, by="+7")
# An empty field on the page means everybody.
_OWNED = "(coalesce(:owner, '') = '' OR p.owner = :owner)"

QUERIES: tuple[Query, ...] = (
    Query(
        "to_write_to",
        "Whom to write to",
        "Partners to act on and those to watch, with the reason, most urgent first. An owner's "
        "address keeps to that owner's; empty means all.",
        f"""
SELECT s.partner, p.name, s.state, s.because, s.last_from, s.last_contact_at, p.owner
FROM partner_standing s JOIN partners p ON p.partner = s.partner
WHERE s.state IN ('act', 'watch') AND {_OWNED}
ORDER BY s.urgency, coalesce(s.cause_since_at, s.last_contact_at), s.partner
LIMIT 200""",
    ),
    Query(
        "due_this_week",
        "Due in the next seven days",
        "What partners asked and wait for, with what has passed its time and what will within a "
        "week, soonest first.",
        f"""
SELECT w.partner, w.name, w.subject, w.asked_at, w.due_at, w.overdue, w.nudges, w.owner,
  w.conversation, w.response
FROM waiting_on_us w
WHERE w.due_at <= {_WEEK_AHEAD}
ORDER BY w.due_at, w.response
LIMIT 200""",
    ),
    Query(
        "silent_soon",
        "Silences that pass a line within seven days",
        "Partners it is quiet with, who are not yet to be watched or acted on and will be within "
        "a week if nobody writes.",
        f"""
SELECT s.partner, p.name, s.last_from, s.last_contact_at, s.usual_gap_working_days,
  s.longest_gap_working_days, s.watch_at, s.act_at, p.owner
FROM partner_standing s JOIN partners p ON p.partner = s.partner
WHERE (s.watch_at > s.as_of AND s.watch_at <= {_WEEK_AHEAD})
  OR (s.act_at > s.as_of AND s.act_at <= {_WEEK_AHEAD})
ORDER BY min(coalesce(s.watch_at, s.act_at), coalesce(s.act_at, s.watch_at)), s.partner
LIMIT 200""",
    ),
    Query(
        "standards_at_risk",
        "Standards at risk or broken",
        "Every standard that is broken or has few misses left, with the day it breaks if nobody "
        "writes; not those that fewer than 5 asks fall under.",
        """
SELECT t.partner, p.name, t.standard, t.target, t.misses, t.asks, t.actual, t.unit, t.state,
  t.misses_left,
  t.breaks_at, p.owner
FROM standards t JOIN partners p ON p.partner = t.partner
WHERE t.state IN ('broken', 'at risk') AND (t.unit IS NOT 'share' OR t.asks >= 5)
ORDER BY t.state = 'broken' DESC, t.breaks_at, t.partner, t.standard
LIMIT 200""",
    ),
    Query(
        "new_faces",
        "New faces of the last 30 days",
        "People of partners whose first letter came within 30 days, and who introduced them.",
        f"""
SELECT c.partner, p.name AS partner_name, c.address, c.name, c.first_seen_at, c.introduced_by,
  c.messages
FROM contacts c JOIN partners p ON p.partner = c.partner
WHERE c.side = 'them' AND c.first_seen_at > {_MONTH_AGO}
ORDER BY c.first_seen_at DESC, c.partner, c.address
LIMIT 200""",
    ),
    Query(
        "quiet_or_gone",
        "People who went quiet or are gone",
        "People of partners who no longer write or whose address fails, and who may have taken "
        "over.",
        """
SELECT c.partner, p.name AS partner_name, c.address, c.name, c.state, c.last_seen_at, c.gone_at,
  c.successor
FROM contacts c JOIN partners p ON p.partner = c.partner
WHERE c.side = 'them' AND c.state IN ('quiet', 'gone')
ORDER BY c.last_seen_at DESC, c.partner, c.address
LIMIT 200""",
    ),
    Query(
        "introductions_without_answer",
        "Introductions nobody answered",
        "Introductions, received and given, that got no answer yet or came to nothing.",
        """
SELECT i.partner, p.name AS partner_name, i.newcomer, i.introduced_by, i.introduced_at,
  i.received, i.answered_at, i.alive_after_90_days
FROM introductions i JOIN partners p ON p.partner = i.partner
WHERE i.answered_at IS NULL OR i.alive_after_90_days = 0
ORDER BY i.introduced_at DESC, i.partner, i.newcomer
LIMIT 200""",
    ),
    Query(
        "without_owner",
        "Partners without an owner",
        "Partners nobody is named for, those with most letters first.",
        """
SELECT p.partner, p.name, s.state, p.messages_in + p.messages_out AS letters, p.last_inbound_at
FROM partners p JOIN partner_standing s ON s.partner = p.partner
WHERE p.owner IS NULL
ORDER BY letters DESC, p.partner
LIMIT 200""",
    ),
    Query(
        "one_person_partnerships",
        "Partnerships that hang on one person",
        "Partners of whom one person carries four fifths of the mail, where several have written.",
        """
SELECT s.partner, p.name, s.their_people, s.their_people_80, p.owner
FROM partner_standing s JOIN partners p ON p.partner = s.partner
WHERE s.their_people_80 = 1
ORDER BY s.their_people DESC, s.partner
LIMIT 200""",
    ),
)
