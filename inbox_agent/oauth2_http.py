"""HTTP for the token end point: nobody is followed, nothing is endless, nothing is logged."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from inbox_agent.config_values import is_loopback

if TYPE_CHECKING:
    import httpx

#: Seconds for connecting, and for each read.
TIMEOUT_SECONDS: float = 10
#: No answer of these end points is longer, or takes longer in all.
LARGEST_ANSWER_OCTETS, LONGEST_ANSWER_SECONDS = 262_144, 30.0


def bounded_session(url: str) -> httpx.Client:
    """A client for requests to the host of `url`; TLS is verified as the system says."""
    import httpx  # noqa: PLC0415  # slow to import, and needed by those who use OAuth2

    _quieten()
    return httpx.Client(
        timeout=TIMEOUT_SECONDS,
        # A proxy of the environment is never asked for what is on this computer.
        trust_env=not is_loopback(urlsplit(url).hostname or ""),
        follow_redirects=False,  # nobody else is given a secret
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [_bound]},
    )


def _bound(response: httpx.Response) -> None:
    """Have an answer read, but not for ever: httpx.ReadError or ReadTimeout end it."""
    import httpx  # noqa: PLC0415

    class Bounded(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            octets = 0
            for piece in stream:
                octets += len(piece)
                if octets > LARGEST_ANSWER_OCTETS:
                    raise httpx.ReadError("too long")
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("too slow")
                yield piece

        def close(self) -> None:
            stream.close()

    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise httpx.DecodingError("compressed, and may be endless")
    stream, until = cast("httpx.SyncByteStream", response.stream), time.monotonic()
    until += LONGEST_ANSWER_SECONDS
    response.stream = Bounded()


def _quieten() -> None:
    """At DEBUG httpcore logs headers; httpx at INFO every request."""
    for name in ("httpx", "httpcore", "authlib"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
