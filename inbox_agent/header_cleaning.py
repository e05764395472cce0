"""Header bytes to clean fields before a parser sees them, and the values it does not read.

Parsers of the MIME family stop at the first malformed line and take a bare CR for the end of a
line, so that a subject can forge a Bcc. Here neither is so, and everything is bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

from inbox_agent.header_lines import (
    CUT_MARK,
    FIELD_NAME,
    LINES_READ,
    OCTETS_READ,
    header_lines,
    is_empty_line,
    line_ends_restored,
)
from inbox_agent.plain_headers import plain_fields, without_plain_comments

#: Everything `Message.problems` may hold, and what it means.
PROBLEMS: dict[str, str] = {
    "address_unreadable": "an entry of From, To, Cc or Bcc is no mail address and was left out",
    "bad_line": "a line that is no header field was left out",
    "charset_guessed": "8-bit octets that are no UTF-8 were read as Windows-1252",
    "control_octets": "a bare CR or a NUL stood in a field and was read as a space",
    "date_unreadable": "Date can't be read",
    "date_without_zone": "Date has no zone and was read as UTC",
    "date_zone_impossible": "Date has an offset of more than 14 hours and was left out",
    "date_zone_unknown": "Date has a zone that nobody can be sure of and was read as UTC",
    "header_cut": "the header block is longer than what is read of one",
    "id_refused": "an identifier of more than 998 octets was left out",
    "no_date": "there is no Date",
    "no_from": "From is missing or has no address in it",
    "no_message_id": "there is no Message-ID; one was made from the digest",
    "parser_failed": "reading failed; what could not be read is missing",
    "recipients_cut": "more recipients than are kept",
    "references_cut": "more References than are kept",
    "several_from": "several From fields; the first was taken",
    "x500_address": "an entry of From, To, Cc or Bcc is an X.500 name and was left out",
}

_SEVERAL_FROM = frozenset({"several_from"})
_LINE_END = re.compile(rb"\r?\n\Z")
_BARE = bytes.maketrans(b"\r\0", b"  ")
_BY_HOST = re.compile(r"(?:from \S+ )?(?:[^;]*? )?by ([^ ;]+)", re.IGNORECASE)
_COMMENT_PARTS = re.compile(r'(\\.|["()])', re.DOTALL)

# What must not reach a table or a terminal: C0, C1, the controls that turn text around
# (RTLO and its kin), and surrogates, which are no characters and can't be stored.
_UNSEEN: dict[int, str | None] = {
    **dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)]),
    **dict.fromkeys([0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85], " "),
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)]),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}


@dataclass(frozen=True, slots=True)
class CleanHeader:
    """The fields of one header block in their order, as (lower-case name, unfolded value).

    `is_well_formed`: the lines of the block are in order and printable US-ASCII, so that the quick
    ways of `plain_headers` may be tried on its fields.
    """

    fields: tuple[tuple[str, str], ...]
    problems: frozenset[str]
    is_well_formed: bool = field(default=False, compare=False)
    _values: dict[str, list[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        values: dict[str, list[str]] = {}
        for name, value in self.fields:
            values.setdefault(name, []).append(value)
        object.__setattr__(self, "_values", values)

    def all(self, name: str) -> list[str]:
        """The values of every field of this name, topmost first."""
        return list(self._values.get(name, ()))

    def first(self, name: str) -> str | None:
        """The value of the topmost field of this name; None where there is none."""
        values = self._values.get(name)
        return values[0] if values else None


def clean_header(block: bytes, *, quickly: bool = True) -> CleanHeader:
    """Split a header block into fields, up to its first empty line; never raises.

    Problems: ``bad_line`` (no field and no continuation; left out with what continues it),
    ``control_octets`` (a bare CR or NUL became a space), ``charset_guessed`` (8-bit octets that
    are no UTF-8 were read as Windows-1252), ``header_cut`` (more than the caps),
    ``several_from`` (of a field that may stand once the topmost counts). Not `quickly`: neither
    the block nor any field of it is taken for plain; the result is the same.
    """
    plain = plain_fields(block) if quickly else None
    if plain is None:
        return _carefully_cleaned(block)
    has_several = sum(name == "from" for name, _ in plain) > 1
    return CleanHeader(plain, _SEVERAL_FROM if has_several else frozenset(), is_well_formed=True)


def _carefully_cleaned(block: bytes) -> CleanHeader:
    lines, is_cut = _header_lines(block)
    raw, has_bad_line = _raw_fields(lines)
    problems = {"header_cut"} if is_cut else set()
    if has_bad_line:
        problems.add("bad_line")
    fields = []
    for name, octets in raw:
        if b"\r" in octets or b"\0" in octets:
            problems.add("control_octets")
        value, is_guess = _decoded(octets.translate(_BARE).strip(b" \t"))
        if is_guess:
            problems.add("charset_guessed")
        fields.append((name, value))
    if sum(name == "from" for name, _ in fields) > 1:
        problems.add("several_from")
    return CleanHeader(fields=tuple(fields), problems=frozenset(problems))


def _header_lines(block: bytes) -> tuple[list[bytes], bool]:
    """The lines that are read, without their ends, and whether there are more."""
    if b"\n" not in block:
        block = line_ends_restored(block)
    lines = list(islice(header_lines(block[:OCTETS_READ]), LINES_READ + 1))
    has_end = bool(lines) and is_empty_line(lines[-1])
    is_cut = len(block) > OCTETS_READ and not has_end
    # The mark of `kept_fields`, the empty line, or a line that the cap has cut in two.
    if has_end or lines[-1:] == [CUT_MARK] or (is_cut and not lines[-1].endswith(b"\n")):
        is_cut = is_cut or not has_end
        lines.pop()
    is_cut = is_cut or len(lines) > LINES_READ
    return [_LINE_END.sub(b"", line) for line in lines[:LINES_READ]], is_cut


def _raw_fields(lines: list[bytes]) -> tuple[list[tuple[str, bytes]], bool]:
    """Unfold (RFC 5322 §2.2.3: the line end goes, the white space stays)."""
    found: list[tuple[str, list[bytes]]] = []
    current: list[bytes] | None = None
    has_bad_line = False
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            if current is not None:
                current.append(line)
            else:
                has_bad_line = True
            continue
        match = FIELD_NAME.match(line)
        current = [line[match.end() :]] if match else None
        if match and current is not None:
            found.append((match[1].decode("ascii").lower(), current))
        else:
            has_bad_line = True
    return [(name, b"".join(parts)) for name, parts in found], has_bad_line


def _decoded(octets: bytes) -> tuple[str, bool]:
    """Raw octets as text: UTF-8 (RFC 6532), else Windows-1252, which says so."""
    try:
        return octets.decode("utf-8"), False
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace"), True


def clean_text(text: str, limit: int) -> str:
    """Text as it may be shown: no control or bidi characters, single spaces, `limit` characters."""
    if not (text.isascii() and text.isprintable()):
        text = text.translate(_UNSEEN)
    return " ".join(text.split())[:limit].strip()


def without_comments(text: str) -> str:
    """The text without its comments, nested ones too (RFC 5322 §3.2.2); linear in its length.

    A parenthesis inside a quoted string is no comment. Where they don't balance nothing is one.
    """
    if "(" not in text:
        return text
    plain = without_plain_comments(text)
    return _carefully_without_comments(text) if plain is None else plain


def _carefully_without_comments(text: str) -> str:
    kept: list[str] = []
    depth = 0
    is_quoted = False
    for part in _COMMENT_PARTS.split(text):
        if part == '"' and not depth:
            is_quoted = not is_quoted
        elif part == "(" and not is_quoted:
            kept.append(" " * (depth == 0))
            depth += 1
            continue
        if not depth:
            kept.append(part)
        elif part == ")":
            depth -= 1
    return text if depth else "".join(kept)


def receiving_host(text: str) -> str | None:
    """The host after ``by`` in a Received line without comments, lower case (RFC 5321 §4.4).

    What stands right after ``from`` is the sender's word and may itself be ``by``.
    """
    found = _BY_HOST.match(" ".join(text.split()))  # single spaces: runs of them are quadratic
    return clean_text(found[1], 255).rstrip(".").lower() if found else None
