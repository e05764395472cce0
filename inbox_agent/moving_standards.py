"""Whether enough is answered in time, judged anew out of the published asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, cast

from inbox_agent.addresses import Side
from inbox_agent.catalogue.model import OF_A_PARTNER
from inbox_agent.causes import Cause, Dates, evidence_of
from inbox_agent.causes_in_standards import causes_in_standards
from inbox_agent.kept_answers import AnswerStandard, KeptStandard, Now, answers_kept
from inbox_agent.kept_standards import answer_standards
from inbox_agent.moving_asks import Moment, letters_of_asks
from inbox_agent.published_asks import AskingLetter, PublishedAsk
from inbox_agent.published_parts import Parts
from inbox_agent.response_times import Ask

# all of it stands in the index of a partner's asks
_PROMISED = (
    "select response, asked_at, due_at, met_standard from response_times"  # noqa: S608
    f" where partner = ? and {OF_A_PARTNER} and responder = ? and counts = 1"
    " and due_at is not null order by asked_at"
)
_SUGGESTED = "select suggested from standards where partner = ? and standard = ?"


@dataclass(frozen=True, slots=True)
class _Promised:
    """An ask with a due time that is in the figures, as far as its standard looks at it."""

    key: str
    responder: Side
    asked_at: datetime
    due_at: datetime
    met_standard: bool | None
    letter: AskingLetter
    #: Of one that is answered it is known whether that was in time.
    answered_at: ClassVar[None] = None
    is_in_figures: ClassVar[bool] = True


def standards_now(
    parts: Parts, moment: Moment, asks: Sequence[PublishedAsk]
) -> Iterator[KeptStandard]:
    """Those that are others than before, as an ask that they are judged by was missed."""
    us = moment.terms.clocks.us
    now = Now(us, moment.terms.cuts.window_days, moment.until)
    missed = {
        ask.responder
        for ask in asks
        if ask.has_moved and ask.met_standard is False
        if ask.is_in_figures and ask.asked_at < now.midnight(0)
    }
    for held in answer_standards(moment.terms.standards):
        is_unknown = moment.summary.is_blind and held.responder == "us"
        if held.responder in missed and not is_unknown:
            promised = _promised(parts, moment, held)
            ((suggested,),) = parts.db.execute(_SUGGESTED, (moment.key, held.name))
            kept = answers_kept(cast("Sequence[Ask]", promised), held, now)
            yield replace(kept, suggested=suggested)


def _promised(parts: Parts, moment: Moment, held: AnswerStandard) -> Sequence[_Promised]:
    """In the order of their letters; of two of one instant that is told by their keys."""
    rows = parts.db.execute(_PROMISED, (moment.key, held.responder)).fetchall()
    times = Counter(at for _, at, _, _ in rows)
    letters = letters_of_asks(parts, [key for key, at, _, _ in rows if times[at] > 1])
    found = []
    for key, asked, due, met in rows:
        asked_at, due_at = datetime.fromisoformat(asked), datetime.fromisoformat(due)
        is_over = met is None and moment.until > due_at
        is_met = False if is_over else None if met is None else bool(met)
        alone = AskingLetter("", (False, asked_at.timestamp(), ""))
        letter = letters.get(key, alone)
        found.append(_Promised(key, held.responder, asked_at, due_at, is_met, letter))
    return sorted(found, key=lambda ask: ask.letter.order)


def causes_beside(moment: Moment, standards: Sequence[KeptStandard]) -> tuple[Cause, ...]:
    """The causes that lie in no ask, those in some standards as these are now."""
    proofs = {evidence_of("standards", kept.standard) for kept in standards}
    others = (cause for cause in moment.summary.causes if cause.evidence not in proofs)
    return *others, *causes_in_standards(standards, Dates(moment.terms.clocks.us, moment.until))
