"""What may be said to an IMAP server, and how much may be heard.

EXAMINE alone is no guarantee (a server has been seen to take STORE in an EXAMINEd folder), so
every line is held against this list before it leaves.
"""

from __future__ import annotations

import imaplib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from inbox_agent.delivery_reports import PART_HEADER_OCTETS, PART_OCTETS
from inbox_agent.messages import HEADER_FIELDS

#: The highest uid there can be (RFC 3501 §9, nz-number).
MAX_UID = 4_294_967_295
#: So many letters a search may answer at once. imaplib takes lines up to 1,000,000 octets, and
#: a uid has at most ten digits and a blank: 50,000 of them are 550,000 octets.
WINDOW = 50_000
#: Of a header block no more than this is asked for or kept.
HEADER_OCTETS = 65_536

#: What is asked for of each letter. PEEK leaves ``\Seen`` alone; flags are never asked for.
FETCH_ITEMS = (
    f"(UID INTERNALDATE RFC822.SIZE "
    f"BODY.PEEK[HEADER.FIELDS ({' '.join(HEADER_FIELDS).upper()})]<0.{HEADER_OCTETS}>)"
)

_PART = f"BODY.PEEK[{{0}}.MIME]<0.{PART_HEADER_OCTETS}> BODY.PEEK[{{0}}]<0.{PART_OCTETS}>"
#: What is asked for of a letter whose header block says that it is a delivery report: its second
#: and third part (RFC 6522 §3), and the transfer encoding of each.
REPORT_ITEMS = f"(UID {_PART.format(2)} {_PART.format(3)})"

_SET = rb"\d+(?::\d+)?(?:,\d+(?::\d+)?)*"
_KEYWORD = rb'[^\x00-\x20\x7f-\xff(){%*"\\\]]+'
_ALLOWED = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rb"CAPABILITY|STARTTLS|NOOP|LOGOUT",
        rb"AUTHENTICATE PLAIN",
        rb"LOGIN [^\x00]+",
        rb'LIST "" "\*"',
        rb'EXAMINE "[^\x00]*"',
        rb"UID SEARCH (?:UID %b|\d+)" % _SET
        + rb"(?: SINCE \d\d-[A-Z]{3}-\d{4})?(?: KEYWORD %b)?" % _KEYWORD,
        rb"UID FETCH %b " % _SET + re.escape(FETCH_ITEMS.encode()),
        rb"UID FETCH %b " % _SET + re.escape(REPORT_ITEMS.encode()),
    )
)
#: A longer literal is read and thrown away, so that it costs its letter and not the memory.
LITERAL_OCTETS = 1_048_576
#: What is kept of the answer to one command; a server that says more is not listened to.
ANSWER_OCTETS = 64 * 1_048_576
# RFC 7162 §4: a client should keep its lines to about 8,192 octets.
_LONGEST_LINE = 8_000


class ForbiddenCommand(RuntimeError):
    """A command outside the allow-list; it was not sent. A fault of this program."""


class CommandGuard:
    """Holds every piece of bytes bound for one server against the allow-list."""

    def __init__(self) -> None:
        # After AUTHENTICATE imaplib sends the base64 answer and then CRLF, each by itself.
        self._answers_left = 0

    def check(self, data: bytes) -> None:
        """Return if `data` may be sent. Raises ForbiddenCommand, which does not quote it."""
        if self._answers_left and re.fullmatch(rb"[A-Za-z0-9+/]*=*|\*|\r\n", data):
            self._answers_left -= 1
            return
        tag, _, command = data.removesuffix(b"\r\n").partition(b" ")
        allowed = (
            data.endswith(b"\r\n")
            and tag.isalnum()
            and len(data) <= _LONGEST_LINE
            and not re.search(rb"[\r\n]", command)
            and any(form.fullmatch(command) for form in _ALLOWED)
        )
        if not allowed:
            verb = command.split(b" ")[0][:20].decode("ascii", "replace")
            raise ForbiddenCommand(f"{verb!r}, as it stands, is not on the list of commands")
        self._answers_left = 2 if command.upper().startswith(b"AUTHENTICATE") else 0


class GuardedIMAP4(imaplib.IMAP4):
    """imaplib that sends only what `CommandGuard` lets pass and keeps its memory bounded."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._guard = CommandGuard()
        self._octets_heard = 0
        super().__init__(*args, **kwargs)

    def send(self, data: Any) -> None:
        """Send bytes. Raises ForbiddenCommand before they leave."""
        self._guard.check(bytes(data))
        self._octets_heard = 0
        super().send(data)

    def read(self, size: int) -> bytes:
        """Read a literal; of one that is too long nothing is kept."""
        if not LITERAL_OCTETS < size <= ANSWER_OCTETS:
            self._count(size)
            return super().read(size)
        for start in range(0, size, HEADER_OCTETS):
            if not super().read(min(HEADER_OCTETS, size - start)):
                break
        return b""

    def readline(self) -> bytes:
        """Read a line. One that is too long leaves us mid-answer: imaplib's `abort`."""
        try:
            line = super().readline()
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as exc:
            raise self.abort(str(exc)) from exc
        self._count(len(line))
        return line

    def _count(self, octets: int) -> None:
        self._octets_heard += octets
        if self._octets_heard > ANSWER_OCTETS:
            raise self.abort(f"more than {ANSWER_OCTETS} octets in one answer")


def is_keyword(text: str) -> bool:
    """Whether `text` can be an IMAP keyword: an atom (RFC 3501 §9, flag-keyword)."""
    return text.isascii() and re.fullmatch(_KEYWORD, text.encode()) is not None


def quoted(name: bytes) -> bytes:
    """A folder name as a quoted string (RFC 3501 §4.3), its bytes unchanged."""
    return b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def uid_set(uids: Sequence[int]) -> str:
    """Ascending uids as a sequence set (RFC 3501 §9): ``[1, 2, 3, 7]`` is ``"1:3,7"``."""
    runs: list[list[int]] = []
    for uid in uids:
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in runs)


def windows(first: int, top: int) -> Iterator[str]:
    """Cut the uids from `first` upwards into sets that hold at most `WINDOW` of those up to `top`.

    Both ends are always numbers: ``n:*`` holds the last letter even where n lies above it
    (RFC 3501 §6.4.8). The last window is open upwards, so a `top` that is too low hides nothing.
    """
    low = first
    while low + WINDOW <= top:
        yield f"{low}:{low + WINDOW - 1}"
        low += WINDOW
    if low <= MAX_UID:
        yield f"{low}:{MAX_UID}"
