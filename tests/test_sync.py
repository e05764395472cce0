"""Letters and folders that go, come back, move and get another name, on each of four servers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from contract import MAY, figures, fill, installed, poll, theirs
from contract_servers import Driver
from installations import AS_OF, Installation, exchange, query

from inbox_agent.forgetting import erase

pytestmark = pytest.mark.reliability

SOON, LATER = AS_OF + timedelta(minutes=9), AS_OF + timedelta(minutes=10)
EVEN_LATER = LATER + timedelta(minutes=10)
TOMORROW = AS_OF + timedelta(days=1)
MARKED = '[measures]\nno_reply_needed = { keyword = "NoReplyNeeded" }\n'
HOUR = timedelta(hours=1)


def presence(place: Installation, folder: str) -> dict[str, int]:
    """How many letters of a folder are there, missing and gone."""
    sql = (
        "select case when gone_at is not null then 'gone' when missed_at is not null"
        " then 'missing' else 'there' end as what, count(*) from headers where folder = ?"
        " group by what"
    )
    return dict(query(place.mirror, sql, folder))


def deliver(driver: Driver, folder: str, *numbers: int, flags: tuple[str, ...] = ()) -> list[int]:
    """Letters of a partner's, each with a number of its own."""
    return driver.append_all(
        [(folder, theirs(number), MAY + number * HOUR, flags) for number in numbers]
    )


def told(place: Installation, folder: str, column: str) -> Any:
    """What the published table says of a folder."""
    (found,) = place.query(f"select {column} from folders where folder = ?", folder)  # noqa: S608
    return found


def commands(driver: Driver, verb: str) -> list[str]:
    return [one for one in driver.log.commands if one.startswith(verb)]


# -- letters --------------------------------------------------------------------------------


def test_a_letter_that_is_expunged_is_missing_first_and_gone_ten_minutes_later(
    driver: Driver, tmp_path: Path
) -> None:
    uids = fill(driver, exchange("globex.example", 8, MAY))
    place = installed(tmp_path, driver)
    poll(place, driver)
    before = figures(place)
    driver.expunge("INBOX", uids[2])
    poll(place, driver)
    assert presence(place, "INBOX") == {"there": 3, "missing": 1}
    poll(place, driver, SOON)
    assert presence(place, "INBOX") == {"there": 3, "missing": 1}
    poll(place, driver, LATER)
    assert presence(place, "INBOX") == {"there": 3, "gone": 1}
    assert (told(place, "INBOX", "messages"), told(place, "INBOX", "gone")) == (4, 1)
    assert figures(place) == before


def test_one_letter_that_goes_and_one_that_comes_between_two_polls_are_both_seen(
    driver: Driver, tmp_path: Path
) -> None:
    uids = deliver(driver, "INBOX", 1, 2, 3)
    place = installed(tmp_path, driver)
    poll(place, driver)
    driver.expunge("INBOX", uids[0])
    deliver(driver, "INBOX", 4)
    assert poll(place, driver).new_messages == 1
    assert presence(place, "INBOX") == {"there": 3, "missing": 1}


def test_the_last_letter_that_goes_leaves_a_folder_of_which_all_is_gone(
    driver: Driver, tmp_path: Path
) -> None:
    (uid,) = deliver(driver, "INBOX", 1)
    place = installed(tmp_path, driver)
    poll(place, driver)
    driver.expunge("INBOX", uid)
    poll(place, driver)
    poll(place, driver, LATER)
    assert presence(place, "INBOX") == {"gone": 1}
    assert place.query("select messages_in from partners") == [1]


def test_a_letter_that_is_moved_is_gone_here_and_held_there_and_counts_once(
    driver: Driver, tmp_path: Path
) -> None:
    uids = deliver(driver, "INBOX", 1, 2, 3)
    driver.create("Archive")
    place = installed(tmp_path, driver)
    poll(place, driver)
    before = figures(place)
    with driver.connection() as connection:
        connection.select("INBOX")
        kind, data = connection.uid("COPY", str(uids[1]), f'"{driver.folder("Archive")}"')
        assert kind == "OK", data
    driver.expunge("INBOX", uids[1])
    assert poll(place, driver).new_messages == 1
    poll(place, driver, LATER)
    assert presence(place, "INBOX") == {"there": 2, "gone": 1}
    assert presence(place, driver.folder("Archive")) == {"there": 1}
    assert figures(place) == before


