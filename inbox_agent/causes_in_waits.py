"""What waits, and who is silent: causes that lie in asks and in the rhythm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox_agent.addresses import Side
from inbox_agent.causes import Cause, CauseKind, Dates, Level, evidence_of
from inbox_agent.response_times import Ask
from inbox_agent.silence_gaps import Rhythm
from inbox_agent.survival import Figures
from inbox_agent.words import counted, spoken_span

#: An answer of ours that falls due within so long is to look at.
SOON = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A case of waiting: from when on it is a cause for the asks of one side, and how it is told.

    `since`: from when on an ask is a cause of this kind, None if never; `told` of one ask.
    """

    kind: CauseKind
    level: Level
    responder: Side
    since: Callable[[Ask], datetime | None]
    told: Callable[[Ask], str]


def late_after(ours: Figures) -> timedelta | None:
    """Where we promised nothing: the time within which we answer nine of ten asks.

    None where fewer than nine of ten are answered, or with fewer than 5 asks.
    """
    return None if ours.p90_seconds is None else timedelta(seconds=ours.p90_seconds)


def _cases(ours: Figures, theirs: Figures, dates: Dates) -> tuple[_Waiting, ...]:
    ours_usual, theirs_usual = _usually("we", ours), _usually("they", theirs)
    late = late_after(ours)

    def overdue(ask: Ask) -> datetime | None:
        return ask.due_at + _MOMENT if ask.due_at else None

    def due_soon(ask: Ask) -> datetime | None:
        is_over = ask.due_at is None or dates.as_of > ask.due_at
        return None if is_over or ask.due_at is None else ask.due_at - SOON + _MOMENT

    def unpromised(ask: Ask) -> datetime | None:
        return None if ask.due_at or late is None else ask.asked_at + late + _MOMENT

    return (
        _Waiting(
            "our_answer_overdue", "act", "us", overdue,
            lambda ask: f"They wrote {dates.ago(ask.asked_at)} and wait for our answer,"
            f" due {dates.time(_due(ask))}{ours_usual}.",
        ),
        _Waiting(
            "our_answer_due", "watch", "us", due_soon,
            lambda ask: f"They wrote {dates.ago(ask.asked_at)}; our answer is due"
            f" {dates.time(_due(ask))}.",
        ),
        _Waiting(
            "our_answer_late", "watch", "us", unpromised,
            lambda ask: f"They wrote {dates.ago(ask.asked_at)} and wait for our answer"
            f"{ours_usual}.",
        ),
        _Waiting(
            "their_answer_overdue", "watch", "them", overdue,
            lambda ask: f"We wrote {dates.ago(ask.asked_at)} and wait for their answer,"
            f" due {dates.time(_due(ask))}{theirs_usual}.",
        ),
    )  # fmt: skip


_MOMENT = timedelta(seconds=1)


def _due(ask: Ask) -> datetime:
    return ask.due_at or ask.asked_at


def _usually(who: str, found: Figures) -> str:
    """Of all asks, those without an answer included; nothing with fewer than 5."""
    if found.p50_reached is False:
        return f"; {who} answer fewer than half"
    took = found.p50_seconds
    return "" if took is None else f"; {who} usually answer in {spoken_span(took)}"


def causes_in_asks(
    asks: Iterable[Ask], ours: Figures, theirs: Figures, dates: Dates
) -> Iterator[Cause]:
    """An answer that is overdue, falls due within a day, or takes longer than nine of ten took."""
    waiting = [ask for ask in asks if ask.is_waiting(dates.as_of)]
    for case in _cases(ours, theirs, dates):
        for ask in waiting:
            since = case.since(ask) if ask.responder == case.responder else None
            if since is not None and dates.as_of >= since:
                proof = evidence_of("response_times", ask.key)
                key = ask.letter.key  # that of the ask goes with its conversation, and two may join
                yield Cause(case.kind, case.level, key, since, case.told(ask), proof)


# -- silence ------------------------------------------------------------------------------------


def causes_in_silence(rhythm: Rhythm, asks: Iterable[Ask], dates: Dates) -> Iterator[Cause]:
    """The open silence, once it has passed `watch_at` or `act_at`.

    Where an ask went unanswered and who was asked has not written since, that is said.
    """
    if not rhythm.gaps or rhythm.last_contact_at is None:
        return
    levels: tuple[tuple[Level, datetime | None, str], ...] = (
        ("act", rhythm.act_at, "Silent for far too long"),
        ("watch", rhythm.watch_at, "Silent for longer than usual"),
    )
    for level, since, how in levels:
        if since is not None and dates.as_of >= since:
            key, last = rhythm.gaps[-1].key, last_contact(rhythm, dates)
            is_odd = _is_longer_than_ever(rhythm, dates)
            said = how if is_odd else "Silent for longer than your standard allows"
            tail = _usual_rhythm(rhythm) if is_odd else ""
            unanswered = _unanswered(rhythm, asks, dates)
            because = f"{said}: {last[0].lower()}{last[1:]}{unanswered}{tail}."
            proof = evidence_of("silence_gaps", key)
            yield Cause("silence", level, key, since, because, proof)
            return


def _is_longer_than_ever(rhythm: Rhythm, dates: Dates) -> bool:
    """Whether it is the rhythm that says so; else a standard of the team's own does."""
    longest, last = rhythm.longest_before_working_days, rhythm.last_contact_at
    if longest is None or last is None:
        return False
    local, clock = dates.clock.local_date, dates.clock
    return clock.working_days(local(last), local(dates.as_of)) > longest


def _unanswered(rhythm: Rhythm, asks: Iterable[Ask], dates: Dates) -> str:
    """That the silence began with an ask nobody answered, given up on or not; nothing else."""
    last, who = rhythm.last_contact_at, rhythm.last_from
    found = [ask for ask in asks if ask.responder != who and _is_behind(ask, rhythm)]
    if not found or last is None:
        return ""
    latest = max(found, key=lambda ask: ask.letter.order)
    they, ours = ("they have", "our") if who == "us" else ("we have", "their")
    if latest.asked_at == last:
        return f", and {they} not answered it"
    return f"; {ours} ask of {dates.day(latest.asked_at)} is unanswered"


def _is_behind(ask: Ask, rhythm: Rhythm) -> bool:
    """Whether nobody answered it, and who was asked has not written since."""
    if not ask.is_unanswered:
        return False
    heard = rhythm.heard_at[-1:]
    is_unheard = ask.responder == "them" and not any(at >= ask.asked_at for at in heard)
    return is_unheard or rhythm.last_contact_at in (ask.asked_at, ask.last_nudge_at)


def last_contact(rhythm: Rhythm, dates: Dates) -> str:
    """``The last letter was ours, 5 weeks ago (5 May 2026)``."""
    if rhythm.last_contact_at is None:
        return "No contact yet"
    whose = "ours" if rhythm.last_from == "us" else "theirs"
    return f"The last letter was {whose}, {dates.ago(rhythm.last_contact_at)}"


def _usual_rhythm(rhythm: Rhythm) -> str:
    usual, longest = rhythm.usual_gap_working_days, rhythm.longest_before_working_days
    if usual is None or longest is None:
        return ""
    usually = f"usually it takes {counted(usual, 'working day')} to the next"
    return f"; {usually}, in the 12 months before never more than {longest}"
