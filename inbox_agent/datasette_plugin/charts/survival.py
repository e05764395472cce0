"""How many of all asks are answered by the time since asking, for both sides, in the window of now.

Unanswered asks count: an open one as long as it has been followed, one given up to the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import log

from inbox_agent.datasette_plugin.charts.curves import (
    Step,
    share_answered,
    share_at,
    thinned,
    time_to_share,
)
from inbox_agent.datasette_plugin.charts.look import TICKS, Look, framed, time_scale
from inbox_agent.datasette_plugin.charts.model import (
    Chart,
    DataTable,
    Side,
    Source,
    Spec,
    haloed,
    layer,
)
from inbox_agent.datasette_plugin.charts.words import asked, spoken, times
from inbox_agent.datasette_plugin.enough import FEWEST_ASKS
from inbox_agent.words import percent

_SHORTEST = 60
_HEIGHT = 260
_MARKED = ((0.5, "half"), (0.9, "9 of 10"))


@dataclass(frozen=True, slots=True)
class Followed:
    """What one side was asked in the window: asks counted by seconds.

    `answered` by how long the answer took, `open_` by their age, `lapsed` is those given up.
    `end` is how long the oldest of them has been followed, at most the time to give up: as far
    goes the published rate.
    """

    side: Side
    answered: Mapping[int, int]
    open_: Mapping[int, int]
    lapsed: int
    give_up: int
    end: int
    is_known: bool = True
    steps: tuple[Step, ...] = field(init=False)

    def __post_init__(self) -> None:
        unanswered = dict(self.open_)
        unanswered[self.give_up] = unanswered.get(self.give_up, 0) + self.lapsed
        object.__setattr__(self, "steps", share_answered(self.answered, unanswered))

    @property
    def asks(self) -> int:
        """All asks of the window."""
        return sum(self.answered.values()) + sum(self.open_.values()) + self.lapsed

    @property
    def is_drawn(self) -> bool:
        """Whether there are enough asks for a curve, and enough of our letters."""
        return self.asks >= FEWEST_ASKS and self.is_known


def chart(sides: Sequence[Followed], partner: str, period: str) -> Chart:
    """The chart of both sides; `period` is the window in words."""
    asks = sum(side.asks for side in sides)
    drawn = any(side.is_drawn for side in sides)
    return Chart(
        period=period,
        sentences=tuple(sentence for side in sides for sentence in sentences(side)),
        tables=(_table(sides, period),),
        sources=(
            Source("response_times", "Every ask", {"partner": partner}),
            Source("partner_standing", "The figures of the window", {"partner": partner}),
        ),
        draw=partial(spec, sides),
        too_little=""
        if drawn
        else f"Too few asks for a curve: {times(asks, 'ask')} of both "
        f"sides in the window, {period}; it takes {FEWEST_ASKS} of one side.",
    )


def sentences(side: Followed) -> Iterator[str]:
    """What the chart shows of one side."""
    who = "We" if side.side == "us" else "They"
    if not side.is_known:
        yield "How many we answer is unknown: too little of what we sent is in the mailboxes."
    elif not side.is_drawn:
        yield f"{who} were {asked(side.asks)}: too few for a curve."
    else:
        half, most = (time_to_share(side.steps, share) for share, _ in _MARKED)
        within = f"half within {spoken(half)}" if half is not None else "fewer than half"
        tail = f", 9 of 10 within {spoken(most)}" if most is not None else ""
        reached = percent(share_at(side.steps, side.end))
        yield (
            f"Of {_counts(side)}, {who.lower()} answered {within}{tail}; "
            f"{reached} within {spoken(side.end)}."
        )


def _table(sides: Sequence[Followed], period: str) -> DataTable:
    heads = ["Within", *(("We answered", "They answered")[s.side == "them"] for s in sides)]
    give_up = sides[0].give_up
    marks = [(tick, name) for tick, name in TICKS if tick < give_up]
    rows = [(name, *(_share(side, tick) for side in sides)) for tick, name in marks]
    rows.append((f"{spoken(give_up)}, then given up", *(_share(s, give_up) for s in sides)))
    rows += [
        (f"Time until {words} were answered", *(_time(side, share) for side in sides))
        for share, words in _MARKED
    ]
    rows += [
        ("Asks", *(f"{side.asks:,}" for side in sides)),
        ("still open", *(f"{sum(side.open_.values()):,}" for side in sides)),
        ("given up", *(f"{side.lapsed:,}" for side in sides)),
    ]
    return DataTable(f"Share of all asks answered by time since asking, asked {period}",
                     tuple(heads), tuple(rows))  # fmt: skip


def _share(side: Followed, seconds: int) -> str:
    if not side.is_drawn or seconds > side.end:
        return "—"
    return percent(share_at(side.steps, seconds))


def _time(side: Followed, share: float) -> str:
    found = time_to_share(side.steps, share) if side.is_drawn else None
    return "—" if found is None else spoken(found)


# -- the picture ----------------------------------------------------------------------------------


def spec(sides: Sequence[Followed], look: Look) -> Spec:
    """Both curves in one plot, each with its words at its end."""
    drawn = [side for side in sides if side.is_drawn]
    shortest = min((t for side in sides for t in side.answered), default=3_600)
    give_up = sides[0].give_up
    scale, axis = time_scale(max(shortest, _SHORTEST), give_up)
    x = {"field": "seconds", "type": "quantitative", "axis": {**axis, "grid": False},
         "scale": {**scale, "domain": [scale["domain"][0], give_up]},
         "title": "Time since asking, by the calendar"}  # fmt: skip
    plot = {
        "width": look.width - (62 if look.is_narrow else 236),
        "height": _HEIGHT,
        "layer": [
            *_give_up(look, x, give_up),
            *(part for side in drawn for part in _curve(side, look, x)),
            *_marks(drawn, look, x),
            *_ends(drawn, look, x),
            *(part for side in sides for part in _singles(side, look, x)),
        ],
    }
    return framed(look, plot, _notes(sides))


def _y() -> Spec:
    names = "{'0': 'none', '0.5': 'half', '0.9': '9 of 10', '1': 'all'}"
    axis = {"values": [0, 0.5, 0.9, 1], "labelExpr": f"{names}[datum.value]", "minExtent": 46,
            "maxExtent": 46, "gridDash": {"condition": {"test": "datum.value % 1 == 0",
                                                        "value": []}, "value": [2, 3]}}  # fmt: skip
    return {"field": "share", "type": "quantitative", "scale": {"domain": [0, 1]}, "title": None,
            "axis": axis}  # fmt: skip


def _give_up(look: Look, x: Spec, give_up: int) -> Iterator[Spec]:
    faint = look.colours["faint"]
    value = [{"seconds": give_up}]
    yield layer(value, {"type": "rule", "color": faint, "strokeDash": [2, 3]}, x=x)
    text = {"type": "text", "text": f"given up after {spoken(give_up)}", "align": "right",
            "dx": -5, "y": _HEIGHT - 9, "color": faint, "fontSize": 11}  # fmt: skip
    yield layer(value, text, x=x)


def _curve(side: Followed, look: Look, x: Spec) -> Iterator[Spec]:
    steps = thinned(side.steps)
    low = max(_SHORTEST, x["scale"]["domain"][0])
    points = [{"seconds": low, "share": share_at(side.steps, low)}]
    points += [{"seconds": t, "share": round(share, 4)} for t, share in steps if t > low]
    points.append({"seconds": side.end, "share": round(share_at(side.steps, side.end), 4)})
    dash = {} if side.side == "us" else {"strokeDash": [7, 3]}
    line = {"type": "line", "interpolate": "step-after", "strokeWidth": 2.5,
            "color": look.side(side.side), **dash}  # fmt: skip
    yield layer(points, line, x=x, y=_y())
    still = [{"seconds": t, "share": share_at(side.steps, t)} for t in side.open_ if t >= low]
    if still:
        tick = {"type": "tick", "orient": "vertical", "size": 11, "thickness": 1.5, "opacity": 1,
                "color": look.side(side.side)}  # fmt: skip
        yield layer(still[:200], tick, x=x, y=_y())


def _marks(sides: Sequence[Followed], look: Look, x: Spec) -> Iterator[Spec]:
    """Where a curve passes half and nine of ten, with the time; the faster one's words lie left."""
    for share, _ in _MARKED:
        found = [(time_to_share(side.steps, share), side) for side in sides]
        passed = sorted(((t, side) for t, side in found if t is not None), key=lambda p: p[0])
        for n, (seconds, side) in enumerate(passed):
            value = [{"seconds": max(seconds, _SHORTEST), "share": share}]
            colour = look.side(side.side)
            shape = "circle" if side.side == "us" else "diamond"
            point = {"type": "point", "filled": True, "shape": shape, "size": 90, "opacity": 1,
                     "color": colour}  # fmt: skip
            yield layer(value, point, x=x, y=_y())
            is_above = n == 0 and len(passed) > 1
            is_late = 4 * seconds > side.give_up  # nothing beyond the right edge
            is_left = is_late or (is_above and not _is_early(seconds, x))
            text = {"text": spoken(seconds), "color": colour, "fontWeight": 600,
                    "align": "right" if is_left else "left", "dx": -8 if is_left else 8,
                    "dy": -9 if is_above else 11}  # fmt: skip
            yield from haloed(value, text, look, x=x, y=_y())


