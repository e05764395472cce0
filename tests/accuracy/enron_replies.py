"""Business mailboxes without references, and which letter each reply says it answers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from accuracy.corpus import Filed, as_one_partner, read_file
from accuracy.quotes import Quotation, quoted_parent
from inbox_agent.letters import Letter
from inbox_agent.subjects import read_subject

PACIFIC = ZoneInfo("America/Los_Angeles")  # every Date of these files is in it
HELD = "parent held"
_WORD = re.compile(r"[^\W\d_]{2,}")
_ADDRESS = re.compile(r"[\w.+'&-]+@[\w-]+(?:\.[\w-]+)+")
_X_FROM = re.compile(rb"^X-From: *([^\n]*)$", re.M | re.I)
_NOT_A_NAME = re.compile(r"[<\[(/@].*")
#: Hours of the quoter's wall clock ahead of Pacific time: Houston, Denver and Portland; then
#: whatever else, as letters that came out of Lotus Notes are some hours off.
_USUAL_HOURS, _ODD_HOURS = (2, 1, 0), tuple(h for h in range(-8, 13) if h not in (0, 1, 2))
_MINUTES = timedelta(minutes=2)


@dataclass(frozen=True, repr=False)
class Box:
    """One person's mailbox as one partner's record, with the text of its letters by their keys."""

    name: str
    letters: tuple[Letter, ...]
    filed: Mapping[str, Filed]


@dataclass(frozen=True, repr=False)
class Reply:
    """A reply, and the letter in the same mailbox that it quotes first."""

    letter: Letter
    parent: Letter


def boxes(corpora: Path) -> list[Box]:
    """All mailboxes."""
    return [read_box(folder) for folder in sorted((corpora / "enron").iterdir())]


def read_box(folder: Path) -> Box:
    """One mailbox; copies in several folders are one letter.

    Us is the address that the mailbox sends from, everybody else is the partner.
    """
    filed = [
        letter
        for path in sorted(folder.glob("*.mbox.gz"))
        for letter in read_file(path, is_sent=path.name.startswith(("sent", "_sent")))
    ]
    sent = Counter(f.copy.from_.key for f in filed if f.copy.is_sent_copy and f.copy.from_)
    owner = [address for address, _ in sent.most_common(1)]
    letters = as_one_partner([f.copy for f in filed], us=owner)
    by_id = {f.copy.message_id: f for f in filed}
    return Box(folder.name, letters, {x.key: by_id[min(x.message_ids)] for x in letters})


def replies(box: Box) -> tuple[list[Reply], Counter[str]]:
    """The replies whose parent is known and held, and what became of the other letters.

    A reply is a person's letter without a forward prefix that quotes another letter first, and
    has a reply prefix or is by another person than the letter it quotes: who writes anew under
    a letter of his own begins something.
    """
    by_subject: dict[str, list[Letter]] = defaultdict(list)
    for letter in box.letters:
        by_subject[letter.threading_subject.base].append(letter)
    found, fates = [], Counter[str]()
    for letter in box.letters:
        quotation = quoted_parent(box.filed[letter.key].body.decode("latin-1"))
        if quotation is None or letter.threading_subject.is_forward or not letter.counts:
            fates["no reply, or quotes nothing"] += 1
            continue
        parents = _parents(letter, quotation, by_subject, box)
        fate = _fate(letter, quotation, parents)
        fates[fate] += 1
        if fate == HELD:
            found.append(Reply(letter, parents[0]))
    return found, fates


def _fate(letter: Letter, quotation: Quotation, parents: Sequence[Letter]) -> str:
    if quotation.written_at is None:
        return "date unreadable"
    if len(parents) != 1:
        return "several could be the parent" if parents else "parent not held"
    if letter.threading_subject.is_reply or not _is_by_same(letter, parents[0]):
        return HELD
    return "writes anew under an own letter"


def _is_by_same(letter: Letter, other: Letter) -> bool:
    return bool(letter.author and other.author and letter.author.key == other.author.key)


def _parents(
    letter: Letter, quotation: Quotation, by_subject: Mapping[str, list[Letter]], box: Box
) -> list[Letter]:
    """The letters that fit: author, base subject and minute; likelier time zones first."""
    if quotation.written_at is None or quotation.subject is None:
        return []
    base = read_subject(quotation.subject).base
    fitting = [
        other
        for other in by_subject.get(base, ())
        if other.key != letter.key and is_by(box.filed[other.key], quotation.author)
    ]
    for hours in (_USUAL_HOURS, _ODD_HOURS):
        at = [x for x in fitting if _is_written_at(x, quotation.written_at, hours)]
        if at:
            return at
    return []


def _is_written_at(letter: Letter, written_at: datetime, hours: Sequence[int]) -> bool:
    if letter.at is None:
        return False
    apart = written_at - letter.at.astimezone(PACIFIC).replace(tzinfo=None)
    return any(abs(apart - timedelta(hours=h)) <= _MINUTES for h in hours)


def is_by(filed: Filed, author: str) -> bool:
    """Whether a letter is by the person that a quotation names, by address or by name."""
    author = author.replace("mailto:", "")
    own = filed.copy.from_.key if filed.copy.from_ else ""
    if own in map(str.lower, _ADDRESS.findall(author)):
        return True
    x_from = _X_FROM.search(filed.block)
    shown = x_from[1].decode("latin-1") if x_from else ""
    words = _words(shown) | _words(own.partition("@")[0].replace("_", " "))
    quoted = _words(author)
    return bool(quoted) and len(quoted & words) >= min(2, len(quoted))


def _words(text: str) -> frozenset[str]:
    kept = _NOT_A_NAME.sub("", text) or text
    return frozenset(_WORD.findall(kept.lower()))
