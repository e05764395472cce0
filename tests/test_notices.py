"""People are told through real services on this computer: once, and again only when it failed."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from installations import (
    Installation,
    deliver,
    exchange,
    install,
    letter,
    mailbox_entry,
    write_mbox,
)
from notice_server import Hook, listening
from sample_database import make_database
from servers import Delivery, EmbeddedServer
from test_loop import looping, until

from inbox_agent.address_traces import plain_address
from inbox_agent.checks_notices import check_notices
from inbox_agent.cli import main
from inbox_agent.config import Recipient, load_config
from inbox_agent.credentials import environment_without_secrets, notice_urls
from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.errors import ConfigError
from inbox_agent.forgetting import erase
from inbox_agent.intake import Import
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_history import forget, forget_before
from inbox_agent.notice_log import Notice, is_begun, notices, told_lines, write
from inbox_agent.notice_sending import services
from inbox_agent.notice_texts import NoticeText
from inbox_agent.notices import Notices, Round

SECRET = "s3cr3t-token"
ANA = "ana@acme.example"
#: A Monday at noon in UTC, the zone of the installations here.
NOW = datetime(2024, 6, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
#: A port of loopback that is reserved and where nobody listens.
NOBODY_THERE = 1
#: What takes longer than a moment.
longer = pytest.mark.pages


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as found:
        yield found


def to(urls: str, who: str = f'owner = "{ANA}"', more: str = "") -> str:
    command = json.dumps(f"echo {urls}")
    return f"[[notices.to]]\n{who}\nurls = {{ command = {command} }}\n{more}\n"


def told_place(top: Path, *recipients: str, settings: str = "") -> Installation:
    """A team that is told; its one partner is Globex, and nothing is read yet."""
    partners = f'[[partners]]\nname = "Globex"\ndomains = ["globex.example"]\nowner = "{ANA}"\n'
    more = f"[notices]\n{settings}\n" + "".join(recipients)
    return install(top, more=more, partners=partners)


def publish(place: Installation, *alerts: tuple[str, str], as_of: datetime = NOW) -> None:
    """What the agent would have published: Globex, with alerts of these keys and levels."""
    text = f"{as_of:%Y-%m-%dT%H:%M:%SZ}"
    levels = [level for _, level in alerts]
    state = "act" if "act" in levels else "watch" if levels else "ok"
    place.data.mkdir(exist_ok=True)
    place.published.unlink(missing_ok=True)
    globex = {"partner": "globex.example", "as_of": text}
    rows: dict[str, Any] = {
        "about": [{"as_of": text, "generation": 1}],
        "partners": [{**globex, "name": "Globex", "owner": ANA}],
        "partner_standing": [{**globex, "state": state, "because": "They wait."}],
        "alerts": [
            {"alert": key, "partner": "globex.example", "level": level, "because": "They wait.",
             "raised_at": text, "act_raised_at": text if level == "act" else None}
            for key, level in alerts
        ],
    }  # fmt: skip
    make_database(place.published, rows)
    with Mirror(place.mirror) as mirror, mirror.writing() as db:
        db.execute("insert or replace into alerts_seen values ('globex.example', 0)")


def sent(place: Installation, now: datetime = NOW, **chosen: bool) -> Round:
    agent = place.agent(now)
    with Mirror(agent.mirror_path) as mirror:
        return Notices(agent, **chosen).send(mirror)


def began(place: Installation) -> None:
    """An hour before, when nothing was to be acted on; no digest so early."""
    publish(place, as_of=NOW - 60 * MINUTE)
    assert sent(place, NOW - 5 * 60 * MINUTE).sent == 0


def held(place: Installation) -> list[Notice]:
    with Mirror(place.mirror) as mirror:
        return notices(mirror)


def command(place: Installation, *args: str) -> Result:
    return CliRunner().invoke(main, ["-c", str(place.config), "notify", *args])


# -- what is sent ---------------------------------------------------------------------------


def test_an_alert_and_the_digest_arrive_and_are_written_down(tmp_path: Path, hook: Hook) -> None:
    place = told_place(tmp_path, to(hook.url(SECRET)), settings='pages = "https://p.example/"')
    began(place)
    publish(place, ("a1", "act"))
    done = sent(place)
    assert (done.sent, done.report.errors) == (2, [])
    assert hook.titles == ["Globex needs you now", "1 partner needs you today"]
    assert "https://p.example/-/partner/globex.example" in hook.came[0]["message"]
    assert [
        (each.kind, each.key, each.state, each.tries, each.sent_at)
        for each in held(place)
        if each.tries
    ] == [
        ("alert", "a1 2024-06-03T12:00:00Z", "sent", 1, NOW),
        ("digest", "2024-06-03", "sent", 1, NOW),
    ]
    assert sent(place, NOW + 60 * MINUTE).sent == 0
    assert len(hook.came) == 2


@longer
def test_the_first_publication_brings_one_digest_and_no_flood(tmp_path: Path, hook: Hook) -> None:
    place = told_place(tmp_path, to(hook.url()))
    publish(place, *((f"a{n}", "act") for n in range(30)))
    assert sent(place).sent == 1
    assert hook.titles == ["1 partner needs you today"]


@longer
def test_it_is_written_down_as_tried_before_it_is_sent(tmp_path: Path, hook: Hook) -> None:
    place = told_place(tmp_path, to(hook.url(), more="digest = false"))
    began(place)
    publish(place, ("a1", "act"))
    seen: list[Any] = []

    def look() -> None:
        with closing(sqlite3.connect(place.mirror)) as db:
            sql = "select state, tries, sent_at from notices where tries > 0"
            seen.extend(db.execute(sql).fetchall())

    hook.before = look
    assert sent(place).sent == 1
    assert seen == [("due", 1, None)]


@longer
def test_what_we_were_stopped_over_is_sent_again_three_times_at_most(
    tmp_path: Path, hook: Hook
) -> None:
    place = told_place(tmp_path, to(hook.url(), more="digest = false"))
    began(place)
    publish(place, ("a1", "act"))
    now = NOW
    assert sent(place, now).sent == 1
    for _ in range(5):  # each time as if we had been stopped before it was written down as sent
        with Mirror(place.mirror) as mirror:
            stopped = [replace(e, state="due", sent_at=None) for e in notices(mirror) if e.tries]
            write(mirror, stopped)
        now += timedelta(hours=2)
        sent(place, now)
    assert len(hook.came) == 3


@longer
def test_an_address_that_fails_costs_itself_and_is_tried_again(tmp_path: Path, hook: Hook) -> None:
    nobody = f"json://127.0.0.1:{NOBODY_THERE}/{SECRET}"
    place = told_place(tmp_path, to(f"{nobody} {hook.url()}", more="digest = false"))
    began(place)
    publish(place, ("a1", "act"))
    done = sent(place)
    assert hook.titles == ["Globex needs you now"]
    assert list(map(str, done.report.errors)) == [
        f'notices to "{ANA}": address 1: JSON did not take it'
    ]
    assert done.report.exit_code == 1
    assert done.again_at == NOW + MINUTE
    assert sent(place, NOW + MINUTE / 2).report.errors == []
    again = sent(place, NOW + MINUTE)
    assert len(again.report.errors) == 1
    assert again.again_at == NOW + 3 * MINUTE
    assert len(hook.came) == 1


@longer
def test_one_that_refuses_for_a_while_gets_it_in_the_end(tmp_path: Path, hook: Hook) -> None:
    place = told_place(tmp_path, to(hook.url(), more="digest = false"))
    began(place)
    publish(place, ("a1", "act"))
    hook.status = 500
    agent = place.agent()
    told = Notices(agent)
    with Mirror(agent.mirror_path) as mirror:
        assert len(told.send(mirror).news) == 1
    hook.status = 200
    assert sent(place, NOW + MINUTE).sent == 1
    assert hook.titles == ["Globex needs you now"]


@longer
def test_an_outage_of_an_address_is_news_once(tmp_path: Path, hook: Hook) -> None:
    place = told_place(tmp_path, to(hook.url(), more="digest = false"))
    began(place)
    publish(place, ("a1", "act"))
    hook.status = 500
    now = [NOW]
    agent = replace(place.agent(), clock=lambda: now[0])
    told = Notices(agent)
    news = []
    with Mirror(agent.mirror_path) as mirror:
        for _ in range(3):
            news.append(len(told.send(mirror).news))
            now[0] += timedelta(hours=1)
        hook.status = 200
        assert told.send(mirror).sent == 1
    assert news == [1, 0, 0]


@longer
def test_a_service_that_sends_us_elsewhere_is_not_followed(tmp_path: Path, hook: Hook) -> None:
    with listening() as elsewhere:
        hook.status, hook.location = 302, f"http://127.0.0.1:{elsewhere.port}/"
        place = told_place(tmp_path, to(hook.url()))
        publish(place, ("a1", "act"))
        assert len(sent(place).report.errors) == 1
        assert elsewhere.lines == []


@longer
def test_no_word_of_an_address_is_in_errors_logs_or_databases(
    tmp_path: Path, hook: Hook, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    hook.status = 500
    urls = [hook.url(SECRET), f"json://127.0.0.1:{NOBODY_THERE}/{SECRET}", f"nope://{SECRET}"]
    place = told_place(tmp_path, "[[notices.to]]\neverybody = true\nurls = { file = 'urls' }\n")
    secret = place.config.with_name("urls")
    secret.write_text(" ".join(urls))
    secret.chmod(0o600)
    publish(place, ("a1", "act"))
    done = sent(place)
    assert len(done.report.errors) == 3
    said = " ".join(map(str, done.report.errors)) + caplog.text + "".join(capfd.readouterr())
    files = b"".join(path.read_bytes() for path in place.data.iterdir())
    assert SECRET not in said
    assert SECRET.encode() not in files


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("json://localhost", "plain"),
        ("slack://xoxb-1234-1234-abcdefghijk/#general", "plain"),
        ("mailto://u:p@localhost?to=ana@acme.example", "html"),
        ("rocket://u:p@localhost/#room", "markdown"),
    ],
)
def test_each_service_gets_the_form_it_takes(url: str, form: str) -> None:
    from inbox_agent.notice_sending import _form  # noqa: PLC0415

    (service,) = services(url)
    assert service.problem is None
    text = NoticeText("title", plain="plain", markdown="markdown", html="html")
    assert _form(service._one.notify_format, text)[1] == form


@longer
def test_before_a_mailbox_was_read_to_its_end_once_nothing_is_told(
    tmp_path: Path, hook: Hook
) -> None:
    place = told_place(tmp_path, to(hook.url()))
    publish(place, ("a1", "act"))
    with Mirror(place.mirror) as mirror, mirror.writing() as db:
        db.execute("delete from alerts_seen")
    assert sent(place).sent == 0
    assert held(place) == []  # so that what is found in the end is no news either
    publish(place, ("a1", "act"), ("a2", "act"))
    assert sent(place).sent == 1
    assert hook.titles == ["1 partner needs you today"]


@pytest.mark.parametrize(("polled", "begun"), [("partners", False), ("other", True)])
def test_a_mailbox_half_read_holds_up_the_beginning_one_never_read_does_not(
    tmp_path: Path, polled: str, begun: bool
) -> None:
    with Mirror(tmp_path / "mirror.db") as mirror:
        with mirror.writing() as db:
            db.execute("insert into alerts_seen values ('globex.example', 0)")
            db.execute(
                "insert into headers (mailbox, folder, uidvalidity, uid, block)"
                " values ('partners', 'INBOX', 1, 1, x'')"
            )
        assert is_begun(mirror, [polled]) is begun
        with mirror.writing() as db:
            db.execute("insert into mailboxes values ('partners', 1)")
        assert is_begun(mirror, [polled])


# -- while the agent runs -------------------------------------------------------------------


@longer
def test_a_running_agent_tells_people_once_it_has_published(tmp_path: Path, hook: Hook) -> None:
    letters = exchange("globex.example", 4, NOW - timedelta(days=9))  # the third waited 5 days
    with serve_letters() as server:
        embedded = EmbeddedServer(server)
        deliver(embedded, letters[:3])
        place = install(
            tmp_path,
            mailbox_entry(embedded),
            more="[notices]\n" + to(hook.url(), "everybody = true"),
        )
        with looping(place.agent(NOW)) as running:
            until(lambda: "notified" in running.names(None))
    assert hook.titles == ["1 partner needs somebody today"]
    facts = [each.facts for each in running.events if each.name == "notified"]
    assert facts == [{"sent": 1, "failed": 0}]


@longer
def test_a_service_that_hangs_holds_up_neither_polls_nor_the_end(
    tmp_path: Path, hook: Hook
) -> None:
    held_up, over = threading.Event(), threading.Event()

    def hang() -> None:
        held_up.set()
        over.wait(10)

    hook.before = hang
    letters = exchange("globex.example", 4, NOW - timedelta(days=9))  # the third waited 5 days
    with serve_letters() as server:
        embedded = EmbeddedServer(server)
        deliver(embedded, letters[:3])
        place = install(
            tmp_path,
            mailbox_entry(embedded),
            more='[poll]\nevery = "1 hour"\n[notices]\n' + to(hook.url(), "everybody = true"),
        )
        with looping(place.agent(NOW)) as running:
            until(held_up.is_set)
            deliver(embedded, letters[3:])
            until(lambda: running.names(None).count("published") > 1)
        over.set()


# -- keeping --------------------------------------------------------------------------------


def globex_asks(place: Installation, as_of: datetime, name: str) -> None:
    """Import a letter of five days before that waits for us: at `as_of` it is overdue."""
    at = as_of - timedelta(days=5)
    asked = letter(
        "Kim <kim@globex.example>", ANA, at, f"{name}@globex.example", subject=f"{name}?"
    )
    path = write_mbox(place.top / f"{name}.mbox", [Delivery("INBOX", asked, at)])
    job = Import([path], "import", None, "date", is_sent=False)
    report = place.agent(as_of).import_files(job, as_of)
    assert report.errors == []


@pytest.fixture
def real(tmp_path: Path, hook: Hook) -> Installation:
    """Letters, really measured and published; the second one's alert was told of."""
    place = told_place(tmp_path, to(hook.url(), more="digest = false"))
    globex_asks(place, NOW, "First")
    assert sent(place).sent == 0
    globex_asks(place, NOW + timedelta(days=1), "Second")
    assert sent(place, NOW + timedelta(days=1)).sent == 1
    return place


