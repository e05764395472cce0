"""What a delivery report says: whom a letter did not reach, and which letter (RFC 3464).

Of a report the least is kept: for each recipient who, what happened and its code, and of the
returned letter its Message-ID. Nothing else of any body is stored.

| source | here |
|---|---|
| RFC 3464 §2.3 per-recipient fields | Final-Recipient, Original-Recipient, Action, Status |
| RFC 3464 §2.2 per-message fields | out of scope |
| RFC 3461 §4 xtext | undone where a mail system forgot to, for ``+`` and ``=`` alone |
| RFC 6522 §3 order of the parts | over IMAP as it says; in files the parts are looked for |
| RFC 6533 UTF-8 addresses and types | covered |
| reports without a status part (qmail, old Exim) | out of scope: their header fields must do |
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from inbox_agent.addresses import Address
from inbox_agent.header_cleaning import clean_header, clean_text, without_comments
from inbox_agent.identification_fields import identifiers

#: Of each part so much is read; what lies behind it is as if not there.
PART_OCTETS = 16_384
PART_HEADER_OCTETS = 4_096
#: Of a letter in a file so much is held and searched for the parts.
LETTER_OCTETS = 262_144

_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_RETURNED_TYPES = (
    *("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"),
    *("message/global", "message/global-headers"),
)
_KEPT_FIELDS = ("final-recipient", "original-recipient", "action", "status")
_FIELD_CHARACTERS = 500
_ACTIONS = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_BLANK_LINE = re.compile(rb"\r?\n[ \t]*\r?\n")
_UTF8_ESCAPE = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")  # RFC 6533 §3
_XTEXT = re.compile(r"\+(2B|3D)")


@dataclass(frozen=True, slots=True)
class Delivery:
    """The fate of a letter at one recipient.

    `recipient` is an address key; `action` is ``failed``, ``delayed``, ``delivered``,
    ``relayed`` or ``expanded`` (RFC 3464 §2.3.3), empty where the report does not say; `status`
    is like ``5.1.1`` (RFC 3463), likewise.
    """

    recipient: str
    action: str = ""
    status: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether it is given up. A report that names no action speaks by its code, if any."""
        return self.action == "failed" if self.action else not self.status.startswith(("2", "4"))


