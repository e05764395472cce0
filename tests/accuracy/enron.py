"""Mail without a single reference: are replies joined to what they answer, by subject alone?

The judge is the text that a reply quotes: it names the author, the date and the subject of the
letter that is answered, and the product never sees it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from accuracy.corpus import FETCHED
from accuracy.draws import Tally, draw, tally, verdicts
from accuracy.enron_replies import Box, Reply, boxes, replies
from accuracy.hints import HINTS, Change, change_by, hint_table
from accuracy.judges import numbered
from accuracy.markdown import table
from accuracy.section import Section
from accuracy.tables import by_number, classes, share, tally_cells
from inbox_agent.addresses import Roster
from inbox_agent.copies import by_partner
from inbox_agent.letters import Letter, letters_of
from inbox_agent.standards import Cuts
from inbox_agent.subjects import GENERIC_SUBJECTS
from inbox_agent.threads import threads_of

CUTS = Cuts()
REOPEN_AFTER = timedelta(seconds=CUTS.reopen_after_seconds)
ENRON = Roster(team_domains=frozenset({"enron.com"}))
LINKS_DRAWN = 200


# -- what the product makes of it -----------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """The replies of one population, those in their parent's conversation, and why not the rest.

    `misled`: replies joined by subject to a letter that the quotations do not connect with the
    parent; of these some are right all the same, as not every letter quotes.
    """

    replies: int
    together: int
    missed: Mapping[str, int]
    by_subject: int
    misled: int

    @property
    def share(self) -> float:
        """The share of the replies that are in their parent's conversation."""
        return self.together / self.replies if self.replies else 1.0


def found_in(records: Iterable[tuple[Sequence[Letter], Sequence[Reply]]]) -> Found:
    """Look for each reply in the conversations of its record."""
    total, together, by_subject, misled = 0, 0, 0, 0
    missed = Counter[str]()
    for letters, known in records:
        threads = threads_of(letters, CUTS)
        thread = numbered([x.key for x in group] for group in threads.groups)
        chain = _chains(known)
        for reply in known:
            link = threads.links[reply.letter.key]
            total += 1
            is_together = thread[reply.letter.key] == thread[reply.parent.key]
            together += is_together
            if not is_together:
                missed[why_missed(reply, is_joined=link.parent is not None)] += 1
            if link.how == "subject":
                by_subject += 1
                misled += chain.get(link.parent) != chain[reply.letter.key]
    return Found(total, together, missed, by_subject, misled)


def _chains(known: Sequence[Reply]) -> dict[str | None, str]:
    """By letter key the oldest letter that quotations lead to."""
    parent = {reply.letter.key: reply.parent.key for reply in known}
    chain: dict[str | None, str] = {}
    for start in {*parent, *parent.values()}:
        key, seen = start, {start}
        while key in parent and parent[key] not in seen:
            key = parent[key]
            seen.add(key)
        chain[start] = key
    return chain


def why_missed(reply: Reply, *, is_joined: bool) -> str:
    """The first reason that holds for which a reply is not with its parent."""
    letter, parent = reply.letter, reply.parent
    subject = letter.threading_subject
    reasons = (
        ("changed subject", subject.base != parent.threading_subject.base),
        ("no reply prefix", not subject.is_reply),
        ("empty subject", not subject.base),
        ("subject shorter than 6 characters", len(subject.base) < 6),
        ("generic subject", subject.base in GENERIC_SUBJECTS),
        ("dated before its parent", letter.instant < parent.instant),
        ("later than reopen_after", letter.instant - parent.instant > REOPEN_AFTER),
        ("joined to another thread of the same subject", is_joined),
        ("no common address", True),
    )
    return next(name for name, holds in reasons if holds)


def by_owner(box: Box, known: Sequence[Reply]) -> list[tuple[Sequence[Letter], Sequence[Reply]]]:
    """The mailbox as the record of one partner: everybody but its owner."""
    return [(box.letters, known)]


