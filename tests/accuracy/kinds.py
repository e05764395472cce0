"""Are kinds right? The product's verdicts beside labels made by eye."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from accuracy.kinds_mail import (
    UPSTREAM,
    Correction,
    Sample,
    bare,
    corrections,
    kind_of,
    label_of,
    samples,
)
from accuracy.kinds_people import Person, people_figures, people_read, people_text
from accuracy.kinds_reports import Reading, readings, without_address
from accuracy.markdown import table
from accuracy.section import Section

#: Kinds that few letters are, so that every letter the product takes for one was read.
RARE = ("bounce", "auto_reply", "receipt", "calendar")
JUDGED = (*RARE, "system", "human")


_WHAT_IS_MEASURED = """\
Each letter is read as a poll reads it: the kept fields of its header block, and no body. What it
is was decided by reading it, without the verdict: all letters of the folders that claim to hold
bounces, automatic replies, invitations and complaints; and of the others those that the product
takes for one of these or whose subject, sender or Content-Type reads like one. A
delayed warning and a report of success are delivery reports, too: kind `bounce`, though nothing
failed. A worm, fraud or advertising that poses as something else is none of it. The rules were
improved with their errors on these letters in view; on other mail they will do less well."""


@dataclass(frozen=True)
class Judged:
    """A letter, what it is by its folder and by eye, and what the product says."""

    sample: Sample
    upstream: str
    label: str
    kind: str


@dataclass(frozen=True)
class Score:
    """How many letters are of a kind, how many the product takes for it, how many are both."""

    labelled: int
    taken: int
    both: int

    @property
    def recall(self) -> float | None:
        """None where there is nothing to find."""
        return self.both / self.labelled if self.labelled else None

    @property
    def precision(self) -> float | None:
        """None where nothing was taken."""
        return self.both / self.taken if self.taken else None


def measure(corpora: Path) -> Section:
    """Every kind by every set, the corrections, the people, the bounced addresses."""
    return section_of(judged(corpora), people_read(corpora))


def section_of(letters: Sequence[Judged], read: Sequence[Person]) -> Section:
    """The same of letters that are judged already."""
    bounces = [letter.sample for letter in letters if letter.label == "bounce"]
    reports, left_out = readings(bounces)
    parts = [
        _WHAT_IS_MEASURED,
        "### By what the folders say\n\n" + _score_table(letters, by_eye=False),
        "### By eye\n\n" + _score_table(letters, by_eye=True),
        _errors_text(letters),
        "### Labels corrected\n\n" + _correction_table(corrections()),
        "### Letters by people\n\n" + people_text(read),
        "### Bounced addresses\n\n" + _report_text(reports, left_out),
    ]
    figures = {**_kind_figures(letters), **people_figures(read), **_report_figures(reports)}
    return Section("Kinds of letters", "\n\n".join(parts) + "\n", figures)


# -- every set ------------------------------------------------------------------------------


def judged(corpora: Path) -> list[Judged]:
    """Every letter of the sets that have labels, or whose rare kinds were read."""
    return [
        Judged(sample, sample.upstream, label_of(sample), kind_of(sample))
        for folder in UPSTREAM
        for sample in samples(corpora, folder)
    ]


def scores(letters: Iterable[Judged], *, by_eye: bool) -> dict[str, Score]:
    """By kind. What nobody labelled counts against a rare kind, else not at all.

    By the folders' names a set without a name (``-``) counts nowhere. Advertising and fraud
    count against a rare kind only: the product has no kind for them.
    """
    labelled, taken, both = Counter[str](), Counter[str](), Counter[str]()
    for letter in letters:
        label = letter.label if by_eye else letter.upstream
        if label in ("-", "spam") and not (by_eye and letter.kind in RARE):
            continue
        labelled[label] += 1
        taken[letter.kind] += 1
        both[label] += letter.kind == label
    return {kind: Score(labelled[kind], taken[kind], both[kind]) for kind in JUDGED}


def unlabelled(letters: Iterable[Judged]) -> list[str]:
    """The names of letters that the product takes for a rare kind and that nobody has read."""
    return sorted(x.sample.name for x in letters if x.kind in RARE and x.label == "-")


def wrong(letters: Iterable[Judged], kind: str) -> dict[str, list[str]]:
    """The letters of a kind that were missed, and those that were taken for it, by name."""
    missed = [x.sample.name for x in letters if x.label == kind != x.kind]
    false = [x.sample.name for x in letters if x.kind == kind != x.label]
    return {"missed": sorted(missed), "false": sorted(false)}


def _kind_figures(letters: Sequence[Judged]) -> dict[str, float]:
    by_eye = scores(letters, by_eye=True)
    notices = [x for x in letters if x.sample.name.startswith("mined/human-ooo-notice/")]
    human = [x for x in notices if x.label == "human"]
    feedback = [x for x in letters if x.sample.name.startswith("torture/feedback/")]
    figures = {
        "absence_notices_taken": sum(x.kind == "auto_reply" for x in human) / len(human),
        "feedback": float(len(feedback)),
        "feedback_called_human": float(sum(x.kind == "human" for x in feedback)),
    }
    for kind in RARE:
        figures[f"{kind}_recall"] = by_eye[kind].recall or 0.0
        figures[f"{kind}_precision"] = by_eye[kind].precision or 0.0
    return figures


# -- words ----------------------------------------------------------------------------------


def _score_table(letters: Sequence[Judged], *, by_eye: bool) -> str:
    """Every kind in each of the sets, then in all of them."""
    head = ("kind", "set", "letters", "taken for it", "rightly", "recall", "precision")
    of_set = {
        name: scores([x for x in letters if x.sample.name.startswith(f"{name}/")], by_eye=by_eye)
        for name in ("torture", "mined", "spamassassin")
    }
    of_set["all"] = scores(letters, by_eye=by_eye)
    rows = [
        (kind, name, x.labelled, x.taken, x.both, _share(x.recall), _share(x.precision))
        for kind in JUDGED
        for name, found in of_set.items()
        if (x := found[kind]).labelled or x.taken
    ]
    return table(head, rows)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _errors_text(letters: Sequence[Judged]) -> str:
    """What the tables don't say: absence notices, complaint reports, and what nobody could tell."""
    figures = _kind_figures(letters)
    notices = (
        f"- Of people's own notes of an absence {figures['absence_notices_taken']:.1%} are taken"
        " for automatic replies."
    )
    complaints = (
        "- Complaint reports (RFC 5965) have no kind of their own; by eye they are `system`."
        f" Of {figures['feedback']:.0f} {figures['feedback_called_human']:.0f} are called human."
    )
    lines = [notices, complaints]
    for kind in ("bounce", "auto_reply", "calendar"):
        errors = wrong(letters, kind)
        missed, false = errors["missed"], errors["false"]
        lines.append(
            f"- `{kind}`: {len(missed)} missed, of which the header block of"
            f" {sum(name in bare() for name in missed)} does not say what they are;"
            f" {len(false)} taken for it wrongly, of which"
            f" {sum(name in bare() for name in false)} pose as one (worms, challenges)."
        )
    return "\n".join(lines)


