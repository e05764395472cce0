"""By what a delivery report is known where it does not say so (RFC 3464 §2 it is that says so).

A single sign is not enough: postmasters write letters, and people write about lost ones.
"""

from __future__ import annotations

import re
from functools import lru_cache

from inbox_agent.automatic_marks import Marks, content_type
from inbox_agent.automatic_phrases import is_of_bounces, is_only_by_mail_systems, is_unfinished

# Letters and digits of what programs call themselves, in From's address or before it.
_PROGRAMS = frozenset(
    {
        *("mailerdaemon", "maildaemon", "mdaemon", "maildeliverysystem", "maildeliverysubsystem"),
        *("maildeliveryservice", "internetmaildelivery"),
        # The account that Exchange keeps for its own letters, the same everywhere.
        "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e",
    }
)
# Roles (RFC 2142 §5) that reports are sent for, and behind which there are people.
_ROLES = frozenset({"postmaster", "postmast", "systemadministrator", "mailadministrator"})
_SYSTEMS = _PROGRAMS | _ROLES


def says_bounce(marks: Marks) -> bool:
    """Whether it says that it is a delivery report (RFC 3464 §2; X-Failed-Recipients is Exim's)."""
    media_type, _ = content_type(marks.fields)
    return (
        marks.report_type == "delivery-status"
        or media_type in ("message/delivery-status", "message/global-delivery-status")
        or bool(marks.value("x-failed-recipients"))
    )


def is_by_a_mail_system(marks: Marks) -> bool:
    """Whether From is a mail system's and a second sign agrees, or From can't tell and two do.

    The signs are a null return path, a subject of delivery reports, a multipart/report of no
    type, and of a program also that it calls itself automatic. A few subjects need no other.
    """
    if is_only_by_mail_systems(marks.subject):
        return True
    is_failure = is_of_bounces(marks.subject)
    has_other = marks.has_null_path or marks.report_type == ""
    names = _names(marks)
    if names.isdisjoint(_SYSTEMS):
        return is_failure and (has_other or marks.keyword("auto-submitted") == "auto-replied")
    says_so = marks.is_automatic and not names.isdisjoint(_PROGRAMS)
    return is_failure or is_unfinished(marks.subject) or has_other or says_so


def is_a_program(marks: Marks) -> bool:
    """Whether From is that of a mail system's program, which takes no reply."""
    return not _names(marks).isdisjoint(_PROGRAMS)


def is_of_a_mail_system(local: str, name: str) -> bool:
    """Whether an author is called as programs of mail systems, and those who keep them, are."""
    return not _letters_of(local, name).isdisjoint(_SYSTEMS)


def _names(marks: Marks) -> frozenset[str]:
    """What From calls its author: the local part, and the name; without an address its text."""
    if marks.author is not None:
        return _letters_of(marks.author.local, marks.author.name)
    return _letters_of(*re.split(r"[<>]", marks.value("from")))


@lru_cache(maxsize=4096)  # of one letter it is asked for again and again
def _letters_of(*shown: str) -> frozenset[str]:
    found = {re.sub(r"[^a-z0-9]", "", each.lower().partition("@")[0]) for each in shown}
    return frozenset(found - {""})
