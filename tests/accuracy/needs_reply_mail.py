"""The asks of real mailboxes, what was judged of each, and whether it was answered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time
from pathlib import Path

from made_asks import asks_of

from accuracy.corpus import EVERYBODY, FETCHED, Filed, read_file
from accuracy.enron_replies import read_box
from inbox_agent.addresses import Roster
from inbox_agent.business_clock import BusinessClock, Clocks, Terms
from inbox_agent.conversations import conversations_of
from inbox_agent.copies import by_partner
from inbox_agent.letters import Letter, letters_of
from inbox_agent.needs_reply import SIGNS, Past
from inbox_agent.standards import Cuts, Standards
from inbox_agent.text_signs import signs_of_letter

_WEEK = ("mon", "tue", "wed", "thu", "fri")
_CLOCK = BusinessClock.make("UTC", _WEEK, [(time(9), time(17))], None, ())
TERMS = Terms(Standards(), Clocks(_CLOCK, _CLOCK), Cuts())
LIST = Roster(
    team_domains=frozenset({"microsoft.com"}),
    lists=frozenset({"linux-hyperv@vger.kernel.org"}),
)
USERS = ("corman-s", "lenhart-m", "lucci-p", "watson-k", "whitt-m")
YEARS = ("2021", "2022")


@dataclass(frozen=True, repr=False)
class Found:
    """What was judged of an ask."""

    verdict: str
    likelihood: float
    counts: Mapping[str, int]


@dataclass(frozen=True, repr=False)
class Asked:
    """An ask that was received, by header fields alone and with its text; nothing of its words.

    `year` is the one in which its conversation began, so that no conversation is in two of them.
    """

    mailbox: str
    year: int
    conversation: str
    responder: str
    is_first: bool
    answered: bool
    by_header: Found
    with_text: Found

    def found(self, how: str) -> Found:
        """By header fields, or with the text."""
        return self.with_text if how == "text" else self.by_header

    @property
    def adds_little(self) -> bool:
        """Whether its likelihood alone decides: nothing else says that it wants an answer."""
        return self.by_header.counts["adds_little"] > 0


def business_mail(corpora: Path, users: Collection[str] = USERS) -> list[Asked]:
    """Whole business mailboxes: us is the owner, everybody else is one partner."""
    found = []
    for user in users:
        box = read_box(corpora / "enron" / user)
        found += _asked(f"Enron, {user}", EVERYBODY, box.letters, lambda x, b=box: b.filed[x.key])
    return found


def list_mail(corpora: Path, years: Iterable[str] = YEARS) -> list[Asked]:
    """A list as the mail of one company with each of the others; both must have written."""
    folder = corpora / "lists" / "linux-hyperv"
    read = [filed for year in years for filed in read_file(folder / f"{year}.mbox.gz")]
    filed = {each.copy.message_id: each for each in read}
    copies = [replace(each.copy, is_sent_copy=_is_ours(each)) for each in read]
    found = []
    for key, theirs in sorted(by_partner(copies, LIST).items()):
        letters = letters_of(LIST.partner(key), theirs, LIST, FETCHED)
        if len({letter.side for letter in letters if letter.counts}) == 2:
            found += _asked("linux-hyperv", key, letters, lambda x: filed[min(x.message_ids)])
    return found


def _is_ours(filed: Filed) -> bool:
    return filed.copy.from_ is not None and LIST.is_us(filed.copy.from_)


def _asked(
    mailbox: str, partner: str, letters: Sequence[Letter], filed: Callable[[Letter], Filed]
) -> list[Asked]:
    """All asks with sane clocks that were received; they are long past, so none is open."""
    conversations = conversations_of(partner, letters, TERMS.cuts)
    asks = asks_of(conversations, TERMS, FETCHED)
    asking = {ask.letter.key for ask in asks}
    read = [_with_text(x, filed(x)) if x.key in asking else x for x in letters]
    past = Past.of(conversations, TERMS.cuts)
    past_with_text = Past.of(conversations_of(partner, read, TERMS.cuts), TERMS.cuts)
    began = {c.key: c.counting[0].instant.year for c in conversations if c.counting}
    return [
        Asked(
            mailbox=mailbox,
            year=began[ask.conversation],
            conversation=ask.conversation,
            responder=ask.responder,
            is_first=ask.is_first,
            answered=ask.outcome == "answered",
            by_header=_found(ask.letter, past),
            with_text=_found(ask.letter, past_with_text),
        )
        for ask in asks
        if ask.outcome != "void" and not ask.is_clock_conflict
    ]


def _found(letter: Letter, past: Past) -> Found:
    judgement = past.judged(letter, is_settled=False)
    counts = {s.name: n for s, n in zip(SIGNS, past.counts[letter.key], strict=True)}
    return Found(judgement.verdict, judgement.likelihood, counts)


def _with_text(letter: Letter, filed: Filed) -> Letter:
    signs = signs_of_letter(filed.block + filed.body, frozenset({"en"}))
    return replace(letter, text_signs=signs)