def test_nothing_is_told_again_after_a_rebuild_and_the_table_says_what_was(
    real: Installation, hook: Hook
) -> None:
    real.published.unlink()
    assert real.agent(NOW + timedelta(days=1)).rebuild().errors == []
    assert sent(real, NOW + timedelta(days=1)).sent == 0
    assert len(hook.came) == 1
    ((recipient, kind, state, tried_at, tries, error, alerts),) = real.query(
        "select recipient, kind, state, tried_at, tries, error, alerts from notices"
    )
    assert (recipient, kind, state, tries, error) == (ANA, "alert", "sent", 1, None)
    assert tried_at == "2024-06-04T12:00:00Z"
    (key,) = json.loads(alerts)
    assert real.query("select level from alerts where alert = ?", key) == ["act"]


@longer
def test_other_settings_of_privacy_tell_nothing_again(real: Installation, hook: Hook) -> None:
    more = real.config.read_text() + '[publish]\npeople = "none"\n'
    real.config.write_text(more)
    assert real.agent(NOW + timedelta(days=1)).rebuild().errors == []
    assert sent(real, NOW + timedelta(days=1)).sent == 0
    assert len(hook.came) == 1


@longer
def test_an_erased_recipient_is_gone_from_what_was_written_down(real: Installation) -> None:
    assert {each.recipient for each in held(real)} == {ANA}
    erase(real.agent(NOW + timedelta(days=1)), ANA)
    assert held(real) == []
    assert real.query("select count(*) from notices") == [0]


