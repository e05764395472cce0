"""The command `notify`: tell people what is due to them now, or show what that would be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from inbox_agent.cli_shared import agent_of, complain, output
from inbox_agent.errors import ConfigError
from inbox_agent.words import counted

if TYPE_CHECKING:
    from rich.console import Console

    from inbox_agent.config import Config
    from inbox_agent.notice_plan import Message


@click.command()
@click.option("--print", "printing", is_flag=True, help="Show what would be sent to whom, and send "
              "nothing.")  # fmt: skip
@click.option("--digest", is_flag=True, help="Only the digest of today, whatever the hour and day; "
              "once a day all the same.")  # fmt: skip
@click.option("--alerts", is_flag=True, help="Only what has become something to act on.")
@click.pass_context
def notify(ctx: click.Context, printing: bool, digest: bool, alerts: bool) -> None:
    """Tell those under [notices] in the config what is due to them now.

    A message goes to each address once. `run` does the same by itself.
    """
    from inbox_agent.forgetting import must_hold_letters
    from inbox_agent.mirror import Mirror
    from inbox_agent.notices import Notices

    with agent_of(ctx) as agent:
        _must_tell_somebody(agent.config)
        must_hold_letters(agent)
        both = digest == alerts
        told = Notices(agent, alerts=alerts or both, digest=digest or both, at_any_hour=digest)
        if printing:
            with Mirror(agent.mirror_path) as mirror:
                _show(told.due(mirror), output())
            return
        with agent.at_work(), Mirror(agent.mirror_path) as mirror:
            done = told.send(mirror)
    for error in done.report.errors:
        complain(error)
    output().print(f"{counted(done.sent, 'message')} sent")
    ctx.exit(done.report.exit_code)


def _must_tell_somebody(config: Config) -> None:
    if not config.notices.to:
        raise ConfigError(
            f"{config.path}: notices.to: nobody is to be told; add a [[notices.to]] entry"
        )


def _show(due: Iterable[tuple[str, int, Message]], console: Console) -> None:
    """Each text once, with those it would go to."""
    from inbox_agent import screens

    whom: dict[tuple[str, str], list[str]] = {}
    for recipient, _address, message in due:
        whom.setdefault((message.text.title, message.text.plain), []).append(recipient)
    for (title, plain), recipients in whom.items():
        console.print(f"[bold]To {screens.printable(', '.join(dict.fromkeys(recipients)))}[/]")
        console.print(f"[bold]{screens.printable(title)}[/]\n")
        for line in plain.splitlines():
            console.print(screens.printable(line))
        console.print("")
    if not whom:
        console.print("nothing is due now; nothing would be sent")
