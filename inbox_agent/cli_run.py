"""The commands that go on: `run` and `serve`, and Datasette as a child of ours."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from inbox_agent import serve
from inbox_agent.agent import Agent, Report, utc_now
from inbox_agent.cli_shared import (
    PATH,
    PORT,
    complain,
    config_of,
    messages,
    output,
    require_mailboxes,
)
from inbox_agent.credentials import environment_without_secrets
from inbox_agent.events import Event
from inbox_agent.stopping import leave_at_once, stop_when_asked

#: Seconds that Datasette has to end; one in the middle of a long download would take its time.
_DATASETTE_GOODBYE_SECONDS = 3.0


@click.command()
@click.option("--serve", "serving", is_flag=True, help="Serve with Datasette beside it.")
@PORT
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
    config = config_of(ctx)
    require_mailboxes(config)

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


@click.command(name="serve")
@click.option("--host", default=serve.DEFAULT_HOST, show_default=True, help="Who may connect: "
              "this computer itself, or the address others reach it by.")  # fmt: skip
@PORT
@click.option("--metadata", type=PATH, help="Your own copy of datasette-metadata.yml.")
@click.pass_context
def serve_command(ctx: click.Context, host: str, port: int, metadata: Path | None) -> None:
    """Serve the published tables with Datasette."""
    config = config_of(ctx)
    found = serve.find_metadata(config.path, metadata)
    kept = environment_without_secrets(config.mailboxes)

    def execute(program: str, command: list[str]) -> None:
        os.execve(program, command, kept)  # noqa: S606 - our own arguments

    serve.serve(Agent(config).published_path, found, host, port, execute)


@contextmanager
def served(
    database: Path, metadata: Path, host: str, port: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Datasette beside what is done within, until that ends or somebody presses Ctrl-C."""
    child = serve.start(database, metadata, host, port)
    try:
        yield child
    except KeyboardInterrupt:
        output.print("")
    finally:
        _end(child)
