"""What changes slowly: each measure by hand, then through the whole of measuring and publishing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from math import comb
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from made_asks import DAY, HOUR
from mailboxes import Mailbox, globex_box, message
from round_trip import OPEN, measured, rows_of, terms_of

from inbox_agent.comparisons import Wait, compare_waits
from inbox_agent.drift import Drift, Mail, arrow, drift_of, is_shown
from inbox_agent.drift_measures import (
    Finding,
    letter_share,
    letter_size,
    opener_share,
    people,
    response_time,
    turns,
)
from inbox_agent.drift_rows import Adjusted, drift, drift_columns
from inbox_agent.measure import PartnerRecord
from inbox_agent.messages import Message
from inbox_agent.trends import trends_of

GIVE_UP = 30 * DAY

# -- one measure at a time ------------------------------------------------------------------


def to_us(*stretches: str) -> list[list[bool]]:
    """``yyn``: a stretch of two letters that have us in To and one that has not."""
    return [[letter == "y" for letter in stretch] for stretch in stretches]


def test_the_share_that_puts_us_in_to_is_one_of_letters_dealt_by_stretch() -> None:
    found = letter_share(to_us(*["yy"] * 5), to_us(*["nn"] * 5))
    assert found is not None
    assert (found.before, found.after, found.direction) == (1.0, 0.0, "down")
    assert (found.letters_before, found.letters_after) == (10, 10)
    # ten letters on either side would be 2 of 184,756 ways; five stretches are 2 of 252
    assert found.p == pytest.approx(2 / 252)
    assert found.is_large


def test_one_long_thread_is_one_decision_not_twelve() -> None:
    found = letter_share(to_us("y", "y", "y", "y", "y" * 4), to_us("y", "y", "y", "y", "n" * 12))
    assert found is not None
    assert (found.before, found.after) == (1.0, 0.25)
    # the thread is on either side in all ways: each is as extreme or more for its weight
    assert found.p > 0.2


def test_a_long_thread_with_the_usual_share_weighs_nothing() -> None:
    found = letter_share(to_us("yyynyyynyyyn", "y", "y", "y", "n"), to_us(*"yyynyyyn"))
    assert found is not None
    assert (found.before, found.after, found.direction) == (0.75, 0.75, None)
    assert found.p == 1.0


def test_a_share_needs_eight_letters_and_five_stretches() -> None:
    enough = to_us("yy", "yy", "yy", "y", "y")
    assert letter_share(enough, enough) is not None
    assert letter_share(to_us("yy", "yy", "y", "y", "y"), enough) is None
    assert letter_share(enough, to_us("yyyy", "yy", "y", "y")) is None


def test_who_opens_is_judged_by_fishers_exact_test() -> None:
    found = opener_share(["them"] * 8, ["us"] * 8)
    assert found is not None
    assert found.p == pytest.approx(2 / comb(16, 8))
    assert (found.before, found.after, found.direction, found.is_large) == (1, 0, "down", True)
    assert opener_share(["them"] * 7, ["us"] * 80) is None


def test_a_sure_but_small_change_of_a_share_is_not_worth_an_arrow() -> None:
    before, after = ["them"] * 600 + ["us"] * 400, ["them"] * 690 + ["us"] * 310
    found = opener_share(before, after)  # type: ignore[arg-type]
    assert found is not None
    assert found.p < 0.0001
    assert not found.is_large
    assert opener_share(before, ["them"] * 700 + ["us"] * 300).is_large  # type: ignore[union-attr, arg-type]


def test_sizes_are_compared_by_rank_and_by_stretch() -> None:
    found = letter_size([[2_000]] * 5, [[3_000, 9_000]] * 5)
    assert found is not None
    assert (found.before, found.after, found.direction) == (2_000, 3_000, "up")
    assert (found.p, found.letters_after) == (pytest.approx(2 / 252), 10)
    assert found.is_large
    assert letter_size([[2_000]] * 5, [[2_999]] * 5).is_large is False  # type: ignore[union-attr]
    assert letter_size([[2_000]] * 5, [[3_000]] * 5).is_large  # type: ignore[union-attr]
    assert letter_size([[2_000]] * 5, [[3_000] * 9] * 4) is None


def test_turns_are_compared_on_average() -> None:
    found = turns([1, 1, 1, 1, 2], [2, 2, 2, 3, 3])
    assert found is not None
    assert (found.before, found.after, found.direction) == (1.2, 2.4, "up")
    # 252 ways to deal 1·4, 2·4, 3·2; least ranks when the four ones and a two are together: four
    # ways to choose the two; and as many the other way round
    assert found.p == pytest.approx(8 / 252)
    assert found.is_large
    assert turns([1, 1, 1, 1, 1], [1, 1, 2, 1, 2]).is_large is False  # type: ignore[union-attr]
    assert turns([1] * 4, [1] * 9) is None


def test_where_one_odd_stretch_makes_the_average_there_is_no_arrow() -> None:
    found = turns([1, 1, 1, 1, 20], [2, 2, 2, 2, 2])  # four of five have more turns afterwards
    assert found is not None
    assert (found.before, found.after, found.direction) == (4.8, 2.0, "down")
    assert not found.is_large


def weeks(*people_of: str) -> list[frozenset[str]]:
    """``ab``: a week in which a and b wrote."""
    return [frozenset(week) for week in people_of]


def test_six_people_who_became_one_are_fourteen_of_924_ways() -> None:
    found = people(weeks("a", "b", "c", "d", "e", "f"), weeks(*"aaaaaa"))
    assert found is not None
    assert (found.before, found.after, found.direction, found.is_large) == (6, 1, "down", True)
    # b to f and one of seven weeks of a on one side, or on the other
    assert found.p == pytest.approx(14 / 924)


def test_people_of_unequal_weeks_are_dealt_around_what_is_usual_for_so_many() -> None:
    before, after = weeks("ab", "b", "c", "ad", "e", "f", "ab"), weeks("a", "a", "b", "a", "ab")
    pooled, ways = [*before, *after], list(combinations(range(12), 5))

    def difference(chosen: tuple[int, ...]) -> int:
        rest = [week for place, week in enumerate(pooled) if place not in chosen]
        return len(frozenset().union(*(pooled[n] for n in chosen))) - len(frozenset().union(*rest))

    differences = [difference(chosen) for chosen in ways]
    usual = sum(differences) / len(ways)
    observed = abs(difference((7, 8, 9, 10, 11)) - usual)
    extreme = sum(abs(each - usual) >= observed - 1e-9 for each in differences)
    found = people(before, after)
    assert found is not None
    assert found.p == pytest.approx(extreme / 792)
    assert 0 < extreme < 400


def test_fewer_weeks_show_fewer_people_without_any_change() -> None:
    found = people(weeks(*"abcabcabcabcdabc"), weeks(*"abcab"))
    assert found is not None
    assert (found.before, found.after) == (4, 3)
    assert found.p > 0.5
    assert people(weeks(*"abcd"), weeks(*"abcabc")) is None


def test_swapping_the_windows_flips_each_arrow_and_keeps_p() -> None:
    pairs: list[tuple[Callable[..., Finding | None], Any, Any]] = [
        (letter_share, to_us(*["yyn"] * 9), to_us(*["n", "yn", "y", "nn"] * 3)),
        (opener_share, ["them"] * 9, ["us", "them"] * 6),
        (letter_size, [[2, 3], [5], [9]] * 3, [[4], [8, 7], [20]] * 3),
        (turns, [1, 2, 3] * 4, [4, 2, 1, 5] * 3),
        (people, weeks(*"abcdefab"), weeks(*"aabaaaba")),
    ]
    flipped = {"up": "down", "down": "up"}
    for make, before, after in pairs:
        found, swapped = make(before, after), make(after, before)
        assert found is not None
        assert swapped is not None
        assert swapped.p == pytest.approx(found.p)
        assert swapped.direction == flipped[found.direction or ""]
        assert (swapped.before, swapped.after) == (found.after, found.before)
        assert swapped.is_large == found.is_large


@pytest.mark.parametrize(("after", "is_large"), [(1_189, False), (1_190, True), (590, True)])
def test_a_response_time_must_change_by_a_quarter(after: int, is_large: bool) -> None:
    # with the minute: 1,000 s before; 1,250 s and 800 s are 1.25 times as long and as short
    waits = [[Wait(seconds, is_answer=True)] * 6 for seconds in (940, after)]
    found = response_time(waits[0], waits[1], GIVE_UP)
    assert found is not None
    assert found.is_large is is_large
    assert found.direction == ("faster" if after < 940 else "slower")


def test_where_the_median_and_all_durations_disagree_there_is_no_direction() -> None:
    # The median falls from 40 to 39 seconds, but all other answers take longer.
    before = [Wait(seconds, is_answer=True) for seconds in (10, 10, 40, 50, 50)]
    after = [Wait(seconds, is_answer=True) for seconds in (38, 39, 39, 900, 900)]
    found = response_time(before, after, GIVE_UP)
    compared = compare_waits(before, after, GIVE_UP)
    assert found is not None
    assert compared is not None
    assert (compared.direction, found.before, found.after) == ("slower", 40, 39)
    assert (found.direction, found.is_large) == (None, False)


# -- measured and published -----------------------------------------------------------------

AS_OF = datetime(2025, 11, 20, 12, tzinfo=UTC)
#: Three months of 30 days before November, and three before those, in Berlin.
UNTIL = datetime(2025, 11, 1, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
AFTER_FROM = datetime(2025, 8, 3, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
AFTER_MONDAY = AFTER_FROM + timedelta(days=1)  # it begins on a Sunday, the one before on a Monday
BEFORE_FROM = datetime(2025, 5, 5, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


def asked_us(at: datetime, took: int, **more: Any) -> list[Message]:
    """Bob asks Ana, and she answers after so many seconds."""
    name, subject = f"ask-{at:%m%d%H%M%S}@mail.example", f"Samples of {at:%d %b %H:%M:%S}?"
    fields: dict[str, Any] = {"to": ("ana@acme.com",), "subject": subject} | more
    author = fields.pop("author", "bob@globex.com")
    return [
        message(name, at, author=author, **fields),
        message(
            f"answer-{name}",
            at + timedelta(seconds=took),
            author="ana@acme.com",
            to=(author,),
            subject=f"Re: {subject}",
            in_reply_to=name,
        ),
    ]


def box_of(letters: Sequence[Message], as_of: datetime = AS_OF) -> Mailbox:
    return globex_box(letters, as_of)


def weekly(begin: datetime, count: int, took: int, **more: Any) -> list[Message]:
    """One ask a week from a window's beginning on."""
    return [
        letter
        for number in range(count)
        for letter in asked_us(begin + timedelta(days=7 * number, hours=9), took, **more)
    ]


