"""How long answers take, month by month, for both sides: a year and the month of the year before.

By the calendar, nights and weekends included: it is what the one who waits lives through, and the
only clock that both sides share. Months with fewer than 5 asks have no percentile; there each
single wait is a dot on its day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

from inbox_agent.datasette_plugin.charts.look import Look, framed, time_scale
from inbox_agent.datasette_plugin.charts.model import (
    Chart,
    Source,
    Spec,
    haloed,
    layer,
)
from inbox_agent.datasette_plugin.charts.waits import (
    Month,
    SideTimes,
    sentences,
    table,
)
from inbox_agent.datasette_plugin.charts.words import short_month, spoken
from inbox_agent.datasette_plugin.enough import FEWEST_ASKS

_SHORTEST = 60  # what was answered within a minute is drawn at one
_HEIGHT = 210


def chart(sides: Sequence[SideTimes], partner: str) -> Chart:
    """The chart of both sides; `partner` is the key by which the tables are filtered."""
    months = sides[0].months
    period = f"{short_month(months[0].month)} to {short_month(months[-1].month)}"
    return Chart(
        period=period,
        sentences=tuple(sentence for side in sides for sentence in sentences(side)),
        tables=(table(sides, period),),
        sources=(
            Source("response_times_by_period", "Response times by month",
                   {"partner": partner, "period_kind": "month"}),
            Source("response_times", "Every ask", {"partner": partner}),
        ),
        draw=partial(spec, sides),
        too_little="" if any(side.asks for side in sides) else
        "Nobody asked anything in these 13 months.",
    )  # fmt: skip


def spec(sides: Sequence[SideTimes], look: Look) -> Spec:
    """Two plots with one axis of time, side by side or, where it is narrow, one below the other."""
    scale, axis = time_scale(*_ends(sides))
    plots = [_plot(side, look, scale, _axis(axis, look, is_first=n == 0))
             for n, side in enumerate(sides)]  # fmt: skip
    return framed(look, {"vconcat" if look.is_narrow else "hconcat": plots}, _notes(sides))


def _ends(sides: Sequence[SideTimes]) -> tuple[float, float]:
    shown = [wait.seconds for side in sides for wait in side.waits]
    for side in sides:
        shown += [m.p50 for m in (*side.months, *side.before) if m.p50 is not None]
        shown += [m.p90 for m in side.months if m.p90 is not None]
        shown += [side.promise.seconds] if side.promise else []
    return min(shown, default=3_600), max(shown, default=86_400)


def _axis(axis: Spec, look: Look, *, is_first: bool) -> Spec:
    if is_first or look.is_narrow:
        return {**axis, "title": None, "minExtent": 52, "maxExtent": 52}
    return {**axis, "title": None, "labels": False, "minExtent": 0, "maxExtent": 0}


def _plot(side: SideTimes, look: Look, scale: Spec, axis: Spec) -> Spec:
    y = {"field": "seconds", "type": "quantitative", "scale": scale, "axis": axis}
    return {
        "width": _width(look),
        "height": _HEIGHT,
        "layer": [
            _heading(side, look),
            *_promise(side, look, y),
            *_quarters(side, look, y),
            *_year_before(side, look, y),
            *_promise_words(side, look),
            *_waits(side, look, y),
            *_percentiles(side, look, y),
            *_asks(side, look),
        ],
    }


def _width(look: Look) -> int:
    return look.width - 70 if look.is_narrow else (look.width - 90) // 2


def _heading(side: SideTimes, look: Look) -> Spec:
    words = "We answer them" if side.side == "us" else "They answer us"
    text = words if side.is_known else f"{words}: unknown"
    mark = {"type": "text", "text": text, "x": 0, "align": "left", "fontSize": 14,
            "y": -46 if look.is_narrow and side.promise else -28, "fontWeight": 600,
            "color": look.side(side.side)}  # fmt: skip
    return layer([{}], mark)


def _x(side: SideTimes, look: Look) -> Spec:
    names = [month.month for month in side.months]
    last = len(names) - 1
    ticks = range(last % 3, last + 1, 3)
    years = [names[n][:4] for n in ticks]
    said = {f"{n + 0.5}": short_month(names[n]) if i == 0 or years[i] != years[i - 1]
            else short_month(names[n])[:3] for i, n in enumerate(ticks)}  # fmt: skip
    return {
        "field": "at", "type": "quantitative", "title": None,
        "scale": {"domain": [0, len(names)], "nice": False},
        "axis": {"values": [n + 0.5 for n in ticks], "grid": False, "offset": 19,
                 "labelExpr": f"{said}[datum.value]", "labelFlush": False, "labelPadding": 3},
    }  # fmt: skip


def _promise(side: SideTimes, look: Look, y: Spec) -> Iterator[Spec]:
    if side.promise:
        dash = {"strokeDash": [2, 3]} if side.promise.is_earliest else {}
        rule = {"type": "rule", "color": look.colours["faint"], "strokeWidth": 1.3, **dash}
        yield layer([{"seconds": side.promise.seconds}], rule, y=y)


def _promise_words(side: SideTimes, look: Look) -> Iterator[Spec]:
    """What the rule stands for: above the plot, where no figure is."""
    if side.promise is None:
        return
    line = "dotted" if side.promise.is_earliest else "line across"
    words = f"{'our' if side.side == 'us' else 'their'} standard ({line}): {side.promise.words}"
    place = {"x": 0, "align": "left"} if look.is_narrow else {"x": _width(look), "align": "right"}
    mark = {"type": "text", "text": words, "y": -28, "fontSize": 11,
            "color": look.colours["faint"], **place}  # fmt: skip
    yield layer([{}], mark)


def _quarters(side: SideTimes, look: Look, y: Spec) -> Iterator[Spec]:
    """Where most months have too few asks, half of each quarter's, across the quarter."""
    values = [{"at": max(q.begins, 0), "end": min(q.begins + 3, len(side.months)),
               "seconds": max(q.p50, _SHORTEST)}
              for q in side.quarters if q.p50 is not None]  # fmt: skip
    if not (values and side.is_sparse):
        return
    rule = {"type": "rule", "strokeWidth": 7, "opacity": 0.3, "color": look.side(side.side),
            "strokeCap": "round"}  # fmt: skip
    yield layer(values, rule, x=_x(side, look), x2={"field": "end"}, y=y)


