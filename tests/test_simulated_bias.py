"""Response times in simulated mailboxes whose truth is known: docs/simulations.md has the table."""

from __future__ import annotations

import pytest
from simulations.bias import REGIMES, Regime, errors, mailbox, measured

pytestmark = pytest.mark.simulation

KINDS = ("asks", "answered", "open", "lapsed")
NAMED = {regime.name: regime for regime in REGIMES}
all_regimes = pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.name)


@all_regimes
def test_p50_is_within_15_percent_of_the_truth(regime: Regime) -> None:
    found = errors(regime, "p50")
    assert abs(found.bias) <= 0.15
    assert found.size <= 0.15


@all_regimes
def test_answered_p50_is_within_15_percent_of_its_own_truth(regime: Regime) -> None:
    found = errors(regime, "answered_p50", regime.true_answered_p50)
    assert abs(found.bias) <= 0.15
    assert found.size <= 0.15


@pytest.mark.parametrize(
    "name", ["a third never answered", "long tail cut by the window", "a burst in the last week"]
)
def test_where_mail_waits_the_naive_median_flatters_more_than_p50(name: str) -> None:
    regime = NAMED[name]
    assert errors(regime, "naive median").bias <= -0.15
    assert errors(regime, "naive median").bias < errors(regime, "p50").bias


def test_the_truths_are_those_of_the_distribution() -> None:
    # of two thirds that are answered half of all is three quarters: e^0.6745 = 1.963 times 6 h
    assert NAMED["all answered"].true_p50.total_seconds() == pytest.approx(21_600)
    third = NAMED["a third never answered"].true_p50.total_seconds()
    assert third == pytest.approx(1.963 * 21_600, rel=1e-3)
    # 30 days are ln(30/14) = 0.762 sigma above the median: 77.7 % are answered in time, and
    # half of them within the 38.9th hundredth, 0.283 sigma below it
    cut = NAMED["long tail cut by the window"].true_answered_p50.total_seconds()
    assert cut == pytest.approx(14 * 86_400 * 0.7537, rel=2e-3)


@all_regimes
def test_each_mailbox_is_drawn_again_alike_and_unlike_the_others(regime: Regime) -> None:
    assert mailbox(regime, 0) == mailbox(regime, 0)
    assert mailbox(regime, 0) != mailbox(regime, 1)


def test_the_regimes_are_what_they_are_called() -> None:
    counts = {
        regime.name: [sum(getattr(found, kind) for found in measured(regime)) for kind in KINDS]
        for regime in REGIMES
    }
    asks, answered, still_open, lapsed = zip(*counts.values(), strict=True)
    assert min(asks) >= 3_000
    shares = [count / whole for count, whole in zip(answered, asks, strict=True)]
    assert shares[0] >= 0.99
    assert 0.62 <= shares[1] <= 0.70
    assert lapsed[2] >= 0.1 * asks[2]
    assert still_open[3] >= 0.15 * asks[3]
    assert lapsed[3] <= 0.01 * asks[3]


def test_what_arrives_is_heavier_than_what_lies_in_sent() -> None:
    letters = mailbox(NAMED["closers, as heavy as they arrive"], 0)
    least = {
        is_sent: min(x.size_octets or 0 for x in letters if x.is_sent_copy is is_sent)
        for is_sent in (True, False)
    }
    assert least[False] - 3_000 > 4_000 - 1_000
    assert least[True] < least[False]


def test_closers_are_short_and_stand_at_the_end_of_every_conversation() -> None:
    letters = mailbox(NAMED["closers"], 0)
    cited = {letter.in_reply_to for letter in letters}
    last = [letter for letter in letters if letter.message_id not in cited]
    sizes = {letter.message_id: letter.size_octets or 0 for letter in letters}
    assert all(str(letter.from_ and letter.from_.key) == "kim@globex.example" for letter in last)
    grown = [sizes[x.message_id] - sizes[x.in_reply_to or ""] for x in last if x.in_reply_to]
    assert len(grown) == len(last)
    assert max(grown) <= 900
