"""What the name of a figure tells: what it is made of, whose answers, and what defines it.

The command line explains a figure from the letters, the pages from what is published; what they
may not say differently stands here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, get_args

Responder = Literal["us", "them"]
#: Why an ask is in no figure, as published in response_times.
WhyNotCounted = Literal["settled", "needs_no_reply", "void", "clocks_clash"]

#: The rule that keeps an ask out of the figures, in words.
WHY_NOT_COUNTED: Mapping[WhyNotCounted, str] = {
    "settled": "no reply needed: a person settled it",
    "needs_no_reply": "needs no reply by its look",
    "void": "void: it reached nobody, every letter of it bounced",
    "clocks_clash": "clocks clash: its answer is dated before it",
}

_RHYTHM = frozenset(
    """usual_gap_working_days longest_gap_working_days watch_at act_at last_contact_at last_from
    contact_every contact_at_least_every""".split()  # noqa: SIM905
)
_BOTH: tuple[Responder, ...] = get_args(Responder)
_REMINDERS = ("nudges_by_", "nudged_by_")


def definition_name(figure: str, known: Collection[str]) -> str | None:
    """The measure that defines a figure, of those known by name; None where none does.

    ours_p50_seconds is told with p50_seconds, we_answer_within_misses_left with we_answer_within,
    drift_to_us_p with drift of to_us.
    """
    base = figure.removeprefix("ours_").removeprefix("theirs_")
    parts = base.split("_")
    shorter = ["_".join(parts[:length]) for length in range(len(parts), 0, -1)]
    drift = [f"drift of {name.removeprefix('drift_')}" for name in shorter]
    if base.startswith(("drift_our_", "drift_their_")):
        drift = ["drift of response times"]
    wanted = (figure, *(drift if base.startswith("drift_") else ()), *shorter)
    return next((name for name in wanted if name in known), None)


def sides_of(figure: str) -> tuple[Responder, ...]:
    """Whose answers a figure is made of; nobody's where it is made of something else."""
    if figure.startswith(("ours_", "we_answer", "drift_our_")):
        return ("us",)
    if figure.startswith(("theirs_", "they_answer", "drift_their_")):
        return ("them",)
    if figure.startswith(_REMINDERS):  # whoever reminds is not the one who answers
        return ("them",) if "_by_us" in figure else ("us",)
    return _BOTH if figure.startswith("fairness") else ()


#: What an arrow says that has no direction.
NO_CLEAR_CHANGE = "no clear change"
#: In the place of a standard's state, where it is judged by fewer than 5 asks.
TOO_FEW_ASKS = "too few asks to say"


def change_said(direction: str | None, *, is_shown: bool) -> str:
    """``slower``; ``no clear change (slower)`` where that is small, or chance may have made it.

    So no two places say otherwise of one change. ``steady`` is no direction.
    """
    if direction is None or direction == "steady":
        return NO_CLEAR_CHANGE
    return direction if is_shown else f"{NO_CLEAR_CHANGE} ({direction})"


def is_of_rhythm(figure: str) -> bool:
    """Whether it is made of the gaps between days with contact."""
    return figure in _RHYTHM or figure.startswith(("contact_every_", "contact_at_least_every_"))