def slowed(**more: Any) -> PartnerRecord:
    """We answered 12 letters in an hour, then 12 in two days."""
    letters = [*weekly(BEFORE_FROM, 12, HOUR), *weekly(AFTER_FROM, 12, 2 * DAY, **more)]
    return measured(box_of(letters))


def test_a_slowdown_is_found_with_its_windows_and_letters() -> None:
    row = next(row for row in rows_of(slowed())["drift"] if row["measure"] == "our_response_time")
    # from Sunday at 9:00 to Tuesday at 9:00 there is one working day of 3.5 and 4 hours
    assert (row["before"], row["after"]) == (HOUR, 7.5 * HOUR)
    assert row["unit"] == "working seconds"
    assert (row["direction"], row["is_shown"], row["figures_of"]) == ("slower", 1, "all")
    assert (row["letters_before"], row["letters_after"]) == (12, 12)
    assert row["p"] == row["p_adjusted"] == pytest.approx(1 / 100_000)
    assert row["before_from_at"] == "2025-05-04T22:00:00Z"
    assert row["after_from_at"] == "2025-08-02T22:00:00Z"
    assert row["until_at"] == "2025-10-31T23:00:00Z"


def response_times(letters: Sequence[Message]) -> Drift:
    """The drift of our response times."""
    (found,) = (x for x in measured(box_of(letters)).drift if x.measure == "our_response_time")
    return found


