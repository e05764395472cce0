"""What may be seen of people and subjects outside the mirror (`[publish]` in the config).

Pseudonyms are made with a secret that stays in the mirror, so that they are the same in every
table and every generation and can't be turned back by trying addresses.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from inbox_agent.addresses import Address, Side

People = Literal["full", "initials", "none"]

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@]{1,200}@[\w.-]{1,250}")
_WORDS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Privacy:
    """Turns addresses, names, subjects and partner keys into what may be published."""

    people: People
    our_people: bool
    subjects: bool
    key: bytes

    def author(self, side: Side, address: Address | None) -> str | None:
        """Who wrote a letter: ``us`` for our side, unless our people are published."""
        if side == "us" and not self.our_people:
            return "us"
        if address is None:
            return None
        return address.key if side == "us" else self.person(address.key, address.name)

    def person(self, address: str, name: str) -> str:
        """One of their people: the address, initials with a pseudonym, or a pseudonym."""
        if self.people == "full":
            return address
        initials = _initials(name or address.partition("@")[0]) if self.people == "initials" else ""
        return f"{initials or 'person'} {self._pseudonym(address)}"

    def name(self, side: Side, name: str) -> str | None:
        """A display name, cut down like its address; None where there is nothing to show."""
        if side == "us" or self.people == "full":
            return name or None
        return (_initials(name) or None) if self.people == "initials" else None

    def partner(self, key: str) -> str:
        """A partner's key; one that is a person's whole address is cut down like that person."""
        if "@" not in key or self.people == "full":
            return key
        domain = key.rpartition("@")[2]
        return f"{self.person(key, '')} ({domain})"

    def subject(self, text: str) -> str | None:
        """A subject, without the addresses in it unless people are shown in full."""
        if not self.subjects:
            return None
        return text if self.people == "full" else _ADDRESS.sub("…", text)

    def _pseudonym(self, address: str) -> str:
        return hmac.new(self.key, address.encode(), blake2b).hexdigest()[:8]


def _initials(name: str) -> str:
    return "".join(f"{word[0].upper()}." for word in _WORDS.findall(name)[:3])
