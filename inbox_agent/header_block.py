"""A header block cut down to the fields we may keep, before anybody stores it.

The bytes of what stays are not touched, so that a later, better parser can read them again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from inbox_agent.header_cleaning import receiving_host, without_comments
from inbox_agent.header_lines import (
    CUT_MARK,
    FIELD_NAME,
    OCTETS_READ,
    header_lines,
    is_empty_line,
    line_ends_restored,
)

_NAME_OCTETS = 200  # longer names are not worth remembering
_FIELD = re.compile(rb"^" + FIELD_NAME.pattern, re.MULTILINE)


def kept_fields(
    block: bytes,
    received_by: Collection[str],
    keep_bcc: bool,
    names: Collection[str] | None = None,
) -> bytes:
    """Return `block` without the fields that are not ours to keep.

    Of Received stay the topmost and the topmost whose ``by`` host is one of `received_by`
    (hosts that are ours, in any case); of Authentication-Results the topmost, the only one a
    sender can't forge; Bcc only if `keep_bcc`. With `names`, fields of other names go too.
    Every field that stays does so byte for byte, folded lines included; a line that is
    neither field nor folding belongs to the field above it. All after the first empty line,
    which would be body, is left out. Only where CR alone ends every line it becomes CRLF.
    No more than 64 KiB stay; of a block that is longer, or was when it was fetched, the whole
    lines up to there, and the mark that says so.
    """
    block = line_ends_restored(block)
    fields = usual_fields(block) or list(raw_fields(block))
    once = _chosen_received(fields, received_by) | _first(fields, "authentication-results")
    wanted = None if names is None else _in_lower_case(tuple(names)) | {"\n"}
    kept = b"".join(
        raw
        for place, (name, raw) in enumerate(fields)
        if (wanted is None or name in wanted)
        and (name != "bcc" or keep_bcc)
        and (name not in ("received", "authentication-results") or place in once)
    )
    has_end = bool(fields) and fields[-1][0] == "\n"
    is_cut = len(kept) > OCTETS_READ or (len(block) >= OCTETS_READ and not has_end)
    return _whole_lines(kept) + CUT_MARK if is_cut else kept


def _whole_lines(kept: bytes) -> bytes:
    room = OCTETS_READ - len(CUT_MARK)
    return kept[: kept.rfind(b"\n", 0, room) + 1]


def raw_fields(block: bytes) -> Iterator[tuple[str, bytes]]:
    """Yields (lower-case name, raw lines) of each field of a header.

    The name is ``"\\n"`` for the empty line that ends the block and empty for lines above the
    first field.
    """
    name, lines = "", list[bytes]()
    for line in header_lines(block):
        match = FIELD_NAME.match(line)
        is_end = is_empty_line(line)
        if match or is_end:
            if lines:
                yield name, b"".join(lines)
            name, lines = match[1].decode("ascii").lower() if match else "\n", []
        lines.append(line)
    if lines:
        yield name, b"".join(lines)


def usual_fields(block: bytes) -> list[tuple[str, bytes]] | None:
    """The same as `raw_fields` of a block as servers give it; None of any other.

    It begins with a field, each of its lines ends with CRLF, and only the last one is empty.
    """
    lines = block.count(b"\r\n")
    if lines != block.count(b"\n") or lines != block.count(b"\r"):
        return None
    end = len(block) - 2
    starts = [(found.start(), found[1]) for found in _FIELD.finditer(block, 0, end)]
    if not starts or starts[0][0] or block.find(b"\r\n\r\n") != end - 2:
        return None
    ends = [*(start for start, _ in starts[1:]), end]
    fields = [
        (_name(name) if len(name) <= _NAME_OCTETS else _name.__wrapped__(name), block[start:stop])
        for (start, name), stop in zip(starts, ends, strict=True)
    ]
    return [*fields, ("\n", b"\r\n")]


@lru_cache(maxsize=1024)
def _name(written: bytes) -> str:
    return written.decode("ascii").lower()


@lru_cache(maxsize=8)
def _in_lower_case(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _first(fields: Sequence[tuple[str, bytes]], name: str) -> set[int]:
    return set([place for place, field in enumerate(fields) if field[0] == name][:1])


def _chosen_received(fields: Sequence[tuple[str, bytes]], received_by: Collection[str]) -> set[int]:
    ours = {host.lower().rstrip(".") for host in received_by}
    places = [place for place, field in enumerate(fields) if field[0] == "received"]
    by_us = (place for place in places if _by_host(fields[place][1]) in ours) if ours else ()
    return {*places[:1], *islice(by_us, 1)}


def _by_host(received: bytes) -> str | None:
    """The host that wrote a Received field, read as `messages` will read it."""
    value = received.decode("latin-1").partition(":")[2]
    return receiving_host(without_comments(value))