def test_an_alert_with_another_key_after_an_erasure_is_not_told_again(tmp_path: Path) -> None:
    with Mirror(tmp_path / "mirror.db") as mirror, mirror.writing() as db:
        db.execute(
            "insert into alert_log values ('k', 'globex.example', 'person_gone',"
            " 'kim@globex.example', 'act', 1, 1, 1, null, 'Gone.', '{}', '[]')"
        )
        write(mirror, [Notice("ana", 1, "alert", "k 2024", "sent", ("k", "other"))])
        kim = plain_address("kim@globex.example")
        forget(mirror, lambda address: address == kim)
        ((key,),) = (row.values() for row in mirror.rows("select alert from alert_log"))
        (notice,) = notices(mirror)
    assert key != "k"
    assert (notice.key, notice.alerts) == (f"{key} 2024", (key, "other"))


def test_what_is_purged_takes_what_was_told_of_it_along(tmp_path: Path) -> None:
    before = NOW - timedelta(days=1)
    with Mirror(tmp_path / "mirror.db") as mirror, mirror.writing():
        write(
            mirror,
            [
                Notice("ana", 1, "began", "", "known"),
                Notice("ana", 1, "alert", "gone 2024", "sent", tried_at=before),
                Notice("ana", 1, "digest", "2024-06-02", "sent", tried_at=before - MINUTE),
                Notice("ana", 1, "digest", "2024-06-03", "sent", tried_at=NOW),
            ],
        )
        forget_before(mirror, before)
        assert [(each.kind, each.key) for each in notices(mirror)] == [
            ("began", ""), ("digest", "2024-06-03")
        ]  # fmt: skip


