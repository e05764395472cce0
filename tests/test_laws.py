"""Laws that hold whatever the mail: order, company and time change nothing they should not."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

import oracle
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from mailboxes import (
    OUR_LIST,
    PARTNER,
    ROSTER,
    SECOND,
    THREAD_INDEXES,
    Mailbox,
    addresses,
    linked_letters,
    mailboxes,
    message,
    moved_folders,
)
from round_trip import (
    Tables,
    as_plain,
    clock_of,
    fill,
    generation_of,
    measured,
    measured_as,
    records_of,
    rows_of,
    tables_in,
)

from inbox_agent.addresses import Address, Side
from inbox_agent.conversations import Conversation, Turn, conversations_of
from inbox_agent.copies import author_key, by_partner, same_letters
from inbox_agent.delivery_reports import Delivery, Report
from inbox_agent.instants import choose_at
from inbox_agent.letters import Letter, letters_of, row_key
from inbox_agent.measure import PartnerRecord
from inbox_agent.messages import Message
from inbox_agent.mirror import Mirror
from inbox_agent.outcomes import Outcome
from inbox_agent.published import publish
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts
from inbox_agent.standing import asks_by_period, in_window, window
from inbox_agent.survival import Figures, figures

BYSTANDER = "initech.com"


def examples(count: int) -> settings:
    """Without shrinking: mailboxes of thirty letters take minutes to shrink and say little more."""
    return settings(
        max_examples=count,
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


# -- order and company ----------------------------------------------------------------------


def test_copies_of_one_header_block_with_other_reports_are_one_letter_in_any_order() -> None:
    """A filter may write what a report says anew; its header block stays as it was."""
    sent = message("ask@acme.com", ASKED_AT, author="ana@acme.com", to=("bob@globex.com",))
    copy = message(
        "report@globex.com",
        ASKED_AT + 60 * SECOND,
        author="mailer-daemon@globex.com",
        to=("ana@acme.com",),
        in_reply_to="ask@acme.com",
        marks=(("content-type", "multipart/report; report-type=delivery-status"),),
    )
    fates = (("bob@globex.com", "5.1.1"), ("eve@globex.com", "5.2.2"))
    reports = [
        replace(copy, report=Report((Delivery(recipient, "failed", code),)), size_octets=6_000 + n)
        for n, (recipient, code) in enumerate(fates)
    ]
    partner, as_of = ROSTER.partner(PARTNER), ASKED_AT + timedelta(days=1)
    one, other = (
        letters_of(partner, [sent, *copies], ROSTER, as_of)
        for copies in (reports, reversed(reports))
    )
    assert len(one) == 2
    assert one == other


@given(mailboxes(), st.randoms(use_true_random=False))
@examples(100)
def test_shuffled_copies_give_the_same_record(box: Mailbox, random: Any) -> None:
    shuffled = list(box.copies)
    random.shuffle(shuffled)
    record, again = measured(box), measured(box, shuffled)
    assert record == again
    assert rows_of(record) == rows_of(again)


def six_letters() -> tuple[Message, ...]:
    """Linked by each kind of link, no two of them by the same."""
    day = timedelta(days=1)
    index, quote, dates = THREAD_INDEXES[0], "[#10421] Quote for March", "Delivery dates"
    ours: dict[str, Any] = {"author": "ana@acme.com", "to": ("bob@globex.com",)}
    theirs: dict[str, Any] = {"to": ("ana@acme.com",)}
    return (
        message("a", ASKED_AT, subject=quote, thread_index=index, **theirs),
        message("b", ASKED_AT + day, subject=f"Re: {quote}", in_reply_to="a", **ours),
        # leaves b's subject for one of its own
        message("c", ASKED_AT + 2 * day, subject=dates, references=("a", "b"), **theirs),
        message("d", ASKED_AT + 3 * day, subject=dates, references=("a", "b", "c"), **ours),
        # half a year later, by Outlook's word
        message("e", ASKED_AT + 180 * day, subject=quote, thread_index=index, **theirs),
        # by the ticket alone
        message("f", ASKED_AT + 190 * day, subject="Samples, case 10421", **ours),
    )


def threads_among(copies: Sequence[Message]) -> tuple[Conversation, ...]:
    letters = letters_of(ROSTER.partner(PARTNER), copies, ROSTER, ASKED_AT + timedelta(days=200))
    return conversations_of(PARTNER, letters, Cuts())


def test_all_720_orders_of_arrival_of_six_linked_letters_give_the_same_threads() -> None:
    first, *others = (threads_among(order) for order in permutations(six_letters()))
    assert len(others) == 719
    assert all(threads == first for threads in others)
    assert ["".join(min(x.message_ids) for x in c.letters) for c in first] == ["abef", "cd"]


@given(linked_letters(), st.data())
@examples(200)
def test_any_order_of_arrival_of_six_letters_gives_the_same_threads(
    copies: tuple[Message, ...], data: st.DataObject
) -> None:
    assert threads_among(copies) == threads_among(data.draw(st.permutations(copies)))


@st.composite
def crowded_mailboxes(draw: st.DrawFn) -> Mailbox:
    """The mail of two partners in one pool; their letters may claim each other's Message-IDs."""
    box, other = draw(mailboxes()), draw(mailboxes())
    prefix = draw(st.sampled_from(("other-", "other-", "")))
    pool = [*box.copies, *(_of_the_bystander(copy, prefix) for copy in other.copies)]
    return replace(box, copies=tuple(draw(st.permutations(pool))))


