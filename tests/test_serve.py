"""Datasette is started with the right flags, and never open to strangers by accident."""

from __future__ import annotations

import json
import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from datasette_auth_passwords.utils import hash_password
from installations import Installation, install
from sample_database import make_database

from inbox_agent import serve, serve_locks
from inbox_agent.catalogue import metadata_path
from inbox_agent.checks_pages import check_pages
from inbox_agent.cli import main
from inbox_agent.config import load_config
from inbox_agent.errors import ConfigError, StoreError
from inbox_agent.serve_locks import Entrance
from inbox_agent.users import User, add_user

OPEN = "title: Partner inbox\n"
QUICK = hash_password("correct horse battery", salt="salt", iterations=1)
LOCKED = 'allow: {id: "*"}\n'


@pytest.fixture
def metadata(tmp_path: Path) -> Path:
    path = tmp_path / "datasette-metadata.yml"
    path.write_text(OPEN)
    return path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "partners.db"
    path.touch()
    return path


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def one_line(error: pytest.ExceptionInfo[Exception]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def settings(args: list[str]) -> dict[str, str]:
    places = [place for place, arg in enumerate(args) if arg == "--setting"]
    return {args[place + 1]: args[place + 2] for place in places}


def test_datasette_0_65_gets_the_metadata_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "datasette_version", "0.65.5")
    args = serve.datasette_args(Path("p.db"), Path("m.yml"), "127.0.0.1", 8001)
    assert args[:8] == ["serve", "p.db", "-m", "m.yml", "-h", "127.0.0.1", "-p", "8001"]
    assert "-c" not in args  # there it is the old way to give a setting


def test_datasette_1_0_gets_it_as_its_config_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "datasette_version", "1.0a41")
    args = serve.datasette_args(Path("p.db"), Path("m.yml"), "127.0.0.1", 8001)
    assert args[-2:] == ["-c", "m.yml"]


def test_the_database_file_is_not_to_be_downloaded_and_pages_are_never_stale() -> None:
    found = settings(serve.datasette_args(Path("p.db"), Path("m.yml"), "127.0.0.1", 8001))
    assert found["allow_download"] == "off"
    assert found["default_cache_ttl"] == "0"
    assert found["max_returned_rows"] == "20000"
    assert found["max_csv_mb"] == "0"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost"])
def test_this_computer_alone_may_look_without_a_lock(host: str, metadata: Path) -> None:
    serve_locks.check_exposure(host, metadata)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "mail.example", ""])  # noqa: S104
def test_other_computers_may_not_without_a_lock(host: str, metadata: Path) -> None:
    with pytest.raises(ConfigError, match="allow") as error:
        serve_locks.check_exposure(host, metadata)
    assert str(metadata) in one_line(error)


@pytest.mark.parametrize(
    "lock", ["allow:\n", "allow: true\n", "databases: {partners: {allow: {id: ana}}}\n"]
)
def test_a_lock_that_leaves_the_front_page_open_is_none(lock: str, metadata: Path) -> None:
    metadata.write_text(lock)
    with pytest.raises(ConfigError, match="top-level"):
        serve_locks.check_exposure("0.0.0.0", metadata)  # noqa: S104


@pytest.mark.parametrize("lock", [LOCKED, "allow: false\n", '{"allow": {"id": "ana"}}'])
def test_other_computers_may_look_behind_a_lock(lock: str, metadata: Path) -> None:
    metadata.write_text(lock)
    serve_locks.check_exposure("0.0.0.0", metadata)  # noqa: S104


@pytest.mark.parametrize("text", ["a: [", "just words", ""])
def test_metadata_that_cant_be_read_is_named(text: str, metadata: Path) -> None:
    metadata.write_text(text)
    with pytest.raises(ConfigError, match=r"datasette-metadata\.yml") as error:
        serve_locks.check_exposure("0.0.0.0", metadata)  # noqa: S104
    one_line(error)


