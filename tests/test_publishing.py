"""News are published; what is in the way holds nothing up for a day, and leaves nothing behind."""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from installations import Installation, exchange, install, mailbox_entry, query
from servers import EmbeddedServer

from inbox_agent import sqlite_files
from inbox_agent.agent import Agent, Report
from inbox_agent.config import load_config
from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.errors import StoreError
from inbox_agent.publishing import Published, Publishing
from inbox_agent.shared_mirror import SharedMirror, Turn

pytestmark = pytest.mark.reliability

MAY = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)
PATIENCE = 20.0


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Two hundred letters, read when they came."""
    monkeypatch.setattr(sqlite_files, "_BUSY_MILLISECONDS", 100)
    with serve_letters(exchange("globex.example", 200, MAY)) as embedded:
        entry = mailbox_entry(EmbeddedServer(embedded))
        place = install(tmp_path, entry, more="[retention]\nmonths = 1\n")
        place.agent(MAY + timedelta(days=500)).poll()
    return place


class Publisher:
    """Publishing years later, as the loop has it done."""

    def __init__(self, place: Installation) -> None:
        self.now = 0.0
        self._said: queue.SimpleQueue[Published] = queue.SimpleQueue()
        agent = place.agent(MAY + timedelta(days=1000))
        self._publishing = Publishing(agent, Turn(), lambda: self.now, lambda: 0.0, self._said.put)

    def publish(self, took: float = 0.0) -> Published:
        """Once; a minute later. As if it `took` so many seconds."""
        self.now += 60.0
        self._publishing.add(Report())
        self._publishing.begin(is_reading=False)
        said = self._said.get(timeout=PATIENCE)
        self.now += took
        self._publishing.ended(said)
        self._publishing.end(PATIENCE)
        return said

    def begins(self, after: float) -> bool:
        """Whether news are published so many seconds later."""
        self.now += after
        before = self._publishing.last_at
        self._publishing.add(Report())
        self._publishing.begin(is_reading=False)
        if self._publishing.last_at == before:
            return False
        self._publishing.ended(self._said.get(timeout=PATIENCE))
        self._publishing.end(PATIENCE)
        return True


def test_a_purge_that_could_not_be_is_done_with_the_next_news(place: Installation) -> None:
    publisher = Publisher(place)
    with closing(sqlite3.connect(place.mirror, isolation_level=None)) as other:
        other.execute("begin immediate")
        assert isinstance(publisher.publish().error, StoreError)
    assert publisher.publish().error is None
    assert query(place.mirror, "select count(*) from headers") == [0]


@pytest.mark.parametrize("held", ["partners.db", None])
def test_what_was_purged_is_scrubbed_though_the_publication_had_to_be_tried_again(
    place: Installation, held: str | None
) -> None:
    publisher = Publisher(place)
    if held:
        with closing(sqlite3.connect(place.data / held, isolation_level=None)) as other:
            other.execute("begin immediate")
            assert isinstance(publisher.publish().error, StoreError)
        assert query(place.mirror, "select count(*) from headers") == [0]
        assert query(place.mirror, "pragma freelist_count") != [0]
    assert publisher.publish().error is None
    assert query(place.mirror, "pragma freelist_count") == [0]


def test_an_agent_looks_for_damage_once_and_again_at_another_file(place: Installation) -> None:
    """A look at the whole file in every pass would take as long as the mailbox is old."""
    turn = Turn()
    SharedMirror(place.mirror, turn).close()
    damage(place.mirror)
    SharedMirror(place.mirror, turn).close()
    other = place.mirror.with_name("other.db")
    other.write_bytes(place.mirror.read_bytes())
    other.replace(place.mirror)
    for _ in range(2):  # what is damaged stays so
        with pytest.raises(StoreError, match="damaged"):
            SharedMirror(place.mirror, turn)


def damage(database: Path) -> None:
    """A page of the table of letters, which nobody reads who only opens the database."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    (root,) = query(database, "select rootpage from sqlite_master where name = 'headers'")
    (size,) = query(database, "pragma page_size")
    with database.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)


def test_a_mailbox_whose_password_takes_its_time_holds_no_other(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with serve_letters() as embedded:
        server = EmbeddedServer(embedded)
        slow = mailbox_entry(server, "slow").replace(f"echo {server.password}", f"cat {pipe}")
        place = install(tmp_path, slow, mailbox_entry(server, "well"))
    agent, given = Agent(load_config(place.config)), []
    waiting, well = agent.config.mailboxes
    thread = threading.Thread(target=lambda: given.append(agent.secret(waiting)))
    thread.start()
    with pipe.open("w") as password:  # once the command reads it
        assert agent.secret(well) == server.password
        password.write("late\n")
    thread.join(PATIENCE)
    assert given == ["late"]


def test_publishing_that_takes_long_takes_at_most_half_of_the_time(place: Installation) -> None:
    publisher = Publisher(place)
    began = publisher.publish(took=27.0)
    assert began.error is None
    assert not publisher.begins(after=26.0)
    assert publisher.begins(after=1.0)