def _runs(months: Sequence[Month]) -> Iterator[dict[str, object]]:
    """Points with the run of neighbouring months they are in, so that a gap stays a gap."""
    pairs = list(enumerate(months))
    for run, (has, group) in enumerate(groupby(pairs, key=lambda pair: pair[1].p50 is not None)):
        for n, month in group if has else ():
            yield {"at": n + 0.5, "seconds": max(month.p50 or 0, _SHORTEST), "asks": month.asks,
                   "run": run, "month": month.month}  # fmt: skip


def _has_year_before(side: SideTimes) -> bool:
    return not side.is_sparse and sum(month.p50 is not None for month in side.before) > 1


def _year_before(side: SideTimes, look: Look, y: Spec) -> Iterator[Spec]:
    if not _has_year_before(side):
        return
    values = list(_runs(side.before))
    x, run = _x(side, look), {"field": "run", "type": "nominal"}
    light = {"color": look.side(side.side), "opacity": 0.3}
    yield layer(values, {"type": "line", "strokeWidth": 1.5, **light}, x=x, y=y, detail=run)
    yield layer(values, {"type": "point", "filled": True, "size": 14, **light}, x=x, y=y)


def _waits(side: SideTimes, look: Look, y: Spec) -> Iterator[Spec]:
    colour = look.side(side.side)
    for is_answered, mark in (
        (True, {"shape": "circle", "filled": True, "size": 18, "opacity": 0.6}),
        (False, {"shape": "triangle-up", "filled": False, "size": 34, "opacity": 0.9}),
    ):
        values = [{"at": round(wait.at, 3), "seconds": max(wait.seconds, _SHORTEST)}
                  for wait in side.waits if wait.is_answered is is_answered]  # fmt: skip
        if values:
            yield layer(values, {"type": "point", "color": colour, **mark}, x=_x(side, look), y=y)


