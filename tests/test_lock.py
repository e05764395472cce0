"""Nobody sees a page who has not signed in; who may, how long, and what a page may do."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import httpx
import pytest
from browser_shots import sample
from datasette.app import Datasette
from datasette.utils import baseconv
from datasette_auth_passwords.utils import hash_password
from installations import install
from test_datasette import IS_1X, setting_values

from inbox_agent import catalogue, serve, serve_locks, users
from inbox_agent.catalogue import TABLES, VIEWS
from inbox_agent.config import load_config
from inbox_agent.datasette_plugin import page
from inbox_agent.datasette_plugin.entrance import locks
from inbox_agent.datasette_plugin.entrance.attempts import (
    MOST_TRIES,
    WINDOW_SECONDS,
    Attempts,
    key_of,
)
from inbox_agent.datasette_plugin.entrance.sign_in import way_back
from inbox_agent.datasette_plugin.feeds.tokens import actor_of, token_of
from inbox_agent.datasette_plugin.routes import ROUTES
from inbox_agent.sign_outs import SignOuts
from inbox_agent.users import User, add_user, change_password, remove_user

PASSWORD = "correct horse battery"
QUICK = hash_password(PASSWORD, salt="salt", iterations=1)
OTHER = hash_password("another password", salt="salt", iterations=1)
ANA, BEN = User("ana", QUICK, "ana@acme.com"), User("ben", QUICK)
WRONG = "do not go together"
DAY = 86_400
#: Stands on every page with figures, and in no address.
LEAK = "Initech"

#: What a place in an address may hold; a route with another place needs a line here.
EXAMPLES = {
    "format": "",
    "partner": "globex.com",
    "name": "response_times",
    "form": "svg",
    "figure": "ours_p50_seconds",
    "quarter": "2026-Q3",
    "table": "partners",
}
OURS = tuple(
    re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", lambda place: EXAMPLES[place[1]], pattern)
    .strip("^$")
    .replace("\\", "")
    for pattern, _ in ROUTES
)
KINDS = ("", ".csv", ".json")
DATASETTES = (
    *("/partners", "/partners.json", "/partners/-/query", "/mirror", "/_memory", "/_internal"),
    *(f"/partners/{each.name}{kind}" for each in (*TABLES, *VIEWS) for kind in KINDS),
    *(f"/-/{name}{kind}" for name in ("metadata", "plugins", "versions", "settings", "databases",
      "threads", "actor", "config") for kind in ("", ".json")),
    *("/-/logout", "/-/permissions", "/-/allow-debug", "/-/messages", "/-/patterns", "/-/actions"),
    *("/-/password-tool", "/-/auth-token", "/-/nothing", "/nothing", "/partners/nothing", "/.json"),
    *("/partners/waiting_on_us?_trace=1", "/partners?sql=select+1", "/partners.db", "/robots.txt"),
    *("//partners", "/%2Fpartners", "/-/static/../../partners", "/-/login/", "/-/login%2F..%2F"),
    *("/-/static/%2e%2e/partners", "/partners/partners?next=/-/login", "/-/login.json"),
)  # fmt: skip


@dataclass
class Site:
    """A Datasette asked without a port, as a browser of somebody asks it."""

    datasette: Datasette
    loop: asyncio.AbstractEventLoop
    folder: Path
    _app: Any = field(init=False)

    def __post_init__(self) -> None:
        self._app = self.datasette.app()

    @property
    def users(self) -> Path:
        return self.folder / "users.json"

    def get(self, path: str, *, by: User | None = None, **more: Any) -> httpx.Response:
        cookies = {"ds_actor": self.cookie(by)} if by else {}
        return self.ask("GET", path, cookies=cookies, **more)

    def ask(
        self,
        method: str,
        path: str,
        *,
        peer: str = "127.0.0.1",
        cookies: Mapping[str, str] = {},
        **more: Any,
    ) -> httpx.Response:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app, client=(peer, 1234))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", cookies=dict(cookies)
            ) as client:
                return await client.request(method, path, **more)

        return self.loop.run_until_complete(answer())

    def sign_in(
        self, name: str, password: str, back: str = "/", headers: Any = None, **more: Any
    ) -> httpx.Response:
        said = {"username": name, "password": password, "next": back}
        return self.ask("POST", "/-/login", data=said, headers=headers, **more)

    def cookie(self, user: User) -> str:
        """That of a session which began just now."""
        done = self.sign_in(user.name, PASSWORD)
        assert done.status_code == 302, done.text
        return str(done.cookies["ds_actor"])


@lru_cache
def database() -> Path:
    """One for all: it is only read."""
    return sample(Path(mkdtemp()) / "partners.db")


def site(
    folder: Path,
    loop: asyncio.AbstractEventLoop,
    environment: Mapping[str, str],
    metadata: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Site:
    path = database()
    given = {**catalogue.datasette_metadata(), **(metadata or {})}
    more = {"config": given} if IS_1X else {}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        found = Datasette(
            [str(path)], metadata=given, settings={**setting_values(), **settings}, **more
        )
        loop.run_until_complete(found.invoke_startup())
        return Site(found, loop, folder)


ALLOW = {"allow": {"id": "*"}}


@pytest.fixture(autouse=True)
def _quick_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody has is tried against a hash as quick as ours."""
    monkeypatch.setattr(users, "_NOBODYS", QUICK.replace("salt", "none"))


