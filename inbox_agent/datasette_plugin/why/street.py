"""What each side does for the other: who opens conversations, who reminds whom, and how soon."""

from __future__ import annotations

from inbox_agent.datasette_plugin.why.behind import Behind, Explained
from inbox_agent.datasette_plugin.why.lists import Wanted
from inbox_agent.datasette_plugin.why.waits import (
    asks_left_out,
    asks_of,
    asks_outside,
    letters_left_out,
    passed_over,
)
from inbox_agent.figure_names import Responder
from inbox_agent.words import counted

_AFTER = "strftime('%s', first_nudge_at) - strftime('%s', asked_at)"


async def of_openers(behind: Behind) -> Explained:
    """The conversations that began in the window, by who began them."""
    days = behind.days
    began = behind.cut("conversations").between("opened_at", days.begins_at, days.ends_at)
    order, sort = "opened_at, conversation", {"_sort": "opened_at"}
    wanted = [
        Wanted(by, "conversations", f"Opened by {by}", began.and_(opened_by=by), order, sort=sort)
        for by in ("us", "them")
    ]
    made_of = await behind.listed(*wanted)
    total = sum(each.total for each in made_of)
    said = [f"{counted(total, 'conversation')} began in these days: {made_of[0].total} by us."]
    earlier = behind.cut("conversations", opened_at__lt=days.begins_at)
    later = behind.cut("conversations", opened_at__gte=days.ends_at)
    lines = [
        await behind.left_out(earlier, "conversations", "began before the window"),
        await behind.left_out(later, "conversations", "began since the last midnight"),
    ]
    return Explained(
        said=said,
        made_of=made_of,
        left_out=[line for line in lines if line] + await letters_left_out(behind, days),
    )


async def of_reminders(behind: Behind, side: Responder) -> Explained:
    """The reminders of all asks of the window, also of those that are in no figure."""
    asks = asks_of(behind, side, behind.days)
    reminded, order = asks.and_(nudges__gt=0), "asked_at, response"
    wanted = Wanted("rows", "reminders", "Asks with reminders", reminded, order)
    lines = [await behind.left_out(asks.and_(nudges=0), "asks", "nobody reminded of them")]
    lines += await asks_outside(behind, side, behind.days)
    row = await behind.one("sum(nudges) AS n", asks)
    return Explained(
        said=[
            f"{counted(row['n'] or 0, 'reminder')} of the asks of these days.",
            "Those of asks that are in no other figure count here, too.",
        ],
        made_of=await behind.listed(wanted),
        left_out=[line for line in lines if line] + await letters_left_out(behind, behind.days),
    )


async def of_patience(behind: Behind, side: Responder) -> Explained:
    """After how long a side reminds: all asks that count, by when the first reminder came."""
    asks = asks_of(behind, side, behind.days).and_(counts=1)
    reminded, others = asks.and_(first_nudge_at__notnull=1), asks.and_(first_nudge_at__isnull=1)
    soonest = f"{_AFTER}, response"
    lists = (
        Wanted("rows", "reminders", "Reminded of, the soonest first", reminded, soonest),
        Wanted(side, "waits", "Waited for without a reminder", others, "asked_at, response"),
    )
    lines = await asks_left_out(behind, (side,), behind.days)
    said = ["Half of the asks that still waited had a reminder by then; answers end the waiting."]
    if behind.figure.value is None:
        said.append("It is empty: fewer than 5 asks, or fewer than half had a reminder.")
    return Explained(
        said=said,
        made_of=await behind.listed(*lists),
        left_out=[line for line in lines if line] + await letters_left_out(behind, behind.days),
        others=await behind.listed(passed_over(behind, side, behind.days)),
    )
