"""Single scenes that are written by hand, so that every page of the demo has something to show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from inbox_agent.demo import phrases
from inbox_agent.demo.cast import (
    ALPENWERK,
    ANA,
    BLUEFJORD,
    FERRANTE,
    HARBOURLINE,
    JONAS,
    KESTREL,
    LARKFIELD,
    MERIDIAN,
    NORDLICHT,
    PINECREST,
    QUILLMARK,
    SAKURA,
    SHARED,
    TEAM_DOMAIN,
    TOM,
)
from inbox_agent.demo.machines import bounce
from inbox_agent.demo.note import Person
from inbox_agent.demo.scene import Scene, answer, base_subject, opening
from inbox_agent.demo.working_hours import last_working_instant, writing_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from inbox_agent.demo.cast import CastPartner
    from inbox_agent.demo.note import Note
    from inbox_agent.demo.scene import Side


@dataclass(frozen=True, slots=True)
class Waiting:
    """A letter that has no answer when the sample ends."""

    partner: CastPartner
    asked_by: Side
    days_ago: float
    subject: str


WAITING = (
    Waiting(PINECREST, "them", 16, "Redlines on the reseller agreement"),
    Waiting(PINECREST, "them", 9, "Sandbox keys for the new connector?"),
    Waiting(PINECREST, "them", 4, "Quote for Copperfield Bank, 240 seats"),
    Waiting(QUILLMARK, "them", 6, "Who signs the co-marketing budget?"),
    Waiting(NORDLICHT, "them", 1.2, "Rückfrage zur Preisliste, Staffel 3"),
    Waiting(KESTREL, "them", 0.2, "Speaker for the lens summit"),
    Waiting(MERIDIAN, "us", 19, "Store pilot: dates and contacts"),
    Waiting(MERIDIAN, "us", 8, "Renewal of the framework contract"),
    Waiting(HARBOURLINE, "us", 7, "Port of Brisbane roll-out plan"),
    Waiting(HARBOURLINE, "us", 3, "Forecast for the southern region"),
    Waiting(ALPENWERK, "us", 5, "Gemeinsame Preisliste, Entwurf"),
    Waiting(SAKURA, "us", 1.5, "Connector translation, last strings"),
)


def waiting(scenes: dict[str, Scene]) -> Iterator[Note]:
    """The letters of WAITING, each in working hours so many days before the end, or just before."""
    for case in WAITING:
        scene = scenes[case.partner.name]
        at = scene.as_of - timedelta(days=case.days_ago)
        note = opening(scene, case.asked_by, at, case.subject)
        yield replace(note, sent_at=last_working_instant(at, note.author.zone))


def introductions(scenes: dict[str, Scene]) -> Iterator[Note]:
    """A partner's person brings in a colleague in Cc, who then takes it up."""
    for partner, host, guest, days_ago in (
        (BLUEFJORD, 0, 1, 280),
        (KESTREL, 1, 2, 25),
        (PINECREST, 2, 1, 323),
    ):
        scene = scenes[partner.name]
        newcomer = partner.people[guest]
        at = writing_instant(
            scene.as_of - timedelta(days=days_ago + 2), 1, newcomer.zone, scene.rng
        )
        first = replace(
            opening(scene, "them", at, f"Introducing {newcomer.name}"),
            author=partner.people[host],
            to=(partner.owner,),
            cc=(newcomer, SHARED) if partner.owner.address != SHARED.address else (newcomer,),
        )
        yield first
        fresh = phrases.paragraphs("en", 10, scene.rng)
        hello = answer(scene, first, newcomer, at + timedelta(hours=20), fresh)
        yield replace(hello, to=(partner.owner,), cc=(partner.people[host], SHARED))
        welcomed_at = writing_instant(hello.sent_at, 2, partner.owner.zone, scene.rng)
        yield answer(scene, hello, partner.owner, welcomed_at, "Welcome, good to have you with us.")


def first_meeting(as_of: datetime, seed: int) -> Iterator[Note]:
    """Kestrel's James brings the team together with a company it had never met; it comes back."""
    scene, nadia, james = Scene.of(LARKFIELD, as_of, seed), LARKFIELD.people[0], KESTREL.people[0]
    subject = f"Introducing {nadia.name} of {LARKFIELD.name}"
    at = writing_instant(as_of - timedelta(days=131), 1, james.zone, scene.rng)
    first = replace(
        opening(scene, "them", at, subject),
        message_id=scene.message_id(james.domain),
        author=james,
        to=(ANA,),
        cc=(nadia, SHARED),
        text=scene.body(james, ANA, phrases.paragraphs("en", 5, scene.rng), subject),
    )
    hello = replace(_answer_soon(scene, first, nadia), to=(ANA,), cc=(james, SHARED))
    welcome = replace(_answer_soon(scene, hello, ANA), to=(nadia,), cc=(SHARED,))
    at = writing_instant(as_of - timedelta(days=33), 3, nadia.zone, scene.rng)
    again = opening(scene, "them", at, "Pilot line in Leeds, dates and scope")
    again = replace(again, author=nadia, to=(ANA,), cc=(SHARED,))
    yield from (first, hello, welcome, again, _answer_soon(scene, again, ANA))


