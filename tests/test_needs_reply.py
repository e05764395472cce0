"""Which letters want an answer: each sign worked by hand, and nothing known that came later."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from made_asks import TERMS, asks_of
from mailboxes import OUR_LIST, PARTNER, ROSTER, Mailbox, mailboxes, message
from round_trip import rows_of

from inbox_agent.conversations import Conversation, conversations_of
from inbox_agent.letters import Letter, letters_of
from inbox_agent.measure import measure
from inbox_agent.messages import Message
from inbox_agent.needs_reply import BASE_POINTS, SIGNS, Past, habits_of, likelihood_of
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts

BEGAN_AT = datetime(2025, 3, 3, 9, tzinfo=UTC)
AS_OF = BEGAN_AT + timedelta(days=200)
ANA, BEN, BOB, EVE = "ana@acme.com", "ben@acme.com", "bob@globex.com", "eve@globex.com"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def theirs(name: str, after: timedelta, answers: str | None = None, **more: Any) -> Message:
    """A letter of Bob's to Ana so long after the first; an answer has the prefix, too."""
    return _letter(name, after, answers, {"author": BOB, "to": (ANA,), **more})


def ours(name: str, after: timedelta, answers: str | None = None, **more: Any) -> Message:
    """A letter of Ana's to Bob."""
    return _letter(name, after, answers, {"author": ANA, "to": (BOB,), **more})


def _letter(name: str, after: timedelta, answers: str | None, fields: dict[str, Any]) -> Message:
    subject = {"subject": "Re: Quote for March"} if answers else {}
    return message(name, BEGAN_AT + after, **{"in_reply_to": answers, **subject, **fields})


def asks(*copies: Message, as_of: datetime = AS_OF) -> dict[str, Ask]:
    """The asks of a partner's letters, by Message-ID."""
    return {
        min(ask.letter.message_ids): ask for ask in asks_of(_threads(copies, as_of), TERMS, as_of)
    }


def _threads(copies: Sequence[Message], as_of: datetime = AS_OF) -> tuple[Conversation, ...]:
    letters = letters_of(ROSTER.partner(PARTNER), copies, ROSTER, as_of)
    return conversations_of(PARTNER, letters, Cuts())


def counts(name: str, *copies: Message) -> dict[str, int]:
    """Which signs a letter has; those it has not are left out."""
    conversations = _threads(copies)
    past = Past.of(conversations, Cuts())
    letter = next(x for c in conversations for x in c.letters if name in x.message_ids)
    found = zip(SIGNS, past.counts[letter.key], strict=True)
    return {sign.name: number for sign, number in found if number}


def exchange(letters: int, **last: Any) -> list[Message]:
    """Theirs, ours, theirs and so on, an hour apart, named 0, 1, 2 …; each 3,000 octets more."""
    found = []
    for n in range(letters):
        write = ours if n % 2 else theirs
        more = last if n == letters - 1 else {}
        answers = str(n - 1) if n else None
        found.append(write(str(n), n * HOUR, answers, **{"size_octets": 6_000 + 3_000 * n, **more}))
    return found


# -- each sign ------------------------------------------------------------------------------


def test_a_first_letter_to_one_of_us_has_one_sign_alone() -> None:
    assert counts("a", theirs("a", HOUR)) == {"asks_us": 1}
    assert counts("a", ours("a", HOUR)) == {}


