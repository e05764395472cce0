"""The access token of a mailbox: got when needed, refreshed before its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from inbox_agent.config import MailboxSettings, OAuth2Settings
from inbox_agent.credentials import client_secret, secret
from inbox_agent.errors import ConfigError, MailboxRefused
from inbox_agent.oauth2_client import Grant, TokenClient
from inbox_agent.oauth2_providers import provider_of
from inbox_agent.oauth2_tokens import TokenPlaces

#: A token is renewed so long before it ends: a poll that begins with it can finish.
RENEWED_BEFORE = timedelta(minutes=5)


class OAuth2Login:
    """The tokens of one mailbox; may be asked by several threads. Never shows a token."""

    def __init__(self, settings: MailboxSettings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._oauth2 = _oauth2_of(settings)
        self._places = TokenPlaces(settings, self._oauth2)
        self._client: TokenClient | None = None
        self._held: tuple[str, datetime] | None = None
        #: The kept token that we last used, and what came in its place and could not be kept.
        self._used: str | None = None
        self._unsaved: str | None = None
        self._lock = threading.Lock()

    @property
    def client(self) -> TokenClient:
        """The application at the provider; its secret is read once."""
        if self._client is None:
            secret_ = client_secret(self._settings)
            provider = provider_of(self._oauth2)
            self._client = TokenClient(self._settings, self._oauth2.client_id, secret_, provider)
        return self._client

    @property
    def flow(self) -> str:
        """The way to a first token: ``device``, ``loopback`` or ``client_credentials``."""
        return self._oauth2.chosen_flow

    def token(self) -> str:
        """An access token that is good for five minutes at least, as far as its end is known.

        Raises MailboxUnavailable, MailboxRefused or ConfigError.
        """
        with self._lock:
            if self._held is None or self._clock() >= self._held[1] - RENEWED_BEFORE:
                return self._renew()
            if self._unsaved is not None:
                self._keep_after_all()
            return self._held[0]

    def renewed(self, refused: str) -> str:
        """Another token than the one that the IMAP server refused."""
        with self._lock:
            if self._held is not None and self._held[0] != refused:
                return self._held[0]  # another thread was here first
            return self._renew()

    def keep(self, grant: Grant) -> None:
        """Take over what a login gave."""
        with self._lock:
            self._take(grant)

    def _renew(self) -> str:
        if self.flow == "client_credentials":
            return self._take(self.client.client_credentials())
        with self._places.held():
            return self._take(self.client.refresh(self._refresh_token()))

    def _refresh_token(self) -> str:
        """What is kept, or what should be; a login by another process goes before that."""
        if self._unsaved is None or self._is_overtaken():
            self._unsaved = None
            self._used = self._places.read()
            return self._used
        return self._unsaved

    def _is_overtaken(self) -> bool:
        """Whether another process has kept a token since we used the one that was there."""
        try:
            return self._used is not None and self._places.read() != self._used
        except (ConfigError, MailboxRefused):
            return False

    def _keep_after_all(self) -> None:
        """Try again what failed, and was told then: a restart would lose the login."""
        with suppress(ConfigError), self._places.held():
            if self._unsaved is not None and not self._is_overtaken():
                self._places.write(self._unsaved)
            self._unsaved = None

    def _take(self, grant: Grant) -> str:
        """A refresh token that was rotated is kept at once: the one before may have ended."""
        self._held = grant.access_token, self._clock() + timedelta(seconds=grant.life_seconds)
        if grant.refresh_token is not None:
            self._unsaved = grant.refresh_token
            self._places.write(grant.refresh_token)
            self._unsaved = None
        return grant.access_token


#: A password, or where tokens come from.
Login = str | OAuth2Login


def login_of(settings: MailboxSettings, clock: Callable[[], datetime]) -> Login:
    """What a mailbox is logged in with, as the config says. Raises ConfigError."""
    return OAuth2Login(settings, clock) if settings.oauth2 is not None else secret(settings)


def _oauth2_of(settings: MailboxSettings) -> OAuth2Settings:
    if settings.oauth2 is None:
        raise ConfigError(
            f'mailbox "{settings.name}": it has a password; `login` is for mailboxes with `oauth2`'
        )
    return settings.oauth2
