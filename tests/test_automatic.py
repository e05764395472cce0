"""Every rule of `automatic.RULES`: what it catches, and the person it must leave alone."""

# ruff: noqa: RUF001 - letters of other alphabets are what is tested

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_agent.addresses import Address, Partner, Roster
from inbox_agent.automatic import RULES, Rule, by_header, judge, marks_of, may_be_bounce
from inbox_agent.automatic_answers import Occasion, settled
from inbox_agent.automatic_marks import Marks, content_type
from inbox_agent.calendar_letters import calendar_method
from inbox_agent.config_models import KindEntry
from inbox_agent.kinds import HUMAN, Kind, Override, Verdict

ROSTER = Roster(
    team_domains=frozenset({"acme.com"}),
    team_addresses=frozenset({"acme.partners@gmail.com"}),
    lists=frozenset({"linux-hyperv@vger.kernel.org", "partners.lists.acme.example"}),
    partners=(Partner(key="globex.com", domains=("globex.com",)),),
)


@dataclass
class Letter:
    """One letter of the catalogue; what it leaves out is an ordinary person's.

    Its author is an address, a name and an address with a bar between, or empty.
    """

    marks: dict[str, str] = field(default_factory=dict)
    author: str = "ann@globex.com"
    subject: str = "Offer for the new plant"
    to: tuple[str, ...] = ("partners@acme.com",)

    def seen(self, roster: Roster = ROSTER) -> Marks:
        name, _, address = self.author.rpartition("|")
        author = Address.parse(address, name)
        recipients = [address for name in self.to if (address := Address.parse(name))]
        return marks_of(self.marks, author, self.subject, recipients, roster)

    def verdict(self, roster: Roster = ROSTER, message_id: str = "") -> Verdict:
        return judge(self.seen(roster), message_id)


def marked(name: str, value: str) -> Letter:
    return Letter({name: value})


def titled(subject: str) -> Letter:
    return Letter(subject=subject)


REPORT = 'multipart/report; boundary="x"; report-type={}'
REPORT_OF_NO_TYPE = {"content-type": 'multipart/report; boundary="x"'}

