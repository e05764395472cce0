"""A backup is whole, sound and private, whoever writes meanwhile; no file is written over."""

from __future__ import annotations

import resource
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from installations import Installation, exchange, install, one_line, query, tables, write_mbox

from inbox_agent.errors import StoreError
from inbox_agent.sqlite_files import back_up, connect

pytestmark = pytest.mark.reliability

MAY = datetime(2024, 5, 6, 9, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    found = install(tmp_path)
    mbox = write_mbox(tmp_path / "old.mbox", exchange("globex.example", 6, MAY))
    assert found.run("import", mbox).returncode == 0
    return found


def test_a_backup_holds_what_the_mirror_holds_and_says_how_much(place: Installation) -> None:
    copy = place.top / "copy.db"
    done = place.run("backup", copy)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{copy}: 6 letters, {copy.stat().st_size:,} octets\n"
    assert tables(copy) == tables(place.mirror)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_backup_brought_back_takes_up_the_work(place: Installation) -> None:
    copy = place.top / "copy.db"
    assert place.run("backup", copy).returncode == 0
    before = place.tables("about", "polls", "folders")
    for each in place.data.glob("*.db*"):
        each.unlink()
    copy.rename(place.mirror)
    assert place.run("rebuild").returncode == 0
    assert place.tables("about", "polls", "folders") == before


def test_a_backup_amid_a_transaction_holds_what_was_committed(place: Installation) -> None:
    copy = place.top / "copy.db"
    with closing(connect(place.mirror)) as writer:
        writer.execute("begin immediate")
        writer.execute("delete from headers where id > 2")
        assert place.run("backup", copy).stdout.startswith(f"{copy}: 6 letters")
        writer.execute("rollback")


def test_a_backup_is_made_while_the_agent_is_at_work(place: Installation) -> None:
    with place.agent().at_work():
        assert place.run("backup", place.top / "copy.db").returncode == 0


@pytest.mark.parametrize("there", ["file", "folder", "mirror"])
def test_nothing_is_written_over(place: Installation, there: str) -> None:
    target = {"file": place.top / "a", "folder": place.top / "b", "mirror": place.mirror}[there]
    if there == "file":
        target.write_bytes(b"a letter to the editor")
    if there == "folder":
        target.mkdir()
    before = target.read_bytes() if target.is_file() else b""
    done = place.run("backup", target)
    assert done.returncode == 4
    assert "is already there" in one_line(done.stderr)
    assert (target.read_bytes() if target.is_file() else b"") == before


def test_a_folder_that_is_not_there_is_one_line(place: Installation) -> None:
    done = place.run("backup", place.top / "none" / "copy.db")
    assert done.returncode == 4
    assert "No such file or directory" in one_line(done.stderr)


def test_before_the_first_poll_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    done = install(tmp_path).run("backup", tmp_path / "copy.db")
    assert done.returncode == 4
    assert "inbox-agent poll" in one_line(done.stderr)
    assert not (tmp_path / "copy.db").exists()


def test_a_backup_without_room_leaves_no_file_behind(place: Installation) -> None:
    """The limit on the size of a file stands for a full disk."""

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384))

    done = place.run("backup", place.top / "copy.db", preexec_fn=no_room)
    assert done.returncode == 4
    assert str(place.mirror) in one_line(done.stderr) or "copy.db" in one_line(done.stderr)
    assert list(place.top.glob("copy.db*")) == []
    assert query(place.mirror, "pragma integrity_check") == ["ok"]


def test_a_damaged_mirror_gives_no_backup(place: Installation) -> None:
    with closing(sqlite3.connect(place.mirror)) as writer:
        writer.execute("pragma wal_checkpoint(truncate)")
    octets = bytearray(place.mirror.read_bytes())
    for page in range(2, len(octets) // 4096):
        octets[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    place.mirror.write_bytes(octets)
    with pytest.raises(StoreError, match=r"malformed|damaged"):
        back_up(place.mirror, place.top / "copy.db")
    assert list(place.top.glob("copy.db*")) == []


def test_what_a_backup_that_was_killed_left_is_in_nobodys_way(place: Installation) -> None:
    (place.top / "copy.db.part").write_bytes(b"half a database")
    assert place.run("backup", place.top / "copy.db").returncode == 0
    assert not (place.top / "copy.db.part").exists()


def test_a_name_that_moves_the_cursor_is_shown_and_not_obeyed(place: Installation) -> None:
    done = place.run("backup", place.top / "copy\x1b[31m\u202e.db")
    assert done.returncode == 0
    assert "U+001B" in done.stdout
    assert not {"\x1b", "\u202e"} & set(done.stdout)
