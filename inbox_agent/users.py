"""Who may sign in to the pages: names and hashes of passwords, in one file of the data folder.

Hashes are PBKDF2 as datasette-auth-passwords makes them (``pbkdf2_sha256$480000$salt$hash``), so
that they may be taken over into metadata of one's own. No password is kept or shown.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inbox_agent.errors import ConfigError, StoreError
from inbox_agent.private_files import read_private, write_private
from inbox_agent.sqlite_files import private_directory

USERS_NAME = "users.json"

#: Who of this name signs in may see Datasette's pages of debugging, and more in 1.0.
ROOT = "root"

MIN_PASSWORD, MAX_PASSWORD = 12, 1000
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")

#: The hash of no password: what a name that nobody has is tried against, for the same time.
_NOBODYS = "pbkdf2_sha256$480000$00000000000000000000000000000000$" + "A" * 43 + "="


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in; `owner` is what `partners.toml` calls them, or empty."""

    name: str
    password_hash: str
    owner: str = ""

    @property
    def mark(self) -> str:
        """What changes with the password: a session holds it, and ends when it changes."""
        return hashlib.sha256(self.password_hash.encode()).hexdigest()[:16]


#: By name.
Users = Mapping[str, User]


def normal_name(text: str) -> str:
    """A name as it is kept and compared: small letters."""
    return text.strip().lower()


def checked_name(text: str) -> str:
    """The name as it is kept; raises ConfigError."""
    name = normal_name(text)
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{json.dumps(text, ensure_ascii=False)} can't be a user's name; allowed: up to 64 of "
            "a-z 0-9 . _ - + @, the first one a letter or digit, like ana or ana@acme.com"
        )
    return name


def checked_new_name(text: str) -> str:
    """The same for somebody who is to be added: not the one name Datasette gives powers to."""
    name = checked_name(text)
    if name == ROOT:
        raise ConfigError(
            f"{ROOT} can't be a user's name: Datasette gives that name powers over itself"
        )
    return name


def checked_password(name: str, password: str) -> str:
    """The password, if it is long enough; raises ConfigError. Any characters will do."""
    length = len(_normal(password))
    if length < MIN_PASSWORD:
        raise ConfigError(
            f"the password has {length} characters; {MIN_PASSWORD} at least, "
            "like four words that nobody would put together"
        )
    if length > MAX_PASSWORD:
        raise ConfigError(f"the password has {length:,} characters; {MAX_PASSWORD:,} at most")
    is_name = len(_normal(password).lower().replace(name, "")) < MIN_PASSWORD // 2
    if is_name or len(set(password)) < 5:
        raise ConfigError(
            "the password is too easy to guess; take one of 5 different characters at least, "
            "and of more than the user's name"
        )
    return password


def hashed(password: str) -> str:
    """The hash that is kept, with a salt of its own. Takes a fifth of a second, on purpose."""
    from datasette_auth_passwords.utils import hash_password  # noqa: PLC0415 - brings Datasette

    return str(hash_password(_normal(password)))


def is_password(user: User | None, password: str) -> bool:
    """Whether this is the user's password; of nobody it takes as long to say no."""
    from datasette_auth_passwords.utils import verify_password  # noqa: PLC0415

    kept = user.password_hash if user else _NOBODYS
    is_right = len(password) <= MAX_PASSWORD and verify_password(_normal(password), kept)
    return bool(is_right) and user is not None


def _normal(password: str) -> str:
    """One form of letters that keyboards make in two ways (RFC 8265 §4.2.2: NFC)."""
    return unicodedata.normalize("NFC", password)


def read_users(path: Path) -> Users:
    """Everybody in the file, by name; nobody where there is no file. Raises StoreError."""
    content = read_private(path)
    try:
        entries = json.loads(content)["users"] if content else {}
        return {
            name: User(checked_name(name), _checked_hash(entry["password_hash"]), entry["owner"])
            for name, entry in sorted(entries.items())
        }
    except (ValueError, KeyError, TypeError, AttributeError, ConfigError) as exc:
        raise StoreError(
            f"{path}: is damaged, so nobody can sign in; move it away, and add the users anew"
        ) from exc


def _checked_hash(text: str) -> str:
    algorithm, iterations, salt, _ = text.split("$")
    if algorithm != "pbkdf2_sha256" or not iterations.isdecimal() or not salt:
        raise ValueError("no hash of datasette-auth-passwords")
    return text


def _write(path: Path, users: Users) -> None:
    entries = {
        user.name: {"password_hash": user.password_hash, "owner": user.owner}
        for user in sorted(users.values(), key=lambda user: user.name)
    }
    text = json.dumps({"users": entries}, indent=2, ensure_ascii=False)
    write_private(path, f"{text}\n".encode())


def add_user(path: Path, user: User) -> None:
    """Add somebody new; raises ConfigError where the name is taken."""
    with _alone(path):
        users = read_users(path)
        if user.name in users:
            raise ConfigError(
                f"{user.name} is there already; `inbox-agent users password {user.name}` "
                "changes the password"
            )
        _write(path, {**users, user.name: user})


def change_password(path: Path, name: str, password_hash: str) -> None:
    """Give somebody another password; raises ConfigError where there is no such user."""
    with _alone(path):
        users = read_users(path)
        kept = must_be_there(users, name)
        _write(path, {**users, name: User(name, password_hash, kept.owner)})


def remove_user(path: Path, name: str) -> None:
    """Take somebody away; raises ConfigError where there is no such user."""
    with _alone(path):
        users = read_users(path)
        must_be_there(users, name)
        _write(path, {key: user for key, user in users.items() if key != name})


def must_be_there(users: Users, name: str) -> User:
    """The user of that name; raises ConfigError."""
    if name not in users:
        there = f"there are: {', '.join(users)}" if users else "there are none yet"
        raise ConfigError(f"there is no user {name}; {there}")
    return users[name]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else changes the file meanwhile (flock on its folder)."""
    private_directory(path.parent)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
