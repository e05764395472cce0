"""Letters on their way from a folder into the mirror: in large transactions with the checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from inbox_agent.messages import FetchedHeader
from inbox_agent.mirror import Batch, Checkpoint, Mirror
from inbox_agent.row_making import RowMaker

#: So many letters go into one transaction, unless they took so many seconds to come.
TOGETHER, TOGETHER_SECONDS = 2_000, 2.0


@dataclass
class Keeping:
    """What of one folder is being kept: a batch whose rows are being made, and rows to be written.

    `begun` is the checkpoint of the folder, `told` is told of letters that are held: how many
    are new, how many the server gave nothing for, and how many were looked at.
    """

    mirror: Mirror
    where: tuple[str, str]
    begun: Checkpoint
    maker: RowMaker
    told: Callable[[int, int, int], None]
    #: Of a few letters each batch is written as it comes, before the next is asked for.
    is_large: bool = True
    _making: Batch | None = None
    _made: list[Batch] = field(default_factory=list)
    _waiting: int = 0
    _since: float = field(default_factory=time.monotonic)

    def take(self, headers: Sequence[FetchedHeader], missing: Sequence[int]) -> None:
        """The next letters, and the uids there are none for; nothing is written of them yet."""
        self._collect()
        kept, batch = self.mirror.sifted(headers, missing)
        self._making = batch
        self._waiting += len(batch.seen)
        self.maker.begin(kept)
        if not self.is_large:
            self.finish()
        elif self._waiting >= TOGETHER or time.monotonic() - self._since >= TOGETHER_SECONDS:
            self._write()

    def finish(self) -> None:
        """Write what is left."""
        self._collect()
        self._write()

    def _collect(self) -> None:
        if self._making is not None:
            self._making.rows.extend(self.maker.rows())
            self._made.append(self._making)
            self._making = None

    def _write(self) -> None:
        made, self._made, self._since = self._made, [], time.monotonic()
        if not made:
            return
        seen = [uid for batch in made for uid in batch.seen]
        missing = sum(len(batch.missing) for batch in made)
        here = Checkpoint(self.begun.uidvalidity, max([self.begun.last_uid, *seen]))
        self._waiting -= len(seen)
        self.told(self.mirror.keep(*self.where, here, made), missing, len(seen))