def test_the_metadata_named_by_hand_comes_first(tmp_path: Path, metadata: Path) -> None:
    given = tmp_path / "mine.yml"
    given.write_text(LOCKED)
    config = tmp_path / "config" / "inbox-agent.toml"
    assert serve.find_metadata(config, given) == given
    assert serve.find_metadata(config) == metadata


def test_without_one_of_its_own_a_project_gets_the_shipped_metadata(tmp_path: Path) -> None:
    config = tmp_path / "config" / "inbox-agent.toml"
    assert serve.find_metadata(config) == metadata_path()


def test_metadata_named_by_hand_that_isnt_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--metadata") as error:
        serve.find_metadata(tmp_path / "config" / "inbox-agent.toml", tmp_path / "mine.yml")
    one_line(error)


def test_serving_becomes_datasette(database: Path, metadata: Path, free_port: int) -> None:
    run: list[tuple[str, list[str], dict[str, str]]] = []
    entrance = Entrance(metadata, base_url="/inbox/", added={"DATASETTE_SECRET": "s"})
    outside = {"PATH": "/bin", "INBOX_AGENT_OPEN": "1"}
    serve.serve(database, entrance, free_port, outside, lambda *call: run.append(call))
    ((program, command, environment),) = run
    assert environment == {"PATH": "/bin", "DATASETTE_SECRET": "s"}
    assert settings(command)["base_url"] == "/inbox/"
    assert program == sys.executable
    assert command[:3] == [sys.executable, "-m", "datasette"]
    assert command[3:5] == ["serve", str(database)]


def test_a_port_in_use_is_one_clear_line(database: Path, metadata: Path, busy_port: int) -> None:
    with pytest.raises(ConfigError, match=f"port {busy_port} .* in use.*--port") as error:
        serve.serve(database, Entrance(metadata), busy_port)
    one_line(error)


def test_a_host_that_isnt_ours_is_one_clear_line(free_port: int) -> None:
    with pytest.raises(ConfigError, match="--host") as error:
        serve.check_port("192.0.2.1", free_port)  # RFC 5737: nobody's
    one_line(error)


def test_before_the_first_poll_there_is_nothing_to_serve(metadata: Path, free_port: int) -> None:
    missing = metadata.parent / "nothing.db"
    with pytest.raises(StoreError, match="inbox-agent poll"):
        serve.serve(missing, Entrance(metadata), free_port)


def test_an_open_instance_is_refused_before_it_is_started(
    database: Path, metadata: Path, free_port: int
) -> None:
    run: list[object] = []
    everywhere = Entrance(metadata, "0.0.0.0")  # noqa: S104
    with pytest.raises(ConfigError, match="allow"):
        serve.serve(database, everywhere, free_port, {}, lambda *call: run.append(call))
    assert run == []


# --- who gets in


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    return install(tmp_path)


def add(place: Installation, name: str = "ana") -> None:
    add_user(place.data / "users.json", User(name, QUICK))


def entrance_of(place: Installation, host: str = "127.0.0.1", **more: Any) -> Entrance:
    config = load_config(place.config)
    return serve_locks.entrance(config, serve.find_metadata(place.config), host, **more)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_nothing_is_served_before_somebody_may_sign_in(place: Installation) -> None:
    with pytest.raises(ConfigError, match=r"users add NAME.*--open") as error:
        entrance_of(place)
    one_line(error)
    with pytest.raises(ConfigError, match="users add NAME") as error:
        entrance_of(place, "0.0.0.0")  # noqa: S104
    assert "--open" not in one_line(error)
    assert not place.data.exists()


def test_with_users_the_shipped_metadata_is_served_locked(place: Installation) -> None:
    add(place)
    add(place, "ben")
    found = entrance_of(place, "0.0.0.0")  # noqa: S104
    assert found.words == "locked: by password (2 users)"
    served = json.loads(found.metadata.read_text())
    assert served.pop("allow") == {"id": "*"}
    assert served == serve_locks.read_metadata(metadata_path())
    serve_locks.check_exposure("0.0.0.0", found.metadata)  # noqa: S104
    assert {path.name: mode(path) for path in place.data.iterdir()} == {
        "users.json": 0o600,
        "served-metadata.json": 0o600,
        "datasette-secret": 0o600,
    }
    assert QUICK not in found.metadata.read_text() + repr(found) + str(found.added)
    assert found.added["DATASETTE_SECRET"] not in repr(found)


