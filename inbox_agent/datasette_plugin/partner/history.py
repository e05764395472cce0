"""What there was: conversations, alerts, and how much of what we sent is in the mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inbox_agent.catalogue import OF_A_PARTNER
from inbox_agent.datasette_plugin.cells import percent
from inbox_agent.datasette_plugin.enough import ENOUGH_HELD
from inbox_agent.datasette_plugin.reading import Reader, Row

#: So many conversations and alerts are shown.
SHOWN = 20
_MONTHS = 12

_CONVERSATIONS = f"""
SELECT conversation, subject, started_at, last_at, opened_by, messages, turns, waiting_on
FROM conversations WHERE partner = :partner AND {OF_A_PARTNER}
ORDER BY last_at DESC LIMIT {SHOWN}
"""  # noqa: S608 - our own words
_ALERTS = f"""
SELECT alert, kind, level, because, since_at, raised_at, act_raised_at, cleared_at,
  count(*) OVER () AS total
FROM alerts WHERE partner = :partner AND {OF_A_PARTNER} ORDER BY raised_at DESC, alert LIMIT {SHOWN}
"""  # noqa: S608 - our own words
_COVERAGE = f"""
SELECT month, known, held, share, share_high FROM sent_coverage WHERE partner = :partner
ORDER BY month DESC LIMIT {_MONTHS}
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what we sent we hold; `months`, the latest first, where it matters."""

    words: str
    is_low: bool
    months: Sequence[Row]


async def conversations_of(reader: Reader, partner: str) -> Sequence[Row]:
    """The latest conversations of a partner."""
    return await reader.rows(_CONVERSATIONS, partner=partner)


async def alerts_of(reader: Reader, partner: str) -> Sequence[Row]:
    """The latest alerts of a partner, over or not; `total` of each counts all."""
    return await reader.rows(_ALERTS, partner=partner)


async def coverage_of(reader: Reader, standing: Row) -> Coverage:
    """Month by month, where it is too low now or was in a month of the last 12."""
    months = await reader.rows(_COVERAGE, partner=standing["partner"])
    share, high = standing["sent_coverage"], standing["sent_coverage_high"]
    is_low = high is not None and high < ENOUGH_HELD
    was_low = any(m["share_high"] is not None and m["share_high"] < ENOUGH_HELD for m in months)
    return Coverage(
        words=coverage_words(share, is_low=is_low),
        is_low=is_low,
        months=months if is_low or was_low else (),
    )


def coverage_words(share: float | None, *, is_low: bool) -> str:
    """What the coverage means for the figures, told plainly."""
    if share is None:
        return (
            "Too few of their letters answer one of ours to tell whether all that we send is in "
            "this mailbox."
        )
    if is_low:
        return (
            f"Of the letters of ours that they answered in 12 months, only {percent(share)} are in "
            "this mailbox. Somebody of us answers by another way, so how fast we answer is unknown "
            "here, not bad. Have those letters copied to this mailbox, or read their Sent folder, "
            "too."
        )
    return (
        f"Of the letters of ours that they answered in 12 months, {percent(share)} are in this "
        "mailbox: enough to believe our own response times."
    )
