"""What a hint beside the references does to the threads of some letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accuracy.draws import Joined
from accuracy.judges import agreement, numbered
from accuracy.markdown import table
from inbox_agent.letters import Letter
from inbox_agent.standards import Cuts
from inbox_agent.threads import threads_of

HINTS = ("split", "thread_index", "ticket", "subject")
BARE: frozenset[str] = frozenset()


def thread_numbers(letters: Sequence[Letter], using: frozenset[str] = BARE) -> dict[str, int]:
    """The number of its thread by letter key, as the product finds them."""
    groups = threads_of(letters, Cuts(), using=using).groups
    return {letter.key: number for number, group in enumerate(groups) for letter in group}


@dataclass(frozen=True, repr=False)
class Change:
    """What one hint does to the threads of one source: letters it moves, pairs it makes or ends."""

    joined: Sequence[Joined]
    made: int
    ended: int


def change_by(letters: Sequence[Letter], hint: str) -> Change:
    """The bare graph with one hint beside the bare graph alone."""
    threads = threads_of(letters, Cuts(), using=frozenset({hint}))
    by_key = {letter.key: letter for letter in letters}
    found = [
        Joined(by_key[key], by_key[other], hint)
        for key, link in threads.links.items()
        if link.how == hint and (other := link.split_from or link.parent)
    ]
    with_hint = numbered([letter.key for letter in group] for group in threads.groups)
    both = agreement(with_hint, dict(thread_numbers(letters)))
    return Change(found, made=both.ours - both.both, ended=both.theirs - both.both)


def hint_table(changes: Mapping[str, Mapping[str, Sequence[Change]]]) -> str:
    """By source and hint: letters moved, pairs of letters in one thread made and ended."""
    rows = [
        (
            source,
            hint,
            f"{sum(len(change.joined) for change in found):,}",
            f"{sum(change.made for change in found):,}",
            f"{sum(change.ended for change in found):,}",
        )
        for source, by_hint in changes.items()
        for hint, found in by_hint.items()
    ]
    return table(("mail", "hint", "letters moved", "pairs made", "pairs ended"), rows)
