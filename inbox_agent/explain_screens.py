"""The screens of `explain`: a figure in words, the waits behind it, and what would change it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.table import Table

from inbox_agent.addresses import Side
from inbox_agent.explaining import (
    Case,
    Value,
    Values,
    Wait,
    definition_of,
    figures_meant,
    left_out,
    silences_of,
    values_of,
    waits_of,
)
from inbox_agent.figure_names import is_of_rhythm, sides_of
from inbox_agent.screens import duration, printable
from inbox_agent.standing import window
from inbox_agent.words import percent, working_duration

#: So many of the latest waits and gaps are listed without ``--all``.
FEW = 20
_SUBJECT_CHARACTERS = 44
_SIDES: tuple[Side, ...] = ("us", "them")


@dataclass(frozen=True, slots=True)
class Explained:
    """What `explain` was asked: as it is, and as it would be where something is set."""

    case: Case
    changed: Case | None
    figure: str | None
    shows_all: bool

    def day(self, at: datetime | None) -> str:
        """An instant by the team's clock; a dash where there is none."""
        return f"{at.astimezone(self.case.clock.zone):%Y-%m-%d %H:%M}" if at else "-"


def show(asked: Explained, console: Console) -> None:
    """Everything, on a terminal of 80 columns. Raises ConfigError for an unknown figure."""
    values = values_of(asked.case)
    changed = values_of(asked.changed) if asked.changed else None
    names = figures_meant(asked.figure, list({**values, **(changed or {})}))
    partner, record = asked.case.record.partner, asked.case.record
    name = asked.case.privacy.partner(partner.key)
    title = f"{partner.name} ({name})" if partner.name and "@" not in partner.key else name
    console.print(f"[bold]{printable(title)}[/], as of {asked.day(record.as_of)}")
    _because(asked, console)
    if asked.figure is None:
        console.print(_list(names, values, changed, asked))
        return
    for each in names:
        console.print()
        _figure(each, values, changed, asked, console)
    _behind(names, asked, console)


def _because(asked: Explained, console: Console) -> None:
    standing = asked.case.record.standing
    said = asked.case.privacy.told(standing.because, standing.people)
    console.print(f"{standing.state}: {printable(said)}")


# -- values ---------------------------------------------------------------------------------


def shown_value(found: Value | None, day: Callable[[datetime | None], str]) -> str:
    """A figure for people: durations, shares in per cent, instants by the team's clock."""
    if found is None or found.value is None:
        return "-"
    value, unit = found.value, found.unit
    if unit in ("seconds", "working seconds"):
        return f"{working_duration(value)} of work" if "work" in unit else duration(value)
    if unit == "share":
        return percent(value)
    if unit == "UTC instant":
        return day(datetime.fromisoformat(value))
    if unit == "flag":
        return "yes" if value else "no"
    text = f"{value:.3g}" if isinstance(value, float) else printable(value)
    return f"{text} {unit}" if unit in ("days", "working days", "people") else text


def _list(names: Sequence[str], values: Values, changed: Values | None, asked: Explained) -> Table:
    """Every figure with its value; where something is set, those that change alone."""
    table = Table(box=None, pad_edge=False)
    table.add_column("figure", no_wrap=True)
    table.add_column("is", overflow="fold")
    if changed is not None:
        table.add_column("would be", overflow="fold")
    for name in names:
        both = [source.get(name) for source in (values, changed) if source is not None]
        if changed is None or both[0] != both[1]:
            table.add_row(name, *(shown_value(value, asked.day) for value in both))
    if changed is not None and not table.row_count:
        table.add_row("[dim]nothing would change[/]", "", "")
    return table


def _figure(
    name: str, values: Values, changed: Values | None, asked: Explained, console: Console
) -> None:
    console.print(f"[bold]{name}[/]: {shown_value(values.get(name), asked.day)}")
    if changed is not None:
        would = shown_value(changed.get(name), asked.day)
        same = " [dim](the same)[/]" if changed.get(name) == values.get(name) else ""
        console.print(f"  would be: {would}{same}")
    definition, source = definition_of(name)
    if definition:
        console.print(f"[dim]{printable(definition)}[/]")
    if source:
        console.print(f"[dim]After {printable(source)}.[/]")


# -- what is behind it ----------------------------------------------------------------------


def _behind(names: Sequence[str], asked: Explained, console: Console) -> None:
    sides = tuple(side for side in _SIDES if any(side in sides_of(name) for name in names))
    for side in sides:
        _waits(side, asked, console)
    if sides:
        _left_out(sides, asked, console)
    if any(map(is_of_rhythm, names)):
        _silences(asked, console)
    if "state" in names:
        _causes(asked, console)


