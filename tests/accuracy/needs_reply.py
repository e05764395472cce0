"""Does a letter need a reply: the likelihood against whether it was answered.

Whether somebody answered is known of every letter that is long past; the product's verdict knows
nothing of it. The weights are tried on mail they were not fitted on: for each mailbox they are
fitted anew on the other mailboxes, by the same signs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from accuracy.markdown import table
from accuracy.needs_reply_mail import Asked, business_mail, list_mail
from accuracy.roc import area, area_between
from accuracy.section import Section
from inbox_agent.needs_reply import SIGNS, UNLIKELY_BELOW

PUBLISHED = "Yang, Dumais, Bennett and Awadallah, SIGIR 2017"
NAMES = tuple(sign.name for sign in SIGNS)
POINTS = np.array([sign.points for sign in SIGNS], dtype=float)
_FOLLOWS = NAMES.index("follows")
_RIDGE = 1.0
_ROUNDS = 30


@dataclass(frozen=True, repr=False)
class Tried:
    """Asks with a score for each: higher is likelier to be answered."""

    asks: Sequence[Asked]
    scores: np.ndarray

    def only(self, mailboxes: Sequence[str], responder: str | None = None) -> Tried:
        """The asks of some mailboxes, and to one side."""
        kept = [
            i
            for i, ask in enumerate(self.asks)
            if ask.mailbox in mailboxes and responder in (None, ask.responder)
        ]
        return Tried([self.asks[i] for i in kept], self.scores[kept])

    @property
    def area(self) -> float:
        """The area under the ROC curve for "was answered"."""
        return area(self.scores, np.array([ask.answered for ask in self.asks]))

    @property
    def between(self) -> tuple[float, float]:
        """Its 95 % interval; conversations are drawn, as asks of one hang together."""
        groups = [f"{ask.mailbox} {ask.conversation}" for ask in self.asks]
        return area_between(self.scores, [ask.answered for ask in self.asks], groups)

    def __str__(self) -> str:
        low, high = self.between
        return f"{self.area:.3f} ({low:.3f}-{high:.3f})"


def matrix(asks: Sequence[Asked], *, with_text: bool) -> np.ndarray:
    """How often each sign holds for each ask."""
    counts = (ask.with_text.counts if with_text else ask.by_header.counts for ask in asks)
    return np.array([[found[name] for name in NAMES] for found in counts], dtype=float)


def by_product(asks: Sequence[Asked], *, with_text: bool = False) -> Tried:
    """With the weights of the product."""
    return Tried(asks, matrix(asks, with_text=with_text) @ POINTS)


def by_others(asks: Sequence[Asked], *, with_text: bool = False) -> Tried:
    """For each mailbox with weights fitted on all other mailboxes."""
    return _by_rest(asks, [ask.mailbox for ask in asks], with_text=with_text)


def by_other_years(asks: Sequence[Asked], *, with_text: bool = False) -> Tried:
    """For each year of each mailbox with weights fitted on all else: its other years, too."""
    return _by_rest(asks, [f"{ask.mailbox} {ask.year}" for ask in asks], with_text=with_text)


def _by_rest(asks: Sequence[Asked], parts: Sequence[str], *, with_text: bool) -> Tried:
    """For each part of the mail with weights fitted on the rest."""
    signs = matrix(asks, with_text=with_text)
    answered = np.array([ask.answered for ask in asks], dtype=float)
    mailbox, part = np.array([ask.mailbox for ask in asks]), np.array(parts)
    scores = np.zeros(len(asks))
    for name in sorted(set(parts)):
        own = part == name
        weights = fitted(signs[~own], answered[~own], mailbox[~own])
        scores[own] = signs[own] @ weights
    return Tried(asks, scores)


def fitted(signs: np.ndarray, answered: np.ndarray, mailbox: np.ndarray) -> np.ndarray:
    """The weights of a logistic regression with a small ridge, by Newton's method.

    Each mailbox has a level of its own, and one more for letters that are not the first of their
    exchange, shrunk towards the common one: how much of the mail is answered at all says nothing
    about which letters.
    """
    own = (mailbox[:, None] == np.unique(mailbox)[None, :]).astype(float)
    held = np.hstack([signs, 3 * own, 0.3 * own * signs[:, [_FOLLOWS]]])
    weights = np.zeros(held.shape[1])
    for _ in range(_ROUNDS):
        likely = 1 / (1 + np.exp(-held @ weights))
        slope = held.T @ (answered - likely) - _RIDGE * weights
        bend = (held.T * (likely * (1 - likely))) @ held + _RIDGE * np.eye(len(weights))
        weights += np.linalg.solve(bend, slope)
    return np.asarray(weights[: signs.shape[1]])


# -- the section ----------------------------------------------------------------------------


def measure(corpora: Path) -> Section:
    """Areas under the ROC curve, counts of each verdict, and what each sign is worth."""
    enron, hyperv = business_mail(corpora), list_mail(corpora)
    asks = [*enron, *hyperv]
    return Section(
        title="Does it need a reply",
        text="\n\n".join((_INTRODUCTION, _areas(asks), _VERDICTS, _verdicts(asks), _words(asks))),
        figures=figures(asks),
    )


def figures(asks: Sequence[Asked]) -> dict[str, float]:
    """The areas that the tests hold, by source, direction and what was read."""
    found = {}
    for how, with_text in (("header", False), ("text", True)):
        tried = by_others(asks, with_text=with_text)
        for source, names in sources(asks).items():
            found[f"{source} {how}"] = tried.only(names).area
            found[f"{source} {how}, asked of us"] = tried.only(names, "us").area
    tried = by_other_years(asks, with_text=True)
    for source, names in sources(asks).items():
        found[f"{source} text, by its other years"] = tried.only(names).area
        found[f"{source} text, by its other years, asked of us"] = tried.only(names, "us").area
    return found


def sources(asks: Sequence[Asked]) -> Mapping[str, Sequence[str]]:
    """The mailboxes by where the mail is from."""
    names = sorted({ask.mailbox for ask in asks})
    enron = [name for name in names if name.startswith("Enron")]
    return {
        source: found
        for source, found in (("Enron", enron), ("linux-hyperv", sorted(set(names) - set(enron))))
        if found
    }


_INTRODUCTION = f"""\
An ask is right to be called unlikely to get an answer when it got none. So the likelihood of every
ask is compared with whether it was answered within 30 days; the verdict never looks at that. The
area under the ROC curve is the chance that of an answered ask and an unanswered one the answered
one has the higher likelihood: 0.5 is guessing. For enterprise mail 0.72 is published, with the text
and much else ({PUBLISHED}). *Weights of others*: fitted on all mailboxes but the one they are tried
on. *Its other years, too*: with the text, fitted on all mail but one year of one mailbox and tried
on that year; a conversation is of the year in which it began. Weights of others know nothing of
lists, where only one is here; these know the list's other year. Which phrases say that a thing is
done, and how few words are a line or two, was chosen by looking at both years of the list, so even
this figure is not wholly from outside.
*Product's*: the rounded weights it has, by header fields, which were fitted on all of this mail. In
brackets: 95 % intervals, by drawing conversations. With the text: what `[read_text]` sees of it in
English.

