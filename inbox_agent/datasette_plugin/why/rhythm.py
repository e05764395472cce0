"""The days with contact a figure is made of: gaps, the last contact, past alarms of silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from inbox_agent.datasette_plugin.why.behind import Behind, Explained
from inbox_agent.datasette_plugin.why.cuts import Cut
from inbox_agent.datasette_plugin.why.lists import Listing, Wanted
from inbox_agent.datasette_plugin.why.waits import letters_left_out
from inbox_agent.datasette_plugin.why.windows import text
from inbox_agent.datasette_plugin.why.words import ordinal
from inbox_agent.words import counted

#: So many gaps make a rhythm to hold a silence against.
_FEWEST_GAPS = 8
_LENGTH = "gap_working_days"


async def of_gaps(behind: Behind) -> Explained:
    """The usual and the longest gap: one of those that ended in the 12 months before."""
    since = behind.calendar.year_before(text(behind.calendar.as_of))
    ended = behind.cut("contact_gaps", ended_at__gt=since)
    count, is_usual = await behind.lists.count(ended), behind.figure.name.startswith("usual")
    made_of = await behind.listed(
        _gaps(ended, None, (count + 1) // 2) if is_usual else _gaps(ended, behind.figure.value)
    )
    said = [f"{counted(count, 'gap')} between two days with contact ended in the 12 months before."]
    if behind.figure.value is None:
        said.append("It is empty while none has ended.")
    elif is_usual:
        said.append(f"The middle one by length is the {ordinal((count + 1) // 2)}.")
    return Explained(
        said=said,
        made_of=made_of,
        left_out=await letters_left_out(behind, behind.calendar.months_12),
        others=await behind.listed(_going_on(behind)),
    )


async def of_limits(behind: Behind) -> Explained:
    """From when a silence is too long: the longest gap before it, and the standards of contact."""
    last = behind.figures.standing.get("last_contact_at")
    if last is None:
        return Explained(said=["There was no contact yet, so there is no silence."])
    ended = behind.cut("contact_gaps", ended_at__gt=behind.calendar.year_before(last))
    row = await behind.one(f"count(*) AS n, max({_LENGTH}) AS longest", ended)
    said = [f"{counted(row['n'], 'gap')} ended in the 12 months before the last contact."]
    if row["n"] < _FEWEST_GAPS:
        said.append(f"With fewer than {_FEWEST_GAPS} there is no rhythm to go by.")
    else:
        said.append(_by_rhythm(behind.figure.name, row["longest"]))
    name = "contact_every" if behind.figure.name == "watch_at" else "contact_at_least_every"
    standard = behind.figures.standards.get(name)
    if standard:
        said.append(f"By standard at most {standard['target']} after the last contact.")
    said.append("The earlier of the two holds, and stays until somebody writes.")
    return Explained(
        said=said,
        made_of=await behind.listed(replace(_gaps(ended, row["longest"]), word="the longest")),
        left_out=await letters_left_out(behind, behind.calendar.months_12),
        others=await behind.listed(_going_on(behind)),
    )


def _by_rhythm(name: str, longest: int) -> str:
    if name == "watch_at":
        return (
            f"By rhythm a silence is to be watched once it passes the longest of them,"
            f" {counted(longest, 'working day')}."
        )
    return (
        f"By rhythm it is to be acted on once it passes twice the longest of them"
        f" ({counted(longest, 'working day')}), and a working week."
    )


def _gaps(cut: Cut, longest: Any, place: int | None = None) -> Wanted:
    """All of them: the longest first and marked, or the shortest first and one marked by place."""
    first, down = ("shortest", "") if place else ("longest", " DESC")
    return Wanted(
        name="rows",
        kind="gaps",
        title=f"Gaps between two days with contact, the {first} first",
        cut=cut,
        order=f"{_LENGTH}{down}, began_at, gap",
        marked=None if place else (_LENGTH, longest),
        place=place,
        sort={"_sort_desc" if down else "_sort": _LENGTH},
    )


def _going_on(behind: Behind) -> Wanted:
    return Wanted(
        name="open",
        kind="gaps",
        title="The silence that is going on is not among them",
        cut=behind.cut("contact_gaps", ended_at__isnull=1),
        order="gap",
    )


async def of_last_contact(behind: Behind) -> Explained:
    """The letter that was the last contact."""
    at = behind.figures.standing.get("last_contact_at")
    if at is None:
        return Explained(said=["There was no contact yet."])
    made_of = await behind.listed(
        Wanted(
            name="rows",
            kind="letters",
            title="The last contact",
            cut=behind.cut("messages", at=at),
            order="message",
        )
    )
    later = behind.cut("messages", counts=0, at__gt=at)
    line = await behind.left_out(
        later, "letters", "later, and no contact (see why they don't count)"
    )
    said = ["A contact is a letter that a person wrote, or an invitation or an answer to one."]
    return Explained(said=said, made_of=made_of, left_out=[line] if line else [])


async def of_alarms(behind: Behind) -> Explained:
    """The alarms of silence of the 12 months before the last midnight."""
    since = behind.calendar.months_12.begins_at
    alarms = behind.cut("alarm_record", level="watch", raised_at__gt=since)
    if behind.figure.name == "alarms_came_back":
        rest = alarms.and_(came_back_within_30_days__not=1)
        unknown = alarms.and_(came_back_within_30_days__isnull=1)
        lines = [
            await behind.left_out(rest, "alarms", "they did not write within 30 days"),
            await behind.left_out(unknown, "alarms", "the 30 days are not over"),
        ]
        alarms = alarms.and_(came_back_within_30_days=1)
    else:
        lines = []
    wanted = Wanted("rows", "alarms", "Alarms by their own rhythm", alarms, "raised_at, alarm")
    return Explained(
        said=["A silence is counted once, by the alarm to watch it."],
        made_of=await behind.listed(wanted),
        left_out=[line for line in lines if line],
    )


async def of_silence_standard(behind: Behind, row: Mapping[str, Any], missed: Any) -> Explained:
    """Whether contact is often enough: the gaps that ended in the window, and the present one."""
    gaps = behind.cut("contact_gaps")
    made_of = await behind.listed(
        Wanted(
            name="rows",
            kind="gaps",
            title="Gaps that ended in the window or since, the longest first",
            cut=gaps.and_(ended_at__gte=behind.days.begins_at),
            order=f"{_LENGTH} DESC, began_at, gap",
        ),
        Wanted(
            "open", "gaps", "The silence that is going on", gaps.and_(ended_at__isnull=1), "gap"
        ),
    )
    said = [f"Asked for: contact at least every {row['target']}."]
    if missed:
        said.append(f"{counted(len(missed), 'silence')} of these too long: marked in the list.")
    return Explained(
        said=said,
        made_of=[_with_missed(each, missed) for each in made_of],
        left_out=await letters_left_out(behind, behind.days),
    )


def _with_missed(listing: Listing, missed: Sequence[str]) -> Listing:
    rows = [{**row, "is_missed": row["gap"] in missed} for row in listing.rows]
    return replace(listing, rows=rows, marked=("is_missed", True))
