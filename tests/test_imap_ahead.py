"""Many letters are asked for ahead of time; whatever the server makes of that, none is lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from scripted_mailbox import connect, expanded, fetch, fetched, inbox, settings
from scripted_socket import HANG_UP, HOST

import inbox_agent.mailbox
from inbox_agent.mailbox import Mailbox

LETTERS = list(range(1, 2_501))  # ten batches
#: Given all commands that came and were not answered yet, oldest first: what is said to them.
Talk = Callable[[list[tuple[bytes, bytes]]], bytes]


@contextmanager
def talking(talk: Talk) -> Iterator[tuple[Mailbox, list[bytes]]]:
    """INBOX examined at a server that may let FETCH commands wait; with the commands it had."""
    seen: list[bytes] = []

    def serve(client: socket.socket) -> None:
        waiting: list[tuple[bytes, bytes]] = []
        client.sendall(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\r\n")
        with client, client.makefile("rb") as lines:
            for line in lines:
                tag, _, command = line.rstrip().partition(b" ")
                seen.append(command)
                if command.startswith(b"UID FETCH"):
                    waiting.append((tag, command))
                    client.sendall(talk(waiting))
                    continue
                if command.startswith(b"AUTHENTICATE"):
                    client.sendall(b"+ \r\n")
                    lines.readline()
                client.sendall(said(command) + tag + b" OK done\r\n")

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=lambda: serve(listener.accept()[0]))
        thread.start()
        with connect(settings(listener.getsockname()[1])) as mailbox:
            mailbox.examine(mailbox.folders()[0])
            yield mailbox, seen
        thread.join()


def said(command: bytes) -> bytes:
    answers = {
        b"CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n",
        b"LIST": b'* LIST () "/" INBOX\r\n* LIST (\\Sent) "/" Sent\r\n',
        b"EXAMINE": b"* 9 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [READ-ONLY] ok\r\n",
        b"LOGOUT": b"* BYE bye\r\n",
    }
    return answers.get(command.split()[0], b"")


def answer(tag: bytes, command: bytes) -> bytes:
    return b"".join(map(fetched, expanded(command))) + tag + b" OK done\r\n"


def fetches(commands: list[bytes]) -> int:
    return sum(command.startswith(b"UID FETCH") for command in commands)


def test_the_next_command_is_sent_before_the_answer_to_the_last_one_came() -> None:
    def talk(waiting: list[tuple[bytes, bytes]]) -> bytes:
        is_last = expanded(waiting[-1][1])[-1] == LETTERS[-1]
        due, waiting[:] = (waiting[:], []) if is_last else (waiting[:-1], waiting[-1:])
        return b"".join(answer(*each) for each in due)

    with talking(talk) as (mailbox, seen):
        assert fetch(mailbox, LETTERS) == (LETTERS, [])
    assert fetches(seen) == 10


@pytest.mark.parametrize("under_way", [2, 5])
def test_answers_that_come_in_another_order_are_all_heard(
    under_way: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_agent.mailbox, "UNDER_WAY", under_way)

    def talk(waiting: list[tuple[bytes, bytes]]) -> bytes:
        if len(waiting) < under_way:
            return b""
        due, waiting[:] = waiting[::-1], []
        return b"".join(answer(*each) for each in due)

    with talking(talk) as (mailbox, seen):
        assert fetch(mailbox, LETTERS) == (LETTERS, [])
    assert fetches(seen) == 10


def test_a_batch_that_is_refused_while_the_next_is_under_way_costs_no_letter() -> None:
    def refusing(command: bytes) -> bytes:
        uids = expanded(command)
        if 700 in uids and len(uids) > 1:
            return b"{tag} NO not together"
        return b"".join(map(fetched, uids)) + b"{tag} OK done"

    with inbox(UID_FETCH=refusing) as (mailbox, _):
        assert fetch(mailbox, LETTERS) == (LETTERS, [])


def test_a_letter_left_out_of_its_batch_is_asked_for_alone_while_the_next_is_under_way() -> None:
    def forgetful(command: bytes) -> bytes:
        uids = expanded(command)
        given = [uid for uid in uids if uid % 250 != 3 or len(uids) == 1]
        return b"".join(map(fetched, given)) + b"{tag} OK done"

    with inbox(UID_FETCH=forgetful) as (mailbox, server):
        assert fetch(mailbox, LETTERS) == (LETTERS, [])
    assert fetches(server.commands) == 10 + 10


@pytest.mark.parametrize("bad", [[800], [800, 2_400]])
def test_deadly_letters_among_many_cost_themselves_and_one_more_connection(bad: list[int]) -> None:
    def deadly(command: bytes) -> bytes:
        uids = expanded(command)
        if not set(bad).isdisjoint(uids):
            return HANG_UP
        return b"".join(map(fetched, uids)) + b"{tag} OK done"

    with inbox(UID_FETCH=deadly) as (mailbox, server):
        assert fetch(mailbox, LETTERS) == ([uid for uid in LETTERS if uid not in bad], bad)
    # two batches were under way; then, for each, 250 letters, 16, and one
    logins = sum(line.startswith(b"AUTHENTICATE") for line in server.commands)
    assert logins == 1 + 1 + 3 * len(bad)


def test_letters_asked_for_ahead_do_not_disturb_a_folder_opened_meanwhile() -> None:
    def given(command: bytes) -> bytes:
        return b"".join(map(fetched, expanded(command))) + b"{tag} OK done"

    with inbox(UID_FETCH=given) as (mailbox, _):
        inbox_folder, sent = mailbox.folders()
        first = next(mailbox.fetch(inbox_folder, LETTERS))
        assert [header.uid for header in first[0]] == LETTERS[:250]
        mailbox.examine(sent)
        ((headers, missing),) = mailbox.fetch(sent, [4_000])
    assert ([(header.folder, header.uid) for header in headers], missing) == ([("Sent", 4_000)], [])
