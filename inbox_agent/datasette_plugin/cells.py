"""How one value of `partners.db` is shown in a page; CSV and JSON keep the value itself.

What is shown goes by the unit the catalogue gives the column. Words out of letters are escaped,
never made into links (Datasette links whatever is a URL) and kept from turning the line around
them (`bdi`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datasette.utils import tilde_encode
from markupsafe import Markup

from inbox_agent.catalogue import DATABASE, Column
from inbox_agent.datasette_plugin.links import partner_path
from inbox_agent.words import duration, working_duration

if TYPE_CHECKING:
    from datasette.app import Datasette

__all__ = ["UNKNOWN", "Cells", "duration", "partner_link", "percent", "working_duration"]

_INSTANT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}):[0-9]{2}Z")
_STATES = ("ok", "watch", "act", "unknown")
UNKNOWN = Markup('<span class="unknown" title="unknown or not yet measured">—</span>')
_KEY_SHOWN = 10


def percent(share: float) -> str:
    """A share as a percentage, with a decimal where whole ones would hide something."""
    is_near_an_end = 0 < share < 0.1 or 0.9 < share < 1
    return f"{share:.1%}" if is_near_an_end else f"{share:.0%}"


@dataclass(frozen=True, slots=True)
class Cells:
    """Shows values in the pages of one Datasette; `longest` cuts very long words (0: never)."""

    datasette: Datasette
    longest: int

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
        instant = _INSTANT.fullmatch(text) if column.unit == "UTC instant" else None
        if instant:
            shown = f"{instant[1]} {instant[2]} UTC"
            return Markup('<time datetime="{}">{}</time>').format(text, shown)
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
