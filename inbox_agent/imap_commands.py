"""What may be said to an IMAP server, and how much may be heard.

EXAMINE alone is no guarantee (a server has been seen to take STORE in an EXAMINEd folder), so
every line is held against this list before it leaves.
"""

from __future__ import annotations

import imaplib
import io
import math
import re
import socket
import time
from collections.abc import Sequence
from typing import Any

from inbox_agent import __version__
from inbox_agent.delivery_reports import PART_HEADER_OCTETS, PART_OCTETS
from inbox_agent.imap_socket import DeflatedSocket, TimelyReader, keep_alive, waiting_in
from inbox_agent.letter_text import TEXT_FIELDS, TEXT_OCTETS
from inbox_agent.messages import HEADER_FIELDS

#: The highest uid there can be (RFC 3501 §9, nz-number).
MAX_UID = 4_294_967_295
#: The highest mod-sequence there can be (RFC 7162 §7, mod-sequence-value).
MAX_MODSEQ = 9_223_372_036_854_775_807
#: So many letters a search may answer at once. imaplib takes lines up to 1,000,000 octets, and
#: a uid has at most ten digits and a blank: 50,000 of them are 550,000 octets.
WINDOW = 50_000
#: Of a header block no more than this is asked for or kept.
HEADER_OCTETS = 65_536

_FETCH_ITEMS = (
    f"(UID INTERNALDATE RFC822.SIZE{{}} "
    f"BODY.PEEK[HEADER.FIELDS ({' '.join(HEADER_FIELDS).upper()})]<0.{HEADER_OCTETS}>)"
)
#: What is asked for of each letter. PEEK leaves ``\Seen`` alone; flags are never asked for.
FETCH_ITEMS = _FETCH_ITEMS.format("")
#: The same with Gmail's ids and labels (X-GM-EXT-1).
GMAIL_FETCH_ITEMS = _FETCH_ITEMS.format(" X-GM-MSGID X-GM-THRID X-GM-LABELS")
#: The same with the ids of RFC 8474 §5.1 and §5.2 (OBJECTID).
OBJECT_FETCH_ITEMS = _FETCH_ITEMS.format(" EMAILID THREADID")

_PART = f"BODY.PEEK[{{0}}.MIME]<0.{PART_HEADER_OCTETS}> BODY.PEEK[{{0}}]<0.{PART_OCTETS}>"
#: What is asked for of a letter whose header block says that it is a delivery report: its second
#: and third part (RFC 6522 §3), and the transfer encoding of each.
REPORT_ITEMS = f"(UID {_PART.format(2)} {_PART.format(3)})"

#: What is asked for of a letter where ``[read_text]`` is on: the beginning of its text, and how
#: that is written.
TEXT_ITEMS = (
    f"(UID BODY.PEEK[HEADER.FIELDS ({' '.join(TEXT_FIELDS).upper()})]<0.{PART_HEADER_OCTETS}> "
    f"BODY.PEEK[TEXT]<0.{TEXT_OCTETS}>)"
)

#: Who we are, for the server's log (RFC 2971 §3.3).
OUR_ID = f'("name" "inbox-agent" "version" "{__version__}")'

#: What is asked of a folder that is not opened, and where flags matter, too.
STATUS_ITEMS = "MESSAGES UIDNEXT UIDVALIDITY"
STATUS_ITEMS_WITH_MODSEQ = f"{STATUS_ITEMS} HIGHESTMODSEQ"

