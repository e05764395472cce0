"""May they? The same rule as for pages; whoever may not gets one line, not a form to fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from inbox_agent.datasette_plugin.access import may_view
from inbox_agent.datasette_plugin.entrance.locks import ACTOR, lock_of
from inbox_agent.datasette_plugin.feeds.tokens import Purpose, actor_of

if TYPE_CHECKING:
    from datasette.app import Datasette

_PLAIN = "text/plain; charset=utf-8"


class Refused(Exception):
    """A request that gets no feed and no figures: its status, and a line for people."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status

    def response(self) -> Response:
        """What is sent."""
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return Response(f"{self}\n", status=self.status, headers=headers, content_type=_PLAIN)


async def must_read_feeds(datasette: Datasette, request: Any) -> None:
    """Raises Refused. A token in the address decides alone, also beside a cookie."""
    token = request.args.get("token")
    await _must(datasette, request, token, "feeds", "take a new address from /-/feeds")


async def must_read_api(datasette: Datasette, request: Any) -> None:
    """Raises Refused. The token of a program is in its Authorization line (RFC 6750 §2.1)."""
    scheme, _, token = (request.headers.get("authorization") or "").partition(" ")
    is_ours = scheme.lower() == "bearer" and not token.startswith("dstok_")  # Datasette's own
    await _must(
        datasette, request, token.strip() if is_ours else None, "api", "take one from /-/feeds"
    )


async def _must(
    datasette: Datasette, request: Any, token: str | None, purpose: Purpose, remedy: str
) -> None:
    # behind the lock only the door knows who comes; Datasette would take a session that has ended
    actor = request.actor if lock_of(datasette) is None else request.scope.get(ACTOR)
    if token is not None:
        actor = actor_of(datasette, token, purpose)
        if actor is None:
            raise Refused(403, f"403: this token is not valid, or no longer; {remedy}")
    if not await may_view(datasette, actor):
        raise Refused(403, f"403: sign in, or use the address with your token; {remedy}")


def one_of(request: Any, name: str, allowed: tuple[str, ...]) -> str | None:
    """An argument that may be left out; raises Refused for any other word."""
    given = request.args.get(name)
    if not given:
        return None
    if given not in allowed:
        raise Refused(400, f"400: {name} may be {', '.join(allowed)}")
    return str(given)
