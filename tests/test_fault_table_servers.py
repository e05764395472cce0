"""Servers that say what is not so: no letter is lost by it, none is taken for deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from faults.dump import dump
from installations import (
    AS_OF,
    Installation,
    deliver,
    exchange,
    install,
    letter,
    mailbox_entry,
    query,
)
from scripted_mailbox import connect, expanded, fetched
from scripted_socket import HANG_UP, Answer, ScriptedServer, scripted
from servers import DovecotServer, settings_for

from inbox_agent.errors import MailboxUnavailable
from inbox_agent.mailbox import Mailbox

pytestmark = pytest.mark.reliability

MAY = datetime(2024, 5, 6, 9, tzinfo=UTC)


@dataclass
class Lies:
    """What a server says of INBOX, in which letters with the uids 1, 2 and 3 lie; Sent is empty.

    A test changes it between polls. `listed` is in the server's order; None says nothing.
    """

    exists: int | None = 3
    uidnext: int | None = 4
    listed: list[int] = field(default_factory=lambda: [1, 2, 3])
    sent: list[list[int]] = field(default_factory=list)
    host: str = "127.0.0.1"
    port: int = 0
    user: str = "team"
    password: str = "open-sesame"
    _opened: bytes = b""

    def append(self, *_: object) -> int:
        raise NotImplementedError

    def answers(self) -> dict[str, Answer]:
        """As a script for the scripted server."""
        return {"EXAMINE": self._examine, "UID SEARCH": self._search, "UID FETCH": self._fetch}

    def _examine(self, command: bytes) -> bytes:
        self._opened = command
        exists, uidnext = (0, 1) if b"Sent" in command else (self.exists, self.uidnext)
        lines = [b"* OK [UIDVALIDITY 7] ok\r\n"]
        lines += [b"* %d EXISTS\r\n" % exists] if exists is not None else []
        lines += [b"* OK [UIDNEXT %d] ok\r\n" % uidnext] if uidnext is not None else []
        return b"".join(lines) + b"{tag} OK [READ-ONLY] done"

    def _search(self, command: bytes) -> bytes:
        found = [] if b"Sent" in self._opened else self._in(command)
        return b"* SEARCH" + b"".join(b" %d" % uid for uid in found) + b"\r\n{tag} OK done"

    def _in(self, command: bytes) -> Iterable[int]:
        words = command.split(b" ")
        if words[2] != b"UID":  # by number
            return self.listed[int(words[2]) - 1 : int(words[2])]
        wanted = [tuple(map(int, part.split(b":"))) for part in words[3].split(b",")]
        return [uid for uid in self.listed if any(ends[0] <= uid <= ends[-1] for ends in wanted)]

    def _fetch(self, command: bytes) -> bytes:
        there = [uid for uid in expanded_to(command, 100) if 0 < uid < 100]
        return b"".join(map(self.letter, self.order(there))) + b"{tag} OK done"

    def order(self, uids: list[int]) -> list[int]:
        """How it answers FETCH."""
        return uids

    def letter(self, uid: int) -> bytes:
        """One answer to FETCH."""
        raw = letter("kim@globex.example", "ana@acme.example", MAY + timedelta(uid), f"{uid}@x")
        return fetched(uid, block=raw.partition(b"A body")[0])


def expanded_to(command: bytes, most: int) -> list[int]:
    """The uids of a FETCH, of those up to `most`."""
    if b":4294967295 " in command:
        command = command.replace(b":4294967295 ", b":%d " % most)
    return expanded(command)


@contextmanager
def lying(top: Path, lies: Lies) -> Iterator[tuple[Installation, ScriptedServer]]:
    with scripted(lies.answers()) as server:
        lies.port = server.port
        yield install(top, mailbox_entry(lies)), server


def poll(place: Installation, days: int = 0) -> list[str]:
    """One poll so many days later; gives its errors."""
    return [str(error) for error in place.agent(AS_OF + timedelta(days)).poll().errors]


def held(place: Installation) -> list[int]:
    """The uids held of INBOX, each as often as it is held."""
    return query(place.mirror, "select uid from headers where folder = 'INBOX' order by uid")


def taken_for_deleted(place: Installation) -> list[int]:
    sql = "select uid from headers where missed_at is not null or gone_at is not null"
    return query(place.mirror, sql)


@pytest.mark.parametrize("uidnext", [4, None])
@pytest.mark.parametrize("exists", [0, 1, 2, 4, 60_000, 4_000_000_000, None])
def test_a_wrong_number_of_letters_loses_none_and_takes_none_for_deleted(
    tmp_path: Path, exists: int | None, uidnext: int | None
) -> None:
    with lying(tmp_path, Lies(exists, uidnext)) as (place, server):
        for days in (0, 1, 2):
            assert poll(place, days) == []
            assert held(place) == [1, 2, 3]
        assert taken_for_deleted(place) == []
        assert len(server.commands) < 100


@pytest.mark.parametrize("short", [[], [1], [1, 3], [2, 3]])
def test_a_search_that_leaves_letters_out_only_delays_them(
    tmp_path: Path, short: list[int]
) -> None:
    lies = Lies(listed=short)
    with lying(tmp_path, lies) as (place, _):
        poll(place)
        assert held(place) == short
        lies.listed = [1, 2, 3]
        assert poll(place, 1) == []
        assert held(place) == [1, 2, 3]
        lies.listed = short
        for days in (2, 3, 4):
            poll(place, days)
        assert held(place) == [1, 2, 3]
        assert taken_for_deleted(place) == []


def test_a_uid_listed_twice_and_answered_twice_is_one_letter(tmp_path: Path) -> None:
    class Twice(Lies):
        def order(self, uids: list[int]) -> list[int]:
            return sorted(uids * 2)

    lies = Twice(listed=[1, 1, 2, 3, 3, 3])
    with lying(tmp_path, lies) as (place, _):
        for days in (0, 1, 2):
            assert poll(place, days) == []
            assert held(place) == [1, 2, 3]
        assert taken_for_deleted(place) == []
        assert place.query("select messages from about") == [3]


def test_answers_in_falling_order_are_kept_each_with_a_checkpoint_that_covers_it(
    tmp_path: Path,
) -> None:
    class Falling(Lies):
        def order(self, uids: list[int]) -> list[int]:
            return sorted(uids, reverse=True)

    with lying(tmp_path, Falling(listed=[3, 2, 1])) as (place, _):
        assert poll(place) == []
        assert held(place) == [1, 2, 3]
        assert query(place.mirror, "select last_uid from folders where folder = 'INBOX'") == [3]


@pytest.mark.parametrize("uidnext", [4, 2, None])
def test_a_letter_that_comes_with_a_uid_below_the_last_is_found(
    tmp_path: Path, uidnext: int | None
) -> None:
    """Against RFC 3501 §2.3.1.1, by which uids only grow."""
    lies = Lies(2, uidnext and 8, [2, 7])
    with lying(tmp_path, lies) as (place, _):
        assert poll(place) == []
        assert held(place) == [2, 7]
        lies.exists, lies.uidnext, lies.listed = 3, uidnext, [2, 5, 7]
        poll(place, 1)
        assert held(place) == [2, 5, 7]
        assert taken_for_deleted(place) == []


@pytest.mark.parametrize("uidnext", [1, 2, 1_000_000, 4_294_967_295])
def test_a_wrong_uidnext_hides_no_letter(tmp_path: Path, uidnext: int) -> None:
    lies = Lies(3, uidnext)
    with lying(tmp_path, lies) as (place, server):
        assert poll(place) == []
        assert held(place) == [1, 2, 3]
        lies.exists, lies.listed = 4, [1, 2, 3, 4]
        assert poll(place, 1) == []
        assert held(place) == [1, 2, 3, 4]
        assert taken_for_deleted(place) == []
        assert len(server.commands) < 100


def test_a_folder_that_suddenly_lists_nothing_is_not_taken_for_empty(tmp_path: Path) -> None:
    lies = Lies()
    with lying(tmp_path, lies) as (place, _):
        assert poll(place) == []
        lies.listed = []
        for days in (1, 2, 3):
            poll(place, days)
        assert taken_for_deleted(place) == []
        assert place.query("select messages from about") == [3]


def test_a_folder_of_billions_of_letters_that_are_not_there_makes_no_poll_endless(
    tmp_path: Path,
) -> None:
    """One search for each 50,000 letters were 80,000 searches, hours on a real line."""

    class Patient(Lies):
        asked: int = 0

        def _search(self, command: bytes) -> bytes:
            self.asked += 1
            return super()._search(command) if self.asked < 3_000 else HANG_UP

    with lying(tmp_path, Patient(4_000_000_000, 4_000_000_000)) as (place, _):
        assert poll(place) == []
        assert held(place) == [1, 2, 3]


def ask_for_long(mailbox: Mailbox) -> None:
    """The server may take its time to throw us out."""
    for _ in range(5_000):
        mailbox.new_uids(0)


@pytest.mark.dovecot
def test_who_is_thrown_out_by_a_real_server_keeps_what_was_read_and_goes_on_next_time(
    dovecot: DovecotServer, tmp_path: Path
) -> None:
    deliver(dovecot, exchange("globex.example", 6, MAY))
    place = install(tmp_path, mailbox_entry(dovecot))
    assert poll(place) == []
    before = dump(place.data)["mirror.db headers"]
    with connect(settings_for(dovecot), dovecot.password) as mailbox:
        mailbox.examine(mailbox.folders()[0])
        dovecot.doveadm("kick", dovecot.user)
        with pytest.raises(MailboxUnavailable, match="the next poll tries again"):
            ask_for_long(mailbox)
    deliver(dovecot, exchange("initech.example", 2, MAY))
    assert poll(place, 1) == []
    assert set(before) < set(dump(place.data)["mirror.db headers"])
    assert place.query("select messages from about") == [8]
