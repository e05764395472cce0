"""The values a config is made of: text in, value out, or ValueError with what is allowed.

Both the config file and the questions of ``inbox-agent init`` are checked by these.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from collections.abc import Iterable
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from inbox_agent.addresses import Address
from inbox_agent.business_clock import DAY_NAMES
from inbox_agent.domain_names import normal_domain
from inbox_agent.standards import DAY_SECONDS, Span
from inbox_agent.working_years import holiday_calendar

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
#: RFC 2919 §2: ``list-id = list-label "." list-id-namespace``, both of dot-atom-text.
_LIST_ID = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)+")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COUNTRY = re.compile(r"[A-Z]{2,3}(?:-.+)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SHOWN_CHARACTERS = 60


def shown(value: Any) -> str:
    """A value as people wrote it, on one line and not too long: text in quotes, a list named."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str | bool | int | float):
        text = json.dumps(value, ensure_ascii=False)
        return text if len(text) <= _SHOWN_CHARACTERS else f'{text[:_SHOWN_CHARACTERS]}…"'
    return str(value)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, whatever the capitals; None when none is."""
    by_lower = {each.lower(): each for each in sorted(known, reverse=True)}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean "x"? `` with a blank at its end, or nothing when no known word is near."""
    found = nearest(word, known)
    return f"did you mean {shown(found)}? " if found else ""


def plain_text(text: str) -> str:
    """Text on one line that says something."""
    if _CONTROL.search(text):
        raise ValueError("holds a control character (a line break, a tab); write it on one line")
    if not text.strip():
        raise ValueError("is empty; write something or leave the key out")
    return text


def message_id(text: str) -> str:
    """A Message-ID (RFC 5322 §3.6.4), with or without its angle brackets; without them."""
    bare = plain_text(text).strip().removeprefix("<").removesuffix(">")
    if not bare or any(c.isspace() or c in "<>" for c in bare):
        raise ValueError(f"{shown(text)} is no Message-ID; copy it from the letter's header")
    return bare


