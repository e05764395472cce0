"""A person is found in a header block however the address is written, folded or coded there."""

from __future__ import annotations

import base64
import re
import time
import unicodedata
from email.header import decode_header
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inbox_agent.addresses import Address
from inbox_agent.erasure import report_without, without_address
from inbox_agent.header_lines import CUT_MARK

ANN = "ann.lee@globex.example"
BOB = b"From: Bob <bob@globex.example>\r\n"
MSFBL = base64.b64encode(b'{"r":"ann.lee@globex.example","m":1}').decode()


def is_ann(address: Address) -> bool:
    return address.key == ANN


def is_idn(address: Address) -> bool:
    return address.key == "ann@xn--bcher-kva.example"


def kept(line: str) -> str:
    """The field of a letter by Bob as it is kept without Ann; empty where it goes."""
    found = without_address(BOB + line.encode() + b"\r\n\r\n", is_ann)
    assert found is not None
    assert found.startswith(BOB)
    assert found.endswith(b"\r\n\r\n")
    return found[len(BOB) : -2].decode().removesuffix("\r\n")


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ('To: "ann.lee"@globex.example, Cy <cy@x.example>', '"Cy" <cy@x.example>'),
        ('To: "ann\\.lee"@GLOBEX.example', None),
        ("To: ann.lee+news@globex.example, cy@x.example", "cy@x.example"),
        ("To: ann.lee@\r\n globex.example, cy@x.example", "cy@x.example"),
        ("To: ann . lee @ globex . example, cy@x.example", "cy@x.example"),
        ("To: ann.lee(at work)@globex.example", None),
        ("To: <@relay.example:ann.lee@globex.example>, cy@x.example", "cy@x.example"),
        ("To: Team: Ann <ann.lee@globex.example>, Cy <cy@x.example>;", '"Cy" <cy@x.example>'),
        ("To: ann.lee%globex.example@relay.example, cy@x.example", "cy@x.example"),
        ("To: ann.lee=globex.example@relay.example, cy@x.example", "cy@x.example"),
        ("To: IMCEASMTP-ann+2Elee+40globex+2Eexample@acme.example", None),
        ("To: =?utf-8?q?ann.lee=40globex.example?=", None),
        ("Bcc: =?utf-8?b?" + base64.b64encode(ANN.encode()).decode() + "?= <cy@x.example>",
         '"erased@erased.invalid" <cy@x.example>'),
        ("Subject: =?utf-8?q?ann.le?=\r\n =?utf-8?q?e=40globex.example?=", "erased@erased.invalid"),
        # one bad word does not hide the others
        ("Subject: =?utf-8?b?A?= =?utf-8?q?ann.lee=40globex.example?=",
         "=?utf-8?b?A?= erased@erased.invalid"),
        ("Subject: =?no-such?q?ann.lee=40globex.example?=", "erased@erased.invalid"),
        ("Subject: =?utf-7?q?ann.lee+AEA-globex.example?=", "erased@erased.invalid"),
        ("Subject: write to ann.lee at globex.example", "write to erased@erased.invalid"),
        ("Subject: ann.lee\uff20globex.example", "erased@erased.invalid"),
        ("Subject: ann.lee\x01@globex.example", "erased@erased.invalid"),
        ("Subject: ann.lee@globex\u200b.example", "erased@erased.invalid"),
        ("Thread-Topic: mailto:Ann.Lee@Globex.Example", "mailto:erased@erased.invalid"),
        ("Message-ID: <12ann.lee@globex.example>", "<12erased@erased.invalid>"),
        ("Message-ID: <ann.lee@globex.example.77>", "<erased@erased.invalid.77>"),
        ("Message-ID: <ann.lee\r\n @globex.example>", "<erased@erased.invalid>"),
        ('In-Reply-To: <"ann.lee"@globex.example>', "<erased@erased.invalid>"),
        ("References: <1@x> <ann.lee@\r\n globex.example>", "<1@x><erased@erased.invalid>"),
        ("Received: by mx for <ann.lee@globex\r\n .example>; x",
         "bymxfor<erased@erased.invalid>;x"),
        ("Return-Path: <prvs=074b=ann.lee@globex.example>", "<prvs=074b=erased@erased.invalid>"),
        ("Return-Path: <b-ann.lee=globex.example-12@n.example>",
         "<b-erased@erased.invalid-12@n.example>"),
        ("Return-Path: <globex.example!ann.lee@relay.example>",
         "<erased@erased.invalid@relay.example>"),
        ("List-Unsubscribe: <https://n.example/?u=ann%2Elee%40globex%2Eexample>",
         "<https://n.example/?u=erased@erased.invalid>"),
        ("List-Unsubscribe: <https://n.example/u/ann.lee@globex.example/x>",
         "<https://n.example/u/erased@erased.invalid/x>"),
        (f"X-MSFBL: abc|{MSFBL}", None),
        (f"X-MSFBL: {MSFBL[:20]}\r\n {MSFBL[20:]}", None),
        (f"Feedback-ID: 1:news-{ANN}:x", "1:news-erased@erased.invalid:x"),
        (f"Authentication-Results: mx.example; spf=pass smtp.mailfrom={ANN}",
         "mx.example; spf=pass smtp.mailfrom=erased@erased.invalid"),
        ("X-Loop: 'ann.lee@globex.example'", "'erased@erased.invalid'"),
    ],
)  # fmt: skip
def test_the_address_is_found_in_every_form(line: str, left: str | None) -> None:
    assert kept(line) == ("" if left is None else f"{line.partition(':')[0]}: {left}")


