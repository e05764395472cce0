"""What happens to a mailbox between two polls, and during one, on each of four servers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from contract import MAY, figures, fill, installed, poll, theirs
from contract_servers import Driver
from installations import AS_OF, exchange

pytestmark = [pytest.mark.servers, pytest.mark.reliability]


def test_another_uidvalidity_loses_nothing_and_counts_nothing_twice(
    driver: Driver, tmp_path: Path
) -> None:
    letters = exchange("globex.example", 8, MAY)
    fill(driver, [one._replace(folder="Old") if one.folder == "INBOX" else one for one in letters])
    place = installed(tmp_path, driver)
    poll(place, driver)
    before, was = figures(place), driver.uidvalidity("Old")
    driver.another_uidvalidity("Old")
    assert driver.uidvalidity("Old") != was
    driver.log.commands.clear()
    poll(place, driver)
    assert any(one.startswith("UID FETCH 1") for one in driver.log.commands)
    assert figures(place) == before
    old = driver.folder("Old")
    assert place.query("select messages from folders where folder = ?", old) == [4]


def test_a_renamed_folder_counts_nothing_twice(driver: Driver, tmp_path: Path) -> None:
    letters = exchange("globex.example", 8, MAY)
    fill(driver, [one._replace(folder="Old") if one.folder == "INBOX" else one for one in letters])
    place = installed(tmp_path, driver)
    poll(place, driver)
    before = figures(place)
    driver.rename("Old", "New")
    poll(place, driver)
    assert figures(place) == before


def test_what_a_deleted_folder_held_is_kept(driver: Driver, tmp_path: Path) -> None:
    letters = exchange("globex.example", 8, MAY)
    fill(driver, [one._replace(folder="Old") if one.folder == "INBOX" else one for one in letters])
    place = installed(tmp_path, driver)
    poll(place, driver)
    before = figures(place)
    driver.delete("Old")
    poll(place, driver)
    assert figures(place) == before


def test_a_configured_folder_that_is_deleted_costs_no_other(driver: Driver, tmp_path: Path) -> None:
    fill(driver, exchange("globex.example", 2, MAY))
    driver.append("Old", theirs(8), MAY + timedelta(hours=8))
    place = installed(tmp_path, driver, folders=["INBOX", driver.folder("Old")])
    poll(place, driver)
    driver.delete("Old")
    driver.append("INBOX", theirs(9), MAY + timedelta(hours=9))
    report = place.agent(AS_OF).poll(AS_OF)
    assert (len(report.errors), report.new_messages) == (1, 1)
    assert f'"{driver.folder("Old")}"' in str(report.errors[0])
    assert place.query("select messages_in from partners") == [3]


def test_a_folder_that_only_holds_folders_is_passed_over(driver: Driver, tmp_path: Path) -> None:
    driver.append("Projects/Globex", theirs(1), MAY + timedelta(hours=1))
    driver.append("Projects/Globex", theirs(2), MAY + timedelta(hours=2))
    place = installed(tmp_path, driver)
    assert poll(place, driver).new_messages == 2


def test_a_letter_expunged_between_polls_still_counts(driver: Driver, tmp_path: Path) -> None:
    uids = fill(driver, exchange("globex.example", 8, MAY))
    place = installed(tmp_path, driver)
    poll(place, driver)
    before = figures(place)
    driver.expunge("INBOX", uids[2])
    poll(place, driver)
    assert figures(place) == before


def test_a_letter_expunged_while_the_others_are_fetched_leaves_no_false_one(
    driver: Driver, tmp_path: Path
) -> None:
    """Courier hands out a letter of its own making, "message unavailable", in its place."""
    uids = [
        driver.append("INBOX", theirs(number), MAY + timedelta(hours=number)) for number in range(5)
    ]
    place = installed(tmp_path, driver)

    def expunge_once(command: str) -> None:
        if command.startswith("UID FETCH"):
            driver.log.before = None
            driver.expunge("INBOX", uids[2])

    driver.log.before = expunge_once
    place.agent(AS_OF).poll(AS_OF)
    assert driver.log.before is None
    poll(place, driver)
    found = place.query("select messages_in from partners where partner = 'globex.example'")
    # some servers still give what was there when the command came, others no longer
    assert found in ([4], [5])
    assert place.query("select count(*) from messages") == found
    assert place.query("select partner from partners") == ["globex.example"]
