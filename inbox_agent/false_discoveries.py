"""Many partners, many tests: p-values that a thousand partners can be held to."""

from __future__ import annotations

from collections.abc import Sequence

#: An arrow is shown where the adjusted p-value is at most this.
FALSE_DISCOVERY_RATE = 0.05


def adjusted(p_values: Sequence[float]) -> list[float]:
    """The p-value of a change, adjusted for how many partners are looked at.

    Of a thousand partners with whom nothing changed, fifty have a p of at most 0.05 by chance
    alone. So the p-values of one measure over all partners are adjusted together (Benjamini and
    Hochberg 1995): of the arrows shown where the adjusted value is at most 0.05, at most 5 in 100
    are expected to be chance; where nothing changed anywhere, in 95 of 100 months none is shown at
    all.
    """
    if not p_values:
        return []
    from scipy import stats  # noqa: PLC0415 - half a second that most commands need not pay

    return [float(p) for p in stats.false_discovery_control(list(p_values), method="bh")]
