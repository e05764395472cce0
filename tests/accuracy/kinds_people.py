"""Are people taken for people? 300 letters that were read for who wrote them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from accuracy.kinds_mail import Sample, file_samples, kind_of, lists_of, people
from accuracy.markdown import table

_KINDS = ("human", "auto_reply", "bounce", "receipt", "calendar", "list", "bulk", "system")
_HOW_PEOPLE_WERE_DRAWN = """\
300 letters were drawn by a seed, letters that are there twice once: 60 of torture/torture, 40 of
mined, 60 of the easy and 30 of the hard letters of spamassassin, 50 of linux-hyperv, 12 of each of
the five mailboxes of enron. A person's post to a public list is `list` by rule: it is no letter to
the team. Where the team names the list as its own it is the person's."""


@dataclass(frozen=True)
class Person:
    """A letter of the sample that was read: its label, and its kind by both readings.

    `named` is the kind when a list post's list is the team's own; else the same as `kind`.
    """

    stratum: str
    name: str
    label: str
    kind: str
    named: str


def people_read(corpora: Path) -> list[Person]:
    """The letters of people.tsv; those whose file has changed are missing from it."""
    wanted = defaultdict[str, dict[str, tuple[str, str]]](dict)
    for (file, digest), row in people().items():
        wanted[file][digest] = row
    found = []
    for file, rows in sorted(wanted.items()):
        kept: dict[str, Sample] = {}
        if (corpora / file).is_file():
            kept = {sample.digest: sample for sample in file_samples(corpora, corpora / file)}
        for digest, (stratum, label) in rows.items():
            if digest in kept:
                found.append(_person(kept[digest], stratum, label))
    return found


def _person(sample: Sample, stratum: str, label: str) -> Person:
    kind = kind_of(sample)
    is_post = label == "list_post"
    named = kind_of(sample, lists_of(sample.block)) if is_post else kind
    return Person(stratum, sample.name, label, kind, named)


def called_automatic(read: Iterable[Person]) -> list[str]:
    """Letters by people that are not human though the list they came through is the team's."""
    ours = (person for person in read if person.label in ("person", "list_post"))
    return sorted(person.name for person in ours if person.named != "human")


def people_figures(read: Sequence[Person]) -> dict[str, float]:
    personal = [x for x in read if x.label == "person"]
    posts = [x for x in read if x.label == "list_post"]
    return {
        "people_called_automatic": len(called_automatic(read)) / (len(personal) + len(posts)),
        "personal_letters_called_automatic": sum(x.kind != "human" for x in personal)
        / len(personal),
        "posts_called_list_or_human": sum(x.kind in ("list", "human") for x in posts) / len(posts),
    }


def people_text(read: Sequence[Person]) -> str:
    both = Counter((x.label, x.kind) for x in read)
    labels = sorted({x.label for x in read})
    rows = [(label, *(both[label, kind] or "" for kind in _KINDS)) for label in labels]
    named = Counter(x.named for x in read if x.label == "list_post")
    figures = people_figures(read)
    return (
        f"{_HOW_PEOPLE_WERE_DRAWN}\n\n"
        + table(("by eye \\ product", *_KINDS), rows)
        + f"\n\nWith their list named as the team's, of the {named.total()} posts to lists"
        f" {named['human']} are human. Of letters by people"
        f" {figures['people_called_automatic']:.1%} are called automatic."
    )