CAUGHT: dict[str, list[Letter]] = {
    "P1": [
        marked("content-type", REPORT.format("delivery-status")),
        marked("content-type", 'Multipart/Report; REPORT-TYPE="Delivery-Status"; boundary=x'),
        marked("content-type", "multipart/report (a note; with) ; report-type=delivery-status"),
        marked("x-failed-recipients", "bob@globex.com"),
        marked("content-type", "message/delivery-status"),
    ],
    "P2": [marked("content-type", REPORT.format("disposition-notification"))],
    "P3": [
        Letter({"return-path": "<>"}, author="MAILER-DAEMON@mx.globex.com"),
        Letter({"return-path": "< >"}, author="postmaster@globex.com"),
        Letter(author="Mailer-Daemon@globex.com", subject="Undelivered Mail Returned to Sender"),
        Letter(author="postmaster@globex.com", subject="[EXTERNAL] Unzustellbar: Angebot"),
        # a name of a mail system, and a second sign
        Letter({"return-path": "<MAILER-DAEMON@mx>"}, author="Mail.Delivery.System@globex.com"),
        Letter({"auto-submitted": "auto-replied"}, author="mailer-daemon@globex.com"),
        Letter({"precedence": "bulk"}, author="MDaemon@globex.com", subject="Fehler"),
        Letter(REPORT_OF_NO_TYPE, author="postmaster@globex.com"),
        Letter(author="Mail Delivery Subsystem|x1@globex.com", subject="failure notice"),
        Letter(author="postmaster@globex.com", subject="Warning: could not send message"),
        # From without an address
        Letter({"from": "MAILER-DAEMON <>"}, author="", subject="Mail delivery failed"),
        Letter({"from": '"System Administrator"@x'}, author="", subject="Delivery Failure"),
        # nobody's name, and two other signs
        Letter({"return-path": "<>"}, subject="Undeliverable: Offer"),
        Letter(REPORT_OF_NO_TYPE, subject="Delivery status notification"),
        Letter({"auto-submitted": "auto-replied"}, subject="Message could not be delivered"),
        # subjects that nobody writes by hand
        titled("Undelivered Mail Returned to Sender"),
        titled("Returned mail: see transcript for details"),
        titled("Mail delivery failed: returning message to sender"),
        titled("Delivery Status Notification (Failure)"),
    ],
    "P4": [
        marked("x-loop", "partners@acme.com"),
        marked("x-loop", "<acme.partners@gmail.com>"),
        marked("x-loop", "linux-hyperv@vger.kernel.org"),
    ],
    "P5": [
        marked("content-type", "text/calendar; charset=utf-8; method=REQUEST"),
        marked("content-type", "text/calendar"),
        marked("content-type", "multipart/alternative; boundary=x; method=REPLY"),
        marked("content-class", "urn:content-classes:calendarmessage"),
        Letter({"auto-submitted": "auto-generated"}, author="calendar-notification@google.com"),
        marked("sender", "Google Calendar <calendar-notification@google.com>"),
    ],
    "P6": [
        marked("auto-submitted", "auto-replied"),
        marked("auto-submitted", "Auto-Replied (vacation)"),
        marked("auto-submitted", "(a) auto-replied; owner-email=ann@globex.com"),
    ],
    "P7": [
        marked("auto-submitted", "auto-generated"),
        marked("auto-submitted", "auto-notified; owner-email=ann@globex.com"),
        marked("auto-submitted", "yes"),
    ],
    "P8": [
        *(
            marked(name, "yes")
            for name in (
                *("x-autoreply", "x-autorespond", "x-autoresponder", "x-autoresponse"),
                *("x-autoreply-from", "x-mail-autoreply", "x-autogenerated"),
            )
        ),
        marked("precedence", "auto_reply"),
        marked("x-precedence", "auto_reply"),
        marked("delivered-to", "Autoresponder"),
        Letter(
            {"x-auto-response-suppress": "All", "x-ms-exchange-inbox-rules-loop": "a@b.example"}
        ),
        # Exchange says auto-generated of its replies by rule
        Letter({"auto-submitted": "auto-generated", "precedence": "auto_reply"}),
    ],
    "P9": [
        Letter({"return-path": "<>"}, subject="Out of office"),
        Letter({"return-path": "<>"}, subject="I am out of the office until Monday"),
        Letter({"return-path": "<>"}, subject="Ich bin nicht im Büro"),
        Letter({"x-auto-response-suppress": "All"}, subject="Out of office until Monday"),
        Letter({"x-auto-response-suppress": "OOF"}, subject="Abwesend bis Montag"),
        Letter({"return-path": "<>", "precedence": "bulk"}, subject="Thank you for your letter"),
        Letter({"return-path": "<>", "precedence": "junk"}, subject="Urlaub"),
    ],
    "P10": [
        titled("Automatic reply: Offer"),
        titled("[EXTERNAL] Automatic reply: RE: Offer"),
        titled("Out of Office AutoReply: Offer"),
        titled("Out of Office: Offer"),
        titled("Absence : Offre"),
        titled("Abwesenheitsnotiz: Angebot"),
        titled("Réponse automatique : Offre"),
        titled("Автоматический ответ: Offer"),
        titled("自動応答: Offer"),
        titled("Otomatik yanıt: Offer"),
        *(
            titled(f"{phrase}: Offer")
            for phrase in (
                *("Respuesta automática", "Risposta automatica", "Resposta automática"),
                *("Automatisch antwoord", "Autosvar", "Automatiskt svar", "Automatisk svar"),
                *("Automaattinen vastaus", "Automaatvastus", "Automatikus válasz"),
                *("Odpowiedź automatyczna", "Automatická odpověď", "Răspuns automat"),
                *("Samodejni odgovor", "Αυτόματη απάντηση", "Автоответ", "自动答复", "자동 회신"),
                *("תשובה אוטומטית", "رد تلقائي", "Ateb awtomatig", "Frånvaro", "Fuori sede"),
            )
        ),
        titled("Autoreply"),
        titled("[Automatyczna odpowiedź] Oferta"),
        titled("Autoreply from Ann Lee"),
        titled("Ann Lee/Plant 4/Globex is out of the office."),
        titled("AUTO: Ann Lee is out of the office (returning 05/01/2026)"),
        Letter({"auto-submitted": "auto-generated"}, subject="Automatic reply: Offer"),
    ],
    "P11": [
        marked("list-id", "News of the trade <news.trade.example>"),
        marked("list-post", "<mailto:news@trade.example>"),
        marked("precedence", "list"),
    ],
    "P12": [
        marked("list-unsubscribe", "<mailto:leave@news.example>"),
        marked("list-unsubscribe-post", "List-Unsubscribe=One-Click"),
        marked("feedback-id", "1:2:3:news"),
        marked("x-msfbl", "abc"),
        marked("x-csa-complaints", "csa@news.example"),
        marked("precedence", "bulk"),
        marked("precedence", "junk"),
    ],
    "P13": [
        *(
            Letter(author=f"{local}@globex.com")
            for local in (
                "noreply",
                "No-Reply",
                "no_reply",
                "do-not-reply",
                "donotreply",
                "noreply+1",
                "comments-noreply",
                "desk.no-reply",
                "nicht-antworten",
                "ne-pas-repondre",
            )
        ),
        Letter(author="MAILER-DAEMON@globex.com", subject="Your account"),
    ],
    "P14": [
        marked("x-github-reason", "mention"),
        marked("x-jira-fingerprint", "0123"),
        marked("x-zendesk-from-account-id", "0123"),
        marked("x-amazon-mail-relay-type", "notification"),
        marked("content-type", REPORT.format("feedback-report")),
        marked("content-type", REPORT.format("tlsrpt")),
    ],
}

