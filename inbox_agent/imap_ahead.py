"""FETCH commands sent before the answers to earlier ones are read (RFC 3501 §5.5).

The server goes on while we read, and its line never falls silent for the time that a command takes
to get there. Answers come in the order of the commands.
"""

from __future__ import annotations

import imaplib
from collections import deque
from collections.abc import Callable
from typing import Any

from inbox_agent.imap_commands import GuardedIMAP4

#: What imaplib gives for a command: ``OK``, ``NO`` or ``BAD``, and the data.
Given = tuple[str, list[Any]]


class Ahead:
    """What was asked of one connection ahead of time, oldest first, and what came of it."""

    def __init__(self, connection: GuardedIMAP4) -> None:
        self._connection = connection
        self._asked: deque[tuple[tuple[str, ...], bytes]] = deque()
        self._kept: dict[tuple[str, ...], Given] = {}

    def ask(self, *args: str) -> None:
        """Send one UID FETCH; its answer is for who asks for just the same later."""
        self._asked.append((args, self._connection.send_uid_fetch(*args)))

    def answer(self, *args: str) -> Given | None:
        """The answer to just that command, if it was asked; None where it has to be sent yet.

        Then all answers that are still to come are taken in first and kept for those who will
        want them; together they may be as long as one.
        """
        if args in self._kept:
            return self._kept.pop(args)
        if self._asked and self._asked[0][0] == args:
            self._connection.expect_answer()
            return self._next()
        self._take_in()
        return None

    def forget(self) -> None:
        """Nobody will want the answers that were not asked for; they are read and dropped."""
        self._take_in()
        self._kept.clear()

    def _take_in(self) -> None:
        if self._asked:
            self._connection.expect_answer()
        while self._asked:
            args = self._asked[0][0]
            self._kept[args] = self._next()

    def _next(self) -> Given:
        _, tag = self._asked.popleft()
        self._connection.response("FETCH")  # what came unasked before is no answer to this
        return answered(self._connection.uid_fetched, tag)


def answered(command: Callable[..., Any], *args: object) -> Given:
    """Run a command of imaplib, which returns a tagged NO but raises a tagged BAD."""
    try:
        kind, data = command(*args)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as exc:
        return "BAD", [str(exc)]
    return kind, data
