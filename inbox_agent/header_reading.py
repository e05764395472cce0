"""What mail-parser makes of clean fields. The one place that knows it, and that it may fail."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.header import Header
from email.message import Message as HeaderBlock
from functools import lru_cache
from itertools import islice

from mailparser import MailParser, core, utils

from inbox_agent.date_fields import doubtful_zone, standard_date, written_offset
from inbox_agent.header_cleaning import CleanHeader
from inbox_agent.plain_headers import plain_date, plain_entries, plain_mailbox

ADDRESS_FIELDS = ("from", "to", "cc", "bcc")
TEXT_FIELDS = ("subject", "message-id", "in-reply-to", "references")
LARGEST_OFFSET_HOURS = 14
DATE_CHARACTERS = 200
#: Of an address field with more commas and semicolons the beginning is read.
SEPARATORS_READ = 4_000
#: The same people write and are written to: so many entries of address fields are remembered, each
#: no longer than this.
_ENTRIES_KNOWN, _ENTRY_CHARACTERS = 8_192, 400

_SEPARATOR = re.compile("[,;]")
_ENCODED_WORD = re.compile(r"(=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=)")
_ODD_MAILBOX = r"([\w!#$%&'*+/=?^`{|}~.-]+@[\w-]+(?:\.[\w-]+)*)"
_ODD_DOTS = re.compile(rf"([^<>@]*)<{_ODD_MAILBOX}>|{_ODD_MAILBOX}")
# mail-parser's words for what is no address, and for a group that lacks its semicolon.
_MENDABLE = frozenset(["invalid-or-ambiguous-address", "invalid-angle-address", "unclosed-group"])
# "/O=ACME/OU=EXCHANGE/CN=ANN", "</o=ACME/cn=Ann>", and X.400's "/S=Lee/C=de/"
_X500_NAME = re.compile(r"/[a-z]{1,5}=[^/]*/[a-z]{1,5}=", re.IGNORECASE)

# mail-parser logs header text, which must reach no log whatever level anybody sets. A filter
# holds for the records of its own logger only, so each gets one.
for _log in (core.log, utils.log):
    _log.setLevel("CRITICAL")
    _log.addFilter(lambda _record: False)

Mailboxes = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reading:
    """The mailboxes of From, To, Cc and Bcc as (name, address), texts decoded, and problems.

    `is_plain`: so plain that mail-parser was not needed for the whole.
    """

    addresses: dict[str, Mailboxes]
    texts: dict[str, str]
    problems: frozenset[str] = frozenset()
    is_plain: bool = field(default=False, compare=False)


def read_fields(clean: CleanHeader) -> Reading:
    """From, To, Cc, Bcc, Subject and identifiers as mail-parser reads them; never raises.

    Of From the topmost field counts; several To, Cc or Bcc are one list, each read by itself so
    that a quote left open in one does not swallow the next. Of plain blocks each entry is read by
    itself, and mail-parser is asked for what is not plain alone: the result is the same.
    """
    return (_quick_reading(clean) if clean.is_well_formed else None) or _careful_reading(clean)


def _quick_reading(clean: CleanHeader) -> Reading | None:
    addresses: dict[str, Mailboxes] = {}
    problems: set[str] = set()
    try:
        for name in ADDRESS_FIELDS:
            values = clean.all(name)
            entries = _entries(values[0]) if values else []
            if entries is None or len(values) > 1:
                return None
            found = [m for entry in entries for m in entry.mailboxes]
            addresses[name] = [("" if n == address else n, address) for n, address in found]
            problems |= _mended(addresses[name], entries)
        texts = {name: _quick_text(clean.first(name) or "") for name in TEXT_FIELDS}
    except Exception:  # noqa: BLE001 - what fails in a part is for the careful reading
        return None
    return Reading(addresses, texts, frozenset(problems), is_plain=True)


def _careful_reading(clean: CleanHeader) -> Reading:
    values = {name: _beginnings(clean.all(name)) for name in ADDRESS_FIELDS}
    is_cut = any(values[name] != clean.all(name) for name in ADDRESS_FIELDS)
    problems = {"recipients_cut"} if is_cut else set()
    try:
        parser = MailParser(_shown(clean, values))
        addresses = {name: list(getattr(parser, f"{name}_")) for name in ADDRESS_FIELDS}
        texts = {name: str(getattr(parser, name.replace("-", "_"))) for name in TEXT_FIELDS}
        for defect in parser.address_header_defects:
            problems |= _recovered(addresses[defect["header"]], defect)
        for name in ADDRESS_FIELDS[1:]:
            more, more_problems = _mailboxes(values[name][1:])
            addresses[name] += more
            problems |= more_problems
    except Exception:  # noqa: BLE001 - whatever it is, a bad letter costs one letter
        return Reading({}, {}, frozenset({"parser_failed"}))
    return Reading(addresses, texts, frozenset(problems))


def read_mailboxes(values: Iterable[str], *, quickly: bool = True) -> Mailboxes:
    """The mailboxes of address fields as (name, address); none where they can't be read.

    Not `quickly`: each field as a whole by mail-parser; the mailboxes are the same.
    """
    try:
        return _mailboxes(_beginnings(values), quickly=quickly)[0]
    except Exception:  # noqa: BLE001 - as above
        return []


def _quick_text(value: str) -> str:
    """A decoded text: without encoded words it is what it was."""
    return str(utils.decode_header_part(value)) if "=?" in value else value


@dataclass(frozen=True, slots=True)
class _Entry:
    """What stands between two commas of an address field: its mailboxes, and what was refused."""

    mailboxes: tuple[tuple[str, str], ...]
    defects: tuple[dict[str, str], ...] = ()


def _entries(value: str) -> list[_Entry] | None:
    """The entries of an address field in ASCII, each read by itself; None where that is unsafe.

    It is safe when none leaves a quote, comment, literal, angle or group open: then mail-parser,
    reading the whole, stands at each of these commas as at the beginning.
    """
    if len(value) > SEPARATORS_READ and len(_SEPARATOR.findall(value)) >= SEPARATORS_READ:
        return None
    found: list[_Entry] = []
    for written in plain_entries(value) or [value]:
        entry = _entry(written) if len(written) <= _ENTRY_CHARACTERS else None
        if entry is None:
            return None
        found.append(entry)
    return found


@lru_cache(maxsize=_ENTRIES_KNOWN)
def _entry(written: str) -> _Entry | None:
    plain = plain_mailbox(written)
    if plain:
        return _Entry((plain,))
    defects: list[dict[str, str]] = []
    read = utils.get_addresses(written, defects=defects, decode_names=True)
    if any("unclosed" in defect["reason"] for defect in defects):
        return None
    refused = tuple(defect for defect in defects if not defect["recovered"])
    return _Entry(tuple((name, address) for name, address in read if address), refused)


def _mended(found: Mailboxes, entries: Iterable[_Entry]) -> set[str]:
    """Take what can be taken from the entries that mail-parser refused; the problems that remain.

    Of one field all at once: what is mended stands behind the others.
    """
    problems: set[str] = set()
    for entry in entries:
        for defect in entry.defects:
            problems |= _recovered(found, defect)
    return problems


@dataclass(frozen=True, slots=True)
class DateReading:
    """The instant of a date (UTC), what is doubtful about it, the zone offset it is written with.

    The doubt is a key of `header_cleaning.PROBLEMS`; for the offset see
    `date_fields.written_offset`.
    """

    at: datetime | None
    doubt: str | None
    offset_minutes: int | None = None


def read_date(text: str, *, quickly: bool = True) -> DateReading:
    """A date without comments; never raises.

    mail-parser takes what RFC 5322 allows (§3.3, §4.3); other shapes are put into that first.
    The usual form is read here, unless not `quickly`, with the same result.
    """
    text = text[:DATE_CHARACTERS].strip()
    plain = plain_date(text) if quickly else None
    if plain:
        return DateReading(plain[0], None, plain[1])
    doubt = doubtful_zone(text)
    found = _converted(text)
    if found is None:
        standard = standard_date(text)
        text, doubt = standard or ("", None)
        found = _converted(text) if standard else None
    if found is None:
        return DateReading(None, "date_unreadable")
    at, hours = found
    if abs(hours) > LARGEST_OFFSET_HOURS:
        return DateReading(None, "date_zone_impossible")
    offset = None if doubt else written_offset(text)
    return DateReading(at.astimezone(UTC).replace(microsecond=0), doubt, offset)


def _converted(text: str) -> tuple[datetime, float] | None:
    """The instant and its offset in hours."""
    try:
        at, offset = utils.convert_mail_date(text)
        return at, float(offset)
    except Exception:  # noqa: BLE001 - as above
        return None


def _shown(clean: CleanHeader, addresses: dict[str, list[str]]) -> HeaderBlock:
    """The fields mail-parser is to read, each once, as text: raw octets it would drop silently."""
    block = HeaderBlock()
    for name, values in addresses.items():
        if values:
            block[name] = values[0]
    for name in TEXT_FIELDS:
        value = clean.first(name)
        if value is not None:
            block[name] = _wholly_encoded(value)
    return block


def _beginnings(values: Iterable[str]) -> list[str]:
    """Address fields up to so many separators in all: each costs mail-parser an entry."""
    read: list[str] = []
    room = SEPARATORS_READ
    for value in values:
        entries = list(islice(_SEPARATOR.finditer(value), room))
        room -= len(entries) + 1
        read.append(value if room >= 0 else value[: entries[-1].start()] if entries else "")
        if room < 0:
            break
    return read


def _wholly_encoded(value: str) -> str:
    """Beside encoded words, non-ASCII text is dropped on decoding: make it encoded words too."""
    if value.isascii() or "=?" not in value:
        return value
    parts = _ENCODED_WORD.split(value)
    return " ".join(
        part if index % 2 or part.isascii() else Header(part, "utf-8", maxlinelen=10**9).encode()
        for index, part in enumerate(parts)
        if part.strip()
    )


def _mailboxes(values: Iterable[str], *, quickly: bool = False) -> tuple[Mailboxes, set[str]]:
    found: Mailboxes = []
    problems: set[str] = set()
    for value in values:
        entries = _entries(value) if quickly and value.isascii() else None
        if entries is not None:
            found += [m for entry in entries for m in entry.mailboxes]
            problems |= _mended(found, entries)
            continue
        defects: list[dict[str, str]] = []
        read = utils.get_addresses(value, defects=defects, decode_names=True)
        found += [(name, address) for name, address in read if address]
        for defect in defects:
            problems |= _recovered(found, defect)
    return found, problems


def _recovered(found: Mailboxes, defect: dict[str, str]) -> set[str]:
    """Take what can be taken from an entry that mail-parser refused; the problems that remain."""
    if defect["recovered"]:
        return set()
    is_mendable = _MENDABLE.issuperset(defect["reason"].split(","))
    mailbox = _mailbox_with_odd_dots(defect["raw"]) if is_mendable else None
    if mailbox:
        found.append(mailbox)
        return set()
    is_x500 = _X500_NAME.search(defect["raw"]) and "@" not in defect["raw"]
    return {"x500_address" if is_x500 else "address_unreadable"}


def _mailbox_with_odd_dots(entry: str) -> tuple[str, str] | None:
    """Name and address of ``Ann <ann..lee@x>`` or ``.ann@x``; None where more is wrong than dots.

    RFC 5322 §3.4.1 forbids these dots and mail-parser refuses them; some providers gave such
    addresses out, and people write from them.
    """
    found = _ODD_DOTS.fullmatch(entry.strip())
    return ((found[1] or "").strip(' "'), found[2] or found[3]) if found else None