PEOPLE: dict[str, list[Letter]] = {
    "P1": [
        Letter(REPORT_OF_NO_TYPE),
        marked("content-type", 'multipart/mixed; boundary="report-type=delivery-status"'),
        marked("x-failed-recipients", ""),
    ],
    "P2": [
        titled("Read: Offer"),
        marked("content-type", 'text/plain; name="disposition-notification"'),
    ],
    "P3": [
        Letter({"return-path": "<postmaster@globex.com>"}, author="postmaster@globex.com"),
        Letter(author="postmaster@globex.com", subject="Re: Undelivered Mail Returned to Sender"),
        Letter({"return-path": "<>"}, author="ann@globex.com"),
        titled("Undeliverable goods at gate 4"),
        Letter(author="postmaster@globex.com", subject="A change of our mail host"),
        Letter({"precedence": "first-class"}, author="postmaster@globex.com"),
        titled("Fwd: Undelivered Mail Returned to Sender"),
        titled("Warning: the gate is closed on Friday"),
        titled("Returned mail: two parcels came back"),
        Letter({"from": "Ann Lee <>"}, author="", subject="Offer"),
        Letter({"return-path": "<>"}, subject="Warning: the gate is closed on Friday"),
    ],
    "P4": [
        marked("x-loop", "ann@globex.com"),
        marked("x-loop", "yes"),
        Letter({"x-loop": "linux-hyperv@vger.kernel.org"}, to=("linux-hyperv@vger.kernel.org",)),
    ],
    "P5": [
        titled("Invitation: a visit to the plant"),
        marked("content-type", 'multipart/mixed; boundary="method=REQUEST"'),
        marked("content-type", "text/plain; method=unknown"),
        marked("content-class", "urn:content-classes:message"),
    ],
    "P6": [marked("auto-submitted", "no"), marked("auto-submitted", "No (a person)")],
    "P7": [marked("auto-submitted", ""), marked("auto-submitted", "no; by=hand")],
    "P8": [
        marked("x-autoresponder", "no"),
        marked("x-autoreply", "False"),
        marked("x-autorespond", ""),
        marked("x-auto-response-suppress", "All"),
        Letter({"x-auto-response-suppress": "DR, OOF", "x-ms-exchange-inbox-rules-loop": "a@b.c"}),
        marked("x-ms-exchange-inbox-rules-loop", "ann@globex.com"),
        marked("delivered-to", "partners@acme.com"),
    ],
    "P9": [
        Letter({"return-path": "<>"}),
        Letter({"return-path": "<ann@globex.com>"}, subject="Out of office"),
        Letter({"return-path": "<>"}, subject="RE: Out of office"),
        Letter({"x-auto-response-suppress": "DR, AutoReply"}, subject="Out of office"),
        Letter({"x-auto-response-suppress": "All"}, subject="Office hours"),
    ],
    "P10": [
        titled("RE: Automatic reply: Offer"),
        titled("AW: Abwesenheitsnotiz: Angebot"),
        titled("Fwd: Out of Office AutoReply: Offer"),
        titled("Out of office"),
        titled("Out of the office on Friday"),
        titled("Out of Office - Ann"),
        titled("Absence of a signature"),
        titled("How to set an automatic reply"),
        titled("Automatic reply settings for the team"),
        titled("Auto: Angebot für den Dienstwagen"),
        titled("Gerald is out of the office thru Monday"),
        titled("I will be out of the office on Friday"),
        titled("OOO Friday"),
        titled("Offer (see my autoreply)"),
    ],
    "P11": [
        Letter({"list-id": "Hyper-V <linux-hyperv.vger.kernel.org>"}),
        Letter({"list-id": "<Partners.Lists.acme.example>", "precedence": "list"}),
        Letter({"list-post": "<mailto:linux-hyperv@vger.kernel.org?subject=x>"}),
        Letter({"precedence": "list"}, to=("ann@globex.com", "linux-hyperv@vger.kernel.org")),
        Letter({"list-id": "", "list-post": ""}),
    ],
    "P12": [
        Letter({"list-unsubscribe": "<x>", "list-id": "<linux-hyperv.vger.kernel.org>"}),
        Letter({"precedence": "bulk"}, to=("partners@lists.acme.example",)),
        marked("precedence", "first-class"),
    ],
    "P13": [
        *(
            Letter(author=f"{local}@globex.com")
            for local in (
                "nora.reply",
                "billing",
                "invoice",
                "notifications",
                "not-a-reply",
                "reply",
                "noreplyman",
                "ann.noreplyson",
            )
        ),
        Letter(author="postmaster@globex.com"),
    ],
    "P14": [
        marked("x-github-reason", ""),
        marked("x-amazon-mail-relay-type", "person"),
        marked("content-type", 'multipart/mixed; boundary="x"; report-type=feedback-report'),
    ],
}


