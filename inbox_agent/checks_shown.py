"""Findings on a terminal: under the name of their place, each beside its sign."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from inbox_agent.checks_findings import Finding, Level, exit_code
from inbox_agent.screens import printable

_STYLES = {
    Level.FINE: "green",
    Level.NOTE: "dim",
    Level.WARNING: "yellow",
    Level.FAILURE: "bold red",
}


def show(findings: Iterable[Finding], console: Console) -> int:
    """Print findings as they come, and give the exit code of the gravest.

    On a terminal long lines are folded beside their sign; elsewhere a finding is one line.
    """
    shown: list[Finding] = []
    for finding in findings:
        if not shown or shown[-1].place != finding.place:
            console.print(f"{'' if not shown else chr(10)}[bold]{printable(finding.place)}[/]")
        shown.append(finding)
        sign = f"[{_STYLES[finding.level]}]{finding.level.value}[/]"
        text = printable(finding.text)
        if not console.is_terminal:
            console.print(f"{sign} {text}")
            continue
        line = Table.grid(padding=(0, 1))
        line.add_column(no_wrap=True)
        line.add_column(overflow="fold")
        line.add_row(sign, text)
        console.print(line)
    _sum_up(shown, console)
    return exit_code(shown)


def _sum_up(findings: list[Finding], console: Console) -> None:
    counts = {level: sum(each.level is level for each in findings) for level in Level}
    failures, warnings = counts[Level.FAILURE], counts[Level.WARNING]
    if not failures and not warnings:
        console.print("\neverything is in place")
        return
    said = [f"{failures} to mend"] * bool(failures) + [f"{warnings} to look at"] * bool(warnings)
    console.print(f"\n{', '.join(said)}")
