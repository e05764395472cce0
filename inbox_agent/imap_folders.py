"""Which folders of a mailbox are read, and which of them is Sent.

By SPECIAL-USE (RFC 6154) and by the config, never by guessing: a Sent folder that was missed
would make all our own answers look missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from inbox_agent.config import MailboxSettings
from inbox_agent.errors import ConfigError

_SPECIAL_USES = (r"\All", r"\Archive", r"\Drafts", r"\Flagged", r"\Junk", r"\Sent", r"\Trash")
_LEFT_OUT = frozenset({r"\Junk", r"\Trash", r"\Drafts"})
# Only where the server marks nothing at all, and only under exactly these names.
_LEFT_OUT_NAMES = frozenset(
    {"Junk", "Spam", "Trash", "Deleted Items", "Deleted Messages", "Drafts"}
)
_SHOWN = 10
_LONGEST_NAME = 3_000  # octets; with every one of them escaped the command is still short enough

#: Attributes, hierarchy separator (None for NIL) and name in wire form (RFC 3501 §7.2.2).
Line = tuple[tuple[bytes, ...], bytes | None, bytes]
_LINE = re.compile(
    rb'\((?P<attributes>[^()]*)\) +(?:(?P<none>NIL)|(?P<separator>"(?:\\.|[^"\\])"|\S)) +'
    rb"(?P<name>.*)",
    re.DOTALL | re.IGNORECASE,
)
_QUOTED = re.compile(rb'"((?:\\.|[^"\\])*)"', re.DOTALL)
_UNSPEAKABLE = re.compile(rb"[\r\n\x00]")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that can be read.

    `name` is for people and for the config, unique in its mailbox; `raw` goes over the wire.
    `special_use` is its RFC 6154 attribute. `is_sent`: it holds what we sent.
    """

    name: str
    raw: bytes
    special_use: str | None
    is_sent: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the LIST answer (RFC 3501 §7.2.2); attributes in lower case."""

    name: str
    raw: bytes
    separator: str
    attributes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """The folders to read, INBOX first, then by name; and configured ones that do not exist.

    `listed` are the names of all folders that can be selected, chosen or not.
    """

    folders: tuple[Folder, ...]
    missing: tuple[str, ...]
    listed: frozenset[str]


def list_lines(data: Iterable[Any]) -> list[Line]:
    """The LIST answer, as imaplib gives it, line by line; one that can't be read costs itself.

    An unquoted name goes on to the end of its line, whatever is in it. Names that no command can
    hold (a line break, NUL) are left out.
    """
    lines: list[Line] = []
    literal: tuple[Any, ...] | None = None
    for item in data:
        if isinstance(item, tuple):
            literal = literal or item
            continue
        # What follows a literal is the rest of its line.
        begun, rest = literal or (item or b"", None)
        found, literal = _LINE.match(begun), None
        if found is None:
            continue
        name = rest if rest is not None else unquoted(found["name"])
        if name and len(name) <= _LONGEST_NAME and not _UNSPEAKABLE.search(name):
            separator = None if found["none"] else unquoted(found["separator"])
            lines.append((tuple(found["attributes"].split()), separator, name))
    return lines


def unquoted(text: bytes) -> bytes:
    """A quoted string (RFC 3501 §4.3) without its quotes; anything else as it stands."""
    quoted = _QUOTED.match(text)
    return re.sub(rb"\\(.)", rb"\1", quoted[1], flags=re.DOTALL) if quoted else text.rstrip()


def listed_folders(lines: Iterable[Line], decode: Callable[[bytes], str]) -> list[Listed]:
    """The folders of a LIST answer.

    `decode` reads modified UTF-7 (RFC 3501 §5.1.3). No name makes the others unreadable.
    """
    by_raw = {name: (attributes, separator) for attributes, separator, name in lines}
    names = {raw: for_people(raw, decode) for raw in by_raw}
    uses = Counter(names.values())
    return [
        Listed(
            # Two names may look the same once decoded; then the wire form tells them apart.
            name=names[raw] if uses[names[raw]] == 1 else f"{names[raw]} ({ascii(raw)[2:-1]})",
            raw=raw,
            separator=(separator or b"").decode("latin-1"),
            attributes=frozenset(str(one, "latin-1").lower() for one in attributes),
        )
        for raw, (attributes, separator) in by_raw.items()
    ]


def for_people(raw: bytes, decode: Callable[[bytes], str]) -> str:
    """A name in wire form as people read it; of one that can't be decoded the octets."""
    try:
        # Some servers send UTF-8 as it is.
        name = decode(raw) if raw.isascii() else raw.decode()
    except ValueError:
        name = raw.decode("ascii", "backslashreplace")
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)