def test_sessions_outlive_a_restart(place: Installation) -> None:
    add(place)
    first, second = (entrance_of(place).added["DATASETTE_SECRET"] for _ in range(2))
    assert len(first) == 64
    assert first == second


def test_a_secret_of_ones_own_is_taken(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(place)
    monkeypatch.setenv("DATASETTE_SECRET", "mine")
    assert entrance_of(place).added["DATASETTE_SECRET"] == "mine"
    assert not (place.data / "datasette-secret").exists()


def test_metadata_of_ones_own_is_locked_when_it_says_nothing_of_a_lock(
    place: Installation, metadata: Path
) -> None:
    metadata.write_text("title: Ours\nallow: true\n")
    add(place)
    served = json.loads(entrance_of(place).metadata.read_text())
    assert served == {"title": "Ours", "allow": {"id": "*"}}


def test_a_lock_of_ones_own_is_left_alone(place: Installation, metadata: Path) -> None:
    metadata.write_text("allow: {team: acme}\n")
    for more in ({}, {"is_open": True}):
        found = entrance_of(place, **more)
        assert found.metadata == metadata
        assert "`allow` block of" in found.words
        assert set(found.added) == {"DATASETTE_SECRET"}
    add(place)
    assert set(entrance_of(place).added) == {"DATASETTE_SECRET"}


def test_open_is_for_this_computer_alone(place: Installation) -> None:
    found = entrance_of(place, is_open=True)
    assert (found.metadata, found.added["INBOX_AGENT_OPEN"]) == (metadata_path(), "1")
    assert "open: everybody on this computer" in found.words
    with pytest.raises(ConfigError, match="--open would let in everybody") as error:
        entrance_of(place, "192.0.2.1", is_open=True)
    one_line(error)


def test_nothing_is_left_of_another_entrance(place: Installation) -> None:
    add(place)
    outside = {"INBOX_AGENT_OPEN": "1", "INBOX_AGENT_USER_HEADER": "X-User", "HOME": "/root"}
    found = entrance_of(place).environment(outside)
    assert found == {
        "HOME": "/root",
        "DATASETTE_SECRET": found["DATASETTE_SECRET"],
        "INBOX_AGENT_USERS_FILE": str(place.data / "users.json"),
        "INBOX_AGENT_PROXIES": "127.0.0.1,::1",
        "FORWARDED_ALLOW_IPS": "",
    }


def test_a_proxy_may_stand_for_users(tmp_path: Path) -> None:
    more = '[serve]\nuser_header = "X-User"\nproxies = ["10.0.0.2"]\nbase_url = "/inbox/"\n'
    found = entrance_of(install(tmp_path, more=more))
    assert found.words == "locked: by the proxy's X-User (from 10.0.0.2)"
    assert found.added["INBOX_AGENT_USER_HEADER"] == "X-User"
    assert found.added["INBOX_AGENT_PROXIES"] == "10.0.0.2"
    assert found.base_url == "/inbox/"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('user_header = "Cookie"', "can't name a user"),
        ('user_header = "X User"', "can't name a user"),
        ('proxies = ["proxy.acme.example"]', "no address"),
        ('proxies = ["10.0.0.1/8"]', "no address"),
        ('base_url = "inbox"', "slash at both ends"),
        ('base_url = "/a b/"', "slash at both ends"),
        ('base_url = "//evil.example/"', "slash at both ends"),
    ],
)
def test_a_mistake_about_the_pages_is_one_line(tmp_path: Path, line: str, why: str) -> None:
    place = install(tmp_path, more=f"[serve]\n{line}\n")
    with pytest.raises(ConfigError, match=why) as error:
        load_config(place.config)
    one_line(error)


