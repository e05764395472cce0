"""Header bytes to `Message`: what every block must give, and what hostile ones must not."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_agent.addresses import Address
from inbox_agent.header_cleaning import PROBLEMS, clean_header, clean_text, without_comments
from inbox_agent.messages import (
    MARK_FIELDS,
    FetchedHeader,
    Message,
    has_attachment,
    parse_message,
    read_block,
)

FETCHED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ARRIVED = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)

PLAIN = b"""From: Ann Lee <ann@globex.com>
To: partners@acme.com
Subject: Offer
Date: Mon, 5 Jan 2026 10:00:00 +0100
Message-ID: <one@globex.com>
"""


def fetched(block: bytes, received_at: datetime | None = ARRIVED) -> FetchedHeader:
    return FetchedHeader(
        mailbox="partners",
        folder="INBOX",
        uidvalidity=1,
        uid=7,
        received_at=received_at,
        size_octets=2048,
        block=block,
        fetched_at=FETCHED,
    )


def read(block: bytes | str, *, is_sent_copy: bool = False) -> Message:
    octets = block.encode() if isinstance(block, str) else block
    return parse_message(fetched(octets), is_sent_copy=is_sent_copy)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def keys(people: tuple[Address, ...]) -> list[str]:
    return [address.key for address in people]


# --- an ordinary letter


def test_a_plain_letter_is_read_whole() -> None:
    message = parse_message(fetched(PLAIN), is_sent_copy=True, is_settled=True)
    assert message == Message(
        mailbox="partners",
        folder="INBOX",
        digest=hashlib.sha256(PLAIN).hexdigest(),
        message_id="one@globex.com",
        in_reply_to=None,
        references=(),
        from_=Address("Ann Lee", "ann", "globex.com"),
        to=(Address("", "partners", "acme.com"),),
        cc=(),
        bcc=(),
        subject="Offer",
        sent_at=utc(2026, 1, 5, 9, 0),
        received_at=ARRIVED,
        received=(),
        fetched_at=FETCHED,
        size_octets=2048,
        marks=(),
        problems=(),
        is_sent_copy=True,
        is_settled=True,
        date_offset_minutes=60,
    )


def test_line_ends_make_no_difference_but_to_the_digest() -> None:
    crlf = read(PLAIN.replace(b"\n", b"\r\n"))
    lf = read(PLAIN)
    assert crlf.digest != lf.digest
    assert (crlf.from_, crlf.to, crlf.subject, crlf.sent_at, crlf.message_id) == (
        *(lf.from_, lf.to, lf.subject, lf.sent_at, lf.message_id),
    )


def test_nothing_after_the_first_empty_line_is_read() -> None:
    message = read(PLAIN + b"\nCc: body@evil.example\n")
    assert message.cc == ()
    assert message.problems == ()


def test_an_empty_block_is_a_letter_with_problems() -> None:
    message = read(b"")
    assert message.from_ is None
    assert message.message_id == f"{message.digest}@missing-id.invalid"
    assert message.problems == ("no_date", "no_from", "no_message_id")


# --- cleaning

NAMES = st.from_regex(r"[!-9;-~]{1,20}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_categories=["Cc"]))
FIELDS = st.tuples(NAMES, VALUES.map(str.strip).filter(lambda v: v.strip() == v))


@given(st.binary(max_size=2000))
def test_no_bytes_make_it_raise(block: bytes) -> None:
    message = read(block)
    assert set(message.problems) <= set(PROBLEMS)


FRAGMENTS = st.sampled_from(
    [
        *(b"From:", b"To:", b"Subject:", b"Date:", b"Message-ID:", b"References:", b"Received:"),
        *(b"In-Reply-To:", b"Content-Type:", b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b"\r\n "),
        *(
            b"<a@b.example>",
            b"<",
            b">",
            b"@",
            b'"',
            b"(",
            b")",
            b"\\",
            b",",
            b";",
            b":",
            b"undisclosed:;",
        ),
        *(
            b"=?utf-8?q?=FC=0A?=",
            b"=?x?b?////?=",
            b"=?unicode_escape?q?=5Cz=5Cud800?=",
            b"=?utf-7?q?+2AA-?=",
        ),
        *(
            b"Mon, 5 Jan 2026 10:00:00 +0100",
            b" +9999",
            b" CET",
            b"0001",
            b"9999",
            b"\xfc",
            b"\xff\xfe",
        ),
        *(
            b"a@stra\xc3\x9fe.de",
            b"a@xn--0.de",
            b"a@\xe2\x80\xae.de",
            b"/O=EXCH/CN=ANN",
            b"by mx.acme.com; ",
        ),
    ]
)


@given(st.lists(FRAGMENTS, max_size=40).map(b"".join))
def test_no_broken_header_makes_it_raise_and_all_text_can_be_stored(block: bytes) -> None:
    message = read(block)
    people = [*message.to, *message.cc, *message.bcc, *([message.from_] if message.from_ else [])]
    texts = chain(
        *([a.name, a.local, a.domain] for a in people),
        [message.subject, message.message_id, message.in_reply_to or "", *message.references],
        *message.marks,
    )
    for text in texts:
        text.encode("utf-8")
        assert clean_text(text, 10_000) == text
    assert all(at.tzinfo is UTC and not at.microsecond for _, at in message.received)


@given(
    st.lists(
        st.one_of(FIELDS, st.binary(max_size=30).map(lambda b: b.replace(b"\n", b""))), max_size=20
    )
)
def test_every_well_formed_line_survives_whatever_stands_around_it(lines: list[object]) -> None:
    block = bytearray()
    expected = []
    for line in lines:
        if isinstance(line, tuple):
            block += f"{line[0]}: {line[1]}".encode()
            expected.append((line[0].lower(), line[1]))
        else:
            block += b"\x01" + bytes(line)  # type: ignore[call-overload]  # no field has such a name
        block += b"\r\n"
    assert list(clean_header(bytes(block)).fields) == expected


@given(st.lists(FIELDS, min_size=1, max_size=8), st.sampled_from([b"\r", b"\0", b"\r\r"]))
def test_a_bare_cr_or_nul_injects_no_field(fields: list[tuple[str, str]], bare: bytes) -> None:
    block = b"".join(f"{n}: {v}".encode() + bare + b"Bcc: x@evil.example\r\n" for n, v in fields)
    clean = clean_header(block)
    assert [name for name, _ in clean.fields] == [name.lower() for name, _ in fields]
    assert "control_octets" in clean.problems


def test_a_bare_cr_in_a_subject_forges_no_bcc() -> None:
    message = read(b"Subject: q\rBcc: inj@evil.example\rAuto-Submitted: auto-replied\n")
    assert message.bcc == ()
    assert message.marks == ()
    assert message.subject == "q Bcc: inj@evil.example Auto-Submitted: auto-replied"


def test_a_bad_line_costs_itself_and_what_continues_it_alone() -> None:
    message = read(b"To: a@x.example\nno field\n  more of it\n" + PLAIN)
    assert message.from_ is not None
    assert keys(message.to) == ["a@x.example", "partners@acme.com"]
    assert message.subject == "Offer"
    assert message.problems == ("bad_line",)


@pytest.mark.parametrize(
    "above",
    [
        b"From ann@globex.com Mon Jan  5 10:00:00 2026\n",
        b">From ann@globex.com Mon Jan  5 10:00:00 2026\n",
        b"\r\n\n",
        b"\nFrom ann@globex.com Mon Jan  5 10:00:00 2026\n\n",
    ],
)
def test_a_from_line_and_empty_lines_above_the_first_field_are_passed_over(above: bytes) -> None:
    message = read(above + PLAIN)
    assert message.subject == "Offer"
    assert message.from_ == Address("Ann Lee", "ann", "globex.com")
    assert message.problems == ()


def test_a_letter_that_begins_with_its_body_has_no_header() -> None:
    message = read(b"\r\nDear all,\r\nSubject: matter of taste\r\n")
    assert message.subject == ""
    assert message.problems == ("no_date", "no_from", "no_message_id")


def test_a_cr_ends_lines_where_no_lf_does() -> None:
    message = read(PLAIN.replace(b"\n", b"\r") + b"\rCc: body@evil.example\r")
    assert message.subject == "Offer"
    assert message.sent_at == utc(2026, 1, 5, 9, 0)
    assert message.cc == ()
    assert message.problems == ()


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_one_lf_anywhere_makes_every_bare_cr_a_space(line_end: bytes) -> None:
    message = read(b"Subject: q\rBcc: inj@evil.example\rFrom: a@x.example" + line_end)
    assert (message.subject, message.bcc) == ("q Bcc: inj@evil.example From: a@x.example", ())
    assert "control_octets" in message.problems


def test_a_cr_too_many_at_the_end_of_lines_does_not_hide_the_end_of_the_header() -> None:
    message = read(PLAIN.replace(b"\n", b"\r\r\n") + b"\r\r\nCc: body@evil.example\r\r\n")
    assert (message.subject, message.cc) == ("Offer", ())


def test_white_space_before_the_colon_is_allowed() -> None:
    message = read(PLAIN.replace(b"From:", b"From :").replace(b"Subject:", b"Subject\t:"))
    assert message.from_ == Address("Ann Lee", "ann", "globex.com")
    assert message.subject == "Offer"


def test_a_folded_field_is_unfolded() -> None:
    block = "Subject: a\r\n longer\r\n\tsubject\r\nReferences: <a@x>\r\n <b\r\n @x>\r\n"
    assert read(block).subject == "a longer subject"
    assert read(block).references == ("a@x", "b@x")


def test_of_a_repeated_field_the_topmost_counts() -> None:
    message = read(
        "Subject: first\nSubject: second\nMessage-ID: <a@x>\nMessage-ID: <b@x>\n"
        "From: a@x.example\nFrom: b@x.example\nPrecedence: bulk\nPrecedence: list\n"
    )
    assert message.subject == "first"
    assert message.message_id == "a@x"
    assert message.from_ == Address("", "a", "x.example")
    assert message.marks == (("precedence", "bulk"),)
    assert "several_from" in message.problems


def test_several_recipient_fields_are_one_list() -> None:
    message = read("To: a@x.example\nCc: c@x.example\nTo: b@x.example\nCc: d@x.example\n")
    assert keys(message.to) == ["a@x.example", "b@x.example"]
    assert keys(message.cc) == ["c@x.example", "d@x.example"]


def test_a_long_block_is_cut_at_a_whole_line_and_says_so() -> None:
    filler = b"X-Filler: " + b"x" * 986 + b"\r\n"  # 998 octets
    message = read(PLAIN + filler * 80 + b"Cc: late@x.example\r\n")
    assert message.subject == "Offer"
    assert message.cc == ()
    assert message.problems == ("header_cut",)


def test_of_a_cut_line_nothing_is_kept() -> None:
    short = read(b"X-Filler: " + b"x" * 65_500 + b"\r\nTo: ann@x.example.org.nowhere\r\n")
    assert short.to == ()  # the cap falls after ".no"
    assert "header_cut" in short.problems


def test_of_more_than_a_thousand_lines_the_first_are_read() -> None:
    block = b"Subject: Offer\n" + b"X: y\n" * 998 + b"Date: Mon, 5 Jan 2026 10:00:00 +0000\n"
    assert read(block).sent_at == utc(2026, 1, 5, 10)
    late = read(b"X: y\n" + block)
    assert late.sent_at is None
    assert "header_cut" in late.problems


def test_where_mail_parser_fails_the_letter_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_block: object) -> None:
        raise RecursionError

    monkeypatch.setattr("inbox_agent.header_reading.MailParser", fail)
    message = read_block(fetched(PLAIN), quickly=False).message
    assert message.message_id == "one@globex.com"
    assert message.sent_at == utc(2026, 1, 5, 9, 0)
    assert message.problems == ("no_from", "parser_failed")


def test_where_our_own_reading_fails_the_letter_stays_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr("idna.encode", fail)
    # a domain that no other test has: those are remembered
    message = read("From: a@strauß-und-söhne.example\nSubject: Offer\n")
    assert message.problems == ("no_date", "no_from", "no_message_id", "parser_failed")
    assert (message.folder, message.size_octets) == ("INBOX", 2048)
    assert message.message_id == f"{message.digest}@missing-id.invalid"


# --- text


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        (b"Gr\xfc\xdfe \x80", "Grüße €"),  # Windows-1252
        (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?iso-8859-1?Q?Gr=FC=DFe?= =?utf-8?b?8J+YgA==?=", "Grüße😀"),
        (b"=?utf-8?q?=E4=BD=A0?= =?utf-8?q?=E5=A5=BD?= Gr\xfc\xdfe", "你好 Grüße"),
        (b"Gr\xfc\xdfe =?utf-8?q?aus?= K\xf6ln", "Grüße aus Köln"),
        (b"=?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x"),
        (b"=?utf-8?b?ZG9j4oCuZmRwLmV4ZQ==?=", "docfdp.exe"),  # right-to-left override before fdp
        (b"a\x07b\x1b[31mc", "ab[31mc"),
        (b"=?x-no-such-charset?q?plain?=", "plain"),
        (b"=?utf-8?b?not base64!?=", "=?utf-8?b?not base64!?="),
        (b"", ""),
    ],
)
def test_a_subject_is_decoded_and_safe_to_show(raw: bytes, subject: str) -> None:
    assert read(b"Subject: " + raw + b"\r\n").subject == subject


def test_a_guessed_charset_is_said() -> None:
    assert "charset_guessed" in read(b"Subject: Gr\xfc\xdfe\n").problems
    assert "charset_guessed" not in read("Subject: Grüße\n").problems


def test_a_subject_is_cut_at_a_thousand_characters() -> None:
    assert read("Subject: " + "ü" * 5000).subject == "ü" * 1000


# --- people


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("undisclosed-recipients:;", []),
        (
            "Team: a@x.example, B <b@x.example>; c@x.example",
            ["a@x.example", "b@x.example", "c@x.example"],
        ),
        ("a@x.example (Ann), <b@X.Example>", ["a@x.example", "b@x.example"]),
        ("Müller, Hans <h@x.example>, ok@x.example", ["h@x.example", "ok@x.example"]),
        ("a@straße.de", ["a@xn--strae-oqa.de"]),
        ("Team: a@x.example, b@x.example", ["a@x.example", "b@x.example"]),  # no semicolon
        ("label@x.example: a@x.example;", ["a@x.example"]),
    ],
)
def test_recipients_are_read(value: str, expected: list[str]) -> None:
    assert keys(read(f"To: {value}\n").to) == expected


@pytest.mark.parametrize(
    ("entry", "name", "local"),
    [
        ("ann..lee@x.example", "", "ann..lee"),
        ('"Ann Lee" <.ann@x.example>', "Ann Lee", ".ann"),
        ("Ann <ann.@x.example>", "Ann", "ann."),
    ],
)
def test_dots_where_none_may_be_do_not_cost_the_author(entry: str, name: str, local: str) -> None:
    message = read(f"From: {entry}\nTo: ok@x.example, {entry}\n")
    assert message.from_ == Address(name, local, "x.example")
    assert keys(message.to) == ["ok@x.example", f"{local}@x.example"]
    assert "address_unreadable" not in message.problems


@pytest.mark.parametrize(
    "entry",
    [
        "<foo@x.example",
        "a@b@c.example",
        "nobody",
        "a\u202eb@x.example",
    ],
)
def test_what_is_no_address_is_left_out_and_said(entry: str) -> None:
    message = read(f"To: ok@x.example, {entry}\n")
    assert keys(message.to) == ["ok@x.example"]
    assert "address_unreadable" in message.problems


@pytest.mark.parametrize(
    "entry",
    [
        "/O=ACME/OU=EXCHANGE/CN=RECIPIENTS/CN=ANN",
        "Ann Lee </o=Acme Labs/ou=Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=ann>",
        "EX:/O=ACME/CN=ANN",
        "/S=Lee/G=Ann/PRMD=ACME/C=de/",
    ],
)
def test_an_x500_name_is_left_out_and_said_to_be_one(entry: str) -> None:
    message = read(f"From: {entry}\nTo: ok@x.example, {entry}\n")
    assert message.from_ is None
    assert keys(message.to) == ["ok@x.example"]
    assert "x500_address" in message.problems
    assert "address_unreadable" not in message.problems


@pytest.mark.parametrize(
    "address",
    [
        "IMCEAEX-_O=ACME_OU=EXCHANGE+20ADMIN_CN=RECIPIENTS_CN=ANN@acme.com",
        "/O=ACME/CN=ANN@acme.com",
    ],
)
def test_an_x500_name_that_was_made_an_address_is_kept_as_it_is(address: str) -> None:
    message = read(f"From: Ann <{address}>\nTo: {address}\n")
    assert message.from_ == Address("Ann", address.removesuffix("@acme.com"), "acme.com")
    assert message.to == (Address("", address.removesuffix("@acme.com"), "acme.com"),)
    assert "x500_address" not in message.problems


def test_single_quotes_around_an_address_are_not_of_it() -> None:
    message = read("From: 'ann@x.example'\nTo: Bob <'bob@x.example'>, o'neill@x.example\n")
    assert message.from_ == Address("", "ann", "x.example")
    assert keys(message.to) == ["bob@x.example", "o'neill@x.example"]


def test_a_quote_left_open_in_one_recipient_field_does_not_swallow_the_next() -> None:
    message = read('To: ok@x.example, "open\nTo: b@x.example\n')
    assert keys(message.to) == ["ok@x.example", "b@x.example"]
    assert "address_unreadable" in message.problems


OTHERS = [
    ("ann@x.example", ["ann@x.example"]),
    ("ann@x.example (Ann, (at) work), <b@x.example>", ["ann@x.example", "b@x.example"]),
    ("=?utf-8?q?Lee=2C_Ann?= <ann@x.example>", ["ann@x.example"]),
    ("=?utf-8?q?evil=40y.example=3E?= <ann@x.example>", ["ann@x.example"]),
    ('"Lee, <evil@y.example>" <ann@x.example>', ["ann@x.example"]),
    ("evil@y.example <ann@x.example>", ["ann@x.example"]),
    ("Team: a@x.example, B <b@x.example>; c@x.example", ["a@x.example", "b@x.example"]),
    ("undisclosed-recipients:;", []),
    (".ann..lee@x.example", [".ann..lee@x.example"]),
    ("/O=ACME/CN=ANN", []),
    ("nobody", []),
    ("", []),
    ("a@b:" * 5_000, []),  # the standard library's reader runs out of stack
    ("(" * 5_000 + "a@x.example", []),
]


@pytest.mark.parametrize("field", ["Sender", "Reply-To", "X-Original-From", "X-Original-Sender"])
@pytest.mark.parametrize(("value", "expected"), OTHERS, ids=[v[:40] or "empty" for v, _ in OTHERS])
def test_the_other_originators_are_read_as_carefully_as_the_author(
    field: str, value: str, expected: list[str]
) -> None:
    message = read(f"{field}: {value}\n")
    found = {
        "Sender": (message.sender,) if message.sender else (),
        "Reply-To": message.reply_to,
    }.get(field, message.originals)
    wanted = expected[:1] if field == "Sender" else expected
    assert keys(found)[: len(wanted)] == wanted
    assert bool(found) is bool(wanted)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"Gr\xfc\xdfe <a@x.example>", "Grüße"),
        ("Grüße <a@x.example>".encode(), "Grüße"),
        (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe?= <a@x.example>", "Grüße"),
        (b'"Lee, Ann" <a@x.example>', "Lee, Ann"),
        ("Ann\u202e <a@x.example>".encode(), "Ann"),
        (b"a@x.example", ""),
    ],
)
def test_an_author_has_the_name_as_shown(raw: bytes, name: str) -> None:
    assert read(b"From: " + raw + b"\n").from_ == Address(name, "a", "x.example")


def test_the_first_of_several_authors_is_the_author() -> None:
    assert read("From: a@x.example, b@x.example\n").from_ == Address("", "a", "x.example")


def test_no_more_than_a_thousand_recipients_are_kept() -> None:
    to = ", ".join(f"a{n}@x.example" for n in range(900))
    cc = ", ".join(f"c{n}@x.example" for n in range(900))
    message = read(f"To: {to}\nCc: {cc}\n")
    assert (len(message.to), len(message.cc)) == (900, 100)
    assert "recipients_cut" in message.problems


def test_of_a_list_of_nothing_but_separators_the_beginning_is_read() -> None:
    separators = ";" * 1_999
    fields = f"Cc: {separators} a@x.example\nCc: {separators} b@x.example\n"
    whole = read(fields)
    assert keys(whole.cc) == ["a@x.example", "b@x.example"]
    assert "recipients_cut" not in whole.problems
    cut = read(f"{fields}Cc: c@x.example\nCc: d@x.example\n")
    assert keys(cut.cc) == ["a@x.example", "b@x.example"]
    assert "recipients_cut" in cut.problems


# --- identifiers


@pytest.mark.parametrize(
    ("value", "message_id"),
    [
        ("<a@x>", "a@x"),
        ("  < a@x >  ", "a@x"),
        ('<"a"@x>', "a@x"),
        ('<"a\\"b"@x>', 'a"b@x'),
        ("<A@X.Example>", "A@X.Example"),
        ("a@x", "a@x"),
        ("<a@x", "a@x"),
        ("<no-at-sign>", "no-at-sign"),
        ("<a@x> <b@x>", "a@x"),
        ("=?utf-8?q?=3Ca=40x=3E?=", "a@x"),
        ("<" + "a" * 996 + "@x>", "a" * 996 + "@x"),
    ],
)
def test_a_message_id_is_read_in_its_normal_form(value: str, message_id: str) -> None:
    message = read(f"Message-ID: {value}\n")
    assert message.message_id == message_id
    assert "no_message_id" not in message.problems


@pytest.mark.parametrize("value", ["", "<>", "two words", "<" + "a" * 997 + "@x>"])
def test_a_letter_without_a_message_id_gets_one_from_its_digest(value: str) -> None:
    message = read(f"Message-ID: {value}\n")
    assert message.message_id == f"{message.digest}@missing-id.invalid"
    assert "no_message_id" in message.problems


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<a@x>", "a@x"),
        ("<a@x> <b@x>", "a@x"),
        ("Your message of Mon, 5 Jan <a@x>", "a@x"),
        ("<prose> <@> <a@x>", "a@x"),
        ('Message from Ann Lee <ann@x> of "Mon, 5 Jan 2026" <a@x>', "a@x"),
        ('<a@x> from "Ann Lee <ann@x>" at Jan 5, 26', "a@x"),
        ("Ann's letter", None),
        ("", None),
    ],
)
def test_in_reply_to_is_the_first_identifier_in_it_or_the_last_behind_words(
    value: str, expected: str | None
) -> None:
    assert read(f"In-Reply-To: {value}\n").in_reply_to == expected


def test_of_many_references_the_first_and_the_last_hundred_are_kept() -> None:
    message = read("References: " + "\n ".join(f"<{n}@x>" for n in range(150)))
    assert message.references == ("0@x", *(f"{n}@x" for n in range(50, 150)))
    assert "references_cut" in message.problems
    assert len(read("References: " + " ".join(f"<{n}@x>" for n in range(101))).references) == 101


def test_a_long_reference_is_refused_alone() -> None:
    message = read("References: <a@x> <" + "b" * 999 + "> <c@x>")
    assert message.references == ("a@x", "c@x")
    assert "id_refused" in message.problems


# --- dates


@pytest.mark.parametrize(
    ("value", "expected", "problem"),
    [
        ("Mon, 5 Jan 2026 10:00:09 +0100", (2026, 1, 5, 9, 0, 9), None),
        ("Mon, 5 Jan 2026 10:00 +0100 (CET)", (2026, 1, 5, 9, 0), None),
        ("5 Jan 26 10:00:00 EST", (2026, 1, 5, 15, 0), None),
        ("Mon, 5 Jan 2026 10:00:00 -0000", (2026, 1, 5, 10, 0), None),
        ("Mon, 5 Jan 2026 9:05:00 -0000", (2026, 1, 5, 9, 5), None),
        ("Mon, 5 Jan 2026 10:00:00 UTC", (2026, 1, 5, 10, 0), None),
        ("Mon, 5 Jan 2026 9:05:00 +0100", (2026, 1, 5, 8, 5), None),
        ("Mo, 5 January 2026 10.00.00 +0100", (2026, 1, 5, 9, 0), None),
        ("Mon, 5 Jan 2026 23:00:00 -1400", (2026, 1, 6, 13, 0), None),
        ("Mon, 5 Jan 2026 10:00:00", (2026, 1, 5, 10, 0), "date_without_zone"),
        ("Mon Jan  5 10:00:00 2026", (2026, 1, 5, 10, 0), "date_without_zone"),
        ("Mon, 5 Jan 2026 10:00:00 (CET)", (2026, 1, 5, 10, 0), "date_without_zone"),
        ("Mon, 5 Jan 2026 10:00:00 CET", (2026, 1, 5, 10, 0), "date_zone_unknown"),
        ("Mon, 5 Jan 2026 9:05:00 CET", (2026, 1, 5, 9, 5), "date_zone_unknown"),
        ("Mon, 5 Jan 2026 10:00:00 GMT+1", (2026, 1, 5, 9, 0), None),
        ("Mon, 5 Jan 2026 10:00:00 GMT-0330", (2026, 1, 5, 13, 30), None),
        ("Mon, 5 Jan 2026 10:00:00 UTC +02:00", (2026, 1, 5, 8, 0), None),
        ("Mon, 5 Jan 2026 10:00:00 +01:00", (2026, 1, 5, 9, 0), None),
        ("Mon, 5 Jan 2026 10:00:00 +1", (2026, 1, 5, 9, 0), None),
        ("Mon, 5 Jan 2026 10:00:00 +100", (2026, 1, 5, 9, 0), None),
        ("Mon, 5 Jan 2026 10:00:00+0100", (2026, 1, 5, 9, 0), None),
        ("Mon, 5 Jan 2026 9:05:00 MET DST", (2026, 1, 5, 9, 5), "date_zone_unknown"),
        ("Mon, 5 Jan 2026 9:05:00 Europe/Berlin", (2026, 1, 5, 9, 5), "date_zone_unknown"),
        ("5 January 2026 10:00:00 +0100", (2026, 1, 5, 9, 0), None),
        ("5-Jan-2026 10:00:00 +0100", (2026, 1, 5, 9, 0), None),
        ("Mo., 5. Januar 2026, 9.05 +0100", (2026, 1, 5, 8, 5), None),
        ("Do, 5 Mär 2026 10:00:00 +0100", (2026, 3, 5, 9, 0), None),
        ("mardi 3 mars 2026 10:00:00 +0100", (2026, 3, 3, 9, 0), None),
        ("mer., 5 août 2026 10:00:00 +0200", (2026, 8, 5, 8, 0), None),
        ("jeu. 4 juin 2026 10:00:00 +0200", (2026, 6, 4, 8, 0), None),
        ("sam. 4 juil. 2026 10:00:00 +0200", (2026, 7, 4, 8, 0), None),
        ("lunes, 5 de enero de 2026 10:00:00 +0100", (2026, 1, 5, 9, 0), None),
        ("lun, 5 gen 2026 10:00:00 +0100", (2026, 1, 5, 9, 0), None),
        ("do, 5 mrt 2026 10:00:00 +0100", (2026, 3, 5, 9, 0), None),
        ("seg, 4 mai 2026 10:00:00 +0100", (2026, 5, 4, 9, 0), None),
        ("ma 5 okt 2026 10:00:00 +0200", (2026, 10, 5, 8, 0), None),
        ("czw., 1 października 2026 10:00:00 +0200", (2026, 10, 1, 8, 0), None),
        ("Mon Jan 05 2026 10:00:00 GMT+0100 (CET)", (2026, 1, 5, 9, 0), None),
        ("Mon Jan  5 10:00:00 CET 2026", (2026, 1, 5, 10, 0), "date_zone_unknown"),
        ("Mon Jan  5 10:00:00 2026 +0100", (2026, 1, 5, 9, 0), None),
        ("January 5, 2026 10:00:00 PM EST", (2026, 1, 6, 3, 0), None),
        ("Mon 5 Jan 2026 12:30:00 AM +0000", (2026, 1, 5, 0, 30), None),
        ("2026-01-05T10:00:00+01:00", (2026, 1, 5, 9, 0), None),
        ("2026-01-05T10:00:00.123456Z", (2026, 1, 5, 10, 0), None),
        ("2026-01-05 10:00", (2026, 1, 5, 10, 0), "date_without_zone"),
        ("2026/01/05 10:00:00 +0900", (2026, 1, 5, 1, 0), None),
        ("Mon, 5 Jan 49 9:05:00 +0000", (2049, 1, 5, 9, 5), None),
        ("Mon, 5 Jan 50 9:05:00 +0000", (1950, 1, 5, 9, 5), None),
        ("Mon, 5 Jan 0001 10:00:00 +0000", None, "date_unreadable"),
        ("05/01/2026 10:00:00 +0000", None, "date_unreadable"),
        ("Mon, 5 Foo 2026 10:00:00 +0000", None, "date_unreadable"),
        ("2026-13-05T10:00:00Z", None, "date_unreadable"),
        ("Mon, 5 Jan 2026 24:00:00 +01:00", None, "date_unreadable"),
        ("5 Jan 2026", None, "date_unreadable"),
        ("\u0665 Jan 2026 10:00:00 +0000", None, "date_unreadable"),
        ("Mon, 5 Jan 2026 10:00:00 +2500", None, "date_zone_impossible"),
        ("Mon, 5 Jan 2026 10:00:00 -1430", None, "date_zone_impossible"),
        ("Mon, 5 Jan 2026 9:00:00 +1430", None, "date_zone_impossible"),
        ("Mon, 32 Jan 2026 10:00:00 +0000", None, "date_unreadable"),
        ("yesterday", None, "date_unreadable"),
        ("", None, "no_date"),
    ],
)
def test_a_date_is_read_as_an_instant_or_says_why_not(
    value: str, expected: tuple[int, ...] | None, problem: str | None
) -> None:
    message = read(f"From: a@x.example\nMessage-ID: <a@x>\nDate: {value}\n")
    assert message.sent_at == (utc(*expected) if expected else None)
    assert message.problems == ((problem,) if problem else ())


@pytest.mark.parametrize(
    ("value", "minutes"),
    [
        ("Mon, 5 Jan 2026 10:00:00 +0100", 60),
        ("Mon, 5 Jan 2026 10:00:00 -0330", -210),
        ("Mon, 5 Jan 2026 10:00:00 +0545 (NPT)", 345),
        ("Mon, 5 Jan 2026 10:00:00 +1400", 840),
        ("Mon, 5 Jan 2026 10:00:00 +0000", 0),
        # RFC 5322 §3.3: UTC, and nothing is known of the place
        ("Mon, 5 Jan 2026 10:00:00 -0000", None),
        ("2026-01-05T10:00:00-00:00", None),
        # §4.3: names
        ("Mon, 5 Jan 2026 10:00:00 UT", 0),
        ("Mon, 5 Jan 2026 10:00:00 GMT", 0),
        ("Mon, 5 Jan 2026 10:00:00 EST", -300),
        ("Mon, 5 Jan 2026 10:00:00 EDT", -240),
        ("Mon, 5 Jan 2026 10:00:00 CST", -360),
        ("Mon, 5 Jan 2026 10:00:00 CDT", -300),
        ("Mon, 5 Jan 2026 10:00:00 MST", -420),
        ("Mon, 5 Jan 2026 10:00:00 MDT", -360),
        ("Mon, 5 Jan 2026 10:00:00 PST", -480),
        ("Mon, 5 Jan 2026 10:00:00 pdt", -420),
        ("Mon, 5 Jan 2026 10:00:00 Z", None),
        ("Mon, 5 Jan 2026 10:00:00 A", None),
        ("2026-01-05T10:00:00Z", None),
        ("Mon, 5 Jan 2026 10:00:00 CET", None),
        # other shapes
        ("2026-01-05T10:00:00+05:30", 330),
        ("Mon, 5 Jan 2026 10:00:00 GMT-0330", -210),
        ("Mon Jan 05 2026 10:00:00 GMT+0100 (CET)", 60),
        ("Mon, 5 Jan 2026 10:00:00 +1", 60),
        ("January 5, 2026 10:00:00 PM EST", -300),
        ("Mon Jan  5 10:00:00 2026", None),
        # what no zone of the world has
        ("Mon, 5 Jan 2026 10:00:00 +0007", None),
        ("Mon, 5 Jan 2026 10:00:00 +1415", None),
        ("Mon, 5 Jan 2026 10:00:00 +2500", None),
        ("yesterday +0100", None),
    ],
)
def test_the_offset_of_a_date_is_the_one_that_is_written_in_it(
    value: str, minutes: int | None
) -> None:
    message = read(f"From: a@x.example\nMessage-ID: <a@x>\nDate: {value}\n")
    assert message.date_offset_minutes == minutes


def test_received_lines_are_hosts_and_instants_topmost_first() -> None:
    message = read(
        "Received: from by ([192.0.2.1] helo=by evil.example) by MX.Acme.com. (Postfix; x)\n"
        " with ESMTP id 1 for <partners@acme.com>; Mon, 5 Jan 2026 10:00:09 +0100 (CET)\n"
        "Received: by relay.globex.com; Mon, 5 Jan 2026 09:00:05 +0000\n"
        "Received: from x by nodate.example; soon\n"
        "Received: (nobody); Mon, 5 Jan 2026 09:00:03 +0000\n"
    )
    assert message.received == (
        ("mx.acme.com", utc(2026, 1, 5, 9, 0, 9)),
        ("relay.globex.com", utc(2026, 1, 5, 9, 0, 5)),
    )


# --- marks


def test_marks_are_first_values_sorted_by_name_and_short() -> None:
    message = read(
        "X-Loop: a\n b\nAuto-Submitted: no (by hand)\nList-Id: " + "x" * 600 + "\nX-Other: y\n"
        "Return-Path: <>\nReply-To:\n"
    )
    assert message.marks == (
        ("auto-submitted", "no (by hand)"),
        ("list-id", "x" * 500),
        ("reply-to", ""),
        ("return-path", "<>"),
        ("x-loop", "a b"),
    )
    assert list(MARK_FIELDS) == sorted(MARK_FIELDS)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("multipart/mixed; boundary=x", True),
        ("Multipart / Mixed (a comment); boundary=x", True),
        ("multipart/alternative; boundary=x", False),
        ('text/plain; name="multipart/mixed"', False),
        ("", False),
    ],
)
def test_an_attachment_is_a_top_level_of_multipart_mixed(value: str, expected: bool) -> None:
    assert has_attachment(read(f"Content-Type: {value}\n")) is expected
    assert not has_attachment(read(PLAIN))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a (b (c) d) e", "a   e"),
        ("a (b) (c (d (e)))", "a    "),
        ('a "(b)" c', 'a "(b)" c'),
        (r"a (b \) c) d", "a   d"),
        ("a (b", "a (b"),
        ("a) b", "a) b"),
        ("plain", "plain"),
    ],
)
def test_comments_are_taken_out(text: str, expected: str) -> None:
    assert without_comments(text) == expected


# --- privacy and cost


def test_nothing_of_a_letter_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("mailparser", "mailparser.core", "mailparser.utils"):
        caplog.set_level(logging.DEBUG, logger=name)
    read(
        b"Subject: =?iso-2022-jp?B?canary!?= =?utf-8?b?Y2FuYXJ5?=\nFrom: canary <c@x.example\n"
        b"To: =?utf-8?b?canary?= <canary@x.example>\nDate: canary\nReceived: canary\n"
    )
    assert caplog.records == []
