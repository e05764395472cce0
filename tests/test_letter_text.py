"""The words of a letter out of the beginning of its MIME body, however they are written."""

from __future__ import annotations

import base64
import quopri

import pytest

from inbox_agent.letter_text import TEXT_OCTETS, text_of
from inbox_agent.text_signs import signs_of_letter

UTF8 = b"Content-Type: text/plain; charset=utf-8\n"
MIXED = b'Content-Type: multipart/mixed; boundary="b"\n'


def part(*fields: bytes, body: bytes) -> bytes:
    return b"--b\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body + b"\r\n"


def words(mime_header: bytes, body: bytes) -> list[str]:
    """The words that are seen, in their order."""
    return (text_of(mime_header, body) or "").split()


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (b"", b"Grus aus Koln"),
        (b"Content-Type: text/plain\n", "Grüß aus Köln".encode()),  # says US-ASCII by default
        (b"Content-Type: text/plain\n", "Grüß aus Köln".encode("cp1252")),
        (UTF8, "Grüß aus Köln".encode()),
        (UTF8, "Grüß aus Köln".encode("cp1252")),  # which is not what it says
        (b"Content-Type: text/plain; charset=iso-8859-1\n", "Grüß aus Köln".encode("latin-1")),
        (b"Content-Type: text/plain; charset=utf-16\n", "Grüß aus Köln".encode("utf-16")),
        (b'CONTENT-TYPE: Text/Plain;\n\tCHARSET="UTF-8"\n', "Grüß aus Köln".encode()),
        (b"Content-Type: text/plain; charset=unknown-8bit\n", "Grüß aus Köln".encode()),
        (b"Content-Type: nonsense\n", "Grüß aus Köln".encode()),  # RFC 2045 §5.2
        (
            UTF8 + b"Content-Transfer-Encoding: quoted-printable\n",
            quopri.encodestring("Grüß aus Köln".encode()),
        ),
        (UTF8 + b"Content-Transfer-Encoding: BASE64\n", base64.b64encode("Grüß aus Köln".encode())),
        (UTF8 + b"content-transfer-encoding: 8bit\n", "Grüß aus Köln".encode()),
    ],
)
def test_a_text_is_read_as_its_header_says_or_as_it_must_be(fields: bytes, body: bytes) -> None:
    expected = ["Grus", "aus", "Koln"] if not fields else ["Grüß", "aus", "Köln"]
    assert words(fields, body) == expected


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("gb2312", "gb18030"),
        ("big5", "big5"),
        ("iso-2022-jp", "iso-2022-jp"),
        ("shift_jis", "shift_jis"),
        ("ks_c_5601-1987", "cp949"),
    ],
)
def test_charsets_of_asia_are_read(charset: str, encoding: str) -> None:
    header = f"Content-Type: text/plain; charset={charset}\n".encode()
    text = "감사" if "ks_c" in charset else "日本"
    assert words(header, text.encode(encoding)) == [text]


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Type: text/plain; charset=klingon-1\n",
        b"Content-Type: text/plain; charset=rot13\n",
        b"Content-Type: text/plain; charset=zlib\n",
        b"Content-Type: text/plain; charset=idna\n",
        b"Content-Type: text/plain; charset=unicode_escape\n",
        UTF8 + b"Content-Transfer-Encoding: x-uuencode\n",
        b"Content-Type: application/pdf\n",
        b"Content-Type: text/calendar\n",
        b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n",
        b'Content-Type: multipart/encrypted; boundary="none"\n',
        b"Content-Type: message/rfc822\n",
    ],
)
def test_what_cant_be_read_or_is_no_text_is_none(fields: bytes) -> None:
    assert text_of(fields, b"From: x\n\nCan you come?") is None


