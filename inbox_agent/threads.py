"""One partner's letters to threads, and by what each letter came to its thread.

Threads are found by the reference graph, by union-find with ghosts for letters we do not hold,
so that a parent that comes late joins its threads whatever the order of arrival. What programs
that write no references leave (Thread-Index, a ticket number, at last the subject) are hints, and
each can be switched off.

| RFC 5256 §3, THREAD=REFERENCES | here |
|---|---|
| (1) Message-IDs compared in normal form | covered, see `header_cleaning` |
| (1) References, else the first valid In-Reply-To | covered |
| (1) a Message-ID met twice: the later one gets a unique one | covered; references mean the first |
| (1) (A) links between neighbouring references | covered as far as who is with whom |
| (1) (B) parent is the last reference | divergence: In-Reply-To first, as it names one letter |
| (1) loops | covered: the link of the oldest letter on the loop is left out |
| (2), (3) dummies | covered: ghosts join letters and are never shown |
| (4) sort by sent date | divergence: by the instant of arrival, parents first |
| (5) gather by base subject | divergence: only answers without references, recent, same people |
| (6) siblings by date | covered |
| another subject under another's References | divergence: begins a thread, without In-Reply-To |
| THREAD=ORDEREDSUBJECT | out of scope |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import Literal

from inbox_agent.letters import Letter
from inbox_agent.standards import Cuts
from inbox_agent.thread_hints import HintName, author_of_letter, hinted

How = Literal["in_reply_to", "references", "split"] | HintName

#: What is looked at beside the reference graph.
ALL_HINTS = frozenset({"split", "thread_index", "ticket", "subject"})


@dataclass(frozen=True, slots=True)
class Link:
    """How a letter came to its conversation: which letter it answers there, and by what sign.

    `parent` is the letter it answers, by its key. `how` (published as link) says by what:
    in_reply_to, references, thread_index (Outlook), ticket, subject, or split. It is empty for the
    letter that begins its conversation, and references without a parent where only letters that are
    not held join it. `split_from` is the letter whose conversation it left, where it was begun by
    answering an old letter about something else.
    """

    parent: str | None = None
    how: How | None = None
    split_from: str | None = None


_BEGINS, _JOINED = Link(), Link(how="references")


@dataclass(frozen=True, slots=True)
class Threads:
    """A partition of letters; `links` and `cites` are by letter key.

    `cites` gives the held letters that a letter names, likeliest first: In-Reply-To, then
    References from the last on.
    """

    groups: list[list[Letter]]
    links: Mapping[str, Link]
    cites: Mapping[str, tuple[Letter, ...]]


def threads_of(letters: Iterable[Letter], cuts: Cuts, using: frozenset[str] = ALL_HINTS) -> Threads:
    """The threads within one partner, oldest first; so are the letters in each.

    The result is a function of the set of letters: neither their order nor the way they came
    changes anything. `using` names the hints that are taken; without any it is the bare graph
    of References and In-Reply-To.
    """
    ordered = sorted(letters, key=attrgetter("order"))
    owner = _owners(ordered)
    cites = {letter.key: _cited(letter, owner) for letter in ordered}
    splits = dict(_splits(ordered, cites)) if "split" in using else {}
    is_citing = {key for key, cited in cites.items() if cited}
    reopen_after = timedelta(seconds=cuts.reopen_after_seconds)
    hints = hinted(ordered, is_citing, reopen_after, using)
    graph = _Graph(owner, cites, splits, hints)
    groups = _groups(ordered, graph)
    links = {key: link for group in groups for key, link in _links(group, graph).items()}
    return Threads(groups, links, cites)


@dataclass(frozen=True, slots=True)
class _Graph:
    """What is known of who belongs to whom; all but `owner` by letter key."""

    owner: Mapping[str, Letter]
    cites: Mapping[str, Sequence[Letter]]
    splits: Mapping[str, Letter]
    hints: Mapping[str, tuple[Letter, HintName]]


# -- the reference graph --------------------------------------------------------------------


def _owners(ordered: Iterable[Letter]) -> dict[str, Letter]:
    """Message-ID to the letter it names; met in several letters, it names the first of them."""
    owner: dict[str, Letter] = {}
    for letter in ordered:
        for name in letter.message_ids:
            owner.setdefault(name, letter)
    return owner


def _references(letter: Letter) -> tuple[str, ...]:
    if letter.references:
        return letter.references
    return (letter.in_reply_to,) if letter.in_reply_to else ()


def _cited(letter: Letter, owner: Mapping[str, Letter]) -> tuple[Letter, ...]:
    """The held letters it says it answers, likeliest first: In-Reply-To, last of References."""
    names = (letter.in_reply_to or "", *reversed(letter.references))
    held = [owner[name] for name in names if name and name in owner]
    return tuple([other for other in held if other.key != letter.key])


def _splits(
    ordered: Iterable[Letter], cites: Mapping[str, Sequence[Letter]]
) -> Iterator[tuple[str, Letter]]:
    """Letters that took an old letter to write to its people about something else, and that one.

    Programs write In-Reply-To when somebody answers; References alone with another subject are
    left over from a letter that was edited as new. Not so where the subject says that it answers
    or forwards, or is the old one with something added; nor where somebody refers to a letter of
    his own: programs send the parts of a series with References alone.
    """
    for letter in ordered:
        subject = letter.threading_subject
        last = next(iter(cites[letter.key]), None)
        is_edited = letter.in_reply_to is None and not (subject.is_reply or subject.is_forward)
        if last is None or not is_edited or author_of_letter(letter) == author_of_letter(last):
            continue
        if _are_apart(subject.base, last.threading_subject.base):
            yield letter.key, last


def _are_apart(one: str, other: str) -> bool:
    """Whether two base subjects are of different things: neither is empty or part of the other."""
    return one not in other and other not in one


def _linking(letter: Letter, graph: _Graph) -> tuple[str, ...]:
    """Its references, from the last one on that names a letter which left its thread."""
    names = _references(letter)
    if not graph.splits:
        return names
    if letter.key in graph.splits:
        return ()
    for place in range(len(names) - 1, -1, -1):
        named = graph.owner.get(names[place])
        if named and named.key in graph.splits:
            return names[place:]
    return names


def _groups(ordered: Sequence[Letter], graph: _Graph) -> list[list[Letter]]:
    """The letters that are joined by anything; letters and ghosts have nodes of their own."""
    leader = {letter.key: letter.key for letter in ordered}

    def find(node: str) -> str:
        above = leader.setdefault(node, node)
        while above != node:
            leader[node] = node = leader[above]
            above = leader[node]
        return node

    for letter in ordered:
        for node in _joined_to(letter, graph):
            leader[find(letter.key)] = find(node)
    groups: dict[str, list[Letter]] = defaultdict(list)
    for letter in ordered:
        groups[find(letter.key)].append(letter)
    return list(groups.values())


def _joined_to(letter: Letter, graph: _Graph) -> Iterator[str]:
    """The nodes of what it is joined to: keys of letters, and the names of ghosts."""
    for name in _linking(letter, graph):
        named = graph.owner.get(name)
        yield named.key if named else f"ghost {name}"
    if letter.key in graph.hints:
        yield graph.hints[letter.key][0].key


# -- links within a thread ------------------------------------------------------------------


def _links(group: Sequence[Letter], graph: _Graph) -> dict[str, Link]:
    """By what each letter came to its thread; following the parents never leads round."""
    here = {letter.key for letter in group}
    links = {letter.key: _link(letter, here, graph) for letter in group}
    parents: Mapping[str, str | None] = {key: link.parent for key, link in links.items()}
    if not is_parents_first(group, links):
        parents = _without_loops(group, parents)
    roots = [letter.key for letter in group if parents[letter.key] is None]
    for key in roots:
        if links[key].how != "split":
            links[key] = _BEGINS if key == roots[0] else _JOINED
    return links


def is_parents_first(group: Iterable[Letter], links: Mapping[str, Link]) -> bool:
    """Whether each letter stands after its parent, as nearly all do that are sorted by time."""
    before: set[str | None] = {None}
    for letter in group:
        if links[letter.key].parent not in before:
            return False
        before.add(letter.key)
    return True


def _link(letter: Letter, here: Collection[str], graph: _Graph) -> Link:
    """The letter it is split from; or the likeliest it cites of those here, or what a hint says."""
    if letter.key in graph.splits:
        return Link(how="split", split_from=graph.splits[letter.key].key)
    for cited in graph.cites[letter.key]:
        if cited.key in here:
            is_answer = letter.in_reply_to and graph.owner.get(letter.in_reply_to) is cited
            return Link(cited.key, "in_reply_to" if is_answer else "references")
    hinted, how = graph.hints.get(letter.key, (None, None))
    return Link(hinted.key, how) if hinted else _BEGINS


def _without_loops(
    group: Sequence[Letter], parents: Mapping[str, str | None]
) -> dict[str, str | None]:
    """The parents less the one of the oldest letter on each loop."""
    age = {letter.key: i for i, letter in enumerate(group)}
    kept = dict(parents)
    settled: set[str] = set()
    for letter in group:
        path: list[str] = []
        on_path: set[str] = set()
        key: str | None = letter.key
        while key is not None and key not in settled and key not in on_path:
            path.append(key)
            on_path.add(key)
            key = kept[key]
        if key is not None and key in on_path:
            kept[min(path[path.index(key) :], key=age.__getitem__)] = None
        settled |= on_path
    return kept
