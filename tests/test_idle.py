"""IDLE on a connection of its own: news wake us, silence and hang-ups do not fool us."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from installations import AS_OF, deliver, exchange
from scripted_socket import HANG_UP, ScriptedServer, scripted
from servers import (
    PASSWORD,
    DovecotServer,
    ImapServer,
    PasswordSettings,
    second_pair_of_eyes,
    settings_for,
)

from inbox_agent.config import MailboxSettings
from inbox_agent.errors import MailboxUnavailable
from inbox_agent.imap_commands import CommandGuard, ForbiddenCommand
from inbox_agent.imap_idle import IdleMailbox

PATIENCE = 20.0
OFFERED = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN IDLE\r\n{tag} OK done"
ENDED = b"IDLE1 OK done"


@contextmanager
def idling(settings: MailboxSettings, password: str = PASSWORD) -> Iterator[IdleMailbox]:
    with IdleMailbox.connect(settings, password, clock=lambda: AS_OF) as mailbox:
        mailbox.open_first()
        yield mailbox


@contextmanager
def saying(begin: bytes, done: bytes = ENDED) -> Iterator[tuple[IdleMailbox, ScriptedServer]]:
    """A mailbox whose server says that when IDLE begins, and after DONE."""
    # DONE has no tag, so that it is one itself, and the command is empty.
    script = {"CAPABILITY": OFFERED, "IDLE": begin, "": done}
    with scripted(script) as server:
        settings = MailboxSettings(
            name="partners",
            host="127.0.0.1",
            port=server.port,
            tls="none",
            user="u",
            password=PasswordSettings(env="PARTNERS_PASSWORD"),
        )
        with idling(settings) as mailbox:
            yield mailbox, server


def after(seconds: float, act: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
    return timer


def test_a_new_letter_ends_the_wait(imap_server: ImapServer) -> None:
    *there, new = exchange("globex.example", 3, AS_OF)
    deliver(imap_server, there)
    settings = settings_for(imap_server, sent=("Sent",))
    with idling(settings, imap_server.password) as mailbox:
        assert mailbox.offers_idle()
        timer = after(0.3, lambda: deliver(imap_server, [new]))
        assert mailbox.idle(PATIENCE)
        timer.join()
        assert not mailbox.idle(0.2)


@pytest.mark.dovecot
def test_a_letter_that_is_taken_away_ends_the_wait(dovecot: DovecotServer) -> None:
    # QRESYNC is on, so that the server says VANISHED
    deliver(dovecot, exchange("globex.example", 3, AS_OF))
    with second_pair_of_eyes(dovecot) as eyes, idling(settings_for(dovecot)) as mailbox:
        assert mailbox.tells_vanished
        eyes.select("INBOX")
        eyes.store("1", "+FLAGS.SILENT", r"(\Deleted)")
        while mailbox.idle(1.0):
            pass  # the flag is news, too
        timer = after(0.3, eyes.expunge)
        assert mailbox.idle(PATIENCE)
        timer.join()


def test_silence_ends_with_the_time_given_and_the_connection_is_good_for_another_wait() -> None:
    with saying(b"+ idling") as (mailbox, server):
        assert not mailbox.idle(0.05)
        assert not mailbox.idle(0.05)
    assert [each for each in server.commands if each in (b"IDLE", b"DONE", b"")] == [
        *(b"IDLE", b""),
        *(b"IDLE", b""),
    ]


@pytest.mark.parametrize(
    ("begin", "done", "is_news"),
    [
        (b"+ idling\r\n* 4 EXISTS", ENDED, True),  # in one packet with the "+"
        (b"* 4 EXISTS\r\n+ idling", ENDED, True),
        (b"+ idling\r\n* 2 EXPUNGE", ENDED, True),
        (b"+ idling\r\n* VANISHED 2", ENDED, True),  # what QRESYNC has in place of EXPUNGE
        (b"+ idling\r\n* OK Still here", ENDED, False),
        (b"+ idling\r\n* OK Still here", b"* 4 EXISTS\r\n" + ENDED, True),
    ],
)
def test_a_change_of_the_folder_is_news_and_a_mere_word_is_none(
    begin: bytes, done: bytes, is_news: bool
) -> None:
    with saying(begin, done) as (mailbox, _):
        assert mailbox.idle(0.5) == is_news


@pytest.mark.parametrize("begin", [HANG_UP, b"* BYE going down", b"IDLE1 NO not now"])
def test_a_server_that_hangs_up_or_refuses_is_an_error_and_no_folder_without_news(
    begin: bytes,
) -> None:
    with saying(begin) as (mailbox, _), pytest.raises(MailboxUnavailable):
        mailbox.idle(PATIENCE)


def test_whoever_waits_is_woken_when_the_connection_is_dropped() -> None:
    with saying(b"+ idling") as (mailbox, _):
        timer = after(0.2, mailbox.drop)
        with pytest.raises(MailboxUnavailable):
            mailbox.idle(PATIENCE)
        timer.join()


def test_done_is_said_in_idle_and_nowhere_else() -> None:
    guard = CommandGuard()
    with pytest.raises(ForbiddenCommand):
        guard.check(b"DONE\r\n")
    guard.check(b"IDLE1 IDLE\r\n")
    guard.check(b"DONE\r\n")
    with pytest.raises(ForbiddenCommand):
        guard.check(b"DONE\r\n")
