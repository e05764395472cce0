"""Letters from files instead of a server: mbox, also gzipped."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BufferedIOBase
from pathlib import Path

from inbox_agent.errors import ConfigError

# "From ann@acme.com Fri Jan  5 09:14:02 2024", asctime with or without a zone (RFC 4155).
_FROM_LINE = re.compile(
    rb"From \S.*?([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?:[A-Z+\-0-9]{1,5} )?(\d{4})"
)
_HEADER_CAP = 1 << 20


@dataclass(frozen=True, slots=True)
class FiledLetter:
    """A letter of a file: its header block, its whole size, and the instant of its `From ` line."""

    block: bytes
    size_octets: int
    envelope_at: datetime | None


def read_mbox(path: Path) -> Iterator[FiledLetter]:
    """The letters of an mbox file in order; raises ConfigError when it is none.

    A letter begins at a `From ` line with a date after an empty line or at the beginning. The
    standard library's reader takes any line that begins with ``From``, and so cuts letters
    whose writer began a sentence with it.
    """
    try:
        with _open(path) as lines:
            yield from _letters(lines, path)
    except (OSError, EOFError, zlib.error) as exc:
        why = (isinstance(exc, OSError) and exc.strerror) or str(exc)
        raise ConfigError(f"{path}: can't be read as mbox: {why}") from exc


def _open(path: Path) -> BufferedIOBase:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _letters(lines: BufferedIOBase, path: Path) -> Iterator[FiledLetter]:
    envelope: re.Match[bytes] | None = None
    block: list[bytes] = []
    kept, size, in_header, after_empty = 0, 0, True, True
    for line in lines:
        start = _FROM_LINE.match(line) if after_empty else None
        after_empty = not line.strip(b"\r\n")
        if start:
            if envelope:
                yield FiledLetter(b"".join(block), size, _instant(envelope))
            envelope, block, kept, size, in_header = start, [], 0, 0, True
            continue
        if envelope is None:
            if after_empty:
                continue
            raise ConfigError(f"{path}: is no mbox file: it does not begin with a `From ` line")
        size += len(line)
        if in_header and kept < _HEADER_CAP:
            block.append(line)
            kept += len(line)
        in_header = in_header and not after_empty
    if envelope:
        yield FiledLetter(b"".join(block), size, _instant(envelope))


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
