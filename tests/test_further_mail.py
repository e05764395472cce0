"""Mail with letters that came since is measured as all of it would be."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from mailboxes import PARTNER, SECOND, Mailbox, globex_box, mailboxes, message
from round_trip import terms_of
from test_laws import examples

from inbox_agent import earlier_mail
from inbox_agent.copies import same_letters
from inbox_agent.earlier_mail import Earlier, can_be_kept, earlier_of, moved_on
from inbox_agent.further_mail import Frame, Further, MustBeWholeError, further_mail
from inbox_agent.instants import choose_at
from inbox_agent.kept_mail import Kept, read_earlier
from inbox_agent.measure import PartnerRecord, record_of
from inbox_agent.messages import Message
from inbox_agent.partner_mail import PartnerMail, mail_of
from inbox_agent.response_times import Ask
from inbox_agent.sent_coverage import Proof, sent_proofs
from inbox_agent.sorted_mail import SortedMail
from inbox_agent.standards import Cuts, Span, Standards


@pytest.fixture(autouse=True, scope="module")
def _small_parts() -> Iterator[None]:
    """What is settled is kept by twos, at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(earlier_mail, "_TOGETHER", 2)
        patch.setattr(earlier_mail, "_WORTH_MOVING", 1)
        yield


@dataclass
class Course:
    """A mailbox as it comes in: what is kept of it, and the copies that were known by then."""

    box: Mailbox
    kept: Earlier | None = None
    known: tuple[Message, ...] = ()

    def frame(self, as_of: datetime) -> Frame:
        partner = self.box.roster.partner(PARTNER)
        return Frame(partner, self.box.roster, terms_of(self.box), as_of)

    def whole(self, copies: Sequence[Message], as_of: datetime) -> PartnerMail:
        """All of it measured."""
        proofs = self.proofs(copies, as_of)
        frame = self.frame(as_of)
        return mail_of(frame.partner, copies, frame.roster, frame.said, as_of, proofs)

    def proofs(self, copies: Sequence[Message], as_of: datetime) -> list[Proof]:
        found = sent_proofs(copies, self.box.roster, {"partners": as_of, "second": as_of}, as_of)
        return [proof for proof in found if proof.partner == PARTNER]

    def further(self, copies: Sequence[Message], as_of: datetime) -> Further:
        """What was kept with what came since. Raises MustBeWholeError."""
        if self.kept is None or self._is_otherwise(copies):
            raise MustBeWholeError("nothing is kept, or copies of letters that were there came")
        before = {proof.message_id: proof for proof in self.kept.all_proofs()}
        proofs = self.proofs(copies, as_of)
        if any(before.get(p.message_id, p) != p for p in proofs) or len(before) > len(proofs):
            raise MustBeWholeError("other proofs")
        new = [proof for proof in proofs if proof.message_id not in before]
        found = further_mail(self._out_of_the_file(), self.frame(as_of), copies, new)
        self.kept = moved_on(self.kept, found.mail, found.gone, new, ())
        self.known = tuple(copies)
        return found

    def _out_of_the_file(self) -> Earlier:
        with tempfile.TemporaryDirectory() as folder, SortedMail(Path(folder) / "x.db") as store:
            assert self.kept
            Kept.of(self.kept).write(store, 1)
            found = read_earlier(store, 1)
            assert found == self.kept
            return found

    def _is_otherwise(self, copies: Sequence[Message]) -> bool:
        def is_mixed(letter: Collection[Message]) -> bool:
            return len({copy in self.known for copy in letter}) == 2

        return any(map(is_mixed, same_letters(copies, self.box.roster)))

    def keep(self, mail: PartnerMail, copies: Sequence[Message]) -> None:
        """Keep what was measured of everything."""
        proofs = self.proofs(copies, mail.as_of)
        self.kept = earlier_of(mail, proofs, ()) if can_be_kept(mail) else None
        self.known = tuple(copies)


def _times(box: Mailbox, cuts: Sequence[int], pauses: Sequence[int]) -> Iterator[datetime]:
    """Some instants one after the other, each a pause after a letter."""
    every = sorted(at for copy in box.copies if (at := choose_at(copy, frozenset())[0]))
    last = None
    for cut, pause in zip(cuts, pauses, strict=False):
        at = every[cut % len(every)] + timedelta(seconds=pause)
        if last is None or at > last:
            yield at
            last = at


