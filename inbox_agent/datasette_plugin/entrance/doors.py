"""Nobody gets past the sign-in page unknown: an ASGI wrapper before Datasette.

A person is led to the sign-in page; a program gets 403. Feeds and figures for programs have
tokens and ask for them themselves.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from inbox_agent.datasette_plugin.entrance import sessions
from inbox_agent.datasette_plugin.entrance.locks import ACTOR, Lock, is_open, lock_of
from inbox_agent.datasette_plugin.entrance.sign_in import SIGN_IN_PATH

if TYPE_CHECKING:
    from datasette.app import Datasette

PEER = "inbox_agent_peer"

#: What somebody unknown may open. Datasette matches an address before it is unescaped; so is this.
_FREE = re.compile(
    rf"{re.escape(SIGN_IN_PATH)}|/favicon\.ico|/-/static(?:-plugins)?/[A-Za-z0-9_./-]+"
)
_HAS_TOKENS = re.compile(r"/-/alerts\.atom|/-/due\.ics|/-/api/.+")
_FOR_PROGRAMS = re.compile(
    r".*\.(?:json|jsono|geojson|csv|atom|ics|svg|png|xlsx|db|blob)", re.DOTALL | re.IGNORECASE
)
_SIGN_OUT_PATH = "/-/logout"
#: A form with a name and a password is shorter.
_MOST_POSTED_OCTETS = 20_000


def wrap(app: Any, datasette: Datasette) -> Any:
    """The application behind its lock, if it has one."""
    lock = lock_of(datasette)
    if lock is None:
        return _for_this_computer(app) if is_open() else app
    inner: Any = ProxyHeadersMiddleware(_Door(app, datasette, lock), list(lock.proxies))

    async def seen(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        peer = (scope.get("client") or ("",))[0]
        await inner({**scope, PEER: peer}, receive, send)

    return seen


class _Door:
    def __init__(self, app: Any, datasette: Datasette, lock: Lock) -> None:
        self._app, self._datasette, self._lock = app, datasette, lock

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = list(scope["headers"])
        named = self._lock.named_by_proxy(scope[PEER], headers)
        signed_in = None if named else sessions.signed_in(self._datasette, self._lock, scope)
        actor = named or signed_in
        if not signed_in:
            headers = sessions.without_session(headers)
        scope_as_sent = scope
        scope = {**scope, "headers": headers, ACTOR: actor}
        path = route_path(self._datasette, scope)
        if not path.isascii():  # a browser escapes what it asks for
            await _answer(send, 400, "text/plain; charset=utf-8", b"400: not an address\n")
        elif actor is None and not _FREE.fullmatch(path) and not _HAS_TOKENS.fullmatch(path):
            await self._refuse(scope, path, send)
        elif actor is None and scope["method"] == "POST" and _is_too_long(headers):
            await _answer(send, 413, "text/plain; charset=utf-8", b"413: too long\n")
        elif signed_in and scope["method"] == "POST" and path == _SIGN_OUT_PATH:
            await self._app(scope, receive, self._ending(scope_as_sent, send))
        else:
            await self._app(scope, receive, send)

    def _ending(self, scope: Any, send: Any) -> Any:
        """Datasette takes the cookie away; here its session ends, once that was done."""

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] == 302:
                sessions.end(self._datasette, self._lock, scope)
            await send(message)

        return answer

    async def _refuse(self, scope: Any, path: str, send: Any) -> None:
        if scope["method"] in ("GET", "HEAD") and is_for_people(scope, path):
            query = scope.get("query_string", b"").decode("latin-1")
            back = urlencode({"next": path + (f"?{query}" if query else "")})
            where = self._datasette.urls.path(f"{SIGN_IN_PATH}?{back}")
            await _answer(send, 302, "text/plain; charset=utf-8", b"", ((b"location", where),))
        else:
            said = {"ok": False, "status": 403, "error": "Sign in first", "title": None}
            await _answer(send, 403, "application/json; charset=utf-8", json.dumps(said).encode())


def route_path(datasette: Datasette, scope: Any) -> str:
    """The path of a request as Datasette looks it up: still escaped, without `base_url`."""
    raw = scope.get("raw_path") or scope["path"].encode()
    path: str = raw.decode("latin-1").partition("?")[0]
    base = datasette.setting("base_url")
    return f"/{path[len(base) :]}" if base != "/" and path.startswith(base) else path


def is_for_people(scope: Any, path: str) -> bool:
    """Whether a browser shows the answer to somebody, rather than a program reading it."""
    accepted = b",".join(value for name, value in scope["headers"] if name.lower() == b"accept")
    takes_pages = not accepted or b"text/html" in accepted or b"*/*" in accepted
    return takes_pages and not _FOR_PROGRAMS.fullmatch(path)


def _is_too_long(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a form says that it is too long, or does not say how long it is."""
    if any(name.lower() == b"transfer-encoding" for name, _ in headers):
        return True  # then it may be longer than it says (RFC 9112 §6.3)
    said = [value for name, value in headers if name.lower() == b"content-length"]
    return not said or not said[0].isdigit() or int(said[0]) > _MOST_POSTED_OCTETS


def _for_this_computer(app: Any) -> Any:
    """A page elsewhere may give its own name our address (DNS rebinding): names are looked at."""

    async def seen(scope: Any, receive: Any, send: Any) -> None:
        hosts = (
            [v for n, v in scope["headers"] if n.lower() == b"host"] if "headers" in scope else []
        )
        if scope["type"] == "http" and not all(map(_is_this_computer, hosts)):
            text = (
                b"403: these pages are open to this computer alone; see `inbox-agent users add`\n"
            )
            await _answer(send, 403, "text/plain; charset=utf-8", text)
        else:
            await app(scope, receive, send)

    return seen


def _is_this_computer(host: bytes) -> bool:
    try:
        name = urlsplit(f"//{host.decode('latin-1')}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


async def _answer(
    send: Any, status: int, content_type: str, body: bytes, more: tuple[tuple[bytes, str], ...] = ()
) -> None:
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"private, no-store"),
        *((name, value.encode()) for name, value in more),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