def test_what_comes_in_the_evening_is_not_answered_slower_for_the_night() -> None:
    evenings = AFTER_MONDAY + timedelta(hours=8)  # from 17:00 to 17:30 and from 9:00 to 9:30
    late = weekly(evenings, 12, 16 * HOUR + 30 * 60)
    found = response_times([*weekly(BEFORE_FROM, 12, HOUR), *late])
    assert (found.before, found.after, found.direction) == (HOUR, HOUR, None)
    assert found.p == 1.0


def test_where_every_answer_takes_as_long_the_arrow_is_steady_and_published() -> None:
    days = [timedelta(days=7 * week + day, hours=9) for week in range(12) for day in (1, 2)]
    letters = [x for n in days for begin in (BEFORE_FROM, AFTER_FROM)
               for x in asked_us(begin + n, HOUR)]  # fmt: skip
    tables = rows_of(measured(box_of(letters)))
    row = next(row for row in tables["drift"] if row["measure"] == "our_response_time")
    assert (row["letters_before"], row["letters_after"]) == (24, 24)
    assert (row["p"], row["p_adjusted"], row["direction"], row["is_shown"]) == (1.0, 1.0, None, 0)
    assert tables["partner_standing"][0]["ours_arrow"] == "steady"


def test_what_is_not_reached_counts_as_the_working_time_of_the_give_up_time() -> None:
    # 18 working days and 5 hours are 140 hours; in the 30 days before November there are 22
    # working days of 7.5 hours, 165 hours, and the same in the 30 days after each ask.
    took = 24 * DAY + 6 * HOUR
    asked = weekly(AFTER_MONDAY, 12, HOUR)[::2]
    found = response_times([*weekly(BEFORE_FROM, 12, took), *asked])
    assert (found.before, found.after, found.direction) == (140 * HOUR, None, "slower")
    assert found.is_large is False  # 1.18 times as long; by the calendar it were 5.1 times
    found = response_times([*weekly(BEFORE_FROM, 12, HOUR), *asked])
    assert found.is_large is True