@pytest.mark.parametrize(
    "line",
    [
        "To: o'ann.lee@globex.example",
        "Received: by mx for <o'ann.lee@globex.example>; x",
        "To: joann.lee@globex.example, mary-ann.lee@globex.example",
        "To: ann.lee@globex.example.evil.example",
        "Subject: ann.lee@globex.examples and ann.lee@sub.globex.example",
        "Subject: =?utf-8?b?A?= =?x?q?", "Subject: 100%40 off = 5@7!",
        f"X-MSFBL: {base64.b64encode(b'bob@globex.example' * 9).decode()}",
        # a name alone is not known to be the person's
        "To: Ann Lee <cy@x.example>",
    ],
)  # fmt: skip
def test_what_is_somebody_elses_stays_octet_for_octet(line: str) -> None:
    assert kept(line) == line


@pytest.mark.parametrize("author", ["o'ann.lee@globex.example", "joann.lee@globex.example"])
def test_somebody_whose_address_ends_like_the_persons_keeps_his_letters(author: str) -> None:
    block = f"From: {author}\r\nSubject: x\r\n\r\n".encode()
    assert without_address(block, is_ann) == block


@pytest.mark.parametrize(
    "author",
    [
        '"ann.lee"@globex.example',
        "ann.lee+shop@globex.example",
        "=?utf-8?q?ann.lee=40globex.example?=",
        "IMCEASMTP-ann+2Elee+40globex+2Eexample@acme.example",
        "ann.lee=globex.example@dmarc.acme.example",
        "Ann ann.lee@globex.example",
    ],
)
def test_the_persons_own_letter_goes_however_the_author_is_written(author: str) -> None:
    assert without_address(f"From: {author}\r\nSubject: x\r\n\r\n".encode(), is_ann) is None


def test_a_stray_line_below_the_author_makes_nobody_the_author() -> None:
    block = BOB + b"ann.lee@globex.example said\r\nSubject: x\r\n\r\n"
    assert without_address(block, is_ann) == BOB + b"Subject: x\r\n\r\n"


@pytest.mark.parametrize(
    "written",
    ["ann@bücher.example", "ann@BÜCHER.example", "ann@xn--bcher-kva.example",
     unicodedata.normalize("NFD", "ann@bücher.example"), "ann%40b%C3%BCcher.example"],
)  # fmt: skip
def test_an_international_domain_is_found_in_either_form(written: str) -> None:
    block = BOB + f"Subject: see {written}\r\n\r\n".encode()
    assert without_address(block, is_idn) == BOB + b"Subject: see erased@erased.invalid\r\n\r\n"


def test_an_international_domain_in_old_octets_is_found() -> None:
    block = BOB + "Subject: see ann@bücher.example\r\n\r\n".encode("cp1252")
    assert without_address(block, is_idn) == BOB + b"Subject: see erased@erased.invalid\r\n\r\n"


def test_a_cut_block_stays_a_cut_block() -> None:
    block = BOB + f"Subject: {ANN}\r\n".encode() + CUT_MARK
    assert without_address(block, is_ann) == (
        BOB + b"Subject: erased@erased.invalid\r\n" + CUT_MARK
    )


@pytest.mark.parametrize(
    "recipient",
    ["rfc822; Ann.Lee+2Bnews@globex.example", "utf-8; ann\\x{2E}lee@globex.example",
     'rfc822; "ann.lee"@globex.example', "rfc822;<ann.lee@globex.example>"],
)  # fmt: skip
def test_a_delivery_report_is_searched_in_its_own_codings(recipient: str) -> None:
    other = b"final-recipient: rfc822; cy@x.example\naction: failed\n"
    hers = f"final-recipient: {recipient}\naction: failed\n".encode()
    assert report_without(other + b"\n" + hers, is_ann) == other


