"""The sample mailbox shows everything it promises, and the embedded server serves it as it is."""

from __future__ import annotations

import imaplib
import re
import threading
import tomllib
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import pytest

from inbox_agent.addresses import Address, organisation
from inbox_agent.config import load_config
from inbox_agent.demo.cast import PARTNERS
from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.demo.sample import (
    SampleLetter,
    sample_config_toml,
    sample_letters,
    sample_partners_toml,
)
from inbox_agent.demo.working_hours import after_working_hours, last_working_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import Message
    from pathlib import Path

AS_OF = datetime(2026, 7, 15, 10, 0, tzinfo=UTC)  # a Wednesday
TEAM = "acme.example"
LARKFIELD = "larkfield-robotics.example"


@dataclass(frozen=True)
class Read:
    """A letter as the standard library's parser reads it."""

    letter: SampleLetter

    @cached_property
    def fields(self) -> Message:
        return message_from_bytes(self.letter.raw)

    @cached_property
    def subject(self) -> str:
        return str(make_header(decode_header(self.fields["Subject"])))

    @cached_property
    def author(self) -> str:
        return self.addresses("From")[0]

    def addresses(self, *names: str) -> list[str]:
        values = [str(v) for name in names for v in self.fields.get_all(name, [])]
        return [address for _, address in getaddresses(values)]

    @cached_property
    def partners(self) -> set[str]:
        addresses = self.addresses("From", "To", "Cc")
        return {p for a in addresses if (p := partner_of(a)) is not None}

    @property
    def age(self) -> timedelta:
        return AS_OF - self.letter.arrived_at

    @property
    def is_by_a_person(self) -> bool:
        return (
            self.fields.get_content_type() not in ("multipart/report", "text/calendar")
            and not any(self.fields[name] for name in ("Auto-Submitted", "List-Id"))
            and self.fields["Return-Path"] != "<>"
        )


@lru_cache(maxsize=1)
def mailbox() -> tuple[Read, ...]:
    return tuple(Read(letter) for letter in sample_letters(AS_OF))


@lru_cache(maxsize=1000)
def partner_of(address: str) -> str | None:
    parsed = Address.parse(address)
    assert parsed is not None
    found = organisation(parsed)
    return (
        None
        if found == TEAM
        else {"harbourline-group.example": "harbourline.example"}.get(str(found), found)
    )


@lru_cache(maxsize=100)
def by_partner(partner: str) -> tuple[Read, ...]:
    return tuple(r for r in mailbox() if partner in r.partners and r.is_by_a_person)


@lru_cache(maxsize=1)
def answered_ids() -> set[str]:
    return {r.fields["In-Reply-To"] for r in mailbox() if r.fields["In-Reply-To"]}


def open_letters(to_us: bool) -> list[Read]:
    """First letters of the last 30 days to which nothing in the mailbox is an answer."""
    answered = answered_ids()
    return [
        r
        for r in mailbox()
        if r.is_by_a_person
        and r.age < timedelta(days=30)
        and r.fields["References"] is None
        and r.fields["Message-ID"] not in answered
        and (partner_of(r.author) is not None) == to_us
    ]


def answer_hours(partner: str, older_than_days: int, up_to_days: int) -> list[float]:
    """Hours from a letter of ours to the partner's direct answer, by the answer's age."""
    sent = {r.fields["Message-ID"]: r for r in by_partner(partner) if r.author.endswith(TEAM)}
    return sorted(
        (r.letter.arrived_at - sent[parent].letter.arrived_at) / timedelta(hours=1)
        for r in by_partner(partner)
        if (parent := r.fields["In-Reply-To"]) in sent
        and partner_of(r.author) == partner
        and timedelta(days=older_than_days) <= r.age < timedelta(days=up_to_days)
    )


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def silence(partner: str) -> timedelta:
    return min(r.age for r in by_partner(partner))