def test_the_standing_has_an_arrow_for_each_side() -> None:
    (row,) = rows_of(slowed())["partner_standing"]
    assert (row["ours_arrow"], row["theirs_arrow"]) == ("slower", None)
    steady = measured(box_of([*weekly(BEFORE_FROM, 12, HOUR), *weekly(AFTER_MONDAY, 12, HOUR)]))
    assert rows_of(steady)["partner_standing"][0]["ours_arrow"] == "steady"


def test_the_rows_behind_a_figure_are_found_by_its_evidence() -> None:
    tables = rows_of(slowed())
    for row in tables["drift"]:
        evidence = json.loads(row["evidence"])
        behind = [
            each[evidence["instant"]]
            for each in tables[evidence["table"]]
            if all(each[name] == value for name, value in evidence["where"].items())
        ]
        before = [at for at in behind if row["before_from_at"] <= at < row["after_from_at"]]
        after = [at for at in behind if row["after_from_at"] <= at < row["until_at"]]
        if row["measure"] in ("our_response_time", "to_us", "opened_by_them", "letter_size"):
            assert (len(before), len(after)) == (row["letters_before"], row["letters_after"])
        assert before
        assert after


def test_letters_of_this_month_and_from_before_both_windows_change_nothing() -> None:
    windows = [*weekly(BEFORE_FROM, 12, HOUR), *weekly(AFTER_FROM, 12, HOUR)]
    others = [
        *asked_us(UNTIL, 5 * DAY),
        *asked_us(UNTIL + timedelta(days=9), 5 * DAY),
        *asked_us(BEFORE_FROM - timedelta(seconds=1), 5 * DAY),
    ]
    assert measured(box_of([*windows, *others])).drift == measured(box_of(windows)).drift
    edges = [*asked_us(UNTIL - timedelta(seconds=1), HOUR), *asked_us(BEFORE_FROM, HOUR)]
    ours = measured(box_of([*windows, *edges])).drift[0]
    assert (ours.letters_before, ours.letters_after) == (13, 13)


