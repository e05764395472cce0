"""Header lines that narrow what a page may do, also on Datasette's own pages."""

from __future__ import annotations

from typing import Any

#: Datasette's own pages hold scripts of their own, so those are allowed; nothing comes from or
#: goes elsewhere, and no other site may put a page into a frame (CSP Level 3).
POLICY = (
    b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    b"base-uri 'none'; frame-ancestors 'none'"
)
_LINES = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)
_STATIC = ("/-/static/", "/-/static-plugins/")


def wrap(app: Any) -> Any:
    """The application with these lines wherever it says nothing of its own."""

    async def narrowed(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        is_static = any(each in scope["path"] for each in _STATIC)

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _with_lines(message["headers"], is_static)}
            await send(message)

        await app(scope, receive, answer)

    return narrowed


def _with_lines(headers: Any, is_static: bool) -> list[tuple[bytes, bytes]]:
    kept = [(name.lower(), value) for name, value in headers]
    if not is_static and not any(n == b"cache-control" and b"private" in v for n, v in kept):
        # `?_ttl=` lets anybody say that a page of figures may be kept by every proxy on the way
        kept = [line for line in kept if line[0] != b"cache-control"]
        kept.append((b"cache-control", b"private, no-cache"))
    there = {name for name, _ in kept}
    return kept + [line for line in _LINES if line[0] not in there]
