"""Maildirs, .eml files and folders of them: what is mail, of which folder, and when it came."""

from __future__ import annotations

import os
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from installations import Installation, install, query

from inbox_agent.agent import Report
from inbox_agent.errors import ConfigError
from inbox_agent.intake import Import, ReceivedFrom
from inbox_agent.mail_folders import MailFolder, mail_folders

DELIVERED = datetime(2024, 1, 5, 9, 14, 2, tzinfo=UTC)
SECONDS = int(DELIVERED.timestamp())
A_DAY = 86_400


def letter(
    subject: str, sender: str = "kim@globex.example", to: str = "team@acme.example"
) -> bytes:
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n"
        f"Date: Wed, 3 Jan 2024 08:00:00 +0000\r\nMessage-ID: <{subject}@globex.example>\r\n"
        "\r\nA body.\r\n"
    ).encode()


def write(path: Path, text: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    return path


def maildir(top: Path) -> Path:
    """A Maildir with two letters and two subfolders of one letter each."""
    write(top / "cur" / f"{SECONDS + A_DAY}.M2P1.host:2,S", letter("two"))
    write(top / "new" / f"{SECONDS}.M1P1.host", letter("one"))
    write(top / ".Sent" / "cur" / f"{SECONDS}.M3P1.host:2,RS", letter("three"))
    write(top / ".Kunden.Gro&AN8-" / "cur" / f"{SECONDS}.M4P1.host:2,", letter("four"))
    write(top / ".Sent" / "maildirfolder", b"")
    write(top / "cur" / ".hidden", b"no letter")
    write(top / "tmp" / f"{SECONDS}.M9P1.host", letter("half-written"))
    write(top / "dovecot-uidlist", b"3 V1 N5\n")
    return top


def subjects(folder: MailFolder) -> list[str]:
    return [
        line[9:].decode()
        for one in folder.letters
        for line in one.block.splitlines()
        if line.startswith(b"Subject: ")
    ]


def read(path: Path) -> dict[str, list[str]]:
    return {folder.name: subjects(folder) for folder in mail_folders(path)}


def tree(top: Path) -> list[tuple[str, bytes, int]]:
    return [
        (str(p), p.read_bytes() if p.is_file() else b"", p.stat().st_mtime_ns)
        for p in sorted(top.rglob("*"))
    ]


def test_a_maildir_is_inbox_and_its_subfolders(tmp_path: Path) -> None:
    top = maildir(tmp_path / "Maildir")
    before = tree(top)
    assert read(top) == {"INBOX": ["one", "two"], "Kunden.Groß": ["four"], "Sent": ["three"]}
    assert tree(top) == before


def test_a_subfolder_of_a_maildir_can_be_named_itself(tmp_path: Path) -> None:
    assert read(maildir(tmp_path / "Maildir") / ".Sent") == {"Sent": ["three"]}


def test_a_hidden_folder_need_not_be_a_subfolder(tmp_path: Path) -> None:
    write(tmp_path / ".maildir" / "cur" / "1.host", letter("one"))
    assert read(tmp_path / ".maildir") == {"INBOX": ["one"]}


def test_subfolders_without_a_top_are_folders_all_the_same(tmp_path: Path) -> None:
    top = maildir(tmp_path / "Maildir")
    for part in ("cur", "new", "tmp"):
        (top / part).rename(tmp_path / part)
    assert list(read(top)) == ["Kunden.Groß", "Sent"]


def test_a_maildir_that_lost_its_empty_parts_is_one(tmp_path: Path) -> None:
    write(tmp_path / "read" / "cur" / "1.host:2,S", letter("one"))
    write(tmp_path / "unread" / "new" / "1.host", letter("one"))
    (tmp_path / "unread" / "tmp").mkdir()
    assert read(tmp_path / "read") == read(tmp_path / "unread") == {"INBOX": ["one"]}


def test_an_empty_maildir_has_a_folder_without_letters(tmp_path: Path) -> None:
    (tmp_path / "cur").mkdir()
    assert read(tmp_path) == {"INBOX": []}


def test_a_letter_of_a_maildir_came_when_its_name_says_else_when_its_file_was_written(
    tmp_path: Path,
) -> None:
    named = write(tmp_path / "cur" / f"{SECONDS}.M1P1.host:2,S", letter("one"))
    nameless = write(tmp_path / "cur" / "msg.example", letter("two"))
    absurd = write(tmp_path / "cur" / "0000000001.M1P1.host:2,", letter("three"))
    for path in (named, nameless, absurd):
        os.utime(path, (SECONDS + A_DAY, SECONDS + A_DAY))
    (folder,) = mail_folders(tmp_path)
    later = datetime(2024, 1, 6, 9, 14, 2, tzinfo=UTC)
    assert [one.envelope_at for one in folder.letters] == [later, DELIVERED, later]


def test_a_letter_that_is_read_elsewhere_meanwhile_is_found_under_its_new_name(
    tmp_path: Path,
) -> None:
    top = maildir(tmp_path / "Maildir")
    inbox, *_ = mail_folders(top)
    (top / "new" / f"{SECONDS}.M1P1.host").rename(top / "cur" / f"{SECONDS}.M1P1.host:2,S")
    (top / "cur" / f"{SECONDS + A_DAY}.M2P1.host:2,S").unlink()
    assert subjects(inbox) == ["one"]


def test_a_folder_of_letters_is_one_folder_of_its_name(tmp_path: Path) -> None:
    top = tmp_path / "Globex 2024"
    write(top / "b.eml", letter("two"))
    write(top / "a.EML", letter("one"))
    write(top / "3", letter("three"))
    write(top / "odd.eml", b"\x00\xff")
    write(top / "INDEX.tsv", b"a.EML\tone\n")
    write(top / ".DS_Store", letter("hidden"))
    write(top / "deeper" / "c.eml", letter("elsewhere"))
    assert read(top) == {"Globex 2024": ["three", "one", "two"]}
    (folder,) = mail_folders(top)
    assert len(list(folder.letters)) == 4  # with the odd one, of which nothing can be read


def test_a_letter_that_is_named_itself_is_of_the_folder_it_lies_in(tmp_path: Path) -> None:
    path = write(tmp_path / "Globex" / "a.eml", letter("one"))
    assert read(path) == {"Globex": ["one"]}


def test_an_mbox_is_a_folder_of_its_name(tmp_path: Path) -> None:
    text = b"From a@b Fri Jan  5 09:14:02 2024\n" + letter("one")
    for name in ("old.mbox", "old", "old.eml"):  # what it is, is seen from what is in it
        assert read(write(tmp_path / name, text)) == {name.removesuffix(".mbox"): ["one"]}


def test_what_is_no_mail_is_refused_in_one_line(tmp_path: Path) -> None:
    text = write(tmp_path / "some" / "letters.txt", b"Dear all,\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (text, text.parent, empty):
        with pytest.raises(
            ConfigError, match=rf"{path.name}: is no mbox file, no letter \(\.eml\), "
        ):
            mail_folders(path)
    with pytest.raises(ConfigError, match=r"gone: can't be read: No such file"):
        mail_folders(tmp_path / "gone")


# --- into the mirror


def imported(
    place: Installation,
    *paths: Path,
    folder: str | None = None,
    received_from: ReceivedFrom = "envelope",
    is_sent: bool = False,
) -> Report:
    job = Import(paths, "import", folder, received_from, is_sent=is_sent)
    return place.agent().import_files(job)


FOLDERS = "select folder || ': ' || messages from folders order by folder"


def test_a_maildir_is_imported_folder_by_folder_and_once(tmp_path: Path) -> None:
    place = install(tmp_path / "place")
    top = maildir(tmp_path / "Maildir")
    assert imported(place, top).new_messages == 4
    assert place.query(FOLDERS) == ["INBOX: 2", "Kunden.Groß: 1", "Sent: 1"]
    arrived = "select received_at from headers where folder = 'INBOX' order by uid"
    assert query(place.mirror, arrived) == [SECONDS, SECONDS + A_DAY]
    assert query(place.mirror, "select max(is_sent) from folders") == [0]  # nobody said --sent
    assert imported(place, top).new_messages == 0


def test_sent_holds_for_every_folder(tmp_path: Path) -> None:
    place = install(tmp_path / "place")
    imported(place, maildir(tmp_path / "Maildir"), is_sent=True)
    assert query(place.mirror, "select distinct is_sent from folders") == [1]


def test_one_folder_can_be_given_another_name_and_several_can_not(tmp_path: Path) -> None:
    place = install(tmp_path / "place")
    top = maildir(tmp_path / "Maildir")
    (error,) = imported(place, top, folder="Old").errors
    assert str(error).startswith(f"{top}: holds 3 folders; leave out --folder")
    assert imported(place, top / ".Sent", folder="Old").new_messages == 1
    assert place.query(FOLDERS) == ["Old: 1"]


def test_a_folder_of_letters_is_imported_as_the_letters_named_one_by_one(tmp_path: Path) -> None:
    place = install(tmp_path / "place")
    paths = [write(tmp_path / "Globex" / f"{n}.eml", letter(str(n))) for n in range(3)]
    assert imported(place, *paths, received_from="date").new_messages == 3
    assert imported(place, tmp_path / "Globex", received_from="date").new_messages == 0
    assert place.query(FOLDERS) == ["Globex: 3"]


def test_of_a_letter_the_body_is_not_kept(tmp_path: Path) -> None:
    place = install(tmp_path / "place")
    old_mac = letter("mac").replace(b"\r\n", b"\r")
    write(tmp_path / "old" / "a.eml", old_mac)
    write(tmp_path / "old" / "b.eml", letter("one"))
    imported(place, tmp_path / "old")
    blocks = [zlib.decompress(block) for block in query(place.mirror, "select block from headers")]
    assert [b"body" in block for block in blocks] == [False, False]
    assert query(place.mirror, "select subject from headers order by uid") == ["mac", "one"]
