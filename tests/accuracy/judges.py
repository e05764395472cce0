"""The threads that programs which know nothing of ours make of the same letters.

Dovecot threads by RFC 5256 over IMAP, notmuch by References and In-Reply-To together. Both get
header blocks without bodies: threads are made of headers alone.
"""

from __future__ import annotations

import imaplib
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from servers import Delivery, DovecotServer, second_pair_of_eyes

ARRIVED = datetime(2025, 1, 1, tzinfo=UTC)
#: A quoted or a bare id of notmuch's queries; in a quoted one a quote is written twice.
_ID = re.compile(r'id:(?:"((?:[^"]|"")*)"|([^\s"]+))')


# -- how far two divisions into threads agree -----------------------------------------------


@dataclass(frozen=True)
class Agreement:
    """Of the pairs of letters that are in one thread: how many of ours, of theirs, of both."""

    ours: int
    theirs: int
    both: int

    @property
    def precision(self) -> float:
        """The share of our pairs that the judge has too; 1 where there are none."""
        return self.both / self.ours if self.ours else 1.0

    @property
    def recall(self) -> float:
        """The share of the judge's pairs that we have too; 1 where there are none."""
        return self.both / self.theirs if self.theirs else 1.0


def agreement(ours: Mapping[Hashable, int], theirs: Mapping[Hashable, int]) -> Agreement:
    """Compare two divisions, each the thread's number by letter, over the letters in both."""
    common = [item for item in ours if item in theirs]
    return Agreement(
        ours=_pairs(Counter(ours[item] for item in common)),
        theirs=_pairs(Counter(theirs[item] for item in common)),
        both=_pairs(Counter((ours[item], theirs[item]) for item in common)),
    )


def _pairs(sizes: Mapping[object, int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


def numbered(threads: Iterable[Iterable[Hashable]]) -> dict[Hashable, int]:
    """The number of its thread by letter."""
    return {item: number for number, thread in enumerate(threads) for item in thread}


# -- Dovecot --------------------------------------------------------------------------------


def deliver(server: DovecotServer, blocks: Sequence[bytes]) -> DovecotServer:
    """A new user of `server` whose INBOX holds the letters; the first has uid 1."""
    user = server.with_fresh_user()
    user.deliver_many(Delivery("INBOX", block + b"\n", ARRIVED) for block in blocks)
    return user


def dovecot_threads(user: DovecotServer, algorithm: str) -> list[list[int]]:
    """The uids of each thread of INBOX, by ``THREAD`` (RFC 5256 §3).

    ``REFS`` is Dovecot's own: REFERENCES without the step that merges by subject.
    """
    with second_pair_of_eyes(user) as connection:
        connection.select("INBOX", readonly=True)
        # It asks nobody whether the algorithm is announced, and Dovecot doesn't announce it
        # before the login.
        kind, data = connection.uid("THREAD", algorithm, "UTF-8", "ALL")
    if kind != "OK":
        raise imaplib.IMAP4.error(data)
    return list(_thread_list(b"".join(part for part in data if part).decode("ascii")))


def _thread_list(text: str) -> Iterator[list[int]]:
    """The numbers within each outermost pair of brackets."""
    depth, begin = 0, 0
    for place, character in enumerate(text):
        if character == "(":
            depth += 1
            begin = place if depth == 1 else begin
        elif character == ")":
            depth -= 1
            if depth == 0:
                yield [int(uid) for uid in re.findall(r"\d+", text[begin:place])]


# -- notmuch --------------------------------------------------------------------------------


def find_notmuch() -> str | None:
    """The path of notmuch, or None."""
    return shutil.which("notmuch")


def notmuch_threads(top: Path, blocks: Sequence[bytes]) -> list[list[str]]:
    """The Message-IDs of each thread; `top` is an empty folder. Of equal ids it keeps one."""
    mail = top / "mail"
    mail.mkdir()
    for number, block in enumerate(blocks):
        (mail / f"{number:06d}.eml").write_bytes(block + b"\n")
    (top / "config").write_text(
        f"[database]\npath={mail}\n[user]\nname=Nobody\nprimary_email=nobody@example.org\n"
        "[new]\ntags=\n[maildir]\nsynchronize_flags=false\n"
    )
    _notmuch(top, "new", "--quiet")
    found = json.loads(_notmuch(top, "search", "--format=json", "--output=summary", "*"))
    return [list(_ids(" ".join(filter(None, thread["query"])))) for thread in found]


def _ids(query: str) -> Iterator[str]:
    for quoted, bare in _ID.findall(query):
        yield quoted.replace('""', '"') or bare


def _notmuch(top: Path, *arguments: str) -> str:
    environment = {**os.environ, "NOTMUCH_CONFIG": str(top / "config"), "HOME": str(top)}
    environment.pop("NOTMUCH_PROFILE", None)
    done = subprocess.run(
        ["notmuch", *arguments],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return done.stdout.decode("utf-8", "surrogateescape")
