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

if TYPE_CHECKING:
    from datasette.app import Datasette

_INSTANT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}):[0-9]{2}Z")
_STATES = ("ok", "watch", "act", "unknown")
_UNKNOWN = Markup('<span class="unknown" title="unknown or not yet measured">—</span>')
_KEY_SHOWN = 10


def duration(seconds: int) -> str:
    """Seconds by the calendar in the two largest units: ``2d 4h``, ``45m``, ``12s``."""
    minutes, hours = abs(seconds) // 60, abs(seconds) // 3600
    if minutes < 60:
        return _signed(seconds, [(minutes, "m")] if minutes else [(abs(seconds), "s")])
    if hours < 24:
        return _signed(seconds, [(hours, "h"), (minutes % 60, "m")])
    return _signed(seconds, [(hours // 24, "d"), (hours % 24, "h")])


def working_duration(seconds: int) -> str:
    """Working seconds in hours and minutes: ``6h 30m``, ``26h``; a working day has no length."""
    minutes, hours = abs(seconds) // 60, abs(seconds) // 3600
    if not minutes:
        return _signed(seconds, [(abs(seconds), "s")])
    return _signed(seconds, [(hours, "h"), (minutes % 60, "m")])


def _signed(seconds: int, parts: list[tuple[int, str]]) -> str:
    shown = " ".join(f"{count}{unit}" for count, unit in parts if count) or f"0{parts[-1][1]}"
    return f"-{shown}" if seconds < 0 else shown


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
            return _UNKNOWN
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
        if column.references:
            return self._link(text, None, column)
        shown = text[: self.longest] + "…" if 0 < self.longest < len(text) else text
        return Markup("<bdi>{}</bdi>").format(shown)

    def _link(self, key: object, label: str | None, column: Column) -> Markup:
        if key is None:
            return _UNKNOWN
        path = tilde_encode(str(key))
        href = self.datasette.urls.row(DATABASE, column.references, path)
        words = label or (str(key) if column.references == "partners" else _short(str(key)))
        return Markup('<a href="{}" title="{}"><bdi>{}</bdi></a>').format(href, str(key), words)


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
