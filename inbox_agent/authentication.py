"""What our own mail server found out about a letter's origin: Authentication-Results."""

from __future__ import annotations

import re
from collections.abc import Collection

from inbox_agent.header_cleaning import without_comments

#: In a ``reason`` a semicolon parts nothing (RFC 8601 §2.2).
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_RESULT = re.compile(r"\s*([a-z0-9-]+)\s*(?:/\s*[0-9]+\s*)?=\s*([a-z0-9-]+)")
_METHODS = frozenset({"dmarc", "dkim", "spf"})


def is_unverified(results: str, authserv_ids: Collection[str]) -> bool:
    """Whether one of our own servers says that a letter may not be from whom it says.

    `results` is the topmost Authentication-Results of a letter. It is believed only when its
    authserv-id is one of ours (lower case): anybody can write such a line, and our servers take
    out those that bear their own name (RFC 8601 §5). Unverified is where DMARC failed, or where
    neither DMARC nor DKIM nor SPF passed. Where nobody we believe has looked nothing is said.
    """
    if not results or not authserv_ids:
        return False
    server, _, rest = without_comments(results).lower().partition(";")
    name = server.strip().strip('"').partition(" ")[0]  # a version may follow
    if name.removesuffix(".") not in authserv_ids:
        return False
    parts = map(_RESULT.match, _QUOTED.sub("", rest).split(";"))
    found = {(part[1], part[2]) for part in parts if part and part[1] in _METHODS}
    has_passed = any(result == "pass" for _, result in found)
    return ("dmarc", "fail") in found or not has_passed
