"""Folders that somebody moved: what shows a block, what does not, and the same by brute force."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_agent.import_blocks import import_blocks, is_in

MOVED = int(datetime(2024, 6, 3, 8, 0, tzinfo=UTC).timestamp())
READ = MOVED + 86_400
DAY, YEAR = 86_400, 31_536_000

Arrival = tuple[int, int | None, int]


def arrivals(*counts: tuple[int, int, int | None]) -> list[Arrival]:
    """`count` copies that came `second` seconds after the move began, of a Date `age` old."""
    return [
        (MOVED + second, None if age is None else MOVED + second - age, READ)
        for count, second, age in counts
        for _ in range(count)
    ]


def of_years(count: int, second: int = 0) -> list[Arrival]:
    """Copies of that second, each a day older than the one before."""
    return [row for n in range(count) for row in arrivals((1, second, YEAR + n * DAY))]


def test_fifty_old_letters_that_came_within_ten_minutes_are_a_block() -> None:
    assert import_blocks([*of_years(25), *of_years(25, 600)]) == ((MOVED, MOVED + 600),)


def test_forty_nine_are_none() -> None:
    assert import_blocks(of_years(49)) == ()


def test_fifty_within_a_second_more_than_ten_minutes_are_none() -> None:
    assert import_blocks([*of_years(25), *of_years(25, 601)]) == ()


def test_a_long_move_is_one_block_from_its_first_letter_to_its_last() -> None:
    """3,000 letters, one every five seconds, each a day older than the one before."""
    rows = [(MOVED + 5 * n, MOVED - n * DAY, READ) for n in range(3_000)]
    assert import_blocks(rows) == ((MOVED, MOVED + 5 * 2_999),)


def test_two_moves_are_two_blocks() -> None:
    rows = [*of_years(60), *of_years(60, 5_000)]
    assert import_blocks(rows) == ((MOVED, MOVED), (MOVED + 5_000, MOVED + 5_000))


def test_letters_of_one_day_are_no_block_however_many() -> None:
    assert import_blocks(arrivals((2_000, 0, 60), (2_000, 1, DAY - 60))) == ()


@pytest.mark.parametrize(("old", "is_block"), [(1, False), (4, False), (5, True)])
def test_a_busy_minute_with_a_few_old_dates_is_none(old: int, is_block: bool) -> None:
    """Of 50 the 10th hundredth is the 5th."""
    rows = arrivals((old, 0, YEAR), *((1, second, 5) for second in range(50 - old)))
    assert bool(import_blocks(rows)) == is_block


@pytest.mark.parametrize(("late", "is_block"), [(5, False), (6, True)])
def test_a_busy_minute_with_a_few_new_dates_is_none(late: int, is_block: bool) -> None:
    """Of 50 the 90th hundredth is the 45th: five may be newer."""
    assert bool(import_blocks(arrivals((50 - late, 0, YEAR), (late, 1, 5)))) == is_block


@pytest.mark.parametrize(("age", "is_block"), [(DAY, False), (DAY + 1, True)])
def test_the_dates_must_spread_over_more_than_a_day(age: int, is_block: bool) -> None:
    assert bool(import_blocks(arrivals((25, 0, 0), (25, 0, age)))) == is_block


ABSURD = {
    "before 1995": int(datetime(1994, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()),
    "after the reading": READ + 601,
    "missing": None,
}


@pytest.mark.parametrize("sent_at", ABSURD.values(), ids=ABSURD)
def test_absurd_and_missing_dates_do_not_decide(sent_at: int | None) -> None:
    odd: list[Arrival] = [(MOVED, sent_at, READ)] * 40
    assert import_blocks([*odd, *of_years(49)]) == ()
    assert import_blocks([*odd, *arrivals((50, 0, 5))]) == ()


@pytest.mark.parametrize("sent_at", [int(datetime(1995, 1, 1, tzinfo=UTC).timestamp()), READ + 600])
def test_the_first_and_the_last_usable_date_decide(sent_at: int) -> None:
    assert import_blocks([*of_years(49), (MOVED, sent_at, READ)]) == ((MOVED, MOVED),)


def test_a_copy_without_a_date_is_in_the_block_that_it_came_with() -> None:
    blocks = import_blocks([*of_years(30), *of_years(30, 60)])
    found = [is_in(MOVED + second, blocks) for second in (-1, 0, 30, 60, 61)]
    assert found == [False, True, True, True, False]
    assert not is_in(MOVED, ())


def test_mail_that_goes_on_coming_hides_no_move() -> None:
    """1,000 letters of that minute come five minutes after the 50 that were moved."""
    assert import_blocks([*of_years(50), *arrivals((1_000, 300, 5))]) == ((MOVED, MOVED),)


def test_the_longest_part_of_a_window_that_shows_a_block_is_it() -> None:
    """Of 60 the 10th hundredth is the 6th, the last of the old ones; of 61 it is the 7th."""
    rows = [*arrivals((6, 0, YEAR)), *arrivals(*((1, second, 5) for second in range(1, 155)))]
    assert import_blocks(rows) == ((MOVED, MOVED + 54),)


def test_an_archive_whose_arrivals_are_its_dates_is_no_block() -> None:
    rows = [(at, at, READ) for at in range(MOVED - 1_000_000, MOVED, 7)]
    assert import_blocks(rows) == ()


def by_brute_force(rows: list[Arrival]) -> list[bool]:
    """Every window between two arrivals, its Dates sorted; the wording of the decision."""
    earliest = ABSURD["before 1995"] or 0
    dated = [(at, sent) for at, sent, read in rows if sent and earliest < sent <= read + 600]
    seconds = sorted({at for at, _ in dated})
    blocks = []
    for first in seconds:
        for last in (second for second in seconds if 0 <= second - first <= 600):
            dates = sorted(sent for at, sent in dated if first <= at <= last)
            n = len(dates)
            if n >= 50 and dates[(9 * n + 9) // 10 - 1] - dates[(n + 9) // 10 - 1] > DAY:
                blocks.append((first, last))
    return [any(first <= at <= last for first, last in blocks) for at, _, _ in rows]


GROUPS = st.lists(
    st.tuples(
        st.sampled_from([1, 3, 5, 12, 24, 50, 60]),
        st.sampled_from([0, 1, 300, 599, 600, 601, 900, 1_200, 1_800]),
        st.sampled_from([5, 60, DAY - 5, DAY, DAY + 6, 3 * DAY, YEAR, -700, 40 * YEAR, None]),
    ),
    min_size=2,
    max_size=9,
)


@given(GROUPS, st.randoms(use_true_random=False))
def test_the_blocks_are_those_of_the_brute_force_in_whatever_order(groups, random) -> None:  # type: ignore[no-untyped-def]
    rows = [(at, sent, MOVED + 1_800) for at, sent, _ in arrivals(*groups)]
    expected = by_brute_force(rows)
    blocks = import_blocks(rows)
    assert [is_in(at, blocks) for at, _, _ in rows] == expected
    assert all(first[1] < second[0] for first, second in pairwise(blocks))
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert import_blocks(shuffled) == blocks


@given(st.integers(0, 2**32), st.integers(51, 140), st.integers(1, 12))
def test_so_they_are_of_letters_that_trickle_in(seed: int, count: int, every: int) -> None:
    rows = [
        (MOVED + n * every, MOVED + n * every - ((seed * n * n) >> 3) % 11 * DAY // 5, READ)
        for n in range(count)
    ]
    blocks = import_blocks(rows)
    assert [is_in(at, blocks) for at, _, _ in rows] == by_brute_force(rows)


BIG = 200_000
LARGE_FOLDERS = {
    "old letters at one instant": [(MOVED, MOVED - n * 300, READ) for n in range(BIG)],
    "a move of hours": [(MOVED + n // 20, MOVED - n * 300, READ) for n in range(BIG)],
    "one letter every second": [(MOVED + n, MOVED + n - 5, READ + BIG) for n in range(BIG)],
    "years of mail": [(MOVED - n * 300, MOVED - n * 300 - 5, READ) for n in range(BIG)],
}


@pytest.mark.parametrize("rows", LARGE_FOLDERS.values(), ids=LARGE_FOLDERS)
def test_a_large_folder_takes_no_long_time(rows: list[Arrival]) -> None:
    began = time.process_time()
    import_blocks(rows)
    assert time.process_time() - began < 10  # measured: 0.1 to 2 s; quadratic would be hours