_SWAPPED = {
    "globex.com": BYSTANDER,
    "berlin.globex.de": f"berlin.{BYSTANDER}",
    BYSTANDER: PARTNER,
}


def _of_the_bystander(copy: Message, prefix: str) -> Message:
    """The same letter with the two partners in each other's place."""

    def swapped(people: tuple[Address, ...]) -> tuple[Address, ...]:
        return tuple(replace(a, domain=_SWAPPED.get(a.domain, a.domain)) for a in people)

    def failed(value: str) -> str:
        return ", ".join(a.key for a in swapped(addresses(*value.split(", "))))

    def reported(report: Report) -> Report:
        found = (replace(d, recipient=failed(d.recipient)) for d in report.deliveries)
        named = prefix + report.original_id if report.original_id else None
        return Report(tuple(found), named)

    names = {"x-failed-recipients": failed}
    return replace(
        copy,
        digest=f"{copy.digest}-other",
        message_id=prefix + copy.message_id,
        in_reply_to=prefix + copy.in_reply_to if copy.in_reply_to else None,
        references=tuple(prefix + name for name in copy.references),
        report=reported(copy.report) if copy.report else None,
        originals=swapped(copy.originals),
        from_=swapped((copy.from_,))[0] if copy.from_ else None,
        to=swapped(copy.to),
        cc=swapped(copy.cc),
        bcc=swapped(copy.bcc),
        marks=tuple((n, names[n](v) if n in names else v) for n, v in copy.marks),
    )


@given(crowded_mailboxes())
@examples(100)
def test_a_partner_measured_alone_is_the_same_as_among_all(box: Mailbox) -> None:
    found = by_partner(box.copies, box.roster)
    for partner in (PARTNER, BYSTANDER):
        alone = measured_as(box, partner, found.get(partner, []))
        among_all = measured_as(box, partner, box.copies)
        assert alone == among_all
        assert rows_of(alone) == rows_of(among_all)


