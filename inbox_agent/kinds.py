"""What sorts of letters there are, what a rule says of one, and what the operator says instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["human", "auto_reply", "bounce", "receipt", "calendar", "list", "bulk", "system"]
Confidence = Literal["high", "low"]

#: Why a letter of each kind does not count, and what that means; a person's only without a time.
WHY_NOT: Mapping[Kind, tuple[str, str]] = {
    "human": ("no_date", "a person wrote it, but no usable time is known"),
    "auto_reply": ("automatic_reply", "a program answered, like an absence note"),
    "bounce": ("delivery_report", "it says that a letter was not delivered, or late"),
    "receipt": ("read_receipt", "it says that a letter was opened"),
    "calendar": ("calendar", "a calendar wrote it: an invitation, or an answer to one"),
    "list": ("mailing_list", "it came through a mailing list that is not ours"),
    "bulk": ("newsletter", "it was sent to many"),
    "system": ("notification", "a program wrote it"),
}

#: The rule named where the operator decided.
OVERRIDDEN = "P0"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a letter is, and by which rule; ``P16`` where none matched."""

    kind: Kind
    rule: str
    confidence: Confidence = "high"


HUMAN = Verdict(kind="human", rule="P16")


@dataclass(frozen=True, slots=True)
class Override:
    """The operator's word on some letters: those for which everything that is given holds.

    `address` is an author's address key, `domain` an author's domain with its subdomains,
    `message_id` one letter's; `rule` is the rule that would have decided.
    """

    kind: Kind
    address: str | None = None
    domain: str | None = None
    message_id: str | None = None
    rule: str | None = None

    def is_about(self, author: str, message_id: str, rule: str) -> bool:
        """Whether it holds for a letter; `author` is an address key, empty where unreadable."""
        domain = author.rpartition("@")[2]
        return (
            self.address in (None, author)
            and (self.domain is None or f".{domain}".endswith(f".{self.domain}"))
            and self.message_id in (None, message_id)
            and self.rule in (None, rule)
        )
