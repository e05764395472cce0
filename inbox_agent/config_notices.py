"""Who is told, and when, as the config file says it: ``[notices]``.

The addresses of chat and mail services hold secrets; the config says only where they are kept.
"""

from __future__ import annotations

from datetime import time
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, PlainValidator, StrictBool, field_validator, model_validator

from inbox_agent import config_values as values
from inbox_agent.config_logins import PasswordSettings, Section, Text

WallTime = Annotated[time, PlainValidator(values.wall_time)]


def _where_the_pages_are(url: str) -> str:
    """The address at which people open the pages, without a slash at its end."""
    parts = urlsplit(values.plain_text(url))
    is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
        raise ValueError(
            f'{values.shown(url)} is no address of pages; write it like "https://partners.acme.com"'
        )
    return url.rstrip("/")


class Recipient(Section):
    """One ``[[notices.to]]``: whose partners it is about, and where it goes."""

    owner: Text | None = None
    everybody: StrictBool = False
    name: Text | None = None
    urls: PasswordSettings
    alerts: StrictBool = True
    digest: StrictBool = True

    @field_validator("name")
    @classmethod
    def _names_a_file(cls, name: str | None) -> str | None:
        # A systemd credential of this name is looked for, as of a mailbox.
        if name is not None and ("/" in name or name.startswith(".")):
            raise ValueError(f'{values.shown(name)} must have no "/" in it and no "." before it')
        return name

    @model_validator(mode="after")
    def _is_for_somebody(self) -> Self:
        if (self.owner is None) != self.everybody:
            raise ValueError("must say exactly one of: owner, everybody = true")
        if not self.alerts and not self.digest:
            raise ValueError("gets neither alerts nor digest; leave the entry out")
        return self

    @property
    def key(self) -> str:
        """What it goes by: its name, else the owner, else ``everybody``."""
        return self.name or self.owner or "everybody"

    def is_about(self, owner: str | None) -> bool:
        """Whether partners of that owner are its business; those without one are everybody's."""
        return self.everybody or (owner or "").casefold() == (self.owner or "").casefold()


class NoticesSettings(Section):
    """Digests in the morning and alerts at once; nobody is told where `to` is empty."""

    digest_at: WallTime = time(8)
    pages: Annotated[str, AfterValidator(_where_the_pages_are)] | None = None
    to: tuple[Recipient, ...] = ()
