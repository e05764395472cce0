"""What a bounce says of its letter: by its header block and by its delivery report together."""

from __future__ import annotations

import re

from inbox_agent.addresses import Address
from inbox_agent.automatic import may_be_bounce
from inbox_agent.automatic_marks import field_value
from inbox_agent.automatic_phrases import is_unfinished
from inbox_agent.messages import Message
from inbox_agent.subjects import read_subject

_NOT_THE_ADDRESS = re.compile(r"4\.|5\.(?:1\.[78]|2\.[23]|4\.7|[367]\.\d+)$")

_NOBODY: frozenset[str] = frozenset()


def may_be_report(message: Message) -> bool:
    """Whether its header block alone makes it a bounce, whoever we are: then its report is kept."""
    return may_be_bounce(dict(message.marks), message.from_, message.subject)


def failed_recipients(message: Message) -> tuple[str, ...]:
    """Whom a bounce says a letter will not reach, as address keys, each once.

    By X-Failed-Recipients and by the report's recipients whose action is ``failed``.
    """
    named = _in_header(message)
    reported = message.report.failed if message.report else ()
    return tuple(dict.fromkeys((*named, *reported))) if named or reported else ()


def refused_recipients(message: Message) -> frozenset[str]:
    """Whom a bounce names as failed though it was the letter that was refused, or the time ran out.

    By the code (RFC 3463 §3): a sender's address it won't take (5.1.7, 5.1.8), a full mailbox
    (5.2.2), a letter too long (5.2.3), a mail system's limits (5.3), a route that is down (5.4.7,
    and whatever begins with 4), the content (5.6), a policy (5.7). The address may be as good as
    ever.
    """
    if message.report is None:
        return _NOBODY
    deliveries = message.report.deliveries
    return frozenset(x.recipient for x in deliveries if _NOT_THE_ADDRESS.match(x.status))


def named_recipients(message: Message) -> tuple[str, ...]:
    """Everybody a bounce is about, whatever became of the letter there."""
    reported = message.report.recipients if message.report else ()
    named = _in_header(message)
    return tuple(dict.fromkeys((*named, *reported))) if named or reported else ()


def is_final(message: Message) -> bool:
    """Whether something failed for good: by the report if there is one, else by the subject."""
    if message.report and message.report.deliveries:
        return bool(message.report.failed)
    return not is_unfinished(read_subject(message.subject))


def original_id(message: Message) -> str | None:
    """The Message-ID of the letter that a delivery report returns."""
    return message.report.original_id if message.report else None


def _in_header(message: Message) -> tuple[str, ...]:
    for name, value in message.marks:
        if name == "x-failed-recipients" and value:
            named = re.split(r"[\s,;<>]+", field_value(dict(message.marks), name))
            found = (Address.parse(each) for each in named)
            return tuple(address.key for address in found if address)
    return ()
