"""A connection that is kept from one poll to the next, so that a poll without news costs little."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from imapclient import imap_utf7

from inbox_agent.errors import ConfigError, MailboxError
from inbox_agent.imap_folders import Choice, choose_folders, listed_folders
from inbox_agent.imap_glance import Asking, glance
from inbox_agent.imap_session import FolderStatus
from inbox_agent.mailbox import Mailbox

#: Seconds a kept connection has to answer; after that a new one is opened in its place.
GLANCE_SECONDS = 15.0
#: A server may end a connection on which nothing is said for half an hour (RFC 3501 §5.4).
LONGEST_PAUSE_SECONDS = 25 * 60
#: Folders that are not read and that nobody minds being counted: Junk, Trash, Drafts and the like.
_FEW = 10


class KeptMailbox(Mailbox):
    """A connection on which all folders can be looked at at once, while none of them is open."""

    def glance(self, *, with_modseq: bool) -> Mapping[str, FolderStatus] | None:
        """How each folder that is read stands, by its name, in one round trip.

        A folder that nothing can be told of is missing in it. None where other folders are to be
        read than before: then they are listed anew. Raises MailboxUnavailable when the connection
        is lost, as one that was kept often is.
        """
        known = self._chosen()
        asking = Asking(
            by_list=self._offers.has_list_status and _are_few(known),
            with_special_use=self._offers.has_special_use,
            with_modseq=with_modseq and self._offers.has_modseq,
        )
        with self._session.talking() as connection:
            usual = connection.operation_seconds
            connection.operation_seconds = GLANCE_SECONDS
            lines, found = glance(connection, [each.raw for each in known.folders], asking)
            connection.operation_seconds = usual
        listed = listed_folders(lines, imap_utf7.decode)
        self._choice = None
        with suppress(ConfigError):  # which the ordinary way will raise
            self._choice = choose_folders(self._settings, listed, self._offers.is_gmail)
        if self._choice != known:
            self._choice = None
            return None
        return {each.name: found[each.raw] for each in known.folders if each.raw in found}

    def rest(self) -> bool:
        """Leave the open folder without a change to it; whether the connection can be kept.

        STATUS is not to be asked of a folder that is open (RFC 3501 §6.3.10).
        """
        if not self._session.is_examined:
            return True
        return self._offers.has_unselect and self._session.leave()

    def drop(self) -> None:
        """End the connection without a word."""
        self._session.drop()


def _are_few(choice: Choice) -> bool:
    """Whether the folders that are not read are few: a server has to look into each of them."""
    left = len(choice.listed) - len(choice.folders)
    return left <= max(_FEW, len(choice.folders))


class Kept:
    """The connection of one mailbox between two passes of one process."""

    def __init__(self) -> None:
        self._mailbox: KeptMailbox | None = None
        self._has_read = False
        self._is_disliked = False

    def looked_around(
        self, connect: Callable[[], KeptMailbox], *, with_modseq: bool
    ) -> tuple[KeptMailbox, Mapping[str, FolderStatus]]:
        """A connection, the kept one if it holds, and how each folder stands by one look at all.

        A connection that is kept may get lost: that is no error of the mailbox. Before the first
        pass of this process, and where a server breaks off over the look, nothing is said of any
        folder: then each is opened. Raises as `connect` and as `KeptMailbox.folders` do.
        """
        kept, self._mailbox = self._mailbox, None
        if kept is not None:
            with suppress(MailboxError):
                return kept, kept.glance(with_modseq=with_modseq) or {}
        mailbox = connect()
        if not self._has_read or self._is_disliked:
            return mailbox, {}
        try:
            return mailbox, mailbox.glance(with_modseq=with_modseq) or {}
        except MailboxError:
            self._is_disliked = True
        except BaseException:
            mailbox.drop()
            raise
        return connect(), {}

    def keep(self, mailbox: KeptMailbox) -> bool:
        """After a whole pass: keep its connection if that can be; else the caller closes it."""
        self._has_read = True
        with suppress(MailboxError):
            if mailbox.rest():
                self._mailbox = mailbox
        return self._mailbox is not None

    def drop(self) -> None:
        """End it without a word."""
        if self._mailbox is not None:
            self._mailbox.drop()
        self._mailbox = None