def cases(catalogue: dict[str, list[Letter]]) -> list[tuple[str, Letter]]:
    return [(rule, letter) for rule, letters in catalogue.items() for letter in letters]


_EVERY = [letter for _, letter in (*cases(CAUGHT), *cases(PEOPLE))]
_FIELDS = sorted({field for letter in _EVERY for field in letter.marks.items()})
#: What most letters have, and its likes that do say something.
_COMMON = [
    *(("content-type", written) for written in ("text/plain", "TEXT/HTML; a=x", "text/plain(")),
    *(("content-type", f"multipart/{kind}; method=REQUEST") for kind in ("mixed", "x-mixed")),
    *(("content-type", 'multipart/alternative; boundary="report-type=delivery-status"'),),
    *(("return-path", path) for path in ("<ann@globex.com>", "<>", "<MAILER-DAEMON@x>", "")),
    *(("delivered-to", to) for to in ("ana@acme.com", "Autoresponder@acme.com")),
    ("reply-to", "noreply@globex.com"),
]


@given(
    st.lists(st.sampled_from(_COMMON), max_size=3),
    st.lists(st.sampled_from(_FIELDS), max_size=1),
    st.just("ann@globex.com") | st.sampled_from(sorted({each.author for each in _EVERY})),
    st.just("Offer for the new plant") | st.sampled_from(sorted({each.subject for each in _EVERY})),
)
@settings(max_examples=300)
def test_a_verdict_is_that_of_the_first_rule_that_matches(
    common: list[tuple[str, str]], more: list[tuple[str, str]], author: str, subject: str
) -> None:
    marks = Letter(dict([*common, *more]), author, subject).seen()
    matching = (Verdict(rule.kind, rule.id) for rule in RULES if rule.matches(marks))
    assert by_header(marks) == next(matching, HUMAN)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_letter_it_catches_and_a_person_it_leaves_alone(rule: Rule) -> None:
    assert CAUGHT[rule.id]
    assert PEOPLE[rule.id]