def _waits(side: Side, asked: Explained, console: Console) -> None:
    begins, ends = window(asked.case.cuts, asked.case.clock, asked.case.record.as_of)
    found = waits_of(asked.case, side)
    who = "They asked, we answer" if side == "us" else "We asked, they answer"
    counted = sum(wait.why_not is None for wait in found)
    console.print()
    console.print(
        f"[bold]{who}[/]: {len(found)} asks from {asked.day(begins)} to {asked.day(ends)},"
        f" {counted} counted"
    )
    _wait_table(found, asked, console)
    if asked.changed is not None:
        _changed_waits(found, waits_of(asked.changed, side), asked, console)


def _changed_waits(
    found: Sequence[Wait], changed: Sequence[Wait], asked: Explained, console: Console
) -> None:
    """Those that would be another wait, as they would be; and those that would be none."""
    before = {wait.key: wait for wait in found}
    other = [wait for wait in changed if before.get(wait.key) != wait]
    gone = len(before.keys() - {wait.key for wait in changed})
    if other:
        console.print(f"\n[bold]With the change[/] these would be otherwise: {len(other)}")
        _wait_table(other, asked, console)
    if gone:
        console.print(f"with the change {gone} of them would not be in the window, or no asks")


def _wait_table(found: Sequence[Wait], asked: Explained, console: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("asked", "answered", "took"):
        table.add_column(name, no_wrap=True)
    table.add_column("in time", no_wrap=True)
    table.add_column("counted", overflow="fold")
    shown = found if asked.shows_all else found[-FEW:]
    if len(shown) < len(found):
        console.print(f"[dim]the latest {len(shown)}; --all lists them all[/]")
    for wait in shown:
        table.add_row(
            asked.day(wait.asked_at), _answered(wait, asked), duration(wait.seconds),
            {True: "yes", False: "no", None: "-"}[wait.met_standard], _counted(wait),
        )  # fmt: skip
    if shown:
        console.print(table)


def _answered(wait: Wait, asked: Explained) -> str:
    if wait.answered_at is None:
        return wait.outcome
    return ("by " if wait.is_inferred else "") + asked.day(wait.answered_at)


def _counted(wait: Wait) -> str:
    """Whether it counts and why not, what was taken out of it, and what it was about."""
    said = "yes" if wait.why_not is None else f"no, {wait.why_not}"
    if wait.absent_seconds:
        said += f", {working_duration(wait.absent_seconds)} of work taken out for absence"
    subject = (wait.subject or "").strip()
    if not subject:
        return printable(said)
    cut = subject if len(subject) <= _SUBJECT_CHARACTERS else f"{subject[:_SUBJECT_CHARACTERS]}…"
    return f"{printable(said)} [dim]{printable(cut)}[/]"


def _left_out(sides: tuple[Side, ...], asked: Explained, console: Console) -> None:
    console.print("\n[bold]Left out[/]")
    lines = list(left_out(asked.case, sides))
    for each in lines:
        console.print(f"{each.count:,} {each.things}: {printable(each.why)}")
    if not lines:
        console.print("nothing")


def _silences(asked: Explained, console: Console) -> None:
    found = silences_of(asked.case)
    console.print(f"\n[bold]Days with contact[/]: {len(found)} gaps in 12 months")
    table = Table(box=None, pad_edge=False)
    table.add_column("last letter", no_wrap=True)
    table.add_column("next letter", no_wrap=True)
    table.add_column("working days", justify="right")
    shown = found if asked.shows_all else found[-FEW:]
    if len(shown) < len(found):
        console.print(f"[dim]the latest {len(shown)}; --all lists them all[/]")
    for gap in shown:
        until = asked.day(gap.ended_at) if gap.ended_at else "none yet"
        table.add_row(asked.day(gap.began_at), until, str(gap.working_days))
    console.print(table)


def _causes(asked: Explained, console: Console) -> None:
    console.print("\n[bold]Causes[/], the most urgent first")
    privacy = asked.case.privacy
    for cause in asked.case.record.causes:
        said = privacy.told(privacy.words(cause.because), cause.people)
        console.print(
            f"{cause.level}: {printable(said)} [dim]({cause.kind}, since"
            f" {asked.day(cause.since_at)})[/]"
        )
    if not asked.case.record.causes:
        console.print("none")
