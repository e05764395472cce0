"""Header blocks read quickly give the same letter, and the same row, as mail-parser gives.

Made-up blocks lie near the plain ones: each has what is common, and here and there what makes it
unusual.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nasty_blocks import BLOCKS, PIECES, made_block
from test_messages import fetched

from inbox_agent.header_block import kept_fields
from inbox_agent.header_cleaning import clean_header, clean_text, without_comments
from inbox_agent.header_reading import read_date, read_fields, read_mailboxes
from inbox_agent.messages import HEADER_FIELDS, Message, read_block
from inbox_agent.mirror_rows import parsed_columns, parsed_columns_of
from inbox_agent.plain_headers import (
    plain_date,
    plain_entries,
    plain_fields,
    plain_mailbox,
    without_plain_comments,
)

# --- made-up blocks

WORDS = ("Ann", "Lee", "O'Neil", "J.", "=?utf-8?q?J=C3=BCrgen?=", "=?utf-8?B?SsO8cmdlbg==?=", "née")
NAMES = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
    st.sampled_from(
        [
            *(
                '"Lee, Ann"',
                '"Ann (Legal)"',
                '"Smith [ext]"',
                '""',
                '" Ann  Lee "',
                '"a\\"b"',
                '"a',
            ),
            *('"=?utf-8?q?a?="', '"Ann" Lee', 'Ann"Lee"', "'Ann'", "ann@x.example", "Ann\tLee"),
            *(
                '"ann@globex.example"',
                "Ann (Legal)",
                "(Ann)",
                "Ann@Work",
                "Ann: Lee",
                "Ann;",
                "<Ann",
            ),
            *("=?utf-8?q?Lee=2C_Ann?=", "=?x-none?q?a?=", "=?utf-8?q?a?= =?utf-8?q?b?=", "A=?B"),
            *("=?utf-8?q?" + "a" * 80 + "?=", "a]b", "a\\b", "..", "\x7f", "a\x0bb", ""),
        ]
    ),
)
ADDRESSES = st.sampled_from(
    [
        *("ann@globex.example", "Ann.Lee+x@Mail.Globex.example", "a@b", "x!y=?z@b.example"),
        *("ann..lee@b.example", ".ann@b.example", "ann@b.example.", '"a b"@c.example', "a@b@c.d"),
        *("ann@[192.0.2.1]", "ann", "", "@a.example:ann@b.example", "ann @ b.example", "(c)a@b.c"),
        *("a(c)@b.c", "ann@b_c.example", "jörg@b.example", "a@b.c (Ann Lee)", "'a@b.c'", "a@-.c"),
        *("undisclosed-recipients:;", "Team: a@b.c", "a@b.c;", "/O=ACME/OU=X/CN=ANN", "a,b@c.d"),
    ]
)
SHAPES = st.sampled_from(
    ["{1}", "{0} <{1}>", "{0}<{1}>", "<{1}>", "{0} <{1}> x", "{0} <{1}", "{0}"]
)
ODD_ENTRIES = st.builds(lambda shape, *parts: shape.format(*parts), SHAPES, NAMES, ADDRESSES)
USUAL_ENTRIES = st.sampled_from(
    [
        *("ann@globex.example", "Ann Lee <ann@globex.example>", '"Lee, Ann" <ann@globex.example>'),
        *("=?utf-8?q?J=C3=BCrgen?= <j@globex.example>", "a@b.example (Ann)", "ann..lee@b.example"),
        *("Eve <.eve.@b.example>", "ann", "/O=ACME/OU=X/CN=ANN", "undisclosed-recipients:;"),
    ]
)
ENTRIES = st.one_of(USUAL_ENTRIES, USUAL_ENTRIES, ODD_ENTRIES)
JOINTS = st.sampled_from([", ", ", ", ",", ",\r\n ", ",\r\n\t", ", ,", "; ", " ", ",,", ", \r\n  "])


@st.composite
def address_fields(draw: st.DrawFn) -> str:
    entries = draw(st.lists(ENTRIES, max_size=4))
    return "".join(entry + draw(JOINTS) for entry in entries[:-1]) + "".join(entries[-1:])


DATES = st.one_of(
    st.datetimes(datetime(1890, 1, 1), datetime(2110, 1, 1)).map(  # noqa: DTZ001 - zones come below
        lambda at: at.strftime("%a, %d %b %Y %H:%M:%S ")
    ),
    st.sampled_from(
        [
            *("Mon, 5 Jan 2026 10:00:00 ", "5 Jan 2026 10:00:00 ", "Tue,  5 Jan 2026 23:59:59 "),
            *("Mon, 31 Feb 2026 10:00:00 ", "Mon, 5 jan 2026 10:00:00 ", "5 Jan 26 10:00:00 "),
            *("Mon, 5 Jan 2026 24:00:00 ", "Mon, 5 Jan 2026 10:00:60 ", "Mon, 5 Jan 2026 10:00 "),
            *("Mon, 5 Abc 2026 10:00:00 ", "31 Dec 9999 23:59:59 ", "1 Jan 0001 00:00:00 "),
            *("Mon, 5 Jan 2026 10:00:00  ", "Mon,5 Jan 2026 10:00:00 ", "2026-01-05T10:00:00"),
        ]
    ),
)
ZONES = st.sampled_from(
    [
        *("+0100", "-0000", "+0000", "-0800", "+0530", "+0545", "+0507", "+1400", "-1400", "+1401"),
        *("+1359", "-1458", "+9999", "+0060", "GMT", "UTC", "UT", "EST", "CET", "Z", "J", "+01:00"),
        *("+0100 (CET)", "-0700 (PDT (x))", "+0100 (a", "(x) +0100", "", "gmt", "+010", "+0100x"),
    ]
)
IDS = st.lists(
    st.sampled_from(
        [
            *("<1@a.example>", "<a.b$c@D.example>", '<"a b"@c>', '<"ann"@c>', "<a\tb@c>", "a@b"),
            *("<a@b", "<>", "=?utf-8?q?=3Ca=40b=3E?=", "<x>", "(c)", "<" + "a" * 997 + "@b>"),
            *("<" + "a" * 996 + "@b>", "\r\n <2@b>", "Ann's of Monday"),
        ]
    ),
    max_size=4,
).map(" ".join)
TEXTS = st.sampled_from(
    [
        *(
            "Offer",
            "Re: Offer",
            "=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
            "=?utf-8?b?////?=",
            "a =? b",
            "Größe",
        ),
        *(
            "=?iso-8859-1?q?a=FCb?=\r\n =?iso-8859-1?q?c?=",
            "long\r\n folded\r\n\ttext",
            "",
            "tab\ttab",
        ),
        *("q\rBcc: x@evil.example", "nul\0", "=?undefined?q?a?=", '"quoted"', "(comment)", "a:b"),
    ]
)
HOSTS = st.sampled_from(
    [
        "from a (b [192.0.2.1]) by mx.acme.example (Postfix) with ESMTPS id 1 for <x@y.example>; ",
        *("by mx.acme.example; ", "from by (a (b) c) by MX.acme.example. ; ", "from a by b (c; "),
        *("(x) by y\r\n\tid z; ", 'from "(" by b; ', "from a\\ by b (c); ", "from x; "),
    ]
)
DATED = st.builds(lambda date, zone: date + zone, DATES, ZONES)
FIELDS = st.one_of(
    st.tuples(st.sampled_from(["From", "To", "Cc", "Bcc", "TO", "From "]), address_fields()),
    st.tuples(st.sampled_from(["Sender", "Reply-To", "X-Original-From"]), address_fields()),
    st.tuples(st.just("Date"), DATED),
    st.tuples(st.just("Received"), st.builds(lambda host, date: host + date, HOSTS, DATED)),
    st.tuples(st.sampled_from(["Message-ID", "Message-Id", "In-Reply-To", "References"]), IDS),
    st.tuples(st.sampled_from(["Subject", "Precedence", "List-Id", "Content-Type"]), TEXTS),
)
PLAIN_FIELDS = [
    ("From", "Ann Lee <ann@globex.example>"),
    ("To", '"Bob, Ben" <bob@acme.example>, c@acme.example'),
    ("Date", "Mon, 5 Jan 2026 10:00:00 +0100"),
    ("Message-ID", "<1@globex.example>"),
    ("References", "<2@acme.example> <3@globex.example>"),
    ("Subject", "Re: Offer"),
]


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    """An ordinary letter with some fields in place of its own or beside them, seldom cut about."""
    fields = draw(st.lists(FIELDS, max_size=6))
    kept = [field for field in PLAIN_FIELDS if draw(st.booleans())]
    end = draw(st.sampled_from(["\r\n", "\r\n", "\n"]))
    lines = [f"{name}: {value}{end}" for name, value in draw(st.permutations([*fields, *kept]))]
    block = ("".join(lines) + draw(st.sampled_from([end, end, "", end + "body"]))).encode()
    if draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, len(block)))
        block = block[:place] + draw(st.sampled_from(PIECES)) + block[place:]
    return block


NASTY = st.one_of(
    st.integers(min_value=0).map(made_block),
    st.lists(st.sampled_from((*PIECES, *BLOCKS.values())), max_size=12).map(b"".join),
)


def both_ways(block: bytes) -> tuple[Message, Message]:
    header = fetched(block)
    return read_block(header).message, read_block(header, quickly=False).message


# --- the same letter


@settings(max_examples=150)
@given(st.one_of(blocks(), blocks(), NASTY))
@example(b"From\r\n : ann@globex.example\r\n\r\n")
@example(b'From: "ann@globex.example" <ann@globex.example>\r\n\r\n')
@example(b"To: .a@b.example, c@d.example, Eve <e..@f.example>\r\nCc: /O=A/CN=B, (x\r\n\r\n")
@example(b"Reply-To: .a@b.example, c@d.example\r\nBcc: ann, bob@\r\n\r\n")
def test_read_quickly_a_letter_is_the_same(block: bytes) -> None:
    quick, careful = both_ways(block)
    assert quick == careful
    header = fetched(block)
    assert parsed_columns(header)[:-1] == parsed_columns_of(read_block(header, quickly=False))[:-1]


@pytest.mark.parametrize("name", BLOCKS)
def test_read_quickly_every_nasty_letter_is_the_same(name: str) -> None:
    quick, careful = both_ways(BLOCKS[name])
    assert quick == careful


@settings(max_examples=100)
@given(address_fields())
@example('a("b@c.example, d") <e@f.example>, g@h.example')
@example("<a@b.example,c@d.example>, e@f.example")
@example(".a@b.example, c@d.example, Eve <e..@f.example>")
@example("Team: a@b.example, c@d.example; e@f.example")
@example('(a, b) c@d.example, "e, f" <g@h.example>')
def test_the_mailboxes_of_a_field_are_the_same_entry_by_entry(value: str) -> None:
    assert read_mailboxes([value]) == read_mailboxes([value], quickly=False)


@settings(max_examples=100)
@given(DATED)
def test_a_date_read_quickly_is_the_same(text: str) -> None:
    assert read_date(text) == read_date(text, quickly=False)


@given(st.text(st.sampled_from('ab ()"\\;\t'), max_size=20))
def test_without_comments_quickly_is_the_same(text: str) -> None:
    assert without_comments(text) == counted_without_comments(text)


def counted_without_comments(text: str) -> str:
    """The definition of RFC 5322 §3.2.2, character by character."""
    kept, depth, is_quoted, is_escaped = "", 0, False, False
    for character in text:
        if is_escaped or character == "\\":
            kept += character if not depth else ""
            is_escaped = not is_escaped
        elif character == '"' and not depth:
            is_quoted = not is_quoted
            kept += character
        elif character == "(" and not is_quoted:
            kept += "" if depth else " "
            depth += 1
        elif depth:
            depth -= character == ")"
        else:
            kept += character
    return text if depth else kept


@given(st.text(st.sampled_from("aé \t\r\x85\u202e\x7f~!"), max_size=12), st.integers(0, 12))
def test_shown_text_has_nothing_that_is_not_printed(text: str, limit: int) -> None:
    shown = "".join(" " if c in "\t\r\x85" else c for c in text if c not in "\u202e\x7f")
    assert clean_text(text, limit) == " ".join(shown.split())[:limit].strip()


# --- what is plain


def is_plain(*lines: str) -> bool:
    block = "\r\n".join((*(f"{name}: {value}" for name, value in PLAIN_FIELDS), *lines, "", ""))
    return read_block(fetched(block.encode())).is_plain


PLAIN_LINES = {
    "folded": "X-Loop: a\r\n\tb",
    "name in quotes": 'Cc: "Lee, Ann" <ann@globex.example>',
    "encoded name": "Cc: =?utf-8?q?J=C3=BCrgen?= <j@globex.example>",
    "comment": "Cc: ann@globex.example (Ann Lee)",
    "closed group": "Cc: undisclosed-recipients:;",
    "no address": "Cc: ann",
    "repeated mark": "X-Loop: a\r\nX-Loop: b",
    "encoded word": "Thread-Topic: =?utf-8?q?=C3=BC?=",
}
UNUSUAL_LINES = {
    "8-bit": "X-Loop: \u00fc",
    "bare CR": "X-Loop: a\rb",
    "NUL": "X-Loop: a\0b",
    "bad line": "no field",
    "repeated recipients": "To: x@y.example",
    "open quote": 'Cc: "Ann <ann@globex.example>',
    "open group": "Cc: Team: ann@globex.example",
    "comma in a comment": "Cc: (a, b) ann@globex.example",
    "one long entry": f"Cc: {'a' * 400} <ann@globex.example>",
}


@pytest.mark.parametrize("name", PLAIN_LINES)
def test_what_is_common_is_read_quickly(name: str) -> None:
    assert is_plain(PLAIN_LINES[name])


@pytest.mark.parametrize("name", UNUSUAL_LINES)
def test_what_is_unusual_goes_to_mail_parser_as_a_whole(name: str) -> None:
    assert not is_plain(UNUSUAL_LINES[name])


def test_a_plain_block_needs_no_mail_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the library nothing is called: neither the whole parser nor its parts."""

    def fail(*_: object, **__: object) -> None:
        raise AssertionError

    for name in ("MailParser", "utils.get_addresses", "utils.decode_header_part"):
        monkeypatch.setattr(f"inbox_agent.header_reading.{name}", fail)
    block = "".join(f"{name}: {value}\n" for name, value in PLAIN_FIELDS)
    found = read_block(fetched(block.encode()))
    assert found.is_plain
    assert [a.name for a in found.message.to] == ["Bob, Ben", ""]
    assert found.message.sent_at == datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_each_of_many_recipients_is_read_up_to_the_cap_on_separators() -> None:
    """Of 4,001 commas the beginning is read, which is for the careful way."""
    many = ",".join(f"a{number}@b.example" for number in range(4_000))
    for value, plain in ((many, True), (f"{many},x@y.example,z@y.example", False)):
        clean = clean_header(f"To: {value}\n".encode())
        assert read_fields(clean).is_plain is plain


