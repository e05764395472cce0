"""How one value of `partners.db` is shown in a page; CSV and JSON keep the value itself.

What is shown goes by the unit the catalogue gives the column. Words out of letters are escaped,
never made into links (Datasette links whatever is a URL) and kept from turning the line around
them (`bdi`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from datasette.utils import tilde_encode
from markupsafe import Markup

from inbox_agent.catalogue import DATABASE, Column
from inbox_agent.datasette_plugin.links import partner_path
from inbox_agent.words import duration, percent, working_duration

if TYPE_CHECKING:
    from datasette.app import Datasette

__all__ = ["UNKNOWN", "Cells", "duration", "partner_link", "percent", "working_duration"]

_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_UTC = ZoneInfo("UTC")
_STATES = ("ok", "watch", "act", "unknown")
UNKNOWN = Markup('<span class="unknown" title="unknown or not yet measured">—</span>')
_KEY_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Cells:
    """Shows values in the pages of one Datasette; `longest` cuts very long words (0: never).

    Instants are shown in `zone`, as on all other pages, with its name beside them.
    """

    datasette: Datasette
    longest: int
    zone: ZoneInfo = _UTC

    def show(self, value: object, column: Column) -> Markup | None:
        """The markup of a value, or None where Datasette's own way is right."""
        if isinstance(value, dict):  # a linked row, with what it is called
            return self._link(value["value"], value["label"], column)
        if value is None:
            return UNKNOWN
        if isinstance(value, str):
            return self._words(value, column)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return _number(value, column)

    def _words(self, text: str, column: Column) -> Markup:
        instant = _instant(text, self.zone) if column.unit == "UTC instant" else None
        if instant:
            return instant
        if column.unit == "state" and text in _STATES:
            return Markup('<span class="state state-{0}">{0}</span>').format(text)
        if column.references or column.name == "partner":
            return self._link(text, None, column)
        shown = text[: self.longest] + "…" if 0 < self.longest < len(text) else text
        return Markup("<bdi>{}</bdi>").format(shown)

    def _link(self, key: object, label: str | None, column: Column) -> Markup:
        if key is None:
            return UNKNOWN
        if column.name == "partner":
            return partner_link(self.datasette, str(key), label)
        href = self.datasette.urls.row(DATABASE, column.references, tilde_encode(str(key)))
        return _link(href, str(key), label or _short(str(key)))


def _instant(text: str, zone: ZoneInfo) -> Markup | None:
    """``2026-11-21 15:05 CET``, with the published instant behind it; None for what is none."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        local = datetime.fromisoformat(text).astimezone(zone)
    except (ValueError, OverflowError):
        return None
    title = "" if zone.key == "UTC" else Markup(' title="{}"').format(text)
    shown = f"{local:%Y-%m-%d %H:%M} {local.tzname()}"
    return Markup('<time datetime="{}"{}>{}</time>').format(text, title, shown)


def letters_link(datasette: Datasette, partner: str, conversation: str) -> Markup:
    """The way to the letters of a conversation, the first one first."""
    query = {"partner__exact": partner, "conversation__exact": conversation, "_sort": "at"}
    href = f"{datasette.urls.table(DATABASE, 'messages')}?{urlencode(query)}"
    return Markup('<a class="letters" href="{}">letters</a>').format(href)


def partner_link(datasette: Datasette, partner: str, name: str | None) -> Markup:
    """What a partner is called, leading to its page."""
    return _link(partner_path(datasette, partner), partner, name or partner)


def _link(href: str, title: str, words: str) -> Markup:
    return Markup('<a href="{}" title="{}"><bdi>{}</bdi></a>').format(href, title, words)


def _short(key: str) -> str:
    return key if len(key) <= _KEY_SHOWN else key[:_KEY_SHOWN] + "…"


def _number(value: float, column: Column) -> Markup | None:
    shown, title = _SHOWN.get(column.unit or "", (None, "{}"))
    if shown is None:
        return None
    return Markup('<span class="figure" title="{}">{}</span>').format(
        title.format(value), shown(value)
    )


_SHOWN: dict[str, tuple[Any, str]] = {
    "seconds": (lambda value: duration(int(value)), "{} seconds"),
    "working seconds": (lambda value: working_duration(int(value)), "{} seconds of working time"),
    "share": (percent, "{}"),
    "times": (lambda value: f"{value:.1f}×", "{} times"),  # noqa: RUF001
    "log ratio": (lambda value: f"{value:+.2f}", "{}"),
}
