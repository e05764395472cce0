"""The delivery reports of bounces, fetched after their header blocks; no other letter's body is.

The parts are asked for by their places: the report's second part is for programs, the third is
the returned letter (RFC 6522 §3). BODYSTRUCTURE would tell them for certain, but it is the answer
that servers and parsers get wrong most often. Where a part is missing, or the server refuses or
can't be understood, the letter is kept without a report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from inbox_agent.delivery_reports import PART_OCTETS, decoded_part, kept_parts
from inbox_agent.imap_parts import Ask, part, parts_of
from inbox_agent.messages import FetchedHeader, parse_message
from inbox_agent.undelivered import may_be_report

_MARK = b"multipart/report"


def with_reports(headers: Sequence[FetchedHeader], ask: Ask) -> list[FetchedHeader]:
    """The letters as they were fetched, bounces with what is kept of their report."""
    uids = [header.uid for header in headers if _is_wanted(header)]
    reports = {uid: report for uid, items in parts_of(uids, ask) if (report := _report(items))}
    return [
        replace(header, report=reports[header.uid]) if header.uid in reports else header
        for header in headers
    ]


def _is_wanted(header: FetchedHeader) -> bool:
    """A look at the bytes first: reading a header block takes a millisecond."""
    return _MARK in header.block.lower() and may_be_report(parse_message(header))


def _report(items: Mapping[bytes, Any]) -> bytes:
    status, returned = (
        decoded_part(
            part(items, b"BODY[%d.MIME]" % place, PART_OCTETS),
            part(items, b"BODY[%d]" % place, PART_OCTETS),
        )
        for place in (2, 3)
    )
    return kept_parts(status, returned)
