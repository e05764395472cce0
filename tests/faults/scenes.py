"""What a fault comes upon: a mailbox on a real server, and what we hold of it already."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from installations import AS_OF, Installation, deliver, exchange, install, mailbox_entry, sample
from servers import Delivery, DovecotServer, second_pair_of_eyes

from faults.proxy import Proxy
from faults.runs import SECRET, ended, forked, job


@dataclass(frozen=True)
class Scene:
    """An installation as it was before the fault, and the job that the fault comes upon."""

    name: str
    place: Installation
    server: DovecotServer
    job: str = "poll"


def crash_scenes(top: Path, server: DovecotServer) -> list[Scene]:
    """The four jobs that are killed, each with a mailbox of its own of some 30 letters."""
    return [
        _first(top, server),
        _incremental(top, server),
        _anew(top, server),
        _publish(top, server),
    ]


def warmed_up(top: Path, server: DovecotServer) -> None:
    """One poll in this very process, so that those forked from it have no more to import."""
    mine = server.with_fresh_user()
    deliver(mine, _letters())
    job(_installed(top, "warm", mine), "poll", mine.password)


def _letters() -> list[Delivery]:
    begin = AS_OF - timedelta(days=40)
    globex = exchange("globex.example", 9, begin)
    initech = exchange("initech.example", 7, begin + timedelta(hours=3))
    archived = [one._replace(folder="Archive") for one in exchange("umbra.example", 4, begin)]
    marked = globex[-1]._replace(flags=("\\Seen", "$NoReplyNeeded"))
    return [*globex[:-1], marked, *initech, *archived, *sample(10)]


def _installed(top: Path, name: str, server: DovecotServer, **changes: object) -> Installation:
    entry = mailbox_entry(server, **{"sent": ["Sent"], **changes})  # type: ignore[arg-type]
    entry = re.sub(r"password = .*", f'password = {{ env = "{SECRET}" }}', entry)
    more = '[measures]\nno_reply_needed = { keyword = "$NoReplyNeeded" }\n'
    return install(top / name, entry, more=more)


def _polled(place: Installation, server: DovecotServer) -> None:
    log = place.top / "log"
    end = ended(forked(lambda: job(place, "poll", server.password), log))
    if end.code:
        raise RuntimeError(f"an undisturbed poll ended with {end.code}: {log.read_text()}")


def _first(top: Path, server: DovecotServer) -> Scene:
    mine = server.with_fresh_user()
    deliver(mine, _letters())
    return Scene("first sync", _installed(top, "first", mine), mine)


def _incremental(top: Path, server: DovecotServer) -> Scene:
    """Some letters are new since the last poll, one got the team's mark, one was deleted."""
    mine, letters = server.with_fresh_user(), _letters()
    deliver(mine, letters[::2])
    place = _installed(top, "incremental", mine)
    _polled(place, mine)
    deliver(mine, letters[1::2])
    with second_pair_of_eyes(mine) as connection:
        connection.select("INBOX")
        connection.store("1", "+FLAGS", "($NoReplyNeeded)")
        connection.store("2", "+FLAGS", "(\\Deleted)")
        connection.expunge()
    return Scene("incremental sync", place, mine)


def _anew(top: Path, server: DovecotServer) -> Scene:
    """Sent and Archive were deleted and made anew: other UIDVALIDITY, other uids."""
    mine, letters = server.with_fresh_user(), _letters()
    deliver(mine, letters)
    place = _installed(top, "anew", mine)
    _polled(place, mine)
    with second_pair_of_eyes(mine) as connection:
        for folder in ("Sent", "Archive"):
            connection.delete(folder)
            connection.create(folder)
    deliver(mine, [one for one in reversed(letters) if one.folder in ("Sent", "Archive")])
    return Scene("UIDVALIDITY changed", place, mine)


def _publish(top: Path, server: DovecotServer) -> Scene:
    mine = server.with_fresh_user()
    deliver(mine, _letters())
    place = _installed(top, "publish", mine)
    _polled(place, mine)
    return Scene("publish (rebuild)", place, mine, job="rebuild")


def short_session(top: Path, server: DovecotServer, proxy: Proxy) -> Scene:
    """One folder, in which one letter is new."""
    mine, letters = server.with_fresh_user(), exchange("globex.example", 3, AS_OF - timedelta(9))
    letters = [one._replace(folder="INBOX") for one in letters]
    deliver(mine, letters[:-1])
    place = _installed(top, "short", mine, port=proxy.port, folders=["INBOX"], sent=["INBOX"])
    with proxy.running():
        _polled(place, mine)
    deliver(mine, letters[-1:])
    return Scene("short session", place, mine)


def long_session(top: Path, server: DovecotServer, proxy: Proxy) -> Scene:
    """A first sync of some 30 letters in all folders."""
    mine = server.with_fresh_user()
    deliver(mine, _letters())
    return Scene("long session", _installed(top, "long", mine, port=proxy.port), mine)


def mailbox_state(server: DovecotServer) -> list[object]:
    """Every folder's counts, UIDNEXT and UIDVALIDITY, and every letter's flags but ``\\Recent``."""
    found: list[object] = []
    with second_pair_of_eyes(server) as connection:
        names = [
            line.split(b' "/" ')[1] for line in connection.list()[1] if isinstance(line, bytes)
        ]
        for name in sorted(names):
            asked = "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)"
            found.append(connection.status(name.decode(), asked))
            connection.select(name.decode(), readonly=True)
            found.append(_flags(connection.uid("FETCH", "1:*", "(FLAGS RFC822.SIZE)")[1]))
    return found


def _flags(lines: Sequence[object]) -> list[bytes]:
    return [
        re.sub(rb"\\Recent ?", b"", line).replace(b" )", b")")
        for line in lines
        if isinstance(line, bytes)
    ]
