"""What can befall the mirror's file: each fault is one clear line, and harms nothing."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from installations import (
    AS_OF_TEXT,
    Installation,
    exchange,
    install,
    one_line,
    query,
    tables,
    write_mbox,
)

from inbox_agent.errors import StoreError
from inbox_agent.mirror import Mirror
from inbox_agent.sqlite_files import connect, scrub

MAY = datetime(2024, 5, 6, 9, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    found = install(tmp_path)
    mbox = write_mbox(tmp_path / "old.mbox", exchange("globex.example", 6, MAY))
    assert found.run("import", mbox).returncode == 0
    return found


def test_a_database_locked_by_another_process_is_waited_for_and_then_left(
    place: Installation,
) -> None:
    before, published = tables(place.mirror), place.tables()
    with closing(connect(place.mirror)) as other:
        other.execute("begin immediate")
        done = place.run("rebuild", "--as-of", AS_OF_TEXT)
        other.execute("rollback")
    assert done.returncode == 4
    assert "locked: another program holds it" in one_line(done.stderr)
    assert (tables(place.mirror), place.tables()) == (before, published)
    assert place.run("rebuild").returncode == 0


def test_a_power_cut_amid_a_transaction_leaves_what_was_committed(
    place: Installation, tmp_path: Path
) -> None:
    """The files as they lie on the disk in the midst of a transaction are another machine's."""
    found = tmp_path / "found"
    found.mkdir()
    with closing(connect(place.mirror)) as writer:
        writer.execute("pragma cache_size = 1")  # pages go to the WAL before the commit
        writer.execute("update headers set is_marked = 1")
        writer.execute("begin immediate")
        writer.execute("update headers set is_marked = 2, details = hex(zeroblob(20000))")
        for each in (place.mirror, place.mirror.with_name("mirror.db-wal")):
            shutil.copy(each, found / each.name)
        assert (found / "mirror.db-wal").stat().st_size > 6 * 20_000
        writer.execute("rollback")
    assert query(found / "mirror.db", "pragma integrity_check") == ["ok"]
    with Mirror(found / "mirror.db") as mirror:
        assert mirror.count() == 6
        assert [row["is_marked"] for row in mirror._rows("select * from headers")] == [1] * 6


def older(path: Path, *more: str) -> None:
    """The mirror of a version before anybody could be erased or a report was kept."""
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("drop table erased")
        other.execute("alter table headers drop column report")
        other.execute("delete from _sqlite_migrations where name in ('add_reports', 'add_erased')")
        for sql in more:
            other.execute(sql)


def test_an_older_schema_is_brought_up_with_its_letters(place: Installation) -> None:
    before = query(place.mirror, "select id, block, details from headers order by id")
    older(place.mirror)
    with Mirror(place.mirror) as mirror:
        assert mirror.tombstones() is None
        assert mirror.count() == 6
    assert query(place.mirror, "select id, block, details from headers order by id") == before


def test_an_older_schema_of_which_one_step_fails_stays_as_it_was(place: Installation) -> None:
    older(place.mirror, "create table erased (something text)")
    schema = "select sql from sqlite_master order by name"
    before = query(place.mirror, schema), query(place.mirror, "select * from headers")
    with pytest.raises(StoreError, match=r"mirror\.db: .*erased"):
        Mirror(place.mirror)
    assert (query(place.mirror, schema), query(place.mirror, "select * from headers")) == before


def test_a_mirror_that_others_may_read_is_narrowed_when_it_is_opened(place: Installation) -> None:
    with Mirror(place.mirror) as first:
        assert first.count() == 6
        for each in place.data.glob("mirror.db*"):
            each.chmod(0o664)
        with Mirror(place.mirror):
            modes = {stat.S_IMODE(each.stat().st_mode) for each in place.data.glob("mirror.db*")}
            assert modes == {0o600}
            assert len(list(place.data.glob("mirror.db*"))) == 3


def test_the_served_database_keeps_the_rights_its_owner_gave_it(place: Installation) -> None:
    place.published.chmod(0o640)
    assert place.run("rebuild").returncode == 0
    assert stat.S_IMODE(place.published.stat().st_mode) == 0o640


def test_while_somebody_reads_what_was_deleted_it_is_not_said_to_be_gone(
    place: Installation,
) -> None:
    with closing(connect(place.mirror)) as reader, closing(connect(place.mirror)) as writer:
        reader.execute("begin")
        reader.execute("select count(*) from headers").fetchall()
        writer.execute("delete from headers")
        with pytest.raises(StoreError, match="another program"):
            scrub(place.mirror)
        reader.execute("rollback")
    scrub(place.mirror)
    assert not any(each.stat().st_size for each in place.data.glob("mirror.db-wal"))
