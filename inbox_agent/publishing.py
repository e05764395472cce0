"""News are published in a thread of their own: nobody waits for that, not even who asks us to stop.

SQLite waits for a lock in C, where no signal is heard, and a large mailbox takes seconds to
measure.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from inbox_agent.agent import Agent, Report
from inbox_agent.errors import InboxAgentError, StoreError
from inbox_agent.events import Event, fault
from inbox_agent.forgetting import purge_due, scrub_both
from inbox_agent.mirror import Mirror
from inbox_agent.shared_mirror import SharedMirror, Turn
from inbox_agent.watching import Chance, again_seconds

#: Seconds that what one mailbox had is kept back for those still being read.
PATIENCE_SECONDS = 3.0
#: Seconds between two looks for letters that are past their time (``[retention]``).
PURGE_SECONDS = 86_400.0


@dataclass(frozen=True)
class Published:
    """How publishing ended."""

    report: Report
    error: InboxAgentError | None = None


@dataclass
class Publishing:
    """What is news, and its way into the published tables. One thread owns it and calls it."""

    agent: Agent
    turn: Turn
    ticks: Callable[[], float]
    chance: Chance
    #: Called from the thread that publishes.
    said: Callable[[Published], None]
    last_at: float = float("-inf")
    _news: Report | None = None
    _since: float = float("-inf")
    _not_before: float = float("-inf")
    _failures: int = 0
    _purged_at: float = float("-inf")
    #: Something was deleted, and may still lie in the files; it stays so until they are scrubbed.
    _must_scrub: bool = False
    _thread: threading.Thread | None = field(default=None, repr=False)

    def add(self, report: Report) -> None:
        """It is news."""
        if self._news is None:
            self._news, self._since = Report(), self.ticks()
        self._news.add(report)

    def begin(self, *, is_reading: bool) -> None:
        """Publish what is news, unless that is being done or is to be tried later."""
        now = self.ticks()
        if self._news is None or self._thread is not None or now < self._not_before:
            return
        if is_reading and now - self._since < PATIENCE_SECONDS:
            return
        thread = threading.Thread(target=self._publish, args=(self._news,), daemon=True)
        thread.start()  # may fail, and then it is news still
        self._thread, self._news, self.last_at = thread, None, now

    def _publish(self, report: Report) -> None:
        error: InboxAgentError | None = None
        try:
            with SharedMirror(self.agent.mirror_path, self.turn) as mirror:
                self._purge(mirror)
                self.agent.publish(mirror, report)
            if self._must_scrub:
                self._scrub(report)
        except InboxAgentError as exc:
            error = exc
        except Exception as exc:  # noqa: BLE001 - the next try may go well
            error = fault(exc)
        self.said(Published(report, error))

    def _purge(self, mirror: Mirror) -> None:
        """Once a day delete what is past its time."""
        now = self.ticks()
        if now - self._purged_at >= PURGE_SECONDS:
            self._must_scrub |= purge_due(self.agent, mirror) > 0
            self._purged_at = now

    def _scrub(self, report: Report) -> None:
        """What is in the way of that is told; the news are out already."""
        try:
            with self.turn:  # the mirror is written anew, and nobody else writes meanwhile
                scrub_both(self.agent)
            self._must_scrub = False
        except StoreError as exc:
            report.errors.append(exc)

    def ended(self, published: Published) -> Event:
        """Take in how it went; what could not be published is news still."""
        self._thread = None
        now = self.ticks()
        # so that a letter a second to a partner of very many does not keep a core busy
        self._not_before = now + (now - self.last_at)
        if published.error is None:
            self._failures = 0
            return Event("published", facts={"partners": published.report.partners})
        published.report.errors.append(published.error)
        self._failures += 1
        seconds = again_seconds([published.error], self._failures, self.chance()) or 1.0
        self.add(Report())
        self._not_before = now + seconds
        errors = [type(published.error).__name__]
        return Event("unpublished", None, True, {"again_seconds": round(seconds), "errors": errors})

    def end(self, seconds: float) -> bool:
        """Wait so long for the thread; whether it has ended."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()
