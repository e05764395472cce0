"""FIGURES: the columns every set of asks is summed up in, wherever it is published."""

from __future__ import annotations

from dataclasses import replace

from inbox_agent.catalogue.model import Column

_FEW = "Empty with fewer than 5 asks."

FIGURES: tuple[Column, ...] = (
    Column("asks", "INTEGER", "count", "Questions put that ask for a reply."),
    Column("answered", "INTEGER", "count", "Of the asks, those answered within the give-up time."),
    Column("open", "INTEGER", "count", "Of the asks, those still waiting within the give-up time."),
    Column(
        "lapsed", "INTEGER", "count", "Of the asks, those not answered within the give-up time."
    ),
    Column(
        "response_rate",
        "REAL",
        "share",
        "Share of the asks answered within the give-up time; asks still waiting are reckoned with "
        f"for as long as they have been followed. Empty while none was followed that long. {_FEW}",
    ),
    Column(
        "rate_so_far",
        "REAL",
        "share",
        f"Share of the asks answered within the longest time any was followed so far. {_FEW}",
    ),
    Column(
        "followed_seconds",
        "INTEGER",
        "seconds",
        "The longest time an ask of the set has been followed, at most the give-up time. "
        "Empty without asks.",
    ),
    Column(
        "p50_seconds",
        "INTEGER",
        "seconds",
        "The time within which half of all asks were answered, unanswered ones included. "
        f"Empty when fewer than half were. {_FEW}",
    ),
    Column(
        "p50_reached",
        "INTEGER",
        "flag",
        f"Whether half of the asks were answered at all; 0 means fewer than half. {_FEW}",
    ),
    Column(
        "p90_seconds",
        "INTEGER",
        "seconds",
        "The time within which nine of ten asks were answered. Empty when fewer were. " + _FEW,
    ),
    Column(
        "p50_business_seconds",
        "INTEGER",
        "working seconds",
        "As p50_seconds, counting only the working time of the side that answers. "
        f"Empty when fewer than half were answered. {_FEW}",
    ),
    Column(
        "p90_business_seconds",
        "INTEGER",
        "working seconds",
        "As p90_seconds, counting only the working time of the side that answers. "
        f"Empty when fewer than nine of ten were answered. {_FEW}",
    ),
    Column(
        "answered_p50_seconds",
        "INTEGER",
        "seconds",
        "How fast a reply typically is when one comes: half of what was answered was answered "
        f"within this time. Empty when nothing was. {_FEW}",
    ),
    Column(
        "naive_p50_seconds",
        "INTEGER",
        "seconds",
        "Median over answered asks alone, as most tools reckon it: it looks better the more is "
        f"left unanswered. Empty when nothing was answered. {_FEW}",
    ),
    Column(
        "naive_mean_seconds",
        "INTEGER",
        "seconds",
        "Mean over answered asks alone; a few long waits move it far. Empty when nothing was "
        f"answered. {_FEW}",
    ),
    Column(
        "met_standard_share",
        "REAL",
        "share",
        "Of the asks of which it is known, the share answered by the time promised. "
        f"Empty without a standard, or while no ask has been decided. {_FEW}",
    ),
)


def figures(prefix: str, lead: str) -> tuple[Column, ...]:
    """FIGURES with a prefix to their names and words before their descriptions."""
    return tuple(
        replace(column, name=prefix + column.name, description=f"{lead} {column.description}")
        for column in FIGURES
    )
