"""What the front page shows, in few queries: whole lists are counted, one page of them is read.

The order is that of the view `partner_health`; that view reckons the waits of all partners, which
a page of fifty can't wait for.
"""

# ruff: noqa: S608 - no SQL here holds anything but words of this file and conditions made of them

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from inbox_agent.datasette_plugin.enough import ENOUGH_HELD, FEWEST_ASKS
from inbox_agent.datasette_plugin.front.choice import PAGE_SIZE, Choice, Tally, chosen, searched
from inbox_agent.datasette_plugin.front.sparklines import Month
from inbox_agent.datasette_plugin.local_times import instant
from inbox_agent.datasette_plugin.reading import Reader, Row

_COUNTS = """
select s.state, p.owner, p.tier, count(*) as partners,
  sum(s.sent_coverage_high < {seen}) as unseen
from partner_standing s join partners p on p.partner = s.partner
where {condition} group by s.state, p.owner, p.tier
"""
_SIDE = ("asks", "p50_seconds", "p50_reached", "arrow")
_STANDING = (
    *("partner", "as_of", "state", "because", "last_contact_at", "last_from"),
    *("usual_gap_working_days", "longest_gap_working_days", "watch_at", "act_at"),
    *("sent_coverage", "sent_coverage_high"),
    *(f"{side}_{name}" for side in ("ours", "theirs") for name in _SIDE),
)
_PAGE = f"""
select {", ".join(f"s.{name}" for name in _STANDING)}, p.name, p.owner, p.tier
from partner_standing s join partners p on p.partner = s.partner
where {{condition}}
order by s.urgency, coalesce(s.cause_since_at, s.last_contact_at), s.partner
limit :size offset :offset
"""
# Of a list in the query itself SQLite makes a look-up in what is below a view; of no other.
PARTNERS = tuple(f"partner{number}" for number in range(PAGE_SIZE))
_AMONG = f"partner in ({', '.join(f':{name}' for name in PARTNERS)})"
# SQLite takes the other columns from the row that holds the least value.
_WAITING = f"""
select partner, count(*) as waiting, min(asked_at) as asked_at, subject, due_at, overdue, nudges
from {{view}} where {_AMONG} group by partner
"""
#: What is looked up for the partners of one page only.
DETAILS = (
    _WAITING.format(view="waiting_on_us"),
    _WAITING.format(view="waiting_on_them"),
    f"select partner, gap_working_days from silent_now where {_AMONG}",
)
_MONTHS = f"""
select partner, period, p50_seconds, p50_reached from response_times_by_period
where {_AMONG} and responder = :responder and period_kind = 'month'
  and period in (select value from json_each(:months))
"""


@dataclass(frozen=True, slots=True)
class Side:
    """How fast one side answered in the window, and month by month."""

    name: str
    asks: int
    p50_seconds: int | None
    is_reached: bool | None
    arrow: str | None
    months: Sequence[Month]

    @property
    def is_few(self) -> bool:
        """Whether there are too few asks for a percentile."""
        return self.asks < FEWEST_ASKS


@dataclass(frozen=True, slots=True)
class Card:
    """One partner on the page: its row, who waits for whom, how long it has been quiet."""

    row: Row
    on_us: Row | None
    on_them: Row | None
    silent_days: int | None
    ours: Side
    theirs: Side

    @property
    def is_unseen(self) -> bool:
        """Whether too much of what we sent is missing to tell how fast we answer."""
        high = self.row["sent_coverage_high"]
        return high is not None and high < ENOUGH_HELD

    @property
    def silence(self) -> str:
        """The line the present silence has passed, "act" or "watch", else ""."""
        as_of, act_at, watch_at = (self.row[n] for n in ("as_of", "act_at", "watch_at"))
        if act_at and as_of >= act_at:
            return "act"
        return "watch" if watch_at and as_of >= watch_at else ""


async def tally_of(reader: Reader, choice: Choice) -> Tally:
    """Every partner that the search leaves in, counted."""
    condition, arguments = searched(choice)
    sql = _COUNTS.format(seen=ENOUGH_HELD, condition=condition)
    return Tally(choice, await reader.rows(sql, **arguments))


async def cards_of(reader: Reader, choice: Choice, today: date) -> list[Card]:
    """The partners of one page, the most urgent first; `today` ends the twelve months."""
    condition, arguments = chosen(choice)
    offset = (choice.page - 1) * PAGE_SIZE
    sql = _PAGE.format(condition=condition)
    rows = await reader.rows(sql, **arguments, size=PAGE_SIZE, offset=offset)
    partners = dict.fromkeys(PARTNERS) | dict(
        zip(PARTNERS, (row["partner"] for row in rows), strict=False)
    )
    on_us, on_them, silent = [
        {row["partner"]: row for row in await reader.rows(sql, **partners)} for sql in DETAILS
    ]
    months = months_until(today)
    ours, theirs = [await _by_month(reader, partners, who, months) for who in ("us", "them")]
    return [
        Card(
            row,
            on_us.get(row["partner"]),
            on_them.get(row["partner"]),
            silent.get(row["partner"], {}).get("gap_working_days"),
            _side(row, "ours", ours, months),
            _side(row, "theirs", theirs, months),
        )
        for row in rows
    ]