@pytest.mark.parametrize(
    ("more", "signs"),
    [
        ({"subject": "Fwd: Samples"}, {"is_forward": 1}),
        ({"subject": "Samples?"}, {"question_mark": 1}),
        ({"subject": "サンプル\uff1f"}, {"question_mark": 1}),
        ({"subject": "عينات\u061f"}, {"question_mark": 1}),
        ({"subject": "Re: Samples"}, {"answers_unseen": 1}),
        ({"in_reply_to": "unseen@acme.com"}, {"answers_unseen": 1}),
        ({"references": ("unseen@acme.com",)}, {"answers_unseen": 1}),
        # one of two, of three, of four; one of five to ten, of eleven
        ({"cc": (BEN,), "to": (ANA,)}, {}),
        ({"cc": ("x@other.com",)}, {"others": 1}),
        ({"cc": ("x@other.com", "y@other.com")}, {"others": 2}),
        ({"cc": tuple(f"x{n}@other.com" for n in range(3))}, {"others": 2}),
        ({"cc": tuple(f"x{n}@other.com" for n in range(4))}, {"others": 3}),
        ({"cc": tuple(f"x{n}@other.com" for n in range(9))}, {"others": 3}),
        ({"cc": tuple(f"x{n}@other.com" for n in range(10))}, {"others": 4}),
        # the same address in To and Cc is one
        ({"to": (ANA,), "cc": (ANA, "x@other.com")}, {"others": 1}),
        # nobody of us by name: a list, or a blind copy
        ({"to": (OUR_LIST,)}, {"not_in_to": 1, "others": 4}),
        ({"to": ("x@other.com",)}, {"not_in_to": 1, "others": 4}),
        ({"to": (), "cc": (ANA,)}, {"not_in_to": 1}),
        ({"to": ()}, {"not_in_to": 1, "others": 4}),
        ({"text_signs": frozenset({"question"})}, {"text_question": 1}),
        ({"text_signs": frozenset({"request", "thanks"})}, {"text_request": 1}),
        ({"text_signs": frozenset({"done", "brief"})}, {}),
    ],
)
def test_a_first_letter_has_the_signs_of_its_own_fields(
    more: dict[str, Any], signs: dict[str, int]
) -> None:
    assert counts("a", theirs("a", HOUR, **more)) == {"asks_us": 1, **signs}


def test_what_we_ask_is_looked_at_by_their_addresses() -> None:
    first = ours("a", HOUR, to=("x@other.com",), cc=(BOB, EVE))
    assert counts("a", first) == {"not_in_to": 1, "others": 1}  # two of three
    assert counts("a", ours("a", HOUR, bcc=(EVE,))) == {}  # both are theirs


@pytest.mark.parametrize(
    ("before", "steps"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4), (20, 4)]
)
def test_each_doubling_of_the_letters_before_it_is_a_step(before: int, steps: int) -> None:
    name = str(before)
    assert counts(name, *exchange(before + 1)).get("long_exchange", 0) == steps


def test_letters_before_it_are_those_it_goes_back_to_not_its_siblings() -> None:
    first = theirs("a", HOUR)
    answers = [ours(f"b{n}", (n + 2) * HOUR, "a", size_octets=20_000) for n in range(5)]
    last = theirs("c", 10 * HOUR, "b0", size_octets=40_000)
    assert counts("c", first, *answers, last) == {"asks_us": 1, "follows": 1, "long_exchange": 1}


@pytest.mark.parametrize(
    ("size", "adds_little"),
    # it answers one of 6,000 octets
    [(7_000, 1), (7_001, 0), (5_000, 1), (4_999, 0), (2_500, 0), (2_499, 1), (None, 0)],
)
def test_it_adds_little_within_1000_octets_of_what_it_answers_or_when_it_is_small(
    size: int | None, adds_little: int
) -> None:
    found = counts("d", theirs("a", HOUR), ours("d", 2 * HOUR, "a", size_octets=size))
    assert found.get("adds_little", 0) == adds_little


@pytest.mark.parametrize(
    ("plain", "size", "adds_little"),
    [
        (3, 12_500, 1),
        (2, 12_500, 0),
        # the estimate may be off, by 1,000 at most
        (3, 14_000, 1),
        (3, 14_001, 0),
        (3, 10_000, 1),
        (3, 9_999, 0),
    ],
)
def test_what_transport_adds_to_letters_of_one_side_is_taken_off(
    plain: int, size: int, adds_little: int
) -> None:
    # Theirs have at least 8,000 octets, ours at least 2,000: their 12,500 that answer our 6,000
    # say 500 more. With two plain letters of theirs that is not known.
    hours = range(plain)
    copies = [theirs(f"t{n}", n * HOUR, size_octets=8_000 + n, subject=f"T{n}") for n in hours]
    copies += [ours(f"o{n}", n * HOUR, size_octets=2_000 + n, subject=f"O{n}") for n in range(3)]
    # the smallest of theirs, but an answer
    copies += [theirs("small", 4 * HOUR, "o0", size_octets=900), ours("a", DAY)]
    answer = theirs("d", DAY + HOUR, "a", size_octets=size)
    assert counts("d", *copies, answer).get("adds_little", 0) == adds_little


