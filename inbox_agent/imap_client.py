"""The client library on a guarded connection, from a socket to a login.

Together with `mailbox` the only place that knows imapclient.
"""

from __future__ import annotations

from imapclient import IMAPClient, SocketTimeout, imap4, tls

from inbox_agent import imap_answers as answers
from inbox_agent.config import MailboxSettings
from inbox_agent.errors import MailboxRefused
from inbox_agent.imap_commands import GuardedIMAP4
from inbox_agent.imap_login import log_in, start_tls
from inbox_agent.imap_security import tls_context
from inbox_agent.imap_session import shut
from inbox_agent.oauth2 import Login


class _Plain(GuardedIMAP4, imap4.IMAP4WithTimeout):  # type: ignore[misc]
    """Without TLS, or before STARTTLS."""


class _Tls(GuardedIMAP4, tls.IMAP4_TLS):  # type: ignore[misc]
    """TLS from the first octet."""


class Client(IMAPClient):  # type: ignore[misc]
    """IMAPClient over a guarded connection; folder names stay as they came over the wire."""

    connection: GuardedIMAP4

    def _create_IMAP4(self) -> GuardedIMAP4:  # noqa: N802 (IMAPClient's name)
        self.folder_encode = False
        if self.ssl:
            self.connection = _Tls(self.host, self.port, self.ssl_context, self._timeout.connect)
        else:
            self.connection = _Plain(self.host, self.port, self._timeout.connect)
        return self.connection


def logged_in(settings: MailboxSettings, login: Login, timeout: SocketTimeout) -> Client:
    """Connect and log in. Raises ConfigError, MailboxUnavailable or MailboxRefused."""
    client = _connected(settings, timeout)
    try:
        log_in(client, settings, login)
    except BaseException:
        shut(client.connection)
        raise
    return client


def _connected(settings: MailboxSettings, timeout: SocketTimeout) -> Client:
    context = tls_context(settings)
    try:
        client = Client(
            settings.host,
            answers.port(settings),
            ssl=settings.tls == "implicit",
            ssl_context=context,
            timeout=timeout,
        )
    except answers.TROUBLE as exc:
        raise answers.connection_error(settings, exc) from exc
    client.connection.debug = 0  # else every line is made ready for a log that nobody keeps
    try:
        if client.connection.state != "NONAUTH":
            raise MailboxRefused(
                f"{answers.place(settings)}: {settings.host} lets everybody in without a login "
                f"(PREAUTH); we read a mailbox only as the user of the config"
            )
        if settings.tls == "starttls":
            start_tls(client, settings, context)
    except BaseException:
        shut(client.connection)
        raise
    return client