# -- the command ----------------------------------------------------------------------------


def test_print_shows_what_would_be_sent_and_sends_nothing(tmp_path: Path, hook: Hook) -> None:
    place = told_place(tmp_path, to(hook.url(SECRET)))
    publish(place, ("a1", "act"))
    shown = command(place, "--print", "--digest")
    assert shown.exit_code == 0
    assert f"To {ANA}\n1 partner needs you today\n" in shown.output
    assert "Globex\n\nThey wait.\n" in shown.output
    assert SECRET not in shown.output
    assert (hook.lines, held(place)) == ([], [])
    assert command(place, "--print", "--alerts").output == (
        "nothing is due now; nothing would be sent\n"
    )


@longer
def test_the_command_sends_and_says_how_many(tmp_path: Path, hook: Hook) -> None:
    place = told_place(tmp_path, to(hook.url()), to(hook.url(), 'everybody = true\nname = "all"'))
    publish(place, ("a1", "act"))
    done = command(place, "--digest")
    assert (done.exit_code, done.output) == (0, "2 messages sent\n")
    assert command(place, "--digest").output == "0 messages sent\n"


@longer
def test_one_address_that_fails_is_exit_code_1_and_a_place_that_cant_be_read_2(
    tmp_path: Path, hook: Hook
) -> None:
    nobody = f"json://127.0.0.1:{NOBODY_THERE}"
    place = told_place(tmp_path, to(f"{nobody} {hook.url()}"))
    publish(place, ("a1", "act"))
    done = command(place, "--digest")
    assert done.exit_code == 1
    assert f'inbox-agent: notices to "{ANA}": address 1: JSON did not take it' in done.output

    unset = f'[[notices.to]]\nowner = "{ANA}"\nurls = {{ env = "NO_SUCH_VARIABLE" }}\n'
    place = told_place(tmp_path, unset)
    done = command(place)
    assert done.exit_code == 2
    assert f'notices to "{ANA}": urls.env: NO_SUCH_VARIABLE is not set' in done.output