def choose_folders(settings: MailboxSettings, listed: Sequence[Listed], is_gmail: bool) -> Choice:
    """Choose by the config where it says so, else everything but Junk, Trash and Drafts.

    On Gmail All Mail is everything. Sent is always among them. Raises ConfigError where it
    can't be told which folder Sent is.
    """
    lines = [_in_one_case(line) for line in listed if not _unselectable(line)]
    if settings.folders is not None:
        chosen = [line for line in lines if any(_matches(p, line) for p in settings.folders)]
    elif is_gmail:
        chosen = [_all_mail(settings, lines)]
    else:
        chosen = _everything(lines)
    sent = _sent(settings, lines, holds_sent=is_gmail and any(map(_is_all, chosen)))
    folders = {line.raw: _folder(line, line in sent) for line in (*chosen, *sent)}
    plain = [name for name in settings.folders or () if "*" not in name]
    return Choice(
        folders=tuple(sorted(folders.values(), key=lambda one: (one.name != "INBOX", one.name))),
        missing=tuple(_missing(plain, lines)),
        listed=frozenset(line.name for line in lines),
    )


def _folder(line: Listed, is_sent: bool) -> Folder:
    return Folder(name=line.name, raw=line.raw, special_use=_special_use(line), is_sent=is_sent)


def _special_use(line: Listed) -> str | None:
    return next((use for use in _SPECIAL_USES if use.lower() in line.attributes), None)


def _is_all(line: Listed) -> bool:
    return _special_use(line) == r"\All"


def _unselectable(line: Listed) -> bool:
    return not line.attributes.isdisjoint({r"\noselect", r"\nonexistent"})


def _in_one_case(line: Listed) -> Listed:
    return replace(line, name=_inbox_upper(line.name, line.separator))


def _inbox_upper(name: str, separator: str) -> str:
    """INBOX is the one name whose case does not count (RFC 3501 §5.1)."""
    is_inbox = name[:5].upper() == "INBOX" and name[5:6] in ("", separator)
    return "INBOX" + name[5:] if is_inbox else name


def _matches(pattern: str, line: Listed) -> bool:
    parts = _inbox_upper(pattern, line.separator).split("*")
    return re.fullmatch(".*".join(map(re.escape, parts)), line.name, re.DOTALL) is not None


def _missing(names: Iterable[str], lines: Sequence[Listed]) -> list[str]:
    return [name for name in names if not any(_matches(name, line) for line in lines)]


def _everything(lines: Sequence[Listed]) -> list[Listed]:
    if any(_special_use(line) for line in lines):
        return [line for line in lines if _special_use(line) not in _LEFT_OUT]
    return [line for line in lines if _own_name(line) not in _LEFT_OUT_NAMES]


def _own_name(line: Listed) -> str:
    """The name without the INBOX some servers put before every folder (``INBOX.Trash``)."""
    return line.name.removeprefix("INBOX" + line.separator) if line.separator else line.name


def _all_mail(settings: MailboxSettings, lines: Sequence[Listed]) -> Listed:
    for line in lines:
        if _is_all(line):
            return line
    raise ConfigError(
        f'mailbox "{settings.name}": Gmail hides All Mail; turn on "Show in IMAP" for it in '
        f"Gmail's label settings, or name `folders` in the config"
    )


def _sent(settings: MailboxSettings, lines: Sequence[Listed], holds_sent: bool) -> list[Listed]:
    if settings.sent:
        for name in _missing(settings.sent, lines):
            raise ConfigError(
                f'mailbox "{settings.name}": `sent` names "{name}", but there is no such folder; '
                f"there are {_shown(lines)}"
            )
        return [line for line in lines if any(_matches(name, line) for name in settings.sent)]
    marked = [line for line in lines if _special_use(line) == r"\Sent"]
    if marked or holds_sent:
        return [] if holds_sent else marked
    raise ConfigError(
        f'mailbox "{settings.name}": no folder is marked \\Sent, and without Sent there are no '
        f'response times of ours; name it with `sent = ["..."]`; there are {_shown(lines)}'
    )


def _shown(lines: Sequence[Listed]) -> str:
    names = sorted(f'"{line.name}"' for line in lines)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "none at all") + more
