"""Time zones to choose from: one for each set of rules in use, and those of countries' domains.

By the IANA time zone database: of all zones whose clocks showed the same at noon (UTC) of each day
of 2025 one stands for the rest, the one where most business is done; Antarctica is left out. The
order decides where letters can't tell two zones apart, as in one season; likelier ones are first.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

#: The zone that is at UTC in winter and an hour ahead in summer.
GREENWICH = "Europe/London"

ZONES: tuple[str, ...] = (
    *(GREENWICH, "Europe/Berlin", "Europe/Helsinki"),
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney"),
    *("Europe/Moscow", "America/Sao_Paulo", "America/Mexico_City", "America/Phoenix"),
    *("America/Bogota", "America/Puerto_Rico", "America/Santiago", "America/Halifax"),
    *("Africa/Johannesburg", "Africa/Lagos", "Africa/Cairo", "Asia/Jerusalem"),
    *("Asia/Dubai", "Asia/Karachi", "Asia/Tehran", "Asia/Kabul", "Asia/Kathmandu", "Asia/Dhaka"),
    *("Asia/Yangon", "Asia/Jakarta", "Australia/Brisbane", "Australia/Adelaide"),
    *("Australia/Darwin", "Pacific/Auckland", "Pacific/Noumea", "Pacific/Fiji"),
    *("America/Anchorage", "Pacific/Honolulu", "America/St_Johns"),
    *("Africa/Casablanca", "Africa/Abidjan", "Asia/Gaza", "Atlantic/Azores"),
    *("Atlantic/Cape_Verde", "America/Noronha", "America/Nuuk", "America/Miquelon"),
    *("Pacific/Easter", "Pacific/Tongatapu", "Pacific/Kiritimati", "Pacific/Pago_Pago"),
    *("Pacific/Chatham", "Pacific/Norfolk", "Pacific/Marquesas", "Pacific/Gambier"),
    *("Pacific/Pitcairn", "America/Adak", "Australia/Lord_Howe", "Australia/Eucla"),
)

#: The zones of the countries whose top-level domains say where somebody is; those that are sold
#: to everybody (``.io``, ``.ai``, ``.co``, ``.me``, ``.tv``) do not. The likeliest zone is first.
COUNTRIES: dict[str, tuple[str, ...]] = {
    # at Greenwich
    "uk": (GREENWICH,),
    "ie": ("Europe/Dublin",),
    "pt": ("Europe/Lisbon", "Atlantic/Azores"),
    "is": ("Atlantic/Reykjavik",),
    "gh": ("Africa/Accra",),
    "ci": ("Africa/Abidjan",),
    "sn": ("Africa/Dakar",),
    "ma": ("Africa/Casablanca",),
    # an hour ahead
    "de": ("Europe/Berlin",),
    "at": ("Europe/Vienna",),
    "ch": ("Europe/Zurich",),
    "li": ("Europe/Zurich",),
    "fr": ("Europe/Paris",),
    "be": ("Europe/Brussels",),
    "nl": ("Europe/Amsterdam",),
    "lu": ("Europe/Luxembourg",),
    "dk": ("Europe/Copenhagen",),
    "se": ("Europe/Stockholm",),
    "no": ("Europe/Oslo",),
    "it": ("Europe/Rome",),
    "es": ("Europe/Madrid", "Atlantic/Canary"),
    "mt": ("Europe/Malta",),
    "pl": ("Europe/Warsaw",),
    "cz": ("Europe/Prague",),
    "sk": ("Europe/Bratislava",),
    "hu": ("Europe/Budapest",),
    "si": ("Europe/Ljubljana",),
    "hr": ("Europe/Zagreb",),
    "rs": ("Europe/Belgrade",),
    "ba": ("Europe/Sarajevo",),
    "mk": ("Europe/Skopje",),
    "al": ("Europe/Tirane",),
    "tn": ("Africa/Tunis",),
    "dz": ("Africa/Algiers",),
    "ng": ("Africa/Lagos",),
    "cm": ("Africa/Douala",),
    # two and three hours ahead
    "fi": ("Europe/Helsinki",),
    "ee": ("Europe/Tallinn",),
    "lv": ("Europe/Riga",),
    "lt": ("Europe/Vilnius",),
    "gr": ("Europe/Athens",),
    "cy": ("Asia/Nicosia",),
    "bg": ("Europe/Sofia",),
    "ro": ("Europe/Bucharest",),
    "ua": ("Europe/Kyiv",),
    "md": ("Europe/Chisinau",),
    "za": ("Africa/Johannesburg",),
    "zm": ("Africa/Lusaka",),
    "zw": ("Africa/Harare",),
    "na": ("Africa/Windhoek",),
    "eg": ("Africa/Cairo",),
    "il": ("Asia/Jerusalem",),
    "lb": ("Asia/Beirut",),
    "tr": ("Europe/Istanbul",),
    "by": ("Europe/Minsk",),
    "ru": ("Europe/Moscow", "Asia/Yekaterinburg", "Asia/Novosibirsk", "Asia/Vladivostok"),
    "sa": ("Asia/Riyadh",),
    "qa": ("Asia/Qatar",),
    "kw": ("Asia/Kuwait",),
    "bh": ("Asia/Bahrain",),
    "jo": ("Asia/Amman",),
    "iq": ("Asia/Baghdad",),
    "ke": ("Africa/Nairobi",),
    "tz": ("Africa/Dar_es_Salaam",),
    "ug": ("Africa/Kampala",),
    "et": ("Africa/Addis_Ababa",),
    # farther east
    "ir": ("Asia/Tehran",),
    "ae": ("Asia/Dubai",),
    "om": ("Asia/Muscat",),
    "ge": ("Asia/Tbilisi",),
    "az": ("Asia/Baku",),
    "mu": ("Indian/Mauritius",),
    "pk": ("Asia/Karachi",),
    "kz": ("Asia/Almaty",),
    "uz": ("Asia/Tashkent",),
    "in": ("Asia/Kolkata",),
    "lk": ("Asia/Colombo",),
    "np": ("Asia/Kathmandu",),
    "bd": ("Asia/Dhaka",),
    "th": ("Asia/Bangkok",),
    "vn": ("Asia/Ho_Chi_Minh",),
    "kh": ("Asia/Phnom_Penh",),
    "id": ("Asia/Jakarta", "Asia/Makassar"),
    "cn": ("Asia/Shanghai",),
    "hk": ("Asia/Hong_Kong",),
    "tw": ("Asia/Taipei",),
    "sg": ("Asia/Singapore",),
    "my": ("Asia/Kuala_Lumpur",),
    "ph": ("Asia/Manila",),
    "jp": ("Asia/Tokyo",),
    "kr": ("Asia/Seoul",),
    "au": (
        *("Australia/Sydney", "Australia/Brisbane", "Australia/Perth"),
        *("Australia/Adelaide", "Australia/Darwin"),
    ),
    "nz": ("Pacific/Auckland",),
    # the Americas
    "us": ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    "ca": (
        *("America/Toronto", "America/Vancouver", "America/Edmonton", "America/Winnipeg"),
        *("America/Halifax", "America/St_Johns", "America/Regina"),
    ),
    "mx": ("America/Mexico_City", "America/Tijuana", "America/Hermosillo", "America/Cancun"),
    "gt": ("America/Guatemala",),
    "cr": ("America/Costa_Rica",),
    "pa": ("America/Panama",),
    "jm": ("America/Jamaica",),
    "do": ("America/Santo_Domingo",),
    "pe": ("America/Lima",),
    "ec": ("America/Guayaquil",),
    "ve": ("America/Caracas",),
    "bo": ("America/La_Paz",),
    "br": ("America/Sao_Paulo", "America/Manaus"),
    "ar": ("America/Argentina/Buenos_Aires",),
    "uy": ("America/Montevideo",),
    "py": ("America/Asuncion",),
    "cl": ("America/Santiago",),
}


def offset_minutes(zone: str, at: datetime) -> int:
    """How far a zone's clocks are east of UTC at an instant, in whole minutes."""
    at = at.astimezone(UTC)
    all_day = _offset_of_day(zone, at.date())
    return _offset(zone, at) if all_day is None else all_day


@lru_cache(maxsize=65_536)
def _offset_of_day(zone: str, day: date) -> int | None:
    """The offset of a whole day (UTC); None on a day on which the clocks are changed."""
    begin = datetime.combine(day, time(), UTC)
    first, last = _offset(zone, begin), _offset(zone, begin + timedelta(days=1))
    return first if first == last else None


def _offset(zone: str, at: datetime) -> int:
    return (ZoneInfo(zone).utcoffset(at.astimezone(ZoneInfo(zone))) or timedelta(0)) // _MINUTE


_MINUTE = timedelta(minutes=1)
