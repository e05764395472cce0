"""The command `serve`, and Datasette as a child of ours."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inbox_agent.cli_shared import PATH, PORT, config_of, messages, output
from inbox_agent.serve_defaults import DEFAULT_HOST

if TYPE_CHECKING:
    from inbox_agent.agent import Agent
    from inbox_agent.config import Config
    from inbox_agent.serve_locks import Entrance

#: Seconds that Datasette has to end; one in the middle of a long download would take its time.
_DATASETTE_GOODBYE_SECONDS = 3.0

OPEN = click.option(
    "--open", "is_open", is_flag=True, help="Let everybody on this computer look, unlocked."
)


def entrance_of(
    config: Config,
    metadata: Path | None = None,
    host: str = DEFAULT_HOST,
    *,
    is_open: bool = False,
) -> Entrance:
    """How people get in; raises ConfigError where nobody could."""
    from inbox_agent import serve, serve_locks

    found = serve.find_metadata(config.path, metadata)
    return serve_locks.entrance(config, found, host, is_open=is_open)


class Beside:
    """Datasette beside the loop: begun once there is something to serve, and again if it ends.

    Nothing is begun without an entrance.
    """

    def __init__(self, agent: Agent, port: int, entrance: Entrance | None) -> None:
        self._agent, self._port, self._entrance = agent, port, entrance
        self._child: subprocess.Popen[bytes] | None = None

    def look_after(self) -> bool:
        """Start it where it does not run; whether it was started. Raises ConfigError."""
        is_running = self._child is not None and self._child.poll() is None
        if self._entrance is None or is_running or not self._agent.published_path.exists():
            return False
        from inbox_agent import serve

        outside = _environment(self._agent.config)
        self._child = serve.start(self._agent.published_path, self._entrance, self._port, outside)
        return True

    def end(self) -> None:
        """End it, if it was started."""
        if self._child is not None:
            _end(self._child)


def _environment(config: Config) -> dict[str, str]:
    from inbox_agent.credentials import environment_without_secrets

    return environment_without_secrets(config.mailboxes, config.notices.to)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask a program to end, and make it end."""
    child.terminate()
    try:
        child.wait(_DATASETTE_GOODBYE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@click.command(name="serve")
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Who may connect: "
              "this computer itself, or the address others reach it by.")  # fmt: skip
@PORT
@click.option("--metadata", type=PATH, help="Your own copy of datasette-metadata.yml.")
@OPEN
@click.pass_context
def serve_command(
    ctx: click.Context, host: str, port: int, metadata: Path | None, is_open: bool
) -> None:
    """Serve the published tables with Datasette, to people who sign in."""
    from inbox_agent import screens, serve
    from inbox_agent.sqlite_files import must_exist

    config = config_of(ctx)
    published = config.published_path
    must_exist(published)
    entrance = entrance_of(config, metadata, host, is_open=is_open)

    def execute(program: str, command: list[str], environment: dict[str, str]) -> None:
        messages().print(screens.printable(entrance.words))
        os.execve(program, command, environment)  # noqa: S606 - our own arguments

    serve.serve(published, entrance, port, _environment(config), execute)


@contextmanager
def served(database: Path, entrance: Entrance, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Datasette beside what is done within, until that ends or somebody presses Ctrl-C."""
    from inbox_agent import serve

    child = serve.start(database, entrance, port)
    try:
        yield child
    except KeyboardInterrupt:
        output().print("")
    finally:
        _end(child)
