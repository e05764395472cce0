"""Where a provider hands out tokens, and which scope reads mail. Pure: settings in, addresses out.

Microsoft: learn.microsoft.com, "Authenticate an IMAP, POP or SMTP connection using OAuth".
Google: developers.google.com/workspace/gmail/imap/xoauth2-protocol.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from inbox_agent.config import OAuth2Settings

_MICROSOFT = "https://login.microsoftonline.com"
_MICROSOFT_SCOPE = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"
#: An application by itself gets what the administrator granted it, and asks for nothing more.
_MICROSOFT_APPLICATION_SCOPE = "https://outlook.office365.com/.default"


@dataclass(frozen=True, slots=True)
class Provider:
    """The addresses of one provider; `loopback_host` is what its redirect may be called.

    `authorization_extras` go into the address that a person opens.
    """

    token_url: str
    device_url: str | None = None
    authorization_url: str | None = None
    scope: str | None = None
    loopback_host: str = "127.0.0.1"  # RFC 8252 §7.3
    authorization_extras: dict[str, str] = field(default_factory=dict)


def provider_of(settings: OAuth2Settings) -> Provider:
    """The provider that the config names; what the config says itself goes first."""
    known = _KNOWN.get(settings.provider, _other)(settings)
    return Provider(
        token_url=settings.token_url or known.token_url,
        device_url=settings.device_url or known.device_url,
        authorization_url=settings.authorization_url or known.authorization_url,
        scope=settings.scope or known.scope,
        loopback_host=known.loopback_host,
        authorization_extras=known.authorization_extras,
    )


def _microsoft(settings: OAuth2Settings) -> Provider:
    base = f"{_MICROSOFT}/{settings.tenant or 'organizations'}/oauth2/v2.0"
    is_application = settings.chosen_flow == "client_credentials"
    return Provider(
        token_url=f"{base}/token",
        device_url=f"{base}/devicecode",
        authorization_url=f"{base}/authorize",
        scope=_MICROSOFT_APPLICATION_SCOPE if is_application else _MICROSOFT_SCOPE,
        loopback_host="localhost",  # the one name for which any port will do
    )


def _google(_settings: OAuth2Settings) -> Provider:
    return Provider(
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106  # an address
        authorization_url="https://accounts.google.com/o/oauth2/v2/auth",
        scope="https://mail.google.com/",
        # Without these two a second login would bring no refresh token.
        authorization_extras={"access_type": "offline", "prompt": "consent"},
    )


def _other(settings: OAuth2Settings) -> Provider:
    return Provider(token_url=settings.token_url or "")


_KNOWN = {"microsoft": _microsoft, "google": _google}