The Enron mail is that of five people, mostly with colleagues: each mailbox is taken as the mail
between its owner (us) and everybody else (them). On linux-hyperv us is microsoft.com, the list is
one of its lists, and each outside company is a partner. Who answers there depends on who maintains
what; of asks of Microsoft alone header fields tell little, the text more."""

_VERDICTS = f"""\
How many asks got which verdict, and how many of them were answered. People often answer closing
lines, too; so what is called unlikely is not what gets no answer, but what gets one less often. An
ask that was answered no longer waits in any case; wrongly hidden are those of the rest that
somebody did wait for. How many those are, nobody knows; so first letters, questions, attachments
and what adds to the letter it answers always stay on the list. Below that, asks by header fields
that add little to the letter they answer, by where the line could be drawn: higher up nearly
everything is hidden, lower down most thanks at the end of short exchanges are on the list. At
{UNLIKELY_BELOW} (the product's) the end of a short exchange falls below the line, that of a long
one stays above it."""


def _areas(asks: Sequence[Asked]) -> str:
    header, text = by_others(asks), by_others(asks, with_text=True)
    tries = (header, text, by_other_years(asks, with_text=True), by_product(asks))
    rows: list[tuple[str, list[str], str | None]] = []
    for source, names in sources(asks).items():
        rows += [(name, [name], None) for name in names if len(names) > 1]
        together = f"{source}, together" if len(names) > 1 else source
        rows += [(together, list(names), None), (f"{together}: asked of us", list(names), "us")]
    fits = ("weights of others", "the same, with text", "its other years, too", "product's")
    head = ("mail", "asks", "answered", *fits)
    return table(head, [_area_row(name, [t.only(*w) for t in tries]) for name, *w in rows])


def _area_row(name: str, tried: Sequence[Tried]) -> tuple[str, ...]:
    asks = tried[0].asks
    answered = sum(ask.answered for ask in asks)
    return (name, f"{len(asks):,}", f"{answered:,}", *map(str, tried))


def _verdicts(asks: Sequence[Asked]) -> str:
    head = ("mail", "begins an exchange: yes", "goes on: yes", "goes on: unlikely")
    rows = [
        (f"{source}, {words}", *_by_verdict([a for a in asks if a.mailbox in names], how))
        for source, names in sources(asks).items()
        for how, words in (("header", "header fields"), ("text", "with the text"))
    ]
    lines = []
    for below in (0.3, 0.4, 0.5, UNLIKELY_BELOW, 0.6, 0.7):
        found = [(str(a.by_header.likelihood < below), a.answered) for a in asks if a.adds_little]
        lines.append((f"{below:.2f}", _share(found, "True"), _share(found, "False")))
    below = table(("line at", "below: answered", "from there on: answered"), lines)
    return f"{table(head, rows)}\n\n{below}"


def _by_verdict(asks: Sequence[Asked], how: str) -> tuple[str, ...]:
    found = [(f"{a.found(how).verdict} {a.by_header.counts['follows']}", a.answered) for a in asks]
    return tuple(_share(found, name) for name in ("yes 0", "yes 1", "unlikely 1"))


def _share(found: Sequence[tuple[str, bool]], verdict: str) -> str:
    of = Counter(answered for name, answered in found if name == verdict)
    number = of[True] + of[False]
    return f"{of[True]:,} of {number:,} ({of[True] / number:.0%})" if number else "0 of 0"


def _words(asks: Sequence[Asked]) -> str:
    """What each sign is worth: its points, and the areas without it."""
    signs, every = matrix(asks, with_text=True), by_product(asks, with_text=True)
    answered = np.array([ask.answered for ask in asks], dtype=float)
    fit = 100 * fitted(signs, answered, np.array([ask.mailbox for ask in asks]))
    rows = [("all signs", "", "", *_by_source(every))]
    for i, sign in enumerate(SIGNS):
        points = np.where(np.arange(len(SIGNS)) == i, 0, POINTS)
        without = Tried(asks, signs @ points)
        points_and_fit = (f"{sign.points:+d}", f"{fit[i]:+.0f}")
        rows.append((f"without: {sign.because}", *points_and_fit, *_by_source(without)))
    head = ("with the text", "points", "fitted", *sources(asks))
    return f"{_SIGNS}\n\n{table(head, rows)}\n\n{_LEFT_OUT}"


def _by_source(tried: Tried) -> list[str]:
    return [f"{tried.only(names).area:.3f}" for names in sources(tried.asks).values()]


_SIGNS = """\
What each sign is worth: the area without it, the product's other weights as they are. *Fitted* is
the weight from all of this mail at once, in the same hundredths. Two are not what the fit says: not
being the first has fewer points, as the lists and the mailboxes differ in it, and so a line or two
takes less, which only letters have that are not the first."""
_LEFT_OUT = """\
Tried and left out, as they told nothing more or told one mailbox from another: the hour and the
weekday, a letter's size against the usual one of its writer, whether its writer had sent the same
subject before, how quickly it answered, how many people had taken part. Attachments are too rare in
this mail to weigh; a letter with one is always asked about."""
