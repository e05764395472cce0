"""A letter without one person: what goes from the header block of a letter that names somebody.

Everything here is a pure function of octets and of the question whose address is to go. A letter
that the person wrote goes as a whole; in the letters of others every field that names the address
is written anew without it, and no other field changes by an octet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email.header import Header, decode_header
from email.utils import quote

from inbox_agent.addresses import Address
from inbox_agent.header_block import raw_fields
from inbox_agent.header_cleaning import clean_header
from inbox_agent.header_lines import FIELD_NAME
from inbox_agent.header_reading import read_mailboxes

#: What stands where the address stood in the midst of a text or an identifier (RFC 2606 §2).
ERASED = "erased@erased.invalid"

IsErased = Callable[[Address], bool]

#: Fields that are lists of mailboxes: one that is taken out leaves no trace.
_MAILBOX_FIELDS = frozenset(
    """from sender reply-to to cc bcc x-original-from x-original-sender x-failed-recipients
    delivered-to""".split()  # noqa: SIM905
)
#: Fields that say who wrote a letter, also where a mailing list took From.
_AUTHOR_FIELDS = frozenset({"from", "x-original-from", "x-original-sender"})
_IDENTIFIER_FIELDS = frozenset({"message-id", "in-reply-to", "references"})

_LOCAL_CHARACTERS, _DOMAIN_CHARACTERS = 64, 255  # RFC 5321 §4.5.3.1
_SEPARATOR = re.compile(r"@|=|%40")
_LOCAL = re.compile(rf"[\w!#$%&'*+/?^`{{|}}~.-]{{1,{_LOCAL_CHARACTERS}}}")
_DOMAIN = re.compile(rf"[\w.-]{{1,{_DOMAIN_CHARACTERS}}}")
# Before these a local part may begin in the midst of a token: in a link, in quotes; in what
# programs make (bounce+12-ann=globex.com@…, <20240105.ann@globex.com>) also before the rest.
_IN_TEXT = frozenset("/?&'`{|}!*#%^~$")
_IN_MADE = _IN_TEXT | frozenset("-+_.")
_GROUPS_END = re.compile(rb"\r?\n[ \t]*\r?\n")


def without_address(block: bytes, is_erased: IsErased) -> bytes | None:
    """The header block as if its writer had not known the person; None for the person's own letter.

    A block that names nobody to erase comes back as it is, octet for octet. What is done twice,
    or for two people one after the other, ends as if done once.
    """
    fields = list(raw_fields(block))
    if any(name in _AUTHOR_FIELDS and _is_author(raw, is_erased) for name, raw in fields):
        return None
    if _is_behind_list(fields, is_erased):
        return None
    return b"".join(_field_without(name, raw, is_erased) for name, raw in fields)


def report_without(report: bytes, is_erased: IsErased) -> bytes:
    """A kept delivery report without the groups that are about the person."""
    groups = [_group_without(group, is_erased) for group in _GROUPS_END.split(report)]
    kept = b"\n".join(group.rstrip(b"\n") + b"\n" for group in groups if group)
    return kept if _names_any(report, is_erased) else report


def _names_any(octets: bytes, is_erased: IsErased) -> bool:
    text = octets.decode("utf-8", "replace")
    return _without_in_text(text, is_erased, _IN_MADE) != text


def _group_without(group: bytes, is_erased: IsErased) -> bytes:
    text = group.decode("utf-8", "replace")
    if text.lstrip().lower().startswith("message-id"):
        return _without_in_text(text, is_erased, _IN_MADE).encode("utf-8", "replace")
    return b"" if _without_in_text(text, is_erased, _IN_TEXT) != text else group


# -- whose letter it is ---------------------------------------------------------------------


def _is_author(raw: bytes, is_erased: IsErased) -> bool:
    """Whether the person stands in the field, coded in another's address (DMARC) or unreadably."""
    value = _value(raw)
    people = [address for _, address in read_mailboxes([value])]
    named = " ".join(people) if people else value
    return _without_in_text(named, is_erased, _IN_TEXT) != named


def _is_behind_list(fields: list[tuple[str, bytes]], is_erased: IsErased) -> bool:
    """Whether a list took From (``Ann via Partners``) and left the person in Reply-To."""
    took = any(name == "from" and " via " in _readable(_value(raw)) for name, raw in fields)
    return took and any(name == "reply-to" and _is_author(raw, is_erased) for name, raw in fields)


# -- one field ------------------------------------------------------------------------------


