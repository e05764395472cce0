"""The commands about what is kept: `import`, `rebuild`, `backup`, `erase`, `purge`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from inbox_agent.cli_shared import AS_OF, PATH, agent_of, config_of, finish, output


@click.command(name="import")
@click.argument("paths", type=PATH, nargs=-1, required=True)
@click.option("--folder", help="The folder they are filed in; by default named by the file.")
@click.option("--mailbox", default="import", show_default=True, help="The mailbox they are of.")
@click.option(
    "--received-from",
    type=click.Choice(["received", "envelope", "date"]),
    default="received",
    show_default=True,
    help="What tells when a letter arrived: its topmost Received line, the mbox `From ` line "
    "(read as UTC) or the name of a Maildir's file, or Date.",
)
@click.option("--sent", is_flag=True, help="The files hold what the team sent.")
@AS_OF
@click.pass_context
def import_command(ctx: click.Context, /, as_of: datetime | None, **options: Any) -> None:
    """Read mbox, Maildir or .eml files into the mirror, then measure and publish.

    An mbox (also .gz) is a folder of the file's name. A Maildir is INBOX, and its subfolders are
    folders of their names. A folder of .eml files is one of its name. --sent holds for all.
    """
    from inbox_agent.intake import Import

    job = Import(
        paths=options["paths"],
        mailbox=options["mailbox"],
        folder=options["folder"],
        received_from=options["received_from"],
        is_sent=options["sent"],
    )
    with agent_of(ctx) as agent:
        report = agent.import_files(job, as_of)
    finish(ctx, report)


@click.command()
@AS_OF
@click.option("--reparse", is_flag=True, help="Read the kept header fields anew.")
@click.pass_context
def rebuild(ctx: click.Context, as_of: datetime | None, reparse: bool) -> None:
    """Make everything published again, from the mirror alone."""
    with agent_of(ctx) as agent:
        report = agent.rebuild(as_of, reparse=reparse)
    finish(ctx, report)


@click.command()
@click.argument("file", type=PATH)
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Copy the mirror to a new file, also while the agent polls."""
    from inbox_agent import forgetting, screens, sqlite_files
    from inbox_agent.agent import Agent

    agent = Agent(config_of(ctx))
    forgetting.must_hold_letters(agent)
    sqlite_files.back_up(agent.mirror_path, file)
    with sqlite_files.published_snapshot(file) as copy:
        (letters,) = copy.execute("select count(*) from headers").fetchone()
    size = file.stat().st_size
    output().print(f"{screens.printable(file)}: {letters:,} letters, {size:,} octets")


@click.command()
@click.argument("address")
@click.option("--dry-run", is_flag=True, help="Only say how much it would be.")
@click.pass_context
def erase(ctx: click.Context, address: str, dry_run: bool) -> None:
    """Delete every trace of a person's address, and keep it from coming back."""
    from inbox_agent import forgetting

    with agent_of(ctx) as agent:
        done = forgetting.erase(agent, address, dry_run=dry_run)
    would = "would be " if dry_run else ""
    output().print(f"{done.letters:,} letters {would}deleted, {done.rewritten:,} {would}rewritten")
    if not dry_run:
        output().print("backups, exports and partners.toml are not touched; see to them yourself")
    ctx.exit(done.report.exit_code)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say how much it would be.")
@click.pass_context
def purge(ctx: click.Context, dry_run: bool) -> None:
    """Delete letters older than [retention] says; without it nothing is deleted."""
    from inbox_agent import forgetting

    with agent_of(ctx) as agent:
        done = forgetting.purge(agent, dry_run=dry_run)
    months = agent.config.retention_months
    would = "would be " if dry_run else ""
    output().print(f"{done.letters:,} letters older than {months} months {would}deleted")
    ctx.exit(done.report.exit_code)
