"""What the published tables let nobody see: addresses, names and subjects that are not shown."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from mailboxes import BERLIN, Mailbox, addresses, message
from round_trip import Tables, generation_of, records_of, tables_in

from inbox_agent.addresses import Address, Partner, Roster
from inbox_agent.messages import Message
from inbox_agent.privacy import People, Privacy
from inbox_agent.published import publish
from inbox_agent.standards import Cuts, Standards

THEIRS = {
    "bob.jones@globex.com": "Robert Jones",
    "carla@globex.com": "Carla Q. Diaz",
    "dora@berlin.globex.de": "",
    "fred.freemail@gmail.com": "Fred Freemail",
    "gina@gmx.de": "Gina Grün",
}
OURS = {"ana@acme.com": "Ana Arnold", "ben@acme.com": "Ben Brandt"}
STRANGERS = {"mailer-daemon@relay.example": "", "eve@initech.com": "Eve Evans"}
EVERYBODY = THEIRS | OURS | STRANGERS
ROSTER = Roster(
    team_domains=frozenset({"acme.com"}),
    partners=(
        Partner(key="globex.com", name="Globex", domains=("globex.com", "globex.de")),
        Partner(
            key="fred.freemail@gmail.com",
            name="The workshop",
            addresses=("fred.freemail@gmail.com",),
        ),
    ),
)
BEGAN = datetime(2025, 3, 3, 9, tzinfo=UTC)
SUBJECT = "A secret word for bob.jones@globex.com, <ANA@acme.com> and o'neil@globex.com"


def person(key: str) -> Address:
    return replace(addresses(key)[0], name=EVERYBODY[key])


def letter(number: int, author: str, to: str, **more: Any) -> Message:
    """A letter with the names that go with its addresses."""
    fields: dict[str, Any] = {
        "subject": SUBJECT,
        "from_": person(author),
        "cc": (),
        **more,
    }
    at = BEGAN + timedelta(days=number, hours=number)
    found = message(f"{number}@mail.example", at, author=author, to=(to,), subject=SUBJECT)
    return replace(found, **fields | {"to": (person(to),)})


def _letters() -> list[Message]:
    chain = [
        letter(0, "bob.jones@globex.com", "ana@acme.com"),
        letter(1, "ana@acme.com", "bob.jones@globex.com", in_reply_to="0@mail.example"),
        letter(2, "carla@globex.com", "ben@acme.com", cc=(person("dora@berlin.globex.de"),)),
        letter(3, "ben@acme.com", "carla@globex.com", in_reply_to="2@mail.example"),
        letter(4, "bob.jones@globex.com", "ana@acme.com"),
        letter(5, "dora@berlin.globex.de", "ana@acme.com", cc=(person("eve@initech.com"),)),
        letter(6, "fred.freemail@gmail.com", "ana@acme.com"),
        letter(7, "ana@acme.com", "fred.freemail@gmail.com", in_reply_to="6@mail.example"),
        letter(8, "gina@gmx.de", "ben@acme.com"),
        letter(9, "ben@acme.com", "gina@gmx.de", in_reply_to="8@mail.example"),
        # filed in Sent by hand, though it is theirs
        letter(10, "carla@globex.com", "bob.jones@globex.com", folder="Sent", is_sent_copy=True),
    ]
    # the same person under another name
    again = replace(person("bob.jones@globex.com"), name="Bobby")
    chain[4] = replace(chain[4], from_=again)
    report = letter(11, "mailer-daemon@relay.example", "ana@acme.com", in_reply_to="9@mail.example")
    marks = (("x-failed-recipients", "gina@gmx.de"),)
    return [*chain, replace(report, marks=marks)]


BOX = Mailbox(
    copies=tuple(_letters()),
    roster=ROSTER,
    partner_key="globex.com",
    standards=Standards(),
    us=BERLIN,
    them=BERLIN,
    cuts=Cuts(),
    as_of=BEGAN + timedelta(days=20),
)


@lru_cache
def published(
    people: People = "full", our_people: bool = False, subjects: bool = True, number: int = 1
) -> Tables:
    """The tables of these letters under some settings."""
    privacy = Privacy(people=people, our_people=our_people, subjects=subjects, key=b"secret")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "partners.db"
        publish(path, generation_of(records_of(BOX, BOX.copies), BOX, number, privacy=privacy))
        return tables_in(path)


def places_of(word: str, tables: Tables) -> set[str]:
    """The columns in which a word stands in any cell, in any case, as a word of its own."""
    found = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    return {
        f"{table}.{column}"
        for table, rows in tables.items()
        for row in rows
        for column, value in row.items()
        if isinstance(value, str) and found.search(value)
    }


def words_of(people: Iterable[str]) -> list[str]:
    """What says who they are: addresses, local parts, names and the words of names."""
    words: set[str] = set()
    for key in people:
        name = EVERYBODY[key]
        words |= {key, key.partition("@")[0], *re.findall(r"\w{4,}", name)} | ({name} - {""})
    return sorted(words)


def seen(people: Iterable[str], tables: Tables) -> dict[str, set[str]]:
    without = {name: rows for name, rows in tables.items() if name != "definitions"}
    found = {word: places_of(word, without) for word in words_of(people)}
    return {word: places for word, places in found.items() if places}


def test_the_letters_make_four_partners_with_conversations() -> None:
    tables = published()
    assert [row["partner"] for row in tables["partners"]] == [
        "fred.freemail@gmail.com",
        "gina@gmx.de",
        "globex.com",
        "relay.example",
    ]
    assert len(tables["conversations"]) >= 5


def test_in_full_their_people_are_shown() -> None:
    assert set(seen(THEIRS, published("full", True))) >= {*THEIRS, "Carla Q. Diaz", "Grün"}


@pytest.mark.parametrize("our_people", [True, False])
@pytest.mark.parametrize("people", ["initials", "none"])
def test_no_cell_tells_who_their_people_are(people: People, our_people: bool) -> None:
    assert seen(THEIRS | STRANGERS, published(people, our_people)) == {}


@pytest.mark.parametrize("people", ["full", "initials", "none"])
def test_no_cell_tells_who_our_people_are_unless_they_are_published(people: People) -> None:
    assert seen(OURS, published(people, False)) == {}
    assert set(OURS) <= set(seen(OURS, published(people, True)))


@pytest.mark.parametrize("people", ["initials", "none"])
def test_no_cell_holds_an_address_at_all(people: People) -> None:
    places = {
        f"{table}.{column}"
        for table, rows in published(people, False).items()
        for row in rows
        for column, value in row.items()
        if isinstance(value, str) and "@" in value
    }
    assert places == set()


def test_initials_are_of_the_address_and_names_of_the_name() -> None:
    contacts = {row["name"]: row["address"] for row in published("initials")["contacts"]}
    assert contacts["B."].startswith("B.J. ")  # Bobby, as he last called himself
    assert contacts["C.Q.D."].startswith("C. ")
    assert contacts["G.G."].startswith("G. ")


def test_with_none_a_person_is_a_pseudonym_without_a_name() -> None:
    contacts = published("none")["contacts"]
    assert contacts
    assert {row["name"] for row in contacts} == {None}
    assert all(re.fullmatch(r"person [0-9a-f]{12}", row["address"]) for row in contacts)


@pytest.mark.parametrize("people", ["full", "initials", "none"])
def test_who_asked_is_found_among_the_contacts_whatever_name_was_given(people: People) -> None:
    tables = published(people)
    contacts = {(row["partner"], row["address"]) for row in tables["contacts"]}
    asked = {
        (row["partner"], row[column])
        for row in tables["response_times"]
        for column in ("asked_by", "answered_by")
        if row[column] not in (None, "us")
    }
    assert len(asked) >= 5
    assert asked <= contacts
    people_of_globex = [row for row in tables["contacts"] if row["partner"] == "globex.com"]
    assert len(people_of_globex) == 3


def test_pseudonyms_are_the_same_in_every_generation() -> None:
    first, second = published("none", number=1), published("none", number=2)
    for table in ("partners", "contacts", "response_times", "messages"):
        assert first[table] == second[table]


def test_another_secret_gives_other_pseudonyms() -> None:
    one, other = (Privacy("none", False, True, key) for key in (b"one", b"other"))
    assert one.person("bob@globex.com") != other.person("bob@globex.com")
    assert one.person("bob@globex.com") != one.person("bab@globex.com")


def test_a_pseudonym_is_no_plain_digest_of_the_address() -> None:
    """Whoever has a list of addresses could try them all."""
    found = Privacy("none", False, True, b"secret").person("bob@globex.com").split()[1]
    for make in (hashlib.blake2b, hashlib.sha256, hashlib.md5, hashlib.sha1):
        assert found not in make(b"bob@globex.com").hexdigest()


@pytest.mark.parametrize("people", ["initials", "none"])
def test_a_partner_of_one_person_is_cut_down_in_every_table(people: People) -> None:
    tables = published(people)
    keys = {row["partner"] for row in tables["partners"]}
    assert {"globex.com", "relay.example"} < keys
    shown = sorted(key for key in keys if "(" in key)
    assert {key.partition(" (")[2] for key in shown} == {"gmail.com)", "gmx.de)"}
    for name, rows in tables.items():
        assert {row["partner"] for row in rows if "partner" in row} <= keys, name
    domains = {row["partner"]: row["domains"] for row in tables["partners"]}
    assert domains[shown[0]] == shown[0]
    assert domains["globex.com"] == "globex.com, globex.de"


def test_without_subjects_there_are_none() -> None:
    for tables in (published("full", True, False), published("none", False, False)):
        assert places_of("secret", tables) == set()
        assert {row["subject"] for row in tables["conversations"]} == {None}
        assert {row["subject"] for row in tables["messages"]} == {None}


def test_subjects_are_shown_as_written_where_everybody_is() -> None:
    assert {row["subject"] for row in published("full", True)["messages"]} == {SUBJECT}


@pytest.mark.parametrize(
    ("people", "our_people"), [("full", False), ("initials", True), ("none", False)]
)
def test_addresses_in_subjects_are_hidden_unless_everybody_is_shown(
    people: People, our_people: bool
) -> None:
    subjects = {row["subject"] for row in published(people, our_people)["messages"]}
    assert subjects == {"A secret word for … … and …"}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Re: bob@globex.com", "Re: …"),
        ("Re:bob@globex.com?", "…"),
        ("(bob@globex.com)", "…"),
        ("o'neil@globex.com left", "… left"),
        ("bob@[192.0.2.1] bounced", "… bounced"),
        ("bob＠globex.com", "…"),  # noqa: RUF001 - as East Asian keyboards write it
        ("jürgen@bücher.example", "…"),
        ("meet @ 5", "meet … 5"),
        ("nothing to hide", "nothing to hide"),
        ("", ""),
    ],
)
def test_what_is_hidden_of_a_subject(written: str, shown: str) -> None:
    assert Privacy("none", False, True, b"secret").subject(written) == shown


def test_a_letter_by_them_in_our_sent_folder_makes_nobody_one_of_us() -> None:
    rows = {row["at"]: row for row in published("none", True)["messages"]}
    filed = rows["2025-03-13T19:00:00Z"]
    assert (filed["side"], filed["flags"]) == ("us", "sent_by_other_address")
    assert filed["from_address"].startswith("person ")


STORY = {
    "poll": 1,
    "mailbox": "partners",
    "started_at": 0,
    "ended_at": 0,
    "ok": 0,
    "error": 'the server refuses the login of "ana@acme.com"',
    "folders": 0,
    "new_messages": 0,
    "unreadable": 0,
    "seconds": 0.0,
}


def folder(name: str) -> dict[str, Any]:
    """A row of `folders` whose name and words hold an address."""
    said = {"error": f'folder "{name}": gone', "note": f"was {name}", "special_use": None}
    numbers = {"is_sent": 0, "messages": 0, "unreadable": 0, "last_complete_at": None}
    numbers |= {"uidvalidity": 1, "last_uid": 1, "gone": 0}
    return {"mailbox": "partners", "folder": name, "state": "failed", **said, **numbers}


def told(privacy: Privacy) -> Tables:
    """The tables of these letters with a story of the reading that names people."""
    with tempfile.TemporaryDirectory() as top:
        path = Path(top) / "partners.db"
        generation = generation_of(records_of(BOX, BOX.copies), BOX, 1, privacy=privacy)
        folders = [folder("From bob.jones@globex.com"), folder("From carla@globex.com")]
        publish(path, replace(generation, polls=[STORY], folders=folders))
        return tables_in(path)


@pytest.mark.parametrize("people", ["full", "initials", "none"])
def test_the_story_of_the_reading_names_nobody_unless_everybody_is_shown(people: People) -> None:
    hidden = told(Privacy(people, people != "full", True, b"secret"))
    cells = [str(cell) for name in ("polls", "folders") for row in hidden[name]
             for cell in row.values()]  # fmt: skip
    assert [cell for cell in cells if "@" in cell] == []
    assert len({row["folder"] for row in hidden["folders"]}) == 2
    shown = told(Privacy("full", True, True, b"secret"))
    assert shown["polls"][0]["error"] == STORY["error"]
    assert {row["folder"] for row in shown["folders"]} == {
        "From bob.jones@globex.com",
        "From carla@globex.com",
    }


def test_an_address_that_looks_like_a_place_is_left_as_it_is() -> None:
    """RFC 5322 allows braces in the local part of an address."""
    privacy = Privacy(people="full", our_people=True, subjects=True, key=b"secret")
    people = ("x{1}@globex.com", "new@globex.com")
    assert privacy.told("{0} is quiet; {1} may follow.", people) == (
        "x{1}@globex.com is quiet; new@globex.com may follow."
    )


def test_subjects_are_searched_where_they_are_published_and_no_word_stays_where_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "partners.db"

    def published_with(*, subjects: bool) -> sqlite3.Connection:
        privacy = Privacy(people="full", our_people=True, subjects=subjects, key=b"secret")
        publish(path, generation_of(records_of(BOX, BOX.copies), BOX, 1, privacy=privacy))
        return sqlite3.connect(path)

    sql = """select subject from conversations where search_row in
        (select rowid from conversations_fts where conversations_fts match 'SECRÉT')"""
    with closing(published_with(subjects=True)) as db:
        assert {row[0].split()[1] for row in db.execute(sql)} == {"secret"}
    with closing(published_with(subjects=False)) as db:
        names = {row[0] for row in db.execute("select name from sqlite_master")}
        assert not any("fts" in name for name in names)
    with closing(published_with(subjects=True)) as db:
        assert db.execute(sql).fetchone()
