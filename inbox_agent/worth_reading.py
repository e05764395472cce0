"""Which letters' texts are worth a look, where ``[read_text]`` is on: those that may count."""

from __future__ import annotations

from inbox_agent.addresses import Roster
from inbox_agent.automatic import by_header, marks_of
from inbox_agent.copies import recipients
from inbox_agent.messages import Message

_NOBODY = Roster(team_domains=frozenset())
#: Rules whose letters may count where they answer one of ours (`automatic_answers`).
_IF_THEY_ANSWER = frozenset({"P7", "P12", "P13", "P14"})


def is_worth_reading(message: Message) -> bool:
    """Whether a letter may count, by its header block alone and whoever we are.

    Not the text of delivery reports, receipts, calendar letters and automatic replies; that of
    newsletters and notifications only where they name a letter that they answer. What came
    through a mailing list may have come through one of ours.
    """
    subject, people = message.subject, recipients(message)
    rule = by_header(marks_of(dict(message.marks), message.from_, subject, people, _NOBODY)).rule
    is_answer = bool(message.in_reply_to or message.references)
    return rule in ("P16", "P11") or (rule in _IF_THEY_ANSWER and is_answer)
