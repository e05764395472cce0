"""From a fresh connection to one that is logged in, or an error that says who has to act."""

from __future__ import annotations

from typing import Any

from inbox_agent import imap_answers as answers
from inbox_agent.config import MailboxSettings
from inbox_agent.errors import MailboxRefused
from inbox_agent.imap_commands import quoted


def start_tls(client: Any, settings: MailboxSettings, context: object) -> None:
    """Go over to TLS (RFC 3501 §6.2.1), or not go on at all: somebody may have stripped it."""
    if not client.has_capability("STARTTLS"):
        raise MailboxRefused(
            f"{answers.place(settings)}: {settings.host} offers no STARTTLS, and without TLS no "
            f'password is sent; try `tls = "implicit"` and port 993'
        )
    try:
        client.starttls(context)
    except answers.TROUBLE as exc:
        raise answers.connection_error(settings, exc) from exc


def log_in(client: Any, settings: MailboxSettings, password: str) -> None:
    """Log in by AUTHENTICATE PLAIN (RFC 4616, UTF-8), else by LOGIN, which takes ASCII only."""
    try:
        if client.has_capability("AUTH=PLAIN"):
            client.plain_login(settings.user, password)
        elif not client.has_capability("LOGINDISABLED") and (settings.user + password).isascii():
            # imaplib quotes the password but not the user
            client.login(quoted(settings.user.encode()).decode(), password)
        else:
            raise MailboxRefused(
                f"{answers.place(settings)}: {settings.host} takes this login in no way we know "
                f"(no AUTH=PLAIN; LOGIN is switched off or takes ASCII only); check `tls`"
            )
    except answers.TROUBLE as exc:
        raise answers.login_error(settings, exc) from exc
