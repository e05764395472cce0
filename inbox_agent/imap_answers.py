"""What an IMAP server says, put into our words: numbers, instants, and errors.

The one place where the errors of sockets, TLS and imaplib become ours.
"""

from __future__ import annotations

import imaplib
import re
import ssl
import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from inbox_agent.config import MailboxSettings
from inbox_agent.errors import (
    Fault,
    FolderUnavailable,
    MailboxError,
    MailboxRefused,
    MailboxUnavailable,
)
from inbox_agent.imap_commands import HEADER_OCTETS
from inbox_agent.imap_faults import fault_of, pause_seconds
from inbox_agent.imap_hints import Hints, hints_of
from inbox_agent.imap_placeholders import is_placeholder, is_suspect

#: What can go wrong between us and a server once a connection is asked for. The parsers add
#: ValueError and its like, which are no faults of ours either.
TROUBLE = (imaplib.IMAP4.error, OSError, ValueError, LookupError, RecursionError)
#: What imapclient's parser raises over an answer that is complete but can't be read.
UNREADABLE = (
    *(imaplib.IMAP4.error, ValueError, LookupError, TypeError, AttributeError),
    *(RecursionError, OverflowError),
)

_LARGEST_SIZE = 2**63 - 1  # RFC 9051 §9, number64; SQLite holds no more
_SHOWN, _READ = 160, 1_000
_QUOTED = re.compile('"[^"]*"?|[^\\s@\uff20"]{0,320}[@\uff20]\\S*')
# imaplib makes some of its errors of bytes.
_BYTES = re.compile(r"""\bb(['"])(.*)\1""", re.DOTALL)
# Errors of imaplib that quote a whole line of the server, which may be one of a header block.
_QUOTING = re.compile(r"unexpected (?:tagged )?response|Unterminated line", re.IGNORECASE)
_LITERAL_SIZE = re.compile(rb"\{\d+\+?\}$")
_FIELD_LIST = re.compile(rb"(BODY\[HEADER\.FIELDS) \([^\]]*\)", re.IGNORECASE)


class Unanswered(ValueError):
    """An answer lacks what was asked for. Its text is ours: that of any other ValueError quotes."""


def searched_uids(data: Sequence[Any]) -> list[int]:
    """The numbers of a SEARCH answer; several lines count as one.

    Raises ValueError where the server gave no SEARCH line at all: that is not "none found".
    """
    if any(not isinstance(line, bytes) for line in data):
        raise Unanswered("the search was answered without a result")
    return [int(number) for line in data for number in line.split(b"(")[0].split()]


@dataclass(frozen=True, slots=True)
class Items:
    """What a FETCH answer gave for one letter.

    `received_at` is INTERNALDATE (RFC 3501 §2.3.3) in UTC, None where it is missing, absurd or
    without a zone. `is_complete`: everything that was asked for came, hints aside. `is_suspect`:
    the server may have lost the rest of the header (`imap_placeholders.is_suspect`).
    """

    received_at: datetime | None
    size_octets: int | None
    block: bytes
    is_complete: bool
    is_suspect: bool
    hints: Hints


def without_echo(data: Iterable[Any]) -> list[Any]:
    """A FETCH answer, as imaplib gives it, without the list of field names before each literal.

    The server repeats for every letter which fields were asked for, 700 octets of them, and
    imapclient's parser goes through that octet by octet. A literal of which only the beginning
    was kept is announced at that length: the parser insists that the two agree.
    """
    return [
        (_LITERAL_SIZE.sub(b"{%d}" % len(item[1]), _FIELD_LIST.sub(rb"\1", item[0])), item[1])
        if isinstance(item, tuple)
        else item
        for item in data
    ]


def letters(answered: Iterable[Mapping[bytes, Any]], wanted: Set[int]) -> dict[int, Items]:
    """The answers by uid: those of `wanted` that have a header block, if an empty one.

    Servers also answer unasked: flags that changed, letters nobody asked for. And they make
    letters up where they can't give the true one.
    """
    found: dict[int, Mapping[bytes, Any]] = {items.get(b"UID", 0): items for items in answered}
    read = {uid: _items(items, _block(items)) for uid, items in found.items() if uid in wanted}
    return {
        uid: letter
        for uid, letter in read.items()
        if letter is not None and not is_placeholder(letter.block)
    }


def _items(items: Mapping[bytes, Any], block: bytes | None) -> Items | None:
    if block is None:
        return None
    given = items.get(b"RFC822.SIZE")
    size = given if isinstance(given, int) and 0 <= given <= _LARGEST_SIZE else None
    return Items(
        received_at=_in_utc(items.get(b"INTERNALDATE")),
        size_octets=size,
        block=block[:HEADER_OCTETS],
        is_complete=b"INTERNALDATE" in items and b"RFC822.SIZE" in items,
        is_suspect=is_suspect(block[:HEADER_OCTETS], size),
        hints=hints_of(items),
    )


