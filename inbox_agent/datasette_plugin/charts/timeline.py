"""A year at a glance: letters by week, silences, alerts, and who of theirs wrote when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

from inbox_agent.datasette_plugin.charts.look import Look, framed
from inbox_agent.datasette_plugin.charts.model import Chart, Spec, haloed, layer
from inbox_agent.datasette_plugin.charts.words import times
from inbox_agent.datasette_plugin.charts.year import (
    FEWEST_LETTERS,
    Silence,
    Year,
    sentences,
    sources,
    tables,
)

_HEIGHT = 130
_LANE, _HEADING = 27, 30
#: Wider than a letter of 11 px on average: words are kept inside the plot by this.
_LETTER = 6.0


def chart(year: Year, partner: str) -> Chart:
    """The chart of a year; `partner` is the key by which the tables are filtered."""
    return Chart(
        period=year.period,
        sentences=tuple(sentences(year)),
        tables=tuple(tables(year)),
        sources=sources(partner),
        draw=partial(spec, year),
        too_little="" if year.letters >= FEWEST_LETTERS else
        f"Too little to see at a glance: {times(year.letters, 'letter')} in 12 months.",
    )  # fmt: skip


def spec(year: Year, look: Look) -> Spec:
    """Letters above, what is told of the year below, with one axis of time."""
    plots = [_letters(year, look), _lanes(year, look)]
    spacing = {"vconcat": plots, "spacing": 6}
    return framed(look, spacing, _notes(year))


def _width(look: Look) -> int:
    return look.width - 44


def _x(year: Year) -> Spec:
    return {"field": "day", "type": "quantitative", "title": None,
            "scale": {"domain": [0, year.days], "nice": False}}  # fmt: skip


def _month_axis(year: Year, look: Look) -> Spec:
    starts = list(_month_starts(year))
    step = 3 if look.is_narrow else 1
    shown = starts[(len(starts) - 1) % step :: step]
    names = {}
    for n, (position, day) in enumerate(shown):
        is_new_year = n == 0 or day.year != shown[n - 1][1].year
        names[str(position)] = f"{day:%b %Y}" if is_new_year else f"{day:%b}"
    return {"values": [position for position, _ in shown], "labelExpr": f"{names}[datum.value]",
            "labelAlign": "left", "labelPadding": 2, "ticks": True, "tickSize": 5,
            "gridOpacity": 0.7}  # fmt: skip


def _month_starts(year: Year) -> Iterator[tuple[int, date]]:
    for position in range(year.days - 20):
        day = year.first + timedelta(days=position)
        if day.day == 1:
            yield position, day


# -- letters by week ------------------------------------------------------------------------------


def _letters(year: Year, look: Look) -> Spec:
    most = max([*year.theirs.values(), *year.ours.values(), 4])
    y = {"field": "letters", "type": "quantitative", "title": None,
         "scale": {"domain": [-most, most], "nice": False},
         "axis": {"values": [-most, 0, most], "labelExpr": "abs(datum.value)", "minExtent": 26,
                  "maxExtent": 26}}  # fmt: skip
    x = {**_x(year), "axis": {**_month_axis(year, look), "orient": "bottom"}}
    bars = []
    for side, counts, sign in (("them", year.theirs, 1), ("us", year.ours, -1)):
        values = [{"day": 7 * n + 0.7, "end": min(7 * n + 6.3, year.days), "letters": sign * count,
                   "zero": 0} for n, count in sorted(counts.items())]  # fmt: skip
        mark = {"type": "rect", "color": look.side(side), "cornerRadius": 1}
        bars.append(layer(values, mark, x=x, x2={"field": "end"}, y=y, y2={"field": "zero"}))
    zero = layer([{"letters": 0}], {"type": "rule", "color": look.colours["faint"]}, y=y)
    return {"width": _width(look), "height": _HEIGHT,
            "layer": [*bars, zero, *_who(year, look)]}  # fmt: skip


def _who(year: Year, look: Look) -> Iterator[Spec]:
    """The sides named above the plot: theirs at the left, ours at the right."""
    for words, side, counts, place in (
        ("They wrote", "them", year.theirs, {"x": 0, "align": "left"}),
        ("We wrote", "us", year.ours, {"x": _width(look), "align": "right"}),
    ):
        where = "above" if side == "them" else "below"
        number = sum(counts.values())
        total = f"{number:,}" if look.is_narrow else f"{times(number, 'letter')} ({where})"
        text = {"type": "text", "y": -16, "fontWeight": 600, "color": look.side(side),
                "fontSize": 13, "text": f"{words} {total}", **place}  # fmt: skip
        yield layer([{}], text)


# -- lanes ----------------------------------------------------------------------------------------


def _lanes(year: Year, look: Look) -> Spec:
    parts: list[Spec] = []
    top = 0
    for heading, lanes in (
        (_usual(year, look), _silences(year, look)),
        ("Alerts", _alerts(year, look)),
        (_people(year, look), _faces(year, look)),
    ):
        if not lanes:
            continue
        words = {"type": "text", "text": heading, "x": 0, "y": top + 16, "align": "left",
                 "fontWeight": 600, "color": look.colours["faint"]}  # fmt: skip
        parts.append(layer([{}], words))
        top += _HEADING
        for lane in lanes:
            parts += [{**part, "mark": _moved(part["mark"], top)} for part in lane]
            top += _LANE
    nothing = {"type": "text", "text": "No silence over twice the usual, no alert.", "x": 0,
               "y": 14, "align": "left", "color": look.colours["faint"]}  # fmt: skip
    return {"width": _width(look), "height": max(top, 20),
            "layer": parts or [layer([{}], nothing)]}  # fmt: skip


def _usual(year: Year, look: Look) -> str:
    usual = year.silences[-1].usual if year.silences and not look.is_narrow else None
    now = f" (now {times(usual, 'working day')})" if usual else ""
    return f"Silences over twice the usual gap{now}"


def _moved(mark: Spec, top: int) -> Spec:
    return {**mark, **{key: mark[key] + top for key in ("y", "y2") if key in mark}}


def _bar(year: Year, begins: float, ends: float, colour: str, **more: object) -> Spec:
    """A bar of a lane, at least two days long."""
    begins, ends = max(begins, 0.0), min(max(ends, begins + 2), year.days)
    mark = {"type": "rect", "color": colour, "cornerRadius": 3, "y": 15, "y2": 22, **more}
    x = {**_x(year), "axis": None}
    return layer([{"day": min(begins, ends - 2), "end": ends}], mark, x=x, x2={"field": "end"})


def _point(year: Year, day: float, colour: str, shape: str, **more: object) -> Spec:
    mark = {"type": "point", "shape": shape, "filled": True, "size": 75, "opacity": 1,
            "color": colour, "y": 18.5, **more}  # fmt: skip
    return layer([{"day": min(max(day, 1), year.days - 1)}], mark, x={**_x(year), "axis": None})


def _label(year: Year, look: Look, begins: float, ends: float, words: str) -> list[Spec]:
    """Words above a bar: from where it begins, or, near the right edge, up to where it ends."""
    width = _width(look)
    most = int(width / _LETTER)
    words = words if len(words) <= most else words[: most - 1] + "…"
    scale = width / year.days
    left = max(begins, 0) * scale
    is_left = left + len(words) * _LETTER <= width
    at = max(begins, 0) if is_left else max(ends, len(words) * _LETTER / scale)
    text = {"text": words, "align": "left" if is_left else "right", "y": 8, "fontSize": 11,
            "color": look.colours["ink"]}  # fmt: skip
    return haloed([{"day": min(at, year.days)}], text, look, x={**_x(year), "axis": None})


def _silences(year: Year, look: Look) -> list[list[Spec]]:
    """One lane for all: they don't overlap. The longest are told in words, where there is room."""
    lane: list[Spec] = []
    longest = max((silence.working_days or 1 for silence in year.silences), default=1)
    for silence in year.silences:
        colour = look.colours["act" if silence.is_open else "ink"]
        strength = 1 if silence.is_open else 0.2 + 0.7 * (silence.working_days or 1) / longest
        more = {"opacity": round(strength, 2), "cornerRadius": 0}
        lane.append(_bar(year, silence.begins, silence.ends - 1, colour, **more))
    scale = _width(look) / year.days
    taken: list[tuple[float, float]] = []
    for silence in sorted(year.silences, key=_importance):
        long = len(silence.words) * _LETTER / scale
        begins = min(max(silence.begins, 0), year.days - long)
        if all(begins > b or begins + long < a for a, b in taken):
            taken.append((begins, begins + long))
            lane += _label(year, look, silence.begins, silence.ends, silence.words)
    return [lane] if lane else []


