"""Octets may be compressed on their way (RFC 4978): the same letters come, in bounded memory."""

from __future__ import annotations

import io
import math
import shutil
import socket
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scripted_mailbox import NOW, expanded, fetch, fetched, inbox
from scripted_socket import recorded
from servers import Delivery, DovecotServer, find_dovecot, running_dovecot, settings_for

import inbox_agent.mailbox
from inbox_agent.imap_socket import DeflatedSocket, waiting_in
from inbox_agent.mailbox import MANY_LETTERS, Mailbox

OFFER = {"CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN COMPRESS=DEFLATE\r\n{tag} OK done"}


@contextmanager
def ends() -> Iterator[tuple[DeflatedSocket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        theirs.settimeout(5)
        yield DeflatedSocket(ours, b""), theirs


def deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH)


def heard(sock: DeflatedSocket, octets: int, at_once: int = 7) -> bytes:
    found = b""
    while len(found) < octets:
        buffer = bytearray(at_once)
        count = sock.recv_into(buffer)
        assert count
        found += buffer[:count]
    return found


def test_what_is_said_leaves_compressed_and_whole() -> None:
    with ends() as (ours, theirs):
        ours.sendall(b"a NOOP\r\n")
        inflater = zlib.decompressobj(-15)
        assert inflater.decompress(theirs.recv(99)) == b"a NOOP\r\n"
        ours.sendall(b"b NOOP\r\n")
        assert inflater.decompress(theirs.recv(99)) == b"b NOOP\r\n"


@pytest.mark.parametrize("piece", [5, 50, 1_000])
def test_what_is_heard_is_inflated_however_it_comes(piece: int) -> None:
    text = bytes(range(100)) * 3
    sent = deflated(text)
    with ends() as (ours, theirs):
        for start in range(0, len(sent), piece):
            theirs.sendall(sent[start : start + piece])
        assert heard(ours, len(text)) == text
        theirs.shutdown(socket.SHUT_WR)
        assert ours.recv_into(bytearray(7)) == 0


def test_a_megabyte_in_a_thousand_octets_comes_in_small_pieces() -> None:
    with ends() as (ours, theirs):
        theirs.sendall(deflated(b"\0" * 1_000_000))
        buffer = bytearray(100)
        assert ours.recv_into(buffer) == 100
        assert heard(ours, 999_900, at_once=50_000) == b"\0" * 999_900


def test_what_the_inflater_holds_back_is_given_though_nothing_more_comes() -> None:
    with ends() as (ours, theirs):
        theirs.sendall(deflated(b"\0" * 138)[:-5])  # all but the mark of its end
        assert heard(ours, 138, at_once=100) == b"\0" * 138


def test_what_is_not_compressed_ends_the_connection() -> None:
    with ends() as (ours, theirs):
        theirs.sendall(b"* OK this is said in clear\r\n" * 20)
        with pytest.raises(OSError, match="not compressed"):
            heard(ours, 1_000)


def test_what_had_come_with_the_answer_is_not_lost() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        theirs.sendall(b"a OK done\r\n" + deflated(b"* 4 EXISTS\r\n"))
        buffered = io.BufferedReader(socket.SocketIO(ours, "r"))
        assert buffered.readline() == b"a OK done\r\n"
        came = waiting_in(buffered, ours)
        assert heard(DeflatedSocket(ours, came), 12) == b"* 4 EXISTS\r\n"
        assert ours.gettimeout() == 5


def test_where_nothing_more_has_come_nothing_is_waited_for() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert waiting_in(io.BufferedReader(socket.SocketIO(ours, "r")), ours) == b""


def given(command: bytes) -> bytes:
    return b"".join(map(fetched, expanded(command))) + b"{tag} OK done"


@pytest.mark.parametrize(
    ("distant", "letters", "asked"),
    [(0.0, MANY_LETTERS, 1), (0.0, MANY_LETTERS - 1, 0), (math.inf, MANY_LETTERS, 0)],
    ids=["far and much", "little", "nearby"],
)
def test_only_where_it_pays_compression_is_asked_for_and_a_refusal_costs_nothing(
    monkeypatch: pytest.MonkeyPatch, distant: float, letters: int, asked: int
) -> None:
    monkeypatch.setattr(inbox_agent.mailbox, "DISTANT_SECONDS", distant)
    wanted = list(range(1, letters + 1))
    refusal = b"{tag} NO not today"
    with inbox(UID_FETCH=given, COMPRESS=refusal, **OFFER) as (mailbox, server):
        assert fetch(mailbox, wanted) == (wanted, [])
        assert fetch(mailbox, wanted) == (wanted, [])
    assert server.commands.count(b"COMPRESS DEFLATE") == asked


def test_a_server_that_does_not_offer_it_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_agent.mailbox, "DISTANT_SECONDS", 0.0)
    wanted = list(range(1, MANY_LETTERS + 1))
    with inbox(UID_FETCH=given) as (mailbox, server):
        assert fetch(mailbox, wanted) == (wanted, [])
    assert b"COMPRESS DEFLATE" not in server.commands


@pytest.fixture
def dovecot_with_zlib() -> Iterator[DovecotServer]:
    if find_dovecot() is None:
        pytest.skip("Dovecot is not installed (Debian: dovecot-imapd)")
    top = Path(tempfile.mkdtemp(prefix="dovecot-"))  # pytest's own are closed to Dovecot's user
    try:
        with running_dovecot(top, "protocol imap {\n mail_plugins = imap_zlib\n}\n") as server:
            yield server
    finally:
        shutil.rmtree(top)


@pytest.mark.dovecot
@pytest.mark.slow
def test_dovecot_gives_the_same_letters_compressed(
    dovecot_with_zlib: DovecotServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_agent.mailbox, "DISTANT_SECONDS", 0.0)
    raw = b"From: kim@globex.example\r\nSubject: Offer %d\r\n\r\nHello\r\n"
    it = dovecot_with_zlib
    it.deliver_many(Delivery("INBOX", raw % n, NOW) for n in range(1, 2_101))
    with recorded(it.port) as seen:
        where = settings_for(it, port=seen.port)
        with Mailbox.connect(where, it.password, clock=lambda: NOW) as mailbox:
            folder = mailbox.folders()[0]
            mailbox.examine(folder)
            batches = list(mailbox.fetch(folder, range(1, 2_101)))
    subjects = [header.block.split(b"\r\n")[1] for headers, _ in batches for header in headers]
    assert subjects == [b"Subject: Offer %d" % n for n in range(1, 2_101)]
    assert b"COMPRESS DEFLATE" in seen.commands
    assert not any(b"UID FETCH" in command for command in seen.commands)  # nobody can read them
