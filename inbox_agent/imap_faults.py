"""What kind of trouble a server's words mean: by response code, else by what servers say.

Codes come first (RFC 5530 §3; RFC 9051 §7.1): they were made for this. Exchange and Courier send
none, Gmail its own, and Cyrus few, so the words of those that matter are known, too.
"""

from __future__ import annotations

import re

from inbox_agent.errors import Fault

#: Nobody is kept away longer than this, whatever a server suggests.
LONGEST_PAUSE_SECONDS = 3600

_BUSY = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|THROTTLED)\b"
    # Exchange throttles, Gmail counts connections and octets, Dovecot and Courier connections
    r"|throttl|too many|exceeded command or bandwidth|maximum (?:number of )?connections",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"\[(?:SERVERBUG|OVERQUOTA|CONTACTADMIN|CORRUPTION)\b"
    r"|temporar|try again|not connected|unavailable|system (?:i/o )?error|mailbox is locked"
    r"|overload",
    re.IGNORECASE,
)
_KINDS = {
    # what Dovecot says as it ends a session whose folder got another UIDVALIDITY
    Fault.GENERATION: r"UIDVALIDITY|session state is inconsistent",
    Fault.FATAL: r"\[PRIVACYREQUIRED\b|plaintext auth\w* disallowed|login only available under",
    Fault.AUTHENTICATION: r"\[(?:AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED|WEBALERT)\b"
    r"|(?:login|authenticat\w+) failed|invalid credentials|application-specific password"
    r"|log in via your web browser|bad username or password",
    Fault.FOLDER: r"\[(?:NONEXISTENT|TRYCREATE|NOPERM)\b"
    r"|(?:mailbox|folder) (?:does not|doesn't) exist|unable to open this mailbox"
    r"|unknown mailbox|permission denied|access denied",
    Fault.PROTOCOL: r"\[(?:CLIENTBUG|CANNOT|BADCHARSET|PARSE)\b|error in imap command"
    r"|command argument error|unknown command|invalid arguments",
}
_BY_WORDS = tuple((fault, re.compile(words, re.IGNORECASE)) for fault, words in _KINDS.items())
_CODE = re.compile(r"\[(?:AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED|NONEXISTENT|NOPERM)\b")
_BACKOFF = re.compile(
    r"backoff time:? ?([0-9]{1,12}) ?(m(?:illi)?s(?:econds?)?\b|s(?:econds?)?\b)", re.IGNORECASE
)


def is_busy(text: str) -> bool:
    """Whether a server has too much to do, with us or at all, and is best left in peace."""
    return _BUSY.search(text) is not None


def fault_of(text: str, otherwise: Fault) -> Fault:
    """The kind of trouble that `text` tells of; `otherwise` where it tells nothing we know.

    A code that says plainly who or what is refused goes before any word.
    """
    said = (fault for fault, words in _BY_WORDS if words.search(text))
    if not _CODE.search(text) and (is_busy(text) or _PASSING.search(text)):
        return Fault.LATER
    return next(said, otherwise)


def pause_seconds(text: str) -> int | None:
    """The pause a server asks for, in whole seconds, rounded up, an hour at most; None for none.

    Exchange says ``Suggested Backoff Time: 299961 milliseconds``.
    """
    asked = _BACKOFF.search(text)
    if asked is None:
        return None
    milliseconds = int(asked[1]) * (1 if asked[2].lower().startswith("m") else 1000)
    return min(-(-milliseconds // 1000), LONGEST_PAUSE_SECONDS)