def _importance(silence: Silence) -> tuple[bool, int]:
    return (not silence.is_open, -(silence.working_days or 0))


def _alerts(year: Year, look: Look) -> list[list[Spec]]:
    lanes = []
    for alert in year.alerts:
        is_act = alert.level == "act"
        colour = look.colours["act" if is_act else "watch"]
        lane = [_bar(year, alert.begins, alert.ends, colour, opacity=0.45, y=16.5, y2=20.5)]
        if alert.begins >= 0:  # one that began before the chart runs in from its edge
            lane.append(_point(year, alert.begins, colour, "triangle-up" if is_act else "square"))
        words = f"{alert.words} ({alert.level})"
        lanes.append([*lane, *_label(year, look, alert.begins, alert.ends, words)])
    return lanes


def _people(year: Year, look: Look) -> str:
    if look.is_narrow:
        return "Their people" + (f" ({year.more_faces} more wrote less)" if year.more_faces else "")
    more = f" (those who wrote most; {year.more_faces} more)" if year.more_faces else ""
    return f"Their people, from first letter to last{more}"


def _faces(year: Year, look: Look) -> list[list[Spec]]:
    lanes = []
    colour = look.colours["theirs"]
    least = 5 * year.days / _width(look)  # who wrote once has a bar of 5 px
    for face in year.faces:
        ends = max(face.ends, face.begins + least)
        lane = [_bar(year, face.begins, ends, colour, opacity=0.55)]
        if face.state in ("gone", "quiet"):
            shape = "cross" if face.state == "gone" else "circle"
            rim = {"stroke": look.colours["act" if face.state == "gone" else "watch"],
                   "strokeWidth": 1.5, "angle": 45}  # fmt: skip
            fill = look.colours["act" if face.state == "gone" else "surface"]
            lane.append(_point(year, face.ends, fill, shape, fill=fill, **rim))
        lanes.append([*lane, *_label(year, look, face.begins, face.ends, face.words)])
    return lanes


def _notes(year: Year) -> list[str]:
    notes = ["Letters by week: theirs above the line, ours below; automatic mail is left out."]
    if year.silences:
        notes.append("The stronger a silence, the more working days; red: it still lasts.")
    return notes
