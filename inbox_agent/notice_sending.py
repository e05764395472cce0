"""Apprise, which knows a hundred services: takes their addresses, and passes messages on.

It is loaded when there is something to send. It says nothing in any log, as its words hold the
addresses, and keeps no files; pictures of its own are not asked for, and redirects not followed,
so that nothing goes anywhere but to the addresses configured.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inbox_agent.notice_texts import NoticeText

#: Those of apprise and of what it sends with: addresses stand in them.
_TELLTALE = ("apprise", "urllib3.connectionpool", "urllib3.util.retry", "requests")
_UNKNOWN = "it is no address of a service that apprise knows; see https://appriseit.com/services/"


@dataclass(frozen=True, slots=True)
class Service:
    """One address: what kind of service it is of, and why it can't be used, if it can't."""

    name: str
    problem: str | None
    _apprise: Any = None
    _one: Any = None

    def send(self, text: NoticeText) -> str | None:
        """Pass a message on; None, or what went wrong, without any word of the address."""
        if self.problem is not None:
            return self.problem
        form, body = _form(self._one.notify_format, text)
        try:
            is_taken = bool(self._apprise.notify(title=text.title, body=body, body_format=form))
        except Exception as exc:  # noqa: BLE001 - a hundred services, each with its own errors
            return f"{self.name} failed ({type(exc).__name__})"
        return None if is_taken else f"{self.name} did not take it"


def services(urls: str) -> Sequence[Service]:
    """The addresses in a secret, in their order; several stand apart by blanks or commas."""
    apprise = _loaded()
    asset = apprise.AppriseAsset(
        app_id="inbox_agent",
        app_desc="",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        http_redirects=False,
        storage_mode="memory",
        pgp_autogen=False,
        pem_autogen=False,
        allow_templates=False,
    )
    return [_service(apprise, asset, url) for url in apprise.utils.parse.parse_urls(urls)]


def _service(apprise: Any, asset: Any, url: str) -> Service:
    try:
        one = apprise.Apprise.instantiate(url, asset=asset)
    except Exception:  # noqa: BLE001 - what it says holds the address
        one = None
    if one is None:
        return Service("an address", _UNKNOWN)
    sender = apprise.Apprise(asset=asset)
    sender.add(one)
    return Service(str(one.service_name), None, sender, one)


def _loaded() -> Any:
    for name in _TELLTALE:
        logger = logging.getLogger(name)
        logger.disabled = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # modules of Python that it imports are on their way out
        import apprise  # noqa: PLC0415 - half a second, for those who are told something
        import apprise.utils.parse  # noqa: PLC0415

        apprise.Apprise.instantiate("json://localhost")  # which loads all services
    return apprise


def _form(wanted: Any, text: NoticeText) -> tuple[str, str]:
    """The form a service takes: HTML in mail, plain text in what takes any form."""
    formats = {str(getattr(each, "value", each)) for each in _several(wanted)}
    if "html" in formats and "markdown" not in formats:
        return "html", text.html
    return ("text", text.plain) if "text" in formats else ("markdown", text.markdown)


def _several(wanted: Any) -> Sequence[Any]:
    return wanted if isinstance(wanted, tuple | list) else (wanted,)
