"""The connection that is kept between two passes: lost ones, servers that will not be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

import pytest
from scripted_mailbox import settings
from scripted_socket import HANG_UP, Answer, ScriptedServer, scripted

from inbox_agent.imap_session import FolderStatus
from inbox_agent.kept_mailbox import Kept, KeptMailbox

NOW = datetime(2024, 6, 28, 12, 0, tzinfo=UTC)
AT_ONCE = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN LIST-STATUS UNSELECT\r\n{tag} OK done"
ONE_BY_ONE = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN UNSELECT\r\n{tag} OK done"
FOLDERS = b'* LIST () "/" INBOX\r\n* LIST (\\Sent) "/" Sent\r\n'
BOTH = (
    b"* STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7)\r\n"
    b'* STATUS "Sent" (UIDVALIDITY 8 UIDNEXT 1 MESSAGES 0)\r\n'
)


@contextmanager
def serving(
    offers: bytes = AT_ONCE, **answers: Answer
) -> Iterator[tuple[Callable[[], KeptMailbox], ScriptedServer]]:
    with scripted({"CAPABILITY": offers, "UNSELECT": b"{tag} OK left", **answers}) as server:
        login = settings(server.port), "open-sesame"
        yield partial(KeptMailbox.connect, *login, clock=lambda: NOW), server


def listing(status: bytes) -> bytes:
    """Both folders; how they stand only where that is asked for."""
    return FOLDERS + status + b"{tag} OK done"


STANDS = {"INBOX": FolderStatus(7, 4, 3), "Sent": FolderStatus(8, 1, 0)}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (BOTH, ["INBOX", "Sent"]),
        (BOTH.upper().replace(b"SENT", b"Sent"), ["INBOX", "Sent"]),
        # no UIDVALIDITY, no UIDNEXT, a number of 33 bits, no number at all, another folder
        (BOTH.replace(b"UIDVALIDITY 7", b"RECENT 7"), ["Sent"]),
        (BOTH.replace(b"UIDNEXT 4", b"UNSEEN 4"), ["Sent"]),
        (BOTH.replace(b"UIDVALIDITY 7", b"UIDVALIDITY 4294967296"), ["Sent"]),
        (BOTH.replace(b"MESSAGES 3", b"MESSAGES many"), ["Sent"]),
        (BOTH.replace(b"INBOX", b"Other"), ["Sent"]),
        (BOTH.replace(b"INBOX", b"{5}\r\nINBOX"), ["Sent"]),
        (b"", []),
    ],
)
def test_of_a_folder_whose_status_cannot_be_read_nothing_is_told(
    status: bytes, told: list[str]
) -> None:
    with serving(LIST=listing(status)) as (connect, _), connect() as mailbox:
        found = mailbox.glance(with_modseq=False)
    assert found == {name: STANDS[name] for name in told}


def test_where_list_cannot_bring_it_each_folder_is_asked_about_in_one_write() -> None:
    with (
        serving(ONE_BY_ONE, LIST=listing(b""), STATUS=BOTH + b"{tag} OK done") as (connect, server),
        connect() as mailbox,
    ):
        mailbox.folders()
        server.commands.clear()
        assert mailbox.glance(with_modseq=False) == STANDS
    assert server.commands[:3] == [
        b'LIST "" "*"',
        b'STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)',
        b'STATUS "Sent" (MESSAGES UIDNEXT UIDVALIDITY)',
    ]


def test_a_folder_whose_status_is_refused_costs_only_itself() -> None:
    refused = b"* STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7)\r\n{tag} NO not now"
    with (
        serving(ONE_BY_ONE, LIST=listing(b""), STATUS=refused) as (connect, _),
        connect() as mailbox,
    ):
        assert mailbox.glance(with_modseq=False) == {"INBOX": STANDS["INBOX"]}


def test_other_folders_than_before_are_for_the_ordinary_way() -> None:
    more = iter([FOLDERS, FOLDERS + b'* LIST () "/" New\r\n', FOLDERS])

    def lists(_: bytes) -> bytes:
        return next(more) + BOTH + b"{tag} OK done"

    with serving(LIST=lists) as (connect, _), connect() as mailbox:
        mailbox.folders()
        assert mailbox.glance(with_modseq=False) is None
        assert [each.name for each in mailbox.folders()] == ["INBOX", "Sent"]


def test_a_kept_connection_that_is_lost_is_opened_anew_and_no_error() -> None:
    kept, answers = Kept(), iter([listing(b""), HANG_UP, listing(b""), listing(BOTH)])

    with serving(LIST=lambda _: next(answers)) as (connect, _):
        first, seen = kept.looked_around(connect, with_modseq=False)
        assert seen == {}  # before the first pass nothing is taken as unchanged
        first.folders()
        assert kept.keep(first)
        second, seen = kept.looked_around(connect, with_modseq=False)
        assert (second is first, seen) == (False, STANDS)
        second.close()


def test_a_server_that_breaks_off_over_the_look_is_not_asked_again() -> None:
    kept = Kept()
    with serving(ONE_BY_ONE, LIST=listing(b""), STATUS=HANG_UP) as (connect, server):
        for _ in range(3):
            mailbox, seen = kept.looked_around(connect, with_modseq=False)
            mailbox.folders()
            assert seen == {}
            assert kept.keep(mailbox)
            kept.drop()
        asked = [each for each in server.commands if each.startswith(b'STATUS "INBOX"')]
        assert len(asked) == 1


def test_an_open_folder_is_left_before_the_connection_is_kept() -> None:
    with serving(LIST=listing(b"")) as (connect, server):
        mailbox = connect()
        mailbox.examine(mailbox.folders()[0])
        kept = Kept()
        assert kept.keep(mailbox)
        assert server.commands[-1] == b"UNSELECT"
        kept.drop()


@pytest.mark.parametrize("answer", [b"{tag} NO stay", b"{tag} BAD what", HANG_UP])
def test_a_connection_whose_folder_cannot_be_left_is_not_kept(answer: bytes) -> None:
    with serving(LIST=listing(b""), UNSELECT=answer) as (connect, _), connect() as mailbox:
        mailbox.examine(mailbox.folders()[0])
        assert not Kept().keep(mailbox)
