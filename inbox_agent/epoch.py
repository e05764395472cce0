"""Instants as the mirror keeps them: whole seconds since 1970 (UTC)."""

from __future__ import annotations

from datetime import UTC, datetime


def seconds(at: datetime) -> int:
    """An instant as whole seconds since 1970, UTC."""
    return int(at.timestamp())


def seconds_up(at: datetime) -> int:
    """The first whole second since 1970 at which an instant has come."""
    return -int(-at.timestamp() // 1)


def instant(at: int) -> datetime:
    """Whole seconds since 1970 as an instant."""
    return datetime.fromtimestamp(at, UTC)
