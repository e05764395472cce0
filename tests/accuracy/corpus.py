"""Real mail as the product reads it, and all of it taken as the mail with one partner."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from inbox_agent.addresses import Partner, Roster
from inbox_agent.header_block import kept_fields
from inbox_agent.letters import Letter, letters_of
from inbox_agent.messages import HEADER_FIELDS, FetchedHeader, Message, parse_message

FETCHED = datetime(2026, 1, 1, tzinfo=UTC)
EVERYBODY = "everybody"
# A line of a body may begin with `From `; only one with a date begins a letter (RFC 4155).
_FROM_LINE = re.compile(
    rb"(?:\A|(?<=\n\n))From \S[^\n]*[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [^\n]*\d{4}\r?\n"
)
_IN_REPLY_TO = re.compile(rb"^In-Reply-To:([^\n]*(?:\n[ \t][^\n]*)*)", re.M | re.I)
_ID = re.compile(rb"<([^<>\s]+@[^<>\s]+)>")


@dataclass(frozen=True, repr=False)
class Filed:
    """A letter of a file: its copy as the product reads it, its header block and its body.

    Like everything here that holds mail it has no repr: a failing test would print it.
    """

    copy: Message
    block: bytes
    body: bytes


def corpora() -> Path | None:
    """Where the real mail is, if anywhere."""
    name = os.environ.get("INBOX_AGENT_CORPORA")
    return Path(name) if name else None


def digest_of(message_id: str) -> str:
    """What a letter is called in the kept verdicts: nothing can be read from it."""
    return hashlib.sha256(message_id.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def words_around_ids(block: bytes) -> list[str]:
    """The ids of In-Reply-To where it holds words besides, as old programs wrote it; else none.

    ``Message from Ann Lee <ann@acme.example> of "Thu, 22 Aug 2002" <1@acme.example>``.
    """
    field = _IN_REPLY_TO.search(block)
    if not field or not _ID.sub(b"", field[1]).strip():
        return []
    return [found.decode("latin-1") for found in _ID.findall(field[1])]


def read_file(path: Path, *, is_sent: bool = False) -> Iterator[Filed]:
    """The letters of one mbox file; each arrived when the topmost Received says, else at Date."""
    data = gzip.decompress(path.read_bytes())
    folder = path.name.removesuffix(".mbox.gz")
    starts = list(_FROM_LINE.finditer(data))
    ends = [start.start() for start in starts[1:]] + [len(data)]
    for uid, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
        raw = data[start.end() : end]
        head, _, body = raw.partition(b"\n\n")
        block = head + b"\n\n"
        yield Filed(_copy(block, len(raw), folder, uid, is_sent=is_sent), block, body)


def _copy(block: bytes, size: int, folder: str, uid: int, *, is_sent: bool) -> Message:
    header = FetchedHeader(
        mailbox="real",
        folder=folder,
        uidvalidity=1,
        uid=uid,
        received_at=None,
        size_octets=size,
        block=kept_fields(block, (), is_sent, HEADER_FIELDS),
        fetched_at=FETCHED,
    )
    copy = parse_message(header, is_sent_copy=is_sent)
    arrived_at = copy.received[0][1] if copy.received else copy.sent_at
    return replace(copy, received_at=arrived_at)


def as_one_partner(copies: Sequence[Message], us: Iterable[str] = ()) -> tuple[Letter, ...]:
    """All letters as the record of one partner: everybody but the addresses `us`.

    So every letter belongs, also one between colleagues, and only the threads are on trial.
    """
    people = [
        address
        for copy in copies
        for address in (copy.from_, *copy.to, *copy.cc, *copy.bcc)
        if address is not None
    ]
    domains = tuple(sorted({address.domain for address in people}))
    partner = Partner(key=EVERYBODY, domains=domains)
    roster = Roster(
        team_domains=frozenset(),
        team_addresses=frozenset(us),
        partners=(partner,),
        discover=False,
    )
    return letters_of(partner, copies, roster, FETCHED)
