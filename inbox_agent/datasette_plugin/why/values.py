"""A figure as people read it, by its unit, with the exact value behind it."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

from inbox_agent.datasette_plugin import cells
from inbox_agent.datasette_plugin.local_times import LocalTimes
from inbox_agent.datasette_plugin.page import duration, percent, working_duration

_NAME = re.compile("[a-z]+(_[a-z]+)+")
_WITH_UNIT = ("days", "working days", "people", "hours", "octets", "turns")


def shown_value(value: Any, unit: str | None, times: LocalTimes) -> Markup:
    """Durations, shares, instants and states as words; a dash for what is empty."""
    if value is None or value == "":
        return cells.UNKNOWN
    if unit == "seconds":
        return duration(value)
    if unit == "working seconds":
        return working_duration(value) + Markup(' <span class="faint">of work</span>')
    if unit == "share":
        return percent(value)
    if unit == "UTC instant":
        return times.moment(value)
    return _plain(value, unit)


def _plain(value: Any, unit: str | None) -> Markup:
    if unit == "flag":
        return Markup("yes") if value else Markup("no")
    if unit == "state":
        return Markup('<span class="state state-{0}">{0}</span>').format(value)
    if unit == "log ratio":
        return Markup('<span class="figure" title="{}">{:+.2f}</span>').format(value, value)
    if isinstance(value, float):
        value = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    words = f"{value} {unit}" if unit in _WITH_UNIT else str(value)
    words = words.removesuffix("s") if value == 1 and unit in _WITH_UNIT else words
    if _NAME.fullmatch(words):  # a kind, like standard_broken
        words = words.replace("_", " ")
    return Markup("<bdi>{}</bdi>").format(words)
