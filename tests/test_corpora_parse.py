"""Real and nasty mail through the parser. Messages of failure name counts and files only."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from inbox_agent.header_cleaning import PROBLEMS
from inbox_agent.messages import FetchedHeader, Message, parse_message

FETCHED = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.corpora


def parsed(block: bytes) -> Message:
    return parse_message(
        FetchedHeader(
            mailbox="corpora",
            folder="corpora",
            uidvalidity=1,
            uid=1,
            received_at=None,
            size_octets=len(block),
            block=block,
            fetched_at=FETCHED,
        )
    )


def letters_of(mbox: Path) -> Iterator[bytes]:
    """The letters of one mbox; an empty line must stand before a ``From `` line."""
    octets = b"\n\n" + gzip.decompress(mbox.read_bytes())
    yield from (letter for letter in re.split(rb"\n\nFrom [^\n]*\n", octets) if letter.strip())


def test_no_nasty_letter_makes_the_parser_raise(corpora: Path) -> None:
    files = [p for p in (corpora / "torture").rglob("*") if p.is_file() and p.suffix != ".tsv"]
    failed = []
    for path in sorted(files):
        try:
            message = parsed(path.read_bytes())
        except Exception as exc:  # noqa: BLE001 - the files are the message, not their content
            failed.append(f"{path.relative_to(corpora)}: {type(exc).__name__}")
        else:
            if "parser_failed" in message.problems or not set(message.problems) <= set(PROBLEMS):
                failed.append(f"{path.relative_to(corpora)}: problems")
    assert len(files) > 1000
    assert not failed, f"{len(failed)} of {len(files)}: {failed[:20]}"


def test_letters_whose_lines_end_with_cr_alone_are_read(corpora: Path) -> None:
    blocks = [p.read_bytes() for p in (corpora / "torture").rglob("*.eml")]
    messages = [parsed(block) for block in blocks if b"\n" not in block and b"\r" in block]
    assert len(messages) > 30
    assert sum(message.from_ is None for message in messages) <= 1  # it is from nobody
    assert all(message.subject and message.sent_at for message in messages)
    assert not any("control_octets" in message.problems for message in messages)


def test_hardly_a_letter_of_a_list_is_without_author_identifier_or_date(corpora: Path) -> None:
    counts: Counter[str] = Counter()
    letters = 0
    for block in letters_of(corpora / "lists" / "linux-hyperv" / "2022.mbox.gz"):
        message = parsed(block)
        letters += 1
        counts["from_"] += message.from_ is None
        counts["message_id"] += "no_message_id" in message.problems
        counts["sent_at"] += message.sent_at is None
        counts["received"] += not message.received
    assert letters > 4000
    worst = max(counts.values())
    assert worst <= letters * 0.005, f"missing in {letters} letters: {dict(counts)}"


@pytest.mark.slow
def test_letters_of_every_archive_are_read_without_failing(corpora: Path) -> None:
    """Every fifth of them: all twenty thousand take a minute and say no more."""
    failed: Counter[str] = Counter()
    for mbox in sorted(corpora.rglob("*.mbox.gz")):
        for block in islice(letters_of(mbox), 0, None, 5):
            if "parser_failed" in parsed(block).problems:
                failed[str(mbox.relative_to(corpora))] += 1
    assert not failed, dict(failed)