def locked_in(
    folder: Path, loop: asyncio.AbstractEventLoop, more: Mapping[str, str] = {}, **settings: Any
) -> Site:
    kept = folder / "users.json"
    add_user(kept, ANA)
    add_user(kept, BEN)
    proxies = {locks.PROXIES: "127.0.0.1,::1"}
    return site(folder, loop, {locks.USERS_FILE: str(kept), **proxies, **more}, ALLOW, **settings)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop) -> Site:
    """As `serve` serves it; nobody changes its users."""
    return locked_in(tmp_path_factory.mktemp("locked"), loop)


@pytest.fixture
def changing(tmp_path: Path, loop: asyncio.AbstractEventLoop) -> Site:
    """The same for a test of its own."""
    return locked_in(tmp_path, loop)


# --- every page, for nobody


def test_every_route_has_an_example() -> None:
    for (pattern, _), path in zip(ROUTES, OURS, strict=True):
        assert re.match(pattern, path), path


def test_nobody_unknown_sees_any_page(locked: Site) -> None:
    for path in (*OURS, *DATASETTES):
        answer = locked.get(path)
        assert answer.status_code in (302, 403), (path, answer.status_code)
        if answer.status_code == 302:
            assert answer.headers["location"].startswith("/-/login?next="), path
        assert LEAK not in answer.text, path