def _is_early(seconds: float, x: Spec) -> bool:
    """Whether words on its left would reach the names of the axis."""
    low, high = x["scale"]["domain"]
    return log(max(seconds, low) / low) < 0.12 * log(high / low)


def _ends(sides: Sequence[Followed], look: Look, x: Spec) -> Iterator[Spec]:
    """The words at the ends of the curves; where these lie close, the words make room."""
    ends = sorted(((share_at(s.steps, s.end), s) for s in sides), key=lambda e: -e[0])
    heights = [(1 - share) * _HEIGHT for share, _ in ends]
    if len(ends) == 2 and heights[1] - heights[0] < 38:
        middle = sum(heights) / 2
        heights = [max(middle - 19, 0), max(middle + 19, 38)]
    for (share, side), height in zip(ends, heights, strict=True):
        lines = [_reached(side, share), _counts(side)]
        text = {"type": "text", "text": lines, "color": look.side(side.side), "lineHeight": 15,
                "fontWeight": 600, "align": "left", "baseline": "middle", "y": height}  # fmt: skip
        if look.is_narrow:
            above = {
                "text": f"{lines[0]} ({lines[1]})",
                "x": 0,
                "y": -30 if side is ends[0][1] else -13,
            }
            yield layer([{}], {**text, **above})
        else:
            yield layer([{}], {**text, "x": look.width - 226, "dy": -7})


