"""The usual answer to a header fetch, split by one pattern a letter.

imapclient's parser goes through an answer octet by octet, which takes longer than the line does.
The answer to a header fetch is regular: a few numbers and one literal. What is not just so is left
to that parser.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

_MONTHS = {
    name: number
    for number, name in enumerate(
        b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1
    )
}
# An id that begins with a digit could be a number to imapclient's parser (RFC 8474 §4 allows it).
_ID = rb"\(([A-Za-z_-][A-Za-z0-9_-]{0,254})\)"
#: What stands before the literal, items in any order, as imaplib gives it (RFC 3501 §7.4.2).
_LETTER = re.compile(
    rb"(?P<number>[1-9][0-9]{0,9}) \((?:(?:"
    rb"UID (?P<uid>[1-9][0-9]{0,9})"
    rb"|RFC822\.SIZE (?P<size>[0-9]{1,19})"
    # date-time (RFC 3501 §9)
    rb'|INTERNALDATE "(?P<day>[ 0-9][0-9])-(?P<month>[A-Z][a-z]{2})-(?P<year>[1-9][0-9]{3})'
    rb' (?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2}) (?P<zone>[+-][0-9]{4})"'
    rb"|EMAILID (?P<email>" + _ID + rb")|THREADID (?P<thread>" + _ID + rb"|NIL)"
    rb') )+BODY\[HEADER\.FIELDS \([A-Za-z0-9 "-]*\)\](?:<0>)? \{[0-9]+\}'
)
_BLOCK = b"BODY[HEADER.FIELDS]"

#: The items of one letter's answer by their names, as imapclient's parser gives them.
Items = dict[bytes, Any]


def split(data: Sequence[Any]) -> list[Items] | None:
    """The letters of a FETCH answer as imaplib gives it; None where something is unusual."""
    if len(data) % 2:
        return [] if list(data) == [None] else None
    found: dict[bytes, Items] = {}
    for item, end in zip(data[::2], data[1::2], strict=True):
        letter = _LETTER.fullmatch(item[0]) if isinstance(item, tuple) and end == b")" else None
        items = _items(letter, item[1]) if letter else None
        if letter is None or items is None:
            return None
        found[letter["number"]] = items
    # of one number twice imapclient's parser makes one letter
    return list(found.values()) if len(found) == len(data) // 2 else None


def _items(letter: re.Match[bytes], block: bytes) -> Items | None:
    items: Items = {b"SEQ": int(letter["number"]), _BLOCK: block}
    if letter["uid"]:
        items[b"UID"] = int(letter["uid"])
    if letter["size"]:
        items[b"RFC822.SIZE"] = int(letter["size"])
    for name, group in ((b"EMAILID", "email"), (b"THREADID", "thread")):
        given = letter[group]
        if given:
            items[name] = None if given == b"NIL" else (given[1:-1],)
    if letter["day"]:
        try:
            items[b"INTERNALDATE"] = _instant(letter)
        except (ValueError, KeyError):
            return None
    return items


def _instant(letter: re.Match[bytes]) -> datetime:
    hour, minute, second = letter["time"].split(b":")
    return datetime(
        int(letter["year"]),
        _MONTHS[letter["month"]],
        int(letter["day"]),
        int(hour),
        int(minute),
        int(second),
        tzinfo=_zone(letter["zone"]),
    )


@lru_cache(maxsize=64)
def _zone(text: bytes) -> timezone:
    minutes = int(text[1:3]) * 60 + int(text[3:])
    return (
        timezone(timedelta(minutes=-minutes if text[:1] == b"-" else minutes)) if minutes else UTC
    )
