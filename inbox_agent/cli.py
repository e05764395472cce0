"""The command line: a thin shell over `agent`. Every error is one line on standard error."""

from __future__ import annotations

import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inbox_agent import __version__, cli_figures, cli_run, cli_serve, cli_store, cli_users
from inbox_agent.cli_notify import notify
from inbox_agent.cli_serve import entrance_of, served
from inbox_agent.cli_shared import (
    AS_OF,
    DEFAULT_CONFIG,
    PATH,
    Commands,
    agent_of,
    config_of,
    finish,
    messages,
    output,
    require_mailboxes,
)
from inbox_agent.serve_defaults import DEFAULT_HOST, DEFAULT_PORT
from inbox_agent.setup_questions import ASKED

if TYPE_CHECKING:
    from inbox_agent.setup_files import Question


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="inbox-agent")
@click.option(
    "-c", "--config", "path", type=PATH, default=DEFAULT_CONFIG, show_default=True,
    help="The config file.",
)  # fmt: skip
@click.pass_context
def main(ctx: click.Context, path: Path) -> None:
    """Read a team's shared mailbox and show how each partnership is doing."""
    ctx.obj = path


@main.command()
@click.option("--dir", "directory", type=PATH, default=Path("demo-data"), show_default=True,
              help="Where the demo keeps its files.")  # fmt: skip
@click.option("--port", type=int, help="Where to serve; by default 8001 or the next free one.")
@click.option("--no-serve", is_flag=True, help="Stop before serving.")
@click.pass_context
def demo(ctx: click.Context, directory: Path, port: int | None, no_serve: bool) -> None:
    """Do the whole job on a sample mailbox in an embedded IMAP server, then serve it."""
    from inbox_agent import screens, serve
    from inbox_agent.agent import utc_now
    from inbox_agent.demo.runner import run_demo

    with screens.Shown(messages()) as progress:
        agent, report, letters = run_demo(directory, utc_now, progress)
    screens.health(agent.published_path, output())
    output().print(f"\n{letters:,} letters read, {report.partners:,} partners measured")
    if report.errors or no_serve:
        finish(ctx, report)
    chosen = port or serve.free_port(DEFAULT_HOST, DEFAULT_PORT)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    entrance = entrance_of(agent.config, is_open=True)
    with served(agent.published_path, entrance, chosen) as child:
        output().print(f"sample data, {entrance.words}")
        output().print(f"Ctrl-C ends it. Look at http://{DEFAULT_HOST}:{chosen}/")
        child.wait()


@main.command()
@click.argument("directory", type=PATH, default=Path())
@click.pass_context
def init(ctx: click.Context, /, directory: Path, **flags: str | None) -> None:
    """Write a commented config; what no flag says is asked for on a terminal."""
    from inbox_agent import screens, setup_files

    setup_files.refuse_existing(directory)
    texts = {}
    for question in setup_files.QUESTIONS:
        given = flags[question.field]
        if given is None and sys.stdin.isatty():
            given = _ask(question)
        if given is not None:
            texts[question.field] = given
    for path in setup_files.write_setup(directory, setup_files.check_answers(texts)):
        output().print(f"wrote {screens.printable(path)}")
    config = screens.printable(directory / DEFAULT_CONFIG)
    output().print("put the password where the config says it is, then:")
    output().print(f"inbox-agent -c {config} check")
    ctx.exit(0)


def _ask(question: Question) -> str:
    def checked(text: str) -> str:
        try:
            return question.check(text)
        except ValueError as exc:
            raise click.UsageError(str(exc)) from exc

    answer: str = click.prompt(question.text, default=question.default, value_proc=checked)
    return answer


for _field, _text in ASKED.items():
    click.option(f"--{_field}", help=_text)(init)


@main.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Look whether everything is in place: config, login, folders, Sent, databases."""
    from inbox_agent.agent import Agent
    from inbox_agent.checks import check_all
    from inbox_agent.checks_shown import show

    ctx.exit(show(check_all(Agent(config_of(ctx))), output()))


@main.command()
@click.argument("mailbox")
@click.pass_context
def login(ctx: click.Context, mailbox: str) -> None:
    """Log a mailbox in at its OAuth2 provider, once; the refresh token is kept."""
    from inbox_agent import screens
    from inbox_agent.agent import utc_now
    from inbox_agent.oauth2_login import log_in_mailbox

    def say(text: str) -> None:
        output().print(screens.printable(text))

    log_in_mailbox(config_of(ctx).mailboxes, mailbox, utc_now, say)


@main.command()
@AS_OF
@click.pass_context
def poll(ctx: click.Context, as_of: datetime | None) -> None:
    """Read every mailbox once, measure and publish."""
    with agent_of(ctx) as agent:
        require_mailboxes(agent.config)
        report = agent.poll(as_of)
    finish(ctx, report)


for _command in (
    *(cli_run.run, cli_serve.serve_command, cli_users.users_group),
    *(cli_store.import_command, cli_store.rebuild),
    *(cli_store.backup, cli_store.erase, cli_store.purge),
    *(cli_figures.export, cli_figures.partners, cli_figures.status),
    *(cli_figures.review, cli_figures.explain),
    notify,
):
    main.add_command(_command)
