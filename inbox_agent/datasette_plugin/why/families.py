"""Which figure is made of what: the one place that knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from inbox_agent.datasette_plugin.why import change, people, rhythm, standing, street, waits
from inbox_agent.datasette_plugin.why.behind import Behind, Explained
from inbox_agent.datasette_plugin.why.names import OF_ASKS, SIDES
from inbox_agent.datasette_plugin.why.standards import of_standard, standard_of
from inbox_agent.datasette_plugin.why.windows import Days
from inbox_agent.figure_names import sides_of

_NOTHING = (
    "No single letter stands behind it: it is the first moment at which a due time, a limit or a "
    "midnight changes something."
)


async def explained(behind: Behind) -> Explained:
    """How the figure came about, and the rows behind it."""
    name = behind.figure.name
    if is_of_asks(name):
        return await waits.of_asks(behind, sides_of(name)[0])
    standard = standard_of(name, behind.figures.standards)
    if standard:
        return await of_standard(behind, standard)
    for names, make in _MADE:
        if name.startswith(names):
            return await make(behind)
    return Explained(said=[_NOTHING])


def is_of_asks(name: str) -> bool:
    """Whether it is one of the figures of a set of asks."""
    return any(name.removeprefix(side) in OF_ASKS for side in SIDES if name.startswith(side))


def days_of(behind: Behind) -> Days | None:
    """The days that the figure is made of; None where it is of the moment."""
    name = behind.figure.name
    if name.startswith(_OF_12_MONTHS):
        return behind.calendar.months_12
    if name.startswith(_OF_DRIFT):
        return change.days_of(behind)
    return None if name.startswith(_OF_THE_MOMENT) else behind.days


async def _reminders(behind: Behind) -> Explained:
    return await street.of_reminders(behind, sides_of(behind.figure.name)[0])


async def _patience(behind: Behind) -> Explained:
    return await street.of_patience(behind, sides_of(behind.figure.name)[0])


async def _people(behind: Behind) -> Explained:
    return await people.of_people(behind, "us" if "our" in behind.figure.name[:3] else "them")


_OF_DRIFT = ("drift_", "ours_arrow", "theirs_arrow")
_OF_12_MONTHS = (
    *("usual_gap", "longest_gap", "alarms_", "two_way", "longest_two_way", "introductions_"),
    *("sent_coverage", "ours_trend", "theirs_trend"),
)
_OF_THE_MOMENT = (
    *("state", "because", "cause", "urgency", "next_change_at", "last_contact_at", "last_from"),
    *("watch_at", "act_at"),
)
_MADE: tuple[tuple[tuple[str, ...], Callable[[Behind], Awaitable[Explained]]], ...] = (
    (("state", "because", "cause", "urgency"), standing.of_state),
    (("fairness",), waits.of_both_sides),
    (("nudges_by",), _reminders),
    (("nudged_by",), _patience),
    (("opened_by",), street.of_openers),
    (("two_way_weeks", "longest_two_way_weeks"), people.of_weeks),
    (("usual_gap", "longest_gap"), rhythm.of_gaps),
    (("watch_at", "act_at"), rhythm.of_limits),
    (("last_contact_at", "last_from"), rhythm.of_last_contact),
    (("alarms_",), rhythm.of_alarms),
    (_OF_DRIFT, change.of_drift),
    (("ours_trend", "theirs_trend"), change.of_trend),
    (("their_people", "our_people"), _people),
    (("introductions_",), people.of_introductions),
    (("sent_coverage",), people.of_coverage),
)
