"""The sign-in page `/-/login`: a name, a password, and back to the page that was asked for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from datasette.utils.asgi import Forbidden, NotFound, Response

from inbox_agent.datasette_plugin.entrance import sessions
from inbox_agent.datasette_plugin.entrance.attempts import key_of
from inbox_agent.datasette_plugin.entrance.locks import Lock, is_open, lock_of
from inbox_agent.datasette_plugin.page import HEADERS, style_sheet
from inbox_agent.users import MAX_PASSWORD, is_password, normal_name

if TYPE_CHECKING:
    from datasette.app import Datasette

SIGN_IN_PATH = "/-/login"

_WRONG = "This name and password do not go together."
#: A path on this site: `//host` and `/\\host` would be another's (WHATWG URL §4.4, relative slash).
_HERE = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f]*")
_MOST_PATH = 2000


def routes(datasette: Datasette) -> tuple[tuple[str, Any], ...]:
    """Our sign-in page where the lock is ours. The maker of hashes for everybody is taken away."""
    ours = lock_of(datasette) is not None or is_open()
    return (
        (r"^/-/password-tool$", _nothing_here),
        (r"^/-/databases(?:\.json)?$", _nothing_here),  # it tells where the file lies
        *(((rf"^{SIGN_IN_PATH}$", sign_in),) if ours else ()),
    )


@dataclass(frozen=True, slots=True)
class _Form:
    """What the form shows; `wait` is the seconds after which another try may be made."""

    back: str = "/"
    name: str = ""
    error: str = ""
    wait: int = 0

    @property
    def status(self) -> int:
        if self.wait:
            return 429
        return 403 if self.error else 200


async def sign_in(datasette: Datasette, request: Any) -> Response:
    """The form, and what becomes of it."""
    lock = lock_of(datasette)
    if lock is None:
        return await _shown(datasette, request, _Form())
    if request.method != "POST":
        back = way_back(request.args.get("next"))
        if request.actor:
            return Response.redirect(datasette.urls.path(back))
        return await _shown(datasette, request, _Form(back))
    if not is_from_here(request.headers):
        raise Forbidden("This form was sent by another site")
    return await _try(datasette, request, lock)


def is_from_here(headers: Mapping[str, str]) -> bool:
    """Whether a form was filled in on our own page, and not on one that signs people in as others.

    Browsers say so (Fetch Metadata, `Sec-Fetch-Site`), to addresses with TLS and to this computer;
    elsewhere the page's address tells (`Origin`, else `Referer`). One that says none of the three
    is no browser of these years, and nobody's session is in it to be taken.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    page = headers.get("origin") or headers.get("referer")
    return page is None or _host_of(page) == _host_of(f"//{headers.get('host', '')}")


def _host_of(address: str) -> tuple[str | None, int | None]:
    """Name and port; those that go without saying are none. An opaque origin (null) has neither."""
    try:
        found = urlsplit(address)
        return found.hostname or "", None if found.port in (80, 443) else found.port
    except ValueError:
        return None, None


async def _try(datasette: Datasette, request: Any, lock: Lock) -> Response:
    said = await request.post_vars()
    back, name = way_back(said.get("next")), normal_name(said.get("username") or "")
    password = said.get("password") or ""
    if len(password) > MAX_PASSWORD:  # nobody's, and seen at once: it is no try that is counted
        return await _shown(datasette, request, _Form(back, name, _WRONG))
    key = key_of(name, (request.scope.get("client") or ("",))[0])
    wait = lock.attempts.begin(key)
    if wait:
        words = f"Too many tries for this name. Try again in {wait // 60 + 1} minutes."
        return await _shown(datasette, request, _Form(back, name, words, wait))
    user = lock.accounts.users().get(name)
    # hashing takes a fifth of a second: meanwhile others are served
    async with lock.trying:
        is_right = await asyncio.to_thread(is_password, user, password)
    if user is None or not is_right:
        return await _shown(datasette, request, _Form(back, name, _WRONG))
    lock.attempts.went_well(key)
    response = Response.redirect(datasette.urls.path(back))
    is_secure = request.scope.get("scheme") == "https" or datasette.setting("force_https_urls")
    sessions.begin(datasette, response, user, bool(is_secure))
    return response


def way_back(text: str | None) -> str:
    """Where to go after signing in: a path of this site, else the front page."""
    path = (text or "/")[:_MOST_PATH]
    is_elsewhere = not _HERE.fullmatch(path) or path.startswith(("/-/login", "/-/logout"))
    return "/" if is_elsewhere else path


async def _shown(datasette: Datasette, request: Any, form: _Form) -> Response:
    lock = lock_of(datasette)
    context = {
        "title": "Sign in",
        "style_sheet": lambda sheet: style_sheet(datasette, sheet),
        "form": form,
        "is_open": lock is None,
        "has_users": lock is not None and bool(lock.accounts.users()),
        "has_proxy": lock is not None and lock.header is not None,
    }
    html = await datasette.render_template("inbox_agent/sign_in.html", context, request=request)
    more = {"retry-after": str(form.wait)} if form.wait else {}
    return Response.html(html, status=form.status, headers=HEADERS | more)


async def _nothing_here() -> Response:
    raise NotFound("There is no such page.")
