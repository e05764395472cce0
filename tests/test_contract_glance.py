"""Polls on a connection that is kept, on each server: what they ask, and that nothing escapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from contract import MAY, fill, installed, theirs
from contract_servers import Driver
from installations import AS_OF, Installation, exchange, query

from inbox_agent.agent import Attempt, Report
from inbox_agent.kept_mailbox import Kept
from inbox_agent.mirror import Mirror

pytestmark = [pytest.mark.servers, pytest.mark.reliability]

#: Those that look at all folders by one LIST (RFC 5819). They also can leave a folder (RFC 3691);
#: on the others a connection is kept once no folder was opened on it.
LOOK_AT_ALL = {"dovecot", "cyrus"}
#: Those that say no UIDNEXT in EXAMINE: nobody can tell that nothing has changed.
OPENED_ALWAYS = {"courier"}
ITEMS = "(MESSAGES UIDNEXT UIDVALIDITY)"


@dataclass
class Passes:
    """Passes of one process over the mailbox of one installation, an hour apart."""

    place: Installation
    driver: Driver
    now: datetime = AS_OF
    kept: Kept = field(default_factory=Kept)

    def one(self) -> Report:
        self.now += timedelta(hours=1)
        if self.driver.name == "courier":
            self.driver.state()  # it numbers the letters of a folder when that is looked at first
        self.driver.log.commands.clear()
        agent = self.place.agent(self.now)
        with Mirror(self.place.mirror) as mirror:
            report = agent.read_mailbox(
                mirror, agent.config.mailboxes[0], None, Attempt(kept=self.kept)
            )
        assert report.errors == []
        return report

    def said(self) -> list[str]:
        return self.driver.log.commands


@pytest.fixture
def passes(driver: Driver, tmp_path: Path) -> Iterator[Passes]:
    """After a first pass, which read eight letters of INBOX and Sent."""
    fill(driver, exchange("globex.example", 8, MAY))
    found = Passes(installed(tmp_path, driver), driver)
    assert found.one().new_messages == 8
    yield found
    found.kept.drop()


def missing(place: Installation) -> list[tuple[str, int]]:
    sql = "select folder, uid from headers where missed_at is not null or gone_at is not null"
    return query(place.mirror, sql)


def test_without_news_no_folder_is_opened_and_the_mailbox_is_known_to_be_complete(
    passes: Passes,
) -> None:
    for _ in range(2):
        report = passes.one()
        assert (report.new_messages, report.mailboxes_done) == (0, 1)
    with Mirror(passes.place.mirror) as mirror:
        assert mirror.as_of() == {"partners": passes.now}
        assert {row["last_complete_at"] for row in mirror.folders() if row["messages"]} == {
            int(passes.now.timestamp())
        }
    if passes.driver.name in OPENED_ALWAYS:
        return
    by_list = [f'LIST "" "*" RETURN (SPECIAL-USE STATUS {ITEMS})']
    each = ['LIST "" "*"', *(f'STATUS "{passes.driver.folder(name)}" {ITEMS}'
                                 for name in ("INBOX", "Sent"))]  # fmt: skip
    assert passes.said() == (by_list if passes.driver.name in LOOK_AT_ALL else each)


def test_a_letter_that_comes_opens_its_folder_alone(passes: Passes) -> None:
    passes.driver.append("INBOX", theirs(20), MAY + timedelta(hours=20))
    assert passes.one().new_messages == 1
    opened = [each for each in passes.said() if each.startswith("EXAMINE")]
    assert opened == ['EXAMINE "INBOX"'] or passes.driver.name in OPENED_ALWAYS
    assert passes.one().new_messages == 0


def test_a_letter_that_goes_is_missed_and_after_another_look_gone(passes: Passes) -> None:
    passes.driver.expunge("INBOX", 2 if passes.driver.name != "embedded" else 102)
    passes.one()
    assert len(missing(passes.place)) == 1
    passes.one()
    with Mirror(passes.place.mirror) as mirror:
        assert [row["gone"] for row in mirror.folders() if row["folder"] == "INBOX"] == [1]


def test_a_new_folder_is_read_and_one_that_is_gone_is_missed(passes: Passes) -> None:
    passes.driver.append("Old", theirs(20), MAY + timedelta(hours=20))
    assert passes.one().new_messages == 1
    passes.driver.delete("Old")
    passes.one()
    assert [folder for folder, _ in missing(passes.place)] == [passes.driver.folder("Old")]


def test_another_uidvalidity_is_seen(passes: Passes) -> None:
    passes.driver.append("Old", theirs(20), MAY + timedelta(hours=20))
    passes.one()
    passes.driver.another_uidvalidity("Old")
    passes.one()
    with Mirror(passes.place.mirror) as mirror:
        held = {row["folder"]: row["uidvalidity"] for row in mirror.folders()}
    assert held[passes.driver.folder("Old")] == passes.driver.uidvalidity("Old")
