"""The signs in the texts of letters, fetched after their header blocks where ``[read_text]`` is on.

The beginning of a text is asked for, looked at and forgotten: it goes into `signs_of` and nowhere
else. Where the server refuses it, or it can't be understood, the letter is kept without signs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from inbox_agent.delivery_reports import PART_HEADER_OCTETS
from inbox_agent.imap_parts import Ask, part, parts_of
from inbox_agent.messages import FetchedHeader, parse_message
from inbox_agent.text_signs import TEXT_OCTETS, signs_of
from inbox_agent.worth_reading import is_worth_reading


def with_signs(
    headers: Sequence[FetchedHeader], ask: Ask, languages: frozenset[str]
) -> list[FetchedHeader]:
    """The letters as they were fetched; those that may count with the signs in their text."""
    uids = [header.uid for header in headers if is_worth_reading(parse_message(header))]
    signs = {uid: _signs(items, languages) for uid, items in parts_of(uids, ask)}
    return [replace(header, text_signs=signs.get(header.uid)) for header in headers]


def _signs(items: Mapping[bytes, Any], languages: frozenset[str]) -> frozenset[str] | None:
    mime_header = part(items, b"BODY[HEADER.FIELDS", PART_HEADER_OCTETS)
    return signs_of(mime_header, part(items, b"BODY[TEXT]", TEXT_OCTETS), languages)
