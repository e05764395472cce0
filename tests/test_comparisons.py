"""A period beside the one before it: published examples and laws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import NormalDist

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from made_asks import DAY, HOUR, TERMS, made_ask, made_asks
from mailboxes import BERLIN, PARTNER, ROSTER, SECOND, TOKYO, Mailbox, mailboxes, message
from round_trip import clock_of, measured, terms_of

from inbox_agent.business_clock import Clocks, Terms
from inbox_agent.comparisons import (
    Wait,
    compare,
    compare_waits,
    known_at,
    observation,
    peto_scores,
    waits_at,
    working_waits_at,
)
from inbox_agent.false_discoveries import adjusted
from inbox_agent.measure import PartnerRecord
from inbox_agent.messages import Message
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts, Span, Standards

GIVE_UP = 30 * DAY


def answered(*seconds: int) -> list[Wait]:
    return [Wait(each, is_answer=True) for each in seconds]


def waiting(*seconds: int) -> list[Wait]:
    return [Wait(each, is_answer=False) for each in seconds]


#: Weeks from a diagnosis of cancer of the tongue to death or the study's end, by the tumour's DNA
#: (Sickle-Santanello et al. 1988, in Klein and Moeschberger 1997, section 1.11).
ANEUPLOID = [
    *answered(1, 3, 3, 4, 10, 13, 13, 16, 16, 24, 26, 27, 28, 30, 30, 32, 41, 51, 65, 67, 70, 72),
    *answered(73, 77, 91, 93, 96, 100, 104, 157, 167),
    *waiting(61, 74, 79, 80, 81, 87, 87, 88, 89, 93, 97, 101, 104, 108, 109, 120, 131, 150, 231),
    *waiting(240, 400),
]
DIPLOID = [
    *answered(1, 3, 4, 5, 5, 8, 12, 13, 18, 23, 26, 27, 30, 42, 56, 62, 69, 104, 104, 112, 129),
    *answered(181),
    *waiting(8, 67, 76, 104, 176, 231),
]
#: Weeks in remission of leukaemia with and without maintenance (Miller 1997, `aml` in R).
MAINTAINED = [*answered(9, 13, 18, 23, 31, 34, 48), *waiting(13, 28, 45, 161)]
NOT_MAINTAINED = [*answered(5, 5, 8, 8, 12, 23, 27, 30, 33, 43, 45), *waiting(16)]


# -- two periods ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "observed", "expected", "p"),
    [
        pytest.param(ANEUPLOID, DIPLOID, 15.1, 10.9, 0.0694, id="tongue"),
        pytest.param(MAINTAINED, NOT_MAINTAINED, 7.18, 4.88, 0.0955, id="leukaemia"),
    ],
)
def test_published_survivals_compare_as_survdiff_of_r_has_them(
    before: list[Wait], after: list[Wait], observed: float, expected: float, p: float
) -> None:
    """By `survdiff(rho = 1)`, which has another variance than dealing.

    R asks at each death anew who of those still followed dies, and takes the times at which people
    were lost as given. Dealing deals these too, so its p differs by a tenth or so.
    """
    excess = sum(peto_scores([*before, *after])[len(before) :])
    assert excess == pytest.approx(observed - expected, abs=0.01 if observed == 7.18 else 0.1)
    z = excess / variance_of_r(before, after) ** 0.5
    assert round(2 * NormalDist().cdf(-abs(z)), 4) == p
    found = compare_waits(before, after, GIVE_UP)
    assert found is not None
    assert found.direction == "faster"
    assert found.p == pytest.approx(p, rel=0.15)


def variance_of_r(before: list[Wait], after: list[Wait]) -> float:
    """That of so many deaths among those still followed in either period, by time and weight."""
    share, variance = 1.0, 0.0
    for at in sorted({wait.seconds for wait in (*before, *after) if wait.is_answer}):
        first, then = (sum(wait.seconds >= at for wait in part) for part in (before, after))
        deaths = sum(wait == Wait(at, is_answer=True) for wait in (*before, *after))
        total = first + then
        if total > 1:
            chance = first * then * deaths * (total - deaths) / (total**2 * (total - 1))
            variance += share**2 * chance
        share *= 1 - deaths / total
    return variance


def test_scores_are_the_share_still_waiting_before_and_after_less_one() -> None:
    # At 10 one of four is answered, at 20 one of the two still followed: S is 3/4, then 3/8.
    waits = [*answered(10), *waiting(15), *answered(20), *waiting(40)]
    assert peto_scores(waits) == pytest.approx(
        [1 + 3 / 4 - 1, 3 / 4 - 1, 3 / 4 + 3 / 8 - 1, 3 / 8 - 1]
    )


def test_tied_answers_score_alike_and_come_before_who_still_waits() -> None:
    # Two of four are answered at 10; whoever waits longer than that is the last one, at 20.
    waits = [*answered(10, 10), *waiting(10), *answered(20)]
    assert peto_scores(waits) == pytest.approx([1 / 2, 1 / 2, -1 / 2, -1 / 2])


def test_where_all_are_answered_the_scores_are_the_ranks_of_wilcoxon() -> None:
    # Ranks 3, 1, 5, 2, 4 of 5, turned around their middle: (5 + 1 - 2 * rank) / 5
    assert peto_scores(answered(30, 10, 50, 20, 40)) == pytest.approx([0, 0.8, -0.8, 0.4, -0.4])


@pytest.mark.parametrize("count", [5, 20])
def test_where_all_waits_are_alike_chance_is_one(count: int) -> None:
    found = compare_waits(answered(*[60] * count), answered(*[60] * (count + 1)), GIVE_UP)
    assert found is not None
    assert (found.p, found.direction, found.times) == (1.0, None, 1.0)


def test_a_few_that_are_never_answered_do_not_hide_that_all_others_take_longer() -> None:
    before = [*answered(*range(1_000, 2_000, 50)), *waiting(GIVE_UP, GIVE_UP, GIVE_UP)]
    after = [*answered(*range(3_000, 4_000, 50)), *waiting(GIVE_UP)]
    found = compare_waits(before, after, GIVE_UP)
    assert found is not None
    assert found.direction == "slower"
    # Of 44 the k-th answer scores (44 - k + 43 - k - 44) / 44, and at last 4 of 44 are left.
    answers, never = [(43 - 2 * k) / 44 for k in range(40)], 4 / 44 - 1
    squares = sum(score**2 for score in answers) + 4 * never**2
    variance = squares * 23 * 21 / (44 * 43)
    total = sum(answers[20:]) + never
    assert found.p == pytest.approx(2 * NormalDist().cdf(total / variance**0.5))
    assert found.p < 0.001


def test_what_is_not_reached_is_never_shorter_than_a_wait_that_was_seen() -> None:
    # As before a month of holidays: the give-up time is no working time at all.
    found = compare_waits(answered(*[940] * 6), waiting(*[1_940] * 6), 0)
    assert found is not None
    assert (found.direction, found.after_seconds) == ("slower", None)
    assert found.times == pytest.approx(2_000 / 1_000)


def test_with_few_asks_the_ways_of_dealing_them_are_counted() -> None:
    found = compare(made_asks(10, 20, 30, 40, 50), made_asks(60, 70, 80, 90, 100), Cuts())
    assert found is not None
    assert found.p == pytest.approx(2 / 252)
    assert (found.direction, found.before_seconds, found.after_seconds) == ("slower", 30, 80)
    assert found.times == pytest.approx((80 + 60) / (30 + 60))


def test_who_is_not_answered_makes_the_after_slower() -> None:
    before, after = made_asks(*[HOUR] * 6), made_asks(HOUR, HOUR, None, None, None, None)
    found = compare(before, after, Cuts())
    assert found is not None
    assert (found.direction, found.basis) == ("slower", "all")
    assert (found.before_seconds, found.after_seconds) == (HOUR, None)
    assert found.times == pytest.approx((GIVE_UP + 60) / (HOUR + 60))
    # 12 asks, 8 answered at one time: as extreme are the dealings with the 4 on one side:
    # C(8, 2) ways each
    assert found.p == pytest.approx(2 * 28 / 924)


def test_where_few_were_answered_in_both_those_answered_are_shown() -> None:
    before = made_asks(HOUR, 2 * HOUR, *[None] * 4)
    after = made_asks(3 * HOUR, 5 * HOUR, *[None] * 4)
    found = compare(before, after, Cuts())
    assert found is not None
    assert (found.before_seconds, found.after_seconds, found.basis) == (
        *(HOUR, 3 * HOUR),
        "answered",
    )
    assert found.times == pytest.approx((3 * HOUR + 60) / (HOUR + 60))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(made_asks(*[10] * 4), made_asks(*[10] * 9), id="four before"),
        pytest.param(made_asks(*[10] * 9), made_asks(*[10] * 4), id="four after"),
        pytest.param(made_asks(*[None] * 9), made_asks(*[None] * 9), id="nothing answered"),
        pytest.param(
            made_asks(*[10] * 5),
            [replace(ask, needs_reply="unlikely") for ask in made_asks(*[10] * 5)],
            id="no need of a reply",
        ),
    ],
)
def test_too_little_is_not_compared(before: list[Ask], after: list[Ask]) -> None:
    assert compare(before, after, Cuts()) is None


WAITS = st.builds(Wait, st.integers(0, 40), is_answer=st.booleans())
FEW = st.lists(WAITS, min_size=5, max_size=7)
MANY = st.lists(WAITS, min_size=20, max_size=24)


@given(FEW | MANY, FEW | MANY)
@settings(max_examples=40, deadline=None)
def test_swapping_the_periods_flips_the_direction_and_keeps_p(
    before: list[Wait], after: list[Wait]
) -> None:
    found, swapped = (compare_waits(*pair, GIVE_UP) for pair in ((before, after), (after, before)))
    assume(found is not None)
    assert found is not None
    assert swapped is not None
    flipped = {"slower": "faster", "faster": "slower", None: None}
    assert swapped.direction == flipped[found.direction]
    assert swapped.p == pytest.approx(found.p)
    assert swapped.times == pytest.approx(1 / found.times)
    assert (swapped.before_seconds, swapped.after_seconds) == (
        *(found.after_seconds, found.before_seconds),
    )


@given(FEW | MANY, FEW | MANY, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_asks_is_nothing(
    before: list[Wait], after: list[Wait], random: Random
) -> None:
    found = compare_waits(before, after, GIVE_UP)
    random.shuffle(before)
    random.shuffle(after)
    again = compare_waits(before, after, GIVE_UP)
    if found is None or again is None:
        assert found is again
        return
    assert again.p == pytest.approx(found.p)
    assert replace(again, p=0) == replace(found, p=0)


@given(FEW | MANY, FEW | MANY, st.data())
@settings(max_examples=30, deadline=None)
def test_taking_an_answer_away_never_turns_slower_into_faster(
    before: list[Wait], after: list[Wait], data: st.DataObject
) -> None:
    places = [place for place, wait in enumerate(after) if wait.is_answer]
    assume(places)
    place = data.draw(st.sampled_from(places))
    seconds = data.draw(st.integers(after[place].seconds, 60))
    changed = [*after[:place], Wait(seconds, is_answer=False), *after[place + 1 :]]
    found, again = (compare_waits(before, each, GIVE_UP) for each in (after, changed))
    assume(found is not None and again is not None)
    order = ("slower", None, "faster")
    assert found is not None
    assert again is not None
    assert order.index(again.direction) <= order.index(found.direction)


# -- as it was known ------------------------------------------------------------------------


def quiet(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


def known_terms(record: PartnerRecord, box: Mailbox) -> Terms:
    """The terms that the record was made by, with the partner's calendar as it was learned."""
    terms = terms_of(box)
    return replace(terms, clocks=Clocks(terms.clocks.us, record.calendar.clock))


