"""How often a password may be tried: a few times for one name from one address, then a pause.

Counted in memory, by name and address together: who tries the names of a team from one place
locks nobody out elsewhere, and a colleague's slips lock out nobody else in the same office.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

MOST_TRIES = 5
WINDOW_SECONDS = 15 * 60
_MOST_KEPT = 10_000

Key = tuple[str, str]


def key_of(name: str, address: str) -> Key:
    """What is counted together; of IPv6 the /64, which is one customer's (RFC 6177 §2)."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return name[:100], address[:100]
    if found.version == 6:
        address = str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return name[:100], address


class Attempts:
    """The tries of the last quarter of an hour that did not go well, or are not decided yet."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._tries: OrderedDict[Key, list[float]] = OrderedDict()

    def begin(self, key: Key) -> int:
        """Count a try; 0 if it may be made, else the seconds to wait for the next."""
        now = self._clock()
        recent = [at for at in self._tries.pop(key, []) if now - at < WINDOW_SECONDS]
        wait = 0
        if len(recent) >= MOST_TRIES:
            wait = int(recent[0] + WINDOW_SECONDS - now) + 1
        else:
            recent.append(now)
        self._tries[key] = recent
        while len(self._tries) > _MOST_KEPT:
            self._tries.popitem(last=False)
        return wait

    def went_well(self, key: Key) -> None:
        """The right password: the tries before it were slips."""
        self._tries.pop(key, None)
