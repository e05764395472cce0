"""What is kept of the mail of large partners, in `sorted.db`: packed, part by part."""

from __future__ import annotations

import gc
import io
import pickle
import zlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from functools import cache
from hashlib import sha256
from typing import Any, cast

from inbox_agent.absences import Absence
from inbox_agent.addresses import Address
from inbox_agent.conversations import Conversation, Episode, Turn
from inbox_agent.earlier_mail import Earlier, Settled
from inbox_agent.letters import Letter
from inbox_agent.response_times import Ask
from inbox_agent.sent_coverage import Proof
from inbox_agent.sorted_mail import SortedMail
from inbox_agent.subjects import Subject
from inbox_agent.threads import Link

#: The part that is not settled.
_HEAD = 0
_QUICKLY = 1
_KINDS = (
    *(Letter, Address, Subject, Conversation, Link, Episode, Turn, Ask, Proof, Absence),
    *(Settled, Earlier),
)
#: What tells one form of what is packed from another.
_FORM = sha256(repr([(kind.__name__, kind.__slots__) for kind in _KINDS]).encode()).digest()[:8]


@dataclass(frozen=True, slots=True)
class Kept:
    """Parts to be kept of somebody's mail, instead of all or of those with the same numbers."""

    parts: Mapping[int, bytes]
    is_all: bool

    @classmethod
    def of(cls, earlier: Earlier, before: Earlier | None = None) -> Kept:
        """Packed; where there is one `before`, only what is another since."""
        known = before.settled if before else {}
        head = replace(earlier, settled={})
        parts = {n: part for n, part in earlier.settled.items() if known.get(n) is not part}
        packed = {number: _packed(part) for number, part in parts.items()}
        return cls({_HEAD: _packed(head), **packed}, is_all=before is None)

    def write(self, store: SortedMail, party: int) -> None:
        """Keep it."""
        if self.is_all:
            forget_earlier(store, party)
        rows = ((party, number, blob) for number, blob in self.parts.items())
        store.run_many("insert or replace into earlier values (?, ?, ?)", rows)


def forget_earlier(store: SortedMail, party: int) -> None:
    """Keep nothing of somebody's mail any more."""
    store.run("delete from earlier where party = ?", (party,))


def kept_parties(store: SortedMail) -> set[int]:
    """Whose mail is kept."""
    return {party for (party,) in store.run("select party from earlier where part = ?", (_HEAD,))}


def read_earlier(store: SortedMail, party: int) -> Earlier | None:
    """What is kept of somebody's mail; None where nothing is, or in the form of another version."""
    rows = store.run("select part, mail from earlier where party = ?", (party,))
    if any(not blob.startswith(_FORM) for _, blob in rows):
        return None
    was_on = gc.isenabled()
    gc.disable()  # nothing of it has cycles, and looking for some takes most of the time
    try:
        parts = {number: _unpacked(blob) for number, blob in rows}
    finally:
        if was_on:
            gc.enable()
    head: Earlier | None = parts.pop(_HEAD, None)
    return replace(head, settled=parts) if head else None


def _packed(part: object) -> bytes:
    written = io.BytesIO()
    _Pickler(written, pickle.HIGHEST_PROTOCOL).dump(part)
    return _FORM + zlib.compress(written.getbuffer(), _QUICKLY)


def _unpacked(blob: bytes) -> Any:
    # written by this program, of this version, into a file that only its owner may write
    return pickle.loads(zlib.decompress(blob[len(_FORM) :]))  # noqa: S301


class _Pickler(pickle.Pickler):
    """Has frozen dataclasses made anew by their slots: their own way takes four times as long."""

    def reducer_override(self, obj: object) -> Any:
        """As pickle has it: how to make an object anew."""
        kind = type(obj)
        if not is_dataclass(kind) or not hasattr(kind, "__slots__"):
            return NotImplemented
        return _made, (kind, *(getattr(obj, name) for name in kind.__slots__))


def _made(kind: type[Any], *values: object) -> object:
    found = object.__new__(kind)
    for put, value in zip(_putters(cast("Hashable", kind)), values, strict=True):
        put(found, value)
    return found


@cache
def _putters(kind: Hashable) -> Sequence[Callable[[object, object], None]]:
    return [getattr(kind, name).__set__ for name in kind.__slots__]  # type: ignore[attr-defined]
