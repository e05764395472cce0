"""Connections cut after any octet: some of the cuts, drawn by lot; `make faults` tries them all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from faults.proxy import Cut, relay
from faults.report import tried
from servers import find_dovecot

pytestmark = pytest.mark.reliability

MANNERS = ("FIN", "RST", "stall", "one-way")


@pytest.mark.slow
@pytest.mark.dovecot
@pytest.mark.parametrize(("session", "seconds"), [("short", "18"), ("long", "12")])
def test_a_connection_cut_after_any_octet_brings_no_wrong_row_and_no_run_that_hangs(
    session: str, seconds: str
) -> None:
    if find_dovecot() is None:
        pytest.skip("Dovecot is not installed (Debian: dovecot-imapd)")
    outcomes = tried(session, "--share", "0.04", "--seed", "628", "--seconds", seconds)
    assert [one["name"] for one in outcomes] == [f"{session} session, {how}" for how in MANNERS]
    assert [one["troubles"] for one in outcomes] == [[], [], [], []]
    assert [one["hangs"] for one in outcomes] == [0, 0, 0, 0]
    assert all(one["tried"] > 0 for one in outcomes)


@contextmanager
def cut(found: Cut) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client's and a server's socket with the cutting proxy between them."""
    client, ours = _pair()
    theirs, server = _pair()
    thread = threading.Thread(target=relay, args=({"client": ours, "server": theirs}, found))
    thread.start()
    try:
        yield client, server
    finally:
        client.close()
        server.close()
        thread.join()


def _pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname()[:2])
        return one, listener.accept()[0]


def test_just_so_many_octets_pass_before_the_end() -> None:
    with cut(Cut("server", 3, "FIN")) as (client, server):
        server.sendall(b"* OK ready")
        assert client.recv(100, socket.MSG_WAITALL) == b"* O"


def test_a_connection_torn_down_is_no_ordinary_end() -> None:
    with cut(Cut("server", 3, "RST")) as (client, server):
        server.sendall(b"* OK ready")
        assert client.recv(3, socket.MSG_WAITALL) == b"* O"
        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_in_a_stall_nothing_comes_and_nothing_ends() -> None:
    with cut(Cut("server", 3, "stall")) as (client, server):
        server.sendall(b"* OK ready")
        assert client.recv(3, socket.MSG_WAITALL) == b"* O"
        client.sendall(b"a LOGOUT")
        for end in (client, server):
            end.settimeout(0.05)
            with pytest.raises(TimeoutError):
                end.recv(100)


def test_one_way_is_deaf_on_the_side_that_was_cut_only() -> None:
    with cut(Cut("server", 3, "one-way")) as (client, server):
        server.sendall(b"* OK ready")
        assert client.recv(3, socket.MSG_WAITALL) == b"* O"
        client.sendall(b"a LOGOUT")
        assert server.recv(8, socket.MSG_WAITALL) == b"a LOGOUT"
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.recv(100)
