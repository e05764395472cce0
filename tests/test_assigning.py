"""The command ``partners``: who is in the mail and not in ``partners.toml``; screen and file."""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from installations import Installation, exchange, install, letter, one_line, write_mbox
from mailboxes import message
from servers import Delivery

from inbox_agent.addresses import Merger, Partner, Roster
from inbox_agent.assigning import partners_toml, toml_text
from inbox_agent.config import load_config
from inbox_agent.config_mistakes import parse_toml
from inbox_agent.unassigned import Organisation, unassigned

MAY = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
AUTO = (("auto-submitted", "auto-generated"),)
TEAM = frozenset({"acme.com"})


def day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


# -- who -------------------------------------------------------------------------------------

MAIL = [
    message("1", MAY, author="bob@globex.com", to=("ana@acme.com",)),
    message("2", MAY + DAY, author="ana@acme.com", to=("bob@globex.com", "carl@globex.com")),
    message("3", MAY + 2 * DAY, author="bob@mail.globex.com", to=("ana@acme.com",)),
    message("4", MAY + 3 * DAY, author="robot@globex.com", to=("ana@acme.com",), marks=AUTO),
    message("5", MAY, author="eve@gmail.com", to=("ana@acme.com",)),
    message("6", MAY + DAY, author="shop@news.example", to=("ana@acme.com",), marks=AUTO),
    message("7", MAY + 2 * DAY, author="shop@news.example", to=("ana@acme.com",), marks=AUTO),
    message("8", MAY, author="ana@acme.com", to=("ben@acme.com",)),
]
GLOBEX = Organisation("globex.com", 2, 1, 1, 3, MAY, MAY + 2 * DAY)
EVE = Organisation("eve@gmail.com", 1, 0, 0, 1, MAY, MAY)
NEWS = Organisation("news.example", 0, 0, 2, 0, MAY + DAY, MAY + 2 * DAY)


def test_organisations_come_with_their_letters_and_people_most_letters_first() -> None:
    assert unassigned(MAIL, Roster(TEAM)) == (GLOBEX, EVE, NEWS)
    assert unassigned(MAIL[::-1], Roster(TEAM)) == (GLOBEX, EVE, NEWS)


def test_a_partner_by_itself_has_letters_of_both_sides_and_a_robot_none() -> None:
    assert [o.is_partner for o in (GLOBEX, EVE, NEWS)] == [True, False, False]
    assert [o.is_automatic for o in (GLOBEX, EVE, NEWS)] == [False, False, True]


def test_who_is_listed_or_ignored_is_not_told_again() -> None:
    globex = (Partner("globex.com", domains=("globex.com",)),)
    assert unassigned(MAIL, Roster(TEAM, partners=globex)) == (EVE, NEWS)
    assert unassigned(MAIL, Roster(TEAM, ignored=frozenset({"news.example"}))) == (GLOBEX, EVE)


def test_what_was_merged_into_a_partner_is_assigned_before_that_day_too() -> None:
    merged = (Merger("globex.com", MAY + DAY),)
    umbrella = (Partner("umbrella.com", domains=("umbrella.com",), merged=merged),)
    assert unassigned(MAIL, Roster(TEAM, partners=umbrella)) == (EVE, NEWS)


def test_they_are_told_also_where_nobody_is_discovered() -> None:
    assert unassigned(MAIL, Roster(TEAM, discover=False)) == (GLOBEX, EVE, NEWS)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("globex.com", "Globex"),
        ("acme-labs.co.uk", "Acme Labs"),
        ("xn--bcher-kva.example", "Bücher"),
        ("globex.onmicrosoft.com", "Globex"),
        ("bob.lee_jr@gmail.com", "Bob Lee Jr"),
        ("-@gmail.com", "-@gmail.com"),
    ],
)
def test_a_name_is_guessed_from_the_domain_or_the_address(key: str, name: str) -> None:
    assert Organisation(key, 1, 1, 0, 1, MAY, MAY).name == name


# -- the file --------------------------------------------------------------------------------


def uncommented(text: str) -> str:
    return re.sub(r"^#(?=[\w\[\]]|  \")", "", text, flags=re.M)


def test_the_file_has_entries_for_both_sided_ones_and_comments_for_the_rest(
    tmp_path: Path,
) -> None:
    text = partners_toml((GLOBEX, EVE, NEWS), day)
    path = tmp_path / "inbox-agent.toml"
    path.write_text('[team]\ndomains = ["acme.com"]\n', "utf-8")
    partners = tmp_path / "partners.toml"
    partners.write_text(text, "utf-8")
    roster = load_config(path).roster()
    assert roster.partners == (Partner("globex.com", "Globex", domains=("globex.com",)),)
    assert (roster.ignored, roster.discover) == (frozenset(), True)
    assert "# 2 letters in, 1 out, 2024-05-06 to 2024-05-08\n" in text
    partners.write_text(uncommented(text), "utf-8")
    roster = load_config(path).roster()
    assert [(p.key, p.name) for p in roster.partners] == [
        ("globex.com", "Globex"),
        ("eve@gmail.com", "Eve"),
    ]
    assert (roster.ignored, roster.discover) == (frozenset({"news.example"}), False)


HOSTILE = (
    'a"]\n[[partners]]\nname = "x@gmail.com',
    "a\u202eb@gmail.com",
    'a"b\\c@gmail.com',
    "a\u2028b@gmail.com",
    "gl\x1b[31mobex.com",
    "under_score!.com",
    "]].com",
)


