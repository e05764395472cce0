"""The loop: every mailbox read when it is due, each in a thread; published as soon as it is news.

Only the main thread decides. The others read or publish, and say how it went.
"""

from __future__ import annotations

import os
import queue
import random
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from inbox_agent import __version__
from inbox_agent.agent import Agent, Attempt, Report
from inbox_agent.config import MailboxSettings
from inbox_agent.due_times import Job, Scheduler, Sleep
from inbox_agent.errors import InboxAgentError
from inbox_agent.events import Event, fault, idle_lost, polled
from inbox_agent.kept_mailbox import LONGEST_PAUSE_SECONDS, Kept
from inbox_agent.mirror_status import read_once
from inbox_agent.notifying import LOOK_SECONDS, Notified, Notifying
from inbox_agent.publishing import Published, Publishing
from inbox_agent.shared_mirror import SharedMirror, Turn
from inbox_agent.watching import Chance, IdleWatch, again_seconds

#: So many mailboxes are read at the same time, and of those never read to their end so many.
MOST_AT_ONCE, MOST_NEW_AT_ONCE = 32, 4
#: A mailbox that gets several letters a second is read at most this often, in seconds.
SHORTEST_ROUND_SECONDS = 1.0
#: Seconds that threads have to end, all together. One that hangs is left behind: in the hands of a
#: server that says nothing, or of SQLite, which waits for a lock.
GOODBYE_SECONDS = 1.0
#: So many failed tries in a row leave a row of `polls` each; after them one an hour does.
TOLD_IN_FULL, TOLD_EVERY_SECONDS = 10, 3600.0
#: Seconds, spread by chance, in which all mailboxes are read after the computer was asleep.
WAKING_SECONDS = 10.0
_TICK_SECONDS = 1.0


@dataclass
class Watched:
    """One mailbox and how it stands. The main thread alone changes it."""

    settings: MailboxSettings
    job: Job
    idle: IdleWatch
    failures: int = 0
    began_at: float = float("-inf")
    told_at: float = float("-inf")
    untold: int = 0
    is_waiting: bool = False
    thread: threading.Thread | None = None
    #: None where polls are so far apart that the server would end the connection between them.
    kept: Kept | None = None
    #: Read to its end once: what comes now is little.
    is_known: bool = False


@dataclass(frozen=True)
class Pass:
    """How reading one mailbox ended."""

    watched: Watched
    report: Report
    again_seconds: float | None
    is_told: bool = True


