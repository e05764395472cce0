"""The config: what it means, what its digest covers, and the examples people copy."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from inbox_agent.addresses import Address, Merger, Partner
from inbox_agent.config import Config, load_config
from inbox_agent.errors import ConfigError
from inbox_agent.kinds import Override
from inbox_agent.standards import Cuts, Span
from inbox_agent.text_phrases import LANGUAGES

EXAMPLES = Path(__file__).parent.parent / "config"
TEAM = '[team]\ndomains = ["acme.com"]\n'
MAILBOX = """[[mailboxes]]
name = "partners"
host = "imap.example.com"
user = "partners@acme.com"
password = { env = "PARTNERS_IMAP_PASSWORD" }
"""
GLOBEX = '[[partners]]\nname = "Globex"\ndomains = ["globex.com"]\n'
DAY = 86_400


def written(folder: Path, config: str, partners: str | None = None) -> Path:
    path = folder / "inbox-agent.toml"
    path.write_text(config, encoding="utf-8")
    if partners is not None:
        (folder / "partners.toml").write_text(partners, encoding="utf-8")
    return path


def loaded(folder: Path, config: str = TEAM, partners: str | None = None) -> Config:
    return load_config(written(folder, config, partners))


# -- what it means ----------------------------------------------------------------------------


def test_a_team_domain_is_all_a_config_needs(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert config.mailboxes == ()
    assert config.data_directory == (tmp_path / "../data").resolve()
    assert (config.poll.every_seconds, config.poll.since) == (300, None)
    assert (config.publish.subjects, config.publish.people) == (True, "full")
    assert config.publish.our_people is False
    assert (config.no_reply_needed.keyword, config.no_reply_needed.folder) == (None, None)
    assert config.cuts() == Cuts(30 * DAY, 30 * DAY, 90)
    assert config.roster().discover is True


def test_the_default_clock_is_nine_to_five_utc_on_weekdays_without_holidays(tmp_path: Path) -> None:
    clock = loaded(tmp_path).our_clock()
    assert clock.zone.key == "UTC"
    assert clock.weekdays == {0, 1, 2, 3, 4}
    assert clock.hours == ((time(9), time(17)),)
    assert (clock.holidays, clock.closed) == (None, frozenset())


def test_the_data_directory_is_relative_to_the_config_file_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").mkdir()
    written(tmp_path / "config", TEAM + '[data]\ndirectory = "../mail"\n')
    monkeypatch.chdir(tmp_path)
    assert load_config(Path("config/inbox-agent.toml")).data_directory == tmp_path / "mail"


def test_password_file_and_certificates_are_relative_to_the_config_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = MAILBOX.replace('{ env = "PARTNERS_IMAP_PASSWORD" }', '{ file = "secret" }')
    written(tmp_path, TEAM + text + 'ca_file = "ca.pem"\n')
    monkeypatch.chdir(tmp_path)
    (mailbox,) = load_config(Path("inbox-agent.toml")).mailboxes
    assert (mailbox.password.file, mailbox.ca_file) == (tmp_path / "secret", tmp_path / "ca.pem")


def test_a_mailbox_keeps_what_is_said_of_it(tmp_path: Path) -> None:
    more = 'port = 1993\ntls = "starttls"\nfolders = ["INBOX", "Archive/*"]\nsent = ["Sent"]\n'
    (mailbox,) = loaded(tmp_path, TEAM + MAILBOX + more).mailboxes
    assert (mailbox.name, mailbox.host, mailbox.port) == ("partners", "imap.example.com", 1993)
    assert (mailbox.tls, mailbox.user) == ("starttls", "partners@acme.com")
    assert (mailbox.folders, mailbox.sent) == (("INBOX", "Archive/*"), ("Sent",))
    assert mailbox.password.env == "PARTNERS_IMAP_PASSWORD"


def test_names_of_us_and_them_are_normalised(tmp_path: Path) -> None:
    team = """[team]
        domains = ["ACME.com.", "Straße.de"]
        addresses = ["Acme.Partners@Gmail.com"]
        lists = ["Group@Acme.com", "<Partners.Acme.com>"]
    """
    partners = 'ignored = ["News.example"]\n[[partners]]\ndomains = ["Globex.COM"]\n'
    roster = loaded(tmp_path, team, partners).roster()
    assert roster.team_domains == {"acme.com", "xn--strae-oqa.de"}
    assert roster.team_addresses == {"acme.partners@gmail.com"}
    assert roster.lists == {"group@acme.com", "partners.acme.com"}
    assert roster.ignored == {"news.example"}
    assert [each.key for each in roster.partners] == ["globex.com"]


def test_the_hosts_that_receive_for_us_are_those_of_all_mailboxes(tmp_path: Path) -> None:
    first = MAILBOX + 'received_by = ["MX.acme.com"]\n'
    second = MAILBOX.replace('"partners"', '"sales"').replace("PARTNERS_", "SALES_")
    config = loaded(tmp_path, TEAM + first + second + 'received_by = ["mx2.acme.com"]\n')
    assert config.roster().received_by == {"mx.acme.com", "mx2.acme.com"}


def test_whose_origin_checks_are_believed_is_said_by_all_mailboxes(tmp_path: Path) -> None:
    first = MAILBOX + 'authserv_id = ["MX.acme.com"]\n'
    second = MAILBOX.replace('"partners"', '"sales"').replace("PARTNERS_", "SALES_")
    config = loaded(tmp_path, TEAM + first + second + 'authserv_id = ["mx2.acme.com"]\n')
    assert config.roster().authserv_ids == {"mx.acme.com", "mx2.acme.com"}
    assert loaded(tmp_path, TEAM + MAILBOX).roster().authserv_ids == frozenset()


def test_a_merger_begins_with_the_day_by_our_clock(tmp_path: Path) -> None:
    merged = 'merged = [{ domain = "Initech.com", since = 2025-07-01 }]\n'
    listed = '[[partners]]\ndomains = ["initech.com"]\n'  # until then it may have its own entry
    config = loaded(tmp_path, TEAM + CLOCK, GLOBEX + merged + listed)
    # Berlin is two hours ahead of UTC in July
    midnight = datetime(2025, 6, 30, 22, 0, tzinfo=UTC)
    assert config.roster().partner("globex.com").merged == (Merger("initech.com", midnight),)
    assert config.roster().partner("initech.com").until == midnight


def test_a_domain_may_go_from_one_to_the_next_on_another_day(tmp_path: Path) -> None:
    partners = GLOBEX + 'merged = [{ domain = "initech.com", since = 2024-03-01 }]\n'
    onward = '[[partners]]\ndomains = ["umbrella.com"]\n'
    onward += 'merged = [{ domain = "initech.com", since = 2025-03-01 }]\n'
    roster = loaded(tmp_path, TEAM, partners + onward).roster()
    bob = Address.parse("bob@initech.com")
    assert bob is not None
    assert roster.partner_of(bob, datetime(2025, 2, 28, 23, 59, tzinfo=UTC)) == "globex.com"
    assert roster.partner_of(bob, datetime(2025, 3, 1, tzinfo=UTC)) == "umbrella.com"


def test_a_partner_has_its_facts_true_is_one_and_a_day_is_text(tmp_path: Path) -> None:
    fields = 'fields = { b_date = 2026-01-31, a = 1.5, c = "North", is_big = true }\n'
    config = loaded(
        tmp_path,
        TEAM + "[tiers.gold]\n",
        GLOBEX + 'addresses = ["Boss@gmail.com"]\nowner = "ana@acme.com"\ntier = "gold"\n' + fields,
    )
    assert config.roster().partners == (
        Partner(
            key="globex.com",
            name="Globex",
            domains=("globex.com",),
            addresses=("boss@gmail.com",),
            owner="ana@acme.com",
            tier="gold",
            fields=(("a", 1.5), ("b_date", "2026-01-31"), ("c", "North"), ("is_big", 1)),
        ),
    )


def test_a_partner_without_domains_goes_by_its_first_address(tmp_path: Path) -> None:
    config = loaded(tmp_path, TEAM, '[[partners]]\naddresses = ["a@gmail.com", "b@gmail.com"]\n')
    address = Address.parse("B@gmail.com")
    assert address is not None
    assert config.roster().partner_of(address) == "a@gmail.com"


def test_only_listed_partners_count_when_discover_is_off(tmp_path: Path) -> None:
    assert loaded(tmp_path, TEAM, "discover = false\n").roster().discover is False


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert loaded(tmp_path, "\ufeff" + TEAM).team.domains == ("acme.com",)


def test_hours_may_be_toml_times_and_end_at_midnight(tmp_path: Path) -> None:
    clock = loaded(tmp_path, TEAM + '[clock]\nhours = [[09:00:00, "12:30"], ["12:30", "24:00"]]\n')
    hours = clock.our_clock().hours
    assert hours == ((time(9), time(12, 30)), (time(12, 30), time(0)))


CLOCK = """[clock]
timezone = "Europe/Berlin"
hours = [["08:00", "16:00"]]
holidays = "DE-BY"
closed = [2026-12-24]
"""


def test_what_a_partner_does_not_say_of_its_clock_is_ours(tmp_path: Path) -> None:
    partners = GLOBEX + 'timezone = "America/New_York"\ndays = ["mon"]\nholidays = "US"\n'
    config = loaded(tmp_path, TEAM + CLOCK, partners)
    clocks = config.clocks(config.roster().partner("globex.com"))
    assert clocks.us == config.our_clock()
    assert clocks.them.zone.key == "America/New_York"
    assert clocks.them.weekdays == {0}
    assert clocks.them.holidays == "US"
    assert clocks.them.hours == ((time(8), time(16)),)
    assert clocks.them.closed == {date(2026, 12, 24)}


def test_a_partner_may_have_no_holidays_where_we_have_some(tmp_path: Path) -> None:
    config = loaded(tmp_path, TEAM + CLOCK, GLOBEX + 'holidays = ""\nclosed = []\n')
    them = config.clocks(config.roster().partner("globex.com")).them
    assert (them.holidays, them.closed) == (None, frozenset())


def test_a_partner_found_by_itself_has_our_very_clock(tmp_path: Path) -> None:
    config = loaded(tmp_path, TEAM + CLOCK, GLOBEX)
    clocks = config.clocks(config.roster().partner("initech.com"))
    assert clocks.us is clocks.them is config.our_clock()


def test_the_clock_knows_the_holidays_of_the_config(tmp_path: Path) -> None:
    # Corpus Christi, Thursday 4 June 2026, is a holiday in Bavaria and not in Berlin.
    thursday, friday = datetime(2026, 6, 4, 9, tzinfo=UTC), datetime(2026, 6, 5, tzinfo=UTC)
    bavaria = loaded(tmp_path, TEAM + CLOCK).our_clock()
    berlin = loaded(tmp_path, TEAM + CLOCK.replace("DE-BY", "DE-BE")).our_clock()
    assert bavaria.working_seconds(thursday, friday) == 0
    assert berlin.working_seconds(thursday, friday) == 5 * 3600  # 11:00 to 16:00 in Berlin


STANDARDS = """[standards]
we_answer_within = "1 business day"
they_answer_within = "2 business days"
contact_every = "30 days"
[tiers.gold]
we_answer_within = "4 business hours"
contact_at_least_every = "6 weeks"
"""


def test_standards_are_the_partners_own_else_its_tiers_else_the_teams(tmp_path: Path) -> None:
    partners = GLOBEX + 'tier = "gold"\nstandards = { they_answer_within = "3 hours" }\n'
    config = loaded(tmp_path, TEAM + STANDARDS, partners)
    standards = config.standards(config.roster().partner("globex.com"))
    assert standards.we_answer_within == Span(4 * 3600, "working_seconds")
    assert standards.they_answer_within == Span(3 * 3600, "seconds")
    assert standards.contact_every == Span(30 * DAY, "seconds")
    assert standards.contact_at_least_every == Span(42 * DAY, "seconds")


def test_a_partner_found_by_itself_is_held_to_the_team_s_answering_times_only(
    tmp_path: Path,
) -> None:
    config = loaded(tmp_path, TEAM + STANDARDS)
    standards = config.standards(config.roster().partner("initech.com"))
    assert standards.we_answer_within == Span(1, "working_days")
    assert standards.contact_every is None


def test_shares_and_people_are_merged_like_spans(tmp_path: Path) -> None:
    """The team's share is 0.95, the tier's people are 3; the partner's own share goes before."""
    team = STANDARDS.replace(
        "[tiers.gold]", "we_answer_share = 0.95\nmin_contacts = 2\n[tiers.gold]"
    )
    partners = GLOBEX + 'tier = "gold"\nstandards = { they_answer_share = 1 }\n'
    config = loaded(tmp_path, TEAM + team + "min_contacts = 3\n", partners)
    standards = config.standards(config.roster().partner("globex.com"))
    assert (standards.we_answer_share, standards.they_answer_share) == (0.95, 1.0)
    assert standards.min_contacts == 3
    # of somebody who was found in the mail nobody has said how many people should write
    found = config.standards(config.roster().partner("initech.com"))
    assert (found.we_answer_share, found.they_answer_share) == (0.95, 0.9)
    assert found.min_contacts is None


