"""Differences and ratios as a manager says them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

# What is not called a difference: the same bounds as those of the arrows (`drift`).
_ALIKE_TIMES = 1.25
_ALIKE_SHARES = 0.1
_MINUTE = 60
_EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Difference:
    """How two figures differ; of times also whether for the better or the worse (`tone`)."""

    words: str
    tone: str = ""


def times_differ(
    now: float | None, before: float | None, said: Callable[[int], str]
) -> Difference | None:
    """Two response times; None where either is missing. A minute more or less is none."""
    if now is None or before is None:
        return None
    ratio = (now + _MINUTE) / (before + _MINUTE)
    amount = said(abs(int(now) - int(before)))
    if 1 / _ALIKE_TIMES < ratio < _ALIKE_TIMES:
        return Difference("about the same")
    if ratio > 1:
        times = f", {_short(ratio)} times as long" if ratio >= 2 else ""
        return Difference(f"slower by {amount}{times}", "worse")
    times = f", {_short(1 / ratio)} times as fast" if ratio <= 0.5 else ""
    return Difference(f"faster by {amount}{times}", "better")


def shares_differ(now: float | None, before: float | None) -> Difference | None:
    """Two shares, in percentage points; None where either is missing."""
    if now is None or before is None:
        return None
    points = round(100 * (now - before))
    if abs(now - before) < _ALIKE_SHARES - _EDGE:
        return Difference("about the same")
    return Difference(f"{'up' if points > 0 else 'down'} {abs(points)} points")


def counts_differ(now: int, before: int) -> Difference:
    """Two counts; more asks are neither good nor bad."""
    if now == before:
        return Difference("as many")
    return Difference(f"{abs(now - before)} {'more' if now > before else 'fewer'}")


def fairness_words(middle: float, low: float, high: float) -> str:
    """What the log ratio of their response time to ours says, with its interval.

    Where the interval holds 0 the two may be alike, whatever the best guess is.
    """
    if low <= 0 <= high:
        return (
            "The two may be alike: the mail fits their taking anything from "
            f"{_short(math.exp(low))} to {_short(math.exp(high))} times as long as we do; the best "
            f"guess is {_short(math.exp(middle))} times."
        )
    slower, faster = ("They", "we") if middle > 0 else ("We", "they")
    near, far = sorted(math.exp(abs(end)) for end in (low, high))
    return (
        f"{slower} take {_short(math.exp(abs(middle)))} times as long to answer as {faster} do "
        f"({_short(near)} to {_short(far)} times with 95 % confidence)."
    )


def _short(ratio: float) -> str:
    if ratio >= 10:
        return f"{ratio:.0f}"
    return f"{ratio:.1f}" if ratio >= 0.1 else f"{ratio:.2f}"


def p_words(p: float) -> str:
    """A p-value: ``0.03``, ``under 0.001``."""
    return "under 0.001" if p < 0.001 else f"{p:.2f}" if p >= 0.0095 else f"{p:.3f}"


def octets(size: float) -> str:
    """``3.6 kB``, ``820 bytes``."""
    return f"{size / 1000:.1f} kB" if size >= 1000 else f"{size:.0f} bytes"
