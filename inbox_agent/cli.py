"""The command line: a thin shell over `agent`. Every error is one line on standard error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from inbox_agent import __version__, screens, serve, setup_files
from inbox_agent.agent import Agent, Report, utc_now
from inbox_agent.config import Config, is_there, load_config
from inbox_agent.credentials import environment_without_secrets
from inbox_agent.errors import ConfigError, InboxAgentError
from inbox_agent.events import Event, fault
from inbox_agent.exports import export_csv
from inbox_agent.intake import Import
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_rows import instant
from inbox_agent.stopping import leave_at_once, stop_when_asked

_DEFAULT_CONFIG = Path("config/inbox-agent.toml")
_PATH = click.Path(path_type=Path)

#: Seconds that Datasette has to end; one in the middle of a long download would take its time.
_DATASETTE_GOODBYE_SECONDS = 3.0


class Messages(Console):
    """Standard error. That nobody reads it any more is no reason to end."""

    def on_broken_pipe(self) -> None:
        """Say nothing from here on; rich would leave with exit code 1 in the middle of a job."""
        self.quiet = True
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - Python writes there at its end
            os.dup2(nowhere.fileno(), sys.stderr.fileno())


output = Console(highlight=False, emoji=False, soft_wrap=True)
messages = Messages(stderr=True, highlight=False, emoji=False, soft_wrap=True)


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


_AS_OF = click.option("--as-of", type=Instant(), help="The instant the figures are for.")

_PORT = click.option(
    "--port", type=int, default=serve.DEFAULT_PORT, show_default=True, help="Where to serve."
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
    messages.print(f"inbox-agent: {screens.printable(error)}")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="inbox-agent")
@click.option(
    "-c", "--config", "path", type=_PATH, default=_DEFAULT_CONFIG, show_default=True,
    help="The config file.",
)  # fmt: skip
@click.pass_context
def main(ctx: click.Context, path: Path) -> None:
    """Read a team's shared mailbox and show how each partnership is doing."""
    ctx.obj = path


def _config(ctx: click.Context) -> Config:
    path: Path = ctx.obj
    if not is_there(path):
        raise ConfigError(
            f"{path}: there is no such config; `inbox-agent init` writes one, "
            "or name another with --config"
        )
    return load_config(path)


@contextmanager
def _agent(ctx: click.Context) -> Iterator[Agent]:
    config = _config(ctx)
    with screens.Shown(messages) as progress:
        yield Agent(config, progress=progress)


def _finish(ctx: click.Context, report: Report) -> None:
    """Say how a job went, every error on a line of its own, and leave with its exit code."""
    for error in report.errors:
        complain(error)
    output.print(f"{report.new_messages:,} new letters, {report.partners:,} partners")
    ctx.exit(report.exit_code)


@main.command()
@click.option("--dir", "directory", type=_PATH, default=Path("demo-data"), show_default=True,
              help="Where the demo keeps its files.")  # fmt: skip
@click.option("--port", type=int, help="Where to serve; by default 8001 or the next free one.")
@click.option("--no-serve", is_flag=True, help="Stop before serving.")
@click.pass_context
def demo(ctx: click.Context, directory: Path, port: int | None, no_serve: bool) -> None:
    """Do the whole job on a sample mailbox in an embedded IMAP server, then serve it."""
    from inbox_agent.agent import utc_now  # noqa: PLC0415
    from inbox_agent.demo.runner import run_demo  # noqa: PLC0415 - needs the demo's own server

    with screens.Shown(messages) as progress:
        agent, report, letters = run_demo(directory, utc_now, progress)
    screens.health(agent.published_path, output)
    output.print(f"\n{letters:,} letters read, {report.partners:,} partners measured")
    if report.errors or no_serve:
        _finish(ctx, report)
    metadata = serve.find_metadata(agent.config.path)
    chosen = port or serve.free_port(serve.DEFAULT_HOST, serve.DEFAULT_PORT)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _served(agent.published_path, metadata, serve.DEFAULT_HOST, chosen) as child:
        output.print(f"Ctrl-C ends it. Look at http://{serve.DEFAULT_HOST}:{chosen}/partners")
        child.wait()


@main.command()
@click.argument("directory", type=_PATH, default=Path())
@click.pass_context
def init(ctx: click.Context, /, directory: Path, **flags: str | None) -> None:
    """Write a commented config; what no flag says is asked for on a terminal."""
    setup_files.refuse_existing(directory)
    texts = {}
    for question in setup_files.QUESTIONS:
        given = flags[question.field]
        if given is None and sys.stdin.isatty():
            given = _ask(question)
        if given is not None:
            texts[question.field] = given
    for path in setup_files.write_setup(directory, setup_files.check_answers(texts)):
        output.print(f"wrote {screens.printable(path)}")
    config = screens.printable(directory / _DEFAULT_CONFIG)
    output.print("put the password where the config says it is, then:")
    output.print(f"inbox-agent -c {config} check")
    ctx.exit(0)


def _ask(question: setup_files.Question) -> str:
    def checked(text: str) -> str:
        try:
            return question.check(text)
        except ValueError as exc:
            raise click.UsageError(str(exc)) from exc

    answer: str = click.prompt(question.text, default=question.default, value_proc=checked)
    return answer


