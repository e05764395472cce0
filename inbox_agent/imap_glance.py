"""One look at all folders of a mailbox, in one round trip: how each stands, though none is opened.

By one LIST that brings the STATUS of each folder along (RFC 5819), else by LIST and a STATUS for
each folder, sent together.
"""

from __future__ import annotations

import imaplib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from inbox_agent.imap_ahead import answered
from inbox_agent.imap_commands import (
    MAX_MODSEQ,
    MAX_UID,
    STATUS_ITEMS,
    STATUS_ITEMS_WITH_MODSEQ,
    GuardedIMAP4,
    quoted,
)
from inbox_agent.imap_folders import Line, list_lines, unquoted
from inbox_agent.imap_session import FolderStatus

#: So many folders are asked about in one write: a server that waits until its answers are read
#: must not keep us from reading them.
_TOGETHER = 50
_ITEM = re.compile(rb"([A-Z]+) (\d{1,19})(?: |$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asking:
    """How a server is asked: by LIST-STATUS or folder by folder; with mod-sequences or without."""

    by_list: bool
    with_special_use: bool
    with_modseq: bool

    @property
    def items(self) -> str:
        """The data items of STATUS."""
        return STATUS_ITEMS_WITH_MODSEQ if self.with_modseq else STATUS_ITEMS


def glance(
    connection: GuardedIMAP4, folders: Sequence[bytes], asking: Asking
) -> tuple[list[Line], dict[bytes, FolderStatus]]:
    """The folders there are, and how each of `folders` stands, by its name in wire form.

    A folder the server says nothing of, or nothing that can be read, is missing in the second.
    Raises imaplib's `error` where it does not say which folders there are.
    """
    for code in ("LIST", "STATUS"):
        connection.response(code)  # what came unasked before is no answer to this
    if asking.by_list:
        lines = _by_list(connection, asking)
    else:
        lines = _one_by_one(connection, folders, asking)
    found = dict(_statuses(connection.response("STATUS")[1]))
    return list_lines(lines), {name: found[name] for name in folders if name in found}


def _by_list(connection: GuardedIMAP4, asking: Asking) -> list[Any]:
    use = "SPECIAL-USE " if asking.with_special_use else ""
    pattern = f'"*" RETURN ({use}STATUS ({asking.items}))'
    kind, data = answered(connection.list, '""', pattern)
    if kind != "OK":
        raise imaplib.IMAP4.error("LIST with STATUS was refused")
    return data


def _one_by_one(connection: GuardedIMAP4, folders: Sequence[bytes], asking: Asking) -> list[Any]:
    items = asking.items.encode()
    commands = [
        b'LIST "" "*"',
        *(b"STATUS " + quoted(name) + b" (" + items + b")" for name in folders),
    ]
    kinds = []
    for start in range(0, len(commands), _TOGETHER):
        tags = connection.send_together(commands[start : start + _TOGETHER])
        kinds += [answered(connection.answer_to, tag)[0] for tag in tags]
    if kinds[0] != "OK":
        raise imaplib.IMAP4.error("LIST was refused")
    lines: list[Any] = connection.response("LIST")[1]
    return lines


def _statuses(lines: Iterable[Any]) -> Iterable[tuple[bytes, FolderStatus]]:
    """Each line of STATUS (RFC 3501 §7.2.4) that can be read; of two of a folder the last counts.

    A name that is sent as a literal is not read: such a folder is opened as ever.
    """
    for line in lines:
        if not isinstance(line, bytes):
            continue
        name, _, items = line.rstrip().removesuffix(b")").rpartition(b" (")
        found = {key.upper(): int(number) for key, number in _ITEM.findall(items)}
        uidvalidity, uidnext = found.get(b"UIDVALIDITY", 0), found.get(b"UIDNEXT", 0)
        exists, modseq = found.get(b"MESSAGES"), found.get(b"HIGHESTMODSEQ", 0)
        if exists is not None and 0 < uidvalidity <= MAX_UID and 0 < uidnext <= MAX_UID:
            has_modseq = 0 < modseq <= MAX_MODSEQ
            status = FolderStatus(uidvalidity, uidnext, exists, modseq if has_modseq else None)
            yield unquoted(name), status
