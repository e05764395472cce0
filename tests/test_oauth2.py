"""OAuth2: tokens got, kept, renewed and refused, against a token server and a real Dovecot."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import logging
import stat
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import keyring
import pytest
from keyring.errors import KeyringLocked
from scripted_socket import scripted
from servers import DovecotServer, find_dovecot
from token_server import (
    CLIENT_ID,
    CLIENT_SECRET,
    TokenServer,
    dovecot_with_tokens,
    running_token_server,
)

from inbox_agent import oauth2_http
from inbox_agent.agent import Agent
from inbox_agent.config import MailboxSettings, OAuth2Settings, load_config
from inbox_agent.errors import ConfigError, MailboxRefused, MailboxUnavailable
from inbox_agent.mailbox import Mailbox
from inbox_agent.oauth2 import OAuth2Login
from inbox_agent.oauth2_login import log_in_once
from inbox_agent.oauth2_providers import provider_of

pytestmark = pytest.mark.reliability

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LETTER = b"From: a@globex.com\r\nTo: us@acme.com\r\nSubject: a\r\n\r\nb"
SECRETS = ("access-", "refresh-", CLIENT_SECRET, "the-code", "the-device-code")


class Clock:
    """Shows what a test sets."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with running_token_server() as server:
        yield server


def settings_of(
    tokens: TokenServer, folder: Path, *, host: str = "localhost", port: int = 1, **changes: Any
) -> MailboxSettings:
    fields: dict[str, Any] = {
        "provider": "other",
        "client_id": CLIENT_ID,
        "flow": "device",
        "keep": {"file": folder / "token"},
        "token_url": f"{tokens.url}/token",
        "device_url": f"{tokens.url}/device",
        "authorization_url": f"{tokens.url}/authorize",
        "scope": "imap",
    }
    return MailboxSettings.model_validate(
        {
            "name": "partners",
            "host": host,
            "port": port,
            "tls": "none",
            "user": tokens.user,
            "oauth2": fields | changes,
        }
    )


def kept(tokens: TokenServer, folder: Path) -> str:
    """Make it so that somebody has logged in before; gives the refresh token."""
    tokens.give()
    tokens.end_access_tokens()
    path = folder / "token"
    path.write_text(f"{tokens.refresh_token}\n")
    path.chmod(0o600)
    return tokens.refresh_token or ""


def refused(kind: type[Exception], call: Any, *args: Any) -> str:
    """The message; in the whole traceback and in the errors behind it is no token."""
    with pytest.raises(kind) as caught:
        call(*args)
    assert "\n" not in str(caught.value)
    told = "".join(traceback.format_exception(caught.value))
    error: BaseException | None = caught.value
    while error is not None:
        told += repr(error) + repr(vars(error))
        error = error.__cause__ or error.__context__
    # source lines of a traceback name variables, never values
    assert not [secret for secret in SECRETS if f"{secret}1" in told or f"{secret}2" in told]
    assert CLIENT_SECRET not in told
    return str(caught.value)


# -- tokens -----------------------------------------------------------------------------------


def test_a_token_is_used_until_five_minutes_before_its_end(
    tokens: TokenServer, tmp_path: Path
) -> None:
    kept(tokens, tmp_path)
    clock = Clock()
    login = OAuth2Login(settings_of(tokens, tmp_path), clock)
    assert login.token() == "access-2"
    clock.now = NOW + timedelta(minutes=54, seconds=59)
    assert login.token() == "access-2"
    clock.now = NOW + timedelta(minutes=55)
    assert login.token() == "access-3"
    assert tokens.grants() == ["refresh_token", "refresh_token"]


def test_a_rotated_refresh_token_is_kept_in_a_file_only_we_may_read(
    tokens: TokenServer, tmp_path: Path
) -> None:
    kept(tokens, tmp_path)
    path, former = tmp_path / "token", tmp_path / "former"
    former.hardlink_to(path)
    OAuth2Login(settings_of(tokens, tmp_path), Clock()).token()
    assert path.read_text() == "refresh-2\n"
    assert former.read_text() == "refresh-1\n"  # a new file took its place, nothing was cut
    former.unlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == [".token.lock", "token"]
    # the next run begins with it; the server takes no other any more
    assert OAuth2Login(settings_of(tokens, tmp_path), Clock()).token() == "access-3"


