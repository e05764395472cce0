"""Time on the wire: no answer takes for ever, and no dead connection counts as a live one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from scripted_mailbox import connect, inbox, settings
from scripted_socket import scripted

from inbox_agent import imap_commands, imap_session
from inbox_agent.errors import Fault, MailboxUnavailable
from inbox_agent.imap_socket import TimelyReader

PATIENCE = 0.4


def dripping(_: bytes) -> Iterator[bytes]:
    """An octet every now and then, for ever."""
    pause = threading.Event()
    while not pause.wait(0.02):
        yield b"*"


def dripped_lines(_: bytes) -> Iterator[bytes]:
    pause = threading.Event()
    while not pause.wait(0.02):
        yield b"* OK still here\r\n"


@pytest.mark.parametrize("drip", [dripping, dripped_lines])
@pytest.mark.parametrize("command", ["AUTHENTICATE", "EXAMINE", "UID SEARCH"])
def test_a_server_that_drips_is_given_up_after_the_whole_time(
    command: str, drip: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_commands, "OPERATION_SECONDS", PATIENCE)

    def poll(port: int) -> None:
        with connect(settings(port)) as mailbox:
            mailbox.examine(mailbox.folders()[0])
            mailbox.new_uids(0)

    began = time.monotonic()
    with (
        scripted({command: drip}) as server,  # type: ignore[dict-item]
        pytest.raises(MailboxUnavailable, match="no answer in time") as caught,
    ):
        poll(server.port)
    assert caught.value.fault is Fault.CONNECTION
    assert time.monotonic() - began < 10 * PATIENCE


def test_a_goodbye_that_drips_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap_session, "GOODBYE_SECONDS", PATIENCE)
    began = time.monotonic()
    with inbox(LOGOUT=dripping):
        pass
    assert time.monotonic() - began < 10 * PATIENCE


def test_the_clock_starts_anew_with_each_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap_commands, "OPERATION_SECONDS", PATIENCE)

    def slow(_: bytes) -> Iterator[bytes]:
        threading.Event().wait(PATIENCE / 2)
        yield b"* SEARCH 1\r\n{tag} OK done\r\n"

    with inbox(UID_SEARCH=slow) as (mailbox, _):
        # three times half of it is more than the whole
        assert [mailbox.new_uids(0) for _ in range(3)] == [[1]] * 3


def test_a_connection_is_probed_after_a_minute_of_silence_and_given_up_after_three_probes() -> None:
    with inbox() as (mailbox, _):
        sock = mailbox._client.connection.socket()
        asked = [
            sock.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        ]
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert asked == [60, 20, 3]


def test_a_time_that_is_over_reads_nothing_though_there_is_something() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"late")
        with pytest.raises(TimeoutError):
            TimelyReader(ours, due=time.monotonic() - 1).read(4)
        assert TimelyReader(ours, due=time.monotonic() + 60).read(4) == b"late"
        assert ours.gettimeout() is None