@pytest.mark.parametrize(("size", "adds_little"), [(7_400, 1), (7_401, 0)])
def test_a_small_difference_of_transport_allows_little_more(size: int, adds_little: int) -> None:
    # ours have 200 octets more: 1,000 + 200 over 6,000, and the 200 besides
    copies = [theirs(f"t{n}", n * HOUR, size_octets=6_000, subject=f"T{n}") for n in range(3)]
    copies += [ours(f"o{n}", n * HOUR, size_octets=6_200, subject=f"O{n}") for n in range(3)]
    answer = ours("d", DAY + HOUR, "a", size_octets=size)
    found = counts("d", *copies, theirs("a", DAY), answer)
    assert found.get("adds_little", 0) == adds_little


def test_a_short_text_adds_little_whatever_its_size_and_thanks_count_in_answers() -> None:
    signs = frozenset({"short", "thanks"})
    found = counts(
        "d", theirs("a", HOUR), ours("d", 2 * HOUR, "a", size_octets=90_000, text_signs=signs)
    )
    assert found == {"follows": 1, "adds_little": 1, "text_thanks": 1}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"done"}, {"text_done": 1}),
        ({"done", "long"}, {}),
        ({"brief"}, {"text_brief": 1}),
        ({"brief", "done", "thanks"}, {"text_brief": 1, "text_done": 1, "text_thanks": 1}),
        # it adds little, which is said once
        ({"brief", "short"}, {"adds_little": 1}),
    ],
)
def test_that_it_is_done_and_a_line_or_two_count_in_answers(
    seen: set[str], expected: dict[str, int]
) -> None:
    answer = ours("d", 2 * HOUR, "a", size_octets=90_000, text_signs=frozenset(seen))
    assert counts("d", theirs("a", HOUR), answer) == {"follows": 1, **expected}


@pytest.mark.parametrize(("letters", "answers", "expected"), [(4, 0, 0), (5, 0, 1), (5, 1, 0)])
def test_a_writer_of_five_letters_who_never_answered_has_a_habit(
    letters: int, answers: int, expected: int
) -> None:
    earlier = [theirs(f"e{n}", n * HOUR, subject=f"Offer {n}") for n in range(letters - answers)]
    earlier += [theirs(f"r{n}", n * HOUR, "unseen@acme.com") for n in range(answers)]
    others = [theirs(f"o{n}", n * HOUR, author=EVE, subject=f"News {n}") for n in range(9)]
    later = [theirs(f"l{n}", 2 * DAY + n * HOUR, "unseen2@acme.com") for n in range(3)]
    found = counts("a", *earlier, *others, *later, theirs("a", DAY, subject="Samples"))
    assert found.get("writer_never_answers", 0) == expected


def test_what_it_answers_comes_before_it_and_is_not_long_past() -> None:
    late = ours("d", 31 * DAY, "a")
    assert counts("d", theirs("a", timedelta(0)), late) == {"answers_unseen": 1}
    assert "follows" in counts("d", theirs("a", timedelta(0)), ours("d", 30 * DAY, "a"))
    # a clock that is wrong: the letter it names came later
    assert counts("d", theirs("a", 3 * HOUR), ours("d", HOUR, "a")) == {"answers_unseen": 1}


def test_what_a_hint_joins_is_what_it_answers() -> None:
    found = counts("d", theirs("a", HOUR), ours("d", 2 * HOUR, subject="Re: Quote for March"))
    assert found == {"follows": 1, "adds_little": 1}


def test_a_letter_that_left_its_thread_answers_nothing() -> None:
    split = theirs("c", 2 * HOUR, references=("a",), author=EVE, subject="Something else")
    assert counts("c", ours("a", HOUR), split) == {"asks_us": 1, "answers_unseen": 1}


# -- the score, the verdict and the words ---------------------------------------------------


def test_points_are_added_and_the_logistic_of_them_is_the_likelihood() -> None:
    # -200 + 80 = -120: 1 / (1 + e^1.2) = 0.2315; a question mark: -90: 0.2891
    assert asks(theirs("a", HOUR))["a"].likelihood == 0.23
    assert asks(theirs("a", HOUR, subject="Samples?"))["a"].likelihood == 0.29
    # -200 + 100 + 2·40 + 80 - 50 = 10: 1 / (1 + e^-0.1) = 0.525
    assert asks(*exchange(5, size_octets=15_200))["4"].likelihood == 0.52
    # 60 without a word of the text (1 / (1 + e^-0.6) = 0.6457), a line or two: 0
    long = {"size_octets": 90_000, "text_signs": frozenset()}
    assert asks(*exchange(5, **long))["4"].likelihood == 0.65
    brief = frozenset({"brief"})
    assert asks(*exchange(5, **{**long, "text_signs": brief}))["4"].likelihood == 0.50
    # every sign once
    total = sum(sign.points for sign in SIGNS)
    assert (BASE_POINTS, total) == (-200, -225)
    assert likelihood_of({sign.name: 1 for sign in SIGNS}) == 0.01  # e^4.25 = 70.11