@pytest.mark.parametrize("key", HOSTILE)
def test_what_a_sender_chose_makes_no_line_of_its_own(key: str, tmp_path: Path) -> None:
    config, partners = tmp_path / "inbox-agent.toml", tmp_path / "partners.toml"
    config.write_text('[team]\ndomains = ["acme.com"]\n', "utf-8")
    for numbers in ((1, 1, 0), (1, 0, 0), (0, 0, 1)):
        text = partners_toml((GLOBEX, Organisation(key, *numbers, 1, MAY, MAY)), day)
        assert all(c.isprintable() or c == "\n" for c in text)
        for written in (text, uncommented(text)):
            partners.write_text(written, "utf-8")
            roster = load_config(config).roster()
            assert {p.key for p in roster.partners} | roster.ignored <= {"globex.com", key}


@pytest.mark.parametrize("text", ['"\\', "\u202e", "\x00\x1f\x7f\x85", "\U000e0001", "é 例", ""])
def test_toml_text_reads_back_as_it_was_and_prints(text: str) -> None:
    written = toml_text(text)
    assert written.isprintable()
    assert parse_toml(f"a = {written}", Path("x")) == {"a": text}


# -- the command -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    place = install(tmp_path_factory.mktemp("imported"))
    letters = exchange("globex.example", 4, MAY)
    theirs = [one for one in letters if one.folder == "INBOX"]
    ours = [one for one in letters if one.folder == "Sent"]
    robot = letter(
        "Shop <shop@a-very-long-name-of-a-newsletter-host-that-needs-room.example>",
        "ana@acme.example",
        MAY,
        "n1@x",
        "Auto-Submitted: auto-generated",
    )
    odd = letter("Cyril <c@xn--cme-5cd.com>", "ana@acme.example", MAY, "o1@x")
    theirs += [Delivery("INBOX", robot, MAY), Delivery("INBOX", odd, MAY)]
    for name, some, flags in (("inbox", theirs, ()), ("sent", ours, ("--sent",))):
        done = place.run("import", write_mbox(place.top / f"{name}.mbox", some), *flags)
        assert done.returncode == 0, done.stderr
    return place


@pytest.fixture
def place(imported: Installation, tmp_path: Path) -> Installation:
    return Installation(shutil.copytree(imported.top, tmp_path / "place"))


@pytest.mark.parametrize("columns", [80, 120])
def test_the_screen_lists_who_writes_within_its_width(place: Installation, columns: int) -> None:
    done = place.run("partners", env={**os.environ, "COLUMNS": str(columns)})
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= columns
    (globex,) = [line.split() for line in lines if line.startswith("globex.example")]
    assert globex[1:] == ["2024-05-06", "2024-05-12", "2", "2", "1", "yes"]
    (odd,) = [line for line in lines if "cme.com" in line and "xn--cme-5cd.com" in line]
    assert odd.split()[2:] == ["2024-05-06", "2024-05-06", "1", "0", "1", "no"]
    text = done.stdout.replace("\n", "")
    assert "Only automatic mail" in text
    assert "a-very-long-name" in text


def test_the_file_is_written_once_and_never_over_another(place: Installation) -> None:
    written = place.config.with_name("partners.toml")
    done = place.run("partners", "--write", written)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"wrote {written}" in done.stdout
    assert [p.key for p in load_config(place.config).roster().partners] == ["globex.example"]
    before = written.read_bytes()
    again = place.run("partners", "--write", written)
    assert again.returncode == 2
    assert one_line(again.stderr).endswith(
        "is there already and is left as it is; name another file"
    )
    assert written.read_bytes() == before
    # who is listed now is not told again
    assert "globex.example" not in place.run("partners").stdout


def test_a_file_that_can_not_be_written_is_one_line(place: Installation) -> None:
    done = place.run("partners", "--write", place.top / "no folder" / "partners.toml")
    assert done.returncode == 2
    assert "can't be written: No such file or directory" in one_line(done.stderr)


def test_without_any_letters_one_line_says_so(tmp_path: Path) -> None:
    place = install(tmp_path)
    told = ["nothing has been read yet; `inbox-agent poll` begins"]
    assert place.run("partners").stdout.splitlines() == told
    assert not place.mirror.exists()


def test_where_everybody_is_listed_or_ignored_one_line_says_so(place: Installation) -> None:
    ignored = '["globex.example", "xn--cme-5cd.com", '
    ignored += '"a-very-long-name-of-a-newsletter-host-that-needs-room.example"]'
    place.config.with_name("partners.toml").write_text(f"ignored = {ignored}\n", "utf-8")
    told = one_line(place.run("partners").stdout)
    assert told == "everybody in the mail is in partners.toml, or ignored there"


def test_only_those_with_most_mail_are_listed_unless_all_are_asked_for(tmp_path: Path) -> None:
    place = install(tmp_path)
    letters = [
        Delivery("INBOX", letter(f"a@p{n:02}.example", "ana@acme.example", MAY, f"{n}@x"), MAY)
        for n in range(33)
    ]
    assert place.run("import", write_mbox(tmp_path / "inbox.mbox", letters)).returncode == 0
    few, every = place.run("partners").stdout, place.run("partners", "--all").stdout
    assert len(re.findall(r"^p\d\d\.example", few, re.M)) == 30
    assert few.splitlines()[-1] == "and 3 more; --all lists them"
    assert len(re.findall(r"^p\d\d\.example", every, re.M)) == 33
    assert "more" not in every