def test_a_partner_alone_has_our_answer_through_a_list_and_the_report_about_it() -> None:
    """Neither names the partner: one goes to our list alone, the other comes from a relay."""
    asked = message("ask@mail.example", ASKED_AT, to=("ana@acme.com",))
    answer = message(
        "answer@mail.example",
        ASKED_AT + 60 * SECOND,
        author="ana@acme.com",
        to=(OUR_LIST,),
        in_reply_to="ask@mail.example",
    )
    report = message(
        "report@mail.example",
        ASKED_AT + 90 * SECOND,
        author="mailer-daemon@relay.example",
        to=("ana@acme.com",),
        in_reply_to="answer@mail.example",
        marks=(("content-type", "multipart/report; report-type=delivery-status"),),
    )
    alone = by_partner([asked, answer, report], ROSTER)[PARTNER]
    letters = letters_of(ROSTER.partner(PARTNER), alone, ROSTER, ASKED_AT + 120 * SECOND)
    assert [(x.side, x.kind) for x in letters] == [
        ("them", "human"),
        ("us", "human"),
        ("them", "bounce"),
    ]


@given(crowded_mailboxes(), st.data())
@examples(30)
def test_any_split_and_order_of_arrival_give_the_same_tables(
    box: Mailbox, data: st.DataObject
) -> None:
    box = replace(box, copies=tuple(map(_as_written, box.copies)))
    batches = drawn_batches(data, box.copies)
    with tempfile.TemporaryDirectory() as folder:
        at_once = _through_the_mirror(Path(folder) / "one", box, [box.copies] if batches else [])
        piece_by_piece = _through_the_mirror(Path(folder) / "two", box, batches[::-1])
    assert at_once == piece_by_piece


def _as_written(copy: Message) -> Message:
    """The copy as far as the header block says it that tests write."""
    says = copy.report is not None and (copy.report.deliveries or copy.report.original_id)
    report = copy.report if says else None  # one that says nothing leaves nothing to keep
    return replace(copy, is_import=False, report=report)  # an import is a fact about the folder


def drawn_batches(data: st.DataObject, copies: Sequence[Message]) -> list[list[Message]]:
    batches, rest = [], list(copies)
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        batches.append(rest[:size])
        rest = rest[size:]
    return batches


@given(moved_folders(), st.data())
@examples(12)
def test_a_mirror_filled_in_other_batches_has_the_same_import_blocks(
    copies: tuple[Message, ...], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(copies))
    batches = drawn_batches(data, shuffled)
    expected = dict(zip((c.message_id for c in copies), oracle.import_blocks(copies), strict=True))
    assert _imports_in_the_mirror([copies]) == _imports_in_the_mirror(batches) == expected


def _imports_in_the_mirror(batches: Sequence[Sequence[Message]]) -> dict[str, bool]:
    """By Message-ID, whether the mirror says that a copy came with a folder that was moved."""
    with tempfile.TemporaryDirectory() as folder, Mirror(Path(folder) / "mirror.db") as mirror:
        fill(mirror, batches)
        return {copy.message_id: copy.is_import for copy in mirror.messages(marked=False)}


def _through_the_mirror(
    directory: Path, box: Mailbox, batches: Sequence[Sequence[Message]]
) -> Tables:
    with Mirror(directory / "mirror.db") as mirror:
        fill(mirror, batches)
        held = list(mirror.messages(marked=True))
    assert sorted(map(as_plain, held), key=repr) == sorted(map(as_plain, box.copies), key=repr)
    publish(directory / "partners.db", generation_of(records_of(box, held), box))
    return tables_in(directory / "partners.db")


# -- time -----------------------------------------------------------------------------------


def until(box: Mailbox, copies: Sequence[Message]) -> list[Message]:
    """The copies that are there at `as_of`, and those without an instant."""
    found = [(copy, choose_at(copy, box.roster.received_by)[0]) for copy in copies]
    return [copy for copy, at in found if at is None or at <= box.as_of]


@given(mailboxes())
@examples(80)
def test_letters_after_as_of_are_as_if_not_there(box: Mailbox) -> None:
    assert measured(box) == measured(box, until(box, box.copies))


def still(tables: Tables) -> Tables:
    """The rows without `as_of`, and without the time followed, which is reckoned up to it."""
    ageing = {"as_of", "followed_seconds", "ours_followed_seconds", "theirs_followed_seconds"}
    return {
        name: [{key: row[key] for key in row.keys() - ageing} for row in rows]
        for name, rows in tables.items()
    }