def month_of(read: Read) -> int:
    return int(read.age.days // 30.5)


def reminders(partner: str) -> list[Read]:
    """Letters that answer one of the partner's own."""
    own = {r.fields["Message-ID"] for r in by_partner(partner) if partner_of(r.author) == partner}
    return [
        r
        for r in by_partner(partner)
        if partner_of(r.author) == partner and r.fields["In-Reply-To"] in own
    ]


def authors_of(partner: str, *, older: int, younger: int = 0) -> set[str]:
    return {
        r.author
        for r in by_partner(partner)
        if partner_of(r.author) == partner and younger <= r.age.days < older
    }


def offsets() -> set[timedelta | None]:
    return {parsedate_to_datetime(r.fields["Date"]).utcoffset() for r in mailbox()}


def is_calendar(method: str) -> Callable[[Read], bool]:
    return lambda r: (
        r.fields.get_content_type() == "text/calendar" and r.fields.get_param("method") == method
    )


def count(condition: Callable[[Read], object]) -> int:
    return sum(1 for r in mailbox() if condition(r))


@lru_cache(maxsize=10)
def ids_in(folder: str) -> set[str]:
    return {r.fields["Message-ID"] for r in mailbox() if r.letter.folder == folder}


def is_bounce_of_our_letter(read: Read) -> bool:
    return (
        read.fields.get_content_type() == "multipart/report"
        and read.fields.get_param("report-type") == "delivery-status"
        and bool(read.fields["X-Failed-Recipients"])
        and read.fields["References"].split()[-1] in ids_in("Sent")
    )


def is_introduction(read: Read) -> bool:
    return read.subject.startswith("Introducing ") and len(read.addresses("Cc")) >= 1


PROMISES: dict[str, Callable[[], object]] = {
    "a quick partner answers within a working day": lambda: (
        median(answer_hours("kestrel-optics.example", 0, 548)) < 9
    ),
    "a slow partner takes days": lambda: (
        median(answer_hours("meridian-retail.example", 0, 548)) > 48
    ),
    "one has gone quiet for about nine weeks": lambda: (
        timedelta(days=63) <= silence("ternwell.example") < timedelta(days=75)
    ),
    "before that hardly a fortnight was without a letter": lambda: (
        sum(
            any(9 + 2 * k <= r.age.days // 7 < 11 + 2 * k for r in by_partner("ternwell.example"))
            for k in range(30)
        )
        >= 28
    ),
    "none of the other large ones is quiet for three weeks": lambda: all(
        silence(p) < timedelta(days=21)
        for p in ("kestrel-optics.example", "nordlicht-systeme.example", "harbourline.example")
    ),
    "one answers later and later": lambda: (
        median(answer_hours("harbourline.example", 360, 548)) * 3
        < median(answer_hours("harbourline.example", 0, 180))
    ),
    "one reminds us often": lambda: len(reminders("quillmark.example")) >= 15,
    "letters wait for us": lambda: len(open_letters(to_us=True)) >= 5,
    "some have waited for more than a week": lambda: any(
        r.age > timedelta(days=7) for r in open_letters(to_us=True)
    ),
    "letters wait for them": lambda: len(open_letters(to_us=False)) >= 4,
    "one of ours there has waited for more than two weeks": lambda: any(
        r.age > timedelta(days=14) for r in open_letters(to_us=False)
    ),
    "somebody new has written lately": lambda: (
        authors_of("kestrel-optics.example", older=30)
        - authors_of("kestrel-optics.example", older=999, younger=30)
        == {"harriet.boyle@kestrel-optics.example"}
    ),
    "somebody has stopped and been replaced": lambda: (
        authors_of("alpenwerk.example", older=150) == {"l.aigner@alpenwerk.example"}
        and authors_of("alpenwerk.example", older=999, younger=201)
        == {"s.hoelzl@alpenwerk.example"}
    ),
    "people are introduced in Cc": lambda: count(is_introduction) >= 3,
    "the introduced one then writes": lambda: count(
        lambda r: "Introducing Mats" in r.subject and r.author == "mats@bluefjord.example"
    ),
    "a partner introduces a company that was never there before": lambda: (
        count(lambda r: is_introduction(r) and LARKFIELD in r.partners) == 1
        and min(by_partner(LARKFIELD), key=lambda r: r.letter.arrived_at).author
        == "james.whitlock@kestrel-optics.example"
        and {r.author.rpartition("@")[2] for r in by_partner(LARKFIELD) if r.age.days < 40}
        == {LARKFIELD, TEAM}
    ),
    "absence notes say so in a field": lambda: (
        count(lambda r: r.fields["Auto-Submitted"] == "auto-replied" and r.fields["X-Autoreply"])
        >= 5
    ),
    "absence notes say so in the subject alone": lambda: (
        count(
            lambda r: (
                r.subject.startswith(("Automatic reply:", "Automatische Antwort:"))
                and r.fields["Auto-Submitted"] is None
            )
        )
        >= 5
    ),
    "bounces name the lost letter": lambda: count(is_bounce_of_our_letter) >= 5,
    "read receipts": lambda: count(
        lambda r: r.fields.get_param("report-type") == "disposition-notification"
    ),
    "calendar requests": lambda: count(is_calendar("REQUEST")) >= 5,
    "calendar replies": lambda: count(is_calendar("REPLY")) >= 5,
    "calendar cancellations": lambda: count(is_calendar("CANCEL")) >= 2,
    "newsletters": lambda: (
        count(
            lambda r: (
                r.fields["List-Id"]
                and r.fields["List-Unsubscribe"]
                and r.fields["Precedence"] == "bulk"
            )
        )
        >= 70
    ),
    "machines that sign contracts": lambda: (
        count(lambda r: r.fields["Auto-Submitted"] == "auto-generated") >= 10
    ),
    # summer time: Berlin +2, London +1, New York -4, Tokyo +9, Sydney +10 (winter there)
    "letters from many time zones": lambda: (
        offsets() >= {timedelta(hours=h) for h in (2, 1, -4, -5, 9, 10, 11)}
    ),
    "thank-yous that need no answer": lambda: (
        count(
            lambda r: len(r.letter.raw) < 2500 and len((r.fields["References"] or "").split()) >= 2
        )
        >= 200
    ),
    "two partners in one To": lambda: (
        count(lambda r: len({partner_of(a) for a in r.addresses("To")} - {None}) == 2) >= 3
    ),
    "our letters in Sent and in INBOX": lambda: len(ids_in("Sent") & ids_in("INBOX")) >= 200,
    "our letters in INBOX only": lambda: count(
        lambda r: (
            r.author.endswith(TEAM) and r.fields["Message-ID"] in ids_in("INBOX") - ids_in("Sent")
        )
    ),
    "a partner at a public mail provider": lambda: (
        len(by_partner("lucia-ferrante-advisory@gmail.com")) >= 40
    ),
    "a partner with two domains": lambda: (
        len({a.rpartition("@")[2] for a in authors_of("harbourline.example", older=999)}) == 2
    ),
    "a colleague passes letters on": lambda: (
        count(
            lambda r: (
                r.subject.startswith("Fwd: ")
                and r.author == "tom.whitfield@acme.example"
                and r.addresses("To") == ["ana.berger@acme.example"]
            )
        )
        >= 5
    ),
    "German and Japanese subjects in encoded words": lambda: (
        count(lambda r: "Rückfrage" in r.subject and r.fields["Subject"].startswith("=?utf-8?"))
        and count(lambda r: "契約" in r.subject and "=?iso-2022-jp?" in r.fields["Subject"])
    ),
    "encoded names": lambda: count(lambda r: r.fields["From"].startswith("=?utf-8?")),
    "attachments": lambda: count(lambda r: r.fields.get_content_type() == "multipart/mixed") >= 50,
    "settled by keyword": lambda: count(lambda r: "NoReplyNeeded" in r.letter.flags) >= 5,
    "letters of ours written past the mailbox": lambda: (
        len(
            {
                r.fields["In-Reply-To"]
                for r in by_partner("oakhollow-media.example")
                if (r.fields["In-Reply-To"] or "").endswith(f"@{TEAM}>")
            }
            - {r.fields["Message-ID"] for r in mailbox()}
        )
        >= 10
    ),
}


@pytest.mark.parametrize("promise", PROMISES.values(), ids=PROMISES.keys())
def test_the_sample_shows(promise: Callable[[], object]) -> None:
    assert promise()


def test_the_same_day_and_seed_give_the_same_bytes() -> None:
    assert sample_letters(AS_OF) == [r.letter for r in mailbox()]


def test_another_seed_gives_other_letters() -> None:
    assert sample_letters(AS_OF, seed=8) != [r.letter for r in mailbox()]


@pytest.mark.parametrize(
    "as_of",
    [
        AS_OF,
        datetime(2027, 1, 1, 0, 0, tzinfo=UTC),  # a holiday at midnight
        datetime(2026, 7, 13, 16, 0, tzinfo=UTC),  # a newsletter is due four hours later
        datetime(2026, 3, 29, 5, 30, 0, 123, tzinfo=UTC),  # a Sunday, the clocks just put forward
    ],
    ids=str,
)
def test_letters_come_by_arrival_and_before_as_of(as_of: datetime) -> None:
    arrivals = [letter.arrived_at for letter in sample_letters(as_of)]
    assert arrivals == sorted(arrivals)
    assert arrivals[-1] < as_of
    assert timedelta(days=530) < as_of - arrivals[0] < timedelta(days=550)
    assert 2000 <= len(arrivals) <= 3000


def test_a_naive_as_of_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        sample_letters(AS_OF.replace(tzinfo=None))


def test_there_are_twelve_partners_who_write_as_people_and_one_they_introduce() -> None:
    letters = Counter(p for r in mailbox() if r.is_by_a_person for p in r.partners)
    assert len(letters) == len(PARTNERS) + 1 == 13
    assert min(letters, key=lambda partner: letters[partner]) == LARKFIELD
    assert sorted(letters.values())[1] >= 40


def test_every_month_has_letters() -> None:
    months = Counter(map(month_of, mailbox()))
    assert all(months[month] >= 40 for month in range(17))


def test_every_letter_has_the_fields_mail_has() -> None:
    needed = ("From", "To", "Subject", "Date", "Message-ID", "Content-Type", "MIME-Version")
    assert all(len(r.fields.get_all(name, [])) == 1 for r in mailbox() for name in needed)
    assert all(not r.fields.defects for r in mailbox())


def test_lines_end_in_crlf_and_none_is_too_long() -> None:
    for read in mailbox():
        lines = read.letter.raw.split(b"\r\n")
        assert all(len(line) <= 998 and b"\n" not in line for line in lines)  # RFC 5322 §2.1.1


def test_what_came_in_was_received_by_the_teams_host_at_its_arrival() -> None:
    for read in mailbox():
        if read.letter.folder != "Sent":
            topmost = " ".join(read.fields.get_all("Received", [])[0].split())
            assert " by mx.acme.example " in topmost
            stamp = parsedate_to_datetime(topmost.rpartition(";")[2])
            assert stamp == read.letter.arrived_at


def test_copies_of_a_letter_have_one_author_and_date() -> None:
    copies = defaultdict(set)
    for read in mailbox():
        copies[read.fields["Message-ID"]].add((read.author, read.fields["Date"], read.subject))
    assert all(len(versions) == 1 for versions in copies.values())


def test_no_name_in_it_can_be_anybodys() -> None:
    domains = {
        address.rpartition("@")[2]
        for read in mailbox()
        for address in read.addresses("From", "To", "Cc")
    }
    assert {d for d in domains if not d.endswith(".example")} == {"gmail.com"}  # RFC 2606 §2


def test_an_answer_is_later_than_what_it_answers() -> None:
    dates = {r.fields["Message-ID"]: parsedate_to_datetime(r.fields["Date"]) for r in mailbox()}
    for read in mailbox():
        parent = dates.get(read.fields["In-Reply-To"])
        assert parent is None or dates[read.fields["Message-ID"]] >= parent


@pytest.mark.parametrize(
    ("at", "hours", "zone", "expected"),
    [
        # Friday 17:00 in Berlin and two hours: one on Friday, one on Monday from 9
        ("2026-07-10T15:00", 2, "Europe/Berlin", "2026-07-13T08:00"),
        # asked at night in New York: the day begins at 9, that is 13:00 UTC in summer
        ("2026-07-14T03:00", 0.5, "America/New_York", "2026-07-14T13:30"),
        # Wednesday 17:30 before Christmas, 24 to 26 December and a weekend lie between
        ("2026-12-23T16:30", 1, "Europe/Berlin", "2026-12-28T08:30"),
        # one whole day is nine hours
        ("2026-07-13T07:00", 9, "Europe/Berlin", "2026-07-13T16:00"),
    ],
)
def test_working_hours_pass_in_the_writers_zone(
    at: str, hours: float, zone: str, expected: str
) -> None:
    found = after_working_hours(datetime.fromisoformat(at).replace(tzinfo=UTC), hours, zone)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_the_last_working_instant_before_a_sunday_is_on_friday() -> None:
    sunday = datetime(2026, 7, 12, 12, 0, tzinfo=UTC)
    friday = last_working_instant(sunday, "Europe/Berlin")
    assert friday.date().isoformat() == "2026-07-10"
    assert last_working_instant(friday, "Europe/Berlin") == friday


def test_the_config_reads_as_ours() -> None:
    config = tomllib.loads(sample_config_toml(1143, directory="my data"))
    assert config["team"]["domains"] == [TEAM]
    assert config["data"]["directory"] == "my data"
    box = config["mailboxes"][0]
    assert (box["host"], box["port"], box["tls"], box["user"]) == (
        "127.0.0.1",
        1143,
        "none",
        "demo",
    )
    assert box["password"] == {"env": "INBOX_AGENT_DEMO_PASSWORD"}
    partners = tomllib.loads(sample_partners_toml())["partners"]
    assert len({entry["name"] for entry in partners}) == 8
    harbourline = next(e for e in partners if e["name"] == "Harbourline Logistics")
    assert harbourline["domains"] == ["harbourline-group.example", "harbourline.example"]


# ---- the embedded server ----------------------------------------------------------------------

GREETING = b"From: a@b.example\r\nSubject: Gr\xc3\xbc\xc3\x9fe\r\nX-Other: 1\r\n\r\nHello\r\n"


@contextmanager
def connected(letters: list[SampleLetter]) -> Iterator[imaplib.IMAP4]:
    with serve_letters(letters) as server:
        client = imaplib.IMAP4(server.host, server.port, timeout=30)
        client.login(server.user, server.password)
        try:
            yield client
        finally:
            client.logout()


def letter(folder: str = "INBOX", hour: int = 9, flags: tuple[str, ...] = ()) -> SampleLetter:
    return SampleLetter(folder, datetime(2026, 1, 5, hour, 30, 7, tzinfo=UTC), GREETING, flags)


def uids(client: imaplib.IMAP4, *criteria: str) -> list[bytes]:
    return list(client.uid("SEARCH", *criteria)[1][0].split())


def internal_dates(client: imaplib.IMAP4) -> list[datetime]:
    lines = client.uid("FETCH", "1:*", "(INTERNALDATE)")[1]
    stamps = re.findall(r'INTERNALDATE "([^"]+)"', b"".join(lines).decode())
    return [datetime.strptime(stamp, "%d-%b-%Y %H:%M:%S %z") for stamp in stamps]


def test_the_whole_sample_is_served_with_its_arrival_times() -> None:
    letters = [read.letter for read in mailbox()]
    with connected(letters) as client:
        for folder in ("INBOX", "Sent", "Archive"):
            expected = [item for item in letters if item.folder == folder]
            client.select(folder, readonly=True)
            assert len(uids(client, "ALL")) == len(expected)
            assert internal_dates(client) == [item.arrived_at for item in expected]


def test_header_fields_are_fetched_without_marking_a_letter_as_read() -> None:
    with connected([letter()]) as client:
        client.select("INBOX")
        what = "(BODY.PEEK[HEADER.FIELDS (SUBJECT FROM X-NONE)])"
        answer = client.uid("FETCH", "1:*", what)[1][0][1]
        assert answer == b"From: a@b.example\r\nSubject: Gr\xc3\xbc\xc3\x9fe\r\n\r\n"
        assert uids(client, "UNSEEN") == [b"101"]


def test_an_examined_folder_cannot_be_changed() -> None:
    with connected([letter()]) as client:
        client.select("INBOX", readonly=True)
        status, (reason,) = client.uid("STORE", "101", "+FLAGS", r"(\Seen)")
        assert (status, reason[:11]) == ("NO", b"[READ-ONLY]")


def test_letters_are_found_by_keyword() -> None:
    with connected([letter(), letter(flags=("NoReplyNeeded", r"\Seen")), letter()]) as client:
        client.select("INBOX", readonly=True)
        assert uids(client, "KEYWORD", "NoReplyNeeded") == [b"102"]
        assert uids(client, "SEEN") == [b"102"]


def test_folders_of_any_name_are_made() -> None:
    names = ("Archive/2025 Grüße", "受信", 'a "quoted" one', "Sent")
    with connected([letter(folder=name) for name in names]) as client:
        lines: list[bytes] = client.list()[1]  # type: ignore[assignment]  # no literal in these
        listed = {line.partition(b' "/" ')[2] for line in lines}
        assert b'"Archive/2025 Gr&APwA3w-e"' in listed  # modified UTF-7, RFC 3501 §5.1.3
        assert len(listed) == len(names) + 2  # INBOX, and Archive above its sub-folder


def test_inbox_is_one_folder_in_any_case() -> None:
    with connected([letter(folder="Inbox"), letter(folder="INBOX")]) as client:
        assert client.select("INBOX", readonly=True)[1] == [b"2"]


def test_a_letter_appended_while_it_runs_is_there_at_once() -> None:
    with serve_letters([letter()]) as server:
        assert server.append(letter(hour=10, flags=("NoReplyNeeded",))) == 102
        assert server.append(letter(folder="New")) == 101
        with imaplib.IMAP4(server.host, server.port, timeout=30) as client:
            client.login(server.user, server.password)
            client.select("INBOX", readonly=True)
            assert uids(client, "KEYWORD", "NoReplyNeeded") == [b"102"]


def test_an_arrival_keeps_its_instant_whatever_its_zone() -> None:
    tokyo = datetime(2026, 1, 5, 8, 0, tzinfo=timezone(timedelta(hours=9)))
    with connected([SampleLetter("INBOX", tokyo, GREETING)]) as client:
        client.select("INBOX", readonly=True)
        assert internal_dates(client) == [datetime(2026, 1, 4, 23, 0, tzinfo=UTC)]


def test_a_wrong_password_is_refused() -> None:
    with (
        serve_letters() as server,
        imaplib.IMAP4(server.host, server.port, timeout=30) as client,
        pytest.raises(imaplib.IMAP4.error),
    ):
        client.login(server.user, server.password + "x")


def test_it_listens_on_loopback_only() -> None:
    with serve_letters() as server:
        assert server.host == "127.0.0.1"


def test_it_stops_with_a_connection_still_open_and_leaves_no_thread() -> None:
    before = threading.enumerate()
    with serve_letters([letter()]) as server:
        client = imaplib.IMAP4(server.host, server.port, timeout=30)
        client.login(server.user, server.password)
    assert threading.enumerate() == before
    assert client.readline().startswith(b"* BYE ")
    assert client.readline() == b""
    client.shutdown()


def test_it_stops_while_a_client_idles() -> None:
    before = threading.enumerate()
    with serve_letters([letter()]) as server:
        client = imaplib.IMAP4(server.host, server.port, timeout=30)
        client.login(server.user, server.password)
        client.select("INBOX", readonly=True)
        client.send(b"a1 IDLE\r\n")
        assert client.readline() == b"+ Idling.\r\n"
    client.shutdown()
    assert set(threading.enumerate()) <= set(before)


def test_it_stops_when_the_block_fails() -> None:
    before = threading.enumerate()
    with pytest.raises(ZeroDivisionError), serve_letters():
        raise ZeroDivisionError
    assert threading.enumerate() == before


def test_a_taken_port_is_reported() -> None:
    with (
        serve_letters() as server,
        pytest.raises(OSError, match="in use"),
        serve_letters(port=server.port),
    ):
        pass


def test_a_letter_without_a_time_zone_is_refused() -> None:
    naive = SampleLetter("INBOX", datetime(2026, 1, 5, 9, 0), GREETING)  # noqa: DTZ001
    with pytest.raises(ValueError, match="no time zone"), serve_letters([naive]):
        pass


def test_two_servers_run_side_by_side() -> None:
    with serve_letters([letter()]) as one, serve_letters() as other:
        assert one.port != other.port
        assert one.password != other.password


def test_the_password_is_in_no_representation_of_the_server() -> None:
    with serve_letters() as server:
        assert server.password not in repr(server)


def test_the_sample_config_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "inbox-agent.toml").write_text(sample_config_toml(1143), encoding="utf-8")
    (tmp_path / "partners.toml").write_text(sample_partners_toml(), encoding="utf-8")
    config = load_config(tmp_path / "inbox-agent.toml")
    assert len(config.roster().partners) == 8
