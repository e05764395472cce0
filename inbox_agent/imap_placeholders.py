"""Letters that are none: what some servers hand out in place of a letter they can't give.

Such a one is treated as if nothing had come. A person who writes the same words is not: both
From and Subject have to be just as the server makes them.
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


def is_placeholder(block: bytes, size_octets: int | None) -> bool:
    """Whether a header block stands for a letter the server can't give.

    That is one of the known placeholders, or a block without From, Date and Message-ID of a
    letter that is larger than it: the server lost the rest.
    """
    fields = {found[1].lower(): found[2].strip() for found in _FIELD.finditer(block)}
    if fields.keys().isdisjoint({b"from", b"date", b"message-id"}):
        return len(block) < min(size_octets or 0, HEADER_OCTETS)
    author, subject = fields.get(b"from", b""), fields.get(b"subject", b"")
    return b"message-id" not in fields and any(
        writes.fullmatch(author)
        and says.fullmatch(subject.replace(b"\n", b" ").replace(b"\r", b""))
        for writes, says in _FINGERPRINTS
    )