def _correction_table(found: Mapping[str, Correction]) -> str:
    """How many letters for each reason, then each file once."""
    reasons = Counter((x.upstream, x.kind, x.reason) for x in found.values())
    rows = [(n, *reason) for reason, n in sorted(reasons.items())]
    files = Counter(name.partition("#")[0] for name in found)
    named = "".join(f"\n- `{file}`" + (f": {n}" if n > 1 else "") for file, n in files.items())
    counts = table(("letters", "by its folder", "by eye", "reason"), rows)
    return f"{counts}\n\nIn these files (digests in `tests/accuracy/labels`):\n{named}"


def _report_figures(found: Sequence[Reading]) -> dict[str, float]:
    return {
        "reports_with_address": sum(x.gives_one for x in found) / len(found),
        "reports_with_every_address": sum(x.gives_all for x in found) / len(found),
        "reports_with_other_addresses": float(sum(x.gives_others for x in found)),
    }


def _report_text(found: Sequence[Reading], left_out: Counter[str]) -> str:
    figures = _report_figures(found)
    others = ", ".join(f"{reason}: {n}" for reason, n in sorted(left_out.items()))
    misses = "".join(f"\n- `{name}`" for name in without_address(found))
    return (
        f"Of {len(found)} bounces whose delivery-status part names an address"
        f" {figures['reports_with_address']:.3f} give one,"
        f" {figures['reports_with_every_address']:.3f} all of them;"
        f" {figures['reports_with_other_addresses']:.0f} give one that the part does not name."
        f" Left out: {others}." + (f" None from:\n{misses}" if misses else "")
    )
