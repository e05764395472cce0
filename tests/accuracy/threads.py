"""Threads by reference against two programs that thread the same letters; what our hints change.

The bare graph (no hint) is on trial: References and In-Reply-To, nothing else. All letters of a
list are taken as one partner's, as whose letter it is must not matter here.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from servers import DovecotServer, find_dovecot, running_dovecot

from accuracy.corpus import Filed, as_one_partner, read_file, words_around_ids
from accuracy.draws import Joined, Tally, draw, tally, verdicts
from accuracy.hints import HINTS, Change, change_by, hint_table, thread_numbers
from accuracy.judges import (
    Agreement,
    agreement,
    deliver,
    dovecot_threads,
    find_notmuch,
    notmuch_threads,
    numbered,
)
from accuracy.markdown import table
from accuracy.section import Section
from accuracy.tables import Row, agreement_table, classes, tally_cells
from inbox_agent.letters import Letter

LINKS_DRAWN = 100
LABELLED = "thread_links.tsv"


@dataclass(frozen=True)
class Mail:
    """Letters of one source as one partner's, and the copies they were read from."""

    name: str
    filed: Sequence[Filed] = field(repr=False)

    @cached_property
    def letters(self) -> tuple[Letter, ...]:
        """Its letters, oldest first."""
        return as_one_partner([letter.copy for letter in self.filed])

    @cached_property
    def firsts(self) -> dict[int, Letter]:
        """The letter by the place of its first copy; later copies stand for nothing new."""
        named: dict[str, list[Letter]] = defaultdict(list)
        for letter in self.letters:
            for name in letter.message_ids:
                named[name].append(letter)
        places: dict[str, tuple[int, Letter]] = {}
        for place, filed in enumerate(self.filed):
            found = named[filed.copy.message_id]
            same = [x for x in found if x.at == filed.copy.received_at] or found
            places.setdefault(same[0].key, (place, same[0]))
        return dict(places.values())


def hyperv(corpora: Path, years: Sequence[str] = ("2021", "2022")) -> Mail:
    """The list linux-hyperv: many companies and programs, references in nearly every letter."""
    folder = corpora / "lists" / "linux-hyperv"
    return Mail("linux-hyperv", [x for y in years for x in read_file(folder / f"{y}.mbox.gz")])


def old_lists(corpora: Path) -> Mail:
    """The wanted mail of SpamAssassin's collection: 2002, many programs that are gone now."""
    files = sorted((corpora / "spamassassin").glob("*.mbox.gz"))
    return Mail("spamassassin", [x for file in files for x in read_file(file)])


# -- the judges -----------------------------------------------------------------------------


def against_dovecot(mail: Mail, threads: Sequence[Sequence[int]]) -> Agreement:
    """Our bare graph against threads of uids; the first letter has uid 1."""
    numbers = thread_numbers(mail.letters)
    ours = {place + 1: numbers[letter.key] for place, letter in mail.firsts.items()}
    return agreement(ours, numbered(threads))


def against_notmuch(letters: Sequence[Letter], threads: Sequence[Sequence[str]]) -> Agreement:
    """Our bare graph against threads of Message-IDs; an id stands for the first that has it."""
    numbers = thread_numbers(letters)
    ours: dict[str, int] = {}
    for letter in letters:
        for name in letter.message_ids:
            ours.setdefault(name, numbers[letter.key])
    return agreement(ours, numbered(threads))


