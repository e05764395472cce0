"""Parts of some letters, asked for a few letters at a time after their header blocks.

Where the server refuses them together, or answers what can't be read, each letter is asked for
alone, and goes without where that fails, too: a part is never worth a letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

Answers = Iterable[Mapping[bytes, Any]]
#: Asks for the parts of some letters; None where the server refuses or can't be understood.
Ask = Callable[[list[int]], Answers | None]

_TOGETHER = 25


def parts_of(uids: Sequence[int], ask: Ask) -> Iterator[tuple[int, Mapping[bytes, Any]]]:
    """What the server gives for the letters `uids`, and for no others."""
    for start in range(0, len(uids), _TOGETHER):
        together = list(uids[start : start + _TOGETHER])
        answered = ask(together)
        if answered is None and len(together) > 1:
            answered = [items for uid in together for items in ask([uid]) or ()]
        wanted = set(together)
        for items in answered or ():
            if items.get(b"UID", 0) in wanted:
                yield items[b"UID"], items


def part(items: Mapping[bytes, Any], name: bytes, most: int) -> bytes:
    """The first `most` octets of one part, by the beginning of its name, like ``BODY[2``.

    Servers add ``<0>`` or not, and echo lists of fields as they like.
    """
    found = (value for key, value in items.items() if key.startswith(name))
    value = next(found, None)
    return value[:most] if isinstance(value, bytes) else b""
