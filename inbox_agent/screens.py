"""What a terminal shows: progress while a job runs, and the few screens of `status` and `demo`."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from inbox_agent import words
from inbox_agent.sqlite_files import published_snapshot

_STATE_STYLES = {"act": "bold red", "watch": "yellow", "ok": "green", "unknown": "dim"}


def printable(text: object) -> str:
    """Text for a terminal: what a letter's sender chose must neither colour nor move anything.

    Control and bidi characters are shown as their code points.
    """
    return escape("".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in str(text)))


class Messages(Console):
    """Standard error. That nobody reads it any more is no reason to end."""

    def on_broken_pipe(self) -> None:
        """Say nothing from here on; rich would leave with exit code 1 in the middle of a job."""
        self.quiet = True
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - Python writes there at its end
            os.dup2(nowhere.fileno(), sys.stderr.fileno())


class _Letters(ProgressColumn):
    """How many letters of how many, and how fast; nothing in stages that count none."""

    def render(self, task: Task) -> Text:
        done, speed = f"{task.completed:,.0f}", task.finished_speed or task.speed
        pace = f", {speed:,.0f} a second" if speed else ""
        if task.total is not None:
            return Text(f"{done} of {task.total:,.0f} letters{pace}")
        return Text(f"{done} letters{pace}" if task.completed else "")


class _TimeLeft(TimeRemainingColumn):
    """The time left, where it can be known."""

    def render(self, task: Task) -> Text:
        return Text("") if task.total is None else super().render(task)


class Shown:
    """Progress on a terminal: a bar a folder, then one line a stage; nothing elsewhere."""

    def __init__(self, console: Console) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            _Letters(),
            _TimeLeft(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: Any = None

    def __enter__(self) -> Shown:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def folder(self, mailbox: str, folder: str, letters: int) -> None:
        """A folder is about to be read; 0 letters mean that their number is not known."""
        self._drop()
        name = f"{printable(mailbox)}: {printable(folder)}"
        self._task = self._bars.add_task(name, total=letters or None)

    def letters(self, count: int) -> None:
        """So many more letters are held."""
        if self._task is not None:
            self._bars.advance(self._task, count)

    def stage(self, text: str) -> None:
        """A new part of the job begins."""
        self._drop()
        self._task = self._bars.add_task(printable(text), total=None)

    def _drop(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)


def health(database: Path, console: Console, rows: int = 12) -> None:
    """The partners, most urgent first, as the view `partner_health` has them: two lines each."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column()
    found = _read(database, "select * from partner_health", ())
    for row in found[:rows]:
        state = row["state"]
        table.add_row(
            f"[{_STATE_STYLES[state]}]{state}[/]",
            f"[bold]{printable(row['name'] or row['partner'])}[/]  [dim]{_pace(row)}[/]",
        )
        table.add_row("", printable(row["because"]))
    console.print("Partners, most urgent first\n", style="bold")
    console.print(table)
    if len(found) > rows:
        console.print(f"and {words.counted(len(found) - rows, 'more partner')}", style="dim")


def _pace(row: sqlite3.Row) -> str:
    """How fast either side answers half of what it is asked, over the window."""
    both = (("we", row["ours_p50_seconds"]), ("they", row["theirs_p50_seconds"]))
    said = [f"{who} {words.within(seconds)}" for who, seconds in both if seconds is not None]
    return f"half answered: {', '.join(said)}" if said else ""


def status(
    database: Path,
    polls: Iterable[dict[str, Any]],
    folders: Iterable[dict[str, Any]],
    console: Console,
    local: Callable[[int | None], str],
) -> None:
    """Last poll of each mailbox, the state of each folder, and what is left out, and why."""
    latest = {poll["mailbox"]: poll for poll in polls}
    for name, poll in sorted(latest.items()):
        how = "complete" if poll["ok"] else f"[red]failed[/]: {printable(poll['error'])}"
        console.print(
            f"[bold]{printable(name)}[/]: last poll {local(poll['ended_at'])}, {how};"
            f" {poll['new_messages']} new letters"
        )
    if not latest:
        console.print("nothing has been read yet; `inbox-agent poll` begins")
        return
    console.print(_folder_table(folders, local))
    if database.is_file():
        _left_out(database, console, local)


def _folder_table(folders: Iterable[dict[str, Any]], local: Callable[[int | None], str]) -> Table:
    table = Table(box=None, title="Folders", title_justify="left")
    for name in ("mailbox", "folder", "use", "state"):
        table.add_column(name)
    table.add_column("letters", justify="right")
    table.add_column("not readable", justify="right")
    table.add_column("complete at")
    for row in folders:
        table.add_row(
            printable(row["mailbox"]),
            printable(row["folder"]),
            "Sent" if row["is_sent"] else printable(row["special_use"] or ""),
            printable(row["state"]),
            f"{row['messages']:,}",
            f"{row['unreadable']:,}",
            local(row["last_complete_at"]),
        )
    return table


def _left_out(database: Path, console: Console, local: Callable[[int | None], str]) -> None:
    for row in _read(database, "select * from about", ()):
        console.print(
            f"figures as of {local(int(datetime.fromisoformat(row['as_of']).timestamp()))},"
            f" generation {row['generation']};"
            f" {row['messages']:,} letters held"
        )
        reasons = json.loads(row["left_out"])
        said = ", ".join(f"{printable(why)} {count:,}" for why, count in reasons.items())
        console.print(f"left out of the figures: {said or 'nothing'}")
        if "needs_reply_counts" in row.keys():  # noqa: SIM118 - not of a generation of before an update
            asks = json.loads(row["needs_reply_counts"])
            found = ", ".join(f"{printable(name)} {count:,}" for name, count in asks.items())
            console.print(f"asks by whether they need a reply: {found or 'none'}")
        if "clock_sources" in row.keys():  # noqa: SIM118 - not of a generation of before an update
            console.print(f"instants from: {_clocks(json.loads(row['clock_sources']))}")
    sql = "select count(*) as partners from partners"
    for row in _read(database, sql, ()):
        console.print(f"{row['partners']:,} partners")


def _clocks(copies: Mapping[str, int]) -> str:
    """Where the instants of letters come from, and after a semicolon what is doubtful."""
    said = [
        f"{printable(name)} {count:,}" for name, count in copies.items() if name in words.AT_SOURCES
    ]
    doubts = [
        f"{printable(n)} {count:,}" for n, count in copies.items() if n not in words.AT_SOURCES
    ]
    return "; doubtful: ".join(filter(None, (", ".join(said), ", ".join(doubts)))) or "nowhere"


def _read(database: Path, sql: str, values: tuple[object, ...]) -> list[sqlite3.Row]:
    with published_snapshot(database) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(sql, values).fetchall()


def duration(seconds: int | None) -> str:
    """Seconds for people: ``2d 4h``, ``3h 5m``, ``40m``; a dash where unknown."""
    return "-" if seconds is None else words.duration(seconds)


def local_time(at: datetime) -> str:
    """An instant as the team's clock shows it."""
    return f"{at:%Y-%m-%d %H:%M}"
