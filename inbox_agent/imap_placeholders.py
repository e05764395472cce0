"""Letters that are none: what some servers hand out in place of a letter they can't give.

Such a one is treated as if nothing had come. A person who writes the same words is not: both
From and Subject have to be just as the server makes them. One that only looks as if something
were lost is asked for again, and then kept as it is.
"""

from __future__ import annotations

import re

from inbox_agent.imap_commands import HEADER_OCTETS

_FINGERPRINTS = tuple(
    (re.compile(author, re.IGNORECASE), re.compile(subject, re.IGNORECASE))
    for author, subject in (
        # Courier-IMAP (imap/fetch.c), for a letter that was expunged
        (rb"System Administrator <root@localhost>", rb"message unavailable"),
        # Exchange, for a letter it can't convert; without an address, or with an invented one
        (
            rb'"?Microsoft Exchange Server"?(?: <[^<>]*>)?',
            rb"Retrieval using the IMAP4 protocol failed.*",
        ),
    )
)
_FIELD = re.compile(
    rb"^(From|Subject|Date|Message-ID)[ \t]*:[ \t]*((?:[^\r\n]|\r?\n[ \t])*)",
    re.IGNORECASE | re.MULTILINE,
)


_MESSAGE_ID = re.compile(rb"^Message-ID[ \t]*:", re.IGNORECASE | re.MULTILINE)


def is_placeholder(block: bytes) -> bool:
    """Whether a header block is one of the known ones that stand for a letter nobody can give."""
    if _has_message_id(block):  # as nearly all have: there is no need to look further
        return False
    fields = _fields(block)
    author, subject = fields.get(b"from", b""), fields.get(b"subject", b"")
    return b"message-id" not in fields and any(
        writes.fullmatch(author)
        and says.fullmatch(subject.replace(b"\n", b" ").replace(b"\r", b""))
        for writes, says in _FINGERPRINTS
    )


def is_suspect(block: bytes, size_octets: int | None) -> bool:
    """Whether it has neither From, Date nor Message-ID though the letter is larger than it.

    The server may have lost the rest, so that it is worth asking again. But there are such
    letters, and spam is full of them.
    """
    if _has_message_id(block):
        return False
    has_none = _fields(block).keys().isdisjoint({b"from", b"date", b"message-id"})
    return has_none and len(block) < min(size_octets or 0, HEADER_OCTETS)


def _has_message_id(block: bytes) -> bool:
    # written as most write it there is no need for a pattern
    return b"\nMessage-ID:" in block or _MESSAGE_ID.search(block) is not None


def _fields(block: bytes) -> dict[bytes, bytes]:
    return {found[1].lower(): found[2].strip() for found in _FIELD.finditer(block)}
