"""Answers that take long to make and are asked for again and again: kept while they hold.

What is published changes by whole generations; the key of an answer names its generation, so that
nothing kept is ever old.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

#: What an answer depends on.
Key = tuple[object, ...]


@dataclass(slots=True)
class KeptAnswers:
    """The answers last asked for, `most` of them; the longest unused leaves first."""

    most: int
    _kept: OrderedDict[Key, bytes] = field(default_factory=OrderedDict)

    def get(self, key: Key) -> bytes | None:
        """An answer made before, or None."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, key: Key, answer: bytes) -> bytes:
        """Keep an answer, and let go of the one that was not asked for longest."""
        self._kept[key] = answer
        self._kept.move_to_end(key)
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return answer
