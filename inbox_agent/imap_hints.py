"""What a server knows of a letter beside its header block: ids of its own, and labels.

No more than hints. EMAILID is the same for letters of the same content (RFC 8474 §5.1), a thread
id never follows when two threads turn out to be one (§5.2), and Gmail cuts its threads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# RFC 8474 §4: 1*255(ALPHA / DIGIT / "_" / "-"). Gmail's are numbers of 64 bits.
_OBJECT_ID = re.compile(rb"[A-Za-z0-9_-]{1,255}")
_LABELS_KEPT = 100
_LABEL_OCTETS = 500


@dataclass(frozen=True, slots=True)
class Hints:
    """`labels` are in wire form: modified UTF-7, Gmail's own with a backslash (``\\Sent``)."""

    email_id: str | None = None
    thread_id: str | None = None
    labels: tuple[bytes, ...] = ()


def hints_of(items: Mapping[bytes, Any]) -> Hints:
    """The hints among the items of a FETCH answer; what can't be read is as if it had not come."""
    return Hints(
        email_id=object_id(items.get(b"X-GM-MSGID", items.get(b"EMAILID"))),
        thread_id=object_id(items.get(b"X-GM-THRID", items.get(b"THREADID"))),
        labels=_labels(items.get(b"X-GM-LABELS")),
    )


def object_id(value: object) -> str | None:
    """One id, in parentheses (RFC 8474 §7) or not; None for NIL and for anything else."""
    if isinstance(value, tuple):
        value = value[0] if len(value) == 1 else None
    if isinstance(value, int):
        value = b"%d" % value if value >= 0 else None
    is_id = isinstance(value, bytes) and _OBJECT_ID.fullmatch(value) is not None
    return value.decode("ascii") if is_id and isinstance(value, bytes) else None


def _labels(value: object) -> tuple[bytes, ...]:
    """Labels are astrings, and imapclient's parser takes those of digits for numbers."""
    given = value if isinstance(value, tuple) else ()
    texts = (b"%d" % one if isinstance(one, int) else one for one in given)
    kept = (one for one in texts if isinstance(one, bytes) and 0 < len(one) <= _LABEL_OCTETS)
    return tuple(kept)[:_LABELS_KEPT]