@given(mailboxes(), st.integers(0, 200))
@quiet(12)
def test_what_is_known_now_is_what_is_known_and_waits_are_those_of_the_asks(
    box: Mailbox, days: int
) -> None:
    record = measured(box)
    terms = known_terms(record, box)
    assert known_at(record.asks, box.as_of, terms) == record.asks
    at = box.as_of - timedelta(days=days)
    then = [observation(ask, box.cuts) for ask in known_at(record.asks, at, terms)
            if ask.is_in_figures]  # fmt: skip
    assert waits_at(record.asks, at, box.cuts) == then


@given(mailboxes(), st.integers(0, 200))
@quiet(12)
def test_waits_in_working_time_are_those_of_the_asks_as_known(box: Mailbox, days: int) -> None:
    record = measured(box)
    terms, at = known_terms(record, box), box.as_of - timedelta(days=days)
    give_up_after = box.cuts.give_up_after_seconds * SECOND

    def waited(ask: Ask) -> int:
        """Up to then, or until it was given up."""
        if ask.outcome == "lapsed":
            (ask,) = known_at([ask], ask.asked_at + give_up_after, terms)
        return ask.business_age_seconds

    then = [
        Wait(waited(ask), is_answer=False)
        if ask.business_seconds is None
        else Wait(ask.business_seconds, is_answer=True)
        for ask in known_at(record.asks, at, terms)
        if ask.is_in_figures
    ]
    assert working_waits_at(record.asks, at, terms) == then


