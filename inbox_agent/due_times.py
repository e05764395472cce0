"""`schedule` by a clock that nobody sets.

The library goes by the wall clock: set back three hours, it sleeps three hours. Here a job is
due by `time.monotonic`, which only ever goes forward.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import schedule


class Scheduler(schedule.Scheduler):
    """Jobs that come round every so many seconds."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
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
