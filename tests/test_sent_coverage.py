"""How much of what we sent is held, told by what partners answered: mailboxes made by hand, and
real mail from which a known share of our letters was taken away."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from accuracy.corpus import Filed, read_file
from mailboxes import message

from inbox_agent.addresses import Partner, Roster
from inbox_agent.copies import is_from_us
from inbox_agent.messages import Message
from inbox_agent.sent_coverage import Coverage, coverage, host_of, sent_proofs

ANA, BOB = "ana@acme.com", "bob@globex.com"
DAY = timedelta(days=1)
START = datetime(2024, 1, 1, 9, tzinfo=UTC)
SPRING = START + 60 * DAY
ROSTER = Roster(
    team_domains=frozenset({"acme.com"}),
    lists=frozenset({"sales@lists.example"}),
    partners=(Partner("globex.com", domains=("globex.com",)),),
)


def first_letter() -> Message:
    """What makes the mailbox begin at `START`."""
    return message("first@globex.com", START, author=BOB, to=[ANA])


def ours(message_id: str, at: datetime = SPRING) -> Message:
    return message(message_id, at, author=ANA, to=[BOB])


def answer(
    parent: str | None, number: int = 0, to: Sequence[str] = (ANA,), **more: object
) -> Message:
    fields = {"in_reply_to": parent, "author": BOB, **more}
    at = fields.pop("at", SPRING + DAY)
    assert isinstance(at, datetime)
    return message(f"{parent}.answer{number}@globex.com", at, to=to, **fields)  # type: ignore[arg-type]


def told(*messages: Message, roster: Roster = ROSTER) -> dict[str, bool]:
    """The letters of ours that must exist, and whether each is held."""
    found = sent_proofs([first_letter(), *messages], roster)
    return {proof.message_id: proof.is_held for proof in found}


# --- which letters must exist


def test_a_letter_of_ours_that_was_answered_exists_whether_we_hold_it_or_not() -> None:
    found = told(ours("1@acme.com"), answer("1@acme.com"), answer("2@acme.com"))
    assert found == {"1@acme.com": True, "2@acme.com": False}


def test_a_letter_nobody_answered_proves_nothing() -> None:
    assert told(ours("1@acme.com")) == {}


def test_letters_answered_twice_count_once_at_the_first_answer() -> None:
    late = answer("1@acme.com", 2, at=SPRING + 3 * DAY)
    (proof,) = sent_proofs([first_letter(), late, answer("1@acme.com", 1)], ROSTER)
    assert (proof.partner, proof.answered_at) == ("globex.com", SPRING + DAY)
    assert not proof.is_held


def test_without_in_reply_to_the_last_reference_is_the_parent() -> None:
    found = told(answer(None, references=("1@acme.com", "2@acme.com")))
    assert found == {"2@acme.com": False}


def test_a_letter_of_a_partner_that_answers_a_third_is_none_of_ours() -> None:
    """Whoever is in To besides us may have written the parent."""
    assert told(answer("1@acme.com", to=[ANA, "zoe@initech.com"])) == {}
    assert told(answer("1@acme.com", to=[])) == {}


def test_a_letter_to_our_list_is_one_to_us() -> None:
    assert told(answer("1@acme.com", to=["sales@lists.example"])) == {"1@acme.com": False}


def test_a_parent_held_from_somebody_else_is_not_ours() -> None:
    theirs = message("1@acme.com", SPRING, author="eve@initech.com", to=[ANA])
    assert told(theirs, answer("1@acme.com")) == {}


def test_letters_of_people_who_are_no_partner_prove_nothing() -> None:
    quiet = replace(ROSTER, discover=False)
    from_outside = answer("1@acme.com", author="eve@initech.com")
    assert told(from_outside, roster=quiet) == {}
    assert told(from_outside) == {"1@acme.com": False}  # found by itself


def test_what_comes_later_than_the_instant_asked_for_is_as_if_not_there() -> None:
    """That a host is ours and that an id is not is learned from letters, up to that instant."""
    sent = [ours(f"{number}@mail.provider.example") for number in (1, 2)]
    later = ours("3@mail.provider.example", at=SPRING + 3 * DAY)
    unheld, theirs = answer("4@mail.provider.example"), answer("1@acme.com")
    shown = message("1@acme.com", SPRING + 3 * DAY, author="eve@initech.com", to=[ANA])
    held = [first_letter(), *sent, later, unheld, theirs, shown]

    def told_at(at: datetime, **known: datetime) -> dict[str, bool]:
        return {p.message_id: p.is_held for p in sent_proofs(held, ROSTER, known, at)}

    assert told_at(SPRING + 2 * DAY) == {"1@acme.com": False}
    assert told_at(SPRING + 3 * DAY) == {"4@mail.provider.example": False}
    # each mailbox is known up to its own instant
    known = {"partners": SPRING + 2 * DAY}
    assert told_at(SPRING + 3 * DAY, **known) == {"1@acme.com": False}


# --- whose id it is


def test_a_host_is_ours_once_three_letters_of_ours_have_it() -> None:
    sent = [ours(f"{number}@mail.provider.example") for number in (1, 2, 3)]
    unheld = answer("4@mail.provider.example")
    assert told(*sent[:2], unheld) == {}
    assert told(*sent, unheld) == {"4@mail.provider.example": False}
    copies_of_one = [replace(sent[0], folder=name) for name in ("A", "B", "C")]
    assert told(*copies_of_one, unheld) == {}


def test_a_host_that_the_partner_uses_too_is_not_ours() -> None:
    """Held or not: else only the held ones would count."""
    sent = [ours(f"{number}@mail.gmail.com") for number in (1, 2, 3)]
    answers = [answer("1@mail.gmail.com"), answer("4@mail.gmail.com")]
    assert told(*sent, *answers) == {"1@mail.gmail.com": True, "4@mail.gmail.com": False}
    theirs = message("5@mail.gmail.com", SPRING, author="kim@globex.com", to=[ANA])
    assert told(*sent, *answers, theirs) == {}
    of_another = message("5@mail.gmail.com", SPRING, author="eve@initech.com", to=[ANA])
    assert len(told(*sent, *answers, of_another)) == 2


@pytest.mark.parametrize(
    ("message_id", "host"),
    [
        ("1@acme.com", "acme.com"),
        ("1@EX01.Eu.Acme.CO.UK.", "acme.co.uk"),
        ("a@b@acme.com", "acme.com"),
        # each mailbox is on another machine of the region
        ("1@DB9PR04MB7129.eurprd04.prod.outlook.com", "eurprd04.prod.outlook.com"),
        ("1@AM6PR02MB5.eurprd02.prod.outlook.com", "eurprd02.prod.outlook.com"),
        ("1@ex01.acme.local", "acme.local"),
        ("1@srv1", "srv1"),
        # everybody's, or nobody's
        ("1@localhost.localdomain", None),
        ("1@localhost.", None),
        ("1@[192.0.2.1]", None),
        ("1@192.0.2.1", None),
        ("no-host", None),
        ("1@", None),
    ],
)
def test_the_host_of_an_id_is_its_organisation(message_id: str, host: str | None) -> None:
    assert host_of(message_id) == host


# --- the left edge


def test_answers_soon_after_the_mailbox_begins_prove_nothing() -> None:
    """They may be to letters from before it."""
    early = START + timedelta(days=30)
    assert told(answer("1@acme.com", at=early - timedelta(seconds=1))) == {}
    assert told(answer("1@acme.com", at=early)) == {"1@acme.com": False}


def test_each_mailbox_has_its_own_left_edge() -> None:
    young = replace(answer("1@acme.com"), mailbox="new")
    assert told(young) == {}


# --- the share


def test_of_fewer_than_ten_letters_no_share_is_said() -> None:
    assert Coverage(known=9, held=9).share is None
    assert Coverage(known=9, held=0).interval is None
    assert Coverage(known=10, held=9).share == 0.9


def test_the_interval_is_the_exact_one_of_the_binomial_distribution() -> None:
    """Worked by hand where it has a closed form: none or all of n held, 1 - 0.025 ** (1 / n)."""
    low, high = Coverage(known=10, held=10).interval or (0, 0)
    assert (round(low, 4), high) == (0.6915, 1.0)
    low, high = Coverage(known=10, held=0).interval or (0, 0)
    assert (low, round(high, 4)) == (0.0, 0.3085)


def test_the_share_is_too_low_only_where_chance_does_not_explain_it() -> None:
    """Binomial table, n = 10, p = 0.9: 6 or fewer with 0.0128, 7 or fewer with 0.0702."""
    assert Coverage(known=10, held=6).is_too_low
    assert not Coverage(known=10, held=7).is_too_low
    assert not Coverage(known=5, held=0).is_too_low
    assert not Coverage(known=100, held=100).is_too_low


def test_the_coverage_of_all_partners_counts_a_letter_to_two_of_them_once() -> None:
    of_initech = answer("1@acme.com", author="eve@initech.com")
    found = sent_proofs([first_letter(), answer("1@acme.com"), of_initech], ROSTER)
    assert sorted(proof.partner for proof in found) == ["globex.com", "initech.com"]
    assert coverage(found) == Coverage(known=1, held=0)


def test_the_order_in_which_letters_come_is_of_no_matter() -> None:
    letters = [first_letter(), *(ours(f"{n}@acme.com") for n in range(5))]
    letters += [answer(f"{n}@acme.com", m) for n in range(8) for m in range(2)]
    expected = sent_proofs(letters, ROSTER)
    for seed in range(5):
        random.Random(seed).shuffle(letters)  # noqa: S311
        assert sent_proofs(letters, ROSTER) == expected
    assert coverage(expected) == Coverage(known=8, held=5)


# --- real mail: counts only


@pytest.fixture(scope="module")
def real_mailbox(corpora: Path) -> list[Message]:
    files = (corpora / "lists" / "linux-hyperv" / f"{year}.mbox.gz" for year in (2021, 2022))
    return [_as_of_a_team(filed) for path in files for filed in read_file(path)]


REAL_TEAM = Roster(
    team_domains=frozenset({"microsoft.com"}),
    lists=frozenset({"linux-hyperv@vger.kernel.org"}),
)


def _as_of_a_team(filed: Filed) -> Message:
    return replace(filed.copy, is_sent_copy=is_from_us(filed.copy, REAL_TEAM))


def _without(mailbox: list[Message], share: float, seed: int) -> Iterator[Message]:
    chance = random.Random(seed)  # noqa: S311
    gone = {
        name
        for name in sorted({copy.message_id for copy in mailbox if copy.is_sent_copy})
        if chance.random() < share
    }
    return (copy for copy in mailbox if copy.message_id not in gone)


@pytest.mark.corpora
def test_on_real_mail_nearly_all_of_ours_is_found(real_mailbox: list[Message]) -> None:
    found = coverage(sent_proofs(real_mailbox, REAL_TEAM))
    assert found.known > 400
    assert found.share is not None
    assert found.share > 0.95


@pytest.mark.corpora
@pytest.mark.parametrize("lost", [0.1, 0.2, 0.5, 0.8])
def test_on_real_mail_the_share_taken_away_is_found_again(
    real_mailbox: list[Message], lost: float
) -> None:
    whole = coverage(sent_proofs(real_mailbox, REAL_TEAM)).share or 0
    for seed in (1, 2, 3):
        rest = _without(real_mailbox, lost, seed)
        found = coverage(sent_proofs(rest, REAL_TEAM))
        low, high = found.interval or (1, 0)
        # of three draws at 95 % one in seven series would fall out: a hundredth of slack
        assert low - 0.01 < whole * (1 - lost) < high + 0.01
        assert found.is_too_low == (high < 0.9)
        assert found.is_too_low or lost == 0.1


@pytest.mark.corpora
def test_on_real_mail_a_mailbox_without_any_sent_copy_is_found_out(
    real_mailbox: list[Message],
) -> None:
    found = coverage(sent_proofs(_without(real_mailbox, 1.1, 0), REAL_TEAM))
    assert found.known > 100
    assert found.held == 0