def test_a_wait_in_working_time_has_no_nights_weekends_and_absences() -> None:
    ask, wednesday = made_ask(), datetime(2025, 3, 5, 12, tzinfo=UTC)  # 13:00, in the pause
    tuesday = datetime(2025, 3, 3, 23, tzinfo=UTC)  # midnight in Berlin
    absent = replace(ask, away=((tuesday, tuesday + timedelta(days=1)),))
    # Asked on Monday at 10:00: 2.5 and 4 hours, Tuesday 7.5, Wednesday 3.5.
    assert working_waits_at([ask, absent], wednesday, TERMS) == waiting(17.5 * HOUR, 10 * HOUR)
    # Given up on Wednesday, 2 April at 11:00 of summer time: 6.5 hours, 21 days, 2 hours.
    for later in (30, 300):
        at = ask.asked_at + timedelta(days=later)
        assert working_waits_at([ask, absent], at, TERMS) == waiting(166 * HOUR, 158.5 * HOUR)
    # Answered on Tuesday at 12:00.
    answer = replace(made_ask(26 * HOUR), business_seconds=int(9.5 * HOUR))
    answered_at = ask.asked_at + timedelta(hours=26)
    assert working_waits_at([answer], answered_at, TERMS) == answered(9.5 * HOUR)
    assert working_waits_at([answer], answered_at - SECOND, TERMS) == waiting(9.5 * HOUR - 1)
    assert working_waits_at([answer], ask.asked_at - SECOND, TERMS) == []