def months_until(today: date) -> list[date]:
    """The first days of twelve months, that of `today` the last."""
    months = [today.replace(day=1)]
    while len(months) < 12:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months[::-1]


async def _by_month(
    reader: Reader, partners: Mapping[str, str | None], responder: str, months: Sequence[date]
) -> Mapping[tuple[str, str], Row]:
    names = json.dumps([f"{month:%Y-%m}" for month in months])
    rows = await reader.rows(_MONTHS, **partners, responder=responder, months=names)
    return {(row["partner"], row["period"]): row for row in rows}


def _side(
    row: Row, side: str, found: Mapping[tuple[str, str], Row], months: Sequence[date]
) -> Side:
    reached = row[f"{side}_p50_reached"]
    return Side(
        side,
        row[f"{side}_asks"] or 0,
        row[f"{side}_p50_seconds"],
        None if reached is None else bool(reached),
        row[f"{side}_arrow"],
        [_month(month, found.get((row["partner"], f"{month:%Y-%m}"))) for month in months],
    )


def _month(month: date, row: Row | None) -> Month:
    if row is None:
        return Month(f"{month:%b}")
    reached = row["p50_reached"]
    return Month(f"{month:%b}", row["p50_seconds"], None if reached is None else bool(reached))


# -- since yesterday ------------------------------------------------------------------------

_NAMED = 3
_NEWS = f"""
select * from (
  select found.*, count(*) over (partition by news) as alerts,
    row_number() over (partition by news order by level, raised_at, alert) as place
  from (
    select a.alert, a.partner, p.name, a.kind, a.level, a.raised_at,
      case when a.cleared_at > :since then 'over' when a.raised_at > :since then 'new'
        else 'graver' end as news
    from alerts a
    left join partners p on p.partner = a.partner
    left join partner_standing s on s.partner = a.partner
    where (a.raised_at > :since or a.act_raised_at > :since or a.cleared_at > :since)
      and {{condition}}
  ) found
) where place <= {_NAMED}
order by news, place
"""
_FIRST_POLL = "select started_at from polls order by poll limit 1"


@dataclass(frozen=True, slots=True)
class News:
    """What the last day brought: "new", "graver" or "over", each with the first few of its alerts.

    Every row says under `alerts` how many there are of its kind.
    """

    since_at: str
    kinds: Mapping[str, Sequence[Row]]


_MOST_LINKED = 100
_LINKED = f"""
select p.partner from partners p join partner_standing s on s.partner = p.partner
where {{condition}} order by p.partner limit {_MOST_LINKED + 1}
"""


async def partner_filter(reader: Reader, choice: Choice) -> str | None:
    """What narrows a table of Datasette's to the partners chosen, whatever their state.

    Tables know partners by key alone, so that each is named. Empty where all are chosen; None
    where they are too many for an address.
    """
    choice = Choice(owner=choice.owner, tier=choice.tier, q=choice.q)
    if not choice.is_filtered:
        return ""
    condition, arguments = chosen(choice)
    rows = await reader.rows(_LINKED.format(condition=condition), **arguments)
    if len(rows) > _MOST_LINKED:
        return None
    return "&" + urlencode({"partner__in": json.dumps([row["partner"] for row in rows])})


#: The same kinds as filters of the table `alerts`.
NEWS_FILTERS = {
    "new": "raised_at__gt={since}&cleared_at__isnull=1",
    "graver": "act_raised_at__gt={since}&raised_at__lte={since}&cleared_at__isnull=1",
    "over": "cleared_at__gt={since}",
}


async def news_of(reader: Reader, choice: Choice, as_of: str) -> News | None:
    """The last 24 hours before `as_of`; None when the mail was not yet read before them."""
    since = f"{instant(as_of) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    first = await reader.row(_FIRST_POLL)
    if first and first["started_at"] and first["started_at"] > since:
        return None  # all that holds was raised at the first reading
    condition, arguments = chosen(Choice(owner=choice.owner, tier=choice.tier, q=choice.q))
    sql = _NEWS.format(condition=condition)
    rows = await reader.rows(sql, **arguments, since=since)
    kinds = {kind: [row for row in rows if row["news"] == kind] for kind in NEWS_FILTERS}
    return News(since, {kind: found for kind, found in kinds.items() if found})
