"""What every command shares: where it speaks, its config and agent, how errors and jobs end.

The modules of the command line import nothing large at their top: whoever only asks for help, or
for the state of things, waits for that alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inbox_agent.errors import ConfigError, InboxAgentError
from inbox_agent.events import fault
from inbox_agent.serve_defaults import DEFAULT_PORT

if TYPE_CHECKING:
    from rich.console import Console

    from inbox_agent.agent import Agent, Report
    from inbox_agent.config import Config

DEFAULT_CONFIG = Path("config/inbox-agent.toml")
PATH = click.Path(path_type=Path)


@cache
def output() -> Console:
    """Standard output."""
    from rich.console import Console

    return Console(highlight=False, emoji=False, soft_wrap=True)


@cache
def messages() -> Console:
    """Standard error."""
    from inbox_agent.screens import Messages

    return Messages(stderr=True, highlight=False, emoji=False, soft_wrap=True)


class Instant(click.ParamType[datetime]):
    """An instant on the command line: ISO 8601 with a zone, ``2026-11-21T00:00:00Z``."""

    name = "ISO"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The instant in UTC, whole seconds."""
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no instant; write it like 2026-11-21T00:00:00Z", param, ctx)
        if at.tzinfo is None:
            self.fail(f"{value!r} has no time zone; add Z for UTC, or +01:00", param, ctx)
        return at.astimezone(UTC).replace(microsecond=0)


AS_OF = click.option("--as-of", type=Instant(), help="The instant the figures are for.")

PORT = click.option(
    "--port", type=int, default=DEFAULT_PORT, show_default=True, help="Where to serve."
)


class Commands(click.Group):
    """Turns our errors into one line and their exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except click.UsageError as exc:
            where = exc.ctx.command_path if exc.ctx else ctx.command_path
            complain(ConfigError(f"{exc.format_message().rstrip('.')}; see `{where} --help`"))
            ctx.exit(ConfigError.exit_code)
        except InboxAgentError as exc:
            complain(exc)
            ctx.exit(exc.exit_code)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as exc:  # noqa: BLE001 - a traceback ends with words of a letter
            complain(fault(exc, goes_on=False))
            ctx.exit(InboxAgentError.exit_code)


def complain(error: InboxAgentError) -> None:
    """One error, one line."""
    from inbox_agent import screens

    messages().print(f"inbox-agent: {screens.printable(error)}")


def config_of(ctx: click.Context) -> Config:
    """The config that the command line names. Raises ConfigError."""
    from inbox_agent.config import is_there, load_config

    path: Path = ctx.obj
    if not is_there(path):
        raise ConfigError(
            f"{path}: there is no such config; `inbox-agent init` writes one, "
            "or name another with --config"
        )
    return load_config(path)


@contextmanager
def agent_of(ctx: click.Context) -> Iterator[Agent]:
    """The agent of that config; on a terminal its progress is shown. Raises ConfigError."""
    from inbox_agent.agent import Agent
    from inbox_agent.screens import Shown

    config = config_of(ctx)
    with Shown(messages()) as progress:
        yield Agent(config, progress=progress)


def finish(ctx: click.Context, report: Report) -> None:
    """Say how a job went, every error on a line of its own, and leave with its exit code."""
    for error in report.errors:
        complain(error)
    output().print(f"{report.new_messages:,} new letters, {report.partners:,} partners")
    ctx.exit(report.exit_code)


def require_mailboxes(config: Config) -> None:
    """Raise ConfigError where no mailbox is configured."""
    if not config.mailboxes:
        raise ConfigError(
            f"{config.path}: mailboxes: there is none to poll; add a [[mailboxes]] entry"
        )