def test_behind_the_lock_every_page_asks_again(
    tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    """The `allow` block alone, as it is where somebody has a sign-in plugin of their own."""
    inner = site(tmp_path, loop, {}, ALLOW)
    for path in OURS:
        answer = inner.get(path)
        assert answer.status_code == 403, (path, answer.status_code)
        assert LEAK not in answer.text, path


def test_a_database_that_says_it_is_open_is_closed_all_the_same(
    tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    shipped = catalogue.datasette_metadata()["databases"]
    open_one = {"databases": {"partners": {**shipped["partners"], "allow": True}}, **ALLOW}
    lock = {locks.USERS_FILE: str(tmp_path / "users.json")}
    assert site(tmp_path, loop, lock, open_one).get("/partners/contacts").status_code == 302
    assert site(tmp_path, loop, {}, open_one).get("/partners/contacts").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nobody_unknown_sends_anything(locked: Site, method: str) -> None:
    for path in ("/", "/partners", "/-/logout", "/-/messages"):
        assert locked.ask(method, path).status_code == 403


def test_nobody_comes_in_by_a_websocket(locked: Site) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/partners/contacts", "headers": [], "query_string": b""}
    locked.loop.run_until_complete(locked.datasette.app()(scope, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_who_has_signed_in_sees_the_pages(locked: Site) -> None:
    cookie = {"ds_actor": locked.cookie(ANA)}
    for path in ("/", "/partners", "/partners/contacts", "/partners/contacts.csv", "/-/reviews"):
        answer = locked.ask("GET", path, cookies=cookie)
        assert answer.status_code == 200, path
    found = locked.ask("GET", "/-/actor.json", cookies=cookie).json()
    assert found["actor"] == {"id": "ana", "owner": "ana@acme.com"}


def test_the_sign_in_page_and_static_files_are_for_everybody(locked: Site) -> None:
    for path in ("/-/login", "/-/static/app.css", "/-/static-plugins/inbox_agent/tokens.css"):
        assert locked.get(path).status_code == 200, path
    text = locked.get("/-/login").text
    assert "<script" not in text
    assert "style=" not in text
    assert LEAK not in text


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/", "text/html,application/xhtml+xml", 302),
        ("/", "*/*", 302),
        ("/", "application/json", 403),
        ("/partners/partners.json", "text/html", 403),
        ("/partners/partners.csv?_dl=1", "text/html", 403),
        ("/-/alerts.atom", "text/html", 403),
        ("/-/due.ics", "*/*", 403),
        ("/-/api/partners.json", "*/*", 403),
        ("/-/partner/globex.com", "text/html", 302),
    ],
)
def test_people_are_led_to_the_sign_in_page_and_programs_told(
    locked: Site, path: str, accept: str, status: int
) -> None:
    assert locked.get(path, headers={"accept": accept}).status_code == status


# --- signing in


def test_signing_in_leads_back_to_the_page_that_was_asked_for(locked: Site) -> None:
    away = locked.get("/partners/contacts?_sort=partner&x=a%26b").headers["location"]
    form = locked.get(away)
    back = re.search(r'name="next" value="([^"]*)"', form.text)
    assert back
    assert back[1] == "/partners/contacts?_sort=partner&amp;x=a%26b"
    done = locked.sign_in("ana", PASSWORD, back[1].replace("&amp;", "&"))
    assert (done.status_code, done.headers["location"]) == (
        302,
        "/partners/contacts?_sort=partner&x=a%26b",
    )


@pytest.mark.parametrize(
    "text",
    [
        *("//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", ""),
        *("/\t/evil.example", "javascript:alert(1)", "evil", "/-/login?next=/", "/-/logout", " /x"),
        *("/x\r\nset-cookie: a=b", "/x\\y", None),
    ],
)
def test_the_way_back_leads_nowhere_else(text: str | None) -> None:
    assert way_back(text) == "/"


@pytest.mark.parametrize(
    "text", ["/", "/partners?sql=a//b", "/-/partner/globex.com", "/a?next=//x"]
)
def test_a_page_of_ours_is_a_way_back(text: str) -> None:
    assert way_back(text) == text


def test_a_wrong_password_and_an_unknown_name_read_the_same(locked: Site) -> None:
    answers = [locked.sign_in("ben", "wrong wrong wrong"), locked.sign_in("eve", PASSWORD)]
    for answer, name in zip(answers, ("ben", "eve"), strict=True):
        assert answer.status_code == 403
        assert WRONG in answer.text
        assert "ds_actor" not in answer.cookies
        assert f'value="{name}"' in answer.text
    first, second = (answer.text.replace("ben", "").replace("eve", "") for answer in answers)
    token = re.compile(r'name="csrftoken" value="[^"]*"')
    assert token.sub("", first) == token.sub("", second)


def test_what_is_typed_stays_text(locked: Site) -> None:
    answer = locked.sign_in('"><script>alert(1)</script>', "x", '"><script>')
    assert "<script" not in answer.text


def test_a_session_is_kept_from_scripts_and_other_sites(locked: Site) -> None:
    (line,) = [
        value
        for name, value in locked.sign_in("Ana", PASSWORD).headers.multi_items()
        if name == "set-cookie" and value.startswith("ds_actor=")
    ]
    said = line.lower()
    assert "httponly" in said
    assert "samesite=lax" in said
    assert f"max-age={14 * DAY}" in said
    assert "secure" not in said


def test_over_tls_a_session_is_sent_over_tls_alone(locked: Site) -> None:
    by_proxy = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}
    done = locked.sign_in("ana", PASSWORD, headers=by_proxy)
    assert "secure" in done.headers["set-cookie"].lower()
    forged = locked.sign_in("ana", PASSWORD, headers=by_proxy, peer="198.51.100.7")
    assert "secure" not in forged.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},  # another name of the same organisation
        {"sec-fetch-site": "cross-site", "origin": "http://localhost"},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost.evil.example"},
        {"origin": "http://localhost:8002"},
        {"origin": "null"},  # a frame without an origin of its own
        {"origin": "http://[", "referer": "http://localhost/-/login"},
        {"referer": "https://evil.example/localhost"},
    ],
)
def test_a_form_of_another_site_signs_nobody_in(locked: Site, headers: Mapping[str, str]) -> None:
    done = locked.sign_in("ana", PASSWORD, headers=headers)
    assert done.status_code == 403
    assert "ds_actor" not in done.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin", "origin": "https://otherwise.example"},
        {"sec-fetch-site": "none"},
        {"origin": "http://localhost"},
        # TLS ends at the proxy
        {"origin": "https://LOCALHOST:443", "x-forwarded-proto": "https"},
        {"origin": "http://10.0.0.5:8001", "host": "10.0.0.5:8001"},
        {"origin": "http://[::1]:8001", "host": "[::1]:8001"},
        {"referer": "http://localhost/-/login?next=/"},
        {},  # a program
    ],
)
def test_the_form_of_this_site_does(locked: Site, headers: Mapping[str, str]) -> None:
    assert locked.sign_in("ana", PASSWORD, headers=headers).status_code == 302


def sign_out(site: Site, session: str) -> httpx.Response:
    cookie = {"ds_actor": session}
    page_of_logout = site.ask("GET", "/-/logout", cookies=cookie)
    token = re.search(r'name="csrftoken" value="([^"]+)"', page_of_logout.text)
    kept = {**cookie, **dict(page_of_logout.cookies)}
    said = {"csrftoken": token[1]} if token else {}
    return site.ask("POST", "/-/logout", data=said, cookies=kept)


