"""One poll and the other ways to a new generation. It calls, never decides."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from inbox_agent.config import Config, MailboxSettings
from inbox_agent.data_lock import holding
from inbox_agent.errors import ConfigError, InboxAgentError, StoreError
from inbox_agent.generations import Job
from inbox_agent.intake import Import, Intake
from inbox_agent.kept_mailbox import Kept
from inbox_agent.measuring import moved_on
from inbox_agent.measuring_processes import process_count, uncollected
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_history import whole_mailboxes
from inbox_agent.news_generation import publish_news
from inbox_agent.oauth2 import Login, login_of
from inbox_agent.poll_rows import Counts, Poll
from inbox_agent.privacy import Privacy
from inbox_agent.progress import Progress, Silent
from inbox_agent.reading import Reading
from inbox_agent.sorting import Instants, NotSureError
from inbox_agent.sqlite_files import is_damaged, store_errors
from inbox_agent.whole_generation import publish_all
from inbox_agent.whole_in_parts import is_much, publish_in_parts

MIRROR = "mirror.db"
PUBLISHED = "partners.db"
_ISO = "%Y-%m-%dT%H:%M:%SZ"

_Began = tuple[datetime, float]


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

    def add(self, other: Report) -> None:
        """Take in how another part of the job went."""
        self.new_messages += other.new_messages
        self.mailboxes_done += other.mailboxes_done
        self.errors += other.errors

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
class Attempt:
    """One of many passes over a mailbox: seconds until the next after errors, and who ends it.

    `is_told`: whether a row of `polls` is kept if it fails, too; `untold`: how many failed tries
    right before it left none.
    """

    again_seconds: Callable[[Sequence[InboxAgentError]], float | None] = lambda _: None
    stop: threading.Event = field(default_factory=threading.Event)
    is_told: bool = True
    untold: int = 0
    #: Where the connection is between two passes; None: each pass opens one of its own.
    kept: Kept | None = None


@dataclass(frozen=True)
class Agent:
    """The agent of one config: owns the data directory while a job runs."""

    config: Config
    clock: Callable[[], datetime] = utc_now
    progress: Progress = field(default_factory=Silent)
    #: When letters are fetched; by default our clock. What came later than that is of no use.
    fetch_clock: Callable[[], datetime] | None = None
    _secrets: dict[str, Login] = field(default_factory=dict, repr=False)
    _sound: set[Path] = field(default_factory=set, repr=False, compare=False)
    _secrets_locks: dict[str, threading.Lock] = field(
        default_factory=dict, repr=False, compare=False
    )

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
        """Hold the data directory; raises AgentBusy when another agent does."""
        with holding(self.config.data_directory):
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
                report.add(self.read_mailbox(mirror, settings, as_of))
            self.publish(mirror, report)
        return report

    def publish(self, mirror: Mirror, report: Report, *, is_empty_too: bool = False) -> None:
        """Measure and publish what is held; where nothing was ever read there is nothing to say.

        `is_empty_too`: it is said all the same, over what was published before.
        """
        if is_empty_too or mirror.as_of():
            self._reckon(mirror, None, report)

    def rebuild(self, as_of: datetime | None = None, *, reparse: bool = False) -> Report:
        """Everything right of the mirror again; with `reparse` the kept blocks are read anew."""
        report = Report()
        with self.at_work(), Mirror(self.mirror_path) as mirror:
            if reparse:
                self._read_anew(mirror)
            self._reckon(mirror, as_of, report, is_anew=True)
        return report

    def import_files(self, job: Import, as_of: datetime | None = None) -> Report:
        """Files into the mirror, then measure and publish; letters held already are skipped.

        A file that can't be read costs that file. Without `as_of` the import is complete up to
        its last letter when no mailbox is configured, else up to now.
        """
        report = Report()
        with self.at_work(), Mirror(self.mirror_path) as mirror:
            began = self.clock(), time.monotonic()
            hosts, texts = self.config.roster().received_by, self.config.text_languages
            intake = Intake(mirror, job, hosts, self.clock, self.progress, texts)
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

    # -- reading ----------------------------------------------------------------------------

    def read_mailbox(
        self,
        mirror: Mirror,
        settings: MailboxSettings,
        as_of: datetime | None,
        attempt: Attempt | None = None,
    ) -> Report:
        """One pass over one mailbox, and its story; errors of the server are in the report.

        Raises StoreError; what else it raises is a fault of this program.
        """
        began, attempt = (self.clock(), time.monotonic()), attempt or Attempt()
        clock, texts = self.fetch_clock or self.clock, self.config.text_languages
        reading = Reading(mirror, settings, clock, self.progress, attempt.stop, texts)
        errors: list[InboxAgentError] = []
        try:
            keyword = self.config.no_reply_needed.keyword
            since = self.config.poll.since
            reading.read(self.secret(settings), since, keyword, attempt.kept)
        except StoreError:
            raise
        except InboxAgentError as exc:
            errors.append(exc)
        errors += reading.errors
        poll = self._story(settings.name, began, errors, reading.counts, attempt)
        if attempt.is_told or not errors or reading.new_messages:
            mirror.end_poll(poll, as_of or poll.started_at)
        return Report(reading.new_messages, 0, int(reading.folders > 0), errors)

    def keep_fault(
        self, mirror: Mirror, mailbox: str, error: InboxAgentError, attempt: Attempt
    ) -> None:
        """Keep the story of a pass that ended with a fault of this program."""
        began = self.clock(), time.monotonic()
        poll = self._story(mailbox, began, [error], Counts(0, 0, 0), attempt)
        if attempt.is_told:
            mirror.end_poll(poll, None)

    def _story(
        self,
        mailbox: str,
        began: _Began,
        errors: Sequence[InboxAgentError],
        counts: Counts,
        attempt: Attempt | None = None,
    ) -> Poll:
        """What is kept of a pass over one mailbox."""
        ended_at, said = self.clock(), [*map(str, errors)]
        if attempt and errors and attempt.untold:
            said.append(f"{attempt.untold} more tries failed since the row before")
        again = attempt.again_seconds(errors) if attempt and errors else None
        if again is not None:
            said.append(f"next try at {ended_at + timedelta(seconds=round(again)):{_ISO}}")
        seconds = time.monotonic() - began[1]
        return Poll(mailbox, began[0], ended_at, "; ".join(said) or None, counts, seconds)

    def secret(self, settings: MailboxSettings) -> Login:
        """What a mailbox is logged in with: tokens, or the password.

        A password is read once: a variable is gone from the environment then.
        """
        if settings.name not in self._secrets:
            # A command or a keyring may take its time: nobody waits for that of another mailbox.
            with self._secrets_locks.setdefault(settings.name, threading.Lock()):
                if settings.name not in self._secrets:
                    self._secrets[settings.name] = login_of(settings, self.clock)
        return self._secrets[settings.name]

    # -- measuring --------------------------------------------------------------------------

    def _read_anew(self, mirror: Mirror) -> None:
        self.progress.stage("reading the kept header fields anew")
        mirror.reparse()

    def _reckon(
        self, mirror: Mirror, as_of: datetime | None, report: Report, *, is_anew: bool = False
    ) -> None:
        if mirror.has_old_rows():  # of an older version, whose parser knew less
            self._read_anew(mirror)
        # First how far the mailboxes are read, then the letters: another thread may go on reading.
        known = moved_on(mirror.as_of(), {each.name for each in self.config.mailboxes})
        default = as_of or min(known.values(), default=self.clock())
        instants = Instants({box: as_of or at for box, at in known.items()}, default)
        # An instant that somebody named is no poll: what it shows raises and clears nothing.
        whole = frozenset[str]() if as_of else whole_mailboxes(mirror)
        path, privacy = self.published_path, self.privacy(mirror)
        stage = self.progress.stage
        job = Job(self.config, mirror, path, instants, self.clock, privacy, whole, stage)
        with uncollected():
            report.partners = self._published(job, keeps=as_of is None, is_anew=is_anew)

    def _published(self, job: Job, *, keeps: bool, is_anew: bool) -> int:
        """The next generation: out of the one before where that is sure, else of all held."""
        if keeps and not is_anew and self._is_sound(job.path):
            with suppress(NotSureError):
                return publish_news(job, process_count())
        if is_much(job):
            return publish_in_parts(job, process_count(), keeps=keeps)
        return publish_all(job, keeps=keeps)

    def _is_sound(self, path: Path) -> bool:
        """Whether what is published is sound; looked for once in the life of the agent."""
        if path not in self._sound:
            with store_errors(path):
                if not path.exists() or is_damaged(path):
                    return False
            self._sound.add(path)
        return True

    def privacy(self, mirror: Mirror) -> Privacy:
        """What may be seen of people and subjects outside the mirror."""
        chosen = self.config.publish
        return Privacy(chosen.people, chosen.our_people, chosen.subjects, mirror.pseudonym_key())
