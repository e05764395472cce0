"""Small pictures beside figures, as SVG that needs no script and no style.

A line of typical response times month by month: a month without a figure is a gap in it, never
bridged, for nothing was known of it. And a bar of the present silence beside the usual rhythm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from inbox_agent.words import duration

WIDTH, HEIGHT, MARGIN = 132, 28, 4


@dataclass(frozen=True, slots=True)
class Month:
    """One month of one side; `p50_seconds` is None with fewer than 5 asks.

    It is None, too, where fewer than half were answered (`is_reached` False).
    """

    name: str
    p50_seconds: int | None = None
    is_reached: bool | None = None


def sparkline(months: Sequence[Month], whose: str) -> Markup:
    """The line of one side, from 0 to its own highest month; empty where no month has a figure.

    `whose` names the side in a CSS class and in what a screen reader says ("ours", "theirs").
    """
    if not any(month.p50_seconds is not None or month.is_reached is False for month in months):
        return Markup("")
    highest = max((month.p50_seconds or 0 for month in months), default=0) or 1
    points = [_point(place, month, highest, len(months)) for place, month in enumerate(months)]
    body = Markup("").join((_base(), _runs(points), _misses(months)))
    return Markup(
        '<svg class="spark spark-{}" viewBox="0 0 {} {}" width="{}" height="{}" role="img">'
        "<title>{}</title>{}</svg>"
    ).format(whose, WIDTH, HEIGHT, WIDTH, HEIGHT, said(months), body)


def said(months: Sequence[Month]) -> str:
    """The line in words: ``Half answered within: Mar 5h, Apr 2d. Fewer than half: Jun.``."""
    known = [f"{m.name} {duration(m.p50_seconds)}" for m in months if m.p50_seconds is not None]
    missed = [m.name for m in months if m.p50_seconds is None and m.is_reached is False]
    parts = [f"Half answered within: {', '.join(known)}." if known else ""]
    parts += [f"Fewer than half answered: {', '.join(missed)}." if missed else ""]
    if len(known) + len(missed) < len(months):
        parts += ["Other months: fewer than 5 asks."]
    return " ".join(filter(None, parts))


Point = tuple[float, float]


def _point(place: int, month: Month, highest: int, count: int) -> Point | None:
    if month.p50_seconds is None:
        return None
    room = HEIGHT - 2 * MARGIN
    return _x(place, count), round(HEIGHT - MARGIN - room * month.p50_seconds / highest, 1)


def _x(place: int, count: int) -> float:
    return round(MARGIN + (WIDTH - 2 * MARGIN) * place / max(1, count - 1), 1)


def _base() -> Markup:
    """The line of 0 seconds."""
    y = HEIGHT - MARGIN + 2
    return Markup('<path class="spark-base" d="M0 {}H{}"/>').format(y, WIDTH)


def _runs(points: Sequence[Point | None]) -> Markup:
    """A line for neighbouring months, a dot for a month alone, and one at the end."""
    steps = [
        f"M{here[0]:g} {here[1]:g}L{there[0]:g} {there[1]:g}"
        for here, there in pairwise(points)
        if here and there
    ]
    line = Markup('<path class="spark-line" d="{}"/>').format("".join(steps))
    dots = [point for place, point in enumerate(points) if point and _has_dot(points, place)]
    circles = [Markup('<circle cx="{:g}" cy="{:g}" r="2.5"/>').format(*dot) for dot in dots]
    return Markup("").join((line if steps else Markup(""), *circles))


def _has_dot(points: Sequence[Point | None], place: int) -> bool:
    """Of a month alone, whose line would have no length, and of the last one with a figure."""
    before, after = points[:place][-1:], points[place + 1 :]
    return not any(after) or not any((*before, *after[:1]))


def _misses(months: Sequence[Month]) -> Markup:
    """A cross at the upper edge where fewer than half were answered."""
    places = [n for n, m in enumerate(months) if m.p50_seconds is None and m.is_reached is False]
    crosses = [
        f"M{x - 2.5:g} {MARGIN - 2.5:g}l5 5m0-5l-5 5"
        for x in (_x(place, len(months)) for place in places)
    ]
    if not crosses:
        return Markup("")
    return Markup('<path class="spark-miss" d="{}"/>').format("".join(crosses))


# -- the present silence --------------------------------------------------------------------

_BAR_WIDTH, _BAR_HEIGHT = 200, 14


def silence_bar(silent: int | None, usual: int | None, longest: int | None, line: str) -> Markup:
    """How far the present silence has come, in working days: a bar, with marks at two lengths.

    The marks are the usual gap and the longest of 12 months. `line` is what the silence has
    passed ("act", "watch" or ""). Empty without a rhythm.
    """
    if silent is None or usual is None or not longest:
        return Markup("")
    whole = max(longest * 1.25, silent)
    now, usually, most = [f"{_BAR_WIDTH * days / whole:.1f}" for days in (silent, usual, longest)]
    title = f"{silent} working days of silence; usual are {usual}, the longest was {longest}"
    return Markup(
        '<svg class="silence-bar passed-{}" viewBox="0 0 {} {}" preserveAspectRatio="none"'
        ' role="img"><title>{}</title><rect class="track" y="4" width="{}" height="6"/>'
        '<rect class="now" y="4" width="{}" height="6"/>'
        '<path class="usual" d="M{} 2V12"/><path class="longest" d="M{} 0V14"/></svg>'
    ).format(
        line or "nothing", _BAR_WIDTH, _BAR_HEIGHT, title, _BAR_WIDTH, now, usually, most
    )  # fmt: skip