def test_a_marked_letter_that_is_deleted_keeps_its_mark_and_one_unmarked_loses_it(
    driver: Driver, tmp_path: Path
) -> None:
    first, second = deliver(driver, "INBOX", 1, 2, flags=("NoReplyNeeded",))
    place = installed(tmp_path, driver, MARKED)
    poll(place, driver)
    driver.expunge("INBOX", first)
    with driver.connection() as connection:
        connection.select("INBOX")
        connection.uid("STORE", str(second), "-FLAGS", "(NoReplyNeeded)")
    poll(place, driver)
    poll(place, driver, LATER)
    marks = query(place.mirror, "select uid, is_marked from headers order by uid")
    takes_no_keywords = driver.name == "embedded"  # STORE changes none that it was not begun with
    assert marks == [(first, 1), (second, int(takes_no_keywords))]


def test_a_copy_that_left_the_settled_folder_no_longer_settles(
    driver: Driver, tmp_path: Path
) -> None:
    (uid,) = deliver(driver, "Done", 1)
    deliver(driver, "INBOX", 1)
    done = driver.folder("Done")
    more = f'[measures]\nno_reply_needed = {{ folder = "{done}" }}\n'
    place = installed(tmp_path, driver, more)
    needs = "select needs_reply from response_times where responder = 'us'"
    poll(place, driver)
    assert place.query(needs) == ["no"]
    driver.expunge("Done", uid)
    poll(place, driver)
    assert place.query(needs) == ["no"]  # it is only missing yet
    poll(place, driver, LATER)
    assert place.query(needs) == ["yes"]


def test_a_poll_that_finds_nothing_new_asks_for_no_letter_and_no_uid(
    driver: Driver, tmp_path: Path
) -> None:
    fill(driver, exchange("globex.example", 8, MAY))
    place = installed(tmp_path, driver)
    poll(place, driver)
    driver.log.commands.clear()
    poll(place, driver)
    assert commands(driver, "EXAMINE")
    assert commands(driver, "UID FETCH") == []
    if driver.name == "courier":  # it tells neither UIDNEXT nor MODSEQ
        assert commands(driver, "UID SEARCH") != []
    else:
        assert commands(driver, "UID SEARCH") == []


def test_marks_are_asked_for_again_only_where_something_changed_if_the_server_can_tell(
    driver: Driver, tmp_path: Path
) -> None:
    (uid,) = deliver(driver, "INBOX", 1)
    place = installed(tmp_path, driver, MARKED)
    poll(place, driver)
    driver.log.commands.clear()
    poll(place, driver)
    can_tell = driver.name in {"dovecot", "cyrus"}  # by MODSEQ, RFC 7162
    assert (commands(driver, "UID SEARCH") == []) is can_tell
    if driver.name == "embedded":  # STORE changes no keywords there
        return
    with driver.connection() as connection:
        connection.select("INBOX")
        connection.uid("STORE", str(uid), "+FLAGS", "(NoReplyNeeded)")
    poll(place, driver)
    assert query(place.mirror, "select is_marked from headers") == [1]


def test_all_uids_are_compared_once_a_day(driver: Driver, tmp_path: Path) -> None:
    deliver(driver, "INBOX", 1, 2)
    place = installed(tmp_path, driver)
    poll(place, driver)
    driver.log.commands.clear()
    poll(place, driver, TOMORROW - HOUR)
    within = len(commands(driver, "UID SEARCH"))
    driver.log.commands.clear()
    poll(place, driver, TOMORROW)
    assert len(commands(driver, "UID SEARCH")) > within
    driver.log.commands.clear()
    poll(place, driver, TOMORROW + HOUR)
    assert len(commands(driver, "UID SEARCH")) == within