@pytest.mark.parametrize(
    "unit",
    ["a@", "=a", "a.b-c_", "=?utf-8?q?a?=", "a@b.c-d_e.f-", "((((a)@", "a!b%c=", '"', " at ",
     "<a.b.c.d.e.f.g.h@a.b.c.d.e.f>", "QUJDREVGRw", "+40", "%2540"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["References", "To", "From", "Subject"])
def test_no_text_takes_long(name: str, unit: str) -> None:
    block = BOB + f"{name}: {unit * (64_000 // len(unit))}\r\n\r\n".encode()
    began = time.monotonic()
    without_address(block, is_ann)
    assert time.monotonic() - began < 20  # what is not linear here takes minutes


# -- any letter -----------------------------------------------------------------------------

LOCALS = ("ann.lee", "Ann.LEE", '"ann.lee"', "ann.lee+x")
DOMAINS = ("globex.example", "GLOBEX.Example", "globex.example.")
FIELDS = (
    *("To", "Cc", "Bcc", "Reply-To", "Sender", "Subject", "Thread-Topic", "References", "X-Loop"),
    *("In-Reply-To", "Message-ID", "Received", "Return-Path", "List-Unsubscribe", "Feedback-ID"),
    *("Authentication-Results", "X-Failed-Recipients", "Delivered-To", "List-Id", "Content-Type"),
)
OTHERS = (
    "cy@x.example",
    "joann.lee@globex.example",
    "o'ann.lee@globex.example",
    "Dee <d@x.example>",
)
words = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0@=%!+"), max_size=12)


@st.composite
def hers(draw: st.DrawFn) -> str:
    """Ann's address in some writing."""
    local, domain = draw(st.sampled_from(LOCALS)), draw(st.sampled_from(DOMAINS))
    plain = f"{local}@{domain}"
    coded = base64.b64encode(plain.encode()).decode()
    folds = st.integers(1, len(plain) - 1).map(lambda n: f"{plain[:n]}\r\n {plain[n:]}")
    return draw(
        st.sampled_from([
            plain, f"<{plain}>", f"Ann Lee <{plain}>", f"Friends: {plain};",
            f"<mailto:{plain}?subject=x>", f"=?utf-8?b?{coded}?=",
            "<n-ann.lee=globex.example@n.example>", "=?iso-8859-1?q?ann.lee=40globex.example?=",
            "<SRS0=a=b=globex.example=ann.lee@f.example>",
        ]) | folds
    )  # fmt: skip


@st.composite
def letters(draw: st.DrawFn) -> tuple[bytes, set[int]]:
    """A header block by somebody else, and which of its fields name Ann."""
    fields, naming = [BOB], set()
    for number in range(1, draw(st.integers(1, 5)) + 1):
        name = draw(st.sampled_from(FIELDS))
        others = st.sampled_from(OTHERS)
        if draw(st.booleans()):
            naming.add(number)
            parts = [draw(others), draw(hers()), draw(others)]
        else:
            parts = [draw(others), draw(words)]
        fields.append(f"{name}: {', '.join(parts)}\r\n".encode("utf-8", "replace"))
    return b"".join([*fields, b"\r\n"]), naming


def shows(octets: bytes) -> bool:
    """Whether Ann's address shows in octets, as a reader of this test would look for it."""
    text = octets.decode("utf-8", "replace")
    decoded = "".join(
        part if isinstance(part, str) else part.decode(charset or "ascii", "replace")
        for part, charset in decode_header(text)
    )
    for reading in (text, decoded, "".join(text.split()), unquote(text)):
        plain = reading.lower().replace('"', "")
        if re.search(r"(?<![\w'.])ann\.lee(\+x)?[@=]globex\.example(?![\w-])", plain):
            return True
        if "globex.example=ann.lee@" in plain:
            return True
    return False


@settings(max_examples=300, deadline=None)
@given(letters())
@example((BOB + b"To: cy@x.example, ann.lee@globex.example., cy@x.example\r\n\r\n", {1}))
def test_of_any_letter_nothing_of_the_person_is_kept_and_all_else_is(
    letter: tuple[bytes, set[int]],
) -> None:
    block, naming = letter
    found = without_address(block, is_ann)
    assert found is not None
    before = re.split(rb"(?<=\r\n)(?![ \t])", block)
    after = re.split(rb"(?<=\r\n)(?![ \t])", found)
    assert not any(shows(field) for field in after)
    untouched = [field for number, field in enumerate(before) if number not in naming]
    assert [field for field in untouched if field not in after] == []
    assert without_address(found, is_ann) == found
