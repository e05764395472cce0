"""One pass over one mailbox: folder after folder into the mirror, rows with their checkpoint."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from inbox_agent.config import MailboxSettings
from inbox_agent.errors import FolderUnavailable, InboxAgentError, MailboxError
from inbox_agent.mailbox import Folder, Mailbox
from inbox_agent.mirror import Checkpoint, Mirror
from inbox_agent.mirror_rows import Counts
from inbox_agent.oauth2 import Login
from inbox_agent.progress import Progress


@dataclass
class Reading:
    """One pass over one mailbox, and how it goes; a folder that fails costs that folder."""

    mirror: Mirror
    settings: MailboxSettings
    clock: Callable[[], datetime]
    progress: Progress
    stop: threading.Event = field(default_factory=threading.Event)
    folders: int = 0
    new_messages: int = 0
    unreadable: int = 0
    errors: list[InboxAgentError] = field(default_factory=list)

    @property
    def counts(self) -> Counts:
        """What was read so far."""
        return Counts(self.folders, self.new_messages, self.unreadable)

    def read(self, login: Login, since: date | None, keyword: str | None) -> None:
        """Read every folder; `keyword` is the team's mark of letters that need no reply.

        Raises MailboxError or ConfigError when the mailbox as a whole can't be read.
        """
        with Mailbox.connect(self.settings, login, since=since, clock=self.clock) as mailbox:
            folders = mailbox.folders()
            for name in mailbox.missing:
                self._missing(name)
            for folder in folders:
                self._guarded(mailbox, folder, keyword)

    def _missing(self, name: str) -> None:
        error = FolderUnavailable(
            f'mailbox "{self.settings.name}": there is no folder "{name}"; '
            "correct its name under `folders`, or make it"
        )
        self.errors.append(error)
        self._end(name, "missing", str(error))

    def _guarded(self, mailbox: Mailbox, folder: Folder, keyword: str | None) -> None:
        try:
            self._folder(mailbox, folder, keyword)
        except FolderUnavailable as exc:
            self.errors.append(exc)
            self._end(folder.name, "failed", str(exc))
        except MailboxError as exc:
            self._end(folder.name, "failed", str(exc))
            raise
        else:
            self.folders += 1
            self._end(folder.name, "ok")

    def _end(self, folder: str, state: str, error: str | None = None) -> None:
        at = self.clock()
        self.mirror.end_folder(self.settings.name, folder, at=at, state=state, error=error)

    def _folder(self, mailbox: Mailbox, folder: Folder, keyword: str | None) -> None:
        name, mirror = self.settings.name, self.mirror
        status = mailbox.examine(folder)
        begun = mirror.begin_folder(
            name, folder.name, status.uidvalidity, folder.special_use, is_sent=folder.is_sent
        )
        new = mailbox.new_uids(begun.last_uid)
        again = mirror.to_retry(name, folder.name, status.uidvalidity)
        self.progress.folder(name, folder.name, len(new) + len(again))
        self._fetch(mailbox, folder, begun, again)
        self._fetch(mailbox, folder, begun, new)
        if keyword:
            mirror.mark(name, folder.name, status.uidvalidity, mailbox.keyword_uids(keyword))
        to_come = mirror.to_retry(name, folder.name, status.uidvalidity)
        broken = len(set(mailbox.broken_over).intersection(to_come))
        if broken:  # it may be the line and not the letter: without them nothing is complete
            raise FolderUnavailable(
                f'mailbox "{name}", folder "{folder.name}": the server broke off over {broken} '
                "letters; the next poll asks for them again"
            )

    def _fetch(self, mailbox: Mailbox, folder: Folder, begun: Checkpoint, uids: list[int]) -> None:
        """Fetch in batches; each is kept together with the checkpoint that covers it."""
        for headers, missing in mailbox.fetch(folder, uids):
            seen = [header.uid for header in headers] + missing
            here = Checkpoint(begun.uidvalidity, max([begun.last_uid, *seen]))
            self.new_messages += self.mirror.add(
                self.settings.name, folder.name, here, headers, missing
            )
            self.unreadable += len(missing)
            self.progress.letters(len(seen))
            if self.stop.is_set():  # in a thread of its own; what is kept so far stays
                raise SystemExit(0)