def test_contact_may_be_wanted_every_so_many_business_hours(tmp_path: Path) -> None:
    partners = GLOBEX + 'standards = { contact_every = "20 business hours" }\n'
    config = loaded(tmp_path, TEAM, partners)
    standards = config.standards(config.roster().partner("globex.com"))
    assert standards.contact_every == Span(20 * 3600, "working_seconds")


def test_cuts_are_in_seconds_and_the_window_in_days(tmp_path: Path) -> None:
    text = '[measures]\nwindow = "13 weeks"\nreopen_after = "36 hours"\ngive_up_after = "2 weeks"\n'
    assert loaded(tmp_path, TEAM + text).cuts() == Cuts(36 * 3600, 14 * DAY, 91)


def test_no_reply_needed_is_a_keyword_or_a_folder(tmp_path: Path) -> None:
    text = TEAM + '[measures]\nno_reply_needed = { folder = "Done" }\n'
    way = loaded(tmp_path, text).no_reply_needed
    assert (way.keyword, way.folder) == (None, "Done")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_no_encryption_is_allowed_to_this_computer_itself(tmp_path: Path, host: str) -> None:
    text = MAILBOX.replace("imap.example.com", host) + 'tls = "none"\n'
    assert loaded(tmp_path, TEAM + text).mailboxes[0].tls == "none"