def turning_points(box: Mailbox) -> list[list[datetime]]:
    """The instants at which something of a partner may change without new mail, kind by kind."""
    record = measured(box)
    silences = [record.rhythm.watch_at, record.rhythm.act_at, record.next_change_at]
    silences += [gap.ended_at + timedelta(days=365) for gap in record.rhythm.gaps if gap.ended_at]
    kinds = [
        silences,
        _turns_of_asks(record, box.cuts),
        [kept.changes_at for kept in record.kept_standards],
        [absence.until for absence in record.absences if absence.is_open],
    ]
    return [found for kind in kinds if (found := [at for at in kind if at is not None])]


def _turns_of_asks(record: PartnerRecord, cuts: Cuts) -> list[datetime | None]:
    give_up = cuts.give_up_after_seconds * SECOND
    found: list[datetime | None] = []
    took = [ask.response_seconds for ask in record.asks if ask.response_seconds is not None]
    for ask in record.asks:
        found += [ask.due_at, ask.due_at and ask.due_at - timedelta(days=1)]
        found += [ask.waits_until, ask.asked_at + give_up]
        found += [ask.asked_at + seconds * SECOND for seconds in took if ask.reply is None]
    return found


@st.composite
def mailboxes_of_the_absent(draw: st.DrawFn) -> Mailbox:
    """Mailboxes in half of which somebody's absence note came last."""
    box = draw(mailboxes())
    ago = draw(st.sampled_from((None, None, 3600, 9 * 86_400, 29 * 86_400, 30 * 86_400)))
    if ago is None:
        return box
    marks = (("auto-submitted", "auto-replied"),)
    name, at = "away@mail.example", box.as_of - ago * SECOND
    note = message(name, at, to=("ana@acme.com",), subject="Out of office", marks=marks)
    return replace(box, copies=(*box.copies, note))


@given(mailboxes_of_the_absent(), st.data())
@examples(150)
def test_nothing_but_the_time_followed_changes_before_next_change_at(
    box: Mailbox, data: st.DataObject
) -> None:
    shortly = data.draw(st.sampled_from((1, 2, 600, 5 * 3600, 20 * 3600)))
    turn = data.draw(st.sampled_from(data.draw(st.sampled_from(turning_points(box)))))
    box = replace(box, as_of=turn - shortly * SECOND)
    box = replace(box, copies=tuple(until(box, box.copies)))
    record = measured(box)
    seconds = (record.next_change_at - box.as_of) // SECOND - 1
    assume(seconds >= 1)
    later_by = data.draw(st.sampled_from((seconds, 1)) | st.integers(1, seconds))
    later = measured(replace(box, as_of=box.as_of + later_by * SECOND))
    assert later.next_change_at == record.next_change_at
    assert still(rows_of(later)) == still(rows_of(record))


# -- taking an answer away ------------------------------------------------------------------

LOWER_IS_BETTER = ("p50_seconds", "p90_seconds", "p50_business_seconds", "p90_business_seconds")
HIGHER_IS_BETTER = ("response_rate", "rate_so_far")


def bettered(before: Figures, after: Figures) -> list[str]:
    """The figures that are better afterwards; none at all is the worst."""
    old, new = asdict(before), asdict(after)
    lower = [n for n in LOWER_IS_BETTER if new[n] is not None and _more(old[n]) > new[n]]
    higher = [n for n in HIGHER_IS_BETTER if _less(new[n]) > _less(old[n]) + 1e-9]
    return [*lower, *higher]


def _more(value: float | None) -> float:
    return float("inf") if value is None else value


def _less(value: float | None) -> float:
    return float("-inf") if value is None else value


