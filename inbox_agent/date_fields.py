"""Dates as mail programs wrote them, put into the form that RFC 5322 §3.3 asks for.

mail-parser takes that form and the obsolete one (§4.3) and nothing else, rightly: what a date
means should be certain. The shapes below are certain too, and common. Left unread are dates
made of numbers alone (``05/01/2026``), where nobody can tell the day from the month.
"""

from __future__ import annotations

import re
import unicodedata

_KNOWN_ZONES = frozenset(
    ["z", "ut", "utc", "gmt", "est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt"]
)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
#: How the months begin in Danish, Dutch, English, French, German, Italian, Norwegian, Polish,
#: Portuguese, Spanish and Swedish, without their accents.
_BEGINNINGS = {
    beginning: number
    for number, beginnings in enumerate(
        [
            "jan gen ene sty",
            "feb fev lut",
            "mar mrz mrt maa mae",
            "apr avr abr kwi",
            "may mai mei maj mag",
            "jun juin giu cze",
            "jul juil lug lip",
            "aug aou ago sie",
            "sep set wrz",
            "oct okt ott out paz",
            "nov lis",
            "dec dez des dic gru",
        ],
        start=1,
    )
    for beginning in beginnings.split()
}

# Every part is matched against at most a few hundred characters.
_WORD = r"[^\W\d_]"
_CLOCK = (
    r"(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(?:[:.](?P<second>[0-9]{2})(?:[.,][0-9]+)?)?"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?)?"
)
_ZONE = r"\s*(?P<zone>.*)"
# "Mo., 5. Januar 2026 10.00 +0100", "lundi 5 janvier 2026", "5-Jan-2026", "5 de enero de 2026"
_DAY_FIRST = (
    rf"(?:{_WORD}+[.,]*\s*){{0,2}}(?P<day>[0-9]{{1,2}})(?:\.|st|nd|rd|th|er)?[\s-]*(?:de\s+)?"
    rf"(?P<month>{_WORD}{{3,}})[.,]*[\s-]*(?:de\s+)?(?P<year>[0-9]{{2,4}})"
    rf"[\s,]+(?:{_WORD}+\s+)?{_CLOCK}{_ZONE}"
)
# JavaScript's "Mon Jan 05 2026 10:00:00 GMT+0100", and "January 5, 2026 10:00 AM"
_MONTH_FIRST = (
    rf"(?:{_WORD}+[.,]*\s+)?(?P<month>{_WORD}{{3,}})\.?\s+(?P<day>[0-9]{{1,2}}),?\s+"
    rf"(?P<year>[0-9]{{4}}),?\s+(?:{_WORD}+\s+)?{_CLOCK}{_ZONE}"
)
# asctime's "Mon Jan  5 10:00:00 2026", with a zone before or after the year
_YEAR_LAST = (
    rf"(?:{_WORD}+[.,]*\s+)?(?P<month>{_WORD}{{3,}})\.?\s+(?P<day>[0-9]{{1,2}}),?\s+{_CLOCK}"
    rf"\s+(?P<before>[^0-9\s]\S*\s+)?(?P<year>[0-9]{{4}})(?![0-9]){_ZONE}"
)
# ISO 8601, and how it is written in East Asia: "2026/01/05 10:00:00 +0900"
_YEAR_FIRST = (
    r"(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})[T\s]\s*"
    rf"{_CLOCK}{_ZONE}"
)
_SHAPES = tuple(
    re.compile(shape, re.IGNORECASE | re.DOTALL)
    for shape in (_DAY_FIRST, _MONTH_FIRST, _YEAR_LAST, _YEAR_FIRST)
)
_OFFSET = re.compile(r"(?:(?:GMT|UTC?|Z)\s*)?([+-])([0-9]{1,2})(?::?([0-9]{2}))?(?![0-9])", re.I)
_NAME = re.compile(r"([a-z]+)(?![a-z0-9+-])", re.IGNORECASE)
_LAST_NAME = re.compile(r"([a-z]+)$", re.IGNORECASE)
_LAST_OFFSET = re.compile(r"([+-])([0-9]{2})([0-9]{2})$")
#: The names of zones that RFC 5322 §4.3 knows, in hours. ``Z`` and the other single letters say
#: nothing (they are to be read as ``-0000``).
_NAMED_HOURS = {
    name: hours
    for hours, names in (
        (0, "ut utc gmt"),
        (-4, "edt"),
        (-5, "est cdt"),
        (-6, "cst mdt"),
        (-7, "mst pdt"),
        (-8, "pst"),
    )
    for name in names.split()
}
_QUARTER_MINUTES = 15


