"""A local Dovecot with a mailbox of made-up letters, cold: as at a real first read.

Cold means that Dovecot has thrown its indexes and caches away; the letters themselves are still in
the memory of the system.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.correspondence import SHARED, TEAM_DOMAIN, TEAM_MX, correspondence

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from servers import Delivery, ImapServer, running_dovecot

FOLDERS = ("INBOX", "Sent")
_CONFIG = f"""
[team]
domains = ["{TEAM_DOMAIN}"]
[data]
directory = "../data"
[clock]
timezone = "Europe/Berlin"
[[mailboxes]]
name = "partners"
host = "127.0.0.1"
port = {{port}}
tls = "none"
user = "{{user}}"
password = {{{{ env = "PARTNERS_PASSWORD" }}}}
received_by = ["{TEAM_MX}"]
"""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The server, and the folder its mail lies in."""

    server: ImapServer
    mail: Path
    #: Where a client may write what is its own.
    top: Path

    def make_cold(self) -> None:
        """Dovecot forgets what it has found out about the letters, but not their uids."""
        for path in self.mail.rglob("dovecot.index*"):
            path.unlink()

    def config(self, name: str, port: int | None = None) -> Path:
        """The config of a fresh installation, which reads it at `port`."""
        folder = self.top / name
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "config").mkdir(parents=True)
        path = folder / "config" / "inbox-agent.toml"
        path.write_text(_CONFIG.format(port=port or self.server.port, user=self.server.user))
        return path


@contextmanager
def mailbox(letters: int, partners: int = 1_000, more: str = "") -> Iterator[Mailbox]:
    """So many letters in two folders; `more` is put behind Dovecot's config."""
    top = Path(tempfile.mkdtemp(prefix="inbox-agent-bench-"))
    top.chmod(0o755)  # Dovecot does not run as root
    (top / "dovecot").mkdir(mode=0o755)
    (top / "clients").mkdir()
    try:
        with running_dovecot(top / "dovecot", more) as server:
            server.deliver_many(
                Delivery(each.folder, each.raw(), each.received_at)
                for each in correspondence(letters, partners)
            )
            yield Mailbox(server, top / "dovecot" / "mail", top / "clients")
    finally:
        shutil.rmtree(top, ignore_errors=True)


__all__ = ["FOLDERS", "SHARED", "Mailbox", "mailbox"]
