"""How charts look: the colours of `tokens.css`, sizes, type, axes of time.

Every chart is drawn in light and dark, wide and narrow; what is narrow is drawn for it rather
than shrunk, so that its words stay readable.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: As in `tokens.css`; a test holds the two together.
LIGHT = {
    "surface": "#ffffff", "stripe": "#f3f6f8", "ink": "#111a35", "faint": "#56607a",
    "line": "#d8dee6", "ours": "#1f5d83", "theirs": "#9a5b13", "act": "#c22f2f",
    "watch": "#b26a00",
}  # fmt: skip
DARK = {
    "surface": "#1a212c", "stripe": "#202834", "ink": "#e3e8f0", "faint": "#a3adbd",
    "line": "#364152", "ours": "#8cc4ea", "theirs": "#f0b775", "act": "#ff8079",
    "watch": "#f0ae4a",
}  # fmt: skip
# Fonts of the same widths: places are reckoned here, letters drawn where the picture is shown.
_FONT = 'Arial, "Helvetica Neue", "Liberation Sans", sans-serif'
_WIDE, _NARROW = 760, 324
_LETTERS_WIDE, _LETTERS_NARROW = 122, 52

#: Places on an axis of durations, and their names.
TICKS: tuple[tuple[int, str], ...] = (
    (60, "1 min"),
    (300, "5 min"),
    (900, "15 min"),
    (3_600, "1 h"),
    (4 * 3_600, "4 h"),
    (86_400, "1 day"),
    (3 * 86_400, "3 days"),
    (7 * 86_400, "1 week"),
    (30 * 86_400, "30 days"),
    (90 * 86_400, "90 days"),
)


@dataclass(frozen=True, slots=True)
class Look:
    """The colours and the size of one picture; `title` stands in it where it leaves our pages."""

    theme: str = "light"
    size: str = "wide"
    title: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether it is drawn for a narrow screen."""
        return self.size == "narrow"

    @property
    def width(self) -> int:
        """The whole width, in CSS pixels."""
        return _NARROW if self.is_narrow else _WIDE

    @property
    def colours(self) -> Mapping[str, str]:
        """By the names of `tokens.css`."""
        return DARK if self.theme == "dark" else LIGHT

    def side(self, side: str) -> str:
        """The colour of a side."""
        return self.colours["ours" if side == "us" else "theirs"]


def framed(look: Look, parts: Mapping[str, Any], notes: Sequence[str]) -> dict[str, Any]:
    """The whole spec: the plot, its title (if any) above and its notes below or under the title."""
    letters = _LETTERS_NARROW if look.is_narrow else _LETTERS_WIDE
    lines = [line for note in notes for line in textwrap.wrap(note, letters)]
    return {
        "title": _title(look, lines),
        **parts,
        "config": _config(look),
    }


def _title(look: Look, lines: list[str]) -> dict[str, Any] | None:
    faint = {"fontSize": 12, "color": look.colours["faint"], "fontWeight": "normal"}
    if look.title:
        return {"text": look.title, "subtitle": lines, "anchor": "start", "fontSize": 17,
                "subtitleFontSize": 12, "subtitleColor": look.colours["faint"],
                "subtitlePadding": 6, "offset": 16, "color": look.colours["ink"],
                "fontWeight": 600}  # fmt: skip
    below = {"text": lines, "orient": "bottom", "anchor": "start", "offset": 10, "lineHeight": 16}
    return {**below, **faint} if lines else None


def _config(look: Look) -> dict[str, Any]:
    c = look.colours
    return {
        "font": _FONT,
        "background": c["surface"],
        "padding": 8 if look.title else 4,
        "aria": False,  # the picture is described by the page it stands in
        "view": {"stroke": None},
        "axis": {"labelColor": c["faint"], "titleColor": c["faint"], "gridColor": c["line"],
                 "domainColor": c["line"], "tickColor": c["line"], "labelFontSize": 12,
                 "titleFontSize": 12, "titleFontWeight": "normal", "labelPadding": 5,
                 "ticks": False, "domain": False},
        "text": {"fontSize": 12, "color": c["ink"]},
        "concat": {"spacing": 18},
    }  # fmt: skip


def time_scale(shortest: float, longest: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scale and axis of durations from the tick at or below the shortest to beyond the longest.

    By the logarithm: from a minute to a month, each step between ticks is about as wide.
    """
    low = max((tick for tick, _ in TICKS if tick <= shortest), default=TICKS[0][0])
    high = min((tick for tick, _ in TICKS if tick >= longest), default=longest)
    high = max(high, low * 10)
    ticks = [(tick, name) for tick, name in TICKS if low <= tick <= high]
    names = ", ".join(f"'{tick}': '{name}'" for tick, name in ticks)
    scale = {"type": "log", "domain": [low, high], "nice": False, "clamp": True}
    return scale, {"values": [tick for tick, _ in ticks], "labelExpr": f"{{{names}}}[datum.value]"}


def said(look: Look, words: str) -> dict[str, Any]:
    """A picture that says in words why nothing is drawn."""
    lines = textwrap.wrap(words, 44 if look.is_narrow else 90)
    mark = {"type": "text", "text": lines, "fontSize": 14, "lineHeight": 20, "align": "left",
            "x": 0, "y": 24, "color": look.colours["faint"]}  # fmt: skip
    plot = {"data": {"values": [{}]}, "mark": mark, "height": 24 + 20 * len(lines),
            "width": look.width - 20}  # fmt: skip
    return framed(look, plot, [])
