"""An agent that is killed anywhere: nothing is lost, nothing is half, and the next poll goes on."""

from __future__ import annotations

import hashlib
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from installations import (
    AS_OF_TEXT,
    HISTORY,
    Installation,
    Tables,
    install,
    mailbox_entry,
    one_line,
    query,
    read_only,
    sample,
)
from scripted_socket import scripted
from servers import DovecotServer, EmbeddedServer

from inbox_agent.demo.mailserver import serve_letters

pytestmark = pytest.mark.reliability

POLL = ("poll", "--as-of", AS_OF_TEXT)
LETTERS = 1_500
KILLS = 12
#: A process that is asked to stop has so long, in seconds.
PATIENCE = 5.0


@pytest.fixture
def full(dovecot: DovecotServer) -> DovecotServer:
    """A Dovecot user with some 1,500 letters of the sample."""
    dovecot.deliver_many(sample(LETTERS))
    return dovecot


@contextmanager
def started(place: Installation, *args: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        place.command(*args),
        cwd=place.top,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def polled_in_peace(place: Installation) -> Tables:
    done = place.run(*POLL)
    assert (done.returncode, done.stderr) == (0, "")
    return place.tables(*HISTORY)


def assert_is_whole(place: Installation) -> None:
    """Both databases are sound, and every folder's checkpoint covers just what is held of it."""
    if place.mirror.exists():
        assert query(place.mirror, "pragma integrity_check") == ["ok"]
    if has_table(place.mirror, "folders"):
        sql = (
            "select folder, last_uid, (select max(uid) from headers where"
            " headers.folder = folders.folder) from folders where last_uid > 0"
        )
        assert all(last == highest for _, last, highest in query(place.mirror, sql))
    if place.published.exists():
        assert query(place.published, "pragma integrity_check") == ["ok"]


def has_table(database: Path, name: str) -> bool:
    sql = "select 1 from sqlite_master where name = ?"
    return database.exists() and bool(query(database, sql, name))


@dataclass
class Reader:
    """Somebody who looks at the published tables all the time, each time anew."""

    database: Path
    seen: dict[int, set[str]] = field(default_factory=dict)
    looks: int = 0
    troubles: list[str] = field(default_factory=list)
    #: Held during a look; whoever takes the files away holds it meanwhile, as no agent ever does.
    looks_on: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def looking(self) -> Iterator[None]:
        thread = threading.Thread(target=self._look_on)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _look_on(self) -> None:
        while not self._over.is_set():
            try:
                with self.looks_on:
                    self.look()
            except (sqlite3.Error, AssertionError) as exc:
                self.troubles.append(repr(exc))
            time.sleep(0.005)

    def look(self) -> None:
        """One snapshot: no tables at all yet, or one generation whose tables belong together."""
        if not self.database.exists():
            return
        with closing(read_only(self.database)) as connection:
            connection.execute("begin")
            names = [row[0] for row in connection.execute("select name from sqlite_master")]
            if not names:
                return
            ((generation, held),) = connection.execute("select generation, messages from about")
            digest = hashlib.sha256(str(held).encode())
            for table in ("partners", "messages", "conversations", "response_times", "contacts"):
                rows = connection.execute(f"select * from {table}").fetchall()  # noqa: S608
                digest.update(repr(rows).encode())
            sums = "select sum(messages_in + messages_out) from partners"
            counted = "select count(*) from messages where counts"
            assert connection.execute(sums).fetchone() == connection.execute(counted).fetchone(), (
                f"generation {generation} is of two makings"
            )
        self.looks += 1
        self.seen.setdefault(generation, set()).add(digest.hexdigest())


@pytest.mark.slow
@pytest.mark.dovecot
def test_an_agent_that_is_killed_anywhere_loses_nothing_and_counts_nothing_twice(
    full: DovecotServer, tmp_path: Path
) -> None:
    began = time.monotonic()
    expected = polled_in_peace(install(tmp_path / "peace", mailbox_entry(full)))
    length = time.monotonic() - began
    place = install(tmp_path / "war", mailbox_entry(full))
    reader, rng = Reader(place.published), Random(628)  # noqa: S311 - no secret
    kills, cut_while_reading = 0, 0
    with reader.looking():
        for attempt in range(3 * KILLS):
            if kills == KILLS:
                break
            if attempt % 4 == 0:  # from the very beginning again; else it goes on where it was
                with reader.looks_on:
                    shutil.rmtree(place.data, ignore_errors=True)
                    reader.seen.clear()
            kills += killed(place, MOMENTS[attempt % 4](place, rng, length))
            cut_while_reading += 0 < held(place) < LETTERS
            assert_is_whole(place)
        assert kills == KILLS
        assert cut_while_reading >= 3
        assert polled_in_peace(place) == expected
    assert_is_whole(place)
    assert reader.troubles == []
    assert reader.looks > 0
    assert all(len(makings) == 1 for makings in reader.seen.values())


def killed(place: Installation, moment: Callable[[], bool]) -> bool:
    """Whether a poll was still running when that moment came, at which it was killed."""
    with started(place, *POLL) as process:
        while process.poll() is None and not moment():
            time.sleep(0.001)
        process.kill()
        return process.wait() == -signal.SIGKILL


def held(place: Installation) -> int:
    if not has_table(place.mirror, "headers"):
        return 0
    return int(query(place.mirror, "select count(*) from headers")[0])


def soon(place: Installation, rng: Random, _: float) -> Callable[[], bool]:
    """When some more letters are held, and a little later."""
    enough = held(place) + rng.randrange(1, LETTERS // 3)
    pause = rng.uniform(0.0, 0.1)

    def is_reading() -> bool:
        if held(place) < enough:
            return False
        time.sleep(pause)
        return True

    return is_reading


def anywhere(_: Installation, rng: Random, length: float) -> Callable[[], bool]:
    """At some moment of the time a poll took."""
    until = time.monotonic() + rng.uniform(0.1, 0.9) * length
    return lambda: time.monotonic() >= until


def publishing(place: Installation, rng: Random, _: float) -> Callable[[], bool]:
    """When the first octets of a new generation have been written, or a little later."""
    log = place.published.with_name("partners.db-wal")
    before = log.stat().st_mtime_ns if log.exists() else 0
    pause = rng.choice((0.0, rng.uniform(0.0, 0.05)))

    def is_writing() -> bool:
        try:
            found = log.stat()
        except FileNotFoundError:
            return False
        if found.st_size == 0 or found.st_mtime_ns == before:
            return False
        time.sleep(pause)
        return True

    return is_writing


#: A round of kills: twice while letters are read, anywhere, and while a generation is published.
MOMENTS = (soon, soon, anywhere, publishing)


@pytest.mark.slow
@pytest.mark.dovecot
def test_an_agent_that_is_asked_to_stop_does_so_at_once_and_leaves_everything_whole(
    full: DovecotServer, tmp_path: Path
) -> None:
    place, rng = install(tmp_path / "asked", mailbox_entry(full)), Random(629)  # noqa: S311
    for delay in (0.0, *sorted(rng.uniform(0.0, 3.0) for _ in range(4))):
        with started(place, "run") as process:
            wait_until(process, (place.data / "agent.lock").exists)
            time.sleep(delay)
            assert stopped(process) == (0, [])
        (place.data / "agent.lock").unlink()
        assert_is_whole(place)
    peace = install(tmp_path / "peace", mailbox_entry(full))
    assert polled_in_peace(place) == polled_in_peace(peace)


def wait_until(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not happened():
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.005)


def stopped(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """Its exit code after SIGTERM, and what it said on standard error but its own log."""
    asked_at = time.monotonic()
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - asked_at < PATIENCE
    return process.returncode, [line for line in said.splitlines() if not line.endswith(" new")]


def test_an_agent_stops_at_once_while_a_server_says_nothing(tmp_path: Path) -> None:
    asked, over = threading.Event(), threading.Event()

    def never(_: bytes) -> bytes:
        asked.set()
        over.wait(30)
        return b"* BYE"

    with scripted({"LIST": never}) as server, serve_letters() as other:
        silent = mailbox_entry(EmbeddedServer(other), port=server.port)
        place = install(tmp_path, silent)
        try:
            with started(place, "run") as process:
                assert asked.wait(30)
                assert stopped(process) == (0, [])
        finally:
            over.set()


def test_a_second_agent_leaves_the_first_alone(tmp_path: Path) -> None:
    with serve_letters(sample(40)) as running:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(running)))
        with started(place, "run") as process:
            wait_until(process, lambda: has_table(place.published, "about"))
            before = query(place.mirror, "select * from polls")
            done = place.run(*POLL)
            assert done.returncode == 5
            assert "another inbox-agent" in one_line(done.stderr)
            # on a slow machine the first one may have polled again meanwhile
            assert query(place.mirror, "select * from polls")[: len(before)] == before
            assert stopped(process) == (0, [])
        assert place.run(*POLL).returncode == 0