def _field_without(name: str, raw: bytes, is_erased: IsErased) -> bytes:
    more = _IN_MADE if name in _IDENTIFIER_FIELDS else _IN_TEXT
    value = _value(raw)
    shown = _readable(value)
    kept = _without_in_text(shown, is_erased, more)
    is_named = kept != shown or _without_in_text(value, is_erased, more) != value
    if name in _MAILBOX_FIELDS:
        people = read_mailboxes([value])
        if not is_named and not any(_is_erased(address, is_erased) for _, address in people):
            return raw
        kept = ", ".join(_mailboxes_without(people, is_erased))
    elif not is_named:
        return raw
    return _written(raw, kept)


def _mailboxes_without(people: list[tuple[str, str]], is_erased: IsErased) -> Iterator[str]:
    for name, address in people:
        if not _is_erased(address, is_erased):
            kept = _without_in_text(name, is_erased, _IN_TEXT)
            written = _without_in_text(address, is_erased, _IN_TEXT)
            yield f"{_phrase(kept)} <{written}>" if kept else written


def _is_erased(written: str, is_erased: IsErased) -> bool:
    address = Address.parse(written.strip("'"))
    return address is not None and is_erased(address)


def _phrase(name: str) -> str:
    return f'"{quote(name)}"' if name.isascii() else _encoded(name)


def _written(raw: bytes, value: str) -> bytes:
    """The field with another value; nothing where none is left or it has no name."""
    match = FIELD_NAME.match(raw)
    if not value or match is None:
        return b""
    is_list = match[1].decode("ascii").lower() in _MAILBOX_FIELDS
    text = value if value.isascii() or is_list else _encoded(value)
    return match[1] + b": " + text.encode("utf-8", "replace") + b"\r\n"


def _encoded(text: str) -> str:
    return Header(text, "utf-8", maxlinelen=10**9).encode().replace("\n", "")


def _value(raw: bytes) -> str:
    """The value unfolded, with every line that belongs to it, whether it is well formed or not."""
    fields = clean_header(raw).fields
    lines = raw.splitlines()
    is_whole = len(fields) == 1 and all(line[:1] in (b" ", b"\t") for line in lines[1:])
    return fields[0][1] if is_whole else _loose(raw)


def _loose(raw: bytes) -> str:
    match = FIELD_NAME.match(raw)
    octets = raw[match.end() :] if match else raw
    return b" ".join(octets.split()).decode("utf-8", "replace")


def _readable(value: str) -> str:
    """The text with its encoded words decoded (RFC 2047); as it is where they can't be."""
    if "=?" not in value:
        return value
    try:
        return "".join(_part(octets, charset) for octets, charset in decode_header(value))
    except (ValueError, LookupError):
        return value


def _part(octets: bytes | str, charset: str | None) -> str:
    if isinstance(octets, str):
        return octets
    try:
        return octets.decode(charset or "utf-8", "replace")
    except LookupError:
        return octets.decode("utf-8", "replace")


# -- addresses in a text --------------------------------------------------------------------


def _without_in_text(text: str, is_erased: IsErased, begins: frozenset[str]) -> str:
    """The text with `ERASED` for each address of the person, however it is coded there.

    Read are ``ann@globex.com``, ``ann%40globex.com``, ``ann=globex.com`` as in bounce addresses
    and ``globex.com=ann`` (SRS). Linear: around each separator a bounded piece is looked at.
    """
    parts, done = [], 0
    for found in _SEPARATOR.finditer(text):
        if found.start() < done:
            continue
        place = _address_around(text, found.start(), found.end(), is_erased, begins)
        if place and place[0] >= done:
            parts += [text[done : place[0]], ERASED]
            done = place[1]
    return "".join([*parts, text[done:]]) if parts else text


def _address_around(
    text: str, start: int, end: int, is_erased: IsErased, begins: frozenset[str]
) -> tuple[int, int] | None:
    """From where to where an address of the person stands around a separator."""
    first = _beginning(_LOCAL, text, start, _LOCAL_CHARACTERS)
    right = _DOMAIN.match(text, end)
    is_coded = text[start] == "="
    if right and first < start:
        past = end + len(right[0].rstrip(".-"))
        domain = text[end:past]
        for place in _beginnings(text, first, start, _IN_MADE if is_coded else begins):
            if _is_erased(f"{text[place:start]}@{domain}", is_erased):
                return place, past
    left, local = _beginning(_DOMAIN, text, start, _DOMAIN_CHARACTERS), _LOCAL.match(text, end)
    if is_coded and local and _is_erased(f"{local[0]}@{text[left:start]}", is_erased):
        return left, local.end()
    return None


def _beginning(characters: re.Pattern[str], text: str, end: int, most: int) -> int:
    """Where the run of such characters that ends there begins, `most` before it at the earliest."""
    run = characters.match(text[max(0, end - most) : end][::-1])
    return end - len(run[0]) if run else end


def _beginnings(text: str, first: int, past: int, begins: frozenset[str]) -> Iterator[int]:
    yield first
    for place in range(first, past - 1):
        if text[place] in begins:
            yield place + 1
