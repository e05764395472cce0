"""What a letter is, once it is known which letter of ours it answers and how fast.

One header block can't tell these: an answer that came at once without any field that says so,
a help desk's acknowledgement, and the person who writes through a help desk or a mailing list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from inbox_agent.automatic_marks import Marks
from inbox_agent.automatic_phrases import has_new_ticket, is_acknowledged
from inbox_agent.kinds import Verdict
from inbox_agent.subjects import read_subject

#: Seconds after our letter within which no person answers, and before it, for clocks that differ.
AT_ONCE_SECONDS = 120
CLOCKS_DIFFER_SECONDS = 300
#: A letter to more people than this is no one-to-one letter of a sales program.
FEW_RECIPIENTS = 5

# Fields that help desks put on their programs' letters and on their people's alike.
_DESK_RULES = ("P7", "P13", "P14")


@dataclass(frozen=True, slots=True)
class Occasion:
    """The letter of ours that a letter answers: its subject, and how many seconds before.

    `seconds` is None where an instant is unknown. `is_cited`: the answer names it; otherwise it
    merely came right after it.
    """

    subject: str
    seconds: float | None
    is_cited: bool

    @property
    def is_at_once(self) -> bool:
        """Whether the answer came faster than a person writes."""
        return (
            self.seconds is not None and -CLOCKS_DIFFER_SECONDS <= self.seconds <= AT_ONCE_SECONDS
        )


def settled(verdict: Verdict, marks: Marks, occasion: Occasion) -> Verdict:
    """The verdict on somebody else's letter in the light of the letter of ours that it answers.

    The rule that was softened stays named. An answer through a mailing list (P11) is a person's.
    So, with low confidence, is one to few people by a sales program (P12), and one with a help
    desk's fields (P7, P13, P14), unless it came at once or acknowledges.
    """
    if verdict.rule == "P16":
        return _automatic(marks, occasion) or verdict
    if not occasion.is_cited:
        return verdict
    if verdict.rule == "P11":
        return Verdict("human", "P11")
    if occasion.is_at_once or marks.has_null_path:
        return verdict
    is_few = verdict.rule == "P12" and len(marks.recipients) <= FEW_RECIPIENTS
    is_desk = verdict.rule in _DESK_RULES and not is_acknowledged(marks.text, occasion.subject)
    return replace(verdict, kind="human", confidence="low") if is_few or is_desk else verdict


def _automatic(marks: Marks, occasion: Occasion) -> Verdict | None:
    """P9 and P15: what came at once and takes no bounces, or acknowledges."""
    if not occasion.is_at_once:
        return None
    if occasion.is_cited and marks.has_null_path:
        return Verdict("auto_reply", "P9")
    base = read_subject(occasion.subject).base
    is_about_it = occasion.is_cited or (base and base in marks.subject.base)
    has_number = is_about_it and has_new_ticket(marks.text, occasion.subject)
    if has_number or is_acknowledged(marks.text, occasion.subject):
        return Verdict("auto_reply", "P15", "low")
    return None
