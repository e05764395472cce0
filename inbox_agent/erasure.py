"""A letter without one person: what goes from the header block of a letter that names somebody.

Everything here is a pure function of octets and of the question whose address is to go. A letter
that the person wrote goes as a whole; in the letters of others every field that names the address
is written anew without it, and no other field changes by an octet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email.header import Header
from email.utils import quote

from inbox_agent.address_traces import (
    IsErased,
    names,
    names_coded,
    readable,
    text_of,
    without_traces,
)
from inbox_agent.header_block import raw_fields
from inbox_agent.header_cleaning import clean_header
from inbox_agent.header_lines import CUT_MARK, FIELD_NAME
from inbox_agent.header_reading import read_mailboxes

#: Fields that are lists of mailboxes: one that is taken out leaves no trace.
_MAILBOX_FIELDS = frozenset(
    """from sender reply-to to cc bcc x-original-from x-original-sender x-failed-recipients
    delivered-to""".split()  # noqa: SIM905
)
#: Fields that say who wrote a letter, also where a mailing list took From.
_AUTHOR_FIELDS = frozenset({"from", "x-original-from", "x-original-sender"})
#: Fields that programs make up, addresses within their words among it.
_MADE_FIELDS = frozenset({"message-id", "in-reply-to", "references", "feedback-id", "return-path"})

_GROUPS_END = re.compile(rb"\r?\n[ \t]*\r?\n")


def without_address(block: bytes, is_erased: IsErased) -> bytes | None:
    """The header block as if its writer had not known the person; None for the person's own letter.

    A block that names nobody to erase comes back as it is, octet for octet. What is done twice,
    or for two people one after the other, ends as if done once.
    """
    end = CUT_MARK if block.endswith(CUT_MARK) else b""
    fields = list(raw_fields(block.removesuffix(end)))
    if any(name in _AUTHOR_FIELDS and _is_author(raw, is_erased) for name, raw in fields):
        return None
    if _is_behind_list(fields, is_erased):
        return None
    kept = [_field_without(name, raw, is_erased) for name, raw in fields]
    return block if kept == [raw for _, raw in fields] else b"".join((*kept, end))


def report_without(report: bytes, is_erased: IsErased) -> bytes:
    """A kept delivery report without the groups that are about the person."""
    if not names(text_of(report), is_erased, is_made=True):
        return report
    groups = [_group_without(group, is_erased) for group in _GROUPS_END.split(report)]
    return b"\n".join(group.rstrip(b"\n") + b"\n" for group in groups if group)


def labels_without(labels: Iterable[str], is_erased: IsErased) -> tuple[str, ...]:
    """A letter's labels, each without the person."""
    return tuple(without_traces(label, is_erased) for label in labels)


def _group_without(group: bytes, is_erased: IsErased) -> bytes:
    text = text_of(group)
    if text.lstrip().lower().startswith("message-id"):
        return without_traces(text, is_erased, is_made=True).encode("utf-8", "replace")
    return b"" if names(text, is_erased) else group


# -- whose letter it is ---------------------------------------------------------------------


def _is_author(raw: bytes, is_erased: IsErased) -> bool:
    """Whether the person stands in the field, coded in another's address (DMARC) or unreadably.

    A line below that is no part of the field makes nobody an author.
    """
    value = next((value for _, value in clean_header(raw).fields), "")
    people = read_mailboxes([value])
    if people:
        return any(names_coded(address, is_erased) for _, address in people)
    return names(value, is_erased)


def _is_behind_list(fields: list[tuple[str, bytes]], is_erased: IsErased) -> bool:
    """Whether a list took From (``Ann via Partners``) and left the person in Reply-To.

    Where Reply-To names others, too, the list aside, nobody can say that the person wrote.
    """
    took = [raw for name, raw in fields if name == "from" and " via " in readable(_value(raw))]
    answered = [raw for name, raw in fields if name == "reply-to"]
    if not took or not any(_is_author(raw, is_erased) for raw in answered):
        return False
    lists = {address.lower() for _, address in read_mailboxes(map(_value, took))}
    people = [address for _, address in read_mailboxes(map(_value, answered))]
    return all(names_coded(one, is_erased) or one.lower() in lists for one in people)


# -- one field ------------------------------------------------------------------------------


def _field_without(name: str, raw: bytes, is_erased: IsErased) -> bytes:
    """A field without the person; a line below that is no part of it goes or stays by itself."""
    own, loose = _parts(raw)
    if loose and names(text_of(loose), is_erased):
        return _field_without(name, own, is_erased)
    return _own_field_without(name, own, is_erased) + loose


def _parts(raw: bytes) -> tuple[bytes, bytes]:
    """The field with its folded lines, and the lines below that are none of it."""
    lines = raw.splitlines(keepends=True)
    own = next((n for n, line in enumerate(lines) if n and line[:1] not in b" \t"), len(lines))
    return b"".join(lines[:own]), b"".join(lines[own:])


def _own_field_without(name: str, raw: bytes, is_erased: IsErased) -> bytes:
    is_made, value = name in _MADE_FIELDS, _value(raw)
    people = read_mailboxes([value]) if name in _MAILBOX_FIELDS else []
    is_named = any(names_coded(address, is_erased) for _, address in people) or names(
        value, is_erased, is_made=is_made
    )
    if not is_named:
        return raw
    if name in _MAILBOX_FIELDS:
        written = _written(raw, ", ".join(_mailboxes_without(people, is_erased)))
    else:
        written = _written(raw, without_traces(value, is_erased, is_made=is_made))
    return b"" if written and names(_value(written), is_erased, is_made=is_made) else written


def _mailboxes_without(people: list[tuple[str, str]], is_erased: IsErased) -> Iterator[str]:
    for name, address in people:
        if not names_coded(address, is_erased):
            kept = without_traces(name, is_erased)
            yield f"{_phrase(kept)} <{address}>" if kept else address


def _phrase(name: str) -> str:
    return f'"{quote(name)}"' if name.isascii() else _encoded(name)


def _written(raw: bytes, value: str) -> bytes:
    """The field with another value; nothing where none is left or it has no name."""
    match = FIELD_NAME.match(raw)
    value = " ".join(value.split())  # on one line, whatever a coded word held
    if not value or match is None:
        return b""
    is_list = match[1].decode("ascii").lower() in _MAILBOX_FIELDS
    text = value if value.isascii() or is_list else _encoded(value)
    return match[1] + b": " + text.encode("utf-8", "replace") + b"\r\n"


def _encoded(text: str) -> str:
    return Header(text, "utf-8", maxlinelen=10**9).encode().replace("\n", "")


def _value(raw: bytes) -> str:
    """The value unfolded, whether the field is well formed or not."""
    fields = clean_header(raw).fields
    return fields[0][1] if len(fields) == 1 else _loose(raw)


def _loose(raw: bytes) -> str:
    match = FIELD_NAME.match(raw)
    octets = raw[match.end() :] if match else raw
    return text_of(b" ".join(octets.split()))
