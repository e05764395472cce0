"""The quick way through a FETCH answer gives what imapclient's parser gives, or leaves it to it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient.response_parser import parse_fetch_response

from inbox_agent.imap_answers import UNREADABLE, Items, letters, without_echo
from inbox_agent.imap_split import split

BLOCK = b"From: a@b.example\r\n\r\n"
FIELDS = b"BODY[HEADER.FIELDS (FROM SENDER X-GITHUB-REASON)]<0>"
USUAL = b'UID 5 INTERNALDATE "01-Mar-2024 09:00:00 +0100" RFC822.SIZE 99'
Answer = list[Any]


def answer(items: bytes, number: int = 1, block: bytes = BLOCK, end: bytes = b")") -> Answer:
    """One letter, as imaplib gives it."""
    return [(b"%d (%b %b {%d}" % (number, items, FIELDS, len(block)), block), end]


def by_the_library(data: Answer) -> dict[int, Items] | None:
    try:
        parsed = parse_fetch_response(without_echo(data), normalise_times=False, uid_is_key=False)
    except UNREADABLE:
        return None
    return letters(parsed.values(), set(range(100)))


def test_what_dovecot_says_goes_the_quick_way() -> None:
    data = answer(USUAL) + answer(USUAL.replace(b"UID 5", b"UID 6"), number=2)
    quick = split(data)
    assert quick is not None
    assert [each[b"UID"] for each in quick] == [5, 6]
    assert letters(quick, {5, 6}) == by_the_library(data)


def test_an_answer_without_a_letter_is_none_of_the_unusual_ones() -> None:
    assert split([None]) == []


@pytest.mark.parametrize(
    "data",
    [
        answer(USUAL + b" FLAGS (\\Seen)"),
        answer(USUAL, end=b" UID 5)"),
        answer(USUAL) + answer(USUAL),  # one number twice is one letter
        answer(USUAL + b' X-GM-LABELS ("\\\\Sent")'),
        answer(USUAL.replace(b"Mar", b"Mrz")),
        answer(USUAL.replace(b"2024", b"0024")),  # the library takes it for 2024
        answer(USUAL.replace(b"01-", b"31-").replace(b"Mar", b"Feb")),
        answer(USUAL.replace(b"+0100", b"+9900")),
        answer(USUAL + b" EMAILID (0815)"),  # the library reads a number: 815
        [*answer(USUAL), b"2 (FLAGS ())"],
        [b"1 (UID 5 BODY[HEADER.FIELDS (FROM)] NIL)"],
        [b"1 (UID 5)", b"2 (UID 6)"],
    ],
)
def test_what_is_unusual_is_left_to_the_library(data: Answer) -> None:
    assert split(data) is None


NUMBERS = st.integers(0, 12).map(lambda n: b"%d" % n)
TWO = st.integers(0, 99).map(lambda n: b"%02d" % n)
DATES = st.builds(
    lambda *parts: b'INTERNALDATE "%b-%b-%b %b:%b:%b %b%b%b"' % parts,
    st.sampled_from([b"01", b" 1", b"1", b"29", b"31", b"00"]),
    st.sampled_from([b"Feb", b"Dec", b"feb", b"Foo"]),
    st.sampled_from([b"2024", b"1900", b"0001", b"9999", b"24"]),
    *(st.sampled_from([b"00", b"23", b"24"]), st.sampled_from([b"59", b"60"]), TWO),
    *(st.sampled_from([b"+", b"-"]), st.sampled_from([b"00", b"14", b"23", b"24"]), TWO),
)
IDS = st.sampled_from([b"(M6d99)", b"(12)", b"(00a)", b"NIL", b"()", b"(a b)", b"M1", b"(_-)"])
ITEMS = st.lists(
    st.one_of(
        NUMBERS.map(lambda n: b"UID " + n),
        NUMBERS.map(lambda n: b"RFC822.SIZE " + n),
        DATES,
        IDS.map(lambda text: b"EMAILID " + text),
        IDS.map(lambda text: b"THREADID " + text),
        st.just(b"FLAGS (\\Seen)"),
    ),
    min_size=1,
    max_size=5,
).map(b" ".join)


@given(st.lists(st.builds(answer, ITEMS, st.integers(1, 3)), max_size=3))
def test_the_quick_way_gives_the_same_letters(answers: list[Answer]) -> None:
    data = [item for each in answers for item in each]
    quick = split(data)
    assert quick is None or letters(quick, set(range(100))) == by_the_library(data)