@pytest.mark.parametrize(
    ("before", "verdict", "reasons"),
    [
        (
            4,
            "unlikely",
            (
                "adds little to the letter it answers",
                "not the first letter of its exchange",
                "it was written to us",
            ),
        ),
        (
            # 120 of three steps weigh most
            6,
            "yes",
            (
                "letters like it mostly get an answer",
                "several letters went to and fro before it",
                "not the first letter of its exchange",
            ),
        ),
    ],
)
def test_the_end_of_a_short_exchange_needs_no_reply_that_of_a_long_one_may(
    before: int, verdict: str, reasons: tuple[str, ...]
) -> None:
    found = asks(*exchange(before + 1, size_octets=3_000 + 3_000 * before + 500))[str(before)]
    assert (found.needs_reply, found.reasons) == (verdict, reasons)


@pytest.mark.parametrize(
    ("more", "first"),
    [
        ({}, "adds little to the letter it answers"),
        ({"subject": "Re: Samples?"}, "a question mark in the subject"),
        ({"marks": (("content-type", "multipart/mixed; b=c"),)}, "has an attachment"),
        ({"size_octets": 12_001}, "adds to the letter it answers"),
        ({"text_signs": frozenset({"question", "short"})}, "a question in its text"),
        ({"text_signs": frozenset({"request", "thanks"})}, "a request in its text"),
        ({"text_signs": frozenset({"thanks"})}, "adds little to the letter it answers"),
        ({"text_signs": frozenset()}, "adds little to the letter it answers"),
        (
            {"size_octets": 12_001, "text_signs": frozenset({"thanks"})},
            "thanks for the letter it answers",
        ),
        (
            {"size_octets": 12_001, "text_signs": frozenset({"thanks", "long"})},
            "adds to the letter it answers",
        ),
        (
            {"size_octets": 12_001, "text_signs": frozenset({"done", "brief"})},
            "says that it is done or will be",
        ),
        (
            {"size_octets": 12_001, "text_signs": frozenset({"done", "thanks"})},
            "thanks for the letter it answers",
        ),
        (
            {"size_octets": 12_001, "text_signs": frozenset({"done", "long"})},
            "adds to the letter it answers",
        ),
        (
            {"size_octets": 12_001, "text_signs": frozenset({"done", "question"})},
            "a question in its text",
        ),
        (
            {"size_octets": 12_001, "text_signs": frozenset({"done", "request"})},
            "a request in its text",
        ),
        (
            {"size_octets": 12_001, "text_signs": frozenset({"brief"})},
            "adds to the letter it answers",
        ),
        ({"is_settled": True}, "settled by a person"),
    ],
)
def test_what_settles_the_verdict_is_said_first(more: dict[str, Any], first: str) -> None:
    verdict = {
        "adds little to the letter it answers": "unlikely",
        "thanks for the letter it answers": "unlikely",
        "says that it is done or will be": "unlikely",
        "settled by a person": "no",
    }
    found = asks(*exchange(3, **{"size_octets": 10_000, **more}))["2"]  # it answers 9,000 octets
    assert found.reasons[0] == first
    assert found.needs_reply == verdict.get(first, "yes")
    assert len(found.reasons) == (1 if first == "settled by a person" else 3)


def test_a_first_letter_says_so() -> None:
    found = asks(theirs("a", HOUR, subject="Fwd: Samples", cc=("x@other.com",)))["a"]
    assert found.needs_reply == "yes"
    assert found.reasons == (
        "begins an exchange",
        "it was written to us",
        "passes another letter on",
    )


def test_a_nudge_settled_by_a_person_settles_the_ask() -> None:
    nudge = theirs("b", 2 * HOUR, "a", is_settled=True)
    assert asks(theirs("a", HOUR), nudge)["a"].needs_reply == "no"