# -- folders --------------------------------------------------------------------------------


def test_a_folder_that_is_renamed_goes_on_under_its_new_name(
    driver: Driver, tmp_path: Path
) -> None:
    uids = deliver(driver, "Old", *range(30))
    place = installed(tmp_path, driver)
    poll(place, driver)
    driver.expunge("Old", uids[3])
    before = figures(place)
    driver.rename("Old", "New")
    driver.log.commands.clear()
    new = 29 if driver.name == "courier" else 0  # it gives a renamed folder another UIDVALIDITY
    assert poll(place, driver).new_messages == new
    assert figures(place) == before
    old_name, new_name = driver.folder("Old"), driver.folder("New")
    if driver.name == "courier":
        assert (told(place, old_name, "state"), told(place, new_name, "note")) == ("gone", None)
        assert presence(place, old_name) == {"missing": 30}
        assert presence(place, new_name) == {"there": 29}
    else:
        assert place.query("select folder from folders where folder = ?", old_name) == []
        assert told(place, new_name, "note") == f"was {old_name} until 2024-06-28"
        assert presence(place, new_name) == {"there": 29, "missing": 1}
    deliver(driver, "New", 31)
    assert poll(place, driver).new_messages == 1


def test_another_folder_under_the_name_of_a_deleted_one_is_no_rename(
    driver: Driver, tmp_path: Path
) -> None:
    deliver(driver, "Old", 1, 2, 3)
    place = installed(tmp_path, driver)
    poll(place, driver)
    driver.delete("Old")
    deliver(driver, "New", 4, 5, 6)
    assert poll(place, driver).new_messages == 3
    assert told(place, driver.folder("Old"), "state") == "gone"
    assert told(place, driver.folder("New"), "note") is None
    assert place.query("select messages_in from partners") == [6]


@pytest.mark.dovecot
@pytest.mark.parametrize("keeps", [True, False])
def test_numbers_alone_make_no_rename_the_letters_have_to_be_the_same(
    make_driver: Callable[[str], Driver], tmp_path: Path, keeps: bool
) -> None:
    """Two folders of one UIDVALIDITY, the uids of the second as high as those of the first."""
    driver = make_driver("dovecot")
    deliver(driver, "Old", 1, 2, 3)
    driver.another_uidvalidity("Old")
    place = installed(tmp_path, driver)
    poll(place, driver)
    uidvalidity = driver.uidvalidity("Old")
    driver.delete("Old")
    deliver(driver, "New", *((1, 2, 3) if keeps else (1, 2, 4)))
    driver.another_uidvalidity("New")
    assert driver.uidvalidity("New") == uidvalidity
    assert poll(place, driver).new_messages == (0 if keeps else 3)
    assert told(place, "New", "note") == ("was Old until 2024-06-28" if keeps else None)
    names = place.query("select folder from folders where folder in ('Old', 'New')")
    assert names == (["New"] if keeps else ["New", "Old"])


def test_what_was_erased_is_not_asked_for_again(driver: Driver, tmp_path: Path) -> None:
    deliver(driver, "INBOX", 1, 2, 3)
    place = installed(tmp_path, driver)
    poll(place, driver)
    erase(place.agent(), "kim@globex.example")
    assert presence(place, "INBOX") == {}
    (new,) = deliver(driver, "INBOX", 4)
    for now, fetched in ((AS_OF, [new]), (SOON, []), (TOMORROW + HOUR, [])):
        driver.log.commands.clear()
        assert poll(place, driver, now).new_messages == 0
        asked = [one for one in commands(driver, "UID FETCH") if "VANISHED" not in one]
        assert [int(one.split(" ")[2]) for one in asked] == fetched
    assert presence(place, "INBOX") == {}