def doubtful_zone(text: str) -> str | None:
    """``date_zone_unknown`` where a date ends with the name of a zone that RFC 5322 lacks.

    §4.3 has it read as UTC, and that nothing is known of the zone; mail-parser does not say so.
    """
    zone = _LAST_NAME.search(text)
    return "date_zone_unknown" if zone and zone[0].lower() not in _KNOWN_ZONES else None


def written_offset(text: str) -> int | None:
    """The zone that a date in the form of RFC 5322 ends with, in minutes east of UTC.

    None where it says nothing of the place: ``-0000``, which is UTC and no word on the zone (§3.3),
    single letters and unknown names (§4.3), and offsets that are no quarters of an hour, as no zone
    has. Dates whose zone is impossible (`header_reading.read_date`) are not asked about.
    """
    name = _LAST_NAME.search(text)
    if name:
        hours = _NAMED_HOURS.get(name[1].lower())
        return None if hours is None else hours * 60
    offset = _LAST_OFFSET.search(text)
    if offset is None or offset[0] == "-0000":
        return None
    minutes = int(offset[2]) * 60 + int(offset[3])
    if minutes % _QUARTER_MINUTES:
        return None
    return -minutes if offset[1] == "-" else minutes


def standard_date(text: str) -> tuple[str, str | None] | None:
    """A date in another shape as RFC 5322 has it, and what is doubtful about its zone.

    Read are: hours of one digit, dots in the time, AM and PM, weekdays and months in the larger
    languages of Europe, asctime, JavaScript's dates, ISO 8601, and zones as ``+01:00``, ``+1``
    and ``GMT+1``. Doubts: ``date_without_zone`` (``-0000`` is none: it says UTC, §3.3) and
    ``date_zone_unknown``; both are read as UTC. None where it is no such date.
    """
    for shape in _SHAPES:
        found = shape.fullmatch(text)
        month = _month(found["month"]) if found else None
        if found and month:
            parts = found.groupdict()
            zone, doubt = _zone((parts.get("before") or "") + found["zone"])
            hour = _hour(int(found["hour"]), found["half"])
            clock = f"{hour:02}:{found['minute']}:{found['second'] or '00'}"
            return f"{found['day']} {month} {found['year']} {clock} {zone}", doubt
    return None


def _month(text: str) -> str | None:
    """``Jan`` for ``januar``, ``enero`` or ``01``."""
    if text.isdecimal():
        number: int | None = int(text)
    else:
        plain = unicodedata.normalize("NFKD", text.casefold())
        letters = "".join(c for c in plain if not unicodedata.combining(c))
        number = _BEGINNINGS.get(letters[:4]) or _BEGINNINGS.get(letters[:3])
    return _MONTHS[number - 1] if number and number <= len(_MONTHS) else None


def _hour(hour: int, half: str | None) -> int:
    """The hour of the day where the clock says AM or PM: 12 AM is 0, 12 PM is 12."""
    if not half or not 1 <= hour <= 12:
        return hour
    return hour % 12 + (12 if half in "pP" else 0)


def _zone(text: str) -> tuple[str, str | None]:
    """A zone as RFC 5322 has it, and what is doubtful about it."""
    text = text.strip(" \t,;")
    if not text:
        return "+0000", "date_without_zone"
    offset = _OFFSET.match(text)
    if offset:
        return f"{offset[1]}{int(offset[2]):02}{offset[3] or '00'}", None
    name = _NAME.match(text)
    if name and name[1].lower() in _KNOWN_ZONES:
        return name[1], None
    return "+0000", "date_zone_unknown"
