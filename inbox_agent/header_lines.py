"""Where the lines of a header block end, and which of its lines are the header.

A line ends with CRLF or LF and nothing else (RFC 5322 §2.1): where a parser takes a bare CR for
the end of a line, the subject of a letter can forge a Bcc.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO

#: Of a longer header block the beginning is kept and read, up to the last whole line.
OCTETS_READ = 65_536
LINES_READ = 1_000
#: The last line, without an end, of a block of which only the beginning is kept. It is no field.
CUT_MARK = b"(cut)"

# RFC 5322 §2.2: printable US-ASCII but the colon. §4.5 allows white space before the colon.
FIELD_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
# RFC 4155: what an mbox file has above each letter, and what is left of it in files made of one.
# "From :" is the field.
_FROM_LINE = re.compile(rb">?From (?![ \t]*:)")


def header_lines(block: bytes) -> Iterator[bytes]:
    """The lines of a header with their ends, up to its first empty line, which is the last given.

    A `From ` line of an mbox and empty lines above the first field are passed over. Where no
    field follows an empty line, the letter has no header.
    """
    has_begun, empty = False, b""
    for line in BytesIO(block):
        is_empty = is_empty_line(line)
        if not has_begun:
            if is_empty or _FROM_LINE.match(line):
                empty = empty or (line if is_empty else b"")
                continue
            if empty and not FIELD_NAME.match(line):
                break
        has_begun = True
        yield line
        if is_empty:
            return
    if empty and not has_begun:
        yield empty


def is_empty_line(line: bytes) -> bool:
    """Whether a line is nothing but its end, also with a CR too many."""
    return not line.strip(b"\r\n")


def line_ends_restored(block: bytes) -> bytes:
    """A block whose lines end with CR alone, as old Macs wrote them, with CRLF; others as is.

    Such a block has no LF before its end. Whatever a mail server received has one, under its
    own Received line at the latest, so that no sender can make lines this way.
    """
    text = block.rstrip(b"\r\n")
    if b"\n" in text or b"\r" not in text:
        return block
    return text.replace(b"\r", b"\r\n") + b"\r\n\r\n"
