"""What the review pages ask `partners.db`: frozen rows by key, and what is known of today.

The key of `reviews` begins with quarter and partner; no query looks at more than it shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import unquote

from datasette.utils.asgi import NotFound

from inbox_agent.datasette_plugin.local_times import LocalTimes
from inbox_agent.datasette_plugin.reading import Reader, Row

_QUARTER = re.compile("([0-9]{4})-Q[1-4]")
#: The standards of a partner, by their names in a review.
STANDARDS = (
    "we_answer_within",
    "they_answer_within",
    "contact_every",
    "contact_at_least_every",
    "min_contacts",
)
#: What a line of the table of partners is made of.
_OF_A_LINE = (
    "letters_in",
    "letters_out",
    *(
        f"{side}_{name}"
        for side in ("ours", "theirs")
        for name in ("asks", "p50_seconds", "rate_so_far", "change", "change_p")
    ),
    "ours_longest_wait_1_seconds",
    "theirs_longest_wait_1_seconds",
)

# One step by key for each quarter, or partner, instead of reading all rows of all.
_QUARTERS = """
WITH RECURSIVE found(quarter) AS (
  SELECT max(quarter) FROM reviews
  UNION ALL
  SELECT (SELECT max(quarter) FROM reviews WHERE quarter < found.quarter)
  FROM found WHERE found.quarter IS NOT NULL
)
SELECT r.quarter, r.value AS partners, r.frozen_at, r.version, r.config_digest
FROM found JOIN reviews r
  ON r.quarter = found.quarter AND r.partner = 'team' AND r.measure = 'partners'
ORDER BY r.quarter DESC
"""
_STATE = (
    "(SELECT words FROM reviews WHERE quarter = :quarter AND partner = found.partner"
    " AND measure = '{}_state') AS {}"
)
_PARTNERS = f"""
WITH RECURSIVE found(partner) AS (
  SELECT min(partner) FROM reviews WHERE quarter = :quarter
  UNION ALL
  SELECT (SELECT min(partner) FROM reviews WHERE quarter = :quarter AND partner > found.partner)
  FROM found WHERE found.partner IS NOT NULL
)
SELECT found.partner, today.owner, today.tier,
  (SELECT words FROM reviews WHERE quarter = :quarter AND partner = found.partner
   AND measure = 'name') AS name,
  {", ".join(_STATE.format(name, name) for name in STANDARDS)}
FROM found LEFT JOIN partners today ON today.partner = found.partner
WHERE found.partner <> 'team'
"""  # noqa: S608 - our own names
_SCOPES = """
SELECT * FROM team_by_period WHERE period IN (:quarter, :before) AND scope <> 'team'
ORDER BY scope, responder DESC, period DESC
"""


async def frozen_quarters(reader: Reader) -> Sequence[Row]:
    """One row a frozen quarter, latest first: partners, when and with what it was frozen."""
    return await reader.rows(_QUARTERS)


async def rows_of(reader: Reader, quarter: str, partner: str) -> Sequence[Row]:
    """The frozen rows of one partner (or `team`) in a quarter."""
    sql = "SELECT * FROM reviews WHERE quarter = :quarter AND partner = :partner"
    return await reader.rows(sql, quarter=quarter, partner=partner)


async def partners_of(reader: Reader, quarter: str) -> Sequence[Row]:
    """The partners of a quarter: the state of each standard then, owner and tier of today."""
    return await reader.rows(_PARTNERS, quarter=quarter)


async def lines_of(reader: Reader, quarter: str, partners: Sequence[str]) -> Sequence[Row]:
    """The rows that the table of partners shows of some of them."""
    sql = """
        SELECT * FROM reviews WHERE quarter = :quarter
        AND partner IN (SELECT value FROM json_each(:partners))
        AND measure IN (SELECT value FROM json_each(:measures))
    """
    return await reader.rows(
        sql, quarter=quarter, partners=json.dumps(partners), measures=json.dumps(_OF_A_LINE)
    )


async def scopes_of(reader: Reader, quarter: str, before: str) -> Sequence[Row]:
    """The figures by owner and tier in a quarter and the one before it, as known today."""
    return await reader.rows(_SCOPES, quarter=quarter, before=before)


async def count_of(reader: Reader, quarter: str) -> int:
    """How many rows a quarter has."""
    row = await reader.row(
        "SELECT count(*) AS rows FROM reviews WHERE quarter = :quarter", quarter=quarter
    )
    return int(row["rows"]) if row else 0


async def definitions(reader: Reader) -> dict[str, Row]:
    """What each measure means, by each of the names it is known by."""
    rows = await reader.rows("SELECT name, title, definition FROM definitions")
    return {name: row for row in rows for name in row["name"].split(", ")}


async def quarters_over(reader: Reader, times: LocalTimes) -> list[str]:
    """The quarters with mail that are over at the moment of the figures, latest first."""
    row = await reader.row("SELECT min(first_contact_at) AS first FROM partners")
    if not row or not row["first"]:
        return []
    last = times.as_of.astimezone(times.zone).date()
    return over(times.local_date(row["first"]), last)


def over(first: date, today: date) -> list[str]:
    """The quarters from that of a day on that are over on another, latest first."""
    numbers = range(_number(first), _number(today))
    return [f"{number // 4}-Q{number % 4 + 1}" for number in reversed(numbers)]


def _number(day: date) -> int:
    return day.year * 4 + (day.month - 1) // 3


def quarter_asked_for(request: Any) -> str:
    """The quarter that a page's address names; raises NotFound where it names none."""
    name = unquote(request.url_vars["quarter"])
    match = _QUARTER.fullmatch(name)
    if match is None or not 1990 <= int(match[1]) < 9999:
        raise NotFound("That is no quarter; a quarter is written like 2026-Q3.")
    return name
