"""Datasette with the flags our database needs, open to others only behind a sign-in."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from threading import Thread
from typing import Any

from datasette.version import __version__ as datasette_version

from inbox_agent.catalogue import METADATA_NAME, metadata_path
from inbox_agent.errors import ConfigError
from inbox_agent.serve_defaults import DEFAULT_HOST as DEFAULT_HOST  # noqa: PLC0414 - ours, too
from inbox_agent.serve_defaults import DEFAULT_PORT
from inbox_agent.serve_locks import Entrance, check_exposure
from inbox_agent.sqlite_files import must_exist

_PORTS_TRIED = 20
_START_TRIES = 300
_START_PAUSE_SECONDS = 0.1
_GOODBYE_SECONDS = 3.0

#: `serve.log` begins anew where it would be larger.
LOG_OCTETS = 1_000_000

#: Datasette's own settings where its defaults don't suit a database of mail that changes.
SETTINGS: tuple[tuple[str, str], ...] = (
    ("max_returned_rows", "20000"),
    ("max_csv_mb", "0"),  # a download at the limit would end early
    ("default_cache_ttl", "0"),  # figures change with every poll
    ("allow_download", "off"),  # rows may be looked at, the file not be carried away
    # 100,000 rows of a view take half a second each 20,000, and seconds on a busy computer; a query
    # that is cut short is a download cut short
    ("sql_time_limit_ms", "10000"),
    ("suggest_facets", "off"),  # it tries every column at every page
)


def datasette_args(
    database: Path, metadata: Path, host: str, port: int, base_url: str = "/"
) -> list[str]:
    """The arguments after ``datasette``, for 0.65 and for 1.0.

    1.0 reads permissions out of the config file alone and silently drops them from metadata, so
    there the one file is given as both.
    """
    args = ["serve", str(database), "-m", str(metadata), "-h", host, "-p", str(port)]
    for name, value in (*SETTINGS, *([("base_url", base_url)] if base_url != "/" else [])):
        args += ["--setting", name, value]
    if int(datasette_version.split(".")[0]) >= 1:
        args += ["-c", str(metadata)]
    return args


def datasette_command(
    database: Path, metadata: Path, host: str, port: int, base_url: str = "/"
) -> list[str]:
    """The command that runs Datasette with this very Python."""
    args = datasette_args(database, metadata, host, port, base_url)
    return [sys.executable, "-m", "datasette", *args]


def find_metadata(config: Path, given: Path | None = None) -> Path:
    """The metadata to serve with: the one given, else the project's own, else the shipped one.

    The project's own lies beside the folder the config is in. Raises ConfigError where the
    given one is missing, and where we may not look for the other.
    """
    if given is not None:
        if not given.is_file():
            raise ConfigError(f"{given}: there is no such metadata file; check --metadata")
        return given
    own = config.resolve().parent.parent / METADATA_NAME
    try:
        return own if own.is_file() else metadata_path()
    except OSError as exc:  # a folder that is closed to us
        raise ConfigError(f"{own}: can't be read: {exc.strerror}") from exc


def check_port(host: str, port: int) -> None:
    """Refuse a port that can't be listened at, before Datasette says so in twenty lines.

    Raises ConfigError with what to do.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as exc:
        raise ConfigError(_port_trouble(host, port, exc)) from exc


def _port_trouble(host: str, port: int, exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use; stop what listens there, or choose another --port"
    if exc.errno == errno.EACCES:
        return f"port {port} of {host} is reserved; choose a --port of 1024 or above"
    return f"can't listen at port {port} of {host}: {exc.strerror}; check --host"


def serve(
    database: Path,
    entrance: Entrance,
    port: int = DEFAULT_PORT,
    outside: Mapping[str, str] = os.environ,
    execute: Callable[[str, list[str], dict[str, str]], Any] = os.execve,
) -> None:
    """Become Datasette serving `partners.db`; returns only if `execute` does.

    `outside` is the environment it is to have, what the entrance adds aside. Raises StoreError
    where there is no database yet, ConfigError where the metadata, the host or the port won't do.
    """
    must_exist(database)
    check_exposure(entrance.host, entrance.metadata)
    check_port(entrance.host, port)
    command = _command(database, entrance, port)
    execute(command[0], command, entrance.environment(outside))


def _command(database: Path, entrance: Entrance, port: int) -> list[str]:
    return datasette_command(database, entrance.metadata, entrance.host, port, entrance.base_url)


def free_port(host: str, first: int) -> int:
    """The first port from `first` on that can be listened at; raises ConfigError after twenty."""
    for port in range(first, first + _PORTS_TRIED):
        try:
            check_port(host, port)
        except ConfigError:
            continue
        return port
    raise ConfigError(f"ports {first} to {first + _PORTS_TRIED - 1} are in use; choose a --port")


def start(
    database: Path,
    entrance: Entrance,
    port: int = DEFAULT_PORT,
    outside: Mapping[str, str] = os.environ,
) -> subprocess.Popen[bytes]:
    """Datasette as a child process that answers already; what it says goes into `serve.log`.

    Raises ConfigError where it does not come up.
    """
    check_exposure(entrance.host, entrance.metadata)
    check_port(entrance.host, port)
    log = database.with_name("serve.log")
    log.unlink(missing_ok=True)
    child = subprocess.Popen(  # noqa: S603 - our own arguments
        _command(database, entrance, port),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=entrance.environment(outside),
    )
    keeper = Thread(target=_keep, args=(child.stdout, log, LOG_OCTETS), daemon=True)
    keeper.start()
    try:
        if _answers(child, entrance.host, port):
            return child
    except BaseException:
        _end(child)
        raise
    _end(child)
    keeper.join(_GOODBYE_SECONDS)
    raise ConfigError(f"Datasette did not start at port {port}; {log} says why")


def _keep(said: BufferedReader, log: Path, most: int) -> None:
    """Write down the last of what Datasette says; on a full disk it is read all the same."""
    with said:
        while piece := said.read1(most):
            with suppress(OSError):
                is_full = log.exists() and log.stat().st_size + len(piece) > most
                with log.open("wb" if is_full else "ab") as sink:
                    sink.write(piece)


def _answers(child: subprocess.Popen[bytes], host: str, port: int) -> bool:
    """Wait until it does; not for ever, and not once it has ended."""
    for _ in range(_START_TRIES):
        if child.poll() is not None:
            return False
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return True
        time.sleep(_START_PAUSE_SECONDS)
    return False


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_GOODBYE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
