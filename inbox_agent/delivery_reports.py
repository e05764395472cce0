"""What a delivery report says: whom a letter did not reach, and which letter (RFC 3464)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """The fate of a letter at one recipient.

    `recipient` is an address key; `action` is ``failed``, ``delayed``, ``delivered``,
    ``relayed`` or ``expanded`` (RFC 3464 §2.3.3), empty where the report does not say; `status`
    is like ``5.1.1`` (RFC 3463), likewise.
    """

    recipient: str
    action: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One delivery report: each recipient's fate, and the Message-ID of the letter if named."""

    deliveries: tuple[Delivery, ...] = ()
    original_id: str | None = None


def read_report(kept: bytes) -> Report | None:
    """The report that `kept_report` kept; None where nothing can be read."""
    return None
