"""A server whose numbers and lists do not agree: nothing is taken for gone on such a word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from installations import AS_OF, Installation, install, mailbox_entry, query
from scripted_mailbox import expanded, fetched
from scripted_socket import ScriptedServer, scripted

MINUTE = timedelta(minutes=1)
TOMORROW = AS_OF + timedelta(days=1)


@dataclass
class Liar:
    """What the server says of INBOX; a test changes it between two polls."""

    exists: int = 3
    uidnext: int = 4
    uids: list[int] = field(default_factory=lambda: [1, 2, 3])
    modseq: int | None = None
    vanished: str = ""
    extensions: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    #: Uids it has trouble with for now.
    troubled: set[int] = field(default_factory=set)
    #: Uids that mean another letter than the one of their number.
    others: dict[int, int] = field(default_factory=dict)
    user: str = "team"
    password: str = "open-sesame"

    def append(self, folder: str, raw: bytes, arrived_at: datetime, flags: object = ()) -> int:
        raise NotImplementedError

    def capability(self, _: bytes) -> bytes:
        said = f"* CAPABILITY IMAP4rev1 AUTH=PLAIN {self.extensions}"
        return said.encode() + b"\r\n{tag} OK done"

    def enable(self, _: bytes) -> bytes:
        return b"* ENABLED QRESYNC\r\n{tag} OK done"

    def examine(self, _: bytes) -> bytes:
        modseq = f"* OK [HIGHESTMODSEQ {self.modseq}] ok\r\n" if self.modseq else ""
        said = (
            f"* {self.exists} EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n"
            f"* OK [UIDNEXT {self.uidnext}] ok\r\n{modseq}"
        )
        return said.encode() + b"{tag} OK [READ-ONLY] done"

    def search(self, command: bytes) -> bytes:
        words = command.split(b" ")
        asked = set[int]()
        for part in words[3].split(b","):
            low, _, high = part.partition(b":")
            asked.update(uid for uid in range(1, 100) if int(low) <= uid <= int(high or low))
        found = " ".join(str(uid) for uid in self.uids if uid in asked)
        return f"* SEARCH {found}\r\n".encode() + b"{tag} OK done"

    def fetch(self, command: bytes) -> bytes:
        if b"VANISHED" in command:
            return f"* VANISHED (EARLIER) {self.vanished}\r\n".encode() + b"{tag} OK done"
        if not self.troubled.isdisjoint(expanded(command)):
            return b"{tag} NO [SERVERBUG] Internal error occurred"
        letters = [
            fetched(uid, block=letter(self.others.get(uid, uid))) for uid in expanded(command)
        ]
        return b"".join(letters) + b"{tag} OK done"


def letter(uid: int) -> bytes:
    return (
        f"From: kim@globex.example\r\nTo: ana@acme.example\r\nMessage-ID: <{uid}@globex.example>"
        f"\r\nDate: Mon, 6 May 2024 10:0{uid}:00 +0000\r\n\r\n"
    ).encode()


@contextmanager
def lying(top: Path, liar: Liar) -> Iterator[tuple[Installation, ScriptedServer]]:
    """An installation that reads what `liar` says."""
    answers = {
        "CAPABILITY": liar.capability,
        "ENABLE": liar.enable,
        "EXAMINE": liar.examine,
        "UID SEARCH": liar.search,
        "UID FETCH": liar.fetch,
    }
    with scripted(answers) as server:
        liar.port = server.port
        entry = mailbox_entry(liar, folders=["INBOX"], sent=["INBOX"])
        yield install(top, entry), server


def poll(place: Installation, now: datetime) -> None:
    assert place.agent(now).poll(AS_OF).errors == []


def missing(place: Installation) -> list[int]:
    return query(place.mirror, "select uid from headers where missed_at is not null order by uid")


def gone(place: Installation) -> list[int]:
    return query(place.mirror, "select uid from headers where gone_at is not null order by uid")


def note(place: Installation) -> str | None:
    (found,) = place.query("select note from folders")
    return None if found is None else str(found)


def test_a_list_that_is_cut_off_marks_nothing_and_is_asked_for_again(tmp_path: Path) -> None:
    liar = Liar()
    with lying(tmp_path, liar) as (place, _):
        poll(place, AS_OF)
        liar.uids = [1]
        poll(place, TOMORROW)
        assert missing(place) == []
        said = "the server says that it has 3 letters and lists 1: which of them are gone can't"
        assert str(note(place)).startswith(said)
        poll(place, TOMORROW + MINUTE)
        assert missing(place) == []
        liar.exists = 1
        poll(place, TOMORROW + 2 * MINUTE)
        assert (missing(place), note(place)) == ([2, 3], None)


def test_an_empty_list_marks_nothing(tmp_path: Path) -> None:
    liar = Liar()
    with lying(tmp_path, liar) as (place, _):
        poll(place, AS_OF)
        liar.uids = []
        poll(place, TOMORROW)
        assert missing(place) == []
        assert note(place) is not None


def test_a_number_that_fell_without_a_letter_gone_marks_nothing(tmp_path: Path) -> None:
    liar = Liar()
    with lying(tmp_path, liar) as (place, _):
        poll(place, AS_OF)
        liar.exists = 2
        poll(place, AS_OF + MINUTE)
        assert missing(place) == []
        assert note(place) is not None
        liar.exists = 3
        poll(place, AS_OF + 2 * MINUTE)
        assert (missing(place), note(place)) == ([], None)


def test_a_second_look_that_lists_nothing_at_all_makes_nothing_gone(tmp_path: Path) -> None:
    liar = Liar()
    with lying(tmp_path, liar) as (place, _):
        poll(place, AS_OF)
        liar.exists, liar.uids = 2, [1, 3]
        poll(place, AS_OF + MINUTE)
        assert missing(place) == [2]
        liar.uids = []  # though EXAMINE says as before
        poll(place, AS_OF + 12 * MINUTE)
        assert gone(place) == []
        liar.uids = [1, 3]
        poll(place, AS_OF + 13 * MINUTE)
        assert gone(place) == [2]


def test_a_letter_that_is_listed_again_is_neither_missing_nor_gone(tmp_path: Path) -> None:
    liar = Liar()
    with lying(tmp_path, liar) as (place, _):
        poll(place, AS_OF)
        liar.exists, liar.uids = 2, [1, 3]
        poll(place, AS_OF + MINUTE)
        liar.exists, liar.uids = 3, [1, 2, 3]
        poll(place, AS_OF + 2 * MINUTE)
        assert missing(place) == []
        liar.exists, liar.uids = 2, [1, 3]
        poll(place, AS_OF + 3 * MINUTE)
        poll(place, AS_OF + 13 * MINUTE)
        assert gone(place) == [2]
        liar.exists, liar.uids = 3, [1, 2, 3]
        poll(place, AS_OF + 14 * MINUTE)
        assert (missing(place), gone(place)) == ([], [])


def test_a_letter_that_is_shown_late_under_a_lower_uid_is_read(tmp_path: Path) -> None:
    liar = Liar(exists=2, uids=[1, 3])
    with lying(tmp_path, liar) as (place, _):
        poll(place, AS_OF)
        liar.exists, liar.uidnext, liar.uids = 4, 5, [1, 2, 3, 4]
        assert place.agent(AS_OF + MINUTE).poll(AS_OF).new_messages == 2
        assert missing(place) == []


def test_a_first_list_that_is_cut_off_is_made_good_at_the_next_poll(tmp_path: Path) -> None:
    liar = Liar(uids=[1])
    with lying(tmp_path, liar) as (place, _):
        assert place.agent(AS_OF).poll(AS_OF).new_messages == 1
        assert note(place) is not None
        liar.uids = [1, 2, 3]
        assert place.agent(AS_OF + MINUTE).poll(AS_OF).new_messages == 2
        assert note(place) is None


QRESYNC = "ENABLE CONDSTORE QRESYNC"


def test_what_vanished_is_missing_without_a_look_at_the_whole_folder(tmp_path: Path) -> None:
    liar = Liar(modseq=10, extensions=QRESYNC)
    with lying(tmp_path, liar) as (place, server):
        poll(place, AS_OF)
        liar.exists, liar.uids, liar.modseq, liar.vanished = 2, [1, 3], 11, "2"
        before = len(server.commands)
        poll(place, AS_OF + MINUTE)
        assert missing(place) == [2]
        searches = [one for one in server.commands[before:] if one.startswith(b"UID SEARCH")]
        assert len(searches) == 1  # for what is new


def test_a_wrong_vanished_is_put_right_by_a_look_at_the_whole_folder(tmp_path: Path) -> None:
    liar = Liar(modseq=10, extensions=QRESYNC)
    with lying(tmp_path, liar) as (place, _):
        poll(place, AS_OF)
        liar.modseq, liar.vanished = 11, "1:3"
        poll(place, AS_OF + MINUTE)
        assert missing(place) == []
        liar.modseq, liar.vanished, liar.exists, liar.uids = 12, "1", 2, [1, 2]
        poll(place, AS_OF + 2 * MINUTE)
        # the number agrees: only the second look or the daily compare can tell
        assert missing(place) == [1]
        poll(place, AS_OF + 12 * MINUTE)
        assert gone(place) == []
        poll(place, TOMORROW + MINUTE)
        assert missing(place) == [3]


def test_a_modseq_that_went_down_has_the_whole_folder_compared(tmp_path: Path) -> None:
    liar = Liar(modseq=10, extensions=QRESYNC)
    with lying(tmp_path, liar) as (place, server):
        poll(place, AS_OF)
        liar.modseq, liar.exists, liar.uids = 9, 2, [1, 3]
        poll(place, AS_OF + MINUTE)
        assert missing(place) == [2]
        assert not any(b"VANISHED" in one for one in server.commands)


def test_a_server_brought_back_from_a_backup_hides_no_letter_behind_one_of_the_same_uid(
    tmp_path: Path,
) -> None:
    """It forgot letters 4 and 5 and gave uid 4 away again; UIDVALIDITY is what it was."""
    letters = "select uid, message_id from headers order by message_id"
    liar = Liar(exists=5, uidnext=6, uids=[1, 2, 3, 4, 5])
    with lying(tmp_path, liar) as (place, server):
        poll(place, AS_OF)
        liar.exists, liar.uidnext, liar.uids, liar.others = 4, 5, [1, 2, 3, 4], {4: 8}
        poll(place, AS_OF + MINUTE)
        ids = [1, 2, 3, 4, 5, 8]
        assert [name for _, name in query(place.mirror, letters)] == [
            f"{number}@globex.example" for number in ids
        ]
        assert missing(place) == [4, 5]
        assert query(place.mirror, "select last_uid from folders") == [4]
        liar.exists, liar.uidnext, liar.uids, liar.others = 5, 6, [1, 2, 3, 4, 5], {4: 8, 5: 9}
        poll(place, AS_OF + 20 * MINUTE)
        assert query(place.mirror, "select count(*) from headers") == [7]
        assert gone(place) == [4, 5]
        before = len(server.commands)
        poll(place, AS_OF + 21 * MINUTE)
        assert not any(b"SEARCH" in one for one in server.commands[before:])


def test_numbers_beyond_those_there_are_cost_no_poll(tmp_path: Path) -> None:
    liar = Liar(uidnext=2**70)
    with lying(tmp_path, liar) as (place, _):
        poll(place, AS_OF)
        assert query(place.mirror, "select uid from headers") == [1, 2, 3]
        assert query(place.mirror, "select uidnext from folders") == [None]


def test_a_letter_refused_in_an_outage_is_waited_for_and_after_three_polls_asked_for_daily(
    tmp_path: Path,
) -> None:
    said = "the server broke off over 1 letters"
    liar = Liar()
    with lying(tmp_path, liar) as (place, _):
        poll(place, AS_OF)
        liar.exists, liar.uidnext, liar.uids, liar.troubled = 4, 5, [1, 2, 3, 4], {4}
        for minutes in (1, 2):
            (error,) = place.agent(AS_OF + minutes * MINUTE).poll(AS_OF).errors
            assert said in str(error)
        for at in (AS_OF + 3 * MINUTE, TOMORROW, TOMORROW + MINUTE):
            poll(place, at)
        assert query(place.mirror, "select uid from headers") == [1, 2, 3]
        liar.troubled = set()
        poll(place, TOMORROW + 2 * MINUTE)
        assert query(place.mirror, "select uid from headers") == [1, 2, 3]
        poll(place, TOMORROW + timedelta(days=1, minutes=1))
        poll(place, TOMORROW + timedelta(days=1, minutes=2))
        assert query(place.mirror, "select uid from headers") == [1, 2, 3, 4]