def test_a_refresh_token_that_is_not_rotated_stays(tokens: TokenServer, tmp_path: Path) -> None:
    kept(tokens, tmp_path)
    tokens.rotates = False
    OAuth2Login(settings_of(tokens, tmp_path), Clock()).token()
    assert (tmp_path / "token").read_text() == "refresh-1\n"


def in_keyring(settings: MailboxSettings) -> MailboxSettings:
    """The same mailbox with its token where it is kept when the config says nothing."""
    assert settings.oauth2 is not None
    plain = OAuth2Settings.model_validate(settings.oauth2.model_dump(exclude={"keep"}))
    return settings.model_copy(update={"oauth2": plain})


def test_the_keyring_keeps_it_where_no_file_is_named(
    tokens: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = {("inbox-agent-oauth2", tokens.user): kept(tokens, tmp_path)}
    monkeypatch.setattr(keyring, "get_password", lambda *entry: entries.get(entry))
    monkeypatch.setattr(
        keyring, "set_password", lambda service, user, it: entries.update({(service, user): it})
    )
    login = OAuth2Login(in_keyring(settings_of(tokens, tmp_path)), Clock())
    assert login.token() == "access-2"
    assert entries == {("inbox-agent-oauth2", tokens.user): "refresh-2"}


def test_a_rotated_token_that_could_not_be_kept_is_used_all_the_same(
    tokens: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = {("inbox-agent-oauth2", tokens.user): kept(tokens, tmp_path)}

    def locked(*_: str) -> None:
        raise KeyringLocked

    monkeypatch.setattr(keyring, "get_password", lambda *entry: entries.get(entry))
    monkeypatch.setattr(keyring, "set_password", locked)
    clock = Clock()
    login = OAuth2Login(in_keyring(settings_of(tokens, tmp_path)), clock)
    assert "the keyring takes no token (KeyringLocked)" in refused(ConfigError, login.token)
    monkeypatch.setattr(
        keyring, "set_password", lambda service, user, it: entries.update({(service, user): it})
    )
    clock.now = NOW + timedelta(hours=1)
    assert login.token() == "access-3"
    assert entries == {("inbox-agent-oauth2", tokens.user): "refresh-3"}


def test_a_rotated_token_that_could_not_be_kept_is_kept_before_it_is_used_up(
    tokens: TokenServer, tmp_path: Path
) -> None:
    """At the next poll, an hour before the next refresh: until then a restart would lose it."""
    kept(tokens, tmp_path)
    path = tmp_path / "token"
    login = OAuth2Login(settings_of(tokens, tmp_path), Clock())
    with unwritable(path):
        refused(ConfigError, login.token)
        assert login.token() == "access-2"  # the mailbox is read all the same
    assert login.token() == "access-2"
    assert path.read_text() == "refresh-2\n"
    assert tokens.grants() == ["refresh_token"]


@contextmanager
def unwritable(path: Path) -> Iterator[None]:
    """Have every write of that name fail, also for root: mkstemp's name would be too long."""
    plain = tempfile.mkstemp

    def full(**_: Any) -> tuple[int, str]:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "mkstemp", full)
        yield
    assert tempfile.mkstemp is plain


def test_who_logs_in_again_is_heard_though_a_rotated_token_could_not_be_kept(
    tokens: TokenServer, tmp_path: Path
) -> None:
    kept(tokens, tmp_path)
    path, clock = tmp_path / "token", Clock()
    login = OAuth2Login(settings_of(tokens, tmp_path), clock)
    with unwritable(path):
        refused(ConfigError, login.token)
        tokens.give()  # what we hold ends with that, as where the user ends all sessions
        path.write_text(f"{tokens.refresh_token}\n")
        clock.now = NOW + timedelta(hours=1)
        refused(ConfigError, login.token)  # can't be kept either
    assert login.token() == "access-4"
    assert path.read_text() == "refresh-4\n"
    assert [said["refresh_token"] for said in tokens.requests] == [
        *("refresh-1", "refresh-3"),
    ]


def test_two_processes_do_not_use_up_one_refresh_token(tokens: TokenServer, tmp_path: Path) -> None:
    """`check` beside a running agent: who comes second uses what the first one kept."""
    kept(tokens, tmp_path)
    settings = settings_of(tokens, tmp_path)
    tokens.token_answers.clear()
    given: list[str] = []
    threads = [
        threading.Thread(target=lambda: given.append(OAuth2Login(settings, Clock()).token()))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    threads[0].join(0.5)  # both have read what is kept, where nobody keeps them from it
    tokens.token_answers.set()
    for thread in threads:
        thread.join()
    assert sorted(given) == ["access-2", "access-3"]
    assert (tmp_path / "token").read_text() == "refresh-3\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == [".token.lock", "token"]


def test_a_token_file_that_can_not_be_looked_for_is_one_line_of_the_config(
    tokens: TokenServer, tmp_path: Path
) -> None:
    path = tmp_path / ("x" * 300)  # for root no folder is closed; Python raises the same way
    login = OAuth2Login(settings_of(tokens, tmp_path, keep={"file": path}), Clock())
    told = refused(ConfigError, login.token)
    assert told.startswith('mailbox "partners": oauth2.keep.file: ')
    assert "File name too long" in told


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_refresh_token_that_others_may_read_is_refused(
    tokens: TokenServer, tmp_path: Path, mode: int
) -> None:
    kept(tokens, tmp_path)
    path = tmp_path / "token"
    path.chmod(mode)
    message = refused(ConfigError, OAuth2Login(settings_of(tokens, tmp_path), Clock()).token)
    assert message == (
        f'mailbox "partners": oauth2.keep.file: others may read {path}; type: chmod 600 {path}'
    )
    assert tokens.requests == []


def test_where_nobody_has_logged_in_yet_the_command_is_named(
    tokens: TokenServer, tmp_path: Path
) -> None:
    assert refused(MailboxRefused, OAuth2Login(settings_of(tokens, tmp_path), Clock()).token) == (
        'mailbox "partners": nobody has logged in yet; run `inbox-agent login partners`'
    )


def test_a_refused_refresh_names_the_command(tokens: TokenServer, tmp_path: Path) -> None:
    kept(tokens, tmp_path)
    tokens.refresh_token = "another"
    assert refused(MailboxRefused, OAuth2Login(settings_of(tokens, tmp_path), Clock()).token) == (
        'mailbox "partners": 127.0.0.1 takes the kept login no more (invalid_grant, '
        "AADSTS700082); run `inbox-agent login partners`"
    )


def test_a_refused_application_is_no_matter_of_a_login(tokens: TokenServer, tmp_path: Path) -> None:
    kept(tokens, tmp_path)
    tokens.token_trouble = 401, {"error": "invalid_client", "error_description": "refresh-1!"}
    message = refused(MailboxRefused, OAuth2Login(settings_of(tokens, tmp_path), Clock()).token)
    assert "refuses the application (invalid_client); check `client_id`" in message


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        ((500, "refresh-1"), "HTTP 500"),
        ((503, {"error": "invalid_grant"}), "HTTP 503"),
        ((429, "slow down"), "HTTP 429"),
        ((302, ""), "HTTP 302"),
        ((200, "<html>sign in to this hotel</html>"), "its answer holds none"),
        ((200, {"token": "access-1"}), "its answer holds none"),
        ((200, {"access_token": "access-1\r\nA1 LOGOUT"}), "its answer holds none"),
        ((200, []), "its answer holds none"),
        ((200, {"access_token": "access-1", "expires_in": {"a": 1}}), "its answer holds none"),
        ((200, {"access_token": "access-1", "expires_in": float("inf")}), "its answer holds none"),
        ((400, {"error": "temporarily_unavailable"}), "temporarily_unavailable"),
    ],
)
def test_a_token_end_point_in_trouble_is_asked_again_later(
    tokens: TokenServer, tmp_path: Path, trouble: tuple[int, Any], cause: str
) -> None:
    kept(tokens, tmp_path)
    tokens.token_trouble = trouble
    login = OAuth2Login(settings_of(tokens, tmp_path), Clock())
    assert refused(MailboxUnavailable, login.token) == (
        f'mailbox "partners": 127.0.0.1 gives no token ({cause}); the next poll tries again'
    )
    tokens.token_trouble = None
    assert login.token() == "access-2"