def test_the_catalogue_holds_no_rule_that_is_gone() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert set(CAUGHT) == set(PEOPLE) == set(ids)
    assert {rule.kind for rule in RULES} | {"human"} == set(get_args(Kind))


@pytest.mark.parametrize(("rule", "letter"), cases(CAUGHT))
def test_a_rule_catches_its_letter(rule: str, letter: Letter) -> None:
    kind = next(found.kind for found in RULES if found.id == rule)
    assert letter.verdict() == Verdict(kind=kind, rule=rule)


@pytest.mark.parametrize(("rule", "letter"), cases(PEOPLE))
def test_a_person_is_left_alone(rule: str, letter: Letter) -> None:
    assert letter.verdict() == HUMAN, f"near {rule}"


def test_a_letter_without_author_or_fields_is_a_persons() -> None:
    assert judge(marks_of({}, None, "", [], ROSTER)) == HUMAN


def test_the_first_rule_that_matches_decides() -> None:
    bounce = Letter(
        {
            "content-type": REPORT.format("delivery-status"),
            "auto-submitted": "auto-replied",
            "list-id": "<news.trade.example>",
        }
    )
    assert bounce.verdict() == Verdict(kind="bounce", rule="P1")


def test_a_postmaster_who_sends_by_program_reports_nothing_by_that_alone() -> None:
    letter = Letter({"auto-submitted": "auto-generated"}, author="postmaster@globex.com")
    assert letter.verdict() == Verdict("system", "P7")


def test_a_list_that_wants_no_bounces_is_a_list() -> None:
    marks = {"return-path": "<>", "precedence": "bulk", "list-id": "<news.trade.example>"}
    assert Letter(marks).verdict() == Verdict("list", "P11")


def test_a_bounce_is_known_by_its_header_block_whoever_we_are() -> None:
    assert may_be_bounce({"x-failed-recipients": "bob@globex.com"}, None, "")
    assert may_be_bounce({}, Address.parse("mailer-daemon@x.example"), "failure notice")
    assert not may_be_bounce({"auto-submitted": "auto-replied"}, None, "Automatic reply: Offer")


# --- the operator's word


def overruled(letter: Letter, *overrides: Override, message_id: str = "") -> Verdict:
    return letter.verdict(replace(ROSTER, overrides=overrides), message_id)


TICKET = Letter({"auto-submitted": "auto-generated"}, author="desk@support.globex.com")


@pytest.mark.parametrize(
    "override",
    [
        Override("human", address="desk@support.globex.com"),
        Override("human", domain="globex.com"),
        Override("human", message_id="1@globex.com"),
        Override("human", rule="P7"),
        Override("human", domain="globex.com", rule="P7"),
    ],
)
def test_the_operator_decides_by_address_domain_message_id_or_rule(override: Override) -> None:
    assert overruled(TICKET, override, message_id="1@globex.com") == Verdict("human", "P0")


