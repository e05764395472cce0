"""The letters that kinds are judged on, what each of them is, and what the product says it is.

What a letter is was decided by reading it, before anybody looked at the product's verdict. The
labels beside this file hold file names, digests and a few words, and nothing of a letter.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from functools import lru_cache
from pathlib import Path

from inbox_agent.addresses import Roster
from inbox_agent.copies import verdict_of
from inbox_agent.header_block import kept_fields
from inbox_agent.messages import HEADER_FIELDS, FetchedHeader, Message, parse_message

LABELS = Path(__file__).parent / "labels"
FETCHED = datetime(2026, 1, 1, tzinfo=UTC)
TEAM = frozenset({"team.example"})
#: What the names of the folders say about the letters in them; ``-`` where they say nothing.
UPSTREAM: Mapping[str, str] = {
    "torture/bounce": "bounce",
    "torture/bounce-malformed": "bounce",
    "torture/autoreply": "auto_reply",
    "torture/feedback": "system",
    "torture/nonbounce": "-",
    "torture/torture": "-",
    "mined/autoreply": "auto_reply",
    "mined/human-ooo-notice": "human",
    "mined/bounce": "bounce",
    "mined/calendar": "calendar",
    "spamassassin": "-",
}
#: What a letter of `kinds_corrections.tsv` can be: a kind of the product; what a person wrote to
#: a mailing list (`list`, or `human` where the list is the team's own); or unasked advertising,
#: fraud and worms, for which the product has no kind.
LABELLED_KINDS = frozenset(
    "human auto_reply bounce receipt calendar list bulk system list_post spam".split()  # noqa: SIM905
)
#: The same for `people.tsv`; nobody can say what an ``unsure`` letter is, and it counts nowhere.
PEOPLE_LABELS = LABELLED_KINDS - {"human", "list", "spam"} | {"person", "unsure"}

# Only a line with a date begins a letter (RFC 4155); a body's line may begin with `From `, too.
_FROM_LINE = re.compile(
    rb"(?:\A|(?<=\n\n))From \S[^\n]*[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d [^\n]*\d{4}\r?\n"
)
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True)
class Sample:
    """One letter: its name in the labels, its bytes, and what the folder's name says it is."""

    name: str
    raw: bytes
    upstream: str = "-"

    @property
    def block(self) -> bytes:
        """The bytes up to the first empty line."""
        return block_of(self.raw)

    @property
    def digest(self) -> str:
        return digest_of(self.block)


def block_of(raw: bytes) -> bytes:
    raw = raw.lstrip(b"\r\n")
    end = _EMPTY_LINE.search(raw)
    return raw[: end.start()] if end else raw


def digest_of(block: bytes) -> str:
    """What a letter of an archive is called: nothing can be read from it."""
    return hashlib.sha256(block).hexdigest()[:12]


def samples(corpora: Path, folder: str) -> Iterator[Sample]:
    """Every letter of a folder's files; one of an archive is named ``file#digest``."""
    for path in sorted((corpora / folder).iterdir()):
        yield from file_samples(corpora, path, UPSTREAM.get(folder, "-"))


def file_samples(corpora: Path, path: Path, upstream: str = "-") -> Iterator[Sample]:
    name = path.relative_to(corpora).as_posix()
    if path.suffix != ".gz":
        yield Sample(name, _as_received(path.read_bytes()), upstream)
        return
    data = gzip.decompress(path.read_bytes())
    starts = list(_FROM_LINE.finditer(data))
    ends = [start.start() for start in starts[1:]] + [len(data)]
    for start, end in zip(starts, ends, strict=True):
        raw = data[start.end() : end]
        yield Sample(f"{name}#{digest_of(block_of(raw))}", raw, upstream)


def _as_received(raw: bytes) -> bytes:
    """Without a leading mbox line; a file with CR alone gets the ends of line any server makes."""
    raw = raw if b"\n" in raw else raw.replace(b"\r", b"\n")
    return raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw


# -- labels ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Correction:
    """What a letter really is; `upstream` is what its folder's name says."""

    upstream: str
    kind: str
    reason: str


@lru_cache(maxsize=1)
def corrections() -> Mapping[str, Correction]:
    """By the letter's name."""
    rows = _rows("kinds_corrections.tsv", ["file", "upstream", "kind", "reason"])
    return {name: Correction(*rest) for name, *rest in rows}


@lru_cache(maxsize=1)
def people() -> Mapping[tuple[str, str], tuple[str, str]]:
    """(file, digest) to (stratum, label) of the letters drawn for reading."""
    rows = _rows("people.tsv", ["stratum", "file", "letter", "label"])
    return {(file, digest): (stratum, label) for stratum, file, digest, label in rows}


@lru_cache(maxsize=1)
def bare() -> Mapping[str, str]:
    """Letters whose header block does not say what they are, and what it looks like, by name."""
    rows = _rows("kinds_bare.tsv", ["file", "kind", "looks_like"])
    return {name: looks_like for name, _, looks_like in rows}


def _rows(name: str, header: list[str]) -> list[list[str]]:
    lines = (LABELS / name).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    if rows[0] != header or any(len(row) != len(header) for row in rows):
        raise ValueError(f"{name}: not the columns {header}")
    return rows[1:]


def label_of(sample: Sample) -> str:
    """What the letter is: as corrected by eye, else as the folder says; ``-`` is not labelled."""
    found = corrections().get(sample.name)
    return found.kind if found else sample.upstream


# -- what the product says ------------------------------------------------------------------


def parsed(sample: Sample, report: bytes = b"") -> Message:
    """The letter as a poll would keep it: the kept fields of its header block, nothing else."""
    header = FetchedHeader(
        mailbox="real",
        folder="INBOX",
        uidvalidity=1,
        uid=1,
        received_at=None,
        size_octets=len(sample.raw),
        block=kept_fields(sample.block + b"\r\n\r\n", (), False, HEADER_FIELDS),
        fetched_at=FETCHED,
        report=report,
    )
    return parse_message(header)


def kind_of(sample: Sample, lists: frozenset[str] = frozenset()) -> str:
    """The product's kind, where `lists` are the team's own mailing lists."""
    roster = Roster(team_domains=TEAM, lists=lists)
    return verdict_of(parsed(sample), roster).kind


def lists_of(block: bytes) -> frozenset[str]:
    """The names a team would give the list in its config: List-Id, List-Post, or by Sender."""
    fields = message_from_bytes(block + b"\n\n")
    list_id = str(fields.get("List-Id", "")).rpartition("<")[2].strip("> \r\n\t").lower()
    post = re.search(r"mailto:([^>?\s]+)", str(fields.get("List-Post", "")))
    sender = re.search(r"[\w.+=-]+@[\w.-]+", str(fields.get("Sender", "")))
    names = {list_id, post[1].lower() if post else ""}
    if sender:
        local, _, domain = sender[0].lower().partition("@")
        local = re.sub(r"^owner-|-(?:owner|admin|request|bounces?(?:\+.*)?)$", "", local)
        names.add(f"{local}@{domain}")
    return frozenset(names - {""})
