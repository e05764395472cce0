"""Ticket numbers in subjects, as help desks write them to find their letters again.

| written | by |
|---|---|
| ``[#123]``, ``(#123)``, ``[desk.example #123]``, ``[Ticket#123]`` | most desks |
| ``##123##``, ``## 123 ##``, ``##RE-123##`` | ManageEngine, Zoho |
| ``[SUP-1234]``, ``[JIRA] (SUP-1234)`` | Jira, YouTrack |
| ``CAS-12345-X1Y2Z3``; ``INC0012345`` | Dynamics; ServiceNow |
| ``(Issue #123)``, ``[Bug 123]``, ``Bug#123`` | GitHub, Bugzilla, Debian |
| ``Case 0012``, ``Ticket: 123``, ``Ref. 12345``, ``Vorgang Nr. 123`` | people, all desks |

At least three digits, as smaller numbers are anything. Years, dates, amounts, telephone numbers,
standards (``[ISO-9001]``) and parts of series (``[PATCH 1/3]``) are none.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: No number is looked for beyond this.
CHARACTERS_READ = 1_000

# Words after which a bare number names a ticket.
_CASE_WORDS = """
    ticket ticketnummer ticketnumber ticketid case casenumber caseid incident trackingid
    vorgang vorgangsnummer fallnummer
    caso chamado expediente incidencia protocolo
    pratica segnalazione
    ärende ärendenummer ärendenr sagsnummer sagsnr saksnummer saksnr
    tiketti tapaus zgłoszenie zgłoszenia tiket tichet požadavek požiadavka ügyszám
    заявка обращение звернення тикет αίτημα
    工单 工單 案例编号 案件番号 チケット 티켓 접수번호 تذكرة פנייה
"""
# Words that want a mark (#, :, No.) before the number.
_REFERENCE_WORDS = """
    ref reference referenz aktenzeichen réf référence referencia referência riferimento kenmerk
    zaaknummer referens 問い合わせ番号
"""
# Words of everyday subjects: "Request: 500" and "[Bug 500]" are tickets, "Request: 500 cups" none.
_EVERYDAY_WORDS = """
    request bug inquiry enquiry anfrage fall meldung dossier demande billet cas solicitud
    consulta solicitação ocorrência richiesta zaak aanvraag melding verzoek sag sak henvendelse
    sprawa případ prípad ügy bejelentés caz solicitare talep vaka запрос кейс запит υπόθεση
    案件 案例 请求 請求 ケース 문의 케이스 طلب קריאה
