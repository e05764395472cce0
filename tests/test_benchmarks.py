"""What benchmarks are fed with is what it says, and none is left out of `make bench`."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from email import message_from_bytes
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.all import BENCHMARKS
from benchmarks.correspondence import TEAM_DOMAIN, TEAM_MX, correspondence
from benchmarks.engines import by_python
from benchmarks.idle_polls import workday
from benchmarks.letters import fetched, letters, mirror, mirror_once, rows
from benchmarks.ten_letters import Bench
from benchmarks.watched import processor_seconds
from inbox_agent.header_block import kept_fields
from inbox_agent.messages import HEADER_FIELDS
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_rows import insert_row

TOP = Path(__file__).parents[1]
#: Run by others, or to try things on.
HELPERS = {"all", "engines", "letters", "publisher"}


def test_every_benchmark_that_can_be_run_is_run_by_make_bench() -> None:
    main = 'if __name__ == "__main__":'
    found = {
        path.stem for path in (TOP / "benchmarks").glob("*.py") if main in path.read_text("utf-8")
    }
    assert found - HELPERS == {each.name for each in BENCHMARKS}


def test_the_same_seed_gives_the_same_letters_and_more_of_them_come_later() -> None:
    first = list(correspondence(60, 7, seed=3))
    assert first == list(islice(correspondence(60, 7, seed=3, more=10), 60))
    later = list(correspondence(60, 7, seed=3, more=10))[60:]
    assert min(each.received_at for each in later) > max(each.received_at for each in first)
    assert first != list(correspondence(60, 7, seed=4))


def test_a_letter_keeps_the_fields_that_the_product_keeps_of_it() -> None:
    for each in correspondence(80, 5):
        head = each.raw().partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        assert 3_000 < len(head) < 6_500
        assert each.block() == kept_fields(head, [TEAM_MX], each.is_sent, HEADER_FIELDS)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_row_of_the_mirror_is_what_the_product_would_have_written(seed: int) -> None:
    made = list(correspondence(120, 9, seed))
    assert any(not each.is_plain for each in made)
    uids: Counter[str] = Counter()
    for each, row in zip(made, rows(made, uids), strict=True):
        assert row == insert_row(fetched(each, uids[each.folder]))


def test_letters_have_two_sides_threads_and_partners_by_rank(tmp_path: Path) -> None:
    found = [message_from_bytes(raw) for raw in letters(600, 20)]
    from_us = [each for each in found if re.search(f"@{TEAM_DOMAIN}", each["From"])]
    assert 0.3 < len(from_us) / len(found) < 0.6
    known = {each["Message-ID"] for each in found}
    answers = [each["In-Reply-To"] for each in found if each["In-Reply-To"]]
    assert len(answers) > 300
    assert known.issuperset(answers)
    by_partner = Counter(re.findall(r"partner-\d+", str(each["From"]) + str(each["To"]))[0]
                         for each in found)  # fmt: skip
    assert by_partner["partner-0001"] > 3 * by_partner["partner-0010"] > 0


def test_a_mirror_that_is_made_can_be_read(tmp_path: Path) -> None:
    mirror(tmp_path / "mirror.db", 150, 5)
    with Mirror(tmp_path / "mirror.db") as found:
        held = list(found.messages(marked=False))
        assert len(held) == 150
        assert sum(row["messages"] for row in found.folders()) == 150


def test_a_mirror_that_was_left_whole_is_used_again_and_half_of_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "mirror.db"
    mirror(path, 20, 5)
    mirror_once(path, 30, 5)
    assert _held(path) == 20
    with Mirror(path) as found, found.writing() as db:
        db.conn.execute("delete from polls")
    mirror_once(path, 30, 5)
    assert _held(path) == 30


def _held(path: Path) -> int:
    with Mirror(path) as found:
        return len(list(found.messages(marked=False)))


def test_the_next_workday_of_a_friday_is_monday_with_letters_in_order(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 2_610, 5, more_letters=40)
    bench.now = datetime(2026, 10, 30, 20, tzinfo=UTC)
    first = bench.more[0]
    day, came = workday(bench)
    assert f"{day:%a %Y-%m-%d}" == "Mon 2026-11-02"
    assert len(came) == 2
    assert {each.received_at.date() for each in came} == {day}
    assert [each.received_at.time() for each in came if each.number == first.number] == [
        first.received_at.time()
    ]
    assert came == sorted(came, key=lambda each: each.received_at)
    assert first not in bench.more


def test_gaps_are_those_between_neighbours_of_one_partner(tmp_path: Path) -> None:
    path = tmp_path / "letters.csv"
    path.write_text("partner,came_at\na,40\nb,5\na,0\nc,7\nb,6\na,10\n", "utf-8")
    # a: 10 and 30, half-way 20; b: 1; c has none
    assert by_python(path) == (2, 21)


def test_what_children_use_of_the_processors_counts_while_they_live_and_after() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    before = processor_seconds()
    with subprocess.Popen(
        [sys.executable, "-c", burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert processor_seconds() - before > 0.25
        child.communicate(b"\n")
    assert processor_seconds() - before > 0.25