def sets_of(record: PartnerRecord, box: Mailbox, responder: Side) -> dict[object, Figures]:
    """The figures of one direction over the window and by period."""
    clock = clock_of(box.us)
    ends = window(box.cuts, clock, box.as_of)
    found: dict[object, Figures] = {
        period: figures(asks, box.cuts)
        for (side, period), asks in asks_by_period(record.asks, clock).items()
        if side == responder
    }
    return found | {"window": figures(in_window(record.asks, responder, ends), box.cuts)}


GIVE_UP = 100
SHORT = Cuts(give_up_after_seconds=GIVE_UP)
ASKED_AT = datetime(2025, 3, 3, 9, tzinfo=UTC)
LETTER = letters_of(
    ROSTER.partner(PARTNER),
    [message("ask@mail.example", ASKED_AT, to=("ana@acme.com",))],
    ROSTER,
    ASKED_AT,
)[0]


def ask_of(age: int, took: int | None = None, worked: int = 0, working_age: int = 0) -> Ask:
    """An ask to us: `age` and `took` by the calendar, `worked` and `working_age` in hours."""
    unanswered: Outcome = "open" if age < GIVE_UP else "lapsed"
    return Ask(
        conversation="conversation",
        episode="episode",
        responder="us",
        is_first=True,
        letter=LETTER,
        reply=None,
        outcome=unanswered if took is None else "answered",
        response_seconds=took,
        business_seconds=None if took is None else worked,
        nudges=0,
        first_nudge_at=None,
        last_nudge_at=None,
        due_at=None,
        met_standard=None,
        needs_reply="yes",
        age_seconds=age,
        business_age_seconds=working_age,
        waits_until=ASKED_AT,
        is_clock_conflict=False,
    )


@st.composite
def _asks(draw: st.DrawFn) -> Ask:
    age = draw(st.integers(0, 2 * GIVE_UP))
    working_age = draw(st.integers(0, age))
    took = draw(st.none() | st.integers(0, min(age, GIVE_UP)))
    worked = draw(st.integers(0, min(working_age, took or 0)))
    return ask_of(age, took, worked, working_age)


ASKS = st.lists(_asks(), max_size=14)


@given(st.lists(_asks(), min_size=5, max_size=14), st.data())
@examples(200)
def test_taking_an_answer_away_makes_no_figure_better(asks: list[Ask], data: st.DataObject) -> None:
    answered = [i for i, ask in enumerate(asks) if ask.outcome == "answered"]
    assume(answered)
    place = data.draw(st.sampled_from(answered))
    ask = asks[place]
    without = ask_of(ask.age_seconds, working_age=ask.business_age_seconds)
    changed = [*asks[:place], without, *asks[place + 1 :]]
    assert bettered(figures(asks, SHORT), figures(changed, SHORT)) == []


@given(mailboxes(), st.data())
@examples(100)
def test_taking_the_last_letter_away_makes_no_figure_of_its_side_better(
    box: Mailbox, data: st.DataObject
) -> None:
    box = replace(box, copies=tuple(until(box, box.copies)))
    record = measured(box)
    last = {c.letters[-1].key for c in record.conversations}
    asks = [a for a in record.asks if a.is_in_figures and a.reply and a.reply.key in last]
    assume(asks)
    ask = data.draw(st.sampled_from(asks))
    assert ask.reply is not None
    without = measured(box, copies_without(ask.reply, box))
    # The letter may have held threads together by an id, a ticket, a subject or Outlook's word, or
    # apart by its subject; may be what another is longer than; be named by a report; or be the
    # one that ended somebody's absence.
    assume(without.absences == record.absences)
    assume(threads(without) == threads(record, less=ask.reply))
    assume(needs_of(without) == needs_of(record, less=ask.reply))
    assume(all(a.outcome != "void" for a in without.asks if a.letter.key == ask.letter.key))
    before, after = (sets_of(r, box, ask.responder) for r in (record, without))
    assert before.keys() == after.keys()
    assert {
        where: found for where in before if (found := bettered(before[where], after[where]))
    } == {}