def _percentiles(side: SideTimes, look: Look, y: Spec) -> Iterator[Spec]:
    x, colour = _x(side, look), look.side(side.side)
    points = list(_runs(side.months))
    p90 = {month.month: month.p90 for month in side.months}
    spread = [{**p, "p90": p90[str(p["month"])]} for p in points if p90[str(p["month"])]]
    if spread:
        bar = {"type": "rule", "strokeWidth": 5, "opacity": 0.22, "color": colour}
        yield layer(spread, bar, x=x, y=y, y2={"field": "p90"})
    if points:
        shape = {"shape": "circle" if side.side == "us" else "diamond", "filled": True}
        dash = {} if side.side == "us" else {"strokeDash": [6, 3]}
        line = {"type": "line", "strokeWidth": 2.5, "color": colour, **dash}
        yield layer(points, line, x=x, y=y, detail={"field": "run", "type": "nominal"})
        yield layer(points, {"type": "point", "color": colour, "opacity": 1, **shape},
                    x=x, y=y, size=_size(side))  # fmt: skip
        said = [{**points[-1], "text": spoken(float(str(points[-1]["seconds"])))}]
        text = {"dy": 17, "fontWeight": 600, "color": colour}
        yield from haloed(said, text, look, x=x, y=y, text={"field": "text"})
    never = [{"at": n + 0.5} for n, month in enumerate(side.months) if month.is_half is False]
    if never:
        mark = {"type": "point", "shape": "triangle-up", "filled": True, "size": 90, "y": -8,
                "color": colour, "opacity": 1}  # fmt: skip
        yield layer(never, mark, x=x)


def _size(side: SideTimes) -> Spec:
    """The more asks, the larger the point: its area, from 5 asks on."""
    most = max(40, *(month.asks for month in side.months))
    scale = {"type": "linear", "domain": [FEWEST_ASKS, most], "range": [50, 260]}
    return {"field": "asks", "type": "quantitative", "legend": None, "scale": scale}


def _asks(side: SideTimes, look: Look) -> Iterator[Spec]:
    """How many asks each month is made of, along the foot of the plot."""
    values = [{"at": n + 0.5, "asks": f"{month.asks:,}" if month.asks < 10_000 else
               f"{round(month.asks / 1000)}k"}
              for n, month in enumerate(side.months) if month.asks]  # fmt: skip
    text = {"type": "text", "y": _HEIGHT + 13, "fontSize": 11, "color": look.colours["faint"]}
    yield layer(values, text, x=_x(side, look), text={"field": "asks"})
    if look.is_narrow or side.side == "us":
        yield layer([{}], {**text, "text": "asks", "x": -6, "align": "right"})


def _notes(sides: Sequence[SideTimes]) -> list[str]:
    known = [side for side in sides if side.is_known]
    months = [month for side in known for month in side.months]
    has_quarters = any(side.is_sparse and any(q.p50 for q in side.quarters) for side in known)
    said = (
        (True, "Time until the answer, by the calendar: nights and weekends count."),
        (any(month.p50 is not None for month in months),
         "Large points: within this time half of the month's asks were answered; bars: 9 of 10."),
        (any(_has_year_before(side) for side in known),
         "Thin pale line: the same months a year before."),
        (has_quarters, "Pale lines across: half of a quarter's asks, where most months have few."),
        (any(month.is_half is False for month in months),
         "Triangles at the top: fewer than half were answered."),
        (any(side.waits for side in known),
         "Small dots: single waits, in months with fewer than 5 asks; hollow: no answer so far."),
        (any(side.promise and side.promise.is_earliest for side in sides),
         "A standard in business time is drawn without the nights and weekends on top of it."),
    )  # fmt: skip
    return [words for is_shown, words in said if is_shown]
