"""Fixtures used by more than one test file."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from accuracy import corpus
from servers import DovecotServer, EmbeddedServer, ImapServer, find_dovecot, running_dovecot

from inbox_agent.demo.mailserver import serve_letters


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
