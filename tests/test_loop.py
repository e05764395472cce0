"""The loop that never ends: no fault stops it, nobody waits for anybody, and it stops at once."""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from installations import (
    AS_OF,
    Installation,
    deliver,
    exchange,
    install,
    mailbox_entry,
    query,
    sample,
)
from scripted_socket import HANG_UP, scripted
from servers import EmbeddedServer, ImapServer

from inbox_agent import loop
from inbox_agent.agent import Agent, Report
from inbox_agent.config import load_config
from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.due_times import Scheduler, Sleep, SteadyClock
from inbox_agent.errors import (
    ConfigError,
    FolderUnavailable,
    InboxAgentError,
    MailboxRefused,
    MailboxUnavailable,
    StoreError,
)
from inbox_agent.events import Event
from inbox_agent.loop import Loop
from inbox_agent.mirror import Mirror
from inbox_agent.poll_rows import Counts, Poll
from inbox_agent.watching import IdleWatch, again_seconds

pytestmark = pytest.mark.reliability

#: Whatever is waited for comes by then, or never; and who is asked to stop has 5 seconds.
DEADLINE = 30.0
PATIENCE = 5.0
NOBODY_THERE = 1
HOURLY = '[poll]\nevery = "1 hour"\n'
NO_IDLE = "idle = false\n"
OFFERS_IDLE = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN IDLE\r\n{tag} OK done"
SILENT = """[[mailboxes]]
name = "{name}"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "team"
password = {{ command = "echo secret" }}
"""
MAY = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


class Running:
    """A loop in a thread, and all it told."""

    def __init__(self, agent: Agent, wall: Callable[[], float] = time.time) -> None:
        self.reports: list[Report] = []
        self.events: list[Event] = []
        self.stop = threading.Event()
        self.loop = Loop(
            agent, self.stop, self.reports.append, self.events.append, lambda: 0.0, wall=wall
        )

    def names(self, mailbox: str | None) -> list[str]:
        return [each.name for each in self.events if each.mailbox == mailbox]


@contextmanager
def looping(agent: Agent, wall: Callable[[], float] = time.time) -> Iterator[Running]:
    running = Running(agent, wall)
    thread = threading.Thread(target=running.loop.run)
    thread.start()
    try:
        yield running
    finally:
        asked_at = time.monotonic()
        running.stop.set()
        thread.join(DEADLINE)
        assert time.monotonic() - asked_at < PATIENCE


@contextmanager
def a_silent_server(command: str = "LIST") -> Iterator[tuple[int, threading.Event]]:
    """A server that never answers that command, and whether it was given."""
    asked, over = threading.Event(), threading.Event()

    def never(_: bytes) -> bytes:
        asked.set()
        over.wait(DEADLINE)
        return HANG_UP

    with scripted({command: never}) as server:
        try:
            yield server.port, asked
        finally:
            over.set()


def polls(place: Installation, mailbox: str) -> list[tuple[int, str | None]]:
    if not has_table(place, "polls"):
        return []
    return query(place.mirror, "select ok, error from polls where mailbox = ?", mailbox)


def has_table(place: Installation, name: str) -> bool:
    sql = "select 1 from sqlite_master where name = ?"
    return place.mirror.exists() and bool(query(place.mirror, sql, name))


# --- news


def test_a_new_letter_is_published_within_seconds_though_polls_are_an_hour_apart(
    imap_server: ImapServer, tmp_path: Path
) -> None:
    *there, new = exchange("globex.example", 3, MAY)
    deliver(imap_server, there)
    place = install(tmp_path, mailbox_entry(imap_server), more=HOURLY)
    agent = Agent(load_config(place.config))
    held = "select messages_in + messages_out from partners"
    with looping(agent) as running:
        until(lambda: "published" in running.names(None) and place.query(held) == [2])
        until(lambda: len(running.names("partners")) >= 2)  # IDLE has begun, and had it look again
        deliver(imap_server, [new])
        until(lambda: place.query(held) == [3])
    assert running.loop.scheduler.soonest() > 0


def test_without_idle_nobody_waits_on_a_second_connection(tmp_path: Path) -> None:
    with scripted({"CAPABILITY": OFFERS_IDLE}) as server, serve_letters() as other:
        entry = mailbox_entry(EmbeddedServer(other), port=server.port)
        place = install(tmp_path, entry, more=HOURLY + NO_IDLE)
        with looping(place.agent()) as running:
            until(lambda: "published" in running.names(None))
    assert b"IDLE" not in server.commands