def test_nobody_to_tell_and_nothing_read_are_said(tmp_path: Path) -> None:
    nobody = command(install(tmp_path / "a"))
    assert nobody.exit_code == 2
    assert "notices.to: nobody is to be told" in nobody.output
    unread = command(told_place(tmp_path / "b", to("json://localhost")))
    assert unread.exit_code == 4
    assert "`inbox-agent poll` makes it" in unread.output


@longer
def test_status_and_check_say_what_failed(tmp_path: Path, hook: Hook) -> None:
    hook.status = 500
    place = told_place(tmp_path, to(f"{hook.url(SECRET)} nope://{SECRET}"))
    publish(place, ("a1", "act"))
    sent(place)
    lines = told_lines(held(place), lambda at: f"at {at}")
    assert lines == [
        (
            f'notices to "{ANA}", address 1: last digest failed at {NOW.timestamp():.0f}: '
            "JSON did not take it"
        ),
        (
            f'notices to "{ANA}", address 2: last digest failed at {NOW.timestamp():.0f}: '
            "it is no address of a service that apprise knows; see https://appriseit.com/services/"
        ),
    ]
    found = [(each.level.value, each.text) for each in check_notices(place.agent())]
    assert ("✓", "goes to JSON") in found
    assert ("!", "address 1: JSON did not take it (tried 1 time)") in found
    assert [text for level, text in found if level == "✗"] == [
        (
            "address 2: it is no address of a service that apprise knows; "
            "see https://appriseit.com/services/"
        )
    ]
    assert SECRET not in str(found)


