"""A person who is erased leaves no trace, and does not come back; letters past their time go."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from installations import (
    AS_OF_TEXT,
    Installation,
    deliver,
    install,
    letter,
    mailbox_entry,
    query,
    write_mbox,
)
from servers import Delivery, EmbeddedServer

from inbox_agent.addresses import Address
from inbox_agent.agent import Agent
from inbox_agent.config import load_config
from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.erasure import report_without, without_address
from inbox_agent.errors import ConfigError
from inbox_agent.forgetting import erase, kept_from, purge_due
from inbox_agent.mirror import Checkpoint, Mirror
from inbox_agent.users import User, add_user, read_users, remove_user

pytestmark = pytest.mark.reliability

ANN = "ann.lee@globex.example"
NAME = "Annabel Lee-Quux"
NOBODYS = f"pbkdf2_sha256$1$salt${'A' * 43}="
MAY = datetime(2024, 5, 6, 9, tzinfo=UTC)


def is_ann(address: Address) -> bool:
    return address.key == ANN


def without(*lines: str) -> list[str] | None:
    """The lines of a header block by Bob without Ann; None where the letter goes."""
    block = "\r\n".join(["From: Bob <bob@globex.example>", *lines, "", ""]).encode()
    kept = without_address(block, is_ann)
    return None if kept is None else kept.decode().split("\r\n")[1:-2]


# -- one header block -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "block",
    [
        f"From: {NAME} <{ANN}>",
        f"From: {NAME} <Ann.LEE@GLOBEX.example>",
        f"From: {NAME} {ANN}",  # no parser reads it
        f"from:\r\n {ANN}",
        f"From: Partners <list@acme.example>\r\nX-Original-From: {NAME} <{ANN}>",
        "From: ann.lee=globex.example@dmarc.acme.example",
        f"From: 'Annabel' via Partners <list@acme.example>\r\nReply-To: {ANN}",
        f"From: Bob <bob@globex.example>, {NAME} <{ANN}>",
    ],
)
def test_a_letter_that_the_person_wrote_goes(block: str) -> None:
    assert without_address(f"{block}\r\nSubject: x\r\n\r\n".encode(), is_ann) is None


@pytest.mark.parametrize(
    "block",
    [
        b'From: Bob <bob@globex.example>\r\nTo: "Lee, Ann" <ann@globex.example>\r\n\r\n',
        b"From: bob@globex.example\r\nTo: lee@globex.example, joann.lee@globex.example\r\n\r\n",
        b"From: bob@globex.example\r\nSubject: caf\xe9 = ann.lee @ globex\r\n bare \r\0\r\n\r\n",
        b"From: bob@globex.example\nno field at all\nReferences: <a@x>\n  <b@x>\n\n",
        b"",
        b"\r\n",
    ],
)
def test_a_letter_that_does_not_name_the_person_stays_octet_for_octet(block: bytes) -> None:
    assert without_address(block, is_ann) == block


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (f"To: {NAME} <{ANN}>, Cy <cy@acme.example>", ['"Cy" <cy@acme.example>']),
        (f"Cc: cy@acme.example,\r\n {NAME} <ANN.lee@globex.EXAMPLE>", ["cy@acme.example"]),
        (f"Bcc: {ANN}", []),
        (f"Reply-To: {ANN}, dee@acme.example", ["dee@acme.example"]),
        (f"Sender: =?utf-8?q?Annabel?= <{ANN}>", []),
        (f"To: Ana ({ANN}) <ana@acme.example>", None),
        (f'To: "{ANN}" <ana@acme.example>', ['"erased@erased.invalid" <ana@acme.example>']),
        (
            f"Received: from a by b for <{ANN}>; Mon, 6 May 2024 09:00:00 +0000",
            ["from a by b for <erased@erased.invalid>; Mon, 6 May 2024 09:00:00 +0000"],
        ),
        (
            f"References: <1@x.example> <7.{ANN}> <2@x.example>",
            ["<1@x.example> <7.erased@erased.invalid> <2@x.example>"],
        ),
        (f"In-Reply-To: <{ANN}>", ["<erased@erased.invalid>"]),
        (
            "Return-Path: <bounce+12-ann.lee=globex.example@news.example>",
            ["<bounce+12-erased@erased.invalid@news.example>"],
        ),
        (
            "Return-Path: <SRS0=ab=cd=globex.example=ann.lee@fwd.example>",
            ["<SRS0=ab=cd=erased@erased.invalid@fwd.example>"],
        ),
        (
            "List-Unsubscribe: <https://n.example/?u=ann.lee%40globex.example&x=1>",
            ["<https://n.example/?u=erased@erased.invalid&x=1>"],
        ),
        (f"Subject: ask {ANN}.", ["ask erased@erased.invalid."]),
        ("Subject: =?utf-8?q?ask_ann.lee=40globex.example?=", ["ask erased@erased.invalid"]),
        ("X-Failed-Recipients: ann.lee@globex.example", []),
        (f"Authentication-Results: mx; spf=pass smtp.mailfrom={ANN}", None),
    ],
)
def test_in_a_letter_of_somebody_else_the_address_is_taken_out(
    line: str, kept: list[str] | None
) -> None:
    found = without("X-Loop: before", line, "Subject: behind")
    assert found is not None
    assert (found[0], found[-1]) == ("X-Loop: before", "Subject: behind")
    assert "ann.lee" not in " ".join(found).lower()
    assert "annabel" not in " ".join(found).lower()
    if kept is not None:
        assert [each.partition(": ")[2] for each in found[1:-1]] == kept


def behind_a_list(reply_to: str) -> bytes:
    sales = "Sales via Partners <partners@acme.example>"
    return f"From: {sales}\r\n{reply_to}\r\nSubject: x\r\n\r\n".encode()


@pytest.mark.parametrize(
    "reply_to",
    [
        f"Reply-To: Bob <bob@globex.example>, {ANN}",
        f"Reply-To: {ANN}, partners@acme.example, bob@globex.example",
        f"Reply-To: {ANN}\r\nReply-To: bob@globex.example",
    ],
)
def test_a_letter_that_a_list_passed_on_is_no_letter_of_one_who_is_answered_beside_its_writer(
    reply_to: str,
) -> None:
    kept = without_address(behind_a_list(reply_to), is_ann)
    assert kept is not None
    assert b"bob@globex.example" in kept
    assert b"ann.lee" not in kept


@pytest.mark.parametrize("other", ["Partners@ACME.example", "ann.lee+x@globex.example"])
def test_a_list_in_reply_to_is_no_writer(other: str) -> None:
    assert without_address(behind_a_list(f"Reply-To: {ANN}, {other}"), is_ann) is None


def test_non_ascii_names_of_others_stay_what_they_were() -> None:
    found = without(f"To: =?utf-8?q?B=C3=B6b?= <boeb@globex.example>, {ANN}")
    assert found == ["To: =?utf-8?q?B=C3=B6b?= <boeb@globex.example>"]


def test_what_is_done_twice_ends_as_if_done_once() -> None:
    block = f"From: b@x.example\r\nTo: {ANN}, Cy <cy@x.example>\r\nSubject: {ANN}\r\n\r\n".encode()
    once = without_address(block, is_ann)
    assert once is not None
    assert without_address(once, is_ann) == once


def test_a_tag_is_passed_over_at_any_host() -> None:
    assert without_address(b"From: ann.lee+shop@globex.example\r\n\r\n", is_ann) is None


def test_a_million_octets_of_separators_take_no_time() -> None:
    block = b"From: b@x.example\r\nSubject: " + b"a@" * 30_000 + b"=" * 4_000 + b"\r\n\r\n"
    assert without_address(block, is_ann) == block


def test_a_delivery_report_keeps_the_others_and_its_letter() -> None:
    cy = b"final-recipient: rfc822; cy@globex.example\naction: failed\n"
    ann = b"final-recipient: rfc822; Ann.Lee@globex.example\naction: failed\n"
    original = b"message-id: <1@acme.example>\n"
    assert report_without(b"\n".join([cy, ann, original]), is_ann) == cy + b"\n" + original
    assert report_without(cy + b"\n" + original, is_ann) == cy + b"\n" + original


# -- the whole installation -----------------------------------------------------------------


def letters() -> list[Delivery]:
    ana, bob, ann = "Ana <ana@acme.example>", "Bob <bob@globex.example>", f"{NAME} <{ANN}>"
    loop = f"Received: from x by mx.acme.example for <{ANN}>; Mon, 6 May 2024 09:00:00 +0000"
    raw = [
        ("INBOX", letter(ann, ana, MAY, "1@globex.example")),
        ("Sent", letter(ana, f"{ann}, {bob}", MAY + timedelta(hours=2), "2@acme.example",
                        "In-Reply-To: <1@globex.example>")),
        ("INBOX", letter(bob, ana, MAY + timedelta(hours=3), "3@globex.example", f"Cc: {ann}",
                         f"References: <1@globex.example> <9.{ANN}>", loop)),
        ("Sent", letter(ana, bob, MAY + timedelta(hours=4), "4@acme.example",
                        "In-Reply-To: <3@globex.example>", subject=f"Re: {ANN} asks")),
    ]  # fmt: skip
    return [Delivery(folder, one, MAY + timedelta(hours=n)) for n, (folder, one) in enumerate(raw)]


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    with serve_letters(letters()) as running:
        yield EmbeddedServer(running)


@pytest.fixture
def place(server: EmbeddedServer, tmp_path: Path) -> Installation:
    found = install(tmp_path, mailbox_entry(server), more="[publish]\nour_people = true\n")
    polled(found)
    return found


def polled(place: Installation) -> None:
    done = place.run("poll", "--as-of", AS_OF_TEXT)
    assert done.returncode == 0, done.stderr


def traces(*databases: Path) -> list[str]:
    """Where Ann stands: in the octets of the files and in every block, decompressed."""
    words = [ANN.encode(), NAME.encode(), b"Annabel"]
    found = []
    for database in databases:
        texts = {path.name: path.read_bytes() for path in database.parent.glob(f"{database.name}*")}
        if query(database, "select count(*) from sqlite_master where name = 'headers'") == [1]:
            rows = query(database, "select id, block from headers")
            texts |= {f"block {letter}": zlib.decompress(block) for letter, block in rows}
        for name, text in texts.items():
            found += [name for word in words if word.lower() in text.lower()]
    return found


def held(place: Installation) -> list[str]:
    return sorted(query(place.mirror, "select message_id from headers"))


def test_before_anybody_is_erased_the_search_finds_her(place: Installation) -> None:
    assert {"block 1", "partners.db"} <= set(traces(place.mirror, place.published))


def test_an_erased_person_leaves_no_trace_and_does_not_come_back(
    place: Installation, server: EmbeddedServer
) -> None:
    done = place.run("erase", ANN.upper())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "1 letters deleted, 3 rewritten"
    copy = place.top / "copy.db"
    assert place.run("backup", copy).returncode == 0
    assert traces(place.mirror, place.published, copy) == []

    later = letter(
        f"{NAME} <{ANN}>", "ana@acme.example", MAY + timedelta(days=1), "5@globex.example"
    )
    named = letter(
        "bob@globex.example", f"ana@acme.example, {NAME} <{ANN}>", MAY, "6@globex.example"
    )
    deliver(server, [Delivery("INBOX", later, MAY), Delivery("INBOX", named, MAY)])
    polled(place)
    assert traces(place.mirror, place.published) == []
    assert held(place) == [
        "2@acme.example", "3@globex.example", "4@acme.example", "6@globex.example",
    ]  # fmt: skip
    polled(place)
    assert held(place)[-1] == "6@globex.example"


def test_a_folder_read_anew_does_not_bring_an_erased_person_back(place: Installation) -> None:
    assert place.run("erase", ANN).returncode == 0
    before = held(place)
    execute(place.mirror, "update headers set uidvalidity = 1")
    execute(place.mirror, "update folders set uidvalidity = 1, last_uid = 0")
    polled(place)  # every letter once more, under another UIDVALIDITY
    assert sorted(held(place)) == sorted(before * 2)
    assert traces(place.mirror, place.published) == []


def test_an_import_does_not_bring_an_erased_person_back_and_doubles_nobody(tmp_path: Path) -> None:
    place = install(tmp_path)
    mbox = write_mbox(tmp_path / "old.mbox", letters())
    assert place.run("import", mbox).returncode == 0
    assert place.run("erase", ANN).returncode == 0
    assert place.run("import", mbox).stdout.startswith("0 new letters")
    assert held(place) == ["2@acme.example", "3@globex.example", "4@acme.example"]
    assert traces(place.mirror, place.published) == []


def test_a_dry_run_counts_and_changes_nothing(place: Installation) -> None:
    before = place.mirror.read_bytes()
    done = place.run("erase", ANN, "--dry-run")
    assert done.stdout == "1 letters would be deleted, 3 would be rewritten\n"
    assert place.mirror.read_bytes() == before
    assert not place.data.joinpath("erasure.key").exists()


def test_the_key_is_the_owners_alone_and_the_database_without_it_takes_no_letters(
    place: Installation, server: EmbeddedServer
) -> None:
    assert place.run("erase", ANN).returncode == 0
    key = place.data / "erasure.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_bytes() not in place.mirror.read_bytes()
    key.unlink()
    deliver(server, letters()[:1])
    done = place.run("poll", "--as-of", AS_OF_TEXT)
    assert done.returncode == 4
    assert "erasure.key: is missing: bring back" in done.stderr
    assert len(held(place)) == 3
    key.write_bytes(b"of another database")
    done = place.run("poll", "--as-of", AS_OF_TEXT)
    assert done.returncode == 4
    assert "erasure.key: is not the key of this database" in done.stderr


def test_an_erasure_done_twice_does_no_more(place: Installation) -> None:
    assert place.run("erase", ANN).returncode == 0
    before = query(place.mirror, "select block, details from headers order by id")
    assert place.run("erase", ANN).stdout.startswith("0 letters deleted, 0 rewritten")
    assert query(place.mirror, "select block, details from headers order by id") == before
    assert query(place.mirror, "select count(*) from erased") == [2]


def test_what_is_no_address_is_refused(place: Installation) -> None:
    done = place.run("erase", "nobody")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no mail address" in done.stderr


def test_who_may_sign_in_by_the_address_is_taken_away_before_it_is_erased(
    place: Installation,
) -> None:
    users = place.data / "users.json"
    add_user(users, User("bob", NOBODYS, "bob@globex.example"))
    agent, before = place.agent(), traces(place.mirror)
    for name, owner in (("ann", ANN.upper()), ("al", f"{NAME} <{ANN}>"), (ANN, "")):
        add_user(users, User(name, NOBODYS, owner))
        for is_dry in (True, False):
            with pytest.raises(ConfigError, match=f"`inbox-agent users remove {name}` first"):
                erase(agent, ANN, dry_run=is_dry)
        remove_user(users, name)
    assert traces(place.mirror) == before != []
    assert place.run("erase", ANN).returncode == 0
    assert traces(place.mirror) == []
    assert list(read_users(users)) == ["bob"]


# -- letters past their time ----------------------------------------------------------------


def retained(tmp_path: Path, server: EmbeddedServer, months: int) -> Installation:
    more = f"[retention]\nmonths = {months}\n"
    return install(tmp_path, mailbox_entry(server), more=more)


def execute(database: Path, sql: str, *values: object) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(sql, values)
    connection.close()


def test_without_a_word_in_the_config_nothing_is_deleted(place: Installation) -> None:
    done = place.run("purge")
    assert done.returncode == 2
    assert "retention.months" in done.stderr
    assert len(held(place)) == 4


def test_letters_past_their_time_go_and_are_not_fetched_again(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    place = retained(tmp_path, server, 1)
    recent = datetime.now(UTC) - timedelta(days=2)
    now = letter("bob@globex.example", "ana@acme.example", recent, "new@globex.example")
    deliver(server, [Delivery("INBOX", now, recent)])
    assert place.run("poll").returncode == 0
    assert place.run("purge", "--dry-run").stdout == (
        "4 letters older than 1 months would be deleted\n"
    )
    assert len(held(place)) == 5
    assert place.run("purge").stdout == "4 letters older than 1 months deleted\n"
    assert held(place) == ["new@globex.example"]
    assert traces(place.mirror, place.published) == []
    execute(place.mirror, "update folders set uidvalidity = 1, last_uid = 0")
    assert place.run("poll").returncode == 0
    assert set(held(place)) == {"new@globex.example"}


@pytest.mark.parametrize(
    ("now", "months", "first"),
    [
        (datetime(2024, 3, 31, 12, tzinfo=UTC), 1, datetime(2024, 2, 29, 12, tzinfo=UTC)),
        (datetime(2024, 1, 15, tzinfo=UTC), 1, datetime(2023, 12, 15, tzinfo=UTC)),
        (datetime(2024, 12, 1, tzinfo=UTC), 24, datetime(2022, 12, 1, tzinfo=UTC)),
    ],
)
def test_months_are_those_of_the_calendar(now: datetime, months: int, first: datetime) -> None:
    assert kept_from(now, months) == first


# -- beside the letters ---------------------------------------------------------------------


def test_what_is_deleted_is_not_asked_for_again(place: Installation) -> None:
    gone = query(place.mirror, "select folder, uidvalidity, uid from headers where id = 1")
    assert place.run("erase", ANN).returncode == 0
    assert query(place.mirror, "select folder, uidvalidity, uid from left_out") == gone


def test_words_of_servers_and_labels_lose_the_person_too(place: Installation) -> None:
    execute(place.mirror, "update polls set error = ?", f"no {ANN} here")
    execute(place.mirror, "update folders set error = ?, note = ?", f"for <{ANN}>", f"was {ANN}")
    execute(place.mirror, "update headers set labels = ? where id = 2", f'["x", "{ANN}"]')
    assert place.run("erase", ANN).returncode == 0
    assert traces(place.mirror, place.published) == []
    assert query(place.mirror, "select labels from headers where id = 2") == [
        '["x", "erased@erased.invalid"]'
    ]
    assert set(query(place.published, "select error from polls")) == {
        "no erased@erased.invalid here"
    }


def labels(place: Installation) -> list[list[str]]:
    said = query(place.mirror, "select labels from headers where labels is not null order by id")
    return [json.loads(each) for each in said]


def test_a_label_loses_the_person_however_json_writes_it(place: Installation) -> None:
    written = ["\\Sent", f"„{ANN}“", '"Ann.Lee"@globex.example', f"é {ANN}"]
    execute(place.mirror, "update headers set labels = ? where id = 2", json.dumps(written))
    assert place.run("erase", ANN).returncode == 0
    erased = "erased@erased.invalid"
    assert labels(place) == [["\\Sent", f"„{erased}“", erased, f"é {erased}"]]


def test_labels_that_come_later_do_not_bring_the_person_back(place: Installation) -> None:
    assert place.run("erase", ANN).returncode == 0
    with Mirror(place.mirror) as mirror:
        _, header = next(mirror.held())
        later = replace(header, uid=99, labels=("\\Sent", f"from {ANN}", f"„{ANN}“"))
        mirror.add("partners", header.folder, Checkpoint(header.uidvalidity, 99), [later])
    erased = "erased@erased.invalid"
    assert labels(place) == [["\\Sent", f"from {erased}", f"„{erased}“"]]


def test_an_address_typed_with_a_tag_erases_the_person_without_it(
    place: Installation, server: EmbeddedServer
) -> None:
    done = place.run("erase", "Ann.Lee+news@globex.example")
    assert done.stdout.splitlines()[0] == "1 letters deleted, 3 rewritten"
    raw = letter("ann.lee+x@globex.example", "ana@acme.example", MAY, "n@globex.example")
    deliver(server, [Delivery("INBOX", raw, MAY)])
    polled(place)
    assert "n@globex.example" not in held(place)
    assert traces(place.mirror, place.published) == []


class CountedAgent(Agent):
    """Counts how often it takes the data directory."""

    times = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        self.times += 1
        with super().at_work():
            yield


def test_between_erasing_and_publishing_nobody_else_gets_to_work(tmp_path: Path) -> None:
    place = install(tmp_path)
    assert place.run("import", write_mbox(tmp_path / "old.mbox", letters()[:1])).returncode == 0
    execute(place.mirror, "delete from mailboxes")
    agent = CountedAgent(load_config(place.config))
    assert erase(agent, ANN).letters == 1
    assert agent.times == 1
    assert query(place.published, "select count(*) from messages") == [0]


@pytest.mark.parametrize("people", ["full", "initials", "none"])
def test_nothing_of_the_person_is_published_anew_whatever_is_shown_of_people(
    server: EmbeddedServer, tmp_path: Path, people: str
) -> None:
    place = install(tmp_path, mailbox_entry(server), more=f'[publish]\npeople = "{people}"\n')
    polled(place)
    shown = set(query(place.published, "select address from contacts"))
    assert place.run("erase", ANN).returncode == 0
    assert len(set(query(place.published, "select address from contacts"))) == len(shown) - 1
    assert place.run("rebuild", "--reparse").returncode == 0
    assert traces(place.mirror, place.published) == []


def test_the_person_who_is_the_whole_mailbox_is_gone_from_what_is_published(
    tmp_path: Path,
) -> None:
    globex = '[[partners]]\nname = "Globex"\ndomains = ["globex.example"]\n'
    place = install(tmp_path, more="[publish]\nour_people = true\n", partners=globex)
    mbox = write_mbox(tmp_path / "old.mbox", letters()[:1])
    assert place.run("import", mbox).returncode == 0
    assert traces(place.published) != []
    execute(place.mirror, "delete from mailboxes")  # as after a first poll that failed
    assert place.run("erase", ANN).stdout.startswith("1 letters deleted")
    assert traces(place.mirror, place.published) == []
    assert query(place.published, "select count(*) from messages") == [0]


def test_a_reader_of_the_mirror_does_not_keep_the_published_tables_as_they_were(
    place: Installation,
) -> None:
    with sqlite3.connect(place.mirror, isolation_level=None) as reader:
        reader.execute("begin")
        assert reader.execute("select count(*) from headers").fetchone() == (4,)
        done = place.run("erase", ANN)
        assert done.returncode == 4
        assert "another program reads it" in done.stderr
        assert traces(place.published) == []
    reader.close()
    assert place.run("erase", ANN).returncode == 0
    assert traces(place.mirror, place.published) == []


def test_without_the_key_nobody_else_is_erased(place: Installation) -> None:
    assert place.run("erase", ANN).returncode == 0
    place.data.joinpath("erasure.key").unlink()
    before = query(place.mirror, "select block from headers order by id")
    done = place.run("erase", "bob@globex.example")
    assert done.returncode == 4
    assert "erasure.key: is missing" in done.stderr
    assert query(place.mirror, "select block from headers order by id") == before


def test_a_tagged_or_quoted_address_is_not_fetched_again_either(
    place: Installation, server: EmbeddedServer
) -> None:
    assert place.run("erase", '"Ann.Lee"@globex.example').returncode == 0
    for number, author in enumerate(("ann.lee+x@globex.example", '"ann.lee"@globex.example')):
        raw = letter(author, "ana@acme.example", MAY, f"n{number}@globex.example")
        deliver(server, [Delivery("INBOX", raw, MAY)])
    bad = letter("bob@globex.example", "ana@acme.example", MAY, "bad@globex.example",
                 subject="=?utf-8?b?A?=")  # fmt: skip
    deliver(server, [Delivery("INBOX", bad, MAY)])
    polled(place)
    assert [each for each in held(place) if each[0] in "bn"] == ["bad@globex.example"]
    assert traces(place.mirror, place.published) == []


def test_a_purge_within_a_running_job_deletes_what_is_past_its_time(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    place = retained(tmp_path, server, 1)
    assert place.run("poll", "--as-of", AS_OF_TEXT).returncode == 0
    agent = place.agent(MAY + timedelta(days=31, hours=1, minutes=30))
    with agent.at_work(), Mirror(place.mirror) as mirror:
        assert purge_due(agent, mirror) == 2
        assert purge_due(agent, mirror) == 0
    assert held(place) == ["3@globex.example", "4@acme.example"]
    assert len(query(place.mirror, "select uid from left_out")) == 2


def test_a_purge_within_a_running_job_does_nothing_that_is_not_asked_for(
    place: Installation,
) -> None:
    agent = place.agent(MAY + timedelta(days=9_999))
    with agent.at_work(), Mirror(place.mirror) as mirror:
        assert purge_due(agent, mirror) == 0
    assert len(held(place)) == 4


def test_an_address_of_control_characters_moves_nothing_on_a_terminal(place: Installation) -> None:
    done = place.run("erase", "x\x1b[31m\u202e@y")
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout + done.stderr