def test_signing_out_ends_it_in_the_browser(locked: Site) -> None:
    done = sign_out(locked, locked.cookie(ANA))
    assert done.status_code == 302
    assert 'ds_actor="";' in done.headers["set-cookie"]


def opens(site: Site, session: str) -> bool:
    return site.ask("GET", "/partners", cookies={"ds_actor": session}).status_code == 200


def test_a_cookie_copied_before_signing_out_opens_nothing_after_it(changing: Site) -> None:
    copied, another = changing.cookie(ANA), changing.cookie(ANA)
    assert opens(changing, copied)
    sign_out(changing, copied)
    # the last character holds two bits that mean nothing: written otherwise it is the same cookie
    alike = copied[:-1] + chr(ord(copied[-1]) ^ 1)
    assert (opens(changing, copied), opens(changing, alike)) == (False, False)
    assert opens(changing, another)
    assert opens(changing, changing.cookie(ANA))
    kept = changing.folder / "signed-out.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "ana" not in kept.read_text()
    again = site(changing.folder, changing.loop, {locks.USERS_FILE: str(changing.users)}, ALLOW)
    again.datasette._secret = changing.datasette._secret
    assert (opens(again, copied), opens(again, another)) == (False, True)


def test_a_form_of_another_site_signs_nobody_out(changing: Site) -> None:
    cookie = {"ds_actor": changing.cookie(ANA)}
    headers = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    done = changing.ask("POST", "/-/logout", data={}, cookies=cookie, headers=headers)
    assert done.status_code == 403
    assert opens(changing, cookie["ds_actor"])


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": "b"}'])
def test_a_damaged_list_of_sign_outs_lets_people_sign_in(changing: Site, content: str) -> None:
    (changing.folder / "signed-out.json").write_text(content)
    session = changing.cookie(ANA)
    assert opens(changing, session)
    sign_out(changing, session)
    assert not opens(changing, session)


def test_sign_outs_are_forgotten_when_the_session_would_be_over(tmp_path: Path) -> None:
    path = tmp_path / "signed-out.json"
    known = SignOuts(path)
    known.end("first", 100, now=50.0)
    known.end("second", 300, now=101.0)
    assert json.loads(path.read_text()) == {"second": 300}
    assert (known.has_ended("first"), known.has_ended("second")) == (False, True)


def test_a_form_longer_than_a_password_is_not_read(locked: Site) -> None:
    assert locked.sign_in("ana", "x" * 30_000).status_code == 413
    assert locked.ask("POST", "/-/login", content=iter_of(b"a=b")).status_code == 413
    both = {"content-length": "3", "transfer-encoding": "chunked"}
    assert locked.ask("POST", "/-/login", content=iter_of(b"a=b"), headers=both).status_code == 413


def test_what_is_no_address_is_said_to_be_none(locked: Site) -> None:
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "headers": [],
        "path": "/-/api/\xe9", "raw_path": b"/-/api/\xe9", "query_string": b"",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    locked.loop.run_until_complete(locked.datasette.app()(scope, None, send))
    assert said[0]["status"] == 400


def test_passwords_too_long_to_be_one_do_not_use_up_what_is_remembered(changing: Site) -> None:
    for number in range(MOST_TRIES):
        changing.sign_in("ana", f"wrong {number}")
    for number in range(20):
        assert changing.sign_in(f"nobody{number}", "x" * 1_001).status_code == 403
    assert changing.sign_in("ana", PASSWORD).status_code == 429
    lock = locks.lock_of(changing.datasette)
    assert lock
    assert len(lock.attempts._tries) == 1


async def iter_of(*pieces: bytes) -> Any:
    """A body whose length nobody says."""
    for piece in pieces:
        yield piece


# --- for how long


def test_who_is_removed_is_out_at_once(changing: Site) -> None:
    cookies = {"ds_actor": changing.cookie(ANA)}
    assert changing.ask("GET", "/partners", cookies=cookies).status_code == 200
    assert changing.ask("GET", "/-/due.ics", cookies=cookies).status_code == 200
    remove_user(changing.users, "ana")
    assert changing.ask("GET", "/partners", cookies=cookies).status_code == 302
    # these are open to nobody's eyes, and must not see somebody in the old cookie
    assert changing.ask("GET", "/-/login", cookies=cookies).status_code == 200
    assert changing.ask("GET", "/-/due.ics", cookies=cookies).status_code == 403
    assert WRONG in changing.sign_in("ana", PASSWORD).text
    assert changing.get("/partners", by=BEN).status_code == 200