def copies_without(letter: Letter, box: Mailbox) -> list[Message]:
    """The copies of all letters but one."""

    def is_it(copies: list[Message]) -> bool:
        smallest = min(copy.message_id for copy in copies)
        return letter.key in {
            row_key(author_key(c, box.roster), smallest, c.sent_at) for c in copies
        }

    return [
        copy
        for copies in same_letters(box.copies, box.roster)
        if not is_it(copies)
        for copy in copies
    ]


def needs_of(record: PartnerRecord, less: Letter | None = None) -> dict[str, str]:
    """Whether each ask needs a reply, without the one of a letter."""
    gone = less.key if less else None
    return {a.letter.key: a.needs_reply for a in record.asks if a.letter.key != gone}


def threads(record: PartnerRecord, less: Letter | None = None) -> set[tuple[str, ...]]:
    """The letters of each conversation in order, without one letter."""
    gone = less.key if less else None
    found = (tuple(x.key for x in c.letters if x.key != gone) for c in record.conversations)
    return {keys for keys in found if keys}


@given(mailboxes(), st.data())
@examples(100)
def test_a_nudge_never_makes_us_look_faster(box: Mailbox, data: st.DataObject) -> None:
    box = replace(box, copies=tuple(until(box, box.copies)))
    record = measured(box)
    places = [
        (ask, ends)
        for ask in record.asks
        if ask.responder == "us" and (ends := _room_for_a_nudge(ask, record, box))
    ]
    assume(places)
    ask, (low, high) = data.draw(st.sampled_from(places))
    seconds = data.draw(st.integers(1, (high - low) // SECOND - 1))
    nudge = message(
        "nudge@mail.example",
        low + seconds * SECOND,
        author="bob@globex.com",
        to=("ana@acme.com",),
        subject="A word about the above",
        in_reply_to=min(ask.letter.message_ids),
    )
    nudged = measured(box, [*box.copies, nudge])
    again = next(a for a in nudged.asks if a.letter.key == ask.letter.key)
    assume(again.nudges == ask.nudges + 1)  # its Message-ID may be another letter's, too
    assert again.response_seconds == ask.response_seconds
    before, after = (sets_of(r, box, "us") for r in (record, nudged))
    assert {where: bettered(before[where], after[where]) for where in before} == {
        where: [] for where in before
    }


def _room_for_a_nudge(
    ask: Ask, record: PartnerRecord, box: Mailbox
) -> tuple[datetime, datetime] | None:
    """Between which instants a letter of theirs falls into the turn of an ask, if anywhere.

    Not where it would fill a pause that ends an episode: what came after the pause would be the
    reply then, whoever had not answered before.
    """
    conversation, turn = _turn_of(ask, record)
    place = conversation.counting.index(turn.letters[-1])
    low = max(letter.instant for letter in conversation.counting[: place + 1])
    later = conversation.counting[place + 1 :]
    answered_here = any(
        ask.reply in episode.letters and ask.letter in episode.letters
        for episode in conversation.episodes
    )
    if later and not answered_here:
        return None
    ends = [low + timedelta(seconds=box.cuts.reopen_after_seconds), box.as_of]
    high = min([*ends, *(letter.instant for letter in later)])
    return (low, high) if high - low > SECOND else None


def _turn_of(ask: Ask, record: PartnerRecord) -> tuple[Conversation, Turn]:
    return next(
        (conversation, turn)
        for conversation in record.conversations
        for episode in conversation.episodes
        for turn in episode.turns
        if ask.letter in turn.letters
    )


# -- survival -------------------------------------------------------------------------------


@given(ASKS)
@examples(200)
def test_the_estimate_is_that_of_kaplan_and_meier_in_fractions(asks: list[Ask]) -> None:
    found = figures(asks, SHORT)
    events = [a.response_seconds for a in asks if a.response_seconds is not None]
    ages: list[float] = [min(a.age_seconds, GIVE_UP) for a in asks if a.outcome != "answered"]
    curve = oracle.kaplan_meier(events, ages)
    followed = max((min(a.age_seconds, GIVE_UP) for a in asks), default=None)
    assert found.followed_seconds == followed
    if len(asks) < 5:
        assert (found.p50_seconds, found.p90_seconds, found.rate_so_far) == (None, None, None)
        return
    assert followed is not None
    assert found.p50_seconds == first_reaching(curve, Fraction(1, 2))
    assert found.p90_seconds == first_reaching(curve, Fraction(9, 10))
    assert found.rate_so_far == pytest.approx(float(reached(curve, followed)), abs=1e-9)
    assert found.p50_reached is (found.p50_seconds is not None)
    rate = float(reached(curve, GIVE_UP)) if followed == GIVE_UP else None
    assert found.response_rate == (None if rate is None else pytest.approx(rate, abs=1e-9))


def first_reaching(curve: dict[int, Fraction], share: Fraction) -> int | None:
    return min((t for t, reached in curve.items() if reached >= share), default=None)


def reached(curve: dict[int, Fraction], seconds: int) -> Fraction:
    return max((f for t, f in curve.items() if t <= seconds), default=Fraction(0))


def test_an_estimate_worked_by_hand() -> None:
    # Followed at 10: 6 of 6, at 20: 5, at 30: 3 (one is open at 25), at 40: 2.
    # S = 5/6, 4/6, 4/6 · 2/3 = 4/9, 4/9 · 1/2 = 2/9; so F = 1/6, 1/3, 5/9, 7/9.
    answered = [ask_of(150, took, took // 2, 75) for took in (10, 20, 30, 40)]
    found = figures([*answered, ask_of(25, working_age=12), ask_of(150, working_age=75)], SHORT)
    assert found.p50_seconds == 30
    assert found.p90_seconds is None
    assert found.response_rate == pytest.approx(7 / 9)
    # the working ages leave the order as it is: 5, 10, (12), 15, 20, and the lapsed one last
    assert found.p50_business_seconds == 15
    # half of 7/9 is 7/18, which is more than 1/3
    assert found.answered_p50_seconds == 30
    # over answered ones alone: half of four is two; (10 + 20 + 30 + 40) / 4
    assert (found.naive_p50_seconds, found.naive_mean_seconds) == (20, 25)


def test_fewer_than_five_asks_have_counts_and_no_figures() -> None:
    found = figures([ask_of(150, 10) for _ in range(4)], SHORT)
    counts = {"asks": 4, "answered": 4, "open": 0, "lapsed": 0, "followed_seconds": GIVE_UP}
    assert asdict(found) == dict.fromkeys(asdict(found)) | counts
    assert figures([ask_of(150, 10) for _ in range(5)], SHORT).p50_seconds == 10


def test_a_median_that_is_not_reached_says_so() -> None:
    asks = [ask_of(150, 10), ask_of(150, 20), ask_of(150), ask_of(150), ask_of(150)]
    found = figures(asks, SHORT)  # F ends at 2/5
    assert (found.p50_seconds, found.p50_reached) == (None, False)
    assert figures([*asks, ask_of(150, 30)], SHORT).p50_reached  # F ends at exactly 3/6


@pytest.mark.parametrize(("age", "rate"), [(GIVE_UP - 1, None), (GIVE_UP, 1.0)])
def test_there_is_no_rate_before_an_ask_was_followed_to_the_end(
    age: int, rate: float | None
) -> None:
    found = figures([ask_of(age, 10)] + [ask_of(50, 10)] * 4, SHORT)
    assert (found.response_rate, found.rate_so_far) == (rate, 1.0)


def test_the_rate_is_zero_where_nobody_answered() -> None:
    found = figures([ask_of(150)] * 5, SHORT)
    assert (found.response_rate, found.rate_so_far) == (0.0, 0.0)
    assert (found.p50_seconds, found.p50_reached, found.answered_p50_seconds) == (None, False, None)
