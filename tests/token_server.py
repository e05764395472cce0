"""A token end point and Dovecot's introspection on loopback, and a Dovecot that asks it.

The tokens it gives are `access-1`, `access-2` … and `refresh-1`, `refresh-2` …, so that a test can
search for them. What goes wrong is said by the test.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from servers import DovecotServer, running_dovecot

CLIENT_ID = "inbox-agent-test"
CLIENT_SECRET = "the-client-secret"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
Json = dict[str, Any]


@dataclass
class TokenServer:
    """What the server does and has seen. Tokens are good until they are ended."""

    url: str = ""
    life_seconds: int = 3600
    rotates: bool = True
    #: Where the token end point sends everybody on to
    redirects_to: str | None = None
    #: (status, body) that the token end point gives in place of a token, until it is None again
    token_trouble: tuple[int, Any] | None = None
    #: (status, body) of introspection
    introspection_trouble: tuple[int, Any] | None = None
    #: Set: answers at once. Cleared: holds every answer back until it is set.
    token_answers: threading.Event = field(default_factory=threading.Event)
    introspection_answers: threading.Event = field(default_factory=threading.Event)
    #: (status, body) of the end point where the device flow begins
    device_trouble: tuple[int, Any] | None = None
    #: What asking for a device's tokens gives before there are any
    device_answers: list[str] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)
    good: set[str] = field(default_factory=set)
    refresh_token: str | None = None
    challenges: dict[str, str] = field(default_factory=dict)
    _given: int = 0

    def give(self) -> Json:
        """A new pair of tokens; the refresh token before ends, where they rotate."""
        self._given += 1
        token = f"access-{self._given}"
        self.good.add(token)
        if self.rotates or self.refresh_token is None:
            self.refresh_token = f"refresh-{self._given}"
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self.life_seconds}
        return answer | ({"refresh_token": self.refresh_token} if self.rotates else {})

    def end_access_tokens(self) -> None:
        self.good.clear()

    def grants(self) -> list[str]:
        """Which grants were asked for, in order."""
        return [said["grant_type"] for said in self.requests]

    def token(self, said: dict[str, str]) -> tuple[int, Any]:
        self.requests.append(said)
        if self.token_trouble is not None:
            return self.token_trouble
        grant = said["grant_type"]
        if grant == DEVICE_GRANT and self.device_answers:
            return 400, {"error": self.device_answers.pop(0)}
        if grant == "authorization_code":
            digest = hashlib.sha256(said["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if self.challenges.pop(said["code"], None) != challenge + said["redirect_uri"]:
                return 400, {"error": "invalid_grant"}
        if grant == "refresh_token" and said["refresh_token"] != self.refresh_token:
            return 400, {"error": "invalid_grant", "error_description": "AADSTS700082: x"}
        if grant == "client_credentials" and said.get("client_secret") != CLIENT_SECRET:
            return 401, {"error": "invalid_client"}
        given = self.give()
        if grant == "client_credentials":
            given.pop("refresh_token", None)
        return 200, given

    def introspect(self, said: dict[str, str]) -> tuple[int, Any]:
        """As Dovecot asks (RFC 7662 §2.2): any user may be read with a good token."""
        if self.introspection_trouble is not None:
            return self.introspection_trouble
        return 200, {"active": said.get("token") in self.good, "username": self.user}

    user: str = "user1"

    def consent(self, query: dict[str, str]) -> str:
        """Where a browser is sent after somebody agreed."""
        assert query["code_challenge_method"] == "S256"
        self.challenges["the-code"] = query["code_challenge"] + query["redirect_uri"]
        return f"{query['redirect_uri']}?{urlencode({'code': 'the-code', 'state': query['state']})}"


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.send_response(302)
        self.send_header("Location", self.server.tokens.consent(dict(parse_qsl(parts.query))))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        tokens: TokenServer = self.server.tokens
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        said = dict(parse_qsl(body))
        match urlsplit(self.path).path:
            case "/token" if tokens.redirects_to is not None:
                self._answer(307, "", ("Location", tokens.redirects_to))
            case "/token":
                tokens.token_answers.wait(timeout=60)
                self._answer(*tokens.token(said))
            case "/introspect":
                tokens.introspection_answers.wait(timeout=60)
                self._answer(*tokens.introspect(said))
            case "/device" if tokens.device_trouble is not None:
                self._answer(*tokens.device_trouble)
            case "/device":
                about = {
                    "device_code": "the-device-code",
                    "user_code": "ABCD-EFGH",
                    "verification_uri": f"{tokens.url}/activate",
                    "expires_in": 30,
                    "interval": 0 if not tokens.device_answers else 5,
                }
                self._answer(200, about)

    def _answer(self, status: int, body: Any, *headers: tuple[str, str]) -> None:
        """A text as it is, octets as compressed, anything else as JSON."""
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        data = text.encode() if isinstance(text, str) else text
        if isinstance(body, bytes):
            headers = (*headers, ("Content-Encoding", "gzip"))
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for header in headers:
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            pass  # who asked has gone

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's name)
        pass


@contextmanager
def running_token_server() -> Iterator[TokenServer]:
    tokens = TokenServer()
    tokens.token_answers.set()
    tokens.introspection_answers.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.tokens = tokens  # type: ignore[attr-defined]
    tokens.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield tokens
    finally:
        tokens.token_answers.set()
        tokens.introspection_answers.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def dovecot_with_tokens(tokens: TokenServer, mechanisms: str) -> Iterator[DovecotServer]:
    """A Dovecot that takes the tokens of `tokens`, by the SASL mechanisms named."""
    top = Path(tempfile.mkdtemp(prefix="dovecot-"))
    (top / "oauth2.conf").write_text(
        f"introspection_url = {tokens.url}/introspect\nintrospection_mode = post\n"
        "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
        "timeout_msecs = 3000\n"
    )
    more = (
        f"auth_mechanisms = plain login {mechanisms}\n"
        f"passdb {{\n  driver = oauth2\n  mechanisms = {mechanisms}\n"
        f"  args = {top}/oauth2.conf\n}}\n"
    )
    try:
        with running_dovecot(top, more) as server:
            yield server
    finally:
        shutil.rmtree(top)
