"""A note written out as an RFC 5322 letter, and the copies of it that lie in the mailbox."""

from __future__ import annotations

import hashlib
import html
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.charset import Charset
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from inbox_agent.demo.cast import SHARED, TEAM_DOMAIN, TEAM_MX

if TYPE_CHECKING:
    from collections.abc import Callable

    from inbox_agent.demo.note import Note, Person

#: Compat32 writes what it is given; its modern sibling parses every field again, ten times slower.
_POLICY = compat32.clone(linesep="\r\n")
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = None  # type: ignore[assignment]  # means 8bit, as most programs send it
_ARCHIVED_AFTER = timedelta(days=150)


@dataclass(frozen=True, slots=True)
class SampleLetter:
    """One copy of a letter as it lies in a folder; `flags` are IMAP system flags and keywords."""

    folder: str
    arrived_at: datetime
    raw: bytes
    flags: tuple[str, ...] = ()


def copies(note: Note, as_of: datetime) -> list[SampleLetter]:
    """The copies of `note` in the shared mailbox: none, one, or Sent and INBOX."""
    if note.is_unseen:
        return []
    if note.author.domain != TEAM_DOMAIN or note.return_path == "":
        return [_delivered(note, _incoming_folder(note, as_of))]
    if note.author.address == SHARED.address:
        return [_sent(note)]
    via_shared_account = _number(note, 100) < 55
    delivered = _delivered(note, "INBOX")
    return [_sent(note), delivered] if via_shared_account else [delivered]


def _sent(note: Note) -> SampleLetter:
    raw = write(note).as_bytes(policy=_POLICY)
    return SampleLetter("Sent", note.sent_at + timedelta(seconds=1), raw, ("\\Seen",))


def _delivered(note: Note, folder: str) -> SampleLetter:
    arrived_at = note.sent_at + timedelta(seconds=2 + _number(note, 40))
    fields = [*_trace_fields(note, arrived_at), *_fields(note)]
    raw = _with_fields(_body(note), fields).as_bytes(policy=_POLICY)
    return SampleLetter(folder, arrived_at, raw, ("\\Seen", *note.flags))


def _incoming_folder(note: Note, as_of: datetime) -> str:
    is_old = as_of - note.sent_at > _ARCHIVED_AFTER
    return "Archive" if is_old and _number(note, 10) < 8 else "INBOX"


def _number(note: Note, below: int) -> int:
    """A number from the id, so that a copy is the same in whatever order they are made."""
    return hashlib.blake2s(note.message_id.encode()).digest()[0] * below // 256


def write(note: Note) -> Message:
    """The letter as its author's program made it, without trace fields."""
    return _with_fields(_body(note), _fields(note))


def _with_fields(body: Message, fields: list[tuple[str, str]]) -> Message:
    """`body` with `fields` before its own, as mail programs have it."""
    own = body.items()
    for name, _ in own:
        del body[name]
    for name, value in (*fields, *own):
        body[name] = value
    return body


def _fields(note: Note) -> list[tuple[str, str]]:
    local = note.sent_at.astimezone(ZoneInfo(note.author.zone))
    fields = [
        ("From", _address(note.author)),
        ("To", ", ".join(map(_address, note.to))),
        ("Cc", ", ".join(map(_address, note.cc))),
        ("Subject", _encoded(note.subject)),
        ("Date", format_datetime(local)),
        ("Message-ID", note.message_id),
        ("In-Reply-To", note.parent.message_id if note.parent else ""),
        ("References", " ".join(note.references)),
        *note.headers,
    ]
    return [(name, value) for name, value in fields if value]


