"""The words of a letter, out of the beginning of its MIME body; nothing is kept of them.

| source | here |
|---|---|
| RFC 2045 §5.2 default | text/plain, US-ASCII |
| RFC 2045 §6 transfer encodings | 7bit, 8bit, binary, quoted-printable, base64; others unreadable |
| RFC 2046 §4.1 text/plain | the first within what is given, however deep |
| RFC 2046 §5.2 message/… | another letter: not looked into |
| RFC 2183 attachments | left aside |
| RFC 2854 text/html | without its tags, where no plain text is |
| RFC 1847 multipart/encrypted, RFC 8551 S/MIME, RFC 9580 PGP | unreadable where encrypted |
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from html.parser import HTMLParser

from inbox_agent.delivery_reports import decoded_part
from inbox_agent.header_cleaning import clean_header

#: Of a letter's body so much is read, from its beginning.
TEXT_OCTETS = 4_096
#: The header fields that say how to read it.
TEXT_FIELDS = ("Content-Type", "Content-Transfer-Encoding")

_FIELD_CHARACTERS = 2_000
_DEEPEST = 20
_ENCODINGS = frozenset({"", "7bit", "8bit", "binary", "quoted-printable", "base64"})
#: Python's codecs that are no charset of any letter.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})
#: What mail programs write and Python does not know, or reads too narrowly.
_CHARSETS = {
    **dict.fromkeys(("", "unknown-8bit", "x-unknown", "unknown", "default", "ascii"), "us-ascii"),
    **dict.fromkeys(("gb2312", "x-gbk"), "gb18030"),
    **dict.fromkeys(("iso-8859-1", "latin1"), "cp1252"),
    "iso-8859-8-i": "iso-8859-8",
    "windows-874": "cp874",
    "x-sjis": "cp932",
}
_CUT_CODE = re.compile(rb"=[0-9A-Fa-f]?\Z")  # RFC 2045 §6.7: the half of "=C3"
_SIGNED = re.compile(r"\s*-----BEGIN PGP SIGNED MESSAGE-----.*?\n[ \t]*\n", re.DOTALL)
_ENCRYPTED = re.compile(r"\s*-----BEGIN PGP MESSAGE-----")
_BLOCKS = frozenset(
    """address article br dd div dl dt fieldset h1 h2 h3 h4 h5 h6 hr li ol p pre section table td
    title tr ul""".split()  # noqa: SIM905 - a list to read
)
_UNSEEN = frozenset({"head", "script", "style", "title"})


def text_of(mime_header: bytes, body: bytes) -> str | None:
    """The text of a letter, of whose body `body` is the beginning; None where it can't be read.

    `mime_header` holds the `TEXT_FIELDS` of the letter, among others. The text may end in the
    middle of a word.
    """
    header = clean_header(mime_header)
    fields = ((name, header.first(name.lower())) for name in TEXT_FIELDS)
    lines = [f"{name}: {value[:_FIELD_CHARACTERS]}\n" for name, value in fields if value]
    head = "".join(lines).encode("utf-8", "surrogateescape")
    letter = message_from_bytes(head + b"\n" + body[:TEXT_OCTETS], policy=compat32)
    parts = list(_texts(letter))
    ranked = sorted(parts, key=lambda part: part.get_content_type() != "text/plain")
    found = (text for part in ranked if (text := _text(part)) and text.strip())
    text = next(found, None)
    return None if text is None or _ENCRYPTED.match(text) else _SIGNED.sub("", text, count=1)


def _texts(part: Message, depth: int = 0) -> Iterator[Message]:
    """The parts that are text and no attachment, in their order."""
    if part.is_multipart():
        if part.get_content_maintype() == "multipart" and depth < _DEEPEST:
            for inner in part.get_payload():
                if isinstance(inner, Message):
                    yield from _texts(inner, depth + 1)
    elif part.get_content_type() in ("text/plain", "text/html") and (
        part.get_content_disposition() != "attachment"
    ):
        yield part


def _text(part: Message) -> str | None:
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding not in _ENCODINGS:
        return None
    charset = str(part.get_content_charset() or "")
    del part["Content-Transfer-Encoding"]  # ours puts up with a text that is cut off
    raw = part.get_payload(decode=True)
    raw = _CUT_CODE.sub(b"", bytes(raw or b"")) if encoding == "quoted-printable" else raw or b""
    octets = decoded_part(f"Content-Transfer-Encoding: {encoding}\n".encode(), bytes(raw))
    text = _characters(octets, charset.strip().lower())
    return _without_tags(text) if text and part.get_content_type() == "text/html" else text


def _characters(octets: bytes, charset: str) -> str | None:
    """Octets as text; None where the charset is none that we know.

    Where US-ASCII or UTF-8 is not what it says, it is read as UTF-8 or as Windows-1252.
    """
    try:
        name = codecs.lookup(_CHARSETS.get(charset, charset)).name.replace("-", "_")
        if name in _NO_CHARSETS:
            return None
        if name not in ("ascii", "utf_8"):
            return octets.decode(name, "replace")
    except (LookupError, ValueError):
        return None
    try:  # a character may be cut in two at the end
        return codecs.getincrementaldecoder("utf-8")().decode(octets)
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def _without_tags(html: str) -> str:
    reader, last = _Reader(), html.rfind("<")
    is_cut = last > html.rfind(">") and not html[last + 1 : last + 2].isspace()
    reader.feed(html[:last] if is_cut else html)
    reader.close()
    return "".join(reader.pieces)


class _Reader(HTMLParser):
    """Collects what is seen of a page; a quote becomes one line that says so."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._quotes = 0
        self._unseen = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, a quote, or what is not seen."""
        if tag == "blockquote":
            self._quotes += 1
            self.pieces += ["\n>\n"] if self._quotes == 1 else []
        elif tag in _BLOCKS and not self._quotes:
            self.pieces.append("\n\n" if tag == "p" else "\n")
        if tag in _UNSEEN:
            self._unseen = self._unseen or tag
        elif tag == "body":
            self._unseen = ""

    def handle_endtag(self, tag: str) -> None:
        """End a line, a quote, or what is not seen."""
        if tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        elif tag in _BLOCKS and not self._quotes:
            self.pieces.append("\n")
        if tag == self._unseen:
            self._unseen = ""

    def handle_data(self, data: str) -> None:
        """White space is one blank, line ends too."""
        if not self._quotes and not self._unseen:
            words = " ".join(data.split())
            has_ends = data[:1].isspace(), data[-1:].isspace()
            self.pieces.append(f"{' ' * has_ends[0]}{words}{' ' * has_ends[1]}" if words else " ")
