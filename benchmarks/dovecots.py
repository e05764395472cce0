"""A Dovecot of our own with letters of our own making; it is started as the tests start theirs."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from servers import Delivery, DovecotServer, running_dovecot

from benchmarks.correspondence import correspondence
from benchmarks.letters import Account

#: As many connections as a benchmark of many mailboxes needs.
MORE = """
service imap {
  process_limit = 2048
}
default_process_limit = 2048
default_client_limit = 8192
"""


@contextmanager
def dovecot() -> Iterator[DovecotServer]:
    """Run it for the block; its user must be able to reach its folder."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as top:
        for folder in (Path(top), Path(top) / "dovecot"):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
        with running_dovecot(Path(top) / "dovecot", MORE) as server:
            yield server


#: Of the letters in it: nobody asks for bodies.
BODIES = (500, 2_000)


def fill(server: DovecotServer, count: int, partners: int = 50) -> None:
    """Letters into the INBOX and Sent of its user."""
    made = correspondence(count, partners, body_octets=BODIES)
    server.deliver_many(Delivery(each.folder, each.raw(), each.received_at) for each in made)


def account(server: DovecotServer, port: int, name: str) -> Account:
    """The mailbox of its user, read over a line that begins at `port`."""
    return Account(server.host, port, server.user, server.password, name)