def some(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """A list with something in it."""
    if not items:
        raise ValueError("must not be empty; write something or leave the key out")
    return items


def domain(text: str) -> str:
    """A mail domain of two or more labels, normalised to lower-case A-labels."""
    found = normal_domain(text)
    if found is None or not _DOMAIN.fullmatch(found):
        raise ValueError(f'{shown(text)} is no domain; write one like "acme.com"')
    return found


def address(text: str) -> str:
    """A single mail address, ``local@domain``, lower case."""
    found = Address.parse(text)
    if found is None or not _HOST.fullmatch(found.domain) or _CONTROL.search(text):
        raise ValueError(f'{shown(text)} is no mail address; write one like "ann@acme.com"')
    return found.key


def domain_or_address(text: str) -> str:
    """A mail domain, or a single address where there is an ``@``."""
    return address(text) if "@" in text else domain(text)


def list_name(text: str) -> str:
    """A group or list: its address, or its List-Id (RFC 2919 §2) without angle brackets."""
    bare = text.strip().removeprefix("<").removesuffix(">").lower()
    if "@" in bare:
        return address(bare)
    if not _LIST_ID.fullmatch(bare):
        raise ValueError(
            f"{shown(text)} is neither a list's address nor its List-Id; "
            'write "partners@acme.com" or "partners.acme.com"'
        )
    return bare


def host(text: str) -> str:
    """A host name or IP address, without scheme and port."""
    bare = text.strip().lower().removesuffix(".")
    if is_ip(bare) or _HOST.fullmatch(normal_domain(bare) or ""):
        return bare if is_ip(bare) else str(normal_domain(bare))
    raise ValueError(
        f'{shown(text)} is no host; write a name like "imap.example.com" or an IP address '
        "(a port has a key of its own)"
    )


def port(number: int) -> int:
    """A TCP port."""
    if not 1 <= number <= 65_535:
        raise ValueError(f"{number} is no port; allowed: 1 to 65535")
    return number


def is_ip(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(name: str) -> bool:
    """Whether a host is this machine by its very name (RFC 6761 §6.3) or address."""
    if is_ip(name):
        return ipaddress.ip_address(name).is_loopback
    return name == "localhost" or name.endswith(".localhost")


def variable(text: str) -> str:
    """The name of an environment variable. What was written is not shown: it may be a secret."""
    if not _VARIABLE.fullmatch(text):
        raise ValueError(
            "is no name of an environment variable; write one like INBOX_AGENT_PASSWORD "
            "(the password itself never goes here)"
        )
    return text


def span(value: Any) -> Span:
    """A span of time as people state it: ``"2 business days"``."""
    if isinstance(value, Span):
        return value
    return Span.parse(value if isinstance(value, str) else shown(value))


def calendar_span(value: Any) -> Span:
    """A span by the calendar: no business hours or days."""
    found = span(value)
    if found.unit != "seconds":
        raise ValueError(
            f"{shown(value)} is not by the calendar; write minutes, hours, days or weeks, "
            'like "30 days"'
        )
    return found


def cut_span(value: Any) -> Span:
    """A span by the calendar in whole hours: where letters are cut into episodes and outcomes."""
    found = span(value)
    if found.unit != "seconds" or found.amount % 3600:
        raise ValueError(
            f'{shown(value)} is not by the calendar; write hours, days or weeks, like "30 days"'
        )
    return found


def whole_days(value: Any) -> Span:
    """A span by the calendar that is a number of whole days."""
    found = calendar_span(value)
    if found.amount % DAY_SECONDS:
        raise ValueError(
            f'{shown(value)} is no number of whole days; write "90 days" or "13 weeks"'
        )
    return found


def share(value: Any) -> float:
    """A share of asks, above 0 and at most 1."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value <= 1:
        raise ValueError(f"{shown(value)} is no share above 0 and at most 1; write 0.9 for 9 of 10")
    return float(value)


def at_least_one(number: int) -> int:
    """A whole number of people or things, 1 or more."""
    if number < 1:
        raise ValueError(f"must be 1 or more, not {number}; leave the key out to ask for none")
    return number


def timezone(text: str) -> str:
    """The name of a time zone in the IANA database."""
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):  # "Europe" is a folder there: IsADirectoryError
        pass
    raise ValueError(
        f"{shown(text)} is no time zone; {did_you_mean(text, available_timezones())}"
        'write a name like "Europe/Berlin" or "UTC"'
    )


def holidays_code(text: str) -> str:
    """A country or a country's part with known public holidays; empty for no holidays at all."""
    if not text or _has_holidays(text):
        return text
    raise ValueError(
        f"{shown(text)} has no known holidays; {did_you_mean(text, _holiday_codes(text))}"
        'write a country like "DE" or a country and its part like "DE-BY"'
    )


def _has_holidays(code: str) -> bool:
    # The library would take the names of its own classes for countries, too.
    if not _COUNTRY.fullmatch(code):
        return False
    try:
        holiday_calendar(code)
    except (NotImplementedError, AttributeError):
        return False
    return True


def _holiday_codes(like: str) -> list[str]:
    """What a mistyped code may have meant: a part of its country, or else a country."""
    country, dash, _ = like.upper().partition("-")
    if len(country) == 3 and not _has_holidays(country):
        country = country[:2]
    if not _has_holidays(country):
        return []
    parts = getattr(holiday_calendar(country), "subdivisions", ())
    return [f"{country}-{part}" for part in parts] if dash else [country]


def day(text: str) -> str:
    """A day of the week by its first three letters, ``mon`` to ``sun``."""
    if text not in DAY_NAMES:
        raise ValueError(f"{shown(text)} is no day; allowed: {', '.join(DAY_NAMES)}")
    return text


def wall_time(value: Any) -> time:
    """A time of day to the minute: ``"09:00"``, or TOML's own ``09:00:00``; not 24:00."""
    if isinstance(value, time) and not (value.second or value.microsecond):
        return value
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'{shown(value)} is no time of day; write "HH:MM", like "09:00"')
    return time(int(match[1]), int(match[2]))


def opening_hours(value: Any) -> tuple[tuple[time, time], ...]:
    """Hours of a working day, as pairs of times; the last may end at ``"24:00"``, as 00:00."""
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"must be {_HOURS}, not {'empty' if value == [] else shown(value)}")
    pairs = tuple(_pair(each) for each in value)
    minutes = [each.hour * 60 + each.minute for pair in pairs for each in pair]
    if minutes[-1] == 0:
        minutes[-1] = 24 * 60
    starts, ends = minutes[::2], minutes[1::2]
    if any(start >= end for start, end in zip(starts, ends, strict=True)):
        raise ValueError(f"each opening must be before its closing; write {_HOURS}")
    if any(end > start for end, start in zip(ends, starts[1:], strict=False)):
        raise ValueError(f"the pairs must follow each other and not overlap; write {_HOURS}")
    return pairs


_HOURS = 'pairs of times like [["09:00", "12:30"], ["13:30", "17:30"]]'


def _pair(value: Any) -> tuple[time, time]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"must be {_HOURS}")
    start, end = value
    return wall_time(start), time(0, 0) if end == "24:00" else wall_time(end)