@pytest.mark.parametrize("line", ["x=y ds_actor={0}", "x=y\tds_actor={0}", "x=y, ds_actor={0}"])
@pytest.mark.parametrize("path", ["/-/due.ics", "/-/alerts.atom", "/-/api/partners.json"])
def test_an_old_cookie_is_nobodys_however_it_is_written(
    path: str, line: str, changing: Site
) -> None:
    cookie = changing.cookie(ANA)
    remove_user(changing.users, "ana")
    headers = {"cookie": line.format(cookie)}
    assert changing.ask("GET", path, headers=headers).status_code == 403
    other = f"ds_actor={changing.cookie(BEN)}; " + headers["cookie"]  # and beside a session
    assert "ana" not in changing.ask("GET", "/-/actor.json", headers={"cookie": other}).text


def test_a_token_that_datasette_gave_out_opens_nothing(changing: Site) -> None:
    token = "dstok_" + changing.datasette.sign({"a": "ana", "t": int(time.time())}, "token")
    for path in ("/-/api/partners.json", "/-/due.ics", "/partners/about.json"):
        headers = {"authorization": f"Bearer {token}"}
        assert changing.ask("GET", path, headers=headers).status_code == 403


def test_another_password_ends_the_sessions_of_the_one_before(changing: Site) -> None:
    cookies = {"ds_actor": changing.cookie(ANA)}
    change_password(changing.users, "ana", OTHER)
    assert changing.ask("GET", "/partners", cookies=cookies).status_code == 302
    assert changing.sign_in("ana", PASSWORD).status_code == 403
    assert changing.sign_in("ana", "another password").status_code == 302


def test_who_is_added_may_sign_in_at_once(changing: Site) -> None:
    assert changing.sign_in("cem", PASSWORD).status_code == 403
    add_user(changing.users, User("cem", QUICK))
    assert changing.sign_in("cem", PASSWORD).status_code == 302


@pytest.mark.parametrize("content", [None, "{"])
def test_without_a_readable_file_nobody_is_let_in(changing: Site, content: str | None) -> None:
    cookies = {"ds_actor": changing.cookie(ANA)}
    if content is None:
        changing.users.unlink()
    else:
        changing.users.write_text(content)
    assert changing.ask("GET", "/partners", cookies=cookies).status_code == 302
    assert changing.sign_in("ana", PASSWORD).status_code == 403
    assert "Nobody can sign in yet" in changing.get("/-/login").text


@pytest.mark.parametrize(
    "said",
    [
        {"a": {"id": "ana"}},  # what another plugin, or an older version, would sign
        {"a": {"id": "ana"}, "e": baseconv.base62.encode(1), "m": ANA.mark},  # 1970
        {"a": {"id": "root"}, "e": baseconv.base62.encode(2**40), "m": ANA.mark},
        {"a": {"id": "ana"}, "e": baseconv.base62.encode(2**40), "m": ""},
        {"a": {"id": "ana"}, "e": "!", "m": ANA.mark},
        {"a": ["ana"], "e": baseconv.base62.encode(2**40), "m": ANA.mark},
        {"a": None},
        ["ana"],
        "ana",
    ],
)
def test_a_signed_cookie_that_is_no_session_of_ours_opens_nothing(locked: Site, said: Any) -> None:
    cookie = locked.datasette.sign(said, "actor")
    assert locked.ask("GET", "/partners", cookies={"ds_actor": cookie}).status_code == 302


def test_the_same_words_with_mark_and_end_do(locked: Site) -> None:
    said = {"a": {"id": "ana"}, "e": baseconv.base62.encode(2**40), "m": ANA.mark}
    cookie = locked.datasette.sign(said, "actor")
    assert locked.ask("GET", "/partners", cookies={"ds_actor": cookie}).status_code == 200


@pytest.mark.parametrize("line", ["ds_actor=x", "ds_actor", "=;;=\x7f", 'ds_actor="', "a=b; c"])
def test_a_cookie_that_is_none_is_nobody(locked: Site, line: str) -> None:
    assert locked.get("/partners", headers={"cookie": line}).status_code == 302


def test_basic_authorization_is_no_way_around(locked: Site) -> None:
    for words in ("Basic YW5hOmNvcnJlY3QgaG9yc2UgYmF0dGVyeQ==", "Basic ###", "Basic", "Bearer x"):
        assert locked.get("/partners", headers={"authorization": words}).status_code == 302
        assert locked.get("/-/login", headers={"authorization": words}).status_code == 200


def test_the_token_of_a_feed_goes_with_its_user(changing: Site) -> None:
    actor = {"id": "ana", "owner": "ana@acme.com"}
    ours, bens = (token_of(changing.datasette, each, "feeds") for each in (actor, {"id": "ben"}))
    assert changing.get(f"/-/alerts.atom?token={ours}").status_code == 200
    change_password(changing.users, "ana", OTHER)
    remove_user(changing.users, "ben")
    for token in (ours, bens):
        assert changing.get(f"/-/alerts.atom?token={token}").status_code == 403
        assert actor_of(changing.datasette, token, "feeds") is None


