"""The lock on the door: who somebody is, and that nobody else gets past the sign-in page.

It stands before Datasette, so that a page that forgets to ask is closed all the same; behind it
the `allow` block of the metadata asks again. Whether there is one is said by the environment
(`inbox-agent serve` sets it); without, everything is as the metadata says.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from inbox_agent.datasette_plugin.entrance.attempts import Attempts
from inbox_agent.errors import StoreError
from inbox_agent.sign_outs import SIGN_OUTS_NAME, SignOuts
from inbox_agent.users import ROOT, User, Users, read_users

if TYPE_CHECKING:
    from datasette.app import Datasette

#: Set by `serve_locks`: the file with the users, the header line in which a proxy says who it is,
#: the addresses (or networks) it is believed from, and that nothing is locked on this computer.
USERS_FILE = "INBOX_AGENT_USERS_FILE"
USER_HEADER = "INBOX_AGENT_USER_HEADER"
PROXIES = "INBOX_AGENT_PROXIES"
OPEN = "INBOX_AGENT_OPEN"

#: Where the door writes down who comes in, for whatever is behind it.
ACTOR = "inbox_agent_actor"

Actor = Mapping[str, Any]
_MOST_NAME = 200


@dataclass(slots=True)
class Accounts:
    """The users of the file as it is now; nobody where it is missing or damaged.

    Who is called `root` is left out: Datasette would take them for its own.
    """

    path: Path
    _stamp: tuple[int, int, int] | None = None
    _users: Users = field(default_factory=dict)

    def users(self) -> Users:
        """Everybody who may sign in at this moment: removing somebody holds at once."""
        try:
            found = self.path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self._stamp:
                everybody = read_users(self.path).items()
                self._users = {name: user for name, user in everybody if name != ROOT}
                self._stamp = stamp
        except (OSError, StoreError):
            self._users, self._stamp = {}, None
        return self._users


@dataclass(frozen=True, slots=True)
class Lock:
    """How people get in: by password, by a proxy's word, or both.

    No more than two passwords are tried at the same time: who sends many makes the sign-in page
    slow, and no other.
    """

    accounts: Accounts
    header: str | None
    proxies: tuple[str, ...]
    sign_outs: SignOuts
    attempts: Attempts = field(default_factory=Attempts)
    trying: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Lock | None:
        """The lock the environment speaks of; None where it speaks of none."""
        path = environment.get(USERS_FILE)
        if not path:
            return None
        proxies = environment.get(PROXIES, "").split(",")
        header = environment.get(USER_HEADER, "").lower() or None
        sign_outs = SignOuts(Path(path).with_name(SIGN_OUTS_NAME))
        return cls(Accounts(Path(path)), header, tuple(filter(None, proxies)), sign_outs)

    def named_by_proxy(self, peer: str, headers: list[tuple[bytes, bytes]]) -> Actor | None:
        """Who the proxy says it is; None where it says nothing, or somebody else might have."""
        if self.header is None or not self._is_proxy(peer):
            return None
        said = [value for name, value in headers if name.lower() == self.header.encode()]
        name = said[0].decode("utf-8", "replace").strip() if len(said) == 1 else ""
        if not name or len(name) > _MOST_NAME or not name.isprintable():
            return None
        # Datasette's own name is nobody's; nor is what a proxy wrote that had nothing to fill in:
        # Caddy's copy_headers makes {http.reverse_proxy.header.Remote-Email} of a missing line
        if name.lower() == ROOT or "{" in name:
            return None
        known = self.accounts.users().get(name.lower())
        return actor_of(known) if known else {"id": name, "owner": name}

    def _is_proxy(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in ipaddress.ip_network(each) for each in self.proxies)


def actor_of(user: User) -> Actor:
    """A user as Datasette's pages see one."""
    return {"id": user.name, **({"owner": user.owner} if user.owner else {})}


_LOCKS: WeakKeyDictionary[Datasette, Lock | None] = WeakKeyDictionary()


def lock_of(datasette: Datasette) -> Lock | None:
    """The one lock of a Datasette, as the environment was when it was first asked for."""
    if datasette not in _LOCKS:
        _LOCKS[datasette] = Lock.of(os.environ)
    return _LOCKS[datasette]


def is_open(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether everybody on this computer may look, and nobody else."""
    return bool(environment.get(OPEN)) and not environment.get(USERS_FILE)


def mark_of(datasette: Datasette, actor: Any) -> str | None:
    """What changes when somebody's password does; None for who is no user of the lock any more.

    Empty where there is no lock of ours, and for whom a proxy names.
    """
    lock = lock_of(datasette)
    if lock is None:
        return ""
    user = lock.accounts.users().get(str((actor or {}).get("id")))
    if user is None:
        return "" if lock.header else None
    return user.mark
