"""The command `users`: who may sign in to the pages."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from inbox_agent import users
from inbox_agent.cli_shared import config_of, output
from inbox_agent.errors import ConfigError

STDIN = click.option(
    "--password-stdin", "from_stdin", is_flag=True, help="Read the password from standard input."
)


@click.group(name="users")
def users_group() -> None:
    """Say who may sign in to the pages that are served.

    What is changed here holds at once, also while Datasette runs.
    """


@users_group.command()
@click.argument("name")
@click.option("--owner", default="", help="What partners.toml calls them as an owner, like "
              "ana@acme.com: the front page can show their own partners.")  # fmt: skip
@STDIN
@click.pass_context
def add(ctx: click.Context, name: str, owner: str, from_stdin: bool) -> None:
    """Add somebody, and ask for a password."""
    path, known = _users_of(ctx)
    name = users.checked_new_name(name)
    if name in known:
        raise ConfigError(
            f"{name} is there already; `inbox-agent users password {name}` changes the password"
        )
    password = _password(name, from_stdin)
    users.add_user(path, users.User(name, users.hashed(password), owner.strip()))
    output().print(f"{name} may sign in")
    ctx.exit(0)


@users_group.command(name="list")
@click.pass_context
def list_command(ctx: click.Context) -> None:
    """List who may sign in, with their owner."""
    _, known = _users_of(ctx)
    from inbox_agent.screens import printable

    for user in known.values():
        output().print(printable(f"{user.name:<24} {user.owner}".rstrip()))
    if not known:
        output().print("nobody yet; `inbox-agent users add NAME` adds somebody")
    ctx.exit(0)


@users_group.command()
@click.argument("name")
@click.pass_context
def remove(ctx: click.Context, name: str) -> None:
    """Take somebody away: their sessions and feeds end at once."""
    path, _ = _users_of(ctx)
    name = users.checked_name(name)
    users.remove_user(path, name)
    output().print(f"{name} may not sign in any more")
    ctx.exit(0)


@users_group.command()
@click.argument("name")
@STDIN
@click.pass_context
def password(ctx: click.Context, name: str, from_stdin: bool) -> None:
    """Give somebody another password: their sessions and feeds end at once."""
    path, known = _users_of(ctx)
    name = users.checked_name(name)
    users.must_be_there(known, name)
    users.change_password(path, name, users.hashed(_password(name, from_stdin)))
    output().print(f"{name} has a new password")
    ctx.exit(0)


def _users_of(ctx: click.Context) -> tuple[Path, users.Users]:
    path = config_of(ctx).data_directory / users.USERS_NAME
    return path, users.read_users(path)


def _password(name: str, from_stdin: bool) -> str:
    """The password, asked for twice without showing it, or the first line that is piped in."""
    if from_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        given = click.prompt("Password", hide_input=True)
        users.checked_password(name, given)
        if click.prompt("The same again", hide_input=True) != given:
            raise ConfigError("the two passwords differ; nothing was changed")
    else:
        raise ConfigError("no terminal to ask at; pipe the password in and add --password-stdin")
    return users.checked_password(name, given)
