"""Sessions that somebody ended by signing out: a copy of their cookie opens nothing any more.

They are kept until they would have ended by themselves, in a file beside that of the users, so
that a restart brings none of them back. It holds digests and instants, no names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inbox_agent.errors import StoreError
from inbox_agent.private_files import read_private, write_private

SIGN_OUTS_NAME = "signed-out.json"


def session_key(said: Mapping[str, Any]) -> str:
    """What names a session: a digest of all its cookie says, however that was written."""
    text = json.dumps(said, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(slots=True)
class SignOuts:
    """The sessions that were ended before their time, with the second each would have ended at."""

    path: Path
    _stamp: tuple[int, int, int] | None = None
    _ended: dict[str, int] = field(default_factory=dict)

    def has_ended(self, key: str) -> bool:
        """Whether somebody signed out of it, here or in another process of the same folder."""
        self._read()
        return key in self._ended

    def end(self, key: str, ends_at: int, now: float) -> None:
        """Remember it; where nothing can be written, for as long as this process lives."""
        self._read()
        self._ended = {one: at for one, at in self._ended.items() if at > now} | {key: ends_at}
        with suppress(StoreError):
            write_private(self.path, json.dumps(self._ended).encode())

    def _read(self) -> None:
        try:
            found = self.path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp == self._stamp:
                return
            kept = json.loads(read_private(self.path))
            self._ended |= {str(key): int(at) for key, at in kept.items()}
            self._stamp = stamp
        except (OSError, StoreError, ValueError, AttributeError, TypeError):
            return  # none was ended yet, or what can't be read: what is known already holds
