"""What joins letters whose programs left no references: Thread-Index, ticket numbers, subjects.

Every letter leaves names behind: its Thread-Index, its ticket numbers, its subject with the people
it went between. A letter that a hint may join goes to the latest earlier letter that left one of
the names it asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from inbox_agent.letters import Letter
from inbox_agent.subjects import GENERIC_SUBJECTS, ticket_numbers

_SHORTEST_SUBJECT = 6
_WEAK_SUBJECT_HOLDS = timedelta(days=7)

HintName = Literal["thread_index", "ticket", "subject"]
Name = tuple[str, ...]


def hinted(
    ordered: Sequence[Letter],
    is_citing: Collection[str],
    reopen_after: timedelta,
    using: frozenset[str],
) -> dict[str, tuple[Letter, HintName]]:
    """Letter key to the earlier letter it is joined to for want of references, and by what.

    `is_citing` are the keys of the letters that cite a held one. Of each name the latest letter
    is kept, so that nothing is searched for.
    """
    wanted = _Wanted.of([letter for letter in ordered if letter.key not in is_citing])
    using = using if wanted.has_tickets else using - {"ticket"}
    hints = [hint for hint in _hints(reopen_after) if hint.how in using]
    latest: dict[Name, Letter] = {}
    found: dict[str, tuple[Letter, HintName]] = {}
    for letter in ordered:
        joined = None if letter.key in is_citing else next(_joined(letter, hints, latest), None)
        if joined:
            found[letter.key] = joined
        for name in _left_by(letter, wanted):
            latest[name] = letter
    return found


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What may be asked for: whether any ticket's number, and which base subjects.

    Where everybody's program writes references that is next to nothing.
    """

    has_tickets: bool
    subjects: frozenset[str]

    @classmethod
    def of(cls, asking: Sequence[Letter]) -> _Wanted:
        """By the letters that a hint may join."""
        answering = (letter.threading_subject for letter in asking if _may_join_by_subject(letter))
        return cls(
            has_tickets=any(ticket_numbers(letter.subject) for letter in asking),
            subjects=frozenset(x.base for x in answering if x.is_reply or x.is_forward),
        )


@dataclass(frozen=True, slots=True)
class _Hint:
    """The names a letter asks for, which letters may ask, and how old a letter may be.

    Where `holds` is None it may be as old as it likes. Where it is not, `may_join` has to leave
    out letters without an instant.
    """

    how: HintName
    may_join: Callable[[Letter], bool]
    sought: Callable[[Letter], Iterable[Name]]
    holds: timedelta | None


def _hints(reopen_after: timedelta) -> tuple[_Hint, ...]:
    """All there are; the first that joins a letter decides."""
    return (
        _Hint("thread_index", _names_nothing, _thread_index_names, None),
        _Hint("ticket", _has_instant, _ticket_names, reopen_after),
        _Hint("subject", _has_ordinary_subject, _answered_names, reopen_after),
        _Hint("subject", _has_ordinary_subject, _people_names, reopen_after),
        _Hint("subject", _is_reply_with_weak_subject, _answered_names, _WEAK_SUBJECT_HOLDS),
    )


def _joined(
    letter: Letter, hints: Iterable[_Hint], latest: Mapping[Name, Letter]
) -> Iterator[tuple[Letter, HintName]]:
    """What each hint joins it to. A latest letter that is too old has no younger one beside it."""
    for hint in hints:
        if hint.may_join(letter):
            named = [latest[name] for name in hint.sought(letter) if name in latest]
            last = max(named, key=lambda other: other.order, default=None)
            if last and (hint.holds is None or letter.instant - last.instant <= hint.holds):
                yield last, hint.how


# -- which letters may join -----------------------------------------------------------------


def _names_nothing(letter: Letter) -> bool:
    return not letter.references and letter.in_reply_to is None


def _has_instant(letter: Letter) -> bool:
    return letter.at is not None


def _has_ordinary_subject(letter: Letter) -> bool:
    """A forward joins too: alone it would draw later replies away from where they belong."""
    subject = letter.threading_subject
    has_prefix = subject.is_reply or subject.is_forward
    return _may_join_by_subject(letter) and has_prefix and not _is_weak(subject.base)


def _is_reply_with_weak_subject(letter: Letter) -> bool:
    subject = letter.threading_subject
    return _may_join_by_subject(letter) and subject.is_reply and _is_weak(subject.base)


def _may_join_by_subject(letter: Letter) -> bool:
    return _names_nothing(letter) and _has_instant(letter)


def _is_weak(base: str) -> bool:
    return len(base) < _SHORTEST_SUBJECT or base in GENERIC_SUBJECTS


# -- names ----------------------------------------------------------------------------------


def _left_by(letter: Letter, wanted: _Wanted) -> Iterator[Name]:
    """All names by which later letters may find it."""
    yield from _thread_index_names(letter)
    if wanted.has_tickets:
        yield from _ticket_names(letter)
    if letter.threading_subject.base in wanted.subjects:
        yield from _exchange_names(letter)
        yield from _people_names(letter)


def _thread_index_names(letter: Letter) -> list[Name]:
    """Outlook's conversation ([MS-OXOMSG] §2.2.1.3) and the base subject."""
    if letter.thread_index is None:
        return []
    return [("thread_index", letter.thread_index, letter.threading_subject.base)]


def _ticket_names(letter: Letter) -> list[Name]:
    return [("ticket", number) for number in ticket_numbers(letter.subject)]


def _people_names(letter: Letter) -> list[Name]:
    """The base subject with each address on the partner's side that the letter is from or to."""
    author = author_of_letter(letter)
    people = letter.their_recipients
    if letter.side == "them" and author is not None:
        people |= {author}
    return [("with", letter.threading_subject.base, person) for person in people]


def _exchange_names(letter: Letter) -> Iterator[Name]:
    """From whom to whom the base subject went: what a letter that directly answers asks for.

    Of two letters between the sides only the partner's people have to fit: ours write from a
    shared mailbox. Within one side author and recipient have to fit both.
    """
    base, author = letter.threading_subject.base, author_of_letter(letter)
    if letter.side == "us":
        yield from (("to them", base, person) for person in letter.their_recipients)
    elif author is not None:
        yield ("from them", base, author)
    if author is not None:
        for person in _recipients(letter) - {author}:
            yield ("within", letter.side, base, author, person)


def _answered_names(letter: Letter) -> Iterator[Name]:
    """The exchange names of the letters that it directly answers."""
    base, author = letter.threading_subject.base, author_of_letter(letter)
    if letter.side == "us":
        yield from (("from them", base, person) for person in letter.their_recipients)
    elif author is not None:
        yield ("to them", base, author)
    if author is not None:
        for person in _recipients(letter) - {author}:
            yield ("within", letter.side, base, person, author)


def author_of_letter(letter: Letter) -> str | None:
    """The address of its author for comparing, None where it has none."""
    return letter.author.key if letter.author else None


def _recipients(letter: Letter) -> set[str]:
    return {address.key for address in (*letter.to, *letter.cc, *letter.bcc)}
