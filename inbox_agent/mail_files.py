"""Letters from files instead of a server: an mbox, or one letter a file (.eml); also gzipped."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BufferedIOBase
from itertools import chain, dropwhile
from pathlib import Path

from inbox_agent.delivery_reports import LETTER_OCTETS
from inbox_agent.errors import ConfigError
from inbox_agent.header_lines import FIELD_NAME, header_lines, is_empty_line

NO_MAIL = "is no mbox file, no letter (.eml), no Maildir and no folder of letters"

_LINE_OCTETS = 65_536
_GZIP = b"\x1f\x8b"  # RFC 1952 §2.3.1
# "From ann@acme.com Fri Jan  5 09:14:02 2024", asctime with or without a zone (RFC 4155).
_FROM_LINE = re.compile(
    rb"From \S.*?([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?:[A-Z+\-0-9]{1,5} )?(\d{4})"
)
#: Every letter has one of these, and hardly another text has.
_TELLING = frozenset(
    [
        *(b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"received", b"return-path"),
        *(b"delivered-to", b"mime-version", b"content-type", b"x-failed-recipients"),
    ]
)


@dataclass(frozen=True, slots=True)
class FiledLetter:
    """A letter of a file: its header block, its whole size, and the instant of its `From ` line.

    `start` is the letter's beginning, header and body, of at most 256 KiB.
    """

    block: bytes
    size_octets: int
    envelope_at: datetime | None
    start: bytes = b""


@dataclass(slots=True)
class _Filing:
    """A letter as its lines come in."""

    envelope: re.Match[bytes] | None
    size_octets: int = 0
    start: bytearray = field(default_factory=bytearray)

    def add(self, line: bytes) -> None:
        self.size_octets += len(line)
        self.start += line[: LETTER_OCTETS - len(self.start)]

    def letter(self) -> FiledLetter:
        start = bytes(self.start)
        block = b"".join(header_lines(start))
        at = _instant(self.envelope) if self.envelope else None
        return FiledLetter(block, self.size_octets, at, start)


def is_mbox(path: Path) -> bool:
    """Whether a file is an mbox, if an empty one. Raises ConfigError when it can't be read."""
    with _opened(path) as lines:
        first = next(_from_first_text(lines), None)
        return first is None or bool(_FROM_LINE.match(first))


def is_letter(path: Path) -> bool:
    """Whether a file begins like a letter, by the names of its first fields."""
    with _opened(path) as lines:
        names = map(FIELD_NAME.match, header_lines(_beginning(lines)))
        return any(name and name[1].lower() in _TELLING for name in names)


def read_mbox(path: Path) -> Iterator[FiledLetter]:
    """The letters of an mbox file in order; raises ConfigError when it is none.

    A letter begins at a `From ` line with a date after an empty line or at the beginning. The
    standard library's reader takes any line that begins with ``From``, and so cuts letters
    whose writer began a sentence with it.
    """
    with _opened(path) as lines:
        first = next(text := _from_first_text(lines), None)
        if first is None:
            return
        if not _FROM_LINE.match(first):
            raise ConfigError(f"{path}: {NO_MAIL}")
        yield from _letters(chain([first], text))


def read_letter(path: Path) -> FiledLetter:
    """The one letter of a file, whatever is in it; raises ConfigError when it can't be read."""
    with _opened(path) as lines:
        first = next(lines, b"")
        envelope = _FROM_LINE.match(first)
        filing = _Filing(envelope)
        for line in lines if envelope else chain([first], lines):
            filing.add(line)
        return filing.letter()


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Whatever goes wrong while something is read, as one ConfigError."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as exc:
        why = (isinstance(exc, OSError) and exc.strerror) or str(exc)
        raise ConfigError(f"{path}: can't be read: {why}") from exc


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of a file."""
    with readable(path), path.open("rb") as file:
        is_packed = file.peek(len(_GZIP)).startswith(_GZIP)
        yield _lines(gzip.GzipFile(fileobj=file) if is_packed else file)


def _beginning(lines: Iterable[bytes]) -> bytes:
    found = bytearray()
    for line in lines:
        found += line
        if len(found) >= _LINE_OCTETS:
            break
    return bytes(found)


def _lines(file: BufferedIOBase) -> Iterator[bytes]:
    """The lines of a file, very long ones in pieces.

    Where CR alone ends them, as on old Macs, with CRLF: where there is no LF in all that is held
    of a letter.
    """
    first = file.readline(LETTER_OCTETS)
    if b"\n" in first or b"\r" not in first:
        yield first
        yield from iter(lambda: file.readline(_LINE_OCTETS), b"")
        return
    rest = b""
    for piece in chain([first], iter(lambda: file.read(_LINE_OCTETS), b"")):
        *whole, rest = (rest + piece).split(b"\r")
        yield from (line + b"\r\n" for line in whole)
        if len(rest) > _LINE_OCTETS:
            yield rest
            rest = b""
    if rest:
        yield rest


def _from_first_text(lines: Iterator[bytes]) -> Iterator[bytes]:
    return dropwhile(is_empty_line, lines)


def _letters(lines: Iterable[bytes]) -> Iterator[FiledLetter]:
    filing: _Filing | None = None
    after_empty = is_whole = True
    for line in lines:
        envelope = _FROM_LINE.match(line) if after_empty else None
        after_empty = is_whole and is_empty_line(line)
        is_whole = line.endswith(b"\n")
        if envelope:
            if filing:
                yield filing.letter()
            filing = _Filing(envelope)
        elif filing:
            filing.add(line)
    if filing:
        yield filing.letter()


def _instant(envelope: re.Match[bytes]) -> datetime | None:
    """The date of a `From ` line, read as UTC: most programs write it without a zone."""
    if envelope[2].startswith(b"0"):  # which would be read as a year of two digits
        return None
    weekday, month, day, clock = envelope[1].decode("ascii").split()
    text = f"{weekday}, {day} {month} {envelope[2].decode('ascii')} {clock} +0000"
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None
