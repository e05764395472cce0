"""The loop: every mailbox read when it is due, each in a thread; published as soon as it is news.

Only the main thread decides and publishes. The others read, and say how it went.
"""

from __future__ import annotations

import queue
import random
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from inbox_agent.agent import Agent, Attempt, Report
from inbox_agent.config import MailboxSettings
from inbox_agent.due_times import Job, Scheduler
from inbox_agent.errors import InboxAgentError
from inbox_agent.shared_mirror import SharedMirror
from inbox_agent.watching import Chance, IdleWatch, again_seconds

#: So many mailboxes are read at the same time.
MOST_AT_ONCE = 4
#: Seconds that what one mailbox had is kept back for those still being read.
PATIENCE_SECONDS = 3.0
#: A mailbox that gets a letter a second is read at most this often, in seconds.
SHORTEST_ROUND_SECONDS = 5.0
#: Seconds that threads have to end, all together. One that hangs is left behind.
GOODBYE_SECONDS = 2.0
_TICK_SECONDS = 1.0


@dataclass(frozen=True)
class Event:
    """Something to tell: what, of which mailbox, numbers. No text that came from a letter."""

    name: str
    mailbox: str | None = None
    is_trouble: bool = False
    facts: dict[str, object] = field(default_factory=dict)


@dataclass
class Watched:
    """One mailbox and how it stands. The main thread alone changes it."""

    settings: MailboxSettings
    job: Job
    idle: IdleWatch
    failures: int = 0
    began_at: float = float("-inf")
    is_waiting: bool = False
    thread: threading.Thread | None = None


@dataclass(frozen=True)
class Pass:
    """How reading one mailbox ended."""

    watched: Watched
    report: Report
    again_seconds: float | None


