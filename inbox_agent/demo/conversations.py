"""What the team and one partner write in eighteen months, conversation by conversation."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inbox_agent.demo import phrases
from inbox_agent.demo.cast import TEAM_DOMAIN
from inbox_agent.demo.scene import DAYS, answer, opening
from inbox_agent.demo.working_hours import after_working_hours, writing_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from inbox_agent.demo.note import Note, Person
    from inbox_agent.demo.scene import Scene, Side

_TURNS = (1, 2, 3, 4, 5, 6, 7)
_TURN_WEIGHTS = (2, 10, 22, 26, 20, 12, 8)
_NUDGE_AFTER_HOURS = 14.0
#: How many sentences a letter that wants an answer has; so many that it is far from a thank-you.
_SENTENCES = {"plain": (20, 28), "html": (14, 20), "alternative": (10, 15)}


def partnership(scene: Scene) -> Iterator[Note]:
    """The scene's ordinary conversations, until the partnership falls quiet or the sample ends."""
    rng, manner = scene.rng, scene.manner
    at = scene.as_of - timedelta(days=DAYS) + timedelta(days=rng.uniform(0, manner.every_days))
    last_at = scene.as_of - timedelta(days=manner.quiet_days)
    while at < last_at:
        side: Side = "them" if rng.random() < manner.they_open else "us"
        zone = scene.someone(side, at).zone
        begins_at = writing_instant(at, rng.uniform(0, 8), zone, rng)
        yield from (note for note in conversation(scene, side, begins_at) if note.sent_at < last_at)
        at += timedelta(days=manner.every_days * rng.gammavariate(4, 0.25))


def conversation(scene: Scene, side: Side, at: datetime) -> list[Note]:
    """From the first letter to the last, turn about; some are left without an answer."""
    notes = [opening(scene, side, at, scene.subject(at))]
    turns = scene.rng.choices(_TURNS, _TURN_WEIGHTS)[0]
    for turn in range(1, turns):
        side = "us" if side == "them" else "them"
        reply = _next_turn(scene, notes, side, is_last=turn == turns - 1)
        if reply is None:
            return notes
        notes.append(reply)
    return notes


def _next_turn(scene: Scene, notes: list[Note], side: Side, *, is_last: bool) -> Note | None:
    """The answer to the last letter, after the reminders that come before it; None for none."""
    manner, ask = scene.manner, notes[-1]
    is_ignored = scene.rng.random() < (manner.our_silence if side == "us" else manner.their_silence)
    author = _answerer(scene, ask, side)
    at = writing_instant(
        ask.sent_at,
        200 if is_ignored else scene.wait_hours(side, ask.sent_at),
        author.zone,
        scene.rng,
    )
    notes.extend(_nudges(scene, ask, at))
    if is_ignored:
        return None
    language = scene.language(ask.subject)
    fresh = _closing(scene, language) if is_last else _content(scene, language)
    return answer(scene, notes[-1], author, at, fresh)


def _answerer(scene: Scene, ask: Note, side: Side) -> Person:
    """Mostly the one who was asked, if still there; else somebody of that side."""
    asked = [p for p in ask.to if (p.domain == TEAM_DOMAIN) == (side == "us")]
    someone = scene.someone(side, ask.sent_at)
    if not asked or scene.rng.random() < 0.2:
        return someone
    if side == "them" and scene.days_ago(ask.sent_at) <= asked[0].left_days_ago:
        return someone
    return scene.partner.owner if asked[0].name == "Acme Partnerships" else asked[0]


def _nudges(scene: Scene, ask: Note, before: datetime) -> list[Note]:
    """Reminders by the one who waits, each some days after the one before."""
    notes: list[Note] = []
    at = ask.sent_at
    language = scene.language(ask.subject)
    while len(notes) < 3 and scene.rng.random() < scene.manner.nudging:
        at = after_working_hours(
            at, _NUDGE_AFTER_HOURS * scene.rng.uniform(0.8, 1.8), ask.author.zone
        )
        if at >= before:
            break
        fresh = scene.rng.choice(phrases.NUDGES[language])
        notes.append(answer(scene, (notes or [ask])[-1], ask.author, at, fresh))
    return notes


def _content(scene: Scene, language: str) -> str:
    sentences = scene.rng.randrange(*_SENTENCES[scene.manner.packing])
    return phrases.paragraphs(language, sentences, scene.rng)


def _closing(scene: Scene, language: str) -> str:
    """A thank-you, or a short last word; neither needs an answer."""
    if scene.rng.random() < 0.7:
        return scene.rng.choice(phrases.CLOSERS[language])
    return phrases.paragraphs(language, 2, scene.rng)