def _block(items: Mapping[bytes, Any]) -> bytes | None:
    """The header block, found by the beginning of its name.

    Servers echo the list of fields as they like (``BODY[HEADER.FIELDS ("FROM" …)]<0>``), and
    give NIL for a letter that has no header at all.
    """
    for name, value in items.items():
        if name.startswith(b"BODY[HEADER.FIELDS"):
            return b"" if value is None else value if isinstance(value, bytes) else None
    return None


def _in_utc(value: object) -> datetime | None:
    try:
        if isinstance(value, datetime) and value.utcoffset() is not None:
            return value.astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # an offset of a day or more, or a year beyond datetime's
    return None


def said(data: object) -> str:
    """What the server said, fit for one line of ours: no control characters, not endless.

    Errors are logged and published, and a server may quote a letter or name a person: addresses
    and what stands in quotes are left out.
    """
    if isinstance(data, list | tuple):
        data = data[-1] if data else b""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data or "")
    text = _BYTES.sub(r"\2", text[:_READ])
    clean = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return _QUOTED.sub("…", " ".join(clean.split()))[:_SHOWN] or "nothing"


def place(settings: MailboxSettings, folder: str | None = None) -> str:
    """``mailbox "partners", folder "Sent"``, as our errors begin."""
    return f'mailbox "{settings.name}"' + (f', folder "{folder}"' if folder is not None else "")


def connection_error(settings: MailboxSettings, exc: Exception) -> MailboxError:
    """What a failed connection or TLS handshake means."""
    where, server = place(settings), f"{settings.host}:{port(settings)}"
    if isinstance(exc, ssl.SSLCertVerificationError):
        return MailboxRefused(
            f"{where}: the certificate of {server} is not to be trusted ({exc.verify_message}); "
            f"if your own authority issued it, name that in `ca_file`, else check `host`"
        )
    cut = ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError
    if isinstance(exc, ssl.SSLError) and not isinstance(exc, cut):
        return MailboxRefused(
            f"{where}: no TLS 1.2 or better with {server} ({exc.reason or 'handshake failed'}); "
            f'check `port`, and `tls`, which may have to be "starttls"'
        )
    return MailboxUnavailable(
        f"{where}: no connection to {server} ({_cause(exc)}); the next poll tries again; "
        f"if it goes on, check `host` and `port`"
    )


def login_error(settings: MailboxSettings, exc: Exception) -> MailboxError:
    """What a failed login means; not every one is a wrong password.

    imapclient makes LoginError of a connection that broke during the login too; that one
    carries imaplib's abort as its context.
    """
    cut = isinstance(exc, OSError | imaplib.IMAP4.abort | ValueError) or isinstance(
        exc.__context__, OSError | imaplib.IMAP4.abort
    )
    text = _cause(exc)
    fault = Fault.CONNECTION if cut else fault_of(text, Fault.AUTHENTICATION)
    if cut or fault is Fault.LATER:
        return MailboxUnavailable(
            f"{place(settings)}: {settings.host} broke off the login ({text}); "
            f"the next poll tries again",
            fault=fault_of(text, fault),
            retry_after_seconds=pause_seconds(text),
        )
    return MailboxRefused(
        f'{place(settings)}: {settings.host} refuses the login of "{settings.user}" ({text}); '
        f"check `user` and `password`",
        fault=fault if fault is Fault.FATAL else Fault.AUTHENTICATION,
    )


def session_error(settings: MailboxSettings, folder: str | None, exc: Exception) -> MailboxError:
    """What an error after the login means; the connection is of no more use."""
    text, where = _cause(exc), place(settings, folder)
    fault = fault_of(text, Fault.CONNECTION)
    if folder is not None and fault is Fault.GENERATION:
        return FolderUnavailable(
            f"{where}: it was made anew while we read it ({text}); the next poll reads it afresh",
            fault=fault,
        )
    is_garbled = not isinstance(exc, OSError | imaplib.IMAP4.error)
    return MailboxUnavailable(
        f"{where}: lost the connection to {settings.host} ({text}); the next poll tries again",
        fault=Fault.PROTOCOL if is_garbled else fault,
        retry_after_seconds=pause_seconds(text),
    )


def refusal(settings: MailboxSettings, folder: str, text: str) -> FolderUnavailable:
    """What a tagged NO or BAD about a folder means."""
    return FolderUnavailable(
        f"{place(settings, folder)}: the server refuses it ({text}); the next poll tries again; "
        f"see whether it was renamed or deleted, or its rights changed",
        fault=fault_of(text, Fault.FOLDER),
    )


def port(settings: MailboxSettings) -> int:
    """The configured port, else 993 for implicit TLS and 143 without (RFC 8314 §3.2)."""
    return settings.port or (993 if settings.tls == "implicit" else 143)


def _cause(exc: Exception) -> str:
    if isinstance(exc, TimeoutError):
        return "no answer in time"
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    text = _BYTES.sub(r"\2", str(exc))
    quoting = _QUOTING.search(text)
    if quoting:
        return quoting[0]
    if not isinstance(exc, OSError | imaplib.IMAP4.error | Unanswered):
        return f"{type(exc).__name__}: it can't be read"  # its text quotes what that was
    return said(text or type(exc).__name__)
