"""What is planted in simulated partnerships is found: docs/simulations.md has the table."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from simulations.mail import AS_OF
from simulations.partnerships import PLANTED, PLANTS, STEADY, Partnership, steady
from simulations.planted import FALSE_ALARMS, FINDS, false_alarms, of, recall, seen

pytestmark = pytest.mark.simulation


#: A slowdown of ours and of theirs is one plant: half of the partnerships have either.
SLOWDOWNS = tuple(planted for planted in FINDS if planted.startswith("slowdown"))
OTHERS = ((planted,) for planted in FINDS if planted not in SLOWDOWNS)


@pytest.mark.parametrize("planted", [SLOWDOWNS, *OTHERS], ids=" and ".join)
def test_nine_of_ten_are_found(planted: tuple[str, ...]) -> None:
    assert sum(len(of(each)) for each in planted) == PLANTED
    by_plant = {each: recall(each) for each in planted}
    assert recall(*planted) >= 0.9, by_plant


#: Adjusted arrows and 95 % intervals are wrong now and then; the rest has no business being.
MOST = {
    "any arrow": 0.05,
    "any successor": 0.0,
    "anybody quiet or gone": 0.05,
    "any introduction": 0.0,
    "fairness off 0": 0.10,
    "a successor where nobody took over": 0.1,
}


@pytest.mark.parametrize("name", FALSE_ALARMS)
def test_little_is_said_of_partnerships_of_which_it_is_not_true(name: str) -> None:
    assert false_alarms(name) <= MOST[name]


def test_everybody_is_measured_and_nobody_writes_after_the_end() -> None:
    everybody = [one.truth for one in seen()]
    assert len(everybody) == STEADY + 6 * PLANTED == len({one.domain for one in everybody})
    assert all(one.rows["partner_standing"] for one in seen())
    assert all(
        letter.sent_at and letter.sent_at <= AS_OF for one in everybody for letter in one.letters
    )


@pytest.mark.parametrize("plant", [steady, *PLANTS.values()])
def test_a_partnership_is_drawn_again_alike_and_unlike_the_next(
    plant: Callable[[int], Partnership],
) -> None:
    assert plant(1) == plant(1)
    assert plant(1).letters != plant(2).letters
