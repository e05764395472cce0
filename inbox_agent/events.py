"""What the loop tells of: events and numbers, never text that came from a letter or a server."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from inbox_agent.errors import InboxAgentError


@dataclass(frozen=True)
class Event:
    """Something to tell: what, of which mailbox, numbers. No text that came from a letter.

    `line` is the same for people, where there is something to say to them.
    """

    name: str
    mailbox: str | None = None
    is_trouble: bool = False
    facts: dict[str, object] = field(default_factory=dict)
    line: InboxAgentError | None = None


def polled(
    mailbox: str,
    new_messages: int,
    seconds: float,
    errors: Sequence[InboxAgentError],
    again_seconds: float | None,
) -> Event:
    """A pass over a mailbox is over, which took so many seconds."""
    facts: dict[str, object] = {"new_messages": new_messages, "seconds": round(seconds, 2)}
    if errors:
        facts["errors"] = sorted({type(each).__name__ for each in errors})
    if again_seconds is not None:
        facts["again_seconds"] = round(again_seconds)
    return Event("poll", mailbox, bool(errors), facts)


def idle_lost(mailbox: str, exc: InboxAgentError, again_seconds: float, failures: int) -> Event:
    """The connection that waits for news was lost; people are told once an outage."""
    facts: dict[str, object] = {"errors": [type(exc).__name__]}
    facts |= {"again_seconds": round(again_seconds), "failures": failures}
    line = InboxAgentError(f"{exc}; until then new letters are found by polls only")
    return Event("idle_lost", mailbox, True, facts, line if failures == 1 else None)


def fault(exc: Exception, mailbox: str | None = None, *, goes_on: bool = True) -> InboxAgentError:
    """A fault of this program as one line: of what kind and where, but not its text.

    The text of an exception may quote a letter.
    """
    at = traceback.extract_tb(exc.__traceback__)[-1]
    where = f'mailbox "{mailbox}": ' if mailbox else ""
    again = "it tries again, " if goes_on else ""
    return InboxAgentError(
        f"{where}a fault of this program ({type(exc).__name__} at {PurePath(at.filename).name}, "
        f"line {at.lineno}); {again}please report it"
    )