"""


def _any_of(words: str) -> str:
    return "|".join(sorted(map(re.escape, words.split()), key=lambda word: (-len(word), word)))


_MARK = (
    r"(?:[#＃:：№]|\.(?=[ 0-9])|\b(?:number|nummer|numéro|numero|número|núm|num|no|nr|id|n)\b"  # noqa: RUF001
    r"|[°º]|番号|编号|번호)"
)
_NUMBER = r"(?P<number>[0-9]{3,20})(?![0-9])"
_BY_WORD = re.compile(
    rf"(?<!\w)(?:{_any_of(_CASE_WORDS)}|(?P<reference>{_any_of(_REFERENCE_WORDS)})"
    rf"|(?P<everyday>{_any_of(_EVERYDAY_WORDS)}))"
    rf"(?P<marks>(?:[ _-]?{_MARK}){{0,4}})[ _-]?{_NUMBER}",
    re.IGNORECASE,
)
_BRACKETED_HASH = re.compile(
    r"\[[^\[\]#＃]{0,60}[#＃] ?(?P<number>(?:[A-Z]{1,5}-?)?[0-9]{3,20}(?:-[0-9]{1,20})?)\b"  # noqa: RUF001
    r"[^\[\]#＃]{0,60}\]"  # noqa: RUF001
)
_ROUND_HASH = re.compile(r"\((?i:issue )?[#＃](?P<number>[0-9]{3,20})\)")  # noqa: RUF001
_DOUBLE_HASH = re.compile(r"## ?(?P<number>(?:[A-Z]{1,5}-)?[0-9]{3,20}) ?##")
_HASH, _HASHES = re.compile(r"[#＃]"), (_BRACKETED_HASH, _ROUND_HASH, _DOUBLE_HASH)  # noqa: RUF001
_KEY = re.compile(
    r"(?:\[|\[(?i:jira)\] \()"
    r"(?P<number>(?P<project>[A-Z][A-Z0-9_]{1,9})-(?P<digits>[0-9]{3,9}))[\])]"
)
_CAS = re.compile(r"(?<!\w)(?P<number>CAS-[0-9]{4,12}-[A-Z0-9]{6})(?!\w)", re.IGNORECASE)
_RECORD = re.compile(r"(?<!\w)(?P<number>(?:INC|RITM|SCTASK|PRB|CHG|REQ)[0-9]{7,12})(?!\w)")

# Letters before a number that make it a norm, a code point or a span of time, not a ticket.
_NO_PROJECTS = frozenset(
    """ISO DIN EN IEC IEEE ANSI ASTM MIL NIST NIS ETSI ITU RFC BCP STD PEP JEP SHA AES RSA UTF CVE
    CWE HTTP HTTPS COVID FY CY KW CW WK Q1 Q2 Q3 Q4 H1 H2 PATCH RFC_PATCH""".split()  # noqa: SIM905
)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_DAY = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
# What follows a number that is a part of a date, an amount, a telephone number or a series.
_GOES_ON = re.compile(
    r"[.,:/\u2013-][0-9]|/|\w|[%€$£¥]| ?[-\u2013+] ?[0-9]| [0-9]{2}"
    r"| ?(?:[%€$£¥]|(?:eur|euros?|usd|gbp|chf|dollars?|kg|g|ml|km|mm|cm|gb|mb|kb|pcs|pieces|units"
    r"|users|people|persons|seats|licen[cs]es|copies|hours?|days?|weeks?|months?|years?|stück|stk"
    r"|tage|stunden|personen|pièces|jours|personnes|unidades|personas|días|pezzi|giorni|stuks"
    r"|dagen|st|szt|штук|шт|个|件|台|人|個|名|개|명)(?!\w))",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"[0-9]{3}")
# One for nearly all subjects: each empty set is an object of 216 octets.
_NONE = frozenset[str]()
_ENDS = re.compile(r" ?(?:$|[\])}>|,;:\u2013-])")


@lru_cache(maxsize=4_096)  # asked for by each hint that looks for letters with the same one
def ticket_numbers(text: str) -> frozenset[str]:
    """The ticket numbers that a subject holds, as they are compared: ``[Ticket #123]`` is ``123``.

    Good for letters through help desks, which often lose every other sign of what they answer. At
    least three digits; keys keep their letters, in capitals: ``[SUP-1234]`` is ``SUP-1234``. Years,
    dates, amounts, telephone numbers, standards and parts of a series are none.
    """
    text = " ".join(text[:CHARACTERS_READ].split())
    if not _DIGITS.search(text):
        return _NONE
    found = {match["number"] for match in _BY_WORD.finditer(text) if _is_ticket(match)}
    for pattern in (*(_HASHES if _HASH.search(text) else ()), _CAS, _RECORD):
        found.update(match["number"] for match in pattern.finditer(text))
    if "[" in text:
        found |= {match["number"] for match in _KEY.finditer(text) if _is_key(match)}
    return frozenset(number.upper() for number in found) if found else _NONE


def _is_ticket(found: re.Match[str]) -> bool:
    """Whether the number after such a word is a ticket's, and not a year, a date or an amount."""
    if found["reference"] and not found["marks"]:
        return False
    if found["everyday"] and not _is_set_apart(found):
        return False
    if _GOES_ON.match(found.string, found.end()):
        return False
    if "#" in found["marks"]:
        return True
    return not (_YEAR.fullmatch(found["number"]) or _DAY.fullmatch(found["number"]))


def _is_set_apart(found: re.Match[str]) -> bool:
    """Whether it is called a number, or stands in brackets, or ends the subject after a colon."""
    marks = found["marks"].strip(" :\uff1a.-_")
    is_bracketed = found.string[: found.start()].endswith(("[", "("))
    is_last = _ENDS.match(found.string, found.end()) is not None
    return bool(marks) or (is_last and (is_bracketed or bool(found["marks"].strip())))


def _is_key(found: re.Match[str]) -> bool:
    is_norm = found["project"] in _NO_PROJECTS
    return not is_norm and not _YEAR.fullmatch(found["digits"])