@dataclass
class Loop:
    """Polls for ever. `tell` and `after_round` are called in the main thread."""

    agent: Agent
    stop: threading.Event
    after_round: Callable[[Report], None]
    tell: Callable[[Event], None] = lambda _: None
    chance: Chance = random.random
    scheduler: Scheduler = field(default_factory=Scheduler)

    def __post_init__(self) -> None:
        self._said: queue.SimpleQueue[Pass | Watched | Event] = queue.SimpleQueue()
        self._turn = threading.RLock()
        self._news: Report | None = None
        self._news_since = self._published_at = float("-inf")
        self._watched = [self._watch(each) for each in self.agent.config.mailboxes]

    def run(self) -> None:
        """Poll at once and then for ever, until `stop` is set; no error ends the loop.

        Raises AgentBusy when another agent is at work.
        """
        with self.agent.at_work():
            try:
                while not self.stop.is_set():
                    self._guarded(self._round)
            finally:
                self.stop.set()
                self._end()

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except InboxAgentError as exc:
            self._failed(None, exc)
        except Exception as exc:  # noqa: BLE001 - `schedule` lets it out, and that were the end
            self._failed(None, fault(exc))

    def _failed(self, mailbox: str | None, error: InboxAgentError) -> None:
        self.tell(Event("failed", mailbox, is_trouble=True, facts={"error": type(error).__name__}))
        self.after_round(Report(errors=[error]))

    # -- what comes when --------------------------------------------------------------------

    def _watch(self, settings: MailboxSettings) -> Watched:
        job = self.scheduler.every(self.agent.config.poll.every_seconds).seconds
        idle = IdleWatch(
            self.agent,
            settings,
            self.stop,
            wake=lambda: self._said.put(watched),
            lost=lambda exc, again: self._said.put(_lost(settings, exc, again)),
            chance=self.chance,
        )
        watched = Watched(settings, job, idle)
        job.do(self._due, watched).due_in(0)
        return watched

    def _due(self, watched: Watched) -> None:
        watched.is_waiting = True

    def _round(self) -> None:
        """One turn: begin what is due, hear what was said, publish what is news."""
        self.scheduler.run_pending()
        self._begin()
        self._hear(min(_TICK_SECONDS, max(0.01, self.scheduler.soonest())))
        self._publish()

    def _hear(self, seconds: float) -> None:
        try:
            said = self._said.get(timeout=seconds)
        except queue.Empty:
            return
        if isinstance(said, Pass):
            self._ended(said)
        elif isinstance(said, Event):
            self.tell(said)
        elif not said.failures:
            ready = said.began_at + SHORTEST_ROUND_SECONDS - self.scheduler.ticks()
            said.job.due_in(max(0.0, min(ready, said.job.due - self.scheduler.ticks())))

    def _begin(self) -> None:
        for watched in sorted(self._watched, key=lambda each: each.began_at):
            busy = sum(each.thread is not None for each in self._watched)
            if watched.is_waiting and watched.thread is None and busy < MOST_AT_ONCE:
                watched.is_waiting = False
                watched.began_at = self.scheduler.ticks()
                watched.thread = threading.Thread(target=self._read, args=(watched,), daemon=True)
                watched.thread.start()

    # -- in the thread of a mailbox ---------------------------------------------------------

    def _read(self, watched: Watched) -> None:
        again: list[float | None] = [None]
        chance, failures = self.chance(), watched.failures + 1

        def decide(errors: Sequence[InboxAgentError]) -> float | None:
            again[0] = again_seconds(errors, failures, chance)
            return again[0]

        try:
            report = self._passed(watched.settings, Attempt(decide, self.stop))
        except SystemExit:  # asked to stop between two batches
            return
        if report.errors and again[0] is None:
            decide(report.errors)
        self._said.put(Pass(watched, report, again[0]))

    def _passed(self, settings: MailboxSettings, attempt: Attempt) -> Report:
        error: InboxAgentError
        try:
            with SharedMirror(self.agent.mirror_path, self._turn) as mirror:
                try:
                    return self.agent.read_mailbox(mirror, settings, None, attempt)
                except InboxAgentError:
                    raise
                except Exception as exc:  # noqa: BLE001 - one mailbox must not cost the others
                    error = fault(exc, settings.name)
                    self.agent.keep_fault(mirror, settings.name, error, attempt)
        except InboxAgentError as exc:
            error = exc
        except Exception as exc:  # noqa: BLE001
            error = fault(exc, settings.name)
        return Report(errors=[error])

    # -- news -------------------------------------------------------------------------------

    def _ended(self, said: Pass) -> None:
        watched, report = said.watched, said.report
        watched.thread = None
        watched.failures = watched.failures + 1 if said.again_seconds is not None else 0
        if said.again_seconds is not None:
            watched.job.due_in(said.again_seconds)
        elif self.agent.config.poll.idle and report.mailboxes_done:
            watched.idle.start()
        self.tell(_told(said))
        now = self.scheduler.ticks()
        waited = now - self._published_at >= self.agent.config.poll.every_seconds
        if report.mailboxes_done or report.new_messages or watched.failures <= 1 or waited:
            if self._news is None:
                self._news, self._news_since = Report(), now
            self._news.add(report)
        else:
            self.after_round(report)

    def _publish(self) -> None:
        now = self.scheduler.ticks()
        is_reading = any(each.thread or each.is_waiting for each in self._watched)
        if self._news is None or (is_reading and now - self._news_since < PATIENCE_SECONDS):
            return
        report, self._news, self._published_at = self._news, None, now
        try:
            with SharedMirror(self.agent.mirror_path, self._turn) as mirror:
                self.agent.publish(mirror, report)
        except InboxAgentError as exc:
            report.errors.append(exc)
        self.tell(Event("published", facts={"partners": report.partners}))
        self.after_round(report)

    def _end(self) -> None:
        until = time.monotonic() + GOODBYE_SECONDS
        for watched in self._watched:
            watched.idle.end(max(0.0, until - time.monotonic()))
        for watched in self._watched:
            if watched.thread is not None:
                watched.thread.join(max(0.0, until - time.monotonic()))


def fault(exc: Exception, mailbox: str | None = None) -> InboxAgentError:
    """A fault of this program as one line: of what kind and where, but not its text.

    The text of an exception may quote a letter.
    """
    at = traceback.extract_tb(exc.__traceback__)[-1]
    where = f'mailbox "{mailbox}": ' if mailbox else ""
    return InboxAgentError(
        f"{where}a fault of this program ({type(exc).__name__} at {PurePath(at.filename).name}, "
        f"line {at.lineno}); it tries again, please report it"
    )


def _lost(settings: MailboxSettings, exc: InboxAgentError, again_seconds: float) -> Event:
    facts: dict[str, object] = {"errors": [type(exc).__name__]}
    return Event(
        "idle_lost",
        settings.name,
        is_trouble=True,
        facts=facts | {"again_seconds": round(again_seconds)},
    )


def _told(said: Pass) -> Event:
    report = said.report
    facts: dict[str, object] = {"new_messages": report.new_messages}
    if report.errors:
        facts["errors"] = sorted({type(each).__name__ for each in report.errors})
    if said.again_seconds is not None:
        facts["again_seconds"] = round(said.again_seconds)
    return Event("poll", said.watched.settings.name, bool(report.errors), facts)
