"""Which letters a server says are gone or there: what is believed, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_mailbox import connect, inbox, settings
from scripted_socket import Answer, ScriptedServer, scripted

from inbox_agent.errors import Fault, MailboxUnavailable
from inbox_agent.imap_commands import MAX_UID
from inbox_agent.imap_presence import merged, vanished_ranges
from inbox_agent.mailbox import Mailbox

OFFERED = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN ENABLE CONDSTORE QRESYNC\r\n{tag} OK done"
ENABLED = b"* ENABLED QRESYNC CONDSTORE\r\n{tag} OK done"
EXAMINED = (
    b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 10] ok\r\n"
    b"* OK [HIGHESTMODSEQ 99] ok\r\n{tag} OK [READ-ONLY] done"
)


def of(mailbox_id: bytes) -> bytes:
    return EXAMINED.replace(b"{tag}", b"* OK [MAILBOXID %b] ok\r\n{tag}" % mailbox_id)


def resyncing(**more: Answer) -> dict[str, Answer]:
    return {"CAPABILITY": OFFERED, "ENABLE": ENABLED, "EXAMINE": EXAMINED, **more}


# --- VANISHED


def test_ranges_that_touch_or_overlap_become_one() -> None:
    assert merged([(7, 9), (1, 2), (3, 3), (8, 12), (20, 20)]) == [(1, 3), (7, 12), (20, 20)]
    assert merged([]) == []


RANGE = st.tuples(st.integers(1, 60), st.integers(1, 60)).map(lambda pair: tuple(sorted(pair)))


@given(st.lists(RANGE))
def test_merging_changes_no_uid(ranges: list[tuple[int, int]]) -> None:
    def uids(some: list[tuple[int, int]]) -> set[int]:
        return {uid for low, high in some for uid in range(low, high + 1)}

    found = merged(ranges)
    assert uids(found) == uids(ranges)
    assert all(high + 1 < low for (_, high), (low, _) in pairwise(found))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([b"(EARLIER) 3"], [(3, 3)]),
        # RFC 7162 §3.2.10, its own example
        ([b"(EARLIER) 300:310,405,411"], [(300, 310), (405, 405), (411, 411)]),
        ([b"(EARLIER) 9:3", b"(earlier) 1,2"], [(1, 9)]),
        ([None], []),  # imaplib: there was none
        ([b"(EARLIER) 5", b"8"], [(5, 5)]),  # 8 went this very moment
    ],
)
def test_vanished_uids_are_ranges_ascending_and_merged(
    lines: list[bytes | None], expected: list[tuple[int, int]]
) -> None:
    assert vanished_ranges(lines, [None], 1, MAX_UID) == expected


@pytest.mark.parametrize(
    "line",
    [
        b"(EARLIER)",
        b"(EARLIER) ",
        b"(EARLIER) *",
        b"(EARLIER) 3:*",
        b"(EARLIER) 0",
        b"(EARLIER) 1,,3",
        b"(EARLIER) 3 4",
        b"(EARLIER) 4294967296",
        b"(EARLIER) (3)",
        b"EARLIER 3",
        b"",
        b"everything",
    ],
)
def test_a_vanished_line_that_is_malformed_makes_all_of_them_worthless(line: bytes) -> None:
    assert vanished_ranges([b"(EARLIER) 5", line], [None], 1, MAX_UID) is None


def test_what_vanished_outside_of_what_was_asked_for_is_not_believed() -> None:
    assert vanished_ranges([b"(EARLIER) 5:9"], [None], 5, 9) == [(5, 9)]
    assert vanished_ranges([b"(EARLIER) 4:9"], [None], 5, 9) is None
    assert vanished_ranges([b"(EARLIER) 5:10"], [None], 5, 9) is None


@pytest.mark.parametrize("answered", [b"2 (UID 7 MODSEQ (12))", (b"2 (UID 7 X {1}", b"x")])
def test_a_letter_that_is_said_to_be_changed_and_gone_is_not_believed_to_be_gone(
    answered: object,
) -> None:
    assert vanished_ranges([b"(EARLIER) 6:8,20"], [answered], 1, MAX_UID) is None
    assert vanished_ranges([b"(EARLIER) 6,8,20"], [answered], 1, MAX_UID) is not None


# --- over the wire


def resynced(answer: Answer) -> tuple[list[tuple[int, int]] | None, list[bytes]]:
    """What `vanished` gives, and what was said for it."""
    with (
        scripted(resyncing(**{"UID FETCH": answer})) as server,
        connect(settings(server.port)) as mailbox,
    ):
        mailbox.examine(mailbox.folders()[0])
        assert mailbox.tells_vanished
        gone = mailbox.vanished(41)
        return gone, [line for line in server.commands if line.startswith(b"UID FETCH")]


def test_what_vanished_is_asked_for_by_the_mod_sequence_it_is_to_be_later_than() -> None:
    gone, said = resynced(
        b"* VANISHED (EARLIER) 2,5:6\r\n* 1 FETCH (UID 1 MODSEQ (50))\r\n{tag} OK done"
    )
    assert gone == [(2, 2), (5, 6)]
    assert said == [b"UID FETCH 1:4294967295 (UID) (CHANGEDSINCE 41 VANISHED)"]


def test_none_vanished_is_not_the_same_as_cannot_tell() -> None:
    assert resynced(b"{tag} OK done")[0] == []
    assert resynced(b"* VANISHED (EARLIER) everything\r\n{tag} OK done")[0] is None
    assert resynced(b"{tag} NO [CANNOT] not today")[0] is None
    assert resynced(b"{tag} BAD unknown modifier")[0] is None


def test_a_busy_server_is_an_error_and_not_a_folder_that_cannot_tell() -> None:
    with pytest.raises(MailboxUnavailable) as caught:
        resynced(b"{tag} NO [UNAVAILABLE] later")
    assert caught.value.fault is Fault.LATER


def test_what_vanished_unasked_before_is_no_answer() -> None:
    answers = resyncing(
        **{
            "EXAMINE": EXAMINED,
            "UID SEARCH": b"* VANISHED (EARLIER) 1\r\n* SEARCH 1 2 3\r\n{tag} OK done",
        }
    )
    with scripted(answers) as server, connect(settings(server.port)) as mailbox:
        mailbox.examine(mailbox.folders()[0])
        assert mailbox.new_uids(0) == [1, 2, 3]
        assert mailbox.vanished(41) == []


def test_a_mod_sequence_that_is_none_asks_nothing() -> None:
    with scripted(resyncing()) as server, connect(settings(server.port)) as mailbox:
        mailbox.examine(mailbox.folders()[0])
        assert mailbox.vanished(0) is None
        assert not any(line.startswith(b"UID FETCH") for line in server.commands)


def seen_as(examine: bytes) -> tuple[int | None, bool]:
    with (
        scripted(resyncing(EXAMINE=examine)) as server,
        connect(settings(server.port)) as mailbox,
    ):
        assert not mailbox.tells_vanished  # no folder is open
        modseq = mailbox.examine(mailbox.folders()[0]).modseq
        return modseq, mailbox.tells_vanished


@pytest.mark.parametrize(
    ("code", "modseq"),
    [
        (b"HIGHESTMODSEQ 99", 99),
        (b"HIGHESTMODSEQ 9223372036854775807", 2**63 - 1),  # RFC 7162 §7: 63 bits
        (b"HIGHESTMODSEQ 9223372036854775808", None),
        (b"HIGHESTMODSEQ 0", None),
        (b"HIGHESTMODSEQ soon", None),
        (b"HIGHESTMODSEQ", None),
        (b"HIGHESTMODSEQ 9] ok\r\n* OK [NOMODSEQ", None),
        (b"NOMODSEQ", None),  # RFC 7162 §3.1.2.2
        (b"UNSEEN 1", None),
    ],
)
def test_a_folder_without_a_mod_sequence_tells_of_no_letter_that_vanished(
    code: bytes, modseq: int | None
) -> None:
    examine = EXAMINED.replace(b"HIGHESTMODSEQ 99", code)
    assert seen_as(examine) == (modseq, modseq is not None)


@pytest.mark.parametrize(
    ("given", "mailbox_id"),
    [
        (b"(F2212ea87-6097-4256-9d51-71338625)", "F2212ea87-6097-4256-9d51-71338625"),
        (b"(123)", "123"),
        (b"F1", None),
        (b"()", None),
        (b"(two words)", None),
        (b"(" + b"x" * 256 + b")", None),  # RFC 8474 §4: 255 at most
    ],
)
def test_a_folder_has_the_id_that_outlives_its_name(given: bytes, mailbox_id: str | None) -> None:
    with (
        scripted(resyncing(EXAMINE=of(given))) as server,
        connect(settings(server.port)) as mailbox,
    ):
        assert mailbox.examine(mailbox.folders()[0]).mailbox_id == mailbox_id


# --- listing


def listed(command: bytes) -> bytes:
    low, high = map(int, command.split(b" ")[-1].split(b":"))
    found = b" ".join(b"%d" % uid for uid in (9, 5, 2, 5) if low <= uid <= high)
    return b"* SEARCH " + found + b"\r\n{tag} OK done"


def test_the_windows_of_a_listing_leave_no_uid_out() -> None:
    with inbox(UID_SEARCH=listed) as (mailbox, _):
        assert list(mailbox.listing()) == [(1, MAX_UID, [2, 5, 9])]


def searches(server: ScriptedServer) -> list[bytes]:
    return [line for line in server.commands if line.startswith(b"UID SEARCH")]


def among(*there: int) -> Callable[[bytes], bytes]:
    def answer(command: bytes) -> bytes:
        asked = command.split(b" ")[-1].split(b",")
        found = [b"%d" % uid for uid in there if b"%d" % uid in asked]
        return b"* SEARCH %b\r\n{tag} OK done" % b" ".join(found)

    return answer


def test_only_uids_that_were_asked_for_are_still_there() -> None:
    with inbox(UID_SEARCH=b"* SEARCH 3 9 4\r\n{tag} OK done") as (mailbox, server):
        assert mailbox.still_there([9, 3, 5]) == {3, 9}
        assert searches(server) == [b"UID SEARCH UID 3,5,9"]
        assert mailbox.still_there([]) == frozenset()
        assert len(searches(server)) == 1


def test_thousands_of_uids_are_looked_for_in_commands_of_under_8000_octets() -> None:
    uids = range(4_000_000_000, 4_000_004_000, 2)
    there = (4_000_000_002, 4_000_002_000, 4_000_003_998)
    with inbox(UID_SEARCH=among(*there)) as (mailbox, server):
        assert mailbox.still_there(uids) == set(there)
        assert len(searches(server)) == 3
        assert max(map(len, server.commands)) < 8_000


def test_a_search_without_an_answer_is_an_error_and_not_a_letter_that_is_gone() -> None:
    looks: list[Callable[[Mailbox], object]] = [
        lambda mailbox: mailbox.still_there([1]),
        lambda mailbox: list(mailbox.listing()),
    ]
    for answer in (b"* ESEARCH UID ALL 1:3\r\n{tag} OK done", b"{tag} OK done"):
        for look in looks:
            with inbox(UID_SEARCH=answer) as (mailbox, _), pytest.raises(MailboxUnavailable):
                look(mailbox)


def test_all_folders_that_can_be_selected_are_listed_read_or_not() -> None:
    folders = (
        b'* LIST () "/" inbox\r\n* LIST (\\Sent) "/" Sent\r\n* LIST (\\Junk) "/" Spam\r\n'
        b'* LIST (\\Noselect) "/" Only\r\n* LIST () "/" "Gr&APYA3w-e"\r\n{tag} OK done'
    )
    with scripted({"LIST": folders}) as server, connect(settings(server.port)) as mailbox:
        assert [folder.name for folder in mailbox.folders()] == ["INBOX", "Größe", "Sent"]
        assert mailbox.listed == {"INBOX", "Größe", "Sent", "Spam"}
