"""`check` on the config, the data directory, the databases and the letters held."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from installations import (
    AS_OF,
    Installation,
    deliver,
    install,
    letter,
    mailbox_entry,
    sample,
    tables,
)
from rich.console import Console
from servers import NOBODY, Delivery, EmbeddedServer
from sqlite_utils import Database

from inbox_agent import checks_store, data_lock
from inbox_agent.agent import Agent
from inbox_agent.checks import check_all
from inbox_agent.checks_findings import Finding, Level, exit_code
from inbox_agent.checks_letters import check_letters
from inbox_agent.checks_shown import show
from inbox_agent.checks_store import Databases, agent_at_work, check_directory, file_system
from inbox_agent.config import load_config
from inbox_agent.data_lock import LOCK, holding
from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.errors import AgentBusy, ConfigError, StoreError
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_schema import migrations

Polled = tuple[EmbeddedServer, Installation]
DAY = timedelta(days=1)
OURS, THEIRS = "Ana <ana@acme.example>", "Kim <kim@globex.example>"
GLOBEX = '[[partners]]\ndomains = ["globex.example"]\n'


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    with serve_letters([]) as running:
        yield EmbeddedServer(running)


def conversation(count: int, lost: frozenset[int] = frozenset()) -> list[Delivery]:
    """Ours each followed by their answer, a day apart, after a first letter 40 days before.

    Ours of the numbers `lost` were sent but are not in the mailbox.
    """
    first = AS_OF - timedelta(days=count + 50)
    found = [Delivery("INBOX", letter(THEIRS, OURS, first, "0@globex.example"), first)]
    for number in range(count):
        at = AS_OF - timedelta(days=count - number)
        ours = letter(OURS, THEIRS, at, f"{number}@acme.example", subject=f"Offer {number}")
        if number not in lost:
            found.append(Delivery("Sent", ours, at))
        more = f"In-Reply-To: <{number}@acme.example>"
        at += timedelta(hours=3)
        answer = letter(THEIRS, OURS, at, f"a{number}@globex.example", more)
        found.append(Delivery("INBOX", answer, at))
    return found


def polled(top: Path, server: EmbeddedServer, letters: list[Delivery]) -> Installation:
    deliver(server, letters)
    place = install(top, mailbox_entry(server), partners=GLOBEX)
    assert place.agent().poll(AS_OF).errors == []
    return place


def found(place: Installation, days_later: float = 0) -> list[Finding]:
    return list(check_all(place.agent(AS_OF + days_later * DAY)))


def texts(findings: list[Finding], level: Level) -> list[str]:
    return [one.text for one in findings if one.level is level]


def databases(directory: Path) -> Databases:
    return Databases(directory, directory / "mirror.db", directory / "partners.db")


# --- the whole


def test_of_an_installation_in_order_each_thing_is_a_line(
    place: Installation, read_server: EmbeddedServer
) -> None:
    findings = found(place)
    assert texts(findings, Level.WARNING) == texts(findings, Level.FAILURE) == []
    assert texts(findings, Level.FINE) == [
        "read; mailboxes: 1, partners listed: 1",
        "by our clock it is 2024-06-28 12:00 in UTC",
        "can be written",
        "mirror.db: sound",
        "partners.db: sound",
        "password from the command",
        f"logged in to 127.0.0.1 as {read_server.user}, without TLS on this computer itself",
        "the server offers IDLE",
        'what we sent lies in "Sent"',
        "opened for reading only; letters: INBOX 21, Sent 20",
        "the authors in Sent are us, as [team] says",
        "partners: last read completely at 2024-06-28 12:00",
        "generation 1 is published",
        "41 copies of letters; all 1 listed partners are among them",
        "of 20 letters of ours that partners answered of late 20 are here (100%)",
    ]
    assert exit_code(findings) == 0


def test_looking_writes_nothing(place: Installation) -> None:
    before = tables(place.mirror), tables(place.published)
    names = sorted(path.name for path in place.data.iterdir())
    found(place)
    assert (tables(place.mirror), tables(place.published)) == before
    assert sorted(path.name for path in place.data.iterdir()) == names


def test_before_the_first_poll_nothing_is_made_and_nothing_is_wrong(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    deliver(server, sample(6))
    place = install(tmp_path, mailbox_entry(server))
    findings = found(place)
    assert exit_code(findings) == 0
    assert "not there yet; the first poll makes it" in texts(findings, Level.NOTE)
    assert not any("mirror.db" in text for text in texts(findings, Level.NOTE))
    assert not place.data.exists()


def test_check_works_beside_a_running_agent(place: Installation) -> None:
    with holding(place.data), Mirror(place.mirror) as mirror, mirror.writing() as db:
        db.execute("update polls set folders = 99")
        findings = found(place)
    assert exit_code(findings) == 0
    (said,) = (text for text in texts(findings, Level.NOTE) if "agent is" in text)
    assert re.fullmatch(r"an agent is at work here \(process \d+\)", said)


def test_the_exit_code_is_that_of_the_gravest_and_warnings_have_none() -> None:
    def of(error: Exception) -> Finding:
        assert isinstance(error, ConfigError | StoreError)
        return Finding("place", Level.FAILURE, "text", error)

    warning = Finding("place", Level.WARNING, "text")
    assert exit_code([]) == exit_code([warning]) == 0
    assert exit_code([of(StoreError("a")), warning, of(ConfigError("b"))]) == 4


# --- config


def test_a_team_without_a_time_zone_is_told(tmp_path: Path) -> None:
    place = install(tmp_path)
    assert "by our clock it is 2024-06-28 12:00 in UTC" in texts(found(place), Level.FINE)
    text = place.config.read_text().replace('timezone = "UTC"', "")
    place.config.write_text(text)
    (said,) = texts(found(place), Level.WARNING)
    assert said.startswith("no `timezone` under [clock], so UTC")


def test_a_config_under_which_nobody_is_a_partner_is_told(tmp_path: Path) -> None:
    place = install(tmp_path, partners="discover = false\n")
    assert texts(found(place), Level.WARNING) == [
        "partners.toml lists nobody and `discover` is false: list partners"
    ]
    assert any("`inbox-agent import` alone" in text for text in texts(found(place), Level.NOTE))


# --- the data directory


def test_a_directory_others_may_look_into_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    fine = check_directory(databases(tmp_path))
    assert [(one.level, one.text) for one in fine] == [(Level.FINE, "can be written")]
    for mode in (0o750, 0o701):
        tmp_path.chmod(mode)
        _, wide = check_directory(databases(tmp_path))
        assert (wide.level, wide.text) == (
            Level.WARNING,
            f"others may look into it; type: chmod 700 {tmp_path}",
        )


def test_a_directory_that_takes_no_file_is_told() -> None:
    first, *_ = check_directory(databases(Path("/proc")))  # not even root may
    assert first.level is Level.FAILURE
    assert "make it writable for this user" in first.text
    assert first.exit_code == 4


def test_a_directory_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch(0o700)
    for directory in (tmp_path / "file" / "data", tmp_path / "file"):
        (finding,) = check_directory(databases(directory))
        assert finding.exit_code == 4
        assert finding.text.startswith(f"can't be used or made, as {tmp_path / 'file'} is closed ")


def test_a_directory_that_is_closed_to_us_is_told_and_hides_nothing(
    place: Installation, read_server: EmbeddedServer
) -> None:
    agent = place.agent()
    place.data.chmod(0o000)
    with as_somebody_else():
        findings = list(check_all(agent))
    assert [one.exit_code for one in findings if one.exit_code] == [4]
    assert "opened for reading only; letters: INBOX 21, Sent 20" in texts(findings, Level.FINE)


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Root may look everywhere; nobody else may."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_little_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    data = databases(tmp_path)
    data.mirror.write_bytes(b"\0" * 3_000_000)
    for free, said in ((200 * 1_048_576 + 3_000_000, 0), (200 * 1_048_576 + 2_999_999, 1)):
        usage = SimpleNamespace(free=free)
        monkeypatch.setattr(checks_store.shutil, "disk_usage", lambda _, usage=usage: usage)
        warned = texts(list(check_directory(data)), Level.WARNING)
        assert len(warned) == said
    assert warned == [
        "202 MB free, and publishing needs 2 MB for a moment; make some room",
    ]


MOUNTS = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:5 / /srv rw - nfs4 files:/srv rw,vers=4.2
31 30 8:2 / /srv/local rw shared:2 master:1 - xfs /dev/sdb1 rw
32 21 0:7 / /mnt/our\040files rw - cifs //files/ours rw
33 32 0:8 / /mnt/our\040files rw - btrfs /dev/sdc1 rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/team/data", "ext4"),
        ("/srv/data", "nfs4"),
        ("/srv", "nfs4"),
        ("/srvdata", "ext4"),
        ("/srv/local/data", "xfs"),
        ("/mnt/our files/data", "btrfs"),  # of two mounts on one place the later one counts
    ],
)
def test_what_a_folder_lies_on_is_known_by_its_mount(path: str, kind: str) -> None:
    assert file_system(Path(path), MOUNTS) == kind


def test_where_mounts_are_not_told_nothing_is_said() -> None:
    assert file_system(Path("/data"), "") == ""


def test_a_network_drive_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    mounts = tmp_path / "mountinfo"
    mounts.write_text("21 1 0:5 / / rw - nfs4 files:/ rw\n")
    monkeypatch.setattr(checks_store, "_MOUNTS", mounts)
    (said,) = texts(list(check_directory(databases(tmp_path))), Level.WARNING)
    assert said.startswith("it lies on a network drive (nfs4), where databases get damaged")


def test_asking_who_is_at_work_makes_no_lock_file(tmp_path: Path) -> None:
    assert agent_at_work(tmp_path) is None
    assert not (tmp_path / LOCK).exists()
    with holding(tmp_path):
        process = agent_at_work(tmp_path)
    assert process is not None
    assert process.isdecimal()
    assert agent_at_work(tmp_path) is None
    with holding(tmp_path):
        pass  # whoever asked does not keep the lock


def test_a_poll_that_begins_while_somebody_asks_waits_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding(tmp_path):
        pass
    asking = (tmp_path / LOCK).open()
    fcntl.flock(asking, fcntl.LOCK_SH)
    waited: list[float] = []

    def answered(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            asking.close()

    monkeypatch.setattr(data_lock, "time", SimpleNamespace(sleep=answered))
    with holding(tmp_path), pytest.raises(AgentBusy), holding(tmp_path):
        pass
    assert len(waited) == 5  # twice for the first; three times, and no more, for the second
    assert max(waited) < 0.1


# --- the databases


@pytest.fixture(scope="module")
def polled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Polled]:
    """A server with 41 letters, and an installation that has read them."""
    with serve_letters([]) as running:
        server = EmbeddedServer(running)
        yield server, polled(tmp_path_factory.mktemp("polled"), server, conversation(20))


@pytest.fixture
def read_server(polled_once: Polled) -> EmbeddedServer:
    return polled_once[0]


@pytest.fixture
def place(polled_once: Polled, tmp_path: Path) -> Installation:
    """A copy of that installation."""
    shutil.copytree(polled_once[1].top, tmp_path, dirs_exist_ok=True)
    return Installation(tmp_path)


def changed(database: Path, sql: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(sql)


def test_a_newer_mirror_is_refused(place: Installation) -> None:
    changed(
        place.mirror,
        "insert into _sqlite_migrations (migration_set, name, applied_at)"
        " values ('inbox_agent.mirror', 'add_telepathy', '2030-01-01')",
    )
    findings = found(place)
    assert texts(findings, Level.FAILURE) == [
        "mirror.db: was written by a newer version of inbox-agent: update this one"
    ]
    assert exit_code(findings) == 4


def of_the_first_schema(mirror: Path) -> None:
    """As the first version left it: steps that came later are undone, their columns gone."""
    with closing(sqlite3.connect(mirror)) as connection, connection:
        first = Database(memory=True)
        migrations.apply(first, stop_before="add_reports")
        triggers = "select name from sqlite_master where type = 'trigger' and tbl_name = 'headers'"
        for (name,) in connection.execute(triggers).fetchall():
            connection.execute(f"drop trigger {name}")
        for table in ("headers", "folders"):
            columns = {row[1] for row in connection.execute(f"pragma table_info({table})")}
            indexes = "select name from sqlite_master where type = 'index' and sql is not null"
            for (name,) in connection.execute(f"{indexes} and tbl_name = '{table}'").fetchall():
                connection.execute(f"drop index {name}")
            for column in sorted(columns - set(first.table(table).columns_dict)):
                connection.execute(f"alter table {table} drop column {column}")
        for name in ("erased", "left_out", "changed"):
            connection.execute(f"drop table {name}")
        connection.execute("delete from _sqlite_migrations where name != 'create_mirror'")


NOT_LOOKED_AT = "read by an older version; the next poll brings them up to date"


def test_an_older_mirror_is_only_noted(place: Installation) -> None:
    of_the_first_schema(place.mirror)
    findings = found(place)
    assert exit_code(findings) == 0
    of_old = "mirror.db: of an older version; the next poll brings it up to date"
    assert {of_old, NOT_LOOKED_AT} <= set(texts(findings, Level.NOTE))


def test_letters_read_by_an_older_parser_are_not_damaged(place: Installation) -> None:
    changed(
        place.mirror,
        "update headers set parser_version = 1, details = json_remove(details, '$.thread_index')"
        " where id = 7",
    )
    findings = found(place)
    assert exit_code(findings) == 0
    assert NOT_LOOKED_AT in texts(findings, Level.NOTE)


@pytest.mark.parametrize("name", ["mirror.db", "partners.db"])
@pytest.mark.parametrize("where", [0, 20_000], ids=["head", "middle"])
def test_a_damaged_database_is_told_and_hides_nothing(
    name: str, where: int, place: Installation
) -> None:
    path = place.data / name
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    raw = bytearray(path.read_bytes())
    raw[where : where + 9_000] = b"\xa5" * 9_000
    path.write_bytes(raw)
    findings = found(place)
    (said,) = texts(findings, Level.FAILURE)
    assert said.startswith(f"{name}: ")
    assert "move it away" in said
    assert exit_code(findings) == 4
    assert "opened for reading only; letters: INBOX 21, Sent 20" in texts(findings, Level.FINE)


def test_a_mirror_others_may_read_is_told(place: Installation) -> None:
    place.mirror.chmod(0o640)
    assert texts(found(place), Level.WARNING) == [
        f"mirror.db: others may read it; type: chmod 600 {place.mirror}"
    ]


def test_a_large_write_ahead_log_is_told(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks_store, "_LARGE_WAL_OCTETS", 1_000)
    with closing(sqlite3.connect(place.mirror)) as writer:
        with writer:
            writer.execute("update polls set folders = 99")
        (said,) = texts(found(place), Level.WARNING)
    assert said.startswith("mirror.db-wal has grown to ")


# --- the letters held


FAILED = "insert into polls (mailbox, started_at, ended_at, ok) values"


def test_a_last_complete_poll_of_long_ago_is_told(place: Installation) -> None:
    assert texts(found(place, days_later=1), Level.WARNING) == []
    assert texts(found(place, days_later=1.1), Level.WARNING) == [
        "partners: last read completely at 2024-06-28 12:00; is no agent running?"
    ]
    changed(place.mirror, f"{FAILED} ('partners', 1, unixepoch('{AS_OF:%F %T}', '+1 hour'), 0)")
    with holding(place.data):  # a running agent polls every five minutes
        assert texts(found(place, days_later=1 / 25), Level.WARNING) == []
        (said,) = texts(found(place, days_later=1 / 23), Level.WARNING)
    assert said.endswith("see its errors in `inbox-agent status`")


def test_a_poll_by_cron_that_is_at_work_just_now_is_no_running_agent(place: Installation) -> None:
    with holding(place.data):
        assert texts(found(place, days_later=0.9), Level.WARNING) == []
        (said,) = texts(found(place, days_later=1.1), Level.WARNING)
    assert said.endswith("is no agent running?")


def test_a_poll_that_failed_is_told(place: Installation) -> None:
    changed(
        place.mirror,
        "insert into polls (mailbox, started_at, ended_at, ok, error)"
        " values ('partners', 1, 2, 0, 'the line broke')",
    )
    assert texts(found(place), Level.WARNING) == ["partners: the last poll failed: the line broke"]


def test_a_mailbox_that_was_never_read_is_noted(
    place: Installation, read_server: EmbeddedServer
) -> None:
    install(place.top, mailbox_entry(read_server), mailbox_entry(read_server, "new"))
    assert "new: not read yet; `inbox-agent poll` begins" in texts(found(place), Level.NOTE)


def test_a_published_database_that_is_absent_or_behind_is_told(place: Installation) -> None:
    changed(place.mirror, "update facts set value = '2' where name = 'generation'")
    (said,) = texts(found(place), Level.WARNING)
    assert said.startswith("generation 1 is published and 2 was begun; `inbox-agent rebuild`")
    place.published.unlink()
    assert texts(found(place), Level.WARNING) == [
        "nothing is published; `inbox-agent rebuild` does that"
    ]


def test_listed_partners_without_a_letter_are_named(
    place: Installation, read_server: EmbeddedServer
) -> None:
    install(
        place.top,
        mailbox_entry(read_server),
        partners=GLOBEX + '[[partners]]\ndomains = ["gloobex.example"]\n',
    )
    (said,) = texts(found(place), Level.WARNING)
    assert said == (
        "41 copies of letters, none of or for 1 of 2 listed partners; "
        "see whether their `domains` are right: gloobex.example"
    )


def test_a_partner_whose_domain_went_to_another_later_has_its_letters(
    place: Installation, read_server: EmbeddedServer
) -> None:
    initech = (
        '[[partners]]\ndomains = ["initech.example"]\n'
        f'merged = [{{ domain = "globex.example", since = {AS_OF - 10 * DAY:%Y-%m-%d} }}]\n'
    )
    install(place.top, mailbox_entry(read_server), partners=GLOBEX + initech)
    findings = found(place)
    assert texts(findings, Level.WARNING) == []
    assert "41 copies of letters; all 2 listed partners are among them" in texts(
        findings, Level.FINE
    )


def test_sent_copies_that_are_missing_are_told_with_what_to_switch_on(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    place = polled(tmp_path, server, conversation(20, lost=frozenset({2, 3, 5})))
    said = "of 20 letters of ours that partners answered of late 17 are here (85%), so we look "
    exchange = (
        f"`Set-Mailbox {server.user} -MessageCopyForSentAsEnabled $true "
        "-MessageCopyForSendOnBehalfEnabled $true`"
    )
    hosts = {
        "127.0.0.1": f"put the team's list in Cc, or in Exchange {exchange}",
        "outlook.office365.com": f"missing here; switch them on by {exchange}",
        "imap.gmail.com": "answer as a delegate of this account, or put the team's list in Cc",
    }
    for host, remedy in hosts.items():
        install(tmp_path, mailbox_entry(server, host=host, tls="implicit"), partners=GLOBEX)
        agent = place.agent()
        data = databases(place.data)
        (text,) = texts(list(check_letters(agent, data)), Level.WARNING)
        assert text.startswith(f"{said}slower than we are: ")
        assert text.endswith(remedy)


def test_nine_of_ten_sent_copies_are_enough_and_old_losses_are_forgotten(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """Of 110 days the first 20 are without a copy; the last 90 have all but nine."""
    lost = frozenset(range(20)) | frozenset(range(101, 110))
    place = polled(tmp_path, server, conversation(110, lost))
    findings = found(place)
    assert texts(findings, Level.WARNING) == []
    assert "of 90 letters of ours that partners answered of late 81 are here (90%)" in texts(
        findings, Level.FINE
    )


def test_too_few_answers_tell_nothing_of_sent_copies(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    place = polled(tmp_path, server, conversation(9, lost=frozenset(range(8))))
    findings = found(place)
    assert texts(findings, Level.WARNING) == []
    assert (
        "whether all we send is here can't be told: partners answered 9 letters whose ids are "
        "surely ours, and it takes 10"
    ) in texts(findings, Level.NOTE)


def test_a_damaged_letter_is_told(place: Installation) -> None:
    changed(place.mirror, "update headers set details = 'no JSON' where id = 7")
    findings = found(place)
    assert texts(findings, Level.FAILURE) == [
        "mirror.db: a letter is damaged; try `inbox-agent rebuild --reparse`"
    ]
    assert exit_code(findings) == 4


# --- on the screen

LONG = "a text that goes on " * 8


def shown(findings: list[Finding], *, is_terminal: bool) -> tuple[str, int]:
    console = Console(
        width=80, record=True, force_terminal=is_terminal, soft_wrap=True, quiet=False
    )
    with console.capture() as capture:
        code = show(findings, console)
    return re.sub(r"\x1b\[[0-9;]*m", "", capture.get()), code


def test_elsewhere_than_on_a_terminal_a_finding_is_one_line() -> None:
    findings = [
        Finding("here", Level.FINE, LONG),
        Finding("here", Level.WARNING, "b\x1b[31m[bold]"),
        Finding("there", Level.FAILURE, "c", ConfigError("c")),
    ]
    text, code = shown(findings, is_terminal=False)
    assert text.splitlines() == [
        "here",
        f"✓ {LONG}",
        "! bU+001B[31m[bold]",
        "",
        "there",
        "✗ c",
        "",
        "1 to mend, 1 to look at",
    ]
    assert code == 2


def test_on_a_terminal_long_lines_are_folded_beside_their_sign() -> None:
    text, code = shown([Finding("here", Level.NOTE, LONG)], is_terminal=True)
    first, second, third, fourth, *_ = text.splitlines()
    assert first == "here"
    assert second.startswith("· a text")
    assert third.startswith("  ")
    assert max(map(len, text.splitlines())) <= 80
    assert fourth.strip() or "everything is in place" in text
    assert code == 0


def test_the_command_shows_findings_and_ends_with_their_code(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    deliver(server, sample(6))
    place = install(tmp_path, mailbox_entry(server))
    good = place.run("check")
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.splitlines()[-1] == "everything is in place"
    install(tmp_path, mailbox_entry(server, secret="swordfish"))
    bad = place.run("check")
    assert (bad.returncode, bad.stderr) == (3, "")
    assert bad.stdout.count("✗") == 1
    assert bad.stdout.splitlines()[-1] == "1 to mend"


def test_a_config_that_can_not_be_read_ends_it(tmp_path: Path) -> None:
    place = install(tmp_path, more="[teem]\n")
    done: subprocess.CompletedProcess[str] = place.run("check")
    assert done.returncode == 2
    assert "teem" in done.stderr
    with pytest.raises(ConfigError):
        Agent(load_config(place.config))