@dataclass(frozen=True, slots=True)
class Report:
    """One delivery report: each recipient's fate, and the Message-ID of the letter if named."""

    deliveries: tuple[Delivery, ...] = ()
    original_id: str | None = None

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody it is about, each once."""
        return tuple(dict.fromkeys(each.recipient for each in self.deliveries))

    @property
    def failed(self) -> tuple[str, ...]:
        """Those whom the letter will not reach, each once."""
        return tuple(dict.fromkeys(each.recipient for each in self.deliveries if each.is_failure))


def kept_report(letter: bytes) -> bytes:
    """What is kept of a report's letter, or of its beginning; empty where nothing can be read.

    The parts are found by their types behind any line that looks like a boundary, so that broken
    MIME and reports within other letters are read, too. What lies behind the returned letter is
    what that one quotes.
    """
    status = returned = b""
    for media_type, body in _parts(letter[:LETTER_OCTETS]):
        if media_type in _STATUS_TYPES:
            status += b"" if returned and status else body + b"\n\n"
        elif media_type in _RETURNED_TYPES:
            returned = returned or body
    return kept_parts(status, returned)


def kept_parts(status: bytes, returned: bytes) -> bytes:
    """What is kept of the two parts of a report, both without transfer encoding."""
    written = _BLANK_LINE.split(status[:PART_OCTETS])
    if len(status) >= PART_OCTETS:
        written.pop()  # half an address would be another one's
    groups = [block for block in map(_kept_fields, written) if b"recipient:" in block]
    original = _original_id(returned[:PART_OCTETS])
    if original:
        groups.append(f"message-id: <{original}>\n".encode())
    return b"\n".join(groups)


def read_report(kept: bytes) -> Report | None:
    """The report that `kept_report` kept; None where nothing can be read."""
    groups = [dict(clean_header(group).fields) for group in _BLANK_LINE.split(kept)]
    found = tuple(delivery for group in groups if (delivery := _delivery(group)))
    original = next((_bare(group["message-id"]) for group in groups if "message-id" in group), None)
    return Report(found, original) if found or original else None


def decoded_part(mime_header: bytes, body: bytes) -> bytes:
    """The body of a MIME part without its transfer encoding (RFC 2045 §6); cut off is no fault."""
    encoding = (clean_header(mime_header).first("content-transfer-encoding") or "").strip().lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    if encoding != "base64":
        return body
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    try:
        return base64.b64decode(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return b""


def _parts(letter: bytes) -> Iterator[tuple[str, bytes]]:
    """Media type and decoded body of whatever stands behind a boundary; and the whole letter."""
    head, _, rest = letter.replace(b"\r\n", b"\n").partition(b"\n\n")
    if b"\n" not in head and b"\r" in letter:  # old Macintosh line ends
        head, _, rest = letter.replace(b"\r\n", b"\n").replace(b"\r", b"\n").partition(b"\n\n")
    yield _media_type(head), decoded_part(head, rest)
    lines = rest.split(b"\n")
    places = [place for place, line in enumerate(lines) if _is_boundary(line)]
    for place, end in pairwise([*places, len(lines)]):
        part = b"\n".join(lines[place + 1 : end])
        header, _, body = part.partition(b"\n\n")
        header = header[:PART_HEADER_OCTETS]
        yield _media_type(header), decoded_part(header, body)


def _is_boundary(line: bytes) -> bool:
    """RFC 2046 §5.1.1: two hyphens and something; ``-- `` alone begins a signature."""
    return line.lstrip(b" ").startswith(b"--") and len(line.strip()) > len(b"--")


def _media_type(header: bytes) -> str:
    value = without_comments(clean_header(header).first("content-type") or "")
    return "".join(value.partition(";")[0].split()).lower()


def _kept_fields(group: bytes) -> bytes:
    fields = clean_header(group.strip(b"\r\n")).fields
    lines = [
        f"{name}: {clean_text(value, _FIELD_CHARACTERS)}\n"
        for name, value in fields
        if name in _KEPT_FIELDS
    ]
    return "".join(lines).encode("utf-8", "replace")


def _original_id(returned: bytes) -> str | None:
    """The Message-ID of a returned letter; some mail systems begin it with an empty line."""
    clean = clean_header(returned.lstrip(b"\r\n"))
    return next(iter(identifiers(clean, "message-id", {}, set())), None)


def _bare(written: str) -> str:
    return written.strip().removeprefix("<").removesuffix(">")


def _delivery(group: dict[str, str]) -> Delivery | None:
    recipient = _recipient(group.get("original-recipient", ""))
    recipient = recipient or _recipient(group.get("final-recipient", ""))
    if recipient is None:
        return None
    action = (without_comments(group.get("action", "")).split() or [""])[0].lower().rstrip(";")
    status = _STATUS.search(group.get("status", ""))
    return Delivery(
        recipient=recipient,
        action="failed" if action.startswith("fail") else action if action in _ACTIONS else "",
        status=status[0] if status else "",
    )


def _recipient(value: str) -> str | None:
    """The address key of ``rfc822; bob@x.example`` or ``utf-8; bøb@x.example`` (RFC 6533 §3).

    Many mail systems leave the type away, or put the address into angle brackets.
    """
    kind, has_kind, written = without_comments(value).rpartition(";")
    if has_kind and kind.strip().lower() not in ("rfc822", "utf-8", "smtp", ""):
        return None
    written = written.strip().strip("<>")
    if kind.strip().lower() == "utf-8":
        written = _UTF8_ESCAPE.sub(_character, written)
    else:
        written = _XTEXT.sub(lambda found: "+" if found[1] == "2B" else "=", written)
    address = Address.parse(written)
    return address.key if address else None


def _character(escape: re.Match[str]) -> str:
    number = int(escape[1], 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number < 0xE000 else ""