def _held(box: Mailbox, as_of: datetime) -> list[Message]:
    """What had come by then."""
    found = ((copy, choose_at(copy, box.roster.received_by)[0]) for copy in box.copies)
    return [copy for copy, at in found if at is None or at <= as_of]


def _is_the_same_at_every_step(box: Mailbox, times: Sequence[datetime]) -> None:
    course = Course(box)
    for as_of in times:
        copies = _held(box, as_of)
        mail = course.whole(copies, as_of)
        try:
            found = course.further(copies, as_of)
        except MustBeWholeError as exc:
            event(str(exc))
            course.keep(mail, copies)
            continue
        event(f"{len(found.made)} made, of {len(found.gone)}")
        assert not _differences(found.mail, mail, box.cuts)
        assert not _differences(record_of(found.mail), record_of(mail), box.cuts)


_Aged = TypeVar("_Aged", PartnerMail, PartnerRecord)


def _aged_alike(found: _Aged, cuts: Cuts) -> _Aged:
    """Without how old an ask is that was given up: figures say no more than that time of it."""

    def alike(ask: Ask) -> Ask:
        age = min(ask.age_seconds, cuts.give_up_after_seconds)
        return replace(ask, age_seconds=age, business_age_seconds=0)

    return replace(found, asks=tuple(x if x.outcome == "open" else alike(x) for x in found.asks))


def _differences(found: _Aged, wanted: _Aged, cuts: Cuts) -> list[str]:
    """What is told otherwise, one line for each."""
    one, other = _aged_alike(found, cuts), _aged_alike(wanted, cuts)
    lines = []
    for name in (field.name for field in fields(one)):
        told, meant = getattr(one, name), getattr(other, name)
        if told != meant and isinstance(told, tuple):
            lines += [f"{name}: {each}" for each in told if each not in meant]
            lines += [f"{name} without {each}" for each in meant if each not in told]
        elif told != meant:
            lines.append(f"{name}: {told}, not {meant}")
    return lines


# -- what is settled ------------------------------------------------------------------------

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST_OF_MARCH = datetime(2025, 3, 1, 12, tzinfo=UTC)
ASK = message("ask@globex.com", FIRST_OF_MARCH, to=["ana@acme.com"], subject="Prices for May")


def _kept(*copies: Message, as_of: datetime) -> Earlier:
    course = Course(globex_box(copies, as_of))
    course.keep(course.whole(copies, as_of), copies)
    assert course.kept
    return course.kept


def test_a_conversation_is_settled_two_days_after_its_ask_was_given_up() -> None:
    # given up after 30 days, on 31 March at noon
    settled_at = datetime(2025, 4, 2, 12, tzinfo=UTC)
    before = _kept(ASK, as_of=settled_at - SECOND)
    assert not before.settled
    assert len(before.live) == 1
    after = _kept(ASK, as_of=settled_at)
    assert [len(part.conversations) for part in after.settled.values()] == [1]
    assert not after.live


def test_an_ask_that_they_reminded_us_of_is_settled_by_its_last_reminder() -> None:
    again = {"in_reply_to": "ask@globex.com", "subject": "Re: Prices for May"}
    nudge = message(
        "nudge@globex.com", FIRST_OF_MARCH + timedelta(days=20), to=["ana@acme.com"], **again
    )
    assert _kept(ASK, nudge, as_of=datetime(2025, 4, 22, 11, 59, tzinfo=UTC)).live
    assert not _kept(ASK, nudge, as_of=datetime(2025, 4, 22, 12, tzinfo=UTC)).live


def test_a_conversation_without_an_ask_is_settled_when_no_subject_leads_to_it_any_more() -> None:
    notice = replace(ASK, marks=(("auto-submitted", "auto-generated"),))
    # by a subject a letter joins another one of the 30 days before it
    assert _kept(notice, as_of=FIRST_OF_MARCH + timedelta(days=32) - SECOND).live
    assert not _kept(notice, as_of=FIRST_OF_MARCH + timedelta(days=32)).live


