"""Datasette is started with the right flags, and never open to strangers by accident."""

from __future__ import annotations

import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_database import make_database

from inbox_agent import serve
from inbox_agent.catalogue import metadata_path
from inbox_agent.errors import ConfigError, StoreError

OPEN = "title: Partner inbox\n"
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
    serve.check_exposure(host, metadata)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "mail.example", ""])  # noqa: S104
def test_other_computers_may_not_without_a_lock(host: str, metadata: Path) -> None:
    with pytest.raises(ConfigError, match="allow") as error:
        serve.check_exposure(host, metadata)
    assert str(metadata) in one_line(error)


@pytest.mark.parametrize(
    "lock", ["allow:\n", "allow: true\n", "databases: {partners: {allow: {id: ana}}}\n"]
)
def test_a_lock_that_leaves_the_front_page_open_is_none(lock: str, metadata: Path) -> None:
    metadata.write_text(lock)
    with pytest.raises(ConfigError, match="top-level"):
        serve.check_exposure("0.0.0.0", metadata)  # noqa: S104


@pytest.mark.parametrize("lock", [LOCKED, "allow: false\n", '{"allow": {"id": "ana"}}'])
def test_other_computers_may_look_behind_a_lock(lock: str, metadata: Path) -> None:
    metadata.write_text(lock)
    serve.check_exposure("0.0.0.0", metadata)  # noqa: S104


@pytest.mark.parametrize("text", ["a: [", "just words", ""])
def test_metadata_that_cant_be_read_is_named(text: str, metadata: Path) -> None:
    metadata.write_text(text)
    with pytest.raises(ConfigError, match=r"datasette-metadata\.yml") as error:
        serve.check_exposure("0.0.0.0", metadata)  # noqa: S104
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
    run: list[tuple[str, list[str]]] = []
    serve.serve(database, metadata, "127.0.0.1", free_port, lambda *call: run.append(call))
    ((program, command),) = run
    assert program == sys.executable
    assert command[:3] == [sys.executable, "-m", "datasette"]
    assert command[3:5] == ["serve", str(database)]


def test_a_port_in_use_is_one_clear_line(database: Path, metadata: Path, busy_port: int) -> None:
    with pytest.raises(ConfigError, match=f"port {busy_port} .* in use.*--port") as error:
        serve.serve(database, metadata, "127.0.0.1", busy_port, lambda *call: None)
    one_line(error)


def test_a_host_that_isnt_ours_is_one_clear_line(free_port: int) -> None:
    with pytest.raises(ConfigError, match="--host") as error:
        serve.check_port("192.0.2.1", free_port)  # RFC 5737: nobody's
    one_line(error)


def test_before_the_first_poll_there_is_nothing_to_serve(metadata: Path, free_port: int) -> None:
    missing = metadata.parent / "nothing.db"
    with pytest.raises(StoreError, match="inbox-agent poll"):
        serve.serve(missing, metadata, "127.0.0.1", free_port, lambda *call: None)


def test_an_open_instance_is_refused_before_it_is_started(
    database: Path, metadata: Path, free_port: int
) -> None:
    run: list[object] = []
    with pytest.raises(ConfigError, match="allow"):
        serve.serve(database, metadata, "0.0.0.0", free_port, lambda *call: run.append(call))  # noqa: S104
    assert run == []


def test_the_next_free_port_is_taken_where_one_is_busy(busy_port: int) -> None:
    found = serve.free_port("127.0.0.1", busy_port)
    assert busy_port < found < busy_port + 20


def test_datasette_beside_the_agent_answers_when_it_is_started(
    tmp_path: Path, free_port: int
) -> None:
    path = make_database(tmp_path / "partners.db", {})
    child = serve.start(path, metadata_path(), port=free_port)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/partners") as page:
            assert b"Waiting on us" in page.read()
    finally:
        child.terminate()
        child.wait()


def test_who_opened_which_page_stands_in_no_log(tmp_path: Path, free_port: int) -> None:
    path = make_database(tmp_path / "partners.db", {})
    child = serve.start(path, metadata_path(), port=free_port)
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
    child = serve.start(path, metadata_path(), port=free_port)
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
        serve.start(broken, metadata, port=free_port)
    one_line(error)