def test_the_working_time_is_that_of_the_side_that_answers() -> None:
    terms = replace(TERMS, clocks=Clocks(clock_of(BERLIN), clock_of(TOKYO)))
    at = made_ask().asked_at + timedelta(hours=2)  # 12:00 in Berlin, 20:00 in Tokyo
    assert working_waits_at([made_ask()], at, terms) == waiting(2 * HOUR)
    assert working_waits_at([made_ask(responder="them")], at, terms) == waiting(0)


FIRST_AT = datetime(2025, 5, 5, 8, tzinfo=UTC)
EXCHANGES = st.lists(
    st.tuples(
        st.sampled_from(("us", "them")),
        st.integers(0, 2_000),  # hours from the one before to the ask
        st.none() | st.integers(1, 900),  # hours to the answer
    ),
    min_size=1,
    max_size=6,
)


def exchanged(exchanges: Sequence[tuple[str, int, int | None]]) -> list[Message]:
    """Conversations of one ask each, and perhaps its answer."""
    bob, ana = (
        {"author": "bob@globex.com", "to": ("ana@acme.com",)},
        {
            "author": "ana@acme.com",
            "to": ("bob@globex.com",),
        },
    )
    at, letters = FIRST_AT, list[Message]()
    for number, (asker, hours, took) in enumerate(exchanges):
        at += timedelta(hours=hours, seconds=number + 1)
        asked, answers = (ana, bob) if asker == "us" else (bob, ana)
        name, subject = f"ask-{number}@mail.example", f"Samples {number}?"
        letters.append(message(name, at, subject=subject, **asked))
        if took is not None:
            reply_at = at + timedelta(hours=took)
            reply = {"subject": f"Re: {subject}", "in_reply_to": name, **answers}
            letters.append(message(f"answer-{number}@mail.example", reply_at, **reply))
    return letters


@given(EXCHANGES, st.integers(1, 4_000))
@quiet(12)
def test_what_was_known_then_is_what_measuring_then_would_have_found(
    exchanges: list[tuple[str, int, int | None]], hours: int
) -> None:
    letters = exchanged(exchanges)
    at = FIRST_AT + timedelta(hours=hours)
    box = Mailbox(
        copies=tuple(letters),
        roster=ROSTER,
        partner_key=PARTNER,
        standards=Standards(Span.parse("1 business day"), Span.parse("10 days")),
        us=BERLIN,
        them=BERLIN,
        cuts=Cuts(),
        as_of=FIRST_AT + timedelta(days=500),
    )
    later, then = measured(box), measured(replace(box, as_of=at))
    assert known_at(later.asks, at, terms_of(box)) == then.asks


