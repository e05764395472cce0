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
    ascending = sorted(range(len(p_values)), key=p_values.__getitem__)
    found, smallest = [0.0] * len(p_values), 1.0
    # From the largest down. That of a library gives the same bits and takes 40 MB for its import.
    for place in range(len(p_values), 0, -1):
        which = ascending[place - 1]
        smallest = min(smallest, p_values[which] * (len(p_values) / place))
        found[which] = smallest
    return found