for _question in setup_files.QUESTIONS:
    click.option(f"--{_question.field}", help=_question.text)(init)


@main.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Look whether everything is in place: config, login, folders, Sent, databases."""
    from inbox_agent.checks import check_all  # noqa: PLC0415
    from inbox_agent.checks_shown import show  # noqa: PLC0415

    ctx.exit(show(check_all(Agent(_config(ctx))), output))


@main.command()
@click.argument("mailbox")
@click.pass_context
def login(ctx: click.Context, mailbox: str) -> None:
    """Log a mailbox in at its OAuth2 provider, once; the refresh token is kept."""
    from inbox_agent.agent import utc_now  # noqa: PLC0415
    from inbox_agent.oauth2_login import log_in_mailbox  # noqa: PLC0415 - brings a web server

    def say(text: str) -> None:
        output.print(screens.printable(text))

    log_in_mailbox(_config(ctx).mailboxes, mailbox, utc_now, say)


@main.command()
@_AS_OF
@click.pass_context
def poll(ctx: click.Context, as_of: datetime | None) -> None:
    """Read every mailbox once, measure and publish."""
    with _agent(ctx) as agent:
        _require_mailboxes(agent.config)
        report = agent.poll(as_of)
    _finish(ctx, report)


def _require_mailboxes(config: Config) -> None:
    if not config.mailboxes:
        raise ConfigError(
            f"{config.path}: mailboxes: there is none to poll; add a [[mailboxes]] entry"
        )


@main.command()
@click.option("--serve", "serving", is_flag=True, help="Serve with Datasette beside it.")
@_PORT
@click.option("--log-format", "form", type=click.Choice(["text", "json"]), default="text",
              show_default=True, help="How polls are told of on standard error.")  # fmt: skip
@click.pass_context
def run(ctx: click.Context, serving: bool, port: int, form: str) -> None:
    """Poll for ever, until SIGTERM or Ctrl-C."""
    # no other command needs them, and they take a while
    from inbox_agent.due_times import SteadyClock  # noqa: PLC0415
    from inbox_agent.json_log import json_log  # noqa: PLC0415
    from inbox_agent.loop import Loop  # noqa: PLC0415

    stop = threading.Event()
    config = _config(ctx)
    _require_mailboxes(config)

    stop_when_asked(stop)
    agent = Agent(config, fetch_clock=SteadyClock(utc_now))
    beside = _Beside(agent, port)

    def after_poll(report: Report) -> None:
        for error in report.errors if form == "text" else ():
            complain(error)
        say(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {report.new_messages:,} new")
        if serving and beside.look_after():
            say(f"serving at http://{serve.DEFAULT_HOST}:{port}/partners")

    def say(text: str) -> None:
        if form == "text":
            messages.print(text)

    def say_line(event: Event) -> None:
        if event.line:
            complain(event.line)

    told = json_log(sys.stderr) if form == "json" else say_line
    loop = Loop(agent, stop, after_poll, told)
    try:
        loop.run()
    except SystemExit:
        pass
    finally:
        beside.end()
    if loop.leaves_threads:
        leave_at_once(0)
    ctx.exit(0)


class _Beside:
    """Datasette beside the loop: begun once there is something to serve, and again if it ends."""

    def __init__(self, agent: Agent, port: int) -> None:
        self._agent, self._port = agent, port
        self._child: subprocess.Popen[bytes] | None = None

    def look_after(self) -> bool:
        """Start it where it does not run; whether it was started. Raises ConfigError."""
        is_running = self._child is not None and self._child.poll() is None
        if is_running or not self._agent.published_path.exists():
            return False
        config = self._agent.config
        self._child = serve.start(
            self._agent.published_path,
            serve.find_metadata(config.path),
            port=self._port,
            environment=environment_without_secrets(config.mailboxes),
        )
        return True

    def end(self) -> None:
        """End it, if it was started."""
        if self._child is not None:
            _end(self._child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask a program to end, and make it end."""
    child.terminate()
    try:
        child.wait(_DATASETTE_GOODBYE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@main.command(name="serve")
@click.option("--host", default=serve.DEFAULT_HOST, show_default=True, help="Who may connect: "
              "this computer itself, or the address others reach it by.")  # fmt: skip
@_PORT
@click.option("--metadata", type=_PATH, help="Your own copy of datasette-metadata.yml.")
@click.pass_context
def serve_command(ctx: click.Context, host: str, port: int, metadata: Path | None) -> None:
    """Serve the published tables with Datasette."""
    config = _config(ctx)
    found = serve.find_metadata(config.path, metadata)
    kept = environment_without_secrets(config.mailboxes)

    def execute(program: str, command: list[str]) -> None:
        os.execve(program, command, kept)  # noqa: S606 - our own arguments

    serve.serve(Agent(config).published_path, found, host, port, execute)


@main.command(name="import")
@click.argument("paths", type=_PATH, nargs=-1, required=True)
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
@_AS_OF
@click.pass_context
def import_command(ctx: click.Context, /, as_of: datetime | None, **options: Any) -> None:
    """Read mbox, Maildir or .eml files into the mirror, then measure and publish.

    An mbox (also .gz) is a folder of the file's name. A Maildir is INBOX, and its subfolders are
    folders of their names. A folder of .eml files is one of its name. --sent holds for all.
    """
    job = Import(
        paths=options["paths"],
        mailbox=options["mailbox"],
        folder=options["folder"],
        received_from=options["received_from"],
        is_sent=options["sent"],
    )
    with _agent(ctx) as agent:
        report = agent.import_files(job, as_of)
    _finish(ctx, report)


@main.command()
@_AS_OF
@click.option("--reparse", is_flag=True, help="Read the kept header fields anew.")
@click.pass_context
def rebuild(ctx: click.Context, as_of: datetime | None, reparse: bool) -> None:
    """Make everything published again, from the mirror alone."""
    with _agent(ctx) as agent:
        report = agent.rebuild(as_of, reparse=reparse)
    _finish(ctx, report)


@main.command()
@click.argument("file", type=_PATH)
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Copy the mirror to a new file, also while the agent polls."""
    from inbox_agent import forgetting, sqlite_files  # noqa: PLC0415

    agent = Agent(_config(ctx))
    forgetting.must_hold_letters(agent)
    sqlite_files.back_up(agent.mirror_path, file)
    with sqlite_files.published_snapshot(file) as copy:
        (letters,) = copy.execute("select count(*) from headers").fetchone()
    size = file.stat().st_size
    output.print(f"{screens.printable(file)}: {letters:,} letters, {size:,} octets")


@main.command()
@click.argument("address")
@click.option("--dry-run", is_flag=True, help="Only say how much it would be.")
@click.pass_context
def erase(ctx: click.Context, address: str, dry_run: bool) -> None:
    """Delete every trace of a person's address, and keep it from coming back."""
    from inbox_agent import forgetting  # noqa: PLC0415

    with _agent(ctx) as agent:
        done = forgetting.erase(agent, address, dry_run=dry_run)
    would = "would be " if dry_run else ""
    output.print(f"{done.letters:,} letters {would}deleted, {done.rewritten:,} {would}rewritten")
    if not dry_run:
        output.print("backups, exports and partners.toml are not touched; see to them yourself")
    ctx.exit(done.report.exit_code)


@main.command()
@click.option("--dry-run", is_flag=True, help="Only say how much it would be.")
@click.pass_context
def purge(ctx: click.Context, dry_run: bool) -> None:
    """Delete letters older than [retention] says; without it nothing is deleted."""
    from inbox_agent import forgetting  # noqa: PLC0415

    with _agent(ctx) as agent:
        done = forgetting.purge(agent, dry_run=dry_run)
    months = agent.config.retention_months
    would = "would be " if dry_run else ""
    output.print(f"{done.letters:,} letters older than {months} months {would}deleted")
    ctx.exit(done.report.exit_code)


@main.command()
@click.argument("tables", nargs=-1)
@click.option("--to", "directory", type=_PATH, required=True, help="The folder for the files.")
@click.option("--format", "form", type=click.Choice(["csv"]), default="csv", show_default=True,
              help="The kind of files.")  # fmt: skip
@click.pass_context
def export(ctx: click.Context, tables: tuple[str, ...], directory: Path, form: str) -> None:
    """Write tables and views (all, when none is named) as files for reviews."""
    database = Agent(_config(ctx)).published_path
    for path, rows in export_csv(database, tables, directory):
        output.print(f"{screens.printable(path)}: {rows:,} rows")


@main.command()
@click.option("--write", "written", type=_PATH, metavar="FILE",
              help="Write them as a partners.toml to correct; no file is overwritten.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="List all, not only those with most mail.")
@click.pass_context
def partners(ctx: click.Context, written: Path | None, everything: bool) -> None:
    """List who is in the mail and not in partners.toml, those with most letters first."""
    from inbox_agent.assigning import show_unassigned  # noqa: PLC0415

    config = _config(ctx)
    mirror = Agent(config).mirror_path
    show_unassigned(config, mirror, written, everything=everything, output=output)


@main.command()
@click.pass_context
def status(ctx: click.Context) -> None:
    """Show the last poll, the state of every folder, and what is left out and why."""
    config = _config(ctx)
    agent = Agent(config)
    zone = config.our_clock().zone
    if not agent.mirror_path.exists():
        output.print("nothing has been read yet; `inbox-agent poll` begins")
        return

    def local(at: int | None) -> str:
        return screens.local_time(instant(at).astimezone(zone)) if at else "never"

    with Mirror(agent.mirror_path) as mirror:
        polls = mirror.polls()
        screens.status(agent.published_path, polls, mirror.folders(), output, local)
    if polls:
        output.print(f"times are those of {zone.key}")


@contextmanager
def _served(
    database: Path, metadata: Path, host: str, port: int
) -> Iterator[subprocess.Popen[bytes]]:
    child = serve.start(database, metadata, host, port)
    try:
        yield child
    except KeyboardInterrupt:
        output.print("")
    finally:
        _end(child)