@pytest.mark.parametrize("body", [b"", b" \r\n\r\n", b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n"])
def test_an_empty_or_encrypted_text_is_none(body: bytes) -> None:
    assert text_of(UTF8, body) is None


def test_a_signed_text_is_read_without_its_armour() -> None:
    body = (
        b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nCan you come?\n"
        b"-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n"
    )
    letter = b"From: a@b.example\n\n" + body
    assert words(UTF8, body)[:3] == ["Can", "you", "come?"]
    assert signs_of_letter(letter, frozenset({"en"})) == {"brief", "question", "request", "short"}


# --- parts


def test_of_several_parts_the_first_plain_text_is_read() -> None:
    html = part(b"Content-Type: text/html", body=b"<p>in colour</p>")
    plain = part(b"Content-Type: text/plain", body=b"plain")
    assert words(MIXED, html + plain + part(body=b"second") + b"--b--") == ["plain"]
    assert words(MIXED, html + b"--b--") == ["in", "colour"]
    blank = part(b"Content-Type: text/plain", body=b" ")
    assert words(MIXED, blank + html + b"--b--") == ["in", "colour"]


def test_the_text_may_lie_deep_and_each_part_has_its_own_encoding() -> None:
    inner = (
        b'Content-Type: multipart/alternative; boundary="c"\r\n\r\n--c\r\n'
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode("Könnten Sie".encode())
        + b"\r\n--c--\r\n"
    )
    assert words(MIXED, b"preamble\r\n--b\r\n" + inner + b"--b--") == ["Könnten", "Sie"]


def test_attachments_and_enclosed_letters_are_not_looked_into() -> None:
    attached = part(
        b"Content-Type: text/plain", b"Content-Disposition: attachment", body=b"attached"
    )
    enclosed = part(b"Content-Type: message/rfc822", body=b"Subject: x\r\n\r\nenclosed")
    image = part(b"Content-Type: image/png", body=b"abc")
    assert text_of(MIXED, attached + enclosed + image + b"--b--") is None
    assert words(MIXED, enclosed + part(body=b"own") + b"--b--") == ["own"]


def test_a_text_may_lie_six_parts_deep() -> None:
    levels = [b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(6)]
    head, _, begin = levels[0].partition(b"\n")
    body = begin + b"".join(levels[1:]) + b"Content-Type: text/plain\n\ndeep\n"
    assert words(head + b"\n", body) == ["deep"]


def test_a_letter_nested_without_end_is_none() -> None:
    level = b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n'
    assert text_of(level.partition(b"\n")[0] + b"\n", b"--b\n" + level * 80) is None


# --- cut off


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_text_that_is_cut_off_within_a_character_is_read_up_to_there(cut: int) -> None:
    body = "Könnten Sie üüüü".encode()[:-cut]
    assert words(UTF8, body)[:2] == ["Könnten", "Sie"]
    assert "\ufffd" not in (text_of(UTF8, body) or "")


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_coded_text_that_is_cut_off_is_read_up_to_there(cut: int) -> None:
    text = "Könnten Sie bitte kommen".encode()
    coded = base64.b64encode(text)[:-cut]
    assert words(UTF8 + b"Content-Transfer-Encoding: base64\n", coded)[:2] == ["Könnten", "Sie"]
    quoted = quopri.encodestring(text + "ü".encode())[:-cut]
    got = words(UTF8 + b"Content-Transfer-Encoding: quoted-printable\n", quoted)
    assert got[:2] == ["Könnten", "Sie"]


def test_no_more_than_the_beginning_is_read() -> None:
    body = b"x" * TEXT_OCTETS
    assert text_of(UTF8, body + b"more") == "x" * TEXT_OCTETS


# --- pages


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>Can you<br>come?</p>", ["Can", "you", "come?"]),
        ("<html><head><title>no</title><style>p {no}</style></head><body>yes</body>", ["yes"]),
        ("<script>no()</script>yes", ["yes"]),
        ("Gr&uuml;&szlig; &amp; Dank", ["Grüß", "&", "Dank"]),
        ("yes<blockquote>no<blockquote>no</blockquote>no</blockquote>yes", ["yes", ">", "yes"]),
        ("yes</blockquote> yes", ["yes", "yes"]),
        ("<a href='https://globex.example/?q'>yes</a>", ["yes"]),
        ("<!-- no --><p class=MsoNormal>yes<o:p></o:p>", ["yes"]),
        ("<td>one</td><td>two</td>", ["one", "two"]),
        ("in<b>side</b>", ["inside"]),
        ("yes<p style='cut of", ["yes"]),
        ("<style>p { margin: 0 } and no end", []),
    ],
)
def test_of_a_page_what_is_seen_is_read(html: str, expected: list[str]) -> None:
    assert words(b"Content-Type: text/html; charset=utf-8\n", html.encode()) == expected


def test_a_question_in_the_quote_of_a_page_is_not_the_writers() -> None:
    page = (
        b"From: a@b.example\nContent-Type: text/html\n\n<div>Yes.</div><div class=gmail_quote>"
        b"<div>On Mon, 8 Jan 2024 at 09:14, Bob &lt;bob@globex.example&gt; wrote:<br></div>"
        b"<blockquote><p>Can you come?</p></blockquote></div>"
    )
    english = frozenset({"en"})
    assert signs_of_letter(page, english) == {"brief", "short"}
    below = page + b"<p>Could you?</p>"
    assert signs_of_letter(below, english) == {"brief", "short", "question", "request"}
    outlook = (
        b"From: a@b.example\nContent-Type: text/html\n\n<p>Yes.</p><div style='border-top:solid'>"
        b"<p><b>From:</b> Bob<br><b>Sent:</b> Monday<br><b>To:</b> Ann<br><b>Subject:</b> x</p>"
        b"</div><p>Can you come?</p>"
    )
    assert signs_of_letter(outlook, english) == {"brief", "short"}


# --- a letter of a file


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("above", [b"", b"From ann@acme.example Fri Jan  5 09:14:02 2024"])
def test_the_signs_of_a_letter_as_it_lies_in_a_file(above: bytes, end: bytes) -> None:
    lines = [b"Subject: x", b"Content-Type: text/plain", b"", b"Can you come?", b""]
    letter = end.join([above, *lines] if above else lines)
    assert signs_of_letter(letter, frozenset({"en"})) == {"brief", "question", "request", "short"}


def test_a_letter_without_a_body_or_a_header_was_not_read() -> None:
    assert signs_of_letter(b"Subject: x\n\n", frozenset({"en"})) is None
    assert signs_of_letter(b"Subject: x?", frozenset({"en"})) is None
    assert signs_of_letter(b"", frozenset({"en"})) is None
