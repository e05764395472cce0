"""A letter over which the server hangs up costs itself, not its folder."""

from __future__ import annotations

import contextlib

import pytest
from scripted_mailbox import connect, expanded, fetch, fetched, inbox, settings
from scripted_socket import HANG_UP, scripted

import inbox_agent.mailbox
from inbox_agent.errors import FolderUnavailable, MailboxError, MailboxUnavailable
from inbox_agent.mailbox import RECONNECTS


def deadly(*bad: int) -> object:
    """Hangs up when one of `bad` is asked for."""

    def answer(command: bytes) -> bytes:
        uids = expanded(command)
        if not set(bad).isdisjoint(uids):
            return HANG_UP
        return b"".join(fetched(uid) for uid in uids if uid < 1000) + b"{tag} OK done"

    return answer


def logins(commands: list[bytes]) -> int:
    return sum(line.startswith(b"AUTHENTICATE") for line in commands)


@pytest.mark.parametrize("bad", [1, 137, 250, 251, 500])
def test_one_deadly_letter_among_500_costs_one_letter(bad: int) -> None:
    with inbox(UID_FETCH=deadly(bad)) as (mailbox, server):
        read, unreadable = fetch(mailbox, list(range(1, 501)))
    assert unreadable == [bad]
    assert read == [uid for uid in range(1, 501) if uid != bad]
    # broken by 250 letters, by 16, and by one
    assert logins(server.commands) == 1 + 3


def test_what_was_read_before_a_deadly_letter_comes_before_it() -> None:
    with inbox(UID_FETCH=deadly(20)) as (mailbox, _):
        parts = list(mailbox.fetch(mailbox.folders()[0], list(range(1, 33))))
    seen = [[header.uid for header in headers] + missing for headers, missing in parts]
    # in order, so that every part can be kept with the checkpoint that covers it
    assert [uid for part in seen for uid in part] == list(range(1, 33))


def test_a_deadly_letter_asked_for_alone_is_given_up() -> None:
    with inbox(UID_FETCH=deadly(5)) as (mailbox, server):
        assert fetch(mailbox, [5]) == ([], [5])
        assert fetch(mailbox, [6]) == ([6], [])
        assert logins(server.commands) == 2


def test_a_server_that_breaks_off_over_every_letter_costs_no_letter() -> None:
    with inbox(UID_FETCH=HANG_UP) as (mailbox, server):
        with pytest.raises(MailboxUnavailable, match="lost the connection"):
            fetch(mailbox, [1])
        assert logins(server.commands) == 2


def test_more_deadly_letters_than_a_poll_has_patience_for_are_left_to_the_next() -> None:
    read: list[int] = []
    missing: list[int] = []

    def poll(mailbox: inbox_agent.mailbox.Mailbox, uids: list[int]) -> None:
        for headers, others in mailbox.fetch(mailbox.folders()[0], uids):
            read.extend(header.uid for header in headers)
            missing.extend(others)

    uids = list(range(1, 201))
    with scripted({"UID FETCH": deadly(10, 60, 110, 160)}) as server:  # type: ignore[dict-item]
        for _ in range(2):
            before = logins(server.commands)
            with connect(settings(server.port)) as mailbox:
                mailbox.examine(mailbox.folders()[0])
                with contextlib.suppress(MailboxError):
                    poll(mailbox, [uid for uid in uids if uid not in {*read, *missing}])
            assert logins(server.commands) - before <= 1 + RECONNECTS
    assert sorted(missing) == [10, 60, 110, 160]
    assert sorted(read + missing) == uids


def test_a_folder_made_anew_meanwhile_is_left_alone() -> None:
    opened = iter(b"78")

    def examine(_: bytes) -> bytes:
        return b"* 3 EXISTS\r\n* OK [UIDVALIDITY %c] ok\r\n{tag} OK done" % next(opened)

    with (
        inbox(EXAMINE=examine, UID_FETCH=deadly(2)) as (mailbox, _),
        pytest.raises(FolderUnavailable, match="made anew"),
    ):
        fetch(mailbox, [1, 2, 3])