def test_a_token_end_point_that_does_not_answer_is_given_up(
    tokens: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oauth2_http, "TIMEOUT_SECONDS", 0.2)
    kept(tokens, tmp_path)
    tokens.token_answers.clear()
    message = refused(MailboxUnavailable, OAuth2Login(settings_of(tokens, tmp_path), Clock()).token)
    assert "127.0.0.1 gives no token (no answer in time)" in message


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("x" * 300_000, "ReadError"),
        (gzip.compress(b" " * 50_000_000, mtime=0), "DecodingError"),
    ],
    ids=["long", "compressed"],
)
def test_an_answer_without_an_end_is_given_up(
    tokens: TokenServer, tmp_path: Path, body: str | bytes, cause: str
) -> None:
    kept(tokens, tmp_path)
    tokens.token_trouble = 200, body
    message = refused(MailboxUnavailable, OAuth2Login(settings_of(tokens, tmp_path), Clock()).token)
    assert f"gives no token ({cause})" in message


def test_an_answer_that_takes_too_long_in_all_is_given_up(
    tokens: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oauth2_http, "LONGEST_ANSWER_SECONDS", -1.0)
    kept(tokens, tmp_path)
    message = refused(MailboxUnavailable, OAuth2Login(settings_of(tokens, tmp_path), Clock()).token)
    assert "gives no token (no answer in time)" in message


