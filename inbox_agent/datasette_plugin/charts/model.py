"""What a chart is: its words, the tables behind it, and its spec for a given look.

A chart is made of rows alone. Its text alternative and its tables say the same as the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from inbox_agent.datasette_plugin.charts.look import Look

#: A Vega-Lite spec, or a part of one.
Spec = dict[str, Any]
Side = Literal["us", "them"]


@dataclass(frozen=True, slots=True)
class DataTable:
    """The numbers of a chart in a table: the first cell of a row is its heading."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: frozenset[int] = frozenset()  # columns that hold words, not numbers
    sentences: frozenset[int] = frozenset()  # columns that hold whole sentences


@dataclass(frozen=True, slots=True)
class Source:
    """Published rows that a chart is made of: a table and what it is filtered by."""

    table: str
    title: str
    where: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of one partner. `too_little` says what is missing where it can't be drawn."""

    period: str
    sentences: tuple[str, ...]
    tables: tuple[DataTable, ...]
    sources: tuple[Source, ...]
    draw: Callable[[Look], Spec]
    too_little: str = ""

    @property
    def alt(self) -> str:
        """The text alternative."""
        return self.too_little or " ".join(self.sentences)


def layer(values: list[dict[str, Any]], mark: Spec, /, **encoding: Any) -> Spec:
    """One layer of a plot: values, their mark, what of the mark says what."""
    return {"data": {"values": values}, "mark": mark, "encoding": encoding}


def haloed(values: list[dict[str, Any]], mark: Spec, look: Look, /, **encoding: Any) -> list[Spec]:
    """Text that stays readable on top of dots and lines: with a rim of the ground around it."""
    rim = {"stroke": look.colours["surface"], "strokeWidth": 4, "strokeJoin": "round"}
    return [layer(values, {"type": "text", **mark, **more}, **encoding) for more in (rim, {})]
