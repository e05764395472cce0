"""A header block cut down to the fields we may keep, before anybody stores it.

The bytes of what stays are not touched, so that a later, better parser can read them again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

# RFC 5322 §2.2 field names; blanks before the colon are §4.5's obsolete form.
_FIELD_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
_BY_HOST = re.compile(r"(?:^|\s)by\s+([^\s;]+)", re.IGNORECASE)


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
    which would be body, is left out.
    """
    fields = list(_fields(block))
    once = _chosen_received(fields, received_by) | _first(fields, "authentication-results")
    wanted = None if names is None else {name.lower() for name in names} | {"\n"}
    return b"".join(
        raw
        for place, (name, raw) in enumerate(fields)
        if (wanted is None or name in wanted)
        and (name != "bcc" or keep_bcc)
        and (name not in ("received", "authentication-results") or place in once)
    )


def _fields(block: bytes) -> Iterator[tuple[str, bytes]]:
    """Cut at LF only: a bare CR in a value must not make a field (it would let senders forge one).

    Yields (lower-case name, raw lines); the name is ``"\\n"`` for the empty line that ends the
    block and empty for lines above the first field.
    """
    name, lines = "", list[bytes]()
    for line in _lines(block):
        match = _FIELD_NAME.match(line)
        is_end = not line.strip(b"\r\n")
        if match or is_end:
            if lines:
                yield name, b"".join(lines)
            name, lines = match[1].decode("ascii").lower() if match else "\n", []
        lines.append(line)
        if is_end:
            break
    if lines:
        yield name, b"".join(lines)


def _lines(block: bytes) -> Iterator[bytes]:
    parts = block.split(b"\n")
    yield from (part + b"\n" for part in parts[:-1])
    if parts[-1]:
        yield parts[-1]


def _first(fields: Sequence[tuple[str, bytes]], name: str) -> set[int]:
    return set([place for place, field in enumerate(fields) if field[0] == name][:1])


def _chosen_received(fields: Sequence[tuple[str, bytes]], received_by: Collection[str]) -> set[int]:
    ours = {host.lower().rstrip(".") for host in received_by}
    places = [place for place, field in enumerate(fields) if field[0] == "received"]
    by_us = [place for place in places if _by_host(fields[place][1]) in ours] if ours else []
    return set(places[:1] + by_us[:1])


def _by_host(received: bytes) -> str | None:
    """The host after ``by`` in a Received field (RFC 5321 §4.4), lower case, outside comments.

    Comments are skipped because the greeting name, which the sender chooses, often stands in one.
    """
    value = received.decode("latin-1").partition(":")[2]
    match = _BY_HOST.search(_without_comments(value))
    return match[1].lower().rstrip(".") if match else None


def _without_comments(value: str) -> str:
    depth, kept = 0, list[str]()
    for part in re.split(r"([()])", value):
        if part == "(":
            depth += 1
        elif part == ")":
            depth = max(0, depth - 1)
        elif not depth:
            kept.append(part)
    return " ".join(kept)
