"""Which clock to believe: one function chooses the instant of a copy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from inbox_agent.messages import Message

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
CLOCK_SLACK = timedelta(minutes=10)
SENT_SLACK = timedelta(minutes=15)


def choose_at(message: Message, received_by: frozenset[str]) -> tuple[datetime | None, str]:
    """The instant of a copy that is reckoned with, and where it comes from.

    A sent copy: Date, unless the server's own instant is more than 15 minutes off. Any other:
    the topmost Received line of one of our hosts (`received_by`, lower case), else the server's
    instant (INTERNALDATE, RFC 3501 §2.3.3), else Date. What lies before 1995 or more than 10
    minutes after the reading is passed over. Sources: ``received``, ``internaldate``, ``date``,
    ``none`` (the instant is None).
    """
    sent = _usable(message, message.sent_at)
    arrived = _usable(message, message.received_at)
    if message.is_sent_copy:
        if sent and (arrived is None or abs(sent - arrived) <= SENT_SLACK):
            return sent, "date"
        return (arrived, "internaldate") if arrived else (None, "none")
    ours = next((at for host, at in message.received if host in received_by), None)
    if _usable(message, ours):
        return ours, "received"
    if arrived:
        return arrived, "internaldate"
    return (sent, "date") if sent else (None, "none")


def _usable(message: Message, at: datetime | None) -> datetime | None:
    return at if at and EARLIEST <= at <= message.fetched_at + CLOCK_SLACK else None
