"""One pass over one folder: what is new, what is gone, who has the mark; then the checkpoint."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from inbox_agent.errors import FolderUnavailable, MailboxError
from inbox_agent.folder_compare import compared
from inbox_agent.folder_keeping import Keeping
from inbox_agent.imap_batches import batch_for
from inbox_agent.imap_commands import MAX_UID
from inbox_agent.mailbox import Folder, FolderStatus, Mailbox
from inbox_agent.mirror import Checkpoint, Mirror, Presence, Snapshot
from inbox_agent.progress import Progress
from inbox_agent.renames import former_name
from inbox_agent.reused_uids import reused_uids
from inbox_agent.row_making import MANY_LETTERS, RowMaker
from inbox_agent.sync_plan import (
    COMPARE_EVERY,
    GONE_AFTER,
    Found,
    Known,
    Plan,
    adds_up,
    generation,
    plan,
    went_back,
)


@dataclass
class Tally:
    """What the passes over a mailbox's folders read so far."""

    new_messages: int = 0
    unreadable: int = 0


@dataclass(frozen=True)
class Job:
    """What is the same for every folder of a mailbox; `name` is the mailbox's.

    `now` is when the pass began. `keyword` is the team's mark, `since` the day before which
    nothing is looked for. `languages`: those in which texts are looked at, if they are.
    """

    mirror: Mirror
    mailbox: Mailbox
    name: str
    now: datetime
    progress: Progress
    stop: threading.Event
    rows: RowMaker
    keyword: str | None = None
    since: date | None = None
    tally: Tally = field(default_factory=Tally)
    languages: frozenset[str] | None = None


