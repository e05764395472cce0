"""What ``inbox-agent init`` asks and writes."""

from __future__ import annotations

import os
from dataclasses import MISSING, fields, replace
from datetime import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_agent.config import checked_config, load_config
from inbox_agent.config_mistakes import parse_toml
from inbox_agent.errors import ConfigError
from inbox_agent.setup_files import (
    QUESTIONS,
    Answers,
    check_answers,
    render_config,
    system_timezone,
    write_setup,
)

EXAMPLES = Path(__file__).parent.parent / "config"
ANSWERS = Answers(domains="acme.com", host="imap.example.com", user="partners@acme.com")


def test_what_is_written_loads_and_says_what_was_answered(tmp_path: Path) -> None:
    answers = Answers(
        domains="acme.com, acme.co.uk",
        host="mail.acme.com",
        user="team",
        sent="Gesendete Elemente",
        timezone="America/New_York",
        holidays="US-CA",
        password="keyring:imap/team",
        tls="starttls",
    )
    paths = write_setup(tmp_path / "new", answers)
    assert paths == [
        tmp_path / "new/config/inbox-agent.toml",
        tmp_path / "new/config/partners.toml",
    ]
    config = load_config(paths[0])
    (mailbox,) = config.mailboxes
    assert config.team.domains == ("acme.com", "acme.co.uk")
    assert (mailbox.name, mailbox.host, mailbox.user) == ("partners", "mail.acme.com", "team")
    assert (mailbox.tls, mailbox.sent) == ("starttls", ("Gesendete Elemente",))
    assert mailbox.password.keyring == "imap/team"
    clock = config.our_clock()
    assert (clock.zone.key, clock.holidays) == ("America/New_York", "US-CA")
    assert clock.hours == ((time(9), time(17)),)
    assert config.data_directory == tmp_path / "new/data"
    assert config.roster().partners == ()


def test_what_was_not_answered_is_left_out(tmp_path: Path) -> None:
    config = load_config(write_setup(tmp_path, ANSWERS)[0])
    assert config.mailboxes[0].sent is None
    assert config.mailboxes[0].password.env == "INBOX_AGENT_PASSWORD"
    assert config.our_clock().holidays is None


def test_the_examples_are_what_is_written_for_acme(tmp_path: Path) -> None:
    for path in write_setup(tmp_path, replace(ANSWERS, timezone="Europe/Berlin")):
        assert path.read_text("utf-8") == (EXAMPLES / path.name).read_text("utf-8")


@pytest.mark.parametrize("name", ["inbox-agent.toml", "partners.toml"])
def test_nothing_is_overwritten_and_nothing_else_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "config").mkdir()
    there = tmp_path / "config" / name
    there.write_text("mine")
    with pytest.raises(ConfigError, match=f"{name}: is there already"):
        write_setup(tmp_path, ANSWERS)
    assert there.read_text() == "mine"
    assert list((tmp_path / "config").iterdir()) == [there]


def test_a_config_that_would_not_load_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'mailboxes\[0\].tls: "none" would send the password'):
        write_setup(tmp_path, replace(ANSWERS, tls="none"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_t_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file.*: can't be written: Not a directory"):
        write_setup(tmp_path / "file", ANSWERS)


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).filter(str.strip)


@given(user=TEXT, sent=TEXT, command=TEXT)
def test_any_text_survives_being_written(user: str, sent: str, command: str) -> None:
    answers = replace(ANSWERS, user=user, sent=sent, password=f"command:{command}")
    path = Path("inbox-agent.toml")
    (mailbox,) = checked_config(parse_toml(render_config(answers), path), path, {}).mailboxes
    assert (mailbox.user, mailbox.sent, mailbox.password.command) == (user, (sent,), command)


@pytest.mark.parametrize("user", [r'a"b\c', r"\1 \g<0> \n", '"]\n[evil]', "del\x7f", "tab\t"])
def test_quotes_backslashes_and_control_characters_stay_inside_the_value(user: str) -> None:
    raw = parse_toml(render_config(replace(ANSWERS, user=user)), Path("x"))
    assert raw["mailboxes"][0]["user"] == user
    assert "evil" not in raw


# -- questions --------------------------------------------------------------------------------


def test_there_is_a_question_for_each_answer_with_its_default() -> None:
    defaults = {each.field: each.default for each in QUESTIONS}
    assert set(defaults) == {each.name for each in fields(Answers)}
    assert defaults.pop("timezone") == system_timezone()
    for each in fields(Answers):
        if each.name in defaults:
            assert defaults[each.name] == (None if each.default is MISSING else each.default)


def test_every_default_passes_its_own_check() -> None:
    for question in QUESTIONS:
        assert question.default is None or question.check(question.default) == question.default


def test_answers_are_tidied_and_the_missing_ones_are_the_defaults() -> None:
    answers = check_answers(
        {"domains": "Acme.com acme.co.uk,acme.com", "host": "IMAP.acme.com", "user": "ann"}
    )
    assert answers == Answers(
        "acme.com, acme.co.uk", "imap.acme.com", "ann", timezone=system_timezone()
    )


@pytest.mark.parametrize(
    ("field", "text", "line"),
    [
        ("domains", "", '--domains: "" is no domain; write one like "acme.com"'),
        ("domains", "acme", '--domains: "acme" is no domain; write one like "acme.com"'),
        ("host", "imaps://acme.com", '--host: "imaps://acme.com" is no host; write a name like'),
        ("user", "", "--user: is empty; write something"),
        ("timezone", "Berlin", '--timezone: "Berlin" is no time zone; did you mean'),
        ("holidays", "BY-DE", '--holidays: "BY-DE" has no known holidays; '),
        ("tls", "ssl", '--tls: "ssl" is not allowed; allowed: implicit, starttls, none'),
        ("password", "env:A-B", "--password: is no name of an environment variable; write one"),
    ],
)
def test_a_wrong_answer_is_one_line_with_flag_and_remedy(field: str, text: str, line: str) -> None:
    texts = {"domains": "acme.com", "host": "imap.acme.com", "user": "ann", field: text}
    with pytest.raises(ConfigError) as caught:
        check_answers(texts)
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize("text", ["hunter2", "env:hunter2!", "pass:hunter2", "env:", ""])
def test_a_password_typed_in_place_of_where_it_is_kept_is_refused_and_not_shown(text: str) -> None:
    (question,) = (each for each in QUESTIONS if each.field == "password")
    with pytest.raises(ValueError, match="the password") as caught:
        question.check(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("tz", "link", "zone"),
    [
        ("Europe/Paris", "/usr/share/zoneinfo/Asia/Tokyo", "Europe/Paris"),
        (":Europe/Paris", "", "Europe/Paris"),
        ("", "/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("", "/usr/share/zoneinfo/posix/Asia/Tokyo", "Asia/Tokyo"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "/etc/localtime", "UTC"),
    ],
)
def test_the_time_zone_is_guessed_from_the_system(
    monkeypatch: pytest.MonkeyPatch, tz: str, link: str, zone: str
) -> None:
    monkeypatch.setenv("TZ", tz)
    monkeypatch.setattr(os.path, "realpath", lambda _: link)
    assert system_timezone() == zone
