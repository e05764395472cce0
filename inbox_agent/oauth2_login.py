"""``inbox-agent login``: a person agrees once, and the refresh token is kept.

Two ways: a code typed on any device (RFC 8628), or a browser on this computer (RFC 8252 §7.3).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from inbox_agent.config import MailboxSettings
from inbox_agent.errors import ConfigError, MailboxRefused
from inbox_agent.oauth2 import OAuth2Login
from inbox_agent.oauth2_client import Grant

#: Seconds a person has to agree in the browser.
CONSENT_SECONDS: float = 600
_SLOWER_SECONDS = 5  # RFC 8628 §3.5
_LONGEST_REQUEST_SECONDS = 10

Say = Callable[[str], None]


def log_in_mailbox(
    mailboxes: Sequence[MailboxSettings], name: str, clock: Callable[[], datetime], say: Say
) -> None:
    """Log in the mailbox of that name; see `log_in_once`. ConfigError where there is none."""
    found = [each for each in mailboxes if each.name == name]
    if not found:
        names = ", ".join(each.name for each in mailboxes) or "none"
        raise ConfigError(f'there is no mailbox "{name}" in the config; there are: {names}')
    login = OAuth2Login(found[0], clock)
    log_in_once(found[0], login, say, time.sleep)
    kept = "its refresh token is kept" if login.flow != "client_credentials" else "a token came"
    say(f'mailbox "{name}": logged in, {kept}; `inbox-agent check` shows whether it may be read')


def log_in_once(
    settings: MailboxSettings, login: OAuth2Login, say: Say, wait: Callable[[float], None]
) -> None:
    """Get the first tokens of a mailbox and keep them; `say` tells the person what to do.

    Raises MailboxUnavailable, MailboxRefused or ConfigError.
    """
    if login.flow == "client_credentials":
        login.token()
        return
    grant = _by_device(login, say, wait) if login.flow == "device" else _by_browser(login, say)
    if isinstance(grant, str):
        raise MailboxRefused(
            f'mailbox "{settings.name}": nobody agreed in time ({grant}); '
            f"run `inbox-agent login {settings.name}` again"
        )
    if grant.refresh_token is None:
        raise MailboxRefused(
            f'mailbox "{settings.name}": the provider gave no refresh token; allow the '
            f"application access at any time (offline_access), and log in again"
        )
    login.keep(grant)


def _by_device(login: OAuth2Login, say: Say, wait: Callable[[float], None]) -> Grant | str:
    device = login.client.device()
    say(f"open {device.verification_url} in any browser and type the code {device.user_code}")
    interval, left = device.interval_seconds, device.life_seconds
    while left > 0:
        wait(interval)
        left -= max(interval, 1)
        answer = login.client.device_grant(device)
        if isinstance(answer, Grant):
            return answer
        if answer == "slow_down":
            interval += _SLOWER_SECONDS
    return "the code has run out"


def _by_browser(login: OAuth2Login, say: Say) -> Grant | str:
    # RFC 7636 §4.1: 43 to 128 characters; the state tells our answer from anybody else's.
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(24)
    with _Listener(state) as listener:
        redirect_url = f"http://{login.client.provider.loopback_host}:{listener.server_port}"
        url = login.client.authorization_url(redirect_url, state, verifier)
        say(f"open in a browser on this computer: {url}")
        answer = listener.answer(time.monotonic() + CONSENT_SECONDS)
    if "code" not in answer:
        return "access denied" if "error" in answer else "no answer from the browser"
    return login.client.code(answer["code"], verifier, redirect_url)


class _Listener(HTTPServer):
    """Waits on loopback for the browser to come back; who does not know the state is sent away."""

    def __init__(self, state: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = state
        self.said: dict[str, str] = {}

    def answer(self, until: float) -> dict[str, str]:
        """What the provider sent along (RFC 6749 §4.1.2); empty where nobody came in time."""
        while not self.said and (left := until - time.monotonic()) > 0:
            self.timeout = left
            self.handle_request()
        return self.said

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a request that breaks off is no answer, and its address no news."""


class _Handler(BaseHTTPRequestHandler):
    """One request of a browser. Nothing of it is logged: the code is in its address."""

    server: _Listener
    timeout = _LONGEST_REQUEST_SECONDS

    def do_GET(self) -> None:
        """Take the answer over, if it is ours."""
        said = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        is_ours = secrets.compare_digest(
            said.get("state", "").encode(), self.server.state.encode()
        ) and bool({"code", "error"} & said.keys())
        text = "inbox-agent has its answer; you may close this window." if is_ours else "not found"
        self.send_response(200 if is_ours else 404)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())
        if is_ours:
            self.server.said = said

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's name)
        """Nothing."""