def test_what_is_said_of_kinds_reaches_the_roster_in_its_order(tmp_path: Path) -> None:
    first = '[[kinds]]\nkind = "human"\ndomain = "Globex.com"\nrule = "P7"\n'
    second = '[[kinds]]\nkind = "system"\naddress = "Ann@Globex.com"\nmessage_id = "<1@X>"\n'
    one = Override("human", domain="globex.com", rule="P7")
    other = Override("system", address="ann@globex.com", message_id="1@X")
    plain, forth, back = (loaded(tmp_path, TEAM + x) for x in ("", first + second, second + first))
    assert plain.roster().overrides == ()
    assert forth.roster().overrides == (one, other)
    assert back.roster().overrides == (other, one)
    assert len({plain.digest(), forth.digest(), back.digest()}) == 3


# -- the digest -------------------------------------------------------------------------------

WHOLE = TEAM + MAILBOX + 'folders = ["INBOX"]\n' + CLOCK + STANDARDS
PARTNERS = (
    GLOBEX
    + 'tier = "gold"\nfields = { revenue_2026 = 120000 }\n'
    + 'merged = [{ domain = "b.example", since = 2025-01-01 }]\n'
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("imap.example.com", "imap2.example.com"),
        ("partners@acme.com", "other@acme.com"),
        ("PARTNERS_IMAP_PASSWORD", "OTHER"),
        ('name = "partners"', 'name = "other"\nport = 1993\ntls = "starttls"'),
        ("[clock]", '[data]\ndirectory = "/srv"\n[poll]\nevery = "1 hour"\n[clock]'),
        ("[clock]", "[publish]\nsubjects = false\n[clock]"),
        ("[clock]", '[read_text]\nlanguages = ["de"]\n[clock]'),
        ('contact_every = "30 days"', 'contact_every = "720 hours"'),
        ("# no such line", ""),
    ],
)
def test_the_digest_stays_when_no_figure_can_change(
    tmp_path: Path, before: str, after: str
) -> None:
    digest = loaded(tmp_path, WHOLE, PARTNERS).digest()
    assert re.fullmatch(r"[0-9a-f]{16}", digest)
    assert loaded(tmp_path, WHOLE.replace(before, after), PARTNERS).digest() == digest


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"16:00"', '"16:30"'),
        ("Europe/Berlin", "Europe/Paris"),
        ("DE-BY", "DE-BE"),
        ("2026-12-24", "2026-12-31"),
        ("acme.com", "acme.org"),
        ('["INBOX"]', '["INBOX", "Archive"]'),
        ("4 business hours", "5 business hours"),
        ("2 business days", "3 business days"),
        ("[tiers.gold]", "we_answer_share = 0.8\n[tiers.gold]"),
        ("[tiers.gold]", "[tiers.gold]\nmin_contacts = 2"),
        ("[clock]", "[poll]\nsince = 2024-01-01\n[clock]"),
        ("[clock]", '[measures]\nwindow = "91 days"\n[clock]'),
        ("[clock]", '[measures]\nno_reply_needed = { keyword = "Done" }\n[clock]'),
        ("[clock]", "[read_text]\nenabled = true\n[clock]"),
    ],
)
def test_the_digest_changes_with_what_changes_figures(
    tmp_path: Path, before: str, after: str
) -> None:
    digest = loaded(tmp_path, WHOLE, PARTNERS).digest()
    assert loaded(tmp_path, WHOLE.replace(before, after), PARTNERS).digest() != digest


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("globex.com", "globex.de"),
        ('tier = "gold"', ""),
        ("120000", "120001"),
        ("[[partners]]", 'ignored = ["x.example"]\n[[partners]]'),
        ("[[partners]]", "discover = false\n[[partners]]"),
        ("b.example", "c.example"),
        ("2025-01-01", "2025-01-02"),
    ],
)
def test_the_digest_changes_with_the_partners(tmp_path: Path, before: str, after: str) -> None:
    digest = loaded(tmp_path, WHOLE, PARTNERS).digest()
    assert loaded(tmp_path, WHOLE, PARTNERS.replace(before, after)).digest() != digest