# --- guessing


class Clock:
    """One that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_after_five_tries_a_name_waits_a_quarter_of_an_hour() -> None:
    clock = Clock()
    attempts, key = Attempts(clock), key_of("ana", "192.0.2.1")
    assert [attempts.begin(key) for _ in range(MOST_TRIES)] == [0] * MOST_TRIES
    assert attempts.begin(key) == WINDOW_SECONDS + 1
    clock.now += WINDOW_SECONDS - 10
    assert attempts.begin(key) == 11
    clock.now += 11
    assert attempts.begin(key) == 0


def test_what_is_refused_makes_the_wait_no_longer() -> None:
    clock = Clock()
    attempts, key = Attempts(clock), key_of("ana", "192.0.2.1")
    for _ in range(100):
        attempts.begin(key)
    clock.now += WINDOW_SECONDS
    assert attempts.begin(key) == 0


def test_other_names_and_other_places_are_not_held_up() -> None:
    attempts = Attempts(Clock())
    for _ in range(MOST_TRIES + 1):
        attempts.begin(key_of("ana", "192.0.2.1"))
    assert attempts.begin(key_of("ben", "192.0.2.1")) == 0
    assert attempts.begin(key_of("ana", "192.0.2.2")) == 0


def test_a_network_of_ipv6_is_one_place() -> None:
    """RFC 6177 §2: a site has a /64 at least."""
    assert key_of("ana", "2001:db8:1:2::1") == key_of("ana", "2001:db8:1:2:ffff::9")
    assert key_of("ana", "2001:db8:1:2::1") != key_of("ana", "2001:db8:1:3::1")


def test_slips_before_the_right_password_are_forgotten() -> None:
    attempts, key = Attempts(Clock()), key_of("ana", "")
    for _ in range(MOST_TRIES):
        attempts.begin(key)
    attempts.went_well(key)
    assert attempts.begin(key) == 0


def test_what_is_counted_does_not_fill_the_memory() -> None:
    attempts = Attempts(Clock())
    for number in range(10_500):
        attempts.begin((str(number), ""))
    assert len(attempts._tries) == 10_000


def test_guessing_at_the_form_is_held_up_and_nobody_else_is(changing: Site) -> None:
    for number in range(MOST_TRIES):
        assert changing.sign_in("ana", f"wrong {number}").status_code == 403
    held = changing.sign_in("ana", PASSWORD)
    assert held.status_code == 429
    assert 800 < int(held.headers["retry-after"]) <= 901
    assert "Try again in 15 minutes" in held.text or "Try again in 16 minutes" in held.text
    assert changing.sign_in("ben", PASSWORD).status_code == 302
    elsewhere = {"x-forwarded-for": "203.0.113.9"}
    assert changing.sign_in("ana", PASSWORD, headers=elsewhere).status_code == 302
    # an address that somebody only says he has
    for number in range(MOST_TRIES + 1):
        forged = {"x-forwarded-for": f"203.0.113.{number}"}
        answer = changing.sign_in("ana", "wrong", headers=forged, peer="198.51.100.7")
    assert answer.status_code == 429


def test_many_tries_at_once_are_no_more_tries(changing: Site) -> None:
    async def tries() -> list[int]:
        return await asyncio.gather(*(one() for _ in range(12)))

    async def one() -> int:
        transport = httpx.ASGITransport(app=changing.datasette.app(), client=("192.0.2.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            said = {"username": "ana", "password": "wrong"}
            return (await client.post("/-/login", data=said)).status_code

    found = changing.loop.run_until_complete(tries())
    assert sorted(found) == [403] * MOST_TRIES + [429] * (12 - MOST_TRIES)


# --- a proxy that says who it is


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop) -> Site:
    more = {locks.USER_HEADER: "X-Forwarded-User", locks.PROXIES: "127.0.0.1,10.1.0.0/16"}
    return locked_in(tmp_path_factory.mktemp("proxy"), loop, more)


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.1.2.3"])
def test_whom_the_proxy_names_is_let_in(behind_proxy: Site, peer: str) -> None:
    headers = {"x-forwarded-user": "ana@acme.com", "x-forwarded-for": "203.0.113.9"}
    answer = behind_proxy.get("/-/actor.json", headers=headers, peer=peer)
    assert answer.json()["actor"] == {"id": "ana@acme.com", "owner": "ana@acme.com"}


def test_a_name_we_know_has_its_owner(behind_proxy: Site) -> None:
    answer = behind_proxy.get("/-/actor.json", headers={"x-forwarded-user": "Ana"})
    assert answer.json()["actor"] == {"id": "ana", "owner": "ana@acme.com"}


@pytest.mark.parametrize("peer", ["198.51.100.7", "10.2.0.1", "::ffff:127.0.0.2", "", "unix"])
def test_anybody_else_who_names_somebody_is_nobody(behind_proxy: Site, peer: str) -> None:
    forged = {"x-forwarded-user": "ana", "x-forwarded-for": "127.0.0.1"}
    assert behind_proxy.get("/partners", headers=forged, peer=peer).status_code == 302


@pytest.mark.parametrize(
    "value", ["", " ", "{http.auth.user.id}", "a" * 201, b"a\x00b", b"\xff\xfe"]
)
def test_a_name_that_is_none_is_nobody(behind_proxy: Site, value: str | bytes) -> None:
    headers = [(b"x-forwarded-user", value if isinstance(value, bytes) else value.encode())]
    status = behind_proxy.get("/partners", headers=headers).status_code
    # octets that are no UTF-8 become a name nobody has
    assert status == (200 if value == b"\xff\xfe" else 302)


@pytest.mark.parametrize("value", ["root", "Root", " root "])
def test_the_proxy_names_nobody_as_datasettes_own(behind_proxy: Site, value: str) -> None:
    headers = {"x-forwarded-user": value}
    assert behind_proxy.get("/partners", headers=headers).status_code == 302


def test_a_user_called_as_datasettes_own_is_not_let_in(changing: Site) -> None:
    add_user(changing.users, User("root", QUICK))
    assert changing.sign_in("root", PASSWORD).status_code == 403
    assert changing.sign_in("ana", PASSWORD).status_code == 302


def test_two_names_are_none(behind_proxy: Site) -> None:
    """The proxy's own line beside one that somebody sent along."""
    headers = [(b"x-forwarded-user", b"ana"), (b"x-forwarded-user", b"ben")]
    assert behind_proxy.get("/partners", headers=headers).status_code == 302


