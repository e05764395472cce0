"""What docs/accuracy.md says of broken and hostile headers, on fewer blocks."""

from __future__ import annotations

from pathlib import Path

import pytest
from accuracy.header_blocks import (
    MEGABYTES_PROMISED,
    SECONDS_PROMISED,
    Count,
    cost_of_bombs,
    cost_of_files,
    of_beginnings,
    of_files,
    of_made,
)


def test_blocks_made_by_lot_cost_nothing_but_time() -> None:
    count, _ = of_made(0, 3_000)
    assert count == Count(3_000, failed=0, lines=count.lines, lost=0, forged=0)
    assert count.lines > 5_000


def test_the_made_blocks_are_the_same_each_time() -> None:
    assert of_made(7, 50)[0] == of_made(7, 50)[0] != of_made(8, 51)[0]


@pytest.mark.slow
def test_no_beginning_of_a_nasty_block_fails() -> None:
    count, _ = of_beginnings()
    assert count == Count(count.blocks, failed=0, lines=count.lines, lost=0, forged=0)
    assert count.blocks > 5_000


@pytest.mark.slow
def test_a_bomb_keeps_within_what_is_promised() -> None:
    cost = cost_of_bombs()
    assert cost.megabytes <= MEGABYTES_PROMISED
    assert cost.seconds <= 4 * SECONDS_PROMISED  # a busy machine; what is quadratic takes longer


@pytest.mark.corpora
@pytest.mark.slow
def test_real_torture_keeps_within_what_is_promised(corpora: Path) -> None:
    torture = corpora / "torture"
    count, _ = of_files(torture)
    assert count == Count(count.blocks, failed=0, lines=count.lines, lost=0, forged=0)
    assert count.blocks > 1_000
    assert cost_of_files(torture).megabytes <= MEGABYTES_PROMISED
