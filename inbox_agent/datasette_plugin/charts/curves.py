"""The share of asks answered within a time, as `inbox_agent.survival` reckons it.

Told again here in a few lines, because that module loads scipy; a test holds the two equal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import exp, log

_SLACK = 1e-9

#: A time in seconds, and the share that was answered by then.
Step = tuple[int, float]


def share_answered(answered: Mapping[int, int], unanswered: Mapping[int, int]) -> tuple[Step, ...]:
    """F(t) = 1 - Kaplan-Meier at each time an answer took (Kaplan and Meier 1958).

    Both arguments count asks by seconds: how long the answer took, how long it has been missing.
    An ask that was not answered by t, and not followed further, still was at risk at t.
    """
    at_risk = sum(answered.values()) + sum(unanswered.values())
    waiting = 1.0
    steps: list[Step] = []
    for seconds in sorted({*answered, *unanswered}):
        if answered.get(seconds):
            waiting *= 1 - answered[seconds] / at_risk
            steps.append((seconds, 1 - waiting))
        at_risk -= answered.get(seconds, 0) + unanswered.get(seconds, 0)
    return tuple(steps)


def share_at(steps: Sequence[Step], seconds: float) -> float:
    """F(t)."""
    n = bisect_right(steps, seconds, key=lambda step: step[0])
    return steps[n - 1][1] if n else 0.0


def time_to_share(steps: Sequence[Step], share: float) -> int | None:
    """The smallest t with F(t) at least `share`; None where F never gets there."""
    return next((seconds for seconds, reached in steps if reached >= share - _SLACK), None)


def thinned(steps: Sequence[Step], most: int = 300) -> tuple[Step, ...]:
    """As many steps as an eye can tell apart on an axis by the logarithm; the last one stays."""
    if len(steps) <= most:
        return tuple(steps)
    low, high = log(max(1, steps[0][0])), log(max(1, steps[-1][0]))
    times = [exp(low + (high - low) * n / most) for n in range(most)]
    kept = {max(0, bisect_right(steps, t, key=lambda step: step[0]) - 1) for t in times}
    return tuple(steps[n] for n in sorted({*kept, len(steps) - 1}))