def test_the_proxy_goes_before_a_session(behind_proxy: Site) -> None:
    answer = behind_proxy.get("/-/actor.json", by=BEN, headers={"x-forwarded-user": "cem"})
    assert answer.json()["actor"]["id"] == "cem"


def test_without_the_setting_the_header_is_nothing(locked: Site) -> None:
    assert locked.get("/partners", headers={"x-forwarded-user": "ana"}).status_code == 302


# --- open on this computer


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop) -> Site:
    return site(tmp_path_factory.mktemp("open"), loop, {locks.OPEN: "1"})


@pytest.mark.parametrize("host", ["localhost:8001", "127.0.0.1:8001", "[::1]:8001", "127.0.0.2"])
def test_open_pages_are_seen_from_this_computer(opened: Site, host: str) -> None:
    assert opened.get("/partners", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8001", "[::", "192.0.2.1"]
)
def test_a_page_that_gives_its_name_our_address_reads_nothing(opened: Site, host: str) -> None:
    """DNS rebinding: the browser takes us for that site, and lets its scripts read us."""
    answer = opened.get("/partners/partners.json", headers={"host": host})
    assert answer.status_code == 403
    assert LEAK not in answer.text


def test_where_nobody_has_to_sign_in_the_page_says_so(opened: Site) -> None:
    assert "Nobody has to" in opened.get("/-/login").text


# --- what is served, and what is not


def test_only_the_published_database_is_served(locked: Site) -> None:
    cookies = {"ds_actor": locked.cookie(ANA)}

    def status(path: str) -> int:
        return locked.ask("GET", path, cookies=cookies).status_code

    assert [name for name in locked.datasette.databases if name != "_internal"] == ["partners"]
    for path in ("/mirror", "/mirror.json", "/_memory", "/mirror/headers"):
        assert status(path) == 404, path
    assert status("/_internal") in (403, 404)
    for path in ("/partners?sql=select+1", "/partners/contacts?_where=1", "/partners.json?sql=x"):
        assert status(path) in (302, 400, 403), path
        assert locked.ask("GET", path, cookies=cookies).text.find("select 1") == -1 or IS_1X
    assert status("/partners.db") in (403, 404)
    assert status("/-/password-tool") == 404


def test_what_datasette_tells_of_itself_tells_no_secret(locked: Site) -> None:
    cookies = {"ds_actor": locked.cookie(ANA)}
    for name in ("metadata", "plugins", "settings", "databases", "threads", "versions", "config"):
        answer = locked.ask("GET", f"/-/{name}.json", cookies=cookies)
        where = str(database().parent)
        for secret in (QUICK, "users.json", "mirror", locked.datasette._secret, ANA.mark, where):
            assert secret not in answer.text, name
    traced = locked.ask("GET", "/partners/contacts.json?_trace=1", cookies=cookies)
    assert "_trace" not in traced.json()


# --- what a page may do


def policy(answer: httpx.Response) -> dict[str, str]:
    rules = answer.headers["content-security-policy"].split(";")
    return {name: rest for name, _, rest in (rule.strip().partition(" ") for rule in rules)}


def test_our_pages_run_no_script_at_all(locked: Site) -> None:
    cookies = {"ds_actor": locked.cookie(ANA)}
    for path in ("/", "/-/reviews", "/-/partner/globex.com", "/-/feeds", "/-/login?next=/"):
        answer = locked.ask("GET", path, cookies={} if "login" in path else cookies)
        assert answer.headers["content-security-policy"] == page.POLICY, path
        assert "script-src" not in policy(answer)
        assert policy(answer)["default-src"] == "'none'"
        assert "<script" not in answer.text


def test_datasettes_own_pages_reach_nothing_elsewhere(locked: Site) -> None:
    cookies = {"ds_actor": locked.cookie(ANA)}
    for path in ("/partners", "/partners/contacts", "/nothing", "/-/logout", "/-/metadata"):
        answer = locked.ask("GET", path, cookies=cookies)
        found = policy(answer)
        assert found["default-src"] == "'none'"
        assert found["frame-ancestors"] == "'none'"
        words = {word for rule in found.values() for word in rule.split()}
        assert words == {"'none'", "'self'", "'unsafe-inline'", "data:"}
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer")


def test_no_page_is_kept_by_a_proxy_on_the_way(locked: Site, opened: Site) -> None:
    cookies = {"ds_actor": locked.cookie(ANA)}
    path = "/partners/contacts.json?_ttl=3600"
    for answer in (locked.ask("GET", path, cookies=cookies), opened.get(path), locked.get("/")):
        assert answer.headers["cache-control"].startswith("private, no-")
    sheet = locked.get("/-/static-plugins/inbox_agent/tokens.css")
    assert "private" not in sheet.headers.get("cache-control", "")


def test_under_another_path_the_way_goes_there_and_back(
    tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    under = locked_in(tmp_path, loop, base_url="/inbox/")
    for asked in ("/inbox/partners?x=1", "/partners?x=1"):  # a proxy may take the path away
        away = under.get(asked).headers["location"]
        assert away == "/inbox/-/login?next=%2Fpartners%3Fx%3D1"
    assert 'action="/inbox/-/login"' in under.get("/inbox/-/login").text
    assert under.sign_in("ana", PASSWORD, "/partners?x=1").headers["location"] == (
        "/inbox/partners?x=1"
    )
    assert under.get("/inbox/-/static/app.css").status_code == 200


# --- the two sides of the environment


def test_both_sides_call_the_environment_the_same() -> None:
    ours = (locks.USERS_FILE, locks.USER_HEADER, locks.PROXIES, locks.OPEN)
    theirs = (serve_locks.USERS_FILE, serve_locks.USER_HEADER, serve_locks.PROXIES)
    assert ours == (*theirs, serve_locks.OPEN)


# --- as a process of its own


@pytest.mark.pages
def test_a_session_outlives_a_restart_and_ends_with_its_user(tmp_path: Path) -> None:
    more = '[serve]\nuser_header = "X-User"\n'
    place = install(tmp_path, more=more)
    place.data.mkdir(mode=0o700)
    sample(place.published)
    add_user(place.data / "users.json", ANA)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    @contextmanager
    def served() -> Iterator[httpx.Client]:
        config = load_config(place.config)
        entrance = serve_locks.entrance(config, catalogue.metadata_path(), "127.0.0.1")
        child = serve.start(place.published, entrance, port)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                yield client
        finally:
            child.terminate()
            child.wait()

    with served() as client:
        assert client.get("/partners").headers["location"] == "/-/login?next=%2Fpartners"
        form = client.get("/-/login?next=/partners")
        token = re.search(r'name="csrftoken" value="([^"]+)"', form.text)
        said = {"username": "ana", "password": PASSWORD, "next": "/partners"}
        # the form's token is missing (0.65), and it comes from elsewhere (1.0)
        elsewhere = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
        assert client.post("/-/login", data=said, headers=elsewhere).status_code == 403
        done = client.post("/-/login", data={**said, **({"csrftoken": token[1]} if token else {})})
        assert (done.status_code, done.headers["location"]) == (302, "/partners")
        kept = dict(client.cookies)
        # the proxy is this computer; what it says of others is believed
        by_proxy = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}
        named = httpx.get(f"{client.base_url}/-/actor.json", headers={**by_proxy, "x-user": "zoe"})
        assert named.json()["actor"]["id"] == "zoe"
    with served() as client:
        client.cookies.update(kept)
        assert client.get("/partners").status_code == 200
        remove_user(place.data / "users.json", "ana")
        assert client.get("/partners").status_code == 302
    log = (place.data / "serve.log").read_text()
    assert "Uvicorn running" in log
    assert not re.search("ana|zoe|correct", log)