_STATUS = rb"MESSAGES UIDNEXT UIDVALIDITY(?: HIGHESTMODSEQ)?"
_SET = rb"\d+(?::\d+)?(?:,\d+(?::\d+)?)*"
_KEYWORD = rb'[^\x00-\x20\x7f-\xff(){%*"\\\]]+'
_ALLOWED = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rb"CAPABILITY|NOOP|LOGOUT",  # RFC 3501 §6.1.1, §6.1.2, §6.1.3
        rb"IDLE",  # RFC 2177 §3
        rb"COMPRESS DEFLATE",  # RFC 4978 §3
        rb"STARTTLS",  # RFC 3501 §6.2.1
        rb"AUTHENTICATE PLAIN",  # RFC 3501 §6.2.2, RFC 4616
        rb"AUTHENTICATE (?:OAUTHBEARER|XOAUTH2)",  # RFC 7628; Google's form of the same
        rb"LOGIN [^\x00]+",  # RFC 3501 §6.2.3
        rb"ID " + re.escape(OUR_ID.encode()),  # RFC 2971 §3.1
        rb"ENABLE (?:QRESYNC|CONDSTORE)",  # RFC 5161 §3.1, RFC 7162 §3.1 and §3.2.3
        rb'LIST "" "\*"',  # RFC 3501 §6.3.8
        # RFC 5819 §2, RFC 6154 §5.2
        rb'LIST "" "\*" RETURN \((?:SPECIAL-USE )?STATUS \(%b\)\)' % _STATUS,
        rb'STATUS "[^\x00]*" \(%b\)' % _STATUS,  # RFC 3501 §6.3.10
        rb"UNSELECT",  # RFC 3691 §2; CLOSE would expunge
        rb'EXAMINE "[^\x00]*"',  # RFC 3501 §6.3.2
        rb"UID SEARCH (?:UID %b|\d+)" % _SET  # RFC 3501 §6.4.4, §6.4.8
        + rb"(?: SINCE \d\d-[A-Z]{3}-\d{4})?(?: KEYWORD %b)?" % _KEYWORD,
        *(
            rb"UID FETCH %b " % _SET + re.escape(items.encode())  # RFC 3501 §6.4.5, §6.4.8
            for items in (
                *(FETCH_ITEMS, GMAIL_FETCH_ITEMS, OBJECT_FETCH_ITEMS),
                *(REPORT_ITEMS, TEXT_ITEMS),
            )
        ),
        # RFC 7162 §3.1.4.1 and §3.2.6
        rb"UID FETCH %b \(UID\) \(CHANGEDSINCE [1-9]\d{0,18} VANISHED\)" % _SET,
    )
)
#: Of a longer literal only the beginning is kept: not every server knows partial fetches.
LITERAL_OCTETS = 1_048_576
#: What is kept of the answer to one command; a server that says more is not listened to.
ANSWER_OCTETS = 64 * 1_048_576
#: Seconds for one command, from sending it to the end of its answer; for the greeting, too.
OPERATION_SECONDS = 300.0
#: IDLE is one command that lasts (RFC 2177: to be ended after 29 minutes at the latest).
IDLE_SECONDS = 29 * 60.0
_LONGEST_ANSWER_LINE = 1_000_000
_LINE_OCTETS = 64  # of memory for a line, however short, beside what is in it
# RFC 7162 §4: a client should keep its lines to about 8,192 octets.
_LONGEST_LINE = 8_000
_LONGEST_SET = 7_900  # ``UID SEARCH UID``, a tag and the line's end go with it


class ForbiddenCommand(RuntimeError):
    """A command outside the allow-list; it was not sent. A fault of this program."""


class CommandGuard:
    """Holds every piece of bytes bound for one server against the allow-list."""

    def __init__(self) -> None:
        # After AUTHENTICATE imaplib sends the base64 answer and then CRLF, each by itself. A
        # refused token is told of in a challenge that wants an answer, too (RFC 7628 §3.2.3).
        self._answers_left = 0
        self._is_idling = False

    def check(self, data: bytes) -> None:
        """Return if `data` may be sent. Raises ForbiddenCommand, which does not quote it."""
        if self._answers_left and re.fullmatch(rb"[A-Za-z0-9+/]*=*|\*|\r\n", data):
            self._answers_left -= 1
            return
        if self._is_idling and data == b"DONE\r\n":  # RFC 2177 §3: what ends IDLE has no tag
            self._is_idling = False
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
            shown = command.split(b" ")[0][:20].decode("ascii", "replace")
            raise ForbiddenCommand(f"{shown!r}, as it stands, is not on the list of commands")
        verb, _, mechanism = command.upper().partition(b" ")
        self._is_idling = verb == b"IDLE"
        self._answers_left = (2 if mechanism == b"PLAIN" else 4) * (verb == b"AUTHENTICATE")


