"""What every test of the contract suite does: install, poll, and look that nothing was touched."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from contract_servers import Driver
from installations import AS_OF, HISTORY, Installation, Tables, install, letter, mailbox_entry
from servers import Delivery

from inbox_agent.agent import Report

MAY = datetime.fromisoformat("2024-05-06T09:00:00+00:00")
DAY = timedelta(days=1)


def installed(top: Path, driver: Driver, more: str = "", **changes: Any) -> Installation:
    """An installation that reads `driver`'s mail through its log."""
    entry = {"port": driver.log.port, "sent": [driver.folder("Sent")]} | changes
    partners = '[[partners]]\ndomains = ["globex.example"]\n'
    return install(top, mailbox_entry(driver, **entry), more=more, partners=partners)


def fill(driver: Driver, letters: list[Delivery]) -> list[int]:
    """Put letters into their folders and give their uids."""
    return driver.append_all([(one.folder, one.raw, one.arrived_at, one.flags) for one in letters])


def poll(place: Installation, driver: Driver, now: datetime = AS_OF) -> Report:
    """One poll without any error that leaves the mailbox as it was."""
    if driver.name == "courier":
        driver.state()  # it numbers the letters of a folder when that is looked at first
    before = driver.state()
    report = place.agent(now).poll(AS_OF)
    assert report.errors == []
    assert driver.state() == before
    return report


def theirs(number: int, *more: str) -> bytes:
    """A letter of a partner's, an hour after the one numbered before it."""
    at, name = MAY + timedelta(hours=number), f"{number}@globex.example"
    kim = "Kim <kim@globex.example>"
    return letter(kim, "ana@acme.example", at, name, *more, subject=f"Question {number}?")


def figures(place: Installation) -> Tables:
    """The published tables but those of the reading itself; of the letters no hints on copies."""
    found = place.tables(*HISTORY, "messages")
    return found | {"messages": place.query("select message, at, side, counts from messages")}
