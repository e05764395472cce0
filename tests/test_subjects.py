"""Base subject and prefixes, by RFC 5256 §2.1 and the other languages' tables."""

# ruff: noqa: RUF001 - letters of other alphabets are what is tested

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_agent.subjects import GENERIC_SUBJECTS, Subject, read_subject

REPLY, FORWARD, NEITHER = (True, False), (False, True), (False, False)

REPLIES = [
    *("AW", "Antw", "Antwort", "SV", "VS", "RES", "RIF", "R", "YNT", "Odp", "Odg", "Vá", "ATB"),
    *("BLS", "TL", "ΑΠ", "ΣΧΕΤ", "Отв", "На", "回复", "回覆", "答复", "返信", "답장", "회신"),
    *("תגובה", "השב", "رد"),
]
FORWARDS = [
    *("FW", "Fwd", "WG", "VB", "VL", "FS", "RV", "ENC", "I", "TR", "PD", "YML", "ILT", "İLT"),
    *("Továbbítás", "Doorst", "TRS", "ΠΡΘ", "Пересл", "转发", "轉寄", "転送", "전달", "הועבר"),
    "إعادة توجيه",
]
CASES = [
    ("Offer", "offer", NEITHER),
    ("  Offer \t for\u00a0you ", "offer for you", NEITHER),
    ("", "", NEITHER),
    ("Re:", "", REPLY),
    ("Re: Offer", "offer", REPLY),
    ("re:Offer", "offer", REPLY),
    ("RE : Offer", "offer", REPLY),  # French Outlook
    ("Re\u00a0: Offer", "offer", REPLY),
    ("Re[2]: Offer", "offer", REPLY),
    ("Re (3): Offer", "offer", REPLY),
    ("Re^2: Offer", "offer", REPLY),
    ("Re [list]: Offer", "offer", REPLY),
    ("Re: Re: RE: Offer", "offer", REPLY),
    ("Re: Fwd: Offer", "offer", REPLY),
    ("Fwd: Re: Offer", "offer", FORWARD),
    ("FW: Offer", "offer", FORWARD),
    ("Offer (fwd)", "offer", FORWARD),
    ("Offer (Fwd) (fwd)", "offer", FORWARD),
    ("Re: Offer (fwd)", "offer", REPLY),
    ("[Fwd: Offer]", "offer", FORWARD),
    ("[Fwd: [list] Re: Offer]", "offer", FORWARD),
    ("Re: [Fwd: Offer]", "offer", REPLY),
    ("[EXTERNAL] Re: Offer", "offer", REPLY),
    ("Re: [list-name] Offer", "offer", REPLY),
    ("[a][b] Re: [c] AW: Offer", "offer", REPLY),
    ("[list]", "[list]", NEITHER),
    ("[one] [two]", "[two]", NEITHER),
    ("Re: [two]", "[two]", REPLY),
    # no prefixes, though they look like some
    ("Reply: Offer", "reply: offer", NEITHER),
    ("Re Offer: now", "re offer: now", NEITHER),
    ("Agenda: Offer", "agenda: offer", NEITHER),
    ("Phase I: Offer", "phase i: offer", NEITHER),
    ("Re-entry: Offer", "re-entry: offer", NEITHER),
    ("[unclosed Re: Offer", "[unclosed re: offer", NEITHER),
    ("R : Offer", "r : offer", NEITHER),
    ("I[2]: Offer", "i[2]: offer", NEITHER),
    ("Automatic reply: Offer", "automatic reply: offer", NEITHER),
    # other languages
    *((f"{word}: Offer", "offer", REPLY) for word in REPLIES),
    *((f"{word}: Offer", "offer", FORWARD) for word in FORWARDS),
    ("回复：报价", "报价", REPLY),
    ("AW: WG: Angebot", "angebot", REPLY),
    ("Straße", "strasse", NEITHER),
]


@pytest.mark.parametrize(("text", "base", "flags"), CASES, ids=[case[0] for case in CASES])
def test_a_subject_is_read_as_its_base_and_outermost_prefix(
    text: str, base: str, flags: tuple[bool, bool]
) -> None:
    assert read_subject(text) == Subject(base, is_reply=flags[0], is_forward=flags[1])


PIECES = st.sampled_from(
    [case[0] for case in CASES]
    + ["[", "]", "(", ")", ":", "：", " ", "(fwd)", "[fwd:", "re", "i", "r", "İ", "ß", "\u0307"]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=8).map("".join))


@given(TEXTS)
def test_reading_a_base_subject_again_gives_the_same_base(text: str) -> None:
    base = read_subject(text).base
    again = read_subject(base)
    assert again.base == base
    assert not again.is_reply
    assert not again.is_forward


@given(st.integers(1, 1200), st.sampled_from(["ß", "İ", "ﬃ", "re: ", "x "]))
def test_a_long_subject_keeps_that_law(count: int, piece: str) -> None:
    base = read_subject(piece * count + "[fwd: y] (fwd)").base
    assert read_subject(base).base == base


@given(TEXTS)
def test_a_subject_is_never_reply_and_forward_at_once(text: str) -> None:
    subject = read_subject(text)
    assert not (subject.is_reply and subject.is_forward)


@given(TEXTS)
def test_an_answer_has_the_base_of_what_it_answers(text: str) -> None:
    base = read_subject(text).base
    answer = read_subject(f"Re: {base}")
    assert answer.is_reply
    assert answer.base == base


def test_a_generic_subject_is_written_as_a_base_subject() -> None:
    assert {read_subject(word).base for word in GENERIC_SUBJECTS - {"re"}} <= GENERIC_SUBJECTS
    named = "hello, hi, question, meeting, update, invoice, thanks, thank you, request, info"
    named += ", information, follow up, re, no subject"
    assert set(named.split(", ")) <= GENERIC_SUBJECTS


@pytest.mark.parametrize(
    "bomb", ["[" * 10**6, "re " * 10**6, "[a]" * 10**6, "(fwd)" * 10**6, "re[" * 10**6, " " * 10**6]
)
def test_no_subject_takes_long_to_read(bomb: str) -> None:
    began = time.process_time()
    read_subject(bomb)
    assert time.process_time() - began < 0.5  # measured: under 2 ms; quadratic would be minutes
