"""The screens of `review`: all partners of a quarter, or one."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from inbox_agent.review_sheets import TEAM, Section, Sheet, answer, days_of, sections
from inbox_agent.reviewing import Kept
from inbox_agent.screens import printable


def show_review(kept: Kept, partner: str | None, console: Console) -> None:
    """The quarter on a terminal of 80 columns; the same review always looks the same."""
    found, first = kept.sheets(), kept.rows[0]
    console.print(f"[bold]Review {kept.quarter}[/], {days_of(kept.quarter)}")
    console.print(
        f"[dim]frozen {first.frozen_at:%Y-%m-%d %H:%M} UTC by version {printable(first.version)},"
        f" config {first.config_digest}[/]"
    )
    console.print()
    if partner is not None:
        console.print(f"[bold]{_name(kept, partner, found[partner])}[/]")
        _show(found[partner], console)
        return
    console.print("[bold]All partners together[/]")
    _show(found[TEAM], console)
    console.print(_partners(kept, found))
    console.print("[dim]--partner P shows one of them, --to DIR writes files[/]")


def _name(kept: Kept, partner: str, sheet: Sheet) -> str:
    name = sheet.words("name") if "@" not in partner else None
    return printable(name or kept.privacy.partner(partner))


def _show(sheet: Sheet, console: Console) -> None:
    for part in sections(sheet, "us"):
        console.print(_table(part))
        console.print()


def _table(part: Section) -> Table:
    table = Table(box=None, title=part.title, title_justify="left", title_style="italic",
                  pad_edge=False, show_header=any(part.heads))  # fmt: skip
    for number, head in enumerate(part.heads):
        is_about = head == "about"
        table.add_column(head, no_wrap=number > 0 and not is_about, overflow="fold")
    for line in part.lines:
        table.add_row(*map(printable, line))
    return table


def _partners(kept: Kept, found: dict[str, Sheet]) -> Table:
    """One line a partner: how fast either side answered, and how our promise was kept."""
    table = Table(box=None, title="Partners", title_justify="left", title_style="italic",
                  pad_edge=False)  # fmt: skip
    table.add_column("partner", overflow="fold", min_width=14)
    for name in ("in", "out"):
        table.add_column(name, justify="right")
    for name in ("we, half in", "they, half in", "our promise"):
        table.add_column(name, no_wrap=True)
    for partner, sheet in found.items():
        if partner == TEAM:
            continue
        table.add_row(
            _name(kept, partner, sheet), sheet.shown("letters_in"), sheet.shown("letters_out"),
            answer(sheet, "ours_p50_seconds"), answer(sheet, "theirs_p50_seconds"),
            sheet.shown("we_answer_within_state").removesuffix(" to say"),
        )  # fmt: skip
    return table
