"""The delivery reports of bounces, fetched after their header blocks; no other letter's body is.

The parts are asked for by their places: the report's second part is for programs, the third is
the returned letter (RFC 6522 §3). BODYSTRUCTURE would tell them for certain, but it is the answer
that servers and parsers get wrong most often. Where a part is missing, or the server refuses or
can't be understood, the letter is kept without a report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from inbox_agent.delivery_reports import PART_OCTETS, decoded_part, kept_parts
from inbox_agent.messages import FetchedHeader, parse_message
from inbox_agent.undelivered import may_be_report

Answers = Iterable[Mapping[bytes, Any]]
#: Asks for the parts of some letters; None where the server refuses or can't be understood.
Ask = Callable[[list[int]], Answers | None]

_TOGETHER = 25
_MARK = b"multipart/report"


def with_reports(headers: Sequence[FetchedHeader], ask: Ask) -> list[FetchedHeader]:
    """The letters as they were fetched, bounces with what is kept of their report."""
    uids = [header.uid for header in headers if _is_wanted(header)]
    found: dict[int, bytes] = {}
    for start in range(0, len(uids), _TOGETHER):
        together = uids[start : start + _TOGETHER]
        answered = ask(together)
        if answered is not None:
            found |= _reports(answered)
        elif len(together) > 1:
            for uid in together:
                found |= _reports(ask([uid]) or ())
    wanted = set(uids)
    return [
        replace(header, report=found.get(header.uid, b"")) if header.uid in wanted else header
        for header in headers
    ]


def _is_wanted(header: FetchedHeader) -> bool:
    """A look at the bytes first: reading a header block takes a millisecond."""
    return _MARK in header.block.lower() and may_be_report(parse_message(header))


def _reports(answered: Answers) -> dict[int, bytes]:
    kept = {items.get(b"UID", 0): _report(items) for items in answered}
    return {uid: report for uid, report in kept.items() if report}


def _report(items: Mapping[bytes, Any]) -> bytes:
    status = decoded_part(_part(items, b"2.MIME"), _part(items, b"2"))
    returned = decoded_part(_part(items, b"3.MIME"), _part(items, b"3"))
    return kept_parts(status, returned)


def _part(items: Mapping[bytes, Any], place: bytes) -> bytes:
    """One part, by the beginning of its name: servers add ``<0>`` or not, in any case."""
    name = b"BODY[" + place + b"]"
    found = (value for key, value in items.items() if key.upper().startswith(name))
    value = next(found, None)
    return value[:PART_OCTETS] if isinstance(value, bytes) else b""
