"""A session: the cookie that says who signed in, until when, and with which password.

It is Datasette's own (`ds_actor`, signed with its secret), so that signing out is, too.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from datasette.utils import baseconv
from datasette.utils.asgi import Request
from itsdangerous import BadSignature

from inbox_agent.datasette_plugin.entrance.locks import Actor, Lock, actor_of
from inbox_agent.sign_outs import session_key

if TYPE_CHECKING:
    from datasette.app import Datasette

    from inbox_agent.users import User

COOKIE = "ds_actor"
SESSION_SECONDS = 14 * 24 * 3600


def begin(datasette: Datasette, response: Any, user: User, is_secure: bool) -> None:
    """Give the browser a session of a fortnight; over TLS it is sent over TLS alone."""
    ends_at = int(time.time()) + SESSION_SECONDS
    said = {
        "a": dict(actor_of(user)),
        "e": baseconv.base62.encode(ends_at),
        "m": user.mark,
        "s": secrets.token_hex(8),  # two that begin in one second end apart
    }
    response.set_cookie(
        COOKIE,
        datasette.sign(said, "actor"),
        max_age=SESSION_SECONDS,
        secure=is_secure,
        httponly=True,
        samesite="lax",
    )


def signed_in(datasette: Datasette, lock: Lock, scope: Any) -> Actor | None:
    """Who the cookie of a request is of; None for one that is none, or none any more."""
    session = _session(datasette, lock, scope)
    return session.actor if session else None


def end(datasette: Datasette, lock: Lock, scope: Any) -> None:
    """End the session of a request for good, also for whoever copied its cookie."""
    session = _session(datasette, lock, scope)
    if session:
        lock.sign_outs.end(session.key, session.ends_at, time.time())


@dataclass(frozen=True, slots=True)
class _Session:
    actor: Actor
    key: str
    ends_at: int


def _session(datasette: Datasette, lock: Lock, scope: Any) -> _Session | None:
    try:
        cookie = Request(scope, None).cookies.get(COOKIE, "")
        said: Any = datasette.unsign(cookie, "actor") if cookie else None
        ends_at = int(baseconv.base62.decode(said["e"])) if said else 0
        user = lock.accounts.users().get(said["a"]["id"]) if said else None
    except (BadSignature, KeyError, TypeError, ValueError, AttributeError):
        return None
    except Exception:  # noqa: BLE001 - http.cookies raises its own for a line that is no cookie
        return None
    if user is None or time.time() > ends_at or said.get("m") != user.mark:
        return None
    key = session_key(said)
    return None if lock.sign_outs.has_ended(key) else _Session(actor_of(user), key, ends_at)


def without_session(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The header lines of a request without what tells Datasette who somebody is.

    That is the cookie, Basic, and tokens that Datasette 1.0 gives out and nothing ends.
    """
    return [
        (name, _other_cookies(value) if name.lower() == b"cookie" else value)
        for name, value in headers
        if name.lower() != b"authorization" or not _DATASETTES_OWN.match(value)
    ]


_DATASETTES_OWN = re.compile(rb"\s*(?:basic\b|bearer\s+dstok_)", re.IGNORECASE)


def _other_cookies(value: bytes) -> bytes:
    """Read as Datasette reads them: it takes a blank for the end of a cookie, too."""
    try:
        found: SimpleCookie = SimpleCookie(value.decode("latin-1"))
    except CookieError:
        return b""
    found.pop(COOKIE, None)
    return "; ".join(f"{one.key}={one.coded_value}" for one in found.values()).encode("latin-1")
