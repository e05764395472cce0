"""Who may sign in: names, passwords, the file they are kept in, and the command that changes it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from datasette_auth_passwords.utils import hash_password, verify_password
from installations import Installation, install, one_line

from inbox_agent.cli import main
from inbox_agent.errors import ConfigError, StoreError
from inbox_agent.users import (
    User,
    add_user,
    change_password,
    checked_name,
    checked_new_name,
    checked_password,
    hashed,
    is_password,
    read_users,
    remove_user,
)

PASSWORD = "correct horse battery"
#: As quick as can be: the iterations stand in the hash.
QUICK = hash_password(PASSWORD, salt="salt", iterations=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "users.json"


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    return install(tmp_path)


def users(place: Installation, *args: str, said: str = "") -> Result:
    return CliRunner().invoke(main, ["-c", str(place.config), "users", *args], input=said)


# --- names and passwords


@pytest.mark.parametrize("name", ["ana", "ana@acme.com", "a", "0x", "ana.b-c_d+e", "a" * 64])
def test_names_people_have_are_taken(name: str) -> None:
    assert checked_name(name) == name


def test_capitals_make_no_other_person() -> None:
    assert checked_name(" Ana ") == "ana"


@pytest.mark.parametrize(
    "name", ["", " ", ".ana", "@acme.com", "a b", "a/b", "a\nb", "ä", "a" * 65]
)
def test_names_that_would_not_stand_on_one_line_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="allowed: up to 64 of") as error:
        checked_name(name)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["root", " Root ", "ROOT"])
def test_nobody_is_called_as_datasette_calls_whom_it_gives_every_power(name: str) -> None:
    with pytest.raises(ConfigError, match="root can't be a user's name: Datasette gives") as error:
        checked_new_name(name)
    assert "\n" not in str(error.value)


def test_a_password_needs_twelve_characters() -> None:
    assert checked_password("ana", "twelve chars") == "twelve chars"
    with pytest.raises(ConfigError, match="has 11 characters; 12 at least") as error:
        checked_password("ana", "eleven char")
    assert "eleven char" not in str(error.value)


@pytest.mark.parametrize(
    "password", ["ana@acme.comana@acme.com", "aaaaaaaaaaaaaaaa", "ANA@ACME.COM1"]
)
def test_a_password_that_is_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(ConfigError, match="too easy to guess"):
        checked_password("ana@acme.com", password)


def test_nobody_has_to_hash_a_book() -> None:
    with pytest.raises(ConfigError, match="1,000 at most"):
        checked_password("ana", "abcdefg" * 200)
    assert not is_password(User("ana", QUICK), PASSWORD * 100)


def test_hashes_are_those_of_the_sign_in_plugin() -> None:
    kept = hashed(PASSWORD)
    assert kept.startswith("pbkdf2_sha256$480000$")
    assert verify_password(PASSWORD, kept)


def test_only_the_right_password_is_right() -> None:
    ana = User("ana", QUICK)
    assert is_password(ana, PASSWORD)
    assert not is_password(ana, PASSWORD.title())
    assert not is_password(ana, "")
    assert not is_password(None, PASSWORD)


def test_two_keyboards_write_the_same_password() -> None:
    """RFC 8265 §4.2.2: ü as one code point, and as u with a diaeresis."""
    kept = User("ana", hash_password("gr\u00fcne Wiesen blau", salt="salt", iterations=1))
    assert is_password(kept, "gru\u0308ne Wiesen blau")


def test_the_mark_changes_with_the_password_and_says_nothing_of_it() -> None:
    other = User("ana", hash_password(PASSWORD, salt="another", iterations=1))
    assert User("ana", QUICK).mark != other.mark
    assert User("ana", QUICK, "x").mark == User("ana", QUICK).mark
    assert User("ana", QUICK).mark not in QUICK


# --- the file


def test_where_there_is_no_file_there_is_nobody(path: Path) -> None:
    assert read_users(path) == {}


def test_what_is_written_is_read_again_and_private(path: Path) -> None:
    add_user(path, User("zoe", QUICK))
    add_user(path, User("ana", QUICK, "Ana Müller"))
    found = read_users(path)
    assert list(found) == ["ana", "zoe"]
    assert found["ana"] == User("ana", QUICK, "Ana Müller")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["users.json"]


def test_nobody_is_added_twice(path: Path) -> None:
    add_user(path, User("ana", QUICK))
    with pytest.raises(ConfigError, match="inbox-agent users password ana"):
        add_user(path, User("ana", "other"))
    assert read_users(path)["ana"].password_hash == QUICK


def test_another_password_keeps_the_owner(path: Path) -> None:
    other = hash_password("another password", salt="salt", iterations=1)
    add_user(path, User("ana", QUICK, "ana@acme.com"))
    change_password(path, "ana", other)
    assert read_users(path) == {"ana": User("ana", other, "ana@acme.com")}


def test_only_the_one_named_is_taken_away(path: Path) -> None:
    add_user(path, User("ana", QUICK))
    add_user(path, User("ben", QUICK))
    remove_user(path, "ana")
    assert list(read_users(path)) == ["ben"]
    with pytest.raises(ConfigError, match="no user ana; there are: ben"):
        remove_user(path, "ana")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '{"users": []}',
        '{"users": {"ana": {}}}',
        '{"users": {"ana": {"password_hash": "plain", "owner": ""}}}',
        '{"users": {"a b": {"password_hash": "pbkdf2_sha256$1$s$x", "owner": ""}}}',
        '{"users": {"ana": {"password_hash": "md5$1$s$x", "owner": ""}}}',
        "\xff",
    ],
)
def test_a_damaged_file_lets_nobody_in_and_says_so_in_one_line(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(StoreError, match="damaged") as error:
        read_users(path)
    assert "\n" not in str(error.value)


def test_a_file_that_cant_be_replaced_stays_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user(path, User("ana", QUICK))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        add_user(path, User("ben", QUICK))
    assert list(read_users(path)) == ["ana"]
    assert [each.name for each in path.parent.iterdir()] == ["users.json"]


# --- the command


def test_somebody_added_is_listed_and_no_password_is_shown(place: Installation) -> None:
    empty = users(place, "list")
    done = users(
        place, "add", "Ana", "--owner", "ana@acme.com", "--password-stdin", said=f"{PASSWORD}\n"
    )
    listed = users(place, "list")
    assert (empty.exit_code, done.exit_code, listed.exit_code) == (0, 0, 0)
    assert "users add NAME" in empty.output
    assert done.output == "ana may sign in\n"
    assert listed.output.split() == ["ana", "ana@acme.com"]
    kept = json.loads((place.data / "users.json").read_text())["users"]["ana"]
    assert verify_password(PASSWORD, kept["password_hash"])


@pytest.mark.parametrize(
    ("args", "said", "why"),
    [
        (("add", "ana", "--password-stdin"), "short\n", "12 at least"),
        (("add", "ana", "--password-stdin"), "", "12 at least"),
        (("add", "a b", "--password-stdin"), f"{PASSWORD}\n", "can't be a user's name"),
        (("add", "ana"), "", "--password-stdin"),
        (("remove", "ana"), "", "no user ana; there are none yet"),
        (("password", "ana", "--password-stdin"), f"{PASSWORD}\n", "no user ana"),
    ],
)
def test_what_cant_be_done_is_one_line(
    place: Installation, args: tuple[str, ...], said: str, why: str
) -> None:
    done = users(place, *args, said=said)
    assert done.exit_code == 2
    assert why in one_line(done.stderr)
    assert not (place.data / "users.json").exists()


def test_a_user_goes_and_a_password_changes(place: Installation) -> None:
    path = place.data / "users.json"
    add_user(path, User("ana", QUICK, "ana@acme.com"))
    add_user(path, User("ben", QUICK))
    changed = users(place, "password", "ana", "--password-stdin", said="a longer one than that\n")
    gone = users(place, "remove", "ben")
    assert (changed.exit_code, gone.exit_code) == (0, 0)
    (ana,) = read_users(path).values()
    assert (ana.name, ana.owner) == ("ana", "ana@acme.com")
    assert is_password(ana, "a longer one than that")


@contextmanager
def on_a_terminal(place: Installation, *args: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A command whose standard input and output are a terminal; gives its other end."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        place.command("users", *args), stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    ) as process:
        os.close(theirs)
        try:
            yield ours, process
        finally:
            process.kill()
            os.close(ours)


def read_until(terminal: int, words: str) -> str:
    said = ""
    while words not in said:
        said += os.read(terminal, 1000).decode()
    return said


@pytest.mark.pages
@pytest.mark.parametrize("again", [PASSWORD, "another one"])
def test_on_a_terminal_the_password_is_asked_twice_and_not_shown(
    place: Installation, again: str
) -> None:
    with on_a_terminal(place, "add", "ana") as (terminal, process):
        said = read_until(terminal, "Password: ")
        os.write(terminal, f"{PASSWORD}\n".encode())
        said += read_until(terminal, "again: ")
        os.write(terminal, f"{again}\n".encode())
        said += read_until(terminal, "sign in" if again == PASSWORD else "differ")
        code = process.wait(30)
    assert PASSWORD not in said
    assert again not in said
    is_same = again == PASSWORD
    assert (code == 0, list(read_users(place.data / "users.json"))) == (
        is_same,
        ["ana"] if is_same else [],
    )
