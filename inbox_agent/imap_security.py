"""What has to hold before a password is sent: a clean secret, TLS, and whom we trust."""

from __future__ import annotations

import ssl
import unicodedata

from inbox_agent.config import MailboxSettings
from inbox_agent.config_values import is_loopback
from inbox_agent.errors import ConfigError
from inbox_agent.imap_answers import place


def checked_secret(settings: MailboxSettings, secret: str) -> str:
    """The password without the one newline that ends a secret file.

    Raises ConfigError for an empty one, and for other control characters in it or in the user
    name: a line break in a LOGIN would begin a second command. Never quotes the secret.
    """
    password = secret.removesuffix("\r\n" if secret.endswith("\r\n") else "\n")
    if not password:
        raise ConfigError(f"{place(settings)}: the password is empty; check where `password` leads")
    for key, text in (("password", password), ("user", settings.user)):
        if any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
            raise ConfigError(
                f"{place(settings)}: `{key}` has a control character in it (a line break, "
                f"perhaps); it must be one line of text"
            )
    return password


def tls_context(settings: MailboxSettings) -> ssl.SSLContext | None:
    """Verified TLS 1.2 or better, by the system's authorities or only the one in `ca_file`.

    None where the config wants no TLS, which is for loopback alone. Raises ConfigError.
    """
    if settings.tls == "none":
        if not is_loopback(settings.host):
            raise ConfigError(
                f'{place(settings)}: `tls = "none"` would send the password to {settings.host} '
                f'in clear; it is for localhost only, use "implicit" or "starttls"'
            )
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as exc:  # ssl.SSLError, for a file without a certificate, is one of them
        raise ConfigError(
            f"{place(settings)}: `ca_file` {settings.ca_file} can't be used "
            f"({exc.strerror or 'no certificate in it'}); it must be a PEM file"
        ) from exc
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