def test_letters_past_their_time_are_deleted_by_the_loop_where_the_config_says_so(
    tmp_path: Path,
) -> None:
    with serve_letters(exchange("globex.example", 4, MAY)) as embedded:
        entry = mailbox_entry(EmbeddedServer(embedded))
        place = install(tmp_path, entry, more=HOURLY + "[retention]\nmonths = 1\n")
        with looping(place.agent(MAY + timedelta(days=30))) as running:
            until(lambda: "published" in running.names(None))
            assert query(place.mirror, "select count(*) from headers") == [4]
        with looping(place.agent(MAY + timedelta(days=400))) as running:
            until(lambda: "published" in running.names(None))
        assert query(place.mirror, "select count(*) from headers") == [0]
        assert query(place.mirror, "select count(*) from left_out") == [4]
        with looping(place.agent(MAY + timedelta(days=401))) as running:
            until(lambda: "published" in running.names(None))
        assert query(place.mirror, "select count(*) from headers") == [0]


# --- one mailbox and another


def test_a_mailbox_that_hangs_does_not_hold_the_publication_of_the_others(tmp_path: Path) -> None:
    with serve_letters(sample(40)) as good, a_silent_server() as (port, asked):
        server = EmbeddedServer(good)
        hanging = mailbox_entry(server, "hanging", port=port)
        place = install(tmp_path, hanging, mailbox_entry(server, "well"), more=HOURLY)
        with looping(place.agent()):
            assert asked.wait(DEADLINE)
            until(place.published.exists)
            until(lambda: bool(query(place.published, "select name from sqlite_master")))
            until(lambda: set(place.query("select mailbox, ok from polls")) == {("well", 1)})
            assert place.query("select messages from about") == [40]


def reading() -> int:
    """How many mailboxes are being read, by the names of threads."""
    return sum("(_read)" in each.name for each in threading.enumerate())


@pytest.mark.parametrize(("before", "at_once"), [((), 4), ((0, 2), 6), (range(9), 9)])
def test_mailboxes_never_read_to_their_end_are_read_four_at_once_and_others_besides(
    tmp_path: Path, before: Sequence[int], at_once: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:  # it takes connections, and is silent
        port = nobody.getsockname()[1]
        names = [f"m{number}" for number in range(9)]
        entries = [SILENT.format(name=name, port=port) for name in names]
        place = install(tmp_path, *entries, more=HOURLY)
        with Mirror(place.mirror) as mirror:
            for number in before:
                mirror.end_poll(Poll(names[number], AS_OF, AS_OF, None, Counts(1, 0), 0.1), AS_OF)
        with looping(place.agent()):
            until(lambda: reading() >= at_once)
            assert reading() == at_once  # all that may begin do so in one turn


def test_a_mailbox_that_fails_is_tried_again_soon_and_its_story_is_told(tmp_path: Path) -> None:
    with serve_letters(sample(40)) as good:
        server = EmbeddedServer(good)
        failing = mailbox_entry(server, "failing", port=NOBODY_THERE)
        place = install(tmp_path, failing, mailbox_entry(server, "well"), more=HOURLY)
        with looping(place.agent()) as running:
            until(lambda: len(polls(place, "failing")) >= 3)
            until(lambda: "published" in running.names(None))
        told = [each.facts["again_seconds"] for each in running.events if each.mailbox == "failing"]
    assert set(told) == {1}  # by the least chance
    (ok, error), *_ = polls(place, "failing")
    at = AS_OF + timedelta(seconds=1)
    assert ok == 0
    assert str(error).endswith(f"; next try at {at:%Y-%m-%dT%H:%M:%SZ}")
    assert polls(place, "well")[0] == (1, None)


@pytest.mark.parametrize(
    ("errors", "seconds"),
    [
        ([], None),
        ([FolderUnavailable("one folder is gone")], None),
        ([ConfigError("no password")], None),
        ([MailboxUnavailable("host unreachable")], 1),
        ([StoreError("disk full")], 1),
        ([InboxAgentError("a fault of this program")], 1),
        ([FolderUnavailable("gone"), MailboxUnavailable("lost")], 1),
        ([MailboxRefused("wrong password")], 900),
        ([MailboxUnavailable("throttled", retry_after_seconds=77)], 78),
    ],
)
def test_the_gravest_error_says_when_to_try_again(
    errors: list[InboxAgentError], seconds: float | None
) -> None:
    assert again_seconds(errors, 1, 0.0) == seconds


# --- nothing stops it


def test_a_fault_of_the_program_costs_one_pass_and_its_text_is_not_told(tmp_path: Path) -> None:
    with serve_letters(sample(40)) as good:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(good)), more=HOURLY)
        faults = iter(["Subject: secret"])
        main = threading.get_ident()

        def clock() -> datetime:
            for text in faults:
                raise LookupError(text, main)
            return AS_OF

        with looping(Agent(load_config(place.config), clock=clock)) as running:
            until(lambda: any(each.mailboxes_done for each in running.reports))
        said = " ".join(str(error) for each in running.reports for error in each.errors)
    assert "a fault of this program (LookupError at test_loop.py" in said
    assert "secret" not in said


