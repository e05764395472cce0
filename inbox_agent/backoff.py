"""When a mailbox that failed is tried again: a pure schedule, chance and all handed in.

The waits grow from try to try and are spread by chance ("full jitter"), so that mailboxes that
failed together do not come back together and no server is asked in a tight loop.
"""

from __future__ import annotations

import math
from enum import Enum


class Trouble(Enum):
    """What kept a mailbox from being read."""

    #: It passes by itself: no network, a busy server, a lost connection, a locked database.
    PASSING = "passing"
    #: The server refuses us (RFC 5530 §3: AUTHENTICATIONFAILED, EXPIRED, AUTHORIZATIONFAILED, …).
    #: Trying often would lock the account.
    REFUSED = "refused"


#: Seconds: of passing trouble the shortest wait, and what the waits grow up to.
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 900.0
#: Seconds: of a refusal the shortest wait, and the longest.
REFUSED_SECONDS, REFUSED_LONGEST_SECONDS = 900.0, 3600.0
#: A server's suggestion is obeyed up to a day; it is a stranger's number.
LONGEST_SUGGESTION_SECONDS = 86_400.0
_DOUBLINGS = 20  # far beyond either end, and no overflow after a year of failures


def wait_seconds(
    failures: int, trouble: Trouble, suggested_seconds: float | None, chance: float
) -> float:
    """Seconds from the end of a failed try to the next one.

    `failures` counts the tries that failed in a row, this one included (1, 2, 3, …); `chance` is
    a random number from 0 up to 1. Passing trouble waits 1 s up to an end that doubles from 2 s
    to 15 minutes. A refusal waits 15 to 30 minutes the first time, then 30 to 60. What the server
    suggests ("Suggested Backoff Time") comes first, and the wait is added to it.
    """
    doubled = 2.0 ** min(max(failures, 1), _DOUBLINGS)
    if trouble is Trouble.REFUSED:
        high = min(REFUSED_SECONDS * doubled, REFUSED_LONGEST_SECONDS)
        low = high / 2
    else:
        high = min(SHORTEST_SECONDS * doubled, LONGEST_SECONDS)
        low = SHORTEST_SECONDS
    return _obeyed(suggested_seconds) + low + chance * (high - low)


def _obeyed(suggested_seconds: float | None) -> float:
    if suggested_seconds is None or math.isnan(suggested_seconds):
        return 0.0
    return min(max(suggested_seconds, 0.0), LONGEST_SUGGESTION_SECONDS)