def test_of_a_folder_that_is_deleted_all_letters_are_gone_and_none_is_lost(
    driver: Driver, tmp_path: Path
) -> None:
    deliver(driver, "Old", 1, 2, 3)
    place = installed(tmp_path, driver)
    poll(place, driver)
    before = figures(place)
    driver.delete("Old")
    old = driver.folder("Old")
    poll(place, driver)
    assert (told(place, old, "state"), presence(place, old)) == ("gone", {"missing": 3})
    poll(place, driver, LATER)
    assert (told(place, old, "gone"), told(place, old, "messages")) == (3, 3)
    assert figures(place) == before


def test_of_a_folder_made_anew_the_letters_that_did_not_come_back_are_gone(
    driver: Driver, tmp_path: Path
) -> None:
    deliver(driver, "Old", 1, 2, 3)
    place = installed(tmp_path, driver)
    poll(place, driver)
    was = driver.uidvalidity("Old")
    driver.delete("Old")
    driver.create("Old")
    deliver(driver, "Old", 3, 4)
    assert driver.uidvalidity("Old") != was
    assert poll(place, driver).new_messages == 2
    poll(place, driver, LATER)
    old = driver.folder("Old")
    assert (told(place, old, "messages"), told(place, old, "gone")) == (4, 2)
    assert place.query("select messages_in from partners") == [4]


def test_another_uidvalidity_alone_makes_no_letter_missing(driver: Driver, tmp_path: Path) -> None:
    deliver(driver, "Old", 1, 2, 3)
    place = installed(tmp_path, driver)
    poll(place, driver)
    driver.another_uidvalidity("Old")
    poll(place, driver)
    poll(place, driver, LATER)
    old = driver.folder("Old")
    assert presence(place, old) == {"there": 6}  # three of each generation, which count once
    assert (told(place, old, "messages"), told(place, old, "gone")) == (3, 0)


def test_a_folder_that_only_holds_folders_any_more_costs_no_other(
    driver: Driver, tmp_path: Path
) -> None:
    deliver(driver, "Projects", 1)
    deliver(driver, "Projects/Globex", 2)
    place = installed(tmp_path, driver)
    poll(place, driver)
    if driver.name == "cyrus":  # it deletes no folder that holds folders
        with pytest.raises(AssertionError, match="HASCHILDREN"):
            driver.delete("Projects")
        return
    driver.delete("Projects")
    report = place.agent(LATER).poll(AS_OF)
    upper = driver.folder("Projects")
    if driver.name == "dovecot":  # it lists the folder as one that can be opened, and refuses
        assert upper in str(report.errors[0])
        assert (told(place, upper, "state"), presence(place, upper)) == ("failed", {"there": 1})
    else:
        assert report.errors == []
        assert (told(place, upper, "state"), presence(place, upper)) == ("gone", {"missing": 1})
    assert told(place, driver.folder("Projects/Globex"), "state") == "ok"


def test_a_folder_that_is_no_longer_chosen_is_left_out_and_loses_nothing(
    driver: Driver, tmp_path: Path
) -> None:
    deliver(driver, "Old", 1, 2, 3)
    place = installed(tmp_path, driver)
    poll(place, driver)
    before = figures(place)
    place = installed(tmp_path, driver, folders=["INBOX"])
    poll(place, driver)
    poll(place, driver, LATER)
    old = driver.folder("Old")
    assert (told(place, old, "state"), presence(place, old)) == ("left out", {"there": 3})
    assert figures(place) == before
    place = installed(tmp_path, driver)
    assert poll(place, driver, EVEN_LATER).new_messages == 0
    assert told(place, old, "state") == "ok"


def test_with_since_a_folder_is_compared_and_older_letters_stay_unread(
    driver: Driver, tmp_path: Path
) -> None:
    uids = fill(driver, exchange("globex.example", 8, MAY, timedelta(days=1)))
    more = "[poll]\nsince = 2024-05-10\n"
    place = installed(tmp_path, driver, more)
    assert poll(place, driver).new_messages == 5
    driver.expunge("INBOX", uids[6])
    assert poll(place, driver, TOMORROW).new_messages == 0
    assert presence(place, "INBOX") == {"there": 1, "missing": 1}