@pytest.mark.parametrize(
    "override",
    [
        Override("human", address="desk@globex.com"),
        Override("human", domain="lobex.com"),
        Override("human", message_id="2@globex.com"),
        Override("human", domain="globex.com", rule="P6"),
        Override("human", domain="initech.com", rule="P7"),
    ],
)
def test_all_that_an_override_gives_must_hold(override: Override) -> None:
    assert overruled(TICKET, override, message_id="1@globex.com") == Verdict("system", "P7")


def test_of_two_overrides_the_first_holds() -> None:
    first, second = Override("list", domain="globex.com"), Override("human", rule="P7")
    assert overruled(TICKET, first, second) == Verdict("list", "P0")


def test_a_letter_that_no_rule_takes_may_be_overruled_too() -> None:
    assert overruled(Letter(), Override("system", address="ann@globex.com")).kind == "system"


def test_every_rule_by_which_a_letter_is_automatic_may_be_named_in_the_config() -> None:
    for rule in {rule.id for rule in RULES} | {"P15"}:
        assert KindEntry(kind="human", rule=rule).override() == Override("human", rule=rule)


# --- what is known once it is known what a letter answers


def answer(letter: Letter, seconds: float | None = 5000, cited: bool = True) -> Verdict:
    """The verdict on an answer to our letter "Offer for the new plant"."""
    seen = letter.seen()
    return settled(judge(seen), seen, Occasion("Offer for the new plant", seconds, cited))


@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        (marked("list-id", "<news.trade.example>"), Verdict("human", "P11")),
        (marked("list-unsubscribe", "<x>"), Verdict("human", "P12", "low")),
        (marked("auto-submitted", "auto-generated"), Verdict("human", "P7", "low")),
        (Letter(author="desk-noreply@globex.com"), Verdict("human", "P13", "low")),
        (marked("x-zendesk-from-account-id", "1"), Verdict("human", "P14", "low")),
        # never softened
        (marked("auto-submitted", "auto-replied"), Verdict("auto_reply", "P6")),
        (marked("x-autoreply", "yes"), Verdict("auto_reply", "P8")),
        (titled("Automatic reply: Offer"), Verdict("auto_reply", "P10")),
        (marked("content-type", "text/calendar"), Verdict("calendar", "P5")),
        (Letter(), HUMAN),
    ],
)
def test_a_person_who_answers_us_through_a_list_or_a_help_desk_stays_a_person(
    letter: Letter, expected: Verdict
) -> None:
    assert answer(letter) == expected


def test_what_answers_no_letter_of_ours_is_not_softened() -> None:
    for name in ("list-id", "list-unsubscribe", "x-github-reason"):
        letter = marked(name, "<x>")
        assert answer(letter, cited=False) == letter.verdict()


def test_a_letter_to_more_than_five_is_no_letter_of_a_sales_program() -> None:
    five = tuple(f"p{n}@acme.com" for n in range(5))
    marks = {"list-unsubscribe": "<x>"}
    assert answer(Letter(marks, to=five)) == Verdict("human", "P12", "low")
    assert answer(Letter(marks, to=(*five, "q@acme.com"))) == Verdict("bulk", "P12")


@pytest.mark.parametrize(
    "letter",
    [
        marked("auto-submitted", "auto-generated"),
        Letter(author="desk-noreply@globex.com"),
        marked("x-zendesk-from-account-id", "1"),
        marked("list-unsubscribe", "<x>"),
    ],
)
def test_what_comes_at_once_or_acknowledges_is_not_softened(letter: Letter) -> None:
    assert answer(letter, seconds=120) == letter.verdict()
    assert answer(letter, seconds=121).kind == "human"
    acknowledged = replace(letter, subject="Request received: Offer for the new plant")
    if letter.verdict().kind == "system":
        assert answer(acknowledged) == acknowledged.verdict()


