"""One poll, the loop around it, and the other ways to a new generation. It calls, never decides."""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import schedule

from inbox_agent import __version__
from inbox_agent.config import Config, MailboxSettings
from inbox_agent.credentials import secret
from inbox_agent.errors import AgentBusy, ConfigError, InboxAgentError, StoreError
from inbox_agent.instants import clock_sources
from inbox_agent.intake import Import, Intake
from inbox_agent.measuring import measure_all, moved_on
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_rows import Counts, Poll
from inbox_agent.privacy import Privacy
from inbox_agent.progress import Progress, Silent
from inbox_agent.published import Generation, publish
from inbox_agent.reading import Reading
from inbox_agent.sqlite_files import private_directory

MIRROR = "mirror.db"
PUBLISHED = "partners.db"
_LOCK = "agent.lock"
_TICK_SECONDS = 1.0

_Began = tuple[datetime, float]

logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Our clock, in whole seconds; the one place that reads it."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class Report:
    """How a job went: what was read, and every error, each of which cost only its own part."""

    new_messages: int = 0
    partners: int = 0
    mailboxes_done: int = 0
    errors: list[InboxAgentError] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 done; 1 a part failed and the rest was done; else the gravest when nothing was."""
        codes = [error.exit_code for error in self.errors]
        if not codes:
            return 0
        gravest = max(codes)
        if gravest >= StoreError.exit_code:
            return gravest
        return InboxAgentError.exit_code if self.mailboxes_done else gravest


@dataclass(frozen=True)
class Agent:
    """The agent of one config: owns the data directory while a job runs."""

    config: Config
    clock: Callable[[], datetime] = utc_now
    progress: Progress = field(default_factory=Silent)
    _secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def mirror_path(self) -> Path:
        """Where the private database lies."""
        return self.config.data_directory / MIRROR

    @property
    def published_path(self) -> Path:
        """Where the database that Datasette serves lies."""
        return self.config.data_directory / PUBLISHED

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Hold the data directory; raises AgentBusy when another agent does.

        The lock is the kernel's (flock), so that it goes with a process that dies.
        """
        directory = self.config.data_directory
        private_directory(directory)
        try:
            lock = (directory / _LOCK).open("w")
        except OSError as exc:
            raise StoreError(f"{directory}: {exc.strerror}: make it writable for us") from exc
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as exc:
                raise AgentBusy(
                    f"{directory}: another inbox-agent is at work here; "
                    "let it finish or stop it, then run this again"
                ) from exc
            yield

    # -- jobs -------------------------------------------------------------------------------

    def poll(self, as_of: datetime | None = None) -> Report:
        """One pass over every mailbox, then measure and publish."""
        with self.at_work():
            return self._poll(as_of)

    def _poll(self, as_of: datetime | None) -> Report:
        report = Report()
        with Mirror(self.mirror_path) as mirror:
            for settings in self.config.mailboxes:
                self._poll_mailbox(mirror, settings, as_of, report)
            if mirror.as_of():  # else nothing has ever been read, and there is nothing to say
                self._reckon(mirror, None, report)
        return report

    def rebuild(self, as_of: datetime | None = None, *, reparse: bool = False) -> Report:
        """Everything right of the mirror again; with `reparse` the kept blocks are read anew."""
        report = Report()
        with self.at_work(), Mirror(self.mirror_path) as mirror:
            if reparse:
                self._read_anew(mirror)
            self._reckon(mirror, as_of, report)
        return report

    def import_files(self, job: Import, as_of: datetime | None = None) -> Report:
        """Files into the mirror, then measure and publish; letters held already are skipped.

        A file that can't be read costs that file. Without `as_of` the import is complete up to
        its last letter when no mailbox is configured, else up to now.
        """
        report = Report()
        with self.at_work(), Mirror(self.mirror_path) as mirror:
            began = self.clock(), time.monotonic()
            intake = Intake(
                mirror, job, self.config.roster().received_by, self.clock, self.progress
            )
            for path in job.paths:
                try:
                    intake.read(path)
                except ConfigError as exc:
                    report.errors.append(exc)
            report.new_messages = intake.new_messages
            report.mailboxes_done = len(intake.folders)
            if intake.folders or intake.new_messages:
                poll = self._story(job.mailbox, began, report.errors, intake.counts)
                mirror.end_poll(poll, as_of or self._complete_until(mirror, job, intake))
                self._reckon(mirror, None, report)
        return report

    def _complete_until(self, mirror: Mirror, job: Import, intake: Intake) -> datetime | None:
        """Up to when an import makes its mailbox complete; None: what polls said stands."""
        polled = {each.name for each in self.config.mailboxes}
        if job.mailbox in polled:
            return None
        known = mirror.as_of().get(job.mailbox)
        until = self.clock() if polled else intake.last_at or self.clock()
        return max(until, known or until)

    def run(self, stop: threading.Event, after_poll: Callable[[Report], None]) -> None:
        """Poll at once and then for ever, until `stop` is set; no error ends the loop.

        Raises AgentBusy when another agent is at work.
        """
        scheduler = schedule.Scheduler()
        with self.at_work():

            def job() -> None:
                # `schedule` lets a job's exception out of its loop, which would end the agent
                try:
                    after_poll(self._poll(None))
                except InboxAgentError as exc:
                    after_poll(Report(errors=[exc]))
                except Exception:
                    logger.exception("this poll failed; the next one tries again")

            scheduler.every(self.config.poll.every_seconds).seconds.do(job)
            job()
            while not stop.wait(_TICK_SECONDS):
                scheduler.run_pending()

    # -- reading ----------------------------------------------------------------------------

    def _poll_mailbox(
        self, mirror: Mirror, settings: MailboxSettings, as_of: datetime | None, report: Report
    ) -> None:
        began = self.clock(), time.monotonic()
        errors: list[InboxAgentError] = []
        reading = Reading(mirror, settings, self.clock, self.progress)
        try:
            keyword = self.config.no_reply_needed.keyword
            reading.read(self.secret(settings), self.config.poll.since, keyword)
        except StoreError:
            raise
        except InboxAgentError as exc:
            errors.append(exc)
        errors += reading.errors
        report.new_messages += reading.new_messages
        report.mailboxes_done += reading.folders > 0
        report.errors += errors
        poll = self._story(settings.name, began, errors, reading.counts)
        mirror.end_poll(poll, as_of or poll.started_at)

    def _story(
        self, mailbox: str, began: _Began, errors: Sequence[InboxAgentError], counts: Counts
    ) -> Poll:
        """What is kept of a pass over one mailbox."""
        error = "; ".join(map(str, errors)) or None
        seconds = time.monotonic() - began[1]
        return Poll(mailbox, began[0], self.clock(), error, counts, seconds)

    def secret(self, settings: MailboxSettings) -> str:
        """The password of a mailbox, read once: a variable is gone from the environment then."""
        if settings.name not in self._secrets:
            self._secrets[settings.name] = secret(settings)
        return self._secrets[settings.name]

    # -- measuring --------------------------------------------------------------------------

    def _read_anew(self, mirror: Mirror) -> None:
        self.progress.stage("reading the kept header fields anew")
        mirror.reparse()

    def _reckon(self, mirror: Mirror, as_of: datetime | None, report: Report) -> None:
        if mirror.has_old_rows():  # of an older version, whose parser knew less
            self._read_anew(mirror)
        self.progress.stage("measuring")
        marks = self.config.no_reply_needed
        held = list(mirror.messages(marked=marks.keyword is not None, settled_folder=marks.folder))
        known = moved_on(mirror.as_of(), {each.name for each in self.config.mailboxes})
        default = as_of or min(known.values(), default=self.clock())
        instants = {mailbox: as_of or at for mailbox, at in known.items()}
        records, without_partner = measure_all(self.config, held, instants, default)
        self.progress.stage("publishing")
        publish(
            self.published_path,
            Generation(
                records=records,
                as_of=default,
                number=mirror.next_generation(),
                published_at=self.clock(),
                version=__version__,
                config_digest=self.config.digest(),
                messages=len(held),
                without_partner=without_partner,
                clock_sources=clock_sources(held, self.config.roster().received_by),
                clock=self.config.our_clock(),
                cuts=self.config.cuts(),
                privacy=self._privacy(mirror),
                polls=mirror.polls(),
                folders=mirror.folders(),
            ),
        )
        report.partners = len(records)

    def _privacy(self, mirror: Mirror) -> Privacy:
        chosen = self.config.publish
        return Privacy(chosen.people, chosen.our_people, chosen.subjects, mirror.pseudonym_key())