class GuardedIMAP4(imaplib.IMAP4):
    """imaplib that sends only what `CommandGuard` lets pass, and bounds memory and time.

    `operation_seconds` holds for the commands sent from now on.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._guard = CommandGuard()
        self._octets_heard = 0
        self.operation_seconds = OPERATION_SECONDS
        self._due = time.monotonic() + self.operation_seconds
        self._timely: TimelyReader | None = None
        #: The shortest time, in seconds, from sending a command to the first line of its answer.
        self.quickest_seconds = math.inf
        self._sent_at = -math.inf
        super().__init__(*args, **kwargs)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        sock: socket.socket = super()._create_socket(timeout)  # type: ignore[misc]
        keep_alive(sock)
        return sock

    def send(self, data: Any) -> None:
        """Send bytes. Raises ForbiddenCommand before they leave."""
        self._guard.check(bytes(data))
        self.expect_answer()
        if bytes(data).upper().endswith(b" IDLE\r\n"):
            self._due = time.monotonic() + IDLE_SECONDS
        self._sent_at = time.monotonic()
        super().send(data)

    def expect_answer(self) -> None:
        """Count octets and seconds anew: another answer begins, to a command sent before."""
        self._octets_heard = 0
        self._due = time.monotonic() + self.operation_seconds

    def send_uid_fetch(self, *args: str) -> bytes:
        """Send a UID FETCH and give its tag; the answer is waited for by `uid_fetched`."""
        tag: bytes = self._command("UID", "FETCH", *args)
        return tag

    def uid_fetched(self, tag: bytes) -> Any:
        """The answer to that command, as imaplib's `uid` gives it."""
        kind, data = self._command_complete("UID", tag)
        return self._untagged_response(kind, data, "FETCH")

    def deflate(self) -> None:
        """The server has agreed to COMPRESS (RFC 4978 §3): from now on all octets are."""
        came = waiting_in(self._reader(), self.sock)
        self.sock = DeflatedSocket(self.sock, came)  # type: ignore[assignment]

    def send_together(self, commands: Sequence[bytes]) -> list[bytes]:
        """Send several commands in one write; gives their tags, for `answer_to` in that order."""
        for code in ("OK", "NO", "BAD"):  # as imaplib does before each command
            self.untagged_responses.pop(code, None)
        tags = [self._new_tag() for _ in commands]
        lines = [tag + b" " + each + b"\r\n" for tag, each in zip(tags, commands, strict=True)]
        for line in lines:
            self._guard.check(line)
        self.expect_answer()
        super().send(b"".join(lines))
        return tags

    def answer_to(self, tag: bytes) -> Any:
        """The tagged answer: ``OK`` or ``NO``, and its text. Raises imaplib's `error` for BAD."""
        return self._command_complete("STATUS", tag)

    def read(self, size: int) -> bytes:
        """Read a literal; of one that is too long only the beginning is kept."""
        reader = self._reader()
        if not LITERAL_OCTETS < size <= ANSWER_OCTETS:
            self._count(size)
            return reader.read(size)
        kept = reader.read(HEADER_OCTETS)
        for start in range(HEADER_OCTETS, size, HEADER_OCTETS):
            if not reader.read(min(HEADER_OCTETS, size - start)):
                return b""
        return kept

    def readline(self) -> bytes:
        """Read a line. One that is too long leaves us mid-answer: imaplib's `abort`."""
        line = self._reader().readline(_LONGEST_ANSWER_LINE + 1)
        self.quickest_seconds = min(self.quickest_seconds, time.monotonic() - self._sent_at)
        self._sent_at = -math.inf
        if len(line) > _LONGEST_ANSWER_LINE:
            raise self.abort(f"more than {_LONGEST_ANSWER_LINE} octets in one line")
        self._count(len(line) + _LINE_OCTETS)
        return line

    def _reader(self) -> io.BufferedReader[Any]:
        """Of the socket as it is now: what came in clear before TLS is not read after it."""
        if self._timely is None or self._timely.sock is not self.sock:
            self._timely = TimelyReader(self.sock, self._due)
            self._buffered = io.BufferedReader(self._timely, HEADER_OCTETS)
        self._timely.due = self._due
        return self._buffered

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


def uid_sets(uids: Sequence[int]) -> list[str]:
    """Ascending uids as sequence sets, each short enough for one command."""
    found: list[str] = []
    for part in uid_set(uids).split(",") if uids else ():
        if found and len(found[-1]) + len(part) < _LONGEST_SET:
            found[-1] += f",{part}"
        else:
            found.append(part)
    return found


def windows(first: int, top: int) -> list[tuple[int, int]]:
    """Cut the uids from `first` upwards into ranges of at most `WINDOW` of those up to `top`.

    Both ends are always numbers: ``n:*`` holds the last letter even where n lies above it
    (RFC 3501 §6.4.8). The last window is open upwards, so a `top` that is too low hides nothing.
    """
    found = []
    low = first
    while low + WINDOW <= top:
        found.append((low, low + WINDOW - 1))
        low += WINDOW
    return [*found, (low, MAX_UID)] if low <= MAX_UID else found
