"""What kind of trouble a server's words mean: by response code, else by what servers say.

A code goes before any words (RFC 5530 §3; RFC 9051 §7.1): it was made for this. Exchange and
Courier send none, Gmail its own, and Cyrus few, so the words of those that matter are known, too.
"""

from __future__ import annotations

import re

from inbox_agent.errors import Fault

#: Nobody is kept away longer than this, whatever a server suggests.
LONGEST_PAUSE_SECONDS = 3600

# What each code means: RFC 5530 §3 where nothing else is named.
_CODES = {
    "UNAVAILABLE": Fault.LATER,
    "INUSE": Fault.LATER,
    "LIMIT": Fault.LATER,
    "OVERQUOTA": Fault.LATER,
    "SERVERBUG": Fault.LATER,
    "CONTACTADMIN": Fault.LATER,
    "CORRUPTION": Fault.LATER,
    "EXPUNGEISSUED": Fault.LATER,
    "THROTTLED": Fault.LATER,  # Gmail
    "AUTHENTICATIONFAILED": Fault.AUTHENTICATION,
    "AUTHORIZATIONFAILED": Fault.AUTHENTICATION,
    "EXPIRED": Fault.AUTHENTICATION,
    "WEBALERT": Fault.AUTHENTICATION,  # Gmail
    "PRIVACYREQUIRED": Fault.FATAL,
    "NONEXISTENT": Fault.FOLDER,
    "NOPERM": Fault.FOLDER,
    "TRYCREATE": Fault.FOLDER,  # RFC 3501 §7.1
    "CLIENTBUG": Fault.PROTOCOL,
    "CANNOT": Fault.PROTOCOL,
    "PARSE": Fault.PROTOCOL,  # RFC 3501 §7.1
    "BADCHARSET": Fault.PROTOCOL,  # RFC 3501 §7.1
}
#: With these a server says that it is too much for it now, or that we are.
_BUSY_CODES = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "THROTTLED"})
_CODE = re.compile(r"\[([A-Z]{1,40})\b", re.IGNORECASE)

_BUSY = re.compile(
    # Exchange throttles, Gmail counts connections and octets, Dovecot and Courier connections
    r"throttl|too many|exceeded command or bandwidth|maximum (?:number of )?connections",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"temporar|try again|not connected|unavailable|system (?:i/o )?error|mailbox is locked"
    r"|overload",
    re.IGNORECASE,
)
_KINDS = {
    Fault.LATER: f"{_BUSY.pattern}|{_PASSING.pattern}",
    # what Dovecot says as it ends a session whose folder got another UIDVALIDITY
    Fault.GENERATION: r"UIDVALIDITY|session state is inconsistent",
    Fault.FATAL: r"plaintext auth\w* disallowed|login only available under",
    Fault.AUTHENTICATION: r"(?:login|authenticat\w+) failed|invalid credentials"
    r"|application-specific password|log in via your web browser|bad username or password",
    Fault.FOLDER: r"(?:mailbox|folder) (?:does not|doesn't) exist|unable to open this mailbox"
    r"|unknown mailbox|permission denied|access denied",
    Fault.PROTOCOL: r"error in imap command|command argument error|unknown command"
    r"|invalid arguments",
}
_WORDS = tuple((fault, re.compile(words, re.IGNORECASE)) for fault, words in _KINDS.items())
_BACKOFF = re.compile(
    r"backoff time:? ?([0-9]{1,12}) ?(m(?:illi)?s(?:econds?)?\b|s(?:econds?)?\b)", re.IGNORECASE
)


def is_busy(text: str) -> bool:
    """Whether a server has too much to do, with us or at all, and is best left in peace."""
    code = _code(text)
    may_be = _CODES.get(code, Fault.LATER) is Fault.LATER
    return code in _BUSY_CODES or (may_be and _BUSY.search(text) is not None)


def fault_of(text: str, otherwise: Fault) -> Fault:
    """The kind of trouble that `text` tells of; `otherwise` where it tells nothing we know."""
    by_code = _CODES.get(_code(text))
    by_words = (fault for fault, words in _WORDS if words.search(text))
    return by_code or next(by_words, otherwise)


def _code(text: str) -> str:
    """The first response code we know in it; servers put ``[ALERT]`` before others, and text."""
    found = (code[1].upper() for code in _CODE.finditer(text))
    return next((code for code in found if code in _CODES), "")


def pause_seconds(text: str) -> int | None:
    """The pause a server asks for, in whole seconds, rounded up, an hour at most; None for none.

    Exchange says ``Suggested Backoff Time: 299961 milliseconds``.
    """
    asked = _BACKOFF.search(text)
    if asked is None:
        return None
    milliseconds = int(asked[1]) * (1 if asked[2].lower().startswith("m") else 1000)
    return min(-(-milliseconds // 1000), LONGEST_PAUSE_SECONDS)
