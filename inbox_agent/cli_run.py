"""The command that goes on: `run`, with Datasette beside it where that is asked for."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from inbox_agent.cli_serve import OPEN, Beside, entrance_of
from inbox_agent.cli_shared import PORT, complain, config_of, messages, require_mailboxes
from inbox_agent.events import Event
from inbox_agent.serve_defaults import DEFAULT_HOST
from inbox_agent.stopping import leave_at_once, stop_when_asked

if TYPE_CHECKING:
    from inbox_agent.agent import Report


@click.command()
@click.option("--serve", "serving", is_flag=True, help="Serve with Datasette beside it.")
@PORT
@OPEN
@click.option("--log-format", "form", type=click.Choice(["text", "json"]), default="text",
              show_default=True, help="How polls are told of on standard error.")  # fmt: skip
@click.pass_context
def run(ctx: click.Context, serving: bool, port: int, is_open: bool, form: str) -> None:
    """Poll for ever, until SIGTERM or Ctrl-C."""
    from inbox_agent.agent import Agent, utc_now
    from inbox_agent.due_times import SteadyClock
    from inbox_agent.json_log import json_log
    from inbox_agent.loop import Loop

    stop = threading.Event()
    config = config_of(ctx)
    require_mailboxes(config)
    entrance = entrance_of(config, is_open=is_open) if serving else None

    stop_when_asked(stop)
    agent = Agent(config, fetch_clock=SteadyClock(utc_now))
    beside = Beside(agent, port, entrance)

    def after_poll(report: Report) -> None:
        for error in report.errors if form == "text" else ():
            complain(error)
        say(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {report.new_messages:,} new")
        if entrance and beside.look_after():
            say(f"serving at http://{DEFAULT_HOST}:{port}/partners ({entrance.words})")

    def say(text: str) -> None:
        if form == "text":
            messages().print(text)

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
