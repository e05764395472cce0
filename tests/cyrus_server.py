"""A real Cyrus IMAP server for tests, from Debian's packages, unpacked and not installed.

It keeps everything in one folder, listens on one port of loopback and takes any password: who
may log in is not what it is here for.
"""

from __future__ import annotations

import grp
import os
import pwd
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import HOST, NOBODY, as_mail_user, find_unpacked, free_ports, give, libraries

_START_SECONDS = 20
_FOLDERS = ("db", "socket", "proc", "lock", "log", "msg", "user", "quota", "sieve", "ptclient")

_CONFIG = """
configdirectory: {top}/conf
defaultpartition: default
partition-default: {top}/spool
cyrus_user: {user}
cyrus_group: {group}
servername: localhost
admins: cyrus
unixhierarchysep: yes
altnamespace: yes
autocreate_quota: 0
sasl_pwcheck_method: alwaystrue
sasl_mech_list: PLAIN LOGIN
allowplaintext: yes
delete_mode: immediate
expunge_mode: immediate
duplicatesuppression: no
"""
_SERVICES = """
START {{
  recover cmd="{programs}/ctl_cyrusdb -C {top}/imapd.conf -r"
}}
SERVICES {{
  imap cmd="{programs}/imapd -C {top}/imapd.conf" listen="{host}:{port}" prefork=1
}}
EVENTS {{
}}
"""


@contextmanager
def running_cyrus(top: Path) -> Iterator[int]:
    """Run Cyrus in the folder `top` (which its user must be able to reach); gives its port."""
    unpacked = find_unpacked("cyrus")
    assert unpacked is not None
    programs = unpacked / "usr/lib/cyrus/bin"
    (port,) = free_ports(1)
    _write(top, programs, port)
    files = ("-C", top / "imapd.conf", "-M", top / "cyrus.conf", "-p", top / "pid")
    with (top / "output").open("wb") as output:
        process = subprocess.Popen(
            [programs / "master", *files, "-L", top / "log"],
            stdout=output,
            stderr=output,
            env=libraries(unpacked) | {"SASL_PATH": _mechanisms(unpacked)},
            # Asked to stop, its master sends SIGTERM to its whole process group (kill(0, …)), and
            # the other servers of the tests belong to the same user.
            start_new_session=True,
            **as_mail_user(),
        )
        try:
            _wait(process, port, top)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=20)


def _write(top: Path, programs: Path, port: int) -> None:
    is_root = os.geteuid() == 0
    user = pwd.getpwuid(NOBODY if is_root else os.geteuid()).pw_name
    group = grp.getgrgid(NOBODY if is_root else os.getegid()).gr_name
    for name in ("spool", *(f"conf/{part}" for part in _FOLDERS)):
        (top / name).mkdir(parents=True)
    (top / "imapd.conf").write_text(_CONFIG.format(top=top, user=user, group=group))
    (top / "cyrus.conf").write_text(
        _SERVICES.format(top=top, programs=programs, host=HOST, port=port)
    )
    for path in (top, *top.rglob("*")):
        give(path)


def _mechanisms(unpacked: Path) -> str:
    """Where SASL finds PLAIN: in the unpacked folder, or in the system where that has it."""
    folders = [*unpacked.glob("usr/lib/*/sasl2"), *Path("/usr/lib").glob("*/sasl2")]
    return os.pathsep.join(map(str, folders))


def _wait(process: subprocess.Popen[bytes], port: int, top: Path) -> None:
    """Until it greets; connecting is the only way to know, so this polls, briefly."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection((HOST, port), timeout=5) as connection:
                if connection.recv(9).startswith(b"* OK"):
                    return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"Cyrus did not start: {(top / 'output').read_text()}")
