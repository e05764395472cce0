"""While polls fail nobody is called silent: what we could not read is no silence of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from installations import HISTORY, Installation, deliver, exchange, install, letter, mailbox_entry
from servers import Delivery, EmbeddedServer

from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.errors import MailboxUnavailable

DAY = timedelta(days=1)
#: Ten letters to and fro, one each Monday, the last of them ours on 8 July 2024: nine gaps of 5
#: working days. The sixth working day after it is Tuesday the 16th, the eleventh Tuesday the 23rd.
MONDAY = datetime(2024, 5, 6, 9, tzinfo=UTC)
BEFORE = datetime(2024, 7, 15, 12, tzinfo=UTC)
AFTER = datetime(2024, 7, 24, 12, tzinfo=UTC)
#: A port of loopback that is reserved and where nobody listens.
NOBODY_THERE = 1


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """A server without any letters."""
    with serve_letters() as running:
        yield EmbeddedServer(running)


def state(place: Installation) -> tuple[str, str, str]:
    (row,) = place.query("select state, watch_at, act_at from partner_standing")
    return row


def alarms(place: Installation) -> list[tuple[str, str]]:
    return place.query("select level, raised_at from alarm_record order by raised_at")


def polled_before(server: EmbeddedServer, top: Path) -> Installation:
    """An agent that has read everything, on the day before the silence is too long."""
    deliver(server, exchange("globex.example", 10, MONDAY, every=7 * DAY))
    place = install(top, mailbox_entry(server))
    assert place.agent(BEFORE).poll().errors == []
    assert state(place) == ("ok", "2024-07-16T00:00:00Z", "2024-07-23T00:00:00Z")
    return place


def outage(server: EmbeddedServer, place: Installation) -> None:
    """Polls that find nobody there, until the silence would be one to act on."""
    before = place.tables(*HISTORY)
    install(place.top, mailbox_entry(server, port=NOBODY_THERE))
    for days in (1, 5, 9):
        report = place.agent(BEFORE + days * DAY).poll()
        assert [type(error) for error in report.errors] == [MailboxUnavailable]
        assert place.tables(*HISTORY) == before
    assert place.query("select count(*) from polls where ok = 0") == [3]
    install(place.top, mailbox_entry(server))


def test_while_polls_fail_a_partner_stays_as_it_was_for_days(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    place = polled_before(server, tmp_path)
    outage(server, place)
    assert alarms(place) == []
    assert place.agent(AFTER).poll().errors == []
    assert state(place)[0] == "act"
    assert alarms(place) == [
        ("watch", "2024-07-16T00:00:00Z"),
        ("act", "2024-07-23T00:00:00Z"),
    ]


def test_who_wrote_while_polls_failed_was_never_silent(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    place = polled_before(server, tmp_path)
    outage(server, place)
    at = BEFORE + timedelta(hours=6)  # on the evening of the last good poll
    raw = letter("Kim <kim@globex.example>", "Ana <ana@acme.example>", at, "late@globex.example")
    deliver(server, [Delivery("INBOX", raw, at)])
    raw = letter("Ana <ana@acme.example>", "kim@globex.example", at + DAY, "ours@acme.example",
                 "In-Reply-To: <late@globex.example>")  # fmt: skip
    deliver(server, [Delivery("Sent", raw, at + DAY)])
    assert place.agent(BEFORE + 7 * DAY).poll().errors == []
    assert state(place)[0] == "ok"
    assert alarms(place) == []
