"""Whether a letter asks, thanks or says done: by what its writer wrote anew, in each language."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mailparser_reply.constants import MAIL_LANGUAGES

from inbox_agent.new_text import CHARACTERS, LINE_CHARACTERS, _bounded, new_text
from inbox_agent.text_phrases import LANGUAGES, PHRASES, patterns
from inbox_agent.text_signs import (
    BRIEF_WORDS,
    LONG_WORDS,
    SHORT_WORDS,
    SIGNS,
    TEXT_OCTETS,
    signs_of,
    signs_of_text,
)

EN = frozenset({"en"})
ALL = frozenset(LANGUAGES)
PLAIN = b"Content-Type: text/plain; charset=utf-8\n"


LENGTHS = {"short", "brief", "long"}


def signs(text: str, *languages: str) -> set[str]:
    """The signs but those of its length, which are not what these tests are about."""
    return set(signs_of_text(text, frozenset(languages or ("en",)))) - LENGTHS


ASKS, WANTS, THANKS, DONE = {"question"}, {"request"}, {"thanks"}, {"done"}


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The prices are in the list.", set()),
        ("en", "When does it start?", ASKS),
        ("en", "Any news on the contract", ASKS),
        ("en", "Could you send me the list.", WANTS),
        ("en", "Let me\nknow by Friday.", WANTS),
        ("en", "I\u2019d like to see the draft.", WANTS),
        ("en", "Thank you for the list.", THANKS),
        ("en", "THX!", THANKS),
        ("en", "Thanks in advance.", WANTS),
        ("en", "Please find attached the list.", set()),
        ("en", "Please do not hesitate to call me.", set()),
        ("en", "If you have any questions, please let me know.", set()),
        ("en", "The pleased cannot be thankful.", set()),
        ("de", "Die Preise stehen in der Liste.", set()),
        ("de", "Wann kann ich damit rechnen", ASKS),
        ("de", "Könnten Sie mir die Liste schicken.", WANTS),
        ("de", "Koennten Sie mir die Liste schicken.", WANTS),
        ("de", "Ich bitte um Rückmeldung.", WANTS),
        ("de", "Vielen Dank für die Liste.", THANKS),
        ("de", "Vielen Dank im Voraus.", WANTS),
        ("de", "Bei Fragen melden Sie sich bitte.", set()),
        ("fr", "Les prix sont dans la liste.", set()),
        ("fr", "Qu'en pensez-vous", ASKS),
        ("fr", "Pourriez-vous m'envoyer la liste.", WANTS),
        ("fr", "Envoyez-la, s\u2019il vous plait.", WANTS),
        ("fr", "Merci de me répondre.", WANTS),
        ("fr", "Merci pour la liste.", THANKS),
        ("fr", "Veuillez trouver la liste ci-joint.", set()),
        ("fr", "N'hésitez pas à me contacter si vous avez besoin de rien.", set()),
        ("es", "Los precios están en la lista.", set()),
        ("es", "No sé qué te parece", ASKS),
        ("es", "¿Cuándo empieza?", ASKS),
        ("es", "Necesito la lista, por favor.", WANTS),
        ("es", "Me podria mandar la lista.", WANTS),
        ("es", "Muchas gracias por la lista.", THANKS),
        ("es", "Gracias de antemano.", WANTS),
        ("es", "No dude en contactarnos si necesita algo.", set()),
        ("it", "I prezzi sono nella lista.", set()),
        ("it", "Cosa ne pensi", ASKS),
        ("it", "Mi può mandare la lista.", WANTS),
        ("it", "Grazie mille per la lista.", THANKS),
        ("it", "Grazie in anticipo.", WANTS),
        ("it", "Non esiti a contattarmi per favore.", set()),
        ("nl", "De prijzen staan in de lijst.", set()),
        ("nl", "Wat vind je daarvan", ASKS),
        ("nl", "Kun je mij de lijst sturen.", WANTS),
        ("nl", "Ik hoor graag van u.", WANTS),
        ("nl", "Bedankt voor de lijst.", THANKS),
        ("nl", "Graag gedaan.", set()),
        ("nl", "Alvast hartelijk dank.", WANTS),
        ("nl", "Aarzel niet contact op te nemen als je iets nodig hebt, graag een bericht.", set()),
        ("pl", "Ceny są na liście.", set()),
        ("pl", "Czy to gotowe", ASKS),
        ("pl", "Proszę przysłać listę.", WANTS),
        ("pl", "Prosze przyslac liste.", WANTS),
        ("pl", "Dziękuję za listę.", THANKS),
        ("pl", "Z góry dziękuję.", WANTS),
        ("pl", "W razie pytań proszę dzwonić.", set()),
        ("da", "Priserne står på listen.", set()),
        ("da", "Hvad synes du", ASKS),
        ("da", "Kan du sende mig listen.", WANTS),
        ("da", "Tak for listen.", THANKS),
        ("da", "På forhånd tak.", WANTS),
        ("da", "Tøv ikke med at kontakte os, kan du tro.", set()),
        ("sv", "Priserna står på listan.", set()),
        ("sv", "Vad tycker du", ASKS),
        ("sv", "Skulle du kunna skicka listan.", WANTS),
        ("sv", "Tack för listan.", THANKS),
        ("sv", "Tack på förhand.", WANTS),
        ("sv", "Tveka inte att fråga om ni behöver något, vi behöver inget.", set()),
        ("cs", "Ceny jsou v seznamu.", set()),
        ("cs", "Co si myslíte", ASKS),
        ("cs", "Prosím o seznam.", WANTS),
        ("cs", "Mohl byste mi poslat seznam.", WANTS),
        ("cs", "Děkuji za seznam.", THANKS),
        ("cs", "Předem děkuji.", WANTS),
        ("cs", "V případě dotazů prosím volejte.", set()),
        ("ja", "価格は一覧にあります。よろしくお願いします。", set()),
        ("ja", "いつ始まりますか。", ASKS),
        ("ja", "一覧をお送りください。", WANTS),
        ("ja", "ご対応ありがとうございました。", THANKS),
        ("ko", "가격은 목록에 있습니다.", set()),
        ("ko", "언제 시작할까요.", ASKS),
        ("ko", "목록을 보내 주시기 바랍니다.", WANTS),
        ("ko", "목록 감사합니다.", THANKS),
        ("zh", "价格在列表中。", set()),
        ("zh", "什么时候开始", ASKS),
        ("zh", "请把列表发给我。", WANTS),
        ("zh", "我已经申请了。", set()),
        ("zh", "謝謝您的列表。", THANKS),
        ("zh", "提前感谢。", WANTS),
    ],
)
def test_each_language_asks_wants_and_thanks_in_its_own_words(
    language: str, text: str, expected: set[str]
) -> None:
    assert signs(text, language) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Applied to next.", DONE),
        ("en", "I have picked up the first two.", DONE),
        ("en", "I\u2019ll send the list tomorrow.", DONE),
        ("en", "We will\nfix the list.", DONE),
        ("en", "Will do.", DONE),
        ("en", "That has been taken care of.", DONE),
        ("en", "It is not yet applied, nor has it been changed.", set()),
        ("en", "The order could not be taken care of.", set()),
        ("en", "The list hasn't been merged.", set()),
        ("en", "It is done, I will be away, the fee was unapplied.", set()),
        ("en", "Will you do the list", WANTS),
        ("en", "Has the list been merged?", ASKS | DONE),
        ("de", "Das ist schon erledigt.", DONE),
        ("de", "Die Liste schicke ich morgen.", DONE),
        ("de", "Wir kuemmern uns darum.", DONE),
        ("de", "Das ist noch nicht erledigt.", set()),
        ("de", "Das mache ich nicht.", set()),
        ("fr", "C\u2019est fait.", DONE),
        ("fr", "La liste a bien été envoyée.", DONE),
        ("fr", "Je vous l'enverrai demain.", DONE),
        ("fr", "La liste n'a pas été envoyée.", set()),
        ("fr", "Je ne m'en occupe pas.", set()),
        ("es", "Ya está hecho.", DONE),
        ("es", "Te la mando mañana.", DONE),
        ("es", "Nos encargamos.", DONE),
        ("es", "Aún no está hecho.", set()),
        ("es", "No te la mando.", set()),
        ("it", "È stato fatto.", DONE),
        ("it", "Ce ne occupiamo noi.", DONE),
        ("it", "Te lo invio domani.", DONE),
        ("it", "Non è ancora stato fatto.", set()),
        ("it", "Non te lo invio.", set()),
        ("nl", "Dat is inmiddels geregeld.", DONE),
        ("nl", "Zal ik doen.", DONE),
        ("nl", "Ik stuur de lijst morgen.", DONE),
        ("nl", "Dat is nog niet geregeld.", set()),
        ("pl", "Zrobione.", DONE),
        ("pl", "Wyślę listę jutro.", DONE),
        ("pl", "Wyslalem liste.", DONE),
        ("pl", "Jeszcze nie zrobione.", set()),
        ("pl", "Nie wyślę listy.", set()),
        ("da", "Det er allerede gjort.", DONE),
        ("da", "Jeg sender listen i morgen.", DONE),
        ("da", "Det er ikke gjort.", set()),
        ("sv", "Det är redan gjort.", DONE),
        ("sv", "Jag skickar listan i morgon.", DONE),
        ("sv", "Det är inte gjort.", set()),
        ("cs", "Hotovo.", DONE),
        ("cs", "Seznam jsem vám poslala.", DONE),
        ("cs", "Pošlu seznam zítra.", DONE),
        ("cs", "Není hotovo, nepošlu nic.", set()),
        ("ja", "修正いたしました。", DONE),
        ("ja", "承知しました。", DONE),
        ("ja", "まだ修正していません。", set()),
        ("ko", "처리했습니다.", DONE),
        ("ko", "내일 보내드리겠습니다.", DONE),
        ("ko", "못 보냈습니다.", set()),
        ("zh", "已处理。", DONE),
        ("zh", "我們會處理。", DONE),
        ("zh", "还没处理。", set()),
    ],
)
def test_each_language_says_in_its_own_words_that_it_is_done_or_will_be(
    language: str, text: str, expected: set[str]
) -> None:
    assert signs(text, language) == expected


def test_that_it_is_done_counts_in_the_closing_line_too() -> None:
    assert signs("The list is fine.\n\nThanks, applied.\nAnn\n") == THANKS | DONE
    assert signs("The list is fine.\n\nOn Monday Bob wrote:\n> Applied.\n") == set()


def test_words_of_a_language_that_is_not_configured_are_none() -> None:
    assert signs("Vielen Dank, ich brauche bitte die Liste.") == set()
    assert signs("Vielen Dank, ich brauche bitte die Liste.", "en", "de") == WANTS | THANKS


@pytest.mark.parametrize("mark", ["?", "\uff1f", "\u061f", " ?", "??", "?!", '?"'])
def test_a_question_mark_asks_in_any_language(mark: str) -> None:
    assert signs(f"Om det er klart{mark} Ja.") == ASKS


@pytest.mark.parametrize(
    "text",
    [
        "See https://globex.example/find?id=7 for it.",
        "See www.globex.example/?",
        "See <https://globex.example/?>.",
        "It?s done.",  # an apostrophe that was lost on the way
        "It is done.?",  # a blank likewise
        "The Hallbergmoos (sp?) office.",
    ],
)
def test_a_question_mark_that_asks_nothing_is_none(text: str) -> None:
    assert signs(text) == set()


QUOTED = "\n\nOn Mon, 8 Jan 2024, Bob wrote:\n" + "> one two three four five six\n" * 40


@pytest.mark.parametrize("quoted", ["", QUOTED])
def test_a_letter_is_short_brief_or_long_by_the_words_of_its_own(quoted: str) -> None:
    assert (SHORT_WORDS, BRIEF_WORDS, LONG_WORDS) == (3, 15, 200)
    assert signs_of_text("one two three" + quoted, EN) == {"short", "brief"}
    assert signs_of_text("one two three four" + quoted, EN) == {"brief"}
    assert signs_of_text("one " * 15 + quoted, EN) == {"brief"}
    assert signs_of_text("one " * 16 + quoted, EN) == frozenset()
    assert signs_of_text("one " * 200 + quoted, EN) == frozenset()
    assert signs_of_text("one " * 201 + quoted, EN) == {"long"}
    assert signs_of_text("Great, that is it.\n\nThanks,\nAnn" + quoted, EN) == {"thanks", "brief"}
    assert signs_of_text("Great.\n\nBest regards\nAnn Bo Lee" + quoted, EN) == {"short", "brief"}


def test_a_letter_without_a_word_of_its_own_is_short_if_all_of_it_was_read() -> None:
    assert signs_of_text(QUOTED, EN) == {"short", "brief"}
    assert signs_of_text(QUOTED, EN, is_cut=True) == frozenset()
    assert signs_of_text(f"Great.{QUOTED}", EN, is_cut=True) == {"short", "brief"}
    below = (QUOTED * 20).encode()
    assert signs_of(PLAIN, below, EN) == frozenset()
    assert signs_of(PLAIN, QUOTED.encode(), EN) == {"short", "brief"}


def test_in_chinese_and_japanese_each_character_is_a_word() -> None:
    assert signs_of_text("好" * 3, frozenset({"zh"})) == {"short", "brief"}
    assert signs_of_text("好" * 4, frozenset({"zh"})) == {"brief"}
    assert signs_of_text("好" * 16, frozenset({"zh"})) == frozenset()


# --- what others wrote is not the writer's

ATTRIBUTIONS = {
    "en": "On Mon, 8 Jan 2024 at 09:14, Bob Lee <bob@globex.example> wrote:",
    "de": "Am 08.01.24 um 09:14 schrieb Bob Lee:",
    "fr": "Le 8 janv. 2024 à 09:14, Bob Lee <bob@globex.example> a écrit :",
    "es": "El lun, 8 ene 2024 a las 9:14, Bob Lee (<bob@globex.example>) escribió:",
    "it": "Il giorno lun 8 gen 2024 alle ore 09:14 Bob Lee <bob@globex.example> ha scritto:",
    "nl": "Op ma 8 jan. 2024 om 09:14 schreef Bob Lee <bob@globex.example>:",
    "da": "Den 8. jan. 2024 kl. 09.14 skrev Bob Lee <bob@globex.example>:",
    "sv": "Den mån 8 jan. 2024 kl 09:14 skrev Bob Lee <bob@globex.example>:",
}


@pytest.mark.parametrize("language", ATTRIBUTIONS)
def test_a_question_quoted_below_is_not_the_writers(language: str) -> None:
    quote = f"{ATTRIBUTIONS[language]}\n> Can you come? Please. Thanks!\n"
    assert signs(f"Yes.\n\n{quote}", language, "en") == set()
    assert signs(f"Sure, and you?\n\n{quote}", language, "en") == ASKS


@pytest.mark.parametrize("attribution", [*ATTRIBUTIONS.values(), "Bob Lee writes:", ""])
def test_a_question_quoted_above_is_not_the_writers(attribution: str) -> None:
    quote = f"{attribution}\n> Can you come? Please.\n> Thanks!\n"
    assert signs(f"{quote}\nThat is fine.\n", *ATTRIBUTIONS) == set()
    assert signs(f"Hi Bob,\n\n{quote}\nThat is fine. Shall we meet?\n", *ATTRIBUTIONS) == ASKS


def test_answers_between_the_lines_of_a_quote_are_the_writers() -> None:
    text = "On Monday Bob wrote:\n> Can you come?\nYes.\n> When?\nWhen does it suit you?\n> Bob\n"
    assert signs(text) == ASKS
    assert signs(text.replace("it suit you?", "you say.")) == set()


@pytest.mark.parametrize(
    "begin",
    [
        "-----Original Message-----\nFrom: Bob Lee\nSent: Monday\nTo: Ann\nSubject: Offer",
        "-----Ursprüngliche Nachricht-----\nVon: Bob Lee\nGesendet: Montag\nAn: Ann",
        "________________________________\nFrom: Bob Lee\nSent: Monday\nTo: Ann\nSubject: Offer",
        "From: Bob Lee\nSent: Monday\nTo: Ann\nSubject: Offer",
        "---------- Forwarded message ---------\nFrom: Bob Lee\nDate: Monday\nTo: Ann",
        "---------------------- Forwarded by Ann/HOU/ECT on 08/01/2001 09:14 AM -----------------",
    ],
)
def test_all_below_the_header_of_another_letter_is_not_the_writers(begin: str) -> None:
    assert signs(f"It is done.\n\n{begin}\n\nCan you come? Please. Thanks!\n", "en", "de") == set()
    assert signs(f"Is it done?\n\n{begin}\n\nCan you come?\n", "en", "de") == ASKS
    nested = "\n\nOn Monday Bob wrote:\n> That is it.\nCan you come?\n"
    assert signs(f"It is done.\n\n{begin}\n\nHello.{nested}", "en", "de") == set()


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAnn Bo\nQuestions? Please call us!",
        "Best regards\nAnn Bo\nQuestions? Please call us!",
        "Sent from my iPhone\nQuestions? Please call us!",
        "____________________________________\nQuestions? Please subscribe to our letter, thanks",
        "******************************\nQuestions? Please call us!",
        "=====================\nQuestions? Please call us!",
        "This e-mail is for the intended recipient only. If it is not you, please delete it.",
    ],
)
def test_what_a_signature_asks_is_nothing_anybody_asked(signature: str) -> None:
    assert signs(f"It is done.\n\n{signature}\n") == set()
    assert signs(f"Is it done?\n\n{signature}\n") == ASKS


def test_thanks_that_close_a_letter_are_thanks() -> None:
    assert signs("The list is attached.\n\nThanks,\nAnn\n") == THANKS
    assert signs("The list is attached.\n\nThanks in advance,\nAnn\n") == WANTS


def test_a_sentence_that_begins_like_a_closing_closes_nothing() -> None:
    text = "Hello Bob,\nThanks, and could you send the list of last year today?\nAnn"
    assert signs(text) == ASKS | WANTS | THANKS
    assert signs("Hello Bob,\nThanks, can you come?\nAnn") == ASKS | WANTS | THANKS
    assert signs("Hej Bo,\nTak for listen, kan du sende den for sidste år også.", "da") == (
        WANTS | THANKS
    )


def test_a_list_of_points_is_no_signature() -> None:
    assert signs("Two points:\n- the list is old\n- when does it start?\n") == ASKS


def test_a_letter_of_nothing_but_thanks_keeps_them() -> None:
    assert signs("Thanks,\nAnn") == THANKS


# --- the library gets no more than it takes in good time


@settings(max_examples=15)
@given(
    st.text(st.sampled_from("On wrote:<>\n\r -_*?\tFrom\u00a0年skrev\ue000\ue001"), max_size=9_000)
)
def test_the_library_gets_no_more_than_it_takes_in_good_time(text: str) -> None:
    shown, passed = _bounded(text)
    assert len(shown) <= 2 * CHARACTERS
    assert all(len(line) <= LINE_CHARACTERS for line in shown.split("\n"))
    assert "\n\n\n" not in shown
    assert all(len(line) <= CHARACTERS for line in passed)


def test_a_line_with_more_signs_of_a_quote_than_any_has_is_passed_around_the_library() -> None:
    line = "2024\u5e741\u67081\u65e5 a <b>: skrev " * 7
    shown, passed = _bounded(f"{line}\nOn Monday Bob <bob@globex.example> wrote:")
    assert len(line) < LINE_CHARACTERS
    assert passed == [line.strip()]
    assert shown.split("\n")[1] == "On Monday Bob <bob@globex.example> wrote:"


@pytest.mark.parametrize("length", [LINE_CHARACTERS, LINE_CHARACTERS + 1, 4_000])
def test_a_long_line_is_looked_at_whole(length: int) -> None:
    line = "word " * (length // 5) + "Please"
    assert new_text(line, EN).body == line
    assert signs(line) == WANTS


def test_more_text_than_is_read_is_not_looked_at() -> None:
    body = b"word " * (TEXT_OCTETS // 5 - 1) + b"Please"
    assert signs_of(PLAIN, body, EN) == WANTS | {"long"}
    assert signs_of(PLAIN, b"word " + body, EN) == {"long"}


# --- never an error

WORDS = st.sampled_from(
    [
        *("On ", "wrote:", "\n", "> ", "From: ", "Sent: ", "\r", " ", "_" * 40, "-" * 40, "*" * 30),
        *("-----Original Message-----", "Thanks,", "Am ", "schrieb ", "skrev ", "a écrit ", "Le "),
        *("please ", "if you have any questions ", "?", "<a ", "<blockquote>", "&amp;", "http://"),
        *("2024年1月1日(x) 1:23 a <b>:", "\ue0000\ue001", "\x00", "\ud800", "İ", "ΐ", "ﷺ", "mail "),
    ]
)


TEXTS = st.lists(WORDS, max_size=200).map("".join)


@settings(max_examples=20)
@given(TEXTS)
def test_no_text_is_an_error(text: str) -> None:
    assert signs_of_text(text, EN) <= set(SIGNS)


@pytest.mark.reliability
@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sets(st.sampled_from(LANGUAGES)))
def test_no_text_is_an_error_in_any_languages(text: str, languages: set[str]) -> None:
    assert signs_of_text(text, frozenset(languages)) <= set(SIGNS)


@settings(max_examples=30)
@given(st.binary(max_size=600), st.binary(max_size=5_000))
def test_no_octets_are_an_error(mime_header: bytes, body: bytes) -> None:
    assert (signs_of(mime_header, body, ALL) or frozenset()) <= set(SIGNS)


def test_what_goes_wrong_within_is_a_text_that_was_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(*_: object) -> str:
        raise RecursionError

    monkeypatch.setattr("inbox_agent.text_signs.text_of", failing)
    assert signs_of(PLAIN, b"Can you come?", EN) is None


# --- the table of phrases


def test_every_language_is_one_whose_quotes_are_known() -> None:
    assert set(LANGUAGES) <= set(MAIL_LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_takes_more_than_linear_time(language: str) -> None:
    """No repetition without a bound: what is left is a choice of words."""
    phrases = PHRASES[language]
    written = [
        *(phrases.question + phrases.request + phrases.thanks),
        *(phrases.beforehand + phrases.done + phrases.polite),
    ]
    unbounded = [one for one in written if "*" in one.replace("\\w*", "", 1) or "+" in one]
    assert unbounded == []


def test_all_languages_together_are_one_look_each() -> None:
    together = patterns(ALL)
    assert together.request.search("could you") is not None
    assert together.request.search("konnten sie") is not None
    assert patterns(frozenset()).request.search("could you") is None
