"""What benchmarks are fed with is what it says, and none is left out of `make bench`."""

from __future__ import annotations

import re
from collections import Counter
from email import message_from_bytes
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.all import BENCHMARKS
from benchmarks.correspondence import TEAM_DOMAIN, TEAM_MX, correspondence
from benchmarks.letters import fetched, letters, mirror, rows
from inbox_agent.header_block import kept_fields
from inbox_agent.messages import HEADER_FIELDS
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_rows import insert_row

TOP = Path(__file__).parents[1]
#: Run by others, or to try things on.
HELPERS = {"all", "letters", "publisher"}


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
