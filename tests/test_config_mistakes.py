"""Every mistake in a config is one line: file, key, what is wrong, what is allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inbox_agent.config import load_config
from inbox_agent.errors import ConfigError

TEAM = '[team]\ndomains = ["acme.com"]\n'
MAILBOX = """[[mailboxes]]
name = "partners"
host = "imap.example.com"
user = "partners@acme.com"
password = { env = "PARTNERS_IMAP_PASSWORD" }
"""
GLOBEX = '[[partners]]\nname = "Globex"\ndomains = ["globex.com"]\n'


def refused(folder: Path, config: str = TEAM, partners: str | None = None) -> str:
    path = folder / "inbox-agent.toml"
    path.write_text(config, encoding="utf-8")
    if partners is not None:
        (folder / "partners.toml").write_text(partners, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return str(caught.value).replace(f"{folder}/", "")


def keys(mistakes: list[tuple[str, str]]) -> list[str]:
    return [line.partition(": ")[0] for _, line in mistakes]


CONFIG_MISTAKES = [
    # misspelt and misplaced keys
    (
        '[team]\ndomain = ["acme.com"]',
        'team.domain: unknown key; did you mean "domains"? allowed here: domains, addresses, lists',
    ),
    (
        TEAM + MAILBOX.replace("host", "hots"),
        (
            'mailboxes[0].hots: unknown key; did you mean "host"? allowed here: name, host, '
            "port, tls, ca_file, user, password, oauth2, folders, sent, received_by"
        ),
    ),
    (
        TEAM + "[clocks]",
        (
            'clocks: unknown key; did you mean "clock"? allowed here: team, data, poll, mailboxes, '
            "clock, standards, tiers, kinds, measures, publish"
        ),
    ),
    (TEAM + "zzz = 1", "team.zzz: unknown key; allowed here: domains, addresses, lists"),
    (
        TEAM + '[tiers.gold]\nwe_anser_within = "1 day"',
        (
            'tiers.gold.we_anser_within: unknown key; did you mean "we_answer_within"? allowed '
            "here: we_answer_within, they_answer_within, contact_every, contact_at_least_every"
        ),
    ),
    (
        TEAM + '[measures]\nno_reply_needed = { keywort = "x" }',
        (
            'measures.no_reply_needed.keywort: unknown key; did you mean "keyword"? '
            "allowed here: keyword, folder"
        ),
    ),
    # values of the wrong sort
    ("", "team: is missing and has no default"),
    (
        "[team]\n",
        'team: needs at least one of domains or addresses, like domains = ["acme.com"]',
    ),
    ('[team]\ndomains = "acme.com"', 'team.domains: must be a list in [brackets], not "acme.com"'),
    ('[team]\ndomains = ["a.com", 5]', "team.domains[1]: must be text in quotes, not 5"),
    ('team = "acme.com"', "team: must be a table; allowed in it: domains, addresses, lists"),
    (
        TEAM + '[mailboxes]\nname = "x"',
        "mailboxes: must be a list of tables; write [[mailboxes]], with two brackets",
    ),
    (TEAM + MAILBOX.replace("user", "#user"), "mailboxes[0].user: is missing and has no default"),
    (
        TEAM + MAILBOX + 'port = "993"',
        'mailboxes[0].port: must be a whole number, not "993"',
    ),
    (TEAM + MAILBOX + "port = 0", "mailboxes[0].port: 0 is no port; allowed: 1 to 65535"),
    (
        TEAM + MAILBOX + 'tls = "ssl"',
        'mailboxes[0].tls: "ssl" is not allowed; allowed: "implicit", "starttls", "none"',
    ),
    (
        TEAM + MAILBOX + "sent = []",
        "mailboxes[0].sent: must not be empty; write something or leave the key out",
    ),
    (
        TEAM + MAILBOX.replace("imap.example.com", "imap.example.com:993"),
        (
            'mailboxes[0].host: "imap.example.com:993" is no host; write a name like '
            '"imap.example.com" or an IP address (a port has a key of its own)'
        ),
    ),
    (
        TEAM + MAILBOX.replace('"partners"', '"../partners"'),
        'mailboxes[0].name: "../partners" must have no "/" in it and no "." before it',
    ),
    (
        TEAM + MAILBOX.replace('"partners"', '"a\\nb"'),
        "mailboxes[0].name: holds a control character (a line break, a tab); write it on one line",
    ),
    (
        TEAM + '[publish]\npeople = "some"',
        'publish.people: "some" is not allowed; allowed: "full", "initials", "none"',
    ),
    (
        TEAM + '[publish]\nsubjects = "yes"',
        'publish.subjects: must be true or false, not "yes"',
    ),
    (
        TEAM + '[poll]\nsince = "2024-01-01"',
        'poll.since: must be a date like 2026-12-24, without quotes, not "2024-01-01"',
    ),
    (
        TEAM + "[clock]\nclosed = [2026-12-24T00:00:00Z]",
        "clock.closed[0]: must be a date like 2026-12-24, without quotes, not ",
    ),
    (TEAM + "[data]\ndirectory = 5", "data.directory: must be a path in quotes, not 5"),
    (TEAM + '[data]\ndirectory = ""', "data.directory: is empty; write something or leave the key"),
    # names of us
    (
        '[team]\ndomains = ["ann@acme.com"]',
        'team.domains[0]: "ann@acme.com" is no domain; write one like "acme.com"',
    ),
    ('[team]\ndomains = ["com"]', 'team.domains[0]: "com" is no domain'),
    ('[team]\ndomains = ["acme.com/x"]', 'team.domains[0]: "acme.com/x" is no domain'),
    (
        '[team]\naddresses = ["Ann <ann@acme.com>"]',
        'team.addresses[0]: "Ann <ann@acme.com>" is no mail address; write one like "ann@acme.com"',
    ),
    (
        TEAM + 'lists = ["partners group"]',
        (
            'team.lists[0]: "partners group" is neither a list\'s address nor its List-Id; write '
            '"partners@acme.com" or "partners.acme.com"'
        ),
    ),
    # spans
    (
        TEAM + '[standards]\nwe_answer_within = "2 fortnights"',
        (
            "standards.we_answer_within: '2 fortnights' is no span of time; write a number and "
            'minutes, hours, days, weeks, business hours or business days, like "2 business days"'
        ),
    ),
    (
        TEAM + "[standards]\nwe_answer_within = 2",
        "standards.we_answer_within: '2' is no span of time",
    ),
    # shares and people
    *(
        (
            TEAM + f"[standards]\nwe_answer_share = {said}",
            (
                f"standards.we_answer_share: {said} is no share above 0 and at most 1; write 0.9 "
                "for 9 of 10"
            ),
        )
        for said in ("0", "1.01", "90", '"90 %"', "true", "-1")
    ),
    (
        TEAM + "[tiers.gold]\nmin_contacts = 0",
        "tiers.gold.min_contacts: must be 1 or more, not 0; leave the key out to ask for none",
    ),
    (
        TEAM + "[standards]\nmin_contacts = 1.5",
        "standards.min_contacts: must be a whole number, not 1.5",
    ),
    (
        TEAM + '[poll]\nevery = "1 business hour"',
        (
            'poll.every: "1 business hour" is not by the calendar; write minutes, hours, days or '
            'weeks, like "30 days"'
        ),
    ),
    (
        TEAM + '[measures]\ngive_up_after = "20 business days"',
        (
            'measures.give_up_after: "20 business days" is not by the calendar; write hours, '
            'days or weeks, like "30 days"'
        ),
    ),
    (
        TEAM + '[measures]\nreopen_after = "90 minutes"',
        'measures.reopen_after: "90 minutes" is not by the calendar; write hours, days or weeks',
    ),
    (
        TEAM + '[measures]\nwindow = "36 hours"',
        'measures.window: "36 hours" is no number of whole days; write "90 days" or "13 weeks"',
    ),
    (
        TEAM + "[measures]\nno_reply_needed = {}",
        "measures.no_reply_needed: must say exactly one of: keyword, folder",
    ),
    (
        TEAM + '[measures]\nno_reply_needed = { keyword = "A", folder = "B" }',
        "measures.no_reply_needed: must say exactly one of: keyword, folder",
    ),
    # the clock
    (
        TEAM + '[clock]\ntimezone = "europe/berlin"',
        (
            'clock.timezone: "europe/berlin" is no time zone; did you mean "Europe/Berlin"? '
            'write a name like "Europe/Berlin" or "UTC"'
        ),
    ),
    (TEAM + '[clock]\ntimezone = "Europe"', 'clock.timezone: "Europe" is no time zone; '),
    (TEAM + '[clock]\ntimezone = "/etc/localtime"', 'clock.timezone: "/etc/localtime" is no time'),
    (
        TEAM + '[clock]\nholidays = "DE-BAY"',
        (
            'clock.holidays: "DE-BAY" has no known holidays; did you mean "DE-BY"? write a country '
            'like "DE" or a country and its part like "DE-BY"'
        ),
    ),
    (
        TEAM + '[clock]\nholidays = "de-by"',
        'clock.holidays: "de-by" has no known holidays; did you mean "DE-BY"? ',
    ),
    (
        TEAM + '[clock]\nholidays = "DEE"',
        'clock.holidays: "DEE" has no known holidays; did you mean "DE"? ',
    ),
    (TEAM + '[clock]\nholidays = "XX"', 'clock.holidays: "XX" has no known holidays; write a '),
    (TEAM + '[clock]\nholidays = "Germany"', 'clock.holidays: "Germany" has no known holidays; '),
    (
        TEAM + '[clock]\ndays = ["mon", "tues"]',
        'clock.days[1]: "tues" is no day; allowed: mon, tue, wed, thu, fri, sat, sun',
    ),
    (TEAM + "[clock]\ndays = []", "clock.days: must not be empty"),
    (
        TEAM + "[clock]\nhours = []",
        (
            'clock.hours: must be pairs of times like [["09:00", "12:30"], ["13:30", "17:30"]], '
            "not empty"
        ),
    ),
    (TEAM + '[clock]\nhours = ["09:00", "17:00"]', "clock.hours: must be pairs of times like [["),
    (
        TEAM + '[clock]\nhours = [["17:00", "09:00"]]',
        "clock.hours: each opening must be before its closing",
    ),
    (TEAM + '[clock]\nhours = [["09:00", "09:00"]]', "clock.hours: each opening must be before"),
    (
        TEAM + '[clock]\nhours = [["09:00", "13:00"], ["12:30", "17:00"]]',
        "clock.hours: the pairs must follow each other and not overlap",
    ),
    (
        TEAM + '[clock]\nhours = [["13:00", "17:00"], ["09:00", "12:00"]]',
        "clock.hours: the pairs must follow each other and not overlap",
    ),
    (
        TEAM + '[clock]\nhours = [["9 am", "17:00"]]',
        'clock.hours: "9 am" is no time of day; write "HH:MM", like "09:00"',
    ),
    (TEAM + '[clock]\nhours = [["24:00", "17:00"]]', 'clock.hours: "24:00" is no time of day'),
    # more than one key
    (
        TEAM + MAILBOX + 'tls = "none"',
        (
            'mailboxes[0].tls: "none" would send the password to imap.example.com in clear; it is '
            'allowed for localhost only; allowed here: "implicit", "starttls"'
        ),
    ),
    (
        TEAM + MAILBOX + MAILBOX.replace("PARTNERS_", "OTHER_"),
        'mailboxes[1].name: "partners" is already at mailboxes[0].name; each may stand once',
    ),
    (
        TEAM + MAILBOX + MAILBOX.replace('"partners"', '"sales"'),
        (
            'mailboxes[1].password.env: "PARTNERS_IMAP_PASSWORD" is already at '
            "mailboxes[0].password.env; each may stand once; give each mailbox a variable of "
            "its own"
        ),
    ),
    # letters of another kind
    (
        TEAM + '[[kinds]]\nkind = "person"\ndomain = "globex.com"',
        (
            'kinds[0].kind: "person" is not allowed; allowed: "human", "auto_reply", "bounce", '
            '"receipt", "calendar", "list", "bulk", "system"'
        ),
    ),
    (TEAM + '[[kinds]]\ndomain = "globex.com"', "kinds[0].kind: is missing and has no default"),
    (
        TEAM + '[[kinds]]\nkind = "human"',
        "kinds[0]: must say of which letters: address, domain, message_id, rule",
    ),
    (TEAM + '[[kinds]]\nkind = "human"\nrule = "P16"', 'kinds[0].rule: "P16" is not allowed; '),
    (
        TEAM + '[[kinds]]\nkind = "human"\nmessage_id = "two words"',
        'kinds[0].message_id: "two words" is no Message-ID; copy it from the letter\'s header',
    ),
    (
        TEAM + '[[kinds]]\nkind = "human"\naddres = "a@globex.com"',
        'kinds[0].addres: unknown key; did you mean "address"?',
    ),
    (TEAM + '[kinds]\nkind = "human"', "kinds: must be a list of tables; write [[kinds]], "),
    (
        TEAM + '[[kinds]]\nkind = "human"\nrule = "P7"\n[[kinds]]\nkind = "bulk"\nrule = "P7"',
        "kinds[1]: is about the same letters as kinds[0]; leave one of the two out",
    ),
    # TOML itself
    ("[team]\ndomains = [\n\n=", "line 4: no TOML: "),
    ("[team]\ndomains = [", "line 2 (the last): no TOML: "),
]


@pytest.mark.parametrize(("text", "line"), CONFIG_MISTAKES, ids=keys(CONFIG_MISTAKES))
def test_a_mistake_in_the_config_is_one_line_with_file_key_and_remedy(
    tmp_path: Path, text: str, line: str
) -> None:
    message = refused(tmp_path, text)
    assert message.startswith(f"inbox-agent.toml: {line}")
    assert "\n" not in message
    assert "more)" not in message


PARTNERS_MISTAKES = [
    (
        "[[partner]]\n",
        'partner: unknown key; did you mean "partners"? allowed here: discover, ignored, partners',
    ),
    (
        '[[partners]]\nname = "Globex"\n',
        'partners[0]: needs domains or addresses, like domains = ["globex.com"]',
    ),
    (
        GLOBEX + 'tier = "golf"\n',
        'partners[0].tier: "golf" is no tier; did you mean "gold"? allowed: gold, silver',
    ),
    (
        GLOBEX + '[[partners]]\ndomains = ["initech.com", "GLOBEX.com"]\n',
        (
            'partners[1].domains[1]: "globex.com" is already at partners[0].domains[0]; '
            "each may stand once"
        ),
    ),
    (
        '[[partners]]\ndomains = ["Acme.com"]\n',
        'partners[0].domains[0]: "acme.com" is the team\'s own, by "acme.com" in team.domains',
    ),
    (
        '[[partners]]\ndomains = ["labs.acme.com"]\n',
        'partners[0].domains[0]: "labs.acme.com" is the team\'s own, by "acme.com" in team.domains',
    ),
    (
        '[[partners]]\naddresses = ["ann@acme.com"]\n',
        'partners[0].addresses[0]: "ann@acme.com" is the team\'s own',
    ),
    (
        '[[partners]]\naddresses = ["acme@gmail.com"]\n',
        'partners[0].addresses[0]: "acme@gmail.com" is the team\'s own, in team.addresses',
    ),
    (
        'ignored = ["globex.com"]\n' + GLOBEX,
        'partners[0].domains[0]: "globex.com" is in ignored, too; leave one of the two out',
    ),
    ('ignored = ["x y"]\n', 'ignored[0]: "x y" is no domain; write one like "acme.com"'),
    (
        '[[partners]]\naddresses = ["IMCEAEX-_O=GLOBEX_CN=BOB@globex.com"]\n',
        'partners[0].addresses[0]: "imceaex-_o=globex_cn=bob@globex.com" is what Exchange makes of',
    ),
    (
        '[[partners]]\naddresses = ["/O=GLOBEX/CN=BOB"]\n',
        'partners[0].addresses[0]: "/O=GLOBEX/CN=BOB" is no mail address',
    ),
    (
        GLOBEX + 'merged = [{ domain = "initech.com" }]\n',
        "partners[0].merged[0].since: is missing and has no default",
    ),
    (
        GLOBEX + 'merged = [{ domain = "initech.com", since = "2025-03-01" }]\n',
        "partners[0].merged[0].since: must be a date like 2026-12-24, without quotes, not",
    ),
    (
        GLOBEX + 'merged = ["initech.com"]\n',
        "partners[0].merged[0]: must be a table; allowed in it: domain, since",
    ),
    (
        GLOBEX + 'merged = [{ domain = "globex.com", since = 2025-03-01 }]\n',
        (
            'partners[0].merged[0].domain: "globex.com" is among this partner\'s domains at all '
            "times; leave one of the two out"
        ),
    ),
    (
        GLOBEX
        + 'merged = [{ domain = "initech.com", since = 2025-03-01 }]\n'
        + '[[partners]]\ndomains = ["umbrella.com"]\n'
        + 'merged = [{ domain = "INITECH.com", since = 2025-03-01 }]\n',
        (
            'partners[1].merged[0].since: "initech.com" has this day at partners[0].merged[0], '
            "too; give one of the two another day"
        ),
    ),
    (
        GLOBEX + 'merged = [{ domain = "labs.acme.com", since = 2025-03-01 }]\n',
        'partners[0].merged[0].domain: "labs.acme.com" is the team\'s own',
    ),
    (
        'ignored = ["initech.com"]\n'
        + GLOBEX
        + 'merged = [{ domain = "initech.com", since = 2025-03-01 }]\n',
        'partners[0].merged[0].domain: "initech.com" is in ignored, too',
    ),
    (
        GLOBEX + 'standards = { contact_evry = "7 days" }\n',
        'partners[0].standards.contact_evry: unknown key; did you mean "contact_every"?',
    ),
    (GLOBEX + 'timezone = "EST5"\n', 'partners[0].timezone: "EST5" is no time zone'),
    (
        GLOBEX + 'fields = { owner = "x" }\n',
        "partners[0].fields.owner: partners has a column of this name already; choose another",
    ),
    (
        GLOBEX + "fields = { Revenue = 1 }\n",
        "partners[0].fields.Revenue: is no plain name; write small letters, digits and _, like",
    ),
    (
        GLOBEX + 'fields = { "a b" = 1 }\n',
        'partners[0].fields."a b": is no plain name',
    ),
    (
        GLOBEX + "fields = { parts = [1] }\n",
        "partners[0].fields.parts: must be text, a number, a date, true or false, not a list",
    ),
    (GLOBEX + "fields = { x = nan }\n", "partners[0].fields.x: nan is no number; leave the key"),
    (
        GLOBEX + "fields = { x = 9223372036854775808 }\n",
        "partners[0].fields.x: 9223372036854775808 is too large for a whole number of 64 bits",
    ),
    (
        GLOBEX + 'fields = { x = 1 }\n[[partners]]\ndomains = ["b.com"]\nfields = { x = "1" }\n',
        'partners[1].fields.x: "1" should be a number, as it is at partners[0].fields.x',
    ),
    (
        GLOBEX + 'fields = { x = "a" }\n[[partners]]\ndomains = ["b.com"]\nfields = { x = 1.5 }\n',
        "partners[1].fields.x: 1.5 should be text, as it is at partners[0].fields.x",
    ),
    ("[[partners]\n", "line 1: no TOML: "),
]


@pytest.mark.parametrize(("text", "line"), PARTNERS_MISTAKES, ids=keys(PARTNERS_MISTAKES))
def test_a_mistake_in_the_partners_is_one_line_with_file_key_and_remedy(
    tmp_path: Path, text: str, line: str
) -> None:
    config = TEAM + 'addresses = ["acme@gmail.com"]\n[tiers.gold]\n[tiers.silver]\n'
    message = refused(tmp_path, config, text)
    assert message.startswith(f"partners.toml: {line}")
    assert "\n" not in message
    assert "more)" not in message


def test_a_tier_without_any_tiers_says_so(tmp_path: Path) -> None:
    message = refused(tmp_path, TEAM, GLOBEX + 'tier = "gold"\n')
    assert message == (
        'partners.toml: partners[0].tier: "gold" is no tier; '
        "there is no [tiers.…] in the config yet"
    )


def test_of_several_mistakes_the_first_is_told_and_the_others_counted(tmp_path: Path) -> None:
    text = TEAM + '[clock]\ndays = ["monday"]\ntimezone = "Mars"\n'
    message = refused(tmp_path, text, "discover = 1.5\n")
    assert message.startswith("inbox-agent.toml: clock.timezone: ")
    assert message.endswith(" (and 2 more)")


def test_a_misspelt_key_is_told_before_what_it_brings_about(tmp_path: Path) -> None:
    text = TEAM + "[poll]\nevery = 5\n" + MAILBOX.replace("user", "usr")
    message = refused(tmp_path, text)
    assert message.startswith(
        'inbox-agent.toml: mailboxes[0].usr: unknown key; did you mean "user"'
    )
    assert message.endswith(" (and 1 more)")


@pytest.mark.parametrize(
    "line",
    [
        'password = "hunter2!"',
        'password = ["hunter2!"]',
        'password = { value = "hunter2!" }',
        'password = { env = "hunter2!" }',
        'password = { env = ["hunter2!"] }',
        'password = { env = "A", keyring = "hunter2!" }',
        'passwort = "hunter2!"',
        'password = { env = "hunter2! }',
    ],
)
def test_a_password_written_into_the_config_is_in_no_message(tmp_path: Path, line: str) -> None:
    path = tmp_path / "inbox-agent.toml"
    path.write_text(re.sub(r"password = .*", line, TEAM + MAILBOX))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    seen: BaseException | None = caught.value
    while seen is not None:
        assert "hunter2" not in str(seen)
        seen = seen.__cause__ if seen.__suppress_context__ else seen.__context__


def test_a_password_of_digits_is_in_no_message_either(tmp_path: Path) -> None:
    text = re.sub(r"password = .*", "password = { env = 48151623 }", TEAM + MAILBOX)
    assert refused(tmp_path, text) == (
        "inbox-agent.toml: mailboxes[0].password.env: must be text in quotes, "
        "not what is written there"
    )


@pytest.mark.parametrize("place", ['"hunter2"', "{}", '{ env = "A", file = "b" }'])
def test_a_password_that_is_not_in_exactly_one_place_is_refused(tmp_path: Path, place: str) -> None:
    text = re.sub(r"password = .*", f"password = {place}", TEAM + MAILBOX)
    message = refused(tmp_path, text)
    assert message.startswith("inbox-agent.toml: mailboxes[0].password: must ")
    assert message.endswith(": env, keyring, file, command")


def test_a_missing_config_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"x\.toml: no such file; `inbox-agent init` writes one"):
        load_config(tmp_path / "x.toml")


def test_a_folder_in_place_of_the_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: Is a directory"):
        load_config(tmp_path)


def test_a_file_that_is_not_utf_8_is_named_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "inbox-agent.toml"
    path.write_bytes(TEAM.encode() + "# Büro\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="line 3: not UTF-8"):
        load_config(path)
