"""How a mailbox is logged in to, as the config file says it: a password or OAuth2.

No secret stands in the config itself, only where it is kept.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationInfo,
    model_validator,
)

from inbox_agent import config_values as values

Text = Annotated[str, AfterValidator(values.plain_text)]

_URL = re.compile(r"[!-~]+")
#: The flow of a provider that the config names none for.
DEFAULT_FLOWS = {"microsoft": "device", "google": "loopback"}
#: The addresses that a provider without a name of ours has to be given.
_NEEDED = {
    "device": ("token_url", "device_url"),
    "loopback": ("token_url", "authorization_url"),
    "client_credentials": ("token_url",),
}


def not_empty(path: Any) -> Any:
    """A path as written; an empty one is refused."""
    return values.plain_text(path) if isinstance(path, str) else path


def _beside_the_config(path: Any, info: ValidationInfo) -> Any:
    """A path relative to the config file's folder, which is the validation context."""
    if not isinstance(path, str):
        return path
    return ((info.context or Path()) / Path(not_empty(path)).expanduser()).resolve()


BesideConfig = Annotated[Path, BeforeValidator(_beside_the_config)]


def _secret_keeping(url: str) -> str:
    """An address that tokens may be sent to: https, or http to this computer itself."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and values.is_loopback(host))
    is_whole = host and parts.username is None and not parts.fragment and _URL.fullmatch(url)
    if not is_whole or not is_safe:
        raise ValueError(
            f"{values.shown(url)} must be an https address, without a user and without #; "
            "http is for localhost only"
        )
    return url


Url = Annotated[Text, AfterValidator(_secret_keeping)]


class Section(BaseModel):
    """One table of a config file: no keys but the known ones, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def exactly_one(section: Section, allowed: str) -> None:
    """Raises ValueError unless one key of the table is said, and one only."""
    if sum(value is not None for _, value in section) != 1:
        raise ValueError(f"must say exactly one of: {allowed}")


class PasswordSettings(Section):
    """Where a password is kept: exactly one of the four."""

    env: Annotated[str, AfterValidator(values.variable)] | None = None
    keyring: Text | None = None
    file: BesideConfig | None = None
    command: Text | None = None

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        exactly_one(self, "env, keyring, file, command")
        return self


class TokenPlace(Section):
    """Where a refresh token is kept between runs: exactly one of the two."""

    keyring: Text | None = None
    file: BesideConfig | None = None

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        exactly_one(self, "keyring, file")
        return self


class OAuth2Settings(Section):
    """How tokens are got (RFC 6749); what is left out follows from the provider."""

    provider: Literal["microsoft", "google", "other"]
    client_id: Text
    client_secret: PasswordSettings | None = None
    tenant: Text | None = None
    flow: Literal["device", "loopback", "client_credentials"] | None = None
    keep: TokenPlace = TokenPlace(keyring="inbox-agent-oauth2")
    scope: Text | None = None
    token_url: Url | None = None
    device_url: Url | None = None
    authorization_url: Url | None = None

    @property
    def chosen_flow(self) -> str:
        """The way to a first token: ``device``, ``loopback`` or ``client_credentials``."""
        return self.flow or DEFAULT_FLOWS.get(self.provider, "device")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        flow = self.chosen_flow
        if self.provider == "google" and flow != "loopback":
            raise ValueError('Google grants the mail scope by flow = "loopback" only')
        if self.provider != "microsoft" and self.tenant is not None:
            raise ValueError('tenant is for provider = "microsoft"; leave it out')
        if flow == "client_credentials" and self.client_secret is None:
            raise ValueError('flow = "client_credentials" needs client_secret')
        if self.provider == "microsoft" and flow == "client_credentials" and not self.tenant:
            raise ValueError('flow = "client_credentials" needs tenant, like "acme.com"')
        missing = [key for key in _NEEDED[flow] if getattr(self, key) is None]
        if self.provider == "other" and missing:
            raise ValueError(f'provider = "other" with flow = "{flow}" needs {", ".join(missing)}')
        return self