def test_it_is_looked_at_once_a_month() -> None:
    letters = [*weekly(BEFORE_FROM, 12, HOUR), *weekly(AFTER_FROM, 12, 2 * DAY)]
    first = measured(box_of(letters, UNTIL)).drift
    assert first
    assert measured(box_of(letters, UNTIL + timedelta(days=29, hours=23))).drift == first
    assert measured(box_of(letters, UNTIL + timedelta(days=30))).drift != first


def test_an_answer_of_this_month_is_not_yet_known() -> None:
    asked = [UNTIL - timedelta(hours=12 * number) for number in range(1, 7)]
    late = [letter for at in asked for letter in asked_us(at, 5 * DAY)]
    found = measured(box_of([*weekly(BEFORE_FROM, 6, HOUR), *late])).drift[0]
    assert (found.before, found.after, found.direction) == (HOUR, None, "slower")
    assert (found.letters_after, found.p) == (6, pytest.approx(2 / 924))


def test_we_in_to_a_colleague_who_writes_and_longer_letters_have_their_rows() -> None:
    before = [
        x
        for n, who in enumerate(("bob", "carl", "dora") * 4)
        for x in asked_us(
            BEFORE_FROM + timedelta(days=7 * n, hours=9), HOUR, author=f"{who}@globex.com"
        )
    ]
    after = weekly(
        AFTER_FROM, 12, HOUR, to=("carl@globex.com",), cc=("ana@acme.com",), size_octets=30_000
    )
    found = {row["measure"]: row for row in rows_of(measured(box_of([*before, *after])))["drift"]}
    assert (found["to_us"]["before"], found["to_us"]["after"]) == (1.0, 0.0)
    assert (found["people"]["before"], found["people"]["after"]) == (3, 1)
    assert (found["letter_size"]["before"], found["letter_size"]["after"]) == (6_000, 30_000)
    assert [found[name]["is_shown"] for name in ("to_us", "people", "letter_size")] == [1, 1, 1]
    assert (found["opened_by_them"]["p"], found["opened_by_them"]["direction"]) == (1.0, None)


def test_turns_are_those_of_the_first_fourteen_days() -> None:
    def stretch(begin: datetime, third_after: int) -> list[Message]:
        asked, answer = asked_us(begin, HOUR)
        third = message(
            f"third-{asked.message_id}",
            begin + timedelta(days=third_after),
            to=("ana@acme.com",),
            subject=asked.subject,
            in_reply_to=answer.message_id,
        )
        return [asked, answer, third]

    days = [timedelta(days=9 * n) for n in range(10)]  # the last two in the window's last 14 days
    before = [x for n in days for x in stretch(BEFORE_FROM + n, 13)]
    after = [x for n in days for x in stretch(AFTER_FROM + n, 14)]
    found = next(
        each for each in measured(box_of([*before, *after])).drift if each.measure == "turns"
    )
    assert (found.before, found.after, found.letters_before, found.letters_after) == (3, 2, 9, 9)


def test_what_is_said_of_change_costs_little_beside_measuring() -> None:
    letters = [
        letter
        for number in range(150)
        for letter in asked_us(BEFORE_FROM + timedelta(hours=28 * number), HOUR * (number % 9 + 1))
    ]
    box = box_of(letters)
    record, terms = measured(box), terms_of(box)
    mail = Mail(box.roster, record.letters, record.conversations, record.asks)
    costs = []
    for _ in range(3):
        begun = time.process_time()
        drift_of(mail, terms, AS_OF)
        trends_of(record.asks, terms, AS_OF)
        costs.append(time.process_time() - begun)
    assert min(costs) < 0.1  # a fifth of it and less, in our hands


def test_too_little_mail_has_no_rows_and_no_trend() -> None:
    tables = rows_of(measured(box_of(weekly(BEFORE_FROM, 4, HOUR))))
    assert tables["drift"] == []
    (row,) = tables["partner_standing"]
    names = ("ours_trend", "ours_trend_p", "theirs_trend", "ours_arrow", "theirs_arrow")
    assert [row[name] for name in names] == [None] * 5