def test_the_fields_of_a_plain_block_are_found_by_hand() -> None:
    block = b"From : a@b.example\r\nSubject:\r\n a\r\n\tb \r\n\r\nBcc: body@b.example\r\n"
    assert plain_fields(block) == (("from", "a@b.example"), ("subject", "a\tb"))
    assert plain_fields(b"From: a@b.example") == (("from", "a@b.example"),)
    for odd in (
        b"",
        b"\n",
        b" x\nTo: a@b",
        b"From x\nTo: a@b",
        b"To a@b\n",
        b"To: \xfc\n",
        b"(cut)",
        b"To\n : a@b",
    ):
        assert plain_fields(odd) is None, odd
    assert plain_fields(b"X: y\n" * 999) is not None
    assert plain_fields(b"X: y\n" * 1_000) is None


def test_the_parts_of_a_plain_field_are_found_by_hand() -> None:
    assert plain_entries('"Lee, Ann" <a@b.example> , c@d.example') == [
        '"Lee, Ann" <a@b.example>',
        "c@d.example",
    ]
    assert plain_entries('"Lee, Ann <a@b.example>') is None
    assert plain_mailbox('" Lee,  Ann"<a@b.example>') == (" Lee,  Ann", "a@b.example")
    assert plain_mailbox("Ann  B.\tLee <a@b.example>") == ("Ann B. Lee", "a@b.example")
    assert plain_mailbox("a.b+c@d.example") == ("", "a.b+c@d.example")
    for odd in ("a@b@c", "a..b@c", "a@b.", "Ann <a@b> x", "Ann, <a@b>", "=?q?= <a@b>", "a b@c", ""):
        assert plain_mailbox(odd) is None, odd
    ten = datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert plain_date("Mon, 5 Jan 2026 11:00:00 +0100") == (ten, 60)
    assert plain_date("5 Jan 2026 10:00:00 -0000") == (ten, None)
    assert plain_date("5 Jan 2026 10:07:00 +0007") == (ten, None)
    for odd in ("5 Jan 2026 10:00 GMT", "32 Jan 2026 10:00:00 GMT", "5 Jan 2026 10:00:00 +1401"):
        assert plain_date(odd) is None, odd
    assert without_plain_comments("by a (b) c") == "by a   c"
    for odd in ("(a (b))", "a)", '"("', "(\\))"):
        assert without_plain_comments(odd) is None, odd