def test_what_is_due_is_due_by_a_clock_that_nobody_sets() -> None:
    now, done = [1_000.0], []
    scheduler = Scheduler(lambda: now[0])
    job = scheduler.every(300).seconds.do(done.append, "poll")
    scheduler.run_pending()
    assert (done, scheduler.soonest()) == ([], 300)
    # A wall clock set back three hours leaves the library waiting for three hours and 5 minutes,
    # one set forward has it run at once.
    for hours in (3, -3):
        job.next_run = datetime.now() + timedelta(hours=hours)  # noqa: DTZ005 - as the library
        now[0] += 299
        scheduler.run_pending()
        assert len(done) == (0 if hours == 3 else 1)
        now[0] += 1
        scheduler.run_pending()
        assert len(done) == (1 if hours == 3 else 2)


def test_after_a_long_sleep_a_job_runs_once_and_then_at_its_usual_pace() -> None:
    now, done = [0.0], []
    scheduler = Scheduler(lambda: now[0])
    scheduler.every(300).seconds.do(done.append, "poll")
    now[0] = 86_400.0
    for _ in range(3):
        scheduler.run_pending()
    assert len(done) == 1
    assert scheduler.soonest() == 300


def test_a_clock_that_is_set_back_does_not_go_back_for_what_must_not_seem_yet_to_come() -> None:
    now, ticks = [MAY], [1_000.0]
    clock = SteadyClock(lambda: now[0], lambda: ticks[0])
    assert clock() == MAY
    now[0], ticks[0] = MAY - timedelta(hours=3), 1_600.9
    assert clock() == MAY + timedelta(minutes=10)
    now[0] = MAY + timedelta(hours=3)
    assert clock() == MAY + timedelta(hours=3)


@pytest.mark.parametrize(
    ("wall", "ticks", "was_asleep"),
    [
        (1, 1, False),
        (3600, 3600, False),
        (3600, 3539, True),
        (3600, 3541, False),
        (-3600, 1, False),
    ],
)
def test_time_that_went_by_unnoticed_was_sleep(wall: float, ticks: float, was_asleep: bool) -> None:
    now = [1000.0, 0.0]
    sleep = Sleep(lambda: now[1], lambda: now[0])
    assert not sleep.is_over()
    now[:] = now[0] + wall, now[1] + ticks
    assert sleep.is_over() == was_asleep
    assert not sleep.is_over()


def test_who_wakes_up_reads_every_mailbox_once_and_then_at_its_usual_pace(tmp_path: Path) -> None:
    ahead = [0.0]
    with serve_letters(sample(40)) as good:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(good)), more=HOURLY + NO_IDLE)
        with looping(place.agent(), wall=lambda: time.time() + ahead[0]) as running:
            until(lambda: "published" in running.names(None))
            assert running.names("partners") == ["poll"]
            ahead[0] = 7200.0
            until(lambda: running.names("partners") == ["poll", "poll"])
            until(lambda: running.names(None).count("published") == 2)
            assert 3500 < running.loop.scheduler.soonest() <= 3600
        assert running.names(None).count("woken") == 1


def without_a_server(tmp_path: Path) -> Installation:
    with serve_letters() as other:
        entry = mailbox_entry(EmbeddedServer(other), port=NOBODY_THERE)
    return install(tmp_path, entry, more=HOURLY)


