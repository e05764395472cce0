"""When letters are written, by weekday and hour of the partner's zone, theirs and ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from inbox_agent.datasette_plugin.charts.look import Look, framed
from inbox_agent.datasette_plugin.charts.model import Chart, DataTable, Source, Spec, layer
from inbox_agent.datasette_plugin.charts.words import times
from inbox_agent.words import percent

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: With fewer letters of theirs in a year, where they lie is chance.
FEWEST_LETTERS = 20
_FULL = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_ROW = 20

#: Letters by weekday (0 is Monday) and hour.
Counts = Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """A partner's days (0 is Monday) and hours (from and to, 9.5 for half past nine)."""

    days: tuple[int, ...]
    hours: tuple[tuple[float, float], ...]
    words: str
    is_theirs: bool

    @classmethod
    def of(cls, days: str | None, hours: str | None, source: str | None) -> WorkingTime | None:
        """Of the published columns; None where there are none."""
        known = {day.lower(): n for n, day in enumerate(DAYS)}
        found = tuple(known[day] for day in re.split(r",\s*", days or "") if day in known)
        spans = tuple(
            (int(h1) + int(m1) / 60, (int(h2) + int(m2) / 60) or 24.0)
            for h1, m1, h2, m2 in _HOURS.findall(hours or "")
        )
        if not found or not spans:
            return None
        return cls(found, spans, hours or "", is_theirs=source != "ours")

    def covers(self, day: int, hour: int) -> bool:
        """Whether the middle of an hour lies within it."""
        return day in self.days and any(a <= hour + 0.5 < b for a, b in self.hours)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The letters of a year by the clock of the partner's zone."""

    theirs: Counts
    ours: Counts
    zone: str
    is_their_zone: bool
    working: WorkingTime | None


def chart(rhythm: Rhythm, partner: str, period: str) -> Chart:
    """The chart of both sides' letters."""
    letters = sum(rhythm.theirs.values())
    return Chart(
        period=period,
        sentences=tuple(sentences(rhythm)),
        tables=tuple(
            _table(counts, f"{who} by weekday and hour ({rhythm.zone}), {period}")
            for who, counts in (("Their letters", rhythm.theirs), ("Our letters", rhythm.ours))
        ),
        sources=(
            *(Source("messages", words, {"partner": partner, "side": side, "counts": "1"})
              for words, side in (("Their letters", "them"), ("Our letters", "us"))),
        ),
        draw=partial(spec, rhythm),
        too_little="" if letters >= FEWEST_LETTERS else
        f"Too few letters of theirs to show a rhythm: {letters} in 12 months; it takes "
        f"{FEWEST_LETTERS}.",
    )  # fmt: skip


def sentences(rhythm: Rhythm) -> Iterator[str]:
    """What the chart shows."""
    for who, counts in (("They", rhythm.theirs), ("We", rhythm.ours)):
        total = sum(counts.values())
        if not total:
            continue
        day = max(range(7), key=lambda d: sum(n for (at, _), n in counts.items() if at == d))
        (weekday, hour), most = max(counts.items(), key=lambda item: (item[1], item[0]))
        yield (
            f"{who} write most on {_FULL[day]}s; the busiest hour is {_FULL[weekday]} "
            f"{hour:02d}:00 with {most} of {times(total, 'letter')} ({rhythm.zone})."
        )
        if rhythm.working:
            yield _within(who, counts, rhythm.working)


def _within(who: str, counts: Counts, working: WorkingTime) -> str:
    share = sum(n for at, n in counts.items() if working.covers(*at)) / sum(counts.values())
    whose = "their working hours" if working.is_theirs else "our working hours, taken for theirs"
    letters = "their" if who == "They" else "our"
    return f"{percent(share)} of {letters} letters are written within {whose} ({working.words})."


def _table(counts: Counts, caption: str) -> DataTable:
    rows = tuple(
        (_FULL[day], *(str(counts.get((day, hour), 0) or "") for hour in range(24)))
        for day in range(7)
    )
    return DataTable(caption, ("Day", *(f"{hour:02d}" for hour in range(24))), rows)


# -- the picture ----------------------------------------------------------------------------------


