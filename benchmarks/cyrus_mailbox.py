"""A local Cyrus with a mailbox of made-up letters; it is started as the tests start theirs."""

from __future__ import annotations

import imaplib
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.correspondence import Letter, correspondence
from benchmarks.dovecot_mailbox import Mailbox

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from cyrus_server import running_cyrus
from servers import HOST, PASSWORD, second_pair_of_eyes

_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class CyrusServer:
    """One user of it."""

    port: int
    host: str = HOST
    user: str = "user1"
    password: str = PASSWORD


@contextmanager
def cyrus_mailbox(letters: int, partners: int = 1_000) -> Iterator[Mailbox]:
    """So many letters in two folders."""
    top = Path(tempfile.mkdtemp(prefix="inbox-agent-bench-"))
    top.chmod(0o755)  # Cyrus does not run as root
    for name in ("cyrus", "clients"):
        (top / name).mkdir(mode=0o755)
    try:
        with running_cyrus(top / "cyrus") as port:
            server = CyrusServer(port)
            with second_pair_of_eyes(server) as connection:
                connection._simple_command("CREATE", "Sent", r"(USE (\Sent))")
                _put(connection, correspondence(letters, partners))
            yield Mailbox(server, top / "cyrus" / "spool", top / "clients")
    finally:
        shutil.rmtree(top, ignore_errors=True)


def _put(connection: imaplib.IMAP4, letters: Iterable[Letter]) -> None:
    """By APPEND, many at once; Cyrus waits for none of them (LITERAL+, RFC 7888 §4)."""
    found = iter(letters)
    while batch := list(islice(found, _AT_ONCE)):
        for each in batch:
            raw = imaplib.MapCRLF.sub(imaplib.CRLF, each.raw())  # a body may begin within CRLF
            at = imaplib.Time2Internaldate(each.received_at)
            command = f"put APPEND {each.folder} {at} {{{len(raw)}+}}\r\n"
            connection.send(command.encode() + raw + b"\r\n")
        left = len(batch)
        while left:
            line = connection.readline()
            if line.startswith(b"put "):
                assert line.startswith(b"put OK"), line  # noqa: S101 - else there is less mail
                left -= 1