# -- closing lines --------------------------------------------------------------------------


def test_short_thanks_at_the_end_are_unlikely_and_first_letters_never() -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    copies: list[Message] = []
    closing: set[str] = set()
    for n in range(200):
        written = _conversation(n, chance)
        copies += written
        closing.add(written[-1].message_id)
    found = asks(*copies, as_of=AS_OF + 200 * DAY)
    closers = [ask for name, ask in found.items() if name in closing]
    firsts = [ask for name, ask in found.items() if name.startswith("0-")]
    between = [ask for name, ask in found.items() if ask not in (*closers, *firsts)]
    assert (len(closers), len(firsts)) == (200, 200)
    assert sum(ask.needs_reply == "unlikely" for ask in closers) >= 190
    assert all(ask.needs_reply == "yes" for ask in firsts)
    assert all(ask.needs_reply == "yes" for ask in between)


def _conversation(number: int, chance: random.Random) -> list[Message]:
    """A question, an answer, perhaps another of each; then thanks, from 200 octets up or down."""
    begun, letters = number * DAY, 2 * chance.randint(1, 2)
    found: list[Message] = []
    size = 0
    for n in range(letters + 1):
        write = ours if n % 2 else theirs
        is_last = n == letters
        by = (
            chance.choice((-1, 1)) * chance.randint(200, 1_000)
            if is_last
            else chance.randint(1_500, 6_000)
        )
        size += by if n else 5_000
        answers = found[-1].message_id if found else None
        subject = f"{'Re: ' if n else ''}Plans for {_street(number)}"
        found.append(
            write(f"{n}-{number}", begun + n * HOUR, answers, size_octets=size, subject=subject)
        )
    return found


def _street(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:03d}").capitalize() + " Street"


# -- answered elsewhere ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, 5),
        ({"author": BEN, "to": (EVE,), "cc": (BOB,)}, 5),
        ({"to": (EVE,)}, None),
        ({"author": BOB, "to": (ANA,)}, None),
        ({"marks": (("auto-submitted", "auto-replied"),)}, None),
        ({"subject": "Fwd: Quote for March", "in_reply_to": "a"}, None),
    ],
    ids=[
        *("to the one who asked", "in copy, by a colleague", "to others", "theirs", "automatic"),
        "passed on in the same conversation",
    ],
)
def test_a_letter_about_something_else_to_the_one_who_asked_settles_the_waiting(
    more: dict[str, Any], expected: int | None
) -> None:
    elsewhere = {"subject": "Delivery dates", **more}
    found = asks(theirs("a", HOUR), ours("x", 5 * HOUR, **elsewhere))["a"]
    assert found.answered_elsewhere_at == (None if expected is None else BEGAN_AT + expected * HOUR)
    assert found.is_waiting(BEGAN_AT + DAY) is (expected is None)
    assert (found.outcome, found.answered_at, found.is_in_figures) == ("lapsed", None, True)


def test_only_what_comes_after_the_ask_and_before_its_answer_is_elsewhere() -> None:
    elsewhere = {"subject": "Delivery dates"}
    early = ours("w", timedelta(0), **elsewhere)
    assert asks(early, theirs("a", HOUR))["a"].answered_elsewhere_at is None
    answered = (theirs("a", HOUR), ours("b", 3 * HOUR, "a"))
    later = ours("x", 3 * HOUR + timedelta(seconds=1), **elsewhere)
    assert asks(*answered, later)["a"].answered_elsewhere_at is None
    sooner = ours("x", 2 * HOUR, **elsewhere)
    assert asks(*answered, sooner)["a"].answered_elsewhere_at == BEGAN_AT + 2 * HOUR
    # it has left the waiting list 30 days after the nudge
    nudged = (theirs("a", HOUR), theirs("n", 10 * DAY, "a"))
    assert asks(*nudged, ours("x", 39 * DAY, **elsewhere))["a"].answered_elsewhere_at is not None
    assert asks(*nudged, ours("x", 40 * DAY, **elsewhere))["a"].answered_elsewhere_at is None