def by_company(box: Box, known: Sequence[Reply]) -> list[tuple[Sequence[Letter], Sequence[Reply]]]:
    """The records as the product makes them: us is enron.com, each outside company a partner."""
    copies = list({id(f): f.copy for f in box.filed.values()}.values())
    records = []
    for key, theirs in sorted(by_partner(copies, ENRON).items()):
        letters = letters_of(ENRON.partner(key), theirs, ENRON, FETCHED)
        here = {letter.key: letter for letter in letters}
        inside = [
            Reply(here[r.letter.key], here[r.parent.key])
            for r in known
            if r.letter.key in here and r.parent.key in here
        ]
        records.append((letters, inside))
    return records


# -- the section ----------------------------------------------------------------------------


def measure(corpora: Path) -> Section:
    """Replies found by subject alone, and links drawn by lot."""
    read = [(box, *replies(box)) for box in boxes(corpora)]
    found = {
        "one partner": found_in(r for box, known, _ in read for r in by_owner(box, known)),
        "companies": found_in(r for box, known, _ in read for r in by_company(box, known)),
    }
    changes = {hint: [change_by(box.letters, hint) for box, _, _ in read] for hint in HINTS}
    verdict = subject_verdict(changes["subject"])
    fates = sum((fate for _, _, fate in read), Counter[str]())
    return Section(
        title="Replies without references",
        text=_text(found, fates, changes, verdict),
        figures={
            "replies": found["one partner"].replies,
            "together": found["one partner"].share,
            "together_companies": found["companies"].share,
            "replies_companies": found["companies"].replies,
            "subject_links_read": verdict.read,
            "subject_links_wrong": verdict.wrong_share,
        },
    )


def subject_verdict(changes: Iterable[Change]) -> Tally:
    """What is known of the links by subject drawn by lot."""
    links = (link for change in changes for link in change.joined)
    return tally(draw(links, LINKS_DRAWN), verdicts("subject_links.tsv"))


def _text(
    found: Mapping[str, Found],
    fates: Mapping[str, int],
    changes: Mapping[str, Sequence[Change]],
    verdict: Tally,
) -> str:
    missed = sorted({why for one in found.values() for why in one.missed})
    links = sum(len(change.joined) for change in changes["subject"])
    parts = (
        _JUDGE,
        table(("letters", "number"), [(fate, f"{n:,}") for fate, n in by_number(fates)]),
        _POPULATIONS,
        table(_COLUMNS, [(name, *_cells(one)) for name, one in found.items()]),
        "Why the others are not with their parent, the first reason that holds:",
        table(
            ("reason", *found),
            [(why, *(one.missed.get(why, 0) for one in found.values())) for why in missed],
        ),
        "What the hints change in the first kind of record, each taken alone:",
        hint_table({"Enron": changes}),
        _LINKS.format(links=links, drawn=LINKS_DRAWN),
        table(("right", "wrong", "unclear", "not read"), [tally_cells(verdict)]),
        classes(verdict),
    )
    return "\n\n".join(parts).strip()


def _cells(found: Found) -> tuple[str, ...]:
    counts = (f"{n:,}" for n in (found.replies, found.together, found.by_subject, found.misled))
    replies, together, by_subject, misled = counts
    return (replies, together, share(found.share), by_subject, misled)


_COLUMNS = ("record", "replies", "with the parent", "share", "by subject", "misled")

_JUDGE = """\
Five business mailboxes of 1997-2002 whose letters have neither References nor In-Reply-To. The
judge is the text that a reply quotes, which the product never sees: `-----Original Message-----`
with From, Sent and Subject below it, or the author and the date as Lotus Notes writes them. The
parent is the one letter in the same mailbox with that author, base subject and minute."""

_POPULATIONS = """\
`one partner`: each mailbox as one record, us is its owner and everybody else the partner, as most
of this mail is between colleagues. `companies`: us is enron.com, each outside company or private
address a partner, as the product takes it. `by subject`: replies joined by subject; `misled`:
those of them joined to a letter that the quotations do not connect with the parent (not all of
these are wrong: not every letter quotes)."""

_LINKS = """\
Of the {links:,} links by subject in the first kind of record {drawn} were drawn by lot and the
subject and the beginning of both letters read. `right`: one exchange; `unclear`: the text does
not tell."""
