"""Between records and the rows of the mirror: header blocks compressed, instants as seconds."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from sys import intern
from typing import Any

from inbox_agent.addresses import Address
from inbox_agent.delivery_reports import read_report
from inbox_agent.epoch import instant, seconds
from inbox_agent.import_blocks import Block, import_blocks, is_in
from inbox_agent.messages import PARSER_VERSION, FetchedHeader, Message, ReadBlock, read_block
from inbox_agent.mirror_status import NOT_READ_ANEW

_FETCHED = (
    "mailbox",
    "folder",
    "uidvalidity",
    "uid",
    "received_at",
    "size_octets",
    "fetched_at",
    "block",
    "report",
    "is_marked",
    "email_id",
    "thread_id",
    "labels",
    "text_signs",
)
_PARSED = (
    "parser_version",
    "digest",
    "message_id",
    "in_reply_to",
    "sent_at",
    "subject",
    "details",
    "is_plain",
)

#: A letter fetched twice is kept once: an interrupted batch may come again.
INSERT = (
    f"insert into headers ({', '.join((*_FETCHED, *_PARSED))})"  # noqa: S608 - our own names
    f" values ({', '.join('?' * (len(_FETCHED) + len(_PARSED)))}) on conflict do nothing"
)
#: A letter that is kept without somebody who was erased.
REWRITE = (
    f"update headers set {', '.join(f'{name} = ?' for name in _PARSED)},"  # noqa: S608
    " block = ?, report = ? where id = ?"
)
#: The condition of the index of those that were not read the quick way, or before that was kept.
NOT_PLAIN = "is_plain is not 1"
#: What a `Message` is made of: all but the block, which is most of a row.
_READ = ", ".join(
    f"headers.{name}"
    for name in (
        *("id", "mailbox", "folder", "uidvalidity", "received_at", "size_octets", "fetched_at"),
        *("report", "is_marked", "labels", "text_signs", "digest", "message_id", "in_reply_to"),
        *("sent_at", "subject", "details", "gone_at"),
    )
)
COPIES = (
    f"select {_READ}, coalesce(folders.is_sent, 0) as is_sent from headers"  # noqa: S608
    f" left join folders using (mailbox, folder) where {NOT_READ_ANEW} order by headers.id"
)
#: Some of them, by the ids of their rows as JSON: one statement for any number of them.
COPIES_OF = COPIES.replace(
    " order by", " and headers.id in (select value from json_each(?)) order by"
)
#: The label under which Gmail keeps what was sent, as `X-GM-LABELS` gives it.
SENT_LABEL = "\\Sent"
#: What import blocks are found by; an index has it all, in this order. A damaged row is left to
#: those who can say which one it is.
ARRIVALS = (
    "select mailbox, folder, uidvalidity, received_at, sent_at, fetched_at from headers"
    " where typeof(received_at) = 'integer' and typeof(sent_at) in ('integer', 'null')"
    " and typeof(fetched_at) = 'integer'"
    " order by mailbox, folder, uidvalidity, received_at, sent_at, fetched_at"
)
_json = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_from_json = json.JSONDecoder().raw_decode
_numbering = itemgetter("mailbox", "folder", "uidvalidity")
_arrival = itemgetter("received_at", "sent_at", "fetched_at")

#: The import blocks of each folder, each UIDVALIDITY of it by itself.
Blocks = Mapping[tuple[str, str, int], Sequence[Block]]


def insert_row(header: FetchedHeader) -> tuple[object, ...]:
    """A fetched letter as the values of `INSERT`."""
    return (
        header.mailbox,
        header.folder,
        header.uidvalidity,
        header.uid,
        seconds(header.received_at) if header.received_at else None,
        header.size_octets,
        seconds(header.fetched_at),
        zlib.compress(header.block),
        header.report or None,
        0,
        header.email_id,
        header.thread_id,
        json.dumps(header.labels) if header.labels else None,
        None if header.text_signs is None else " ".join(sorted(header.text_signs)),
        *parsed_columns(header),
    )


def rewritten_row(header: FetchedHeader, letter: int) -> tuple[object, ...]:
    """A letter that was written anew as the values of `REWRITE`; `letter` is the id of its row."""
    kept = zlib.compress(header.block), header.report or None
    return (*parsed_columns(header), *kept, letter)


def parsed_columns(header: FetchedHeader) -> tuple[object, ...]:
    """What is read from a header block, as the last values of `INSERT`."""
    return parsed_columns_of(read_block(header))


def parsed_columns_of(read: ReadBlock) -> tuple[object, ...]:
    """`parsed_columns` of a letter that was read before."""
    message = read.message
    details = {
        "references": message.references,
        "from": _people((message.from_,) if message.from_ else ()),
        "to": _people(message.to),
        "cc": _people(message.cc),
        "bcc": _people(message.bcc),
        "received": [(host, seconds(at)) for host, at in message.received],
        "marks": message.marks,
        "problems": message.problems,
        "sender": _people((message.sender,) if message.sender else ()),
        "reply_to": _people(message.reply_to),
        "originals": _people(message.originals),
        "thread_index": message.thread_index,
        "authentication": message.authentication,
        "date_offset_minutes": message.date_offset_minutes,
    }
    return (
        PARSER_VERSION,
        message.digest,
        message.message_id,
        message.in_reply_to,
        seconds(message.sent_at) if message.sent_at else None,
        message.subject,
        _json(details),
        int(read.is_plain),
    )


def changes(
    read: Iterable[tuple[Mapping[str, Any], tuple[object, ...]]],
) -> dict[str, list[tuple[object, ...]]]:
    """Rows that are held and their parsed columns as now read: each update, with its values.

    A row is written only where it differs, so that no index is touched for nothing.
    """
    found: dict[str, list[tuple[object, ...]]] = {}
    for row, columns in read:
        pairs = zip(_PARSED, columns, strict=True)
        new = {name: value for name, value in pairs if row[name] != value}
        if new:
            update = f"update headers set {', '.join(f'{n} = ?' for n in new)} where id = ?"  # noqa: S608
            found.setdefault(update, []).append((*new.values(), row["id"]))
    return found


def header_of(row: Mapping[str, Any]) -> FetchedHeader:
    """The letter as it was fetched, for reading it anew."""
    return FetchedHeader(
        mailbox=row["mailbox"],
        folder=row["folder"],
        uidvalidity=row["uidvalidity"],
        uid=row["uid"],
        received_at=None if row["received_at"] is None else instant(row["received_at"]),
        size_octets=row["size_octets"],
        block=zlib.decompress(row["block"]),
        fetched_at=instant(row["fetched_at"]),
        report=row["report"] or b"",
        email_id=row["email_id"],
        thread_id=row["thread_id"],
        labels=_labels(row),
        text_signs=_text_signs(row),
    )


def blocks_of(rows: Iterable[Mapping[str, Any]]) -> Blocks:
    """The import blocks among the rows of `ARRIVALS`."""
    return {
        folder: blocks
        for folder, found in groupby(rows, _numbering)
        if (blocks := import_blocks(map(_arrival, found)))
    }


def in_import_block(row: Mapping[str, Any], blocks: Blocks) -> bool:
    """Whether the INTERNALDATE of a row of `headers` is that of a move."""
    of_folder = blocks.get(_numbering(row), ())
    return row["received_at"] is not None and is_in(row["received_at"], of_folder)


def message_of(row: Mapping[str, Any], *, is_settled: bool, is_import: bool = False) -> Message:
    """The parsed letter of a row of `headers` joined with its folder's `is_sent`."""
    details = _details(row["details"])
    author, sender = _addresses(details["from"]), _addresses(details["sender"])
    return Message(
        mailbox=intern(row["mailbox"]),
        folder=intern(row["folder"]),
        digest=row["digest"],
        # one string for each id, however often it is cited, and for the subject of an exchange
        message_id=intern(row["message_id"]),
        in_reply_to=row["in_reply_to"] and intern(row["in_reply_to"]),
        references=tuple(map(intern, details["references"])),
        from_=author[0] if author else None,
        to=_addresses(details["to"]),
        cc=_addresses(details["cc"]),
        bcc=_addresses(details["bcc"]),
        subject=intern(row["subject"]),
        sent_at=None if row["sent_at"] is None else instant(row["sent_at"]),
        received_at=None if row["received_at"] is None else instant(row["received_at"]),
        received=tuple([(_known_text(host), instant(at)) for host, at in details["received"]]),
        fetched_at=_known_instant(row["fetched_at"]),
        size_octets=row["size_octets"],
        marks=tuple([_known_mark(name, value) for name, value in details["marks"]]),
        problems=tuple(details["problems"]),
        is_sent_copy=bool(row["is_sent"]) or SENT_LABEL in _labels(row),
        is_settled=is_settled,
        sender=sender[0] if sender else None,
        reply_to=_addresses(details["reply_to"]),
        originals=_addresses(details["originals"]),
        thread_index=details["thread_index"],
        authentication=_known_text(details["authentication"]),
        report=read_report(row["report"]) if row["report"] else None,
        is_import=is_import,
        text_signs=_text_signs(row),
        date_offset_minutes=details["date_offset_minutes"],
    )


