"""Rows made by a second process are those made here, whatever becomes of that process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nasty_blocks import BLOCKS

from inbox_agent.folder_keeping import TOGETHER, Keeping
from inbox_agent.messages import FetchedHeader
from inbox_agent.mirror import Checkpoint, Mirror
from inbox_agent.row_making import MANY_LETTERS, RowMaker
from inbox_agent.row_process import rows_of

NOW = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)
WHERE = ("partners", "INBOX")
PLAIN = b"From: a@b.example\r\nSubject: one\r\n"


def letters(
    first: int, count: int, blocks: Sequence[bytes] = (PLAIN, *BLOCKS.values())
) -> list[FetchedHeader]:
    return [
        FetchedHeader(
            mailbox="partners",
            folder="INBOX",
            uidvalidity=7,
            uid=uid,
            received_at=NOW - timedelta(minutes=uid),
            size_octets=uid,
            block=blocks[uid % len(blocks)] + b"X-Number: %d\r\n" % uid,
            fetched_at=NOW,
            labels=("a",) * (uid % 3),
        )
        for uid in range(first, first + count)
    ]


def children() -> set[int]:
    """The processes that this one has started and that still run."""
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text().split()}


@pytest.fixture
def before() -> set[int]:
    return children()


def is_there(maker: RowMaker) -> Iterator[None]:
    """Have batches made here until the second process has come up."""
    for _ in range(2_000):
        if maker.is_helped:
            return
        maker.begin(letters(1, 1))
        maker.rows()
        yield time.sleep(0.01)


def test_a_second_process_makes_the_same_rows_in_the_same_order(before: set[int]) -> None:
    with RowMaker() as maker:
        maker.expect(MANY_LETTERS)
        for _ in is_there(maker):
            pass
        assert len(children() - before) == 1
        for first in (1, 121):
            maker.begin(letters(first, 120))
            assert maker.rows() == rows_of(letters(first, 120))
    assert children() == before


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM])
def test_a_second_process_that_dies_costs_no_row(before: set[int], blow: int) -> None:
    with RowMaker() as maker:
        maker.expect(MANY_LETTERS)
        for _ in is_there(maker):
            pass
        maker.begin(letters(1, 120))
        (pid,) = children() - before
        os.kill(pid, blow)
        assert maker.rows() == rows_of(letters(1, 120))
        maker.begin(letters(121, 120))
        assert maker.rows() == rows_of(letters(121, 120))


def test_for_a_few_letters_no_second_process_is_started(before: set[int]) -> None:
    with RowMaker() as maker:
        maker.expect(MANY_LETTERS - 1)
        assert children() == before


def test_mailboxes_read_at_the_same_time_share_one_second_process(before: set[int]) -> None:
    with RowMaker() as first, RowMaker() as second:
        first.expect(MANY_LETTERS)
        second.expect(MANY_LETTERS)
        assert len(children() - before) == 1
        first.close()
        second.expect(MANY_LETTERS)
        assert len(children() - before) == 1
    assert children() == before


def test_the_second_process_ends_with_the_first_however_that_ends() -> None:
    program = (
        "import os, signal, pathlib\n"
        "from inbox_agent.row_making import RowMaker\n"
        "maker = RowMaker()\n"
        "maker.expect(1_000_000)\n"
        "while not maker.is_helped: pass\n"
        "own = pathlib.Path(f'/proc/{os.getpid()}/task/{os.getpid()}/children').read_text()\n"
        "print(own, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL
    process = Path("/proc") / done.stdout.strip()
    assert process.name
    until = time.monotonic() + 20
    while is_running(process) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_running(process)


def is_running(process: Path) -> bool:
    try:
        return "\nState:\tZ" not in (process / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_letters_are_kept_many_together_and_the_checkpoint_covers_what_is_kept(
    tmp_path: Path,
) -> None:
    told: list[tuple[int, int, int]] = []
    with Mirror(tmp_path / "mirror.db") as mirror, RowMaker() as maker:
        begun = mirror.begin_folder(*WHERE, 7, None, is_sent=False)
        keeping = Keeping(mirror, WHERE, begun, maker, lambda *some: told.append(some))
        for first in range(1, TOGETHER + 500, 500):
            keeping.take(letters(first, 499, [PLAIN]), [first + 499])
            assert mirror.count() == sum(new for new, _, _ in told)
            held = sum(seen for _, _, seen in told)
            assert mirror.checkpoint(*WHERE) == Checkpoint(7, held)
        keeping.finish()
        assert mirror.count() == 5 * 499
        assert mirror.checkpoint(*WHERE) == Checkpoint(7, 2_500)
        assert mirror.to_retry(*WHERE, 7) == [500, 1_000, 1_500, 2_000, 2_500]
        # when the fourth batch has come the three before it are made and written
        assert told == [(3 * 499, 3, 1_500), (2 * 499, 2, 1_000)]


def test_of_a_few_letters_each_batch_is_kept_before_the_next_is_asked_for(tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    with Mirror(tmp_path / "mirror.db") as mirror, RowMaker() as maker:
        begun = mirror.begin_folder(*WHERE, 7, None, is_sent=False)
        keeping = Keeping(
            mirror, WHERE, begun, maker, lambda *some: told.append(some), is_large=False
        )
        keeping.take(letters(1, 2, [PLAIN]), [3])
        assert told == [(2, 1, 3)]
        assert mirror.count() == 2
        assert mirror.checkpoint(*WHERE) == Checkpoint(7, 3)