def test_two_days_without_the_server_leave_ten_rows_of_polls_and_one_an_hour(
    tmp_path: Path,
) -> None:
    now, waits = [0.0], []
    reports: list[Report] = []
    place, stop = without_a_server(tmp_path), threading.Event()

    def tell(event: Event) -> None:
        if event.name == "poll":
            waits.append(float(str(event.facts["again_seconds"])))
            now[0] += waits[-1]
            if now[0] > 2 * 86_400:
                stop.set()

    Loop(
        place.agent(),
        stop,
        reports.append,
        tell,
        chance=lambda: 1.0,
        scheduler=Scheduler(lambda: now[0]),
    ).run()
    # 2, 4, 8, … 512 seconds, then 15 minutes each
    assert waits[:11] == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert len(waits) == 9 + 191  # (2 days - 1022 s) / 900 s is 190.9
    # a row that our own database did not take is left by the next try, with other numbers
    assert [e for each in reports for e in each.errors if isinstance(e, StoreError)] == []
    found = polls(place, "partners")
    assert len(found) == 10 + 190 // 4
    assert not any("more tries" in str(error) for _, error in found[:10])
    assert all("; 3 more tries failed since the row before" in str(e) for _, e in found[10:])


def test_a_row_of_polls_that_could_not_be_kept_is_left_by_the_next_try(tmp_path: Path) -> None:
    now, tries = [0.0], [0]
    place, stop = without_a_server(tmp_path), threading.Event()

    def change(sql: str) -> None:
        with closing(sqlite3.connect(place.mirror)) as db, db:
            db.execute(sql)

    def tell(event: Event) -> None:
        if event.name == "poll":
            tries[0] += 1
            now[0] += float(str(event.facts["again_seconds"]))
            # after ten the 14th, 18th, … leaves a row; that of the 14th is refused
            if tries[0] == 13:
                refuse = "create trigger full before insert on polls begin select raise(abort, '')"
                change(f"{refuse}; end")
            if tries[0] == 14:
                change("drop trigger full")
            if tries[0] == 20:
                stop.set()

    Loop(
        place.agent(),
        stop,
        lambda _: None,
        tell,
        chance=lambda: 1.0,
        scheduler=Scheduler(lambda: now[0]),
    ).run()
    errors = [str(error) for _, error in polls(place, "partners")]
    assert len(errors) == 12
    assert "; 4 more tries failed since the row before" in errors[10]  # left by the 15th
    assert "; 3 more tries failed since the row before" in errors[11]  # by the 19th


def test_a_pass_that_outlasts_the_pause_between_polls_and_fails_is_not_followed_at_once(
    tmp_path: Path,
) -> None:
    now, rounds, told = [0.0], [0], []
    stop = threading.Event()

    def wall() -> float:  # asked once a round
        rounds[0] += 1
        if told and rounds[0] > told[0] + 1:
            stop.set()
        return now[0]

    def slow(_: bytes) -> bytes:
        if told:
            return HANG_UP
        now[0] += 7200
        began = rounds[0]
        until(lambda: rounds[0] > began + 1)  # the mailbox has come to be due meanwhile
        return HANG_UP

    with scripted({"LIST": slow}) as server, serve_letters() as other:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(other), port=server.port))
        Loop(
            place.agent(),
            stop,
            lambda _: None,
            lambda event: told.append(rounds[0]) if event.name == "poll" else None,
            chance=lambda: 1.0,
            scheduler=Scheduler(lambda: now[0]),
            wall=wall,
        ).run()
    assert len(told) == 1
    assert [each for each in server.commands if each.startswith(b"LIST")] == [b'LIST "" "*"']


def test_what_could_not_be_published_is_published_later_without_another_poll(
    tmp_path: Path,
) -> None:
    with serve_letters(sample(40)) as good:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(good)), more=HOURLY + NO_IDLE)
        place.agent().poll()
        with closing(sqlite3.connect(place.published, isolation_level=None)) as other:
            other.execute("begin immediate")
            with looping(place.agent()) as running:
                until(lambda: "unpublished" in running.names(None))
                assert "published" not in running.names(None)
                other.execute("rollback")
                until(lambda: "published" in running.names(None))
                assert running.names("partners") == ["poll"]
    said = [error for report in running.reports for error in report.errors]
    assert {type(error) for error in said} == {StoreError}


def test_a_thread_that_cannot_begin_and_a_log_that_is_full_are_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, troubles = threading.Thread.start, iter([RuntimeError("can't start new thread")])

    def at_times(thread: threading.Thread) -> None:
        if "_read" in repr(thread):
            for trouble in troubles:
                raise trouble
        start(thread)

    with serve_letters(sample(40)) as good:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(good)), more=HOURLY)
        monkeypatch.setattr(threading.Thread, "start", at_times)
        with looping(place.agent()) as running:
            full = iter([OSError("No space left on device")] * 2)
            tell = running.loop.tell

            def told(event: Event) -> None:
                for trouble in full if event.name in ("failed", "poll") else ():
                    raise trouble
                tell(event)

            running.loop.tell = told
            until(lambda: "published" in running.names(None))
    # of three troubles, one of which was that there was no telling of the first
    assert running.names(None).count("failed") == 1


