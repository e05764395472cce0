"""Which commands may be seen on the wire, said a second time and without the code under test."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Commands that change nothing on a server (RFC 3501 §6, 2177, 2971, 3691, 5161).
READING = frozenset(
    {
        *("CAPABILITY", "ID", "STARTTLS", "AUTHENTICATE", "LOGIN", "ENABLE", "LIST", "STATUS"),
        *("EXAMINE", "UID SEARCH", "UID FETCH", "NOOP", "IDLE", "DONE", "UNSELECT", "LOGOUT"),
        "(CREDENTIALS)",
    }
)
# BODY[…] and RFC822… set \Seen (RFC 3501 §6.4.5); BODY.PEEK[…], BODYSTRUCTURE, RFC822.SIZE don't.
_MARKS_AS_READ = re.compile(r"\bBODY\[|\bRFC822(?!\.SIZE\b|\.HEADER\b)")

# Whatever else is switched on changes what the server says to everybody who reads it.
_ENABLES = re.compile(r"ENABLE (?:QRESYNC|CONDSTORE)")


def verb(command: str) -> str:
    """``UID FETCH`` of ``UID FETCH 1:3 (UID)``, ``EXAMINE`` of ``EXAMINE "INBOX"``."""
    words = command.upper().split(" ")
    return " ".join(words[: 2 if words[0] == "UID" else 1])


def forbidden(commands: Iterable[str]) -> list[str]:
    """Those that might change something."""
    return [
        command
        for command in commands
        if verb(command) not in READING
        or _MARKS_AS_READ.search(command.upper())
        or (verb(command) == "ENABLE" and not _ENABLES.fullmatch(command))
    ]
