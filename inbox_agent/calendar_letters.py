"""Letters that calendars write: invitations, answers to them, cancellations (RFC 6047)."""

from __future__ import annotations

from collections.abc import Mapping

from inbox_agent.addresses import Address
from inbox_agent.automatic_marks import Marks, content_type, field_value

_METHODS = frozenset(
    ["PUBLISH", "REQUEST", "REPLY", "ADD", "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER"]
)
_CLASS = "urn:content-classes:calendarmessage"
#: Addresses that calendars write from.
CALENDARS = frozenset({"calendar-notification@google.com"})


def is_calendar(marks: Marks) -> bool:
    """Whether a calendar wrote it (RFC 6047 §2.4), or Google's wrote about one."""
    sender = Address.parse(marks.value("sender").rpartition("<")[2].rstrip("> "))
    keys = {address.key for address in (marks.author, sender) if address}
    return calendar_method(marks.fields) is not None or bool(keys & CALENDARS)


def calendar_method(marks: Mapping[str, str]) -> str | None:
    """The iTIP method (RFC 5546 §1.4) in upper case; None where nothing says calendar.

    A calendar letter without a method counts as ``REQUEST``.
    """
    media_type, parameters = content_type(marks)
    method = parameters.get("method", "").upper()
    if method in _METHODS:
        return method
    has_class = field_value(marks, "content-class") == _CLASS
    return "REQUEST" if media_type == "text/calendar" or has_class else None
