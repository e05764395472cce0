"""One pass over one mailbox: folder after folder into the mirror, rows with their checkpoint."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial

from inbox_agent.config import MailboxSettings
from inbox_agent.errors import FolderUnavailable, InboxAgentError, MailboxError
from inbox_agent.folder_pass import FolderPass, Job, Tally
from inbox_agent.imap_session import FolderStatus
from inbox_agent.kept_mailbox import Kept, KeptMailbox
from inbox_agent.mailbox import Folder, Mailbox
from inbox_agent.mirror import Mirror
from inbox_agent.oauth2 import Login
from inbox_agent.poll_rows import Counts
from inbox_agent.progress import Progress
from inbox_agent.row_making import RowMaker


@dataclass
class Reading:
    """One pass over one mailbox, and how it goes; a folder that fails costs that folder.

    Texts are looked at where `languages` are given, in these.
    """

    mirror: Mirror
    settings: MailboxSettings
    clock: Callable[[], datetime]
    progress: Progress
    stop: threading.Event = field(default_factory=threading.Event)
    languages: frozenset[str] | None = None
    folders: int = 0
    tally: Tally = field(default_factory=Tally)
    errors: list[InboxAgentError] = field(default_factory=list)

    @property
    def new_messages(self) -> int:
        """Letters that were not held before."""
        return self.tally.new_messages

    @property
    def counts(self) -> Counts:
        """What was read so far."""
        return Counts(self.folders, self.tally.new_messages, self.tally.unreadable)

    def read(
        self, login: Login, since: date | None, keyword: str | None, kept: Kept | None = None
    ) -> None:
        """Read every folder; `keyword` is the team's mark of letters that need no reply.

        `kept` is where the connection of the last pass is, and where this one goes. On it folders
        in which nothing has changed are not opened. Raises MailboxError or ConfigError when the
        mailbox as a whole can't be read.
        """
        connect = partial(KeptMailbox.connect, self.settings, login, since=since, clock=self.clock)
        now, is_marked = self.clock(), keyword is not None
        mailbox, seen = (kept or Kept()).looked_around(connect, with_modseq=is_marked)
        with ExitStack() as stack:
            stack.push(mailbox)
            with RowMaker() as rows:
                job = Job(
                    mirror=self.mirror,
                    mailbox=mailbox,
                    name=self.settings.name,
                    now=now,
                    progress=self.progress,
                    stop=self.stop,
                    rows=rows,
                    keyword=keyword,
                    since=since,
                    tally=self.tally,
                    languages=self.languages,
                )
                self._pass(job, mailbox, seen)
            if kept is not None and kept.keep(mailbox):
                stack.pop_all()

    def _pass(self, job: Job, mailbox: Mailbox, seen: Mapping[str, FolderStatus]) -> None:
        folders = mailbox.folders()
        for name in mailbox.missing:
            self._missing(name)
        self._folders(job, folders, seen)
        self._others(mailbox, {folder.name for folder in folders}, job.now)

    def _folders(
        self, job: Job, folders: Sequence[Folder], seen: Mapping[str, FolderStatus]
    ) -> None:
        quiet = []
        for folder in folders:
            status = seen.get(folder.name)
            if status is not None and FolderPass(job, folder).is_quiet(status):
                quiet.append(folder.name)
            else:
                self._guarded(job, folder)
        self.folders += len(quiet)
        self.mirror.still_complete(self.settings.name, quiet, self.clock())

    def _missing(self, name: str) -> None:
        error = FolderUnavailable(
            f'mailbox "{self.settings.name}": there is no folder "{name}"; '
            "correct its name under `folders`, or make it"
        )
        self.errors.append(error)
        self._end(name, "missing", str(error))

    def _others(self, mailbox: Mailbox, chosen: set[str], now: datetime) -> None:
        """Folders we hold letters of and do not read any more; what is held stays."""
        for known in self.mirror.server_folders(self.settings.name):
            here = (self.settings.name, known.name)
            if known.name in chosen:
                continue
            if known.name in mailbox.listed:
                self.mirror.leave_folder(*here, "left out")
                continue
            if known.name not in mailbox.missing:
                self.mirror.leave_folder(*here, "gone")
            self.mirror.miss_folder(*here, now)

    def _guarded(self, job: Job, folder: Folder) -> None:
        try:
            snapshot = FolderPass(job, folder).read()
        except FolderUnavailable as exc:
            self.errors.append(exc)
            self._end(folder.name, "failed", str(exc))
        except MailboxError as exc:
            self._end(folder.name, "failed", str(exc))
            raise
        else:
            self.folders += 1
            here = (self.settings.name, folder.name)
            self.mirror.complete_folder(*here, at=self.clock(), snapshot=snapshot)

    def _end(self, folder: str, state: str, error: str) -> None:
        at = self.clock()
        self.mirror.end_folder(self.settings.name, folder, at=at, state=state, error=error)