def _details(written: str) -> dict[str, Any]:
    """`json.loads` of what we wrote, without its look for a space around it or octets."""
    found, end = _from_json(written)
    if end != len(written):
        raise ValueError("something stands behind the details of a letter")
    return found  # type: ignore[no-any-return]


def _labels(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(json.loads(row["labels"])) if row["labels"] else ()


def _text_signs(row: Mapping[str, Any]) -> frozenset[str] | None:
    return None if row["text_signs"] is None else _known_signs(row["text_signs"])


def _signs(written: str) -> frozenset[str]:
    return frozenset(written.split())


def _people(addresses: tuple[Address, ...]) -> list[tuple[str, str, str]]:
    return [(a.name, a.local, a.domain) for a in addresses]


def _addresses(people: list[list[str]]) -> tuple[Address, ...]:
    return _known_people(*map(tuple, people)) if people else ()


def _people_of(*people: tuple[str, str, str]) -> tuple[Address, ...]:
    return tuple([_known_address(*person) for person in people])


def _mark(name: str, value: str) -> tuple[str, str]:
    return intern(name), value


# The same people write and are written to, by the same programs and hosts: one object for all their
# letters is a third of what these take. What is kept of each is short.
_known_address = lru_cache(maxsize=16_384)(Address)
_known_people = lru_cache(maxsize=4_096)(_people_of)
_known_mark = lru_cache(maxsize=4_096)(_mark)
_known_text = lru_cache(maxsize=4_096)(str)
_known_signs = lru_cache(maxsize=1_024)(_signs)
# What was fetched at once has one instant.
_known_instant = lru_cache(maxsize=64)(instant)
