"""Which letters are asked for together, and how many batches are under way at once.

Nothing here talks to a server.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

USUAL_BATCH = 250
#: Keeps the command line under 8,000 octets even without ranges.
LARGEST_BATCH = 500
#: So many batches are under way at once: while one comes the server already has the next command.
#: With more than two Dovecot answers the last one first.
UNDER_WAY = 2
#: Compressed batches are short: it takes more of them to fill a line of 10 Mbit/s and 100 ms.
COMPRESSED_UNDER_WAY = 4
#: Fewer batches than this are read one by one.
_MANY_BATCHES = 8
_PIECES = 16  # of a batch that broke the connection: 250 letters, then 16, then 1


def batch_for(count: int) -> int:
    """How many of so many letters are best asked for at once."""
    return LARGEST_BATCH if count >= _MANY_BATCHES * LARGEST_BATCH else USUAL_BATCH


class Waiting:
    """The batches that have not come yet, the next one first."""

    def __init__(self, uids: Sequence[int], batch: int, under_way: int = UNDER_WAY) -> None:
        self._parts = deque(_pieces(uids, max(1, min(batch, LARGEST_BATCH))))
        self._under_way = under_way if len(self._parts) >= _MANY_BATCHES else 0
        self._asked = 0

    def __bool__(self) -> bool:
        return bool(self._parts)

    @property
    def first(self) -> list[int]:
        """The batch that is to be read now."""
        return self._parts[0]

    def ahead(self) -> Iterator[list[int]]:
        """The batches that the server is to be asked for now, that one among them."""
        for part in islice(self._parts, self._asked, max(self._asked, self._under_way)):
            yield part
            self._asked += 1

    def come(self) -> list[int]:
        """The first batch has come."""
        self._asked = max(0, self._asked - 1)
        return self._parts.popleft()

    def read_singly(self) -> bool:
        """Ask for one batch at a time from now on; whether several were under way."""
        was_ahead = self._asked > 1
        self._asked, self._under_way = 0, 0
        return was_ahead

    def narrow(self) -> int | None:
        """Cut the first batch in pieces; a letter that is alone is given up, and its uid given."""
        part = self._parts.popleft()
        if len(part) == 1:
            return part[0]
        self._parts.extendleft(reversed(_pieces(part, -(-len(part) // _PIECES))))
        return None


def _pieces(uids: Sequence[int], size: int) -> list[list[int]]:
    return [list(uids[start : start + size]) for start in range(0, len(uids), size)]
