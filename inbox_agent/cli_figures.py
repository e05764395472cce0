"""The commands that show what is known: `export`, `partners`, `status`, `review`, `explain`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inbox_agent.cli_shared import AS_OF, PATH, agent_of, config_of, messages, output

if TYPE_CHECKING:
    from inbox_agent.config import Config
    from inbox_agent.mirror import Mirror
    from inbox_agent.mirror_status import MirrorStatus


@click.command()
@click.argument("tables", nargs=-1)
@click.option("--to", "directory", type=PATH, required=True, help="The folder for the files.")
@click.option("--format", "form", type=click.Choice(["csv", "xlsx"]), default="csv",
              show_default=True, help="A CSV file each, or one Excel workbook of all.")  # fmt: skip
@click.pass_context
def export(ctx: click.Context, tables: tuple[str, ...], directory: Path, form: str) -> None:
    """Write tables and views (all, when none is named) as files for reviews."""
    from inbox_agent import screens
    from inbox_agent.exports import export_csv, export_xlsx

    database = config_of(ctx).published_path
    written = {"csv": export_csv, "xlsx": export_xlsx}[form]
    for path, rows in written(database, tables, directory):
        output().print(f"{screens.printable(path)}: {rows:,} rows")


@click.command()
@click.option("--write", "written", type=PATH, metavar="FILE",
              help="Write them as a partners.toml to correct; no file is overwritten.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="List all, not only those with most mail.")
@click.pass_context
def partners(ctx: click.Context, written: Path | None, everything: bool) -> None:
    """List who is in the mail and not in partners.toml, those with most letters first."""
    from inbox_agent.assigning import show_unassigned

    config = config_of(ctx)
    show_unassigned(config, config.mirror_path, written, everything=everything, output=output())


@click.command()
@click.pass_context
def status(ctx: click.Context) -> None:
    """Show the last poll, the state of every folder, and what is left out and why."""
    from inbox_agent.mirror_status import mirror_status

    config = config_of(ctx)
    if not config.mirror_path.exists():
        output().print("nothing has been read yet; `inbox-agent poll` begins")
        return
    with mirror_status(config.mirror_path) as mirror:
        if mirror is not None:
            _show_status(config, mirror)
            return
    from inbox_agent.mirror import Mirror

    with Mirror(config.mirror_path) as whole:
        _show_status(config, whole)


def _show_status(config: Config, mirror: Mirror | MirrorStatus) -> None:
    from inbox_agent import screens
    from inbox_agent.epoch import instant
    from inbox_agent.notice_log import notices, told_lines

    zone, polls = config.our_clock().zone, mirror.polls()

    def local(at: int | None) -> str:
        return screens.local_time(instant(at).astimezone(zone)) if at else "never"

    screens.status(config.published_path, polls, mirror.folders(), output(), local)
    for line in told_lines(notices(mirror), local):
        output().print(screens.printable(line))
    if polls:
        output().print(f"times are those of {zone.key}")


@click.command()
@click.argument("quarter")
@click.option("--partner", "written", metavar="PARTNER", help="Of one partner only: its name, a "
              "domain or an address.")  # fmt: skip
@click.option("--to", "directory", type=PATH, help="The folder for a CSV of all rows, and for two "
              "sheets a partner: for us, and for the partner to see.")  # fmt: skip
@click.option("--again", is_flag=True, help="Make it anew from what is held now, and keep that.")
@AS_OF
@click.pass_context
def review(  # noqa: PLR0913, PLR0917 - one for each option
    ctx: click.Context,
    quarter: str,
    written: str | None,
    directory: Path | None,
    again: bool,
    as_of: datetime | None,
) -> None:
    """Freeze a quarter that is over (like 2026-Q3) and show it; shown again it is the same."""
    from inbox_agent import screens
    from inbox_agent.partner_names import partner_meant
    from inbox_agent.review_files import write_review
    from inbox_agent.review_screens import show_review
    from inbox_agent.review_sheets import TEAM
    from inbox_agent.reviewing import kept_review

    with agent_of(ctx) as agent:
        kept = kept_review(agent, quarter, as_of, again=again)
    partners = [row.partner for row in kept.rows if row.partner != TEAM]
    chosen = partner_meant(written, agent.config.roster(), partners) if written else None
    if kept.is_of_other_settings:
        messages().print(
            f"inbox-agent: {quarter} was frozen with other settings or by another version than "
            "today's; --again makes it anew"
        )
    if directory is None:
        show_review(kept, chosen, output())
        return
    for path in write_review(kept, directory, [chosen] if chosen else None):
        output().print(screens.printable(path))


@click.command()
@click.argument("partner")
@click.argument("figure", required=False)
@click.option("--set", "changes", metavar="KEY=VALUE", multiple=True, help="What would be with a "
              "key of the config set otherwise; partner.KEY is one of this partner's entry. "
              "May be given more than once.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="List every wait, not only the latest.")
@click.pass_context
def explain(
    ctx: click.Context,
    partner: str,
    figure: str | None,
    changes: tuple[str, ...],
    everything: bool,
) -> None:
    """Show how a figure of a partner came about, and what it would be with other rules.

    PARTNER is a name, a domain or an address; without FIGURE all are listed. Nothing is changed.
    """
    from inbox_agent.explain_cases import cases
    from inbox_agent.explain_screens import Explained, show

    config = config_of(ctx)
    case, changed = cases(config, config.mirror_path, partner, changes)
    show(Explained(case, changed, figure, everything), output())
