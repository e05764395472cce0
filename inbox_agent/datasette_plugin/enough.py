"""From when on a figure is told: the same bounds on every page as where the figures are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inbox_agent.figure_names import TOO_FEW_ASKS

#: Fewer asks make no percentile and no share (`survival.FEWEST_ASKS`).
FEWEST_ASKS = 5
#: Below this upper end of `sent_coverage`, answers of ours are missing for sure
#: (`sent_coverage.ENOUGH`).
ENOUGH_HELD = 0.9


def state_of_standard(row: Mapping[str, Any]) -> str | None:
    """Of a row of `standards` its state, or that it is judged by too few asks to say."""
    is_few = row["unit"] == "share" and 0 < (row["asks"] or 0) < FEWEST_ASKS
    return TOO_FEW_ASKS if is_few else row["state"]


def is_unseen(coverage_high: float | None) -> bool:
    """Whether too little of what we sent is held to know how fast we answer; not if unknown."""
    return coverage_high is not None and coverage_high < ENOUGH_HELD