def test_an_answer_yet_to_come_leaves_an_ask_open_then_lapsed() -> None:
    late, at = 29 * DAY, made_ask().asked_at
    ask = made_ask(late)

    def known(seconds: int) -> tuple[str, int | None, int]:
        (found,) = known_at([ask], at + seconds * SECOND, TERMS)
        return found.outcome, found.response_seconds, found.age_seconds

    assert known(late) == ("answered", late, late)
    assert known(late - 1) == ("open", None, late - 1)
    assert known(0) == ("open", None, 0)
    assert known_at([ask], at - SECOND, TERMS) == ()
    assert waits_at([ask], at + (late - 1) * SECOND, Cuts()) == waiting(late - 1)
    assert waits_at([ask], at + late * SECOND, Cuts()) == answered(late)
    never, void = made_ask(), replace(made_ask(), outcome="void")
    moments = [at + GIVE_UP * SECOND - SECOND, at + GIVE_UP * SECOND]
    assert [known_at([never], when, TERMS)[0].outcome for when in moments] == ["open", "lapsed"]
    assert known_at([void], moments[0], TERMS)[0].outcome == "void"
    lapsed = replace(ask, outcome="lapsed", response_seconds=None, business_seconds=None)
    found = known_at(
        [replace(lapsed, reply=made_ask(40 * DAY).reply)], at + 35 * DAY * SECOND, TERMS
    )
    assert (found[0].outcome, found[0].answered_at) == ("lapsed", None)


def test_time_in_which_nobody_was_there_is_taken_out_as_far_as_it_had_gone() -> None:
    tuesday = datetime(2025, 3, 3, 23, tzinfo=UTC)  # midnight in Berlin; asked on Monday at 10:00
    ask = replace(made_ask(), away=((tuesday, tuesday + timedelta(days=1)),))
    wednesday_noon = datetime(2025, 3, 5, 12, tzinfo=UTC)  # 13:00, in the pause
    (found,) = known_at([ask], wednesday_noon, TERMS)
    # Monday 2.5 and 4 hours, Wednesday 3.5; Tuesday's 3.5 and 4 are taken out
    assert found.business_age_seconds == 10 * HOUR
    assert found.absent_seconds == 7.5 * HOUR
    answered_then = replace(ask, reply=made_ask(26 * HOUR).reply, outcome="answered")
    (found,) = known_at([answered_then], wednesday_noon, TERMS)
    assert found.absent_seconds == 3 * HOUR  # up to the answer on Tuesday at 12:00


# -- a thousand partners without change -----------------------------------------------------


def steady_period(lots: Random, count: int, typical: float, share: float, ago: int) -> list[Wait]:
    """Waits of a partner that answers at random, asked in 90 days that ended so long ago."""
    waits = []
    for _ in range(count):
        followed = min(GIVE_UP, lots.uniform(ago, ago + 90 * DAY))
        took = lots.expovariate(1 / typical) if lots.random() < share else GIVE_UP + 1
        waits.append(Wait(int(min(took, followed)), is_answer=took <= followed))
    return waits


def steady_p(lots: Random) -> float:
    typical, share = lots.choice((HOUR, 10 * HOUR, 3 * DAY)), lots.choice((0.3, 0.6, 0.9, 1.0))
    counts = [lots.randint(5, 60), lots.randint(5, 60)]
    before = steady_period(lots, counts[0], typical, share, 90 * DAY)
    found = compare_waits(before, steady_period(lots, counts[1], typical, share, 0), GIVE_UP)
    return found.p if found else 1.0


@pytest.mark.simulation
def test_of_partners_without_change_few_families_show_any_arrow() -> None:
    lots = Random(1995)  # noqa: S311 - what is drawn is to be the same each time
    p_values = [steady_p(lots) for _ in range(3_000)]
    # one in twenty is below 0.05, one in a hundred below 0.01; three standard deviations more
    assert sum(p <= 0.05 for p in p_values) <= 150 + 3 * 12
    assert sum(p <= 0.01 for p in p_values) <= 30 + 3 * 6
    families = [p_values[begin : begin + 100] for begin in range(0, 3_000, 100)]
    with_an_arrow = sum(min(adjusted(family)) <= 0.05 for family in families)
    assert with_an_arrow <= 1.5 + 3 * 1.2  # 5 % of 30 families, and three standard deviations
    arrows = sum(p <= 0.05 for p in adjusted(p_values[:1_000]))
    assert arrows <= 2  # not fifty
