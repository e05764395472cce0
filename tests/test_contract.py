"""What is promised of every mail server, on each of four: Dovecot, Cyrus, Courier, pymap.

Every poll here also proves that flags, counts and UIDNEXT are after it as they were before, and
every test that nothing was asked of the server but what reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from contract import DAY, MAY, fill, installed, poll
from contract_servers import Driver, Missing
from contract_wire import forbidden
from installations import AS_OF, HISTORY, exchange, tables

from inbox_agent import imap_commands, imap_extensions

pytestmark = [pytest.mark.servers, pytest.mark.reliability]


def fetches(driver: Driver) -> list[str]:
    return [one for one in driver.log.commands if one.startswith("UID FETCH")]


def test_the_first_poll_reads_all_letters_of_all_folders(driver: Driver, tmp_path: Path) -> None:
    letters = exchange("globex.example", 8, MAY)
    archived = [one._replace(folder="Archive/2023") for one in exchange("old.example", 5, MAY)]
    fill(driver, [*letters, *archived])
    place = installed(tmp_path, driver)
    assert poll(place, driver).new_messages == 13
    held = dict(place.query("select folder, messages from folders where messages > 0"))
    assert held == {"INBOX": 4, driver.folder("Sent"): 4, driver.folder("Archive/2023"): 5}


def test_a_second_poll_reads_no_letter_and_changes_nothing(driver: Driver, tmp_path: Path) -> None:
    fill(driver, exchange("globex.example", 8, MAY))
    place = installed(tmp_path, driver)
    poll(place, driver)
    before, held = place.tables(*HISTORY), tables(place.mirror)["headers"]
    driver.log.commands.clear()
    assert poll(place, driver).new_messages == 0
    assert fetches(driver) == []
    assert place.tables(*HISTORY) == before
    assert tables(place.mirror)["headers"] == held


def test_letters_that_came_since_are_read(driver: Driver, tmp_path: Path) -> None:
    letters = exchange("globex.example", 9, MAY)
    fill(driver, letters[:4])
    place = installed(tmp_path, driver)
    assert poll(place, driver).new_messages == 4
    fill(driver, letters[4:])
    assert poll(place, driver).new_messages == 5
    assert place.query("select messages_in, messages_out from partners") == [(5, 4)]


def test_sent_is_found_by_its_mark_or_has_to_be_named(driver: Driver, tmp_path: Path) -> None:
    fill(driver, exchange("globex.example", 4, MAY))
    place = installed(tmp_path, driver, sent=None)
    if driver.marks_sent:
        poll(place, driver)
    else:
        (error,) = place.agent(AS_OF).poll(AS_OF).errors
        assert "sent = [" in str(error)
        place = installed(tmp_path, driver)
        poll(place, driver)
    assert place.query("select messages_in, messages_out from partners") == [(2, 2)]


def test_only_letters_since_a_day_are_read(driver: Driver, tmp_path: Path) -> None:
    fill(driver, exchange("globex.example", 8, MAY, DAY))  # 6 to 13 May, a day apart
    place = installed(tmp_path, driver, more="[poll]\nsince = 2024-05-10\n")
    # SINCE knows no zones, so that the day before is asked for, too
    assert poll(place, driver).new_messages == 5


def test_a_keyword_set_by_hand_marks_the_letter(driver: Driver, tmp_path: Path) -> None:
    first, ours, second = exchange("globex.example", 3, MAY)
    fill(driver, [first, ours, second._replace(flags=("NoReplyNeeded",))])
    more = '[measures]\nno_reply_needed = { keyword = "NoReplyNeeded" }\n'
    place = installed(tmp_path, driver, more)
    poll(place, driver)
    sql = "select needs_reply from response_times where responder = 'us' order by asked_at"
    assert place.query(sql) == ["yes", "no"]


REPORT = """From: Mail Delivery System <mailer-daemon@mx.example>
To: ana@acme.example
Date: Mon, 06 May 2024 10:00:00 +0000
Message-ID: <report@mx.example>
Subject: Delivery Status Notification
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_r"

