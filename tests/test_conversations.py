"""Order, episodes and turns within a conversation, and what is published of its links."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mailboxes import BERLIN, FETCHED_AT, PARTNER, ROSTER, Mailbox, message
from round_trip import OPEN, measured

from inbox_agent import published_rows
from inbox_agent.conversations import Conversation, conversations_of
from inbox_agent.letters import letters_of, row_key
from inbox_agent.messages import Message
from inbox_agent.standards import Cuts, Standards

MONDAY = datetime(2024, 3, 4, 9, 0, tzinfo=UTC)
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
CUTS = Cuts(reopen_after_seconds=30 * 86_400)


def theirs(name: str, after: timedelta = timedelta(0), **fields: Any) -> Message:
    return message(name, MONDAY + after, **{"to": ("ana@acme.com",), **fields})


def ours(name: str, after: timedelta = timedelta(0), **fields: Any) -> Message:
    return theirs(name, after, author="ana@acme.com", **{"to": ("bob@globex.com",), **fields})


def read(*copies: Message) -> tuple[Conversation, ...]:
    letters = letters_of(ROSTER.partners[0], copies, ROSTER, FETCHED_AT)
    return conversations_of(PARTNER, letters, CUTS)


def only(*copies: Message) -> Conversation:
    (conversation,) = read(*copies)
    return conversation


def names(letters: Any) -> str:
    return " ".join(min(letter.message_ids) for letter in letters)


def turns(*copies: Message) -> list[list[str]]:
    """Of each episode the turns, the letters of a turn as words."""
    episodes = only(*copies).episodes
    return [[names(turn.letters) for turn in episode.turns] for episode in episodes]


# -- order and keys -------------------------------------------------------------------------


def test_a_child_comes_after_its_parent_whatever_their_clocks_say() -> None:
    copies = [
        theirs("a", 3 * HOUR),
        ours("b", HOUR, in_reply_to="a"),
        theirs("c", 2 * HOUR, in_reply_to="a"),
    ]
    assert names(only(*copies).letters) == "a b c"


def test_letters_without_an_instant_come_last_but_before_their_answers() -> None:
    copies = [
        theirs("a"),
        theirs("b", in_reply_to="a", sent_at=None, received_at=None),
        ours("c", HOUR, in_reply_to="a"),
        ours("d", 2 * HOUR, in_reply_to="b"),
    ]
    assert names(only(*copies).letters) == "a c b d"


def test_the_key_is_made_of_the_partner_and_the_first_letter() -> None:
    late = [theirs("b", HOUR, in_reply_to="a"), theirs("c", 2 * HOUR, in_reply_to="a")]
    assert only(*late).key == row_key(PARTNER, only(*late).letters[0].key)
    whole = only(theirs("a"), *late)
    assert whole.key == row_key(PARTNER, whole.letters[0].key)
    assert names(whole.letters) == "a b c"


def test_conversations_are_in_the_order_of_their_first_letters() -> None:
    found = read(theirs("b", HOUR, subject="Two"), theirs("a", subject="One"))
    assert [names(conversation.letters) for conversation in found] == ["a", "b"]


# -- episodes and turns ---------------------------------------------------------------------


def test_an_episode_ends_where_nobody_wrote_for_longer_than_reopen_after() -> None:
    copies = [
        theirs("a"),
        ours("b", 30 * DAY, in_reply_to="a"),
        theirs("c", 60 * DAY + SECOND, in_reply_to="b"),
    ]
    assert turns(*copies) == [["a", "b"], ["c"]]


def test_the_latest_instant_so_far_counts_and_not_the_one_before() -> None:
    copies = [
        theirs("a", 20 * DAY),
        ours("b", in_reply_to="a"),  # dated before what it answers
        theirs("c", 45 * DAY, in_reply_to="b"),
    ]
    assert turns(*copies) == [["a", "b", "c"]]


def test_letters_that_do_not_count_make_no_turn_and_bridge_no_silence() -> None:
    automatic = (("auto-submitted", "auto-replied"),)
    copies = [
        theirs("a"),
        ours("x", 20 * DAY, in_reply_to="a", marks=automatic),
        theirs("b", 40 * DAY, in_reply_to="x"),
    ]
    assert turns(*copies) == [["a"], ["b"]]
    assert names(only(*copies).counting) == "a b"


def test_letters_of_one_side_in_a_row_are_one_turn() -> None:
    copies = [
        theirs("a"),
        theirs("b", HOUR, in_reply_to="a"),
        ours("c", 2 * HOUR, in_reply_to="b"),
        theirs("d", 3 * HOUR, in_reply_to="c"),
    ]
    assert turns(*copies) == [["a b", "c", "d"]]


def test_a_forward_by_the_other_side_neither_ends_a_turn_nor_begins_one() -> None:
    copies = [
        theirs("a"),
        ours("f", HOUR, subject="WG: Quote for March", in_reply_to="a"),
        theirs("b", 2 * HOUR, in_reply_to="a"),
        ours("c", 3 * HOUR, subject="AW: WG: Quote for March", in_reply_to="b"),
    ]
    assert turns(*copies) == [["a b", "c"]]


def test_a_forward_by_the_side_that_has_the_turn_is_part_of_it() -> None:
    copies = [theirs("a"), theirs("f", HOUR, subject="Fwd: Quote for March", in_reply_to="a")]
    assert turns(*copies) == [["a f"]]


def test_a_forward_that_opens_an_episode_begins_a_turn() -> None:
    copies = [
        theirs("f", subject="Fwd: Quote for March"),
        ours("b", HOUR, in_reply_to="f"),
        theirs("g", 40 * DAY, subject="Fwd: Quote for March", in_reply_to="b"),
    ]
    assert turns(*copies) == [["f", "b"], ["g"]]


# -- what is published ----------------------------------------------------------------------


def test_the_messages_table_says_what_each_letter_answers_and_how_that_is_known() -> None:
    copies = (
        theirs("a", subject="New offer"),
        ours("b", HOUR, in_reply_to="a"),
        theirs("c", 2 * HOUR, subject="Lunch", references=("a", "b")),
        ours("d", 3 * HOUR, subject="Re: New offer"),
        theirs("e", 4 * HOUR, subject="New offer", in_reply_to="gone"),
        ours("f", 5 * HOUR, subject="New offer", references=("gone",)),
    )
    box = Mailbox(copies, ROSTER, PARTNER, Standards(), BERLIN, BERLIN, CUTS, FETCHED_AT)
    record = measured(box)
    name_of = {letter.key: names([letter]) for letter in record.letters}
    rows = {
        name_of[row["message"]]: (
            name_of.get(row["parent"]),
            row["link"],
            name_of.get(row["split_from"]),
        )
        for row in published_rows.messages(record, OPEN)
    }
    assert rows == {
        "a": (None, None, None),
        "b": ("a", "in_reply_to", None),
        "c": (None, "split", "b"),
        "d": ("a", "subject", None),
        "e": (None, None, None),
        "f": (None, "references", None),
    }
