"""The command line as people and scripts use it: help, files, screens, and how it ends."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from installations import (
    AS_OF,
    AS_OF_TEXT,
    Installation,
    deliver,
    exchange,
    install,
    letter,
    mailbox_entry,
    one_line,
    query,
    sample,
    write_mbox,
)
from servers import Delivery, EmbeddedServer

from inbox_agent import __version__, exports, sqlite_files
from inbox_agent.cli import main
from inbox_agent.config import load_config
from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.exports import export_csv, exportable
from inbox_agent.safe_cells import safe_cell

MAY = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)
POLL = ("poll", "--as-of", AS_OF_TEXT)
#: What a spreadsheet would run, and what would colour or move things on a terminal.
EVIL = '=HYPERLINK("http://evil.example/","x")'
HOSTILE = "\x1b\x9b31mred\x07\u202e[bold]"


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    with serve_letters(exchange("globex.example", 6, MAY)) as running:
        yield EmbeddedServer(running)


@pytest.fixture
def place(server: EmbeddedServer, tmp_path: Path) -> Installation:
    return install(tmp_path, mailbox_entry(server))


# --- help


@pytest.mark.parametrize("command", [None, *main.commands])
def test_every_command_has_help(command: str | None) -> None:
    for flag in ("--help", "-h"):
        done = CliRunner().invoke(main, [*([command] if command else []), flag])
        assert done.exit_code == 0
        assert done.output.startswith("Usage: ")
        summary, *_ = [line for line in done.output.splitlines()[1:] if line.strip()]
        assert len(summary.split()) >= 3


@pytest.mark.parametrize("command", list(main.commands))
def test_every_option_says_what_it_is_for(command: str) -> None:
    options = [each for each in main.commands[command].params if isinstance(each, click.Option)]
    undocumented = [each.name for each in options if not each.help]
    assert undocumented == []


def test_the_command_knows_its_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inbox_agent", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"inbox-agent, version {__version__}\n"


# --- init


INIT = ("--domains", "acme.example", "--host", "imap.acme.example", "--user", "team@acme.example")


def test_init_writes_a_config_that_loads(tmp_path: Path) -> None:
    folder = tmp_path / "team"
    place = Installation(folder)
    tmp_path.joinpath("team").mkdir()
    done = place.run("init", folder, *INIT, "--timezone", "Europe/Berlin", "--sent", "Gesendet")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"wrote {place.config}",
        f"wrote {place.config.with_name('partners.toml')}",
        "put the password where the config says it is, then:",
        f"inbox-agent -c {place.config} check",
    ]
    config = load_config(place.config)
    (mailbox,) = config.mailboxes
    assert (config.team.domains, mailbox.host, mailbox.sent) == (
        ("acme.example",),
        "imap.acme.example",
        ("Gesendet",),
    )
    again = place.run("init", folder, *INIT)
    assert again.returncode == 2
    assert "is there already" in one_line(again.stderr)


def test_init_without_a_terminal_names_the_flag_that_is_missing(tmp_path: Path) -> None:
    done = Installation(tmp_path).run("init", tmp_path / "team", stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert one_line(done.stderr).startswith("inbox-agent: --domains: ")
    assert not (tmp_path / "team").exists()


# --- check and status


def test_check_says_of_each_thing_whether_it_is_in_place(
    place: Installation, server: EmbeddedServer
) -> None:
    good = place.run("check")
    assert (good.returncode, good.stderr) == (0, "")
    assert "✗" not in good.stdout
    for said in ("mailboxes: 1", "not there yet", "logged in", 'lies in "Sent"', "INBOX 3"):
        assert said in good.stdout
    install(place.top, mailbox_entry(server), mailbox_entry(server, "two", secret="not-this"))
    bad = place.run("check")
    assert bad.returncode == 3
    assert bad.stdout.count("✗") == 1
    assert "INBOX 3" in bad.stdout  # one that fails hides no other


def test_status_says_so_when_nothing_was_read_yet(place: Installation) -> None:
    for _ in range(2):
        done = place.run("status")
        assert (done.returncode, done.stderr) == (0, "")
        assert one_line(done.stdout) == "nothing has been read yet; `inbox-agent poll` begins"
        place.run("check")  # keeps nothing


def test_status_shows_the_last_poll_every_folder_and_what_is_left_out(
    place: Installation, server: EmbeddedServer
) -> None:
    out_of_office = letter(
        "kim@globex.example", "ana@acme.example", MAY, "auto", "Auto-Submitted: auto-replied"
    )
    deliver(server, [Delivery("INBOX", out_of_office, MAY)])
    assert place.run(*POLL).stdout == "7 new letters, 1 partners\n"
    done = place.run("status")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"partners: last poll 20\d\d-.*, complete; 7 new letters", done.stdout)
    assert re.search(r"partners +INBOX +ok +4 +0 +20\d\d-", done.stdout)
    assert re.search(r"partners +Sent +Sent +ok +3 +0 +20\d\d-", done.stdout)
    assert "figures as of 2024-06-28 12:00, generation 1; 7 letters held" in done.stdout
    assert "times are those of UTC" in done.stdout
    assert "left out of the figures: automatic_reply 1" in done.stdout
    assert re.search(r"asks by whether they need a reply: .*yes \d", done.stdout)
    assert "1 partners" in done.stdout
    install(place.top, mailbox_entry(server, port=1))
    place.run(*POLL)
    assert "failed: mailbox" in place.run("status").stdout


# --- export


def test_exported_files_are_the_tables_cell_by_cell(server: EmbeddedServer, tmp_path: Path) -> None:
    deliver(server, sample(60))
    evil = letter(f'"{EVIL}" <kim@globex.example>', "ana@acme.example", MAY, "e", subject=EVIL)
    deliver(server, [Delivery("INBOX", evil, MAY)])
    place = install(tmp_path, mailbox_entry(server))
    place.agent().poll(AS_OF)
    done = place.run("export", "--to", "out/here")
    assert (done.returncode, done.stderr) == (0, "")
    folder = place.top / "out" / "here"
    assert {path.name for path in folder.iterdir()} == {f"{name}.csv" for name in exportable()}
    for name in exportable():
        columns, rows = shown(place, name)
        (head, *body) = exported(folder / f"{name}.csv")
        assert head == columns
        assert body == rows, name
        assert f"out/here/{name}.csv: {len(rows):,} rows" in done.stdout.splitlines()
    assert any("'" + EVIL in row for row in exported(folder / "messages.csv"))


def shown(place: Installation, name: str) -> tuple[list[str], list[list[str]]]:
    columns = query(place.published, "select name from pragma_table_info(?)", name)
    rows = query(place.published, f'select *, 1 from "{name}"')  # noqa: S608
    return columns, [[cell(value) for value in row[:-1]] for row in rows]


def cell(value: Any) -> str:
    """What a CSV file holds of a value: nothing for NULL, text made safe, numbers as they are."""
    return "" if value is None else safe_cell(value) if isinstance(value, str) else str(value)


def exported(path: Path) -> list[list[str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # Excel reads it as UTF-8
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_all_exported_files_are_of_one_generation(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.agent().poll(AS_OF)
    before = {name: shown(place, name)[1] for name in exportable()}
    write_one = exports._export
    earlier = [AS_OF - timedelta(days=48)]

    def and_publish_another(*args: Any) -> tuple[Path, int]:
        done = write_one(*args)
        if earlier:
            place.agent().rebuild(earlier.pop())
        return done

    monkeypatch.setattr(sqlite_files, "_BUSY_MILLISECONDS", 0)  # not to wait for this reader
    monkeypatch.setattr(exports, "_export", and_publish_another)
    export_csv(place.published, (), place.top / "out")
    assert earlier == []
    after = {name: exported(place.top / "out" / f"{name}.csv")[1:] for name in exportable()}
    assert after == before
    assert shown(place, "partners")[1] != before["partners"]


def test_an_export_that_fails_leaves_no_half_file_and_the_old_one(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.agent().poll(AS_OF)
    folder = place.top / "out"
    export_csv(place.published, ("partners",), folder)
    before = (folder / "partners.csv").read_bytes()

    def full(*_: object) -> list[object]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exports, "_cells", full)
    with pytest.raises(Exception, match=r"partners\.csv: can't be written: No space left"):
        export_csv(place.published, ("partners",), folder)
    assert [path.name for path in folder.iterdir()] == ["partners.csv"]
    assert (folder / "partners.csv").read_bytes() == before


def test_a_long_path_stays_on_one_line(place: Installation) -> None:
    place.agent().poll(AS_OF)
    folder = place.top / ("long" * 30)
    done = place.run("export", "--to", folder, "partners")
    assert one_line(done.stdout) == f"{folder}/partners.csv: 1 rows"


# --- words of strangers on our terminal


def test_no_control_character_of_a_stranger_reaches_the_terminal(tmp_path: Path) -> None:
    at, us = MAY, "ana@acme.example"
    hostile = letter(f'"{HOSTILE}" <kim@globex.example>', us, at, "1", subject=HOSTILE)
    letters = [Delivery(f"A{HOSTILE}", hostile, at), *exchange("globex.example", 4, MAY)]
    with serve_letters(letters) as running:
        server = EmbeddedServer(running)
        place = install(tmp_path, mailbox_entry(server))
        shown_at_once = [place.run(*POLL), place.run("check")]
        on_a_terminal = seen_on_a_terminal(place, *POLL)
        install(tmp_path, mailbox_entry(server, folders=["INBOX", "B[/bold]"]))
        shown_at_once += [place.run(*POLL)]
    path = write_mbox(tmp_path / "C\x1b[31m[bold].mbox", letters)
    shown_at_once += [
        place.run("import", path),
        place.run("import", path.with_name("D\x1b]0;x\x07")),
        place.run("status"),
        place.run("export", "--to", tmp_path / "out"),
        place.run("export", "--to", tmp_path / "out", "\x1b[31m"),
        place.run("\x1b[31m"),
    ]
    for done in shown_at_once:
        raw = (done.stdout + done.stderr).replace("\n", "")
        assert all(char.isprintable() for char in raw), done.args
        assert "Traceback" not in raw
    assert [done.returncode for done in shown_at_once] == [0, 0, 1, 0, 2, 0, 0, 2, 2]
    assert b"red" in on_a_terminal  # the folder's name was shown, in its harmless form
    assert not re.search(rb"\x07|\x9b31m|\x1b\xc2|\xe2\x80\xae", on_a_terminal)


def seen_on_a_terminal(place: Installation, *args: str) -> bytes:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    command = place.command(*args)
    with subprocess.Popen(command, cwd=place.top, stderr=theirs, stdout=theirs, env=environment):
        os.close(theirs)
        found = b""
        while chunk := read_terminal(ours):
            found += chunk
    os.close(ours)
    return found


def read_terminal(end: int) -> bytes:
    try:
        return os.read(end, 65536)
    except OSError:  # Linux says EIO where others say that it is over
        return b""


# --- demo


@contextmanager
def running(*args: str, top: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "inbox_agent", *args]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=top, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def children(process: subprocess.Popen[str]) -> list[int]:
    """Its child processes, as Linux lists them."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in listed.read_text().split()]


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def status_of(address: str) -> int:
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - our own address
        return int(answer.status)