# --- real mail


def letters_of(mbox: Path) -> Iterator[bytes]:
    octets = b"\n\n" + gzip.decompress(mbox.read_bytes())
    yield from (letter for letter in re.split(rb"\n\nFrom [^\n]*\n", octets) if letter.strip())


def quick_share(letters: Sequence[bytes], name: str) -> float:
    """The share that is read quickly; each letter must be the same as read by mail-parser."""
    ways = []
    for letter in letters:
        header = fetched(kept_fields(letter, (), True, HEADER_FIELDS))
        found = read_block(header)
        assert found.message == read_block(header, quickly=False).message, name
        ways.append(found.is_plain)
    return sum(ways) / len(ways)


@pytest.mark.corpora
@pytest.mark.parametrize("archive", ["enron", "lists", "mined", "spamassassin"])
def test_real_mail_read_quickly_is_the_same_and_hardly_any_is_not(
    archive: str, corpora: Path
) -> None:
    """Every letter of every archive; an archive of fewer than 100 says nothing about shares."""
    for mbox in sorted((corpora / archive).rglob("*.mbox.gz")):
        letters = list(letters_of(mbox))
        share = quick_share(letters, mbox.name)
        assert share >= 0.98 or len(letters) < 100, (mbox.name, share)


@pytest.mark.corpora
def test_the_nastiest_real_mail_read_quickly_is_the_same(corpora: Path) -> None:
    files = [p for p in (corpora / "torture").rglob("*") if p.is_file() and p.suffix != ".tsv"]
    assert len(files) > 1000
    for path in sorted(files):
        quick, careful = both_ways(path.read_bytes())
        assert quick == careful, path.name
