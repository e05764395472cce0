"""Header fields of the usual shape, read quickly: what is certain, and nothing that needs mending.

Each function here gives exactly what the careful reading gives, or None, where anything about a
text is unusual: then it is read carefully. Nothing is ever read only here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from inbox_agent.header_lines import LINES_READ, OCTETS_READ

_PLAIN_OCTETS = bytes([*b"\t\n\r", *range(0x20, 0x7F)])
_NAME = re.compile(r"([!-9;-~]+)[ \t]*")
_NAME_CHARACTERS = 100

# Commas of a quoted display name part no entries: "Lee, Ann" <ann@globex.example>
_ENTRY = re.compile(r'[^",]+(?:"[^"]*"[^",]*)*|(?:"[^"]*"[^",]*)+')
# RFC 5322 §3.2.3 and §3.4.1: dot-atoms; a name is one quoted string, or words with dots (§4.1).
_ATEXT = r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDR_SPEC = rf"{_ATEXT}(?:\.{_ATEXT})*@{_ATEXT}(?:\.{_ATEXT})*"
_MAILBOX = re.compile(
    rf'(?:"(?P<quoted>[^"\\]*)"[ \t]*|(?P<words>[a-zA-Z0-9!#$%&\'*+/=?^_`{{|}}~. \t-]*))'
    rf"<(?P<address>{_ADDR_SPEC})>"
)
_BARE_ADDRESS = re.compile(_ADDR_SPEC)

_MONTHS = {
    name: number
    for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)  # noqa: SIM905
}
_DATE = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), +)?([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4})"
    r" ([0-9]{2}):([0-9]{2}):([0-9]{2}) (?:([+-])([0-9]{2})([0-5][0-9])|GMT|UTC)",
    re.ASCII,
)
_FIRST_YEAR = 1900
_LARGEST_OFFSET_MINUTES = 14 * 60
_QUARTER_MINUTES = 15

_PAIR_OF_PARENTHESES = re.compile(r"\([^()]*\)")


def plain_fields(block: bytes) -> tuple[tuple[str, str], ...] | None:
    """The fields of a header block as (lower-case name, unfolded value), up to an empty line.

    None unless all of it is printable US-ASCII, each line a field or the folding of one, and no
    more than is read of a block.
    """
    if len(block) > OCTETS_READ or block.count(b"\n") >= LINES_READ:
        return None
    if block.translate(None, _PLAIN_OCTETS):
        return None
    text = block.decode("ascii").replace("\r\n", "\n")
    if "\r" in text:
        return None
    head = text.partition("\n\n")[0].removesuffix("\n")
    fields = []
    # Where a line is folded is marked, as a name and its colon stand on one line.
    for line in head.replace("\n ", "\0 ").replace("\n\t", "\0\t").split("\n"):
        written, colon, value = line.partition(":")
        name = _field_name(written) if colon and len(written) <= _NAME_CHARACTERS else ""
        if not name:
            return None
        fields.append((name, value.replace("\0", "").strip(" \t")))
    return tuple(fields)


@lru_cache(maxsize=1024)
def _field_name(written: str) -> str:
    """In lower case; empty where it is none (RFC 5322 §2.2, and §4.5 for white space after it)."""
    found = _NAME.fullmatch(written)
    return found[1].lower() if found else ""


def plain_entries(value: str) -> list[str] | None:
    """What stands between the commas of an address field, without the white space around it.

    None where a quote stays open or an entry is empty. Each entry is yet to be read: one that
    does not end where it is parted (in a comment, a group) shows then.
    """
    entries = value.split(",") if '"' not in value else _ENTRY.findall(value)
    if '"' in value and ",".join(entries) != value:
        return None
    return [entry.strip(" \t") for entry in entries]


def plain_mailbox(entry: str) -> tuple[str, str] | None:
    """Name and address of ``ann@x``, ``<ann@x>``, ``Ann Lee <ann@x>`` and ``"Lee, Ann" <ann@x>``.

    None for anything else: encoded words, comments, groups, escapes, IP literals, odd dots.
    """
    if "=?" in entry:
        return None
    found = _MAILBOX.fullmatch(entry)
    if found is None:
        return ("", entry) if _BARE_ADDRESS.fullmatch(entry) else None
    quoted, words, address = found.groups()
    return (" ".join(words.split()) if quoted is None else quoted), address


def plain_date(text: str) -> tuple[datetime, int | None] | None:
    """The instant (UTC) of a date as RFC 5322 §3.3 has it, and its offset in minutes.

    The offset as by `date_fields.written_offset`. None for any other date, and for an impossible
    one.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    offset = int(hours) * 60 + int(minutes) if sign else 0
    if int(year) < _FIRST_YEAR or offset > _LARGEST_OFFSET_MINUTES:
        return None
    offset = -offset if sign == "-" else offset
    try:
        parts = int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second)
        at = datetime(*parts, tzinfo=UTC) - timedelta(minutes=offset)
    except (ValueError, LookupError, OverflowError):
        return None
    says_nothing = offset % _QUARTER_MINUTES or (sign == "-" and offset == 0)
    return at, None if says_nothing else offset


def without_plain_comments(text: str) -> str | None:
    """A text without its comments, each a blank; None where one lies in another, or may be none."""
    if '"' in text or "\\" in text:
        return None
    left = _PAIR_OF_PARENTHESES.sub(" ", text)
    return None if "(" in left or ")" in left else left
