"""What each of four servers tells of what is there, what is gone, and what has another name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise

import pytest
from contract import MAY, theirs
from contract_servers import Driver, Missing, cyrus_drivers
from servers import PASSWORD, DovecotServer, second_pair_of_eyes, settings_for

from inbox_agent import imap_commands, imap_session
from inbox_agent.imap_commands import MAX_UID
from inbox_agent.mailbox import Folder, FolderStatus, Mailbox

pytestmark = [pytest.mark.servers, pytest.mark.reliability]

#: Which of them keep mod-sequences (RFC 7162), and ids of folders and letters (RFC 8474).
COUNTS_CHANGES = {"dovecot", "cyrus"}
GIVES_IDS = {"cyrus", "embedded"}


@contextmanager
def opened(driver: Driver, name: str = "INBOX") -> Iterator[tuple[Mailbox, Folder, FolderStatus]]:
    """A folder, examined by way of the log."""
    settings = settings_for(driver, port=driver.log.port, sent=(driver.folder("Sent"),))
    with Mailbox.connect(settings, driver.password, clock=lambda: MAY) as mailbox:
        wanted = driver.folder(name)
        folder = next(one for one in mailbox.folders() if one.name == wanted)
        yield mailbox, folder, mailbox.examine(folder)


def filled(driver: Driver, number: int, folder: str = "INBOX") -> list[int]:
    """So many letters in a folder; their uids."""
    letters = [(folder, theirs(n), MAY + timedelta(hours=n), ()) for n in range(number)]
    return driver.append_all(letters)  # type: ignore[arg-type]


def expunge(driver: Driver, folder: str, uids: list[int]) -> None:
    for uid in uids:
        driver.expunge(folder, uid)


def within(ranges: list[tuple[int, int]], uids: list[int]) -> list[int]:
    return [uid for uid in uids if any(low <= uid <= high for low, high in ranges)]


def test_an_examined_folder_tells_how_many_letters_it_has_and_how_far_it_has_changed(
    driver: Driver,
) -> None:
    uids = filled(driver, 3)
    with opened(driver) as (_, _, first), opened(driver) as (_, _, again):
        assert first == again
    assert (first.uidvalidity, first.exists) == (driver.uidvalidity("INBOX"), 3)
    assert first.uidnext in (uids[-1] + 1, None)
    assert (first.uidnext is None) == (driver.name == "courier")
    assert (first.modseq is not None) == (driver.name in COUNTS_CHANGES)


def test_every_change_of_a_folder_raises_its_mod_sequence(driver: Driver) -> None:
    """One letter taken away and one put in leaves their number as it was."""
    found = []
    uids = filled(driver, 3)
    changes = (
        lambda: driver.expunge("INBOX", uids[1]),
        lambda: filled(driver, 1),
        lambda: None,
    )
    for change in changes:
        with opened(driver) as (_, _, status):
            found.append(status.modseq)
        change()
    with opened(driver) as (_, _, status):
        found.append(status.modseq)
    if driver.name in COUNTS_CHANGES:
        before, expunged, appended, unchanged = map(int, map(str, found))
        assert before < expunged < appended == unchanged
    else:
        assert found == [None] * 4


def test_letters_that_were_expunged_have_vanished_and_no_others(driver: Driver) -> None:
    uids = filled(driver, 9)
    expunge(driver, "INBOX", [uids[0]])
    with opened(driver) as (_, _, before):
        pass
    expunge(driver, "INBOX", [uids[2], uids[3], uids[7]])
    uids += filled(driver, 2)
    with opened(driver) as (mailbox, _, now):
        assert mailbox.tells_vanished is (driver.name in COUNTS_CHANGES)
        gone = mailbox.vanished(before.modseq or 1)
        unchanged = mailbox.vanished(now.modseq or 1)
    if driver.name not in COUNTS_CHANGES:
        assert gone is None
        return
    assert gone is not None
    # the one that went before may be named again; one that is there may not
    assert within(gone, uids[1:]) == [uids[2], uids[3], uids[7]]
    assert unchanged is not None
    assert within(unchanged, uids[8:]) == []
    assert [one for one in unchanged if one[0] > uids[7]] == []


def test_after_an_unknown_mod_sequence_no_letter_that_is_there_has_vanished(
    driver: Driver,
) -> None:
    uids = filled(driver, 6)
    expunge(driver, "INBOX", uids[2:4])
    with opened(driver) as (mailbox, _, _):
        # the server remembers nothing so old, and names every uid it has not
        gone = mailbox.vanished(1)
        if driver.name in COUNTS_CHANGES:
            assert within(gone or [], uids) == uids[2:4]
        else:
            assert gone is None


def test_a_listing_gives_every_uid_that_is_there_in_windows_without_a_gap(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_commands, "WINDOW", 3)
    monkeypatch.setattr(imap_session, "WINDOW", 3)
    uids = filled(driver, 8)
    expunge(driver, "INBOX", [uids[0], uids[4]])
    with opened(driver) as (mailbox, _, status):
        windows = list(mailbox.listing())
    assert [uid for _, _, found in windows for uid in found] == [*uids[1:4], *uids[5:]]
    assert status.exists == 6
    assert [windows[0][0], windows[-1][1]] == [1, MAX_UID]
    assert all(high + 1 == low for (_, high, _), (low, _, _) in pairwise(windows))
    assert len(windows) > 1


def test_a_listing_knows_no_since(driver: Driver) -> None:
    uids = filled(driver, 2)
    late = (MAY + timedelta(days=90)).date()
    settings = settings_for(driver, port=driver.log.port, sent=(driver.folder("Sent"),))
    with Mailbox.connect(settings, driver.password, since=late, clock=lambda: MAY) as mailbox:
        mailbox.examine(mailbox.folders()[0])
        assert mailbox.new_uids(0) == []
        assert [uid for *_, found in mailbox.listing() for uid in found] == uids


def test_of_some_uids_those_are_still_there_that_nobody_took_away(driver: Driver) -> None:
    uids = filled(driver, 5)
    expunge(driver, "INBOX", [uids[1], uids[2]])
    with opened(driver) as (mailbox, _, _):
        assert mailbox.still_there([*uids, uids[-1] + 50]) == {uids[0], uids[3], uids[4]}
        assert mailbox.still_there(uids[1:3]) == frozenset()


def test_one_that_went_while_the_folder_was_open_is_not_still_there_in_the_next_session(
    driver: Driver,
) -> None:
    uids = filled(driver, 3)
    with opened(driver) as (mailbox, _, _):
        expunge(driver, "INBOX", [uids[1]])
        mailbox.still_there(uids)  # servers may tell it now or later (RFC 3501 §7.4.1)
    with opened(driver) as (mailbox, _, _):
        assert mailbox.still_there(uids) == {uids[0], uids[2]}


def test_a_folders_id_stays_when_it_is_renamed(driver: Driver) -> None:
    filled(driver, 1, "Old")
    filled(driver, 1, "Other")
    found = {}
    for name in ("Old", "Other"):
        with opened(driver, name) as (_, _, status):
            found[name] = status.mailbox_id
    driver.rename("Old", "New")
    with opened(driver, "New") as (_, _, status):
        found["New"] = status.mailbox_id
    if driver.name in GIVES_IDS:
        assert found["Old"]
        assert found["New"] == found["Old"] != found["Other"]
    else:
        assert found == {"Old": None, "Other": None, "New": None}


def test_letters_have_ids_where_the_server_gives_them(driver: Driver) -> None:
    uids = filled(driver, 2)
    with opened(driver) as (mailbox, folder, _):
        headers = [one for found, _ in mailbox.fetch(folder, uids) for one in found]
    ids = [header.email_id for header in headers]
    if driver.name in GIVES_IDS:
        assert all(ids)
        assert len(set(ids)) == 2
    else:
        assert ids == [None, None]
    assert [header.uid for header in headers] == uids
    assert all(header.labels == () for header in headers)


def test_folders_that_can_be_opened_are_listed_and_others_are_not(driver: Driver) -> None:
    filled(driver, 1, "Projects/Globex")
    with opened(driver) as (mailbox, _, _):
        listed = mailbox.listed
    assert {"INBOX", driver.folder("Sent"), driver.folder("Projects/Globex")} <= listed
    with second_pair_of_eyes(driver) as eyes:
        for name in listed:
            assert eyes.select(f'"{name}"', readonly=True)[0] == "OK", name


@pytest.mark.dovecot
def test_a_server_that_is_asked_to_stop_takes_no_other_with_it(dovecot: DovecotServer) -> None:
    """Cyrus's master ends its whole process group, and all servers belong to one user."""
    try:
        with cyrus_drivers() as make:
            assert make().password == PASSWORD
    except Missing as exc:
        pytest.skip(str(exc))
    with second_pair_of_eyes(dovecot) as eyes:
        assert eyes.noop()[0] == "OK"