def _trace_fields(note: Note, arrived_at: datetime) -> list[tuple[str, str]]:
    """Return-Path and Received lines, the topmost by the team's own host (RFC 5321 §4.4)."""
    domain, digest = note.author.domain, note.message_id[1:13]
    peer = f"198.51.100.{10 + _number(note, 200)}"
    return_path = note.author.address if note.return_path is None else note.return_path
    ours = (
        f"from mail.{domain} (mail.{domain} [{peer}]) by {TEAM_MX} (Postfix) with ESMTPS"
        f" id {digest} for <{SHARED.address}>; {format_datetime(arrived_at)}"
    )
    theirs = (
        f"from [10.0.4.{_number(note, 250)}] by mail.{domain} with ESMTPSA id {digest};"
        f" {format_datetime(note.sent_at)}"
    )
    return [
        ("Return-Path", f"<{return_path}>"),
        ("Received", ours),
        ("Received", theirs),
        ("Authentication-Results", f"{TEAM_MX}; spf=pass smtp.mailfrom={domain}; dkim=pass"),
    ]


def _address(person: Person) -> str:
    return formataddr((person.name, person.address))


def _encoded(text: str) -> str:
    """As RFC 2047 encoded-words where it has to be; Japanese in the charset used for it there."""
    if text.isascii():
        return text
    has_kana = any("\u3040" <= letter <= "\u30ff" for letter in text)
    return Header(text, "iso-2022-jp" if has_kana else "utf-8", maxlinelen=70).encode(
        linesep="\r\n"
    )


def _body(note: Note) -> Message:
    text = _PACKING[note.mime.subtype](note)
    if note.mime.has_attachment:
        return _multipart(note, "mixed", [text, _attachment(note)])
    return text


def _calendar(note: Note) -> Message:
    part = _text(note.text, "calendar")
    for name, value in note.mime.parameters:
        part.set_param(name, value)
    return part


def _multipart(note: Note, subtype: str, parts: list[Message]) -> MIMEMultipart:
    """Its boundary comes from the id; the library's own is another one at each run."""
    digest = hashlib.blake2s(f"{subtype}{note.message_id}".encode(), digest_size=12)
    boundary = f"=_{digest.hexdigest()}"
    whole = MIMEMultipart(subtype, boundary=boundary)
    for name, value in note.mime.parameters:
        whole.set_param(name, value)
    for part in parts:
        whole.attach(part)
    return whole


def _text(text: str, subtype: str = "plain") -> MIMEText:
    return MIMEText(text + "\n", subtype, "us-ascii" if text.isascii() else _UTF8)  # type: ignore[arg-type]


def _html(text: str) -> MIMEText:
    lines = (f'<p class="MsoNormal">{html.escape(line)}</p>\n' for line in text.splitlines())
    return _text(f'<html><body lang="en">\n{"".join(lines)}</body></html>', "html")


def _attachment(note: Note) -> MIMEBase:
    rows = "\n".join(f"{month},{_number(note, 90) + month * 7}" for month in range(1, 13))
    part = _text(f"month,deals\n{rows}", "csv")
    part.add_header("Content-Disposition", "attachment", filename="figures.csv")
    return part


def _report(note: Note) -> MIMEBase:
    """The machine-readable part of a report; `Mime.parameters` names its type (RFC 6522 §3)."""
    kind = dict(note.mime.parameters)["report-type"]
    part, block = MIMENonMultipart("message", kind), Message()
    block["Final-Recipient"] = f"rfc822; {note.parent.to[0].address if note.parent else ''}"
    if kind == "delivery-status":
        block["Action"], block["Status"] = "failed", "5.1.1"
    else:
        block["Disposition"] = "manual-action/MDN-sent-manually; displayed"
    part.set_payload([block])
    return part


_PACKING: dict[str, Callable[[Note], Message]] = {
    "plain": lambda note: _text(note.text),
    "html": lambda note: _html(note.text),
    "alternative": lambda note: _multipart(
        note, "alternative", [_text(note.text), _html(note.text)]
    ),
    "calendar": _calendar,
    "report": lambda note: _multipart(note, "report", [_text(note.text), _report(note)]),
}