@pytest.mark.slow
def test_the_demo_does_the_whole_job_and_says_what_is_there(tmp_path: Path) -> None:
    with running("demo", "--no-serve", "--dir", "d", top=tmp_path) as process:
        said, complaints = process.communicate(timeout=120)
    assert (process.returncode, complaints) == (0, "")
    (letters, partners) = re.findall(r"([\d,]+) letters read, (\d+) partners measured", said)[0]
    database = tmp_path / "d" / "data" / "partners.db"
    assert query(database, "select count(*) from partners") == [int(partners)] == [13]
    assert query(database, "select messages from about") == [int(letters.replace(",", ""))]
    assert "Pinecrest Data" in said
    assert load_config(tmp_path / "d" / "config" / "inbox-agent.toml").mailboxes


def test_the_demo_spares_a_folder_that_is_somebody_s(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    done = Installation(tmp_path).run("demo", "--dir", tmp_path)
    assert done.returncode == 2
    assert "choose another --dir" in one_line(done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_serves_until_it_is_asked_to_stop(tmp_path: Path, how: int) -> None:
    port = free_port()
    with running("demo", "--dir", "d", "--port", str(port), top=tmp_path) as process:
        assert process.stdout
        before = said = ""
        while "http://" not in said:
            before, said = said, process.stdout.readline()
            assert said, process.stderr and process.stderr.read()
        assert before == "sample data, open: everybody on this computer may look\n"
        (address,) = re.findall(r"http://\S+", said)
        assert address == f"http://127.0.0.1:{port}/"
        assert status_of(address) == 200
        (child,) = children(process)
        process.send_signal(how)
        rest, complaints = process.communicate(timeout=30)
    assert (process.returncode, rest.strip(), complaints) == (0, "", "")
    assert is_gone(child)


@pytest.mark.slow
def test_run_serves_beside_polling_and_leaves_nobody_behind(place: Installation) -> None:
    port = free_port()
    command = ("-c", str(place.config), "run", "--serve", "--open", "--port", str(port))
    with running(*command, top=place.top) as process:
        assert process.stderr
        said = ""
        while "http://" not in said:
            said = process.stderr.readline()
            assert said
        (address,) = re.findall(r"http://\S+", said)
        assert said.endswith(" (open: everybody on this computer may look)\n")
        shown_there = address.removesuffix("/partners") + "/partners/partners.json?_shape=array"
        with urllib.request.urlopen(shown_there, timeout=30) as answer:  # noqa: S310
            assert [row["partner"] for row in json.load(answer)] == ["globex.example"]
        (child,) = children(process)
        process.terminate()
        _, complaints = process.communicate(timeout=30)
    assert (process.returncode, complaints) == (0, "")
    assert is_gone(child)
