"""A letter over which the server hangs up costs itself, not its folder."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from scripted_mailbox import NOW, SECRET, connect, expanded, fetch, fetched, inbox, settings
from scripted_socket import HANG_UP, Answer, scripted

import inbox_agent.mailbox
from inbox_agent.errors import FolderUnavailable, MailboxError, MailboxUnavailable
from inbox_agent.mailbox import RECONNECTS
from inbox_agent.mirror import Mirror
from inbox_agent.progress import Silent
from inbox_agent.reading import Reading


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


def test_a_poll_without_a_letter_over_which_the_server_broke_off_is_not_complete(
    tmp_path: Path,
) -> None:
    # it may be the line and not the letter; only after three polls the letter is let be
    answers: dict[str, Answer] = {
        "EXAMINE": b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK [READ-ONLY] done",
        "UID SEARCH": b"* SEARCH 1 2 3\r\n{tag} OK done",
        "UID FETCH": deadly(2),
    }
    with scripted(answers) as server, Mirror(tmp_path / "mirror.db") as mirror:
        outcomes = []
        for _ in range(4):
            reading = Reading(mirror, settings(server.port), lambda: NOW, Silent())
            reading.read(SECRET, None, None)
            outcomes.append((reading.folders, [str(error) for error in reading.errors]))
            assert mirror.count() == 4  # 1 and 3 of INBOX and of Sent
    said = 'mailbox "partners", folder "INBOX": the server broke off over 1 letters; the next poll'
    assert [folders for folders, _ in outcomes] == [0, 0, 2, 2]
    assert all(said in errors[0] for _, errors in outcomes[:2])
    assert [errors for _, errors in outcomes[2:]] == [[], []]


def test_a_folder_made_anew_meanwhile_is_left_alone() -> None:
    opened = iter(b"78")

    def examine(_: bytes) -> bytes:
        return b"* 3 EXISTS\r\n* OK [UIDVALIDITY %c] ok\r\n{tag} OK done" % next(opened)

    with (
        inbox(EXAMINE=examine, UID_FETCH=deadly(2)) as (mailbox, _),
        pytest.raises(FolderUnavailable, match="made anew"),
    ):
        fetch(mailbox, [1, 2, 3])
