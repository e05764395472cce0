"""Copies sorted a part at a time come into the records they would come into all at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailboxes import OUR_LIST, ROSTER, message

from inbox_agent.copies import by_partner
from inbox_agent.copy_entries import part_of
from inbox_agent.messages import Message
from inbox_agent.sorted_mail import SortedMail
from inbox_agent.sorting import Instants, sort_all
from inbox_agent.sorting_in_parts import sort_in_parts

_AT = datetime(2024, 5, 6, 9, tzinfo=UTC)
_LATER = _AT + timedelta(hours=2)
_INSTANTS = Instants({}, datetime(2030, 1, 1, tzinfo=UTC))
_REPORT = (("content-type", "multipart/report; report-type=delivery-status"),)

ASKED = message("asked@globex.com", _AT, to=("ana@acme.com",))
THROUGH_LIST = message(
    "answer@acme.com", _LATER, author="ana@acme.com", to=(OUR_LIST,), in_reply_to="asked@globex.com"
)
BOUNCE = message(
    "bounce@mx.example",
    _LATER,
    author="mailer-daemon@mx.example",
    to=("ana@acme.com",),
    in_reply_to="answer@acme.com",
    marks=_REPORT,
)


def _in(copy: Message, mailbox: str, **fields: object) -> Message:
    """The same letter in another mailbox."""
    kept = {name: getattr(copy, name) for name in copy.__slots__ if name != "digest"}
    given = kept | {"mailbox": mailbox, "folder": "INBOX", "is_sent_copy": False} | fields
    name, at = given.pop("message_id"), given.pop("sent_at")
    people = {each: [a.key for a in given.pop(each)] for each in ("to", "cc", "bcc")}
    author = given.pop("from_").key
    return message(name, at, author=author, **people, **(given | {"sent_at": at}))


def _sorted(folder: Path, copies: Sequence[Message]) -> tuple[dict[str, set[int]], set[int]]:
    """Who has which copies, by their numbers from 0; and those that had to be read again."""
    again: set[int] = set()

    def load(numbers: Collection[int]) -> dict[int, Message]:
        again.update(numbers)
        return {number: copies[number] for number in numbers}

    held = list(enumerate(copies))
    with SortedMail(folder / "parts.db") as store, store.writing():
        store.empty()
        parts = [part_of(some, ROSTER) for some in (held[:2], held[2:])]
        sort_in_parts(store, ROSTER, parts, _INSTANTS, load)
        members = _members(store)
    with SortedMail(folder / "once.db") as store, store.writing():
        store.empty()
        sort_all(store, ROSTER, held, by_partner(copies, ROSTER), _INSTANTS)
        assert _members(store) == members
    return members, again


def _members(store: SortedMail) -> dict[str, set[int]]:
    found = store.run("select key, copy from members join parties on id = party")
    return {key: {copy for name, copy in found if name == key} for key, _ in found}


def test_a_letter_in_two_mailboxes_is_not_read_again(tmp_path: Path) -> None:
    copies = [
        ASKED,
        _in(ASKED, "second"),
        message("other@initech.com", _AT, author="x@initech.com"),
    ]
    assert _sorted(tmp_path, copies) == ({"globex.com": {0, 1}, "initech.com": {2}}, set())


def test_an_answer_through_our_list_is_not_read_again(tmp_path: Path) -> None:
    assert _sorted(tmp_path, [ASKED, THROUGH_LIST]) == ({"globex.com": {0, 1}}, set())


def test_every_copy_of_an_answer_through_our_list_is_with_what_it_answers(tmp_path: Path) -> None:
    copies = [ASKED, _in(ASKED, "second"), THROUGH_LIST, _in(THROUGH_LIST, "second")]
    assert _sorted(tmp_path, copies) == ({"globex.com": {0, 1, 2, 3}}, set())


def test_one_copy_may_tell_that_it_is_ours_and_another_that_it_went_to_our_list(
    tmp_path: Path,
) -> None:
    """A copy in Sent without the list in To, and what the list made of it."""
    sent = message(
        "answer@acme.com",
        _LATER,
        author="desk@service.example",
        to=("ana@acme.com",),
        in_reply_to="asked@globex.com",
        is_sent_copy=True,
    )
    came = _in(sent, "second", to=THROUGH_LIST.to)
    found, _ = _sorted(tmp_path, [ASKED, sent, came])
    assert found["globex.com"] == {0, 1, 2}


def test_a_report_about_an_answer_through_our_list_is_with_what_that_answers(
    tmp_path: Path,
) -> None:
    found, again = _sorted(tmp_path, [ASKED, THROUGH_LIST, BOUNCE])
    assert found["globex.com"] == {0, 1, 2}
    assert again == {0, 1, 2}


def test_copies_of_one_id_by_two_authors_are_two_letters(tmp_path: Path) -> None:
    other = message("asked@globex.com", _AT, author="kim@initech.com", to=("ana@acme.com",))
    found, again = _sorted(tmp_path, [ASKED, other])
    assert found == {"globex.com": {0}, "initech.com": {1}}
    assert again == {0, 1}


def test_copies_of_two_ids_that_look_alike_are_read_again(tmp_path: Path) -> None:
    """Of one letter: what one of them names, both are with."""
    again_sent = message("again@globex.com", _AT, to=("ana@acme.com",))
    found, again = _sorted(tmp_path, [ASKED, _in(ASKED, "second"), again_sent])
    assert found == {"globex.com": {0, 1, 2}}
    assert again == {0, 1, 2}
