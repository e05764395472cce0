"""Real IMAP servers for tests: Dovecot with its own folder, ports and user, never a system
service; and the embedded one of the demo, seen in the same way.

Dovecot will not hand out mail as root, so as root it runs wholly as `nobody`.
"""

from __future__ import annotations

import grp
import imaplib
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import trustme

from inbox_agent.config import MailboxSettings, PasswordSettings
from inbox_agent.demo.mailserver import RunningServer

HOST = "127.0.0.1"
PASSWORD = "open-sesame"
NOBODY = 65534
_DIRECTORIES = ("/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin")
_START_SECONDS = 20

_CONFIG = """
base_dir = {top}/base
state_dir = {top}/state
log_path = {top}/log
protocols = imap
listen = {host}
ssl = yes
ssl_cert = <{top}/server.pem
ssl_key = <{top}/server.key
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
default_vsz_limit = 0
first_valid_uid = 1
auth_mechanisms = plain login
auth_failure_delay = 0
mail_fsync = never
mail_location = maildir:{top}/mail/%u
mail_max_userip_connections = 50
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={top}/mail/%u
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
  mailbox Drafts {{
    special_use = \\Drafts
    auto = create
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = create
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = create
  }}
}}
"""


class Delivery(NamedTuple):
    """A letter to put into a folder; `arrived_at` becomes INTERNALDATE."""

    folder: str
    raw: bytes
    arrived_at: datetime
    flags: tuple[str, ...] = ()


class ImapServer(Protocol):
    """What the contract tests need of a server; `append` makes a missing folder, gives the uid."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def user(self) -> str: ...
    @property
    def password(self) -> str: ...
    def append(
        self, folder: str, raw: bytes, arrived_at: datetime, flags: Sequence[str] = ()
    ) -> int: ...


def settings_for(server: ImapServer, **changes: Any) -> MailboxSettings:
    """The config of a mailbox on `server`, over plain loopback if not changed."""
    fields: dict[str, Any] = {
        "name": "partners",
        "host": server.host,
        "port": server.port,
        "tls": "none",
        "user": server.user,
        "password": PasswordSettings(env="PARTNERS_PASSWORD"),
    }
    return MailboxSettings(**(fields | changes))


@contextmanager
def second_pair_of_eyes(server: ImapServer) -> Iterator[imaplib.IMAP4]:
    """A plain connection that knows nothing of the code under test, logged in."""
    connection = imaplib.IMAP4(server.host, server.port, timeout=30)
    connection.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        connection.login(server.user, server.password)
        yield connection
    finally:
        connection.logout()


@dataclass(frozen=True)
class EmbeddedServer:
    """The demo's server, as the contract tests see one."""

    running: RunningServer

    @property
    def host(self) -> str:
        return self.running.host

    @property
    def port(self) -> int:
        return self.running.port

    @property
    def user(self) -> str:
        return self.running.user

    @property
    def password(self) -> str:
        return self.running.password

    def append(
        self, folder: str, raw: bytes, arrived_at: datetime, flags: Sequence[str] = ()
    ) -> int:
        """Put one letter in, past the wire."""
        return self.running.append(Delivery(folder, raw, arrived_at, tuple(flags)))


@dataclass(frozen=True)
class DovecotServer:
    """A running Dovecot as one user sees it. Plain and STARTTLS on `port`, TLS on `tls_port`."""

    host: str
    port: int
    tls_port: int
    ca_file: Path
    user: str
    password: str
    _top: Path
    _users: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def with_fresh_user(self) -> DovecotServer:
        """The same server as a user who has no mail yet."""
        return replace(self, user=f"user{next(self._users)}")

    def doveadm(self, *args: str) -> str:
        """Run doveadm on this server and return what it prints."""
        config = str(self._top / "dovecot.conf")
        command = [found_program("doveadm") or "doveadm", "-c", config, *args]
        return subprocess.check_output(command, text=True, **as_mail_user())  # type: ignore[no-any-return]

    def make_folder(self, name: str) -> None:
        """Create a folder."""
        self.doveadm("mailbox", "create", "-u", self.user, name)

    def append(
        self, folder: str, raw: bytes, arrived_at: datetime, flags: Sequence[str] = ()
    ) -> int:
        """APPEND one letter over the wire; the uid is from APPENDUID (RFC 4315 §3)."""
        with second_pair_of_eyes(self) as connection:
            connection.create(f'"{folder}"')  # NO if it is there already
            date = imaplib.Time2Internaldate(arrived_at)
            kind, data = connection.append(f'"{folder}"', f"({' '.join(flags)})", date, raw)
            assert kind == "OK", data
            return int(data[0].split(b"]")[0].split()[-1])

    def deliver_many(self, letters: Iterable[Delivery]) -> None:
        """Write thousands of letters straight into the Maildirs, before anybody opens them.

        Uids follow the order given. Flags are left out: use `append` for those.
        """
        for number, letter in enumerate(letters, start=1):
            directory = self._maildir(letter.folder)
            name = f"{number:010d}.M{number}.test,S={len(letter.raw)}:2,"
            path = directory / "cur" / name
            path.write_bytes(letter.raw)
            seconds = letter.arrived_at.timestamp()
            os.utime(path, (seconds, seconds))
            give(path)

    def _maildir(self, folder: str) -> Path:
        home = self._top / "mail" / self.user
        directory = home if folder == "INBOX" else home / ("." + folder.replace("/", "."))
        for one in (home, directory, *(directory / part for part in ("cur", "new", "tmp"))):
            if not one.is_dir():
                one.mkdir()
                give(one)
        return directory


