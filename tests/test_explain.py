"""Explain: a figure, the waits behind it, what was left out, and what other rules would make."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from installations import Installation, one_line
from small_archive import KNOWN_UNTIL, WOLF, archived, run

from inbox_agent.config import load_config
from inbox_agent.explain_cases import cases
from inbox_agent.explaining import definition_of, values_of

GLOBEX = "globex.example"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The archive, known up to noon of the 2nd of July: the window begins on the 3rd of April."""
    return archived(tmp_path_factory.mktemp("explained"))


def said(place: Installation, *args: str) -> str:
    done = run(place, "explain", *args)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


def line_of(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def refusal(place: Installation, *args: str) -> str:
    done = run(place, "explain", *args)
    assert (done.exit_code, done.stdout) == (2, "")
    return one_line(done.stderr)


# -- what is behind a figure ----------------------------------------------------------------


def test_a_figure_comes_with_its_words_and_the_waits_behind_it(place: Installation) -> None:
    text = said(place, GLOBEX, "ours_p50_seconds")
    # of the seven asks since the 3rd of April the fourth was answered after 5 hours
    assert "ours_p50_seconds: 5h\n" in text
    assert "The time within which half (p50) or nine of ten (p90) of all asks" in text
    assert "After Kaplan and Meier 1958" in text
    assert "7 asks from 2024-04-03 00:00 to 2024-07-02 00:00, 7 counted" in text
    waits = [line.split() for line in text.splitlines() if line.startswith("2024-0")]
    assert [wait[:2] for wait in waits] == [
        [f"2024-{day}", "09:00"]
        for day in ("04-08", "04-15", "04-22", "04-29", "05-06", "05-13", "05-20")
    ]
    assert [wait[4] for wait in waits[:6]] == ["2h", "3h", "4h", "5h", "6h", "7h"]
    assert waits[6][2:5] == ["lapsed", "-", "no"]
    # 5 of the first quarter and the one of the 1st of April
    assert "6 asks: asked before the window" in text


def test_without_a_figure_all_are_listed_with_their_values(place: Installation) -> None:
    text = said(place, GLOBEX)
    assert "Globex Corp (globex.example), as of 2024-07-02 12:00" in text
    assert line_of(text, "ours_asks").split() == ["ours_asks", "7"]
    assert line_of(text, "ours_met_standard_share").split()[1] == "86%"
    assert line_of(text, "we_answer_within_state").split()[1] == "broken"
    assert max(map(len, text.splitlines()[2:])) <= 80


def test_a_standard_of_few_asks_has_no_state(place: Installation) -> None:
    """The wolf asked once."""
    text = said(place, WOLF, "we_answer_within_state")
    assert "we_answer_within_state: too few asks to say" in text


def test_a_name_of_both_sides_explains_both(place: Installation) -> None:
    text = said(place, GLOBEX, "p50_seconds")
    assert "They asked, we answer" in text
    assert "We asked, they answer" in text


def test_what_needs_no_reply_is_shown_with_the_reasons(place: Installation) -> None:
    text = said(place, GLOBEX, "theirs_asks")
    case, _ = cases(load_config(place.config), place.mirror, GLOBEX, ())
    reasons = {ask.reasons for ask in case.record.asks if ask.needs_reply == "unlikely"}
    assert reasons
    for reason in reasons:
        assert f"6 asks: needs no reply by its look: {'; '.join(reason)}" in text


def test_the_rhythm_is_explained_by_the_gaps_between_days_with_contact(place: Installation) -> None:
    text = said(place, GLOBEX, "longest_gap_working_days")
    # from the letter of the 4th of March to that of the 1st of April: 20 working days
    gap = line_of(text, "2024-03-04 10:00")
    assert gap.split() == ["2024-03-04", "10:00", "2024-04-01", "09:00", "20"]
    assert "none yet" in text


def test_a_state_is_explained_by_its_causes(place: Installation) -> None:
    text = said(place, GLOBEX, "state")
    # 20 working days, the longest gap, after the letter of the 20th of May were over by then
    assert "(silence, since 2024-06-18 00:00)" in text


def test_every_figure_has_words(place: Installation) -> None:
    case, _ = cases(load_config(place.config), place.mirror, GLOBEX, ())
    without = [name for name in values_of(case) if not definition_of(name)[0]]
    assert without == []


# -- what would be --------------------------------------------------------------------------


def test_a_standard_set_otherwise_shows_what_would_be(place: Installation) -> None:
    text = said(place, GLOBEX, "met_standard_share", "--set", "standards.we_answer_within=2 hours")
    # answered after 2, 3, … 7 hours and never: within a day 6 of 7, within 2 hours 1 of 7
    assert "ours_met_standard_share: 86%\n  would be: 14%\n" in text
    assert "these would be otherwise: 5" in text
    other = said(place, GLOBEX, "--set", 'standards.we_answer_within = "2 hours"')
    row = line_of(other, "ours_met_standard_share")
    assert row.split() == ["ours_met_standard_share", "86%", "14%"]
    assert "ours_p50_seconds" not in other  # it would be the same


@pytest.mark.parametrize(
    ("change", "figure", "would_be"),
    [
        ("measures.window=30 days", "ours_asks", "0"),
        ("measures.give_up_after=3 hours", "ours_answered", "2"),
        ('clock.hours=[["09:00", "11:00"]]', "ours_p50_business_seconds", "2h of work"),
        (
            "partner.standards.we_answer_within=9 hours",
            "ours_met_standard_share",
            "86% (the same)",
        ),
        ("partner.standards.we_answer_within=3 hours", "ours_met_standard_share", "29%"),
        ("partner.min_contacts=0", "ours_asks", None),
        ('kinds=[{kind = "system", domain = "globex.example"}]', "ours_asks", "0"),
    ],
)
def test_any_key_may_be_set(
    place: Installation, change: str, figure: str, would_be: str | None
) -> None:
    if would_be is None:
        assert "unknown key" in refusal(place, GLOBEX, figure, "--set", change)
        return
    assert f"  would be: {would_be}\n" in said(place, GLOBEX, figure, "--set", change)


def test_their_zone_decides_about_their_working_time(place: Installation) -> None:
    config = load_config(place.config)
    case, changed = cases(config, place.mirror, GLOBEX, ["partner.timezone=Asia/Tokyo"])
    assert changed is not None
    ages = [
        [ask.business_age_seconds for ask in each.record.asks if ask.responder == "them"]
        for each in (case, changed)
    ]
    # we wrote at 10:00 UTC at the earliest: in Tokyo, at 19:00, their day was over
    assert ages[0] != ages[1]
    assert load_config(place.config).digest() == config.digest()


def test_a_partner_without_an_entry_gets_one_for_the_while(place: Installation) -> None:
    text = said(
        place, "wolf.pack@gmail.com", "ours_met_standard_share", "--set",
        "partner.standards.we_answer_within=1 hour",
    )  # fmt: skip
    assert "would be" in text
    assert "wolf" not in place.config.with_name("partners.toml").read_text()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("standards.we_answr_within=4 hours", 'did you mean "we_answer_within"?'),
        ("standard.we_answer_within=4 hours", 'did you mean "standards"?'),
        ("partner.timezon=UTC", 'did you mean "timezone"?'),
        ("standards.we_answer_within=soon", "'soon' is no span of time"),
        ("measures.window=4 business days", "is not by the calendar"),
        ("clock.timezone=Europe/Berln", "Europe/Berlin"),
        ("standards.we_answer_within.x=3", "standards.we_answer_within is no table"),
        ("mailboxes[3].name=x", "there is no mailboxes"),
        ("standards", "is no KEY=VALUE"),
        ("standards.we_answer_within=" + "[" * 5_000, "is no span of time"),
        ("poll.every=" + "9" * 5_000, "is no span of time"),
        ("=4", "is no KEY=VALUE"),
        ("partner=4", "is no KEY=VALUE"),
        ("standards..x=4", "is no KEY=VALUE"),
    ],
)
def test_a_wrong_change_is_refused_in_one_line(
    place: Installation, change: str, words: str
) -> None:
    text = refusal(place, GLOBEX, "--set", change)
    assert text.startswith("inbox-agent: --set: ")
    assert words in text