def test_check_says_when_an_owner_has_no_partners(tmp_path: Path) -> None:
    place = told_place(tmp_path, to("json://localhost", 'owner = "anna@acme.example"'))
    texts = [each.text for each in check_notices(place.agent())]
    assert "partners.toml names no partner with this owner, so there is nothing to tell" in texts
    assert any(text.startswith("no `pages` under [notices]") for text in texts)


# -- the config -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('digest_at = "8"', 'notices.digest_at: "8" is no time of day; write "HH:MM"'),
        ('pages = "ftp://x"', 'notices.pages: "ftp://x" is no address of pages'),
        ('pages = "https://u:p@x"', "notices.pages: "),
        ("[[notices.to]]\nurls = { env = 'A' }", "notices.to[0]: must say exactly one of: owner"),
        (
            "[[notices.to]]\nowner = 'a'\neverybody = true\nurls = { env = 'A' }",
            "notices.to[0]: must say exactly one of: owner, everybody = true",
        ),
        ("[[notices.to]]\nowner = 'a'", "notices.to[0].urls: is missing"),
        (
            f"[[notices.to]]\nowner = 'a'\nurls = 'slack://{SECRET}'",
            "notices.to[0].urls: must be a",
        ),
        (
            "[[notices.to]]\nowner = 'a'\nurls = { keyring = 12345 }",
            "notices.to[0].urls.keyring: must be text in quotes, not what is written there",
        ),
        (
            f"[[notices.to]]\nowner = 'a'\nurls = {{ env = 'slack://{SECRET}' }}",
            "notices.to[0].urls.env: is no name of an environment variable",
        ),
        (
            "[[notices.to]]\nowner = 'a'\nurls = { env = 'A' }\nalerts = false\ndigest = false",
            "notices.to[0]: gets neither alerts nor digest; leave the entry out",
        ),
        (
            "[[notices.to]]\nowner = 'a'\nname = 'a/b'\nurls = { env = 'A' }",
            'notices.to[0].name: "a/b" must have no "/" in it',
        ),
        (
            2 * "[[notices.to]]\nowner = 'a'\nurls = { command = 'x' }\n",
            'notices.to[1]: "a" is already at notices.to[0]; each may stand once; give this entry',
        ),
        (
            (
                "[[notices.to]]\nowner = 'a'\nurls = { env = 'A' }\n"
                "[[notices.to]]\nowner = 'b'\nurls = { env = 'A' }\n"
            ),
            'notices.to[1].urls.env: "A" is already at notices.to[0].urls.env',
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(text: str, problem: str, tmp_path: Path) -> None:
    place = install(tmp_path, more=f"[notices]\n{text}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(place.config)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_example_loads_with_all_that_is_left_out_put_in(tmp_path: Path) -> None:
    text = (Path(__file__).parent.parent / "config" / "inbox-agent.toml").read_text("utf-8")
    section = text[text.index("[notices]") :].partition("\n\n")[0]
    place = install(tmp_path, more=re.sub(r"^#(?=[\w\[])", "", section, flags=re.M))
    found = load_config(place.config).notices
    assert set(type(found).model_fields) == found.model_fields_set
    # whose it is about is said once
    assert set(Recipient.model_fields) - found.to[0].model_fields_set == {"everybody"}
    plain = load_config(install(tmp_path / "plain", more=section).config).notices
    assert plain.digest_at == found.digest_at
    assert (found.to[0].alerts, found.to[0].digest) == (True, True)


def test_addresses_are_found_like_passwords_and_leave_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANAS_URLS", f"json://localhost/{SECRET}\n")
    place = told_place(
        tmp_path, f'[[notices.to]]\nowner = "{ANA}"\nurls = {{ env = "ANAS_URLS" }}\n'
    )
    config = load_config(place.config)
    assert "ANAS_URLS" not in environment_without_secrets((), config.notices.to)
    assert notice_urls(config.notices.to[0]) == f"json://localhost/{SECRET}"
    with pytest.raises(ConfigError, match="is not set"):
        notice_urls(config.notices.to[0])
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / ANA).write_text("json://elsewhere\n")
    assert notice_urls(config.notices.to[0]) == "json://elsewhere"
