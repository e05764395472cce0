"""What a server offers beyond RFC 3501, and how much of it we make use of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from inbox_agent.imap_commands import FETCH_ITEMS, GMAIL_FETCH_ITEMS, OBJECT_FETCH_ITEMS

# iCloud's VANISHED is malformed, so that letters which are there look deleted: Mailspring
# disables its QRESYNC for that.
_NO_VANISHED = re.compile(r"(?:[\w-]+\.)*(?:mail\.me|me|mac|icloud)\.com\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Extensions:
    """What a server says, after the login, that it can do; of that the part that matters to us.

    `to_enable` is ``QRESYNC``, ``CONDSTORE`` or None. With LIST-STATUS (RFC 5819) all folders are
    looked at by one command; SPECIAL-USE (RFC 6154 §3) has to be asked for then.
    """

    is_gmail: bool
    has_object_ids: bool
    has_id: bool
    to_enable: str | None
    has_list_status: bool = False
    has_special_use: bool = False
    has_unselect: bool = False
    has_modseq: bool = False
    has_compress: bool = False

    @property
    def fetch_items(self) -> str:
        """What to ask for of each letter."""
        if self.is_gmail:
            return GMAIL_FETCH_ITEMS
        return OBJECT_FETCH_ITEMS if self.has_object_ids else FETCH_ITEMS


def extensions(offers: Callable[[str], bool], host: str) -> Extensions:
    """Ask `offers` for each extension by its name; `host` for those known not to work there."""
    mod_sequences = [name for name in ("QRESYNC", "CONDSTORE") if offers(name)]
    if _NO_VANISHED.fullmatch(host):
        mod_sequences = [name for name in mod_sequences if name != "QRESYNC"]
    return Extensions(
        is_gmail=offers("X-GM-EXT-1"),
        has_object_ids=offers("OBJECTID"),
        has_id=offers("ID"),
        to_enable=mod_sequences[0] if mod_sequences and offers("ENABLE") else None,
        has_list_status=offers("LIST-STATUS"),
        has_special_use=offers("SPECIAL-USE"),
        has_unselect=offers("UNSELECT"),
        has_modseq=bool(mod_sequences),
        has_compress=offers("COMPRESS=DEFLATE"),
    )
