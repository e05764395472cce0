"""A real Courier-IMAP server for tests, from Debian's packages, unpacked and not installed.

Courier's login program asks a daemon whose socket path is compiled in and belongs to an installed
system. So the few commands before the login are answered here; then Courier's own imapd gets the
connection, in the way its login program would hand it over, and all the rest is Courier's.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import HOST, as_mail_user, find_unpacked, give, libraries

_CAPABILITIES = (
    "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE"
)
#: Debian's settings (/etc/courier/imapd), without locks: there is one reader.
_SETTINGS = {
    "IMAP_CAPABILITY": _CAPABILITIES,
    "IMAP_KEYWORDS": "1",
    "IMAP_ACL": "1",
    "IMAP_MAILBOX_SANITY_CHECK": "1",
    "IMAP_CHECK_ALL_FOLDERS": "0",
    "IMAP_OBSOLETE_CLIENT": "0",
    "IMAP_DISABLETHREADSORT": "0",
    "IMAP_USELOCKS": "0",
    "IMAP_ENHANCEDIDLE": "0",
    "IMAP_IDLE_TIMEOUT": "60",
    "IMAP_ULIMITD": "131072",
    "IMAP_EMPTYTRASH": "",
    "IMAP_TRASHFOLDERNAME": "Trash",
    "IMAP_TLS": "0",
    "IMAP_STARTTLS": "NO",
    "PROTOCOL": "IMAP",
    "TCPREMOTEIP": HOST,
    "TCPREMOTEPORT": "1",
}


class Courier:
    """A listening Courier; every connection is an imapd of its own, as with Courier's tcpd."""

    def __init__(self, top: Path, unpacked: Path) -> None:
        self._top, self._unpacked = top, unpacked
        self._listener = socket.create_server((HOST, 0))
        self._processes: list[subprocess.Popen[bytes]] = []
        self._clients: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def maildir(self, user: str) -> Path:
        """The user's mail, which is made at the first call."""
        home = self._top / user
        if not home.is_dir():
            for path in (home, home / "Maildir", *(home / "Maildir" / p for p in ("cur", "new"))):
                path.mkdir()
                give(path)
            (home / "Maildir" / "tmp").mkdir()
            give(home / "Maildir" / "tmp")
            # An empty INBOX that was never written to would change its UIDVALIDITY each second.
            (home / "Maildir" / "courierimapuiddb").write_text("1 795317716 1\n")
            give(home / "Maildir" / "courierimapuiddb")
        return home / "Maildir"

    def start(self) -> None:
        """Listen, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Close the door and end every imapd."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for process in self._processes:
            process.terminate()
            process.wait(timeout=20)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                # else each line waits until the one before it is acknowledged
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._clients = [one for one in self._clients if one.fileno() >= 0]
                self._clients.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            found = _logged_in(client)
            if found:
                self._hand_over(client, *found)

    def _hand_over(self, client: socket.socket, tag: str, user: str) -> None:
        for one in self._processes:  # none is left out: another thread may be adding one
            one.poll()
        maildir = self.maildir(user)
        names = {"AUTHENTICATED": user, "IMAPLOGINTAG": tag, "GAM_CLIENT_ID": self._top.name}
        self._processes.append(
            subprocess.Popen(
                [self._unpacked / "usr/bin/imapd", "Maildir"],
                stdin=client,
                stdout=client,
                stderr=subprocess.DEVNULL,
                cwd=maildir.parent,
                env=libraries(self._unpacked) | _SETTINGS | names | {"HOME": str(maildir.parent)},
                **as_mail_user(),
            )
        )


def _logged_in(client: socket.socket) -> tuple[str, str] | None:
    """Talk until somebody has logged in; the tag of the login and the user, None if nobody did."""
    client.sendall(f"* OK [CAPABILITY {_CAPABILITIES} AUTH=PLAIN] Courier-IMAP ready.\r\n".encode())
    while line := _line(client):
        tag, _, command = line.partition(" ")
        verb, _, words = command.partition(" ")
        if verb.upper() == "LOGIN":
            return tag, words.split()[0].strip('"')
        if command.upper() == "AUTHENTICATE PLAIN":
            client.sendall(b"+ \r\n")
            return tag, base64.b64decode(_line(client)).split(b"\0")[1].decode()
        if verb.upper() == "CAPABILITY":
            client.sendall(f"* CAPABILITY {_CAPABILITIES} AUTH=PLAIN\r\n".encode())
        if verb.upper() == "LOGOUT":
            client.sendall(f"* BYE\r\n{tag} OK\r\n".encode())
            return None
        is_known = verb.upper() in ("CAPABILITY", "NOOP", "ID")
        said = "OK done" if is_known else "BAD not before the login"
        client.sendall(f"{tag} {said}\r\n".encode())
    return None


def _line(client: socket.socket) -> str:
    """One line, octet by octet: not one of those after it may be taken from imapd."""
    line = b""
    while not line.endswith(b"\n"):
        octet = client.recv(1)
        if not octet:
            return ""
        line += octet
    return line.decode("latin-1").rstrip("\r\n")


@contextmanager
def running_courier(top: Path) -> Iterator[Courier]:
    """Run Courier with its mail in the folder `top`, which its user must be able to reach."""
    unpacked = find_unpacked("courier")
    assert unpacked is not None
    give(top)
    # Without a file access monitor each imapd waits a second for one at its start.
    monitor = subprocess.Popen(
        [unpacked / "usr/libexec/gam_server", "--notimeout", top.name],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=libraries(unpacked),
        **as_mail_user(),
    )
    courier = Courier(top, unpacked)
    courier.start()
    try:
        yield courier
    finally:
        courier.stop()
        monitor.terminate()
        monitor.wait(timeout=20)