def find_unpacked(server: str) -> Path | None:
    """The folder into which scripts/install-test-packages unpacked `server`, or None.

    The three Debian servers exclude each other as packages, so two of them are only unpacked.
    """
    folder = Path(os.environ.get("INBOX_AGENT_TEST_SERVERS", "/var/cache/inbox-agent-tests"))
    return folder / server if (folder / server).is_dir() else None


def libraries(unpacked: Path) -> dict[str, str]:
    """The environment in which programs of an unpacked folder find their libraries."""
    folders = sorted({str(path.parent) for path in unpacked.glob("**/*.so*")})
    return {"LD_LIBRARY_PATH": os.pathsep.join(folders), "PATH": "/usr/bin:/bin"}


def find_dovecot() -> str | None:
    """The path of Dovecot's server, or None."""
    return found_program("dovecot")


@contextmanager
def running_dovecot(top: Path, more: str = "") -> Iterator[DovecotServer]:
    """Run Dovecot in the folder `top` (which its user must be able to reach) for the block.

    `more` is put behind the config; of what is said twice the last holds.
    """
    port, tls_port = free_ports(2)
    server = DovecotServer(HOST, port, tls_port, top / "ca.pem", "user0", PASSWORD, top)
    _write(top, port, tls_port, more)
    with (top / "output").open("wb") as output:
        process = subprocess.Popen(
            [find_dovecot() or "dovecot", "-F", "-c", str(top / "dovecot.conf")],
            stdout=output,
            stderr=output,
            **as_mail_user(),
        )
        try:
            _wait(process, server)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=20)


def _write(top: Path, port: int, tls_port: int, more: str) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(top / "ca.pem")
    for number, pem in enumerate(certificate.cert_chain_pems):
        pem.write_to_path(top / "server.pem", append=number > 0)
    certificate.private_key_pem.write_to_path(top / "server.key")
    for name in ("base", "state", "mail"):
        (top / name).mkdir()
    who = NOBODY if os.geteuid() == 0 else os.geteuid()
    group = NOBODY if os.geteuid() == 0 else os.getegid()
    (top / "dovecot.conf").write_text(
        _CONFIG.format(
            top=top,
            host=HOST,
            port=port,
            tls_port=tls_port,
            password=PASSWORD,
            user=pwd.getpwuid(who).pw_name,
            group=grp.getgrgid(group).gr_name,
        )
        + more
    )
    for path in (top, *top.rglob("*")):
        give(path)


def _wait(process: subprocess.Popen[bytes], server: DovecotServer) -> None:
    """Until it answers; connecting is the only way to know, so this polls, briefly."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with second_pair_of_eyes(server):
                return
        except OSError:
            time.sleep(0.02)
    log = server._top / "log"
    raise RuntimeError(
        f"Dovecot did not start: {(server._top / 'output').read_text()} "
        f"{log.read_text() if log.exists() else ''}"
    )


def free_ports(number: int) -> list[int]:
    """So many ports of loopback nobody listens on."""
    sockets = [socket.create_server((HOST, 0)) for _ in range(number)]
    try:
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def found_program(program: str) -> str | None:
    return shutil.which(program, path=os.pathsep.join((*_DIRECTORIES, os.environ.get("PATH", ""))))


def as_mail_user() -> dict[str, Any]:
    """Arguments of Popen: as root another user, who may hand out mail."""
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def give(path: Path) -> None:
    """Make `path` the mail user's own."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