class Pauses(threading.Event):
    """An order to stop that comes after so many pauses, none of which lasts."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.seconds: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout)
        if len(self.seconds) == self.most:
            self.set()
        return self.is_set()


def test_a_server_that_hangs_up_in_idle_is_called_ever_less_often(tmp_path: Path) -> None:
    with scripted({"CAPABILITY": OFFERS_IDLE, "IDLE": HANG_UP}) as server, serve_letters() as other:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(other), port=server.port))
        agent, pauses, lost, woken = place.agent(), Pauses(5), [], []
        settings = agent.config.mailboxes[0]
        watch = IdleWatch(
            agent,
            settings,
            stop=pauses,
            wake=lambda: woken.append(True),
            lost=lambda exc, *_: lost.append(exc),
            chance=lambda: 0.5,
            enough=pauses,
        )
        watch.start()
        until(pauses.is_set)
        watch.end(DEADLINE)
    assert woken == [True, True]  # more often it would only make polls that find nothing
    assert pauses.seconds == [1.5, 2.5, 4.5, 8.5, 16.5]
    assert server.commands.count(b"IDLE") == 5
    assert all(isinstance(each, MailboxUnavailable) for each in lost)


def test_a_thread_that_cannot_begin_to_wait_for_news_is_begun_after_another_poll(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, troubles = threading.Thread.start, [RuntimeError("can't start new thread")]

    def at_times(thread: threading.Thread) -> None:
        if "_watch" in repr(thread) and troubles:
            raise troubles.pop()
        start(thread)

    woken = threading.Event()
    with scripted({"CAPABILITY": OFFERS_IDLE, "IDLE": b"+ idling"}) as server:
        with serve_letters() as other:
            place = install(tmp_path, mailbox_entry(EmbeddedServer(other), port=server.port))
        agent, stop = place.agent(), threading.Event()
        watch = IdleWatch(agent, agent.config.mailboxes[0], stop, wake=woken.set)
        monkeypatch.setattr(threading.Thread, "start", at_times)
        with pytest.raises(RuntimeError):
            watch.start()
        watch.start()
        assert woken.wait(PATIENCE)
        stop.set()
        watch.end(DEADLINE)


def test_after_many_failures_idle_wakes_once_it_has_lasted(tmp_path: Path) -> None:
    tries, woken = [0], []

    def idle(_: bytes) -> bytes:
        tries[0] += 1
        return HANG_UP if tries[0] <= 3 else b"+ idling"

    script = {"CAPABILITY": OFFERS_IDLE, "IDLE": idle, "": b"IDLE1 OK done"}
    with scripted(script) as server, serve_letters() as other:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(other), port=server.port))
        agent, stop, pauses = place.agent(), threading.Event(), Pauses(99)
        watch = IdleWatch(
            agent,
            agent.config.mailboxes[0],
            stop,
            wake=lambda: woken.append(tries[0]),
            enough=pauses,
        )
        watch.start()
        until(lambda: tries[0] == 5)
        stop.set()
        watch.end(DEADLINE)
    assert woken == [0, 1, 4]


def test_polls_that_go_well_do_not_hurry_a_server_that_hangs_up_in_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SHORTEST_ROUND_SECONDS", 0.0)
    asked_at: list[float] = []

    def hang_up(_: bytes) -> bytes:
        asked_at.append(time.monotonic())
        return HANG_UP

    script = {"CAPABILITY": OFFERS_IDLE, "IDLE": hang_up}
    with scripted(script) as server, serve_letters() as other:
        entry = mailbox_entry(EmbeddedServer(other), port=server.port)
        place = install(tmp_path, entry, more=HOURLY)
        with looping(place.agent()) as running:
            until(lambda: len(asked_at) == 3)
            assert len(running.names("partners")) >= 2
    first, second, third = asked_at
    assert second - first >= 1.0  # by the least chance
    assert third - second >= 1.0


def test_a_poll_that_ends_an_outage_ends_the_long_wait_of_idle_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SHORTEST_ROUND_SECONDS", 0.0)
    is_down, idled, ahead = [False], [0], [0.0]

    def login(_: bytes) -> bytes:
        return b"{tag} NO [AUTHENTICATIONFAILED] no" if is_down[0] else b"{tag} OK done"

    def idle(_: bytes) -> bytes:
        idled[0] += 1
        is_down[0] = idled[0] == 1
        return HANG_UP if idled[0] == 1 else b"+ idling"

    script = {"CAPABILITY": OFFERS_IDLE, "IDLE": idle, "AUTHENTICATE": login, "LOGIN": login}
    with scripted(script) as server, serve_letters() as other:
        entry = mailbox_entry(EmbeddedServer(other), port=server.port)
        place = install(tmp_path, entry, more=HOURLY)
        with looping(place.agent()) as running:
            running.loop.scheduler.ticks = lambda: time.monotonic() + ahead[0]

            def waits() -> list[object]:
                return [
                    each.facts["again_seconds"]
                    for each in running.events
                    if each.name in ("idle_lost", "poll") and each.is_trouble
                ]

            until(lambda: waits().count(900) + waits().count(1800) == 2)  # a poll, and IDLE
            is_down[0] = False
            ahead[0] = 7200.0
            until(lambda: idled[0] == 2)


def test_who_waits_an_hour_for_news_again_is_hurried_by_a_poll_that_goes_well(
    tmp_path: Path,
) -> None:
    lost: list[float] = []
    with serve_letters() as other:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(other), secret="wrong"))
        agent, stop = place.agent(), threading.Event()
        watch = IdleWatch(
            agent,
            agent.config.mailboxes[0],
            stop,
            wake=lambda: None,
            lost=lambda _, again, __: lost.append(again),
            chance=lambda: 0.0,
        )
        watch.start()
        until(lambda: lost == [900])
        watch.hurry()
        until(lambda: lost == [900, 1800])
        stop.set()
        watch.end(DEADLINE)
    assert not watch.is_alive()


# --- as a process


@contextmanager
def process(place: Installation, *args: str) -> Iterator[subprocess.Popen[str]]:
    command = place.command("run", *args)
    with subprocess.Popen(command, cwd=place.top, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def test_an_agent_that_is_asked_to_stop_inside_idle_does_so_at_once(tmp_path: Path) -> None:
    idle = threading.Event()

    def begin(_: bytes) -> bytes:
        idle.set()
        return b"+ idling"

    with scripted({"CAPABILITY": OFFERS_IDLE, "IDLE": begin}) as server, serve_letters() as other:
        entry = mailbox_entry(EmbeddedServer(other), port=server.port)
        place = install(tmp_path, entry, more=HOURLY)
        with process(place) as running:
            assert idle.wait(DEADLINE)
            asked_at = time.monotonic()
            running.terminate()
            assert running.wait(DEADLINE) == 0
            assert time.monotonic() - asked_at < PATIENCE


def test_an_agent_takes_over_from_one_that_was_killed(tmp_path: Path) -> None:
    with serve_letters(sample(40)) as good:
        place = install(tmp_path, mailbox_entry(EmbeddedServer(good)), more=HOURLY)
        with process(place) as first:
            until(lambda: held(place) == 40)
            assert place.run("poll").returncode == 5
            first.kill()
            assert first.wait(DEADLINE) == -signal.SIGKILL
        assert place.run("poll").returncode == 0


def held(place: Installation) -> int:
    if not has_table(place, "headers"):
        return 0
    return int(query(place.mirror, "select count(*) from headers")[0])


def test_the_log_for_programs_is_one_object_a_line_without_any_address(tmp_path: Path) -> None:
    with serve_letters(sample(40)) as good:
        server = EmbeddedServer(good)
        refused = mailbox_entry(server, "refused", secret="wrong", user="kim@acme.example")
        place = install(tmp_path, refused, mailbox_entry(server, "well"), more=HOURLY)
        with process(place, "--log-format", "json") as running:
            assert running.stderr is not None
            lines = []
            for line in running.stderr:
                lines.append(json.loads(line))
                if lines[-1]["event"] == "published":
                    break
            running.terminate()
            lines += [json.loads(line) for line in running.stderr]
    found = {each["mailbox"]: each for each in lines if each["event"] == "poll"}
    assert found["well"]["new_messages"] == 40
    assert found["well"]["level"] == "info"
    assert found["refused"]["errors"] == ["MailboxRefused"]
    assert found["refused"]["level"] == "warning"
    assert 900 <= found["refused"]["again_seconds"] <= 1800
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each["time"]) for each in lines)
    assert "@" not in json.dumps(lines)