def _answer_soon(scene: Scene, asked: Note, author: Person) -> Note:
    at = writing_instant(asked.sent_at, 3, author.zone, scene.rng)
    return answer(scene, asked, author, at, phrases.paragraphs("en", 10, scene.rng))


def departures(scenes: dict[str, Scene]) -> Iterator[Note]:
    """Letters to somebody who has left come back; the same goes to the successor afterwards."""
    scene = scenes[ALPENWERK.name]
    gone, successor = ALPENWERK.people
    for days_ago in (198, 196, 193, 188, 181):
        at = writing_instant(scene.as_of - timedelta(days=days_ago), 1, JONAS.zone, scene.rng)
        yield from _returned(scene, gone, successor if days_ago < 190 else None, at)
    kestrel = scenes[KESTREL.name]
    james = KESTREL.people[0]
    typo = Person("James Whitlock", "jmaes.whitlock@kestrel-optics.example", james.zone)
    at = writing_instant(kestrel.as_of - timedelta(days=74), 1, JONAS.zone, kestrel.rng)
    yield from _returned(kestrel, typo, james, at)


def _returned(scene: Scene, gone: Person, successor: Person | None, at: datetime) -> Iterator[Note]:
    lost = replace(opening(scene, "us", at, scene.subject(at)), author=JONAS, to=(gone,), cc=())
    lost = replace(lost, message_id=scene.message_id(TEAM_DOMAIN))
    yield lost
    yield bounce(scene, lost)
    if successor is None:
        return
    again = replace(
        lost,
        message_id=scene.message_id(TEAM_DOMAIN),
        to=(successor,),
        sent_at=at + timedelta(minutes=25),
    )
    yield again
    heard_at = writing_instant(again.sent_at, 3, successor.zone, scene.rng)
    yield answer(scene, again, successor, heard_at, phrases.paragraphs("en", 3, scene.rng))


def joint_threads(scenes: dict[str, Scene]) -> Iterator[Note]:
    """Conversations with two partners in To, who both answer all."""
    for days_ago, pair in (
        (390, (KESTREL, QUILLMARK)),
        (150, (KESTREL, QUILLMARK)),
        (40, (NORDLICHT, KESTREL)),
    ):
        scene = scenes[pair[0].name]
        at = writing_instant(scene.as_of - timedelta(days=days_ago), 2, ANA.zone, scene.rng)
        both = tuple(partner.people_at(days_ago)[0] for partner in pair)
        first = replace(opening(scene, "us", at, "Joint webinar on data contracts"), author=ANA)
        last = replace(first, to=both, cc=(SHARED,))
        yield last
        for person, sentences in ((both[1], 9), (both[0], 9), (ANA, 1)):
            at = writing_instant(last.sent_at, scene.rng.uniform(1, 7), person.zone, scene.rng)
            fresh = phrases.paragraphs("en", sentences, scene.rng)
            last = answer(scene, last, person, at, fresh)
            yield last


def forwards(scenes: dict[str, Scene], notes: Iterable[Note]) -> Iterator[Note]:
    """Tom passes letters of partners on to Ana; to the partner that is no answer."""
    tom = scenes[QUILLMARK.name]
    for note in notes:
        if note.author.domain == TEAM_DOMAIN or tom.rng.random() > 0.025:
            continue
        forwarded = answer(tom, note, TOM, note.sent_at + timedelta(minutes=12), "One for you?")
        yield replace(
            forwarded,
            to=(ANA,),
            cc=(SHARED,),
            subject=f"Fwd: {base_subject(note.subject)}",
            is_unseen=False,
        )


def settled(notes: Iterable[Note]) -> Iterator[Note]:
    """Lucia Ferrante's short thanks carry the keyword by which the team marks what is settled."""
    for note in notes:
        is_thanks = note.author == FERRANTE.people[0] and len(note.references) >= 2
        yield replace(note, flags=("NoReplyNeeded",)) if is_thanks else note
