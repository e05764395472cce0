"""A first read, from the start of the process to published tables, beside floor and peers.

    python -m benchmarks.first_read [--letters N] [--rounds N] [--without-indexers]

Two folders of a local Dovecot that has forgotten what it knew of the letters; each client begins
with nothing. The floor drains the same fields by a plain socket. `mbsync` pulls whole letters, and
`mu` and `notmuch` index their words: they do more, and are what people have. Rounds go over
floor, agent and mbsync in turn, and the ratios are those within a round.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.bare_socket import drain
from benchmarks.dovecot_mailbox import FOLDERS, SHARED, Mailbox, mailbox
from benchmarks.watched import Watched, watched

_TOP = Path(__file__).parents[1]
_MBSYNC = """
IMAPStore far
Host 127.0.0.1
Port {port}
User {user}
Pass {password}
SSLType None
AuthMechs LOGIN

MaildirStore near
Path {top}/mail/
Inbox {top}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX Sent
Create Near
Sync Pull
SyncState *
"""


@dataclass(frozen=True, slots=True)
class Client:
    """What reads the mailbox, from nothing."""

    name: str
    run: Callable[[Mailbox], Watched]


def floor(box: Mailbox) -> Watched:
    """The same fields over a plain socket."""
    began, used = time.monotonic(), time.process_time()
    server = box.server
    drain(server.host, server.port, (server.user, server.password), FOLDERS)
    return Watched(time.monotonic() - began, time.process_time() - used, 0)


def agent(box: Mailbox) -> Watched:
    """`inbox-agent poll`: read, mirror, measure, publish."""
    config = box.config("agent")
    command = [sys.executable, "-m", "inbox_agent", "-c", str(config), "poll"]
    found = watched(command, {"PARTNERS_PASSWORD": box.server.password, "PYTHONPATH": str(_TOP)})
    if not (config.parents[1] / "data" / "partners.db").exists():
        raise RuntimeError("nothing was published")
    return found


def mbsync(box: Mailbox) -> Watched:
    """`mbsync`, without compression: Dovecot does not offer it here."""
    top = box.top / "mbsync"
    shutil.rmtree(top, ignore_errors=True)
    (top / "mail").mkdir(parents=True)
    server = box.server
    config = top / "mbsyncrc"
    config.write_text(
        _MBSYNC.format(port=server.port, user=server.user, password=server.password, top=top)
    )
    return watched(["mbsync", "-q", "-c", str(config), "-a"])


def mu(box: Mailbox) -> Watched:
    """`mu index` over what mbsync has pulled."""
    top = box.top / "mbsync"
    home = ["--muhome", str(top / "mu")]
    watched(["mu", "init", *home, "--maildir", str(top / "mail"), "--my-address", SHARED[1]])
    return watched(["mu", "index", "--quiet", *home])


def notmuch(box: Mailbox) -> Watched:
    """`notmuch new` over what mbsync has pulled."""
    top = box.top / "mbsync"
    config = top / "notmuch-config"
    config.write_text(f"[database]\npath={top / 'mail'}\n[new]\ntags=new\n")
    return watched(["notmuch", "new", "--quiet"], {"NOTMUCH_CONFIG": str(config)})


FLOOR, AGENT, MBSYNC = (
    Client("plain socket, the same fields", floor),
    Client("inbox-agent poll", agent),
    Client("mbsync", mbsync),
)
INDEXERS = (Client("then mu index", mu), Client("then notmuch new", notmuch))


def rounds(box: Mailbox, count: int) -> dict[Client, list[Watched]]:
    """Each of the three in turn, so many times, always cold."""
    found: dict[Client, list[Watched]] = {FLOOR: [], AGENT: [], MBSYNC: []}
    for _ in range(count):
        for client, each in found.items():
            box.make_cold()
            os.sync()
            each.append(client.run(box))
    return found


def table(found: dict[Client, list[Watched]], indexed: dict[Client, Watched]) -> list[str]:
    """Medians, and the medians of the ratios within the rounds."""
    rows = [
        "| | seconds | CPU seconds | memory, MB | times the floor | times the agent |",
        "|---|---|---|---|---|---|",
    ]
    floors = [each.seconds for each in found[FLOOR]]
    agents = [each.seconds for each in found[AGENT]]
    for client, each in found.items():
        seconds = [one.seconds for one in each]
        rows.append(_row(client.name, each, _ratio(seconds, floors), _ratio(seconds, agents)))
    pulled = median(one.seconds for one in found[MBSYNC])
    for client, one in indexed.items():
        both = pulled + one.seconds
        ratios = both / median(floors), both / median(agents)
        rows.append(_row(f"mbsync, {client.name} ({both:.1f} s together)", [one], *ratios))
    return rows


def _row(name: str, each: list[Watched], floor_ratio: float, agent_ratio: float) -> str:
    seconds, cpu = median(one.seconds for one in each), median(one.cpu_seconds for one in each)
    memory = max(one.octets for one in each) / 1e6
    shown = f"{memory:.0f}" if memory else ""
    ratios = f"{floor_ratio:.1f} | {agent_ratio:.1f}"
    return f"| {name} | {seconds:.1f} | {cpu:.1f} | {shown} | {ratios} |"


def _ratio(ones: list[float], others: list[float]) -> float:
    return median(one / other for one, other in zip(ones, others, strict=True))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-indexers", action="store_true", help="they take minutes")
    given = parser.parse_args()
    with mailbox(given.letters) as box:
        found = rounds(box, given.rounds)
        indexed = {}
        for client in () if given.without_indexers else INDEXERS:
            if shutil.which(client.run.__name__):
                indexed[client] = client.run(box)
    print(f"First read of {given.letters:,} letters, cold, median of {given.rounds} rounds\n")
    print("\n".join(table(found, indexed)))


if __name__ == "__main__":
    main()