def test_a_conversation_is_not_settled_before_the_answer_is_due() -> None:
    asked = message("ours@acme.com", FIRST_OF_MARCH, subject="Prices", **OURS)
    slow = Standards(they_answer_within=Span.parse("60 days"))
    for days, is_live in ((33, True), (61, True), (63, False)):
        as_of = FIRST_OF_MARCH + timedelta(days=days)
        course = Course(replace(globex_box([asked], as_of), standards=slow))
        course.keep(course.whole([asked], as_of), [asked])
        assert course.kept
        assert bool(course.kept.live) == is_live


def test_parts_that_nothing_comes_to_stay_as_they_are_and_what_has_settled_goes_to_a_new_one() -> (
    None
):
    as_of = FIRST_OF_MARCH + timedelta(days=40)
    second = message("b@globex.com", as_of - DAY, to=["ana@acme.com"], subject="Drawings")
    course = Course(globex_box([ASK, second], as_of))
    course.keep(course.whole([ASK, second], as_of), [ASK, second])
    first = course.kept
    assert first
    course.further([ASK, second], as_of + 40 * DAY)
    assert course.kept
    assert course.kept.settled[1] == first.settled[1]
    assert [c.key for c in course.kept.settled[2].conversations] == [c.key for c in first.live]
    assert not course.kept.live


def test_an_answer_after_half_a_year_takes_its_conversation_out_of_its_part() -> None:
    much_later = FIRST_OF_MARCH + timedelta(days=200)
    course = Course(globex_box([ASK], much_later))
    course.keep(course.whole([ASK], much_later), [ASK])
    answer = message(
        "late@acme.com",
        much_later + DAY,
        author="ana@acme.com",
        to=["bob@globex.com"],
        in_reply_to="ask@globex.com",
        subject="Re: Prices for May",
    )
    found = course.further([ASK, answer], much_later + 2 * DAY)
    (made,) = found.made
    assert found.gone.keys() == {made.key}
    assert [ask.reply and ask.reply.instant for ask in found.mail.asks] == [
        much_later + DAY,
        None,
    ]
    assert course.kept
    assert [len(part.conversations) for part in course.kept.settled.values()] == [0]


# -- what a letter comes to -----------------------------------------------------------------

LATER = FIRST_OF_MARCH + timedelta(days=60)
THEIRS: dict[str, Any] = {"to": ["ana@acme.com"], "author": "bob@globex.com"}
OURS: dict[str, Any] = {"to": ["bob@globex.com"], "author": "ana@acme.com"}


def _further(before: Sequence[Message], came: Sequence[Message]) -> Further:
    """What was kept at `LATER`, with what came the day after; it is as all of it is."""
    every, as_of = [*before, *came], LATER + 2 * DAY
    course = Course(globex_box(every, as_of))
    course.keep(course.whole(before, LATER), before)
    found = course.further(every, as_of)
    assert not _differences(found.mail, course.whole(every, as_of), course.box.cuts)
    return found


def test_two_letters_that_answer_one_that_is_not_held_are_one_conversation() -> None:
    first = message("a@globex.com", FIRST_OF_MARCH, in_reply_to="gone@elsewhere.example", **THEIRS)
    came = message("b@globex.com", LATER + DAY, in_reply_to="gone@elsewhere.example", **THEIRS)
    (made,) = _further([first], [came]).made
    assert len(made.letters) == 2


def test_what_left_a_conversation_is_still_told_from_where() -> None:
    # References alone, another subject and author: edited as new out of the ask
    split = message(
        "split@acme.com", FIRST_OF_MARCH + DAY, references=("ask@globex.com",), subject="A visit",
        **OURS,
    )  # fmt: skip
    came = message(
        "visit@globex.com", LATER + DAY, in_reply_to="split@acme.com", subject="Re: A visit",
        **THEIRS,
    )  # fmt: skip
    (made,) = _further([ASK, split], [came]).made
    assert [link.how for link in made.links] == ["split", "in_reply_to"]


def _must_be_whole(before: Sequence[Message], came: Sequence[Message], why: str) -> None:
    with pytest.raises(MustBeWholeError, match=why):
        _further(before, came)