def test_a_redirect_is_not_followed_with_the_refresh_token(
    tokens: TokenServer, tmp_path: Path
) -> None:
    kept(tokens, tmp_path)
    with running_token_server() as other:
        tokens.redirects_to = f"{other.url}/token"
        login = OAuth2Login(settings_of(tokens, tmp_path), Clock())
        assert "(HTTP 307)" in refused(MailboxUnavailable, login.token)
    assert other.requests == []


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (-5, 0),
        ("3599", 3599),
        (1e308, 86_400),
        ([], 3600),
        (0, 3600),
        (10**40, 86_400),
    ],
)
def test_an_absurd_life_of_a_token_is_bounded(
    tokens: TokenServer, tmp_path: Path, said: object, seconds: int
) -> None:
    kept(tokens, tmp_path)
    tokens.token_trouble = 200, {"access_token": "access-1", "expires_in": said}
    login = OAuth2Login(settings_of(tokens, tmp_path), Clock())
    assert login.token() == "access-1"
    assert login.client.refresh("refresh-1").life_seconds == seconds


def test_a_device_login_never_waits_for_ever(tokens: TokenServer, tmp_path: Path) -> None:
    about = {"device_code": "d", "user_code": "u", "verification_uri": "https://x.example"}
    tokens.device_trouble = 200, about | {"interval": 1e300, "expires_in": "Infinity"}
    tokens.device_answers = ["authorization_pending"] * 1_000
    settings, waits = settings_of(tokens, tmp_path), list[float]()
    login = OAuth2Login(settings, Clock())
    refused(MailboxRefused, log_in_once, settings, login, len, waits.append)
    assert waits == [60.0] * 15  # of the 900 seconds that hold where none are said


def test_a_token_end_point_nobody_listens_at_is_asked_again_later(tmp_path: Path) -> None:
    with running_token_server() as gone:
        kept(gone, tmp_path)
        settings = settings_of(gone, tmp_path)
    message = refused(MailboxUnavailable, OAuth2Login(settings, Clock()).token)
    assert "gives no token (ConnectError)" in message