def test_verdict_likelihood_words_and_the_letter_elsewhere_are_published() -> None:
    copies = [theirs("a", HOUR), ours("x", 5 * HOUR, subject="Delivery dates")]
    record = measure(ROSTER.partner(PARTNER), copies, ROSTER, TERMS, BEGAN_AT + DAY)
    rows = {row["responder"]: row for row in rows_of(record)["response_times"]}
    names = ("needs_reply", "needs_reply_because", "reply_likelihood", "answered_elsewhere_at")
    assert {name: rows["us"][name] for name in names} == {
        "needs_reply": "yes",
        "needs_reply_because": "begins an exchange; it was written to us",
        "reply_likelihood": 0.23,
        "answered_elsewhere_at": "2025-03-03T14:00:00Z",
    }
    assert rows["them"]["answered_elsewhere_at"] is None
    waiting_on = [row["waiting_on"] for row in rows_of(record)["conversations"]]
    assert waiting_on == [None, "them"]


# -- nothing that came later, no answer -----------------------------------------------------


def judged(letters: Sequence[Letter], box: Mailbox) -> dict[str, tuple[Any, ...]]:
    """The judgement of every letter that counts, by key."""
    conversations = conversations_of(box.partner_key, letters, box.cuts)
    past = Past.of(conversations, box.cuts)
    counting = [x for c in conversations for x in c.counting]
    found = {x.key: past.judged(x, is_settled=False) for x in counting}
    return {key: (j.verdict, j.likelihood, j.reasons) for key, j in found.items()}


def joined(letters: Sequence[Letter], box: Mailbox) -> dict[str, Any]:
    """What a hint joined each letter to, and those before it in its line.

    A letter that one of them names and that comes later undoes that.
    """
    conversations = conversations_of(box.partner_key, letters, box.cuts)
    found = {
        letter.key: (link.how == "split", link.parent if not cited else None, link.parent)
        for c in conversations
        for letter, link, cited in zip(c.letters, c.links, c.cites, strict=True)
    }

    def line(key: str | None) -> list[tuple[bool, str | None]]:
        joined = []
        while key:
            is_split, hinted, key = found[key]
            joined.append((is_split, hinted))
        return joined

    return {key: line(key) for key in found}


EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def letters_in(box: Mailbox) -> tuple[Letter, ...]:
    return letters_of(box.roster.partner(box.partner_key), box.copies, box.roster, box.as_of)


@given(mailboxes(), st.data())
@EXAMPLES
def test_what_comes_later_changes_no_judgement(box: Mailbox, data: st.DataObject) -> None:
    letters = letters_in(box)
    counting = [x for x in letters if x.counts]
    assume(counting)
    last = data.draw(st.sampled_from(counting))
    until = [x for x in letters if x.order <= last.order]
    before, after = joined(until, box), joined(letters, box)
    known, everything = judged(until, box), judged(letters, box)
    same = [key for key in known if before[key] == after[key]]
    assert {key: everything[key] for key in same} == {key: known[key] for key in same}


@given(mailboxes(), st.data())
@EXAMPLES
def test_an_answer_taken_away_changes_no_judgement_of_what_its_side_was_asked(
    box: Mailbox, data: st.DataObject
) -> None:
    letters = letters_in(box)
    conversations = conversations_of(box.partner_key, letters, box.cuts)
    last = [c.counting[-1] for c in conversations if c.counting]
    # one that says it answers, as answers do; letters that cite it would follow nothing
    cited = {x.key for c in conversations for found in c.cites for x in found}
    answers = [x for x in last if x.in_reply_to or x.references]
    answers = [x for x in answers if x.key not in cited]
    assume(answers)
    answer = data.draw(st.sampled_from(answers))
    without = [x for x in letters if x.key != answer.key]
    before, after = joined(letters, box), joined(without, box)
    known, found = judged(letters, box), judged(without, box)
    asked = [x.key for x in without if x.counts and x.side != answer.side]
    same = [key for key in asked if before[key] == after[key]]
    assert {key: found[key] for key in same} == {key: known[key] for key in same}


def test_a_habit_is_of_the_writers_own_earlier_letters() -> None:
    copies = [theirs("a", HOUR), ours("b", 2 * HOUR, "a"), theirs("c", 3 * HOUR, "b")]
    letters = letters_of(ROSTER.partner(PARTNER), copies, ROSTER, AS_OF)
    assert [(h.letters, h.answers) for h in habits_of(letters)] == [(0, 0), (0, 0), (1, 0)]
    nobodys = [replace(letter, author=None) for letter in letters]
    assert {habit.letters for habit in habits_of(nobodys)} == {0}