def spec(rhythm: Rhythm, look: Look) -> Spec:
    """A square for each hour of the week, the darker the more letters; working hours framed."""
    plots = [
        _week("They write", "them", rhythm.theirs, rhythm, look),
        _week("We write", "us", rhythm.ours, rhythm, look),
    ]
    return framed(look, {"vconcat" if look.is_narrow else "hconcat": plots}, _notes(rhythm))


def _week(words: str, side: str, counts: Counts, rhythm: Rhythm, look: Look) -> Spec:
    width = look.width - 44 if look.is_narrow else 336
    most = max(counts.values(), default=1)
    values = [{"day": DAYS[day], "hour": hour, "end": hour + 1, "letters": letters,
               "strength": round(0.15 + 0.85 * letters / max(most, 3), 2)}
              for (day, hour), letters in sorted(counts.items())]  # fmt: skip
    colour = look.side(side)
    x, y = _x(), _y(hide=side == "us" and not look.is_narrow)
    cells = layer(
        values,
        {"type": "rect", "fill": colour, "stroke": look.colours["surface"], "strokeWidth": 1,
         "cornerRadius": 2},
        x=x, x2={"field": "end"}, y=y,
        fillOpacity={"field": "strength", "type": "quantitative", "scale": None},
    )  # fmt: skip
    ground = {"type": "rect", "x": 0, "x2": width, "y": 0, "y2": 7 * _ROW,
              "color": look.colours["stripe"]}  # fmt: skip
    aside = f"{times(sum(counts.values()), 'letter')}, at most {most} in an hour"
    heading = _heading(words, aside, colour, width, look)
    frame = _frame(rhythm.working, look, x)
    layers = [layer([{}], ground), *heading, cells, *frame]
    return {"width": width, "height": 7 * _ROW, "layer": layers}


def _heading(words: str, aside: str, colour: str, width: int, look: Look) -> Iterator[Spec]:
    """Who writes, at the left above the plot, and how much, at the right."""
    text = {"type": "text", "y": -18}
    yield layer([{}], {**text, "x": 0, "align": "left", "fontSize": 14, "fontWeight": 600,
                       "color": colour, "text": words})  # fmt: skip
    yield layer([{}], {**text, "x": width, "align": "right", "fontSize": 11, "text": aside,
                       "color": look.colours["faint"]})  # fmt: skip


def _x() -> Spec:
    return {"field": "hour", "type": "quantitative", "title": None,
            "scale": {"domain": [0, 24], "nice": False},
            "axis": {"values": [0, 6, 12, 18, 24], "grid": False,
                     "labelExpr": "datum.value + ':00'", "labelFlush": True}}  # fmt: skip


def _y(*, hide: bool) -> Spec:
    axis = {"labels": not hide, "minExtent": 0 if hide else 32, "maxExtent": 0 if hide else 32,
            "grid": False}  # fmt: skip
    return {"field": "day", "type": "ordinal", "sort": list(DAYS), "title": None, "axis": axis,
            "scale": {"domain": list(DAYS), "paddingInner": 0, "paddingOuter": 0}}  # fmt: skip


def _frame(working: WorkingTime | None, look: Look, x: Spec) -> Iterator[Spec]:
    """A frame around the working hours of each run of neighbouring days."""
    if working is None:
        return
    for first, last in _runs(working.days):
        values = [{"hour": a, "end": b} for a, b in working.hours]
        mark = {"type": "rect", "filled": False, "stroke": look.colours["ink"], "strokeWidth": 1.4,
                "fillOpacity": 0, "y": first * _ROW, "y2": (last + 1) * _ROW,
                **({} if working.is_theirs else {"strokeDash": [3, 3]})}  # fmt: skip
        yield layer(values, mark, x=x, x2={"field": "end"})


def _runs(days: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of neighbouring days."""
    for first in sorted(day for day in days if day - 1 not in days):
        yield first, next(day for day in range(first, 7) if day + 1 not in days)


def _notes(rhythm: Rhythm) -> list[str]:
    whose = "their zone" if rhythm.is_their_zone else "our zone; theirs is not known"
    notes = [
        f"Both by the clock of {rhythm.zone} ({whose}). The stronger the colour, the more letters."
    ]
    if rhythm.working:
        notes.append("Framed: their working hours." if rhythm.working.is_theirs else
                     "Framed with dashes: our working hours, as theirs are not known.")  # fmt: skip
    return notes
