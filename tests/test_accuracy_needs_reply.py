"""Does the likelihood of an answer tell answered asks from others: floors on real mailboxes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from accuracy.corpus import corpora
from accuracy.needs_reply import NAMES, by_other_years, by_others, figures, fitted
from accuracy.needs_reply_mail import Asked, Found, business_mail, list_mail
from accuracy.roc import area, area_between

MAIL = corpora()
real_mail = pytest.mark.skipif(MAIL is None, reason="INBOX_AGENT_CORPORA names no folder of mail")


# -- the area under the curve ---------------------------------------------------------------


def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    # answered: 3 and 1; not: 2, 1 and 0. Of six pairs (3,2), (3,1), (3,0), (1,0) are right, (1,1)
    # is a tie, (1,2) is wrong
    found = area(np.array([3, 1, 2, 1, 0]), np.array([1, 1, 0, 0, 0]))
    assert found == pytest.approx(4.5 / 6)
    assert math.isnan(area(np.array([1, 2]), np.array([1, 1])))


def test_the_interval_holds_the_area_and_is_wider_where_fewer_groups_are_drawn() -> None:
    chance = np.random.default_rng(3)
    holds = chance.random(400) < 0.3
    scores = chance.normal(size=400) + holds
    each, ten = [str(n) for n in range(400)], [str(n // 40) for n in range(400)]
    found = area(scores, holds)
    low, high = area_between(scores, list(holds), each)
    assert low < found < high
    assert 0.05 < high - low < 0.2
    low, high = area_between(scores, list(holds), ten)
    assert low < found < high


# -- weights fitted on other mailboxes ------------------------------------------------------


def test_the_fit_finds_weights_whatever_the_level_of_each_mailbox() -> None:
    chance = np.random.default_rng(5)
    signs = (chance.random((6_000, 3)) < 0.4).astype(float)
    # the first sign says nothing, but is seen more in the mailbox where little is answered
    in_few = chance.random(6_000) < 0.3 + 0.4 * signs[:, 0]
    mailbox = np.where(in_few, "few", "many")
    level = np.where(mailbox == "many", 1.0, -2.0)
    likely = 1 / (1 + np.exp(-(level + signs @ np.array([0.0, 1.5, -1.0]))))
    found = fitted(signs, (chance.random(6_000) < likely).astype(float), mailbox)
    assert found == pytest.approx([0.0, 1.5, -1.0], abs=0.2)


def asked(mailbox: str, year: int, *, asks: bool, answered: bool) -> Asked:
    """An ask with a question in its text, or with nothing that tells anything."""
    found = Found("yes", 0.5, {name: int(asks and name == "text_question") for name in NAMES})
    return Asked(mailbox, year, "c", "us", True, answered, by_header=found, with_text=found)


@pytest.mark.parametrize(("answered_in_2022", "expected"), [(True, 1.0), (False, 0.0)])
def test_a_year_is_tried_with_what_the_other_years_of_its_mailbox_told_and_nothing_of_its_own(
    answered_in_2022: bool, expected: float
) -> None:
    # in the other mailbox a question says nothing, in 2021 it says that an answer comes
    both = (True, False)
    mail = [asked("other", 2021, asks=a, answered=b) for a in both for b in both] * 20
    mail += [asked("own", 2021, asks=a, answered=a) for a in both] * 20
    mail += [asked("own", 2022, asks=a, answered=a == answered_in_2022) for a in both] * 50
    tried = by_other_years(mail)
    in_2022 = [ask.year == 2022 for ask in mail]
    held = np.array([ask.answered for ask in mail])
    assert area(tried.scores[in_2022], held[in_2022]) == expected
    assert by_others(mail).only(["own"]).scores == pytest.approx(np.zeros(140), abs=1e-6)


# -- real mailboxes -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asks() -> list[Asked]:
    assert MAIL is not None
    return [*business_mail(MAIL), *list_mail(MAIL)]


ENRON = [f"Enron, {user}" for user in ("corman-s", "lenhart-m", "lucci-p", "watson-k", "whitt-m")]


@pytest.mark.corpora
@pytest.mark.simulation
@real_mail
def test_header_fields_tell_answered_asks_from_others_in_mail_they_were_not_fitted_on(
    asks: list[Asked],
) -> None:
    tried = by_others(asks)
    assert tried.only(ENRON).between[0] >= 0.7
    assert tried.only(ENRON, "us").between[0] >= 0.7
    assert tried.only(["linux-hyperv"]).area >= 0.7
    assert all(tried.only([name]).area >= 0.64 for name in ENRON)


@pytest.mark.corpora
@pytest.mark.simulation
@real_mail
def test_with_the_text_they_tell_more(asks: list[Asked]) -> None:
    tried, by_header = by_others(asks, with_text=True), by_others(asks)
    assert tried.only(ENRON).between[0] >= 0.75
    assert tried.only(ENRON, "us").between[0] >= 0.75
    for names in (ENRON, ["linux-hyperv"]):
        assert tried.only(names).area > by_header.only(names).area + 0.005


@pytest.mark.corpora
@pytest.mark.simulation
@real_mail
def test_on_a_list_they_tell_most_with_weights_of_its_other_year(asks: list[Asked]) -> None:
    found = figures(asks)
    assert found["linux-hyperv text, by its other years"] >= 0.745
    assert found["linux-hyperv text, by its other years, asked of us"] >= 0.69
    assert found["Enron text, by its other years"] >= 0.79


@pytest.mark.corpora
@pytest.mark.simulation
@real_mail
def test_what_is_called_unlikely_is_answered_less_often_than_other_answers(
    asks: list[Asked],
) -> None:
    for how in ("header", "text"):
        later = [a for a in asks if a.by_header.counts["follows"] and a.mailbox in ENRON]
        unlikely = [a.answered for a in later if a.found(how).verdict == "unlikely"]
        others = [a.answered for a in later if a.found(how).verdict == "yes"]
        assert len(unlikely) >= 300
        assert sum(unlikely) / len(unlikely) <= sum(others) / len(others) - 0.2


@pytest.mark.corpora
@pytest.mark.simulation
@real_mail
def test_a_first_ask_is_nearly_never_called_unlikely(asks: list[Asked]) -> None:
    firsts = [a for a in asks if a.is_first]
    assert len(firsts) >= 5_000
    for how in ("header", "text"):
        assert sum(a.found(how).verdict == "unlikely" for a in firsts) <= 0.01 * len(firsts)
