"""Who asks for a feed: programs can't fill in a form, so an address says whose it is.

The address holds a signed word. Datasette signs it (itsdangerous: HMAC, compared in constant
time) with its secret, under a name of our own, so that it is no cookie and opens no page, and no
cookie is one. It ends when the secret changes, and, for who signs in with a password (of ours, or
of datasette-auth-passwords in metadata of one's own), when that changes or is taken away.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal

from itsdangerous import BadSignature

from inbox_agent.datasette_plugin.entrance.locks import mark_of

if TYPE_CHECKING:
    from datasette.app import Datasette

Purpose = Literal["feeds", "api"]

_PASSWORDS = "datasette-auth-passwords"


def token_of(datasette: Datasette, actor: Any, purpose: Purpose) -> str:
    """What stands in the addresses of somebody who is signed in."""
    said = {"a": actor, "p": _password(datasette, actor)}
    return str(datasette.sign(said, _namespace(purpose)))


def actor_of(datasette: Datasette, token: str, purpose: Purpose) -> Any:
    """Whose token it is; None for what is none, or none any more."""
    try:
        said = datasette.unsign(token, _namespace(purpose))
    except BadSignature:
        return None
    actor = said.get("a") if isinstance(said, dict) else None
    kept = _password(datasette, actor) if isinstance(actor, dict) else None
    return actor if kept is not None and said.get("p") == kept else None


def _namespace(purpose: Purpose) -> str:
    return f"inbox-agent-{purpose}"


def _password(datasette: Datasette, actor: Any) -> str | None:
    """What tells whether somebody's password is still the same; empty where there is none.

    None for who may not sign in any more (`inbox-agent users remove`).
    """
    mark = mark_of(datasette, actor)
    if mark != "":
        return mark
    accounts = datasette.plugin_config(_PASSWORDS) or {}
    kept = accounts.get(f"{(actor or {}).get('id')}_password_hash")
    return hashlib.sha256(str(kept).encode()).hexdigest()[:16] if kept else ""
