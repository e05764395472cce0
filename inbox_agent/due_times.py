"""`schedule` by a clock that nobody sets.

The library goes by the wall clock: set back three hours, it sleeps three hours. Here a job is
due by a clock that only ever goes forward, also while the computer sleeps.
"""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import schedule

# At DEBUG it writes down each job with its arguments: our whole config.
logging.getLogger(schedule.__name__).addFilter(lambda _record: False)

#: Seconds by which the wall clock must run ahead for us to have been asleep.
ASLEEP_SECONDS = 60.0


def ticks() -> float:
    """Seconds that nobody sets; those in which this computer sleeps count, where it can tell.

    Linux's `CLOCK_MONOTONIC` stands still meanwhile, its `CLOCK_BOOTTIME` does not.
    """
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Scheduler(schedule.Scheduler):
    """Jobs that come round every so many seconds."""

    def __init__(self, ticks: Callable[[], float] = ticks) -> None:
        super().__init__()
        self.ticks = ticks

    def every(self, interval: int = 1) -> Job:
        """A job that is due every `interval` of the unit that follows."""
        return Job(interval, self)

    def soonest(self) -> float:
        """Seconds until a job is due; 0 when one is, infinite when there is none."""
        now = self.ticks()
        due = [job.due for job in self.jobs if isinstance(job, Job)]
        return max(0.0, min(due, default=math.inf) - now)


class Job(schedule.Job):
    """Something to do again and again; `due` is in seconds of the scheduler's own clock."""

    scheduler: Scheduler
    due: float = 0.0

    @property
    def should_run(self) -> bool:
        """Whether it is time."""
        return self.scheduler.ticks() >= self.due

    def due_in(self, seconds: float) -> None:
        """Bring the next run forward or put it off; the runs after it come round as before."""
        self.due = self.scheduler.ticks() + seconds

    def _schedule_next_run(self) -> None:
        super()._schedule_next_run()
        self.due_in(self.interval)

    def __lt__(self, other: Any) -> bool:
        return bool(self.due < other.due)


class SteadyClock:
    """A wall clock that is set back does not go back here: for what must not seem yet to come."""

    def __init__(self, clock: Callable[[], datetime], ticks: Callable[[], float] = ticks) -> None:
        self._clock, self._ticks = clock, ticks
        self._began = clock(), ticks()

    def __call__(self) -> datetime:
        """Our clock, or what it would show had nobody set it since the start, if that is later."""
        at, tick = self._began
        return max(self._clock(), at + timedelta(seconds=int(self._ticks() - tick)))


class Sleep:
    """Notices that time went by of which `ticks` knows nothing: a stopped virtual machine, say.

    A wall clock that is set forward looks the same. One that is set back does not matter.
    """

    def __init__(self, ticks: Callable[[], float], wall: Callable[[], float] = time.time) -> None:
        self._ticks, self._wall = ticks, wall
        self._seen = wall(), ticks()

    def is_over(self) -> bool:
        """Whether such a time has ended since this was last asked."""
        (at, tick), now = self._seen, (self._wall(), self._ticks())
        self._seen = now
        return (now[0] - at) - (now[1] - tick) > ASLEEP_SECONDS