def _reached(side: Followed, share: float) -> str:
    who = "We" if side.side == "us" else "They"
    return f"{who}: {percent(share)} in {spoken(side.end)}"


def _counts(side: Followed) -> str:
    """``13 asks, 2 open``."""
    still = sum(side.open_.values())
    parts = [times(side.asks, "ask"), f"{still:,} open" if still else "",
             f"{side.lapsed:,} given up" if side.lapsed else ""]  # fmt: skip
    return ", ".join(filter(None, parts))


def _singles(side: Followed, look: Look, x: Spec) -> Iterator[Spec]:
    """The single waits of a side with fewer than 5 asks, along the foot."""
    if not side.is_known or not 0 < side.asks < FEWEST_ASKS:
        return
    height = _HEIGHT - (12 if side.side == "us" else 26)
    colour = look.side(side.side)
    shape = "circle" if side.side == "us" else "diamond"
    waiting = [*side.open_, *[side.give_up] * side.lapsed]
    for waits, more in (
        (side.answered, {"shape": shape, "filled": True}),
        (waiting, {"shape": "triangle-up", "filled": False}),
    ):
        values = [{"seconds": max(seconds, _SHORTEST)} for seconds in waits]
        yield layer(values, {"type": "point", "y": height, "color": colour, **more}, x=x)


def _notes(sides: Sequence[Followed]) -> list[str]:
    drawn = [side for side in sides if side.is_drawn]
    notes = ["Share of all asks that were answered within a time, unanswered ones included."]
    if any(side.open_ for side in drawn):
        notes.append("Small strokes: asks still open, as far as they have been followed.")
    for side in sides:
        if not side.is_drawn:
            notes += list(sentences(side))
            notes += ["Single waits lie along the foot; hollow: no answer."] if side.asks else []
    return notes
