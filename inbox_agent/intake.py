"""Letters from files into the mirror, as if a mailbox had been read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Literal

from inbox_agent.delivery_reports import kept_report
from inbox_agent.errors import ConfigError
from inbox_agent.header_block import kept_fields
from inbox_agent.instants import choose_at
from inbox_agent.mail_files import FiledLetter
from inbox_agent.mail_folders import MailFolder, mail_folders
from inbox_agent.messages import HEADER_FIELDS, FetchedHeader, Message, parse_message
from inbox_agent.mirror import Checkpoint, Mirror
from inbox_agent.poll_rows import Counts
from inbox_agent.progress import Progress
from inbox_agent.text_signs import signs_of_letter
from inbox_agent.undelivered import may_be_report
from inbox_agent.worth_reading import is_worth_reading

ReceivedFrom = Literal["received", "envelope", "date"]

#: Files have no UIDVALIDITY; a server's is never 0 (RFC 3501 §9, nz-number).
_GENERATION = 0
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Import:
    """What is to be imported, and how its arrival times are known.

    `is_sent`: the files hold what the team sent, as a Sent folder does.
    """

    paths: tuple[Path, ...]
    mailbox: str
    folder: str | None
    received_from: ReceivedFrom
    is_sent: bool


@dataclass
class Intake:
    """One import as it goes; `last_at` is the instant of the latest letter of its files.

    Texts are looked at where `languages` are given, in these.
    """

    mirror: Mirror
    job: Import
    received_by: frozenset[str]
    clock: Callable[[], datetime]
    progress: Progress
    languages: frozenset[str] | None = None
    new_messages: int = 0
    last_at: datetime | None = None
    folders: set[str] = field(default_factory=set)

    @property
    def counts(self) -> Counts:
        """What was read so far."""
        return Counts(len(self.folders), self.new_messages)

    def read(self, path: Path) -> None:
        """Read what a path holds: an mbox file, a letter, a Maildir or a folder of letters.

        Each folder in it is one of the mailbox, named by `mail_folders` or by ``--folder``.
        Raises ConfigError when it is no mail. Of a file that breaks off, the whole batches
        before that are kept; of none, nothing is. A folder that fails costs that folder.
        """
        folders = mail_folders(path)
        if self.job.folder and len(folders) > 1:
            raise ConfigError(
                f"{path}: holds {len(folders)} folders; leave out --folder, or import the folders "
                "one by one"
            )
        errors = []
        for folder in folders:
            try:
                self._folder(self.job.folder or folder.name, folder)
            except ConfigError as exc:
                errors.append(str(exc))
        if errors:
            raise ConfigError("; ".join(errors))

    def _folder(self, name: str, folder: MailFolder) -> None:
        first = list(islice(folder.letters, 1))
        uid = self._begin(name)
        try:
            self._read(chain(first, folder.letters), name, uid)
        except ConfigError as exc:
            self._end(name, "failed", str(exc))
            raise
        self._end(name, "imported")
        self.folders.add(name)

    def _end(self, folder: str, state: str, error: str | None = None) -> None:
        at = self.clock()
        self.mirror.end_folder(self.job.mailbox, folder, at=at, state=state, error=error)

    def _read(self, letters: Iterable[FiledLetter], folder: str, uid: int) -> None:
        """Keep the letters that are not held yet, in batches; `uid` is the last one given."""
        held, keeper = self.mirror.held_digests(self.job.mailbox, folder), self.mirror.keeper()
        self.progress.folder(self.job.mailbox, folder, 0)
        batch: list[FetchedHeader] = []
        for letter in letters:
            header, message = self._header(letter, folder, uid + 1)
            self._look_at(message)
            kept = keeper.kept(header)
            if kept is None:
                continue
            digest = message.digest if kept is header else parse_message(kept).digest
            if digest not in held:
                held.add(digest)
                uid += 1
                batch.append(kept)
            if len(batch) == _BATCH:
                self._keep(folder, batch)
                batch = []
        self._keep(folder, batch)

    def _begin(self, folder: str) -> int:
        mailbox = self.job.mailbox
        known = self.mirror.checkpoint(mailbox, folder)
        if known.uidvalidity not in (None, _GENERATION):
            raise ConfigError(
                f'mailbox "{mailbox}": its folder "{folder}" is read from the server; '
                "choose another --folder for the import"
            )
        return self.mirror.begin_folder(
            mailbox, folder, _GENERATION, None, is_sent=self.job.is_sent
        ).last_uid

    def _header(self, letter: FiledLetter, folder: str, uid: int) -> tuple[FetchedHeader, Message]:
        header = FetchedHeader(
            mailbox=self.job.mailbox,
            folder=folder,
            uidvalidity=_GENERATION,
            uid=uid,
            received_at=None,
            size_octets=letter.size_octets,
            block=kept_fields(letter.block, self.received_by, self.job.is_sent, HEADER_FIELDS),
            fetched_at=self.clock(),
        )
        message = parse_message(header, is_sent_copy=self.job.is_sent)
        if may_be_report(message):
            header = replace(header, report=kept_report(letter.start))
        if self.languages and is_worth_reading(message):
            header = replace(header, text_signs=signs_of_letter(letter.start, self.languages))
        arrived_at = self._arrived_at(letter, message)
        return replace(header, received_at=arrived_at), replace(message, received_at=arrived_at)

    def _arrived_at(self, letter: FiledLetter, message: Message) -> datetime | None:
        if self.job.received_from == "received":
            return message.received[0][1] if message.received else None
        return letter.envelope_at if self.job.received_from == "envelope" else message.sent_at

    def _look_at(self, message: Message) -> None:
        at, _ = choose_at(message, self.received_by)
        if at is not None and (self.last_at is None or at > self.last_at):
            self.last_at = at

    def _keep(self, folder: str, batch: Sequence[FetchedHeader]) -> None:
        if batch:
            here = Checkpoint(_GENERATION, batch[-1].uid)
            self.new_messages += self.mirror.add(self.job.mailbox, folder, here, batch)
            self.progress.letters(len(batch))
