"""Numbers and ids that a server gives in response codes and untagged lines (RFC 3501 §7).

Each is taken out, so that the next one is news.
"""

from __future__ import annotations

import imaplib
import re

from inbox_agent.imap_commands import MAX_MODSEQ, MAX_UID
from inbox_agent.imap_hints import object_id


def number(connection: imaplib.IMAP4, code: str) -> int | None:
    """The latest number the server gave as this response; taken out, so the next one is news.

    None for what is no number of 32 bits (RFC 3501 §9), and for 0 where that is none (nz-number).
    """
    latest = _latest(connection, code) or b""
    number = int(latest) if re.fullmatch(rb"[0-9]{1,10}", latest) else None
    is_none = number is None or number > MAX_UID or (number == 0 and code != "EXISTS")
    return None if is_none else number


def _latest(connection: imaplib.IMAP4, code: str) -> bytes | None:
    latest = connection.response(code)[1][-1]
    return latest if isinstance(latest, bytes) else None


def modseq(connection: imaplib.IMAP4) -> int | None:
    """HIGHESTMODSEQ, which has 63 bits (RFC 7162 §7); None for 0, NOMODSEQ and nonsense."""
    given = _latest(connection, "HIGHESTMODSEQ") or b""
    has_none = "NOMODSEQ" in connection.untagged_responses
    modseq = int(given) if re.fullmatch(rb"[0-9]{1,19}", given) and not has_none else 0
    return modseq if 0 < modseq <= MAX_MODSEQ else None


def mailbox_id(connection: imaplib.IMAP4) -> str | None:
    """MAILBOXID (RFC 8474 §4.1): an id in parentheses."""
    given = (_latest(connection, "MAILBOXID") or b"").strip()
    is_one = given.startswith(b"(") and given.endswith(b")")
    return object_id(given[1:-1]) if is_one else None
