"""Header bytes to clean fields before a parser sees them, and the values it does not read.

Parsers of the MIME family stop at the first malformed line and take a bare CR for the end of a
line, so that a subject can forge a Bcc. Here a line ends with CRLF or LF and nothing else
(RFC 5322 §2.1), a bad line costs that line alone, and everything is bounded.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.message import Message as HeaderBlock
from email.utils import parsedate_to_datetime

#: Of a longer header block the beginning is read, up to the last whole line.
OCTETS_READ = 65_536
LINES_READ = 1_000
ADDRESS_FIELDS = ("from", "to", "cc", "bcc")
TEXT_FIELDS = ("subject", "message-id", "in-reply-to", "references")

#: Everything `Message.problems` may hold, and what it means.
PROBLEMS: dict[str, str] = {
    "address_unreadable": "an entry of From, To, Cc or Bcc is no mail address and was left out",
    "bad_line": "a line that is no header field was left out",
    "charset_guessed": "8-bit octets that are no UTF-8 were read as Windows-1252",
    "control_octets": "a bare CR or a NUL stood in a field and was read as a space",
    "date_unreadable": "Date can't be read",
    "date_without_zone": "Date has no zone and was read as UTC",
    "date_zone_impossible": "Date has an offset of more than 14 hours and was left out",
    "date_zone_unknown": "Date has a zone of an unknown name and was read as UTC",
    "header_cut": "the header block is longer than what is read of one",
    "id_refused": "an identifier of more than 998 octets was left out",
    "no_date": "there is no Date",
    "no_from": "From is missing or has no address in it",
    "no_message_id": "there is no Message-ID; one was made from the digest",
    "parser_failed": "mail-parser failed on this block: no address and no subject was read",
    "recipients_cut": "more recipients than are kept",
    "references_cut": "more References than are kept",
    "several_from": "several From fields; the first was taken",
}

THREAD_INDEX_OCTETS = 22
ID_OCTETS = 998  # RFC 5322 §2.1.1: no line, so no identifier, is longer

_LINE_END = re.compile(rb"\r?\n")
# RFC 5322 §2.2: printable US-ASCII but the colon. §4.5 allows white space before the colon.
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_BARE = bytes.maketrans(b"\r\0", b"  ")
_ENCODED_WORD = re.compile(r"(=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=)")
_BY_HOST = re.compile(r"\s*(?:from\s+\S+\s+)?(?:[^;]*?\s)?by\s+([^\s;]+)", re.IGNORECASE)
_ZONE_NAME = re.compile(r"([a-z]+)(?:[+-]\d+)?$", re.IGNORECASE)
_KNOWN_ZONES = frozenset(
    ["z", "ut", "utc", "gmt", "est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt"]
)
_ANGLED = re.compile(r"<([^<>]*)>")
_ODD_MAILBOX = r"([\w!#$%&'*+/=?^`{|}~.-]+@[\w.-]+)"
_ODD_DOTS = re.compile(rf"([^<>@]*)<{_ODD_MAILBOX}>|{_ODD_MAILBOX}")
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
    """The fields of one header block in their order, as (lower-case name, unfolded value)."""

    fields: tuple[tuple[str, str], ...]
    problems: frozenset[str]

    def all(self, name: str) -> list[str]:
        """The values of every field of this name, topmost first."""
        return [value for field, value in self.fields if field == name]

    def first(self, name: str) -> str | None:
        """The value of the topmost field of this name; None where there is none."""
        return next((value for field, value in self.fields if field == name), None)


def clean_header(block: bytes) -> CleanHeader:
    """Split a header block into fields, up to its first empty line; never raises.

    Problems: ``bad_line`` (no field and no continuation; left out with what continues it),
    ``control_octets`` (a bare CR or NUL became a space), ``charset_guessed`` (8-bit octets that
    are no UTF-8 were read as Windows-1252), ``header_cut`` (more than the caps),
    ``several_from`` (of a field that may stand once the topmost counts).
    """
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
    read = block[:OCTETS_READ]
    lines = _LINE_END.split(read)
    if b"" in lines:
        lines = lines[: lines.index(b"")]
        is_cut = False
    else:
        is_cut = len(block) > OCTETS_READ
        if is_cut and len(lines) > 1:
            lines.pop()
    return lines[:LINES_READ], is_cut or len(lines) > LINES_READ


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
        match = _FIELD.fullmatch(line)
        current = [match[2]] if match else None
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
    return " ".join(text.translate(_UNSEEN).split())[:limit].strip()


def without_comments(text: str) -> str:
    """The text without its comments, nested ones too (RFC 5322 §3.2.2); linear in its length.

    A parenthesis inside a quoted string is no comment. Where they don't balance nothing is one.
    """
    if "(" not in text:
        return text
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


def shown_to_parser(clean: CleanHeader) -> HeaderBlock:
    """The fields a parser is to read, each once, as text: raw octets it would drop silently."""
    block = HeaderBlock()
    for name in ADDRESS_FIELDS:
        values = clean.all(name)
        if values:
            block[name] = values[0] if name == "from" else ", ".join(values)
    for name in TEXT_FIELDS:
        value = clean.first(name)
        if value is not None:
            block[name] = _wholly_encoded(value)
    return block


def _wholly_encoded(value: str) -> str:
    """Beside encoded words, non-ASCII text is dropped on decoding: make it encoded words too."""
    if value.isascii() or "=?" not in value:
        return value
    parts = _ENCODED_WORD.split(value)
    return " ".join(
        part if index % 2 or part.isascii() else Header(part, "utf-8", maxlinelen=10**9).encode()
        for index, part in enumerate(parts)
        if part.strip()
    )


def mailbox_with_odd_dots(entry: str) -> tuple[str, str] | None:
    """Name and address of ``Ann <ann..lee@x>`` or ``.ann@x``; None where more is wrong than dots.

    RFC 5322 §3.4.1 forbids these dots and mail-parser refuses them; some providers gave such
    addresses out, and people write from them.
    """
    found = _ODD_DOTS.fullmatch(entry.strip())
    return ((found[1] or "").strip(' "'), found[2] or found[3]) if found else None


def identifiers(
    clean: CleanHeader, name: str, decoded: dict[str, str], problems: set[str]
) -> list[str]:
    """The ``<…>`` of an identification field; adds ``id_refused`` where one is too long.

    Of the decoded form only where the whole field is an encoded word, as some gateways make long
    ones; what others quote in References is the raw form.
    """
    tokens = _ANGLED.findall(clean.first(name) or "") or _ANGLED.findall(decoded.get(name, ""))
    ids = [_normal_id(token) for token in tokens]
    if None in ids:
        problems.add("id_refused")
    return [found for found in ids if found]


def bare_identifier(raw: str) -> str | None:
    """A Message-ID without its brackets: in the References of an answer they are back."""
    bare = raw.strip("<> ")
    is_one = bare and not any(c.isspace() or c in "<>" for c in bare)
    return (_normal_id(bare) or None) if is_one else None


def _normal_id(token: str) -> str | None:
    """An identifier for comparing: no white space, ``"ann"@x`` as ``ann@x``; None if too long.

    RFC 5256 §3 (REFERENCES, step 1) has the two forms equal. Its case is kept.
    """
    if len(token.encode("utf-8", "replace")) > ID_OCTETS:
        return None
    bare = "".join(clean_text(token, ID_OCTETS).split())
    local, at, domain = bare.rpartition("@")
    if len(local) > 2 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return local + at + domain


def thread_index(value: str | None) -> str | None:
    """The conversation that Outlook's Thread-Index names: its first 22 octets, as hex.

    Five octets of time, a GUID, and five octets more for every answer ([MS-OXOMSG] §2.2.1.3).
    None where the value is no base64 or shorter.
    """
    try:
        octets = base64.b64decode("".join((value or "").split()), validate=True)
    except ValueError:
        return None
    return octets[:THREAD_INDEX_OCTETS].hex() if len(octets) >= THREAD_INDEX_OCTETS else None


def receiving_host(text: str) -> str | None:
    """The host after ``by`` in a Received line without comments, lower case (RFC 5321 §4.4).

    What stands right after ``from`` is the sender's word and may itself be ``by``.
    """
    found = _BY_HOST.match(text)
    return clean_text(found[1], 255).rstrip(".").lower() if found else None


def doubtful_zone(text: str) -> str | None:
    """``date_zone_unknown`` where a date ends with the name of a zone that RFC 5322 lacks.

    mail-parser reads it as UTC without a word, and the standard library ``GMT+1`` too.
    """
    zone = _ZONE_NAME.search(text)
    return "date_zone_unknown" if zone and zone[0].lower() not in _KNOWN_ZONES else None


def odd_date(text: str) -> tuple[datetime, float, str | None] | None:
    """A date as the standard library reads it: ``9:05:00``, ``5 January``, no zone.

    The instant in UTC, the offset in hours, and ``date_without_zone`` where UTC was assumed
    (``-0000`` is UTC, RFC 5322 §3.3). None where it can't be read either.
    """
    try:
        at = parsedate_to_datetime(text)
        if at.tzinfo is None:
            return (
                at.replace(tzinfo=UTC),
                0,
                None if text.endswith("-0000") else "date_without_zone",
            )
        return at.astimezone(UTC), (at.utcoffset() or timedelta()) / timedelta(hours=1), None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