--=_r
Content-Type: text/plain

Words for people.
--=_r
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; kim@globex.example
Action: failed
Status: 5.1.1
--=_r
Content-Type: message/rfc822

Message-ID: <1.globex.example>
Subject: Offer?

The offer.
--=_r--
""".replace("\n", "\r\n").encode()


def test_of_a_delivery_report_its_parts_are_read(driver: Driver, tmp_path: Path) -> None:
    fill(driver, exchange("globex.example", 2, MAY))
    driver.append("INBOX", REPORT, MAY + timedelta(hours=1))
    place = installed(tmp_path, driver)
    poll(place, driver)
    (kept,) = [row for row in tables(place.mirror)["headers"] if b"5.1.1" in _octets(row)]
    assert kept


def _octets(row: tuple[object, ...]) -> bytes:
    return b" ".join(one for one in row if isinstance(one, bytes))


@pytest.mark.dovecot
@pytest.mark.parametrize("name", ["dovecot", "cyrus", "courier"])
def test_the_same_letters_give_the_same_tables_on_every_server(
    name: str, make_driver: Callable[[str], Driver], tmp_path: Path
) -> None:
    try:
        drivers = make_driver("embedded"), make_driver(name)
    except Missing as exc:
        pytest.skip(str(exc))
    partners = ("globex.example", "initech.example")
    letters = [one for each in partners for one in exchange(each, 19, MAY)]
    found = []
    for number, driver in enumerate(drivers):
        fill(driver, letters)
        place = installed(tmp_path / str(number), driver)
        assert poll(place, driver).new_messages == 38
        found.append(place.tables(*HISTORY))
        assert forbidden(driver.log.all) == []
    assert found[0]["messages"]
    assert found[0] == found[1]


# --- what would be seen


def test_a_flag_that_changes_during_a_poll_does_not_go_unseen(
    driver: Driver, tmp_path: Path
) -> None:
    uids = fill(driver, exchange("globex.example", 2, MAY))

    def change_once(command: str) -> None:
        if command.startswith("UID FETCH"):
            driver.log.before = None
            driver.flag("INBOX", uids[0], r"\Seen")

    driver.log.before = change_once
    with pytest.raises(AssertionError):
        poll(installed(tmp_path, driver), driver)
    assert driver.log.before is None


@pytest.mark.parametrize(
    ("right", "wrong"), [("BODY.PEEK[", "BODY["), ("RFC822.SIZE", "RFC822.SIZE RFC822")]
)
def test_a_fetch_that_marks_letters_as_read_does_not_go_unseen(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: str, wrong: str
) -> None:
    """With the allow-list out of the way, that is: it would stop the command here."""
    monkeypatch.setattr(imap_commands, "_ALLOWED", (re.compile(b".*"),))
    for name in ("FETCH_ITEMS", "GMAIL_FETCH_ITEMS", "OBJECT_FETCH_ITEMS"):
        items = getattr(imap_commands, name)
        assert right in items
        monkeypatch.setattr(imap_extensions, name, items.replace(right, wrong))
    fill(driver, exchange("globex.example", 2, MAY))
    installed(tmp_path, driver).agent(AS_OF).poll(AS_OF)
    assert forbidden(driver.log.all) == fetches(driver) != []
    driver.log.all.clear()


def test_nothing_leaves_that_is_not_on_the_list(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [form for form in imap_commands._ALLOWED if not form.match(b"UID SEARCH UID 1")]
    monkeypatch.setattr(imap_commands, "_ALLOWED", tuple(listed))
    fill(driver, exchange("globex.example", 2, MAY))
    with pytest.raises(imap_commands.ForbiddenCommand):
        installed(tmp_path, driver).agent(AS_OF).poll(AS_OF)
    assert [one for one in driver.log.commands if one.startswith("UID SEARCH")] == []
