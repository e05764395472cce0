"""Talks to a provider's token end point (RFC 6749, 7636, 8628), and says in our words how it went.

No token is in any error or log: the errors of the libraries, which hold requests and answers,
end here and are not chained.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from inbox_agent.config import MailboxSettings
from inbox_agent.errors import Fault, MailboxError, MailboxRefused, MailboxUnavailable
from inbox_agent.oauth2_http import bounded_session
from inbox_agent.oauth2_providers import Provider

if TYPE_CHECKING:
    import httpx

_DEFAULT_LIFE_SECONDS, _LONGEST_LIFE_SECONDS = 3600, 86_400
_LONGEST_INTERVAL_SECONDS = 60.0
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_TOKEN = re.compile(r"[\x21-\x7e]+")  # RFC 6749 §A.12, without the blank
_CODE = re.compile(r"[a-z_]{1,60}")
_MICROSOFT_CODE = re.compile(r"AADSTS\d{1,10}")
#: Errors that pass by themselves (RFC 6749 §4.1.2.1; Google says the second).
_PASSING = frozenset({"temporarily_unavailable", "server_error", "internal_failure"})
#: A person has to consent anew (RFC 6749 §5.2; the others are Microsoft's and OpenID's).
_ENDED = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})
_PASSING_STATUS = frozenset({408, 425, 429})
_FIRST_CLIENT_ERROR, _FIRST_SERVER_ERROR = 400, 500


@dataclass(frozen=True, slots=True)
class Grant:
    """What the token end point gave; `life_seconds` is how long the access token is good for."""

    access_token: str = field(repr=False)
    life_seconds: int
    refresh_token: str | None = field(default=None, repr=False)


class Device(NamedTuple):
    """What a person has to open and type (RFC 8628 §3.2); the code that we ask with is kept."""

    verification_url: str
    user_code: str
    device_code: str
    life_seconds: float
    interval_seconds: float


class _Answer(Exception):
    """The end point answered with an error code of OAuth2 (RFC 6749 §5.2)."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class TokenClient:
    """One application at one provider, for one mailbox.

    Every call raises MailboxUnavailable (no or no useful answer: try again later) or
    MailboxRefused (somebody has to act).
    """

    def __init__(
        self, settings: MailboxSettings, client_id: str, secret: str | None, provider: Provider
    ) -> None:
        self._name, self._id, self._secret = settings.name, client_id, secret
        self.provider = provider

    def refresh(self, refresh_token: str) -> Grant:
        """A new access token for a refresh token (RFC 6749 §6)."""
        return self._granted("refresh_token", refresh_token=refresh_token)

    def client_credentials(self) -> Grant:
        """A token for the application itself (RFC 6749 §4.4)."""
        return self._granted("client_credentials")

    def code(self, code: str, verifier: str, redirect_url: str) -> Grant:
        """The tokens for the code of a consent (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
        return self._granted(
            "authorization_code", code=code, code_verifier=verifier, redirect_uri=redirect_url
        )

    def device(self) -> Device:
        """Begin the device flow (RFC 8628 §3.1)."""
        url = self.provider.device_url or ""
        data = {"client_id": self._id, "scope": self.provider.scope or ""}
        try:
            return self._device(self._said(url, lambda session: _posted(session, url, data)))
        except _Answer as exc:
            error: MailboxError = self._refusal(exc)
        except (KeyError, TypeError, ValueError):
            error = self._useless(url)
        raise error

    @staticmethod
    def _device(said: Mapping[str, Any]) -> Device:
        return Device(
            verification_url=str(said.get("verification_uri") or said["verification_url"]),
            user_code=str(said["user_code"]),
            device_code=str(said["device_code"]),
            life_seconds=_seconds(said.get("expires_in"), 900, _DEFAULT_LIFE_SECONDS),
            interval_seconds=_seconds(said.get("interval"), 5, _LONGEST_INTERVAL_SECONDS),
        )

    def device_grant(self, device: Device) -> Grant | str:
        """The tokens, or ``slow_down`` or ``authorization_pending`` (RFC 8628 §3.5)."""
        try:
            said = self._token(_DEVICE_GRANT, {"device_code": device.device_code})
        except _Answer as exc:
            if exc.code in ("authorization_pending", "slow_down"):
                return exc.code
            error = self._refusal(exc)
        else:
            return self._grant(said)
        raise error

    def authorization_url(self, redirect_url: str, state: str, verifier: str) -> str:
        """The address that a person opens to consent (RFC 6749 §4.1.1, RFC 7636 §4.3)."""
        from authlib.oauth2.client import OAuth2Client  # noqa: PLC0415  # see below

        client = OAuth2Client(
            None, self._id, scope=self.provider.scope, code_challenge_method="S256"
        )
        url, _ = client.create_authorization_url(
            self.provider.authorization_url,
            state=state,
            code_verifier=verifier,
            redirect_uri=redirect_url,
            **self.provider.authorization_extras,
        )
        return str(url)

    def _granted(self, grant_type: str, **parameters: str) -> Grant:
        try:
            said = self._token(grant_type, parameters)
        except _Answer as exc:
            error = self._refusal(exc)
        else:
            return self._grant(said)
        raise error

    def _token(self, grant_type: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        """What the token end point says; raises _Answer where it says an error code."""
        import httpx  # noqa: PLC0415  # slow to import, and needed by those who use OAuth2
        from authlib.oauth2.client import OAuth2Client  # noqa: PLC0415

        fields = {"client_id": self._id, **parameters}
        if self._secret is not None:
            fields["client_secret"] = self._secret

        def ask(session: httpx.Client) -> Mapping[str, Any]:
            client = OAuth2Client(session, self._id, scope=self.provider.scope)
            said: Mapping[str, Any] = client.fetch_token(
                self.provider.token_url, grant_type=grant_type, auth=httpx.Auth(), **fields
            )
            return said

        return self._said(self.provider.token_url, ask)

    def _said(
        self, url: str, ask: Callable[[httpx.Client], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """The answer to one request; the libraries' errors are ours from here on."""
        import httpx  # noqa: PLC0415
        from authlib.oauth2.base import OAuth2Error  # noqa: PLC0415

        error: MailboxError | _Answer
        try:
            with bounded_session(url) as session:
                return ask(session)
        except OAuth2Error as exc:
            error = _answer(exc.error, exc.description)
        except httpx.HTTPStatusError as exc:
            error = self._status(url, exc.response.status_code)
        except httpx.TimeoutException:
            error = self._down(url, "no answer in time")
        except httpx.HTTPError as exc:
            error = self._down(url, type(exc).__name__)
        except (ValueError, TypeError, OverflowError, httpx.InvalidURL):
            error = self._useless(url)
        raise error

    def _grant(self, said: Mapping[str, Any]) -> Grant:
        token, refresh = said.get("access_token"), said.get("refresh_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise self._useless(self.provider.token_url)
        given = said.get("expires_in") or None
        life = _seconds(given, _DEFAULT_LIFE_SECONDS, _LONGEST_LIFE_SECONDS)
        return Grant(token, int(life), refresh if isinstance(refresh, str) and refresh else None)

    def _refusal(self, answer: _Answer) -> MailboxError:
        where = f'mailbox "{self._name}": {urlsplit(self.provider.token_url).hostname}'
        said = f"{answer.code}{answer.detail}"
        if answer.code in _PASSING:
            return MailboxUnavailable(f"{where} gives no token ({said}); the next poll tries again")
        if answer.code in _ENDED:
            return MailboxRefused(
                f"{where} takes the kept login no more ({said}); "
                f"run `inbox-agent login {self._name}`",
                fault=Fault.AUTHENTICATION,
            )
        if answer.code in ("access_denied", "expired_token"):
            return MailboxRefused(
                f"{where}: nobody agreed to the login ({said}); "
                f"run `inbox-agent login {self._name}` again"
            )
        return MailboxRefused(
            f"{where} refuses the application ({said}); check `client_id`, `client_secret` and "
            f"`tenant`, and what the administrator granted"
        )

    def _status(self, url: str, status: int) -> MailboxError:
        if _FIRST_CLIENT_ERROR <= status < _FIRST_SERVER_ERROR and status not in _PASSING_STATUS:
            return MailboxRefused(
                f'mailbox "{self._name}": {urlsplit(url).hostname} refuses to give a token '
                f"(HTTP {status}); check `provider`, `tenant` and the addresses under `oauth2`"
            )
        return self._down(url, f"HTTP {status}")

    def _down(self, url: str, cause: str) -> MailboxUnavailable:
        return MailboxUnavailable(
            f'mailbox "{self._name}": {urlsplit(url).hostname} gives no token ({cause}); '
            f"the next poll tries again"
        )

    def _useless(self, url: str) -> MailboxUnavailable:
        return self._down(url, "its answer holds none")


def _posted(session: httpx.Client, url: str, data: Mapping[str, str]) -> Mapping[str, Any]:
    """One POST whose answer is a JSON object; an OAuth2 error in it is raised like authlib's."""
    response = session.post(url, data=dict(data), headers={"Accept": "application/json"})
    said = None
    with suppress(ValueError):
        said = response.json() if response.status_code < _FIRST_SERVER_ERROR else None
    if isinstance(said, dict) and "error" in said:
        raise _answer(said["error"], said.get("error_description"))
    response.raise_for_status()
    if not isinstance(said, dict):
        raise ValueError("no JSON object")
    return said


def _seconds(given: object, otherwise: float, most: float) -> float:
    """A duration of an answer, from 0 to `most`; `otherwise` where there is none or no number."""
    try:
        found = float(str(given))
    except ValueError:
        return otherwise
    return min(max(found, 0.0), most) if math.isfinite(found) else otherwise


def _answer(code: object, description: object) -> _Answer:
    """An error with its code alone; a description may say anything, Microsoft's has a number."""
    number = _MICROSOFT_CODE.search(str(description or ""))
    known = isinstance(code, str) and _CODE.fullmatch(code)
    return _Answer(str(code) if known else "error", f", {number[0]}" if number else "")