def test_an_application_by_itself_needs_nobody_to_log_in(
    tokens: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_CLIENT_SECRET", CLIENT_SECRET)
    settings = settings_of(
        tokens, tmp_path, flow="client_credentials", client_secret={"env": "TEST_CLIENT_SECRET"}
    )
    clock = Clock()
    login = OAuth2Login(settings, clock)
    assert login.token() == "access-1"
    clock.now = NOW + timedelta(hours=1)
    assert login.token() == "access-2"  # the variable is gone by now; the secret was kept
    assert tokens.grants() == ["client_credentials", "client_credentials"]
    assert list(tmp_path.iterdir()) == []


def test_no_token_is_logged_at_any_level(
    tokens: TokenServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    kept(tokens, tmp_path)
    login = OAuth2Login(settings_of(tokens, tmp_path), Clock())
    login.token()
    logging.getLogger("test").debug("a line, so that there is something to search")
    assert "something to search" in caplog.text
    assert not [secret for secret in SECRETS if secret in caplog.text + repr(login)]


def test_a_token_that_another_thread_has_renewed_is_not_renewed_again(
    tokens: TokenServer, tmp_path: Path
) -> None:
    kept(tokens, tmp_path)
    login = OAuth2Login(settings_of(tokens, tmp_path), Clock())
    assert login.token() == "access-2"
    assert login.renewed("access-1") == "access-2"
    assert login.renewed("access-2") == "access-3"
    assert tokens.grants() == ["refresh_token", "refresh_token"]


def test_who_uses_a_password_imports_nothing_of_this() -> None:
    program = (
        "import sys, inbox_agent.cli; "
        "print(sorted({'authlib', 'httpx', 'http.server', 'keyring'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[]\n"


# -- providers --------------------------------------------------------------------------------


def test_microsoft_is_asked_at_the_tenants_own_addresses() -> None:
    chosen = OAuth2Settings(provider="microsoft", client_id="x", tenant="acme.com")
    provider = provider_of(chosen)
    assert chosen.chosen_flow == "device"
    assert provider.token_url == "https://login.microsoftonline.com/acme.com/oauth2/v2.0/token"
    assert provider.device_url == (
        "https://login.microsoftonline.com/acme.com/oauth2/v2.0/devicecode"
    )
    assert provider.scope == "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"


def test_google_is_asked_for_a_refresh_token_every_time() -> None:
    chosen = OAuth2Settings(provider="google", client_id="x")
    assert chosen.chosen_flow == "loopback"
    assert provider_of(chosen).scope == "https://mail.google.com/"
    assert provider_of(chosen).authorization_extras == {
        "access_type": "offline",
        "prompt": "consent",
    }


OAUTH2_MISTAKES = [
    ('provider = "google", client_id = "x", flow = "device"', 'by flow = "loopback" only'),
    ('provider = "google", client_id = "x", tenant = "a"', 'tenant is for provider = "microsoft"'),
    (
        'provider = "microsoft", client_id = "x", tenant = "a", flow = "client_credentials"',
        "needs client_secret",
    ),
    (
        (
            'provider = "microsoft", client_id = "x", flow = "client_credentials", '
            'client_secret = { env = "S" }'
        ),
        "needs tenant",
    ),
    ('provider = "other", client_id = "x"', 'flow = "device" needs token_url, device_url'),
    (
        'provider = "microsoft", client_id = "x", token_url = "http://example.com/t"',
        '"http://example.com/t" must be an https address',
    ),
    (
        'provider = "microsoft", client_id = "x", token_url = "https://a b.com/"',
        '"https://a b.com/" must be an https address',
    ),
    (
        'provider = "microsoft", client_id = "x", token_url = "https://u:p@a.com/"',
        '"https://u:p@a.com/" must be an https address',
    ),
    (
        'provider = "microsoft", client_id = "x", client_secret = "swordfish"',
        "oauth2.client_secret: must be a table; allowed in it: env, keyring, file, command",
    ),
    ('provider = "yahoo", client_id = "x"', 'allowed: "microsoft", "google", "other"'),
]


@pytest.mark.parametrize(("oauth2", "told"), OAUTH2_MISTAKES)
def test_what_does_not_fit_together_is_told(tmp_path: Path, oauth2: str, told: str) -> None:
    assert told in _config_mistake(tmp_path, f"oauth2 = {{ {oauth2} }}")


@pytest.mark.parametrize(
    "logins",
    ["", 'password = { env = "P" }\noauth2 = { provider = "google", client_id = "x" }'],
    ids=["neither", "both"],
)
def test_a_mailbox_has_a_password_or_oauth2(tmp_path: Path, logins: str) -> None:
    message = _config_mistake(tmp_path, logins)
    assert "mailboxes[0]: must say exactly one of: password, oauth2" in message


def _config_mistake(folder: Path, logins: str) -> str:
    path = folder / "inbox-agent.toml"
    path.write_text(
        '[team]\ndomains = ["acme.com"]\n[[mailboxes]]\nname = "a"\nhost = "imap.acme.com"\n'
        f'user = "a@acme.com"\n{logins}\n'
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert "swordfish" not in str(caught.value)
    return str(caught.value)


# -- login ------------------------------------------------------------------------------------


def test_the_device_flow_shows_a_code_and_waits_as_the_provider_says(
    tokens: TokenServer, tmp_path: Path
) -> None:
    tokens.device_answers = ["authorization_pending", "slow_down", "authorization_pending"]
    said: list[str] = []
    waits: list[float] = []
    settings = settings_of(tokens, tmp_path)
    log_in_once(settings, OAuth2Login(settings, Clock()), said.append, waits.append)
    assert said == [f"open {tokens.url}/activate in any browser and type the code ABCD-EFGH"]
    assert waits == [5, 5, 10, 10]
    assert (tmp_path / "token").read_text() == "refresh-1\n"
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (["access_denied"], "nobody agreed to the login (access_denied)"),
        (["expired_token"], "nobody agreed to the login (expired_token)"),
        (["authorization_pending"] * 9, "nobody agreed in time (the code has run out)"),
    ],
)
def test_a_device_login_nobody_agrees_to_keeps_nothing(
    tokens: TokenServer, tmp_path: Path, answers: list[str], told: str
) -> None:
    tokens.device_answers = answers
    settings = settings_of(tokens, tmp_path)
    login = OAuth2Login(settings, Clock())
    message = refused(MailboxRefused, log_in_once, settings, login, len, len_of_wait)
    assert told in message
    assert message.endswith("run `inbox-agent login partners` again")
    assert not (tmp_path / "token").exists()


def len_of_wait(_seconds: float) -> None:
    """No wait at all."""


@pytest.mark.parametrize(
    ("trouble", "kind", "told"),
    [
        ((400, {"error": "invalid_client"}), MailboxRefused, "refuses the application (invalid_cl"),
        ((404, "<html>"), MailboxRefused, "refuses to give a token (HTTP 404); check `provider`"),
        ((500, "<html>"), MailboxUnavailable, "gives no token (HTTP 500)"),
        ((200, {"device_code": "x"}), MailboxUnavailable, "its answer holds none"),
        ((200, "<html>"), MailboxUnavailable, "its answer holds none"),
    ],
)
def test_a_device_login_that_can_not_begin_is_one_line(
    tokens: TokenServer, tmp_path: Path, trouble: tuple[int, Any], kind: type, told: str
) -> None:
    tokens.device_trouble = trouble
    settings = settings_of(tokens, tmp_path)
    login = OAuth2Login(settings, Clock())
    assert told in refused(kind, log_in_once, settings, login, len, len_of_wait)


def test_a_login_without_a_refresh_token_is_of_no_use(tokens: TokenServer, tmp_path: Path) -> None:
    tokens.rotates = False
    settings = settings_of(tokens, tmp_path)
    login = OAuth2Login(settings, Clock())
    message = refused(MailboxRefused, log_in_once, settings, login, len, len_of_wait)
    assert "the provider gave no refresh token" in message


def test_the_loopback_flow_takes_only_the_answer_that_knows_the_state(
    tokens: TokenServer, tmp_path: Path
) -> None:
    pages: list[tuple[int, str]] = []

    def browse(said: str) -> None:
        url = httpx.URL(said.rpartition(" ")[2])
        redirect = url.params["redirect_uri"]

        def follow() -> None:
            for address in (f"{redirect}?code=forged&state=x", f"{redirect}/favicon.ico"):
                pages.append((httpx.get(address, trust_env=False).status_code, ""))
            answer = httpx.get(url, follow_redirects=True, trust_env=False)
            pages.append((answer.status_code, answer.text))

        browser.append(threading.Thread(target=follow))
        browser[0].start()

    browser: list[threading.Thread] = []
    settings = settings_of(tokens, tmp_path, flow="loopback")
    log_in_once(settings, OAuth2Login(settings, Clock()), browse, len_of_wait)
    browser[0].join()
    assert [status for status, _ in pages] == [404, 404, 200]
    assert pages[2][1] == "inbox-agent has its answer; you may close this window."
    assert tokens.grants() == ["authorization_code"]
    assert (tmp_path / "token").read_text() == "refresh-1\n"


def config_file(tokens: TokenServer, folder: Path, **changes: Any) -> Path:
    settings = settings_of(tokens, folder, **changes)
    assert settings.oauth2 is not None
    stated = settings.oauth2.model_dump(mode="json", exclude_none=True)
    stated["keep"] = {"file": str(folder / "token")}
    pairs = ", ".join(
        f"{key} = {{ file = {json.dumps(value['file'])} }}" if key == "keep"
        else f"{key} = {json.dumps(value)}"
        for key, value in stated.items()
    )  # fmt: skip
    path = folder / "inbox-agent.toml"
    path.write_text(
        f'[team]\ndomains = ["acme.com"]\n[data]\ndirectory = "data"\n'
        f'[[mailboxes]]\nname = "partners"\nhost = "{settings.host}"\nport = {settings.port}\n'
        f'tls = "none"\nuser = "{settings.user}"\noauth2 = {{ {pairs} }}\n'
    )
    return path


@pytest.mark.parametrize("flow", ["device", "loopback"])
def test_login_prints_what_to_open_and_keeps_the_token(
    tokens: TokenServer, tmp_path: Path, flow: str
) -> None:
    config = config_file(tokens, tmp_path, flow=flow)
    command = [sys.executable, "-m", "inbox_agent", "-c", str(config), "login", "partners"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("open ")
        if flow == "loopback":
            url = first.split()[-1]
            assert httpx.get(url, follow_redirects=True, trust_env=False).status_code == 200
        rest = process.stdout.read()
    assert process.returncode == 0
    assert rest == (
        'mailbox "partners": logged in, its refresh token is kept; '
        "`inbox-agent check` shows whether it may be read\n"
    )
    assert (tmp_path / "token").read_text() == "refresh-1\n"


def test_login_names_the_mailboxes_there_are(tokens: TokenServer, tmp_path: Path) -> None:
    config = config_file(tokens, tmp_path)
    command = [sys.executable, "-m", "inbox_agent", "-c", str(config), "login", "sales"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        'inbox-agent: there is no mailbox "sales" in the config; there are: partners\n'
    )


# -- Dovecot ----------------------------------------------------------------------------------


@dataclasses.dataclass
class Place:
    """A Dovecot, the token server it asks, and a mailbox there that was logged in once."""

    tokens: TokenServer
    server: DovecotServer
    folder: Path

    @property
    def settings(self) -> MailboxSettings:
        return settings_of(self.tokens, self.folder, host=self.server.host, port=self.server.port)

    def connect(self, login: OAuth2Login) -> Mailbox:
        return Mailbox.connect(self.settings, login, clock=lambda: NOW)


@pytest.fixture(scope="module", params=["oauthbearer", "xoauth2"])
def running(request: pytest.FixtureRequest) -> Iterator[tuple[TokenServer, DovecotServer]]:
    if find_dovecot() is None:
        pytest.skip("Dovecot is not installed (Debian: dovecot-imapd)")
    with running_token_server() as server, dovecot_with_tokens(server, request.param) as dovecot:
        yield server, dovecot


@pytest.fixture
def place(running: tuple[TokenServer, DovecotServer], tmp_path: Path) -> Iterator[Place]:
    tokens, server = running
    one = server.with_fresh_user()
    tokens.user = one.user
    tokens.requests.clear()
    kept(tokens, tmp_path)
    tokens.requests.clear()
    yield Place(tokens, one, tmp_path)
    tokens.introspection_trouble = tokens.token_trouble = None
    tokens.introspection_answers.set()
    tokens.token_answers.set()


@pytest.mark.dovecot
def test_a_good_token_opens_the_mailbox(place: Place) -> None:
    with place.connect(OAuth2Login(place.settings, Clock())) as mailbox:
        assert {folder.name for folder in mailbox.folders()} >= {"INBOX", "Sent"}
    assert place.tokens.grants() == ["refresh_token"]


@pytest.mark.dovecot
def test_a_token_that_ends_in_mid_session_is_renewed_for_the_next_one(place: Place) -> None:
    place.server.append("INBOX", LETTER, NOW)
    login = OAuth2Login(place.settings, Clock())
    with place.connect(login) as mailbox:
        folder = mailbox.folders()[0]
        place.tokens.end_access_tokens()
        assert mailbox.examine(folder).exists == 1
        ((headers, missing),) = mailbox.fetch(folder, mailbox.new_uids(0))
        assert (len(headers), missing) == (1, [])
    with place.connect(login) as mailbox:
        assert mailbox.folders()
    assert place.tokens.grants() == ["refresh_token", "refresh_token"]


@pytest.mark.dovecot
def test_a_token_that_stays_refused_is_renewed_once_and_no_more(place: Place) -> None:
    place.tokens.introspection_trouble = 200, {"active": False}
    login = OAuth2Login(place.settings, Clock())
    message = refused(MailboxRefused, place.connect, login)
    assert message == (
        f'mailbox "partners": 127.0.0.1 refuses the login of "{place.server.user}" with a new '
        "token, too; check `user`, and that who logged in may read this mailbox by IMAP; then run "
        "`inbox-agent login partners`"
    )
    assert place.tokens.grants() == ["refresh_token", "refresh_token"]


@pytest.mark.dovecot
@pytest.mark.parametrize("fault", ["slow", "500"])
def test_a_server_that_can_not_judge_the_token_is_asked_again_later(
    place: Place, fault: str
) -> None:
    if fault == "slow":  # longer than the three seconds that Dovecot waits
        place.tokens.introspection_answers.clear()
    else:
        place.tokens.introspection_trouble = 500, "access-2"
    message = refused(MailboxUnavailable, place.connect, OAuth2Login(place.settings, Clock()))
    assert message == (
        'mailbox "partners": 127.0.0.1 broke off the login by token ([UNAVAILABLE]); '
        "the next poll tries again"
    )
    assert place.tokens.grants() == ["refresh_token"]


@pytest.mark.dovecot
def test_the_agent_polls_with_tokens_and_keeps_none_in_its_databases(place: Place) -> None:
    place.server.append("INBOX", LETTER, NOW)
    config = config_file(place.tokens, place.folder, host=place.server.host, port=place.server.port)
    agent = Agent(load_config(config))
    report = agent.poll()
    assert (report.errors, report.new_messages) == ([], 1)
    place.tokens.token_trouble = 400, {"error": "invalid_grant"}
    place.tokens.end_access_tokens()
    errors = agent.poll().errors
    assert [type(error) for error in errors] == [MailboxRefused]
    assert str(errors[0]).endswith("run `inbox-agent login partners`")
    data = b"".join(path.read_bytes() for path in (place.folder / "data").iterdir())
    assert b"globex" in data
    assert not [secret for secret in SECRETS if secret.encode() in data]
    assert "access-" not in repr(agent)


# -- what goes over the wire --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offered", "sent"),
    [
        (
            "AUTH=XOAUTH2 AUTH=OAUTHBEARER",
            [b"AUTHENTICATE OAUTHBEARER", b"n,a=a=3Db=2Cc,\x01auth=Bearer access-2\x01\x01"],
        ),
        (
            "AUTH=XOAUTH2",
            [b"AUTHENTICATE XOAUTH2", b"user=a=b,c\x01auth=Bearer access-2\x01\x01"],
        ),
    ],
)
def test_the_mechanism_of_the_standard_goes_before_googles(
    tokens: TokenServer, tmp_path: Path, offered: str, sent: list[bytes]
) -> None:
    kept(tokens, tmp_path)
    tokens.user = "a=b,c"
    capability = f"* CAPABILITY IMAP4rev1 {offered}\r\n{{tag}} OK done".encode()
    with scripted({"CAPABILITY": capability}) as server:
        settings = settings_of(tokens, tmp_path, port=server.port)
        Mailbox.connect(settings, OAuth2Login(settings, Clock()), clock=Clock()).close()
    at = server.commands.index(sent[0])
    assert base64.b64decode(server.commands[at + 1]) == sent[1]


def test_a_server_without_a_way_for_tokens_is_given_none(
    tokens: TokenServer, tmp_path: Path
) -> None:
    kept(tokens, tmp_path)
    with scripted() as server:
        settings = settings_of(tokens, tmp_path, port=server.port)
        login = OAuth2Login(settings, Clock())
        message = refused(MailboxRefused, lambda: Mailbox.connect(settings, login, clock=Clock()))
    assert "localhost takes no OAuth2 token" in message
    assert not [line for line in server.commands if line.startswith(b"AUTHENTICATE")]


def test_a_server_that_repeats_the_token_is_not_quoted(tokens: TokenServer, tmp_path: Path) -> None:
    kept(tokens, tmp_path)
    answers = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n{tag} OK done",
        "AUTHENTICATE": b"{tag} NO [UNAVAILABLE] what is access-2?",
    }
    with scripted(answers) as server:
        settings = settings_of(tokens, tmp_path, port=server.port)
        login = OAuth2Login(settings, Clock())
        message = refused(
            MailboxUnavailable, lambda: Mailbox.connect(settings, login, clock=Clock())
        )
    assert "broke off the login by token ([UNAVAILABLE])" in message


def test_no_connection_is_opened_without_a_token(tokens: TokenServer, tmp_path: Path) -> None:
    with scripted() as server:
        settings = settings_of(tokens, tmp_path, port=server.port)
        login = OAuth2Login(settings, Clock())
        refused(MailboxRefused, lambda: Mailbox.connect(settings, login, clock=Clock()))
    assert server.commands == []
