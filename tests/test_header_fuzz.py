"""Header blocks of every nastiness: none makes the reading fail, loses a field or forges one.

`nasty_blocks` has the blocks, and a judge of its own of what stands in them.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nasty_blocks import BLOCKS, BOMBS, PIECES, expected_fields, found_fields, made_block
from test_messages import fetched, read

from inbox_agent.header_block import kept_fields
from inbox_agent.header_cleaning import PROBLEMS, clean_header
from inbox_agent.messages import HEADER_FIELDS, read_block

NASTY = st.one_of(
    st.binary(max_size=400),
    st.integers(min_value=0).map(made_block),
    st.lists(st.sampled_from((*PIECES, *BLOCKS.values())), max_size=12).map(b"".join),
)


def is_read(block: bytes) -> bool:
    """Whether nothing in us failed, before and after all is cut down to what we keep."""
    kept = kept_fields(block, ("mx.acme.example",), True, HEADER_FIELDS)
    problems = {*read(block).problems, *read(kept).problems}
    return problems <= set(PROBLEMS) - {"parser_failed"}


@given(NASTY)
@example(b"Reply-To: " + b"a@b:" * 5_000)
def test_no_block_fails_and_it_is_read_the_same_twice(block: bytes) -> None:
    assert is_read(block)
    assert read(block) == read(block)


@given(NASTY)
def test_every_well_formed_line_survives_and_none_comes_out_of_nowhere(block: bytes) -> None:
    assert found_fields(clean_header(block).fields) == expected_fields(block)


@given(NASTY)
def test_what_is_kept_has_the_fields_of_the_whole(block: bytes) -> None:
    """Cutting a block down neither forges a field nor loses one that is ours to keep."""
    names = {name.lower() for name in HEADER_FIELDS}
    kept = clean_header(kept_fields(block, (), True, HEADER_FIELDS)).fields
    once = {"received", "authentication-results"}
    whole = [name for name, _ in clean_header(block).fields if name in names]
    wanted = [name for n, name in enumerate(whole) if name not in once or name not in whole[:n]]
    if b"\n" in block.rstrip(b"\r\n") or b"\r" not in block.strip(b"\r\n"):
        assert [name for name, _ in kept] == wanted


FORGED = st.sampled_from(
    [
        *(b"\rBcc: x@evil.example", b"\r\rBcc: x@evil.example", b"\0Bcc: x@evil.example"),
        *(b"\r\0\rAuto-Submitted: auto-replied", b"\x0bBcc: x", b"\x0cBcc: x", b"\x85Bcc: x"),
        *("\u2028Bcc: x".encode(), "\x85Bcc: x".encode(), b"=?utf-8?q?=0D=0ABcc:_x?="),
        *(b"\r\n\0Bcc: x", b"\r\nno field\r\n Bcc: x", b"\r\n\rBcc: x", b"\r\n(cut)"),
    ]
)


@given(st.lists(st.tuples(st.sampled_from(["Subject", "To", "X-Own"]), FORGED), min_size=1))
def test_a_sender_forges_no_field_by_what_is_no_line_end(lines: list[tuple[str, bytes]]) -> None:
    block = b"Received: by mx.acme.example\r\n" + b"".join(
        name.encode() + b": q" + forged + b"\r\n" for name, forged in lines
    )
    names = ["received", *(name.lower() for name, _ in lines)]
    assert [name for name, _ in clean_header(block).fields] == names
    message = read(block)
    assert message.bcc == ()
    assert "auto-submitted" not in dict(message.marks)


@pytest.mark.parametrize("name", BLOCKS)
def test_every_beginning_of_a_nasty_block_is_read(name: str) -> None:
    block = BLOCKS[name]
    for end in range(len(block) + 1):
        beginning = block[:end]
        assert found_fields(clean_header(beginning).fields) == expected_fields(beginning), end
        assert is_read(beginning), end


@pytest.mark.corpora
@pytest.mark.slow
def test_every_beginning_of_nasty_real_letters_is_read(corpora: Path) -> None:
    """The first 512 octets of fifty; what fails is named by its file, never shown."""
    every_file = sorted((corpora / "torture" / "torture").iterdir())
    paths = list(islice(every_file, 0, None, max(1, len(every_file) // 50)))[:50]
    assert len(paths) == 50
    failed = [p.name for p in paths if not is_read_to_any_length(p.read_bytes()[:512])]
    assert failed == []


def is_read_to_any_length(block: bytes) -> bool:
    return all(is_read(block[:end]) for end in range(len(block) + 1))


# --- bombs


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """How many calls of functions, Python's and built in, are made meanwhile."""
    calls = [0]

    def count(_frame: Any, event: str, _argument: Any) -> None:
        calls[0] += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def work(block: bytes, *, quickly: bool = True) -> int:
    with counted_calls() as calls:
        read_block(fetched(block), quickly=quickly)
    return calls[0]


@pytest.mark.parametrize("bomb", BOMBS)
def test_twice_the_bomb_is_at_most_twice_the_work(bomb: str) -> None:
    read(BOMBS[bomb][:100])  # what is done once is not counted
    small, large = (work(BOMBS[bomb][:octets], quickly=False) for octets in (12_000, 24_000))
    assert large <= 2.1 * small + 1_000


@pytest.mark.parametrize("bomb", BOMBS)
def test_trying_the_quick_way_on_a_bomb_costs_half_of_the_careful_way_at_most(bomb: str) -> None:
    """Where it comes to nothing the careful way is gone as well."""
    block = BOMBS[bomb][:6_000]
    read(block[:100])
    assert work(block) <= 1.5 * work(block, quickly=False) + 1_000


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_megabyte_is_no_more_work_than_what_is_read_of_it(bomb: str) -> None:
    assert work(BOMBS[bomb]) <= 1.1 * work(BOMBS[bomb][:66_000]) + 1_000


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_header_of_a_megabyte_takes_much_memory_or_fails(bomb: str) -> None:
    block = BOMBS[bomb]
    tracemalloc.start()
    try:
        assert is_read(block)
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
