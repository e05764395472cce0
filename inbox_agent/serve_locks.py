"""Who gets in where Datasette serves `partners.db`: people who sign in, unless somebody says else.

Four ways, the first that applies: a lock of the metadata's own, the flag ``--open`` on this
computer, the users of the data folder, a proxy that names people. What the plugin has to know of
it goes by the environment, so that nothing of it stands in pages of Datasette.
"""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datasette.utils import BadMetadataError, parse_metadata

from inbox_agent.catalogue import METADATA_NAME
from inbox_agent.config import Config
from inbox_agent.errors import ConfigError
from inbox_agent.private_files import read_private, write_private
from inbox_agent.serve_defaults import LOOPBACK
from inbox_agent.users import USERS_NAME, read_users

SERVED_METADATA_NAME, SECRET_NAME = "served-metadata.json", "datasette-secret"

#: What the plugin reads; `datasette_plugin/locks.py` says what each means.
USERS_FILE, USER_HEADER, PROXIES, OPEN = (
    "INBOX_AGENT_USERS_FILE",
    "INBOX_AGENT_USER_HEADER",
    "INBOX_AGENT_PROXIES",
    "INBOX_AGENT_OPEN",
)
_OURS = (USERS_FILE, USER_HEADER, PROXIES, OPEN)


@dataclass(frozen=True, slots=True)
class Entrance:
    """What Datasette is started with, and in words who gets in.

    `host` is the address to listen at. `added` goes into the environment and holds secrets.
    """

    metadata: Path
    host: str = LOOPBACK
    base_url: str = "/"
    words: str = ""
    added: Mapping[str, str] = field(default_factory=dict, repr=False)

    def environment(self, outside: Mapping[str, str]) -> dict[str, str]:
        """That of Datasette; nothing of an entrance of another process is left over."""
        kept = {name: value for name, value in outside.items() if name not in _OURS}
        return kept | dict(self.added)


def entrance(config: Config, metadata: Path, host: str, *, is_open: bool = False) -> Entrance:
    """Lock the pages, or find them locked. Raises ConfigError where nobody could get in.

    Writes what Datasette needs into the data folder, for this user alone. Raises StoreError
    where it can't.
    """
    content = read_metadata(metadata)
    words = who_gets_in(config, metadata, host, is_open=is_open)
    added = {"DATASETTE_SECRET": _secret(config.data_directory)}
    if is_locked(content):
        pass
    elif is_open:
        added |= {OPEN: "1"}
    else:
        added |= _lock(config)
        metadata = config.data_directory / SERVED_METADATA_NAME
        locked = {**content, "allow": {"id": "*"}}
        write_private(metadata, json.dumps(locked, ensure_ascii=False, default=str).encode())
    return Entrance(metadata, host, config.serve.base_url, words, added)


def who_gets_in(config: Config, metadata: Path, host: str, *, is_open: bool = False) -> str:
    """In words who gets in; raises ConfigError where nobody could."""
    if is_locked(read_metadata(metadata)):
        return f"locked by the `allow` block of {metadata}"
    if is_open:
        if not is_loopback(host):
            raise ConfigError(
                f"--open would let in everybody who can reach {host}; it is for {LOOPBACK} alone: "
                "leave it out, and add users with `inbox-agent users add NAME`"
            )
        return "open: everybody on this computer may look"
    header = config.serve.user_header
    users = read_users(config.data_directory / USERS_NAME)
    if not users and not header:
        otherwise = ", or `--open` lets everybody on this computer look"
        raise ConfigError(
            "nobody can sign in to the pages yet: `inbox-agent users add NAME` adds somebody"
            + (otherwise if is_loopback(host) else "")
        )
    return "locked: " + " or ".join(
        ([f"by password ({len(users)} {'user' if len(users) == 1 else 'users'})"] if users else [])
        + ([f"by the proxy's {header} (from {', '.join(config.serve.proxies)})"] if header else [])
    )


def _lock(config: Config) -> dict[str, str]:
    settings = config.serve
    found = {
        USERS_FILE: str(config.data_directory / USERS_NAME),
        PROXIES: ",".join(settings.proxies),
        # Who the other side is must be seen as it is, before anybody's word for it is taken;
        # the plugin takes that of the proxies above.
        "FORWARDED_ALLOW_IPS": "",
    }
    return found | ({USER_HEADER: settings.user_header} if settings.user_header else {})


def _secret(directory: Path) -> str:
    """What sessions are signed with; kept, so that they outlive a restart."""
    given = os.environ.get("DATASETTE_SECRET")
    if given:
        return given
    path = directory / SECRET_NAME
    kept = read_private(path).decode("ascii", "ignore").strip()
    if len(kept) < 32:
        kept = secrets.token_hex(32)
        write_private(path, f"{kept}\n".encode())
    return kept


def check_exposure(host: str, metadata: Path) -> None:
    """Refuse to listen to other computers without saying who may look.

    An `allow` block at the top of the metadata locks every page; one further down would leave
    the front page open. Raises ConfigError.
    """
    if is_loopback(host) or is_locked(read_metadata(metadata)):
        return
    raise ConfigError(
        f"{metadata}: anybody who can reach {host} could read the mailbox's figures; "
        'add a top-level `allow` block, like `allow: {id: "*"}`, and a sign-in plugin, '
        f"or serve on {LOOPBACK}"
    )


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_locked(metadata: Mapping[str, Any]) -> bool:
    """Whether the top level says who may look; ``allow: true`` lets everybody in."""
    return metadata.get("allow") not in (None, True)


def read_metadata(metadata: Path) -> dict[str, Any]:
    """What the file holds; raises ConfigError."""
    try:
        found = parse_metadata(metadata.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigError(f"{metadata}: can't be read: {exc.strerror}") from exc
    except (BadMetadataError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{metadata}: is neither YAML nor JSON; mend or remove it") from exc
    if not isinstance(found, dict):
        raise ConfigError(f"{metadata}: holds no settings; see the shipped {METADATA_NAME}")
    return found
