"""Letters that no person wrote: absence notes, bounces, receipts, invitations, newsletters."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from inbox_agent.demo import phrases
from inbox_agent.demo.cast import BERLIN, LONDON, NEW_YORK, SHARED, TEAM_DOMAIN
from inbox_agent.demo.note import Mime, Note, Person
from inbox_agent.demo.scene import DAYS, answer, base_subject
from inbox_agent.demo.working_hours import writing_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from inbox_agent.demo.scene import Scene

DAEMON = Person("Mail Delivery System", f"mailer-daemon@{TEAM_DOMAIN}", BERLIN)


def absence_note(scene: Scene, asked: Note) -> Note:
    """What the mail program of somebody absent answers; Outlook says so in the subject alone."""
    absent, language = asked.to[0], scene.manner.language
    start, marks = _ABSENCE[language], (("Auto-Submitted", "auto-replied"), ("X-Autoreply", "yes"))
    by_outlook = scene.rng.random() < 0.5
    base = answer(scene, asked, absent, asked.sent_at, "")
    return replace(
        base,
        to=(asked.author,),
        cc=(),
        sent_at=asked.sent_at + timedelta(seconds=scene.rng.randrange(4, 50)),
        subject=f"{start}: {base_subject(asked.subject)}",
        text="I am out of the office and read my mail from Monday on.",
        headers=(("X-Auto-Response-Suppress", "All"),) if by_outlook else marks,
        mime=Mime(),
        return_path="" if by_outlook else None,
    )


_ABSENCE = {"en": "Automatic reply", "de": "Automatische Antwort", "ja": "自動応答"}


def bounce(scene: Scene, lost: Note) -> Note:
    """The report that `lost` could not be delivered (RFC 3464), by the team's own mail host."""
    address = lost.to[0].address
    return Note(
        message_id=scene.message_id(f"mx.{TEAM_DOMAIN}"),
        author=DAEMON,
        to=(lost.author,),
        cc=(),
        sent_at=lost.sent_at + timedelta(seconds=scene.rng.randrange(3, 90)),
        subject="Undelivered Mail Returned to Sender",
        text=f"<{address}>: 550 5.1.1 User unknown (in reply to RCPT TO command)",
        parent=lost,
        mime=Mime("report", (("report-type", "delivery-status"),)),
        headers=(("X-Failed-Recipients", address), ("Auto-Submitted", "auto-replied")),
        return_path="",
    )


def receipt(scene: Scene, read: Note) -> Note:
    """The reader's mail program says that `read` was displayed (RFC 8098)."""
    reader = read.to[0]
    return Note(
        message_id=scene.message_id(reader.domain),
        author=reader,
        to=(read.author,),
        cc=(),
        sent_at=read.sent_at + timedelta(minutes=scene.rng.randrange(5, 90)),
        subject=f"Read: {base_subject(read.subject)}",
        text=f"Your message was displayed by {reader.name}.",
        parent=read,
        mime=Mime("report", (("report-type", "disposition-notification"),)),
        return_path="",
    )


def call(scene: Scene, after: Note, *, is_cancelled: bool) -> list[Note]:
    """An invitation to talk about `after`, its acceptance, and for some the cancellation."""
    host, guest = after.author, after.to[0]
    about = f"Call: {base_subject(after.subject)}"
    at = writing_instant(after.sent_at, 1, host.zone, scene.rng)
    request = _calendar(scene, "REQUEST", (host, guest), at, about)
    accepted_at = writing_instant(at, scene.rng.uniform(0.2, 5), guest.zone, scene.rng)
    notes = [request, _calendar(scene, "REPLY", (guest, host), accepted_at, f"Accepted: {about}")]
    if is_cancelled:
        off_at = writing_instant(accepted_at, scene.rng.uniform(2, 20), host.zone, scene.rng)
        notes.append(_calendar(scene, "CANCEL", (host, guest), off_at, f"Canceled: {about}"))
    return notes


def _calendar(
    scene: Scene, method: str, pair: tuple[Person, Person], at: datetime, subject: str
) -> Note:
    """An iTIP message (RFC 5546 §1.4, RFC 6047 §2.4); its method stands in Content-Type."""
    author, reader = pair
    begin = at + timedelta(days=3)
    lines = (
        "BEGIN:VCALENDAR",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        f"UID:{base_subject(subject)}@{TEAM_DOMAIN}",
        f"DTSTART:{begin:%Y%m%dT%H}0000Z",
        f"SUMMARY:{subject}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return Note(
        message_id=scene.message_id(author.domain),
        author=author,
        to=(reader,),
        cc=() if SHARED.address in (author.address, reader.address) else (SHARED,),
        sent_at=at,
        subject=subject,
        text="\n".join(lines),
        mime=Mime("calendar", (("method", method),)),
    )


_BULLETINS = (
    (Person("Channel Weekly", "editor@news.channel-weekly.example", LONDON), 7, "Channel Weekly"),
    (Person("Kestrel Optics", "news@mailing.kestrel-optics.example", LONDON), 30, "Kestrel news"),
    (Person("SignSafe", "no-reply@signsafe.example", NEW_YORK), 24, "Completed: agreement"),
)


def bulletins(as_of: datetime, seed: int) -> Iterator[Note]:
    """What is sent to many or by machines: a trade newsletter, a partner's, a signing service."""
    for sender, every_days, title in _BULLETINS:
        rng = Random(f"{seed}:{sender.address}")  # noqa: S311 (a play, no secret)
        for number in range(1, DAYS // every_days + 1):
            at = as_of - timedelta(days=DAYS - number * every_days + 1)
            yield Note(
                message_id=f"<{number}.{rng.getrandbits(48):012x}@{sender.domain}>",
                author=sender,
                to=(SHARED,),
                cc=(),
                sent_at=writing_instant(at, 1, sender.zone, rng),
                subject=f"{title} #{number}: {rng.choice(phrases.WORDS['topic'])}",
                text=phrases.paragraphs("en", 12, rng),
                mime=Mime("alternative"),
                headers=_bulk_fields(sender),
            )


def _bulk_fields(sender: Person) -> tuple[tuple[str, str], ...]:
    if sender.address.startswith("no-reply"):
        return (("Auto-Submitted", "auto-generated"),)
    return (
        ("List-Id", f"<bulletin.{sender.domain}>"),
        ("List-Unsubscribe", f"<mailto:unsubscribe@{sender.domain}>"),
        ("Precedence", "bulk"),
    )


def side_letters(scene: Scene, notes: Iterable[Note]) -> Iterator[Note]:
    """What machines add to a partnership's letters: absence notes, receipts, invitations."""
    for note in notes:
        chance = scene.rng.random()
        is_from_shared = note.author.address == SHARED.address
        if chance < 0.12 and is_from_shared and not note.is_unseen:
            yield absence_note(scene, note)
        elif 0.12 <= chance < 0.13 and is_from_shared and not note.is_unseen:
            yield receipt(scene, note)
        elif 0.2 <= chance < 0.225 and len(note.references) == 1 and not note.is_unseen:
            yield from call(scene, note, is_cancelled=scene.rng.random() < 0.4)
