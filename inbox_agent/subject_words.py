"""The words that subjects begin with or consist of, by language.

A prefix is what a mail program of that language writes by itself, or what people write in its
place. The abbreviations are those of Outlook, Lotus Notes and the phones; most programs write
``Re:`` and ``Fwd:`` in every language.

Left out, because more subjects of one's own begin so than answers do: ``Réf:`` and ``Ref:``
(French and Dutch Notes), ``Betr:``, ``CT:`` (Vietnamese), ``Ats:`` (Lithuanian), ``PR:`` (Czech).
"""

# ruff: noqa: RUF001 - letters of other alphabets are meant

from __future__ import annotations

from collections.abc import Mapping

#: Raised whenever a table below changes: base subjects kept from before may differ.
SUBJECTS_VERSION = 2

# "vs" is Finnish and Estonian for a reply (vastaus, vastus), Danish and Norwegian for a forward
# (videresendt). It is read as a reply: a forward taken for a reply is a contact all the same,
# a reply taken for a forward would be an answer that nobody sees.
REPLY_WORDS: Mapping[str, str] = {
    "arabic": "رد",
    "bulgarian": "отг отговор",
    "chinese": "回复 回覆 回復 答复 答覆",
    "croatian, serbian, slovene": "odg odgovor одг одговор",
    "czech, slovak": "odp odpověď odpoveď",
    "dutch": "antw antwoord",
    "english": "re",
    "finnish, estonian": "vs vast vastaus vastus",
    "french": "rép réponse",
    "german": "aw antw antwort",
    "greek": "απ σχετ απάντηση",
    "hebrew": "תגובה השב תשובה",
    "hungarian": "vá válasz",
    "indonesian": "bls balas",
    "italian": "r rif risp risposta",
    "japanese": "返信",
    "korean": "답장 회신",
    "latvian, welsh": "atb",
    "lithuanian": "atsakymas",
    "persian": "پاسخ",
    "polish": "odp odpowiedź",
    "portuguese": "res resp resposta",
    "romanian": "răsp răsp. răspuns",
    "russian": "отв ответ на",
    "spanish": "resp respuesta",
    "swedish, danish, norwegian, icelandic": "sv svar",
    "thai": "ตอบกลับ",
    "turkish": "ynt yanıt yanit",
    "ukrainian": "відп відповідь",
    "vietnamese": "tl trả_lời",
}
FORWARD_WORDS: Mapping[str, str] = {
    "arabic": "إعادة_توجيه",
    "bulgarian": "препратено",
    "chinese": "转发 转寄 轉寄 轉發",
    "croatian, serbian, slovene": "proslijeđeno prosleđeno прослеђено posredovano",
    "dutch": "doorst doorgestuurd",
    "english": "fw fwd",
    "finnish": "vl",
    "french": "tr",
    "german": "wg weitergeleitet wtrlt",
    "greek": "πρθ",
    "hebrew": "הועבר",
    "hungarian": "továbbítás",
    "icelandic": "fs",
    "indonesian": "trs",
    "italian": "i inoltro",
    "japanese": "転送",
    "korean": "전달",
    "lithuanian": "persiųsta",
    "norwegian": "videresend",
    "polish": "pd",
    "portuguese": "enc encaminhado encaminhada",
    "romanian": "redir redir.",
    "russian, ukrainian": "пересл",
    "spanish": "rv reenv",
    "swedish": "vb",
    "thai": "ส่งต่อ",
    "turkish": "ilt i̇lt",
    "vietnamese": "chuyển_tiếp",
    "welsh": "yml",
}

#: What gateways put before a subject that came from outside, with a colon or between marks.
TAG_WORDS = "external extern externe externo esterno ext external_email external_sender spam"

#: Base subjects that say little: they join a reply only to what it directly answers, for a week.
GENERIC_SUBJECTS = frozenset(
    {
        *("", "re", "hello", "hi", "hey", "question", "questions", "meeting", "update"),
        *("invoice", "thanks", "thank you", "request", "info", "information", "follow up"),
        *("follow-up", "no subject", "(no subject)", "none", "test", "urgent", "reminder"),
        *("hallo", "frage", "anfrage", "besprechung", "rechnung", "danke", "termin"),
        *("kein betreff", "(kein betreff)", "bonjour", "facture", "merci", "réunion"),
        *("demande", "(sans objet)", "hola", "factura", "gracias", "consulta", "reunión"),
        *("(sin asunto)", "ciao", "fattura", "grazie", "riunione", "richiesta"),
        *("(nessun oggetto)", "olá", "fatura", "obrigado", "obrigada", "vraag", "factuur"),
        *("bedankt", "faktura", "tack", "pytanie", "dziękuję", "вопрос", "счет", "счёт"),
        *("спасибо", "你好", "谢谢", "發票", "发票", "お世話になっております", "請求書", "문의"),
    }
)


def words_of(*tables: str) -> frozenset[str]:
    """The words of some tables as they are compared; ``_`` stands for a space in one of two."""
    return frozenset(
        word.replace("_", " ").casefold() for table in tables for word in table.split()
    )
