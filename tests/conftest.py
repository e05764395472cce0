"""Fixtures used by more than one test file."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from accuracy import corpus
from contract_servers import (
    SERVERS,
    Driver,
    Missing,
    courier_drivers,
    cyrus_drivers,
    dovecot_drivers,
    embedded_drivers,
)
from contract_wire import forbidden
from servers import DovecotServer, EmbeddedServer, ImapServer, find_dovecot, running_dovecot

from inbox_agent.demo.mailserver import serve_letters

# Like Dovecot the unpacked servers are left out of `make quick`.
EACH_SERVER = [
    name if name == "embedded" else pytest.param(name, marks=pytest.mark.dovecot)
    for name in SERVERS
]


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """What Datasette runs in, for the pages of one test file."""
    found = asyncio.new_event_loop()
    yield found
    found.close()


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real mail."""
    folder = corpus.corpora()
    if folder is None:
        pytest.skip("INBOX_AGENT_CORPORA is not set to the folder of real mail")
    return folder


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[DovecotServer]:
    """One Dovecot for the whole run."""
    if find_dovecot() is None:
        pytest.skip("Dovecot is not installed (Debian: dovecot-imapd)")
    # pytest's own folders are closed to the user Dovecot runs as, and socket paths are short.
    top = Path(tempfile.mkdtemp(prefix="dovecot-"))
    try:
        with running_dovecot(top) as server:
            yield server
    finally:
        shutil.rmtree(top)


@pytest.fixture
def dovecot(dovecot_server: DovecotServer) -> DovecotServer:
    """The running Dovecot, with a user of this test's own who has no mail yet."""
    return dovecot_server.with_fresh_user()


@pytest.fixture(params=[pytest.param("dovecot", marks=pytest.mark.dovecot), "embedded"])
def imap_server(request: pytest.FixtureRequest) -> Iterator[ImapServer]:
    """Each server there is, one after the other, without any letters."""
    if request.param == "dovecot":
        yield request.getfixturevalue("dovecot")
    else:
        with serve_letters() as running:
            yield EmbeddedServer(running)


@pytest.fixture(scope="session")
def make_driver(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Driver]]:
    """Gives a new user of the server named; each server is started once, when first asked for."""
    started: dict[str, Callable[[], Driver]] = {}
    with ExitStack() as stack:

        def make(name: str) -> Driver:
            if name not in started:
                started[name] = stack.enter_context(_drivers(name, request))
            return started[name]()

        yield make


def _drivers(
    name: str, request: pytest.FixtureRequest
) -> AbstractContextManager[Callable[[], Driver]]:
    if name == "dovecot":
        return dovecot_drivers(request.getfixturevalue("dovecot_server"))
    others = {"cyrus": cyrus_drivers, "courier": courier_drivers, "embedded": embedded_drivers}
    return others[name]()


@pytest.fixture(params=EACH_SERVER)
def driver(
    request: pytest.FixtureRequest, make_driver: Callable[[str], Driver]
) -> Iterator[Driver]:
    """A new user of each server, one after the other; nothing but reading may be asked of it."""
    try:
        made = make_driver(request.param)
    except Missing as exc:
        pytest.skip(str(exc))
    yield made
    said = [*made.log.all]
    made.log.all.clear()
    made.log.commands.clear()
    assert forbidden(said) == []