def test_a_trend_over_months_is_published_with_its_p_value() -> None:
    letters = [
        letter
        for month in range(6)
        for day in range(5)
        for letter in asked_us(
            datetime(2025, 5 + month, 5 + day, 9, tzinfo=UTC), 1_000 * 2**month - 60
        )
    ]
    (row,) = rows_of(measured(box_of(letters)))["partner_standing"]
    assert row["ours_trend"] == pytest.approx(0.6931, abs=0.0001)  # ln 2
    assert row["ours_trend_p"] == pytest.approx(2 / 720)


# -- many partners --------------------------------------------------------------------------


def named(record: PartnerRecord, key: str) -> PartnerRecord:
    return replace(record, partner=replace(record.partner, key=key))


def test_among_many_partners_an_arrow_must_be_surer() -> None:
    letters = [*weekly(BEFORE_FROM, 6, HOUR), *weekly(AFTER_FROM, 6, 2 * DAY)]
    changed = measured(box_of(letters))  # 2 of 924 ways
    steady = measured(box_of([*weekly(BEFORE_FROM, 6, HOUR), *weekly(AFTER_MONDAY, 6, HOUR)]))
    few = [changed, *(named(steady, f"steady-{n}.com") for n in range(22))]
    many = [changed, *(named(steady, f"steady-{n}.com") for n in range(23))]
    shown = []
    for records in (few, many):
        adjusted = Adjusted.over(records)
        (row,) = (
            row for row in drift(changed, OPEN, adjusted) if row["measure"] == "our_response_time"
        )
        assert row["p"] == pytest.approx(2 / 924)
        assert row["p_adjusted"] == pytest.approx(len(records) * 2 / 924)
        shown.append((row["is_shown"], drift_columns(changed, adjusted)["ours_arrow"]))
    assert shown == [(1, "slower"), (0, "steady")]  # 23 · 2 / 924 = 0.0498; with 24 0.0519


def test_each_measure_is_a_family_of_its_own() -> None:
    record = slowed()
    alone = Adjusted.over([record])
    assert all(alone.of(record, found.measure) == found.p for found in record.drift)
    assert alone.of(record, "theirs_trend") is None


def test_a_small_change_is_steady_however_sure() -> None:
    found = Drift(
        measure="our_response_time", before=1_000, after=1_100, unit="working seconds",
        direction="slower", p=0.0, is_large=False, letters_before=900, letters_after=900,
        before_from_at=BEFORE_FROM, after_from_at=AFTER_FROM, until_at=UNTIL, basis="all",
    )  # fmt: skip
    assert arrow(found, 0.0) == "steady"
    assert arrow(replace(found, is_large=True), 0.05) == "slower"
    assert arrow(replace(found, is_large=True), 0.051) == "steady"
    assert arrow(None, None) is None
    assert not is_shown(replace(found, is_large=True), None)


@pytest.mark.simulation
def test_letters_that_hang_together_make_no_false_arrows() -> None:
    lots = Random(20)  # noqa: S311 - what is drawn is to be the same each time

    def stretches() -> list[int]:
        """The letters of some stretches of conversation: few mostly, many at times."""
        return [1 + int(lots.expovariate(1 / 3)) for _ in range(lots.randint(5, 35))]

    p_values: dict[str, list[float]] = {"to_us": [], "letter_size": [], "people": []}
    for _ in range(1_000):
        shares = [[[lots.random() < 0.7] * n for n in stretches()] for _ in range(2)]
        quoted = [
            [[int(size * (1 + n / 3)) for n in range(letters)]
             for letters in stretches() for size in (lots.lognormvariate(9, 1),)]
            for _ in range(2)
        ]  # fmt: skip
        names = "abcdefgh"[: lots.randint(1, 8)]
        wrote = [
            [frozenset(lots.choices(names, k=2)) for _ in range(lots.randint(5, 13))]
            for _ in range(2)
        ]
        found = (letter_share(*shares), letter_size(*quoted), people(*wrote))
        for name, finding in zip(p_values, found, strict=True):
            p_values[name].append(finding.p if finding else 1.0)
    for name, found_p in p_values.items():
        # 50 of 1,000 to be expected at most, and three standard deviations
        assert sum(p <= 0.05 for p in found_p) <= 50 + 3 * 7, name
        assert sum(p <= 0.01 for p in found_p) <= 10 + 3 * 3.2, name
