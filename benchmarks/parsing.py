"""How long reading a header block takes, beside mail-parser alone and other readers.

    python -m benchmarks.parsing [--letters N] [--rounds N] [--corpora FOLDER]

All read the same blocks, of made-up letters as the mirror keeps them, in each round one after the
other; what counts is CPU time, and the median of the rounds. What the product remembers of people
is forgotten before each round. fast-mail-parser, written in Rust, is a yardstick: it runs where
it is found (``pip install --target FOLDER fast-mail-parser`` and PYTHONPATH).

The second table is of `rebuild --reparse`; the third, with real mail, of the share of blocks that
is plain, archive by archive.
"""

from __future__ import annotations

import argparse
import email.utils
import gzip
import importlib
import os
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path
from statistics import median

import mailparser

from benchmarks.correspondence import correspondence
from benchmarks.letters import mirror as write_mirror
from inbox_agent import address_fields, header_reading
from inbox_agent.header_block import kept_fields
from inbox_agent.messages import HEADER_FIELDS, PARSER_VERSION, FetchedHeader, read_block
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_rows import parsed_columns

_FETCHED_AT = datetime(2026, 11, 22, tzinfo=UTC)
_READ = ("from", "to", "cc", "reply-to", "sender")
_TEXTS = ("subject", "message-id", "in-reply-to", "references")
Reader = Callable[[bytes], object]


def fetched(block: bytes) -> FetchedHeader:
    """A block as a server gave it."""
    return FetchedHeader("partners", "INBOX", 1, 1, None, len(block), block, _FETCHED_AT)


def with_stdlib(block: bytes) -> object:
    """Nine fields by the standard library, addresses and Date parsed, nothing decoded or mended."""
    found = BytesHeaderParser().parsebytes(block)
    people = [email.utils.getaddresses(found.get_all(name, [])) for name in _READ]
    date = found["date"]
    at = email.utils.parsedate_to_datetime(date) if date else None
    return people, at, [found[name] for name in _TEXTS]


def readers() -> dict[str, Reader]:
    """Each way of reading a block; the first is what the others are held against."""
    found: dict[str, Reader] = {
        "the product: a row of the mirror": lambda block: parsed_columns(fetched(block)),
        "the product: a letter": lambda block: read_block(fetched(block)),
        "the product, all of it by mail-parser": lambda block: read_block(
            fetched(block), quickly=False
        ),
        "mail-parser `parse_from_bytes`": mailparser.parse_from_bytes,
        "stdlib `BytesHeaderParser`, no field read": BytesHeaderParser().parsebytes,
        "stdlib, nine fields read": with_stdlib,
    }
    try:
        rust = importlib.import_module("fast_mail_parser")
    except ImportError:
        return found
    return found | {"fast-mail-parser": rust.parse_email}


def timed(reader: Reader, blocks: Sequence[bytes]) -> float:
    """CPU microseconds a block, with nothing remembered of those before."""
    header_reading._entry.cache_clear()
    address_fields._known_person.cache_clear()
    began = time.process_time()
    for block in blocks:
        reader(block)
    return (time.process_time() - began) / len(blocks) * 1e6


def parsing_table(blocks: Sequence[bytes], rounds: int) -> Iterator[str]:
    """What each reader takes a block."""
    ways = readers()
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, reader in ways.items():
            taken[name].append(timed(reader, blocks))
    octets = sum(map(len, blocks)) // len(blocks)
    yield f"| {len(blocks):,} blocks of {octets:,} octets | µs a block | to a row |"
    yield "|---|---:|---:|"
    rows = next(iter(taken.values()))
    for name, each in taken.items():
        ratio = median(one / row for one, row in zip(each, rows, strict=True))
        yield f"| {name} | {median(each):,.0f} | {ratio:.2f} × |"  # noqa: RUF001


def reparse_table(letters: int, rounds: int) -> Iterator[str]:
    """`rebuild --reparse`: reading every kept block anew, in one process."""
    yield f"| {letters:,} letters read anew | letters a second of CPU | of wall time |"
    yield "|---|---:|---:|"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mirror.db"
        write_mirror(path, letters)
        for name, is_old in (
            ("the parser is newer: all rows written", True),
            ("nothing new", False),
        ):
            speeds = [_reparsed(path, is_old=is_old) for _ in range(rounds)]
            cpu, wall = (median(each) for each in zip(*speeds, strict=True))
            yield f"| {name} | {cpu:,.0f} | {wall:,.0f} |"


def _reparsed(path: Path, *, is_old: bool) -> tuple[float, float]:
    if is_old:
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("update headers set parser_version = ?", (PARSER_VERSION - 1,))
    with Mirror(path) as held:
        began, wall = time.process_time(), time.monotonic()
        count = held.reparse()
        return count / (time.process_time() - began), count / (time.monotonic() - wall)


def share_table(corpora: Path) -> Iterator[str]:
    """How much real mail is plain, and what it takes each way."""
    yield "| archive | letters | plain | µs, quickly | µs, all by mail-parser |"
    yield "|---|---:|---:|---:|---:|"
    for archive in sorted(folder for folder in corpora.iterdir() if folder.is_dir()):
        blocks = [kept_fields(one, (), True, HEADER_FIELDS) for one in _letters(archive)]
        if not blocks:
            continue
        plain = sum(read_block(fetched(block)).is_plain for block in blocks) / len(blocks)
        quick = timed(lambda block: read_block(fetched(block)), blocks)
        careful = timed(lambda block: read_block(fetched(block), quickly=False), blocks)
        yield f"| {archive.name} | {len(blocks):,} | {plain:.1%} | {quick:,.0f} | {careful:,.0f} |"


def _letters(archive: Path) -> Iterator[bytes]:
    for path in sorted(archive.rglob("*")):
        if path.name.endswith(".mbox.gz"):
            octets = b"\n\n" + gzip.decompress(path.read_bytes())
            yield from filter(bytes.strip, re.split(rb"\n\nFrom [^\n]*\n", octets))
        elif path.is_file() and path.suffix != ".tsv":
            yield path.read_bytes()


def main(arguments: Sequence[str]) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--letters", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--corpora", type=Path, default=os.environ.get("INBOX_AGENT_CORPORA"))
    given = parser.parse_args(arguments)
    blocks = [letter.block() for letter in correspondence(given.letters)]
    print("\n".join(parsing_table(blocks, given.rounds)), end="\n\n", flush=True)
    print("\n".join(reparse_table(given.letters, given.rounds)), flush=True)
    if given.corpora:
        print("", *share_table(given.corpora), sep="\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