def test_a_letter_that_comes_after_a_later_one_is_measured_with_all() -> None:
    last = message("last@globex.com", LATER - HOUR, subject="Last", **THEIRS)
    late = message("late@globex.com", LATER - 2 * HOUR, subject="Late", **THEIRS)
    _must_be_whole([ASK, last], [late], "from before others")


def test_so_is_one_that_a_letter_held_answers_already() -> None:
    answer = message("answer@acme.com", LATER - HOUR, in_reply_to="new@globex.com", **OURS)
    asked = message("new@globex.com", LATER + DAY, subject="Clocks differ", **THEIRS)
    _must_be_whole([ASK, answer], [asked], "that others cite")


def test_so_is_one_that_makes_a_letter_held_prove_an_answer_of_ours() -> None:
    held = message("known@acme.com", FIRST_OF_MARCH - 40 * DAY, subject="Hello", **OURS)
    # to others besides us, so it proves nothing by itself
    copied = {"author": "bob@globex.com", "to": ["ana@acme.com", "eve@initech.com"]}
    first = message("a@globex.com", LATER - HOUR, in_reply_to="gone@acme.com", **copied)
    came = message("b@globex.com", LATER + DAY, in_reply_to="gone@acme.com", **THEIRS)
    _must_be_whole([held, ASK, first], [came], "proves something")


def test_so_is_all_where_their_clock_is_learned_anew() -> None:
    as_of = datetime(2025, 3, 31, 20, tzinfo=UTC)
    letters = [
        message(
            f"{n}@globex.com",
            FIRST_OF_MARCH + n * DAY,
            subject=f"Tokyo {n}",
            date_offset_minutes=540,
            **THEIRS,
        )
        for n in range(20)
    ]

    class Learning(Course):
        def frame(self, as_of: datetime) -> Frame:
            frame = super().frame(as_of)
            clocks = replace(frame.said.clocks, learns_zone=True)
            return replace(frame, said=replace(frame.said, clocks=clocks))

    course = Learning(globex_box(letters, as_of))
    course.keep(course.whole(letters, as_of), letters)
    course.further(letters, as_of + HOUR)
    with pytest.raises(MustBeWholeError, match="their clock"):
        course.further(letters, as_of + DAY)


def test_so_is_all_where_enough_of_what_we_sent_is_held_again() -> None:
    began = datetime(2024, 6, 1, 9, tzinfo=UTC)
    known = message("known@acme.com", began, subject="Hello", **OURS)
    answers = [
        message(
            f"{n}@globex.com",
            began + (40 + n) * DAY,
            in_reply_to=f"gone-{n}@acme.com",
            subject=f"Re: {n}",
            **THEIRS,
        )
        for n in range(12)
    ]
    letters = [known, *answers]
    course = Course(globex_box(letters, began))
    course.keep(course.whole(letters, began + 60 * DAY), letters)
    assert course.kept
    assert course.kept.is_blind
    course.further(letters, began + 61 * DAY)
    # none of the twelve is of the last 365 days any more
    with pytest.raises(MustBeWholeError, match="enough of what we sent"):
        course.further(letters, began + 420 * DAY)


# -- any course -----------------------------------------------------------------------------

_COURSES = (
    mailboxes().filter(lambda box: len(box.copies) > 3 and not box.roster.has_mergers),
    st.lists(st.integers(0, 40), min_size=8, max_size=8).map(sorted),
    st.lists(st.sampled_from((0, 1, 3600, 86_400, 8 * 86_400, 40 * 86_400)), min_size=8),
)


@given(*_COURSES)
@examples(30)
def test_mail_with_what_came_is_as_all_of_it_measured(
    box: Mailbox, cuts: list[int], pauses: list[int]
) -> None:
    _is_the_same_at_every_step(box, list(_times(box, cuts, pauses)))


@pytest.mark.simulation
@given(*_COURSES)
@examples(400)
def test_so_it_is_for_many_courses(box: Mailbox, cuts: list[int], pauses: list[int]) -> None:
    _is_the_same_at_every_step(box, list(_times(box, cuts, pauses)))
