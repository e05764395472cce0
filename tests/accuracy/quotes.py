"""What a reply quotes above the letter it answers: that letter's author, date and subject.

Outlook writes ``-----Original Message-----`` with From, Sent, To and Subject below it, Lotus
Notes the author, then the date, then To, cc and Subject. Only a first quotation is read, and
only where nothing is quoted above it: that is the letter that is answered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_MARKER = re.compile(r"^[ \t]*-{2,} ?Original Message ?-{2,}[ \t]*$")
_FIELD = re.compile(r"^[ \t]*(From|Sent by|Sent|Date|To|Cc|Bcc|Subject|Importance):(.*)$", re.I)
_FORWARDED = re.compile(r"-{2,} ?Forwarded by |^[ \t]*Begin forwarded message", re.M)
_QUOTED_ABOVE = re.compile(r"^[ \t]*>|^[^\n]{1,200} wrote:[ \t]*$", re.M)
_NUMBERS = r"(\d{1,2}/\d{1,2}/\d{2,4}),? +(\d{1,2}:\d{2})(?::\d{2})? *([AP]M)"
_NOTES_ON = re.compile(rf"^(?P<name>\S[^\n]{{0,150}}?) on {_NUMBERS}[ \t]*$")
_NOTES_FROM = re.compile(rf"^From:[ \t]+(?P<name>\S[^\n]{{0,150}}?)[ \t]+(?:on )?{_NUMBERS}[ \t]*$")
_NOTES_DATE = re.compile(rf"^[ \t]*{_NUMBERS}[ \t]*$")
_SLASHES = re.compile(_NUMBERS)
_LONG = re.compile(
    r"([A-Z][a-z]{2})[a-z]* (\d{1,2}), (\d{4}),? +(?:at )?(\d{1,2}:\d{2})(?::\d{2})? *([AP]M)"
)
_RFC = re.compile(r"(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{1,2}:\d{2})")
_FIELD_LINES = 80


@dataclass(frozen=True)
class Quotation:
    """What is said of the letter that is answered; `written_at` is on the quoter's wall clock."""

    author: str
    written_at: datetime | None
    subject: str | None


def quoted_parent(body: str) -> Quotation | None:
    """The letter that this one quotes first, None where none is named; forwards name none."""
    lines = body.splitlines()
    for place in range(len(lines)):
        found = _outlook(lines, place) or _notes(lines, place)
        if found:
            above = "\n".join(lines[:place])
            if _FORWARDED.search(above) or _QUOTED_ABOVE.search(above):
                return None
            return found
    return None


def _outlook(lines: list[str], place: int) -> Quotation | None:
    if "Original Message" not in lines[place] or not _MARKER.match(lines[place]):
        return None
    fields = _fields(lines[place + 1 : place + 1 + _FIELD_LINES])
    if "from" not in fields:
        return None
    date = fields.get("sent") or fields.get("date") or ""
    return Quotation(fields["from"], _wall_clock(date), fields.get("subject"))


def _notes(lines: list[str], place: int) -> Quotation | None:
    line = lines[place]
    if not _SLASHES.search(line):
        return None
    named = _NOTES_ON.match(line) or _NOTES_FROM.match(line)
    dated = _NOTES_DATE.match(line)
    name = named["name"] if named else _name_above(lines, place) if dated else None
    if not name:
        return None
    fields = _fields(lines[place + 1 : place + 1 + _FIELD_LINES])
    if "to" not in fields:
        return None
    return Quotation(name, _wall_clock(line), fields.get("subject"))


def _name_above(lines: list[str], place: int) -> str | None:
    above = lines[max(0, place - 2) : place]
    names = [line.strip() for line in above if line.strip()]
    names = [line for line in names if not line.lower().startswith("sent by:")]
    return names[-1].removeprefix("From:").strip() if names else None


def _fields(lines: list[str]) -> dict[str, str]:
    """The fields up to the subject; a line that is none belongs to the field above it."""
    fields: dict[str, str] = {}
    name = None
    for line in lines:
        field = _FIELD.match(line)
        if field:
            name = field[1].lower()
            fields[name] = field[2].strip()
        elif name is None:
            if line.strip():
                break
        elif name == "subject" or (not line.strip() and "sent" in fields and "subject" in fields):
            break
        else:
            fields[name] = f"{fields[name]} {line.strip()}"
    return fields


def _wall_clock(text: str) -> datetime | None:
    if slashes := _SLASHES.search(text):
        day, clock, half = slashes.groups()
        year = "%Y" if len(day.rpartition("/")[2]) == 4 else "%y"
        return _parsed(f"{day} {clock} {half}", f"%m/%d/{year} %I:%M %p")
    if long := _LONG.search(text):
        return _parsed(" ".join(long.groups()), "%b %d %Y %I:%M %p")
    if rfc := _RFC.search(text):
        return _parsed(" ".join(rfc.groups()), "%d %b %Y %H:%M")
    return None


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - a wall clock without a zone
    except ValueError:
        return None