@dataclass
class Loop:
    """Polls for ever. `tell` and `after_round` are called in the main thread."""

    agent: Agent
    stop: threading.Event
    after_round: Callable[[Report], None]
    tell: Callable[[Event], None] = lambda _: None
    chance: Chance = random.random
    scheduler: Scheduler = field(default_factory=Scheduler)
    wall: Callable[[], float] = time.time
    #: After the end: whether threads hang that could not be ended.
    leaves_threads: bool = False

    def __post_init__(self) -> None:
        self._said: queue.SimpleQueue[Pass | Published | Notified | Watched | Event] = (
            queue.SimpleQueue()
        )
        self._turn = Turn()
        self._publishing = Publishing(
            self.agent, self._turn, self.scheduler.ticks, self.chance, self._said.put
        )
        self._notifying = Notifying(self.agent, self._turn, self._said.put)
        if self._notifying.has_readers:
            self.scheduler.every(LOOK_SECONDS).seconds.do(self._notifying.ask)
        self._sleep = Sleep(self.scheduler.ticks, self.wall)
        known = read_once(self.agent.config.mirror_path)
        self._watched = [self._watch(each, known) for each in self.agent.config.mailboxes]

    def run(self) -> None:
        """Poll at once and then for ever, until `stop` is set; no error ends the loop.

        Raises AgentBusy when another agent is at work.
        """
        with self.agent.at_work():
            began = self.scheduler.ticks()
            try:
                self._guarded(self._started)
                while not self.stop.is_set():
                    self._guarded(self._round)
            finally:
                self.stop.set()
                self._end()
                seconds = round(self.scheduler.ticks() - began)
                self._guarded(lambda: self.tell(Event("stopped", facts={"seconds": seconds})))

    def _started(self) -> None:
        facts = {"version": __version__, "process": os.getpid(), "mailboxes": len(self._watched)}
        self.tell(Event("started", facts=dict(facts)))

    def _guarded(self, step: Callable[[], None]) -> None:
        """Whatever goes wrong, the loop goes on; but it does not spin."""
        try:
            step()
        except Exception as exc:  # noqa: BLE001 - `schedule` lets it out, and that were the end
            error = exc if isinstance(exc, InboxAgentError) else fault(exc)
            with suppress(Exception):  # it may have been the telling that failed
                self._failed(error)
            self.stop.wait(_TICK_SECONDS)

    def _failed(self, error: InboxAgentError) -> None:
        self.tell(Event("failed", is_trouble=True, facts={"error": type(error).__name__}))
        self.after_round(Report(errors=[error]))

    # -- what comes when --------------------------------------------------------------------

    def _watch(self, settings: MailboxSettings, known: Collection[str]) -> Watched:
        job = self.scheduler.every(self.agent.config.poll.every_seconds).seconds
        idle = IdleWatch(
            self.agent,
            settings,
            self.stop,
            wake=lambda: self._said.put(watched),
            lost=lambda *said: self._said.put(idle_lost(settings.name, *said)),
            chance=self.chance,
        )
        is_kept = self.agent.config.poll.every_seconds <= LONGEST_PAUSE_SECONDS
        kept = Kept() if is_kept else None
        watched = Watched(settings, job, idle, kept=kept, is_known=settings.name in known)
        job.do(self._due, watched).due_in(0)
        return watched

    def _due(self, watched: Watched) -> None:
        watched.is_waiting = True

    def _round(self) -> None:
        """One turn: begin what is due, hear what was said, publish what is news."""
        if self._sleep.is_over():
            self._wake()
        self.scheduler.run_pending()
        self._begin()
        self._hear(min(_TICK_SECONDS, max(0.01, self.scheduler.soonest())))
        is_reading = any(each.thread or each.is_waiting for each in self._watched)
        self._publishing.begin(is_reading=is_reading)
        self._notifying.begin()

    def _wake(self) -> None:
        """Have every mailbox read soon, except those that fail: they have a time of their own."""
        self.tell(Event("woken"))
        for watched in self._watched:
            if not watched.failures:
                left = watched.job.due - self.scheduler.ticks()
                watched.job.due_in(max(0.0, min(left, self.chance() * WAKING_SECONDS)))

    def _hear(self, seconds: float) -> None:
        try:
            said = self._said.get(timeout=seconds)
        except queue.Empty:
            return
        if isinstance(said, Pass):
            self._ended(said)
        elif isinstance(said, Published):
            self.tell(self._publishing.ended(said))
            self.after_round(said.report)
            self._notifying.ask()
        elif isinstance(said, Notified):
            self._notifying.ended()
            for event in said.events():
                self.tell(event)
        elif isinstance(said, Event):
            self.tell(said)
        elif not said.failures:
            ready = said.began_at + SHORTEST_ROUND_SECONDS - self.scheduler.ticks()
            said.job.due_in(max(0.0, min(ready, said.job.due - self.scheduler.ticks())))

    def _begin(self) -> None:
        """Read those that wait, the longest waiting first; the network takes most of the time."""
        busy = [each.is_known for each in self._watched if each.thread is not None]
        waiting = (each for each in self._watched if each.is_waiting and each.thread is None)
        for watched in sorted(waiting, key=lambda each: each.began_at):
            is_new_too_many = not watched.is_known and busy.count(False) >= MOST_NEW_AT_ONCE
            if len(busy) < MOST_AT_ONCE and not is_new_too_many:
                thread = threading.Thread(target=self._read, args=(watched,), daemon=True)
                thread.start()  # may fail, and is tried again then
                watched.thread, watched.is_waiting = thread, False
                watched.began_at = self.scheduler.ticks()
                busy.append(watched.is_known)

    # -- in the thread of a mailbox ---------------------------------------------------------

    def _read(self, watched: Watched) -> None:
        again: list[float | None] = [None]
        chance, failures = self.chance(), watched.failures + 1
        quiet_seconds = self.scheduler.ticks() - watched.told_at
        is_told = failures <= TOLD_IN_FULL or quiet_seconds >= TOLD_EVERY_SECONDS

        def decide(errors: Sequence[InboxAgentError]) -> float | None:
            again[0] = again_seconds(errors, failures, chance)
            return again[0]

        try:
            attempt = Attempt(decide, self.stop, is_told, watched.untold, watched.kept)
            report, is_kept = self._passed(watched.settings, attempt)
        except SystemExit:  # asked to stop between two batches
            return
        if report.errors and again[0] is None:
            decide(report.errors)
        # a row that the mirror did not take is left by the next try, and not an hour later
        self._said.put(Pass(watched, report, again[0], is_told and is_kept))

    def _passed(self, settings: MailboxSettings, attempt: Attempt) -> tuple[Report, bool]:
        """How the pass went, and whether its story could be kept."""
        error: InboxAgentError
        try:
            with SharedMirror(self.agent.mirror_path, self._turn) as mirror:
                try:
                    return self.agent.read_mailbox(mirror, settings, None, attempt), True
                except InboxAgentError:
                    raise
                except Exception as exc:  # noqa: BLE001 - one mailbox must not cost the others
                    error = fault(exc, settings.name)
                    self.agent.keep_fault(mirror, settings.name, error, attempt)
                    return Report(errors=[error]), True
        except InboxAgentError as exc:
            error = exc
        except Exception as exc:  # noqa: BLE001
            error = fault(exc, settings.name)
        return Report(errors=[error]), False

    # -- news -------------------------------------------------------------------------------

    def _ended(self, said: Pass) -> None:
        watched, report = said.watched, said.report
        watched.thread = None
        is_failed, was_down = said.again_seconds is not None, watched.failures > 0
        watched.failures = watched.failures + 1 if is_failed else 0
        watched.untold = watched.untold + 1 if is_failed and not said.is_told else 0
        if is_failed and said.is_told:
            watched.told_at = self.scheduler.ticks()
        if said.again_seconds is not None:
            # It may have come to be due meanwhile; what failed has a time of its own.
            watched.is_waiting = False
            watched.job.due_in(said.again_seconds)
        elif self.agent.config.poll.idle and report.mailboxes_done:
            watched.idle.start()
            if was_down:
                watched.idle.hurry()
        watched.is_known |= not report.errors
        now = self.scheduler.ticks()
        waited = now - self._publishing.last_at >= self.agent.config.poll.every_seconds
        is_news = report.mailboxes_done or report.new_messages or watched.failures <= 1 or waited
        if is_news:
            self._publishing.add(report)
        name = watched.settings.name
        seconds = now - watched.began_at
        self.tell(polled(name, report.new_messages, seconds, report.errors, said.again_seconds))
        if not is_news:
            self.after_round(report)

    def _end(self) -> None:
        until = time.monotonic() + GOODBYE_SECONDS

        def left() -> float:
            return max(0.0, until - time.monotonic())

        for watched in self._watched:
            watched.idle.end(left())
            if watched.kept is not None and watched.thread is None:
                watched.kept.drop()
        threads = [each.thread for each in self._watched if each.thread is not None]
        for thread in threads:
            thread.join(left())
        has_published = self._publishing.end(left())
        has_told = self._notifying.end(left())
        is_reading = any(thread.is_alive() for thread in threads)
        is_idling = any(each.idle.is_alive() for each in self._watched)
        self.leaves_threads = is_reading or is_idling or not (has_published and has_told)
