"""A mailbox on a scripted server, and what such a server says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from scripted_socket import Answer, ScriptedServer, scripted

from inbox_agent.config import MailboxSettings, PasswordSettings
from inbox_agent.mailbox import Mailbox

SECRET = "open-sesame"
NOW = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)


def settings(port: int, **changes: Any) -> MailboxSettings:
    fields: dict[str, Any] = {
        "name": "partners",
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "user": "team",
        "password": PasswordSettings(env="PARTNERS_PASSWORD"),
    }
    return MailboxSettings(**(fields | changes))


def connect(where: MailboxSettings, secret: str = SECRET) -> Mailbox:
    return Mailbox.connect(where, secret, clock=lambda: NOW)


@contextmanager
def inbox(**answers: Answer) -> Iterator[tuple[Mailbox, ScriptedServer]]:
    """A mailbox on a scripted server, INBOX examined; ``UID_FETCH=`` answers ``UID FETCH``."""
    script = {name.replace("_", " "): answer for name, answer in answers.items()}
    with scripted(script) as server, connect(settings(server.port)) as mailbox:
        mailbox.examine(mailbox.folders()[0])
        yield mailbox, server


def expanded(command: bytes) -> list[int]:
    """``UID FETCH 1:3,7 (…)`` is [1, 2, 3, 7]."""
    ends = [part.split(b":") for part in command.split(b" ")[2].split(b",")]
    return [uid for pair in ends for uid in range(int(pair[0]), int(pair[-1]) + 1)]


def fetched(uid: int, seq: int | None = None, block: bytes = b"From: a@b.example\r\n\r\n") -> bytes:
    return (
        b'* %d FETCH (UID %d INTERNALDATE " 1-Mar-2024 09:00:00 +0100" RFC822.SIZE 99 '
        b'BODY[HEADER.FIELDS ("FROM" "TO")]<0> {%d}\r\n%b)\r\n'
    ) % (seq or uid, uid, len(block), block)


def fetch(mailbox: Mailbox, uids: list[int]) -> tuple[list[int], list[int]]:
    read, unreadable = [], []
    for headers, others in mailbox.fetch(mailbox.folders()[0], uids):
        read += [header.uid for header in headers]
        unreadable += others
    return read, unreadable
