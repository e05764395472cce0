"""What may be seen of people and subjects outside the mirror (`[publish]` in the config).

Pseudonyms are made with a secret that stays in the mirror, so that they are the same in every
table and every generation and can't be turned back by trying addresses.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from inbox_agent.addresses import Side

People = Literal["full", "initials", "none"]

# A whole word with an @ in it, and not only what a well-formed address may hold: too much
# hidden does no harm. The second is the full-width one.
_ADDRESS = re.compile("[^\\s@\uff20]*[@\uff20]\\S*")
_PLACE = re.compile(r"\{(\d)\}")
_WORDS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Privacy:
    """Turns addresses, names, subjects and partner keys into what may be published."""

    people: People
    our_people: bool
    subjects: bool
    key: bytes

    def person(self, address: str) -> str:
        """One of their people: the address, initials with a pseudonym, or a pseudonym.

        Made of the address alone: the name that goes with it changes from letter to letter, and
        who asked must be found among the contacts.
        """
        if self.people == "full":
            return address
        initials = _initials(address.partition("@")[0]) if self.people == "initials" else ""
        return f"{initials or 'person'} {self.pseudonym(address)}"

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
        return f"{self.person(key)} ({domain})"

    def subject(self, text: str) -> str | None:
        """A subject, without the addresses in it unless everybody is shown in full."""
        return self.words(text) if self.subjects else None

    def words(self, text: str) -> str:
        """What we or a server said, without the addresses in it, as in subjects."""
        may_name = ("@" in text or "\uff20" in text) and not self._shows_all
        return _ADDRESS.sub("…", text) if may_name else text

    def told(self, sentence: str, people: Iterable[str]) -> str:
        """A sentence in which ``{0}``, ``{1}`` stand for addresses, with these as may be shown."""
        shown = [self.person(address) for address in people]
        return _PLACE.sub(lambda place: shown[int(place[1])], sentence) if shown else sentence

    def row_key(self, key: str) -> str:
        """A key made of an address: where people are hidden nobody finds it by trying."""
        return key if self.people == "full" else self._digest(key)[:20]

    def folder(self, name: str) -> str:
        """A folder's name, pseudonyms in place of addresses, so that no two become the same."""
        return name if self._shows_all else _ADDRESS.sub(self._hidden, name)

    @property
    def _shows_all(self) -> bool:
        return self.people == "full" and self.our_people

    def _hidden(self, found: re.Match[str]) -> str:
        return f"person {self.pseudonym(found[0])}"

    def pseudonym(self, address: str) -> str:
        """Twelve characters that stand for an address, the same in all we make of it."""
        return self._digest(address)[:12]

    def _digest(self, text: str) -> str:
        return _digest(self.key, text)


@lru_cache(maxsize=16_384)  # the same few people write most letters
def _digest(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), blake2b).hexdigest()


@lru_cache(maxsize=16_384)
def _initials(name: str) -> str:
    return "".join(f"{word[0].upper()}." for word in _WORDS.findall(name)[:3])
