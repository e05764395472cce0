"""How the pages are reached, as the config says it: ``[serve]``."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator

from inbox_agent import config_values as values
from inbox_agent.config_logins import Section, Text

#: RFC 9110 §5.6.2: a token.
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(r"/(?:[A-Za-z0-9._~-]+/)*")
#: Lines that mean something else already; who may set them is anybody.
_TAKEN = frozenset({"cookie", "authorization", "host", "user-agent", "forwarded"})


def _header(name: str) -> str:
    if not _HEADER.fullmatch(name) or name.lower() in _TAKEN:
        raise ValueError(
            f"{values.shown(name)} can't name a user; write the header line that your proxy "
            'sends, like "X-Forwarded-User"'
        )
    return name


def _proxy(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text) if "/" in text else ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(
            f"{values.shown(text)} is no address; write one like 10.0.0.2 or 10.0.0.0/24"
        ) from None


def _base_url(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise ValueError(
            f"{values.shown(path)} is no path; write one like /partners-inbox/, "
            "with a slash at both ends"
        )
    return path


class ServeSettings(Section):
    """Under which path the pages lie, and which proxy says who somebody is."""

    base_url: Annotated[str, AfterValidator(_base_url)] = "/"
    user_header: Annotated[Text, AfterValidator(_header)] | None = None
    proxies: tuple[Annotated[str, AfterValidator(_proxy)], ...] = ("127.0.0.1", "::1")
