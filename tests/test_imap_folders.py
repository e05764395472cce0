"""Which folders are chosen, from LIST answers of servers that can't be had here."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from imapclient.imap_utf7 import decode

from inbox_agent.config import MailboxSettings, PasswordSettings
from inbox_agent.errors import ConfigError
from inbox_agent.imap_folders import Choice, choose_folders, list_lines, listed_folders

GMAIL = [
    ("INBOX", ()),
    ("[Gmail]", (rb"\Noselect", rb"\HasChildren")),
    ("[Gmail]/All Mail", (rb"\All",)),
    ("[Gmail]/Sent Mail", (rb"\Sent",)),
    ("[Gmail]/Spam", (rb"\Junk",)),
    ("Label", ()),
]
Names = Sequence[tuple[str, tuple[bytes, ...]]]


def chosen(
    names: Names,
    separator: bytes = b"/",
    is_gmail: bool = False,
    folders: tuple[str, ...] | None = None,
    sent: tuple[str, ...] | None = None,
) -> Choice:
    settings = MailboxSettings(
        name="partners",
        host="localhost",
        user="team",
        password=PasswordSettings(env="P"),
        folders=folders,
        sent=sent,
    )
    lines = [(attributes, separator, name.encode()) for name, attributes in names]
    return choose_folders(settings, listed_folders(lines, decode), is_gmail)


def test_gmail_is_read_through_all_mail_which_holds_sent() -> None:
    choice = chosen(GMAIL, is_gmail=True)
    assert [folder.name for folder in choice.folders] == ["[Gmail]/All Mail"]


def test_gmail_with_configured_folders_gets_its_sent_folder_too() -> None:
    choice = chosen(GMAIL, is_gmail=True, folders=("Label",))
    assert [folder.name for folder in choice.folders] == ["Label", "[Gmail]/Sent Mail"]


def test_gmail_that_hides_all_mail_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="Show in IMAP"):
        chosen([("INBOX", ()), ("[Gmail]/Sent Mail", (rb"\Sent",))], is_gmail=True)


def test_without_any_mark_only_the_well_known_names_are_left_out() -> None:
    names = ["Inbox", *(f"Inbox.{name}" for name in ("Sent", "Trash", "Junk E-mail", "Trash.Old"))]
    choice = chosen([(name, ()) for name in names], separator=b".", sent=("INBOX.Sent",))
    assert [folder.name for folder in choice.folders] == [
        *("INBOX", "INBOX.Junk E-mail", "INBOX.Sent", "INBOX.Trash.Old")
    ]
    assert choice.folders[0].raw == b"Inbox"


def test_with_marks_a_name_alone_leaves_nothing_out() -> None:
    choice = chosen([("INBOX", ()), ("Spam", ()), ("Sent", (rb"\sent",)), ("J", (rb"\Junk",))])
    assert [folder.name for folder in choice.folders] == ["INBOX", "Sent", "Spam"]


def test_no_sent_folder_is_a_config_error_that_says_what_there_is_and_what_to_write() -> None:
    names = [("INBOX", ()), *((f"F{number:02}", ()) for number in range(1, 12))]
    with pytest.raises(ConfigError) as caught:
        chosen(names)
    # twelve folders, of which ten are shown
    assert str(caught.value) == (
        'mailbox "partners": no folder is marked \\Sent, and without Sent there are no response '
        'times of ours; name it with `sent = ["..."]`; there are "F01", "F02", "F03", "F04", '
        '"F05", "F06", "F07", "F08", "F09", "F10" and 2 more'
    )


def test_case_counts_but_for_inbox_and_a_star_crosses_levels() -> None:
    names: Names = [("INBOX", ()), ("A/b", ()), ("A/b/c", ()), ("a/B", ()), ("S", (rb"\Sent",))]
    choice = chosen(names, folders=("inbox", "A/*", "a/b"))
    assert [folder.name for folder in choice.folders] == ["INBOX", "A/b", "A/b/c", "S"]
    assert choice.missing == ("a/b",)


def test_a_folder_that_cannot_be_selected_is_not_read() -> None:
    names: Names = [("INBOX", ()), ("A", (rb"\NoSelect",)), ("S", (rb"\Sent",))]
    choice = chosen(names, folders=("INBOX", "A"))
    assert [folder.name for folder in choice.folders] == ["INBOX", "S"]
    assert choice.missing == ("A",)


def test_no_name_makes_the_others_unreadable_and_all_stay_different() -> None:
    names = [b"INBOX", b"&AAA-x", b"&bad", "Größe".encode(), b"Gr&APYA3w-e", b"\xff"]
    listed = listed_folders([((), b"/", name) for name in names], decode)
    shown = [line.name for line in listed]
    assert len(set(shown)) == len(names)
    assert shown[3:5] == [r"Größe (Gr\xc3\xb6\xc3\x9fe)", "Größe (Gr&APYA3w-e)"]
    assert all(name.isprintable() for name in shown)


def names_of(*data: object) -> list[bytes]:
    return [raw for _, _, raw in list_lines(data)]


def test_one_name_with_a_bracket_does_not_take_the_others_with_it() -> None:
    assert names_of(
        rb'(\HasNoChildren) "/" INBOX',
        rb'(\HasNoChildren) "/" Orders[2024',
        rb'(\HasNoChildren) "/" "Orders]2024"',
        rb'(\Sent) "/" Sent Items',
    ) == [b"INBOX", b"Orders[2024", b"Orders]2024", b"Sent Items"]


def test_a_list_line_that_cannot_be_read_costs_that_line() -> None:
    assert names_of(
        rb'(\HasNoChildren "/" Half',
        b"nonsense",
        b"",
        None,
        b"((((((((",
        rb'() "/" ""',
        rb'() "/" INBOX',
    ) == [b"INBOX"]


def test_names_come_as_atoms_strings_and_literals_and_keep_their_octets() -> None:
    assert list_lines(
        [
            rb'(\Sent \HasNoChildren) "." "Say \"hi\" \\o/"',
            (rb'(\Junk) "/" {6}', b"b\xc3\xb6se["),
            b"",
            b"() NIL 2024",
            rb'() "\\" &bad',
            rb'() "/" "tail" ("CHILDINFO" ("SUBSCRIBED"))',
        ]
    ) == [
        ((rb"\Sent", rb"\HasNoChildren"), b".", rb'Say "hi" \o/'),
        ((rb"\Junk",), b"/", b"b\xc3\xb6se["),
        ((), None, b"2024"),
        ((), b"\\", b"&bad"),
        ((), b"/", b"tail"),
    ]


@pytest.mark.parametrize("name", [b"a\r\nA2 DELETE INBOX", b"a\0b", b"x" * 4000])
def test_a_name_no_command_can_hold_is_left_out(name: bytes) -> None:
    assert names_of((b'() "/" {%d}' % len(name), name), b"", b'() "/" INBOX') == [b"INBOX"]
