"""Crash at every step: some of the steps, drawn by lot; `make faults` tries them all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from faults.dump import difference, wrong_letters
from faults.report import differing, merged, table, tried, written
from servers import find_dovecot

pytestmark = pytest.mark.reliability


@pytest.mark.slow
@pytest.mark.dovecot
def test_a_process_that_is_killed_at_any_step_loses_nothing_and_changes_nothing() -> None:
    if find_dovecot() is None:
        pytest.skip("Dovecot is not installed (Debian: dovecot-imapd)")
    outcomes = tried("crash", "--share", "0.04", "--seed", "628", "--seconds", "30")
    assert [outcome["name"] for outcome in outcomes] == [
        "first sync",
        "incremental sync",
        "UIDVALIDITY changed",
        "publish (rebuild)",
    ]
    assert [outcome["troubles"] for outcome in outcomes] == [[], [], [], []]
    assert all(outcome["tried"] > 0 for outcome in outcomes)
    # each has its reads or its statements, twice and more
    assert all(outcome["possible"] > 100 for outcome in outcomes)


def test_moments_are_before_and_after_a_statement_and_amid_one_that_writes_rows(
    tmp_path: Path,
) -> None:
    trace = tmp_path / "trace"
    found = []
    for deadly in range(1, 9):
        code = _forked(trace, deadly)
        found.append((code, trace.read_text()))
    assert found == [
        (-9, "before: create table t (a)"),
        (-9, "after: create table t (a)"),
        (-9, "before: insert into t values (?)"),
        (-9, "amid: insert into t values (?)"),
        (-9, "after: insert into t values (?)"),
        (-9, "before: select count(*) from t"),
        (-9, "after: select count(*) from t"),
        (0, "all 7"),
    ]


_PROGRAM = """
import sqlite3, sys
from pathlib import Path
from faults.tripwire import Tripwire
wire = Tripwire(Path(sys.argv[1]), int(sys.argv[2]))
wire.lay()
db = sqlite3.connect(":memory:", isolation_level=None)
db.execute("create table t (a)")
db.executemany("insert into t values (?)", [(1,), (2,), (3,)])
db.cursor().execute("select count(*) from t")
wire.trace.write_text(f"all {wire.count}")
"""


def _forked(trace: Path, deadly: int) -> int:
    command = [sys.executable, "-c", _PROGRAM, str(trace), str(deadly)]
    return subprocess.run(command, cwd=Path(__file__).parent, check=False).returncode


def test_a_row_that_is_missing_or_there_twice_is_a_difference() -> None:
    assert difference({"t": ("a", "b")}, {"t": ("a", "b")}) == []
    assert difference({"t": ("a", "b")}, {"t": ("a", "a")}) == ["t: 1 rows missing, 1 too many"]
    assert difference({"t": ("a",)}, {"t": ("a", "a")}) == ["t: 0 rows missing, 1 too many"]
    assert difference({"t": ("a",)}, {}) == ["t: 1 rows missing, 0 too many"]


def test_right_after_a_fault_no_letter_may_be_gone_and_none_may_be_invented() -> None:
    def held(*rows: str) -> dict[str, tuple[str, ...]]:
        return {"mirror.db headers": rows}

    assert wrong_letters(held("a"), held("a"), held("a", "b")) == []
    assert wrong_letters({}, {}, held("a")) == []
    assert wrong_letters(held("a"), held(), held("a", "b")) == ["letters lost: 1"]
    assert wrong_letters(held("a"), held("a", "c"), held("a", "b")) == [
        "letters that never were: 1"
    ]


def test_right_after_a_fault_a_letter_may_lack_its_mark_and_be_missing_or_not_yet() -> None:
    def held(uid: int, mark: int, missed_at: int | None) -> dict[str, tuple[str, ...]]:
        row = {"uid": uid, "is_marked": mark, "missed_at": missed_at, "gone_at": None}
        return {"mirror.db headers": (repr(row),)}

    assert wrong_letters({}, held(1, 0, None), held(1, 1, None)) == []
    assert wrong_letters(held(1, 0, None), held(1, 1, None), held(1, 1, 628)) == []
    assert wrong_letters({}, held(2, 0, None), held(1, 0, None)) == ["letters that never were: 1"]


def test_the_report_adds_up_what_several_processes_tried_and_names_what_differed() -> None:
    part = {"name": "first sync", "tried": 2, "possible": 5, "hangs": 0, "slowest": 1.0}
    bad = ["moment 3 (after: recv): letters lost: 1", "moment 3 (after: recv): t: 1 rows missing"]
    both = merged([[{**part, "troubles": []}], [{**part, "troubles": bad}]])
    assert [(one["tried"], one["possible"], differing(one)) for one in both] == [(4, 5, 1)]
    assert "| first sync | 5 | 4 | 1 | 0 |" in table(both)
    assert "- moment 3 (after: recv): letters lost: 1" in table(both)


def test_only_the_part_of_the_page_that_is_marked_is_written_anew() -> None:
    page = "Before\n<!-- cuts: made so -->\nold\n<!-- end of cuts -->\nAfter\n"
    assert written(page, "cuts", "new") == (
        "Before\n<!-- cuts: made so -->\n\nnew\n\n<!-- end of cuts -->\nAfter\n"
    )
