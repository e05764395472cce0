"""The product on real mail: a mailing list as one company's mailbox, and a business mailbox.

``make real-mail`` prints what the README says under "Tried on". The mail is in the folder named
by INBOX_AGENT_CORPORA; only counts are ever shown.
"""

from __future__ import annotations

import gzip
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from accuracy.corpus import corpora
from servers import Delivery, DovecotServer, running_dovecot

from inbox_agent.messages import FetchedHeader, parse_message

AS_OF = "2023-01-01T00:00:00Z"
_LIST_CONFIG = """
[team]
domains = ["microsoft.com"]
lists = ["linux-hyperv@vger.kernel.org"]
[[mailboxes]]
name = "hyperv"
host = "{host}"
port = {port}
tls = "none"
user = "{user}"
password = {{ env = "REAL_MAIL_PASSWORD" }}
[clock]
timezone = "America/Los_Angeles"
holidays = "US"
[standards]
we_answer_within = "1 business day"
they_answer_within = "2 business days"
"""
_ENRON_CONFIG = """
[team]
domains = ["enron.com"]
[clock]
timezone = "America/Chicago"
holidays = "US"
[standards]
we_answer_within = "1 business day"
"""


@dataclass(frozen=True)
class Counts:
    """What a run on real mail came to."""

    letters: int
    partners: int
    asks: int
    answered: int
    seconds: float


def list_letters(folder: Path) -> Iterator[Delivery]:
    """The list's letters: the team's in Sent, the rest in INBOX, with their arrival times.

    The arrival time is the topmost Received line's: the archive's `From ` line says when the
    archive fetched it.
    """
    for year in ("2021", "2022"):
        data = gzip.decompress((folder / f"{year}.mbox.gz").read_bytes())
        starts = [match.start() for match in re.finditer(rb"(?:\A|(?<=\n\n))From [^\n]*\n", data)]
        for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
            raw = data[start:end].split(b"\n", 1)[1]
            head = raw.split(b"\n\n", 1)[0] + b"\n\n"
            read = parse_message(
                FetchedHeader("", "", 1, 1, None, None, head, datetime(2026, 1, 1, tzinfo=UTC))
            )
            arrived_at = read.received[0][1] if read.received else read.sent_at
            domain = f".{read.from_.domain}" if read.from_ else ""
            name = "Sent" if domain.endswith(".microsoft.com") else "INBOX"
            if arrived_at is not None:
                yield Delivery(name, raw, arrived_at, ())


def write_config(directory: Path, text: str) -> Path:
    """A config in a folder of its own, databases beside it."""
    path = directory / "config" / "inbox-agent.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def list_config(directory: Path, server: DovecotServer) -> Path:
    """The config of the list taken as microsoft.com's mailbox."""
    text = _LIST_CONFIG.format(host=server.host, port=server.port, user=server.user)
    return write_config(directory, text)


def run(config: Path, *arguments: str, password: str = "") -> float:
    """Run a command of the product as people do; gives the seconds it took."""
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "inbox_agent", "-c", str(config), *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "REAL_MAIL_PASSWORD": password},
    )
    return time.monotonic() - began


def counts(config: Path, seconds: float) -> Counts:
    """The counts of what was published."""
    database = config.parent.parent / "data" / "partners.db"
    sql = (
        "select (select messages from about), (select count(*) from partners), count(*),"
        " sum(outcome = 'answered') from response_times"
    )
    with closing(sqlite3.connect(database)) as connection:
        letters, partners, asks, answered = connection.execute(sql).fetchone()
    return Counts(letters, partners, asks, answered, seconds)


def enron(directory: Path, folder: Path) -> Counts:
    """One business mailbox without a single reference, by import."""
    config = write_config(directory, _ENRON_CONFIG)
    files = sorted(map(str, folder.glob("*.mbox.gz")))
    return counts(config, run(config, "import", "--received-from", "date", *files))


def main() -> None:
    """Print the counts of both runs."""
    mail = corpora()
    if mail is None:
        sys.exit("INBOX_AGENT_CORPORA names no folder of real mail")
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        top.chmod(0o755)
        (top / "server").mkdir(mode=0o755)
        with running_dovecot(top / "server") as dovecot:
            server = dovecot.with_fresh_user()
            server.deliver_many(list_letters(mail / "lists" / "linux-hyperv"))
            config = list_config(top / "list", server)
            seconds = run(config, "poll", "--as-of", AS_OF, password=server.password)
            print("linux-hyperv, poll:", counts(config, seconds))
            seconds = run(config, "poll", "--as-of", AS_OF, password=server.password)
            print("linux-hyperv, poll with nothing new:", counts(config, seconds))
        print("Enron, whitt-m, import:", enron(top / "enron", mail / "enron" / "whitt-m"))


if __name__ == "__main__":
    main()