# -- who and what is meant ------------------------------------------------------------------


def test_a_partner_is_found_by_name_domain_or_address(place: Installation) -> None:
    names = ("Globex Corp", "globex  CORP", "globex.net", "new@mail.globex.example", GLOBEX)
    assert len({said(place, name) for name in names}) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Globx Corp", 'no partner is called "Globx Corp"; did you mean "Globex Corp"?'),
        ("globex", '"globex.example"'),
        ("zzz", "`inbox-agent partners` lists who is there"),
        ("", "no partner is called"),
        ("\x1b[31m", "no partner is called"),
    ],
)
def test_an_unknown_partner_is_refused_with_those_near(
    place: Installation, name: str, words: str
) -> None:
    text = refusal(place, name)
    assert words in text
    assert text.isprintable()


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        ("our_p50_seconds", 'did you mean "ours_p50_seconds"?'),
        ("ours_trend_p", "of all partners together"),
        ("zzz", "without a name all are listed"),
    ],
)
def test_an_unknown_figure_is_refused_with_one_near(
    place: Installation, figure: str, words: str
) -> None:
    assert words in refusal(place, GLOBEX, figure)


# -- nothing is changed ---------------------------------------------------------------------


def test_looking_changes_nothing_and_waits_for_nobody(place: Installation) -> None:
    def state() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(place.data.iterdir())}

    with place.agent(KNOWN_UNTIL).at_work():  # as while an agent runs
        before = state()
        place.mirror.chmod(0o400)
        try:
            said(place, GLOBEX, "p50_seconds", "--set", "measures.window=30 days")
        finally:
            place.mirror.chmod(0o600)
        assert state() == before


def test_hostile_words_move_nothing(place: Installation) -> None:
    text = said(place, "wolf.pack@gmail.com", "ours_p50_seconds")
    assert "HYPERLINK" in text
    assert {character for character in text if not character.isprintable()} == {"\n"}


def test_people_and_subjects_are_shown_as_the_config_allows(
    place: Installation, tmp_path: Path
) -> None:
    hidden = place.config.with_name("hidden.toml")
    hidden.write_text(f'{place.config.read_text()}\n[publish]\npeople = "none"\nsubjects = false\n')
    other = Installation(tmp_path)
    other.config.parent.mkdir()
    os.link(hidden, other.config)
    (tmp_path / "data").symlink_to(place.data)
    text = said(other, "wolf.pack@gmail.com", "ours_p50_seconds")
    assert "person " in text
    assert "wolf" not in text
    assert "HYPERLINK" not in text
    # nor by asking what would be if they could be seen, or for somebody of a name like it
    args = ("wolf.pack@gmail.com", "ours_p50_seconds", "--set", "publish.subjects=true")
    assert "HYPERLINK" not in said(other, *args, "--set", 'publish.people="full"')
    assert "wolf.pack" not in refusal(other, "wolf.pac")


def test_where_nothing_was_read_yet_it_is_said_in_one_line(tmp_path: Path) -> None:
    empty = Installation(tmp_path)
    empty.config.parent.mkdir()
    empty.config.write_text('[team]\ndomains = ["acme.example"]\n')
    done = run(empty, "explain", GLOBEX)
    assert done.exit_code == 4
    assert "not there yet" in one_line(done.stderr)