class FolderPass:
    """One pass over one folder. Every step may be cut short and is then done again."""

    def __init__(self, job: Job, folder: Folder) -> None:
        self._job, self._folder = job, folder
        self._mirror, self._mailbox = job.mirror, job.mailbox
        self._where = job.name, folder.name
        self._now = job.now
        self._has_fetched = False

    def read(self) -> Snapshot:
        """Read the folder; gives what is to be kept as its checkpoint now that all is well.

        Raises FolderUnavailable, MailboxUnavailable.
        """
        status = self._mailbox.examine(self._folder)
        found = self._found(status)
        self._follow_rename(found)
        before = self._mirror.known(*self._where)
        todo = plan(before, found, self._now, self._job.keyword)
        known = generation(before, found, self._now)
        begun = self._begin(found)
        if went_back(before, found):
            begun = self._part_with_reused(found)
        listed = self._read_new(begun, todo)
        compared_at, note = self._look_for_gone(begun, known, found, todo, listed)
        self._confirm(found)
        self._mark(found, todo)
        self._must_not_have_broken(found)
        self._settle_older(found, todo)
        return Snapshot(found, compared_at, self._job.keyword, note)

    def is_quiet(self, status: FolderStatus) -> bool:
        """Whether `read` would ask and change nothing, by what STATUS says of the folder.

        What it does not say (a mod-sequence, where no mark is looked for) is taken as unchanged.
        """
        before, found = self._mirror.known(*self._where), self._found(status)
        todo = plan(before, found, self._now, self._job.keyword)
        return todo == Plan(None, "no", asks_marks=False) and self._mirror.is_finished(*self._where)

    def _part_with_reused(self, found: Found) -> Checkpoint:
        """Where numbers that only grow went down, uids may mean other letters than we hold."""
        presence = self._presence(found.uidvalidity)
        uids = reused_uids(self._mirror, presence, self._mailbox, self._folder, found)
        presence.part_with(uids, found.uidnext)
        return self._mirror.checkpoint(*self._where)

    def _follow_rename(self, found: Found) -> None:
        """What we hold under a name that is no longer listed may be this folder."""
        if self._mirror.checkpoint(*self._where).uidvalidity is not None:
            return
        was = former_name(self._mirror, self._mailbox, self._job.name, self._folder, found)
        if was is not None:
            until = f"was {was} until {self._now:%Y-%m-%d}"
            self._mirror.rename_folder(self._job.name, was, self._folder.name, until)

    def _found(self, status: FolderStatus) -> Found:
        return Found(
            uidvalidity=status.uidvalidity,
            uidnext=status.uidnext,
            exists=status.exists,
            modseq=status.modseq,
            tells_vanished=self._mailbox.tells_vanished,
            mailbox_id=status.mailbox_id,
        )

    def _presence(self, uidvalidity: int | None) -> Presence:
        return self._mirror.presence(*self._where, uidvalidity or 0)

    def _begin(self, found: Found) -> Checkpoint:
        use, is_sent = self._folder.special_use, self._folder.is_sent
        return self._mirror.begin_folder(*self._where, found.uidvalidity, use, is_sent=is_sent)

    # -- what is new ------------------------------------------------------------------------

    def _read_new(self, begun: Checkpoint, todo: Plan) -> list[int]:
        """Fetch what came, and what could not be fetched before; gives all uids searched for."""
        listed: list[int] = []
        new: list[int] = []
        if todo.search_from is not None:
            listed = self._mailbox.new_uids(todo.search_from - 1)
            known = self._presence(begun.uidvalidity).known(todo.search_from, MAX_UID)
            new = [uid for uid in listed if uid not in known]
        here = (*self._where, begun.uidvalidity or 0)
        again, last = self._mirror.to_retry(*here), self._mirror.on_last_try(*here)
        self._job.progress.folder(*self._where, len(new) + len(again))
        # A text over which the server breaks off is not worth its letter.
        self._fetch(begun, [uid for uid in again if uid in last], with_texts=False)
        self._fetch(begun, [uid for uid in again if uid not in last])
        self._fetch(begun, new)
        return listed

    def _fetch(self, begun: Checkpoint, uids: list[int], *, with_texts: bool = True) -> None:
        """Fetch in batches; they are kept together with the checkpoint that covers them."""
        job = self._job
        languages = job.languages if with_texts else None
        job.rows.expect(len(uids))
        is_large = len(uids) >= MANY_LETTERS
        keeping = Keeping(self._mirror, self._where, begun, job.rows, self._tell, is_large)
        try:
            for headers, missing in self._mailbox.fetch(
                self._folder, uids, batch=batch_for(len(uids)), languages=languages
            ):
                keeping.take(headers, missing)
                self._has_fetched = self._has_fetched or bool(headers)
                if job.stop.is_set():  # in a thread of its own; what is kept so far stays
                    break
        except MailboxError:
            keeping.finish()
            raise
        keeping.finish()
        if job.stop.is_set():
            raise SystemExit(0)

    def _tell(self, new: int, unreadable: int, seen: int) -> None:
        """So many letters are held now."""
        self._job.tally.new_messages += new
        self._job.tally.unreadable += unreadable
        self._job.progress.letters(seen)

    def _must_not_have_broken(self, found: Found) -> None:
        to_come = self._mirror.to_retry(*self._where, found.uidvalidity)
        broken = len(set(self._mailbox.broken_over).intersection(to_come))
        if broken:  # it may be the line and not the letter: without them nothing is complete
            raise FolderUnavailable(
                f'mailbox "{self._job.name}", folder "{self._folder.name}": the server broke off '
                f"over {broken} letters; the next poll asks for them again"
            )

    # -- what is gone -----------------------------------------------------------------------

    def _look_for_gone(
        self, begun: Checkpoint, known: Known, found: Found, todo: Plan, listed: list[int]
    ) -> tuple[datetime | None, str | None]:
        """Mark what is missing; gives when the folder was last compared, and what is doubtful."""
        if todo.compare == "no":
            return known.compared_at, None
        if todo.compare != "full":
            gone = self._vanished(known) if todo.compare == "vanished" else 0
            if gone is not None and adds_up(known, found, listed, gone):
                return known.compared_at, None
        return self._compare(begun, known, found)

    def _vanished(self, known: Known) -> int | None:
        """How many of the letters known are gone by the server's word; None: it can't tell."""
        ranges = self._mailbox.vanished(known.modseq or 0)
        if ranges is None:
            return None
        return self._presence(known.uidvalidity).miss(ranges, self._now)

    def _compare(
        self, begun: Checkpoint, known: Known, found: Found
    ) -> tuple[datetime | None, str | None]:
        """Compare the uids of the whole folder; a listing that does not add up proves nothing."""
        presence = self._presence(found.uidvalidity)
        done = compared(self._mailbox.listing(), presence, found)
        presence.end_missing(done.back, (), self._now)
        if known.compared_at is not None and self._now - known.compared_at >= COMPARE_EVERY:
            presence.ask_again()
        self._fetch(begun, self._wanted(done.unknown))
        if done.listed != found.exists:
            return None, (
                f"the server says that it has {found.exists} letters and lists {done.listed}: "
                "which of them are gone can't be told yet"
            )
        presence.miss(((uid, uid) for uid in done.missing), self._now)
        return self._now, None

    def _wanted(self, unknown: list[int]) -> list[int]:
        if not unknown or self._job.since is None:
            return unknown
        recent = set(self._mailbox.new_uids(0))
        return [uid for uid in unknown if uid in recent]

    def _confirm(self, found: Found) -> None:
        """Look a second time for what is missing for a while; only then it is gone.

        A letter that should be there is asked for with them: an answer that lacks it, too, is
        worth nothing.
        """
        presence = self._presence(found.uidvalidity)
        ripe = [uid for uid, at in presence.missing().items() if self._now - at >= GONE_AFTER]
        if not ripe:
            return
        witness = presence.highest() if found.exists else None
        there = self._mailbox.still_there(ripe if witness is None else [*ripe, witness])
        if witness is None or witness in there:
            back = [uid for uid in ripe if uid in there]
            presence.end_missing(back, set(ripe).difference(back), self._now)

    def _settle_older(self, found: Found, todo: Plan) -> None:
        """Letters of an older UIDVALIDITY that this one has not, once it is wholly read."""
        presence, since = self._presence(found.uidvalidity), self._job.since
        if presence.is_whole():
            day = datetime.combine(since, time(), UTC) if since else None
            is_read = self._has_fetched or todo.compare != "no"
            presence.settle_older(self._now, day, is_read_anew=is_read)

    # -- the team's mark --------------------------------------------------------------------

    def _mark(self, found: Found, todo: Plan) -> None:
        keyword = self._job.keyword
        if keyword and (todo.asks_marks or self._has_fetched):
            uids = self._mailbox.keyword_uids(keyword)
            here = (*self._where, found.uidvalidity)
            self._mirror.mark(*here, uids, self._mailbox.still_there)