def test_what_takes_no_bounces_is_not_softened_either() -> None:
    letter = Letter({"auto-submitted": "auto-generated", "return-path": "<>"})
    assert answer(letter) == Verdict("system", "P7")


def test_an_answer_at_once_that_takes_no_bounces_is_automatic() -> None:
    letter = Letter({"return-path": "<>"}, subject="Re: Offer for the new plant")
    assert answer(letter, seconds=120) == Verdict("auto_reply", "P9")
    assert answer(letter, seconds=-300) == Verdict("auto_reply", "P9")
    assert answer(letter, seconds=121) == HUMAN
    assert answer(letter, seconds=-301) == HUMAN
    assert answer(letter, seconds=None) == HUMAN
    assert answer(letter, seconds=60, cited=False) == HUMAN
    by_hand = Letter({"return-path": "<ann@globex.com>"}, subject="Re: Offer for the new plant")
    assert answer(by_hand, seconds=60) == HUMAN


@pytest.mark.parametrize(
    ("subject", "cited"),
    [
        ("[Ticket #4711] Offer for the new plant", True),
        ("[Ticket #4711] Offer for the new plant", False),
        ("Re: [#4711] Offer", True),
        *(
            (f"{words} Offer", False)
            for words in (
                *("We have received your request:", "Ihre Anfrage ist eingegangen:"),
                *("Wir haben Ihre Anfrage erhalten:", "Votre demande a bien été reçue :"),
                *("Hemos recibido su mensaje:", "Wij hebben uw bericht ontvangen:"),
                *("Abbiamo ricevuto:", "Recebemos a sua mensagem:", "Мы получили:", "受付:"),
            )
        ),
    ],
)
def test_a_help_desks_acknowledgement_is_automatic_with_low_confidence(
    subject: str, cited: bool
) -> None:
    acknowledged = Verdict("auto_reply", "P15", "low")
    assert answer(titled(subject), seconds=30, cited=cited) == acknowledged
    assert answer(titled(subject), seconds=3600, cited=cited) == HUMAN


@pytest.mark.parametrize(
    ("subject", "cited"),
    [
        ("Re: Offer for the new plant", True),
        ("Another matter", False),
        ("[Ticket #4711] Another matter", False),
    ],
)
def test_a_fast_person_stays_a_person(subject: str, cited: bool) -> None:
    assert answer(titled(subject), seconds=30, cited=cited) == HUMAN


def test_words_and_numbers_that_our_letter_had_acknowledge_nothing() -> None:
    seen = titled("Re: Invoice received [#4711]").seen()
    occasion = Occasion("Invoice received [#4711]", 30, is_cited=True)
    assert settled(judge(seen), seen, occasion) == HUMAN


# --- calendars


@pytest.mark.parametrize(
    ("marks", "method"),
    [
        ({"content-type": "text/calendar; method=cancel"}, "CANCEL"),
        ({"content-type": 'text/calendar; charset=x; METHOD="Publish"'}, "PUBLISH"),
        ({"content-type": "multipart/mixed; method=COUNTER"}, "COUNTER"),
        ({"content-type": "text/calendar"}, "REQUEST"),
        ({"content-class": "urn:content-classes:calendarmessage"}, "REQUEST"),
        ({"content-type": "text/plain"}, None),
        ({}, None),
    ],
)
def test_a_calendar_letter_without_a_method_is_a_request(
    marks: dict[str, str], method: str | None
) -> None:
    assert calendar_method(marks) == method


def test_a_content_type_is_parsed_once_however_often_it_is_asked_for() -> None:
    """It is asked for by ten rules a letter, and each time what they get is the same."""
    fields = {"content-type": 'Multipart/Report (once); Report-Type="Delivery-Status"'}
    first, again = content_type(fields), content_type(dict(fields))
    assert first == ("multipart/report", {"report-type": "delivery-status"})
    assert first is again
    assert content_type({}) == ("text/plain", {})