# -- the examples -----------------------------------------------------------------------------


def test_the_examples_load_as_they_are() -> None:
    config = load_config(EXAMPLES / "inbox-agent.toml")
    assert config.team.domains == ("acme.com",)
    assert config.roster().partners == ()


def test_the_examples_load_with_all_that_is_left_out_put_in(tmp_path: Path) -> None:
    config, partners = (
        re.sub(r"^#(?=[\w\[])", "", (EXAMPLES / name).read_text("utf-8"), flags=re.M)
        for name in ("inbox-agent.toml", "partners.toml")
    )
    whole = loaded(tmp_path, config, partners)
    assert [each.name for each in whole.roster().partners] == ["Globex", "Initech"]
    left_out = {
        f"{type(section).__name__}.{key}"
        for section in (
            whole.file,
            *(getattr(whole.file, key) for key in ("team", "data", "poll", "clock", "standards")),
            *(
                whole.file.measures,
                whole.file.publish,
                whole.file.read_text,
                whole.file.serve,
                *whole.mailboxes,
                *whole.file.tiers.values(),
            ),
            *(whole.partners, whole.partners.partners[0]),
        )
        for key in set(type(section).model_fields) - section.model_fields_set
    }
    # a mailbox has a password or OAuth2, not both
    assert left_out == {"MailboxSettings.oauth2"}


