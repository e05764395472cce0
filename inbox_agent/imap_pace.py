"""Going slower for a server that has begun to go slower itself.

Gmail says nothing when it throttles but ``OK [THROTTLED]``, which the libraries hide.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median

#: A batch is slow when it takes so many times as long as the usual one, and so many seconds.
SLOW_TIMES, SLOW_SECONDS = 5, 3.0
#: So many batches have to be known before one can be unusual.
BATCHES_KNOWN = 3
#: Seconds to leave a server in peace, at most: who asks the agent to stop waits for them, too.
LONGEST_PAUSE_SECONDS = 3.0


def pause_after(seconds: float, earlier: Sequence[float]) -> float:
    """How long to pause, in seconds, after a batch that took `seconds`; the others took `earlier`.

    As long as it took beyond the usual, within bounds; 0 where it was not slow.
    """
    if len(earlier) < BATCHES_KNOWN:
        return 0.0
    usual = median(earlier)
    if seconds <= SLOW_SECONDS or seconds <= SLOW_TIMES * usual:
        return 0.0
    return min(seconds - usual, LONGEST_PAUSE_SECONDS)


class Pace:
    """Times the batches of one session and pauses after slow ones."""

    def __init__(
        self,
        timer: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._timer = timer
        self._pause = pause
        self._taken: list[float] = []
        #: Whether the last batch was slow: then the server is asked for one at a time.
        self.is_slow = False

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Time one batch; one that fails tells nothing."""
        began = self._timer()
        yield
        seconds = self._timer() - began
        pause = pause_after(seconds, self._taken)
        self.is_slow = pause > 0
        self._taken.append(seconds)
        if pause:
            self._pause(pause)