def findings(place: Installation) -> list[tuple[str, str]]:
    found = check_pages(load_config(place.config))
    return [(each.level.name, each.text) for each in found]


def test_check_tells_who_gets_in(place: Installation, metadata: Path) -> None:
    ((level, text),) = findings(place)
    assert (level, "users add NAME" in text) == ("NOTE", True)
    add(place)
    assert findings(place) == [("FINE", "locked: by password (1 user)")]
    (place.data / "users.json").chmod(0o644)
    assert findings(place)[1][0] == "WARNING"
    assert "chmod 600" in findings(place)[1][1]
    (place.data / "users.json").write_text("{")
    assert findings(place)[0][0] == "FAILURE"
    metadata.write_text("a: [")
    assert findings(place)[0][0] == "FAILURE"
    metadata.write_text("allow: {id: ana}")
    assert findings(place)[0][0] == "FINE"


def test_the_commands_refuse_before_they_begin(place: Installation, tmp_path: Path) -> None:
    make_database(private(place.data) / "partners.db", {})
    config = place.config.read_text()
    mailbox = '[[mailboxes]]\nname = "m"\nhost = "localhost"\nuser = "u"\npassword = {env = "P"}\n'
    place.config.write_text(config + mailbox)
    for args in (["serve"], ["run", "--serve"], ["serve", "--host", "0.0.0.0", "--open"]):  # noqa: S104
        done = CliRunner().invoke(main, ["-c", str(place.config), *args])
        assert done.exit_code == 2
        assert "users add NAME" in done.stderr
        assert done.stderr.count("\n") == 1


def private(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


# --- Datasette itself


def test_the_next_free_port_is_taken_where_one_is_busy(busy_port: int) -> None:
    found = serve.free_port("127.0.0.1", busy_port)
    assert busy_port < found < busy_port + 20


def test_datasette_beside_the_agent_answers_when_it_is_started(
    tmp_path: Path, free_port: int
) -> None:
    path = make_database(tmp_path / "partners.db", {})
    child = serve.start(path, Entrance(metadata_path()), free_port)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/partners") as page:
            assert b"Waiting on us" in page.read()
    finally:
        child.terminate()
        child.wait()


def test_who_opened_which_page_stands_in_no_log(tmp_path: Path, free_port: int) -> None:
    path = make_database(tmp_path / "partners.db", {})
    child = serve.start(path, Entrance(metadata_path()), free_port)
    pages = ("contacts?address=canary%40q.example", "canary", "contacts?_sort=canary")
    codes = []
    try:
        for page in pages:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/partners/{page}") as one:
                    codes.append(one.status)
            except urllib.error.HTTPError as error:
                codes.append(error.code)
                error.close()
    finally:
        child.terminate()
        child.wait()
    assert codes == [200, 404, 500]
    log = path.with_name("serve.log").read_text("utf-8")
    assert "Uvicorn running" in log
    assert "locals" not in log
    assert [line for line in log.splitlines() if "canary" in line] == []


def test_what_datasette_says_does_not_fill_the_disk(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "LOG_OCTETS", 100)  # it says 200 until it is up
    path = make_database(tmp_path / "partners.db", {})
    before = set(threading.enumerate())
    child = serve.start(path, Entrance(metadata_path()), free_port)
    child.terminate()
    child.wait()
    for keeper in set(threading.enumerate()) - before:
        keeper.join()
    assert 0 < path.with_name("serve.log").stat().st_size <= 100


def test_datasette_that_does_not_start_says_where_to_look(
    tmp_path: Path, metadata: Path, free_port: int
) -> None:
    broken = tmp_path / "partners.db"
    broken.write_text("this is no database, whatever its name says")
    with pytest.raises(ConfigError, match=r"serve\.log") as error:
        serve.start(broken, Entrance(metadata), free_port)
    one_line(error)