def test_texts_are_read_only_where_the_config_says_so_and_in_its_languages(tmp_path: Path) -> None:
    assert loaded(tmp_path, WHOLE).text_languages is None
    on = "[read_text]\nenabled = true\n"
    assert loaded(tmp_path, WHOLE + on).text_languages == {"en"}
    of_two = loaded(tmp_path, WHOLE + on + 'languages = ["de", "fr"]\n')
    assert of_two.text_languages == {"de", "fr"}


@pytest.mark.parametrize("written", ['["en", "tlh"]', '["EN"]', '"en"', "[]", "[1]"])
def test_languages_that_texts_cant_be_read_in_are_refused_in_one_line(
    tmp_path: Path, written: str
) -> None:
    with pytest.raises(ConfigError, match=r"read_text\.languages") as caught:
        loaded(tmp_path, f"{WHOLE}[read_text]\nlanguages = {written}\n")
    assert "\n" not in str(caught.value)


def test_the_refusal_of_a_language_names_those_that_are_allowed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, f'{WHOLE}[read_text]\nlanguages = ["tlh"]\n')
    assert all(f'"{language}"' in str(caught.value) for language in LANGUAGES)


def test_what_the_example_shows_as_default_is_the_default(tmp_path: Path) -> None:
    text = (EXAMPLES / "inbox-agent.toml").read_text("utf-8")
    defaults = r"^#(?=(every|directory|days|hours|window|reopen|give_up|subj|people|our_people))"
    stated = loaded(tmp_path, re.sub(defaults, "", text, flags=re.M))
    assert stated.file.measures.model_fields_set == {"window", "reopen_after", "give_up_after"}
    plain = loaded(tmp_path, text)
    assert stated.digest() == plain.digest()
    assert (stated.poll, stated.publish) == (plain.poll, plain.publish)
    assert stated.data_directory == plain.data_directory


def test_a_config_that_we_may_not_even_look_for_is_a_mistake_of_the_config(tmp_path: Path) -> None:
    """The system answers the question whether it is there with an error (here: name too long)."""
    with pytest.raises(ConfigError, match="File name too long"):
        load_config(tmp_path / ("d" * 300) / "inbox-agent.toml")
