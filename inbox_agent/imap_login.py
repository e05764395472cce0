"""From a fresh connection to one that is logged in, or an error that says who has to act."""

from __future__ import annotations

import re
from typing import Any

from inbox_agent import imap_answers as answers
from inbox_agent.config import MailboxSettings
from inbox_agent.errors import Fault, MailboxRefused, MailboxUnavailable
from inbox_agent.imap_commands import quoted
from inbox_agent.imap_security import checked_secret
from inbox_agent.oauth2 import Login, OAuth2Login

_CODE = re.compile(r"\[[A-Z-]{1,40}\]")


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


def ready(settings: MailboxSettings, login: Login) -> Login:
    """The login, fit to be sent: a clean password, or one whose token is at hand.

    Raises before a connection is opened, which nobody would use: see `checked_secret` and
    `OAuth2Login.token`.
    """
    if isinstance(login, OAuth2Login):
        login.token()
        return login
    return checked_secret(settings, login)


def log_in(client: Any, settings: MailboxSettings, login: Login) -> None:
    """Log in by password or by token.

    Raises MailboxUnavailable (try again later) or MailboxRefused (somebody has to act).
    """
    if isinstance(login, OAuth2Login):
        _log_in_by_token(client, settings, login)
    else:
        _log_in_by_password(client, settings, login)


def _log_in_by_password(client: Any, settings: MailboxSettings, password: str) -> None:
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


def _log_in_by_token(client: Any, settings: MailboxSettings, login: OAuth2Login) -> None:
    """Log in by OAUTHBEARER or XOAUTH2; a token that the server refuses is renewed once.

    The user is that of the mailbox: for a shared mailbox its own address, while the token is
    somebody's who may read it.
    """
    known = (("OAUTHBEARER", _oauthbearer), ("XOAUTH2", _xoauth2))
    offered = [each for each in known if client.has_capability(f"AUTH={each[0]}")]
    if not offered:
        raise MailboxRefused(
            f"{answers.place(settings)}: {settings.host} takes no OAuth2 token (it offers neither "
            f"OAUTHBEARER nor XOAUTH2); check `host`, or use `password`"
        )
    mechanism, said = offered[0]
    token = login.token()
    if not _is_taken(client, settings, mechanism, said(settings, token)):
        token = login.renewed(token)
        if not _is_taken(client, settings, mechanism, said(settings, token)):
            raise MailboxRefused(
                f"{answers.place(settings)}: {settings.host} refuses the login of "
                f'"{settings.user}" with a new token, too; check `user`, and that who logged in '
                f"may read this mailbox by IMAP; then run `inbox-agent login {settings.name}`",
                fault=Fault.AUTHENTICATION,
            )


def _is_taken(client: Any, settings: MailboxSettings, mechanism: str, said: bytes) -> bool:
    """Whether the server takes a token; MailboxUnavailable where that can't be told now.

    What it says then is not quoted beyond its code: it may repeat what we said.
    """
    # The second challenge is the server's error; the answers to it are fixed.
    left = [b"\x01" if mechanism == "OAUTHBEARER" else b"", said]
    try:
        client.sasl_login(mechanism, lambda _challenge: left.pop())
    except answers.TROUBLE as exc:
        error = answers.login_error(settings, exc)
        code = _CODE.search(str(error))
    else:
        return True
    if isinstance(error, MailboxRefused):
        return False
    raise MailboxUnavailable(
        f"{answers.place(settings)}: {settings.host} broke off the login by token"
        f"{f' ({code[0]})' if code else ''}; the next poll tries again",
        fault=error.fault,
        retry_after_seconds=error.retry_after_seconds,
    )


def _oauthbearer(settings: MailboxSettings, token: str) -> bytes:
    """RFC 7628 §3.1; a comma or "=" in the user is written as in RFC 5801 §4."""
    user = settings.user.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={user},\x01auth=Bearer {token}\x01\x01".encode()


def _xoauth2(settings: MailboxSettings, token: str) -> bytes:
    return f"user={settings.user}\x01auth=Bearer {token}\x01\x01".encode()
