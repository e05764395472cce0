"""IDLE (RFC 2177): a server tells at once that a folder has changed.

No more than a wake-up: what has changed is found by the ordinary poll, on its own connection.
"""

from __future__ import annotations

import imaplib
import re

from inbox_agent.errors import MailboxUnavailable
from inbox_agent.imap_answers import place
from inbox_agent.imap_commands import GuardedIMAP4
from inbox_agent.mailbox import Folder, Mailbox

#: IDLE is begun anew so often. RFC 2177 §3 asks for every 29 minutes; routers forget sooner.
REISSUE_SECONDS = 540.0
#: Seconds the server has for anything but a change of the folder.
ANSWER_SECONDS = 30.0
_TAG = b"IDLE1"
# Once QRESYNC is enabled VANISHED comes in place of EXPUNGE (RFC 7162 §3.2.10).
_NEWS = re.compile(rb"\* (?:\d+ (?:EXISTS|EXPUNGE|FETCH)|VANISHED)\b", re.IGNORECASE)


class IdleMailbox(Mailbox):
    """A connection that does nothing but wait for news of the first folder that is read."""

    def offers_idle(self) -> bool:
        """Whether the server knows IDLE."""
        with self._session.talking():
            return bool(self._client.has_capability("IDLE"))

    def open_first(self) -> Folder:
        """Examine the first folder to read, INBOX where that is among them."""
        folder = self.folders()[0]
        self.examine(folder)
        return folder

    def idle(self, seconds: float = REISSUE_SECONDS) -> bool:
        """Wait in IDLE until the server says something, `seconds` at most; then leave IDLE.

        True when the folder has changed; False when the time is over, or for mere words ("still
        here"). Raises MailboxUnavailable when the connection is lost; a server that hangs up is
        that too, and not a folder without news.
        """
        folder, _ = self._session.opened()
        with self._session.talking(folder) as connection:
            began = self._begin(connection, folder)
            heard = began if any(map(_NEWS.match, began)) else self._wait(connection, seconds)
            connection.socket().settimeout(ANSWER_SECONDS)
            connection.send(b"DONE\r\n")
            heard += _until(connection, _TAG + b" ")
        return any(map(_NEWS.match, heard))

    def _begin(self, connection: GuardedIMAP4, folder: Folder) -> list[bytes]:
        connection.socket().settimeout(ANSWER_SECONDS)
        connection.send(_TAG + b" IDLE\r\n")
        heard = _until(connection, b"+", _TAG + b" ")
        if not heard[-1].startswith(b"+"):
            raise MailboxUnavailable(
                f"{place(self._settings, folder.name)}: the server refuses IDLE; polls go on"
            )
        return heard

    @staticmethod
    def _wait(connection: GuardedIMAP4, seconds: float) -> list[bytes]:
        """The first line that comes; none when none comes in time."""
        connection.socket().settimeout(seconds)
        try:
            return [_line(connection)]
        except TimeoutError:
            return []

    def drop(self) -> None:
        """End the connection without a word; whoever waits in `idle` is woken by that."""
        self._session.drop()


def _until(connection: GuardedIMAP4, *ends: bytes) -> list[bytes]:
    heard = [_line(connection)]
    while not heard[-1].startswith(ends):
        heard.append(_line(connection))
    return heard


def _line(connection: GuardedIMAP4) -> bytes:
    line = connection.readline()
    if not line:
        raise imaplib.IMAP4.abort("the server hung up")
    return line