@contextmanager
def dovecot_here() -> Iterator[DovecotServer]:
    """A Dovecot of our own, in a folder that its user can reach."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as name:
        Path(name).chmod(0o755)
        with running_dovecot(Path(name)) as server:
            yield server


@dataclass(frozen=True)
class Judged:
    """What each judge says of one source; None where its program is missing."""

    refs: Agreement | None
    references: Agreement | None
    notmuch: Agreement | None
    steps: Sequence[tuple[str, Agreement]] = ()


def judge(mail: Mail, server: DovecotServer | None) -> Judged:
    """Ask every judge that is there."""
    refs, references = ask_dovecot(mail, server) if server else (None, None)
    notmuch, steps = ask_notmuch(mail) if find_notmuch() else (None, ())
    return Judged(refs, references, notmuch, steps)


def ask_dovecot(mail: Mail, server: DovecotServer) -> tuple[Agreement, Agreement]:
    """By references alone, and with its merging by subject."""
    user = deliver(server, [letter.block for letter in mail.filed])
    refs, references = (
        against_dovecot(mail, dovecot_threads(user, algorithm))
        for algorithm in ("REFS", "REFERENCES")
    )
    return refs, references


def ask_notmuch(mail: Mail) -> tuple[Agreement, Sequence[tuple[str, Agreement]]]:
    """As it is, and, if there are pairs that we lack, with its reasons taken away."""
    with tempfile.TemporaryDirectory(prefix="notmuch-") as top:
        threads = notmuch_threads(Path(top), [letter.block for letter in mail.filed])
    found = against_notmuch(mail.letters, threads)
    reasons = _REASONS if found.both < found.theirs else ()
    return found, [
        (name, against_notmuch(_changed(mail, change), threads)) for name, change in reasons
    ]


# -- why notmuch differs --------------------------------------------------------------------


def _changed(mail: Mail, change: Callable[[Filed], Filed]) -> tuple[Letter, ...]:
    return as_one_partner([change(letter).copy for letter in mail.filed])


def _last_of_words(filed: Filed) -> Filed:
    """In-Reply-To means the last id where words stand around it."""
    ids = words_around_ids(filed.block)
    return replace(filed, copy=replace(filed.copy, in_reply_to=ids[-1])) if ids else filed


def _both_fields(filed: Filed) -> Filed:
    """In-Reply-To links beside References, not only in their place."""
    copy = _last_of_words(filed).copy
    if not copy.references or not copy.in_reply_to:
        return replace(filed, copy=copy)
    return replace(filed, copy=replace(copy, references=(*copy.references, copy.in_reply_to)))


#: Each takes away one more reason for which notmuch and the product differ.
_REASONS: tuple[tuple[str, Callable[[Filed], Filed]], ...] = (
    ("without (a)", _last_of_words),
    ("without (a) and (b)", _both_fields),
)


# -- the section ----------------------------------------------------------------------------


def measure(corpora: Path) -> Section:
    """The bare graph against the judges, and the hints by eye."""
    sources = [hyperv(corpora), old_lists(corpora)]
    with dovecot_here() if find_dovecot() else nullcontext() as server:
        judged = {mail.name: judge(mail, server) for mail in sources}
    changes = {mail.name: {h: [change_by(mail.letters, h)] for h in HINTS} for mail in sources}
    drawn = draw(_links(changes), LINKS_DRAWN)
    known = verdicts(LABELLED)
    tallies = {hint: tally([x for x in drawn if x.how == hint], known) for hint in HINTS}
    verdict = tally(drawn, known)
    return Section(
        title="Threads by reference",
        text=_text(judged, changes, {**tallies, "together": verdict}),
        figures={
            **_figures(judged["linux-hyperv"]),
            "thread_links_read": verdict.read,
            "thread_links_wrong": verdict.wrong_share,
        },
    )


def _links(changes: Mapping[str, Mapping[str, Sequence[Change]]]) -> Iterator[Joined]:
    for by_hint in changes.values():
        for found in by_hint.values():
            for change in found:
                yield from change.joined


def _figures(judged: Judged) -> dict[str, float]:
    named = {"dovecot": judged.refs, "notmuch": judged.notmuch}
    return {
        f"{name}_{which}": getattr(found, which)
        for name, found in named.items()
        if found
        for which in ("precision", "recall")
    }


def _text(
    judged: Mapping[str, Judged],
    changes: Mapping[str, Mapping[str, Sequence[Change]]],
    tallies: Mapping[str, Tally],
) -> str:
    rows = [
        Row(name, program, found)
        for name, by in judged.items()
        for program, found in (
            ("Dovecot `THREAD=REFS`", by.refs),
            ("notmuch", by.notmuch),
            *((f"notmuch, {reason}", found) for reason, found in by.steps),
            ("Dovecot `THREAD=REFERENCES`", by.references),
        )
    ]
    eye = [(hint, *tally_cells(found)) for hint, found in tallies.items()]
    return "\n\n".join(
        (
            _JUDGES,
            agreement_table(rows),
            _DIFFERENCES,
            _HINTS,
            hint_table(changes),
            _EYE,
            table(("hint", "right", "wrong", "unclear", "not read"), eye),
            classes(tallies["together"]),
        )
    ).strip()


_JUDGES = """\
All letters of a list are taken as one partner's record and threaded by References and
In-Reply-To alone. Two programs that know nothing of this one thread the same letters. Compared
are the pairs of letters that stand in one thread: precision is the share of our pairs that the
judge has too, recall the share of the judge's that we have. `THREAD=REFERENCES` also joins all
that have the same subject, which we never do; it is shown and not aimed at."""

_DIFFERENCES = """\
What differs, by cause (the examples are made up; `without (a)` takes the cause away):

- (a) **In-Reply-To with words in it**: `Message from Ann Lee <ann@acme.example> of "22 Aug"
  <1@acme.example>`. Who takes the first `<…@…>` takes the writer's address for the id of a
  letter: the answer stands alone, and answers to two letters of Ann's stand together. Dovecot
  takes the first, notmuch the last.
- (b) **In-Reply-To beside References**: a letter says `References: <1@acme.example>` and
  `In-Reply-To: <2@acme.example>`. RFC 5256 §3 looks at References alone, notmuch at both.
- (c) **Addresses among the ids**: notmuch goes on to link by every `<…@…>` of In-Reply-To, the
  address of the writer too, and so joins whatever answers the same person. This is what is left
  of the judge's pairs that we do not have.
- (d) **One letter, two Message-IDs**: what was sent twice with the same author, second,
  recipients and subject is one letter here. Where somebody answered the second id, we join what
  notmuch keeps apart. These are the pairs of ours that notmuch does not have.
- (e) **Older references against a letter's own**: letter 3 says `References: <1@acme.example>
  <2@acme.example>`, but letter 2 says `In-Reply-To: <0@acme.example>`. RFC 5256 §3 keeps the
  parent that 2 names, and so 1 apart from 2 and 3; here who is named together is together.
  With (a) these are the pairs of ours that Dovecot does not have."""

_HINTS = """\
What the hints beside the references change, each taken alone:"""

_EYE = f"""\
Of these links {LINKS_DRAWN} were drawn by lot and the subject and the beginning of both letters
read. `right`: one exchange (for `split`: two); `unclear`: the text does not tell."""
