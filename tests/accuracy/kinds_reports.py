"""Does a bounce's delivery-status part give the address that failed?

The judge is a search through the bytes, which knows the part and its fields and nothing else.
"""

from __future__ import annotations

import base64
import quopri
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accuracy.kinds_mail import Sample, parsed
from inbox_agent.delivery_reports import kept_report
from inbox_agent.undelivered import named_recipients

_PART = re.compile(
    rb"^content-type:[ \t]*message/(?:global-)?delivery-status\b.*$", re.IGNORECASE | re.MULTILINE
)
_RETURNED = re.compile(
    rb"^content-type:[ \t]*(?:message/(?:rfc822|global)|text/rfc822-headers)\b",
    re.IGNORECASE | re.MULTILINE,
)
_ENCODING = re.compile(rb"^content-transfer-encoding:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_NEXT_PART = re.compile(rb"^--[^ \r\n]", re.MULTILINE)
_RECIPIENT = re.compile(
    rb"^[ \t]*(?:final|original)-recipient[ \t]*:(.*(?:\r?\n[ \t]+\S.*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_GROUP_END = re.compile(rb"\r?\n[ \t]*\r?\n")
_ADDRESS = re.compile(rb"[^\s<>;:,\"()\[\]]+@[\w.#-]*[\w-]", re.ASCII)


@dataclass(frozen=True)
class Reading:
    """What the judge and the product found in one report.

    `groups`: for each recipient the part tells of, the addresses it is known by there.
    """

    name: str
    groups: tuple[frozenset[str], ...]
    found: frozenset[str]

    @property
    def gives_one(self) -> bool:
        return any(group & self.found for group in self.groups)

    @property
    def gives_all(self) -> bool:
        return all(group & self.found for group in self.groups)

    @property
    def gives_others(self) -> bool:
        return not self.found <= frozenset().union(*self.groups)


def status_parts(raw: bytes) -> list[bytes]:
    """The texts of the delivery-status parts, decoded; what the returned letter quotes is none."""
    found = list(_PART.finditer(raw))
    returned = _RETURNED.search(raw, found[0].end()) if found else None
    end = returned.start() if returned else len(raw)
    return [_text(raw, part.end()) for part in found if part.start() < end]


def _text(raw: bytes, start: int) -> bytes:
    """A part's text, `start` being where its Content-Type ends."""
    end = _NEXT_PART.search(raw, start)
    part = raw[start : end.start() if end else len(raw)]
    head, _, text = part.replace(b"\r\n", b"\n").partition(b"\n\n")
    encoding = _ENCODING.search(head)
    if encoding and encoding[1].lower() == b"base64":
        return base64.b64decode(text, validate=False)
    if encoding and encoding[1].lower() == b"quoted-printable":
        return quopri.decodestring(text)
    return text


def recipient_groups(part: bytes) -> tuple[frozenset[str], ...]:
    """The addresses of each group of fields that names a recipient with an ``@`` in it."""
    found = []
    for group in _GROUP_END.split(part):
        named = (_ADDRESS.search(value) for value in _RECIPIENT.findall(group))
        addresses = {match[0].decode("latin-1").lower() for match in named if match}
        if addresses:
            found.append(frozenset(addresses))
    return tuple(found)


def found_by_product(sample: Sample) -> frozenset[str]:
    """Whom it is about, by the kept report and by X-Failed-Recipients."""
    return frozenset(named_recipients(parsed(sample, kept_report(sample.raw))))


_LEFT_OUT = ("no delivery-status part", "a part without an address")


def readings(bounces: Iterable[Sample]) -> tuple[list[Reading], Counter[str]]:
    """The bounces whose part names somebody, and why the others were left out."""
    found, left_out = list[Reading](), Counter[str]()
    for sample in bounces:
        parts = status_parts(sample.raw)
        groups = recipient_groups(b"\n\n".join(parts))
        if groups:
            found.append(Reading(sample.name, groups, found_by_product(sample)))
        else:
            left_out[_LEFT_OUT[bool(parts)]] += 1
    return found, left_out


def without_address(found: Sequence[Reading]) -> list[str]:
    """The names of the reports that give no address to the product."""
    return sorted(reading.name for reading in found if not reading.gives_one)
